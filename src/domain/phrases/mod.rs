//! Everything that Frontdesk says to people in words of its own: one catalogue of English texts, each with a stable code.
//!
//! Owns the texts, how they are filled, and how a text is known again (so that one which was stored, or came up through an
//! error, can be told in another language by its code). Must not know who says them or where they are shown. Translations
//! lie with the browser app, under the same codes; a test holds both together.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::sync::LazyLock;

/// Writes a table of phrases as constants and as a list.
macro_rules! phrases {
    ($($name:ident = $code:literal: $text:literal;)*) => {
        $(#[doc = $text] pub const $name: Phrase = Phrase { code: $code, text: $text };)*
        pub(super) const ALL: &[Phrase] = &[$($name),*];
    };
}

mod alerts;
mod answers;
mod checks;
mod files;
mod notices;
mod policy;
mod sending;
mod templates;

pub use alerts::*;
pub use answers::*;
pub use checks::*;
pub use files::*;
pub use notices::*;
pub use policy::*;
pub use sending::*;
pub use templates::*;

/// Longest text that is looked up, in bytes; whatever is longer was not written by us.
const MAX_TEXT: usize = 4 * 1024;
/// How deep phrases may stand within one another (a reason within a finding within an alert).
const MAX_DEPTH: u8 = 3;
/// The hole that only a phrase of the catalogue may fill; it keeps wide patterns from taking strangers for ours.
const ADVICE: &str = "advice";

/// A text with a code. Holes stand in braces: `{name}`; `{…_at}` is a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Phrase {
    /// Stable, `snake_case`: never renamed, since clients count on it.
    pub code: &'static str,
    text: &'static str,
}

impl Phrase {
    /// The text as it stands, for a phrase without holes.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// The text with its holes filled; one that is not named stays as it is.
    pub fn with(&self, values: &[(&str, &dyn Display)]) -> String {
        let (literals, names) = split(self.text);
        let mut text = literals[0].to_owned();
        for (name, literal) in names.into_iter().zip(&literals[1..]) {
            match values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => text.push_str(&value.to_string()),
                None => text.extend(["{", name, "}"]),
            }
            text.push_str(literal);
        }
        text
    }
}

/// A text of ours that was known again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recognised {
    /// The phrase's code.
    pub code: &'static str,
    /// What fills its holes.
    pub values: BTreeMap<&'static str, Value>,
}

/// What fills a hole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// A figure, a name, a provider's own words.
    Text(String),
    /// Another phrase.
    Phrase(Recognised),
}

/// A phrase with holes, taken apart.
struct Pattern {
    code: &'static str,
    literals: Vec<&'static str>,
    names: Vec<&'static str>,
}

/// What stands between the holes (always one more than there are holes), and the holes' names.
fn split(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut literals, mut names, mut rest) = (Vec::new(), Vec::new(), text);
    while let Some((literal, tail)) = rest.split_once('{') {
        let Some((name, tail)) = tail.split_once('}') else {
            break;
        };
        literals.push(literal);
        names.push(name);
        rest = tail;
    }
    literals.push(rest);
    (literals, names)
}

/// Every phrase.
pub fn all() -> impl Iterator<Item = &'static Phrase> {
    let tables = [
        alerts::ALL,
        answers::ALL,
        checks::ALL,
        files::ALL,
        notices::ALL,
        policy::ALL,
        sending::ALL,
        templates::ALL,
    ];
    tables.into_iter().flatten()
}

static PLAIN: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let plain = all().filter(|phrase| !phrase.text.contains('{'));
    plain.map(|phrase| (phrase.text, phrase.code)).collect()
});

/// The most particular first: whatever says most in its own words.
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let mut patterns: Vec<Pattern> = all()
        .filter(|phrase| phrase.text.contains('{'))
        .map(|phrase| {
            let (literals, names) = split(phrase.text);
            Pattern {
                code: phrase.code,
                literals,
                names,
            }
        })
        .collect();
    patterns
        .sort_by_key(|pattern| std::cmp::Reverse(pattern.literals.iter().map(|it| it.len()).sum::<usize>()));
    patterns
});

/// Which phrase a text is, if it is one of ours.
pub fn recognise(text: &str) -> Option<Recognised> {
    if text.is_empty() || text.len() > MAX_TEXT {
        return None;
    }
    within(text, 0)
}

fn within(text: &str, depth: u8) -> Option<Recognised> {
    if let Some(code) = PLAIN.get(text) {
        return Some(Recognised {
            code,
            values: BTreeMap::new(),
        });
    }
    if depth >= MAX_DEPTH {
        return None;
    }
    PATTERNS.iter().find_map(|pattern| pattern.matches(text, depth))
}

impl Pattern {
    fn matches(&self, text: &str, depth: u8) -> Option<Recognised> {
        let found = self.values(text)?;
        let mut values = BTreeMap::new();
        for (name, value) in self.names.iter().zip(found) {
            let value = match within(value, depth + 1) {
                Some(phrase) => Value::Phrase(phrase),
                None if *name == ADVICE => return None,
                None => Value::Text(value.to_owned()),
            };
            values.insert(*name, value);
        }
        Some(Recognised {
            code: self.code,
            values,
        })
    }

    /// What stands in the holes, each as short as it can be; the last one takes what is left.
    fn values<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let (first, rest) = self.literals.split_first()?;
        let (last, inner) = rest.split_last()?;
        let mut text = text.strip_prefix(first)?.strip_suffix(last)?;
        let mut values = Vec::with_capacity(self.names.len());
        for literal in inner {
            let (value, tail) = text.split_once(literal)?;
            values.push(value);
            text = tail;
        }
        values.push(text);
        values.iter().all(|value| !value.is_empty()).then_some(values)
    }
}

#[cfg(test)]
mod tests;
