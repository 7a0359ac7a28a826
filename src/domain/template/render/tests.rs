//! What a template says, filled in.

use super::*;
use crate::domain::template::ParameterFormat;
use proptest::prelude::*;
use serde_json::json;

fn definition(components: &Value) -> Definition {
    Definition {
        category: Category::Utility,
        format: ParameterFormat::Positional,
        ttl_s: None,
        components: components.as_array().cloned().unwrap_or_default(),
    }
}

fn order() -> Definition {
    definition(&json!([
        {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["1042"]}},
        {"type": "body", "text": "Hi {{1}}, order {{2}} has left.", "example": {"body_text": [["Amina", "1042"]]}},
        {"type": "FOOTER", "text": "Kibanda"},
        {"type": "BUTTONS", "buttons": [
            {"type": "URL", "text": "Track", "url": "https://a.example/t/{{1}}", "example": ["https://a.example/t/1042"]},
            {"type": "QUICK_REPLY", "text": "Cancel"}]},
    ]))
}

#[test]
fn samples_stand_where_nothing_is_given() {
    let shown = preview(&order(), &Given::default(), true);
    assert_eq!(as_text(&shown), "Order 1042\nHi Amina, order 1042 has left.");
    assert_eq!(
        (shown.footer.as_str(), shown.buttons[0].target.as_str()),
        ("Kibanda", "https://a.example/t/1042")
    );
    let bare = preview(&order(), &Given::default(), false);
    assert_eq!(bare.body, "Hi {{1}}, order {{2}} has left.");
    assert_eq!(
        missing(&order(), &Given::default()),
        ["1", "2", "header", "button 1"]
    );
}

#[test]
fn both_forms_of_a_message_say_the_same() {
    let short = json!({"variables": ["Ana", 7], "header": "7", "buttons": [{"text": "7"}]});
    let long = json!({"components": [
        {"type": "header", "parameters": [{"type": "text", "text": "7"}]},
        {"type": "BODY", "parameters": [{"type": "text", "text": "Ana"},
            {"type": "currency", "currency": {"fallback_value": "7"}}]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "7"}]}]});
    let shown = preview(&order(), &given(&short), false);
    assert_eq!(shown.body, "Hi Ana, order 7 has left.");
    assert_eq!(shown.buttons[0].target, "https://a.example/t/7");
    assert_eq!(shown, preview(&order(), &given(&long), false));
    assert!(missing(&order(), &given(&long)).is_empty());
}

#[test]
fn a_code_has_the_providers_words() {
    let mut code = definition(&json!([{"type": "BODY", "add_security_recommendation": true},
        {"type": "FOOTER", "code_expiration_minutes": 10}]));
    code.category = Category::Authentication;
    let shown = preview(&code, &given(&json!({"variables": ["123"]})), false);
    assert!(
        shown.body.starts_with("123 is your") && shown.footer.contains("10"),
        "{shown:?}"
    );
    assert_eq!(missing(&code, &Given::default()), ["1"]);
}

#[test]
fn products_stand_above_the_text_and_behind_buttons() {
    let cart = definition(&json!([
        {"type": "BODY", "text": "Still interested?"},
        {"type": "BUTTONS", "buttons": [{"type": "MPM", "text": "View items"}]}]));
    assert_eq!(missing(&cart, &Given::default()), ["button 1"]);
    let action = json!({"thumbnail_product_retailer_id": "L", "sections": [
        {"title": "Cart", "product_items": [{"product_retailer_id": "L"}, {"product_retailer_id": " "}]},
        {"title": "Empty", "product_items": []}]});
    let short = json!({"buttons": [{"sub_type": "mpm", "action": action}]});
    let long = json!({"components": [{"type": "button", "sub_type": "MPM", "index": 0,
        "parameters": [{"type": "action", "action": action}]}]});
    let shown = preview(&cart, &given(&short), false);
    assert_eq!(
        serde_json::to_value(&shown.buttons).expect("json"),
        json!([{"kind": "mpm", "text": "View items", "target": "",
            "products": {"thumbnail": "L", "sections": [{"title": "Cart", "products": ["L"]}]}}])
    );
    assert_eq!(shown, preview(&cart, &given(&long), false));
    assert!(missing(&cart, &given(&short)).is_empty() && missing(&cart, &given(&long)).is_empty());
    let bare = json!({"buttons": [{"sub_type": "mpm", "action": {"thumbnail_product_retailer_id": "L"}}]});
    assert_eq!(missing(&cart, &given(&bare)), ["button 1"]);

    let one = definition(
        &json!([{"type": "HEADER", "format": "PRODUCT"}, {"type": "BODY", "text": "This one."},
        {"type": "BUTTONS", "buttons": [{"type": "SPM", "text": "View"}]}]),
    );
    let product = |id: &str| json!({"header": {"type": "product", "product": {"catalog_id": "5", "product_retailer_id": id}}});
    assert_eq!(missing(&one, &given(&product(""))), ["header"]);
    assert!(missing(&one, &given(&product("L"))).is_empty());
    let header = preview(&one, &given(&product("L")), false)
        .header
        .expect("a header");
    assert_eq!(
        (header.format.as_str(), header.product.as_deref()),
        ("product", Some("L"))
    );

    let whole = definition(&json!([{"type": "BODY", "text": "See all."},
        {"type": "BUTTONS", "buttons": [{"type": "CATALOG", "text": "View catalog"}]}]));
    assert!(missing(&whole, &Given::default()).is_empty());
}

#[test]
fn shelves_hold_no_more_than_a_message_may() {
    let items: Vec<Value> = (0..20)
        .map(|n| json!({"product_retailer_id": n.to_string()}))
        .collect();
    let sections = vec![json!({"product_items": items}); 12];
    let shelf = given(&json!({"buttons": [{"sub_type": "mpm", "action": {"sections": sections}}]}));
    let counts: Vec<usize> = shelf.shelves[&0]
        .sections
        .iter()
        .map(|section| section.products.len())
        .collect();
    assert_eq!(counts, [20, 10]);
}

proptest! {
    #[test]
    fn any_components_render(text in ".{0,60}", kind in "(HEADER|BODY|FOOTER|BUTTONS|CAROUSEL|x)") {
        let odd = definition(&json!([{"type": kind, "text": text, "buttons": [text], "cards": [1, {"components": text}]}]));
        let shown = preview(&odd, &given(&json!({"variables": [text]})), true);
        prop_assert!(as_text(&shown).chars().count() <= MAX_RENDERED);
    }
}
