//! Customers' pictures of themselves: one file a contact, fetched like any other, let go like any other, and fetched anew.
//!
//! Owns which file it is and when it is due. The provider's address of a picture ends after some days, so that the picture
//! itself is kept.

use sha2::{Digest, Sha256};

use super::change::{ChangeError, seal_of};
use crate::actors::core::Core;
use crate::domain::media::{Media, MediaKind, MediaState};
use crate::domain::time::HOUR;
use crate::domain::{ChannelId, Contact, ContactId, IdentityKind, MediaId, Timestamp, WorkspaceId};
use crate::storage::keys::{MediaJobKey, MediaKey};
use crate::storage::media::Part;
use crate::storage::{Batch, Seal, StorageError, Store};

const DAY: i64 = 24 * HOUR;
/// A picture that is so old is asked for again: people change theirs.
const STALE: i64 = 7 * DAY;
/// How soon one that could not be had is asked for again.
const AGAIN: i64 = DAY;

/// The file that is a contact's picture: always the same.
fn portrait_id(workspace: WorkspaceId, contact: ContactId) -> MediaId {
    let mut hash = Sha256::new();
    hash.update(b"portrait");
    hash.update(workspace.0);
    hash.update(contact.0);
    let digest: [u8; 32] = hash.finalize().into();
    MediaId(std::array::from_fn(|at| digest[at]))
}

/// Where a contact's picture can be read, if there is one. Only contacts of a provider that shows pictures are looked up.
///
/// # Errors
/// The store cannot be read.
pub fn portrait_url(
    store: &Store,
    workspace: WorkspaceId,
    contact: &Contact,
    now: Timestamp,
) -> Result<Option<String>, StorageError> {
    let shows = contact
        .identities
        .iter()
        .any(|identity| identity.kind == IdentityKind::InstagramId);
    if !shows {
        return Ok(None);
    }
    let id = portrait_id(workspace, contact.id);
    let media = store.get(&MediaKey { workspace, media: id })?;
    let media = media.filter(|media| media.state == MediaState::Stored && media.thumbnail.is_some());
    Ok(media.map(|_| super::link(store, workspace, id, Part::Thumbnail, now)))
}

fn is_due(media: Option<&Media>, now: Timestamp) -> bool {
    let Some(media) = media else { return true };
    match media.state {
        // Its own job sees to it.
        MediaState::Pending => false,
        MediaState::Stored => now.since(media.stored_at.unwrap_or(media.created_at)) >= STALE,
        MediaState::Expired | MediaState::Missing | MediaState::Refused => {
            now.since(media.created_at) >= AGAIN
        }
    }
}

/// Whether a contact's picture is to be asked for.
///
/// # Errors
/// The store cannot be read.
pub(in crate::actors) fn portrait_due(
    store: &Store,
    workspace: WorkspaceId,
    contact: ContactId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let id = portrait_id(workspace, contact);
    let media = store.get(&MediaKey { workspace, media: id })?;
    Ok(is_due(media.as_ref(), now))
}

/// Has a contact's picture fetched from this address, in place of an earlier one.
///
/// # Errors
/// It was not committed.
pub(in crate::actors) async fn note_portrait(
    core: &Core,
    (workspace, channel, contact): (WorkspaceId, ChannelId, ContactId),
    address: String,
) -> Result<(), ChangeError> {
    let now = core.clock.now();
    let id = portrait_id(workspace, contact);
    let key = MediaKey { workspace, media: id };
    let before = core.store.get_for_update(&key)?;
    let mut media = Media {
        contact: Some(contact),
        channel: Some(channel),
        reference: Some(address),
        ..Media::pending(id, MediaKind::Image, now)
    };
    let mut batch = Batch::new();
    let mut gone = Vec::new();
    match before {
        None => {
            batch.require_absent(&key);
        }
        Some((earlier, _)) if earlier.state == MediaState::Pending => return Ok(()),
        Some((mut earlier, fingerprint)) => {
            batch.require_unchanged(&key, fingerprint);
            media.version = earlier.version + 1;
            gone = earlier.let_go(MediaState::Expired, "");
        }
    }
    let seal = seal_of(core, workspace, &media)?;
    let job = MediaJobKey {
        at: now,
        workspace,
        media: id,
    };
    batch.put(&key, &media, &seal).put(&job, &(), &Seal::Open);
    core.store.commit(batch).await?;
    for name in gone {
        core.store.media().remove(workspace, &name);
    }
    core.media.wake();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_asked_for_when_there_is_none_or_it_is_old() {
        let at = |state, age: i64| {
            let now = Timestamp(100 * DAY);
            let mut media = Media::pending(MediaId([1; 16]), MediaKind::Image, now.plus(-age));
            media.state = state;
            media.stored_at = (state == MediaState::Stored).then(|| now.plus(-age));
            is_due(Some(&media), now)
        };
        assert!(is_due(None, Timestamp(0)));
        let table = [
            (MediaState::Pending, 30 * DAY, false),
            (MediaState::Stored, 6 * DAY, false),
            (MediaState::Stored, 7 * DAY, true),
            (MediaState::Expired, HOUR, false),
            (MediaState::Expired, DAY, true),
            (MediaState::Missing, DAY, true),
            (MediaState::Refused, HOUR, false),
        ];
        for (state, age, due) in table {
            assert_eq!(at(state, age), due, "{state:?} {age}");
        }
    }

    #[test]
    fn each_contact_has_a_picture_of_its_own() {
        let one = portrait_id(WorkspaceId([1; 16]), ContactId([1; 16]));
        assert_eq!(one, portrait_id(WorkspaceId([1; 16]), ContactId([1; 16])));
        assert_ne!(one, portrait_id(WorkspaceId([2; 16]), ContactId([1; 16])));
        assert_ne!(one, portrait_id(WorkspaceId([1; 16]), ContactId([2; 16])));
    }
}
