//! What the operator does from the machine's command line while no server runs: see who there is, set a password.

use super::create::PasswordRule;
use super::password::{self, PasswordHasher};
use super::store::{delete_session, email_key, sessions_of};
use crate::domain::account::{User, Workspace};
use crate::domain::{EventKind, Timestamp, TraceId};
use crate::http::ApiError;
use crate::storage::keys::{UserKey, WorkspaceKey};
use crate::storage::{Batch, Prefix, StorageError, Store};

/// Rows read at once.
const STEP: usize = 200;

/// Every workspace with its people.
///
/// # Errors
/// The store cannot be read.
pub fn everyone(store: &Store) -> Result<Vec<(Workspace, Vec<User>)>, StorageError> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = store.scan(&Prefix::<WorkspaceKey>::table(), after.as_ref(), STEP)?;
        let Some((last, _)) = page.last() else {
            return Ok(all);
        };
        after = Some(*last);
        for (key, workspace) in page {
            let prefix = Prefix::<UserKey>::table().with(key.workspace);
            let users = store.scan(&prefix, None, super::store::USERS_MAX)?;
            all.push((workspace, users.into_iter().map(|(_, user)| user).collect()));
        }
    }
}

/// Sets someone's password, ends their lock and all their sessions.
///
/// # Errors
/// There is nobody with this address, the password is refused, or the store cannot write.
pub async fn set_password(
    store: &Store,
    hasher: &PasswordHasher,
    email: &str,
    new: &str,
    now: Timestamp,
    rule: PasswordRule,
) -> Result<User, ApiError> {
    match rule {
        PasswordRule::Strict => password::check("password", new, email)?,
        PasswordRule::Operator => password::check_size("password", new)?,
    }
    let nobody = || ApiError::not_found("user with this e-mail address");
    let (workspace, user) = store.get(&email_key(store, email))?.ok_or_else(nobody)?;
    let hash = hasher.hash(new.to_owned()).await?;
    let key = UserKey { workspace, user };
    let (mut record, fingerprint) = store.get_for_update(&key)?.ok_or_else(nobody)?;
    record.password_hash = hash;
    record.failed_logins = 0;
    record.locked_until = None;
    let mut batch = Batch::new();
    batch.require_unchanged(&key, fingerprint);
    batch.put(&key, &record, &store.workspace_seal(workspace)?);
    for (secret, session) in sessions_of(store, workspace, user)? {
        delete_session(&mut batch, secret, &session);
    }
    let trace = TraceId::from_uuid(uuid::Uuid::now_v7());
    batch.event(workspace, now, trace, EventKind::UserUpdated(user));
    store.commit(batch).await?;
    Ok(record)
}
