//! What each interactive message becomes, and what is refused.

use serde_json::{Value, json};

use super::made;

const BASE: &str = "https://desk.example";

fn buttons(titles: &[&str]) -> Value {
    let all = titles
        .iter()
        .map(|title| json!({"type": "reply", "reply": {"id": format!("id-{title}"), "title": title}}));
    json!({"buttons": all.collect::<Vec<_>>()})
}

#[test]
fn messages_that_differ_in_words_and_link_alone_share_a_content() {
    let ask = |name: &str| json!({"type": "button", "body": {"text": format!("Hi {name}, which?")}, "action": buttons(&["A", "B"])});
    let (ana, ben) = (
        made(&ask("Ana"), BASE).expect("a content"),
        made(&ask("Ben"), BASE).expect("a content"),
    );
    assert_eq!((ana.kind, &ana.content), (ben.kind, &ben.content));
    assert_eq!(ana.kind, "twilio/quick-reply");
    assert_eq!(
        ana.content,
        json!({"body": "{{1}}", "actions": [{"type": "QUICK_REPLY", "title": "A", "id": "id-A"},
            {"type": "QUICK_REPLY", "title": "B", "id": "id-B"}]})
    );
    assert_eq!(ana.values["1"], "Hi Ana, which?");

    let link = |code: &str| {
        json!({"type": "cta_url", "body": {"text": "Pay"}, "action": {"name": "cta_url",
            "parameters": {"display_text": "Pay now", "url": format!("https://desk.example/l/{code}?x=1")}}})
    };
    let (one, two) = (
        made(&link("abc"), BASE).expect("a content"),
        made(&link("xyz"), BASE).expect("a content"),
    );
    assert_eq!(one.content, two.content);
    assert_eq!(one.kind, "twilio/call-to-action");
    assert_eq!(
        one.content["actions"],
        json!([{"type": "URL", "title": "Pay now", "url": "https://desk.example/l/{{2}}"}])
    );
    assert_eq!(two.values["2"], "xyz?x=1");
}

#[test]
fn each_kind_takes_its_content_type() {
    let body = json!({"text": "Have a look"});
    let rows = json!([{"id": "a", "title": "A", "description": "first"}, {"id": "b", "title": "B"}]);
    let table = [
        (
            json!({"type": "list", "header": {"type": "text", "text": "Top"}, "body": body, "footer": {"text": "End"},
                "action": {"button": "Open", "sections": [{"rows": rows}]}}),
            "twilio/list-picker",
            json!({"body": "Top\n\nHave a look\n\nEnd", "button": "Open",
                "items": [{"item": "A", "id": "a", "description": "first"}, {"item": "B", "id": "b"}]}),
        ),
        (
            json!({"type": "button", "header": {"type": "image", "image": {"link": "https://desk.example/media/00ff.jpg"}},
                "body": body, "footer": {"text": "End"}, "action": buttons(&["A"])}),
            "twilio/card",
            json!({"title": "{{1}}", "media": ["https://desk.example/{{2}}"], "subtitle": "End",
                "actions": [{"type": "QUICK_REPLY", "title": "A", "id": "id-A"}]}),
        ),
        (
            json!({"type": "product_list", "header": {"type": "text", "text": "Top"}, "body": body, "action": {
                "catalog_id": "7", "sections": [{"title": "S", "product_items": [{"product_retailer_id": "p1"}]}]}}),
            "twilio/catalog",
            json!({"body": "{{1}}", "title": "Top", "id": "7", "items": [{"id": "p1", "section_title": "S"}]}),
        ),
        (
            json!({"type": "product", "body": body, "action": {"catalog_id": "7", "product_retailer_id": "p1"}}),
            "twilio/catalog",
            json!({"body": "{{1}}", "id": "7", "items": [{"id": "p1"}]}),
        ),
        (
            json!({"type": "catalog_message", "body": body, "action": {"name": "catalog_message"}}),
            "twilio/catalog",
            json!({"body": "{{1}}"}),
        ),
        (
            json!({"type": "generic_template", "elements": [{"title": "Basket", "subtitle": "KES 1,850",
                "image_url": "https://shop.example/i/b.jpg",
                "buttons": [{"type": "web_url", "title": "Shop", "url": "https://shop.example"},
                    {"type": "postback", "title": "Ask", "payload": "ask"}]}]}),
            "twilio/card",
            json!({"title": "{{1}}", "subtitle": "KES 1,850", "media": ["https://shop.example/i/{{2}}"],
                "actions": [{"type": "URL", "title": "Shop", "url": "https://shop.example"},
                    {"type": "QUICK_REPLY", "title": "Ask", "id": "ask"}]}),
        ),
    ];
    for (interactive, kind, content) in table {
        let made = made(&interactive, BASE).unwrap_or_else(|error| panic!("{interactive}: {error}"));
        assert_eq!((made.kind, made.content), (kind, content), "{interactive}");
    }
}

