//! Whether a master key is the right one, before there is a store to open.

use super::cipher::DataKey;
use super::master::MasterKey;
use super::rows::{ROOT_ID, WrappedRow, wrapped_key};
use super::{Vault, decode_plain};

impl Vault {
    /// Under which key the wrapped root secret stands.
    pub(in crate::storage) fn root_row() -> Vec<u8> {
        wrapped_key(ROOT_ID)
    }

    /// Whether a master key opens that row.
    pub(in crate::storage) fn fits(master: &MasterKey, row: &[u8]) -> bool {
        let master = DataKey::from_secret(ROOT_ID, &master.0, b"wrap root");
        let wrapped = decode_plain::<WrappedRow>(row);
        wrapped.is_ok_and(|wrapped| wrapped.open(ROOT_ID, &master).is_ok())
    }
}
