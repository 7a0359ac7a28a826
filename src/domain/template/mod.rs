//! Message templates: texts with variables that a provider approves before they may be sent outside the reply window.
//!
//! Owns what a template is, its states, the rules that a provider holds it to ([`validate`]), what it looks like filled
//! in ([`render`]) and how a plain text becomes one ([`convert`]). The vocabulary of components is WhatsApp's own, as
//! with [`super::Content`]. Must not know how a provider is called.

pub mod convert;
pub mod diff;
pub mod news;
pub mod placeholders;
pub mod render;
pub mod samples;
pub mod standing;
pub mod taps;
pub mod tracked;
pub mod validate;

use serde_json::Value;

use super::account::Role;
use super::ids::{ChannelId, TemplateId, UserId};
use super::time::Timestamp;

/// Changes of one template that are remembered; the oldest go first.
pub const MAX_CHANGES: u32 = 200;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $number:literal $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum $name { $($(#[$each])* $variant = $number,)+ }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word of the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The one for a stored number.
            pub const fn from_u8(n: u8) -> Option<Self> {
                match n { $($number => Some(Self::$variant),)+ _ => None }
            }

            /// The one for a word, in any case of letters.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str().eq_ignore_ascii_case(word))
            }
        }
    };
}

words! {
    /// What a template is for; the provider prices and limits by it. Numbers are stored: never change them.
    Category {
        /// Offers, news, reminders of carts.
        Marketing = 1 "marketing",
        /// About something that the customer has asked for or bought.
        Utility = 2 "utility",
        /// One-time codes.
        Authentication = 3 "authentication",
        /// For use within the reply window only; no provider reviews it.
        Service = 4 "service",
    }
}

words! {
    /// How variables are named.
    ParameterFormat {
        /// `{{1}}`, `{{2}}` …
        Positional = 1 "positional",
        /// `{{first_name}}` …
        Named = 2 "named",
    }
}

words! {
    /// Where a template stands. Numbers are stored: never change them.
    State {
        /// Only here; nobody else has seen it.
        Draft = 1 "draft",
        /// Waits for someone of the house to agree.
        AwaitingApproval = 2 "awaiting_approval",
        /// With the provider.
        InReview = 3 "in_review",
        /// May be sent.
        Approved = 4 "approved",
        /// The provider said no.
        Rejected = 5 "rejected",
        /// Stopped for hours because customers reacted badly.
        Paused = 6 "paused",
        /// Stopped for good.
        Disabled = 7 "disabled",
        /// The provider looks at a rejection again.
        InAppeal = 8 "in_appeal",
        /// May still be sent, but its quality is bad.
        Flagged = 9 "flagged",
        /// The account has too many templates.
        LimitExceeded = 10 "limit_exceeded",
        /// The provider allows no change at present; it may be sent.
        Locked = 11 "locked",
        /// Put away at the provider.
        Archived = 12 "archived",
        /// Is being deleted at the provider.
        PendingDeletion = 13 "pending_deletion",
        /// Gone at the provider.
        Deleted = 14 "deleted",
    }
}

words! {
    /// How customers react to it.
    Quality {
        /// Not known yet.
        Unknown = 1 "unknown",
        /// Well.
        Green = 2 "green",
        /// So-so.
        Yellow = 3 "yellow",
        /// Badly.
        Red = 4 "red",
    }
}

words! {
    /// What happened to a template. Numbers are stored: never change them.
    ChangeKind {
        /// It was made here.
        Created = 1 "created",
        /// Its content was changed here.
        Edited = 2 "edited",
        /// It was given to the provider.
        Submitted = 3 "submitted",
        /// The provider changed its state.
        State = 4 "state",
        /// The provider changed its content or category.
        Provider = 5 "provider",
        /// It came from a file or the library.
        Imported = 6 "imported",
        /// Someone asked for agreement within the house.
        ApprovalAsked = 7 "approval_asked",
        /// Someone agreed.
        ApprovalGiven = 8 "approval_given",
        /// Someone did not agree.
        ApprovalRefused = 9 "approval_refused",
        /// Who may use it was changed.
        Roles = 10 "roles",
        /// Changes that were not submitted were thrown away.
        Discarded = 11 "discarded",
    }
}

impl State {
    /// Whether the provider takes messages with it.
    pub const fn is_sendable(self) -> bool {
        matches!(self, Self::Approved | Self::Flagged | Self::Locked)
    }

    /// Whether the provider takes an edit of it (WhatsApp: approved, rejected or paused).
    pub const fn takes_edits(self) -> bool {
        matches!(
            self,
            Self::Approved | Self::Rejected | Self::Paused | Self::Flagged
        )
    }

    /// Whether the provider holds it.
    pub const fn is_at_provider(self) -> bool {
        !matches!(self, Self::Draft | Self::AwaitingApproval | Self::Deleted)
    }
}

/// What a template says.
#[derive(Clone, PartialEq, Debug)]
pub struct Definition {
    /// What it is for.
    pub category: Category,
    /// How its variables are named.
    pub format: ParameterFormat,
    /// How long the provider tries to deliver, in seconds; -1 is 30 days (WhatsApp).
    pub ttl_s: Option<i64>,
    /// Header, body, footer, buttons … in the provider's form, with samples.
    pub components: Vec<Value>,
}

