//! Every key of the store in one place: table, layout, owner. Hand-built and big-endian, so that byte order is the order
//! of scans. A table's number is never reused.
//!
//! | table | key | value | written by |
//! |---|---|---|---|
//! | `Meta` | name | number | storage |
//! | `WrappedKey` | key id | workspace, wrapped data key | storage |
//! | `ContactKey` | workspace, contact | key id | storage |
//! | `Workspace` | workspace | [`account::Workspace`] | accounts |
//! | `User` | workspace, user | [`account::User`] | accounts |
//! | `UserByEmail` | keyed hash of the address | workspace, user | accounts |
//! | `Session` | hash of the cookie's secret | [`account::Session`] | accounts |
//! | `SessionByUser` | workspace, user, session | hash of the secret | accounts |
//! | `ApiToken` | hash of the token | [`account::ApiToken`] | accounts |
//! | `TokenByWorkspace` | workspace, token | hash of the token | accounts |
//! | `Channel` | workspace, channel | [`Channel`] | channel registry |
//! | `Contact` | workspace, contact | [`Contact`] | directory |
//! | `ContactByIdentity` | workspace, keyed hash of kind and value | contact | directory |
//! | `Conversation` | workspace, conversation | [`Conversation`] | conversation |
//! | `ConversationByContact` | workspace, contact, channel | conversation | directory |
//! | `ConversationList` | workspace, assignee, status, newest activity first, conversation | – | conversation |
//! | `ConversationWaiting` | workspace, assignee, since when the customer waits, conversation | – | conversation |
//! | `ConversationUnread` | workspace, assignee, newest activity first, conversation | – ; only with unread messages | conversation |
//! | `ConversationByLabel` | workspace, keyed hash of the label, status, newest activity first, conversation | – | conversation |
//! | `Message` | workspace, conversation, place | [`Message`] | conversation |
//! | `MessageByProviderId` | workspace, channel, keyed hash | message | conversation |
//! | `EarlyStatus` | workspace, channel, keyed hash | [`operations::EarlyStatus`] | channel |
//! | `Outbox` | workspace, channel, priority, due, message | [`operations::OutboxEntry`] | conversation makes it, dispatcher moves it |
//! | `DeadLetter` | workspace, conversation, place | [`operations::DeadLetter`] | conversation |
//! | `Doubtful` | workspace, conversation, place | since when | conversation |
//! | `RawEvent` | workspace, raw event | [`operations::RawEvent`] | webhook entry, then channel |
//! | `RawByState` | workspace, state, raw event | – | webhook entry, then channel |
//! | `RawPending` | workspace, channel, raw event | – | webhook entry, then channel |
//! | `RawBlob` | raw event | place in the journal, or in a bundle | webhook entry; compaction |
//! | `RawBundle` | its first raw event | bytes of many raw events, sealed | compaction |
//! | `Notice` | workspace, number | [`operations::Notice`] | channel |
//! | `Alert` | workspace, number | [`operations::Alert`] | alerts |
//! | `Due` | time, workspace, hash of the work | [`operations::DueWork`] | whoever needs it; the scheduler removes it |
//! | `Idempotency` | workspace, hash of the key | [`operations::IdempotencyRecord`] | conversation |
//! | `Draft` | workspace, user, conversation | [`operations::Draft`] | inbox |
//! | `Position` | reader's number (1: alert delivery, 40: templates, 100: push) | last event handled | the reader |
//! | `Setting` | workspace, setting's number (1: where alerts are told, 2: how far each telling is, 40: templates, 80: consent, 81: prices and budget, 90: opening hours) | JSON text | its feature; alert delivery |
//! | `UserSetting` | workspace, user, setting's number (see [`super::settings::number`]) | JSON text | its feature |
//! | `PushDevice` | workspace, user, session | JSON text | notifications and push; whoever ends the session removes it |
//! | `SavedView` | workspace, owner (nil: shared), view | JSON text | inbox |
//! | `Mention` | workspace, user, newest first, message | – | conversation |
//! | `Snippet` | workspace, snippet | JSON text | snippets |
//! | `ContactMerge` | workspace, contact, the other contact | JSON text, sealed by the contact | directory |
//! | `Consent` | workspace, contact, channel | [`Consent`] | conversation |
//! | `ChannelHealth` | workspace, channel | [`ChannelHealth`] | channel |
//! | `Usage` | workspace, day, channel, category, country, charge | messages counted | conversation, by adding |
//! | `UsageParts` | workspace, day, channel, category, country, charge | parts charged beyond the first of each message | conversation, by adding |
//! | `Billed` | workspace, conversation, place | [`Billed`]: as what the message is counted | conversation |
//! | `Reach` | workspace, channel, contact | when last written to unasked | conversation |
//! | `MessageByTime` | workspace, conversation, time, place | – ; only where history was imported | conversation |
//! | `Media` | workspace, media | [`Media`] | conversation, uploads; then the media jobs |
//! | `MediaByReference` | workspace, keyed hash of the provider's reference | media | conversation |
//! | `MediaJob` | time, workspace, media | – | conversation, uploads; the media jobs remove it |
//! | `Link` | a tracked link's code | workspace, message | conversation; the scheduler removes it |
//! | `Template` | workspace, template | [`Template`] | templates |
//! | `TemplateByName` | workspace, keyed hash of account, name and language | template | templates |
//! | `TemplateChange` | workspace, template, number | [`Change`] | templates |
//! | `TemplateTally` | workspace, template | [`Performance`] | templates, by reading the journal |
//! | `TemplateUse` | workspace, template, message | what was counted of it, as bits | templates, by reading the journal |
//! | `TemplateAccount` | workspace, keyed hash of the account | [`Account`] | templates |
//! | `MadeContent` | workspace, channel, hash of the content's name | JSON text | dispatcher |

