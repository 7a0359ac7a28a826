//! Header, body and footer: lengths, variables and their samples.

use serde_json::Value;

use super::super::placeholders::{self, Placeholder};
use super::super::samples::has_sample;
use super::super::{ParameterFormat, list, word};
use super::{Report, rules};

/// A header, also of a card (which then must be of the sort that cards have).
pub(super) fn header(path: &str, component: &Value, format: ParameterFormat, report: &mut Report) {
    match word(component, "format").to_ascii_uppercase().as_str() {
        "TEXT" => text_header(path, component, format, report),
        "IMAGE" | "VIDEO" | "DOCUMENT" | "GIF" => {
            if !has_sample(component) {
                report.add(format!("{path}.example"), "sample_media");
            }
        }
        "LOCATION" | "PRODUCT" => {}
        _ => report.add(format!("{path}.format"), "header_format"),
    }
}

fn text_header(path: &str, component: &Value, format: ParameterFormat, report: &mut Report) {
    let text = word(component, "text");
    let field = format!("{path}.text");
    if text.trim().is_empty() {
        report.add(&field, "header_text");
        return;
    }
    report.no_longer_than(&field, text, rules::HEADER);
    let found = placeholders::find(text);
    let plain = placeholders::fill(text, |_| Some(String::new()));
    if plain.contains(['\n', '*', '_', '~', '`']) || plain.chars().any(is_emoji) {
        report.add(&field, "header_plain");
    }
    if placeholders::names(text).len() > 1 {
        report.limited(&field, "variable_many", Some(1));
    }
    names(&field, &found, format, report);
    samples(path, component, "header_text", &found, report);
}

/// Pictographs and their modifiers; not letters of any script.
fn is_emoji(c: char) -> bool {
    matches!(u32::from(c), 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0xFE0F | 0x200D | 0x2B50 | 0x2B55)
}

/// A body text of at most `max`.
pub(super) fn body(path: &str, component: &Value, format: ParameterFormat, max: usize, report: &mut Report) {
    let text = word(component, "text");
    let field = format!("{path}.text");
    if text.trim().is_empty() {
        report.add(&field, "body_missing");
        return;
    }
    report.no_longer_than(&field, text, max);
    if text.replace('\r', "").contains("\n\n\n\n") {
        report.add(&field, "lines_empty");
    }
    let found = placeholders::find(text);
    if found.len() > rules::VARIABLES {
        report.limited(&field, "variable_many", Some(rules::VARIABLES));
        return;
    }
    edges(&field, text, &found, report);
    ratio(&field, text, report);
    names(&field, &found, format, report);
    samples(path, component, "body_text", &found, report);
}

/// No variable first or last, none next to another. Punctuation alone is no word.
fn edges(field: &str, text: &str, found: &[Placeholder<'_>], report: &mut Report) {
    let is_bare = |part: &str| !part.chars().any(char::is_alphanumeric);
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        return;
    };
    // The provider looks at the very edges; a full stop behind a variable passes there today, blanks do not.
    if text[..first.start].trim().is_empty() || text[last.end..].trim().is_empty() {
        report.add(field, "variable_edge");
    }
    for pair in found.windows(2) {
        let between = &text[pair[0].end..pair[1].start];
        if is_bare(between) && between.trim().is_empty() {
            report.add(field, "variable_adjacent");
        }
    }
}

/// A common rule of thumb for Meta's 2388293 is three words a variable and one more; Meta's own accepted samples
/// (`Use {{1}} for {{2}} off!`) have fewer, so only what is surely refused is told: fewer words than variables.
fn ratio(field: &str, text: &str, report: &mut Report) {
    let variables = placeholders::names(text).len();
    let words = placeholders::fill(text, |_| Some(" ".to_owned()));
    let words = words
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .count();
    if variables > 0 && words < variables {
        report.add(field, "variable_ratio");
    }
}

/// Names fit the format, and numbers run from one.
fn names(field: &str, found: &[Placeholder<'_>], format: ParameterFormat, report: &mut Report) {
    let positions: Vec<usize> = found.iter().filter_map(Placeholder::position).collect();
    match format {
        ParameterFormat::Positional => {
            if positions.len() != found.len() {
                report.add(field, "variable_format");
            }
            let mut known = positions.clone();
            known.sort_unstable();
            known.dedup();
            if known.iter().enumerate().any(|(i, position)| *position != i + 1) {
                report.add(field, "variable_order");
            }
        }
        ParameterFormat::Named => {
            if !positions.is_empty() {
                report.add(field, "variable_format");
            }
            let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            let is_name = |name: &str| {
                name.bytes().next().is_some_and(|b| b.is_ascii_lowercase()) && name.bytes().all(is_plain)
            };
            let named = found.iter().filter(|one| one.position().is_none());
            if named.into_iter().any(|one| !is_name(one.name)) {
                report.add(field, "variable_name");
            }
        }
    }
}

/// Every variable has a sample. `kind` is the field's name in `example`, `…_named_params` for named ones.
fn samples(path: &str, component: &Value, kind: &str, found: &[Placeholder<'_>], report: &mut Report) {
    let mut names: Vec<&str> = found.iter().map(|one| one.name).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return;
    }
    let field = format!("{path}.example");
    for name in names {
        match sample(component, kind, name) {
            None => report.add(&field, "sample_missing"),
            Some(text) if text.trim().is_empty() => report.add(&field, "sample_missing"),
            Some(text) if text.contains("{{") => report.add(&field, "sample_variable"),
            Some(_) => {}
        }
    }
}

/// The sample of a variable, by number or name.
pub fn sample<'a>(component: &'a Value, kind: &str, name: &str) -> Option<&'a str> {
    let example = component.get("example")?;
    let named = list(example, &format!("{kind}_named_params"));
    if let Some(found) = named.iter().find(|one| word(one, "param_name") == name) {
        return found.get("example")?.as_str();
    }
    let position = name.parse::<usize>().ok()?.checked_sub(1)?;
    let values = list(example, kind);
    // Bodies have a list of lists, headers a list.
    let row = values
        .first()
        .and_then(Value::as_array)
        .map_or(values, Vec::as_slice);
    row.get(position)?.as_str()
}

/// A footer.
pub(super) fn footer(path: &str, component: &Value, report: &mut Report) {
    let text = word(component, "text");
    let field = format!("{path}.text");
    if !placeholders::find(text).is_empty() {
        report.add(&field, "variable_here");
    }
    report.no_longer_than(&field, text, rules::FOOTER);
}
