//! Two contacts turn out to be one person: the provider says that someone is known from now on by what another was found by,
//! or a person of the team says so.
//!
//! Owns who is found by what afterwards, and the note that lets a person undo it. Conversations and messages stay where they
//! are: each remains readable, and whoever writes from now on is found as the contact that took over.

use actix::{ActorFutureExt, AtomicResponse, Handler, Message, WrapFuture};

use super::{Directory, DirectoryError, Draft};
use crate::domain::consent::{Consent, Permission};
use crate::domain::phrases;
use crate::domain::{ContactId, Identity, TraceId, UserId, WorkspaceId};
use crate::storage::keys::{ConsentKey, ContactByIdentityKey, ContactMergeKey, ConversationByContactKey};
use crate::storage::records::Json;
use crate::storage::{Prefix, Seal, StorageError, Store};

/// Merges of one contact that are kept and shown.
pub const MAX_MERGES: usize = 50;

/// What both contacts of a merge keep of it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Merge {
    /// What one took over from the other.
    pub took: Vec<Identity>,
    /// Whether it is this contact that took over.
    pub took_over: bool,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Who of the team said so; nobody where the provider did. (Added later: older notes have no such field.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

fn text(merge: &Merge) -> Result<Json, StorageError> {
    let text = serde_json::to_string(merge).map_err(damaged)?;
    Ok(Json(text))
}

fn damaged(error: serde_json::Error) -> StorageError {
    StorageError::Damaged {
        table: "ContactMerge",
        cause: error.to_string(),
    }
}

/// The merges that a contact took part in, by the other contact.
///
/// # Errors
/// The store cannot be read.
pub fn merges(
    store: &Store,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Vec<(ContactId, Merge)>, StorageError> {
    let prefix = Prefix::<ContactMergeKey>::table().with(workspace).with(contact);
    let rows = store.scan(&prefix, None, MAX_MERGES)?;
    let read = |(key, Json(text)): (ContactMergeKey, Json)| {
        Ok((key.other, serde_json::from_str(&text).map_err(damaged)?))
    };
    rows.into_iter().map(read).collect()
}

/// A person says that two contacts are one: `contact` is found from now on by what `other` was found by.
#[derive(Message)]
#[rtype(result = "Result<Merge, DirectoryError>")]
pub struct MergeContacts {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Who stays.
    pub contact: ContactId,
    /// Who goes on as that one.
    pub other: ContactId,
    /// Only if the one who stays is at this version.
    pub if_version: Option<u64>,
    /// Who says so; nobody for a program.
    pub by: Option<UserId>,
    /// Its trace.
    pub trace: TraceId,
}

impl Handler<MergeContacts> for Directory {
    type Result = AtomicResponse<Self, Result<Merge, DirectoryError>>;

    fn handle(&mut self, request: MergeContacts, _ctx: &mut Self::Context) -> Self::Result {
        let core = self.core.clone();
        let work = async move {
            let mut draft = Draft::new(&core, request.workspace, request.trace);
            draft.by = request.by;
            let merge = draft.merge(&request)?;
            draft.commit().await?;
            Ok(merge)
        };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|result, _, _| result)))
    }
}

/// Takes a merge back: the other contact is found again by what was taken from it.
#[derive(Message)]
#[rtype(result = "Result<(), DirectoryError>")]
pub struct Unmerge {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// One of the two.
    pub contact: ContactId,
    /// The other.
    pub other: ContactId,
    /// Its trace.
    pub trace: TraceId,
}

impl Handler<Unmerge> for Directory {
    type Result = AtomicResponse<Self, Result<(), DirectoryError>>;

    fn handle(&mut self, request: Unmerge, _ctx: &mut Self::Context) -> Self::Result {
        let core = self.core.clone();
        let work = async move {
            let mut draft = Draft::new(&core, request.workspace, request.trace);
            draft.unmerge(request.contact, request.other)?;
            draft.commit().await
        };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|result, _, _| result)))
    }
}

