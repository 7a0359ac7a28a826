//! New workspaces with their owner, and new people, each in one batch.

use super::password::{self, PasswordHasher};
use super::store::{email_key, new_id, normal_email};
use crate::domain::account::{Preferences, Role, User, Workspace};
use crate::domain::{EventKind, Timestamp, TraceId, UserId, WorkspaceId};
use crate::http::{ApiError, FieldError, check};
use crate::storage::keys::{UserKey, WorkspaceKey};
use crate::storage::{Batch, Seal, Store};

/// Which passwords are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PasswordRule {
    /// What people may choose in the browser or by API.
    Strict,
    /// Whatever the operator of the machine set in its environment, if it is not empty.
    Operator,
}

/// Someone who is to be added.
pub struct NewPerson {
    /// Shown name.
    pub name: String,
    /// Log-in name.
    pub email: String,
    /// In the clear; only its hash is kept.
    pub password: String,
}

/// A workspace that is to be made, with its first owner.
pub struct NewWorkspace {
    /// Its name.
    pub name: String,
    /// IANA time zone.
    pub timezone: String,
    /// Language tag.
    pub locale: String,
    /// Filled with invented data.
    pub demo: bool,
    /// The owner may add further workspaces to the appliance.
    pub operator: bool,
    /// Its owner.
    pub owner: NewPerson,
}

impl NewPerson {
    /// Checks the fields; `at` stands before their names (`owner.`).
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self, at: &str, rule: PasswordRule) -> Result<(), FieldError> {
        check::name(&format!("{at}name"), &self.name)?;
        check::email(&format!("{at}email"), self.email.trim())?;
        let field = format!("{at}password");
        match rule {
            PasswordRule::Strict => password::check(&field, &self.password, self.email.trim()),
            PasswordRule::Operator => password::check_size(&field, &self.password),
        }
    }
}

impl NewWorkspace {
    /// Checks the fields; `at` stands before the workspace's own (`workspace.`).
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self, at: &str, rule: PasswordRule) -> Result<(), FieldError> {
        check::name(&format!("{at}name"), &self.name)?;
        check::timezone(&format!("{at}timezone"), &self.timezone)?;
        check::locale(&format!("{at}locale"), &self.locale)?;
        self.owner.check("owner.", rule)
    }
}

/// Makes a workspace, its keys and its owner in one batch. For the environment, the command line and the demo; the API
/// goes through it too.
///
/// # Errors
/// A field is wrong, the address is taken, or the store cannot write.
pub async fn create_workspace(
    store: &Store,
    hasher: &PasswordHasher,
    new: NewWorkspace,
    rule: PasswordRule,
    now: Timestamp,
    trace: TraceId,
) -> Result<(Workspace, User), ApiError> {
    new.check("", rule)?;
    if store.contains(&email_key(store, &new.owner.email))? {
        return Err(super::store::email_taken("owner.email"));
    }
    let workspace = Workspace {
        id: new_id(WorkspaceId::from_uuid),
        name: new.name.trim().to_owned(),
        timezone: new.timezone,
        locale: new.locale,
        created_at: now,
        demo: new.demo,
    };
    let owner = person(hasher, workspace.id, new.owner, Role::Owner, new.operator, now).await?;
    let mut batch = Batch::new();
    let seal = store.create_workspace_keys(workspace.id, &mut batch);
    batch.put(
        &WorkspaceKey {
            workspace: workspace.id,
        },
        &workspace,
        &seal,
    );
    add_person(store, &mut batch, &owner, &seal, trace);
    store.commit(batch).await?;
    Ok((workspace, owner))
}

/// Adds people to a workspace without anyone asking for it: for the demo. Answers their ids in the same order.
///
/// # Errors
/// A field is wrong, an address is taken, or the store cannot write.
pub async fn add_people(
    store: &Store,
    hasher: &PasswordHasher,
    workspace: WorkspaceId,
    people: Vec<(NewPerson, Role)>,
    now: Timestamp,
    trace: TraceId,
) -> Result<Vec<UserId>, ApiError> {
    let seal = store.workspace_seal(workspace)?;
    let mut batch = Batch::new();
    let mut ids = Vec::new();
    for (new, role) in people {
        new.check("", PasswordRule::Operator)?;
        let user = person(hasher, workspace, new, role, false, now).await?;
        add_person(store, &mut batch, &user, &seal, trace);
        ids.push(user.id);
    }
    store.commit(batch).await?;
    Ok(ids)
}

/// The record of a new person. Hashes the password.
pub(super) async fn person(
    hasher: &PasswordHasher,
    workspace: WorkspaceId,
    new: NewPerson,
    role: Role,
    operator: bool,
    now: Timestamp,
) -> Result<User, ApiError> {
    Ok(User {
        id: new_id(UserId::from_uuid),
        workspace,
        name: new.name.trim().to_owned(),
        email: normal_email(&new.email),
        password_hash: hasher.hash(new.password).await?,
        role,
        operator,
        preferences: Preferences::default(),
        created_at: now,
        failed_logins: 0,
        locked_until: None,
    })
}

/// Adds a person to a batch; one person an address.
pub(super) fn add_person(store: &Store, batch: &mut Batch, user: &User, seal: &Seal, trace: TraceId) {
    let by_email = email_key(store, &user.email);
    batch.require_absent(&by_email);
    batch.put(&by_email, &(user.workspace, user.id), &Seal::Open);
    let key = UserKey {
        workspace: user.workspace,
        user: user.id,
    };
    batch.put(&key, user, seal);
    batch.event(
        user.workspace,
        user.created_at,
        trace,
        EventKind::UserUpdated(user.id),
    );
}
