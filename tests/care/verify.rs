//! Each inconsistency, planted alone, is found; where a look-up row is at fault it is mended.

use frontdesk::domain::operations::RawState;
use frontdesk::domain::{
    ContactId, ConversationId, ConversationStatus, Media, MediaId, MediaKind, MediaState, MessageStatus,
    RawEventId, SessionId, Timestamp, TokenId, UserId, WorkspaceId,
};
use frontdesk::storage::keys::{
    AlertKey, ApiTokenKey, ContactByIdentityKey, ContactKey, ConversationByContactKey,
    ConversationByLabelKey, ConversationKey, ConversationUnreadKey, ConversationWaitingKey, DeadLetterKey,
    DoubtfulKey, LinkKey, MadeContentKey, MediaByReferenceKey, MediaJobKey, MediaKey, MentionKey,
    MessageByProviderIdKey, MessageKey, Newest, NoticeKey, NoticeSeenKey, PositionKey, PushDeviceKey,
    RawBlobKey, RawByStateKey, RawEventKey, SavedViewKey, SessionByUserKey, SessionKey, SettingKey,
    TokenByWorkspaceKey, UserByEmailKey, UserKey, WorkspaceKey,
};
use frontdesk::storage::records::Json;
use frontdesk::storage::verify::{Options, Report, verify};
use frontdesk::storage::{Batch, Seal, Store};

use super::world::*;

fn look(store: &Store) -> Report {
    verify(store, Options::default()).expect("the store can be read")
}

#[test]
fn a_sound_store_is_sound_in_every_table() {
    let place = Place::new();
    let store = place.open("data");
    assert!(look(&store).is_sound(), "an empty store");
    fill(&store);
    store.compact().expect("packed");
    let report = look(&store);
    assert_eq!(report.problems, vec![]);
    assert!(report.is_sound());
    let empty: Vec<_> = report.rows.iter().filter(|(_, rows)| **rows == 0).collect();
    assert_eq!(empty, vec![], "the sample leaves tables out");
    assert_eq!(report.rows.len(), 62);
    assert_eq!(report.rows["Message"], 5);
}

/// What is planted, the table in which it must be found, and words of what must be said. `mended`: repair makes it sound.
struct Plant {
    name: &'static str,
    plant: fn(&Store, &mut Batch),
    table: &'static str,
    says: &'static str,
    mended: bool,
}

const fn found(
    name: &'static str,
    table: &'static str,
    says: &'static str,
    plant: fn(&Store, &mut Batch),
) -> Plant {
    Plant {
        name,
        plant,
        table,
        says,
        mended: false,
    }
}

const fn mended(
    name: &'static str,
    table: &'static str,
    says: &'static str,
    plant: fn(&Store, &mut Batch),
) -> Plant {
    Plant {
        name,
        plant,
        table,
        says,
        mended: true,
    }
}

const W: WorkspaceId = WORKSPACE;

fn conversation_key() -> ConversationKey {
    ConversationKey {
        workspace: W,
        conversation: CONVERSATION,
    }
}

fn label_row(store: &Store) -> ConversationByLabelKey {
    let conversation = store.get(&conversation_key()).expect("read").expect("there");
    let rows = store.label_rows(W, &conversation).expect("hashes");
    *rows.first().expect("it has a label")
}

fn message_key(n: u32) -> MessageKey {
    MessageKey {
        workspace: W,
        message: message_id(n),
    }
}

fn seal(store: &Store) -> Seal {
    store.contact_seal(W, CONTACT).expect("key")
}

fn by_contact(contact: ContactId) -> ConversationByContactKey {
    ConversationByContactKey {
        workspace: W,
        contact,
        channel: CHANNEL,
    }
}

fn provider_row(store: &Store, id: &str) -> MessageByProviderIdKey {
    MessageByProviderIdKey {
        workspace: W,
        channel: CHANNEL,
        provider_id: store.provider_id_hash(W, id).expect("hash"),
    }
}

