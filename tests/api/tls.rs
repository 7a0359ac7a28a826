//! HTTPS of its own: with certificate files that change while it runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use frontdesk::app::{App, AppOptions};
use frontdesk::config::{Config, Tls};
use frontdesk::http::TrustedProxies;
use serde_json::Value;

use crate::common::{Client, Options, TestApp};

const NAME: &str = "desk.test";

/// A certificate that signs itself, with its key.
struct Made {
    cert: String,
    key: String,
}

fn make() -> Made {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
    Made {
        cert: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
    }
}

fn write(dir: &Path, cert: &str, key: &str) -> Tls {
    let (cert_file, key_file) = (dir.join("cert.pem"), dir.join("key.pem"));
    std::fs::write(&cert_file, cert).expect("writable");
    std::fs::write(&key_file, key).expect("writable");
    Tls::Files {
        cert: cert_file,
        key: key_file,
    }
}

/// A browser that trusts this certificate and no other.
fn browser(app: &TestApp, trusts: &Made) -> reqwest::Client {
    let certificate = reqwest::Certificate::from_pem(trusts.cert.as_bytes()).expect("PEM");
    let client = reqwest::Client::builder()
        .tls_certs_only([certificate])
        .resolve(NAME, app.app.address)
        .build();
    client.expect("a client")
}

async fn get(app: &TestApp, browser: &reqwest::Client) -> Result<u16, reqwest::Error> {
    let url = format!("https://{NAME}:{}/healthz", app.app.address.port());
    let answer = browser.get(url).send().await?;
    let status = answer.status().as_u16();
    answer.bytes().await?;
    Ok(status)
}

async fn alerts(app: &TestApp) -> Vec<Value> {
    let system = app.a.owner.get("/api/v1/system").await.expect(200);
    let all = system["alerts"].as_array().expect("alerts").clone();
    let ours = |alert: &Value| alert["kind"] == "tls_certificate";
    all.into_iter().filter(ours).collect()
}

/// Waits until the certificate in use is one that `browser` trusts, or is none of its any more.
async fn until(app: &TestApp, made: &Made, trusted: bool) {
    let reached = async {
        // A browser of its own each time: connections that stand keep their certificate.
        while get(app, &browser(app, made)).await.is_ok() != trusted {
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(20), reached).await;
    reached.expect("the certificate changes");
}

#[actix_web::test]
async fn a_new_pair_is_taken_without_dropping_connections() {
    let dir = tempfile::tempdir().expect("a folder");
    let (first, second) = (make(), make());
    let tls = Some(write(dir.path(), &first.cert, &first.key));
    let app = TestApp::with(Options {
        tls,
        https: true,
        ..Options::default()
    })
    .await;
    let (old, new) = (browser(&app, &first), browser(&app, &second));
    assert_eq!(get(&app, &old).await.expect("trusted"), 200);
    assert!(
        get(&app, &new).await.is_err(),
        "another certificate is not trusted"
    );

    write(dir.path(), &second.cert, &second.key);
    app.app.reload();
    until(&app, &second, true).await;
    assert_eq!(get(&app, &new).await.expect("trusted"), 200);
    assert!(
        get(&app, &browser(&app, &first)).await.is_err(),
        "the old one is gone"
    );
    assert_eq!(get(&app, &old).await.expect("its connection stands"), 200);
}

#[actix_web::test]
async fn a_bad_new_pair_keeps_the_old_one_and_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let (first, second) = (make(), make());
    let tls = Some(write(dir.path(), &first.cert, &first.key));
    let app = TestApp::with(Options {
        tls,
        https: true,
        ..Options::default()
    })
    .await;

    write(dir.path(), &second.cert, &first.key);
    app.app.reload();
    let told = async {
        while alerts(&app).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told)
        .await
        .expect("an alert");
    let alert = alerts(&app).await.remove(0);
    let detail = alert["detail"].as_str().expect("a text");
    assert!(
        detail.contains("tls.key") && detail.contains("old certificate stays"),
        "{detail}"
    );
    assert_eq!(get(&app, &browser(&app, &first)).await.expect("the old one"), 200);
    let others = app.b.owner.get("/api/v1/system").await.expect(200).to_string();
    assert!(
        !others.contains("tls_certificate"),
        "it concerns those who run the appliance"
    );

    write(dir.path(), &second.cert, &second.key);
    app.app.reload();
    until(&app, &second, true).await;
    let cleared = async {
        while !alerts(&app).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), cleared)
        .await
        .expect("cleared");
}

