//! The provider shows us a message of our own that it took: the answer to the send may still be under way, or lost.
//!
//! Owns the question whether an echo is a message that we sent. Must not know any provider.

use crate::domain::content::Content;
use crate::domain::inbound::{InboundMessage, StatusUpdate};
use crate::domain::message::{Direction, MessageStatus};
use crate::domain::{Message, Timestamp};

use super::{Decision, apply_status};

/// Whether `message` may be what was echoed: sent by us, not yet known by a provider's id, and saying the same.
pub fn may_be_echo_of(message: &Message, echoed: &InboundMessage) -> bool {
    let waits = matches!(message.status, MessageStatus::Queued | MessageStatus::Doubtful);
    message.direction == Direction::Outbound
        && waits
        && message.provider_message_id.is_none()
        && says_the_same(&message.content, &echoed.content)
}

/// Takes the echo as the news that the message was sent.
pub fn adopt_echo(decision: &mut Decision, message: Message, echoed: &InboundMessage, now: Timestamp) {
    let update = StatusUpdate {
        provider_message_id: echoed.provider_message_id.clone(),
        status: MessageStatus::Sent,
        at: echoed.at,
        callback: None,
        recipient: Vec::new(),
        error: None,
        error_class: None,
        pricing: None,
        free_until: None,
    };
    apply_status(decision, message, &update, now);
}

/// Words are compared by their letters, files by their kind: the provider gives them other addresses. What has buttons
/// comes back as its text, or as an attachment without any.
fn says_the_same(sent: &Content, echoed: &Content) -> bool {
    match (words(sent), words(echoed)) {
        (Some(sent), Some(echoed)) => sent == echoed,
        (_, Some(_)) => false,
        (Some(_), None) => sent.kind == "interactive" && echoed.kind == "attachment",
        (None, None) => {
            sent.kind == echoed.kind
                || matches!(
                    (sent.kind.as_str(), echoed.kind.as_str()),
                    ("interactive", "attachment")
                )
                || (sent.kind == "share" && echoed.body.get("media_url").is_some())
        }
    }
}

fn words(content: &Content) -> Option<String> {
    let paths: &[&str] = match content.kind.as_str() {
        "text" => &["/body"],
        "interactive" => &["/header/text", "/body/text", "/footer/text"],
        _ => return None,
    };
    let found = paths
        .iter()
        .filter_map(|path| content.body.pointer(path)?.as_str());
    let found: Vec<&str> = found.flat_map(str::split_whitespace).collect();
    (!found.is_empty()).then(|| found.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::tests::conversation;
    use crate::domain::decide::Effect;
    use crate::domain::message::tests::outbound;
    use serde_json::json;

    fn echo(kind: &str, body: serde_json::Value) -> InboundMessage {
        InboundMessage {
            provider_message_id: "mid.1".into(),
            sender: Default::default(),
            at: Some(Timestamp(7)),
            content: Content {
                kind: kind.into(),
                body,
            },
            reply_to: None,
            forwarded: false,
            extra: None,
        }
    }

    #[test]
    fn only_what_we_may_have_sent_is_ours() {
        let with = |status, kind: &str, body| {
            let mut message = outbound(status);
            message.content = Content {
                kind: kind.into(),
                body,
            };
            message
        };
        use MessageStatus::{Accepted, Doubtful, Queued};
        let hello = || echo("text", json!({"body": "hello  there"}));
        let buttons = || json!({"type": "button", "body": {"text": "hello there"}, "action": {}});
        let table = [
            (
                with(Queued, "text", json!({"body": "hello there\n"})),
                hello(),
                true,
            ),
            (
                with(Doubtful, "text", json!({"body": "hello there"})),
                hello(),
                true,
            ),
            (
                with(Accepted, "text", json!({"body": "hello there"})),
                hello(),
                false,
            ),
            (with(Queued, "text", json!({"body": "hello"})), hello(), false),
            (with(Queued, "interactive", buttons()), hello(), true),
            (
                with(Queued, "interactive", buttons()),
                echo("attachment", json!({})),
                true,
            ),
            (
                with(Queued, "image", json!({"link": "a"})),
                echo("image", json!({"link": "b"})),
                true,
            ),
            (
                with(Queued, "image", json!({"link": "a"})),
                echo("video", json!({"link": "b"})),
                false,
            ),
            (
                with(Queued, "text", json!({"body": "x"})),
                echo("image", json!({})),
                false,
            ),
            (
                with(Queued, "share", json!({"id": "1"})),
                echo("ig_post", json!({"media_url": "a"})),
                true,
            ),
        ];
        for (message, echoed, wanted) in table {
            assert_eq!(
                may_be_echo_of(&message, &echoed),
                wanted,
                "{message:?} {echoed:?}"
            );
        }
    }

    #[test]
    fn an_echo_settles_a_send_and_claims_its_id() {
        let mut decision = Decision::from(&conversation());
        let echoed = echo("text", json!({"body": "hello"}));
        adopt_echo(
            &mut decision,
            outbound(MessageStatus::Doubtful),
            &echoed,
            Timestamp(9),
        );
        let message = &decision.messages[0];
        assert_eq!(message.status, MessageStatus::Sent);
        assert_eq!(message.provider_message_id.as_deref(), Some("mid.1"));
        assert!(
            decision
                .effects
                .iter()
                .any(|effect| matches!(effect, Effect::Claim { .. }))
        );
        assert!(
            decision
                .effects
                .iter()
                .any(|effect| matches!(effect, Effect::Undoubt(_)))
        );
    }
}
