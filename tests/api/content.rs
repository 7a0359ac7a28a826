//! Every kind of content both ways: what it does to the stored messages, and that tracked links count and lead home.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp, webhook};

const PHONE: &str = "15550123456";
/// A browser in a person's hand.
const PERSON: &str = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/129.0 Mobile Safari/537.36";

/// A workspace's sandbox with one customer in it, and the conversation that they began.
struct Desk {
    agent: Client,
    conversation: String,
}

async fn until<T>(mut find: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = find().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), wait).await;
    found.expect("it happens in time")
}

impl Desk {
    async fn open(owner: &Client, agent: &Client) -> Self {
        let body = json!({ "provider": "sandbox", "name": "Phone" });
        let channel = owner.post("/api/v1/channels", &body).await.expect(201);
        let path = format!(
            "/api/v1/sandbox/faults?channel_id={}",
            channel["id"].as_str().expect("an id")
        );
        until(async || (agent.get(&path).await.status == 200).then_some(())).await;
        let body = json!({ "name": "Amina", "phone": format!("+{PHONE}"), "language": "sw" });
        agent.post("/api/v1/sandbox/customers", &body).await.expect(201);
        let mut desk = Self {
            agent: agent.clone(),
            conversation: String::new(),
        };
        desk.says(json!({ "type": "text", "text": { "body": "Hello" } }))
            .await;
        desk.conversation = until(async || {
            let page = agent.get("/api/v1/conversations").await.expect(200);
            let first = &page["items"][0];
            // It stands there a moment before its first message does.
            let has_message = first["last_message"].is_object();
            first["id"].as_str().filter(|_| has_message).map(str::to_owned)
        })
        .await;
        desk
    }

    /// The customer says something; answers the provider's id of it.
    async fn says(&self, body: Value) -> String {
        let path = format!("/api/v1/sandbox/customers/{PHONE}/messages");
        let said = self.agent.post(&path, &body).await.expect(201);
        said["id"].as_str().expect("an id").to_owned()
    }

    fn path(&self) -> String {
        format!("/api/v1/conversations/{}/messages", self.conversation)
    }

    async fn try_send(&self, body: &Value) -> Answer {
        let key = uuid::Uuid::new_v4().to_string();
        let request = self.agent.request(Method::POST, &self.path());
        Answer::of(request.header("idempotency-key", key).json(body)).await
    }

    /// We say something; answers the message once the provider has it.
    async fn send(&self, body: Value) -> Value {
        let id = self.try_send(&body).await.expect(202)["id"].clone();
        self.message(|message| message["id"] == id && message["provider_message_id"].is_string())
            .await
    }

    /// The message that fits, once there is one.
    async fn message(&self, fits: impl Fn(&Value) -> bool) -> Value {
        until(async || {
            let page = self.agent.get(&self.path()).await.expect(200);
            let items = page["items"].as_array().expect("a list").clone();
            items.into_iter().find(|message| fits(message))
        })
        .await
    }

    /// Waits until a search finds so many messages.
    async fn found(&self, word: &str, count: usize) {
        let path = format!("/api/v1/search?q={word}&in=messages");
        until(async || {
            let page = self.agent.get(&path).await.expect(200);
            (page["items"].as_array().expect("a list").len() == count).then_some(())
        })
        .await;
    }

    async fn by_provider(&self, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.message(|message| message["provider_message_id"] == id && fits(message))
            .await
    }
}

#[actix_web::test]
async fn edits_deletions_and_reactions_change_the_message_that_they_are_about() {
    let app = TestApp::start().await;
    let desk = Desk::open(&app.a.owner, &app.a.agent).await;
    let other = Desk::open(&app.b.owner, &app.b.agent).await;
    let said = desk
        .says(json!({"type": "text", "text": {"body": "two brown loavs"}}))
        .await;
    other
        .says(json!({"type": "text", "text": {"body": "two brown loavs"}}))
        .await;
    desk.says(json!({"type": "reaction", "reaction": {"message_id": said, "emoji": "👍"}}))
        .await;
    let reacted = desk
        .by_provider(&said, |m| m["reactions"][0]["emoji"] == "👍")
        .await;
    assert_eq!(reacted["reactions"][0]["direction"], "inbound");
    assert_eq!(reacted["reactions"][0]["by"]["kind"], "customer");

    desk.says(json!({"type": "edit", "edit": {"original_message_id": said,
        "message": {"type": "text", "text": {"body": "two brown loaves"}}}}))
        .await;
    let edited = desk.by_provider(&said, |m| m["edits"].is_array()).await;
    assert_eq!(edited["text"]["body"], "two brown loaves");
    assert_eq!(edited["edits"][0]["text"]["body"], "two brown loavs");
    desk.found("loavs", 0).await;
    desk.found("loaves", 2).await; // the message, and the edit's own row

    desk.says(json!({"type": "revoke", "revoke": {"original_message_id": said}}))
        .await;
    let deleted = desk.by_provider(&said, |m| m["deleted"].is_object()).await;
    assert_eq!(deleted["deleted"]["by"]["kind"], "customer");
    assert_eq!(
        (&deleted["type"], &deleted["text"]["body"]),
        (&json!("text"), &json!(""))
    );
    assert!(
        !deleted.to_string().contains("loa"),
        "no word of it is left: {deleted}"
    );
    desk.found("loaves", 0).await;
    let whole = desk.agent.get(&desk.path()).await.expect(200).to_string();
    assert!(!whole.contains("loaves"), "not in its edits either: {whole}");
    let page = other.agent.get(&other.path()).await.expect(200).to_string();
    assert!(
        page.contains("two brown loavs") && !page.contains("\"deleted\""),
        "{page}"
    );
}

