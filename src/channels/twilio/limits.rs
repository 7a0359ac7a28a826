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
/// One variable of a content that is made for a message, in UTF-16 units (Twilio: 255 characters).
pub(super) const VALUE: usize = 255;
/// Body of an interactive message, with header and footer.
pub(super) const BODY: usize = 1024;
/// Text header.
pub(super) const HEADER: usize = 60;
/// Footer, or subtitle of a card.
pub(super) const FOOTER: usize = 60;
/// Reply buttons within the window, without an approval.
pub(super) const BUTTONS: usize = 3;
/// Label of a button.
pub(super) const BUTTON_TITLE: usize = 20;
/// Id of a button, a row or a product.
pub(super) const ID: usize = 200;
/// Our own name of a file.
pub(super) const PROVIDER_ID: usize = 512;
/// Rows of a list.
pub(super) const ROWS: usize = 10;
/// Title of a row, or of a section of products.
pub(super) const ROW_TITLE: usize = 24;
/// Description of a row.
pub(super) const ROW_DESCRIPTION: usize = 72;
/// Sections of products (WhatsApp).
pub(super) const SECTIONS: usize = 10;
/// Products of a list.
pub(super) const PRODUCTS: usize = 30;
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
            interactive: &super::interactive::TYPES,
            header_text: HEADER,
            body: BODY,
            list_body: BODY,
            footer: FOOTER,
            buttons: BUTTONS,
            button_title: BUTTON_TITLE,
            button_id: ID,
            // A list is not divided.
            sections: 1,
            rows: ROWS,
            row_title: ROW_TITLE,
            row_description: ROW_DESCRIPTION,
            row_id: ID,
            products: PRODUCTS,
            url: URL,
            short_text: SHORT_TEXT,
            template_buttons: BUTTONS,
            cards: 1,
            card_text: FOOTER,
            ..texts
        },
    }
}
