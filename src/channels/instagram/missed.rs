//! Messages whose webhooks never came: asked of the account's conversations.
//!
//! Owns the questions, what is kept of the answers, and how that is read: each message becomes the event that its webhook
//! would have been, as far as Meta tells. Must not know what was taken before. Source: the provider contract, section 3
//! (two calls a second; details only of a conversation's 20 newest messages) and Meta's fields of message attachments.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::client::get;
use super::limits::PROVIDER_ID;
use super::settings;
use crate::channels::missed::{Listed, ListedPage, Missed};
use crate::channels::payload::{text_at, time};
use crate::channels::{BoxFuture, ChannelAccess};
use crate::domain::Timestamp;
use crate::domain::outbound::{ErrorClass, ProviderError};

/// Conversations of one page.
const PAGE: usize = 25;
/// Messages of one conversation whose details Meta gives out.
const DETAILED: usize = 20;
/// Longest cursor and id of a conversation that are kept, in bytes.
const MAX_CURSOR: usize = 1_024;
/// What is asked of a message.
const FIELDS: &str = "id,created_time,from,to,message,attachments";
/// The list of an entry that was fetched.
pub(super) const FETCHED: &str = "fetched";

/// An account's conversations.
pub(super) struct Conversations;

/// Where the list goes on: conversations that are still to be looked into, then the next page of them.
#[derive(Default, Serialize, Deserialize)]
struct Next {
    open: Vec<String>,
    after: Option<String>,
}

impl Next {
    fn written(&self) -> Option<String> {
        let is_end = self.open.is_empty() && self.after.is_none();
        (!is_end).then(|| json!(self).to_string())
    }
}

impl Missed for Conversations {
    fn pace(&self) -> Duration {
        Duration::from_millis(550)
    }

