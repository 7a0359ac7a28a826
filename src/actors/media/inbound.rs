//! Customers' files: noted in their message's frame, fetched after it, each once.

use std::sync::Arc;

use futures_util::TryStreamExt as _;

use super::cards;
use super::change::{ChangeError, seal_of, told};
use super::examine::{Examined, examine};
use super::fetch::{Failure, open, said};
use super::receive::{MAX_BYTES, ReceiveError, receive};
use crate::actors::core::Core;
use crate::actors::hub::Hub;
use crate::domain::media::{self, Media, MediaState, Reference};
use crate::domain::message::{Author, Direction};
use crate::domain::outbound::backoff;
use crate::domain::phrases;
use crate::domain::time::HOUR;
use crate::domain::{Conversation, MediaId, Message, Timestamp, WorkspaceId};
use crate::storage::keys::{MediaByReferenceKey, MediaJobKey, MediaKey};
use crate::storage::media::{WriteError, Written};
use crate::storage::{Batch, CommitError, Seal, StorageError, Store};

/// Providers keep a customer's file for about a week (WhatsApp: 7 days).
const PROVIDER_KEEPS: i64 = 7 * 24 * HOUR;
/// So often "it is not there" must be said before it is believed.
const GONE_TIMES: u32 = 3;
/// So often a file that comes out wrong is fetched again.
const WRONG_TIMES: u32 = 3;
/// The first pause between two tries, in seconds.
const FIRST_PAUSE_S: f64 = 5.0;
/// Longest reason that is kept, in characters.
const MAX_REASON: usize = 300;

/// Notes the files of a message that came from a provider, to be fetched.
pub(in crate::actors) fn note(
    store: &Store,
    batch: &mut Batch,
    (workspace, conversation): (WorkspaceId, &Conversation),
    message: &Message,
    seal: &Seal,
    now: Timestamp,
) -> Result<(), StorageError> {
    let from_provider = message.direction == Direction::Inbound || message.author == Author::BusinessApp;
    if !from_provider {
        return Ok(());
    }
    for (place, reference) in media::references(&message.content, true).into_iter().enumerate() {
        let id = Reference::inbound_id(workspace, message.id, place);
        let by_reference = MediaByReferenceKey {
            workspace,
            reference: store.media_hash(workspace, &reference.text)?,
        };
        let media = Media {
            contact: Some(conversation.contact),
            channel: Some(conversation.channel),
            message: Some(message.id),
            reference: Some(reference.text),
            mime: reference.mime.unwrap_or_default(),
            filename: reference.filename.as_deref().and_then(media::plain_filename),
            ..Media::pending(id, reference.kind, now)
        };
        let job = MediaJobKey {
            at: now,
            workspace,
            media: id,
        };
        batch
            .put(&MediaKey { workspace, media: id }, &media, seal)
            .put(&by_reference, &id, &Seal::Open)
            .put(&job, &(), &Seal::Open);
    }
    Ok(())
}

/// The file that an id of ours, or a provider's name for it, means; `None` if there is none.
///
/// # Errors
/// The store cannot be read.
pub fn resolve(store: &Store, workspace: WorkspaceId, text: &str) -> Result<Option<MediaId>, StorageError> {
    if let Ok(id) = text.parse::<MediaId>() {
        return Ok(Some(id));
    }
    let reference = store.media_hash(workspace, text)?;
    store.get(&MediaByReferenceKey { workspace, reference })
}

/// Why a job could not be ended; its row is still there.
#[derive(Debug, thiserror::Error)]
pub(super) enum JobError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What fetching came to.
enum Outcome {
    Stored(Box<(Written, Examined)>),
    Failed(Failure),
}

/// Fetches a file and writes down what came of it.
pub(super) async fn carry_out(core: &Arc<Core>, hub: &Hub, job: MediaJobKey) -> Result<(), JobError> {
    let key = MediaKey {
        workspace: job.workspace,
        media: job.media,
    };
    let media = match core.store.get(&key) {
        Ok(media) => media.filter(|media| media.state == MediaState::Pending),
        Err(StorageError::Erased) => None,
        Err(error) => return Err(error.into()),
    };
    let Some(media) = media else {
        let mut batch = Batch::bulk();
        batch.delete(&job);
        core.store.commit(batch).await?;
        return Ok(());
    };
    let outcome = match fetch(core, job.workspace, &media).await {
        Ok(stored) => match cards::tell(core, hub, (job.workspace, &media), &stored.0).await {
            Ok(()) => Outcome::Stored(Box::new(stored)),
            Err(failure) => {
                for name in names(&stored.0, &stored.1) {
                    core.store.media().remove(job.workspace, &name);
                }
                Outcome::Failed(failure)
            }
        },
        Err(failure) => Outcome::Failed(failure),
    };
    let files = match &outcome {
        Outcome::Stored(stored) => names(&stored.0, &stored.1),
        Outcome::Failed(_) => Vec::new(),
    };
    let recorded = record(core, job, outcome).await;
    if !matches!(recorded, Ok(true) | Err(JobError::Commit(CommitError::Unknown))) {
        for name in files {
            core.store.media().remove(job.workspace, &name);
        }
    }
    recorded.map(drop)
}

