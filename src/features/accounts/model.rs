//! What goes over the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::create::{NewPerson, NewWorkspace, PasswordRule};
use super::password;
use crate::domain::account::{ApiToken, Role, Session, User, Workspace};
use crate::domain::{SessionId, Timestamp, TokenId, UserId, WorkspaceId};
use crate::http::{ApiBody, Credential, FieldError, Identity, check};

/// Bodies of this feature are small.
const LIMIT: usize = 8 * 1024;

/// Someone who works here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    #[schema(value_type = String)]
    id: UserId,
    name: String,
    email: String,
    #[schema(schema_with = crate::http::words::role)]
    role: Role,
    /// Language tag.
    locale: String,
    /// `system`, `light` or `dark`.
    #[schema(schema_with = crate::http::words::theme)]
    theme: String,
    /// `comfortable` or `compact`.
    #[schema(schema_with = crate::http::words::density)]
    density: String,
    /// IANA time zone.
    timezone: String,
}

impl UserView {
    /// With the workspace's settings where the person has none of their own.
    pub fn new(user: &User, workspace: &Workspace) -> Self {
        let or = |own: &String, other: &str| {
            if own.is_empty() {
                other.to_owned()
            } else {
                own.clone()
            }
        };
        let own = &user.preferences;
        Self {
            id: user.id,
            name: user.name.clone(),
            email: user.email.clone(),
            role: user.role,
            locale: or(&own.locale, &workspace.locale),
            theme: or(&own.theme, "system"),
            density: or(&own.density, "comfortable"),
            timezone: or(&own.timezone, &workspace.timezone),
        }
    }
}

/// A business.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workspace)]
pub struct WorkspaceView {
    #[schema(value_type = String)]
    id: WorkspaceId,
    name: String,
    /// IANA time zone.
    timezone: String,
    /// Language tag.
    locale: String,
}

impl From<&Workspace> for WorkspaceView {
    fn from(workspace: &Workspace) -> Self {
        Self {
            id: workspace.id,
            name: workspace.name.clone(),
            timezone: workspace.timezone.clone(),
            locale: workspace.locale.clone(),
        }
    }
}

/// Whether the appliance waits for its first set-up.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupState {
    pub(super) needed: bool,
}

/// Logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginAnswer {
    /// For `Authorization: Bearer`; the browser has it as a cookie.
    pub(super) token: String,
    pub(super) user: UserView,
    pub(super) workspace: WorkspaceView,
}

/// Who is logged in, and to what.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeAnswer {
    pub(super) user: UserView,
    pub(super) workspace: WorkspaceView,
    /// Of the program.
    pub(super) version: &'static str,
    /// The data is invented.
    pub(super) demo: bool,
    /// May add workspaces.
    pub(super) operator: bool,
}

/// A business with its first owner.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkspaceCreated {
    #[serde(flatten)]
    pub(super) workspace: WorkspaceView,
    pub(super) owner: UserView,
}

/// A browser that is logged in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    #[schema(value_type = String)]
    id: SessionId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// To the minute.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Browser's name for itself.
    user_agent: String,
    /// The one that asks.
    current: bool,
}

impl SessionView {
    pub(super) fn new(session: Session, who: &Identity) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            user_agent: session.user_agent,
            current: who.credential == Credential::Session(session.id),
        }
    }
}

/// An API token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub struct TokenView {
    #[schema(value_type = String)]
    id: TokenId,
    name: String,
    /// Who made it; it may do what they may.
    #[schema(value_type = String)]
    user_id: UserId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<&ApiToken> for TokenView {
    fn from(token: &ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name.clone(),
            user_id: token.user,
            created_at: token.created_at,
        }
    }
}

/// A new API token. Its secret is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenCreated {
    #[serde(flatten)]
    pub(super) view: TokenView,
    /// For `Authorization: Bearer`.
    pub(super) token: String,
}

/// Someone to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonBody {
    #[schema(max_length = 100)]
    name: String,
    #[schema(format = "email")]
    email: String,
    #[schema(min_length = 10)]
    password: String,
}

impl From<PersonBody> for NewPerson {
    fn from(body: PersonBody) -> Self {
        Self {
            name: body.name,
            email: body.email,
            password: body.password,
        }
    }
}

/// The business of the first set-up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessBody {
    #[schema(max_length = 100)]
    name: String,
    timezone: Option<String>,
    locale: Option<String>,
}

/// The first set-up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupBody {
    /// Printed when the server starts.
    pub(super) code: String,
    owner: PersonBody,
    workspace: BusinessBody,
}

/// A further business on the appliance.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceBody {
    #[schema(max_length = 100)]
    name: String,
    timezone: Option<String>,
    locale: Option<String>,
    owner: PersonBody,
}

impl SetupBody {
    /// The code and what is to be made.
    pub(super) fn into_parts(self) -> (String, NewWorkspace) {
        let new = new_workspace(self.workspace, self.owner, true);
        (self.code, new)
    }
}

impl WorkspaceBody {
    pub(super) fn into_new(self) -> NewWorkspace {
        let Self {
            name,
            timezone,
            locale,
            owner,
        } = self;
        new_workspace(
            BusinessBody {
                name,
                timezone,
                locale,
            },
            owner,
            false,
        )
    }
}

