//! Every rule has a template that breaks it and no other; what the provider accepts breaks none.

use serde_json::{Value, json};

use super::super::ParameterFormat;
use super::*;

fn definition(category: Category, format: ParameterFormat, components: &Value) -> Definition {
    Definition {
        category,
        format,
        ttl_s: None,
        components: components.as_array().cloned().unwrap_or_default(),
    }
}

fn broken(definition: &Definition) -> Vec<&'static str> {
    problems("order_ready", "en_US", definition)
        .into_iter()
        .map(|problem| problem.rule)
        .collect()
}

/// Rules broken by a utility template of these components.
fn of(components: &Value) -> Vec<&'static str> {
    broken(&definition(
        Category::Utility,
        ParameterFormat::Positional,
        components,
    ))
}

/// Rules broken by a body beside nothing else.
fn of_body(text: &str, samples: &[&str]) -> Vec<&'static str> {
    of(&json!([{"type": "BODY", "text": text, "example": {"body_text": [samples]}}]))
}

/// Rules broken by buttons below a plain body.
fn of_buttons(buttons: &Value) -> Vec<&'static str> {
    of(&json!([{"type": "BODY", "text": "It is ready."}, {"type": "BUTTONS", "buttons": buttons}]))
}

fn reply(label: &str) -> Value {
    json!({"type": "QUICK_REPLY", "text": label})
}

fn link(url: &str) -> Value {
    json!({"type": "URL", "text": "Open", "url": url, "example": ["https://a.example/x"]})
}

#[test]
fn bodies() {
    let (longest, longer) = ("x".repeat(1_024), "x".repeat(1_025));
    let table: [(&str, &[&str], &[&str]); 14] = [
        ("Hi {{1}}, order {{2}} is ready.", &["Amina", "7"], &[]),
        (&longest, &[], &[]),
        (&longer, &[], &["too_long"]),
        ("  ", &[], &["body_missing"]),
        ("{{1}} is ready", &["7"], &["variable_edge"]),
        ("It is {{1}}", &["7"], &["variable_edge"]),
        ("Use {{1}} {{2}} now please", &["a", "b"], &["variable_adjacent"]),
        (
            "Use {{1}}, {{3}} now please",
            &["a", "b", "c"],
            &["variable_order"],
        ),
        (
            "Hi {{name}}, it is ready",
            &["Amina"],
            &["variable_format", "sample_missing"],
        ),
        ("a {{1}} b {{2}}, {{3}}.", &["a", "b", "c"], &["variable_ratio"]),
        ("Hi {{1}}, it is ready", &[], &["sample_missing"]),
        ("Hi {{1}}, it is ready", &[" "], &["sample_missing"]),
        ("Hi {{1}}, it is ready", &["{{1}}"], &["sample_variable"]),
        ("One\n\n\n\ntwo", &[], &["lines_empty"]),
    ];
    for (text, samples, expected) in table {
        assert_eq!(of_body(text, samples), expected, "{text:.40}");
    }
}

#[test]
fn named_variables() {
    let named = |text: &str, samples: &Value| {
        let body = json!([{"type": "body", "text": text, "example": {"body_text_named_params": samples}}]);
        broken(&definition(Category::Utility, ParameterFormat::Named, &body))
    };
    let sample = json!([{"param_name": "first_name", "example": "Amina"}]);
    assert!(named("Hi {{first_name}}, it is ready.", &sample).is_empty());
    assert_eq!(
        named("Hi {{1}}, it is ready.", &sample),
        ["variable_format", "sample_missing"]
    );
    assert_eq!(
        named("Hi {{First}}, it is ready.", &sample),
        ["variable_name", "sample_missing"]
    );
    assert_eq!(
        named("Hi {{last_name}}, it is ready.", &sample),
        ["sample_missing"]
    );
}

