//! A provider that is out of reach for an hour, on a clock that tests can hurry: the queue is kept, no try is lost, and
//! all goes out afterwards, replies first and each conversation in order. A second one is sat out in real time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle};
use frontdesk::actors::conversation::PostMessage;
use frontdesk::actors::core::new_trace;
use frontdesk::actors::intake::Entrance;
use frontdesk::actors::{Board, Command, Core, House, Registry, Reply};
use frontdesk::channels::ProviderKind;
use frontdesk::channels::WebhookRequest;
use frontdesk::clock::Clock;
use frontdesk::domain::message::{Author, MessageStatus};
use frontdesk::domain::operations::SendPriority;
use frontdesk::domain::outbound::{SendOutcome, SendRequest};
use frontdesk::domain::{
    Channel, ChannelId, Content, ConversationId, MessageId, Timestamp, Workspace, WorkspaceId,
};
use frontdesk::storage::keys::{DeadLetterKey, MessageKey, OutboxKey, WorkspaceKey};
use frontdesk::storage::search::SearchIndex;
use frontdesk::storage::{Batch, MasterKey, Prefix, Store, StoreOptions};
use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::client::Client;
use crate::meta;
use crate::stand_in::StandIn;
use crate::world::until;

const WORKSPACE: WorkspaceId = WorkspaceId([7; 16]);
const HOUR: Duration = Duration::from_secs(3_600);
/// Conversations with agents, and as many with a campaign; messages of each.
const CONVERSATIONS: usize = 6;
const EACH: usize = 3;

/// What the provider saw.
struct Log {
    /// How long it is out of reach once everything is in the queue, and how many calls meet that at least.
    outage: (Duration, u32),
    /// Everything is in the queue.
    is_posted: bool,
    since: Option<Instant>,
    /// When it was called last.
    last: Option<Instant>,
    /// Calls while it was out of reach.
    missed: u32,
    is_back: bool,
    /// What it took, in order.
    taken: Vec<MessageId>,
}

/// Calls that meet the outage at least: while the disk works, a hurried clock runs ahead.
const MISSED: u32 = 20;
/// Calls further apart are of two rounds: the channel has waited between them.
const ROUND: Duration = Duration::from_millis(300);

/// Out of reach while the queue is filled, and for the time of the outage from the next call on. It comes back between two
/// rounds of calls: within one, some of those under way would be taken and others not, whichever they are.
fn answer(log: &Mutex<Log>, request: &SendRequest) -> SendOutcome {
    let (mut log, now) = (log.lock(), Instant::now());
    let waited = log.last.is_some_and(|last| now.duration_since(last) >= ROUND);
    log.last = Some(now);
    if !log.is_posted {
        return SendOutcome::NotSent("no connection".into());
    }
    let since = *log.since.get_or_insert(now);
    log.is_back |= waited && now.duration_since(since) >= log.outage.0 && log.missed >= log.outage.1;
    if !log.is_back {
        log.missed += 1;
        return SendOutcome::NotSent("no connection".into());
    }
    log.taken.push(request.message);
    SendOutcome::Accepted {
        provider_message_id: format!("wamid.{}", request.message),
        learnt: vec![],
        held: None,
    }
}

/// A house on one arbiter, with a connected number.
struct Bench {
    house: House,
    log: Arc<Mutex<Log>>,
    _dir: tempfile::TempDir,
}

/// Its time can be hurried: see [`hurry`].
fn arbiter() -> Arbiter {
    Arbiter::with_tokio_rt(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime")
    })
}

/// From now on time on the arbiter runs as fast as its work allows. It does not wait for the disk, so it would run past
/// the conversations' windows while these are filled.
fn hurry(arbiter: &ArbiterHandle) {
    assert!(arbiter.spawn(async { tokio::time::pause() }), "it runs");
}

fn channel() -> Channel {
    let map = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        pairs.collect::<BTreeMap<_, _>>()
    };
    Channel {
        id: ChannelId([8; 16]),
        provider: ProviderKind::WhatsappCloud as u8,
        name: "Shop".to_owned(),
        settings: map(&[("phone_number_id", meta::NUMBER), ("waba_id", meta::WABA)]),
        secrets: map(&[
            ("access_token", meta::TOKEN),
            ("app_secret", meta::SECRET),
            ("verify_token", meta::VERIFY),
        ]),
        paused: false,
        blocked: None,
        created_at: Timestamp(0),
        version: 1,
    }
}

