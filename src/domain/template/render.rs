//! What a template looks like with its variables filled in, for preview, thread and search.
//!
//! Values come from a message's content, in the provider's form (`components`) or the short one (`variables`, `header`,
//! `buttons`); see `channels/whatsapp/render/template.rs`.

mod products;

use std::collections::BTreeMap;

use serde_json::Value;

pub use products::{Section, Shelf};

use super::tracked::{destination, is_tracked};
use super::validate::sample_of;
use super::{Category, Definition, is_kind, list, placeholders, word};

/// The provider's own text of an authentication template (Meta's authentication templates; English wording).
const CODE_TEXT: &str = "{{1}} is your verification code.";
const CODE_ADVICE: &str = " For your security, do not share this code.";
/// Longest rendered text that is kept with a message, in characters.
const MAX_RENDERED: usize = 2_000;

/// The values that a message gives.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Given {
    /// Of the header: its text, or the media's parameter.
    pub header: Option<Value>,
    /// Of the body: by position (`1` …) or name.
    pub body: BTreeMap<String, String>,
    /// Of the buttons, by their place.
    pub buttons: BTreeMap<usize, String>,
    /// What buttons of a catalogue show, by their place.
    pub shelves: BTreeMap<usize, Shelf>,
    /// When a limited-time offer ends, in milliseconds since 1970.
    pub offer_ends_ms: Option<i64>,
    /// Of a carousel's cards, by their place.
    pub cards: BTreeMap<usize, Given>,
}

/// A header, filled in.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Header {
    /// `text`, `image`, `video`, `document`, `location`, `product`.
    pub format: String,
    /// The text, if it is one.
    pub text: String,
    /// The picture, video or document that will be shown: a file of ours or an address; of a sample only a file of ours.
    pub media: Option<String>,
    /// The id of the product that is shown, in its catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}

/// A button, filled in.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Button {
    /// `quick_reply`, `url` …
    pub kind: String,
    /// Its label.
    pub text: String,
    /// Where it leads: address, phone number or code.
    pub target: String,
    /// The products behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub products: Option<Shelf>,
}

/// A card of a carousel, filled in.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Card {
    /// Its picture, video or product.
    pub header: Option<Header>,
    /// Its text.
    pub body: String,
    /// Its buttons.
    pub buttons: Vec<Button>,
}

/// A whole message as the customer sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Preview {
    /// Above the text.
    pub header: Option<Header>,
    /// The heading of a limited-time offer.
    pub offer: Option<String>,
    /// When it ends, in milliseconds since 1970.
    pub offer_ends_ms: Option<i64>,
    /// The text.
    pub body: String,
    /// Below the text.
    pub footer: String,
    /// Below that.
    pub buttons: Vec<Button>,
    /// Cards to swipe through.
    pub cards: Vec<Card>,
}

/// Reads the values out of a message's content.
pub fn given(content: &Value) -> Given {
    let mut given = Given::default();
    match content.get("variables") {
        Some(Value::Array(values)) => {
            given.body = values
                .iter()
                .enumerate()
                .map(|(i, value)| ((i + 1).to_string(), plain(value)))
                .collect();
        }
        Some(Value::Object(values)) => {
            given.body = values
                .iter()
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect();
        }
        _ => {}
    }
    given.header = content.get("header").filter(|header| !header.is_null()).cloned();
    for (place, button) in list(content, "buttons").iter().enumerate() {
        let value = ["text", "coupon_code", "payload"]
            .iter()
            .find_map(|name| button.get(name));
        let place = button.get("index").and_then(index).unwrap_or(place);
        let shelf = button.get("action").and_then(products::shelf);
        given.shelves.extend(shelf.map(|shelf| (place, shelf)));
        given.buttons.extend(value.map(|value| (place, plain(value))));
    }
    for component in list(content, "components") {
        component_values(component, &mut given);
    }
    given
}

fn component_values(component: &Value, given: &mut Given) {
    let parameters = list(component, "parameters");
    match word(component, "type").to_ascii_lowercase().as_str() {
        "header" => given.header = parameters.first().cloned(),
        "body" => {
            for (i, parameter) in parameters.iter().enumerate() {
                let name = match word(parameter, "parameter_name") {
                    "" => (i + 1).to_string(),
                    name => name.to_owned(),
                };
                given.body.insert(name, parameter_text(parameter));
            }
        }
        "limited_time_offer" => {
            let offer = parameters.first().and_then(|it| it.get("limited_time_offer"));
            given.offer_ends_ms = offer.and_then(|offer| offer.get("expiration_time_ms")?.as_i64());
        }
        "carousel" => {
            for (place, card) in list(component, "cards").iter().enumerate() {
                let place = card.get("card_index").and_then(index).unwrap_or(place);
                let values = given.cards.entry(place).or_default();
                for part in list(card, "components") {
                    component_values(part, values);
                }
            }
        }
        "button" => {
            let place = component.get("index").and_then(index);
            let parameter = parameters.first();
            let shelf = parameter.and_then(|parameter| products::shelf(parameter.get("action")?));
            given.shelves.extend(place.zip(shelf));
            given.buttons.extend(place.zip(parameter.map(parameter_text)));
        }
        _ => {}
    }
}

