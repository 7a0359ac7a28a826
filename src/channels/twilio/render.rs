//! Our content into the form of a send, after checking it against Twilio's rules.
//!
//! Owns the parameters of a send. What passes here should not be refused for its form. Must not do I/O.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::interactive;
use super::limits;
use super::settings::{Medium, medium};
use super::shape;
use super::status::CALLBACK;
use super::templates::base_of;
use crate::channels::fields::{Checked, Fields, URL};
use crate::channels::{ChannelAccess, FieldError};
use crate::domain::Content;
use crate::domain::identity::{Identity, IdentityKind, dialable, e164};
use crate::domain::outbound::SendRequest;

/// Types of content that SMS can carry (files as MMS).
pub(super) const SMS_KINDS: [&str; 5] = ["text", "image", "video", "audio", "document"];
/// Types of content that WhatsApp takes through Twilio. Interactive ones name a content that is made for them on the way.
pub(super) const WHATSAPP_KINDS: [&str; 9] = [
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "template",
    "interactive",
];

/// Checks content against the limits of a medium.
///
/// # Errors
/// Names the first field that breaks one.
pub(super) fn validate(content: &Content, medium: Medium) -> Checked {
    let kind = content.kind.as_str();
    let (kinds, name): (&[&str], _) = match medium {
        Medium::Sms => (&SMS_KINDS, "SMS"),
        Medium::Whatsapp => (&WHATSAPP_KINDS, "WhatsApp through Twilio"),
    };
    if !kinds.contains(&kind) {
        let detail = format!("cannot be sent by {name}. Known are: {}.", kinds.join(", "));
        return Err(FieldError::new("type", detail));
    }
    if kind == "interactive" {
        return interactive::made(&content.body, "").map(drop);
    }
    let body = fields(content)?;
    match kind {
        "text" => {
            body.text("body", limits::TEXT)?;
            body.optional_bool("preview_url")
        }
        "location" => location(&body).map(drop),
        "template" => template(&body, &content.body).map(drop),
        _ => media(&body),
    }
}

/// A content's fields; others than these are refused.
fn fields(content: &Content) -> Checked<Fields<'_>> {
    let allowed: &[&str] = match content.kind.as_str() {
        "text" => &["body", "preview_url"],
        "location" => &["latitude", "longitude", "name", "address"],
        "template" => &[
            "name",
            "language",
            "content_sid",
            "variables",
            "components",
            "header",
            "buttons",
            "rendered",
            "shown",
        ],
        _ => &["media_id", "link", "caption", "filename", "voice"],
    };
    Fields::of(&content.body, &content.kind, allowed)
}

fn media(body: &Fields<'_>) -> Checked {
    match (body.value("media_id"), body.value("link")) {
        (Some(_), None) => body.text("media_id", URL).map(drop),
        (None, Some(_)) => link(body).map(drop),
        (Some(_), Some(_)) => body.refuse("link", "must not stand beside media_id; give one of the two."),
        (None, None) => body.refuse("media_id", "is missing; give media_id or link."),
    }?;
    body.optional_text("caption", limits::TEXT)?;
    body.optional_text("filename", limits::SHORT_TEXT)?;
    body.optional_bool("voice")
}

fn link<'a>(body: &Fields<'a>) -> Checked<&'a str> {
    let text = body.text("link", URL)?;
    let is_web = reqwest::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
    });
    match is_web {
        true => Ok(text),
        false => body.refuse("link", "must be an http or https address."),
    }
}

/// The coordinates and names of a place, ready for `PersistentAction`.
fn location(body: &Fields<'_>) -> Checked<(String, String)> {
    let (latitude, longitude) = (
        degrees(body, "latitude", 90.0)?,
        degrees(body, "longitude", 180.0)?,
    );
    let name = body.optional_text("name", limits::SHORT_TEXT)?;
    let address = body.optional_text("address", limits::SHORT_TEXT)?;
    // Twilio wants words beside the pin, and a label without the sign that separates it.
    let label = address
        .or(name)
        .map(|text| format!("|{}", text.replace('|', " ")));
    let action = format!("geo:{latitude},{longitude}{}", label.unwrap_or_default());
    let words = name
        .or(address)
        .map_or_else(|| format!("{latitude}, {longitude}"), str::to_owned);
    Ok((words, action))
}

