//! Who wrote: the identities in a message and in the `contacts` beside it, put together.
//!
//! Owns the pairing of messages with contacts, and the quirks of both (no phone, a user id where the phone should be,
//! user names with and without `@`). Must not merge two people: a contact that contradicts the message is not taken.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::payload::{array, cut, read, text, text_at};
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::inbound::Sender;

/// Most contacts of one change that are looked at (Meta batches up to 1000 updates).
const MAX_CONTACTS: usize = 1_000;
/// Longest name that is kept, in characters.
const MAX_NAME_CHARS: usize = 200;

/// Ids by which the provider names a person.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Ids {
    /// Business-scoped user id.
    pub(super) user_id: Option<String>,
    /// Digits of the `wa_id`.
    pub(super) wa_id: Option<String>,
}

impl Ids {
    /// Puts the two fields together; a user id in the place of the phone is recognised.
    pub(super) fn new(user_id: Option<String>, phone: Option<String>) -> Self {
        let named = phone.as_deref().and_then(Identity::whatsapp);
        let mut ids = Self { user_id, wa_id: None };
        match named {
            Some(identity) if identity.kind == IdentityKind::WhatsappId => ids.wa_id = Some(identity.value),
            Some(identity) => ids.user_id = ids.user_id.or(Some(identity.value)),
            None => {}
        }
        ids
    }

    /// The ids under these two names in `value`.
    pub(super) fn at(value: &Value, user_id: &str, phone: &str) -> Self {
        Self::new(text_at(value, user_id), text_at(value, phone))
    }

    /// What is missing here, from `other`.
    #[must_use]
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            user_id: self.user_id.or(other.user_id),
            wa_id: self.wa_id.or(other.wa_id),
        }
    }

    /// As identities, best first.
    pub(super) fn identities(self) -> Vec<Identity> {
        let user_id = self
            .user_id
            .map(|id| Identity::new(IdentityKind::WhatsappUserId, id));
        let wa_id = self.wa_id.map(|id| Identity::new(IdentityKind::WhatsappId, id));
        user_id.into_iter().chain(wa_id).collect()
    }

    fn is_empty(&self) -> bool {
        self.user_id.is_none() && self.wa_id.is_none()
    }

    fn shares_one_with(&self, other: &Self) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        same(&self.user_id, &other.user_id) || same(&self.wa_id, &other.wa_id)
    }

    fn contradicts(&self, other: &Self) -> bool {
        let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
        differ(&self.user_id, &other.user_id) || differ(&self.wa_id, &other.wa_id)
    }
}

/// One element of `contacts`.
#[derive(Clone, Default)]
struct Contact {
    ids: Ids,
    name: Option<String>,
    username: Option<String>,
    /// `parent_user_id`, `identity_key_hash`: kept beside the message.
    extra: Map<String, Value>,
}

impl Contact {
    fn of(value: &Value) -> Self {
        let profile = value.get("profile").unwrap_or(&Value::Null);
        let username = text_at(profile, "username").or_else(|| text_at(value, "username"));
        let kept = ["parent_user_id", "identity_key_hash"];
        Self {
            ids: Ids::at(value, "user_id", "wa_id"),
            name: profile
                .get("name")
                .and_then(text)
                .map(|name| cut(name, MAX_NAME_CHARS)),
            username: username
                .map(|name| name.trim_start_matches('@').to_owned())
                .filter(|n| !n.is_empty()),
            extra: kept
                .iter()
                .filter_map(|&key| Some((key.to_owned(), Value::String(text_at(value, key)?))))
                .collect(),
        }
    }
}

/// The `contacts` of a change.
#[derive(Default)]
pub(super) struct Contacts(Vec<Contact>);

impl Contacts {
    /// Those that can be read; the others only decorate, and the raw delivery keeps them.
    pub(super) fn of(raw: Option<&RawValue>) -> Self {
        let all = raw.and_then(array).unwrap_or_default();
        let readable = all
            .into_iter()
            .take(MAX_CONTACTS)
            .filter_map(|raw| read(raw).ok());
        Self(readable.map(|value| Contact::of(&value)).collect())
    }

    /// A single contact, for threads that name their customer themselves.
    pub(super) fn single(value: &Value) -> Self {
        Self(vec![Contact::of(value)])
    }

    /// The contact that carries one of `ids`, else the only one there is, unless it contradicts.
    fn find(&self, ids: &Ids) -> Option<&Contact> {
        let paired = self.0.iter().find(|contact| contact.ids.shares_one_with(ids));
        let only = || match self.0.as_slice() {
            [only] if !only.ids.contradicts(ids) => Some(only),
            _ => None,
        };
        paired.or_else(only)
    }

    /// Everything known about the person with `ids`; `None` if nobody can be found by it. Also what else the provider
    /// said about the person.
    pub(super) fn sender(&self, ids: Ids) -> Option<(Sender, Map<String, Value>)> {
        let contact = self.find(&ids).cloned().unwrap_or_default();
        let ids = ids.or(contact.ids);
        if ids.is_empty() {
            return None;
        }
        let username = contact
            .username
            .map(|name| Identity::new(IdentityKind::Username, name));
        let sender = Sender {
            identities: ids.identities().into_iter().chain(username).collect(),
            profile_name: contact.name,
        };
        Some((sender, contact.extra))
    }

    /// The lookup identities of the person with `ids`; empty if there are none.
    pub(super) fn identities(&self, ids: Ids) -> Vec<Identity> {
        let contact = self.find(&ids).cloned().unwrap_or_default();
        ids.or(contact.ids).identities()
    }
}
