//! What a message's template is, for policy and for the thread: looked up by the channel's account, name and language.
//!
//! Reads what the templates feature keeps; writes nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::core::Core;
use super::registry::ChannelEntry;
use crate::domain::account::Role;
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};
use crate::domain::phrases;
use crate::domain::template::render::{as_text, given, missing, preview};
use crate::domain::template::samples;
use crate::domain::template::standing::TemplateStanding;
use crate::domain::template::tracked;
use crate::domain::template::{State, Template, normal_language, word};
use crate::domain::{Author, Content, MediaId, WorkspaceId};
use crate::storage::keys::{TemplateAccountKey, TemplateByNameKey, TemplateKey, UserKey};
use crate::storage::{Prefix, StorageError};

/// Templates looked at for other languages of a name.
const MAX_LOOK: usize = 6_000;

/// The template of a message, if its channel's account has it.
///
/// # Errors
/// The store cannot be read.
pub fn find(core: &Core, entry: &ChannelEntry, content: &Content) -> Result<Option<Template>, StorageError> {
    let Some(account) = account_of(core, entry) else {
        return Ok(None);
    };
    let (name, language) = named(content);
    by_name(core, entry.workspace, &account, &name, &language)
}

/// The template of an account by name and language.
///
/// # Errors
/// The store cannot be read.
pub fn by_name(
    core: &Core,
    workspace: WorkspaceId,
    account: &str,
    name: &str,
    language: &str,
) -> Result<Option<Template>, StorageError> {
    let name = core.store.template_hash(workspace, account, name, language)?;
    match core.store.get(&TemplateByNameKey { workspace, name })? {
        Some(template) => core.store.get(&TemplateKey { workspace, template }),
        None => Ok(None),
    }
}

/// The account that holds a channel's templates.
pub fn account_of(core: &Core, entry: &ChannelEntry) -> Option<String> {
    core.provider(entry.kind)?
        .templates()?
        .account(&entry.channel.settings)
}

/// The files that stand as samples in a workspace's templates; they are kept as long as the templates are.
///
/// # Errors
/// The store cannot be read.
pub fn samples(core: &Core, workspace: WorkspaceId) -> Result<BTreeSet<MediaId>, StorageError> {
    let prefix = Prefix::<TemplateKey>::table().with(workspace);
    let rows = core.store.scan(&prefix, None, MAX_LOOK)?;
    let of = |template: Template| {
        let definitions = [template.live, template.draft];
        definitions
            .into_iter()
            .flatten()
            .flat_map(|it| samples::samples(&it))
    };
    let all = rows.into_iter().flat_map(|(_, template)| of(template));
    Ok(all.map(|sample| sample.media).collect())
}

/// Name and language code of a template message.
pub fn named(content: &Content) -> (String, String) {
    let language = match content.body.get("language") {
        Some(Value::Object(language)) => language.get("code").and_then(Value::as_str),
        Some(language) => language.as_str(),
        None => None,
    };
    (
        word(&content.body, "name").to_owned(),
        normal_language(language.unwrap_or_default()),
    )
}

/// How a message's template stands for policy, and its text as the customer will see it.
///
/// # Errors
/// The store cannot be read.
pub fn standing(
    core: &Core,
    entry: &ChannelEntry,
    content: &Content,
    author: &Author,
) -> Result<(TemplateStanding, Option<String>), StorageError> {
    let account = account_of(core, entry).filter(|_| content.kind == "template");
    let Some(account) = account else {
        return Ok((TemplateStanding::NotAsked, None));
    };
    let (name, language) = named(content);
    let Some(template) = by_name(core, entry.workspace, &account, &name, &language)? else {
        let standing = match is_listed(core, entry.workspace, &account)? {
            true => TemplateStanding::Unknown {
                languages: languages(core, entry.workspace, &account, &name)?,
            },
            false => TemplateStanding::NeverListed,
        };
        return Ok((standing, None));
    };
    let values = given(&content.body);
    let languages = match template.state.is_sendable() {
        true => Vec::new(),
        false => languages(core, entry.workspace, &account, &name)?,
    };
    let live = template.live.as_ref();
    let standing = TemplateStanding::Known {
        state: effective(&template),
        reason: template.reason.clone(),
        may_use: may_use(core, entry.workspace, &template, author)?,
        missing: live
            .map(|definition| missing(definition, &values))
            .unwrap_or_default(),
        languages,
    };
    let text = live.map(|definition| as_text(&preview(definition, &values, false)));
    Ok((standing, text.filter(|text| !text.is_empty())))
}

