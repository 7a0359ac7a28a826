//! The contract's folder on management, walked file by file: what we ask for is what stands there, what is answered is
//! understood. Nothing is checked where the contract does not lie beside the checkout.

use frontdesk::channels::login::{Login, LoginApp};
use frontdesk::channels::whatsapp::WhatsappCloud;
use frontdesk::channels::{
    BusinessProfile, ChannelAccess, Command, IceBreaker, NumberCare, Provider, Shop, Welcome,
};
use frontdesk::domain::health::HealthChange;
use frontdesk::domain::{Identity, IdentityKind};
use serde_json::{Value, json};

use crate::support::{Reply, access, contract, http, json, json_files, serve};
use crate::wire::{self, Request};

/// Files that we neither ask with nor read, and why.
const NOT_OURS: [(&str, &str); 3] = [
    (
        "embedded-signup-cancel.message-event.json",
        "of Meta's JavaScript, which is not used: the login goes by redirection",
    ),
    ("embedded-signup-error.message-event.json", "see above"),
    ("embedded-signup-finish.message-event.json", "see above"),
];

fn file(name: &str) -> Value {
    let path = contract().expect("looked before").join("management").join(name);
    json(&std::fs::read(path).expect("a file"))
}

/// Makes one call against these answers and gives what was asked.
async fn asked<T>(
    answers: &[&Value],
    call: impl AsyncFnOnce(&reqwest::Client, &ChannelAccess) -> T,
) -> (T, Vec<Request>) {
    wire::asked(answers, async |base| call(&http(), &access(base)).await).await
}

fn starts(request: &Request, line: &str) {
    assert!(
        request.head.starts_with(line),
        "{}",
        request.head.lines().next().unwrap_or_default()
    );
}

const NUMBER: &str = "/v23.0/205300400500601";

#[test]
fn every_file_of_the_folder_is_looked_at() {
    let Some(folder) = contract() else { return };
    let source = include_str!("management.rs");
    for (name, _) in json_files(&folder.join("management")) {
        assert!(source.contains(&format!("{name}\"")), "{name} is new");
    }
}

#[test]
fn what_is_not_ours_stands_in_the_contract() {
    let Some(folder) = contract() else { return };
    for (name, why) in NOT_OURS {
        assert!(folder.join("management").join(name).is_file(), "{name}: {why}");
    }
}

#[tokio::test]
async fn people_are_blocked_and_listed() {
    if contract().is_none() {
        return;
    }
    let amina = Identity::new(IdentityKind::WhatsappId, "254711000234");
    let done = file("block-users.response.json");
    for (blocked, verb) in [(true, "POST"), (false, "DELETE")] {
        let (got, asked) = asked(&[&done], async |http, access| {
            WhatsappCloud.set_blocked(http, access, &amina, blocked).await
        })
        .await;
        got.expect("done");
        starts(&asked[0], &format!("{verb} {NUMBER}/block_users "));
        assert_eq!(asked[0].body, file("block-users.request.json"));
    }
    let list = file("block-users-list.response.json");
    let (page, asked) = asked(&[&list], async |http, access| {
        WhatsappCloud.blocked(http, access, None).await
    })
    .await;
    let page = page.expect("a page");
    starts(&asked[0], &format!("GET {NUMBER}/block_users?limit="));
    assert_eq!(
        page.people.iter().map(|it| &it.identity).collect::<Vec<_>>(),
        [&amina]
    );
    assert_eq!(page.next, None, "the part was not full");
}

