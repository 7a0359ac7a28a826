//! Contents that are made for messages on the way: their names, and the calls of the Content API that make, find and remove
//! them (contract, section 3).
//!
//! Owns the name, which follows from account and shape. A content is harmless by itself: one that was made and forgotten is
//! found again by its name. Must not remember anything.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::interactive;
use super::settings::{Medium, medium};
use super::templates::{ask, base_of, delete, url};
use crate::channels::contents::Shape;
use crate::channels::{ChannelAccess, FieldError};
use crate::domain::Content;
use crate::domain::outbound::ProviderError;
use crate::domain::template::{list, word};

/// Language of a content that nobody reviews; Twilio wants one named.
const LANGUAGE: &str = "en";
/// What stands in a variable's place at Twilio; never a customer's words.
const SAMPLE: &str = "…";
/// Contents a page, and pages that are read, when one is looked for.
const PAGE: &str = "50";
const MAX_PAGES: u32 = 40;

/// What must be made for a content.
pub(super) fn shape(access: &ChannelAccess, content: &Content) -> Result<Option<Shape>, FieldError> {
    if content.kind != "interactive" || medium(&access.settings) != Medium::Whatsapp {
        return Ok(None);
    }
    let made = interactive::made(&content.body, base_of(access))?;
    let types = json!({ made.kind: made.content });
    let account = access.settings.get("account_sid").map_or("", String::as_str);
    let digest = Sha256::digest(format!("{account}\n{types}"));
    let hex: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("frontdesk_{hex}");
    let samples: Map<String, Value> = made
        .values
        .keys()
        .map(|number| (number.clone(), SAMPLE.into()))
        .collect();
    let mut body = json!({"friendly_name": name, "language": LANGUAGE, "types": types});
    if !samples.is_empty() {
        body["variables"] = samples.into();
    }
    Ok(Some(Shape {
        name,
        body,
        values: made.values,
    }))
}

/// Makes a content and answers its SID.
pub(super) async fn make(
    http: &reqwest::Client,
    access: &ChannelAccess,
    body: &Value,
) -> Result<String, ProviderError> {
    let made = ask(http.post(url(access, &["Content"])?).json(body), access).await?;
    let sid = word(&made, "sid");
    match super::render::is_content_sid(sid) {
        true => Ok(sid.to_owned()),
        false => Err(super::call::unanswered(super::call::CallError::Lost(
            "the answer named no content".into(),
        ))),
    }
}

/// The SID of a content by its name, if it is among the account's.
pub(super) async fn find(
    http: &reqwest::Client,
    access: &ChannelAccess,
    name: &str,
) -> Result<Option<String>, ProviderError> {
    for page in 0..MAX_PAGES {
        let query = [("PageSize", PAGE.to_owned()), ("Page", page.to_string())];
        let listed = ask(http.get(url(access, &["Content"])?).query(&query), access).await?;
        let found = list(&listed, "contents")
            .iter()
            .find(|content| word(content, "friendly_name") == name)
            .map(|content| word(content, "sid"))
            .filter(|sid| super::render::is_content_sid(sid));
        if let Some(sid) = found {
            return Ok(Some(sid.to_owned()));
        }
        if !listed
            .pointer("/meta/next_page_url")
            .is_some_and(Value::is_string)
        {
            break;
        }
    }
    Ok(None)
}

/// Removes a content; one that is not there is no error.
pub(super) async fn unmake(
    http: &reqwest::Client,
    access: &ChannelAccess,
    sid: &str,
) -> Result<(), ProviderError> {
    match delete(http, access, sid).await {
        Err(error) if error.code == "20404" || error.code == "http_404" => Ok(()),
        other => other,
    }
}

/// The content that names what was made.
pub(super) fn naming(sid: &str, shape: Shape) -> Content {
    let mut body = json!({"name": shape.name, "content_sid": sid});
    if !shape.values.is_empty() {
        body["variables"] = shape.values.into();
    }
    Content {
        kind: "template".to_owned(),
        body,
    }
}
