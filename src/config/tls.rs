//! The section `[tls]`: speaking HTTPS itself, with certificate files or by ACME.

use std::path::PathBuf;

use super::{ConfigError, wrong};
use crate::http::check;

/// Let's Encrypt.
const DIRECTORY: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Most names in one certificate (Let's Encrypt's limit).
const MAX_DOMAINS: usize = 100;

/// The section, as it is written.
#[derive(serde::Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    /// Certificate with its chain, PEM.
    cert: Option<PathBuf>,
    /// Its private key, PEM.
    key: Option<PathBuf>,
    /// Certificates fetched and renewed by ACME.
    acme: Option<Acme>,
}

/// The section `[tls.acme]`, as it is written.
#[derive(serde::Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Acme {
    /// Names to be in the certificate.
    domains: Vec<String>,
    /// E-mail address to which the authority writes.
    contact: String,
    /// The authority's directory.
    directory: Option<String>,
    /// PEM file with the authority that signed the directory's own certificate.
    ca_file: Option<PathBuf>,
}

/// How HTTPS is spoken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tls {
    /// With files that someone else keeps up to date.
    Files {
        /// Certificate with its chain, PEM.
        cert: PathBuf,
        /// Its private key, PEM.
        key: PathBuf,
    },
    /// With a certificate fetched and renewed by ACME (TLS-ALPN-01, so on port 443).
    Acme {
        /// Names to be in the certificate; at least one.
        domains: Vec<String>,
        /// E-mail address to which the authority writes.
        contact: String,
        /// The authority's directory.
        directory: String,
        /// PEM file with the authority that signed the directory's own certificate; the web's usual ones if absent.
        ca_file: Option<PathBuf>,
    },
}

impl Section {
    /// The checked section.
    pub(super) fn check(self) -> Result<Tls, ConfigError> {
        match self {
            Self {
                cert: Some(cert),
                key: Some(key),
                acme: None,
            } => Ok(Tls::Files { cert, key }),
            Self {
                cert: None,
                key: None,
                acme: Some(acme),
            } => acme.check(),
            Self { acme: Some(_), .. } => Err(wrong(
                "tls.acme",
                "certificate files (cert, key) and ACME exclude one another; keep one of them",
            )),
            Self {
                cert: None,
                key: None,
                ..
            } => Err(wrong(
                "tls",
                "name cert and key, or write a section [tls.acme]; without [tls] it speaks plain HTTP",
            )),
            Self { cert: None, .. } => Err(wrong(
                "tls.cert",
                "is missing: the file with the certificate and its chain",
            )),
            Self { key: None, .. } => Err(wrong(
                "tls.key",
                "is missing: the file with the certificate's private key",
            )),
        }
    }
}

impl Acme {
    fn check(self) -> Result<Tls, ConfigError> {
        let Self {
            domains,
            contact,
            directory,
            ca_file,
        } = self;
        if domains.is_empty() || domains.len() > MAX_DOMAINS {
            return Err(wrong("tls.acme.domains", "name 1 to 100 domains"));
        }
        if let Some(bad) = domains.iter().find(|domain| !is_domain(domain)) {
            let detail =
                format!("{bad:?} is no domain name such as desk.example.com (small letters, no wildcard)");
            return Err(wrong("tls.acme.domains", detail));
        }
        if check::email("contact", &contact).is_err() {
            return Err(wrong(
                "tls.acme.contact",
                "give an e-mail address such as admin@example.com",
            ));
        }
        let directory = directory.unwrap_or_else(|| DIRECTORY.to_owned());
        if !directory.starts_with("https://") || check::http_url("directory", &directory).is_err() {
            return Err(wrong(
                "tls.acme.directory",
                "must be the https:// address of an ACME directory",
            ));
        }
        Ok(Tls::Acme {
            domains,
            contact,
            directory,
            ca_file,
        })
    }
}

/// Labels of letters, digits and hyphens, at least two (RFC 1123).
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let is_address = text.parse::<std::net::IpAddr>().is_ok();
    text.len() <= 253 && text.contains('.') && !is_address && text.split('.').all(label)
}
