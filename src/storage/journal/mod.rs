//! The commit journal: the acknowledgement point, and the total order of everything that happened.
//!
//! Append-only segments of checksummed frames under `journal/`. [`Writer`] belongs to the one writer thread; [`Reader`]
//! is for everyone. Owns the files. Must not know what the rows and events in them mean.

mod events;
pub(super) mod frame;
mod reader;
mod segment;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::frame::Builder;
pub(super) use self::frame::HEADER;
use self::segment::{End, Segment, check, journal_damaged};
use super::error::StorageError;
use super::faults::{FaultPoint, Faults};

pub(super) use self::frame::{Frame, FrameOp};
pub(super) use self::reader::{Reader, Retire};
pub(super) use self::segment::file_name;

/// A segment of this size is closed and the next one begun.
pub(super) const SEGMENT_BYTES: u64 = 64 << 20;

/// A failure of the operating system, as ours.
pub(super) fn io_error(doing: &'static str) -> impl Fn(io::Error) -> StorageError {
    move |error| StorageError::Io {
        doing,
        cause: error.to_string(),
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), StorageError> {
    let handle = File::open(dir).map_err(io_error("syncing a directory"))?;
    handle.sync_all().map_err(io_error("syncing a directory"))
}

/// How to open a journal.
pub(super) struct Options {
    pub dir: PathBuf,
    pub segment_bytes: u64,
    pub faults: Option<Arc<Faults>>,
    /// Where numbering goes on if there is no segment yet: next frame, next event.
    pub start: (u64, u64),
}

/// What was found at opening.
pub(super) struct Opened {
    pub writer: Writer,
    pub reader: Arc<Reader>,
    /// Acknowledged data is damaged: where and what. Nothing may be written.
    pub damage: Option<StorageError>,
    /// Bytes of a never acknowledged frame that were cut off.
    pub cut_bytes: u64,
}

/// Where a frame was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub frame: u64,
    pub segment: u64,
    /// Where the frame's blobs begin in the file.
    pub blobs_at: u64,
    /// Seq of the next event.
    pub next_seq: u64,
}

/// Why a frame is not in the journal.
#[derive(Debug)]
pub(super) struct AppendError {
    pub cause: io::Error,
    /// What was half written is gone again for certain; if not, the outcome is unknown.
    pub undone: bool,
}

/// Appends frames. One of it.
pub(super) struct Writer {
    dir: PathBuf,
    file: File,
    segment: Arc<Segment>,
    reader: Arc<Reader>,
    len: u64,
    next_frame: u64,
    next_seq: u64,
    segment_bytes: u64,
    faults: Option<Arc<Faults>>,
}

/// Opens the journal: finds its segments, checks the last one, cuts off a torn last frame.
///
/// # Errors
/// The files cannot be read or are from a newer version, or a segment's header is damaged.
pub(super) fn open(options: Options) -> Result<Opened, StorageError> {
    let err = io_error("opening the journal");
    std::fs::create_dir_all(&options.dir).map_err(&err)?;
    sync_dir(options.dir.parent().unwrap_or(&options.dir))?;
    let mut segments = find_segments(&options.dir)?;
    let (mut damage, mut cut_bytes) = (None, 0);
    let (last, file, next_frame, next_seq) = if let Some(last) = segments.pop() {
        let tail = check(&last)?;
        let whole = last.len();
        let file = File::options().write(true).open(&last.path).map_err(&err)?;
        match tail.end {
            End::Clean => {}
            End::Torn => {
                cut_bytes = whole - tail.good_len;
                cut(&options.dir, &last, &file, tail.good_len)?;
            }
            End::Damaged => {
                damage = Some(journal_damaged(
                    &last.path,
                    &format!("broken at byte {}", tail.good_len),
                ));
            }
        }
        last.set_len(tail.good_len);
        (last, file, tail.next_frame, tail.next_seq)
    } else {
        let (segment, file) = Segment::create(&options.dir, options.start.0, options.start.1)?;
        (segment, file, options.start.0, options.start.1)
    };
    let last = Arc::new(last);
    let mut all: Vec<Arc<Segment>> = segments.into_iter().map(Arc::new).collect();
    all.push(Arc::clone(&last));
    let reader = Arc::new(Reader::new(all, damage.clone()));
    let writer = Writer {
        len: last.len(),
        dir: options.dir,
        file,
        segment: last,
        reader: Arc::clone(&reader),
        next_frame,
        next_seq,
        segment_bytes: options.segment_bytes,
        faults: options.faults,
    };
    Ok(Opened {
        writer,
        reader,
        damage,
        cut_bytes,
    })
}

