//! Contacts.

use crate::actors::media::portrait_url;
use crate::domain::{Contact, ContactId, Identity, Timestamp, WorkspaceId};
use crate::storage::Store;

/// One thing that a contact is known by.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct IdentityView {
    /// `phone`, `whatsapp_id`, `whatsapp_user_id`, `instagram_id`, `email` or `username`.
    #[schema(schema_with = crate::http::words::identity)]
    pub kind: crate::domain::IdentityKind,
    /// Its value.
    pub value: String,
}

impl From<&Identity> for IdentityView {
    fn from(identity: &Identity) -> Self {
        Self {
            kind: identity.kind,
            value: identity.value.clone(),
        }
    }
}

/// A contact beside a conversation or a hit.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ContactBrief {
    /// Their id.
    pub id: String,
    /// The name to show; empty once they were erased.
    pub name: String,
    /// What they are known by.
    pub identities: Vec<IdentityView>,
    /// Where their picture can be read without logging in, for some hours.
    #[schema(required)]
    pub picture_url: Option<String>,
}

/// Where a contact's picture lies. It is an ornament: what cannot be read is left out, and told in the log.
fn picture(store: &Store, workspace: WorkspaceId, contact: &Contact, now: Timestamp) -> Option<String> {
    portrait_url(store, workspace, contact, now).unwrap_or_else(|error| {
        tracing::warn!(contact = %contact.id, %error, "a contact's picture cannot be read");
        None
    })
}

impl ContactBrief {
    pub(super) fn new(
        (store, workspace, now): (&Store, WorkspaceId, Timestamp),
        id: ContactId,
        contact: Option<&Contact>,
    ) -> Self {
        Self {
            id: id.to_string(),
            name: contact
                .map(|contact| contact.display_name().to_owned())
                .unwrap_or_default(),
            identities: contact
                .map(|c| c.identities.iter().map(IdentityView::from).collect())
                .unwrap_or_default(),
            picture_url: contact.and_then(|contact| picture(store, workspace, contact, now)),
        }
    }
}

/// A contact.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ContactView {
    /// Their id.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// The name that they gave themselves at the provider.
    pub profile_name: String,
    /// What they are known by.
    pub identities: Vec<IdentityView>,
    /// Their conversations, one a channel.
    pub conversations: Vec<String>,
    /// Where their picture can be read without logging in, for some hours.
    #[schema(required)]
    pub picture_url: Option<String>,
    /// When they were first seen.
    pub created_at: String,
    /// Counts changes; the `ETag`.
    pub version: u64,
}

/// A contact as the API shows it at `now`.
pub fn contact_view(store: &Store, workspace: WorkspaceId, contact: &Contact, now: Timestamp) -> ContactView {
    ContactView {
        id: contact.id.to_string(),
        name: contact.display_name().to_owned(),
        profile_name: contact.profile_name.clone(),
        identities: contact.identities.iter().map(IdentityView::from).collect(),
        conversations: contact.conversations.iter().map(ToString::to_string).collect(),
        picture_url: picture(store, workspace, contact, now),
        created_at: contact.created_at.to_string(),
        version: contact.version,
    }
}
