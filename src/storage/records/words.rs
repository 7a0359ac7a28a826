//! Numbers for what is stored as a number, and short forms for words that stand in nearly every message.

use bincode::{Decode, Encode};
use serde_json::Value;

use crate::domain::outbound::ErrorClass;
use crate::domain::{Direction, MessageStatus};

use super::super::error::StorageError;
use super::impossible;

/// Words with a number of their own. Stored: only append, never change the order.
const WORDS: [&str; 38] = [
    "",
    "text",
    "note",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "interactive",
    "button",
    "template",
    "reaction",
    "order",
    "system",
    "edit",
    "unsupported",
    "unknown",
    "marketing",
    "marketing_lite",
    "utility",
    "authentication",
    "authentication_international",
    "service",
    "referral_conversion",
    "regular",
    "free_customer_service",
    "free_entry_point",
    "PMP",
    "CBP",
    "request_welcome",
    "revoke",
    "group_invite",
    "errors",
    "deleted",
    "history",
    "ephemeral",
];

/// A word, as its number where it has one.
#[derive(Encode, Decode)]
pub(super) enum WordV1 {
    Known(u8),
    Other(String),
}

impl WordV1 {
    pub(super) fn new(word: &str) -> Self {
        let known = WORDS.iter().position(|known| *known == word);
        match known.and_then(|place| u8::try_from(place).ok()) {
            Some(number) => Self::Known(number),
            None => Self::Other(word.to_owned()),
        }
    }

    pub(super) fn into_string(self, name: &'static str, field: &str) -> Result<String, StorageError> {
        match self {
            Self::Known(number) => WORDS
                .get(usize::from(number))
                .map(|word| (*word).to_owned())
                .ok_or_else(|| impossible(name, field, number)),
            Self::Other(word) => Ok(word),
        }
    }
}

macro_rules! numbered {
    ($($(#[$doc:meta])* $to:ident, $from:ident: $type:ident { $($variant:ident = $number:literal),+ $(,)? })*) => {$(
        $(#[$doc])*
        pub(super) const fn $to(value: $type) -> u8 {
            match value {
                $($type::$variant => $number),+
            }
        }

        pub(super) fn $from(name: &'static str, field: &str, number: u8) -> Result<$type, StorageError> {
            match number {
                $($number => Ok($type::$variant),)+
                other => Err(impossible(name, field, other)),
            }
        }
    )*};
}

numbered! {
    /// Stored number of a direction.
    direction_number, direction: Direction { Inbound = 1, Outbound = 2 }
    /// Stored number of a status.
    status_number, status: MessageStatus {
        Received = 1, Queued = 2, Accepted = 3, Sent = 4, Delivered = 5, Read = 6, Failed = 7, Doubtful = 8,
    }
    /// Stored number of an error class.
    class_number, class: ErrorClass {
        Auth = 1, Account = 2, Throttle = 3, ThrottlePair = 4, Quality = 5, Window = 6, Recipient = 7,
        RecipientCooldown = 8, OptOut = 9, Template = 10, TemplatePaused = 11, TemplateDead = 12, Transient = 13,
        Permanent = 14, Config = 15,
    }
}

/// Reads a JSON text that stands in a record.
pub(super) fn json(name: &'static str, field: &str, text: &str) -> Result<Value, StorageError> {
    serde_json::from_str(text).map_err(|error| StorageError::Damaged {
        table: name,
        cause: format!(
            "{field} is no JSON ({:?} at {})",
            error.classify(),
            error.column()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_so_that_each_has_one_number() {
        let unique: std::collections::BTreeSet<_> = WORDS.iter().collect();
        assert_eq!(unique.len(), WORDS.len());
    }

    #[test]
    fn class_numbers_are_the_domains_own() {
        for number in 1..=15 {
            let found = class("t", "class", number).expect("known");
            assert_eq!(found as u8, number);
        }
        assert!(class("t", "class", 16).is_err());
    }
}
