//! Opening hours as they go over the wire: times as `09:00`, days as `2026-12-24`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::Timestamp;
use crate::domain::hours::{ClosedDays, DAY_MINUTES, Hours, MAX_CLOSED, MAX_SPANS, Span, Standing};
use crate::http::{ApiBody, FieldError, check};
use crate::storage::settings::Kept;

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// Longest name of a closed day, in characters.
const NAME_MAX: usize = 60;
/// Longest run of closed days.
const MAX_RUN: i32 = 366;

/// One interval of a day.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SpanBody {
    /// `00:00` to `23:59`.
    #[schema(example = "09:00")]
    opens: String,
    /// Later than `opens`, `24:00` at the latest.
    #[schema(example = "17:30")]
    closes: String,
}

/// The intervals of each weekday, in order. A day without any is closed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WeekBody {
    #[serde(default)]
    monday: Vec<SpanBody>,
    #[serde(default)]
    tuesday: Vec<SpanBody>,
    #[serde(default)]
    wednesday: Vec<SpanBody>,
    #[serde(default)]
    thursday: Vec<SpanBody>,
    #[serde(default)]
    friday: Vec<SpanBody>,
    #[serde(default)]
    saturday: Vec<SpanBody>,
    #[serde(default)]
    sunday: Vec<SpanBody>,
}

/// Days on which it is closed, whatever the week says.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClosedBody {
    /// First day.
    #[schema(format = Date)]
    from: String,
    /// Last day; the first one if it is left out.
    #[schema(format = Date)]
    to: Option<String>,
    /// What for.
    #[serde(default)]
    #[schema(max_length = 60)]
    name: String,
}

/// New opening hours.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HoursBody {
    /// IANA time zone in which the times are meant.
    timezone: String,
    week: WeekBody,
    #[serde(default)]
    closed_days: Vec<ClosedBody>,
}

/// Opening hours, and how it stands now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpeningHours)]
pub(super) struct HoursView {
    /// Whether anyone has set them. Until then `week` is a suggestion, and nothing goes by it.
    configured: bool,
    /// IANA time zone in which the times are meant.
    timezone: String,
    week: WeekBody,
    closed_days: Vec<ClosedBody>,
    /// Whether it is open now; `null` until the hours are set.
    #[schema(required)]
    open: Option<bool>,
    /// When it opens next; `null` while it is open, or if it does not within a year.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    opens_at: Option<Timestamp>,
    /// When it closes; `null` while it is closed, or if it does not within a year.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    closes_at: Option<Timestamp>,
    /// Counts changes; the `ETag`.
    version: u64,
}

impl WeekBody {
    const fn days(&self) -> [&Vec<SpanBody>; 7] {
        [
            &self.monday,
            &self.tuesday,
            &self.wednesday,
            &self.thursday,
            &self.friday,
            &self.saturday,
            &self.sunday,
        ]
    }

    fn of(week: &[Vec<Span>; 7]) -> Self {
        let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = week.each_ref().map(|spans| {
            let shown = spans.iter().map(|span| SpanBody {
                opens: clock(span.opens),
                closes: clock(span.closes),
            });
            shown.collect()
        });
        Self {
            monday,
            tuesday,
            wednesday,
            thursday,
            friday,
            saturday,
            sunday,
        }
    }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Minutes since midnight of `hh:mm`.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY_MINUTES).then_some(all)
}

impl SpanBody {
    fn read(&self, at: &str) -> Result<Span, FieldError> {
        let part = |name: &str, text: &str| {
            let wrong = || FieldError::new(format!("{at}.{name}"), "Give a time such as 09:00.");
            minutes(text).ok_or_else(wrong)
        };
        let (opens, closes) = (part("opens", &self.opens)?, part("closes", &self.closes)?);
        if opens >= closes {
            return Err(FieldError::new(
                format!("{at}.closes"),
                "Must be later than the opening. What goes past midnight ends at 24:00 and goes on the next day from 00:00.",
            ));
        }
        Ok(Span { opens, closes })
    }
}

impl ClosedBody {
    fn read(&self, at: &str) -> Result<ClosedDays, FieldError> {
        let date = |name: &str, text: &str| {
            let wrong = || FieldError::new(format!("{at}.{name}"), "Give a day such as 2026-12-24.");
            let date: Date = text.parse().map_err(|_| wrong())?;
            let plain = text.len() == 10 && (1970..=9000).contains(&date.year());
            plain.then_some(date).ok_or_else(wrong)
        };
        let from = date("from", &self.from)?;
        let to = self.to.as_deref().map_or(Ok(from), |to| date("to", to))?;
        let run = from.until(to).map_or(i32::MAX, |span| span.get_days());
        if !(0..MAX_RUN).contains(&run) {
            return Err(FieldError::new(
                format!("{at}.to"),
                "Must not be before the first day, nor more than a year after it.",
            ));
        }
        check::line(&format!("{at}.name"), &self.name, NAME_MAX)?;
        Ok(ClosedDays {
            from,
            to,
            name: self.name.trim().to_owned(),
        })
    }
}

impl HoursBody {
    /// What is asked for, with each day's intervals and the closed days in order.
    pub(super) fn read(&self) -> Result<Hours, FieldError> {
        check::timezone("timezone", &self.timezone)?;
        let mut week: [Vec<Span>; 7] = Default::default();
        for ((name, spans), day) in DAYS.iter().zip(self.week.days()).zip(&mut week) {
            *day = read_day(&format!("week.{name}"), spans)?;
        }
        if self.closed_days.len() > MAX_CLOSED {
            let detail = format!("At most {MAX_CLOSED} entries.");
            return Err(FieldError::new("closed_days", detail));
        }
        let entries = self.closed_days.iter().enumerate();
        let closed: Result<Vec<_>, _> = entries
            .map(|(at, entry)| entry.read(&format!("closed_days.{at}")))
            .collect();
        let mut closed = closed?;
        closed.sort_by_key(|entry| (entry.from, entry.to));
        Ok(Hours {
            timezone: self.timezone.clone(),
            week,
            closed,
        })
    }
}

