//! The counters of the bill: which ones count a message.

use super::{UsageKey, UsagePartsKey};
use crate::domain::WorkspaceId;
use crate::domain::billing::Billed;

impl UsageKey {
    /// The counter of messages that are counted so.
    pub const fn of(workspace: WorkspaceId, billed: &Billed) -> Self {
        Self {
            workspace,
            day: billed.day,
            channel: billed.channel,
            category: billed.category as u8,
            country: billed.country,
            charge: billed.charge as u8,
        }
    }

    /// The counter beside it, of their further parts.
    pub const fn parts(&self) -> UsagePartsKey {
        let Self {
            workspace,
            day,
            channel,
            category,
            country,
            charge,
        } = *self;
        UsagePartsKey {
            workspace,
            day,
            channel,
            category,
            country,
            charge,
        }
    }
}
