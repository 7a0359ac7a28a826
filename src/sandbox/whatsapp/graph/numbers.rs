//! Numbers, business accounts, subscriptions, profiles, tokens.

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};

use super::{Answer, Call, ok, success};
use crate::sandbox::whatsapp::accounts::{Number, Override};
use crate::sandbox::whatsapp::errors::GraphError;
use crate::sandbox::whatsapp::handshake;

/// Keeps the fields that `?fields=` names, and `id`.
fn selected(call: &Call<'_>, all: Value, default: &[&str]) -> Value {
    let wanted: Vec<&str> = match call.query.get("fields") {
        Some(fields) => fields.split(',').map(str::trim).collect(),
        None => default.to_vec(),
    };
    let Value::Object(all) = all else { return all };
    let kept: Map<String, Value> = all
        .into_iter()
        .filter(|(name, _)| name == "id" || wanted.contains(&name.as_str()))
        .collect();
    Value::Object(kept)
}

fn fields(number: &Number) -> Value {
    let of_account = number.waba.state.lock().webhook.clone();
    let state = number.state.lock();
    let high = number.config.throughput_mps > 80;
    let mut callbacks = Map::new();
    for (name, url) in [
        ("phone_number", state.webhook.as_ref().map(|it| &it.url)),
        ("whatsapp_business_account", of_account.as_ref().map(|it| &it.url)),
        ("application", state.app_webhook.as_ref()),
    ] {
        callbacks.extend(url.map(|url| (name.to_owned(), url.as_str().into())));
    }
    json!({
        "id": number.config.phone_number_id,
        "verified_name": number.config.verified_name,
        "display_phone_number": number.config.display_phone_number,
        "quality_rating": state.quality,
        "status": if state.registered { "CONNECTED" } else { "PENDING" },
        "name_status": "APPROVED",
        "code_verification_status": "VERIFIED",
        "platform_type": "CLOUD_API",
        "throughput": {"level": if high { "HIGH" } else { "STANDARD" }},
        "account_mode": "LIVE",
        "is_pin_enabled": true,
        "is_on_biz_app": state.on_phone.is_some(),
        "whatsapp_business_manager_messaging_limit": number.config.tier,
        "messaging_limit_tier": number.config.tier,
        "webhook_configuration": callbacks,
        "conversational_automation": state.automation,
        "health_status": {
            "can_send_message": if state.registered { "AVAILABLE" } else { "BLOCKED" },
            "entities": [
                {"entity_type": "PHONE_NUMBER", "id": number.config.phone_number_id,
                 "can_send_message": if state.registered { "AVAILABLE" } else { "BLOCKED" }},
                {"entity_type": "WABA", "id": number.waba.id, "can_send_message": "AVAILABLE"},
                {"entity_type": "APP", "id": number.config.app_id, "can_send_message": "AVAILABLE"},
            ],
        },
    })
}

const DEFAULT_FIELDS: &[&str] = &[
    "verified_name",
    "display_phone_number",
    "quality_rating",
    "code_verification_status",
    "platform_type",
    "throughput",
];

/// A number's record: the fields asked for, or these.
pub(super) fn record(call: &Call<'_>, id: &str, default: &[&str]) -> Answer {
    let number = call.number(id)?;
    ok(&selected(call, fields(&number), default))
}

/// `GET /{phone number id}` and `POST` of a webhook override or PIN.
pub(super) async fn number(call: &Call<'_>, id: &str) -> Answer {
    let number = call.number(id)?;
    match call.method {
        "GET" => ok(&selected(call, fields(&number), DEFAULT_FIELDS)),
        "POST" => {
            let body = call.json()?;
            if let Some(pin) = body["pin"].as_str().filter(|pin| is_pin(pin)) {
                number.state.lock().pin = Some(pin.to_owned());
                return success();
            }
            let Value::Object(_) = &body["webhook_configuration"] else {
                return Err(GraphError::with(
                    100,
                    "The parameter webhook_configuration or pin is required.",
                ));
            };
            let webhook = webhook_override(call, &body["webhook_configuration"]).await?;
            number.state.lock().webhook = webhook;
            success()
        }
        _ => Err(call.unknown()),
    }
}

