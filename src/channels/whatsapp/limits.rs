//! WhatsApp's limits on what may be sent, in one place.
//!
//! Owns numbers only. Source: the provider contract's `limits.json` (Meta's documentation of the Cloud API, October 2025
//! to March 2026), except where a line says that the limit is ours. Texts are counted in UTF-16 units: Meta says
//! "characters" and does not say how it counts emoji, and this is the stricter reading.

use crate::channels::ContentLimits;

/// Text of a text message.
pub(super) const TEXT: usize = 4096;
/// Caption of an image, video or document.
pub(super) const CAPTION: usize = 1024;
/// File name of a document (ours; Meta names none).
pub(super) const FILENAME: usize = 240;
/// Ids that the provider gave (ours; a `wamid` has about 60 characters).
pub(super) const PROVIDER_ID: usize = 512;
/// Names, addresses and other short texts for which Meta names no limit (ours).
pub(super) const SHORT_TEXT: usize = 1024;
/// Contact cards in one message.
pub(super) const CONTACT_CARDS: usize = 257;
/// Entries of one list inside a contact card (ours).
pub(super) const CONTACT_ENTRIES: usize = 50;
/// Header text of an interactive message.
pub(super) const HEADER_TEXT: usize = 60;
/// Footer text of an interactive message.
pub(super) const FOOTER: usize = 60;
/// Body text of an interactive message except a list.
pub(super) const BODY: usize = 1024;
/// Reply buttons.
pub(super) const BUTTONS: usize = 3;
/// Id of a reply button.
pub(super) const BUTTON_ID: usize = 256;
/// Label of a reply button, a list's button or a link button.
pub(super) const BUTTON_TITLE: usize = 20;
/// Body text of a list.
pub(super) const LIST_BODY: usize = 4096;
/// Sections of a list or of a product list.
pub(super) const SECTIONS: usize = 10;
/// Rows of a list, all sections together.
pub(super) const ROWS: usize = 10;
/// Title of a section or of a row.
pub(super) const ROW_TITLE: usize = 24;
/// Id of a row.
pub(super) const ROW_ID: usize = 200;
/// Description of a row.
pub(super) const ROW_DESCRIPTION: usize = 72;
/// Products of a product list, all sections together.
pub(super) const PRODUCTS: usize = 30;
/// Fewest cards of a carousel.
pub(super) const CARDS_MIN: usize = 2;
/// Most cards of a carousel.
pub(super) const CARDS_MAX: usize = 10;
/// Body text of a card.
pub(super) const CARD_BODY: usize = 160;
/// Line breaks in the body text of a card.
pub(super) const CARD_LINE_BREAKS: usize = 2;
/// Id and title of a quick reply on a card.
pub(super) const CARD_REPLY: usize = 20;
/// Label of a flow's button (30 in Meta's OpenAPI file; older pages said 20).
pub(super) const FLOW_CTA: usize = 30;
/// A template's name.
pub(super) const TEMPLATE_NAME: usize = 512;
/// One parameter of a template (its whole body has no more than this).
pub(super) const TEMPLATE_PARAMETER: usize = 1024;
/// Variables of a template's body (ours).
pub(super) const TEMPLATE_VARIABLES: usize = 100;
/// Buttons of a template.
pub(super) const TEMPLATE_BUTTONS: usize = 10;
/// Components that one send may fill: header, body, offer, carousel and the buttons (ours).
pub(super) const TEMPLATE_COMPONENTS: usize = 16;
/// A coupon code.
pub(super) const COUPON_CODE: usize = 20;
/// Blanks in a row inside a template's parameter.
pub(super) const PARAMETER_BLANKS: usize = 4;
/// A whole content object, written as JSON, in bytes (ours).
pub(super) const CONTENT_BYTES: usize = 64 * 1024;
/// Messages a second for a new number.
pub(super) const DEFAULT_RATE_PER_S: u32 = 80;
/// Messages a second at most.
pub(super) const MAX_RATE_PER_S: u32 = 1000;
/// Burst to one recipient.
pub(super) const PAIR_BURST: u32 = 45;
/// Seconds between messages to one recipient after the burst.
pub(super) const PAIR_SPACING_S: u32 = 6;

/// Lengths of the business profile's texts (Meta: business profiles).
pub(super) const PROFILE_ABOUT: usize = 139;
/// See above.
pub(super) const PROFILE_ADDRESS: usize = 256;
/// See above.
pub(super) const PROFILE_DESCRIPTION: usize = 512;
/// See above.
pub(super) const PROFILE_EMAIL: usize = 128;
/// Length of a website's address.
pub(super) const PROFILE_WEBSITE: usize = 256;
/// Questions that a new chat offers (the contract's `conversational_automation`).
pub(super) const PROMPTS: usize = 4;
/// Length of one of them.
pub(super) const PROMPT: usize = 80;
/// Commands that a chat offers.
pub(super) const COMMANDS: usize = 30;
/// Length of a command's word.
pub(super) const COMMAND_NAME: usize = 30;
/// Length of a command's explanation.
pub(super) const COMMAND_TEXT: usize = 256;
/// Contact cards in one message that the composer offers (257 in Meta's pages, 5 in its OpenAPI file; the contract says 5
/// for people).
const CONTACT_CARDS_SHOWN: usize = 5;
/// Label of a flow's button that the composer offers (the older and stricter number).
const FLOW_CTA_SHOWN: usize = 20;

/// The same for people: composer and builder show these before sending.
pub(super) const CATALOGUE: ContentLimits = ContentLimits {
    text: TEXT,
    caption: CAPTION,
    interactive: &[
        "button",
        "list",
        "cta_url",
        "location_request_message",
        "product",
        "product_list",
        "catalog_message",
        "flow",
        "address_message",
        "request_contact_info",
        "carousel",
    ],
    header_text: HEADER_TEXT,
    header_media: &["image", "video", "document"],
    body: BODY,
    list_body: LIST_BODY,
    footer: FOOTER,
    buttons: BUTTONS,
    button_title: BUTTON_TITLE,
    button_id: BUTTON_ID,
    sections: SECTIONS,
    section_title: ROW_TITLE,
    rows: ROWS,
    row_title: ROW_TITLE,
    row_description: ROW_DESCRIPTION,
    row_id: ROW_ID,
    products: PRODUCTS,
    flow_cta: FLOW_CTA_SHOWN,
    contact_cards: CONTACT_CARDS_SHOWN,
    cards: CARDS_MAX,
    card_text: CARD_BODY,
    url: crate::channels::fields::URL,
    short_text: SHORT_TEXT,
    ..ContentLimits::NONE
};
