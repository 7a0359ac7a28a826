//! What a customer is known by. A person is a set of identities; a phone number is never required.
//!
//! What is a possible number, and its one international form, comes from libphonenumber's tables; how national variants of a
//! `wa_id` meet is a rule of our own, because those tables do not know them.

use rlibphonenumber::{PhoneNumber, PhoneNumberFormat};

use rlibphonenumber::PHONE_NUMBER_UTIL;

/// Most identities that one contact may carry.
pub const MAX_IDENTITIES: usize = 32;
/// Longest identity value in bytes.
pub const MAX_VALUE_BYTES: usize = 256;

/// The kind of an identity. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum IdentityKind {
    /// A phone number in E.164 with its `+`.
    Phone = 1,
    /// The `wa_id` that WhatsApp answers with: digits, sometimes a national variant of the phone number.
    WhatsappId = 2,
    /// WhatsApp's business-scoped user id (BSUID), present even when the number is hidden.
    WhatsappUserId = 3,
    /// Instagram-scoped id.
    InstagramId = 4,
    /// E-mail address in lower case.
    Email = 5,
    /// A user name shown by the provider; shown, never looked up.
    Username = 6,
}

impl IdentityKind {
    /// The kind for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            1 => Self::Phone,
            2 => Self::WhatsappId,
            3 => Self::WhatsappUserId,
            4 => Self::InstagramId,
            5 => Self::Email,
            6 => Self::Username,
            _ => return None,
        })
    }

    /// Whether a contact can be found by it. User names change hands, so they only decorate.
    pub const fn is_lookup(self) -> bool {
        !matches!(self, Self::Username)
    }
}

/// One identity of a contact.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// What sort of identity it is.
    pub kind: IdentityKind,
    /// Its value, normalised for the kind.
    pub value: String,
}

impl Identity {
    /// An identity, cut to the longest allowed value at a character boundary.
    pub fn new(kind: IdentityKind, value: impl Into<String>) -> Self {
        let mut value = value.into();
        if value.len() > MAX_VALUE_BYTES {
            let end = (0..=MAX_VALUE_BYTES)
                .rev()
                .find(|&i| value.is_char_boundary(i))
                .unwrap_or(0);
            value.truncate(end);
        }
        Self { kind, value }
    }

    /// The WhatsApp identity for what stands in `from`, `wa_id` or `to`: digits make a `wa_id`, anything else is taken
    /// for a business-scoped user id (some deliveries carry one there).
    pub fn whatsapp(value: &str) -> Option<Self> {
        let trimmed = value.trim();
        let digits: String = trimmed.chars().filter(char::is_ascii_digit).collect();
        let is_phone_like = trimmed.chars().all(|c| c.is_ascii_digit() || "+-() ".contains(c));
        match (trimmed.is_empty(), is_phone_like && !digits.is_empty()) {
            (true, _) => None,
            (false, true) => Some(Self::new(IdentityKind::WhatsappId, digits)),
            (false, false) => Some(Self::new(IdentityKind::WhatsappUserId, trimmed)),
        }
    }
}

impl Identity {
    /// The text under which a contact is found. A number means the same person whether it comes as phone or as `wa_id`,
    /// with or without the digit that some countries' mobile numbers gained or lost on the way.
    pub fn lookup_text(&self) -> String {
        match self.kind {
            IdentityKind::Phone | IdentityKind::WhatsappId => {
                // A sender's name (`AMAZON`) or short word stands for itself: its digits would be somebody else's number.
                match self.value.chars().any(char::is_alphabetic) {
                    true => format!("tel:{}", self.value.trim().to_lowercase()),
                    false => format!("tel:{}", canonical_number(&self.value)),
                }
            }
            IdentityKind::Email => format!("email:{}", self.value.to_lowercase()),
            IdentityKind::WhatsappUserId | IdentityKind::InstagramId | IdentityKind::Username => {
                format!("{}:{}", self.kind as u8, self.value)
            }
        }
    }
}

impl Identity {
    /// The country of a phone number, in two letters (ISO 3166); `None` for everything else and for numbers of no country.
    pub fn country(&self) -> Option<[u8; 2]> {
        if !matches!(self.kind, IdentityKind::Phone | IdentityKind::WhatsappId) {
            return None;
        }
        let digits: String = self.value.chars().filter(char::is_ascii_digit).collect();
        let number = PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).ok()?;
        let region = PHONE_NUMBER_UTIL.get_region_for_number(&number)?;
        match region.as_region_str().as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some([*a, *b]),
            _ => None,
        }
    }
}

/// The digits of a number in the one form that stands for all its national variants. Meta answers some numbers with
/// another `wa_id`: Mexico adds a 1 after the country code, Argentina a 9, Brazil a 9 before eight-digit mobile numbers
/// (WhatsApp Cloud API, phone number formats). Numbering tables do not know these variants, and stored look-ups depend on
/// this form: a change of it needs a migration.
fn canonical_number(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let variants: [(&str, usize, usize); 3] = [("521", 13, 2), ("549", 13, 2), ("55", 13, 4)];
    for (start, length, drop_at) in variants {
        let matches = digits.starts_with(start) && digits.len() == length;
        if matches && (start != "55" || digits.as_bytes()[4] == b'9') {
            return format!("{}{}", &digits[..drop_at], &digits[drop_at + 1..]);
        }
    }
    digits
}

