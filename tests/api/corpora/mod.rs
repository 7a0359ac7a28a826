//! Webhook bodies as others' clients write them in their own tests: each is taken within a second, shown with the right
//! type, words and ids, and changes nothing when it comes again.
//!
//! `tests/fixtures/corpora` holds our own, one shape a line. `FRONTDESK_CORPORA` may name a folder with more, of the same
//! form: below `whatsapp`, `instagram`, `twilio` and `dialog360` (and folders inside them) stand files
//! - `.json`: a body, or bodies anywhere inside lists and objects (`{"text": {"object": …}, "image": {…}}`);
//! - `.jsonl`, `.ndjson`: the same, one a line;
//! - `.form`: form-encoded bodies of Twilio's, one a line. As JSON, a body of Twilio's is an object of its parameters.
//!
//! Two things are changed before a body is posted, since the bodies of a corpus are often all addressed to the same made-up
//! number and carry the same made-up ids: the business's number and account become those of the test's channel, where the
//! body names any, and each message's id gets the body's number at its end.
//!
//! ```text
//! FRONTDESK_CORPORA=/path/to/folder cargo nextest run --test api -E 'test(corpora)' --no-capture
//! ```

mod bodies;
mod claims;
mod desk;
mod fuzz;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::TestApp;
use crate::common::webhook::{add_channel, entry, post, wait_for};
use bodies::{Body, Source};
use desk::Desk;

/// What a run found, by provider.
#[derive(Default, Debug)]
struct Figures {
    bodies: usize,
    messages: usize,
    notices: usize,
}

/// Posts every body of a folder twice and says what is wrong.
async fn run(folder: &Path) -> (BTreeMap<Source, Figures>, Vec<String>) {
    let bodies = bodies::read_all(folder);
    let desk = Desk::open().await;
    let mut wrong = Vec::new();
    for body in &bodies {
        wrong.extend(desk.post(body).await);
    }
    let shown = desk.shown().await;
    let mut figures: BTreeMap<Source, Figures> = BTreeMap::new();
    for body in &bodies {
        let claims = claims::of(body);
        let figures = figures.entry(body.source).or_default();
        figures.bodies += 1;
        figures.messages += claims.iter().filter(|claim| claim.is_message()).count();
        figures.notices += claims.iter().filter(|claim| claim.is_notice()).count();
        let unmet = claims.iter().filter_map(|claim| claim.unmet(&shown));
        wrong.extend(unmet.map(|what| format!("{}: {what}", body.name)));
    }
    wrong.extend(shown.parked.iter().map(|why| format!("parked: {why}")));
    for body in &bodies {
        wrong.extend(desk.post(body).await);
    }
    let again = desk.shown().await;
    wrong.extend(shown.differences(&again));
    (figures, wrong)
}

async fn check(folder: &Path) {
    let (figures, wrong) = run(folder).await;
    println!("{figures:#?}");
    let shown = wrong.iter().take(200).cloned().collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), shown.join("\n"));
    assert!(!figures.is_empty(), "no bodies below {}", folder.display());
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpora")
}

#[actix_web::test]
async fn our_own_bodies_are_shown_whole() {
    check(&fixtures()).await;
}

#[actix_web::test]
async fn bodies_of_others_are_shown_whole() {
    match std::env::var_os("FRONTDESK_CORPORA") {
        Some(folder) => check(Path::new(&folder)).await,
        None => println!("skipped: FRONTDESK_CORPORA names no folder"),
    }
}

#[actix_web::test]
async fn a_part_for_nobodys_number_is_told_of_and_comes_with_a_replay() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    add_channel(owner, "whatsapp_cloud", "6001", "s1").await;
    let both = [
        entry("6001", "wamid.ours", "ours"),
        entry("6002", "wamid.later", "later"),
    ];
    post(&app, "s1", &both).await;
    let told = |list: &Value| list.to_string().contains("6002");
    let notices = wait_for(owner, "/api/v1/notices", told).await;
    let raw = notices["items"][0]["raw_event_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let texts = async |count: usize| {
        // A conversation is there a moment before its first message.
        let said = |list: &Value| {
            let all = list["items"].as_array().expect("a list");
            all.len() == count && all.iter().all(|it| !it["last_message"].is_null())
        };
        let list = wait_for(owner, "/api/v1/conversations", said).await;
        list["items"].to_string()
    };
    assert!(!texts(1).await.contains("later"));
    add_channel(owner, "whatsapp_cloud", "6002", "s1").await;
    let replay = format!("/api/v1/raw-events/{raw}/replay");
    owner.post(&replay, &Value::Null).await.expect(202);
    let both = texts(2).await;
    assert!(both.contains("ours") && both.contains("later"), "{both}");
}

/// Every body as JSON, for tests that change them.
fn all_of_ours(source: Source) -> Vec<Body> {
    let mut bodies = bodies::read_all(&fixtures());
    bodies.retain(|body| body.source == source);
    bodies
}
