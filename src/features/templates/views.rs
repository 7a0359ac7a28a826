//! How templates are shown.

use serde_json::Value;

use crate::actors::core::Core;
use crate::domain::account::Role;
use crate::domain::phrases;
use crate::domain::template::render::{Given, Preview, as_text, preview};
use crate::domain::template::taps::{ButtonFigure, countable};
use crate::domain::template::validate::{Problem, problems};
use crate::domain::template::{
    Change, Definition, Performance, State, Template, diff, placeholders, standing,
};
use crate::domain::{UserId, WorkspaceId};
use crate::http::ApiResult;
use crate::http::views::PhraseView;
use crate::storage::keys::{TemplateTallyKey, UserKey};

/// Someone of the team.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub(super) struct PersonView {
    /// Their id.
    pub id: String,
    /// Their name; empty if they are gone.
    pub name: String,
}

/// Why a template is not approved.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ReasonView {
    /// The provider's word.
    #[schema(required)]
    code: Option<String>,
    /// The same in plain words, with what can be done.
    detail: String,
    /// What `detail` is made of.
    parts: Vec<ReasonPart>,
    /// Whether an appeal at the provider can help, and how.
    #[schema(required)]
    appeal: Option<&'static str>,
    /// `appeal` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    appeal_phrase: Option<PhraseView>,
}

/// A sentence of a reason.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = TemplateReasonPart)]
struct ReasonPart {
    text: String,
    /// `text` as a phrase; none for the provider's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    text_phrase: Option<PhraseView>,
}

/// What a template says.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct DefinitionView {
    #[schema(schema_with = crate::http::words::template_category)]
    category: &'static str,
    #[schema(schema_with = crate::http::words::parameter_format)]
    parameter_format: &'static str,
    /// How long the provider tries to deliver.
    #[schema(required)]
    message_send_ttl_seconds: Option<i64>,
    /// Header, body, footer, buttons …
    #[schema(value_type = Vec<Object>)]
    components: Vec<Value>,
}

impl From<&Definition> for DefinitionView {
    fn from(definition: &Definition) -> Self {
        Self {
            category: definition.category.as_str(),
            parameter_format: definition.format.as_str(),
            message_send_ttl_seconds: definition.ttl_s,
            components: definition.components.clone(),
        }
    }
}

/// How messages made from it fared.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct PerformanceView {
    /// Messages made from it.
    used: u64,
    /// Taken by the provider.
    sent: u64,
    /// On the customer's device.
    delivered: u64,
    /// Opened.
    read: u64,
    /// Answered within three days.
    replied: u64,
    /// A quick reply was tapped, or a counted link opened.
    clicked: u64,
    /// Not delivered.
    failed: u64,
    /// When one was last made; `null` if never.
    #[schema(required)]
    last_used_at: Option<String>,
    /// The same for each button whose use is told: those of the template as it is sent now, then those that it had before.
    buttons: Vec<ButtonFigureView>,
}

/// How often a button was used.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ButtonFigureView {
    /// The card that it stands in, from 0; `null` for one below the text.
    #[schema(required)]
    card: Option<u8>,
    /// Its place among the buttons there, from 0.
    index: u8,
    /// `quick_reply` or `url`; `null` if the template has it no more.
    #[schema(required)]
    kind: Option<&'static str>,
    /// Its label.
    text: String,
    /// Messages of which it was tapped, or its counted link opened.
    clicked: u64,
}

/// Buttons of the live text first, with those that nobody used; then those of earlier texts.
fn button_figures(mut counted: Vec<ButtonFigure>, live: Option<&Definition>) -> Vec<ButtonFigureView> {
    let mut figures = Vec::new();
    for (spot, kind, text) in live.map(countable).unwrap_or_default() {
        let own = counted
            .iter()
            .position(|figure| figure.spot == spot && figure.label == text);
        let clicked = own.map_or(0, |at| counted.swap_remove(at).used);
        figures.push(ButtonFigureView {
            card: spot.card,
            index: spot.place,
            kind: Some(kind),
            text,
            clicked,
        });
    }
    counted.sort_by_key(|figure| figure.spot);
    figures.extend(counted.into_iter().map(|figure| ButtonFigureView {
        card: figure.spot.card,
        index: figure.spot.place,
        kind: None,
        text: figure.label,
        clicked: figure.used,
    }));
    figures
}

impl PerformanceView {
    fn new(value: Performance, live: Option<&Definition>) -> Self {
        let Performance {
            used,
            sent,
            delivered,
            read,
            replied,
            clicked,
            failed,
            last_used_at,
            buttons,
        } = value;
        let last_used_at = last_used_at.map(|at| at.to_string());
        Self {
            used,
            sent,
            delivered,
            read,
            replied,
            clicked,
            failed,
            last_used_at,
            buttons: button_figures(buttons, live),
        }
    }
}

