//! The content object of each message type but interactive ones and templates.

use super::super::errors::GraphError;
use super::fields::Fields;
use super::{Checked, interactive, template};

/// Checks the object under the type's name.
pub(super) fn check(request: &Fields<'_>, kind: &str) -> Checked<()> {
    match kind {
        "text" => text(&request.object("text")?),
        "image" | "video" | "document" | "audio" | "sticker" => media(&request.object(kind)?, kind),
        "location" => location(&request.object("location")?),
        "contacts" => contacts(request),
        "reaction" => reaction(&request.object("reaction")?),
        "interactive" => interactive::check(&request.object("interactive")?),
        "template" => template::check_form(&request.object("template")?),
        _ => Err(GraphError::new(131_051)),
    }
}

fn text(text: &Fields<'_>) -> Checked<()> {
    let body = text.labelled("body", "Text body", 1, 4_096)?;
    if body.trim().is_empty() {
        return Err(text.invalid("body", "must not be blank."));
    }
    match text.raw("preview_url") {
        None | Some(serde_json::Value::Bool(_)) => Ok(()),
        Some(_) => Err(GraphError::with(100, "Param text.preview_url must be a boolean.")),
    }
}

/// Media by `id` or by `link`, never both; captions and file names only where the type has them.
pub(super) fn media(media: &Fields<'_>, kind: &str) -> Checked<()> {
    media_source(media)?;
    let captioned = matches!(kind, "image" | "video" | "document");
    if captioned {
        media.optional_string("caption", 1_024)?;
    } else if media.has("caption") {
        return Err(media.invalid("caption", &format!("is not allowed for {kind}.")));
    }
    if kind == "document" {
        media.optional_string("filename", 1_024)?;
    } else if media.has("filename") {
        return Err(media.invalid("filename", &format!("is not allowed for {kind}.")));
    }
    match media.raw("voice") {
        None | Some(serde_json::Value::Bool(_)) => Ok(()),
        Some(_) => Err(GraphError::with(100, "Param audio.voice must be a boolean.")),
    }
}

/// Exactly one of `id` (digits) and `link` (http or https).
pub(super) fn media_source(media: &Fields<'_>) -> Checked<()> {
    let id = media.optional_string("id", 128)?.filter(|id| !id.is_empty());
    let link = media
        .optional_string("link", 2_048)?
        .filter(|link| !link.is_empty());
    match (id, link) {
        (Some(_), Some(_)) => Err(media.invalid("link", "must not be given together with 'id'.")),
        (None, None) => Err(media.missing("id")),
        (Some(id), None) if id.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
        (Some(_), None) => Err(media.invalid("id", "is not a valid media id.")),
        (None, Some(link)) if is_url(link) => Ok(()),
        (None, Some(_)) => Err(media.invalid("link", "is not a valid URL.")),
    }
}

pub(super) fn is_url(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn location(location: &Fields<'_>) -> Checked<()> {
    for (name, bound) in [("latitude", 90.0), ("longitude", 180.0)] {
        if location.number(name)?.abs() > bound {
            return Err(location.invalid(name, "is out of range."));
        }
    }
    location.optional_string("name", 1_024)?;
    location.optional_string("address", 1_024)?;
    Ok(())
}

fn contacts(request: &Fields<'_>) -> Checked<()> {
    for contact in request.list("contacts", 1, 257)? {
        let name = contact.object("name")?;
        name.string("formatted_name", 1, 1_024)?;
        let parts = ["first_name", "last_name", "middle_name", "suffix", "prefix"];
        if !parts.iter().any(|part| name.has(part)) {
            return Err(name.missing("first_name"));
        }
    }
    Ok(())
}

fn reaction(reaction: &Fields<'_>) -> Checked<()> {
    let target = reaction.string("message_id", 1, 1_024)?;
    if !target.starts_with("wamid.") {
        return Err(reaction.invalid("message_id", "is not a valid message id."));
    }
    // Empty removes the reaction; the longest emoji sequences stay well under 64 units.
    reaction.string("emoji", 0, 64).map(drop)
}
