//! Workspaces, the people who work in them, their sessions and tokens.

use super::ids::{SessionId, TokenId, UserId, WorkspaceId};
use super::time::Timestamp;

/// One business.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// IANA time zone.
    pub timezone: String,
    /// Language tag of the business.
    pub locale: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Filled with invented data; never to be mistaken for a real one.
    pub demo: bool,
}

/// What someone may do. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Role {
    /// Everything in the workspace.
    Owner = 1,
    /// Conversations and contacts.
    Agent = 2,
}

impl Role {
    /// The role for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::Owner),
            2 => Some(Self::Agent),
            _ => None,
        }
    }
}

/// A person who works with Frontdesk. `Debug` leaves the password hash out.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Where they work.
    pub workspace: WorkspaceId,
    /// Shown name.
    pub name: String,
    /// Log-in name, lower case, unique on the appliance.
    pub email: String,
    /// Argon2id, PHC string.
    pub password_hash: String,
    /// What they may do.
    pub role: Role,
    /// May add workspaces to the appliance: the first owner.
    pub operator: bool,
    /// Language, theme, density, time zone: what the browser app keeps for them.
    pub preferences: Preferences,
    /// When they were added.
    pub created_at: Timestamp,
    /// Failed log-ins since the last good one.
    pub failed_logins: u32,
    /// No log-in before this time.
    pub locked_until: Option<Timestamp>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// How someone likes the browser app; empty texts mean the default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Preferences {
    /// Language tag.
    pub locale: String,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// `comfortable` or `compact`.
    pub density: String,
    /// IANA time zone.
    pub timezone: String,
}

/// A browser session. The cookie holds a random secret; only its hash is stored (it is the key).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Shown id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// Where.
    pub workspace: WorkspaceId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used (to the minute).
    pub last_used_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Browser's name for itself, cut.
    pub user_agent: String,
}

/// An API token. Only the hash of its secret is stored (it is the key).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiToken {
    /// Shown id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// Who made it: it may do what they may.
    pub user: UserId,
    /// Where.
    pub workspace: WorkspaceId,
    /// When it was made.
    pub created_at: Timestamp,
}
