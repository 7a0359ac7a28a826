//! What an HTTP answer of WhatsApp Cloud API means for the message.
//!
//! Owns the reading of the answer to a send; error envelopes are the Graph API's. Must not do any I/O.

use serde_json::Value;

use super::errors::class_of;
use super::limits::PROVIDER_ID;
use super::payload::text_at;
use crate::channels::graph::{self, Answer};
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::outbound::SendOutcome;

pub(super) use crate::channels::graph::MAX_DETAIL_CHARS;

/// Words for a template's message that Meta took and keeps back: until its template's quality was assessed (template pacing,
/// about an hour at most), or while the template is paused. Others mean that it goes out.
const HELD: [&str; 2] = ["held_for_quality_assessment", "paused"];
/// Most identities that one answer may teach.
const MAX_LEARNT: usize = 4;

/// What became of a send.
pub(super) fn of_send(answer: &Answer) -> SendOutcome {
    graph::of_send(answer, class_of, accepted)
}

fn accepted(json: &Value) -> SendOutcome {
    let message = json.pointer("/messages/0");
    let id = message.and_then(|message| text_at(message, "id"));
    let held = message
        .and_then(|message| text_at(message, "message_status"))
        .filter(|word| HELD.contains(&word.as_str()));
    match id.filter(|id| id.len() <= PROVIDER_ID) {
        Some(provider_message_id) => SendOutcome::Accepted {
            provider_message_id,
            learnt: learnt(json),
            held,
        },
        None => SendOutcome::Unknown("the answer named no message id".into()),
    }
}

/// The recipient's ids: `wa_id` may differ from the number that was written to, `user_id` may be new.
fn learnt(json: &Value) -> Vec<Identity> {
    let Some(contact) = json.pointer("/contacts/0") else {
        return Vec::new();
    };
    let user_id = text_at(contact, "user_id").map(|id| Identity::new(IdentityKind::WhatsappUserId, id));
    let wa_id = text_at(contact, "wa_id").and_then(|id| Identity::whatsapp(&id));
    let mut learnt: Vec<Identity> = user_id.into_iter().chain(wa_id).take(MAX_LEARNT).collect();
    learnt.dedup();
    learnt
}
