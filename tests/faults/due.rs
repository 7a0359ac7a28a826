//! Work that is due and cannot be done: it stays, is tried again, and holds up nothing else.

use frontdesk::actors::due::due_key;
use frontdesk::domain::account::Session;
use frontdesk::domain::operations::{DueWork, IdempotencyRecord};
use frontdesk::domain::{ContactId, ConversationId, MessageId, SessionId, Timestamp, UserId, WorkspaceId};
use frontdesk::storage::keys::{DueKey, IdempotencyKey, Prefix, SessionKey};
use frontdesk::storage::{Batch, Seal, Store};

use crate::stage::Stage;
use crate::world::{string, until};

/// More than the scheduler looks at in one go.
const STUCK: usize = 300;

/// Sessions that cannot be read any more, because what sealed them was destroyed, and whose end is due.
fn plant_stuck(store: &Store, workspace: WorkspaceId) {
    let contact = ContactId([0xee; 16]);
    let mut batch = Batch::new();
    let seal = store
        .create_contact_key(workspace, contact, &mut batch)
        .expect("a key");
    for n in 0..STUCK {
        let mut secret = [0xee; 32];
        secret[..8].copy_from_slice(&n.to_be_bytes());
        let session = Session {
            id: SessionId([1; 16]),
            user: UserId([2; 16]),
            workspace,
            created_at: Timestamp(0),
            last_used_at: Timestamp(0),
            expires_at: Timestamp(0),
            user_agent: String::new(),
        };
        let work = DueWork::EndSession(secret);
        batch.put(&SessionKey { secret }, &session, &seal).put(
            &due_key(Timestamp(1), workspace, &work),
            &work,
            &Seal::Open,
        );
    }
    store.commit_blocking(batch).expect("committed");
    let mut batch = Batch::new();
    assert!(
        store
            .destroy_contact_key(workspace, contact, &mut batch)
            .expect("destroyed")
    );
    store.commit_blocking(batch).expect("committed");
}

fn plant_key(store: &Store, workspace: WorkspaceId, n: u8, at: Timestamp) -> IdempotencyKey {
    let key = IdempotencyKey {
        workspace,
        key: [n; 16],
    };
    let record = IdempotencyRecord {
        request_hash: [0; 32],
        message: MessageId {
            conversation: ConversationId([3; 16]),
            n: 1,
        },
        created_at: Timestamp(0),
    };
    let work = DueWork::ForgetIdempotencyKey([n; 16]);
    let mut batch = Batch::new();
    batch
        .put(&key, &record, &Seal::Open)
        .put(&due_key(at, workspace, &work), &work, &Seal::Open);
    store.commit_blocking(batch).expect("committed");
    key
}

#[actix_web::test]
async fn stuck_work_holds_up_nothing_however_much_it_is() {
    let stage = Stage::new().await;
    let core = stage.app.app.house.core.clone();
    let me = stage.owner().get("/api/v1/me").await.expect(200);
    let workspace: WorkspaceId = string(&me["workspace"]["id"]).parse().expect("an id");
    plant_stuck(&core.store, workspace);
    // Behind all of the stuck ones, and another while those are tried again and again.
    for n in 1..=2 {
        let key = plant_key(&core.store, workspace, n, core.clock.now());
        until("due work that can be done", async || {
            let there = core.store.contains(&key).expect("readable");
            (!there).then_some(())
        })
        .await;
    }
    let prefix = Prefix::<DueKey>::table();
    let due = core.store.scan(&prefix, None, 1_000).expect("readable");
    let stuck = due
        .iter()
        .filter(|(_, work)| matches!(work, DueWork::EndSession(_)));
    assert!(stuck.count() >= STUCK, "what could not be done stays");
}
