//! Stored forms of workspaces, users, sessions and tokens.

use bincode::{Decode, Encode};

use crate::domain::account::{ApiToken, Preferences, Role, Session, User, Workspace};
use crate::domain::{SessionId, Timestamp, TokenId, UserId, WorkspaceId};

use super::super::error::StorageError;
use super::{Newest, Stored, impossible};

#[derive(Encode, Decode)]
pub(super) struct WorkspaceV1 {
    id: [u8; 16],
    name: String,
    timezone: String,
    locale: String,
    created_at: i64,
    demo: bool,
}

impl Newest for WorkspaceV1 {
    fn from_domain(value: &Workspace) -> Self {
        let Workspace {
            id,
            name,
            timezone,
            locale,
            created_at,
            demo,
        } = value;
        Self {
            id: id.0,
            name: name.clone(),
            timezone: timezone.clone(),
            locale: locale.clone(),
            created_at: created_at.0,
            demo: *demo,
        }
    }
}

impl Stored for WorkspaceV1 {
    type Domain = Workspace;
    fn into_domain(self) -> Result<Workspace, StorageError> {
        Ok(Workspace {
            id: WorkspaceId(self.id),
            name: self.name,
            timezone: self.timezone,
            locale: self.locale,
            created_at: Timestamp(self.created_at),
            demo: self.demo,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct UserV1 {
    id: [u8; 16],
    workspace: [u8; 16],
    name: String,
    email: String,
    password_hash: String,
    role: u8,
    operator: bool,
    preferences: PreferencesV1,
    created_at: i64,
    failed_logins: u32,
    locked_until: Option<i64>,
}

impl Newest for UserV1 {
    fn from_domain(value: &User) -> Self {
        let User {
            id,
            workspace,
            name,
            email,
            password_hash,
            role,
            operator,
            preferences,
            created_at,
            failed_logins,
            locked_until,
        } = value;
        Self {
            id: id.0,
            workspace: workspace.0,
            name: name.clone(),
            email: email.clone(),
            password_hash: password_hash.clone(),
            role: *role as u8,
            operator: *operator,
            preferences: preferences.into(),
            created_at: created_at.0,
            failed_logins: *failed_logins,
            locked_until: locked_until.map(|at| at.0),
        }
    }
}

impl Stored for UserV1 {
    type Domain = User;
    fn into_domain(self) -> Result<User, StorageError> {
        Ok(User {
            id: UserId(self.id),
            workspace: WorkspaceId(self.workspace),
            name: self.name,
            email: self.email,
            password_hash: self.password_hash,
            role: Role::from_u8(self.role).ok_or_else(|| impossible("user", "role", self.role))?,
            operator: self.operator,
            preferences: self.preferences.into(),
            created_at: Timestamp(self.created_at),
            failed_logins: self.failed_logins,
            locked_until: self.locked_until.map(Timestamp),
        })
    }
}

#[derive(Encode, Decode)]
struct PreferencesV1 {
    locale: String,
    theme: String,
    density: String,
    timezone: String,
}

impl From<&Preferences> for PreferencesV1 {
    fn from(value: &Preferences) -> Self {
        let Preferences {
            locale,
            theme,
            density,
            timezone,
        } = value.clone();
        Self {
            locale,
            theme,
            density,
            timezone,
        }
    }
}

impl From<PreferencesV1> for Preferences {
    fn from(stored: PreferencesV1) -> Self {
        let PreferencesV1 {
            locale,
            theme,
            density,
            timezone,
        } = stored;
        Self {
            locale,
            theme,
            density,
            timezone,
        }
    }
}

#[derive(Encode, Decode)]
pub(super) struct SessionV1 {
    id: [u8; 16],
    user: [u8; 16],
    workspace: [u8; 16],
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    user_agent: String,
}

impl Newest for SessionV1 {
    fn from_domain(value: &Session) -> Self {
        let Session {
            id,
            user,
            workspace,
            created_at,
            last_used_at,
            expires_at,
            user_agent,
        } = value;
        Self {
            id: id.0,
            user: user.0,
            workspace: workspace.0,
            created_at: created_at.0,
            last_used_at: last_used_at.0,
            expires_at: expires_at.0,
            user_agent: user_agent.clone(),
        }
    }
}

impl Stored for SessionV1 {
    type Domain = Session;
    fn into_domain(self) -> Result<Session, StorageError> {
        Ok(Session {
            id: SessionId(self.id),
            user: UserId(self.user),
            workspace: WorkspaceId(self.workspace),
            created_at: Timestamp(self.created_at),
            last_used_at: Timestamp(self.last_used_at),
            expires_at: Timestamp(self.expires_at),
            user_agent: self.user_agent,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct ApiTokenV1 {
    id: [u8; 16],
    name: String,
    user: [u8; 16],
    workspace: [u8; 16],
    created_at: i64,
}

impl Newest for ApiTokenV1 {
    fn from_domain(value: &ApiToken) -> Self {
        let ApiToken {
            id,
            name,
            user,
            workspace,
            created_at,
        } = value;
        Self {
            id: id.0,
            name: name.clone(),
            user: user.0,
            workspace: workspace.0,
            created_at: created_at.0,
        }
    }
}

impl Stored for ApiTokenV1 {
    type Domain = ApiToken;
    fn into_domain(self) -> Result<ApiToken, StorageError> {
        Ok(ApiToken {
            id: TokenId(self.id),
            name: self.name,
            user: UserId(self.user),
            workspace: WorkspaceId(self.workspace),
            created_at: Timestamp(self.created_at),
        })
    }
}
