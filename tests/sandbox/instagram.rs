//! Instagram's simulator alone: both logins' nodes, sends as JSON and as forms, and customers who act for programs.

use frontdesk::sandbox::{InstagramAccount, InstagramConfig, InstagramSimulator};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Receiver, SECRET, TOKEN, VERIFY};

const ACCOUNT: &str = "17841400000000001";
const PAGE: &str = "1059380000000001";
const AMINA: &str = "990001234567";

struct Stage {
    simulator: InstagramSimulator,
    receiver: Receiver,
    client: reqwest::Client,
}

impl Stage {
    fn new(control: bool) -> Self {
        let simulator = InstagramSimulator::start(InstagramConfig {
            control,
            ..InstagramConfig::default()
        });
        let simulator = simulator.expect("a free port");
        let receiver = Receiver::start();
        let account = InstagramAccount {
            ig_id: ACCOUNT.into(),
            page_id: PAGE.into(),
            username: "sandbox.shop".into(),
            name: "Shop".into(),
            access_token: TOKEN.into(),
            app_secret: SECRET.into(),
            verify_token: VERIFY.into(),
            webhook_url: Some(receiver.url.clone()),
        };
        simulator.add_account(account).expect("a new account");
        Self {
            simulator,
            receiver,
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/{path}", self.simulator.base_url());
        self.client.request(method, url)
    }

    async fn answer(request: RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn acts(&self, action: &Value) -> (u16, Value) {
        let customer = json!({"id": AMINA, "name": "Amina", "username": "amina.o"});
        let body = json!({"ig_id": ACCOUNT, "customer": customer, "action": action});
        Self::answer(self.request(Method::POST, "_sandbox/say").json(&body)).await
    }

    /// Waits for a webhook that says this at this place of its event.
    async fn hears(&self, pointer: &str, wanted: &Value) {
        let what = format!("{pointer} = {wanted}");
        let says = |body: &Value| body.pointer(pointer) == Some(wanted);
        self.receiver
            .until(&what, |got| got.iter().any(|delivery| says(&delivery.body)))
            .await;
    }
}

#[tokio::test]
async fn customers_act_for_programs_and_both_logins_answer_them() {
    let stage = Stage::new(true);
    stage
        .simulator
        .verify_webhook(ACCOUNT)
        .await
        .expect("the handshake is passed");
    let (status, said) = stage.acts(&json!({"type": "text", "text": "Habari"})).await;
    assert_eq!(status, 200, "{said}");
    stage.hears("/entry/0/messaging/0/message/mid", &said["id"]).await;

    let json_body = json!({"recipient": {"id": AMINA}, "message": {"text": "Karibu"}});
    let by_instagram = stage.request(Method::POST, &format!("v25.0/{ACCOUNT}/messages"));
    let (status, sent) = Stage::answer(by_instagram.bearer_auth(TOKEN).json(&json_body)).await;
    assert_eq!((status, &sent["recipient_id"]), (200, &json!(AMINA)));
    // As client libraries of the Graph API write it.
    let recipient = json!({"id": AMINA}).to_string();
    let message =
        json!({"text": "Which?", "quick_replies": [{"content_type": "text", "title": "A", "payload": "a"}]})
            .to_string();
    let form = [
        ("recipient", recipient.as_str()),
        ("message", message.as_str()),
        ("access_token", TOKEN),
    ];
    let by_facebook = stage.request(Method::POST, &format!("v25.0/{PAGE}/messages"));
    let (status, sent) = Stage::answer(by_facebook.form(&form)).await;
    assert_eq!(status, 200, "{sent}");
    stage
        .hears("/entry/0/messaging/0/message/mid", &sent["message_id"])
        .await;

    for action in [
        json!({"type": "quick_reply", "title": "A", "payload": "a"}),
        json!({"type": "comment", "text": "How much?"}),
        json!({"type": "story_mention"}),
        json!({"type": "file", "kind": "audio", "mime_type": "audio/mp4", "data": "AAAA"}),
        json!({"type": "reaction", "id": sent["message_id"], "emoji": "🎉"}),
        json!({"type": "read"}),
    ] {
        let (status, done) = stage.acts(&action).await;
        assert_eq!(status, 200, "{action}: {done}");
    }
    stage
        .hears("/entry/0/messaging/0/message/quick_reply/payload", &json!("a"))
        .await;
    let transcript = format!("_sandbox/transcript?ig_id={ACCOUNT}&customer={AMINA}");
    let (_, chat) = Stage::answer(stage.request(Method::GET, &transcript)).await;
    let items = chat["items"].as_array().expect("a list");
    let ours = items.iter().filter(|it| it["from_business"] == true).count();
    assert!(ours == 2 && items.len() >= 5, "{chat}");
    assert_eq!(stage.receiver.bad_signatures(), 0);
    stage.simulator.stop().await;
}

#[tokio::test]
async fn nonsense_browsers_and_strangers_are_refused() {
    let stage = Stage::new(true);
    let table = [
        (json!({"type": "text", "text": " "}), 422),
        (json!({"type": "fly"}), 422),
        (json!({"type": "text", "text": "x", "more": 1}), 422),
        (
            json!({"type": "file", "kind": "spell", "mime_type": "a/b", "data": "AAAA"}),
            422,
        ),
        (
            json!({"type": "file", "kind": "image", "mime_type": "a/b", "data": "!"}),
            422,
        ),
        (json!({"type": "unsend", "id": "nothing"}), 404),
    ];
    for (action, expected) in table {
        let (status, answer) = stage.acts(&action).await;
        assert_eq!(status, expected, "{action}: {answer}");
        assert!(answer["detail"].is_string());
    }
    let strange = json!({"ig_id": "1", "customer": {"id": AMINA}, "action": {"type": "read"}});
    let (status, _) = Stage::answer(stage.request(Method::POST, "_sandbox/say").json(&strange)).await;
    assert_eq!(status, 404);
    let browser = stage
        .request(Method::POST, "_sandbox/say")
        .header("origin", "https://evil.example")
        .json(&strange);
    assert_eq!(Stage::answer(browser).await.0, 403);
    let faults = json!({"ig_id": ACCOUNT, "faults": {"refuse": 1}});
    let (status, _) = Stage::answer(stage.request(Method::PUT, "_sandbox/faults").json(&faults)).await;
    assert_eq!(status, 200);
    stage.acts(&json!({"type": "text", "text": "hi"})).await;
    let send = || {
        let body = json!({"recipient": {"id": AMINA}, "message": {"text": "x"}});
        let request = stage.request(Method::POST, &format!("{ACCOUNT}/messages"));
        Stage::answer(request.bearer_auth(TOKEN).json(&body))
    };
    assert_eq!(send().await.1["error"]["code"], 551);
    assert_eq!(send().await.0, 200);
    // Behind sandbox channels and the demo nobody is controlled.
    let closed = Stage::new(false);
    assert_ne!(closed.acts(&json!({"type": "read"})).await.0, 200);
    stage.simulator.stop().await;
}

/// The provider contract, where it lies beside the checkout.
fn contract() -> Option<std::path::PathBuf> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../shared", "../../shared"]
        .iter()
        .map(|shared| root.join(shared).join("contracts/instagram"))
        .find(|folder| folder.is_dir())
}

/// Names in a value, as paths.
fn names(value: &Value) -> std::collections::BTreeSet<String> {
    fn walk(value: &Value, path: &str, found: &mut std::collections::BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, inner) in fields {
                    walk(inner, &format!("{path}/{name}"), found);
                }
            }
            Value::Array(list) => list
                .iter()
                .for_each(|inner| walk(inner, &format!("{path}[]"), found)),
            _ => drop(found.insert(path.to_owned())),
        }
    }
    let mut found = std::collections::BTreeSet::new();
    walk(value, "", &mut found);
    found
}

