//! What customers write: every inbound kind of the contract, and its way into a webhook.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};

use super::accounts::Number;
use super::customers::{Customer, Direction, EntryState, ReadPolicy, TranscriptEntry};
use super::graph::media::Upload;
use super::payload::{self, Status, StatusHead, Tariff};
use super::state::{PhoneChange, Shared};
use super::wamid::Author;
use super::webhooks::{self, Update};
use super::{SandboxError, send};

/// Bytes of a customer's message as JSON.
const MAX_MESSAGE: usize = 256 << 10;

/// A message that a customer writes. The constructors cover the contract's kinds; [`CustomerMessage::other`] makes any
/// further one, also such as no provider has yet.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerMessage {
    kind: String,
    /// Under the type's name; `None` for kinds without content.
    content: Option<Value>,
    /// Further fields beside it (`errors`, `context`, `referral`, `identity`, `origin`).
    beside: Map<String, Value>,
    media: Option<Upload>,
}

impl CustomerMessage {
    /// Any kind: `content` stands under the type's name.
    #[must_use]
    pub fn other(kind: &str, content: Value) -> Self {
        Self {
            kind: kind.to_owned(),
            content: Some(content),
            beside: Map::new(),
            media: None,
        }
    }

    fn bare(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            content: None,
            beside: Map::new(),
            media: None,
        }
    }

    #[must_use]
    pub fn text(body: &str) -> Self {
        Self::other("text", json!({"body": body}))
    }

    /// `kind` is `image`, `video`, `audio`, `document` or `sticker`; the bytes can then be fetched by the media API.
    #[must_use]
    pub fn media(kind: &str, upload: Upload) -> Self {
        Self {
            media: Some(upload),
            ..Self::other(kind, json!({}))
        }
    }

    /// Adds fields to the content: `caption`, `voice`, `animated`, ….
    #[must_use]
    pub fn content_field(mut self, name: &str, value: Value) -> Self {
        if let Some(Value::Object(content)) = &mut self.content {
            content.insert(name.to_owned(), value);
        }
        self
    }

    #[must_use]
    pub fn location(latitude: f64, longitude: f64) -> Self {
        Self::other(
            "location",
            json!({"latitude": latitude, "longitude": longitude}),
        )
    }

    /// A list of contact cards, as in the contract.
    #[must_use]
    pub fn contacts(contacts: Value) -> Self {
        Self::other("contacts", contacts)
    }

    /// Reacts to a message; `None` takes the reaction back.
    #[must_use]
    pub fn reaction(message_id: &str, emoji: Option<&str>) -> Self {
        let mut content = json!({"message_id": message_id});
        if let Some(emoji) = emoji {
            content["emoji"] = emoji.into();
        }
        Self::other("reaction", content)
    }

    /// A tap on a reply button of the interactive message `of`.
    #[must_use]
    pub fn button_reply(of: &str, id: &str, title: &str) -> Self {
        let reply = json!({"type": "button_reply", "button_reply": {"id": id, "title": title}});
        Self::other("interactive", reply).replying_to(of)
    }

    /// A choice in the list message `of`.
    #[must_use]
    pub fn list_reply(of: &str, id: &str, title: &str, description: Option<&str>) -> Self {
        let mut row = json!({"id": id, "title": title});
        if let Some(description) = description {
            row["description"] = description.into();
        }
        Self::other(
            "interactive",
            json!({"type": "list_reply", "list_reply": row}),
        )
        .replying_to(of)
    }

    /// A filled-in flow or address form; `response` travels as a string of JSON.
    #[must_use]
    pub fn form_reply(of: &str, name: &str, body: &str, response: &Value) -> Self {
        let reply = json!({"name": name, "body": body, "response_json": response.to_string()});
        Self::other(
            "interactive",
            json!({"type": "nfm_reply", "nfm_reply": reply}),
        )
        .replying_to(of)
    }

    /// A tap on a quick reply of the template message `of`.
    #[must_use]
    pub fn template_button(of: &str, payload: &str, text: &str) -> Self {
        Self::other("button", json!({"payload": payload, "text": text})).replying_to(of)
    }

    /// A cart; `items` as in the contract's `product_items`.
    #[must_use]
    pub fn order(catalog_id: &str, text: &str, items: Value) -> Self {
        Self::other(
            "order",
            json!({"catalog_id": catalog_id, "text": text, "product_items": items}),
        )
    }

    #[must_use]
    pub fn request_welcome() -> Self {
        Self::bare("request_welcome")
    }

    /// `{"type": "user_changed_number", "body": …, "wa_id": …}` and the like.
    #[must_use]
    pub fn system(content: Value) -> Self {
        Self::other("system", content)
    }

    /// The customer edits an earlier message.
    #[must_use]
    pub fn edit(original: &str, kind: &str, content: Value) -> Self {
        let mut message = json!({"context": {"id": "M0"}, "type": kind});
        message[kind] = content;
        Self::other(
            "edit",
            json!({"original_message_id": original, "message": message}),
        )
    }

    /// The customer deletes an earlier message.
    #[must_use]
    pub fn revoke(original: &str) -> Self {
        Self::other("revoke", json!({"original_message_id": original}))
    }

    /// A kind that the provider does not pass on (131051), with the name of the kind where it is told.
    #[must_use]
    pub fn unsupported(kind: Option<&str>) -> Self {
        let mut message = Self::bare("unsupported").beside(
            "errors",
            json!([{
                "code": 131_051,
                "title": "Message type unknown",
                "message": "Message type unknown",
                "error_data": {"details": "Message type is currently not supported."},
            }]),
        );
        message.content = kind.map(|kind| json!({"type": kind}));
        message
    }

    /// Quotes a message.
    #[must_use]
    pub fn replying_to(self, message_id: &str) -> Self {
        self.beside("context", json!({"id": message_id}))
    }

    #[must_use]
    pub fn forwarded(self, often: bool) -> Self {
        let context = if often {
            json!({"frequently_forwarded": true})
        } else {
            json!({"forwarded": true})
        };
        self.beside("context", context)
    }

    /// Came from an ad: opens a free entry point.
    #[must_use]
    pub fn from_ad(self, referral: Value) -> Self {
        self.beside("referral", referral)
    }

    /// Any field beside the content.
    #[must_use]
    pub fn beside(mut self, name: &str, value: Value) -> Self {
        self.beside.insert(name.to_owned(), value);
        self
    }

    /// Reads `{"type": "text", "text": {…}, "context": {…}, …}` as webhooks carry it; `id`, `from` and `timestamp`
    /// are the simulator's and are ignored.
    ///
    /// # Errors
    /// Names what is wrong: no object, no type, too large.
    pub fn from_json(value: Value) -> Result<Self, SandboxError> {
        let Value::Object(mut fields) = value else {
            return Err(SandboxError::Invalid(
                "message must be an object".to_owned(),
            ));
        };
        let kind = match fields.remove("type") {
            Some(Value::String(kind)) if (1..=64).contains(&kind.len()) => kind,
            _ => {
                return Err(SandboxError::Invalid(
                    "message.type must be a text of 1 to 64 bytes".to_owned(),
                ));
            }
        };
        for own in ["id", "from", "from_user_id", "timestamp"] {
            fields.remove(own);
        }
        let content = fields.remove(&kind);
        Ok(Self {
            kind,
            content,
            beside: fields,
            media: None,
        })
    }
}

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
    let entry = TranscriptEntry {
        id: id.clone(),
        direction: Direction::FromCustomer,
        kind: message.kind.clone(),
        content: content.clone().unwrap_or(Value::Null),
        context_id: message
            .beside
            .get("context")
            .and_then(|context| context["id"].as_str())
            .map(str::to_owned),
        at_ms: now_ms,
        state: EntryState::Accepted,
        error: None,
        biz_opaque_callback_data: None,
    };
    let referral = message.beside.contains_key("referral");
    let profile = shared
        .customers
        .with(&key, |record| {
            let thread = record.thread(phone_number_id);
            thread.last_inbound_ms = Some(now_ms);
            if referral {
                thread.referral_ms = Some(now_ms);
            }
            thread.push(entry.clone(), shared.customers.transcript_limit);
            record.profile.clone()
        })
        .ok_or(SandboxError::Full("customers"))?;
    shared
        .counters
        .customer_messages
        .fetch_add(1, Ordering::Relaxed);
    shared.announce(phone_number_id, &key, PhoneChange::Message { entry });
    let wire = wire(shared, &number, &profile, &message, content, &id, now_ms);
    // A classic system message comes without contacts.
    let classic = message.kind == "system"
        && message
            .content
            .as_ref()
            .is_some_and(|c| c["type"] == "user_changed_number");
    let contact = (!classic).then(|| payload::contact(&profile, &shared.config.webhooks));
    webhooks::enqueue(
        shared,
        &number,
        &key,
        Update::Message(Arc::new(wire), contact),
    );
    Ok(id)
}

