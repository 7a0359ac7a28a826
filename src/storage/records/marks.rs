//! Stored form of what was later said about a message. Few messages have any; it stands behind the message itself.

use bincode::{Decode, Encode};

use crate::domain::marks::{Choice, CommentAct, CommentMarks, Deletion, Edit, Marks, Reaction, TrackedLink};
use crate::domain::{MessageId, Timestamp};

use super::super::error::StorageError;
use super::message::{AuthorV1, ContentV1};
use super::simple::MessageIdV1;
use super::words;

#[derive(Encode, Decode)]
pub(super) struct MarksV1 {
    reactions: Vec<ReactionV1>,
    edits: Vec<EditV1>,
    deleted: Option<DeletionV1>,
    choices: Vec<ChoiceV1>,
    links: Vec<LinkV1>,
}

impl MarksV1 {
    /// `None` for a message of which nothing was said.
    pub(super) fn new(marks: &Marks) -> Option<Self> {
        let Marks {
            reactions,
            edits,
            deleted,
            choices,
            links,
            comment: _,
        } = marks;
        let few = reactions.is_empty() && edits.is_empty() && deleted.is_none();
        let none = few && choices.is_empty() && links.is_empty();
        (!none).then(|| Self {
            reactions: reactions.iter().map(ReactionV1::new).collect(),
            edits: edits.iter().map(EditV1::new).collect(),
            deleted: deleted.as_ref().map(|Deletion { by, at }| DeletionV1 {
                by: AuthorV1::new(by),
                at: at.0,
            }),
            choices: choices.iter().map(ChoiceV1::new).collect(),
            links: links.iter().map(LinkV1::new).collect(),
        })
    }

    pub(super) fn into_marks(self, name: &'static str) -> Result<Marks, StorageError> {
        let reactions = self
            .reactions
            .into_iter()
            .map(|each| each.into_reaction(name))
            .collect::<Result<_, _>>()?;
        let edits = self
            .edits
            .into_iter()
            .map(EditV1::into_edit)
            .collect::<Result<_, _>>()?;
        Ok(Marks {
            reactions,
            edits,
            deleted: self.deleted.map(|DeletionV1 { by, at }| Deletion {
                by: by.into_author(),
                at: Timestamp(at),
            }),
            choices: self.choices.into_iter().map(ChoiceV1::into_choice).collect(),
            links: self.links.into_iter().map(LinkV1::into_link).collect(),
            comment: CommentMarks::default(),
        })
    }
}

#[derive(Encode, Decode)]
struct ReactionV1 {
    by: AuthorV1,
    direction: u8,
    emoji: String,
    at: i64,
    message: MessageIdV1,
}

impl ReactionV1 {
    fn new(reaction: &Reaction) -> Self {
        let Reaction {
            by,
            direction,
            emoji,
            at,
            message,
        } = reaction;
        Self {
            by: AuthorV1::new(by),
            direction: words::direction_number(*direction),
            emoji: emoji.clone(),
            at: at.0,
            message: (*message).into(),
        }
    }

    fn into_reaction(self, name: &'static str) -> Result<Reaction, StorageError> {
        Ok(Reaction {
            by: self.by.into_author(),
            direction: words::direction(name, "direction of a reaction", self.direction)?,
            emoji: self.emoji,
            at: Timestamp(self.at),
            message: MessageId::from(self.message),
        })
    }
}

#[derive(Encode, Decode)]
struct EditV1 {
    content: ContentV1,
    at: i64,
}

impl EditV1 {
    fn new(Edit { content, at }: &Edit) -> Self {
        Self {
            content: ContentV1::new(content),
            at: at.0,
        }
    }

    fn into_edit(self) -> Result<Edit, StorageError> {
        Ok(Edit {
            content: self.content.into_content()?,
            at: Timestamp(self.at),
        })
    }
}

#[derive(Encode, Decode)]
struct DeletionV1 {
    by: AuthorV1,
    at: i64,
}

#[derive(Encode, Decode)]
struct ChoiceV1 {
    kind: String,
    id: String,
    title: String,
    at: i64,
    message: MessageIdV1,
}

impl ChoiceV1 {
    fn new(choice: &Choice) -> Self {
        let Choice {
            kind,
            id,
            title,
            at,
            message,
        } = choice;
        Self {
            kind: kind.clone(),
            id: id.clone(),
            title: title.clone(),
            at: at.0,
            message: (*message).into(),
        }
    }

    fn into_choice(self) -> Choice {
        Choice {
            kind: self.kind,
            id: self.id,
            title: self.title,
            at: Timestamp(self.at),
            message: self.message.into(),
        }
    }
}

#[derive(Encode, Decode)]
struct LinkV1 {
    code: String,
    url: String,
    button: String,
    expires_at: i64,
    clicks: u32,
    first_at: Option<i64>,
    last_at: Option<i64>,
}

impl LinkV1 {
    fn new(link: &TrackedLink) -> Self {
        let TrackedLink {
            code,
            url,
            button,
            expires_at,
            clicks,
            first_at,
            last_at,
        } = link;
        Self {
            code: code.clone(),
            url: url.clone(),
            button: button.clone(),
            expires_at: expires_at.0,
            clicks: *clicks,
            first_at: first_at.map(|at| at.0),
            last_at: last_at.map(|at| at.0),
        }
    }

    fn into_link(self) -> TrackedLink {
        TrackedLink {
            code: self.code,
            url: self.url,
            button: self.button,
            expires_at: Timestamp(self.expires_at),
            clicks: self.clicks,
            first_at: self.first_at.map(Timestamp),
            last_at: self.last_at.map(Timestamp),
        }
    }
}

/// What the business did with a comment; stands behind a message that is one.
#[derive(Encode, Decode)]
pub(super) struct CommentMarksV1 {
    answered: Option<CommentActV1>,
    hidden: Option<CommentActV1>,
    deleted: Option<CommentActV1>,
}

impl CommentMarksV1 {
    /// `None` where nothing was done.
    pub(super) fn new(marks: &CommentMarks) -> Option<Self> {
        let CommentMarks {
            answered,
            hidden,
            deleted,
        } = marks;
        let act = |act: &Option<CommentAct>| act.as_ref().map(CommentActV1::new);
        (marks != &CommentMarks::default()).then(|| Self {
            answered: act(answered),
            hidden: act(hidden),
            deleted: act(deleted),
        })
    }

    pub(super) fn into_marks(self) -> CommentMarks {
        let act = |act: Option<CommentActV1>| act.map(CommentActV1::into_act);
        CommentMarks {
            answered: act(self.answered),
            hidden: act(self.hidden),
            deleted: act(self.deleted),
        }
    }
}

#[derive(Encode, Decode)]
struct CommentActV1 {
    by: AuthorV1,
    at: i64,
    message: MessageIdV1,
}

impl CommentActV1 {
    fn new(act: &CommentAct) -> Self {
        let CommentAct { by, at, message } = act;
        Self {
            by: AuthorV1::new(by),
            at: at.0,
            message: (*message).into(),
        }
    }

    fn into_act(self) -> CommentAct {
        CommentAct {
            by: self.by.into_author(),
            at: Timestamp(self.at),
            message: self.message.into(),
        }
    }
}
