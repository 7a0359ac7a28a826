//! Reading the journal while it is written.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;

use super::segment::{End, Segment, check, journal_damaged};
use super::{Frame, io_error};
use crate::domain::Event;
use crate::storage::codec::BlobPlace;
use crate::storage::error::StorageError;
use crate::storage::store::SegmentFile;

/// Reads frames, events and blobs.
pub(in crate::storage) struct Reader {
    /// In order; the last one is being written.
    segments: RwLock<Vec<Arc<Segment>>>,
    /// Found at opening; nothing after it can be read.
    damage: Option<StorageError>,
}

/// Which segments may go: those in the last verified export that hold nothing that is needed, once they are old, or while
/// there is too much.
#[derive(Clone, Copy, Debug)]
pub(in crate::storage) struct Retire {
    /// Last written longer ago than this.
    pub age: Duration,
    /// More than this in all, in bytes. Then only what the state's pack holds goes.
    pub bytes: u64,
    pub now: SystemTime,
    /// The last frame of the last verified export.
    pub exported: u64,
    /// The last frame in the state's pack.
    pub packed: u64,
    /// The first frame that is needed.
    pub needed_frame: u64,
    /// The first event that is needed.
    pub needed_seq: u64,
}

/// What the journal holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::storage) struct Extent {
    pub bytes: u64,
    pub segments: usize,
    pub first_frame: u64,
    pub first_seq: u64,
}

impl Reader {
    pub(super) fn new(segments: Vec<Arc<Segment>>, damage: Option<StorageError>) -> Self {
        Self {
            segments: RwLock::new(segments),
            damage,
        }
    }

    pub(super) fn add(&self, segment: Arc<Segment>) {
        self.segments.write().push(segment);
    }

    /// The files, in order.
    pub(in crate::storage) fn files(&self) -> Vec<SegmentFile> {
        let files = self.segments.read();
        let files = files.iter().map(|segment| SegmentFile {
            first_frame: segment.first_frame,
            first_seq: segment.first_seq,
            path: segment.path.clone(),
            len: segment.len(),
        });
        files.collect()
    }

    /// Sizes and where it begins.
    pub(in crate::storage) fn extent(&self) -> Extent {
        let segments = self.segments.read();
        let first = segments.first();
        Extent {
            bytes: segments.iter().map(|segment| segment.len()).sum(),
            segments: segments.len(),
            first_frame: first.map_or(1, |segment| segment.first_frame),
            first_seq: first.map_or(1, |segment| segment.first_seq),
        }
    }

    /// Up to `limit` events after `seq`.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub(in crate::storage) fn events_after(
        &self,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<Event>, StorageError> {
        let mut found = vec![];
        let wanted = seq.saturating_add(1);
        for segment in self.from(|segment| segment.first_seq <= wanted) {
            let mut walk = segment.walk_to_seq(wanted)?;
            while let Some((header, offset)) = walk.next_header()? {
                if found.len() >= limit {
                    return Ok(found);
                }
                if header.events > 0 && header.next_seq() > wanted {
                    let events = walk.frame(header, offset)?.events;
                    let room = limit - found.len();
                    found.extend(events.into_iter().filter(|event| event.seq > seq).take(room));
                }
            }
        }
        match &self.damage {
            Some(damage) if found.is_empty() => Err(damage.clone()),
            _ => Ok(found),
        }
    }

    /// Hands every frame after `number` to `each`, with the segment and the offset at which its blobs begin.
    ///
    /// # Errors
    /// A file cannot be read or is damaged, or `each` failed.
    pub(in crate::storage) fn frames_after(
        &self,
        number: u64,
        mut each: impl FnMut(Frame, u64, u64) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        for segment in self.from(|segment| segment.first_frame <= number.saturating_add(1)) {
            let mut walk = segment.walk_to_frame(number.saturating_add(1))?;
            while let Some((header, offset)) = walk.next_header()? {
                if header.number > number {
                    let frame = walk.frame(header, offset)?;
                    each(frame, segment.first_frame, offset + super::HEADER as u64)?;
                }
            }
        }
        Ok(())
    }

    /// A blob's bytes; `None` if its segment is gone.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub(in crate::storage) fn blob(&self, place: BlobPlace) -> Result<Option<Vec<u8>>, StorageError> {
        let found = {
            let segments = self.segments.read();
            let at = segments.binary_search_by_key(&place.segment, |segment| segment.first_frame);
            at.ok().map(|at| Arc::clone(&segments[at]))
        };
        let Some(segment) = found else { return Ok(None) };
        let bytes = segment.read_at(place.offset, place.len)?;
        if crc32fast::hash(&bytes) == place.crc {
            Ok(Some(bytes))
        } else {
            Err(journal_damaged(
                &segment.path,
                &format!("the blob at byte {} is damaged", place.offset),
            ))
        }
    }

    /// Reads everything and checks every checksum and number. Answers how many frames there are.
    ///
    /// # Errors
    /// The first damage found.
    pub(in crate::storage) fn verify(&self) -> Result<u64, StorageError> {
        if let Some(damage) = &self.damage {
            return Err(damage.clone());
        }
        let segments = self.segments.read().clone();
        let mut frames = 0;
        let mut next: Option<(u64, u64)> = None;
        for segment in &segments {
            let begins = (segment.first_frame, segment.first_seq);
            if next.is_some_and(|next| next != begins) {
                return Err(journal_damaged(
                    &segment.path,
                    "it does not follow the one before it",
                ));
            }
            let tail = check(segment)?;
            if tail.end != End::Clean {
                return Err(journal_damaged(
                    &segment.path,
                    &format!("broken at byte {}", tail.good_len),
                ));
            }
            frames += tail.next_frame - segment.first_frame;
            next = Some((tail.next_frame, tail.next_seq));
        }
        Ok(frames)
    }

    /// Deletes the oldest segments that are of no more use, see [`Retire`]. Never the one that is written. Answers how many.
    ///
    /// # Errors
    /// A file cannot be removed; those before it are gone.
    pub(in crate::storage) fn retire(&self, retire: &Retire) -> Result<usize, StorageError> {
        let err = io_error("deleting an old journal segment");
        let mut segments = self.segments.write();
        let mut bytes: u64 = segments.iter().map(|segment| segment.len()).sum();
        let mut gone = 0;
        while let [first, next, ..] = segments.as_slice() {
            let last_frame = next.first_frame - 1;
            let written = std::fs::metadata(&first.path)
                .and_then(|meta| meta.modified())
                .map_err(&err)?;
            let old = retire
                .now
                .duration_since(written)
                .is_ok_and(|age| age > retire.age);
            let too_much = bytes > retire.bytes && last_frame <= retire.packed;
            let wanted = last_frame > retire.exported
                || last_frame >= retire.needed_frame
                || next.first_seq > retire.needed_seq;
            if wanted || !(old || too_much) {
                break;
            }
            std::fs::remove_file(&first.path).map_err(&err)?;
            bytes -= first.len();
            segments.remove(0);
            gone += 1;
        }
        Ok(gone)
    }

    /// The last segment that `begins_before` (they are in order), and all after it.
    fn from(&self, begins_before: impl Fn(&Segment) -> bool) -> Vec<Arc<Segment>> {
        let segments = self.segments.read();
        let at = segments
            .partition_point(|segment| begins_before(segment))
            .saturating_sub(1);
        segments.get(at..).unwrap_or_default().to_vec()
    }
}
