//! What a customer can write: constructors for every inbound kind of the contract, and for kinds yet to come.

use serde_json::{Map, Value, json};

use super::SandboxError;
use super::graph::media::Upload;

/// A message that a customer writes. The constructors cover the contract's kinds; [`CustomerMessage::other`] makes any
/// further one, also such as no provider has yet.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerMessage {
    pub(crate) kind: String,
    /// Under the type's name; `None` for kinds without content.
    pub(crate) content: Option<Value>,
    /// Further fields beside it (`errors`, `context`, `referral`, `identity`, `origin`).
    pub(crate) beside: Map<String, Value>,
    pub(crate) media: Option<Upload>,
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
        Self::other("location", json!({"latitude": latitude, "longitude": longitude}))
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
        Self::other("interactive", json!({"type": "list_reply", "list_reply": row})).replying_to(of)
    }

    /// A filled-in flow or address form; `response` travels as a string of JSON.
    #[must_use]
    pub fn form_reply(of: &str, name: &str, body: &str, response: &Value) -> Self {
        let reply = json!({"name": name, "body": body, "response_json": response.to_string()});
        Self::other("interactive", json!({"type": "nfm_reply", "nfm_reply": reply})).replying_to(of)
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
            return Err(SandboxError::Invalid("message must be an object".to_owned()));
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
