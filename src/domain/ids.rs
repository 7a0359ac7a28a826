//! Identifiers. Opaque strings to the outside: a prefix that tells the kind, then lower-case hexadecimal.

use std::fmt;
use std::str::FromStr;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind} id")]
pub struct InvalidId {
    /// The kind that was expected, e.g. `conversation`.
    pub kind: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// Wraps the 16 bytes of a UUID (version 7 for everything created here).
            pub const fn from_uuid(id: uuid::Uuid) -> Self {
                Self(id.into_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), uuid::Uuid::from_bytes(self.0).simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(parse_hex16)
                    .map(Self)
                    .ok_or(InvalidId { kind: $kind })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A workspace: one business. Part of every key, address and query.
    WorkspaceId, "ws", "workspace"
);
id!(
    /// A connected number or account of a provider.
    ChannelId, "ch", "channel"
);
id!(
    /// A message template in one language.
    TemplateId, "tp", "template"
);
id!(
    /// A customer: a set of identities.
    ContactId, "ct", "contact"
);
id!(
    /// The thread between one contact and one channel; carries the ticket fields.
    ConversationId, "cv", "conversation"
);
id!(
    /// A person who works with Frontdesk.
    UserId, "us", "user"
);
id!(
    /// A browser session of a user.
    SessionId, "se", "session"
);
id!(
    /// An API token.
    TokenId, "tk", "token"
);
id!(
    /// A file of a message, or one that was uploaded to be sent.
    MediaId, "md", "media"
);
id!(
    /// Follows one message from webhook to browser through logs, problem documents and raw events.
    TraceId, "tr", "trace"
);

fn parse_hex16(text: &str) -> Option<[u8; 16]> {
    let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (text.len() == 32 && text.bytes().all(lower_hex))
        .then(|| uuid::Uuid::try_parse(text).ok())
        .flatten()
        .map(uuid::Uuid::into_bytes)
}

/// A message: its conversation and its place in it (1, 2, 3 …). Order within a conversation never depends on a clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct MessageId {
    /// The conversation that holds the message.
    pub conversation: ConversationId,
    /// Its place in that conversation, from 1, without gaps.
    pub n: u32,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conversation = uuid::Uuid::from_bytes(self.conversation.0);
        write!(f, "ms_{}{:08x}", conversation.simple(), self.n)
    }
}

impl FromStr for MessageId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { kind: "message" };
        let hex = text
            .strip_prefix("ms_")
            .filter(|hex| hex.len() == 40 && hex.is_ascii());
        let hex = hex.ok_or_else(|| invalid.clone())?;
        let conversation = parse_hex16(&hex[..32]).ok_or_else(|| invalid.clone())?;
        let n = u32::from_str_radix(&hex[32..], 16).map_err(|_| invalid)?;
        Ok(Self {
            conversation: ConversationId(conversation),
            n,
        })
    }
}

impl serde::Serialize for MessageId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A raw webhook delivery, numbered in the order of arrival (never by the clock, which may jump).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RawEventId(pub u64);

impl fmt::Display for RawEventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "raw_{:016x}", self.0)
    }
}

impl FromStr for RawEventId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix("raw_")
            .filter(|hex| hex.len() == 16)
            .and_then(|hex| u64::from_str_radix(hex, 16).ok())
            .map(Self)
            .ok_or(InvalidId { kind: "raw event" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_through_text_and_refuse_other_kinds() {
        let conversation = ConversationId([7; 16]);
        assert_eq!(conversation.to_string().parse(), Ok(conversation));
        assert!(conversation.to_string().parse::<ContactId>().is_err());
        let message = MessageId { conversation, n: 42 };
        assert_eq!(message.to_string().parse(), Ok(message));
        assert_eq!(RawEventId(9).to_string().parse(), Ok(RawEventId(9)));
    }

    #[test]
    fn hostile_ids_are_refused() {
        for text in [
            "",
            "cv_",
            "cv_XY",
            "ms_",
            "ms_é",
            "cv_{0}",
            "../x",
            "cv_00000000-0000-0000-0000-00000000",
        ] {
            assert!(text.parse::<ConversationId>().is_err(), "{text}");
            assert!(text.parse::<MessageId>().is_err(), "{text}");
        }
        let multibyte = format!("ms_{}é", "0".repeat(38));
        assert!(multibyte.parse::<MessageId>().is_err());
    }
}
