//! As what a message is charged on channels whose provider does not tell it.
//!
//! Owns the rules (Meta's per-message pricing of July 2025 for WhatsApp; segments for SMS). Knows no price: amounts come from
//! the owner's price list. Must not know where counts are kept.

use super::message::{Direction, Message, MessageStatus, Pricing};
use super::sms::segments;

/// How a channel's messages come to be charged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tariff {
    /// They cost nothing (Instagram).
    Free,
    /// The provider tells with each message as what it is charged (Meta, also through 360dialog).
    Told,
    /// As WhatsApp messages, without being told (Twilio).
    Whatsapp,
    /// By the segment, without being told (SMS).
    Segments,
}

/// Free-form answers and utility templates within the customer's window, in Meta's words.
const FREE_SERVICE: &str = "free_customer_service";
const REGULAR: &str = "regular";
/// Our own word: the provider did not take it as far as it charges for.
const NOT_DELIVERED: &str = "not_delivered";

impl Tariff {
    /// Whether every message is charged, an answer too.
    pub const fn charges_all(self) -> bool {
        matches!(self, Self::Segments)
    }

    /// As what `message` is charged now, where its provider does not say; `None` as long as it is not charged. `category` is
    /// its template's, where known; `window_open` holds while the customer's window is open.
    ///
    /// What was once found stays: only a failure takes it back, and a delivery after that brings it again.
    pub fn pricing(self, message: &Message, category: Option<&str>, window_open: bool) -> Option<Pricing> {
        let known = message.pricing.clone();
        let is_ours = message.direction == Direction::Outbound && !message.content.is_note();
        if matches!(self, Self::Free | Self::Told) || !is_ours || message.is_imported() {
            return known;
        }
        match (self.is_charged(message), known) {
            (None, known) => known,
            (Some(true), Some(known)) if known.kind != NOT_DELIVERED => Some(known),
            (Some(true), _) => Some(self.charge(message, category, window_open)),
            (Some(false), known) => known.map(|known| Pricing {
                kind: NOT_DELIVERED.into(),
                billable: Some(false),
                ..known
            }),
        }
    }

    /// `None` where nothing is decided yet.
    const fn is_charged(self, message: &Message) -> Option<bool> {
        match message.status {
            MessageStatus::Accepted
            | MessageStatus::Sent
            | MessageStatus::Delivered
            | MessageStatus::Read => Some(true),
            // A carrier that took an SMS charges for it, whatever becomes of it; Meta charges for what arrives.
            MessageStatus::Failed => Some(matches!(self, Self::Segments) && message.times.sent.is_some()),
            MessageStatus::Received | MessageStatus::Queued | MessageStatus::Doubtful => None,
        }
    }

