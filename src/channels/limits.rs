//! What each provider takes in a message, as composer and builder show it before sending. The provider's own check
//! (`validate_content`) holds; these are the same numbers for people.

/// Limits on content. Texts are counted in UTF-16 units; 0 means that the provider has no such thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ContentLimits {
    /// Text of a text message.
    pub text: usize,
    /// Caption of an image, video or document.
    pub caption: usize,
    /// Kinds of interactive messages.
    #[schema(value_type = Vec<String>)]
    pub interactive: &'static [&'static str],
    /// Text header of an interactive message.
    pub header_text: usize,
    /// Files that may stand above an interactive message instead of a text: `image`, `video`, `document`.
    #[schema(value_type = Vec<String>)]
    pub header_media: &'static [&'static str],
    /// Body of an interactive message, except a list.
    pub body: usize,
    /// Body of a list.
    pub list_body: usize,
    /// Footer of an interactive message.
    pub footer: usize,
    /// Reply buttons.
    pub buttons: usize,
    /// Label of a reply button, of a list's button or of a link.
    pub button_title: usize,
    /// Id of a reply button.
    pub button_id: usize,
    /// Sections of a list or product list.
    pub sections: usize,
    /// Title of a section.
    pub section_title: usize,
    /// Rows of a list, all sections together.
    pub rows: usize,
    /// Title of a row.
    pub row_title: usize,
    /// Description of a row.
    pub row_description: usize,
    /// Id of a row.
    pub row_id: usize,
    /// Products of a product list, all sections together.
    pub products: usize,
    /// Label of a flow's button.
    pub flow_cta: usize,
    /// Contact cards in one message, as is sensible for people.
    pub contact_cards: usize,
    /// A web address.
    pub url: usize,
    /// Name and address of a place, names on cards.
    pub short_text: usize,
    /// Texts are counted in bytes of UTF-8.
    pub in_bytes: bool,
    /// Text above the buttons of a button template, in UTF-16 units.
    pub template_body: usize,
    /// Buttons of a button template or of a card.
    pub template_buttons: usize,
    /// Cards side by side.
    pub cards: usize,
    /// Title and subtitle of a card; on WhatsApp its text.
    pub card_text: usize,
    /// Pictures that one message takes; with 0 or 1 each goes by itself.
    pub pictures: usize,
    /// What a quick reply can ask for by a tap: `user_phone_number`, `user_email`.
    #[schema(value_type = Vec<String>)]
    pub asks: &'static [&'static str],
}

impl ContentLimits {
    /// A provider of which only the text's limit is known.
    pub const NONE: Self = Self {
        text: 0,
        caption: 0,
        interactive: &[],
        header_text: 0,
        header_media: &[],
        body: 0,
        list_body: 0,
        footer: 0,
        buttons: 0,
        button_title: 0,
        button_id: 0,
        sections: 0,
        section_title: 0,
        rows: 0,
        row_title: 0,
        row_description: 0,
        row_id: 0,
        products: 0,
        flow_cta: 0,
        contact_cards: 0,
        url: 0,
        short_text: 0,
        in_bytes: false,
        template_body: 0,
        template_buttons: 0,
        cards: 0,
        card_text: 0,
        pictures: 0,
        asks: &[],
    };
}
