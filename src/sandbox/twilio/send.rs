//! Sends: what is refused at once, and what is taken.
//!
//! Owns Twilio's rules on a send (contract, sections 1 and 2). What is taken may still fail later, by a callback.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::content::{Approval, Content};
use super::refusal::Refusal;
use super::state::{Account, Sender, Shared, Stored};
use super::statuses::{self, Fate};
use crate::domain::sms::segments;
use crate::sandbox::rate::Rate;
use crate::sandbox::whatsapp::customers::{Customer, Direction, EntryState, TranscriptEntry};

const BODY_MAX: usize = 1600;
/// Files of one message: by MMS, and on WhatsApp.
const MEDIA_MAX: (usize, usize) = (10, 1);
const WHATSAPP: &str = "whatsapp:";

/// The parameters of a send; arrays repeat the key.
pub(crate) struct Fields(pub Vec<(String, String)>);

impl Fields {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    fn all(&self, name: &str) -> Vec<String> {
        let found = self
            .0
            .iter()
            .filter(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.clone()).collect()
    }
}

/// What is said, once checked.
struct Said {
    body: String,
    media: Vec<String>,
    /// As the phone shows it.
    shown: (String, Value),
    rendered: Option<Value>,
    /// It came from a content template, which stands so.
    approval: Option<Approval>,
}

/// Takes a send or refuses it.
pub(crate) fn take(shared: &Arc<Shared>, account_sid: &str, fields: &Fields) -> Result<Stored, Refusal> {
    let to = fields
        .get("To")
        .ok_or_else(|| Refusal::bad(21_604, "A 'To' phone number is required."))?;
    let customer = recipient(to)?;
    let now_ms = shared.clock.now_ms();
    let (sender, said) = {
        let accounts = shared.accounts.lock();
        let account = accounts.get(account_sid).ok_or_else(Refusal::login)?;
        (sender(account, fields, to)?, said(account, fields, to, now_ms)?)
    };
    if sender.stopped.lock().contains(to) && !sender.is_whatsapp() {
        return Err(Refusal::bad(21_610, "Attempt to send to unsubscribed recipient"));
    }
    let fate = fate(shared, &sender, &customer, &said, now_ms);
    let stored = stored(shared, account_sid, fields, &sender, to, &said);
    remember(shared, &sender, &customer, &stored, &said);
    shared.messages.lock().add(stored.clone(), shared.config.messages);
    statuses::begin(shared, &sender, stored.sid.clone(), customer, fate);
    Ok(stored)
}

/// The digits (or user id) under which the recipient is filed.
fn recipient(to: &str) -> Result<String, Refusal> {
    let bare = to.strip_prefix(WHATSAPP).unwrap_or(to);
    let digits = bare.strip_prefix('+').unwrap_or_default();
    let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_user = bare.len() < to.len() && bare.contains('.') && bare.len() <= 160;
    match (is_number, is_user) {
        (true, _) => Ok(digits.to_owned()),
        (false, true) => Ok(bare.to_owned()),
        (false, false) => Err(Refusal::bad(21_211, format!("Invalid 'To' Phone Number: {to}"))),
    }
}

fn sender(account: &Account, fields: &Fields, to: &str) -> Result<Arc<Sender>, Refusal> {
    let whatsapp = to.starts_with(WHATSAPP);
    if let Some(from) = fields.get("From") {
        if from.starts_with(WHATSAPP) != whatsapp {
            let what = "Invalid From and To pair. From and To should be of the same channel";
            return Err(Refusal::bad(21_910, what));
        }
        return account.senders.get(from).cloned().ok_or_else(|| match whatsapp {
            true => Refusal::bad(63_007, "Twilio could not find a Channel with the specified From address"),
            false => Refusal::bad(
                21_606,
                format!("The 'From' phone number {from} is not a valid, message-capable Twilio phone number for this destination"),
            ),
        });
    }
    let service = fields
        .get("MessagingServiceSid")
        .ok_or_else(|| Refusal::bad(21_603, "A 'From' phone number is required."))?;
    let found = account.of_service(service, whatsapp).cloned();
    found.ok_or_else(|| {
        Refusal::bad(
            21_703,
            "The Messaging Service does not have a phone number available",
        )
    })
}

fn said(account: &Account, fields: &Fields, to: &str, now_ms: i64) -> Result<Said, Refusal> {
    if let Some(sid) = fields.get("ContentSid") {
        let content = account.contents.get(sid);
        let content = content.ok_or_else(|| Refusal::bad(21_655, "The ContentSid is Invalid"))?;
        return of_content(content, fields, now_ms);
    }
    let (body, media) = (
        fields.get("Body").unwrap_or_default().to_owned(),
        fields.all("MediaUrl"),
    );
    if body.is_empty() && media.is_empty() {
        return Err(Refusal::bad(21_602, "Message body is required."));
    }
    if body.chars().count() > BODY_MAX {
        let what = "The concatenated message body exceeds the 1600 character limit";
        return Err(Refusal::bad(21_617, what));
    }
    let most = if to.starts_with(WHATSAPP) {
        MEDIA_MAX.1
    } else {
        MEDIA_MAX.0
    };
    if media.len() > most {
        return Err(Refusal::bad(
            21_623,
            "Number of media files exceeds allowed limit",
        ));
    }
    let is_web =
        |url: &String| reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !media.iter().all(is_web) {
        return Err(Refusal::bad(21_620, "Invalid media URL(s)"));
    }
    let place = fields.get("PersistentAction").and_then(place);
    let shown = match (media.first(), place) {
        (Some(url), _) => file(url, &body),
        (None, Some(mut place)) => {
            place["name"] = json!(body);
            ("location".to_owned(), place)
        }
        (None, None) => ("text".to_owned(), json!({"body": body})),
    };
    Ok(Said {
        body,
        media,
        shown,
        rendered: None,
        approval: None,
    })
}

