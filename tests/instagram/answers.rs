//! The contract's answers, and the calls that are no messages, walked by name: what we ask for is what stands there, what is
//! answered is understood. Nothing is checked where the contract does not lie beside the checkout.

use frontdesk::channels::instagram::Instagram;
use frontdesk::channels::login::{Grant, Login, LoginApp, LoginError};
use frontdesk::channels::{ChannelAccess, IceBreaker, MenuEntry, Provider, Welcome};
use frontdesk::domain::inbound::Inbound;
use frontdesk::domain::outbound::SendOutcome;
use frontdesk::domain::{Identity, IdentityKind, Timestamp};
use serde_json::{Value, json};

use crate::support::{ACCOUNT, CUSTOMER, access, content, contract, request};
use crate::wire::{self, Request, http, json};

fn file(path: &str) -> Value {
    json(&std::fs::read(contract().expect("looked before").join(path)).expect("a file"))
}

/// A request of the contract without what describes it.
fn sample(path: &str) -> Value {
    let mut sample = file(path);
    sample.as_object_mut().expect("an object").remove("_request");
    if sample.pointer("/recipient/id").is_some() {
        sample["recipient"]["id"] = json!(CUSTOMER);
    }
    sample
}

/// Makes calls against these answers and gives what was asked.
async fn asked<T>(
    answers: &[&Value],
    call: impl AsyncFnOnce(&reqwest::Client, &ChannelAccess) -> T,
) -> (T, Vec<Request>) {
    wire::asked(answers, async |base| {
        call(&http(), &access("instagram", base)).await
    })
    .await
}

fn ask(question: &str, payload: &str) -> IceBreaker {
    IceBreaker {
        question: question.into(),
        payload: payload.into(),
    }
}

#[tokio::test]
async fn what_a_new_chat_offers_is_asked_for_as_the_contract_has_it() {
    if contract().is_none() {
        return;
    }
    let done = file("responses/profile-set-success.json");
    let questions = vec![
        ask("What are your hours?", "HOURS"),
        ask("Where is my order?", "TRACK"),
    ];
    let menu = vec![
        MenuEntry {
            title: "Talk to a person".into(),
            payload: Some("AGENT".into()),
            url: None,
        },
        MenuEntry {
            title: "Shop".into(),
            payload: None,
            url: Some("https://shop.example".into()),
        },
    ];
    let both = Welcome {
        ice_breakers: questions,
        menu,
        ..Welcome::default()
    };
    let set = async |welcome: &Welcome, calls: usize| {
        let (got, asked) = asked(&vec![&done; calls], async |http, access| {
            Instagram.set_welcome(http, access, welcome).await
        })
        .await;
        got.expect("set");
        asked
    };
    let mut wanted = sample("send/ice-breakers-set.json");
    wanted["persistent_menu"] = sample("send/persistent-menu-set.json")["persistent_menu"].clone();
    let sent = set(&both, 1).await;
    assert!(
        sent[0]
            .head
            .starts_with(&format!("POST /v25.0/{ACCOUNT}/messenger_profile ")),
        "{}",
        sent[0].head
    );
    assert_eq!(sent[0].body, wanted);
    let gone = set(&Welcome::default(), 1).await;
    assert!(
        gone[0]
            .head
            .starts_with(&format!("DELETE /v25.0/{ACCOUNT}/messenger_profile ")),
        "{}",
        gone[0].head
    );
    assert_eq!(gone[0].body, sample("send/messenger-profile-delete.json"));

    let known = file("responses/profile-get.json");
    let (read, _) = asked(&[&known], async |http, access| {
        Instagram.welcome(http, access).await
    })
    .await;
    let read = read.expect("read").expect("offered");
    assert_eq!(read.ice_breakers, [ask("What are your hours?", "HOURS")]);
}

#[tokio::test]
async fn a_send_and_a_read_mark_are_understood() {
    if contract().is_none() {
        return;
    }
    let sent = file("responses/send-success.json");
    let text = request(content("text", json!({"body": "hi"})));
    let (got, _) = asked(&[&sent], async |http, access| {
        Instagram.send(http, access, &text).await
    })
    .await;
    assert!(
        matches!(&got, SendOutcome::Accepted { provider_message_id, .. } if json!(provider_message_id) == sent["message_id"]),
        "{got:?}"
    );
    let reaction = request(content("reaction", json!({"message_id": "mid", "emoji": "❤️"})));
    let acted = file("responses/sender-action-success.json");
    let (got, _) = asked(&[&acted], async |http, access| {
        Instagram.send(http, access, &reaction).await
    })
    .await;
    assert!(matches!(got, SendOutcome::Accepted { .. }), "{got:?}");

    // The API wants the person, who is asked for by the message.
    let mut message = file("responses/message-detail.json");
    message["from"]["id"] = json!(CUSTOMER);
    let (got, asked) = asked(&[&message, &acted], async |http, access| {
        Instagram.mark_read(http, access, "mid").await
    })
    .await;
    got.expect("marked");
    assert_eq!(asked[1].body, sample("send/sender-action-mark-seen.json"));
}

