//! Interactive messages: buttons, lists, links, products, flows, carousels and requests.

use std::collections::HashSet;

use super::super::errors::GraphError;
use super::Checked;
use super::content::{is_url, media_source};
use super::fields::Fields;

pub(super) fn check(interactive: &Fields<'_>) -> Checked<()> {
    let kind = interactive.string("type", 1, 64)?;
    header(interactive, kind)?;
    body(interactive, kind)?;
    if let Some(footer) = interactive.optional_object("footer")? {
        footer.labelled("text", "Footer text", 1, 60)?;
    }
    let action = interactive.object("action")?;
    match kind {
        "button" => buttons(&action),
        "list" => list(&action),
        "cta_url" => cta_url(&action),
        "product" => product(&action),
        "product_list" => product_list(&action),
        "flow" => flow(&action),
        "carousel" => carousel(&action),
        "location_request_message" => named(&action, "send_location"),
        "catalog_message"
        | "address_message"
        | "request_contact_info"
        | "call_permission_request"
        | "voice_call" => named(&action, kind),
        _ => Err(interactive.invalid("type", "is not a supported interactive type.")),
    }
}

fn header(interactive: &Fields<'_>, kind: &str) -> Checked<()> {
    let Some(header) = interactive.optional_object("header")? else {
        return if kind == "product_list" {
            Err(interactive.missing("header"))
        } else {
            Ok(())
        };
    };
    let format = header.string("type", 1, 32)?;
    let allowed: &[&str] = match kind {
        "product" | "location_request_message" | "catalog_message" | "carousel" => &[],
        "list" | "product_list" => &["text"],
        _ => &["text", "image", "video", "document"],
    };
    if !allowed.contains(&format) {
        return Err(header.invalid("type", &format!("'{format}' is not allowed for {kind}.")));
    }
    if format == "text" {
        return header.labelled("text", "Header text", 1, 60).map(drop);
    }
    media_source(&header.object(format)?)
}

fn body(interactive: &Fields<'_>, kind: &str) -> Checked<()> {
    let max = if kind == "list" { 4_096 } else { 1_024 };
    // A single product may come without a body.
    match interactive.optional_object("body")? {
        Some(body) => body.labelled("text", "Body text", 1, max).map(drop),
        None if matches!(
            kind,
            "product" | "call_permission_request" | "request_contact_info"
        ) =>
        {
            Ok(())
        }
        None => Err(interactive.missing("body")),
    }
}

fn named(action: &Fields<'_>, name: &str) -> Checked<()> {
    if action.string("name", 1, 64)? == name {
        return Ok(());
    }
    Err(action.invalid("name", &format!("must be '{name}'.")))
}

fn unique(action: &Fields<'_>, list: &str, label: &str, values: &[&str]) -> Checked<()> {
    let distinct: HashSet<_> = values.iter().collect();
    if distinct.len() == values.len() {
        return Ok(());
    }
    Err(action.invalid(list, &format!("has a duplicated {label}.")))
}

fn buttons(action: &Fields<'_>) -> Checked<()> {
    let buttons = action.list("buttons", 1, 3)?;
    let (mut ids, mut titles) = (Vec::new(), Vec::new());
    for button in &buttons {
        if button.string("type", 1, 32)? != "reply" {
            return Err(button.invalid("type", "must be 'reply'."));
        }
        let reply = button.object("reply")?;
        ids.push(reply.labelled("id", "Button id", 1, 256)?);
        titles.push(reply.labelled("title", "Button title", 1, 20)?);
    }
    unique(action, "buttons", "id", &ids)?;
    unique(action, "buttons", "title", &titles)
}

fn list(action: &Fields<'_>) -> Checked<()> {
    action.labelled("button", "List button", 1, 20)?;
    let sections = action.list("sections", 1, 10)?;
    let mut ids = Vec::new();
    for section in &sections {
        section_title(section, sections.len())?;
        for row in section.list("rows", 1, 10)? {
            ids.push(row.labelled("id", "Row id", 1, 200)?);
            row.labelled("title", "Row title", 1, 24)?;
            row.optional_string("description", 72)?;
        }
    }
    if ids.len() > 10 {
        return Err(action.invalid("sections", "total row count exceeds the maximum of 10."));
    }
    unique(action, "sections", "row id", &ids)
}

