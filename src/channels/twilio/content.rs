//! What a message says, in the house's names.
//!
//! Owns the choice of type. Twilio names it in `MessageType` on WhatsApp; by SMS it follows from the files. Types that this
//! version does not know are kept whole.

use serde_json::{Value, json};

use super::form::Form;
use super::parse::is_whatsapp;
use crate::domain::content::HOUSE_KINDS;
use crate::domain::{Content, vcard};

/// Most files of one message that are looked for (Twilio: ten by MMS).
const MAX_MEDIA: usize = 50;
/// Longest type that is kept as the content's kind, in bytes.
const MAX_KIND_BYTES: usize = 64;
/// Longest ending of a file's name, in characters.
const MAX_ENDING: usize = 5;

/// The contents of a message, at least one.
pub(super) fn of_message(form: &Form) -> Vec<Content> {
    let kind = form
        .text("MessageType")
        .map(str::to_ascii_lowercase)
        .unwrap_or_default();
    let files = files(form, &kind);
    if !files.is_empty() {
        return files;
    }
    vec![without_files(form, &kind)]
}

fn content(kind: &str, body: Value) -> Content {
    Content {
        kind: kind.to_owned(),
        body,
    }
}

fn without_files(form: &Form, kind: &str) -> Content {
    if form.text("Latitude").is_some() && form.text("Longitude").is_some() {
        return location(form);
    }
    if form.text("ListId").is_some() || form.text("ListTitle").is_some() {
        return list_reply(form);
    }
    if form.text("ButtonText").is_some() || form.text("ButtonPayload").is_some() {
        return button(form);
    }
    if let Some(data) = flow_data(form) {
        return flow_reply(form, &data);
    }
    let text = form.raw("Body").unwrap_or_default();
    match (kind, form.text("OriginalRepliedMessageSid")) {
        ("reaction", Some(id)) => content("reaction", json!({"message_id": id, "emoji": text})),
        ("" | "text", _) => Content::text(text),
        // The words that came with a type that should have brought more than words.
        (
            "image" | "video" | "audio" | "document" | "sticker" | "contacts" | "location" | "button"
            | "interactive" | "reaction",
            _,
        ) => content("unsupported", json!({"type": kind, "content": everything(form)})),
        (odd, _) if HOUSE_KINDS.contains(&odd) || odd.len() > MAX_KIND_BYTES => {
            content("unknown", everything(form))
        }
        (new, _) => content(new, everything(form)),
    }
}

fn everything(form: &Form) -> Value {
    let all = form.iter().map(|(name, value)| (name.to_owned(), json!(value)));
    Value::Object(all.collect())
}

fn location(form: &Form) -> Content {
    let degrees = |name| {
        let text = form.text(name).unwrap_or_default();
        let number: Option<f64> = text.parse().ok().filter(|n: &f64| n.is_finite());
        number.map_or_else(|| json!(text), |n| json!(n))
    };
    let mut body = json!({"latitude": degrees("Latitude"), "longitude": degrees("Longitude")});
    for (name, ours) in [("Label", "name"), ("Address", "address")] {
        if let Some(text) = form.text(name) {
            body[ours] = json!(text);
        }
    }
    content("location", body)
}

fn list_reply(form: &Form) -> Content {
    let mut reply = json!({
        "id": form.text("ListId").unwrap_or_default(),
        "title": form.text("ListTitle").or_else(|| form.text("Body")).unwrap_or_default(),
    });
    if let Some(text) = form.text("ListDescription") {
        reply["description"] = json!(text);
    }
    content("interactive", json!({"type": "list_reply", "list_reply": reply}))
}

fn button(form: &Form) -> Content {
    let text = form.text("ButtonText").or_else(|| form.text("Body"));
    let payload = form.text("ButtonPayload").or(text);
    content(
        "button",
        json!({"text": text.unwrap_or_default(), "payload": payload.unwrap_or_default()}),
    )
}

/// What a customer filled in: as one text of JSON, with both parts if both came.
fn flow_data(form: &Form) -> Option<String> {
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    match (form.text("InteractiveData"), form.text("FlowData")) {
        (Some(interactive), Some(flow)) if interactive != flow => {
            let mut both = match parsed(flow) {
                Value::Object(fields) => Value::Object(fields),
                other => json!({ "FlowData": other }),
            };
            both["InteractiveData"] = parsed(interactive);
            Some(both.to_string())
        }
        (one, other) => one.or(other).map(str::to_owned),
    }
}

fn flow_reply(form: &Form, data: &str) -> Content {
    let reply = json!({"response_json": data, "body": form.raw("Body").unwrap_or_default(), "name": "flow"});
    content("interactive", json!({"type": "nfm_reply", "nfm_reply": reply}))
}

/// One content for each file; the first carries the words.
fn files(form: &Form, kind: &str) -> Vec<Content> {
    // `NumMedia` is not believed: what is there is there.
    let urls = (0..MAX_MEDIA).filter_map(|n| {
        let url = form.text(&format!("MediaUrl{n}"))?;
        Some((
            url,
            form.text(&format!("MediaContentType{n}")).unwrap_or_default(),
        ))
    });
    let words = form.text("Body");
    let mut contents: Vec<Content> = urls
        .enumerate()
        .map(|(place, (url, mime))| file(form, kind, url, mime, words.filter(|_| place == 0)))
        .collect();
    // A card has no place for words.
    let begins_with_card = contents.first().is_some_and(|first| first.kind == "contacts");
    if let Some(words) = words.filter(|words| begins_with_card && !is_filename(words)) {
        contents.insert(0, Content::text(words));
    }
    contents
}

fn file(form: &Form, kind: &str, url: &str, mime: &str, words: Option<&str>) -> Content {
    let kind = match kind {
        "image" | "video" | "audio" | "document" | "sticker" | "contacts" => kind,
        _ => kind_of(mime),
    };
    if kind == "contacts" {
        return vcard::unread(url, mime, words.filter(|words| is_filename(words)));
    }
    let mut body = json!({"url": url, "mime_type": mime});
    match (kind, words) {
        // WhatsApp's documents come with their file's name in place of words.
        ("document", Some(name)) if is_whatsapp(form) && is_filename(name) => body["filename"] = json!(name),
        (_, Some(words)) => body["caption"] = json!(words),
        (_, None) => {}
    }
    // WhatsApp's recordings are Opus in Ogg; other audio files are attachments.
    if kind == "audio" && mime.starts_with("audio/ogg") {
        body["voice"] = json!(true);
    }
    content(kind, body)
}

fn kind_of(mime: &str) -> &'static str {
    let essence = mime
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.split_once('/') {
        _ if vcard::is_vcard(mime) => "contacts",
        Some(("image", _)) => "image",
        Some(("video", _)) => "video",
        Some(("audio", _)) => "audio",
        _ => "document",
    }
}

fn is_filename(text: &str) -> bool {
    let ending = text.rsplit_once('.').map_or("", |(_, ending)| ending);
    (1..=MAX_ENDING).contains(&ending.len())
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !text.contains(['\n', '/'])
}
