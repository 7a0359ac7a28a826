//! What looks beyond the house, run under supervision: alerts that leave it, providers' lists of templates that come in.

use actix_web::web::Data;
use anyhow::Context;

use crate::actors::House;
use crate::actors::delivery::{Delivery, DeliveryOptions, GuardedClient, MailOptions, MailTls, Mailer};
use crate::config::{Config, Smtp, SmtpTls};
use crate::features::templates;

/// Starts telling alerts.
pub(super) async fn supervise(config: &Config, house: &Data<House>) -> anyhow::Result<Delivery> {
    let mailer = config.smtp.as_ref().map(mailer).transpose()?;
    let client =
        GuardedClient::new(config.allow_private_webhooks).context("the HTTP client cannot be built")?;
    let options = DeliveryOptions {
        public_url: config.public_url.clone(),
        client,
        mailer,
    };
    let delivery = Delivery::new(house.core.clone(), options);
    let job = delivery.clone();
    house
        .supervise("alert delivery".into(), "reader", move |token| {
            job.clone().run(token)
        })
        .await;
    Ok(delivery)
}

/// Starts following what providers say of templates.
pub(super) async fn supervise_templates(house: &Data<House>) {
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
