//! Templates over the API with the simulator behind it: from the first draft to a message that arrives, and back.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

const TO: &str = "+15550123456";

/// A sandbox channel, once the simulator plays it.
async fn channel(client: &Client) -> Value {
    let body = json!({ "provider": "sandbox", "name": "Shop" });
    let channel = client.post("/api/v1/channels", &body).await.expect(201);
    let id = channel["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/sandbox/faults?channel_id={id}");
    until(async || client.get(&path).await.status == 200).await;
    channel
}

/// Waits for something that the program does by itself. The condition is asked anew every few milliseconds.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("it happens in time");
}

fn draft(channel: &Value, name: &str) -> Value {
    json!({
        "channel_id": channel["id"], "name": name, "language": "en", "category": "utility",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Your order"},
            {"type": "BODY", "text": "Hi {{1}}, order {{2}} is ready.", "example": {"body_text": [["Amina", "1042"]]}},
            {"type": "FOOTER", "text": "Kibanda Crafts"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thanks"}]},
        ],
    })
}

async fn create(client: &Client, channel: &Value, name: &str) -> Value {
    client
        .post("/api/v1/templates", &draft(channel, name))
        .await
        .expect(201)
}

fn at(template: &Value, rest: &str) -> String {
    format!(
        "/api/v1/templates/{}{rest}",
        template["id"].as_str().expect("an id")
    )
}

async fn submit(client: &Client, template: &Value) -> Value {
    client
        .post(&at(template, "/submit"), &json!({}))
        .await
        .expect(200)
}

async fn show(client: &Client, template: &Value) -> Value {
    client.get(&at(template, "")).await.expect(200)
}

async fn becomes(client: &Client, template: &Value, status: &str) -> Value {
    let mut seen = Value::Null;
    until(async || {
        seen = show(client, template).await;
        seen["status"] == status
    })
    .await;
    seen
}

async fn send(client: &Client, channel: &Value, name: &str, variables: Value) -> Answer {
    let body = json!({
        "channel_id": channel["id"], "to": TO, "type": "template",
        "template": {"name": name, "language": "en", "variables": variables},
    });
    client.post("/api/v1/messages", &body).await
}

async fn customer(client: &Client) {
    let body = json!({ "name": "Amina", "phone": TO, "language": "en" });
    client.post("/api/v1/sandbox/customers", &body).await.expect(201);
}

fn waba(channel: &Value) -> String {
    channel["settings"]["waba_id"]
        .as_str()
        .expect("an account")
        .to_owned()
}

#[actix_web::test]
async fn a_draft_is_reviewed_approved_sent_and_counted() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    let channel = channel(owner).await;
    customer(owner).await;
    let template = create(agent, &channel, "order_ready").await;
    assert_eq!(
        (&template["status"], &template["sendable"]),
        (&json!("draft"), &json!(false))
    );
    assert_eq!(template["text"], "Your order\nHi Amina, order 1042 is ready.");
    assert_eq!(
        (&template["problems"], &template["variables"]),
        (&json!([]), &json!(["1", "2"]))
    );
    send(agent, &channel, "order_ready", json!(["Amina", "7"]))
        .await
        .expect_problem(409, "template_not_approved");

    let submitted = submit(agent, &template).await;
    assert!(
        ["in_review", "approved"].contains(&submitted["status"].as_str().expect("a state")),
        "{submitted}"
    );
    let approved = becomes(agent, &template, "approved").await;
    assert_eq!(
        (&approved["has_draft"], &approved["quality"]),
        (&json!(false), &json!("unknown"))
    );
    assert!(approved["provider_id"].is_string());

    let missing = send(agent, &channel, "order_ready", json!(["Amina"])).await;
    let missing = missing.expect_problem(409, "template_variables");
    assert!(
        missing["alternatives"]
            .as_array()
            .is_some_and(|all| !all.is_empty()),
        "{missing}"
    );
    let message = send(agent, &channel, "order_ready", json!(["Amina", "7"]))
        .await
        .expect(202);
    assert_eq!(
        message["template"]["rendered"],
        "Your order\nHi Amina, order 7 is ready."
    );
    let seen = &message["template"]["shown"];
    assert_eq!(
        (
            &seen["header"]["text"],
            &seen["body"],
            &seen["buttons"][0]["text"]
        ),
        (
            &json!("Your order"),
            &json!("Hi Amina, order 7 is ready."),
            &json!("Thanks")
        )
    );
    until(async || show(agent, &template).await["performance"]["read"] == 1).await;

    // The customer taps; the tap finds its message, and counts.
    let phone = format!(
        "/api/v1/sandbox/customers/{}/messages",
        TO.trim_start_matches('+')
    );
    let chat = agent.get(&phone).await.expect(200);
    let shown = &chat["items"][0];
    assert_eq!(shown["template"]["buttons"][0]["text"], "Thanks", "{shown}");
    let tap = json!({"type": "button", "button": {"text": "Thanks", "payload": "Thanks"}, "context_id": shown["id"]});
    agent.post(&phone, &tap).await.expect(201);
    until(async || show(agent, &template).await["performance"]["clicked"] == 1).await;
    let conversation = message["conversation_id"].as_str().expect("an id");
    let thread = agent
        .get(&format!("/api/v1/conversations/{conversation}/messages"))
        .await
        .expect(200);
    assert_eq!(
        (
            &thread["items"][0]["type"],
            &thread["items"][0]["context"]["message_id"]
        ),
        (&json!("button"), &message["id"])
    );
    // A second tap on the same message is the same customer's.
    agent.post(&phone, &tap).await.expect(201);
    let another = send(agent, &channel, "order_ready", json!(["Amina", "8"])).await;
    another.expect(202);
    until(async || show(agent, &template).await["performance"]["used"] == 2).await;
    let counted = show(agent, &template).await["performance"].clone();
    let buttons = json!([{"card": null, "index": 0, "kind": "quick_reply", "text": "Thanks", "clicked": 1}]);
    assert_eq!((&counted["clicked"], &counted["buttons"]), (&json!(1), &buttons));
    until(async || show(agent, &template).await["performance"]["read"] == 2).await;
    let mut counted = show(agent, &template).await["performance"].clone();
    for figure in ["used", "sent", "delivered", "read"] {
        counted[figure] = json!(counted[figure].as_u64().map_or(0, |count| count - 1));
    }
    for figure in ["used", "sent", "delivered", "read", "replied", "clicked"] {
        assert_eq!(counted[figure], 1, "{counted}");
    }
}

