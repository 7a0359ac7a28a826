//! Phone numbers as people type them, for every provider.
//!
//! Owns which texts are numbers that could exist, and their one international form (E.164). Knowledge of countries comes
//! from libphonenumber's tables. How national variants of one number meet is the domain's (`identity`).

use rlibphonenumber::{PhoneNumber, PhoneNumberFormat};

/// Longest text that is looked at, in bytes.
const MAX_TEXT: usize = 64;
/// Fewest and most digits of an international number (ITU-T E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The international form of a number that somebody typed with its country: `+254 711 000-234`, `00254…`, or digits
/// alone, as WhatsApp writes them. `None` for what cannot be a number. A range that the tables do not know yet passes, as
/// long as country and length are possible: numbering plans change faster than programs.
pub(super) fn e164(text: &str) -> Option<String> {
    let text = text.trim();
    let shape = |c: char| c.is_ascii_digit() || "+-(). /\u{a0}".contains(c);
    if text.is_empty() || text.len() > MAX_TEXT || !text.chars().all(shape) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = match text.starts_with("00") {
        true => digits.strip_prefix("00").unwrap_or_default().to_owned(),
        false => digits,
    };
    if !DIGITS.contains(&digits.len()) || text.rfind('+').is_some_and(|at| at > 0) {
        return None;
    }
    let number: PhoneNumber = format!("+{digits}").parse().ok()?;
    number.is_possible_with_reason().ok()?;
    Some(number.format_as(PhoneNumberFormat::E164).into_owned())
}

/// The number behind a `wa_id`, as telephone networks know it: WhatsApp keeps some countries' old forms. The first of the
/// forms that the tables find valid, else the digits as they stand.
pub(super) fn dialable(wa_id: &str) -> Option<String> {
    let digits: String = wa_id.chars().filter(char::is_ascii_digit).collect();
    let spliced = |at: usize, middle: &str, rest: usize| {
        Some([digits.get(..at)?, middle, digits.get(rest..)?].concat())
    };
    let other = match (digits.get(..2), digits.len()) {
        // Mexico dropped the 1 of mobile numbers, Brazil put a 9 before them, Argentina's have a 9 from abroad.
        (Some("52"), 13) => spliced(2, "", 3),
        (Some("55"), 12) => spliced(4, "9", 4),
        (Some("54"), 12) => spliced(2, "9", 2),
        _ => None,
    };
    let valid = |digits: &String| {
        let number: Option<PhoneNumber> = format!("+{digits}").parse().ok();
        number.is_some_and(|number| number.is_valid())
    };
    let forms = [Some(digits.clone()), other].into_iter().flatten();
    let best = forms.into_iter().find(valid).unwrap_or(digits);
    DIGITS.contains(&best.len()).then(|| format!("+{best}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_type_becomes_one_form() {
        let table = [
            ("+254 711 000-234", Some("+254711000234")),
            ("254711000234", Some("+254711000234")),
            ("00254711000234", Some("+254711000234")),
            ("+1 (415) 555-0123", Some("+14155550123")),
            // The trunk zero that people leave in.
            ("+44 (0)20 7946 0958", Some("+442079460958")),
            ("+49 30 901820", Some("+4930901820")),
            ("0711000234", None),
            ("+999 123456789", None),
            ("12345", None),
            ("AMAZON", None),
            ("254+711000234", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(e164(text).as_deref(), expected, "{text}");
        }
        assert_eq!(e164(&"1".repeat(1_000)), None);
    }

    #[test]
    fn old_forms_are_dialled_by_the_new_ones() {
        let table = [
            ("254711000234", Some("+254711000234")),
            ("5215512345678", Some("+525512345678")),
            ("525512345678", Some("+525512345678")),
            ("551187654321", Some("+5511987654321")),
            ("5511987654321", Some("+5511987654321")),
            ("5491123456789", Some("+5491123456789")),
            ("12", None),
        ];
        for (wa_id, expected) in table {
            assert_eq!(dialable(wa_id).as_deref(), expected, "{wa_id}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered_and_a_form_is_stable(text in "\\PC{0,24}|[+0-9 ()-]{0,24}") {
            if let Some(number) = e164(&text) {
                prop_assert!(number.starts_with('+'));
                prop_assert_eq!(e164(&number), Some(number.clone()));
            }
        }
    }
}
