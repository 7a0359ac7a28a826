//! Form-encoded bodies: the way in which Twilio speaks.
//!
//! Owns decoding and encoding of `application/x-www-form-urlencoded`. Must not know what the parameters mean.

/// Most parameters that one body may have (ours; Twilio's richest have about fifty). Further ones make it no form.
pub(super) const MAX_PARAMETERS: usize = 2_000;

/// The parameters in order, decoded, as bytes: what was signed need not be UTF-8. `None` if there are too many.
pub(super) fn pairs(body: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let parts = body.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    let mut pairs = Vec::new();
    for part in parts {
        if pairs.len() == MAX_PARAMETERS {
            return None;
        }
        let (name, value) = match part.iter().position(|byte| *byte == b'=') {
            Some(at) => (&part[..at], &part[at + 1..]),
            None => (part, &[][..]),
        };
        pairs.push((decode(name), decode(value)));
    }
    Some(pairs)
}

/// `+` is a blank, `%41` is a byte; a percent sign that starts no byte stands for itself.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let byte = (first == b'%')
            .then(|| after.get(..2).and_then(hex_byte))
            .flatten();
        decoded.push(byte.unwrap_or(if first == b'+' { b' ' } else { first }));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    decoded
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(digits[0])? << 4 | digit(digits[1])?;
    u8::try_from(value).ok()
}

/// The parameters of a webhook as texts; what is not UTF-8 becomes replacement characters.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body; `None` if it has too many parameters or none with a name.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let pairs: Vec<_> = pairs(body)?
            .into_iter()
            .map(|(name, value)| (text(name), text(value)))
            .filter(|(name, _)| !name.is_empty())
            .collect();
        (!pairs.is_empty()).then_some(Self(pairs))
    }

    /// A form of these parameters.
    pub(super) fn of(parameters: Vec<(String, String)>) -> Self {
        Self(parameters)
    }

    /// The first value under that name, as it came.
    pub(super) fn raw(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The first value under that name without blanks around it; empty ones count as absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Whether the value says yes.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// All parameters in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A form-encoded body.
pub(super) fn encode(pairs: &[(&str, String)]) -> String {
    let mut body = String::new();
    for (name, value) in pairs {
        if !body.is_empty() {
            body.push('&');
        }
        push_encoded(&mut body, name);
        body.push('=');
        push_encoded(&mut body, value);
    }
    body
}

fn push_encoded(body: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                body.push(char::from(byte))
            }
            b' ' => body.push('+'),
            _ => {
                body.push('%');
                body.push(char::from(HEX[usize::from(byte >> 4)]));
                body.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bodies_are_decoded_as_browsers_write_them() {
        let table: [(&str, &[(&str, &str)]); 6] = [
            ("a=1&b=", &[("a", "1"), ("b", "")]),
            ("Body=Zo%C3%AB+%26+50%25", &[("Body", "Zoë & 50%")]),
            ("a=1=2&&c", &[("a", "1=2"), ("c", "")]),
            ("a=%zz%4", &[("a", "%zz%4")]),
            ("a=%2b+%2B", &[("a", "+ +")]),
            ("a=%ff", &[("a", "\u{fffd}")]),
        ];
        for (body, expected) in table {
            let form = Form::read(body.as_bytes()).expect("a form");
            assert_eq!(form.iter().collect::<Vec<_>>(), expected, "{body}");
        }
        for body in ["", "&&", "=1"] {
            assert_eq!(Form::read(body.as_bytes()), None, "{body}");
        }
        let many = "a=1&".repeat(MAX_PARAMETERS + 1);
        assert_eq!(Form::read(many.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_again(value in any::<String>(), other in any::<String>()) {
            let body = encode(&[("A", value.clone()), ("b c", other.clone())]);
            let form = Form::read(body.as_bytes()).expect("a form");
            prop_assert_eq!(form.raw("A"), Some(value.as_str()));
            prop_assert_eq!(form.raw("b c"), Some(other.as_str()));
        }

        #[test]
        fn no_bytes_bring_it_down(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Form::read(&body);
        }
    }
}