async fn start(dir: &Path, tls: Tls) -> anyhow::Result<App> {
    Client::install_provider();
    let mut options = AppOptions::new(Config {
        data: dir.join("data"),
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: "https://desk.test".into(),
        proxies: TrustedProxies::default(),
        metrics_token: None,
        log_format: Default::default(),
        log_filter: "off".into(),
        allow_private_webhooks: false,
        tls: Some(tls),
        smtp: None,
    })?;
    options.providers = frontdesk::app::providers();
    App::start(options).await
}

#[actix_web::test]
async fn a_pair_that_cannot_be_used_stops_the_start_and_names_the_option() {
    let (first, second) = (make(), make());
    let table = [
        (
            first.cert.as_str(),
            second.key.as_str(),
            "tls.key",
            "is not the key of",
        ),
        ("hello", &first.key, "tls.cert", "holds no certificate"),
        (&first.cert, "hello", "tls.key", "holds no private key"),
        (&first.cert, &first.cert, "tls.key", "holds no private key"),
        (&first.key, &first.key, "tls.cert", "holds no certificate"),
    ];
    for (cert, key, field, words) in table {
        let dir = tempfile::tempdir().expect("a folder");
        let tls = write(dir.path(), cert, key);
        let error = start(dir.path(), tls)
            .await
            .err()
            .expect("it does not start")
            .to_string();
        assert!(error.starts_with(field) && error.contains(words), "{error}");
    }
    let dir = tempfile::tempdir().expect("a folder");
    let missing = Tls::Files {
        cert: dir.path().join("none.pem"),
        key: dir.path().join("none.key"),
    };
    let error = start(dir.path(), missing)
        .await
        .err()
        .expect("it does not start")
        .to_string();
    assert!(
        error.starts_with("tls.cert") && error.contains("cannot be read"),
        "{error}"
    );
}

#[actix_web::test]
async fn sandbox_channels_work_behind_https() {
    let dir = tempfile::tempdir().expect("a folder");
    let made = make();
    let tls = Some(write(dir.path(), &made.cert, &made.key));
    let app = TestApp::with(Options {
        tls,
        https: true,
        ..Options::default()
    })
    .await;
    let channel = serde_json::json!({ "provider": "sandbox", "name": "Try", "settings": {}, "secrets": {} });
    app.a.owner.post("/api/v1/channels", &channel).await.expect(201);
    let customer = serde_json::json!({ "name": "Fatuma", "phone": "+254700000001" });
    // The channel's number comes to its simulator a moment after the channel.
    let customers = async || app.a.owner.post("/api/v1/sandbox/customers", &customer).await;
    let mut made = customers().await;
    while made.status == 503 {
        tokio::task::yield_now().await;
        made = customers().await;
    }
    made.expect(201);
    let text = serde_json::json!({ "type": "text", "text": { "body": "Habari" } });
    let said = app
        .a
        .owner
        .post("/api/v1/sandbox/customers/254700000001/messages", &text)
        .await;
    assert!((200..300).contains(&said.status), "{}", said.text);
    let store = Arc::new(app.app.house.core.store.clone());
    let mut events = store.watch_events();
    let arrived = async {
        loop {
            let list = app.a.owner.get("/api/v1/conversations").await.expect(200);
            if list["items"].as_array().is_some_and(|items| !items.is_empty()) {
                return;
            }
            events.changed().await.expect("it runs");
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrived)
        .await
        .expect("the webhook arrives");
}
