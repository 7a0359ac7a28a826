//! When a business is open: a week of intervals in a time zone, and days on which it is closed. Pure: time comes in.
//!
//! Intervals are wall-clock times of one day. In the hour that a clock repeats what is open stays open; in the hour that it
//! leaves out an interval begins or ends where the clock jumps.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// Minutes of a day; an interval may end at this minute.
pub const DAY_MINUTES: u16 = 24 * 60;
/// Most intervals of one weekday.
pub const MAX_SPANS: usize = 6;
/// Most entries in the list of closed days.
pub const MAX_CLOSED: usize = 200;
/// Days looked ahead for the next change: a year's holidays and a little more.
const LOOK_AHEAD: i32 = 400;

/// From one minute of a day to another: `opens` < `closes` ≤ [`DAY_MINUTES`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Span {
    /// First minute.
    pub opens: u16,
    /// The minute after the last.
    pub closes: u16,
}

/// Days on which it is closed, whatever the week says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClosedDays {
    /// First day.
    pub from: Date,
    /// Last day; the same for a single one.
    pub to: Date,
    /// What for; may be empty.
    pub name: String,
}

/// Opening hours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hours {
    /// IANA time zone in which the times are meant.
    pub timezone: String,
    /// Intervals of each weekday from Monday, in order, not overlapping.
    pub week: [Vec<Span>; 7],
    /// Closed days.
    pub closed: Vec<ClosedDays>,
}

/// How it stands at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Whether it is open.
    pub open: bool,
    /// When that changes; `None` if it does not within a year.
    pub until: Option<Timestamp>,
}

impl Hours {
    /// Monday to Friday from nine to five: what most set-ups begin with.
    pub fn usual(timezone: String) -> Self {
        let office = vec![Span {
            opens: 9 * 60,
            closes: 17 * 60,
        }];
        let week = std::array::from_fn(|day| if day < 5 { office.clone() } else { Vec::new() });
        Self {
            timezone,
            week,
            closed: Vec::new(),
        }
    }

    /// Whether it is open at `at`.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.standing(at).open
    }

    /// When it opens next; `at` itself while it is open, `None` if it does not within a year.
    pub fn next_opening(&self, at: Timestamp) -> Option<Timestamp> {
        let standing = self.standing(at);
        if standing.open { Some(at) } else { standing.until }
    }

    /// How it stands at `at`, and until when. An unknown time zone counts as UTC.
    pub fn standing(&self, at: Timestamp) -> Standing {
        let zone = TimeZone::get(&self.timezone).unwrap_or(TimeZone::UTC);
        let now = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let today = zone.to_datetime(now).date();
        let mut open_until: Option<jiff::Timestamp> = None;
        for ahead in -1..=LOOK_AHEAD {
            let Ok(day) = today.checked_add(jiff::Span::new().days(ahead)) else {
                break;
            };
            for (opens, closes) in self.of_day(day, &zone) {
                match open_until {
                    Some(end) if opens <= end => open_until = Some(end.max(closes)),
                    Some(end) => return standing(true, Some(end)),
                    None if closes <= now => {}
                    None if opens <= now => open_until = Some(closes),
                    None => return standing(false, Some(opens)),
                }
            }
        }
        // Open on every day that was looked at is open for good.
        let ends = open_until.filter(|end| {
            let last = zone.to_datetime(*end).date();
            today
                .checked_add(jiff::Span::new().days(LOOK_AHEAD))
                .is_ok_and(|end| last < end)
        });
        standing(open_until.is_some(), ends)
    }

    /// The day's intervals as moments, in order.
    fn of_day(&self, day: Date, zone: &TimeZone) -> Vec<(jiff::Timestamp, jiff::Timestamp)> {
        if self
            .closed
            .iter()
            .any(|closed| closed.from <= day && day <= closed.to)
        {
            return Vec::new();
        }
        let spans = &self.week[weekday_index(day.weekday())];
        let moments = spans.iter().filter_map(|span| {
            let opens = moment(day, span.opens, zone, Edge::Opens)?;
            let closes = moment(day, span.closes, zone, Edge::Closes)?;
            (opens < closes).then_some((opens, closes))
        });
        moments.collect()
    }
}