/// What the provider calls a message's template, where messages name it so.
///
/// # Errors
/// The store cannot be read.
pub fn reference(
    core: &Core,
    entry: &ChannelEntry,
    content: &Content,
) -> Result<Option<String>, StorageError> {
    let provider = core
        .provider(entry.kind)
        .and_then(|provider| provider.templates());
    match content.kind == "template" && provider.is_some_and(|templates| templates.sends_by_id()) {
        true => Ok(find(core, entry, content)?.and_then(|template| template.provider_id)),
        false => Ok(None),
    }
}

/// Puts the values of a message that is about to be sent as its provider numbers them, where it does and the template is
/// known. What is kept of the message stays as it was written.
///
/// # Errors
/// What came of the attempt instead.
pub fn number(core: &Core, entry: &ChannelEntry, request: &mut SendRequest) -> Result<(), SendOutcome> {
    let provider = core
        .provider(entry.kind)
        .and_then(|provider| provider.templates())
        .filter(|templates| templates.sends_by_id());
    let Some(provider) = provider.filter(|_| request.content.kind == "template") else {
        return Ok(());
    };
    let unsent = |error: StorageError| SendOutcome::NotSent(error.to_string());
    let Some(template) = find(core, entry, &request.content).map_err(unsent)? else {
        return Ok(());
    };
    let named = word(&request.content.body, "content_sid");
    let (Some(live), Some(id)) = (&template.live, &template.provider_id) else {
        return Ok(());
    };
    // Another one than the house knows by this name: the caller knows its numbers.
    if !named.is_empty() && named != id {
        return Ok(());
    }
    match provider.numbered(&entry.access, &tracked::wire(live), &request.content.body) {
        Ok(None) => Ok(()),
        Ok(Some(values)) => {
            let body = json!({"name": template.name, "language": template.language, "content_sid": id,
                "variables": values});
            request.content.body = body;
            Ok(())
        }
        Err(detail) => Err(SendOutcome::Refused(ProviderError {
            class: ErrorClass::Template,
            code: "template_values".into(),
            title: phrases::TEMPLATE_VALUES_NOT_GIVEN.text().into(),
            detail,
            retry_after: None,
        })),
    }
}

/// What a template message is for, where the template is known: `marketing`, `utility` …
///
/// # Errors
/// The store cannot be read.
pub fn category(
    core: &Core,
    entry: &ChannelEntry,
    content: &Content,
) -> Result<Option<&'static str>, StorageError> {
    let Some(account) = account_of(core, entry).filter(|_| content.kind == "template") else {
        return Ok(None);
    };
    let (name, language) = named(content);
    let found = by_name(core, entry.workspace, &account, &name, &language)?;
    let live = found.and_then(|template| template.live);
    Ok(live.map(|definition| definition.category.as_str()))
}

/// A template that the provider does not have cannot be sent, whatever else it says.
const fn effective(template: &Template) -> State {
    match (template.state, &template.live) {
        (state, Some(_)) => state,
        (state, None) if state.is_sendable() => State::InReview,
        (state, None) => state,
    }
}

fn may_use(
    core: &Core,
    workspace: WorkspaceId,
    template: &Template,
    author: &Author,
) -> Result<bool, StorageError> {
    let Author::User(user) = author else {
        return Ok(true);
    };
    let found = core.store.get(&UserKey {
        workspace,
        user: *user,
    })?;
    Ok(template.roles.allow(found.map_or(Role::Agent, |user| user.role)))
}

fn is_listed(core: &Core, workspace: WorkspaceId, account: &str) -> Result<bool, StorageError> {
    let account = core.store.template_account_hash(workspace, account)?;
    let known = core.store.get(&TemplateAccountKey { workspace, account })?;
    Ok(known.is_some_and(|known| known.synced_at.is_some()))
}

/// Languages in which there is one of this name that can be sent. Asked only for a refusal.
fn languages(
    core: &Core,
    workspace: WorkspaceId,
    account: &str,
    name: &str,
) -> Result<Vec<String>, StorageError> {
    let prefix = Prefix::<TemplateKey>::table().with(workspace);
    let rows = core.store.scan(&prefix, None, MAX_LOOK)?;
    let mut languages: Vec<String> = rows
        .into_iter()
        .map(|(_, template)| template)
        .filter(|template| {
            template.account == account && template.name == name && template.sendable().is_some()
        })
        .map(|template| template.language)
        .collect();
    languages.sort();
    Ok(languages)
}