/// A change of category that the provider announced.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct CategoryChangeView {
    #[schema(schema_with = crate::http::words::template_category)]
    to: &'static str,
    /// When; `null` if not told.
    #[schema(required)]
    at: Option<String>,
}

/// One rule that is broken.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ProblemView {
    /// Where, as a path: `components.1.text`.
    field: String,
    /// Which rule.
    rule: &'static str,
    /// What is wrong.
    message: String,
    /// The same as a code, where it is a phrase of ours.
    #[schema(required)]
    message_phrase: Option<PhraseView>,
    /// What to do.
    remedy: String,
    /// The limit, where the rule has one.
    #[schema(required)]
    limit: Option<usize>,
}

impl From<Problem> for ProblemView {
    fn from(
        Problem {
            field,
            rule,
            message,
            remedy,
            limit,
        }: Problem,
    ) -> Self {
        Self {
            field,
            rule,
            message_phrase: PhraseView::of(&message),
            message,
            remedy,
            limit,
        }
    }
}

/// A template in one language.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct TemplateView {
    id: String,
    channel_id: String,
    /// The provider's account.
    account: String,
    name: String,
    language: String,
    #[schema(schema_with = crate::http::words::template_state)]
    status: &'static str,
    /// Whether it may be sent now.
    sendable: bool,
    /// What is worked on: the draft, else what the provider has.
    definition: DefinitionView,
    /// What the provider has, where that differs.
    #[schema(required)]
    live: Option<DefinitionView>,
    /// There are changes that were not submitted.
    has_draft: bool,
    /// Names of the body's variables, in order.
    variables: Vec<String>,
    /// Its text with samples.
    text: String,
    /// What the provider would refuse about what is worked on.
    problems: Vec<ProblemView>,
    /// Why it is not approved.
    #[schema(required)]
    reason: Option<ReasonView>,
    #[schema(schema_with = crate::http::words::template_quality)]
    quality: &'static str,
    #[schema(required)]
    category_change: Option<CategoryChangeView>,
    /// Who may use it besides owners.
    roles: Vec<&'static str>,
    /// Who made it; `null` if it came from the provider.
    #[schema(required)]
    owner: Option<PersonView>,
    /// Who asked for approval within the house.
    #[schema(required)]
    approval_asked_by: Option<PersonView>,
    performance: PerformanceView,
    /// The provider's id.
    #[schema(required)]
    provider_id: Option<String>,
    created_at: String,
    updated_at: String,
    #[schema(required)]
    submitted_at: Option<String>,
    version: u64,
}

pub(super) fn person(core: &Core, workspace: WorkspaceId, user: UserId) -> ApiResult<PersonView> {
    let found = core.store.get(&UserKey { workspace, user })?;
    Ok(PersonView {
        id: user.to_string(),
        name: found.map(|user| user.name).unwrap_or_default(),
    })
}

/// A template's view.
pub(super) fn view(core: &Core, workspace: WorkspaceId, template: &Template) -> ApiResult<TemplateView> {
    let empty = Definition {
        category: crate::domain::template::Category::Utility,
        format: crate::domain::template::ParameterFormat::Positional,
        ttl_s: None,
        components: Vec::new(),
    };
    let working = template.working().unwrap_or(&empty);
    let has_draft = template.draft.is_some();
    let tally = core.store.get(&TemplateTallyKey {
        workspace,
        template: template.id,
    })?;
    let someone = |user: Option<UserId>| user.map(|user| person(core, workspace, user)).transpose();
    let roles = [Role::Owner, Role::Agent]
        .into_iter()
        .filter(|role| template.roles.allow(*role));
    let found = match has_draft {
        true => problems(&template.name, &template.language, working),
        false => Vec::new(),
    };
    Ok(TemplateView {
        id: template.id.to_string(),
        channel_id: template.channel.to_string(),
        account: template.account.clone(),
        name: template.name.clone(),
        language: template.language.clone(),
        status: template.state.as_str(),
        sendable: template.sendable().is_some(),
        definition: working.into(),
        live: template.live.as_ref().filter(|_| has_draft).map(Into::into),
        has_draft,
        variables: variables(template.live.as_ref().unwrap_or(working)),
        text: as_text(&preview(working, &Given::default(), true)),
        problems: found.into_iter().map(Into::into).collect(),
        reason: reason(template),
        quality: template.quality.as_str(),
        category_change: template
            .category_change
            .as_ref()
            .map(|change| CategoryChangeView {
                to: change.to.as_str(),
                at: change.at.map(|at| at.to_string()),
            }),
        roles: roles
            .map(|role| if role == Role::Owner { "owner" } else { "agent" })
            .collect(),
        owner: someone(template.owner)?,
        approval_asked_by: someone(template.approval_asked_by)?,
        performance: PerformanceView::new(tally.unwrap_or_default(), template.live.as_ref()),
        provider_id: template.provider_id.clone(),
        created_at: template.created_at.to_string(),
        updated_at: template.updated_at.to_string(),
        submitted_at: template.submitted_at.map(|at| at.to_string()),
        version: template.version,
    })
}

