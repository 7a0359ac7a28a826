//! 360dialog: its contract, walked file by file where it lies beside the checkout, and what its webhooks may look like.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frontdesk::channels::whatsapp::Dialog360;
use frontdesk::channels::{Address, ChannelAccess, Provider};
use frontdesk::domain::Content;
use frontdesk::domain::inbound::Inbound;
use frontdesk::domain::outbound::{ErrorClass, SendOutcome};
use frontdesk::domain::template::State;
use serde_json::{Value, json};

use crate::support::{Reply, content, http, json, json_files, request, serve};

fn contract() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../shared", "../../shared"]
        .iter()
        .map(|shared| root.join(shared).join("contracts/dialog360"))
        .find(|folder| folder.is_dir())
}

fn access(base: &str) -> ChannelAccess {
    let text = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        owned.collect()
    };
    let secrets = text(&[("api_key", "key-1"), ("webhook_secret", "our-own-random-secret")]);
    ChannelAccess {
        settings: text(&[("display_phone_number", "+254 700 555010"), ("api_base", base)]),
        secrets: secrets.into_iter().map(|(k, v)| (k, v.into())).collect(),
        webhook_url: "https://crm.example/webhooks/d360/7".to_owned(),
    }
}

fn items(raw: &[u8]) -> Vec<Inbound> {
    let mut deliveries = Dialog360.parse(raw).expect("a delivery");
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].address, Address::Posted);
    deliveries.remove(0).items
}

async fn send(reply: Reply, content: Content) -> (SendOutcome, crate::wire::Request) {
    let (base, server) = serve(vec![reply]).await;
    let mut request = request(content);
    request.reply_to = None;
    let outcome = Dialog360.send(&http(), &access(&base), &request).await;
    (outcome, server.await.expect("served").remove(0))
}

#[tokio::test]
async fn every_example_of_the_contract_is_produced_or_understood() {
    let Some(folder) = contract() else { return };
    for (name, raw) in json_files(&folder) {
        let example = json(&raw);
        match name.as_str() {
            "send-text.request.json" | "send-template.request.json" => sent(&name, &example["body"]).await,
            "send.response.json" => {
                let (outcome, _) =
                    send(Reply::answer(200, "", &example.to_string()), Content::text("x")).await;
                let SendOutcome::Accepted {
                    provider_message_id, ..
                } = outcome
                else {
                    panic!("{outcome:?}")
                };
                assert_eq!(json!(provider_message_id), example["messages"][0]["id"]);
            }
            "mark-as-read.request.json" => read(&example["body"]).await,
            "error-400-restricted.json" => refused(&example, ErrorClass::Account).await,
            "error-401-invalid-key.json" => refused(&example, ErrorClass::Auth).await,
            "error-meta-passthrough-131047.json" => refused(&example, ErrorClass::Window).await,
            "webhook-set.request.json" | "webhook-set.response.json" | "webhook-get.response.json" => {
                connected(&folder).await;
            }
            name if name.starts_with("webhook-") => {
                let read = items(&raw);
                assert!(
                    matches!(read[..], [Inbound::Message(_) | Inbound::Status(_)]),
                    "{name}: {read:?}"
                );
            }
            "templates-list.response.json" => listed(&example).await,
            // The template's body and its answer: with the Cloud API's own walk. The account's webhook: set by the partner.
            // Files: in the adapter's own tests, which may name Meta's host.
            "template-create.request.json"
            | "template-create.response.json"
            | "waba-webhook-set.request.json"
            | "media-get.response.json"
            | "media-download.rewrite-example.json" => {}
            other => panic!("{other} is not walked"),
        }
    }
}

async fn sent(name: &str, body: &Value) {
    let kind = body["type"].as_str().expect("a type");
    let ours = match kind {
        "template" => {
            json!({"name": body["template"]["name"], "language": body["template"]["language"]["code"],
            "components": body["template"]["components"]})
        }
        _ => body[kind].clone(),
    };
    let (_, asked) = send(Reply::answer(200, "", "{}"), content(kind, ours)).await;
    let head = asked.head.to_ascii_lowercase();
    assert!(head.starts_with("post /messages "), "{head}");
    assert!(
        head.contains("d360-api-key: key-1") && !head.contains("authorization"),
        "{head}"
    );
    for part in ["messaging_product", "to", "type", kind] {
        assert_eq!(asked.body[part], body[part], "{name}: {}", asked.body);
    }
}