#[tokio::test]
async fn a_customers_profile_is_understood() {
    if contract().is_none() {
        return;
    }
    let known = file("responses/user-profile.json");
    let amina = Identity::new(IdentityKind::InstagramId, CUSTOMER);
    let (got, _) = asked(&[&known], async |http, access| {
        Instagram.profile(http, access, &amina).await
    })
    .await;
    let profile = got.expect("told").expect("agreed");
    assert_eq!(
        (
            json!(profile.name),
            json!(profile.username),
            json!(profile.picture)
        ),
        (
            known["name"].clone(),
            known["username"].clone(),
            known["profile_pic"].clone()
        )
    );
}

async fn login(flavour: &str, answers: &[&Value]) -> Result<Vec<Grant>, LoginError> {
    let (got, _) = asked(answers, async |http, access| {
        let app = LoginApp {
            id: "310400500600701".into(),
            secret: "secret".into(),
            settings: [
                ("api_base", access.settings["api_base"].as_str()),
                ("login", flavour),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            redirect_uri: "https://crm.example/back".into(),
        };
        let login: &dyn Login = Instagram.login().expect("a login");
        login.exchange(http, &app, "code").await
    })
    .await;
    got
}

#[tokio::test]
async fn both_logins_understand_the_answers() {
    if contract().is_none() {
        return;
    }
    let (long, me) = (file("responses/oauth-long-token.json"), file("responses/me.json"));
    for short in ["oauth-short-token.json", "oauth-short-token-flat-variant.json"] {
        let grants = login("instagram", &[&file(&format!("responses/{short}")), &long, &me]).await;
        let grants = grants.unwrap_or_else(|error| panic!("{short}: {error:?}"));
        assert_eq!(grants.len(), 1, "{short}");
        assert_eq!(json!(grants[0].settings["ig_id"]), me["user_id"], "{short}");
        assert_eq!(
            grants[0].expires_in.map(|life| life.as_secs()),
            long["expires_in"].as_u64(),
            "{short}"
        );
    }
    let pages = file("responses/facebook-login-accounts.json");
    let grants = login("facebook", &[&long, &long, &pages]).await.expect("a Page");
    let account = &pages["data"][0]["instagram_business_account"]["id"];
    assert_eq!(json!(grants[0].settings["ig_id"]), *account);
    let refused = login("instagram", &[&file("responses/oauth-error.json")]).await;
    let said = refused.map(|grants| grants.len()).expect_err("refused").said;
    assert!(said.contains("Matching code was not found"), "{said}");

    let done = file("responses/subscribed-apps-success.json");
    let (got, asked) = asked(&[&done], async |http, access| {
        Instagram.login().expect("a login").subscribe(http, access).await
    })
    .await;
    got.expect("subscribed");
    assert!(
        asked[0]
            .head
            .starts_with(&format!("POST /v25.0/{ACCOUNT}/subscribed_apps?")),
        "{}",
        asked[0].head
    );
}

/// Messages whose webhooks never came are found in the account's conversations, and read as those would have been.
#[tokio::test]
async fn conversations_are_looked_through() {
    if contract().is_none() {
        return;
    }
    let since = Timestamp::parse("2026-11-20T09:00:00Z").expect("a time");
    let missed = Instagram.missed().expect("a list");
    let page = file("responses/conversations.json");
    let (got, asked) = asked(&[&page], async |http, access| {
        missed.list(http, access, since, None).await
    })
    .await;
    let next = got.expect("a page").next.expect("a conversation to look into");
    assert!(
        asked[0]
            .head
            .starts_with(&format!("GET /v25.0/{ACCOUNT}/conversations?")),
        "{}",
        asked[0].head
    );

    let inside = file("responses/conversation-messages.json");
    let (got, asked) = self::asked(&[&inside], async |http, access| {
        missed.list(http, access, since, Some(&next)).await
    })
    .await;
    let mut listed = got.expect("a page").listed;
    assert_eq!(json!(listed[0].id), inside["messages"]["data"][0]["id"]);
    let id = page["data"][0]["id"].as_str().expect("an id");
    assert!(
        asked[0].head.starts_with(&format!("GET /v25.0/{id}?")),
        "{}",
        asked[0].head
    );

    let detail = file("responses/message-detail.json");
    let first = listed.remove(0);
    let (got, _) = self::asked(&[&detail], async |http, access| {
        missed.whole(http, access, first).await
    })
    .await;
    let message = got.expect("an answer").expect("a message");
    let mut own = access("instagram", "http://x.example");
    let account = detail["to"]["data"][0]["id"].as_str().expect("an id");
    own.settings.insert("ig_id".into(), account.to_owned());
    let deliveries = Instagram
        .parse(&missed.body(&own, vec![message]))
        .expect("a body");
    let items: Vec<&Inbound> = deliveries.iter().flat_map(|it| &it.items).collect();
    assert!(
        matches!(items[..], [Inbound::Message(message)] if message.content.body["body"] == detail["message"]),
        "{items:?}"
    );
}
