//! Webhooks of every shape, and whatever else may come.

use frontdesk::channels::instagram::Instagram;
use frontdesk::channels::{Address, Provider};
use frontdesk::domain::Timestamp;
use frontdesk::domain::identity::IdentityKind;
use frontdesk::domain::inbound::Inbound;
use frontdesk::domain::message::MessageStatus;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, CUSTOMER, body, change, items, message};

fn said(message: Value) -> Value {
    body(json!({ "message": message }))
}

fn attachment(kind: &str, payload: Value) -> Value {
    json!({"type": kind, "payload": payload})
}

#[rstest]
#[case::text(json!({"mid": "m", "text": "hi"}), "text", json!({"body": "hi"}))]
#[case::empty_text(json!({"mid": "m", "text": ""}), "text", json!({"body": ""}))]
#[case::quick_reply(json!({"mid": "m", "text": "Yes", "quick_reply": {"payload": "Y"}}), "interactive",
    json!({"type": "button_reply", "button_reply": {"id": "Y", "title": "Yes"}}))]
#[case::image(json!({"mid": "m", "attachments": [attachment("image", json!({"url": "https://a/1"}))]}), "image",
    json!({"link": "https://a/1"}))]
#[case::with_words(json!({"mid": "m", "text": "look", "attachments": [attachment("video", json!({"url": "https://a/1"}))]}),
    "video", json!({"link": "https://a/1", "caption": "look"}))]
#[case::file(json!({"mid": "m", "attachments": [attachment("file", json!({"url": "https://a/1"}))]}), "document",
    json!({"link": "https://a/1"}))]
#[case::words_beside_a_link(json!({"mid": "m", "text": "see", "attachments": [attachment("fallback", json!({"url": "https://a/1", "title": "T"}))]}),
    "fallback", json!({"media_url": "https://a/1", "title": "T", "text": "see"}))]
#[case::words_beside_a_template(json!({"mid": "m", "text": "see", "attachments": [attachment("template", json!({"elements": []}))]}),
    "attachment", json!({"elements": [], "attachment_type": "template", "text": "see"}))]
#[case::heart(json!({"mid": "m", "attachments": [{"type": "like_heart"}]}), "like_heart", json!({}))]
#[case::post(json!({"mid": "m", "attachments": [attachment("ig_post", json!({"url": "https://a/1", "title": "T",
    "ig_post_media_id": "7"}))]}), "ig_post", json!({"media_url": "https://a/1", "title": "T", "ig_post_media_id": "7"}))]
#[case::new_kind(json!({"mid": "m", "attachments": [attachment("hologram", json!({"depth": 3}))]}), "hologram",
    json!({"depth": 3}))]
#[case::house_word(json!({"mid": "m", "attachments": [attachment("note", json!({"body": "x"}))]}), "attachment",
    json!({"body": "x", "attachment_type": "note"}))]
#[case::unsupported(json!({"mid": "m", "is_unsupported": true}), "unsupported", json!({}))]
#[case::bare(json!({"mid": "m", "new_field": 1}), "unsupported", json!({"new_field": 1}))]
#[case::deleted(json!({"mid": "m", "is_deleted": true}), "revoke", json!({"original_message_id": "m"}))]
fn contents_have_the_houses_names(#[case] raw: Value, #[case] kind: &str, #[case] wanted: Value) {
    let read = message(&said(raw));
    assert_eq!((read.content.kind.as_str(), &read.content.body), (kind, &wanted));
    assert_eq!(read.sender.identities[0].value, CUSTOMER);
    assert_eq!(read.at, Some(Timestamp(1_792_400_111_222_000)));
}

#[test]
fn several_attachments_stay_one_message_with_all_of_them() {
    let read = message(&said(json!({"mid": "m", "attachments": [
        attachment("image", json!({"url": "https://a/1"})), attachment("video", json!({"url": "https://a/2"}))]})));
    assert_eq!(read.content.kind, "image");
    assert_eq!(
        read.content.body,
        json!({"link": "https://a/1", "attachments": [{"type": "video", "video": {"link": "https://a/2"}}]})
    );
}

