//! Running a plan: ranking by BM25 with a mild preference for what is recent, pages, and the check by the caller.
//!
//! Every segment is sorted by time, newest first. So a query without words ends as soon as a page is full, time bounds
//! are found by bisection, and words that stand everywhere are ranked among the newest documents only ([`MAX_RANKED`],
//! [`MAX_SCANNED`]), which bounds the time of every search whatever the size of the index.

use std::collections::BinaryHeap;
use std::hash::Hash;
use std::sync::Arc;

use tantivy::columnar::ColumnValues;
use tantivy::query::{EnableScoring, Scorer, Weight};
use tantivy::{DocId, Searcher, SegmentReader, TERMINATED};

use crate::domain::time::HOUR;
use crate::domain::{ContactId, ConversationId, MessageId, Timestamp, WorkspaceId};

use super::cursor::{Cursor, Place, fingerprint};
use super::document::{DocumentId, DocumentKind};
use super::error::SearchError;
use super::plan::{Plan, Planner};
use super::query::{Names, Query};
use super::schema::{AT, CONTACT, CONVERSATION, Fields, KIND, N, from_halves};

/// Most hits on a page.
pub const MAX_LIMIT: usize = 100;
/// Most matching documents that are ranked, the newest first.
pub const MAX_RANKED: usize = 50_000;
/// Documents, newest first, after which the search ends if it has ranked [`ENOUGH`] by then.
pub const MAX_SCANNED: u32 = 200_000;
/// More than anyone pages through: a search with fewer matches looks through everything.
pub const ENOUGH: usize = 1_000;
/// Most hits that the caller's check sees for one page.
const MAX_EXAMINED: usize = 4_000;
/// How much more a document of this moment counts than an old one.
const RECENCY: f32 = 0.25;
/// After how many hours that preference is half.
const HALF_LIFE_HOURS: f32 = 30.0 * 24.0;

/// What to look for and how to answer.
pub struct SearchRequest<'a> {
    /// What to look for.
    pub query: &'a Query,
    /// The names that filters may use.
    pub names: &'a Names,
    /// Only these kinds; all if empty.
    pub kinds: &'a [DocumentKind],
    /// Only in this conversation.
    pub conversation: Option<ConversationId>,
    /// Hits on the page, at most [`MAX_LIMIT`].
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<&'a str>,
    /// The present, for recency.
    pub now: Timestamp,
    /// Whether a hit may be shown: permissions, and state that changes without the document
    /// ([`Query::accepts`]). Called in the order of rank, a few times more often than the page is long.
    pub accept: &'a dyn Fn(&Hit) -> bool,
}

/// A document that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// What it is.
    pub kind: DocumentKind,
    /// Which one.
    pub id: DocumentId,
    /// The conversation of a message or note.
    pub conversation: Option<ConversationId>,
    /// The customer.
    pub contact: ContactId,
    /// When.
    pub at: Timestamp,
    /// How well it fits; only comparable within one search. 0 for queries without words.
    pub score: f32,
}

/// A page of hits, best first; newest first for a query without words.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage {
    /// The hits.
    pub hits: Vec<Hit>,
    /// Where the next page begins. A page may be short and still have a next one, when `accept` refused much.
    pub next_cursor: Option<String>,
    /// Nothing had the words as typed; these have words like them.
    pub fuzzy: bool,
}

/// Answers a request.
pub fn page(
    searcher: &Searcher,
    fields: &Fields,
    workspace: WorkspaceId,
    request: &SearchRequest<'_>,
) -> Result<SearchPage, SearchError> {
    let asked = asked(workspace, request);
    let cursor = match request.cursor.map(Cursor::decode) {
        None => None,
        Some(Some(cursor)) if cursor.query == asked => Some(cursor),
        Some(_) => return Err(SearchError::BadCursor),
    };
    let mut start = Cursor {
        query: asked,
        now: cursor.map_or(request.now, |cursor| cursor.now),
        fuzzy: cursor.is_some_and(|cursor| cursor.fuzzy),
        after: cursor.map_or(FIRST, |cursor| cursor.after),
    };
    let planner = |fuzzy| Planner {
        searcher,
        fields,
        workspace,
        fuzzy,
    };
    let plan = planner(start.fuzzy).plan(request)?;
    let (page, examined) = fill(searcher, &plan, request, start)?;
    if examined > 0 || cursor.is_some() || !plan.ranked {
        return Ok(page);
    }
    start.fuzzy = true;
    let near = planner(true).plan(request)?;
    let (near, found) = fill(searcher, &near, request, start)?;
    Ok(if found > 0 { near } else { page })
}

/// A number for what a cursor belongs to.
fn asked(workspace: WorkspaceId, request: &SearchRequest<'_>) -> u64 {
    fingerprint(&Asked {
        workspace,
        query: format!("{:?}", request.query),
        kinds: request.kinds,
        conversation: request.conversation,
    })
}

