//! The story, as it is written down in `data/demo/`: what was said, and what the shop has besides.

use anyhow::Context;

use crate::sandbox::AutoReply;

const TEXT: &str = include_str!("../../data/demo/bakery.json");
const SHOP: &str = include_str!("../../data/demo/shop.json");

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
    /// What stands in the other file.
    #[serde(default)]
    pub shop: Shop,
}

/// The shop's furniture, and those of its customers who do not come by WhatsApp.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shop {
    /// Instagram user name.
    pub username: String,
    /// The number for SMS.
    pub sms_number: String,
    pub people: Vec<Colleague>,
    pub templates: Vec<TemplateStory>,
    pub snippets: Vec<Snippet>,
    /// Saved views, as the API takes them.
    pub views: Vec<serde_json::Value>,
    pub currency: String,
    /// The month's, in millionths of the currency.
    pub budget_millionths: i64,
    pub prices: Vec<Price>,
    pub dialogues: Vec<Dialogue>,
}

/// Someone who works there.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Colleague {
    /// By which the story calls them; their address before the `@`, too.
    pub id: String,
    pub name: String,
}

/// A template of the library, and where it stands.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateStory {
    pub name: String,
    pub language: String,
    pub state: String,
    /// The provider's word for a refusal.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Snippet {
    pub name: String,
    pub text: String,
}

/// One row of the price list. Invented, like everything here.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    pub category: String,
    pub country: Option<String>,
    pub millionths: i64,
}

/// By which way a customer writes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    #[default]
    Whatsapp,
    Instagram,
    Sms,
}

/// One customer and what was said.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dialogue {
    pub name: String,
    /// Digits: a number, or an Instagram-scoped id.
    pub phone: String,
    #[serde(default)]
    pub line: Line,
    /// On Instagram.
    pub username: Option<String>,
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
    /// A colleague has it.
    pub assignee: Option<String>,
    /// Out of sight for so many days from now.
    pub snoozed_days: Option<f64>,
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
    /// A file in `data/demo/files/` that the content speaks of.
    pub file: Option<String>,
    /// What the provider says beside the content.
    pub extra: Option<serde_json::Value>,
    /// The turn that it answers, or whose message the content names as `@turn`; counted from 0.
    pub about: Option<usize>,
    /// The colleague who writes; the owner unless told.
    pub by: Option<String>,
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
        let mut story: Self = serde_json::from_str(TEXT).context("the demo's story cannot be read")?;
        story.shop = serde_json::from_str(SHOP).context("the demo's shop cannot be read")?;
        Ok(story)
    }

    /// Everything that was said, on every line.
    pub(super) fn all(&self) -> impl Iterator<Item = &Dialogue> {
        self.dialogues.iter().chain(&self.shop.dialogues)
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
        let phones: HashSet<(Line, &str)> = story.all().map(|d| (d.line, d.phone.as_str())).collect();
        assert_eq!(phones.len(), story.all().count());
        assert!(
            story
                .all()
                .all(|d| d.phone.bytes().all(|b| b.is_ascii_digit()) && !d.turns.is_empty())
        );
        let turns = || story.all().flat_map(|d| &d.turns);
        let ends: HashSet<&str> = turns().filter_map(|turn| turn.ends.as_deref()).collect();
        for state in ["sent", "delivered", "read", "failed", "doubtful"] {
            assert!(ends.contains(state), "{state}");
        }
        let kinds: HashSet<&str> = turns()
            .filter_map(|turn| turn.content.as_ref()?["type"].as_str())
            .collect();
        for kind in [
            "image",
            "audio",
            "document",
            "sticker",
            "interactive",
            "order",
            "template",
            "reaction",
        ] {
            assert!(kinds.contains(kind), "{kind}");
        }
        let lines: HashSet<Line> = story.all().map(|d| d.line).collect();
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn what_the_story_speaks_of_is_there() {
        let story = Story::load().expect("readable");
        for turn in story.all().flat_map(|d| &d.turns) {
            if let Some(file) = &turn.file {
                assert!(crate::demo::files::named(file).is_some(), "{file}");
            }
            let template = turn
                .content
                .as_ref()
                .filter(|content| content["type"] == "template");
            if let Some(template) = template.map(|content| &content["template"]) {
                let known = story.shop.templates.iter().any(|known| {
                    template["name"] == known.name.as_str() && template["language"] == known.language.as_str()
                });
                assert!(known, "{template}");
            }
        }
        let states: HashSet<&str> = story.shop.templates.iter().map(|t| t.state.as_str()).collect();
        for state in ["approved", "rejected", "paused", "in_review", "draft"] {
            assert!(states.contains(state), "{state}");
        }
    }
}
