//! What a person manages at WhatsApp from here: business profile, subscription of webhooks, how the number stands.
//!
//! Owns the calls and their limits (Meta: business profiles, subscribed apps, phone numbers). Must not decide when.

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::client::{CallError, call, unanswered};
use super::limits::{PROFILE_ABOUT, PROFILE_ADDRESS, PROFILE_DESCRIPTION, PROFILE_EMAIL, PROFILE_WEBSITE};
use super::payload::text_at;
use super::{dialect, notices, settings};
use crate::channels::checks::is_same;
use crate::channels::{BusinessProfile, ChannelAccess, FieldError, Managed};
use crate::domain::health::HealthChange;
use crate::domain::outbound::ProviderError;

/// Most websites of a profile.
const MAX_WEBSITES: usize = 2;
/// What sort of business it can be (Meta: vertical).
const VERTICALS: [&str; 24] = [
    "UNDEFINED",
    "OTHER",
    "AUTO",
    "BEAUTY",
    "APPAREL",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GROCERY",
    "GOVT",
    "HOTEL",
    "HEALTH",
    "NONPROFIT",
    "PROF_SERVICES",
    "RETAIL",
    "TRAVEL",
    "RESTAURANT",
    "NOT_A_BIZ",
    "ALCOHOL",
    "ONLINE_GAMBLING",
    "PHYSICAL_GAMBLING",
    "OTC_DRUGS",
    "MATRIMONY_SERVICE",
];
/// Fields of a profile that are read.
const PROFILE_FIELDS: &str = "about,address,description,email,profile_picture_url,websites,vertical";
/// Fields of a number that say how it stands.
const HEALTH_FIELDS: &str = "quality_rating,throughput,verified_name,name_status,whatsapp_business_manager_messaging_limit,messaging_limit_tier";

/// A setting that must be there for this.
pub(super) fn needed<'a>(access: &'a ChannelAccess, name: &str) -> Managed<&'a str> {
    let value = access
        .settings
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty());
    value.ok_or_else(|| unanswered(CallError::Config(format!("the setting {name} is missing"))))
}

/// Reads a node.
pub(super) async fn get(
    http: &reqwest::Client,
    access: &ChannelAccess,
    path: &[&str],
    query: &[(&str, &str)],
) -> Managed<Value> {
    let url = settings::endpoint(&access.settings, path).map_err(misconfigured)?;
    call(http.get(url).query(query), access)
        .await
        .map_err(unanswered)?
        .success(super::errors::class_of)
}

async fn post(http: &reqwest::Client, access: &ChannelAccess, path: &[&str], body: &Value) -> Managed<()> {
    let url = settings::endpoint(&access.settings, path).map_err(misconfigured)?;
    post_to(http, access, url, body).await
}

async fn post_to(
    http: &reqwest::Client,
    access: &ChannelAccess,
    url: reqwest::Url,
    body: &Value,
) -> Managed<()> {
    let answer = call(http.post(url).json(body), access)
        .await
        .map_err(unanswered)?;
    answer.success(super::errors::class_of).map(drop)
}

fn misconfigured(error: FieldError) -> ProviderError {
    unanswered(CallError::Config(error.to_string()))
}

/// Has the account's webhooks sent to the app whose token this is; where the channel's settings say so, its messages, or those
/// of the number alone, to this appliance's own address instead of the app's. Meta asks that address at once whether it
/// knows the verify token.
pub(super) async fn subscribe(http: &reqwest::Client, access: &ChannelAccess) -> Managed<()> {
    let own = access.settings.get(settings::OWN_CALLBACK).map(String::as_str);
    let token = access.secrets.get("verify_token");
    let here = token.filter(|_| !access.webhook_url.is_empty()).map(
        |token| json!({"override_callback_uri": access.webhook_url, "verify_token": token.expose_secret()}),
    );
    let path = [needed(access, "waba_id")?, "subscribed_apps"];
    let of_account = match (own, &here) {
        (Some("on"), Some(here)) => here,
        _ => &json!({}),
    };
    post(http, access, &path, of_account).await?;
    match (own, &here) {
        (Some("number"), Some(here)) => callback(http, access, here).await,
        (Some(_), _) => release(http, access).await,
        (None, _) => Ok(()),
    }
}

