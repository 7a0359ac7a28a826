//! Templates: WhatsApp's own form, and a short one that is turned into it.
//!
//! WhatsApp's form: `{name, language: {code}, components}`. Short: `{name, language: "en_US", variables}`, with a list for
//! positional and an object for named variables of the body, and optionally `header` (a text, or one parameter object)
//! and `buttons` (`{sub_type?, index?, payload | text | coupon_code | action}`; the index is the place in the list unless
//! given). Either may carry `rendered`, the text as the customer will see it, and `shown`, the same with header, buttons and
//! cards; both stay in the house.

use serde_json::{Map, Value, json};

use super::super::limits;
use super::components::{check_component, check_components, check_parameter, check_parameter_text};
use super::fields::{Checked, Fields};

const FIELDS: [&str; 8] = [
    "name",
    "language",
    "components",
    "variables",
    "header",
    "buttons",
    "rendered",
    "shown",
];

/// The parts of the short form.
const SHORT: [&str; 3] = ["variables", "header", "buttons"];

/// The fields of a short button and the `sub_type` and parameter type that each stands for.
const BUTTON_VALUES: [(&str, &str, &str); 3] = [
    ("payload", "quick_reply", "payload"),
    ("text", "url", "text"),
    ("coupon_code", "copy_code", "coupon_code"),
];

pub(super) fn check(body: &Value) -> Checked {
    let fields = Fields::of(body, "template", &FIELDS)?;
    name(&fields)?;
    language(&fields)?;
    fields.optional_text("rendered", limits::TEXT)?;
    match SHORT.iter().find(|part| fields.has(part)) {
        Some(part) if fields.has("components") => {
            fields.refuse(part, "must not stand beside components; give one of the two.")
        }
        Some(_) => check_short(body, &fields),
        None => check_components(&fields),
    }
}

fn name(fields: &Fields<'_>) -> Checked {
    let name = fields.text("name", limits::TEMPLATE_NAME)?;
    let is_plain = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    match is_plain {
        true => Ok(()),
        false => fields.refuse("name", "may only have small letters, digits and underscores."),
    }
}

fn language(fields: &Fields<'_>) -> Checked {
    let code = match fields.value("language") {
        Some(Value::Object(_)) => {
            let language = fields.object("language", &["code", "policy"])?;
            if language.has("policy") {
                language.word("policy", &["deterministic"])?;
            }
            language.text("code", limits::SHORT_TEXT)?
        }
        _ => fields.text("language", limits::SHORT_TEXT)?,
    };
    match is_language(&normal_code(code)) {
        true => Ok(()),
        false => fields.refuse("language", "must be a language code such as en or en_US."),
    }
}

/// `en-US` → `en_US`: the provider itself writes both, and accepts one.
fn normal_code(code: &str) -> String {
    code.replace('-', "_")
}

fn is_language(code: &str) -> bool {
    let (language, region) = code.split_once('_').map_or((code, None), |(l, r)| (l, Some(r)));
    let is_region = |r: &str| r.len() == 2 && r.bytes().all(|b| b.is_ascii_uppercase());
    matches!(language.len(), 2 | 3)
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && region.is_none_or(is_region)
}

fn check_short(body: &Value, fields: &Fields<'_>) -> Checked {
    match fields.value("variables") {
        None => {}
        Some(Value::Array(values)) => {
            limit_variables(fields, values.len())?;
            for (i, value) in values.iter().enumerate() {
                variable(fields, &format!("variables.{i}"), value)?;
            }
        }
        Some(Value::Object(values)) => {
            limit_variables(fields, values.len())?;
            for (name, value) in values {
                check_variable_name(fields, name)?;
                variable(fields, &format!("variables.{name}"), value)?;
            }
        }
        Some(_) => return fields.refuse("variables", "must be a list, or an object for named variables."),
    }
    match fields.value("header") {
        None => {}
        Some(Value::String(_)) => {
            fields.text("header", limits::HEADER_TEXT)?;
            variable(fields, "header", &body["header"])?;
        }
        Some(header) => check_parameter(header, fields.path_of("header"), "header")?,
    }
    let mut places = Vec::new();
    for (i, (path, button)) in fields
        .optional_list("buttons", limits::TEMPLATE_BUTTONS)?
        .into_iter()
        .enumerate()
    {
        check_button(button, path.clone())?;
        // What it stands for must hold as well: that is where each sub_type's own rules are.
        check_component(&render_button(i, button), path, &mut places, false)?;
    }
    Ok(())
}