mod table;
mod usage;

use std::marker::PhantomData;

use crate::domain::account::{self, User};
use crate::domain::billing::Billed;
use crate::domain::consent::Consent;
use crate::domain::health::ChannelHealth;
use crate::domain::operations;
use crate::domain::template::{Account, Change, Performance, Template};
use crate::domain::{
    Channel, ChannelId, Contact, ContactId, Conversation, ConversationId, Media, MediaId, Message, MessageId,
    RawEventId, SessionId, TemplateId, Timestamp, TokenId, UserId, WorkspaceId,
};

use super::records::{Json, Record};
pub use table::Table;
pub(super) use table::table_name;

/// A typed key: knows its table, its value and its bytes.
pub trait Key: Sized + Clone {
    /// What stands under it.
    type Value: Record;
    /// Its table.
    const TABLE: Table;
    /// Appends the fields after the table byte.
    fn write(&self, out: &mut Vec<u8>);
    /// Reads the fields after the table byte; `None` unless they are exactly of this layout.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// The whole key.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(56);
        out.push(Self::TABLE as u8);
        self.write(&mut out);
        out
    }
}

/// The first fields of a key, to scan by.
pub struct Prefix<K> {
    pub(super) bytes: Vec<u8>,
    key: PhantomData<fn() -> K>,
}

impl<K: Key> Prefix<K> {
    /// The whole table. For look-ups within a workspace add its id with [`Self::with`] first.
    pub fn table() -> Self {
        Self {
            bytes: vec![K::TABLE as u8],
            key: PhantomData,
        }
    }

    /// Adds the next field.
    #[must_use]
    pub fn with<P: KeyPart>(mut self, part: P) -> Self {
        part.write(&mut self.bytes);
        self
    }
}

/// A field of a key, of a fixed size.
pub trait KeyPart: Sized {
    /// Appends it so that byte order is its order.
    fn write(&self, out: &mut Vec<u8>);
    /// Takes it off the front.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

/// A time that sorts newest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Newest(pub Timestamp);

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

impl<const N: usize> KeyPart for [u8; N] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes)
    }
}

