//! Files both ways over the real program and the simulator: fetched, examined, handed out in parts, sent, refused.

use std::io::Cursor;
use std::time::Duration;

use image::{DynamicImage, ImageFormat};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

const PHONE: &str = "15550123456";

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |n: u32| char::from(LETTERS[(n & 63) as usize]);
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let part = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let n = part(0) << 16 | part(1) << 8 | part(2);
        text.push(letter(n >> 18));
        text.push(letter(n >> 12));
        text.push(if chunk.len() > 1 { letter(n >> 6) } else { '=' });
        text.push(if chunk.len() > 2 { letter(n) } else { '=' });
    }
    text
}

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height)
        .write_to(&mut out, format)
        .expect("a picture");
    out.into_inner()
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .expect("it happens in time");
}

/// A sandbox channel with one customer.
async fn sandbox(client: &Client) -> String {
    let body = json!({ "provider": "sandbox", "name": "Bakery" });
    let channel = client.post("/api/v1/channels", &body).await.expect(201);
    let id = channel["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/sandbox/faults?channel_id={id}");
    until(async || client.get(&path).await.status == 200).await;
    let body = json!({ "name": "Amina", "phone": format!("+{PHONE}") });
    client.post("/api/v1/sandbox/customers", &body).await.expect(201);
    id
}

async fn say(client: &Client, body: &Value) {
    let path = format!("/api/v1/sandbox/customers/{PHONE}/messages");
    client.post(&path, body).await.expect(201);
}

/// The newest message of the only conversation for which this holds.
async fn message(client: &Client, holds: impl Fn(&Value) -> bool) -> (String, Value) {
    let mut found = (String::new(), Value::Null);
    until(async || {
        let page = client.get("/api/v1/conversations").await.expect(200);
        let Some(id) = page["items"][0]["id"].as_str() else {
            return false;
        };
        let page = client
            .get(&format!("/api/v1/conversations/{id}/messages"))
            .await
            .expect(200);
        let items = page["items"].as_array().expect("a list");
        match items.iter().find(|item| holds(item)) {
            Some(item) => {
                found = (id.to_owned(), item.clone());
                true
            }
            None => false,
        }
    })
    .await;
    found
}

fn settled(item: &Value, kind: &str) -> bool {
    item["type"] == kind && item["media"][0]["state"].is_string() && item["media"][0]["state"] != "pending"
}

async fn bytes(
    client: &Client,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let mut request = client.request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.bytes().await.expect("a body").to_vec())
}

#[actix_web::test]
async fn a_customers_picture_arrives_and_is_handed_out() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    sandbox(owner).await;
    let original = picture(900, 300, ImageFormat::Jpeg);
    let image = json!({ "data": base64(&original), "mime_type": "image/jpeg", "caption": "The oven" });
    say(owner, &json!({ "type": "image", "image": image })).await;
    let (_, message) = message(owner, |item| settled(item, "image")).await;
    let media = &message["media"][0];
    assert_eq!(media["state"], "stored", "{media}");
    assert_eq!((&media["width"], &media["height"]), (&json!(900), &json!(300)));
    assert_eq!(media["mime_type"], "image/jpeg");
    assert_eq!(message["image"]["caption"], "The oven");
    let id = media["id"].as_str().expect("an id");

    let path = format!("/api/v1/media/{id}");
    let (status, headers, got) = bytes(owner, &path, &[]).await;
    assert_eq!((status, &got), (200, &original));
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
    assert!(header("content-disposition").starts_with("inline"));
    let tag = header("etag");
    let (status, _, got) = bytes(owner, &path, &[("if-none-match", &tag)]).await;
    assert_eq!((status, got.len()), (304, 0));
    let (status, headers, got) = bytes(owner, &path, &[("range", "bytes=10-19")]).await;
    assert_eq!((status, &got[..]), (206, &original[10..20]));
    assert_eq!(
        headers["content-range"],
        format!("bytes 10-19/{}", original.len())
    );
    let (status, ..) = bytes(owner, &path, &[("range", "bytes=9999999-")]).await;
    assert_eq!(status, 416);
    // What the provider calls it names it as well.
    let theirs = message["image"]["media_id"].as_str().expect("an id");
    let (status, _, got) = bytes(owner, &format!("/api/v1/media/{theirs}"), &[]).await;
    assert_eq!((status, &got), (200, &original));

    let url = media["url"].as_str().expect("an address");
    let (status, _, got) = bytes(&app.stranger, url, &[]).await;
    assert_eq!(
        (status, &got),
        (200, &original),
        "whoever holds the address may read"
    );
    let small = media["thumbnail_url"].as_str().expect("an address");
    let (status, _, got) = bytes(&app.stranger, small, &[]).await;
    let small = image::load_from_memory(&got).expect("a picture");
    assert_eq!((status, small.width(), small.height()), (200, 480, 160));
    let mut forged = url.to_owned();
    forged.pop();
    forged.push(if url.ends_with('0') { '1' } else { '0' });
    for path in [forged.as_str(), "/media/", "/media/x", "/media/..%2f..%2fkeys"] {
        assert_eq!(bytes(&app.stranger, path, &[]).await.0, 404, "{path}");
    }
    assert_eq!(app.stranger.get(&path).await.status, 401);
    assert_eq!(
        app.b.owner.get(&path).await.status,
        404,
        "another workspace has no such file"
    );
    assert_eq!(app.b.owner.delete(&path).await.status, 404);
    assert_eq!(
        app.b.owner.get(&format!("/api/v1/media/{theirs}")).await.status,
        404
    );
}

