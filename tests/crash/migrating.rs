//! Killed while it brings an older store to today's layout: it goes on, or begins that step anew, and nothing is missing.

use frontdesk::domain::{
    ChannelId, Contact, ContactId, Conversation, ConversationId, Timestamp, UserId, WorkspaceId,
};
use frontdesk::storage::keys::{
    ContactKey, ConversationByContactKey, ConversationByLabelKey, ConversationKey, ConversationListKey,
    Newest, Prefix, WorkspaceKey,
};
use frontdesk::storage::migrations::{SCHEMA, SCHEMA_ROW, version};
use frontdesk::storage::{Batch, MasterKey, Seal, Store, StoreOptions};

use crate::desk::Desk;
use crate::dice::{Dice, rounds};

/// So many that there are several pages to be killed between.
const CONVERSATIONS: u32 = 1_500;
/// One in so many has the rare label.
const RARE: u32 = 500;

fn open(desk: &Desk) -> Store {
    let dir = desk.data();
    let master_key = MasterKey::load(&dir).expect("key");
    Store::open(StoreOptions { dir, master_key }).expect("opens")
}

fn id(n: u32, sort: u8) -> [u8; 16] {
    let mut id = [sort; 16];
    id[12..].copy_from_slice(&n.to_be_bytes());
    id
}

fn labels(n: u32) -> Vec<String> {
    let mut labels = vec!["wholesale".to_owned()];
    if n.is_multiple_of(RARE) {
        labels.push("rare".to_owned());
    }
    labels
}

/// A conversation as it was written before there were rows for labels.
fn write(store: &Store, workspace: WorkspaceId, n: u32, batch: &mut Batch) {
    let (contact, channel) = (ContactId(id(n, 1)), ChannelId([2; 16]));
    let seal = store
        .create_contact_key(workspace, contact, batch)
        .expect("a key");
    let at = Timestamp(1_792_400_001_000_002 + i64::from(n));
    let mut conversation = Conversation::begin(ConversationId(id(n, 3)), channel, contact, at);
    conversation.labels = labels(n);
    let person = Contact {
        id: contact,
        name: format!("Customer {n}"),
        profile_name: String::new(),
        identities: Vec::new(),
        conversations: vec![conversation.id],
        created_at: at,
        version: 1,
    };
    let list = ConversationListKey {
        workspace,
        assignee: UserId([0; 16]),
        status: conversation.status as u8,
        activity: Newest(conversation.last_activity_at),
        conversation: conversation.id,
    };
    let by_contact = ConversationByContactKey {
        workspace,
        contact,
        channel,
    };
    let key = ConversationKey {
        workspace,
        conversation: conversation.id,
    };
    batch
        .put(&ContactKey { workspace, contact }, &person, &seal)
        .put(&key, &conversation, &seal)
        .put(&by_contact, &conversation.id, &Seal::Open)
        .put(&list, &(), &Seal::Open);
}

/// A stopped desk of layout 1.
async fn old() -> Desk {
    let mut desk = Desk::started();
    drop(desk.owner().await);
    tokio::task::block_in_place(|| desk.stop());
    let store = open(&desk);
    let found = store
        .scan_keys(&Prefix::<WorkspaceKey>::table(), None, 1)
        .expect("readable");
    let workspace = found.first().expect("a workspace").workspace;
    for first in (0..CONVERSATIONS).step_by(100) {
        let mut batch = Batch::new();
        (first..first + 100).for_each(|n| write(&store, workspace, n, &mut batch));
        store.commit_blocking(batch).expect("committed");
    }
    let mut batch = Batch::new();
    batch.put(&SCHEMA_ROW, &1, &Seal::Open);
    store.commit_blocking(batch).expect("committed");
    store.close();
    desk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_migrates_it_goes_on_and_misses_nothing() {
    let dice = Dice::new("migrating");
    let desk = old().await;
    // What one start takes here, so that the kills fall within it.
    let mut whole = desk.copy();
    let took = tokio::task::block_in_place(|| whole.start()).as_millis();
    drop(whole);
    let longest = u64::try_from(took).expect("a short time").max(40);
    for _ in 0..rounds() {
        let mut desk = desk.copy();
        for _ in 0..3 {
            tokio::task::block_in_place(|| desk.start_and_kill(dice.millis(5, longest)));
        }
        tokio::task::block_in_place(|| desk.start());
        let owner = desk.owner().await;
        let found = owner
            .get("/api/v1/conversations?label=rare&limit=100")
            .await
            .expect(200);
        let items = found["items"].as_array().expect("a list");
        assert_eq!(items.len(), (CONVERSATIONS / RARE) as usize);
        tokio::task::block_in_place(|| desk.stop());
        desk.verify();
        let backups = desk.data().join("backups");
        let names: Vec<_> = std::fs::read_dir(backups)
            .expect("a backup was made before")
            .map(|entry| entry.expect("readable").file_name())
            .collect();
        assert!(
            names.contains(&"before-migration-from-1.fdbackup".into()),
            "{names:?}"
        );
        let store = open(&desk);
        assert_eq!(version(&store).expect("readable"), Some(SCHEMA));
        let rows = store.scan_keys(&Prefix::<ConversationByLabelKey>::table(), None, 10_000);
        let expected = CONVERSATIONS + CONVERSATIONS / RARE;
        assert_eq!(rows.expect("readable").len(), expected as usize);
        store.close();
    }
}
