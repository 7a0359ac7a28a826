//! HTTP/1.1 over one kept connection, one request at a time: as little work as possible beside what is measured.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A kept connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// Its JSON, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP socket");
        Self {
            stream,
            buffer: Vec::with_capacity(64 << 10),
        }
    }

    /// Sends a whole request as it is; reads the whole answer.
    pub async fn raw(&mut self, request: &[u8]) -> Answer {
        self.stream
            .write_all(request)
            .await
            .expect("the connection stands");
        self.buffer.clear();
        loop {
            let read = self
                .stream
                .read_buf(&mut self.buffer)
                .await
                .expect("the connection stands");
            assert!(read > 0, "the server closed the connection");
            if let Some(answer) = whole(&self.buffer) {
                return answer;
            }
        }
    }

    /// A request to the API.
    pub async fn api(&mut self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string).unwrap_or_default();
        let authorization = match token {
            "" => String::new(),
            token => format!("authorization: Bearer {token}\r\n"),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len(),
        );
        self.raw(request.as_bytes()).await
    }

    pub async fn get(&mut self, path: &str, token: &str) -> Answer {
        self.api("GET", path, token, None).await
    }
}

/// The answer, once all of it is there.
fn whole(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).expect("an ASCII head");
    let status = head
        .get(9..12)
        .and_then(|text| text.parse().ok())
        .expect("a status");
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    if header("transfer-encoding").is_some() {
        return unchunked(&bytes[end..]).map(|body| Answer { status, body });
    }
    let length: usize = header("content-length").map_or(0, |text| text.parse().expect("a length"));
    let body = bytes.get(end..end + length)?.to_vec();
    Some(Answer { status, body })
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let length =
            usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?.trim(), 16).expect("a length");
        let chunk = rest.get(line + 2..line + 2 + length)?;
        rest = rest.get(line + 2 + length + 2..)?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
    }
}
