//! Stored form of a file's record.

use bincode::{Decode, Encode};

use crate::domain::media::{Media, MediaKind, MediaState, ProviderUpload, StoredFile};
use crate::domain::{ChannelId, ContactId, MediaId, Timestamp};

use super::super::error::StorageError;
use super::simple::MessageIdV1;
use super::{Newest, Stored, impossible};

/// See [`MediaId`].
#[derive(Encode, Decode)]
pub(super) struct MediaIdV1([u8; 16]);

impl Stored for MediaIdV1 {
    type Domain = MediaId;
    fn into_domain(self) -> Result<MediaId, StorageError> {
        Ok(MediaId(self.0))
    }
}

impl Newest for MediaIdV1 {
    fn from_domain(value: &MediaId) -> Self {
        Self(value.0)
    }
}

#[derive(Encode, Decode)]
struct StoredFileV1 {
    name: String,
    key: [u8; 32],
    size: u64,
}

impl From<&StoredFile> for StoredFileV1 {
    fn from(file: &StoredFile) -> Self {
        Self {
            name: file.name.clone(),
            key: file.key,
            size: file.size,
        }
    }
}

impl From<StoredFileV1> for StoredFile {
    fn from(StoredFileV1 { name, key, size }: StoredFileV1) -> Self {
        Self { name, key, size }
    }
}

#[derive(Encode, Decode)]
struct UploadV1 {
    channel: [u8; 16],
    reference: String,
    expires_at: i64,
}

#[derive(Encode, Decode)]
pub(super) struct MediaV1 {
    id: [u8; 16],
    kind: u8,
    state: u8,
    reason: Option<String>,
    contact: Option<[u8; 16]>,
    channel: Option<[u8; 16]>,
    message: Option<MessageIdV1>,
    reference: Option<String>,
    mime: String,
    filename: Option<String>,
    size: u64,
    sha256: Option<[u8; 32]>,
    dimensions: Option<(u32, u32)>,
    duration_ms: Option<u32>,
    file: Option<StoredFileV1>,
    thumbnail: Option<StoredFileV1>,
    uploads: Vec<UploadV1>,
    attempts: u32,
    created_at: i64,
    stored_at: Option<i64>,
    version: u64,
}

impl Newest for MediaV1 {
    fn from_domain(value: &Media) -> Self {
        let upload = |upload: &ProviderUpload| UploadV1 {
            channel: upload.channel.0,
            reference: upload.reference.clone(),
            expires_at: upload.expires_at.0,
        };
        Self {
            id: value.id.0,
            kind: value.kind as u8,
            state: value.state as u8,
            reason: value.reason.clone(),
            contact: value.contact.map(|id| id.0),
            channel: value.channel.map(|id| id.0),
            message: value.message.map(Into::into),
            reference: value.reference.clone(),
            mime: value.mime.clone(),
            filename: value.filename.clone(),
            size: value.size,
            sha256: value.sha256,
            dimensions: value.dimensions,
            duration_ms: value.duration_ms,
            file: value.file.as_ref().map(Into::into),
            thumbnail: value.thumbnail.as_ref().map(Into::into),
            uploads: value.uploads.iter().map(upload).collect(),
            attempts: value.attempts,
            created_at: value.created_at.0,
            stored_at: value.stored_at.map(|at| at.0),
            version: value.version,
        }
    }
}

impl Stored for MediaV1 {
    type Domain = Media;
    fn into_domain(self) -> Result<Media, StorageError> {
        let kind = MediaKind::from_u8(self.kind);
        let state = MediaState::from_u8(self.state);
        let upload = |upload: UploadV1| ProviderUpload {
            channel: ChannelId(upload.channel),
            reference: upload.reference,
            expires_at: Timestamp(upload.expires_at),
        };
        Ok(Media {
            id: MediaId(self.id),
            kind: kind.ok_or_else(|| impossible("media", "kind", self.kind))?,
            state: state.ok_or_else(|| impossible("media", "state", self.state))?,
            reason: self.reason,
            contact: self.contact.map(ContactId),
            channel: self.channel.map(ChannelId),
            message: self.message.map(Into::into),
            reference: self.reference,
            mime: self.mime,
            filename: self.filename,
            size: self.size,
            sha256: self.sha256,
            dimensions: self.dimensions,
            duration_ms: self.duration_ms,
            file: self.file.map(Into::into),
            thumbnail: self.thumbnail.map(Into::into),
            uploads: self.uploads.into_iter().map(upload).collect(),
            attempts: self.attempts,
            created_at: Timestamp(self.created_at),
            stored_at: self.stored_at.map(Timestamp),
            version: self.version,
        })
    }
}
