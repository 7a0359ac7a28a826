//! People: added, changed, removed; their own profile and password. There is always an owner left.

use super::create::{NewPerson, NewWorkspace, PasswordRule, add_person, create_workspace, person};
use super::login::Origin;
use super::model::ProfileBody;
use super::store::{USERS_MAX, delete_session, email_key, email_taken};
use super::{Accounts, password};
use crate::domain::account::{Role, User, Workspace};
use crate::domain::phrases;
use crate::domain::{EventKind, TraceId, UserId};
use crate::http::{ApiError, ErrorCode, Identity, Items, ListId, Page};
use crate::storage::keys::UserKey;
use crate::storage::{Batch, Prefix};

impl Accounts {
    /// A page of the workspace's people, oldest first.
    pub(super) fn list_users(&self, who: &Identity, page: &Page) -> Result<Items<User>, ApiError> {
        let list = ListId::new("users", who.workspace);
        let prefix = Prefix::<UserKey>::table().with(who.workspace);
        let after: Option<UserKey> = page.after(&list)?;
        let rows = self.store.scan(&prefix, after.as_ref(), page.limit + 1)?;
        Ok(page.finish(&list, rows, |(_, user)| user))
    }

    /// Adds someone to the caller's workspace.
    pub(super) async fn add_user(
        &self,
        who: &Identity,
        new: NewPerson,
        role: Role,
        trace: TraceId,
    ) -> Result<User, ApiError> {
        let _one_at_a_time = self.membership.lock().await;
        if self.store.contains(&email_key(&self.store, &new.email))? {
            return Err(email_taken("email"));
        }
        if self.users(who.workspace)?.len() >= USERS_MAX {
            let detail = phrases::TOO_MANY_PEOPLE.with(&[("count", &USERS_MAX)]);
            return Err(ApiError::new(ErrorCode::WrongState, detail).with_code("too_many_users"));
        }
        let user = person(&self.hasher, who.workspace, new, role, false, self.clock.now()).await?;
        let mut batch = Batch::new();
        let seal = self.store.workspace_seal(who.workspace)?;
        add_person(&self.store, &mut batch, &user, &seal, trace);
        self.store.commit(batch).await?;
        Ok(user)
    }

    /// Removes someone, with their sessions and tokens.
    pub(super) async fn remove_user(
        &self,
        who: &Identity,
        id: UserId,
        trace: TraceId,
    ) -> Result<(), ApiError> {
        let _one_at_a_time = self.membership.lock().await;
        let user = self.user(who.workspace, id)?;
        may_go(&user, &self.users(who.workspace)?)?;
        let mut batch = Batch::new();
        for (secret, session) in self.sessions_of(who.workspace, id)? {
            delete_session(&mut batch, secret, &session);
        }
        self.delete_tokens_of(who.workspace, id, &mut batch)?;
        batch.delete(&email_key(&self.store, &user.email));
        batch.delete(&UserKey {
            workspace: who.workspace,
            user: id,
        });
        batch.event(who.workspace, self.clock.now(), trace, EventKind::UserUpdated(id));
        self.store.commit(batch).await?;
        self.auth.forget_user(id);
        Ok(())
    }

    /// Changes the caller's own profile.
    pub(super) async fn change_profile(
        &self,
        who: &Identity,
        change: &ProfileBody,
        trace: TraceId,
    ) -> Result<User, ApiError> {
        let changed = self.update_user(who.workspace, who.user, trace, |user, _| {
            change.apply(user);
            Ok(())
        });
        Ok(changed.await?.0)
    }

    /// Changes the caller's password and ends their other sessions.
    pub(super) async fn change_password(
        &self,
        who: &Identity,
        current: &str,
        new: &str,
        origin: &Origin,
    ) -> Result<(), ApiError> {
        self.attempt(origin)?;
        let user = self.user(who.workspace, who.user)?;
        password::check("new", new, &user.email)?;
        // A session that was left open is no way to guess the password either.
        self.refuse_locked(&user.email, Some(&user))?;
        let stored = user.password_hash.clone();
        if !self.hasher.fits(current.to_owned(), Some(stored.clone())).await? {
            self.note_failure(&user.email.clone(), Some(user)).await?;
            return Err(ApiError::invalid_field(
                "current",
                "This is not your current password.",
            ));
        }
        self.refund(origin);
        let hash = self.hasher.hash(new.to_owned()).await?;
        self.update_user(who.workspace, who.user, origin.trace, |user, batch| {
            if user.password_hash != stored {
                return Err(ApiError::new(
                    ErrorCode::Conflict,
                    phrases::PASSWORD_CHANGED.text(),
                ));
            }
            user.password_hash.clone_from(&hash);
            for (secret, session) in self.sessions_of(who.workspace, who.user)? {
                if secret != who.secret_hash {
                    delete_session(batch, secret, &session);
                }
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Adds a business to the appliance.
    pub(super) async fn add_workspace(
        &self,
        new: NewWorkspace,
        trace: TraceId,
    ) -> Result<(Workspace, User), ApiError> {
        let _one_at_a_time = self.membership.lock().await;
        let now = self.clock.now();
        create_workspace(&self.store, &self.hasher, new, PasswordRule::Strict, now, trace).await
    }
}

/// Someone must stay who can do everything.
fn may_go(user: &User, everyone: &[User]) -> Result<(), ApiError> {
    let refuse =
        |code, detail: &'static str| Err(ApiError::new(ErrorCode::WrongState, detail).with_code(code));
    if user.operator {
        return refuse("operator", phrases::OPERATOR_STAYS.text());
    }
    let owners = everyone.iter().filter(|user| user.role == Role::Owner).count();
    if user.role == Role::Owner && owners <= 1 {
        return refuse("last_owner", phrases::LAST_OWNER.text());
    }
    Ok(())
}