#[test]
fn what_was_answered_is_kept() {
    let read = message(&said(
        json!({"mid": "m", "text": "yes", "reply_to": {"mid": "before"}}),
    ));
    assert_eq!(read.reply_to.as_deref(), Some("before"));
    let story = json!({"mid": "m", "text": "nice", "reply_to": {"story": {"id": "9", "url": "https://a/s"}}});
    let read = message(&said(story));
    assert_eq!(read.reply_to, None);
    assert_eq!(
        read.extra.expect("a story")["story_reply"],
        json!({"id": "9", "media_url": "https://a/s"})
    );
    let referral = json!({"ref": "spring", "ad_id": "1", "source": "ADS"});
    let read = message(&said(
        json!({"mid": "m", "text": "hi", "referral": referral.clone()}),
    ));
    assert_eq!(read.extra.expect("a referral")["referral"], referral);
}

#[test]
fn edits_reactions_taps_and_referrals_have_ids_of_their_own_that_stay_the_same() {
    let table = [
        (
            json!({"message_edit": {"mid": "m", "text": "new", "num_edit": 2}}),
            "edit",
            json!({"original_message_id": "m", "num_edit": 2,
                "message": {"type": "text", "text": {"body": "new"}}}),
        ),
        (
            json!({"message_edit": {"mid": "m", "text": "new", "num_edit": "3"}}),
            "edit",
            json!({"original_message_id": "m", "num_edit": 3,
                "message": {"type": "text", "text": {"body": "new"}}}),
        ),
        (
            json!({"reaction": {"mid": "m", "action": "react", "reaction": "love", "emoji": "🔥"}}),
            "reaction",
            json!({"message_id": "m", "emoji": "🔥"}),
        ),
        (
            json!({"reaction": {"mid": "m", "action": "react", "reaction": "wow"}}),
            "reaction",
            json!({"message_id": "m", "emoji": "😮"}),
        ),
        (
            json!({"reaction": {"mid": "m", "action": "unreact"}}),
            "reaction",
            json!({"message_id": "m", "emoji": ""}),
        ),
        (
            json!({"postback": {"title": "Hours?", "payload": "HOURS"}}),
            "button",
            json!({"text": "Hours?", "payload": "HOURS"}),
        ),
        (
            json!({"referral": {"ref": "qr1", "source": "IGME"}}),
            "referral",
            json!({"ref": "qr1", "source": "IGME"}),
        ),
    ];
    let mut seen = std::collections::HashSet::new();
    for (event, kind, wanted) in table {
        let event = body(event);
        let read = message(&event);
        assert_eq!(
            (read.content.kind.as_str(), &read.content.body),
            (kind, &wanted),
            "{event}"
        );
        assert_eq!(message(&event).provider_message_id, read.provider_message_id);
        assert_ne!(read.provider_message_id, "m");
        assert!(seen.insert(read.provider_message_id.clone()), "{read:?}");
    }
}

#[test]
fn an_echo_is_with_its_recipient_and_a_note_to_oneself_is_no_news() {
    let echo = |is_self: bool| {
        body(
            json!({"sender": {"id": ACCOUNT}, "recipient": {"id": if is_self { ACCOUNT } else { CUSTOMER }},
            "message": {"mid": "e", "text": "ours", "is_echo": true, "is_self": is_self}}),
        )
    };
    let [Inbound::Echo(ours)] = &items(&echo(false))[..] else {
        panic!("no echo")
    };
    assert_eq!(ours.sender.identities[0].value, CUSTOMER);
    assert!(items(&echo(true)).is_empty());
}

