//! Keys in memory, bounded. What falls out is unwrapped again from its row when it is next needed.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::WorkspaceKeys;
use super::cipher::DataKey;
use crate::domain::{ContactId, WorkspaceId};

/// Contact keys kept in memory.
const CONTACTS: usize = 50_000;
/// Workspaces whose keys are kept in memory.
const WORKSPACES: usize = 4_096;
/// Keys made and not yet committed.
const PENDING: usize = 8_192;

/// A map that keeps about the last `limit` used entries: two generations, the older one is dropped when the newer is half full.
struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half: usize,
}

impl<K: Eq + Hash + Copy, V: Clone> Recent<K, V> {
    fn new(limit: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            half: limit.div_ceil(2),
        }
    }

    fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let value = self.old.remove(key)?;
        self.add(*key, value.clone());
        Some(value)
    }

    fn add(&mut self, key: K, value: V) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        self.young.retain(|key, value| keep(key, value));
        self.old.retain(|key, value| keep(key, value));
    }

    fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[derive(Clone)]
enum Pending {
    Workspace(WorkspaceId, Arc<WorkspaceKeys>),
    Contact(WorkspaceId, ContactId, Arc<DataKey>),
}

/// All keys in memory.
pub(super) struct Cache {
    keys: Recent<[u8; 8], Arc<DataKey>>,
    contacts: Recent<(WorkspaceId, ContactId), Arc<DataKey>>,
    workspaces: Recent<WorkspaceId, Arc<WorkspaceKeys>>,
    /// Made by a batch that is not committed yet.
    pending: Recent<[u8; 8], Pending>,
    pending_contacts: Recent<(WorkspaceId, ContactId), [u8; 8]>,
    pending_workspaces: Recent<WorkspaceId, [u8; 8]>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            keys: Recent::new(CONTACTS),
            contacts: Recent::new(CONTACTS),
            workspaces: Recent::new(WORKSPACES),
            pending: Recent::new(PENDING),
            pending_contacts: Recent::new(PENDING),
            pending_workspaces: Recent::new(PENDING),
        }
    }
}

impl Cache {
    pub(super) fn key(&mut self, id: [u8; 8]) -> Option<Arc<DataKey>> {
        self.keys.get(&id)
    }

    pub(super) fn add_key(&mut self, key: Arc<DataKey>) {
        self.keys.add(key.id, key);
    }

    pub(super) fn contact(&mut self, workspace: WorkspaceId, contact: ContactId) -> Option<Arc<DataKey>> {
        self.contacts.get(&(workspace, contact))
    }

    pub(super) fn add_contact(&mut self, workspace: WorkspaceId, contact: ContactId, key: Arc<DataKey>) {
        self.contacts.add((workspace, contact), key);
    }

    pub(super) fn workspace(&mut self, workspace: WorkspaceId) -> Option<Arc<WorkspaceKeys>> {
        self.workspaces.get(&workspace)
    }

    pub(super) fn add_workspace(&mut self, workspace: WorkspaceId, keys: Arc<WorkspaceKeys>) {
        self.workspaces.add(workspace, keys);
    }

    pub(super) fn add_pending_workspace(&mut self, workspace: WorkspaceId, keys: Arc<WorkspaceKeys>) {
        let id = keys.data.id;
        self.pending_workspaces.add(workspace, id);
        self.pending.add(id, Pending::Workspace(workspace, keys));
    }

    pub(super) fn add_pending_contact(
        &mut self,
        workspace: WorkspaceId,
        contact: ContactId,
        key: Arc<DataKey>,
    ) {
        self.pending_contacts.add((workspace, contact), key.id);
        self.pending
            .add(key.id, Pending::Contact(workspace, contact, key));
    }

    pub(super) fn pending_workspace(&mut self, workspace: WorkspaceId) -> Option<Arc<WorkspaceKeys>> {
        let id = self.pending_workspaces.get(&workspace)?;
        match self.pending.get(&id)? {
            Pending::Workspace(_, keys) => Some(keys),
            Pending::Contact(..) => None,
        }
    }

    pub(super) fn pending_contact(
        &mut self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Option<Arc<DataKey>> {
        let id = self.pending_contacts.get(&(workspace, contact))?;
        match self.pending.get(&id)? {
            Pending::Contact(_, _, key) => Some(key),
            Pending::Workspace(..) => None,
        }
    }

    /// The key's row is durable.
    pub(super) fn confirm(&mut self, id: [u8; 8]) {
        let Some(pending) = self.pending.get(&id) else {
            return;
        };
        match pending {
            Pending::Workspace(workspace, keys) => {
                keys.data.mark_stored();
                self.add_key(Arc::clone(&keys.data));
                self.add_workspace(workspace, keys);
                self.pending_workspaces.remove(&workspace);
            }
            Pending::Contact(workspace, contact, key) => {
                key.mark_stored();
                self.add_key(Arc::clone(&key));
                self.add_contact(workspace, contact, key);
                self.pending_contacts.remove(&(workspace, contact));
            }
        }
        self.pending.remove(&id);
    }

    /// The batch that made the key was refused.
    pub(super) fn discard_pending(&mut self, id: [u8; 8]) {
        self.pending.remove(&id);
        self.pending_contacts.retain(|_, pending| *pending != id);
        self.pending_workspaces.retain(|_, pending| *pending != id);
    }

    /// The key was destroyed.
    pub(super) fn forget(&mut self, id: [u8; 8]) {
        self.keys.remove(&id);
        self.contacts.retain(|_, key| key.id != id);
        self.discard_pending(id);
    }
}
