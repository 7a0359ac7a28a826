//! The contract's answers about files, and its tables of limits and languages, walked by name. Nothing is checked where the
//! contract does not lie beside the checkout.

use bytes::Bytes;
use frontdesk::channels::media::MediaUpload;
use frontdesk::channels::whatsapp::WhatsappCloud;
use frontdesk::channels::{ChannelAccess, Provider};
use frontdesk::domain::media::MediaKind;
use frontdesk::domain::template::validate::problems;
use frontdesk::domain::template::{Category, Definition, ParameterFormat};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::support::{access, contract, http, json};
use crate::wire::{self, Request};

fn file(name: &str) -> Value {
    json(&std::fs::read(contract().expect("looked before").join(name)).expect("a file"))
}

async fn asked<T>(
    answers: &[&Value],
    call: impl AsyncFnOnce(&reqwest::Client, &ChannelAccess) -> T,
) -> (T, Vec<Request>) {
    wire::asked(answers, async |base| {
        let mut access = access(base);
        access.settings.insert("app_id".into(), "310400500600701".into());
        call(&http(), &access).await
    })
    .await
}

fn upload() -> MediaUpload {
    let bytes = Bytes::from_static(b"\xFF\xD8\xFF");
    MediaUpload {
        kind: MediaKind::Image,
        mime: "image/jpeg".into(),
        filename: "basket.jpg".into(),
        size: bytes.len() as u64,
        bytes: stream::iter([Ok(bytes)]).boxed(),
    }
}

#[tokio::test]
async fn files_are_found_and_given() {
    if contract().is_none() {
        return;
    }
    let record = file("responses/media-get.json");
    let (source, asked_for) = asked(&[&record], async |http, access| {
        WhatsappCloud.locate_media(http, access, "7001002003000020").await
    })
    .await;
    let source = source.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(json!(source.url.as_str()), record["url"]);
    assert_eq!(
        (source.size, source.mime.as_deref()),
        (Some(303_833), Some("image/jpeg"))
    );
    let hex: String = source
        .sha256
        .expect("told")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(json!(hex), record["sha256"]);
    assert!(
        asked_for[0]
            .head
            .starts_with("GET /v23.0/7001002003000020?phone_number_id="),
        "{}",
        asked_for[0].head
    );

    let given = file("responses/media-upload.json");
    let (got, _) = asked(&[&given], async |http, access| {
        WhatsappCloud.upload_media(http, access, upload()).await
    })
    .await;
    assert_eq!(
        json!(got.unwrap_or_else(|error| panic!("{error:?}")).reference),
        given["id"]
    );

    let (begun, done) = (
        file("responses/upload-session-create.json"),
        file("responses/upload-session-finish.json"),
    );
    let (got, asked_for) = asked(&[&begun, &done], async |http, access| {
        WhatsappCloud
            .templates()
            .expect("templates")
            .upload_sample(http, access, upload())
            .await
    })
    .await;
    assert_eq!(json!(got.expect("a handle")), done["h"]);
    assert!(
        asked_for[0]
            .head
            .starts_with("POST /v23.0/310400500600701/uploads?file_name=basket.jpg"),
        "{}",
        asked_for[0].head
    );
    let session = begun["id"].as_str().expect("an id");
    assert!(
        asked_for[1].head.starts_with(&format!("POST /v23.0/{session} ")),
        "{}",
        asked_for[1].head
    );
}

#[tokio::test]
async fn a_read_mark_is_made_and_its_answer_understood() {
    if contract().is_none() {
        return;
    }
    let done = file("responses/mark-as-read-success.json");
    for (name, typing) in [
        ("send/mark-as-read.json", false),
        ("send/mark-as-read-with-typing.json", true),
    ] {
        let wanted = file(name);
        let message = wanted["message_id"].as_str().expect("an id");
        let (got, asked) = asked(&[&done], async |http, access| match typing {
            true => WhatsappCloud.show_typing(http, access, message).await,
            false => WhatsappCloud.mark_read(http, access, message).await,
        })
        .await;
        got.expect("done");
        assert_eq!(asked[0].body, wanted, "{name}");
    }
}

#[test]
fn our_limits_are_the_contracts() {
    if contract().is_none() {
        return;
    }
    let limits = file("limits.json");
    let ours = WhatsappCloud.content_limits(&Default::default());
    for (place, ours) in [
        ("/text/body", ours.text),
        ("/media/caption", ours.caption),
        ("/interactive/header_text", ours.header_text),
        ("/interactive/footer", ours.footer),
        ("/interactive/button/body", ours.body),
        ("/interactive/button/buttons", ours.buttons),
        ("/interactive/button/id", ours.button_id),
        ("/interactive/button/title", ours.button_title),
        ("/interactive/list/body", ours.list_body),
        ("/interactive/list/sections", ours.sections),
        ("/interactive/list/rows_total", ours.rows),
        ("/interactive/list/section_title", ours.section_title),
        ("/interactive/list/row_id", ours.row_id),
        ("/interactive/list/row_title", ours.row_title),
        ("/interactive/list/row_description", ours.row_description),
        ("/interactive/product_list/products_total", ours.products),
        ("/interactive/carousel/cards_max", ours.cards),
        ("/interactive/carousel/card_body", ours.card_text),
    ] {
        assert_eq!(limits.pointer(place), Some(&json!(ours)), "{place}");
    }
    let capabilities = WhatsappCloud.capabilities();
    assert_eq!(
        limits["throughput"]["default_mps"],
        capabilities.default_rate_per_s
    );
    assert_eq!(limits["throughput"]["max_mps"], capabilities.max_rate_per_s);
    assert_eq!(limits["pair_rate"]["burst"], capabilities.pair_burst);
    for rule in WhatsappCloud.media_rules(&Default::default()) {
        let name = rule.kind.as_str();
        let sizes = &limits["media_limits_bytes"];
        let most = sizes
            .get(name)
            .or(sizes.get(format!("{name}_animated")))
            .expect("a size");
        assert_eq!(json!(rule.max_bytes), *most, "{name}");
        for mime in limits["media_mime"][name].as_array().expect("types") {
            let bare = mime
                .as_str()
                .and_then(|mime| mime.split(';').next())
                .expect("a type");
            assert!(rule.mimes.contains(&bare), "{name} {bare}");
        }
    }
}

#[test]
fn templates_may_be_written_in_every_language() {
    if contract().is_none() {
        return;
    }
    let definition = Definition {
        category: Category::Utility,
        format: ParameterFormat::Positional,
        ttl_s: None,
        components: vec![json!({"type": "BODY", "text": "It has left our shop."})],
    };
    for language in file("languages.json").as_array().expect("a list") {
        let language = language.as_str().expect("a code");
        assert_eq!(
            problems("order_left", language, &definition).len(),
            0,
            "{language}"
        );
    }
    assert_eq!(problems("order_left", "xx_XX", &definition).len(), 1);
}
