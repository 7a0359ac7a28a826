//! Ranges of keys.

use std::ops::Bound::{self, Excluded, Included};

/// The engine panics on a range that ends before it begins.
pub(super) fn is_empty(range: (Bound<&[u8]>, Bound<&[u8]>)) -> bool {
    match range {
        (Included(begin) | Excluded(begin), Excluded(end)) => begin >= end,
        (Included(begin) | Excluded(begin), Included(end)) => begin > end,
        _ => false,
    }
}

/// The first key after all that begin with the prefix.
pub(super) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}
