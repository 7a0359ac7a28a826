//! The calls of embedded sign-up: the dialog, exchanges of codes and tokens, what a token may do, what a portfolio owns.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::header;
use serde_json::{Value, json};

use super::{Answer, Call, ok};
use crate::sandbox::whatsapp::errors::GraphError;
use crate::sandbox::whatsapp::signup::{Granted, LONG_MS, RIGHTS, SignupConfig};

/// Calls that no token is needed for, or another one than a number's.
pub(super) fn open(call: &Call<'_>) -> Option<Answer> {
    match (call.method, call.path) {
        ("GET", ["dialog", "oauth"]) => Some(dialog(call)),
        ("GET" | "POST", ["oauth", "access_token"]) => Some(token(call)),
        ("GET", ["debug_token"]) => {
            let own = call.bearer()?;
            let (id, secret) = own.split_once('|')?;
            let known = call.shared.signups.check_app(id, secret);
            Some(known.and_then(|()| debug(call, id)))
        }
        _ => None,
    }
}

fn text<'a>(call: &'a Call<'_>, name: &str) -> &'a str {
    call.query.get(name).map_or("", String::as_str)
}

/// The page on which the business agrees. `decision` stands in the address once a button was pressed.
fn dialog(call: &Call<'_>) -> Answer {
    let config = call.shared.signups.config();
    let Some(config) = config.filter(|config| config.app_id == text(call, "client_id")) else {
        return Ok(page(
            "Invalid App ID: The provided app ID does not look like a valid app ID.",
        ));
    };
    let back = reqwest::Url::parse(text(call, "redirect_uri")).ok();
    let Some(mut back) = back.filter(|url| matches!(url.scheme(), "http" | "https")) else {
        return Ok(page(
            "URL blocked: the redirect address is not in the app's list.",
        ));
    };
    match text(call, "decision") {
        "" => return Ok(page(&form(call, &config))),
        "continue" => {
            let late = !text(call, "late").is_empty();
            let code = call.shared.signups.code(
                call.shared,
                text(call, "redirect_uri"),
                agreed(call, &config),
                late,
            );
            let code = code.ok_or_else(|| GraphError::new(131_000))?;
            back.query_pairs_mut().append_pair("code", &code);
        }
        _ => {
            back.query_pairs_mut()
                .append_pair("error", "access_denied")
                .append_pair("error_code", "200")
                .append_pair("error_reason", "user_denied")
                .append_pair("error_description", "Permissions error");
        }
    }
    back.query_pairs_mut().append_pair("state", text(call, "state"));
    back.set_fragment(Some("_=_"));
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, back.as_str()))
        .finish())
}

