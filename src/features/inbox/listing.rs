//! What is asked of the conversation list, and how many conversations that are.

use actix_web::get;
use actix_web::web::Json;

use super::Machinery;
use super::list::{Filter, Wanted, bad_query};
use super::sorted::{self, Sort};
use crate::http::{ApiResult, Caller, StrictQuery, endpoints};

endpoints!(count_conversations);

/// Most conversations counted.
const MAX_COUNT: usize = 200_000;
/// Most records read for a count.
const MAX_COUNT_READ: usize = 20_000;

/// What to list, and in which order.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    /// One or more of `open`, `pending`, `on_hold`, `snoozed`, `resolved`, `closed`, separated by commas.
    status: Option<String>,
    /// `me`, `none` or a user's id.
    assignee: Option<String>,
    /// A label.
    label: Option<String>,
    /// A channel's id.
    channel: Option<String>,
    /// Words in the contact's name, identities or the last message.
    q: Option<String>,
    /// Only those with unread messages.
    unread: Option<bool>,
    /// Only those in which a note mentions the caller, latest mention first.
    mentioned: Option<bool>,
    /// `newest` activity first (the default), those who wait for an answer first and of them the longest (`waiting`), or
    /// those with unread messages first (`unread`).
    sort: Option<String>,
}

impl Listing {
    pub(super) fn split(self) -> ApiResult<(Filter, Sort)> {
        let Self {
            status,
            assignee,
            label,
            channel,
            q,
            unread,
            mentioned,
            sort,
        } = self;
        let filter = Filter {
            status,
            assignee,
            label,
            channel,
            q,
            unread,
            mentioned,
        };
        let sort = sort.as_deref().filter(|word| !word.is_empty());
        let sort = sort.map_or(Some(Sort::Newest), Sort::parse);
        Ok((
            filter,
            sort.ok_or_else(|| bad_query("sort", "newest, waiting or unread"))?,
        ))
    }
}

/// How many there are.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct CountView {
    /// Conversations found.
    pub count: usize,
    /// Whether that is all; if not there are more than could be looked at.
    pub exact: bool,
}

/// Counts conversations, without reading more of them than a count is worth.
#[utoipa::path(tag = "inbox", params(Filter), responses((status = 200, body = CountView)))]
#[get("/api/v1/conversations/count")]
pub(super) async fn count_conversations(
    house: Machinery,
    who: Caller,
    filter: StrictQuery<Filter>,
) -> ApiResult<Json<CountView>> {
    let wanted = Wanted::from_filter(&filter, &who)?;
    let matching = sorted::matching(&house, &who, &wanted, MAX_COUNT, MAX_COUNT_READ)?;
    Ok(Json(CountView {
        count: matching.ids.len(),
        exact: matching.complete,
    }))
}