fn accounts() -> Vec<Plant> {
    vec![
        mended(
            "e-mail row gone",
            "User",
            "cannot be found by e-mail",
            |store, batch| {
                batch.delete(&UserByEmailKey {
                    email: store.email_hash("ana@example.org"),
                });
            },
        ),
        mended(
            "e-mail row of nobody",
            "UserByEmail",
            "or is gone",
            |store, batch| {
                let email = store.email_hash("nobody@example.org");
                batch.put(&UserByEmailKey { email }, &(W, USER), &Seal::Open);
            },
        ),
        mended(
            "device of no session",
            "PushDevice",
            "session that has ended",
            |store, batch| {
                let key = PushDeviceKey {
                    session: SessionId([0x66; 16]),
                    ..push_device()
                };
                let seal = store.workspace_seal(W).expect("key");
                batch.put(&key, &Json("{}".into()), &seal);
            },
        ),
        found("user gone", "Session", "user is missing", |store, batch| {
            batch.delete(&UserKey {
                workspace: W,
                user: USER,
            });
            batch.delete(&UserByEmailKey {
                email: store.email_hash("ana@example.org"),
            });
        }),
        mended(
            "session not listed",
            "Session",
            "not in its user's list",
            |_, batch| {
                batch.delete(&SessionByUserKey {
                    workspace: W,
                    user: USER,
                    session: frontdesk::domain::SessionId([4; 16]),
                });
            },
        ),
        mended("listed session gone", "SessionByUser", "or gone", |_, batch| {
            batch.delete(&SessionKey { secret: [40; 32] });
        }),
        mended(
            "token not listed",
            "ApiToken",
            "not in its workspace's",
            |_, batch| {
                batch.delete(&TokenByWorkspaceKey {
                    workspace: W,
                    token: TokenId([5; 16]),
                });
            },
        ),
        mended("listed token gone", "TokenByWorkspace", "or gone", |_, batch| {
            batch.delete(&ApiTokenKey { secret: [50; 32] });
        }),
        found("workspace gone", "Channel", "workspace is missing", |_, batch| {
            batch.delete(&WorkspaceKey { workspace: W });
        }),
        found("setting is no JSON", "Setting", "no JSON", |_, batch| {
            let key = SettingKey {
                workspace: W,
                setting: 1,
            };
            batch.put(&key, &Json("{".into()), &Seal::Open);
        }),
        found("reader ahead", "Position", "ahead", |_, batch| {
            batch.put(&PositionKey { reader: 1 }, &1000, &Seal::Open);
        }),
    ]
}

fn people() -> Vec<Plant> {
    vec![
        mended(
            "identity row gone",
            "Contact",
            "by an identity",
            |store, batch| {
                let phone = frontdesk::domain::Identity::new(
                    frontdesk::domain::IdentityKind::WhatsappId,
                    "15550001111",
                );
                let identity = store.identity_hash(W, &phone).expect("hash");
                batch.delete(&ContactByIdentityKey {
                    workspace: W,
                    identity,
                });
            },
        ),
        mended(
            "identity of nobody",
            "ContactByIdentity",
            "is gone",
            |_, batch| {
                let key = ContactByIdentityKey {
                    workspace: W,
                    identity: [77; 16],
                };
                batch.put(&key, &ContactId([99; 16]), &Seal::Open);
            },
        ),
        found(
            "strange identity",
            "ContactByIdentity",
            "without that identity",
            |_, batch| {
                let key = ContactByIdentityKey {
                    workspace: W,
                    identity: [77; 16],
                };
                batch.put(&key, &CONTACT, &Seal::Open);
            },
        ),
        found(
            "contact gone",
            "Conversation",
            "contact is missing",
            |_, batch| {
                batch.delete(&ContactKey {
                    workspace: W,
                    contact: CONTACT,
                });
            },
        ),
        mended(
            "not in the list",
            "Conversation",
            "not in the list",
            |store, batch| {
                let conversation = store.get(&conversation_key()).expect("read").expect("there");
                batch.delete(&list_row(&conversation));
            },
        ),
        mended(
            "listed twice",
            "ConversationList",
            "stands elsewhere",
            |store, batch| {
                let conversation = store.get(&conversation_key()).expect("read").expect("there");
                let mut row = list_row(&conversation);
                row.status = ConversationStatus::Closed as u8;
                batch.put(&row, &(), &Seal::Open);
            },
        ),
        mended(
            "label row gone",
            "Conversation",
            "cannot be found by a label",
            |store, batch| {
                batch.delete(&label_row(store));
            },
        ),
        mended(
            "label row of another label",
            "ConversationByLabel",
            "finds by a label",
            |store, batch| {
                let mut row = label_row(store);
                row.label = store.label_hash(W, "other").expect("hash");
                batch.put(&row, &(), &Seal::Open);
            },
        ),
        mended(
            "label row under an old time",
            "ConversationByLabel",
            "stands elsewhere",
            |store, batch| {
                let mut row = label_row(store);
                row.activity = Newest(Timestamp(5));
                batch.put(&row, &(), &Seal::Open);
            },
        ),
        mended(
            "listed under an old time",
            "ConversationList",
            "stands elsewhere",
            |store, batch| {
                let conversation = store.get(&conversation_key()).expect("read").expect("there");
                let mut row = list_row(&conversation);
                row.activity = Newest(Timestamp(5));
                row.assignee = UserId([9; 16]);
                batch.put(&row, &(), &Seal::Open);
            },
        ),
        mended(
            "by contact gone",
            "Conversation",
            "be found by its contact",
            |_, batch| {
                batch.delete(&by_contact(CONTACT));
            },
        ),
        mended(
            "by another contact",
            "ConversationByContact",
            "or gone",
            |_, batch| {
                batch.put(&by_contact(ContactId([99; 16])), &CONVERSATION, &Seal::Open);
            },
        ),
        found(
            "contact names a stranger",
            "Contact",
            "another's or gone",
            |store, batch| {
                let key = ContactKey {
                    workspace: W,
                    contact: CONTACT,
                };
                let mut contact = store.get(&key).expect("read").expect("there");
                contact.conversations.push(ConversationId([98; 16]));
                batch.put(&key, &contact, &seal(store));
            },
        ),
    ]
}

