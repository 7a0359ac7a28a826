//! Samples of media headers on their way to the provider, when a template is submitted.

use std::collections::BTreeMap;

use crate::actors::House;
use crate::actors::media::{OpenError, open, plain_name};
use crate::channels::media::{MediaUpload, OutboundMedia};
use crate::domain::media::{Media, MediaState};
use crate::domain::template::Definition;
use crate::domain::template::samples::{Sample, samples, types_of, with_handles};
use crate::domain::{MediaId, WorkspaceId};
use crate::http::{ApiError, ApiResult, ErrorCode};
use crate::storage::StorageError;
use crate::storage::keys::MediaKey;

use super::errors::TemplateError;
use super::review::Place;

/// Largest sample (the largest video of a header).
const MAX_BYTES: u64 = 16 << 20;

/// The definition as the provider takes it: every file of ours is given to it first.
///
/// # Errors
/// A file is not here or of another sort, or the provider refuses it.
pub(super) async fn hand_over(
    house: &House,
    workspace: WorkspaceId,
    place: &Place,
    definition: &Definition,
) -> ApiResult<Definition> {
    let mut handles: BTreeMap<MediaId, String> = BTreeMap::new();
    for sample in samples(definition) {
        let media = find(house, workspace, &sample)?;
        if handles.contains_key(&media.id) {
            continue;
        }
        let handle = give(house, workspace, place, &media, &sample).await?;
        handles.insert(media.id, handle);
    }
    Ok(with_handles(definition, &|media| handles.get(&media).cloned()))
}

fn refuse(sample: &Sample, detail: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::InvalidField, detail.into())
        .with_code("template_rule")
        .at(format!("{}.example", sample.path))
}

fn find(house: &House, workspace: WorkspaceId, sample: &Sample) -> ApiResult<Media> {
    let key = MediaKey {
        workspace,
        media: sample.media,
    };
    let media = match house.core.store.get(&key) {
        Ok(Some(media)) if media.state == MediaState::Stored => media,
        Ok(_) | Err(StorageError::Erased) => {
            return Err(refuse(
                sample,
                "The sample is not kept here (any more). Upload it again.",
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let types = types_of(&sample.format);
    if !types.contains(&media.mime.as_str()) {
        let detail = format!(
            "The sample is {}; this header takes: {}.",
            media.mime,
            types.join(", ")
        );
        return Err(refuse(sample, detail));
    }
    match media.size > MAX_BYTES {
        true => Err(refuse(sample, "The sample is larger than 16 MB.")),
        false => Ok(media),
    }
}

async fn give(
    house: &House,
    workspace: WorkspaceId,
    place: &Place,
    media: &Media,
    sample: &Sample,
) -> ApiResult<String> {
    let api = place.api()?;
    let core = &house.core;
    match api.outbound_samples() {
        OutboundMedia::Link => {
            let now = core.clock.now();
            Ok(core.media.provider_link(&core.store, workspace, media, now))
        }
        OutboundMedia::Unsupported => Err(refuse(
            sample,
            "This provider takes no sample by upload. Give the handle that its own pages made of it.",
        )),
        OutboundMedia::Upload => {
            let (bytes, size) = open(core, workspace, media).await.map_err(|error| match error {
                OpenError::Gone => refuse(sample, "The sample is not kept here (any more). Upload it again."),
                OpenError::Damaged(why) | OpenError::Unreadable(why) => {
                    ApiError::internal("reading a sample", why)
                }
            })?;
            let upload = MediaUpload {
                kind: media.kind,
                mime: media.mime.clone(),
                filename: plain_name(media),
                size,
                bytes,
            };
            let given = api.upload_sample(&core.http, &place.entry.access, upload);
            Ok(given.await.map_err(TemplateError::from)?)
        }
    }
}
