//! The part of a text that shows why it was found, cut from the record's text with the analysis of the index.
//!
//! Must not know the index: given a text and a query it works on its own.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::expand::allowed_errors;
use super::query::{Clause, Form, Query};
use super::text::{self, Piece};

/// Longest snippet in characters.
pub const MAX_SNIPPET_CHARS: usize = 160;
/// Characters before the first hit, at most.
const LEAD_CHARS: usize = 40;
const ELLIPSIS: &str = "…";

/// A stretch of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The text.
    pub text: String,
    /// Whether it is what was looked for.
    pub hit: bool,
}

/// Cuts the best part out of `text`: at most [`MAX_SNIPPET_CHARS`] characters, never through what a reader sees as one
/// character. Without a hit it is the beginning; for a text without anything, nothing.
pub fn snippet(text: &str, query: &Query) -> Vec<Fragment> {
    let text = text::cut(text, text::MAX_TEXT_BYTES);
    let mut hits = hits(text, query, false);
    if hits.is_empty() {
        hits = self::hits(text, query, true);
    }
    hits.sort_by_key(|hit| (hit.range.start, hit.range.end));
    let window = window(text, &hits);
    fragments(text, &window, &merged(hits, &window))
}

struct Found {
    range: Range<usize>,
    clause: usize,
}

fn hits(text: &str, query: &Query, near: bool) -> Vec<Found> {
    let pieces = text::pieces(text);
    let wanted = query
        .clauses
        .iter()
        .enumerate()
        .filter(|(_, clause)| !clause.negated);
    let mut found = Vec::new();
    for (clause, wanted) in wanted {
        let ranges = Wanted::new(wanted, near).ranges(text, &pieces);
        found.extend(ranges.into_iter().map(|range| Found { range, clause }));
    }
    found
}

/// What a clause looks for in a text.
struct Wanted {
    /// Words next to one another.
    words: Vec<String>,
    /// Characters next to one another.
    runs: Vec<Vec<char>>,
    /// Digits next to one another, whatever stands between them.
    digits: Option<String>,
    is_prefix: bool,
    near: bool,
}

impl Wanted {
    fn new(clause: &Clause, near: bool) -> Self {
        let (mut words, mut runs) = (Vec::new(), Vec::new());
        let pieces = text::pieces(&clause.text);
        let ends_in_word = matches!(pieces.last(), Some(Piece::Word { .. }));
        for piece in pieces {
            match piece {
                Piece::Word { text, .. } => words.push(text),
                Piece::Run(run) => runs.push(run.iter().map(|one| one.c).collect()),
            }
        }
        Self {
            words,
            runs,
            digits: match clause.form {
                Form::Phrase => None,
                _ => text::number_form(&clause.text),
            },
            is_prefix: clause.form == Form::Prefix && ends_in_word,
            near: near && matches!(clause.form, Form::Word | Form::Prefix),
        }
    }

    fn ranges(&self, text: &str, pieces: &[Piece]) -> Vec<Range<usize>> {
        let mut ranges = self.word_ranges(pieces);
        for run in &self.runs {
            ranges.extend(run_ranges(run, pieces));
        }
        if let Some(digits) = &self.digits {
            ranges.extend(digit_ranges(digits, text));
        }
        ranges
    }

    fn word_ranges(&self, pieces: &[Piece]) -> Vec<Range<usize>> {
        let words: Vec<(&str, Range<usize>)> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Word { text, start, end } => Some((text.as_str(), *start..*end)),
                Piece::Run(_) => None,
            })
            .collect();
        if self.words.is_empty() {
            return Vec::new();
        }
        let last = self.words.len() - 1;
        let windows = words.windows(self.words.len()).filter(|window| {
            let mut pairs = self.words.iter().zip(window.iter()).enumerate();
            pairs.all(|(i, (wanted, (word, _)))| self.fits(wanted, word, i == last))
        });
        windows.flatten().map(|(_, range)| range.clone()).collect()
    }

    fn fits(&self, wanted: &str, word: &str, is_last: bool) -> bool {
        let (wanted_form, form) = (text::query_form(wanted), text::query_form(word));
        let is_exact = wanted_form == form || wanted_form == word;
        let begins = self.is_prefix && is_last;
        let is_begun = begins && (word.starts_with(wanted) || form.starts_with(wanted_form));
        is_exact || is_begun || (self.near && is_near(wanted_form, form, begins))
    }
}

/// Whether a word is one that a misspelt one may stand for.
fn is_near(wanted: &str, word: &str, is_prefix: bool) -> bool {
    let wanted: Vec<char> = wanted.chars().collect();
    let word: Vec<char> = word.chars().collect();
    let allowed = usize::from(allowed_errors(wanted.len()));
    if allowed == 0 || word.len() + allowed < wanted.len() {
        return false;
    }
    let last = distances(&wanted, &word);
    match is_prefix {
        true => last.iter().any(|distance| *distance <= allowed),
        false => last.last().is_some_and(|distance| *distance <= allowed),
    }
}

