//! What is put into the index.

use crate::domain::{
    Author, ChannelId, Contact, ContactId, ConversationId, Direction, Message, MessageId, Timestamp, UserId,
    WorkspaceId,
};

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DocumentKind {
    /// A message to or from a customer.
    Message = 1,
    /// An internal note.
    Note = 2,
    /// A contact.
    Contact = 3,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Message, Self::Note, Self::Contact];

    pub(super) fn from_u64(n: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u64 == n)
    }
}

/// What a document stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentId {
    /// A message or note.
    Message(MessageId),
    /// A contact.
    Contact(ContactId),
}

/// A message, note or contact as the index sees it. Only what never changes without the document itself being fed
/// again belongs here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchDocument {
    /// What it is.
    pub kind: DocumentKind,
    /// Which one.
    pub id: DocumentId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// The customer.
    pub contact: ContactId,
    /// The channel of a message.
    pub channel: Option<ChannelId>,
    /// Which way a message went; `None` for notes and contacts.
    pub direction: Option<Direction>,
    /// The member of the team who wrote it.
    pub author: Option<UserId>,
    /// What can be found; see [`super::text::MAX_TEXT_BYTES`].
    pub text: String,
    /// When it was said; for a contact, when it was first seen.
    pub at: Timestamp,
}

impl SearchDocument {
    /// The document for a message or note; it is worth feeding even without text, as filters find it.
    pub fn of_message(
        workspace: WorkspaceId,
        channel: ChannelId,
        contact: ContactId,
        message: &Message,
    ) -> Self {
        let is_note = message.content.is_note();
        Self {
            kind: if is_note {
                DocumentKind::Note
            } else {
                DocumentKind::Message
            },
            id: DocumentId::Message(message.id),
            workspace,
            contact,
            channel: Some(channel),
            direction: (!is_note).then_some(message.direction),
            author: match message.author {
                Author::User(user) => Some(user),
                _ => None,
            },
            text: message.content.searchable_text(),
            at: message.created_at,
        }
    }

    /// The document for a contact: both names and every identity.
    pub fn of_contact(workspace: WorkspaceId, contact: &Contact) -> Self {
        Self {
            kind: DocumentKind::Contact,
            id: DocumentId::Contact(contact.id),
            workspace,
            contact: contact.id,
            channel: None,
            direction: None,
            author: None,
            text: contact_text(contact),
            at: contact.created_at,
        }
    }

    /// The conversation of a message or note.
    pub const fn conversation(&self) -> Option<ConversationId> {
        match self.id {
            DocumentId::Message(id) => Some(id.conversation),
            DocumentId::Contact(_) => None,
        }
    }
}

/// The text under which a contact is found; also what its snippet is cut from.
pub fn contact_text(contact: &Contact) -> String {
    let names = [contact.name.as_str(), contact.profile_name.as_str()];
    let identities = contact.identities.iter().map(|identity| identity.value.as_str());
    let mut lines: Vec<&str> = Vec::new();
    for line in names.into_iter().chain(identities) {
        if !line.is_empty() && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.join("\n")
}