    fn charge(self, message: &Message, category: Option<&str>, window_open: bool) -> Pricing {
        let content = &message.content;
        let (category, kind, units) = match (self, content.kind.as_str()) {
            (Self::Segments, "text") => {
                let text = content.body.get("body").and_then(serde_json::Value::as_str);
                let count = segments(text.unwrap_or_default()).count;
                (
                    "sms".to_owned(),
                    REGULAR,
                    u32::try_from(count).unwrap_or(u32::MAX),
                )
            }
            // With a file it goes as one MMS, whatever its words.
            (Self::Segments, _) => ("mms".to_owned(), REGULAR, 1),
            (_, "template") => {
                let category = category.unwrap_or("other").to_ascii_lowercase();
                let free = window_open && category == "utility";
                (category, if free { FREE_SERVICE } else { REGULAR }, 1)
            }
            _ => ("service".to_owned(), FREE_SERVICE, 1),
        };
        Pricing {
            category,
            kind: kind.to_owned(),
            model: "PMP".to_owned(),
            billable: Some(kind == REGULAR),
            units,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::{Billed, Category, Charge, NO_COUNTRY};
    use crate::domain::message::tests::outbound;
    use crate::domain::{ChannelId, Content, Timestamp};

    fn template() -> Content {
        Content {
            kind: "template".into(),
            body: serde_json::json!({"name": "spring", "language": "en"}),
        }
    }

    fn sent(content: Content, status: MessageStatus) -> Message {
        Message {
            content,
            ..outbound(status)
        }
    }

    fn counted(message: &Message) -> Option<(Category, Charge, u32)> {
        let billed = Billed::of(message, ChannelId([1; 16]), NO_COUNTRY)?;
        Some((billed.category, billed.charge, billed.units))
    }

    #[test]
    fn what_is_charged_as_what() {
        use Tariff::{Free, Segments, Told, Whatsapp};
        let picture = || Content {
            kind: "image".into(),
            body: serde_json::json!({"caption": "a".repeat(400)}),
        };
        let text = |length| Content::text(&"a".repeat(length));
        let table = [
            (
                Segments,
                text(160),
                None,
                Some((Category::Sms, Charge::Regular, 1)),
            ),
            (
                Segments,
                text(161),
                None,
                Some((Category::Sms, Charge::Regular, 2)),
            ),
            (
                Segments,
                Content::text(&"ж".repeat(135)),
                None,
                Some((Category::Sms, Charge::Regular, 3)),
            ),
            (
                Segments,
                picture(),
                None,
                Some((Category::Mms, Charge::Regular, 1)),
            ),
            (
                Whatsapp,
                text(400),
                None,
                Some((Category::Service, Charge::FreeService, 1)),
            ),
            (
                Whatsapp,
                template(),
                Some("marketing"),
                Some((Category::Marketing, Charge::Regular, 1)),
            ),
            (
                Whatsapp,
                template(),
                Some("utility"),
                Some((Category::Utility, Charge::FreeService, 1)),
            ),
            (
                Whatsapp,
                template(),
                None,
                Some((Category::Other, Charge::Regular, 1)),
            ),
            (Told, template(), Some("marketing"), None),
            (Free, text(10), None, None),
            (Segments, Content::note("no SMS"), None, None),
        ];
        for (tariff, content, category, expected) in table {
            let mut message = sent(content, MessageStatus::Accepted);
            message.pricing = tariff.pricing(&message, category, true);
            assert_eq!(counted(&message), expected, "{tariff:?} {:?}", message.content);
        }
        let mut outside = sent(template(), MessageStatus::Sent);
        outside.pricing = Tariff::Whatsapp.pricing(&outside, Some("utility"), false);
        assert_eq!(counted(&outside), Some((Category::Utility, Charge::Regular, 1)));
    }

    #[test]
    fn nothing_is_charged_before_it_was_taken_and_what_was_found_stays() {
        let queued = sent(template(), MessageStatus::Queued);
        assert_eq!(Tariff::Whatsapp.pricing(&queued, Some("utility"), false), None);
        let doubtful = sent(template(), MessageStatus::Doubtful);
        assert_eq!(Tariff::Segments.pricing(&doubtful, None, false), None);
        let mut message = sent(template(), MessageStatus::Accepted);
        message.pricing = Tariff::Whatsapp.pricing(&message, Some("utility"), false);
        message.status = MessageStatus::Read;
        // The customer wrote meanwhile, and the template's category was changed.
        let later = Tariff::Whatsapp.pricing(&message, Some("marketing"), true);
        assert_eq!(later, message.pricing);
    }

    #[test]
    fn a_failure_takes_it_back_unless_the_carrier_had_it() {
        for (tariff, handed_over, charge) in [
            (Tariff::Segments, None, Charge::Free),
            (Tariff::Segments, Some(Timestamp(5)), Charge::Regular),
            (Tariff::Whatsapp, Some(Timestamp(5)), Charge::Free),
        ] {
            let content = match tariff {
                Tariff::Whatsapp => template(),
                _ => Content::text("hi"),
            };
            let mut message = sent(content, MessageStatus::Accepted);
            message.pricing = tariff.pricing(&message, Some("marketing"), false);
            message.status = MessageStatus::Failed;
            message.times.sent = handed_over;
            message.pricing = tariff.pricing(&message, Some("marketing"), false);
            assert_eq!(
                counted(&message).map(|it| it.1),
                Some(charge),
                "{tariff:?} {handed_over:?}"
            );
            message.status = MessageStatus::Delivered;
            message.pricing = tariff.pricing(&message, Some("marketing"), false);
            assert_eq!(
                counted(&message).map(|it| it.1),
                Some(Charge::Regular),
                "it arrived after all"
            );
        }
        // What failed at once never was charged.
        let refused = sent(Content::text("hi"), MessageStatus::Failed);
        assert_eq!(Tariff::Segments.pricing(&refused, None, false), None);
    }
}
