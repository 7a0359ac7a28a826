//! One browser's socket: catches up from where it was, then follows.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, get};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Session};
use futures_util::StreamExt;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::feed::{Feed, Frame};
use crate::actors::presence::{Doing, Present};
use crate::domain::{ConversationId, WorkspaceId};
use crate::http::auth::SESSION_COOKIE;
use crate::http::{ApiError, ApiResult, Authenticator, Caller, ErrorCode, StrictQuery, endpoints};
use crate::storage::keys::{ConversationKey, UserKey};

endpoints!(live);

const HEARTBEAT: Duration = Duration::from_secs(15);
/// Without a sign of life for this long a socket is closed.
const SILENCE: Duration = Duration::from_secs(45);
/// Largest message from a browser.
const MAX_MESSAGE: usize = 4 * 1024;
/// Further behind than this a client fetches everything anew.
const MAX_CATCH_UP: u64 = 5_000;
const PAGE: usize = 256;
/// Sockets of the appliance at once.
const MAX_SOCKETS: usize = 2_000;

static NEXT_SOCKET: AtomicU64 = AtomicU64::new(1);
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Where to begin.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// The last `seq` that the client has; without it the feed begins now.
    after: Option<u64>,
}

/// The live feed, as a WebSocket of JSON text frames: first `{"type":"hello","seq":N}`, then the events. `{"type":"ping"}` is
/// answered by `{"type":"pong"}`: pages see nothing of the protocol's own.
#[utoipa::path(tag = "live", params(From), responses((status = 101, description = "Switches to WebSocket")))]
#[get("/api/v1/live")]
pub(super) async fn live(
    req: HttpRequest,
    payload: Payload,
    query: StrictQuery<From>,
    who: Caller,
    feed: Data<Feed>,
    auth: Data<Authenticator>,
) -> ApiResult<HttpResponse> {
    check_origin(&req)?;
    if OPEN.load(Ordering::Relaxed) >= MAX_SOCKETS {
        return Err(ApiError::busy("Too many live connections are open.", 10));
    }
    let secret = presented(&req).unwrap_or_default();
    let name = feed.core.store.get(&UserKey {
        workspace: who.workspace,
        user: who.user,
    })?;
    let (response, session, stream) = actix_ws::handle(&req, payload).map_err(|error| {
        ApiError::new(
            ErrorCode::BadRequest,
            format!("This address speaks WebSocket: {error}."),
        )
    })?;
    let client = Client {
        id: NEXT_SOCKET.fetch_add(1, Ordering::Relaxed),
        workspace: who.workspace,
        present: Present {
            id: who.user,
            name: name.map(|user| user.name).unwrap_or_default(),
            state: Doing::Viewing,
            focused: true,
        },
        feed: feed.get_ref().clone(),
        auth,
        secret,
        session,
        last: query.after,
    };
    let stream = stream
        .max_frame_size(MAX_MESSAGE)
        .aggregate_continuations()
        .max_continuation_size(MAX_MESSAGE);
    actix_web::rt::spawn(client.run(stream));
    Ok(response)
}

/// A page of another site must not open a socket with this browser's cookie.
fn check_origin(req: &HttpRequest) -> ApiResult<()> {
    let text = |name| {
        req.headers()
            .get(name)
            .and_then(|value: &header::HeaderValue| value.to_str().ok())
    };
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else {
        return Ok(());
    };
    let same = origin
        .split_once("://")
        .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
    match same {
        true => Ok(()),
        false => Err(ApiError::new(
            ErrorCode::Forbidden,
            "This origin may not open the live feed.",
        )),
    }
}

fn presented(req: &HttpRequest) -> Option<String> {
    let bearer = req
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = bearer
        .and_then(|value| value.split_once(' '))
        .map(|(_, token)| token.trim().to_owned());
    token.or_else(|| req.cookie(SESSION_COOKIE).map(|cookie| cookie.value().to_owned()))
}

/// What a browser may say.
#[derive(serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Said {
    /// Where its person is.
    Presence {
        conversation_id: Option<ConversationId>,
        state: Option<Doing>,
        /// The window is in front; `true` unless said.
        focused: Option<bool>,
    },
    /// Whether anybody is there.
    Ping,
}

struct Client {
    id: u64,
    workspace: WorkspaceId,
    present: Present,
    feed: Feed,
    auth: Data<Authenticator>,
    secret: String,
    session: Session,
    /// The last event sent, or the one to begin after.
    last: Option<u64>,
}

/// Why a socket ends.
enum End {
    Gone,
    Close(CloseCode, &'static str),
}

impl Drop for Client {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("frontdesk_live_sockets").decrement(1.0);
        self.move_to(None);
    }
}

impl Client {
    async fn run(mut self, stream: AggregatedMessageStream) {
        OPEN.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("frontdesk_live_sockets").increment(1.0);
        let end = self.follow(stream).await;
        if let End::Close(code, why) = end {
            let reason = CloseReason {
                code,
                description: Some(why.to_owned()),
            };
            // The other side may be gone already.
            drop(self.session.clone().close(Some(reason)).await);
        }
    }