pub(super) fn variables(definition: &Definition) -> Vec<String> {
    placeholders::names(definition.text("body"))
        .into_iter()
        .map(str::to_owned)
        .collect()
}

fn reason(template: &Template) -> Option<ReasonView> {
    let is_bad = !matches!(template.state, State::Approved | State::InReview | State::Draft);
    if !is_bad && template.reason.is_none() {
        return None;
    }
    let code = template.reason.clone();
    let words = code.as_deref().map(in_words).unwrap_or_default();
    let said = template.reason_detail.as_deref().unwrap_or_default();
    let appeal = appeal(template.state);
    let parts = [standing::in_words(template.state), words, said];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let part = |text: &&str| ReasonPart {
        text: (*text).to_owned(),
        text_phrase: PhraseView::of(text),
    };
    Some(ReasonView {
        detail: parts.join(" "),
        parts: parts.iter().map(part).collect(),
        appeal_phrase: appeal.and_then(PhraseView::of),
        appeal,
        code,
    })
}

/// Meta's words for rejections in plain ones (Meta's template reference, `rejected_reason`).
fn in_words(code: &str) -> &'static str {
    match code {
        "ABUSIVE_CONTENT" => phrases::REJECTED_ABUSIVE.text(),
        "INCORRECT_CATEGORY" => phrases::REJECTED_CATEGORY.text(),
        "INVALID_FORMAT" => phrases::REJECTED_FORMAT.text(),
        "SCAM" => phrases::REJECTED_SCAM.text(),
        "PROMOTIONAL" => phrases::REJECTED_PROMOTIONAL.text(),
        "TAG_CONTENT_MISMATCH" => phrases::REJECTED_MISMATCH.text(),
        "FIRST_PAUSE" => phrases::FIRST_PAUSE.text(),
        "SECOND_PAUSE" => phrases::SECOND_PAUSE.text(),
        _ => "",
    }
}

const fn appeal(state: State) -> Option<&'static str> {
    match state {
        State::Rejected => Some(phrases::APPEAL_REJECTED.text()),
        State::Disabled => Some(phrases::APPEAL_DISABLED.text()),
        State::Paused => Some(phrases::APPEAL_PAUSED.text()),
        State::InAppeal => Some(phrases::APPEAL_UNDER_WAY.text()),
        _ => None,
    }
}

/// One entry of a template's history.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ChangeView {
    /// Its number, counted from 1.
    pub number: u32,
    at: String,
    /// Who; `null` for the provider or the program itself.
    #[schema(required)]
    by: Option<PersonView>,
    #[schema(schema_with = crate::http::words::template_change)]
    kind: &'static str,
    #[schema(schema_with = crate::http::words::template_state)]
    status: &'static str,
    /// The provider's or the person's words.
    note: String,
    /// The content afterwards.
    #[schema(required)]
    definition: Option<DefinitionView>,
    /// What differs from the entry before.
    differences: Vec<DifferenceView>,
}

/// One part that differs.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct DifferenceView {
    /// `body`, `header`, `buttons.0` …
    part: String,
    /// What stood there.
    #[schema(required)]
    before: Option<String>,
    /// What stands there.
    #[schema(required)]
    after: Option<String>,
}

/// A history entry's view, beside the one before it.
pub(super) fn change(
    core: &Core,
    workspace: WorkspaceId,
    number: u32,
    change: &Change,
    before: Option<&Change>,
) -> ApiResult<ChangeView> {
    let earlier = before.and_then(|before| before.definition.as_ref());
    let differences = diff::between(earlier, change.definition.as_ref());
    let differences = differences
        .into_iter()
        .map(|diff::Difference { part, before, after }| DifferenceView { part, before, after });
    Ok(ChangeView {
        number,
        at: change.at.to_string(),
        by: change
            .user
            .map(|user| person(core, workspace, user))
            .transpose()?,
        kind: change.kind.as_str(),
        status: change.state.as_str(),
        note: change.note.clone(),
        definition: change.definition.as_ref().map(Into::into),
        differences: differences.collect(),
    })
}

/// A filled template, as the customer sees it.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct PreviewView {
    /// Header, offer, body, footer, buttons, cards.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    preview: Preview,
    /// The whole as one text.
    text: String,
}

impl From<Preview> for PreviewView {
    fn from(preview: Preview) -> Self {
        Self {
            text: as_text(&preview),
            preview,
        }
    }
}
