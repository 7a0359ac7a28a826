//! A backup's file.
//!
//! ```text
//! "FDBACKUP" | format u32 | header length u32 | header | CRC32 of all that          in the clear
//! records, one zstd stream: tag u8 | length u32 | CRC32 u32 | payload                the last one tells what there was
//! SHA-256 of everything before | "FDBAKEND"
//! ```
//! Numbers are big-endian. The CRC of a record covers its tag, length and payload. Owns the layout. Must not know what the
//! rows and segments mean.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use super::BackupError;

const MAGIC: &[u8; 8] = b"FDBACKUP";
const END_MAGIC: &[u8; 8] = b"FDBAKEND";
/// Newest layout that this version reads, and the one that it writes. From 2 on files follow the journal.
const FORMAT: u32 = 2;
const MAX_HEADER: u32 = 4096;
/// Length of what stands behind the records.
const TRAILER: u64 = 40;
/// No payload is longer than this.
pub(super) const MAX_PAYLOAD: usize = 64 << 20;
const LEVEL: i32 = 3;

/// What a backup says of itself. Holds nothing personal and no secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// Every row is in it; if not, only the journal after `base_frame`.
    pub complete: bool,
    /// When it was made, microseconds since 1970.
    pub created_at: i64,
    /// Which store it is of: the same for all backups of one.
    pub store: [u8; 16],
    /// The store's schema.
    pub schema: u32,
    /// Complete: the rows hold everything up to this frame, and perhaps later changes, which the journal repeats. If not:
    /// the last frame of the backup that this one goes on from.
    pub base_frame: u64,
    /// Seq of the first event after that frame.
    pub base_next_seq: u64,
    /// The program that wrote it.
    pub program: String,
}

impl Header {
    fn to_bytes(&self) -> Vec<u8> {
        let Self {
            complete,
            created_at,
            store,
            schema,
            base_frame,
            base_next_seq,
            program,
        } = self;
        let mut out = vec![u8::from(*complete)];
        out.extend_from_slice(&created_at.to_be_bytes());
        out.extend_from_slice(store);
        out.extend_from_slice(&schema.to_be_bytes());
        out.extend_from_slice(&base_frame.to_be_bytes());
        out.extend_from_slice(&base_next_seq.to_be_bytes());
        out.extend_from_slice(program.as_bytes());
        out
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let input = &mut bytes;
        let [complete] = take(input)?;
        Some(Self {
            complete: complete == 1,
            created_at: i64::from_be_bytes(take(input)?),
            store: take(input)?,
            schema: u32::from_be_bytes(take(input)?),
            base_frame: number(input)?,
            base_next_seq: number(input)?,
            program: String::from_utf8(input.to_vec()).ok()?,
        })
    }
}

/// What a backup holds in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Rows of the state.
    pub rows: u64,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// The last frame in it.
    pub last_frame: u64,
    /// The last event in it.
    pub last_seq: u64,
    /// Where the journal in it ends: the segment's first frame …
    pub end_segment: u64,
    /// … and the offset in it.
    pub end_offset: u64,
    /// Customers' and uploaded files in it.
    pub files: u64,
    /// Their bytes, sealed.
    pub file_bytes: u64,
}

impl Totals {
    fn numbers(&self) -> [u64; 8] {
        let Self {
            rows,
            journal_bytes,
            last_frame,
            last_seq,
            end_segment,
            end_offset,
            files,
            file_bytes,
        } = *self;
        [
            rows,
            journal_bytes,
            last_frame,
            last_seq,
            end_segment,
            end_offset,
            files,
            file_bytes,
        ]
    }
}

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    /// Rows of the state: key and value.
    Rows(Vec<(Vec<u8>, Vec<u8>)>),
    /// The bytes that follow belong to the segment that begins with this frame, from this offset on.
    Segment { first_frame: u64, offset: u64 },
    /// The next bytes of the segment.
    Bytes(Vec<u8>),
    /// The pieces that follow are this file, sealed, with its path within the folder of files.
    File { path: String, len: u64 },
    /// The next piece of the file.
    Piece(Vec<u8>),
    /// Nothing follows.
    End(Totals),
}