/// Longest text that is looked at, in bytes.
const MAX_NUMBER_TEXT: usize = 64;
/// Fewest and most digits of an international number (ITU-T E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The international form of a number that somebody typed with its country: `+254 711 000-234`, `00254…`, or digits
/// alone, as WhatsApp writes them. `None` for what cannot be a number. A range that the tables do not know yet passes, as
/// long as country and length are possible: numbering plans change faster than programs.
pub fn e164(text: &str) -> Option<String> {
    let text = text.trim();
    let shape = |c: char| c.is_ascii_digit() || "+-(). /\u{a0}".contains(c);
    if text.is_empty() || text.len() > MAX_NUMBER_TEXT || !text.chars().all(shape) {
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

/// A number as somebody typed it, in both forms that are of use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypedNumber {
    /// For programs: `+254711000234`.
    pub e164: String,
    /// For people: `+254 711 000234`.
    pub shown: String,
}

/// A number that somebody typed: with its country, or as it is dialled at `home`, the business's own number. `None` for what
/// cannot be a number.
pub fn typed_number(text: &str, home: Option<&str>) -> Option<TypedNumber> {
    let text = text.trim();
    let as_written = || e164(text)?.parse::<PhoneNumber>().ok();
    let as_at_home = || {
        let home: PhoneNumber = e164(home?)?.parse().ok()?;
        let region = PHONE_NUMBER_UTIL.get_region_for_number(&home)?;
        let short = text.len() <= MAX_NUMBER_TEXT && !text.starts_with(['+']) && !text.starts_with("00");
        let number = PHONE_NUMBER_UTIL
            .parse(Some(text).filter(|_| short)?, Some(region))
            .ok()?;
        number.is_valid().then_some(number)
    };
    // What begins with one zero is never the beginning of a country.
    let number = match text.starts_with('0') && !text.starts_with("00") {
        true => as_at_home(),
        false => as_written()
            .filter(PhoneNumber::is_valid)
            .or_else(as_at_home)
            .or_else(as_written),
    }?;
    Some(TypedNumber {
        e164: number.format_as(PhoneNumberFormat::E164).into_owned(),
        shown: number.format_as(PhoneNumberFormat::International).into_owned(),
    })
}

/// The number behind a `wa_id`, as telephone networks know it: WhatsApp keeps some countries' old forms. The first of the
/// forms that the tables find valid, else the digits as they stand.
pub fn dialable(wa_id: &str) -> Option<String> {
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
    fn national_variants_meet() {
        let text = |kind, value: &str| Identity::new(kind, value).lookup_text();
        let wa = IdentityKind::WhatsappId;
        assert_eq!(
            text(wa, "5215512345678"),
            text(IdentityKind::Phone, "+52 55 1234 5678")
        );
        assert_eq!(text(wa, "5491123456789"), text(wa, "541123456789"));
        assert_eq!(text(wa, "5511987654321"), text(wa, "551187654321"));
        assert_ne!(text(wa, "254711000234"), text(wa, "254711000235"));
        let phone = IdentityKind::Phone;
        assert_eq!(text(phone, "AMAZON"), text(phone, "Amazon"));
        assert_ne!(text(phone, "AMAZON"), text(phone, "PAYPAL"));
        assert_ne!(
            text(IdentityKind::WhatsappUserId, "1"),
            text(IdentityKind::InstagramId, "1")
        );
    }

    #[test]
    fn numbers_have_a_country_and_other_ids_none() {
        let table = [
            (IdentityKind::WhatsappId, "254711000234", Some(*b"KE")),
            (IdentityKind::Phone, "+49 151 23456789", Some(*b"DE")),
            (IdentityKind::WhatsappId, "5511987654321", Some(*b"BR")),
            (IdentityKind::Phone, "+1", None),
            (IdentityKind::WhatsappUserId, "KE.90012345678901234567", None),
            (IdentityKind::Email, "a@b.example", None),
        ];
        for (kind, value, country) in table {
            assert_eq!(Identity::new(kind, value).country(), country, "{value}");
        }
    }

    #[test]
    fn whatsapp_senders_are_told_apart() {
        let table = [
            ("254711000234", Some(IdentityKind::WhatsappId), "254711000234"),
            ("+254 711 000-234", Some(IdentityKind::WhatsappId), "254711000234"),
            (
                "KE.90012345678901234567",
                Some(IdentityKind::WhatsappUserId),
                "KE.90012345678901234567",
            ),
            ("  ", None, ""),
            ("+", Some(IdentityKind::WhatsappUserId), "+"),
        ];
        for (text, kind, value) in table {
            let got = Identity::whatsapp(text);
            assert_eq!(got.as_ref().map(|i| i.kind), kind, "{text}");
            assert_eq!(got.map(|i| i.value).unwrap_or_default(), value, "{text}");
        }
    }

    #[test]
    fn long_values_are_cut_at_a_character() {
        let identity = Identity::new(IdentityKind::Username, "é".repeat(500));
        assert!(identity.value.len() <= MAX_VALUE_BYTES);
    }

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
    fn numbers_may_be_typed_as_they_are_dialled_at_home() {
        let kenya = Some("+254 700 555010");
        let table = [
            ("0711 000 234", kenya, Some(("+254711000234", "+254 711 000234"))),
            ("711000234", kenya, Some(("+254711000234", "+254 711 000234"))),
            (
                "+1 415 555 2671",
                kenya,
                Some(("+14155552671", "+1 415-555-2671")),
            ),
            ("254711000234", None, Some(("+254711000234", "+254 711 000234"))),
            ("0711 000 234", None, None),
            ("0711 000 234", Some("shop"), None),
            ("call me", kenya, None),
            ("12", kenya, None),
        ];
        for (text, home, wanted) in table {
            let got = typed_number(text, home);
            let got = got.as_ref().map(|it| (it.e164.as_str(), it.shown.as_str()));
            assert_eq!(got, wanted, "{text} {home:?}");
        }
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
            let _ = typed_number(&text, Some("+254700555010"));
            if let Some(number) = e164(&text) {
                prop_assert!(number.starts_with('+'));
                prop_assert_eq!(e164(&number), Some(number.clone()));
            }
        }
    }
}
