//! Twilio's limits on what may be sent, in one place.
//!
//! Owns numbers only. Source: the provider contract (Twilio's API reference), except where a line says that the limit is
//! ours.

use super::settings::Medium;
use crate::channels::ContentLimits;
use crate::channels::fields::URL;

/// Body of a message, in characters, on every medium.
pub(super) const TEXT: usize = 1600;
/// Names and addresses of places (ours).
pub(super) const SHORT_TEXT: usize = 1024;
/// Variables of a content template (ours; Twilio's documentation names none).
pub(super) const VARIABLES: usize = 100;
/// One variable of a content template (a template's whole body has no more than this), in characters.
pub(super) const VARIABLE: usize = 1024;
/// WhatsApp messages a second for one sender.
pub(super) const WHATSAPP_RATE_PER_S: u32 = 80;
/// SMS a second for one sender: a US long code, the slowest; others are set by `rate_per_s`.
pub(super) const SMS_RATE_PER_S: u32 = 1;
/// The most that a sender may be granted.
pub(super) const MAX_RATE_PER_S: u32 = 400;
/// Burst to one WhatsApp recipient (Meta's pair limit applies beneath).
pub(super) const PAIR_BURST: u32 = 45;
/// Seconds between messages to one recipient after the burst.
pub(super) const PAIR_SPACING_S: u32 = 6;

/// The same numbers for composer and builder.
pub(super) const fn catalogue(medium: Medium, has_mms: bool) -> ContentLimits {
    let texts = ContentLimits {
        text: TEXT,
        ..ContentLimits::NONE
    };
    match medium {
        Medium::Sms if !has_mms => texts,
        Medium::Sms => ContentLimits {
            caption: TEXT,
            ..texts
        },
        Medium::Whatsapp => ContentLimits {
            caption: TEXT,
            url: URL,
            short_text: SHORT_TEXT,
            ..texts
        },
    }
}
