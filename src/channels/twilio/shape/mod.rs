//! A template in WhatsApp's form and as a content of Twilio's, both ways.
//!
//! Owns the numbering: Twilio numbers variables over the whole content. Ours come in this order: the body's, keeping their
//! numbers (names are numbered as they appear), then the header's text or file, then those of links, in the order of the
//! buttons; a carousel's cards come last, each with its file and its links. A file's address is ours, with the rest of it as
//! a variable, so that each message can bring its own. One walk does it for samples and for a message's values, so both
//! always agree. Pure. Must not know any call.

mod back;
mod message;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::phrases;
use crate::domain::template::placeholders::{fill, names};
use crate::domain::template::render::{Given, given};
use crate::domain::template::validate::sample_of;
use crate::domain::template::{Category, Definition, ParameterFormat, is_kind, list, word};

pub(super) use back::definition;
pub(super) use message::variables;

/// A content's types, and samples or values of its variables.
type Made = (Map<String, Value>, Map<String, Value>);

/// Cards of a carousel, and buttons of each (contract, section 3; Twilio's page of `twilio/carousel`).
const CARDS: std::ops::RangeInclusive<usize> = 2..=10;
const CARD_BUTTONS: usize = 2;

/// The content types of a definition, and samples of its variables. `base` is where the appliance is reached.
///
/// # Errors
/// What cannot be said in Twilio's form, in plain words.
pub(super) fn types(definition: &Definition, base: &str) -> Result<Made, String> {
    made(definition, base, Values::Samples)
}

/// What Twilio's list will say of a definition: its variables by number, and samples of ours in place of files. `None` for
/// one that Twilio cannot have.
pub(super) fn as_listed(definition: &Definition, base: &str) -> Option<Definition> {
    let (types, variables) = made(definition, base, Values::Listed).ok()?;
    let mut listed = self::definition(
        &json!({"types": types, "variables": variables}),
        definition.category,
    )?;
    listed.ttl_s = definition.ttl_s;
    Some(listed)
}

/// Why Twilio cannot have a template, whatever its samples; `None` if it can.
pub(super) fn unfit(definition: &Definition) -> Option<String> {
    made(definition, "", Values::Listed).err()
}

/// The values of a message by number; `None` if the caller numbered them already.
///
/// # Errors
/// What Twilio cannot take, in plain words.
pub(super) fn numbered(
    definition: &Definition,
    base: &str,
    message: &Value,
) -> Result<Option<Map<String, Value>>, String> {
    let by_number = message
        .get("variables")
        .and_then(Value::as_object)
        .is_some_and(|values| {
            let is_number =
                |name: &String| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
            values.keys().all(is_number) && definition.format == ParameterFormat::Positional
        });
    let alone = ["header", "buttons", "components"]
        .iter()
        .all(|name| message.get(*name).is_none_or(Value::is_null));
    if by_number && alone {
        return Ok(None);
    }
    let given = given(message);
    let (_, values) = made(definition, base, Values::Given(&given))?;
    Ok(Some(values))
}

fn made(definition: &Definition, base: &str, values: Values<'_>) -> Result<Made, String> {
    for kind in ["limited_time_offer", "call_permission_request"] {
        if definition.component(kind).is_some() {
            return Err(phrases::TWILIO_NO_COMPONENT.with(&[("kind", &kind.replace('_', " "))]));
        }
    }
    let mut shape = Shape {
        variables: Map::new(),
        next: 1,
        base,
        values,
    };
    let (name, body) = match definition.category {
        Category::Authentication => ("whatsapp/authentication", shape.code(definition)),
        _ => shape.ordinary(definition)?,
    };
    let mut types = Map::new();
    types.insert(name.to_owned(), body);
    Ok((types, shape.variables))
}

/// What stands for a variable.
#[derive(Clone, Copy)]
enum Values<'a> {
    /// The template's samples; files must have one.
    Samples,
    /// The same, with samples of ours for files.
    Listed,
    /// A message's values.
    Given(&'a Given),
}

/// A card for which a message gives nothing.
static NOTHING: Given = Given {
    header: None,
    body: BTreeMap::new(),
    buttons: BTreeMap::new(),
    shelves: BTreeMap::new(),
    offer_ends_ms: None,
    cards: BTreeMap::new(),
};

impl<'a> Values<'a> {
    fn of_card(self, place: usize) -> Self {
        match self {
            Self::Given(given) => Self::Given(given.cards.get(&place).unwrap_or(&NOTHING)),
            other => other,
        }
    }

    const fn given(self) -> Option<&'a Given> {
        match self {
            Self::Given(given) => Some(given),
            Self::Samples | Self::Listed => None,
        }
    }
}

struct Shape<'a> {
    variables: Map<String, Value>,
    next: usize,
    base: &'a str,
    values: Values<'a>,
}

