//! The end of a browser session when its time is over.

use super::due::due_key;
use crate::domain::Timestamp;
use crate::domain::operations::DueWork;
use crate::storage::keys::{PushDeviceKey, SessionByUserKey, SessionKey};
use crate::storage::{Batch, Seal, StorageError, Store};

/// What to do when `DueWork::EndSession(secret)` is due: ends the session, or, if it was used since, waits for its new end.
/// The due row itself is its runner's to remove, in the same batch.
///
/// # Errors
/// The store cannot be read.
pub fn end_session_when_due(store: &Store, secret: [u8; 32], now: Timestamp) -> Result<Batch, StorageError> {
    let mut batch = Batch::bulk();
    let key = SessionKey { secret };
    let Some((session, fingerprint)) = store.get_for_update(&key)? else {
        return Ok(batch);
    };
    batch.require_unchanged(&key, fingerprint);
    if session.expires_at <= now {
        batch.delete(&key).delete(&SessionByUserKey {
            workspace: session.workspace,
            user: session.user,
            session: session.id,
        });
        batch.delete(&PushDeviceKey {
            workspace: session.workspace,
            user: session.user,
            session: session.id,
        });
    } else {
        let work = DueWork::EndSession(secret);
        batch.put(
            &due_key(session.expires_at, session.workspace, &work),
            &work,
            &Seal::Open,
        );
    }
    Ok(batch)
}
