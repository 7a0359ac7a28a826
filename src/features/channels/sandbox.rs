//! A sandbox channel needs no account anywhere: what is not said is made up here, and the simulator plays the number.

use super::model::ChannelBody;
use crate::channels::ProviderKind;
use crate::http::{ApiResult, Secret};

/// Gives a channel what can be made up for it: a sandbox everything that it does not say of itself, others secrets of ours.
///
/// # Errors
/// The operating system gives no random bytes.
pub(super) fn furnish(body: &mut ChannelBody) -> ApiResult<()> {
    match body.provider {
        ProviderKind::Sandbox => furnish_whatsapp(body),
        ProviderKind::SandboxInstagram => furnish_instagram(body),
        ProviderKind::SandboxSms => furnish_sms(body),
        ProviderKind::Dialog360 => {
            // Ours alone: 360dialog is told it and sends it back with each webhook.
            let secret = Secret::generate("d360_")?;
            let missing = body.secrets.entry("webhook_secret".to_owned());
            missing.or_insert_with(|| secret.reveal().to_owned());
            Ok(())
        }
        _ => Ok(()),
    }
}

fn furnish_sms(body: &mut ChannelBody) -> ApiResult<()> {
    let token = hex32()?;
    let settings = [
        ("account_sid", format!("AC{}", hex32()?)),
        ("from", format!("+1555{}", digits(7)?)),
        ("rate_per_s", "20".to_owned()),
    ];
    for (name, value) in settings {
        body.settings.entry(name.to_owned()).or_insert(value);
    }
    body.secrets.entry("auth_token".to_owned()).or_insert(token);
    Ok(())
}

/// 32 random hexadecimal digits, as Twilio's ids and tokens have.
fn hex32() -> ApiResult<String> {
    let secret = Secret::generate("")?;
    Ok(secret
        .hash()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Gives a sandbox channel that plays WhatsApp whatever it does not say of itself.
///
/// # Errors
/// The operating system gives no random bytes.
fn furnish_whatsapp(body: &mut ChannelBody) -> ApiResult<()> {
    let (number, account) = (digits(15)?, digits(15)?);
    let phone = format!("+1555{}", digits(7)?);
    for (name, value) in [
        ("phone_number_id", number),
        ("waba_id", account),
        ("display_phone_number", phone),
    ] {
        body.settings.entry(name.to_owned()).or_insert(value);
    }
    furnish_secrets(body)
}

/// The same for an Instagram account.
///
/// # Errors
/// The operating system gives no random bytes.
fn furnish_instagram(body: &mut ChannelBody) -> ApiResult<()> {
    let (account, page) = (format!("1784{}", digits(13)?), digits(15)?);
    for (name, value) in [
        ("ig_id", account),
        ("page_id", page),
        ("username", "sandbox.shop".to_owned()),
    ] {
        body.settings.entry(name.to_owned()).or_insert(value);
    }
    furnish_secrets(body)
}

fn furnish_secrets(body: &mut ChannelBody) -> ApiResult<()> {
    for name in ["access_token", "app_secret", "verify_token"] {
        let secret = Secret::generate("sandbox_")?;
        let missing = body.secrets.entry(name.to_owned());
        missing.or_insert_with(|| secret.reveal().to_owned());
    }
    Ok(())
}

/// So many random digits, the first of them not zero.
fn digits(count: usize) -> ApiResult<String> {
    let secret = Secret::generate("")?;
    let digit = |(place, byte): (usize, &u8)| match place {
        0 => char::from(b'1' + byte % 9),
        _ => char::from(b'0' + byte % 10),
    };
    Ok(secret.hash().iter().take(count).enumerate().map(digit).collect())
}
