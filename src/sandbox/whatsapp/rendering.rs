//! What a template message looks like on the customer's phone: texts with their variables filled in, and buttons.

use serde_json::{Map, Value, json};

use super::config::TemplateConfig;

/// `{"header"?: …, "body": "…", "footer"?: "…", "buttons": [{"type", "text", "payload"?, "url"?, "products"?}], "cards"?: […]}`,
/// cards with the same parts. A text header is a string, a media or product header the parameter as sent.
pub(crate) fn render(message: &Value, template: &TemplateConfig) -> Value {
    parts(message, &template.components)
}

fn parts(message: &Value, components: &[Value]) -> Value {
    let mut view = Map::new();
    view.insert("buttons".to_owned(), json!([]));
    for component in components {
        let kind = component["type"].as_str().unwrap_or("").to_ascii_lowercase();
        let given = sent(message, &kind).next().map_or(&[][..], parameters);
        let text = component["text"].as_str().map(|text| fill(text, given));
        match (kind.as_str(), text) {
            ("header", None) => {
                view.insert(kind, given.first().cloned().unwrap_or(Value::Null));
            }
            ("header" | "body" | "footer", Some(text)) => {
                view.insert(kind, text.into());
            }
            ("buttons", _) => {
                view.insert(kind, buttons(message, component));
            }
            ("carousel", _) => {
                view.insert("cards".to_owned(), cards(message, component));
            }
            _ => {}
        }
    }
    Value::Object(view)
}

/// Cards are numbered as the template has them.
fn cards(message: &Value, component: &Value) -> Value {
    let given = sent(message, "carousel").next();
    let given = given
        .and_then(|part| part["cards"].as_array())
        .into_iter()
        .flatten();
    let given: Vec<&Value> = given.collect();
    let defined = component["cards"].as_array().into_iter().flatten();
    let card = |(place, card): (usize, &Value)| {
        let own = card["components"].as_array().map_or(&[][..], Vec::as_slice);
        parts(given.get(place).unwrap_or(&&Value::Null), own)
    };
    defined.enumerate().map(card).collect()
}

fn sent<'a, 'k>(message: &'a Value, kind: &'k str) -> impl Iterator<Item = &'a Value> + use<'a, 'k> {
    let components = message["components"].as_array().into_iter().flatten();
    components.filter(move |part| {
        part["type"]
            .as_str()
            .is_some_and(|given| given.eq_ignore_ascii_case(kind))
    })
}

fn parameters(component: &Value) -> &[Value] {
    component["parameters"].as_array().map_or(&[], Vec::as_slice)
}

/// Replaces `{{1}}` by the first parameter and `{{name}}` by the one of that name; unknown ones stay as they are.
fn fill(text: &str, given: &[Value]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            rest = &rest[before.len()..];
            break;
        };
        match value(name.trim(), given) {
            Some(value) => out.push_str(value),
            None => {
                out.push_str("{{");
                out.push_str(name);
                out.push_str("}}");
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn value<'a>(name: &str, given: &'a [Value]) -> Option<&'a str> {
    let parameter = match name.parse::<usize>() {
        Ok(position) => given.get(position.checked_sub(1)?)?,
        Err(_) => given
            .iter()
            .find(|parameter| parameter["parameter_name"] == name)?,
    };
    let kind = parameter["type"].as_str()?;
    parameter["text"]
        .as_str()
        .or_else(|| parameter[kind]["fallback_value"].as_str())
}

fn buttons(message: &Value, component: &Value) -> Value {
    let defined = component["buttons"].as_array().into_iter().flatten();
    let view = defined.enumerate().map(|(index, button)| {
        let own = sent(message, "button").find(|part| match &part["index"] {
            Value::String(text) => text.parse() == Ok(index),
            other => other.as_u64() == Some(index as u64),
        });
        let given = own.map_or(&[][..], parameters);
        let text = button["text"].as_str().unwrap_or("");
        let mut view = json!({"type": button["type"], "text": text});
        if button["type"]
            .as_str()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("quick_reply"))
        {
            // The label is the payload where the business gave none.
            let payload = given.first().and_then(|parameter| parameter["payload"].as_str());
            view["payload"] = payload.unwrap_or(text).into();
        }
        let action = given
            .first()
            .map_or(&Value::Null, |parameter| &parameter["action"]);
        if action["sections"].is_array() || action["thumbnail_product_retailer_id"].is_string() {
            view["products"] = action.clone();
        }
        if let Some(url) = button["url"].as_str() {
            view["url"] = fill(url, given).into();
        }
        view
    });
    view.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_by_position_and_by_name_and_leaves_the_rest() {
        let positional = [
            json!({"type": "text", "text": "Amina"}),
            json!({"type": "text", "text": "{{1}}"}),
        ];
        let price = [json!({"type": "currency", "currency": {"fallback_value": "KES 5"}})];
        let named = [json!({"type": "text", "parameter_name": "who", "text": "Amina"})];
        for (text, given, expected) in [
            (
                "Hi {{1}}, {{2}} and {{1}}.",
                &positional[..],
                "Hi Amina, {{1}} and Amina.",
            ),
            ("Pay {{ 1 }} now", &price[..], "Pay KES 5 now"),
            (
                "Hi {{who}}, {{0}} {{3}} {{what}}",
                &named[..],
                "Hi Amina, {{0}} {{3}} {{what}}",
            ),
            ("open {{ and no end", &named[..], "open {{ and no end"),
            ("", &[][..], ""),
        ] {
            assert_eq!(fill(text, given), expected);
        }
    }
}
