//! The index itself: opening, feeding, committing, erasing, building anew.
//!
//! Owns the one writer and the reader. The position of the last commit tells whoever feeds it where to go on; feeding
//! something twice changes nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, MutexGuard};
use tantivy::directory::error::LockError;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, NoMergePolicy};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term};

use crate::domain::{ContactId, WorkspaceId};

use super::document::{DocumentId, SearchDocument};
use super::error::SearchError;
use super::files;
use super::rank::{self, SearchPage, SearchRequest};
use super::schema::{Fields, Tag, schema, settings};

/// What the one writer may hold in memory before it writes a segment.
const WRITER_BYTES: usize = 50_000_000;
/// The share of removed documents from which on a segment is written anew.
const DELETED_SHARE: f32 = 0.3;

/// The search index. Cheap to clone.
#[derive(Clone)]
pub struct SearchIndex {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    fields: Fields,
    live: ArcSwap<Live>,
    /// `None` after a failure, until [`SearchIndex::recover`].
    writer: Mutex<Option<IndexWriter>>,
    position: AtomicU64,
    rebuilding: AtomicBool,
}

struct Live {
    index: Index,
    reader: IndexReader,
}

impl SearchIndex {
    /// Opens the index in `dir`, which belongs to it alone. An index that is damaged or of another version is dropped,
    /// and an empty one begun at position 0. Call it only under the store's lock: it removes left-over directories.
    ///
    /// # Errors
    /// [`SearchError::Locked`] if another process has it open; [`SearchError::Failed`] if the directory cannot be used.
    pub fn open(dir: &Path) -> Result<Self, SearchError> {
        let path = files::settle(dir).map_err(SearchError::while_doing("preparing its directory"))?;
        let opened = match open_at(&path) {
            Err(SearchError::Damaged(cause)) => {
                tracing::warn!(cause, "the search index is damaged and begins anew");
                files::discard(dir).map_err(SearchError::while_doing("removing a damaged index"))?;
                open_at(&path)?
            }
            other => other?,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                dir: dir.to_owned(),
                fields: schema().1,
                position: AtomicU64::new(opened.position),
                live: ArcSwap::from_pointee(opened.live),
                writer: Mutex::new(Some(opened.writer)),
                rebuilding: AtomicBool::new(false),
            }),
        })
    }

    /// The journal's sequence number up to which everything is in the index.
    pub fn position(&self) -> u64 {
        self.inner.position.load(Ordering::Acquire)
    }

    /// How many documents can be found, over all workspaces.
    pub fn documents(&self) -> u64 {
        self.inner.live.load().reader.searcher().num_docs()
    }

    /// Puts a document in, in place of an older one with its id. It can be found after the next commit.
    ///
    /// # Errors
    /// The index is then closed for writing until [`SearchIndex::recover`].
    pub fn upsert(&self, doc: &SearchDocument) -> Result<(), SearchError> {
        let document = self.inner.fields.document(doc);
        let key = self.inner.fields.key(doc.workspace, &doc.id);
        self.write("adding a document", |writer| {
            writer.delete_term(key);
            writer.add_document(document).map(|_| ())
        })
    }

    /// Takes a document out, at the next commit. Its words may stay in the files until segments are merged; see
    /// [`SearchIndex::erase_contact`] for a removal that leaves nothing.
    ///
    /// # Errors
    /// As for [`SearchIndex::upsert`].
    pub fn remove(&self, workspace: WorkspaceId, id: &DocumentId) -> Result<(), SearchError> {
        let key = self.inner.fields.key(workspace, id);
        self.write("removing a document", |writer| {
            writer.delete_term(key);
            Ok(())
        })
    }

    /// Makes everything fed so far durable and findable, together with the journal's position that it reaches.
    ///
    /// # Errors
    /// As for [`SearchIndex::upsert`]; the position stays where it was.
    pub fn commit(&self, position: u64) -> Result<(), SearchError> {
        self.write("committing", |writer| commit(writer, position))?;
        self.reload()?;
        self.inner.position.store(position, Ordering::Release);
        Ok(())
    }

    /// Opens the index for writing again after a failure. What was fed since the last commit is gone: feed again from
    /// the position that this answers.
    ///
    /// # Errors
    /// It failed again.
    pub fn recover(&self) -> Result<u64, SearchError> {
        let mut guard = self.inner.writer.lock();
        *guard = None;
        *guard = Some(writer(&self.inner.live.load().index, &self.inner.dir)?);
        Ok(self.position())
    }

    /// Erases a contact and all messages with it: they are gone from the files when this returns, except for searches
    /// still under way, whose files go with the next commit. Blocks for as long as merging takes.
    ///
    /// # Errors
    /// As for [`SearchIndex::upsert`]; try again after [`SearchIndex::recover`].
    pub fn erase_contact(&self, workspace: WorkspaceId, contact: ContactId) -> Result<(), SearchError> {
        self.erase(self.inner.fields.tag(workspace, Tag::Contact(contact.0)))
    }

    /// Erases everything of a workspace, as [`SearchIndex::erase_contact`] does for a contact.
    ///
    /// # Errors
    /// As for [`SearchIndex::erase_contact`].
    pub fn erase_workspace(&self, workspace: WorkspaceId) -> Result<(), SearchError> {
        self.erase(self.inner.fields.tag(workspace, Tag::Workspace))
    }

    /// Searches one workspace.
    ///
    /// # Errors
    /// [`SearchError::BadCursor`]; [`SearchError::Damaged`] if the files do not add up.
    pub fn search(
        &self,
        workspace: WorkspaceId,
        request: &SearchRequest<'_>,
    ) -> Result<SearchPage, SearchError> {
        let searcher = self.inner.live.load().reader.searcher();
        let search = || rank::page(&searcher, &self.inner.fields, workspace, request);
        // tantivy trusts its files: bytes that rotted under an open index can make it panic.
        catch_unwind(AssertUnwindSafe(search)).unwrap_or_else(|panic| {
            let cause = panic.downcast_ref::<String>().cloned();
            let cause = cause.or_else(|| panic.downcast_ref::<&str>().map(|&cause| cause.to_owned()));
            Err(SearchError::Damaged(
                cause.unwrap_or_else(|| "a search panicked".into()),
            ))
        })
    }

    /// Reads every file and compares its checksum. Takes as long as reading the index does.
    ///
    /// # Errors
    /// [`SearchError::Damaged`] names the files.
    pub fn verify(&self) -> Result<(), SearchError> {
        verify(&self.inner.live.load().index)
    }

    /// Begins a new index beside this one, which goes on serving until [`Rebuild::finish`].
    ///
    /// # Errors
    /// Another rebuild is under way, or the directory cannot be used.
    pub fn rebuild(&self) -> Result<Rebuild, SearchError> {
        if self.inner.rebuilding.swap(true, Ordering::AcqRel) {
            return Err(SearchError::Failed {
                doing: "beginning a rebuild",
                cause: "another one is under way".into(),
            });
        }
        let mut rebuild = Rebuild {
            owner: self.clone(),
            opened: None,
        };
        let path = files::next(&self.inner.dir);
        rebuild.remove_left_over();
        std::fs::create_dir_all(&path).map_err(SearchError::while_doing("beginning a rebuild"))?;
        rebuild.opened = Some(open_at(&path)?);
        Ok(rebuild)
    }

    /// Runs a change; a failure closes the writer, since what it still holds is not known.
    fn write(
        &self,
        doing: &'static str,
        change: impl FnOnce(&mut IndexWriter) -> tantivy::Result<()>,
    ) -> Result<(), SearchError> {
        let mut guard = self.inner.writer.lock();
        let writer = guard.as_mut().ok_or(SearchError::Closed)?;
        change(writer).map_err(|cause| {
            *guard = None;
            SearchError::while_doing(doing)(cause)
        })
    }

    fn reload(&self) -> Result<(), SearchError> {
        let live = self.inner.live.load();
        live.reader
            .reload()
            .map_err(SearchError::while_doing("reloading"))
    }

    fn erase(&self, what: Term) -> Result<(), SearchError> {
        let mut guard = self.inner.writer.lock();
        let mut erasing = guard.take().ok_or(SearchError::Closed)?;
        let failed = SearchError::while_doing::<TantivyError>;
        erasing.delete_term(what);
        commit(&mut erasing, self.position()).map_err(failed("erasing"))?;
        // No merge of the policy's may hold a segment that is to be written anew.
        erasing.wait_merging_threads().map_err(failed("erasing"))?;
        let live = self.inner.live.load();
        let mut erasing = writer(&live.index, &self.inner.dir)?;
        erasing.set_merge_policy(Box::new(NoMergePolicy));
        for segment in segments_with_deletes(&live.index).map_err(failed("erasing"))? {
            erasing.merge(&[segment]).wait().map_err(failed("erasing"))?;
        }
        self.reload()?;
        erasing
            .garbage_collect_files()
            .wait()
            .map_err(failed("erasing"))?;
        erasing.set_merge_policy(merge_policy());
        *guard = Some(erasing);
        Ok(())
    }

    /// Puts the finished successor in the place of the live index.
    fn replace(&self, successor: Opened) -> Result<(), SearchError> {
        let failed = SearchError::while_doing::<TantivyError>;
        let mut guard: MutexGuard<'_, Option<IndexWriter>> = self.inner.writer.lock();
        let Opened { live, writer, .. } = successor;
        writer
            .wait_merging_threads()
            .map_err(failed("finishing a rebuild"))?;
        drop(live);
        if let Some(old) = guard.take() {
            old.wait_merging_threads()
                .map_err(failed("finishing a rebuild"))?;
        }
        files::swap(&self.inner.dir).map_err(SearchError::while_doing("swapping the index"))?;
        let opened = open_at(&files::current(&self.inner.dir))?;
        self.inner.live.store(Arc::new(opened.live));
        self.inner.position.store(opened.position, Ordering::Release);
        *guard = Some(opened.writer);
        Ok(())
    }
}