impl Entry {
    fn to_bytes(&self) -> (u8, Vec<u8>) {
        let mut out = Vec::new();
        let tag = match self {
            Self::Rows(rows) => {
                for (key, value) in rows {
                    out.extend_from_slice(&length(key).to_be_bytes());
                    out.extend_from_slice(key);
                    out.extend_from_slice(&length(value).to_be_bytes());
                    out.extend_from_slice(value);
                }
                1
            }
            Self::Segment { first_frame, offset } => {
                out.extend_from_slice(&first_frame.to_be_bytes());
                out.extend_from_slice(&offset.to_be_bytes());
                2
            }
            Self::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                3
            }
            Self::File { path, len } => {
                out.extend_from_slice(&len.to_be_bytes());
                out.extend_from_slice(path.as_bytes());
                5
            }
            Self::Piece(bytes) => {
                out.extend_from_slice(bytes);
                6
            }
            Self::End(totals) => {
                for number in totals.numbers() {
                    out.extend_from_slice(&number.to_be_bytes());
                }
                4
            }
        };
        (tag, out)
    }

    fn read(tag: u8, payload: Vec<u8>) -> Option<Self> {
        let mut input = payload.as_slice();
        let entry = match tag {
            1 => {
                let mut rows = Vec::new();
                while !input.is_empty() {
                    rows.push((take_text(&mut input)?, take_text(&mut input)?));
                }
                Self::Rows(rows)
            }
            2 => Self::Segment {
                first_frame: number(&mut input)?,
                offset: number(&mut input)?,
            },
            3 => return Some(Self::Bytes(payload)),
            4 => Self::End(Totals {
                rows: number(&mut input)?,
                journal_bytes: number(&mut input)?,
                last_frame: number(&mut input)?,
                last_seq: number(&mut input)?,
                end_segment: number(&mut input)?,
                end_offset: number(&mut input)?,
                // Layout 1 ends here.
                files: if input.is_empty() { 0 } else { number(&mut input)? },
                file_bytes: if input.is_empty() { 0 } else { number(&mut input)? },
            }),
            5 => {
                let len = number(&mut input)?;
                let path = String::from_utf8(std::mem::take(&mut input).to_vec()).ok()?;
                Self::File { path, len }
            }
            6 => return Some(Self::Piece(payload)),
            _ => return None,
        };
        input.is_empty().then_some(entry)
    }
}

/// Rows and pieces of segments are cut far below four gigabytes.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = input.split_first_chunk::<N>()?;
    *input = rest;
    Some(*head)
}

fn number(input: &mut &[u8]) -> Option<u64> {
    take(input).map(u64::from_be_bytes)
}

fn take_text(input: &mut &[u8]) -> Option<Vec<u8>> {
    let len = u32::from_be_bytes(take(input)?);
    let (head, rest) = input.split_at_checked(usize::try_from(len).ok()?)?;
    *input = rest;
    Some(head.to_vec())
}

fn record_crc(tag: u8, len: [u8; 4], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[tag]);
    crc.update(&len);
    crc.update(payload);
    crc.finalize()
}

/// Hashes what passes through.
struct Hashing<W> {
    inner: W,
    sha: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sha.update(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes a backup.
pub(super) struct Writer<W: Write> {
    out: zstd::Encoder<'static, Hashing<W>>,
    totals: Totals,
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(inner: W, header: &Header) -> io::Result<Self> {
        let mut out = Hashing {
            inner,
            sha: Sha256::new(),
        };
        let header = header.to_bytes();
        let mut front = MAGIC.to_vec();
        front.extend_from_slice(&FORMAT.to_be_bytes());
        front.extend_from_slice(&length(&header).to_be_bytes());
        front.extend_from_slice(&header);
        front.extend_from_slice(&crc32fast::hash(&front).to_be_bytes());
        out.write_all(&front)?;
        Ok(Self {
            out: zstd::Encoder::new(out, LEVEL)?,
            totals: Totals::default(),
        })
    }

    pub(super) fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        match entry {
            Entry::Rows(rows) => self.totals.rows += rows.len() as u64,
            Entry::Bytes(bytes) => self.totals.journal_bytes += bytes.len() as u64,
            Entry::File { .. } => self.totals.files += 1,
            Entry::Piece(bytes) => self.totals.file_bytes += bytes.len() as u64,
            Entry::Segment { .. } | Entry::End(_) => {}
        }
        let (tag, payload) = entry.to_bytes();
        let len = length(&payload).to_be_bytes();
        self.out.write_all(&[tag])?;
        self.out.write_all(&len)?;
        self.out
            .write_all(&record_crc(tag, len, &payload).to_be_bytes())?;
        self.out.write_all(&payload)
    }

    /// Closes it; `end` tells where the journal in it ends, the counts are the writer's own. Answers what was written.
    pub(super) fn finish(mut self, end: Totals) -> io::Result<(W, Totals)> {
        let totals = Totals {
            rows: self.totals.rows,
            journal_bytes: self.totals.journal_bytes,
            files: self.totals.files,
            file_bytes: self.totals.file_bytes,
            ..end
        };
        self.entry(&Entry::End(totals))?;
        let Hashing { mut inner, sha } = self.out.finish()?;
        let sha: [u8; 32] = sha.finalize().into();
        inner.write_all(&sha)?;
        inner.write_all(END_MAGIC)?;
        inner.flush()?;
        Ok((inner, totals))
    }
}

fn damaged(what: &str) -> BackupError {
    BackupError::Damaged(what.to_owned())
}

/// A read that fails for want of bytes or because they do not decompress is damage; anything else is the disk's fault.
fn read_error(error: &io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged("it ends too early"),
        io::ErrorKind::Other | io::ErrorKind::InvalidData => damaged("its records do not decompress"),
        _ => BackupError::io("reading the backup", error),
    }
}

