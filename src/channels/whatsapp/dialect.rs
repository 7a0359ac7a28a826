//! The two ways in which the same API is reached: Meta's own, and 360dialog's, which stands in front of it.
//!
//! Owns addresses, login, and 360dialog's own error envelope. A channel with an `api_key` is 360dialog's. Source: the provider
//! contract of 360dialog. Must not know what is said.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::settings;
use crate::channels::graph::{self, Answer, CallError};
use crate::channels::settings::endpoint;
use crate::channels::{ChannelAccess, FieldError};

/// The secret that only 360dialog's channels have.
pub(super) const KEY: &str = "api_key";
/// The header that carries it.
const KEY_HEADER: &str = "d360-api-key";
/// Where 360dialog lives unless `api_base` says otherwise.
const DEFAULT_BASE: &str = "https://waba-v2.360dialog.io";
/// Where the Cloud API keeps files; 360dialog hands them out under its own host.
const META_FILES: &str = "lookaside.fbsbx.com";
/// Words in 360dialog's refusals that speak of the account rather than of the message.
const ACCOUNT_WORDS: [&str; 5] = ["restricted", "unpaid", "balance", "suspended", "blocked"];

/// Whether the channel is reached through 360dialog.
pub(super) fn is_dialog360(access: &ChannelAccess) -> bool {
    access.secrets.contains_key(KEY)
}

/// Where messages are sent.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn messages(access: &ChannelAccess) -> Result<reqwest::Url, FieldError> {
    below_number(access, "messages")
}

/// Where files are given.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn media(access: &ChannelAccess) -> Result<reqwest::Url, FieldError> {
    below_number(access, "media")
}

/// The business profile.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn profile(access: &ChannelAccess) -> Result<reqwest::Url, FieldError> {
    below_number(access, "whatsapp_business_profile")
}

fn below_number(access: &ChannelAccess, name: &str) -> Result<reqwest::Url, FieldError> {
    let number = access.settings.get("phone_number_id").map_or("", String::as_str);
    match is_dialog360(access) {
        // The key says which number it is.
        true => bare(access, &[name]),
        false => settings::endpoint(&access.settings, &[number, name]),
    }
}

/// A file's record.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn file(access: &ChannelAccess, id: &str) -> Result<reqwest::Url, FieldError> {
    if is_dialog360(access) {
        return bare(access, &[id]);
    }
    let mut url = settings::endpoint(&access.settings, &[id])?;
    if let Some(number) = access.settings.get("phone_number_id") {
        url.query_pairs_mut().append_pair("phone_number_id", number);
    }
    Ok(url)
}

/// An address of 360dialog's: no version, no number.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn bare(access: &ChannelAccess, path: &[&str]) -> Result<reqwest::Url, FieldError> {
    let base = access
        .settings
        .get("api_base")
        .map_or(DEFAULT_BASE, String::as_str);
    endpoint(base, "", path)
}

/// Where a file's bytes are fetched, and the header that opens them. 360dialog names Meta's host and wants its own called.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn bytes_of(
    access: &ChannelAccess,
    mut named: reqwest::Url,
) -> Result<(reqwest::Url, &'static str, SecretString), FieldError> {
    let secret = |name: &str| {
        access
            .secrets
            .get(name)
            .map_or("", |secret| secret.expose_secret())
            .to_owned()
    };
    if !is_dialog360(access) {
        let bearer = format!("Bearer {}", secret("access_token"));
        return Ok((named, "authorization", SecretString::from(bearer)));
    }
    let home = bare(access, &[])?;
    let is_metas = named.host_str() == Some(META_FILES);
    if !is_metas && named.origin() != home.origin() {
        return Err(FieldError::new(
            "url",
            "leads to a host that must not be told the key.",
        ));
    }
    let moved = named.set_scheme(home.scheme()).is_ok()
        && named.set_host(home.host_str()).is_ok()
        && named.set_port(home.port()).is_ok();
    if !moved {
        return Err(FieldError::new("settings.api_base", "is no address of a server."));
    }
    Ok((named, KEY_HEADER, SecretString::from(secret(KEY))))
}

