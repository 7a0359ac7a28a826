//! Stored forms of templates, their history and figures.

use bincode::{Decode, Encode};
use serde_json::Value;

use crate::domain::template::taps::{ButtonFigure, Spot};
use crate::domain::template::{
    Account, Category, CategoryChange, Change, ChangeKind, Definition, ParameterFormat, Performance, Quality,
    Roles, State, Template,
};
use crate::domain::{ChannelId, TemplateId, Timestamp, UserId};

use super::super::error::StorageError;
use super::{Newest, Stored, impossible, words};

const NAME: &str = "template";

#[derive(Encode, Decode)]
struct DefinitionV1 {
    category: u8,
    format: u8,
    ttl_s: Option<i64>,
    components: String,
}

impl DefinitionV1 {
    fn new(value: &Definition) -> Self {
        let Definition {
            category,
            format,
            ttl_s,
            components,
        } = value;
        Self {
            category: *category as u8,
            format: *format as u8,
            ttl_s: *ttl_s,
            components: Value::Array(components.clone()).to_string(),
        }
    }

    fn into_definition(self) -> Result<Definition, StorageError> {
        let format = ParameterFormat::from_u8(self.format);
        let components = match words::json(NAME, "components", &self.components)? {
            Value::Array(components) => components,
            other => vec![other],
        };
        Ok(Definition {
            category: category(self.category)?,
            format: format.ok_or_else(|| impossible(NAME, "format", self.format))?,
            ttl_s: self.ttl_s,
            components,
        })
    }
}

fn category(number: u8) -> Result<Category, StorageError> {
    Category::from_u8(number).ok_or_else(|| impossible(NAME, "category", number))
}

fn state(number: u8) -> Result<State, StorageError> {
    State::from_u8(number).ok_or_else(|| impossible(NAME, "state", number))
}

#[derive(Encode, Decode)]
pub(super) struct TemplateV1 {
    id: [u8; 16],
    account: String,
    channel: [u8; 16],
    name: String,
    language: String,
    live: Option<DefinitionV1>,
    draft: Option<DefinitionV1>,
    state: u8,
    provider_id: Option<String>,
    reason: Option<String>,
    reason_detail: Option<String>,
    quality: u8,
    category_change: Option<(u8, Option<i64>)>,
    roles: u8,
    owner: Option<[u8; 16]>,
    approval_asked_by: Option<[u8; 16]>,
    is_approved_inside: bool,
    edits: Vec<i64>,
    request_hash: [u8; 32],
    created_at: i64,
    updated_at: i64,
    submitted_at: Option<i64>,
    version: u64,
    changes: u32,
}

impl Newest for TemplateV1 {
    fn from_domain(value: &Template) -> Self {
        let change = value.category_change.as_ref();
        Self {
            id: value.id.0,
            account: value.account.clone(),
            channel: value.channel.0,
            name: value.name.clone(),
            language: value.language.clone(),
            live: value.live.as_ref().map(DefinitionV1::new),
            draft: value.draft.as_ref().map(DefinitionV1::new),
            state: value.state as u8,
            provider_id: value.provider_id.clone(),
            reason: value.reason.clone(),
            reason_detail: value.reason_detail.clone(),
            quality: value.quality as u8,
            category_change: change.map(|change| (change.to as u8, change.at.map(|at| at.0))),
            roles: value.roles.0,
            owner: value.owner.map(|user| user.0),
            approval_asked_by: value.approval_asked_by.map(|user| user.0),
            is_approved_inside: value.is_approved_inside,
            edits: value.edits.iter().map(|at| at.0).collect(),
            request_hash: value.request_hash,
            created_at: value.created_at.0,
            updated_at: value.updated_at.0,
            submitted_at: value.submitted_at.map(|at| at.0),
            version: value.version,
            changes: value.changes,
        }
    }
}

