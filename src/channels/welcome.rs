//! What a provider shows of a customer, and what a new chat offers before anybody has written.

/// What a customer shows of themselves at the provider.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    /// The name that they chose.
    pub name: Option<String>,
    /// Their user name; user names change hands, so that it only decorates.
    pub username: Option<String>,
    /// Where their picture lies; such addresses expire within days.
    pub picture: Option<String>,
}

/// What a chat offers before anybody has written.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// Questions to tap.
    #[serde(default)]
    pub ice_breakers: Vec<IceBreaker>,
    /// The menu that stays in reach.
    #[serde(default)]
    pub menu: Vec<MenuEntry>,
    /// We are told when somebody opens the chat for the first time (WhatsApp).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub greets: bool,
    /// Words that customers choose by typing a slash (WhatsApp).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
}

/// A word that customers choose by typing a slash; it arrives as a text.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The word, without the slash.
    pub name: String,
    /// What customers read beside it.
    pub description: String,
}

impl IceBreaker {
    /// A question that arrives as it is read, where the provider knows no payloads.
    pub fn said(question: &str) -> Self {
        Self {
            question: question.to_owned(),
            payload: question.to_owned(),
        }
    }
}

/// A question that a new chat offers.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceBreaker {
    /// What the customer reads and says by tapping.
    pub question: String,
    /// What we are told.
    pub payload: String,
}

/// An entry of the menu: it either tells us its payload or opens a page.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuEntry {
    /// What the customer reads.
    pub title: String,
    /// What we are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The page that it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
