//! The contract's Content API, walked file by file: every content can be asked for by our own code or is told why not, the
//! simulator takes every one of them and answers as the contract does, and every answer is understood.

use std::collections::BTreeSet;

use frontdesk::channels::twilio::Twilio;
use frontdesk::channels::{ChannelAccess, Provider};
use frontdesk::domain::outbound::SendOutcome;
use frontdesk::domain::template::news::{Listed, Submission};
use frontdesk::domain::template::{Category, Definition, ParameterFormat, State};
use frontdesk::domain::{Content, MessageStatus, Timestamp};
use frontdesk::sandbox::{SenderConfig, TwilioConfig, TwilioSimulator};
use serde_json::{Value, json};

use crate::support::{ACCOUNT, TOKEN, access, contract, json_files, request};
use crate::wire::{self, Reply, Request, http, serve};

const SENDER: &str = "whatsapp:+14155550100";

fn file(name: &str) -> Value {
    let path = contract().expect("looked before").join(name);
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

/// How our code comes to ask for a content.
enum Way {
    /// As a template of this category with these components, which is reviewed.
    Template(Category, Value),
    /// As a message with this body, for which a content is made.
    Message(Value),
    /// Not at all.
    Never,
}

fn way(name: &str) -> Way {
    let reply = |id: &str, title: &str| json!({"type": "reply", "reply": {"id": id, "title": title}});
    let file = |name: &str| json!([format!("https://desk.example/m/{name}")]);
    let card = |title: &str, picture: &str| {
        json!({"components": [
            {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": file(picture)}},
            {"type": "BODY", "text": title},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Shop", "url": "https://shop.example/p/basket"},
                {"type": "QUICK_REPLY", "text": "More"}]}]})
    };
    let hello =
        json!({"type": "BODY", "text": "Hello {{1}}, have a look:", "example": {"body_text": [["Amina"]]}});
    match name {
        "create-quick-reply.request.json" => Way::Message(json!({"type": "button",
            "body": {"text": "Track your order?"},
            "action": {"buttons": [reply("track-1042", "Track"), reply("agent", "Agent")]}})),
        "create-list-picker.request.json" => Way::Message(json!({"type": "list",
            "body": {"text": "Choose a delivery speed"},
            "action": {"button": "See options", "sections": [{"rows": [
                {"id": "ship-express", "title": "Express", "description": "Arrives tomorrow"},
                {"id": "ship-std", "title": "Standard", "description": "3 to 5 days"}]}]}})),
        "create-card.request.json" => Way::Message(json!({"type": "generic_template", "elements": [{
            "title": "Large basket", "subtitle": "KES 1,850", "image_url": "https://shop.example/img/basket.jpg",
            "buttons": [{"type": "web_url", "url": "https://shop.example/p/basket", "title": "Shop"},
                {"type": "postback", "title": "Ask", "payload": "ask"}]}]})),
        // A place goes out beside a text (PersistentAction), without a content.
        "create-location.request.json" => Way::Never,
        "create-text.request.json" => Way::Template(
            Category::Utility,
            json!([{"type": "BODY",
            "text": "Hi {{1}}, order {{2}} has left our shop.", "example": {"body_text": [["Amina", "1042"]]}}]),
        ),
        "create-call-to-action.request.json" => Way::Template(
            Category::Utility,
            json!([
            {"type": "BODY", "text": "Pay order {{1}} now", "example": {"body_text": [["1042"]]}},
            {"type": "BUTTONS", "buttons": [
                {"type": "URL", "text": "Pay now", "url": "https://pay.example/l/{{1}}", "example": ["abc123"]},
                {"type": "PHONE_NUMBER", "text": "Call us", "phone_number": "+254700555010"}]}]),
        ),
        "create-media.request.json" => Way::Template(
            Category::Utility,
            json!([
            {"type": "HEADER", "format": "DOCUMENT", "example": {"header_handle": file("invoice-1042.pdf")}},
            {"type": "BODY", "text": "Your invoice"}]),
        ),
        "create-whatsapp-authentication.request.json" => Way::Template(
            Category::Authentication,
            json!([
            {"type": "BODY", "add_security_recommendation": true},
            {"type": "FOOTER", "code_expiration_minutes": 5},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}]}]),
        ),
        "create-whatsapp-card.request.json" => Way::Template(
            Category::Marketing,
            json!([
            {"type": "HEADER", "format": "TEXT", "text": "Order"},
            {"type": "BODY", "text": "Hi {{1}} there", "example": {"body_text": [["Amina"]]}},
            {"type": "FOOTER", "text": "Kibanda Crafts"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "OK"}]}]),
        ),
        "create-carousel.request.json" => Way::Template(
            Category::Marketing,
            json!([hello, {"type": "CAROUSEL",
            "cards": [card("Basket", "basket.jpg"), card("Mat", "mat.jpg")]}]),
        ),
        other => panic!("{other} is new"),
    }
}

