//! Bytes in and out: streams on one side, the blocking files on the other, a few pieces in between.

use std::fmt::Display;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt as _, try_unfold};
use tokio::sync::mpsc;

use crate::domain::{MediaId, WorkspaceId};
use crate::storage::media::{MediaFiles, MediaReader, Part, WriteError, Written};

/// Largest file that is taken from anyone (WhatsApp's largest is 100 MB).
pub const MAX_BYTES: u64 = 100 << 20;
/// Pieces that wait between stream and disk.
const AHEAD: usize = 8;
/// A sender that is silent for so long has gone.
const SILENCE: Duration = Duration::from_secs(30);

/// Why a file was not taken in. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// It is too large, or the disk too full or broken.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It did not come whole.
    #[error("the file did not come whole: {0}")]
    Broken(String),
}

enum Piece {
    Bytes(Bytes),
    End,
}

/// Takes a file in as its bytes come; durable when this answers.
///
/// # Errors
/// See [`ReceiveError`].
pub async fn receive<S, E>(
    files: &MediaFiles,
    workspace: WorkspaceId,
    media: MediaId,
    limit: u64,
    mut bytes: S,
) -> Result<Written, ReceiveError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Display,
{
    let (pieces, taken) = mpsc::channel(AHEAD);
    let files = files.clone();
    let writing = tokio::task::spawn_blocking(move || write(&files, workspace, media, limit, taken));
    let mut whole = Ok(());
    loop {
        let next = tokio::time::timeout(SILENCE, bytes.next()).await;
        let piece = match next {
            Err(_) => {
                whole = Err(ReceiveError::Broken("nothing came for 30 seconds".into()));
                break;
            }
            Ok(Some(Err(error))) => {
                whole = Err(ReceiveError::Broken(error.to_string()));
                break;
            }
            Ok(Some(Ok(bytes))) => Piece::Bytes(bytes),
            Ok(None) => Piece::End,
        };
        let ended = matches!(piece, Piece::End);
        // The writer has given up: its own error says why.
        if pieces.send(piece).await.is_err() || ended {
            break;
        }
    }
    drop(pieces);
    let written = writing.await;
    whole?;
    written.map_err(|error| ReceiveError::Broken(error.to_string()))?
}

fn write(
    files: &MediaFiles,
    workspace: WorkspaceId,
    media: MediaId,
    limit: u64,
    mut pieces: mpsc::Receiver<Piece>,
) -> Result<Written, ReceiveError> {
    let mut writer = files.begin(workspace, media, Part::Whole, limit)?;
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Bytes(bytes)) => writer.write(&bytes)?,
            Some(Piece::End) if writer.size() == 0 => return Err(ReceiveError::Empty),
            Some(Piece::End) => return Ok(writer.finish()?),
            None => return Err(ReceiveError::Broken("it was broken off".into())),
        }
    }
}

/// The bytes of a file from where the reader stands, at most `len`, as a stream. Takes a blocking thread only while it
/// reads a piece, however slow whoever listens is.
pub fn stream(reader: MediaReader, len: u64) -> BoxStream<'static, io::Result<Bytes>> {
    try_unfold((reader, len), |(mut reader, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let next = reader.next(usize::try_from(left).unwrap_or(usize::MAX));
            (reader, next)
        });
        let (reader, next) = read.await.map_err(io::Error::other)?;
        let bytes = Bytes::from(next?);
        if bytes.is_empty() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        let left = left.saturating_sub(bytes.len() as u64);
        Ok(Some((bytes, (reader, left))))
    })
    .boxed()
}
