//! What a message counts as in the month's bill: category, country, day, and the price that the owner set for it.
//!
//! Owns the categories and the price list's rules. No price is known here: the owner types them. Must not know where counts
//! are kept.

use super::ids::ChannelId;
use super::message::{Direction, Message, Pricing};
use super::time::Timestamp;

/// Microseconds of a day.
const DAY: i64 = 24 * 3600 * 1_000_000;
/// A country that is not known.
pub const NO_COUNTRY: [u8; 2] = *b"ZZ";
/// Most rows of a price list.
pub const MAX_RATES: usize = 2_000;
/// The highest price, in millionths: a million a message.
pub const MAX_PRICE: i64 = 1_000_000_000_000;

/// What providers charge by (Meta's pricing categories, and text messages without and with files). Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
#[allow(missing_docs)] // the provider's own words
pub enum Category {
    Marketing = 1,
    Utility = 2,
    Authentication = 3,
    AuthenticationInternational = 4,
    Service = 5,
    ReferralConversion = 6,
    MarketingLite = 7,
    Sms = 8,
    Mms = 9,
    Other = 255,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 10] = [
        Self::Marketing,
        Self::Utility,
        Self::Authentication,
        Self::AuthenticationInternational,
        Self::Service,
        Self::ReferralConversion,
        Self::MarketingLite,
        Self::Sms,
        Self::Mms,
        Self::Other,
    ];

    /// The category for a stored number.
    pub fn from_u8(n: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|category| *category as u8 == n)
    }

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Utility => "utility",
            Self::Authentication => "authentication",
            Self::AuthenticationInternational => "authentication_international",
            Self::Service => "service",
            Self::ReferralConversion => "referral_conversion",
            Self::MarketingLite => "marketing_lite",
            Self::Sms => "sms",
            Self::Mms => "mms",
            Self::Other => "other",
        }
    }

    /// The category of a provider's word, with either dash.
    pub fn parse(word: &str) -> Self {
        let word = word.to_ascii_lowercase().replace('-', "_");
        let found = Self::ALL.into_iter().find(|category| category.as_str() == word);
        found.unwrap_or(Self::Other)
    }
}

/// Whether a message costs. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Charge {
    /// It costs.
    Regular = 1,
    /// Free within the customer's window.
    FreeService = 2,
    /// Free after an advertisement or a page's button.
    FreeEntryPoint = 3,
    /// Free for another reason.
    Free = 4,
}

impl Charge {
    /// The charge for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::Regular),
            2 => Some(Self::FreeService),
            3 => Some(Self::FreeEntryPoint),
            4 => Some(Self::Free),
            _ => None,
        }
    }

    fn of(pricing: &Pricing) -> Self {
        match (pricing.kind.as_str(), pricing.billable) {
            ("free_customer_service", _) => Self::FreeService,
            ("free_entry_point", _) => Self::FreeEntryPoint,
            ("regular", _) | (_, None | Some(true)) => Self::Regular,
            (_, Some(false)) => Self::Free,
        }
    }
}

/// How a message is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Billed {
    /// Day, counted from 1970, in UTC: that on which the message was queued.
    pub day: u32,
    /// Over which channel.
    pub channel: ChannelId,
    /// As what.
    pub category: Category,
    /// Country of the customer's number, ISO 3166; [`NO_COUNTRY`] if not known.
    pub country: [u8; 2],
    /// Whether it costs.
    pub charge: Charge,
    /// Parts that are charged each: SMS segments; 1 for whatever is charged as a whole.
    pub units: u32,
}

/// The day of a time.
pub fn day_of(at: Timestamp) -> u32 {
    u32::try_from(at.0.div_euclid(DAY)).unwrap_or(0)
}

/// The first moment of a day.
pub fn start_of(day: u32) -> Timestamp {
    Timestamp(i64::from(day) * DAY)
}

impl Billed {
    /// How `message` is counted; `None` as long as the provider has not told its price.
    pub fn of(message: &Message, channel: ChannelId, country: [u8; 2]) -> Option<Self> {
        let pricing = message
            .pricing
            .as_ref()
            .filter(|_| message.direction == Direction::Outbound)?;
        Some(Self {
            day: day_of(message.created_at),
            channel,
            category: Category::parse(&pricing.category),
            country,
            charge: Charge::of(pricing),
            units: pricing.units,
        })
    }

