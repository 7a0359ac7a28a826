//! Looking at JSON field by field, with the path for whoever has to mend it.
//!
//! Owns the words of the refusals and how texts are counted, for every provider. Must not know any content type.

use serde_json::{Map, Value};

use super::FieldError;

/// Longest web address, in UTF-16 units.
pub(super) const URL: usize = 2000;

/// The outcome of a check.
pub(super) type Checked<T = ()> = Result<T, FieldError>;

/// The length of a text as the provider is taken to count it: UTF-16 units.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// An object under check and the path to it.
pub(super) struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// `value` as an object that has no other fields than `allowed`.
    pub(super) fn of(value: &'a Value, path: impl Into<String>, allowed: &[&str]) -> Checked<Self> {
        let path = path.into();
        let Some(map) = value.as_object() else {
            return Err(FieldError::new(path, "must be an object."));
        };
        match map.keys().find(|key| !allowed.contains(&key.as_str())) {
            None => Ok(Self { path, map }),
            Some(key) => {
                let shown: String = key.chars().filter(|c| !c.is_control()).take(64).collect();
                Err(FieldError::new(
                    format!("{path}.{shown}"),
                    format!("is not known here. Known are: {}.", allowed.join(", ")),
                ))
            }
        }
    }

    /// A refusal of the field `name`.
    pub(super) fn refuse<T>(&self, name: &str, detail: impl Into<String>) -> Checked<T> {
        Err(FieldError::new(self.path_of(name), detail))
    }

    /// The path of the field `name`.
    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// Whether the field is there (and not null).
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The field, unless it is missing or null.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// A text that may be missing, of at most `max` UTF-16 units and not blank.
    pub(super) fn optional_text(&self, name: &str, max: usize) -> Checked<Option<&'a str>> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let Some(text) = value.as_str() else {
            return self.refuse(name, "must be a text.");
        };
        if text.trim().is_empty() {
            return self.refuse(name, "must not be empty.");
        }
        match length(text) {
            count if count > max => self.refuse(
                name,
                format!("is too long: {count} characters, at most {max} are allowed."),
            ),
            _ => Ok(Some(text)),
        }
    }

    /// A text that must be there.
    pub(super) fn text(&self, name: &str, max: usize) -> Checked<&'a str> {
        match self.optional_text(name, max)? {
            Some(text) => Ok(text),
            None => self.refuse(name, "is missing."),
        }
    }

    /// A text that must be one of `words`.
    pub(super) fn word(&self, name: &str, words: &[&str]) -> Checked<&'a str> {
        let word = self.text(name, usize::MAX)?;
        match words.contains(&word) {
            true => Ok(word),
            false => self.refuse(name, format!("must be one of: {}.", words.join(", "))),
        }
    }

    /// A yes or no that may be missing.
    pub(super) fn optional_bool(&self, name: &str) -> Checked {
        match self.value(name) {
            None | Some(Value::Bool(_)) => Ok(()),
            Some(_) => self.refuse(name, "must be true or false."),
        }
    }

    /// A web address that must be there.
    pub(super) fn url(&self, name: &str) -> Checked {
        let text = self.text(name, URL)?;
        let is_web = reqwest::Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
        });
        match is_web {
            true => Ok(()),
            false => self.refuse(
                name,
                "must be a web address that begins with https:// or http://.",
            ),
        }
    }

    /// An object that must be there and has no other fields than `allowed`.
    pub(super) fn object(&self, name: &str, allowed: &[&str]) -> Checked<Self> {
        match self.value(name) {
            Some(value) => Fields::of(value, self.path_of(name), allowed),
            None => self.refuse(name, "is missing."),
        }
    }

    /// The same for one that may be missing.
    pub(super) fn optional_object(&self, name: &str, allowed: &[&str]) -> Checked<Option<Self>> {
        self.value(name)
            .map(|value| Fields::of(value, self.path_of(name), allowed))
            .transpose()
    }

    /// A list that must be there, with its elements' paths.
    pub(super) fn list(&self, name: &str, min: usize, max: usize) -> Checked<Vec<(String, &'a Value)>> {
        let Some(items) = self.value(name).and_then(Value::as_array) else {
            return self.refuse(name, "must be a list.");
        };
        if !(min..=max).contains(&items.len()) {
            let count = items.len();
            return self.refuse(name, format!("has {count} elements; {min} to {max} are allowed."));
        }
        let path = self.path_of(name);
        Ok(items
            .iter()
            .enumerate()
            .map(|(i, item)| (format!("{path}.{i}"), item))
            .collect())
    }

    /// The same for one that may be missing.
    pub(super) fn optional_list(&self, name: &str, max: usize) -> Checked<Vec<(String, &'a Value)>> {
        match self.has(name) {
            true => self.list(name, 0, max),
            false => Ok(Vec::new()),
        }
    }
}

/// Refuses a value that was there before.
pub(super) fn unique<'a>(seen: &mut Vec<&'a str>, value: &'a str, path: &str) -> Checked {
    match seen.contains(&value) {
        true => Err(FieldError::new(path, "stands twice; each must be different.")),
        false => {
            seen.push(value);
            Ok(())
        }
    }
}
