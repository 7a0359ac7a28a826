//! Notes that mention the caller: which they have not seen yet. The conversations are listed by `mentioned=true`.

use actix_web::web::Json;
use actix_web::{get, post};

use super::Machinery;
use crate::actors::House;
use crate::domain::{Timestamp, UserId, WorkspaceId};
use crate::http::{ApiResult, Caller, IfMatch, NoQuery, endpoints, kept};
use crate::storage::Prefix;
use crate::storage::keys::{MentionKey, UserSettingKey};
use crate::storage::settings::number;

endpoints!(show_mentions, see_mentions);

/// Most unseen mentions counted.
const MAX_UNSEEN: usize = 100;

/// How many mentions the caller has not seen.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Mentions)]
pub(super) struct MentionsView {
    /// Notes; counted up to 100.
    unseen: usize,
    /// When the latest one was written; `null` if there is none.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    latest_at: Option<Timestamp>,
}

const fn seen_key(workspace: WorkspaceId, user: UserId) -> UserSettingKey {
    UserSettingKey {
        workspace,
        user,
        setting: number::person::MENTIONS_SEEN,
    }
}

fn show(house: &House, who: &Caller) -> ApiResult<MentionsView> {
    let store = &house.core.store;
    let seen = kept::read(store, &seen_key(who.workspace, who.user))?;
    let seen = seen.map_or(Timestamp(i64::MIN), |kept| Timestamp(kept.value));
    let prefix = Prefix::<MentionKey>::table().with(who.workspace).with(who.user);
    let rows = store.scan_keys(&prefix, None, MAX_UNSEEN)?;
    Ok(MentionsView {
        unseen: rows.iter().take_while(|row| row.at.0 > seen).count(),
        latest_at: rows.first().map(|row| row.at.0),
    })
}

/// How many notes mention the caller that they have not seen.
#[utoipa::path(tag = "inbox", responses((status = 200, body = MentionsView)))]
#[get("/api/v1/mentions")]
pub(super) async fn show_mentions(
    house: Machinery,
    who: Caller,
    _: NoQuery,
) -> ApiResult<Json<MentionsView>> {
    Ok(Json(show(&house, &who)?))
}

/// Notes that the caller has seen every mention until now.
#[utoipa::path(tag = "inbox", responses((status = 200, body = MentionsView)))]
#[post("/api/v1/mentions/seen")]
pub(super) async fn see_mentions(house: Machinery, who: Caller, _: NoQuery) -> ApiResult<Json<MentionsView>> {
    let store = &house.core.store;
    let (key, now) = (seen_key(who.workspace, who.user), house.core.clock.now());
    let seal = store.workspace_seal(who.workspace)?;
    let later = |before: Option<i64>| Ok(before.map_or(now.0, |before| before.max(now.0)));
    kept::change(store, &key, &seal, IfMatch(None), later).await?;
    Ok(Json(show(&house, &who)?))
}
