//! What a channel's adapter makes of a webhook: the same few things for every provider.

use serde_json::Value;

use super::content::Content;
use super::identity::Identity;
use super::ids::MessageId;
use super::message::{MessageError, MessageStatus, Pricing};
use super::time::Timestamp;

/// One thing that a provider told us, in the order in which it stood in the delivery.
#[derive(Clone, PartialEq, Debug)]
pub enum Inbound {
    /// A customer wrote.
    Message(InboundMessage),
    /// Something was written to a customer outside Frontdesk (the business's phone app, a history import).
    Echo(InboundMessage),
    /// News about the delivery of a message of ours.
    Status(StatusUpdate),
    /// News about the account, a template, the quality, or something that this version does not know.
    Notice(ChannelNotice),
    /// A customer used the provider's own switch for marketing.
    Preference(PreferenceUpdate),
}

/// A customer's choice, made in the provider's app.
#[derive(Clone, PartialEq, Debug)]
pub struct PreferenceUpdate {
    /// Who.
    pub sender: Sender,
    /// Whether they want marketing.
    pub marketing: bool,
    /// The provider's time for it.
    pub at: Option<Timestamp>,
    /// What the provider said of it.
    pub detail: String,
}

/// Who wrote, as far as the provider tells: at least one identity that can be looked up.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sender {
    /// Best first: business-scoped user id, then number, then decorations such as a user name.
    pub identities: Vec<Identity>,
    /// The name that the customer chose, where told.
    pub profile_name: Option<String>,
}

/// A message from a customer.
#[derive(Clone, PartialEq, Debug)]
pub struct InboundMessage {
    /// The provider's id; counted once per channel, however often it is delivered.
    pub provider_message_id: String,
    /// Who wrote (for an echo: to whom it was written).
    pub sender: Sender,
    /// The provider's time for it.
    pub at: Option<Timestamp>,
    /// What it says.
    pub content: Content,
    /// Provider's id of the message that it answers; empty with `forwarded` for a forward.
    pub reply_to: Option<String>,
    /// The customer forwarded it.
    pub forwarded: bool,
    /// Anything else said about it (referral, referred product, group id, errors), as JSON object.
    pub extra: Option<Value>,
}

/// News about the delivery of a message of ours.
#[derive(Clone, PartialEq, Debug)]
pub struct StatusUpdate {
    /// The provider's id of our message.
    pub provider_message_id: String,
    /// What became of it.
    pub status: MessageStatus,
    /// When, by the provider's clock.
    pub at: Option<Timestamp>,
    /// Our own id, where the provider returns it (`biz_opaque_callback_data`).
    pub callback: Option<MessageId>,
    /// Identities of the recipient that it taught us.
    pub recipient: Vec<Identity>,
    /// Why it failed.
    pub error: Option<MessageError>,
    /// The class of that error, for the channel's reaction.
    pub error_class: Option<super::outbound::ErrorClass>,
    /// Price information.
    pub pricing: Option<Pricing>,
    /// Until when all that goes to this customer is free, where told (WhatsApp: the free entry point window's end).
    pub free_until: Option<Timestamp>,
}

/// News about a channel rather than a message.
#[derive(Clone, PartialEq, Debug)]
pub struct ChannelNotice {
    /// The webhook field (`account_update`, `message_template_status_update` …) or whatever unknown word stood there.
    pub field: String,
    /// What was said, whole.
    pub body: Value,
    /// Whether this version knows the field.
    pub known: bool,
}
