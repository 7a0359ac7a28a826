//! How records look in the API. One shape for REST, live feed and outgoing events.

mod channel;
mod contact;
mod conversation;
mod marks;
mod media;
mod message;
mod phrase;

pub use channel::{BreakerView, CapabilitiesView, ChannelView, ChannelViews, QueueView, SecretView};
pub use contact::{ContactView, IdentityView, contact_view};
pub use conversation::{AssigneeView, ConversationView, LastMessageView, WindowView};
pub use marks::{ChoiceView, DeletionView, EditView, LinkView, MarksView, ReactionView};
pub use media::{MediaRuleView, MediaView};
pub use message::{MessageErrorView, MessageView};
pub use phrase::{PhraseValue, PhraseView};

use std::collections::HashMap;

use crate::domain::media::ids_of as media_ids;
use crate::domain::{
    Author, ContactId, Conversation, ConversationId, Direction, Message, MessageId, UserId, WorkspaceId,
};
use crate::storage::keys::{ContactKey, ConversationKey, MediaKey, MessageKey, UserKey};
use crate::storage::{StorageError, Store};

use self::contact::ContactBrief;

/// Makes views of records, reading what stands beside them. Remembers what it read, for one request.
pub struct Viewer<'a> {
    store: &'a Store,
    workspace: WorkspaceId,
    now: crate::domain::Timestamp,
    contacts: HashMap<ContactId, ContactBrief>,
    users: HashMap<UserId, String>,
}

impl<'a> Viewer<'a> {
    /// For one request of a workspace.
    pub fn new(store: &'a Store, workspace: WorkspaceId, now: crate::domain::Timestamp) -> Self {
        Self {
            store,
            workspace,
            now,
            contacts: HashMap::new(),
            users: HashMap::new(),
        }
    }

    /// A conversation as the list shows it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn conversation(&mut self, conversation: &Conversation) -> Result<ConversationView, StorageError> {
        let contact = self.contact(conversation.contact)?;
        let assignee = match conversation.assignee {
            Some(user) => Some(AssigneeView {
                id: user.to_string(),
                name: self.user_name(user)?,
            }),
            None => None,
        };
        Ok(ConversationView::new(conversation, contact, assignee, self.now))
    }

    /// A message.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn message(&mut self, message: &Message) -> Result<MessageView, StorageError> {
        for author in message.marks.authors().chain([&message.author]) {
            if let Author::User(user) = author {
                self.user_name(*user)?;
            }
        }
        let name = |author: &Author| match author {
            Author::User(user) => self.users.get(user).cloned(),
            _ => None,
        };
        let files = self.files(message)?;
        Ok(MessageView::new(message, &name, files))
    }

    fn files(&self, message: &Message) -> Result<Vec<MediaView>, StorageError> {
        let from_provider = message.direction == Direction::Inbound || message.author == Author::BusinessApp;
        let mut views = Vec::new();
        for media in media_ids(self.workspace, message.id, &message.content, from_provider) {
            let key = MediaKey {
                workspace: self.workspace,
                media,
            };
            match self.store.get(&key) {
                Ok(Some(media)) => views.push(MediaView::new(self.store, self.workspace, &media, self.now)),
                // Of a message from before files were kept, or of an upload that is gone.
                Ok(None) | Err(StorageError::Erased | StorageError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(views)
    }

    /// The conversation of an id, if this workspace has it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn conversation_by_id(
        &mut self,
        id: ConversationId,
    ) -> Result<Option<ConversationView>, StorageError> {
        let key = ConversationKey {
            workspace: self.workspace,
            conversation: id,
        };
        self.store
            .get(&key)?
            .map(|conversation| self.conversation(&conversation))
            .transpose()
    }

    /// The message of an id, if this workspace has it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn message_by_id(&mut self, id: MessageId) -> Result<Option<MessageView>, StorageError> {
        let key = MessageKey {
            workspace: self.workspace,
            message: id,
        };
        self.store
            .get(&key)?
            .map(|message| self.message(&message))
            .transpose()
    }

    /// A contact, briefly.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn contact(&mut self, id: ContactId) -> Result<ContactBrief, StorageError> {
        if let Some(contact) = self.contacts.get(&id) {
            return Ok(contact.clone());
        }
        let found = match self.store.get(&ContactKey {
            workspace: self.workspace,
            contact: id,
        }) {
            Ok(found) => found,
            Err(StorageError::Erased) => None,
            Err(error) => return Err(error),
        };
        let brief = ContactBrief::new((self.store, self.workspace, self.now), id, found.as_ref());
        self.contacts.insert(id, brief.clone());
        Ok(brief)
    }

    fn user_name(&mut self, id: UserId) -> Result<String, StorageError> {
        if let Some(name) = self.users.get(&id) {
            return Ok(name.clone());
        }
        let user = self.store.get(&UserKey {
            workspace: self.workspace,
            user: id,
        })?;
        let name = user.map(|user| user.name).unwrap_or_default();
        self.users.insert(id, name.clone());
        Ok(name)
    }
}
