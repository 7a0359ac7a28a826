//! The way to the provider: approval within the house, submission, ending a pause, reading the list.

use std::sync::Arc;

use actix_web::web::Json;
use actix_web::{HttpResponse, get, post, put};
use tokio::sync::Semaphore;

use super::errors::TemplateError;
use super::model::{DecisionBody, SyncBody, TemplateSettings};
use super::routes::{channel, ok};
use super::store::{self, Entry};
use super::views::TemplateView;
use super::{Machinery, samples, sync};
use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::actors::templates::account_of;
use crate::channels::{Provider, Templates};
use crate::domain::account::Role;
use crate::domain::phrases;
use crate::domain::template::news::{Submission, Submitted};
use crate::domain::template::tracked;
use crate::domain::template::validate::problems;
use crate::domain::template::{ChangeKind, Definition, State, Template};
use crate::domain::{TemplateId, Timestamp, UserId, WorkspaceId};
use crate::http::{
    ApiError, ApiResult, Caller, ErrorCode, NoQuery, OwnerCaller, PathId, ValidJson, endpoints,
};
use crate::storage::StorageError;
use crate::storage::keys::SettingKey;
use crate::storage::settings::{self, number};

endpoints!(
    show_template_settings,
    change_template_settings,
    sync_templates,
    submit_template,
    decide_template,
    unpause_template,
);

/// Lists read at the same time, over all workspaces.
static READING: Semaphore = Semaphore::const_new(2);
/// Edits of approved templates that are remembered.
const MAX_EDITS: usize = 10;

/// Where a template is managed.
pub(super) struct Place {
    pub entry: Arc<ChannelEntry>,
    provider: Arc<dyn Provider>,
}

impl Place {
    /// How templates are managed there.
    pub(super) fn api(&self) -> ApiResult<&dyn Templates> {
        let api = self.provider.templates();
        api.ok_or_else(|| ApiError::new(ErrorCode::WrongState, phrases::NO_TEMPLATES_HERE.text()))
    }
}

/// The channel of a template, or another one of the same account.
pub(super) fn place(house: &House, workspace: WorkspaceId, template: &Template) -> ApiResult<Place> {
    let core = &house.core;
    let own = core.registry.find(workspace, template.channel);
    let fits = |entry: &Arc<ChannelEntry>| account_of(core, entry).as_deref() == Some(&template.account);
    let entry = own
        .filter(fits)
        .or_else(|| core.registry.list(workspace).into_iter().find(fits));
    let entry = entry.ok_or_else(|| {
        let detail = phrases::NO_CHANNEL_OF_ACCOUNT.text();
        ApiError::new(ErrorCode::WrongState, detail)
    })?;
    let provider = core.provider(entry.kind).cloned();
    let provider =
        provider.ok_or_else(|| ApiError::internal("finding the provider", "not part of this version"))?;
    Ok(Place { entry, provider })
}

const fn settings_key(workspace: WorkspaceId) -> SettingKey {
    SettingKey {
        workspace,
        setting: number::TEMPLATES,
    }
}

fn template_settings(house: &House, workspace: WorkspaceId) -> Result<TemplateSettings, StorageError> {
    Ok(settings::read(&house.core.store, &settings_key(workspace))?.unwrap_or_default())
}

/// How templates are dealt with.
#[utoipa::path(tag = "templates", responses((status = 200, body = TemplateSettings)))]
#[get("/api/v1/template-settings")]
pub(super) async fn show_template_settings(
    house: Machinery,
    who: Caller,
    _: NoQuery,
) -> ApiResult<Json<TemplateSettings>> {
    Ok(Json(template_settings(&house, who.workspace)?))
}

/// Sets how templates are dealt with. For owners.
#[utoipa::path(tag = "templates", request_body = TemplateSettings, responses((status = 200, body = TemplateSettings)))]
#[put("/api/v1/template-settings")]
pub(super) async fn change_template_settings(
    house: Machinery,
    who: OwnerCaller,
    body: ValidJson<TemplateSettings>,
    _: NoQuery,
) -> ApiResult<Json<TemplateSettings>> {
    settings::keep(&house.core.store, &settings_key(who.workspace), &body.0).await?;
    Ok(Json(body.0))
}

