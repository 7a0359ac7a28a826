//! One frame of the journal: what a group of batches changes, and the events that tell of it.
//!
//! ```text
//! magic u32 | body length u32 | frame number u64 | first event seq u64 | event count u32 | blob length u32 |
//! flags u32 | unpacked length of the rest u32 | CRC32 of the body u32 | CRC32 of this header u32        (48 bytes)
//! body: blobs | operations and events (zstd if flag 1)
//! ```
//! Numbers are big-endian. Blobs stand first and unpacked, so that each can be read by its place in the file.

use super::events;
use crate::domain::Event;
use crate::storage::batch::{Op, PendingEvent};
use crate::storage::codec;
use crate::storage::error::StorageError;

/// Size of a header.
pub(in crate::storage) const HEADER: usize = 48;
/// No frame is longer than this.
pub(in crate::storage) const MAX_FRAME: usize = 48 << 20;
pub(super) const MAGIC: u32 = 0x4644_4652;
const PACKED: u32 = 1;
/// Below this, packing saves nothing worth the time.
const PACK_FROM: usize = 1024;

/// A frame's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::storage) struct Header {
    pub body_len: u32,
    pub number: u64,
    pub first_seq: u64,
    pub events: u32,
    pub blob_len: u32,
    flags: u32,
    rest_len: u32,
    body_crc: u32,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let mut out = Vec::with_capacity(HEADER);
        out.extend_from_slice(&MAGIC.to_be_bytes());
        out.extend_from_slice(&self.body_len.to_be_bytes());
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.first_seq.to_be_bytes());
        for number in [
            self.events,
            self.blob_len,
            self.flags,
            self.rest_len,
            self.body_crc,
        ] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        std::array::from_fn(|i| out[i])
    }

    /// `None` unless these are the bytes of a header.
    pub(super) fn read(bytes: &[u8; HEADER]) -> Option<Self> {
        let small = |at: usize| u32::from_be_bytes(std::array::from_fn(|i| bytes[at + i]));
        let number = |at: usize| u64::from_be_bytes(std::array::from_fn(|i| bytes[at + i]));
        let header = Self {
            body_len: small(4),
            number: number(8),
            first_seq: number(16),
            events: small(24),
            blob_len: small(28),
            flags: small(32),
            rest_len: small(36),
            body_crc: small(40),
        };
        let sound = small(0) == MAGIC
            && small(44) == crc32fast::hash(&bytes[..44])
            && header.body_len as usize <= MAX_FRAME
            && header.blob_len <= header.body_len;
        sound.then_some(header)
    }

    /// Length in the file, header included.
    pub(in crate::storage) fn frame_len(&self) -> u64 {
        HEADER as u64 + u64::from(self.body_len)
    }

    /// The seq of the event after this frame's last.
    pub(in crate::storage) fn next_seq(&self) -> u64 {
        self.first_seq + u64::from(self.events)
    }

    /// Whether the body is the one that was written.
    pub(super) fn fits(&self, body: &[u8]) -> bool {
        body.len() == self.body_len as usize && crc32fast::hash(body) == self.body_crc
    }
}

/// What a frame does to a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::storage) enum FrameOp {
    Put {
        key: Vec<u8>,
        value: Vec<u8>,
    },
    Delete {
        key: Vec<u8>,
    },
    /// `offset` is from the start of the frame's blobs.
    Blob {
        key: Vec<u8>,
        offset: u32,
        len: u32,
        crc: u32,
    },
}

/// Gathers a group's changes.
#[derive(Default)]
pub(in crate::storage) struct Builder {
    ops: Vec<u8>,
    op_count: u32,
    events: Vec<u8>,
    event_count: u32,
    blobs: Vec<u8>,
}

impl Builder {
    /// Adds an operation. A blob answers its place within the blobs and its checksum.
    pub(in crate::storage) fn op(&mut self, op: &Op) -> Option<(u32, u32)> {
        self.op_count += 1;
        match op {
            Op::Put { key, value } => {
                self.start(1, key);
                self.number(value.len());
                self.ops.extend_from_slice(value);
                None
            }
            Op::Delete { key } => {
                self.start(2, key);
                None
            }
            Op::Blob { key, bytes } => {
                self.start(3, key);
                let (offset, crc) = (self.blobs.len() as u32, crc32fast::hash(bytes));
                for number in [offset, bytes.len() as u32, crc] {
                    self.ops.extend_from_slice(&number.to_be_bytes());
                }
                self.blobs.extend_from_slice(bytes);
                Some((offset, crc))
            }
        }
    }

