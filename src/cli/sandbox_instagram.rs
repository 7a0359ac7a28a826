//! `frontdesk sandbox --provider instagram`: Instagram's simulator alone, for whoever writes or tests a client of it.

use anyhow::Context;

use super::sandbox::SandboxOptions;
use super::serve::wait_for_stop;
use crate::sandbox::{InstagramAccount, InstagramConfig, InstagramSimulator};

/// Runs the simulator until it is told to stop.
pub(super) async fn run(options: &SandboxOptions) -> anyhow::Result<()> {
    let config = InstagramConfig {
        listen: options.listen,
        time_scale: options.time_scale,
        control: true,
        ..InstagramConfig::default()
    };
    let simulator = InstagramSimulator::start(config)
        .with_context(|| format!("--listen: {} cannot be listened on", options.listen))?;
    simulator
        .add_account(account(options))
        .map_err(|error| anyhow::anyhow!("the account cannot be played: {error}"))?;
    announce(&simulator, options);
    if options.verify {
        let verified = simulator.verify_webhook(&options.ig_id).await;
        verified.context("--verify: the receiver did not pass the verification handshake")?;
        println!("The receiver passed the verification handshake.");
    }
    wait_for_stop().await?;
    simulator.stop().await;
    Ok(())
}

fn account(options: &SandboxOptions) -> InstagramAccount {
    InstagramAccount {
        ig_id: options.ig_id.clone(),
        page_id: options.page_id.clone(),
        username: options.username.clone(),
        name: options.username.clone(),
        access_token: options.access_token.clone(),
        app_secret: options.app_secret.clone(),
        verify_token: options.verify_token.clone(),
        webhook_url: options.webhook_url.clone(),
    }
}

fn announce(simulator: &InstagramSimulator, options: &SandboxOptions) {
    let (base, account, page) = (simulator.base_url(), &options.ig_id, &options.page_id);
    println!("Instagram's API is played on {base}, as graph.instagram.com and graph.facebook.com have it");
    println!(
        "Send to {base}/v25.0/{account}/messages (Instagram login) or {base}/v25.0/{page}/messages (Facebook login)"
    );
    println!(
        "Let a customer write: curl {base}/_sandbox/say -d '{{\"ig_id\":\"{account}\",\"customer\":{{\"id\":\"990001234567\",\
         \"name\":\"Amina\"}},\"action\":{{\"type\":\"text\",\"text\":\"Habari\"}}}}'"
    );
}