macro_rules! number_part {
    ($($number:ty),*) => {$(
        impl KeyPart for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(<$number>::from_be_bytes)
            }
        }
    )*};
}
number_part!(u8, u32, u64);

macro_rules! id_part {
    ($($id:ident),*) => {$(
        impl KeyPart for $id {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0);
            }
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map($id)
            }
        }
    )*};
}
id_part!(
    WorkspaceId,
    UserId,
    SessionId,
    TokenId,
    ChannelId,
    ContactId,
    ConversationId,
    MediaId,
    TemplateId
);

impl KeyPart for RawEventId {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        u64::read(bytes).map(Self)
    }
}

impl KeyPart for MessageId {
    fn write(&self, out: &mut Vec<u8>) {
        self.conversation.write(out);
        self.n.write(out);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            conversation: ConversationId::read(bytes)?,
            n: u32::read(bytes)?,
        })
    }
}

/// Flips the sign bit, so that negative times sort before positive ones.
const SIGN: u64 = 1 << 63;

impl KeyPart for Timestamp {
    fn write(&self, out: &mut Vec<u8>) {
        (self.0.cast_unsigned() ^ SIGN).write(out);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        u64::read(bytes).map(|n| Self((n ^ SIGN).cast_signed()))
    }
}

impl KeyPart for Newest {
    fn write(&self, out: &mut Vec<u8>) {
        (!(self.0.0.cast_unsigned() ^ SIGN)).write(out);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        u64::read(bytes).map(|n| Self(Timestamp((!n ^ SIGN).cast_signed())))
    }
}

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $part:ty),* } = $table:ident => $value:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs)] // the module's table says what the fields are
        pub struct $name { $(pub $field: $part),* }

        impl Key for $name {
            type Value = $value;
            const TABLE: Table = Table::$table;
            fn write(&self, out: &mut Vec<u8>) {
                $(KeyPart::write(&self.$field, out);)*
            }
            fn read(mut bytes: &[u8]) -> Option<Self> {
                let key = Self { $($field: KeyPart::read(&mut bytes)?),* };
                bytes.is_empty().then_some(key)
            }
        }
    )*};
}

