//! Stored form of a message: the record that there is most of, so it is kept small. A plain text is stored as its text
//! alone, frequent words as numbers, the times of its steps as distances from its beginning, rare parts in one option.

use bincode::{Decode, Encode};
use serde_json::Value;

use crate::domain::marks::Marks;
use crate::domain::message::{ReplyContext, StatusTimes};
use crate::domain::{
    Author, Content, ConversationId, Message, MessageError, MessageId, Pricing, RawEventId, Timestamp,
    TraceId, UserId,
};

use super::super::error::StorageError;
use super::marks::{CommentMarksV1, MarksV1};
use super::simple::MessageIdV1;
use super::words::{self, WordV1};
use super::{Newest, Stored, impossible};

const NAME: &str = "message";

/// The id is in the key, too. It stands here so that a record under a wrong key is found out (17 bytes).
#[derive(Encode, Decode)]
pub(super) struct MessageV1 {
    conversation: [u8; 16],
    n: u32,
    direction: u8,
    author: AuthorV1,
    content: ContentV1,
    status: u8,
    times: TimesV1,
    provider_message_id: Option<String>,
    pricing: Option<PricingV1>,
    created_at: i64,
    provider_at: Option<i64>,
    raw_event: Option<u64>,
    trace: [u8; 16],
    rare: Option<RareV1>,
}

impl MessageV1 {
    fn new(value: &Message) -> Self {
        let Message {
            id: MessageId { conversation, n },
            direction,
            author,
            content,
            status,
            times,
            provider_message_id,
            context,
            error,
            pricing,
            created_at,
            provider_at,
            raw_event,
            trace,
            extra,
            marks: _,
        } = value;
        Self {
            conversation: conversation.0,
            n: *n,
            direction: words::direction_number(*direction),
            author: AuthorV1::new(author),
            content: ContentV1::new(content),
            status: words::status_number(*status),
            times: TimesV1::new(times, *created_at),
            provider_message_id: provider_message_id.clone(),
            pricing: pricing.as_ref().map(PricingV1::new),
            created_at: created_at.0,
            provider_at: provider_at.map(|at| at.0),
            raw_event: raw_event.map(|raw| raw.0),
            trace: trace.0,
            rare: RareV1::new(context.as_ref(), error.as_ref(), extra.as_ref()),
        }
    }
}

impl Stored for MessageV1 {
    type Domain = Message;
    fn into_domain(self) -> Result<Message, StorageError> {
        let RareV1 {
            context,
            error,
            extra,
        } = self.rare.unwrap_or_default();
        let created_at = Timestamp(self.created_at);
        Ok(Message {
            id: MessageId {
                conversation: ConversationId(self.conversation),
                n: self.n,
            },
            direction: words::direction(NAME, "direction", self.direction)?,
            author: self.author.into_author(),
            content: self.content.into_content()?,
            status: words::status(NAME, "status", self.status)?,
            times: self.times.into_times(created_at)?,
            provider_message_id: self.provider_message_id,
            context: context.map(ContextV1::into_context),
            error: error.map(ErrorV1::into_error),
            pricing: self
                .pricing
                .map(|pricing| pricing.into_pricing(NAME))
                .transpose()?,
            created_at,
            provider_at: self.provider_at.map(Timestamp),
            raw_event: self.raw_event.map(RawEventId),
            trace: TraceId(self.trace),
            extra: extra.map(|text| words::json(NAME, "extra", &text)).transpose()?,
            marks: Marks::default(),
        })
    }
}

/// The first version with what was later said about the message behind it.
#[derive(Encode, Decode)]
pub(super) struct MessageV2 {
    message: MessageV1,
    marks: Option<MarksV1>,
}

impl Stored for MessageV2 {
    type Domain = Message;
    fn into_domain(self) -> Result<Message, StorageError> {
        let message = self.message.into_domain()?;
        let marks = self.marks.map(|marks| marks.into_marks(NAME)).transpose()?;
        Ok(Message {
            marks: marks.unwrap_or_default(),
            ..message
        })
    }
}

