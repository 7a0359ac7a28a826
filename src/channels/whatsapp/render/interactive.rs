//! Interactive messages: buttons, lists, links, products, flows and requests.
//!
//! Owns the rules of each `interactive.type` except the carousel, whose cards have a file of their own.

use serde_json::Value;

use super::super::limits;
use super::cards;
use super::fields::{Checked, Fields, unique};
use super::simple;

const FIELDS: [&str; 5] = ["type", "header", "body", "footer", "action"];

/// Types, the headers that each may have, and whether it may have a footer. Source: `limits.json`.
const TYPES: [(&str, &[&str], bool); 13] = [
    ("button", &["text", "image", "video", "document"], true),
    ("list", &["text"], true),
    ("cta_url", &["text", "image", "video", "document"], true),
    ("location_request_message", &[], false),
    ("product", &[], true),
    ("product_list", &["text"], true),
    ("catalog_message", &[], true),
    ("flow", &["text", "image", "video", "document"], true),
    ("address_message", &["text"], true),
    ("carousel", &[], false),
    ("request_contact_info", &[], false),
    ("call_permission_request", &[], false),
    ("voice_call", &[], false),
];

pub(super) fn check(body: &Value) -> Checked {
    let fields = Fields::of(body, "interactive", &FIELDS)?;
    let kind = fields.word("type", &TYPES.map(|(kind, ..)| kind))?;
    let (_, headers, has_footer) = TYPES
        .iter()
        .find(|(name, ..)| *name == kind)
        .expect("`word` accepts only words of this table");
    texts(&fields, kind, *has_footer)?;
    header(&fields, kind, headers)?;
    match kind {
        "button" => buttons(&fields),
        "list" => list(&fields),
        "cta_url" => cta_url(&fields),
        "product" => product(&fields),
        "product_list" => product_list(&fields),
        "catalog_message" => catalog(&fields),
        "flow" => flow(&fields),
        "carousel" => cards::check(&fields),
        "address_message" => address(&fields),
        "voice_call" => voice_call(&fields),
        "location_request_message" => named_action(&fields, "send_location"),
        _ => named_action(&fields, kind),
    }
}

fn texts(fields: &Fields<'_>, kind: &str, has_footer: bool) -> Checked {
    let max = if kind == "list" {
        limits::LIST_BODY
    } else {
        limits::BODY
    };
    match (kind, fields.has("body")) {
        // A catalogue's product may speak for itself.
        ("product", false) => {}
        _ => drop(fields.object("body", &["text"])?.text("text", max)?),
    }
    match fields.optional_object("footer", &["text"])? {
        Some(_) if !has_footer => fields.refuse("footer", format!("is not allowed for {kind}.")),
        Some(footer) => footer.text("text", limits::FOOTER).map(drop),
        None => Ok(()),
    }
}

fn header(fields: &Fields<'_>, kind: &str, allowed: &[&str]) -> Checked {
    if !fields.has("header") {
        return match kind {
            "product_list" => fields.refuse("header", "is missing; a product list needs a text header."),
            _ => Ok(()),
        };
    }
    if allowed.is_empty() {
        return fields.refuse("header", format!("is not allowed for {kind}."));
    }
    check_header(fields, allowed)
}

/// A header of one of the allowed types: `{type, <type>}`.
pub(super) fn check_header(fields: &Fields<'_>, allowed: &[&str]) -> Checked {
    let header = fields.object("header", &["type", "text", "image", "video", "document"])?;
    let kind = header.word("type", allowed)?;
    let others = ["text", "image", "video", "document"]
        .into_iter()
        .filter(|other| *other != kind);
    for other in others {
        if header.has(other) {
            return header.refuse(other, format!("must not stand in a header of type {kind}."));
        }
    }
    match (kind, header.value(kind)) {
        ("text", _) => header.text("text", limits::HEADER_TEXT).map(drop),
        (_, Some(file)) => simple::media(kind, file, &header.path_of(kind)),
        (_, None) => header.refuse(kind, "is missing."),
    }
}