keys! {
    /// A counter or version of the store itself.
    MetaKey { name: u8 } = Meta => u64;
    /// See [`account::Workspace`].
    WorkspaceKey { workspace: WorkspaceId } = Workspace => account::Workspace;
    /// See [`User`].
    UserKey { workspace: WorkspaceId, user: UserId } = User => User;
    /// Finds a user by e-mail address.
    UserByEmailKey { email: [u8; 16] } = UserByEmail => (WorkspaceId, UserId);
    /// See [`account::Session`].
    SessionKey { secret: [u8; 32] } = Session => account::Session;
    /// Lists a user's sessions.
    SessionByUserKey { workspace: WorkspaceId, user: UserId, session: SessionId } = SessionByUser => [u8; 32];
    /// See [`account::ApiToken`].
    ApiTokenKey { secret: [u8; 32] } = ApiToken => account::ApiToken;
    /// Lists a workspace's tokens.
    TokenByWorkspaceKey { workspace: WorkspaceId, token: TokenId } = TokenByWorkspace => [u8; 32];
    /// See [`Channel`].
    ChannelKey { workspace: WorkspaceId, channel: ChannelId } = Channel => Channel;
    /// See [`Contact`].
    ContactKey { workspace: WorkspaceId, contact: ContactId } = Contact => Contact;
    /// Finds a contact by identity.
    ContactByIdentityKey { workspace: WorkspaceId, identity: [u8; 16] } = ContactByIdentity => ContactId;
    /// See [`Conversation`].
    ConversationKey { workspace: WorkspaceId, conversation: ConversationId } = Conversation => Conversation;
    /// Finds the conversation of a contact on a channel.
    ConversationByContactKey { workspace: WorkspaceId, contact: ContactId, channel: ChannelId }
        = ConversationByContact => ConversationId;
    /// The list, newest first. Nobody assigned is the nil id.
    ConversationListKey {
        workspace: WorkspaceId, assignee: UserId, status: u8, activity: Newest, conversation: ConversationId
    } = ConversationList => ();
    /// The customers who wait for an answer, longest first. Nobody assigned is the nil id.
    ConversationWaitingKey { workspace: WorkspaceId, assignee: UserId, since: Timestamp, conversation: ConversationId }
        = ConversationWaiting => ();
    /// The conversations with unread messages, newest first. Nobody assigned is the nil id.
    ConversationUnreadKey { workspace: WorkspaceId, assignee: UserId, activity: Newest, conversation: ConversationId }
        = ConversationUnread => ();
    /// Where someone is mentioned, newest first.
    MentionKey { workspace: WorkspaceId, user: UserId, at: Newest, message: MessageId } = Mention => ();
    /// A list that someone saved. A shared one belongs to the nil id.
    SavedViewKey { workspace: WorkspaceId, owner: UserId, view: [u8; 16] } = SavedView => Json;
    /// A text to be used again and again.
    SnippetKey { workspace: WorkspaceId, snippet: [u8; 16] } = Snippet => Json;
    /// That two contacts turned out to be one person. Stands twice, once for each of them.
    ContactMergeKey { workspace: WorkspaceId, contact: ContactId, other: ContactId } = ContactMerge => Json;
    /// A person's settings.
    UserSettingKey { workspace: WorkspaceId, user: UserId, setting: u8 } = UserSetting => Json;
    /// Where a browser session is told of news while no page is open.
    PushDeviceKey { workspace: WorkspaceId, user: UserId, session: SessionId } = PushDevice => Json;
    /// The conversations that carry a label, newest first.
    ConversationByLabelKey {
        workspace: WorkspaceId, label: [u8; 16], status: u8, activity: Newest, conversation: ConversationId
    } = ConversationByLabel => ();
    /// See [`Message`].
    MessageKey { workspace: WorkspaceId, message: MessageId } = Message => Message;
    /// Finds a message by the provider's id; its presence is the claim that the message was counted.
    MessageByProviderIdKey { workspace: WorkspaceId, channel: ChannelId, provider_id: [u8; 16] }
        = MessageByProviderId => MessageId;
    /// See [`operations::EarlyStatus`].
    EarlyStatusKey { workspace: WorkspaceId, channel: ChannelId, provider_id: [u8; 16] }
        = EarlyStatus => operations::EarlyStatus;
    /// See [`operations::OutboxEntry`].
    OutboxKey { workspace: WorkspaceId, channel: ChannelId, priority: u8, due: Timestamp, message: MessageId }
        = Outbox => operations::OutboxEntry;
    /// See [`operations::DeadLetter`].
    DeadLetterKey { workspace: WorkspaceId, message: MessageId } = DeadLetter => operations::DeadLetter;
    /// Since when a send is doubtful.
    DoubtfulKey { workspace: WorkspaceId, message: MessageId } = Doubtful => Timestamp;
    /// See [`operations::RawEvent`].
    RawEventKey { workspace: WorkspaceId, raw: RawEventId } = RawEvent => operations::RawEvent;
    /// Lists raw events by state, in order of arrival.
    RawByStateKey { workspace: WorkspaceId, state: u8, raw: RawEventId } = RawByState => ();
    /// What a channel has yet to work in, in order of arrival.
    RawPendingKey { workspace: WorkspaceId, channel: ChannelId, raw: RawEventId } = RawPending => ();
    /// Where a raw event's bytes lie.
    RawBlobKey { raw: RawEventId } = RawBlob => ();
    /// The bytes of many raw events, from a first one on.
    RawBundleKey { first: RawEventId } = RawBundle => ();
    /// See [`operations::Notice`].
    NoticeKey { workspace: WorkspaceId, notice: u64 } = Notice => operations::Notice;
    /// The number of a notice, by what it was made of, so that a second delivery makes no second one.
    NoticeSeenKey { workspace: WorkspaceId, hash: [u8; 16] } = NoticeSeen => u64;
    /// See [`operations::Alert`].
    AlertKey { workspace: WorkspaceId, alert: u64 } = Alert => operations::Alert;
    /// See [`operations::DueWork`].
    DueKey { at: Timestamp, workspace: WorkspaceId, work: [u8; 16] } = Due => operations::DueWork;
    /// See [`operations::IdempotencyRecord`].
    IdempotencyKey { workspace: WorkspaceId, key: [u8; 16] } = Idempotency => operations::IdempotencyRecord;
    /// See [`operations::Draft`].
    DraftKey { workspace: WorkspaceId, user: UserId, conversation: ConversationId } = Draft => operations::Draft;
    /// How far a reader of the journal has come.
    PositionKey { reader: u8 } = Position => u64;
    /// What a customer allows on a channel.
    ConsentKey { workspace: WorkspaceId, contact: ContactId, channel: ChannelId } = Consent => Consent;
    /// How a channel stands with its provider.
    ChannelHealthKey { workspace: WorkspaceId, channel: ChannelId } = ChannelHealth => ChannelHealth;
    /// How many messages were counted so.
    UsageKey {
        workspace: WorkspaceId, day: u32, channel: ChannelId, category: u8, country: [u8; 2], charge: u8
    } = Usage => u64;
    /// How many parts were charged beyond the first of each message counted so: more SMS segments than messages.
    UsagePartsKey {
        workspace: WorkspaceId, day: u32, channel: ChannelId, category: u8, country: [u8; 2], charge: u8
    } = UsageParts => u64;
    /// As what a message is counted.
    BilledKey { workspace: WorkspaceId, message: MessageId } = Billed => Billed;
    /// When a customer was last written to unasked.
    ReachKey { workspace: WorkspaceId, channel: ChannelId, contact: ContactId } = Reach => Timestamp;
    /// A thread with imported messages, in the order of their times.
    MessageByTimeKey { workspace: WorkspaceId, conversation: ConversationId, at: Timestamp, n: u32 }
        = MessageByTime => ();
    /// Finds the message of a tracked link.
    LinkKey { code: [u8; 12] } = Link => (WorkspaceId, MessageId);
    /// A feature's settings.
    SettingKey { workspace: WorkspaceId, setting: u8 } = Setting => Json;
    /// See [`Media`].
    MediaKey { workspace: WorkspaceId, media: MediaId } = Media => Media;
    /// Finds a file by what its provider calls it.
    MediaByReferenceKey { workspace: WorkspaceId, reference: [u8; 16] } = MediaByReference => MediaId;
    /// Files that are to be fetched, at what time.
    MediaJobKey { at: Timestamp, workspace: WorkspaceId, media: MediaId } = MediaJob => ();
    /// See [`Template`].
    TemplateKey { workspace: WorkspaceId, template: TemplateId } = Template => Template;
    /// Finds a template by account, name and language.
    TemplateByNameKey { workspace: WorkspaceId, name: [u8; 16] } = TemplateByName => TemplateId;
    /// See [`Change`].
    TemplateChangeKey { workspace: WorkspaceId, template: TemplateId, n: u32 } = TemplateChange => Change;
    /// See [`Performance`].
    TemplateTallyKey { workspace: WorkspaceId, template: TemplateId } = TemplateTally => Performance;
    /// What was counted of a message.
    TemplateUseKey { workspace: WorkspaceId, template: TemplateId, message: MessageId } = TemplateUse => u64;
    /// A content that was made at the provider for messages of that shape.
    MadeContentKey { workspace: WorkspaceId, channel: ChannelId, shape: [u8; 16] } = MadeContent => Json;
    /// See [`Account`].
    TemplateAccountKey { workspace: WorkspaceId, account: [u8; 16] } = TemplateAccount => Account;
}

#[cfg(test)]
mod tests;