#[test]
fn headers_and_footers() {
    let with = |part: Value| of(&json!([part, {"type": "BODY", "text": "It is ready."}]));
    let table = [
        (
            json!({"type": "HEADER", "format": "TEXT", "text": "Order"}),
            vec![],
        ),
        (
            json!({"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["7"]}}),
            vec![],
        ),
        (
            json!({"type": "HEADER", "format": "TEXT", "text": "Order {{1}}"}),
            vec!["sample_missing"],
        ),
        (
            json!({"type": "HEADER", "format": "TEXT", "text": "{{1}} of {{2}}", "example": {"header_text": ["7", "8"]}}),
            vec!["variable_many"],
        ),
        (
            json!({"type": "HEADER", "format": "TEXT", "text": "*Order*"}),
            vec!["header_plain"],
        ),
        (
            json!({"type": "HEADER", "format": "TEXT", "text": "Order 🎂"}),
            vec!["header_plain"],
        ),
        (json!({"type": "HEADER", "format": "TEXT"}), vec!["header_text"]),
        (
            json!({"type": "HEADER", "format": "TEXT", "text": "x".repeat(61)}),
            vec!["too_long"],
        ),
        (
            json!({"type": "HEADER", "format": "HOLOGRAM"}),
            vec!["header_format"],
        ),
        (json!({"type": "HEADER", "format": "IMAGE"}), vec!["sample_media"]),
        (json!({"type": "HEADER", "format": "LOCATION"}), vec![]),
        (json!({"type": "FOOTER", "text": "Reply STOP to opt out"}), vec![]),
        (
            json!({"type": "FOOTER", "text": "From {{1}}"}),
            vec!["variable_here"],
        ),
        (
            json!({"type": "FOOTER", "text": "x".repeat(61)}),
            vec!["too_long"],
        ),
        (json!({"type": "SIDEBAR"}), vec!["component_unknown"]),
        (json!({"type": "body", "text": "Again."}), vec!["component_twice"]),
    ];
    for (part, expected) in table {
        assert_eq!(with(part.clone()), expected, "{part}");
    }
}

#[test]
fn sets_of_buttons() {
    let labels: Vec<Value> = (0..11).map(|n| reply(&format!("Reply {n}"))).collect();
    let phone = json!({"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+254700555010"});
    let other = json!({"type": "PHONE_NUMBER", "text": "Ring", "phone_number": "0700"});
    let code = json!({"type": "COPY_CODE", "example": "SAVE10"});
    let long = json!({"type": "COPY_CODE", "example": "x".repeat(21)});
    let table = [
        (
            json!([reply("Yes"), reply("No"), link("https://a.example/x"), phone]),
            vec![],
        ),
        (json!([]), vec!["buttons_empty"]),
        (json!(labels), vec!["buttons_many"]),
        (
            json!([reply("Yes"), link("https://a.example"), reply("No")]),
            vec!["buttons_order"],
        ),
        (json!([reply("Yes"), reply("Yes")]), vec!["button_label_twice"]),
        (json!([reply("")]), vec!["button_label"]),
        (json!([reply(&"x".repeat(26))]), vec!["too_long"]),
        (json!([reply("Hi {{1}}")]), vec!["variable_here"]),
        (
            json!([{"type": "TELEPORT", "text": "Go"}]),
            vec!["button_unknown"],
        ),
        (json!([phone, other]), vec!["buttons_many", "phone_invalid"]),
        (json!([code]), vec![]),
        (json!([{"type": "COPY_CODE"}]), vec!["code_missing"]),
        (json!([long]), vec!["too_long"]),
        (json!([{"type": "FLOW", "text": "Rate", "flow_id": "67"}]), vec![]),
        (json!([{"type": "FLOW", "text": "Rate"}]), vec!["flow_missing"]),
        (
            json!([{"type": "CATALOG", "text": "View"}, reply("No")]),
            vec!["button_alone", "marketing_only"],
        ),
        (
            json!([{"type": "OTP", "text": "Copy", "otp_type": "COPY_CODE"}]),
            vec!["otp_only_authentication"],
        ),
    ];
    for (buttons, expected) in table {
        assert_eq!(of_buttons(&buttons), expected, "{buttons}");
    }
}

#[test]
fn links() {
    let table: [(&str, &[&str]); 7] = [
        ("https://a.example/{{1}}", &[]),
        ("https://a.example/{{1}}/x", &["url_variable"]),
        ("https://a.example/{{2}}", &["url_variable"]),
        ("ftp://a.example", &["url_invalid"]),
        ("https://localhost", &["url_invalid"]),
        ("a.example", &["url_invalid"]),
        ("https://a.example/a b", &["url_invalid"]),
    ];
    for (url, expected) in table {
        assert_eq!(of_buttons(&json!([link(url)])), expected, "{url}");
    }
    let bare = json!([{"type": "URL", "text": "Open", "url": "https://a.example/{{1}}"}]);
    assert_eq!(of_buttons(&bare), ["sample_missing"]);
}

#[test]
fn authentication() {
    let auth = |components: &Value| {
        broken(&definition(
            Category::Authentication,
            ParameterFormat::Positional,
            components,
        ))
    };
    let button = |kind: &str| json!({"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": kind, "text": "Copy code"}]});
    let body = json!({"type": "BODY", "add_security_recommendation": true});
    let footer = |minutes: Value| json!({"type": "FOOTER", "code_expiration_minutes": minutes});
    assert!(auth(&json!([body, footer(json!(10)), button("COPY_CODE")])).is_empty());
    assert_eq!(
        auth(&json!([body, footer(json!(91)), button("COPY_CODE")])),
        ["auth_expiry"]
    );
    assert_eq!(
        auth(&json!([body, footer(json!("10")), button("copy_code")])),
        ["auth_expiry"]
    );
    assert_eq!(auth(&json!([body])), ["auth_button"]);
    assert_eq!(auth(&json!([body, button("TAP_DANCE")])), ["auth_otp_type"]);
    assert_eq!(auth(&json!([body, button("ONE_TAP")])), ["auth_app"]);
    let own = json!({"type": "BODY", "text": "Your code is {{1}} today", "example": {"body_text": [["1"]]}});
    assert_eq!(auth(&json!([own, button("COPY_CODE")])), ["auth_body"]);
    let header = json!({"type": "HEADER", "format": "TEXT", "text": "Code"});
    assert_eq!(auth(&json!([header, body, button("COPY_CODE")])), ["auth_parts"]);
}

