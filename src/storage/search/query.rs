//! The query language, parsed purely: words, "phrases", -exclusions and filters.
//!
//! Owns what the words of a query mean. Must not know the index. Nothing a person types is an error: what is not a
//! filter is searched as words, and what is too long is cut.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use crate::domain::{ChannelId, Conversation, ConversationStatus, Direction, Timestamp, UserId};

use super::text;

/// Most characters of a query that are read.
pub const MAX_QUERY_CHARS: usize = 256;
/// Most words and phrases in a query.
pub const MAX_CLAUSES: usize = 16;
/// Most filters in a query.
pub const MAX_FILTERS: usize = 16;

/// A parsed query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// What the text must (or must not) contain; all of them.
    pub clauses: Vec<Clause>,
    /// What narrows the hits down.
    pub filters: Vec<Filter>,
}

/// A word or a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// As typed.
    pub text: String,
    /// The hit must not contain it.
    pub negated: bool,
    /// How it must stand in the text.
    pub form: Form,
}

/// How a clause must stand in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A word.
    Word,
    /// The word that is being typed: any word that begins so.
    Prefix,
    /// Words in this order.
    Phrase,
    /// A telephone number written with blanks: its digits, or else its parts as words.
    Number,
}

/// A filter, or its opposite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// It must not hold.
    pub negated: bool,
    /// What must hold.
    pub what: What,
}

/// What a filter asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Written by this contact or member of the team (part of a name, a number, or `me`).
    From(String),
    /// Written to this contact.
    To(String),
    /// On a channel of this name or kind.
    In(String),
    /// Earlier than this.
    Before(Timestamp),
    /// At this time or later.
    After(Timestamp),
    /// Going this way.
    Direction(Direction),
    /// An internal note.
    Note,
    /// In a conversation with this label.
    Label(String),
    /// In a conversation with this status.
    Status(ConversationStatus),
    /// In a conversation with unseen messages.
    Unread,
    /// In a conversation that this member of the team has (part of a name, or `me`).
    Assigned(String),
    /// In a conversation that nobody has.
    Unassigned,
}

/// The names that filters may use; read fresh for each query, so that a new name holds at once.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Who asks.
    pub me: Option<UserId>,
    /// The team.
    pub users: Vec<(UserId, String)>,
    /// The channels: id, name, kind (`whatsapp`, `sandbox` …).
    pub channels: Vec<(ChannelId, String, String)>,
}

impl Names {
    /// The members of the team that `text` means.
    pub fn find_users(&self, text: &str) -> Vec<UserId> {
        if text.eq_ignore_ascii_case("me") {
            return self.me.into_iter().collect();
        }
        let found = self.users.iter().filter(|(_, name)| begins_words(name, text));
        found.map(|(id, _)| *id).collect()
    }

    /// The channels that `text` means.
    pub fn find_channels(&self, text: &str) -> Vec<ChannelId> {
        let means = |name: &str, kind: &str| text::fold(kind) == text::fold(text) || begins_words(name, text);
        let found = self.channels.iter().filter(|(_, name, kind)| means(name, kind));
        found.map(|(id, _, _)| *id).collect()
    }
}

/// Whether each word of `text` begins a word of `name`; false for a text without words.
fn begins_words(name: &str, text: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let split = text.split(|c: char| !c.is_alphanumeric());
        split.map(text::fold).filter(|word| !word.is_empty()).collect()
    };
    let (name, wanted) = (words(name), words(text));
    !wanted.is_empty() && wanted.iter().all(|w| name.iter().any(|n| n.starts_with(w)))
}

