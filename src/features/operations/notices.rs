//! What providers said about channels.

use actix_web::get;
use actix_web::web::Json;
use serde_json::Value;

use super::Machinery;
use crate::domain::operations::Notice;
use crate::domain::{ChannelId, WorkspaceId};
use crate::http::views::PhraseView;
use crate::http::{ApiResult, Caller, Items, ListId, ListQuery, PageParams, endpoints};
use crate::storage::Prefix;
use crate::storage::keys::NoticeKey;

endpoints!(list_notices);

/// Notices looked at for one page of a filtered list.
const MAX_LOOK: usize = 10_000;
const PAGE: usize = 256;

/// Which notices.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// About this channel only.
    #[param(value_type = Option<String>)]
    channel: Option<ChannelId>,
}

/// Something that a provider said about a channel.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct NoticeView {
    id: String,
    channel_id: String,
    /// `account`, `template`, `quality`, `limits`, `preferences`, `calls`, `other` or, for a field that this version does
    /// not know, `unknown`.
    kind: &'static str,
    /// `info`, `warning` or `critical`.
    #[schema(schema_with = crate::http::words::severity)]
    severity: &'static str,
    /// The webhook field in words.
    title: String,
    /// The gist of it.
    detail: String,
    /// `detail` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_phrase: Option<PhraseView>,
    /// The webhook field: `account_update`, `message_template_status_update` …
    field: String,
    /// What was said, whole.
    #[schema(value_type = Object)]
    body: Value,
    created_at: String,
    /// The delivery that brought it.
    raw_event_id: String,
}

/// Longest gist, in characters.
const MAX_GIST: usize = 300;

/// What a webhook field is about (fields as in Meta's webhook reference).
fn kind(field: &str, known: bool) -> &'static str {
    match field {
        "phone_number_quality_update" | "message_template_quality_update" => "quality",
        "business_capability_update" => "limits",
        "user_preferences" => "preferences",
        "calls" | "call_settings_update" => "calls",
        _ if !known => "unknown",
        field if field.contains("template") => "template",
        field if field.starts_with("account") || field.starts_with("phone_number") => "account",
        _ => "other",
    }
}

/// Words of Meta's that mean trouble, and how much. The first that is found counts.
const TROUBLE: [(&str, &str); 16] = [
    ("DISABLED", "critical"),
    ("BANNED", "critical"),
    ("DELETED", "critical"),
    ("OFFBOARDED", "critical"),
    // The account is no longer shared with this app: nothing goes out any more.
    ("REMOVED", "critical"),
    ("UNINSTALLED", "critical"),
    ("RESTRICTION", "warning"),
    ("RESTRICTED", "warning"),
    ("VIOLATION", "warning"),
    ("REJECTED", "warning"),
    ("DECLINED", "warning"),
    ("FLAGGED", "warning"),
    ("PAUSED", "warning"),
    ("DOWNGRADE", "warning"),
    ("RED", "warning"),
    ("LOW", "warning"),
];

/// Looks for them in what is written like a constant (`ACCOUNT_VIOLATION`), not in people's words.
fn severity(values: &[(&str, String)]) -> &'static str {
    let is_constant = |text: &&str| text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let constants = values.iter().map(|(_, text)| text.as_str()).filter(is_constant);
    let words: Vec<&str> = constants.flat_map(|text| text.split('_')).collect();
    let found = TROUBLE.iter().find(|(word, _)| words.contains(word));
    found.map_or("info", |(_, severity)| severity)
}

/// The body's plain values: what it says without being taken apart.
fn plain(body: &Value) -> Vec<(&str, String)> {
    let fields = body.as_object().into_iter().flatten();
    fields
        .filter_map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => return None,
            };
            Some((name.as_str(), text))
        })
        .collect()
}

/// Fields that say nothing to people.
const MACHINE: [&str; 5] = ["messaging_product", "timestamp", "id", "object", "time"];

impl From<Notice> for NoticeView {
    fn from(notice: Notice) -> Self {
        let values = plain(&notice.body);
        let gist: Vec<String> = values
            .iter()
            .filter(|(name, _)| {
                !MACHINE.contains(name) && !name.ends_with("_id") && !name.ends_with("_timestamp")
            })
            .map(|(name, value)| format!("{}: {value}", name.replace('_', " ")))
            .collect();
        let mut title = notice.field.replace('_', " ");
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self {
            id: notice.id.to_string(),
            channel_id: notice.channel.to_string(),
            kind: kind(&notice.field, notice.known),
            severity: severity(&values),
            title,
            detail: gist.join(", ").chars().take(MAX_GIST).collect(),
            detail_phrase: None,
            field: notice.field,
            body: notice.body,
            created_at: notice.received_at.to_string(),
            raw_event_id: notice.raw_event.to_string(),
        }
    }
}