/// Names in a value, as paths.
fn names(value: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, found: &mut BTreeSet<String>) {
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
    let mut found = BTreeSet::new();
    walk(value, "", &mut found);
    found
}

/// Makes one call against these answers and gives what was asked.
async fn asked<T>(
    answers: &[&Value],
    call: impl AsyncFnOnce(&reqwest::Client, &ChannelAccess) -> T,
) -> (T, Vec<Request>) {
    wire::asked(answers, async |base| call(&http(), &access(SENDER, base)).await).await
}

/// What the list tells of a content that WhatsApp was asked about.
async fn listed(content: &Value, approval: &Value) -> Option<Listed> {
    let mut page = file("content/content-and-approvals.response.json");
    let mut content = content.clone();
    content["sid"] = page["contents"][0]["sid"].clone();
    content["approval_requests"] = approval.clone();
    page["contents"] = json!([content]);
    let (list, asked) = asked(&[&page], async |http, access| {
        Twilio
            .templates()
            .expect("templates")
            .list(http, access, None)
            .await
    })
    .await;
    assert!(
        asked[0].head.starts_with("GET /v1/ContentAndApprovals?"),
        "{}",
        asked[0].head
    );
    list.expect("a list").items.into_iter().next()
}

#[tokio::test]
async fn every_content_can_be_asked_for() {
    let Some(folder) = contract() else { return };
    for (name, wanted) in json_files(&folder.join("content")) {
        if !name.starts_with("create-") {
            continue;
        }
        match way(&name) {
            Way::Never => {}
            Way::Message(body) => {
                let content = Content {
                    kind: "interactive".into(),
                    body,
                };
                let made = Twilio.made_contents().expect("contents");
                let shape = made.shape(&access(SENDER, "http://x.example"), &content);
                let shape = shape.expect("within the limits").expect("made beforehand");
                // Words that differ from message to message stand in variables.
                let (got, mut types) = (names(&shape.body["types"]), wanted["types"].clone());
                types
                    .as_object_mut()
                    .expect("types")
                    .retain(|kind, _| shape.body["types"].get(kind).is_some());
                assert_eq!(got, names(&types), "{name}");
            }
            Way::Template(category, components) => template(&name, &wanted, category, &components).await,
        }
    }
}

