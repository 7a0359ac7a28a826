//! The components of a template in WhatsApp's own form.
//!
//! Owns the rules of components and their parameters. What the template itself expects is not known here.

use serde_json::Value;

use super::super::limits;
use super::super::payload::whole_number;
use super::fields::{Checked, Fields, length};
use super::interactive::product_sections;
use super::simple;
use crate::channels::FieldError;

/// Parameter types of a header.
const HEADER: &[&str] = &["text", "image", "video", "document", "location", "product"];
/// Parameter types of a body.
const BODY: &[&str] = &["text", "currency", "date_time"];
/// Sub-types of buttons and the parameter type that each takes. Meta accepts them in either case.
const BUTTONS: [(&str, &str); 7] = [
    ("quick_reply", "payload"),
    ("url", "text"),
    ("copy_code", "coupon_code"),
    ("catalog", "action"),
    ("mpm", "action"),
    ("flow", "action"),
    ("voice_call", "payload"),
];

/// The last place of a button (`limits::TEMPLATE_BUTTONS` of them, from 0).
const LAST_BUTTON: i64 = 9;

/// The list `components`, which may be missing.
pub(super) fn check_components(template: &Fields<'_>) -> Checked {
    let mut places = Vec::new();
    template
        .optional_list("components", limits::TEMPLATE_COMPONENTS)?
        .into_iter()
        .try_for_each(|(path, component)| check_component(component, path, &mut places, false))
}

/// One component. `places` holds the buttons' indexes so far: two buttons cannot have the same.
pub(super) fn check_component(value: &Value, path: String, places: &mut Vec<i64>, on_card: bool) -> Checked {
    let component = Fields::of(value, path, &["type", "sub_type", "index", "parameters", "cards"])?;
    let kinds: &[&str] = match on_card {
        true => &["header", "body", "button"],
        false => &["header", "body", "button", "limited_time_offer", "carousel"],
    };
    let kind = component.text("type", limits::SHORT_TEXT)?.to_ascii_lowercase();
    let of_others: &[&str] = match kind.as_str() {
        "button" => &["cards"],
        "carousel" => &["sub_type", "index", "parameters"],
        _ => &["sub_type", "index", "cards"],
    };
    if let Some(field) = of_others.iter().find(|field| component.has(field)) {
        return component.refuse(field, format!("is not allowed in a component of type {kind}."));
    }
    match kind.as_str() {
        other if !kinds.contains(&other) => {
            component.refuse("type", format!("must be one of: {}.", kinds.join(", ")))
        }
        "button" => button(&component, places),
        "carousel" => cards(&component),
        "header" => parameters(&component, "header", 1),
        "body" => parameters(&component, "body", limits::TEMPLATE_VARIABLES),
        _ => parameters(&component, "limited_time_offer", 1),
    }
}

fn parameters(component: &Fields<'_>, of: &str, max: usize) -> Checked {
    component
        .list("parameters", 1, max)?
        .into_iter()
        .try_for_each(|(path, parameter)| check_parameter(parameter, path, of))
}

/// One parameter of a header, body, offer or button (`of` names the button's parameter type).
pub(super) fn check_parameter(value: &Value, path: String, of: &str) -> Checked {
    let kinds = match of {
        "header" => HEADER,
        "body" => BODY,
        _ => std::slice::from_ref(&of),
    };
    let Some(kind) = value.get("type").and_then(Value::as_str) else {
        return Err(FieldError::new(
            format!("{path}.type"),
            format!("must be one of: {}.", kinds.join(", ")),
        ));
    };
    let fields = Fields::of(value, path, &["type", kind, "parameter_name"])?;
    fields.word("type", kinds)?;
    fields.optional_text("parameter_name", limits::PROVIDER_ID)?;
    let path = fields.path_of(kind);
    match kind {
        "text" if of == "header" => check_parameter_text(fields.text(kind, limits::HEADER_TEXT)?, &path),
        "text" => check_parameter_text(fields.text(kind, limits::TEMPLATE_PARAMETER)?, &path),
        "payload" => fields.text(kind, limits::BUTTON_ID).map(drop),
        "coupon_code" => fields.text(kind, limits::COUPON_CODE).map(drop),
        "currency" => currency(&fields.object(kind, &["fallback_value", "code", "amount_1000"])?),
        "date_time" => fallback(&fields.object(kind, &["fallback_value"])?),
        "product" => product(&fields.object(kind, &["product_retailer_id", "catalog_id"])?),
        "limited_time_offer" => offer(&fields.object(kind, &["expiration_time_ms"])?),
        "action" => action(&fields),
        _ => place_or_file(&fields, kind, &path),
    }
}

fn place_or_file(fields: &Fields<'_>, kind: &str, path: &str) -> Checked {
    match (kind, fields.value(kind)) {
        ("location", Some(place)) => simple::location(place, path),
        (_, Some(file)) => simple::media(kind, file, path),
        (_, None) => fields.refuse(kind, "is missing."),
    }
}

