//! Quick replies, buttons and cards.
//!
//! Owns what each `interactive.type` becomes. WhatsApp's `button` and `list` become quick replies under a text, `cta_url` a
//! button template; `button_template` and `generic_template` are Instagram's own, with its own names inside.

use serde_json::{Value, json};

use super::super::limits;
use super::simple::within;
use crate::channels::FieldError;
use crate::channels::fields::{Checked, Fields, unique};

const FIELDS: [&str; 7] = [
    "type", "header", "body", "footer", "action", "buttons", "elements",
];
const TYPES: [&str; 5] = ["button", "list", "cta_url", "button_template", "generic_template"];

pub(super) fn render(body: &Value) -> Checked<Value> {
    let fields = Fields::of(body, "interactive", &FIELDS)?;
    match fields.word("type", &TYPES)? {
        "button" => buttons(&fields),
        "list" => list(&fields),
        "cta_url" => cta_url(&fields),
        "button_template" => button_template(&fields),
        _ => generic_template(&fields),
    }
}

/// Header, body and footer as one text: Instagram has no others.
fn text(fields: &Fields<'_>) -> Checked<String> {
    let body = fields.object("body", &["text"])?;
    let mut parts = Vec::new();
    if let Some(header) = fields.optional_object("header", &["type", "text"])? {
        header.word("type", &["text"])?;
        parts.push(header.text("text", limits::TEXT_BYTES)?);
    }
    parts.push(body.text("text", limits::TEXT_BYTES)?);
    if let Some(footer) = fields.optional_object("footer", &["text"])? {
        parts.push(footer.text("text", limits::TEXT_BYTES)?);
    }
    let text = parts.join("\n\n");
    within(&text, &body.path_of("text"))?;
    Ok(text)
}

fn with_quick_replies(fields: &Fields<'_>, replies: Vec<Value>) -> Checked<Value> {
    Ok(json!({"text": text(fields)?, "quick_replies": replies}))
}

/// One quick reply; its title is what the customer's message will say.
fn quick_reply(reply: &Fields<'_>, seen: &mut Vec<String>) -> Checked<Value> {
    let payload = reply.text("id", limits::PAYLOAD)?;
    let title = reply.text("title", limits::QUICK_REPLY_TITLE)?;
    if seen.iter().any(|known| known == title) {
        return reply.refuse("title", "stands twice; each must be different.");
    }
    seen.push(title.to_owned());
    Ok(json!({"content_type": "text", "title": title, "payload": payload}))
}

fn buttons(fields: &Fields<'_>) -> Checked<Value> {
    let action = fields.object("action", &["buttons"])?;
    let (mut replies, mut seen) = (Vec::new(), Vec::new());
    for (path, button) in action.list("buttons", 1, limits::QUICK_REPLIES)? {
        let button = Fields::of(button, path, &["type", "reply"])?;
        let kind = button.word("type", &["reply", "user_phone_number", "user_email"])?;
        replies.push(match kind {
            "reply" => quick_reply(&button.object("reply", &["id", "title"])?, &mut seen)?,
            asked => json!({ "content_type": asked }),
        });
    }
    with_quick_replies(fields, replies)
}

fn list(fields: &Fields<'_>) -> Checked<Value> {
    let action = fields.object("action", &["button", "sections"])?;
    let (mut replies, mut seen) = (Vec::new(), Vec::new());
    for (path, section) in action.list("sections", 1, limits::QUICK_REPLIES)? {
        let section = Fields::of(section, path, &["title", "rows"])?;
        for (path, row) in section.list("rows", 1, limits::QUICK_REPLIES)? {
            let row = Fields::of(row, path, &["id", "title", "description"])?;
            replies.push(quick_reply(&row, &mut seen)?);
        }
    }
    match replies.len() > limits::QUICK_REPLIES {
        true => action.refuse(
            "sections",
            format!(
                "have {} rows; Instagram shows {}.",
                replies.len(),
                limits::QUICK_REPLIES
            ),
        ),
        false => with_quick_replies(fields, replies),
    }
}

