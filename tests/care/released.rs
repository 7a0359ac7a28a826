//! Backups of every released layout must stay restorable: each is a file made by the version that brought it, with its
//! journal, its sealed records and its keys. They are never changed. After a new layout, write the file that is missing
//! with `FRONTDESK_WRITE_FIXTURES=1 cargo test --test care`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use frontdesk::domain::MessageStatus;
use frontdesk::storage::MasterKey;
use frontdesk::storage::backup::{Restore, Until, export, restore};
use frontdesk::storage::keys::{ConversationKey, MessageKey, RawBlobKey};

use super::world::*;

/// Every layout that was released, oldest first.
const LAYOUTS: [&str; 2] = ["1", "2"];

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/backups")
        .join(name)
}

/// A backup of today's layout, with the key that opens it.
fn write(layout: &str) {
    let file = fixture(&format!("layout-{layout}.fdbackup"));
    if file.exists() {
        return;
    }
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    // Raw events stand in bundles since layout 2.
    store.compact().expect("packed");
    fs::create_dir_all(fixture("")).expect("folder");
    export(&store, &file, AT).expect("a backup");
    let key = fixture(&format!("layout-{layout}.key"));
    fs::copy(place.path("keys/master.key"), key).expect("copied");
}

#[test]
fn backups_of_every_released_layout_are_restored() {
    if std::env::var_os("FRONTDESK_WRITE_FIXTURES").is_some() {
        LAYOUTS.last().into_iter().for_each(|layout| write(layout));
    }
    for layout in LAYOUTS {
        let place = Place::new();
        // A checkout does not keep the mode that a key must have.
        let key = place.path("master.key");
        fs::copy(fixture(&format!("layout-{layout}.key")), &key).expect("copied");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
        let restored = restore(Restore {
            backups: &[fixture(&format!("layout-{layout}.fdbackup"))],
            dir: &place.path("restored"),
            master_key: MasterKey::from_file(&key).expect("key"),
            write_key: true,
            newer_journal: None,
            until: Until::End,
        });
        let restored = restored.unwrap_or_else(|error| panic!("layout {layout}: {error}"));
        assert_eq!(restored.report.problems, vec![], "layout {layout}");
        let store = open(&place.path("restored"), MasterKey::from_file(&key).expect("key"));
        let first = MessageKey {
            workspace: WORKSPACE,
            message: message_id(1),
        };
        let expected = message(1, MessageStatus::Received, Some("wamid.1"));
        assert_eq!(store.get(&first).expect("read"), Some(expected));
        let conversation = ConversationKey {
            workspace: WORKSPACE,
            conversation: CONVERSATION,
        };
        let conversation = store.get(&conversation).expect("read").expect("there");
        assert_eq!((conversation.next_n, conversation.contact), (5, CONTACT));
        let bytes = store.blob(&RawBlobKey {
            raw: frontdesk::domain::RawEventId(1),
        });
        assert_eq!(bytes.expect("read").as_deref(), Some(b"{\"a\":1}".as_slice()));
        assert_eq!(store.events_after(0, 10).expect("journal").len(), 1);
    }
}
