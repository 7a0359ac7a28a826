//! When the next backup is due and which old ones may go. Pure: `now` and the list of backups come in as arguments.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};

use crate::domain::Timestamp;

/// How often. All times are local to the schedule's time zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Every {
    /// At this minute of every hour (0–59).
    Hour {
        /// The minute.
        minute: u8,
    },
    /// Every day at this hour (0–23) and minute.
    Day {
        /// The hour.
        hour: u8,
        /// The minute.
        minute: u8,
    },
    /// Once a week; 1 is Monday, 7 is Sunday.
    Week {
        /// The day.
        weekday: u8,
        /// The hour.
        hour: u8,
        /// The minute.
        minute: u8,
    },
}

/// A schedule for backups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// How often.
    pub every: Every,
    /// IANA name of the time zone.
    pub timezone: String,
    /// How many complete backups to keep (at least 1).
    pub keep: u32,
}

/// What is wrong with a schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScheduleError {
    /// Not an IANA time zone.
    #[error("timezone: not a known time zone, e.g. Europe/Berlin")]
    Timezone,
    /// Hour, minute or weekday out of range.
    #[error("every: hours are 0 to 23, minutes 0 to 59, weekdays 1 (Monday) to 7")]
    Time,
    /// Nothing would be kept.
    #[error("keep: at least one backup must be kept")]
    Keep,
}

/// The first time after `now` at which a backup is due. A local time that a clock change skips moves on by the change; one
/// that comes twice counts once.
///
/// # Errors
/// Names the part of the schedule that cannot be.
pub fn next_backup(now: Timestamp, schedule: &Schedule) -> Result<Timestamp, ScheduleError> {
    if schedule.keep == 0 {
        return Err(ScheduleError::Keep);
    }
    let zone = TimeZone::get(&schedule.timezone).map_err(|_| ScheduleError::Timezone)?;
    let now = jiff::Timestamp::from_microsecond(now.0).map_err(|_| ScheduleError::Time)?;
    let local = now.to_zoned(zone);
    let next = match schedule.every {
        Every::Hour { minute } => next_hour(&local, minute),
        Every::Day { hour, minute } => next_day(&local, hour, minute, |_| true),
        Every::Week {
            weekday,
            hour,
            minute,
        } => {
            let offset = i8::try_from(weekday).map_err(|_| ScheduleError::Time)?;
            let wanted = Weekday::from_monday_one_offset(offset).map_err(|_| ScheduleError::Time)?;
            next_day(&local, hour, minute, |day| day == wanted)
        }
    };
    let next = next.ok_or(ScheduleError::Time)?;
    Ok(Timestamp(next.timestamp().as_microsecond()))
}

/// Counts in absolute hours, so that an hour that comes twice has two backups.
fn next_hour(local: &Zoned, minute: u8) -> Option<Zoned> {
    let minute = i8::try_from(minute).ok()?;
    let this_hour = local
        .with()
        .minute(minute)
        .second(0)
        .subsec_nanosecond(0)
        .build()
        .ok()?;
    match this_hour > *local {
        true => Some(this_hour),
        false => this_hour.checked_add(1.hour()).ok(),
    }
}

fn next_day(local: &Zoned, hour: u8, minute: u8, fits: impl Fn(Weekday) -> bool) -> Option<Zoned> {
    let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()?;
    // Eight days always hold a fitting one that lies ahead.
    (0..=8i64).find_map(|days| {
        let date = local.date().checked_add(days.days()).ok()?;
        let at = date.to_datetime(time).to_zoned(local.time_zone().clone()).ok()?;
        (at > *local && fits(date.weekday())).then_some(at)
    })
}

/// A backup on the disk, as far as pruning cares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its file's name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// It holds everything; if not, it goes on from an earlier one.
    pub complete: bool,
    /// It was read back and found whole.
    pub verified: bool,
}