/// What was ticked. An address without any tick (a program's) means all.
fn agreed(call: &Call<'_>, config: &SignupConfig) -> Granted {
    let ticked = |name: &str| call.query.contains_key(name);
    let is_form = ticked("form");
    let wabas: BTreeSet<String> = config
        .numbers
        .iter()
        .map(|number| number.number.waba_id.clone())
        .filter(|id| !is_form || ticked(&format!("account_{id}")))
        .collect();
    let rights = RIGHTS.into_iter().filter(|right| !is_form || ticked(right));
    let now = call.shared.clock.now_ms();
    Granted {
        wabas,
        rights: rights.map(str::to_owned).collect(),
        expires_ms: if text(call, "life") == "60" {
            now + LONG_MS
        } else {
            0
        },
        issued_ms: now,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn page(body: &str) -> HttpResponse {
    let style = "body{font:16px system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
                 fieldset{margin:1rem 0;border:1px solid #8888;border-radius:8px}label{display:block;padding:.35rem 0}\
                 button{font:inherit;padding:.5rem 1rem;margin-inline-end:.5rem}small{display:block;opacity:.8}";
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ))
        .body(format!(
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
             <title>Simulated login</title><style>{style}</style><main><h1>Simulated login</h1>\
             <p>This page stands in for Meta's. Nothing leaves this machine.</p>{body}</main></html>"
        ))
}

fn form(call: &Call<'_>, config: &SignupConfig) -> String {
    let mut html = String::from("<form method=get><input type=hidden name=form value=1>");
    for name in ["client_id", "redirect_uri", "state"] {
        let value = escaped(text(call, name));
        html += &format!("<input type=hidden name={name} value=\"{value}\">");
    }
    html += &format!(
        "<fieldset><legend>Accounts of {}</legend>",
        escaped(&config.business)
    );
    let mut shown = BTreeSet::new();
    for number in &config.numbers {
        let id = &number.number.waba_id;
        if !shown.insert(id) {
            continue;
        }
        let own = config.numbers.iter().filter(|other| other.number.waba_id == *id);
        let numbers: Vec<String> = own
            .map(|own| match (&own.pin, own.number.registered) {
                (Some(pin), _) => format!("{} (PIN {pin})", own.number.display_phone_number),
                _ if own.on_phone.is_some() => {
                    format!("{} (on the phone app)", own.number.display_phone_number)
                }
                (None, false) => format!("{} (new)", own.number.display_phone_number),
                (None, true) => own.number.display_phone_number.clone(),
            })
            .collect();
        html += &format!(
            "<label><input type=checkbox checked name=account_{id}> {} <small>{}</small></label>",
            escaped(&number.account),
            escaped(&numbers.join(", "))
        );
    }
    html += "</fieldset><fieldset><legend>Permissions</legend>";
    for right in RIGHTS {
        html += &format!("<label><input type=checkbox checked name={right}> {right}</label>");
    }
    html += "</fieldset><fieldset><legend>Access ends</legend>\
             <label><input type=radio name=life value=0 checked> Never</label>\
             <label><input type=radio name=life value=60> After 60 days</label>\
             <label><input type=checkbox name=late value=1> Come back too late</label></fieldset>\
             <button name=decision value=continue>Continue</button><button name=decision value=cancel>Cancel</button></form>";
    html
}

/// Every exchange of a code or token.
fn token(call: &Call<'_>) -> Answer {
    let signups = &call.shared.signups;
    signups.check_app(text(call, "client_id"), text(call, "client_secret"))?;
    match text(call, "grant_type") {
        "fb_exchange_token" => ok(&signups.lengthen(call.shared, text(call, "fb_exchange_token"))?),
        "" | "authorization_code" => {
            ok(&signups.exchange(call.shared, text(call, "code"), text(call, "redirect_uri"))?)
        }
        other => Err(GraphError::with(
            100,
            format!("Invalid grant_type: {}", other.len()),
        )),
    }
}

/// `GET /debug_token?input_token=` with the app's own token.
fn debug(call: &Call<'_>, app: &str) -> Answer {
    let given = call
        .shared
        .signups
        .granted(call.shared, text(call, "input_token"));
    let Some(granted) = given else {
        let message = "The access token could not be decrypted";
        let data = json!({"error": {"code": 190, "message": message}, "is_valid": false, "scopes": []});
        return ok(&json!({"data": data}));
    };
    ok(&json!({"data": of(&granted, app)}))
}

/// What is told of a token that a login gave.
pub(super) fn of(granted: &Granted, app: &str) -> Value {
    let granular: Vec<Value> = granted
        .rights
        .iter()
        .filter(|right| right.starts_with("whatsapp"))
        .map(|right| json!({"scope": right, "target_ids": granted.wabas}))
        .collect();
    json!({
        "app_id": app,
        "type": "SYSTEM_USER",
        "application": "Frontdesk sandbox",
        "data_access_expires_at": 0,
        "expires_at": granted.expires_ms / 1_000,
        "is_valid": true,
        "issued_at": granted.issued_ms / 1_000,
        "scopes": granted.rights,
        "granular_scopes": granular,
        "user_id": "100000000000001",
    })
}

/// `GET /me/businesses` and what a portfolio owns.
pub(super) fn portfolio(call: &Call<'_>, id: &str, edge: &str) -> Answer {
    let granted = call.granted.as_ref().ok_or_else(|| call.unknown())?;
    let config = call.shared.signups.config().ok_or_else(|| call.unknown())?;
    let data: Vec<Value> = match edge {
        "businesses" if id == "me" => vec![json!({"id": config.business_id, "name": config.business})],
        "owned_whatsapp_business_accounts" if id == config.business_id => {
            let mut seen = BTreeSet::new();
            let own = config
                .numbers
                .iter()
                .filter(|number| granted.reaches(&number.number.waba_id));
            own.filter(|number| seen.insert(&number.number.waba_id))
                .map(|number| json!({"id": number.number.waba_id, "name": number.account}))
                .collect()
        }
        "client_whatsapp_business_accounts" if id == config.business_id => Vec::new(),
        _ => return Err(call.unknown()),
    };
    ok(&json!({"data": data}))
}
