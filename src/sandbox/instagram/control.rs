//! Control API under `/_sandbox`: customers act for scripts and other processes. Only where the configuration asks for it.
//!
//! It has no login, so the simulator listens on loopback only, and what comes from a browser's page is refused.
//!
//! | call | body or query | answer |
//! |---|---|---|
//! | `POST /_sandbox/say` | `ig_id`, `customer` (`id`, `name`, `username`), `action` | `id` of what came of it |
//! | `GET /_sandbox/transcript` | `ig_id`, `customer` | messages, oldest first |
//! | `PUT /_sandbox/faults` | `ig_id`, `faults` | |

use std::sync::Arc;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::config::InstagramFaults;
use super::graph::Call;
use super::phones::{self, InstagramAction, InstagramError};
use super::state::{Account, InstagramCustomer, InstagramEntry, Shared};
use crate::sandbox::encoding::unbase64;
use crate::sandbox::meta::{Delay, Often};

/// Longest text of a customer, in bytes.
const TEXT_MAX: usize = 8_000;

struct Refusal(StatusCode, String);

impl From<InstagramError> for Refusal {
    fn from(error: InstagramError) -> Self {
        let status = match error {
            InstagramError::UnknownAccount
            | InstagramError::UnknownCustomer
            | InstagramError::UnknownMessage => StatusCode::NOT_FOUND,
            InstagramError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            InstagramError::Full => StatusCode::INSUFFICIENT_STORAGE,
        };
        Self(status, error.to_string())
    }
}

type Outcome = Result<Value, Refusal>;

/// Who acts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Customer {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    username: String,
    /// Opens the chat by themselves.
    #[serde(default = "yes")]
    reads: bool,
    /// Cannot be reached.
    #[serde(default)]
    unavailable: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    ig_id: String,
    customer: Customer,
    action: Act,
}

/// What a customer does, by its `type`.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Text {
        text: String,
        reply_to: Option<String>,
    },
    /// `kind` is `image`, `video`, `audio` or `file`; `data` is base64.
    File {
        kind: String,
        mime_type: String,
        data: String,
    },
    LikeHeart {},
    Share {
        title: String,
    },
    StoryReply {
        text: String,
    },
    StoryMention {},
    Comment {
        text: String,
        #[serde(default)]
        live: bool,
    },
    Reaction {
        id: String,
        emoji: String,
    },
    Unsend {
        id: String,
    },
    Edit {
        id: String,
        text: String,
    },
    QuickReply {
        title: String,
        payload: String,
    },
    Tap {
        title: String,
        payload: String,
    },
    Read {},
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFaults {
    ig_id: String,
    faults: Faults,
}

/// What goes wrong; what is not named is healthy.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Faults {
    answer_delay_ms: u64,
    /// So many sends are refused as to a person who is not available.
    refuse: u32,
    /// So many sends are refused for their rate.
    throttle: u32,
    /// So many calls for conversations are refused for their rate.
    throttle_reads: u32,
    /// So many sends are taken, and the answer is lost.
    drop_answer: u32,
    /// So many sends are answered with a broken 500.
    server_error: u32,
    down: bool,
    token_expired: bool,
    duplicate_webhooks: bool,
    reorder_by_ms: u64,
}

/// Answers one call.
pub(super) fn handle(shared: &Arc<Shared>, request: &HttpRequest, call: &Call) -> HttpResponse {
    let outcome = match request.headers().contains_key(header::ORIGIN) {
        true => Err(Refusal(
            StatusCode::FORBIDDEN,
            "the control API is not for browsers".to_owned(),
        )),
        false => route(shared, call),
    };
    match outcome {
        Ok(value) => HttpResponse::Ok().json(value),
        Err(Refusal(status, detail)) => HttpResponse::build(status).json(json!({ "detail": detail })),
    }
}

