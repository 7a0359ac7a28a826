//! A small HTTP server that says what it was asked, and other small things that tests of providers share.

use std::path::Path;

use serde_json::Value;

/// The JSON files of a folder, by name.
pub fn json_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a readable file"))
        })
        .collect();
    files.sort();
    files
}

pub fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

/// What the small server does with its one connection.
pub enum Reply {
    /// Answers with these bytes and closes.
    Bytes(Vec<u8>),
    /// Hangs up after the request.
    HangUp,
    /// Resets the connection after the request.
    Reset,
}

impl Reply {
    /// A whole HTTP answer.
    pub fn answer(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(
            format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
            )
            .into_bytes(),
        )
    }
}

/// One request as it came over the wire.
#[derive(Debug)]
pub struct Request {
    /// Request line and headers.
    pub head: String,
    pub body: Value,
}

/// Serves one connection after the other; gives the address and what was asked.
pub async fn serve(replies: Vec<Reply>) -> (String, tokio::task::JoinHandle<Vec<Request>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let task = tokio::spawn(async move {
        let mut requests = Vec::new();
        for reply in replies {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            requests.push(read_request(&mut stream).await);
            match reply {
                // A client that has heard enough may hang up first.
                Reply::Bytes(bytes) => drop(tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes).await),
                Reply::Reset => stream.set_zero_linger().expect("a socket"),
                Reply::HangUp => {}
            }
        }
        requests
    });
    (base, task)
}

pub async fn read_request(stream: &mut tokio::net::TcpStream) -> Request {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                let body = serde_json::from_str(body).unwrap_or(Value::Null);
                return Request {
                    head: head.to_owned(),
                    body,
                };
            }
        }
        let mut buffer = [0; 4096];
        let count = tokio::io::AsyncReadExt::read(stream, &mut buffer)
            .await
            .expect("a request");
        assert!(count > 0, "the client hung up early");
        bytes.extend_from_slice(&buffer[..count]);
    }
}

/// The provider's own client.
pub fn http() -> reqwest::Client {
    // Only the first call of a process installs it; the others find it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    frontdesk::channels::http::http_client().expect("a client")
}

/// Makes calls against these answers, at an address that is told; gives what came of it and what was asked. An answer is
/// a body, or as the contract writes one that is no success: a status (`_http_status`) and a body.
pub async fn asked<T>(answers: &[&Value], call: impl AsyncFnOnce(&str) -> T) -> (T, Vec<Request>) {
    let reply = |answer: &&Value| match answer["_http_status"].as_u64() {
        Some(status) => Reply::answer(
            u16::try_from(status).expect("a status"),
            "",
            &answer["body"].to_string(),
        ),
        None => Reply::answer(200, "", &answer.to_string()),
    };
    let (base, server) = serve(answers.iter().map(reply).collect()).await;
    let got = call(&base).await;
    (got, server.await.expect("served"))
}
