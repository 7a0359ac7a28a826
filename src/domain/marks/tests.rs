//! What a later word does to an earlier message.

use super::*;
use crate::domain::MessageStatus;
use crate::domain::message::tests::outbound;

fn inbound(n: u32, kind: &str, body: Value) -> Message {
    let mut message = outbound(MessageStatus::Received);
    message.id.n = n;
    message.direction = Direction::Inbound;
    message.author = Author::Customer;
    message.created_at = Timestamp(i64::from(n) * SECOND);
    message.content = Content {
        kind: kind.into(),
        body,
    };
    message
}

fn hello() -> Message {
    inbound(1, "text", json!({"body": "hello"}))
}

#[test]
fn each_side_has_one_reaction_and_an_empty_one_takes_it_back() {
    let mut target = hello();
    let react = |n, emoji: &str| inbound(n, "reaction", json!({"emoji": emoji, "message_id": "x"}));
    assert!(apply(&mut target, &react(2, "👍")).any);
    assert!(apply(&mut target, &react(3, "❤️")).any);
    let mut ours = react(4, "🙏");
    (ours.direction, ours.author) = (Direction::Outbound, Author::Api);
    assert!(apply(&mut target, &ours).any);
    let shown = |target: &Message| {
        let emoji = target.marks.reactions.iter().map(|each| each.emoji.clone());
        emoji.collect::<Vec<_>>()
    };
    assert_eq!(shown(&target), ["❤️", "🙏"]);
    assert!(
        !apply(&mut target, &react(2, "👎")).any,
        "overtaken news changes nothing"
    );
    assert!(apply(&mut target, &react(5, "")).any);
    assert_eq!(shown(&target), ["🙏"]);
    assert!(target.marks.unreact(MessageId { n: 4, ..target.id }));
    assert!(target.marks.is_empty());
}

#[test]
fn an_edit_replaces_the_words_and_keeps_the_earlier_ones() {
    let mut target = hello();
    let news = |n, body: Value| inbound(n, "edit", body);
    let text = |words: &str| json!({"original_message_id": "x", "message": {"type": "text", "text": {"body": words}}});
    assert!(apply(&mut target, &news(2, text("hello you"))).words);
    assert!(
        !apply(&mut target, &news(2, text("hello you"))).any,
        "twice is once"
    );
    assert!(
        apply(
            &mut target,
            &news(3, json!({"original_message_id": "x", "text": {"body": "bye"}}))
        )
        .words
    );
    assert_eq!(target.content.body["body"], "bye");
    let earlier: Vec<_> = target
        .marks
        .edits
        .iter()
        .map(|e| e.content.body["body"].clone())
        .collect();
    assert_eq!(earlier, ["hello", "hello you"]);
    for n in 4..60 {
        apply(&mut target, &news(n, text(&n.to_string())));
    }
    assert_eq!(target.marks.edits.len(), MAX_EDITS);
    assert_eq!(
        target.marks.edits[0].content.body["body"], "hello",
        "the first is kept"
    );
    for senseless in [json!({}), json!({"message": {"type": "image"}}), json!(null)] {
        assert!(!apply(&mut target, &news(90, senseless)).any);
    }
}

#[test]
fn a_new_caption_keeps_the_file() {
    let mut target = inbound(
        1,
        "image",
        json!({"media_id": "7", "sha256": "a", "caption": "old", "file": "f1"}),
    );
    let news = inbound(
        2,
        "edit",
        json!({"message": {"type": "image", "image": {"media_id": "8", "sha256": "a", "caption": "new"}}}),
    );
    assert!(apply(&mut target, &news).words);
    assert_eq!(
        target.content.body,
        json!({"media_id": "7", "sha256": "a", "caption": "new", "file": "f1"})
    );
}

#[test]
fn a_deletion_leaves_no_word_behind() {
    let mut target = hello();
    target.extra = Some(json!({"referral": {"body": "secret"}}));
    apply(
        &mut target,
        &inbound(2, "edit", json!({"text": {"body": "secret"}})),
    );
    let news = inbound(3, "revoke", json!({"original_message_id": "x"}));
    assert!(apply(&mut target, &news).words);
    assert!(!apply(&mut target, &news).any);
    let left = format!("{target:?}");
    assert!(!left.contains("secret") && !left.contains("hello"), "{left}");
    assert!(
        !apply(
            &mut target,
            &inbound(4, "edit", json!({"text": {"body": "back"}}))
        )
        .any
    );
    assert!(
        !apply(
            &mut target,
            &inbound(5, "reaction", json!({"emoji": "👍", "message_id": "x"}))
        )
        .any
    );
}

#[test]
fn nobody_edits_or_deletes_the_other_sides_message() {
    let mut ours = outbound(MessageStatus::Sent);
    for news in [
        inbound(2, "edit", json!({"text": {"body": "forged"}})),
        inbound(3, "revoke", json!({})),
    ] {
        assert!(!apply(&mut ours, &news).any);
    }
    assert_eq!(ours.content.body["body"], "hello");
}

#[test]
fn an_answer_is_a_choice_of_the_message_that_asked() {
    let asking = |kind: &str| {
        let mut asking = outbound(MessageStatus::Delivered);
        asking.content = Content {
            kind: "interactive".into(),
            body: json!({ "type": kind }),
        };
        asking
    };
    let table = [
        (
            "button",
            "interactive",
            json!({"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes"}}),
            Some(("button", "yes", "Yes")),
        ),
        (
            "list",
            "interactive",
            json!({"type": "list_reply", "list_reply": {"id": "r1", "title": "Row"}}),
            Some(("list", "r1", "Row")),
        ),
        (
            "flow",
            "interactive",
            json!({"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent"}}),
            Some(("flow", "flow", "Sent")),
        ),
        (
            "x",
            "button",
            json!({"payload": "P", "text": "Tap"}),
            Some(("button", "P", "Tap")),
        ),
        (
            "location_request_message",
            "location",
            json!({"name": "Home"}),
            Some(("location", "", "Home")),
        ),
        ("button", "location", json!({"name": "Home"}), None),
        ("button", "interactive", json!({"type": "hologram"}), None),
    ];
    for (asked, kind, body, expected) in table {
        let mut target = asking(asked);
        apply(&mut target, &inbound(2, kind, body.clone()));
        let found = target
            .marks
            .choices
            .first()
            .map(|c| (c.kind.as_str(), c.id.as_str(), c.title.as_str()));
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn a_double_tap_is_one_click_and_an_expired_link_counts_none() {
    let link = TrackedLink {
        code: "abc".into(),
        url: "https://shop.example".into(),
        button: String::new(),
        expires_at: Timestamp(100 * SECOND),
        clicks: 0,
        first_at: None,
        last_at: None,
    };
    let mut marks = Marks {
        links: vec![link],
        ..Marks::default()
    };
    let at = |seconds: i64| Timestamp(seconds * SECOND);
    assert!(marks.click("abc", at(1)));
    assert!(!marks.click("abc", Timestamp(SECOND + 5)));
    assert!(marks.click("abc", at(3)));
    assert!(!marks.click("abc", at(100)) && !marks.click("other", at(5)));
    let link = &marks.links[0];
    assert_eq!(
        (link.clicks, link.first_at, link.last_at),
        (2, Some(at(1)), Some(at(3)))
    );
}
