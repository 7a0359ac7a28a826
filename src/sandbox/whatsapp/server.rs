//! The listener: few workers, no signal handling, and a second handle of each connection so that it can be cut.

use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Extensions, ServerHandle};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::control;
use super::graph::{self, Cut};
use super::state::Shared;

pub(crate) struct Server {
    handle: ServerHandle,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) fn start(shared: &Arc<Shared>, listener: TcpListener, runtime: &Handle) -> io::Result<Self> {
        let data = web::Data::from(Arc::clone(shared));
        let server =
            HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(entry)))
                .workers(shared.config.workers.clamp(1, 16))
                .keep_alive(Duration::from_secs(75))
                .disable_signals()
                .shutdown_timeout(1)
                .on_connect(remember)
                .listen(listener)?
                .run();
        let handle = server.handle();
        let task = runtime.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the simulator's server ended");
            }
        });
        Ok(Self { handle, task })
    }

    /// Tells the server to end, without waiting for it.
    pub(crate) fn abandon(self) {
        // The command is sent by the call; the future only waits for the end.
        drop(self.handle.stop(false));
    }

    /// Closes the port and all connections.
    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
        if let Err(error) = tokio::time::timeout(Duration::from_secs(5), self.task).await {
            tracing::warn!(%error, "the simulator's server did not end in time");
        }
    }
}

fn remember(connection: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() else {
        return;
    };
    match stream.as_fd().try_clone_to_owned() {
        Ok(handle) => {
            extensions.insert(Cut(handle.into()));
        }
        Err(error) => tracing::warn!(%error, "a connection cannot be cut on request"),
    }
}

/// Binds a port that was in use a moment ago.
pub(crate) fn reopen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
}

async fn entry(shared: web::Data<Shared>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let shared = shared.into_inner();
    if shared.config.control && request.path().starts_with("/_sandbox") {
        return control::handle(&shared, &request, payload).await;
    }
    graph::handle(&shared, &request, payload).await
}