impl Shape<'_> {
    fn code(&mut self, definition: &Definition) -> Value {
        if let Some(value) = self.values.given().and_then(|given| given.body.get("1")) {
            self.variables.insert("1".to_owned(), value.clone().into());
        }
        code(definition)
    }

    fn ordinary(&mut self, definition: &Definition) -> Result<(&'static str, Value), String> {
        let body = self.body(definition);
        let mut content = json!({ "body": body });
        if let Some(header) = definition.component("header") {
            self.header(header, &mut content)?;
        }
        let footer = definition.text("footer");
        if !footer.is_empty() {
            content["footer"] = footer.into();
        }
        let buttons = definition
            .component("buttons")
            .map_or(&[][..], |it| list(it, "buttons"));
        let actions = self.actions(buttons, &|title| title.to_owned())?;
        if let Some(carousel) = definition.component("carousel") {
            if content.get("media").is_some() || content.get("header_text").is_some() || !actions.is_empty() {
                return Err(phrases::TWILIO_CAROUSEL_BARE.text().to_owned());
            }
            return self.carousel(list(carousel, "cards"), content);
        }
        let kind = kind_of(&content, &actions);
        if !actions.is_empty() {
            content["actions"] = actions.into();
        }
        Ok((kind, content))
    }

    /// The body with its variables by number.
    fn body(&mut self, definition: &Definition) -> String {
        let text = definition.text("body");
        let component = definition.component("body");
        let all = names(text);
        let number = |name: &str| match definition.format {
            ParameterFormat::Positional => name.to_owned(),
            ParameterFormat::Named => all
                .iter()
                .position(|known| *known == name)
                .map_or_else(|| name.to_owned(), |place| (place + 1).to_string()),
        };
        for name in &all {
            let value = match self.values.given() {
                Some(given) => given.body.get(*name).filter(|value| !value.is_empty()).cloned(),
                None => {
                    let sample = component.and_then(|it| sample_of(it, "body_text", name));
                    Some(sample.unwrap_or_default().to_owned())
                }
            };
            if let Some(value) = value {
                self.variables.insert(number(name), value.into());
            }
        }
        self.next = all.len() + 1;
        fill(text, |name| Some(format!("{{{{{}}}}}", number(name))))
    }

    /// The number of a new variable. Without a value Twilio would show the sample, so that one is left out.
    fn variable(&mut self, value: Option<String>) -> String {
        let number = self.next.to_string();
        self.next += 1;
        if let Some(value) = value {
            self.variables.insert(number.clone(), value.into());
        }
        number
    }

    fn header(&mut self, header: &Value, content: &mut Value) -> Result<(), String> {
        match word(header, "format").to_ascii_uppercase().as_str() {
            "TEXT" => {
                let text = word(header, "text");
                let text = match names(text).first() {
                    Some(name) => {
                        let value = match self.values.given() {
                            Some(given) => given.header.as_ref().and_then(message::header_text),
                            None => Some(
                                sample_of(header, "header_text", name)
                                    .unwrap_or_default()
                                    .to_owned(),
                            ),
                        };
                        let number = self.variable(value);
                        fill(text, |_| Some(format!("{{{{{number}}}}}")))
                    }
                    None => text.to_owned(),
                };
                content["header_text"] = text.into();
                Ok(())
            }
            _ => {
                content["media"] = json!([self.file(header)?]);
                Ok(())
            }
        }
    }

    /// The address of a header's file: ours, with the rest as a variable.
    fn file(&mut self, header: &Value) -> Result<String, String> {
        let format = word(header, "format").to_ascii_uppercase();
        let Some(ending) = back::ending_of(&format) else {
            return Err(phrases::TWILIO_NO_HEADER.with(&[("format", &format.to_ascii_lowercase())]));
        };
        let below = |address: &str| {
            let rest = address.strip_prefix(self.base)?.strip_prefix('/')?;
            (!self.base.is_empty()).then(|| rest.to_owned())
        };
        let path = match self.values {
            Values::Samples => {
                let handle = header
                    .pointer("/example/header_handle/0")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                Some(below(handle).ok_or(phrases::TWILIO_SAMPLE_HERE.text())?)
            }
            Values::Listed => Some(format!("media/sample.{ending}")),
            Values::Given(given) => match given.header.as_ref().and_then(message::file_of) {
                Some(address) => Some(below(&address).ok_or(phrases::TWILIO_FILE_HERE.text())?),
                None => None,
            },
        };
        let number = self.variable(path);
        Ok(format!("{}/{{{{{number}}}}}", self.base))
    }

    fn actions(&mut self, buttons: &[Value], id: &dyn Fn(&str) -> String) -> Result<Vec<Value>, String> {
        let all = buttons.iter().enumerate();
        all.map(|(place, button)| self.action(button, place, id))
            .collect()
    }

    fn action(&mut self, button: &Value, place: usize, id: &dyn Fn(&str) -> String) -> Result<Value, String> {
        let title = word(button, "text");
        match word(button, "type").to_ascii_uppercase().as_str() {
            "QUICK_REPLY" => Ok(json!({"type": "QUICK_REPLY", "title": title, "id": id(title)})),
            "PHONE_NUMBER" => {
                Ok(json!({"type": "PHONE_NUMBER", "title": title, "phone": word(button, "phone_number")}))
            }
            "URL" => {
                let url = word(button, "url");
                let url = match names(url).is_empty() {
                    true => url.to_owned(),
                    false => {
                        let value = self.ending(button, place, url);
                        let number = self.variable(value);
                        fill(url, |_| Some(format!("{{{{{number}}}}}")))
                    }
                };
                Ok(json!({"type": "URL", "title": title, "url": url}))
            }
            other => {
                let kind = other.to_ascii_lowercase().replace('_', " ");
                Err(phrases::TWILIO_NO_BUTTON.with(&[("kind", &kind)]))
            }
        }
    }

    /// What stands at the end of a link.
    fn ending(&self, button: &Value, place: usize, url: &str) -> Option<String> {
        if let Some(given) = self.values.given() {
            return given
                .buttons
                .get(&place)
                .filter(|value| !value.is_empty())
                .cloned();
        }
        let sample = button
            .pointer("/example/0")
            .and_then(Value::as_str)
            .unwrap_or_default();
        // A whole address as the sample of its ending is cut to that.
        let start = fill(url, |_| Some(String::new()));
        Some(sample.strip_prefix(&start).unwrap_or(sample).to_owned())
    }

    fn carousel(&mut self, cards: &[Value], mut content: Value) -> Result<(&'static str, Value), String> {
        if content.get("footer").is_some() {
            return Err(phrases::TWILIO_CAROUSEL_FOOTER.text().to_owned());
        }
        if !CARDS.contains(&cards.len()) {
            return Err(phrases::TWILIO_CAROUSEL_CARDS.with(&[("count", &cards.len())]));
        }
        let outer = self.values;
        let mut made = Vec::new();
        for (place, card) in cards.iter().enumerate() {
            self.values = outer.of_card(place);
            made.push(self.card(card, place)?);
        }
        self.values = outer;
        content["cards"] = made.into();
        Ok(("twilio/carousel", content))
    }

    fn card(&mut self, card: &Value, place: usize) -> Result<Value, String> {
        let parts = list(card, "components");
        let part = |kind: &str| parts.iter().find(|part| is_kind(part, kind));
        let number = place + 1;
        let text = part("body").map_or("", |body| word(body, "text"));
        if text.is_empty() {
            return Err(phrases::TWILIO_CARD_TEXT.with(&[("number", &number)]));
        }
        if !names(text).is_empty() {
            return Err(phrases::TWILIO_CARD_VARIABLE.with(&[("number", &number)]));
        }
        let Some(header) = part("header").filter(|header| !is_document(header)) else {
            return Err(phrases::TWILIO_CARD_FILE.with(&[("number", &number)]));
        };
        let media = self.file(header)?;
        let buttons = part("buttons").map_or(&[][..], |it| list(it, "buttons"));
        if buttons.is_empty() || buttons.len() > CARD_BUTTONS {
            return Err(phrases::TWILIO_CARD_BUTTONS.with(&[("number", &number)]));
        }
        // Cards have the same labels: the tapped one is known by its number.
        let actions = self.actions(buttons, &|title| format!("{title} {number}"))?;
        Ok(json!({"body": text, "media": media, "actions": actions}))
    }
}

