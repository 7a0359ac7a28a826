//! Embedded sign-up: the app to which businesses log in, what they own, and the tokens that logins gave.
//!
//! Owns codes and tokens. The dialog and the calls are the Graph API's. Bounded: the oldest codes and tokens leave first.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::Simulator;
use super::config::NumberConfig;
use super::errors::GraphError;
use super::refusal::SandboxError;
use super::state::Shared;
use crate::sandbox::encoding::hex;

/// How long a code works.
const CODE_MS: i64 = 30_000;
/// What a lengthened token lives.
pub(crate) const LONG_MS: i64 = 60 * 24 * 3_600_000;
/// Codes, and tokens, that are kept.
const KEPT: usize = 1_000;
/// What people can agree to.
pub(crate) const RIGHTS: [&str; 3] = [
    "whatsapp_business_management",
    "whatsapp_business_messaging",
    "business_management",
];

/// A number that can be signed up.
#[derive(Debug, Clone)]
pub struct SignupNumber {
    /// The number; its token is of no use to who signs up.
    pub number: NumberConfig,
    /// What its account is called.
    pub account: String,
    /// The PIN that its two-step verification has already.
    pub pin: Option<String>,
    /// It stays on the business's phone app, which shares its chats or not.
    pub on_phone: Option<bool>,
}

/// The app to which businesses log in, and the business that does.
#[derive(Debug, Clone, Default)]
pub struct SignupConfig {
    pub app_id: String,
    pub app_secret: String,
    /// The portfolio that owns the accounts.
    pub business_id: String,
    pub business: String,
    pub numbers: Vec<SignupNumber>,
}

/// What a business agreed to.
#[derive(Debug, Clone)]
pub(crate) struct Granted {
    pub wabas: BTreeSet<String>,
    pub rights: Vec<String>,
    /// 0: never.
    pub expires_ms: i64,
    pub issued_ms: i64,
}

impl Granted {
    pub(crate) fn reaches(&self, waba: &str) -> bool {
        self.wabas.contains(waba)
    }
}

struct Code {
    text: String,
    redirect_uri: String,
    made_ms: i64,
    used: bool,
    granted: Granted,
}

/// The state of sign-ups.
#[derive(Default)]
pub(crate) struct Signups {
    config: Mutex<Option<SignupConfig>>,
    codes: Mutex<VecDeque<Code>>,
    tokens: Mutex<VecDeque<(String, Granted)>>,
}

fn push<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() >= KEPT {
        list.pop_front();
    }
    list.push_back(item);
}

/// A word that nobody guesses.
pub(crate) fn word(prefix: &str) -> Option<String> {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{prefix}{}", hex(&bytes)))
}

fn oauth(code: u32, subcode: Option<u32>, message: &str) -> GraphError {
    GraphError::oauth(code, subcode, message)
}

impl Signups {
    pub(crate) fn config(&self) -> Option<SignupConfig> {
        self.config.lock().clone()
    }

    pub(crate) fn set(&self, config: SignupConfig) {
        *self.config.lock() = Some(config);
    }

    /// A code for what was agreed to; `late` makes one that has expired already.
    pub(crate) fn code(
        &self,
        shared: &Shared,
        redirect_uri: &str,
        granted: Granted,
        late: bool,
    ) -> Option<String> {
        let text = word("AQ")?;
        let made_ms = shared.clock.now_ms() - if late { CODE_MS + 1 } else { 0 };
        let code = Code {
            text: text.clone(),
            redirect_uri: redirect_uri.to_owned(),
            made_ms,
            used: false,
            granted,
        };
        push(&mut self.codes.lock(), code);
        Some(text)
    }

    /// What a token may do, unless it has expired.
    pub(crate) fn granted(&self, shared: &Shared, token: &str) -> Option<Granted> {
        let tokens = self.tokens.lock();
        let (_, granted) = tokens.iter().find(|(text, _)| text == token)?;
        let alive = granted.expires_ms == 0 || granted.expires_ms > shared.clock.now_ms();
        alive.then(|| granted.clone())
    }

    /// Makes a token known that an earlier run gave.
    pub(crate) fn know(&self, token: &str, waba: &str) {
        let mut tokens = self.tokens.lock();
        if tokens.iter().any(|(text, _)| text == token) {
            return;
        }
        let granted = Granted {
            wabas: BTreeSet::from([waba.to_owned()]),
            rights: RIGHTS.map(str::to_owned).to_vec(),
            expires_ms: 0,
            issued_ms: 0,
        };
        push(&mut tokens, (token.to_owned(), granted));
    }

    fn give(&self, granted: Granted, life: Option<Duration>) -> Result<Value, GraphError> {
        let text = word("EAAJ").ok_or_else(|| GraphError::new(131_000))?;
        push(&mut self.tokens.lock(), (text.clone(), granted));
        let mut answer = json!({"access_token": text, "token_type": "bearer"});
        if let Some(life) = life {
            answer["expires_in"] = life.as_secs().into();
        }
        Ok(answer)
    }

