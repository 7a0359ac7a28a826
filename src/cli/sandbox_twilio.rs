//! `frontdesk sandbox --provider twilio`: Twilio's simulator alone, for whoever writes or tests a client of Twilio.

use anyhow::Context;

use super::sandbox::SandboxOptions;
use super::serve::wait_for_stop;
use crate::sandbox::{SenderConfig, TwilioConfig, TwilioSimulator};

/// Runs the simulator until it is told to stop.
pub(super) async fn run(options: &SandboxOptions) -> anyhow::Result<()> {
    let config = TwilioConfig {
        listen: options.listen,
        time_scale: options.time_scale,
        control: true,
        ..TwilioConfig::default()
    };
    let simulator = TwilioSimulator::start(config)
        .with_context(|| format!("--listen: {} cannot be listened on", options.listen))?;
    for address in [options.phone.clone(), format!("whatsapp:{}", options.phone)] {
        let mut sender = SenderConfig::new(&options.account_sid, &options.access_token, &address);
        sender.webhook_url.clone_from(&options.webhook_url);
        simulator
            .add_sender(sender)
            .map_err(|error| anyhow::anyhow!("{address} cannot be played: {error}"))?;
    }
    let (base, account) = (simulator.base_url(), &options.account_sid);
    println!("Twilio's API is played on {base}");
    println!(
        "Send to {base}/2010-04-01/Accounts/{account}/Messages.json from {}",
        options.phone
    );
    println!(
        "Let a customer write: curl {base}/_sandbox/say -d '{{\"line\":\"{account}/{}\",\"customer\":{{\"wa_id\":\"14155550123\"}},\
         \"message\":{{\"type\":\"text\",\"text\":{{\"body\":\"Hello\"}}}}}}'",
        options.phone
    );
    wait_for_stop().await?;
    simulator.stop().await;
    Ok(())
}
