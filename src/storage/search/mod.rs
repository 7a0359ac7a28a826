//! Full-text search: a derived index that can be thrown away and built again from the records.
//!
//! Owns the index files, how text becomes terms, the query language, ranking and snippets. It is the only place that
//! knows tantivy. Must not know the store, actors or HTTP: whoever reads the journal feeds it documents and commits with
//! the journal's position; whoever serves a query checks changing state (status, labels, unread) on the records, so that
//! the index is never stale about it.
//!
//! No text is stored: snippets are cut from the records' text by [`snippet`].

mod cursor;
mod document;
mod error;
mod expand;
mod files;
mod flat;
mod index;
mod plan;
mod query;
mod rank;
mod schema;
mod snippet;
mod text;

#[cfg(test)]
mod tests;

pub use document::{DocumentId, DocumentKind, SearchDocument, contact_text};
pub use error::SearchError;
pub use index::{Rebuild, SearchIndex};
pub use query::{Clause, Filter, Form, Names, Query, What};
pub use rank::{Hit, SearchPage, SearchRequest};
pub use snippet::{Fragment, snippet};
