//! Embedded sign-up: logging in at Facebook and connecting a number of one's own.
//!
//! Owns the page, the exchange of the code, what the token may do, which numbers it reaches, registration and renewal.
//! Source: the provider contract, section 8, and Facebook Login's reference. Must not keep anything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::errors::class_of;
use super::payload::{text, text_at, whole_number};
use super::settings::{DATA_REGION, OWN_CALLBACK};
use super::{manage, settings};
use crate::channels::graph::{call_bare, call_within, config, unanswered};
use crate::channels::http::TIMEOUT;
use crate::channels::login::{Grant, Login, LoginApp, LoginError, LoginProblem, Renewed, SyncAnswer, judge};
use crate::channels::{BoxFuture, ChannelAccess, FieldError};
use crate::domain::Timestamp;
use crate::domain::outbound::ProviderError;

/// What a channel cannot do without.
const NEEDED: [&str; 2] = ["whatsapp_business_management", "whatsapp_business_messaging"];
/// What is asked for; the last one names the portfolio.
const SCOPES: &str = "whatsapp_business_management,whatsapp_business_messaging,business_management";
/// What embedded sign-up is told besides (Meta: session logging of version 3).
const EXTRAS: &str = r#"{"setup":{},"featureType":"","sessionInfoVersion":"3"}"#;
/// Messages a second of a number that stays on the phone app (coexistence).
const PHONE_RATE: &str = "20";
/// Most portfolios and accounts that are looked into.
const MAX_ACCOUNTS: usize = 50;
/// Most numbers that one may choose from.
const MAX_NUMBERS: usize = 200;
const NUMBER_FIELDS: &str = "id,verified_name,display_phone_number,status,is_on_biz_app,platform_type";

/// The login of WhatsApp Cloud API.
pub(super) struct WhatsappLogin;

impl Login for WhatsappLogin {
    fn settings(&self) -> &'static [&'static str] {
        &["config_id", "api_base", "api_version", OWN_CALLBACK, DATA_REGION]
    }

    fn identity(&self) -> &'static str {
        "phone_number_id"
    }

    fn page(&self, app: &LoginApp, state: &str) -> Result<Url, FieldError> {
        let base = app.settings.get("api_base").map(String::as_str);
        let version = app.settings.get("api_version").map(String::as_str);
        let mut url = crate::channels::settings::endpoint(
            base.unwrap_or("https://www.facebook.com"),
            version.unwrap_or(settings::DEFAULT_API_VERSION),
            &["dialog", "oauth"],
        )?;
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", &app.id)
            .append_pair("redirect_uri", &app.redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("state", state);
        // A configuration of Facebook Login for Business names the permissions itself and opens embedded sign-up.
        match app.settings.get("config_id") {
            Some(config) => query
                .append_pair("config_id", config)
                .append_pair("override_default_response_type", "true")
                .append_pair("extras", EXTRAS),
            None => query.append_pair("scope", SCOPES),
        };
        drop(query);
        Ok(url)
    }

    fn exchange<'a>(
        &'a self,
        http: &'a reqwest::Client,
        app: &'a LoginApp,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Grant>, LoginError>> {
        Box::pin(async move {
            let ours = [("redirect_uri", app.redirect_uri.as_str()), ("code", code)];
            let token = ask_token(http, app, &ours).await?;
            let rights = rights(http, app, &token.text).await?;
            // A person's token lives for hours; it can be had for sixty days.
            let token = match rights.of_person {
                true => lengthen(http, app, &token.text).await?,
                false => token,
            };
            numbers(http, app, &token, &rights).await
        })
    }

    fn register<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        pin: &'a str,
    ) -> BoxFuture<'a, Result<(), LoginError>> {
        Box::pin(async move {
            let number = manage::needed(access, "phone_number_id")?;
            let url = settings::endpoint(&access.settings, &[number, "register"]).map_err(wrong)?;
            let mut body = json!({"messaging_product": "whatsapp", "pin": pin});
            if let Some(region) = access.settings.get(DATA_REGION) {
                body["data_localization_region"] = region.as_str().into();
            }
            let call = http.post(url).json(&body);
            let answer = call_within(call, access, TIMEOUT).await.map_err(unanswered)?;
            judge(&answer, class_of).map(drop)
        })
    }

    fn subscribe<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<(), LoginError>> {
        Box::pin(async move { Ok(manage::subscribe(http, access).await?) })
    }

    fn start_sync<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, SyncAnswer> {
        // In this order, once each, within a day (Meta: onboarding of numbers of the WhatsApp Business app).
        Box::pin(async move {
            SyncAnswer {
                contacts: manage::sync(http, access, "smb_app_state_sync").await.err(),
                history: manage::sync(http, access, "history").await.err(),
            }
        })
    }

    fn renew<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<Option<Renewed>, ProviderError>> {
        Box::pin(async move {
            let secret = |name: &str| access.secrets.get(name).cloned().unwrap_or_default();
            let app = LoginApp {
                id: manage::needed(access, "app_id")?.to_owned(),
                secret: secret("app_secret"),
                settings: access.settings.clone(),
                redirect_uri: String::new(),
            };
            let renewed = lengthen(http, &app, &secret("access_token")).await;
            let renewed =
                renewed.map_err(|error| config(format!("{} {}", error.problem.words(), error.said)))?;
            Ok(Some(Renewed {
                access_token: renewed.text,
                expires_in: renewed.life,
            }))
        })
    }
}

