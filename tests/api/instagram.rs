//! Instagram through the API and the simulator: what customers do arrives, what we say reaches them, in two workspaces.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

/// Waits for something that the program does by itself. The condition is asked anew every few milliseconds.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("it happens in time");
}

pub(crate) async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    Answer::of(client.request(Method::PUT, path).json(body)).await
}

/// An Instagram sandbox channel with one customer.
pub(crate) struct Shop<'a> {
    pub(crate) client: &'a Client,
    pub(crate) channel: String,
    customer: String,
}

impl<'a> Shop<'a> {
    pub(crate) async fn open(client: &'a Client, settings: Value) -> Self {
        let body = json!({"provider": "sandbox_instagram", "name": "Kibanda", "settings": settings});
        let channel = client.post("/api/v1/channels", &body).await.expect(201);
        let channel = channel["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/sandbox/instagram/offer?channel_id={channel}");
        until(async || client.get(&path).await.status == 200).await;
        let person = json!({"name": "Amina Otieno", "username": "amina.o"});
        let person = client
            .post("/api/v1/sandbox/instagram/customers", &person)
            .await
            .expect(201);
        let customer = person["id"].as_str().expect("an id").to_owned();
        Self {
            client,
            channel,
            customer,
        }
    }

    pub(crate) async fn does(&self, action: Value) -> String {
        let path = format!("/api/v1/sandbox/instagram/customers/{}/actions", self.customer);
        let acted = self.client.post(&path, &action).await.expect(201);
        acted["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn phone(&self) -> Vec<Value> {
        let path = format!("/api/v1/sandbox/instagram/customers/{}/messages", self.customer);
        self.client.get(&path).await.expect(200)["items"]
            .as_array()
            .expect("a list")
            .clone()
    }

    /// The only conversation, once it has `count` messages, newest first.
    pub(crate) async fn conversation(&self, count: usize) -> (String, Vec<Value>) {
        let mut found = (String::new(), Vec::new());
        until(async || {
            let page = self.client.get("/api/v1/conversations").await.expect(200);
            let Some(id) = page["items"][0]["id"].as_str() else {
                return false;
            };
            found = (id.to_owned(), self.messages(id).await);
            found.1.len() >= count
        })
        .await;
        found
    }

    pub(crate) async fn messages(&self, id: &str) -> Vec<Value> {
        let path = format!("/api/v1/conversations/{id}/messages");
        self.client.get(&path).await.expect(200)["items"]
            .as_array()
            .expect("a list")
            .clone()
    }

    pub(crate) async fn say(&self, conversation: &str, body: &Value) -> Answer {
        self.client
            .post(&format!("/api/v1/conversations/{conversation}/messages"), body)
            .await
    }

    pub(crate) async fn message(&self, conversation: &str, id: &str) -> Value {
        let all = self.messages(conversation).await;
        all.into_iter()
            .find(|message| message["id"] == id)
            .expect("the message")
    }
}

fn text(body: &str) -> Value {
    json!({"type": "text", "text": {"body": body}})
}

#[actix_web::test]
async fn a_chat_goes_both_ways_and_echoes_are_our_own() {
    let app = TestApp::start().await;
    let shop = Shop::open(&app.a.owner, json!({})).await;
    let other = Shop::open(&app.b.owner, json!({})).await;
    shop.does(json!({"type": "text", "text": "Do you ship to Kisumu?"}))
        .await;
    let (conversation, messages) = shop.conversation(1).await;
    assert_eq!(messages[0]["text"]["body"], "Do you ship to Kisumu?");
    assert_eq!(
        shop.client.get("/api/v1/conversations").await.expect(200)["items"][0]["window"]["open"],
        true
    );
    let first = shop.say(&conversation, &text("Yes, we do!")).await.expect(202);
    let second = shop.say(&conversation, &text("Tomorrow.")).await.expect(202);
    until(async || shop.phone().await.len() == 3).await;
    shop.does(json!({"type": "read"})).await;
    for sent in [&first, &second] {
        let id = sent["id"].as_str().expect("an id");
        until(async || shop.message(&conversation, id).await["status"] == "read").await;
    }
    assert_eq!(
        shop.messages(&conversation).await.len(),
        3,
        "an echo stands beside its message"
    );
    // The name comes after the first message.
    let named = async || {
        let page = shop.client.get("/api/v1/conversations").await.expect(200);
        page["items"][0]["contact"]["name"] == "Amina Otieno"
    };
    until(named).await;
    assert_eq!(
        other.client.get("/api/v1/conversations").await.expect(200)["items"],
        json!([])
    );
    let path = format!("/api/v1/sandbox/instagram/offer?channel_id={}", shop.channel);
    assert_eq!(other.client.get(&path).await.status, 404);
    let path = format!("/api/v1/sandbox/instagram/customers/{}/messages", shop.customer);
    assert_eq!(other.client.get(&path).await.status, 404);
}

#[actix_web::test]
async fn everything_that_a_customer_can_do_arrives_as_what_it_is() {
    let app = TestApp::start().await;
    let shop = Shop::open(&app.a.owner, json!({})).await;
    let mine = shop.does(json!({"type": "text", "text": "First"})).await;
    let kinds = [
        (json!({"type": "image"}), "image"),
        (json!({"type": "like_heart"}), "like_heart"),
        (json!({"type": "share", "title": "New baskets"}), "ig_post"),
        (json!({"type": "story_reply", "text": "Love it"}), "text"),
        (json!({"type": "story_mention"}), "story_mention"),
        (
            json!({"type": "quick_reply", "title": "Yes", "payload": "YES"}),
            "interactive",
        ),
        (
            json!({"type": "tap", "title": "Hours?", "payload": "HOURS"}),
            "button",
        ),
        (
            json!({"type": "edit", "id": mine, "text": "First, better"}),
            "edit",
        ),
        (json!({"type": "reaction", "id": mine, "emoji": "🔥"}), "reaction"),
        (json!({"type": "comment", "text": "Price?"}), "comment"),
        (
            json!({"type": "comment", "text": "Hello", "live": true}),
            "comment",
        ),
    ];
    for (count, (action, kind)) in (2..).zip(&kinds) {
        shop.does(action.clone()).await;
        let (_, messages) = shop.conversation(count).await;
        assert_eq!(messages[0]["type"], *kind, "{action}");
    }
    let (conversation, messages) = shop.conversation(kinds.len() + 1).await;
    let story = messages
        .iter()
        .find(|message| message["text"]["body"] == "Love it")
        .expect("the reply");
    assert!(story["extra"]["story_reply"]["media_url"].is_string(), "{story}");
    shop.does(json!({"type": "unsend", "id": mine})).await;
    until(async || shop.messages(&conversation).await[0]["type"] == "revoke").await;
    // The same again, delivered twice: nothing is counted twice.
    let faults = json!({"duplicate_webhooks": true});
    put(shop.client, "/api/v1/sandbox/instagram/faults", &faults)
        .await
        .expect(200);
    shop.does(json!({"type": "text", "text": "Once"})).await;
    shop.does(json!({"type": "text", "text": "Last"})).await;
    until(async || shop.messages(&conversation).await[0]["text"]["body"] == "Last").await;
    let once = shop.messages(&conversation).await;
    assert_eq!(
        once.iter()
            .filter(|message| message["text"]["body"] == "Once")
            .count(),
        1
    );
}

#[actix_web::test]
async fn a_comment_is_answered_in_private_once() {
    let app = TestApp::start().await;
    let shop = Shop::open(&app.a.owner, json!({})).await;
    shop.does(json!({"type": "comment", "text": "Price please"}))
        .await;
    let (conversation, messages) = shop.conversation(1).await;
    let comment = messages[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        shop.client.get("/api/v1/conversations").await.expect(200)["items"][0]["window"]["open"],
        false
    );
    let plain = shop.say(&conversation, &text("Hi")).await;
    assert_eq!(
        (plain.status, plain.json()["code"].clone()),
        (409, json!("window_closed"))
    );
    // Nothing of WhatsApp's templates: the customer has only commented, so there is nothing but to wait.
    let alternatives = plain.json()["alternatives"].to_string();
    assert!(
        alternatives.contains("wait") && !alternatives.contains("template"),
        "{alternatives}"
    );
    let mut answer = text("The price is KES 1,850.");
    answer["context"] = json!({"message_id": comment});
    let sent = shop.say(&conversation, &answer).await.expect(202);
    let id = sent["id"].as_str().expect("an id");
    until(async || {
        ["accepted", "sent"].contains(
            &shop.message(&conversation, id).await["status"]
                .as_str()
                .unwrap_or(""),
        )
    })
    .await;
    until(async || shop.phone().await.len() == 2).await;
    let again = shop.say(&conversation, &answer).await;
    assert_eq!(
        (again.status, again.json()["code"].clone()),
        (409, json!("private_reply_used"))
    );
    assert!(again.json()["alternatives"][0]["kind"].is_string());
}

#[actix_web::test]
async fn a_lost_answer_is_settled_by_the_echo() {
    let app = TestApp::start().await;
    let shop = Shop::open(&app.a.owner, json!({})).await;
    shop.does(json!({"type": "text", "text": "Hello?"})).await;
    let (conversation, _) = shop.conversation(1).await;
    put(
        shop.client,
        "/api/v1/sandbox/instagram/faults",
        &json!({"drop_answer_next": 1}),
    )
    .await
    .expect(200);
    let sent = shop.say(&conversation, &text("Here we are")).await.expect(202);
    let id = sent["id"].as_str().expect("an id");
    until(async || shop.message(&conversation, id).await["status"] == "sent").await;
    assert_eq!(shop.messages(&conversation).await.len(), 2);
    assert_eq!(shop.phone().await.len(), 2, "it went out once");
}

#[actix_web::test]
async fn what_a_chat_offers_is_set_by_the_owner() {
    let app = TestApp::start().await;
    let shop = Shop::open(&app.a.owner, json!({})).await;
    let path = format!("/api/v1/channels/{}/welcome", shop.channel);
    let welcome = json!({"ice_breakers": [{"question": "What are your hours?", "payload": "HOURS"}],
        "menu": [{"title": "Shop", "url": "https://shop.example"}, {"title": "Person", "payload": "AGENT"}]});
    put(shop.client, &path, &welcome).await.expect(200);
    assert_eq!(shop.client.get(&path).await.expect(200), welcome);
    let offer = shop
        .client
        .get("/api/v1/sandbox/instagram/offer")
        .await
        .expect(200);
    assert_eq!(offer["ice_breakers"][0]["question"], "What are your hours?");
    put(shop.client, &path, &json!({})).await.expect(200);
    assert_eq!(
        shop.client.get(&path).await.expect(200),
        json!({"ice_breakers": [], "menu": []})
    );
    let many = json!({"ice_breakers": vec![json!({"question": "Q?", "payload": "P"}); 5]});
    assert_eq!(put(shop.client, &path, &many).await.status, 422);
    assert_eq!(put(&app.a.agent, &path, &welcome).await.status, 403);
    assert_eq!(put(&app.b.owner, &path, &welcome).await.status, 404);
    let test = shop
        .client
        .post(&format!("/api/v1/channels/{}/test", shop.channel), &json!({}))
        .await
        .expect(200);
    assert_eq!(test["ok"], true, "{test}");
}

#[actix_web::test]
async fn a_customers_own_picture_is_kept_and_shown() {
    let app = TestApp::start().await;
    let shop = Shop::open(&app.a.owner, json!({})).await;
    shop.does(json!({"type": "text", "text": "Habari"})).await;
    let owner = &app.a.owner;
    let contact = async || {
        let list = owner.get("/api/v1/conversations").await.expect(200);
        list["items"][0]["contact"].clone()
    };
    until(async || contact().await["picture_url"].is_string()).await;
    let brief = contact().await;
    let url = brief["picture_url"].as_str().expect("an address").to_owned();
    // Signed, so that a browser can show it; by anybody else's session it is not found by its id.
    let picture = app.stranger.get(&url).await;
    assert_eq!(
        (picture.status, picture.header("content-type")),
        (200, "image/jpeg"),
        "a small copy"
    );
    assert_eq!(app.stranger.get(&format!("{url}x")).await.status, 404);
    let path = format!("/api/v1/contacts/{}", brief["id"].as_str().expect("an id"));
    assert_eq!(owner.get(&path).await.expect(200)["picture_url"], json!(url));
    assert_eq!(app.b.owner.get(&path).await.status, 404);
    let others = app.b.owner.get("/api/v1/contacts").await.expect(200);
    assert_eq!(others["items"], json!([]));
}

/// Posts what a Facebook page delivers, signed.
async fn page_says(app: &TestApp, secret: &str, page: &str, mid: &str, text: &str) -> u16 {
    use hmac::{Hmac, KeyInit, Mac};
    let event = json!({"sender": {"id": "990001234567"}, "recipient": {"id": page}, "timestamp": 1_792_400_111_222_i64,
        "message": {"mid": mid, "text": text}});
    let body = json!({"object": "page", "entry": [{"id": page, "time": 1_792_400_112_000_i64, "messaging": [event]}]});
    let body = body.to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body.as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let request = app.stranger.request(Method::POST, "/webhooks/instagram");
    let request = request.header("x-hub-signature-256", format!("sha256={hex}"));
    Answer::of(request.body(body)).await.status
}

#[actix_web::test]
async fn what_a_linked_page_delivers_is_instagrams_and_others_are_kept_without_a_fault() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let body = |ig_id: &str, page: &str| {
        json!({"provider": "instagram", "name": "Kibanda",
            "settings": {"ig_id": ig_id, "page_id": page, "login": "facebook", "api_base": "http://127.0.0.1:9"},
            "secrets": {"access_token": "t", "app_secret": "shared", "verify_token": "v"}})
    };
    let channel = owner
        .post("/api/v1/channels", &body("17840001", "1059"))
        .await
        .expect(201);
    app.b
        .owner
        .post("/api/v1/channels", &body("17840002", "1060"))
        .await
        .expect(201);

