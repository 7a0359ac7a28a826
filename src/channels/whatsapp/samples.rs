//! Samples of template headers, given to Meta by the resumable upload of the Graph API (contract, section 7).
//!
//! Owns these calls: which app uploads, a session, the bytes in one piece. Must not check what may be a sample.

use secrecy::ExposeSecret;
use serde_json::Value;

use super::client::{CallError, call, unanswered};
use super::payload::text_at;
use super::settings;
use crate::channels::ChannelAccess;
use crate::channels::graph::{call_bare, config};
use crate::channels::media::MediaUpload;
use crate::domain::outbound::ProviderError;

/// How long giving the bytes may take.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(300);
/// Longest handle that is taken; real ones have a few hundred characters.
const MAX_HANDLE: usize = 4_096;
/// Longest session id.
const MAX_SESSION: usize = 1_024;

fn url(access: &ChannelAccess, path: &[&str]) -> Result<reqwest::Url, ProviderError> {
    settings::endpoint(&access.settings, path).map_err(|error| config(error.to_string()))
}

fn token(access: &ChannelAccess) -> &str {
    access
        .secrets
        .get("access_token")
        .map_or("", |token| token.expose_secret())
}

async fn ask(request: reqwest::RequestBuilder, access: &ChannelAccess) -> Result<Value, ProviderError> {
    call(request, access)
        .await
        .map_err(unanswered)?
        .success(super::errors::class_of)
}

fn lost(what: &str) -> ProviderError {
    unanswered(CallError::Lost(what.to_owned()))
}

/// Gives the provider a sample and answers its handle.
pub(super) async fn upload(
    http: &reqwest::Client,
    access: &ChannelAccess,
    upload: MediaUpload,
) -> Result<String, ProviderError> {
    let app = app(http, access).await?;
    let about = [
        ("file_name", upload.filename.clone()),
        ("file_length", upload.size.to_string()),
        ("file_type", upload.mime.clone()),
    ];
    let begun = ask(http.post(url(access, &[&app, "uploads"])?).query(&about), access).await?;
    let session = text_at(&begun, "id").filter(|id| id.starts_with("upload:") && id.len() <= MAX_SESSION);
    let session = session.ok_or_else(|| lost("the answer named no upload session"))?;
    let request = http
        .post(session_url(access, &session)?)
        .header("authorization", format!("OAuth {}", token(access)))
        .header("file_offset", "0")
        .header("content-length", upload.size)
        .body(reqwest::Body::wrap_stream(upload.bytes));
    let answer = call_bare(request, TIMEOUT).await.map_err(unanswered)?;
    let given = answer.success(super::errors::class_of)?;
    let handle = text_at(&given, "h").filter(|handle| !handle.is_empty() && handle.len() <= MAX_HANDLE);
    handle.ok_or_else(|| lost("the answer named no handle"))
}

/// A session's id may bring a signature behind a `?`, which is a query, not a part of the path.
fn session_url(access: &ChannelAccess, session: &str) -> Result<reqwest::Url, ProviderError> {
    let (id, query) = session
        .split_once('?')
        .map_or((session, None), |(id, query)| (id, Some(query)));
    let mut url = url(access, &[id])?;
    url.set_query(query);
    Ok(url)
}

/// The app in whose name is uploaded: the channel's setting, or whose the token is.
async fn app(http: &reqwest::Client, access: &ChannelAccess) -> Result<String, ProviderError> {
    if let Some(app) = access.settings.get("app_id").filter(|id| !id.is_empty()) {
        return Ok(app.clone());
    }
    let request = http.get(url(access, &["debug_token"])?);
    let told = ask(request.query(&[("input_token", token(access))]), access).await?;
    let app = told.get("data").and_then(|data| text_at(data, "app_id"));
    let app = app.filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()));
    app.ok_or_else(|| {
        config("Samples are uploaded in an app's name: set app_id in the channel's settings.".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sessions_signature_stays_a_query() {
        let access = ChannelAccess {
            settings: [("api_base".to_owned(), "https://graph.example".to_owned())].into(),
            secrets: Default::default(),
            webhook_url: String::new(),
        };
        let url = session_url(&access, "upload:MTph?sig=ARZ_1").expect("an address");
        assert!(url.path().ends_with("/upload:MTph"), "{url}");
        assert_eq!(url.query(), Some("sig=ARZ_1"));
        assert_eq!(
            session_url(&access, "upload:MTph").expect("an address").query(),
            None
        );
    }
}
