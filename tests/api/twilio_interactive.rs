//! Interactive messages through Twilio's WhatsApp: contents are made once for each shape, whatever goes wrong on the way, and
//! taps come back tied to the message that they answer.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Client, TestApp};
use frontdesk::sandbox::{
    ContentFaults, Customer, CustomerMessage, PhoneBook, SenderConfig, TranscriptEntry, TwilioConfig,
    TwilioSimulator,
};

const ACCOUNT: &str = "AC00112233445566778899aabbccddeeff";
const TOKEN: &str = "a-token-of-our-own";
const SENDER: &str = "whatsapp:+14155550100";
const AMINA: &str = "254711000234";

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), wait).await;
    in_time.unwrap_or_else(|_| panic!("not in time: {what}"));
}

/// A channel on a simulator of its own, with a customer who has just written.
struct Stage<'a> {
    client: &'a Client,
    simulator: TwilioSimulator,
    channel: Value,
    conversation: String,
}

fn line() -> String {
    format!("{ACCOUNT}/{SENDER}")
}

impl<'a> Stage<'a> {
    async fn open(app: &TestApp, client: &'a Client) -> Self {
        let simulator = TwilioSimulator::start(TwilioConfig::default()).expect("a simulator");
        simulator
            .add_sender(SenderConfig::new(ACCOUNT, TOKEN, SENDER))
            .expect("a sender");
        let settings = json!({"account_sid": ACCOUNT, "from": SENDER, "api_base": simulator.base_url()});
        let body = json!({"provider": "twilio", "name": "Twilio", "settings": settings, "secrets": {"auth_token": TOKEN}});
        let channel = client.post("/api/v1/channels", &body).await.expect(201);
        simulator.deliver_to(&app.base);
        simulator
            .set_webhook(&line(), channel["webhook_url"].as_str())
            .expect("a line");
        let mut stage = Self {
            client,
            simulator,
            channel,
            conversation: String::new(),
        };
        stage.says(CustomerMessage::text("Habari"));
        let mut found = String::new();
        until("a conversation", async || {
            let page = client.get("/api/v1/conversations").await.expect(200);
            found = page["items"][0]["id"].as_str().unwrap_or_default().to_owned();
            !found.is_empty()
        })
        .await;
        stage.conversation = found;
        stage
    }

    fn says(&self, message: CustomerMessage) {
        self.simulator
            .customer_says(&line(), &Customer::new(AMINA, "Amina"), message)
            .expect("it is said");
    }

    async fn messages(&self) -> Vec<Value> {
        let path = format!("/api/v1/conversations/{}/messages", self.conversation);
        let page = self.client.get(&path).await.expect(200);
        page["items"].as_array().expect("a list").clone()
    }

    async fn post(&self, interactive: &Value) -> String {
        let path = format!("/api/v1/conversations/{}/messages", self.conversation);
        let body = json!({"type": "interactive", "interactive": interactive});
        let posted = self.client.post(&path, &body).await.expect(202);
        posted["id"].as_str().expect("an id").to_owned()
    }

    /// The message once the provider has it, or it failed.
    async fn settled(&self, id: &str) -> Value {
        let mut found = Value::Null;
        until("settled", async || {
            let all = self.messages().await;
            found = all.into_iter().find(|it| it["id"] == id).unwrap_or_default();
            !found["provider_message_id"].is_null() || found["status"] == "failed"
        })
        .await;
        found
    }

    async fn sent(&self, interactive: &Value) -> Value {
        let id = self.post(interactive).await;
        let message = self.settled(&id).await;
        assert_ne!(message["status"], "failed", "{message}");
        message
    }

    /// What the customer's phone shows of ours.
    fn phone(&self) -> Vec<TranscriptEntry> {
        let all = self.simulator.transcript(&line(), AMINA).into_iter();
        all.filter(|entry| entry.kind == "interactive").collect()
    }

    fn contents(&self) -> usize {
        self.simulator.contents(ACCOUNT).len()
    }
}

