//! The provider contract, walked file by file, where it lies beside the checkout; nothing is checked elsewhere.

use frontdesk::channels::Provider;
use frontdesk::channels::instagram::Instagram;
use frontdesk::domain::inbound::Inbound;
use frontdesk::domain::outbound::{ErrorClass, SendOutcome};
use serde_json::{Value, json};

use crate::support::{access, content, contract, request};
use crate::wire::{Reply, http, json, json_files, serve};

/// What each webhook is read as, in order: `kind` of a message, `>kind` of an echo, `=status`, `!field` of a notice.
const WEBHOOKS: [(&str, &[&str]); 41] = [
    ("batch-two-events.json", &["text", "text"]),
    ("comment-changes.json", &["comment"]),
    ("comment-facebook-login-comment_id-variant.json", &["comment"]),
    ("comment-instagram-login-flat.json", &["comment"]),
    ("comment-on-ad.json", &["comment"]),
    ("comment-own-reply-must-be-ignored.json", &[]),
    ("handover-pass-thread-control.json", &["!pass_thread_control"]),
    ("live-comment.json", &["comment"]),
    ("mention.json", &["!mentions"]),
    ("message-ad-referral.json", &["text"]),
    ("message-audio.json", &["audio"]),
    ("message-deleted.json", &["revoke"]),
    ("message-delivered-as-change-field.json", &["text"]),
    ("message-echo-image.json", &[">image"]),
    ("message-echo-self-test.json", &[]),
    ("message-echo-text.json", &[">text"]),
    ("message-edit.json", &["edit"]),
    ("message-file.json", &["document"]),
    ("message-ig-post.json", &["ig_post"]),
    ("message-ig-reel.json", &["ig_reel"]),
    ("message-image.json", &["image"]),
    ("message-images-multiple.json", &["image"]),
    ("message-like-heart.json", &["like_heart"]),
    ("message-product-referral.json", &["text"]),
    ("message-share-post.json", &["share"]),
    ("message-story-mention.json", &["story_mention"]),
    ("message-story-reply.json", &["text"]),
    ("message-text-quick-reply.json", &["interactive"]),
    ("message-text-reply-to-message.json", &["text"]),
    ("message-text.json", &["text"]),
    ("message-unsupported.json", &["unsupported"]),
    ("message-video.json", &["video"]),
    ("optin-notification-messages-unconfirmed.json", &["!optin"]),
    ("postback-ice-breaker.json", &["button"]),
    ("postback-with-referral-unconfirmed.json", &["button"]),
    ("postback-without-mid.json", &["button"]),
    ("reaction-react.json", &["reaction"]),
    ("reaction-unreact.json", &["reaction"]),
    ("read.json", &["=read"]),
    ("referral-ig-me-link.json", &["referral"]),
    ("standby-not-thread-owner.json", &["text"]),
];

fn word(item: &Inbound) -> String {
    match item {
        Inbound::Message(message) => message.content.kind.clone(),
        Inbound::Echo(message) => format!(">{}", message.content.kind),
        Inbound::Status(update) => format!("={}", update.status.as_str()),
        Inbound::Notice(notice) if notice.known => format!("!{}", notice.field),
        Inbound::Preference(news) => panic!("Instagram tells of no preferences: {news:?}"),
        Inbound::Notice(notice) => panic!("nobody knows {notice:?}"),
    }
}

#[test]
fn every_webhook_is_read_as_what_it_is() {
    let Some(folder) = contract() else { return };
    let files = json_files(&folder.join("webhooks"));
    assert!(files.len() >= WEBHOOKS.len(), "{} files", files.len());
    for (name, raw) in files {
        let deliveries = Instagram
            .parse(&raw)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let addresses: Vec<_> = deliveries
            .iter()
            .map(|delivery| delivery.address.clone())
            .collect();
        assert_eq!(Instagram.peek_addresses(&raw), addresses, "{name}");
        let items: Vec<&Inbound> = deliveries.iter().flat_map(|delivery| &delivery.items).collect();
        let words: Vec<String> = items.iter().map(|item| word(item)).collect();
        if let Some((_, wanted)) = WEBHOOKS.iter().find(|(file, _)| *file == name) {
            assert_eq!(words, *wanted, "{name}");
        }
        for item in items {
            if let Inbound::Message(message) | Inbound::Echo(message) = item {
                assert!(message.at.is_some(), "{name}");
                let ids = message
                    .sender
                    .identities
                    .iter()
                    .map(|identity| identity.value.as_str());
                assert!(
                    ids.into_iter().any(|id| id == "9000000000000001"),
                    "{name}: {message:?}"
                );
            }
        }
    }
}

