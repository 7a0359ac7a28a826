//! The directory of identities: who is this, and which conversation do we have with them on this channel? The one writer
//! of contacts. An actor, so that two deliveries of a new customer cannot make two of them.

pub mod merges;
mod moves;
mod rename;

use std::collections::HashMap;
use std::sync::Arc;

use actix::{
    Actor, ActorFutureExt, Addr, ArbiterHandle, AtomicResponse, Context, Handler, Message, WrapFuture,
};

use crate::domain::inbound::Sender;
use crate::domain::phrases::Phrase;
use crate::domain::{
    ChannelId, Contact, ContactId, Conversation, ConversationId, EventKind, Identity, Timestamp, TraceId,
    UserId, WorkspaceId,
};
use crate::storage::keys::{ContactByIdentityKey, ContactKey, ConversationByContactKey, ConversationKey};
use crate::storage::{Batch, CommitError, Fingerprint, Seal, StorageError};

use super::conversation::list_key;
use super::core::Core;

pub use moves::MoveIdentity;
pub use rename::Rename;

/// Senders that one request may ask for.
pub const MAX_SENDERS: usize = 256;

/// Who wrote, and where it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// The customer.
    pub contact: ContactId,
    /// The conversation with them on this channel.
    pub conversation: ConversationId,
}

/// Why a sender could not be resolved.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DirectoryError {
    /// None of the identities can be looked up.
    #[error("the sender has no identity by which a contact can be found")]
    NoIdentity,
    /// The contact does not exist in this workspace.
    #[error("no such contact")]
    NotFound,
    /// The contact was changed since the caller read it.
    #[error("the contact was changed meanwhile (now at version {current})")]
    VersionMismatch {
        /// The version that it is at.
        current: u64,
    },
    /// These two cannot be made one; the phrase says why.
    #[error("{}", .0.text())]
    CannotMerge(Phrase),
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The change was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The directory is restarting.
    #[error("the directory is restarting")]
    Restarting,
}

/// Finds, or makes, the conversation of each sender, in order; one commit for all that is new.
#[derive(Message)]
#[rtype(result = "Result<Vec<Result<Resolved, DirectoryError>>, DirectoryError>")]
pub struct Resolve {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// On which channel.
    pub channel: ChannelId,
    /// Who.
    pub senders: Vec<Sender>,
    /// The trace of the first of them.
    pub trace: TraceId,
}

/// Notes identities that a provider's answer taught us about a contact.
#[derive(Message)]
#[rtype(result = "Result<(), DirectoryError>")]
pub struct Learn {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Whose.
    pub contact: ContactId,
    /// What was learnt.
    pub identities: Vec<Identity>,
    /// Its trace.
    pub trace: TraceId,
}

/// The actor.
pub struct Directory {
    core: Arc<Core>,
}

impl Directory {
    /// Starts it.
    pub fn start_in(core: Arc<Core>, arbiter: &ArbiterHandle) -> Addr<Self> {
        Self::start_in_arbiter(arbiter, move |_| Self { core })
    }
}

/// Reaches the directory; starts a fresh one if it died. Cheap to clone.
#[derive(Clone)]
pub struct DirectoryHandle {
    core: Arc<Core>,
    arbiter: ArbiterHandle,
    address: Arc<parking_lot::Mutex<Addr<Directory>>>,
}

impl DirectoryHandle {
    /// Starts the directory.
    pub fn start(core: Arc<Core>, arbiter: ArbiterHandle) -> Self {
        let address = Arc::new(parking_lot::Mutex::new(Directory::start_in(
            core.clone(),
            &arbiter,
        )));
        Self {
            core,
            arbiter,
            address,
        }
    }

    /// Asks the directory.
    ///
    /// # Errors
    /// The request's own, or `Restarting` if it died twice in a row.
    pub async fn send<M, T>(&self, request: M) -> Result<T, DirectoryError>
    where
        M: Message<Result = Result<T, DirectoryError>> + Send + 'static,
        T: Send + 'static,
        Directory: Handler<M>,
        <Directory as Handler<M>>::Result: actix::dev::MessageResponse<Directory, M>,
    {
        let address = {
            let mut address = self.address.lock();
            if !address.connected() {
                tracing::error!("the directory died; a fresh one starts");
                *address = Directory::start_in(self.core.clone(), &self.arbiter);
            }
            address.clone()
        };
        address
            .send(request)
            .await
            .unwrap_or(Err(DirectoryError::Restarting))
    }
}

