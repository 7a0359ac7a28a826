//! A content of Twilio's in WhatsApp's form.

use serde_json::{Map, Value, json};

use super::types;
use crate::domain::template::placeholders::{fill, names};
use crate::domain::template::{Category, Definition, ParameterFormat, list, word};

/// What a file's name ends in, by the header's format; the first is what a sample gets.
const ENDINGS: [(&str, &[&str]); 3] = [
    ("IMAGE", &["jpg", "jpeg", "png", "webp"]),
    ("VIDEO", &["mp4", "3gp"]),
    ("DOCUMENT", &["pdf"]),
];

/// The usual ending of a format's files; `None` for a header that is no file.
pub(super) fn ending_of(format: &str) -> Option<&'static str> {
    let found = ENDINGS.iter().find(|(known, _)| *known == format);
    found.and_then(|(_, endings)| endings.first().copied())
}

/// The format of a header by its sample; a picture where the name does not say.
fn format_of(path: &str) -> &'static str {
    let ending = path
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    let found = ENDINGS
        .iter()
        .find(|(_, endings)| endings.contains(&ending.as_str()));
    found.map_or("IMAGE", |(format, _)| format)
}

/// A content in WhatsApp's form; `None` if it would not become the same content again (made elsewhere, with other parts or
/// another numbering).
pub(in super::super) fn definition(content: &Value, category: Category) -> Option<Definition> {
    let types = content.get("types")?.as_object()?;
    let (kind, body) = types.iter().next()?;
    let variables = content.get("variables").unwrap_or(&Value::Null);
    let components = match kind.as_str() {
        "whatsapp/authentication" => of_code(body),
        "twilio/text" | "twilio/media" | "twilio/quick-reply" | "twilio/call-to-action" | "whatsapp/card" => {
            of_content(body, variables)
        }
        "twilio/carousel" => of_carousel(body, variables),
        _ => return None,
    };
    let definition = Definition {
        category,
        format: ParameterFormat::Positional,
        ttl_s: None,
        components,
    };
    let first_card = list(body, "cards").first().map(|card| word(card, "media"));
    let media = list(body, "media").first().and_then(Value::as_str).or(first_card);
    let base = media.and_then(|media| Some(media.rsplit_once("/{{")?.0));
    let again = types_again(&definition, base.unwrap_or_default());
    (again.as_ref().and_then(|again| again.get(kind)) == Some(body)).then_some(definition)
}

fn types_again(definition: &Definition, base: &str) -> Option<Map<String, Value>> {
    types(definition, base).ok().map(|(types, _)| types)
}

fn of_code(body: &Value) -> Vec<Value> {
    let mut components = vec![json!({"type": "BODY",
        "add_security_recommendation": body.get("add_security_recommendation").and_then(Value::as_bool).unwrap_or(false)})];
    if let Some(minutes) = body.get("code_expiration_minutes") {
        components.push(json!({"type": "FOOTER", "code_expiration_minutes": minutes}));
    }
    let label = list(body, "actions")
        .first()
        .map_or("", |action| word(action, "copy_code_text"));
    components.push(
        json!({"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": label}]}),
    );
    components
}

fn of_content(body: &Value, variables: &Value) -> Vec<Value> {
    let mut components = Vec::new();
    if let Some(media) = list(body, "media").first().and_then(Value::as_str) {
        components.push(file(media, variables));
    }
    let header = word(body, "header_text");
    if !header.is_empty() {
        let mut component = json!({"type": "HEADER", "format": "TEXT",
            "text": fill(header, |_| Some("{{1}}".to_owned()))});
        if let Some(name) = names(header).first() {
            component["example"] = json!({"header_text": [word(variables, name)]});
        }
        components.push(component);
    }
    components.push(text(body, variables));
    if let Some(footer) = body.get("footer") {
        components.push(json!({"type": "FOOTER", "text": footer}));
    }
    components.extend(buttons(body, variables));
    components
}

fn of_carousel(body: &Value, variables: &Value) -> Vec<Value> {
    let card = |card: &Value| {
        let mut parts = vec![
            file(word(card, "media"), variables),
            json!({"type": "BODY", "text": word(card, "body")}),
        ];
        parts.extend(buttons(card, variables));
        json!({ "components": parts })
    };
    let cards: Vec<Value> = list(body, "cards").iter().map(card).collect();
    vec![text(body, variables), json!({"type": "CAROUSEL", "cards": cards})]
}

fn file(media: &str, variables: &Value) -> Value {
    let path = names(media)
        .first()
        .map(|name| word(variables, name).to_owned())
        .unwrap_or_default();
    let whole = fill(media, |_| Some(path.clone()));
    json!({"type": "HEADER", "format": format_of(&path), "example": {"header_handle": [whole]}})
}

fn text(body: &Value, variables: &Value) -> Value {
    let text = word(body, "body");
    let mut component = json!({"type": "BODY", "text": text});
    let samples: Vec<&str> = names(text)
        .into_iter()
        .map(|name| word(variables, name))
        .collect();
    if !samples.is_empty() {
        component["example"] = json!({ "body_text": [samples] });
    }
    component
}

fn buttons(body: &Value, variables: &Value) -> Option<Value> {
    let buttons: Vec<Value> = list(body, "actions")
        .iter()
        .map(|action| button_of(action, variables))
        .collect();
    (!buttons.is_empty()).then(|| json!({"type": "BUTTONS", "buttons": buttons}))
}

fn button_of(action: &Value, variables: &Value) -> Value {
    let title = word(action, "title");
    match word(action, "type") {
        "PHONE_NUMBER" => {
            json!({"type": "PHONE_NUMBER", "text": title, "phone_number": word(action, "phone")})
        }
        "URL" => {
            let url = word(action, "url");
            let mut button = json!({"type": "URL", "text": title,
                "url": fill(url, |_| Some("{{1}}".to_owned()))});
            if let Some(name) = names(url).first() {
                button["example"] = json!([word(variables, name)]);
            }
            button
        }
        kind => json!({"type": kind, "text": title}),
    }
}