/// The content, context and window that make each send of the contract.
fn sends() -> Vec<(&'static str, frontdesk::domain::outbound::SendRequest)> {
    let shop = "https://shop.example/f/sample";
    let link = |kind: &str, ending: &str| content(kind, json!({ "link": format!("{shop}.{ending}") }));
    let image = |n: u8| json!({"link": format!("https://shop.example/img/{n}.jpg")});
    let other = |n: u8| json!({"type": "image", "image": image(n)});
    let mut three = image(1);
    three["attachments"] = json!([other(2), other(3)]);
    let reply = |id: &str, title: &str| json!({"type": "reply", "reply": {"id": id, "title": title}});
    let mid = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQx00000001";
    let plain = |name, content| (name, request(content));
    let mut private = request(content("text", json!({"body": "Hello! The price is KES 1,850."})));
    private.reply_to = Some("17800000000000060".into());
    private.outside_window = true;
    vec![
        plain(
            "text.json",
            content("text", json!({"body": "Yes, we ship to Kisumu."})),
        ),
        plain("audio-url.json", link("audio", "m4a")),
        plain("video-url.json", link("video", "mp4")),
        plain("file-url.json", link("document", "pdf")),
        plain(
            "image-url.json",
            content("image", json!({"link": "https://shop.example/img/basket.jpg"})),
        ),
        plain(
            "image-attachment-id.json",
            content("image", json!({"media_id": "1400000000000001"})),
        ),
        plain("images-multiple.json", content("image", three)),
        plain("sticker-like-heart.json", content("like_heart", json!({}))),
        plain(
            "share-own-post.json",
            content("share", json!({"id": "17900000000000017"})),
        ),
        plain(
            "reaction.json",
            content("reaction", json!({"message_id": mid, "emoji": "❤️"})),
        ),
        plain(
            "reaction-remove.json",
            content("reaction", json!({"message_id": mid, "emoji": ""})),
        ),
        plain(
            "quick-replies.json",
            content(
                "interactive",
                json!({"type": "button",
            "body": {"text": "What can we do for you?"},
            "action": {"buttons": [reply("TRACK", "Track order"), reply("AGENT", "Talk to a person")]}}),
            ),
        ),
        plain(
            "quick-replies-phone-email.json",
            content(
                "interactive",
                json!({"type": "button",
            "body": {"text": "How can we reach you?"},
            "action": {"buttons": [{"type": "user_phone_number"}, {"type": "user_email"}]}}),
            ),
        ),
        plain(
            "button-template.json",
            content(
                "interactive",
                json!({"type": "button_template",
            "body": {"text": "Pay for order 1042?"}, "buttons": [
                {"type": "web_url", "url": "https://pay.example/l/abc123", "title": "Pay now"},
                {"type": "postback", "title": "Cancel", "payload": "CANCEL:1042"}]}),
            ),
        ),
        plain(
            "generic-template.json",
            content(
                "interactive",
                json!({"type": "generic_template", "elements": [{
            "title": "Large basket", "subtitle": "KES 1,850", "image_url": "https://shop.example/img/basket.jpg",
            "default_action": {"type": "web_url", "url": "https://shop.example/p/basket"},
            "buttons": [{"type": "web_url", "url": "https://shop.example/p/basket", "title": "View"},
                {"type": "postback", "title": "Ask", "payload": "ASK:basket"}]}]}),
            ),
        ),
        ("private-reply-to-comment.json", private),
    ]
}

/// What one send posts to the messages endpoint, and where.
async fn posted(login: &str, request: &frontdesk::domain::outbound::SendRequest) -> (String, Value) {
    let answer = r#"{"recipient_id":"1","message_id":"m"}"#;
    let (base, server) = serve(vec![Reply::answer(200, "", answer)]).await;
    let outcome = Instagram.send(&http(), &access(login, &base), request).await;
    assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    let asked = server.await.expect("served").remove(0);
    (asked.head, asked.body)
}

