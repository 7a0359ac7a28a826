//! What was sent, by day, channel, category and country, and what it costs.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::web::Json;
use actix_web::{HttpResponse, get};

use super::Machinery;
use super::money::{format, format_day, parse_day};
use crate::actors::House;
use crate::actors::standing::{Count, PriceSettings, month_of};
use crate::domain::billing::{Billed, Category, Charge, NO_COUNTRY};
use crate::domain::{ChannelId, WorkspaceId};
use crate::http::{ApiError, ApiResult, Caller, ErrorCode, NoQuery, StrictQuery, endpoints};

endpoints!(show_usage, export_usage, show_month);

/// Most days of one report.
const MAX_DAYS: u32 = 92;
/// Days of a report that names none.
const DEFAULT_DAYS: u32 = 30;

/// Which part.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// First day, such as `2026-11-01`; otherwise the last 30 days.
    from: Option<String>,
    /// Last day; otherwise today (UTC). At most 92 days.
    to: Option<String>,
    /// This channel only.
    #[param(value_type = Option<String>)]
    channel: Option<ChannelId>,
    /// This category only.
    #[param(value_type = Option<String>)]
    category: Option<Category>,
    /// This country only, in two letters.
    country: Option<String>,
}

/// One line.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct UsageRow {
    /// The day (UTC) on which the messages were queued.
    day: String,
    /// The channel.
    channel_id: String,
    /// What it is charged as.
    #[schema(value_type = String)]
    category: Category,
    /// Country of the customers' numbers; `null` if not known.
    #[schema(required)]
    country: Option<String>,
    /// `regular`, `free_service`, `free_entry_point` or `free`.
    #[schema(value_type = String)]
    charge: Charge,
    /// How many messages.
    messages: u64,
    /// Parts that are charged each: SMS segments; otherwise as many as messages.
    units: u64,
    /// What they cost by the owner's prices; `null` if the owner has set no price for them.
    #[schema(required)]
    cost: Option<String>,
}

/// A sum.
#[derive(Debug, Default, serde::Serialize, utoipa::ToSchema)]
pub(super) struct UsageSum {
    /// A category, a channel's id, a country or a day.
    key: String,
    /// How many messages.
    messages: u64,
    /// Of them those that are charged.
    charged: u64,
    /// The parts that those are charged by: an SMS counts one for each segment, any other message one.
    units: u64,
    /// What they cost by the owner's prices.
    cost: String,
}

/// What was sent and what it costs.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct UsageView {
    /// First day.
    from: String,
    /// Last day.
    to: String,
    /// Currency of the costs.
    currency: String,
    /// All messages of which it is known as what they are charged.
    messages: u64,
    /// What they cost by the owner's prices.
    cost: String,
    /// Messages that are charged and have no price.
    unpriced: u64,
    /// By category.
    by_category: Vec<UsageSum>,
    /// By channel.
    by_channel: Vec<UsageSum>,
    /// By country.
    by_country: Vec<UsageSum>,
    /// By day.
    by_day: Vec<UsageSum>,
    /// Line by line.
    rows: Vec<UsageRow>,
}

/// The counts of a report, with their costs in millionths.
struct Counted {
    days: (u32, u32),
    currency: String,
    lines: Vec<(Count, Option<i64>)>,
}

fn invalid(field: &'static str, detail: &'static str) -> ApiError {
    ApiError::new(ErrorCode::InvalidQuery, detail).at(field)
}

fn count(house: &House, workspace: WorkspaceId, filter: &Filter) -> ApiResult<Counted> {
    let (_, today) = month_of(house.core.clock.now());
    let day = |field, text: &Option<String>| match text {
        Some(text) => parse_day(text)
            .map(Some)
            .ok_or_else(|| invalid(field, "must be a day such as 2026-11-01.")),
        None => Ok(None),
    };
    let last = day("to", &filter.to)?.unwrap_or(today);
    let first = day("from", &filter.from)?.unwrap_or_else(|| last.saturating_sub(DEFAULT_DAYS - 1));
    if first > last || last - first >= MAX_DAYS {
        return Err(invalid(
            "from",
            "from must not lie after to, and at most 92 days are shown.",
        ));
    }
    let settings = PriceSettings::load(&house.core.store, workspace)?;
    let card = settings.card();
    let country = filter.country.as_ref().map(|text| text.to_ascii_uppercase());
    let counts = house.core.counts(workspace, (first, last), filter.channel)?;
    let fits = |count: &Count| {
        filter
            .category
            .is_none_or(|category| category == count.billed.category)
            && country
                .as_ref()
                .is_none_or(|country| country.as_bytes() == count.billed.country)
    };
    let priced = |count: Count| (count, count.cost(&card));
    Ok(Counted {
        days: (first, last),
        currency: settings.currency,
        lines: counts.into_iter().filter(fits).map(priced).collect(),
    })
}

fn country_of(billed: &Billed) -> Option<String> {
    let text = String::from_utf8_lossy(&billed.country).into_owned();
    (billed.country != NO_COUNTRY).then_some(text)
}

