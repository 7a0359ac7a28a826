//! From raw bytes to news: reads raw events, keeps what is for this channel, notes what cannot be read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::json;

use crate::actors::intake::addressee;
use crate::actors::registry::ChannelEntry;
use crate::channels::{Address, Delivery};
use crate::domain::inbound::{ChannelNotice, Inbound};
use crate::domain::operations::RawEvent;
use crate::domain::{RawEventId, TraceId, phrases};
use crate::storage::StorageError;
use crate::storage::keys::{RawBlobKey, RawEventKey};

use super::{ChannelWork, notes};

/// A raw event, read.
pub(super) struct Read {
    pub raw: RawEventId,
    pub trace: TraceId,
    /// Size of its body in bytes.
    pub size: usize,
    /// By which its notices are known again.
    pub digest: [u8; 32],
    /// What it says to this channel, or why it cannot be read.
    pub items: Result<Vec<Inbound>, String>,
}

impl ChannelWork {
    /// Reads one raw event. An error only if the store cannot be read just now.
    pub(super) fn read(&self, entry: &ChannelEntry, raw: RawEventId) -> Result<Read, StorageError> {
        let key = RawEventKey {
            workspace: entry.workspace,
            raw,
        };
        let unknown = |error: String| Read {
            raw,
            trace: TraceId([0; 16]),
            size: 0,
            digest: [0; 32],
            items: Err(error),
        };
        let event = match self.core.store.get(&key) {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(unknown("its record is missing".into())),
            Err(error @ (StorageError::Damaged { .. } | StorageError::Erased)) => {
                return Ok(unknown(error.to_string()));
            }
            Err(error) => return Err(error),
        };
        let mut digest = [0; 32];
        let items = match self.core.store.blob(&RawBlobKey { raw: event.blob }) {
            Ok(Some(bytes)) => {
                let items = self.interpret(entry, &event, &bytes);
                digest = notes::digest(&items, &bytes);
                items
            }
            Ok(None) => Err("its bytes are no longer kept".into()),
            Err(error @ (StorageError::Damaged { .. } | StorageError::Erased)) => Err(error.to_string()),
            Err(error) => return Err(error),
        };
        Ok(Read {
            raw,
            trace: event.trace,
            size: event.size as usize,
            digest,
            items,
        })
    }

    fn interpret(
        &self,
        entry: &ChannelEntry,
        event: &RawEvent,
        bytes: &[u8],
    ) -> Result<Vec<Inbound>, String> {
        let provider = self
            .core
            .provider(entry.kind)
            .ok_or("its provider is not part of this version")?;
        // A body that brings the adapter down is parked like any other that cannot be read.
        let deliveries = catch_unwind(AssertUnwindSafe(|| provider.parse(bytes)))
            .map_err(|_| "reading it failed unexpectedly; see the log".to_owned())?
            .map_err(|error| error.to_string())?;
        let signed = self.signed_alike(entry);
        let mut mine = Vec::new();
        let mut strangers = Vec::new();
        for Delivery { address, items } in deliveries {
            if address == Address::Posted {
                mine.extend(items);
                continue;
            }
            match addressee(provider.as_ref(), &signed, &address) {
                Some(found) if found.channel.id == entry.channel.id => mine.extend(items),
                Some(_) => {}
                None if items.is_empty() => {}
                // It names nobody, and came signed: it is for the first of those who can read the signature.
                None if address.is_nowhere() => {
                    let is_first = event.id == event.blob;
                    mine.extend(items.into_iter().filter(|_| is_first));
                }
                None => strangers.push(address),
            }
        }
        // A page's news come here although it may have no Instagram account that is connected: kept, and no fault.
        let fault = strangers
            .iter()
            .find(|address| !matches!(address, Address::Page(_)));
        match (fault, event.id == event.blob) {
            (Some(address), true) if mine.is_empty() => Err(no_channel(address)),
            (_, true) if !strangers.is_empty() => {
                tracing::warn!(raw_event = %event.id, address = ?strangers[0], "a part of a delivery is for nobody here");
                mine.extend(strangers.iter().map(unclaimed));
                Ok(mine)
            }
            _ => Ok(mine),
        }
    }

    /// The channels that this delivery may be for: those with the secret that signed it. Whoever else claims one of
    /// its numbers or accounts has no part in it.
    fn signed_alike(&self, entry: &ChannelEntry) -> Vec<Arc<ChannelEntry>> {
        let all = self.core.registry.all().into_iter();
        all.filter(|other| other.is_signed_like(entry)).collect()
    }
}

/// Tells of a part of a delivery that nobody here can be shown, beside parts that somebody was.
fn unclaimed(address: &Address) -> Inbound {
    Inbound::Notice(ChannelNotice {
        field: "unclaimed".to_owned(),
        body: json!({ "detail": phrases::NOTICE_UNCLAIMED.with(&[("why", &no_channel(address))]) }),
        known: false,
    })
}

fn no_channel(address: &Address) -> String {
    let (phrase, id) = match address {
        Address::Number(id) => (phrases::UNCLAIMED_NUMBER, id),
        Address::Account(id) => (phrases::UNCLAIMED_ACCOUNT, id),
        Address::Page(id) => (phrases::UNCLAIMED_PAGE, id),
        Address::Posted => return phrases::UNCLAIMED_POSTED.text().to_owned(),
    };
    phrase.with(&[("id", id)])
}