#[actix_web::test]
async fn nobody_changes_what_the_other_side_wrote() {
    let app = TestApp::start().await;
    let desk = Desk::open(&app.a.owner, &app.a.agent).await;
    let ours = desk
        .send(json!({"type": "text", "text": {"body": "Ready at five"}}))
        .await;
    let wamid = ours["provider_message_id"].as_str().expect("an id");
    let path = format!("/api/v1/sandbox/customers/{PHONE}/messages");
    for body in [
        json!({"type": "revoke", "revoke": {"original_message_id": wamid}}),
        json!({"type": "edit", "edit": {"original_message_id": wamid,
            "message": {"type": "text", "text": {"body": "forged"}}}}),
    ] {
        desk.agent
            .post(&path, &body)
            .await
            .expect_problem(422, "invalid_field");
    }
}

#[actix_web::test]
async fn our_reactions_stand_on_the_message_and_come_off_when_taken_back() {
    let app = TestApp::start().await;
    let desk = Desk::open(&app.a.owner, &app.a.agent).await;
    let said = desk
        .says(json!({"type": "text", "text": {"body": "Thank you!"}}))
        .await;
    let target = desk.by_provider(&said, |_| true).await;
    let react =
        |id: &Value, emoji: &str| json!({"type": "reaction", "reaction": {"message_id": id, "emoji": emoji}});
    // By our own id or the provider's.
    for (id, emoji) in [(&target["id"], "❤️"), (&json!(said), "🙏")] {
        let sent = desk.send(react(id, emoji)).await;
        assert_eq!(sent["context"]["message_id"], target["id"]);
        let shown = desk
            .by_provider(&said, |m| m["reactions"][0]["emoji"] == emoji)
            .await;
        assert_eq!(shown["reactions"].as_array().map(Vec::len), Some(1), "{shown}");
        assert_eq!(shown["reactions"][0]["by"]["name"], "Agent of alpha");
    }
    desk.send(react(&target["id"], "")).await;
    desk.by_provider(&said, |m| m["reactions"] == json!([])).await;
    let ours = desk
        .send(json!({"type": "text", "text": {"body": "Welcome"}}))
        .await;
    let nowhere = json!("ms_0000000000000000000000000000000000000001");
    for id in [&ours["id"], &nowhere] {
        let refused = desk
            .try_send(&react(id, "👍"))
            .await
            .expect_problem(422, "invalid_field");
        assert_eq!(refused["field"], "reaction.message_id", "{refused}");
    }
    desk.says(json!({"type": "revoke", "revoke": {"original_message_id": said}}))
        .await;
    desk.by_provider(&said, |m| m["deleted"].is_object()).await;
    desk.try_send(&react(&target["id"], "👍"))
        .await
        .expect_problem(422, "invalid_field");
}

