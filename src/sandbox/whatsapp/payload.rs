//! The JSON that webhooks carry: value heads, contacts, statuses, prices.

use serde_json::{Value, json};

use super::accounts::Number;
use super::config::WebhookConfig;
use super::customers::Customer;
use super::errors::GraphError;

/// `messaging_product` and `metadata` of a message-type change.
pub(crate) fn value_head(number: &Number) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": number.digits,
            "phone_number_id": number.config.phone_number_id,
        },
    })
}

/// An entry of `contacts[]`.
pub(crate) fn contact(customer: &Customer, config: &WebhookConfig) -> Value {
    let mut profile = json!({"name": customer.name});
    if let Some(username) = &customer.username {
        profile["username"] = username.as_str().into();
    }
    let mut contact = json!({"profile": profile});
    if let Some(phone) = customer.visible_phone() {
        contact["wa_id"] = phone.into();
    }
    if config.user_ids {
        if let Some(user_id) = &customer.user_id {
            contact["user_id"] = user_id.as_str().into();
        }
        if let Some(parent) = &customer.parent_user_id {
            contact["parent_user_id"] = parent.as_str().into();
        }
    }
    if let Some(hash) = &customer.identity_key_hash {
        contact["identity_key_hash"] = hash.as_str().into();
    }
    contact
}

/// What a message costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tariff {
    /// Free-form inside the window.
    Service,
    /// A template of this category; utility is free inside the window.
    Template { category: Category, in_window: bool },
    /// Within 72 h after an ad.
    FreeEntry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    Marketing,
    Utility,
    Authentication,
}

impl Category {
    pub(crate) fn of(name: &str) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "AUTHENTICATION" => Self::Authentication,
            "UTILITY" => Self::Utility,
            _ => Self::Marketing,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Utility => "utility",
            Self::Authentication => "authentication",
        }
    }
}

impl Tariff {
    fn parts(self) -> (bool, &'static str, &'static str) {
        match self {
            Self::Service => (false, "free_customer_service", "service"),
            Self::FreeEntry => (false, "free_entry_point", "referral_conversion"),
            Self::Template {
                category: Category::Utility,
                in_window: true,
            } => (false, "free_customer_service", "utility"),
            Self::Template { category, .. } => (true, "regular", category.name()),
        }
    }

    /// The `pricing` object (per-message prices since July 2025).
    pub(crate) fn pricing(self) -> Value {
        let (billable, kind, category) = self.parts();
        json!({"billable": billable, "pricing_model": "PMP", "type": kind, "category": category})
    }

    /// The `conversation` object: always within a free entry point, otherwise only in versions before v24.
    pub(crate) fn conversation(self, id: &str, expires_secs: i64) -> Value {
        json!({
            "id": id,
            "expiration_timestamp": expires_secs.to_string(),
            "origin": {"type": self.parts().2},
        })
    }
}

/// What all statuses of one message share.
#[derive(Debug, Clone)]
pub(crate) struct StatusHead {
    pub wamid: String,
    /// Phone, or group id; absent for a message sent to a user id.
    pub recipient_id: Option<String>,
    pub group: bool,
    pub user_id: Option<String>,
    pub callback: Option<String>,
    /// `None`: the price has been told already.
    pub tariff: Option<Tariff>,
}

/// Name of a status on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Sent,
    Delivered,
    Read,
    Played,
    Failed,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
        }
    }
}

/// An entry of `statuses[]`.
pub(crate) fn status(
    head: &StatusHead,
    status: Status,
    now_secs: i64,
    error: Option<&GraphError>,
    config: &WebhookConfig,
) -> Value {
    let mut entry = json!({"id": head.wamid, "status": status.name(), "timestamp": now_secs.to_string()});
    if let Some(recipient) = &head.recipient_id {
        entry["recipient_id"] = recipient.as_str().into();
    }
    if head.group {
        entry["recipient_type"] = "group".into();
    }
    if let Some(user_id) = head.user_id.as_ref().filter(|_| config.user_ids) {
        entry["recipient_user_id"] = user_id.as_str().into();
    }
    if let Some(callback) = &head.callback {
        entry["biz_opaque_callback_data"] = callback.as_str().into();
    }
    if let Some(tariff) = head.tariff {
        if matches!(status, Status::Sent | Status::Delivered) {
            entry["pricing"] = tariff.pricing();
        }
        if status == Status::Sent && (config.conversations || tariff == Tariff::FreeEntry) {
            let tail = head.wamid.bytes().rev().take(16);
            let id: String = tail.map(|byte| format!("{byte:02x}")).collect();
            entry["conversation"] = tariff.conversation(&id, now_secs + 24 * 3_600);
        }
    }
    if let Some(error) = error {
        entry["errors"] = json!([error.in_webhook()]);
    }
    entry
}
