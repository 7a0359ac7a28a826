//! Files of a message that is about to be sent: given to the provider first, once for all messages that name them.

use crate::actors::core::Core;
use crate::actors::registry::ChannelEntry;
use crate::channels::Provider;
use crate::channels::media::{MediaError, MediaUpload, OutboundMedia};
use crate::domain::media::{self, Media, MediaKind, NewName, ProviderUpload};
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};
use crate::domain::phrases;
use crate::domain::{Content, MediaId, Timestamp, WorkspaceId};
use crate::storage::keys::MediaKey;
use crate::storage::{Batch, CommitError, StorageError};

use super::change::seal_of;
use super::receive::stream;

/// The bytes of a file as they come.
type Bytes = futures_util::stream::BoxStream<'static, std::io::Result<bytes::Bytes>>;

/// Copies at providers that are remembered of one file.
const MAX_UPLOADS: usize = 32;

/// Puts the provider's names for our files into a request. Nothing was sent if this fails.
///
/// # Errors
/// What came of the attempt instead.
pub async fn prepare(
    core: &Core,
    provider: &dyn Provider,
    entry: &ChannelEntry,
    request: &mut SendRequest,
) -> Result<(), SendOutcome> {
    let mut named: Vec<(String, NewName)> = Vec::new();
    for reference in media::references(&request.content, false) {
        let Some(id) = reference.ours() else { continue };
        let key = MediaKey {
            workspace: entry.workspace,
            media: id,
        };
        let found = core.store.get(&key).map_err(|error| match error {
            StorageError::Erased => gone(),
            error => SendOutcome::NotSent(error.to_string()),
        })?;
        let media = found.ok_or_else(gone)?;
        let (field, text) = match provider.outbound_media() {
            OutboundMedia::Upload => {
                let name = give(core, provider, entry, &media, reference.kind).await?;
                ("media_id", name)
            }
            OutboundMedia::Link => {
                let now = core.clock.now();
                let link = core
                    .media
                    .provider_link(&core.store, entry.workspace, &media, now);
                ("link", link)
            }
            OutboundMedia::Unsupported => {
                return Err(refused(
                    "media_unsupported",
                    phrases::CHANNEL_SENDS_NO_FILES.text(),
                ));
            }
        };
        let filename = media.filename;
        named.push((
            reference.text,
            NewName {
                field,
                text,
                filename,
            },
        ));
    }
    media::rename(&mut request.content, &|text| {
        let (_, name) = named.iter().find(|(ours, _)| ours == text)?;
        Some(name.clone())
    });
    Ok(())
}

/// Whether files of ours are given to the provider before a message that has them.
pub fn is_uploaded_first(provider: &dyn Provider, content: &Content) -> bool {
    let ours = |reference: media::Reference| reference.ours().is_some();
    provider.outbound_media() == OutboundMedia::Upload
        && media::references(content, false).into_iter().any(ours)
}

/// Whether a send that was cut off never began: its files had not been given to the provider, which is done (and written
/// down) before.
pub fn surely_unsent(core: &Core, provider: &dyn Provider, entry: &ChannelEntry, content: &Content) -> bool {
    if provider.outbound_media() != OutboundMedia::Upload {
        return false;
    }
    let ours = media::references(content, false)
        .into_iter()
        .filter_map(|it| it.ours());
    ours.into_iter().any(|media| {
        let key = MediaKey {
            workspace: entry.workspace,
            media,
        };
        let known = |it: &ProviderUpload| it.channel == entry.channel.id;
        matches!(core.store.get(&key), Ok(Some(media)) if !media.uploads.iter().any(known))
    })
}

/// Why a file's bytes cannot be had.
#[derive(Debug)]
pub enum OpenError {
    /// They are not kept here.
    Gone,
    /// They are not what was written.
    Damaged(String),
    /// They could not be read just now.
    Unreadable(String),
}

/// A file's bytes and how many they are.
///
/// # Errors
/// See [`OpenError`].
pub async fn open(core: &Core, workspace: WorkspaceId, media: &Media) -> Result<(Bytes, u64), OpenError> {
    let (files, file) = (
        core.store.media().clone(),
        media.file.clone().ok_or(OpenError::Gone)?,
    );
    let size = file.size;
    let opened = tokio::task::spawn_blocking(move || files.open(workspace, &file)).await;
    match opened {
        Ok(Ok(Some(reader))) => Ok((stream(reader, size), size)),
        Ok(Ok(None)) => Err(OpenError::Gone),
        Ok(Err(error)) => Err(OpenError::Damaged(error.to_string())),
        Err(error) => Err(OpenError::Unreadable(error.to_string())),
    }
}