fn index(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => usize::try_from(other.as_u64()?).ok(),
    }
}

fn parameter_text(parameter: &Value) -> String {
    let kind = word(parameter, "type");
    let of_kind = parameter.get(kind);
    let fallback = of_kind.and_then(|value| value.get("fallback_value"));
    ["text", "coupon_code", "payload"]
        .iter()
        .find_map(|name| parameter.get(name))
        .or(fallback)
        .map(plain)
        .unwrap_or_default()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The message that these values make. Where one is missing, `samples` puts the template's sample there; else the
/// variable stays as it is written.
pub fn preview(definition: &Definition, given: &Given, samples: bool) -> Preview {
    let mut preview = Preview::default();
    for component in &definition.components {
        match word(component, "type").to_ascii_lowercase().as_str() {
            "header" => preview.header = Some(header(component, given.header.as_ref(), samples)),
            "body" => preview.body = body(definition, component, given, samples),
            "footer" => preview.footer = footer(component),
            "buttons" => preview.buttons = buttons(component, given, samples),
            "limited_time_offer" => {
                let offer = component.get("limited_time_offer").unwrap_or(component);
                preview.offer = Some(word(offer, "text").to_owned());
                preview.offer_ends_ms = given.offer_ends_ms;
            }
            "carousel" => {
                let nothing = Given::default();
                let values = |place| given.cards.get(&place).unwrap_or(&nothing);
                preview.cards = list(component, "cards")
                    .iter()
                    .enumerate()
                    .map(|(place, card)| one_card(definition, card, values(place), samples))
                    .collect()
            }
            _ => {}
        }
    }
    preview
}

fn header(component: &Value, given: Option<&Value>, samples: bool) -> Header {
    let format = word(component, "format").to_ascii_lowercase();
    let value = |name: &str| {
        let given = given.map(|value| match value {
            Value::String(text) => text.clone(),
            parameter => parameter_text(parameter),
        });
        let given = given.filter(|text| !text.is_empty());
        given.or_else(|| {
            samples
                .then(|| sample_of(component, "header_text", name).map(str::to_owned))
                .flatten()
        })
    };
    Header {
        media: given.and_then(media_of).or_else(|| {
            let ours = component.get("example").map(|example| word(example, "media_id"));
            ours.filter(|ours| samples && !ours.is_empty()).map(str::to_owned)
        }),
        product: given.and_then(products::of_header),
        text: placeholders::fill(word(component, "text"), value),
        format: if format.is_empty() { "text".into() } else { format },
    }
}

/// The file that a header's parameter names.
fn media_of(parameter: &Value) -> Option<String> {
    let of_kind = parameter.get(word(parameter, "type"))?;
    let named = ["media_id", "link", "id"]
        .iter()
        .map(|name| word(of_kind, name))
        .find(|named| !named.is_empty());
    named.map(str::to_owned)
}

fn body(definition: &Definition, component: &Value, given: &Given, samples: bool) -> String {
    let text = body_text(definition, component);
    placeholders::fill(&text, |name| {
        let value = given.body.get(name).filter(|value| !value.is_empty()).cloned();
        value.or_else(|| {
            samples
                .then(|| sample_of(component, "body_text", name).map(str::to_owned))
                .flatten()
        })
    })
}

/// The body as written, or the provider's own words.
fn body_text(definition: &Definition, component: &Value) -> String {
    let text = word(component, "text");
    if !text.is_empty() || definition.category != Category::Authentication {
        return text.to_owned();
    }
    let advised = component
        .get("add_security_recommendation")
        .and_then(Value::as_bool)
        == Some(true);
    format!("{CODE_TEXT}{}", if advised { CODE_ADVICE } else { "" })
}

fn footer(component: &Value) -> String {
    match component.get("code_expiration_minutes").and_then(Value::as_i64) {
        Some(minutes) => format!("This code expires in {minutes} minutes."),
        None => word(component, "text").to_owned(),
    }
}

fn buttons(component: &Value, given: &Given, samples: bool) -> Vec<Button> {
    let each = |(place, button): (usize, &Value)| {
        let kind = word(button, "type").to_ascii_lowercase();
        let sample = match button.get("example") {
            Some(Value::Array(all)) => all.first().map(plain),
            Some(other) => Some(plain(other)),
            None => None,
        };
        let value = given.buttons.get(&place).cloned();
        let target = match kind.as_str() {
            "url" if is_tracked(button) => {
                placeholders::fill(destination(button), |_| sample.clone().filter(|_| samples))
            }
            "url" if value.is_none() && samples => sample_link(word(button, "url"), sample),
            "url" => placeholders::fill(word(button, "url"), |_| value.clone()),
            "phone_number" => word(button, "phone_number").to_owned(),
            "copy_code" => value.or_else(|| sample.filter(|_| samples)).unwrap_or_default(),
            _ => String::new(),
        };
        Button {
            kind,
            text: word(button, "text").to_owned(),
            target,
            products: given.shelves.get(&place).cloned(),
        }
    };
    list(component, "buttons").iter().enumerate().map(each).collect()
}

/// A link's sample is the whole address or only what stands for the variable; providers take both.
fn sample_link(url: &str, sample: Option<String>) -> String {
    match sample {
        Some(whole) if whole.starts_with("http") && url.contains("{{") => whole,
        sample => placeholders::fill(url, |_| sample.clone()),
    }
}

fn one_card(definition: &Definition, card: &Value, given: &Given, samples: bool) -> Card {
    let parts = list(card, "components");
    let part = |kind: &str| parts.iter().find(|part| is_kind(part, kind));
    Card {
        header: part("header").map(|component| header(component, given.header.as_ref(), samples)),
        body: part("body").map_or_else(String::new, |it| body(definition, it, given, samples)),
        buttons: part("buttons")
            .map(|component| buttons(component, given, samples))
            .unwrap_or_default(),
    }
}

/// Everything that needs a value and has none, in order: the body's variables by their names, then `header`, `offer`,
/// `button 2`, and what cards lack as `card 1: …`. Places are counted from 1.
pub fn missing(definition: &Definition, given: &Given) -> Vec<String> {
    let mut missing = of_parts(definition, &definition.components, given);
    let ends = definition.component("limited_time_offer").is_some_and(|offer| {
        let offer = offer.get("limited_time_offer").unwrap_or(offer);
        offer.get("has_expiration").and_then(Value::as_bool) == Some(true)
    });
    if ends && given.offer_ends_ms.is_none() {
        missing.push("offer".to_owned());
    }
    let cards = definition
        .component("carousel")
        .map_or(&[][..], |it| list(it, "cards"));
    let nothing = Given::default();
    for (place, card) in cards.iter().enumerate() {
        let values = given.cards.get(&place).unwrap_or(&nothing);
        let of_card = of_parts(definition, list(card, "components"), values);
        missing.extend(
            of_card
                .into_iter()
                .map(|name| format!("card {}: {name}", place + 1)),
        );
    }
    missing
}

/// The same of header, body and buttons.
fn of_parts(definition: &Definition, parts: &[Value], given: &Given) -> Vec<String> {
    let part = |kind: &str| parts.iter().find(|part| is_kind(part, kind));
    let mut missing = Vec::new();
    if let Some(component) = part("body") {
        let text = body_text(definition, component);
        let is_missing = |name: &&str| given.body.get(*name).is_none_or(|value| value.trim().is_empty());
        let names = placeholders::names(&text).into_iter().filter(is_missing);
        missing.extend(names.map(str::to_owned));
    }
    if part("header").is_some_and(|component| header_lacks(component, given.header.as_ref())) {
        missing.push("header".to_owned());
    }
    let buttons = part("buttons").map_or(&[][..], |component| list(component, "buttons"));
    for (place, button) in buttons.iter().enumerate() {
        let needs = match word(button, "type").to_ascii_lowercase().as_str() {
            // A counted link gets its code when the message is made.
            "url" => !placeholders::names(destination(button)).is_empty(),
            "copy_code" => true,
            _ => false,
        };
        let value = given.buttons.get(&place);
        let lacks_products = is_kind(button, "mpm")
            && given
                .shelves
                .get(&place)
                .is_none_or(|shelf| shelf.sections.is_empty());
        if lacks_products || needs && value.is_none_or(|value| value.trim().is_empty()) {
            missing.push(format!("button {}", place + 1));
        }
    }
    missing
}

fn header_lacks(component: &Value, given: Option<&Value>) -> bool {
    match word(component, "format").to_ascii_lowercase().as_str() {
        "image" | "video" | "document" | "gif" => given.and_then(media_of).is_none(),
        "text" | "" => {
            let value = given.map(|value| match value {
                Value::String(text) => text.clone(),
                parameter => parameter_text(parameter),
            });
            let is_empty = value.is_none_or(|value| value.trim().is_empty());
            is_empty && !placeholders::names(word(component, "text")).is_empty()
        }
        "product" => given.and_then(products::of_header).is_none(),
        // A place is described by the parameter itself.
        _ => given.is_none(),
    }
}

/// A preview as one text, for the thread and for search.
pub fn as_text(preview: &Preview) -> String {
    let header = preview.header.as_ref().map(|header| header.text.as_str());
    let cards = preview.cards.iter().map(|card| card.body.as_str());
    let parts = header
        .into_iter()
        .chain(preview.offer.as_deref())
        .chain([preview.body.as_str()])
        .chain(cards);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("\n").chars().take(MAX_RENDERED).collect()
}

#[cfg(test)]
mod tests;
