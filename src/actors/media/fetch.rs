//! The one place that calls an address which a provider named.
//!
//! The channel's own `api_base` was set by the operator and is trusted; every other address goes through the guarded
//! client, redirections included. Headers with secrets go with the first request only.

use std::time::Duration;

use reqwest::{Response, StatusCode, Url, header};
use secrecy::ExposeSecret;

use crate::actors::core::Core;
use crate::actors::registry::ChannelEntry;
use crate::channels::media::{MediaError, MediaSource};
use crate::domain::phrases;

/// How long fetching one file may take.
const TIMEOUT: Duration = Duration::from_secs(600);
/// How long fetching a picture that somebody waits for may take.
const PICTURE_TIME: Duration = Duration::from_secs(15);
/// Pictures that a browser is given.
const PICTURES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];
/// Redirections that are followed.
const MAX_HOPS: u32 = 3;

/// Why a file was not fetched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// It may go better later.
    Later(String),
    /// It is not there (any more).
    Gone(String),
    /// It is not to be had, whatever happens.
    Never(String),
}

impl From<MediaError> for Failure {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Unsupported => Self::Never(phrases::FILE_NOT_FETCHED.text().into()),
            MediaError::Gone(why) => Self::Gone(why),
            MediaError::Invalid(why) => Self::Never(why),
            MediaError::Provider(error) => Self::Later(format!("{} ({})", error.detail, error.code)),
        }
    }
}

/// Asks where the file is, and begins to fetch it.
pub(super) async fn open(
    core: &Core,
    entry: &ChannelEntry,
    reference: &str,
) -> Result<(Response, MediaSource), Failure> {
    let provider = core
        .provider(entry.kind)
        .ok_or_else(|| Failure::Never(phrases::FILE_PROVIDER_GONE.text().into()))?;
    let source = provider
        .locate_media(&core.http, &entry.access, reference)
        .await?;
    let mut url = source.url.clone();
    for hop in 0..=MAX_HOPS {
        let response = get(core, entry, &source, &url, hop == 0).await?;
        let status = response.status();
        if status.is_success() {
            return Ok((response, source));
        }
        if !status.is_redirection() || !source.follow_redirects {
            return Err(refused(status));
        }
        let next = response.headers().get(header::LOCATION);
        let next = next
            .and_then(|place| place.to_str().ok())
            .and_then(|place| url.join(place).ok());
        url = next.ok_or_else(|| Failure::Later(phrases::FILE_LED_NOWHERE.text().into()))?;
    }
    Err(Failure::Later(phrases::FILE_LED_TOO_OFTEN.text().into()))
}

/// A picture at an address that the provider named: its type, found by looking at it, and its bytes, at most `limit` of them.
/// `None` if it is not to be had, or is no picture.
pub async fn show_picture(
    core: &Core,
    entry: &ChannelEntry,
    address: &str,
    limit: usize,
) -> Option<(&'static str, Vec<u8>)> {
    let url = Url::parse(address).ok()?;
    let source = MediaSource::plain(url.clone());
    let call = tokio::time::timeout(PICTURE_TIME, async {
        let mut response = get(core, entry, &source, &url, true).await?;
        let mut bytes = Vec::new();
        if !response.status().is_success() {
            return Err(refused(response.status()));
        }
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| Failure::Later(said(&error)))?
        {
            if bytes.len() + chunk.len() > limit {
                return Err(Failure::Never(phrases::UPLOAD_TOO_LARGE.text().into()));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    });
    let late = |_| Err(Failure::Later(phrases::FILE_TOO_SLOW.text().into()));
    let bytes = match call.await.unwrap_or_else(late) {
        Ok(bytes) => bytes,
        Err(why) => {
            tracing::warn!(channel = %entry.channel.id, ?why, "a picture of the provider cannot be shown");
            return None;
        }
    };
    let mime = super::sniff(&bytes)?;
    PICTURES.contains(&mime).then_some((mime, bytes))
}

fn refused(status: StatusCode) -> Failure {
    let answered = phrases::FILE_ANSWERED.with(&[("status", &status)]);
    match status.as_u16() {
        // Signed addresses of content networks answer 403 when they have expired.
        403 | 404 | 410 => Failure::Gone(answered),
        _ => Failure::Later(answered),
    }
}

async fn get(
    core: &Core,
    entry: &ChannelEntry,
    source: &MediaSource,
    url: &Url,
    is_first: bool,
) -> Result<Response, Failure> {
    let request = match is_own_base(entry, url) {
        true => core.http.get(url.clone()),
        false => {
            let guarded = core.media.client.get(url.clone());
            guarded.map_err(|why| Failure::Never(phrases::FILE_ADDRESS_REFUSED.with(&[("why", &why)])))?
        }
    };
    let mut request = request
        .timeout(TIMEOUT)
        // What is packed could unpack to anything; the bytes are wanted as they are.
        .header(header::ACCEPT_ENCODING, "identity");
    if is_first {
        for (name, value) in &source.headers {
            request = request.header(*name, value.expose_secret());
        }
    }
    request.send().await.map_err(|error| Failure::Later(said(&error)))
}

/// Whether an address lies where the operator said that this channel's provider is.
fn is_own_base(entry: &ChannelEntry, url: &Url) -> bool {
    let base = entry.access.settings.get("api_base");
    let base = base.and_then(|base| Url::parse(base).ok());
    base.is_some_and(|base| base.origin().is_tuple() && base.origin() == url.origin())
}

/// The innermost cause, without the address (it may be signed).
pub(super) fn said(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    match std::ptr::addr_eq(cause, error) {
        true if error.is_timeout() => phrases::FILE_TOO_SLOW.text().into(),
        true => phrases::FILE_BROKE_OFF.text().into(),
        false => cause.to_string(),
    }
}
