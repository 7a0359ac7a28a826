//! The library of ready templates: `data/templates/*.json`, compiled in. One file an industry; each template has its
//! texts in five languages and one set of samples and buttons.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::template::{Category, Definition, ParameterFormat, placeholders};

/// One file an industry.
const FILES: [&str; 6] = [
    include_str!("../../../data/templates/any.json"),
    include_str!("../../../data/templates/retail.json"),
    include_str!("../../../data/templates/food.json"),
    include_str!("../../../data/templates/health.json"),
    include_str!("../../../data/templates/travel.json"),
    include_str!("../../../data/templates/services.json"),
];

/// A template in one language.
pub(super) struct Entry {
    pub purpose: String,
    pub industry: String,
    pub name: String,
    pub language: String,
    pub definition: Definition,
    /// Everything that a search looks at, in small letters.
    pub searched: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sketch {
    name: String,
    #[serde(rename = "use")]
    purpose: String,
    industry: String,
    category: Category,
    /// Samples by language, or for all.
    samples: Value,
    texts: BTreeMap<String, Texts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    header: Option<String>,
    body: String,
    footer: Option<String>,
    /// Labels of quick replies.
    #[serde(default)]
    replies: Vec<String>,
    /// A link: label and address.
    link: Option<(String, String)>,
}

/// Every template of the library, read once. A file that cannot be read is a fault that a test finds; it is left out here.
pub(super) fn all() -> &'static [Entry] {
    static ALL: LazyLock<Vec<Entry>> = LazyLock::new(|| FILES.iter().flat_map(|text| read(text)).collect());
    &ALL
}

fn read(text: &str) -> Vec<Entry> {
    match serde_json::from_str::<Vec<Sketch>>(text) {
        Ok(sketches) => sketches.into_iter().flat_map(entries).collect(),
        Err(error) => {
            tracing::error!(%error, "a file of the template library cannot be read");
            Vec::new()
        }
    }
}

fn entries(sketch: Sketch) -> Vec<Entry> {
    let Sketch {
        name,
        purpose,
        industry,
        category,
        samples,
        texts,
    } = sketch;
    let each = texts.into_iter().map(|(language, texts)| {
        let own = samples.get(&language).unwrap_or(&samples);
        let words = [&name, &purpose, &industry, &texts.body];
        let searched = words.map(|word| word.replace('_', " ").to_lowercase()).join(" ");
        Entry {
            definition: definition(category, &texts, own),
            purpose: purpose.clone(),
            industry: industry.clone(),
            name: name.clone(),
            language,
            searched,
        }
    });
    each.collect()
}

fn definition(category: Category, texts: &Texts, samples: &Value) -> Definition {
    let sample = |name: &str| {
        samples
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let named = |text: &str| -> Vec<Value> {
        let names = placeholders::names(text).into_iter();
        names
            .map(|name| json!({"param_name": name, "example": sample(name)}))
            .collect()
    };
    let part = |kind: &str, field: &str, text: &str| {
        let mut part = json!({"type": kind, "text": text});
        let examples = named(text);
        if !examples.is_empty() {
            part["example"] = json!({ (field): examples });
        }
        part
    };
    let mut components = Vec::new();
    components.extend(texts.header.as_deref().map(|text| {
        let mut header = part("HEADER", "header_text_named_params", text);
        header["format"] = "TEXT".into();
        header
    }));
    components.push(part("BODY", "body_text_named_params", &texts.body));
    components.extend(
        texts
            .footer
            .as_deref()
            .map(|text| json!({"type": "FOOTER", "text": text})),
    );
    let replies = texts
        .replies
        .iter()
        .map(|label| json!({"type": "QUICK_REPLY", "text": label}));
    let link = texts.link.iter().map(|(label, url)| {
        let mut button = json!({"type": "URL", "text": label, "url": url});
        if url.contains("{{1}}") {
            button["example"] = json!([url.replace("{{1}}", "A1042")]);
        }
        button
    });
    let buttons: Vec<Value> = replies.chain(link).collect();
    if !buttons.is_empty() {
        components.push(json!({"type": "BUTTONS", "buttons": buttons}));
    }
    Definition {
        category,
        format: ParameterFormat::Named,
        ttl_s: None,
        components,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::template::validate::problems;

    #[test]
    fn every_template_is_complete_in_five_languages_and_breaks_no_rule() {
        let all: Vec<Entry> = FILES
            .iter()
            .flat_map(|text| {
                let sketches: Vec<Sketch> = serde_json::from_str(text).expect("a file of the library");
                sketches.into_iter().flat_map(entries)
            })
            .collect();
        let mut languages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for entry in &all {
            let found = problems(&entry.name, &entry.language, &entry.definition);
            assert!(found.is_empty(), "{} {}: {found:?}", entry.name, entry.language);
            assert!(
                languages.entry(&entry.name).or_default().insert(&entry.language),
                "{} twice",
                entry.name
            );
        }
        assert!(languages.len() >= 30, "{} templates", languages.len());
        for (name, has) in &languages {
            assert_eq!(
                has.iter().copied().collect::<Vec<_>>(),
                ["ar", "en", "es", "pt_BR", "sw"],
                "{name}"
            );
        }
        for purpose in [
            "welcome",
            "payment_reminder",
            "booking_confirmation",
            "trip_update",
            "issue_notification",
            "order",
            "cart",
            "review",
            "birthday",
        ] {
            assert!(all.iter().any(|entry| entry.purpose == purpose), "{purpose}");
        }
    }

    #[test]
    fn every_language_has_the_same_variables() {
        let mut seen: BTreeMap<&str, (BTreeSet<String>, usize)> = BTreeMap::new();
        for entry in all() {
            let names = placeholders::names(entry.definition.text("body"))
                .into_iter()
                .map(str::to_owned)
                .collect();
            let buttons = entry.definition.component("buttons");
            let count = buttons.map_or(0, |set| crate::domain::template::list(set, "buttons").len());
            let first = seen
                .entry(&entry.name)
                .or_insert_with(|| (BTreeSet::clone(&names), count));
            assert_eq!(*first, (names, count), "{} {}", entry.name, entry.language);
        }
    }
}
