//! News about the channel itself: kept for people to read, heeded for the channel's health, and told once. A provider that did
//! not hear our answer delivers the same body again; what it said is known by the body's bytes and the place in them.

use sha2::{Digest, Sha256};

use crate::actors::registry::ChannelEntry;
use crate::domain::inbound::{ChannelNotice, Inbound};
use crate::domain::operations::Notice;
use crate::domain::{EventKind, RawEventId, TraceId};
use crate::storage::keys::{NoticeKey, NoticeSeenKey};
use crate::storage::{Seal, StorageError};

use super::ChannelWork;
use super::drain::Round;

/// Where a notice stands: its delivery, the digest of the delivery's bytes, and its place among what they say.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub raw: RawEventId,
    pub trace: TraceId,
    pub digest: [u8; 32],
    pub index: usize,
}

/// The digest of a body, if anything in it must be known again by it.
pub(super) fn digest(items: &Result<Vec<Inbound>, String>, body: &[u8]) -> [u8; 32] {
    let is_notice = |item: &Inbound| matches!(item, Inbound::Notice(_));
    match items {
        Ok(items) if items.iter().any(is_notice) => Sha256::digest(body).into(),
        _ => [0; 32],
    }
}

impl ChannelWork {
    /// Keeps a notice and heeds it, unless that was done before. Answers whether it is new.
    pub(super) fn note(
        &self,
        entry: &ChannelEntry,
        round: &mut Round,
        place: Place,
        notice: ChannelNotice,
    ) -> Result<bool, StorageError> {
        let workspace = entry.workspace;
        let seen = NoticeSeenKey {
            workspace,
            hash: self.fingerprint(entry, place)?,
        };
        if !round.noted.insert(seen.hash) || self.core.store.contains(&seen)? {
            metrics::counter!("frontdesk_inbound_duplicates_total").increment(1);
            return Ok(false);
        }
        // The number follows from the place in the delivery, so that a repeated round writes the same rows.
        let id = (place.raw.0 << 12) | (place.index as u64 & 0xfff);
        let concerned = self.concerned(entry, &notice);
        if let Some(provider) = self.core.provider(entry.kind) {
            let changes = provider.health_changes(&notice);
            for channel in &concerned {
                round
                    .health
                    .extend(changes.iter().map(|change| (*channel, change.clone())));
            }
        }
        let channel = concerned.first().copied().unwrap_or(entry.channel.id);
        let ChannelNotice { field, body, known } = notice;
        let received_at = self.core.clock.now();
        let notice = Notice {
            id,
            channel,
            field,
            known,
            body,
            received_at,
            raw_event: place.raw,
        };
        let key = NoticeKey {
            workspace,
            notice: id,
        };
        let seal = self.core.store.workspace_seal(workspace)?;
        round
            .closing
            .put(&key, &notice, &seal)
            .put(&seen, &id, &Seal::Open)
            .event(workspace, received_at, place.trace, EventKind::NoticeCreated(id));
        Ok(true)
    }

    fn fingerprint(&self, entry: &ChannelEntry, place: Place) -> Result<[u8; 16], StorageError> {
        let digest: String = place.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let said = format!("notice {} {digest} {}", entry.channel.id, place.index);
        self.core.provider_id_hash(entry.workspace, &said)
    }
}
