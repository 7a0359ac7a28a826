//! Which terms of the index a beginning or a misspelt word stands for.

use std::collections::HashMap;

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
    }
    Ok(tally.most_frequent())
}

#[derive(Default)]
struct Tally(HashMap<Vec<u8>, u64>);

impl Tally {
    fn count(&mut self, term: &[u8], documents: u32) {
        match self.0.get_mut(term) {
            Some(known) => *known += u64::from(documents),
            None => {
                self.0.insert(term.to_owned(), u64::from(documents));
            }
        }
    }

    fn most_frequent(self) -> Vec<String> {
        let mut all: Vec<(u64, Vec<u8>)> = self.0.into_iter().map(|(term, n)| (n, term)).collect();
        let by_frequency = |a: &(u64, Vec<u8>), b: &(u64, Vec<u8>)| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1));
        if all.len() > MAX_EXPANSIONS {
            all.select_nth_unstable_by(MAX_EXPANSIONS, by_frequency);
            all.truncate(MAX_EXPANSIONS);
        }
        all.sort_unstable_by(by_frequency);
        all.into_iter()
            .filter_map(|(_, term)| String::from_utf8(term).ok())
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
