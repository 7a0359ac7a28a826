//! What happened before the demo began: told through the same commands as real life, with the clock put back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix::Arbiter;
use anyhow::Context;

use super::story::{Dialogue, Story, Turn, Who};
use crate::actors::conversation::{ApplyItem, PostMessage, Reply};
use crate::actors::core::new_trace;
use crate::actors::directory::{DirectoryHandle, Resolve};
use crate::actors::media::MediaDesk;
use crate::actors::registry::all_workspaces;
use crate::actors::tally::Tally;
use crate::actors::{Board, Command, Core, Hub, Registry};
use crate::channels::ProviderKind;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::decide::{AttemptResult, ConversationPatch, Received};
use crate::domain::inbound::{InboundMessage, Sender, StatusUpdate};
use crate::domain::operations::SendPriority;
use crate::domain::outbound::{ErrorClass, MessageReaction, ProviderError, SendOutcome};
use crate::domain::time::SECOND;
use crate::domain::{
    Author, Channel, ChannelId, Content, ConversationId, ConversationStatus, Identity, MessageId,
    MessageStatus, Priority, RawEventId, Timestamp, UserId, WorkspaceId,
};
use crate::storage::keys::{OutboxKey, UserKey};
use crate::storage::{Prefix, Store};

const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;

/// Writes the history into a store that has a workspace and nothing else; a store that has a channel is left alone.
pub(super) async fn tell(config: &Config, store: &Store, story: &Story) -> anyhow::Result<()> {
    let workspace = all_workspaces(store)?
        .first()
        .map(|workspace| workspace.id)
        .context("the demo has no workspace")?;
    let teller = Teller::new(config, store, workspace).await?;
    if !teller.core.registry.list(workspace).is_empty() {
        return teller.end().await;
    }
    tracing::info!("writing the demo's history");
    let channel = teller.open_channel(story).await?;
    for dialogue in &story.dialogues {
        teller
            .dialogue(channel, dialogue)
            .await
            .with_context(|| format!("the story of {}", dialogue.name))?;
    }
    teller.end().await
}

struct Teller {
    core: Arc<Core>,
    hub: Hub,
    directory: DirectoryHandle,
    arbiter: Arbiter,
    clock: &'static AtomicI64,
    workspace: WorkspaceId,
    owner: UserId,
}