/// The second version with the number of parts that a message is charged by, where that is not one.
#[derive(Encode, Decode)]
pub(super) struct MessageV3 {
    message: MessageV2,
    units: Option<u32>,
}

impl MessageV3 {
    fn new(value: &Message) -> Self {
        let units = value.pricing.as_ref().map(|pricing| pricing.units);
        Self {
            message: MessageV2 {
                message: MessageV1::new(value),
                marks: MarksV1::new(&value.marks),
            },
            units: units.filter(|units| *units != 1),
        }
    }
}

impl Stored for MessageV3 {
    type Domain = Message;
    fn into_domain(self) -> Result<Message, StorageError> {
        let mut message = self.message.into_domain()?;
        if let (Some(pricing), Some(units)) = (&mut message.pricing, self.units) {
            pricing.units = units;
        }
        Ok(message)
    }
}

/// The third version with what the business did with a comment.
#[derive(Encode, Decode)]
pub(super) struct MessageV4 {
    message: MessageV3,
    comment: Option<CommentMarksV1>,
}

impl Newest for MessageV4 {
    fn from_domain(value: &Message) -> Self {
        Self {
            message: MessageV3::new(value),
            comment: CommentMarksV1::new(&value.marks.comment),
        }
    }
}

impl Stored for MessageV4 {
    type Domain = Message;
    fn into_domain(self) -> Result<Message, StorageError> {
        let mut message = self.message.into_domain()?;
        if let Some(comment) = self.comment {
            message.marks.comment = comment.into_marks();
        }
        Ok(message)
    }
}

/// Grows only at the end.
#[derive(Encode, Decode)]
pub(super) enum AuthorV1 {
    Customer,
    User([u8; 16]),
    Api,
    Bot,
    System,
    BusinessApp,
}

impl AuthorV1 {
    pub(super) const fn new(author: &Author) -> Self {
        match author {
            Author::Customer => Self::Customer,
            Author::User(user) => Self::User(user.0),
            Author::Api => Self::Api,
            Author::Bot => Self::Bot,
            Author::System => Self::System,
            Author::BusinessApp => Self::BusinessApp,
        }
    }

    pub(super) const fn into_author(self) -> Author {
        match self {
            Self::Customer => Author::Customer,
            Self::User(user) => Author::User(UserId(user)),
            Self::Api => Author::Api,
            Self::Bot => Author::Bot,
            Self::System => Author::System,
            Self::BusinessApp => Author::BusinessApp,
        }
    }
}

/// Grows only at the end. The first two are what most messages are: an object with a `body` text and nothing else.
#[derive(Encode, Decode)]
pub(super) enum ContentV1 {
    Text(String),
    Note(String),
    Json { kind: WordV1, body: String },
}

impl ContentV1 {
    pub(super) fn new(content: &Content) -> Self {
        let Content { kind, body } = content;
        match (kind.as_str(), only_text(body)) {
            ("text", Some(text)) => Self::Text(text.to_owned()),
            ("note", Some(text)) => Self::Note(text.to_owned()),
            _ => Self::Json {
                kind: WordV1::new(kind),
                body: body.to_string(),
            },
        }
    }

    pub(super) fn into_content(self) -> Result<Content, StorageError> {
        Ok(match self {
            Self::Text(text) => Content::text(&text),
            Self::Note(text) => Content::note(&text),
            Self::Json { kind, body } => Content {
                kind: kind.into_string(NAME, "kind")?,
                body: words::json(NAME, "body", &body)?,
            },
        })
    }
}

fn only_text(body: &Value) -> Option<&str> {
    let object = body.as_object().filter(|object| object.len() == 1)?;
    object.get("body")?.as_str()
}

/// Which steps were reached (lowest bit: queued), and for each the distance from `created_at` in microseconds.
#[derive(Encode, Decode)]
struct TimesV1 {
    reached: u8,
    distances: Vec<i64>,
}

