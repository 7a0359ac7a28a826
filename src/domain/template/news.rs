//! What a provider says of templates: its list, its answers, its notices.

use super::{Category, Definition, Quality, State};
use crate::domain::time::Timestamp;

/// A template as the provider lists it.
#[derive(Clone, PartialEq, Debug)]
pub struct Listed {
    /// The provider's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its language code.
    pub language: String,
    /// Where it stands.
    pub state: State,
    /// What it says.
    pub definition: Definition,
    /// Why it is not approved.
    pub reason: Option<String>,
    /// How customers react, where told.
    pub quality: Option<Quality>,
}

/// One page of a provider's list.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListPage {
    /// The templates.
    pub items: Vec<Listed>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
}

/// A template on its way to the provider.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Submission<'a> {
    /// The provider's id, if it has it already: this is an edit then.
    pub id: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// Its language code.
    pub language: &'a str,
    /// What it says.
    pub definition: &'a Definition,
    /// Whether its category may be said again (WhatsApp: not of an approved one).
    pub with_category: bool,
}

/// What the provider answered to a submission.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Submitted {
    /// Its id there, where told.
    pub id: Option<String>,
    /// Where it stands.
    pub state: State,
    /// The category that the provider gave it, where told.
    pub category: Option<Category>,
}

/// Which template a notice speaks of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct About {
    /// The provider's id, where told.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its language code.
    pub language: String,
}

/// One notice about a template.
#[derive(Clone, PartialEq, Debug)]
pub struct News {
    /// Which template.
    pub about: About,
    /// What is new.
    pub what: What,
}

/// What is new about a template.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// Its state.
    State {
        /// The new one.
        state: State,
        /// The provider's word for why.
        reason: Option<String>,
        /// What the provider says beside it.
        detail: Option<String>,
    },
    /// How customers react.
    Quality(Quality),
    /// It has, or will have, another category.
    Category {
        /// Which.
        to: Category,
        /// When, if it is still to come; `None` if it is so already.
        at: Option<Option<Timestamp>>,
    },
    /// Its content was changed at the provider: the list must be read again.
    Content,
}