/// What other programs ask for, and Frontdesk does not, is taken as well and answered as the contract has it.
#[tokio::test]
async fn examples_that_are_others_to_ask_for_are_taken() {
    let Some(folder) = contract() else { return };
    let file = |path: &str| -> Value {
        let text = std::fs::read_to_string(folder.join(path)).expect("a file");
        serde_json::from_str(&text).expect("JSON")
    };
    let stage = Stage::new(true);
    let (status, said) = stage.acts(&json!({"type": "text", "text": "Habari"})).await;
    assert_eq!(status, 200, "{said}");
    let post = async |node: &str, name: &str| {
        let mut body = file(name);
        body.as_object_mut().expect("an object").remove("_request");
        if body.pointer("/recipient/id").is_some() {
            body["recipient"]["id"] = json!(AMINA);
        }
        let request = stage.request(Method::POST, &format!("v25.0/{ACCOUNT}/{node}"));
        let (status, answer) = Stage::answer(request.bearer_auth(TOKEN).json(&body)).await;
        assert_eq!(status, 200, "{name}: {answer}");
        names(&answer)
    };
    let acted = names(&file("responses/sender-action-success.json"));
    for name in [
        "sender-action-typing-on.json",
        "sender-action-typing-off.json",
        "sender-action-mark-seen.json",
    ] {
        assert_eq!(post("messages", &format!("send/{name}")).await, acted, "{name}");
    }
    let uploaded = post("message_attachments", "send/attachment-upload.json").await;
    assert_eq!(uploaded, names(&file("responses/attachment-upload-success.json")));
    let sent = post(
        "messages",
        "send/image-url-instagram-login-quirk-attachments-object.json",
    )
    .await;
    assert_eq!(sent, names(&file("responses/send-success.json")));
}
