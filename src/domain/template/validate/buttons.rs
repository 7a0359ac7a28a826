//! Buttons: how many of each sort, in which order, and what each needs.

use serde_json::Value;

use super::super::{is_kind, list, placeholders, word};
use super::{Report, rules};

/// Sorts that need no label of their own.
const UNLABELLED: [&str; 1] = ["COPY_CODE"];

/// A list of buttons, of a template or a card.
pub(super) fn check(path: &str, component: &Value, max: usize, report: &mut Report) {
    let buttons = list(component, "buttons");
    let field = format!("{path}.buttons");
    if buttons.is_empty() {
        report.add(&field, "buttons_empty");
    }
    let counted = [
        ("URL", rules::URL_BUTTONS),
        ("PHONE_NUMBER", rules::PHONE_BUTTONS),
        ("COPY_CODE", rules::COPY_CODE_BUTTONS),
    ];
    for (kind, max) in counted {
        if buttons.iter().filter(|button| is_kind(button, kind)).count() > max {
            report.limited(&field, "buttons_many", Some(max));
        }
    }
    if buttons.len() > max {
        report.limited(&field, "buttons_many", Some(max));
    }
    if is_mixed(buttons) {
        report.add(&field, "buttons_order");
    }
    for (place, button) in buttons.iter().enumerate() {
        one(&format!("{field}.{place}"), button, buttons, report);
    }
    let mut labels: Vec<&str> = buttons.iter().map(|button| word(button, "text")).collect();
    labels.retain(|label| !label.is_empty());
    labels.sort_unstable();
    if labels.windows(2).any(|pair| pair[0] == pair[1]) {
        report.add(&field, "button_label_twice");
    }
}

/// Quick replies must stand together.
fn is_mixed(buttons: &[Value]) -> bool {
    let mut runs: Vec<bool> = buttons
        .iter()
        .map(|button| is_kind(button, "quick_reply"))
        .collect();
    runs.dedup();
    runs.iter().filter(|is_quick| **is_quick).count() > 1
}

fn one(path: &str, button: &Value, all: &[Value], report: &mut Report) {
    let kind = word(button, "type").to_ascii_uppercase();
    let label = word(button, "text");
    if label.trim().is_empty() && !UNLABELLED.contains(&kind.as_str()) {
        report.add(format!("{path}.text"), "button_label");
    }
    report.no_longer_than(&format!("{path}.text"), label, rules::LABEL);
    if !placeholders::find(label).is_empty() {
        report.add(format!("{path}.text"), "variable_here");
    }
    match kind.as_str() {
        "QUICK_REPLY" | "VOICE_CALL" | "CALL_REQUEST" | "POSTBACK" => {}
        "URL" => url(path, button, report),
        "PHONE_NUMBER" => phone(path, button, report),
        "COPY_CODE" => code(path, button, report),
        "FLOW" => {
            if ["flow_id", "flow_name", "flow_json"]
                .iter()
                .all(|name| button.get(name).is_none_or(is_blank))
            {
                report.add(format!("{path}.flow_id"), "flow_missing");
            }
        }
        "CATALOG" | "MPM" | "SPM" => {
            if all.len() > 1 {
                report.add(path, "button_alone");
            }
        }
        "OTP" => report.add(path, "otp_only_authentication"),
        _ => report.add(format!("{path}.type"), "button_unknown"),
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn url(path: &str, button: &Value, report: &mut Report) {
    let url = word(button, "url");
    let field = format!("{path}.url");
    let plain = placeholders::fill(url, |_| Some("x".to_owned()));
    let host = plain
        .strip_prefix("https://")
        .or_else(|| plain.strip_prefix("http://"));
    let host = host.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    if host.is_none_or(|host| !is_host(host)) || plain.contains(char::is_whitespace) {
        report.add(&field, "url_invalid");
    }
    report.no_longer_than(&field, url, rules::URL);
    match placeholders::find(url).as_slice() {
        [] => {}
        [only] if only.end == url.len() && only.position() == Some(1) => {
            let example = match button.get("example") {
                Some(Value::Array(examples)) => examples.first().and_then(Value::as_str),
                Some(Value::String(example)) => Some(example.as_str()),
                _ => None,
            };
            if example.is_none_or(|example| example.trim().is_empty()) {
                report.add(format!("{path}.example"), "sample_missing");
            }
        }
        _ => report.add(&field, "url_variable"),
    }
}

fn is_host(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    name.contains('.') && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.')
}

fn phone(path: &str, button: &Value, report: &mut Report) {
    let number = word(button, "phone_number");
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let is_number = number.starts_with('+') || number.bytes().next().is_some_and(|b| b.is_ascii_digit());
    let is_plain = number.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
    if !(6..=15).contains(&digits) || !is_number || !is_plain || number.len() > rules::PHONE {
        report.add(format!("{path}.phone_number"), "phone_invalid");
    }
}

fn code(path: &str, button: &Value, report: &mut Report) {
    let example = match button.get("example") {
        Some(Value::Array(examples)) => examples.first().and_then(Value::as_str).unwrap_or_default(),
        Some(Value::String(example)) => example,
        _ => "",
    };
    if example.trim().is_empty() {
        report.add(format!("{path}.example"), "code_missing");
    }
    report.no_longer_than(&format!("{path}.example"), example, rules::CODE);
}
