//! Business accounts (WABAs) and their numbers: secrets, webhook targets, registration, templates.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};

use super::config::{NumberConfig, TemplateConfig};
use super::errors::GraphError;
use super::faults::FaultBox;
use super::graph::uploads::Picture;
use super::validate::digits;
use super::webhooks::Lane;
use crate::sandbox::rate::{Bucket, Rate};

/// Where webhooks go instead of the app's own URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Override {
    pub url: String,
}

/// Where 360dialog posts webhooks, and the headers that it was told to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Posting {
    pub url: String,
    pub headers: Vec<(String, String)>,
}

/// Where a webhook goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// To Meta's callback, signed with the app's secret.
    Signed(String),
    /// To 360dialog's, with headers in the place of a signature.
    Posted(Posting),
}

/// A template with the id that the provider gave it.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub id: u64,
    pub definition: TemplateConfig,
    pub rejected_reason: Option<String>,
    pub quality: &'static str,
}

#[derive(Debug, Default)]
pub(crate) struct WabaState {
    /// Empty: called after its number.
    pub name: String,
    /// Id and name of the portfolio that owns it.
    pub owner: (String, String),
    pub subscribed: bool,
    pub webhook: Option<Override>,
    /// 360dialog's for all numbers.
    pub posting: Option<Posting>,
    /// In order of creation.
    pub templates: Vec<Template>,
    /// Names of deleted approved templates, blocked for new ones.
    pub blocked_names: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Waba {
    pub id: String,
    pub state: Mutex<WabaState>,
}

#[derive(Debug)]
pub(crate) struct NumberState {
    pub registered: bool,
    /// Of two-step verification, once set.
    pub pin: Option<String>,
    /// The secret that webhooks are signed with, once a channel told another than the configured one.
    pub app_secret: Option<String>,
    /// It stays on the business's phone app (coexistence), which shares its chats or not.
    pub on_phone: Option<bool>,
    /// What of the phone app was asked for already.
    pub synced: BTreeSet<String>,
    /// When it was registered, in simulated milliseconds.
    pub registrations: Vec<i64>,
    pub webhook: Option<Override>,
    /// 360dialog's for this number.
    pub posting: Option<Posting>,
    /// The app's callback for this number.
    pub app_webhook: Option<String>,
    pub profile: Value,
    /// The profile's picture, and the how manieth it is.
    pub picture: Option<(u64, Picture)>,
    pub quality: &'static str,
    pub throughput: Bucket,
    /// Whom the business blocked: what they write does not arrive.
    pub blocked: BTreeSet<String>,
    /// Whether the cart and the catalogue show.
    pub shop: (bool, bool),
    /// Greeting, commands and prompts, as they were set.
    pub automation: Value,
}

#[derive(Debug)]
pub(crate) struct Number {
    pub config: NumberConfig,
    /// Digits of the display number.
    pub digits: String,
    pub waba: Arc<Waba>,
    pub state: Mutex<NumberState>,
    pub lanes: Vec<Arc<Lane>>,
    /// What goes wrong for this number alone.
    pub faults: FaultBox,
}

impl Number {
    pub(crate) fn rate(&self) -> Rate {
        let mps = self.config.throughput_mps.max(1);
        Rate {
            burst: mps,
            interval_us: 1_000_000 / u64::from(mps),
        }
    }

    /// Where a webhook goes. Whoever set one at 360dialog is reached through it: the number's before the account's.
    pub(crate) fn target(&self, account: bool) -> Option<Target> {
        let own = self.state.lock().posting.clone();
        let posting = own.or_else(|| self.waba.state.lock().posting.clone());
        let signed = || match account {
            true => self.app_target(),
            false => self.message_target(),
        };
        posting
            .map(Target::Posted)
            .or_else(|| signed().map(Target::Signed))
    }

    /// The secret that its webhooks are signed with.
    pub(crate) fn app_secret(&self) -> String {
        let own = self.state.lock().app_secret.clone();
        own.unwrap_or_else(|| self.config.app_secret.clone())
    }

    /// Target of message webhooks: number before WABA before app.
    pub(crate) fn message_target(&self) -> Option<String> {
        let state = self.state.lock();
        if let Some(own) = &state.webhook {
            return Some(own.url.clone());
        }
        let waba = self
            .waba
            .state
            .lock()
            .webhook
            .as_ref()
            .map(|webhook| webhook.url.clone());
        waba.or_else(|| state.app_webhook.clone())
    }

