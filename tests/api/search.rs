//! Search over HTTP: what is found, by whom, and from which state.

use serde_json::{Value, json};

use crate::common::TestApp;
use crate::common::webhook::{add_channel, entry, post, wait_for};

fn kinds(answer: &Value) -> Vec<&str> {
    let items = answer["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| item["kind"].as_str().expect("a kind"))
        .collect()
}

fn found(count: usize) -> impl Fn(&Value) -> bool {
    move |answer| {
        answer["items"]
            .as_array()
            .is_some_and(|items| items.len() == count)
    }
}

#[actix_web::test]
async fn messages_notes_and_contacts_are_found_by_their_own_workspace_only() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    add_channel(owner, "whatsapp_cloud", "5001", "s-a").await;
    add_channel(&app.b.owner, "whatsapp_cloud", "5002", "s-b").await;
    post(
        &app,
        "s-a",
        &[entry("5001", "wamid.a", "Is the marzipan cake ready?")],
    )
    .await;
    post(&app, "s-b", &[entry("5002", "wamid.b", "marzipan for beta")]).await;
    let hits = wait_for(agent, "/api/v1/search?q=marzip", found(1)).await;
    let hit = &hits["items"][0];
    assert_eq!(
        (&hit["kind"], &hit["contact"]["name"]),
        (&json!("message"), &json!("Customer"))
    );
    let marked: Vec<&Value> = hit["snippet"]
        .as_array()
        .expect("a snippet")
        .iter()
        .filter(|part| part["hit"] == true)
        .collect();
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0]["text"], "marzipan");
    assert_eq!(hits["fuzzy"], false);
    let conversation = hit["conversation_id"].as_str().expect("an id");

    let note = json!({"body": "wants marzipan without sugar"});
    agent
        .post(&format!("/api/v1/conversations/{conversation}/notes"), &note)
        .await
        .expect(201);
    let both = wait_for(owner, "/api/v1/search?q=marzipan", found(2)).await;
    assert!(
        kinds(&both).contains(&"note") && kinds(&both).contains(&"message"),
        "{both}"
    );
    let notes = owner.get("/api/v1/search?q=marzipan&in=notes").await.expect(200);
    assert_eq!(kinds(&notes), ["note"]);
    let people = owner
        .get("/api/v1/search?q=customer&in=contacts")
        .await
        .expect(200);
    assert_eq!(kinds(&people), ["contact"]);

    let page = owner.get("/api/v1/search?q=marzipan&limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().expect("a second page");
    let second = owner
        .get(&format!("/api/v1/search?q=marzipan&limit=1&cursor={cursor}"))
        .await
        .expect(200);
    assert_ne!(second["items"][0]["id"], page["items"][0]["id"]);
    for (client, path) in [
        (owner, format!("/api/v1/search?q=other&cursor={cursor}")),
        (&app.b.owner, format!("/api/v1/search?q=marzipan&cursor={cursor}")),
        (owner, format!("/api/v1/search?cursor={cursor}")),
    ] {
        client.get(&path).await.expect_problem(400, "invalid_cursor");
    }
    let theirs = wait_for(&app.b.agent, "/api/v1/search?q=marzipan", found(1)).await;
    assert!(!theirs.to_string().contains("cake"));
}

#[actix_web::test]
async fn filters_see_the_present_state() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    add_channel(owner, "whatsapp_cloud", "5001", "s").await;
    post(&app, "s", &[entry("5001", "wamid.a", "croissants please")]).await;
    let open = wait_for(owner, "/api/v1/search?q=croissants%20is:open", found(1)).await;
    let conversation = open["items"][0]["conversation_id"].as_str().expect("an id");
    let place = format!("/api/v1/conversations/{conversation}");
    owner
        .patch(&place, &json!({"status": "closed", "labels": ["vip"]}))
        .await
        .expect(200);
    for (question, count) in [
        ("croissants%20is:open", 0),
        ("croissants%20is:closed", 1),
        ("croissants%20label:vip", 1),
        ("croissants%20label:other", 0),
        ("croissants%20in:sandbox", 0),
        ("croissants%20in:whatsapp", 1),
        ("croissants%20before:2020-01-01", 0),
        ("croisants%20", 1),
        ("", 0),
    ] {
        let answer = owner
            .get(&format!("/api/v1/search?q={question}"))
            .await
            .expect(200);
        assert!(found(count)(&answer), "{question}: {answer}");
    }
}

#[actix_web::test]
async fn questions_that_make_no_sense_are_refused_or_find_nothing() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let long = format!("/api/v1/search?q={}", "x".repeat(257));
    for (path, field) in [
        (long.as_str(), "q"),
        ("/api/v1/search?q=x&in=mail", "in"),
        ("/api/v1/search?q=x&limit=0", "limit"),
    ] {
        assert_eq!(
            owner.get(path).await.expect_problem(400, "invalid_query")["field"],
            field
        );
    }
    for question in [
        "%22",
        "((((",
        "*",
        "a%20OR%20b",
        "%F0%9F%98%80",
        "from:",
        "-",
        "%E2%80%AE",
    ] {
        owner
            .get(&format!("/api/v1/search?q={question}"))
            .await
            .expect(200);
    }
}
