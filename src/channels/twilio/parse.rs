//! Webhook bodies into the domain's words.
//!
//! Owns telling messages, status callbacks and everything else apart, and the promise that nothing is lost: what is no
//! message and no status becomes a notice with all its parameters. Must not know who will get the items, nor the time.

use serde_json::{Map, Value, json};

use super::content;
use super::form::Form;
use super::{missed, status};
use crate::channels::payload::made_up_id;
use crate::channels::{Address, Delivery, ParseError};
use crate::domain::Content;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::inbound::{ChannelNotice, Inbound, InboundMessage, Sender};
use crate::domain::sms::segments;

/// Longest id of Twilio's that is kept (ours; theirs have 34 characters).
pub(super) const MAX_ID: usize = 512;
/// Longest name that is kept, in characters.
const MAX_NAME_CHARS: usize = 200;
/// The prefix of WhatsApp addresses.
pub(super) const WHATSAPP: &str = "whatsapp:";

/// Words by which carriers and Twilio take an SMS as the wish to get no more, to get them again, or for help. Source:
/// Twilio's default keywords, with REVOKE and OPTOUT since 2025.
const KEYWORDS: [(&str, &[&str]); 3] = [
    (
        "stop",
        &[
            "STOP",
            "STOPALL",
            "UNSUBSCRIBE",
            "CANCEL",
            "END",
            "QUIT",
            "REVOKE",
            "OPTOUT",
        ],
    ),
    ("start", &["START", "YES", "UNSTOP"]),
    ("help", &["HELP", "INFO"]),
];

/// Parameters that have a place of their own, or that say nothing beside others; all others are kept beside the message.
const PLACED: [&str; 35] = [
    "AccountSid",
    "Address",
    "ApiVersion",
    "Body",
    "ButtonPayload",
    "ButtonText",
    "ChannelMetadata",
    "ExternalUserId",
    "Forwarded",
    "FrequentlyForwarded",
    "From",
    "Label",
    "Latitude",
    "ListDescription",
    "ListId",
    "ListTitle",
    "Longitude",
    "MessageSid",
    "MessageStatus",
    "MessageType",
    "MessagingServiceSid",
    "NumMedia",
    "NumSegments",
    "OptOutType",
    "OriginalRepliedMessageSender",
    "OriginalRepliedMessageSid",
    "ProfileName",
    "ReferralNumMedia",
    "SmsMessageSid",
    "SmsSid",
    "SmsStatus",
    "To",
    "WaId",
    "InteractiveData",
    "FlowData",
];

/// Reads a whole body.
pub(super) fn deliveries(raw: &[u8]) -> Result<Vec<Delivery>, ParseError> {
    let items = match serde_json::from_slice::<Value>(raw) {
        // Event Streams and alerts come as JSON (contract, section 5).
        Ok(value @ (Value::Object(_) | Value::Array(_))) => match missed::read(&value) {
            Some(items) => items,
            None => vec![notice("twilio.json", value)],
        },
        _ => match Form::read(raw) {
            Some(form) => of_form(&form),
            None => return Err(ParseError("neither a form with parameters nor JSON".into())),
        },
    };
    Ok(vec![Delivery {
        address: Address::Posted,
        items,
    }])
}

/// Whether a body can be Twilio's at all.
pub(super) fn is_delivery(raw: &[u8]) -> bool {
    deliveries(raw).is_ok()
}

/// What one form says.
pub(super) fn of_form(form: &Form) -> Vec<Inbound> {
    let Some(id) = message_id(form) else {
        return nameless(form);
    };
    if let Some(word) = status::word(form).filter(|word| !is_said(form, word)) {
        let read = status::read(form, id, word).map(Inbound::Status);
        return vec![read.unwrap_or_else(|| notice("twilio.status", everything(form)))];
    }
    match sender(form) {
        Some(sender) => messages(form, id, &sender),
        None => vec![notice("twilio.message", everything(form))],
    }
}