/// A text that fills a variable: not empty, no line breaks, tabs or rows of blanks (refused by Meta with 132012 or 132018).
pub(super) fn check_parameter_text(text: &str, path: &str) -> Checked {
    let refuse = |detail: &str| Err(FieldError::new(path, detail));
    if text.trim().is_empty() {
        return refuse("must not be empty.");
    }
    if length(text) > limits::TEMPLATE_PARAMETER {
        return refuse("is too long: at most 1024 characters are allowed.");
    }
    if text.contains(['\n', '\r', '\t']) {
        return refuse("must not contain line breaks or tabs.");
    }
    match text.contains(&" ".repeat(limits::PARAMETER_BLANKS + 1)) {
        true => refuse("must not contain more than four blanks in a row."),
        false => Ok(()),
    }
}

fn fallback(fields: &Fields<'_>) -> Checked {
    check_parameter_text(
        fields.text("fallback_value", limits::TEMPLATE_PARAMETER)?,
        &fields.path_of("fallback_value"),
    )
}

fn currency(fields: &Fields<'_>) -> Checked {
    fallback(fields)?;
    fields.text("code", 3)?;
    match fields
        .value("amount_1000")
        .is_some_and(|amount| amount.is_i64() || amount.is_u64())
    {
        true => Ok(()),
        false => fields.refuse("amount_1000", "must be a whole number: the amount times 1000."),
    }
}

fn product(fields: &Fields<'_>) -> Checked {
    fields.text("product_retailer_id", limits::PROVIDER_ID)?;
    fields.text("catalog_id", limits::PROVIDER_ID).map(drop)
}

fn offer(fields: &Fields<'_>) -> Checked {
    match fields.value("expiration_time_ms").is_some_and(Value::is_u64) {
        true => Ok(()),
        false => fields.refuse("expiration_time_ms", "must be a time in milliseconds since 1970."),
    }
}

/// What a flow, catalogue or product button does.
fn action(fields: &Fields<'_>) -> Checked {
    const KNOWN: [&str; 4] = [
        "thumbnail_product_retailer_id",
        "sections",
        "flow_token",
        "flow_action_data",
    ];
    let action = fields.object("action", &KNOWN)?;
    action.optional_text("thumbnail_product_retailer_id", limits::PROVIDER_ID)?;
    action.optional_text("flow_token", limits::PROVIDER_ID)?;
    if action
        .value("flow_action_data")
        .is_some_and(|data| !data.is_object())
    {
        return action.refuse("flow_action_data", "must be an object.");
    }
    match action.has("sections") {
        true => product_sections(&action),
        false => Ok(()),
    }
}

fn button(component: &Fields<'_>, places: &mut Vec<i64>) -> Checked {
    let sub_type = component
        .text("sub_type", limits::SHORT_TEXT)?
        .to_ascii_lowercase();
    let Some((_, parameter)) = BUTTONS.iter().find(|(name, _)| *name == sub_type) else {
        let known = BUTTONS.map(|(name, _)| name).join(", ");
        return component.refuse("sub_type", format!("must be one of: {known}."));
    };
    match component.value("index").and_then(whole_number) {
        Some(index) if places.contains(&index) => {
            component.refuse("index", "stands twice; each must be different.")
        }
        Some(index @ 0..=LAST_BUTTON) => {
            places.push(index);
            parameters(component, parameter, 1)?;
            products(component, &sub_type)
        }
        _ => component.refuse(
            "index",
            "must be the button's place in the template, from 0 to 9.",
        ),
    }
}

/// What a button for products needs: `mpm` the products and the one whose picture is shown, a catalogue no list of them.
fn products(component: &Fields<'_>, sub_type: &str) -> Checked {
    if !matches!(sub_type, "mpm" | "catalog") {
        return Ok(());
    }
    for (path, parameter) in component.list("parameters", 1, 1)? {
        let parameter = Fields::of(parameter, path, &["type", "action", "parameter_name"])?;
        let known = ["thumbnail_product_retailer_id", "sections"];
        let action = parameter.object("action", &known)?;
        match (sub_type, action.has("sections")) {
            ("mpm", false) => {
                return action.refuse("sections", "are missing: say which products the button shows.");
            }
            ("mpm", true) => {
                action.text("thumbnail_product_retailer_id", limits::PROVIDER_ID)?;
            }
            (_, true) => {
                return action.refuse(
                    "sections",
                    "have no place here: the button opens the whole catalogue.",
                );
            }
            (_, false) => {}
        }
    }
    Ok(())
}

fn cards(component: &Fields<'_>) -> Checked {
    for (i, (path, card)) in component
        .list("cards", 1, limits::CARDS_MAX)?
        .into_iter()
        .enumerate()
    {
        let card = Fields::of(card, path, &["card_index", "components"])?;
        if card.value("card_index").and_then(Value::as_u64) != u64::try_from(i).ok() {
            return card.refuse(
                "card_index",
                format!("must be {i}: cards are numbered in order from 0."),
            );
        }
        let mut places = Vec::new();
        for (path, inner) in card.list("components", 1, limits::TEMPLATE_COMPONENTS)? {
            check_component(inner, path, &mut places, true)?;
        }
    }
    Ok(())
}
