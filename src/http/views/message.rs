//! Messages.

use super::PhraseView;
use serde_json::{Map, Value};

use super::MediaView;
use super::marks::MarksView;
use crate::domain::message::{Author, Direction, MessageError, Pricing, ReplyContext, StatusTimes};
use crate::domain::outbound::advice_code;
use crate::domain::{Message, MessageStatus};

/// Who wrote a message.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct AuthorView {
    /// `customer`, `user`, `api`, `bot`, `system` or `business_app`.
    #[schema(schema_with = crate::http::words::author)]
    pub kind: &'static str,
    /// The user's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// When each step of the delivery was reached.
#[derive(Clone, Debug, Default, serde::Serialize, utoipa::ToSchema)]
pub struct StatusTimesView {
    #[serde(skip_serializing_if = "Option::is_none")]
    queued: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

impl From<StatusTimes> for StatusTimesView {
    fn from(times: StatusTimes) -> Self {
        let StatusTimes {
            queued,
            accepted,
            sent,
            delivered,
            read,
            failed,
        } = times;
        let text = |time: Option<crate::domain::Timestamp>| time.map(|time| time.to_string());
        Self {
            queued: text(queued),
            accepted: text(accepted),
            sent: text(sent),
            delivered: text(delivered),
            read: text(read),
            failed: text(failed),
        }
    }
}

/// The message that this one answers.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ContextView {
    /// Our id of it, where we hold it.
    #[schema(required)]
    pub message_id: Option<String>,
    /// The provider's id of it.
    #[schema(required)]
    pub provider_message_id: Option<String>,
    /// The customer forwarded it.
    pub forwarded: bool,
}

impl From<&ReplyContext> for ContextView {
    fn from(context: &ReplyContext) -> Self {
        let provider_id = context.provider_message_id.as_str();
        Self {
            message_id: context.message.map(|id| id.to_string()),
            provider_message_id: (!provider_id.is_empty()).then(|| provider_id.to_owned()),
            forwarded: context.forwarded,
        }
    }
}

/// Why a message failed.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct MessageErrorView {
    /// The provider's code, or ours.
    pub code: String,
    /// Short name.
    pub title: String,
    /// What the provider said.
    pub detail: String,
    /// What can be done.
    pub advice: String,
    /// A stable word for the advice where it is one of ours: `window_template`, `recipient` …
    #[schema(required)]
    pub advice_code: Option<&'static str>,
    /// `title` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_phrase: Option<PhraseView>,
    /// `detail` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail_phrase: Option<PhraseView>,
    /// `advice` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice_phrase: Option<PhraseView>,
}

impl From<&MessageError> for MessageErrorView {
    fn from(error: &MessageError) -> Self {
        let MessageError {
            code,
            title,
            detail,
            advice,
        } = error.clone();
        Self {
            code,
            title_phrase: PhraseView::of(&title),
            detail_phrase: PhraseView::of(&detail),
            advice_phrase: PhraseView::of(&advice),
            title,
            detail,
            advice_code: advice_code(&advice),
            advice,
        }
    }
}

/// Price information.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct PricingView {
    /// `marketing`, `utility`, `authentication`, `service` …
    pub category: String,
    /// `regular`, `free_customer_service` or `free_entry_point`.
    pub r#type: String,
    /// Whether it costs.
    #[schema(required)]
    pub billable: Option<bool>,
    /// Parts that are charged each: SMS segments; 1 for whatever is charged as a whole.
    pub units: u32,
}

impl From<&Pricing> for PricingView {
    fn from(pricing: &Pricing) -> Self {
        Self {
            category: pricing.category.clone(),
            r#type: pricing.kind.clone(),
            billable: pricing.billable,
            units: pricing.units,
        }
    }
}

/// A message. Beside the fields named here its content stands under the name of its type, as in WhatsApp Cloud API:
/// `"type":"text","text":{"body":"…"}`.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// The conversation that it stands in.
    pub conversation_id: String,
    /// `inbound` or `outbound`.
    #[schema(schema_with = crate::http::words::direction)]
    pub direction: Direction,
    /// Who wrote it.
    pub author: AuthorView,
    /// `received`, `queued`, `accepted`, `sent`, `delivered`, `read`, `failed` or `doubtful`.
    #[schema(schema_with = crate::http::words::message_status)]
    pub status: MessageStatus,
    /// Why the provider keeps an accepted message back, in its word: `held_for_quality_assessment` (WhatsApp assesses the
    /// template first, about an hour at most) or `paused`. Left out once it moved on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// When each step was reached.
    pub status_times: StatusTimesView,
    /// The provider's id.
    #[schema(required)]
    pub provider_message_id: Option<String>,
    /// What it answers.
    #[schema(required)]
    pub context: Option<ContextView>,
    /// Why it failed.
    #[schema(required)]
    pub error: Option<MessageErrorView>,
    /// When it came to Frontdesk.
    pub created_at: String,
    /// The provider's own time for it.
    #[schema(required)]
    pub provider_at: Option<String>,
    /// Price information.
    #[schema(required)]
    pub pricing: Option<PricingView>,
    /// The webhook delivery that brought it.
    #[schema(required)]
    pub raw_event_id: Option<String>,
    /// Its trace.
    pub trace_id: String,
    /// An internal note.
    pub private: bool,
    /// What else the provider said about it (referral, group …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<Value>,
    /// Its files, in the order in which the content names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub media: Vec<MediaView>,
    /// What was later said about it.
    #[serde(flatten)]
    pub marks: MarksView,
    /// `type`, and the content under that name.
    #[serde(flatten)]
    #[schema(value_type = crate::http::words::MessageContent)]
    pub content: Map<String, Value>,
}

impl MessageView {
    pub(super) fn new(
        message: &Message,
        name: &dyn Fn(&Author) -> Option<String>,
        media: Vec<MediaView>,
    ) -> Self {
        let mut content = Map::new();
        message.content.write_view(&mut content);
        Self {
            id: message.id.to_string(),
            conversation_id: message.id.conversation.to_string(),
            direction: message.direction,
            author: author(&message.author, name(&message.author)),
            status: message.status,
            held: message.held().map(str::to_owned),
            status_times: message.times.into(),
            provider_message_id: message.provider_message_id.clone(),
            context: message.context.as_ref().map(ContextView::from),
            error: message.error.as_ref().map(MessageErrorView::from),
            created_at: message.created_at.to_string(),
            provider_at: message.provider_at.map(|at| at.to_string()),
            pricing: message.pricing.as_ref().map(PricingView::from),
            raw_event_id: message.raw_event.map(|raw| raw.to_string()),
            trace_id: message.trace.to_string(),
            private: message.content.is_note(),
            extra: message.extra.clone(),
            media,
            marks: MarksView::new(&message.marks, name),
            content,
        }
    }
}

pub(super) fn author(author: &Author, name: Option<String>) -> AuthorView {
    let (kind, id) = match author {
        Author::Customer => ("customer", None),
        Author::User(user) => ("user", Some(user.to_string())),
        Author::Api => ("api", None),
        Author::Bot => ("bot", None),
        Author::System => ("system", None),
        Author::BusinessApp => ("business_app", None),
    };
    AuthorView { kind, id, name }
}
