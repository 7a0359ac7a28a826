//! The verification request that precedes a subscription.

use std::fmt;

use crate::sandbox::rng::Rng;

/// Why a callback was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandshakeError {
    /// No answer, or not a URL.
    Unreachable(String),
    /// Another status than 200.
    Status(u16),
    /// 200, but not with the bare challenge.
    Challenge,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(reason) => write!(f, "The URL cannot be reached: {reason}"),
            Self::Status(status) => write!(f, "The server answered {status}."),
            Self::Challenge => f.write_str("The server did not answer with the challenge."),
        }
    }
}

impl std::error::Error for HandshakeError {}

/// `GET url?hub.mode=subscribe&hub.challenge=…&hub.verify_token=…` must answer 200 with the challenge.
pub(crate) async fn verify(
    client: &reqwest::Client,
    rng: &Rng,
    url: &str,
    verify_token: &str,
) -> Result<(), HandshakeError> {
    let challenge = (rng.next() % 2_000_000_000).to_string();
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", &challenge),
        ("hub.verify_token", verify_token),
    ];
    let unreachable = |error: reqwest::Error| HandshakeError::Unreachable(error.without_url().to_string());
    let mut answer = client.get(url).query(&query).send().await.map_err(unreachable)?;
    if answer.status().as_u16() != 200 {
        return Err(HandshakeError::Status(answer.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&chunk);
        if body.len() > 256 {
            break;
        }
    }
    if body == challenge.as_bytes() {
        Ok(())
    } else {
        Err(HandshakeError::Challenge)
    }
}
