//! From a parsed query to what tantivy runs.
//!
//! Owns the rule that nothing is looked up without the workspace: [`Planner::narrowed`] is the only place where a query
//! that is run is made, and its first clause is always the workspace as a Must.

use tantivy::Searcher;
use tantivy::Term;
use tantivy::query::{
    BooleanQuery, EmptyQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query as TantivyQuery, TermQuery,
    TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use crate::domain::{ContactId, WorkspaceId};

use super::document::DocumentKind;
use super::error::SearchError;
use super::expand;
use super::flat::Flat;
use super::query::{Clause, Filter, Form, Names, Query, What};
use super::rank::{self, SearchRequest, Window};
use super::schema::{Fields, Tag};
use super::text::{self, Piece, RunChar};

/// Most contacts that a name in `from:` or `to:` may stand for; the newest count.
const MAX_NAMED_CONTACTS: usize = 500;

type Boxed = Box<dyn TantivyQuery>;

/// A query that can be run.
pub struct Plan {
    /// What must match; holds the workspace.
    pub query: Boxed,
    /// Whether scores mean anything; if not, the newest come first.
    pub ranked: bool,
    /// Only earlier than this.
    pub before: Option<i64>,
    /// Only from this time on.
    pub after: Option<i64>,
}

/// Makes plans for one workspace over one state of the index.
pub struct Planner<'a> {
    pub searcher: &'a Searcher,
    pub fields: &'a Fields,
    pub workspace: WorkspaceId,
    /// Also take words that differ by a letter or two.
    pub fuzzy: bool,
}