#[actix_web::test]
async fn files_are_let_go_and_fetched_again() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    sandbox(owner).await;
    say(owner, &json!({ "type": "image", "image": { "sample": "cake" } })).await;
    let (_, first) = message(owner, |item| settled(item, "image")).await;
    let id = first["media"][0]["id"].as_str().expect("an id");
    let (path, details) = (
        format!("/api/v1/media/{id}"),
        format!("/api/v1/media/{id}/details"),
    );
    let again = format!("{path}/fetch");
    owner
        .post(&again, &json!(null))
        .await
        .expect_problem(409, "wrong_state");
    assert_eq!(app.a.agent.delete(&path).await.status, 403);
    let gone = owner.delete(&path).await.expect(200);
    assert_eq!((&gone["state"], &gone["url"]), (&json!("expired"), &Value::Null));
    owner.get(&path).await.expect_problem(404, "media_expired");
    assert_eq!(owner.delete(&path).await.status, 409);
    let url = first["media"][0]["url"].as_str().expect("an address");
    assert_eq!(app.stranger.get(url).await.status, 404);
    let kept = app.dir.path().join("media");
    assert_eq!(files_in(&kept), 0, "nothing is left on the disk");

    assert_eq!(app.a.agent.post(&again, &json!(null)).await.status, 202);
    until(async || owner.get(&details).await.expect(200)["state"] == "stored").await;
    assert_eq!(owner.get(&path).await.status, 200);
    // Gone behind our back: told as such, and fetched again.
    std::fs::remove_dir_all(&kept).expect("removed");
    owner.get(&path).await.expect_problem(404, "media_missing");
    assert_eq!(owner.post(&again, &json!(null)).await.status, 202);
    until(async || owner.get(&path).await.status == 200).await;
}

fn files_in(dir: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return 0;
    };
    let count = |path: std::path::PathBuf| if path.is_dir() { files_in(&path) } else { 1 };
    entries.map(|entry| count(entry.expect("an entry").path())).sum()
}

#[actix_web::test]
async fn what_is_not_what_it_says_is_refused_or_kept_harmless() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    sandbox(owner).await;
    let page = b"<!doctype html><script>alert(1)</script>";
    let image = json!({ "data": base64(page), "mime_type": "image/jpeg" });
    say(owner, &json!({ "type": "image", "image": image })).await;
    let (_, refused) = message(owner, |item| settled(item, "image")).await;
    assert_eq!(refused["media"][0]["state"], "refused");
    assert!(
        refused["media"][0]["reason"]
            .as_str()
            .expect("why")
            .contains("text/html")
    );
    assert_eq!(files_in(&app.dir.path().join("media")), 0);

    let document = json!({ "data": base64(page), "mime_type": "text/plain", "filename": "../../a.html" });
    say(owner, &json!({ "type": "document", "document": document })).await;
    let (_, kept) = message(owner, |item| settled(item, "document")).await;
    let url = kept["media"][0]["url"].as_str().expect("an address");
    let (status, headers, got) = bytes(&app.stranger, url, &[]).await;
    assert_eq!((status, &got[..]), (200, &page[..]));
    assert_eq!(headers["content-type"], "application/octet-stream");
    let disposition = headers["content-disposition"].to_str().expect("text");
    assert!(
        disposition.starts_with("attachment") && !disposition.contains(".."),
        "{disposition}"
    );
    assert!(
        headers["content-security-policy"]
            .to_str()
            .expect("text")
            .contains("sandbox")
    );

    let mut bomb = picture(1, 1, ImageFormat::Png);
    bomb[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&60_000u32.to_be_bytes());
    let sticker = json!({ "data": base64(&bomb), "mime_type": "image/png" });
    say(owner, &json!({ "type": "sticker", "sticker": sticker })).await;
    let (_, huge) = message(owner, |item| settled(item, "sticker")).await;
    assert_eq!(
        huge["media"][0]["state"], "stored",
        "kept as it is, and not opened"
    );
    assert_eq!(huge["media"][0]["thumbnail_url"], Value::Null);
}