#[derive(Hash)]
struct Asked<'a> {
    workspace: WorkspaceId,
    query: String,
    kinds: &'a [DocumentKind],
    conversation: Option<ConversationId>,
}

/// Before every place.
const FIRST: Place = Place {
    score: f32::MAX,
    at: i64::MAX,
    kind: DocumentKind::Message,
    id: DocumentId::Message(MessageId {
        conversation: ConversationId([0; 16]),
        n: 0,
    }),
};

/// Fills a page with what the caller accepts; also answers how many hits it was shown.
fn fill(
    searcher: &Searcher,
    plan: &Plan,
    request: &SearchRequest<'_>,
    start: Cursor,
) -> Result<(SearchPage, usize), SearchError> {
    let limit = request.limit.clamp(1, MAX_LIMIT);
    let mut page = SearchPage {
        hits: Vec::with_capacity(limit),
        next_cursor: None,
        fuzzy: start.fuzzy,
    };
    let (mut last, mut examined, mut batch) = (start.after, 0, limit + 1);
    loop {
        let found = collect(
            searcher,
            plan,
            &Window {
                after: last,
                limit: batch,
                now: start.now,
            },
        )?;
        let is_end = found.len() < batch;
        for found in found {
            if page.hits.len() == limit || examined == MAX_EXAMINED {
                page.next_cursor = Some(Cursor { after: last, ..start }.encode());
                return Ok((page, examined));
            }
            last = found.place;
            examined += 1;
            let hit = found.into_hit();
            if (request.accept)(&hit) {
                page.hits.push(hit);
            }
        }
        if is_end {
            return Ok((page, examined));
        }
        batch = (batch * 4).min(MAX_EXAMINED - examined + 1);
    }
}

/// Which part of a ranking is wanted.
pub struct Window {
    /// Only what comes after this place.
    after: Place,
    /// So many.
    limit: usize,
    /// The present.
    now: Timestamp,
}

impl Window {
    /// The first `limit`.
    pub const fn newest(limit: usize) -> Self {
        Self {
            after: FIRST,
            limit,
            now: Timestamp(0),
        }
    }
}

/// A document with its place in the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub place: Place,
    pub contact: ContactId,
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Found {
    fn into_hit(self) -> Hit {
        let Place { score, at, kind, id } = self.place;
        Hit {
            kind,
            id,
            conversation: match id {
                DocumentId::Message(id) => Some(id.conversation),
                DocumentId::Contact(_) => None,
            },
            contact: self.contact,
            at: Timestamp(at),
            score,
        }
    }
}

/// The best documents of a window, in order.
pub fn collect(searcher: &Searcher, plan: &Plan, window: &Window) -> Result<Vec<Found>, SearchError> {
    let scoring = match plan.ranked {
        true => EnableScoring::enabled_from_searcher(searcher),
        false => EnableScoring::disabled_from_searcher(searcher),
    };
    let weight = plan.query.weight(scoring).map_err(failed)?;
    let mut segments = Vec::new();
    for segment in searcher.segment_readers() {
        segments.push((Columns::open(segment).map_err(failed)?, segment));
    }
    segments.sort_by_key(|(columns, _)| std::cmp::Reverse(columns.newest()));
    let mut scan = Scan {
        plan,
        window,
        best: BinaryHeap::with_capacity(window.limit + 1),
        ranked: 0,
        scanned: 0,
    };
    for (columns, segment) in segments {
        if !scan.is_enough(0) {
            scan.segment(&columns, segment, weight.as_ref()).map_err(failed)?;
        }
    }
    Ok(scan.best.into_sorted_vec())
}

struct Scan<'a> {
    plan: &'a Plan,
    window: &'a Window,
    /// The worst is on top.
    best: BinaryHeap<Found>,
    /// Matching documents that were ranked.
    ranked: usize,
    /// Documents of the segments before, whether they match or not.
    scanned: u32,
}