    assert_eq!(page_says(&app, "shared", "1059", "m_1", "Habari").await, 200);
    assert_eq!(page_says(&app, "shared", "1059", "m_1", "Habari").await, 200);
    until(async || {
        let page = owner.get("/api/v1/conversations").await.expect(200);
        page["items"][0]["last_message"]["preview"] == "Habari"
            && page["items"][0]["channel_id"] == channel["id"]
    })
    .await;
    assert_eq!(
        app.b.owner.get("/api/v1/conversations").await.expect(200)["items"],
        json!([])
    );

    // A page that nobody connected: taken, kept, shown, and no fault.
    assert_eq!(
        page_says(&app, "shared", "1061", "m_2", "Who are you?").await,
        200
    );
    let mut event = Value::Null;
    until(async || {
        let events = owner.get("/api/v1/raw-events?state=done").await.expect(200);
        let all = events["items"].as_array().expect("a list").clone();
        for it in all {
            let id = it["id"].as_str().expect("an id");
            event = owner.get(&format!("/api/v1/raw-events/{id}")).await.expect(200);
            if event["payload"].to_string().contains("Who are you?") {
                return true;
            }
        }
        false
    })
    .await;
    assert_eq!(event["error"], Value::Null, "{event}");
    let parked = owner.get("/api/v1/raw-events?state=parked").await.expect(200);
    assert_eq!(parked["items"], json!([]));
    let notices = owner.get("/api/v1/notices").await.expect(200);
    assert!(notices.to_string().contains("1061"), "{notices}");
    assert_eq!(page_says(&app, "a stranger's", "1059", "m_3", "x").await, 401);
}
