//! Templates: the contract's folder, walked file by file where it lies beside the checkout. What it creates, the house's own
//! rules let pass and the adapter asks for in the same words; what it answers is understood.

use frontdesk::channels::Provider;
use frontdesk::channels::whatsapp::WhatsappCloud;
use frontdesk::domain::template::news::Submission;
use frontdesk::domain::template::validate::problems;
use frontdesk::domain::template::{Category, Definition, ParameterFormat, State};
use serde_json::{Value, json};

use crate::support::{Reply, access, contract, http, json, json_files, serve};

/// What a creation of the contract's says.
fn definition(example: &Value) -> Definition {
    let word = |name: &str| example[name].as_str().unwrap_or_default();
    Definition {
        category: Category::from_word(word("category")).expect("a category"),
        format: ParameterFormat::from_word(word("parameter_format")).unwrap_or(ParameterFormat::Positional),
        ttl_s: example["message_send_ttl_seconds"].as_i64(),
        components: example["components"].as_array().cloned().unwrap_or_default(),
    }
}

async fn created(example: &Value) -> Value {
    let (base, server) = serve(vec![Reply::answer(
        200,
        "",
        "{\"id\":\"1\",\"status\":\"PENDING\"}",
    )])
    .await;
    let (access, definition) = (access(&base), definition(example));
    let submission = Submission {
        id: None,
        name: example["name"].as_str().expect("a name"),
        language: example["language"].as_str().expect("a language"),
        definition: &definition,
        with_category: true,
    };
    let client = http();
    let templates = WhatsappCloud.templates().expect("has templates");
    let submitted = templates.submit(&client, &access, submission).await;
    assert_eq!(submitted.expect("taken").state, State::InReview);
    let asked = server.await.expect("served").remove(0);
    assert!(asked.head.contains("/message_templates "), "{}", asked.head);
    asked.body
}

fn check_rules(name: &str, example: &Value) {
    let (named, language) = (example["name"].as_str(), example["language"].as_str());
    let found = problems(
        named.expect("a name"),
        language.expect("a language"),
        &definition(example),
    );
    assert!(found.is_empty(), "{name}: {found:?}");
}

#[tokio::test]
async fn every_template_of_the_contract_is_asked_for_and_every_answer_understood() {
    let Some(folder) = contract() else { return };
    for (name, raw) in json_files(&folder.join("templates")) {
        let example = json(&raw);
        match name.as_str() {
            "edit-category.request.json" => edited(&example).await,
            name if name.ends_with(".request.json") => {
                check_rules(name, &example);
                let mut asked = created(&example).await;
                if example.get("parameter_format").is_none() {
                    // Said although it goes without saying.
                    let said = asked
                        .as_object_mut()
                        .expect("an object")
                        .remove("parameter_format");
                    assert_eq!(said, Some(json!("positional")), "{name}");
                }
                let (asked, wanted) = (in_capitals(asked), in_capitals(example));
                assert_eq!(asked, wanted, "{name}");
            }
            name if name.starts_with("list") => listed(name, &example).await,
            name if example.get("_http_status").is_some() => refused(name, &example).await,
            "create.response.json" | "edit.response.json" | "delete.response.json" => {
                answered(&name, &example).await;
            }
            other => panic!("{other} is not walked"),
        }
    }
}

/// Meta takes these words in either case, and shows them in both.
fn in_capitals(mut body: Value) -> Value {
    for name in ["parameter_format", "category"] {
        if let Some(Value::String(word)) = body.get_mut(name) {
            *word = word.to_ascii_uppercase();
        }
    }
    body
}

async fn edited(example: &Value) {
    let (base, server) = serve(vec![Reply::answer(200, "", "{\"success\":true}")]).await;
    let (access, client) = (access(&base), http());
    let definition = Definition {
        category: Category::from_word(example["category"].as_str().expect("a word")).expect("a category"),
        ..definition(&json!({"category": "utility"}))
    };
    let submission = Submission {
        id: Some("661000000000001"),
        name: "order_shipped",
        language: "en_US",
        definition: &definition,
        with_category: true,
    };
    let templates = WhatsappCloud.templates().expect("has templates");
    templates
        .submit(&client, &access, submission)
        .await
        .expect("taken");
    let asked = server.await.expect("served").remove(0);
    assert_eq!(asked.body["category"], example["category"]);
    assert!(asked.head.contains("/661000000000001 "), "{}", asked.head);
}

async fn listed(name: &str, example: &Value) {
    let (base, server) = serve(vec![Reply::answer(200, "", &example.to_string())]).await;
    let (access, client) = (access(&base), http());
    let templates = WhatsappCloud.templates().expect("has templates");
    let page = templates.list(&client, &access, None).await.expect("a page");
    server.await.expect("served");
    // A list with fewer fields than we ask for names no language.
    let whole = example["data"].as_array().expect("a list").iter();
    let whole: Vec<&Value> = whole.filter(|it| it.get("language").is_some()).collect();
    assert_eq!(page.items.len(), whole.len(), "{name}");
    for (read, told) in page.items.iter().zip(whole) {
        assert_eq!(json!(read.id), told["id"], "{name}");
        assert_eq!(json!(read.definition.components), told["components"], "{name}");
        let state = told["status"].as_str().expect("a state");
        let state = if state == "PENDING" { "IN_REVIEW" } else { state };
        assert_eq!(read.state.as_str().to_ascii_uppercase(), state, "{name}");
    }
}

async fn refused(name: &str, example: &Value) {
    let status = u16::try_from(example["_http_status"].as_u64().expect("a status")).expect("a status");
    let (base, server) = serve(vec![Reply::answer(status, "", &example["body"].to_string())]).await;
    let (access, client) = (access(&base), http());
    let templates = WhatsappCloud.templates().expect("has templates");
    let error = templates
        .delete(&client, &access, "1", "order_shipped")
        .await
        .expect_err(name);
    server.await.expect("served");
    // What Meta says to people is what people are shown.
    let said = example["body"]["error"]["error_user_msg"]
        .as_str()
        .expect("words");
    let shown = format!("{} {}", error.title, error.detail);
    assert!(shown.contains(said), "{name}: {shown}");
}

async fn answered(name: &str, example: &Value) {
    let (base, server) = serve(vec![Reply::answer(200, "", &example.to_string())]).await;
    let (access, client) = (access(&base), http());
    let templates = WhatsappCloud.templates().expect("has templates");
    if name == "create.response.json" {
        let definition = definition(&json!({"category": "utility"}));
        let submission = Submission {
            id: None,
            name: "order_shipped",
            language: "en_US",
            definition: &definition,
            with_category: true,
        };
        let submitted = templates.submit(&client, &access, submission).await.expect(name);
        assert_eq!(json!(submitted.id), example["id"]);
        assert_eq!(submitted.category, Some(Category::Utility));
    } else {
        templates
            .delete(&client, &access, "1", "order_shipped")
            .await
            .expect(name);
    }
    server.await.expect("served");
}
