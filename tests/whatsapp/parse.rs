//! Webhooks: every shape, every quirk, and bodies that somebody tampered with.

use frontdesk::channels::whatsapp::WhatsappCloud;
use frontdesk::channels::{Address, Delivery, Provider};
use frontdesk::domain::identity::IdentityKind;
use frontdesk::domain::inbound::{ChannelNotice, Inbound, InboundMessage, StatusUpdate};
use frontdesk::domain::outbound::ErrorClass;
use frontdesk::domain::{MessageStatus, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{fixture, fixtures, message_id};

fn parse(raw: &[u8]) -> Vec<Delivery> {
    WhatsappCloud.parse(raw).expect("a body of this provider")
}

/// All items of a fixture, in order of delivery.
fn items(name: &str) -> Vec<Inbound> {
    parse(&fixture(name))
        .into_iter()
        .flat_map(|delivery| delivery.items)
        .collect()
}

fn messages(name: &str) -> Vec<InboundMessage> {
    let message = |item| match item {
        Inbound::Message(message) => message,
        other => panic!("not a message: {other:?}"),
    };
    items(name).into_iter().map(message).collect()
}

/// A value in a body with one message.
fn one(message: &str) -> Vec<Inbound> {
    let raw = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":
        {{"metadata":{{"phone_number_id":"2"}},"messages":[{message},
        {{"from":"5511","id":"wamid.NEXT","type":"text","text":{{"body":"next"}}}}]}}}}]}}]}}"#
    );
    parse(raw.as_bytes()).remove(0).items
}

fn line(item: &Inbound) -> String {
    match item {
        Inbound::Message(m) => format!("message {} {}", m.provider_message_id, m.content.kind),
        Inbound::Echo(m) => format!("echo {} {}", m.provider_message_id, m.content.kind),
        Inbound::Status(s) => format!("status {} {}", s.provider_message_id, s.status.as_str()),
        Inbound::Preference(p) => format!("preference {}", if p.marketing { "resume" } else { "stop" }),
        Inbound::Notice(n) => format!("notice {} {}", n.field, if n.known { "known" } else { "unknown" }),
    }
}

#[test]
fn each_type_keeps_its_kind_and_its_body() {
    let wanted = [
        ("text", json!({"body": "Bom dia"})),
        (
            "image",
            json!({"mime_type": "image/jpeg", "sha256": "abc=", "media_id": "9001", "caption": "torto"}),
        ),
        ("video", json!({"mime_type": "video/mp4", "media_id": "9002"})),
        (
            "audio",
            json!({"mime_type": "audio/ogg; codecs=opus", "media_id": "9003", "voice": true}),
        ),
        ("document", json!({"media_id": "9004", "filename": "nota.pdf"})),
        ("sticker", json!({"media_id": "9005", "animated": false})),
        (
            "location",
            json!({"latitude": -23.5, "longitude": -46.6, "name": "Padaria"}),
        ),
        (
            "contacts",
            json!([{"name": {"formatted_name": "Rui"}, "phones": [{"phone": "+5511977770000"}]}]),
        ),
        ("reaction", json!({"message_id": "wamid.OUR1", "emoji": ""})),
        ("button", json!({"payload": "YES", "text": "Sim"})),
        (
            "interactive",
            json!({"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{\"a\":1}"}}),
        ),
        (
            "order",
            json!({"catalog_id": "1", "product_items":
                [{"product_retailer_id": "P", "quantity": 2, "item_price": 3.5, "currency": "BRL"}]}),
        ),
        (
            "system",
            json!({"type": "user_changed_number", "wa_id": "5511988889999", "body": "changed"}),
        ),
        ("request_welcome", json!({})),
        (
            "unsupported",
            json!({"type": "poll_creation", "errors": [{"code": 131_051, "title": "unknown"}]}),
        ),
        (
            "edit",
            json!({"original_message_id": "wamid.OWN0002",
                "message": {"type": "image", "image": {"media_id": "9001", "caption": "reto"}}}),
        ),
        ("revoke", json!({"original_message_id": "wamid.OWN0002"})),
        ("hologram", json!({"shape": "cube"})),
        (
            "gesture",
            json!({"from": "5511988880001", "id": "wamid.OWN0019", "timestamp": "1793000019", "type": "gesture"}),
        ),
    ];
    let got = messages("webhook-kinds.json");
    assert_eq!(got.len(), wanted.len());
    for (n, (message, (kind, body))) in got.iter().zip(wanted).enumerate() {
        assert_eq!(
            (message.content.kind.as_str(), &message.content.body),
            (kind, &body)
        );
        assert_eq!(message.provider_message_id, format!("wamid.OWN{:04}", n + 1));
        let seconds = 1_793_000_001 + i64::try_from(n).expect("small");
        assert_eq!(message.at, Some(Timestamp::from_seconds(seconds)));
        assert_eq!(message.sender.profile_name.as_deref(), Some("Ana Souza"));
    }
    assert_eq!(got[9].reply_to.as_deref(), Some("wamid.OUR1"));
    let of_sender = json!({"parent_user_id": "BR.ENT.660001", "identity_key_hash": "aGFzaA=="});
    assert_eq!(got[0].extra, Some(of_sender));
}