fn is_document(header: &Value) -> bool {
    !["IMAGE", "VIDEO"].contains(&word(header, "format").to_ascii_uppercase().as_str())
}

fn code(definition: &Definition) -> Value {
    let body = definition.component("body");
    let advice = body.and_then(|body| body.get("add_security_recommendation")?.as_bool());
    let footer = definition.component("footer");
    let minutes = footer.and_then(|footer| footer.get("code_expiration_minutes")?.as_i64());
    let button = definition.component("buttons").map(|it| list(it, "buttons"));
    let label = button
        .and_then(<[Value]>::first)
        .map_or("", |button| word(button, "text"));
    let label = if label.is_empty() { "Copy code" } else { label };
    let mut code = json!({
        "add_security_recommendation": advice.unwrap_or(false),
        "actions": [{"type": "COPY_CODE", "copy_code_text": label}],
    });
    if let Some(minutes) = minutes {
        code["code_expiration_minutes"] = minutes.into();
    }
    code
}

/// The simplest content type that holds it all.
fn kind_of(content: &Value, actions: &[Value]) -> &'static str {
    let has = |name: &str| content.get(name).is_some();
    let all = |kinds: &[&str]| actions.iter().all(|it| kinds.contains(&word(it, "type")));
    match () {
        () if has("header_text") || has("footer") || (has("media") && !actions.is_empty()) => "whatsapp/card",
        () if has("media") => "twilio/media",
        () if actions.is_empty() => "twilio/text",
        () if all(&["QUICK_REPLY"]) => "twilio/quick-reply",
        () if actions.len() <= 2 && all(&["URL", "PHONE_NUMBER"]) => "twilio/call-to-action",
        () => "whatsapp/card",
    }
}

#[cfg(test)]
mod tests;