#[actix_web::test]
async fn a_pause_stops_sends_and_says_what_else_can_be_done() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    customer(owner).await;
    let template = create(owner, &channel, "order_ready").await;
    submit(owner, &template).await;
    becomes(owner, &template, "approved").await;
    let set = |status: &str| {
        let account = waba(&channel);
        app.app
            .simulators
            .whatsapp
            .set_template_status(&account, "order_ready", "en", status)
            .expect("it is known");
    };
    set("PAUSED");
    let paused = becomes(owner, &template, "paused").await;
    assert!(
        paused["reason"]["detail"]
            .as_str()
            .expect("words")
            .contains("3 hours"),
        "{paused}"
    );
    let refused = send(owner, &channel, "order_ready", json!(["a", "b"])).await;
    let refused = refused.expect_problem(409, "template_paused");
    assert_eq!(refused["alternatives"][0]["kind"], "wait", "{refused}");
    app.a
        .agent
        .post(&at(&template, "/unpause"), &json!({}))
        .await
        .expect_problem(403, "forbidden");
    let resumed = owner
        .post(&at(&template, "/unpause"), &json!({}))
        .await
        .expect(200);
    assert_eq!(resumed["status"], "approved");
    send(owner, &channel, "order_ready", json!(["a", "b"]))
        .await
        .expect(202);
    set("DISABLED");
    becomes(owner, &template, "disabled").await;
    let disabled = send(owner, &channel, "order_ready", json!(["a", "b"])).await;
    disabled.expect_problem(409, "template_disabled");
}

#[actix_web::test]
async fn a_rejection_is_told_in_plain_words_and_mended() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    let template = create(owner, &channel, "please_reject").await;
    submit(owner, &template).await;
    let rejected = becomes(owner, &template, "rejected").await;
    assert_eq!(rejected["reason"]["code"], "INVALID_FORMAT");
    let words = rejected["reason"]["detail"].as_str().expect("words");
    assert!(
        words.contains("rejected") && words.contains("Choose another wording"),
        "{words}"
    );
    assert!(
        rejected["reason"]["appeal"]
            .as_str()
            .expect("a hint")
            .contains("Submit")
            || rejected["reason"]["appeal"].is_string()
    );
    owner
        .post(&at(&template, "/submit"), &json!({}))
        .await
        .expect_problem(409, "wrong_state");

    let mut components = template["definition"]["components"].clone();
    components[1]["text"] = json!("Hello {{1}}, your order {{2}} waits for you.");
    let edit = json!({"definition": {"category": "utility", "components": components}});
    let edited = owner.patch(&at(&template, ""), &edit).await.expect(200);
    assert_eq!(
        (&edited["has_draft"], &edited["status"]),
        (&json!(true), &json!("rejected"))
    );
    let again = submit(owner, &template).await;
    assert_eq!(again["has_draft"], false);
    let history = owner.get(&at(&template, "/history")).await.expect(200);
    let kinds: Vec<&str> = history["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["kind"].as_str().expect("a word"))
        .collect();
    let own: Vec<&str> = kinds.iter().copied().filter(|kind| *kind != "state").collect();
    assert_eq!(own, ["submitted", "edited", "submitted", "created"], "{history}");
    let edit = history["items"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["kind"] == "edited")
        .expect("the edit");
    assert_eq!(edit["differences"][0]["part"], "body");
    assert_eq!(edit["by"]["name"], "Owner of alpha");
}