    /// Parts beyond the first.
    pub const fn more_units(&self) -> u32 {
        self.units.saturating_sub(1)
    }
}

/// One row of the price list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rate {
    /// For this category.
    pub category: Category,
    /// For this country; `None` for all that have no row of their own.
    pub country: Option<[u8; 2]>,
    /// From this day on.
    pub from_day: u32,
    /// Price of one message, or of one SMS segment, in millionths of the currency's unit.
    pub price: i64,
}

/// The owner's prices.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RateCard {
    /// Rows in any order.
    pub rates: Vec<Rate>,
}

impl RateCard {
    /// What a part of a message counted so costs (most have one); `None` if the owner has typed no price for it. What is free
    /// costs nothing.
    pub fn price(&self, billed: &Billed) -> Option<i64> {
        if billed.charge != Charge::Regular {
            return Some(0);
        }
        let fits = |rate: &&Rate| {
            let here = rate.country.is_none_or(|country| country == billed.country);
            rate.category == billed.category && rate.from_day <= billed.day && here
        };
        // A row for the country goes before one for all; of those the latest.
        let found = self.rates.iter().filter(fits);
        found
            .max_by_key(|rate| (rate.country.is_some(), rate.from_day))
            .map(|rate| rate.price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::{MessageStatus, tests::outbound};

    fn billed(category: Category, country: [u8; 2], day: u32, charge: Charge) -> Billed {
        Billed {
            day,
            channel: ChannelId([1; 16]),
            category,
            country,
            charge,
            units: 1,
        }
    }

    #[test]
    fn a_country_goes_before_all_and_the_latest_before_the_older() {
        let rate = |country: Option<&[u8; 2]>, from_day, price| Rate {
            category: Category::Marketing,
            country: country.copied(),
            from_day,
            price,
        };
        let card = RateCard {
            rates: vec![
                rate(None, 0, 50),
                rate(None, 20, 60),
                rate(Some(b"KE"), 0, 10),
                rate(Some(b"KE"), 10, 20),
            ],
        };
        let price =
            |country: &[u8; 2], day, charge| card.price(&billed(Category::Marketing, *country, day, charge));
        assert_eq!(price(b"KE", 9, Charge::Regular), Some(10));
        assert_eq!(price(b"KE", 30, Charge::Regular), Some(20));
        assert_eq!(price(b"DE", 9, Charge::Regular), Some(50));
        assert_eq!(price(b"DE", 20, Charge::Regular), Some(60));
        assert_eq!(price(b"DE", 20, Charge::FreeService), Some(0));
        assert_eq!(
            card.price(&billed(Category::Utility, *b"KE", 9, Charge::Regular)),
            None
        );
    }

    #[test]
    fn what_the_provider_says_decides_how_it_counts() {
        let table = [
            (
                "marketing",
                "regular",
                Some(true),
                Category::Marketing,
                Charge::Regular,
            ),
            (
                "utility",
                "free_customer_service",
                Some(false),
                Category::Utility,
                Charge::FreeService,
            ),
            (
                "service",
                "free_entry_point",
                None,
                Category::Service,
                Charge::FreeEntryPoint,
            ),
            (
                "authentication-international",
                "",
                None,
                Category::AuthenticationInternational,
                Charge::Regular,
            ),
            ("novelty", "", Some(false), Category::Other, Charge::Free),
        ];
        for (word, kind, billable, category, charge) in table {
            let mut message = outbound(MessageStatus::Sent);
            assert_eq!(Billed::of(&message, ChannelId([1; 16]), NO_COUNTRY), None);
            message.pricing = Some(Pricing {
                category: word.into(),
                kind: kind.into(),
                model: "PMP".into(),
                billable,
                units: 1,
            });
            let found = Billed::of(&message, ChannelId([1; 16]), *b"KE").expect("priced");
            assert_eq!(
                (found.category, found.charge),
                (category, charge),
                "{word} {kind}"
            );
        }
        for category in Category::ALL {
            assert_eq!(Category::from_u8(category as u8), Some(category));
            assert_eq!(Category::parse(category.as_str()), category);
        }
    }
}