/// Whether a form is words that somebody sent, although a status stands beside them that nobody knows.
fn is_said(form: &Form, status: &str) -> bool {
    let is_news = status::step(status).is_some() || form.text("MessageStatus").is_some();
    !is_news && form.text("Body").is_some() && form.text("From").is_some()
}

/// A form without any id: words or files that somebody sent, or an event of another sort.
fn nameless(form: &Form) -> Vec<Inbound> {
    let says = |name| form.text(name).is_some();
    let says_something = says("Body") || says("MediaUrl0") || says("Latitude");
    match sender(form).filter(|_| says_something && status::word(form).is_none()) {
        Some(sender) => messages(form, &made_up_id(&everything(form).to_string()), &sender),
        None => vec![notice("twilio.event", everything(form))],
    }
}

fn message_id(form: &Form) -> Option<&str> {
    let names = ["MessageSid", "SmsMessageSid", "SmsSid"];
    names
        .iter()
        .find_map(|name| form.text(name))
        .filter(|id| id.len() <= MAX_ID)
}

fn notice(field: &str, body: Value) -> Inbound {
    Inbound::Notice(ChannelNotice {
        field: field.to_owned(),
        body,
        known: false,
    })
}

fn everything(form: &Form) -> Value {
    let all = form
        .iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Object(all.collect())
}

/// One message, or one for each file after the first: a message of ours holds one file.
fn messages(form: &Form, id: &str, sender: &Sender) -> Vec<Inbound> {
    let contents = content::of_message(form);
    let extra = contents.first().and_then(|content| extra(form, content));
    let one = |(place, content)| {
        Inbound::Message(InboundMessage {
            provider_message_id: match place {
                0 => id.to_owned(),
                place => format!("{id}/{place}"),
            },
            sender: sender.clone(),
            at: None,
            content,
            reply_to: form
                .text("OriginalRepliedMessageSid")
                .filter(|id| id.len() <= MAX_ID)
                .map(str::to_owned),
            forwarded: form.is_true("Forwarded") || form.is_true("FrequentlyForwarded"),
            // Said once: what stands beside the text must not be heeded once for each file.
            extra: extra.clone().filter(|_| place == 0),
        })
    };
    contents.into_iter().enumerate().map(one).collect()
}

/// Whether a form speaks of a WhatsApp address.
pub(super) fn is_whatsapp(form: &Form) -> bool {
    let starts = |name| {
        form.text(name)
            .is_some_and(|value: &str| value.starts_with(WHATSAPP))
    };
    starts("From") || starts("To")
}

/// Who wrote. The number of a customer with a user name may be hidden; then `ExternalUserId` or `From` carries the
/// business-scoped user id (whether with a prefix is unconfirmed, so both are taken).
fn sender(form: &Form) -> Option<Sender> {
    let from = form.text("From")?;
    let mut identities = Vec::new();
    match from.strip_prefix(WHATSAPP) {
        Some(address) => {
            let bare = |name| form.text(name).map(|id| id.strip_prefix(WHATSAPP).unwrap_or(id));
            let user_id = bare("ExternalUserId")
                .and_then(Identity::whatsapp)
                .filter(|identity| identity.kind == IdentityKind::WhatsappUserId);
            let written = Identity::whatsapp(address);
            let by_number = form.text("WaId").and_then(Identity::whatsapp);
            let all = [user_id, written, by_number];
            identities.extend(all.into_iter().flatten().filter(|it| !it.value.is_empty()));
        }
        None => identities.extend(phone(from)),
    }
    identities.sort_by_key(|identity: &Identity| identity.kind != IdentityKind::WhatsappUserId);
    identities.dedup();
    if identities.is_empty() {
        return None;
    }
    let name = form.text("ProfileName");
    Some(Sender {
        identities,
        profile_name: name.map(|name| name.chars().take(MAX_NAME_CHARS).collect()),
    })
}

