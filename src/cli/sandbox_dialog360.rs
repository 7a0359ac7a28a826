//! `frontdesk sandbox --provider dialog360`: the WhatsApp number as 360dialog offers it, for whoever writes or tests a client of
//! 360dialog. It is the same simulator; what differs is how one reaches it and how its webhooks come.

use anyhow::Context;

use super::sandbox::SandboxOptions;
use crate::sandbox::Simulator;

/// Has the number's webhooks posted as 360dialog does, without Meta's signature: by the call that a client makes for it.
pub(super) async fn begin(simulator: &Simulator, options: &SandboxOptions) -> anyhow::Result<()> {
    anyhow::ensure!(
        !options.verify,
        "--verify: 360dialog does no verification handshake"
    );
    let base = simulator.base_url();
    println!("360dialog's API is played on {base}");
    println!("Send to {base}/messages with the header D360-API-KEY");
    let Some(url) = &options.webhook_url else {
        println!("Webhooks go where POST {base}/v1/configs/webhook says");
        return Ok(());
    };
    // The program's one crypto provider; a second call finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client
        .post(format!("{base}/v1/configs/webhook"))
        .header("D360-API-KEY", &options.access_token)
        .json(&serde_json::json!({ "url": url }))
        .send()
        .await
        .and_then(reqwest::Response::error_for_status);
    answer.context("--webhook-url: webhooks cannot be sent there")?;
    Ok(())
}
