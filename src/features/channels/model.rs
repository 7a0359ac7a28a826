//! Bodies that this feature takes, and how they change a channel. `Debug` is not derived on anything with secrets.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::actors::rotation::{DEFAULT_DAYS, MAX_DAYS, in_use, is_own_name, retire};
use crate::channels::{ChannelAccess, Check, FieldError, Provider, ProviderKind};
use crate::domain::{Channel, ChannelId, Timestamp};
use crate::http::views::PhraseView;
use crate::http::{ApiBody, check};

/// Most settings, and most secrets, of one channel.
const MAX_ENTRIES: usize = 32;
/// Longest name of a setting or secret, in characters.
const MAX_KEY: usize = 64;
/// Longest value, in bytes.
const MAX_VALUE: usize = 8 * 1024;

/// A new channel.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelBody {
    /// `whatsapp_cloud` or `sandbox`.
    #[schema(value_type = String)]
    pub provider: ProviderKind,
    /// What the team calls it, at most 100 characters.
    pub name: String,
    /// What the provider must know: `phone_number_id`, `waba_id`, `display_phone_number`, `api_base` …
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// `access_token`, `app_secret`, `verify_token`. They are never shown again.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
}

impl ApiBody for ChannelBody {
    fn check(&self) -> Result<(), FieldError> {
        check::name("name", &self.name)?;
        let some = |(name, value)| (name, Some(value));
        check_entries("settings", self.settings.iter().map(some))?;
        check_entries("secrets", self.secrets.iter().map(some))
    }
}

/// A change of a channel; what is left out stays as it is.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelPatch {
    /// At most 100 characters.
    name: Option<String>,
    /// Settings to set; `null` removes one.
    #[serde(default)]
    settings: BTreeMap<String, Option<String>>,
    /// Secrets to set; `null` removes one that the provider can do without.
    #[serde(default)]
    secrets: BTreeMap<String, Option<String>>,
    /// `true`: nothing goes out, messages still come in.
    paused: Option<bool>,
    /// How many days the secrets that are replaced by this are still accepted from the provider: 0 to 30, else 7.
    #[serde(default)]
    keep_previous_days: Option<u8>,
}

impl ApiBody for ChannelPatch {
    fn check(&self) -> Result<(), FieldError> {
        if let Some(name) = &self.name {
            check::name("name", name)?;
        }
        if self.keep_previous_days.is_some_and(|days| days > MAX_DAYS) {
            return Err(FieldError::new(
                "keep_previous_days",
                format!("At most {MAX_DAYS}."),
            ));
        }
        check_entries(
            "settings",
            self.settings.iter().map(|(name, v)| (name, v.as_ref())),
        )?;
        check_entries("secrets", self.secrets.iter().map(|(name, v)| (name, v.as_ref())))
    }
}

fn check_entries<'a>(
    group: &str,
    entries: impl ExactSizeIterator<Item = (&'a String, Option<&'a String>)>,
) -> Result<(), FieldError> {
    if entries.len() > MAX_ENTRIES {
        return Err(FieldError::new(group, format!("At most {MAX_ENTRIES} entries.")));
    }
    for (name, value) in entries {
        check::line(group, name, MAX_KEY)?;
        if group == "secrets" && is_own_name(name) {
            return Err(FieldError::new(format!("{group}.{name}"), "is not known."));
        }
        if value.is_some_and(|value| value.len() > MAX_VALUE) {
            let detail = format!("At most {MAX_VALUE} bytes.");
            return Err(FieldError::new(format!("{group}.{name}"), detail));
        }
    }
    Ok(())
}

/// What was pasted often brings blanks and line ends along.
fn trimmed(entries: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let trim = |(name, value): (String, String)| (name, value.trim().to_owned());
    entries.into_iter().map(trim).collect()
}

fn merge(into: &mut BTreeMap<String, String>, changes: BTreeMap<String, Option<String>>) {
    for (name, value) in changes {
        match value {
            Some(value) => into.insert(name, value.trim().to_owned()),
            None => into.remove(&name),
        };
    }
}

/// Asks the provider whether it could work with the channel.
pub(super) fn validate(provider: &dyn Provider, channel: &Channel) -> Result<(), FieldError> {
    let secret = |(name, value): (&String, &String)| (name.clone(), value.as_str().into());
    provider.validate(&ChannelAccess {
        webhook_url: String::new(),
        settings: channel.settings.clone(),
        secrets: in_use(channel).map(secret).collect(),
    })
}

impl ChannelBody {
    /// The record.
    pub(super) fn into_channel(self, id: ChannelId, now: Timestamp) -> Channel {
        Channel {
            id,
            provider: self.provider as u8,
            name: self.name.trim().to_owned(),
            settings: trimmed(self.settings),
            secrets: trimmed(self.secrets),
            paused: false,
            blocked: None,
            created_at: now,
            version: 1,
        }
    }
}

impl ChannelPatch {
    /// Makes the change. Other settings or secrets are a reason to try a blocked channel again.
    ///
    /// # Errors
    /// What the provider says of the result.
    pub(super) fn apply(
        self,
        channel: &mut Channel,
        provider: &dyn Provider,
        now: Timestamp,
    ) -> Result<(), FieldError> {
        let Self {
            name,
            settings,
            secrets,
            paused,
            keep_previous_days,
        } = self;
        if let Some(name) = name {
            channel.name = name.trim().to_owned();
        }
        if let Some(paused) = paused {
            channel.paused = paused;
        }
        if settings.is_empty() && secrets.is_empty() {
            return Ok(());
        }
        merge(&mut channel.settings, settings);
        let before = channel.secrets.clone();
        merge(&mut channel.secrets, secrets);
        let mut names = provider.signing_secrets().to_vec();
        names.push("verify_token");
        let days = keep_previous_days.unwrap_or(DEFAULT_DAYS);
        retire(&mut channel.secrets, &before, &names, days, now);
        channel.blocked = None;
        validate(provider, channel)
    }
}

/// One step of a connection test.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct CheckView {
    /// What was checked.
    pub name: &'static str,
    /// Whether it held.
    pub ok: bool,
    /// What was found, or what to do.
    pub detail: String,
    /// `detail` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail_phrase: Option<PhraseView>,
}

impl From<Check> for CheckView {
    fn from(Check { name, ok, detail }: Check) -> Self {
        Self {
            name,
            ok,
            detail_phrase: PhraseView::of(&detail),
            detail,
        }
    }
}

/// A connection test.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct TestView {
    /// Every step held.
    pub ok: bool,
    /// The steps, in order.
    pub checks: Vec<CheckView>,
}

impl TestView {
    pub(super) fn new(checks: Vec<CheckView>) -> Self {
        Self {
            ok: !checks.is_empty() && checks.iter().all(|check| check.ok),
            checks,
        }
    }
}