impl Actor for Directory {
    type Context = Context<Self>;
}

impl Handler<Resolve> for Directory {
    type Result = AtomicResponse<Self, Result<Vec<Result<Resolved, DirectoryError>>, DirectoryError>>;

    fn handle(&mut self, request: Resolve, _ctx: &mut Self::Context) -> Self::Result {
        let core = self.core.clone();
        let work = async move { resolve(&core, &request).await };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|result, _, _| result)))
    }
}

impl Handler<Learn> for Directory {
    type Result = AtomicResponse<Self, Result<(), DirectoryError>>;

    fn handle(&mut self, request: Learn, _ctx: &mut Self::Context) -> Self::Result {
        let core = self.core.clone();
        let work = async move {
            let Learn {
                workspace,
                contact,
                identities,
                trace,
            } = request;
            let mut draft = Draft::new(&core, workspace, trace);
            draft.learn(contact, &identities, None)?;
            draft.commit().await
        };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|result, _, _| result)))
    }
}

async fn resolve(
    core: &Core,
    request: &Resolve,
) -> Result<Vec<Result<Resolved, DirectoryError>>, DirectoryError> {
    let mut draft = Draft::new(core, request.workspace, request.trace);
    let mut resolved = Vec::with_capacity(request.senders.len());
    for sender in &request.senders {
        resolved.push(match draft.resolve(request.channel, sender) {
            Err(DirectoryError::NoIdentity) => Err(DirectoryError::NoIdentity),
            Err(error) => return Err(error),
            Ok(found) => Ok(found),
        });
    }
    draft.commit().await?;
    Ok(resolved)
}

/// A contact being worked on.
struct Open {
    contact: Contact,
    seal: Seal,
    /// `None` for a new one.
    fingerprint: Option<Fingerprint>,
    changed: bool,
}

/// Changes under way: what is new in this request is found by the rest of it before it is committed.
struct Draft<'a> {
    core: &'a Core,
    workspace: WorkspaceId,
    trace: TraceId,
    now: Timestamp,
    batch: Batch,
    identities: HashMap<[u8; 16], ContactId>,
    contacts: HashMap<ContactId, Open>,
    conversations: HashMap<(ContactId, ChannelId), ConversationId>,
    merged: HashMap<(ContactId, ContactId), merges::Merge>,
    /// Who of the team asked for it.
    by: Option<UserId>,
}

impl<'a> Draft<'a> {
    fn new(core: &'a Core, workspace: WorkspaceId, trace: TraceId) -> Self {
        Self {
            core,
            workspace,
            trace,
            now: core.clock.now(),
            batch: Batch::new(),
            identities: HashMap::new(),
            contacts: HashMap::new(),
            conversations: HashMap::new(),
            merged: HashMap::new(),
            by: None,
        }
    }

    fn resolve(&mut self, channel: ChannelId, sender: &Sender) -> Result<Resolved, DirectoryError> {
        let mut found = None;
        for identity in sender
            .identities
            .iter()
            .filter(|identity| identity.kind.is_lookup())
        {
            let hash = self.hash(identity)?;
            found = self.lookup(hash)?;
            if found.is_some() {
                break;
            }
        }
        let contact = match found {
            Some(contact) => contact,
            None if sender.identities.iter().any(|identity| identity.kind.is_lookup()) => {
                self.create_contact()?
            }
            None => return Err(DirectoryError::NoIdentity),
        };
        self.learn(contact, &sender.identities, sender.profile_name.as_deref())?;
        let open = self.open(contact)?;
        open.changed |= open.contact.wrote_as(&sender.identities);
        let conversation = self.conversation(contact, channel)?;
        Ok(Resolved {
            contact,
            conversation,
        })
    }

    fn hash(&self, identity: &Identity) -> Result<[u8; 16], StorageError> {
        self.core.store.identity_hash(self.workspace, identity)
    }

    fn lookup(&self, identity: [u8; 16]) -> Result<Option<ContactId>, StorageError> {
        if let Some(contact) = self.identities.get(&identity) {
            return Ok(Some(*contact));
        }
        self.core.store.get(&ContactByIdentityKey {
            workspace: self.workspace,
            identity,
        })
    }

