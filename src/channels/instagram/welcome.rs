//! What a chat offers before anybody has written: ice breakers and the persistent menu.
//!
//! Owns their shape in our words, the provider's limits on them, and the calls that read and set them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::{change, get};
use super::{limits, settings};
use crate::channels::payload::text_at;
use crate::channels::{ChannelAccess, FieldError, IceBreaker, MenuEntry, Welcome};
use crate::domain::outbound::ProviderError;

const NODE: &str = "messenger_profile";

/// Checks what someone wants to offer.
///
/// # Errors
/// Names the field and the limit.
pub(super) fn check(welcome: &Welcome) -> Result<(), FieldError> {
    count("ice_breakers", welcome.ice_breakers.len(), limits::ICE_BREAKERS)?;
    count("menu", welcome.menu.len(), limits::MENU_ENTRIES)?;
    count("commands", welcome.commands.len(), 0)?;
    if welcome.greets {
        return Err(FieldError::new(
            "greets",
            "Instagram does not tell when a chat is opened.",
        ));
    }
    for (place, entry) in welcome.ice_breakers.iter().enumerate() {
        let path = format!("ice_breakers.{place}");
        line(&format!("{path}.question"), &entry.question, limits::QUESTION)?;
        line(&format!("{path}.payload"), &entry.payload, limits::PAYLOAD)?;
    }
    for (place, entry) in welcome.menu.iter().enumerate() {
        let path = format!("menu.{place}");
        line(&format!("{path}.title"), &entry.title, limits::MENU_TITLE)?;
        match (&entry.payload, &entry.url) {
            (Some(payload), None) => line(&format!("{path}.payload"), payload, limits::PAYLOAD)?,
            (None, Some(url)) if is_web(url) => {}
            (None, Some(_)) => {
                return Err(FieldError::new(format!("{path}.url"), "must be a web address."));
            }
            _ => return Err(FieldError::new(path, "needs either payload or url.")),
        }
    }
    Ok(())
}

fn is_web(url: &str) -> bool {
    url.len() <= 2000
        && reqwest::Url::parse(url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn count(field: &str, count: usize, most: usize) -> Result<(), FieldError> {
    match count > most {
        true => Err(FieldError::new(
            field,
            format!("has {count} entries; at most {most} are allowed."),
        )),
        false => Ok(()),
    }
}

fn line(field: &str, text: &str, most: usize) -> Result<(), FieldError> {
    let detail = match text.encode_utf16().count() {
        0 => "must not be empty.".to_owned(),
        _ if text.trim().is_empty() || text.chars().any(char::is_control) => {
            "must be one line of text.".to_owned()
        }
        count if count > most => format!("is too long: {count} characters, at most {most} are allowed."),
        _ => return Ok(()),
    };
    Err(FieldError::new(field, detail))
}

#[derive(Deserialize, Serialize)]
struct Localised<T> {
    #[serde(default)]
    locale: String,
    call_to_actions: Vec<T>,
}

/// Reads what is offered now.
pub(super) async fn read(http: &reqwest::Client, access: &ChannelAccess) -> Result<Welcome, ProviderError> {
    let node = [settings::sender(&access.settings), NODE];
    let query = [
        ("fields", "ice_breakers,persistent_menu"),
        ("platform", "instagram"),
    ];
    let answer = get(http, access, &node, &query).await?;
    let parts = answer
        .get("data")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut welcome = Welcome::default();
    for part in &parts {
        let actions = |name: &str| -> Vec<Value> {
            let localised: Vec<Localised<Value>> = part
                .get(name)
                .and_then(|list| serde_json::from_value(list.clone()).ok())
                .unwrap_or_default();
            localised
                .into_iter()
                .next()
                .map(|first| first.call_to_actions)
                .unwrap_or_default()
        };
        welcome
            .ice_breakers
            .extend(actions("ice_breakers").iter().filter_map(ice_breaker));
        welcome
            .menu
            .extend(actions("persistent_menu").iter().filter_map(menu_entry));
    }
    Ok(welcome)
}

fn ice_breaker(action: &Value) -> Option<IceBreaker> {
    Some(IceBreaker {
        question: text_at(action, "question")?,
        payload: text_at(action, "payload")?,
    })
}

fn menu_entry(action: &Value) -> Option<MenuEntry> {
    Some(MenuEntry {
        title: text_at(action, "title")?,
        payload: text_at(action, "payload"),
        url: text_at(action, "url"),
    })
}

/// Sets what is offered from now on; what is empty is taken away.
pub(super) async fn write(
    http: &reqwest::Client,
    access: &ChannelAccess,
    welcome: &Welcome,
) -> Result<(), ProviderError> {
    let node = [settings::sender(&access.settings), NODE];
    let mut gone = Vec::new();
    let mut body = json!({"platform": "instagram"});
    match welcome.ice_breakers.is_empty() {
        true => gone.push("ice_breakers"),
        false => {
            body["ice_breakers"] = json!([{"call_to_actions": welcome.ice_breakers, "locale": "default"}]);
        }
    }
    match welcome.menu.is_empty() {
        true => gone.push("persistent_menu"),
        false => {
            let actions: Vec<Value> = welcome.menu.iter().map(menu_action).collect();
            body["persistent_menu"] =
                json!([{"locale": "default", "composer_input_disabled": false, "call_to_actions": actions}]);
        }
    }
    if gone.len() < 2 {
        change(http, access, (reqwest::Method::POST, &node), &body).await?;
    }
    if !gone.is_empty() {
        change(
            http,
            access,
            (reqwest::Method::DELETE, &node),
            &json!({ "fields": gone }),
        )
        .await?;
    }
    Ok(())
}

fn menu_action(entry: &MenuEntry) -> Value {
    match (&entry.payload, &entry.url) {
        (Some(payload), _) => json!({"type": "postback", "title": entry.title, "payload": payload}),
        (None, url) => json!({"type": "web_url", "title": entry.title, "url": url}),
    }
}