/// Where the number's messages are posted.
async fn callback(http: &reqwest::Client, access: &ChannelAccess, to: &Value) -> Managed<()> {
    let path = [needed(access, "phone_number_id")?];
    post(http, access, &path, &json!({ "webhook_configuration": to })).await
}

/// The addresses that Meta says it posts the number's webhooks to: `phone_number`, `whatsapp_business_account` and
/// `application`, of which the nearest to the number holds.
pub(super) async fn callbacks(http: &reqwest::Client, access: &ChannelAccess) -> Managed<Value> {
    let path = [needed(access, "phone_number_id")?];
    let mut told = get(http, access, &path, &[("fields", "webhook_configuration")]).await?;
    Ok(told["webhook_configuration"].take())
}

/// Has the number's messages posted here no longer, if they were sent here apart from the account's: not if somebody else has
/// sent them elsewhere since.
pub(super) async fn release(http: &reqwest::Client, access: &ChannelAccess) -> Managed<()> {
    if !access.settings.contains_key(settings::OWN_CALLBACK) {
        return Ok(());
    }
    let now = callbacks(http, access).await?;
    match text_at(&now, "phone_number") {
        Some(url) if is_same(&url, &access.webhook_url) => {
            callback(http, access, &json!({"override_callback_uri": ""})).await
        }
        _ => Ok(()),
    }
}

/// Asks for what the phone app of a number shares (coexistence): `smb_app_state_sync` or `history`.
pub(super) async fn sync(http: &reqwest::Client, access: &ChannelAccess, what: &str) -> Managed<()> {
    let body = json!({"messaging_product": "whatsapp", "sync_type": what});
    let path = [needed(access, "phone_number_id")?, "smb_app_data"];
    post(http, access, &path, &body).await
}

/// Ends it.
pub(super) async fn unsubscribe(http: &reqwest::Client, access: &ChannelAccess) -> Managed<()> {
    let path = [needed(access, "waba_id")?, "subscribed_apps"];
    let url = settings::endpoint(&access.settings, &path).map_err(misconfigured)?;
    call(http.delete(url), access)
        .await
        .map_err(unanswered)?
        .success(super::errors::class_of)
        .map(drop)
}

/// How the number stands.
pub(super) async fn health(http: &reqwest::Client, access: &ChannelAccess) -> Managed<Vec<HealthChange>> {
    let fields = get(
        http,
        access,
        &[needed(access, "phone_number_id")?],
        &[("fields", HEALTH_FIELDS)],
    )
    .await?;
    Ok(told(&fields))
}

/// How a number at 360dialog stands. Its key names the number; the answer is the number's record at Meta, of which only
/// `health_status` is promised (360dialog: messaging health status), so whatever else comes is taken as it is.
pub(super) async fn health_at_360dialog(
    http: &reqwest::Client,
    access: &ChannelAccess,
) -> Managed<Vec<HealthChange>> {
    Ok(told(&record_at_360dialog(http, access).await?))
}

/// The number's record as 360dialog shows it.
pub(super) async fn record_at_360dialog(http: &reqwest::Client, access: &ChannelAccess) -> Managed<Value> {
    let url = dialect::bare(access, &["health_status"]).map_err(misconfigured)?;
    let fields = format!("health_status,{HEALTH_FIELDS}");
    call(http.get(url).query(&[("fields", fields)]), access)
        .await
        .map_err(unanswered)?
        .success(super::errors::class_of)
}