fn section_title(section: &Fields<'_>, sections: usize) -> Checked<()> {
    if sections > 1 {
        return section.labelled("title", "Section title", 1, 24).map(drop);
    }
    section.optional_string("title", 24).map(drop)
}

fn cta_url(action: &Fields<'_>) -> Checked<()> {
    named(action, "cta_url")?;
    let parameters = action.object("parameters")?;
    parameters.labelled("display_text", "Button text", 1, 20)?;
    if is_url(parameters.string("url", 1, 2_000)?) {
        return Ok(());
    }
    Err(parameters.invalid("url", "is not a valid URL."))
}

fn product(action: &Fields<'_>) -> Checked<()> {
    action.string("catalog_id", 1, 256)?;
    action.string("product_retailer_id", 1, 256).map(drop)
}

fn product_list(action: &Fields<'_>) -> Checked<()> {
    action.string("catalog_id", 1, 256)?;
    product_sections(action)
}

/// Products in sections, of a message or of a template's button.
pub(super) fn product_sections(action: &Fields<'_>) -> Checked<()> {
    let sections = action.list("sections", 1, 10)?;
    let mut items = 0;
    for section in &sections {
        section_title(section, sections.len())?;
        for item in section.list("product_items", 1, 30)? {
            item.string("product_retailer_id", 1, 256)?;
            items += 1;
        }
    }
    if items > 30 {
        return Err(action.invalid("sections", "total product count exceeds the maximum of 30."));
    }
    Ok(())
}

fn flow(action: &Fields<'_>) -> Checked<()> {
    named(action, "flow")?;
    let parameters = action.object("parameters")?;
    if parameters.string("flow_message_version", 1, 8)? != "3" {
        return Err(parameters.invalid("flow_message_version", "must be '3'."));
    }
    match (parameters.has("flow_id"), parameters.has("flow_name")) {
        (true, true) => {
            return Err(parameters.invalid("flow_name", "must not be given together with 'flow_id'."));
        }
        (false, false) => return Err(parameters.missing("flow_id")),
        _ => {}
    }
    parameters.labelled("flow_cta", "Flow button", 1, 30)?;
    one_of(&parameters, "mode", &["draft", "published"])?;
    one_of(&parameters, "flow_action", &["navigate", "data_exchange"])
}

fn one_of(fields: &Fields<'_>, name: &str, allowed: &[&str]) -> Checked<()> {
    match fields.optional_string(name, 64)? {
        Some(value) if !allowed.contains(&value) => {
            Err(fields.invalid(name, &format!("must be one of {}.", allowed.join(", "))))
        }
        _ => Ok(()),
    }
}

/// Two to ten cards that all have the same header type and the same kind of action.
fn carousel(action: &Fields<'_>) -> Checked<()> {
    let cards = action.list("cards", 2, 10)?;
    let mut shapes = HashSet::new();
    for (position, card) in cards.iter().enumerate() {
        if card.number("card_index")? != position as f64 {
            return Err(card.invalid("card_index", "must count up from 0."));
        }
        shapes.insert(card_shape(card)?);
    }
    if shapes.len() > 1 {
        return Err(GraphError::with(
            131_009,
            "All cards must have the same header type and the same buttons.",
        ));
    }
    Ok(())
}

fn card_shape(card: &Fields<'_>) -> Checked<(String, String)> {
    let action = card.object("action")?;
    if card.string("type", 1, 32)? == "product" {
        product(&action)?;
        return Ok((String::new(), "product".to_owned()));
    }
    let header = card.object("header")?;
    let format = header.string("type", 1, 32)?;
    if !matches!(format, "image" | "video") {
        return Err(header.invalid("type", "must be 'image' or 'video'."));
    }
    media_source(&header.object(format)?)?;
    if let Some(body) = card.optional_object("body")? {
        let text = body.labelled("text", "Card body", 1, 160)?;
        if text.matches('\n').count() > 2 {
            return Err(body.invalid("text", "has more than 2 line breaks."));
        }
    }
    if !action.has("buttons") {
        cta_url(&action)?;
        return Ok((format.to_owned(), "cta_url".to_owned()));
    }
    let buttons = action.list("buttons", 1, 3)?;
    for button in &buttons {
        let reply = button.object("quick_reply")?;
        reply.labelled("id", "Button id", 1, 256)?;
        reply.labelled("title", "Button title", 1, 20)?;
    }
    Ok((format.to_owned(), format!("quick_reply*{}", buttons.len())))
}
