//! Reading and writing people. Every write of a person says which version it saw.

use super::Accounts;
use crate::domain::account::{Session, User, Workspace};
use crate::domain::phrases;
use crate::domain::{EventKind, Timestamp, TraceId, UserId, WorkspaceId};
use crate::http::{ApiError, ErrorCode};
use crate::storage::keys::{
    PushDeviceKey, SessionByUserKey, SessionKey, UserByEmailKey, UserKey, WorkspaceKey,
};
use crate::storage::{Batch, CommitError, Fingerprint, Prefix, StorageError, Store};

/// Most people in one workspace.
pub const USERS_MAX: usize = 500;
/// Most sessions of one person; a further log-in ends the one that was used longest ago.
pub const SESSIONS_MAX: usize = 50;
/// How often a write is tried again after someone else was first.
const RETRIES: usize = 5;

/// Whether there is a workspace yet.
///
/// # Errors
/// The store fails.
pub fn is_set_up(store: &Store) -> Result<bool, StorageError> {
    Ok(!store
        .scan_keys(&Prefix::<WorkspaceKey>::table(), None, 1)?
        .is_empty())
}

/// How an address is compared.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The key under which the person with this address is found.
pub fn email_key(store: &Store, email: &str) -> UserByEmailKey {
    UserByEmailKey {
        email: store.email_hash(email),
    }
}

impl Accounts {
    /// The person with this address.
    pub(super) fn by_email(&self, email: &str) -> Result<Option<(User, Fingerprint)>, ApiError> {
        match self.store.get(&email_key(&self.store, email))? {
            Some((workspace, user)) => Ok(self.store.get_for_update(&UserKey { workspace, user })?),
            None => Ok(None),
        }
    }

    /// A person of this workspace.
    pub(super) fn user(&self, workspace: WorkspaceId, user: UserId) -> Result<User, ApiError> {
        let found = self.store.get(&UserKey { workspace, user })?;
        found.ok_or_else(|| ApiError::not_found("user"))
    }

    /// The workspace's record.
    pub(super) fn workspace(&self, workspace: WorkspaceId) -> Result<Workspace, ApiError> {
        let found = self.store.get(&WorkspaceKey { workspace })?;
        found.ok_or_else(|| ApiError::not_found("workspace"))
    }

    /// Everyone in the workspace.
    pub(super) fn users(&self, workspace: WorkspaceId) -> Result<Vec<User>, ApiError> {
        let prefix = Prefix::<UserKey>::table().with(workspace);
        let rows = self.store.scan(&prefix, None, USERS_MAX)?;
        Ok(rows.into_iter().map(|(_, user)| user).collect())
    }

    /// The person's sessions with the hashes of their secrets.
    pub(super) fn sessions_of(
        &self,
        workspace: WorkspaceId,
        user: UserId,
    ) -> Result<Vec<([u8; 32], Session)>, ApiError> {
        Ok(sessions_of(&self.store, workspace, user)?)
    }

    /// Changes a person: reads, lets `change` decide, writes, and begins again if someone else was first.
    pub(super) async fn update_user<T>(
        &self,
        workspace: WorkspaceId,
        user: UserId,
        trace: TraceId,
        mut change: impl FnMut(&mut User, &mut Batch) -> Result<T, ApiError>,
    ) -> Result<(User, T), ApiError> {
        let key = UserKey { workspace, user };
        let seal = self.store.workspace_seal(workspace)?;
        for _ in 0..RETRIES {
            let Some((mut record, fingerprint)) = self.store.get_for_update(&key)? else {
                return Err(ApiError::not_found("user"));
            };
            let mut batch = Batch::new();
            let result = change(&mut record, &mut batch)?;
            batch.require_unchanged(&key, fingerprint);
            batch.put(&key, &record, &seal);
            batch.event(workspace, self.clock.now(), trace, EventKind::UserUpdated(user));
            match self.store.commit(batch).await {
                Ok(_) => {
                    self.auth.forget_user(user);
                    return Ok((record, result));
                }
                Err(CommitError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ApiError::busy(phrases::PERSON_BUSY.text(), 1))
    }
}

/// A person's sessions with the hashes of their secrets.
pub fn sessions_of(
    store: &Store,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Vec<([u8; 32], Session)>, StorageError> {
    let prefix = Prefix::<SessionByUserKey>::table().with(workspace).with(user);
    let mut sessions = Vec::new();
    // Twice the limit: log-ins at the same moment may go beyond it for a while.
    for (_, secret) in store.scan(&prefix, None, SESSIONS_MAX * 2)? {
        if let Some(session) = store.get(&SessionKey { secret })? {
            sessions.push((secret, session));
        }
    }
    Ok(sessions)
}

/// There already is a person with this address.
pub fn email_taken(field: &'static str) -> ApiError {
    ApiError::new(ErrorCode::AlreadyExists, phrases::EMAIL_TAKEN.text()).at(field)
}

/// Takes a session away, and with it the telling of its device.
pub fn delete_session(batch: &mut Batch, secret: [u8; 32], session: &Session) {
    batch.delete(&SessionKey { secret });
    batch.delete(&SessionByUserKey {
        workspace: session.workspace,
        user: session.user,
        session: session.id,
    });
    batch.delete(&PushDeviceKey {
        workspace: session.workspace,
        user: session.user,
        session: session.id,
    });
}

/// A new id of the given kind; ids made later sort later.
pub fn new_id<T>(wrap: impl FnOnce(uuid::Uuid) -> T) -> T {
    wrap(uuid::Uuid::now_v7())
}

/// When a session that is used now ends.
pub const fn session_end(now: Timestamp) -> Timestamp {
    now.plus(crate::http::auth::SESSION_LIFETIME)
}