impl Stored for TemplateV1 {
    type Domain = Template;
    fn into_domain(self) -> Result<Template, StorageError> {
        let quality = Quality::from_u8(self.quality);
        let change = |(to, at): (u8, Option<i64>)| {
            Ok::<_, StorageError>(CategoryChange {
                to: category(to)?,
                at: at.map(Timestamp),
            })
        };
        Ok(Template {
            id: TemplateId(self.id),
            account: self.account,
            channel: ChannelId(self.channel),
            name: self.name,
            language: self.language,
            live: self.live.map(DefinitionV1::into_definition).transpose()?,
            draft: self.draft.map(DefinitionV1::into_definition).transpose()?,
            state: state(self.state)?,
            provider_id: self.provider_id,
            reason: self.reason,
            reason_detail: self.reason_detail,
            quality: quality.ok_or_else(|| impossible(NAME, "quality", self.quality))?,
            category_change: self.category_change.map(change).transpose()?,
            roles: Roles(self.roles),
            owner: self.owner.map(UserId),
            approval_asked_by: self.approval_asked_by.map(UserId),
            is_approved_inside: self.is_approved_inside,
            edits: self.edits.into_iter().map(Timestamp).collect(),
            request_hash: self.request_hash,
            created_at: Timestamp(self.created_at),
            updated_at: Timestamp(self.updated_at),
            submitted_at: self.submitted_at.map(Timestamp),
            version: self.version,
            changes: self.changes,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct ChangeV1 {
    at: i64,
    user: Option<[u8; 16]>,
    kind: u8,
    state: u8,
    definition: Option<DefinitionV1>,
    note: String,
}

impl Newest for ChangeV1 {
    fn from_domain(value: &Change) -> Self {
        let Change {
            at,
            user,
            kind,
            state,
            definition,
            note,
        } = value;
        Self {
            at: at.0,
            user: user.map(|user| user.0),
            kind: *kind as u8,
            state: *state as u8,
            definition: definition.as_ref().map(DefinitionV1::new),
            note: note.clone(),
        }
    }
}

impl Stored for ChangeV1 {
    type Domain = Change;
    fn into_domain(self) -> Result<Change, StorageError> {
        let kind = ChangeKind::from_u8(self.kind);
        Ok(Change {
            at: Timestamp(self.at),
            user: self.user.map(UserId),
            kind: kind.ok_or_else(|| impossible("template_change", "kind", self.kind))?,
            state: state(self.state)?,
            definition: self.definition.map(DefinitionV1::into_definition).transpose()?,
            note: self.note,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct PerformanceV1 {
    used: u64,
    sent: u64,
    delivered: u64,
    read: u64,
    replied: u64,
    clicked: u64,
    failed: u64,
    last_used_at: Option<i64>,
}

impl Stored for PerformanceV1 {
    type Domain = Performance;
    fn into_domain(self) -> Result<Performance, StorageError> {
        let buttons = Vec::new();
        PerformanceV2 {
            counts: self,
            buttons,
        }
        .into_domain()
    }
}

/// With the use of each button.
#[derive(Encode, Decode)]
pub(super) struct PerformanceV2 {
    counts: PerformanceV1,
    buttons: Vec<ButtonFigureV1>,
}

#[derive(Encode, Decode)]
struct ButtonFigureV1 {
    card: Option<u8>,
    place: u8,
    label: String,
    used: u64,
}

impl Newest for PerformanceV2 {
    fn from_domain(value: &Performance) -> Self {
        let Performance {
            used,
            sent,
            delivered,
            read,
            replied,
            clicked,
            failed,
            last_used_at,
            ref buttons,
        } = *value;
        let counts = PerformanceV1 {
            used,
            sent,
            delivered,
            read,
            replied,
            clicked,
            failed,
            last_used_at: last_used_at.map(|at| at.0),
        };
        let figure = |figure: &ButtonFigure| ButtonFigureV1 {
            card: figure.spot.card,
            place: figure.spot.place,
            label: figure.label.clone(),
            used: figure.used,
        };
        Self {
            counts,
            buttons: buttons.iter().map(figure).collect(),
        }
    }
}

impl Stored for PerformanceV2 {
    type Domain = Performance;
    fn into_domain(self) -> Result<Performance, StorageError> {
        let PerformanceV1 {
            used,
            sent,
            delivered,
            read,
            replied,
            clicked,
            failed,
            last_used_at,
        } = self.counts;
        let figure = |figure: ButtonFigureV1| ButtonFigure {
            spot: Spot {
                card: figure.card,
                place: figure.place,
            },
            label: figure.label,
            used: figure.used,
        };
        Ok(Performance {
            used,
            sent,
            delivered,
            read,
            replied,
            clicked,
            failed,
            last_used_at: last_used_at.map(Timestamp),
            buttons: self.buttons.into_iter().map(figure).collect(),
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct AccountV1 {
    account: String,
    synced_at: Option<i64>,
    tried_at: i64,
    error: Option<String>,
    count: u32,
}

impl Newest for AccountV1 {
    fn from_domain(value: &Account) -> Self {
        let Account {
            account,
            synced_at,
            tried_at,
            error,
            count,
        } = value;
        Self {
            account: account.clone(),
            synced_at: synced_at.map(|at| at.0),
            tried_at: tried_at.0,
            error: error.clone(),
            count: *count,
        }
    }
}

impl Stored for AccountV1 {
    type Domain = Account;
    fn into_domain(self) -> Result<Account, StorageError> {
        Ok(Account {
            account: self.account,
            synced_at: self.synced_at.map(Timestamp),
            tried_at: Timestamp(self.tried_at),
            error: self.error,
            count: self.count,
        })
    }
}
