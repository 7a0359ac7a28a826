//! What a business decides about its WhatsApp number: whom it blocks, its shop's buttons, its PIN, what a new chat offers.
//!
//! Owns the calls and how their answers are read (contract, section 8). Must not decide who may do it.

use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::client::{CallError, call, unanswered};
use super::errors::class_of;
use super::limits::{COMMAND_NAME, COMMAND_TEXT, COMMANDS, PROMPT, PROMPTS};
use super::manage::{get, needed};
use super::payload::text_at;
use super::settings;
use crate::channels::number::NOT_DONE;
use crate::channels::{
    Blocked, BlockedPage, ChannelAccess, Command, FieldError, IceBreaker, Managed, Shop, Welcome,
};
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::{Identity, IdentityKind};

/// People of one part of the list.
const PAGE: usize = 100;
/// Longest word for the next part that is taken.
const MAX_CURSOR: usize = 1_024;

fn edge(access: &ChannelAccess, name: &str) -> Managed<Url> {
    let path = [needed(access, "phone_number_id")?, name];
    settings::endpoint(&access.settings, &path)
        .map_err(|error| unanswered(CallError::Config(error.to_string())))
}

/// One part of the list of those who are blocked.
pub(super) async fn blocked(
    http: &reqwest::Client,
    access: &ChannelAccess,
    after: Option<&str>,
) -> Managed<BlockedPage> {
    let number = needed(access, "phone_number_id")?;
    let limit = PAGE.to_string();
    let mut query = vec![("limit", limit.as_str())];
    query.extend(after.map(|after| ("after", after)));
    let answer = get(http, access, &[number, "block_users"], &query).await?;
    let entries = answer.get("data").and_then(Value::as_array).into_iter().flatten();
    let people: Vec<Blocked> = entries.flat_map(people).take(PAGE).collect();
    let paging = answer.get("paging");
    let is_more = people.len() == PAGE || paging.is_some_and(|paging| paging.get("next").is_some());
    let cursor = paging
        .and_then(|paging| paging.get("cursors"))
        .and_then(|cursors| text_at(cursors, "after"));
    Ok(BlockedPage {
        people,
        next: cursor.filter(|cursor| is_more && cursor.len() <= MAX_CURSOR),
    })
}

/// The people of one entry: they stand in a list of its own, or the entry is one of them.
fn people(entry: &Value) -> Vec<Blocked> {
    let inner = entry.get("block_users").and_then(Value::as_array);
    let one = |user: &Value| {
        let id = text_at(user, "wa_id").or_else(|| text_at(user, "user_id"));
        let identity = Identity::whatsapp(&id.or_else(|| text_at(user, "input"))?)?;
        Some(Blocked { identity })
    };
    match inner {
        Some(users) => users.iter().filter_map(one).collect(),
        None => one(entry).into_iter().collect(),
    }
}

/// Blocks somebody, or ends it.
pub(super) async fn set_blocked(
    http: &reqwest::Client,
    access: &ChannelAccess,
    who: &Identity,
    blocked: bool,
) -> Managed<()> {
    let user = match who.kind {
        IdentityKind::WhatsappId => format!("+{}", who.value.trim_start_matches('+')),
        _ => who.value.clone(),
    };
    let body = json!({"messaging_product": "whatsapp", "block_users": [{"user": user}]});
    let method = if blocked { Method::POST } else { Method::DELETE };
    let request = http.request(method, edge(access, "block_users")?).json(&body);
    let answer = call(request, access).await.map_err(unanswered)?;
    // A refusal of somebody stands beside the error that says only that there was one.
    match answer.json().as_ref().and_then(refusal) {
        Some(refusal) => Err(refusal),
        None => answer.success(class_of).map(drop),
    }
}

fn refusal(answer: &Value) -> Option<ProviderError> {
    let failed = answer.pointer("/block_users/failed_users")?.as_array()?.first()?;
    let error = failed.get("errors").and_then(|errors| errors.get(0));
    let said = error.and_then(|error| {
        let details = error.get("error_data").and_then(|data| text_at(data, "details"));
        details.or_else(|| text_at(error, "message"))
    });
    Some(ProviderError {
        class: ErrorClass::Permanent,
        code: NOT_DONE.into(),
        title: String::new(),
        detail: said.unwrap_or_default(),
        retry_after: None,
    })
}

/// What the shop shows.
pub(super) async fn shop(http: &reqwest::Client, access: &ChannelAccess) -> Managed<Option<Shop>> {
    let number = needed(access, "phone_number_id")?;
    let answer = get(http, access, &[number, "whatsapp_commerce_settings"], &[]).await?;
    let flag = |settings: &Value, name| settings.get(name).and_then(Value::as_bool).unwrap_or(false);
    let first = answer.get("data").and_then(|data| data.get(0));
    Ok(first.map(|settings| Shop {
        catalog_visible: flag(settings, "is_catalog_visible"),
        cart_enabled: flag(settings, "is_cart_enabled"),
    }))
}

