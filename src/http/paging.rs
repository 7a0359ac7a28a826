//! Lists by cursor: opaque, versioned, checksummed and bound to the list (with its workspace and filters) that gave it.
//!
//! A cursor is neither a secret nor a right: whatever stands in it, a list only ever scans below its own workspace's
//! prefix. The checksum turns mistakes and tampering into a clear answer.

use sha2::{Digest, Sha256};

use super::error::{ApiError, ErrorCode};
use super::secret::{from_hex, to_hex};
use crate::domain::WorkspaceId;
use crate::storage::Key;

/// Items on a page unless the client says otherwise.
const DEFAULT_LIMIT: u16 = 50;
/// Most items on a page.
const MAX_LIMIT: u16 = 100;
/// First characters of every cursor; changes when the layout does.
const VERSION: &str = "c1";
/// Longest position inside a cursor.
const MAX_POSITION: usize = 256;
const CHECK: usize = 8;

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Most items to give, 1–100.
    pub limit: usize,
    cursor: Option<String>,
}

/// `limit` and `cursor` as they stand in the query.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Most items to give, 1–100; 50 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Items<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Names a list: what is listed, for whom, by which filters. A cursor of one list does not fit another.
#[derive(Debug, Clone)]
pub struct ListId(Sha256);

impl ListId {
    /// The list `name` of a workspace.
    pub fn new(name: &str, workspace: WorkspaceId) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"frontdesk cursor 1\0");
        hash.update(workspace.0);
        hash.update(name);
        Self(hash)
    }

    /// Adds a filter, so that a cursor does not survive a change of it.
    #[must_use]
    pub fn with(mut self, filter: &str) -> Self {
        self.0
            .update(u64::try_from(filter.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(filter);
        self
    }

    /// A cursor of this list at `position`.
    pub fn cursor(&self, position: &[u8]) -> String {
        let mut bytes = position.to_vec();
        bytes.extend_from_slice(&self.checksum(position));
        format!("{VERSION}{}", to_hex(&bytes))
    }

    fn checksum(&self, position: &[u8]) -> [u8; CHECK] {
        let mut hash = self.0.clone();
        hash.update([0]);
        hash.update(position);
        let mut check = [0; CHECK];
        check.copy_from_slice(&hash.finalize()[..CHECK]);
        check
    }

    fn position(&self, cursor: &str) -> Option<Vec<u8>> {
        let bytes = from_hex(cursor.strip_prefix(VERSION)?, MAX_POSITION + CHECK)?;
        let (position, check) = bytes.split_last_chunk::<CHECK>()?;
        (*check == self.checksum(position)).then(|| position.to_vec())
    }
}

impl Page {
    pub(super) fn from_query(params: PageParams) -> Result<Self, ApiError> {
        let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            let detail = format!("limit must be 1 to {MAX_LIMIT}.");
            return Err(ApiError::new(ErrorCode::InvalidQuery, detail).at("limit"));
        }
        Ok(Self {
            limit: limit.into(),
            cursor: params.cursor,
        })
    }

    /// The position that the cursor holds; `None` on the first page.
    ///
    /// # Errors
    /// 400 `invalid_cursor` for one that was altered or belongs to another list.
    pub fn position(&self, list: &ListId) -> Result<Option<Vec<u8>>, ApiError> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        list.position(cursor).map(Some).ok_or_else(invalid_cursor)
    }

    /// The same as a store's key, to go on after it.
    ///
    /// # Errors
    /// As for [`Self::position`].
    pub fn after<K: Key>(&self, list: &ListId) -> Result<Option<K>, ApiError> {
        self.position(list)?
            .map(|bytes| K::read(&bytes).ok_or_else(invalid_cursor))
            .transpose()
    }

    /// A page of rows that were scanned with `limit + 1`: the surplus one only tells that there is more.
    pub fn finish<K: Key, V, T>(
        &self,
        list: &ListId,
        mut rows: Vec<(K, V)>,
        view: impl FnMut((K, V)) -> T,
    ) -> Items<T> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let last = more.then(|| rows.last()).flatten();
        let next_cursor = last.map(|(key, _)| list.cursor(&key.to_bytes()[1..]));
        Items {
            items: rows.into_iter().map(view).collect(),
            next_cursor,
        }
    }
}

impl<T> Items<T> {
    /// Each item as something else.
    pub fn map<U>(self, view: impl FnMut(T) -> U) -> Items<U> {
        Items {
            items: self.items.into_iter().map(view).collect(),
            next_cursor: self.next_cursor,
        }
    }

    /// A list that fits one page.
    pub fn all(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }
}

fn invalid_cursor() -> ApiError {
    ApiError::new(
        ErrorCode::InvalidCursor,
        "This cursor is not one of this list with these filters. Leave it out to begin at the first page.",
    )
    .at("cursor")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;
    use crate::storage::keys::UserKey;
    use proptest::prelude::*;

    const WS: WorkspaceId = WorkspaceId([7; 16]);

    fn page(cursor: &str) -> Page {
        Page {
            limit: 2,
            cursor: Some(cursor.to_owned()),
        }
    }

    #[test]
    fn a_full_page_leads_to_the_next_one() {
        let list = ListId::new("users", WS);
        let key = |n| UserKey {
            workspace: WS,
            user: UserId([n; 16]),
        };
        let first = Page {
            limit: 2,
            cursor: None,
        };
        let items = first.finish(&list, vec![(key(1), 1), (key(2), 2), (key(3), 3)], |(_, n)| n);
        assert_eq!(items.items, [1, 2]);
        let next = page(&items.next_cursor.expect("there is more"));
        assert_eq!(next.after::<UserKey>(&list).expect("ours"), Some(key(2)));
        let last = next.finish(&list, vec![(key(3), 3), (key(4), 4)], |(_, n)| n);
        assert_eq!(last.next_cursor, None);
    }

    #[test]
    fn foreign_and_altered_cursors_are_refused() {
        let list = ListId::new("users", WS).with("role=agent");
        let cursor = list.cursor(b"position");
        assert_eq!(
            page(&cursor).position(&list).expect("ours").as_deref(),
            Some(&b"position"[..])
        );
        for other in [
            ListId::new("users", WorkspaceId([8; 16])).with("role=agent"),
            ListId::new("users", WS),
            ListId::new("users", WS).with("role=owner"),
            ListId::new("tokens", WS).with("role=agent"),
        ] {
            assert_eq!(
                page(&cursor).position(&other).expect_err("foreign").code(),
                "invalid_cursor"
            );
        }
        for i in 0..cursor.len() {
            let mut altered = cursor.clone().into_bytes();
            altered[i] = if altered[i] == b'0' { b'1' } else { b'0' };
            let altered = String::from_utf8(altered).expect("ASCII");
            assert!(page(&altered).position(&list).is_err(), "{altered}");
        }
    }

    proptest! {
        #[test]
        fn hostile_cursors_never_panic(text in ".*") {
            prop_assert!(page(&text).position(&ListId::new("users", WS)).is_err());
        }
    }
}
