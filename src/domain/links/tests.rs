//! Which addresses are replaced, and which codes they get.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn tracked(kind: &str, body: Value) -> (Value, Result<Vec<TrackedLink>, NotTracked>) {
    let mut content = Content {
        kind: kind.into(),
        body,
    };
    let mut n = 0u8;
    let mut code = || {
        n += 1;
        LinkCode([b'a' + n; CODE_CHARS])
    };
    let links = track(&mut content, "https://desk.example/", Timestamp(7), &mut code);
    (content.body, links)
}

#[test]
fn addresses_in_a_text_are_replaced_and_the_sentence_stays() {
    let text = "See (https://shop.example/a_(b)?x=1), or HTTPS://shop.example/2! Again https://shop.example/2! http:// x";
    let (body, links) = tracked("text", json!({ "body": text }));
    let links = links.expect("tracked");
    let urls: Vec<_> = links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://shop.example/a_(b)?x=1",
            "HTTPS://shop.example/2",
            "https://shop.example/2"
        ]
    );
    assert_eq!(
        body["body"],
        "See (https://desk.example/l/bbbbbbbbbbbb), or https://desk.example/l/cccccccccccc! Again \
         https://desk.example/l/dddddddddddd! http:// x"
    );
    assert_eq!(links[0].expires_at, Timestamp(7).plus(LINK_LIFE));
}

#[test]
fn a_button_is_tracked_under_its_label() {
    let message = json!({"type": "cta_url", "body": {"text": "Hi https://a.example https://a.example"},
        "action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://b.example/?q=1"}}});
    let (body, links) = tracked("interactive", message);
    let links = links.expect("tracked");
    let found: Vec<_> = links
        .iter()
        .map(|l| (l.url.as_str(), l.button.as_str()))
        .collect();
    assert_eq!(
        found,
        [("https://a.example", ""), ("https://b.example/?q=1", "Open")]
    );
    assert_eq!(
        body["action"]["parameters"]["url"],
        "https://desk.example/l/cccccccccccc"
    );
}

#[test]
fn what_cannot_be_tracked_says_why() {
    let many: String = (0..12).map(|n| format!("https://x.example/{n} ")).collect();
    let table = [
        ("sticker", json!({}), NotTracked::Kind),
        (
            "text",
            json!({"body": "no link, javascript:alert(1)"}),
            NotTracked::NoLink,
        ),
        ("text", json!({"body": 5}), NotTracked::NoLink),
        ("text", json!({"body": many}), NotTracked::TooMany),
        (
            "interactive",
            json!({"action": {"parameters": {"url": "javascript:alert(1)"}}}),
            NotTracked::NoLink,
        ),
    ];
    for (kind, body, why) in table {
        assert_eq!(tracked(kind, body.clone()).1, Err(why), "{body}");
    }
    let mut content = Content::text("https://a.example");
    let refused = track(&mut content, "frontdesk", Timestamp(0), &mut || {
        LinkCode([b'a'; 12])
    });
    assert_eq!(refused, Err(NotTracked::NoAddress));
}

#[test]
fn programs_that_preview_are_told_from_people() {
    let people = [
        "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/129.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    ];
    let programs = [
        "",
        "WhatsApp/2.24.20 A",
        "facebookexternalhit/1.1",
        "Mozilla/5.0 (compatible; Googlebot/2.1)",
        "TelegramBot (like TwitterBot)",
        "SkypeUriPreview",
    ];
    assert!(people.iter().all(|name| !is_program(Some(name))));
    assert!(programs.iter().all(|name| is_program(Some(name))) && is_program(None));
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(text in "(https?://|[a-zA-Z.()\\[\\]é😀 ]|\\PC){0,40}") {
        let (body, links) = tracked("text", json!({ "body": text }));
        let kept = body["body"].as_str().expect("still a text");
        if let Ok(links) = links {
            prop_assert!(links.iter().all(|link| text.contains(&link.url)));
            let stands = |link: &TrackedLink| kept.contains(&format!("/l/{}", link.code));
            prop_assert!(links.iter().all(stands));
        }
    }

    #[test]
    fn codes_are_read_back(random: [u8; 16], other in "\\PC{0,16}") {
        let code = LinkCode::from_random(random);
        prop_assert_eq!(LinkCode::parse(code.as_str()), Some(code));
        if let Some(read) = LinkCode::parse(&other) {
            prop_assert_eq!(read.as_str(), other);
        }
    }
}

#[test]
fn buttons_of_templates_get_codes_and_keep_what_was_given() {
    let button = |card, index| Tracked {
        card,
        index,
        label: "Shop".into(),
        to: "https://shop.example/{{1}}".into(),
    };
    let mut counter = 0_u8;
    let mut code = || {
        counter += 1;
        LinkCode::from_random([counter; 16])
    };
    let mut made = |body: Value, button: Tracked| {
        let mut content = Content {
            kind: "template".into(),
            body,
        };
        let links = track_buttons(&mut content, &[button], Timestamp(0), &mut code);
        (content.body, links[0].clone())
    };
    let (body, link) = made(json!({"buttons": [{"index": 1, "text": "rye"}]}), button(None, 1));
    assert_eq!(link.url, "https://shop.example/rye");
    assert_eq!(body["buttons"][0]["text"], link.code);
    let (body, link) = made(json!({"name": "x"}), button(None, 0));
    assert_eq!(link.url, "https://shop.example/");
    assert_eq!(
        body["buttons"][0],
        json!({"sub_type": "url", "index": 0, "text": link.code})
    );
    let long = json!({"components": [{"type": "button", "index": "2", "parameters": [{"type": "text", "text": "a"}]}]});
    let (body, link) = made(long, button(None, 2));
    assert_eq!(
        (link.url.as_str(), &body["components"][0]["parameters"][0]["text"]),
        ("https://shop.example/a", &json!(link.code))
    );
    let (body, link) = made(json!({}), button(Some(1), 0));
    let card = &body["components"][0]["cards"][0];
    assert_eq!(card["card_index"], 1);
    assert_eq!(card["components"][0]["parameters"][0]["text"], link.code);
    // Whatever stands there is no reason to fall over.
    for odd in [
        json!(7),
        json!({"buttons": "x"}),
        json!({"components": [1, {"type": "carousel", "cards": 2}]}),
    ] {
        made(odd.clone(), button(None, 0));
        made(odd, button(Some(0), 0));
    }
}

#[test]
fn addresses_among_a_templates_values_are_tracked() {
    let mut content = Content {
        kind: "template".into(),
        body: json!({"name": "x", "variables": ["Ana", "https://shop.example/a"]}),
    };
    let mut code = || LinkCode::from_random([1; 16]);
    let links = track(&mut content, "https://d.example", Timestamp(0), &mut code).expect("one");
    assert_eq!(links[0].url, "https://shop.example/a");
    assert_eq!(
        content.body["variables"][1],
        format!("https://d.example/l/{}", links[0].code)
    );
}
