//! A message's values as Twilio numbers them, where nothing is known of its template: only its order can be followed.

use serde_json::{Map, Value};

use crate::domain::template::{is_kind, list, word};

/// Values of a message as Twilio numbers them: those of the body, then the header's, then those of links.
pub(in super::super) fn variables(message: &Value) -> Map<String, Value> {
    let mut numbered = Map::new();
    let body: Vec<Value> = match message.get("variables") {
        // By number: the caller knows Twilio's own.
        Some(Value::Object(values)) => {
            numbered.extend(values.clone());
            Vec::new()
        }
        Some(Value::Array(values)) => values.clone(),
        _ => of_components(message, "body", &|_| true),
    };
    let first = numbered.len() + 1;
    let header = message
        .get("header")
        .filter(|header| !header.is_null())
        .map(header_value);
    let header = header
        .into_iter()
        .flatten()
        .chain(of_components(message, "header", &|_| true));
    let mut links: Vec<(u64, Value)> = list(message, "buttons")
        .iter()
        .zip(0..)
        .filter_map(|(button, place)| Some((place_of(button).unwrap_or(place), button.get("text")?.clone())))
        .collect();
    links.sort_by_key(|(place, _)| *place);
    let links = links.into_iter().map(|(_, value)| value);
    let links = links.chain(of_components(message, "button", &|it| is_url(it)));
    for (number, value) in (first..).zip(body.into_iter().chain(header).chain(links)) {
        numbered.insert(number.to_string(), value);
    }
    numbered
}

fn place_of(button: &Value) -> Option<u64> {
    match button.get("index")? {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

fn is_url(component: &Value) -> bool {
    word(component, "sub_type").eq_ignore_ascii_case("url")
}

fn of_components(message: &Value, kind: &str, fits: &dyn Fn(&Value) -> bool) -> Vec<Value> {
    let found = list(message, "components")
        .iter()
        .filter(|component| is_kind(component, kind) && fits(component));
    found
        .flat_map(|component| list(component, "parameters").iter().filter_map(header_value))
        .collect()
}

/// A parameter's text, or its file's address.
fn header_value(parameter: &Value) -> Option<Value> {
    match parameter {
        Value::Object(fields) => {
            let kind = word(parameter, "type");
            let file = fields.get(kind).and_then(|file| file.get("link"));
            fields.get("text").or(file).cloned()
        }
        text => Some(text.clone()),
    }
}

/// A header's text: given bare, or as a parameter.
pub(super) fn header_text(parameter: &Value) -> Option<String> {
    let text = header_value(parameter)?;
    match text {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
    .filter(|text| !text.is_empty())
}

/// The address of a header's file.
pub(super) fn file_of(parameter: &Value) -> Option<String> {
    let of_kind = parameter.get(word(parameter, "type"))?;
    Some(word(of_kind, "link"))
        .filter(|link| !link.is_empty())
        .map(str::to_owned)
}
