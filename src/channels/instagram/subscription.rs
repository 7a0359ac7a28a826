//! Which of the account's news come to the app: reading that, asking for all that are needed, and ending it.
//!
//! Owns the fields and the calls (contract, section 1: the node is the account itself, or the Page that it is linked to).
//! Where the app has them posted is set in Meta's dashboard, not here.

use serde_json::Value;

use super::client::get;
use super::errors::class_of;
use super::settings;
use crate::channels::graph::{call_within, config, unanswered};
use crate::channels::http::TIMEOUT;
use crate::channels::{ChannelAccess, FieldError, Managed};

/// What is subscribed to, as a parameter.
pub(super) const WANTED: (&str, &str) = (
    "subscribed_fields",
    "messages,messaging_postbacks,messaging_seen,message_reactions,messaging_referral,message_edit,comments",
);
/// Fields without which messages or taps are missing.
const NEEDED: [&str; 2] = ["messages", "messaging_postbacks"];

/// How the subscription stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// So many apps get what is needed.
    Complete(usize),
    /// No app gets anything.
    Nobody,
    /// No app gets this field.
    Lacks(&'static str),
}

/// Where it stands.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn url(access: &ChannelAccess) -> Result<reqwest::Url, FieldError> {
    let node = [settings::sender(&access.settings), "subscribed_apps"];
    settings::endpoint(&access.settings, &node)
}

/// How it stands.
pub(super) async fn read(http: &reqwest::Client, access: &ChannelAccess) -> Managed<Standing> {
    let node = [settings::sender(&access.settings), "subscribed_apps"];
    Ok(standing(&get(http, access, &node, &[]).await?))
}

fn standing(apps: &Value) -> Standing {
    let listed = apps.get("data").and_then(Value::as_array);
    let listed = listed.map_or(&[][..], Vec::as_slice);
    if listed.is_empty() {
        return Standing::Nobody;
    }
    let subscribed = |field: &&&str| {
        let fields = listed
            .iter()
            .filter_map(|app| app.get("subscribed_fields")?.as_array());
        fields.flatten().any(|known| known.as_str() == Some(**field))
    };
    // An app that does not say which fields it has is taken at its word.
    let tells = listed.iter().any(|app| app.get("subscribed_fields").is_some());
    match NEEDED.iter().find(|field| tells && !subscribed(field)) {
        Some(field) => Standing::Lacks(field),
        None => Standing::Complete(listed.len()),
    }
}

/// Has all that is needed sent to the app whose token this is.
pub(super) async fn begin(http: &reqwest::Client, access: &ChannelAccess) -> Managed<()> {
    change(access, |url| http.post(url).query(&[WANTED])).await
}

/// Has nothing sent any more.
pub(super) async fn end(http: &reqwest::Client, access: &ChannelAccess) -> Managed<()> {
    change(access, |url| http.delete(url)).await
}

async fn change(
    access: &ChannelAccess,
    request: impl FnOnce(reqwest::Url) -> reqwest::RequestBuilder,
) -> Managed<()> {
    let url = url(access).map_err(|error| config(error.to_string()))?;
    let answer = call_within(request(url), access, TIMEOUT).await;
    answer.map_err(unanswered)?.success(class_of).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_subscription_is_judged_by_its_fields() {
        let table = [
            (json!({"data": []}), Standing::Nobody),
            (json!({}), Standing::Nobody),
            (json!({"data": [{"name": "Desk"}]}), Standing::Complete(1)),
            (
                json!({"data": [{"subscribed_fields": ["messages"]}]}),
                Standing::Lacks("messaging_postbacks"),
            ),
            (
                json!({"data": [{"subscribed_fields": ["messages"]}, {"subscribed_fields": ["messaging_postbacks"]}]}),
                Standing::Complete(2),
            ),
        ];
        for (apps, expected) in table {
            assert_eq!(standing(&apps), expected, "{apps}");
        }
    }
}