#[test]
fn decorations_are_kept_beside_the_message() {
    let got = messages("webhook-decorations.json");
    let extra = |n: usize, name: &str| got[n].extra.as_ref().expect("extra")[name].clone();
    assert_eq!(got[0].reply_to.as_deref(), Some("wamid.OUR1"));
    assert_eq!(
        extra(0, "referred_product"),
        json!({"catalog_id": "1", "product_retailer_id": "P"})
    );
    assert!(!got[0].forwarded && got[1].forwarded && got[2].forwarded);
    assert_eq!(got[1].reply_to, None);
    assert_eq!(extra(2, "frequently_forwarded"), true);
    assert_eq!(extra(3, "referral")["ctwa_clid"], "CL");
    assert_eq!(extra(4, "group_id"), "GROUP1");
    assert_eq!(extra(4, "novelty"), json!({"x": [1]}));
    assert_eq!(got[4].extra.as_ref().and_then(|extra| extra.get("text")), None);
}

#[test]
fn people_are_known_by_whatever_is_told() {
    use IdentityKind::{Username, WhatsappId, WhatsappUserId};
    let got = messages("webhook-people.json");
    let ids = |n: usize| -> Vec<(IdentityKind, &str)> {
        got[n]
            .sender
            .identities
            .iter()
            .map(|it| (it.kind, it.value.as_str()))
            .collect()
    };
    assert_eq!(ids(0), [(WhatsappUserId, "BR.77"), (Username, "ana.s")]);
    assert_eq!(ids(1), [(WhatsappUserId, "BR.77"), (Username, "ana.s")]);
    assert_eq!(ids(2), [(WhatsappUserId, "BR.77"), (WhatsappId, "5511988880001")]);
    assert_eq!(got[2].sender.profile_name.as_deref(), Some("Ana"));
    assert_eq!(
        ids(3),
        [(WhatsappId, "5511988880001")],
        "somebody else's contact is not taken"
    );
    assert_eq!(got[3].sender.profile_name, None);
    assert_eq!(ids(4), [(WhatsappId, "5511988880001")]);
    assert_eq!(
        got[1].at,
        Some(Timestamp::from_seconds(1_793_000_101)),
        "a number as time"
    );
    assert_eq!(
        got[3].at,
        Some(Timestamp::from_seconds(1_793_000_103)),
        "milliseconds"
    );
    assert_eq!(got[4].at, None);
}

#[test]
fn statuses_in_old_and_new_shapes() {
    let all = items("webhook-statuses.json");
    assert_eq!(all.len(), 9);
    assert_eq!(line(&all[7]), "notice statuses unknown");
    let got: Vec<&StatusUpdate> = all
        .iter()
        .filter_map(|item| match item {
            Inbound::Status(status) => Some(status),
            _ => None,
        })
        .collect();
    let steps: Vec<MessageStatus> = got.iter().map(|status| status.status).collect();
    use MessageStatus::{Delivered, Failed, Read, Sent};
    assert_eq!(steps, [Sent, Delivered, Read, Read, Failed, Failed, Failed, Read]);
    assert_eq!(got[0].callback, Some(message_id()));
    assert_eq!(got[1].callback, None, "somebody else's callback data");
    let pricing = got[0].pricing.clone().expect("a price");
    assert_eq!(
        (pricing.category.as_str(), pricing.billable),
        ("marketing", Some(true))
    );
    assert_eq!(
        (pricing.kind.as_str(), pricing.model.as_str()),
        ("regular", "PMP")
    );
    assert_eq!(
        got[0].recipient.len(),
        2,
        "the contact beside it teaches the user id"
    );
    let error = got[4].error.clone().expect("an error");
    assert_eq!(
        (error.code.as_str(), error.detail.as_str()),
        ("131047", "24 hours")
    );
    assert_eq!(got[4].error_class, Some(ErrorClass::Window));
    assert!(error.advice.contains("template"));
    let old = got[5].error.clone().expect("an error");
    assert_eq!((old.code.as_str(), old.detail.as_str()), ("131053", "404"));
    assert!(got[6].error.is_some() && got[6].error_class.is_none());
    let group: Vec<&str> = got[7]
        .recipient
        .iter()
        .map(|identity| identity.value.as_str())
        .collect();
    assert_eq!(group, ["5511900000002"], "a group is not a person");
}

