//! Twilio's error codes and what each means for us.
//!
//! Owns the table of codes. Source: Twilio's error dictionary as collected in the provider contract (`errors.json`). Must
//! not know about HTTP or retries.

use crate::domain::outbound::ErrorClass;
use crate::domain::phrases;
use ErrorClass as C;

/// Codes with one meaning each, sorted by class. A code that speaks of this recipient only must not stop the channel, even
/// if somebody has to change a setting for them: a region that is not enabled (21408), a trial account's unverified number
/// (21608), someone who has not joined Twilio's WhatsApp sandbox (63015). A handset that is off (30003) may be on later.
const CODES: &[(ErrorClass, &[u32])] = &[
    // 30002 (account suspended) is an account's trouble although the dictionary files it under authentication.
    (C::Auth, &[20_003]),
    (C::Account, &[30_002, 63_020, 63_051]),
    (C::Config, &[21_212, 21_603, 21_606, 21_703, 30_034, 63_007]),
    (
        C::Throttle,
        &[20_429, 21_611, 30_001, 63_017, 63_018, 63_038, 63_119],
    ),
    // A carrier or Meta objects to what is said, not to the recipient: bulk must pause.
    (C::Quality, &[30_007, 63_013]),
    (C::Window, &[63_016]),
    (
        C::Recipient,
        &[
            21_211, 21_408, 21_608, 21_612, 21_614, 30_004, 30_005, 30_006, 63_003, 63_014, 63_015, 63_024,
            63_033, 63_036,
        ],
    ),
    (C::RecipientCooldown, &[63_032, 63_049]),
    (C::OptOut, &[21_610]),
    (C::Template, &[21_655, 21_656, 63_027, 63_028, 63_040]),
    (C::TemplatePaused, &[63_041]),
    (C::TemplateDead, &[63_042]),
    (C::Transient, &[30_003, 30_008, 63_010, 63_012]),
    (
        C::Permanent,
        &[
            20_404, 21_602, 21_604, 21_617, 21_620, 21_654, 63_005, 63_019, 63_021, 63_034,
        ],
    ),
];

/// The class of a code, or `None` for one that the table does not know.
pub(super) fn class_of(code: u32) -> Option<ErrorClass> {
    let found = CODES.iter().find(|(_, codes)| codes.contains(&code));
    found.map(|(class, _)| *class)
}

/// What is said of a code where only the number comes (status callbacks carry no text).
pub(super) const fn title(class: ErrorClass) -> &'static str {
    match class {
        C::Auth => phrases::CREDENTIALS_REFUSED.text(),
        C::Account => phrases::ACCOUNT_SUSPENDED.text(),
        C::Config => phrases::SENDER_CANNOT.text(),
        C::Throttle | C::ThrottlePair => phrases::TOO_FAST.text(),
        C::Quality => phrases::FILTERED.text(),
        C::Window => phrases::OUTSIDE_WINDOW.text(),
        C::Recipient => phrases::RECIPIENT_UNREACHABLE.text(),
        C::RecipientCooldown => phrases::HELD_BACK.text(),
        C::OptOut => phrases::RECIPIENT_STOPPED.text(),
        C::Template => phrases::TEMPLATE_WRONG.text(),
        C::TemplatePaused => phrases::TEMPLATE_IS_PAUSED.text(),
        C::TemplateDead => phrases::TEMPLATE_IS_DISABLED.text(),
        C::Transient => phrases::TEMPORARY_FAILURE.text(),
        C::Permanent => phrases::NOT_DELIVERED.text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_stands_in_two_classes() {
        let mut all: Vec<u32> = CODES
            .iter()
            .flat_map(|(_, codes)| codes.iter().copied())
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