impl TimesV1 {
    fn new(times: &StatusTimes, created_at: Timestamp) -> Self {
        let StatusTimes {
            queued,
            accepted,
            sent,
            delivered,
            read,
            failed,
        } = *times;
        let slots = [queued, accepted, sent, delivered, read, failed];
        let bit = |(place, slot): (usize, &Option<Timestamp>)| u8::from(slot.is_some()) << place;
        Self {
            reached: slots.iter().enumerate().map(bit).sum(),
            // Wrapping both ways: no time, however absurd, is lost.
            distances: slots
                .iter()
                .flatten()
                .map(|at| at.0.wrapping_sub(created_at.0))
                .collect(),
        }
    }

    fn into_times(self, created_at: Timestamp) -> Result<StatusTimes, StorageError> {
        let fits = self.reached < 1 << 6 && self.reached.count_ones() as usize == self.distances.len();
        if !fits {
            return Err(impossible(NAME, "times", self.reached));
        }
        let mut distances = self.distances.into_iter();
        let mut slot = |place: u8| match self.reached >> place & 1 {
            1 => distances
                .next()
                .map(|distance| Timestamp(created_at.0.wrapping_add(distance))),
            _ => None,
        };
        Ok(StatusTimes {
            queued: slot(0),
            accepted: slot(1),
            sent: slot(2),
            delivered: slot(3),
            read: slot(4),
            failed: slot(5),
        })
    }
}

/// What few messages have.
#[derive(Encode, Decode, Default)]
struct RareV1 {
    context: Option<ContextV1>,
    error: Option<ErrorV1>,
    extra: Option<String>,
}

impl RareV1 {
    fn new(
        context: Option<&ReplyContext>,
        error: Option<&MessageError>,
        extra: Option<&Value>,
    ) -> Option<Self> {
        let any = context.is_some() || error.is_some() || extra.is_some();
        any.then(|| Self {
            context: context.map(ContextV1::new),
            error: error.map(ErrorV1::new),
            extra: extra.map(Value::to_string),
        })
    }
}

#[derive(Encode, Decode)]
struct ContextV1 {
    provider_message_id: String,
    message: Option<MessageIdV1>,
    forwarded: bool,
}

impl ContextV1 {
    fn new(context: &ReplyContext) -> Self {
        let ReplyContext {
            provider_message_id,
            message,
            forwarded,
        } = context;
        Self {
            provider_message_id: provider_message_id.clone(),
            message: message.map(MessageIdV1::from),
            forwarded: *forwarded,
        }
    }

    fn into_context(self) -> ReplyContext {
        ReplyContext {
            provider_message_id: self.provider_message_id,
            message: self.message.map(MessageId::from),
            forwarded: self.forwarded,
        }
    }
}

/// Why a message failed. Also stands in dead letters and early statuses.
#[derive(Encode, Decode)]
pub(super) struct ErrorV1 {
    code: String,
    title: String,
    detail: String,
    advice: String,
}

impl ErrorV1 {
    pub(super) fn new(error: &MessageError) -> Self {
        let MessageError {
            code,
            title,
            detail,
            advice,
        } = error.clone();
        Self {
            code,
            title,
            detail,
            advice,
        }
    }

    pub(super) fn into_error(self) -> MessageError {
        let Self {
            code,
            title,
            detail,
            advice,
        } = self;
        MessageError {
            code,
            title,
            detail,
            advice,
        }
    }
}

/// Price information; how many parts are charged stands beside it. Also stands in early statuses: providers that tell a
/// price there charge the message as a whole.
#[derive(Encode, Decode)]
pub(super) struct PricingV1 {
    category: WordV1,
    kind: WordV1,
    model: WordV1,
    billable: Option<bool>,
}

impl PricingV1 {
    pub(super) fn new(pricing: &Pricing) -> Self {
        let Pricing {
            category,
            kind,
            model,
            billable,
            units: _,
        } = pricing;
        Self {
            category: WordV1::new(category),
            kind: WordV1::new(kind),
            model: WordV1::new(model),
            billable: *billable,
        }
    }

    pub(super) fn into_pricing(self, name: &'static str) -> Result<Pricing, StorageError> {
        Ok(Pricing {
            category: self.category.into_string(name, "pricing category")?,
            kind: self.kind.into_string(name, "pricing kind")?,
            model: self.model.into_string(name, "pricing model")?,
            billable: self.billable,
            units: 1,
        })
    }
}
