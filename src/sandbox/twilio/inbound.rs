//! The way of a customer's message into a webhook.

use std::sync::Arc;

use serde_json::{Value, json};

use super::state::{Sender, Shared, Stored};
use super::webhooks;
use crate::domain::sms::segments;
use crate::sandbox::whatsapp::customers::{Customer, Direction, EntryState, TranscriptEntry};
use crate::sandbox::whatsapp::{CustomerMessage, SandboxError, Upload};

/// Words that Twilio itself heeds by SMS, and what it answers.
const KEYWORDS: [(&str, &[&str], &str); 3] = [
    (
        "STOP",
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
        "You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to \
         resubscribe.",
    ),
    (
        "START",
        &["START", "YES", "UNSTOP"],
        "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to \
         unsubscribe.",
    ),
    (
        "HELP",
        &["HELP", "INFO"],
        "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    ),
];

/// Takes a customer's message in and returns its SID.
pub(crate) fn say(
    shared: &Arc<Shared>,
    line: &str,
    customer: &Customer,
    message: CustomerMessage,
) -> Result<String, SandboxError> {
    let sender = shared.sender(line).ok_or(SandboxError::UnknownNumber)?;
    let key = checked_key(customer)?;
    let CustomerMessage {
        kind,
        content,
        beside,
        media,
    } = message;
    let mut content = content.unwrap_or_else(|| json!({}));
    if !sender.is_whatsapp() && !matches!(kind.as_str(), "text" | "image" | "video" | "audio" | "document") {
        return Err(SandboxError::Invalid(
            "SMS carries only texts and files".to_owned(),
        ));
    }
    let sid = shared.sid(if media.is_some() { "MM" } else { "SM" });
    let file = media.map(|upload| store_file(shared, &sender, &sid, upload));
    if let (Some((url, mime)), Value::Object(fields)) = (&file, &mut content) {
        fields.insert("url".into(), json!(url));
        fields.insert("mime_type".into(), json!(mime));
    }
    let reply_to = beside
        .get("context")
        .and_then(|it| it["id"].as_str())
        .map(str::to_owned);
    let body = words(&kind, &content);
    let form = form(
        &sender,
        customer,
        (&sid, &kind, &content),
        &body,
        file.as_ref(),
        reply_to.as_deref(),
    );
    remember(
        shared,
        &sender,
        customer,
        key,
        entry(&sid, &kind, content.clone(), reply_to, shared.clock.now_ms()),
    )?;
    let place = file.as_ref().and_then(|(url, _)| url.rsplit_once('/'));
    let stored = place.map(|(_, file)| file.to_owned());
    record(shared, &sender, customer, (&sid, &body, stored), (kind, content));
    let form = heed(shared, &sender, customer, &body, form);
    post(shared, &sender, form);
    Ok(sid)
}

/// The key of a customer with a number: nobody else has a phone here.
pub(crate) fn checked_key(customer: &Customer) -> Result<&str, SandboxError> {
    let key = customer.wa_id.as_deref().unwrap_or_default();
    match (5..=15).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(key),
        false => Err(SandboxError::Invalid(
            "a customer needs a number of 5 to 15 digits".to_owned(),
        )),
    }
}

/// A customer's address on a sender's channel.
fn address(sender: &Sender, customer: &Customer) -> String {
    let prefix = if sender.is_whatsapp() { "whatsapp:" } else { "" };
    format!("{prefix}+{}", customer.wa_id.as_deref().unwrap_or_default())
}

fn store_file(shared: &Shared, sender: &Sender, sid: &str, upload: Upload) -> (String, String) {
    let file = shared.sid("ME");
    let mime = upload.mime.clone();
    let url = format!(
        "{}/2010-04-01/Accounts/{}/Messages/{sid}/Media/{file}",
        shared.base_url, sender.config.account_sid
    );
    shared.files.lock().add(file, upload);
    (url, mime)
}

fn words(kind: &str, content: &Value) -> String {
    let text = |pointer: &str| content.pointer(pointer).and_then(Value::as_str);
    let found = match kind {
        "text" => text("/body"),
        "button" => text("/text"),
        "interactive" => text("/list_reply/title").or_else(|| text("/button_reply/title")),
        "document" => text("/caption").or_else(|| text("/filename")),
        _ => text("/caption"),
    };
    found.unwrap_or_default().to_owned()
}

fn entry(sid: &str, kind: &str, content: Value, reply_to: Option<String>, at_ms: i64) -> TranscriptEntry {
    TranscriptEntry {
        id: sid.to_owned(),
        direction: Direction::FromCustomer,
        kind: kind.to_owned(),
        content,
        rendered: None,
        context_id: reply_to,
        at_ms,
        state: EntryState::Accepted,
        error: None,
        biz_opaque_callback_data: None,
    }
}

fn remember(
    shared: &Shared,
    sender: &Sender,
    customer: &Customer,
    key: &str,
    entry: TranscriptEntry,
) -> Result<(), SandboxError> {
    let line = sender.line();
    let limit = shared.customers.transcript_limit;
    let at_ms = entry.at_ms;
    let noted = shared.customers.with_or_new(
        key,
        || Customer::new(key, ""),
        |record| {
            let thread = record.thread(&line);
            if !customer.name.is_empty() {
                thread.name = Some(customer.name.clone());
            }
            thread.last_inbound_ms = Some(at_ms);
            thread.push(entry, limit);
        },
    );
    noted.ok_or(SandboxError::Full("customers"))
}

