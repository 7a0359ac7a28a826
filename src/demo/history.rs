//! What happened before the demo began: told through the same commands as real life, with the clock put back.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix::Arbiter;
use anyhow::Context;

use super::story::{Dialogue, Line, Story, Who};
use crate::actors::conversation::Reply;
use crate::actors::core::new_trace;
use crate::actors::directory::{DirectoryHandle, Resolve};
use crate::actors::media::MediaDesk;
use crate::actors::registry::all_workspaces;
use crate::actors::tally::Tally;
use crate::actors::{Board, Command, Core, Hub, Registry};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::decide::ConversationPatch;
use crate::domain::inbound::Sender;
use crate::domain::time::SECOND;
use crate::domain::{
    ChannelId, ConversationId, ConversationStatus, Identity, IdentityKind, Priority, Timestamp, UserId,
    WorkspaceId,
};
use crate::storage::keys::UserKey;
use crate::storage::{Prefix, Store};

const MINUTE: i64 = 60 * SECOND;
/// In microseconds.
pub(super) const DAY: i64 = 24 * 60 * MINUTE;

/// Writes the history into a store that has a workspace and nothing else; a store that has a channel is left alone.
pub(super) async fn tell(config: &Config, store: &Store, story: &Story) -> anyhow::Result<()> {
    let workspace = all_workspaces(store)?
        .first()
        .map(|workspace| workspace.id)
        .context("the demo has no workspace")?;
    let mut teller = Teller::new(config, store, workspace).await?;
    if !teller.core.registry.list(workspace).is_empty() {
        return teller.end().await;
    }
    tracing::info!("writing the demo's history");
    let shop = &story.shop;
    let lines = [
        (Line::Whatsapp, &story.display_phone_number),
        (Line::Instagram, &shop.username),
        (Line::Sms, &shop.sms_number),
    ];
    let mut channels = HashMap::new();
    for (line, number) in lines {
        channels.insert(line, teller.open_channel(line, number).await?);
    }
    let whatsapp = channels.get(&Line::Whatsapp).context("the first channel")?;
    teller.furnish(shop, *whatsapp).await?;
    teller.people = teller.hire(shop).await?.into_iter().collect();
    for dialogue in story.all() {
        let channel = channels.get(&dialogue.line).context("its channel")?;
        teller
            .dialogue(*channel, dialogue)
            .await
            .with_context(|| format!("the story of {}", dialogue.name))?;
    }
    teller.end().await
}

pub(super) struct Teller {
    pub(super) core: Arc<Core>,
    hub: Hub,
    directory: DirectoryHandle,
    arbiter: Arbiter,
    clock: &'static AtomicI64,
    pub(super) workspace: WorkspaceId,
    pub(super) owner: UserId,
    /// Colleagues by the names that the story calls them.
    people: HashMap<String, UserId>,
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
            contents: Default::default(),
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
            people: HashMap::new(),
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

    pub(super) fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    pub(super) fn set_clock(&self, at: Timestamp) {
        self.clock.store(at.0, Ordering::SeqCst);
    }

    /// A colleague, or the owner where the story names nobody.
    pub(super) fn person(&self, name: Option<&str>) -> anyhow::Result<UserId> {
        let Some(name) = name else { return Ok(self.owner) };
        let found = self.people.get(name);
        found.copied().with_context(|| format!("nobody is called {name}"))
    }

    async fn dialogue(&self, channel: ChannelId, dialogue: &Dialogue) -> anyhow::Result<()> {
        let real_now = Clock::System.now();
        #[allow(clippy::cast_possible_truncation)] // days of a story
        let mut at = real_now.plus(-((dialogue.days_ago * DAY as f64) as i64));
        self.set_clock(at);
        let sender = Sender {
            identities: identities(dialogue),
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
        // Older messages by what the provider calls them.
        let mut said: Vec<String> = Vec::new();
        for turn in &dialogue.turns {
            #[allow(clippy::cast_possible_truncation)] // minutes of a story
            let gap = (turn.after * MINUTE as f64) as i64;
            at = at.plus(gap).min(real_now.plus(-SECOND));
            self.set_clock(at);
            let name = self.turn((channel, conversation), dialogue, &said, turn).await?;
            said.push(name);
        }
        self.tidy_up(conversation, dialogue).await
    }

    pub(super) async fn send(&self, conversation: ConversationId, command: Command) -> anyhow::Result<Reply> {
        Ok(self
            .hub
            .send(self.workspace, conversation, command, new_trace())
            .await?)
    }

    async fn tidy_up(&self, conversation: ConversationId, dialogue: &Dialogue) -> anyhow::Result<()> {
        let priority = match dialogue.priority.as_deref() {
            None => None,
            Some(word) => Some(serde_json::from_value::<Priority>(word.into()).context("priority")?),
        };
        let patch = ConversationPatch {
            status: dialogue.status.as_deref().and_then(ConversationStatus::parse),
            assignee: match &dialogue.assignee {
                Some(name) => Some(Some(self.person(Some(name))?)),
                None => dialogue.mine.then_some(Some(self.owner)),
            },
            labels: (!dialogue.labels.is_empty()).then(|| dialogue.labels.clone()),
            priority,
            #[allow(clippy::cast_possible_truncation)] // days of a story
            snoozed_until: dialogue
                .snoozed_days
                .map(|days| Some(Clock::System.now().plus((days * DAY as f64) as i64))),
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

fn identities(dialogue: &Dialogue) -> Vec<Identity> {
    let name = dialogue.username.iter();
    let name = name.map(|name| Identity::new(IdentityKind::Username, name.as_str()));
    let id = match dialogue.line {
        Line::Whatsapp => Identity::whatsapp(&dialogue.phone),
        Line::Instagram => Some(Identity::new(IdentityKind::InstagramId, dialogue.phone.as_str())),
        Line::Sms => Some(Identity::new(IdentityKind::Phone, format!("+{}", dialogue.phone))),
    };
    id.into_iter().chain(name).collect()
}