/// A token as it was given.
struct Token {
    text: SecretString,
    life: Option<Duration>,
}

/// What a token may do, and where.
struct Rights {
    /// It is a person's, not a system user's.
    of_person: bool,
    ends: Option<Timestamp>,
    /// Accounts that it was given for; none named means that all of the person's are meant.
    accounts: BTreeSet<String>,
}

async fn ask_token(
    http: &reqwest::Client,
    app: &LoginApp,
    more: &[(&str, &str)],
) -> Result<Token, LoginError> {
    let url = settings::endpoint(&app.settings, &["oauth", "access_token"]).map_err(wrong)?;
    let ours = [
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.expose_secret()),
    ];
    let call = http.get(url).query(&ours).query(more);
    let answer = call_bare(call, TIMEOUT).await.map_err(unanswered)?;
    let json = judge(&answer, class_of)?;
    let given = json.get("access_token").and_then(text);
    let seconds = json.get("expires_in").and_then(whole_number);
    let life = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    Ok(Token {
        text: given.ok_or_else(|| unexpected("a token"))?.into(),
        life: life.filter(|seconds| *seconds > 0).map(Duration::from_secs),
    })
}

/// A token of sixty days for one that ends sooner, a person's or a system user's (Meta: refresh of expiring tokens).
async fn lengthen(http: &reqwest::Client, app: &LoginApp, token: &SecretString) -> Result<Token, LoginError> {
    let more = [
        ("grant_type", "fb_exchange_token"),
        ("set_token_expires_in_60_days", "true"),
        ("fb_exchange_token", token.expose_secret()),
    ];
    ask_token(http, app, &more).await
}

/// Asks with the app's own token, as Meta wants it, what the new one may do.
async fn rights(http: &reqwest::Client, app: &LoginApp, token: &SecretString) -> Result<Rights, LoginError> {
    let url = settings::endpoint(&app.settings, &["debug_token"]).map_err(wrong)?;
    let own = format!("{}|{}", app.id, app.secret.expose_secret());
    let call = http
        .get(url)
        .bearer_auth(own)
        .query(&[("input_token", token.expose_secret())]);
    let answer = call_bare(call, TIMEOUT).await.map_err(unanswered)?;
    let json = judge(&answer, class_of)?;
    rights_of(json.get("data").unwrap_or(&Value::Null), &app.id)
}

fn rights_of(data: &Value, app_id: &str) -> Result<Rights, LoginError> {
    let is_ours = text_at(data, "app_id").is_none_or(|id| id == app_id);
    if data.get("is_valid") != Some(&Value::Bool(true)) || !is_ours {
        let said = data.get("error").and_then(|error| text_at(error, "message"));
        return Err(LoginError::new(LoginProblem::Token, said.unwrap_or_default()));
    }
    let scopes: Vec<&str> = strings(data, "scopes").collect();
    let missing: Vec<&str> = NEEDED
        .into_iter()
        .filter(|scope| !scopes.contains(scope))
        .collect();
    if !missing.is_empty() {
        return Err(LoginError::new(LoginProblem::MissingRights, missing.join(", ")));
    }
    let granular = data.get("granular_scopes").and_then(Value::as_array);
    let accounts = granular
        .into_iter()
        .flatten()
        .filter(|entry| text_at(entry, "scope").is_some_and(|scope| scope == NEEDED[0]))
        .flat_map(|entry| strings(entry, "target_ids"))
        .take(MAX_ACCOUNTS)
        .map(str::to_owned);
    let ends = data.get("expires_at").and_then(whole_number).filter(|at| *at > 0);
    Ok(Rights {
        of_person: text_at(data, "type").is_some_and(|kind| kind == "USER"),
        ends: ends.map(Timestamp::from_seconds),
        accounts: accounts.collect(),
    })
}