/// Checks a webhook override by the handshake; an empty URL removes it.
async fn webhook_override(call: &Call<'_>, body: &Value) -> Result<Option<Override>, GraphError> {
    let Some(url) = call
        .parameter(body, "override_callback_uri")
        .filter(|url| !url.is_empty())
    else {
        return Ok(None);
    };
    let token = call.parameter(body, "verify_token").unwrap_or_default();
    match handshake::verify(&call.shared.client, &call.shared.rng, &url, &token).await {
        Ok(()) => Ok(Some(Override { url })),
        Err(reason) => Err(GraphError::with(
            100,
            format!("The callback URL or verify token couldn't be validated. {reason}"),
        )),
    }
}

fn is_pin(pin: &str) -> bool {
    pin.len() == 6 && pin.bytes().all(|byte| byte.is_ascii_digit())
}

/// `GET /{WABA}/phone_numbers`.
pub(super) fn list(call: &Call<'_>, id: &str) -> Answer {
    call.waba(id)?;
    let data: Vec<Value> = call
        .shared
        .accounts
        .numbers_of(id)
        .iter()
        .map(|number| selected(call, fields(number), DEFAULT_FIELDS))
        .collect();
    ok(&json!({"data": data, "paging": {"cursors": {"before": "QVFIUbegin", "after": "QVFIUend"}}}))
}

/// `GET /{WABA}`.
pub(super) fn waba(call: &Call<'_>, id: &str) -> Answer {
    if call.method != "GET" {
        return Err(call.unknown());
    }
    let waba = call.waba(id)?;
    let (name, owner) = {
        let state = waba.state.lock();
        (state.name.clone(), state.owner.clone())
    };
    let name = match name.is_empty() {
        true => call.caller()?.config.verified_name.clone(),
        false => name,
    };
    let mut all = json!({
        "name": name,
        "status": "ACTIVE",
        "currency": "USD",
        "country": "KE",
        "business_verification_status": "verified",
        "timezone_id": "1",
        "message_template_namespace": "5a5d0000_0000_4000_8000_000000000001",
        "account_review_status": "APPROVED",
        "id": id,
    });
    if !owner.0.is_empty() {
        all["owner_business_info"] = json!({"id": owner.0, "name": owner.1});
    }
    ok(&selected(
        call,
        all,
        &["name", "timezone_id", "message_template_namespace", "currency"],
    ))
}

/// Registrations that one number may have within [`REGISTRATION_MS`].
const REGISTRATIONS: usize = 10;
const REGISTRATION_MS: i64 = 72 * 3_600_000;

/// `POST /{phone number id}/register` and `/deregister`.
pub(super) fn register(call: &Call<'_>, id: &str, action: &str) -> Answer {
    let number = call.number(id)?;
    if action == "deregister" {
        number.state.lock().registered = false;
        return success();
    }
    let body = call.json()?;
    if body["messaging_product"] != "whatsapp" {
        return Err(GraphError::with(
            100,
            "The parameter messaging_product is required.",
        ));
    }
    let pin = match body["pin"].as_str() {
        Some(pin) if is_pin(pin) => pin,
        Some(_) => {
            return Err(GraphError::with(131_009, "Parameter 'pin' must have 6 digits."));
        }
        None => return Err(GraphError::with(131_008, "Parameter 'pin' is missing.")),
    };
    let is_country = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let region = &body["data_localization_region"];
    if !region.is_null() && !region.as_str().is_some_and(is_country) {
        let details = "Parameter 'data_localization_region' must be a country's code.";
        return Err(GraphError::with(131_009, details));
    }
    let now = call.shared.clock.now_ms();
    let mut state = number.state.lock();
    state.registrations.retain(|at| now - at < REGISTRATION_MS);
    if state.registrations.len() >= REGISTRATIONS {
        return Err(GraphError::oauth(
            133_016,
            None,
            "(#133016) Account register/deregister rate limit exceeded",
        ));
    }
    state.registrations.push(now);
    if state.pin.as_deref().is_some_and(|known| known != pin) {
        return Err(GraphError::oauth(
            133_005,
            None,
            "(#133005) Two-step verification PIN mismatch",
        ));
    }
    state.pin = Some(pin.to_owned());
    state.registered = true;
    drop(state);
    success()
}