async fn upload(client: &Client, query: &str, content_type: &str, body: Vec<u8>) -> Answer {
    let path = format!("/api/v1/media{query}");
    client.raw(Method::POST, &path, content_type, body).await
}

#[actix_web::test]
async fn a_picture_is_uploaded_and_sent() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    sandbox(owner).await;
    say(owner, &json!({ "type": "text", "text": { "body": "Show me" } })).await;
    let (conversation, _) = message(owner, |item| item["type"] == "text").await;
    let cake = picture(64, 64, ImageFormat::Png);
    let given = upload(owner, "?filename=cake.png", "image/png", cake.clone())
        .await
        .expect(201);
    let id = given["media_id"].as_str().expect("an id").to_owned();
    assert_eq!(
        (&given["kind"], &given["mime_type"]),
        (&json!("image"), &json!("image/png"))
    );
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let body = json!({ "type": "image", "image": { "media_id": id, "caption": "Fresh" } });
    let queued = owner.post(&path, &body).await.expect(202);
    assert_eq!(queued["media"][0]["id"], id);
    let arrived = |item: &Value| {
        ["delivered", "read"]
            .iter()
            .any(|status| item["status"] == *status)
    };
    let (_, sent) = message(owner, |item| item["type"] == "image" && arrived(item)).await;
    assert_eq!(sent["image"], json!({ "media_id": id, "caption": "Fresh" }));
    // The same file goes to the same channel by the provider's name for it.
    owner.post(&path, &body).await.expect(202);
    until(async || {
        let page = owner.get(&path).await.expect(200);
        let items = page["items"].as_array().expect("a list").clone();
        items
            .iter()
            .filter(|item| item["type"] == "image" && arrived(item))
            .count()
            == 2
    })
    .await;
    let chat = owner
        .get(&format!("/api/v1/sandbox/customers/{PHONE}/messages"))
        .await
        .expect(200);
    let named: Vec<&Value> = chat["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|item| item["type"] == "image")
        .map(|item| &item["image"]["id"])
        .collect();
    assert_eq!(named.len(), 2);
    assert_eq!(named[0], named[1], "uploaded once");
    // Another workspace can neither send nor read it.
    sandbox(&app.b.owner).await;
    say(&app.b.owner, &json!({ "type": "text", "text": { "body": "Hi" } })).await;
    let (other, _) = message(&app.b.owner, |item| item["type"] == "text").await;
    let path = format!("/api/v1/conversations/{other}/messages");
    let answer = app.b.owner.post(&path, &body).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
}

#[actix_web::test]
async fn a_customers_file_is_forwarded() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    sandbox(owner).await;
    say(owner, &json!({ "type": "image", "image": { "sample": "cake" } })).await;
    let (conversation, first) = message(owner, |item| settled(item, "image")).await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    for named in [&first["media"][0]["id"], &first["image"]["media_id"]] {
        let body = json!({ "type": "image", "image": { "media_id": named } });
        let queued = owner.post(&path, &body).await.expect(202);
        assert_eq!(
            queued["image"]["media_id"], first["media"][0]["id"],
            "it is the file that is here"
        );
    }
}

