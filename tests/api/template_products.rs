//! Templates with products of a catalogue, from the draft to the customer's phone: several, one, or the whole catalogue.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

const TO: &str = "+15550123456";
const PHONE: &str = "/api/v1/sandbox/customers/15550123456/messages";

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

async fn channel(client: &Client) -> Value {
    let body = json!({ "provider": "sandbox", "name": "Shop" });
    let channel = client.post("/api/v1/channels", &body).await.expect(201);
    let path = format!(
        "/api/v1/sandbox/faults?channel_id={}",
        channel["id"].as_str().expect("an id")
    );
    until(async || client.get(&path).await.status == 200).await;
    let amina = json!({ "name": "Amina", "phone": TO, "language": "en" });
    client.post("/api/v1/sandbox/customers", &amina).await.expect(201);
    channel
}

fn draft(channel: &Value, name: &str, header: Option<&str>, button: (&str, &str)) -> Value {
    let mut parts = vec![
        json!({"type": "BODY", "text": "Still interested? It is waiting for you."}),
        json!({"type": "BUTTONS", "buttons": [{"type": button.0, "text": button.1}]}),
    ];
    if let Some(format) = header {
        parts.insert(0, json!({"type": "HEADER", "format": format}));
    }
    json!({"channel_id": channel["id"], "name": name, "language": "en", "category": "marketing", "components": parts})
}

/// Writes a template and waits until the provider has approved it.
async fn approved(client: &Client, draft: &Value) -> Value {
    let made = client.post("/api/v1/templates", draft).await.expect(201);
    assert_eq!(made["problems"], json!([]));
    let path = format!("/api/v1/templates/{}", made["id"].as_str().expect("an id"));
    client
        .post(&format!("{path}/submit"), &json!({}))
        .await
        .expect(200);
    until(async || client.get(&path).await.expect(200)["status"] == "approved").await;
    made
}

async fn send(client: &Client, channel: &Value, template: Value) -> Answer {
    let body = json!({"channel_id": channel["id"], "to": TO, "type": "template", "template": template});
    client.post("/api/v1/messages", &body).await
}

/// The messages of the business that the simulated phone has, oldest first, once there are so many.
async fn on_the_phone(client: &Client, count: usize) -> Vec<Value> {
    let mut got = Vec::new();
    until(async || {
        let all = client.get(PHONE).await.expect(200);
        let all = all["items"].as_array().cloned().unwrap_or_default();
        got = all;
        got.retain(|message| message["direction"] == "outbound");
        got.len() >= count
    })
    .await;
    got
}

fn products() -> Value {
    json!({"thumbnail_product_retailer_id": "SKU-BASKET-L", "sections": [
        {"title": "Your cart", "product_items": [
            {"product_retailer_id": "SKU-BASKET-L"}, {"product_retailer_id": "SKU-MAT-S"}]}]})
}

#[actix_web::test]
async fn several_products_are_chosen_when_the_template_is_sent() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    approved(owner, &draft(&channel, "cart", None, ("MPM", "View items"))).await;
    let of = |buttons: Value| json!({"name": "cart", "language": "en", "buttons": buttons});

    let bare = json!({"name": "cart", "language": "en"});
    let refused = send(owner, &channel, bare).await;
    let refused = refused.expect_problem(409, "template_variables");
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|it| it.contains("button 1")),
        "{refused}"
    );
    let mut wrong = products();
    wrong["sections"] = json!([]);
    let refused = send(owner, &channel, of(json!([{"sub_type": "mpm", "action": wrong}]))).await;
    let refused = refused.expect_problem(422, "invalid_field");
    let field = "template.buttons.0.parameters.0.action.sections";
    assert_eq!(refused["field"], field, "{refused}");

    let sent = send(
        owner,
        &channel,
        of(json!([{"sub_type": "mpm", "action": products()}])),
    )
    .await;
    let sent = sent.expect(202);
    let seen = json!({"kind": "mpm", "text": "View items", "target": "", "products": {"thumbnail": "SKU-BASKET-L",
        "sections": [{"title": "Your cart", "products": ["SKU-BASKET-L", "SKU-MAT-S"]}]}});
    assert_eq!(sent["template"]["shown"]["buttons"], json!([seen]));
    let phone = on_the_phone(owner, 1).await;
    assert_eq!(
        phone[0]["template"]["buttons"][0]["products"],
        products(),
        "{phone:?}"
    );
    let cart = json!({"type": "order", "order": {"catalog_id": "550", "product_items": [
        {"product_retailer_id": "SKU-MAT-S", "quantity": 1, "item_price": 900, "currency": "KES"}]}});
    owner.post(PHONE, &cart).await.expect(201);
}

#[actix_web::test]
async fn one_product_or_the_whole_catalogue() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    approved(owner, &draft(&channel, "one", Some("PRODUCT"), ("SPM", "View"))).await;
    approved(owner, &draft(&channel, "all", None, ("CATALOG", "View catalog"))).await;

    let refused = send(owner, &channel, json!({"name": "one", "language": "en"})).await;
    let refused = refused.expect_problem(409, "template_variables");
    assert!(
        refused["detail"].as_str().is_some_and(|it| it.contains("header")),
        "{refused}"
    );
    let half = json!({"type": "product", "product": {"product_retailer_id": "SKU-MAT-S"}});
    let refused = send(
        owner,
        &channel,
        json!({"name": "one", "language": "en", "header": half}),
    )
    .await;
    let refused = refused.expect_problem(422, "invalid_field");
    assert_eq!(refused["field"], "template.header.product.catalog_id");

    let product =
        json!({"type": "product", "product": {"product_retailer_id": "SKU-MAT-S", "catalog_id": "550"}});
    let sent = send(
        owner,
        &channel,
        json!({"name": "one", "language": "en", "header": product}),
    )
    .await;
    let header = sent.expect(202)["template"]["shown"]["header"].clone();
    assert_eq!(
        (&header["format"], &header["product"]),
        (&json!("product"), &json!("SKU-MAT-S"))
    );
    let plain = send(owner, &channel, json!({"name": "all", "language": "en"})).await;
    plain.expect(202);
    let picture = json!([{"sub_type": "catalog", "action": {"thumbnail_product_retailer_id": "SKU-MAT-S"}}]);
    let sent = send(
        owner,
        &channel,
        json!({"name": "all", "language": "en", "buttons": picture}),
    )
    .await;
    let thumbnail = &sent.expect(202)["template"]["shown"]["buttons"][0]["products"]["thumbnail"];
    assert_eq!(thumbnail, "SKU-MAT-S");
    let phone = on_the_phone(owner, 3).await;
    let headers: Vec<&Value> = phone
        .iter()
        .map(|it| &it["template"]["header"]["product"])
        .collect();
    assert!(headers.contains(&&product["product"]), "{phone:?}");
}

#[actix_web::test]
async fn a_product_speaks_for_itself() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    owner
        .post(
            PHONE,
            &json!({"type": "text", "text": {"body": "Have you mats?"}}),
        )
        .await
        .expect(201);
    until(async || owner.get("/api/v1/conversations").await.expect(200)["items"][0]["id"].is_string()).await;
    let product =
        json!({"type": "product", "action": {"catalog_id": "550", "product_retailer_id": "SKU-MAT-S"}});
    let body = json!({"channel_id": channel["id"], "to": TO, "type": "interactive", "interactive": product});
    owner.post("/api/v1/messages", &body).await.expect(202);
    on_the_phone(owner, 1).await;
}
