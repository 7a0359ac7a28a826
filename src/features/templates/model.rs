//! Bodies that this feature takes. What the provider's side decides (status, ids, times, owner) is no field of any.

use serde::Deserialize;
use serde_json::Value;

use crate::channels::FieldError;
use crate::domain::ChannelId;
use crate::domain::account::Role;
use crate::domain::template::{Category, Definition, ParameterFormat, Roles, normal_language};
use crate::http::{ApiBody, check};

/// Most components of one template.
const MAX_COMPONENTS: usize = 10;
/// Longest of all components together, in bytes of JSON.
const MAX_BYTES: usize = 48 * 1024;
/// Longest name; the rules ask for less than this and say so.
const MAX_NAME: usize = 512;
const MAX_LANGUAGE: usize = 16;
/// Most templates of one import.
pub(super) const MAX_IMPORT: usize = 200;
/// Most templates of one bulk operation.
pub(super) const MAX_BULK: usize = 100;
/// Longest text to convert.
const MAX_TEXT: usize = crate::domain::template::convert::MAX_TEXT;

/// What a template says.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DefinitionBody {
    /// `marketing`, `utility`, `authentication` or `service`.
    #[schema(schema_with = crate::http::words::template_category)]
    pub category: Category,
    /// `positional` (`{{1}}`) unless given, or `named` (`{{first_name}}`).
    #[schema(schema_with = crate::http::words::parameter_format)]
    pub parameter_format: Option<ParameterFormat>,
    /// How long the provider tries to deliver.
    pub message_send_ttl_seconds: Option<i64>,
    /// Header, body, footer, buttons … as WhatsApp Cloud API takes them.
    #[schema(value_type = Vec<Object>)]
    pub components: Vec<Value>,
}

impl DefinitionBody {
    fn check(&self) -> Result<(), FieldError> {
        check_components(&self.components)
    }

    pub(super) fn into_definition(self) -> Definition {
        Definition {
            category: self.category,
            format: self.parameter_format.unwrap_or(ParameterFormat::Positional),
            ttl_s: self.message_send_ttl_seconds,
            components: self.components,
        }
    }
}

fn check_components(components: &[Value]) -> Result<(), FieldError> {
    if components.len() > MAX_COMPONENTS || !components.iter().all(Value::is_object) {
        let detail = format!("must be a list of at most {MAX_COMPONENTS} objects.");
        return Err(FieldError::new("components", detail));
    }
    let bytes: usize = components
        .iter()
        .map(|component| component.to_string().len())
        .sum();
    match bytes > MAX_BYTES {
        true => Err(FieldError::new(
            "components",
            format!("are larger than {MAX_BYTES} bytes."),
        )),
        false => Ok(()),
    }
}

fn check_head(name: &str, language: &str) -> Result<(), FieldError> {
    if name.is_empty() {
        return Err(FieldError::new("name", "Give a name such as order_ready."));
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if name.len() > MAX_NAME || !name.bytes().all(plain) {
        return Err(FieldError::new(
            "name",
            "Use at most 512 small letters a–z, digits and underscores.",
        ));
    }
    let plain = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b'-';
    match (2..=MAX_LANGUAGE).contains(&language.len()) && language.bytes().all(plain) {
        true => Ok(()),
        false => Err(FieldError::new(
            "language",
            "must be a language code such as en or en_US.",
        )),
    }
}

/// A new template: a draft.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTemplate {
    /// The channel on whose account it is to be.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
    /// Small letters, digits and underscores; the same in every language.
    pub name: String,
    /// A language code: `en`, `pt_BR`.
    pub language: String,
    /// `marketing`, `utility`, `authentication` or `service`.
    #[schema(schema_with = crate::http::words::template_category)]
    pub category: Category,
    /// `positional` unless given, or `named`.
    #[schema(schema_with = crate::http::words::parameter_format)]
    pub parameter_format: Option<ParameterFormat>,
    /// How long the provider tries to deliver.
    pub message_send_ttl_seconds: Option<i64>,
    /// Header, body, footer, buttons … as WhatsApp Cloud API takes them.
    #[schema(value_type = Vec<Object>)]
    pub components: Vec<Value>,
    /// Who may use it; everybody unless given. Owners always may.
    #[schema(value_type = Option<Vec<String>>)]
    pub roles: Option<Vec<Role>>,
}

impl ApiBody for NewTemplate {
    fn check(&self) -> Result<(), FieldError> {
        check_head(&self.name, &self.language)?;
        check_components(&self.components)
    }
}

impl NewTemplate {
    pub(super) fn definition(&self) -> Definition {
        Definition {
            category: self.category,
            format: self.parameter_format.unwrap_or(ParameterFormat::Positional),
            ttl_s: self.message_send_ttl_seconds,
            components: self.components.clone(),
        }
    }

    pub(super) fn roles(&self) -> Roles {
        self.roles.as_deref().map_or(Roles::ALL, Roles::of)
    }
}

/// A change of a template; what is left out stays as it is.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplatePatch {
    /// What it says, whole: it becomes the draft.
    pub definition: Option<DefinitionBody>,
    /// Who may use it. For owners.
    #[schema(value_type = Option<Vec<String>>)]
    pub roles: Option<Vec<Role>>,
    /// `true` throws away changes that were not submitted.
    #[serde(default)]
    pub discard_draft: bool,
}

