//! Logging in, by Instagram and by Facebook.
//!
//! Owns the pages, the exchanges of codes and tokens, and which account a token is for. Source: the provider contract,
//! section 1. Must not keep anything.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::errors::class_of;
use super::settings::{self, Login as Flavour};
use super::subscription;
use crate::channels::graph::{Answer, call_bare, config, unanswered};
use crate::channels::http::TIMEOUT;
use crate::channels::login::{Grant, Login, LoginApp, LoginError, LoginProblem, Renewed, judge};
use crate::channels::payload::{text, text_at, whole_number};
use crate::channels::{BoxFuture, ChannelAccess, FieldError};
use crate::domain::outbound::ProviderError;

const INSTAGRAM_SCOPES: &str =
    "instagram_business_basic,instagram_business_manage_messages,instagram_business_manage_comments";
const FACEBOOK_SCOPES: &str = "instagram_basic,instagram_manage_messages,instagram_manage_comments,\
                               pages_manage_metadata,pages_show_list,pages_read_engagement,business_management";
/// Most Pages that one may choose from.
const MAX_PAGES: usize = 100;

/// Both logins.
pub(super) struct InstagramLogin;

impl Login for InstagramLogin {
    fn settings(&self) -> &'static [&'static str] {
        &["login", "api_base", "api_version", "human_agent"]
    }

    fn identity(&self) -> &'static str {
        "ig_id"
    }

    fn page(&self, app: &LoginApp, state: &str) -> Result<Url, FieldError> {
        let (mut url, scopes) = match Flavour::of(&app.settings) {
            Flavour::Instagram => (
                place(app, "https://www.instagram.com", &["oauth", "authorize"])?,
                INSTAGRAM_SCOPES,
            ),
            Flavour::Facebook => {
                let version = settings::version(&app.settings);
                (
                    place(app, "https://www.facebook.com", &[version, "dialog", "oauth"])?,
                    FACEBOOK_SCOPES,
                )
            }
        };
        url.query_pairs_mut()
            .append_pair("client_id", &app.id)
            .append_pair("redirect_uri", &app.redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("scope", scopes)
            .append_pair("state", state);
        Ok(url)
    }

    fn exchange<'a>(
        &'a self,
        http: &'a reqwest::Client,
        app: &'a LoginApp,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Grant>, LoginError>> {
        // Instagram puts `#_` behind it.
        let code = code.trim_end_matches("#_");
        Box::pin(async move {
            match Flavour::of(&app.settings) {
                Flavour::Instagram => by_instagram(http, app, code).await,
                Flavour::Facebook => by_facebook(http, app, code).await,
            }
        })
    }

    fn subscribe<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<(), LoginError>> {
        Box::pin(async move {
            let url = subscription::url(access).map_err(wrong)?;
            let token = access
                .secrets
                .get("access_token")
                .map_or("", |token| token.expose_secret());
            let call = http.post(url).bearer_auth(token);
            said(call.query(&[subscription::WANTED])).await.map(drop)
        })
    }

    fn renew<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<Option<Renewed>, ProviderError>> {
        Box::pin(async move {
            // A Page's token that came from a long-lived login does not end.
            if Flavour::of(&access.settings) == Flavour::Facebook {
                return Ok(None);
            }
            let url = settings::unversioned(&access.settings, &["refresh_access_token"]);
            let url = url.map_err(|error| config(error.to_string()))?;
            let token = access
                .secrets
                .get("access_token")
                .map_or("", |token| token.expose_secret());
            let call = http
                .get(url)
                .query(&[("grant_type", "ig_refresh_token"), ("access_token", token)]);
            let answer = said(call).await.map_err(as_provider)?;
            let (access_token, expires_in) = token_of(&answer).map_err(as_provider)?;
            Ok(Some(Renewed {
                access_token,
                expires_in,
            }))
        })
    }
}

/// A page or host of the provider, or the same path where the settings say.
fn place(app: &LoginApp, host: &str, path: &[&str]) -> Result<Url, FieldError> {
    let base = app.settings.get("api_base").map_or(host, String::as_str);
    crate::channels::settings::endpoint(base, "", path)
}

