//! The name that the team gives a contact.

use actix::{ActorFutureExt, AtomicResponse, Handler, Message, WrapFuture};

use super::{Directory, DirectoryError, Draft};
use crate::actors::core::Core;
use crate::domain::contact::clean_name;
use crate::domain::{Contact, ContactId, TraceId, WorkspaceId};

/// Gives a contact the name that the team uses.
#[derive(Message)]
#[rtype(result = "Result<Contact, DirectoryError>")]
pub struct Rename {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Whose.
    pub contact: ContactId,
    /// The name; empty for none.
    pub name: String,
    /// Only if the contact is at this version.
    pub if_version: Option<u64>,
    /// Its trace.
    pub trace: TraceId,
}

impl Handler<Rename> for Directory {
    type Result = AtomicResponse<Self, Result<Contact, DirectoryError>>;

    fn handle(&mut self, request: Rename, _ctx: &mut Self::Context) -> Self::Result {
        let core = self.core.clone();
        let work = async move { rename(&core, request).await };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|result, _, _| result)))
    }
}

async fn rename(core: &Core, request: Rename) -> Result<Contact, DirectoryError> {
    let mut draft = Draft::new(core, request.workspace, request.trace);
    let open = draft.open(request.contact)?;
    if let Some(version) = request
        .if_version
        .filter(|version| *version != open.contact.version)
    {
        tracing::debug!(version, "a contact was changed meanwhile");
        return Err(DirectoryError::VersionMismatch {
            current: open.contact.version,
        });
    }
    let name = clean_name(&request.name);
    if open.contact.name != name {
        open.contact.name = name;
        open.changed = true;
    }
    let mut contact = open.contact.clone();
    contact.version += u64::from(open.changed);
    draft.commit().await?;
    Ok(contact)
}
