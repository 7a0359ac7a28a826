//! Frontdesk.

use clap::Parser;

fn main() -> anyhow::Result<()> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("the cryptography provider was installed before"))?;
    frontdesk::cli::Cli::parse().run()
}