/// Checks the file's length, end and SHA-256, whatever is in it. Answers the SHA-256.
pub(super) fn check_sum(file: &mut (impl Read + io::Seek)) -> Result<[u8; 32], BackupError> {
    let io = |error: io::Error| BackupError::io("reading the backup", &error);
    let len = file.seek(io::SeekFrom::End(0)).map_err(io)?;
    file.seek(io::SeekFrom::Start(0)).map_err(io)?;
    let body = len
        .checked_sub(TRAILER)
        .ok_or_else(|| damaged("it is far too short"))?;
    let mut out = Hashing {
        inner: io::sink(),
        sha: Sha256::new(),
    };
    let copied = io::copy(&mut file.by_ref().take(body), &mut out).map_err(io)?;
    let mut trailer = [0; TRAILER as usize];
    file.read_exact(&mut trailer)
        .map_err(|error| read_error(&error))?;
    let found: [u8; 32] = out.sha.finalize().into();
    if copied != body || &trailer[32..] != END_MAGIC {
        return Err(damaged(
            "its end is missing: it was not written to the end, or was cut",
        ));
    }
    if trailer[..32] != found {
        return Err(damaged("its checksum (SHA-256) does not fit its content"));
    }
    file.seek(io::SeekFrom::Start(0)).map_err(io)?;
    Ok(found)
}

/// Reads a backup. Stops at the first thing that is not as it was written.
pub(super) struct Reader<R: Read> {
    input: zstd::Decoder<'static, io::BufReader<io::Take<R>>>,
    seen: Totals,
    ended: Option<Totals>,
}

impl<R: Read> Reader<R> {
    /// Reads the header. `len` is the file's length.
    pub(super) fn begin(mut file: R, len: u64) -> Result<(Header, Self), BackupError> {
        let eof = |error: io::Error| read_error(&error);
        let mut front = vec![0; 16];
        file.read_exact(&mut front).map_err(eof)?;
        let small = |at: usize| u32::from_be_bytes(std::array::from_fn(|i| front[at + i]));
        if &front[..8] != MAGIC {
            return Err(BackupError::NotABackup);
        }
        let (format, header_len) = (small(8), small(12));
        if format > FORMAT {
            return Err(BackupError::TooNew {
                found: format,
                known: FORMAT,
            });
        }
        if header_len > MAX_HEADER {
            return Err(damaged("its header claims to be too long"));
        }
        let rest = header_len as usize;
        front.resize(16 + rest + 4, 0);
        file.read_exact(&mut front[16..]).map_err(eof)?;
        let (body, crc) = front.split_at(16 + rest);
        if crc32fast::hash(body).to_be_bytes() != *crc {
            return Err(damaged("its header is not the one that was written"));
        }
        let header = Header::read(&body[16..]).ok_or_else(|| damaged("its header makes no sense"))?;
        let records = len.saturating_sub(front.len() as u64 + TRAILER);
        let reader = Self {
            input: zstd::Decoder::new(file.take(records)).map_err(eof)?,
            seen: Totals::default(),
            ended: None,
        };
        Ok((header, reader))
    }

    /// The next record; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, BackupError> {
        if self.ended.is_some() {
            return Ok(None);
        }
        let eof = |error: io::Error| read_error(&error);
        let mut head = [0; 9];
        self.input.read_exact(&mut head).map_err(eof)?;
        let (tag, len) = (head[0], [head[1], head[2], head[3], head[4]]);
        let crc = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let size = u32::from_be_bytes(len) as usize;
        if size > MAX_PAYLOAD {
            return Err(damaged("a record claims to be too long"));
        }
        let mut payload = vec![0; size];
        self.input.read_exact(&mut payload).map_err(eof)?;
        if record_crc(tag, len, &payload) != crc {
            return Err(damaged("a record is not the one that was written"));
        }
        let entry = Entry::read(tag, payload).ok_or_else(|| damaged("a record makes no sense"))?;
        match &entry {
            Entry::Rows(rows) => self.seen.rows += rows.len() as u64,
            Entry::Bytes(bytes) => self.seen.journal_bytes += bytes.len() as u64,
            Entry::File { .. } => self.seen.files += 1,
            Entry::Piece(bytes) => self.seen.file_bytes += bytes.len() as u64,
            Entry::Segment { .. } => {}
            Entry::End(totals) => self.end(*totals)?,
        }
        Ok(Some(entry))
    }

    fn end(&mut self, totals: Totals) -> Result<(), BackupError> {
        let of = |totals: &Totals| (totals.rows, totals.journal_bytes, totals.files, totals.file_bytes);
        if of(&self.seen) != of(&totals) {
            return Err(damaged("records are missing"));
        }
        let mut more = [0; 1];
        match self.input.read(&mut more) {
            Ok(0) => self.ended = Some(totals),
            Ok(_) => return Err(damaged("records follow behind the last one")),
            Err(error) => return Err(read_error(&error)),
        }
        Ok(())
    }

    /// What was in it, once it was read to its end.
    pub(super) fn totals(&self) -> Option<Totals> {
        self.ended
    }
}

#[cfg(test)]
mod tests;