/// A refusal of a person tells its reason, whatever the status and however it is wrapped.
#[tokio::test]
async fn a_refusal_to_block_tells_its_reason() {
    let amina = Identity::new(IdentityKind::WhatsappId, "254711000234");
    let user = json!({"input": "+254711000234", "wa_id": "254711000234"});
    let mut told = user.clone();
    told["errors"] =
        json!([{"code": 131_047, "message": "(#131047) x", "error_data": {"details": "Not lately."}}]);
    let error = json!({"message": "(#139100) Failed", "type": "OAuthException", "code": 139_100});
    for (status, user, envelope, detail) in [
        (200, &user, None, ""),
        (200, &told, None, "Not lately."),
        (400, &told, Some(&error), "Not lately."),
    ] {
        let mut body = json!({"messaging_product": "whatsapp", "block_users": {"failed_users": [user]}});
        if let Some(error) = envelope {
            body["error"] = error.clone();
        }
        let (base, _server) = serve(vec![Reply::answer(status, "", &body.to_string())]).await;
        let got = WhatsappCloud
            .set_blocked(&http(), &access(&base), &amina, true)
            .await;
        let refused = got.expect_err("refused");
        assert_eq!(
            (refused.code.as_str(), refused.detail.as_str()),
            ("not_done", detail)
        );
    }
}

#[tokio::test]
async fn the_shop_is_read_and_changed() {
    if contract().is_none() {
        return;
    }
    let settings = file("commerce-settings.response.json");
    let (shop, _) = asked(&[&settings], async |http, access| {
        WhatsappCloud.shop(http, access).await
    })
    .await;
    let both = Shop {
        catalog_visible: true,
        cart_enabled: true,
    };
    assert_eq!(shop.expect("settings"), Some(both));
    let done = file("success.response.json");
    let hidden = Shop {
        catalog_visible: false,
        ..both
    };
    let (got, asked) = asked(&[&done], async |http, access| {
        WhatsappCloud.set_shop(http, access, hidden).await
    })
    .await;
    got.expect("done");
    let line =
        format!("POST {NUMBER}/whatsapp_commerce_settings?is_cart_enabled=true&is_catalog_visible=false ");
    starts(&asked[0], &line);
}

#[tokio::test]
async fn a_new_chat_offers_what_was_set() {
    if contract().is_none() {
        return;
    }
    let wanted = file("conversational-automation.request.json");
    let welcome = Welcome {
        ice_breakers: vec![
            IceBreaker::said("Where is my order?"),
            IceBreaker::said("Talk to a person"),
        ],
        greets: true,
        commands: vec![Command {
            name: "orders".into(),
            description: "Show my orders".into(),
        }],
        ..Welcome::default()
    };
    WhatsappCloud.check_welcome(&welcome).expect("within the limits");
    let done = file("success.response.json");
    let (got, asked) = asked(&[&done], async |http, access| {
        WhatsappCloud.set_welcome(http, access, &welcome).await
    })
    .await;
    got.expect("done");
    starts(&asked[0], &format!("POST {NUMBER}/conversational_automation "));
    assert_eq!(asked[0].body, wanted);
    let number = json!({"conversational_automation": wanted, "id": "205300400500601"});
    let (read, _) = self::asked(&[&number], async |http, access| {
        WhatsappCloud.welcome(http, access).await
    })
    .await;
    assert_eq!(read.expect("read"), Some(welcome));
}

#[tokio::test]
async fn the_profile_is_read_and_changed() {
    if contract().is_none() {
        return;
    }
    let known = file("profile.response.json");
    let (profile, _) = asked(&[&known], async |http, access| {
        WhatsappCloud.business_profile(http, access).await
    })
    .await;
    let profile = profile.expect("a profile");
    assert_eq!(
        profile.picture_url.as_deref(),
        Some("https://pps.whatsapp.net/v/example.jpg")
    );
    let wished = BusinessProfile {
        description: "We weave.".into(),
        picture_handle: Some("4::aW1hZ2UvanBlZw==:ARexampleHandle".into()),
        ..profile
    };
    let done = file("success.response.json");
    let (got, asked) = asked(&[&done], async |http, access| {
        WhatsappCloud.set_business_profile(http, access, &wished).await
    })
    .await;
    got.expect("done");
    starts(&asked[0], &format!("POST {NUMBER}/whatsapp_business_profile "));
    assert_eq!(asked[0].body, file("profile-update.request.json"));
}