fn strings<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a str> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

async fn read(
    http: &reqwest::Client,
    app: &LoginApp,
    token: &SecretString,
    path: &[&str],
    fields: &str,
) -> Result<Value, LoginError> {
    let url = settings::endpoint(&app.settings, path).map_err(wrong)?;
    let call = http
        .get(url)
        .bearer_auth(token.expose_secret())
        .query(&[("fields", fields), ("limit", "100")]);
    let answer = call_bare(call, TIMEOUT).await.map_err(unanswered)?;
    judge(&answer, class_of)
}

fn listed(json: &Value) -> impl Iterator<Item = &Value> {
    json.get("data").and_then(Value::as_array).into_iter().flatten()
}

/// Every number that the token reaches.
async fn numbers(
    http: &reqwest::Client,
    app: &LoginApp,
    token: &Token,
    rights: &Rights,
) -> Result<Vec<Grant>, LoginError> {
    let accounts = match rights.accounts.is_empty() {
        true => all_accounts(http, app, &token.text).await?,
        false => rights.accounts.clone(),
    };
    let (mut grants, mut failed) = (Vec::new(), None);
    for account in accounts.iter().take(MAX_ACCOUNTS) {
        match numbers_of(http, app, token, rights, account).await {
            Ok(found) => grants.extend(found),
            Err(error) => failed = Some(error),
        }
    }
    grants.truncate(MAX_NUMBERS);
    match failed {
        // One account out of reach does not keep the others' numbers away.
        Some(error) if grants.is_empty() => Err(error),
        _ => Ok(grants),
    }
}

/// The accounts of all portfolios that the person belongs to, their own and those shared with them.
async fn all_accounts(
    http: &reqwest::Client,
    app: &LoginApp,
    token: &SecretString,
) -> Result<BTreeSet<String>, LoginError> {
    let businesses = read(http, app, token, &["me", "businesses"], "id,name").await?;
    let mut accounts = BTreeSet::new();
    for business in listed(&businesses)
        .filter_map(|it| text_at(it, "id"))
        .take(MAX_ACCOUNTS)
    {
        for edge in [
            "owned_whatsapp_business_accounts",
            "client_whatsapp_business_accounts",
        ] {
            let found = read(http, app, token, &[&business, edge], "id,name").await?;
            accounts.extend(listed(&found).filter_map(|it| text_at(it, "id")));
        }
    }
    Ok(accounts)
}

async fn numbers_of(
    http: &reqwest::Client,
    app: &LoginApp,
    token: &Token,
    rights: &Rights,
    account: &str,
) -> Result<Vec<Grant>, LoginError> {
    let about = read(http, app, &token.text, &[account], "id,name,owner_business_info").await?;
    let list = read(http, app, &token.text, &[account, "phone_numbers"], NUMBER_FIELDS).await?;
    let mut common = app.settings.clone();
    common.insert("waba_id".into(), account.to_owned());
    let owner = about
        .get("owner_business_info")
        .and_then(|owner| text_at(owner, "id"));
    match owner {
        Some(owner) => common.insert("business_id".into(), owner),
        None => common.remove("business_id"),
    };
    let name = text_at(&about, "name").unwrap_or_default();
    let grants = listed(&list).filter_map(|number| grant(number, &common, &name, token, rights));
    Ok(grants.collect())
}

