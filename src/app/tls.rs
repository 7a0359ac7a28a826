//! HTTPS of its own: built from the configuration, its certificates kept fresh under supervision.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use anyhow::Context;
use futures_util::StreamExt;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_acme::caches::DirCache;
use rustls_acme::{AcmeConfig, AcmeState};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::actors::House;
use crate::config::{Config, Tls};
use crate::web::tls::{Pair, PairFiles, server_config};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The protocol by which an authority asks whether we hold a name (RFC 8737).
const ACME_PROTOCOL: &[u8] = b"acme-tls/1";
const ALERT: &str = "tls_certificate";

type State = AcmeState<std::io::Error, std::io::Error>;

/// HTTPS, ready to be served.
pub(super) struct Https {
    /// For the server.
    pub server: ServerConfig,
    keeper: Keeper,
}

#[derive(Clone)]
enum Keeper {
    Files(Arc<Pair>, Arc<Notify>),
    Acme(Arc<Mutex<State>>),
}

/// What the configuration asks for, if it asks for HTTPS.
///
/// # Errors
/// Names the option that is wrong and the remedy.
pub(super) fn build(config: &Config, reload: &Arc<Notify>) -> anyhow::Result<Option<Https>> {
    match &config.tls {
        None => Ok(None),
        Some(Tls::Files { cert, key }) => files(cert, key, reload.clone()).map(Some),
        Some(acme @ Tls::Acme { .. }) => fetched(acme, &config.data).map(Some),
    }
}

/// Whether the certificate files can be used; for the doctor.
///
/// # Errors
/// Names the option that is wrong and the remedy.
pub fn check_certificate(config: &Config) -> anyhow::Result<&'static str> {
    match &config.tls {
        None => Ok("plain HTTP; a proxy must speak HTTPS"),
        Some(Tls::Files { cert, key }) => {
            let (cert, key) = (cert.clone(), key.clone());
            PairFiles { cert, key }.read()?;
            Ok("certificate and key belong together")
        }
        Some(Tls::Acme { ca_file, .. }) => {
            ca_file.as_deref().map(roots).transpose()?;
            match config.listen.port() {
                443 => Ok("by ACME"),
                _ => Ok("by ACME; the authority asks on port 443, which must lead to the listening address"),
            }
        }
    }
}

fn files(cert: &Path, key: &Path, reload: Arc<Notify>) -> anyhow::Result<Https> {
    let (cert, key) = (cert.to_owned(), key.to_owned());
    let pair = Arc::new(Pair::load(PairFiles { cert, key })?);
    Ok(Https {
        server: server_config(pair.clone(), Vec::new())?,
        keeper: Keeper::Files(pair, reload),
    })
}

fn fetched(tls: &Tls, data: &Path) -> anyhow::Result<Https> {
    let Tls::Acme {
        domains,
        contact,
        directory,
        ca_file,
    } = tls
    else {
        anyhow::bail!("tls.acme: is missing");
    };
    let folder = data.join("acme");
    // It holds private keys.
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder);
    made.with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut config = AcmeConfig::new(domains)
        .contact_push(format!("mailto:{contact}"))
        .directory(directory)
        .cache(DirCache::new(folder));
    if let Some(file) = ca_file {
        config = config.client_tls_config(Arc::new(roots(file)?));
    }
    let state = config.state();
    Ok(Https {
        server: server_config(state.resolver(), vec![ACME_PROTOCOL.to_vec()])?,
        keeper: Keeper::Acme(Arc::new(Mutex::new(state))),
    })
}

/// Trusts the authorities of a PEM file and no others.
fn roots(file: &Path) -> anyhow::Result<rustls::ClientConfig> {
    let unusable = || format!("tls.acme.ca_file: {} holds no certificate in PEM", file.display());
    let mut store = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).with_context(unusable)? {
        store
            .add(certificate.with_context(unusable)?)
            .with_context(unusable)?;
    }
    anyhow::ensure!(!store.is_empty(), unusable());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

impl Https {
    /// Starts what keeps its certificates fresh, and gives what the server needs.
    pub(super) async fn supervise(self, house: &Data<House>) -> ServerConfig {
        let (machinery, keeper) = (house.clone(), self.keeper);
        house
            .supervise("certificates".into(), "tls", move |token| {
                keep(keeper.clone(), machinery.clone(), token)
            })
            .await;
        self.server
    }
}

async fn keep(keeper: Keeper, house: Data<House>, token: CancellationToken) {
    match keeper {
        Keeper::Files(pair, reload) => watch(&pair, &reload, &house, &token).await,
        Keeper::Acme(state) => renew(&state, &house, &token).await,
    }
}

/// Reads the files again when they change or when someone asks. A pair is two files: one that does not fit may be half
/// written, so an alert is raised only if it still does not the next time, or if someone asked.
async fn watch(pair: &Pair, reload: &Notify, house: &House, token: &CancellationToken) {
    let mut failed_before = false;
    loop {
        let asked = tokio::select! {
            () = token.cancelled() => return,
            () = reload.notified() => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        if !asked && !pair.is_stale() {
            continue;
        }
        match pair.reload() {
            Ok(()) => {
                tracing::info!("the TLS certificate was read anew");
                house.alerts.clear_for_operators(ALERT).await;
                failed_before = false;
            }
            Err(error) => {
                tracing::error!(%error, "the new TLS certificate cannot be used; the old one stays");
                if asked || failed_before {
                    let detail = format!("{error}. The old certificate stays in use.");
                    house.alerts.raise_for_operators(ALERT, &detail).await;
                }
                failed_before = true;
            }
        }
    }
}

/// Fetches and renews; the library waits and tries again by itself.
async fn renew(state: &Mutex<State>, house: &House, token: &CancellationToken) {
    let mut state = state.lock().await;
    loop {
        let event = tokio::select! {
            () = token.cancelled() => return,
            event = state.next() => event,
        };
        match event {
            Some(Ok(done)) => {
                tracing::info!(event = ?done, "ACME");
                house.alerts.clear_for_operators(ALERT).await;
            }
            Some(Err(error)) => {
                tracing::error!(%error, "ACME: no certificate yet, tried again");
                let detail = format!("No certificate could be fetched: {error}. It is tried again.");
                house.alerts.raise_for_operators(ALERT, &detail).await;
            }
            None => return token.cancelled().await,
        }
    }
}
