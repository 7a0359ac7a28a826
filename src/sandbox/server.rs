//! A simulator's listener: few workers, no signal handling, and a second handle of each connection so that it can be cut.
//!
//! Owns starting and stopping. Must not know what is served.

use std::any::Any;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use actix_web::dev::{Extensions, ServerHandle};
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// A second handle of the client's connection, so that it can be cut without an answer.
#[derive(Debug)]
struct Cut(TcpStream);

/// A running listener.
pub(crate) struct Server {
    handle: ServerHandle,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves what `configure` registers.
    ///
    /// # Errors
    /// That of listening.
    pub(crate) fn start(
        listener: TcpListener,
        workers: usize,
        runtime: &Handle,
        configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let server = HttpServer::new(move || App::new().configure(configure.clone()))
            .workers(workers.clamp(1, 16))
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

/// Cuts the client's connection; the response returned is never written.
pub(crate) fn cut(request: &HttpRequest) -> HttpResponse {
    if let Some(cut) = request.conn_data::<Cut>()
        && let Err(error) = cut.0.shutdown(Shutdown::Both)
    {
        tracing::debug!(%error, "connection was closed already");
    }
    HttpResponse::ServiceUnavailable().force_close().finish()
}

/// Binds a port that was in use a moment ago.
pub(crate) fn reopen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
}
