//! How keywords are heeded.

use actix_web::web::Json;
use actix_web::{get, put};

use super::Machinery;
use crate::actors::standing::ConsentSettings;
use crate::channels::FieldError;
use crate::domain::consent::Permission;
use crate::domain::optout::normalise;
use crate::http::{ApiBody, ApiResult, Caller, NoQuery, OwnerCaller, ValidJson, check, endpoints};

endpoints!(show_consent_settings, keep_consent_settings);

/// Most words of one's own.
const MAX_WORDS: usize = 50;
/// Longest word, in characters.
const MAX_WORD: usize = 60;
/// Longest answer, in characters: fits every channel, SMS in three parts.
const MAX_REPLY: usize = 450;

/// How keywords are heeded.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentSettingsBody {
    /// What is allowed after STOP: `nothing` but answers to what they write afterwards, or `no_marketing`.
    #[schema(value_type = String)]
    stop_means: Permission,
    /// STOP and START are confirmed by a message.
    confirms: bool,
    /// HELP is answered by a message.
    answers_help: bool,
    /// Text of one's own; `null` for the shipped one in the customer's language.
    #[serde(default)]
    stop_reply: Option<String>,
    /// Text of one's own.
    #[serde(default)]
    start_reply: Option<String>,
    /// Text of one's own.
    #[serde(default)]
    help_reply: Option<String>,
    /// Further words that mean STOP, each as a whole message.
    #[serde(default)]
    extra_stop: Vec<String>,
}

impl ApiBody for ConsentSettingsBody {
    fn check(&self) -> Result<(), FieldError> {
        if self.stop_means == Permission::OptedIn {
            return Err(FieldError::new(
                "stop_means",
                "Must be `nothing` or `no_marketing`.",
            ));
        }
        for (field, text) in [
            ("stop_reply", &self.stop_reply),
            ("start_reply", &self.start_reply),
            ("help_reply", &self.help_reply),
        ] {
            if let Some(text) = text {
                check::line(field, text, MAX_REPLY)?;
            }
        }
        if self.extra_stop.len() > MAX_WORDS {
            return Err(FieldError::new(
                "extra_stop",
                format!("At most {MAX_WORDS} words."),
            ));
        }
        for word in &self.extra_stop {
            check::line("extra_stop", word, MAX_WORD)?;
            if normalise(word).is_empty() {
                return Err(FieldError::new("extra_stop", "A word has letters or digits."));
            }
        }
        Ok(())
    }
}

impl From<ConsentSettings> for ConsentSettingsBody {
    fn from(settings: ConsentSettings) -> Self {
        let ConsentSettings {
            stop_means,
            confirms,
            answers_help,
            stop_reply,
            start_reply,
            help_reply,
            extra_stop,
        } = settings;
        Self {
            stop_means,
            confirms,
            answers_help,
            stop_reply,
            start_reply,
            help_reply,
            extra_stop,
        }
    }
}

/// How keywords such as STOP are heeded.
#[utoipa::path(tag = "contacts", responses((status = 200, body = ConsentSettingsBody)))]
#[get("/api/v1/settings/consent")]
pub(super) async fn show_consent_settings(
    house: Machinery,
    who: Caller,
    _: NoQuery,
) -> ApiResult<Json<ConsentSettingsBody>> {
    Ok(Json(
        ConsentSettings::load(&house.core.store, who.workspace)?.into(),
    ))
}

/// Says how keywords such as STOP are heeded. For owners.
#[utoipa::path(tag = "contacts", request_body = ConsentSettingsBody,
    responses((status = 200, body = ConsentSettingsBody)))]
#[put("/api/v1/settings/consent")]
pub(super) async fn keep_consent_settings(
    house: Machinery,
    who: OwnerCaller,
    body: ValidJson<ConsentSettingsBody>,
    _: NoQuery,
) -> ApiResult<Json<ConsentSettingsBody>> {
    let body = body.0;
    let settings = ConsentSettings {
        stop_means: body.stop_means,
        confirms: body.confirms,
        answers_help: body.answers_help,
        stop_reply: body.stop_reply,
        start_reply: body.start_reply,
        help_reply: body.help_reply,
        extra_stop: body
            .extra_stop
            .into_iter()
            .map(|word| word.trim().to_owned())
            .collect(),
    };
    house.core.keep_consent_settings(who.workspace, &settings).await?;
    Ok(Json(settings.into()))
}