fn grant(
    number: &Value,
    common: &BTreeMap<String, String>,
    account: &str,
    token: &Token,
    rights: &Rights,
) -> Option<Grant> {
    let mut found = common.clone();
    found.insert("phone_number_id".into(), text_at(number, "id")?);
    let shown = text_at(number, "display_phone_number").unwrap_or_default();
    if !shown.is_empty() {
        found.insert("display_phone_number".into(), shown.clone());
    }
    let verified = text_at(number, "verified_name").unwrap_or_else(|| "WhatsApp".into());
    let status = text_at(number, "status").unwrap_or_default();
    // A number that stays on the phone's own app is registered by that app.
    let on_phone = number.get("is_on_biz_app") == Some(&Value::Bool(true));
    if on_phone {
        // Meta: such a number sends at most 20 messages a second.
        found.insert("rate_per_s".into(), PHONE_RATE.into());
    }
    Some(Grant {
        on_phone,
        name: format!("{verified} {shown}").trim().to_owned(),
        detail: account.to_owned(),
        settings: found,
        access_token: token.text.clone(),
        expires_in: token.life,
        // A longer token's end is told with it; only the first one's stands in what was asked about it.
        expires_at: rights.ends.filter(|_| !rights.of_person),
        needs_pin: !on_phone
            && matches!(
                status.as_str(),
                "PENDING" | "DISCONNECTED" | "UNVERIFIED" | "MIGRATED"
            ),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn app(settings: &[(&str, &str)]) -> LoginApp {
        LoginApp {
            id: "310400500600701".into(),
            secret: "secret".into(),
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            redirect_uri: "https://desk.example/settings/channels/connect".into(),
        }
    }

    #[test]
    fn the_page_asks_by_configuration_or_by_scope_and_never_shows_the_secret() {
        let plain = WhatsappLogin.page(&app(&[]), "a state").expect("a page");
        assert!(
            plain
                .as_str()
                .starts_with("https://www.facebook.com/v23.0/dialog/oauth?client_id=310400500600701&")
        );
        assert!(
            plain.as_str().contains("scope=whatsapp_business_management")
                && plain.as_str().contains("state=a+state")
        );
        let configured = WhatsappLogin
            .page(&app(&[("config_id", "77")]), "s")
            .expect("a page");
        assert!(configured.as_str().contains("config_id=77") && !configured.as_str().contains("scope="));
        assert!(!configured.as_str().contains("secret"));
    }

    #[test]
    fn a_token_is_taken_only_if_it_is_ours_and_may_do_all() {
        let good = json!({"app_id": "310400500600701", "type": "SYSTEM_USER", "is_valid": true, "expires_at": 0,
            "scopes": NEEDED, "granular_scopes": [{"scope": NEEDED[0], "target_ids": ["104200300400501"]}]});
        let rights = rights_of(&good, "310400500600701").expect("good");
        assert!(rights.accounts.contains("104200300400501") && rights.ends.is_none() && !rights.of_person);
        let changed = |name: &str, value: Value| {
            let mut data = good.clone();
            data[name] = value;
            rights_of(&data, "310400500600701")
                .map(|_| ())
                .expect_err("refused")
                .problem
        };
        assert_eq!(changed("is_valid", json!(false)), LoginProblem::Token);
        assert_eq!(changed("app_id", json!("1")), LoginProblem::Token);
        assert_eq!(changed("scopes", json!([NEEDED[0]])), LoginProblem::MissingRights);
        assert_eq!(changed("scopes", json!(null)), LoginProblem::MissingRights);
    }

    #[test]
    fn a_number_that_is_not_registered_needs_a_pin_unless_the_phone_keeps_it() {
        let token = Token {
            text: "t".into(),
            life: None,
        };
        let rights = Rights {
            of_person: false,
            ends: None,
            accounts: BTreeSet::new(),
        };
        let of = |number: Value| grant(&number, &BTreeMap::new(), "Kibanda", &token, &rights);
        let pending = of(
            json!({"id": "1", "status": "PENDING", "verified_name": "Kibanda", "display_phone_number": "+254 700 555099"}),
        );
        let pending = pending.expect("a grant");
        assert!(pending.needs_pin && pending.name == "Kibanda +254 700 555099");
        assert!(
            !of(json!({"id": "1", "status": "CONNECTED"}))
                .expect("a grant")
                .needs_pin
        );
        assert!(
            !of(json!({"id": "1", "status": "PENDING", "is_on_biz_app": true}))
                .expect("a grant")
                .needs_pin
        );
        assert!(of(json!({"status": "CONNECTED"})).is_none());
    }
}