impl Planner<'_> {
    /// The plan for a request.
    pub fn plan(&self, request: &SearchRequest<'_>) -> Result<Plan, SearchError> {
        let query = request.query;
        let mut parts = self.scope(request);
        let mut ranked = false;
        let mut has_words = false;
        for clause in &query.clauses {
            if let Some(matched) = self.clause(clause)? {
                has_words = true;
                ranked |= !clause.negated;
                parts.push(match clause.negated {
                    true => excluded(matched),
                    false => (Occur::Must, matched),
                });
            }
        }
        if !has_words && query.filters.is_empty() {
            // Nothing that can be looked up was asked for (only emoji, say).
            parts.push((Occur::Must, Box::new(EmptyQuery)));
        }
        parts.extend(self.filters(query, request.names)?);
        let (before, after) = bounds(&query.filters);
        Ok(Plan {
            query: self.narrowed(parts),
            ranked,
            before,
            after,
        })
    }

    /// The parts and the workspace.
    fn narrowed(&self, parts: Vec<(Occur, Boxed)>) -> Boxed {
        let mut all = vec![(Occur::Must, self.tag(Tag::Workspace))];
        all.extend(parts);
        Box::new(BooleanQuery::new(all))
    }

    fn scope(&self, request: &SearchRequest<'_>) -> Vec<(Occur, Boxed)> {
        let mut parts = Vec::new();
        if let Some(conversation) = request.conversation {
            parts.push((Occur::Must, self.tag(Tag::Conversation(conversation.0))));
        }
        if !request.kinds.is_empty() {
            let kinds = request.kinds.iter().map(|kind| Tag::Kind(*kind));
            parts.push((Occur::Must, self.any_tag(kinds)));
        }
        parts
    }

    fn filters(&self, query: &Query, names: &Names) -> Result<Vec<(Occur, Boxed)>, SearchError> {
        let mut parts = Vec::new();
        let mut alternatives: Vec<(std::mem::Discriminant<What>, Vec<Boxed>)> = Vec::new();
        for filter in &query.filters {
            let Some(matched) = self.filter(&filter.what, names)? else {
                continue;
            };
            let sort = std::mem::discriminant(&filter.what);
            match alternatives.iter_mut().find(|(known, _)| *known == sort) {
                _ if filter.negated => parts.push(excluded(matched)),
                Some((_, known)) => known.push(matched),
                None => alternatives.push((sort, vec![matched])),
            }
        }
        for (_, queries) in alternatives {
            parts.push((Occur::Must, Flat::boxed(union(queries), 0.0)));
        }
        let is_time = |filter: &Filter| matches!(filter.what, What::Before(_) | What::After(_));
        if !query.filters.iter().all(is_time) {
            // Every other filter speaks of messages.
            parts.push(excluded(self.tag(Tag::Kind(DocumentKind::Contact))));
        }
        Ok(parts)
    }

    fn filter(&self, what: &What, names: &Names) -> Result<Option<Boxed>, SearchError> {
        Ok(Some(match what {
            What::From(name) => {
                let users = names.find_users(name).into_iter().map(|user| Tag::Author(user.0));
                union(vec![self.any_tag(users), self.with_contacts(name, Tag::Inbound)?])
            }
            What::To(name) => self.with_contacts(name, Tag::Outbound)?,
            What::In(name) => {
                let channels = names.find_channels(name).into_iter();
                self.any_tag(channels.map(|channel| Tag::Channel(channel.0)))
            }
            What::Direction(direction) => self.tag(Tag::from(*direction)),
            What::Note => self.tag(Tag::Kind(DocumentKind::Note)),
            _ => return Ok(None),
        }))
    }

    /// Messages in one direction with contacts whose name or number fits.
    fn with_contacts(&self, name: &str, direction: Tag) -> Result<Boxed, SearchError> {
        let contacts = self.contacts(name)?;
        let contacts = self.any_tag(contacts.into_iter().map(|contact| Tag::Contact(contact.0)));
        let both = vec![(Occur::Must, contacts), (Occur::Must, self.tag(direction))];
        Ok(Box::new(BooleanQuery::new(both)))
    }

    fn contacts(&self, name: &str) -> Result<Vec<ContactId>, SearchError> {
        let mut parts = vec![(Occur::Must, self.tag(Tag::Kind(DocumentKind::Contact)))];
        let words = match text::numbers(name).as_slice() {
            [_] if !name.chars().any(char::is_alphabetic) => vec![(name, Form::Number)],
            _ => name.split_whitespace().map(|word| (word, Form::Prefix)).collect(),
        };
        for (word, form) in words {
            let clause = Clause {
                text: word.to_owned(),
                negated: false,
                form,
            };
            parts.extend(self.clause(&clause)?.map(|matched| (Occur::Must, matched)));
        }
        if parts.len() == 1 {
            return Ok(Vec::new());
        }
        let plan = Plan {
            query: self.narrowed(parts),
            ranked: false,
            before: None,
            after: None,
        };
        let found = rank::collect(self.searcher, &plan, &Window::newest(MAX_NAMED_CONTACTS))?;
        Ok(found.into_iter().map(|hit| hit.contact).collect())
    }

    /// What a word or phrase must match; `None` if nothing in it can be looked up.
    fn clause(&self, clause: &Clause) -> Result<Option<Boxed>, SearchError> {
        let is_prefix = clause.form == Form::Prefix;
        let words = match clause.form {
            Form::Number => {
                let parts = clause.text.split_whitespace();
                let parts = parts
                    .map(|part| self.text(part, false))
                    .collect::<Result<Vec<_>, _>>()?;
                intersection(parts.into_iter().flatten().collect())
            }
            _ => self.text(&clause.text, is_prefix)?,
        };
        let number = match clause.form {
            Form::Phrase => None,
            _ => self.number(&clause.text),
        };
        let fuzzy = match clause.form {
            Form::Word | Form::Prefix if self.fuzzy && !clause.negated => {
                self.near(&clause.text, is_prefix)?
            }
            _ => None,
        };
        let alternatives: Vec<Boxed> = [words, number, fuzzy].into_iter().flatten().collect();
        Ok((!alternatives.is_empty()).then(|| union(alternatives)))
    }

    /// The words of a text next to one another, and its runs, each as it stands.
    fn text(&self, text: &str, is_prefix: bool) -> Result<Option<Boxed>, SearchError> {
        let mut words: Vec<(usize, String)> = Vec::new();
        let mut parts: Vec<Boxed> = Vec::new();
        let pieces = text::pieces(text);
        let ends_in_word = matches!(pieces.last(), Some(Piece::Word { .. }));
        for (position, piece) in pieces.into_iter().enumerate() {
            match piece {
                Piece::Word { text, .. } => words.push((position, text)),
                Piece::Run(run) => parts.push(self.run(&run)?),
            }
        }
        let words = match (words.as_slice(), is_prefix && ends_in_word) {
            ([], _) => None,
            ([(_, word)], true) => Some(self.prefix(word)?),
            ([(_, word)], false) => Some(self.word(text::query_form(word))),
            (words, true) => Some(self.phrase_prefix(words)),
            (words, false) => Some(self.phrase(self.fields.words, words)),
        };
        parts.extend(words);
        Ok(intersection(parts))
    }

    fn word(&self, word: &str) -> Boxed {
        scored(Term::from_field_text(self.fields.words, word))
    }

    /// The word itself, ranked as such, and every word that begins so, all alike: which one is meant is not known yet,
    /// and the rarest is the least likely.
    fn prefix(&self, word: &str) -> Result<Boxed, SearchError> {
        let mut completions = expand::beginning(self.searcher, self.fields.words, word)?;
        let bare = text::query_form(word);
        if bare != word {
            completions.extend(expand::beginning(self.searcher, self.fields.words, bare)?);
        }
        Ok(union(vec![
            self.word(bare),
            flat_terms(self.fields.words, &completions),
        ]))
    }

    fn phrase(&self, field: Field, words: &[(usize, String)]) -> Boxed {
        let form = |word| {
            if field == self.fields.words {
                text::query_form(word)
            } else {
                word
            }
        };
        let term = |word| Term::from_field_text(field, form(word));
        match words {
            [(_, word)] => scored(term(word)),
            words => {
                let terms = words.iter().map(|(position, word)| (*position, term(word)));
                Box::new(PhraseQuery::new_with_offset(terms.collect()))
            }
        }
    }

    fn phrase_prefix(&self, words: &[(usize, String)]) -> Boxed {
        let last = words.len() - 1;
        let terms = words.iter().enumerate().map(|(i, (position, word))| {
            let form = if i == last { word } else { text::query_form(word) };
            (*position, Term::from_field_text(self.fields.words, form))
        });
        Box::new(PhrasePrefixQuery::new_with_offset(terms.collect()))
    }

    /// A run of characters anywhere in a longer one.
    fn run(&self, run: &[RunChar]) -> Result<Boxed, SearchError> {
        let field = self.fields.pairs;
        if let [one] = run {
            let pairs = expand::beginning(self.searcher, field, &one.c.to_string())?;
            return Ok(flat_terms(field, &pairs));
        }
        let pairs: Vec<(usize, String)> = text::pairs(run, 0)
            .map(|pair| (pair.position, pair.text))
            .collect();
        Ok(self.phrase(field, &pairs))
    }

    /// Any part of a number with at least four digits, however either is written.
    fn number(&self, text: &str) -> Option<Boxed> {
        let digits = text::number_form(text)?;
        let fours: Vec<(usize, String)> = text::digit_grams(&digits, 0)
            .map(|four| (four.position, four.text))
            .collect();
        Some(self.phrase(self.fields.digits, &fours))
    }

    /// Words that differ by a letter or two.
    fn near(&self, text: &str, is_prefix: bool) -> Result<Option<Boxed>, SearchError> {
        let pieces = text::pieces(text);
        let [Piece::Word { text: word, .. }] = pieces.as_slice() else {
            return Ok(None);
        };
        let near = expand::near(
            self.searcher,
            self.fields.words,
            text::query_form(word),
            is_prefix,
        )?;
        Ok((!near.is_empty()).then(|| flat_terms(self.fields.words, &near)))
    }

    fn tag(&self, tag: Tag) -> Boxed {
        let term = self.fields.tag(self.workspace, tag);
        Flat::boxed(Box::new(TermQuery::new(term, IndexRecordOption::Basic)), 0.0)
    }

    fn any_tag(&self, tags: impl Iterator<Item = Tag>) -> Boxed {
        let terms: Vec<Term> = tags.map(|tag| self.fields.tag(self.workspace, tag)).collect();
        match terms.is_empty() {
            true => Box::new(EmptyQuery),
            false => Flat::boxed(Box::new(TermSetQuery::new(terms)), 0.0),
        }
    }
}

