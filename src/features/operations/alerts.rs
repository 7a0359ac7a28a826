//! Alerts: what needs attention, who has seen it, and where else it is told.

use actix_web::web::Json;
use actix_web::{get, post, put};

use super::Machinery;
use crate::actors::House;
use crate::actors::alerts::AlertError;
use crate::channels::FieldError;
use crate::domain::operations::Alert;
use crate::domain::{ChannelId, WorkspaceId};
use crate::http::views::AssigneeView;
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, Items, ListId, NoQuery, OwnerCaller, Page, PageParams, PathId,
    ValidJson, check, endpoints,
};
use crate::storage::keys::{AlertKey, SettingKey, UserKey};
use crate::storage::records::Json as JsonText;
use crate::storage::{Batch, Prefix, StorageError};

endpoints!(
    list_alerts,
    acknowledge_alert,
    show_alert_settings,
    keep_alert_settings
);

/// The settings' number among a workspace's settings. Stored: never change or reuse it.
const SETTING: u8 = 1;

/// Something that needs attention.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct AlertView {
    id: String,
    /// `channel_blocked`, `raw_events_parked`, `doubtful_send` …
    kind: String,
    /// `warning` or `critical`.
    #[schema(schema_with = crate::http::words::severity)]
    severity: &'static str,
    /// In a few words.
    title: String,
    /// In plain words, with what to do.
    detail: String,
    /// What it is about: the id of a channel or message, or empty.
    subject: String,
    /// The channel, if it is about one.
    #[schema(required)]
    channel_id: Option<String>,
    raised_at: String,
    /// When it ended; `null` while it holds.
    #[schema(required)]
    cleared_at: Option<String>,
    /// Who has seen it.
    #[schema(required)]
    acknowledged_by: Option<AssigneeView>,
}

/// How bad a kind of alert is, and what it is called.
fn words(kind: &str) -> (&'static str, String) {
    match kind {
        "channel_blocked" => ("critical", "A channel cannot send".to_owned()),
        "raw_events_parked" => ("warning", "Webhook deliveries wait for a person".to_owned()),
        "backup_failed" => ("critical", "A backup was not made".to_owned()),
        "doubtful_send" => ("warning", "Nobody knows whether a message was sent".to_owned()),
        "disk_low" | "read_only" => ("critical", "The disk is nearly full".to_owned()),
        other => ("warning", other.replace('_', " ")),
    }
}

impl AlertView {
    fn new(house: &House, workspace: WorkspaceId, alert: Alert) -> Result<Self, StorageError> {
        let (severity, title) = words(&alert.kind);
        let seen_by = match alert.acknowledged_by {
            Some(user) => {
                let found = house.core.store.get(&UserKey { workspace, user })?;
                let name = found.map(|user| user.name).unwrap_or_default();
                let id = user.to_string();
                Some(AssigneeView { id, name })
            }
            None => None,
        };
        let channel = alert.subject.parse::<ChannelId>().ok();
        Ok(Self {
            id: alert.id.to_string(),
            kind: alert.kind,
            severity,
            title,
            detail: alert.detail,
            subject: alert.subject,
            channel_id: channel.map(|id| id.to_string()),
            raised_at: alert.raised_at.to_string(),
            cleared_at: alert.cleared_at.map(|at| at.to_string()),
            acknowledged_by: seen_by,
        })
    }
}

/// What needs attention now: alerts that still hold, newest first, of the last `limit`.
pub(super) fn open_alerts(house: &House, workspace: WorkspaceId, limit: usize) -> ApiResult<Vec<AlertView>> {
    let recent = house.alerts.recent(workspace, limit)?.into_iter();
    let open = recent.filter(|alert| alert.cleared_at.is_none());
    let views = open.map(|alert| AlertView::new(house, workspace, alert));
    Ok(views.collect::<Result<_, _>>()?)
}

