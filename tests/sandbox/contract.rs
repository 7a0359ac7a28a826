//! The provider contract, where its folder stands beside the checkout: every example is accepted or produced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frontdesk::sandbox::Faults;
use frontdesk::sandbox::whatsapp::{Customer, CustomerMessage, ErrorFault, Often, TemplateConfig};
use serde_json::{Value, json};

use crate::support::{AMINA, NUMBER, Stage, TOKEN, WABA, text, values};

/// `../shared/contracts/whatsapp-cloud`, seen from the checkout or from a worktree of it.
fn contract() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = ["..", "../.."]
        .iter()
        .map(|up| root.join(up).join("shared/contracts/whatsapp-cloud"))
        .find(|path| path.is_dir());
    if found.is_none() {
        eprintln!("skipped: no contract folder beside the checkout");
    }
    found
}

fn files(folder: &Path, prefix: &str) -> BTreeMap<String, Value> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("a folder entry").path();
        let name = path.file_name()?.to_str()?.to_owned();
        let text = std::fs::read_to_string(&path)
            .ok()
            .filter(|_| name.starts_with(prefix))?;
        Some((name, serde_json::from_str(&text).expect("the contract is JSON")))
    };
    std::fs::read_dir(folder)
        .expect("a folder")
        .filter_map(read)
        .collect()
}

/// A template of which the body has as many parameters as the example gives.
fn template_for(example: &Value) -> TemplateConfig {
    let template = &example["template"];
    let components = template["components"].as_array().cloned().unwrap_or_default();
    let body = components.iter().find(|component| component["type"] == "body");
    let count = body
        .and_then(|body| body["parameters"].as_array())
        .map_or(0, Vec::len);
    TemplateConfig::counted(
        template["name"].as_str().expect("a name"),
        "en_US",
        "MARKETING",
        count,
    )
}

#[tokio::test]
async fn every_send_example_is_accepted() {
    let Some(contract) = contract() else { return };
    let stage = Stage::new();
    stage.greet().await;
    let examples = files(&contract.join("send"), "");
    assert!(examples.len() > 50, "{} examples", examples.len());
    for (n, (name, example)) in examples.iter().enumerate() {
        if example["type"] == "template" {
            stage.template(template_for(example));
        }
        let (status, answer) = stage.send(example).await;
        assert_eq!(status, 200, "{name}: {answer}");
        if example["status"] == "read" {
            assert_eq!(answer, json!({"success": true}), "{name}");
        } else {
            assert!(
                answer["messages"][0]["id"]
                    .as_str()
                    .is_some_and(|id| id.starts_with("wamid.")),
                "{name}"
            );
        }
        // The examples all go to one person; time passes, so that the pair rate is kept.
        if n % 40 == 39 {
            stage
                .simulator
                .clock()
                .advance(std::time::Duration::from_secs(600));
        }
    }
    stage.end().await;
}

#[tokio::test]
async fn every_error_example_is_answered_alike() {
    let Some(contract) = contract() else { return };
    let stage = Stage::greeted().await;
    for (name, example) in files(&contract.join("responses"), "error-") {
        let mut expected = example["body"]["error"].clone();
        if expected["error_subcode"].is_u64() {
            continue;
        }
        let code = u32::try_from(expected["code"].as_u64().expect("a code")).expect("small");
        let details = expected["error_data"]["details"].as_str().map(str::to_owned);
        let errors = vec![ErrorFault {
            code,
            details,
            often: Often::next(1),
        }];
        stage.simulator.set_faults(Faults {
            errors,
            ..Faults::default()
        });
        let (status, mut answer) = stage.send(&text(AMINA, "x")).await;
        assert_eq!(
            u64::from(status),
            example["_http_status"].as_u64().expect("a status"),
            "{name}"
        );
        for error in [&mut expected, &mut answer["error"]] {
            error.as_object_mut().expect("an object").remove("fbtrace_id");
        }
        assert_eq!(answer["error"], expected, "{name}");
    }
    stage.end().await;
}

/// Message webhooks of the contract, written by a simulated customer, arrive as in the file.
#[tokio::test]
async fn every_message_example_can_be_produced() {
    let Some(contract) = contract() else { return };
    let stage = Stage::new();
    let mut produced = 0;
    for (name, example) in files(&contract.join("webhooks"), "message-") {
        // Captures of other people's oddities, and the shape of the time before user ids.
        if name.contains("quirk") || name.contains("legacy") || name.contains("identity-change") {
            continue;
        }
        let value = &example["entry"][0]["changes"][0]["value"];
        let mut message = value["messages"][0].clone();
        let customer = customer_of(value, &message);
        let said = CustomerMessage::from_json(message.clone()).expect("a message");
        stage
            .simulator
            .customer_says(NUMBER, &customer, said)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let got = stage.receiver.until(&name, |got| got.len() > produced).await;
        let mut arrived = values(&got)[produced]["value"].clone();
        for message in [&mut arrived["messages"][0], &mut message] {
            for own in ["id", "timestamp", "from_user_id"] {
                message.as_object_mut().expect("an object").remove(own);
            }
        }
        assert_eq!(arrived["messages"][0], message, "{name}");
        assert_eq!(arrived["metadata"], value["metadata"], "{name}");
        assert_eq!(arrived.get("contacts"), value.get("contacts"), "{name}");
        produced += 1;
    }
    assert!(produced > 35, "{produced}");
    stage.end().await;
}

