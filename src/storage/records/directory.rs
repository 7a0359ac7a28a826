//! Stored forms of channels and contacts.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};

use crate::domain::{
    Channel, ChannelId, Contact, ContactId, ConversationId, Identity, IdentityKind, Timestamp,
};

use super::super::error::StorageError;
use super::{Newest, Stored, impossible};

#[derive(Encode, Decode)]
pub(super) struct ChannelV1 {
    id: [u8; 16],
    provider: u8,
    name: String,
    settings: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    paused: bool,
    blocked: Option<String>,
    created_at: i64,
    version: u64,
}

impl Newest for ChannelV1 {
    fn from_domain(value: &Channel) -> Self {
        let Channel {
            id,
            provider,
            name,
            settings,
            secrets,
            paused,
            blocked,
            created_at,
            version,
        } = value;
        Self {
            id: id.0,
            provider: *provider,
            name: name.clone(),
            settings: settings.clone(),
            secrets: secrets.clone(),
            paused: *paused,
            blocked: blocked.clone(),
            created_at: created_at.0,
            version: *version,
        }
    }
}

impl Stored for ChannelV1 {
    type Domain = Channel;
    fn into_domain(self) -> Result<Channel, StorageError> {
        Ok(Channel {
            id: ChannelId(self.id),
            provider: self.provider,
            name: self.name,
            settings: self.settings,
            secrets: self.secrets,
            paused: self.paused,
            blocked: self.blocked,
            created_at: Timestamp(self.created_at),
            version: self.version,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct ContactV1 {
    id: [u8; 16],
    name: String,
    profile_name: String,
    identities: Vec<IdentityV1>,
    conversations: Vec<[u8; 16]>,
    created_at: i64,
    version: u64,
}

impl Newest for ContactV1 {
    fn from_domain(value: &Contact) -> Self {
        let Contact {
            id,
            name,
            profile_name,
            identities,
            conversations,
            created_at,
            version,
        } = value;
        Self {
            id: id.0,
            name: name.clone(),
            profile_name: profile_name.clone(),
            identities: identities.iter().map(IdentityV1::new).collect(),
            conversations: conversations.iter().map(|id| id.0).collect(),
            created_at: created_at.0,
            version: *version,
        }
    }
}

impl Stored for ContactV1 {
    type Domain = Contact;
    fn into_domain(self) -> Result<Contact, StorageError> {
        let identities = self.identities.into_iter();
        Ok(Contact {
            id: ContactId(self.id),
            name: self.name,
            profile_name: self.profile_name,
            identities: identities
                .map(|identity| identity.into_identity("contact"))
                .collect::<Result<_, _>>()?,
            conversations: self.conversations.into_iter().map(ConversationId).collect(),
            created_at: Timestamp(self.created_at),
            version: self.version,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct IdentityV1 {
    kind: u8,
    value: String,
}

impl IdentityV1 {
    pub(super) fn new(identity: &Identity) -> Self {
        let Identity { kind, value } = identity;
        Self {
            kind: *kind as u8,
            value: value.clone(),
        }
    }

    pub(super) fn into_identity(self, name: &'static str) -> Result<Identity, StorageError> {
        let kind = IdentityKind::from_u8(self.kind);
        Ok(Identity {
            kind: kind.ok_or_else(|| impossible(name, "identity kind", self.kind))?,
            value: self.value,
        })
    }
}
