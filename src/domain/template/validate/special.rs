//! Authentication, carousel, limited-time offer: the parts with rules of their own.

use serde_json::Value;

use super::super::{Category, Definition, is_kind, list, word};
use super::{Report, buttons, place_of, rules, texts};

/// An authentication template: the provider's own words and one button.
pub(super) fn authentication(definition: &Definition, report: &mut Report) {
    match place_of(definition, "body") {
        None => report.add("components", "body_missing"),
        Some((path, body)) => {
            // Listed templates carry the provider's text; only a text of one's own would have samples.
            if !word(&body, "text").is_empty() && body.get("example").is_some() {
                report.add(format!("{path}.text"), "auth_body");
            }
        }
    }
    for kind in ["header", "carousel", "limited_time_offer"] {
        if let Some((path, _)) = place_of(definition, kind) {
            report.add(path, "auth_parts");
        }
    }
    if let Some((path, footer)) = place_of(definition, "footer") {
        let minutes = footer.get("code_expiration_minutes");
        if minutes.is_some_and(|minutes| minutes.as_i64().is_none_or(|n| !(1..=90).contains(&n))) {
            report.add(format!("{path}.code_expiration_minutes"), "auth_expiry");
        }
    }
    let Some((path, component)) = place_of(definition, "buttons") else {
        report.add("components", "auth_button");
        return;
    };
    let buttons = list(&component, "buttons");
    // A listed one comes back as a link button with the code in it.
    let is_code = |button: &&Value| is_kind(button, "otp") || is_kind(button, "url");
    if buttons.iter().filter(is_code).count() != 1 {
        report.add(format!("{path}.buttons"), "auth_button");
    }
    if buttons.iter().any(|button| !is_code(&button)) {
        report.add(format!("{path}.buttons"), "auth_parts");
    }
    for (place, button) in buttons
        .iter()
        .enumerate()
        .filter(|(_, button)| is_kind(button, "otp"))
    {
        one_time_code(&format!("{path}.buttons.{place}"), button, report);
    }
}

fn one_time_code(path: &str, button: &Value, report: &mut Report) {
    report.no_longer_than(&format!("{path}.text"), word(button, "text"), rules::LABEL);
    let kind = word(button, "otp_type").to_ascii_uppercase();
    if !["COPY_CODE", "ONE_TAP", "ZERO_TAP"].contains(&kind.as_str()) {
        report.add(format!("{path}.otp_type"), "auth_otp_type");
    }
    let names_app =
        |app: &Value| !word(app, "package_name").is_empty() && !word(app, "signature_hash").is_empty();
    let has_app = list(button, "supported_apps").iter().any(names_app) || names_app(button);
    if kind.ends_with("_TAP") && !has_app {
        report.add(format!("{path}.supported_apps"), "auth_app");
    }
}

