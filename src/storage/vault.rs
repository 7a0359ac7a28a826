//! Keys and sealing.

use std::sync::Arc;

use super::records::Record;

/// The appliance's master key; wraps every other key.
pub struct MasterKey(pub(super) zeroize::Zeroizing<[u8; 32]>);

/// A data key: a workspace's or a contact's.
pub struct DataKey {
    /// Stands in every record sealed with it.
    pub id: [u8; 8],
}

/// How a record is closed before it is written.
#[derive(Clone)]
pub enum Seal {
    /// Not at all: ids and counters, no personal data.
    Open,
    /// With a data key.
    With(Arc<DataKey>),
}

impl Seal {
    pub(super) fn wrap<R: Record>(&self, _key: &[u8], _value: &R) -> Vec<u8> {
        todo!()
    }

    pub(super) fn wrap_bytes(&self, _key: &[u8], _bytes: &[u8]) -> Vec<u8> {
        todo!()
    }
}