#[test]
fn seen_is_a_status() {
    let [Inbound::Status(update)] = &items(&body(json!({"read": {"mid": "m"}})))[..] else {
        panic!("no status")
    };
    assert_eq!(
        (update.provider_message_id.as_str(), update.status),
        ("m", MessageStatus::Read)
    );
}

#[test]
fn comments_come_from_everywhere_and_our_own_are_dropped() {
    let from = |id: &str| json!({"id": id, "username": "amina.o"});
    for (field, id, on) in [
        ("comments", "id", "post"),
        ("live_comments", "id", "live"),
        ("comments", "comment_id", "post"),
        ("mentions", "comment_id", "mention"),
    ] {
        let read = message(&change(
            field,
            json!({id: "178", "from": from(CUSTOMER), "text": "Price?", "media": {"id": "9"}}),
        ));
        assert_eq!(
            (read.provider_message_id.as_str(), read.content.kind.as_str()),
            ("178", "comment")
        );
        let body = &read.content.body;
        assert_eq!(
            (&body["id"], &body["text"], &body["on"]),
            (&json!("178"), &json!("Price?"), &json!(on)),
            "{field}"
        );
        assert_eq!(read.sender.identities[0].kind, IdentityKind::Username);
        assert_eq!(read.at, Some(Timestamp::from_seconds(1_792_400_112)));
    }
    assert!(
        items(&change(
            "comments",
            json!({"id": "178", "from": from(ACCOUNT), "text": "ours"})
        ))
        .is_empty()
    );
    let flat = json!({"object": "instagram", "entry": [{"id": ACCOUNT, "time": 1_792_400_112, "field": "comments",
        "value": {"id": "179", "from": from(CUSTOMER), "text": "flat"}}]});
    assert_eq!(message(&flat).provider_message_id, "179");
}

#[test]
fn standby_is_kept_and_marked() {
    let event = json!({"sender": {"id": CUSTOMER}, "recipient": {"id": ACCOUNT}, "timestamp": 1_792_400_111_222_i64,
        "message": {"mid": "m", "text": "to another app"}});
    let body = json!({"object": "instagram", "entry": [{"id": ACCOUNT, "time": 1, "standby": [event]}]});
    assert_eq!(message(&body).extra, Some(json!({"standby": true})));
}

#[test]
fn what_nobody_knows_is_kept_and_its_neighbours_are_read() {
    let body = json!({"object": "instagram", "entry": [
        "odd", {"id": ACCOUNT, "messaging": ["odd", {"sender": {"id": CUSTOMER}, "telepathy": {"x": 1}},
            {"sender": {"id": CUSTOMER}, "message": {"mid": "m", "text": "hi"}}, {"message": {"mid": "n"}}],
            "changes": [{"field": "weather", "value": 7}, {"field": "comments"}, 5]},
        {"id": "1", "changes": 5}, {"id": "2"}]});
    let read = items(&body);
    let unknown = read
        .iter()
        .filter(|item| matches!(item, Inbound::Notice(notice) if !notice.known))
        .count();
    let messages = read
        .iter()
        .filter(|item| matches!(item, Inbound::Message(_)))
        .count();
    assert_eq!((messages, unknown), (1, 9), "{read:#?}");
}

