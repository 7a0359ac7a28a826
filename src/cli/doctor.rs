//! `frontdesk doctor`: looks at everything that could keep it from running, and says what to do about it.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::actors::Registry;
use crate::actors::registry::Surroundings;
use crate::app::{check_certificate, open_search, open_store, providers};
use crate::config::{Config, Options};
use crate::storage::verify;

/// Below this much free space nothing is written.
const ENOUGH_SPACE: u64 = 1 << 30;
/// How long the examination of one channel may take.
const EXAMINATION: std::time::Duration = std::time::Duration::from_secs(60);

struct Findings(bool);

impl Findings {
    fn good(&self, what: &str, detail: &str) {
        println!("ok    {what}: {detail}");
    }

    fn bad(&mut self, what: &str, detail: &str) {
        println!("BAD   {what}: {detail}");
        self.0 = false;
    }
}

/// Carries it out.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let mut findings = Findings(true);
    let config = Config::load(options)?;
    findings.good("configuration", "can be used");
    check_directory(&mut findings, &config.data);
    match check_certificate(&config) {
        Ok(detail) => findings.good("HTTPS", detail),
        Err(error) => findings.bad("HTTPS", &format!("{error:#}")),
    }
    let running = check_address(&mut findings, &config);
    if config.data.exists() && !running {
        check_store(&mut findings, &config);
    }
    anyhow::ensure!(findings.0, "something needs attention, see above");
    Ok(())
}

fn check_directory(findings: &mut Findings, data: &Path) {
    let Ok(metadata) = std::fs::metadata(data) else {
        return findings.good("data", "does not exist yet; it is made at the first start");
    };
    let open_to_others = metadata.mode() & 0o007 != 0;
    match (metadata.is_dir(), open_to_others) {
        (false, _) => findings.bad("data", &format!("{} is not a directory", data.display())),
        (true, true) => findings.bad(
            "data",
            &format!("others can enter {}; run chmod 700 on it", data.display()),
        ),
        (true, false) => findings.good("data", &data.display().to_string()),
    }
    match crate::storage::free_bytes(data) {
        Ok(free) if free < ENOUGH_SPACE => {
            findings.bad("disk", &format!("only {} MB are free; make room", free >> 20));
        }
        Ok(free) => findings.good("disk", &format!("{} MB are free", free >> 20)),
        Err(error) => findings.bad("disk", &error.to_string()),
    }
}

/// Answers whether something listens already.
fn check_address(findings: &mut Findings, config: &Config) -> bool {
    let taken = TcpListener::bind(config.listen).is_err();
    match taken {
        true => findings.good(
            "address",
            &format!(
                "{} is in use: the program runs, or another one does",
                config.listen
            ),
        ),
        false => findings.good("address", &format!("{} is free", config.listen)),
    }
    taken
}

fn check_store(findings: &mut Findings, config: &Config) {
    let store = match open_store(config, None) {
        Ok(store) => store,
        Err(error) => return findings.bad("store", &format!("{error:#}")),
    };
    match verify::verify(&store, verify::Options::default()) {
        Ok(report) if report.is_sound() => findings.good("store", "every table and index agrees"),
        Ok(report) => findings.bad(
            "store",
            &format!("{} problems; frontdesk verify --repair\n{report}", report.found),
        ),
        Err(error) => findings.bad("store", &error.to_string()),
    }
    check_channels(findings, config, &store);
    match open_search(config) {
        Ok(index) => findings.good("search", &format!("{} documents", index.documents())),
        Err(error) => findings.bad("search", &format!("{error:#}; frontdesk reindex")),
    }
    store.close();
}

/// Asks the providers of all channels why nothing might arrive. Only while the program is stopped: a running one is asked on
/// the channel's page.
fn check_channels(findings: &mut Findings, config: &Config, store: &crate::storage::Store) {
    let around = Surroundings {
        public_url: config.public_url.clone(),
        ..Surroundings::default()
    };
    let registry = match Registry::load(store.clone(), providers(), around) {
        Ok(registry) => registry,
        Err(error) => return findings.bad("channels", &error.to_string()),
    };
    let asked = || -> anyhow::Result<_> {
        let http = crate::channels::http::http_client()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok((http, runtime))
    };
    let (http, runtime) = match asked() {
        Ok(asked) => asked,
        Err(error) => return findings.bad("channels", &error.to_string()),
    };
    for entry in registry.all().iter().filter(|entry| !entry.kind.is_sandbox()) {
        let Some(provider) = providers().remove(&entry.kind) else {
            continue;
        };
        let url = entry.access.webhook_url.clone();
        let diagnosis = async {
            let examine = provider.diagnose(&http, &entry.access, &url);
            tokio::time::timeout(EXAMINATION, examine).await
        };
        let Ok(checks) = runtime.block_on(diagnosis) else {
            findings.bad(&entry.channel.name, "the provider does not answer in time");
            continue;
        };
        for check in checks {
            let what = format!("{} {}", entry.channel.name, check.name);
            match check.ok {
                true => findings.good(&what, &check.detail),
                false => findings.bad(&what, &check.detail),
            }
        }
    }
}