impl Query {
    /// Parses what a person typed. `zone` and `now` give dates their meaning.
    pub fn parse(text: &str, zone: &TimeZone, now: Timestamp) -> Self {
        let text: String = text.chars().take(MAX_QUERY_CHARS).collect();
        let mut query = Self::default();
        let words = split(&text);
        let last = words.len().saturating_sub(1);
        let is_typing = !text.ends_with(char::is_whitespace);
        for (i, word) in words.into_iter().enumerate() {
            query.take(word, i == last && is_typing, zone, now);
        }
        query.clauses = join_numbers(std::mem::take(&mut query.clauses));
        query.clauses.truncate(MAX_CLAUSES);
        query
    }

    fn take(&mut self, word: Word, is_typed: bool, zone: &TimeZone, now: Timestamp) {
        if let Some(what) = word.filter(zone, now) {
            if self.filters.len() < MAX_FILTERS {
                let negated = word.negated;
                self.filters.push(Filter { negated, what });
            }
            return;
        }
        let form = match (word.quoted, is_typed && !word.negated) {
            (true, _) => Form::Phrase,
            (false, true) => Form::Prefix,
            (false, false) => Form::Word,
        };
        let (negated, text) = (word.negated, word.text());
        if !text.is_empty() {
            self.clauses.push(Clause { text, negated, form });
        }
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty() && self.filters.is_empty()
    }

    /// Whether a filter looks at the conversation's present state, so that the caller must check each hit with
    /// [`Query::accepts`].
    pub fn asks_state(&self) -> bool {
        self.filters.iter().any(|filter| filter.what.is_state())
    }

    /// Whether the conversation's present state fits the filters that ask for it. Statuses are alternatives, all else
    /// must hold at once.
    pub fn accepts(&self, conversation: &Conversation, names: &Names) -> bool {
        let is_status = |filter: &&Filter| !filter.negated && matches!(filter.what, What::Status(_));
        let mut statuses = self.filters.iter().filter(is_status).peekable();
        let status_fits = statuses.peek().is_none() || statuses.any(|f| f.what.holds(conversation, names));
        let others = self.filters.iter().filter(|f| f.what.is_state() && !is_status(f));
        let mut others = others.map(|f| f.what.holds(conversation, names) != f.negated);
        status_fits && others.all(|fits| fits)
    }
}

impl What {
    const fn is_state(&self) -> bool {
        matches!(
            self,
            Self::Label(_) | Self::Status(_) | Self::Unread | Self::Assigned(_) | Self::Unassigned
        )
    }

    fn holds(&self, conversation: &Conversation, names: &Names) -> bool {
        match self {
            Self::Label(wanted) => {
                let wanted = text::fold(wanted);
                conversation
                    .labels
                    .iter()
                    .any(|label| text::fold(label) == wanted)
            }
            Self::Status(status) => conversation.status == *status,
            Self::Unread => conversation.unread > 0,
            Self::Unassigned => conversation.assignee.is_none(),
            Self::Assigned(who) => {
                let users = names.find_users(who);
                conversation.assignee.is_some_and(|user| users.contains(&user))
            }
            _ => true,
        }
    }
}

/// What stands between blanks.
#[derive(Debug, Default)]
struct Word {
    negated: bool,
    /// What stood before the first colon, if that was not quoted.
    key: Option<String>,
    value: String,
    quoted: bool,
}

impl Word {
    fn text(&self) -> String {
        match &self.key {
            Some(key) => format!("{key}:{}", self.value),
            None => self.value.clone(),
        }
    }

    fn filter(&self, zone: &TimeZone, now: Timestamp) -> Option<What> {
        let value = || self.value.clone();
        let key = self.key.as_deref().filter(|_| !self.value.is_empty())?;
        match key.to_ascii_lowercase().as_str() {
            "from" => Some(What::From(value())),
            "to" => Some(What::To(value())),
            "in" => Some(What::In(value())),
            "label" => Some(What::Label(value())),
            "assigned" => Some(What::Assigned(value())),
            "before" => day(&self.value, zone, now).map(What::Before),
            "after" => day(&self.value, zone, now).map(What::After),
            "is" => state(&text::fold(&self.value).replace('-', "_")),
            _ => None,
        }
    }
}

