//! The live feed's socket, by hand.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::common::TestApp;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn say(socket: &mut Socket, frame: &str) {
    socket.send(Message::text(frame)).await.expect("sent");
}

/// The next frame that is not the protocol's own.
async fn heard(socket: &mut Socket) -> Message {
    loop {
        match socket.next().await.expect("a frame").expect("a frame") {
            Message::Ping(_) => {}
            frame => return frame,
        }
    }
}

#[actix_web::test]
async fn a_page_may_ask_whether_anybody_is_there_and_nothing_unknown() {
    let app = TestApp::start().await;
    let url = format!("{}/api/v1/live", app.base.replacen("http", "ws", 1));
    let mut request = url.into_client_request().expect("a request");
    let token = format!("Bearer {}", app.a.agent.token.as_deref().expect("a token"));
    let headers = request.headers_mut();
    headers.insert("authorization", token.parse().expect("a header"));
    let (mut socket, _) = connect_async(request).await.expect("a socket");
    let hello = heard(&mut socket).await;
    assert!(hello.to_text().expect("a text").contains("hello"));

    say(&mut socket, r#"{"type":"ping"}"#).await;
    assert_eq!(heard(&mut socket).await, Message::text(r#"{"type":"pong"}"#));

    say(&mut socket, r#"{"type":"pang"}"#).await;
    let Message::Close(Some(why)) = heard(&mut socket).await else {
        panic!("it does not end");
    };
    assert_eq!(why.reason, "this message is not known");
}
