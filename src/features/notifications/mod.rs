//! What a person is told of, and when not, which holds on every device; and on which of their devices they are told while no
//! page is open.
//!
//! Owns each person's choice. Must not know what is told.

mod devices;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actors::House;
use crate::domain::notify::{self, Choice};
use crate::http::{
    ApiBody, ApiResult, Caller, FieldError, IfMatch, NoQuery, ValidJson, check, endpoints, etag, kept,
};
use crate::storage::keys::UserSettingKey;
use crate::storage::settings::{Kept, number};

endpoints!(
    show_notifications,
    keep_notifications,
    devices::show_push,
    devices::subscribe,
    devices::list_devices,
    devices::remove_device,
    devices::test_device,
);

/// What is told, and when not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationSettings {
    /// Messages in conversations that are mine.
    pub assigned: bool,
    /// Messages in conversations that are nobody's.
    pub unassigned: bool,
    /// Notes that mention me.
    pub mentions: bool,
    /// Alerts.
    pub alerts: bool,
    /// A sound with it.
    pub sound: bool,
    /// Nothing is told between these times; `null` for no such hours.
    #[schema(required)]
    pub quiet: Option<QuietHours>,
    /// What is told shows what was written; otherwise only who wrote. `true` unless said.
    #[serde(default = "yes")]
    #[schema(required)]
    pub show_text: bool,
}

const fn yes() -> bool {
    true
}

/// Hours without any telling; over midnight if `from` is later than `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// `00:00` to `23:59`.
    #[schema(example = "22:00")]
    pub from: String,
    /// `00:00` to `23:59`.
    #[schema(example = "07:00")]
    pub to: String,
    /// IANA time zone.
    pub timezone: String,
}

/// The caller's choice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notifications)]
pub(crate) struct NotificationsView {
    #[serde(flatten)]
    settings: NotificationSettings,
    /// Counts changes; the `ETag`.
    version: u64,
}

impl From<NotificationSettings> for Choice {
    fn from(wanted: NotificationSettings) -> Self {
        let NotificationSettings {
            assigned,
            unassigned,
            mentions,
            alerts,
            sound,
            quiet,
            show_text,
        } = wanted;
        let hours = |quiet: QuietHours| notify::QuietHours {
            from: quiet.from,
            to: quiet.to,
            timezone: quiet.timezone,
        };
        Self {
            assigned,
            unassigned,
            mentions,
            alerts,
            sound,
            quiet: quiet.map(hours),
            show_text,
        }
    }
}

impl From<Choice> for NotificationSettings {
    fn from(kept: Choice) -> Self {
        let Choice {
            assigned,
            unassigned,
            mentions,
            alerts,
            sound,
            quiet,
            show_text,
        } = kept;
        let hours = |quiet: notify::QuietHours| QuietHours {
            from: quiet.from,
            to: quiet.to,
            timezone: quiet.timezone,
        };
        Self {
            assigned,
            unassigned,
            mentions,
            alerts,
            sound,
            quiet: quiet.map(hours),
            show_text,
        }
    }
}

fn is_time(text: &str) -> bool {
    let digits = |part: &str, most: u8| {
        part.len() == 2
            && part.bytes().all(|b| b.is_ascii_digit())
            && part.parse::<u8>().is_ok_and(|n| n <= most)
    };
    text.split_once(':')
        .is_some_and(|(hour, minute)| digits(hour, 23) && digits(minute, 59))
}

impl ApiBody for NotificationSettings {
    const LIMIT: usize = 8 * 1024;

    fn check(&self) -> Result<(), FieldError> {
        let Some(quiet) = &self.quiet else { return Ok(()) };
        for (field, time) in [("quiet.from", &quiet.from), ("quiet.to", &quiet.to)] {
            if !is_time(time) {
                return Err(FieldError::new(field, "Give a time such as 22:00."));
            }
        }
        if quiet.from == quiet.to {
            return Err(FieldError::new(
                "quiet.to",
                "Must be another time than the beginning.",
            ));
        }
        check::timezone("quiet.timezone", &quiet.timezone)
    }
}

fn key(who: &Caller) -> UserSettingKey {
    UserSettingKey {
        workspace: who.workspace,
        user: who.user,
        setting: number::person::NOTIFICATIONS,
    }
}

fn answer(kept: Kept<Choice>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(etag(kept.version))
        .json(NotificationsView {
            settings: kept.value.into(),
            version: kept.version,
        })
}

/// What the caller is told of by their browser.
#[utoipa::path(tag = "account", responses((status = 200, body = NotificationsView)))]
#[get("/api/v1/me/notifications")]
pub(crate) async fn show_notifications(
    house: Data<House>,
    who: Caller,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let kept = kept::read(&house.core.store, &key(&who))?;
    Ok(answer(kept.unwrap_or(Kept {
        version: 0,
        value: Choice::default(),
    })))
}

/// Changes what the caller is told of.
#[utoipa::path(tag = "account", params(("If-Match" = Option<String>, Header)), request_body = NotificationSettings,
    responses((status = 200, body = NotificationsView)))]
#[put("/api/v1/me/notifications")]
pub(crate) async fn keep_notifications(
    house: Data<House>,
    who: Caller,
    body: ValidJson<NotificationSettings>,
    if_match: IfMatch,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let store = &house.core.store;
    let (key, seal) = (key(&who), store.workspace_seal(who.workspace)?);
    let set = |_: Option<Choice>| Ok(body.0.clone().into());
    Ok(answer(kept::change(store, &key, &seal, if_match, set).await?))
}
