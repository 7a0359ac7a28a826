//! People who change their number, and chats that were imported: one person, one thread, in the order of what was said.

use frontdesk::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::webhook::{add_channel, entry, post, wait_for};
use crate::common::{Answer, Client, TestApp};

fn change(number: &str, field: &str, mut value: Value) -> Value {
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({"display_phone_number": "15550001111", "phone_number_id": number});
    json!({"id": format!("9{number}"), "changes": [{"field": field, "value": value}]})
}

fn now() -> i64 {
    Clock::System.now().0 / 1_000_000
}

fn text(from: &str, id: &str, body: &str) -> Value {
    json!({"from": from, "id": id, "timestamp": now().to_string(), "type": "text", "text": {"body": body}})
}

async fn messages(client: &Client, conversation: &Value, rest: &str) -> Vec<Value> {
    let id = conversation["id"].as_str().expect("an id");
    let page = client
        .get(&format!("/api/v1/conversations/{id}/messages{rest}"))
        .await
        .expect(200);
    page["items"].as_array().expect("a list").clone()
}

#[actix_web::test]
async fn a_new_number_is_the_same_person_and_the_old_one_somebody_else() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    add_channel(owner, "whatsapp_cloud", "6001", "s1").await;
    post(&app, "s1", &[entry("6001", "wamid.1", "from the old number")]).await;
    let system = json!({"messages": [{"from": "15550002222", "id": "wamid.2", "timestamp": now().to_string(),
        "type": "system", "system": {"body": "changed", "wa_id": "15550003333", "type": "user_changed_number"}}]});
    post(&app, "s1", &[change("6001", "messages", system)]).await;
    let from = |number: &str, id: &str, body: &str| {
        change(
            "6001",
            "messages",
            json!({"contacts": [{"profile": {"name": "C"}, "wa_id": number}],
            "messages": [text(number, id, body)]}),
        )
    };
    post(
        &app,
        "s1",
        &[from("15550003333", "wamid.3", "from the new number")],
    )
    .await;
    post(
        &app,
        "s1",
        &[from("15550002222", "wamid.4", "who has the old one now")],
    )
    .await;
    let two = |list: &Value| {
        list["items"]
            .as_array()
            .is_some_and(|all| all.len() == 2 && list.to_string().contains("who has"))
    };
    let list = wait_for(owner, "/api/v1/conversations", two).await;
    let items = list["items"].as_array().expect("a list");
    let same = items
        .iter()
        .find(|it| it["contact"].to_string().contains("15550003333"))
        .expect("the same person");
    assert!(!same["contact"].to_string().contains("15550002222"), "{same}");
    let texts: Vec<String> = messages(owner, same, "")
        .await
        .iter()
        .map(|it| it["text"]["body"].to_string())
        .collect();
    assert_eq!(texts[0], "\"from the new number\"");
    assert_eq!(texts[2], "\"from the old number\"", "the history is kept");
    let contacts = owner.get("/api/v1/contacts").await.expect(200);
    assert_eq!(contacts["items"].as_array().map(Vec::len), Some(2));
}