fn degrees(body: &Fields<'_>, name: &str, max: f64) -> Checked<f64> {
    let degrees = match body.value(name) {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    match degrees.filter(|degrees| (-max..=max).contains(degrees)) {
        Some(degrees) => Ok(degrees),
        None => body.refuse(name, format!("must be a number of degrees from -{max} to {max}.")),
    }
}

/// A content template: its SID, where told, and its variables as Twilio numbers them. The SID of one that is kept here is put
/// in when the message is made.
fn template(body: &Fields<'_>, whole: &Value) -> Checked<(Option<String>, Map<String, Value>)> {
    body.optional_text("rendered", 4096)?;
    let named = body.text("name", 512)?;
    let sid = body.optional_text("content_sid", 64)?;
    if sid.is_some_and(|sid| !is_content_sid(sid)) {
        return body.refuse(
            "content_sid",
            "must be a content SID: HX and 32 hexadecimal digits.",
        );
    }
    let sid = sid.or(Some(named).filter(|name| is_content_sid(name)));
    for short in ["variables", "header", "buttons"] {
        if body.value(short).is_some() && body.value("components").is_some() {
            return body.refuse(short, "must not stand beside components; give one of the two.");
        }
    }
    if !body
        .value("variables")
        .is_none_or(|it| it.is_array() || it.is_object())
    {
        return body.refuse("variables", "must be a list, or an object for named variables.");
    }
    let values = shape::variables(whole);
    if values.len() > limits::VARIABLES {
        return body.refuse(
            "variables",
            format!("are too many: at most {}.", limits::VARIABLES),
        );
    }
    let words = values
        .into_iter()
        .map(|(name, value)| variable(body, name, &value));
    Ok((sid.map(str::to_owned), words.collect::<Checked<_>>()?))
}

fn variable(body: &Fields<'_>, name: String, value: &Value) -> Checked<(String, Value)> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return body.refuse("variables", "must be texts or numbers."),
    };
    match text.chars().count() {
        0 => body.refuse("variables", format!("must not be empty: {name} is.")),
        count if count > limits::VARIABLE => body.refuse(
            "variables",
            format!("may have at most {} characters each.", limits::VARIABLE),
        ),
        _ => Ok((name, Value::String(text))),
    }
}

