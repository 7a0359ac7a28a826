//! How customers, their chats and their behaviour look in the API.

use serde_json::{Map, Value};

use crate::domain::Timestamp;
use crate::sandbox::{
    AutoReply, Behaviour, Delay, Direction, EntryState, PhoneView, ReadPolicy, TranscriptEntry,
};

/// Longest preview, in characters.
const PREVIEW: usize = 120;

/// What someone with scripted answers says where the simulator has no script of its own.
const ANSWERS: [&str; 4] = [
    "Thank you!",
    "OK 👍",
    "Great, see you then.",
    "Could you tell me more?",
];

/// A simulated customer.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct CustomerView {
    /// WhatsApp's id: digits, or a user id for someone without a number.
    pub wa_id: String,
    pub name: String,
    /// With `+`; empty for someone without a number.
    phone: String,
    /// Language tag of their phone.
    #[schema(required)]
    language: Option<String>,
    /// Messages of the business that arrived and are not read.
    unread: usize,
    /// The business shows that it is typing.
    business_typing: bool,
    behaviour: BehaviourView,
    #[schema(required)]
    last_message: Option<LastView>,
}

/// The newest message in a chat.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct LastView {
    /// `inbound` is from the customer.
    #[schema(schema_with = crate::http::words::direction)]
    direction: &'static str,
    preview: String,
    created_at: String,
}

/// How a customer and their phone act.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BehaviourView {
    /// When messages are reported as read: `auto` soon after they arrive, `manual` when the chat is read, or `never`.
    #[serde(default)]
    #[schema(value_type = String)]
    read: ReadPolicy,
    /// Messages to them fail, as if they were not on WhatsApp.
    #[serde(default)]
    refuse: bool,
    /// Their phone is off: messages wait until it is on again.
    #[serde(default)]
    offline: bool,
    /// How much later messages arrive, in milliseconds; at most ten minutes.
    #[serde(default)]
    pub delay_ms: u64,
    /// They answer by themselves.
    #[serde(default)]
    auto_reply: bool,
}

impl BehaviourView {
    pub(super) fn new(behaviour: &Behaviour) -> Self {
        Self {
            read: behaviour.read,
            refuse: behaviour.refuse,
            offline: behaviour.offline,
            delay_ms: behaviour.delay.base_ms,
            auto_reply: behaviour.auto_reply.is_some(),
        }
    }

    /// The behaviour meant; `default` is where scripted answers come from.
    pub(super) fn into_behaviour(self, default: &Behaviour) -> Behaviour {
        let script = || {
            default.auto_reply.clone().unwrap_or_else(|| AutoReply {
                texts: ANSWERS.map(str::to_owned).to_vec(),
                ..AutoReply::default()
            })
        };
        Behaviour {
            read: self.read,
            refuse: self.refuse,
            offline: self.offline,
            delay: Delay::new(self.delay_ms, 0),
            auto_reply: self.auto_reply.then(script),
            ..default.clone()
        }
    }
}

impl CustomerView {
    pub(super) fn new(view: PhoneView) -> Self {
        let PhoneView {
            customer,
            behaviour,
            unread,
            business_typing,
            last,
        } = view;
        let phone = customer.wa_id.as_ref().map(|digits| format!("+{digits}"));
        let wa_id = customer.wa_id.or(customer.user_id).unwrap_or_default();
        Self {
            name: if customer.name.is_empty() {
                wa_id.clone()
            } else {
                customer.name
            },
            wa_id,
            phone: phone.unwrap_or_default(),
            language: customer.language,
            unread,
            business_typing,
            behaviour: BehaviourView::new(&behaviour),
            last_message: last.map(|entry| LastView {
                direction: direction(entry.direction),
                preview: preview(&entry),
                created_at: time(entry.at_ms),
            }),
        }
    }
}

/// A message as the customer's phone shows it. Its content stands under the name of its type.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct PhoneMessageView {
    /// The provider's id.
    pub id: String,
    /// `inbound` is from the customer.
    #[schema(schema_with = crate::http::words::direction)]
    direction: &'static str,
    /// Of the business's: `accepted`, `sent`, `delivered`, `read` or `failed`. Of the customer's: `accepted`, and `read`
    /// once the business has marked it.
    status: &'static str,
    /// The message that it answers.
    #[schema(required)]
    context_id: Option<String>,
    reactions: Vec<ReactionView>,
    /// The customer changed its words.
    edited: bool,
    /// The customer took it back.
    deleted: bool,
    created_at: String,
    #[schema(required)]
    error: Option<ErrorView>,
    /// `type`, and the content under that name.
    #[serde(flatten)]
    #[schema(value_type = crate::http::words::MessageContent)]
    content: Map<String, Value>,
}

/// A reaction to a message; each side has at most one.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct ReactionView {
    emoji: String,
    /// `inbound` is from the customer.
    #[schema(schema_with = crate::http::words::direction)]
    direction: &'static str,
}