/// Makes one call with the channel's login and reads the whole answer.
pub(super) async fn call_within(
    request: reqwest::RequestBuilder,
    access: &ChannelAccess,
    timeout: Duration,
) -> Result<Answer, CallError> {
    let Some(key) = access.secrets.get(KEY) else {
        return graph::call_within(request, access, timeout).await;
    };
    let answer = graph::call_bare(request.header(KEY_HEADER, key.expose_secret()), timeout).await?;
    Ok(in_metas_words(answer))
}

/// 360dialog passes Meta's errors through, and has an envelope of its own for what it refuses itself:
/// `{meta: {success, http_code, developer_message}}`. It is told in Meta's words, so that both are read alike.
fn in_metas_words(mut answer: Answer) -> Answer {
    let json: Option<Value> = answer
        .body
        .as_ref()
        .ok()
        .and_then(|body| serde_json::from_slice(body).ok());
    let own = json.filter(|json| json.get("error").is_none());
    let said = own
        .as_ref()
        .and_then(|json| json.pointer("/meta/developer_message")?.as_str());
    if let (Some(said), 400..) = (said, answer.status) {
        let error = json!({"error": {"code": code_of(answer.status, said), "message": said}});
        answer.body = Ok(error.to_string().into_bytes());
    }
    answer
}

/// Meta's code for the same trouble.
fn code_of(status: u16, said: &str) -> u32 {
    let said = said.to_lowercase();
    match status {
        401 => 190,
        403 => 10,
        429 => 130_429,
        500.. => 131_016,
        _ if ACCOUNT_WORDS.iter().any(|word| said.contains(word)) => 131_042,
        _ => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> ChannelAccess {
        ChannelAccess {
            settings: [(
                "api_base".to_owned(),
                "https://proxy.example:8443/d360/".to_owned(),
            )]
            .into(),
            secrets: [(KEY.to_owned(), "key".into())].into(),
            webhook_url: String::new(),
        }
    }

    #[test]
    fn addresses_have_neither_version_nor_number() {
        let url = |made: Result<reqwest::Url, FieldError>| made.expect("a URL").to_string();
        assert_eq!(
            url(messages(&access())),
            "https://proxy.example:8443/d360/messages"
        );
        assert_eq!(url(file(&access(), "77")), "https://proxy.example:8443/d360/77");
        let mut default = access();
        default.settings.clear();
        assert_eq!(url(media(&default)), "https://waba-v2.360dialog.io/media");
    }

    #[test]
    fn files_are_fetched_from_360dialog_and_the_key_goes_nowhere_else() {
        let mut access = access();
        access.settings.clear();
        let named = |url: &str| reqwest::Url::parse(url).expect("a URL");
        let metas = named("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&ext=2&hash=A");
        let (url, header, _) = bytes_of(&access, metas).expect("Meta's file");
        assert_eq!(
            url.as_str(),
            "https://waba-v2.360dialog.io/whatsapp_business/attachments/?mid=1&ext=2&hash=A"
        );
        assert_eq!(header, "d360-api-key");
        assert!(bytes_of(&access, named("https://evil.example/x")).is_err());
    }

    #[test]
    fn its_own_refusals_get_metas_codes() {
        let table = [
            (401, "Invalid api key.", 190),
            (
                400,
                "The account is restricted because of an unpaid balance.",
                131_042,
            ),
            (400, "Some field is wrong.", 100),
            (429, "Too many.", 130_429),
            (502, "Bad gateway", 131_016),
        ];
        for (status, said, code) in table {
            let body = json!({"meta": {"success": false, "http_code": status, "developer_message": said}});
            let answer = in_metas_words(Answer {
                status,
                retry_after: None,
                body: Ok(body.to_string().into_bytes()),
            });
            let read: Value = serde_json::from_slice(&answer.body.expect("a body")).expect("JSON");
            assert_eq!(
                (&read["error"]["code"], &read["error"]["message"]),
                (&json!(code), &json!(said))
            );
        }
    }
}
