//! What a simulator is told at its start: address, time, delays, limits, rules and the numbers that it serves.
//!
//! All delays are in simulated milliseconds unless a field says otherwise.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::customers::Behaviour;
use crate::sandbox::rate::Rate;

pub use crate::sandbox::meta::Delay;

/// Settings of one simulator.
#[derive(Debug, Clone)]
pub struct SimulatorConfig {
    /// Loopback address to listen on; port 0 takes a free one. Other addresses are refused: the control API has no login.
    pub listen: SocketAddr,
    /// HTTP worker threads.
    pub workers: usize,
    /// Seed of everything random: delays, faults, who answers what.
    pub seed: u64,
    /// Simulated seconds per real second.
    pub time_scale: f64,
    /// Simulated start in milliseconds since 1970; `None` starts at the real time.
    pub start_ms: Option<i64>,
    pub delays: Delays,
    pub webhooks: WebhookConfig,
    pub limits: LimitConfig,
    pub rules: RuleConfig,
    /// How customers behave that nobody configured.
    pub default_behaviour: Behaviour,
    /// Serve the control API under `/_sandbox`.
    pub control: bool,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            workers: 2,
            seed: 1,
            time_scale: 1.0,
            start_ms: None,
            delays: Delays::default(),
            webhooks: WebhookConfig::default(),
            limits: LimitConfig::default(),
            rules: RuleConfig::default(),
            default_behaviour: Behaviour::default(),
            control: true,
        }
    }
}

/// Time between a message's steps; each counts from the step before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// Answer of the send endpoint.
    pub answer: Delay,
    pub sent: Delay,
    pub delivered: Delay,
    pub read: Delay,
    /// Voice notes, after `read`.
    pub played: Delay,
    /// Review of a new or edited template.
    pub template_review: Delay,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            answer: Delay::new(0, 0),
            sent: Delay::new(60, 60),
            delivered: Delay::new(250, 250),
            read: Delay::new(900, 1_200),
            played: Delay::new(1_500, 1_500),
            template_review: Delay::new(3_000, 2_000),
        }
    }
}

impl Delays {
    /// Every step at once: for benchmarks and tests.
    #[must_use]
    pub const fn none() -> Self {
        let zero = Delay::new(0, 0);
        Self {
            answer: zero,
            sent: zero,
            delivered: zero,
            read: zero,
            played: zero,
            template_review: zero,
        }
    }
}

/// How webhooks leave. Times here are real, because they concern the receiver.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// Most statuses (or messages) that share one webhook; 1 turns batching off. Meta: up to 1,000.
    pub batch: usize,
    /// How long a lane waits to fill a batch.
    pub linger: Duration,
    /// Parallel deliveries per number. One customer always stays on one lane, so order holds unless reordering is on.
    pub lanes: usize,
    /// Most updates waiting per lane; further ones are dropped and counted.
    pub queue: usize,
    /// Most webhooks waiting for a retry, over all numbers; further ones are dropped and counted.
    pub retries: usize,
    pub timeout: Duration,
    /// First pause before a retry; doubles up to `retry_cap`.
    pub retry_base: Duration,
    pub retry_cap: Duration,
    /// Age at which an undelivered webhook is given up. Meta: 7 days.
    pub retry_for: Duration,
    /// Escape `/` as `\/`, as Meta may.
    pub escape_slashes: bool,
    /// Send business-scoped user ids (`user_id`, `from_user_id`, `recipient_user_id`), as Meta does since March 2026.
    pub user_ids: bool,
    /// Send `contacts` with statuses.
    pub status_contacts: bool,
    /// Send the `conversation` object that versions before v24 had on `sent`.
    pub conversations: bool,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            batch: 1,
            linger: Duration::from_millis(10),
            lanes: 8,
            queue: 50_000,
            retries: 10_000,
            timeout: Duration::from_secs(10),
            retry_base: Duration::from_millis(250),
            retry_cap: Duration::from_secs(60),
            retry_for: Duration::from_secs(7 * 24 * 3_600),
            escape_slashes: true,
            user_ids: true,
            status_contacts: true,
            conversations: false,
        }
    }
}

/// Bounds of everything that grows.
#[derive(Debug, Clone)]
pub struct LimitConfig {
    /// Messages kept per customer and number; the oldest leave first.
    pub transcript: usize,
    /// Customers remembered; a message to one more is accepted but leaves no transcript.
    pub customers: usize,
    /// Recipients and callback values counted; further ones only raise `ledger_overflow`.
    pub ledger: usize,
    /// Bytes of media kept; uploads beyond it answer 131053.
    pub media_bytes: usize,
    /// Steps waiting for their time.
    pub scheduled: usize,
    /// Changes that a slow listener may lag behind.
    pub events: usize,
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            transcript: 200,
            customers: 200_000,
            ledger: 2_000_000,
            media_bytes: 256 << 20,
            scheduled: 1_000_000,
            events: 1_024,
        }
    }
}