#[actix_web::test]
async fn bodies_hold_only_what_people_decide_and_versions_guard_against_one_another() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    for field in [
        "status",
        "id",
        "owner",
        "created_at",
        "provider_id",
        "quality",
        "version",
    ] {
        let mut body = draft(&channel, "order_ready");
        body[field] = json!("x");
        let problem = owner
            .post("/api/v1/templates", &body)
            .await
            .expect_problem(422, "unknown_field");
        assert_eq!(problem["field"], field);
    }
    for (field, value) in [
        ("name", json!("Order Ready")),
        ("language", json!("english please!")),
        ("category", json!("spam")),
        ("components", json!(["text"])),
        ("roles", json!(["king"])),
        ("channel_id", json!("ch_00000000000000000000000000000000")),
    ] {
        let mut body = draft(&channel, "order_ready");
        body[field] = value;
        let problem = owner.post("/api/v1/templates", &body).await.problem();
        assert_eq!(problem["status"], 422, "{problem}");
    }
    let keyed = |body: &Value| {
        let request = owner
            .request(Method::POST, "/api/v1/templates")
            .header("idempotency-key", "one");
        Answer::of(request.json(body))
    };
    let first = keyed(&draft(&channel, "order_ready")).await.expect(201);
    let again = keyed(&draft(&channel, "order_ready")).await.expect(201);
    assert_eq!(first["id"], again["id"]);
    keyed(&draft(&channel, "another"))
        .await
        .expect_problem(422, "idempotency_key_reused");
    let twice = owner
        .post("/api/v1/templates", &draft(&channel, "order_ready"))
        .await;
    twice.expect_problem(409, "already_exists");

    let shown = owner.get(&at(&first, "")).await;
    let tag = shown.header("etag").to_owned();
    let patch = json!({"definition": {"category": "marketing", "components": []}});
    let guarded = || {
        owner
            .request(Method::PATCH, &at(&first, ""))
            .header("if-match", &tag)
            .json(&patch)
    };
    let changed = Answer::of(guarded()).await.expect(200);
    assert_eq!(changed["problems"][0]["rule"], "body_missing", "{changed}");
    Answer::of(guarded())
        .await
        .expect_problem(412, "version_mismatch");
    let problem = owner
        .post(&at(&first, "/submit"), &json!({}))
        .await
        .expect_problem(422, "template_rule");
    assert_eq!(problem["field"], "components");
}

