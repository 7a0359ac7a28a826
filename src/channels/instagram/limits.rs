//! Instagram's limits on what may be sent, in one place.
//!
//! Owns numbers only. Source: the provider contract (Meta's documentation of the Instagram Platform, 2026), except where a
//! line says that the limit is ours. A text is counted in **bytes** of UTF-8, which is what Meta says; titles are counted
//! in UTF-16 units.

use crate::channels::ContentLimits;

/// Text of a message, in bytes of UTF-8.
pub(super) const TEXT_BYTES: usize = 1000;
/// A public answer to a comment, in UTF-16 units (what Instagram's apps take; the contract names no limit).
pub(super) const COMMENT: usize = 2200;
/// Images in one message.
pub(super) const IMAGES: usize = 10;
/// Quick replies under one text.
pub(super) const QUICK_REPLIES: usize = 13;
/// Title of a quick reply.
pub(super) const QUICK_REPLY_TITLE: usize = 20;
/// Payload of a quick reply or postback.
pub(super) const PAYLOAD: usize = 1000;
/// Elements of a generic template.
pub(super) const ELEMENTS: usize = 10;
/// Title and subtitle of an element.
pub(super) const ELEMENT_TEXT: usize = 80;
/// Buttons of an element or of a button template.
pub(super) const BUTTONS: usize = 3;
/// Label of a button.
pub(super) const BUTTON_TITLE: usize = 20;
/// Text of a button template.
pub(super) const BUTTON_TEMPLATE_TEXT: usize = 640;
/// Questions that a new chat offers.
pub(super) const ICE_BREAKERS: usize = 4;
/// One question (ours; Meta cuts at about this length).
pub(super) const QUESTION: usize = 80;
/// Entries of the persistent menu (Meta documents up to 20 on Messenger; five fit a phone).
pub(super) const MENU_ENTRIES: usize = 20;
/// Label of a menu entry.
pub(super) const MENU_TITLE: usize = 30;
/// Ids that the provider gave (ours; a message id has about 160 characters).
pub(super) const PROVIDER_ID: usize = 512;
/// A whole content object, written as JSON, in bytes (ours).
pub(super) const CONTENT_BYTES: usize = 64 * 1024;
/// Messages a second unless the settings say otherwise: media are limited to ten a second, texts to three hundred.
pub(super) const DEFAULT_RATE_PER_S: u32 = 10;
/// Messages a second at most (Send API, texts).
pub(super) const MAX_RATE_PER_S: u32 = 300;
/// Burst to one recipient (ours; Instagram names none).
pub(super) const PAIR_BURST: u32 = 20;
/// Seconds between messages to one recipient after the burst (ours).
pub(super) const PAIR_SPACING_S: u32 = 1;
/// The same numbers for composer and builder. There is no header and no footer; `list` and `cta_url` are taken, too, but
/// what they become is offered under its own name.
pub(super) const CATALOGUE: ContentLimits = ContentLimits {
    text: TEXT_BYTES,
    in_bytes: true,
    interactive: &["button", "button_template", "generic_template"],
    body: TEXT_BYTES,
    buttons: QUICK_REPLIES,
    button_title: QUICK_REPLY_TITLE,
    button_id: PAYLOAD,
    template_body: BUTTON_TEMPLATE_TEXT,
    template_buttons: BUTTONS,
    cards: ELEMENTS,
    card_text: ELEMENT_TEXT,
    pictures: IMAGES,
    asks: &["user_phone_number", "user_email"],
    url: crate::channels::fields::URL,
    ..ContentLimits::NONE
};
