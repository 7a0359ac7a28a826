//! What one message cost, by the owner's price list.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::webhook::wait_for;
use crate::common::{Answer, TestApp};

const PHONE: &str = "/api/v1/sandbox/customers/254711000234/messages";

#[actix_web::test]
async fn a_message_shows_what_it_cost() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = json!({ "provider": "sandbox", "name": "Shop" });
    let channel = owner.post("/api/v1/channels", &channel).await.expect(201);
    let of = |path: &str, item: &Value| format!("{path}/{}", item["id"].as_str().expect("an id"));
    let faults = format!(
        "/api/v1/sandbox/faults?channel_id={}",
        channel["id"].as_str().expect("an id")
    );
    for _ in 0..500 {
        if owner.get(&faults).await.status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let amina = json!({ "name": "Amina", "phone": "+254711000234", "language": "en" });
    owner.post("/api/v1/sandbox/customers", &amina).await.expect(201);
    let template = json!({"channel_id": channel["id"], "name": "spring", "language": "en", "category": "marketing",
        "components": [{"type": "BODY", "text": "Our baskets are back."}]});
    let template = of(
        "/api/v1/templates",
        &owner.post("/api/v1/templates", &template).await.expect(201),
    );
    owner
        .post(&format!("{template}/submit"), &json!({}))
        .await
        .expect(200);
    wait_for(owner, &template, |it| it["status"] == "approved").await;

    let message = json!({"channel_id": channel["id"], "to": "+254711000234", "type": "template",
        "template": {"name": "spring", "language": "en"}});
    let sent = owner.post("/api/v1/messages", &message).await.expect(202);
    let cost = format!("{}/cost", of("/api/v1/messages", &sent));
    // No price was typed: the category is known, the amount is not.
    let told = wait_for(owner, &cost, |it| it["estimate"] == false).await;
    let expected = json!({"category": "marketing", "charge": "regular", "units": 1, "country": "KE", "amount": null,
        "currency": "USD", "estimate": false});
    assert_eq!(told, expected);
    let prices = json!({"currency": "KES", "warn_percent": 80, "hard_stop": false,
        "rates": [{"category": "marketing", "country": "KE", "from": "2020-01-01", "price": "2.95"}]});
    let request = owner.request(Method::PUT, "/api/v1/settings/prices");
    Answer::of(request.json(&prices)).await.expect(200);
    let told = app.a.agent.get(&cost).await.expect(200);
    assert_eq!(
        (&told["amount"], &told["currency"]),
        (&json!("2.95"), &json!("KES"))
    );

    // An answer within the window is free, a customer's message is never charged, and what waits is estimated.
    let theirs = json!({"type": "text", "text": {"body": "Which colours?"}});
    owner.post(PHONE, &theirs).await.expect(201);
    let thread = format!(
        "{}/messages",
        of("/api/v1/conversations", &json!({"id": sent["conversation_id"]}))
    );
    let page = wait_for(owner, &thread, |page| page["items"][0]["direction"] == "inbound").await;
    let inbound = owner
        .get(&format!("{}/cost", of("/api/v1/messages", &page["items"][0])))
        .await
        .expect(200);
    assert_eq!(
        (&inbound["category"], &inbound["amount"]),
        (&Value::Null, &Value::Null)
    );
    let answer = owner
        .request(Method::POST, &thread)
        .header("idempotency-key", "a");
    let answer = answer.json(&json!({"type": "text", "text": {"body": "All."}}));
    let answer = Answer::of(answer).await.expect(202);
    let free = format!("{}/cost", of("/api/v1/messages", &answer));
    let free = wait_for(owner, &free, |it| it["charge"].is_string()).await;
    assert_eq!(
        (&free["charge"], &free["amount"]),
        (&json!("free_service"), &json!("0.00"))
    );
    let fault = json!({"delay_ms": 0, "refuse_next": 0, "drop_answer_next": 0, "down": true,
        "duplicate_webhooks": false, "reorder_webhooks": false});
    Answer::of(owner.request(Method::PUT, &faults).json(&fault))
        .await
        .expect(200);
    let again = owner
        .request(Method::POST, "/api/v1/messages")
        .header("idempotency-key", "b");
    let waiting = Answer::of(again.json(&message)).await.expect(202);
    let waiting = owner
        .get(&format!("{}/cost", of("/api/v1/messages", &waiting)))
        .await
        .expect(200);
    assert_eq!(
        (&waiting["amount"], &waiting["estimate"]),
        (&json!("2.95"), &json!(true))
    );

    app.b.owner.get(&cost).await.expect_problem(404, "not_found");
}