fn lists() -> Vec<Plant> {
    vec![
        mended(
            "waiting row gone",
            "Conversation",
            "not among those who wait",
            |_, batch| {
                batch.delete(&waiting_key(AT));
            },
        ),
        mended(
            "waiting row elsewhere",
            "ConversationWaiting",
            "not since then",
            |_, batch| {
                batch.put(&waiting_key(AT.plus(1)), &(), &Seal::Open);
            },
        ),
        mended(
            "unread row gone",
            "Conversation",
            "not among the unread",
            |_, batch| {
                batch.delete(&unread_key(SECOND));
            },
        ),
        mended(
            "unread row of nothing",
            "ConversationUnread",
            "is read or stands elsewhere",
            |_, batch| {
                batch.put(&unread_key(ConversationId([0x77; 16])), &(), &Seal::Open);
            },
        ),
        mended(
            "mention row gone",
            "Message",
            "someone whom it mentions",
            |_, batch| {
                batch.delete(&mention_row());
            },
        ),
        mended(
            "mention row of another",
            "Mention",
            "does not mention them",
            |_, batch| {
                let user = UserId([0x66; 16]);
                batch.put(
                    &MentionKey {
                        user,
                        ..mention_row()
                    },
                    &(),
                    &Seal::Open,
                );
            },
        ),
        found(
            "view that is no JSON",
            "SavedView",
            "is no JSON",
            |store, batch| {
                let key = SavedViewKey {
                    workspace: W,
                    owner: USER,
                    view: [9; 16],
                };
                let seal = store.workspace_seal(W).expect("key");
                batch.put(&key, &Json("{".into()), &seal);
            },
        ),
    ]
}

fn waiting_key(since: Timestamp) -> ConversationWaitingKey {
    ConversationWaitingKey {
        workspace: W,
        assignee: UserId([0; 16]),
        since,
        conversation: SECOND,
    }
}

fn unread_key(conversation: ConversationId) -> ConversationUnreadKey {
    ConversationUnreadKey {
        workspace: W,
        assignee: UserId([0; 16]),
        activity: Newest(AT),
        conversation,
    }
}