/// A limited-time offer beside the other parts.
pub(super) fn offer(definition: &Definition, path: &str, component: &Value, report: &mut Report) {
    if definition.category != Category::Marketing {
        report.add(path, "marketing_only");
    }
    let offer = component.get("limited_time_offer").unwrap_or(component);
    let text = word(offer, "text");
    let field = format!("{path}.limited_time_offer.text");
    if text.trim().is_empty() {
        report.limited(&field, "offer_text", Some(rules::OFFER));
    }
    report.no_longer_than(&field, text, rules::OFFER);
    if let Some((footer, _)) = place_of(definition, "footer") {
        report.add(footer, "offer_footer");
    }
    if let Some((place, header)) = place_of(definition, "header") {
        let format = word(&header, "format").to_ascii_uppercase();
        if !["IMAGE", "VIDEO", "GIF"].contains(&format.as_str()) {
            report.add(format!("{place}.format"), "offer_header");
        }
    }
    let buttons = definition
        .component("buttons")
        .map_or(&[][..], |component| list(component, "buttons"));
    let place = |kind: &str| buttons.iter().position(|button| is_kind(button, kind));
    let in_order = match (place("copy_code"), place("url")) {
        (Some(code), Some(url)) => code < url,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if !in_order {
        report.add(path, "offer_button");
    }
}

/// Buttons that show products of a catalogue, and the header that shows one. Source: Meta's pages on catalogue,
/// multi-product and single-product templates, which are marketing templates all three.
pub(super) fn products(definition: &Definition, report: &mut Report) {
    let set = place_of(definition, "buttons");
    let buttons = set.as_ref().map_or(&[][..], |(_, set)| list(set, "buttons"));
    let place = |kind: &str| buttons.iter().position(|button| is_kind(button, kind));
    let single = place("spm");
    let shows = place("catalog").or_else(|| place("mpm"));
    let path = |at: usize| {
        let path = set.as_ref().map_or("components", |(path, _)| path);
        format!("{path}.buttons.{at}")
    };
    let header = place_of(definition, "header");
    let format = header.as_ref().map_or(String::new(), |(_, part)| {
        word(part, "format").to_ascii_uppercase()
    });
    if definition.category != Category::Marketing {
        report_at(single.or(shows).map(path), "marketing_only", report);
    }
    if format != "PRODUCT" {
        report_at(single.map(path), "product_header", report);
    }
    if let Some((header, _)) = header {
        let header = format!("{header}.format");
        if format == "PRODUCT" && single.is_none() {
            report.add(&header, "product_button");
        }
        if shows.is_some() && !matches!(format.as_str(), "TEXT" | "PRODUCT" | "") {
            report.add(&header, "product_text_header");
        }
    }
}

fn report_at(field: Option<String>, rule: &'static str, report: &mut Report) {
    if let Some(field) = field {
        report.add(field, rule);
    }
}

/// A carousel beside the other parts.
pub(super) fn carousel(definition: &Definition, path: &str, component: &Value, report: &mut Report) {
    if definition.category != Category::Marketing && definition.category != Category::Utility {
        report.add(path, "marketing_only");
    }
    for kind in ["header", "footer", "buttons", "limited_time_offer"] {
        if let Some((place, _)) = place_of(definition, kind) {
            report.add(place, "carousel_alone");
        }
    }
    let cards = list(component, "cards");
    if !(rules::CARDS.0..=rules::CARDS.1).contains(&cards.len()) {
        report.add(format!("{path}.cards"), "cards_count");
    }
    for (place, card) in cards.iter().enumerate() {
        one_card(&format!("{path}.cards.{place}"), card, definition, report);
    }
    let mut looks: Vec<(String, Vec<String>)> = cards.iter().map(look).collect();
    looks.dedup();
    if looks.len() > 1 {
        report.add(format!("{path}.cards"), "cards_alike");
    }
}

/// Header format and sorts of buttons of a card.
fn look(card: &Value) -> (String, Vec<String>) {
    let parts = list(card, "components");
    let header = parts.iter().find(|part| is_kind(part, "header"));
    let header = header
        .map_or("", |part| word(part, "format"))
        .to_ascii_uppercase();
    let set = parts.iter().find(|part| is_kind(part, "buttons"));
    let kinds = set.map_or(&[][..], |set| list(set, "buttons")).iter();
    (
        header,
        kinds
            .map(|button| word(button, "type").to_ascii_uppercase())
            .collect(),
    )
}

fn one_card(path: &str, card: &Value, definition: &Definition, report: &mut Report) {
    let mut has_header = false;
    for (place, part) in list(card, "components").iter().enumerate() {
        let path = format!("{path}.components.{place}");
        match word(part, "type").to_ascii_lowercase().as_str() {
            "header" => {
                let format = word(part, "format").to_ascii_uppercase();
                has_header |= ["IMAGE", "VIDEO", "PRODUCT"].contains(&format.as_str());
                texts::header(&path, part, definition.format, report);
            }
            "body" => texts::body(&path, part, definition.format, rules::BODY_CARD, report),
            "buttons" => card_buttons(&path, part, report),
            _ => report.add(format!("{path}.type"), "component_unknown"),
        }
    }
    if !has_header {
        report.add(path, "card_header");
    }
}

/// A card with one product has the provider's own button.
fn card_buttons(path: &str, part: &Value, report: &mut Report) {
    buttons::check(path, part, rules::CARD_BUTTONS, report);
}
