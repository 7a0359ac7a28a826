//! Who is calling, and may they: session cookie or bearer token to a person in a workspace with a role.
//!
//! Rights stand in a handler's argument types: [`Caller`] is anyone logged in, [`OwnerCaller`] an owner,
//! [`OperatorCaller`] the one who runs the appliance. Reads what accounts stores; only slides a session's end itself.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use parking_lot::Mutex;

use super::auth_cache::{AuthCache, Bucket, Known};
use super::error::{ApiError, ErrorCode};
use super::secret;
use crate::clock::Clock;
use crate::domain::account::Role;
use crate::domain::time::SECOND;
use crate::domain::{SessionId, Timestamp, TokenId, UserId, WorkspaceId};
use crate::storage::keys::{ApiTokenKey, SessionKey, UserKey};
use crate::storage::{Batch, CommitError, StorageError, Store};

/// The browser's cookie.
pub const SESSION_COOKIE: &str = "frontdesk_session";
/// Writes with the cookie must carry this header: another site cannot set it without being asked first.
pub const CSRF_HEADER: &str = "x-frontdesk";
/// First characters of a session's secret.
pub const SESSION_PREFIX: &str = "fs_";
/// First characters of an API token.
pub const TOKEN_PREFIX: &str = "fd_";
/// A session ends so long after its last use.
pub const SESSION_LIFETIME: i64 = 30 * 24 * 3_600 * SECOND;
/// How exactly the last use is kept.
const TOUCH_EVERY: i64 = 60 * SECOND;
/// Prefix and 64 hexadecimal digits; anything longer is no secret of ours.
const SECRET_LENGTH: usize = 67;

/// How often one session or token may call.
#[derive(Debug, Clone, Copy)]
pub struct AuthOptions {
    /// Requests a second in the long run.
    pub rate_per_s: u32,
    /// Requests at once.
    pub burst: u32,
}

impl Default for AuthOptions {
    fn default() -> Self {
        Self {
            rate_per_s: 1_000,
            burst: 5_000,
        }
    }
}

/// What someone showed to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A session, by cookie or as a bearer token.
    Session(SessionId),
    /// An API token.
    Token(TokenId),
}

/// Which table a secret's hash is looked up in.
#[derive(Clone, Copy)]
enum Sort {
    Session,
    Token,
}

/// Someone logged in.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Where they work; everything they ask for is looked up below it.
    pub workspace: WorkspaceId,
    /// Who.
    pub user: UserId,
    /// What they may do there.
    pub role: Role,
    /// Whether they run the appliance.
    pub operator: bool,
    /// What they showed.
    pub credential: Credential,
    /// Hash of the secret that they showed.
    pub secret_hash: [u8; 32],
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

/// Finds out who is calling. One for the whole server, in `web::Data`.
pub struct Authenticator {
    store: Store,
    clock: Clock,
    options: AuthOptions,
    cache: AuthCache,
}

impl Authenticator {
    /// With an empty cache.
    pub fn new(store: Store, clock: Clock, options: AuthOptions) -> Self {
        Self {
            store,
            clock,
            options,
            cache: AuthCache::default(),
        }
    }

    /// To be called after a person was changed or removed, or all their sessions ended.
    pub fn forget_user(&self, user: UserId) {
        self.cache.forget_user(user);
    }

    /// To be called after a session or token was ended.
    pub fn forget_secret(&self, hash: &[u8; 32]) {
        self.cache.forget_secret(hash);
    }

    /// Who a secret belongs to.
    ///
    /// # Errors
    /// 401 if to nobody (any more), 429 if they call too often, 5xx if the store fails.
    pub fn identify(&self, presented: &str) -> Result<Identity, ApiError> {
        if presented.len() != SECRET_LENGTH {
            return Err(unauthenticated());
        }
        let sort = match presented {
            _ if presented.starts_with(SESSION_PREFIX) => Sort::Session,
            _ if presented.starts_with(TOKEN_PREFIX) => Sort::Token,
            _ => return Err(unauthenticated()),
        };
        let instant = Instant::now();
        let known = self.known(sort, secret::hash(presented), instant)?;
        let AuthOptions { rate_per_s, burst } = self.options;
        let allowed = known.bucket.lock().take(rate_per_s, burst, instant);
        allowed.map_err(|seconds| {
            let detail = "Too many requests with this session or token. Slow down.";
            ApiError::new(ErrorCode::RateLimited, detail).retry_after(seconds)
        })?;
        Ok(known.identity.clone())
    }