impl Scan<'_> {
    fn segment(
        &mut self,
        columns: &Columns,
        segment: &SegmentReader,
        weight: &dyn Weight,
    ) -> tantivy::Result<()> {
        let (first, end) = self.range(columns);
        if first >= end {
            return Ok(());
        }
        let mut scorer = weight.scorer(segment, 1.0)?;
        let mut doc = scorer.doc();
        if doc < first {
            doc = scorer.seek(first);
        }
        let alive = segment.alive_bitset();
        while doc < end {
            if alive.is_none_or(|alive| alive.is_alive(doc)) && !self.document(columns, doc, scorer.as_mut())
            {
                return Ok(());
            }
            if self.is_enough(doc - first) {
                self.scanned = self.scanned.saturating_add(doc - first);
                return Ok(());
            }
            doc = scorer.advance();
        }
        self.scanned = self.scanned.saturating_add(end - first);
        Ok(())
    }

    /// Whether what was ranked so far, `here` documents into this segment, will do.
    const fn is_enough(&self, here: u32) -> bool {
        let is_far = self.scanned.saturating_add(here) >= MAX_SCANNED;
        self.ranked >= MAX_RANKED || (is_far && self.ranked >= ENOUGH)
    }

    /// The documents of the segment that lie within the time that is asked for.
    fn range(&self, columns: &Columns) -> (DocId, DocId) {
        let from_cursor = match self.plan.ranked {
            true => i64::MAX,
            false => self.window.after.at,
        };
        let before = self.plan.before.unwrap_or(i64::MAX);
        let first = columns.first(|at| at < before && at <= from_cursor);
        let end = self
            .plan
            .after
            .map_or(columns.documents, |after| columns.first(|at| at < after));
        (first, end.min(TERMINATED))
    }

    /// Takes a document that matches; false if no later one of this segment can be wanted.
    fn document(&mut self, columns: &Columns, doc: DocId, scorer: &mut dyn Scorer) -> bool {
        let worst = match self.best.len() == self.window.limit {
            true => self.best.peek().map(|found| found.place),
            false => None,
        };
        if !self.plan.ranked {
            let at = columns.at.get_val(doc);
            if worst.is_some_and(|worst| at < worst.at) {
                return false;
            }
            self.offer(columns.found(doc, 0.0));
            return true;
        }
        self.ranked += 1;
        let score = scorer.score();
        if worst.is_none_or(|worst| score * (1.0 + RECENCY) >= worst.score) {
            let at = columns.at.get_val(doc);
            let score = score * (1.0 + RECENCY * recency(at, self.window.now));
            if worst.is_none_or(|worst| score >= worst.score) {
                self.offer(columns.found(doc, score));
            }
        }
        true
    }

    fn offer(&mut self, found: Found) {
        if found.place <= self.window.after {
            return;
        }
        if self.best.len() < self.window.limit {
            self.best.push(found);
        } else if let Some(mut worst) = self.best.peek_mut()
            && found < *worst
        {
            *worst = found;
        }
    }
}

/// From 1 for this moment (or later) towards 0 for the distant past.
fn recency(at: i64, now: Timestamp) -> f32 {
    let age_hours = now.since(Timestamp(at)).max(0) / HOUR;
    (-(age_hours as f32) / HALF_LIFE_HOURS).exp2()
}

struct Columns {
    documents: DocId,
    at: Arc<dyn ColumnValues<i64>>,
    kind: Arc<dyn ColumnValues<u64>>,
    conversation: [Arc<dyn ColumnValues<u64>>; 2],
    contact: [Arc<dyn ColumnValues<u64>>; 2],
    n: Arc<dyn ColumnValues<u64>>,
}

impl Columns {
    fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let fast = segment.fast_fields();
        let number = |name: &str| tantivy::Result::Ok(fast.u64(name)?.first_or_default_col(0));
        Ok(Self {
            documents: segment.max_doc(),
            at: fast.i64(AT)?.first_or_default_col(0),
            kind: number(KIND)?,
            conversation: [number(CONVERSATION[0])?, number(CONVERSATION[1])?],
            contact: [number(CONTACT[0])?, number(CONTACT[1])?],
            n: number(N)?,
        })
    }

    fn newest(&self) -> i64 {
        match self.documents {
            0 => i64::MIN,
            _ => self.at.get_val(0),
        }
    }

    /// The first document whose time fits; times fall with the number of the document.
    fn first(&self, fits: impl Fn(i64) -> bool) -> DocId {
        let (mut low, mut high) = (0, self.documents);
        while low < high {
            let middle = low + (high - low) / 2;
            match fits(self.at.get_val(middle)) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        low
    }

    fn found(&self, doc: DocId, score: f32) -> Found {
        let id = |halves: &[Arc<dyn ColumnValues<u64>>; 2]| {
            from_halves(halves[0].get_val(doc), halves[1].get_val(doc))
        };
        // A kind that is not known cannot stand in an index of this version.
        let kind = DocumentKind::from_u64(self.kind.get_val(doc)).unwrap_or(DocumentKind::Message);
        let contact = ContactId(id(&self.contact));
        let id = match kind {
            DocumentKind::Contact => DocumentId::Contact(contact),
            DocumentKind::Message | DocumentKind::Note => DocumentId::Message(MessageId {
                conversation: ConversationId(id(&self.conversation)),
                n: u32::try_from(self.n.get_val(doc)).unwrap_or(u32::MAX),
            }),
        };
        let at = self.at.get_val(doc);
        let place = Place { score, at, kind, id };
        Found { place, contact }
    }
}

fn failed<E: std::fmt::Display>(cause: E) -> SearchError {
    SearchError::while_doing("searching")(cause)
}