/// Alerts, newest first, also those that have ended.
#[utoipa::path(tag = "operations", params(PageParams), responses((status = 200, body = Items<AlertView>)))]
#[get("/api/v1/alerts")]
pub(super) async fn list_alerts(
    house: Machinery,
    who: Caller,
    page: Page,
) -> ApiResult<Json<Items<AlertView>>> {
    let list = ListId::new("alerts", who.workspace);
    let prefix = Prefix::<AlertKey>::table().with(who.workspace);
    let before = page.after::<AlertKey>(&list)?;
    let rows = house
        .core
        .store
        .scan_back(&prefix, before.as_ref(), page.limit + 1)?;
    let view = |(key, alert)| Ok((key, AlertView::new(&house, who.workspace, alert)?));
    let views = rows
        .into_iter()
        .map(view)
        .collect::<Result<Vec<_>, StorageError>>()?;
    Ok(Json(page.finish(&list, views, |(_, view)| view)))
}

/// Notes that the caller has seen an alert.
#[utoipa::path(tag = "operations", params(("id" = String, Path)), responses((status = 200, body = AlertView)))]
#[post("/api/v1/alerts/{id}/ack")]
pub(super) async fn acknowledge_alert(
    house: Machinery,
    who: Caller,
    id: PathId<u64>,
    _: NoQuery,
) -> ApiResult<Json<AlertView>> {
    let alert = house.alerts.acknowledge(who.workspace, id.0, who.user).await;
    let alert = alert.map_err(|error| match error {
        AlertError::NotFound => ApiError::not_found("alert"),
        AlertError::Storage(error) => error.into(),
        AlertError::Commit(error) => error.into(),
    })?;
    Ok(Json(AlertView::new(&house, who.workspace, alert)?))
}

/// Where else alerts are told.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertSettings {
    /// E-mail address; `null` for none.
    #[serde(default)]
    pub email: Option<String>,
    /// Address to which each alert is posted as JSON; `null` for none.
    #[serde(default)]
    pub webhook_url: Option<String>,
}

impl ApiBody for AlertSettings {
    fn check(&self) -> Result<(), FieldError> {
        if let Some(email) = &self.email {
            check::email("email", email)?;
        }
        match &self.webhook_url {
            Some(url) => check::http_url("webhook_url", url),
            None => Ok(()),
        }
    }
}

impl AlertSettings {
    /// What stands in the store for a workspace; nothing unless someone said otherwise.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn load(house: &House, workspace: WorkspaceId) -> ApiResult<Self> {
        let key = SettingKey {
            workspace,
            setting: SETTING,
        };
        let Some(JsonText(text)) = house.core.store.get(&key)? else {
            return Ok(Self::default());
        };
        serde_json::from_str(&text).map_err(|error| ApiError::internal("reading the alert settings", error))
    }
}

/// Where else alerts are told. For owners.
#[utoipa::path(tag = "operations", responses((status = 200, body = AlertSettings)))]
#[get("/api/v1/settings/alerts")]
pub(super) async fn show_alert_settings(
    house: Machinery,
    who: OwnerCaller,
    _: NoQuery,
) -> ApiResult<Json<AlertSettings>> {
    Ok(Json(AlertSettings::load(&house, who.workspace)?))
}

/// Says where else alerts are told. For owners.
#[utoipa::path(tag = "operations", request_body = AlertSettings, responses((status = 200, body = AlertSettings)))]
#[put("/api/v1/settings/alerts")]
pub(super) async fn keep_alert_settings(
    house: Machinery,
    who: OwnerCaller,
    body: ValidJson<AlertSettings>,
    _: NoQuery,
) -> ApiResult<Json<AlertSettings>> {
    let settings = body.0;
    let key = SettingKey {
        workspace: who.workspace,
        setting: SETTING,
    };
    let text = serde_json::to_string(&settings)
        .map_err(|error| ApiError::internal("writing the alert settings", error))?;
    let seal = house.core.store.workspace_seal(who.workspace)?;
    let mut batch = Batch::new();
    batch.put(&key, &JsonText(text), &seal);
    house.core.store.commit(batch).await?;
    Ok(Json(settings))
}