fn messages() -> Vec<Plant> {
    vec![
        found(
            "message gone",
            "Conversation",
            "message 2 is missing",
            |_, batch| {
                batch.delete(&message_key(2));
            },
        ),
        found("message too many", "Conversation", "holds 5", |store, batch| {
            batch.put(
                &message_key(5),
                &message(5, MessageStatus::Received, None),
                &seal(store),
            );
        }),
        found(
            "last message gone",
            "Conversation",
            "last message is missing",
            |_, batch| {
                batch.delete(&message_key(4));
            },
        ),
        found(
            "last message differs",
            "Conversation",
            "not that message",
            |store, batch| {
                batch.put(
                    &message_key(4),
                    &message(4, MessageStatus::Sent, None),
                    &seal(store),
                );
            },
        ),
        found("wrong id", "Message", "holds another message", |store, batch| {
            batch.put(
                &message_key(1),
                &message(9, MessageStatus::Received, None),
                &seal(store),
            );
        }),
        mended("claim gone", "Message", "by the provider's id", |store, batch| {
            batch.delete(&provider_row(store, "wamid.1"));
        }),
        found(
            "claim of nothing",
            "MessageByProviderId",
            "is gone",
            |store, batch| {
                batch.put(&provider_row(store, "wamid.x"), &message_id(70), &Seal::Open);
            },
        ),
        found(
            "claim elsewhere",
            "MessageByProviderId",
            "another channel",
            |store, batch| {
                let mut row = provider_row(store, "wamid.1");
                row.channel = frontdesk::domain::ChannelId([66; 16]);
                batch.put(&row, &message_id(1), &Seal::Open);
            },
        ),
        found("not in the outbox", "Message", "not in the outbox", |_, batch| {
            batch.delete(&outbox_key(2));
        }),
        found("outbox of a sent one", "Outbox", "not queued", |store, batch| {
            batch.put(
                &message_key(2),
                &message(2, MessageStatus::Sent, None),
                &seal(store),
            );
        }),
        found(
            "letter of a sent one",
            "DeadLetter",
            "has not failed",
            |store, batch| {
                batch.put(
                    &message_key(3),
                    &message(3, MessageStatus::Sent, None),
                    &seal(store),
                );
            },
        ),
        found("letter of nothing", "DeadLetter", "is gone", |store, batch| {
            let key = |n| DeadLetterKey {
                workspace: W,
                message: message_id(n),
            };
            let mut letter = store.get(&key(3)).expect("read").expect("there");
            letter.message = message_id(70);
            batch.put(&key(70), &letter, &seal(store));
        }),
        found(
            "doubtful not listed",
            "Message",
            "among the doubtful",
            |_, batch| {
                batch.delete(&DoubtfulKey {
                    workspace: W,
                    message: message_id(4),
                });
            },
        ),
        found("listed not doubtful", "Doubtful", "not doubtful", |_, batch| {
            let key = DoubtfulKey {
                workspace: W,
                message: message_id(1),
            };
            batch.put(&key, &AT, &Seal::Open);
        }),
        found(
            "status of another",
            "EarlyStatus",
            "another message",
            |store, batch| {
                let early = store
                    .get(&early_key(store, "wamid.early"))
                    .expect("read")
                    .expect("there");
                batch.put(&early_key(store, "wamid.other"), &early, &seal(store));
            },
        ),
        mended(
            "a content of no channel",
            "MadeContent",
            "its channel is gone",
            |_, batch| {
                let key = MadeContentKey {
                    workspace: W,
                    channel: frontdesk::domain::ChannelId([66; 16]),
                    shape: [1; 16],
                };
                let row = Json("{\"name\":\"x\",\"id\":null,\"used_at\":0}".into());
                batch.put(&key, &row, &Seal::Open);
            },
        ),
        found("link in nothing", "Link", "is gone", |_, batch| {
            let key = LinkKey {
                code: *b"zyxwvu987654",
            };
            batch.put(&key, &(W, message_id(70)), &Seal::Open);
        }),
        found("key of nothing", "Idempotency", "is gone", |store, batch| {
            let mut record = store.get(&idempotency_key()).expect("read").expect("there");
            record.message = message_id(70);
            batch.put(&idempotency_key(), &record, &Seal::Open);
        }),
    ]
}

fn files() -> Vec<Plant> {
    vec![
        mended(
            "a file's name of nothing",
            "MediaByReference",
            "does not exist",
            |store, batch| {
                let reference = store.media_hash(W, "9").expect("hash");
                let key = MediaByReferenceKey {
                    workspace: W,
                    reference,
                };
                batch.put(&key, &MediaId([61; 16]), &Seal::Open);
            },
        ),
        mended("a job for nothing", "MediaJob", "does not exist", |_, batch| {
            let key = MediaJobKey {
                at: AT,
                workspace: W,
                media: MediaId([61; 16]),
            };
            batch.put(&key, &(), &Seal::Open);
        }),
        found(
            "a stored file without bytes",
            "Media",
            "do not agree",
            |store, batch| {
                let id = MediaId([62; 16]);
                let mut media = Media::pending(id, MediaKind::Image, AT);
                media.state = MediaState::Stored;
                let key = MediaKey {
                    workspace: W,
                    media: id,
                };
                batch.put(&key, &media, &seal(store));
            },
        ),
    ]
}

fn by_state(state: RawState, id: u64) -> RawByStateKey {
    RawByStateKey {
        workspace: W,
        state: state as u8,
        raw: RawEventId(id),
    }
}

