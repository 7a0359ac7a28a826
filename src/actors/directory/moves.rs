//! A customer is found by something else from now on.

use actix::{ActorFutureExt, AtomicResponse, Handler, Message, WrapFuture};

use super::{Directory, DirectoryError, Draft};
use crate::domain::{ContactId, Identity, TraceId, WorkspaceId};
use crate::storage::keys::ContactByIdentityKey;

/// A customer is known by something else from now on: a new number, a new user id.
#[derive(Message)]
#[rtype(result = "Result<(), DirectoryError>")]
pub struct MoveIdentity {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Whose.
    pub contact: ContactId,
    /// What they are no longer known by: whoever has the number next is someone else.
    pub gone: Vec<Identity>,
    /// What they are known by now.
    pub new: Vec<Identity>,
    /// Its trace.
    pub trace: TraceId,
}

impl Handler<MoveIdentity> for Directory {
    type Result = AtomicResponse<Self, Result<(), DirectoryError>>;

    fn handle(&mut self, request: MoveIdentity, _ctx: &mut Self::Context) -> Self::Result {
        let core = self.core.clone();
        let work = async move {
            let mut draft = Draft::new(&core, request.workspace, request.trace);
            draft.move_identity(request.contact, &request.gone, &request.new)?;
            draft.commit().await
        };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|result, _, _| result)))
    }
}

impl Draft<'_> {
    /// The history stays where it is: only what the contact is found by changes. A new number by which someone else was found
    /// until now was the same person's: the provider says whose it is, and both contacts are noted as merged.
    pub(super) fn move_identity(
        &mut self,
        id: ContactId,
        gone: &[Identity],
        new: &[Identity],
    ) -> Result<(), DirectoryError> {
        let kept: Vec<[u8; 16]> = new
            .iter()
            .map(|identity| self.hash(identity))
            .collect::<Result<_, _>>()?;
        for identity in gone {
            let hash = self.hash(identity)?;
            // The same number in another notation has not gone.
            if kept.contains(&hash) {
                continue;
            }
            let open = self.open(id)?;
            let before = open.contact.identities.len();
            open.contact.identities.retain(|known| known != identity);
            open.changed |= open.contact.identities.len() != before;
            if self.lookup(hash)? == Some(id) {
                let key = ContactByIdentityKey {
                    workspace: self.workspace,
                    identity: hash,
                };
                self.batch.delete(&key);
            }
        }
        self.take_over(id, new)?;
        self.learn(id, new, None)
    }
}
