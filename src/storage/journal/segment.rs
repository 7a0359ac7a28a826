//! A segment: one file of frames, and the walk over it.
//!
//! ```text
//! magic "FDJRNL01" | format version u32 | first frame u64 | first event seq u64 | CRC32 u32      (32 bytes), then frames
//! ```
//! A segment appears under its name only once its header is durable. Owns the file's layout and a sparse index of it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::frame::{Frame, HEADER, Header, MAGIC, MAX_FRAME};
use super::{io_error, sync_dir};
use crate::storage::codec;
use crate::storage::error::StorageError;

const SEGMENT_MAGIC: &[u8; 8] = b"FDJRNL01";
/// Newest layout that this version reads.
const FORMAT: u32 = 1;
/// Length of a segment's header.
pub(super) const SEGMENT_HEADER: u64 = 32;
/// Every so many frames the index keeps a mark.
const MARK_EVERY: u64 = 32;

/// A known place in a segment: a frame, the seq of its first event, its offset.
#[derive(Clone, Copy, Debug)]
struct Mark {
    frame: u64,
    seq: u64,
    offset: u64,
}

#[derive(Default)]
struct Index {
    marks: Vec<Mark>,
    /// Frames before this offset are indexed.
    upto: u64,
}

/// A segment's file.
pub(in crate::storage) struct Segment {
    pub first_frame: u64,
    pub first_seq: u64,
    pub path: PathBuf,
    /// Durable length; the writer moves it.
    len: AtomicU64,
    index: Mutex<Index>,
}

/// A segment's name.
pub(in crate::storage) fn file_name(first_frame: u64) -> String {
    format!("{first_frame:020}.seg")
}

impl Segment {
    /// Makes a new one, durable and empty.
    pub(super) fn create(dir: &Path, first_frame: u64, first_seq: u64) -> Result<(Self, File), StorageError> {
        let err = io_error("making a journal segment");
        let path = dir.join(file_name(first_frame));
        let new = path.with_extension("seg.new");
        let mut header = SEGMENT_MAGIC.to_vec();
        header.extend_from_slice(&FORMAT.to_be_bytes());
        header.extend_from_slice(&first_frame.to_be_bytes());
        header.extend_from_slice(&first_seq.to_be_bytes());
        header.extend_from_slice(&crc32fast::hash(&header).to_be_bytes());
        let mut file = File::create(&new).map_err(&err)?;
        file.write_all(&header)
            .and_then(|()| file.sync_all())
            .map_err(&err)?;
        std::fs::rename(&new, &path).map_err(&err)?;
        sync_dir(dir)?;
        Ok((Self::new(path, first_frame, first_seq, SEGMENT_HEADER), file))
    }

    /// Reads an existing one's header.
    pub(super) fn open(path: PathBuf) -> Result<Self, StorageError> {
        let err = io_error("opening a journal segment");
        let mut file = File::open(&path).map_err(&err)?;
        let len = file.metadata().map_err(&err)?.len();
        let mut header = [0; SEGMENT_HEADER as usize];
        file.read_exact(&mut header).map_err(&err)?;
        let small = |at: usize| u32::from_be_bytes(std::array::from_fn(|i| header[at + i]));
        let number = |at: usize| u64::from_be_bytes(std::array::from_fn(|i| header[at + i]));
        if &header[..8] != SEGMENT_MAGIC || small(28) != crc32fast::hash(&header[..28]) {
            return Err(journal_damaged(&path, "its header is not that of a segment"));
        }
        if small(8) > FORMAT {
            return Err(StorageError::TooNew {
                found: small(8),
                known: FORMAT,
            });
        }
        if path.file_name().and_then(|name| name.to_str()) != Some(&file_name(number(12))) {
            return Err(journal_damaged(&path, "its name and its header differ"));
        }
        Ok(Self::new(path, number(12), number(20), len))
    }

