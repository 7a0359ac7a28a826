//! Meta's error codes for Instagram messaging and what each means for us.
//!
//! Owns the table of codes. Source: the provider contract, section 5 (Meta's documentation and, where marked there, other
//! clients). Must not know about HTTP or retries.

use crate::domain::outbound::ErrorClass;
use ErrorClass as C;

/// Subcodes with a meaning of their own, whatever the code beside them.
const SUBCODES: [(u32, ErrorClass); 7] = [
    (2_534_022, C::Window),
    (2_534_025, C::Permanent),
    (2_534_014, C::Recipient),
    (2_534_001, C::Recipient),
    (2_534_013, C::Throttle),
    (1_545_041, C::Recipient),
    (1_545_133, C::Transient),
];

/// The class of a code, or `None` for a stranger.
pub(super) fn class_of(code: u32, subcode: Option<u32>) -> Option<ErrorClass> {
    let known = |number: u32| {
        SUBCODES
            .iter()
            .find(|(known, _)| *known == number)
            .map(|(_, class)| *class)
    };
    subcode
        .and_then(known)
        .or_else(|| known(code))
        .or_else(|| of_code(code, subcode))
}

fn of_code(code: u32, subcode: Option<u32>) -> Option<ErrorClass> {
    Some(match (code, subcode) {
        (0 | 3 | 10 | 102 | 190, _) => C::Auth,
        // Only said of profiles: the person has not agreed to show theirs. It stops nothing.
        (230, _) => C::Permanent,
        (200..=299, _) => C::Auth,
        (368, _) => C::Account,
        (4 | 17 | 32 | 613 | 80_002, _) => C::Throttle,
        (1 | 2, _) => C::Transient,
        (551, _) => C::Recipient,
        // "Object does not exist": the account in the channel's settings is wrong.
        (100, Some(33)) | (33, _) => C::Config,
        (100, _) => C::Permanent,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_contract() {
        let table = [
            (10, Some(2_534_022), Some(C::Window)),
            (10, None, Some(C::Auth)),
            (10, Some(2_534_025), Some(C::Permanent)),
            (100, None, Some(C::Permanent)),
            (100, Some(2_534_014), Some(C::Recipient)),
            (100, Some(33), Some(C::Config)),
            (2_534_001, None, Some(C::Recipient)),
            (100, Some(2_534_013), Some(C::Throttle)),
            (190, Some(463), Some(C::Auth)),
            (200, None, Some(C::Auth)),
            (230, None, Some(C::Permanent)),
            (551, Some(1_545_041), Some(C::Recipient)),
            (4, None, Some(C::Throttle)),
            (613, None, Some(C::Throttle)),
            (80_002, None, Some(C::Throttle)),
            (1, None, Some(C::Transient)),
            (2, Some(1_545_133), Some(C::Transient)),
            (368, None, Some(C::Account)),
            (424_242, Some(7), None),
        ];
        for (code, subcode, class) in table {
            assert_eq!(class_of(code, subcode), class, "{code}/{subcode:?}");
        }
    }
}