/// An action that consists of its name only.
fn named_action(fields: &Fields<'_>, name: &str) -> Checked {
    fields
        .object("action", &["name"])?
        .word("name", &[name])
        .map(drop)
}

fn buttons(fields: &Fields<'_>) -> Checked {
    let action = fields.object("action", &["buttons"])?;
    let (mut ids, mut titles) = (Vec::new(), Vec::new());
    for (path, button) in action.list("buttons", 1, limits::BUTTONS)? {
        let button = Fields::of(button, path, &["type", "reply"])?;
        button.word("type", &["reply"])?;
        let reply = button.object("reply", &["id", "title"])?;
        let id = reply.text("id", limits::BUTTON_ID)?;
        let title = reply.text("title", limits::BUTTON_TITLE)?;
        unique(&mut ids, id, &reply.path_of("id"))?;
        unique(&mut titles, title, &reply.path_of("title"))?;
    }
    Ok(())
}

fn list(fields: &Fields<'_>) -> Checked {
    let action = fields.object("action", &["button", "sections"])?;
    action.text("button", limits::BUTTON_TITLE)?;
    let sections = action.list("sections", 1, limits::SECTIONS)?;
    let needs_titles = sections.len() > 1;
    let mut ids = Vec::new();
    for (path, section) in sections {
        let section = Fields::of(section, path, &["title", "rows"])?;
        section_title(&section, needs_titles)?;
        for (path, row) in section.list("rows", 1, limits::ROWS)? {
            let row = Fields::of(row, path, &["id", "title", "description"])?;
            let id = row.text("id", limits::ROW_ID)?;
            unique(&mut ids, id, &row.path_of("id"))?;
            row.text("title", limits::ROW_TITLE)?;
            row.optional_text("description", limits::ROW_DESCRIPTION)?;
        }
    }
    match ids.len() > limits::ROWS {
        true => action.refuse(
            "sections",
            format!("have {} rows; {} are allowed in all.", ids.len(), limits::ROWS),
        ),
        false => Ok(()),
    }
}

fn section_title(section: &Fields<'_>, is_needed: bool) -> Checked {
    match section.optional_text("title", limits::ROW_TITLE)? {
        None if is_needed => section.refuse(
            "title",
            "is missing; with more than one section each needs a title.",
        ),
        _ => Ok(()),
    }
}

fn cta_url(fields: &Fields<'_>) -> Checked {
    check_cta_action(fields)
}

/// `action {name: cta_url, parameters {display_text, url}}`, of a message or of a card.
pub(super) fn check_cta_action(fields: &Fields<'_>) -> Checked {
    let action = fields.object("action", &["name", "parameters"])?;
    action.word("name", &["cta_url"])?;
    let parameters = action.object("parameters", &["display_text", "url"])?;
    parameters.text("display_text", limits::BUTTON_TITLE)?;
    parameters.url("url")
}

fn product(fields: &Fields<'_>) -> Checked {
    let action = fields.object("action", &["catalog_id", "product_retailer_id"])?;
    action.text("catalog_id", limits::PROVIDER_ID)?;
    action.text("product_retailer_id", limits::PROVIDER_ID).map(drop)
}

fn product_list(fields: &Fields<'_>) -> Checked {
    let action = fields.object("action", &["catalog_id", "sections"])?;
    action.text("catalog_id", limits::PROVIDER_ID)?;
    product_sections(&action)
}

/// `sections [{title, product_items [{product_retailer_id}]}]`, of a message or of a template's button.
pub(super) fn product_sections(action: &Fields<'_>) -> Checked {
    let sections = action.list("sections", 1, limits::SECTIONS)?;
    let needs_titles = sections.len() > 1;
    let mut products = 0;
    for (path, section) in sections {
        let section = Fields::of(section, path, &["title", "product_items"])?;
        section_title(&section, needs_titles)?;
        for (path, item) in section.list("product_items", 1, limits::PRODUCTS)? {
            Fields::of(item, path, &["product_retailer_id"])?
                .text("product_retailer_id", limits::PROVIDER_ID)?;
            products += 1;
        }
    }
    match products > limits::PRODUCTS {
        true => action.refuse(
            "sections",
            format!("have {products} products; {} are allowed.", limits::PRODUCTS),
        ),
        false => Ok(()),
    }
}

