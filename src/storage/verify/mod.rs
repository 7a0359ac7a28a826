//! Walks every table and follows every index in both directions: does the store say the same thing everywhere?
//!
//! Owns the rules of what must agree. Works on a store in use: what looks wrong is looked at again, so that a change in
//! between is not taken for damage. Repairs only rows that are pure look-ups, from the records that they point to. Its
//! report holds tables, ids and hashes, never personal data. Call it off the request threads: it reads everything.

mod accounts;
mod conversations;
mod keys;
mod media;
mod messages;
mod raw;
mod templates;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};

use crate::domain::{Conversation, MessageId, WorkspaceId};

use super::batch::Batch;
use super::error::StorageError;
use super::keys::{ConversationKey, Key, Table};
use super::store::Store;
use super::vault::Seal;

/// Rows looked at in one go.
const PAGE: usize = 512;
/// How often a row that looks wrong is read again.
const LOOKS: u32 = 5;
/// Problems that a report tells in full; the rest is counted.
pub const MAX_TOLD: usize = 1000;
/// Queued messages whose outbox row is looked for.
const MAX_QUEUED: usize = 1 << 20;
/// Rows mended in one walk; the next walk mends more.
const MAX_FIXES: usize = 1 << 16;

/// From this table on the engine keeps rows of its own.
const ENGINES_OWN: u8 = 0xf0;
const STRANGE_KEY: &str = "the key is not of this table's layout";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// Rebuild look-up rows from the records.
    pub repair: bool,
}

/// Something that does not agree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The table in which it was seen.
    pub table: String,
    /// The row's key; ids and hashes only.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// It was mended.
    pub repaired: bool,
}

/// What a walk found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// The first [`MAX_TOLD`] problems.
    pub problems: Vec<Problem>,
    /// All problems, told or not.
    pub found: u64,
    /// Those that were mended.
    pub repaired: u64,
    /// Rows of people who were erased: unreadable on purpose.
    pub erased: u64,
}

impl Report {
    /// Nothing is wrong, or nothing is any more.
    pub const fn is_sound(&self) -> bool {
        self.found == self.repaired
    }
}

/// For people: counts, then each problem on a line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (table, rows) in &self.rows {
            writeln!(f, "{rows:>12} {table}")?;
        }
        for Problem {
            table,
            key,
            what,
            repaired,
        } in &self.problems
        {
            let mended = if *repaired { " (mended)" } else { "" };
            writeln!(f, "{table}: {what}{mended}: {key}")?;
        }
        let told = u64::try_from(self.problems.len()).unwrap_or(u64::MAX);
        if self.found > told {
            writeln!(f, "… and {} more", self.found - told)?;
        }
        let Self {
            found,
            repaired,
            erased,
            ..
        } = self;
        write!(
            f,
            "{found} problems, {repaired} mended; {erased} rows of people who were erased"
        )
    }
}

/// One thing wrong with a row, and what would mend it.
struct Finding {
    what: String,
    fix: Option<Batch>,
}

/// What is wrong with one row.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, what: impl Into<String>) {
        self.0.push(Finding {
            what: what.into(),
            fix: None,
        });
    }

    fn unless(&mut self, holds: bool, what: &str) {
        if !holds {
            self.add(what);
        }
    }

    fn mendable(&mut self, what: &str, fix: Batch) {
        self.0.push(Finding {
            what: what.to_owned(),
            fix: Some(fix),
        });
    }
}

/// A look-up row that is missing; written only if it is still missing.
fn missing<K: Key>(key: &K, value: &K::Value) -> Batch {
    let mut fix = Batch::bulk();
    fix.require_absent(key).put(key, value, &Seal::Open);
    fix
}

/// A look-up row that points nowhere.
fn dangling<K: Key>(key: &K) -> Batch {
    let mut fix = Batch::bulk();
    fix.require_present(key).delete(key);
    fix
}

/// What one walk carries along.
struct Walk<'a> {
    store: &'a Store,
    /// The conversation last read: messages come in the order of their conversations.
    conversation: RefCell<Option<(ConversationKey, Option<Conversation>)>>,
    /// Messages that say they are queued.
    queued: RefCell<BTreeSet<(WorkspaceId, MessageId)>>,
}

type Check<K> = fn(&Walk<'_>, &K, &<K as Key>::Value, &mut Findings) -> Result<(), StorageError>;

impl Walk<'_> {
    /// The conversation, read afresh unless the last question was the same.
    fn conversation(&self, key: ConversationKey) -> Result<Option<Conversation>, StorageError> {
        let mut cached = self.conversation.borrow_mut();
        if let Some((_, found)) = cached.as_ref().filter(|(cached, _)| *cached == key) {
            return Ok(found.clone());
        }
        let found = match self.store.get(&key) {
            // Told where the conversation's own row is looked at.
            Err(StorageError::Damaged { .. } | StorageError::Erased) => None,
            found => found?,
        };
        *cached = Some((key, found.clone()));
        Ok(found)
    }
}

