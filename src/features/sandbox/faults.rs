//! Faults on request: what the simulated provider does wrong for one sandbox channel.

use actix_web::web::Json;
use actix_web::{get, put};

use super::{Machinery, Phones, Which, refused};
use crate::channels::FieldError;
use crate::http::{ApiBody, ApiResult, Caller, OwnerCaller, StrictQuery, ValidJson, endpoints};
use crate::sandbox::{Delay, Down, ErrorFault, Faults, Often};

endpoints!(show_faults, set_faults);

/// How far webhooks overtake each other, in milliseconds.
const REORDER_MS: u64 = 3_000;
/// Longest delay of an answer, in milliseconds.
const MAX_DELAY_MS: u64 = 120_000;
/// Most messages that a fault may be asked for.
const MAX_NEXT: u32 = 1_000;

/// What goes wrong.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultsView {
    /// Answers to sends come so much later, in milliseconds; at most two minutes.
    #[serde(default)]
    delay_ms: u64,
    /// So many messages fail, as if the number were not on WhatsApp. Counts down.
    #[serde(default)]
    refuse_next: u32,
    /// So many messages are accepted and the answer is lost. Counts down.
    #[serde(default)]
    drop_answer_next: u32,
    /// Sends are answered with 503.
    #[serde(default)]
    down: bool,
    /// Every webhook comes twice.
    #[serde(default)]
    duplicate_webhooks: bool,
    /// Webhooks overtake each other.
    #[serde(default)]
    reorder_webhooks: bool,
}

impl From<&Faults> for FaultsView {
    fn from(faults: &Faults) -> Self {
        Self {
            delay_ms: faults.answer_delay.base_ms,
            refuse_next: faults.failures.first().map_or(0, |fault| fault.often.next),
            drop_answer_next: faults.drop_answer.next,
            down: faults.down != Down::No,
            duplicate_webhooks: faults.duplicate_webhooks > 0.0,
            reorder_webhooks: faults.reorder_webhooks > 0.0,
        }
    }
}

impl FaultsView {
    /// The faults meant; `undeliverable` is the provider's code for somebody who cannot be reached.
    fn into_faults(self, undeliverable: u32) -> Faults {
        let view = self;
        let refusal = ErrorFault {
            code: undeliverable,
            details: None,
            often: Often::next(view.refuse_next),
        };
        let when = |on: bool| if on { 1.0 } else { 0.0 };
        Faults {
            answer_delay: Delay::new(view.delay_ms, 0),
            failures: vec![refusal],
            drop_answer: Often::next(view.drop_answer_next),
            down: if view.down { Down::Unavailable } else { Down::No },
            duplicate_webhooks: when(view.duplicate_webhooks),
            reorder_webhooks: when(view.reorder_webhooks),
            reorder_by_ms: REORDER_MS,
            ..Faults::default()
        }
    }
}

impl ApiBody for FaultsView {
    fn check(&self) -> Result<(), FieldError> {
        if self.delay_ms > MAX_DELAY_MS {
            return Err(FieldError::new(
                "delay_ms",
                format!("At most {MAX_DELAY_MS} milliseconds."),
            ));
        }
        for (field, next) in [
            ("refuse_next", self.refuse_next),
            ("drop_answer_next", self.drop_answer_next),
        ] {
            if next > MAX_NEXT {
                return Err(FieldError::new(field, format!("At most {MAX_NEXT} messages.")));
            }
        }
        Ok(())
    }
}

/// What goes wrong on a sandbox channel now.
#[utoipa::path(tag = "sandbox", params(Which), responses((status = 200, body = FaultsView)))]
#[get("/api/v1/sandbox/faults")]
pub(super) async fn show_faults(
    house: Machinery,
    phones: Phones,
    who: Caller,
    which: StrictQuery<Which>,
) -> ApiResult<Json<FaultsView>> {
    let line = which.line(&house, &phones, who.workspace)?;
    let faults = line.book.faults_of(&line.number).map_err(refused)?;
    Ok(Json(FaultsView::from(&faults)))
}

/// Makes a sandbox channel's provider misbehave; `{}` heals it. For owners.
#[utoipa::path(tag = "sandbox", params(Which), request_body = FaultsView,
    responses((status = 200, body = FaultsView)))]
#[put("/api/v1/sandbox/faults")]
pub(super) async fn set_faults(
    house: Machinery,
    phones: Phones,
    who: OwnerCaller,
    which: StrictQuery<Which>,
    body: ValidJson<FaultsView>,
) -> ApiResult<Json<FaultsView>> {
    let line = which.line(&house, &phones, who.workspace)?;
    line.book
        .set_faults_of(&line.number, body.0.into_faults(line.book.undeliverable()))
        .map_err(refused)?;
    Ok(Json(body.0))
}