async fn by_instagram(http: &reqwest::Client, app: &LoginApp, code: &str) -> Result<Vec<Grant>, LoginError> {
    let url = place(app, "https://api.instagram.com", &["oauth", "access_token"]).map_err(wrong)?;
    let form = [
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.expose_secret()),
        ("grant_type", "authorization_code"),
        ("redirect_uri", &app.redirect_uri),
        ("code", code),
    ];
    let short = said(http.post(url).form(&form)).await?;
    // Documented inside a list, seen without one.
    let short = short.pointer("/data/0").unwrap_or(&short);
    let (short, _) = token_of(short)?;
    let url = settings::unversioned(&app.settings, &["access_token"]).map_err(wrong)?;
    let call = http.get(url).query(&[
        ("grant_type", "ig_exchange_token"),
        ("client_secret", app.secret.expose_secret()),
        ("access_token", short.expose_secret()),
    ]);
    let (access_token, expires_in) = token_of(&said(call).await?)?;
    let url = settings::endpoint(&app.settings, &["me"]).map_err(wrong)?;
    let me = said(
        http.get(url)
            .bearer_auth(access_token.expose_secret())
            .query(&[("fields", "user_id,username,name,account_type")]),
    )
    .await?;
    let ig_id = text_at(&me, "user_id").ok_or_else(|| unexpected("the account's user_id"))?;
    let username = text_at(&me, "username");
    let mut found = app.settings.clone();
    found.insert("ig_id".into(), ig_id);
    found.extend(username.clone().map(|name| ("username".to_owned(), name)));
    Ok(vec![Grant {
        name: username
            .or_else(|| text_at(&me, "name"))
            .unwrap_or_else(|| "Instagram".into()),
        settings: found,
        access_token,
        expires_in,
        detail: String::new(),
        expires_at: None,
        needs_pin: false,
        on_phone: false,
    }])
}

async fn by_facebook(http: &reqwest::Client, app: &LoginApp, code: &str) -> Result<Vec<Grant>, LoginError> {
    let url = settings::endpoint(&app.settings, &["oauth", "access_token"]).map_err(wrong)?;
    let ours = [
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.expose_secret()),
    ];
    let call = http
        .get(url.clone())
        .query(&ours)
        .query(&[("redirect_uri", app.redirect_uri.as_str()), ("code", code)]);
    let (short, _) = token_of(&said(call).await?)?;
    let call = http.get(url).query(&ours).query(&[
        ("grant_type", "fb_exchange_token"),
        ("fb_exchange_token", short.expose_secret()),
    ]);
    let (long, _) = token_of(&said(call).await?)?;
    let url = settings::endpoint(&app.settings, &["me", "accounts"]).map_err(wrong)?;
    let pages = said(
        http.get(url)
            .bearer_auth(long.expose_secret())
            .query(&[("fields", "id,name,access_token,instagram_business_account")]),
    )
    .await?;
    let list = pages
        .get("data")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    Ok(list
        .iter()
        .take(MAX_PAGES)
        .filter_map(|page| of_page(app, page))
        .collect())
}

/// A Page with an Instagram account behind it.
fn of_page(app: &LoginApp, page: &Value) -> Option<Grant> {
    let account = text_at(page.get("instagram_business_account")?, "id")?;
    let mut found: BTreeMap<String, String> = app.settings.clone();
    found.insert("ig_id".into(), account);
    found.insert("page_id".into(), text_at(page, "id")?);
    Some(Grant {
        name: text_at(page, "name").unwrap_or_else(|| "Instagram".into()),
        settings: found,
        access_token: text_at(page, "access_token")?.into(),
        expires_in: None,
        detail: String::new(),
        expires_at: None,
        needs_pin: false,
        on_phone: false,
    })
}

/// Makes a call and reads its answer.
async fn said(call: reqwest::RequestBuilder) -> Result<Value, LoginError> {
    let answer: Answer = call_bare(call, TIMEOUT).await.map_err(unanswered)?;
    judge(&answer, class_of)
}

/// The same for who only knows that it failed.
fn as_provider(error: LoginError) -> ProviderError {
    config(error.said)
}

fn token_of(json: &Value) -> Result<(SecretString, Option<Duration>), LoginError> {
    let token = json
        .get("access_token")
        .and_then(text)
        .ok_or_else(|| unexpected("a token"))?;
    let seconds = json.get("expires_in").and_then(whole_number);
    let life = seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map(Duration::from_secs);
    Ok((token.into(), life))
}

fn wrong(error: FieldError) -> LoginError {
    LoginError::new(LoginProblem::Refused, error.to_string())
}

fn unexpected(missing: &str) -> LoginError {
    LoginError::new(
        LoginProblem::Refused,
        format!("the provider's answer lacks {missing}"),
    )
}
