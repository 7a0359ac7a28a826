//! Byte encodings of the provider's wire: base64, lower-case hex, and JSON with everything beyond ASCII escaped.

use serde_json::Value;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |acc, byte| acc << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            if position <= chunk.len() {
                let index = (group >> (18 - 6 * position)) & 0x3f;
                out.push(ALPHABET[index as usize] as char);
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Reads standard base64, padded or not; `None` for other characters.
pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut group = 0_u32;
        for position in 0..4 {
            let value = match chunk.get(position) {
                Some(byte) => ALPHABET.iter().position(|known| known == byte)? as u32,
                None => 0,
            };
            group = group << 6 | value;
        }
        out.extend_from_slice(&group.to_be_bytes()[1..chunk.len()]);
    }
    Some(out)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| {
            [
                DIGITS[usize::from(byte >> 4)] as char,
                DIGITS[usize::from(byte & 15)] as char,
            ]
        })
        .collect()
}

/// JSON as Meta's webhooks carry it: UTF-16 units beyond ASCII as `\uXXXX` in lower-case hex, and, where asked,
/// `/` as `\/`. A receiver that re-serialises before checking the signature fails on this.
pub(crate) fn escaped_json(value: &Value, escape_slashes: bool) -> Vec<u8> {
    let plain = value.to_string();
    let mut out = Vec::with_capacity(plain.len() + plain.len() / 8);
    let mut units = [0_u16; 2];
    for character in plain.chars() {
        match character {
            // Outside strings JSON has no slash, so every slash here may be escaped.
            '/' if escape_slashes => out.extend_from_slice(b"\\/"),
            ' '..='~' => out.push(character as u8),
            _ => {
                for unit in character.encode_utf16(&mut units) {
                    out.extend_from_slice(b"\\u");
                    out.extend_from_slice(hex(&unit.to_be_bytes()).as_bytes());
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn base64_vectors() {
        for (input, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(input.as_bytes()), expected);
            assert_eq!(unbase64(expected).as_deref(), Some(input.as_bytes()));
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    #[test]
    fn webhook_json_is_ascii_and_means_the_same() {
        let value = json!({"body": "Señor 😀 https://a/b \u{7f}\u{1}\"\\"});
        let bytes = escaped_json(&value, true);
        let text = std::str::from_utf8(&bytes).expect("ASCII is UTF-8");
        assert!(text.is_ascii());
        assert!(
            text.contains("Se\\u00f1or \\ud83d\\ude00 https:\\/\\/a\\/b"),
            "{text}"
        );
        assert_eq!(
            serde_json::from_slice::<Value>(&bytes).expect("still JSON"),
            value
        );
        assert!(!escaped_json(&value, false).windows(2).any(|pair| pair == b"\\/"));
    }
}