#[actix_web::test]
async fn agents_ask_owners_where_the_workspace_wants_it() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    let channel = channel(owner).await;
    customer(owner).await;
    let path = "/api/v1/template-settings";
    let wanted = json!({"approval_required": true});
    let put = |client: &Client| Answer::of(client.request(Method::PUT, path).json(&wanted));
    put(agent).await.expect_problem(403, "forbidden");
    put(owner).await.expect(200);
    assert_eq!(agent.get(path).await.expect(200), wanted);

    let template = create(agent, &channel, "order_ready").await;
    let asked = submit(agent, &template).await;
    assert_eq!(asked["status"], "awaiting_approval");
    assert_eq!(asked["approval_asked_by"]["name"], "Agent of alpha");
    let decision = |approve: bool| json!({"approve": approve, "note": "Friendlier, please."});
    agent
        .post(&at(&template, "/approval"), &decision(true))
        .await
        .expect_problem(403, "forbidden");
    let back = owner
        .post(&at(&template, "/approval"), &decision(false))
        .await
        .expect(200);
    assert_eq!(back["status"], "draft");
    owner
        .post(&at(&template, "/approval"), &decision(true))
        .await
        .expect_problem(409, "wrong_state");
    submit(agent, &template).await;
    owner
        .post(&at(&template, "/approval"), &decision(true))
        .await
        .expect(200);
    becomes(agent, &template, "approved").await;

    // A change of what the provider has waits too, is found among what waits, and ends with the change.
    let mut components = template["definition"]["components"].clone();
    components[1]["text"] = json!("Hello {{1}}, order {{2}} is ready for you.");
    let edit = json!({"definition": {"category": "utility", "components": components}});
    agent.patch(&at(&template, ""), &edit).await.expect(200);
    let asked = submit(agent, &template).await;
    assert_eq!(
        (&asked["status"], &asked["approval_asked_by"]["name"]),
        (&json!("approved"), &json!("Agent of alpha"))
    );
    let waiting = "/api/v1/templates?status=awaiting_approval";
    let found = owner.get(waiting).await.expect(200);
    assert_eq!(found["items"][0]["id"], template["id"], "{found}");
    let discard = json!({"discard_draft": true});
    let left = agent.patch(&at(&template, ""), &discard).await.expect(200);
    assert_eq!(left["approval_asked_by"], Value::Null, "{left}");
    assert_eq!(owner.get(waiting).await.expect(200)["items"], json!([]));
    assert_eq!(app.b.owner.get(waiting).await.expect(200)["items"], json!([]));

    // Assigned to owners only: agents neither see it in the picker nor send it.
    agent
        .patch(&at(&template, ""), &json!({"roles": []}))
        .await
        .expect_problem(403, "forbidden");
    owner
        .patch(&at(&template, ""), &json!({"roles": ["owner"]}))
        .await
        .expect(200);
    let pick = "/api/v1/templates?sendable=true";
    assert_eq!(agent.get(pick).await.expect(200)["items"], json!([]));
    assert_eq!(
        owner.get(pick).await.expect(200)["items"][0]["id"],
        template["id"]
    );
    send(agent, &channel, "order_ready", json!(["a", "b"]))
        .await
        .expect_problem(409, "template_not_assigned");
    send(owner, &channel, "order_ready", json!(["a", "b"]))
        .await
        .expect(202);
    agent
        .delete(&at(&template, ""))
        .await
        .expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn the_providers_list_is_taken_over_and_an_unknown_name_is_then_refused() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    customer(owner).await;
    // Never listed: nobody can say that it does not exist, so the provider decides.
    let guess = send(owner, &channel, "made_elsewhere", json!(["a", "b"])).await;
    assert_eq!(guess.status, 202, "{}", guess.text);
    let config = serde_json::from_value(json!({
        "name": "made_elsewhere", "language": "en", "category": "MARKETING", "status": "APPROVED",
        "components": [{"type": "BODY", "text": "News for {{1}}: {{2}} it is.",
            "example": {"body_text": [["Amina", "cake"]]}}],
    }));
    app.app
        .simulators
        .whatsapp
        .add_template(&waba(&channel), config.expect("a template"));
    let sync = json!({"channel_id": channel["id"]});
    let report = owner.post("/api/v1/templates/sync", &sync).await.expect(200);
    assert_eq!(
        (&report["listed"], &report["added"]),
        (&json!(1), &json!(1)),
        "{report}"
    );
    let again = owner.post("/api/v1/templates/sync", &sync).await.expect(200);
    assert_eq!(
        (&again["added"], &again["changed"]),
        (&json!(0), &json!(0)),
        "{again}"
    );
    let listed = owner.get("/api/whatsapp/templates?q=news").await.expect(200);
    assert_eq!(
        (&listed["items"][0]["name"], &listed["items"][0]["owner"]),
        (&json!("made_elsewhere"), &Value::Null)
    );
    send(owner, &channel, "made_elsewhere", json!(["a", "b"]))
        .await
        .expect(202);
    send(owner, &channel, "never_made", json!([]))
        .await
        .expect_problem(409, "template_unknown");

    let template = &listed["items"][0];
    owner.delete(&at(template, "")).await.expect(204);
    owner
        .get(&at(template, ""))
        .await
        .expect_problem(404, "not_found");
    let gone = owner.post("/api/v1/templates/sync", &sync).await.expect(200);
    assert_eq!(gone["listed"], 0, "deleted at the provider too");
}