/// What the provider's adapter makes of it, in plain English.
fn in_words(house: &crate::actors::House, workspace: WorkspaceId, notice: &Notice) -> Option<String> {
    let entry = house.core.registry.find(workspace, notice.channel)?;
    let provider = house.core.provider(entry.kind)?;
    provider.notice_in_words(&notice.field, &notice.body)
}

/// What providers said about accounts, numbers and templates, newest first.
#[utoipa::path(tag = "operations", params(Filter, PageParams), responses((status = 200, body = Items<NoticeView>)))]
#[get("/api/v1/notices")]
pub(super) async fn list_notices(
    house: Machinery,
    who: Caller,
    query: ListQuery<Filter>,
) -> ApiResult<Json<Items<NoticeView>>> {
    let wanted = query.filter.channel;
    let filter = wanted.map(|channel| channel.to_string()).unwrap_or_default();
    let list = ListId::new("notices", who.workspace).with(&filter);
    let prefix = Prefix::<NoticeKey>::table().with(who.workspace);
    let mut before = query.page.after::<NoticeKey>(&list)?;
    let (mut found, mut looked) = (Vec::new(), 0);
    while found.len() <= query.page.limit && looked < MAX_LOOK {
        let rows = house.core.store.scan_back(&prefix, before.as_ref(), PAGE)?;
        let is_last = rows.len() < PAGE;
        before = rows.last().map(|(key, _)| *key);
        looked += rows.len();
        found.extend(
            rows.into_iter()
                .filter(|(_, notice)| wanted.is_none_or(|it| it == notice.channel)),
        );
        if is_last {
            break;
        }
    }
    let view = |(_, notice): (NoticeKey, Notice)| {
        let words = in_words(&house, who.workspace, &notice);
        let view = NoticeView::from(notice);
        NoticeView {
            detail_phrase: PhraseView::of_some(words.as_ref()),
            detail: words.unwrap_or(view.detail),
            ..view
        }
    };
    Ok(Json(query.page.finish(&list, found, view)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RawEventId, Timestamp};
    use serde_json::json;

    fn view(field: &str, known: bool, body: Value) -> NoticeView {
        let notice = Notice {
            id: 9,
            channel: ChannelId([1; 16]),
            field: field.into(),
            known,
            body,
            received_at: Timestamp(0),
            raw_event: RawEventId(3),
        };
        notice.into()
    }

    #[test]
    fn notices_are_sorted_by_what_they_mean() {
        let table = [
            (
                "account_update",
                true,
                json!({"event": "DISABLED_UPDATE"}),
                "account",
                "critical",
            ),
            (
                "account_update",
                true,
                json!({"event": "ACCOUNT_VIOLATION"}),
                "account",
                "warning",
            ),
            (
                "account_update",
                true,
                json!({"event": "VERIFIED_ACCOUNT"}),
                "account",
                "info",
            ),
            (
                "message_template_status_update",
                true,
                json!({"event": "APPROVED"}),
                "template",
                "info",
            ),
            (
                "message_template_status_update",
                true,
                json!({"event": "PAUSED"}),
                "template",
                "warning",
            ),
            (
                "message_template_quality_update",
                true,
                json!({"new_quality_score": "RED"}),
                "quality",
                "warning",
            ),
            (
                "phone_number_quality_update",
                true,
                json!({"event": "UPGRADE"}),
                "quality",
                "info",
            ),
            (
                "phone_number_name_update",
                true,
                json!({"decision": "APPROVED"}),
                "account",
                "info",
            ),
            ("surprise", false, json!(["anything"]), "unknown", "info"),
            ("", false, json!(null), "unknown", "info"),
        ];
        for (field, known, body, kind, severity) in table {
            let view = view(field, known, body.clone());
            assert_eq!((view.kind, view.severity), (kind, severity), "{field} {body}");
        }
    }

    #[test]
    fn what_stops_the_channel_is_critical() {
        for event in ["PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED"] {
            let view = view("account_update", true, json!({"event": event}));
            assert_eq!((view.kind, view.severity), ("account", "critical"), "{event}");
        }
    }

    #[test]
    fn the_gist_is_what_was_said_plainly_and_short() {
        let said = view(
            "account_update",
            true,
            json!({"event": "X", "messaging_product": "whatsapp", "n": 5, "deep": {"a": 1}, "flow_id": "7", "timestamp": 1,
                "z": "é".repeat(999)}),
        );
        assert_eq!(said.title, "Account update");
        assert!(said.detail.starts_with("event: X, n: 5, z: é"), "{}", said.detail);
        assert_eq!(said.detail.chars().count(), MAX_GIST);
    }
}
