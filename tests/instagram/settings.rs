//! Settings, secrets, rules and whom one can write to.

use frontdesk::channels::instagram::Instagram;
use frontdesk::channels::{Address, IceBreaker, MenuEntry, Provider, Welcome};
use rstest::rstest;

use crate::support::{ACCOUNT, CUSTOMER, access};

#[rstest]
#[case("ig_id", None, Some("settings.ig_id"))]
#[case("ig_id", Some("ki/banda"), Some("settings.ig_id"))]
#[case("ig_id", Some("IG-ID.1"), None)]
#[case("login", Some("twitter"), Some("settings.login"))]
#[case("page_id", None, Some("settings.page_id"))]
#[case("human_agent", Some("true"), Some("settings.human_agent"))]
#[case("human_agent", Some("yes"), None)]
#[case("api_version", Some("25"), Some("settings.api_version"))]
#[case("rate_per_s", Some("301"), Some("settings.rate_per_s"))]
#[case("token_expires_at", Some("soon"), Some("settings.token_expires_at"))]
#[case("token_expires_at", Some("2026-11-21T10:00:00Z"), None)]
#[case("colour", Some("red"), Some("settings.colour"))]
fn what_is_wrong_is_named(#[case] name: &str, #[case] value: Option<&str>, #[case] field: Option<&str>) {
    let mut access = access("facebook", "http://127.0.0.1:9");
    match value {
        Some(value) => access.settings.insert(name.into(), value.into()),
        None => access.settings.remove(name),
    };
    let got = Instagram.validate(&access).err().map(|error| error.field);
    assert_eq!(got.as_deref(), field);
}

#[test]
fn the_second_app_secret_is_optional_and_counts() {
    let mut access = access("instagram", "http://127.0.0.1:9");
    access.settings.remove("page_id");
    Instagram.validate(&access).expect("complete");
    access
        .secrets
        .insert("facebook_app_secret".into(), "other".into());
    Instagram.validate(&access).expect("complete");
    assert_eq!(Instagram.signing_secrets(), ["app_secret", "facebook_app_secret"]);
    assert_eq!(
        Instagram.addresses(&access.settings),
        [Address::Number(ACCOUNT.into())]
    );
}

#[test]
fn the_human_agents_right_is_a_permission() {
    let mut access = access("instagram", "http://127.0.0.1:9");
    assert_eq!(Instagram.rules(&access.settings).human_agent_days, 0);
    access.settings.insert("human_agent".into(), "yes".into());
    assert_eq!(Instagram.rules(&access.settings).human_agent_days, 7);
}

#[test]
fn nobody_is_reached_by_a_name_or_a_number() {
    let settings = access("instagram", "http://127.0.0.1:9").settings;
    assert!(Instagram.recipient(&settings, CUSTOMER).is_some());
    for to in ["amina.o", "+254711000234", "", "12"] {
        assert!(Instagram.recipient(&settings, to).is_none(), "{to}");
    }
}

#[test]
fn what_a_chat_offers_has_limits() {
    let ask = |question: &str| IceBreaker {
        question: question.into(),
        payload: "P".into(),
    };
    let entry = |payload: Option<&str>, url: Option<&str>| MenuEntry {
        title: "Shop".into(),
        payload: payload.map(str::to_owned),
        url: url.map(str::to_owned),
    };
    let table = [
        (
            Welcome {
                ice_breakers: vec![ask("Hours?"); 4],
                menu: vec![],
                ..Welcome::default()
            },
            None,
        ),
        (
            Welcome {
                ice_breakers: vec![ask("Hours?"); 5],
                menu: vec![],
                ..Welcome::default()
            },
            Some("ice_breakers"),
        ),
        (
            Welcome {
                ice_breakers: vec![ask(" ")],
                menu: vec![],
                ..Welcome::default()
            },
            Some("ice_breakers.0.question"),
        ),
        (
            Welcome {
                ice_breakers: vec![],
                menu: vec![entry(Some("A"), None), entry(None, None)],
                ..Welcome::default()
            },
            Some("menu.1"),
        ),
        (
            Welcome {
                ice_breakers: vec![],
                menu: vec![entry(None, Some("javascript:x"))],
                ..Welcome::default()
            },
            Some("menu.0.url"),
        ),
    ];
    for (welcome, field) in table {
        let got = Instagram.check_welcome(&welcome).err().map(|error| error.field);
        assert_eq!(got.as_deref(), field, "{welcome:?}");
    }
}
