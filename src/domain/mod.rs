//! The words of the business: ids, people, messages, conversations, and the pure decisions over them.
//!
//! Owns what is true whatever the provider, the store or the clock. Must not know actix, sled, tantivy, reqwest or the
//! system clock: time, random values and new ids always come in as arguments.

pub mod account;
pub mod billing;
pub mod channel;
pub mod consent;
pub mod contact;
pub mod content;
pub mod conversation;
pub mod decide;
pub mod event;
pub mod health;
pub mod hours;
pub mod identity;
pub mod ids;
pub mod inbound;
pub mod links;
pub mod marks;
pub mod media;
pub mod mention;
pub mod message;
pub mod notify;
pub mod operations;
pub mod optout;
pub mod outbound;
pub mod phrases;
pub mod policy;
pub mod sms;
pub mod standing;
pub mod tariff;
pub mod template;
pub mod time;
pub mod vcard;

pub use account::Workspace;
pub use channel::Channel;
pub use contact::Contact;
pub use content::Content;
pub use conversation::{Conversation, ConversationStatus, Priority};
pub use event::{Event, EventKind};
pub use identity::{Identity, IdentityKind};
pub use ids::{
    ChannelId, ContactId, ConversationId, MediaId, MessageId, RawEventId, SessionId, TemplateId, TokenId,
    TraceId, UserId, WorkspaceId,
};
pub use media::{Media, MediaKind, MediaState};
pub use message::{Author, Direction, Message, MessageError, MessageStatus, Pricing};
pub use time::Timestamp;
