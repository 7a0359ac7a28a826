//! Stored forms of consent, of a channel's health, and of how a message is counted in the bill.

use bincode::{Decode, Encode};

use crate::domain::billing::{Billed, Category, Charge};
use crate::domain::consent::{Consent, ConsentChange, ConsentSource, Permission};
use crate::domain::health::{ChannelHealth, Quality, Restricted, Restriction, Tier};
use crate::domain::{ChannelId, ConversationId, MessageId, Timestamp, UserId};

use super::super::error::StorageError;
use super::{Newest, Stored, impossible};

const CONSENT: &str = "consent";
const HEALTH: &str = "channel_health";
const BILLED: &str = "billed";
/// A tier without a limit.
const UNLIMITED: u32 = u32::MAX;

#[derive(Encode, Decode)]
pub(super) struct ConsentV1 {
    changes: Vec<ChangeV1>,
    wrote_since: bool,
    marketing_paused_until: Option<i64>,
}

#[derive(Encode, Decode)]
struct ChangeV1 {
    permission: u8,
    source: u8,
    at: i64,
    proof: Option<([u8; 16], u32)>,
    by: Option<[u8; 16]>,
    note: String,
}

impl Newest for ConsentV1 {
    fn from_domain(value: &Consent) -> Self {
        let Consent {
            changes,
            wrote_since,
            marketing_paused_until,
        } = value;
        Self {
            changes: changes.iter().map(ChangeV1::new).collect(),
            wrote_since: *wrote_since,
            marketing_paused_until: marketing_paused_until.map(|at| at.0),
        }
    }
}

impl Stored for ConsentV1 {
    type Domain = Consent;
    fn into_domain(self) -> Result<Consent, StorageError> {
        let changes = self.changes.into_iter().map(ChangeV1::into_change);
        Ok(Consent {
            changes: changes.collect::<Result<_, _>>()?,
            wrote_since: self.wrote_since,
            marketing_paused_until: self.marketing_paused_until.map(Timestamp),
        })
    }
}

impl ChangeV1 {
    fn new(value: &ConsentChange) -> Self {
        let ConsentChange {
            permission,
            source,
            at,
            proof,
            by,
            note,
        } = value;
        Self {
            permission: *permission as u8,
            source: *source as u8,
            at: at.0,
            proof: proof.map(|id| (id.conversation.0, id.n)),
            by: by.map(|user| user.0),
            note: note.clone(),
        }
    }

    fn into_change(self) -> Result<ConsentChange, StorageError> {
        let permission = Permission::from_u8(self.permission);
        let source = ConsentSource::from_u8(self.source);
        Ok(ConsentChange {
            permission: permission.ok_or_else(|| impossible(CONSENT, "permission", self.permission))?,
            source: source.ok_or_else(|| impossible(CONSENT, "source", self.source))?,
            at: Timestamp(self.at),
            proof: self.proof.map(|(conversation, n)| MessageId {
                conversation: ConversationId(conversation),
                n,
            }),
            by: self.by.map(UserId),
            note: self.note,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct ChannelHealthV1 {
    quality: u8,
    tier: Option<u32>,
    high_throughput: bool,
    restrictions: Vec<RestrictedV1>,
    stopped: Option<String>,
    warning: Option<String>,
    display_name: String,
    name_decision: String,
    username: String,
    updated_at: Option<i64>,
}

#[derive(Encode, Decode)]
struct RestrictedV1 {
    what: u8,
    word: String,
    until: Option<i64>,
}

impl Newest for ChannelHealthV1 {
    fn from_domain(value: &ChannelHealth) -> Self {
        let ChannelHealth {
            quality,
            tier,
            high_throughput,
            restrictions,
            stopped,
            warning,
            display_name,
            name_decision,
            username,
            updated_at,
        } = value;
        let restricted = |it: &Restricted| RestrictedV1 {
            what: it.what as u8,
            word: it.word.clone(),
            until: it.until.map(|at| at.0),
        };
        Self {
            quality: *quality as u8,
            tier: tier.map(|tier| match tier {
                Tier::People(people) => people.min(UNLIMITED - 1),
                Tier::Unlimited => UNLIMITED,
            }),
            high_throughput: *high_throughput,
            restrictions: restrictions.iter().map(restricted).collect(),
            stopped: stopped.clone(),
            warning: warning.clone(),
            display_name: display_name.clone(),
            name_decision: name_decision.clone(),
            username: username.clone(),
            updated_at: updated_at.map(|at| at.0),
        }
    }
}

impl Stored for ChannelHealthV1 {
    type Domain = ChannelHealth;
    fn into_domain(self) -> Result<ChannelHealth, StorageError> {
        let restricted = |it: RestrictedV1| {
            Ok(Restricted {
                what: Restriction::from_u8(it.what)
                    .ok_or_else(|| impossible(HEALTH, "restriction", it.what))?,
                word: it.word,
                until: it.until.map(Timestamp),
            })
        };
        let quality = Quality::from_u8(self.quality);
        Ok(ChannelHealth {
            quality: quality.ok_or_else(|| impossible(HEALTH, "quality", self.quality))?,
            tier: self.tier.map(|tier| match tier {
                UNLIMITED => Tier::Unlimited,
                people => Tier::People(people),
            }),
            high_throughput: self.high_throughput,
            restrictions: self
                .restrictions
                .into_iter()
                .map(restricted)
                .collect::<Result<_, StorageError>>()?,
            stopped: self.stopped,
            warning: self.warning,
            display_name: self.display_name,
            name_decision: self.name_decision,
            username: self.username,
            updated_at: self.updated_at.map(Timestamp),
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct BilledV1 {
    day: u32,
    channel: [u8; 16],
    category: u8,
    country: [u8; 2],
    charge: u8,
}

impl Stored for BilledV1 {
    type Domain = Billed;
    fn into_domain(self) -> Result<Billed, StorageError> {
        let (category, charge) = (Category::from_u8(self.category), Charge::from_u8(self.charge));
        Ok(Billed {
            day: self.day,
            channel: ChannelId(self.channel),
            category: category.ok_or_else(|| impossible(BILLED, "category", self.category))?,
            country: self.country,
            charge: charge.ok_or_else(|| impossible(BILLED, "charge", self.charge))?,
            units: 1,
        })
    }
}

/// The first version with the parts that are charged each.
#[derive(Encode, Decode)]
pub(super) struct BilledV2 {
    billed: BilledV1,
    units: u32,
}

impl Newest for BilledV2 {
    fn from_domain(value: &Billed) -> Self {
        let Billed {
            day,
            channel,
            category,
            country,
            charge,
            units,
        } = *value;
        let billed = BilledV1 {
            day,
            channel: channel.0,
            category: category as u8,
            country,
            charge: charge as u8,
        };
        Self { billed, units }
    }
}

impl Stored for BilledV2 {
    type Domain = Billed;
    fn into_domain(self) -> Result<Billed, StorageError> {
        Ok(Billed {
            units: self.units,
            ..self.billed.into_domain()?
        })
    }
}
