//! Work that is due at a time: how its row is addressed.

use sha2::{Digest, Sha256};

use crate::domain::operations::DueWork;
use crate::domain::{Timestamp, WorkspaceId};
use crate::storage::keys::DueKey;

/// The row of `work` at `at`. The same work at the same time has the same row.
pub fn due_key(at: Timestamp, workspace: WorkspaceId, work: &DueWork) -> DueKey {
    let mut hash = Sha256::new();
    match work {
        DueWork::Unsnooze(conversation) => {
            hash.update([1]);
            hash.update(conversation.0);
        }
        DueWork::ForgetIdempotencyKey(key) => {
            hash.update([2]);
            hash.update(key);
        }
        DueWork::ReviewDoubtful(message) => {
            hash.update([3]);
            hash.update(message.conversation.0);
            hash.update(message.n.to_be_bytes());
        }
        DueWork::ForgetRawEvent(raw) => {
            hash.update([4]);
            hash.update(raw.0.to_be_bytes());
        }
        DueWork::EndSession(secret) => {
            hash.update([5]);
            hash.update(secret);
        }
        DueWork::ForgetEarlyStatus(channel, id) => {
            hash.update([6]);
            hash.update(channel.0);
            hash.update(id);
        }
        DueWork::ForgetLink(code) => {
            hash.update([7]);
            hash.update(code);
        }
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    DueKey {
        at,
        workspace,
        work: id,
    }
}
