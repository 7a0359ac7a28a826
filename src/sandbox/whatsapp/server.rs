//! What the simulator's listener serves: the Graph API, and the control API where it is switched on.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use tokio::runtime::Handle;

use super::control;
use super::graph;
use super::state::Shared;
use crate::sandbox::server::Server;

pub(crate) fn start(shared: &Arc<Shared>, listener: TcpListener, runtime: &Handle) -> io::Result<Server> {
    let data = web::Data::from(Arc::clone(shared));
    Server::start(listener, shared.config.workers, runtime, move |config| {
        config.app_data(data.clone()).default_service(web::to(entry));
    })
}

async fn entry(shared: web::Data<Shared>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let shared = shared.into_inner();
    if shared.config.control && request.path().starts_with("/_sandbox") {
        return control::handle(&shared, &request, payload).await;
    }
    graph::handle(&shared, &request, payload).await
}