fn customer_of(value: &Value, message: &Value) -> Customer {
    let contact = &value["contacts"][0];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Customer {
        wa_id: text(&contact["wa_id"]).or_else(|| text(&message["from"])),
        user_id: text(&contact["user_id"]),
        name: text(&contact["profile"]["name"]).unwrap_or_default(),
        username: text(&contact["profile"]["username"]),
        parent_user_id: text(&contact["parent_user_id"]),
        identity_key_hash: text(&contact["identity_key_hash"]),
        hide_phone: false,
        language: None,
    }
}

#[tokio::test]
async fn every_template_example_is_accepted_or_answered_alike() {
    let Some(contract) = contract() else { return };
    let stage = Stage::new();
    let path = format!("{WABA}/message_templates");
    let examples = files(&contract.join("templates"), "");
    let requests = examples
        .iter()
        .filter(|(name, _)| name.starts_with("create") && name.ends_with("request.json"));
    for (name, example) in requests {
        let (status, answer) = stage.post(&path, example).await;
        assert_eq!(status, 200, "{name}: {answer}");
        let names = |value: &Value| {
            value
                .as_object()
                .map(|fields| fields.keys().cloned().collect::<Vec<_>>())
        };
        assert_eq!(names(&answer), names(&examples["create.response.json"]), "{name}");
    }
    let small = |name: &str, text: String| {
        json!({"name": name, "language": "en_US", "category": "UTILITY",
            "components": [{"type": "BODY", "text": text, "example": {"body_text": [["a"]]}}]})
    };
    let plain = json!({"name": "twice", "language": "en_US", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Once."}]});
    assert_eq!(stage.post(&path, &plain).await.0, 200);
    let wrong = [
        ("create-error-duplicate.response.json", plain),
        (
            "create-error-edge-params.response.json",
            small("edge", "{{1}} at the start".to_owned()),
        ),
        (
            "create-error-too-long.response.json",
            small("long", "x".repeat(1_025)),
        ),
    ];
    for (name, body) in wrong {
        let (status, answer) = stage.post(&path, &body).await;
        let wanted = &examples[name];
        assert_eq!(json!(status), wanted["_http_status"], "{name}: {answer}");
        let subcode = |error: &Value| error["error"]["error_subcode"].clone();
        assert_eq!(subcode(&answer), subcode(&wanted["body"]), "{name}: {answer}");
    }
    stage.end().await;
}

/// What a healthy simulator answers has the names that stand in the contract.
#[tokio::test]
async fn every_success_example_is_answered_alike() {
    let Some(contract) = contract() else { return };
    let examples = files(&contract.join("responses"), "");
    let stage = Stage::greeted().await;
    stage.template(TemplateConfig::counted("news", "en_US", "MARKETING", 0));
    let names = |value: &Value| {
        let fields = value.as_object().expect("an object").keys();
        fields.cloned().collect::<std::collections::BTreeSet<_>>()
    };
    let alike = |name: &str, got: &Value| assert_eq!(names(got), names(&examples[name]), "{name}: {got}");
    let news = |to: &str| {
        json!({"messaging_product": "whatsapp", "to": to, "type": "template",
            "template": {"name": "news", "language": {"code": "en_US"}}})
    };
    let by_id = json!({"messaging_product": "whatsapp", "recipient": "KE.90012345678901234567", "type": "text",
        "text": {"body": "x"}});
    for (name, body) in [
        ("send-success.json", text(AMINA, "x")),
        ("send-success-bsuid.json", by_id),
        ("send-success-template-accepted.json", news(AMINA)),
        ("send-success-template-held.json", news("254709990903")),
    ] {
        let (status, got) = stage.send(&body).await;
        assert_eq!(status, 200, "{name}: {got}");
        alike(name, &got);
        for list in ["contacts", "messages"] {
            assert_eq!(
                names(&got[list][0]),
                names(&examples[name][list][0]),
                "{name}: {got}"
            );
        }
        let word = |answer: &Value| answer["messages"][0]["message_status"].clone();
        assert_eq!(word(&got), word(&examples[name]), "{name}");
    }

    let file = reqwest::multipart::Part::bytes(b"\x89PNG".to_vec())
        .file_name("a.png")
        .mime_str("image/png")
        .expect("a type");
    let form = reqwest::multipart::Form::new()
        .text("messaging_product", "whatsapp")
        .part("file", file);
    let ask = |method: reqwest::Method, path: &str| {
        stage.client.request(method, stage.url(path)).bearer_auth(TOKEN)
    };
    let answer = async |request: reqwest::RequestBuilder| -> Value {
        request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    };
    let post = reqwest::Method::POST;
    let uploaded = answer(ask(post.clone(), &format!("{NUMBER}/media")).multipart(form)).await;
    alike("media-upload.json", &uploaded);
    let id = uploaded["id"].as_str().expect("an id").to_owned();
    alike("media-get.json", &stage.get(&id).await.1);
    alike(
        "media-delete.json",
        &answer(ask(reqwest::Method::DELETE, &id)).await,
    );

    let begin = "310400500600701/uploads?file_name=a.png&file_length=8&file_type=image/png";
    let begun = answer(ask(post.clone(), begin)).await;
    alike("upload-session-create.json", &begun);
    let session = begun["id"].as_str().expect("an id").to_owned();
    let give = |offset: &str| {
        let request = stage
            .client
            .post(stage.url(&session))
            .header("file_offset", offset);
        request
            .header("authorization", format!("OAuth {TOKEN}"))
            .body("1234")
    };
    answer(give("0")).await;
    let standing = stage.get(&session).await.1;
    alike("upload-session-status.json", &standing);
    assert_eq!(standing["file_offset"], 4);
    alike("upload-session-finish.json", &answer(give("4")).await);
    stage.end().await;
}
