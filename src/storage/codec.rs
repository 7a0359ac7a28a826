//! The envelope of every stored value, and the only place that knows `bincode`.
//!
//! ```text
//! format u8 | record kind u16 | version u16 | [key id 8 | nonce 12] | body
//! ```
//! Numbers are big-endian. The format byte says whether the body is sealed (then key id and nonce stand before it) and
//! whether it was compressed (before sealing). Owns the layout. Must not know where keys come from or what records mean.

use std::cell::RefCell;

use super::error::StorageError;

/// A readable, uncompressed body.
const PLAIN: u8 = 1;
/// A readable, compressed body.
const PLAIN_ZSTD: u8 = 2;
/// A sealed body.
const SEALED: u8 = 3;
/// A sealed body, compressed before it was sealed.
const SEALED_ZSTD: u8 = 4;
/// Not an envelope: says where in the journal a blob lies.
pub(super) const BLOB: u8 = 8;
/// Not an envelope: the value is in chunk rows; only the engine sees it.
pub(super) const CHUNKED: u8 = 9;

/// Not an envelope: says in which bundle a blob's bytes lie.
pub(super) const BUNDLED: u8 = 10;
/// Not an envelope: hides a row of the pack; only the engine sees it.
pub(super) const GONE: u8 = 11;

/// The record kind of a blob's envelope.
pub(super) const BLOB_KIND: u16 = 0xffff;

const HEAD: usize = 5;
const SEALED_HEAD: usize = HEAD + 8 + 12;
/// Bodies shorter than this are not worth compressing.
const COMPRESS_FROM: usize = 96;
/// No body may unfold to more than this.
const MAX_BODY: usize = 16 << 20;
const ZSTD_LEVEL: i32 = 3;
/// For what is written once and read for long.
const TIGHT_LEVEL: i32 = 9;

const BINCODE: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<{ 8 << 20 }>,
> = bincode::config::standard().with_limit::<{ 8 << 20 }>();

thread_local! {
    static PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> =
        RefCell::new(zstd::bulk::Compressor::new(ZSTD_LEVEL).ok());
    static FAST_PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> =
        RefCell::new(zstd::bulk::Compressor::new(1).ok());
    static TIGHT_PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> =
        RefCell::new(zstd::bulk::Compressor::new(TIGHT_LEVEL).ok());
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> =
        RefCell::new(zstd::bulk::Decompressor::new().ok());
}

/// A stored form's bytes.
///
/// # Panics
/// Never: plain data encodes into memory without a failure.
pub(super) fn to_bytes(value: &impl bincode::Encode) -> Vec<u8> {
    bincode::encode_to_vec(value, BINCODE).expect("plain data encodes into memory")
}

/// Reads a stored form; every byte must be used.
///
/// # Errors
/// The bytes are not of this form.
pub(super) fn from_bytes<T: bincode::Decode<()>>(bytes: &[u8]) -> Result<T, StorageError> {
    let (value, used) =
        bincode::decode_from_slice(bytes, BINCODE).map_err(|error| damaged(&error.to_string()))?;
    if used == bytes.len() {
        Ok(value)
    } else {
        Err(damaged("bytes are left over"))
    }
}

/// The error of a record that cannot be read, before its table is known.
pub(super) fn damaged(cause: &str) -> StorageError {
    StorageError::Damaged {
        table: "unknown",
        cause: cause.to_owned(),
    }
}

/// What stands before the body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Head {
    pub kind: u16,
    pub version: u16,
    pub compressed: bool,
    /// Key id and nonce, if sealed.
    pub sealed: Option<([u8; 8], [u8; 12])>,
}