fn route(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let path: Vec<&str> = call.path.iter().skip(1).map(String::as_str).collect();
    match (&call.method, path.as_slice()) {
        (&Method::POST, ["say"]) => say(shared, parse(&call.body)?),
        (&Method::GET, ["transcript"]) => transcript(shared, call),
        (&Method::PUT, ["faults"]) => {
            let SetFaults { ig_id, faults } = parse(&call.body)?;
            account(shared, &ig_id)?.state.lock().faults = faults.into();
            Ok(json!({}))
        }
        _ => Err(Refusal(StatusCode::NOT_FOUND, "no such call".to_owned())),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
}

fn account(shared: &Shared, ig_id: &str) -> Result<Arc<Account>, Refusal> {
    Ok(shared.account(ig_id).ok_or(InstagramError::UnknownAccount)?)
}

fn say(shared: &Arc<Shared>, body: Say) -> Outcome {
    let account = account(shared, &body.ig_id)?;
    let action = body.action.into_action()?;
    let id = body.customer.id.clone();
    phones::put(&account, body.customer.into())?;
    let done = phones::act(shared, &account, &id, action)?;
    Ok(json!({ "id": done }))
}

fn transcript(shared: &Shared, call: &Call) -> Outcome {
    let parameter = |name: &str| call.parameter(name).unwrap_or_default();
    let account = account(shared, &parameter("ig_id"))?;
    let customer = parameter("customer");
    let state = account.state.lock();
    if !state.people.contains_key(&customer) {
        return Err(InstagramError::UnknownCustomer.into());
    }
    let entries = state.threads.get(&customer).map(|thread| &thread.entries);
    let items: Vec<Value> = entries.into_iter().flatten().map(view).collect();
    Ok(json!({ "items": items }))
}

fn view(entry: &InstagramEntry) -> Value {
    json!({
        "id": entry.id, "from_business": entry.from_business, "type": entry.kind, "content": entry.content,
        "at_ms": entry.at_ms, "read": entry.read, "unsent": entry.unsent,
    })
}

impl From<Customer> for InstagramCustomer {
    fn from(customer: Customer) -> Self {
        Self {
            username: match customer.username.is_empty() {
                true => format!("user{}", customer.id),
                false => customer.username,
            },
            id: customer.id,
            name: customer.name,
            reads: customer.reads,
            unavailable: customer.unavailable,
        }
    }
}

impl From<Faults> for InstagramFaults {
    fn from(faults: Faults) -> Self {
        let next = |count| Often::next(count);
        Self {
            answer_delay: Delay {
                base_ms: faults.answer_delay_ms,
                jitter_ms: 0,
            },
            refuse: next(faults.refuse),
            throttle: next(faults.throttle),
            throttle_reads: next(faults.throttle_reads),
            drop_answer: next(faults.drop_answer),
            server_error: next(faults.server_error),
            down: faults.down,
            token_expired: faults.token_expired,
            duplicate_webhooks: faults.duplicate_webhooks,
            reorder_by_ms: faults.reorder_by_ms,
        }
    }
}

impl Act {
    fn into_action(self) -> Result<InstagramAction, Refusal> {
        let said = |text: String| match text.trim().is_empty() || text.len() > TEXT_MAX {
            true => Err(Refusal(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("a text has 1 to {TEXT_MAX} bytes"),
            )),
            false => Ok(text),
        };
        Ok(match self {
            Self::Text { text, reply_to } => InstagramAction::Text {
                text: said(text)?,
                reply_to,
            },
            Self::File {
                kind,
                mime_type,
                data,
            } => file(kind, mime_type, &data)?,
            Self::LikeHeart {} => InstagramAction::Heart,
            Self::Share { title } => InstagramAction::Share { title: said(title)? },
            Self::StoryReply { text } => InstagramAction::StoryReply { text: said(text)? },
            Self::StoryMention {} => InstagramAction::StoryMention,
            Self::Comment { text, live } => InstagramAction::Comment {
                text: said(text)?,
                live,
            },
            Self::Reaction { id, emoji } => InstagramAction::React { id, emoji },
            Self::Unsend { id } => InstagramAction::Unsend { id },
            Self::Edit { id, text } => InstagramAction::Edit {
                id,
                text: said(text)?,
            },
            Self::QuickReply { title, payload } => InstagramAction::QuickReply {
                title: said(title)?,
                payload,
            },
            Self::Tap { title, payload } => InstagramAction::Tap {
                title: said(title)?,
                payload,
            },
            Self::Read {} => InstagramAction::Read,
        })
    }
}

fn file(kind: String, mime: String, data: &str) -> Result<InstagramAction, Refusal> {
    let refuse = |what: &str| Refusal(StatusCode::UNPROCESSABLE_ENTITY, what.to_owned());
    if !["image", "video", "audio", "file"].contains(&kind.as_str()) {
        return Err(refuse("kind must be image, video, audio or file"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/.+-; =".contains(c);
    if mime.len() > 100 || !mime.contains('/') || !mime.chars().all(plain) {
        return Err(refuse("mime_type must be a media type such as image/jpeg"));
    }
    match unbase64(data) {
        Some(bytes) if !bytes.is_empty() => Ok(InstagramAction::File {
            kind,
            mime,
            bytes: Bytes::from(bytes),
        }),
        _ => Err(refuse("data must be base64")),
    }
}