fn find_segments(dir: &Path) -> Result<Vec<Segment>, StorageError> {
    let err = io_error("listing the journal");
    let mut segments = vec![];
    for entry in std::fs::read_dir(dir).map_err(&err)? {
        let path = entry.map_err(&err)?.path();
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if name.ends_with(".seg.new") {
            std::fs::remove_file(&path).map_err(&err)?;
        } else if name.ends_with(".seg") {
            segments.push(Segment::open(path)?);
        }
    }
    segments.sort_by_key(|segment| segment.first_frame);
    Ok(segments)
}

/// Cuts a torn frame off, keeping its bytes beside the journal for whoever wants to look.
fn cut(dir: &Path, segment: &Segment, file: &File, at: u64) -> Result<(), StorageError> {
    let err = io_error("cutting a torn frame off the journal");
    let torn = segment.read_at(at, u32::try_from(segment.len() - at).unwrap_or(u32::MAX))?;
    std::fs::write(dir.join("last-torn-frame"), torn).map_err(&err)?;
    file.set_len(at).and_then(|()| file.sync_all()).map_err(&err)
}

impl Writer {
    /// Number of the next frame.
    pub(super) fn next_frame(&self) -> u64 {
        self.next_frame
    }

    /// Seq of the next event.
    pub(super) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Writes a frame and makes it durable.
    ///
    /// # Errors
    /// Nothing was written if [`AppendError::undone`]; else nobody knows.
    pub(super) fn append(&mut self, builder: Builder) -> Result<Placed, AppendError> {
        if self.len >= self.segment_bytes
            && let Err(error) = self.rotate()
        {
            tracing::error!(%error, "cannot begin a new journal segment; the present one goes on");
        }
        let (header, bytes) = builder.finish(self.next_frame, self.next_seq);
        let offset = self.len;
        if let Err(cause) = self.write_durably(&bytes, offset) {
            let undone = self.undo(offset).is_ok();
            return Err(AppendError { cause, undone });
        }
        self.len += header.frame_len();
        self.next_frame += 1;
        self.next_seq = header.next_seq();
        self.segment.set_len(self.len);
        Ok(Placed {
            frame: header.number,
            segment: self.segment.first_frame,
            blobs_at: offset + HEADER as u64,
            next_seq: self.next_seq,
        })
    }

    fn strike(&self, point: FaultPoint) -> io::Result<()> {
        self.faults.as_ref().map_or(Ok(()), |faults| faults.strike(point))
    }

    fn write_durably(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        use std::os::unix::fs::FileExt as _;
        if let Err(planned) = self.strike(FaultPoint::JournalWrite) {
            self.file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(planned);
        }
        self.file.write_all_at(bytes, offset)?;
        self.strike(FaultPoint::JournalSync)?;
        self.file.sync_data()
    }

    fn undo(&mut self, offset: u64) -> io::Result<()> {
        self.strike(FaultPoint::JournalTruncate)?;
        self.file.set_len(offset)?;
        self.file.sync_all()
    }

    /// Closes the segment and begins the next one.
    ///
    /// # Errors
    /// The next one cannot be made; the present one goes on.
    pub(super) fn rotate(&mut self) -> Result<(), StorageError> {
        if self.len == segment::SEGMENT_HEADER {
            return Ok(());
        }
        let (segment, file) = Segment::create(&self.dir, self.next_frame, self.next_seq)?;
        self.segment = Arc::new(segment);
        self.file = file;
        self.len = segment::SEGMENT_HEADER;
        self.reader.add(Arc::clone(&self.segment));
        Ok(())
    }
}
