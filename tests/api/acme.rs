//! Certificates by ACME, against a stand-in for an authority: it asks by TLS-ALPN-01 as RFC 8737 says, and signs what it
//! is asked to. It does not check the account's signatures.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data, Path};
use actix_web::{App as WebApp, HttpResponse, HttpServer, web};
use frontdesk::config::Tls;
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData, SignatureAlgorithm};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, ServerConfig, SignatureScheme};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::common::{Client, Options, TestApp};

const DOMAIN: &str = "desk.example";

/// The authority.
struct Authority {
    url: String,
    root: KeyPair,
    root_params: CertificateParams,
    root_pem: String,
    /// Where the domain leads, once that is known.
    domain: watch::Sender<Option<SocketAddr>>,
    /// It has seen that the other side holds the name.
    seen: Mutex<bool>,
    signed: Mutex<String>,
}

impl Authority {
    fn start() -> Data<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!(
            "https://localhost:{}",
            listener.local_addr().expect("an address").port()
        );
        let root = KeyPair::generate().expect("a key");
        let mut root_params = CertificateParams::new(Vec::new()).expect("parameters");
        root_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_pem = root_params.self_signed(&root).expect("a root").pem();
        let own_key = KeyPair::generate().expect("a key");
        let own = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        let own = own
            .signed_by(&own_key, &Issuer::from_params(&root_params, &root))
            .expect("signed");
        let key = PrivatePkcs8KeyDer::from(own_key.serialize_der());
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key.into())
            .expect("a pair");
        let authority = Data::new(Self {
            url,
            root,
            root_params,
            root_pem,
            domain: watch::channel(None).0,
            seen: Mutex::new(false),
            signed: Mutex::new(String::new()),
        });
        let shared = authority.clone();
        let server = HttpServer::new(move || {
            WebApp::new()
                .app_data(shared.clone())
                .route("/directory", web::get().to(directory))
                .route("/nonce", web::head().to(nonce))
                .route("/{what}", web::post().to(post))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen_rustls_0_23(listener, tls);
        actix_web::rt::spawn(server.expect("listens").run());
        authority
    }

    fn order(&self) -> Value {
        let signed = !self.signed.lock().is_empty();
        let status = match (*self.seen.lock(), signed) {
            (false, _) => "pending",
            (true, false) => "ready",
            (true, true) => "valid",
        };
        json!({
            "status": status, "authorizations": [format!("{}/auth", self.url)],
            "finalize": format!("{}/finalize", self.url), "certificate": format!("{}/certificate", self.url),
        })
    }

    fn auth(&self) -> Value {
        let status = if *self.seen.lock() { "valid" } else { "pending" };
        json!({
            "status": status, "identifier": { "type": "dns", "value": DOMAIN },
            "challenges": [{ "type": "tls-alpn-01", "url": format!("{}/challenge", self.url), "token": "tok" }],
        })
    }

    /// Asks the domain whether it knows of the challenge.
    async fn challenge(&self) {
        let mut domain = self.domain.subscribe();
        let address = domain
            .wait_for(Option::is_some)
            .await
            .expect("the test runs")
            .expect("known");
        let certificate = tokio::task::spawn_blocking(move || shown(address, Some(b"acme-tls/1")));
        let certificate = certificate.await.expect("no panic");
        // id-pe-acmeIdentifier, 1.3.6.1.5.5.7.1.31.
        let identifier = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f];
        let has = |part: &[u8]| certificate.windows(part.len()).any(|window| window == part);
        *self.seen.lock() = has(&identifier) && has(DOMAIN.as_bytes());
    }

    fn finalize(&self, csr: &[u8]) {
        let params = CertificateParams::new(vec![DOMAIN.to_owned()]).expect("parameters");
        let issuer = Issuer::from_params(&self.root_params, &self.root);
        let signed = params.signed_by(&Requested::of(csr), &issuer).expect("signed");
        *self.signed.lock() = format!("{}{}", signed.pem(), self.root_pem);
    }
}

/// The key of a request: a point on P-256, found by the bytes before it (RFC 5480).
struct Requested(Vec<u8>);

impl Requested {
    fn of(csr: &[u8]) -> Self {
        let before: [u8; 26] = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
            0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ];
        let at = csr
            .windows(before.len())
            .position(|window| window == before)
            .expect("a key on P-256");
        Self(csr[at + before.len()..][..65].to_vec())
    }
}