fn ask(words: &str, titles: &[&str]) -> Value {
    let buttons: Vec<Value> = titles
        .iter()
        .map(|title| json!({"type": "reply", "reply": {"id": format!("id-{title}"), "title": title}}))
        .collect();
    json!({"type": "button", "body": {"text": words}, "action": {"buttons": buttons}})
}

#[actix_web::test]
async fn each_kind_goes_out_by_a_content_and_taps_are_tied_to_it() {
    let app = TestApp::start().await;
    let stage = Stage::open(&app, &app.a.owner).await;
    let capabilities = &stage.channel["capabilities"];
    assert!(capabilities["sends"].to_string().contains("interactive"));
    assert_eq!(capabilities["limits"]["buttons"], 3);
    let kinds = capabilities["limits"]["interactive"].to_string();
    assert!(
        kinds.contains("button") && kinds.contains("list") && !kinds.contains("flow"),
        "{kinds}"
    );

    let first = stage.sent(&ask("Hi Amina, when?", &["Today", "Tomorrow"])).await;
    assert_eq!(first["type"], "interactive");
    assert_eq!(
        first["interactive"]["body"]["text"], "Hi Amina, when?",
        "kept as it was written"
    );
    let shown = stage.phone().pop().expect("on the phone");
    assert_eq!(shown.content["body"]["text"], "Hi Amina, when?");
    assert_eq!(
        shown.content["action"]["buttons"][1]["reply"]["id"],
        "id-Tomorrow"
    );

    // The same shape with other words needs no second content; another shape does.
    stage
        .sent(&ask("And you, Amina, when?", &["Today", "Tomorrow"]))
        .await;
    assert_eq!(stage.contents(), 1);
    let rows = json!([{"id": "express", "title": "Express", "description": "Tomorrow"}, {"id": "std", "title": "Standard"}]);
    let list = json!({"type": "list", "body": {"text": "Which speed?"}, "action": {"button": "Choose", "sections": [{"rows": rows}]}});
    let list = stage.sent(&list).await;
    let link = |end: &str| {
        json!({"type": "cta_url", "body": {"text": "Pay here"}, "action": {"name": "cta_url",
        "parameters": {"display_text": "Pay", "url": format!("https://pay.example/l/{end}")}}})
    };
    stage.sent(&link("abc")).await;
    stage.sent(&link("xyz")).await;
    assert_eq!(stage.contents(), 3);
    let shown = stage.phone().pop().expect("on the phone");
    assert_eq!(
        shown.content["action"]["parameters"]["url"],
        "https://pay.example/l/xyz"
    );

    // Taps.
    let tap = |kind: &str, content: Value, about: &Value| {
        let mut message = json!({"type": kind, "context": {"id": about["provider_message_id"]}});
        message[kind] = content;
        CustomerMessage::from_json(message).expect("a message")
    };
    stage.says(tap(
        "button",
        json!({"text": "Today", "payload": "id-Today"}),
        &first,
    ));
    let chosen = json!({"type": "list_reply", "list_reply": {"id": "express", "title": "Express"}});
    stage.says(tap("interactive", chosen, &list));
    until("both taps", async || {
        let all = stage.messages().await;
        let tied = |kind: &str, about: &Value| {
            all.iter().any(|it| {
                it["type"] == kind
                    && it["direction"] == "inbound"
                    && it["context"]["message_id"] == about["id"]
            })
        };
        tied("button", &first) && tied("interactive", &list)
    })
    .await;
    let all = stage.messages().await;
    let button = all.iter().find(|it| it["type"] == "button").expect("the tap");
    assert_eq!(button["button"]["payload"], "id-Today");
    // Nobody else sees any of it, and contents that are made so are no templates.
    assert_eq!(
        app.b.owner.get("/api/v1/conversations").await.expect(200)["items"],
        json!([])
    );
    let which = json!({"channel_id": stage.channel["id"]});
    let listed = app
        .a
        .owner
        .post("/api/v1/templates/sync", &which)
        .await
        .expect(200);
    assert_eq!(listed["listed"], 0, "{listed}");
}