impl Head {
    /// Its bytes. Everything but the nonce is also authenticated by the seal.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let format = match (self.sealed.is_some(), self.compressed) {
            (false, false) => PLAIN,
            (false, true) => PLAIN_ZSTD,
            (true, false) => SEALED,
            (true, true) => SEALED_ZSTD,
        };
        let mut out = Vec::with_capacity(SEALED_HEAD);
        out.push(format);
        out.extend_from_slice(&self.kind.to_be_bytes());
        out.extend_from_slice(&self.version.to_be_bytes());
        if let Some((id, nonce)) = self.sealed {
            out.extend_from_slice(&id);
            out.extend_from_slice(&nonce);
        }
        out
    }

    /// Splits an envelope into head and body.
    pub(super) fn split(bytes: &[u8]) -> Result<(Self, &[u8]), StorageError> {
        let short = || damaged("the envelope is cut short");
        let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or_else(short)?;
        let (sealed, compressed) = match head[0] {
            PLAIN => (false, false),
            PLAIN_ZSTD => (false, true),
            SEALED => (true, false),
            SEALED_ZSTD => (true, true),
            other => return Err(damaged(&format!("unknown format {other}"))),
        };
        let (kind, version) = (
            u16::from_be_bytes([head[1], head[2]]),
            u16::from_be_bytes([head[3], head[4]]),
        );
        let mut plain = Self {
            kind,
            version,
            compressed,
            sealed: None,
        };
        if !sealed {
            return Ok((plain, rest));
        }
        let (id, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let (nonce, body) = rest.split_first_chunk::<12>().ok_or_else(short)?;
        plain.sealed = Some((*id, *nonce));
        Ok((plain, body))
    }

    /// What a seal authenticates beside the body: the store's key and this head without the nonce.
    pub(super) fn authenticated(self, key: &[u8]) -> Vec<u8> {
        let mut out = self.to_bytes();
        out.truncate(HEAD + 8);
        out.extend_from_slice(key);
        out
    }
}

/// The body compressed, if that makes it smaller.
pub(super) fn compress(body: &[u8]) -> Option<Vec<u8>> {
    if body.len() < COMPRESS_FROM {
        return None;
    }
    let packed = PACKER.with_borrow_mut(|packer| packer.as_mut()?.compress(body).ok())?;
    let mut framed = u32::try_from(body.len()).ok()?.to_be_bytes().to_vec();
    framed.extend_from_slice(&packed);
    (framed.len() < body.len()).then_some(framed)
}

/// The opposite of [`compress`]. The size stands in front and is limited, so that hostile bytes cannot fill memory.
pub(super) fn decompress(framed: &[u8]) -> Result<Vec<u8>, StorageError> {
    let (size, packed) = framed
        .split_first_chunk::<4>()
        .ok_or_else(|| damaged("the compressed body is cut short"))?;
    decompress_to(packed, u32::from_be_bytes(*size) as usize, MAX_BODY)
}

/// Quickly compressed, if that saves at least an eighth. For the journal's frames; the size must be kept elsewhere.
pub(super) fn compress_fast(bytes: &[u8]) -> Option<Vec<u8>> {
    let packed = FAST_PACKER.with_borrow_mut(|packer| packer.as_mut()?.compress(bytes).ok())?;
    (packed.len() + bytes.len() / 8 < bytes.len()).then_some(packed)
}

/// Tightly compressed, if that saves anything. The opposite is [`unpack`].
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let packed = TIGHT_PACKER.with_borrow_mut(|packer| packer.as_mut()?.compress(bytes).ok());
    let packed = packed.filter(|packed| packed.len() < bytes.len());
    let mut out = (bytes.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(packed.as_deref().unwrap_or(bytes));
    out
}

/// The opposite of [`pack`].
pub(super) fn unpack(framed: &[u8]) -> Result<Vec<u8>, StorageError> {
    let (size, packed) = framed
        .split_first_chunk::<4>()
        .ok_or_else(|| damaged("the packed bytes are cut short"))?;
    match u32::from_be_bytes(*size) as usize {
        size if size == packed.len() => Ok(packed.to_vec()),
        size => decompress_to(packed, size, MAX_BODY),
    }
}

/// How many of a stored value's first bytes are no secret and may be alike in many values; the rest is sealed.
pub(super) fn open_len(value: &[u8]) -> usize {
    match value.first() {
        Some(&(SEALED | SEALED_ZSTD)) => value.len().min(HEAD + 8),
        _ => value.len(),
    }
}

/// Unpacks what must be exactly `size` long, and `size` at most `limit`.
pub(super) fn decompress_to(packed: &[u8], size: usize, limit: usize) -> Result<Vec<u8>, StorageError> {
    if size > limit {
        return Err(damaged("the compressed body claims to be too large"));
    }
    let body = UNPACKER
        .with_borrow_mut(|unpacker| unpacker.as_mut()?.decompress(packed, size).ok())
        .ok_or_else(|| damaged("the body does not decompress"))?;
    if body.len() == size {
        Ok(body)
    } else {
        Err(damaged("the body has another size than it says"))
    }
}