/// `POST`, `GET`, `DELETE /{WABA}/subscribed_apps`.
pub(super) async fn subscribed_apps(call: &Call<'_>, id: &str) -> Answer {
    let waba = call.waba(id)?;
    match call.method {
        "POST" => {
            let webhook = webhook_override(call, &call.json()?).await?;
            let mut state = waba.state.lock();
            state.subscribed = true;
            state.webhook = webhook;
            drop(state);
            success()
        }
        "DELETE" => {
            let mut state = waba.state.lock();
            state.subscribed = false;
            state.webhook = None;
            drop(state);
            success()
        }
        "GET" => {
            let config = &call.caller()?.config;
            let state = waba.state.lock();
            let link = format!("https://www.facebook.com/games/?app_id={}", config.app_id);
            let mut app = json!({
                "whatsapp_business_api_data": {"id": config.app_id, "link": link, "name": "Frontdesk sandbox"},
            });
            if let Some(webhook) = &state.webhook {
                app["override_callback_uri"] = webhook.url.as_str().into();
            }
            let data = if state.subscribed { vec![app] } else { Vec::new() };
            ok(&json!({"data": data}))
        }
        _ => Err(call.unknown()),
    }
}

/// `GET|POST /{phone number id}/whatsapp_business_profile`.
pub(super) fn profile(call: &Call<'_>, id: &str) -> Answer {
    const LIMITS: &[(&str, usize)] = &[
        ("about", 139),
        ("address", 256),
        ("description", 512),
        ("email", 128),
    ];
    let number = call.number(id)?;
    match call.method {
        "GET" => {
            let profile = number.state.lock().profile.clone();
            ok(&json!({"data": [profile]}))
        }
        "POST" => {
            let body = call.json()?;
            for (name, limit) in LIMITS {
                if body[*name]
                    .as_str()
                    .is_some_and(|text| text.encode_utf16().count() > *limit)
                {
                    let details = format!("Param {name} must be at most {limit} characters long.");
                    return Err(GraphError::with(100, details));
                }
            }
            let picture = match body["profile_picture_handle"].as_str() {
                Some(handle) => Some(call.shared.uploads.picture(handle).ok_or_else(|| {
                    GraphError::with(
                        100,
                        "Param profile_picture_handle is no handle of an uploaded picture.",
                    )
                })?),
                None => None,
            };
            let mut state = number.state.lock();
            if let Some(picture) = picture {
                let n = state.picture.as_ref().map_or(0, |(n, _)| *n) + 1;
                state.profile["profile_picture_url"] =
                    format!("{}/_pictures/{id}/{n}", call.base_url()).into();
                state.picture = Some((n, picture));
            }
            for name in ["about", "address", "description", "email", "websites", "vertical"] {
                if !body[name].is_null() {
                    state.profile[name] = body[name].clone();
                }
            }
            drop(state);
            success()
        }
        _ => Err(call.unknown()),
    }
}

/// `GET /_pictures/{phone number id}/{n}`: a profile's picture, open to everybody who has its address.
pub(super) fn picture(call: &Call<'_>, id: &str, n: &str) -> Answer {
    let number = call.shared.accounts.number(id).ok_or_else(|| call.unknown())?;
    let state = number.state.lock();
    let found = state.picture.as_ref().filter(|(known, _)| known.to_string() == n);
    let (_, picture) = found.ok_or_else(|| call.unknown())?;
    Ok(HttpResponse::Ok()
        .content_type(picture.mime.as_str())
        .body(picture.bytes.clone()))
}

/// `GET /debug_token?input_token=`.
pub(super) fn debug_token(call: &Call<'_>) -> Answer {
    let caller = call.caller()?;
    let token = call
        .query
        .get("input_token")
        .ok_or_else(|| GraphError::with(100, "The parameter input_token is required."))?;
    if let Some(granted) = call.shared.signups.granted(call.shared, token) {
        let data = super::signup::of(&granted, &caller.config.app_id);
        return ok(&json!({"data": data}));
    }
    let Some(number) = call.shared.accounts.by_token(token) else {
        let message = "The access token could not be decrypted";
        let data = json!({"error": {"code": 190, "message": message}, "is_valid": false, "scopes": []});
        return Ok(HttpResponse::Ok().json(json!({"data": data})));
    };
    let scopes = ["whatsapp_business_management", "whatsapp_business_messaging"];
    let granular = scopes.map(|scope| json!({"scope": scope, "target_ids": [number.waba.id]}));
    ok(&json!({"data": {
        "app_id": caller.config.app_id,
        "type": "SYSTEM_USER",
        "application": "Frontdesk sandbox",
        "data_access_expires_at": 0,
        "expires_at": 0,
        "is_valid": true,
        "issued_at": call.shared.clock.now_secs() - 86_400,
        "scopes": scopes,
        "granular_scopes": granular,
        "user_id": "100000000000001",
    }}))
}
