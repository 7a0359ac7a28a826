//! Files of a message that someone wants to send: found, judged by policy, and bound to it in its frame.

use std::collections::BTreeSet;

use crate::actors::core::Core;
use crate::actors::templates::samples;
use crate::domain::decide::Rejection;
use crate::domain::media::{self, Attachment, Media, NewName};
use crate::domain::{Content, Conversation, MediaId, MessageId, WorkspaceId};
use crate::storage::keys::MediaKey;
use crate::storage::{Batch, Fingerprint, StorageError};

use super::inbound::resolve;

/// The files of a message to be.
#[derive(Default)]
pub struct Attached {
    /// What policy judges by.
    pub facts: Vec<Attachment>,
    records: Vec<(Media, Fingerprint)>,
    of_template: bool,
}

/// Why they cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The message names a file that is none of this workspace.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The store cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Attached {
    /// Finds the files that a content names. An id of ours must exist; a provider's own id that we know becomes ours; any
    /// other is the provider's business.
    ///
    /// # Errors
    /// See [`AttachError`].
    pub fn find(core: &Core, workspace: WorkspaceId, content: &mut Content) -> Result<Self, AttachError> {
        let mut found = Self {
            of_template: content.kind == "template",
            ..Self::default()
        };
        let mut ours: Vec<(String, MediaId)> = Vec::new();
        for reference in media::references(content, false) {
            let is_ours = reference.ours().is_some();
            let id = resolve(&core.store, workspace, &reference.text)?;
            let read = match id {
                Some(media) => core.store.get_for_update(&MediaKey { workspace, media }),
                None => Ok(None),
            };
            let read = match read {
                Err(StorageError::Erased) => None,
                read => read?,
            };
            let Some((media, fingerprint)) = read else {
                if is_ours {
                    return Err(Rejection::Invalid {
                        field: "media_id",
                        detail: "There is no such file in this workspace. Upload it first.".into(),
                    }
                    .into());
                }
                continue;
            };
            // Not fetched: the provider that gave the name may still know it.
            if !is_ours && media.file.is_none() {
                continue;
            }
            found.facts.push(Attachment {
                kind: reference.kind,
                mime: media.mime.clone(),
                size: media.size,
                state: media.state,
            });
            ours.push((reference.text, media.id));
            if !found.records.iter().any(|(known, _)| known.id == media.id) {
                found.records.push((media, fingerprint));
            }
        }
        media::rename(content, &|text| {
            let (_, id) = ours.iter().find(|(named, _)| named == text)?;
            Some(NewName {
                field: "media_id",
                text: id.to_string(),
                filename: None,
            })
        });
        Ok(found)
    }

    /// Binds the files to their message. A file of one person is sealed with that person's key; one that is sent to
    /// several belongs to the workspace.
    ///
    /// # Errors
    /// A key cannot be read.
    pub fn bind(
        self,
        core: &Core,
        batch: &mut Batch,
        (workspace, conversation): (WorkspaceId, &Conversation),
        message: MessageId,
    ) -> Result<(), StorageError> {
        // A template's own sample stays the workspace's, whoever it is sent to.
        let samples = match self.of_template && self.records.iter().any(|(media, _)| media.message.is_none())
        {
            true => samples(core, workspace)?,
            false => BTreeSet::new(),
        };
        for (mut media, fingerprint) in self.records {
            let key = MediaKey {
                workspace,
                media: media.id,
            };
            let is_new = media.message.is_none();
            let shared = media
                .contact
                .is_some_and(|contact| contact != conversation.contact);
            batch.require_unchanged(&key, fingerprint);
            if is_new {
                media.message = Some(message);
                let is_sample = samples.contains(&media.id);
                media.contact = (!is_sample).then_some(conversation.contact);
            } else if shared {
                media.contact = None;
            } else {
                continue;
            }
            media.version += 1;
            let seal = match media.contact {
                Some(contact) => core.store.contact_seal(workspace, contact)?,
                None => core.store.workspace_seal(workspace)?,
            };
            batch.put(&key, &media, &seal);
        }
        Ok(())
    }
}