/// An SMS sender: a number, a short code, or a name of letters.
fn phone(from: &str) -> Option<Identity> {
    let says_something = from.chars().any(char::is_alphanumeric);
    says_something.then(|| Identity::new(IdentityKind::Phone, from))
}

/// Whether some text of the content is these words.
fn shows(content: &Content, words: &str) -> bool {
    fn within(value: &Value, words: &str) -> bool {
        match value {
            Value::String(text) => text.trim() == words,
            Value::Array(list) => list.iter().any(|inner| within(inner, words)),
            Value::Object(fields) => fields.values().any(|inner| within(inner, words)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    within(&content.body, words)
}

/// Everything that has no place of its own, and words that the content does not show.
fn extra(form: &Form, content: &Content) -> Option<Value> {
    let mut extra = Map::new();
    if let Some(keyword) = keyword(form) {
        extra.insert("opt_out".into(), keyword);
    }
    if form.is_true("FrequentlyForwarded") {
        extra.insert("frequently_forwarded".into(), json!(true));
    }
    if let Some(referral) = referral(form) {
        extra.insert("referral".into(), referral);
    }
    if let Some(metadata) = form.text("ChannelMetadata") {
        let read = serde_json::from_str(metadata).unwrap_or_else(|_| json!(metadata));
        extra.insert("channel_metadata".into(), read);
    }
    if !is_whatsapp(form) {
        let told = form
            .text("NumSegments")
            .and_then(|count| count.parse::<u32>().ok());
        let counted =
            || u32::try_from(segments(form.raw("Body").unwrap_or_default()).count).unwrap_or(u32::MAX);
        extra.insert("segments".into(), json!(told.unwrap_or_else(counted)));
    }
    let mut others: Map<String, Value> = form
        .iter()
        .filter(|(name, value)| !value.is_empty() && !has_place(name))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    if let Some(words) = form.text("Body").filter(|words| !shows(content, words)) {
        others.insert("Body".into(), json!(words));
    }
    if !others.is_empty() {
        extra.insert("twilio".into(), Value::Object(others));
    }
    (!extra.is_empty()).then_some(Value::Object(extra))
}

fn has_place(name: &str) -> bool {
    let is_media = ["MediaUrl", "MediaContentType"].iter().any(|start| {
        let number = name.strip_prefix(start).unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    is_media || name.starts_with("Referral") || PLACED.contains(&name)
}

/// Whether the customer asked to get no more, to get messages again, or for help; and whether Twilio has answered already.
/// It does for `OptOutType` and for the usual words by SMS; on WhatsApp it leaves everything to us.
fn keyword(form: &Form) -> Option<Value> {
    let said = match form.text("OptOutType") {
        Some(kind) => KEYWORDS.iter().find(|(name, _)| kind.eq_ignore_ascii_case(name)),
        None if is_whatsapp(form) => None,
        None => {
            let word = form.text("Body")?;
            let is_it = |known: &&str| word.eq_ignore_ascii_case(known);
            KEYWORDS.iter().find(|(_, words)| words.iter().any(&is_it))
        }
    };
    said.map(|(name, _)| json!({"keyword": name, "answered_by_provider": true}))
}

/// The advertisement or post that led here, in WhatsApp's own names.
fn referral(form: &Form) -> Option<Value> {
    const NAMES: [(&str, &str); 9] = [
        ("ReferralSourceUrl", "source_url"),
        ("ReferralSourceType", "source_type"),
        ("ReferralSourceId", "source_id"),
        ("ReferralHeadline", "headline"),
        ("ReferralBody", "body"),
        ("ReferralMediaUrl", "media_url"),
        ("ReferralMediaContentType", "media_type"),
        ("ReferralMediaId", "media_id"),
        ("ReferralCtwaClid", "ctwa_clid"),
    ];
    let fields: Map<String, Value> = NAMES
        .iter()
        .filter_map(|(theirs, ours)| Some(((*ours).to_owned(), json!(form.text(theirs)?))))
        .collect();
    (!fields.is_empty()).then_some(Value::Object(fields))
}