#[tokio::test]
async fn a_number_is_registered_and_gets_its_pin() {
    if contract().is_none() {
        return;
    }
    let done = file("success.response.json");
    let (got, asked) = asked(&[&done], async |http, access| {
        let login = WhatsappCloud.login().expect("a login");
        login.register(http, access, "284913").await
    })
    .await;
    got.expect("registered");
    starts(&asked[0], &format!("POST {NUMBER}/register "));
    assert_eq!(asked[0].body, file("register.request.json"));
    let (got, asked) = self::asked(&[&done], async |http, access| {
        let mut access = access.clone();
        access.settings.insert("data_region".into(), "DE".into());
        let login = WhatsappCloud.login().expect("a login");
        login.register(http, &access, "284913").await
    })
    .await;
    got.expect("registered");
    assert_eq!(asked[0].body, file("register-with-region.request.json"));
    let (got, asked) = self::asked(&[&done], async |http, access| {
        WhatsappCloud.set_pin(http, access, "284913").await
    })
    .await;
    got.expect("set");
    starts(&asked[0], &format!("POST {NUMBER} "));
    assert_eq!(asked[0].body, file("set-pin.request.json"));
}

#[tokio::test]
async fn what_the_phone_app_shares_is_asked_for() {
    if contract().is_none() {
        return;
    }
    let done = file("smb-app-data-sync.response.json");
    let (got, asked) = asked(&[&done, &done], async |http, access| {
        WhatsappCloud
            .login()
            .expect("a login")
            .start_sync(http, access)
            .await
    })
    .await;
    assert!(got.contacts.is_none() && got.history.is_none());
    for (request, name) in asked.iter().zip([
        "smb-app-data-sync.request.json",
        "smb-app-data-sync-history.request.json",
    ]) {
        starts(request, &format!("POST {NUMBER}/smb_app_data "));
        assert_eq!(request.body, file(name), "{name}");
    }
}

#[tokio::test]
async fn webhooks_are_sent_to_our_own_address() {
    if contract().is_none() {
        return;
    }
    let done = file("success.response.json");
    let ours = |access: &ChannelAccess, own: &str| {
        let mut access = access.clone();
        access.settings.insert("own_callback".into(), own.into());
        access.webhook_url = "https://crm.example/webhooks/meta".into();
        let token = "choose-a-long-random-string";
        access.secrets.insert("verify_token".into(), token.into());
        access
    };
    let none = json!({"webhook_configuration": {}, "id": "1"});
    let (got, asked) = asked(&[&done, &none], async |http, access| {
        WhatsappCloud.subscribe(http, &ours(access, "on")).await
    })
    .await;
    got.expect("subscribed");
    starts(&asked[0], "POST /v23.0/104200300400501/subscribed_apps ");
    assert_eq!(asked[0].body, file("subscribed-apps-override.request.json"));

    // The number's alone, and taken back, unless somebody has sent it elsewhere since.
    let at = |url: &str| json!({"webhook_configuration": {"phone_number": url, "application": "https://app.example"}, "id": "1"});
    let (here, elsewhere) = (
        at("https://crm.example/webhooks/meta"),
        at("https://other.example"),
    );
    let answers = [&done, &done, &here, &done, &elsewhere];
    let (got, asked) = self::asked(&answers, async |http, access| {
        let access = ours(access, "number");
        WhatsappCloud.subscribe(http, &access).await?;
        WhatsappCloud.release(http, &access).await?;
        WhatsappCloud.release(http, &access).await
    })
    .await;
    got.expect("subscribed and released");
    assert_eq!((asked.len(), &asked[0].body), (5, &json!({})));
    for (at, name) in [
        (1, "phone-webhook-override.request.json"),
        (3, "phone-webhook-override-remove.request.json"),
    ] {
        starts(&asked[at], &format!("POST {NUMBER} "));
        assert_eq!(asked[at].body, file(name), "{name}");
    }

    // Switched off, the number's address goes with the account's, however Meta writes its end.
    let here = at("https://crm.example/webhooks/meta/");
    let answers = [&done, &here, &done];
    let (got, asked) = self::asked(&answers, async |http, access| {
        WhatsappCloud.subscribe(http, &ours(access, "off")).await
    })
    .await;
    got.expect("subscribed");
    assert_eq!(asked[0].body, json!({}));
    assert_eq!(asked[2].body, file("phone-webhook-override-remove.request.json"));
}