fn limit_variables(fields: &Fields<'_>, count: usize) -> Checked {
    match count > limits::TEMPLATE_VARIABLES {
        true => fields.refuse(
            "variables",
            format!("are too many: at most {}.", limits::TEMPLATE_VARIABLES),
        ),
        false => Ok(()),
    }
}

fn check_variable_name(fields: &Fields<'_>, name: &str) -> Checked {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    match (1..=limits::PROVIDER_ID).contains(&name.len()) && name.bytes().all(is_plain) {
        true => Ok(()),
        false => fields.refuse(
            "variables",
            "may only have names of small letters, digits and underscores.",
        ),
    }
}

/// A text or a number.
fn variable(fields: &Fields<'_>, name: &str, value: &Value) -> Checked {
    match value {
        Value::String(text) => check_parameter_text(text, &fields.path_of(name)),
        Value::Number(_) => Ok(()),
        _ => fields.refuse(name, "must be a text or a number."),
    }
}

fn check_button(button: &Value, path: String) -> Checked {
    let button = Fields::of(
        button,
        path,
        &["sub_type", "index", "payload", "text", "coupon_code", "action"],
    )?;
    let given = ["payload", "text", "coupon_code", "action"]
        .into_iter()
        .filter(|name| button.has(name))
        .count();
    match given {
        1 if button.has("action") => button.text("sub_type", limits::SHORT_TEXT).map(drop),
        1 => Ok(()),
        _ => button.refuse(
            "payload",
            "give exactly one of payload, text, coupon_code and action.",
        ),
    }
}

/// The template object in WhatsApp's form. Expects content that passed [`check`].
pub(super) fn render(body: &Value) -> Value {
    let code = match &body["language"] {
        Value::Object(language) => language.get("code").cloned().unwrap_or_default(),
        language => language.clone(),
    };
    let mut language = match &body["language"] {
        Value::Object(language) => language.clone(),
        _ => Map::new(),
    };
    language.insert(
        "code".into(),
        json!(normal_code(code.as_str().unwrap_or_default())),
    );
    let mut template = Map::new();
    template.insert("name".into(), body["name"].clone());
    template.insert("language".into(), Value::Object(language));
    let components = match body.get("components") {
        Some(Value::Array(components)) => components.clone(),
        _ => components(body),
    };
    // The provider wants components without variables left out.
    if !components.is_empty() {
        template.insert("components".into(), Value::Array(components));
    }
    Value::Object(template)
}

/// The components that the short form stands for.
fn components(body: &Value) -> Vec<Value> {
    let header = body
        .get("header")
        .filter(|header| !header.is_null())
        .map(|header| {
            let parameter = match header {
                Value::String(text) => json!({"type": "text", "text": text}),
                parameter => parameter.clone(),
            };
            json!({"type": "header", "parameters": [parameter]})
        });
    let variables: Vec<Value> = match body.get("variables") {
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| json!({"type": "text", "text": word(value)}))
            .collect(),
        Some(Value::Object(values)) => values
            .iter()
            .map(|(name, value)| json!({"type": "text", "parameter_name": name, "text": word(value)}))
            .collect(),
        _ => Vec::new(),
    };
    let filled = (!variables.is_empty()).then(|| json!({"type": "body", "parameters": variables}));
    let buttons = body.get("buttons").and_then(Value::as_array);
    let buttons = buttons
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(i, button)| render_button(i, button));
    header.into_iter().chain(filled).chain(buttons).collect()
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn render_button(place: usize, button: &Value) -> Value {
    let given = BUTTON_VALUES
        .iter()
        .find_map(|(name, sub_type, kind)| Some((*sub_type, *kind, button.get(name)?.clone())));
    let (usual, kind, value) = given.unwrap_or_else(|| ("flow", "action", button["action"].clone()));
    let sub_type = button.get("sub_type").and_then(Value::as_str).unwrap_or(usual);
    let index = match button.get("index") {
        Some(index) if !index.is_null() => word(index),
        _ => place.to_string(),
    };
    json!({
        "type": "button",
        "sub_type": sub_type,
        "index": index,
        "parameters": [{"type": kind, (kind): value}],
    })
}
