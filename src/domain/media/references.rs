//! How a content points to files, and what they are called.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::MediaKind;
use crate::domain::content::Content;
use crate::domain::ids::{MediaId, MessageId, WorkspaceId};

/// Most files that one message may point to; more are shown as what they are, but not fetched.
pub const MAX_REFERENCES: usize = 16;
/// Deepest level on which media objects are looked for (a template's card header stands eight levels down).
const MAX_DEPTH: usize = 32;
/// Longest reference that a provider may give, in bytes: a signed address.
const MAX_REFERENCE: usize = 4096;

/// A place in a content that points to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// What sort of file.
    pub kind: MediaKind,
    /// An id of ours, or what the provider calls it.
    pub text: String,
    /// The type that it says it is of.
    pub mime: Option<String>,
    /// The name that it says it has.
    pub filename: Option<String>,
}

impl Reference {
    /// Our own id, if it is one.
    pub fn ours(&self) -> Option<MediaId> {
        self.text.parse().ok()
    }

    /// The id of the file in this place of a message that came from a provider: always the same, so that working a
    /// message in twice makes one file.
    pub fn inbound_id(workspace: WorkspaceId, message: MessageId, place: usize) -> MediaId {
        let mut hash = Sha256::new();
        hash.update(b"inbound media");
        hash.update(workspace.0);
        hash.update(message.conversation.0);
        hash.update(message.n.to_be_bytes());
        hash.update((place as u64).to_be_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        MediaId(std::array::from_fn(|at| digest[at]))
    }
}

/// The ids of the files that a message's places point to, in order; in a message that came from a provider each place
/// has its own.
pub fn ids_of(
    workspace: WorkspaceId,
    message: MessageId,
    content: &Content,
    from_provider: bool,
) -> Vec<MediaId> {
    let places = references(content, from_provider);
    let ids =
        places
            .iter()
            .enumerate()
            .filter_map(|(place, reference)| match (reference.ours(), from_provider) {
                (_, true) => Some(Reference::inbound_id(workspace, message, place)),
                (ours, false) => ours,
            });
    ids.collect()
}

/// Every place of a content that points to a file. With `from_provider` addresses count too (`url`, `link`): they are
/// where the provider keeps it. In what we send, a link is the recipient's business.
pub fn references(content: &Content, from_provider: bool) -> Vec<Reference> {
    let mut found = Vec::new();
    walk(&content.kind, &content.body, 0, &mut |kind, fields| {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let address = || {
            from_provider
                .then(|| text("url").or_else(|| text("link")))
                .flatten()
        };
        let named = text("media_id").or_else(address);
        if let Some(reference) = named.filter(|it| !it.is_empty() && it.len() <= MAX_REFERENCE) {
            found.push(Reference {
                kind,
                text: reference,
                mime: text("mime_type"),
                filename: text("filename"),
            });
        }
    });
    // The first of several attachments stands at the top as well.
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|reference: &Reference| seen.insert(reference.text.clone()));
    found.truncate(MAX_REFERENCES);
    found
}

/// What takes the place of a `media_id`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewName {
    /// `media_id` or `link`.
    pub field: &'static str,
    /// The id or address.
    pub text: String,
    /// A name for a document that has none.
    pub filename: Option<String>,
}

type Rename<'a> = dyn Fn(&str) -> Option<NewName> + 'a;

/// Names every file in a content anew for which `name` has something.
pub fn rename(content: &mut Content, name: &Rename<'_>) {
    let kind = content.kind.clone();
    change(&kind, &mut content.body, 0, name);
}

/// A media object stands under its kind, or in a list of attachments and names its kind itself.
fn kind_of(key: &str, fields: &serde_json::Map<String, Value>) -> Option<MediaKind> {
    let own = || MediaKind::parse(fields.get("type")?.as_str()?);
    MediaKind::parse(key).or_else(|| key.is_empty().then(own).flatten())
}

