//! The carousel: cards side by side.
//!
//! Owns the rules of cards, above all that they are alike: the same header type and the same sort of button.

use serde_json::Value;

use super::super::limits;
use super::fields::{Checked, Fields, unique};
use super::interactive::{check_cta_action, check_header};

const CARD: [&str; 5] = ["card_index", "type", "header", "body", "action"];

/// What must be the same on all cards.
type Look<'a> = (&'a str, Option<&'a str>, bool);

pub(super) fn check(fields: &Fields<'_>) -> Checked {
    let action = fields.object("action", &["cards"])?;
    let mut first: Option<Look<'_>> = None;
    for (i, (path, card)) in action
        .list("cards", limits::CARDS_MIN, limits::CARDS_MAX)?
        .into_iter()
        .enumerate()
    {
        let card = Fields::of(card, path, &CARD)?;
        if card.value("card_index").and_then(Value::as_u64) != u64::try_from(i).ok() {
            return card.refuse(
                "card_index",
                format!("must be {i}: cards are numbered in order from 0."),
            );
        }
        let look = check_card(&card)?;
        match first {
            Some(first) if first != look => {
                return card.refuse(
                    "type",
                    "differs: all cards need the same header type and the same buttons.",
                );
            }
            _ => first = Some(look),
        }
    }
    Ok(())
}

fn check_card<'a>(card: &Fields<'a>) -> Checked<Look<'a>> {
    let kind = card.word("type", &["cta_url", "product"])?;
    let has_replies = card
        .value("action")
        .is_some_and(|action| action.get("buttons").is_some());
    match (kind, has_replies) {
        ("product", _) => {
            let action = card.object("action", &["product_retailer_id", "catalog_id"])?;
            action.text("product_retailer_id", limits::PROVIDER_ID)?;
            action.text("catalog_id", limits::PROVIDER_ID)?;
            return Ok((kind, None, false));
        }
        (_, true) => replies(card)?,
        (_, false) => check_cta_action(card)?,
    }
    check_header(card, &["image", "video"])?;
    body(card)?;
    let header = card
        .value("header")
        .and_then(|header| header.get("type")?.as_str());
    Ok((kind, header, has_replies))
}

/// Quick replies; Meta's own sample has them on cards of type `cta_url`.
fn replies(card: &Fields<'_>) -> Checked {
    let action = card.object("action", &["buttons"])?;
    let mut titles = Vec::new();
    for (path, button) in action.list("buttons", 1, limits::BUTTONS)? {
        let button = Fields::of(button, path, &["type", "quick_reply"])?;
        button.word("type", &["quick_reply"])?;
        let reply = button.object("quick_reply", &["id", "title"])?;
        reply.text("id", limits::CARD_REPLY)?;
        unique(
            &mut titles,
            reply.text("title", limits::CARD_REPLY)?,
            &reply.path_of("title"),
        )?;
    }
    Ok(())
}

fn body(card: &Fields<'_>) -> Checked {
    let Some(body) = card.optional_object("body", &["text"])? else {
        return Ok(());
    };
    let text = body.text("text", limits::CARD_BODY)?;
    match text.matches('\n').count() > limits::CARD_LINE_BREAKS {
        true => body.refuse("text", "has too many line breaks; a card may have 2."),
        false => Ok(()),
    }
}
