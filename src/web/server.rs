//! The server: every part's routes under one set of limits and habits.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServerHandle, Service};
use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Bytes, Data, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpMessage, HttpServer};
use utoipa::openapi::OpenApi;

use super::docs::DocumentText;
use super::fallback::{Addresses, fallback};
use super::{Metrics, Readiness, SecurityOptions, docs, health, metrics, openapi};
use crate::http::TrustedProxies;
use crate::http::trace::{Head, trace_requests};

/// A feature's routes and their documentation; both come from [`crate::http::endpoints`].
#[derive(Clone, Copy)]
pub struct Part {
    /// Registers the routes.
    pub configure: fn(&mut ServiceConfig),
    /// Documents them.
    pub docs: fn() -> OpenApi,
}

/// Puts the shared state (`web::Data`) into each worker's app.
pub type SharedData = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// How to serve.
pub struct WebOptions {
    /// Threads that serve; at least one.
    pub workers: usize,
    /// Most connections a worker holds at once; further ones wait in the system's queue.
    pub max_connections: usize,
    /// How long a client may take for a request's head, and for a handshake.
    pub request_timeout: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long requests may finish after a stop was asked for.
    pub shutdown_timeout: Duration,
    /// Headers for browsers.
    pub security: SecurityOptions,
    /// Proxies that are believed about the client's address.
    pub proxies: TrustedProxies,
    /// The figures.
    pub metrics: Metrics,
    /// What `/readyz` asks.
    pub readiness: Readiness,
    /// Speak HTTPS; plain HTTP if absent.
    pub tls: Option<rustls::ServerConfig>,
    /// Listen here too, in plain HTTP: for this machine's own use.
    pub inside: Option<TcpListener>,
}

impl WebOptions {
    /// What suits a small machine.
    pub fn new(metrics: Metrics, readiness: Readiness) -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            max_connections: 4_096,
            request_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            shutdown_timeout: Duration::from_secs(8),
            security: SecurityOptions::default(),
            proxies: TrustedProxies::default(),
            metrics,
            readiness,
            tls: None,
            inside: None,
        }
    }
}

/// A server that listens. It serves while [`Self::server`] is awaited or spawned.
pub struct RunningServer {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// To stop it.
    pub handle: ServerHandle,
    /// To be awaited; ends after a stop.
    pub server: Server,
}

/// A server that serves.
pub struct RunningServerHandle {
    handle: ServerHandle,
    task: actix_web::rt::task::JoinHandle<std::io::Result<()>>,
}

impl RunningServer {
    /// Begins to serve.
    pub fn spawn(self) -> RunningServerHandle {
        let Self { handle, server, .. } = self;
        RunningServerHandle {
            handle,
            task: actix_web::rt::spawn(server),
        }
    }
}

impl RunningServerHandle {
    /// Takes no more requests and waits for those under way.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        if let Ok(Err(error)) = self.task.await {
            tracing::error!(%error, "the server ended badly");
        }
    }
}

/// The parts that every server has, besides the features'.
pub const OWN_PARTS: [Part; 3] = [
    Part {
        configure: health::configure,
        docs: <health::Docs as utoipa::OpenApi>::openapi,
    },
    Part {
        configure: metrics::configure,
        docs: <metrics::Docs as utoipa::OpenApi>::openapi,
    },
    Part {
        configure: docs::configure,
        docs: <docs::Docs as utoipa::OpenApi>::openapi,
    },
];

/// Every part: the features' and the server's own.
pub fn all_parts(features: &[Part]) -> Vec<Part> {
    features.iter().chain(&OWN_PARTS).copied().collect()
}

/// Listens on `listeners` and builds the server. Signals are the caller's business.
///
/// # Errors
/// The sockets cannot be used.
pub fn serve(
    options: WebOptions,
    listeners: Vec<TcpListener>,
    features: &[Part],
    shared: SharedData,
) -> std::io::Result<RunningServer> {
    let parts = all_parts(features);
    let document = openapi::document(&parts);
    let text = document.to_json().map_err(std::io::Error::other)?;
    let own = OwnData {
        document: Data::new(DocumentText(Bytes::from(text))),
        addresses: Data::new(Addresses::of(&document)),
        proxies: Data::new(options.proxies),
        metrics: Data::new(options.metrics),
        readiness: Data::new(options.readiness),
    };
    let (security, tls, inside) = (options.security, options.tls, options.inside);
    let mut server = HttpServer::new(move || {
        let (parts, shared, own) = (parts.clone(), Arc::clone(&shared), own.clone());
        App::new()
            .configure(move |config| {
                own.register(config);
                shared(config);
                parts.iter().for_each(|part| (part.configure)(config));
            })
            .default_service(web::to(fallback))
            .wrap(Compress::default())
            .wrap(from_fn(trace_requests))
            .wrap_fn(move |mut req, next| {
                // Where GET is answered, HEAD is too: the connection leaves the body out by itself.
                if *req.method() == Method::HEAD {
                    req.head_mut().method = Method::GET;
                    req.extensions_mut().insert(Head);
                }
                let answer = next.call(req);
                async move {
                    let mut response = answer.await?.map_body(|_, body| body.boxed());
                    security.apply(&mut response);
                    Ok(response)
                }
            })
    })
    .workers(options.workers.max(1))
    .max_connections(options.max_connections)
    .client_request_timeout(options.request_timeout)
    .tls_handshake_timeout(options.request_timeout)
    .client_disconnect_timeout(Duration::from_secs(5))
    .keep_alive(options.keep_alive)
    .shutdown_timeout(options.shutdown_timeout.as_secs())
    .disable_signals();
    for listener in listeners {
        server = match &tls {
            Some(tls) => server.listen_rustls_0_23(listener, tls.clone())?,
            None => server.listen(listener)?,
        };
    }
    if let Some(inside) = inside {
        server = server.listen(inside)?;
    }
    let addresses = server.addrs();
    let server = server.run();
    Ok(RunningServer {
        addresses,
        handle: server.handle(),
        server,
    })
}

#[derive(Clone)]
struct OwnData {
    document: Data<DocumentText>,
    addresses: Data<Addresses>,
    proxies: Data<TrustedProxies>,
    metrics: Data<Metrics>,
    readiness: Data<Readiness>,
}

/// For handlers that take raw bytes without a limit of their own.
const RAW_BODY_LIMIT: usize = 64 * 1024;

impl OwnData {
    fn register(self, config: &mut ServiceConfig) {
        config
            .app_data(self.document)
            .app_data(self.addresses)
            .app_data(self.proxies)
            .app_data(self.metrics)
            .app_data(self.readiness)
            .app_data(PayloadConfig::new(RAW_BODY_LIMIT));
    }
}