#[actix_web::test]
async fn a_lost_answer_makes_no_second_content_and_no_second_message() {
    let app = TestApp::start().await;
    let stage = Stage::open(&app, &app.a.owner).await;
    let faults = ContentFaults {
        drop_answers: 1,
        ..ContentFaults::default()
    };
    stage
        .simulator
        .set_content_faults(ACCOUNT, faults)
        .expect("an account");
    let before = stage.simulator.taken();
    stage.sent(&ask("Which?", &["A", "B"])).await;
    assert_eq!(stage.contents(), 1, "the one that was made is found by its name");
    assert_eq!(stage.simulator.taken() - before, 1);
    assert_eq!(stage.phone().len(), 1);

    // Refusals that pass, and an hour of silence, cost nothing but time.
    let faults = ContentFaults {
        throttle: 1,
        unavailable: 1,
        ..ContentFaults::default()
    };
    stage
        .simulator
        .set_content_faults(ACCOUNT, faults)
        .expect("an account");
    stage.sent(&ask("Which?", &["C"])).await;
    assert_eq!((stage.contents(), stage.phone().len()), (2, 2));
}

#[actix_web::test]
async fn a_content_that_somebody_removed_is_made_anew() {
    let app = TestApp::start().await;
    let stage = Stage::open(&app, &app.a.owner).await;
    stage.sent(&ask("Which?", &["A"])).await;
    let (sid, ..) = stage.simulator.contents(ACCOUNT)[0].clone();
    assert!(stage.simulator.remove_content(ACCOUNT, &sid));
    stage.sent(&ask("Which now?", &["A"])).await;
    let (other, ..) = stage.simulator.contents(ACCOUNT)[0].clone();
    assert_ne!(other, sid);
    assert_eq!(stage.phone().len(), 2);
}

#[actix_web::test]
async fn what_twilio_cannot_take_is_refused_by_its_field_before_anything_is_made() {
    let app = TestApp::start().await;
    let stage = Stage::open(&app, &app.a.owner).await;
    let path = format!("/api/v1/conversations/{}/messages", stage.conversation);
    let table = [
        (ask("x", &["A", "B", "C", "D"]), "interactive.action.buttons"),
        (ask(&"x".repeat(1025), &["A"]), "interactive.body.text"),
        (json!({"type": "flow", "body": {"text": "x"}}), "interactive.type"),
    ];
    for (interactive, field) in table {
        let body = json!({"type": "interactive", "interactive": interactive});
        let refused = stage.client.post(&path, &body).await;
        assert_eq!((refused.status, &refused.json()["field"]), (422, &json!(field)));
    }
    assert_eq!(stage.contents(), 0);
    // By SMS there is nothing of the kind.
    let settings =
        json!({"account_sid": ACCOUNT, "from": "+14155550199", "api_base": stage.simulator.base_url()});
    let sms =
        json!({"provider": "twilio", "name": "SMS", "settings": settings, "secrets": {"auth_token": TOKEN}});
    let sms = stage.client.post("/api/v1/channels", &sms).await.expect(201);
    assert_eq!(sms["capabilities"]["limits"]["interactive"], json!([]));
    let body = json!({"channel_id": sms["id"], "to": "+14155550123", "type": "interactive", "interactive": ask("x", &["A"])});
    stage
        .client
        .post("/api/v1/messages", &body)
        .await
        .expect_problem(422, "invalid_field");
}

#[actix_web::test]
async fn a_removed_channel_takes_its_contents_along() {
    let app = TestApp::start().await;
    let stage = Stage::open(&app, &app.a.owner).await;
    stage.sent(&ask("Which?", &["A"])).await;
    assert_eq!(stage.contents(), 1);
    let path = format!(
        "/api/v1/channels/{}",
        stage.channel["id"].as_str().expect("an id")
    );
    stage.client.delete(&path).await;
    until("the content is gone", async || stage.contents() == 0).await;
}
