//! What a Twilio simulator is told: address, time, delays, rules, and the senders that it serves.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::sandbox::whatsapp::{Behaviour, Delay};

/// Settings of one simulator. Delays are in simulated milliseconds.
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    /// Loopback address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// HTTP worker threads.
    pub workers: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Simulated seconds per real second.
    pub time_scale: f64,
    /// Simulated start in milliseconds since 1970; `None` starts at the real time.
    pub start_ms: Option<i64>,
    /// From taken to sent.
    pub sent: Delay,
    /// From sent to delivered.
    pub delivered: Delay,
    /// From delivered to read (WhatsApp).
    pub read: Delay,
    /// Review of a content template.
    pub review: Delay,
    /// How customers behave that nobody configured.
    pub default_behaviour: Behaviour,
    /// Time limit of a webhook (Twilio: 15 s in all).
    pub webhook_timeout: Duration,
    /// Serve `POST /_sandbox/say`, by which a program lets customers write.
    pub control: bool,
    /// Messages kept over all accounts; the oldest leave first.
    pub messages: usize,
}

impl Default for TwilioConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            workers: 1,
            seed: 1,
            time_scale: 1.0,
            start_ms: None,
            sent: Delay::new(80, 80),
            delivered: Delay::new(300, 300),
            read: Delay::new(900, 1_200),
            review: Delay::new(3_000, 2_000),
            default_behaviour: Behaviour::default(),
            webhook_timeout: Duration::from_secs(15),
            control: false,
            messages: 50_000,
        }
    }
}

/// A sender of an account: an SMS number, or a WhatsApp number.
#[derive(Clone)]
pub struct SenderConfig {
    /// `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// Signs webhooks and logs in.
    pub auth_token: String,
    /// `+14155550100`, or `whatsapp:+14155550100`.
    pub address: String,
    /// The messaging service that it belongs to.
    pub service_sid: Option<String>,
    /// An API key and its secret.
    pub api_key: Option<(String, String)>,
    /// Where messages that come in are posted.
    pub webhook_url: Option<String>,
    /// Messages a second; WhatsApp sends beyond it fail with 63018.
    pub rate_per_s: u32,
}

impl SenderConfig {
    /// A sender with the usual rate.
    #[must_use]
    pub fn new(account_sid: &str, auth_token: &str, address: &str) -> Self {
        Self {
            account_sid: account_sid.to_owned(),
            auth_token: auth_token.to_owned(),
            address: address.to_owned(),
            service_sid: None,
            api_key: None,
            webhook_url: None,
            rate_per_s: 80,
        }
    }

    /// The name under which phones know it: senders of different accounts have nothing in common.
    #[must_use]
    pub fn line(&self) -> String {
        line(&self.account_sid, &self.address)
    }
}

/// The line of an account's address.
pub(crate) fn line(account_sid: &str, address: &str) -> String {
    format!("{account_sid}/{address}")
}

impl fmt::Debug for SenderConfig {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderConfig")
            .field("account_sid", &self.account_sid)
            .field("address", &self.address)
            .field("webhook_url", &self.webhook_url)
            .finish_non_exhaustive()
    }
}