/// Names of the backups that may be deleted when `keep` complete, verified ones shall stay: all that are older than the
/// oldest of those. Nothing goes while there are fewer; what was not verified never counts, and goes only with its age.
pub fn prune(backups: &[Kept], keep: u32) -> Vec<String> {
    let keep = usize::try_from(keep.max(1)).unwrap_or(usize::MAX);
    let whole = backups.iter().filter(|backup| backup.complete && backup.verified);
    let mut times: Vec<Timestamp> = whole.map(|backup| backup.created_at).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    let Some(oldest_kept) = times.get(keep - 1) else {
        return Vec::new();
    };
    let old = backups.iter().filter(|backup| backup.created_at < *oldest_kept);
    old.map(|backup| backup.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schedule(every: Every, timezone: &str) -> Schedule {
        Schedule {
            every,
            timezone: timezone.into(),
            keep: 3,
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    #[test]
    fn the_next_one_is_ahead_and_local() {
        let daily = Every::Day { hour: 2, minute: 30 };
        let weekly = Every::Week {
            weekday: 7,
            hour: 2,
            minute: 30,
        };
        let table = [
            (daily, "UTC", "2026-11-20T02:29:59Z", "2026-11-20T02:30:00Z"),
            (daily, "UTC", "2026-11-20T02:30:00Z", "2026-11-21T02:30:00Z"),
            (
                daily,
                "Asia/Tokyo",
                "2026-11-20T17:29:00Z",
                "2026-11-20T17:30:00Z",
            ),
            // Clocks go forward at 02:00: the skipped half past two becomes half past three.
            (
                daily,
                "Europe/Berlin",
                "2026-03-28T12:00:00Z",
                "2026-03-29T01:30:00Z",
            ),
            // Clocks go back at 03:00: half past two comes twice, the backup once.
            (
                daily,
                "Europe/Berlin",
                "2026-10-25T00:00:00Z",
                "2026-10-25T00:30:00Z",
            ),
            (
                daily,
                "Europe/Berlin",
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z",
            ),
            (weekly, "UTC", "2026-11-20T00:00:00Z", "2026-11-22T02:30:00Z"),
            (weekly, "UTC", "2026-11-22T02:30:00Z", "2026-11-29T02:30:00Z"),
            (
                Every::Hour { minute: 5 },
                "UTC",
                "2026-11-20T02:04:59Z",
                "2026-11-20T02:05:00Z",
            ),
            (
                Every::Hour { minute: 5 },
                "UTC",
                "2026-11-20T23:05:00Z",
                "2026-11-21T00:05:00Z",
            ),
        ];
        for (every, zone, now, next) in table {
            let found = next_backup(at(now), &schedule(every, zone));
            assert_eq!(found, Ok(at(next)), "{every:?} in {zone} after {now}");
        }
    }

    #[test]
    fn a_schedule_that_cannot_be_is_refused_by_name() {
        let daily = Every::Day { hour: 2, minute: 30 };
        let late = Every::Day { hour: 24, minute: 0 };
        let eighth = Every::Week {
            weekday: 8,
            hour: 0,
            minute: 0,
        };
        let now = at("2026-11-20T00:00:00Z");
        let error = |every, zone| next_backup(now, &schedule(every, zone)).expect_err("cannot be");
        assert_eq!(error(daily, "Mars/Olympus"), ScheduleError::Timezone);
        assert_eq!(error(late, "UTC"), ScheduleError::Time);
        assert_eq!(error(eighth, "UTC"), ScheduleError::Time);
        assert_eq!(error(Every::Hour { minute: 60 }, "UTC"), ScheduleError::Time);
        let none = Schedule {
            keep: 0,
            ..schedule(daily, "UTC")
        };
        assert_eq!(next_backup(now, &none), Err(ScheduleError::Keep));
    }

    fn kept(name: &str, created: i64, complete: bool, verified: bool) -> Kept {
        Kept {
            name: name.into(),
            created_at: Timestamp(created),
            complete,
            verified,
        }
    }

    #[test]
    fn pruning_keeps_what_a_restore_may_need() {
        let backups = [
            kept("a", 1, true, true),
            kept("a+", 2, false, true),
            kept("b", 3, true, false),
            kept("c", 4, true, true),
            kept("d", 5, true, true),
            kept("d+", 6, false, true),
        ];
        assert_eq!(prune(&backups, 2), ["a", "a+", "b"]);
        assert_eq!(prune(&backups, 3), Vec::<String>::new());
        assert_eq!(prune(&backups, 4), Vec::<String>::new());
        assert_eq!(prune(&backups[..3], 1), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn it_is_always_ahead_and_at_most_eight_days(now in 0i64..4_000_000_000, hour in 0u8..24, minute in 0u8..60, weekday in 1u8..8) {
            let now = Timestamp::from_seconds(now);
            for every in [Every::Hour { minute }, Every::Day { hour, minute }, Every::Week { weekday, hour, minute }] {
                for zone in ["Europe/Berlin", "America/St_Johns", "Pacific/Apia", "UTC"] {
                    let next = next_backup(now, &schedule(every, zone)).expect("a sound schedule");
                    prop_assert!(next > now, "{every:?} {zone}");
                    prop_assert!(next.since(now) <= 8 * 86_400 * crate::domain::time::SECOND + 86_400 * crate::domain::time::SECOND);
                }
            }
        }

        #[test]
        fn pruning_always_leaves_as_many_as_asked(list in prop::collection::vec((0i64..50, any::<bool>(), any::<bool>()), 0..20), keep in 1u32..6) {
            let backups: Vec<Kept> = list.iter().enumerate().map(|(i, (at, complete, verified))| kept(&i.to_string(), *at, *complete, *verified)).collect();
            let gone = prune(&backups, keep);
            let whole = |backup: &&Kept| backup.complete && backup.verified;
            let before = backups.iter().filter(whole).count();
            let after = backups.iter().filter(|backup| !gone.contains(&backup.name)).filter(whole).count();
            prop_assert!(after >= before.min(keep as usize));
        }
    }
}