    fn new(path: PathBuf, first_frame: u64, first_seq: u64, len: u64) -> Self {
        let index = Index {
            marks: vec![],
            upto: SEGMENT_HEADER,
        };
        Self {
            first_frame,
            first_seq,
            path,
            len: AtomicU64::new(len),
            index: Mutex::new(index),
        }
    }

    /// Durable length in bytes.
    pub(in crate::storage) fn len(&self) -> u64 {
        self.len.load(Ordering::Acquire)
    }

    pub(super) fn set_len(&self, len: u64) {
        self.len.store(len, Ordering::Release);
    }

    /// A walk that starts at or a little before the frame that holds event `seq`.
    pub(super) fn walk_to_seq(&self, seq: u64) -> Result<Walk, StorageError> {
        self.walk_from(|mark| mark.seq <= seq)
    }

    /// A walk that starts at or a little before frame `number`.
    pub(super) fn walk_to_frame(&self, number: u64) -> Result<Walk, StorageError> {
        self.walk_from(|mark| mark.frame <= number)
    }

    fn walk_from(&self, before: impl Fn(&Mark) -> bool) -> Result<Walk, StorageError> {
        let mut index = self.index.lock();
        if index.upto < self.len() {
            self.extend(&mut index)?;
        }
        let at = index.marks.partition_point(before);
        let start = at.checked_sub(1).and_then(|at| index.marks.get(at));
        let (offset, frame) = start.map_or((SEGMENT_HEADER, self.first_frame), |mark| {
            (mark.offset, mark.frame)
        });
        drop(index);
        Walk::start(self, offset, frame)
    }

    /// Reads the headers of the frames that were added since the index was last used.
    fn extend(&self, index: &mut Index) -> Result<(), StorageError> {
        let next = match index.marks.last() {
            Some(mark) => Walk::start(self, mark.offset, mark.frame)?,
            None => Walk::start(self, SEGMENT_HEADER, self.first_frame)?,
        };
        let mut walk = next;
        while let Some((header, offset)) = walk.next_header()? {
            let due = index
                .marks
                .last()
                .is_none_or(|mark| header.number >= mark.frame + MARK_EVERY);
            if due {
                index.marks.push(Mark {
                    frame: header.number,
                    seq: header.first_seq,
                    offset,
                });
            }
        }
        index.upto = walk.end;
        Ok(())
    }

    /// Reads bytes by their place.
    pub(super) fn read_at(&self, offset: u64, len: u32) -> Result<Vec<u8>, StorageError> {
        let err = io_error("reading the journal");
        if offset.saturating_add(u64::from(len)) > self.len() {
            return Err(journal_damaged(&self.path, "a blob's place is beyond its end"));
        }
        let mut bytes = vec![0; len as usize];
        let file = File::open(&self.path).map_err(&err)?;
        file.read_exact_at(&mut bytes, offset).map_err(&err)?;
        Ok(bytes)
    }
}

/// A step from frame to frame. Checks that numbers follow one another; bodies are read and checked only on demand.
pub(in crate::storage) struct Walk {
    file: File,
    path: PathBuf,
    next: u64,
    expected: u64,
    end: u64,
}

impl Walk {
    fn start(segment: &Segment, offset: u64, frame: u64) -> Result<Self, StorageError> {
        let file = File::open(&segment.path).map_err(io_error("opening a journal segment"))?;
        Ok(Self {
            file,
            path: segment.path.clone(),
            next: offset,
            expected: frame,
            end: segment.len(),
        })
    }

    /// The next frame's header and offset; the body is skipped.
    pub(super) fn next_header(&mut self) -> Result<Option<(Header, u64)>, StorageError> {
        if self.next >= self.end {
            return Ok(None);
        }
        let offset = self.next;
        let mut bytes = [0; HEADER];
        self.file
            .read_exact_at(&mut bytes, offset)
            .map_err(io_error("reading the journal"))?;
        let header = Header::read(&bytes).filter(|header| header.number == self.expected);
        let header = header.ok_or_else(|| self.damaged(offset))?;
        self.next = offset + header.frame_len();
        self.expected += 1;
        Ok(Some((header, offset)))
    }

