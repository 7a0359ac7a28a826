//! What goes out: our content into the provider's bodies, and what is refused on the way.

use frontdesk::channels::whatsapp::WhatsappCloud;
use frontdesk::channels::{FieldError, Provider};
use frontdesk::domain::Content;
use frontdesk::domain::identity::{Identity, IdentityKind};
use frontdesk::domain::outbound::{ErrorClass, SendOutcome, SendRequest};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Reply, access, content, fixtures, http, json, message_id, request, serve};

fn validate(kind: &str, body: Value) -> Result<(), FieldError> {
    WhatsappCloud.validate_content(&content(kind, body))
}

/// The body that a send puts on the wire.
async fn rendered(request: &SendRequest) -> Value {
    let (base, server) = serve(vec![Reply::answer(200, "", r#"{"messages":[{"id":"wamid.X"}]}"#)]).await;
    let outcome = WhatsappCloud.send(&http(), &access(&base), request).await;
    assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    server.await.expect("served").remove(0).body
}

/// Sends the content that a provider's body stands for, to the same recipient, and gives what went out.
pub async fn rendered_like(body: &Value) -> Value {
    let kind = body["type"].as_str().expect("a type");
    let mut ours = body[kind].clone();
    to_ours(&mut ours, kind);
    let mut request = request(content(kind, ours));
    if let Some(user_id) = body["recipient"].as_str() {
        request.to = vec![Identity::new(IdentityKind::WhatsappUserId, user_id)];
    }
    request.reply_to = body["context"]["message_id"].as_str().map(str::to_owned);
    request.identity_hash = body["recipient_identity_key_hash"].as_str().map(str::to_owned);
    rendered(&request).await
}

/// Names media ids as our API does.
fn to_ours(value: &mut Value, key: &str) {
    match value {
        Value::Object(fields) => {
            let is_media = ["image", "video", "audio", "document", "sticker"].contains(&key);
            if let Some(id) = is_media.then(|| fields.remove("id")).flatten() {
                fields.insert("media_id".into(), id);
            }
            fields.iter_mut().for_each(|(name, inner)| to_ours(inner, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| to_ours(item, "")),
        _ => {}
    }
}

#[tokio::test]
async fn own_bodies_are_rendered() {
    for (name, raw) in fixtures("send-") {
        let mut got = rendered_like(&json(&raw)).await;
        let ours = got
            .as_object_mut()
            .and_then(|fields| fields.remove("biz_opaque_callback_data"));
        assert_eq!(ours, Some(json!(message_id().to_string())), "{name}");
        assert_eq!(got, json(&raw), "{name}");
    }
}

#[tokio::test]
async fn short_templates_become_components() {
    let body = json!({
        "name": "order_ready", "language": "pt-BR", "rendered": "Hi Ana", "header": "Order 12",
        "variables": ["Ana", 12],
        "buttons": [{"payload": "CANCEL"}, {"text": "o/12", "index": 1}, {"coupon_code": "BREAD10", "sub_type": "copy_code"}],
    });
    let got = rendered(&request(content("template", body))).await;
    let wanted = json!({
        "name": "order_ready", "language": {"code": "pt_BR"},
        "components": [
            {"type": "header", "parameters": [{"type": "text", "text": "Order 12"}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "12"}]},
            {"type": "button", "sub_type": "quick_reply", "index": "0",
             "parameters": [{"type": "payload", "payload": "CANCEL"}]},
            {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "o/12"}]},
            {"type": "button", "sub_type": "copy_code", "index": "2",
             "parameters": [{"type": "coupon_code", "coupon_code": "BREAD10"}]},
        ],
    });
    assert_eq!(got["template"], wanted);
}

#[tokio::test]
async fn named_variables_media_headers_and_none_at_all() {
    let sections = json!([{"title": "Cart", "product_items": [{"product_retailer_id": "L"}]}]);
    let table = [
        (
            json!({"name": "a", "language": "en", "variables": {"first_name": "Ana"}}),
            json!({"name": "a", "language": {"code": "en"}, "components": [
                {"type": "body", "parameters": [{"type": "text", "parameter_name": "first_name", "text": "Ana"}]}]}),
        ),
        (
            json!({"name": "a", "language": "en", "header": {"type": "image", "image": {"media_id": "7"}}}),
            json!({"name": "a", "language": {"code": "en"}, "components": [
                {"type": "header", "parameters": [{"type": "image", "image": {"id": "7"}}]}]}),
        ),
        (
            json!({"name": "a", "language": "en", "variables": []}),
            json!({"name": "a", "language": {"code": "en"}}),
        ),
        (
            json!({"name": "a", "language": {"code": "en", "policy": "deterministic"}}),
            json!({"name": "a", "language": {"code": "en", "policy": "deterministic"}}),
        ),
        (
            json!({"name": "a", "language": "en",
                   "buttons": [{"sub_type": "flow", "action": {"flow_token": "t"}}]}),
            json!({"name": "a", "language": {"code": "en"}, "components": [
                {"type": "button", "sub_type": "flow", "index": "0",
                 "parameters": [{"type": "action", "action": {"flow_token": "t"}}]}]}),
        ),
        (
            json!({"name": "a", "language": "en", "buttons": [
                {"sub_type": "mpm", "action": {"thumbnail_product_retailer_id": "L", "sections": sections}}]}),
            json!({"name": "a", "language": {"code": "en"}, "components": [
                {"type": "button", "sub_type": "mpm", "index": "0", "parameters": [{"type": "action",
                 "action": {"thumbnail_product_retailer_id": "L", "sections": sections}}]}]}),
        ),
    ];
    for (ours, wanted) in table {
        let got = rendered(&request(content("template", ours.clone()))).await;
        assert_eq!(got["template"], wanted, "{ours}");
    }
}

#[tokio::test]
async fn a_number_goes_before_a_user_id_and_nobody_is_an_error() {
    let id = |kind, value: &str| Identity::new(kind, value);
    let (user, wa, phone) = (
        IdentityKind::WhatsappUserId,
        IdentityKind::WhatsappId,
        IdentityKind::Phone,
    );
    let table = [
        (
            vec![id(user, "KE.1"), id(wa, "254711000234")],
            "to",
            "254711000234",
        ),
        (vec![id(phone, "+254711000234")], "to", "254711000234"),
        (
            vec![id(phone, "+5511999990000"), id(wa, "551199990000")],
            "to",
            "551199990000",
        ),
        (
            vec![id(IdentityKind::Username, "ana"), id(user, "KE.1")],
            "recipient",
            "KE.1",
        ),
    ];
    for (to, field, value) in table {
        let mut request = request(Content::text("hi"));
        request.to = to;
        let body = rendered(&request).await;
        assert_eq!(body[field], value, "{body}");
        assert_eq!(body.get("to").is_some(), field == "to");
    }
    let mut nobody = request(Content::text("hi"));
    nobody.to = vec![id(IdentityKind::Email, "a@b.example")];
    match WhatsappCloud
        .send(&http(), &access("http://127.0.0.1:1"), &nobody)
        .await
    {
        SendOutcome::Refused(error) => assert_eq!(error.class, ErrorClass::Recipient),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn invalid_content_never_leaves() {
    let access = access("http://127.0.0.1:1");
    match WhatsappCloud
        .send(&http(), &access, &request(Content::note("secret")))
        .await
    {
        SendOutcome::Refused(error) => assert_eq!(error.class, ErrorClass::Permanent),
        other => panic!("{other:?}"),
    }
}

fn button(id: &str, title: &str) -> Value {
    json!({"type": "reply", "reply": {"id": id, "title": title}})
}

fn interactive(kind: &str, action: Value) -> Value {
    json!({"type": kind, "body": {"text": "b"}, "action": action})
}

fn rows(count: usize) -> Value {
    let rows: Vec<Value> = (0..count)
        .map(|i| json!({"id": i.to_string(), "title": "t"}))
        .collect();
    json!({"rows": rows, "title": "s"})
}

fn template(components: Value) -> Value {
    json!({"name": "a", "language": "en", "components": components})
}

fn body_text(text: &str) -> Value {
    json!([{"type": "body", "parameters": [{"type": "text", "text": text}]}])
}

#[rstest]
#[case("text", json!({"body": "x".repeat(4097)}), "text.body")]
#[case("text", json!({"body": "😀".repeat(2049)}), "text.body")]
#[case("text", json!({"body": "  "}), "text.body")]
#[case("text", json!({"body": 5}), "text.body")]
#[case("text", json!({}), "text.body")]
#[case("text", json!("hi"), "text")]
#[case("text", json!({"body": "x", "preview_url": "yes"}), "text.preview_url")]
#[case("text", json!({"body": "x", "bold": true}), "text.bold")]
#[case("image", json!({}), "image.media_id")]
#[case("image", json!({"media_id": "1", "link": "https://x.example/a.png"}), "image.link")]
#[case("image", json!({"link": "file:///etc/passwd"}), "image.link")]
#[case("image", json!({"id": "1"}), "image.id")]
#[case("image", json!({"media_id": "1", "caption": "x".repeat(1025)}), "image.caption")]
#[case("audio", json!({"media_id": "1", "caption": "x"}), "audio.caption")]
#[case("sticker", json!({"media_id": "1", "caption": "x"}), "sticker.caption")]
#[case("video", json!({"media_id": "1", "filename": "x"}), "video.filename")]
#[case("location", json!({"latitude": 91, "longitude": 0}), "location.latitude")]
#[case("location", json!({"latitude": "NaN", "longitude": 0}), "location.latitude")]
#[case("location", json!({"latitude": 1}), "location.longitude")]
#[case("reaction", json!({"message_id": "w"}), "reaction.emoji")]
#[case("reaction", json!({"message_id": "w", "emoji": "ok"}), "reaction.emoji")]
#[case("reaction", json!({"message_id": "w", "emoji": "👍👍"}), "reaction.emoji")]
#[case("reaction", json!({"emoji": "👍"}), "reaction.message_id")]
#[case("contacts", json!([]), "contacts.0")]
#[case("contacts", json!({}), "contacts.0")]
#[case("contacts", json!([{"name": {"formatted_name": "A"}}]), "contacts.0.name.first_name")]
#[case("contacts", json!([{"name": {"formatted_name": "A", "first_name": "A"}, "birthday": "soon"}]), "contacts.0.birthday")]
#[case("contacts", json!([{"name": {"formatted_name": "A", "first_name": "A"}, "phones": [{"type": "WORK"}]}]), "contacts.0.phones.0.phone")]
#[case("note", json!({"body": "x"}), "type")]
#[case("hologram", json!({}), "type")]
fn simple_rules(#[case] kind: &str, #[case] body: Value, #[case] field: &str) {
    assert_eq!(validate(kind, body).expect_err(field).field, field);
}

#[rstest]
#[case(json!({"type": "poll", "body": {"text": "b"}}), "interactive.type")]
#[case(interactive("button", json!({"buttons": [button("1", &"x".repeat(21))]})), "interactive.action.buttons.0.reply.title")]
#[case(interactive("button", json!({"buttons": [button("1", "A"), button("2", "A")]})), "interactive.action.buttons.1.reply.title")]
#[case(interactive("button", json!({"buttons": [button("1", "A"), button("1", "B")]})), "interactive.action.buttons.1.reply.id")]
#[case(interactive("button", json!({"buttons": []})), "interactive.action.buttons")]
#[case(interactive("button", json!({"buttons": [1, 2, 3, 4]})), "interactive.action.buttons")]
#[case(interactive("button", json!({"buttons": [button("1", "A")], "x": 1})), "interactive.action.x")]
#[case(interactive("list", json!({"button": "b", "sections": [rows(11)]})), "interactive.action.sections.0.rows")]
#[case(interactive("list", json!({"button": "b", "sections": [rows(0)]})), "interactive.action.sections.0.rows")]
#[case(interactive("list", json!({"button": "b", "sections": [rows(2), rows(2)]})), "interactive.action.sections.1.rows.0.id")]
#[case(interactive("list", json!({"button": "b", "sections": [{"rows": [{"id": "1", "title": "t"}]}, {"rows": [{"id": "2", "title": "t"}]}]})), "interactive.action.sections.0.title")]
#[case(interactive("cta_url", json!({"name": "cta_url", "parameters": {"display_text": "x", "url": "javascript:x"}})), "interactive.action.parameters.url")]
#[case(interactive("product_list", json!({"catalog_id": "1", "sections": []})), "interactive.header")]
#[case(interactive("flow", json!({"name": "flow", "parameters": {"flow_message_version": "3", "flow_cta": "x"}})), "interactive.action.parameters.flow_id")]
#[case(interactive("location_request_message", json!({"name": "send_place"})), "interactive.action.name")]
#[case(interactive("carousel", json!({"cards": [{}]})), "interactive.action.cards")]
#[case(interactive("voice_call", json!({"name": "voice_call", "parameters": {"ttl_minutes": 0}})), "interactive.action.parameters.ttl_minutes")]
#[case(json!({"type": "button", "action": {}}), "interactive.body")]
#[case(json!({"type": "button", "body": {"text": "x".repeat(1025)}}), "interactive.body.text")]
#[case(json!({"type": "button", "body": {"text": "x"}, "footer": {"text": "x".repeat(61)}}), "interactive.footer.text")]
#[case(json!({"type": "product", "header": {"type": "text", "text": "h"}}), "interactive.header")]
#[case(json!({"type": "list", "body": {"text": "x"}, "header": {"type": "image", "image": {"media_id": "1"}}}), "interactive.header.type")]
#[case(json!({"type": "button", "body": {"text": "x"}, "header": {"type": "image", "image": {"id": "1"}}}), "interactive.header.image.id")]
#[case(json!({"type": "button", "body": {"text": "x"}, "header": {"type": "text", "text": "h", "image": {}}}), "interactive.header.image")]
fn interactive_rules(#[case] body: Value, #[case] field: &str) {
    assert_eq!(validate("interactive", body).expect_err(field).field, field);
}

fn card(index: usize, header: &str) -> Value {
    json!({"card_index": index, "type": "cta_url", "header": {"type": header, (header): {"media_id": "1"}},
        "action": {"name": "cta_url", "parameters": {"display_text": "x", "url": "https://x.example"}}})
}

#[test]
fn cards_are_alike_and_numbered() {
    let check = |cards: Value| validate("interactive", interactive("carousel", json!({"cards": cards})));
    assert_eq!(check(json!([card(0, "image"), card(1, "image")])), Ok(()));
    let mixed = check(json!([card(0, "image"), card(1, "video")])).expect_err("mixed");
    assert_eq!(mixed.field, "interactive.action.cards.1.type");
    let misnumbered = check(json!([card(1, "image"), card(1, "image")])).expect_err("misnumbered");
    assert_eq!(misnumbered.field, "interactive.action.cards.0.card_index");
}

#[rstest]
#[case(json!({"name": "Order Ready", "language": "en"}), "template.name")]
#[case(json!({"name": "a"}), "template.language")]
#[case(json!({"name": "a", "language": "english"}), "template.language")]
#[case(json!({"name": "a", "language": {"code": "en", "x": 1}}), "template.language.x")]
#[case(json!({"name": "a", "language": "en", "variables": ["x"], "components": []}), "template.variables")]
#[case(json!({"name": "a", "language": "en", "variables": [""]}), "template.variables.0")]
#[case(json!({"name": "a", "language": "en", "variables": ["a\nb"]}), "template.variables.0")]
#[case(json!({"name": "a", "language": "en", "variables": [{}]}), "template.variables.0")]
#[case(json!({"name": "a", "language": "en", "variables": {"Name": "x"}}), "template.variables")]
#[case(json!({"name": "a", "language": "en", "variables": "x"}), "template.variables")]
#[case(json!({"name": "a", "language": "en", "buttons": [{}]}), "template.buttons.0.payload")]
#[case(json!({"name": "a", "language": "en", "buttons": [{"payload": "a", "text": "b"}]}), "template.buttons.0.payload")]
#[case(json!({"name": "a", "language": "en", "namespace": "x"}), "template.namespace")]
#[case(json!({"name": "a", "language": "en", "buttons": [{"payload": "a"}, {"payload": "b", "index": 0}]}), "template.buttons.1.index")]
#[case(json!({"name": "a", "language": "en", "buttons": [{"coupon_code": "x".repeat(21)}]}), "template.buttons.0.parameters.0.coupon_code")]
#[case(json!({"name": "a", "language": "en", "buttons": [{"sub_type": "poll", "payload": "x"}]}), "template.buttons.0.sub_type")]
#[case(template(body_text("a     b")), "template.components.0.parameters.0.text")]
#[case(template(json!([{"type": "footer"}])), "template.components.0.type")]
#[case(template(json!([{"type": "body", "index": 0}])), "template.components.0.index")]
#[case(template(json!([{"type": "button", "sub_type": "url", "index": 10, "parameters": []}])), "template.components.0.index")]
#[case(template(json!([{"type": "button", "sub_type": "url", "index": 0, "parameters": [{"type": "payload", "payload": "x"}]}])), "template.components.0.parameters.0.type")]
#[case(template(json!([{"type": "header", "parameters": [{"type": "image", "image": {"id": "1"}}]}])), "template.components.0.parameters.0.image.id")]
#[case(json!({"name": "a", "language": "en", "buttons": [{"sub_type": "mpm", "action": {"thumbnail_product_retailer_id": "L"}}]}), "template.buttons.0.parameters.0.action.sections")]
#[case(json!({"name": "a", "language": "en", "buttons": [{"sub_type": "mpm", "action": {"sections": [{"product_items": [{"product_retailer_id": "L"}]}]}}]}), "template.buttons.0.parameters.0.action.thumbnail_product_retailer_id")]
#[case(json!({"name": "a", "language": "en", "buttons": [{"sub_type": "mpm", "action": {"thumbnail_product_retailer_id": "L", "sections": [{"product_items": []}]}}]}), "template.buttons.0.parameters.0.action.sections.0.product_items")]
#[case(json!({"name": "a", "language": "en", "buttons": [{"sub_type": "mpm", "action": {"thumbnail_product_retailer_id": "L", "sections": [{"product_items": [{"product_retailer_id": "L"}]}, {"title": "B", "product_items": [{"product_retailer_id": "M"}]}]}}]}), "template.buttons.0.parameters.0.action.sections.0.title")]
#[case(json!({"name": "a", "language": "en", "buttons": [{"sub_type": "CATALOG", "action": {"sections": []}}]}), "template.buttons.0.parameters.0.action.sections")]
#[case(json!({"name": "a", "language": "en", "header": {"type": "product", "product": {"product_retailer_id": "L"}}}), "template.header.product.catalog_id")]
fn template_rules(#[case] body: Value, #[case] field: &str) {
    assert_eq!(validate("template", body).expect_err(field).field, field);
}

#[test]
fn limits_are_reached_but_not_passed() {
    assert_eq!(validate("text", json!({"body": "x".repeat(4096)})), Ok(()));
    assert_eq!(validate("text", json!({"body": "😀".repeat(2048)})), Ok(()));
    assert_eq!(
        validate("reaction", json!({"message_id": "w", "emoji": "👩🏾‍🚀"})),
        Ok(())
    );
    let list = interactive("list", json!({"button": "b", "sections": [rows(10)]}));
    assert_eq!(validate("interactive", list), Ok(()));
    let data: String = "x".repeat(70_000);
    let huge = interactive(
        "flow",
        json!({"name": "flow", "parameters": {"flow_message_version": "3", "flow_cta": "x",
        "flow_id": "1", "flow_action_payload": {"screen": "S", "data": {"d": data}}}}),
    );
    assert_eq!(
        validate("interactive", huge).expect_err("too large").field,
        "interactive"
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof!["button", "list", "body", "text", "header", "carousel", "en"].prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let key = prop_oneof![
            "type",
            "body",
            "text",
            "action",
            "header",
            "buttons",
            "sections",
            "cards",
            "name",
            "language",
            "components",
            "parameters",
            "variables",
            "image",
            "media_id",
            "[a-z]{0,4}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(key, inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_content_makes_it_panic(body in any_json(), kind in 0usize..11) {
        let kind = WhatsappCloud.capabilities().sends[kind];
        if let Err(error) = validate(kind, body) {
            prop_assert!(!error.field.is_empty() && !error.detail.is_empty());
        }
    }
}
