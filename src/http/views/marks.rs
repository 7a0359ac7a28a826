//! What was later said about a message: reactions, earlier wordings, deletion, choices, clicks.

use serde_json::{Map, Value};

use super::message::{AuthorView, author};
use crate::domain::marks::{CommentAct, CommentMarks, Marks, Reaction, TrackedLink};
use crate::domain::{Author, Direction};

/// An emoji on a message; each side has at most one.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ReactionView {
    /// The emoji.
    pub emoji: String,
    /// `inbound` is from the customer.
    #[schema(schema_with = crate::http::words::direction)]
    pub direction: Direction,
    /// Who put it there.
    pub by: AuthorView,
    /// When.
    pub at: String,
    /// The message that brought it.
    pub message_id: String,
}

/// What a message said before it was edited: `type`, and the content under that name.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct EditView {
    /// When it was replaced.
    pub at: String,
    /// The earlier content.
    #[serde(flatten)]
    #[schema(value_type = crate::http::words::MessageContent)]
    pub content: Map<String, Value>,
}

/// Who took a message back. Its words are gone.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct DeletionView {
    /// Who.
    pub by: AuthorView,
    /// When.
    pub at: String,
}

/// Who did something with a comment.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct CommentActView {
    /// Who.
    pub by: AuthorView,
    /// When the provider did it.
    pub at: String,
    /// The message that asked for it.
    pub message_id: String,
}

/// What the business did with a comment.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct CommentStateView {
    /// It was answered publicly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<CommentActView>,
    /// It is hidden: only its author and the business see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<CommentActView>,
    /// It was deleted from the post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<CommentActView>,
}

/// An option of the message that the customer chose.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ChoiceView {
    /// `button`, `list`, `flow`, `location`, `contact` or `call_permission`.
    pub kind: String,
    /// The option's id or payload.
    pub id: String,
    /// What the customer saw.
    pub title: String,
    /// When.
    pub at: String,
    /// The answer.
    pub message_id: String,
}

/// A tracked link in the message, and who followed it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct LinkView {
    /// Its code: the address is `/l/{code}`.
    pub code: String,
    /// Where it leads.
    pub url: String,
    /// The button's label; empty for a link within the text.
    pub button: String,
    /// Visits by people, as far as can be told; previews by programs are not counted.
    pub clicks: u32,
    /// Recipients who followed it: 0 or 1, for a message has one recipient.
    pub unique_clicks: u32,
    /// When first.
    #[schema(required)]
    pub first_clicked_at: Option<String>,
    /// When last.
    #[schema(required)]
    pub last_clicked_at: Option<String>,
    /// Not followed from then on.
    pub expires_at: String,
}

impl From<&TrackedLink> for LinkView {
    fn from(link: &TrackedLink) -> Self {
        Self {
            code: link.code.clone(),
            url: link.url.clone(),
            button: link.button.clone(),
            clicks: link.clicks,
            unique_clicks: link.clicks.min(1),
            first_clicked_at: link.first_at.map(|at| at.to_string()),
            last_clicked_at: link.last_at.map(|at| at.to_string()),
            expires_at: link.expires_at.to_string(),
        }
    }
}

/// What was later said about a message, as its view carries it.
#[derive(Clone, Debug, Default, serde::Serialize, utoipa::ToSchema)]
pub struct MarksView {
    /// Emoji on it.
    pub reactions: Vec<ReactionView>,
    /// Earlier wordings, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub edits: Vec<EditView>,
    /// It was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<DeletionView>,
    /// What the customer chose from it, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub choices: Vec<ChoiceView>,
    /// Tracked links in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub links: Vec<LinkView>,
    /// What the business did with it, if it is a comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment_state: Option<CommentStateView>,
}

impl MarksView {
    pub(super) fn new(marks: &Marks, name: &dyn Fn(&Author) -> Option<String>) -> Self {
        let by = |who: &Author| author(who, name(who));
        let reaction = |each: &Reaction| ReactionView {
            emoji: each.emoji.clone(),
            direction: each.direction,
            by: by(&each.by),
            at: each.at.to_string(),
            message_id: each.message.to_string(),
        };
        Self {
            reactions: marks.reactions.iter().map(reaction).collect(),
            edits: marks
                .edits
                .iter()
                .map(|edit| {
                    let mut content = Map::new();
                    edit.content.write_view(&mut content);
                    let at = edit.at.to_string();
                    EditView { at, content }
                })
                .collect(),
            deleted: marks.deleted.as_ref().map(|deletion| DeletionView {
                by: by(&deletion.by),
                at: deletion.at.to_string(),
            }),
            choices: marks
                .choices
                .iter()
                .map(|choice| ChoiceView {
                    kind: choice.kind.clone(),
                    id: choice.id.clone(),
                    title: choice.title.clone(),
                    at: choice.at.to_string(),
                    message_id: choice.message.to_string(),
                })
                .collect(),
            links: marks.links.iter().map(LinkView::from).collect(),
            comment_state: comment_state(&marks.comment, &by),
        }
    }
}

fn comment_state(marks: &CommentMarks, by: &dyn Fn(&Author) -> AuthorView) -> Option<CommentStateView> {
    let act = |act: &Option<CommentAct>| {
        act.as_ref().map(|act| CommentActView {
            by: by(&act.by),
            at: act.at.to_string(),
            message_id: act.message.to_string(),
        })
    };
    (marks != &CommentMarks::default()).then(|| CommentStateView {
        answered: act(&marks.answered),
        hidden: act(&marks.hidden),
        deleted: act(&marks.deleted),
    })
}
