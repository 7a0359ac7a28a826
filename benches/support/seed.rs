//! Conversations by the hundred thousand: through the same commands as real messages, without the webhooks before them.

use std::time::{Duration, Instant};

use frontdesk::actors::conversation::ApplyItem;
use frontdesk::actors::core::new_trace;
use frontdesk::actors::directory::{MAX_SENDERS, Resolve};
use frontdesk::actors::{Command, House};
use frontdesk::domain::decide::Received;
use frontdesk::domain::inbound::{InboundMessage, Sender};
use frontdesk::domain::{ChannelId, Content, ConversationId, Identity, RawEventId, WorkspaceId};
use futures_util::StreamExt;
use futures_util::stream;

/// Without a change for this long it is at rest.
pub const REST: Duration = Duration::from_secs(2);

/// Commands under way while seeding.
const UNDER_WAY: usize = 512;

const WORDS: [&str; 96] = [
    "hello",
    "order",
    "cake",
    "tomorrow",
    "please",
    "thanks",
    "delivery",
    "address",
    "birthday",
    "chocolate",
    "when",
    "open",
    "saturday",
    "price",
    "two",
    "kilos",
    "of",
    "the",
    "with",
    "and",
    "could",
    "you",
    "bread",
    "is",
    "bakery",
    "morning",
    "evening",
    "pick",
    "up",
    "at",
    "noon",
    "for",
    "my",
    "daughter",
    "wedding",
    "party",
    "sugar",
    "free",
    "gluten",
    "vegan",
    "strawberry",
    "vanilla",
    "lemon",
    "cream",
    "box",
    "pieces",
    "still",
    "warm",
    "fresh",
    "today",
    "we",
    "are",
    "coming",
    "around",
    "seven",
    "do",
    "have",
    "any",
    "left",
    "sorry",
    "late",
    "change",
    "number",
    "phone",
    "call",
    "me",
    "back",
    "later",
    "invoice",
    "paid",
    "card",
    "cash",
    "bank",
    "transfer",
    "receipt",
    "missing",
    "wrong",
    "sent",
    "again",
    "photo",
    "looks",
    "great",
    "love",
    "it",
    "again",
    "next",
    "week",
    "month",
    "company",
    "lunch",
    "coffee",
    "beans",
    "grams",
    "bag",
    "shop",
    "street",
];

/// A generator of numbers that look random and are the same in each run.
pub struct Numbers(u64);

impl Numbers {
    pub const fn new(salt: u64) -> Self {
        Self(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 33) % limit
    }
}

/// What people write: 4 to 20 words, some of them rare.
pub fn text(salt: u64) -> String {
    let mut numbers = Numbers::new(salt + 1);
    let mut out = String::with_capacity(128);
    for _ in 0..4 + numbers.below(17) {
        out.push_str(WORDS[numbers.below(WORDS.len() as u64) as usize]);
        out.push(' ');
    }
    out.push_str(&format!("r{}", numbers.below(20_000)));
    out
}

/// The number of the n-th customer.
pub fn phone(n: u64) -> String {
    format!("1555{:08}", n)
}

/// Waits until everything taken is worked in and the search index follows no more.
pub async fn settled(house: &House) {
    let begun = Instant::now();
    let (mut position, mut since) = (0, Instant::now());
    while house.backlog.waiting() > 0 || since.elapsed() < REST {
        assert!(
            begun.elapsed() < Duration::from_secs(1800),
            "it does not come to rest"
        );
        let now = house.core.search.position();
        if now != position {
            (position, since) = (now, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Makes `count` customers with a conversation each, numbered from `first`.
pub async fn conversations(
    house: &House,
    workspace: WorkspaceId,
    channel: ChannelId,
    first: u64,
    count: u64,
) -> Vec<ConversationId> {
    let mut all = Vec::new();
    let mut n = first;
    while n < first + count {
        let end = (n + MAX_SENDERS as u64).min(first + count);
        let senders = (n..end).map(|n| Sender {
            identities: Identity::whatsapp(&phone(n)).into_iter().collect(),
            profile_name: Some(format!("Customer {n}")),
        });
        let request = Resolve {
            workspace,
            channel,
            senders: senders.collect(),
            trace: new_trace(),
        };
        let resolved = house.directory.send(request).await.expect("the directory works");
        all.extend(
            resolved
                .into_iter()
                .map(|one| one.expect("a conversation").conversation),
        );
        n = end;
    }
    all
}

/// Lets customers write: `each` messages in every conversation, up to `at_once` of them in one commit.
pub async fn messages(
    house: &House,
    workspace: WorkspaceId,
    conversations: &[ConversationId],
    each: u64,
    at_once: u64,
) {
    let rounds = each.div_ceil(at_once);
    for round in 0..rounds {
        let from = round * at_once;
        let to = (from + at_once).min(each);
        let commands = conversations.iter().map(|conversation| {
            let conversation = *conversation;
            async move {
                let items = (from..to).map(|n| received(house, conversation, n)).collect();
                let apply = Command::Apply { items, done: vec![] };
                let sent = house.hub.send(workspace, conversation, apply, new_trace()).await;
                sent.expect("it is worked in");
            }
        });
        stream::iter(commands)
            .for_each_concurrent(UNDER_WAY, |command| command)
            .await;
    }
}

fn received(house: &House, conversation: ConversationId, n: u64) -> ApplyItem {
    let salt = u64::from_be_bytes(conversation.0[8..].try_into().expect("eight bytes"));
    let received = Received {
        inbound: InboundMessage {
            provider_message_id: format!("wamid.HBgL{conversation}.{n}"),
            sender: Sender::default(),
            at: Some(house.core.clock.now()),
            content: Content::text(&text(salt.wrapping_add(n))),
            reply_to: None,
            forwarded: false,
            extra: None,
        },
        echo: false,
        reply_to: None,
        raw_event: RawEventId(0),
        trace: new_trace(),
    };
    ApplyItem::Message(Box::new(received))
}