/// Reads the provider's list anew. Webhooks and a poll do so by themselves; this is for the impatient.
#[utoipa::path(tag = "templates", request_body = SyncBody, responses((status = 200, body = sync::SyncView)))]
#[post("/api/v1/templates/sync")]
pub(super) async fn sync_templates(
    house: Machinery,
    who: Caller,
    body: ValidJson<SyncBody>,
    _: NoQuery,
) -> ApiResult<Json<sync::SyncView>> {
    let (entry, account) = channel(&house, who.workspace, body.channel_id)?;
    let Ok(_place) = READING.try_acquire() else {
        return Err(ApiError::busy(phrases::TEMPLATE_LISTS_BUSY.text(), 5));
    };
    let report = sync::account(&house.core, &entry, &account).await?;
    Ok(Json(report))
}

/// Submits what is worked on to the provider. Where the workspace asks for approval, an agent's submission waits for an
/// owner first.
#[utoipa::path(tag = "templates", params(("id" = String, Path)), responses((status = 200, body = TemplateView)))]
#[post("/api/v1/templates/{id}/submit")]
pub(super) async fn submit_template(
    house: Machinery,
    who: Caller,
    id: PathId<TemplateId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let template = submit(&house, &who, id.0).await?;
    ok(&house, who.workspace, &template)
}

pub(super) async fn submit(house: &House, who: &Caller, id: TemplateId) -> ApiResult<Template> {
    let template = store::get(&house.core, who.workspace, id)?;
    let definition = ready(&template, house.core.clock.now())?;
    let must_ask = who.role != Role::Owner && template_settings(house, who.workspace)?.approval_required;
    if !must_ask || template.is_approved_inside {
        return hand_over(house, who.workspace, who.user, template, definition).await;
    }
    let user = who.user;
    let ask = |template: &mut Template| {
        template.approval_asked_by = Some(user);
        // What the provider has stays as it is: only the draft waits.
        if template.live.is_none() {
            template.state = State::AwaitingApproval;
        }
        Ok(Some(Entry::new(ChangeKind::ApprovalAsked, Some(user), "")))
    };
    Ok(store::change(&house.core, who.workspace, id, Some(template.version), ask).await?)
}

/// What would be submitted, if it may be.
fn ready(template: &Template, now: Timestamp) -> ApiResult<Definition> {
    let wrong = |detail: String| ApiError::new(ErrorCode::WrongState, detail);
    let Some(draft) = &template.draft else {
        return Err(wrong(phrases::NOTHING_TO_SUBMIT.text().into()));
    };
    if template.state.is_at_provider() && !template.state.takes_edits() {
        let state = template.state.as_str().replace('_', " ");
        return Err(wrong(phrases::EDITS_NOT_TAKEN.with(&[("state", &state)])));
    }
    if let Some(next) = store::next_edit(template, now).filter(|_| template.state == State::Approved) {
        return Err(wrong(phrases::EDITED_TOO_OFTEN.with(&[("again_at", &next)])));
    }
    if let Some(problem) = problems(&template.name, &template.language, draft)
        .into_iter()
        .next()
    {
        let detail = format!("{} {}", problem.message, problem.remedy);
        return Err(ApiError::new(ErrorCode::InvalidField, detail)
            .with_code("template_rule")
            .at(problem.field));
    }
    Ok(draft.clone())
}

async fn hand_over(
    house: &House,
    workspace: WorkspaceId,
    user: UserId,
    template: Template,
    draft: Definition,
) -> ApiResult<Template> {
    let place = place(house, workspace, &template)?;
    let was_approved = template.state == State::Approved;
    let definition = addressed(house, &draft)?;
    let wire = tracked::wire(&samples::hand_over(house, workspace, &place, &definition).await?);
    let submission = Submission {
        id: template
            .provider_id
            .as_deref()
            .filter(|_| template.state.is_at_provider()),
        name: &template.name,
        language: &template.language,
        definition: &wire,
        with_category: !was_approved,
    };
    let answer = place
        .api()?
        .submit(&house.core.http, &place.entry.access, submission)
        .await;
    let submitted: Submitted = answer.map_err(TemplateError::from)?;
    let now = house.core.clock.now();
    let record = |template: &mut Template| {
        note_submission(template, (&draft, &definition), &submitted, now);
        if was_approved {
            template.edits.push(now);
            let surplus = template.edits.len().saturating_sub(MAX_EDITS);
            template.edits.drain(..surplus);
        }
        Ok(Some(Entry::new(ChangeKind::Submitted, Some(user), "")))
    };
    Ok(store::change(&house.core, workspace, template.id, None, record).await?)
}

