//! The way of a customer's message into a webhook, and reading on both sides.

use std::sync::Arc;

use serde_json::{Value, json};

use super::accounts::Number;
use super::customers::{Customer, Direction, EntryState, TranscriptEntry};
use super::message::CustomerMessage;
use super::payload;
use super::state::{PhoneChange, Shared};
use super::wamid::Author;
use super::webhooks::{self, Update};
use super::{SandboxError, statuses};

/// Bytes of a customer's message as JSON.
const MAX_MESSAGE: usize = 256 << 10;

/// How long the business is shown as typing, unless it writes before (contract: 25 s).
const TYPING_MS: i64 = 25_000;

/// Takes a customer's message in and returns its id.
pub(crate) fn say(
    shared: &Arc<Shared>,
    phone_number_id: &str,
    customer: &Customer,
    message: CustomerMessage,
) -> Result<String, SandboxError> {
    let number = shared
        .accounts
        .number(phone_number_id)
        .ok_or(SandboxError::UnknownNumber)?;
    let key = checked_key(customer)?.to_owned();
    let (message, content) = stored_media(shared, message)?;
    let now_ms = shared.clock.now_ms();
    number.state.lock().throughput.spend(number.rate(), now_ms);
    let known = shared.customers.with(&key, |_| ()).is_some();
    if !known || !customer.name.is_empty() {
        shared
            .customers
            .put(customer)
            .ok_or(SandboxError::Full("customers"))?;
    }
    let id = shared.ids.mint(&key, Author::Customer);
    let entry = entry(&message, content.as_ref(), &id, now_ms);
    let referral = message.beside.contains_key("referral");
    let noted = shared.customers.with(&key, |record| {
        let thread = record.thread(phone_number_id);
        thread.last_inbound_ms = Some(now_ms);
        if referral {
            thread.referral_ms = Some(now_ms);
        }
        thread.push(entry.clone(), shared.customers.transcript_limit);
        record.profile_for(phone_number_id)
    });
    let profile = noted.ok_or(SandboxError::Full("customers"))?;
    shared.counters.customer_messages.add(1);
    shared.announce(phone_number_id, &key, PhoneChange::Message { entry });
    let wire = wire(shared, &number, &profile, &message, content, &id, now_ms);
    // A classic system message comes without contacts.
    let classic = message.kind == "system" && wire["system"]["type"] == "user_changed_number";
    let contact = (!classic).then(|| payload::contact(&profile, &shared.config.webhooks));
    let update = Update::Message(Arc::new(wire), contact);
    if !number.state.lock().blocked.contains(&key) {
        webhooks::enqueue(shared, &number, &key, update);
    }
    Ok(id)
}

fn entry(message: &CustomerMessage, content: Option<&Value>, id: &str, now_ms: i64) -> TranscriptEntry {
    let quoted = message
        .beside
        .get("context")
        .and_then(|context| context["id"].as_str());
    TranscriptEntry {
        id: id.to_owned(),
        direction: Direction::FromCustomer,
        kind: message.kind.clone(),
        content: content.cloned().unwrap_or(Value::Null),
        rendered: None,
        context_id: quoted.map(str::to_owned),
        at_ms: now_ms,
        state: EntryState::Accepted,
        error: None,
        biz_opaque_callback_data: None,
    }
}

