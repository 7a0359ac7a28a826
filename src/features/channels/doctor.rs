//! Why does nothing arrive? Every step from the provider to the inbox, looked at in order, each with what to do.

use std::time::Duration;

use actix_web::post;
use actix_web::web::Json;
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;

use super::Machinery;
use super::health::last_delivery;
use super::model::{CheckView, TestView};
use super::routes::{entry, provider};
use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::channels::{Address, Check};
use crate::domain::operations::RawState;
use crate::domain::phrases;
use crate::domain::{ChannelId, Timestamp};
use crate::http::{ApiError, ApiResult, NoQuery, OwnerCaller, PathId, endpoints};
use crate::storage::keys::RawByStateKey;
use crate::storage::{Prefix, StorageError};

endpoints!(examine_channel);

/// How long an examination may take.
const TIME: Duration = Duration::from_secs(45);
/// How long our own address may take to answer.
const HANDSHAKE_TIME: Duration = Duration::from_secs(8);
/// Examinations at the same time, over all workspaces.
static EXAMINATIONS: Semaphore = Semaphore::const_new(2);
/// What our own address must echo.
const CHALLENGE: &str = "frontdesk-doctor";
/// Longest answer that is read of it.
const MAX_ECHO: usize = 4 * 1024;

/// Looks at every step from the provider to the inbox and says what to do where one fails. Sends nothing to customers and
/// changes nothing. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = TestView)))]
#[post("/api/v1/channels/{id}/doctor")]
pub(super) async fn examine_channel(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<Json<TestView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let Ok(_place) = EXAMINATIONS.try_acquire() else {
        return Err(ApiError::busy(
            phrases::TOO_MANY_EXAMINATIONS.text(),
            TIME.as_secs(),
        ));
    };
    let url = entry.access.webhook_url.clone();
    let mut checks = vec![state(&entry), address(&url, entry.kind.is_sandbox())];
    let examine = async {
        checks.push(handshake(&house, &entry, &url).await);
        checks.extend(provider.diagnose(&house.core.http, &entry.access, &url).await);
    };
    if tokio::time::timeout(TIME, examine).await.is_err() {
        let detail = phrases::CHECK_TOO_LONG.text();
        checks.push(check("time", false, detail));
    }
    checks.extend(token_end(&house, &entry));
    checks.push(signatures(&house));
    checks.push(arrivals(&house, &entry)?);
    checks.push(parked(&house, &entry)?);
    Ok(Json(TestView::new(
        checks.into_iter().map(CheckView::from).collect(),
    )))
}

fn check(name: &'static str, ok: bool, detail: impl Into<String>) -> Check {
    Check {
        name,
        ok,
        detail: detail.into(),
    }
}

fn state(entry: &ChannelEntry) -> Check {
    match (&entry.channel.blocked, entry.channel.paused) {
        (Some(why), _) => check(
            "channel",
            false,
            phrases::CHECK_CHANNEL_BLOCKED.with(&[("why", why)]),
        ),
        (None, true) => check("channel", true, phrases::CHECK_CHANNEL_PAUSED.text()),
        (None, false) => check("channel", true, phrases::CHECK_CHANNEL_ACTIVE.text()),
    }
}

/// Whether the provider could call this address at all.
fn address(url: &str, is_sandbox: bool) -> Check {
    if is_sandbox {
        return check("address", true, phrases::CHECK_SIMULATOR.text());
    }
    let Ok(parsed) = reqwest::Url::parse(url) else {
        return check("address", false, phrases::CHECK_NO_ADDRESS.text());
    };
    let host = parsed.host_str().unwrap_or_default();
    let is_private = matches!(host, "localhost" | "")
        || host.ends_with(".local")
        || host.ends_with(".internal")
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(is_private_ip);
    match (is_private, parsed.scheme()) {
        (true, _) => check(
            "address",
            false,
            phrases::CHECK_ADDRESS_PRIVATE.with(&[("host", &host)]),
        ),
        (false, "https") => check(
            "address",
            true,
            phrases::CHECK_ADDRESS_GOOD.with(&[("url", &url)]),
        ),
        (false, _) => check("address", false, phrases::CHECK_ADDRESS_HTTPS.text()),
    }
}

fn is_private_ip(ip: std::net::IpAddr) -> bool {
    match ip {
        std::net::IpAddr::V4(ip) => {
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified()
        }
        std::net::IpAddr::V6(ip) => ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local(),
    }
}

