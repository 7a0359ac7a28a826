//! 360dialog's API on the same accounts: every example of its contract is accepted or produced, and its webhooks carry the
//! headers that were asked for, not Meta's signature.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use frontdesk::sandbox::whatsapp::{CustomerMessage, ErrorFault, Faults, Often, TemplateConfig};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{AMINA, NUMBER, Stage, TOKEN, amina};
use crate::wire::{Reply, serve};

fn contract() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = ["..", "../.."]
        .iter()
        .map(|up| root.join(up).join("shared/contracts/dialog360"))
        .find(|path| path.is_dir());
    if found.is_none() {
        eprintln!("skipped: no contract folder beside the checkout");
    }
    found
}

fn request(stage: &Stage, method: Method, path: &str) -> RequestBuilder {
    let url = format!("{}{path}", stage.simulator.base_url());
    stage.client.request(method, url).header("D360-API-KEY", TOKEN)
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

async fn post(stage: &Stage, path: &str, body: &Value) -> (u16, Value) {
    answer(request(stage, Method::POST, path).json(body)).await
}

/// Every name in a value, as paths.
fn shape(value: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: String, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, inner) in fields {
                    walk(inner, format!("{path}.{name}"), found);
                }
            }
            Value::Array(list) => {
                for inner in list {
                    walk(inner, format!("{path}[]"), found);
                }
            }
            _ => drop(found.insert(path)),
        }
    }
    let mut found = BTreeSet::new();
    walk(value, String::new(), &mut found);
    found
}

fn same_shape(name: &str, got: &Value, wanted: &Value) {
    assert_eq!(shape(got), shape(wanted), "{name}: {got}");
}