#[actix_web::test]
async fn many_at_once_files_library_and_conversion() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    let (one, two) = (
        create(owner, &channel, "first").await,
        create(owner, &channel, "second").await,
    );
    let ids = json!([one["id"], two["id"], "tp_00000000000000000000000000000000"]);
    let bulk = json!({"action": "submit", "ids": ids});
    let done = owner.post("/api/v1/templates/bulk", &bulk).await.expect(200);
    let oks: Vec<bool> = done["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["ok"] == true)
        .collect();
    assert_eq!(oks, [true, true, false], "{done}");
    assert_eq!(done["items"][2]["code"], "not_found");
    becomes(owner, &two, "approved").await;

    let file = owner.get("/api/v1/templates/export").await.expect(200);
    assert_eq!(
        (&file["format"], file["templates"].as_array().map(Vec::len)),
        (&json!("frontdesk-templates"), Some(2))
    );
    let b = &app.b.owner;
    let other = crate::templates::channel(b).await;
    let import = |dry_run: bool| json!({"channel_id": other["id"], "dry_run": dry_run, "templates": file["templates"]});
    let dry = b
        .post("/api/v1/templates/import", &import(true))
        .await
        .expect(200);
    assert_eq!(
        (&dry["items"][0]["outcome"], &dry["items"][0]["id"]),
        (&json!("added"), &Value::Null)
    );
    assert_eq!(b.get("/api/v1/templates").await.expect(200)["items"], json!([]));
    b.post("/api/v1/templates/import", &import(false))
        .await
        .expect(200);
    let again = b
        .post("/api/v1/templates/import", &import(false))
        .await
        .expect(200);
    assert_eq!(again["items"][1]["outcome"], "exists");

    let library = owner
        .get("/api/v1/template-library?use=payment_reminder&language=sw")
        .await
        .expect(200);
    let entry = &library["items"][0];
    assert!(
        entry["preview"]["text"]
            .as_str()
            .is_some_and(|text| !text.contains("{{")),
        "{library}"
    );
    let text =
        json!({"text": "Hi Amina, your table for 4 is booked on 12 March at 19:30. Call +254700555010."});
    let converted = owner.post("/api/v1/templates/convert", &text).await.expect(200);
    assert_eq!(converted["problems"], json!([]), "{converted}");
    let check = json!({"name": "x", "language": "en", "definition": converted["definition"], "values": {"variables": ["Ana"]}});
    let checked = owner.post("/api/v1/templates/validate", &check).await.expect(200);
    assert!(
        checked["preview"]["body"]
            .as_str()
            .expect("a text")
            .starts_with("Hi Ana,"),
        "{checked}"
    );
    let rules = owner.get("/api/v1/template-rules").await.expect(200);
    assert!(rules["rules"].as_array().is_some_and(|rules| rules.len() > 40));
    for page in 0..2 {
        let first = owner.get("/api/v1/templates?limit=1").await.expect(200);
        assert_eq!(first["items"][0]["name"], "first", "{page}");
        let cursor = first["next_cursor"].as_str().expect("there is more");
        let next = owner
            .get(&format!("/api/v1/templates?limit=1&cursor={cursor}"))
            .await
            .expect(200);
        assert_eq!(
            (&next["items"][0]["name"], &next["next_cursor"]),
            (&json!("second"), &Value::Null)
        );
    }
}

#[actix_web::test]
async fn two_workspaces_see_and_change_their_own() {
    let app = TestApp::start().await;
    let (a, b) = (&app.a.owner, &app.b.owner);
    let of_a = channel(a).await;
    let of_b = channel(b).await;
    let template = create(a, &of_a, "order_ready").await;
    create(b, &of_b, "order_ready").await;
    b.get(&at(&template, "")).await.expect_problem(404, "not_found");
    b.get(&at(&template, "/history"))
        .await
        .expect_problem(404, "not_found");
    b.patch(&at(&template, ""), &json!({"roles": []}))
        .await
        .expect_problem(404, "not_found");
    b.delete(&at(&template, ""))
        .await
        .expect_problem(404, "not_found");
    for action in ["/submit", "/unpause"] {
        b.post(&at(&template, action), &json!({}))
            .await
            .expect_problem(404, "not_found");
    }
    b.post(&at(&template, "/approval"), &json!({"approve": true}))
        .await
        .expect_problem(404, "not_found");
    b.post("/api/v1/templates", &draft(&of_a, "x"))
        .await
        .expect_problem(422, "invalid_field");
    let foreign = format!(
        "/api/v1/templates?channel_id={}",
        of_a["id"].as_str().expect("an id")
    );
    b.get(&foreign).await.expect_problem(404, "not_found");
    let listed = b.get("/api/v1/templates").await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_ne!(listed["items"][0]["id"], template["id"]);
    assert_eq!(show(a, &template).await["version"], 1, "nothing of A changed");
}