impl PublicKeyData for Requested {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

async fn directory(authority: Data<Authority>) -> HttpResponse {
    let url = |name: &str| format!("{}/{name}", authority.url);
    HttpResponse::Ok()
        .json(json!({ "newNonce": url("nonce"), "newAccount": url("account"), "newOrder": url("order") }))
}

async fn nonce() -> HttpResponse {
    HttpResponse::Ok().insert_header(("replay-nonce", "n")).finish()
}

async fn post(authority: Data<Authority>, what: Path<String>, body: Bytes) -> HttpResponse {
    let jws: Value = serde_json::from_slice(&body).expect("a JWS");
    let payload = from_base64url(jws["payload"].as_str().expect("a payload"));
    let mut answer = HttpResponse::Ok();
    answer.insert_header(("location", format!("{}/{what}", authority.url)));
    match what.as_str() {
        "account" => answer.json(json!({ "status": "valid" })),
        "order" => answer.json(authority.order()),
        "auth" => answer.json(authority.auth()),
        "challenge" => {
            authority.challenge().await;
            answer.json(authority.auth()["challenges"][0].clone())
        }
        "finalize" => {
            let wish: Value = serde_json::from_slice(&payload).expect("JSON");
            authority.finalize(&from_base64url(wish["csr"].as_str().expect("a request")));
            answer.json(authority.order())
        }
        "certificate" => answer.body(authority.signed.lock().clone()),
        _ => HttpResponse::NotFound().finish(),
    }
}

fn from_base64url(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut out, mut bits, mut held) = (Vec::new(), 0u32, 0u32);
    for byte in text.bytes() {
        let digit = digits.iter().position(|digit| *digit == byte).expect("base64url");
        held = (held << 6) | u32::try_from(digit).expect("small");
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((held >> bits) & 0xff).expect("a byte"));
        }
    }
    out
}

/// The certificate that is shown for the domain, by this protocol; empty if the handshake fails.
fn shown(address: SocketAddr, protocol: Option<&[u8]>) -> Vec<u8> {
    let mut config = ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
    let name = ServerName::try_from(DOMAIN).expect("a name");
    let mut connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a limit");
    while connection.is_handshaking() {
        if connection.complete_io(&mut stream).is_err() {
            return Vec::new();
        }
    }
    let chain = connection.peer_certificates();
    chain
        .and_then(<[_]>::first)
        .map(|first| first.to_vec())
        .unwrap_or_default()
}

/// Looks at certificates without judging them.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[actix_web::test]
async fn a_certificate_is_fetched_and_kept() {
    use std::os::unix::fs::MetadataExt;
    Client::install_provider();
    let authority = Authority::start();
    let dir = tempfile::tempdir().expect("a folder");
    let ca_file = dir.path().join("ca.pem");
    std::fs::write(&ca_file, &authority.root_pem).expect("writable");
    let tls = Some(Tls::Acme {
        domains: vec![DOMAIN.into()],
        contact: "admin@desk.example".into(),
        directory: format!("{}/directory", authority.url),
        ca_file: Some(ca_file),
    });
    let domain = authority.domain.clone();
    let app = TestApp::with_address(
        Options {
            tls,
            https: true,
            ..Options::default()
        },
        move |address| {
            domain.send_replace(Some(address));
        },
    );
    let app = app.await;
    assert!(*authority.seen.lock(), "it was asked whether it holds the name");

    let root = reqwest::Certificate::from_pem(authority.root_pem.as_bytes()).expect("PEM");
    let browser = reqwest::Client::builder()
        .tls_certs_only([root])
        .resolve(DOMAIN, app.app.address)
        .build()
        .expect("a client");
    let url = format!("https://{DOMAIN}:{}/healthz", app.app.address.port());
    assert_eq!(browser.get(&url).send().await.expect("trusted").status(), 200);

    let folder = app.dir.path().join("acme");
    assert_eq!(std::fs::metadata(&folder).expect("kept").mode() & 0o777, 0o700);
    let kept = async {
        // Written after the certificate is in use.
        while std::fs::read_dir(&folder).expect("readable").count() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), kept)
        .await
        .expect("account and certificate are kept");
}
