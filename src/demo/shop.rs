//! What the shop has besides its conversations: channels, colleagues, templates, snippets, saved views, prices. Written into
//! the store before anything starts, each by the feature that owns it.

use anyhow::Context;
use serde_json::json;

use super::history::{DAY, Teller};
use super::story::{Line, Shop, TemplateStory};
use crate::actors::core::new_trace;
use crate::actors::standing::{PriceSettings, RateSetting};
use crate::channels::ProviderKind;
use crate::domain::account::Role;
use crate::domain::billing::{Category, day_of};
use crate::domain::template::{Quality, State};
use crate::domain::{Channel, ChannelId, UserId};
use crate::features::accounts::{NewPerson, PasswordHasher, add_people};
use crate::features::templates::Planted;
use crate::features::{inbox, snippets, templates};

/// Days since the shop has been there.
const AGE: i64 = 60;
/// Days since its templates have been there.
const TEMPLATE_AGE: i64 = 40;

impl Teller {
    /// Opens the channel of a line.
    pub(super) async fn open_channel(&self, line: Line, number: &str) -> anyhow::Result<ChannelId> {
        let (kind, name, settings, secrets) = ways(line, number);
        let text = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        let channel = Channel {
            id: ChannelId::from_uuid(uuid::Uuid::now_v7()),
            provider: kind as u8,
            name: name.into(),
            settings: text(&settings),
            secrets: text(&secrets),
            paused: false,
            blocked: None,
            created_at: self.now().plus(-AGE * DAY),
            version: 1,
        };
        let added = self
            .core
            .registry
            .add(self.workspace, channel, self.now(), new_trace());
        Ok(added.await?.channel.id)
    }

    /// Adds the colleagues; answers their ids by their short names.
    pub(super) async fn hire(&self, shop: &Shop) -> anyhow::Result<Vec<(String, UserId)>> {
        let hasher = PasswordHasher::new().map_err(|error| anyhow::anyhow!("{error}"))?;
        let people = shop.people.iter().map(|person| {
            let new = NewPerson {
                name: person.name.clone(),
                email: format!("{}@demo.example", person.id),
                password: super::OWNER_PASSWORD.into(),
            };
            (new, Role::Agent)
        });
        let at = self.now().plus(-AGE * DAY);
        let (store, people) = (&self.core.store, people.collect());
        let ids = add_people(store, &hasher, self.workspace, people, at, new_trace())
            .await
            .map_err(|error| anyhow::anyhow!("a colleague: {error}"))?;
        let names = shop.people.iter().map(|person| person.id.clone());
        Ok(names.zip(ids).collect())
    }

    /// Writes templates with their histories, snippets, views and prices.
    pub(super) async fn furnish(&self, shop: &Shop, channel: ChannelId) -> anyhow::Result<()> {
        let real_now = self.now();
        for template in &shop.templates {
            self.template(channel, template)
                .await
                .with_context(|| format!("template {}", template.name))?;
        }
        self.set_clock(real_now);
        let store = &self.core.store;
        let told = |error| anyhow::anyhow!("{error}");
        for snippet in &shop.snippets {
            snippets::plant(store, self.workspace, &snippet.name, &snippet.text)
                .await
                .map_err(told)?;
        }
        for (place, view) in (0..).zip(&shop.views) {
            inbox::plant_view(store, self.workspace, self.owner, place, view)
                .await
                .map_err(told)?;
        }
        let prices = self.prices(shop)?;
        let kept = self.core.keep_price_settings(self.workspace, &prices);
        kept.await.context("the prices")
    }

    async fn template(&self, channel: ChannelId, story: &TemplateStory) -> anyhow::Result<()> {
        let entry = self.core.registry.find(self.workspace, channel);
        let entry = entry.context("the channel is not there")?;
        let word = |name: &str| serde_json::Value::from(name);
        let state: State = serde_json::from_value(word(&story.state)).context("state")?;
        let quality = match state {
            State::Approved => Quality::Green,
            State::Paused => Quality::Red,
            _ => Quality::Unknown,
        };
        let at = crate::clock::Clock::System.now();
        let at = match state {
            State::Draft | State::InReview => at.plus(-DAY / 6),
            _ => at.plus(-TEMPLATE_AGE * DAY),
        };
        self.set_clock(at);
        let planted = Planted {
            name: &story.name,
            language: &story.language,
            state,
            quality,
            reason: story.reason.as_deref(),
            owner: self.owner,
            at,
        };
        let done = templates::plant(&self.core, &entry, &planted).await;
        done.map(drop).map_err(|error| anyhow::anyhow!("{error}"))
    }

    fn prices(&self, shop: &Shop) -> anyhow::Result<PriceSettings> {
        let from_day = day_of(self.now().plus(-AGE * DAY));
        let rates = shop.prices.iter().map(|price| {
            let category: Category = serde_json::from_value(json!(price.category)).context("category")?;
            Ok(RateSetting {
                category,
                country: price.country.clone(),
                from_day,
                price: price.millionths,
            })
        });
        Ok(PriceSettings {
            currency: shop.currency.clone(),
            rates: rates.collect::<anyhow::Result<_>>()?,
            budget: Some(shop.budget_millionths),
            ..PriceSettings::default()
        })
    }
}

type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// Kind, name, settings and secrets of a line. The secrets guard nothing: only the simulator in this program knows them.
fn ways<'a>(line: Line, number: &'a str) -> (ProviderKind, &'a str, Pairs<'a>, Pairs<'a>) {
    let graph = vec![
        ("access_token", "sandbox-access-token"),
        ("app_secret", "sandbox-app-secret"),
        ("verify_token", "sandbox-verify-token"),
    ];
    match line {
        Line::Whatsapp => {
            let settings = vec![
                ("phone_number_id", "100000000000001"),
                ("waba_id", "100000000000002"),
                ("display_phone_number", number),
            ];
            (ProviderKind::Sandbox, "WhatsApp (sandbox)", settings, graph)
        }
        Line::Instagram => {
            let settings = vec![
                ("ig_id", "17841400000000001"),
                ("page_id", "100000000000003"),
                ("username", number),
            ];
            (
                ProviderKind::SandboxInstagram,
                "Instagram (sandbox)",
                settings,
                graph,
            )
        }
        Line::Sms => {
            let settings = vec![
                ("account_sid", "AC00000000000000000000000000000001"),
                ("from", number),
                ("rate_per_s", "20"),
            ];
            let secrets = vec![("auth_token", "0123456789abcdef0123456789abcdef")];
            (ProviderKind::SandboxSms, "SMS (sandbox)", settings, secrets)
        }
    }
}
