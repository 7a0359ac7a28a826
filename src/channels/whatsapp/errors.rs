//! Meta's error codes and what each means for us.
//!
//! Owns the table of codes. Source: Meta's error code reference for the Cloud API and the Graph API's general error
//! page, as collected in the provider contract (`errors.json`). Must not know about HTTP or retries.

use crate::domain::outbound::ErrorClass;
use ErrorClass as C;

/// Codes with one meaning each, sorted by class. Codes that only ever stand in inbound messages or in notices
/// (131052, 131060, 2593109) are `Permanent`: nothing could be repeated.
const CODES: &[(ErrorClass, &[u32])] = &[
    (C::Auth, &[0, 3, 10, 102, 190, 131_005]),
    (
        C::Account,
        &[368, 131_031, 131_037, 131_042, 131_044, 131_045, 131_063, 133_010],
    ),
    // 17, 32 and 613 are the Graph API's general limits (user, page, custom); the others are WhatsApp's own.
    (C::Throttle, &[4, 17, 32, 613, 80_007, 130_429, 132_069, 133_016]),
    (C::ThrottlePair, &[131_056]),
    (C::Quality, &[131_048, 131_064]),
    (C::Window, &[131_047]),
    (
        C::Recipient,
        &[1_026, 130_472, 130_497, 131_026, 131_030, 137_000],
    ),
    (C::RecipientCooldown, &[131_049]),
    (C::OptOut, &[131_050]),
    (C::TemplatePaused, &[132_015]),
    (C::TemplateDead, &[132_016]),
    (
        C::Transient,
        &[
            1, 2, 131_000, 131_016, 131_057, 133_004, 134_101, 139_102, 139_103, 2_494_100,
        ],
    ),
    (C::Config, &[33]),
    (
        C::Permanent,
        &[
            100, 131_008, 131_009, 131_021, 131_051, 131_052, 131_053, 131_055, 131_060, 131_062, 134_011,
            134_100, 134_102, 135_000, 139_100, 139_101, 2_593_107, 2_593_108, 2_593_109,
        ],
    ),
];

/// The code that says only "invalid parameter"; its subcode is then the real one.
const INVALID_PARAMETER: u32 = 100;

/// The class of a code, or `None` for one that neither the table nor a range knows.
pub(super) fn class_of(code: u32, subcode: Option<u32>) -> Option<ErrorClass> {
    // `100` with subcode `33` is "object does not exist": the number in the channel's settings is wrong.
    let from_subcode = (code == INVALID_PARAMETER).then_some(subcode).flatten();
    from_subcode
        .and_then(known)
        .or_else(|| known(code))
        .or(class_of_range(code))
}

fn known(code: u32) -> Option<ErrorClass> {
    CODES
        .iter()
        .find(|(_, codes)| codes.contains(&code))
        .map(|(class, _)| *class)
        .or(matches!(code, 2_388_000..=2_388_999).then_some(C::Template))
}

/// Ranges that Meta reserves: 200–299 permissions, 132xxx templates, 133xxx registration of the number.
const fn class_of_range(code: u32) -> Option<ErrorClass> {
    match code {
        200..=299 => Some(C::Auth),
        132_000..=132_999 => Some(C::Template),
        133_000..=133_999 => Some(C::Config),
        _ => None,
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

    #[test]
    fn subcodes_ranges_and_strangers() {
        let table = [
            (100, None, Some(C::Permanent)),
            (100, Some(33), Some(C::Config)),
            (100, Some(2_388_040), Some(C::Template)),
            (100, Some(999), Some(C::Permanent)),
            (190, Some(463), Some(C::Auth)),
            (250, None, Some(C::Auth)),
            (132_099, None, Some(C::Template)),
            (133_006, None, Some(C::Config)),
            (131_056, None, Some(C::ThrottlePair)),
            (424_242, None, None),
        ];
        for (code, subcode, class) in table {
            assert_eq!(class_of(code, subcode), class, "{code}/{subcode:?}");
        }
    }
}