/// Submits a template; a content with the contract's names is asked for, and then its approval.
async fn template(name: &str, wanted: &Value, category: Category, components: &Value) {
    let definition = Definition {
        category,
        format: ParameterFormat::Positional,
        ttl_s: None,
        components: components.as_array().cloned().expect("a list"),
    };
    let (made, approval) = (
        file("content/create.response.json"),
        file("content/approval-create.response.json"),
    );
    let (got, asked) = asked(&[&made, &approval], async |http, access| {
        let submission = Submission {
            id: None,
            name: wanted["friendly_name"].as_str().expect("a name"),
            language: "en",
            definition: &definition,
            with_category: true,
        };
        Twilio
            .templates()
            .expect("templates")
            .submit(http, access, submission)
            .await
    })
    .await;
    let got = got.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    assert_eq!(
        (got.state, got.id.as_deref()),
        (State::InReview, made["sid"].as_str()),
        "{name}"
    );
    assert!(
        asked[0].head.starts_with("POST /v1/Content "),
        "{}",
        asked[0].head
    );
    assert_eq!(asked[0].body["friendly_name"], wanted["friendly_name"], "{name}");
    let mut theirs = names(&wanted["types"]);
    // WhatsApp's cards have one text, which Twilio takes as the body; a title of its own is not asked for.
    theirs.remove("/twilio/carousel/cards[]/title");
    assert_eq!(
        names(&asked[0].body["types"]),
        theirs,
        "{name}: {}",
        asked[0].body
    );
    let request = file("content/approval-create.request.json");
    assert_eq!(names(&asked[1].body), names(&request), "{name}");
    assert_eq!(
        asked[1].body["category"],
        category.as_str().to_ascii_uppercase(),
        "{name}"
    );
}

#[tokio::test]
async fn every_answer_about_an_approval_is_understood() {
    let Some(folder) = contract() else { return };
    let page = file("content/content-and-approvals.response.json");
    let content = &page["contents"][0];
    let mut seen = 0;
    for (name, answer) in json_files(&folder.join("content")) {
        let Some(word) = name
            .strip_prefix("approval-fetch-")
            .and_then(|rest| rest.strip_suffix(".response.json"))
        else {
            continue;
        };
        let state = match word {
            "approved" => State::Approved,
            "disabled" => State::Disabled,
            "paused" => State::Paused,
            "pending" => State::InReview,
            "rejected" => State::Rejected,
            other => panic!("{other} is new"),
        };
        let template = listed(content, &answer["whatsapp"]).await.expect("a template");
        let reason = answer["whatsapp"]["rejection_reason"]
            .as_str()
            .filter(|reason| !reason.is_empty());
        assert_eq!(
            (template.state, template.reason.as_deref()),
            (state, reason),
            "{name}"
        );
        seen += 1;
    }
    assert!(seen >= 5, "{seen}");
    // A content is found again by its name.
    let list = file("content/list.response.json");
    let (found, _) = asked(&[&list], async |http, access| {
        Twilio
            .made_contents()
            .expect("contents")
            .find(http, access, "order_shipped")
            .await
    })
    .await;
    assert_eq!(
        found.expect("a list").as_deref(),
        list["contents"][0]["sid"].as_str()
    );
}

#[tokio::test]
async fn the_simulator_takes_every_content_and_answers_as_the_contract_does() {
    let Some(folder) = contract() else { return };
    let simulator = TwilioSimulator::start(TwilioConfig::default()).expect("a simulator");
    simulator
        .add_sender(SenderConfig::new(ACCOUNT, TOKEN, SENDER))
        .expect("a sender");
    let client = http();
    let call = async |method: reqwest::Method, path: &str, body: Option<&Value>| {
        let url = format!("{}/v1/{path}", simulator.base_url());
        let mut request = client.request(method, url).basic_auth(ACCOUNT, Some(TOKEN));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.expect("JSON"),
        )
    };
    let (get, post) = (reqwest::Method::GET, reqwest::Method::POST);
    let within = |name: &str, got: &Value, wanted: &Value| {
        let missing: Vec<String> = names(wanted).difference(&names(got)).cloned().collect();
        assert!(missing.is_empty(), "{name} lacks {missing:?}: {got}");
    };
    let mut shipped = String::new();
    for (name, wanted) in json_files(&folder.join("content")) {
        if !name.starts_with("create-") {
            continue;
        }
        let (status, answer) = call(post.clone(), "Content", Some(&wanted)).await;
        assert_eq!(status, 201, "{name}: {answer}");
        assert_eq!(answer["types"], wanted["types"], "{name}");
        if name == "create-text.request.json" {
            within(&name, &answer, &file("content/create.response.json"));
            shipped = answer["sid"].as_str().expect("a SID").to_owned();
        }
    }
    let approval = file("content/approval-create.request.json");
    let path = format!("Content/{shipped}/ApprovalRequests");
    let (_, got) = call(post, &format!("{path}/whatsapp"), Some(&approval)).await;
    within(
        "approval-create",
        &got,
        &file("content/approval-create.response.json"),
    );
    let (_, got) = call(get.clone(), &path, None).await;
    within(
        "approval-fetch",
        &got,
        &file("content/approval-fetch-approved.response.json"),
    );
    for (path, wanted) in [
        ("Content", "list"),
        ("ContentAndApprovals", "content-and-approvals"),
    ] {
        let (_, mut got) = call(get.clone(), path, None).await;
        let contents = got["contents"].as_array().cloned().unwrap_or_default();
        let own = contents.into_iter().find(|it| it["sid"] == shipped.as_str());
        got["contents"] = json!([own.expect("listed")]);
        within(path, &got, &file(&format!("content/{wanted}.response.json")));
    }
    simulator.stop().await;
}

