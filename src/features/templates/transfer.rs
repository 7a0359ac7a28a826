//! Templates into and out of files.

use actix_web::web::Json;
use actix_web::{get, post};

use super::model::{FileTemplate, ImportBody};
use super::routes::{blank, channel};
use super::store::{self, Entry};
use super::views::ProblemView;
use super::{Machinery, errors::TemplateError};
use crate::actors::templates::by_name;
use crate::domain::template::validate::problems;
use crate::domain::template::{ChangeKind, Template, normal_language};
use crate::domain::{ChannelId, TemplateId};
use crate::http::{ApiResult, Caller, NoQuery, StrictQuery, ValidJson, endpoints};

endpoints!(export_templates, import_templates);

/// A file of templates.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct FileView {
    /// `frontdesk-templates`.
    format: &'static str,
    /// Of the format.
    version: u32,
    templates: Vec<FileTemplate>,
}

/// Which templates.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// Of this channel's account only.
    #[param(value_type = Option<String>)]
    channel_id: Option<ChannelId>,
    /// Of this name only.
    name: Option<String>,
}

/// What became of one template of a file.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct Imported {
    name: String,
    language: String,
    /// `added`, or `exists`: then nothing was changed.
    outcome: &'static str,
    /// The draft's id, if it was added.
    #[schema(required)]
    id: Option<String>,
    /// What is to be mended before it can be submitted.
    problems: Vec<ProblemView>,
}

/// What became of a file.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ImportView {
    /// Nothing was written.
    dry_run: bool,
    items: Vec<Imported>,
}

fn to_file(template: &Template) -> Option<FileTemplate> {
    let definition = template.working()?;
    Some(FileTemplate {
        name: template.name.clone(),
        language: template.language.clone(),
        category: definition.category,
        parameter_format: Some(definition.format),
        message_send_ttl_seconds: definition.ttl_s,
        components: definition.components.clone(),
    })
}

/// Every template as a file that can be imported elsewhere.
#[utoipa::path(tag = "templates", params(ExportQuery), responses((status = 200, body = FileView)))]
#[get("/api/v1/templates/export")]
pub(super) async fn export_templates(
    house: Machinery,
    who: Caller,
    query: StrictQuery<ExportQuery>,
) -> ApiResult<Json<FileView>> {
    let wanted = query
        .channel_id
        .map(|id| channel(&house, who.workspace, id))
        .transpose()?;
    let account = wanted.map(|(_, account)| account);
    let mut all = store::all(&house.core, who.workspace)?;
    all.retain(|template| {
        account
            .as_ref()
            .is_none_or(|account| *account == template.account)
            && query.name.as_ref().is_none_or(|name| *name == template.name)
    });
    all.sort_by(|a, b| (&a.name, &a.language).cmp(&(&b.name, &b.language)));
    let templates = all.iter().filter_map(to_file).collect();
    Ok(Json(FileView {
        format: "frontdesk-templates",
        version: 1,
        templates,
    }))
}

/// Adds templates of a file or the library as drafts. Names that exist are left alone.
#[utoipa::path(tag = "templates", request_body = ImportBody, responses((status = 200, body = ImportView)))]
#[post("/api/v1/templates/import")]
pub(super) async fn import_templates(
    house: Machinery,
    who: Caller,
    body: ValidJson<ImportBody>,
    _: NoQuery,
) -> ApiResult<Json<ImportView>> {
    let (entry, account) = channel(&house, who.workspace, body.channel_id)?;
    let mut items = Vec::with_capacity(body.templates.len());
    for file in &body.templates {
        let language = normal_language(&file.language);
        let definition = file.definition();
        let found = problems(&file.name, &language, &definition);
        let known = by_name(&house.core, who.workspace, &account, &file.name, &language)?.is_some();
        let mut imported = Imported {
            name: file.name.clone(),
            language: language.clone(),
            outcome: if known { "exists" } else { "added" },
            id: None,
            problems: found.into_iter().map(Into::into).collect(),
        };
        if !known && !body.dry_run {
            let id = TemplateId::from_uuid(uuid::Uuid::now_v7());
            let place = (entry.as_ref(), account.as_str());
            let mut template = blank(
                id,
                place,
                (&file.name, &language),
                Some(who.user),
                house.core.clock.now(),
            );
            template.draft = Some(definition);
            let made = Entry::new(ChangeKind::Imported, Some(who.user), "");
            match store::add(&house.core, who.workspace, template, made).await {
                Ok(_) => imported.id = Some(id.to_string()),
                Err(TemplateError::Exists) => imported.outcome = "exists",
                Err(error) => return Err(error.into()),
            }
        }
        items.push(imported);
    }
    Ok(Json(ImportView {
        dry_run: body.dry_run,
        items,
    }))
}
