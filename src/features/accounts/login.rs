//! Set-up and log-in: from a code or a password to a session.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use super::create::{NewWorkspace, PasswordRule, create_workspace};
use super::store::{SESSIONS_MAX, delete_session, email_key, new_id, session_end};
use super::{Accounts, lockout};
use crate::actors::due::due_key;
use crate::domain::account::{Session, User, Workspace};
use crate::domain::operations::DueWork;
use crate::domain::phrases;
use crate::domain::{SessionId, TraceId};
use crate::http::auth::SESSION_PREFIX;
use crate::http::{ApiError, ErrorCode, Secret};
use crate::storage::keys::{SessionByUserKey, SessionKey, UserKey};
use crate::storage::{Batch, CommitError, Fingerprint, Seal};

/// Longest part of a browser's name for itself that is kept, in characters.
const USER_AGENT_MAX: usize = 200;
/// How often a log-in is decided again after the person changed meanwhile.
const RETRIES: usize = 5;

/// Where a log-in comes from.
pub struct Origin {
    /// What attempts are counted by.
    pub address: IpAddr,
    /// Browser's name for itself.
    pub user_agent: String,
    /// The request's trace.
    pub trace: TraceId,
}

/// A successful log-in.
pub struct LoggedIn {
    /// To be handed out once.
    pub secret: Secret,
    /// Who.
    pub user: User,
    /// Where.
    pub workspace: Workspace,
}

impl Accounts {
    /// Whether the first set-up is still to be done.
    pub fn needs_setup(&self) -> Result<bool, ApiError> {
        if self.set_up.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let set_up = super::is_set_up(&self.store)?;
        self.set_up.store(set_up, Ordering::Relaxed);
        Ok(!set_up)
    }

    /// Sets the appliance up: the code makes its bearer the first owner.
    pub async fn set_up(&self, code: &str, new: NewWorkspace, origin: &Origin) -> Result<LoggedIn, ApiError> {
        self.attempt(origin)?;
        let _one_at_a_time = self.membership.lock().await;
        if !self.needs_setup()? {
            return Err(
                ApiError::new(ErrorCode::WrongState, phrases::SET_UP_ALREADY.text())
                    .with_code("already_set_up"),
            );
        }
        if !self.setup.as_ref().is_some_and(|guard| guard.fits(code)) {
            return Err(ApiError::new(ErrorCode::InvalidSetupCode, phrases::NOT_THE_CODE.text()).at("code"));
        }
        let (store, now) = (&self.store, self.clock.now());
        let (workspace, user) =
            create_workspace(store, &self.hasher, new, PasswordRule::Strict, now, origin.trace).await?;
        self.attempts.refund(origin.address);
        let (user, fingerprint) = self
            .store
            .get_for_update(&UserKey {
                workspace: workspace.id,
                user: user.id,
            })?
            .ok_or_else(|| ApiError::internal("reading the first owner", "the record is not there"))?;
        let secret = self.begin_session(&user, fingerprint, origin).await?;
        Ok(LoggedIn {
            secret: secret.ok_or_else(contended)?,
            user,
            workspace,
        })
    }

    /// Logs someone in.
    pub async fn log_in(&self, email: &str, password: &str, origin: &Origin) -> Result<LoggedIn, ApiError> {
        self.attempt(origin)?;
        let found = self.by_email(email)?;
        self.refuse_locked(email, found.as_ref().map(|(user, _)| user))?;
        let stored = found.as_ref().map(|(user, _)| user.password_hash.clone());
        if !self.hasher.fits(password.to_owned(), stored.clone()).await? {
            self.note_failure(email, found.map(|(user, _)| user)).await?;
            return Err(ApiError::new(
                ErrorCode::InvalidCredentials,
                phrases::WRONG_LOGIN.text(),
            ));
        }
        for _ in 0..RETRIES {
            // Read again: others may have failed often enough meanwhile to lock, or changed the password.
            let Some((user, fingerprint)) = self.by_email(email)? else {
                break;
            };
            self.refuse_locked(email, Some(&user))?;
            if Some(&user.password_hash) != stored.as_ref() {
                break;
            }
            if let Some(secret) = self.begin_session(&user, fingerprint, origin).await? {
                self.attempts.refund(origin.address);
                let workspace = self.workspace(user.workspace)?;
                return Ok(LoggedIn {
                    secret,
                    user,
                    workspace,
                });
            }
        }
        Err(contended())
    }

    /// Counts an attempt with a secret by where it comes from.
    pub(super) fn attempt(&self, origin: &Origin) -> Result<(), ApiError> {
        self.attempts
            .take(origin.address, self.clock.now())
            .map_err(|seconds| {
                ApiError::new(ErrorCode::RateLimited, phrases::TOO_MANY_FROM_ADDRESS.text())
                    .retry_after(seconds)
            })
    }