    fn list<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        since: Timestamp,
        next: Option<&'a str>,
    ) -> BoxFuture<'a, Result<ListedPage, ProviderError>> {
        Box::pin(async move {
            // What cannot be read is begun anew.
            let next = next.and_then(|next| serde_json::from_str(next).ok());
            let Next { mut open, after } = next.unwrap_or_default();
            match open.is_empty() {
                true => conversations(http, access, since, after.as_deref()).await,
                false => {
                    let first = open.remove(0);
                    messages(http, access, since, &first, Next { open, after }).await
                }
            }
        })
    }

    fn whole<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        listed: Listed,
    ) -> BoxFuture<'a, Result<Option<Value>, ProviderError>> {
        Box::pin(async move {
            match get(http, access, &[&listed.id], &[("fields", FIELDS)]).await {
                Ok(message) => Ok(Some(message)),
                // Taken back, or too old to be told.
                Err(error) if is_gone(&error) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn body(&self, access: &ChannelAccess, messages: Vec<Value>) -> Vec<u8> {
        let account = access.settings.get("ig_id");
        json!({"object": "instagram", "entry": [{"id": account, FETCHED: messages}]})
            .to_string()
            .into_bytes()
    }
}

fn items(list: Option<&Value>) -> &[Value] {
    let data = list.and_then(|list| list.get("data")?.as_array());
    data.map_or(&[], Vec::as_slice)
}

/// A page of the conversations, those with the newest messages first.
async fn conversations(
    http: &reqwest::Client,
    access: &ChannelAccess,
    since: Timestamp,
    after: Option<&str>,
) -> Result<ListedPage, ProviderError> {
    let limit = PAGE.to_string();
    let mut query = vec![
        ("platform", "instagram"),
        ("fields", "id,updated_time"),
        ("limit", limit.as_str()),
    ];
    query.extend(after.map(|after| ("after", after)));
    let page = get(
        http,
        access,
        &[settings::sender(&access.settings), "conversations"],
        &query,
    )
    .await?;
    let found = items(Some(&page));
    let is_past = |it: &&Value| it.get("updated_time").and_then(time).is_some_and(|at| at < since);
    let open = found.iter().filter(|it| !is_past(it));
    let open = open.filter_map(|it| text_at(it, "id").filter(|id| id.len() <= MAX_CURSOR));
    let goes_on = page.pointer("/paging/next").is_some() || found.len() >= PAGE;
    let cursor = page.pointer("/paging/cursors/after").and_then(Value::as_str);
    let cursor = cursor.filter(|cursor| goes_on && cursor.len() <= MAX_CURSOR && Some(*cursor) != after);
    let next = Next {
        open: open.collect(),
        after: cursor
            .filter(|_| !found.iter().any(|it| is_past(&it)))
            .map(str::to_owned),
    };
    Ok(ListedPage {
        listed: Vec::new(),
        next: next.written(),
    })
}

/// The messages of one conversation.
async fn messages(
    http: &reqwest::Client,
    access: &ChannelAccess,
    since: Timestamp,
    conversation: &str,
    next: Next,
) -> Result<ListedPage, ProviderError> {
    let next = next.written();
    let found = match get(http, access, &[conversation], &[("fields", "messages")]).await {
        Ok(found) => found,
        // One conversation that is gone keeps nobody from the others.
        Err(error) if is_gone(&error) => Value::Null,
        Err(error) => return Err(error),
    };
    let listed = items(found.get("messages")).iter().take(DETAILED);
    let listed = listed.filter_map(|message| {
        let at = message.get("created_time").and_then(time);
        let id = text_at(message, "id").filter(|id| id.len() <= PROVIDER_ID)?;
        at.is_none_or(|at| at >= since).then(|| Listed {
            id,
            at,
            said: message.clone(),
            is_whole: false,
        })
    });
    Ok(ListedPage {
        listed: listed.collect(),
        next,
    })
}

/// The event that a message's webhook would have been; `None` if it does not say who wrote to whom.
pub(super) fn as_event(message: &Value, account: &str) -> Option<Value> {
    let id = text_at(message, "id")?;
    let from = message.get("from").filter(|from| text_at(from, "id").is_some())?;
    let to = message.pointer("/to/data/0").cloned();
    let to = to.unwrap_or_else(|| json!({ "id": account }));
    let mut body = Map::from_iter([("mid".to_owned(), json!(id)), (FETCHED.to_owned(), json!(true))]);
    if let Some(words) = message
        .get("message")
        .and_then(Value::as_str)
        .filter(|it| !it.is_empty())
    {
        body.insert("text".to_owned(), json!(words));
    }
    let files: Vec<Value> = items(message.get("attachments")).iter().map(attachment).collect();
    if !files.is_empty() {
        body.insert("attachments".to_owned(), Value::Array(files));
    }
    if text_at(from, "id").as_deref() == Some(account) {
        body.insert("is_echo".to_owned(), json!(true));
    }
    Some(json!({
        "sender": from, "recipient": to, "timestamp": message.get("created_time"), "message": body,
    }))
}

/// An attachment in the words of webhooks: its sort and its address.
fn attachment(told: &Value) -> Value {
    let mime = text_at(told, "mime_type").unwrap_or_default();
    let url = |pointer: &str| told.pointer(pointer).and_then(Value::as_str);
    let found = [
        ("image", url("/image_data/url")),
        ("video", url("/video_data/url")),
        (
            if mime.starts_with("audio/") {
                "audio"
            } else {
                "file"
            },
            url("/file_url"),
        ),
    ];
    let found = found.into_iter().find_map(|(kind, url)| Some((kind, url?)));
    match found {
        Some((kind, url)) => json!({"type": kind, "payload": {"url": url}}),
        None => told.clone(),
    }
}

/// Whether what was asked for is not there: unknown objects are told as wrong parameters.
const fn is_gone(error: &ProviderError) -> bool {
    matches!(
        error.class,
        ErrorClass::Permanent | ErrorClass::Recipient | ErrorClass::Config
    )
}

#[cfg(test)]
mod tests {
    use super::super::Instagram;
    use super::*;
    use crate::channels::Provider;
    use crate::domain::inbound::Inbound;

    const ACCOUNT: &str = "17841400000000001";

    /// The contract's `message-detail.json`, and what else may be told.
    fn read(message: Value) -> Inbound {
        let body = json!({"object": "instagram", "entry": [{"id": ACCOUNT, FETCHED: [message]}]});
        let deliveries = Instagram
            .parse(body.to_string().as_bytes())
            .expect("a body of Instagram's");
        deliveries[0].items[0].clone()
    }

    fn told(from: &str, to: &str) -> Value {
        json!({"id": "aWdfZAG1f", "created_time": "2026-11-20T10:00:00+0000", "message": "Do you ship to Kisumu?",
            "from": {"username": "amina.o", "id": from}, "to": {"data": [{"username": "kibandacrafts", "id": to}]}})
    }

    #[test]
    fn a_fetched_message_reads_like_its_webhook() {
        let Inbound::Message(message) = read(told("9000000000000001", ACCOUNT)) else {
            panic!("a customer wrote it");
        };
        assert_eq!(message.content.body["body"], "Do you ship to Kisumu?");
        assert_eq!(message.at, Timestamp::parse("2026-11-20T10:00:00Z"));
        assert_eq!(
            message.extra.as_ref().map(|extra| &extra[FETCHED]),
            Some(&json!(true))
        );
        assert_eq!(message.sender.identities.len(), 2, "by user name and by id");
        let ours = read(told(ACCOUNT, "9000000000000001"));
        assert!(matches!(ours, Inbound::Echo(_)), "{ours:?}");
        assert!(
            matches!(read(json!({"id": "x"})), Inbound::Notice(_)),
            "kept, and told of"
        );
    }

    #[test]
    fn files_are_named_as_in_webhooks() {
        let url = "https://cdn.example/1";
        let table = [
            (
                json!({"mime_type": "image/jpeg", "image_data": {"url": url}}),
                "image",
            ),
            (
                json!({"mime_type": "video/mp4", "video_data": {"url": url}}),
                "video",
            ),
            (json!({"mime_type": "audio/mp4", "file_url": url}), "audio"),
            (
                json!({"mime_type": "application/pdf", "file_url": url}),
                "document",
            ),
        ];
        for (file, expected) in table {
            let mut message = told("9000000000000001", ACCOUNT);
            message["message"] = json!("");
            message["attachments"] = json!({"data": [file]});
            let Inbound::Message(message) = read(message) else {
                panic!("a customer wrote it");
            };
            assert_eq!(
                (message.content.kind.as_str(), &message.content.body["link"]),
                (expected, &json!(url))
            );
        }
    }
}