/// With addresses of ours where clicks are counted.
fn addressed(house: &House, definition: &Definition) -> ApiResult<Definition> {
    let base = house.core.media.public_url();
    let is_web = base.starts_with("https://") || base.starts_with("http://");
    match is_web || tracked::tracked(definition).is_empty() {
        true => Ok(tracked::addressed(definition, base)),
        false => Err(ApiError::new(
            ErrorCode::WrongState,
            phrases::CLICKS_NEED_ADDRESS.text(),
        )),
    }
}

/// The provider has it now. A notice that was quicker than the answer (approved at once) is not undone.
fn note_submission(
    template: &mut Template,
    (draft, definition): (&Definition, &Definition),
    submitted: &Submitted,
    now: Timestamp,
) {
    let overtaken = template.provider_id.is_none() && template.live.is_some();
    if template.draft.as_ref() == Some(draft) {
        template.draft = None;
    }
    let mut live = definition.clone();
    live.category = submitted.category.unwrap_or(live.category);
    template.live = Some(live);
    template.provider_id = submitted.id.clone().or_else(|| template.provider_id.take());
    if !overtaken {
        template.state = submitted.state;
        template.reason = None;
        template.reason_detail = None;
    }
    template.submitted_at = Some(now);
    template.approval_asked_by = None;
    template.is_approved_inside = false;
}

/// Agrees to a submission that waits, which then goes to the provider, or sends it back. For owners.
#[utoipa::path(tag = "templates", params(("id" = String, Path)), request_body = DecisionBody,
    responses((status = 200, body = TemplateView)))]
#[post("/api/v1/templates/{id}/approval")]
pub(super) async fn decide_template(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<TemplateId>,
    body: ValidJson<DecisionBody>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let template = decide(&house, (who.workspace, who.user), id.0, &body.0).await?;
    ok(&house, who.workspace, &template)
}

pub(super) async fn decide(
    house: &House,
    (workspace, user): (WorkspaceId, UserId),
    id: TemplateId,
    body: &DecisionBody,
) -> ApiResult<Template> {
    let template = store::get(&house.core, workspace, id)?;
    if template.approval_asked_by.is_none() {
        return Err(ApiError::new(ErrorCode::WrongState, phrases::NOBODY_ASKED.text()));
    }
    let kind = if body.approve {
        ChangeKind::ApprovalGiven
    } else {
        ChangeKind::ApprovalRefused
    };
    let record = |template: &mut Template| {
        template.is_approved_inside = body.approve;
        template.approval_asked_by = None;
        if template.state == State::AwaitingApproval {
            template.state = State::Draft;
        }
        Ok(Some(Entry::new(kind, Some(user), body.note.clone())))
    };
    let template = store::change(&house.core, workspace, id, Some(template.version), record).await?;
    if !body.approve {
        return Ok(template);
    }
    let definition = ready(&template, house.core.clock.now())?;
    hand_over(house, workspace, user, template, definition).await
}

/// Ends a pause before its time. For owners.
#[utoipa::path(tag = "templates", params(("id" = String, Path)), responses((status = 200, body = TemplateView)))]
#[post("/api/v1/templates/{id}/unpause")]
pub(super) async fn unpause_template(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<TemplateId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let template = store::get(&house.core, who.workspace, id.0)?;
    let provider_id = template
        .provider_id
        .clone()
        .filter(|_| template.state == State::Paused);
    let Some(provider_id) = provider_id else {
        return Err(ApiError::new(ErrorCode::WrongState, phrases::NOT_PAUSED.text()));
    };
    let place = place(&house, who.workspace, &template)?;
    let ended = place
        .api()?
        .unpause(&house.core.http, &place.entry.access, &provider_id);
    ended.await.map_err(TemplateError::from)?;
    let user = who.user;
    let record = |template: &mut Template| {
        template.state = State::Approved;
        template.reason = None;
        template.reason_detail = None;
        Ok(Some(Entry::new(ChangeKind::State, Some(user), "")))
    };
    let template = store::change(&house.core, who.workspace, id.0, None, record).await?;
    ok(&house, who.workspace, &template)
}