    pub(super) fn refund(&self, origin: &Origin) {
        self.attempts.refund(origin.address);
    }

    pub(super) fn refuse_locked(&self, email: &str, user: Option<&User>) -> Result<(), ApiError> {
        let now = self.clock.now();
        let left = match user {
            Some(user) => lockout::seconds_left(user.locked_until, now),
            None => self
                .strangers
                .seconds_left(&email_key(&self.store, email).email, now),
        };
        match left {
            None => Ok(()),
            Some(seconds) => Err(ApiError::new(
                ErrorCode::LockedOut,
                phrases::LOCKED_OUT.with(&[("seconds", &seconds)]),
            )
            .retry_after(seconds)),
        }
    }

    pub(super) async fn note_failure(&self, email: &str, user: Option<User>) -> Result<(), ApiError> {
        let now = self.clock.now();
        let Some(user) = user else {
            self.strangers.fail(email_key(&self.store, email).email, now);
            return Ok(());
        };
        let seal = self.store.workspace_seal(user.workspace)?;
        let key = UserKey {
            workspace: user.workspace,
            user: user.id,
        };
        // One at a time: guesses at the same moment must each count.
        let _one_at_a_time = self.failing.lock().await;
        for _ in 0..RETRIES {
            let Some((mut user, fingerprint)) = self.store.get_for_update(&key)? else {
                return Ok(());
            };
            lockout::fail(&mut user, now);
            let mut batch = Batch::new();
            batch.require_unchanged(&key, fingerprint);
            batch.put(&key, &user, &seal);
            match self.store.commit(batch).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(contended())
    }

    /// Writes a session and clears the failures; `None` if the person changed meanwhile.
    async fn begin_session(
        &self,
        user: &User,
        fingerprint: Fingerprint,
        origin: &Origin,
    ) -> Result<Option<Secret>, ApiError> {
        let secret = Secret::generate(SESSION_PREFIX)?;
        let mut batch = Batch::new();
        let key = UserKey {
            workspace: user.workspace,
            user: user.id,
        };
        batch.require_unchanged(&key, fingerprint);
        self.clear_failures(user, &mut batch)?;
        let session = self.session(user, origin);
        self.put_session(&mut batch, secret.hash(), &session)?;
        let ended = self.end_surplus(user, &mut batch)?;
        match self.store.commit(batch).await {
            Ok(_) => {}
            Err(CommitError::Conflict { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        for hash in &ended {
            self.auth.forget_secret(hash);
        }
        Ok(Some(secret))
    }

    fn session(&self, user: &User, origin: &Origin) -> Session {
        let now = self.clock.now();
        let printable = origin.user_agent.chars().filter(|c| !c.is_control());
        Session {
            id: new_id(SessionId::from_uuid),
            user: user.id,
            workspace: user.workspace,
            created_at: now,
            last_used_at: now,
            expires_at: session_end(now),
            user_agent: printable.take(USER_AGENT_MAX).collect(),
        }
    }

    fn clear_failures(&self, user: &User, batch: &mut Batch) -> Result<(), ApiError> {
        if user.failed_logins == 0 && user.locked_until.is_none() {
            return Ok(());
        }
        let cleared = User {
            failed_logins: 0,
            locked_until: None,
            ..user.clone()
        };
        let key = UserKey {
            workspace: user.workspace,
            user: user.id,
        };
        batch.put(&key, &cleared, &self.store.workspace_seal(user.workspace)?);
        Ok(())
    }

    fn put_session(&self, batch: &mut Batch, secret: [u8; 32], session: &Session) -> Result<(), ApiError> {
        let seal = self.store.workspace_seal(session.workspace)?;
        batch.put(&SessionKey { secret }, session, &seal);
        let by_user = SessionByUserKey {
            workspace: session.workspace,
            user: session.user,
            session: session.id,
        };
        batch.put(&by_user, &secret, &Seal::Open);
        let work = DueWork::EndSession(secret);
        batch.put(
            &due_key(session.expires_at, session.workspace, &work),
            &work,
            &Seal::Open,
        );
        Ok(())
    }

    /// Makes room for one more session.
    fn end_surplus(&self, user: &User, batch: &mut Batch) -> Result<Vec<[u8; 32]>, ApiError> {
        let mut sessions = self.sessions_of(user.workspace, user.id)?;
        let surplus = (sessions.len() + 1).saturating_sub(SESSIONS_MAX);
        sessions.sort_by_key(|(_, session)| session.last_used_at);
        let ended = sessions.iter().take(surplus);
        Ok(ended
            .map(|(secret, session)| {
                delete_session(batch, *secret, session);
                *secret
            })
            .collect())
    }
}

fn contended() -> ApiError {
    ApiError::busy(phrases::ACCOUNT_BUSY.text(), 1)
}
