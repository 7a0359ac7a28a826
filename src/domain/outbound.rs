//! What goes out and what came of it: the request to a provider, its outcome, and what follows from each error.

use crate::domain::phrases;
use std::time::Duration;

use super::content::Content;
use super::identity::Identity;
use super::ids::MessageId;
use super::policy::MessagingRules;

/// Tries that a message gets before it is given up.
pub const MAX_ATTEMPTS: u32 = 3;

/// One message on its way to a provider.
#[derive(Clone, PartialEq, Debug)]
pub struct SendRequest {
    /// Our id; travels along where the provider returns it in statuses.
    pub message: MessageId,
    /// The recipient's identities, best first.
    pub to: Vec<Identity>,
    /// What to send.
    pub content: Content,
    /// Provider's id of the message that this answers.
    pub reply_to: Option<String>,
    /// The provider's ordinary reply window is closed: it goes out by a right that the provider wants named, if it has one
    /// (Instagram: the human agent's).
    pub outside_window: bool,
    /// It may only reach whom this hash of an identity stands for (WhatsApp: identity check).
    pub identity_hash: Option<String>,
}

/// What came of one attempt.
#[derive(Clone, PartialEq, Debug)]
pub enum SendOutcome {
    /// The provider took it.
    Accepted {
        /// The provider's id for it.
        provider_message_id: String,
        /// Identities of the recipient that the answer taught us.
        learnt: Vec<Identity>,
        /// The provider's word for keeping it back for now (WhatsApp: `held_for_quality_assessment`).
        held: Option<String>,
    },
    /// The provider refused it, so it surely was not sent.
    Refused(ProviderError),
    /// It surely never reached the provider (no connection).
    NotSent(String),
    /// It may have reached the provider: the answer was lost or made no sense.
    Unknown(String),
}

/// A provider's error, classified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderError {
    /// What follows from it.
    pub class: ErrorClass,
    /// The provider's code.
    pub code: String,
    /// Short name.
    pub title: String,
    /// What the provider said.
    pub detail: String,
    /// How long the provider asked to wait.
    pub retry_after: Option<Duration>,
}

impl ProviderError {
    /// What the provider said, and what can be done about it.
    pub fn with_advice(&self, advice: &str) -> String {
        let phrase = match self.detail.is_empty() {
            true => phrases::PROVIDER_STOPPED,
            false => phrases::PROVIDER_TROUBLE,
        };
        phrase.with(&[
            ("title", &self.title),
            ("code", &self.code),
            ("detail", &self.detail),
            ("advice", &advice),
        ])
    }
}

/// What sort of error it is; every provider's codes are mapped to these. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum ErrorClass {
    /// Token or permission: stop the channel, keep the queue, ask the operator.
    Auth = 1,
    /// The account is blocked or cannot pay: stop the channel, keep the queue.
    Account = 2,
    /// Too fast for the number, account or app: slow down, try again.
    Throttle = 3,
    /// Too fast for this recipient: only this recipient waits.
    ThrottlePair = 4,
    /// Quality limit: bulk pauses, this message fails.
    Quality = 5,
    /// The reply window is closed.
    Window = 6,
    /// This recipient cannot get it.
    Recipient = 7,
    /// No marketing to this recipient for a day.
    RecipientCooldown = 8,
    /// The recipient opted out of marketing.
    OptOut = 9,
    /// Something is wrong with the template or its parameters.
    Template = 10,
    /// The template is paused.
    TemplatePaused = 11,
    /// The template is disabled for good.
    TemplateDead = 12,
    /// The provider has a problem: try again.
    Transient = 13,
    /// Will never work as it is.
    Permanent = 14,
    /// The channel is set up wrongly (unknown number): stop it.
    Config = 15,
}

impl ErrorClass {
    /// Whether a person must act before the channel can send anything.
    pub const fn stops_channel(self) -> bool {
        matches!(self, Self::Auth | Self::Account | Self::Config)
    }