/// The sample with our customer, and without what says nothing.
fn wanted(raw: &[u8]) -> Value {
    let mut sample = json(raw);
    if sample.pointer("/recipient/id").is_some() {
        sample["recipient"]["id"] = json!(crate::support::CUSTOMER);
    }
    if sample["messaging_type"] == "RESPONSE" {
        sample
            .as_object_mut()
            .expect("an object")
            .remove("messaging_type");
    }
    sample
}

#[tokio::test]
async fn every_send_can_be_rendered() {
    let Some(folder) = contract() else { return };
    for (name, request) in sends() {
        let raw = std::fs::read(folder.join("send").join(name)).expect("a sample");
        assert_eq!(posted("instagram", &request).await.1, wanted(&raw), "{name}");
    }
    let mut public = request(content("comment_reply", json!({"text": "We sent you a DM!"})));
    public.reply_to = Some("17800000000000060".into());
    let (base, server) = serve(vec![Reply::answer(200, "", r#"{"id":"178"}"#)]).await;
    let outcome = Instagram
        .send(&http(), &access("instagram", &base), &public)
        .await;
    assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    let mut sample = json(&std::fs::read(folder.join("send/public-comment-reply.json")).expect("a sample"));
    let place = sample
        .as_object_mut()
        .and_then(|fields| fields.remove("_request"));
    let place = place.and_then(|place| {
        Some(
            place
                .as_str()?
                .replace("/{COMMENT_ID}", "/v25.0/17800000000000060"),
        )
    });
    let asked = server.await.expect("served").remove(0);
    assert_eq!(asked.body, sample);
    assert!(
        asked.head.starts_with(&place.expect("where it goes")),
        "{}",
        asked.head
    );
    let mut late = request(content("text", json!({"body": "Sorry for the wait."})));
    late.outside_window = true;
    for (login, name, path) in [
        (
            "instagram",
            "text-human-agent-tag-instagram-login.json",
            crate::support::ACCOUNT,
        ),
        ("facebook", "text-human-agent-tag.json", "104000000000777"),
    ] {
        let raw = std::fs::read(folder.join("send").join(name)).expect("a sample");
        let (head, body) = posted(login, &late).await;
        assert_eq!(body, wanted(&raw), "{name}");
        assert!(
            head.starts_with(&format!("POST /v25.0/{path}/messages ")),
            "{head}"
        );
    }
}

#[tokio::test]
async fn every_error_answer_has_the_class_of_the_contract() {
    let Some(folder) = contract() else { return };
    let table = [
        ("error-10-outside-window.json", ErrorClass::Window),
        ("error-10-permission.json", ErrorClass::Auth),
        ("error-10-private-reply-used.json", ErrorClass::Permanent),
        ("error-100-invalid-parameter.json", ErrorClass::Permanent),
        ("error-100-user-not-found.json", ErrorClass::Recipient),
        ("error-190-expired.json", ErrorClass::Auth),
        ("error-2-transient.json", ErrorClass::Transient),
        ("error-230-consent.json", ErrorClass::Permanent),
        ("error-4-app-rate-limit.json", ErrorClass::Throttle),
        ("error-551-unavailable.json", ErrorClass::Recipient),
        ("error-613-rate-limit.json", ErrorClass::Throttle),
    ];
    for (name, raw) in json_files(&folder.join("responses")) {
        let sample = json(&raw);
        if sample["body"].get("error").is_none() {
            continue;
        }
        let (_, class) = table
            .iter()
            .find(|(file, _)| *file == name)
            .unwrap_or_else(|| panic!("{name} is new"));
        let status = u16::try_from(sample["_http_status"].as_u64().expect("a status")).expect("a status");
        let (base, _server) = serve(vec![Reply::answer(status, "", &sample["body"].to_string())]).await;
        let request = request(content("text", json!({"body": "hi"})));
        match Instagram
            .send(&http(), &access("instagram", &base), &request)
            .await
        {
            SendOutcome::Refused(error) => assert_eq!(error.class, *class, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}