#[tokio::test]
async fn how_a_number_stands_is_understood() {
    if contract().is_none() {
        return;
    }
    let fields = file("phone-number-fields.response.json");
    let (told, _) = asked(&[&fields], async |http, access| {
        WhatsappCloud.fetch_health(http, access).await
    })
    .await;
    let told = told.expect("told");
    assert!(
        told.contains(&HealthChange::Name("Kibanda Crafts".into(), "APPROVED".into())),
        "{told:?}"
    );
    assert_eq!(told.len(), 4, "{told:?}");
}

/// The examination asks for what the token may do, whether the number may send, and who receives its webhooks; whatever it
/// asks gets the contract's answer.
#[tokio::test]
async fn the_examination_understands_the_answers() {
    if contract().is_none() {
        return;
    }
    let answer: fn(&str) -> Value = |head| match head {
        _ if head.contains("debug_token") => file("debug-token.response.json"),
        _ if head.contains("health_status") => file("health-status.response.json"),
        _ if head.contains("subscribed_apps") => file("subscribed-apps.response.json"),
        _ => file("phone-number-fields.response.json"),
    };
    let base = crate::support::answering(answer).await;
    let mut access = access(&base);
    access.settings.insert("app_id".into(), "310400500600701".into());
    let url = "https://crm.example/webhooks/meta";
    let checks = WhatsappCloud.diagnose(&http(), &access, url).await;
    let failed: Vec<&str> = checks
        .iter()
        .filter(|check| !check.ok)
        .map(|check| check.name)
        .collect();
    let found = |words: &str| checks.iter().any(|check| check.detail.contains(words));
    assert!(found("does not expire"), "{checks:#?}");
    assert!(
        found("LIMITED") && found("display name has not been approved"),
        "{checks:#?}"
    );
    assert!(found(url), "{checks:#?}");
    assert!(failed.len() <= 1, "{checks:#?}");
}

/// A login by redirection: the code is exchanged, the rights are read, and the account's numbers can be chosen from.
#[tokio::test]
async fn a_login_understands_the_answers() {
    if contract().is_none() {
        return;
    }
    let answer: fn(&str) -> Value = |head| match head {
        _ if head.contains("oauth/access_token") => file("oauth-code-exchange.response.json"),
        _ if head.contains("debug_token") => file("debug-token.response.json"),
        _ if head.contains("phone_numbers") => file("phone-numbers-list.response.json"),
        _ => file("waba-fields.response.json"),
    };
    let base = crate::support::answering(answer).await;
    let app = LoginApp {
        id: "310400500600701".into(),
        secret: "secret".into(),
        settings: [("api_base".to_owned(), base)].into(),
        redirect_uri: "https://crm.example/back".into(),
    };
    let login: &dyn Login = WhatsappCloud.login().expect("a login");
    let grants = login.exchange(&http(), &app, "code").await.expect("numbers");
    assert_eq!(grants.len(), 2, "{}", grants.len());
    let text = format!(
        "{:?}",
        grants.iter().map(|grant| &grant.settings).collect::<Vec<_>>()
    );
    for word in ["205300400500601", "205300400500999", "104200300400501"] {
        assert!(text.contains(word), "{text}");
    }
}