/// Takes the bytes of a customer's file from the caller instead of from its provider: for what is told of the past, whose
/// provider has nothing any more. `reference` is what the message calls it.
///
/// # Errors
/// Nothing waits for it, or it was not kept.
pub async fn bring(
    core: &Arc<Core>,
    workspace: WorkspaceId,
    reference: &str,
    bytes: &'static [u8],
) -> Result<(), ChangeError> {
    let id = resolve(&core.store, workspace, reference)?.ok_or(ChangeError::NotFound)?;
    let found = core.store.get(&MediaKey { workspace, media: id })?;
    let media = found.ok_or(ChangeError::NotFound)?;
    let whole = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(bytes::Bytes::from_static(
        bytes,
    ))]);
    let written = receive(core.store.media(), workspace, id, MAX_BYTES, whole).await;
    let written = written.map_err(|_| ChangeError::WrongState(phrases::FILE_REFUSED.text()))?;
    let declared = Some(media.mime.as_str()).filter(|mime| !mime.is_empty());
    let examined = examine(core, (workspace, id), media.kind, declared, &written).await;
    let job = MediaJobKey {
        at: media.created_at,
        workspace,
        media: id,
    };
    let outcome = Outcome::Stored(Box::new((written, examined)));
    match record(core, job, outcome).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(ChangeError::WrongState(phrases::FILE_NOTHING_WAITS.text())),
        Err(JobError::Storage(error)) => Err(error.into()),
        Err(JobError::Commit(error)) => Err(error.into()),
    }
}

fn names(written: &Written, examined: &Examined) -> Vec<String> {
    let thumbnail = examined.thumbnail.iter().map(|file| file.name.clone());
    std::iter::once(written.file.name.clone())
        .chain(thumbnail)
        .collect()
}

async fn fetch(
    core: &Arc<Core>,
    workspace: WorkspaceId,
    media: &Media,
) -> Result<(Written, Examined), Failure> {
    let entry = media
        .channel
        .and_then(|channel| core.registry.find(workspace, channel));
    let entry = entry.ok_or_else(|| Failure::Never(phrases::FILE_CHANNEL_GONE.text().into()))?;
    let reference = media.reference.as_deref().unwrap_or_default();
    let (response, source) = open(core, &entry, reference).await?;
    let told = response.content_length().or(source.size);
    if told.is_some_and(|size| size > MAX_BYTES) {
        return Err(too_large());
    }
    let said_type = response.headers().get(reqwest::header::CONTENT_TYPE);
    let said_type = said_type.and_then(|it| it.to_str().ok()).map(str::to_owned);
    let bytes = Box::pin(response.bytes_stream().map_err(|error| said(&error)));
    let written = receive(core.store.media(), workspace, media.id, MAX_BYTES, bytes).await;
    let written = written.map_err(|error| match error {
        ReceiveError::Write(WriteError::TooLarge { .. }) => too_large(),
        other => Failure::Later(other.to_string()),
    })?;
    let wrong = |what: &str| Failure::Later(phrases::FILE_NOT_PROMISED.with(&[("what", &what)]));
    let declared = Some(media.mime.as_str()).filter(|mime| !mime.is_empty());
    let declared = declared.or(source.mime.as_deref()).or(said_type.as_deref());
    let checked = match &source {
        it if it.size.is_some_and(|size| size != written.file.size) => {
            Err(wrong(phrases::FILE_SIZE_DIFFERS.text()))
        }
        it if it.sha256.is_some_and(|sha256| sha256 != written.sha256) => {
            Err(wrong(phrases::FILE_CHECKSUM_DIFFERS.text()))
        }
        _ => Ok(()),
    };
    let examined = match checked {
        Ok(()) => examine(core, (workspace, media.id), media.kind, declared, &written).await,
        Err(failure) => {
            core.store.media().remove(workspace, &written.file.name);
            return Err(failure);
        }
    };
    if !media.kind.may_be(&examined.mime) {
        for name in names(&written, &examined) {
            core.store.media().remove(workspace, &name);
        }
        return Err(Failure::Never(
            phrases::FILE_CAME_AS.with(&[("said", &media.kind.as_str()), ("mime", &examined.mime)]),
        ));
    }
    Ok((written, examined))
}