impl ApiBody for TemplatePatch {
    fn check(&self) -> Result<(), FieldError> {
        if self.definition.is_none() && self.roles.is_none() && !self.discard_draft {
            return Err(FieldError::new(
                "definition",
                "Give a definition, roles or discard_draft.",
            ));
        }
        if self.definition.is_some() && self.discard_draft {
            return Err(FieldError::new(
                "discard_draft",
                "cannot stand beside a definition.",
            ));
        }
        let Some(definition) = &self.definition else {
            return Ok(());
        };
        let within = |error: FieldError| FieldError::new(format!("definition.{}", error.field), error.detail);
        definition.check().map_err(within)
    }
}

/// A template to check and to look at, stored or not.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckBody {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its language code.
    #[serde(default)]
    pub language: String,
    /// What it says.
    pub definition: DefinitionBody,
    /// Values for the preview, as in a message: `variables`, `header`, `buttons` or `components`.
    #[schema(value_type = Option<Object>)]
    pub values: Option<Value>,
    /// The channel that it is for: what its provider cannot have is told as well. One that is not there is passed over.
    #[schema(value_type = Option<String>)]
    pub channel_id: Option<ChannelId>,
}

impl ApiBody for CheckBody {
    const LIMIT: usize = 128 * 1024;

    fn check(&self) -> Result<(), FieldError> {
        check::line("name", &self.name, MAX_NAME)?;
        check::line("language", &self.language, 64)?;
        self.definition.check()
    }
}

/// A text to convert.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConvertBody {
    /// A plain text or call script, at most 8,000 characters.
    pub text: String,
}

impl ApiBody for ConvertBody {
    fn check(&self) -> Result<(), FieldError> {
        if self.text.trim().is_empty() {
            return Err(FieldError::new("text", "Give a text."));
        }
        check::text("text", &self.text, MAX_TEXT)
    }
}

/// A decision about a template that waits for approval within the house.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionBody {
    /// `true` submits it to the provider, `false` sends it back.
    pub approve: bool,
    /// For whoever wrote it, at most 500 characters.
    #[serde(default)]
    pub note: String,
}

impl ApiBody for DecisionBody {
    fn check(&self) -> Result<(), FieldError> {
        check::text("note", &self.note, 500)
    }
}

/// How templates are dealt with in this workspace.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateSettings {
    /// What agents submit waits for an owner's approval first.
    pub approval_required: bool,
}

impl ApiBody for TemplateSettings {}

/// Which account to read.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SyncBody {
    /// A channel of the account.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
}

impl ApiBody for SyncBody {}

/// What to do with several templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BulkAction {
    Submit,
    Approve,
    Delete,
    Roles,
}

/// One operation on several templates.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkBody {
    /// `submit`, `approve`, `delete` or `roles`.
    #[schema(schema_with = crate::http::words::template_bulk)]
    pub action: BulkAction,
    /// Which; at most 100.
    #[schema(value_type = Vec<String>)]
    pub ids: Vec<crate::domain::TemplateId>,
    /// For `roles`: who may use them.
    #[schema(value_type = Option<Vec<String>>)]
    pub roles: Option<Vec<Role>>,
}

impl ApiBody for BulkBody {
    fn check(&self) -> Result<(), FieldError> {
        if self.ids.is_empty() || self.ids.len() > MAX_BULK {
            return Err(FieldError::new("ids", format!("Give 1 to {MAX_BULK} ids.")));
        }
        match (self.action == BulkAction::Roles, self.roles.is_some()) {
            (true, false) => Err(FieldError::new("roles", "is missing: who may use them?")),
            (false, true) => Err(FieldError::new("roles", "belongs to the action roles only.")),
            _ => Ok(()),
        }
    }
}

/// A template in a file.
#[derive(Debug, Clone, Deserialize, serde::Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileTemplate {
    /// Its name.
    pub name: String,
    /// Its language code.
    pub language: String,
    /// `marketing`, `utility`, `authentication` or `service`.
    #[schema(schema_with = crate::http::words::template_category)]
    pub category: Category,
    /// `positional` unless given, or `named`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = crate::http::words::parameter_format)]
    pub parameter_format: Option<ParameterFormat>,
    /// How long the provider tries to deliver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_send_ttl_seconds: Option<i64>,
    /// Header, body, footer, buttons …
    #[schema(value_type = Vec<Object>)]
    pub components: Vec<Value>,
}

impl FileTemplate {
    pub(super) fn definition(&self) -> Definition {
        Definition {
            category: self.category,
            format: self.parameter_format.unwrap_or(ParameterFormat::Positional),
            ttl_s: self.message_send_ttl_seconds,
            components: self.components.clone(),
        }
    }
}

/// Templates from a file or the library; they become drafts.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportBody {
    /// The channel on whose account they are to be.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
    /// At most 200.
    pub templates: Vec<FileTemplate>,
}

impl ApiBody for ImportBody {
    const LIMIT: usize = 2 << 20;

    fn check(&self) -> Result<(), FieldError> {
        if self.templates.is_empty() || self.templates.len() > MAX_IMPORT {
            return Err(FieldError::new(
                "templates",
                format!("Give 1 to {MAX_IMPORT} templates."),
            ));
        }
        for (place, template) in self.templates.iter().enumerate() {
            let within = |error: FieldError| {
                FieldError::new(format!("templates.{place}.{}", error.field), error.detail)
            };
            check_head(&template.name, &normal_language(&template.language)).map_err(within)?;
            check_components(&template.components).map_err(within)?;
        }
        Ok(())
    }
}