/// A new index in the making. Dropped without [`Rebuild::finish`], it leaves nothing.
pub struct Rebuild {
    owner: SearchIndex,
    opened: Option<Opened>,
}

impl Rebuild {
    /// Puts a document in. Each must be fed only once.
    ///
    /// # Errors
    /// The rebuild must then be given up.
    pub fn add(&self, doc: &SearchDocument) -> Result<(), SearchError> {
        let opened = self.opened.as_ref().ok_or(SearchError::Closed)?;
        let document = self.owner.inner.fields.document(doc);
        let added = opened.writer.add_document(document);
        added.map(|_| ()).map_err(SearchError::while_doing("rebuilding"))
    }

    /// Makes it durable and puts it in the place of the live index. `position` is the journal's sequence number from
    /// before the first record was read. What the live index was fed beyond it must be fed again from there.
    ///
    /// # Errors
    /// The live index goes on serving; [`SearchIndex::recover`] opens it for writing again.
    pub fn finish(mut self, position: u64) -> Result<(), SearchError> {
        let mut opened = self.opened.take().ok_or(SearchError::Closed)?;
        commit(&mut opened.writer, position).map_err(SearchError::while_doing("finishing a rebuild"))?;
        self.owner.replace(opened)
    }

    fn remove_left_over(&self) {
        let path = files::next(&self.owner.inner.dir);
        if path.exists()
            && let Err(cause) = std::fs::remove_dir_all(&path)
        {
            tracing::warn!(%cause, path = %path.display(), "a left-over search index cannot be removed");
        }
    }
}