fn too_large() -> Failure {
    Failure::Never(phrases::FILE_LARGER_THAN.with(&[("mb", &(MAX_BYTES >> 20))]))
}

/// Writes the outcome down. `false` if the file is no longer wanted.
async fn record(core: &Core, job: MediaJobKey, outcome: Outcome) -> Result<bool, JobError> {
    let key = MediaKey {
        workspace: job.workspace,
        media: job.media,
    };
    loop {
        let read = match core.store.get_for_update(&key) {
            Err(StorageError::Erased) => None,
            read => read?,
        };
        let now = core.clock.now();
        let mut batch = Batch::new();
        batch.delete(&job);
        let wanted = match read {
            Some((media, fingerprint)) if media.state == MediaState::Pending => {
                let (media, again) = settled(media, &outcome, now);
                let seal = seal_of(core, job.workspace, &media)?;
                batch
                    .require_unchanged(&key, fingerprint)
                    .put(&key, &media, &seal);
                match again {
                    Some(at) => {
                        batch.put(&MediaJobKey { at, ..job }, &(), &Seal::Open);
                    }
                    None => told(&mut batch, job.workspace, &media, now),
                }
                true
            }
            _ => false,
        };
        match core.store.commit(batch).await {
            Ok(_) => return Ok(wanted),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The record afterwards, and when to try again.
fn settled(mut media: Media, outcome: &Outcome, now: Timestamp) -> (Media, Option<Timestamp>) {
    media.attempts = media.attempts.saturating_add(1);
    media.version += 1;
    let failure = match outcome {
        Outcome::Stored(stored) => {
            let (written, examined) = (&stored.0, &stored.1);
            media.state = MediaState::Stored;
            media.reason = None;
            media.mime.clone_from(&examined.mime);
            media.size = written.file.size;
            media.sha256 = Some(written.sha256);
            media.dimensions = examined.dimensions;
            media.duration_ms = examined.duration_ms;
            media.file = Some(written.file.clone());
            media.thumbnail.clone_from(&examined.thumbnail);
            media.stored_at = Some(now);
            return (media, None);
        }
        Outcome::Failed(failure) => failure,
    };
    let is_old = now.since(media.created_at) >= PROVIDER_KEEPS;
    let ended = match failure {
        Failure::Never(_) => Some(MediaState::Refused),
        Failure::Gone(_) if media.attempts >= GONE_TIMES => Some(MediaState::Missing),
        Failure::Later(why)
            if why.contains("not what the provider promised") && media.attempts >= WRONG_TIMES =>
        {
            Some(MediaState::Refused)
        }
        Failure::Later(_) if is_old => Some(MediaState::Missing),
        Failure::Gone(_) | Failure::Later(_) => None,
    };
    let (Failure::Never(why) | Failure::Gone(why) | Failure::Later(why)) = failure;
    media.reason = Some(why.chars().take(MAX_REASON).collect());
    match ended {
        Some(MediaState::Missing) if is_old => media.state = MediaState::Expired,
        Some(state) => media.state = state,
        None => {
            let pause = backoff(FIRST_PAUSE_S, media.attempts, 0.5);
            let pause = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
            return (media, Some(now.plus(pause)));
        }
    }
    (media, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MediaKind;

    fn after(attempts: u32, age: i64, failure: Failure) -> (Media, Option<Timestamp>) {
        let mut media = Media::pending(MediaId([1; 16]), MediaKind::Image, Timestamp(0));
        media.attempts = attempts;
        settled(media, &Outcome::Failed(failure), Timestamp(age))
    }

    #[test]
    fn failures_end_only_when_more_tries_are_of_no_use() {
        let later = || Failure::Later("down".into());
        let gone = || Failure::Gone("404".into());
        let table = [
            (0, HOUR, later(), MediaState::Pending),
            (500, HOUR, later(), MediaState::Pending),
            (500, PROVIDER_KEEPS, later(), MediaState::Expired),
            (0, HOUR, gone(), MediaState::Pending),
            (2, HOUR, gone(), MediaState::Missing),
            (2, PROVIDER_KEEPS, gone(), MediaState::Expired),
            (0, HOUR, Failure::Never("html".into()), MediaState::Refused),
        ];
        for (attempts, age, failure, state) in table {
            let (media, again) = after(attempts, age, failure.clone());
            assert_eq!(media.state, state, "{attempts} {failure:?}");
            assert_eq!(again.is_some(), state == MediaState::Pending);
            assert!(again.is_none_or(|at| at > Timestamp(age)));
        }
    }
}
