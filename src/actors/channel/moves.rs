//! A customer changed their number, or the provider gave them another id: they stay the same person, history and all.

use crate::actors::directory::MoveIdentity;
use crate::actors::registry::ChannelEntry;
use crate::domain::inbound::InboundMessage;
use crate::domain::{ContactId, Identity, IdentityKind, TraceId};

use super::ChannelWork;
use super::drain::RoundError;

/// What someone is known by no longer, and from now on; `None` for any other message. (WhatsApp: system messages
/// `user_changed_number` and `user_changed_user_id`.)
fn moved(message: &InboundMessage) -> Option<(Vec<Identity>, Vec<Identity>)> {
    let body = &message.content.body;
    let text = |name: &str| body.get(name).and_then(|value| value.as_str());
    if message.content.kind != "system" {
        return None;
    }
    let number = text("wa_id").and_then(Identity::whatsapp);
    let user_id = text("user_id").map(|id| Identity::new(IdentityKind::WhatsappUserId, id));
    let of_kind = |kind| {
        let known = message.sender.identities.iter();
        known
            .filter(move |identity| identity.kind == kind)
            .cloned()
            .collect::<Vec<_>>()
    };
    match text("type")? {
        "user_changed_number" => {
            let number = number?;
            let gone = of_kind(IdentityKind::WhatsappId);
            let gone = gone.into_iter().filter(|old| *old != number).collect();
            Some((gone, [number].into_iter().chain(user_id).collect()))
        }
        // The message comes from the new id already; the old one is known by nobody else.
        "user_changed_user_id" => Some((Vec::new(), number.into_iter().chain(user_id).collect())),
        _ => None,
    }
}

/// Whether a message moves its sender's identity.
pub(super) fn is_move(message: &InboundMessage) -> bool {
    moved(message).is_some()
}

impl ChannelWork {
    /// Moves a customer's identity, if this message says so. Doing it again changes nothing.
    pub(super) async fn follow_move(
        &self,
        entry: &ChannelEntry,
        contact: ContactId,
        message: &InboundMessage,
        trace: TraceId,
    ) -> Result<(), RoundError> {
        if message
            .extra
            .as_ref()
            .is_some_and(|extra| extra.get("history").is_some())
        {
            return Ok(());
        }
        let Some((gone, new)) = moved(message) else {
            return Ok(());
        };
        let request = MoveIdentity {
            workspace: entry.workspace,
            contact,
            gone,
            new,
            trace,
        };
        Ok(self.directory.send(request).await?)
    }
}
