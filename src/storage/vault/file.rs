//! The key of one sealed file: fresh for each, so that its pieces can be counted instead of drawing a nonce for each.

use super::cipher::{DataKey, random};

/// Seals one file, piece by piece. Used for one file only: the nonce is the piece's number.
pub(in crate::storage) struct FileKey(DataKey);

impl FileKey {
    /// The secret of a new file; `None` if the system gives no random bytes.
    pub(in crate::storage) fn draw() -> Option<[u8; 32]> {
        random()
    }

    /// A few random bytes for a name; `None` if the system gives none.
    pub(in crate::storage) fn draw_name() -> Option<[u8; 4]> {
        random()
    }

    pub(in crate::storage) fn new(secret: &[u8; 32]) -> Self {
        Self(DataKey::from_secret([0; 8], secret, b"seal file"))
    }

    /// Piece `index`; `last` says that none follows, so that a file that was cut is noticed.
    pub(in crate::storage) fn seal(
        &self,
        index: u32,
        last: bool,
        head: &[u8],
        piece: &[u8],
    ) -> Option<Vec<u8>> {
        self.0.encrypt(&nonce(index, last), head, piece)
    }

    /// `None` if it is not that piece of that file.
    pub(in crate::storage) fn open(
        &self,
        index: u32,
        last: bool,
        head: &[u8],
        sealed: &[u8],
    ) -> Option<Vec<u8>> {
        self.0.decrypt(&nonce(index, last), head, sealed)
    }
}

fn nonce(index: u32, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[0] = u8::from(last);
    nonce[8..].copy_from_slice(&index.to_be_bytes());
    nonce
}