/// Checks the whole store.
///
/// # Errors
/// The store cannot be read at all (a single unreadable row is a problem in the report, not an error).
pub fn verify(store: &Store, options: Options) -> Result<Report, StorageError> {
    let mut report = Report::default();
    let mut fixes = Vec::new();
    {
        let walk = Walk {
            store,
            conversation: RefCell::default(),
            queued: RefCell::default(),
        };
        let mut tables = Tables {
            walk,
            report: &mut report,
            fixes: &mut fixes,
            seen: BTreeSet::new(),
        };
        keys::check(&mut tables)?;
        accounts::check(&mut tables)?;
        conversations::check(&mut tables)?;
        messages::check(&mut tables)?;
        raw::check(&mut tables)?;
        media::check(&mut tables)?;
        templates::check(&mut tables)?;
        tables.rest()?;
    }
    if options.repair {
        repair(store, &mut report, fixes);
    }
    Ok(report)
}

/// The walk with its growing report.
struct Tables<'a> {
    walk: Walk<'a>,
    report: &'a mut Report,
    /// Mends, with the place of their problem in the report.
    fixes: &'a mut Vec<(Option<usize>, Batch)>,
    /// Tables that were walked.
    seen: BTreeSet<u8>,
}

impl Tables<'_> {
    /// Looks at every row of a table.
    fn table<K: Key + Debug>(&mut self, check: Check<K>) -> Result<(), StorageError> {
        self.keys(K::TABLE, |tables, bytes| match K::read(&bytes[1..]) {
            Some(key) => tables.row(&key, check),
            None => {
                tables.tell(&format!("{:?}", K::TABLE), &hex(bytes), STRANGE_KEY.into(), None);
                Ok(())
            }
        })
    }

    /// Hands out every key of a table.
    fn keys(
        &mut self,
        table: Table,
        each: impl Fn(&mut Self, &[u8]) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        self.seen.insert(table as u8);
        let mut after: Option<Vec<u8>> = None;
        let mut rows = 0;
        loop {
            let store = self.walk.store;
            let keys = store.raw_keys(table as u8, after.as_deref(), PAGE)?;
            for key in &keys {
                each(self, key)?;
            }
            rows += keys.len() as u64;
            match keys.last() {
                Some(last) => after = Some(last.clone()),
                None => break,
            }
        }
        self.report.rows.insert(format!("{table:?}"), rows);
        Ok(())
    }

    /// Tables that nobody looked at hold nothing. (Own rows of the engine stand before and behind all tables.)
    fn rest(&mut self) -> Result<(), StorageError> {
        for table in 1..ENGINES_OWN {
            let unknown = !self.seen.contains(&table);
            if unknown && let Some(key) = self.walk.store.raw_keys(table, None, 1)?.first() {
                self.tell(
                    "unknown",
                    &hex(key),
                    "stands in a table that does not exist".into(),
                    None,
                );
            }
        }
        Ok(())
    }

    fn row<K: Key + Debug>(&mut self, key: &K, check: Check<K>) -> Result<(), StorageError> {
        let mut findings = self.look(key, check)?;
        for _ in 1..LOOKS {
            if findings.0.is_empty() {
                return Ok(());
            }
            // A writer may have been between our reads: look again.
            self.walk.conversation.take();
            findings = self.look(key, check)?;
        }
        for Finding { what, fix } in findings.0 {
            self.tell(&format!("{:?}", K::TABLE), &format!("{key:?}"), what, fix);
        }
        Ok(())
    }

    fn look<K: Key>(&mut self, key: &K, check: Check<K>) -> Result<Findings, StorageError> {
        let mut findings = Findings::default();
        match self.walk.store.get(key) {
            Ok(Some(value)) => match check(&self.walk, key, &value, &mut findings) {
                Err(StorageError::Damaged { table, cause }) => {
                    findings.add(format!("what it points to in {table} cannot be read: {cause}"));
                }
                Err(StorageError::Erased) => {}
                other => other?,
            },
            Ok(None) => {}
            Err(StorageError::Damaged { cause, .. }) => findings.add(format!("cannot be read: {cause}")),
            Err(StorageError::Erased) => self.report.erased += 1,
            Err(other) => return Err(other),
        }
        Ok(findings)
    }

    fn tell(&mut self, table: &str, key: &str, what: String, fix: Option<Batch>) {
        self.report.found += 1;
        let told = self.report.problems.len();
        let is_told = told < MAX_TOLD;
        if is_told {
            self.report.problems.push(Problem {
                table: table.to_owned(),
                key: key.to_owned(),
                what,
                repaired: false,
            });
        }
        if let Some(fix) = fix.filter(|_| self.fixes.len() < MAX_FIXES) {
            self.fixes.push((is_told.then_some(told), fix));
        }
    }
}

/// One commit a mend: each stands or falls with its own precondition.
fn repair(store: &Store, report: &mut Report, fixes: Vec<(Option<usize>, Batch)>) {
    for (told, fix) in fixes {
        // A conflict means that somebody else changed the row meanwhile; the next walk tells.
        if let Err(error) = store.commit_patiently(&fix) {
            tracing::warn!(%error, "a look-up row was not mended");
            continue;
        }
        report.repaired += 1;
        if let Some(problem) = told.and_then(|at| report.problems.get_mut(at)) {
            problem.repaired = true;
        }
    }
}

#[cfg(test)]
mod tests;