/// The directory key of somebody whose ids have the provider's form.
pub(crate) fn checked_key(customer: &Customer) -> Result<&str, SandboxError> {
    let digits = |id: &str| (5..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    if customer.wa_id.as_deref().is_some_and(|id| !digits(id)) {
        return Err(SandboxError::Invalid(
            "customer.wa_id must be 5 to 20 digits".to_owned(),
        ));
    }
    if customer
        .user_id
        .as_deref()
        .is_some_and(|id| !super::validate::is_user_id(id))
    {
        return Err(SandboxError::Invalid(
            "customer.user_id must look like KE.9001".to_owned(),
        ));
    }
    let texts = [
        Some(&customer.name),
        customer.username.as_ref(),
        customer.parent_user_id.as_ref(),
    ];
    if texts.into_iter().flatten().any(|text| text.len() > 512) {
        return Err(SandboxError::Invalid(
            "customer texts may have 512 bytes".to_owned(),
        ));
    }
    customer
        .key()
        .ok_or_else(|| SandboxError::Invalid("customer needs wa_id or user_id".to_owned()))
}

/// Puts a message's file into the media store and completes its content.
fn stored_media(
    shared: &Shared,
    mut message: CustomerMessage,
) -> Result<(CustomerMessage, Option<Value>), SandboxError> {
    let mut content = message.content.clone();
    if let Some(upload) = message.media.take() {
        let filename = upload.filename.clone();
        let stored = shared
            .media
            .put(upload, shared.clock.now_ms())
            .map_err(|_| SandboxError::Full("media"))?;
        let mut object = json!({
            "mime_type": stored.mime, "sha256": stored.sha256_base64, "id": stored.id,
            "url": shared.media.url(&shared.base_url, &stored.id, shared.clock.now_ms()),
        });
        if let (Some(filename), "document") = (filename, message.kind.as_str()) {
            object["filename"] = filename.into();
        }
        if let (Some(Value::Object(given)), Value::Object(object)) = (&content, &mut object) {
            object.extend(given.clone());
        }
        content = Some(object);
    }
    let size = content.as_ref().map_or(0, |content| content.to_string().len())
        + Value::Object(message.beside.clone()).to_string().len();
    if size > MAX_MESSAGE {
        return Err(SandboxError::Invalid(format!(
            "message may have {MAX_MESSAGE} bytes"
        )));
    }
    Ok((message, content))
}

fn wire(
    shared: &Shared,
    number: &Number,
    profile: &Customer,
    message: &CustomerMessage,
    content: Option<Value>,
    id: &str,
    now_ms: i64,
) -> Value {
    let mut wire = Value::Object(message.beside.clone());
    if let Some(Value::Object(context)) = wire.get_mut("context") {
        // The quoted message is the business's unless the caller says otherwise.
        if context.contains_key("id") && !context.contains_key("from") {
            context.insert("from".to_owned(), number.digits.as_str().into());
        }
    }
    if let Some(phone) = profile.visible_phone() {
        wire["from"] = phone.into();
    }
    let tell_user = profile.visible_phone().is_none() || profile.username.is_some();
    if let Some(user_id) = profile
        .user_id
        .as_ref()
        .filter(|_| tell_user && shared.config.webhooks.user_ids)
    {
        wire["from_user_id"] = user_id.as_str().into();
    }
    wire["id"] = id.into();
    wire["timestamp"] = now_ms.div_euclid(1_000).to_string().into();
    wire["type"] = message.kind.as_str().into();
    if let Some(content) = content {
        wire[message.kind.as_str()] = content;
    }
    wire
}

/// The customer opens the chat.
pub(crate) fn read(
    shared: &Arc<Shared>,
    phone_number_id: &str,
    customer: &str,
) -> Result<usize, SandboxError> {
    let number = shared
        .accounts
        .number(phone_number_id)
        .ok_or(SandboxError::UnknownNumber)?;
    let key = shared.customers.resolve(customer);
    shared
        .customers
        .with(&key, |_| ())
        .ok_or(SandboxError::UnknownCustomer)?;
    Ok(statuses::read(shared, &number, &key))
}

/// The business marks a message, and all before it, as read; perhaps it starts to type.
pub(crate) fn marked_read(shared: &Arc<Shared>, number: &Number, message_id: &str, typing: bool) {
    let phone_number_id = &number.config.phone_number_id;
    shared.counters.read_marks.add(1);
    let Some(key) = super::wamid::customer_of(message_id) else {
        return;
    };
    let changed = shared.customers.with(&key, |record| {
        let thread = record.thread(phone_number_id);
        thread.find(message_id)?;
        let mut changed = Vec::new();
        for entry in thread
            .entries()
            .filter(|entry| entry.direction == Direction::FromCustomer)
        {
            if entry.state < EntryState::Read {
                entry.state = EntryState::Read;
                changed.push(entry.id.clone());
            }
            if entry.id == message_id {
                break;
            }
        }
        Some(changed)
    });
    let Some(changed) = changed.flatten() else {
        return;
    };
    for id in changed {
        shared.announce(
            phone_number_id,
            &key,
            PhoneChange::State {
                id,
                state: EntryState::Read,
                error: None,
            },
        );
    }
    if typing {
        shared.customers.with(&key, |record| {
            let until = shared.clock.now_ms().saturating_add(TYPING_MS);
            record.thread(phone_number_id).typing_until_ms = Some(until);
        });
        shared.counters.typing_marks.add(1);
        shared.announce(phone_number_id, &key, PhoneChange::Typing);
    }
}