fn deliveries() -> Vec<Plant> {
    vec![
        mended("parked unseen", "RawEvent", "not in that list", |_, batch| {
            batch.delete(&by_state(RawState::Parked, 3));
        }),
        mended("in another's list", "RawByState", "another state", |_, batch| {
            batch.put(&by_state(RawState::Parked, 2), &(), &Seal::Open);
        }),
        mended("parked but pending", "RawPending", "not pending", |_, batch| {
            batch.put(&pending_row(3), &(), &Seal::Open);
        }),
        mended("pending of nothing", "RawPending", "not pending", |_, batch| {
            batch.put(&pending_row(70), &(), &Seal::Open);
        }),
        found("pending bytes gone", "RawEvent", "bytes are gone", |_, batch| {
            batch.delete(&RawBlobKey { raw: RawEventId(1) });
        }),
        found("parked bytes gone", "RawEvent", "bytes are gone", |_, batch| {
            batch.delete(&RawBlobKey { raw: RawEventId(3) });
        }),
        found(
            "another's delivery",
            "RawEvent",
            "another delivery",
            |_, batch| {
                let key = RawEventKey {
                    workspace: W,
                    raw: RawEventId(2),
                };
                batch.put(&key, &raw_event(9, RawState::Pending), &Seal::Open);
            },
        ),
        found("another's notice", "Notice", "another notice", |store, batch| {
            let key = |notice| NoticeKey { workspace: W, notice };
            let notice = store.get(&key(1)).expect("read").expect("there");
            batch.put(&key(2), &notice, &Seal::Open);
        }),
        mended(
            "a notice that is gone",
            "NoticeSeen",
            "notice is missing",
            |_, batch| {
                let hash = [36; 16];
                batch.put(&NoticeSeenKey { workspace: W, hash }, &99, &Seal::Open);
            },
        ),
        found("another's alert", "Alert", "another alert", |store, batch| {
            let key = |alert| AlertKey { workspace: W, alert };
            let alert = store.get(&key(1)).expect("read").expect("there");
            batch.put(&key(2), &alert, &Seal::Open);
        }),
    ]
}

#[test]
fn each_planted_fault_is_found_and_what_can_be_mended_is() {
    let all = [accounts(), people(), lists(), messages(), deliveries(), files()];
    for plant in all.into_iter().flatten() {
        let place = Place::new();
        let store = place.open("data");
        fill(&store);
        let mut batch = Batch::new();
        (plant.plant)(&store, &mut batch);
        commit(&store, batch);
        let report = look(&store);
        let told = report
            .problems
            .iter()
            .any(|problem| problem.table == plant.table && problem.what.contains(plant.says));
        assert!(told, "{}: {:#?}", plant.name, report.problems);
        let repaired = verify(&store, Options { repair: true }).expect("the store can be read");
        assert_eq!(repaired.is_sound(), plant.mended, "{}: {repaired:#?}", plant.name);
        assert_eq!(look(&store).is_sound(), plant.mended, "{}", plant.name);
    }
}

#[test]
fn an_erased_person_is_counted_and_not_a_problem() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    let mut batch = Batch::new();
    assert!(
        store
            .destroy_contact_key(W, CONTACT, &mut batch)
            .expect("key row")
    );
    commit(&store, batch);
    let report = look(&store);
    // The contact, the conversation, four messages, a letter, a status, a draft; and the key itself.
    assert!(report.erased >= 6, "{report:#?}");
}

#[test]
fn nothing_personal_is_in_a_report() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    let mut batch = Batch::new();
    for plant in [accounts(), people(), lists(), messages(), deliveries()]
        .into_iter()
        .flatten()
    {
        (plant.plant)(&store, &mut batch);
    }
    commit(&store, batch);
    let text = format!("{:?}", look(&store));
    for personal in ["ana@", "15550001111", "Ana", "wamid", "message 1\""] {
        assert!(!text.contains(personal), "{personal} stands in the report");
    }
}

struct Stopping<'a>(&'a std::sync::atomic::AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn writing_that_goes_on_is_not_taken_for_damage() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Also when an assertion fails: the scope waits for the writer.
        let _stopping = Stopping(&stop);
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                super::backup::say(&store);
            }
        });
        for _ in 0..10 {
            let report = look(&store);
            assert_eq!(report.problems, vec![]);
        }
    });
    assert!(look(&store).rows["Message"] > 4, "nothing was written meanwhile");
}