impl Definition {
    /// The first component of a type, in any case of letters.
    pub fn component(&self, kind: &str) -> Option<&Value> {
        self.components.iter().find(|component| is_kind(component, kind))
    }

    /// The text of the first component of a type.
    pub fn text(&self, kind: &str) -> &str {
        self.component(kind)
            .map_or("", |component| word(component, "text"))
    }
}

/// Whether a component, button or parameter is of a type, in any case of letters.
pub fn is_kind(value: &Value, kind: &str) -> bool {
    word(value, "type").eq_ignore_ascii_case(kind)
}

/// The text under a name; empty if there is none.
pub fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The list under a name; empty if there is none.
pub fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// `en-US` → `en_US`: providers write both.
pub fn normal_language(code: &str) -> String {
    code.trim().replace('-', "_")
}

/// A category that the provider is going to change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CategoryChange {
    /// To which.
    pub to: Category,
    /// When.
    pub at: Option<Timestamp>,
}

/// Who may use a template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Roles(pub u8);

impl Roles {
    /// Everybody.
    pub const ALL: Self = Self(0xff);

    /// Only these.
    pub fn of(roles: &[Role]) -> Self {
        Self(roles.iter().fold(0, |bits, role| bits | 1 << (*role as u8)))
    }

    /// Whether someone of this role may use it. An owner may use everything.
    pub const fn allow(self, role: Role) -> bool {
        matches!(role, Role::Owner) || self.0 & (1 << (role as u8)) != 0
    }
}

/// A template in one language, on one account of a provider.
#[derive(Clone, PartialEq, Debug)]
pub struct Template {
    /// Its id here.
    pub id: TemplateId,
    /// The provider's account that holds it (WhatsApp: the business account's id); its channels share it.
    pub account: String,
    /// The channel by which it is managed.
    pub channel: ChannelId,
    /// Its name, the same in every language.
    pub name: String,
    /// Its language code, as `en_US`.
    pub language: String,
    /// What the provider has.
    pub live: Option<Definition>,
    /// What was changed here and not submitted.
    pub draft: Option<Definition>,
    /// Where it stands.
    pub state: State,
    /// The provider's id.
    pub provider_id: Option<String>,
    /// The provider's word for why it is not approved (`INVALID_FORMAT` …).
    pub reason: Option<String>,
    /// What the provider says beside it.
    pub reason_detail: Option<String>,
    /// How customers react.
    pub quality: Quality,
    /// A change of category that the provider announced.
    pub category_change: Option<CategoryChange>,
    /// Who may use it.
    pub roles: Roles,
    /// Who made it; `None` if it came from the provider.
    pub owner: Option<UserId>,
    /// Who asked for agreement within the house.
    pub approval_asked_by: Option<UserId>,
    /// Someone agreed to the draft as it stands.
    pub is_approved_inside: bool,
    /// Edits of an approved template given to the provider, newest last, at most ten.
    pub edits: Vec<Timestamp>,
    /// Hash of the request that made it, for its idempotency key; zeros if it had none.
    pub request_hash: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// When it was last given to the provider.
    pub submitted_at: Option<Timestamp>,
    /// Counts changes; its `ETag`.
    pub version: u64,
    /// Entries that its history has had.
    pub changes: u32,
}

impl Template {
    /// What would be edited: the draft, else what the provider has.
    pub fn working(&self) -> Option<&Definition> {
        self.draft.as_ref().or(self.live.as_ref())
    }

    /// What a message would be made from.
    pub fn sendable(&self) -> Option<&Definition> {
        self.live.as_ref().filter(|_| self.state.is_sendable())
    }
}

/// One entry of a template's history.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Who; `None` for the provider or the program itself.
    pub user: Option<UserId>,
    /// What.
    pub kind: ChangeKind,
    /// Where it stood afterwards.
    pub state: State,
    /// Its content afterwards.
    pub definition: Option<Definition>,
    /// The provider's or the person's words.
    pub note: String,
}

/// How messages made from a template fared.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Performance {
    /// Taken into the outbox.
    pub used: u64,
    /// Taken by the provider.
    pub sent: u64,
    /// On the customer's device.
    pub delivered: u64,
    /// Opened.
    pub read: u64,
    /// Answered within three days.
    pub replied: u64,
    /// A button was tapped, or a counted link opened.
    pub clicked: u64,
    /// Not delivered.
    pub failed: u64,
    /// When one was last sent.
    pub last_used_at: Option<Timestamp>,
    /// The same for each button that was used.
    pub buttons: Vec<taps::ButtonFigure>,
}

/// An account whose templates are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The provider's id of it.
    pub account: String,
    /// When its list was last read whole.
    pub synced_at: Option<Timestamp>,
    /// When reading it was last tried.
    pub tried_at: Timestamp,
    /// Why that failed.
    pub error: Option<String>,
    /// Templates that it holds.
    pub count: u32,
}
