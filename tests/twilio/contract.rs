//! The provider contract, walked file by file, where it lies beside the checkout; nothing is checked elsewhere.

use frontdesk::channels::Provider;
use frontdesk::channels::twilio::Twilio;
use frontdesk::domain::Content;
use frontdesk::domain::identity::{Identity, IdentityKind};
use frontdesk::domain::inbound::Inbound;
use serde_json::{Value, json};

use crate::support::{access, contract, fits, form, items, json_files};

#[test]
fn every_signature_vector_holds() {
    let Some(folder) = contract() else { return };
    let bytes = std::fs::read(folder.join("signature-vectors.json")).expect("vectors");
    let vectors: Vec<Value> = serde_json::from_slice(&bytes).expect("a list");
    assert!(vectors.len() >= 14);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        let body = match &vector["params"] {
            Value::Object(parameters) => {
                let pairs: Vec<(&str, &str)> = parameters
                    .iter()
                    .flat_map(|(name, value)| match value {
                        Value::Array(values) => values
                            .iter()
                            .filter_map(Value::as_str)
                            .map(|v| (name.as_str(), v))
                            .collect(),
                        value => vec![(name.as_str(), value.as_str().unwrap_or_default())],
                    })
                    .collect();
                form(&pairs)
            }
            _ => text("raw_json_body").into_bytes(),
        };
        let got = fits(
            &text("auth_token"),
            &text("url_as_seen_by_twilio"),
            &body,
            false,
            &text("x_twilio_signature"),
        );
        assert_eq!(json!(got), vector["valid"], "{}", vector["name"]);
    }
}

#[test]
fn every_webhook_is_signed_and_read_with_nothing_lost() {
    let Some(folder) = contract() else { return };
    for (name, file) in json_files(&folder.join("webhooks")) {
        let text = |pointer: &str| file.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let body = text("/body").as_bytes();
        let signature = text("/headers/X-Twilio-Signature");
        assert!(
            fits(text("/auth_token"), text("/url"), body, false, signature),
            "{name}"
        );
        assert!(Twilio.is_delivery(body), "{name}");
        let files = text("/params/NumMedia").parse().unwrap_or(0_usize).max(1);
        let items = items(body);
        assert_eq!(
            items.len(),
            if name.contains("inbound") { files } else { 1 },
            "{name}: {items:?}"
        );
        for item in &items {
            match item {
                Inbound::Message(message) => {
                    assert!(name.contains("inbound"), "{name}");
                    assert!(
                        message
                            .provider_message_id
                            .starts_with(text("/params/MessageSid")),
                        "{name}"
                    );
                    let kind = text("/params/MessageType");
                    let expected = match kind {
                        "" if files > 1 => "image",
                        "" => "text",
                        kind => kind,
                    };
                    assert_eq!(message.content.kind, expected, "{name}");
                }
                Inbound::Status(status) => {
                    assert!(name.contains("status"), "{name}");
                    assert_eq!(status.provider_message_id, text("/params/MessageSid"), "{name}");
                    let failed = !text("/params/ErrorCode").is_empty();
                    assert_eq!(status.error.is_some(), failed, "{name}");
                    assert_eq!(status.error_class.is_some(), failed, "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

/// What each send of the contract asks for, in our words; a file that no content can ask for is named with the reason.
fn content_of(name: &str, body: &Value) -> Option<Content> {
    let content = |kind: &str, body: Value| {
        Some(Content {
            kind: kind.into(),
            body,
        })
    };
    match name {
        // Timing is the appliance's own business: what is due later waits here.
        "sms-scheduled.json" => None,
        "whatsapp-location.json" => content(
            "location",
            json!({"latitude": -1.286389, "longitude": 36.817223, "name": body["Body"], "address": "Biashara Street, Nairobi"}),
        ),
        _ if body.get("ContentSid").is_some() => {
            let variables: Value = serde_json::from_str(body["ContentVariables"].as_str()?).ok()?;
            content(
                "template",
                json!({"name": body["ContentSid"], "language": "en", "variables": variables}),
            )
        }
        _ if body.get("MediaUrl").is_some() => {
            let mut image = json!({"link": body["MediaUrl"][0]});
            if let Some(words) = body.get("Body") {
                image["caption"] = words.clone();
            }
            content("image", image)
        }
        _ => content("text", json!({"body": body["Body"]})),
    }
}

#[tokio::test]
async fn every_send_can_be_asked_for() {
    let Some(folder) = contract() else { return };
    for (name, wanted) in json_files(&folder.join("send")) {
        let Some(content) = content_of(&name, &wanted) else {
            continue;
        };
        let text = |field: &str| wanted[field].as_str().unwrap_or_default();
        let (base, asked) = crate::client::answering(201, "{\"sid\":\"SM1\"}").await;
        let mut access = access(text("From"), &base);
        if text("From").is_empty() {
            access.settings.remove("from");
            access
                .settings
                .insert("messaging_service_sid".into(), text("MessagingServiceSid").into());
            access.settings.insert("medium".into(), "whatsapp".into());
        }
        let mut request = crate::support::request(content);
        let to = text("To").trim_start_matches("whatsapp:");
        request.to = vec![Identity::new(IdentityKind::Phone, to)];
        Twilio.send(&crate::wire::http(), &access, &request).await;
        let sent = asked.await.expect("one call");
        for (field, value) in wanted.as_object().expect("fields") {
            let got = sent.get(field).cloned().unwrap_or_default();
            match (field.as_str(), value) {
                // Ours is made up by us, and the time a message may take is the account's.
                ("StatusCallback" | "ValidityPeriod", _) => {}
                ("ContentVariables", value) => {
                    let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
                    assert_eq!(read(&got), read(value.as_str().expect("text")), "{name}");
                }
                (_, Value::Array(values)) => {
                    assert_eq!(Some(got.as_str()), values[0].as_str(), "{name} {field}")
                }
                (_, value) => assert_eq!(Some(got.as_str()), value.as_str(), "{name} {field}"),
            }
        }
    }
}

#[tokio::test]
async fn every_error_code_has_its_class() {
    let Some(folder) = contract() else { return };
    let bytes = std::fs::read(folder.join("errors.json")).expect("errors");
    let codes: Vec<Value> = serde_json::from_slice(&bytes).expect("a list");
    for entry in codes {
        let code = entry["code"].as_u64().expect("a number");
        let class = crate::client::class_of(code).await;
        let wanted = entry["class"].as_str().expect("a word");
        let fits = match (code, wanted) {
            // They speak of one recipient, and must not stop the channel.
            (21_408 | 21_608 | 63_015, "config") => class == "recipient",
            (30_002, "auth") => class == "account",
            (_, "policy") => class == "quality",
            (_, "recipient-temp") => class == "transient",
            (_, wanted) => class == wanted,
        };
        assert!(fits, "{code}: {class}, not {wanted}");
    }
}
