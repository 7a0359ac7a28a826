//! Bodies of records as bytes. The only module that calls `bincode`.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::{Decode, Encode};

use super::error::StorageError;

/// Never change: every stored byte depends on it.
const CONFIG: Configuration<LittleEndian, Varint, Limit<{ 8 << 20 }>> =
    bincode::config::standard().with_limit::<{ 8 << 20 }>();

/// The bytes of a stored struct.
pub(super) fn to_bytes(value: &impl Encode) -> Vec<u8> {
    // Stored structs are plain data: encoding into memory has no way to fail.
    bincode::encode_to_vec(value, CONFIG).expect("plain data always encodes")
}

/// Reads a stored struct; every byte must belong to it.
pub(super) fn from_bytes<T: Decode<()>>(bytes: &[u8]) -> Result<T, StorageError> {
    let damaged = |cause: String| StorageError::Damaged {
        table: "record",
        cause,
    };
    let (value, consumed) =
        bincode::decode_from_slice(bytes, CONFIG).map_err(|error| damaged(error.to_string()))?;
    match consumed == bytes.len() {
        true => Ok(value),
        false => Err(damaged(format!("{} bytes too many", bytes.len() - consumed))),
    }
}
