//! The fields of the index and how a document fills them.
//!
//! Owns [`VERSION`]: a change of a field, a tag or of the analysis in `text` needs the next one, and every index of
//! another version is dropped and built again.

use tantivy::schema::{
    BytesOptions, FAST, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{IndexSettings, IndexSortByField, Order, TantivyDocument, Term};

use crate::domain::{ContactId, ConversationId, Direction, MessageId, WorkspaceId};

use super::document::{DocumentId, DocumentKind, SearchDocument};
use super::text;

/// The version of everything that decides what stands in the index; part of the directory's name.
pub const VERSION: u32 = 1;

/// The column of times, by which each segment is sorted, newest first.
pub const AT: &str = "at";
/// Columns that carry the ids.
pub const KIND: &str = "kind";
pub const CONVERSATION: [&str; 2] = ["conversation_a", "conversation_b"];
pub const CONTACT: [&str; 2] = ["contact_a", "contact_b"];
pub const N: &str = "n";

/// The fields.
#[derive(Clone, Copy)]
pub struct Fields {
    /// Workspace and id: what a document is replaced and removed by.
    pub key: Field,
    /// What filters look up; see [`Tag`].
    pub tags: Field,
    pub words: Field,
    pub pairs: Field,
    pub digits: Field,
    at: Field,
    kind: Field,
    conversation: [Field; 2],
    contact: [Field; 2],
    n: Field,
}

/// Makes the schema and its fields.
pub fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let lookup = BytesOptions::default().set_indexed();
    let text = |norms: bool| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions)
            .set_fieldnorms(norms);
        TextOptions::default().set_indexing_options(indexing)
    };
    let column = NumericOptions::from(FAST);
    let fields = Fields {
        key: builder.add_bytes_field("key", lookup.clone()),
        tags: builder.add_bytes_field("tags", lookup),
        words: builder.add_text_field("words", text(true)),
        pairs: builder.add_text_field("pairs", text(true)),
        digits: builder.add_text_field("digits", text(false)),
        at: builder.add_i64_field(AT, column.clone()),
        kind: builder.add_u64_field(KIND, column.clone()),
        conversation: CONVERSATION.map(|name| builder.add_u64_field(name, column.clone())),
        contact: CONTACT.map(|name| builder.add_u64_field(name, column.clone())),
        n: builder.add_u64_field(N, column),
    };
    (builder.build(), fields)
}

/// How segments are laid out: newest first, so that the newest hits are met first.
pub fn settings() -> IndexSettings {
    IndexSettings {
        sort_by_field: Some(IndexSortByField {
            field: AT.into(),
            order: Order::Desc,
        }),
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    }
}

/// What a filter can look up. Every tag begins with the workspace, so that not even a filter can meet another one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// Everything of the workspace.
    Workspace,
    Kind(DocumentKind),
    Inbound,
    Outbound,
    Channel([u8; 16]),
    Author([u8; 16]),
    Contact([u8; 16]),
    Conversation([u8; 16]),
}

impl From<Direction> for Tag {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Inbound => Self::Inbound,
            Direction::Outbound => Self::Outbound,
        }
    }
}

impl Tag {
    /// The bytes that are looked up.
    pub fn bytes(self, workspace: WorkspaceId) -> Vec<u8> {
        let (letter, value): (u8, &[u8]) = match &self {
            Self::Workspace => (b'w', &[]),
            Self::Kind(kind) => (b'k', &[*kind as u8]),
            Self::Inbound => (b'i', &[]),
            Self::Outbound => (b'o', &[]),
            Self::Channel(id) => (b'h', id),
            Self::Author(id) => (b'a', id),
            Self::Contact(id) => (b'c', id),
            Self::Conversation(id) => (b'v', id),
        };
        [&workspace.0[..], &[letter], value].concat()
    }
}

impl Fields {
    /// The term of a tag.
    pub fn tag(&self, workspace: WorkspaceId, tag: Tag) -> Term {
        Term::from_field_bytes(self.tags, &tag.bytes(workspace))
    }

    /// The term that a document is replaced and removed by.
    pub fn key(&self, workspace: WorkspaceId, id: &DocumentId) -> Term {
        Term::from_field_bytes(self.key, &key_bytes(workspace, id))
    }

    /// The document as tantivy takes it.
    pub fn document(&self, doc: &SearchDocument) -> TantivyDocument {
        let mut out = TantivyDocument::new();
        out.add_bytes(self.key, &key_bytes(doc.workspace, &doc.id));
        for tag in tags(doc) {
            out.add_bytes(self.tags, &tag.bytes(doc.workspace));
        }
        let terms = text::terms(&doc.text);
        for (field, terms) in [
            (self.words, terms.words),
            (self.pairs, terms.pairs),
            (self.digits, terms.digits),
        ] {
            if !terms.is_empty() {
                out.add_pre_tokenized_text(field, tokenized(terms));
            }
        }
        let (conversation, n) = match doc.id {
            DocumentId::Message(id) => (id.conversation, id.n),
            DocumentId::Contact(_) => (ConversationId([0; 16]), 0),
        };
        out.add_i64(self.at, doc.at.0);
        out.add_u64(self.kind, doc.kind as u64);
        out.add_u64(self.n, u64::from(n));
        add_halves(&mut out, self.conversation, conversation.0);
        add_halves(&mut out, self.contact, doc.contact.0);
        out
    }
}

fn add_halves(out: &mut TantivyDocument, fields: [Field; 2], id: [u8; 16]) {
    let whole = u128::from_be_bytes(id);
    out.add_u64(fields[0], (whole >> 64) as u64);
    out.add_u64(fields[1], whole as u64);
}

/// The opposite of what [`Fields::document`] does to ids.
pub const fn from_halves(high: u64, low: u64) -> [u8; 16] {
    (((high as u128) << 64) | low as u128).to_be_bytes()
}

fn key_bytes(workspace: WorkspaceId, id: &DocumentId) -> Vec<u8> {
    match id {
        DocumentId::Message(MessageId { conversation, n }) => {
            [&workspace.0[..], b"m", &conversation.0, &n.to_be_bytes()].concat()
        }
        DocumentId::Contact(ContactId(id)) => [&workspace.0[..], b"c", id].concat(),
    }
}

fn tags(doc: &SearchDocument) -> impl Iterator<Item = Tag> {
    let always = [Tag::Workspace, Tag::Kind(doc.kind), Tag::Contact(doc.contact.0)];
    let sometimes = [
        doc.direction.map(Tag::from),
        doc.channel.map(|id| Tag::Channel(id.0)),
        doc.author.map(|id| Tag::Author(id.0)),
        doc.conversation().map(|id| Tag::Conversation(id.0)),
    ];
    always.into_iter().chain(sometimes.into_iter().flatten())
}

fn tokenized(terms: Vec<text::Term>) -> PreTokenizedString {
    let tokens = terms.into_iter().map(|term| Token {
        position: term.position,
        text: term.text,
        ..Token::default()
    });
    PreTokenizedString {
        text: String::new(),
        tokens: tokens.collect(),
    }
}
