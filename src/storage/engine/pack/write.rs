//! Writing a pack: rows come in key order, and memory stays flat however many there are.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::block::Builder;
use super::index::{Entry, FILTER_KEYS, PART_BLOCKS};
use super::{END_MAGIC, MAGIC, StoredEnd, StoredPart, filter, path};
use crate::storage::codec;
use crate::storage::engine::Carried;
use crate::storage::error::StorageError;
use crate::storage::journal::{io_error, sync_dir};

/// A pack that is being written, under another name.
pub(in crate::storage::engine) struct PackWriter {
    dir: PathBuf,
    out: BufWriter<File>,
    len: u64,
    block: Builder,
    last: Vec<u8>,
    rows: u64,
    hashes: Vec<u64>,
    /// Where in `entries` the filter that is being gathered begins.
    filter_from: usize,
    entries: Vec<Entry>,
    index: Vec<StoredPart>,
}

fn new_path(dir: &Path) -> PathBuf {
    path(dir).with_extension("new")
}

fn err(error: std::io::Error) -> StorageError {
    io_error("packing the state")(error)
}

impl PackWriter {
    pub(in crate::storage::engine) fn begin(dir: &Path) -> Result<Self, StorageError> {
        let file = File::create(new_path(dir)).map_err(err)?;
        let mut writer = Self {
            dir: dir.to_owned(),
            out: BufWriter::with_capacity(256 << 10, file),
            len: 0,
            block: Builder::default(),
            last: Vec::new(),
            rows: 0,
            hashes: Vec::new(),
            filter_from: 0,
            entries: Vec::new(),
            index: Vec::new(),
        };
        writer.write(MAGIC)?;
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.len += bytes.len() as u64;
        self.out.write_all(bytes).map_err(err)
    }

    fn part(&mut self, bytes: &[u8]) -> Result<StoredPart, StorageError> {
        let part = (self.len, bytes.len() as u32, crc32fast::hash(bytes));
        self.write(bytes)?;
        Ok(part)
    }

    /// Adds a row. Its key must be behind all others: `false` if it is not, and nothing was added.
    pub(in crate::storage::engine) fn add(&mut self, key: &[u8], value: &[u8]) -> Result<bool, StorageError> {
        let fits = key.len() <= usize::from(u16::MAX) && (self.rows == 0 || key > self.last.as_slice());
        if !fits {
            return Ok(false);
        }
        self.block.add(key, value);
        self.hashes.push(filter::hash(key));
        self.last.clear();
        self.last.extend_from_slice(key);
        self.rows += 1;
        if self.block.is_full() {
            self.end_block()?;
        }
        Ok(true)
    }

    fn end_block(&mut self) -> Result<(), StorageError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let block = std::mem::take(&mut self.block);
        let first = block.first().to_vec();
        let part = self.part(&block.finish())?;
        self.entries.push((first, part, None));
        if self.hashes.len() >= FILTER_KEYS {
            self.end_filter()?;
        }
        if self.entries.len() >= PART_BLOCKS {
            self.end_index()?;
        }
        Ok(())
    }

    fn end_filter(&mut self) -> Result<(), StorageError> {
        let bits = filter::build(&std::mem::take(&mut self.hashes));
        let part = self.part(&bits)?;
        if let Some(entry) = self.entries.get_mut(self.filter_from) {
            entry.2 = Some(part);
        }
        self.filter_from = self.entries.len();
        Ok(())
    }

    fn end_index(&mut self) -> Result<(), StorageError> {
        if !self.hashes.is_empty() {
            self.end_filter()?;
        }
        let entries = std::mem::take(&mut self.entries);
        self.filter_from = 0;
        let part = self.part(&codec::pack(&codec::to_bytes(&entries)))?;
        self.index.push(part);
        Ok(())
    }

    /// Makes the pack durable and gives it its name. Answers how many rows it has.
    pub(in crate::storage::engine) fn finish(
        mut self,
        carried: Carried,
        restored: Option<u64>,
    ) -> Result<u64, StorageError> {
        self.end_block()?;
        if !self.entries.is_empty() {
            self.end_index()?;
        }
        let index = std::mem::take(&mut self.index);
        let end: StoredEnd = (index, self.rows, carried.frame, carried.next_seq, restored);
        let end = codec::to_bytes(&end);
        self.write(&end)?;
        self.write(&(end.len() as u32).to_be_bytes())?;
        self.write(&crc32fast::hash(&end).to_be_bytes())?;
        self.write(END_MAGIC)?;
        let file = self.out.into_inner().map_err(|error| err(error.into_error()))?;
        file.sync_all().map_err(err)?;
        std::fs::rename(new_path(&self.dir), path(&self.dir)).map_err(err)?;
        sync_dir(&self.dir)?;
        Ok(self.rows)
    }
}
