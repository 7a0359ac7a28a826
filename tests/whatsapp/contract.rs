//! The provider contract, walked file by file, where it lies beside the checkout; nothing is checked elsewhere.

use frontdesk::channels::Provider;
use frontdesk::channels::whatsapp::WhatsappCloud;
use frontdesk::domain::inbound::Inbound;
use frontdesk::domain::outbound::SendOutcome;
use frontdesk::domain::phrases;
use serde_json::{Value, json};

use crate::support::{Reply, contract, json, json_files, signature_fits};

/// How many things a body says: one per message, status, error and unread history chunk, one per change without any.
fn things(body: &Value) -> usize {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut count = 0;
    for change in list(body, "entry")
        .iter()
        .flat_map(|entry| list(entry, "changes"))
    {
        let value = &change["value"];
        let lists = ["messages", "statuses", "message_echoes"];
        let mut said: usize = lists.iter().map(|name| list(value, name).len()).sum();
        if change["field"] == "messages" {
            said += list(value, "errors").len();
        }
        for chunk in list(value, "history") {
            let threads = list(&chunk, "threads");
            let messages: usize = threads.iter().map(|thread| list(thread, "messages").len()).sum();
            said += messages.max(1);
        }
        // A choice about marketing is a notice, and news about each customer.
        count += said.max(1) + list(value, "user_preferences").len();
    }
    count
}

#[test]
fn every_webhook_is_read_with_nothing_lost() {
    let Some(folder) = contract() else { return };
    for (name, raw) in json_files(&folder.join("webhooks")) {
        let deliveries = WhatsappCloud
            .parse(&raw)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let items: Vec<&Inbound> = deliveries.iter().flat_map(|delivery| &delivery.items).collect();
        assert_eq!(items.len(), things(&json(&raw)), "{name}: {items:#?}");
        let addresses: Vec<_> = deliveries
            .iter()
            .map(|delivery| delivery.address.clone())
            .collect();
        assert_eq!(WhatsappCloud.peek_addresses(&raw), addresses, "{name}");
        for item in items {
            if let Inbound::Notice(notice) = item {
                assert!(notice.known, "{name}: {notice:?}");
                let said = WhatsappCloud.notice_in_words(&notice.field, &notice.body);
                let said = said.unwrap_or_else(|| panic!("{name} has no words: {notice:?}"));
                assert!(phrases::recognise(&said).is_some(), "{name}: {said}");
            }
        }
    }
}

#[test]
fn every_signature_vector_holds() {
    let Some(folder) = contract() else { return };
    let vectors = json(&std::fs::read(folder.join("signature-vectors.json")).expect("vectors"));
    let secret = vectors["app_secret"].as_str().expect("text").into();
    for vector in vectors["vectors"].as_array().expect("list") {
        let text = |name: &str| vector[name].as_str().expect("text");
        let fits = signature_fits(&secret, text("raw_body").as_bytes(), text("header"));
        assert_eq!(fits, vector["valid"], "{}", vector["name"]);
    }
}

/// Bodies that no content can ask for, and why.
const NOT_OURS: [(&str, &str); 2] = [
    ("mark-as-read.json", "made by mark_read, not by a send"),
    (
        "mark-as-read-with-typing.json",
        "made by show_typing, not by a send",
    ),
];

#[tokio::test]
async fn every_send_can_be_rendered() {
    let Some(folder) = contract() else { return };
    for (name, raw) in json_files(&folder.join("send")) {
        if NOT_OURS.iter().any(|(file, _)| *file == name) {
            continue;
        }
        let wanted = json(&raw);
        let mut rendered = crate::render::rendered_like(&wanted).await;
        // Our own id always travels along; the contract's samples carry none or another.
        let ours = rendered
            .as_object_mut()
            .expect("an object")
            .remove("biz_opaque_callback_data");
        assert_eq!(
            ours,
            Some(json!(crate::support::message_id().to_string())),
            "{name}"
        );
        let mut wanted = wanted;
        wanted
            .as_object_mut()
            .expect("an object")
            .remove("biz_opaque_callback_data");
        assert_eq!(rendered, wanted, "{name}");
    }
}

#[tokio::test]
async fn every_error_answer_has_the_class_of_the_table() {
    let Some(folder) = contract() else { return };
    let table = json(&std::fs::read(folder.join("errors.json")).expect("errors"));
    let class_of = |code: &Value| {
        let row = table
            .as_array()
            .expect("list")
            .iter()
            .find(|row| row["code"] == *code);
        row.unwrap_or_else(|| panic!("{code} is in no table"))["class"].clone()
    };
    for (name, raw) in json_files(&folder.join("responses")) {
        let sample = json(&raw);
        let Some(error) = sample["body"].get("error") else {
            continue;
        };
        // "Object does not exist" comes as 100 with subcode 33; the table has it under 33.
        let code = match error["error_subcode"] == 33 {
            true => json!(33),
            false => error["code"].clone(),
        };
        let status = u16::try_from(sample["_http_status"].as_u64().expect("a status")).expect("a status");
        let got = crate::client::class_of_answer(status, &sample["body"].to_string()).await;
        let word = crate::client::contract_word(got);
        assert_eq!(json!(word), class_of(&code), "{name}");
    }
}

#[tokio::test]
async fn every_code_of_the_table_has_its_class() {
    let Some(folder) = contract() else { return };
    let table = json(&std::fs::read(folder.join("errors.json")).expect("errors"));
    for row in table.as_array().expect("list") {
        let class = row["class"].as_str().expect("text");
        // Codes of inbound messages and notices never answer a send.
        if ["inbound", "inbound-media", "info"].contains(&class) {
            continue;
        }
        let code = row["code"].as_u64().unwrap_or(250);
        let status = row["http"]
            .as_u64()
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or(400);
        let body = json!({"error": {"message": "x", "code": code}}).to_string();
        let got = crate::client::class_of_answer(status, &body).await;
        assert_eq!(crate::client::contract_word(got), class, "{code}");
    }
}

#[tokio::test]
async fn every_success_is_understood() {
    let Some(folder) = contract() else { return };
    let read =
        |path: &str| String::from_utf8(std::fs::read(folder.join(path)).expect("a file")).expect("text");
    for (name, raw) in json_files(&folder.join("responses")) {
        if !name.starts_with("send-success") {
            continue;
        }
        let sample = json(&raw);
        let contact = sample["contacts"][0].as_object().expect("a contact");
        let ids = usize::from(contact.contains_key("wa_id")) + usize::from(contact.contains_key("user_id"));
        match crate::client::outcome(Reply::answer(200, "", &sample.to_string())).await {
            SendOutcome::Accepted {
                provider_message_id,
                learnt,
                held,
            } => {
                let word = sample["messages"][0]["message_status"].as_str();
                assert_eq!(held.as_deref(), word.filter(|word| *word != "accepted"), "{name}");
                assert_eq!(json!(provider_message_id), sample["messages"][0]["id"], "{name}");
                assert_eq!(learnt.len(), ids, "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    let number = Reply::answer(200, "", &read("management/phone-number-fields.response.json"));
    let apps = Reply::answer(200, "", &read("management/subscribed-apps.response.json"));
    let checks = crate::client::checks(vec![number, apps], |_| {}).await;
    assert!(
        checks.iter().all(|check| check.contains(": true ")),
        "{checks:#?}"
    );
}
