//! Reading a sealed file, from anywhere in it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::{HEAD, PIECE, TAG, sealed_len};
use crate::domain::media::StoredFile;
use crate::storage::error::StorageError;
use crate::storage::journal::io_error;
use crate::storage::vault::FileKey;

/// A sealed file, open. Blocks; use it off the request threads. Holds one piece in memory.
pub struct MediaReader {
    file: File,
    key: FileKey,
    size: u64,
    at: u64,
    /// The piece that was opened last, and its number.
    piece: Option<(u32, Vec<u8>)>,
}

impl MediaReader {
    pub(super) fn new(mut file: File, stored: &StoredFile) -> Result<Self, StorageError> {
        let len = file.metadata().map_err(io_error("looking at a file"))?.len();
        let mut head = [0; HEAD.len()];
        let whole = file.read_exact(&mut head).is_ok() && head == *HEAD && len == sealed_len(stored.size);
        if !whole {
            return Err(StorageError::Damaged {
                table: "Media",
                cause: "a file is not as long as its record says, or is none of ours".into(),
            });
        }
        Ok(Self {
            file,
            key: FileKey::new(&stored.key),
            size: stored.size,
            at: 0,
            piece: None,
        })
    }

    /// Bytes in it.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The bytes from here to the end of the piece that they are in, at most `limit`; empty at the end.
    ///
    /// # Errors
    /// The file was changed, or the disk fails.
    pub fn next(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        if self.at >= self.size || limit == 0 {
            return Ok(Vec::new());
        }
        let within = usize::try_from(self.at % PIECE as u64).unwrap_or(0);
        let piece = self.load()?;
        let end = piece.len().min(within.saturating_add(limit));
        let bytes = piece.get(within..end).unwrap_or_default().to_vec();
        self.at += bytes.len() as u64;
        Ok(bytes)
    }

    fn load(&mut self) -> io::Result<&[u8]> {
        let index = u32::try_from(self.at / PIECE as u64).map_err(io::Error::other)?;
        if self.piece.as_ref().is_none_or(|(held, _)| *held != index) {
            let begin = u64::from(index) * PIECE as u64;
            let plain = usize::try_from(self.size - begin).unwrap_or(PIECE).min(PIECE);
            let last = begin + plain as u64 == self.size;
            let offset = HEAD.len() as u64 + u64::from(index) * (PIECE + TAG) as u64;
            self.file.seek(SeekFrom::Start(offset))?;
            let mut sealed = vec![0; plain + TAG];
            self.file.read_exact(&mut sealed)?;
            let opened = self.key.open(index, last, HEAD, &sealed);
            let opened =
                opened.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a piece was changed"))?;
            self.piece = Some((index, opened));
        }
        Ok(self.piece.as_ref().map_or(&[], |(_, piece)| piece))
    }
}

impl Read for MediaReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next(out.len())?;
        out[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Seek for MediaReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning"))?;
        Ok(self.at)
    }
}