#[test]
fn a_file_of_ours_has_the_same_shape_before_it_has_an_address() {
    let with = |image: Value| json!({"type": "button", "header": {"type": "image", "image": image}, "body": {"text": "x"}, "action": buttons(&["A"])});
    let before = made(&with(json!({"media_id": "med_1"})), BASE).expect("a content");
    let after = made(&with(json!({"link": "https://desk.example/media/0a.png"})), BASE).expect("a content");
    assert_eq!(before.content, after.content);
    assert_eq!(after.values["2"], "media/0a.png");
}

#[test]
fn what_twilio_would_misread_or_has_not_is_refused_by_its_field() {
    let long = "x".repeat(1025);
    let button = |body: &str, titles: &[&str]| json!({"type": "button", "body": {"text": body}, "action": buttons(titles)});
    let list = |sections: Value| json!({"type": "list", "body": {"text": "x"}, "action": {"button": "Open", "sections": sections}});
    let row = json!({"id": "a", "title": "A"});
    let table = [
        (button(&long, &["A"]), "interactive.body.text"),
        (
            button(&format!("{}{{{{1}}}}", "y".repeat(300)), &["A"]),
            "interactive.body.text",
        ),
        (button("x", &["A", "B", "C", "D"]), "interactive.action.buttons"),
        (button("x", &["{{1}}"]), "interactive.action.buttons.0.reply.id"),
        (button("x", &["A", "A"]), "interactive.action.buttons.1.reply.id"),
        (
            list(json!([{"title": "S", "rows": [row]}])),
            "interactive.action.sections.0.title",
        ),
        (
            list(json!([{"rows": [row]}, {"rows": [row]}])),
            "interactive.action.sections",
        ),
        (
            list(json!([{"rows": [row, row]}])),
            "interactive.action.sections.0.rows.1.id",
        ),
        (json!({"type": "flow"}), "interactive.type"),
        (
            json!({"type": "generic_template", "elements": [{"title": "a", "subtitle": "b"}, {"title": "c", "subtitle": "d"}]}),
            "interactive.elements",
        ),
        (
            json!({"type": "generic_template", "elements": [{"title": "a"}]}),
            "interactive.elements.0.subtitle",
        ),
    ];
    for (interactive, field) in table {
        let error = made(&interactive, BASE).expect_err("refused");
        assert_eq!(error.field, field, "{interactive}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_and_address_is_refused_or_filled_in_whole(text in ".{1,300}", path in "[a-z{}/?#=]{0,40}") {
        let url = format!("https://a.example/{path}");
        let link = json!({"type": "cta_url", "body": {"text": text}, "action": {"name": "cta_url",
            "parameters": {"display_text": "Go", "url": url}}});
        if let Ok(made) = made(&link, BASE) {
            let fill = |text: &str| crate::domain::template::placeholders::fill(text, |name| {
                made.values.get(name).and_then(Value::as_str).map(str::to_owned)
            });
            let word = |pointer: &str| made.content.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            proptest::prop_assert_eq!(fill(&word("/body")), text);
            proptest::prop_assert_eq!(fill(&word("/actions/0/url")), url);
        }
    }
}
