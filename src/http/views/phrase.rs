//! A text of ours as a code and what fills it, so that it can be shown in any language.

use std::collections::BTreeMap;

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use crate::domain::phrases::{self, Recognised, Value};

/// A text of Frontdesk's own, to be told in another language: beside a field `detail` stands `detail_phrase`. It is missing
/// where the text is somebody else's (a provider's, a person's).
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Phrase)]
pub struct PhraseView {
    /// Stable name of the text.
    #[schema(schema_with = codes)]
    pub code: &'static str,
    /// What fills its holes, by name: a text or another phrase. A name that ends in `_at` holds a time.
    #[schema(value_type = BTreeMap<String, Object>)]
    pub values: BTreeMap<&'static str, PhraseValue>,
}

/// What fills a hole.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(untagged)]
pub enum PhraseValue {
    /// A text.
    Text(String),
    /// A phrase.
    Phrase(PhraseView),
}

impl PhraseView {
    /// The phrase that a text is, if it is one of ours.
    pub fn of(text: &str) -> Option<Self> {
        phrases::recognise(text).map(Self::from)
    }

    /// The same for a text that may be missing.
    pub fn of_some(text: Option<&String>) -> Option<Self> {
        text.and_then(|text| Self::of(text))
    }
}

impl From<Recognised> for PhraseView {
    fn from(found: Recognised) -> Self {
        let values = found.values.into_iter().map(|(name, value)| match value {
            Value::Text(text) => (name, PhraseValue::Text(text)),
            Value::Phrase(phrase) => (name, PhraseValue::Phrase(phrase.into())),
        });
        Self {
            code: found.code,
            values: values.collect(),
        }
    }
}

/// Every code that can stand there.
fn codes() -> Object {
    let codes = phrases::all().map(|phrase| phrase.code);
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .enum_values(Some(codes))
        .build()
}
