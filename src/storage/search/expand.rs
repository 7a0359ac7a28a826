//! Which terms of the index a beginning or a misspelt word stands for.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

use super::error::SearchError;

/// Most terms that one word of a query may stand for; the most frequent count.
const MAX_EXPANSIONS: usize = 64;
/// Most terms that are looked at in a segment.
const MAX_SCANNED: usize = 50_000;
/// Letters from which on one wrong letter is forgiven.
pub const ONE_ERROR_FROM: usize = 4;
/// Letters from which on two are.
pub const TWO_ERRORS_FROM: usize = 8;

/// The most frequent terms that begin with `prefix`.
pub fn beginning(searcher: &Searcher, field: Field, prefix: &str) -> Result<Vec<String>, SearchError> {
    let mut tally = Tally::default();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(field).map_err(failed)?;
        let mut range = index.terms().range().ge(prefix);
        if let Some(end) = end_of_prefix(prefix) {
            range = range.lt(end);
        }
        let mut stream = range.into_stream().map_err(failed)?;
        let mut scanned = 0;
        while scanned < MAX_SCANNED && stream.advance() {
            tally.count(stream.key(), stream.value().doc_freq);
            scanned += 1;
        }
        tally.end_segment();
    }
    Ok(tally.most_frequent())
}

/// The most frequent terms that differ from `word` by one letter, or if there are none, by two; nothing for short words.
pub fn near(
    searcher: &Searcher,
    field: Field,
    word: &str,
    is_prefix: bool,
) -> Result<Vec<String>, SearchError> {
    let letters = word.chars().count();
    let most = allowed_errors(letters);
    for errors in 1..=most {
        let found = within(searcher, field, word, errors, is_prefix)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// How many wrong letters a word of so many letters is forgiven.
pub const fn allowed_errors(letters: usize) -> u8 {
    match letters {
        TWO_ERRORS_FROM.. => 2,
        ONE_ERROR_FROM.. => 1,
        _ => 0,
    }
}

fn within(
    searcher: &Searcher,
    field: Field,
    word: &str,
    errors: u8,
    is_prefix: bool,
) -> Result<Vec<String>, SearchError> {
    let term = Term::from_field_text(field, word);
    let query = match is_prefix {
        true => FuzzyTermQuery::new_prefix(term, errors, true),
        false => FuzzyTermQuery::new(term, errors, true),
    };
    let mut tally = Tally::default();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(field).map_err(failed)?;
        let automaton = query.automaton().map_err(failed)?;
        let mut stream = index.terms().search(automaton).into_stream().map_err(failed)?;
        let mut scanned = 0;
        while scanned < MAX_SCANNED && stream.advance() {
            tally.count(stream.key(), stream.value().doc_freq);
            scanned += 1;
        }
        tally.end_segment();
    }
    Ok(tally.most_frequent())
}

/// Counts terms over segments. Of each segment only the most frequent are kept, so that a single letter, which begins
/// tens of thousands of terms, costs no more than looking at them.
#[derive(Default)]
struct Tally {
    segment: BinaryHeap<Reverse<(u32, Vec<u8>)>>,
    all: HashMap<Vec<u8>, u64>,
}

impl Tally {
    fn count(&mut self, term: &[u8], documents: u32) {
        let least = self.segment.peek().map_or(0, |Reverse((least, _))| *least);
        if self.segment.len() < MAX_EXPANSIONS {
            self.segment.push(Reverse((documents, term.to_owned())));
        } else if documents > least {
            self.segment.pop();
            self.segment.push(Reverse((documents, term.to_owned())));
        }
    }

    fn end_segment(&mut self) {
        for Reverse((documents, term)) in self.segment.drain() {
            *self.all.entry(term).or_default() += u64::from(documents);
        }
    }

    fn most_frequent(self) -> Vec<String> {
        let mut all: Vec<(Vec<u8>, u64)> = self.all.into_iter().collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(MAX_EXPANSIONS);
        all.into_iter()
            .filter_map(|(term, _)| String::from_utf8(term).ok())
            .collect()
    }
}

/// The first text after everything that begins with `prefix`.
fn end_of_prefix(prefix: &str) -> Option<Vec<u8>> {
    let mut end = prefix.as_bytes().to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

fn failed<E: std::fmt::Display>(cause: E) -> SearchError {
    SearchError::while_doing("looking up words")(cause)
}