    /// Whether someone who was let in before still would be, and as what: for connections that stay open. Does not count
    /// as a request.
    ///
    /// # Errors
    /// 401 if their session or token ended or they were removed, 5xx if the store fails.
    pub fn recheck(&self, who: &Identity) -> Result<Identity, ApiError> {
        let sort = match who.credential {
            Credential::Session(_) => Sort::Session,
            Credential::Token(_) => Sort::Token,
        };
        let known = self.known(sort, who.secret_hash, Instant::now())?;
        Ok(known.identity.clone())
    }

    fn known(&self, sort: Sort, hash: [u8; 32], instant: Instant) -> Result<Arc<Known>, ApiError> {
        let known = match self.cache.get(&hash, instant) {
            Some(known) => known,
            None => self.look_up(sort, hash, instant)?,
        };
        let ended = known
            .identity
            .expires_at
            .is_some_and(|end| end <= self.clock.now());
        if ended { Err(unauthenticated()) } else { Ok(known) }
    }

    fn look_up(&self, sort: Sort, hash: [u8; 32], instant: Instant) -> Result<Arc<Known>, ApiError> {
        let generation = self.cache.generation();
        let identity = match sort {
            Sort::Session => self.by_session(hash)?,
            Sort::Token => self.by_token(hash)?,
        };
        let known = Arc::new(Known {
            identity: identity.ok_or_else(unauthenticated)?,
            seen: instant,
            bucket: Mutex::new(Bucket::full(self.options.burst, instant)),
        });
        self.cache.insert(hash, Arc::clone(&known), generation);
        Ok(known)
    }

    fn by_session(&self, hash: [u8; 32]) -> Result<Option<Identity>, StorageError> {
        let Some(session) = self.store.get(&SessionKey { secret: hash })? else {
            return Ok(None);
        };
        let identity = self.person(
            session.workspace,
            session.user,
            Credential::Session(session.id),
            hash,
        )?;
        Ok(identity.map(|identity| Identity {
            expires_at: Some(session.expires_at),
            last_used_at: Some(session.last_used_at),
            ..identity
        }))
    }

    fn by_token(&self, hash: [u8; 32]) -> Result<Option<Identity>, StorageError> {
        match self.store.get(&ApiTokenKey { secret: hash })? {
            Some(token) => self.person(token.workspace, token.user, Credential::Token(token.id), hash),
            None => Ok(None),
        }
    }

    fn person(
        &self,
        workspace: WorkspaceId,
        user: UserId,
        credential: Credential,
        secret_hash: [u8; 32],
    ) -> Result<Option<Identity>, StorageError> {
        let record = self.store.get(&UserKey { workspace, user })?;
        Ok(record.map(|record| Identity {
            workspace,
            user,
            role: record.role,
            operator: record.operator,
            credential,
            secret_hash,
            expires_at: None,
            last_used_at: None,
        }))
    }

    /// Whether the session's last use is old enough to be written again.
    fn wants_touch(&self, identity: &Identity) -> bool {
        let now = self.clock.now();
        identity
            .last_used_at
            .is_some_and(|last| now.since(last) >= TOUCH_EVERY)
    }

    /// Writes down that the session was used just now, which moves its end. Someone else's change wins.
    async fn touch(&self, hash: [u8; 32]) -> Result<(), ApiError> {
        let key = SessionKey { secret: hash };
        let now = self.clock.now();
        let Some((mut session, fingerprint)) = self.store.get_for_update(&key)? else {
            return Ok(());
        };
        if now.since(session.last_used_at) < TOUCH_EVERY || session.expires_at <= now {
            return Ok(());
        }
        session.last_used_at = now;
        session.expires_at = now.plus(SESSION_LIFETIME);
        let mut batch = Batch::bulk();
        batch.require_unchanged(&key, fingerprint);
        batch.put(&key, &session, &self.store.workspace_seal(session.workspace)?);
        match self.store.commit(batch).await {
            Ok(_) | Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        self.cache.forget_secret(&hash);
        Ok(())
    }
}

fn unauthenticated() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthenticated,
        "Log in, or send an API token in the header Authorization: Bearer TOKEN.",
    )
}

