//! Settings and secrets of a channel.

use frontdesk::channels::whatsapp::WhatsappCloud;
use frontdesk::channels::{Address, Provider};
use rstest::rstest;

use crate::support::access;

#[test]
fn what_is_needed_is_enough() {
    let mut least = access("http://127.0.0.1:9");
    least.settings.retain(|name, _| name == "phone_number_id");
    assert_eq!(WhatsappCloud.validate(&least), Ok(()));
    assert_eq!(
        WhatsappCloud.addresses(&least.settings),
        [Address::Number("205300400500601".into())]
    );
    let full = access("http://127.0.0.1:9");
    let account = Address::Account("104200300400501".into());
    assert!(WhatsappCloud.addresses(&full.settings).contains(&account));
}

#[rstest]
#[case("api_base", "https://graph.facebook.com")]
#[case("api_base", "http://127.0.0.1:9999/proxy")]
#[case("api_version", "v25.0")]
#[case("rate_per_s", "1000")]
#[case("display_phone_number", "+254 (700) 555-010")]
#[case("app_id", "310400500600701")]
#[case("phone_number_id", "PHONE_NUMBER_ID")]
#[case("phone_number_id", "phone:1-a.b")]
fn good_settings(#[case] name: &str, #[case] value: &str) {
    let mut access = access("http://127.0.0.1:9");
    access.settings.insert(name.into(), value.into());
    assert_eq!(WhatsappCloud.validate(&access), Ok(()), "{name} {value}");
}

#[rstest]
#[case("phone_number_id", "")]
#[case("phone_number_id", "+254700555010")]
#[case("phone_number_id", "../../me")]
#[case("phone_number_id", &"1".repeat(65))]
#[case("waba_id", "a/c")]
#[case("waba_id", "..")]
#[case("display_phone_number", "call me")]
#[case("display_phone_number", "+1\u{7}555")]
#[case("api_base", "")]
#[case("api_base", "graph.facebook.com")]
#[case("api_base", "ftp://graph.facebook.com")]
#[case("api_base", "https://user@graph.facebook.com")]
#[case("api_base", "https://graph.facebook.com/?x=1")]
#[case("api_base", "https://graph.facebook.com/#x")]
#[case("api_base", "https://graph.facebook.com/a b")]
#[case("api_base", &format!("https://x.example/{}", "a".repeat(600)))]
#[case("api_version", "23.0")]
#[case("api_version", "v23")]
#[case("api_version", "v23.0/../me")]
#[case("rate_per_s", "0")]
#[case("rate_per_s", "1001")]
#[case("rate_per_s", "fast")]
#[case("colour", "red")]
fn bad_settings_are_named(#[case] name: &str, #[case] value: &str) {
    let mut access = access("http://127.0.0.1:9");
    access.settings.insert(name.into(), value.into());
    let error = WhatsappCloud.validate(&access).expect_err(value);
    assert_eq!(error.field, format!("settings.{name}"));
    assert!(!error.detail.is_empty());
}

#[rstest]
#[case("access_token", Some("two words"))]
#[case("access_token", Some(""))]
#[case("access_token", None)]
#[case("app_secret", Some("line\nbreak"))]
#[case("app_secret", None)]
#[case("verify_token", Some("é"))]
#[case("verify_token", None)]
#[case("password", Some("x"))]
fn bad_secrets_are_named_but_never_shown(#[case] name: &str, #[case] value: Option<&str>) {
    let mut access = access("http://127.0.0.1:9");
    match value {
        Some(value) => drop(access.secrets.insert(name.into(), value.into())),
        None => drop(access.secrets.remove(name)),
    }
    let error = WhatsappCloud.validate(&access).expect_err("refused");
    assert_eq!(error.field, format!("secrets.{name}"));
    assert!(value.is_none_or(|value| value.len() < 2 || !error.to_string().contains(value)));
}

#[test]
fn a_missing_number_is_named() {
    let mut access = access("http://127.0.0.1:9");
    access.settings.remove("phone_number_id");
    assert_eq!(
        WhatsappCloud.validate(&access).expect_err("missing").field,
        "settings.phone_number_id"
    );
}