/// Changes what the shop shows.
pub(super) async fn set_shop(http: &reqwest::Client, access: &ChannelAccess, shop: Shop) -> Managed<()> {
    let query = [
        ("is_cart_enabled", shop.cart_enabled.to_string()),
        ("is_catalog_visible", shop.catalog_visible.to_string()),
    ];
    let request = http
        .post(edge(access, "whatsapp_commerce_settings")?)
        .query(&query);
    done(request, access).await
}

/// Sets the PIN of two-step verification.
pub(super) async fn set_pin(http: &reqwest::Client, access: &ChannelAccess, pin: &str) -> Managed<()> {
    let path = [needed(access, "phone_number_id")?];
    let url = settings::endpoint(&access.settings, &path);
    let url = url.map_err(|error| unanswered(CallError::Config(error.to_string())))?;
    done(http.post(url).json(&json!({ "pin": pin })), access).await
}

async fn done(request: reqwest::RequestBuilder, access: &ChannelAccess) -> Managed<()> {
    let answer = call(request, access).await.map_err(unanswered)?;
    answer.success(class_of).map(drop)
}

/// Checks what a new chat is to offer.
///
/// # Errors
/// Names the field and the limit.
pub(super) fn check_welcome(welcome: &Welcome) -> Result<(), FieldError> {
    if !welcome.menu.is_empty() {
        return Err(FieldError::new("menu", "WhatsApp has no menu; use commands."));
    }
    most("ice_breakers", welcome.ice_breakers.len(), PROMPTS)?;
    most("commands", welcome.commands.len(), COMMANDS)?;
    for (place, breaker) in welcome.ice_breakers.iter().enumerate() {
        line(
            &format!("ice_breakers.{place}.question"),
            &breaker.question,
            PROMPT,
        )?;
    }
    for (place, command) in welcome.commands.iter().enumerate() {
        let path = format!("commands.{place}");
        line(&format!("{path}.name"), &command.name, COMMAND_NAME)?;
        line(&format!("{path}.description"), &command.description, COMMAND_TEXT)?;
        if command.name.starts_with('/') || command.name.contains(char::is_whitespace) {
            let detail = "is one word, without the slash that customers type before it.";
            return Err(FieldError::new(format!("{path}.name"), detail));
        }
    }
    Ok(())
}

fn most(field: &str, count: usize, most: usize) -> Result<(), FieldError> {
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
        _ if text.trim().is_empty() || text.chars().any(char::is_control) => {
            "must be one line of text.".to_owned()
        }
        count if count > most => format!("is too long: {count} characters, at most {most} are allowed."),
        _ => return Ok(()),
    };
    Err(FieldError::new(field, detail))
}

/// What a new chat offers.
pub(super) async fn welcome(http: &reqwest::Client, access: &ChannelAccess) -> Managed<Welcome> {
    let fields = [("fields", "conversational_automation")];
    let number = get(http, access, &[needed(access, "phone_number_id")?], &fields).await?;
    let automation = number
        .get("conversational_automation")
        .cloned()
        .unwrap_or_default();
    let list = |name: &str| {
        automation
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let prompts = list("prompts").into_iter().take(PROMPTS);
    let commands = list("commands").into_iter().take(COMMANDS);
    Ok(Welcome {
        ice_breakers: prompts
            .filter_map(|prompt| Some(IceBreaker::said(prompt.as_str()?)))
            .collect(),
        menu: Vec::new(),
        greets: automation.get("enable_welcome_message").and_then(Value::as_bool) == Some(true),
        commands: commands
            .filter_map(|command| {
                Some(Command {
                    name: text_at(&command, "command_name")?,
                    description: text_at(&command, "command_description").unwrap_or_default(),
                })
            })
            .collect(),
    })
}

/// Sets what a new chat offers.
pub(super) async fn set_welcome(
    http: &reqwest::Client,
    access: &ChannelAccess,
    welcome: &Welcome,
) -> Managed<()> {
    let commands = welcome
        .commands
        .iter()
        .map(|command| json!({"command_name": command.name, "command_description": command.description}));
    let prompts = welcome
        .ice_breakers
        .iter()
        .map(|breaker| breaker.question.as_str());
    let body = json!({
        "enable_welcome_message": welcome.greets,
        "commands": commands.collect::<Vec<_>>(),
        "prompts": prompts.collect::<Vec<_>>(),
    });
    done(
        http.post(edge(access, "conversational_automation")?).json(&body),
        access,
    )
    .await
}
