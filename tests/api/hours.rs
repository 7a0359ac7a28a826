//! Opening hours.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

const PATH: &str = "/api/v1/hours";

async fn put(client: &Client, body: &Value, if_match: Option<&str>) -> Answer {
    let call = client.request(Method::PUT, PATH).json(body);
    let call = match if_match {
        Some(tag) => call.header("if-match", tag),
        None => call,
    };
    Answer::of(call).await
}

fn always() -> Value {
    let day = json!([{ "opens": "00:00", "closes": "24:00" }]);
    json!({ "timezone": "Africa/Nairobi", "week": {
        "monday": day, "tuesday": day, "wednesday": day, "thursday": day, "friday": day, "saturday": day, "sunday": day,
    } })
}

#[actix_web::test]
async fn hours_are_a_suggestion_until_an_owner_sets_them() {
    let app = TestApp::start().await;
    let fresh = app.a.agent.get(PATH).await;
    assert_eq!(fresh.header("etag"), "\"0\"");
    let fresh = fresh.expect(200);
    assert_eq!(
        (&fresh["configured"], &fresh["open"], &fresh["timezone"]),
        (&json!(false), &Value::Null, &json!("Europe/Berlin"))
    );
    assert_eq!(
        fresh["week"]["monday"],
        json!([{ "opens": "09:00", "closes": "17:00" }])
    );
    assert_eq!(fresh["week"]["sunday"], json!([]));

    put(&app.a.agent, &always(), None)
        .await
        .expect_problem(403, "forbidden");
    let set = put(&app.a.owner, &always(), Some("\"0\"")).await;
    assert_eq!(set.header("etag"), "\"1\"");
    let set = set.expect(200);
    assert_eq!((&set["configured"], &set["open"]), (&json!(true), &json!(true)));
    assert_eq!(
        app.a.agent.get(PATH).await.expect(200)["timezone"],
        "Africa/Nairobi"
    );

    let never = json!({ "timezone": "UTC", "week": {} });
    let stale = put(&app.a.owner, &never, Some("\"0\"")).await;
    stale.expect_problem(412, "version_mismatch");
    let closed = put(&app.a.owner, &never, Some("\"1\"")).await.expect(200);
    assert_eq!(
        (&closed["open"], &closed["opens_at"], &closed["version"]),
        (&json!(false), &Value::Null, &json!(2))
    );

    let other = app.b.owner.get(PATH).await.expect(200);
    assert_eq!(other["configured"], false, "the other workspace has its own");
}

#[actix_web::test]
async fn what_cannot_be_is_refused_by_name() {
    let app = TestApp::start().await;
    let table = [
        (json!({ "timezone": "Mars", "week": {} }), "timezone"),
        (
            json!({ "timezone": "UTC", "week": { "monday": [{ "opens": "25:00", "closes": "26:00" }] } }),
            "week.monday.0.opens",
        ),
        (
            json!({ "timezone": "UTC", "week": {}, "closed_days": [{ "from": "soon" }] }),
            "closed_days.0.from",
        ),
        (
            json!({ "timezone": "UTC", "week": { "someday": [] } }),
            "week.someday",
        ),
    ];
    for (body, field) in table {
        let problem = put(&app.a.owner, &body, None).await.problem();
        assert_eq!(problem["field"], field, "{problem}");
    }
    assert_eq!(app.a.owner.get(PATH).await.expect(200)["configured"], false);
}