#[actix_web::test]
async fn what_a_channel_does_not_take_is_refused_with_what_would_do() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = sandbox(owner).await;
    say(owner, &json!({ "type": "text", "text": { "body": "Show me" } })).await;
    let (conversation, _) = message(owner, |item| item["type"] == "text").await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let rules = owner
        .get(&format!("/api/v1/channels/{channel}"))
        .await
        .expect(200);
    let image = rules["media"]
        .as_array()
        .expect("rules")
        .iter()
        .find(|rule| rule["kind"] == "image");
    assert_eq!(image.expect("a rule")["max_bytes"], 5 << 20);

    let pdf = b"%PDF-1.7\nnothing".to_vec();
    let given = upload(owner, "", "application/pdf", pdf).await.expect(201);
    assert_eq!(given["kind"], "document");
    let as_image = json!({ "type": "image", "image": { "media_id": given["media_id"] } });
    let problem = owner.post(&path, &as_image).await;
    assert_eq!(problem.status, 409, "{}", problem.text);
    let problem = problem.problem();
    assert_eq!(
        (&problem["code"], &problem["alternatives"][0]["kind"]),
        (&json!("media_type"), &json!("send_as_document"))
    );
    let as_document = json!({ "type": "document", "document": { "media_id": given["media_id"] } });
    owner.post(&path, &as_document).await.expect(202);

    let mut large = picture(8, 8, ImageFormat::Png);
    large.resize((5 << 20) + 1, 0);
    let given = upload(owner, "", "image/png", large.clone()).await.expect(201);
    let as_image = json!({ "type": "image", "image": { "media_id": given["media_id"] } });
    owner
        .post(&path, &as_image)
        .await
        .expect_problem(409, "media_too_large");
    // Told the channel, the same is refused before it is kept.
    let query = format!("?channel_id={channel}");
    upload(owner, &query, "image/png", large)
        .await
        .expect_problem(413, "body_too_large");
    let unknown = json!({ "type": "image", "image": { "media_id": "md_00000000000000000000000000000000" } });
    owner
        .post(&path, &unknown)
        .await
        .expect_problem(422, "invalid_field");
}

#[actix_web::test]
async fn uploads_that_make_no_sense_are_named() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let png = picture(8, 8, ImageFormat::Png);
    upload(owner, "", "image/png", Vec::new())
        .await
        .expect_problem(422, "invalid_field");
    upload(owner, "", "image/jpeg", png.clone())
        .await
        .expect_problem(415, "media_type_mismatch");
    upload(owner, "", "image/png", b"<svg onload='x'>".to_vec())
        .await
        .expect_problem(415, "media_type_mismatch");
    upload(owner, "?kind=audio", "image/png", png.clone())
        .await
        .expect_problem(415, "media_type_mismatch");
    upload(owner, "?kind=x", "image/png", png.clone())
        .await
        .expect_problem(400, "invalid_query");
    upload(owner, "?zz=1", "image/png", png.clone())
        .await
        .expect_problem(400, "invalid_query");
    upload(owner, "", "multipart/form-data; boundary=X", b"--X--".to_vec())
        .await
        .expect_problem(400, "bad_request");
    upload(owner, "", "multipart/form-data", b"junk".to_vec())
        .await
        .expect_problem(400, "bad_request");
    assert_eq!(
        upload(&app.stranger, "", "image/png", png.clone()).await.status,
        401
    );
    assert_eq!(
        files_in(&app.dir.path().join("media")),
        0,
        "nothing is left of any"
    );
    let form = |name: &str| {
        let head = format!(
            "--X\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"..\\\\a.png\"\r\nContent-Type: image/png\r\n\r\n"
        );
        [head.as_bytes(), &png, b"\r\n--X--\r\n"].concat()
    };
    let kind = "multipart/form-data; boundary=X";
    upload(owner, "", kind, form("other"))
        .await
        .expect_problem(422, "unknown_field");
    let given = upload(owner, "", kind, form("file")).await.expect(201);
    assert_eq!(
        (&given["filename"], &given["size"]),
        (&json!("a.png"), &json!(png.len()))
    );
}

#[actix_web::test]
async fn how_long_files_are_kept_is_each_workspaces_own() {
    let app = TestApp::start().await;
    let path = "/api/v1/settings/media";
    let put =
        async |client: &Client, body: Value| Answer::of(client.request(Method::PUT, path).json(&body)).await;
    assert_eq!(app.a.owner.get(path).await.expect(200), json!({ "days": null }));
    assert_eq!(
        put(&app.a.owner, json!({ "days": 90 })).await.expect(200),
        json!({ "days": 90 })
    );
    assert_eq!(app.a.agent.get(path).await.expect(200), json!({ "days": 90 }));
    assert_eq!(app.b.owner.get(path).await.expect(200), json!({ "days": null }));
    assert_eq!(put(&app.a.agent, json!({ "days": 1 })).await.status, 403);
    put(&app.a.owner, json!({ "days": 0 }))
        .await
        .expect_problem(422, "invalid_field");
}