#[tokio::test]
async fn every_answer_about_a_message_is_understood() {
    let Some(folder) = contract() else { return };
    let text = Content::text("Your order 1042 is packed.");
    for (name, answer) in json_files(&folder.join("responses")) {
        let sid = answer["sid"].as_str().unwrap_or_default().to_owned();
        match name.as_str() {
            "message-created-201.json" | "message-created-messaging-service-201.json" => {
                let (got, _) = asked(&[&answer], async |http, access| {
                    Twilio.send(http, access, &request(text.clone())).await
                })
                .await;
                assert!(
                    matches!(&got, SendOutcome::Accepted { provider_message_id, .. } if *provider_message_id == sid),
                    "{name}: {got:?}"
                );
            }
            "message-fetched-delivered-200.json" | "message-fetched-undelivered-200.json" => {
                let (got, _) = asked(&[&answer], async |http, access| {
                    Twilio.fetch_status(http, access, &sid).await
                })
                .await;
                let update = got.expect("an answer").expect("a status");
                let wanted = match answer["status"].as_str() {
                    Some("delivered") => MessageStatus::Delivered,
                    _ => MessageStatus::Failed,
                };
                assert_eq!(
                    (update.status, update.error.is_some()),
                    (wanted, wanted == MessageStatus::Failed),
                    "{name}"
                );
            }
            "message-list-200.json" => {
                let (got, _) = asked(&[&answer], async |http, access| {
                    let mut wanted = request(text.clone());
                    wanted.to = vec![frontdesk::domain::Identity::new(
                        frontdesk::domain::IdentityKind::Phone,
                        "+254711000234",
                    )];
                    let since = Timestamp::parse("2026-11-20T09:59:00Z").expect("a time");
                    Twilio.look_up(http, access, &wanted, since).await
                })
                .await;
                let found = got.expect("an answer");
                assert_eq!(found.len(), 1, "{name}");
                assert_eq!(
                    Some(found[0].provider_message_id.as_str()),
                    answer["messages"][0]["sid"].as_str()
                );
            }
            name => {
                let code = name
                    .strip_prefix("error-")
                    .and_then(|rest| rest.strip_suffix(".json"));
                let code = code.unwrap_or_else(|| panic!("{name} is new"));
                let status = answer["_http_status"]
                    .as_u64()
                    .or(answer["status"].as_u64())
                    .expect("a status");
                let body = answer.get("body").unwrap_or(&answer);
                let status = u16::try_from(status).expect("a status");
                let (base, _server) = serve(vec![Reply::answer(status, "", &body.to_string())]).await;
                let got = Twilio
                    .send(&http(), &access(SENDER, &base), &request(text.clone()))
                    .await;
                assert!(
                    matches!(&got, SendOutcome::Refused(error) if error.code == code),
                    "{name}: {got:?}"
                );
            }
        }
    }
}
