//! The story, as it is written down in `data/demo/bakery.json`.

use anyhow::Context;

use crate::sandbox::AutoReply;

const TEXT: &str = include_str!("../../data/demo/bakery.json");

/// The whole story.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    /// The bakery's number.
    pub display_phone_number: String,
    /// What was said.
    pub dialogues: Vec<Dialogue>,
    /// What customers write from time to time.
    pub openers: Vec<Opener>,
    /// What they answer.
    pub answers: Vec<String>,
}

/// One customer and what was said.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dialogue {
    pub name: String,
    /// Digits.
    pub phone: String,
    /// Days before today on which it began.
    pub days_ago: f64,
    /// Where it stands now: `open`, `pending`, `on_hold`, `resolved` or `closed`.
    pub status: Option<String>,
    #[serde(default)]
    pub labels: Vec<String>,
    pub priority: Option<String>,
    /// The owner has it.
    #[serde(default)]
    pub mine: bool,
    /// Somebody has seen everything.
    #[serde(default)]
    pub seen: bool,
    pub turns: Vec<Turn>,
}

/// One message.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Turn {
    pub who: Who,
    /// Its words.
    #[serde(default)]
    pub text: String,
    /// Another kind than text, with its content as WhatsApp Cloud API names it.
    pub content: Option<serde_json::Value>,
    /// Minutes since the message before.
    pub after: f64,
    /// Where an answer of ours ended: `queued`, `accepted`, `sent`, `delivered`, `read` (the default), `failed` or
    /// `doubtful`.
    pub ends: Option<String>,
}

/// Who says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Who {
    Customer,
    Agent,
    Note,
}

/// Someone who writes out of the blue.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opener {
    pub name: String,
    pub phone: String,
    pub texts: Vec<String>,
}

impl Story {
    pub(super) fn load() -> anyhow::Result<Self> {
        serde_json::from_str(TEXT).context("the demo's story cannot be read")
    }

    pub(super) fn auto_reply(&self) -> AutoReply {
        AutoReply {
            probability: 0.6,
            texts: self.answers.clone(),
            limit: 6,
            ..AutoReply::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_story_holds_every_state_and_no_number_twice() {
        let story = Story::load().expect("readable");
        let phones: HashSet<&str> = story.dialogues.iter().map(|d| d.phone.as_str()).collect();
        assert_eq!(phones.len(), story.dialogues.len());
        assert!(
            story
                .dialogues
                .iter()
                .all(|d| d.phone.bytes().all(|b| b.is_ascii_digit()) && !d.turns.is_empty())
        );
        let ends: HashSet<&str> = story
            .dialogues
            .iter()
            .flat_map(|d| &d.turns)
            .filter_map(|turn| turn.ends.as_deref())
            .collect();
        for state in ["sent", "delivered", "read", "failed", "doubtful"] {
            assert!(ends.contains(state), "{state}");
        }
    }
}
