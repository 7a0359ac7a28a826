//! Speaking HTTPS with certificate files: reading a pair, and handing the newest one that is whole to each handshake.
//!
//! Owns the pair in use. Must not know where the files' names come from, nor who is told when they are wrong.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};

/// Largest certificate or key file; a long chain has some ten thousand bytes.
const MAX_FILE: u64 = 256 * 1024;

/// A pair that cannot be used: names the option and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct TlsError {
    /// `tls.cert` or `tls.key`.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

fn wrong(field: &'static str, detail: String) -> TlsError {
    TlsError { field, detail }
}

/// Where a pair lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PairFiles {
    /// Certificate with its chain, PEM.
    pub cert: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// How files looked when they were read: a change of it is a new pair.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Looks([Option<(SystemTime, u64, u64)>; 2]);

impl PairFiles {
    /// Reads the pair and sees that the key belongs to the certificate.
    ///
    /// # Errors
    /// A file cannot be read, holds something else, or the two do not belong together.
    pub fn read(&self) -> Result<CertifiedKey, TlsError> {
        let text = read("tls.cert", &self.cert)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| {
            let detail = format!(
                "{} holds no certificate; it must be PEM (-----BEGIN CERTIFICATE-----), the server's own first, then \
                 its chain",
                self.cert.display()
            );
            wrong("tls.cert", detail)
        })?;
        let text = read("tls.key", &self.key)?;
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
            let detail = format!(
                "{} holds no private key that can be used; it must be PEM (-----BEGIN PRIVATE KEY-----) without a \
                 passphrase",
                self.key.display()
            );
            wrong("tls.key", detail)
        })?;
        CertifiedKey::from_der(chain, key, &provider()).map_err(|error| self.unfit(&error))
    }

    fn unfit(&self, error: &rustls::Error) -> TlsError {
        let (cert, key) = (self.cert.display(), self.key.display());
        match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => wrong(
                "tls.key",
                format!(
                    "{key} is not the key of the certificate in {cert}; name the two files that were made together"
                ),
            ),
            rustls::Error::InvalidCertificate(_) => wrong(
                "tls.cert",
                format!("the certificate in {cert} cannot be used: {error}"),
            ),
            other => wrong("tls.key", format!("the key in {key} cannot be used: {other}")),
        }
    }

    fn looks(&self) -> Looks {
        use std::os::unix::fs::MetadataExt;
        let one = |path: &Path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
        };
        Looks([one(&self.cert), one(&self.key)])
    }
}

fn read(field: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |error: std::io::Error| {
        let detail = format!(
            "{} cannot be read: {error}; the service's user must be able to (group frontdesk, mode 0640)",
            path.display()
        );
        wrong(field, detail)
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_FILE {
        let detail = format!(
            "{} is larger than {MAX_FILE} bytes; name the PEM file",
            path.display()
        );
        return Err(wrong(field, detail));
    }
    std::fs::read(path).map_err(unreadable)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The pair in use, and the way to a newer one.
pub struct Pair {
    files: PairFiles,
    current: ArcSwap<CertifiedKey>,
    seen: Mutex<Looks>,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Pair {
    /// Reads the first pair.
    ///
    /// # Errors
    /// See [`PairFiles::read`].
    pub fn load(files: PairFiles) -> Result<Self, TlsError> {
        let seen = files.looks();
        let current = ArcSwap::from_pointee(files.read()?);
        Ok(Self {
            files,
            current,
            seen: Mutex::new(seen),
        })
    }

    /// Whether the files look otherwise than when they were last read with success.
    pub fn is_stale(&self) -> bool {
        *self.seen.lock() != self.files.looks()
    }

    /// Takes what the files hold now; handshakes from here on use it, connections that stand are not touched.
    ///
    /// # Errors
    /// The new pair cannot be used; the old one stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        // Looked at before reading: a change in between is seen as one the next time.
        let looks = self.files.looks();
        self.current.store(Arc::new(self.files.read()?));
        *self.seen.lock() = looks;
        Ok(())
    }
}

impl ResolvesServerCert for Pair {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

/// How handshakes are made; certificates come from `resolver`. The server adds its own protocols to `protocols`.
///
/// # Errors
/// The cryptography lacks what TLS 1.2 and 1.3 need.
pub fn server_config(
    resolver: Arc<dyn ResolvesServerCert>,
    protocols: Vec<Vec<u8>>,
) -> Result<ServerConfig, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = protocols;
    Ok(config)
}