impl Counted {
    fn sums(&self, key: impl Fn(&Billed) -> String) -> Vec<UsageSum> {
        #[derive(Default)]
        struct Sum {
            messages: u64,
            charged: u64,
            units: u64,
            cost: i64,
        }
        let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
        for (count, cost) in &self.lines {
            let sum = sums.entry(key(&count.billed)).or_default();
            sum.messages += count.messages;
            if count.billed.charge == Charge::Regular {
                sum.charged += count.messages;
                sum.units += count.units;
            }
            sum.cost = sum.cost.saturating_add(cost.unwrap_or(0));
        }
        let sums = sums.into_iter().map(|(key, sum)| UsageSum {
            key,
            messages: sum.messages,
            charged: sum.charged,
            units: sum.units,
            cost: format(sum.cost),
        });
        sums.collect()
    }

    fn rows(&self) -> Vec<UsageRow> {
        let rows = self.lines.iter().map(|(count, cost)| UsageRow {
            day: format_day(count.billed.day),
            channel_id: count.billed.channel.to_string(),
            category: count.billed.category,
            country: country_of(&count.billed),
            charge: count.billed.charge,
            messages: count.messages,
            units: count.units,
            cost: cost.map(format),
        });
        rows.collect()
    }

    fn into_view(self) -> UsageView {
        let cost = self
            .lines
            .iter()
            .filter_map(|(_, cost)| *cost)
            .fold(0, i64::saturating_add);
        let unpriced = self.lines.iter().filter(|(_, cost)| cost.is_none());
        UsageView {
            from: format_day(self.days.0),
            to: format_day(self.days.1),
            messages: self.lines.iter().map(|(count, _)| count.messages).sum(),
            cost: format(cost),
            unpriced: unpriced.map(|(count, _)| count.messages).sum(),
            by_category: self.sums(|billed| billed.category.as_str().to_owned()),
            by_channel: self.sums(|billed| billed.channel.to_string()),
            by_country: self.sums(|billed| country_of(billed).unwrap_or_default()),
            by_day: self.sums(|billed| format_day(billed.day)),
            rows: self.rows(),
            currency: self.currency,
        }
    }
}

/// What was sent and what it costs. Counted once for each message, when the provider tells as what it is charged, or takes it
/// if it tells nothing (Twilio).
#[utoipa::path(tag = "usage", params(Filter), responses((status = 200, body = UsageView)))]
#[get("/api/v1/usage")]
pub(super) async fn show_usage(
    house: Machinery,
    who: Caller,
    query: StrictQuery<Filter>,
) -> ApiResult<Json<UsageView>> {
    Ok(Json(count(&house, who.workspace, &query.0)?.into_view()))
}

/// The same line by line as CSV, for spreadsheets.
#[utoipa::path(tag = "usage", params(Filter), responses((status = 200, description = "CSV with a head", body = String)))]
#[get("/api/v1/usage.csv")]
pub(super) async fn export_usage(
    house: Machinery,
    who: Caller,
    query: StrictQuery<Filter>,
) -> ApiResult<HttpResponse> {
    let counted = count(&house, who.workspace, &query.0)?;
    let mut csv = String::from("day,channel_id,category,country,charge,messages,cost,currency,units\r\n");
    for row in counted.rows() {
        let charge = match row.charge {
            Charge::Regular => "regular",
            Charge::FreeService => "free_service",
            Charge::FreeEntryPoint => "free_entry_point",
            Charge::Free => "free",
        };
        let fields = [
            row.day,
            row.channel_id,
            row.category.as_str().to_owned(),
            row.country.unwrap_or_default(),
            charge.to_owned(),
            row.messages.to_string(),
            row.cost.unwrap_or_default(),
            quoted(&counted.currency),
            row.units.to_string(),
        ];
        csv.push_str(&fields.join(","));
        csv.push_str("\r\n");
    }
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"usage.csv\""))
        .body(csv))
}

/// A text of people's own: quoted, and never a formula.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// How this month's spending stands.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct MonthView {
    /// First day of the month (UTC).
    from: String,
    /// Currency.
    currency: String,
    /// Spent, by the owner's prices.
    spent: String,
    /// The budget.
    #[schema(required)]
    budget: Option<String>,
    /// Share of the budget, in percent.
    #[schema(required)]
    percent: Option<u64>,
    /// From this share on it is told.
    warn_percent: u8,
    /// Templates and SMS are refused once it is used up.
    hard_stop: bool,
}

/// How this month's spending stands.
#[utoipa::path(tag = "usage", responses((status = 200, body = MonthView)))]
#[get("/api/v1/usage/month")]
pub(super) async fn show_month(house: Machinery, who: Caller, _: NoQuery) -> ApiResult<Json<MonthView>> {
    let now = house.core.clock.now();
    let spending = house.core.spending(who.workspace, now)?;
    let settings = PriceSettings::load(&house.core.store, who.workspace)?;
    let percent = spending.budget.filter(|budget| *budget > 0).map(|budget| {
        let share = i128::from(spending.spent.max(0)) * 100 / i128::from(budget);
        u64::try_from(share).unwrap_or(u64::MAX)
    });
    Ok(Json(MonthView {
        from: format_day(month_of(now).0),
        currency: spending.currency,
        spent: format(spending.spent),
        budget: spending.budget.map(format),
        percent,
        warn_percent: settings.warn_percent,
        hard_stop: spending.hard_stop,
    }))
}
