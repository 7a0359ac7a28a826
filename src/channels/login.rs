//! Connecting an account by logging in at the provider: the words that every provider's login is spoken in.
//!
//! Owns what can go wrong at a login, in plain words. Owns no flow: who may begin one, and that its state is used once, is
//! the house's business.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use super::graph::{Answer, Classes};
use super::payload::{text_at, whole_number};
use super::{BoxFuture, ChannelAccess, FieldError};
use crate::domain::Timestamp;
use crate::domain::outbound::{ErrorClass, ProviderError};

/// The app at the provider to which people log in.
#[derive(Clone)]
pub struct LoginApp {
    /// Its public id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
    /// Settings that the channel will have and that the login depends on ([`Login::settings`]).
    pub settings: BTreeMap<String, String>,
    /// Where the browser comes back to; the same for every step.
    pub redirect_uri: String,
}

/// An account that a login gave access to.
#[derive(Clone)]
pub struct Grant {
    /// What people call it.
    pub name: String,
    /// More about it: the account that it belongs to. May be empty.
    pub detail: String,
    /// What the channel is told.
    pub settings: BTreeMap<String, String>,
    /// Its access token.
    pub access_token: SecretString,
    /// How long the token lives; `None` for one that does not end by itself.
    pub expires_in: Option<Duration>,
    /// When it ends, for a provider that told the time and not the duration.
    pub expires_at: Option<Timestamp>,
    /// The number stays on the business's phone app beside us, which may share its address book and chats
    /// ([`Login::start_sync`]).
    pub on_phone: bool,
    /// It cannot send before it was registered ([`Login::register`]) with a PIN of its own.
    pub needs_pin: bool,
}

/// What a provider said to the request for an address book and for chats; nothing where it took it.
#[derive(Clone, Default, Debug)]
pub struct SyncAnswer {
    /// The address book.
    pub contacts: Option<ProviderError>,
    /// The chats.
    pub history: Option<ProviderError>,
}

