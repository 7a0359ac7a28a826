//! Messages whose webhooks never came: asked of the list of messages, with their files.
//!
//! Owns the questions, what is kept of the answers, and how that is read: each message becomes the form that its webhook
//! would have been, as far as the list tells. Must not know what was taken before. Source: the provider contract, sections 1
//! and 4 (inbound webhooks are not tried again by default).

use std::time::Duration;

use serde_json::{Value, json};

use super::call::{call, config, success};
use super::client::{get, rfc2822};
use super::form::Form;
use super::parse::{self, MAX_ID, WHATSAPP};
use super::settings::{self, Medium};
use crate::channels::http::TIMEOUT;
use crate::channels::missed::{Listed, ListedPage, Missed};
use crate::channels::{BoxFuture, ChannelAccess};
use crate::domain::Timestamp;
use crate::domain::inbound::Inbound;
use crate::domain::outbound::ProviderError;

/// Messages of one page of the list.
const PAGE: &str = "50";
/// Longest query of a next page that is followed, in bytes.
const MAX_NEXT: usize = 2_048;
/// Most files of one message that are kept.
const MAX_MEDIA: usize = 10;
/// The list of a body that was fetched.
const FETCHED: &str = "fetched";

/// Twilio's list of messages.
pub(super) struct MessageList;

impl Missed for MessageList {
    fn pace(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn list<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        since: Timestamp,
        next: Option<&'a str>,
    ) -> BoxFuture<'a, Result<ListedPage, ProviderError>> {
        Box::pin(list(http, access, since, next))
    }

    fn whole<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        listed: Listed,
    ) -> BoxFuture<'a, Result<Option<Value>, ProviderError>> {
        Box::pin(whole(http, access, listed))
    }

    fn body(&self, _: &ChannelAccess, messages: Vec<Value>) -> Vec<u8> {
        json!({ FETCHED: messages }).to_string().into_bytes()
    }
}

async fn list(
    http: &reqwest::Client,
    access: &ChannelAccess,
    since: Timestamp,
    next: Option<&str>,
) -> Result<ListedPage, ProviderError> {
    let mut url = settings::endpoint(&access.settings, &["Messages.json"])
        .map_err(|error| config(error.to_string()))?;
    match next {
        Some(query) => url.set_query(Some(query)),
        None => {
            // Days are all that the filter is sure to know; what is too old is left out below.
            let day: String = since.to_string().chars().take(10).collect();
            let mut query = url.query_pairs_mut();
            query.append_pair("DateSent>", &day).append_pair("PageSize", PAGE);
            if let Some(to) = access.settings.get("from") {
                query.append_pair("To", to);
            }
        }
    }
    let answer = call(http.get(url), access, TIMEOUT).await;
    let page = success(&answer.map_err(super::call::unanswered)?)?;
    Ok(read_page(access, since, &page))
}

/// The list is in the order of its dates, newest first.
fn read_page(access: &ChannelAccess, since: Timestamp, page: &Value) -> ListedPage {
    let messages = page.get("messages").and_then(Value::as_array);
    let messages = messages.map_or(&[][..], Vec::as_slice);
    let is_past = |message: &Value| said_at(message).is_some_and(|at| at < since);
    let next = page.get("next_page_uri").and_then(Value::as_str);
    // Of the address only the query is followed: wherever it leads, the account's own list is asked.
    let next = next.and_then(|uri| Some(uri.split_once('?')?.1.to_owned()));
    ListedPage {
        next: next.filter(|next| next.len() <= MAX_NEXT && !messages.iter().any(is_past)),
        listed: messages
            .iter()
            .filter(|message| is_ours(access, message) && !is_past(message))
            .filter_map(listed)
            .collect(),
    }
}

fn listed(message: &Value) -> Option<Listed> {
    let id = text(message, "sid").filter(|id| id.len() <= MAX_ID)?;
    Some(Listed {
        id: id.to_owned(),
        at: said_at(message),
        is_whole: text(message, "num_media").is_none_or(|count| count == "0"),
        said: message.clone(),
    })
}

fn text<'a>(message: &'a Value, name: &str) -> Option<&'a str> {
    message.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn said_at(message: &Value) -> Option<Timestamp> {
    let at = text(message, "date_sent").or_else(|| text(message, "date_created"))?;
    rfc2822(at)
}

/// Whether somebody wrote it to this channel: its sender, or a sender of its messaging service on the same medium.
fn is_ours(access: &ChannelAccess, message: &Value) -> bool {
    let setting = |name: &str| access.settings.get(name).map(String::as_str);
    let to = text(message, "to").unwrap_or_default();
    let is_whatsapp = settings::medium(&access.settings) == Medium::Whatsapp;
    let reaches = match setting("from") {
        Some(from) => to == from,
        None => {
            text(message, "messaging_service_sid") == setting("messaging_service_sid")
                && to.starts_with(WHATSAPP) == is_whatsapp
        }
    };
    text(message, "direction") == Some("inbound") && reaches
}

