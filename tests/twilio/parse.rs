//! What each shape of a webhook becomes.

use frontdesk::channels::twilio::Twilio;
use frontdesk::channels::{Provider, WebhookRequest};
use frontdesk::domain::MessageStatus;
use frontdesk::domain::identity::IdentityKind;
use frontdesk::domain::inbound::{Inbound, InboundMessage, StatusUpdate};
use frontdesk::domain::outbound::ErrorClass;
use serde_json::{Value, json};

use crate::support::{form, items, message_id};

fn messages(extra: &[(&str, &str)]) -> Vec<InboundMessage> {
    let whatsapp = [
        ("MessageSid", "SM9"),
        ("From", "whatsapp:+5511987650001"),
        ("To", "whatsapp:+551130001000"),
        ("WaId", "5511987650001"),
        ("ProfileName", "Beatriz"),
        ("SmsStatus", "received"),
    ];
    let pairs: Vec<_> = whatsapp.into_iter().chain(extra.iter().copied()).collect();
    let read = |item| match item {
        Inbound::Message(message) => message,
        other => panic!("{other:?}"),
    };
    items(&form(&pairs)).into_iter().map(read).collect()
}

fn status(pairs: &[(&str, &str)]) -> StatusUpdate {
    let all: Vec<_> = [("MessageSid", "SM9")]
        .into_iter()
        .chain(pairs.iter().copied())
        .collect();
    match items(&form(&all)).remove(0) {
        Inbound::Status(status) => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_type_has_its_content() {
    let file = [
        ("MediaUrl0", "https://api.twilio.com/x"),
        ("MediaContentType0", "audio/ogg"),
    ];
    let with = |kind: &'static str, more: &[(&'static str, &'static str)]| {
        let mut all = vec![("MessageType", kind)];
        all.extend_from_slice(more);
        all
    };
    type Row = (Vec<(&'static str, &'static str)>, &'static str, Value);
    let table: Vec<Row> = vec![
        (with("text", &[("Body", " oi ")]), "text", json!({"body": " oi "})),
        (
            with(
                "location",
                &[("Latitude", "-23.5"), ("Longitude", "-46.6"), ("Label", "Casa")],
            ),
            "location",
            json!({"latitude": -23.5, "longitude": -46.6, "name": "Casa"}),
        ),
        (
            with(
                "button",
                &[("ButtonText", "Sim"), ("ButtonPayload", "yes-1"), ("Body", "Sim")],
            ),
            "button",
            json!({"text": "Sim", "payload": "yes-1"}),
        ),
        (
            with(
                "interactive",
                &[("ListId", "a"), ("ListTitle", "A"), ("Body", "A")],
            ),
            "interactive",
            json!({"type": "list_reply", "list_reply": {"id": "a", "title": "A"}}),
        ),
        (
            with(
                "reaction",
                &[("Body", "👍"), ("OriginalRepliedMessageSid", "SM1")],
            ),
            "reaction",
            json!({"message_id": "SM1", "emoji": "👍"}),
        ),
        (
            with("audio", &file),
            "audio",
            json!({"url": "https://api.twilio.com/x", "mime_type": "audio/ogg", "voice": true}),
        ),
        (
            with(
                "contacts",
                &[
                    ("MediaUrl0", "https://api.twilio.com/x"),
                    ("MediaContentType0", "text/vcard"),
                ],
            ),
            "contacts",
            json!([{"document": {"url": "https://api.twilio.com/x", "mime_type": "text/vcard"}}]),
        ),
    ];
    for (pairs, kind, body) in table {
        let got = messages(&pairs).remove(0).content;
        assert_eq!((got.kind.as_str(), &got.body), (kind, &body));
    }
    let hologram = messages(&with("hologram", &[("Body", "x"), ("Depth", "3")]))
        .remove(0)
        .content;
    assert_eq!(
        (hologram.kind.as_str(), &hologram.body["Depth"]),
        ("hologram", &json!("3"))
    );
    assert_eq!(
        messages(&with("note", &[("Body", "x")]))[0].content.kind,
        "unknown"
    );
    let edit = messages(&with("edit", &[("Body", "x")])).remove(0);
    assert_eq!(
        (edit.content.kind.as_str(), edit.content.preview()),
        ("unknown", "x".to_owned())
    );
}

#[test]
fn words_beside_a_card_and_both_parts_of_a_form_are_kept() {
    let card = [
        ("Body", "call her"),
        ("MediaUrl0", "https://api.twilio.com/x"),
        ("MediaContentType0", "text/x-vcard"),
    ];
    let kinds: Vec<String> = messages(&card)
        .into_iter()
        .map(|each| each.content.preview())
        .collect();
    assert_eq!(kinds, ["call her", "[contacts]"]);
    let form = messages(&[
        ("MessageType", "interactive"),
        ("InteractiveData", r#"{"a":1}"#),
        ("FlowData", r#"{"size":"L"}"#),
    ]);
    let answers = form[0].content.body["nfm_reply"]["response_json"]
        .as_str()
        .expect("JSON");
    let answers: Value = serde_json::from_str(answers).expect("JSON");
    assert_eq!(answers, json!({"size": "L", "InteractiveData": {"a": 1}}));
}

#[test]
fn several_files_become_several_messages_and_words_are_said_once() {
    let got = messages(&[
        ("Body", "our shop"),
        ("NumMedia", "2"),
        ("MediaUrl0", "https://a.example"),
        ("MediaContentType0", "image/jpeg"),
        ("MediaUrl1", "https://b.example"),
        ("MediaContentType1", "video/mp4"),
        ("OptOutType", "STOP"),
    ]);
    let shown: Vec<_> = got
        .iter()
        .map(|it| {
            (
                it.provider_message_id.as_str(),
                it.content.kind.as_str(),
                it.content.body.get("caption"),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("SM9", "image", Some(&json!("our shop"))),
            ("SM9/1", "video", None)
        ]
    );
    assert!(got[0].extra.is_some() && got[1].extra.is_none());
}

#[test]
fn people_are_known_by_number_and_user_id() {
    let both = messages(&[("Body", "x"), ("ExternalUserId", "whatsapp:BR.77")])
        .remove(0)
        .sender;
    let kinds: Vec<_> = both
        .identities
        .iter()
        .map(|it| (it.kind, it.value.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            (IdentityKind::WhatsappUserId, "BR.77"),
            (IdentityKind::WhatsappId, "5511987650001")
        ]
    );
    assert_eq!(both.profile_name.as_deref(), Some("Beatriz"));
    let sms = form(&[
        ("MessageSid", "SM1"),
        ("From", "+14155550123"),
        ("To", "+1415"),
        ("Body", "hi"),
    ]);
    let Inbound::Message(sms) = items(&sms).remove(0) else {
        panic!("a message")
    };
    assert_eq!(
        (
            sms.sender.identities[0].kind,
            sms.sender.identities[0].value.as_str()
        ),
        (IdentityKind::Phone, "+14155550123")
    );
}

#[test]
fn what_twilio_heeds_itself_is_marked() {
    let said = |pairs: &[(&str, &str)]| {
        let all: Vec<_> = [("MessageSid", "SM1"), ("From", "+14155550123")]
            .into_iter()
            .chain(pairs.iter().copied())
            .collect();
        match items(&form(&all)).remove(0) {
            Inbound::Message(message) => message
                .extra
                .and_then(|extra| Some(extra.get("opt_out")?["keyword"].clone())),
            other => panic!("{other:?}"),
        }
    };
    let table = [
        (vec![("Body", " Stop ")], Some("stop")),
        (vec![("Body", "unstop")], Some("start")),
        (vec![("Body", "INFO")], Some("help")),
        (vec![("Body", "please stop")], None),
        (vec![("Body", "ARRET"), ("OptOutType", "STOP")], Some("stop")),
        // On WhatsApp Twilio heeds nothing: that is for us.
        (vec![("Body", "STOP"), ("To", "whatsapp:+1415")], None),
    ];
    for (pairs, keyword) in table {
        assert_eq!(said(&pairs), keyword.map(Value::from), "{pairs:?}");
    }
}

#[test]
fn everything_said_beside_the_message_is_kept() {
    let got = messages(&[
        ("Body", "x"),
        ("FrequentlyForwarded", "true"),
        ("ReferralHeadline", "Bolos"),
        ("ReferralCtwaClid", "clid"),
        ("ChannelMetadata", "{\"a\":1}"),
        ("Brandnew", "1"),
        ("Empty", ""),
        ("OriginalRepliedMessageSid", "SM7"),
    ])
    .remove(0);
    assert!(got.forwarded);
    assert_eq!(got.reply_to.as_deref(), Some("SM7"));
    let wanted = json!({
        "frequently_forwarded": true,
        "referral": {"headline": "Bolos", "ctwa_clid": "clid"},
        "channel_metadata": {"a": 1},
        "twilio": {"Brandnew": "1"},
    });
    assert_eq!(got.extra, Some(wanted));
}

#[test]
fn statuses_lead_where_they_say() {
    let table = [
        ("queued", MessageStatus::Accepted),
        ("sending", MessageStatus::Accepted),
        ("sent", MessageStatus::Sent),
        ("delivered", MessageStatus::Delivered),
        ("read", MessageStatus::Read),
        ("undelivered", MessageStatus::Failed),
        ("canceled", MessageStatus::Failed),
    ];
    for (word, wanted) in table {
        let got = status(&[("MessageStatus", word)]);
        assert_eq!(
            (got.status, got.error.is_some()),
            (wanted, wanted == MessageStatus::Failed),
            "{word}"
        );
    }
    let stopped = status(&[("SmsStatus", "failed"), ("ErrorCode", "21610")]);
    assert_eq!(stopped.error_class, Some(ErrorClass::OptOut));
    let unknown = items(&form(&[("MessageSid", "SM9"), ("MessageStatus", "teleported")]));
    assert!(matches!(&unknown[0], Inbound::Notice(notice) if !notice.known));
}

#[test]
fn our_own_id_comes_back_with_the_signed_address() {
    let body = form(&[("MessageSid", "SM9"), ("MessageStatus", "sent")]);
    let query = format!("frontdesk_message={}", message_id());
    let request = WebhookRequest {
        query: &query,
        header: &|_| None,
        by_get: false,
        body: &body,
    };
    let kept = Twilio.kept(&request);
    let Inbound::Status(status) = items(&kept).remove(0) else {
        panic!("a status")
    };
    assert_eq!(status.callback, Some(message_id()));
}

#[test]
fn what_is_no_message_is_kept_whole() {
    for body in [
        form(&[("CallSid", "CA1"), ("CallStatus", "ringing")]),
        form(&[("MessageSid", "SM1"), ("Body", "from nobody")]),
        b"[{\"type\":\"com.twilio.messaging.message.sent\"}]".to_vec(),
    ] {
        assert!(matches!(items(&body)[0], Inbound::Notice(_)));
    }
    assert!(!Twilio.is_delivery(b""));
}
