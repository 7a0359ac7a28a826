//! What bodies do to a channel, with the real provider's checks.

use serde_json::{Value, json};

use super::model::{ChannelBody, ChannelPatch, TestView, validate};
use super::sandbox::furnish;
use crate::channels::whatsapp::WhatsappCloud;
use crate::domain::{Channel, ChannelId, Timestamp};
use crate::http::ApiError;
use crate::http::json::parse;

fn body() -> Value {
    json!({
        "provider": "whatsapp_cloud", "name": " Shop ",
        "settings": {"phone_number_id": "1234", "waba_id": "77", "display_phone_number": "+15550001111",
            "api_base": "http://127.0.0.1:9999"},
        "secrets": {"access_token": " token\n", "app_secret": "secret", "verify_token": "verify me"},
    })
}

fn add(body: &Value) -> Result<Channel, ApiError> {
    let body: ChannelBody = parse(body.to_string().as_bytes())?;
    let channel = body.into_channel(ChannelId([1; 16]), Timestamp(5));
    validate(&WhatsappCloud, &channel)?;
    Ok(channel)
}

fn change(channel: &Channel, patch: &Value) -> Result<Channel, ApiError> {
    let patch: ChannelPatch = parse(patch.to_string().as_bytes())?;
    let mut changed = channel.clone();
    patch.apply(&mut changed, &WhatsappCloud, Timestamp(7))?;
    Ok(changed)
}

#[test]
fn the_pinned_body_makes_a_channel() {
    let channel = add(&body()).expect("as pinned");
    assert_eq!(
        (channel.name.as_str(), channel.provider, channel.version),
        ("Shop", 1, 1)
    );
    assert_eq!(
        channel.secrets["access_token"], "token",
        "pasted line ends are cut"
    );
    assert_eq!(channel.settings["phone_number_id"], "1234");
    assert!(!channel.paused && channel.blocked.is_none());
}

#[test]
fn what_is_wrong_with_a_new_channel_is_named() {
    let with = |place: &str, value: Value| {
        let mut body = body();
        *body.pointer_mut(place).expect("a place") = value;
        body
    };
    let without = |group: &str, name: &str| {
        let mut body = body();
        body[group].as_object_mut().expect("a group").remove(name);
        body
    };
    let many: serde_json::Map<String, Value> = (0..33).map(|n| (format!("s{n}"), json!("x"))).collect();
    let table = [
        (with("/provider", json!("pigeon")), "provider"),
        (with("/name", json!("  ")), "name"),
        (with("/name", json!("a\u{202E}b")), "name"),
        (with("/settings", json!([])), "settings"),
        (with("/settings", many.into()), "settings"),
        (with("/settings/waba_id", json!("a/b")), "settings.waba_id"),
        (with("/settings/waba_id", json!("..")), "settings.waba_id"),
        (with("/settings/waba_id", json!("a b")), "settings.waba_id"),
        (
            with("/settings/phone_number_id", json!("+254 700 555010")),
            "settings.phone_number_id",
        ),
        (
            with("/settings/phone_number_id", json!("9".repeat(65))),
            "settings.phone_number_id",
        ),
        (with("/settings/waba_id", json!(5)), "settings.waba_id"),
        (
            with("/settings/api_base", json!("file:///etc")),
            "settings.api_base",
        ),
        (
            with("/settings/waba_id", json!("9".repeat(9000))),
            "settings.waba_id",
        ),
        (with("/secrets/app_secret", json!("")), "secrets.app_secret"),
        (without("settings", "phone_number_id"), "settings.phone_number_id"),
        (without("secrets", "verify_token"), "secrets.verify_token"),
        (without("secrets", "access_token"), "secrets.access_token"),
    ];
    for (body, field) in table {
        let error = add(&body).expect_err(field);
        assert_eq!(error.kind().status(), 422, "{field}: {error}");
        assert_eq!(error.field(), Some(field), "{error}");
    }
    for id in ["PHONE_NUMBER_ID", "phone-number.id:1", "1234"] {
        assert!(add(&with("/settings/phone_number_id", json!(id))).is_ok(), "{id}");
    }
    let mut unknown = body();
    unknown["settings"]["colour"] = json!("red");
    assert_eq!(
        add(&unknown).expect_err("unknown").field(),
        Some("settings.colour")
    );
}

#[test]
fn a_change_merges_and_lifts_a_block() {
    let mut channel = add(&body()).expect("as pinned");
    channel.blocked = Some("the token expired".into());
    let renamed = change(&channel, &json!({"name": "Store", "paused": true})).expect("valid");
    assert!(renamed.blocked.is_some(), "a new name does not help");
    assert!(renamed.paused && renamed.name == "Store");
    let healed = change(&channel, &json!({"secrets": {"access_token": "new"}})).expect("valid");
    assert_eq!(healed.blocked, None);
    assert_eq!(
        (
            healed.secrets["access_token"].as_str(),
            healed.secrets["app_secret"].as_str()
        ),
        ("new", "secret")
    );
    let set = change(
        &channel,
        &json!({"settings": {"rate_per_s": "20", "waba_id": null}}),
    )
    .expect("valid");
    assert_eq!(set.settings["rate_per_s"], "20");
    assert!(!set.settings.contains_key("waba_id"));
    assert_eq!(set.settings["phone_number_id"], "1234");
}

#[test]
fn a_change_that_the_provider_refuses_is_named() {
    let channel = add(&body()).expect("as pinned");
    let table = [
        (json!({"secrets": {"app_secret": null}}), "secrets.app_secret"),
        (
            json!({"settings": {"phone_number_id": null}}),
            "settings.phone_number_id",
        ),
        (json!({"settings": {"rate_per_s": "0"}}), "settings.rate_per_s"),
        (json!({"secrets": {"password": "x"}}), "secrets.password"),
        (json!({"provider": "sandbox"}), "provider"),
        (json!({"blocked": null}), "blocked"),
        (json!({"name": ""}), "name"),
    ];
    for (patch, field) in table {
        let error = change(&channel, &patch).expect_err(field);
        assert_eq!(error.field(), Some(field), "{error}");
    }
}

#[test]
fn a_sandbox_channel_needs_no_account() {
    let mut bare: ChannelBody = parse(br#"{"provider":"sandbox","name":"Try"}"#).expect("enough");
    furnish(&mut bare).expect("random bytes");
    let mut kept: ChannelBody =
        parse(br#"{"provider":"sandbox","name":"Try","settings":{"phone_number_id":"7"}}"#).expect("enough");
    furnish(&mut kept).expect("random bytes");
    assert_eq!(kept.settings["phone_number_id"], "7");
    assert_ne!(bare.settings["waba_id"], kept.settings["waba_id"]);
    for body in [bare, kept] {
        let channel = body.into_channel(ChannelId([1; 16]), Timestamp(5));
        assert_eq!(channel.provider, 2);
        validate(&WhatsappCloud, &channel).expect("the simulator takes it");
    }
}

#[test]
fn a_test_without_steps_is_no_success() {
    assert!(!TestView::new(vec![]).ok);
}