    /// Whether this is the app that people log in to.
    pub(crate) fn check_app(&self, id: &str, secret: &str) -> Result<(), GraphError> {
        match &*self.config.lock() {
            Some(app) if app.app_id != id => Err(oauth(
                101,
                None,
                "Error validating application. Cannot get application info due to a system error.",
            )),
            Some(app) if app.app_secret != secret => Err(oauth(1, None, "Error validating client secret.")),
            Some(_) => Ok(()),
            None => Err(oauth(
                101,
                None,
                "Error validating application. Application does not exist.",
            )),
        }
    }

    /// A code for a token: once, within 30 s, for the redirect address that it was made for.
    pub(crate) fn exchange(
        &self,
        shared: &Shared,
        code: &str,
        redirect_uri: &str,
    ) -> Result<Value, GraphError> {
        let now = shared.clock.now_ms();
        let mut codes = self.codes.lock();
        let invalid = || oauth(100, None, "Invalid verification code format.");
        let found = codes
            .iter_mut()
            .find(|known| known.text == code)
            .ok_or_else(invalid)?;
        if found.used {
            return Err(oauth(100, Some(36_009), "This authorization code has been used."));
        }
        if now - found.made_ms > CODE_MS {
            return Err(oauth(100, Some(36_007), "This authorization code has expired."));
        }
        if found.redirect_uri != redirect_uri {
            let message = "Error validating verification code. Please make sure your redirect_uri is identical to the \
                           one you used in the OAuth dialog request";
            return Err(oauth(100, Some(36_008), message));
        }
        found.used = true;
        let granted = found.granted.clone();
        drop(codes);
        let life = (granted.expires_ms > 0)
            .then(|| u64::try_from(granted.expires_ms - now).ok())
            .flatten();
        self.give(granted, life.map(Duration::from_millis))
    }

    /// Another sixty days for a token that still works.
    pub(crate) fn lengthen(&self, shared: &Shared, token: &str) -> Result<Value, GraphError> {
        let granted = self
            .granted(shared, token)
            .ok_or_else(GraphError::token_invalid)?;
        let granted = Granted {
            expires_ms: shared.clock.now_ms() + LONG_MS,
            ..granted
        };
        self.give(granted, u64::try_from(LONG_MS).ok().map(Duration::from_millis))
    }
}

impl Simulator {
    /// Lets businesses log in to an app and connect these numbers. Numbers that are known already stay as they are.
    ///
    /// # Errors
    /// As [`Self::add_number`].
    pub fn offer_signup(&self, config: SignupConfig) -> Result<(), SandboxError> {
        for each in &config.numbers {
            match self.add_number(each.number.clone()) {
                Ok(()) | Err(SandboxError::NumberExists) => {}
                Err(error) => return Err(error),
            }
            if let Some(number) = self.shared().accounts.number(&each.number.phone_number_id) {
                let mut state = number.state.lock();
                state.pin.clone_from(&each.pin);
                state.on_phone = each.on_phone;
                drop(state);
                let mut waba = number.waba.state.lock();
                waba.name.clone_from(&each.account);
                waba.owner = (config.business_id.clone(), config.business.clone());
            }
        }
        self.shared().signups.set(config);
        Ok(())
    }

    /// The app to which businesses log in, if there is one.
    #[must_use]
    pub fn signup(&self) -> Option<SignupConfig> {
        self.shared().signups.config()
    }

    /// Where an account's messages are posted instead of to the app's own address.
    #[must_use]
    pub fn callback_of(&self, waba: &str) -> Option<String> {
        let waba = self.shared().accounts.waba(waba)?;
        let state = waba.state.lock();
        state.webhook.as_ref().map(|webhook| webhook.url.clone())
    }

    /// Where the webhooks of a number alone are posted, if not to its account's or its app's address.
    pub fn callback_of_number(&self, phone_number_id: &str) -> Option<String> {
        let number = self.shared().accounts.number(phone_number_id)?;
        let state = number.state.lock();
        state.webhook.as_ref().map(|webhook| webhook.url.clone())
    }

    /// Takes what a channel says of a number that was signed up: its token, also one of an earlier run, and the secret that
    /// its webhooks are signed with.
    ///
    /// # Errors
    /// [`SandboxError::UnknownNumber`].
    pub fn signed_up(
        &self,
        phone_number_id: &str,
        token: &str,
        app_secret: &str,
    ) -> Result<(), SandboxError> {
        let number = self.shared().accounts.number(phone_number_id);
        let number = number.ok_or(SandboxError::UnknownNumber)?;
        if number.config.access_token != token && !token.is_empty() {
            self.shared().signups.know(token, &number.waba.id);
            let mut state = number.state.lock();
            state.registered = true;
            state.app_secret = Some(app_secret.to_owned());
        }
        Ok(())
    }
}
