//! The live feed's socket, by hand.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::common::TestApp;

#[actix_web::test]
async fn a_page_may_ask_whether_anybody_is_there_and_nothing_unknown() {
    let app = TestApp::start().await;
    let url = format!("{}/api/v1/live", app.base.replacen("http", "ws", 1));
    let mut request = url.into_client_request().expect("a request");
    let token = format!("Bearer {}", app.a.agent.token.as_deref().expect("a token"));
    request
        .headers_mut()
        .insert("authorization", token.parse().expect("a header"));
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("a socket");
    let hello = socket.next().await.expect("hello").expect("hello");
    assert!(hello.to_text().expect("a text").contains("hello"));

    socket
        .send(Message::text(r#"{"type":"ping"}"#))
        .await
        .expect("sent");
    let heard = async {
        loop {
            match socket.next().await.expect("a frame").expect("a frame") {
                Message::Ping(_) => {}
                frame => return frame,
            }
        }
    };
    assert_eq!(heard.await, Message::text(r#"{"type":"pong"}"#));

    socket
        .send(Message::text(r#"{"type":"pang"}"#))
        .await
        .expect("sent");
    let ended = async {
        loop {
            match socket.next().await.expect("a frame").expect("a frame") {
                Message::Close(why) => return why.expect("a reason").reason.to_string(),
                frame => assert!(frame.is_ping(), "{frame:?}"),
            }
        }
    };
    assert_eq!(ended.await, "this message is not known");
}
