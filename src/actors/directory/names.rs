//! The business's own address book, as its phone shares it: who is called what.

use actix::{ActorFutureExt, AtomicResponse, Handler, Message, WrapFuture};

use super::{Directory, DirectoryError, Draft};
use crate::domain::contact::clean_name;
use crate::domain::{Identity, TraceId, WorkspaceId};

/// Names people as the business's phone does. Whoever is not known yet becomes a contact; a name that the team gave stays.
#[derive(Message)]
#[rtype(result = "Result<(), DirectoryError>")]
pub struct NameContacts {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Who is called what.
    pub people: Vec<(Identity, String)>,
    /// Its trace.
    pub trace: TraceId,
}

impl Handler<NameContacts> for Directory {
    type Result = AtomicResponse<Self, Result<(), DirectoryError>>;

    fn handle(&mut self, request: NameContacts, _ctx: &mut Self::Context) -> Self::Result {
        let core = self.core.clone();
        let work = async move {
            let mut draft = Draft::new(&core, request.workspace, request.trace);
            for (identity, name) in &request.people {
                draft.name(identity, name)?;
            }
            draft.commit().await
        };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|result, _, _| result)))
    }
}

impl Draft<'_> {
    fn name(&mut self, identity: &Identity, name: &str) -> Result<(), DirectoryError> {
        let hash = self.hash(identity)?;
        let id = match self.lookup(hash)? {
            Some(id) => id,
            None => self.create_contact()?,
        };
        self.learn(id, std::slice::from_ref(identity), None)?;
        let open = self.open(id)?;
        if open.contact.name.is_empty() {
            open.contact.name = clean_name(name);
            open.changed |= !open.contact.name.is_empty();
        }
        Ok(())
    }
}
