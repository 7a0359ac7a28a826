//! What the simulator is told: where it listens, its accounts, and how long things take.

use std::net::{Ipv4Addr, SocketAddr};

use crate::sandbox::meta::{Delay, Often};

/// Settings of one simulator. Delays are in simulated milliseconds.
#[derive(Debug, Clone)]
pub struct InstagramConfig {
    /// Loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// HTTP worker threads.
    pub workers: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Simulated seconds per real second.
    pub time_scale: f64,
    /// How much later the echo of a send comes.
    pub echo: Delay,
    /// The echo comes before the answer to the send, as it may.
    pub echo_first: bool,
    /// When a customer who reads by themselves opens the chat.
    pub read: Delay,
    /// First pause before an undelivered webhook is tried again; doubles up to a minute.
    pub retry_ms: u64,
    /// How long a file's address works, in simulated milliseconds.
    pub media_life_ms: i64,
    /// Serve `/_sandbox`, by which a program lets customers act.
    pub control: bool,
    /// The app whose login is simulated.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl Default for InstagramConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            workers: 1,
            seed: 1,
            time_scale: 1.0,
            echo: Delay {
                base_ms: 40,
                jitter_ms: 40,
            },
            echo_first: false,
            read: Delay {
                base_ms: 900,
                jitter_ms: 1_200,
            },
            retry_ms: 250,
            media_life_ms: 24 * 3_600_000,
            control: false,
            client_id: "310400500600701".into(),
            client_secret: "sandbox-instagram-app".into(),
        }
    }
}

/// A professional account with the secrets that its app would have.
#[derive(Clone, Default)]
pub struct InstagramAccount {
    /// The id in webhooks (`1784…`).
    pub ig_id: String,
    /// The linked Page, for Facebook login.
    pub page_id: String,
    pub username: String,
    pub name: String,
    pub access_token: String,
    pub app_secret: String,
    pub verify_token: String,
    /// Where webhooks go; none until set.
    pub webhook_url: Option<String>,
}

impl std::fmt::Debug for InstagramAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstagramAccount")
            .field("ig_id", &self.ig_id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What goes wrong on one account. The default is a healthy provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InstagramFaults {
    /// Added before a send's answer.
    pub answer_delay: Delay,
    /// Sends are refused as to a person who is not available (551).
    pub refuse: Often,
    /// Sends are refused for their rate (613).
    pub throttle: Often,
    /// Calls for conversations are refused for their rate (613).
    pub throttle_reads: Often,
    /// Taken, then the connection is closed without an answer.
    pub drop_answer: Often,
    /// Answered with 500 and an HTML page; nothing is taken.
    pub server_error: Often,
    /// Every call answers 503.
    pub down: bool,
    /// Every call answers that the token has expired.
    pub token_expired: bool,
    /// Every webhook comes twice.
    pub duplicate_webhooks: bool,
    /// Webhooks are held back at random for so many milliseconds, and so overtake each other.
    pub reorder_by_ms: u64,
}