#[actix_web::test]
async fn taps_and_forms_are_choices_of_the_message_that_asked() {
    let app = TestApp::start().await;
    let desk = Desk::open(&app.a.owner, &app.a.agent).await;
    let buttons = json!([{"type": "reply", "reply": {"id": "yes", "title": "Yes"}},
                         {"type": "reply", "reply": {"id": "no", "title": "No"}}]);
    let rows = json!([{"title": "Bread", "rows": [{"id": "rye", "title": "Rye", "description": "Dark"}]}]);
    let flow = json!({"name": "flow", "parameters": {"flow_message_version": "3", "flow_id": "1", "flow_cta": "Rate"}});
    let table = [
        (
            json!({"type": "button", "body": {"text": "Delivery?"}, "action": {"buttons": buttons}}),
            json!({"type": "button_reply", "button_reply": {"id": "no", "title": "No"}}),
            ("button", "no", "No"),
        ),
        (
            json!({"type": "list", "body": {"text": "Which?"}, "action": {"button": "Choose", "sections": rows}}),
            json!({"type": "list_reply", "list_reply": {"id": "rye", "title": "Rye", "description": "Dark"}}),
            ("list", "rye", "Rye"),
        ),
        (
            json!({"type": "flow", "body": {"text": "Rate us"}, "action": flow}),
            json!({"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{\"rating\":\"5\"}"}}),
            ("flow", "flow", "Sent"),
        ),
    ];
    for (asked, answer, (kind, id, title)) in table {
        let ours = desk
            .send(json!({"type": "interactive", "interactive": asked}))
            .await;
        let said = desk
            .says(json!({"type": "interactive", "interactive": answer,
            "context_id": ours["provider_message_id"]}))
            .await;
        let asking = desk
            .message(|m| m["id"] == ours["id"] && m["choices"].is_array())
            .await;
        let choice = &asking["choices"][0];
        assert_eq!(
            (&choice["kind"], &choice["id"], &choice["title"]),
            (&json!(kind), &json!(id), &json!(title))
        );
        let told = desk.by_provider(&said, |_| true).await;
        assert_eq!(told["context"]["message_id"], ours["id"]);
        assert_eq!(choice["message_id"], told["id"]);
    }
    let ask = json!({"type": "interactive", "interactive": {"type": "location_request_message",
        "body": {"text": "Where to?"}, "action": {"name": "send_location"}}});
    let ours = desk.send(ask).await;
    desk.says(
        json!({"type": "location", "location": {"latitude": -1.2, "longitude": 36.8, "name": "Home"},
        "context_id": ours["provider_message_id"]}),
    )
    .await;
    let asking = desk
        .message(|m| m["id"] == ours["id"] && m["choices"].is_array())
        .await;
    assert_eq!(asking["choices"][0]["title"], "Home");
    let path = format!("/api/v1/sandbox/customers/{PHONE}/messages");
    let forged = json!({"type": "interactive", "context_id": ours["provider_message_id"],
        "interactive": {"type": "button_reply", "button_reply": {"id": "x", "title": "Not there"}}});
    desk.agent
        .post(&path, &forged)
        .await
        .expect_problem(422, "invalid_field");
}

impl Desk {
    /// Opens a link as somebody; answers the status and where it leads.
    async fn open_link(&self, client: &Client, method: Method, code: &str, agent: &str) -> (u16, String) {
        let request = client.request(method, &format!("/l/{code}?fbclid=x"));
        let answer = Answer::of(request.header("user-agent", agent)).await;
        let to = answer.headers.get("location").and_then(|to| to.to_str().ok());
        (answer.status, to.unwrap_or_default().to_owned())
    }
}

#[actix_web::test]
async fn tracked_links_count_people_and_lead_only_where_we_said() {
    let app = TestApp::start().await;
    let desk = Desk::open(&app.a.owner, &app.a.agent).await;
    let other = Desk::open(&app.b.owner, &app.b.agent).await;
    let body = json!({"type": "text", "track_links": true,
        "text": {"body": "See https://shop.example/spring?x=1&y=2 today"}});
    let ours = desk.send(body.clone()).await;
    other.send(body).await;
    let link = &ours["links"][0];
    let code = link["code"].as_str().expect("a code");
    assert_eq!(
        ours["text"]["body"],
        format!("See http://desk.example/l/{code} today")
    );
    assert_eq!(
        (&link["url"], &link["clicks"]),
        (&json!("https://shop.example/spring?x=1&y=2"), &json!(0))
    );

    let there = (302, "https://shop.example/spring?x=1&y=2".to_owned());
    let stranger = &app.stranger;
    for (method, agent) in [
        (Method::HEAD, PERSON),
        (Method::GET, "WhatsApp/2.24.20 A"),
        (Method::GET, "facebookexternalhit/1.1"),
        (Method::GET, PERSON),
        (Method::GET, PERSON), // at once again: the same visit
    ] {
        assert_eq!(desk.open_link(stranger, method, code, agent).await, there);
    }
    let counted = desk
        .message(|m| m["id"] == ours["id"] && m["links"][0]["clicks"] == 1)
        .await;
    assert_eq!(counted["links"][0]["unique_clicks"], 1);
    assert!(counted["links"][0]["first_clicked_at"].is_string());
    let theirs = other.message(|m| m["links"].is_array()).await;
    assert_eq!(
        theirs["links"][0]["clicks"], 0,
        "the other business's link is its own"
    );
    assert_ne!(theirs["links"][0]["code"], code);

    for nonsense in [
        "aaaaaaaaaaaa",
        "x",
        "..%2f..%2fetc",
        "https:%2f%2fevil.example",
        &"a".repeat(3000),
    ] {
        let (status, to) = desk.open_link(stranger, Method::GET, nonsense, PERSON).await;
        assert_eq!((status, to.as_str()), (404, ""), "{nonsense}");
    }
}

