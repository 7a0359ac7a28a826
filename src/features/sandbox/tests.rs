//! What a customer may write, and how a chat is shown.

use serde_json::{Value, json};

use super::message::MessageBody;
use super::views::chat;
use crate::http::json::parse;
use crate::sandbox::{Customer, Direction, EntryState, TranscriptEntry};

fn entry(id: &str, direction: Direction, kind: &str, content: Value) -> TranscriptEntry {
    TranscriptEntry {
        id: id.to_owned(),
        direction,
        kind: kind.to_owned(),
        content,
        rendered: None,
        context_id: None,
        at_ms: 1_790_000_000_000,
        state: EntryState::Delivered,
        error: None,
        biz_opaque_callback_data: None,
    }
}

fn refusal(body: &Value) -> Option<String> {
    let chat = [entry(
        "wamid.1",
        Direction::FromBusiness,
        "text",
        json!({ "body": "hi" }),
    )];
    let body: MessageBody = parse(body.to_string().as_bytes()).expect("an object");
    let read = body.into_message(&chat, &Customer::new("15550001", "A"));
    read.err().map(|error| error.field)
}

fn check(table: &[(Value, Option<&str>)]) {
    for (body, field) in table {
        assert_eq!(refusal(body).as_deref(), *field, "{body}");
    }
}

#[test]
fn messages_are_read_or_refused_by_field() {
    let text = |body: &str| json!({ "type": "text", "text": { "body": body } });
    check(&[
        (text("hello"), None),
        (text("  "), Some("text.body")),
        (text(&"x".repeat(4_097)), Some("text.body")),
        (text("\u{0}"), Some("text.body")),
        (json!({}), Some("type")),
        (json!({ "type": 3 }), Some("type")),
        (json!({ "type": "context", "context": {} }), Some("type")),
        (json!({ "type": "text" }), Some("text")),
        (
            json!({ "type": "text", "text": { "body": "a" }, "more": 1 }),
            Some("more"),
        ),
        (
            json!({ "type": "text", "text": { "body": "a" }, "context_id": "wamid.1" }),
            None,
        ),
        (
            json!({ "type": "text", "text": { "body": "a" }, "context_id": "wamid.2" }),
            Some("context_id"),
        ),
        (
            json!({ "type": "reaction", "reaction": { "message_id": "wamid.1", "emoji": "👍" } }),
            None,
        ),
        (
            json!({ "type": "reaction", "reaction": { "message_id": "x", "emoji": "👍" } }),
            Some("reaction.message_id"),
        ),
        (
            json!({ "type": "location", "location": { "latitude": 1.5, "longitude": -36 } }),
            None,
        ),
        (
            json!({ "type": "location", "location": { "latitude": 91, "longitude": 0 } }),
            Some("location.latitude"),
        ),
    ]);
}

#[test]
fn files_are_read_or_refused_by_field() {
    check(&[
        (
            json!({ "type": "image", "image": { "sample": "cake", "caption": "this?" } }),
            None,
        ),
        (
            json!({ "type": "image", "image": { "sample": "dog" } }),
            Some("image.sample"),
        ),
        (
            json!({ "type": "audio", "audio": { "sample": "cake" } }),
            Some("audio.sample"),
        ),
        (
            json!({ "type": "audio", "audio": { "data": "T2dnUw==", "mime_type": "audio/ogg; codecs=opus", "voice": true } }),
            None,
        ),
        (
            json!({ "type": "audio", "audio": { "data": "?", "mime_type": "audio/ogg" } }),
            Some("audio.data"),
        ),
        (
            json!({ "type": "audio", "audio": { "data": "T2dnUw==" } }),
            Some("audio.mime_type"),
        ),
        (json!({ "type": "image", "image": {} }), Some("image")),
        (
            json!({ "type": "image", "image": { "sample": "cake", "url": "x" } }),
            Some("image.url"),
        ),
        (json!({ "type": "contacts", "contacts": {} }), Some("contacts")),
        (json!({ "type": "hologram", "hologram": { "depth": 3 } }), None),
        (json!({ "type": "hologram", "hologram": [] }), Some("hologram")),
    ]);
}

#[test]
fn reactions_stand_at_their_messages() {
    let reaction = |id: &str, from, emoji: &str| {
        entry(
            id,
            from,
            "reaction",
            json!({ "message_id": "wamid.1", "emoji": emoji }),
        )
    };
    let (ours, theirs) = (Direction::FromBusiness, Direction::FromCustomer);
    let mut transcript = vec![
        entry("wamid.1", ours, "text", json!({ "body": "hi" })),
        reaction("wamid.2", theirs, "👍"),
        reaction("wamid.3", theirs, "🙏"),
        reaction("wamid.4", ours, "❤️"),
        entry("wamid.5", theirs, "text", json!({ "body": "bye" })),
    ];
    let shown = serde_json::to_value(chat(&transcript)).expect("JSON");
    assert_eq!(shown.as_array().map(Vec::len), Some(2), "{shown}");
    assert_eq!(
        shown[0]["reactions"],
        json!([{ "emoji": "🙏", "direction": "inbound" }, { "emoji": "❤️", "direction": "outbound" }])
    );
    assert_eq!(shown[1]["text"]["body"], "bye");
    transcript.push(reaction("wamid.6", theirs, ""));
    let shown = serde_json::to_value(chat(&transcript)).expect("JSON");
    assert_eq!(
        shown[0]["reactions"].as_array().map(Vec::len),
        Some(1),
        "taken back"
    );
}