fn catalog(fields: &Fields<'_>) -> Checked {
    let action = fields.object("action", &["name", "parameters"])?;
    action.word("name", &["catalog_message"])?;
    match action.optional_object("parameters", &["thumbnail_product_retailer_id"])? {
        Some(parameters) => parameters
            .text("thumbnail_product_retailer_id", limits::PROVIDER_ID)
            .map(drop),
        None => Ok(()),
    }
}

fn flow(fields: &Fields<'_>) -> Checked {
    const PARAMETERS: [&str; 8] = [
        "flow_message_version",
        "flow_token",
        "flow_id",
        "flow_name",
        "flow_cta",
        "mode",
        "flow_action",
        "flow_action_payload",
    ];
    let action = fields.object("action", &["name", "parameters"])?;
    action.word("name", &["flow"])?;
    let flow = action.object("parameters", &PARAMETERS)?;
    flow.word("flow_message_version", &["3"])?;
    flow.text("flow_cta", limits::FLOW_CTA)?;
    flow.optional_text("flow_token", limits::PROVIDER_ID)?;
    match (flow.has("flow_id"), flow.has("flow_name")) {
        (true, false) => flow.text("flow_id", limits::PROVIDER_ID)?,
        (false, true) => flow.text("flow_name", limits::PROVIDER_ID)?,
        _ => return flow.refuse("flow_id", "give either flow_id or flow_name."),
    };
    if flow.has("mode") {
        flow.word("mode", &["draft", "published"])?;
    }
    if flow.has("flow_action") {
        flow.word("flow_action", &["navigate", "data_exchange"])?;
    }
    let Some(payload) = flow.optional_object("flow_action_payload", &["screen", "data"])? else {
        return Ok(());
    };
    payload.text("screen", limits::SHORT_TEXT)?;
    match payload.value("data") {
        None | Some(Value::Object(_)) => Ok(()),
        Some(_) => payload.refuse("data", "must be an object."),
    }
}

/// The address form (India): its values are the customer's own words, so only the frame is checked.
fn address(fields: &Fields<'_>) -> Checked {
    let action = fields.object("action", &["name", "parameters"])?;
    action.word("name", &["address_message"])?;
    let parameters = action.object(
        "parameters",
        &["country", "values", "saved_addresses", "validation_errors"],
    )?;
    parameters.text("country", 2)?;
    for name in ["values", "validation_errors"] {
        if parameters.value(name).is_some_and(|value| !value.is_object()) {
            return parameters.refuse(name, "must be an object.");
        }
    }
    for (path, saved) in parameters.optional_list("saved_addresses", limits::CONTACT_ENTRIES)? {
        let saved = Fields::of(saved, path, &["id", "value"])?;
        saved.text("id", limits::PROVIDER_ID)?;
        if !saved.value("value").is_some_and(Value::is_object) {
            return saved.refuse("value", "must be an object.");
        }
    }
    Ok(())
}

fn voice_call(fields: &Fields<'_>) -> Checked {
    let action = fields.object("action", &["name", "parameters"])?;
    action.word("name", &["voice_call"])?;
    let Some(parameters) =
        action.optional_object("parameters", &["display_text", "ttl_minutes", "payload"])?
    else {
        return Ok(());
    };
    parameters.optional_text("display_text", limits::BUTTON_TITLE)?;
    parameters.optional_text("payload", limits::PROVIDER_ID)?;
    match parameters.value("ttl_minutes") {
        None => Ok(()),
        Some(minutes) if minutes.as_u64().is_some_and(|minutes| minutes > 0) => Ok(()),
        Some(_) => parameters.refuse("ttl_minutes", "must be a whole number of minutes."),
    }
}