/// Which of the provider's rules are enforced.
#[derive(Debug, Clone)]
pub struct RuleConfig {
    /// 24-hour window: free-form messages outside it fail asynchronously with 131047.
    pub window: bool,
    /// Pair rate, 1 message per 6 s with a burst of 45: 131056.
    pub pair_rate: bool,
    /// Messages per second of a number: 130429.
    pub throughput: bool,
    /// Accept templates that were never created; otherwise 132001.
    pub unknown_templates: bool,
    /// Media ids must have been uploaded here; otherwise the message fails with 131053.
    pub media_ids: bool,
    /// Faults by the recipient's last seven digits (see [`super::faults::by_recipient`]).
    pub recipient_faults: bool,
    /// Require that a WABA is subscribed before webhooks flow.
    pub subscription: bool,
}

impl Default for RuleConfig {
    fn default() -> Self {
        Self {
            window: true,
            pair_rate: true,
            throughput: true,
            unknown_templates: false,
            media_ids: false,
            recipient_faults: true,
            subscription: false,
        }
    }
}

/// One message per 6 s to one user; 45 at once, borrowed from the minutes after (contract, section 3).
pub(crate) const PAIR_RATE: Rate = Rate {
    burst: 45,
    interval_us: 6_000_000,
};

/// A business number with the secrets that its app would have.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberConfig {
    pub phone_number_id: String,
    pub waba_id: String,
    /// As shown to people, e.g. `+254 700 555010`; webhooks carry its digits.
    pub display_phone_number: String,
    pub access_token: String,
    pub app_secret: String,
    pub verify_token: String,
    /// Where webhooks go; `None` drops them (counted) until one is set.
    #[serde(default)]
    pub webhook_url: Option<String>,
    #[serde(default = "default_name")]
    pub verified_name: String,
    /// Messages per second; 80 by default, up to 1,000.
    #[serde(default = "default_mps")]
    pub throughput_mps: u32,
    /// `TIER_250` … `TIER_UNLIMITED`; shown in the number's fields.
    #[serde(default = "default_tier")]
    pub tier: String,
    #[serde(default = "default_true")]
    pub registered: bool,
    #[serde(default = "default_app")]
    pub app_id: String,
}

impl fmt::Debug for NumberConfig {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumberConfig")
            .field("phone_number_id", &self.phone_number_id)
            .field("waba_id", &self.waba_id)
            .field("display_phone_number", &self.display_phone_number)
            .field("webhook_url", &self.webhook_url)
            .finish_non_exhaustive()
    }
}

fn default_name() -> String {
    "Sandbox".to_owned()
}

const fn default_mps() -> u32 {
    80
}

fn default_tier() -> String {
    "TIER_2K".to_owned()
}

const fn default_true() -> bool {
    true
}

fn default_app() -> String {
    "310400500600701".to_owned()
}

impl NumberConfig {
    /// A number with default limits and secrets derived from its ids; set what matters afterwards.
    #[must_use]
    pub fn new(phone_number_id: &str, waba_id: &str, display_phone_number: &str) -> Self {
        Self {
            phone_number_id: phone_number_id.to_owned(),
            waba_id: waba_id.to_owned(),
            display_phone_number: display_phone_number.to_owned(),
            access_token: format!("EAASANDBOX{phone_number_id}"),
            app_secret: format!("sandbox-app-secret-{phone_number_id}"),
            verify_token: format!("sandbox-verify-token-{phone_number_id}"),
            webhook_url: None,
            verified_name: default_name(),
            throughput_mps: default_mps(),
            tier: default_tier(),
            registered: true,
            app_id: default_app(),
        }
    }
}

/// A message template that a WABA knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TemplateConfig {
    pub name: String,
    pub language: String,
    /// `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    pub category: String,
    /// `POSITIONAL` or `NAMED`.
    #[serde(default = "default_format")]
    pub parameter_format: String,
    /// `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`.
    #[serde(default = "default_status")]
    pub status: String,
    /// As in the create request.
    pub components: Vec<Value>,
    /// Check only the body's parameters: for templates known by name and count alone.
    #[serde(default)]
    pub body_only: bool,
}

fn default_format() -> String {
    "POSITIONAL".to_owned()
}

fn default_status() -> String {
    "APPROVED".to_owned()
}

impl TemplateConfig {
    /// An approved template of which only the number of body parameters matters.
    #[must_use]
    pub fn counted(name: &str, language: &str, category: &str, body_parameters: usize) -> Self {
        let slots = (1..=body_parameters)
            .map(|n| format!("{{{{{n}}}}}"))
            .collect::<Vec<_>>()
            .join(", ");
        let mut body = json!({"type": "BODY", "text": format!("Hello {slots}.")});
        if body_parameters > 0 {
            let examples: Vec<_> = (1..=body_parameters).map(|n| format!("example {n}")).collect();
            body["example"] = json!({"body_text": [examples]});
        }
        Self {
            name: name.to_owned(),
            language: language.to_owned(),
            category: category.to_owned(),
            parameter_format: default_format(),
            status: default_status(),
            components: vec![body],
            body_only: true,
        }
    }
}