    async fn follow(&mut self, mut stream: AggregatedMessageStream) -> End {
        let mut frames = self.feed.listen(self.workspace);
        let now = *self.feed.core.store.watch_events().borrow();
        if self
            .send(&format!("{{\"type\":\"hello\",\"seq\":{now}}}"))
            .await
            .is_err()
        {
            return End::Gone;
        }
        if self.last.is_none() {
            self.last = Some(now);
        }
        if let Err(end) = self.catch_up(now).await {
            return end;
        }
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        let mut alive = Instant::now();
        loop {
            let step = tokio::select! {
                frame = frames.recv() => self.pass_on(frame, &mut frames).await,
                message = stream.next() => {
                    alive = Instant::now();
                    self.hear(message).await
                }
                _ = heartbeat.tick() => self.beat(alive).await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn send(&mut self, text: &str) -> Result<(), End> {
        self.session.text(text.to_owned()).await.map_err(|_| End::Gone)
    }

    /// Sends what happened after the client's last event, from the journal.
    async fn catch_up(&mut self, now: u64) -> Result<(), End> {
        let mut last = self.last.unwrap_or(now);
        let store = self.feed.core.store.clone();
        if last > now || now - last > MAX_CATCH_UP || last + 1 < store.oldest_event() {
            self.last = Some(now);
            return self.send(&format!("{{\"type\":\"reset\",\"seq\":{now}}}")).await;
        }
        let workspace = self.workspace;
        while last < now {
            let events = store.events_after(last, PAGE).map_err(|error| {
                tracing::error!(%error, "a live socket cannot catch up");
                End::Close(CloseCode::Error, "the journal cannot be read")
            })?;
            let Some(end) = events.last().map(|event| event.seq) else {
                break;
            };
            for event in events.iter().filter(|event| event.workspace == workspace) {
                match self.feed.frame(event) {
                    Ok(frame) => self.send(&frame.text).await?,
                    Err(error) => {
                        tracing::error!(seq = event.seq, %error, "an event could not be shown live")
                    }
                }
            }
            last = end;
        }
        self.last = Some(last.max(self.last.unwrap_or(0)));
        Ok(())
    }

    async fn pass_on(
        &mut self,
        frame: Result<Frame, RecvError>,
        frames: &mut broadcast::Receiver<Frame>,
    ) -> Result<(), End> {
        match frame {
            Ok(Frame { seq: None, text }) => self.send(&text).await,
            Ok(Frame { seq: Some(seq), text }) if seq > self.last.unwrap_or(0) => {
                self.last = Some(seq);
                self.send(&text).await
            }
            Ok(_) => Ok(()),
            Err(RecvError::Lagged(_)) => {
                *frames = self.feed.listen(self.workspace);
                let now = *self.feed.core.store.watch_events().borrow();
                self.catch_up(now).await
            }
            Err(RecvError::Closed) => {
                *frames = self.feed.listen(self.workspace);
                Ok(())
            }
        }
    }

    async fn hear(
        &mut self,
        message: Option<Result<AggregatedMessage, actix_ws::ProtocolError>>,
    ) -> Result<(), End> {
        match message {
            None | Some(Ok(AggregatedMessage::Close(_))) => Err(End::Gone),
            Some(Err(_)) => Err(End::Close(CloseCode::Protocol, "this cannot be read")),
            Some(Ok(AggregatedMessage::Ping(bytes))) => {
                self.session.pong(&bytes).await.map_err(|_| End::Gone)
            }
            Some(Ok(AggregatedMessage::Pong(_))) => Ok(()),
            Some(Ok(AggregatedMessage::Binary(_))) => {
                Err(End::Close(CloseCode::Unsupported, "text frames only"))
            }
            Some(Ok(AggregatedMessage::Text(text))) => match serde_json::from_str(&text) {
                Ok(Said::Presence {
                    conversation_id,
                    state,
                    focused,
                }) => {
                    self.present.focused = focused.unwrap_or(true);
                    self.present.state = state.unwrap_or(Doing::Viewing);
                    if let (Some(conversation), Doing::Replying) = (conversation_id, self.present.state) {
                        self.feed.courtesy.typing(self.workspace, conversation);
                    }
                    self.move_to(conversation_id);
                    Ok(())
                }
                Ok(Said::Ping) => self.send("{\"type\":\"pong\"}").await,
                Err(_) => Err(End::Close(CloseCode::Policy, "this message is not known")),
            },
        }
    }

    async fn beat(&mut self, alive: Instant) -> Result<(), End> {
        if alive.elapsed() > SILENCE {
            return Err(End::Close(CloseCode::Away, "no sign of life"));
        }
        // Whoever logged out or was removed sees nothing more.
        if self.auth.identify(&self.secret).is_err() {
            return Err(End::Close(CloseCode::Policy, "the session has ended"));
        }
        self.session.ping(b"").await.map_err(|_| End::Gone)
    }

    fn move_to(&self, conversation: Option<ConversationId>) {
        let key = |conversation| ConversationKey {
            workspace: self.workspace,
            conversation,
        };
        let ours = conversation.filter(|id| self.feed.core.store.contains(&key(*id)).unwrap_or(false));
        let to = ours.map(|id| (id, self.present.clone()));
        for changed in self.feed.presence.move_to(self.id, self.workspace, to) {
            let users = self.feed.presence.of(self.workspace, changed);
            let frame = serde_json::json!({"type": "presence", "conversation_id": changed, "users": users});
            self.feed.tell(
                self.workspace,
                Frame {
                    seq: None,
                    text: frame.to_string().into(),
                },
            );
        }
    }
}