#[actix_web::test]
async fn a_new_number_that_somebody_had_makes_two_contacts_one_until_a_person_objects() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = add_channel(owner, "whatsapp_cloud", "6001", "s1").await;
    let says = |number: &str, id: &str, body: &str| {
        let value = json!({"contacts": [{"profile": {"name": number}, "wa_id": number}], "messages": [text(number, id, body)]});
        change("6001", "messages", value)
    };
    post(
        &app,
        "s1",
        &[says("15550002222", "wamid.1", "from the old number")],
    )
    .await;
    post(
        &app,
        "s1",
        &[says(
            "15550003333",
            "wamid.2",
            "from the new one, before it was told",
        )],
    )
    .await;
    let found = |list: &Value, number: &str| {
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.into_iter().find(|it| it["contact"]["name"] == number)
    };
    let list = wait_for(owner, "/api/v1/conversations", |list| {
        found(list, "15550002222").is_some() && found(list, "15550003333").is_some()
    })
    .await;
    let (old, new) = (found(&list, "15550002222"), found(&list, "15550003333"));
    let (old, new) = (old.expect("the old number's"), new.expect("the new number's"));
    let id = |it: &Value| it["contact"]["id"].as_str().expect("an id").to_owned();
    // Whoever stopped everything as one of them, stopped it.
    let no = json!({"channel_id": channel["id"], "permission": "nothing", "reason": "on the phone"});
    owner
        .post(&format!("/api/v1/contacts/{}/consents", id(&new)), &no)
        .await
        .expect(200);

    let system = json!({"messages": [{"from": "15550002222", "id": "wamid.3", "timestamp": now().to_string(),
        "type": "system", "system": {"body": "changed", "wa_id": "15550003333", "type": "user_changed_number"}}]});
    post(&app, "s1", &[change("6001", "messages", system)]).await;
    let merges = format!("/api/v1/contacts/{}/merges", id(&old));
    let merged = wait_for(owner, &merges, |it| {
        it["items"].as_array().is_some_and(|all| all.len() == 1)
    })
    .await;
    let merge = &merged["items"][0];
    assert_eq!(
        (&merge["took_over"], &merge["contact"]["id"]),
        (&json!(true), &json!(id(&new)))
    );
    assert_eq!(merge["contact"]["conversations"], json!([new["id"]]));
    let mirrored = owner
        .get(&format!("/api/v1/contacts/{}/merges", id(&new)))
        .await
        .expect(200);
    assert_eq!(mirrored["items"][0]["took_over"], false);
    assert_eq!(app.b.owner.get(&merges).await.status, 404);
    let consents = owner
        .get(&format!("/api/v1/contacts/{}/consents", id(&old)))
        .await
        .expect(200);
    assert_eq!(consents["items"][0]["permission"], "nothing", "{consents}");

    // What comes now goes on in the thread of who changed; both are readable, and nothing is lost.
    post(&app, "s1", &[says("15550003333", "wamid.4", "and now?")]).await;
    let texts = async |conversation: &Value| {
        let all = messages(owner, conversation, "").await;
        let words = all
            .iter()
            .filter_map(|it| it["text"]["body"].as_str().map(str::to_owned));
        words.collect::<Vec<_>>()
    };
    let place = format!(
        "/api/v1/conversations/{}/messages",
        old["id"].as_str().expect("an id")
    );
    wait_for(owner, &place, |it| it.to_string().contains("and now?")).await;
    assert_eq!(texts(&old).await, ["and now?", "from the old number"]);
    assert_eq!(texts(&new).await, ["from the new one, before it was told"]);

    // A person knows better: the number is somebody else's.
    let undo = format!("/api/v1/contacts/{}/unmerge", id(&new));
    let other = json!({"contact_id": id(&old)});
    assert_eq!(app.b.owner.post(&undo, &other).await.status, 404);
    owner
        .post(&undo, &json!({"contact_id": "someone"}))
        .await
        .expect_problem(422, "invalid_field");
    owner.post(&undo, &other).await.expect(204);
    owner.post(&undo, &other).await.expect_problem(404, "not_found");
    assert_eq!(owner.get(&merges).await.expect(200)["items"], json!([]));
    post(&app, "s1", &[says("15550003333", "wamid.5", "it is me")]).await;
    let place = format!(
        "/api/v1/conversations/{}/messages",
        new["id"].as_str().expect("an id")
    );
    wait_for(owner, &place, |it| it.to_string().contains("it is me")).await;
    assert_eq!(texts(&new).await.len(), 2);
}

