//! Tests of search through its own face: what is put in, what is asked, what comes back.

mod files;
mod filters;
mod finding;
mod parsing;
mod ranking;
mod snippets;

use jiff::tz::TimeZone;

use super::*;
use crate::domain::{ChannelId, ContactId, ConversationId, Direction, MessageId, Timestamp, WorkspaceId};

pub const HOME: WorkspaceId = WorkspaceId([1; 16]);
pub const OTHER: WorkspaceId = WorkspaceId([2; 16]);
/// 2026-03-01T00:00:00Z.
pub const NOW: Timestamp = Timestamp(1_772_323_200_000_000);

pub fn parse(text: &str) -> Query {
    Query::parse(text, &TimeZone::UTC, NOW)
}

/// An index in a directory of its own.
pub struct Bench {
    pub dir: tempfile::TempDir,
    pub index: SearchIndex,
    pub names: Names,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory for a test");
        let index = SearchIndex::open(dir.path()).expect("an empty directory can be opened");
        Self {
            dir,
            index,
            names: Names::default(),
        }
    }

    /// With one message for each text, numbered from 1, each an hour newer than the one before.
    pub fn with(texts: &[&str]) -> Self {
        let bench = Self::new();
        for (n, text) in (1..).zip(texts) {
            bench.put(&message(n, text));
        }
        bench.commit();
        bench
    }

    pub fn put(&self, doc: &SearchDocument) {
        self.index.upsert(doc).expect("a document can be added");
    }

    pub fn commit(&self) {
        self.index
            .commit(self.index.position() + 1)
            .expect("a commit succeeds");
    }

    pub fn page(&self, query: &str, limit: usize, cursor: Option<&str>) -> SearchPage {
        self.page_in(HOME, query, limit, cursor)
    }

    pub fn page_in(
        &self,
        workspace: WorkspaceId,
        query: &str,
        limit: usize,
        cursor: Option<&str>,
    ) -> SearchPage {
        let request = SearchRequest {
            query: &parse(query),
            names: &self.names,
            kinds: &[],
            conversation: None,
            limit,
            cursor,
            now: NOW,
            accept: &|_| true,
        };
        self.index.search(workspace, &request).expect("a search succeeds")
    }

    /// The numbers of the messages that are found, sorted.
    pub fn find(&self, query: &str) -> Vec<u32> {
        let mut found = numbers(&self.page(query, 100, None));
        found.sort_unstable();
        found
    }

    /// The same, without near misses.
    pub fn find_exactly(&self, query: &str) -> Vec<u32> {
        match self.page(query, 100, None).fuzzy {
            true => Vec::new(),
            false => self.find(query),
        }
    }
}

/// The numbers of messages, in the order of the page; 0 for a contact.
pub fn numbers(page: &SearchPage) -> Vec<u32> {
    let number = |hit: &Hit| match hit.id {
        DocumentId::Message(id) => id.n,
        DocumentId::Contact(_) => 0,
    };
    page.hits.iter().map(number).collect()
}

/// Message `n` of a conversation, written by the customer `n` hours after [`NOW`] less 1000 hours.
pub fn message(n: u32, text: &str) -> SearchDocument {
    SearchDocument {
        kind: DocumentKind::Message,
        id: DocumentId::Message(MessageId {
            conversation: ConversationId([7; 16]),
            n,
        }),
        workspace: HOME,
        contact: ContactId([9; 16]),
        channel: Some(ChannelId([3; 16])),
        direction: Some(Direction::Inbound),
        author: None,
        text: text.to_owned(),
        at: NOW.plus((i64::from(n) - 1000) * crate::domain::time::HOUR),
    }
}

pub fn contact(number: u8, text: &str) -> SearchDocument {
    let id = ContactId([number; 16]);
    SearchDocument {
        kind: DocumentKind::Contact,
        id: DocumentId::Contact(id),
        workspace: HOME,
        contact: id,
        channel: None,
        direction: None,
        author: None,
        text: text.to_owned(),
        at: NOW.plus(-5000 * crate::domain::time::HOUR),
    }
}
