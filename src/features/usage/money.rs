//! Decimal amounts as texts, millionths inside: no rounding on the way.

use crate::domain::Timestamp;
use crate::domain::billing::{MAX_PRICE, day_of, start_of};

/// Reads `12`, `0.0225` or `1.5`: up to six places, not negative.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = digits(whole)
        && whole.len() <= 7
        && (text.find('.').is_none() || digits(fraction))
        && fraction.len() <= 6;
    if !is_plain {
        return None;
    }
    let padded = format!("{fraction:0<6}");
    let value = whole.parse::<i64>().ok()?.checked_mul(1_000_000)? + padded.parse::<i64>().ok()?;
    (value <= MAX_PRICE).then_some(value)
}

/// Writes it with as many places as it needs, at least two.
pub(super) fn format(millionths: i64) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let value = millionths.unsigned_abs();
    let fraction = format!("{:06}", value % 1_000_000);
    let kept = fraction.trim_end_matches('0').len().max(2);
    format!("{sign}{}.{}", value / 1_000_000, &fraction[..kept])
}

/// A day written `2026-11-21`.
pub(super) fn parse_day(text: &str) -> Option<u32> {
    let at = Timestamp::parse(&format!("{text}T00:00:00Z"))?;
    (text.len() == 10 && at.0 >= 0).then(|| day_of(at))
}

/// The same the other way.
pub(super) fn format_day(day: u32) -> String {
    start_of(day).to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        let table = [
            ("0", Some(0)),
            ("12", Some(12_000_000)),
            ("0.0225", Some(22_500)),
            (" 1.5 ", Some(1_500_000)),
            ("1000000", Some(MAX_PRICE)),
            ("1000000.1", None),
            ("0.0000001", None),
            ("-1", None),
            ("1,5", None),
            ("1.", None),
            (".5", None),
            ("1e3", None),
            ("", None),
        ];
        for (text, value) in table {
            assert_eq!(parse(text), value, "{text}");
        }
        assert_eq!(format(22_500), "0.0225");
        assert_eq!(format(12_000_000), "12.00");
        assert_eq!(
            parse_day("2026-11-21").map(format_day).as_deref(),
            Some("2026-11-21")
        );
        for wrong in ["2026-13-01", "21.11.2026", "2026-11-21T00", "", "1969-12-31"] {
            assert_eq!(parse_day(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in 0i64..=MAX_PRICE) {
            prop_assert_eq!(parse(&format(value)), Some(value));
        }
    }
}