fn excluded(query: Boxed) -> (Occur, Boxed) {
    (Occur::MustNot, Flat::excluding(query))
}

fn scored(term: Term) -> Boxed {
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}

fn flat_terms(field: Field, terms: &[String]) -> Boxed {
    let terms = terms.iter().map(|term| {
        let term = Term::from_field_text(field, term);
        let query: Boxed = Box::new(TermQuery::new(term, IndexRecordOption::Basic));
        query
    });
    Flat::boxed(union(terms.collect()), 1.0)
}

fn union(mut queries: Vec<Boxed>) -> Boxed {
    match queries.len() {
        0 => Box::new(EmptyQuery),
        1 => queries.swap_remove(0),
        _ => Box::new(BooleanQuery::union(queries)),
    }
}

fn intersection(mut queries: Vec<Boxed>) -> Option<Boxed> {
    match queries.len() {
        0 => None,
        1 => Some(queries.swap_remove(0)),
        _ => Some(Box::new(BooleanQuery::intersection(queries))),
    }
}

/// The time that all the filters leave: from `after` until before `before`.
fn bounds(filters: &[Filter]) -> (Option<i64>, Option<i64>) {
    let (mut before, mut after): (Option<i64>, Option<i64>) = (None, None);
    for filter in filters {
        match (&filter.what, filter.negated) {
            (What::Before(at), false) | (What::After(at), true) => {
                before = Some(before.map_or(at.0, |known| known.min(at.0)));
            }
            (What::After(at), false) | (What::Before(at), true) => {
                after = Some(after.map_or(at.0, |known| known.max(at.0)));
            }
            _ => {}
        }
    }
    (before, after)
}