fn new_workspace(business: BusinessBody, owner: PersonBody, operator: bool) -> NewWorkspace {
    NewWorkspace {
        name: business.name,
        timezone: business.timezone.unwrap_or_else(|| "UTC".to_owned()),
        locale: business.locale.unwrap_or_else(|| "en".to_owned()),
        demo: false,
        operator,
        owner: owner.into(),
    }
}

fn check_business(
    at: &str,
    name: &str,
    timezone: Option<&str>,
    locale: Option<&str>,
) -> Result<(), FieldError> {
    check::name(&format!("{at}name"), name)?;
    timezone.map_or(Ok(()), |zone| check::timezone(&format!("{at}timezone"), zone))?;
    locale.map_or(Ok(()), |tag| check::locale(&format!("{at}locale"), tag))
}

impl PersonBody {
    fn check_at(&self, at: &str) -> Result<(), FieldError> {
        let person = NewPerson {
            name: self.name.clone(),
            email: self.email.clone(),
            password: self.password.clone(),
        };
        person.check(at, PasswordRule::Strict)
    }
}

impl ApiBody for SetupBody {
    const LIMIT: usize = LIMIT;

    fn check(&self) -> Result<(), FieldError> {
        let business = &self.workspace;
        check_business(
            "workspace.",
            &business.name,
            business.timezone.as_deref(),
            business.locale.as_deref(),
        )?;
        self.owner.check_at("owner.")
    }
}

impl ApiBody for WorkspaceBody {
    const LIMIT: usize = LIMIT;

    fn check(&self) -> Result<(), FieldError> {
        check_business("", &self.name, self.timezone.as_deref(), self.locale.as_deref())?;
        self.owner.check_at("owner.")
    }
}

/// A log-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    #[schema(format = "email")]
    pub(super) email: String,
    pub(super) password: String,
}

impl ApiBody for LoginBody {
    const LIMIT: usize = LIMIT;

    fn check(&self) -> Result<(), FieldError> {
        check::line("email", &self.email, check::EMAIL_MAX)?;
        password::check_size("password", &self.password)
    }
}

/// A new colleague.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserBody {
    #[schema(max_length = 100)]
    name: String,
    #[schema(format = "email")]
    email: String,
    #[schema(min_length = 10)]
    password: String,
    #[schema(schema_with = crate::http::words::role)]
    role: Role,
}

impl UserBody {
    pub(super) fn into_parts(self) -> (NewPerson, Role) {
        let Self {
            name,
            email,
            password,
            role,
        } = self;
        (
            NewPerson {
                name,
                email,
                password,
            },
            role,
        )
    }
}

impl ApiBody for UserBody {
    const LIMIT: usize = LIMIT;

    fn check(&self) -> Result<(), FieldError> {
        check::name("name", &self.name)?;
        check::email("email", self.email.trim())?;
        password::check("password", &self.password, self.email.trim())
    }
}

/// A change of one's own profile; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileBody {
    #[schema(max_length = 100)]
    name: Option<String>,
    locale: Option<String>,
    /// `system`, `light` or `dark`.
    #[schema(schema_with = crate::http::words::theme)]
    theme: Option<String>,
    /// `comfortable` or `compact`.
    #[schema(schema_with = crate::http::words::density)]
    density: Option<String>,
    timezone: Option<String>,
}

impl ApiBody for ProfileBody {
    const LIMIT: usize = LIMIT;

    fn check(&self) -> Result<(), FieldError> {
        let each = |value: &Option<String>, rule: &dyn Fn(&str) -> Result<(), FieldError>| {
            value.as_deref().map_or(Ok(()), rule)
        };
        each(&self.name, &|v| check::name("name", v))?;
        each(&self.locale, &|v| check::locale("locale", v))?;
        each(&self.theme, &|v| {
            check::one_of("theme", v, &["system", "light", "dark"])
        })?;
        each(&self.density, &|v| {
            check::one_of("density", v, &["comfortable", "compact"])
        })?;
        each(&self.timezone, &|v| check::timezone("timezone", v))
    }
}

impl ProfileBody {
    pub(super) fn apply(&self, user: &mut User) {
        let set = |field: &mut String, value: &Option<String>| {
            if let Some(value) = value {
                value.trim().clone_into(field);
            }
        };
        set(&mut user.name, &self.name);
        set(&mut user.preferences.locale, &self.locale);
        set(&mut user.preferences.theme, &self.theme);
        set(&mut user.preferences.density, &self.density);
        set(&mut user.preferences.timezone, &self.timezone);
    }
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    pub(super) current: String,
    #[schema(min_length = 10)]
    pub(super) new: String,
}

impl ApiBody for PasswordBody {
    const LIMIT: usize = LIMIT;

    fn check(&self) -> Result<(), FieldError> {
        password::check_size("current", &self.current)?;
        password::check("new", &self.new, "")
    }
}

/// A new API token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenBody {
    /// What it is for.
    #[schema(max_length = 100)]
    pub(super) name: String,
}

impl ApiBody for TokenBody {
    const LIMIT: usize = LIMIT;

    fn check(&self) -> Result<(), FieldError> {
        check::name("name", &self.name)
    }
}