#[test]
fn a_delivery_is_cut_by_account_byte_for_byte() {
    let raw = format!(
        r#"{{"object":"instagram","entry":[{{"id":"1","messaging":[],"x":"\u00e9"}},{{"id":"{ACCOUNT}"}}]}}"#
    );
    let kept = Instagram.keep_only(raw.as_bytes(), &|address| *address == Address::Number("1".into()));
    let kept = String::from_utf8(kept.expect("Instagram's")).expect("text");
    assert_eq!(
        kept,
        r#"{"object":"instagram","entry":[{"id":"1","messaging":[],"x":"\u00e9"}]}"#
    );
    assert_eq!(Instagram.keep_only(b"{}", &|_| true), None);
    assert!(
        Instagram
            .peek_addresses(b"{\"object\":\"page\",\"entry\":[]}")
            .is_empty()
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "id",
        "mid",
        "text",
        "message",
        "sender",
        "recipient",
        "timestamp",
        "attachments",
        "type",
        "payload",
        "url",
        "is_echo",
        "is_deleted",
        "reply_to",
        "story",
        "reaction",
        "read",
        "postback",
        "referral",
        "field",
        "value",
        "from",
        "messaging",
        "changes",
        "standby",
        "entry",
        "quick_reply",
        "message_edit",
        "num_edit",
        "optin",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!(ACCOUNT)),
        prop::sample::select(vec!["comments", "messages", "image", "note", "love", "standby"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_brings_the_parser_down_and_both_readings_agree(entries in prop::collection::vec(any_json(), 0..4)) {
        let body = json!({"object": "instagram", "entry": entries}).to_string();
        let deliveries = Instagram.parse(body.as_bytes()).expect("an object with a list");
        let addresses: Vec<Address> = deliveries.into_iter().map(|delivery| delivery.address).collect();
        prop_assert_eq!(Instagram.peek_addresses(body.as_bytes()), addresses);
    }

    #[test]
    fn no_event_brings_the_parser_down(event in any_json(), place in prop::sample::select(vec!["messaging", "standby", "changes"])) {
        let body = json!({"object": "instagram", "entry": [{"id": ACCOUNT, "time": 1, place: [event]}]}).to_string();
        let once = Instagram.parse(body.as_bytes()).expect("a body");
        prop_assert_eq!(once, Instagram.parse(body.as_bytes()).expect("a body"));
    }

    #[test]
    fn no_bytes_bring_it_down(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Instagram.parse(&bytes);
        let _ = Instagram.keep_only(&bytes, &|_| true);
        prop_assert!(Instagram.peek_addresses(&bytes).len() < 200);
    }
}

#[test]
fn a_pages_news_stand_under_the_page_and_are_read_alike() {
    let event = json!({"sender": {"id": CUSTOMER}, "recipient": {"id": "1059"}, "timestamp": 1_792_400_111_222_i64,
        "message": {"mid": "m_page", "text": "hi"}});
    let own = json!({"sender": {"id": "1059"}, "recipient": {"id": CUSTOMER}, "timestamp": 1_792_400_111_223_i64,
        "message": {"mid": "m_own", "text": "hello", "is_echo": true}});
    let body = json!({"object": "page", "entry": [
        {"id": "1059", "time": 1_792_400_112_000_i64, "messaging": [event, own]},
        {"id": "1060", "time": 1_792_400_112_000_i64, "messaging": []},
    ]})
    .to_string();
    let page = |id: &str| Address::Page(id.to_owned());
    assert_eq!(
        Instagram.peek_addresses(body.as_bytes()),
        [page("1059"), page("1060")]
    );
    let deliveries = Instagram.parse(body.as_bytes()).expect("a delivery");
    assert_eq!(deliveries[0].address, page("1059"));
    let [Inbound::Message(said), Inbound::Echo(echo)] = deliveries[0].items.as_slice() else {
        panic!("{:?}", deliveries[0].items);
    };
    assert_eq!(
        (said.provider_message_id.as_str(), said.content.kind.as_str()),
        ("m_page", "text")
    );
    assert_eq!(said.sender.identities[0].value, CUSTOMER);
    assert_eq!(echo.sender.identities[0].value, CUSTOMER);
    let kept = Instagram.keep_only(body.as_bytes(), &|address| *address == page("1060"));
    let kept = String::from_utf8(kept.expect("a body")).expect("text");
    assert!(
        kept.starts_with("{\"object\":\"page\"") && !kept.contains("1059"),
        "{kept}"
    );
    assert!(Instagram.parse(b"{\"object\":\"user\",\"entry\":[]}").is_err());
}
