//! Templates to contents and back, and the numbers of a message's values.

use super::*;

fn made(components: Value) -> Definition {
    Definition {
        category: Category::Marketing,
        format: ParameterFormat::Positional,
        ttl_s: None,
        components: components.as_array().cloned().expect("a list"),
    }
}

#[test]
fn each_template_takes_the_simplest_type_and_comes_back() {
    let body = json!({"type": "BODY", "text": "Hi {{1}}, order {{2}} is here.", "example": {"body_text": [["Ana", "7"]]}});
    let quick = json!({"type": "QUICK_REPLY", "text": "Ok"});
    let link = json!({"type": "URL", "text": "See", "url": "https://a.example/{{1}}", "example": ["x"]});
    let call = json!({"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+254700"});
    let head =
        json!({"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["7"]}});
    let foot = json!({"type": "FOOTER", "text": "Kibanda"});
    let file = json!({"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["https://d.example/media/t"]}});
    let buttons = |list: Value| json!({"type": "BUTTONS", "buttons": list});
    let table = [
        (json!([body]), "twilio/text"),
        (json!([body, buttons(json!([quick]))]), "twilio/quick-reply"),
        (
            json!([body, buttons(json!([link, call]))]),
            "twilio/call-to-action",
        ),
        (json!([body, buttons(json!([quick, link]))]), "whatsapp/card"),
        (json!([head, body, foot, buttons(json!([link]))]), "whatsapp/card"),
        (json!([file, body]), "twilio/media"),
        (json!([file, body, buttons(json!([link]))]), "whatsapp/card"),
    ];
    for (components, kind) in table {
        let definition = made(components);
        let (types, variables) = types(&definition, "https://d.example").expect("a content");
        assert!(types.contains_key(kind), "{kind}: {types:?}");
        let content = json!({"types": types, "variables": variables});
        assert_eq!(super::definition(&content, Category::Marketing), Some(definition));
    }
    let (types, variables) =
        types(&made(json!([head, body, buttons(json!([link]))])), "").expect("a content");
    assert_eq!(types["whatsapp/card"]["header_text"], "Order {{3}}");
    assert_eq!(
        types["whatsapp/card"]["actions"][0]["url"],
        "https://a.example/{{4}}"
    );
    assert_eq!(
        Value::Object(variables),
        json!({"1": "Ana", "2": "7", "3": "7", "4": "x"})
    );
}

#[test]
fn what_twilio_has_not_is_said_and_strangers_numbering_is_left_alone() {
    for part in [
        json!({"type": "CAROUSEL"}),
        json!({"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Half"}}),
        json!({"type": "HEADER", "format": "LOCATION"}),
        json!({"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "x"}]}),
    ] {
        assert!(types(&made(json!([{"type": "BODY", "text": "x"}, part])), "").is_err());
    }
    let strange = json!({"types": {"whatsapp/card": {"header_text": "Order {{1}}", "body": "Hi {{2}}!"}}});
    assert_eq!(definition(&strange, Category::Utility), None);
    assert_eq!(
        definition(&json!({"types": {"twilio/carousel": {}}}), Category::Utility),
        None
    );
    let code = json!({"types": {"whatsapp/authentication": {"add_security_recommendation": true,
        "code_expiration_minutes": 5, "actions": [{"type": "COPY_CODE", "copy_code_text": "Copy"}]}}});
    assert!(definition(&code, Category::Authentication).is_some());
}

#[test]
fn both_forms_of_a_message_are_numbered_alike() {
    let short = json!({"variables": ["Ana", "7"], "header": {"type": "text", "text": "h"},
        "buttons": [{"index": 1, "text": "late"}, {"index": 0, "text": "early"}]});
    let long = json!({"components": [{"type": "header", "parameters": [{"type": "text", "text": "h"}]},
        {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "7"}]},
        {"type": "button", "sub_type": "url", "index": 0, "parameters": [{"type": "text", "text": "early"}]},
        {"type": "button", "sub_type": "url", "index": 1, "parameters": [{"type": "text", "text": "late"}]}]});
    let expected = json!({"1": "Ana", "2": "7", "3": "h", "4": "early", "5": "late"});
    assert_eq!(Value::Object(variables(&short)), expected);
    assert_eq!(Value::Object(variables(&long)), expected);
    let own = json!({"variables": {"1": "a", "7": "b"}});
    assert_eq!(Value::Object(variables(&own)), own["variables"]);
}

fn card(text: &str, format: &str, ending: &str) -> Value {
    json!({"components": [
        {"type": "HEADER", "format": format, "example": {"header_handle": [format!("https://d.example/media/t.{ending}")]}},
        {"type": "BODY", "text": text},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "More"},
            {"type": "URL", "text": "Shop", "url": "https://a.example/{{1}}", "example": ["x"]}]},
    ]})
}

fn carousel(cards: Value) -> Definition {
    made(
        json!([{"type": "BODY", "text": "Hi {{1}}, have a look:", "example": {"body_text": [["Ana"]]}},
        {"type": "CAROUSEL", "cards": cards}]),
    )
}

