//! Template messages: the form of the request, and the parameters against the template's definition.

use serde_json::Value;

use super::super::config::TemplateConfig;
use super::super::errors::GraphError;
use super::Checked;
use super::fields::{Fields, units};
use super::interactive::product_sections;

/// Checks what can be said without knowing the template.
pub(super) fn check_form(template: &Fields<'_>) -> Checked<()> {
    template.string("name", 1, 512)?;
    let language = template.object("language")?;
    language.string("code", 2, 16)?;
    if !template.has("components") {
        return Ok(());
    }
    for component in template.list("components", 0, 16)? {
        let kind = component.string("type", 1, 32)?.to_ascii_lowercase();
        match kind.as_str() {
            "header" | "body" | "limited_time_offer" => parameters(&component)?,
            "button" => button(&component)?,
            "carousel" => cards(&component)?,
            _ => return Err(component.invalid("type", "is not a component type.")),
        }
    }
    Ok(())
}

/// Cards have a header, a body and buttons, as the message itself.
fn cards(component: &Fields<'_>) -> Checked<()> {
    for card in component.list("cards", 1, 10)? {
        for part in card.list("components", 0, 8)? {
            match part.string("type", 1, 32)?.to_ascii_lowercase().as_str() {
                "header" | "body" => parameters(&part)?,
                "button" => button(&part)?,
                _ => return Err(part.invalid("type", "is not a component type of a card.")),
            }
        }
    }
    Ok(())
}

fn parameters(component: &Fields<'_>) -> Checked<()> {
    if !component.has("parameters") {
        return Ok(());
    }
    for parameter in component.list("parameters", 0, 128)? {
        let kind = parameter.string("type", 1, 32)?;
        if kind == "text" {
            let text = parameter.string("text", 1, 32_768)?;
            if text.contains(['\n', '\r', '\t']) || text.contains("     ") {
                return Err(GraphError::new(132_018));
            }
        } else if !parameter.has(kind) {
            return Err(parameter.missing(kind));
        } else if kind == "product" {
            let product = parameter.object(kind)?;
            product.string("product_retailer_id", 1, 256)?;
            product.string("catalog_id", 1, 256)?;
        }
    }
    Ok(())
}

fn button(component: &Fields<'_>) -> Checked<()> {
    let sub_type = component.string("sub_type", 1, 32)?.to_ascii_lowercase();
    let index = component.number("index")?;
    if !(0.0..10.0).contains(&index) || index.fract() != 0.0 {
        return Err(component.invalid("index", "must be between 0 and 9."));
    }
    parameters(component)?;
    match sub_type.as_str() {
        "mpm" => products(component),
        _ => Ok(()),
    }
}

/// The products of a multi-product button, and the one whose picture is shown.
fn products(component: &Fields<'_>) -> Checked<()> {
    for parameter in component.list("parameters", 1, 1)? {
        let action = parameter.object("action")?;
        action.string("thumbnail_product_retailer_id", 1, 256)?;
        product_sections(&action)?;
    }
    Ok(())
}

/// Checks a form-valid template message against the template's definition.
pub(crate) fn check(message: &Value, template: &TemplateConfig) -> Checked<()> {
    let sent = |wanted: &str| {
        message["components"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|component| is_kind(component, wanted))
    };
    body(sent("body"), template)?;
    if template.body_only {
        return Ok(());
    }
    header(sent("header"), defined(template, "header"))?;
    carousel(sent("carousel"), template)?;
    buttons(message, template)
}

/// Every card needs what its header is: a file or a product.
fn carousel(sent: Option<&Value>, template: &TemplateConfig) -> Checked<()> {
    let list = |value: &'_ Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let wanted = defined(template, "carousel").map_or_else(Vec::new, |part| list(part, "cards"));
    let given = sent.map_or_else(Vec::new, |part| list(part, "cards"));
    if wanted.len() != given.len() {
        return Err(count_mismatch("carousel cards", given.len(), wanted.len()));
    }
    for (card, own) in wanted.iter().zip(&given) {
        let (card, own) = (list(card, "components"), list(own, "components"));
        let part = |parts: &[Value]| parts.iter().find(|part| is_kind(part, "header")).cloned();
        header(part(&own).as_ref(), part(&card).as_ref())?;
    }
    Ok(())
}

fn is_kind(component: &Value, wanted: &str) -> bool {
    component["type"]
        .as_str()
        .is_some_and(|kind| kind.eq_ignore_ascii_case(wanted))
}

fn defined<'a>(template: &'a TemplateConfig, wanted: &str) -> Option<&'a Value> {
    template
        .components
        .iter()
        .find(|component| is_kind(component, wanted))
}