/// What the provider calls the file: from before, or given to it now.
async fn give(
    core: &Core,
    provider: &dyn Provider,
    entry: &ChannelEntry,
    media: &Media,
    kind: MediaKind,
) -> Result<String, SendOutcome> {
    let channel = entry.channel.id;
    let lock = core.media.upload_lock(media.id, channel);
    let _turn = lock.lock().await;
    // Another message may have given it meanwhile.
    let media = current(core, entry.workspace, media.id)?;
    if let Some(known) = media.uploaded_to(channel, core.clock.now()) {
        return Ok(known.to_owned());
    }
    let opened = open(core, entry.workspace, &media).await;
    let (bytes, size) = opened.map_err(|error| match error {
        OpenError::Gone => gone(),
        OpenError::Damaged(why) => refused("media_damaged", &why),
        OpenError::Unreadable(why) => SendOutcome::NotSent(why),
    })?;
    let upload = MediaUpload {
        kind,
        mime: media.mime.clone(),
        filename: plain_name(&media),
        size,
        bytes,
    };
    let given = provider.upload_media(&core.http, &entry.access, upload).await;
    let given = given.map_err(not_given)?;
    let kept = i64::try_from(given.kept_for.as_micros()).unwrap_or(i64::MAX);
    let upload = ProviderUpload {
        channel,
        reference: given.reference.clone(),
        expires_at: core.clock.now().plus(kept),
    };
    // Before the message goes out: only so is it known after a crash whether it may have.
    remember(core, entry.workspace, media.id, upload).await?;
    Ok(given.reference)
}

fn current(core: &Core, workspace: WorkspaceId, media: MediaId) -> Result<Media, SendOutcome> {
    let found = core.store.get(&MediaKey { workspace, media });
    found
        .map_err(|error| SendOutcome::NotSent(error.to_string()))?
        .ok_or_else(gone)
}

async fn remember(
    core: &Core,
    workspace: WorkspaceId,
    media: MediaId,
    upload: ProviderUpload,
) -> Result<(), SendOutcome> {
    let failed = |error: &dyn std::fmt::Display| SendOutcome::NotSent(error.to_string());
    let key = MediaKey { workspace, media };
    loop {
        let read = core.store.get_for_update(&key).map_err(|error| failed(&error))?;
        let (mut media, fingerprint) = read.ok_or_else(gone)?;
        let now: Timestamp = core.clock.now();
        media
            .uploads
            .retain(|old| old.channel != upload.channel && old.expires_at > now);
        media.uploads.truncate(MAX_UPLOADS - 1);
        media.uploads.push(upload.clone());
        media.version += 1;
        let seal = seal_of(core, workspace, &media).map_err(|error| failed(&error))?;
        let mut batch = Batch::new();
        batch
            .require_unchanged(&key, fingerprint)
            .put(&key, &media, &seal);
        match core.store.commit(batch).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(failed(&error)),
        }
    }
}

/// What the name of a file of this type ends in.
pub(super) fn ending(mime: &str) -> Option<&'static str> {
    Some(match mime {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "video/mp4" | "audio/mp4" => "mp4",
        "video/3gpp" => "3gp",
        "audio/ogg" => "ogg",
        "audio/mpeg" => "mp3",
        "audio/aac" => "aac",
        "audio/amr" => "amr",
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        _ => return None,
    })
}

/// A name that can stand in a form: the file's own as far as it is plain.
pub fn plain_name(media: &Media) -> String {
    let ending = ending(&media.mime).unwrap_or("bin");
    let own: String = media
        .filename
        .as_deref()
        .unwrap_or_default()
        .chars()
        .take(100)
        .collect();
    let is_plain = !own.is_empty()
        && own
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._- ".contains(c));
    match is_plain {
        true => own,
        false => format!("file.{ending}"),
    }
}

fn gone() -> SendOutcome {
    refused("media_missing", phrases::FILE_NO_LONGER_KEPT.text())
}

fn refused(code: &str, detail: &str) -> SendOutcome {
    SendOutcome::Refused(ProviderError {
        class: ErrorClass::Permanent,
        code: code.into(),
        title: phrases::FILE_NOT_GIVEN.text().into(),
        detail: detail.into(),
        retry_after: None,
    })
}

fn not_given(error: MediaError) -> SendOutcome {
    match error {
        MediaError::Unsupported => refused("media_unsupported", phrases::CHANNEL_SENDS_NO_FILES.text()),
        MediaError::Gone(why) | MediaError::Invalid(why) => refused("media_refused", &why),
        MediaError::Provider(error) if error.code == "no_answer" => SendOutcome::NotSent(error.detail),
        MediaError::Provider(error) => SendOutcome::Refused(error),
    }
}
