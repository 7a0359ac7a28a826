//! Signed addresses: whoever holds the token may read one file until a time, without logging in.

use super::folder::Part;
use crate::domain::{MediaId, Timestamp, WorkspaceId};
use crate::storage::store::Store;

/// Which of a record's files a link is for.
pub type LinkPart = Part;

/// What a token grants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaLink {
    /// Whose file.
    pub workspace: WorkspaceId,
    /// Which record.
    pub media: MediaId,
    /// Which of its files.
    pub part: Part,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Length of what is signed: workspace, media, part, time.
const SIGNED: usize = 16 + 16 + 1 + 8;

impl MediaLink {
    fn signed(&self) -> [u8; SIGNED] {
        let mut out = [0; SIGNED];
        out[..16].copy_from_slice(&self.workspace.0);
        out[16..32].copy_from_slice(&self.media.0);
        out[32] = match self.part {
            Part::Whole => 1,
            Part::Thumbnail => 2,
        };
        out[33..].copy_from_slice(&self.expires_at.0.to_be_bytes());
        out
    }

    fn read(bytes: &[u8; SIGNED]) -> Option<Self> {
        let take = |at: usize| -> [u8; 16] { std::array::from_fn(|i| bytes[at + i]) };
        Some(Self {
            workspace: WorkspaceId(take(0)),
            media: MediaId(take(16)),
            part: match bytes[32] {
                1 => Part::Whole,
                2 => Part::Thumbnail,
                _ => return None,
            },
            expires_at: Timestamp(i64::from_be_bytes(std::array::from_fn(|i| bytes[33 + i]))),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Store {
    /// The token of a link: the link itself and a keyed hash of it, in hexadecimal.
    pub fn media_token(&self, link: &MediaLink) -> String {
        let signed = hex(&link.signed());
        let mac = self.system_hash(&format!("media link:{signed}"));
        format!("{signed}{}", hex(&mac))
    }

    /// What a token grants at `now`; `None` if it was not made here, was altered or has expired.
    pub fn media_link(&self, token: &str, now: Timestamp) -> Option<MediaLink> {
        use subtle::ConstantTimeEq as _;
        let plain = token.len() == 2 * (SIGNED + 16) && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !plain {
            return None;
        }
        let (signed, mac) = token.split_at(2 * SIGNED);
        let expected = hex(&self.system_hash(&format!("media link:{signed}")));
        if !bool::from(expected.as_bytes().ct_eq(mac.as_bytes())) {
            return None;
        }
        let mut bytes = [0; SIGNED];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(signed.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        MediaLink::read(&bytes).filter(|link| link.expires_at > now)
    }
}