/// The variables of a template text, in order of appearance, each once.
pub(crate) fn variables(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start + 2..].find("}}") else {
            break;
        };
        let name = rest[start + 2..start + 2 + length].trim().to_owned();
        if !found.contains(&name) {
            found.push(name);
        }
        rest = &rest[start + 2 + length + 2..];
    }
    found
}

fn given(component: Option<&Value>) -> &[Value] {
    component
        .and_then(|component| component["parameters"].as_array())
        .map_or(&[], Vec::as_slice)
}

fn count_mismatch(place: &str, got: usize, wanted: usize) -> GraphError {
    GraphError::with(
        132_000,
        format!(
            "{place}: number of localizable_params ({got}) does not match the expected number of params ({wanted})"
        ),
    )
}

fn body(sent: Option<&Value>, template: &TemplateConfig) -> Checked<()> {
    // Authentication bodies are fixed texts with the code as their only variable.
    let (wanted, text) = match defined(template, "body") {
        Some(component)
            if template.category.eq_ignore_ascii_case("AUTHENTICATION") && component["text"].is_null() =>
        {
            (vec!["1".to_owned()], "")
        }
        Some(component) => (
            variables(component["text"].as_str().unwrap_or("")),
            component["text"].as_str().unwrap_or(""),
        ),
        None => (Vec::new(), ""),
    };
    let given = given(sent);
    if given.len() != wanted.len() {
        return Err(count_mismatch("body", given.len(), wanted.len()));
    }
    if template.parameter_format.eq_ignore_ascii_case("NAMED") {
        for name in &wanted {
            if !given
                .iter()
                .any(|parameter| parameter["parameter_name"].as_str() == Some(name))
            {
                return Err(GraphError::with(
                    132_012,
                    format!("body: Parameter name is missing or empty ({name})"),
                ));
            }
        }
    }
    let filled: usize = given
        .iter()
        .map(|parameter| units(parameter["text"].as_str().unwrap_or("")))
        .sum();
    if units(text) + filled > 1_024 + 8 * wanted.len() {
        return Err(GraphError::new(132_005));
    }
    Ok(())
}

fn header(sent: Option<&Value>, defined: Option<&Value>) -> Checked<()> {
    let given = given(sent);
    let Some(definition) = defined else {
        return if given.is_empty() {
            Ok(())
        } else {
            Err(count_mismatch("header", given.len(), 0))
        };
    };
    let format = definition["format"]
        .as_str()
        .unwrap_or("TEXT")
        .to_ascii_uppercase();
    if format == "TEXT" {
        let wanted = variables(definition["text"].as_str().unwrap_or("")).len();
        return if given.len() == wanted {
            Ok(())
        } else {
            Err(count_mismatch("header", given.len(), wanted))
        };
    }
    let received = match given {
        [parameter] => parameter["type"]
            .as_str()
            .unwrap_or("UNKNOWN")
            .to_ascii_uppercase(),
        _ => "UNKNOWN".to_owned(),
    };
    if received == format {
        return Ok(());
    }
    Err(GraphError::with(
        132_012,
        format!("header: Format mismatch, expected {format}, received {received}"),
    ))
}

/// Every button with a variable needs its parameter; a parameter needs such a button.
fn buttons(message: &Value, template: &TemplateConfig) -> Checked<()> {
    let none = Vec::new();
    let buttons = defined(template, "buttons")
        .and_then(|set| set["buttons"].as_array())
        .unwrap_or(&none);
    let sent: Vec<&Value> = message["components"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|part| is_kind(part, "button"))
        .collect();
    for (index, button) in buttons.iter().enumerate() {
        let kind = button["type"].as_str().unwrap_or("").to_ascii_uppercase();
        let needs = match kind.as_str() {
            "URL" => !variables(button["url"].as_str().unwrap_or("")).is_empty(),
            "COPY_CODE" | "MPM" | "OTP" => true,
            _ => false,
        };
        if needs
            && !sent
                .iter()
                .any(|part| position(part) == Some(index) && !given(Some(part)).is_empty())
        {
            let details = format!("buttons: Button at index {index} of type {kind} requires a parameter");
            return Err(GraphError::with(131_008, details));
        }
    }
    match sent
        .iter()
        .filter_map(|part| position(part))
        .find(|index| *index >= buttons.len())
    {
        Some(index) => Err(GraphError::with(
            132_018,
            format!("buttons: There is no button at index {index}"),
        )),
        None => Ok(()),
    }
}

fn position(part: &Value) -> Option<usize> {
    match &part["index"] {
        Value::Number(number) => number.as_u64().and_then(|index| usize::try_from(index).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
