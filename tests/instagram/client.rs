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

/// A request that does something with a comment.
fn about_comment(kind: &str, body: serde_json::Value) -> frontdesk::domain::outbound::SendRequest {
    let mut request = request(content(kind, body));
    request.reply_to = Some("17800000000000060".into());
    // Long after the window: none of this needs one.
    request.outside_window = true;
    request
}

#[rstest]
#[case::reply("comment_reply", json!({"text": "We sent you a DM!"}), "POST /v25.0/17800000000000060/replies ", Some("178"))]
#[case::hide("comment_action", json!({"action": "hide"}), "POST /v25.0/17800000000000060?hide=true ", None)]
#[case::unhide("comment_action", json!({"action": "unhide"}), "POST /v25.0/17800000000000060?hide=false ", None)]
#[case::delete("comment_action", json!({"action": "delete"}), "DELETE /v25.0/17800000000000060 ", None)]
#[tokio::test]
async fn a_comment_is_answered_hidden_and_deleted(
    #[case] kind: &str,
    #[case] body: serde_json::Value,
    #[case] head: &str,
    #[case] id: Option<&str>,
) {
    let answer = r#"{"id":"178","success":true}"#;
    let (base, server) = serve(vec![Reply::answer(200, "", answer)]).await;
    let request = about_comment(kind, body.clone());
    let got = Instagram
        .send(&http(), &access("instagram", &base), &request)
        .await;
    let SendOutcome::Accepted {
        provider_message_id, ..
    } = got
    else {
        panic!("{got:?}")
    };
    let wanted = id.map_or_else(|| format!("action:{}", request.message), str::to_owned);
    assert_eq!(provider_message_id, wanted);
    let asked = server.await.expect("served").remove(0);
    assert!(asked.head.starts_with(head), "{}", asked.head);
    if id.is_some() {
        assert_eq!(asked.body, json!({"message": body["text"]}));
    }
}

#[rstest]
#[case::gone(400, json!({"error": {"code": 100, "error_subcode": 33, "message": "does not exist"}}), "no longer there")]
#[case::forbidden(403, json!({"error": {"code": 10, "message": "permission"}}), "manage comments")]
#[case::scope(403, json!({"error": {"code": 200, "message": "permission"}}), "manage comments")]
#[tokio::test]
async fn what_only_comments_lack_stops_no_channel(
    #[case] status: u16,
    #[case] body: serde_json::Value,
    #[case] title: &str,
) {
    for (kind, content) in [
        ("comment_reply", json!({"text": "Thanks"})),
        ("comment_action", json!({"action": "delete"})),
    ] {
        let (base, _server) = serve(vec![Reply::answer(status, "", &body.to_string())]).await;
        let request = about_comment(kind, content);
        match Instagram
            .send(&http(), &access("facebook", &base), &request)
            .await
        {
            SendOutcome::Refused(error) => {
                assert!(!error.class.stops_channel(), "{error:?}");
                assert!(error.title.contains(title), "{error:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_doubt_only_where_repeating_does_harm() {
    for (kind, body, doubt) in [
        ("comment_reply", json!({"text": "Thanks"}), true),
        ("comment_action", json!({"action": "hide"}), false),
        ("comment_action", json!({"action": "delete"}), true),
    ] {
        let (base, _server) = serve(vec![Reply::HangUp]).await;
        let request = about_comment(kind, body);
        let got = Instagram
            .send(&http(), &access("instagram", &base), &request)
            .await;
        assert_eq!(matches!(got, SendOutcome::Unknown(_)), doubt, "{kind}: {got:?}");
    }
}
