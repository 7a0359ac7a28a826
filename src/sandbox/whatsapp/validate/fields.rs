//! Typed access to a JSON object that remembers its path, so that every refusal names the parameter.

use serde_json::{Map, Value};

use super::super::errors::GraphError;
use super::{Checked, length, missing};

/// Length in UTF-16 units: the safe way to count emoji (contract, section 9).
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// An object of the request and where it stands.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: String,
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: &'a Map<String, Value>, path: &str) -> Self {
        Self {
            object,
            path: path.to_owned(),
        }
    }

    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The value, unless it is absent or null.
    pub(super) fn raw(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    fn wrong(&self, name: &str, wanted: &str) -> GraphError {
        GraphError::with(100, format!("Param {} must be {wanted}.", self.path(name)))
    }

    pub(super) fn invalid(&self, name: &str, why: &str) -> GraphError {
        GraphError::with(131_009, format!("Parameter '{}' {why}", self.path(name)))
    }

    pub(super) fn missing(&self, name: &str) -> GraphError {
        missing(&self.path(name))
    }

    pub(super) fn optional_string(&self, name: &str, max: usize) -> Checked<Option<&'a str>> {
        let Some(value) = self.raw(name) else {
            return Ok(None);
        };
        let text = value.as_str().ok_or_else(|| self.wrong(name, "a string"))?;
        length(&self.path(name), text, 0, max)?;
        Ok(Some(text))
    }

    pub(super) fn string(&self, name: &str, min: usize, max: usize) -> Checked<&'a str> {
        self.labelled(name, &self.path(name), min, max)
    }

    /// A required string whose length error speaks of `label` ("Button title length invalid …").
    pub(super) fn labelled(&self, name: &str, label: &str, min: usize, max: usize) -> Checked<&'a str> {
        let value = self.raw(name).ok_or_else(|| self.missing(name))?;
        let text = value.as_str().ok_or_else(|| self.wrong(name, "a string"))?;
        length(label, text, min, max)?;
        Ok(text)
    }

    pub(super) fn object(&self, name: &str) -> Checked<Fields<'a>> {
        self.optional_object(name)?.ok_or_else(|| self.missing(name))
    }

    pub(super) fn optional_object(&self, name: &str) -> Checked<Option<Fields<'a>>> {
        match self.raw(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Fields {
                object,
                path: self.path(name),
            })),
            Some(_) => Err(self.wrong(name, "an object")),
        }
    }

    /// A required list of objects with `min..=max` entries.
    pub(super) fn list(&self, name: &str, min: usize, max: usize) -> Checked<Vec<Fields<'a>>> {
        let value = self.raw(name).ok_or_else(|| self.missing(name))?;
        let items = value.as_array().ok_or_else(|| self.wrong(name, "an array"))?;
        if !(min..=max).contains(&items.len()) {
            return Err(self.invalid(
                name,
                &format!("count invalid. Min count: {min}, Max count: {max}"),
            ));
        }
        items
            .iter()
            .enumerate()
            .map(|(index, item)| match item {
                Value::Object(object) => Ok(Fields {
                    object,
                    path: format!("{}[{index}]", self.path(name)),
                }),
                _ => Err(GraphError::with(
                    100,
                    format!("Param {}[{index}] must be an object.", self.path(name)),
                )),
            })
            .collect()
    }

    /// A number, also when written as a string (the documentation's samples do that for coordinates).
    pub(super) fn number(&self, name: &str) -> Checked<f64> {
        let value = self.raw(name).ok_or_else(|| self.missing(name))?;
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .filter(|number| number.is_finite())
            .ok_or_else(|| self.wrong(name, "a number"))
    }
}
