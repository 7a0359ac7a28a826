//! One step of a connection test or an examination, and those steps that providers share.

use crate::domain::phrases;

/// One step of a connection test, in plain words.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// Whether it held.
    pub ok: bool,
    /// What was found, or what to do.
    pub detail: String,
}

pub(super) fn check(name: &'static str, ok: bool, detail: impl Into<String>) -> Check {
    Check {
        name,
        ok,
        detail: detail.into(),
    }
}

/// Whether two addresses are one, however each is written at its end.
pub(super) fn is_same(found: &str, webhook_url: &str) -> bool {
    found.trim_end_matches('/') == webhook_url.trim_end_matches('/')
}

/// Whether the address that a provider was found to post to is ours.
pub(super) fn callback(found: &str, webhook_url: &str) -> Check {
    match is_same(found, webhook_url) {
        true => check(
            "callback",
            true,
            phrases::CHECK_CALLBACK_HERE.with(&[("url", &found)]),
        ),
        false => check(
            "callback",
            false,
            phrases::CHECK_CALLBACK_ELSEWHERE.with(&[("found", &found), ("url", &webhook_url)]),
        ),
    }
}
