//! Signatures: vectors computed with another implementation (Python's `hmac`).

use secrecy::SecretString;

use crate::support::{fixture, json, signature_fits};

#[test]
fn vectors_hold() {
    let vectors = json(&fixture("signature-vectors.json"));
    let secret = SecretString::from(vectors["app_secret"].as_str().expect("text"));
    for vector in vectors["vectors"].as_array().expect("list") {
        let text = |name: &str| vector[name].as_str().expect("text");
        let fits = signature_fits(&secret, text("raw_body").as_bytes(), text("header"));
        assert_eq!(fits, vector["valid"], "{}", vector["name"]);
    }
}

#[test]
fn an_empty_secret_or_odd_header_fits_nothing() {
    let table = [
        "",
        "sha256=",
        "sha256=zz",
        "sha256",
        "sha256=é",
        &format!("sha256={}", "0".repeat(64)),
    ];
    for header in table {
        for secret in ["", "app-secret"] {
            assert!(
                !signature_fits(&SecretString::from(secret), b"{}", header),
                "{header}"
            );
        }
    }
}