/// Why a message did not arrive.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct ErrorView {
    code: u32,
    title: &'static str,
}

impl PhoneMessageView {
    pub(super) fn new(entry: &TranscriptEntry) -> Self {
        let mut body = entry.content.clone();
        if let (Some(rendered), Value::Object(fields)) = (&entry.rendered, &mut body) {
            fields.insert("rendered".to_owned(), rendered_text(rendered).into());
            for part in ["header", "buttons", "cards"] {
                if !rendered[part].is_null() {
                    fields.insert(part.to_owned(), rendered[part].clone());
                }
            }
        }
        let mut content = Map::new();
        content.insert("type".to_owned(), entry.kind.as_str().into());
        if !is_field(&entry.kind) {
            content.insert(entry.kind.clone(), body);
        }
        Self {
            id: entry.id.clone(),
            direction: direction(entry.direction),
            status: status(entry.state),
            context_id: entry.context_id.clone(),
            reactions: Vec::new(),
            edited: false,
            deleted: false,
            created_at: time(entry.at_ms),
            error: entry.error.map(|code| ErrorView {
                code,
                title: error_title(code),
            }),
            content,
        }
    }
}

/// A kind's name that would hide a field of the view.
fn is_field(kind: &str) -> bool {
    let fields = [
        "id",
        "direction",
        "status",
        "context_id",
        "reactions",
        "edited",
        "deleted",
        "created_at",
        "error",
        "type",
    ];
    fields.contains(&kind)
}

/// The chat, oldest first: reactions, edits and deletions stand at the messages that they are for.
pub(super) fn chat(transcript: &[TranscriptEntry]) -> Vec<PhoneMessageView> {
    let mut views: Vec<PhoneMessageView> = Vec::with_capacity(transcript.len());
    for entry in transcript {
        match entry.kind.as_str() {
            "reaction" => {}
            "edit" | "revoke" => {
                reword(&mut views, entry);
                continue;
            }
            _ => {
                views.push(PhoneMessageView::new(entry));
                continue;
            }
        }
        let target = entry.content["message_id"].as_str().unwrap_or_default();
        let emoji = entry.content["emoji"].as_str().unwrap_or_default();
        let from = direction(entry.direction);
        if let Some(view) = views.iter_mut().rev().find(|view| view.id == target) {
            view.reactions.retain(|each| each.direction != from);
            if !emoji.is_empty() {
                let emoji = emoji.to_owned();
                view.reactions.push(ReactionView {
                    emoji,
                    direction: from,
                });
            }
        }
    }
    views
}

fn reword(views: &mut [PhoneMessageView], entry: &TranscriptEntry) {
    let target = entry.content["original_message_id"].as_str().unwrap_or_default();
    let Some(view) = views.iter_mut().rev().find(|view| view.id == target) else {
        return;
    };
    let kind = view.content["type"].as_str().unwrap_or_default().to_owned();
    if entry.kind == "revoke" {
        view.deleted = true;
        view.content.insert(kind, Value::Null);
        view.reactions.clear();
    } else if let Some(content) = entry.content.pointer(&format!("/message/{kind}")) {
        view.edited = true;
        view.content.insert(kind, content.clone());
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::FromCustomer => "inbound",
        Direction::FromBusiness => "outbound",
    }
}

fn status(state: EntryState) -> &'static str {
    match state {
        EntryState::Accepted => "accepted",
        EntryState::Sent => "sent",
        EntryState::Delivered => "delivered",
        EntryState::Read | EntryState::Played => "read",
        EntryState::Failed => "failed",
    }
}

/// What the contract calls the failures that a simulated message can meet.
fn error_title(code: u32) -> &'static str {
    match code {
        131_026 => "Message undeliverable",
        131_042 => "Business eligibility payment issue",
        131_047 => "Re-engagement message",
        131_049 => "Not delivered to maintain a healthy ecosystem",
        131_050 => "User has stopped marketing messages",
        131_053 => "Media upload error",
        _ => "Not delivered",
    }
}

/// A template's parts as text, one a line.
fn rendered_text(rendered: &Value) -> String {
    let parts = ["header", "body", "footer"].into_iter();
    let texts = parts.filter_map(|part| {
        let part = &rendered[part];
        part.as_str().or_else(|| part["text"].as_str())
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn preview(entry: &TranscriptEntry) -> String {
    let paths = [
        "/body",
        "/caption",
        "/filename",
        "/name",
        "/body/text",
        "/button_reply/title",
        "/list_reply/title",
        "/text",
    ];
    let rendered = entry.rendered.as_ref().map(rendered_text);
    let found = || {
        let texts = paths
            .iter()
            .filter_map(|path| entry.content.pointer(path)?.as_str());
        texts.map(str::to_owned).next()
    };
    let text = rendered.or_else(found).unwrap_or_else(|| entry.kind.clone());
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(PREVIEW).collect()
}

fn time(ms: i64) -> String {
    Timestamp(ms.saturating_mul(1_000)).to_string()
}