    /// What a person can do about it on a channel with these rules, in plain words.
    pub const fn advice_under(self, rules: MessagingRules) -> &'static str {
        match self {
            Self::Window if rules.has_templates => WINDOW_TEMPLATE,
            Self::Window if rules.grants_human_agent => WINDOW_PERSON,
            _ => self.advice(),
        }
    }

    /// The same where the channel's rules are not known (English; the browser app has its own by [`advice_code`]).
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Auth => phrases::ADVICE_AUTH.text(),
            Self::Account => phrases::ADVICE_ACCOUNT.text(),
            Self::Throttle => phrases::ADVICE_THROTTLE.text(),
            Self::ThrottlePair => phrases::ADVICE_THROTTLE_PAIR.text(),
            Self::Quality => phrases::ADVICE_QUALITY.text(),
            Self::Window => phrases::ADVICE_WINDOW.text(),
            Self::Recipient => phrases::ADVICE_RECIPIENT.text(),
            Self::RecipientCooldown => phrases::ADVICE_RECIPIENT_COOLDOWN.text(),
            Self::OptOut => phrases::ADVICE_OPT_OUT.text(),
            Self::Template => phrases::ADVICE_TEMPLATE.text(),
            Self::TemplatePaused => phrases::ADVICE_TEMPLATE_PAUSED.text(),
            Self::TemplateDead => phrases::ADVICE_TEMPLATE_DEAD.text(),
            Self::Transient => phrases::ADVICE_TRANSIENT.text(),
            Self::Permanent => phrases::ADVICE_PERMANENT.text(),
            Self::Config => phrases::ADVICE_CONFIG.text(),
        }
    }
}

const WINDOW_TEMPLATE: &str = phrases::ADVICE_WINDOW_TEMPLATE.text();
const WINDOW_PERSON: &str = phrases::ADVICE_WINDOW_PERSON.text();

/// A stable word for an advice of ours, so that it can be said in other languages; `None` for other words.
pub fn advice_code(advice: &str) -> Option<&'static str> {
    use ErrorClass as C;
    let known = [
        (C::Auth, "auth"),
        (C::Account, "account"),
        (C::Throttle, "throttle"),
        (C::ThrottlePair, "throttle_pair"),
        (C::Quality, "quality"),
        (C::Window, "window"),
        (C::Recipient, "recipient"),
        (C::RecipientCooldown, "recipient_cooldown"),
        (C::OptOut, "opt_out"),
        (C::Template, "template"),
        (C::TemplatePaused, "template_paused"),
        (C::TemplateDead, "template_dead"),
        (C::Transient, "transient"),
        (C::Permanent, "permanent"),
        (C::Config, "config"),
    ];
    let of_class = known.into_iter().find(|(class, _)| class.advice() == advice);
    match advice {
        WINDOW_TEMPLATE => Some("window_template"),
        WINDOW_PERSON => Some("window_person"),
        _ => of_class.map(|(_, code)| code),
    }
}

/// What follows from an outcome that is not success.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reaction {
    /// What happens to the message.
    pub message: MessageReaction,
    /// What happens to the channel.
    pub channel: ChannelReaction,
}

/// What happens to the message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MessageReaction {
    /// Try again after the delay; counts as an attempt.
    Retry(Duration),
    /// Back to its place in the queue without counting: it was not the message's fault, and the channel waits anyway.
    Keep,
    /// Give up, into the dead letters.
    Fail,
    /// Nobody knows; wait for a status or a person.
    Doubt,
}

/// What happens to the channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChannelReaction {
    /// Nothing.
    None,
    /// Nothing goes out for this long.
    Pause(Duration),
    /// Nothing goes out until a person acts.
    Stop,
}

/// Decides what follows. `attempt` counts from 1; `jitter` is a random number in 0..1.
pub fn react(outcome: &SendOutcome, attempt: u32, jitter: f64) -> Option<Reaction> {
    let retry = |base_s: f64| match attempt < MAX_ATTEMPTS {
        true => MessageReaction::Retry(backoff(base_s, attempt, jitter)),
        false => MessageReaction::Fail,
    };
    let only = |message| {
        Some(Reaction {
            message,
            channel: ChannelReaction::None,
        })
    };
    match outcome {
        SendOutcome::Accepted { .. } => None,
        SendOutcome::Unknown(_) => only(MessageReaction::Doubt),
        // Nothing left the house: the provider is unreachable, so everybody waits and nobody loses a try.
        SendOutcome::NotSent(_) => {
            let wait = backoff(2.0, attempt.min(5), jitter);
            Some(Reaction {
                message: MessageReaction::Keep,
                channel: ChannelReaction::Pause(wait),
            })
        }
        SendOutcome::Refused(error) => react_to_error(error, attempt, jitter, retry),
    }
}

