//! Checks of single values that several bodies need. Each names the field and says what would be right.

use garde::rules::email::Email;

use crate::channels::FieldError;

/// Longest name of a person or a thing, in characters.
pub const NAME_MAX: usize = 100;
/// Longest e-mail address (RFC 5321).
pub const EMAIL_MAX: usize = 254;

/// A name: 1–100 characters, not blank, no control or direction-override characters.
///
/// # Errors
/// Says which rule it breaks.
pub fn name(field: &str, text: &str) -> Result<(), FieldError> {
    if text.trim().is_empty() {
        return Err(FieldError::new(field, "Give a name."));
    }
    line(field, text, NAME_MAX)
}

/// One line of text of at most `max` characters, without control or direction-override characters.
///
/// # Errors
/// Says which rule it breaks.
pub fn line(field: &str, text: &str, max: usize) -> Result<(), FieldError> {
    if text.chars().count() > max {
        return Err(FieldError::new(field, format!("At most {max} characters.")));
    }
    if text.chars().any(is_hidden) {
        return Err(FieldError::new(
            field,
            "No line breaks, control or direction-override characters.",
        ));
    }
    Ok(())
}

/// Text of several lines of at most `max` characters; of control characters only line breaks and tabs.
///
/// # Errors
/// Says which rule it breaks.
pub fn text(field: &str, text: &str, max: usize) -> Result<(), FieldError> {
    if text.chars().count() > max {
        return Err(FieldError::new(field, format!("At most {max} characters.")));
    }
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err(FieldError::new(
            field,
            "No control characters other than line breaks and tabs.",
        ));
    }
    Ok(())
}

/// Characters that a name could deceive with.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// An e-mail address.
///
/// # Errors
/// It is none, or too long.
pub fn email(field: &str, address: &str) -> Result<(), FieldError> {
    let fits = address.len() <= EMAIL_MAX && !address.chars().any(|c| c.is_whitespace() || is_hidden(c));
    if fits && address.validate_email().is_ok() {
        return Ok(());
    }
    Err(FieldError::new(
        field,
        "Give an e-mail address such as name@example.com.",
    ))
}

/// An http or https address without user and password, of at most 512 characters.
///
/// # Errors
/// It is none.
pub fn http_url(field: &str, text: &str) -> Result<(), FieldError> {
    let url = reqwest::Url::parse(text).ok().filter(|url| {
        let is_plain = url.username().is_empty() && url.password().is_none();
        matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain
    });
    let fits = text.len() <= 512 && !text.chars().any(|c| c.is_whitespace() || is_hidden(c));
    if fits && url.is_some() {
        return Ok(());
    }
    Err(FieldError::new(
        field,
        "Give an address such as https://example.com/alerts, without user and password.",
    ))
}

/// An IANA time zone.
///
/// # Errors
/// It is none.
pub fn timezone(field: &str, name: &str) -> Result<(), FieldError> {
    if name.len() <= 64 && jiff::tz::TimeZone::get(name).is_ok() {
        return Ok(());
    }
    Err(FieldError::new(
        field,
        "Give an IANA time zone such as Europe/Berlin or UTC.",
    ))
}

/// A language tag of letters, digits and hyphens (`en`, `pt-BR`).
///
/// # Errors
/// It is none.
pub fn locale(field: &str, tag: &str) -> Result<(), FieldError> {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or("");
    let right = (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && tag.len() <= 35
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if right {
        return Ok(());
    }
    Err(FieldError::new(field, "Give a language tag such as en or pt-BR."))
}

/// One of a few words.
///
/// # Errors
/// It is none of them.
pub fn one_of(field: &str, word: &str, words: &[&str]) -> Result<(), FieldError> {
    if words.contains(&word) {
        return Ok(());
    }
    Err(FieldError::new(field, format!("One of: {}.", words.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_no_tricks() {
        assert!(name("n", "Amina 🌻 El-Sayed").is_ok());
        assert!(name("n", "أمينة").is_ok());
        for bad in ["", "  ", "a\nb", "a\0", "\u{202E}evil", &"x".repeat(101)] {
            assert!(name("n", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn addresses_zones_and_tags() {
        assert!(email("e", "a.b+c@example.co.uk").is_ok());
        for bad in [
            "",
            "a",
            "a@",
            "@b",
            "a b@c.de",
            "a@b\r\nBcc: x@y.z",
            &format!("{}@b.de", "a".repeat(260)),
        ] {
            assert!(email("e", bad).is_err(), "{bad:?}");
        }
        assert!(http_url("u", "https://example.com/a?b=c").is_ok());
        for bad in [
            "",
            "x",
            "ftp://a.b",
            "http://",
            "https://a:b@c.de",
            "https://a.b/ c",
            "javascript:alert(1)",
        ] {
            assert!(http_url("u", bad).is_err(), "{bad:?}");
        }
        assert!(timezone("t", "Africa/Nairobi").is_ok() && timezone("t", "UTC").is_ok());
        assert!(timezone("t", "Mars/Base").is_err() && timezone("t", "../../etc/passwd").is_err());
        assert!(locale("l", "en").is_ok() && locale("l", "pt-BR").is_ok());
        for bad in ["", "e", "EN", "en_", "en-", "en-<b>", "../x"] {
            assert!(locale("l", bad).is_err(), "{bad}");
        }
    }
}
