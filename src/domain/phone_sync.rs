//! What the phone app of a number shares with us after it was connected (coexistence): asked for, declined, under way, here.
//!
//! Owns how news move it. Must not know any provider's calls.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inbound::{ChannelNotice, Inbound};
use super::time::Timestamp;

/// Meta's code for a history that the business does not share (WhatsApp, `history` webhook).
const DECLINED: i64 = 2_593_109;
/// Most entries of an address book that one delivery may bring; a body of a webhook holds fewer.
const MAX_PEOPLE: usize = 10_000;
/// Longest reason that is kept, in characters.
const MAX_WHY: usize = 300;

/// How far one of the two has come.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum SyncState {
    /// Never asked for.
    #[default]
    None,
    /// Asked for; nothing has come yet.
    Asked,
    /// It comes in.
    Running {
        /// In percent, as the provider told it.
        progress: u8,
    },
    /// All of it is here.
    Done,
    /// The business does not share it.
    Declined,
    /// The provider did not take the request.
    Refused {
        /// The provider's words.
        why: String,
    },
}

/// Both together, as they are kept for a channel.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PhoneSync {
    /// When it was asked for, in microseconds since 1970.
    pub asked_at: i64,
    /// The address book.
    pub contacts: SyncState,
    /// Entries of the address book that came.
    pub named: u32,
    /// The chats.
    pub history: SyncState,
    /// Messages of them that came (a repeated delivery counts again).
    pub messages: u32,
    /// When something last came, in microseconds since 1970.
    pub updated_at: i64,
}

/// What a delivery tells about it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SyncNews {
    /// Entries of the address book: number and name.
    pub people: Vec<(String, String)>,
    /// Messages.
    pub messages: u32,
    /// The furthest progress that was told.
    pub progress: Option<u8>,
    /// The history is not shared.
    pub declined: bool,
}

impl SyncNews {
    /// Takes what one item of a delivery tells.
    pub fn add(&mut self, item: &Inbound) {
        match item {
            Inbound::Message(message) | Inbound::Echo(message) => {
                let about = message.extra.as_ref().and_then(|extra| extra.get("history"));
                if let Some(about) = about {
                    self.messages = self.messages.saturating_add(1);
                    let told = about.get("progress").and_then(Value::as_u64);
                    let told = told.map(|told| u8::try_from(told.min(100)).unwrap_or(100));
                    self.progress = self.progress.max(told);
                }
            }
            Inbound::Notice(notice) => self.add_notice(notice),
            Inbound::Status(_) | Inbound::Preference(_) => {}
        }
    }

    fn add_notice(&mut self, notice: &ChannelNotice) {
        match notice.field.as_str() {
            "history" => {
                let errors = notice.body.get("errors").and_then(Value::as_array);
                let mut codes = errors.into_iter().flatten().map(|error| error.get("code"));
                self.declined |= codes.any(|code| code.and_then(Value::as_i64) == Some(DECLINED));
                let about = notice.body.get("metadata");
                let told = about
                    .and_then(|about| about.get("progress"))
                    .and_then(Value::as_u64);
                let told = told.map(|told| u8::try_from(told.min(100)).unwrap_or(100));
                self.progress = self.progress.max(told);
            }
            "smb_app_state_sync" => {
                let entries = notice.body.get("state_sync").and_then(Value::as_array);
                let entries = entries.into_iter().flatten().filter_map(person);
                let room = MAX_PEOPLE.saturating_sub(self.people.len());
                self.people.extend(entries.take(room));
            }
            _ => {}
        }
    }

    /// Nothing of this concerns it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An entry that was added or changed; one that was removed from the phone takes nobody away here.
fn person(entry: &Value) -> Option<(String, String)> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    if text(entry, "action").is_some_and(|action| action == "remove") {
        return None;
    }
    let contact = entry.get("contact")?;
    let name = text(contact, "full_name").or_else(|| text(contact, "first_name"))?;
    Some((text(contact, "phone_number")?, name))
}

impl PhoneSync {
    /// Asked for now.
    pub fn asked(now: Timestamp) -> Self {
        Self {
            asked_at: now.0,
            contacts: SyncState::Asked,
            history: SyncState::Asked,
            updated_at: now.0,
            ..Self::default()
        }
    }

    /// Works news in. Progress only rises, and what is here stays so.
    pub fn apply(&mut self, news: &SyncNews, now: Timestamp) {
        self.updated_at = now.0;
        self.named = self
            .named
            .saturating_add(u32::try_from(news.people.len()).unwrap_or(u32::MAX));
        self.messages = self.messages.saturating_add(news.messages);
        if !news.people.is_empty() {
            self.contacts = SyncState::Done;
        }
        if news.declined {
            self.history = SyncState::Declined;
            return;
        }
        let before = match self.history {
            SyncState::Done => 100,
            SyncState::Running { progress } => progress,
            _ => 0,
        };
        let progress = news.progress.unwrap_or(0).max(before);
        match progress {
            100.. => self.history = SyncState::Done,
            _ if news.messages > 0 || news.progress.is_some() => {
                self.history = SyncState::Running { progress }
            }
            _ => {}
        }
    }
}

impl SyncState {
    /// The provider did not take the request.
    pub fn refused(why: &str) -> Self {
        Self::Refused {
            why: why.chars().take(MAX_WHY).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn notice(field: &str, body: Value) -> SyncNews {
        let mut news = SyncNews::default();
        news.add(&Inbound::Notice(ChannelNotice {
            field: field.into(),
            body,
            known: true,
        }));
        news
    }

    #[test]
    fn progress_rises_and_never_falls() {
        let mut sync = PhoneSync::asked(Timestamp(1));
        let news = |progress, messages| SyncNews {
            progress: Some(progress),
            messages,
            ..SyncNews::default()
        };
        let steps = [
            (news(40, 6), SyncState::Running { progress: 40 }),
            (news(20, 2), SyncState::Running { progress: 40 }),
            (news(100, 6), SyncState::Done),
            (news(55, 1), SyncState::Done),
        ];
        for (news, expected) in steps {
            sync.apply(&news, Timestamp(2));
            assert_eq!(sync.history, expected);
        }
        assert_eq!((sync.messages, sync.contacts.clone()), (15, SyncState::Asked));
        let entry = |action: &str| json!({"action": action, "contact": {"full_name": "Amina", "phone_number": "254711000234"}});
        let book = json!({"state_sync": [entry("add"), entry("remove"), {"contact": 7}, null]});
        sync.apply(&notice("smb_app_state_sync", book), Timestamp(3));
        assert_eq!((sync.named, sync.contacts), (1, SyncState::Done));
    }

    #[test]
    fn a_business_may_decline() {
        let mut sync = PhoneSync::asked(Timestamp(1));
        let declined = notice("history", json!({"errors": [{"code": DECLINED, "title": "off"}]}));
        sync.apply(&declined, Timestamp(2));
        assert_eq!(sync.history, SyncState::Declined);
        assert!(notice("account_update", json!({})).is_empty());
        assert!(!notice("history", json!({"errors": [{"code": 1}]})).declined);
    }

    #[test]
    fn it_is_kept_as_it_is() {
        let mut sync = PhoneSync::asked(Timestamp(5));
        sync.history = SyncState::refused("asked already");
        let text = serde_json::to_string(&sync).expect("JSON");
        assert_eq!(serde_json::from_str::<PhoneSync>(&text).expect("the same"), sync);
    }
}
