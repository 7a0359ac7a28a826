//! What may be sent, and what is refused by name.

use frontdesk::channels::Provider;
use frontdesk::channels::instagram::Instagram;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::content;

fn refused(kind: &str, body: Value) -> Option<String> {
    Instagram
        .validate_content(&content(kind, body))
        .err()
        .map(|error| error.field)
}

fn others(count: usize) -> Vec<Value> {
    vec![json!({"type": "image", "image": {"link": "https://a.example/2.jpg"}}); count]
}

fn replies(count: usize) -> Value {
    let reply = |n| json!({"type": "reply", "reply": {"id": format!("R{n}"), "title": format!("Reply {n}")}});
    json!({"type": "button", "body": {"text": "?"}, "action": {"buttons": (0..count).map(reply).collect::<Vec<_>>()}})
}

#[rstest]
#[case("text", json!({"body": "x".repeat(1000)}), None)]
#[case("text", json!({"body": "x".repeat(1001)}), Some("text.body"))]
#[case("text", json!({"body": "é".repeat(500)}), None)]
#[case("text", json!({"body": "é".repeat(501)}), Some("text.body"))]
#[case("text", json!({"body": "😀".repeat(251)}), Some("text.body"))]
#[case("text", json!({"body": " "}), Some("text.body"))]
#[case("image", json!({"link": "https://a.example/1.jpg", "caption": "x"}), Some("image.caption"))]
#[case("image", json!({}), Some("image.media_id"))]
#[case("image", json!({"link": "ftp://a"}), Some("image.link"))]
#[case("image", json!({"link": "https://a.example/1.jpg", "attachments": []}), Some("image.attachments"))]
#[case("image", json!({"link": "https://a.example/1.jpg", "attachments": others(9)}), None)]
#[case("image", json!({"link": "https://a.example/1.jpg", "attachments": others(10)}), Some("image.attachments"))]
#[case("image", json!({"link": "https://a.example/1.jpg", "attachments": [{"type": "video", "image": {}}]}),
    Some("image.attachments.0.type"))]
#[case("document", json!({"link": "https://a.example/1.pdf", "filename": "price list.pdf"}), None)]
#[case("share", json!({}), Some("share.id"))]
#[case("reaction", json!({"message_id": "m", "emoji": "🔥"}), None)]
#[case("reaction", json!({"message_id": "m", "emoji": "fire"}), Some("reaction.emoji"))]
#[case("interactive", replies(13), None)]
#[case("interactive", replies(14), Some("interactive.action.buttons"))]
#[case("interactive", json!({"type": "button", "body": {"text": "?"}, "action": {"buttons": [
    {"type": "reply", "reply": {"id": "A", "title": "x".repeat(21)}}]}}), Some("interactive.action.buttons.0.reply.title"))]
#[case("interactive", json!({"type": "button_template", "body": {"text": "x".repeat(641)}, "buttons": []}),
    Some("interactive.body.text"))]
#[case("interactive", json!({"type": "button_template", "body": {"text": "x"}, "buttons": []}), Some("interactive.buttons"))]
#[case("interactive", json!({"type": "generic_template", "elements": [{"title": "x"}]}), Some("interactive.elements.0.subtitle"))]
#[case("interactive", json!({"type": "generic_template", "elements": [{"title": "x".repeat(81), "subtitle": "y"}]}),
    Some("interactive.elements.0.title"))]
#[case("interactive", json!({"type": "flow"}), Some("interactive.type"))]
#[case("interactive", json!({"type": "button", "header": {"type": "image", "image": {}}, "body": {"text": "x"},
    "action": {"buttons": []}}), Some("interactive.action.buttons"))]
#[case("template", json!({"name": "x"}), Some("type"))]
#[case("sticker", json!({}), Some("type"))]
fn limits_are_named(#[case] kind: &str, #[case] body: Value, #[case] field: Option<&str>) {
    assert_eq!(refused(kind, body).as_deref(), field);
}

#[test]
fn titles_of_quick_replies_differ_because_the_answer_is_the_title() {
    let reply = |id: &str| json!({"type": "reply", "reply": {"id": id, "title": "Same"}});
    let body =
        json!({"type": "button", "body": {"text": "?"}, "action": {"buttons": [reply("A"), reply("B")]}});
    assert_eq!(
        refused("interactive", body).as_deref(),
        Some("interactive.action.buttons.1.reply.title")
    );
}

proptest! {
    #[test]
    fn a_text_passes_exactly_up_to_a_thousand_bytes(text in "\\PC{1,600}") {
        let fits = !text.trim().is_empty() && text.len() <= 1000;
        prop_assert_eq!(refused("text", json!({"body": text})).is_none(), fits);
    }
}