#[test]
fn a_bad_item_never_takes_its_neighbours_along() {
    let deliveries = parse(&fixture("webhook-mixed.json"));
    let shown: Vec<(Address, Vec<String>)> = deliveries
        .iter()
        .map(|delivery| {
            (
                delivery.address.clone(),
                delivery.items.iter().map(line).collect(),
            )
        })
        .collect();
    let number = |id: &str| Address::Number(id.into());
    let account = |id: &str| Address::Account(id.into());
    let lines = |all: &[&str]| -> Vec<String> { all.iter().map(|line| (*line).to_owned()).collect() };
    let wanted = vec![
        (
            number("300100200300401"),
            lines(&[
                "message wamid.OWN0030 text",
                "notice messages unknown",
                "notice messages unknown",
                "message wamid.OWN0031 text",
                "message wamid.OWN0032 unsupported",
                "status wamid.OUR1 read",
                "notice statuses unknown",
                "message wamid.OWN0033 text",
                "notice entry unknown",
            ]),
        ),
        (
            account("200100200300401"),
            lines(&[
                "notice field_of_tomorrow unknown",
                "notice account_update known",
                "notice change unknown",
            ]),
        ),
        (
            account("200100200300999"),
            lines(&["notice account_update known"]),
        ),
        (number("300100200300999"), lines(&["status wamid.OUR1 read"])),
    ];
    assert_eq!(shown, wanted);
    let Inbound::Notice(ChannelNotice { body, .. }) = &deliveries[0].items[1] else {
        panic!("a notice")
    };
    assert_eq!(body, &json!({"from": "5511988880001"}), "the raw JSON is kept");
}

#[test]
fn what_the_phone_app_and_the_history_say() {
    let all = items("webhook-coexistence.json");
    let lines: Vec<String> = all.iter().map(line).collect();
    let wanted = [
        "echo wamid.E1 text",
        "echo wamid.H1 text",
        "echo wamid.H2 media_placeholder",
        "message wamid.H3 text",
        "notice history.threads unknown",
        "notice history known",
        "message wamid.H4 image",
        "notice smb_app_state_sync known",
    ];
    assert_eq!(lines, wanted);
    for item in &all {
        let (Inbound::Message(message) | Inbound::Echo(message)) = item else {
            continue;
        };
        let ids: Vec<&str> = message
            .sender
            .identities
            .iter()
            .map(|it| it.value.as_str())
            .collect();
        assert!(ids.contains(&"5511988880001"), "{ids:?}");
        let history = message.extra.as_ref().and_then(|extra| extra.get("history"));
        assert_eq!(
            history.is_some(),
            message.provider_message_id.starts_with("wamid.H")
        );
    }
    let Inbound::Echo(first) = &all[1] else {
        panic!("an echo")
    };
    assert_eq!(first.extra.as_ref().expect("extra")["history"]["phase"], 1);
    assert_eq!(
        first.extra.as_ref().expect("extra")["history_context"]["status"],
        "READ"
    );
}

#[test]
fn news_about_the_channel_known_and_unknown() {
    let lines: Vec<String> = items("webhook-notices.json").iter().map(line).collect();
    let mut wanted = vec![
        "notice message_template_status_update known",
        "notice message_template_quality_update known",
        "notice user_preferences known",
        "preference stop",
        "notice errors known",
        "notice messages unknown",
        "notice messages.polls unknown",
        "notice calls unknown",
    ];
    let mut lines = lines;
    lines.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
}

#[test]
fn only_bodies_of_this_provider_are_taken() {
    for raw in [
        &b""[..],
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"{\"object\":\"instagram\",\"entry\":[]}",
        b"{\"object\":\"whatsapp_business_account\"}",
        b"{\"object\":\"whatsapp_business_account\",\"entry\":{}}",
        b"{\"object\":\"whatsapp_business_account\",\"entry\":[}",
    ] {
        assert!(
            WhatsappCloud.parse(raw).is_err(),
            "{}",
            String::from_utf8_lossy(raw)
        );
        assert_eq!(WhatsappCloud.peek_addresses(raw), []);
    }
    let empty = b"{\"object\":\"whatsapp_business_account\",\"entry\":[]}";
    assert_eq!(WhatsappCloud.parse(empty), Ok(vec![]));
}