/// Anyone logged in.
#[derive(Debug, Clone)]
pub struct Caller(pub Identity);

/// An owner of the workspace.
#[derive(Debug, Clone)]
pub struct OwnerCaller(pub Identity);

/// The owner who runs the appliance.
#[derive(Debug, Clone)]
pub struct OperatorCaller(pub Identity);

macro_rules! caller {
    ($($name:ident: $allowed:expr;)*) => {$(
        impl Deref for $name {
            type Target = Identity;

            fn deref(&self) -> &Identity {
                &self.0
            }
        }

        impl FromRequest for $name {
            type Error = ApiError;
            type Future = Ready<Result<Self, ApiError>>;

            fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
                let allowed: fn(&Identity) -> Result<(), ApiError> = $allowed;
                ready(identify(req).and_then(|who| allowed(&who).map(|()| Self(who))))
            }
        }
    )*};
}
caller! {
    Caller: |_| Ok(());
    OwnerCaller: |who| match who.role {
        Role::Owner => Ok(()),
        Role::Agent => Err(forbidden("Only an owner of this workspace may do this.")),
    };
    OperatorCaller: |who| if who.operator {
        Ok(())
    } else {
        Err(forbidden("Only the owner who set this appliance up may do this."))
    };
}

fn forbidden(detail: &'static str) -> ApiError {
    ApiError::new(ErrorCode::Forbidden, detail)
}

fn identify(req: &HttpRequest) -> Result<Identity, ApiError> {
    let auth = req
        .app_data::<web::Data<Authenticator>>()
        .ok_or_else(|| ApiError::internal("finding the authenticator", "the server was built without one"))?;
    let who = match bearer(req)? {
        Some(token) => auth.identify(token)?,
        None => {
            let cookie = req.cookie(SESSION_COOKIE).ok_or_else(unauthenticated)?;
            let who = auth.identify(cookie.value())?;
            guard_cookie(req)?;
            who
        }
    };
    if auth.wants_touch(&who) {
        slide(auth.clone(), who.secret_hash);
    }
    Ok(who)
}

/// Not awaited: a request does not wait for its session's book-keeping.
fn slide(auth: web::Data<Authenticator>, hash: [u8; 32]) {
    actix_web::rt::spawn(async move {
        if let Err(error) = auth.touch(hash).await {
            tracing::warn!(%error, "a session's last use could not be written");
        }
    });
}

fn bearer(req: &HttpRequest) -> Result<Option<&str>, ApiError> {
    let Some(value) = req.headers().get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(unauthenticated().at("authorization")),
    }
}

/// A browser sends the cookie by itself, also when another site makes it call. Reading across sites is stopped by the
/// browser; writing, and opening a socket, by this.
fn guard_cookie(req: &HttpRequest) -> Result<(), ApiError> {
    let reads = matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && req.headers().get(CSRF_HEADER).is_none_or(|value| value != "1") {
        return Err(ApiError::new(
            ErrorCode::CsrfRequired,
            "A change made with the session cookie must carry the header X-Frontdesk: 1.",
        )
        .at(CSRF_HEADER));
    }
    let from_afar = req
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site");
    if from_afar || (req.headers().contains_key(header::UPGRADE) && !same_origin(req)) {
        return Err(forbidden("Another site may not use this session."));
    }
    Ok(())
}

fn same_origin(req: &HttpRequest) -> bool {
    let Some(origin) = req.headers().get(header::ORIGIN) else {
        // Not a browser: those always send it when they open a socket.
        return true;
    };
    let host = req
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let origin_host = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((origin_host, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}
