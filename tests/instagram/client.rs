//! The calls over a real socket.

use frontdesk::channels::instagram::Instagram;
use frontdesk::channels::{IceBreaker, MenuEntry, Profile, Provider, Welcome};
use frontdesk::domain::Content;
use frontdesk::domain::identity::{Identity, IdentityKind};
use frontdesk::domain::outbound::SendOutcome;
use rstest::rstest;
use serde_json::json;

use crate::support::{ACCOUNT, CUSTOMER, access, content, request};
use crate::wire::{Reply, http, serve};

#[rstest]
#[case::no_id(200, r#"{"recipient_id":"1"}"#)]
#[case::garbage(200, "<html>")]
#[case::gateway(502, "")]
#[tokio::test]
async fn answers_that_leave_doubt(#[case] status: u16, #[case] body: &str) {
    let (base, _server) = serve(vec![Reply::answer(status, "", body)]).await;
    let got = Instagram
        .send(
            &http(),
            &access("instagram", &base),
            &request(Content::text("hi")),
        )
        .await;
    assert!(matches!(got, SendOutcome::Unknown(_)), "{got:?}");
}

#[tokio::test]
async fn a_lost_answer_leaves_doubt() {
    for reply in [Reply::HangUp, Reply::Reset] {
        let (base, _server) = serve(vec![reply]).await;
        let got = Instagram
            .send(&http(), &access("facebook", &base), &request(Content::text("hi")))
            .await;
        assert!(matches!(got, SendOutcome::Unknown(_)), "{got:?}");
    }
}

#[tokio::test]
async fn a_reaction_is_taken_without_an_id_of_its_own() {
    let (base, server) = serve(vec![Reply::answer(200, "", r#"{"recipient_id":"1"}"#)]).await;
    let reaction = content("reaction", json!({"message_id": "m", "emoji": "🔥"}));
    let request = request(reaction);
    let got = Instagram
        .send(&http(), &access("instagram", &base), &request)
        .await;
    let SendOutcome::Accepted {
        provider_message_id, ..
    } = got
    else {
        panic!("{got:?}")
    };
    assert_eq!(provider_message_id, format!("action:{}", request.message));
    let asked = server.await.expect("served").remove(0);
    assert_eq!(asked.body["sender_action"], "react");
}

#[tokio::test]
async fn reading_asks_whose_message_it_was() {
    let answers = [
        format!(r#"{{"from":{{"id":"{CUSTOMER}"}}}}"#),
        r#"{"recipient_id":"1"}"#.to_owned(),
    ];
    let (base, server) = serve(answers.iter().map(|body| Reply::answer(200, "", body)).collect()).await;
    Instagram
        .mark_read(&http(), &access("instagram", &base), "aWdf")
        .await
        .expect("read");
    let asked = server.await.expect("served");
    assert!(
        asked[0].head.starts_with("GET /v25.0/aWdf?fields=from "),
        "{}",
        asked[0].head
    );
    assert_eq!(
        asked[1].body,
        json!({"recipient": {"id": CUSTOMER}, "sender_action": "mark_seen"})
    );
}

#[tokio::test]
async fn a_profile_is_read_and_a_refusal_is_no_error() {
    let customer = Identity::new(IdentityKind::InstagramId, CUSTOMER);
    let shown =
        r#"{"name":"Amina Otieno","username":"amina.o","profile_pic":"https://scontent.example/p.jpg"}"#;
    let consent = r#"{"error":{"message":"(#230) User consent is required","code":230}}"#;
    let (base, server) = serve(vec![
        Reply::answer(200, "", shown),
        Reply::answer(403, "", consent),
    ])
    .await;
    let access = access("instagram", &base);
    let wanted = Profile {
        name: Some("Amina Otieno".into()),
        username: Some("amina.o".into()),
        picture: Some("https://scontent.example/p.jpg".into()),
    };
    assert_eq!(
        Instagram.profile(&http(), &access, &customer).await,
        Ok(Some(wanted))
    );
    assert_eq!(Instagram.profile(&http(), &access, &customer).await, Ok(None));
    let head = &server.await.expect("served")[0].head;
    assert!(
        head.starts_with(&format!("GET /v25.0/{CUSTOMER}?fields=name")),
        "{head}"
    );
}

#[tokio::test]
async fn what_a_chat_offers_is_set_cleared_and_read() {
    let profile = r#"{"data":[{"ice_breakers":[{"call_to_actions":[{"question":"Hours?","payload":"HOURS"}],"locale":"default"}]},
        {"persistent_menu":[{"locale":"default","call_to_actions":[{"type":"web_url","title":"Shop","url":"https://shop.example"}]}]}]}"#;
    let success = r#"{"result":"success"}"#;
    let (base, server) = serve(vec![
        Reply::answer(200, "", success),
        Reply::answer(200, "", success),
        Reply::answer(200, "", profile),
    ])
    .await;
    let access = access("facebook", &base);
    let welcome = Welcome {
        ice_breakers: vec![IceBreaker {
            question: "Hours?".into(),
            payload: "HOURS".into(),
        }],
        menu: vec![],
        ..Welcome::default()
    };
    Instagram
        .set_welcome(&http(), &access, &welcome)
        .await
        .expect("set");
    let read = Instagram
        .welcome(&http(), &access)
        .await
        .expect("read")
        .expect("offered");
    assert_eq!(read.ice_breakers, welcome.ice_breakers);
    let shop = MenuEntry {
        title: "Shop".into(),
        payload: None,
        url: Some("https://shop.example".into()),
    };
    assert_eq!(read.menu, [shop]);
    let asked = server.await.expect("served");
    assert!(
        asked[0]
            .head
            .starts_with("POST /v25.0/104000000000777/messenger_profile ")
    );
    assert_eq!(asked[0].body["ice_breakers"][0]["locale"], "default");
    assert!(asked[1].head.starts_with("DELETE "));
    assert_eq!(asked[1].body, json!({"fields": ["persistent_menu"]}));
}

#[tokio::test]
async fn the_connection_is_tested_step_by_step() {
    let me = format!(r#"{{"user_id":"{ACCOUNT}","username":"kibandacrafts"}}"#);
    let apps = r#"{"data":[{"subscribed_fields":["messages","messaging_postbacks"]}]}"#;
    let other = r#"{"user_id":"1","username":"stranger"}"#;
    let table = [
        (me.as_str(), apps, true),
        (other, apps, false),
        (me.as_str(), r#"{"data":[]}"#, false),
    ];
    for (me, apps, ok) in table {
        let (base, _server) = serve(vec![Reply::answer(200, "", me), Reply::answer(200, "", apps)]).await;
        let checks = Instagram
            .test_connection(&http(), &access("instagram", &base))
            .await;
        assert_eq!(checks.iter().all(|check| check.ok), ok, "{checks:?}");
        assert_eq!(checks.len(), 3);
    }
}
