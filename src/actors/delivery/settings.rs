//! Where a workspace's alerts are told, and how far each telling has come. Both stand in the store as JSON, one record
//! each, so that the record stays small: only the newest tellings are kept.

use serde::{Deserialize, Serialize};

use crate::domain::{Timestamp, WorkspaceId};
use crate::storage::keys::SettingKey;
use crate::storage::settings::{self, KeepError, number};
use crate::storage::{Batch, StorageError, Store};

/// Tellings kept for each workspace; the oldest leave first.
const MOST_TELLINGS: usize = 200;

/// Where alerts are told.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AlertAddresses {
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Address to which each alert is posted as JSON.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// What signs the posts (Standard Webhooks, `whsec_…`).
    #[serde(default)]
    pub webhook_secret: Option<String>,
}

/// By which way something is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A signed POST.
    Webhook,
    /// A letter.
    Email,
}

/// What is told of an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It holds.
    Raised,
    /// It is over.
    Cleared,
}

/// How far a telling has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TellingState {
    /// To be tried (again).
    Pending,
    /// Taken by the receiver.
    Delivered,
    /// Given up.
    Failed,
}

/// One alert told by one way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Telling {
    /// The alert's number.
    pub alert: u64,
    /// What is told of it.
    pub news: News,
    /// By which way.
    pub way: Way,
    /// How far it has come.
    pub state: TellingState,
    /// Times tried.
    pub attempts: u32,
    /// The last answer, in plain words.
    pub detail: String,
    /// When it was first to be told, in microseconds since 1970.
    pub since: i64,
    /// When it was last tried, or is to be tried next while it is pending, in microseconds since 1970.
    pub at: i64,
}

/// A workspace's tellings, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Book {
    /// The newest of them.
    pub tellings: Vec<Telling>,
}

impl Book {
    /// Adds a telling unless it is there: an alert's event may come twice.
    pub fn add(&mut self, alert: u64, news: News, way: Way, now: Timestamp) -> bool {
        let is_it = |telling: &Telling| (telling.alert, telling.news, telling.way) == (alert, news, way);
        if self.tellings.iter().any(is_it) {
            return false;
        }
        let telling = Telling {
            alert,
            news,
            way,
            state: TellingState::Pending,
            attempts: 0,
            detail: String::new(),
            since: now.0,
            at: now.0,
        };
        self.tellings.push(telling);
        let surplus = self.tellings.len().saturating_sub(MOST_TELLINGS);
        self.tellings.drain(..surplus);
        true
    }

    /// Puts back a telling that was tried.
    pub fn replace(&mut self, told: Telling) {
        let key = (told.alert, told.news, told.way);
        let place = self
            .tellings
            .iter_mut()
            .find(|telling| (telling.alert, telling.news, telling.way) == key);
        if let Some(place) = place {
            *place = told;
        }
    }
}

impl AlertAddresses {
    /// What stands in the store; nothing unless someone said otherwise.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn load(store: &Store, workspace: WorkspaceId) -> Result<Self, StorageError> {
        Ok(settings::read(store, &key(workspace, number::ALERT_ADDRESSES))?.unwrap_or_default())
    }

    /// Writes it down.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn save(&self, store: &Store, workspace: WorkspaceId) -> Result<(), KeepError> {
        settings::keep(store, &key(workspace, number::ALERT_ADDRESSES), self).await
    }
}

impl Book {
    /// What stands in the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn load(store: &Store, workspace: WorkspaceId) -> Result<Self, StorageError> {
        Ok(settings::read(store, &key(workspace, number::TELLINGS))?.unwrap_or_default())
    }

    /// Adds the writing of it to a batch.
    ///
    /// # Errors
    /// The workspace's key cannot be read.
    pub(super) fn put(
        &self,
        batch: &mut Batch,
        store: &Store,
        workspace: WorkspaceId,
    ) -> Result<(), StorageError> {
        let seal = store.workspace_seal(workspace)?;
        settings::write(batch, &key(workspace, number::TELLINGS), self, &seal)
    }
}

const fn key(workspace: WorkspaceId, setting: u8) -> SettingKey {
    SettingKey { workspace, setting }
}
