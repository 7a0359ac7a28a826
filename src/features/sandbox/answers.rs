//! What a customer can only say about a message that is there: tapped buttons and rows, forms, edits, deletions.
//!
//! Owns the checks of the simulated phone, so that nothing is played which no phone could do.

use serde_json::Value;

use crate::channels::FieldError;
use crate::sandbox::{Direction, TranscriptEntry};

type Checked = Result<(), FieldError>;

/// An answer to an interactive message: it quotes the message, and the option stands in it.
pub(super) fn interactive(content: &Value, asked: Option<&TranscriptEntry>) -> Checked {
    let kind = content["type"].as_str().unwrap_or_default();
    let asked = asked
        .filter(|entry| entry.direction == Direction::FromBusiness)
        .ok_or_else(|| FieldError::new("context_id", "must be the message of the business that asked."))?;
    let action = &asked.content["action"];
    match kind {
        "button_reply" => {
            let cards = objects(&action["cards"]);
            let on_cards = cards.flat_map(|card| objects(&card["action"]["buttons"]));
            offered(
                "interactive.button_reply",
                &content["button_reply"],
                objects(&action["buttons"])
                    .map(|button| &button["reply"])
                    .chain(on_cards.map(|button| &button["quick_reply"])),
            )
        }
        "list_reply" => {
            let sections = objects(&action["sections"]);
            let rows = sections.flat_map(|section| objects(&section["rows"]));
            offered("interactive.list_reply", &content["list_reply"], rows)
        }
        "nfm_reply" => form(&content["nfm_reply"]),
        "call_permission_reply" => Ok(()),
        _ => Err(FieldError::new(
            "interactive.type",
            "must be button_reply, list_reply, nfm_reply or call_permission_reply.",
        )),
    }
}

fn objects(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn offered<'a>(field: &str, chosen: &Value, mut options: impl Iterator<Item = &'a Value>) -> Checked {
    let same = |option: &Value| {
        let is = |name: &str| chosen[name].is_string() && chosen[name] == option[name];
        is("id") && is("title")
    };
    match options.any(same) {
        true => Ok(()),
        false => Err(FieldError::new(
            field,
            "must be an option of the message, by id and title.",
        )),
    }
}

/// A form's answers are a text that holds JSON, as the provider sends them.
fn form(reply: &Value) -> Checked {
    let answers = reply["response_json"].as_str().unwrap_or_default();
    match serde_json::from_str::<Value>(answers) {
        Ok(Value::Object(_)) => Ok(()),
        _ => Err(FieldError::new(
            "interactive.nfm_reply.response_json",
            "must be a text that holds a JSON object.",
        )),
    }
}

/// An edit or a deletion: only of what the customer wrote.
pub(super) fn own(kind: &str, content: &Value, transcript: &[TranscriptEntry]) -> Checked {
    let id = content["original_message_id"].as_str().unwrap_or_default();
    let theirs = |entry: &&TranscriptEntry| {
        let about_others = matches!(entry.kind.as_str(), "reaction" | "edit" | "revoke");
        entry.id == id && entry.direction == Direction::FromCustomer && !about_others
    };
    let field = format!("{kind}.original_message_id");
    let original = transcript
        .iter()
        .find(theirs)
        .ok_or_else(|| FieldError::new(field, "must be a message that the customer wrote in this chat."))?;
    if kind == "revoke" {
        return Ok(());
    }
    let message = &content["message"];
    let same_kind = message["type"] == original.kind.as_str();
    match same_kind && message[&original.kind].is_object() {
        true => Ok(()),
        false => Err(FieldError::new(
            "edit.message",
            "must hold the new wording: its type, which stays the same, and the content under that name.",
        )),
    }
}

/// A cart: at least one item, each with id, quantity, price and currency.
pub(super) fn order(content: &Value) -> Checked {
    let fits = |item: &Value| {
        item["product_retailer_id"].is_string()
            && item["quantity"].as_u64().is_some_and(|count| count > 0)
            && item["item_price"].as_f64().is_some_and(|price| price >= 0.0)
            && item["currency"].as_str().is_some_and(|code| code.len() == 3)
    };
    let mut items = objects(&content["product_items"]).peekable();
    match items.peek().is_some() && items.all(fits) {
        true => Ok(()),
        false => Err(FieldError::new(
            "order.product_items",
            "needs items with product_retailer_id, quantity, item_price and currency.",
        )),
    }
}