/// Calls our own address as the provider would: name, TLS, proxy and program must all work for it to answer. Where the
/// provider makes no handshake, our own is made.
async fn handshake(house: &House, entry: &ChannelEntry, url: &str) -> Check {
    let token = entry.access.secrets.get("verify_token");
    let query = match token {
        Some(token) => vec![
            ("hub.mode", "subscribe"),
            ("hub.challenge", CHALLENGE),
            ("hub.verify_token", token.expose_secret()),
        ],
        None if entry.kind.is_sandbox() || !has_own_address(house, entry) => {
            return check("handshake", true, phrases::CHECK_NO_HANDSHAKE.text());
        }
        None => vec![("frontdesk.challenge", CHALLENGE)],
    };
    let (good, other) = match token {
        Some(_) => (phrases::CHECK_HANDSHAKE, phrases::CHECK_HANDSHAKE_OTHER),
        None => (phrases::CHECK_ADDRESS_ANSWERS, phrases::CHECK_ADDRESS_OTHER),
    };
    let request = house.core.http.get(url).query(&query).timeout(HANDSHAKE_TIME);
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return check("handshake", false, unreachable(&error)),
    };
    let status = answer.status().as_u16();
    let echo = echo(answer).await;
    match (status, echo.trim() == CHALLENGE) {
        (200, true) => check("handshake", true, good.text()),
        (403, _) => check("handshake", false, other.text()),
        (300..=399, _) => check("handshake", false, phrases::CHECK_HANDSHAKE_REDIRECTS.text()),
        (status, _) => check(
            "handshake",
            false,
            phrases::CHECK_HANDSHAKE_STRANGER.with(&[("status", &status)]),
        ),
    }
}

/// Whether the channel has an address of its own, which answers our own handshake.
fn has_own_address(house: &House, entry: &ChannelEntry) -> bool {
    let provider = house.core.provider(entry.kind);
    provider.is_some_and(|provider| {
        provider
            .addresses(&entry.channel.settings)
            .contains(&Address::Posted)
    })
}

async fn echo(mut answer: reqwest::Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ECHO {
            break;
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}

/// What kept our own address from answering, told apart as far as can be.
fn unreachable(error: &reqwest::Error) -> String {
    let mut causes = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes = cause.to_string();
        source = cause.source();
    }
    let lower = causes.to_lowercase();
    if lower.contains("certificate") || lower.contains("tls") {
        return phrases::CHECK_CERTIFICATE.with(&[("cause", &causes)]);
    }
    if lower.contains("dns") || lower.contains("lookup") || lower.contains("resolve") {
        return phrases::CHECK_DNS.with(&[("cause", &causes)]);
    }
    if error.is_timeout() {
        return phrases::CHECK_TIMEOUT.text().into();
    }
    phrases::CHECK_UNREACHABLE.with(&[("cause", &causes)])
}

/// When the token ends, where that is known here.
fn token_end(house: &House, entry: &ChannelEntry) -> Option<Check> {
    let ends = Timestamp::parse(entry.channel.settings.get("token_expires_at")?)?;
    let found: [(&str, &dyn std::fmt::Display); 1] = [("ends_at", &ends)];
    let provider = house.core.provider(entry.kind);
    let is_renewed = provider.is_some_and(|provider| provider.login().is_some());
    Some(match (ends <= house.core.clock.now(), is_renewed) {
        (true, _) => check("token_end", false, phrases::CHECK_TOKEN_ENDED.with(&found)),
        (false, true) => check("token_end", true, phrases::CHECK_TOKEN_RENEWED.with(&found)),
        (false, false) => check("token_end", true, phrases::CHECK_TOKEN_ENDS_THEN.with(&found)),
    })
}

/// Deliveries that were refused; they name no channel.
fn signatures(house: &House) -> Check {
    match house.core.tally.read().bad_signatures {
        0 => check("signatures", true, phrases::CHECK_SIGNATURES_GOOD.text()),
        count => check(
            "signatures",
            false,
            phrases::CHECK_SIGNATURES_BAD.with(&[("count", &count)]),
        ),
    }
}

fn arrivals(house: &House, entry: &ChannelEntry) -> Result<Check, StorageError> {
    let last = last_delivery(house, entry.workspace, entry.channel.id)?;
    Ok(match last {
        Some(raw) => check(
            "arrivals",
            true,
            phrases::CHECK_LAST_WEBHOOK.with(&[("last_at", &raw.received_at)]),
        ),
        None => check("arrivals", false, phrases::CHECK_NO_WEBHOOK.text()),
    })
}

fn parked(house: &House, entry: &ChannelEntry) -> Result<Check, StorageError> {
    let prefix = Prefix::<RawByStateKey>::table()
        .with(entry.workspace)
        .with(RawState::Parked as u8);
    Ok(match house.core.store.scan_keys(&prefix, None, 1)?.is_empty() {
        true => check("worked_in", true, phrases::CHECK_WORKED_IN.text()),
        false => check("worked_in", false, phrases::CHECK_PARKED.text()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_must_be_public_and_https() {
        let table = [
            ("https://desk.example/webhooks/whatsapp", true),
            ("http://desk.example/webhooks/whatsapp", false),
            ("https://localhost/webhooks/whatsapp", false),
            ("https://192.168.1.5/webhooks/whatsapp", false),
            ("https://[::1]/webhooks/whatsapp", false),
            ("nonsense", false),
        ];
        for (url, ok) in table {
            let found = address(url, false);
            assert_eq!(found.ok, ok, "{url}: {}", found.detail);
        }
        assert!(address("http://127.0.0.1/webhooks/whatsapp", true).ok);
    }
}