#[test]
fn wrong_types_become_something_that_can_be_shown() {
    let table = [
        (
            r#"{"from":"5511","id":"w","type":"text","text":{"body":5}}"#,
            "message w text",
        ),
        (
            r#"{"from":"5511","id":"w","type":"text"}"#,
            "message w unsupported",
        ),
        (
            r#"{"from":"5511","id":"w","type":"contacts","contacts":[1]}"#,
            "message w unsupported",
        ),
        (
            r#"{"from":"5511","id":"w","type":"reaction","reaction":{}}"#,
            "message w unsupported",
        ),
        (
            r#"{"from":"5511","id":"w","type":"image","image":"7"}"#,
            "message w unsupported",
        ),
        (
            r#"{"from":"5511","id":"w","type":"note","note":{"body":"x"}}"#,
            "message w unknown",
        ),
        (r#"{"from":"5511","id":"w","type":7,"7":{}}"#, "message w 7"),
        (r#"{"from":"5511","id":"w"}"#, "message w unknown"),
        (
            r#"{"from":"5511","id":9,"type":"text","text":{"body":"x"}}"#,
            "message 9 text",
        ),
        (
            r#"{"from":5511,"id":"w","type":"text","text":{"body":"x"}}"#,
            "message w text",
        ),
        (
            r#"{"from":null,"id":"w","type":"text","text":{"body":"x"}}"#,
            "notice messages unknown",
        ),
        (
            r#"{"from":"5511","id":"w","timestamp":"soon","type":"text","text":{"body":"x"}}"#,
            "message w text",
        ),
        (
            r#"{"from":"5511","id":"w","timestamp":9e99,"type":"text","text":{"body":"x"}}"#,
            "message w text",
        ),
        (
            r#"{"from":"5511","id":"w","type":"text","text":{"body":1e999}}"#,
            "notice messages unknown",
        ),
    ];
    for (message, wanted) in table {
        let items = one(message);
        assert_eq!(line(&items[0]), wanted, "{message}");
        assert_eq!(line(&items[1]), "message wamid.NEXT text", "{message}");
    }
    let long_id = format!(
        r#"{{"from":"5511","id":"{}","type":"text","text":{{"body":"x"}}}}"#,
        "w".repeat(600)
    );
    let nameless = [
        long_id.as_str(),
        r#"{"from":"5511","id":"","type":"text","text":{"body":"x"}}"#,
        r#"{"from":"5511","id":null,"type":"image","image":{"id":"7"}}"#,
        r#"{"from":"5511","text":{"body":"x"}}"#,
    ];
    for message in nameless {
        let (first, again) = (one(message), one(message));
        assert_eq!(first, again, "the id is made of what is said: {message}");
        let told = line(&first[0]);
        assert!(told.starts_with("message unnamed:") && told.len() < 64, "{told}");
    }
}

#[test]
fn deep_nesting_and_half_characters_stay_with_their_message() {
    let deep = format!(
        r#"{{"from":"5511","id":"w","type":"x","x":{}{}}}"#,
        "[".repeat(9000),
        "]".repeat(9000)
    );
    let items = one(&deep);
    let Inbound::Notice(notice) = &items[0] else {
        panic!("a notice")
    };
    assert_eq!(notice.body, Value::String(deep), "the raw JSON is kept as text");
    assert_eq!(line(&items[1]), "message wamid.NEXT text");

    let half = one(r#"{"from":"5511","id":"w","type":"text","text":{"body":"cut \ud83d"}}"#);
    let Inbound::Message(message) = &half[0] else {
        panic!("a message")
    };
    assert_eq!(message.content.body["body"], "cut \u{fffd}");
}

#[test]
fn what_names_no_address_alone_stands_under_an_empty_one() {
    let raw = br#"{"object":"whatsapp_business_account","entry":[7,{"changes":[{"field":"x","value":{}}]}]}"#;
    let deliveries = parse(raw);
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].address, Address::Account(String::new()));
    assert_eq!(deliveries[0].items.len(), 2);
    assert_eq!(
        WhatsappCloud.peek_addresses(raw),
        [Address::Account(String::new())]
    );
}

#[test]
fn endless_bodies_are_refused_whole() {
    let many = |element: &str| {
        let all = vec![element; 20_000].join(",");
        format!(r#"{{"object":"whatsapp_business_account","entry":[{all}]}}"#)
    };
    assert!(WhatsappCloud.parse(many("1").as_bytes()).is_err());
    let messages = vec!["1"; 20_000].join(",");
    let raw = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages",
        "value":{{"messages":[{messages}]}}}}]}}]}}"#
    );
    assert!(WhatsappCloud.parse(raw.as_bytes()).is_err());
}

