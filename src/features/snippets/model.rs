//! What goes over the wire, and what stands in the store.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{ApiBody, FieldError, check};
use crate::storage::settings::Kept;

/// Longest name, in characters.
const MAX_NAME: usize = 60;
/// Longest text, in characters (WhatsApp Cloud API: text bodies of at most 4096).
const MAX_TEXT: usize = 4_096;

/// Names that can stand in double braces.
pub const VARIABLES: [&str; 6] = [
    "contact.name",
    "contact.first_name",
    "contact.phone",
    "agent.name",
    "agent.first_name",
    "business.name",
];

/// A snippet as it stands in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Stored {
    pub name: String,
    pub text: String,
}

/// A text to be used again and again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Snippet)]
pub(super) struct SnippetView {
    pub id: String,
    /// By which it is found; unique in the workspace.
    pub name: String,
    /// May hold `{{contact.name}}` and the like.
    pub text: String,
    /// Counts changes; the `ETag`.
    pub version: u64,
}

/// A snippet to be kept. In double braces may stand `contact.name`, `contact.first_name`, `contact.phone`, `agent.name`,
/// `agent.first_name` and `business.name`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SnippetBody {
    #[schema(max_length = 60)]
    pub name: String,
    #[schema(max_length = 4096)]
    pub text: String,
}

impl ApiBody for SnippetBody {
    const LIMIT: usize = 64 * 1024;

    fn check(&self) -> Result<(), FieldError> {
        check::name("name", &self.name)?;
        check::line("name", &self.name, MAX_NAME)?;
        if self.text.trim().is_empty() {
            return Err(FieldError::new("text", "Write a text."));
        }
        check::text("text", &self.text, MAX_TEXT)?;
        match unknown_variable(&self.text) {
            None => Ok(()),
            Some(name) => Err(FieldError::new(
                "text",
                format!(
                    "{{{{{name}}}}} is no variable; there are {}.",
                    VARIABLES.join(", ")
                ),
            )),
        }
    }
}

/// The first thing in double braces that is no variable.
fn unknown_variable(text: &str) -> Option<String> {
    let parts = text.split("{{").skip(1).filter_map(|part| part.split_once("}}"));
    let mut names = parts.map(|(name, _)| name.trim());
    let unknown = names.find(|name| !VARIABLES.contains(name))?;
    Some(unknown.chars().take(40).collect())
}

impl SnippetView {
    pub(super) fn new(id: [u8; 16], kept: Kept<Stored>) -> Self {
        Self {
            id: uuid::Uuid::from_bytes(id).simple().to_string(),
            name: kept.value.name,
            text: kept.value.text,
            version: kept.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_filled_stands_in_double_braces() {
        let table = [
            ("Hello {{contact.name}}, {{ agent.first_name }} here", None),
            ("{ {contact.name} }", None),
            ("{{contact.name", None),
            ("{{contact.age}}", Some("contact.age")),
            ("{{}}", Some("")),
            ("{{contact.name}} {{<b>}}", Some("<b>")),
        ];
        for (text, unknown) in table {
            assert_eq!(unknown_variable(text).as_deref(), unknown, "{text}");
        }
    }
}