fn record(
    shared: &Shared,
    sender: &Sender,
    customer: &Customer,
    (sid, body, file): (&str, &str, Option<String>),
    shown: (String, Value),
) {
    let now_ms = shared.clock.now_ms();
    let message = Stored {
        sid: sid.to_owned(),
        account: sender.config.account_sid.clone(),
        from: Some(address(sender, customer)),
        to: sender.config.address.clone(),
        body: body.to_owned(),
        service: sender.config.service_sid.clone(),
        status: "received",
        error: None,
        created_ms: now_ms,
        updated_ms: now_ms,
        sent_ms: Some(now_ms),
        media: file.into_iter().collect(),
        segments: segments(body).count,
        inbound: true,
        callback: None,
        shown,
    };
    shared.messages.lock().add(message, shared.config.messages);
}

fn form(
    sender: &Sender,
    customer: &Customer,
    (sid, kind, content): (&str, &str, &Value),
    body: &str,
    file: Option<&(String, String)>,
    reply_to: Option<&str>,
) -> Vec<(String, String)> {
    let mut form: Vec<(&str, String)> = vec![
        ("SmsMessageSid", sid.to_owned()),
        ("NumMedia", usize::from(file.is_some()).to_string()),
        ("SmsSid", sid.to_owned()),
        ("SmsStatus", "received".to_owned()),
        ("Body", body.to_owned()),
        ("To", sender.config.address.clone()),
        ("NumSegments", segments(body).count.to_string()),
        ("MessageSid", sid.to_owned()),
        ("AccountSid", sender.config.account_sid.clone()),
        ("From", address(sender, customer)),
        ("ApiVersion", "2010-04-01".to_owned()),
    ];
    if let Some((url, mime)) = file {
        form.extend([("MediaUrl0", url.clone()), ("MediaContentType0", mime.clone())]);
    }
    if let Some(service) = &sender.config.service_sid {
        form.push(("MessagingServiceSid", service.clone()));
    }
    match sender.is_whatsapp() {
        true => whatsapp_fields(&mut form, sender, customer, kind, content, reply_to),
        false => form.extend([
            ("ToCountry", "US".to_owned()),
            ("FromCountry", "US".to_owned()),
            ("FromCity", String::new()),
        ]),
    }
    form.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn whatsapp_fields(
    form: &mut Vec<(&str, String)>,
    sender: &Sender,
    customer: &Customer,
    kind: &str,
    content: &Value,
    reply_to: Option<&str>,
) {
    let text = |pointer: &str| match content.pointer(pointer) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    form.push(("ProfileName", customer.name.clone()));
    form.push(("WaId", customer.wa_id.clone().unwrap_or_default()));
    form.push(("MessageType", kind.to_owned()));
    form.push(("ReferralNumMedia", "0".to_owned()));
    let fields = [
        ("Latitude", "/latitude"),
        ("Longitude", "/longitude"),
        ("Address", "/address"),
        ("Label", "/name"),
        (
            "ButtonText",
            if kind == "button" {
                "/text"
            } else {
                "/button_reply/title"
            },
        ),
        (
            "ButtonPayload",
            if kind == "button" {
                "/payload"
            } else {
                "/button_reply/id"
            },
        ),
        ("ListTitle", "/list_reply/title"),
        ("ListId", "/list_reply/id"),
    ];
    form.extend(
        fields
            .into_iter()
            .filter_map(|(name, pointer)| Some((name, text(pointer)?))),
    );
    if let Some(sid) = reply_to {
        form.push(("OriginalRepliedMessageSender", sender.config.address.clone()));
        form.push(("OriginalRepliedMessageSid", sid.to_owned()));
    }
}

/// By SMS, Twilio heeds its words itself: it notes the wish and answers.
fn heed(
    shared: &Arc<Shared>,
    sender: &Arc<Sender>,
    customer: &Customer,
    body: &str,
    mut form: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let word = body.trim();
    let said = KEYWORDS
        .iter()
        .find(|(_, words, _)| words.iter().any(|known| word.eq_ignore_ascii_case(known)));
    let Some((kind, _, answer)) = said.filter(|_| !sender.is_whatsapp()) else {
        return form;
    };
    let who = address(sender, customer);
    let changed = match *kind {
        "STOP" => sender.stopped.lock().insert(who),
        "START" => sender.stopped.lock().remove(&who),
        _ => true,
    };
    if changed {
        let sid = shared.sid("SM");
        let mut reply = entry(&sid, "text", json!({"body": answer}), None, shared.clock.now_ms());
        (reply.direction, reply.state) = (Direction::FromBusiness, EntryState::Delivered);
        let line = sender.line();
        let key = customer.wa_id.clone().unwrap_or_default();
        let limit = shared.customers.transcript_limit;
        shared
            .customers
            .with(&key, |record| record.thread(&line).push(reply, limit));
    }
    // Only Advanced Opt-Out, a feature of messaging services, tells of it.
    if sender.config.service_sid.is_some() {
        form.push(("OptOutType".to_owned(), (*kind).to_owned()));
    }
    form
}

fn post(shared: &Arc<Shared>, sender: &Arc<Sender>, form: Vec<(String, String)>) {
    let Some(url) = sender.webhook_url.lock().clone() else {
        return;
    };
    let duplicates = sender.faults.lock().duplicate_webhooks;
    let times = if duplicates > 0.0 && shared.rng.chance(duplicates) {
        2
    } else {
        1
    };
    let (shared, account) = (Arc::clone(shared), sender.config.account_sid.clone());
    tokio::spawn(async move {
        for _ in 0..times {
            webhooks::post(&shared, &account, &url, form.clone()).await;
        }
    });
}
