//! Alerts: what needs attention, who has seen it, and where else it is told.

use actix_web::web::{Data, Json};
use actix_web::{get, post, put};
use tokio::sync::Semaphore;

use super::Machinery;
use crate::actors::House;
use crate::actors::alerts::{AlertError, words};
use crate::actors::delivery::{
    AlertAddresses, Attempt, Book, Delivery, News, Telling, TellingState, Way, new_secret,
};
use crate::channels::FieldError;
use crate::domain::operations::Alert;
use crate::domain::{ChannelId, Timestamp, WorkspaceId};
use crate::http::views::AssigneeView;
use crate::http::views::PhraseView;
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, Items, ListId, NoQuery, OwnerCaller, Page, PageParams, PathId,
    ValidJson, check, endpoints,
};
use crate::storage::keys::{AlertKey, UserKey};
use crate::storage::{Prefix, StorageError};

endpoints!(
    list_alerts,
    acknowledge_alert,
    show_alert_settings,
    keep_alert_settings,
    test_alert_settings,
);

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
    /// `title` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    title_phrase: Option<PhraseView>,
    /// `detail` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_phrase: Option<PhraseView>,
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
    /// How it was told outside.
    deliveries: Vec<TellingView>,
}

/// How an alert was told outside by one way.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct TellingView {
    /// `webhook` or `email`.
    way: &'static str,
    /// `raised` or `cleared`: what was told.
    news: &'static str,
    /// `pending`, `delivered` or `failed`.
    state: &'static str,
    /// Times tried.
    attempts: u32,
    /// The last answer, in plain words.
    detail: String,
    /// When it was last tried; while `pending`, when it is tried next.
    at: String,
}

impl From<&Telling> for TellingView {
    fn from(telling: &Telling) -> Self {
        Self {
            way: way_word(telling.way),
            news: match telling.news {
                News::Raised => "raised",
                News::Cleared => "cleared",
            },
            state: match telling.state {
                TellingState::Pending => "pending",
                TellingState::Delivered => "delivered",
                TellingState::Failed => "failed",
            },
            attempts: telling.attempts,
            detail: telling.detail.clone(),
            at: Timestamp(telling.at).to_string(),
        }
    }
}

impl AlertView {
    fn new(house: &House, workspace: WorkspaceId, book: &Book, alert: Alert) -> Result<Self, StorageError> {
        let (severity, title) = words(&alert.kind);
        let told = book.tellings.iter().filter(|telling| telling.alert == alert.id);
        let deliveries = told.map(TellingView::from).collect();
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
            severity: severity.as_str(),
            title_phrase: PhraseView::of(&title),
            title,
            detail_phrase: PhraseView::of(&alert.detail),
            detail: alert.detail,
            subject: alert.subject,
            channel_id: channel.map(|id| id.to_string()),
            raised_at: alert.raised_at.to_string(),
            cleared_at: alert.cleared_at.map(|at| at.to_string()),
            acknowledged_by: seen_by,
            deliveries,
        })
    }
}

/// What needs attention now: alerts that still hold, newest first, of the last `limit`.
pub(super) fn open_alerts(house: &House, workspace: WorkspaceId, limit: usize) -> ApiResult<Vec<AlertView>> {
    let recent = house.alerts.recent(workspace, limit)?.into_iter();
    let open = recent.filter(|alert| alert.cleared_at.is_none());
    let book = Book::load(&house.core.store, workspace)?;
    let views = open.map(|alert| AlertView::new(house, workspace, &book, alert));
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
    let book = Book::load(&house.core.store, who.workspace)?;
    let view = |(key, alert)| Ok((key, AlertView::new(&house, who.workspace, &book, alert)?));
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
    let book = Book::load(&house.core.store, who.workspace)?;
    Ok(Json(AlertView::new(&house, who.workspace, &book, alert)?))
}

/// Where else alerts are told.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Deserialize, utoipa::ToSchema)]
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

/// Where else alerts are told, and how.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct AlertSettingsView {
    /// E-mail address.
    email: Option<String>,
    /// Address to which each alert is posted as JSON.
    webhook_url: Option<String>,
    /// Signs the posts (Standard Webhooks).
    webhook_secret: Option<String>,
    /// Whether the operator has set up a mail server; without one no letter is sent.
    mail_available: bool,
}