fn react_to_error(
    error: &ProviderError,
    attempt: u32,
    jitter: f64,
    retry: impl Fn(f64) -> MessageReaction,
) -> Option<Reaction> {
    use ErrorClass as C;
    let reaction = |message, channel| Some(Reaction { message, channel });
    match error.class {
        class if class.stops_channel() => reaction(MessageReaction::Keep, ChannelReaction::Stop),
        C::Throttle => {
            let wait = error
                .retry_after
                .unwrap_or_else(|| backoff(1.0, attempt.min(6), jitter));
            reaction(MessageReaction::Keep, ChannelReaction::Pause(wait))
        }
        C::ThrottlePair => {
            // Meta: wait 4^n seconds for this recipient only (WhatsApp Cloud API, pair rate limits).
            let wait = Duration::from_secs(4u64.pow(attempt.min(5))).mul_f64(1.0 + 0.2 * jitter);
            let message = match attempt < 2 * MAX_ATTEMPTS {
                true => MessageReaction::Retry(wait),
                false => MessageReaction::Fail,
            };
            reaction(message, ChannelReaction::None)
        }
        C::Transient => reaction(retry(1.0), ChannelReaction::None),
        C::Auth
        | C::Account
        | C::Config
        | C::Quality
        | C::Window
        | C::Recipient
        | C::RecipientCooldown
        | C::OptOut
        | C::Template
        | C::TemplatePaused
        | C::TemplateDead
        | C::Permanent => reaction(MessageReaction::Fail, ChannelReaction::None),
    }
}

/// Exponential back-off with full jitter above half: `base`, doubled per attempt, times 0.5..1, at most ten minutes.
pub fn backoff(base_s: f64, attempt: u32, jitter: f64) -> Duration {
    let exponent = attempt.saturating_sub(1).min(12);
    let full = base_s * f64::from(2u32.pow(exponent));
    Duration::from_secs_f64((full * (0.5 + 0.5 * jitter.clamp(0.0, 1.0))).min(600.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(class: ErrorClass) -> SendOutcome {
        SendOutcome::Refused(ProviderError {
            class,
            code: "1".into(),
            title: String::new(),
            detail: String::new(),
            retry_after: None,
        })
    }

    #[test]
    fn each_outcome_has_its_reaction() {
        use ErrorClass as C;
        type Holds = fn(&Reaction) -> bool;
        let keeps = |r: &Reaction| r.message == MessageReaction::Keep;
        let table: Vec<(SendOutcome, u32, Holds)> = vec![
            (refused(C::Auth), 1, |r| {
                r.channel == ChannelReaction::Stop && r.message == MessageReaction::Keep
            }),
            (refused(C::Transient), 1, |r| {
                matches!(r.message, MessageReaction::Retry(_))
            }),
            (refused(C::Transient), 3, |r| r.message == MessageReaction::Fail),
            (refused(C::Window), 1, |r| r.message == MessageReaction::Fail),
            (refused(C::ThrottlePair), 1, |r| {
                r.channel == ChannelReaction::None
            }),
            (refused(C::Throttle), 9, |r| {
                matches!(r.channel, ChannelReaction::Pause(_))
            }),
            (SendOutcome::Unknown("lost".into()), 1, |r| {
                r.message == MessageReaction::Doubt
            }),
        ];
        for (outcome, attempt, holds) in table {
            let reaction = react(&outcome, attempt, 0.5).expect("not a success");
            assert!(holds(&reaction), "{outcome:?} attempt {attempt}: {reaction:?}");
        }
        assert!(keeps(
            &react(&SendOutcome::NotSent("refused".into()), 50, 0.5).expect("not a success")
        ));
        let accepted = SendOutcome::Accepted {
            provider_message_id: "x".into(),
            learnt: vec![],
            held: None,
        };
        assert_eq!(react(&accepted, 1, 0.0), None);
    }

    proptest! {
        #[test]
        fn backoff_is_bounded_and_never_zero(base in 0.1f64..60.0, attempt in 0u32..10_000, jitter in 0.0f64..1.0) {
            let wait = backoff(base, attempt, jitter).as_secs_f64();
            prop_assert!(wait >= base * 0.49 && wait <= 600.0);
        }

        #[test]
        fn doubt_is_never_resent(attempt in 1u32..100, jitter in 0.0f64..1.0) {
            let reaction = react(&SendOutcome::Unknown(String::new()), attempt, jitter).expect("not a success");
            prop_assert_eq!(reaction.message, MessageReaction::Doubt);
        }
    }
}
