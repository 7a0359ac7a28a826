//! What providers said about channels.

use actix_web::get;
use actix_web::web::Json;
use serde_json::Value;

use super::Machinery;
use crate::domain::ChannelId;
use crate::domain::operations::Notice;
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
    /// The webhook field: `account_update`, `message_template_status_update` …
    field: String,
    /// Whether this version knows the field.
    known: bool,
    /// What was said, whole.
    #[schema(value_type = Object)]
    body: Value,
    received_at: String,
    /// The delivery that brought it.
    raw_event_id: String,
}

impl From<Notice> for NoticeView {
    fn from(notice: Notice) -> Self {
        Self {
            id: notice.id.to_string(),
            channel_id: notice.channel.to_string(),
            field: notice.field,
            known: notice.known,
            body: notice.body,
            received_at: notice.received_at.to_string(),
            raw_event_id: notice.raw_event.to_string(),
        }
    }
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
    Ok(Json(query.page.finish(&list, found, |(_, notice)| notice.into())))
}
