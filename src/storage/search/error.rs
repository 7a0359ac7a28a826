//! What can go wrong in search. None of it loses data: the index can always be built again.

/// A failure of the search index.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SearchError {
    /// Another process has the index open.
    #[error("another process uses the search index in {0}")]
    Locked(String),
    /// Reading or writing failed; what was fed since the last commit must be fed again.
    #[error("the search index failed while {doing}: {cause}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// What was said.
        cause: String,
    },
    /// The files contradict themselves; the index must be built again.
    #[error("the search index is damaged ({0}); rebuild it")]
    Damaged(String),
    /// The cursor was not made by this query.
    #[error("the cursor does not belong to this search")]
    BadCursor,
    /// An earlier failure closed the index for writing; open it again.
    #[error("the search index is closed after an earlier failure")]
    Closed,
}

impl SearchError {
    /// For `map_err`: a failure while `doing` something.
    pub(super) fn while_doing<E: std::fmt::Display>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |cause| Self::Failed {
            doing,
            cause: cause.to_string(),
        }
    }
}