impl Teller {
    async fn new(config: &Config, store: &Store, workspace: WorkspaceId) -> anyhow::Result<Self> {
        let clock: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(Clock::System.now().0)));
        let providers = crate::app::providers();
        let core = Arc::new(Core {
            store: store.clone(),
            clock: Clock::Stepped(clock),
            registry: Registry::load(store.clone(), providers.clone(), Default::default())?,
            providers,
            search: crate::app::open_search(config)?,
            board: Board::default(),
            standings: Default::default(),
            tally: Tally::default(),
            http: crate::channels::http::http_client()?,
            media: MediaDesk::new(&config.public_url, false)?,
        });
        let arbiter = Arbiter::new();
        let users = store.scan_keys(&Prefix::<UserKey>::table().with(workspace), None, 1)?;
        Ok(Self {
            hub: Hub::new(core.clone(), vec![arbiter.handle()]),
            directory: DirectoryHandle::start(core.clone(), arbiter.handle()),
            core,
            arbiter,
            clock,
            workspace,
            owner: users.first().context("the demo has no owner")?.user,
        })
    }

    /// Ends its actors and waits for them: they hold the search index, which is opened again right after.
    async fn end(self) -> anyhow::Result<()> {
        let arbiter = self.arbiter;
        arbiter.stop();
        let ended = tokio::task::spawn_blocking(move || arbiter.join()).await;
        ended
            .context("waiting for the story's actors was broken off")?
            .map_err(|_| anyhow::anyhow!("an actor of the story panicked"))
    }

    fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    async fn open_channel(&self, story: &Story) -> anyhow::Result<ChannelId> {
        let text = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let channel = Channel {
            id: ChannelId::from_uuid(uuid::Uuid::now_v7()),
            provider: ProviderKind::Sandbox as u8,
            name: "WhatsApp (sandbox)".into(),
            settings: text(&[
                ("phone_number_id", "100000000000001"),
                ("waba_id", "100000000000002"),
                ("display_phone_number", &story.display_phone_number),
            ]),
            secrets: text(&[
                ("access_token", "sandbox-access-token"),
                ("app_secret", "sandbox-app-secret"),
                ("verify_token", "sandbox-verify-token"),
            ]),
            paused: false,
            blocked: None,
            created_at: self.now().plus(-60 * DAY),
            version: 1,
        };
        let entry = self
            .core
            .registry
            .add(self.workspace, channel, self.now(), new_trace())
            .await?;
        Ok(entry.channel.id)
    }

    async fn dialogue(&self, channel: ChannelId, dialogue: &Dialogue) -> anyhow::Result<()> {
        let real_now = Clock::System.now();
        #[allow(clippy::cast_possible_truncation)] // days of a story
        let mut at = real_now.plus(-((dialogue.days_ago * DAY as f64) as i64));
        self.clock.store(at.0, Ordering::SeqCst);
        let sender = Sender {
            identities: Identity::whatsapp(&dialogue.phone).into_iter().collect(),
            profile_name: Some(dialogue.name.clone()),
        };
        let request = Resolve {
            workspace: self.workspace,
            channel,
            senders: vec![sender],
            trace: new_trace(),
        };
        let resolved = self.directory.send(request).await?;
        let conversation = resolved
            .into_iter()
            .next()
            .context("nobody was resolved")??
            .conversation;
        for (index, turn) in dialogue.turns.iter().enumerate() {
            #[allow(clippy::cast_possible_truncation)] // minutes of a story
            let gap = (turn.after * MINUTE as f64) as i64;
            at = at.plus(gap).min(real_now.plus(-SECOND));
            self.clock.store(at.0, Ordering::SeqCst);
            self.turn(channel, conversation, &dialogue.phone, index, turn)
                .await?;
        }
        self.tidy_up(conversation, dialogue).await
    }

    async fn send(&self, conversation: ConversationId, command: Command) -> anyhow::Result<Reply> {
        Ok(self
            .hub
            .send(self.workspace, conversation, command, new_trace())
            .await?)
    }

    async fn turn(
        &self,
        channel: ChannelId,
        conversation: ConversationId,
        phone: &str,
        index: usize,
        turn: &Turn,
    ) -> anyhow::Result<()> {
        match turn.who {
            Who::Customer => {
                let received = Received {
                    inbound: InboundMessage {
                        provider_message_id: format!("wamid.demo.{phone}.{index}"),
                        sender: Sender::default(),
                        at: Some(self.now()),
                        content: content(turn)?,
                        reply_to: None,
                        forwarded: false,
                        extra: None,
                    },
                    echo: false,
                    reply_to: None,
                    raw_event: RawEventId(0),
                    trace: new_trace(),
                };
                let items = vec![ApplyItem::Message(Box::new(received))];
                self.send(conversation, Command::Apply { items, done: vec![] })
                    .await?;
            }
            Who::Note => {
                self.post(conversation, Content::note(&turn.text)).await?;
            }
            Who::Agent => {
                let id = self.post(conversation, content(turn)?).await?;
                self.deliver(channel, id, turn.ends.as_deref().unwrap_or("read"))
                    .await?;
            }
        }
        Ok(())
    }

    async fn post(&self, conversation: ConversationId, content: Content) -> anyhow::Result<MessageId> {
        let post = PostMessage {
            author: Author::User(self.owner),
            content,
            reply_to: None,
            links: Vec::new(),
            priority: SendPriority::Reply,
            idempotency: None,
        };
        match self.send(conversation, Command::Post(Box::new(post))).await? {
            Reply::Message(message) => Ok(message.id),
            Reply::Done | Reply::Conversation(_) => anyhow::bail!("no message was made"),
        }
    }

    /// Plays the provider for one message of ours.
    async fn deliver(&self, channel: ChannelId, id: MessageId, ends: &str) -> anyhow::Result<()> {
        if ends == "queued" {
            return Ok(());
        }
        let prefix = Prefix::<OutboxKey>::table().with(self.workspace).with(channel);
        let rows = self.core.store.scan(&prefix, None, 64)?;
        let (key, entry) = rows
            .into_iter()
            .find(|(key, _)| key.message == id)
            .context("it is not in the outbox")?;
        let (outcome, reaction) = match ends {
            "doubtful" => (
                SendOutcome::Unknown("the answer was lost".into()),
                Some(MessageReaction::Doubt),
            ),
            "failed" => (refusal(), Some(MessageReaction::Fail)),
            _ => {
                let provider_message_id = format!("wamid.demo.{id}");
                (
                    SendOutcome::Accepted {
                        provider_message_id,
                        learnt: vec![],
                    },
                    None,
                )
            }
        };
        let priority = SendPriority::from_u8(key.priority).unwrap_or(SendPriority::Reply);
        let result = AttemptResult {
            entry,
            priority,
            outcome,
            reaction,
        };
        self.send(id.conversation, Command::Outcome(Box::new(result)))
            .await?;
        let steps = [MessageStatus::Sent, MessageStatus::Delivered, MessageStatus::Read];
        let reached = match ends {
            "sent" => 1,
            "delivered" => 2,
            "read" => 3,
            _ => 0,
        };
        for (status, after) in steps.into_iter().zip([1, 2, 40]).take(reached) {
            let update = StatusUpdate {
                provider_message_id: format!("wamid.demo.{id}"),
                status,
                at: Some(self.now().plus(after * SECOND)),
                callback: Some(id),
                recipient: vec![],
                error: None,
                error_class: None,
                pricing: None,
            };
            let items = vec![ApplyItem::Status(id, Box::new(update))];
            self.send(id.conversation, Command::Apply { items, done: vec![] })
                .await?;
        }
        Ok(())
    }

    async fn tidy_up(&self, conversation: ConversationId, dialogue: &Dialogue) -> anyhow::Result<()> {
        let priority = match dialogue.priority.as_deref() {
            None => None,
            Some(word) => Some(serde_json::from_value::<Priority>(word.into()).context("priority")?),
        };
        let patch = ConversationPatch {
            status: dialogue.status.as_deref().and_then(ConversationStatus::parse),
            assignee: dialogue.mine.then_some(Some(self.owner)),
            labels: (!dialogue.labels.is_empty()).then(|| dialogue.labels.clone()),
            priority,
            snoozed_until: None,
        };
        self.send(
            conversation,
            Command::Update {
                patch,
                if_version: None,
            },
        )
        .await?;
        if dialogue.seen
            || dialogue
                .turns
                .last()
                .is_some_and(|turn| turn.who != Who::Customer)
        {
            self.send(conversation, Command::MarkRead).await?;
        }
        Ok(())
    }
}

fn refusal() -> SendOutcome {
    SendOutcome::Refused(ProviderError {
        class: ErrorClass::Recipient,
        code: "131026".into(),
        title: "Message undeliverable".into(),
        detail: "The recipient's phone number is not a WhatsApp number, or the app is too old.".into(),
        retry_after: None,
    })
}

fn content(turn: &Turn) -> anyhow::Result<Content> {
    let Some(content) = &turn.content else {
        return Ok(Content::text(&turn.text));
    };
    let kind = content["type"]
        .as_str()
        .context("content without type")?
        .to_owned();
    let body = content.get(&kind).cloned().context("content without body")?;
    Ok(Content { kind, body })
}