fn template(payload: &Value) -> Value {
    json!({"attachment": {"type": "template", "payload": payload}})
}

fn template_text(fields: &Fields<'_>) -> Checked<String> {
    let text = text(fields)?;
    let units = text.encode_utf16().count();
    match units > limits::BUTTON_TEMPLATE_TEXT {
        true => Err(FieldError::new(
            "interactive.body.text",
            format!(
                "is too long: {units} characters, at most {} are allowed above buttons.",
                limits::BUTTON_TEMPLATE_TEXT
            ),
        )),
        false => Ok(text),
    }
}

fn cta_url(fields: &Fields<'_>) -> Checked<Value> {
    let action = fields.object("action", &["name", "parameters"])?;
    action.word("name", &["cta_url"])?;
    let parameters = action.object("parameters", &["display_text", "url"])?;
    let title = parameters.text("display_text", limits::BUTTON_TITLE)?;
    parameters.url("url")?;
    let button = json!({"type": "web_url", "url": parameters.text("url", usize::MAX)?, "title": title});
    let text = template_text(fields)?;
    Ok(template(
        &json!({"template_type": "button", "text": text, "buttons": [button]}),
    ))
}

fn button_template(fields: &Fields<'_>) -> Checked<Value> {
    let text = template_text(fields)?;
    let buttons = template_buttons(fields, 1)?;
    Ok(template(
        &json!({"template_type": "button", "text": text, "buttons": buttons}),
    ))
}

/// `web_url` and `postback` buttons, as Instagram names them.
fn template_buttons(fields: &Fields<'_>, min: usize) -> Checked<Vec<Value>> {
    let mut titles = Vec::new();
    let mut buttons = Vec::new();
    for (path, value) in fields.list("buttons", min, limits::BUTTONS)? {
        let button = Fields::of(value, path, &["type", "url", "title", "payload"])?;
        let title = button.text("title", limits::BUTTON_TITLE)?;
        unique(&mut titles, title, &button.path_of("title"))?;
        match button.word("type", &["web_url", "postback"])? {
            "web_url" if button.has("payload") => {
                return button.refuse("payload", "must not stand in a button that opens a page.");
            }
            "web_url" => button.url("url")?,
            _ if button.has("url") => {
                return button.refuse("url", "must not stand in a button that answers.");
            }
            _ => drop(button.text("payload", limits::PAYLOAD)?),
        }
        buttons.push(value.clone());
    }
    Ok(buttons)
}

fn generic_template(fields: &Fields<'_>) -> Checked<Value> {
    for name in ["header", "body", "footer", "action", "buttons"] {
        if fields.has(name) {
            return fields.refuse(name, "has no place in cards; put it into the elements.");
        }
    }
    let mut elements = Vec::new();
    for (path, value) in fields.list("elements", 1, limits::ELEMENTS)? {
        check_element(&Fields::of(
            value,
            path,
            &["title", "subtitle", "image_url", "default_action", "buttons"],
        )?)?;
        elements.push(value.clone());
    }
    Ok(template(
        &json!({"template_type": "generic", "elements": elements}),
    ))
}

fn check_element(element: &Fields<'_>) -> Checked {
    element.text("title", limits::ELEMENT_TEXT)?;
    let subtitle = element.optional_text("subtitle", limits::ELEMENT_TEXT)?;
    if element.has("image_url") {
        element.url("image_url")?;
    }
    if let Some(action) = element.optional_object("default_action", &["type", "url"])? {
        action.word("type", &["web_url"])?;
        action.url("url")?;
    }
    if element.has("buttons") {
        template_buttons(element, 1)?;
    }
    let has_more = subtitle.is_some() || element.has("image_url") || element.has("buttons");
    match has_more {
        true => Ok(()),
        false => element.refuse("subtitle", "is missing: a card needs more than its title."),
    }
}