    fn create_contact(&mut self) -> Result<ContactId, DirectoryError> {
        let id = ContactId::from_uuid(uuid::Uuid::now_v7());
        let seal = self
            .core
            .store
            .create_contact_key(self.workspace, id, &mut self.batch)?;
        let contact = Contact {
            id,
            name: String::new(),
            profile_name: String::new(),
            identities: Vec::new(),
            conversations: Vec::new(),
            created_at: self.now,
            version: 0,
        };
        self.contacts.insert(
            id,
            Open {
                contact,
                seal,
                fingerprint: None,
                changed: true,
            },
        );
        self.batch.event(
            self.workspace,
            self.now,
            self.trace,
            EventKind::ContactCreated(id),
        );
        Ok(id)
    }

    fn open(&mut self, id: ContactId) -> Result<&mut Open, DirectoryError> {
        if !self.contacts.contains_key(&id) {
            let key = ContactKey {
                workspace: self.workspace,
                contact: id,
            };
            let (contact, fingerprint) = self
                .core
                .store
                .get_for_update(&key)?
                .ok_or(DirectoryError::NotFound)?;
            let seal = self.core.store.contact_seal(self.workspace, id)?;
            self.contacts.insert(
                id,
                Open {
                    contact,
                    seal,
                    fingerprint: Some(fingerprint),
                    changed: false,
                },
            );
        }
        self.contacts.get_mut(&id).ok_or(DirectoryError::NotFound)
    }

    fn learn(
        &mut self,
        id: ContactId,
        identities: &[Identity],
        name: Option<&str>,
    ) -> Result<(), DirectoryError> {
        let open = self.open(id)?;
        open.changed |= open.contact.learn(identities, name);
        for identity in identities.iter().filter(|identity| identity.kind.is_lookup()) {
            let hash = self.hash(identity)?;
            if self.lookup(hash)?.is_none() {
                let key = ContactByIdentityKey {
                    workspace: self.workspace,
                    identity: hash,
                };
                self.batch.require_absent(&key).put(&key, &id, &Seal::Open);
                self.identities.insert(hash, id);
            }
        }
        Ok(())
    }

    fn conversation(
        &mut self,
        contact: ContactId,
        channel: ChannelId,
    ) -> Result<ConversationId, DirectoryError> {
        if let Some(id) = self.conversations.get(&(contact, channel)) {
            return Ok(*id);
        }
        let key = ConversationByContactKey {
            workspace: self.workspace,
            contact,
            channel,
        };
        let id = match self.core.store.get(&key)? {
            Some(id) => id,
            None => self.create_conversation(key)?,
        };
        self.conversations.insert((contact, channel), id);
        Ok(id)
    }

    fn create_conversation(
        &mut self,
        by_contact: ConversationByContactKey,
    ) -> Result<ConversationId, DirectoryError> {
        let id = ConversationId::from_uuid(uuid::Uuid::now_v7());
        let conversation = Conversation::begin(id, by_contact.channel, by_contact.contact, self.now);
        let open = self.open(by_contact.contact)?;
        open.contact.conversations.push(id);
        open.changed = true;
        let seal = open.seal.clone();
        let workspace = self.workspace;
        self.batch
            .require_absent(&by_contact)
            .put(&by_contact, &id, &Seal::Open)
            .put(
                &ConversationKey {
                    workspace,
                    conversation: id,
                },
                &conversation,
                &seal,
            )
            .put(&list_key(workspace, &conversation), &(), &Seal::Open)
            .event(
                workspace,
                self.now,
                self.trace,
                EventKind::ConversationCreated(id),
            );
        Ok(id)
    }

    async fn commit(mut self) -> Result<(), DirectoryError> {
        let workspace = self.workspace;
        for (id, mut open) in std::mem::take(&mut self.contacts) {
            if !open.changed {
                continue;
            }
            let key = ContactKey {
                workspace,
                contact: id,
            };
            open.contact.version += 1;
            match open.fingerprint {
                Some(fingerprint) => {
                    self.batch.require_unchanged(&key, fingerprint);
                    self.batch
                        .event(workspace, self.now, self.trace, EventKind::ContactUpdated(id));
                }
                None => {
                    self.batch.require_absent(&key);
                }
            }
            self.batch.put(&key, &open.contact, &open.seal);
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        self.core.store.commit(self.batch).await?;
        Ok(())
    }
}