    /// Target of account and template webhooks: always the app.
    pub(crate) fn app_target(&self) -> Option<String> {
        self.state.lock().app_webhook.clone()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Accounts {
    numbers: RwLock<HashMap<String, Arc<Number>>>,
    wabas: RwLock<HashMap<String, Arc<Waba>>>,
}

impl Accounts {
    pub(crate) fn number(&self, id: &str) -> Option<Arc<Number>> {
        self.numbers.read().get(id).cloned()
    }

    pub(crate) fn waba(&self, id: &str) -> Option<Arc<Waba>> {
        self.wabas.read().get(id).cloned()
    }

    /// All numbers in order of their ids.
    pub(crate) fn numbers(&self) -> Vec<Arc<Number>> {
        let mut all: Vec<_> = self.numbers.read().values().cloned().collect();
        all.sort_by(|left, right| left.config.phone_number_id.cmp(&right.config.phone_number_id));
        all
    }

    pub(crate) fn numbers_of(&self, waba_id: &str) -> Vec<Arc<Number>> {
        self.numbers()
            .into_iter()
            .filter(|number| number.waba.id == waba_id)
            .collect()
    }

    /// The WABA, made if new.
    pub(crate) fn waba_or_new(&self, id: &str) -> Arc<Waba> {
        let mut wabas = self.wabas.write();
        let waba = wabas.entry(id.to_owned()).or_insert_with(|| {
            Arc::new(Waba {
                id: id.to_owned(),
                state: Mutex::new(WabaState::default()),
            })
        });
        Arc::clone(waba)
    }

    /// Adds a number. `None` when the id is taken.
    pub(crate) fn add(&self, config: NumberConfig, lanes: Vec<Arc<Lane>>) -> Option<Arc<Number>> {
        let waba = self.waba_or_new(&config.waba_id);
        let mut numbers = self.numbers.write();
        if numbers.contains_key(&config.phone_number_id) {
            return None;
        }
        let number = Arc::new(Number {
            digits: digits(&config.display_phone_number).unwrap_or_default(),
            state: Mutex::new(NumberState {
                registered: config.registered,
                pin: None,
                app_secret: None,
                on_phone: None,
                synced: BTreeSet::new(),
                registrations: Vec::new(),
                webhook: None,
                posting: None,
                app_webhook: config.webhook_url.clone(),
                profile: json!({"messaging_product": "whatsapp", "vertical": "UNDEFINED"}),
                picture: None,
                quality: "GREEN",
                throughput: Bucket::default(),
                blocked: BTreeSet::new(),
                shop: (true, true),
                automation: Value::Null,
            }),
            waba,
            lanes,
            faults: FaultBox::new(),
            config,
        });
        numbers.insert(number.config.phone_number_id.clone(), Arc::clone(&number));
        Some(number)
    }

    /// The number that a token belongs to.
    pub(crate) fn by_token(&self, token: &str) -> Option<Arc<Number>> {
        self.numbers
            .read()
            .values()
            .find(|number| number.config.access_token == token)
            .cloned()
    }
}

/// The template of a name and language that may be sent now.
pub(crate) fn sendable(waba: &Waba, name: &str, language: &str) -> Result<TemplateConfig, GraphError> {
    let state = waba.state.lock();
    let found = state.templates.iter().find(|template| {
        template.definition.name == name && same_language(&template.definition.language, language)
    });
    let missing = || {
        let (name, language): (String, String) = (
            name.chars().take(128).collect(),
            language.chars().take(16).collect(),
        );
        GraphError::with(
            132_001,
            format!("template name ({name}) does not exist in {language}"),
        )
    };
    let template = found.ok_or_else(missing)?;
    match template.definition.status.as_str() {
        "APPROVED" => Ok(template.definition.clone()),
        "PAUSED" => Err(GraphError::new(132_015)),
        "DISABLED" => Err(GraphError::new(132_016)),
        _ => Err(missing()),
    }
}

/// `en-US` and `en_US` are one language.
pub(crate) fn same_language(left: &str, right: &str) -> bool {
    left.replace('-', "_")
        .eq_ignore_ascii_case(&right.replace('-', "_"))
}