#[actix_web::test]
async fn imported_messages_stand_where_they_were_said_and_ask_for_nothing() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    add_channel(owner, "whatsapp_cloud", "6001", "s1").await;
    post(&app, "s1", &[entry("6001", "wamid.live", "today")]).await;
    let at = |ago: i64| (now() - ago).to_string();
    let old = |from: &str, id: &str, ago: i64, body: &str| {
        json!({"from": from, "id": id, "timestamp": at(ago), "type": "text", "text": {"body": body},
            "history_context": {"status": "READ"}})
    };
    let chunk = |order: u32, wa_id: &str, messages: Value| {
        change(
            "6001",
            "history",
            json!({"history": [{"metadata": {"phase": 0, "chunk_order": order, "progress": 50},
            "threads": [{"id": wa_id, "context": {"wa_id": wa_id}, "messages": messages}]}]}),
        )
    };
    // The newer chunk comes first.
    let newer = json!([
        old("15550002222", "wamid.h2", 1_000, "last hour"),
        old("15550001111", "wamid.h3", 900, "our answer")
    ]);
    post(&app, "s1", &[chunk(1, "15550002222", newer)]).await;
    post(
        &app,
        "s1",
        &[chunk(
            2,
            "15550002222",
            json!([old("15550002222", "wamid.h1", 90_000, "yesterday")]),
        )],
    )
    .await;
    let someone = json!([old("15550009999", "wamid.h9", 500_000, "long ago")]);
    post(&app, "s1", &[chunk(3, "15550009999", someone)]).await;
    let both = |list: &Value| list.to_string().contains("long ago");
    let list = wait_for(owner, "/api/v1/conversations", both).await;
    let items = list["items"].as_array().expect("a list");
    let (live, quiet) = (&items[0], &items[1]);
    assert_eq!(
        (&live["last_message"]["preview"], &live["unread"]),
        (&json!("today"), &json!(1)),
        "{live}"
    );
    assert_eq!(
        (&quiet["status"], &quiet["unread"], &quiet["window"]["open"]),
        (&json!("resolved"), &json!(0), &json!(false))
    );
    let order = |all: &[Value]| -> Vec<String> {
        all.iter()
            .map(|it| it["text"]["body"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let all = messages(owner, live, "").await;
    assert_eq!(order(&all), ["today", "our answer", "last hour", "yesterday"]);
    assert_eq!(all[1]["author"]["kind"], "business_app");
    let first = owner
        .get(&format!(
            "/api/v1/conversations/{}/messages?limit=2",
            live["id"].as_str().expect("an id")
        ))
        .await
        .expect(200);
    let cursor = first["next_cursor"].as_str().expect("more");
    let rest = messages(owner, live, &format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(order(&rest), ["last hour", "yesterday"]);
    let around = messages(
        owner,
        live,
        &format!("?limit=2&around={}", all[2]["id"].as_str().expect("an id")),
    )
    .await;
    assert!(order(&around).contains(&"last hour".to_owned()));
    // What comes later takes its place as well, and all of it agrees.
    post(&app, "s1", &[entry("6001", "wamid.later", "later")]).await;
    wait_for(owner, "/api/v1/conversations", |list| {
        list.to_string().contains("later")
    })
    .await;
    assert_eq!(order(&messages(owner, live, "").await)[0], "later");
    let report =
        frontdesk::storage::verify::verify(&app.app.house.core.store, Default::default()).expect("readable");
    assert!(report.is_sound(), "{report}");
}

#[actix_web::test]
async fn what_is_said_to_a_group_opens_no_window_and_is_no_keyword() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    add_channel(owner, "whatsapp_cloud", "6001", "s1").await;
    let mut group = text("15550002222", "wamid.g", "stop");
    group["group_id"] = json!("HBgMZ3JvdXA");
    let value =
        json!({"contacts": [{"profile": {"name": "C"}, "wa_id": "15550002222"}], "messages": [group]});
    post(&app, "s1", &[change("6001", "messages", value)]).await;
    let list = wait_for(owner, "/api/v1/conversations", |list| {
        list["items"][0]["last_message"].is_object()
    })
    .await;
    let it = &list["items"][0];
    assert_eq!(
        (&it["window"]["open"], &it["unread"]),
        (&json!(false), &json!(1)),
        "{it}"
    );
    let all = messages(owner, it, "").await;
    assert_eq!(
        (all.len(), &all[0]["extra"]["group_id"]),
        (1, &json!("HBgMZ3JvdXA"))
    );
}

/// Two people who wrote on one channel, as the list shows their conversations.
async fn two_people(app: &TestApp) -> (Value, Value) {
    let owner = &app.a.owner;
    add_channel(owner, "whatsapp_cloud", "6001", "s1").await;
    for (number, id) in [("15550002222", "wamid.1"), ("15550003333", "wamid.2")] {
        let value = json!({"contacts": [{"profile": {"name": number}, "wa_id": number}],
            "messages": [text(number, id, &format!("I am {number}"))]});
        post(app, "s1", &[change("6001", "messages", value)]).await;
    }
    let found = |list: &Value, number: &str| {
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.into_iter().find(|it| it["contact"]["name"] == number)
    };
    let list = wait_for(owner, "/api/v1/conversations", |list| {
        found(list, "15550002222").is_some() && found(list, "15550003333").is_some()
    })
    .await;
    (
        found(&list, "15550002222").expect("the first"),
        found(&list, "15550003333").expect("the second"),
    )
}

fn contact_of(conversation: &Value) -> String {
    conversation["contact"]["id"].as_str().expect("an id").to_owned()
}

#[actix_web::test]
async fn a_person_merges_two_contacts_with_open_conversations_and_undoes_it() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let (one, two) = two_people(&app).await;
    let (first, second) = (contact_of(&one), contact_of(&two));
    let address = format!("/api/v1/contacts/{first}/merge");
    let body = json!({"contact_id": second});

    // Nobody from elsewhere, nobody unknown, nobody with themselves.
    assert_eq!(app.b.owner.post(&address, &body).await.status, 404);
    let unknown = json!({"contact_id": uuid::Uuid::now_v7().to_string()});
    assert_ne!(owner.post(&address, &unknown).await.status, 200);
    let same = owner.post(&address, &json!({"contact_id": first})).await;
    let problem = same.expect_problem(409, "wrong_state");
    assert_eq!(problem["detail_phrase"]["code"], "merge_same_contact");
    let nobody = owner.post(&address, &json!({"contact_id": "someone"})).await;
    nobody.expect_problem(422, "invalid_field");

    let merge = owner.post(&address, &body).await.expect(200);
    assert_eq!(
        (&merge["took_over"], &merge["contact"]["id"]),
        (&json!(true), &json!(second))
    );
    assert!(merge["by"]["name"].is_string(), "{merge}");
    let again = owner
        .post(&address, &body)
        .await
        .expect_problem(409, "wrong_state");
    assert_eq!(again["detail_phrase"]["code"], "merge_goes_on_elsewhere");
    let kept = owner.get(&format!("/api/v1/contacts/{first}")).await.expect(200);
    assert!(kept["identities"].to_string().contains("15550003333"), "{kept}");
    let events = owner.get("/api/v1/events?limit=100").await.expect(200);
    let told = |contact: &str| {
        let all = events["items"].as_array().expect("events");
        all.iter()
            .any(|event| event["type"] == "contact.updated" && event.to_string().contains(contact))
    };
    assert!(told(&first) && told(&second), "{events}");

    // What the other writes now goes on with the one who stays, and the answer goes to the number that wrote.
    let says = |id: &str, body: &str| {
        let value = json!({"contacts": [{"profile": {"name": "x"}, "wa_id": "15550003333"}],
            "messages": [text("15550003333", id, body)]});
        change("6001", "messages", value)
    };
    let place = |it: &Value| {
        format!(
            "/api/v1/conversations/{}/messages",
            it["id"].as_str().expect("an id")
        )
    };
    post(&app, "s1", &[says("wamid.3", "from my other phone")]).await;
    wait_for(owner, &place(&one), |it| {
        it.to_string().contains("from my other phone")
    })
    .await;
    let kept = owner.get(&format!("/api/v1/contacts/{first}")).await.expect(200);
    let best = kept["identities"][0]["value"].as_str().unwrap_or_default();
    assert!(best.contains("15550003333"), "{kept}");
    assert_eq!(
        messages(owner, &two, "").await.len(),
        1,
        "the other thread stays as it was"
    );

    let undo = format!("/api/v1/contacts/{first}/unmerge");
    assert_eq!(app.b.owner.post(&undo, &body).await.status, 404);
    owner.post(&undo, &body).await.expect(204);
    let kept = owner.get(&format!("/api/v1/contacts/{first}")).await.expect(200);
    assert!(!kept["identities"].to_string().contains("15550003333"), "{kept}");
    post(&app, "s1", &[says("wamid.4", "on my own again")]).await;
    wait_for(owner, &place(&two), |it| {
        it.to_string().contains("on my own again")
    })
    .await;
}

#[actix_web::test]
async fn a_merge_holds_against_a_version_and_a_refusal_by_either_holds_for_both() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let (one, two) = two_people(&app).await;
    let (first, second) = (contact_of(&one), contact_of(&two));
    let no = json!({"channel_id": two["channel_id"], "permission": "nothing", "reason": "on the phone"});
    owner
        .post(&format!("/api/v1/contacts/{second}/consents"), &no)
        .await
        .expect(200);
    let address = format!("/api/v1/contacts/{first}/merge");
    let body = json!({"contact_id": second});
    let stale = owner
        .request(Method::POST, &address)
        .header("If-Match", "\"999\"");
    Answer::of(stale.json(&body))
        .await
        .expect_problem(412, "version_mismatch");
    owner.post(&address, &body).await.expect(200);
    let consents = owner
        .get(&format!("/api/v1/contacts/{first}/consents"))
        .await
        .expect(200);
    assert_eq!(consents["items"][0]["permission"], "nothing", "{consents}");
}
