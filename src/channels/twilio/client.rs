//! The calls that send something, and those that ask what became of it.
//!
//! Owns which call is made for what. Must not retry: a send has no key that would make a repetition harmless.

use std::time::Duration;

use serde_json::Value;

use super::call::{Answer, CallError, call, config, error, json, success, unanswered};
use super::parse::MAX_ID;
use super::{form, render, settings, status};
use crate::channels::http::TIMEOUT;
use crate::channels::{ChannelAccess, FieldError};
use crate::domain::Timestamp;
use crate::domain::inbound::StatusUpdate;
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};

/// Messages of one page of the list.
const PAGE: usize = 50;
/// Pages that a look-up reads: the list of one recipient and one day is seldom longer than one.
const MAX_PAGES: usize = 4;
/// Clocks differ, and Twilio counts in seconds: a message may be dated so much before its send, in seconds.
const CLOCK_SKEW_S: i64 = 300;

/// Sends one message.
pub(super) async fn send(
    http: &reqwest::Client,
    access: &ChannelAccess,
    request: &SendRequest,
) -> SendOutcome {
    send_within(http, access, request, TIMEOUT).await
}

async fn send_within(
    http: &reqwest::Client,
    access: &ChannelAccess,
    request: &SendRequest,
    timeout: Duration,
) -> SendOutcome {
    let parameters = match render::parameters(access, request) {
        Ok(parameters) => parameters,
        Err(error) => return SendOutcome::Refused(invalid_content(&error)),
    };
    let url = match settings::endpoint(&access.settings, &["Messages.json"]) {
        Ok(url) => url,
        Err(error) => return SendOutcome::Refused(config(error.to_string())),
    };
    let post = http
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form::encode(&parameters));
    match call(post, access, timeout).await {
        Ok(answer) => of_send(&answer),
        Err(CallError::Config(why)) => SendOutcome::Refused(config(why)),
        Err(CallError::NotSent(why)) => SendOutcome::NotSent(why),
        Err(CallError::Lost(why)) => SendOutcome::Unknown(why),
    }
}

/// What became of a send.
fn of_send(answer: &Answer) -> SendOutcome {
    let json = json(answer);
    let has_code = json
        .as_ref()
        .is_some_and(|json| json.get("code").is_some_and(Value::is_u64));
    match (answer.status, &json) {
        (200..300, Some(json)) => match json.get("sid").and_then(Value::as_str) {
            Some(sid) if !sid.is_empty() && sid.len() <= MAX_ID => SendOutcome::Accepted {
                provider_message_id: sid.to_owned(),
                learnt: Vec::new(),
                held: None,
            },
            _ => SendOutcome::Unknown("the answer named no message".into()),
        },
        (200..300, None) => SendOutcome::Unknown(match &answer.body {
            Err(why) => format!("the answer was lost: {why}"),
            Ok(_) => "the answer was no JSON".into(),
        }),
        // Nobody is there to take it.
        (503, _) => SendOutcome::NotSent("Twilio is unavailable (503)".into()),
        // Twilio says itself that it failed; without its own words something on the way gave up.
        (500..=599, _) if has_code => SendOutcome::Refused(error(answer, json.as_ref())),
        (500..=599, _) => SendOutcome::Unknown(format!("the answer was {} and said no more", answer.status)),
        _ => SendOutcome::Refused(error(answer, json.as_ref())),
    }
}

fn invalid_content(error: &FieldError) -> ProviderError {
    ProviderError {
        class: match error.field.as_str() {
            "to" => ErrorClass::Recipient,
            _ => ErrorClass::Permanent,
        },
        code: "invalid_content".into(),
        title: "Not sent: Twilio would not take the message".into(),
        detail: error.to_string(),
        retry_after: None,
    }
}

/// One resource of the account.
pub(super) async fn get(
    http: &reqwest::Client,
    access: &ChannelAccess,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<Value, ProviderError> {
    let url = settings::endpoint(&access.settings, path).map_err(|error| config(error.to_string()))?;
    let answer = call(http.get(url).query(query), access, TIMEOUT).await;
    success(&answer.map_err(unanswered)?)
}

/// Where a message of ours stands by Twilio's own records; `None` if Twilio does not know it, or says nothing that counts.
pub(super) async fn fetch(
    http: &reqwest::Client,
    access: &ChannelAccess,
    sid: &str,
) -> Result<Option<StatusUpdate>, ProviderError> {
    match get(http, access, &["Messages", &format!("{sid}.json")], &[]).await {
        Ok(message) => Ok(status::of_message(&message)),
        Err(error) if error.code == "20404" || error.code == "http_404" => Ok(None),
        Err(error) => Err(error),
    }
}

/// Messages of ours that may be the one whose answer was lost: same recipient, same words, sent since `since`.
pub(super) async fn look_up(
    http: &reqwest::Client,
    access: &ChannelAccess,
    request: &SendRequest,
    since: Timestamp,
) -> Result<Vec<StatusUpdate>, ProviderError> {
    let wanted = render::sought(access, request).map_err(|error| config(error.to_string()))?;
    let value = |name: &str| {
        wanted
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    };
    let earliest = since.plus(-CLOCK_SKEW_S * 1_000_000);
    let day = earliest.to_string().chars().take(10).collect::<String>();
    let size = PAGE.to_string();
    let mut query = vec![
        ("To", value("To").unwrap_or_default()),
        ("DateSent>", day.as_str()),
        ("PageSize", size.as_str()),
    ];
    query.extend(value("From").map(|from| ("From", from)));
    let mut found = Vec::new();
    for page in 0..MAX_PAGES {
        let number = page.to_string();
        let mut query = query.clone();
        query.push(("Page", number.as_str()));
        let list = get(http, access, &["Messages.json"], &query).await?;
        let messages = list
            .get("messages")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let fitting = messages
            .iter()
            .filter(|message| fits(message, value("Body"), earliest));
        found.extend(fitting.filter_map(status::of_message));
        if messages.len() < PAGE || list.get("next_page_uri").is_none_or(Value::is_null) {
            break;
        }
    }
    Ok(found)
}

/// Whether a message of the list may be ours: its words (a template's are made by Twilio, so any fit) and its date.
fn fits(message: &Value, body: Option<&str>, earliest: Timestamp) -> bool {
    let text = |name: &str| message.get(name).and_then(Value::as_str);
    let ours = text("direction").is_none_or(|direction| direction.starts_with("outbound"));
    let same_words = body.is_none_or(|body| text("body").is_some_and(|said| said.trim() == body.trim()));
    let at = text("date_created").and_then(rfc2822);
    ours && same_words && at.is_some_and(|at| at >= earliest)
}

pub(super) fn rfc2822(text: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp::from_seconds(zoned.timestamp().as_second()))
}
