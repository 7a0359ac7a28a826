//! What a phone app shares of its address book and chats: names for contacts, and how far it has come.

use crate::actors::directory::{MAX_SENDERS, NameContacts};
use crate::actors::phone_sync;
use crate::actors::registry::ChannelEntry;
use crate::domain::phone_sync::SyncNews;
use crate::domain::{Identity, TraceId};

use super::ChannelWork;
use super::drain::RoundError;

impl ChannelWork {
    /// Names contacts and notes the progress. Doing it again changes nothing but the counts, which are told as such.
    pub(super) async fn follow_sync(
        &self,
        entry: &ChannelEntry,
        (news, trace): (SyncNews, Option<TraceId>),
    ) -> Result<(), RoundError> {
        let Some(trace) = trace.filter(|_| !news.is_empty()) else {
            return Ok(());
        };
        let people = news.people.iter();
        let people = people.filter_map(|(number, name)| Some((Identity::whatsapp(number)?, name.clone())));
        let people: Vec<(Identity, String)> = people.collect();
        for people in people.chunks(MAX_SENDERS) {
            let request = NameContacts {
                workspace: entry.workspace,
                people: people.to_vec(),
                trace,
            };
            self.directory.send(request).await?;
        }
        let noted = phone_sync::note(&self.core, entry.workspace, entry.channel.id, &news).await;
        if let Err(error) = noted {
            // What came is worked in all the same; only how far it has come is told wrongly until the next.
            tracing::warn!(channel = %entry.channel.id, %error, "the progress of a phone's history cannot be noted");
        }
        Ok(())
    }
}