/// `geo:lat,lng|label`.
fn place(action: &str) -> Option<Value> {
    let (point, label) = match action.strip_prefix("geo:")?.split_once('|') {
        Some((point, label)) => (point, Some(label)),
        None => (action.strip_prefix("geo:")?, None),
    };
    let (latitude, longitude) = point.split_once(',')?;
    let (latitude, longitude): (f64, f64) = (latitude.parse().ok()?, longitude.parse().ok()?);
    let mut place = json!({"latitude": latitude, "longitude": longitude});
    if let Some(label) = label {
        place["address"] = json!(label);
    }
    Some(place)
}

fn file(url: &str, words: &str) -> (String, Value) {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let ending = path
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    let kind = match ending.as_str() {
        "jpg" | "jpeg" | "png" | "gif" => "image",
        "webp" => "sticker",
        "mp4" | "3gp" => "video",
        "ogg" | "mp3" | "amr" | "aac" | "m4a" | "opus" => "audio",
        _ => "document",
    };
    let mut body = json!({"link": url});
    if !words.is_empty() {
        body["caption"] = json!(words);
    }
    (kind.to_owned(), body)
}

fn of_content(content: &Content, fields: &Fields, now_ms: i64) -> Result<Said, Refusal> {
    let bad = || Refusal::bad(21_656, "The Content Variables parameter is invalid.");
    let given: BTreeMap<String, Value> = match fields.get("ContentVariables") {
        Some(text) => serde_json::from_str(text).map_err(|_| bad())?,
        None => BTreeMap::new(),
    };
    if given.values().any(|value| !value.is_string()) {
        return Err(bad());
    }
    let body = content.render(&given);
    if content.has_gap(&given) {
        return Err(bad());
    }
    if content.has_too_many_buttons() {
        return Err(Refusal::bad(63_021, "Channel invalid content error"));
    }
    Ok(Said {
        media: Vec::new(),
        shown: content.shown(&given),
        rendered: Some(json!({"body": body})),
        approval: Some(content.approval(now_ms)),
        body,
    })
}

fn fate(shared: &Shared, sender: &Sender, customer: &str, said: &Said, now_ms: i64) -> Fate {
    let mut faults = sender.faults.lock();
    let asked = faults
        .failures
        .iter_mut()
        .find_map(|fault| fault.often.strikes(&shared.rng).then_some(fault.code));
    drop(faults);
    if let Some(code) = asked {
        return Fate::Undelivered(code);
    }
    if !sender.is_whatsapp() {
        return Fate::Good;
    }
    let rate = Rate {
        burst: sender.config.rate_per_s.max(1),
        interval_us: 1_000_000 / u64::from(sender.config.rate_per_s.max(1)),
    };
    if !sender.bucket.lock().take(rate, now_ms) {
        return Fate::Undelivered(63_018);
    }
    let line = sender.line();
    let open = shared
        .customers
        .with(customer, |record| record.thread(&line).window_open(now_ms));
    match (open.unwrap_or(false), said.approval) {
        (true, Some(Approval::Paused)) | (false, Some(Approval::Paused)) => Fate::Failed(63_041),
        (_, Some(Approval::Disabled)) => Fate::Failed(63_042),
        (true, _) | (false, Some(Approval::Approved)) => Fate::Good,
        (false, _) => Fate::Failed(63_016),
    }
}

fn stored(shared: &Shared, account: &str, fields: &Fields, sender: &Sender, to: &str, said: &Said) -> Stored {
    let now_ms = shared.clock.now_ms();
    let service = fields.get("MessagingServiceSid").map(str::to_owned);
    Stored {
        sid: shared.sid(if said.media.is_empty() { "SM" } else { "MM" }),
        account: account.to_owned(),
        // A service chooses its sender later.
        from: service.is_none().then(|| sender.config.address.clone()),
        to: to.to_owned(),
        body: said.body.clone(),
        status: if service.is_some() { "accepted" } else { "queued" },
        service,
        error: None,
        created_ms: now_ms,
        updated_ms: now_ms,
        sent_ms: None,
        media: said.media.clone(),
        segments: segments(&said.body).count,
        inbound: false,
        callback: fields.get("StatusCallback").map(str::to_owned),
        shown: said.shown.clone(),
    }
}

fn remember(shared: &Shared, sender: &Sender, customer: &str, message: &Stored, said: &Said) {
    let entry = TranscriptEntry {
        id: message.sid.clone(),
        direction: Direction::FromBusiness,
        kind: message.shown.0.clone(),
        content: message.shown.1.clone(),
        rendered: said.rendered.clone(),
        context_id: None,
        at_ms: message.created_ms,
        state: EntryState::Accepted,
        error: None,
        biz_opaque_callback_data: None,
    };
    let (line, limit) = (sender.line(), shared.customers.transcript_limit);
    // A full directory leaves no transcript; the message goes its way all the same.
    let _ = shared.customers.with_or_new(
        customer,
        || Customer::new(customer, ""),
        |record| record.thread(&line).push(entry, limit),
    );
}
