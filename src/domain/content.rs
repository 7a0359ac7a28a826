//! What a message says. The vocabulary is WhatsApp Cloud API's, for every provider: a `type` and an object of that name.
//!
//! Kinds that this version does not know are kept whole and shown as such, never dropped.

use serde_json::{Map, Value};

use super::ids::UserId;

/// Longest preview in characters.
pub const PREVIEW_CHARS: usize = 120;

/// Names that a message's API view uses itself; an unknown provider type of such a name is shown under `content`.
const RESERVED: &[&str] = &[
    "id",
    "conversation_id",
    "direction",
    "type",
    "author",
    "status",
    "status_times",
    "provider_message_id",
    "context",
    "error",
    "reactions",
    "created_at",
    "provider_at",
    "pricing",
    "raw_event_id",
    "trace_id",
    "private",
    "extra",
    "edits",
    "deleted",
    "choices",
    "links",
    "comment_state",
    "content",
    "window",
    "contact",
    "version",
    "items",
    "media",
];

/// Kinds of message that a provider cannot mean by their names: they are this house's own, or have a shape here. What comes
/// under such a name is kept under another, so that nobody's new type is taken for a note or an edit.
pub const HOUSE_KINDS: [&str; 11] = [
    "note",
    "edit",
    "revoke",
    "system",
    "template",
    "comment",
    "comment_reply",
    "comment_action",
    "referral",
    "order",
    "request_welcome",
];

/// Where the words of kinds that this version does not know are looked for; Twilio's fields are written large.
const NEW_KINDS_WORDS: [&str; 8] = [
    "/text",
    "/text/body",
    "/body",
    "/body/text",
    "/caption",
    "/title",
    "/Body",
    "/content/Body",
];

/// A message's content: `kind` as in WhatsApp Cloud's `type`, and the object that stands under that name.
#[derive(Clone, PartialEq, Debug)]
pub struct Content {
    /// `text`, `image`, `template`, `interactive`, `note` …, or whatever unknown word the provider used.
    pub kind: String,
    /// The object under that name.
    pub body: Value,
}

impl Content {
    /// A text message.
    pub fn text(body: &str) -> Self {
        Self {
            kind: "text".into(),
            body: serde_json::json!({ "body": body }),
        }
    }

    /// An internal note; never leaves the house.
    pub fn note(body: &str) -> Self {
        Self {
            kind: "note".into(),
            body: serde_json::json!({ "body": body }),
        }
    }

    /// An internal note that names colleagues.
    pub fn note_to(body: &str, mentions: &[UserId]) -> Self {
        let mut note = Self::note(body);
        if !mentions.is_empty() {
            let ids: Vec<String> = mentions.iter().map(UserId::to_string).collect();
            note.body["mentions"] = serde_json::json!(ids);
        }
        note
    }

    /// The colleagues whom a note names.
    pub fn mentions(&self) -> Vec<UserId> {
        let named = self.body.get("mentions").filter(|_| self.is_note());
        let ids = named.and_then(serde_json::Value::as_array).into_iter().flatten();
        ids.filter_map(|id| id.as_str()?.parse().ok()).collect()
    }

    /// Whether this is an internal note.
    pub fn is_note(&self) -> bool {
        self.kind == "note"
    }

    /// The key under which `body` stands in an API view.
    pub fn view_key(&self) -> &str {
        if RESERVED.contains(&self.kind.as_str()) {
            "content"
        } else {
            &self.kind
        }
    }

    /// Adds `type` and the content object to an API view.
    pub fn write_view(&self, view: &mut Map<String, Value>) {
        view.insert("type".into(), Value::String(self.kind.clone()));
        view.insert(self.view_key().to_owned(), self.body.clone());
    }

    /// Everything in it that a person would search for, words only, in reading order.
    pub fn searchable_text(&self) -> String {
        let paths: &[&str] = match self.kind.as_str() {
            "contacts" => return self.names().join(" "),
            "text" | "note" => &["/body"],
            "image" | "video" | "document" | "audio" | "sticker" => &["/caption", "/filename"],
            "button" => &["/text"],
            "location" => &["/name", "/address"],
            "template" => &["/rendered", "/name"],
            "interactive" => &[
                "/header/text",
                "/body/text",
                "/footer/text",
                "/button_reply/title",
                "/list_reply/title",
                "/list_reply/description",
                "/nfm_reply/body",
            ],
            "order" => &["/text"],
            "system" => &["/body"],
            "edit" => &["/message/text/body", "/text/body"],
            "comment" | "comment_reply" => &["/text"],
            "comment_action" => &[],
            "share" | "ig_post" | "ig_reel" | "ig_story" | "reel" | "story" | "story_mention" | "media" => {
                &["/title", "/text"]
            }
            // What is new has its words where everything else has them.
            _ => &NEW_KINDS_WORDS,
        };
        let found: Vec<&str> = paths
            .iter()
            .filter_map(|p| self.body.pointer(p)?.as_str())
            .collect();
        found.join(" ")
    }

    /// The names on contact cards.
    fn names(&self) -> Vec<&str> {
        let cards = self.body.as_array().into_iter().flatten();
        cards
            .filter_map(|card| card.pointer("/name/formatted_name")?.as_str())
            .collect()
    }

    /// One line for lists and notifications: the text if there is one, else the kind in brackets, e.g. `[image]`.
    /// The browser app translates the bracketed kinds.
    pub fn preview(&self) -> String {
        let text = match self.kind.as_str() {
            "reaction" => self
                .body
                .pointer("/emoji")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            _ => self.searchable_text(),
        };
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.is_empty() {
            true => format!("[{}]", self.kind),
            false => line.chars().take(PREVIEW_CHARS).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn previews_tell_what_came() {
        let table = [
            (Content::text(" Hi,\n there "), "Hi, there"),
            (
                Content {
                    kind: "image".into(),
                    body: json!({"media_id": "1"}),
                },
                "[image]",
            ),
            (
                Content {
                    kind: "image".into(),
                    body: json!({"caption": "the oven"}),
                },
                "the oven",
            ),
            (
                Content {
                    kind: "reaction".into(),
                    body: json!({"emoji": "👍"}),
                },
                "👍",
            ),
            (
                Content {
                    kind: "hologram".into(),
                    body: json!({"x": 1}),
                },
                "[hologram]",
            ),
            (
                Content {
                    kind: "fallback".into(),
                    body: json!({"media_url": "https://a/1", "text": "have a look", "title": "The shop"}),
                },
                "have a look The shop",
            ),
            (
                Content {
                    kind: "hologram".into(),
                    body: json!({"Body": "beam me up", "text": 7}),
                },
                "beam me up",
            ),
            (
                Content {
                    kind: "contacts".into(),
                    body: json!([{"name": {"formatted_name": "Ana"}}]),
                },
                "Ana",
            ),
        ];
        for (content, preview) in table {
            assert_eq!(content.preview(), preview, "{}", content.kind);
        }
        assert_eq!(Content::text(&"x".repeat(5000)).preview().len(), PREVIEW_CHARS);
    }

    #[test]
    fn an_unknown_kind_cannot_overwrite_a_field_of_the_view() {
        let mut view = Map::new();
        view.insert("id".into(), json!("ms_1"));
        Content {
            kind: "id".into(),
            body: json!({"evil": true}),
        }
        .write_view(&mut view);
        assert_eq!(view["id"], json!("ms_1"));
        assert_eq!(view["content"], json!({"evil": true}));
    }
}
