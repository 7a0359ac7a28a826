//! The provider's rules for templates, one line each: a stable name, what is wrong, and what to do. Limits are WhatsApp's
//! (Meta's template reference; contract `limits.json`). `{max}` stands for the limit in question.

/// Longest name.
pub const NAME: usize = 512;
/// Longest text header; also of a footer.
pub const HEADER: usize = 60;
/// Longest footer.
pub const FOOTER: usize = 60;
/// Longest body.
pub const BODY: usize = 1_024;
/// Longest body beside a limited-time offer.
pub const BODY_OFFER: usize = 600;
/// Longest body of a carousel's card, and beside a single product.
pub const BODY_CARD: usize = 160;
/// Buttons of one template.
pub const BUTTONS: usize = 10;
/// Links among them.
pub const URL_BUTTONS: usize = 2;
/// Phone buttons among them.
pub const PHONE_BUTTONS: usize = 1;
/// Copy-code buttons among them.
pub const COPY_CODE_BUTTONS: usize = 1;
/// Longest label of a button.
pub const LABEL: usize = 25;
/// Longest link.
pub const URL: usize = 2_000;
/// Longest phone number.
pub const PHONE: usize = 20;
/// Longest code to copy.
pub const CODE: usize = 20;
/// Longest heading of a limited-time offer.
pub const OFFER: usize = 16;
/// Fewest and most cards of a carousel.
pub const CARDS: (usize, usize) = (2, 10);
/// Buttons of a card.
pub const CARD_BUTTONS: usize = 2;
/// Variables of one text.
pub const VARIABLES: usize = 100;

