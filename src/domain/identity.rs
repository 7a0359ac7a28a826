//! What a customer is known by. A person is a set of identities; a phone number is never required.

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