/// What a number's record says of how it stands.
fn told(fields: &Value) -> Vec<HealthChange> {
    let word = |name| text_at(fields, name).unwrap_or_default();
    let mut changes = Vec::new();
    changes.extend(notices::quality(&word("quality_rating")).map(HealthChange::Quality));
    let tier = |name| notices::tier(fields.get(name)?);
    let limit = tier("whatsapp_business_manager_messaging_limit").or_else(|| tier("messaging_limit_tier"));
    changes.extend(limit.map(HealthChange::Tier));
    if let Some(level) = fields.get("throughput").and_then(|it| text_at(it, "level")) {
        changes.push(HealthChange::HighThroughput(level == "HIGH"));
    }
    if !word("verified_name").is_empty() {
        changes.push(HealthChange::Name(word("verified_name"), word("name_status")));
    }
    changes
}

/// Where the business profile is.
fn profile_url(access: &ChannelAccess) -> Managed<reqwest::Url> {
    if !dialect::is_dialog360(access) {
        needed(access, "phone_number_id")?;
    }
    dialect::profile(access).map_err(misconfigured)
}

/// The business profile.
pub(super) async fn profile(http: &reqwest::Client, access: &ChannelAccess) -> Managed<BusinessProfile> {
    let request = http
        .get(profile_url(access)?)
        .query(&[("fields", PROFILE_FIELDS)]);
    let answer = call(request, access)
        .await
        .map_err(unanswered)?
        .success(super::errors::class_of)?;
    let first = answer.get("data").and_then(|data| data.get(0)).unwrap_or(&answer);
    let word = |name| text_at(first, name).unwrap_or_default();
    let websites = first
        .get("websites")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    Ok(BusinessProfile {
        about: word("about"),
        address: word("address"),
        description: word("description"),
        email: word("email"),
        websites: websites
            .filter_map(Value::as_str)
            .take(MAX_WEBSITES)
            .map(str::to_owned)
            .collect(),
        vertical: word("vertical"),
        picture_url: text_at(first, "profile_picture_url"),
        picture_handle: None,
    })
}

/// Changes the business profile. An empty text of `about` is left out: Meta refuses it.
pub(super) async fn set_profile(
    http: &reqwest::Client,
    access: &ChannelAccess,
    profile: &BusinessProfile,
) -> Managed<()> {
    let mut body = Map::new();
    body.insert("messaging_product".into(), "whatsapp".into());
    for (name, value, needs_text) in [
        ("about", &profile.about, true),
        ("address", &profile.address, false),
        ("description", &profile.description, false),
        ("email", &profile.email, false),
        ("vertical", &profile.vertical, true),
    ] {
        if !needs_text || !value.is_empty() {
            body.insert(name.into(), value.as_str().into());
        }
    }
    body.insert("websites".into(), json!(profile.websites));
    if let Some(handle) = &profile.picture_handle {
        body.insert("profile_picture_handle".into(), handle.as_str().into());
    }
    post_to(http, access, profile_url(access)?, &Value::Object(body)).await
}

/// Checks a profile against Meta's limits.
pub(super) fn validate_profile(profile: &BusinessProfile) -> Result<(), FieldError> {
    for (field, text, limit) in [
        ("about", &profile.about, PROFILE_ABOUT),
        ("address", &profile.address, PROFILE_ADDRESS),
        ("description", &profile.description, PROFILE_DESCRIPTION),
        ("email", &profile.email, PROFILE_EMAIL),
    ] {
        if text.encode_utf16().count() > limit {
            return Err(FieldError::new(field, format!("At most {limit} characters.")));
        }
    }
    if !profile.email.is_empty() && !profile.email.contains('@') {
        return Err(FieldError::new("email", "must be an e-mail address, or empty."));
    }
    if profile.websites.len() > MAX_WEBSITES {
        return Err(FieldError::new("websites", format!("At most {MAX_WEBSITES}.")));
    }
    for website in &profile.websites {
        let is_plain = reqwest::Url::parse(website)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_plain || website.len() > PROFILE_WEBSITE {
            return Err(FieldError::new(
                "websites",
                "must be addresses such as https://shop.example, at most 256 long.",
            ));
        }
    }
    let known = profile.vertical.is_empty() || VERTICALS.contains(&profile.vertical.as_str());
    known
        .then_some(())
        .ok_or_else(|| FieldError::new("vertical", format!("must be one of {}.", VERTICALS.join(", "))))
}
