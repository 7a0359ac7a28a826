//! What a provider would refuse, said beforehand: field, rule and remedy for everything that is wrong, not only the first.
//!
//! Pure, and cheap enough to run at every key stroke. Rules and limits stand in [`rules`].

mod buttons;
mod languages;
pub mod rules;
mod special;
mod texts;

use serde_json::Value;

use super::placeholders::length;
use super::{Category, Definition, is_kind, list, word};

pub use languages::LANGUAGES;
pub use texts::sample as sample_of;

/// Most problems that are told.
const MAX_PROBLEMS: usize = 100;

/// One thing that the provider would refuse.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Problem {
    /// Where, as a path: `components.1.text`.
    pub field: String,
    /// Which rule; see [`rules::RULES`].
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// The limit, where the rule has one.
    pub limit: Option<usize>,
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Report(Vec<Problem>);

impl Report {
    fn add(&mut self, field: impl Into<String>, rule: &'static str) {
        self.limited(field, rule, None);
    }

    fn limited(&mut self, field: impl Into<String>, rule: &'static str, limit: Option<usize>) {
        let Some((name, message, remedy)) = rules::rule(rule).filter(|_| self.0.len() < MAX_PROBLEMS) else {
            return;
        };
        let fill =
            |text: &str| limit.map_or_else(|| text.to_owned(), |max| text.replace("{max}", &max.to_string()));
        let problem = Problem {
            field: field.into(),
            rule: name,
            message: fill(message),
            remedy: fill(remedy),
            limit,
        };
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    fn no_longer_than(&mut self, field: &str, text: &str, max: usize) {
        if length(text) > max {
            self.limited(field, "too_long", Some(max));
        }
    }
}

/// Everything that WhatsApp would refuse about a template.
pub fn problems(name: &str, language: &str, definition: &Definition) -> Vec<Problem> {
    let mut report = Report::default();
    check_name(name, &mut report);
    if !LANGUAGES.contains(&language) {
        report.add("language", "language_unknown");
    }
    if definition.category == Category::Service {
        report.add("category", "category_service");
    }
    check_ttl(definition, &mut report);
    check_parts(definition, &mut report);
    match definition.category {
        Category::Authentication => special::authentication(definition, &mut report),
        _ => ordinary(definition, &mut report),
    }
    report.0
}

fn check_name(name: &str, report: &mut Report) {
    if name.is_empty() {
        report.add("name", "name_missing");
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !name.bytes().all(plain) {
        report.add("name", "name_letters");
    }
    report.no_longer_than("name", name, rules::NAME);
}

fn check_ttl(definition: &Definition, report: &mut Report) {
    let Some(ttl) = definition.ttl_s.filter(|ttl| *ttl != -1) else {
        return;
    };
    let range = match definition.category {
        Category::Authentication => 30..=900,
        Category::Utility | Category::Service => 30..=43_200,
        Category::Marketing => 43_200..=2_592_000,
    };
    if !range.contains(&ttl) {
        report.add("message_send_ttl_seconds", "ttl_range");
    }
}

/// Parts that are known, each once.
fn check_parts(definition: &Definition, report: &mut Report) {
    const KNOWN: [&str; 7] = [
        "header",
        "body",
        "footer",
        "buttons",
        "carousel",
        "limited_time_offer",
        "call_permission_request",
    ];
    let mut seen: Vec<String> = Vec::new();
    for (place, component) in definition.components.iter().enumerate() {
        let kind = word(component, "type").to_ascii_lowercase();
        if !KNOWN.contains(&kind.as_str()) {
            report.add(format!("components.{place}.type"), "component_unknown");
        } else if seen.contains(&kind) {
            report.add(format!("components.{place}"), "component_twice");
        }
        seen.push(kind);
    }
}

/// The place of a part, for its path.
fn place_of(definition: &Definition, kind: &str) -> Option<(String, Value)> {
    let found = definition
        .components
        .iter()
        .enumerate()
        .find(|(_, component)| is_kind(component, kind));
    found.map(|(place, component)| (format!("components.{place}"), component.clone()))
}

fn ordinary(definition: &Definition, report: &mut Report) {
    let offer = place_of(definition, "limited_time_offer");
    let carousel = place_of(definition, "carousel");
    if let Some((path, header)) = place_of(definition, "header") {
        texts::header(&path, &header, definition.format, report);
    }
    match place_of(definition, "body") {
        None => report.add("components", "body_missing"),
        Some((path, body)) => {
            let single_product = || has_button(definition, "spm");
            let max = match () {
                () if offer.is_some() => rules::BODY_OFFER,
                () if single_product() => rules::BODY_CARD,
                () => rules::BODY,
            };
            texts::body(&path, &body, definition.format, max, report);
        }
    }
    if let Some((path, footer)) = place_of(definition, "footer") {
        texts::footer(&path, &footer, report);
    }
    if let Some((path, component)) = place_of(definition, "buttons") {
        buttons::check(&path, &component, rules::BUTTONS, report);
    }
    special::products(definition, report);
    if let Some((path, component)) = offer {
        special::offer(definition, &path, &component, report);
    }
    if let Some((path, component)) = carousel {
        special::carousel(definition, &path, &component, report);
    }
}

fn has_button(definition: &Definition, kind: &str) -> bool {
    let buttons = definition.component("buttons");
    buttons.is_some_and(|component| {
        list(component, "buttons")
            .iter()
            .any(|button| is_kind(button, kind))
    })
}

#[cfg(test)]
mod tests;