/// The directory key of somebody whose ids have the provider's form.
pub(crate) fn checked_key(customer: &Customer) -> Result<&str, SandboxError> {
    let digits =
        |id: &str| (5..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
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
    let size = content
        .as_ref()
        .map_or(0, |content| content.to_string().len())
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

/// The customer reads everything that has been delivered; returns how many messages turned read.
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
    let found = shared.customers.with(&key, |record| {
        let silent = record
            .behaviour
            .as_ref()
            .unwrap_or(&shared.config.default_behaviour)
            .read
            == ReadPolicy::Never;
        let unread: Vec<_> = record
            .thread(phone_number_id)
            .entries()
            .filter(|entry| {
                entry.direction == Direction::FromBusiness && entry.state == EntryState::Delivered
            })
            .map(|entry| (entry.id.clone(), entry.biz_opaque_callback_data.clone()))
            .collect();
        (
            record.profile.clone(),
            if silent { Vec::new() } else { unread },
        )
    });
    let (profile, unread) = found.ok_or(SandboxError::UnknownCustomer)?;
    for (wamid, callback) in &unread {
        emit_read(shared, &number, &key, &profile, wamid, callback.clone());
    }
    Ok(unread.len())
}

fn emit_read(
    shared: &Arc<Shared>,
    number: &Arc<Number>,
    key: &str,
    profile: &Customer,
    wamid: &str,
    callback: Option<String>,
) {
    let head = StatusHead {
        wamid: wamid.to_owned(),
        recipient_id: profile.wa_id.clone(),
        group: false,
        user_id: profile.user_id.clone(),
        callback,
        // `read` carries no price.
        tariff: Tariff::Service,
    };
    let contact = shared
        .config
        .webhooks
        .status_contacts
        .then(|| payload::contact(profile, &shared.config.webhooks));
    send::emit(shared, number, key, contact, &head, Status::Read, None);
}

/// The business marks a message, and all before it, as read; perhaps it starts to type.
pub(crate) fn marked_read(shared: &Arc<Shared>, number: &Number, message_id: &str, typing: bool) {
    let phone_number_id = &number.config.phone_number_id;
    shared.counters.read_marks.fetch_add(1, Ordering::Relaxed);
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
        shared.counters.typing_marks.fetch_add(1, Ordering::Relaxed);
        shared.announce(phone_number_id, &key, PhoneChange::Typing);
    }
}
