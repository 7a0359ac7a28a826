//! The list of templates.

use actix_web::get;
use actix_web::web::Json;

use super::views::{self, TemplateView};
use super::{Machinery, store};
use crate::actors::House;
use crate::actors::templates::account_of;
use crate::domain::template::{Category, State, Template, normal_language};
use crate::domain::{ChannelId, WorkspaceId};
use crate::http::{
    ApiError, ApiResult, Caller, ErrorCode, Items, ListId, ListQuery, Page, PageParams, endpoints,
};

endpoints!(list_templates, list_whatsapp_templates);

/// Bytes of a name that count for a place in the list.
const PLACE_NAME: usize = 180;

/// Which templates.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Those that this channel can send or manage.
    #[param(value_type = Option<String>)]
    channel_id: Option<ChannelId>,
    /// Of these states, comma-separated. `awaiting_approval` also finds changes of templates that the provider has.
    status: Option<String>,
    /// Of this category.
    #[param(value_type = Option<String>)]
    category: Option<Category>,
    /// In this language.
    language: Option<String>,
    /// Of exactly this name: every language of one template.
    name: Option<String>,
    /// Words in name or text.
    q: Option<String>,
    /// `true`: only what may be sent now, by the caller.
    sendable: Option<bool>,
}

impl Filter {
    fn states(&self) -> ApiResult<Option<Vec<State>>> {
        let Some(words) = &self.status else {
            return Ok(None);
        };
        let read = |word: &str| {
            State::from_word(word).ok_or_else(|| {
                ApiError::new(
                    ErrorCode::InvalidQuery,
                    format!("{word} is no state of a template."),
                )
                .at("status")
            })
        };
        words
            .split(',')
            .map(read)
            .collect::<ApiResult<Vec<_>>>()
            .map(Some)
    }

    fn id(&self) -> String {
        let Self {
            channel_id,
            status,
            category,
            language,
            name,
            q,
            sendable,
        } = self;
        format!("{channel_id:?} {status:?} {category:?} {language:?} {name:?} {q:?} {sendable:?}")
    }
}

/// The account of a channel; `None` for one without templates.
fn account(house: &House, workspace: WorkspaceId, channel: ChannelId) -> ApiResult<Option<String>> {
    let entry = house.core.registry.find(workspace, channel);
    let entry = entry.ok_or_else(|| ApiError::not_found("channel"))?;
    Ok(account_of(&house.core, &entry))
}

fn selected(house: &House, who: &Caller, filter: &Filter) -> ApiResult<Vec<Template>> {
    let states = filter.states()?;
    let account = filter
        .channel_id
        .map(|channel| account(house, who.workspace, channel))
        .transpose()?;
    let language = filter.language.as_deref().map(normal_language);
    let words: Vec<String> = filter
        .q
        .iter()
        .flat_map(|q| q.split_whitespace())
        .map(str::to_lowercase)
        .collect();
    let mut all = store::all(&house.core, who.workspace)?;
    all.retain(|template| {
        account
            .as_ref()
            .is_none_or(|account| account.as_deref() == Some(template.account.as_str()))
            && states.as_ref().is_none_or(|states| stands(template, states))
            && language
                .as_deref()
                .is_none_or(|language| language == template.language)
            && filter.name.as_deref().is_none_or(|name| name == template.name)
            && filter
                .category
                .is_none_or(|it| template.working().is_some_and(|working| working.category == it))
            && !(filter.sendable == Some(true)
                && (template.sendable().is_none() || !template.roles.allow(who.role)))
            && holds(template, &words)
    });
    all.sort_by_cached_key(place);
    Ok(all)
}

/// Whether a template is in one of these states. A change of what the provider has waits for an owner while the template
/// itself stays, say, approved.
fn stands(template: &Template, states: &[State]) -> bool {
    let is_asked = template.approval_asked_by.is_some();
    states.contains(&template.state) || (is_asked && states.contains(&State::AwaitingApproval))
}

fn holds(template: &Template, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let working = template.working();
    let text = working.map_or_else(String::new, |definition| {
        format!(
            "{} {} {}",
            definition.text("header"),
            definition.text("body"),
            definition.text("footer")
        )
    });
    let text = format!("{} {text}", template.name.replace('_', " ")).to_lowercase();
    let name = &template.name;
    words
        .iter()
        .all(|word| text.contains(word.as_str()) || name.contains(word.as_str()))
}

/// Where a template stands in the list: by name, then language.
fn place(template: &Template) -> Vec<u8> {
    let name = template.name.as_bytes();
    let mut place = name[..name.len().min(PLACE_NAME)].to_vec();
    place.push(0);
    place.extend_from_slice(template.language.as_bytes());
    place.push(0);
    place.extend_from_slice(&template.id.0);
    place
}

fn page_of(
    house: &House,
    who: &Caller,
    filter: &Filter,
    page: &Page,
) -> ApiResult<Json<Items<TemplateView>>> {
    let list = ListId::new("templates", who.workspace).with(&filter.id());
    let after = page.position(&list)?;
    let all = selected(house, who, filter)?;
    let mut rest = all
        .iter()
        .filter(|template| after.as_ref().is_none_or(|after| place(template) > *after));
    let shown: Vec<&Template> = rest.by_ref().take(page.limit).collect();
    let more = rest.next().is_some();
    let next_cursor = shown
        .last()
        .filter(|_| more)
        .map(|template| list.cursor(&place(template)));
    let views = shown
        .into_iter()
        .map(|template| views::view(&house.core, who.workspace, template));
    Ok(Json(Items {
        items: views.collect::<ApiResult<_>>()?,
        next_cursor,
    }))
}

/// The workspace's templates by name and language.
#[utoipa::path(tag = "templates", params(Filter, PageParams), responses((status = 200, body = Items<TemplateView>)))]
#[get("/api/v1/templates")]
pub(super) async fn list_templates(
    house: Machinery,
    who: Caller,
    query: ListQuery<Filter>,
) -> ApiResult<Json<Items<TemplateView>>> {
    page_of(&house, &who, &query.filter, &query.page)
}

/// The same under the address that some installations use.
#[utoipa::path(tag = "templates", params(Filter, PageParams), responses((status = 200, body = Items<TemplateView>)))]
#[get("/api/whatsapp/templates")]
pub(super) async fn list_whatsapp_templates(
    house: Machinery,
    who: Caller,
    query: ListQuery<Filter>,
) -> ApiResult<Json<Items<TemplateView>>> {
    page_of(&house, &who, &query.filter, &query.page)
}