async fn upload(stage: &Stage) -> String {
    let file = reqwest::multipart::Part::bytes(b"\x89PNG".to_vec())
        .file_name("a.png")
        .mime_str("image/png")
        .expect("a type");
    let form = reqwest::multipart::Form::new()
        .text("messaging_product", "whatsapp")
        .part("file", file);
    let (status, body) = answer(request(stage, Method::POST, "/media").multipart(form)).await;
    assert_eq!(status, 200, "{body}");
    body["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn every_example_of_the_contract_is_accepted_or_produced() {
    let Some(contract) = contract() else { return };
    let stage = Stage::greeted().await;
    stage.template(TemplateConfig::counted("order_shipped", "en_US", "UTILITY", 2));
    let mut names: Vec<_> = std::fs::read_dir(&contract)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    for name in names {
        let text = std::fs::read_to_string(contract.join(&name)).expect("a file");
        let example: Value = serde_json::from_str(&text).expect("JSON");
        check(&stage, &name, &example).await;
    }
    stage.end().await;
}

async fn check(stage: &Stage, name: &str, example: &Value) {
    let body = &example["body"];
    match name {
        "send-text.request.json" | "send-template.request.json" => {
            let (status, answer) = post(stage, "/messages", body).await;
            assert_eq!(status, 200, "{name}: {answer}");
        }
        "send.response.json" => {
            let text =
                json!({"messaging_product": "whatsapp", "to": AMINA, "type": "text", "text": {"body": "x"}});
            same_shape(name, &post(stage, "/messages", &text).await.1, example);
        }
        "mark-as-read.request.json" => {
            assert_eq!(
                post(stage, "/messages", body).await,
                (200, json!({"success": true}))
            );
        }
        "media-get.response.json" => {
            let id = upload(stage).await;
            let (_, got) = answer(request(stage, Method::GET, &format!("/{id}"))).await;
            same_shape(name, &got, example);
            assert!(got["file_size"].is_u64());
        }
        "media-download.rewrite-example.json" => download(stage, example).await,
        "template-create.request.json" => {
            let mut body = body.clone();
            body["name"] = json!("order_sent");
            let (status, answer) = post(stage, "/v1/configs/templates", &body).await;
            assert_eq!(status, 201, "{answer}");
        }
        "template-create.response.json" => {
            let wanted = json!({"name": "order_left", "language": "en_US", "category": "UTILITY",
                "components": [{"type": "BODY", "text": "It has left our shop."}]});
            let (_, got) = post(stage, "/v1/configs/templates", &wanted).await;
            same_shape(name, &got, example);
            assert_eq!(got["status"], "submitted");
        }
        "templates-list.response.json" => {
            let path = "/v1/configs/templates?limit=1&offset=0";
            let (_, got) = answer(request(stage, Method::GET, path)).await;
            same_shape(name, &got, example);
            assert_eq!(got["waba_templates"][0]["status"], "approved");
        }
        "webhook-set.request.json" => {
            let (status, got) = post(stage, "/v1/configs/webhook", body).await;
            assert_eq!((status, &got), (200, &json!({"url": body["url"]})));
        }
        "waba-webhook-set.request.json" => {
            let (status, got) = post(stage, "/waba_webhook", body).await;
            assert_eq!((status, &got["url"]), (200, &body["url"]));
        }
        "webhook-set.response.json" | "webhook-get.response.json" => {
            let set = json!({"url": "http://127.0.0.1:9/x", "headers": {"Authorization": "Bearer s"}});
            let (_, answered) = post(stage, "/v1/configs/webhook", &set).await;
            let (_, kept) = answer(request(stage, Method::GET, "/v1/configs/webhook")).await;
            assert_eq!(kept, set);
            let got = if name == "webhook-set.response.json" {
                answered
            } else {
                kept
            };
            same_shape(name, &got, example);
        }
        "error-401-invalid-key.json" => {
            let url = format!("{}/messages", stage.simulator.base_url());
            for request in [
                stage.client.post(&url).header("D360-API-KEY", "wrong"),
                stage.client.post(&url),
                stage
                    .client
                    .get(format!("{}/123", stage.simulator.base_url()))
                    .header("D360-API-KEY", ""),
            ] {
                assert_eq!(answer(request).await, (401, body.clone()), "{name}");
            }
        }
        "error-400-restricted.json" => refused_alike(stage, 131_042, body).await,
        "error-meta-passthrough-131047.json" => refused_alike(stage, 131_047, body).await,
        // What came in is the receiver's to read: the round trip of the API tests, and the adapter's own walk.
        name if name.starts_with("webhook-") => {}
        other => panic!("{other} is not walked"),
    }
}

async fn refused_alike(stage: &Stage, code: u32, body: &Value) {
    let errors = vec![ErrorFault {
        code,
        details: body["error"]["error_data"]["details"].as_str().map(str::to_owned),
        often: Often::next(1),
    }];
    stage.simulator.set_faults(Faults {
        errors,
        ..Faults::default()
    });
    let text = json!({"messaging_product": "whatsapp", "to": AMINA, "type": "text", "text": {"body": "x"}});
    let (status, mut got) = post(stage, "/messages", &text).await;
    let mut wanted = body.clone();
    for value in [&mut got, &mut wanted] {
        if let Some(error) = value.get_mut("error").and_then(Value::as_object_mut) {
            error.remove("fbtrace_id");
        }
    }
    assert_eq!((status, got), (400, wanted));
}

/// The address names Meta's host; with 360dialog's in its place and the key it leads to the bytes.
async fn download(stage: &Stage, example: &Value) {
    let id = upload(stage).await;
    let (_, record) = answer(request(stage, Method::GET, &format!("/{id}"))).await;
    let named = record["url"].as_str().expect("an address");
    let host = |url: &str| {
        url.split("/whatsapp_business/")
            .next()
            .expect("a host")
            .to_owned()
    };
    let metas = host(example["url_from_api"].as_str().expect("an address"));
    assert_eq!(host(named), metas);
    let path = named.strip_prefix(&metas).expect("a path");
    let got = request(stage, Method::GET, path).send().await.expect("an answer");
    assert_eq!(got.status(), 200);
    assert_eq!(got.bytes().await.expect("bytes").as_ref(), b"\x89PNG");
    let url = format!("{}{path}", stage.simulator.base_url());
    let without = stage.client.get(url).send().await.expect("an answer");
    assert_eq!(without.status(), 401);
    let (status, _) = answer(request(stage, Method::DELETE, &format!("/{id}"))).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn webhooks_carry_the_headers_that_were_asked_for_and_no_signature() {
    let stage = Stage::new();
    let (account, first) = serve(vec![Reply::answer(200, "", "")]).await;
    let all = json!({"url": account, "headers": {"X-Ours": "account"}, "override_all": false});
    assert_eq!(post(&stage, "/waba_webhook", &all).await.0, 200);
    let say = |text: &str| {
        let said = stage
            .simulator
            .customer_says(NUMBER, &amina(), CustomerMessage::text(text));
        said.expect("a known number")
    };
    say("to the account's");
    let head = first.await.expect("a delivery").remove(0);
    assert!(
        head.head.to_ascii_lowercase().contains("x-ours: account"),
        "{}",
        head.head
    );

    let (number, second) = serve(vec![Reply::answer(200, "", "")]).await;
    let own = json!({"url": number, "headers": {"Authorization": "Bearer our-own-random-secret"}});
    assert_eq!(post(&stage, "/v1/configs/webhook", &own).await.0, 200);
    let id = say("to the number's");
    let got = second.await.expect("a delivery").remove(0);
    let head = got.head.to_ascii_lowercase();
    assert!(
        head.contains("authorization: bearer our-own-random-secret"),
        "{head}"
    );
    assert!(!head.contains("x-hub-signature"), "{head}");
    assert_eq!(
        got.body["entry"][0]["changes"][0]["value"]["messages"][0]["id"],
        id.as_str()
    );

    for bad in [
        json!({}),
        json!({"url": 5}),
        json!({"url": "http://x", "headers": {"a b": "c"}}),
        json!({"url": "http://x", "headers": {"a": "line\nbreak"}}),
        json!({"url": "http://x", "headers": [1]}),
    ] {
        let (status, answer) = post(&stage, "/v1/configs/webhook", &bad).await;
        assert_eq!(
            (status, &answer["meta"]["http_code"]),
            (400, &json!(400)),
            "{bad}"
        );
    }
    stage.end().await;
}

#[tokio::test]
async fn templates_are_made_listed_and_deleted() {
    let stage = Stage::new();
    let make = |name: &str| json!({"name": name, "language": "sw", "category": "UTILITY", "components": [{"type": "BODY", "text": "Habari."}]});
    for name in ["one", "two", "three"] {
        assert_eq!(post(&stage, "/v1/configs/templates", &make(name)).await.0, 201);
    }
    assert_eq!(post(&stage, "/v1/configs/templates", &make("one")).await.0, 400);
    let (_, page) = answer(request(
        &stage,
        Method::GET,
        "/v1/configs/templates?limit=2&offset=2",
    ))
    .await;
    assert_eq!(
        (&page["count"], &page["total"], &page["waba_templates"][0]["name"]),
        (&json!(1), &json!(3), &json!("three"))
    );
    let delete = async |name: &str| {
        let path = format!("/v1/configs/templates/{name}");
        answer(request(&stage, Method::DELETE, &path)).await.0
    };
    assert_eq!(delete("two").await, 200);
    assert_eq!(delete("two").await, 400);
    stage.end().await;
}