fn state(word: &str) -> Option<What> {
    Some(match word {
        "unread" => What::Unread,
        "inbound" => What::Direction(Direction::Inbound),
        "outbound" => What::Direction(Direction::Outbound),
        "note" => What::Note,
        "mine" => What::Assigned("me".into()),
        "unassigned" => What::Unassigned,
        "hold" => What::Status(ConversationStatus::OnHold),
        other => What::Status(ConversationStatus::parse(other)?),
    })
}

/// The start of a day in the zone: `2026-01-31`, `2026/1/31`, `2026-01`, `2026`, `today`, `yesterday`.
fn day(text: &str, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let today = || {
        let now = jiff::Timestamp::from_microsecond(now.0).ok()?;
        Some(Zoned::new(now, zone.clone()).date())
    };
    let date = match text.to_lowercase().as_str() {
        "today" => today()?,
        "yesterday" => today()?.checked_sub(1.day()).ok()?,
        _ => date(text)?,
    };
    let start = date.to_zoned(zone.clone()).ok()?;
    Some(Timestamp(start.timestamp().as_microsecond()))
}

fn date(text: &str) -> Option<Date> {
    let ascii: String = text
        .chars()
        .map(|c| text::digit(c).map_or(c, char::from))
        .collect();
    let mut parts = ascii.split(['-', '/', '.']);
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let mut next = || parts.next().map_or(Some(1), |part| part.parse().ok());
    let (month, day) = (next()?, next()?);
    match parts.next() {
        Some(_) => None,
        None => Date::new(year, month, day).ok(),
    }
}

/// Splits at blanks outside quotes.
fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return words;
        }
        words.push(next_word(&mut chars));
    }
}

fn next_word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Word {
    let mut word = Word {
        negated: chars.next_if_eq(&'-').is_some(),
        ..Word::default()
    };
    while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
        if is_quote(c) && word.value.is_empty() {
            word.quoted = true;
            while let Some(c) = chars.next_if(|c| !is_quote(*c)) {
                word.value.push(c);
            }
            chars.next();
            return word;
        }
        let is_key = word.key.is_none() && !word.value.is_empty();
        match c == ':' && is_key && is_filter_name(&word.value) {
            true => word.key = Some(std::mem::take(&mut word.value)),
            false => word.value.push(c),
        }
    }
    word
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

fn is_filter_name(text: &str) -> bool {
    const NAMES: [&str; 8] = ["from", "to", "in", "label", "assigned", "before", "after", "is"];
    NAMES.iter().any(|name| text.eq_ignore_ascii_case(name))
}

/// Puts neighbouring groups of digits together that look like one telephone number (`+254 711 000 234`).
fn join_numbers(clauses: Vec<Clause>) -> Vec<Clause> {
    let mut joined: Vec<Clause> = Vec::with_capacity(clauses.len());
    let mut group: Vec<Clause> = Vec::new();
    for clause in clauses {
        let is_part = !clause.negated && clause.form != Form::Phrase && is_number_part(&clause.text);
        if !is_part || clause.text.starts_with('+') {
            joined.extend(as_number(std::mem::take(&mut group)));
        }
        match is_part {
            true => group.push(clause),
            false => joined.push(clause),
        }
    }
    joined.extend(as_number(group));
    joined
}

fn as_number(group: Vec<Clause>) -> Vec<Clause> {
    let text = group
        .iter()
        .map(|clause| clause.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    let digits = text.chars().filter(|c| text::digit(*c).is_some()).count();
    match group.len() > 1 && digits >= 7 {
        true => vec![Clause {
            text,
            negated: false,
            form: Form::Number,
        }],
        false => group,
    }
}

fn is_number_part(text: &str) -> bool {
    let digits = text.chars().filter(|c| text::digit(*c).is_some()).count();
    digits > 0
        && text
            .chars()
            .all(|c| text::digit(c).is_some() || "+-()./".contains(c))
}