async fn add_workspace(store: &Store) {
    let mut batch = Batch::new();
    let seal = store.create_workspace_keys(WORKSPACE, &mut batch);
    let workspace = Workspace {
        id: WORKSPACE,
        name: "alpha".to_owned(),
        timezone: "UTC".to_owned(),
        locale: "en".to_owned(),
        created_at: Timestamp(0),
        demo: false,
    };
    batch.put(&WorkspaceKey { workspace: WORKSPACE }, &workspace, &seal);
    store.commit(batch).await.expect("committed");
}

impl Bench {
    /// On an arbiter of its own; the provider is out of reach for so long and so many calls.
    async fn new(arbiter: Arbiter, clock: Clock, outage: (Duration, u32)) -> Self {
        Client::install_provider();
        let dir = tempfile::tempdir().expect("a temporary folder");
        let master_key = MasterKey::load(dir.path()).expect("a key");
        let store = Store::open(StoreOptions {
            dir: dir.path().to_owned(),
            master_key,
        })
        .expect("opens");
        add_workspace(&store).await;
        let log = Arc::new(Mutex::new(Log {
            outage,
            is_posted: false,
            since: None,
            last: None,
            missed: 0,
            is_back: false,
            taken: Vec::new(),
        }));
        let seen = log.clone();
        let stand_in = Arc::new(StandIn {
            answers: Some(Box::new(move |request| answer(&seen, request))),
            ..StandIn::default()
        });
        let providers = stand_in.providers();
        let core = Core {
            store: store.clone(),
            clock,
            providers: providers.clone(),
            registry: Registry::load(store, providers, Default::default()).expect("loads"),
            search: SearchIndex::open(&dir.path().join("search")).expect("opens"),
            board: Board::default(),
            standings: Default::default(),
            tally: frontdesk::actors::tally::Tally::default(),
            http: frontdesk::channels::http::http_client().expect("a client"),
            media: frontdesk::actors::media::MediaDesk::new("https://desk.example", false).expect("a client"),
            contents: Default::default(),
        };
        let house = House::start_on(Arc::new(core), vec![arbiter])
            .await
            .expect("starts");
        let registry = &house.core.registry;
        registry
            .add(WORKSPACE, channel(), Timestamp(0), new_trace())
            .await
            .expect("added");
        house.attach(channel().id).await;
        Self {
            house,
            log,
            _dir: dir,
        }
    }

    /// So many customers write; answers their conversations.
    async fn conversations(&self, count: usize) -> Vec<ConversationId> {
        let texts: Vec<_> = (0..count)
            .map(|n| meta::text(&format!("2547660{n:05}"), &format!("wamid.{n}"), "hello"))
            .collect();
        let body = meta::delivery(&texts, &[]);
        let signature = meta::signature(&body);
        let request = WebhookRequest {
            query: "",
            header: &|_| Some(&signature),
            by_get: false,
            body: &body,
        };
        let taken = self
            .house
            .intake
            .take(Entrance::Whatsapp, &request, new_trace())
            .await;
        taken.expect("taken");
        let prefix = Prefix::<MessageKey>::table().with(WORKSPACE);
        until("conversations", async || {
            let found = self
                .house
                .core
                .store
                .scan_keys(&prefix, None, 100)
                .expect("readable");
            let found: Vec<_> = found.iter().map(|key| key.message.conversation).collect();
            (found.len() == count).then_some(found)
        })
        .await
    }

    /// So many messages, one after the other.
    async fn post_each(&self, conversation: ConversationId, priority: SendPriority) -> Vec<MessageId> {
        let mut ids = Vec::new();
        for n in 0..EACH {
            ids.push(self.post(conversation, n, priority).await);
        }
        ids
    }

    async fn post(&self, conversation: ConversationId, n: usize, priority: SendPriority) -> MessageId {
        let post = PostMessage {
            links: Vec::new(),
            identity_hash: None,
            author: Author::Api,
            content: Content::text(&format!("text {n}")),
            reply_to: None,
            priority,
            idempotency: None,
        };
        let command = Command::Post(Box::new(post));
        match self
            .house
            .hub
            .send(WORKSPACE, conversation, command, new_trace())
            .await
        {
            Ok(Reply::Message(message)) => message.id,
            other => panic!("{other:?}"),
        }
    }
}