/// `HX` and 32 hexadecimal digits.
pub(super) fn is_content_sid(text: &str) -> bool {
    let digits = text.strip_prefix("HX").unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The parameters of `POST …/Messages.json`.
///
/// # Errors
/// Names the field that breaks a rule; `to` if there is nobody to send to.
pub(super) fn parameters(
    access: &ChannelAccess,
    request: &SendRequest,
) -> Checked<Vec<(&'static str, String)>> {
    let medium = medium(&access.settings);
    validate(&request.content, medium)?;
    let mut parameters = sender(&access.settings);
    parameters.push(("To", recipient(&request.to, medium)?));
    parameters.extend(content(&request.content, base_of(access))?);
    if !access.webhook_url.is_empty() {
        let own = format!("{}?{CALLBACK}={}", access.webhook_url, request.message);
        parameters.push(("StatusCallback", own));
    }
    Ok(parameters)
}

/// By what a send is found in Twilio's list: sender, recipient, and words that Twilio did not make of a content.
///
/// # Errors
/// As with [`parameters`].
pub(super) fn sought(access: &ChannelAccess, request: &SendRequest) -> Checked<Vec<(&'static str, String)>> {
    match request.content.kind.as_str() {
        "template" | "interactive" => {
            let mut parameters = sender(&access.settings);
            parameters.push(("To", recipient(&request.to, medium(&access.settings))?));
            Ok(parameters)
        }
        _ => parameters(access, request),
    }
}

/// Who sends. A sender within a messaging service is named together with it.
fn sender(settings: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    let named = [("From", "from"), ("MessagingServiceSid", "messaging_service_sid")];
    let given = named
        .into_iter()
        .filter_map(|(theirs, ours)| Some((theirs, settings.get(ours)?.clone())));
    given.collect()
}

/// What is said. Expects content that was checked.
fn content(content: &Content, base: &str) -> Checked<Vec<(&'static str, String)>> {
    if content.kind == "interactive" {
        return Err(FieldError::new(
            "interactive",
            "goes out by a content that must be made at Twilio beforehand, and none was.",
        ));
    }
    let body = fields(content)?;
    let mut parameters = Vec::new();
    match content.kind.as_str() {
        "text" => parameters.push(("Body", body.text("body", limits::TEXT)?.to_owned())),
        "location" => {
            let (words, action) = location(&body)?;
            parameters.extend([("Body", words), ("PersistentAction", action)]);
        }
        "template" => {
            let (sid, variables) = template(&body, &content.body)?;
            let Some(sid) = sid else {
                return body.refuse(
                    "content_sid",
                    "is missing. Twilio knows a template by its content SID (HX and 32 hexadecimal digits): give it here or as the name.",
                );
            };
            parameters.push(("ContentSid", sid));
            if !variables.is_empty() {
                let variables = below(base, variables);
                parameters.push(("ContentVariables", Value::Object(variables).to_string()));
            }
        }
        kind => {
            if body.value("link").is_none() {
                return body.refuse("link", "is missing: Twilio fetches files from an address.");
            }
            let words = body.optional_text("caption", limits::TEXT)?;
            // WhatsApp shows no words with these, and Twilio refuses them.
            if let (Some(words), false) = (words, matches!(kind, "audio" | "sticker")) {
                parameters.push(("Body", words.to_owned()));
            }
            parameters.push(("MediaUrl", link(&body)?.to_owned()));
        }
    }
    Ok(parameters)
}

/// Addresses of our files without the part that stands in the content itself.
fn below(base: &str, variables: Map<String, Value>) -> Map<String, Value> {
    let cut = |value: Value| {
        let path = value
            .as_str()
            .and_then(|text| text.strip_prefix(base)?.strip_prefix('/'));
        match path.filter(|_| !base.is_empty()) {
            Some(path) if path.starts_with("media/") => Value::from(path.to_owned()),
            _ => value,
        }
    };
    variables
        .into_iter()
        .map(|(name, value)| (name, cut(value)))
        .collect()
}

/// The address of the recipient. WhatsApp takes a user id where the number is hidden (its form is unconfirmed).
pub(super) fn recipient(identities: &[Identity], medium: Medium) -> Checked<String> {
    let of_kind = |kind| {
        identities
            .iter()
            .find(|identity| identity.kind == kind)
            .map(|it| it.value.as_str())
    };
    let (phone, wa_id) = (of_kind(IdentityKind::Phone), of_kind(IdentityKind::WhatsappId));
    let user_id = of_kind(IdentityKind::WhatsappUserId);
    let found = match medium {
        // A wa_id may be a national variant that no telephone network knows.
        Medium::Sms => phone
            .map(|number| e164(number).unwrap_or_else(|| number.to_owned()))
            .or_else(|| wa_id.and_then(dialable)),
        Medium::Whatsapp => wa_id
            .map(|digits| format!("whatsapp:+{digits}"))
            .or_else(|| phone.and_then(e164).map(|number| format!("whatsapp:{number}")))
            .or_else(|| user_id.map(|id| format!("whatsapp:{id}"))),
    };
    found.ok_or_else(|| {
        FieldError::new(
            "to",
            "This contact has no phone number that this channel can write to.",
        )
    })
}