#[test]
fn carousels_and_offers() {
    let card = |format: &str, buttons: Value| {
        json!({"components": [{"type": "HEADER", "format": format, "example": {"header_handle": ["4::x"]}},
            {"type": "BUTTONS", "buttons": buttons}]})
    };
    let marketing = |components: &Value| {
        broken(&definition(
            Category::Marketing,
            ParameterFormat::Positional,
            components,
        ))
    };
    let body = json!({"type": "BODY", "text": "Have a look."});
    let carousel = |cards: Value| json!([body, {"type": "CAROUSEL", "cards": cards}]);
    let (one, video) = (
        card("IMAGE", json!([reply("More")])),
        card("VIDEO", json!([reply("More")])),
    );
    assert!(marketing(&carousel(json!([one, one]))).is_empty());
    assert_eq!(marketing(&carousel(json!([one]))), ["cards_count"]);
    assert_eq!(marketing(&carousel(json!([one, video]))), ["cards_alike"]);
    let bare = json!({"components": [{"type": "BUTTONS", "buttons": [reply("More")]}]});
    assert_eq!(
        marketing(&carousel(json!([bare, bare]))),
        ["card_header", "card_header"]
    );
    let offer = |text: &str| json!({"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": text, "has_expiration": true}});
    let buttons = json!({"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "example": "FLASH"}, link("https://a.example")]});
    assert!(marketing(&json!([offer("Ends tonight!"), body, buttons])).is_empty());
    assert_eq!(
        marketing(&json!([offer(&"x".repeat(17)), body, buttons])),
        ["too_long"]
    );
    assert_eq!(marketing(&json!([offer(""), body, buttons])), ["offer_text"]);
    assert_eq!(marketing(&json!([offer("Now"), body])), ["offer_button"]);
    let footer = json!({"type": "FOOTER", "text": "Bye"});
    assert_eq!(
        marketing(&json!([offer("Now"), body, footer, buttons])),
        ["offer_footer"]
    );
    assert_eq!(of(&json!([offer("Now"), body, buttons])), ["marketing_only"]);
}

#[test]
fn products() {
    let marketing = |header: Option<&str>, button: &str| {
        let header = header.map(|format| {
            json!({"type": "HEADER", "format": format, "text": "New", "example": {"header_handle": ["4::x"]}})
        });
        let rest = [
            json!({"type": "BODY", "text": "Have a look."}),
            json!({"type": "BUTTONS", "buttons": [{"type": button, "text": "View"}]}),
        ];
        let parts: Vec<Value> = header.into_iter().chain(rest).collect();
        broken(&definition(
            Category::Marketing,
            ParameterFormat::Positional,
            &json!(parts),
        ))
    };
    let table: [(Option<&str>, &str, &[&str]); 11] = [
        (None, "CATALOG", &[]),
        (None, "MPM", &[]),
        (Some("TEXT"), "MPM", &[]),
        (Some("PRODUCT"), "SPM", &[]),
        (Some("product"), "spm", &[]),
        (None, "SPM", &["product_header"]),
        (Some("TEXT"), "SPM", &["product_header"]),
        (Some("PRODUCT"), "QUICK_REPLY", &["product_button"]),
        (Some("PRODUCT"), "MPM", &["product_button"]),
        (Some("IMAGE"), "MPM", &["product_text_header"]),
        (Some("IMAGE"), "CATALOG", &["product_text_header"]),
    ];
    for (header, button, expected) in table {
        assert_eq!(marketing(header, button), expected, "{header:?} {button}");
    }
    let long = json!([{"type": "HEADER", "format": "PRODUCT"}, {"type": "BODY", "text": "x".repeat(161)},
        {"type": "BUTTONS", "buttons": [{"type": "SPM", "text": "View"}]}]);
    assert_eq!(of(&long), ["too_long", "marketing_only"]);
}

#[test]
fn names_languages_and_times() {
    let plain = definition(
        Category::Utility,
        ParameterFormat::Positional,
        &json!([{"type": "BODY", "text": "Hi there."}]),
    );
    let rules = |name: &str, language: &str, definition: &Definition| -> Vec<&'static str> {
        problems(name, language, definition)
            .into_iter()
            .map(|problem| problem.rule)
            .collect()
    };
    assert_eq!(rules("", "en", &plain), ["name_missing"]);
    assert_eq!(rules("Order Ready", "en", &plain), ["name_letters"]);
    assert_eq!(rules(&"x".repeat(513), "en", &plain), ["too_long"]);
    assert_eq!(rules("a", "tlh", &plain), ["language_unknown"]);
    let with = |ttl_s, category| Definition {
        ttl_s: Some(ttl_s),
        category,
        ..plain.clone()
    };
    assert!(rules("a", "en", &with(-1, Category::Utility)).is_empty());
    assert_eq!(rules("a", "en", &with(29, Category::Utility)), ["ttl_range"]);
    assert_eq!(rules("a", "en", &with(30, Category::Marketing)), ["ttl_range"]);
    assert_eq!(
        rules("a", "en", &with(60, Category::Service)),
        ["category_service"]
    );
}

