//! Checking, previewing and converting without keeping anything; the library; the rules and languages.

use actix_web::web::Json;
use actix_web::{get, post};
use serde_json::json;

use super::Machinery;
use super::library::{self, Entry};
use super::model::{CheckBody, ConvertBody};
use super::views::{DefinitionView, PreviewView, ProblemView, variables};
use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::domain::template::render::{Given, given, missing, preview};
use crate::domain::template::validate::{LANGUAGES, Problem, problems, rules};
use crate::domain::template::{Definition, convert, normal_language};
use crate::http::{ApiResult, Caller, Items, NoQuery, StrictQuery, ValidJson, endpoints};

endpoints!(check_template, convert_text, list_library, list_rules);

/// What is to be said about a template as it is being written.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct CheckView {
    /// Nothing that the provider would refuse.
    ok: bool,
    problems: Vec<ProblemView>,
    /// Names of the body's variables, in order.
    variables: Vec<String>,
    /// What a message with the given values would lack: variables by name, `header`, `offer`, `button 1`, `card 1: …`.
    missing: Vec<String>,
    /// With the given values, and samples where there is none.
    preview: PreviewView,
}

/// Checks a template against every rule of the provider, and shows it filled in. Keeps nothing.
#[utoipa::path(tag = "templates", request_body = CheckBody, responses((status = 200, body = CheckView)))]
#[post("/api/v1/templates/validate")]
pub(super) async fn check_template(
    house: Machinery,
    who: Caller,
    body: ValidJson<CheckBody>,
    _: NoQuery,
) -> ApiResult<Json<CheckView>> {
    let CheckBody {
        name,
        language,
        definition,
        values,
        channel_id,
    } = body.0;
    let definition = definition.into_definition();
    let mut found = problems(&name, &normal_language(&language), &definition);
    // A channel that was removed meanwhile has nothing to say.
    let channel = channel_id.and_then(|id| house.core.registry.find(who.workspace, id));
    found.extend(channel.and_then(|entry| unfit(&house, &entry, &definition)));
    let values = values.as_ref().map(given).unwrap_or_default();
    Ok(Json(CheckView {
        ok: found.is_empty(),
        problems: found.into_iter().map(Into::into).collect(),
        variables: variables(&definition),
        missing: missing(&definition, &values),
        preview: preview(&definition, &values, true).into(),
    }))
}

/// What a channel's provider cannot have although WhatsApp could.
fn unfit(house: &House, entry: &ChannelEntry, definition: &Definition) -> Option<Problem> {
    let provider = house.core.provider(entry.kind)?.templates()?;
    Some(Problem {
        field: "components".to_owned(),
        rule: "provider",
        message: provider.unfit(definition)?,
        remedy: String::new(),
        limit: None,
    })
}

/// A draft made of a text.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ConversionView {
    /// A name made of the first words.
    name: String,
    definition: DefinitionView,
    /// What was done: `variable:Amina`, `button:https://…`, `footer`, `category:utility` …
    steps: Vec<String>,
    problems: Vec<ProblemView>,
    preview: PreviewView,
}

/// Makes a draft of a plain text or call script: names, amounts, dates and numbers become variables. Keeps nothing.
#[utoipa::path(tag = "templates", request_body = ConvertBody, responses((status = 200, body = ConversionView)))]
#[post("/api/v1/templates/convert")]
pub(super) async fn convert_text(
    _: Caller,
    body: ValidJson<ConvertBody>,
    _: NoQuery,
) -> ApiResult<Json<ConversionView>> {
    let done = convert::convert(&body.text);
    let found = problems(&done.name, "en", &done.definition);
    Ok(Json(ConversionView {
        preview: preview(&done.definition, &Given::default(), true).into(),
        name: done.name,
        definition: (&done.definition).into(),
        steps: done.steps,
        problems: found.into_iter().map(Into::into).collect(),
    }))
}

/// A template of the library, in one language.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct LibraryView {
    /// What it is for: `welcome`, `payment_reminder` …
    #[serde(rename = "use")]
    purpose: String,
    /// `bakery`, `clinic` …, or `any`.
    industry: String,
    name: String,
    language: String,
    definition: DefinitionView,
    preview: PreviewView,
}

impl From<&Entry> for LibraryView {
    fn from(entry: &Entry) -> Self {
        Self {
            purpose: entry.purpose.clone(),
            industry: entry.industry.clone(),
            name: entry.name.clone(),
            language: entry.language.clone(),
            definition: (&entry.definition).into(),
            preview: preview(&entry.definition, &Given::default(), true).into(),
        }
    }
}

/// Which templates of the library.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LibraryQuery {
    /// Of this industry.
    industry: Option<String>,
    /// For this use.
    #[serde(rename = "use")]
    #[param(rename = "use")]
    purpose: Option<String>,
    /// In this language.
    language: Option<String>,
    /// Words in name or text.
    q: Option<String>,
}

/// The library of ready templates.
#[utoipa::path(tag = "templates", params(LibraryQuery), responses((status = 200, body = Items<LibraryView>)))]
#[get("/api/v1/template-library")]
pub(super) async fn list_library(
    _: Caller,
    query: StrictQuery<LibraryQuery>,
) -> ApiResult<Json<Items<LibraryView>>> {
    let fits = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
    let words: Vec<String> = query
        .q
        .iter()
        .flat_map(|q| q.split_whitespace())
        .map(str::to_lowercase)
        .collect();
    let found = library::all().iter().filter(|entry| {
        fits(&query.industry, &entry.industry)
            && fits(&query.purpose, &entry.purpose)
            && fits(&query.language, &entry.language)
            && words.iter().all(|word| entry.searched.contains(word.as_str()))
    });
    Ok(Json(Items::all(found.map(Into::into).collect())))
}

/// The provider's rules with their words, and the languages that it takes: for editors.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct RulesView {
    languages: Vec<&'static str>,
    /// `{rule, message, remedy}`.
    #[schema(value_type = Vec<Object>)]
    rules: Vec<serde_json::Value>,
}

/// The rules that templates are checked by.
#[utoipa::path(tag = "templates", responses((status = 200, body = RulesView)))]
#[get("/api/v1/template-rules")]
pub(super) async fn list_rules(_: Caller, _: NoQuery) -> ApiResult<Json<RulesView>> {
    let rule =
        |(rule, message, remedy): &rules::Rule| json!({"rule": rule, "message": message, "remedy": remedy});
    Ok(Json(RulesView {
        languages: LANGUAGES.to_vec(),
        rules: rules::RULES.iter().map(rule).collect(),
    }))
}