fn read_day(at: &str, spans: &[SpanBody]) -> Result<Vec<Span>, FieldError> {
    if spans.len() > MAX_SPANS {
        return Err(FieldError::new(
            at,
            format!("At most {MAX_SPANS} intervals a day."),
        ));
    }
    let mut read = Vec::with_capacity(spans.len());
    for (place, span) in spans.iter().enumerate() {
        read.push(span.read(&format!("{at}.{place}"))?);
    }
    read.sort_unstable();
    if read.windows(2).any(|pair| pair[1].opens < pair[0].closes) {
        return Err(FieldError::new(at, "Two of the day's intervals overlap."));
    }
    Ok(read)
}

impl ApiBody for HoursBody {
    const LIMIT: usize = 64 * 1024;

    fn check(&self) -> Result<(), FieldError> {
        self.read().map(|_| ())
    }
}

impl HoursView {
    /// How it stands at `now`.
    pub(super) fn new(kept: &Kept<Hours>, now: Timestamp) -> Self {
        let configured = kept.version > 0;
        let standing = configured.then(|| kept.value.standing(now));
        let until = |open: bool| {
            standing
                .filter(|standing| standing.open == open)
                .and_then(|Standing { until, .. }| until)
        };
        let closed_days = kept.value.closed.iter().map(|closed| ClosedBody {
            from: closed.from.to_string(),
            to: Some(closed.to.to_string()),
            name: closed.name.clone(),
        });
        Self {
            configured,
            timezone: kept.value.timezone.clone(),
            week: WeekBody::of(&kept.value.week),
            closed_days: closed_days.collect(),
            open: standing.map(|standing| standing.open),
            opens_at: until(false),
            closes_at: until(true),
            version: kept.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(body: Value) -> Result<Hours, FieldError> {
        serde_json::from_value::<HoursBody>(body)
            .expect("the shape")
            .read()
    }

    #[test]
    fn what_is_wrong_is_named() {
        let day = |spans: Value| json!({ "timezone": "UTC", "week": { "tuesday": spans } });
        let closed = |entry: Value| json!({ "timezone": "UTC", "week": {}, "closed_days": [entry] });
        let span = |opens: &str, closes: &str| json!({ "opens": opens, "closes": closes });
        let table = [
            (json!({ "timezone": "Mars/Base", "week": {} }), "timezone"),
            (day(json!([span("9:00", "17:00")])), "week.tuesday.0.opens"),
            (day(json!([span("09:00", "24:01")])), "week.tuesday.0.closes"),
            (day(json!([span("09:60", "17:00")])), "week.tuesday.0.opens"),
            (day(json!([span("+9:00", "17:00")])), "week.tuesday.0.opens"),
            (day(json!([span("17:00", "09:00")])), "week.tuesday.0.closes"),
            (
                day(json!([span("09:00", "12:00"), span("11:59", "17:00")])),
                "week.tuesday",
            ),
            (day(json!(vec![span("09:00", "09:01"); 7])), "week.tuesday"),
            (closed(json!({ "from": "2026-02-30" })), "closed_days.0.from"),
            (
                closed(json!({ "from": "2026-12-24T00:00" })),
                "closed_days.0.from",
            ),
            (
                closed(json!({ "from": "2026-12-24", "to": "2026-12-23" })),
                "closed_days.0.to",
            ),
            (
                closed(json!({ "from": "2026-12-24", "to": "2028-12-23" })),
                "closed_days.0.to",
            ),
            (
                closed(json!({ "from": "2026-12-24", "name": "\u{202e}x" })),
                "closed_days.0.name",
            ),
        ];
        for (body, field) in table {
            let error = read(body.clone()).expect_err(&body.to_string());
            assert_eq!(error.field, field, "{body}");
        }
        let many = vec![json!({ "from": "2026-12-24" }); MAX_CLOSED + 1];
        let error =
            read(json!({ "timezone": "UTC", "week": {}, "closed_days": many })).expect_err("too many");
        assert_eq!(error.field, "closed_days");
    }

    #[test]
    fn intervals_are_put_in_order_and_shown_as_they_were_given() {
        let body = json!({ "timezone": "UTC", "week": { "sunday": [
            { "opens": "13:00", "closes": "24:00" }, { "opens": "00:00", "closes": "13:00" },
        ] }, "closed_days": [{ "from": "2026-12-24", "name": " Eve " }] });
        let hours = read(body).expect("valid");
        let view = HoursView::new(
            &Kept {
                version: 1,
                value: hours,
            },
            Timestamp(0),
        );
        let shown = serde_json::to_value(&view).expect("JSON");
        assert_eq!(
            shown["week"]["sunday"][0],
            json!({ "opens": "00:00", "closes": "13:00" })
        );
        assert_eq!(shown["week"]["sunday"][1]["closes"], "24:00");
        assert_eq!(
            shown["closed_days"][0],
            json!({ "from": "2026-12-24", "to": "2026-12-24", "name": "Eve" })
        );
        assert_eq!(shown["open"], false);
        assert_eq!(shown["opens_at"], "1970-01-04T00:00:00.000000Z");
    }
}
