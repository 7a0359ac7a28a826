//! How alerts leave the house: built from the configuration, run under supervision.

use actix_web::web::Data;
use anyhow::Context;

use crate::actors::House;
use crate::actors::delivery::{Delivery, DeliveryOptions, GuardedClient, MailOptions, MailTls, Mailer};
use crate::config::{Config, Smtp, SmtpTls};

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