/// The message with its files, by the addresses that its webhook would have named.
async fn whole(
    http: &reqwest::Client,
    access: &ChannelAccess,
    listed: Listed,
) -> Result<Option<Value>, ProviderError> {
    let Listed { id, mut said, .. } = listed;
    let found = match get(http, access, &["Messages", &id, "Media.json"], &[]).await {
        Ok(found) => found,
        Err(error) if error.code == "20404" || error.code == "http_404" => return Ok(Some(said)),
        Err(error) => return Err(error),
    };
    let files = found.get("media_list").and_then(Value::as_array);
    let files = files.into_iter().flatten().take(MAX_MEDIA).filter_map(|file| {
        let sid = text(file, "sid")?;
        let url = settings::endpoint(&access.settings, &["Messages", &id, "Media", sid]).ok()?;
        let mime = text(file, "content_type").unwrap_or_default();
        Some(json!({"sid": sid, "content_type": mime, "url": url.as_str()}))
    });
    said["media"] = files.collect();
    Ok(Some(said))
}

/// What a fetched body says; `None` for any other JSON.
pub(super) fn read(body: &Value) -> Option<Vec<Inbound>> {
    let messages = body.get(FETCHED)?.as_array()?;
    Some(messages.iter().flat_map(read_message).collect())
}

fn read_message(message: &Value) -> Vec<Inbound> {
    let at = said_at(message);
    let mut items = parse::of_form(&as_form(message));
    for item in &mut items {
        if let Inbound::Message(message) = item {
            message.at = at;
            message.extra.get_or_insert_with(|| json!({}))[FETCHED] = json!(true);
        }
    }
    items
}

fn as_form(message: &Value) -> Form {
    const NAMES: [(&str, &str); 7] = [
        ("sid", "MessageSid"),
        ("account_sid", "AccountSid"),
        ("from", "From"),
        ("to", "To"),
        ("body", "Body"),
        ("num_segments", "NumSegments"),
        ("messaging_service_sid", "MessagingServiceSid"),
    ];
    let named = NAMES
        .iter()
        .filter_map(|(theirs, ours)| Some(((*ours).to_owned(), text(message, theirs)?.to_owned())));
    let files = message.get("media").and_then(Value::as_array);
    let files = files.into_iter().flatten().enumerate().flat_map(|(place, file)| {
        let part = |name, theirs| text(file, theirs).map(|text| (format!("{name}{place}"), text.to_owned()));
        part("MediaUrl", "url")
            .into_iter()
            .chain(part("MediaContentType", "content_type"))
    });
    let status = ("SmsStatus".to_owned(), "received".to_owned());
    Form::of(named.chain(files).chain([status]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn access(settings: &[(&str, &str)]) -> ChannelAccess {
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        ChannelAccess {
            settings: settings.collect(),
            secrets: BTreeMap::new(),
            webhook_url: String::new(),
        }
    }

    fn message(sid: &str, direction: &str, to: &str, at: &str) -> Value {
        json!({"sid": sid, "direction": direction, "from": "+254711000234", "to": to, "body": "Hi", "num_media": "0",
            "messaging_service_sid": "MG1", "date_sent": at, "date_created": at})
    }

    #[test]
    fn only_what_was_written_to_the_channel_since_then_is_taken() {
        let ours = access(&[("from", "+14155550100")]);
        let service = access(&[("messaging_service_sid", "MG1"), ("medium", "whatsapp")]);
        let since = Timestamp::parse("2026-11-20T10:00:00Z").expect("a time");
        let (new, old) = (
            "Fri, 20 Nov 2026 10:00:02 +0000",
            "Fri, 20 Nov 2026 09:59:58 +0000",
        );
        let page = json!({"next_page_uri": "/elsewhere?PageSize=50&Page=1", "messages": [
            message("SM1", "inbound", "+14155550100", new),
            message("SM2", "outbound-api", "+14155550100", new),
            message("SM3", "inbound", "+14155550199", new),
            message("SM4", "inbound", "whatsapp:+14155550100", new),
        ]});
        let ids = |page: &ListedPage| page.listed.iter().map(|it| it.id.clone()).collect::<Vec<_>>();
        let found = read_page(&ours, since, &page);
        assert_eq!(
            (ids(&found), found.next.as_deref()),
            (vec!["SM1".to_owned()], Some("PageSize=50&Page=1"))
        );
        assert_eq!(ids(&read_page(&service, since, &page)), ["SM4"]);
        let last = json!({"next_page_uri": "/x?Page=2", "messages": [message("SM5", "inbound", "+14155550100", old)]});
        let found = read_page(&ours, since, &last);
        assert!(
            found.listed.is_empty() && found.next.is_none(),
            "all that follows is older"
        );
    }

    #[test]
    fn a_fetched_message_reads_like_its_webhook_with_its_files_and_its_time() {
        let mut said = message(
            "MM1",
            "inbound",
            "whatsapp:+14155550100",
            "Fri, 20 Nov 2026 10:00:02 +0000",
        );
        said["from"] = json!("whatsapp:+254711000234");
        said["media"] =
            json!([{"sid": "ME1", "content_type": "image/jpeg", "url": "https://api.twilio.com/ME1"}]);
        let items = read(&json!({ FETCHED: [said, {"sid": "SM2"}] })).expect("a fetched body");
        let [Inbound::Message(picture), Inbound::Notice(_)] = &items[..] else {
            panic!("a message and a notice: {items:?}");
        };
        assert_eq!(
            (picture.content.kind.as_str(), &picture.content.body["caption"]),
            ("image", &json!("Hi"))
        );
        assert_eq!(picture.at, Timestamp::parse("2026-11-20T10:00:02Z"));
        assert_eq!(
            picture.extra.as_ref().map(|extra| &extra[FETCHED]),
            Some(&json!(true))
        );
        assert_eq!(read(&json!({"alert": 1})), None, "other JSON stays what it was");
    }
}
