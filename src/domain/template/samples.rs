//! Samples of media headers: files kept here that stand in a draft, and the handles for which the provider takes them.
//!
//! A header names its sample as `example.media_id` (a file of ours) or as `example.header_handle` (the provider's own name).
//! Owns how the one becomes the other. Must not know where files lie.

use serde_json::{Value, json};

use super::{Definition, is_kind, list, word};
use crate::domain::MediaId;

/// The name of our file in a header's `example`.
const OURS: &str = "media_id";

/// A header whose sample is a file of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    /// Where the header stands, as a path: `components.0`.
    pub path: String,
    /// `IMAGE`, `VIDEO` … in upper case.
    pub format: String,
    /// The file.
    pub media: MediaId,
}

/// Types that a reviewer's sample may have (Meta: resumable upload API).
pub fn types_of(format: &str) -> &'static [&'static str] {
    match format {
        "IMAGE" => &["image/jpeg", "image/png"],
        "VIDEO" | "GIF" => &["video/mp4"],
        "DOCUMENT" => &["application/pdf"],
        _ => &[],
    }
}

/// Every header with a file of ours as its sample, those of cards as well.
pub fn samples(definition: &Definition) -> Vec<Sample> {
    let mut found = Vec::new();
    for (place, component) in definition.components.iter().enumerate() {
        let path = format!("components.{place}");
        found.extend(sample(&path, component));
        for (card, parts) in list(component, "cards").iter().enumerate() {
            for (part, component) in list(parts, "components").iter().enumerate() {
                let path = format!("{path}.cards.{card}.components.{part}");
                found.extend(sample(&path, component));
            }
        }
    }
    found
}

fn sample(path: &str, component: &Value) -> Option<Sample> {
    if !is_kind(component, "header") {
        return None;
    }
    Some(Sample {
        path: path.to_owned(),
        format: word(component, "format").to_ascii_uppercase(),
        media: word(component.get("example")?, OURS).parse().ok()?,
    })
}

/// Whether a header has a sample, ours or the provider's.
pub fn has_sample(component: &Value) -> bool {
    let Some(example) = component.get("example") else {
        return false;
    };
    let handle = |handle: &Value| handle.as_str().is_some_and(|text| !text.is_empty());
    list(example, "header_handle").iter().any(handle) || !word(example, OURS).is_empty()
}

/// The definition as the provider takes it: each file of ours by the name that `handle` has for it; without a sample where it
/// has none.
pub fn with_handles(definition: &Definition, handle: &dyn Fn(MediaId) -> Option<String>) -> Definition {
    let mut wire = definition.clone();
    for component in &mut wire.components {
        put_handle(component, handle);
        let cards = component.get_mut("cards").and_then(Value::as_array_mut);
        for card in cards.into_iter().flatten() {
            let parts = card.get_mut("components").and_then(Value::as_array_mut);
            for part in parts.into_iter().flatten() {
                put_handle(part, handle);
            }
        }
    }
    wire
}

fn put_handle(component: &mut Value, handle: &dyn Fn(MediaId) -> Option<String>) {
    let ours = component
        .get("example")
        .map(|example| word(example, OURS).to_owned());
    let Some(ours) = ours.filter(|ours| !ours.is_empty()) else {
        return;
    };
    let name = ours.parse().ok().and_then(handle);
    let Some(component) = component.as_object_mut() else {
        return;
    };
    match name {
        Some(name) => component.insert("example".into(), json!({"header_handle": [name]})),
        None => component.remove("example"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::template::{Category, ParameterFormat};

    #[test]
    fn files_of_ours_become_handles_in_headers_and_cards() {
        let id = MediaId([7; 16]);
        let header = |format: &str| json!({"type": "Header", "format": format, "example": {"media_id": id.to_string()}});
        let definition = Definition {
            category: Category::Marketing,
            format: ParameterFormat::Positional,
            ttl_s: None,
            components: vec![
                header("image"),
                json!({"type": "BODY", "text": "x", "example": {"media_id": id.to_string()}}),
                json!({"type": "CAROUSEL", "cards": [{"components": [header("VIDEO")]}, 7, {"components": "odd"}]}),
                json!({"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}}),
            ],
        };
        let found = samples(&definition);
        let told: Vec<_> = found
            .iter()
            .map(|it| (it.path.as_str(), it.format.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("components.0", "IMAGE"),
                ("components.2.cards.0.components.0", "VIDEO")
            ]
        );
        let wire = with_handles(&definition, &|media| (media == id).then(|| "4::y".to_owned()));
        assert_eq!(wire.components[0]["example"], json!({"header_handle": ["4::y"]}));
        assert_eq!(
            wire.components[2]["cards"][0]["components"][0]["example"]["header_handle"][0],
            "4::y"
        );
        assert_eq!(wire.components[3], definition.components[3]);
        let without = with_handles(&definition, &|_| None);
        assert_eq!(without.components[0].get("example"), None);
        assert!(has_sample(&definition.components[0]) && has_sample(&definition.components[3]));
        assert!(!has_sample(&without.components[0]));
    }
}