/// A rule: name, what is wrong, what to do.
pub type Rule = (&'static str, &'static str, &'static str);

/// Every rule. Names are a promise to clients.
pub const RULES: &[Rule] = &[
    (
        "name_missing",
        "The template has no name.",
        "Give it a name such as order_ready.",
    ),
    (
        "name_letters",
        "The name has characters that are not allowed.",
        "Use only small letters a–z, digits and underscores.",
    ),
    (
        "too_long",
        "The text is longer than {max} characters.",
        "Shorten it; emoji count double.",
    ),
    (
        "language_unknown",
        "The provider does not know this language.",
        "Choose a language from the list.",
    ),
    (
        "category_service",
        "WhatsApp reviews no templates of the category service.",
        "Choose marketing, utility or authentication, or keep it as a draft.",
    ),
    (
        "ttl_range",
        "The time to deliver is outside what this category allows.",
        "Authentication: 30 to 900 seconds; utility: 30 to 43,200; marketing: 43,200 to 2,592,000; or -1 for 30 days.",
    ),
    (
        "component_unknown",
        "This part is not known.",
        "Use header, body, footer, buttons, carousel or limited-time offer.",
    ),
    (
        "component_twice",
        "This part stands there twice.",
        "Keep one of the two.",
    ),
    ("body_missing", "There is no body text.", "Write the message."),
    (
        "variable_edge",
        "The text begins or ends with a variable.",
        "Write something before and after the variable.",
    ),
    (
        "variable_adjacent",
        "Two variables stand next to each other.",
        "Put a word between them.",
    ),
    (
        "variable_order",
        "Numbered variables must run 1, 2, 3 … without a gap.",
        "Number them again from {{1}}.",
    ),
    (
        "variable_name",
        "The name of a variable has characters that are not allowed.",
        "Use small letters, digits and underscores, beginning with a letter; or numbers everywhere.",
    ),
    (
        "variable_format",
        "Numbered and named variables are mixed, or do not fit the parameter format.",
        "Use one sort throughout.",
    ),
    (
        "variable_ratio",
        "There are too many variables for so short a text.",
        "Write more words around them (three for each variable is safe), or use fewer variables.",
    ),
    (
        "variable_many",
        "There are more variables than fit.",
        "Use at most {max}.",
    ),
    (
        "variable_here",
        "Variables are not allowed here.",
        "Write the text out.",
    ),
    (
        "sample_missing",
        "A variable has no sample.",
        "Give a sample for each variable, as a customer would see it; reviewers read it.",
    ),
    (
        "sample_variable",
        "A sample is itself a variable.",
        "Write what a customer would see, such as Amina.",
    ),
    (
        "sample_media",
        "There is no sample of the header's media.",
        "Upload a sample picture, video or document.",
    ),
    (
        "header_format",
        "The header's format is not known.",
        "Use text, image, video, document, location or product.",
    ),
    (
        "header_text",
        "The text header is empty.",
        "Write a heading, or leave the header out.",
    ),
    (
        "header_plain",
        "A header takes no line breaks, emoji or formatting marks (* _ ~ `).",
        "Use plain words.",
    ),
    (
        "lines_empty",
        "There are more than two empty lines in a row.",
        "Take empty lines out.",
    ),
    (
        "buttons_empty",
        "The list of buttons is empty.",
        "Add a button, or leave the buttons out.",
    ),
    (
        "buttons_many",
        "There are more than {max} buttons of this sort.",
        "Take some out.",
    ),
    (
        "buttons_order",
        "Quick replies and other buttons are mixed.",
        "Put all quick replies together, before or after the others.",
    ),
    (
        "button_unknown",
        "This sort of button is not known.",
        "Use quick reply, link, phone, copy code, flow, catalogue, products or product.",
    ),
    (
        "button_label",
        "The button has no label.",
        "Write what the customer taps.",
    ),
    (
        "button_label_twice",
        "Two buttons have the same label.",
        "Give each its own label.",
    ),
    (
        "button_alone",
        "This button allows no others beside it.",
        "Take the other buttons out.",
    ),
    (
        "product_header",
        "A button for one product stands without that product.",
        "Choose the product header, or another button.",
    ),
    (
        "product_button",
        "A product header stands without the button that opens it.",
        "Add the button for one product, or choose another header.",
    ),
    (
        "product_text_header",
        "This button allows no picture, file or place as header.",
        "Choose a text header, or none.",
    ),
    (
        "url_invalid",
        "This is no web address.",
        "Begin with https:// and write the whole address.",
    ),
    (
        "url_variable",
        "A link takes one variable, at its very end.",
        "Move {{1}} to the end of the address.",
    ),
    (
        "phone_invalid",
        "This is no phone number in international form.",
        "Write it as +254700555010.",
    ),
    (
        "code_missing",
        "There is no sample of the code.",
        "Give a code such as SAVE10.",
    ),
    (
        "flow_missing",
        "The button does not say which flow it opens.",
        "Give flow_id, flow_name or flow_json.",
    ),
    (
        "otp_only_authentication",
        "One-time-code buttons belong to authentication templates.",
        "Change the category to authentication, or use another button.",
    ),
    (
        "auth_body",
        "The text of an authentication template is the provider's own.",
        "Take your text out; only the security note can be chosen.",
    ),
    (
        "auth_parts",
        "An authentication template has no header and no other buttons.",
        "Keep body, footer and one code button.",
    ),
    (
        "auth_button",
        "An authentication template needs exactly one code button.",
        "Add a button that copies or fills in the code.",
    ),
    (
        "auth_otp_type",
        "The sort of code button is not known.",
        "Use COPY_CODE, ONE_TAP or ZERO_TAP.",
    ),
    (
        "auth_expiry",
        "The code's life must be 1 to 90 minutes.",
        "Choose a number from 1 to 90.",
    ),
    (
        "auth_app",
        "One-tap and zero-tap need the app that takes the code.",
        "Give package_name and signature_hash in supported_apps.",
    ),
    (
        "cards_count",
        "A carousel has 2 to 10 cards.",
        "Add or take out cards.",
    ),
    (
        "cards_alike",
        "The cards differ in header format or buttons.",
        "Give every card the same sort of header and the same buttons.",
    ),
    (
        "card_header",
        "A card needs a picture, video or product as its header.",
        "Add one.",
    ),
    (
        "marketing_only",
        "This part belongs to marketing templates.",
        "Change the category to marketing, or take it out.",
    ),
    (
        "carousel_alone",
        "Beside a carousel only a body is allowed.",
        "Take header, footer and buttons out.",
    ),
    (
        "offer_text",
        "The limited-time offer has no heading.",
        "Write a heading of at most {max} characters.",
    ),
    (
        "offer_footer",
        "A limited-time offer takes no footer.",
        "Take the footer out.",
    ),
    (
        "offer_header",
        "A limited-time offer takes a picture or video as header.",
        "Use one of them, or none.",
    ),
    (
        "offer_button",
        "A limited-time offer needs a link, after its copy-code button if it has one.",
        "Add a link button; put the code first.",
    ),
];

/// The rule of a name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|(known, _, _)| *known == name)
}