/// Where a blob lies in the journal: segment (its first frame), offset in the file, length, checksum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BlobPlace {
    pub segment: u64,
    pub offset: u64,
    pub len: u32,
    pub crc: u32,
}

impl BlobPlace {
    /// The row's value.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut out = vec![BLOB];
        out.extend_from_slice(&self.segment.to_be_bytes());
        out.extend_from_slice(&self.offset.to_be_bytes());
        out.extend_from_slice(&self.len.to_be_bytes());
        out.extend_from_slice(&self.crc.to_be_bytes());
        out
    }

    /// Reads a row's value.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, StorageError> {
        let bytes: &[u8; 25] = bytes.try_into().map_err(|_| damaged("not a blob's place"))?;
        let number = |at: usize| u64::from_be_bytes(std::array::from_fn(|i| bytes[at + i]));
        let small = |at: usize| u32::from_be_bytes(std::array::from_fn(|i| bytes[at + i]));
        if bytes[0] != BLOB {
            return Err(damaged("not a blob's place"));
        }
        Ok(Self {
            segment: number(1),
            offset: number(9),
            len: small(17),
            crc: small(21),
        })
    }
}

/// In which bundle a blob's bytes lie: the bundle's first raw event, the place in it, how many blobs it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BundlePlace {
    pub bundle: u64,
    pub index: u16,
    pub count: u16,
}

impl BundlePlace {
    /// The row's value.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut out = vec![BUNDLED];
        out.extend_from_slice(&self.bundle.to_be_bytes());
        out.extend_from_slice(&self.index.to_be_bytes());
        out.extend_from_slice(&self.count.to_be_bytes());
        out
    }

    /// Reads a row's value; `None` if the blob is in no bundle.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 13] = bytes
            .try_into()
            .ok()
            .filter(|bytes: &&[u8; 13]| bytes[0] == BUNDLED)?;
        Some(Self {
            bundle: u64::from_be_bytes(std::array::from_fn(|i| bytes[1 + i])),
            index: u16::from_be_bytes([bytes[9], bytes[10]]),
            count: u16::from_be_bytes([bytes[11], bytes[12]]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn left_over_and_missing_bytes_are_refused() {
        let mut bytes = to_bytes(&(7u32, String::from("seven")));
        assert_eq!(from_bytes::<(u32, String)>(&bytes).unwrap(), (7, "seven".into()));
        bytes.push(0);
        assert!(from_bytes::<(u32, String)>(&bytes).is_err());
        assert!(from_bytes::<(u32, String)>(&bytes[..3]).is_err());
    }

    #[test]
    fn a_body_that_claims_a_gigabyte_is_refused_before_memory_is_taken() {
        let mut framed = compress(&[7; 1000]).unwrap();
        framed[..4].copy_from_slice(&(1u32 << 30).to_be_bytes());
        assert!(decompress(&framed).is_err());
    }

    proptest! {
        #[test]
        fn heads_round_trip(kind: u16, version: u16, compressed: bool, sealed: Option<([u8; 8], [u8; 12])>, body: Vec<u8>) {
            let head = Head { kind, version, compressed, sealed };
            let mut bytes = head.to_bytes();
            bytes.extend_from_slice(&body);
            prop_assert_eq!(Head::split(&bytes).unwrap(), (head, body.as_slice()));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = Head::split(&bytes);
            let _ = decompress(&bytes);
            let _ = BlobPlace::read(&bytes);
            let _ = BundlePlace::read(&bytes);
            let _ = unpack(&bytes);
            let _ = from_bytes::<(String, Vec<u64>)>(&bytes);
        }

        #[test]
        fn compression_round_trips(seed: u8, len in 0usize..5000) {
            let body: Vec<u8> = (0..len).map(|i| (i % 37) as u8 ^ seed).collect();
            if let Some(framed) = compress(&body) {
                prop_assert_eq!(decompress(&framed).unwrap(), body);
            }
        }
    }
}
