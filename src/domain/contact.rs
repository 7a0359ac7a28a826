//! A customer.

use super::identity::Identity;
use super::ids::{ContactId, ConversationId};
use super::time::Timestamp;

/// Longest name in characters.
pub const MAX_NAME_CHARS: usize = 120;

/// A customer: a set of identities with a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contact {
    /// Their id.
    pub id: ContactId,
    /// The name that the team gave them; empty for none.
    pub name: String,
    /// The name that they gave themselves at the provider.
    pub profile_name: String,
    /// What they are known by.
    pub identities: Vec<Identity>,
    /// Their conversations, one a channel.
    pub conversations: Vec<ConversationId>,
    /// When they were first seen.
    pub created_at: Timestamp,
    /// Counts changes; the `ETag`.
    pub version: u64,
}

impl Contact {
    /// The name to show: the team's, else their own, else the first identity.
    pub fn display_name(&self) -> &str {
        let names = [self.name.as_str(), self.profile_name.as_str()];
        let identity = self
            .identities
            .first()
            .map_or("", |identity| identity.value.as_str());
        names
            .into_iter()
            .chain([identity])
            .find(|name| !name.is_empty())
            .unwrap_or("")
    }

    /// They wrote as these: of several of one kind (two numbers of one person) the one that they used last comes first, so
    /// that answers go there. Answers whether anything changed.
    pub fn wrote_as(&mut self, identities: &[Identity]) -> bool {
        let mut changed = false;
        for identity in identities.iter().filter(|identity| identity.kind.is_lookup()) {
            let first = self
                .identities
                .iter()
                .position(|known| known.kind == identity.kind);
            let used = self.identities.iter().position(|known| known == identity);
            if let (Some(first), Some(used)) = (first, used)
                && first < used
            {
                self.identities[first..=used].rotate_right(1);
                changed = true;
            }
        }
        changed
    }

    /// Adds identities that are new and a profile name if it changed. Answers whether anything did.
    pub fn learn(&mut self, identities: &[Identity], profile_name: Option<&str>) -> bool {
        let mut changed = false;
        for identity in identities {
            let room = self.identities.len() < super::identity::MAX_IDENTITIES;
            if room && !identity.value.is_empty() && !self.identities.contains(identity) {
                self.identities.push(identity.clone());
                changed = true;
            }
        }
        if let Some(name) = profile_name
            .map(clean_name)
            .filter(|name| !name.is_empty() && *name != self.profile_name)
        {
            self.profile_name = name;
            changed = true;
        }
        changed
    }
}

/// A name fit to show: no control characters, no surrounding blanks, at most [`MAX_NAME_CHARS`].
pub fn clean_name(name: &str) -> String {
    let printable: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME_CHARS)
        .collect();
    printable.trim().to_owned()
}
