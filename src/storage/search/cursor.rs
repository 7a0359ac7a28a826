//! Where a page ended, as an opaque text.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::{ContactId, ConversationId, MessageId, Timestamp};

use super::document::{DocumentId, DocumentKind};

/// A place in the ranking: better scores first, then newer, then by id. The order is total, so that pages never overlap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub score: f32,
    pub at: i64,
    pub kind: DocumentKind,
    pub id: DocumentId,
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    /// What comes first in a page is less.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let by_score = other.score.total_cmp(&self.score);
        by_score.then(other.at.cmp(&self.at)).then(self.id.cmp(&other.id))
    }
}

/// Where the next page begins, and what the ranking of the first one rested on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cursor {
    /// What the query was.
    pub query: u64,
    /// The time that recency is counted from.
    pub now: Timestamp,
    /// The pages show near misses.
    pub fuzzy: bool,
    /// The last hit of the page before.
    pub after: Place,
}

/// Length of an encoded cursor in bytes before it becomes text.
const BYTES: usize = 8 + 8 + 1 + 4 + 8 + 1 + 20;

/// A number for what was asked, to tell cursors of different queries apart.
pub fn fingerprint(asked: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    asked.hash(&mut hasher);
    hasher.finish()
}

impl Cursor {
    /// As lower-case hexadecimal.
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(self.query.to_be_bytes());
        bytes.extend(self.now.0.to_be_bytes());
        bytes.push(u8::from(self.fuzzy));
        bytes.extend(self.after.score.to_bits().to_be_bytes());
        bytes.extend(self.after.at.to_be_bytes());
        bytes.push(self.after.kind as u8);
        match self.after.id {
            DocumentId::Message(id) => {
                bytes.extend(id.conversation.0);
                bytes.extend(id.n.to_be_bytes());
            }
            DocumentId::Contact(id) => {
                bytes.extend(id.0);
                bytes.extend([0; 4]);
            }
        }
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// `None` for anything that [`Cursor::encode`] did not make.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = from_hex(text)?;
        let mut rest = &bytes[..];
        let query = u64::from_be_bytes(*take(&mut rest)?);
        let now = Timestamp(i64::from_be_bytes(*take(&mut rest)?));
        let [fuzzy] = *take(&mut rest)?;
        let score = f32::from_bits(u32::from_be_bytes(*take(&mut rest)?));
        let at = i64::from_be_bytes(*take(&mut rest)?);
        let [kind] = *take(&mut rest)?;
        let kind = DocumentKind::from_u64(u64::from(kind))?;
        let id: [u8; 16] = *take(&mut rest)?;
        let n = u32::from_be_bytes(*take(&mut rest)?);
        let id = match kind {
            DocumentKind::Contact => DocumentId::Contact(ContactId(id)),
            _ => DocumentId::Message(MessageId {
                conversation: ConversationId(id),
                n,
            }),
        };
        let after = Place { score, at, kind, id };
        let has_place = kind != DocumentKind::Contact || n == 0;
        let is_sound = fuzzy <= 1 && score.is_finite() && has_place && rest.is_empty();
        is_sound.then_some(Self {
            query,
            now,
            fuzzy: fuzzy == 1,
            after,
        })
    }
}

fn take<'a, const LEN: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; LEN]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(taken)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * BYTES {
        return None;
    }
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?))
        .collect()
}
