//! Templates of a past that is told, not lived: the demo's. Written with their history, as if people and the provider had
//! made them one step after another; nothing is asked of any provider.

use super::errors::TemplateError;
use super::library;
use super::routes::blank;
use super::store::{self, Entry};
use crate::actors::core::Core;
use crate::actors::registry::ChannelEntry;
use crate::actors::templates::account_of;
use crate::domain::template::{ChangeKind, Definition, Quality, State, Template};
use crate::domain::{TemplateId, Timestamp, UserId};
use crate::http::ApiResult;

/// A template and where it stands.
pub struct Planted<'a> {
    /// Its name in the library.
    pub name: &'a str,
    /// Its language, as the library has it.
    pub language: &'a str,
    /// Where it stands.
    pub state: State,
    /// How customers react.
    pub quality: Quality,
    /// The provider's word for why it is not approved.
    pub reason: Option<&'a str>,
    /// Who made it.
    pub owner: UserId,
    /// When it was given to the provider.
    pub at: Timestamp,
}

/// What the library says of a template.
pub fn from_library(name: &str, language: &str) -> Option<&'static Definition> {
    let mut all = library::all().iter();
    let found = all.find(|entry| entry.name == name && entry.language == language);
    found.map(|entry| &entry.definition)
}

/// Writes a template of the library with the history that led to its state.
///
/// # Errors
/// The library does not have it, the channel takes no templates, or the store refuses.
pub async fn plant(core: &Core, entry: &ChannelEntry, planted: &Planted<'_>) -> ApiResult<Template> {
    let definition = from_library(planted.name, planted.language).ok_or(TemplateError::NotFound)?;
    let account = account_of(core, entry).ok_or(TemplateError::NotFound)?;
    let id = TemplateId::from_uuid(uuid::Uuid::now_v7());
    let head = (planted.name, planted.language);
    let mut template = blank(id, (entry, &account), head, Some(planted.owner), planted.at);
    template.draft = Some(definition.clone());
    let step = |kind, user| Entry::new(kind, user, String::new());
    let imported = step(ChangeKind::Imported, Some(planted.owner));
    let template = store::add(core, entry.workspace, template, imported).await?;
    if planted.state == State::Draft {
        return Ok(template);
    }
    let submit = |template: &mut Template| {
        template.state = State::InReview;
        template.submitted_at = Some(planted.at);
        template.live = template.draft.take();
        Ok(Some(step(ChangeKind::Submitted, Some(planted.owner))))
    };
    let template = store::change(core, entry.workspace, id, None, submit).await?;
    if planted.state == State::InReview {
        return Ok(template);
    }
    let settle = |template: &mut Template| {
        template.state = planted.state;
        template.quality = planted.quality;
        template.reason = planted.reason.map(str::to_owned);
        let note = template.reason.clone().unwrap_or_default();
        Ok(Some(Entry::new(ChangeKind::State, None, note)))
    };
    Ok(store::change(core, entry.workspace, id, None, settle).await?)
}