async fn read(body: &Value) {
    let (base, server) = serve(vec![Reply::answer(200, "", "{\"success\":true}")]).await;
    let id = body["message_id"].as_str().expect("an id");
    let done = Dialog360.mark_read(&http(), &access(&base), id).await;
    assert_eq!(done, Ok(()));
    assert_eq!(server.await.expect("served")[0].body, *body);
}

async fn refused(example: &Value, class: ErrorClass) {
    let status = u16::try_from(example["_http_status"].as_u64().expect("a status")).expect("a status");
    let reply = Reply::answer(status, "", &example["body"].to_string());
    let (outcome, _) = send(reply, Content::text("x")).await;
    let SendOutcome::Refused(error) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.class, class, "{error:?}");
}

/// A channel whose webhooks go elsewhere has them come here; one whose webhooks come here is left alone.
async fn connected(folder: &Path) {
    let file = |name: &str| json(&std::fs::read(folder.join(name)).expect("a file"));
    let (set, answered) = (
        file("webhook-set.request.json"),
        file("webhook-set.response.json").to_string(),
    );
    let elsewhere = Reply::answer(200, "", "{\"url\":\"https://other.example/\"}");
    let (base, server) = serve(vec![elsewhere, Reply::answer(200, "", &answered)]).await;
    let checks = Dialog360.test_connection(&http(), &access(&base)).await;
    assert!(checks.iter().all(|check| check.ok), "{checks:?}");
    let asked = server.await.expect("served");
    assert_eq!(asked[1].body, set["body"]);
    let here = file("webhook-get.response.json").to_string();
    let (base, server) = serve(vec![Reply::answer(200, "", &here)]).await;
    let checks = Dialog360.test_connection(&http(), &access(&base)).await;
    assert!(checks.iter().all(|check| check.ok), "{checks:?}");
    assert_eq!(server.await.expect("served").len(), 1);
}

async fn listed(example: &Value) {
    let (base, server) = serve(vec![Reply::answer(200, "", &example.to_string())]).await;
    let (client, access) = (http(), access(&base));
    let templates = Dialog360.templates().expect("has templates");
    let page = templates.list(&client, &access, None).await.expect("a page");
    server.await.expect("served");
    let told = &example["waba_templates"][0];
    assert_eq!(json!(page.items[0].id), told["external_id"]);
    assert_eq!(page.items[0].state, State::Approved);
    assert_eq!(json!(page.items[0].definition.components), told["components"]);
}

#[test]
fn old_bodies_new_ones_and_its_own_news_are_told_apart() {
    let message = json!({"from": "254711222333", "id": "OLD.1", "timestamp": "1791000000", "type": "voice",
        "voice": {"id": "b1c6-7", "mime_type": "audio/ogg"}});
    let kind = |body: &Value| match &items(body.to_string().as_bytes())[..] {
        [Inbound::Message(message)] => message.content.kind.clone(),
        [Inbound::Status(status)] => format!("status {}", status.provider_message_id),
        [Inbound::Notice(notice)] => format!("notice {}", notice.field),
        [] => "nothing".to_owned(),
        other => panic!("{other:?}"),
    };
    let table = [
        (json!({"contacts": [], "messages": [message]}), "audio"),
        (
            json!({"messages": [message], "meta": {"api_status": "stable"}}),
            "audio",
        ),
        (
            json!({"statuses": [{"id": "OLD.2", "status": "read"}]}),
            "status OLD.2",
        ),
        (
            json!({"errors": [{"code": 1014, "title": "Internal error"}]}),
            "notice errors",
        ),
        (
            json!({"entry": [{"changes": [{"value": {"messages": [message]}}]}]}),
            "audio",
        ),
        (
            json!({"id": "e1", "event": "channel_running", "data": {}}),
            "notice 360dialog",
        ),
        (json!({"messages": null, "event": "odd"}), "notice 360dialog"),
    ];
    for (body, wanted) in table {
        assert_eq!(kind(&body), wanted, "{body}");
    }
    for raw in ["", "[]", "7", "{\"object\":\"page\",\"entry\":[]}"] {
        assert!(Dialog360.parse(raw.as_bytes()).is_err(), "{raw}");
    }
}