#[test]
fn every_rule_is_worded_and_every_path_leads_somewhere() {
    for (name, message, remedy) in rules::RULES {
        assert!(message.ends_with('.') && remedy.ends_with('.'), "{name}");
        assert_eq!(
            rules::RULES.iter().filter(|(other, _, _)| other == name).count(),
            1,
            "{name}"
        );
    }
    let long = of_buttons(&json!([reply(&"x".repeat(26))]));
    assert_eq!(long, ["too_long"]);
    let plain = definition(
        Category::Utility,
        ParameterFormat::Positional,
        &json!([{"type": "BODY", "text": "Hi."}, {"type": "BUTTONS", "buttons": [reply(&"x".repeat(26))]}]),
    );
    let found = problems("a", "en", &plain);
    assert_eq!(found[0].field, "components.1.buttons.0.text");
    assert_eq!(
        (found[0].limit, found[0].message.contains("25")),
        (Some(25), true)
    );
}

proptest::proptest! {
    #[test]
    fn anything_is_checked_without_a_panic(text in ".{0,80}", kind in "(HEADER|BODY|FOOTER|BUTTONS|CAROUSEL|LIMITED_TIME_OFFER)") {
        let odd = json!([{"type": kind, "format": text, "text": text, "buttons": [text, {"type": text, "url": text}],
            "cards": [{"components": [{"type": kind, "text": text}]}], "example": text}]);
        for category in Category::ALL {
            let found = broken(&definition(*category, ParameterFormat::Named, &odd));
            proptest::prop_assert!(found.len() <= MAX_PROBLEMS);
        }
    }
}
