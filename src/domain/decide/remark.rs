//! News about an earlier message: a reaction, an edit, a deletion, an answer to a question that it asked, a click.

use crate::domain::marks;
use crate::domain::message::{Direction, Message, MessageStatus};
use crate::domain::{EventKind, Timestamp, vcard};

use super::Decision;
use serde_json::Value;

/// Works `news` into the `target` that it is about. Nothing is noted if it changes nothing.
pub fn remark(decision: &mut Decision, mut target: Message, news: &Message) {
    let changed = marks::apply(&mut target, news);
    if !changed.any {
        return;
    }
    decision.conversation.reword_last(&target);
    let id = target.id;
    decision.messages.push(target);
    decision.events.push(match changed.words {
        true => EventKind::MessageRevised(id),
        false => EventKind::MessageUpdated(id),
    });
    decision.conversation_changed();
}

/// Takes the words out of an edit's own record, as the message that it changed was taken back.
pub fn forget_words(decision: &mut Decision, mut edit: Message) {
    let original = edit.content.body.get("original_message_id").cloned();
    edit.content.body = serde_json::json!({ "original_message_id": original });
    decision.conversation.reword_last(&edit);
    decision.events.push(EventKind::MessageRevised(edit.id));
    decision.messages.push(edit);
}

/// Takes a reaction of ours off `target` again, as the message that brought it failed.
pub fn unreact(decision: &mut Decision, mut target: Message, failed: &Message) {
    if target.marks.unreact(failed.id) {
        decision.events.push(EventKind::MessageUpdated(target.id));
        decision.messages.push(target);
    }
}

/// Counts a click on a tracked link. Nothing is noted if it does not count.
pub fn click(decision: &mut Decision, mut target: Message, code: &str, now: Timestamp) {
    if target.marks.click(code, now) {
        decision.events.push(EventKind::MessageUpdated(target.id));
        decision.messages.push(target);
    }
}

/// Writes the cards of a message's file into it. Nothing is noted if they stand there already.
pub fn fill_cards(decision: &mut Decision, mut target: Message, reference: &str, cards: Vec<Value>) {
    if target.marks.deleted.is_none() && vcard::fill(&mut target.content, reference, cards) {
        decision.conversation.reword_last(&target);
        decision.events.push(EventKind::MessageRevised(target.id));
        decision.messages.push(target);
        decision.conversation_changed();
    }
}

/// Whether this is a reaction of ours that never got there.
pub fn is_failed_reaction(message: &Message) -> bool {
    message.content.kind == "reaction"
        && message.direction == Direction::Outbound
        && message.status == MessageStatus::Failed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::tests::conversation;
    use crate::domain::message::tests::outbound;
    use crate::domain::{Author, Content};
    use serde_json::json;

    fn said(kind: &str, body: serde_json::Value) -> Message {
        let mut message = outbound(MessageStatus::Received);
        message.direction = Direction::Inbound;
        message.author = Author::Customer;
        message.content = Content {
            kind: kind.into(),
            body,
        };
        message
    }

    #[test]
    fn words_that_change_are_told_to_whoever_keeps_words() {
        let table = [
            ("edit", json!({"text": {"body": "new"}}), Some(true)),
            ("revoke", json!({}), Some(true)),
            ("reaction", json!({"emoji": "👍"}), Some(false)),
            ("hologram", json!({}), None),
        ];
        for (kind, body, words) in table {
            let mut state = conversation();
            let target = said("text", json!({"body": "old"}));
            state.note_last(&target);
            let mut decision = Decision::from(&state);
            remark(&mut decision, target.clone(), &said(kind, body));
            let expected = words.map(|words| match words {
                true => EventKind::MessageRevised(target.id),
                false => EventKind::MessageUpdated(target.id),
            });
            assert_eq!(decision.events.first(), expected.as_ref(), "{kind}");
            let preview = decision.conversation.last_message.map(|last| last.preview);
            let reworded = preview.as_deref() != Some("old");
            assert_eq!(reworded, words == Some(true), "{kind}: {preview:?}");
        }
    }
}