#[test]
fn lists_in_the_place_of_objects_fool_nobody() {
    let body = |entry: &str| format!(r#"{{"object":"whatsapp_business_account","entry":[{entry}]}}"#);
    let change = |value: &str| format!(r#"{{"id":"1","changes":[{{"field":"messages","value":{value}}}]}}"#);
    let entries = [
        r#"["1",[]]"#.to_owned(),
        r#"{"id":"1","changes":[[{"metadata":{"phone_number_id":"2"}}]]}"#.to_owned(),
        change(r#"{"metadata":["2"]}"#),
        change(r#"[{"phone_number_id":"2"}]"#),
        change(r#"{"metadata":{"phone_number_id":" 2 "}}"#),
        change(r#"{"metadata":{"phone_number_id":2}}"#),
        change(r#"{"metadata":{"phone_number_id":"2"},"metadata":{"phone_number_id":"3"}}"#),
        change(r#"{"metadata":null,"waba_info":{"waba_id":"\u0037"}}"#),
    ];
    for entry in entries {
        let raw = body(&entry);
        let parsed: Vec<Address> = parse(raw.as_bytes())
            .into_iter()
            .map(|delivery| delivery.address)
            .collect();
        assert_eq!(WhatsappCloud.peek_addresses(raw.as_bytes()), parsed, "{raw}");
    }
}

#[test]
fn addresses_are_found_without_reading_and_always_the_same() {
    for (name, raw) in fixtures("webhook-") {
        let deliveries: Vec<Address> = parse(&raw).into_iter().map(|delivery| delivery.address).collect();
        assert_eq!(WhatsappCloud.peek_addresses(&raw), deliveries, "{name}");
    }
}

/// A fixture with one place replaced, dropped or doubled.
fn tampered() -> impl Strategy<Value = Value> {
    let all: Vec<Value> = fixtures("webhook-")
        .into_iter()
        .map(|(_, raw)| serde_json::from_slice(&raw).expect("JSON"))
        .collect();
    let odd = prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[[[{"a": []}]]]])),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("x".repeat(2000))),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), odd, any::<bool>()), 1..6);
    (prop::sample::select(all), changes).prop_map(|(mut body, changes)| {
        for (at, odd, doubled) in changes {
            let mut paths = Vec::new();
            collect_paths(&body, String::new(), &mut paths);
            let path = &paths[at.index(paths.len())];
            if let Some(place) = body.pointer_mut(path) {
                let old = place.take();
                *place = if doubled {
                    json!([old.clone(), odd, old])
                } else {
                    odd
                };
            }
        }
        body
    })
}

fn collect_paths(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(name, inner)| collect_paths(inner, format!("{path}/{name}"), paths));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, inner)| collect_paths(inner, format!("{path}/{i}"), paths));
        }
        _ => {}
    }
    paths.push(path);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn tampered_bodies_are_read_or_refused_but_peek_agrees(body in tampered()) {
        let raw = serde_json::to_vec(&body).expect("JSON");
        let peeked = WhatsappCloud.peek_addresses(&raw);
        match WhatsappCloud.parse(&raw) {
            Ok(deliveries) => {
                let addresses: Vec<Address> = deliveries.iter().map(|delivery| delivery.address.clone()).collect();
                prop_assert_eq!(peeked, addresses);
                for delivery in &deliveries {
                    prop_assert!(!delivery.items.is_empty());
                    for item in &delivery.items {
                        if let Inbound::Message(message) | Inbound::Echo(message) = item {
                            prop_assert!(message.sender.identities.iter().any(|it| it.kind.is_lookup()));
                            prop_assert!(!message.provider_message_id.is_empty());
                            prop_assert!(!message.content.is_note());
                            message.content.preview();
                        }
                    }
                }
            }
            Err(_) => prop_assert!(peeked.is_empty()),
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(raw in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(WhatsappCloud.parse(&raw).is_err());
        prop_assert!(WhatsappCloud.peek_addresses(&raw).is_empty());
    }

    #[test]
    fn flipped_bytes_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        for (_, mut raw) in fixtures("webhook-") {
            let at = at.index(raw.len());
            raw[at] = byte;
            let _ = WhatsappCloud.parse(&raw);
            let _ = WhatsappCloud.peek_addresses(&raw);
        }
    }
}