#[test]
fn a_carousel_is_made_comes_back_and_is_numbered_card_by_card() {
    let whole = carousel(json!([
        card("Basket", "IMAGE", "jpg"),
        card("Mat", "IMAGE", "png")
    ]));
    let (types, variables) = types(&whole, "https://d.example").expect("a content");
    let made = &types["twilio/carousel"];
    assert_eq!(made["body"], "Hi {{1}}, have a look:");
    assert_eq!(made["cards"][1]["media"], "https://d.example/{{4}}");
    assert_eq!(made["cards"][1]["actions"][1]["url"], "https://a.example/{{5}}");
    assert_eq!(made["cards"][0]["actions"][0]["id"], "More 1");
    assert_eq!(made["cards"][1]["actions"][0]["id"], "More 2");
    assert_eq!(variables["4"], "media/t.png");
    let content = json!({"types": types, "variables": variables});
    assert_eq!(
        super::definition(&content, Category::Marketing),
        Some(whole.clone())
    );

    let part = |path: &str, end: &str| {
        json!([{"type": "header", "parameters": [{"type": "image", "image": {"link": format!("https://d.example/{path}")}}]},
            {"type": "button", "sub_type": "url", "index": 1, "parameters": [{"type": "text", "text": end}]}])
    };
    let message = json!({"components": [{"type": "body", "parameters": [{"type": "text", "text": "Ben"}]},
        {"type": "carousel", "cards": [{"card_index": 0, "components": part("media/a.jpg", "one")},
            {"card_index": 1, "components": part("media/b.jpg", "two")}]}]});
    let values = numbered(&whole, "https://d.example", &message)
        .expect("values")
        .expect("by name");
    let expected = json!({"1": "Ben", "2": "media/a.jpg", "3": "one", "4": "media/b.jpg", "5": "two"});
    assert_eq!(Value::Object(values), expected);
    // A value that is missing is left out: Twilio shows the sample, which policy has refused before.
    let short = json!({"variables": ["Ben"], "components": Value::Null});
    let values = numbered(&whole, "https://d.example", &short)
        .expect("values")
        .expect("by name");
    assert_eq!(Value::Object(values), json!({"1": "Ben"}));
}

#[test]
fn carousels_that_twilio_cannot_have_are_refused_with_the_card() {
    let good = card("Basket", "IMAGE", "jpg");
    let table = [
        (json!([good]), "2 to 10 cards"),
        (
            json!([good, card("For {{1}}", "IMAGE", "jpg")]),
            "card 2 has a variable",
        ),
        (json!([good, card("", "IMAGE", "jpg")]), "Card 2 needs a text"),
        (
            json!([good, card("x", "DOCUMENT", "pdf")]),
            "Card 2 needs a picture",
        ),
        (
            json!([good, {"components": [good["components"][0], good["components"][1]]}]),
            "one or two buttons",
        ),
    ];
    for (cards, why) in table {
        let refused = types(&carousel(cards.clone()), "https://d.example").expect_err("refused");
        assert!(refused.contains(why), "{refused}: {cards}");
    }
}

#[test]
fn films_and_documents_come_back_as_what_they_are() {
    for (format, ending) in [("VIDEO", "mp4"), ("DOCUMENT", "pdf"), ("IMAGE", "png")] {
        let file = json!({"type": "HEADER", "format": format,
            "example": {"header_handle": [format!("https://d.example/media/t.{ending}")]}});
        let whole = made(json!([file, {"type": "BODY", "text": "See"}, {"type": "FOOTER", "text": "End"}]));
        let (types, variables) = types(&whole, "https://d.example").expect("a content");
        let content = json!({"types": types, "variables": variables});
        assert_eq!(super::definition(&content, Category::Marketing), Some(whole));
    }
}

#[test]
fn names_become_numbers_in_the_order_in_which_they_appear() {
    let mut named = made(json!([
        {"type": "HEADER", "format": "TEXT", "text": "Order {{order}}",
            "example": {"header_text_named_params": [{"param_name": "order", "example": "7"}]}},
        {"type": "BODY", "text": "Hi {{first_name}}, {{place}} is open, {{first_name}}.",
            "example": {"body_text_named_params": [{"param_name": "place", "example": "Kibanda"},
                {"param_name": "first_name", "example": "Ana"}]}},
    ]));
    named.format = ParameterFormat::Named;
    let (types, variables) = types(&named, "").expect("a content");
    assert_eq!(types["whatsapp/card"]["body"], "Hi {{1}}, {{2}} is open, {{1}}.");
    assert_eq!(types["whatsapp/card"]["header_text"], "Order {{3}}");
    assert_eq!(
        Value::Object(variables.clone()),
        json!({"1": "Ana", "2": "Kibanda", "3": "7"})
    );
    // What the list says of it is known for the same.
    let content = json!({"types": types, "variables": variables});
    let listed = super::definition(&content, Category::Marketing).expect("a template");
    assert_eq!(
        as_listed(&named, "").map(|it| it.components[1]["text"].clone()),
        Some(listed.components[1]["text"].clone())
    );
    let message = json!({"variables": {"first_name": "Ben", "place": "Duka"}, "header": "1042"});
    let values = numbered(&named, "", &message).expect("values").expect("by name");
    assert_eq!(
        Value::Object(values),
        json!({"1": "Ben", "2": "Duka", "3": "1042"})
    );
}

#[test]
fn a_file_from_elsewhere_is_refused_and_numbers_of_the_callers_stay() {
    let file = json!({"type": "HEADER", "format": "IMAGE", "example": {"media_id": "med_1"}});
    let whole =
        made(json!([file, {"type": "BODY", "text": "Hi {{1}}", "example": {"body_text": [["Ana"]]}}]));
    let with =
        |link: &str| json!({"variables": ["Ben"], "header": {"type": "image", "image": {"link": link}}});
    let refused = numbered(
        &whole,
        "https://d.example",
        &with("https://elsewhere.example/a.png"),
    );
    assert!(refused.expect_err("refused").contains("uploaded here"));
    let values = numbered(
        &whole,
        "https://d.example",
        &with("https://d.example/media/x.png"),
    );
    let values = values.expect("values").expect("by name");
    assert_eq!(Value::Object(values), json!({"1": "Ben", "2": "media/x.png"}));
    let own = json!({"variables": {"1": "Ben", "2": "media/y.png"}});
    assert_eq!(numbered(&whole, "https://d.example", &own), Ok(None));
}