/// The distance (insert, delete, replace, swap neighbours) of `wanted` from each beginning of `word`.
fn distances(wanted: &[char], word: &[char]) -> Vec<usize> {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=word.len()).collect();
    for (i, a) in wanted.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in word.iter().enumerate() {
            let mut best = (above[j] + usize::from(a != b))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *a == word[j - 1] && wanted[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above
}

fn run_ranges(wanted: &[char], pieces: &[Piece]) -> Vec<Range<usize>> {
    let runs = pieces.iter().filter_map(|piece| match piece {
        Piece::Run(run) => Some(run),
        Piece::Word { .. } => None,
    });
    let windows = runs.flat_map(|run| run.windows(wanted.len()));
    let fitting = windows.filter(|window| window.iter().map(|one| one.c).eq(wanted.iter().copied()));
    fitting
        .filter_map(|window| Some(window.first()?.start..window.last()?.end))
        .collect()
}

fn digit_ranges(wanted: &str, text: &str) -> Vec<Range<usize>> {
    let digits: Vec<(u8, Range<usize>)> = text
        .char_indices()
        .filter_map(|(start, c)| Some((text::digit(c)?, start..start + c.len_utf8())))
        .collect();
    let windows = digits.windows(wanted.len());
    let fitting = windows.filter(|window| window.iter().map(|(digit, _)| *digit).eq(wanted.bytes()));
    fitting
        .filter_map(|window| Some(window.first()?.1.start..window.last()?.1.end))
        .filter(|range| range.len() <= 4 * wanted.len())
        .collect()
}

/// The part of the text to show: around the place with the most different things that were looked for.
fn window(text: &str, hits: &[Found]) -> Range<usize> {
    let room = MAX_SNIPPET_CHARS - 2 * ELLIPSIS.chars().count();
    let starts: Vec<usize> = text.grapheme_indices(true).map(|(start, _)| start).collect();
    if text.chars().count() <= MAX_SNIPPET_CHARS {
        return 0..text.len();
    }
    let mut best = (0, 0..end_of_room(text, &starts, 0, room));
    for hit in hits {
        let start = start_before(text, &starts, hit.range.start);
        let range = start..end_of_room(text, &starts, start, room);
        let mut clauses: Vec<usize> = hits
            .iter()
            .filter(|other| range.start <= other.range.start && other.range.end <= range.end)
            .map(|other| other.clause)
            .collect();
        clauses.sort_unstable();
        clauses.dedup();
        if clauses.len() > best.0 {
            best = (clauses.len(), range);
        }
    }
    best.1
}

/// Where to begin so that the hit has some words before it.
fn start_before(text: &str, starts: &[usize], hit: usize) -> usize {
    let at = starts.partition_point(|start| *start <= hit).saturating_sub(1);
    let mut chars = 0;
    let mut first = at;
    while first > 0 {
        chars += text[starts[first - 1]..starts[first]].chars().count();
        if chars > LEAD_CHARS {
            break;
        }
        first -= 1;
    }
    let is_blank = |i: usize| text[starts[i]..].starts_with(char::is_whitespace);
    let word = (first..at).find(|i| *i == 0 || is_blank(*i - 1));
    starts.get(word.unwrap_or(first)).copied().unwrap_or(0)
}

fn end_of_room(text: &str, starts: &[usize], from: usize, room: usize) -> usize {
    let first = starts.partition_point(|start| *start < from);
    let ends = starts
        .get(first + 1..)
        .unwrap_or_default()
        .iter()
        .copied()
        .chain([text.len()]);
    let mut chars = 0;
    let mut end = from;
    for next in ends {
        chars += text[end..next].chars().count();
        if chars > room {
            break;
        }
        end = next;
    }
    end
}

/// The hits within the window, joined where they touch, at the borders of visible characters.
fn merged(hits: Vec<Found>, window: &Range<usize>) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for Found { range, .. } in hits {
        let range = range.start.max(window.start)..range.end.min(window.end);
        match merged.last_mut() {
            _ if range.is_empty() => {}
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

fn fragments(text: &str, window: &Range<usize>, hits: &[Range<usize>]) -> Vec<Fragment> {
    let mut fragments: Vec<Fragment> = Vec::new();
    let mut push = |text: &str, hit: bool| match fragments.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.hit == hit => last.text.push_str(text),
        _ => fragments.push(Fragment {
            text: text.to_owned(),
            hit,
        }),
    };
    if window.start > 0 {
        push(ELLIPSIS, false);
    }
    let mut at = window.start;
    for hit in hits {
        push(&text[at..hit.start], false);
        push(&text[hit.clone()], true);
        at = hit.end;
    }
    push(&text[at..window.end], false);
    if window.end < text.len() {
        push(ELLIPSIS, false);
    }
    fragments
}
