//! What looks beyond the house, run under supervision: alerts and news that leave it, providers' lists of templates that come
//! in.

use actix_web::web::Data;
use anyhow::Context;

use crate::actors::House;
use crate::actors::delivery::{Delivery, DeliveryOptions, GuardedClient, MailOptions, MailTls, Mailer};
use crate::actors::push::{Push, PushOptions};
use crate::config::{Config, Smtp, SmtpTls};
use crate::features::templates;

/// Starts telling alerts and news.
pub(super) async fn supervise(config: &Config, house: &Data<House>) -> anyhow::Result<(Delivery, Push)> {
    let mailer = config.smtp.as_ref().map(mailer).transpose()?;
    let client =
        GuardedClient::new(config.allow_private_webhooks).context("the HTTP client cannot be built")?;
    let options = DeliveryOptions {
        public_url: config.public_url.clone(),
        client: client.clone(),
        mailer,
    };
    let delivery = Delivery::new(house.core.clone(), options);
    let job = delivery.clone();
    house
        .supervise("alert delivery".into(), "reader", move |token| {
            job.clone().run(token)
        })
        .await;
    let push = Push::new(
        house.core.clone(),
        house.presence.clone(),
        PushOptions {
            client,
            contact: contact(&config.public_url),
            allow_plain: config.allow_private_webhooks,
        },
    );
    let job = push.clone();
    house
        .supervise("push".into(), "reader", move |token| job.clone().run(token))
        .await;
    Ok((delivery, push))
}

/// Where push services' operators reach the operator. Some take nothing but `https:` and `mailto:`, and without HTTPS no
/// browser subscribes anyway.
fn contact(public_url: &str) -> String {
    let host = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
    format!("https://{host}")
}

/// Starts following what providers say of templates.
pub(super) async fn supervise_templates(house: &House) {
    let core = house.core.clone();
    house
        .supervise("templates".into(), "reader", move |token| {
            templates::follow(core.clone(), token)
        })
        .await;
    let core = house.core.clone();
    house
        .supervise("template lists".into(), "poll", move |token| {
            templates::poll(core.clone(), token)
        })
        .await;
}

fn mailer(smtp: &Smtp) -> anyhow::Result<Mailer> {
    let options = MailOptions {
        host: smtp.host.clone(),
        port: smtp.port,
        login: smtp.login.clone(),
        from: smtp.from.clone(),
        tls: match smtp.tls {
            SmtpTls::Tls => MailTls::Implicit,
            SmtpTls::StartTls => MailTls::StartTls,
            SmtpTls::None => MailTls::None,
        },
    };
    Mailer::new(&options).map_err(|error| anyhow::anyhow!("{error}"))
}