impl AlertSettingsView {
    fn new(addresses: AlertAddresses, delivery: &Delivery) -> Self {
        let AlertAddresses {
            email,
            webhook_url,
            webhook_secret,
        } = addresses;
        Self {
            email,
            webhook_url,
            webhook_secret,
            mail_available: delivery.has_mail(),
        }
    }
}

/// Where else alerts are told. For owners.
#[utoipa::path(tag = "operations", responses((status = 200, body = AlertSettingsView)))]
#[get("/api/v1/settings/alerts")]
pub(super) async fn show_alert_settings(
    house: Machinery,
    delivery: Data<Delivery>,
    who: OwnerCaller,
    _: NoQuery,
) -> ApiResult<Json<AlertSettingsView>> {
    let addresses = AlertAddresses::load(&house.core.store, who.workspace)?;
    Ok(Json(AlertSettingsView::new(addresses, &delivery)))
}

/// Says where else alerts are told. A webhook that had no secret gets one. For owners.
#[utoipa::path(tag = "operations", request_body = AlertSettings,
    responses((status = 200, body = AlertSettingsView)))]
#[put("/api/v1/settings/alerts")]
pub(super) async fn keep_alert_settings(
    house: Machinery,
    delivery: Data<Delivery>,
    who: OwnerCaller,
    body: ValidJson<AlertSettings>,
    _: NoQuery,
) -> ApiResult<Json<AlertSettingsView>> {
    let AlertSettings { email, webhook_url } = body.0;
    let store = &house.core.store;
    let known = AlertAddresses::load(store, who.workspace)?.webhook_secret;
    let webhook_secret = match (&webhook_url, known) {
        (Some(_), None) => {
            let made = new_secret();
            Some(made.map_err(|error| ApiError::internal("making a webhook secret", error))?)
        }
        (_, known) => known,
    };
    let addresses = AlertAddresses {
        email,
        webhook_url,
        webhook_secret,
    };
    addresses.save(store, who.workspace).await?;
    Ok(Json(AlertSettingsView::new(addresses, &delivery)))
}

/// How one way of telling went.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct TestCheck {
    /// `webhook` or `email`.
    name: &'static str,
    ok: bool,
    /// What was answered, or what to do.
    detail: String,
}

/// How a test went.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct TestOutcome {
    /// Every way that is set works; `false` if none is.
    ok: bool,
    checks: Vec<TestCheck>,
}

/// Tests at the same time, over all workspaces: each holds connections to the outside.
static TESTS: Semaphore = Semaphore::const_new(4);
/// When to try again if too many are under way, in seconds.
const TEST_SECONDS: u64 = 20;

/// Tells a made-up alert by every way that is set, at once. For owners.
#[utoipa::path(tag = "operations", responses((status = 200, body = TestOutcome)))]
#[post("/api/v1/settings/alerts/test")]
pub(super) async fn test_alert_settings(
    house: Machinery,
    delivery: Data<Delivery>,
    who: OwnerCaller,
    _: NoQuery,
) -> ApiResult<Json<TestOutcome>> {
    let Ok(_place) = TESTS.try_acquire() else {
        let detail = "Too many tests are under way; try again in a moment.";
        return Err(ApiError::busy(detail, TEST_SECONDS));
    };
    let addresses = AlertAddresses::load(&house.core.store, who.workspace)?;
    let outcomes = delivery.test(who.workspace, &addresses).await;
    let checks: Vec<TestCheck> = outcomes
        .into_iter()
        .map(|(way, attempt)| {
            let (ok, detail) = match attempt {
                Attempt::Delivered(detail) => (true, detail),
                Attempt::Failed(detail) | Attempt::Hopeless(detail) => (false, detail),
            };
            let name = way_word(way);
            TestCheck { name, ok, detail }
        })
        .collect();
    let ok = !checks.is_empty() && checks.iter().all(|check| check.ok);
    Ok(Json(TestOutcome { ok, checks }))
}

fn way_word(way: Way) -> &'static str {
    match way {
        Way::Webhook => "webhook",
        Way::Email => "email",
    }
}
