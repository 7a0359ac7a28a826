//! Reading JSON of which nothing may be taken for granted.
//!
//! Owns the lenient readers that parser and client share: objects in the order in which they were written, with every
//! value still raw, so that one unreadable value never takes its neighbours along. Must not know what the fields mean.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::domain::Timestamp;

/// An object's fields in the order in which they stand, unread.
#[derive(Default)]
pub(super) struct RawObject<'a>(Vec<(String, &'a RawValue)>);

impl<'a> RawObject<'a> {
    /// The fields of `raw`, if it is an object.
    pub(super) fn of(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// The fields in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, raw)| (key.as_str(), *raw))
    }

    /// The last field of that name (as every JSON reader takes it).
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, raw)| *raw)
    }

    /// The object under that name.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Self::of(self.get(name)?)
    }

    /// The text or number under that name, as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(&read(self.get(name)?).ok()?)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry::<String, &RawValue>()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Fields).map(Self)
    }
}

/// The elements of `raw`, if it is an array.
pub(super) fn array(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// Reads a value. Half surrogate pairs, which cut texts contain, become replacement characters.
///
/// # Errors
/// Gives the JSON as a string for what cannot be held otherwise (nested too deeply, numbers out of range).
pub(super) fn read(raw: &RawValue) -> Result<Value, Value> {
    serde_json::from_str(raw.get())
        .or_else(|_| serde_json::from_str(&mend_surrogates(raw.get())))
        .map_err(|_| Value::String(raw.get().to_owned()))
}

/// A text or a number as text; blank ones count as absent.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|t| !t.is_empty()).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text or number under `name`, as text.
pub(super) fn text_at(value: &Value, name: &str) -> Option<String> {
    text(value.get(name)?)
}

/// At most `max` characters of a text.
pub(super) fn cut(text: String, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

/// A whole number, written as number or as text.
pub(super) fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// From here on a number of seconds must be one of milliseconds (it would be past the year 5000).
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// A time: seconds or milliseconds since 1970, as number or text, or a date as ISO 8601 writes it.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    let number = match whole_number(value) {
        Some(number) => number,
        None => match text(value)?.split_once('.') {
            Some((whole, rest)) if rest.bytes().all(|byte| byte.is_ascii_digit()) => whole.parse().ok()?,
            _ => return Timestamp::parse(value.as_str()?.trim()),
        },
    };
    Some(match number >= MILLISECONDS_FROM {
        true => Timestamp::from_seconds(number / 1000).plus(number % 1000 * 1000),
        false => Timestamp::from_seconds(number),
    })
}

/// An id for what came without one, made of all that it says: the same again at a second delivery.
pub(super) fn made_up_id(said: &str) -> String {
    let digest = Sha256::digest(said);
    let hex: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("unnamed:{hex}")
}

/// Replaces `\uD800`–`\uDFFF` escapes that have no partner by `\ufffd`.
fn mend_surrogates(json: &str) -> Cow<'_, str> {
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return Cow::Borrowed(json);
    }
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let (length, replacement) = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, None),
            (Some(0xD800..=0xDFFF), _) => (6, Some("\\ufffd")),
            (Some(_), _) => (6, None),
            (None, _) => (1 + rest[1..].chars().next().map_or(0, char::len_utf8), None),
        };
        mended.push_str(replacement.unwrap_or(&rest[..length]));
        rest = &rest[length..];
    }
    mended.push_str(rest);
    Cow::Owned(mended)
}

/// The UTF-16 unit of the `\uXXXX` escape at the start of `text`.
fn unit(text: &str) -> Option<u16> {
    let hex = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(hex, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn half_pairs_are_mended_and_whole_ones_kept() {
        let table = [
            (r#""a\ud83d""#, "a\u{fffd}"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\ude00b""#, "\u{fffd}b"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\\ud83d \ud83d""#, "\\ud83d \u{fffd}"),
            (r#""\ud83dé\n""#, "\u{fffd}é\n"),
        ];
        for (json, expected) in table {
            let raw: &RawValue = serde_json::from_str(json).expect("raw values accept half pairs");
            assert_eq!(read(raw), Ok(Value::String(expected.to_owned())), "{json}");
        }
    }

    #[test]
    fn times_are_read_however_they_are_written() {
        let at = |seconds: i64, micros: i64| Some(Timestamp::from_seconds(seconds).plus(micros));
        let table = [
            (json!("1791000000"), at(1_791_000_000, 0)),
            (json!(1_791_000_000), at(1_791_000_000, 0)),
            (json!(1_791_000_000_250_i64), at(1_791_000_000, 250_000)),
            (json!("1791000000250"), at(1_791_000_000, 250_000)),
            (json!(1_791_000_000.25), at(1_791_000_000, 0)),
            (json!("2026-10-03T04:00:00+0000"), at(1_791_000_000, 0)),
            (json!("2026-10-03T04:00:00Z"), at(1_791_000_000, 0)),
            (json!("yesterday"), None),
            (json!(""), None),
            (json!(null), None),
        ];
        for (value, expected) in table {
            assert_eq!(time(&value), expected, "{value}");
        }
    }

    #[test]
    fn what_cannot_be_held_is_given_as_text() {
        for json in [
            format!("{}{}", "[".repeat(500), "]".repeat(500)),
            "1e999".to_owned(),
        ] {
            let raw: &RawValue = serde_json::from_str(&json).expect("well-formed");
            assert_eq!(read(raw), Err(Value::String(json.clone())));
        }
    }
}
