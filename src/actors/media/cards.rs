//! Contact cards that came as a file: read once it is here, and written into their message.
//!
//! Told before the file's own record is kept, so that a crash between the two only tells it again; the message takes it once.

use std::sync::Arc;

use super::fetch::Failure;
use crate::actors::conversation::{CardsRead, Command, CommandError};
use crate::actors::core::{Core, new_trace};
use crate::actors::hub::Hub;
use crate::domain::media::Media;
use crate::domain::{WorkspaceId, phrases, vcard};
use crate::storage::StorageError;
use crate::storage::media::Written;

/// Tells the conversation what the cards in a fetched file say. Other files have none.
pub(super) async fn tell(
    core: &Arc<Core>,
    hub: &Hub,
    (workspace, media): (WorkspaceId, &Media),
    written: &Written,
) -> Result<(), Failure> {
    let (Some(message), Some(reference)) = (media.message, media.reference.clone()) else {
        return Ok(());
    };
    if !vcard::is_vcard(&media.mime) {
        return Ok(());
    }
    let (files, file) = (core.store.media().clone(), written.file.clone());
    let read = tokio::task::spawn_blocking(move || {
        let mut reader = files.open(workspace, &file).ok().flatten()?;
        let mut bytes = Vec::new();
        while bytes.len() < vcard::MAX_BYTES {
            let piece = reader.next(vcard::MAX_BYTES - bytes.len()).ok()?;
            if piece.is_empty() {
                break;
            }
            bytes.extend(piece);
        }
        Some(vcard::read(&bytes))
    });
    let cards = read.await.ok().flatten();
    let cards = cards.ok_or_else(|| Failure::Later(phrases::FILE_CARD_UNREADABLE.text().into()))?;
    if cards.is_empty() {
        return Ok(());
    }
    let command = Command::Cards(Box::new(CardsRead {
        message,
        reference,
        cards,
    }));
    let told = hub
        .send(workspace, message.conversation, command, new_trace())
        .await;
    match told {
        // Whose conversation is gone needs no card.
        Ok(_) | Err(CommandError::NotFound | CommandError::Storage(StorageError::Erased)) => Ok(()),
        Err(error) => Err(Failure::Later(
            phrases::FILE_CARD_NOT_NOTED.with(&[("why", &error)]),
        )),
    }
}