#[actix_web::test]
async fn a_button_s_link_is_counted_by_its_label_and_refusals_say_why() {
    let app = TestApp::start().await;
    let desk = Desk::open(&app.a.owner, &app.a.agent).await;
    let button = json!({"type": "interactive", "track_links": true, "interactive": {"type": "cta_url",
        "body": {"text": "Our menu"},
        "action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://shop.example/menu"}}}});
    let ours = desk.send(button).await;
    assert_eq!(ours["links"][0]["button"], "Open");
    let url = &ours["interactive"]["action"]["parameters"]["url"];
    assert!(
        url.as_str()
            .is_some_and(|url| url.starts_with("http://desk.example/l/")),
        "{url}"
    );
    for body in [
        json!({"type": "text", "text": {"body": "no link"}, "track_links": true}),
        json!({"type": "location", "location": {"latitude": 1, "longitude": 2}, "track_links": true}),
        json!({"type": "text", "text": {"body": "https://a.example"}, "track_links": "yes"}),
    ] {
        let refused = desk.try_send(&body).await.expect_problem(422, "invalid_field");
        assert_eq!(refused["field"], "track_links", "{refused}");
    }
}

#[actix_web::test]
async fn a_channel_says_what_can_be_sent_over_it() {
    let app = TestApp::start().await;
    Desk::open(&app.a.owner, &app.a.agent).await;
    let page = app.a.agent.get("/api/v1/channels").await.expect(200);
    let limits = &page["items"][0]["capabilities"]["limits"];
    assert_eq!(
        (&limits["buttons"], &limits["button_title"], &limits["rows"]),
        (&json!(3), &json!(20), &json!(10))
    );
    let kinds = limits["interactive"].as_array().expect("a list");
    assert!(
        kinds.contains(&json!("cta_url")) && kinds.contains(&json!("flow")),
        "{limits}"
    );
}

/// A customer's message in the provider's shape.
fn delivery(number: &str, id: &str, kind: &str, content: Value) -> Value {
    let mut entry = webhook::entry(number, id, "");
    let message = &mut entry["changes"][0]["value"]["messages"][0];
    message["type"] = json!(kind);
    message.as_object_mut().expect("an object").remove("text");
    message[kind] = content;
    entry
}

#[actix_web::test]
async fn news_that_overtakes_its_message_is_worked_in_when_that_comes() {
    let app = TestApp::start().await;
    let number = "106540352000077";
    webhook::add_channel(&app.a.owner, "whatsapp_cloud", number, "secret").await;
    let reaction = json!({"message_id": "wamid.ORIGINAL", "emoji": "👍"});
    let edit = json!({"original_message_id": "wamid.ORIGINAL",
        "message": {"type": "text", "text": {"body": "right words"}}});
    let before = [
        delivery(number, "wamid.R", "reaction", reaction),
        delivery(number, "wamid.E", "edit", edit),
    ];
    webhook::post(&app, "secret", &before).await;
    webhook::post(
        &app,
        "secret",
        &[webhook::entry(number, "wamid.ORIGINAL", "wrong words")],
    )
    .await;
    let page = webhook::wait_for(&app.a.agent, "/api/v1/conversations", |page| {
        page["items"][0]["last_message"]["type"] == "text"
    })
    .await;
    let path = format!(
        "/api/v1/conversations/{}/messages",
        page["items"][0]["id"].as_str().expect("an id")
    );
    let messages = app.a.agent.get(&path).await.expect(200);
    let find = |id: &str| {
        let items = messages["items"].as_array().expect("a list");
        let found = items.iter().find(|message| message["provider_message_id"] == id);
        found.unwrap_or_else(|| panic!("no {id} in {messages}")).clone()
    };
    let original = find("wamid.ORIGINAL");
    assert_eq!(original["text"]["body"], "right words");
    assert_eq!(original["edits"][0]["text"]["body"], "wrong words");
    assert_eq!(original["reactions"][0]["emoji"], "👍");
    assert_eq!(find("wamid.E")["context"]["message_id"], original["id"]);
}
