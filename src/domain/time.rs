//! Points in time, as data: microseconds since 1970 in UTC. No function here reads a clock.

use std::fmt;

/// Microseconds since the Unix epoch (UTC).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Timestamp(pub i64);

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in an hour.
pub const HOUR: i64 = 3_600 * SECOND;

impl Timestamp {
    /// From whole seconds; values beyond the range of years 0–9999 are clamped to it.
    pub fn from_seconds(seconds: i64) -> Self {
        const MAX_SECONDS: i64 = 253_402_207_200;
        Self(seconds.clamp(-62_135_596_800, MAX_SECONDS) * SECOND)
    }

    /// This time plus `micros` microseconds, saturating.
    #[must_use]
    pub const fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` until this time (negative if this time is before it).
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Parses an RFC 3339 time.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|t| Self(t.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{time:.6}")
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses_rfc_3339_with_microseconds() {
        let time = Timestamp(1_792_400_001_000_002);
        assert_eq!(time.to_string(), "2026-10-19T08:53:21.000002Z");
        assert_eq!(Timestamp::parse("2026-10-19T08:53:21.000002Z"), Some(time));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn absurd_seconds_are_clamped_and_still_print() {
        for seconds in [i64::MIN, i64::MAX, -1, 0] {
            let time = Timestamp::from_seconds(seconds);
            assert!(Timestamp::parse(&time.to_string()).is_some(), "{seconds}");
        }
    }
}