/// Replies and a campaign are queued while the provider is out of reach; waits until all of it went out. Answers what was
/// posted, campaign first. `begin` is called once all is queued.
async fn sit_out(bench: &Bench, begin: impl FnOnce()) -> (Vec<MessageId>, Vec<MessageId>) {
    let conversations = bench.conversations(2 * CONVERSATIONS).await;
    let (campaign, agents) = conversations.split_at(CONVERSATIONS);
    let bulk = join_all(campaign.iter().map(|id| bench.post_each(*id, SendPriority::Bulk)));
    let replies = join_all(agents.iter().map(|id| bench.post_each(*id, SendPriority::Reply)));
    let (bulk, replies) = futures_util::future::join(bulk, replies).await;
    let (bulk, replies) = (bulk.concat(), replies.concat());
    bench.log.lock().is_posted = true;
    begin();
    let all = bulk.len() + replies.len();
    until("all sends", async || {
        (bench.log.lock().taken.len() >= all).then_some(())
    })
    .await;
    (bulk, replies)
}

/// The mean place of some messages among all.
fn mean_place(taken: &[MessageId], of: &[MessageId]) -> usize {
    let places = taken.iter().enumerate().filter(|(_, id)| of.contains(id));
    places.map(|(place, _)| place).sum::<usize>() / of.len()
}

#[actix_web::test]
async fn when_it_is_over_replies_go_before_the_campaign() {
    let bench = Bench::new(Arbiter::new(), Clock::System, (Duration::ZERO, 0)).await;
    let (bulk, _) = sit_out(&bench, || ()).await;
    let taken = bench.log.lock().taken.clone();
    // A conversation sends one at a time: while a reply of each is under way, campaign messages fill the gaps.
    let first_bulk = taken.iter().position(|id| bulk.contains(id)).expect("sent");
    assert!(first_bulk >= CONVERSATIONS, "replies go first: {first_bulk}");
    bench.house.stop().await;
}

#[actix_web::test]
async fn after_an_hour_everything_goes_out_once_and_in_order() {
    let (arbiter, clock) = (arbiter(), Clock::tokio_from(Clock::System.now()));
    let handle = arbiter.handle();
    let bench = Bench::new(arbiter, clock, (HOUR, MISSED)).await;
    let (bulk, replies) = sit_out(&bench, || hurry(&handle)).await;
    let all = bulk.len() + replies.len();
    let store = &bench.house.core.store;
    until("an empty outbox", async || {
        let rows = store
            .scan_keys(&Prefix::<OutboxKey>::table().with(WORKSPACE), None, 1)
            .expect("readable");
        rows.is_empty().then_some(())
    })
    .await;
    let (taken, missed) = {
        let log = bench.log.lock();
        (log.taken.clone(), log.missed)
    };
    assert!(
        (MISSED..1_000).contains(&missed),
        "it is asked ever more rarely: {missed}"
    );
    let mut sorted = taken.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!((taken.len(), sorted.len()), (all, all), "each once");
    let conversations: BTreeSet<_> = taken.iter().map(|id| id.conversation).collect();
    for conversation in conversations {
        let order: Vec<u32> = taken
            .iter()
            .filter(|id| id.conversation == conversation)
            .map(|id| id.n)
            .collect();
        assert!(order.is_sorted(), "{order:?}");
    }
    // On the whole only: the hurried clock lets pauses pass while the disk is still at work on those that missed. That
    // replies go strictly first is shown on a clock that does not.
    let (first, last) = (mean_place(&taken, &replies), mean_place(&taken, &bulk));
    assert!(first < last, "replies at {first}, campaign at {last}");
    for id in bulk.iter().chain(&replies) {
        let message = store
            .get(&MessageKey {
                workspace: WORKSPACE,
                message: *id,
            })
            .expect("readable")
            .expect("there");
        assert_eq!(message.status, MessageStatus::Accepted);
    }
    let dead = store
        .scan_keys(&Prefix::<DeadLetterKey>::table().with(WORKSPACE), None, 1)
        .expect("readable");
    assert!(dead.is_empty());
    bench.house.stop().await;
}
