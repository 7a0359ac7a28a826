//! The owner's prices and budget.

use actix_web::web::Json;
use actix_web::{get, put};

use super::Machinery;
use super::money::{format, format_day, parse, parse_day};
use crate::actors::standing::{PriceSettings, RateSetting};
use crate::channels::FieldError;
use crate::domain::billing::{Category, MAX_RATES};
use crate::http::{ApiBody, ApiResult, Caller, NoQuery, OwnerCaller, ValidJson, check, endpoints};

endpoints!(show_prices, keep_prices);

/// Longest name of a currency.
const MAX_CURRENCY: usize = 8;

/// The price of one message.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RateBody {
    /// `marketing`, `utility`, `authentication`, `authentication_international`, `service`, `referral_conversion`,
    /// `marketing_lite`, `sms`, `mms` or `other`.
    #[schema(value_type = String)]
    category: Category,
    /// Country of the customer's number in two letters; `null` for all that have no row of their own.
    #[serde(default)]
    country: Option<String>,
    /// First day on which it holds, such as `2026-11-01`.
    from: String,
    /// In the currency's unit, up to six places: `0.0225`. Of one message; of one segment for `sms`.
    price: String,
}

/// Prices and budget. They are the owner's own: Frontdesk knows no provider's prices.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PricesBody {
    /// As it shall be shown: `USD`, `KES` …
    currency: String,
    /// The price list, at most 2,000 rows.
    rates: Vec<RateBody>,
    /// The month's budget; `null` for none.
    #[serde(default)]
    budget: Option<String>,
    /// Warn from this share on, in percent: 1 to 100.
    warn_percent: u8,
    /// Refuse templates and SMS once the budget is used up.
    hard_stop: bool,
}

fn amount(field: &str, text: &str) -> Result<i64, FieldError> {
    parse(text).ok_or_else(|| FieldError::new(field, "must be an amount such as 0.0225, up to six places."))
}

impl ApiBody for PricesBody {
    fn check(&self) -> Result<(), FieldError> {
        if self.currency.trim().is_empty() {
            return Err(FieldError::new("currency", "Say in which currency."));
        }
        check::line("currency", &self.currency, MAX_CURRENCY)?;
        if self.rates.len() > MAX_RATES {
            return Err(FieldError::new("rates", format!("At most {MAX_RATES} rows.")));
        }
        for rate in &self.rates {
            amount("rates.price", &rate.price)?;
            parse_day(&rate.from)
                .ok_or_else(|| FieldError::new("rates.from", "must be a day such as 2026-11-01."))?;
            let is_country =
                |text: &String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
            if rate.country.as_ref().is_some_and(|country| !is_country(country)) {
                return Err(FieldError::new(
                    "rates.country",
                    "must be two letters such as KE, or null.",
                ));
            }
        }
        if let Some(budget) = &self.budget {
            amount("budget", budget)?;
        }
        match self.warn_percent {
            1..=100 => Ok(()),
            _ => Err(FieldError::new("warn_percent", "must be from 1 to 100.")),
        }
    }
}

impl From<PriceSettings> for PricesBody {
    fn from(settings: PriceSettings) -> Self {
        let rate = |rate: RateSetting| RateBody {
            category: rate.category,
            country: rate.country,
            from: format_day(rate.from_day),
            price: format(rate.price),
        };
        Self {
            currency: settings.currency,
            rates: settings.rates.into_iter().map(rate).collect(),
            budget: settings.budget.map(format),
            warn_percent: settings.warn_percent,
            hard_stop: settings.hard_stop,
        }
    }
}

impl PricesBody {
    fn into_settings(self) -> Result<PriceSettings, FieldError> {
        let rate = |rate: RateBody| {
            Ok(RateSetting {
                category: rate.category,
                country: rate.country.map(|country| country.to_ascii_uppercase()),
                from_day: parse_day(&rate.from).unwrap_or_default(),
                price: amount("rates.price", &rate.price)?,
            })
        };
        Ok(PriceSettings {
            currency: self.currency.trim().to_owned(),
            rates: self
                .rates
                .into_iter()
                .map(rate)
                .collect::<Result<_, FieldError>>()?,
            budget: self.budget.map(|budget| amount("budget", &budget)).transpose()?,
            warn_percent: self.warn_percent,
            hard_stop: self.hard_stop,
        })
    }
}

/// The owner's prices and budget.
#[utoipa::path(tag = "usage", responses((status = 200, body = PricesBody)))]
#[get("/api/v1/settings/prices")]
pub(super) async fn show_prices(house: Machinery, who: Caller, _: NoQuery) -> ApiResult<Json<PricesBody>> {
    Ok(Json(
        PriceSettings::load(&house.core.store, who.workspace)?.into(),
    ))
}

/// Sets prices and budget. What was sent before a price's first day keeps the price that held then. For owners.
#[utoipa::path(tag = "usage", request_body = PricesBody, responses((status = 200, body = PricesBody)))]
#[put("/api/v1/settings/prices")]
pub(super) async fn keep_prices(
    house: Machinery,
    who: OwnerCaller,
    body: ValidJson<PricesBody>,
    _: NoQuery,
) -> ApiResult<Json<PricesBody>> {
    let settings = body.0.into_settings()?;
    house.core.keep_price_settings(who.workspace, &settings).await?;
    Ok(Json(settings.into()))
}
