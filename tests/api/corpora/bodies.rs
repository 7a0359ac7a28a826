//! The bodies of a folder, made fit for the test's own channels.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::desk::{ACCOUNT, INSTAGRAM, NUMBER};

/// Whose entrance a body is posted to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Source {
    Whatsapp,
    Instagram,
    Twilio,
    Dialog360,
}

const SOURCES: [(Source, &str); 4] = [
    (Source::Whatsapp, "whatsapp"),
    (Source::Instagram, "instagram"),
    (Source::Twilio, "twilio"),
    (Source::Dialog360, "dialog360"),
];

/// One body, as it is posted. That of Twilio's is an object of parameters.
#[derive(Clone, Debug)]
pub struct Body {
    pub source: Source,
    /// File, and number within it.
    pub name: String,
    pub json: Value,
}

impl Body {
    /// The bytes that are posted.
    pub fn bytes(&self) -> Vec<u8> {
        match self.source {
            Source::Twilio => form(&self.json).into_bytes(),
            _ => self.json.to_string().into_bytes(),
        }
    }
}

/// Every body below `folder`, with ids of its own.
pub fn read_all(folder: &Path) -> Vec<Body> {
    let mut all = Vec::new();
    for (source, name) in SOURCES {
        let mut files = Vec::new();
        list(&folder.join(name), &mut files);
        for file in files {
            let mut found = Vec::new();
            for value in read(&file) {
                collect(source, value, &mut found);
            }
            let place = file.strip_prefix(folder).unwrap_or(&file).display().to_string();
            for (at, mut json) in found.into_iter().enumerate() {
                make_own(source, &mut json, all.len() + 1);
                let name = format!("{place}#{}", at + 1);
                all.push(Body { source, name, json });
            }
        }
    }
    all
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        match path.is_dir() {
            true => list(&path, files),
            false => files.push(path),
        }
    }
}

fn read(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let json = |text: &str| {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{}: {error}: {text}", file.display()))
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("json") => vec![json(&text)],
        Some("jsonl" | "ndjson") => lines.map(json).collect(),
        Some("form") => lines.map(parameters).collect(),
        _ => Vec::new(),
    }
}

/// Bodies anywhere inside a value.
fn collect(source: Source, value: Value, found: &mut Vec<Value>) {
    let any = |names: &[&str]| names.iter().any(|name| value.get(name).is_some());
    let is_body = match source {
        Source::Whatsapp | Source::Instagram => any(&["entry"]),
        Source::Dialog360 => any(&["entry", "messages", "statuses"]),
        Source::Twilio => any(&["MessageSid", "SmsSid", "SmsMessageSid", "AccountSid", "From"]),
    };
    match value {
        Value::Object(_) if is_body => found.push(value),
        Value::Object(fields) => fields
            .into_iter()
            .for_each(|(_, inner)| collect(source, inner, found)),
        Value::Array(list) => list.into_iter().for_each(|inner| collect(source, inner, found)),
        _ => {}
    }
}

fn make_own(source: Source, body: &mut Value, number: usize) {
    match source {
        Source::Twilio => {
            for name in ["MessageSid", "SmsSid", "SmsMessageSid"] {
                suffix(body.get_mut(name), number);
            }
        }
        Source::Instagram => each(body.get_mut("entry"), &mut |entry| {
            let old = entry.get("id").cloned().unwrap_or(Value::Null);
            address(entry.get_mut("id"), INSTAGRAM);
            own_instagram(entry, &old, number);
        }),
        Source::Whatsapp | Source::Dialog360 => {
            each(body.get_mut("entry"), &mut |entry| {
                address(entry.get_mut("id"), ACCOUNT);
                each(entry.get_mut("changes"), &mut |change| {
                    if let Some(value) = change.get_mut("value") {
                        address(value.pointer_mut("/metadata/phone_number_id"), NUMBER);
                        address(value.pointer_mut("/waba_info/waba_id"), ACCOUNT);
                        own_whatsapp(value, number);
                    }
                });
            });
            own_whatsapp(body, number);
        }
    }
}

fn own_whatsapp(value: &mut Value, number: usize) {
    for list in ["messages", "message_echoes", "statuses"] {
        each(value.get_mut(list), &mut |one| suffix(one.get_mut("id"), number));
    }
    each(value.get_mut("history"), &mut |chunk| {
        each(chunk.get_mut("threads"), &mut |thread| {
            each(thread.get_mut("messages"), &mut |one| {
                suffix(one.get_mut("id"), number)
            });
        });
    });
}

/// The account becomes ours wherever the entry's own id stands, and every message gets an id of its own.
fn own_instagram(value: &mut Value, account: &Value, number: usize) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields.iter_mut() {
                match name.as_str() {
                    "mid" => suffix(Some(inner), number),
                    "id" if !account.is_null() && inner == account => *inner = json!(INSTAGRAM),
                    _ => own_instagram(inner, account, number),
                }
            }
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|inner| own_instagram(inner, account, number)),
        _ => {}
    }
}

fn each(list: Option<&mut Value>, change: &mut dyn FnMut(&mut Value)) {
    if let Some(Value::Array(list)) = list {
        list.iter_mut().for_each(change);
    }
}

fn address(place: Option<&mut Value>, ours: &str) {
    match place {
        Some(place @ Value::String(_)) => *place = json!(ours),
        Some(place @ Value::Number(_)) => *place = json!(ours.parse::<u64>().expect("a number")),
        _ => {}
    }
}

fn suffix(place: Option<&mut Value>, number: usize) {
    match place {
        Some(Value::String(id)) if !id.trim().is_empty() => id.push_str(&format!(".{number}")),
        Some(place @ Value::Number(_)) => {
            let id = format!("{place}{number:06}");
            *place = serde_json::from_str(&id).unwrap_or(json!(id));
        }
        _ => {}
    }
}

/// A form's parameters; of a name that stands there twice, a list.
fn parameters(form: &str) -> Value {
    let url = reqwest::Url::parse(&format!("http://x/?{}", form.trim())).expect("a form");
    let mut fields = Map::new();
    for (name, value) in url.query_pairs() {
        let value = json!(value);
        match fields.get_mut(name.as_ref()) {
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = json!([first.clone(), value]),
            None => drop(fields.insert(name.into_owned(), value)),
        }
    }
    Value::Object(fields)
}

/// The parameters of a body of Twilio's, in order.
pub fn pairs(body: &Value) -> Vec<(String, String)> {
    let said = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let fields = body.as_object().into_iter().flatten();
    fields
        .flat_map(|(name, value)| match value {
            Value::Array(list) => list.iter().map(|one| (name.clone(), said(one))).collect(),
            one => vec![(name.clone(), said(one))],
        })
        .collect()
}

fn form(body: &Value) -> String {
    let mut url = reqwest::Url::parse("http://x/").expect("a URL");
    url.query_pairs_mut().extend_pairs(pairs(body));
    url.query().unwrap_or_default().to_owned()
}