impl Draft<'_> {
    fn merge_key(&self, contact: ContactId, other: ContactId) -> ContactMergeKey {
        ContactMergeKey {
            workspace: self.workspace,
            contact,
            other,
        }
    }

    /// Has `id` found by what others were found by until now. The provider's word holds: who writes with it is `id`.
    pub(super) fn take_over(&mut self, id: ContactId, new: &[Identity]) -> Result<(), DirectoryError> {
        for identity in new.iter().filter(|identity| identity.kind.is_lookup()) {
            let hash = self.hash(identity)?;
            let Some(other) = self.lookup(hash)?.filter(|other| *other != id) else {
                continue;
            };
            self.point(hash, id)?;
            self.note_merge(id, other, identity)?;
            self.inherit_refusals(id, other)?;
        }
        Ok(())
    }

    fn merge(&mut self, request: &MergeContacts) -> Result<Merge, DirectoryError> {
        let (id, other) = (request.contact, request.other);
        let current = self.open(id)?.contact.version;
        if request.if_version.is_some_and(|version| version != current) {
            return Err(DirectoryError::VersionMismatch { current });
        }
        self.may_merge(id, other)?;
        let theirs = self.open(other)?.contact.identities.clone();
        let mut taken = Vec::new();
        for identity in theirs.into_iter().filter(|identity| identity.kind.is_lookup()) {
            if self.lookup(self.hash(&identity)?)? == Some(other) {
                taken.push(identity);
            }
        }
        self.take_over(id, &taken)?;
        // The name that the team gave stays; where there is none, the other's is better than a number.
        let name = self.open(other)?.contact.display_name().to_owned();
        let open = self.open(id)?;
        if open.contact.name.is_empty() && open.contact.profile_name.is_empty() {
            open.contact.profile_name = name;
        }
        open.changed |= open.contact.learn(&taken, None);
        self.merge_with(id, other)?
            .ok_or(DirectoryError::CannotMerge(phrases::MERGE_NOTHING_TO_TAKE))
    }

    /// Two different people, neither of whom goes on as somebody else already, and room for one more.
    fn may_merge(&self, id: ContactId, other: ContactId) -> Result<(), DirectoryError> {
        let no = |phrase| Err(DirectoryError::CannotMerge(phrase));
        if id == other {
            return no(phrases::MERGE_SAME_CONTACT);
        }
        for one in [id, other] {
            let known = merges(&self.core.store, self.workspace, one)?;
            if known
                .iter()
                .any(|(with, merge)| !merge.took_over || [id, other].contains(with))
            {
                return no(phrases::MERGE_GOES_ON_ELSEWHERE);
            }
            if known.len() >= MAX_MERGES {
                return no(phrases::MERGE_TOO_MANY);
            }
        }
        Ok(())
    }

    fn point(&mut self, identity: [u8; 16], contact: ContactId) -> Result<(), DirectoryError> {
        let key = ContactByIdentityKey {
            workspace: self.workspace,
            identity,
        };
        if let Some((_, fingerprint)) = self.core.store.get_for_update(&key)? {
            self.batch.require_unchanged(&key, fingerprint);
        }
        self.batch.put(&key, &contact, &Seal::Open);
        self.identities.insert(identity, contact);
        Ok(())
    }

    fn note_merge(
        &mut self,
        id: ContactId,
        other: ContactId,
        identity: &Identity,
    ) -> Result<(), DirectoryError> {
        let known = self.merge_with(id, other)?;
        let mut took = known.map(|merge| merge.took).unwrap_or_default();
        if !took.contains(identity) {
            took.push(identity.clone());
        }
        for (contact, with, took_over) in [(id, other, true), (other, id, false)] {
            let merge = Merge {
                took: took.clone(),
                took_over,
                at: self.now.0,
                by: self.by.map(|by| by.to_string()),
            };
            let key = self.merge_key(contact, with);
            let open = self.open(contact)?;
            open.changed = true;
            let seal = open.seal.clone();
            self.batch.put(&key, &text(&merge)?, &seal);
            self.merged.insert((contact, with), merge);
        }
        Ok(())
    }

    /// The merge of two contacts, also one of this request.
    fn merge_with(&self, id: ContactId, other: ContactId) -> Result<Option<Merge>, DirectoryError> {
        if let Some(merge) = self.merged.get(&(id, other)) {
            return Ok(Some(merge.clone()));
        }
        let stored = self.core.store.get(&self.merge_key(id, other))?;
        let read = |Json(text): Json| serde_json::from_str(&text).map_err(damaged);
        Ok(stored.map(read).transpose()?)
    }

    /// Whoever said no as one of them said it as the person: a merge must not reach someone who stopped everything.
    fn inherit_refusals(&mut self, id: ContactId, other: ContactId) -> Result<(), DirectoryError> {
        let prefix = Prefix::<ConversationByContactKey>::table()
            .with(self.workspace)
            .with(other);
        for (row, _) in self.core.store.scan(&prefix, None, MAX_MERGES)? {
            let key = |contact| ConsentKey {
                workspace: self.workspace,
                contact,
                channel: row.channel,
            };
            let Some(theirs) = self.core.store.get(&key(other))? else {
                continue;
            };
            let own = self.core.store.get_for_update(&key(id))?;
            let (mut consent, before) = own.map_or((Consent::default(), None), |(own, at)| (own, Some(at)));
            if severity(theirs.permission()) <= severity(consent.permission()) {
                continue;
            }
            consent.changes.extend(theirs.changes.last().cloned());
            consent.marketing_paused_until =
                consent.marketing_paused_until.max(theirs.marketing_paused_until);
            let key = key(id);
            match before {
                Some(fingerprint) => self.batch.require_unchanged(&key, fingerprint),
                None => self.batch.require_absent(&key),
            };
            let seal = self.open(id)?.seal.clone();
            self.batch.put(&key, &consent, &seal);
        }
        Ok(())
    }

    fn unmerge(&mut self, contact: ContactId, other: ContactId) -> Result<(), DirectoryError> {
        let merge = self.merge_with(contact, other)?.ok_or(DirectoryError::NotFound)?;
        let (survivor, taken) = match merge.took_over {
            true => (contact, other),
            false => (other, contact),
        };
        for identity in &merge.took {
            let hash = self.hash(identity)?;
            // Whoever has it by now, if someone else does, keeps it.
            if self.lookup(hash)? == Some(survivor) {
                self.point(hash, taken)?;
            }
        }
        let open = self.open(survivor)?;
        open.contact
            .identities
            .retain(|identity| !merge.took.contains(identity));
        for (one, two) in [(survivor, taken), (taken, survivor)] {
            let key = self.merge_key(one, two);
            self.batch.delete(&key);
            self.open(one)?.changed = true;
        }
        Ok(())
    }
}

const fn severity(permission: Option<Permission>) -> u8 {
    match permission {
        None | Some(Permission::OptedIn) => 0,
        Some(Permission::NoMarketing) => 1,
        Some(Permission::Nothing) => 2,
    }
}
