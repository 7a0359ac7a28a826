//! What every provider's client shares.

use std::time::Duration;

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole call may take.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// How long an idle connection is kept. Shorter than providers keep it, so that a send seldom meets a connection that is
/// just being closed (which would leave doubt).
const POOL_IDLE: Duration = Duration::from_secs(20);

/// A client as every provider wants it: time limits, no redirects (a send must not be repeated elsewhere).
///
/// # Errors
/// If TLS cannot be set up.
pub fn http_client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .pool_idle_timeout(POOL_IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("frontdesk/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Whether the body is one JSON object, without building it.
pub(super) fn is_json_object(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    first == Some(&b'{') && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_json_object;

    #[test]
    fn only_objects_pass() {
        let table: [(&[u8], bool); 8] = [
            (b"{}", true),
            (b" \n{\"a\":[1,{}]}", true),
            (b"[]", false),
            (b"", false),
            (b"{", false),
            (b"{} trailing", false),
            (b"\xff\xfe{}", false),
            (b"nonsense", false),
        ];
        for (body, expected) in table {
            assert_eq!(
                is_json_object(body),
                expected,
                "{}",
                String::from_utf8_lossy(body)
            );
        }
        // Skipping values needs no stack: nesting is the adapter's business, which parks what is too deep.
        let deep = [b"{\"a\":".repeat(100_000), b"1".to_vec(), b"}".repeat(100_000)].concat();
        assert!(is_json_object(&deep));
        assert!(!is_json_object(&deep[..deep.len() - 1]));
    }
}
