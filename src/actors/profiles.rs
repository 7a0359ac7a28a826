//! Names and pictures of customers whose provider does not send them along: asked for after they wrote.
//!
//! Owns a short queue and the pace of asking. What is lost by a restart or a full queue is asked for at the customer's next
//! message. Must not hold anything up: a name is an ornament.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::domain::identity::IdentityKind;
use crate::domain::inbound::Sender;
use crate::domain::time::HOUR;
use crate::domain::{ChannelId, ContactId, Identity, Timestamp};
use crate::storage::keys::ContactKey;

use super::core::{Core, new_trace};
use super::directory::{DirectoryHandle, Resolve};
use super::media::{note_portrait, portrait_due};
use super::registry::ChannelEntry;

/// Customers that may wait to be asked for.
const QUEUE: usize = 1_000;
/// Customers of whom it is remembered when they were asked for.
const REMEMBERED: usize = 10_000;
/// How soon the same customer is asked for again, when there was no answer.
const AGAIN: i64 = 6 * HOUR;
/// Pause between two questions (Instagram: two calls a second for an account).
const PACE: Duration = Duration::from_millis(500);

struct Question {
    channel: ChannelId,
    contact: ContactId,
    customer: Identity,
}

/// Asks for names. Cheap to clone.
#[derive(Clone)]
pub struct Profiles {
    core: Arc<Core>,
    directory: DirectoryHandle,
    asking: mpsc::Sender<Question>,
    waiting: Arc<Mutex<mpsc::Receiver<Question>>>,
}

impl Profiles {
    /// An empty queue.
    pub fn new(core: Arc<Core>, directory: DirectoryHandle) -> Self {
        let (asking, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        Self {
            core,
            directory,
            asking,
            waiting,
        }
    }

    /// Notes that a customer wrote on a channel.
    pub fn wrote(&self, entry: &ChannelEntry, contact: ContactId, sender: &Sender) {
        let asks = self
            .core
            .provider(entry.kind)
            .is_some_and(|provider| provider.has_profiles());
        if !asks || sender.profile_name.is_some() {
            return;
        }
        let known_by = sender
            .identities
            .iter()
            .find(|identity| identity.kind == IdentityKind::InstagramId);
        if let Some(customer) = known_by {
            let customer = customer.clone();
            let channel = entry.channel.id;
            // A full queue loses the question, not the name: the next message asks again.
            let _ = self.asking.try_send(Question {
                channel,
                contact,
                customer,
            });
        }
    }

    /// Asks until told to stop.
    pub async fn run(self, token: CancellationToken) {
        let mut waiting = self.waiting.lock().await;
        let mut asked: HashMap<ContactId, Timestamp> = HashMap::new();
        loop {
            let question = tokio::select! {
                () = token.cancelled() => return,
                question = waiting.recv() => question,
            };
            let Some(question) = question else {
                return token.cancelled().await;
            };
            let now = self.core.clock.now();
            if asked.len() >= REMEMBERED {
                asked.retain(|_, at| now.since(*at) < AGAIN);
            }
            let too_soon = asked
                .get(&question.contact)
                .is_some_and(|at| now.since(*at) < AGAIN);
            if too_soon || asked.len() >= REMEMBERED || !self.is_wanted(&question, now) {
                continue;
            }
            asked.insert(question.contact, now);
            self.ask(question).await;
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(PACE) => {}
            }
        }
    }

    /// Whether the name or the picture is not known, or the picture is old.
    fn is_wanted(&self, question: &Question, now: Timestamp) -> bool {
        let Some(entry) = self.core.registry.get(question.channel) else {
            return false;
        };
        let key = ContactKey {
            workspace: entry.workspace,
            contact: question.contact,
        };
        let Ok(Some(contact)) = self.core.store.get(&key) else {
            return false;
        };
        let due = portrait_due(&self.core.store, entry.workspace, contact.id, now);
        contact.profile_name.is_empty() || due.unwrap_or(false)
    }

    async fn ask(&self, question: Question) {
        let Some(entry) = self.core.registry.get(question.channel) else {
            return;
        };
        let Some(provider) = self.core.provider(entry.kind).cloned() else {
            return;
        };
        let answer = provider
            .profile(&self.core.http, &entry.access, &question.customer)
            .await;
        let profile = match answer {
            Ok(Some(profile)) => profile,
            Ok(None) => return,
            Err(error) => {
                tracing::info!(contact = %question.contact, code = error.code, "a customer's profile cannot be read");
                return;
            }
        };
        let username = profile
            .username
            .as_ref()
            .map(|name| Identity::new(IdentityKind::Username, name));
        let request = Resolve {
            workspace: entry.workspace,
            channel: entry.channel.id,
            senders: vec![Sender {
                identities: [Some(question.customer), username]
                    .into_iter()
                    .flatten()
                    .collect(),
                profile_name: profile.name.or(profile.username),
            }],
            trace: new_trace(),
        };
        if let Err(error) = self.directory.send(request).await {
            tracing::warn!(contact = %question.contact, %error, "a customer's name could not be noted");
        }
        let Some(picture) = profile.picture else { return };
        let whose = (entry.workspace, entry.channel.id, question.contact);
        if let Err(error) = note_portrait(&self.core, whose, picture).await {
            tracing::warn!(contact = %question.contact, %error, "a customer's picture could not be noted");
        }
    }
}