/// A token in place of another.
#[derive(Clone)]
pub struct Renewed {
    /// The new one.
    pub access_token: SecretString,
    /// How long it lives; `None` for one that does not end by itself.
    pub expires_in: Option<Duration>,
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $words:literal;)*) => {
        /// What can go wrong at a login. Codes are a promise to clients: never rename one.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum LoginProblem { $($(#[$doc])* $name,)* }

        impl LoginProblem {
            /// Every problem, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name for programs.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it is and what to do.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

problems! {
    /// The account's holder did not agree.
    Denied = "login_denied", "Access was not given at the provider. Begin again when the account's holder agrees.";
    /// The code came too late.
    CodeExpired = "login_code_expired", "The provider's code had expired: it works for seconds only. Begin the login again and stay on the page.";
    /// The code was used.
    CodeUsed = "login_code_used", "The provider's code was used already. Begin the login again.";
    /// The address to come back to is not the app's.
    RedirectAddress = "login_redirect", "The address of this server is not in the app's list of redirect addresses. Add it in Meta's app dashboard, then begin again.";
    /// There is no such app.
    AppId = "login_app_id", "The provider knows no app with this ID. Copy the app ID from Meta's app dashboard, then begin again.";
    /// The app's secret is another.
    AppSecret = "login_app_secret", "The app secret is wrong. Copy it from Meta's app dashboard, then begin again.";
    /// The token does not work, or is another app's.
    Token = "login_token", "The provider gave a token that does not work for this app. Begin the login again.";
    /// Not all that is needed was agreed to.
    MissingRights = "login_missing_rights", "Not all permissions that are needed were given. Begin again and leave every permission on.";
    /// No account came with it.
    NoAccount = "login_no_account", "The login gave access to no account that can be connected. Begin again and choose one.";
    /// Reconnecting, with another account.
    OtherAccount = "login_other_account", "This login is for another account. Log in with the one that the channel is for.";
    /// A PIN of six digits is needed.
    PinNeeded = "login_pin_needed", "This number must be registered with a PIN of six digits.";
    /// The number has another PIN.
    PinWrong = "login_pin_wrong", "The number has another PIN already. Enter that one, or change it in WhatsApp Manager under two-step verification.";
    /// Too many guesses.
    PinBlocked = "login_pin_blocked", "The PIN was guessed too often. Wait for as long as the provider says, then try again.";
    /// Its owner must prove to have it.
    Unverified = "login_unverified", "The number must be verified by a code first. Do it in WhatsApp Manager, then connect again.";
    /// Registered too often.
    RegisteredTooOften = "login_registered_too_often", "The number was registered too often. The provider allows ten times within 72 hours; try again later.";
    /// Deleted a moment ago.
    JustDeleted = "login_just_deleted", "The number was deleted at the provider a moment ago. Wait five minutes, then try again.";
    /// Too many calls.
    Busy = "login_busy", "The provider is too busy or the app made too many calls. Wait some minutes, then try again.";
    /// It did not answer.
    Unreachable = "login_unreachable", "The provider could not be reached. Check this server's way to the internet, then begin again.";
    /// Anything else.
    Refused = "login_refused", "The provider refused a step of the login. Begin the login again.";
}

/// A step of a login that failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}: {said}", problem.code())]
pub struct LoginError {
    /// What it means.
    pub problem: LoginProblem,
    /// The provider's own words, or which of several things it is; may be empty.
    pub said: String,
}

impl LoginError {
    /// A problem with the provider's words.
    pub fn new(problem: LoginProblem, said: impl Into<String>) -> Self {
        Self {
            problem,
            said: said.into(),
        }
    }
}

impl From<ProviderError> for LoginError {
    fn from(error: ProviderError) -> Self {
        let code = error.code.parse().ok();
        let problem = code
            .and_then(|code| of_code(code, None))
            .unwrap_or(match error.class {
                _ if error.code == "no_answer" => LoginProblem::Unreachable,
                ErrorClass::Auth => LoginProblem::Token,
                ErrorClass::Throttle | ErrorClass::Transient => LoginProblem::Busy,
                _ => LoginProblem::Refused,
            });
        let said = match error.detail.is_empty() || error.detail == error.title {
            true => error.title,
            false => format!("{}: {}", error.title, error.detail),
        };
        Self { problem, said }
    }
}

/// What a code of Meta's means at a login (contract: `errors.json`; subcodes of 100 by Facebook Login's reference).
const fn of_code(code: i64, subcode: Option<i64>) -> Option<LoginProblem> {
    Some(match (code, subcode) {
        (100, Some(36_007)) => LoginProblem::CodeExpired,
        (100, Some(36_009)) => LoginProblem::CodeUsed,
        (100, Some(36_008)) | (191, _) => LoginProblem::RedirectAddress,
        (101, _) => LoginProblem::AppId,
        (190, _) => LoginProblem::Token,
        (3 | 10 | 200..=299, _) => LoginProblem::MissingRights,
        (133_005, _) => LoginProblem::PinWrong,
        (133_006, _) => LoginProblem::Unverified,
        (133_008 | 133_009, _) => LoginProblem::PinBlocked,
        (133_015, _) => LoginProblem::JustDeleted,
        (133_016, _) => LoginProblem::RegisteredTooOften,
        _ => return None,
    })
}

/// The body of a success, or what went wrong. A wrong secret has a code that means anything; only its words tell it.
pub(super) fn judge(answer: &Answer, classes: Classes) -> Result<Value, LoginError> {
    let provider = match answer.success(classes) {
        Ok(json) => return Ok(json),
        Err(error) => error,
    };
    let json = answer.json().unwrap_or_default();
    let error = json.get("error").unwrap_or(&json);
    let number = |name: &str| error.get(name).and_then(whole_number);
    // Instagram's own login has another envelope.
    let said = text_at(error, "message").or_else(|| text_at(error, "error_message"));
    let general = LoginError::from(provider);
    let words = said.clone().unwrap_or_default().to_ascii_lowercase();
    let problem = match number("code").and_then(|code| of_code(code, number("error_subcode"))) {
        Some(problem) => problem,
        None if words.contains("client secret") => LoginProblem::AppSecret,
        None if words.contains("code") && words.contains("expired") => LoginProblem::CodeExpired,
        None if words.contains("code") && words.contains("used") => LoginProblem::CodeUsed,
        None if words.contains("redirect_uri") => LoginProblem::RedirectAddress,
        None => general.problem,
    };
    Err(LoginError::new(problem, said.unwrap_or(general.said)))
}

/// A provider's login.
pub trait Login: Send + Sync {
    /// Names of the settings that may be told before the login; all others it finds itself.
    fn settings(&self) -> &'static [&'static str];

    /// The setting that tells one account from another.
    fn identity(&self) -> &'static str;

    /// The page at the provider on which the account's holder agrees; `state` comes back from it.
    ///
    /// # Errors
    /// Names the setting that is no good.
    fn page(&self, app: &LoginApp, state: &str) -> Result<reqwest::Url, FieldError>;

    /// Exchanges the code that came back. There may be several accounts to choose from.
    fn exchange<'a>(
        &'a self,
        http: &'a reqwest::Client,
        app: &'a LoginApp,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Grant>, LoginError>>;

    /// Registers an account that [`Grant::needs_pin`].
    fn register<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        pin: &'a str,
    ) -> BoxFuture<'a, Result<(), LoginError>> {
        let _ = (http, access, pin);
        Box::pin(async { Ok(()) })
    }

    /// Has the account's webhooks come to the app.
    fn subscribe<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<(), LoginError>>;

    /// Asks for the address book and the chats of an account that is [`Grant::on_phone`]: what the provider did not take is
    /// named.
    fn start_sync<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, SyncAnswer> {
        let _ = (http, access);
        Box::pin(async { SyncAnswer::default() })
    }

    /// A token in place of one that ends soon; `None` where tokens do not end.
    fn renew<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<Option<Renewed>, ProviderError>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answered(status: u16, json: &Value) -> LoginProblem {
        let answer = Answer {
            status,
            retry_after: None,
            body: Ok(json.to_string().into_bytes()),
        };
        judge(&answer, |_, _| None).expect_err("an error").problem
    }

    #[test]
    fn each_of_metas_words_has_its_own_advice() {
        let error = |code: u32, subcode: u32, message: &str| json!({"error": {"code": code, "error_subcode": subcode, "message": message}});
        let table = [
            (
                error(100, 36_007, "This authorization code has expired."),
                LoginProblem::CodeExpired,
            ),
            (
                error(100, 36_009, "This authorization code has been used."),
                LoginProblem::CodeUsed,
            ),
            (
                error(100, 36_008, "Error validating verification code."),
                LoginProblem::RedirectAddress,
            ),
            (
                error(191, 0, "Invalid redirect_uri"),
                LoginProblem::RedirectAddress,
            ),
            (
                error(1, 0, "Error validating client secret."),
                LoginProblem::AppSecret,
            ),
            (
                error(101, 0, "Error validating application."),
                LoginProblem::AppId,
            ),
            (error(190, 463, "Session has expired"), LoginProblem::Token),
            (error(200, 0, "Permissions error"), LoginProblem::MissingRights),
            (
                error(133_005, 0, "Two-step verification PIN mismatch"),
                LoginProblem::PinWrong,
            ),
            (
                error(133_016, 0, "Too many attempts"),
                LoginProblem::RegisteredTooOften,
            ),
            (error(424_242, 0, "Something new"), LoginProblem::Refused),
            (
                json!({"error_message": "Matching code was not found or was already used"}),
                LoginProblem::CodeUsed,
            ),
        ];
        for (json, problem) in table {
            assert_eq!(answered(400, &json), problem, "{json}");
        }
        assert_eq!(answered(503, &json!({})), LoginProblem::Busy);
    }

    #[test]
    fn codes_are_unique_and_words_end() {
        let mut codes: Vec<&str> = LoginProblem::ALL.iter().map(|problem| problem.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), LoginProblem::ALL.len());
        for problem in LoginProblem::ALL {
            assert!(problem.code().starts_with("login_") && problem.words().ends_with('.'));
        }
    }
}