impl Drop for Rebuild {
    fn drop(&mut self) {
        self.opened = None;
        self.remove_left_over();
        self.owner.inner.rebuilding.store(false, Ordering::Release);
    }
}

struct Opened {
    live: Live,
    writer: IndexWriter,
    position: u64,
}

fn open_at(path: &Path) -> Result<Opened, SearchError> {
    let damaged = |cause: TantivyError| SearchError::Damaged(cause.to_string());
    let (schema, _) = schema();
    let is_empty = std::fs::read_dir(path)
        .map_err(SearchError::while_doing("opening"))?
        .next()
        .is_none();
    let index = match is_empty {
        true => Index::builder()
            .schema(schema.clone())
            .settings(settings())
            .create_in_dir(path)
            .map_err(SearchError::while_doing("creating"))?,
        false => Index::open_in_dir(path).map_err(damaged)?,
    };
    if index.schema() != schema || index.settings().sort_by_field != settings().sort_by_field {
        return Err(SearchError::Damaged(
            "its fields are not those of this version".into(),
        ));
    }
    let position = position_of(&index)?;
    // The lock before the checksums: another process may be writing.
    let writer = writer(&index, path)?;
    verify(&index)?;
    let reader = index
        .reader_builder()
        .reload_policy(ReloadPolicy::Manual)
        .try_into()
        .map_err(damaged)?;
    let live = Live { index, reader };
    Ok(Opened {
        live,
        writer,
        position,
    })
}

fn verify(index: &Index) -> Result<(), SearchError> {
    let damaged = index.validate_checksum();
    let damaged = damaged.map_err(|cause| SearchError::Damaged(cause.to_string()))?;
    match damaged.iter().next() {
        None => Ok(()),
        Some(one) => Err(SearchError::Damaged(format!(
            "{} of its files, {} among them, have a wrong checksum",
            damaged.len(),
            one.display()
        ))),
    }
}

fn position_of(index: &Index) -> Result<u64, SearchError> {
    let metas = index.load_metas();
    let metas = metas.map_err(|cause| SearchError::Damaged(cause.to_string()))?;
    match metas.payload {
        None => Ok(0),
        Some(payload) => payload
            .parse()
            .map_err(|_| SearchError::Damaged("its position is not a number".into())),
    }
}

fn writer(index: &Index, path: &Path) -> Result<IndexWriter, SearchError> {
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .memory_budget_per_thread(WRITER_BYTES)
        .num_merge_threads(1)
        .build();
    match index.writer_with_options::<TantivyDocument>(options) {
        Ok(writer) => {
            writer.set_merge_policy(merge_policy());
            Ok(writer)
        }
        Err(TantivyError::LockFailure(LockError::LockBusy, _)) => {
            Err(SearchError::Locked(path.display().to_string()))
        }
        Err(cause) => Err(SearchError::Damaged(cause.to_string())),
    }
}

fn merge_policy() -> Box<LogMergePolicy> {
    let mut policy = LogMergePolicy::default();
    policy.set_del_docs_ratio_before_merge(DELETED_SHARE);
    Box::new(policy)
}

fn commit(writer: &mut IndexWriter, position: u64) -> tantivy::Result<()> {
    let mut prepared = writer.prepare_commit()?;
    prepared.set_payload(&position.to_string());
    prepared.commit().map(|_| ())
}

fn segments_with_deletes(index: &Index) -> tantivy::Result<Vec<tantivy::index::SegmentId>> {
    let metas = index.searchable_segment_metas()?;
    let deleted = metas.iter().filter(|meta| meta.num_deleted_docs() > 0);
    Ok(deleted.map(|meta| meta.id()).collect())
}