    /// Adds an event.
    pub(in crate::storage) fn event(&mut self, event: &PendingEvent) {
        self.event_count += 1;
        events::write(event, &mut self.events);
    }

    /// Nothing was added.
    pub(in crate::storage) fn is_empty(&self) -> bool {
        self.op_count == 0 && self.event_count == 0
    }

    /// The frame's header and bytes.
    pub(in crate::storage) fn finish(self, number: u64, first_seq: u64) -> (Header, Vec<u8>) {
        let mut rest = self.op_count.to_be_bytes().to_vec();
        rest.extend_from_slice(&self.ops);
        rest.extend_from_slice(&self.events);
        let packed = if rest.len() >= PACK_FROM {
            codec::compress_fast(&rest)
        } else {
            None
        };
        let mut frame = vec![0; HEADER];
        frame.extend_from_slice(&self.blobs);
        frame.extend_from_slice(packed.as_deref().unwrap_or(&rest));
        let header = Header {
            body_len: (frame.len() - HEADER) as u32,
            number,
            first_seq,
            events: self.event_count,
            blob_len: self.blobs.len() as u32,
            flags: if packed.is_some() { PACKED } else { 0 },
            rest_len: rest.len() as u32,
            body_crc: crc32fast::hash(&frame[HEADER..]),
        };
        frame[..HEADER].copy_from_slice(&header.to_bytes());
        (header, frame)
    }

    fn start(&mut self, tag: u8, key: &[u8]) {
        self.ops.push(tag);
        self.ops.extend_from_slice(&(key.len() as u16).to_be_bytes());
        self.ops.extend_from_slice(key);
    }

    fn number(&mut self, n: usize) {
        self.ops.extend_from_slice(&(n as u32).to_be_bytes());
    }
}

/// A frame, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::storage) struct Frame {
    pub header: Header,
    pub ops: Vec<FrameOp>,
    pub events: Vec<Event>,
}

impl Frame {
    /// Reads a body whose checksum was found right.
    pub(super) fn read(header: Header, body: &[u8]) -> Result<Self, StorageError> {
        let bad = || codec::damaged("the frame's checksum is right but its content is not");
        let rest = body.get(header.blob_len as usize..).ok_or_else(bad)?;
        let unpacked;
        let rest = if header.flags & PACKED == 0 {
            rest
        } else {
            unpacked = codec::decompress_to(rest, header.rest_len as usize, MAX_FRAME)?;
            &unpacked
        };
        let mut input = rest;
        let count = u32::from_be_bytes(take(&mut input).ok_or_else(bad)?);
        let mut ops = Vec::with_capacity(count.min(1 << 16) as usize);
        for _ in 0..count {
            ops.push(read_op(&mut input).ok_or_else(bad)?);
        }
        let events = events::read_all(&mut input, header.first_seq, header.events).ok_or_else(bad)?;
        if input.is_empty() {
            Ok(Self { header, ops, events })
        } else {
            Err(bad())
        }
    }
}

pub(super) fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = input.split_first_chunk::<N>()?;
    *input = rest;
    Some(*head)
}

fn take_slice(input: &mut &[u8], len: usize) -> Option<Vec<u8>> {
    let (head, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(head.to_vec())
}

fn read_op(input: &mut &[u8]) -> Option<FrameOp> {
    let [tag] = take(input)?;
    let key_len = u16::from_be_bytes(take(input)?);
    let key = take_slice(input, usize::from(key_len))?;
    let mut number = || take(input).map(u32::from_be_bytes);
    match tag {
        1 => {
            let len = number()?;
            Some(FrameOp::Put {
                key,
                value: take_slice(input, len as usize)?,
            })
        }
        2 => Some(FrameOp::Delete { key }),
        3 => Some(FrameOp::Blob {
            key,
            offset: number()?,
            len: number()?,
            crc: number()?,
        }),
        _ => None,
    }
}