    /// The body of a frame that [`Self::next_header`] found.
    pub(super) fn frame(&self, header: Header, offset: u64) -> Result<Frame, StorageError> {
        let mut body = vec![0; header.body_len as usize];
        let read = self.file.read_exact_at(&mut body, offset + HEADER as u64);
        read.map_err(io_error("reading the journal"))?;
        if header.fits(&body) {
            Frame::read(header, &body)
        } else {
            Err(self.damaged(offset))
        }
    }

    fn damaged(&self, offset: u64) -> StorageError {
        journal_damaged(
            &self.path,
            &format!("the frame at byte {offset} is not the one that was written"),
        )
    }
}

/// How the last segment ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// Everything before this offset is sound.
    pub good_len: u64,
    /// Number of the next frame.
    pub next_frame: u64,
    /// Seq of the next event.
    pub next_seq: u64,
    pub end: End,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a whole frame.
    Clean,
    /// With a frame whose writing was cut short; it was never acknowledged.
    Torn,
    /// A frame is broken although later ones are whole: acknowledged data is damaged.
    Damaged,
}

/// Reads a whole segment and checks every checksum.
pub(super) fn check(segment: &Segment) -> Result<Tail, StorageError> {
    let err = io_error("checking the journal");
    let file = File::open(&segment.path).map_err(&err)?;
    let mut input = std::io::BufReader::with_capacity(1 << 20, file);
    input.seek(SeekFrom::Start(SEGMENT_HEADER)).map_err(&err)?;
    let end = segment.len();
    let mut tail = Tail {
        good_len: SEGMENT_HEADER,
        next_frame: segment.first_frame,
        next_seq: segment.first_seq,
        end: End::Clean,
    };
    let mut body = vec![];
    while tail.good_len < end {
        let Some(header) = read_sound(&mut input, &mut body, end - tail.good_len, &tail).map_err(&err)?
        else {
            let later = has_later_frame(&segment.path, tail.good_len, tail.next_frame).map_err(&err)?;
            tail.end = if later { End::Damaged } else { End::Torn };
            return Ok(tail);
        };
        tail.good_len += header.frame_len();
        tail.next_frame = header.number + 1;
        tail.next_seq = header.next_seq();
    }
    Ok(tail)
}

fn read_sound(
    input: &mut impl std::io::Read,
    body: &mut Vec<u8>,
    left: u64,
    tail: &Tail,
) -> std::io::Result<Option<Header>> {
    let mut bytes = [0; HEADER];
    if left < HEADER as u64 {
        return Ok(None);
    }
    input.read_exact(&mut bytes)?;
    let follows = |header: &Header| {
        header.number == tail.next_frame && header.first_seq == tail.next_seq && header.frame_len() <= left
    };
    let Some(header) = Header::read(&bytes).filter(follows) else {
        return Ok(None);
    };
    body.resize(header.body_len as usize, 0);
    input.read_exact(body)?;
    Ok(header.fits(body).then_some(header))
}

/// Whether the header of a later frame stands anywhere after `from`: then the frame at `from` was once whole, for the
/// writer never goes on before a frame is durable.
fn has_later_frame(path: &Path, from: u64, number: u64) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = vec![];
    file.take(MAX_FRAME as u64 * 4).read_to_end(&mut bytes)?;
    let magic = MAGIC.to_be_bytes();
    let later = |at: usize| {
        let header = bytes.get(at..)?.first_chunk::<HEADER>()?;
        Header::read(header).filter(|header| header.number > number && header.number - number < 1 << 32)
    };
    let candidates = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, window)| *window == magic);
    Ok(candidates.map(|(at, _)| at).any(|at| later(at).is_some()))
}

pub(super) fn journal_damaged(path: &Path, what: &str) -> StorageError {
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    match codec::damaged(&format!("journal segment {name}: {what}")) {
        StorageError::Damaged { cause, .. } => StorageError::Damaged {
            table: "journal",
            cause,
        },
        other => other,
    }
}
