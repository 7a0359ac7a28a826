//! Sessions: listed, ended by their owner, and ended when their time is over.

use super::Accounts;
use super::store::delete_session;
use crate::domain::SessionId;
use crate::domain::account::Session;
use crate::http::{ApiError, Credential, ErrorCode, Identity, Items, ListId, Page};
use crate::storage::keys::{SessionByUserKey, SessionKey};
use crate::storage::{Batch, Prefix};

impl Accounts {
    /// The caller's sessions, newest first.
    pub(super) fn list_sessions(&self, who: &Identity, page: &Page) -> Result<Items<Session>, ApiError> {
        let list = ListId::new("sessions", who.workspace).with(&who.user.to_string());
        let prefix = Prefix::<SessionByUserKey>::table()
            .with(who.workspace)
            .with(who.user);
        let before: Option<SessionByUserKey> = page.after(&list)?;
        let rows = self.store.scan_back(&prefix, before.as_ref(), page.limit + 1)?;
        let page = page.finish(&list, rows, |(_, secret)| secret);
        let now = self.clock.now();
        let mut items = Vec::with_capacity(page.items.len());
        for secret in page.items {
            items.extend(
                self.store
                    .get(&SessionKey { secret })?
                    .filter(|session| session.expires_at > now),
            );
        }
        Ok(Items {
            items,
            next_cursor: page.next_cursor,
        })
    }

    /// Ends one of the caller's sessions.
    pub(super) async fn end_session(&self, who: &Identity, id: SessionId) -> Result<(), ApiError> {
        let sessions = self.sessions_of(who.workspace, who.user)?;
        let found = sessions.into_iter().find(|(_, session)| session.id == id);
        let (secret, session) = found.ok_or_else(|| ApiError::not_found("session"))?;
        let mut batch = Batch::new();
        delete_session(&mut batch, secret, &session);
        self.store.commit(batch).await?;
        self.auth.forget_secret(&secret);
        Ok(())
    }

    /// Ends the session that the caller showed.
    pub(super) async fn log_out(&self, who: &Identity) -> Result<(), ApiError> {
        match who.credential {
            Credential::Session(id) => self.end_session(who, id).await,
            Credential::Token(_) => Err(ApiError::new(
                ErrorCode::WrongState,
                "An API token has no session to end. Delete the token instead.",
            )),
        }
    }
}
