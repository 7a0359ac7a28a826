//! What differs between two versions of a template, part by part.

use serde_json::Value;

use super::tracked::{destination, is_tracked};
use super::{Definition, list, word};

/// One part that differs.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Difference {
    /// `category`, `header`, `body`, `footer`, `buttons.0`, `ttl`, `sample.body` …
    pub part: String,
    /// What stood there; `None` if nothing did.
    pub before: Option<String>,
    /// What stands there; `None` if nothing does.
    pub after: Option<String>,
}

/// Every part that differs, in reading order.
pub fn between(before: Option<&Definition>, after: Option<&Definition>) -> Vec<Difference> {
    let (before, after) = (
        before.map(parts).unwrap_or_default(),
        after.map(parts).unwrap_or_default(),
    );
    let mut names: Vec<&String> = after.iter().map(|(name, _)| name).collect();
    names.extend(
        before
            .iter()
            .map(|(name, _)| name)
            .filter(|name| !after.iter().any(|(n, _)| n == *name)),
    );
    let find = |parts: &[(String, String)], name: &str| {
        parts
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, text)| text.clone())
    };
    let difference = |name: &String| {
        let (before, after) = (find(&before, name), find(&after, name));
        (before != after).then(|| Difference {
            part: name.clone(),
            before,
            after,
        })
    };
    names.into_iter().filter_map(difference).collect()
}

/// A template as named texts.
fn parts(definition: &Definition) -> Vec<(String, String)> {
    let mut parts = vec![
        ("category".to_owned(), definition.category.as_str().to_owned()),
        ("format".to_owned(), definition.format.as_str().to_owned()),
    ];
    parts.extend(definition.ttl_s.map(|ttl| ("ttl".to_owned(), ttl.to_string())));
    for component in &definition.components {
        let kind = word(component, "type").to_ascii_lowercase();
        match kind.as_str() {
            "buttons" => parts.extend(buttons("buttons", component)),
            "carousel" => parts.extend(cards(component)),
            _ => {
                parts.push((kind.clone(), described(component)));
                let sample = component
                    .get("example")
                    .map(|example| (format!("sample.{kind}"), example.to_string()));
                parts.extend(sample);
            }
        }
    }
    parts
}

fn buttons(prefix: &str, component: &Value) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    for (place, button) in list(component, "buttons").iter().enumerate() {
        parts.push((format!("{prefix}.{place}"), described(button)));
        // Only we know where a counted link leads, as with samples: the provider's list cannot differ in it.
        if is_tracked(button) {
            parts.push((
                format!("sample.link.{prefix}.{place}"),
                destination(button).to_owned(),
            ));
        }
    }
    parts
}

fn cards(component: &Value) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    for (place, card) in list(component, "cards").iter().enumerate() {
        for part in list(card, "components") {
            let kind = word(part, "type").to_ascii_lowercase();
            let name = format!("cards.{place}.{kind}");
            match kind.as_str() {
                "buttons" => parts.extend(buttons(&name, part)),
                _ => parts.push((name, described(part))),
            }
        }
    }
    parts
}

/// A component's text, or what else it says without its type and samples.
fn described(component: &Value) -> String {
    let Some(fields) = component.as_object() else {
        return component.to_string();
    };
    let rest: Vec<String> = fields
        .iter()
        .filter(|(name, _)| !["type", "example", "track", "track_to"].contains(&name.as_str()))
        .map(|(name, value)| match (name.as_str(), value) {
            ("text", Value::String(text)) => text.clone(),
            (name, Value::String(text)) => format!("{name}: {text}"),
            (name, value) => format!("{name}: {value}"),
        })
        .collect();
    rest.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::super::{Category, ParameterFormat};
    use super::*;
    use serde_json::json;

    fn definition(components: Value) -> Definition {
        Definition {
            category: Category::Utility,
            format: ParameterFormat::Positional,
            ttl_s: None,
            components: components.as_array().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn names_each_part_that_differs() {
        let before = definition(json!([{"type": "HEADER", "format": "TEXT", "text": "Order"},
            {"type": "BODY", "text": "It is ready."},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thanks"}]}]));
        let mut after = definition(json!([{"type": "BODY", "text": "It is on its way."},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thanks"},
                {"type": "URL", "text": "Track", "url": "https://a.example"}]}]));
        after.category = Category::Marketing;
        let named: Vec<String> = between(Some(&before), Some(&after))
            .into_iter()
            .map(|difference| difference.part)
            .collect();
        assert_eq!(named, ["category", "body", "buttons.1", "header"]);
        assert!(between(Some(&after), Some(&after)).is_empty());
        assert!(
            between(None, Some(&after))
                .iter()
                .all(|difference| difference.before.is_none())
        );
    }
}
