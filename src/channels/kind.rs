//! The providers by name: what the API calls them, who plays them, and where their webhooks arrive.

use crate::domain::ChannelId;

/// What the API calls a provider.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ProviderKind {
    /// Meta's WhatsApp Cloud API.
    WhatsappCloud = 1,
    /// The built-in simulator, which speaks WhatsApp Cloud API on this machine.
    Sandbox = 2,
    /// Instagram messaging, by Instagram login or by Facebook login.
    Instagram = 3,
    /// Twilio: SMS and WhatsApp.
    Twilio = 4,
    /// WhatsApp through 360dialog.
    Dialog360 = 5,
    /// The built-in simulator, which speaks the Instagram API on this machine.
    SandboxInstagram = 6,
    /// The built-in simulator, which speaks Twilio's API for SMS on this machine.
    SandboxSms = 7,
}

impl ProviderKind {
    /// The kind for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::WhatsappCloud),
            2 => Some(Self::Sandbox),
            3 => Some(Self::Instagram),
            4 => Some(Self::Twilio),
            5 => Some(Self::Dialog360),
            6 => Some(Self::SandboxInstagram),
            7 => Some(Self::SandboxSms),
            _ => None,
        }
    }

    /// Whether the built-in simulator plays the provider.
    pub const fn is_sandbox(self) -> bool {
        matches!(self, Self::Sandbox | Self::SandboxInstagram | Self::SandboxSms)
    }

    /// The provider itself, whoever plays it: channels of one family share an entrance and an adapter.
    pub const fn family(self) -> Self {
        match self {
            Self::Sandbox => Self::WhatsappCloud,
            Self::SandboxInstagram => Self::Instagram,
            Self::SandboxSms => Self::Twilio,
            Self::WhatsappCloud | Self::Instagram | Self::Twilio | Self::Dialog360 => self,
        }
    }

    /// Where the provider posts the webhooks of a channel. Meta has one address for an app, whose payloads name the
    /// number; the others post to an address of the channel's own.
    pub fn webhook_path(self, channel: ChannelId) -> String {
        match self.family() {
            Self::Instagram => "/webhooks/instagram".to_owned(),
            Self::Twilio => format!("/webhooks/twilio/{channel}"),
            Self::Dialog360 => format!("/webhooks/360dialog/{channel}"),
            Self::WhatsappCloud | Self::Sandbox | Self::SandboxInstagram | Self::SandboxSms => {
                "/webhooks/whatsapp".to_owned()
            }
        }
    }
}