fn walk(
    key: &str,
    value: &Value,
    depth: usize,
    each: &mut dyn FnMut(MediaKind, &serde_json::Map<String, Value>),
) {
    match value {
        Value::Object(fields) => {
            if let Some(kind) = kind_of(key, fields) {
                each(kind, fields);
            }
            for (name, inner) in fields.iter().filter(|_| depth < MAX_DEPTH) {
                walk(name, inner, depth + 1, each);
            }
        }
        Value::Array(items) if depth < MAX_DEPTH => {
            for item in items {
                walk("", item, depth + 1, each);
            }
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn change(key: &str, value: &mut Value, depth: usize, name: &Rename<'_>) {
    match value {
        Value::Object(fields) => {
            if let Some(kind) = kind_of(key, fields) {
                change_one(kind, fields, name);
            }
            for (inner_key, inner) in fields.iter_mut().filter(|_| depth < MAX_DEPTH) {
                change(inner_key, inner, depth + 1, name);
            }
        }
        Value::Array(items) if depth < MAX_DEPTH => {
            for item in items {
                change("", item, depth + 1, name);
            }
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn change_one(kind: MediaKind, fields: &mut serde_json::Map<String, Value>, name: &Rename<'_>) {
    let named = fields.get("media_id").and_then(Value::as_str).and_then(name);
    let Some(NewName {
        field,
        text,
        filename,
    }) = named
    else {
        return;
    };
    fields.remove("media_id");
    fields.insert(field.to_owned(), Value::String(text));
    if let (MediaKind::Document, Some(filename)) = (kind, filename) {
        fields
            .entry("filename")
            .or_insert_with(|| Value::String(filename));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ConversationId;
    use serde_json::json;

    fn content(kind: &str, body: Value) -> Content {
        Content {
            kind: kind.into(),
            body,
        }
    }

    #[test]
    fn files_are_found_wherever_a_content_holds_them() {
        let table = [
            (content("text", json!({"body": "media_id"})), vec![]),
            (content("image", json!({"media_id": "7"})), vec!["7"]),
            (content("image", json!({"media_id": 7})), vec![]),
            (
                content("image", json!({"url": "https://cdn.example/a"})),
                vec!["https://cdn.example/a"],
            ),
            (
                content("image", json!({"media_id": "7", "url": "https://cdn.example/a"})),
                vec!["7"],
            ),
            (
                content(
                    "edit",
                    json!({"message": {"type": "image", "image": {"media_id": "7"}}}),
                ),
                vec!["7"],
            ),
            (
                content(
                    "interactive",
                    json!({"header": {"video": {"media_id": "8"}}, "cards": [{"image": {"media_id": "9"}}]}),
                ),
                vec!["9", "8"],
            ),
            (
                content(
                    "image",
                    json!({"link": "https://cdn.example/a", "attachments": [
                        {"type": "image", "link": "https://cdn.example/a"},
                        {"type": "video", "link": "https://cdn.example/b"},
                        {"type": "fallback", "link": "https://cdn.example/c"}]}),
                ),
                vec!["https://cdn.example/a", "https://cdn.example/b"],
            ),
        ];
        for (content, expected) in table {
            let found: Vec<String> = references(&content, true).into_iter().map(|it| it.text).collect();
            assert_eq!(found, expected, "{content:?}");
        }
        let link = content("image", json!({"link": "https://shop.example/a.png"}));
        assert_eq!(references(&link, false), [], "a link of ours is nobody's file");
    }

    #[test]
    fn many_and_deep_files_are_bounded() {
        let many: Vec<Value> = (0..100)
            .map(|n| json!({"image": {"media_id": n.to_string()}}))
            .collect();
        assert_eq!(
            references(&content("x", Value::Array(many)), true).len(),
            MAX_REFERENCES
        );
        let mut deep = json!({"media_id": "7"});
        for _ in 0..200 {
            deep = json!({ "image": deep });
        }
        assert!(references(&content("x", deep), true).is_empty());
    }

    #[test]
    fn a_place_has_one_id_and_another_place_another() {
        let (ws, message) = (
            WorkspaceId([1; 16]),
            MessageId {
                conversation: ConversationId([2; 16]),
                n: 3,
            },
        );
        let id = |place| Reference::inbound_id(ws, message, place);
        assert_eq!(id(0), id(0));
        assert_ne!(id(0), id(1));
        assert_ne!(id(0), Reference::inbound_id(WorkspaceId([9; 16]), message, 0));
    }

    #[test]
    fn our_ids_become_the_providers_and_others_stay() {
        let mut it = content(
            "document",
            json!({"media_id": "md_x", "caption": "hi", "inner": {"image": {"media_id": "77"}}}),
        );
        rename(&mut it, &|id| {
            (id == "md_x").then(|| NewName {
                field: "media_id",
                text: "501".to_owned(),
                filename: Some("a.pdf".to_owned()),
            })
        });
        assert_eq!(
            it.body,
            json!({"media_id": "501", "caption": "hi", "filename": "a.pdf", "inner": {"image": {"media_id": "77"}}})
        );
    }
}