fn standing(open: bool, until: Option<jiff::Timestamp>) -> Standing {
    Standing {
        open,
        until: until.map(|until| Timestamp(until.as_microsecond())),
    }
}

/// Monday is the first.
fn weekday_index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}

#[derive(Clone, Copy)]
enum Edge {
    Opens,
    Closes,
}

/// The moment of a minute of a day.
fn moment(day: Date, minute: u16, zone: &TimeZone, edge: Edge) -> Option<jiff::Timestamp> {
    let at = wall_clock(day, minute)?;
    let ambiguous = zone.to_ambiguous_timestamp(at);
    match (ambiguous.offset(), edge) {
        (AmbiguousOffset::Unambiguous { .. }, _) => ambiguous.compatible().ok(),
        (AmbiguousOffset::Fold { .. }, Edge::Opens) => ambiguous.earlier().ok(),
        (AmbiguousOffset::Fold { .. }, Edge::Closes) => ambiguous.later().ok(),
        (AmbiguousOffset::Gap { .. }, _) => {
            let before = ambiguous.earlier().ok()?;
            zone.following(before).next().map(|jump| jump.timestamp())
        }
    }
}

fn wall_clock(day: Date, minute: u16) -> Option<DateTime> {
    if minute >= DAY_MINUTES {
        return Some(day.tomorrow().ok()?.to_datetime(Time::midnight()));
    }
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    Some(day.to_datetime(Time::new(hour, minute, 0, 0).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    fn span(opens: u16, closes: u16) -> Span {
        Span { opens, closes }
    }

    fn every_day(timezone: &str, spans: &[Span]) -> Hours {
        Hours {
            timezone: timezone.into(),
            week: std::array::from_fn(|_| spans.to_vec()),
            closed: Vec::new(),
        }
    }

    #[test]
    fn the_week_is_read_on_the_clock_of_its_time_zone() {
        // 2026-11-20 is a Friday.
        let table = [
            (
                "Europe/Berlin",
                "2026-11-20T07:59:59Z",
                false,
                Some("2026-11-20T08:00:00Z"),
            ),
            (
                "Europe/Berlin",
                "2026-11-20T08:00:00Z",
                true,
                Some("2026-11-20T16:00:00Z"),
            ),
            (
                "Europe/Berlin",
                "2026-11-20T16:00:00Z",
                false,
                Some("2026-11-23T08:00:00Z"),
            ),
            (
                "America/New_York",
                "2026-11-20T13:59:59Z",
                false,
                Some("2026-11-20T14:00:00Z"),
            ),
            (
                "Asia/Kolkata",
                "2026-11-20T03:30:00Z",
                true,
                Some("2026-11-20T11:30:00Z"),
            ),
            // Friday evening in UTC is Saturday on Kiritimati.
            (
                "Pacific/Kiritimati",
                "2026-11-20T12:00:00Z",
                false,
                Some("2026-11-22T19:00:00Z"),
            ),
            (
                "no/where",
                "2026-11-20T09:00:00Z",
                true,
                Some("2026-11-20T17:00:00Z"),
            ),
        ];
        for (zone, now, open, until) in table {
            let hours = Hours::usual(zone.into());
            let expected = Standing {
                open,
                until: until.map(at),
            };
            assert_eq!(hours.standing(at(now)), expected, "{zone} {now}");
            assert_eq!(hours.is_open(at(now)), open);
        }
    }

    #[test]
    fn several_intervals_and_those_that_touch_over_midnight() {
        let hours = every_day("UTC", &[span(0, 120), span(540, 720), span(780, DAY_MINUTES)]);
        let table = [
            ("2026-11-20T01:00:00Z", true, "2026-11-20T02:00:00Z"),
            ("2026-11-20T02:00:00Z", false, "2026-11-20T09:00:00Z"),
            ("2026-11-20T12:30:00Z", false, "2026-11-20T13:00:00Z"),
            ("2026-11-20T23:59:59Z", true, "2026-11-21T02:00:00Z"),
        ];
        for (now, open, until) in table {
            let expected = Standing {
                open,
                until: Some(at(until)),
            };
            assert_eq!(hours.standing(at(now)), expected, "{now}");
        }
    }

    #[test]
    fn clocks_that_jump_or_repeat_an_hour() {
        // Berlin leaves out 02:00–03:00 on 2026-03-29 (at 01:00 UTC) and repeats it on 2026-10-25 (until 01:00 UTC).
        let early = every_day("Europe/Berlin", &[span(60, 150)]);
        let late = every_day("Europe/Berlin", &[span(150, 300)]);
        let table = [
            (&early, "2026-03-29T00:30:00Z", true, "2026-03-29T01:00:00Z"),
            (&late, "2026-03-29T00:59:59Z", false, "2026-03-29T01:00:00Z"),
            (&late, "2026-03-29T01:00:00Z", true, "2026-03-29T03:00:00Z"),
            (&early, "2026-10-25T00:45:00Z", true, "2026-10-25T01:30:00Z"),
            (&early, "2026-10-25T01:29:59Z", true, "2026-10-25T01:30:00Z"),
            (&late, "2026-10-25T00:29:59Z", false, "2026-10-25T00:30:00Z"),
            (&late, "2026-10-25T01:15:00Z", true, "2026-10-25T04:00:00Z"),
        ];
        for (hours, now, open, until) in table {
            let expected = Standing {
                open,
                until: Some(at(until)),
            };
            assert_eq!(hours.standing(at(now)), expected, "{now}");
        }
        // An interval that the jump swallows whole does not exist.
        let swallowed = every_day("Europe/Berlin", &[span(125, 175)]);
        assert_eq!(
            swallowed.next_opening(at("2026-03-29T00:00:00Z")),
            Some(at("2026-03-30T00:05:00Z"))
        );
    }

    #[test]
    fn closed_days_win_and_never_and_always_have_no_end() {
        let mut hours = every_day("UTC", &[span(540, 1020)]);
        let date = |text: &str| text.parse::<Date>().expect("a date");
        hours.closed.push(ClosedDays {
            from: date("2026-12-24"),
            to: date("2026-12-26"),
            name: "Christmas".into(),
        });
        assert_eq!(
            hours.next_opening(at("2026-12-23T18:00:00Z")),
            Some(at("2026-12-27T09:00:00Z"))
        );
        assert!(!hours.is_open(at("2026-12-25T12:00:00Z")));
        let never = every_day("UTC", &[]);
        assert_eq!(never.next_opening(at("2026-12-25T12:00:00Z")), None);
        let always = every_day("Europe/Berlin", &[span(0, DAY_MINUTES)]);
        let standing = always.standing(at("2026-03-29T01:00:00Z"));
        assert_eq!(
            standing,
            Standing {
                open: true,
                until: None
            }
        );
        let mut but_one = always;
        but_one.closed.push(ClosedDays {
            from: date("2027-01-01"),
            to: date("2027-01-01"),
            name: String::new(),
        });
        let expected = Some(at("2026-12-31T23:00:00Z"));
        assert_eq!(but_one.standing(at("2026-12-25T12:00:00Z")).until, expected);
    }

    proptest::proptest! {
        #[test]
        fn what_changes_is_otherwise_just_before_and_after(
            seconds in 1_700_000_000i64..1_900_000_000, opens in 0u16..1439, length in 1u16..600,
        ) {
            let closes = opens.saturating_add(length).min(DAY_MINUTES);
            for zone in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Nairobi"] {
                let hours = every_day(zone, &[span(opens, closes)]);
                let now = Timestamp::from_seconds(seconds);
                let Standing { open, until } = hours.standing(now);
                if let Some(until) = until {
                    proptest::prop_assert!(until > now);
                    proptest::prop_assert_eq!(hours.is_open(until.plus(-1)), open);
                    proptest::prop_assert_eq!(hours.is_open(until), !open);
                }
            }
        }
    }
}
