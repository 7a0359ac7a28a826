//! A small store in which every table holds something and everything agrees.

use std::path::{Path, PathBuf};

use frontdesk::domain::account::{ApiToken, Preferences, Role, Session, User, Workspace};
use frontdesk::domain::billing::Billed;
use frontdesk::domain::consent::Consent;
use frontdesk::domain::conversation::Conversation;
use frontdesk::domain::health::ChannelHealth;
use frontdesk::domain::inbound::StatusUpdate;
use frontdesk::domain::message::StatusTimes;
use frontdesk::domain::operations::{
    Alert, DeadLetter, Draft, DueWork, EarlyStatus, IdempotencyRecord, Notice, OutboxEntry, RawEvent,
    RawState, SendPriority,
};
use frontdesk::domain::template::{
    Account, Change, ChangeKind, Performance, Quality, Roles, State, Template,
};
use frontdesk::domain::{
    Author, Channel, ChannelId, Contact, ContactId, Content, ConversationId, Direction, EventKind, Identity,
    IdentityKind, Media, MediaId, MediaKind, Message, MessageError, MessageId, MessageStatus, Pricing,
    RawEventId, SessionId, TemplateId, Timestamp, TokenId, TraceId, UserId, WorkspaceId,
};
use frontdesk::storage::keys::{
    AlertKey, ApiTokenKey, BilledKey, ChannelHealthKey, ChannelKey, ConsentKey, ContactByIdentityKey,
    ContactKey, ContactMergeKey, ConversationByContactKey, ConversationKey, ConversationListKey,
    DeadLetterKey, DoubtfulKey, DraftKey, DueKey, EarlyStatusKey, IdempotencyKey, LinkKey, MadeContentKey,
    MediaByReferenceKey, MediaJobKey, MediaKey, MentionKey, MessageByProviderIdKey, MessageByTimeKey,
    MessageKey, Newest, NoticeKey, NoticeSeenKey, OutboxKey, PositionKey, PushDeviceKey, RawBlobKey,
    RawByStateKey, RawEventKey, RawPendingKey, ReachKey, SavedViewKey, SessionByUserKey, SessionKey,
    SettingKey, SnippetKey, TemplateAccountKey, TemplateByNameKey, TemplateChangeKey, TemplateKey,
    TemplateTallyKey, TemplateUseKey, TokenByWorkspaceKey, UsageKey, UserByEmailKey, UserKey, UserSettingKey,
    WorkspaceKey,
};
use frontdesk::storage::listing::{unread_row, waiting_row};
use frontdesk::storage::records::Json;
use frontdesk::storage::{Batch, MasterKey, Seal, Store, StoreOptions};

pub const AT: Timestamp = Timestamp(1_792_400_001_000_002);
pub const WORKSPACE: WorkspaceId = WorkspaceId([1; 16]);
pub const USER: UserId = UserId([2; 16]);
pub const CONTACT: ContactId = ContactId([3; 16]);
pub const CHANNEL: ChannelId = ChannelId([6; 16]);
pub const CONVERSATION: ConversationId = ConversationId([7; 16]);
pub const TRACE: TraceId = TraceId([9; 16]);

pub fn message_id(n: u32) -> MessageId {
    MessageId {
        conversation: CONVERSATION,
        n,
    }
}

/// A folder with a data directory and, apart from it, the master key.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let keys = folder.path().join("keys");
        MasterKey::generate()
            .expect("random bytes")
            .replace_file(&keys)
            .expect("key is written");
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn key(&self) -> MasterKey {
        MasterKey::load(&self.path("keys")).expect("the key was written")
    }

    pub fn open(&self, name: &str) -> Store {
        open(&self.path(name), self.key())
    }

    /// Everything in the folder beside the keys, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name != "keys")
            .collect();
        names.sort();
        names
    }
}

pub fn open(dir: &Path, master_key: MasterKey) -> Store {
    let dir = dir.to_owned();
    Store::open(StoreOptions { dir, master_key }).expect("the store opens")
}

pub fn commit(store: &Store, batch: Batch) -> u64 {
    store.commit_blocking(batch).expect("committed").seq
}

pub fn message(n: u32, status: MessageStatus, provider_id: Option<&str>) -> Message {
    let inbound = status == MessageStatus::Received;
    Message {
        id: message_id(n),
        direction: if inbound {
            Direction::Inbound
        } else {
            Direction::Outbound
        },
        author: if inbound {
            Author::Customer
        } else {
            Author::User(USER)
        },
        content: Content::text(&format!("message {n}")),
        status,
        times: StatusTimes::default(),
        provider_message_id: provider_id.map(Into::into),
        context: None,
        error: None,
        pricing: None,
        created_at: AT,
        provider_at: None,
        raw_event: None,
        trace: TRACE,
        extra: None,
        marks: frontdesk::domain::marks::Marks::default(),
    }
}

pub fn list_row(conversation: &Conversation) -> ConversationListKey {
    ConversationListKey {
        workspace: WORKSPACE,
        assignee: UserId([0; 16]),
        status: conversation.status as u8,
        activity: Newest(conversation.last_activity_at),
        conversation: conversation.id,
    }
}

/// Where the sample's user is mentioned.
pub fn mention_row() -> MentionKey {
    MentionKey {
        workspace: WORKSPACE,
        user: USER,
        at: Newest(AT),
        message: MessageId {
            conversation: SECOND,
            n: 1,
        },
    }
}

/// A conversation that waits and is unread, with a note that mentions the user. Nothing else touches it.
pub const SECOND: ConversationId = ConversationId([0x17; 16]);

fn second(store: &Store, batch: &mut Batch, seal: &Seal) {
    let channel = ChannelId([0x16; 16]);
    let mut conversation = Conversation::begin(SECOND, channel, CONTACT, AT);
    let mut note = message(1, MessageStatus::Received, None);
    note.id = conversation.take_next();
    note.direction = Direction::Outbound;
    note.author = Author::User(USER);
    note.content = Content::note_to("@Ana, look", &[USER]);
    conversation.note_last(&note);
    put_message(store, batch, &note, seal);
    batch.put(&mention_row(), &(), &Seal::Open);
    conversation.unread = 1;
    conversation.ask(AT, AT);
    put_conversation(batch, &conversation, seal);
    let index = ConversationByContactKey {
        workspace: WORKSPACE,
        contact: CONTACT,
        channel,
    };
    batch.put(&index, &SECOND, &Seal::Open);
}

/// Settings of a person and of the workspace that are JSON.
fn texts(batch: &mut Batch, seal: &Seal) {
    let text = Json("{\"version\":1,\"value\":1}".into());
    let (workspace, user, setting) = (WORKSPACE, USER, 1);
    let key = UserSettingKey {
        workspace,
        user,
        setting,
    };
    batch.put(&key, &text, seal);
    let key = SavedViewKey {
        workspace,
        owner: USER,
        view: [1; 16],
    };
    batch.put(&key, &text, seal);
    batch.put(
        &SnippetKey {
            workspace,
            snippet: [2; 16],
        },
        &text,
        seal,
    );
}

/// Fills an empty store.
pub fn fill(store: &Store) {
    let mut batch = Batch::new();
    let seal = store.create_workspace_keys(WORKSPACE, &mut batch);
    accounts(store, &mut batch, &seal);
    texts(&mut batch, &seal);
    commit(store, batch);
    let mut batch = Batch::new();
    let theirs = store
        .create_contact_key(WORKSPACE, CONTACT, &mut batch)
        .expect("key");
    people(store, &mut batch, &theirs);
    messages(store, &mut batch, &theirs);
    second(store, &mut batch, &theirs);
    operations(&mut batch, &seal);
    templates(store, &mut batch, &seal);
    awaited_file(store, &mut batch, &theirs);
    batch.event(WORKSPACE, AT, TRACE, EventKind::ConversationCreated(CONVERSATION));
    commit(store, batch);
}

fn accounts(store: &Store, batch: &mut Batch, seal: &Seal) {
    let workspace = Workspace {
        id: WORKSPACE,
        name: "Bakery".into(),
        timezone: "UTC".into(),
        locale: "en".into(),
        created_at: AT,
        demo: false,
    };
    batch.put(&WorkspaceKey { workspace: WORKSPACE }, &workspace, seal);
    let user = User {
        id: USER,
        workspace: WORKSPACE,
        name: "Ana".into(),
        email: "ana@example.org".into(),
        password_hash: "$argon2id$".into(),
        role: Role::Owner,
        operator: true,
        preferences: Preferences::default(),
        created_at: AT,
        failed_logins: 0,
        locked_until: None,
    };
    let key = UserKey {
        workspace: WORKSPACE,
        user: USER,
    };
    batch.put(&key, &user, seal);
    let email = store.email_hash(&user.email);
    batch.put(&UserByEmailKey { email }, &(WORKSPACE, USER), &Seal::Open);
    sessions(batch, seal);
    let channel = Channel {
        id: CHANNEL,
        provider: 1,
        name: "Shop".into(),
        settings: Default::default(),
        secrets: Default::default(),
        paused: false,
        blocked: None,
        created_at: AT,
        version: 1,
    };
    let key = ChannelKey {
        workspace: WORKSPACE,
        channel: CHANNEL,
    };
    batch.put(&key, &channel, seal);
}

/// Where the session's browser is told of news.
pub fn push_device() -> PushDeviceKey {
    PushDeviceKey {
        workspace: WORKSPACE,
        user: USER,
        session: SessionId([4; 16]),
    }
}

fn sessions(batch: &mut Batch, seal: &Seal) {
    let (session, token) = (SessionId([4; 16]), TokenId([5; 16]));
    let value = Session {
        id: session,
        user: USER,
        workspace: WORKSPACE,
        created_at: AT,
        last_used_at: AT,
        expires_at: AT,
        user_agent: "browser".into(),
    };
    batch.put(&SessionKey { secret: [40; 32] }, &value, seal);
    let row = SessionByUserKey {
        workspace: WORKSPACE,
        user: USER,
        session,
    };
    batch.put(&row, &[40; 32], &Seal::Open);
    batch.put(&push_device(), &Json("{}".into()), seal);
    let value = ApiToken {
        id: token,
        name: "till".into(),
        user: USER,
        workspace: WORKSPACE,
        created_at: AT,
    };
    batch.put(&ApiTokenKey { secret: [50; 32] }, &value, seal);
    let row = TokenByWorkspaceKey {
        workspace: WORKSPACE,
        token,
    };
    batch.put(&row, &[50; 32], &Seal::Open);
}

/// A customer's file that is still to be fetched.
fn awaited_file(store: &Store, batch: &mut Batch, seal: &Seal) {
    let id = MediaId([60; 16]);
    let key = MediaKey {
        workspace: WORKSPACE,
        media: id,
    };
    let media = Media {
        contact: Some(CONTACT),
        channel: Some(CHANNEL),
        reference: Some("7001".into()),
        ..Media::pending(id, MediaKind::Image, AT)
    };
    let reference = MediaByReferenceKey {
        workspace: WORKSPACE,
        reference: store.media_hash(WORKSPACE, "7001").expect("hash"),
    };
    let job = MediaJobKey {
        at: AT,
        workspace: WORKSPACE,
        media: id,
    };
    batch
        .put(&key, &media, seal)
        .put(&reference, &id, &Seal::Open)
        .put(&job, &(), &Seal::Open);
}

fn people(store: &Store, batch: &mut Batch, seal: &Seal) {
    let identity = Identity::new(IdentityKind::Phone, "+15550001111");
    let contact = Contact {
        id: CONTACT,
        name: "Ana".into(),
        profile_name: String::new(),
        identities: vec![identity.clone(), Identity::new(IdentityKind::Username, "ana")],
        conversations: vec![CONVERSATION],
        created_at: AT,
        version: 1,
    };
    let key = ContactKey {
        workspace: WORKSPACE,
        contact: CONTACT,
    };
    batch.put(&key, &contact, seal);
    let index = ContactByIdentityKey {
        workspace: WORKSPACE,
        identity: store.identity_hash(WORKSPACE, &identity).expect("hash"),
    };
    batch.put(&index, &CONTACT, &Seal::Open);
    let index = ConversationByContactKey {
        workspace: WORKSPACE,
        contact: CONTACT,
        channel: CHANNEL,
    };
    batch.put(&index, &CONVERSATION, &Seal::Open);
}

/// Writes the conversation with its list row.
pub fn put_conversation(batch: &mut Batch, conversation: &Conversation, seal: &Seal) {
    let key = ConversationKey {
        workspace: WORKSPACE,
        conversation: conversation.id,
    };
    batch.put(&key, conversation, seal);
    batch.put(&list_row(conversation), &(), &Seal::Open);
    if let Some(row) = waiting_row(WORKSPACE, conversation) {
        batch.put(&row, &(), &Seal::Open);
    }
    if let Some(row) = unread_row(WORKSPACE, conversation) {
        batch.put(&row, &(), &Seal::Open);
    }
}

/// Writes the rows that find a conversation by its labels.
pub fn put_labels(store: &Store, batch: &mut Batch, conversation: &Conversation) {
    for row in store.label_rows(WORKSPACE, conversation).expect("hashes") {
        batch.put(&row, &(), &Seal::Open);
    }
}

/// Writes a message with the row that finds it.
pub fn put_message(store: &Store, batch: &mut Batch, message: &Message, seal: &Seal) {
    let key = MessageKey {
        workspace: WORKSPACE,
        message: message.id,
    };
    batch.put(&key, message, seal);
    if let Some(id) = &message.provider_message_id {
        let index = MessageByProviderIdKey {
            workspace: WORKSPACE,
            channel: CHANNEL,
            provider_id: store.provider_id_hash(WORKSPACE, id).expect("hash"),
        };
        batch.put(&index, &message.id, &Seal::Open);
    }
}

/// A message's place in the bill, and the counter that counts it.
fn bill(batch: &mut Batch, message: &Message) {
    let billed = Billed::of(message, CHANNEL, *b"KE").expect("it has a price");
    let (workspace, message) = (WORKSPACE, message.id);
    batch.put(&BilledKey { workspace, message }, &billed, &Seal::Open);
    let counter = UsageKey::of(workspace, &billed);
    batch.put(&counter, &1, &Seal::Open);
    batch.put(&counter.parts(), &2, &Seal::Open);
}

/// How customer and channel stand, and the order of the first message by its time.
fn standing(batch: &mut Batch, seal: &Seal) {
    let (workspace, channel, contact) = (WORKSPACE, CHANNEL, CONTACT);
    let consent = ConsentKey {
        workspace,
        contact,
        channel,
    };
    let reach = ReachKey {
        workspace,
        channel,
        contact,
    };
    let first = MessageByTimeKey {
        workspace,
        conversation: CONVERSATION,
        at: AT,
        n: 1,
    };
    let merge = ContactMergeKey {
        workspace,
        contact,
        other: contact,
    };
    batch
        .put(&merge, &Json("{}".into()), seal)
        .put(&consent, &Consent::default(), seal)
        .put(
            &ChannelHealthKey { workspace, channel },
            &ChannelHealth::default(),
            seal,
        )
        .put(&reach, &AT, &Seal::Open)
        .put(
            &MadeContentKey {
                workspace,
                channel,
                shape: [7; 16],
            },
            &Json("{\"name\":\"frontdesk_07\",\"id\":null,\"used_at\":0}".into()),
            &Seal::Open,
        )
        .put(&first, &(), &Seal::Open);
}

fn messages(store: &Store, batch: &mut Batch, seal: &Seal) {
    use MessageStatus as S;
    let mut conversation = Conversation::begin(CONVERSATION, CHANNEL, CONTACT, AT);
    conversation.labels = vec!["wholesale".into()];
    let all = [
        (S::Received, Some("wamid.1")),
        (S::Queued, None),
        (S::Failed, None),
        (S::Doubtful, None),
    ];
    for (status, provider_id) in all {
        let mut message = message(conversation.take_next().n, status, provider_id);
        if status == S::Failed {
            message.pricing = Some(Pricing {
                category: "utility".into(),
                kind: "regular".into(),
                model: "PMP".into(),
                billable: Some(true),
                units: 3,
            });
            bill(batch, &message);
        }
        conversation.note_last(&message);
        put_message(store, batch, &message, seal);
    }
    standing(batch, seal);
    put_conversation(batch, &conversation, seal);
    put_labels(store, batch, &conversation);
    let link = LinkKey {
        code: *b"abcdefghijkl",
    };
    batch.put(&link, &(WORKSPACE, message_id(1)), &Seal::Open);
    let entry = OutboxEntry {
        message: message_id(2),
        channel: CHANNEL,
        contact: CONTACT,
        active: false,
        attempts: 0,
        due: AT,
        trace: TRACE,
    };
    batch.put(&outbox_key(2), &entry, &Seal::Open);
    let letter = DeadLetter {
        message: message_id(3),
        channel: CHANNEL,
        error: MessageError {
            code: "1".into(),
            title: String::new(),
            detail: String::new(),
            advice: String::new(),
        },
        attempts: 3,
        failed_at: AT,
    };
    let (workspace, message) = (WORKSPACE, message_id(3));
    batch.put(&DeadLetterKey { workspace, message }, &letter, seal);
    let (workspace, message) = (WORKSPACE, message_id(4));
    batch.put(&DoubtfulKey { workspace, message }, &AT, &Seal::Open);
    let early = EarlyStatus {
        updates: vec![StatusUpdate {
            provider_message_id: "wamid.early".into(),
            status: S::Delivered,
            at: None,
            callback: None,
            recipient: vec![],
            error: None,
            error_class: None,
            pricing: None,
            free_until: None,
        }],
        received_at: AT,
    };
    batch.put(&early_key(store, "wamid.early"), &early, seal);
    let record = IdempotencyRecord {
        request_hash: [1; 32],
        message: message_id(2),
        created_at: AT,
    };
    batch.put(&idempotency_key(), &record, &Seal::Open);
    let key = DraftKey {
        workspace: WORKSPACE,
        user: USER,
        conversation: CONVERSATION,
    };
    batch.put(&key, &Draft::default(), seal);
    let link = LinkKey {
        code: *b"abcDEF123456",
    };
    batch.put(&link, &(WORKSPACE, message_id(2)), &Seal::Open);
}

pub fn outbox_key(n: u32) -> OutboxKey {
    OutboxKey {
        workspace: WORKSPACE,
        channel: CHANNEL,
        priority: SendPriority::Reply as u8,
        due: AT,
        message: message_id(n),
    }
}

pub fn early_key(store: &Store, id: &str) -> EarlyStatusKey {
    EarlyStatusKey {
        workspace: WORKSPACE,
        channel: CHANNEL,
        provider_id: store.provider_id_hash(WORKSPACE, id).expect("hash"),
    }
}

pub fn idempotency_key() -> IdempotencyKey {
    IdempotencyKey {
        workspace: WORKSPACE,
        key: [8; 16],
    }
}

pub fn raw_event(id: u64, state: RawState) -> RawEvent {
    RawEvent {
        id: RawEventId(id),
        blob: RawEventId(id),
        channel: CHANNEL,
        provider: 1,
        received_at: AT,
        state,
        error: None,
        attempts: 0,
        size: 4,
        trace: TRACE,
        fetched: false,
    }
}

/// Writes a delivery and its bytes, with its row if it is parked.
pub fn put_raw(batch: &mut Batch, raw: &RawEvent, bytes: &[u8], seal: &Seal) {
    let (workspace, id) = (WORKSPACE, raw.id);
    batch.put(&RawEventKey { workspace, raw: id }, raw, seal);
    let row = RawByStateKey {
        workspace,
        state: raw.state as u8,
        raw: id,
    };
    if raw.state == RawState::Parked {
        batch.put(&row, &(), &Seal::Open);
    }
    batch.put_blob(&RawBlobKey { raw: raw.blob }, bytes, seal);
}

pub fn pending_row(id: u64) -> RawPendingKey {
    RawPendingKey {
        workspace: WORKSPACE,
        channel: CHANNEL,
        raw: RawEventId(id),
    }
}

fn operations(batch: &mut Batch, seal: &Seal) {
    put_raw(batch, &raw_event(1, RawState::Pending), b"{\"a\":1}", seal);
    batch.put(&pending_row(1), &(), &Seal::Open);
    put_raw(batch, &raw_event(2, RawState::Pending), b"{\"b\":2}", seal);
    put_raw(batch, &raw_event(3, RawState::Parked), b"{\"c\":3}", seal);
    let notice = Notice {
        id: 1,
        channel: CHANNEL,
        field: "account_update".into(),
        known: true,
        body: serde_json::json!({}),
        received_at: AT,
        raw_event: RawEventId(1),
    };
    let (workspace, notice_id) = (WORKSPACE, 1);
    batch.put(
        &NoticeKey {
            workspace,
            notice: notice_id,
        },
        &notice,
        seal,
    );
    let seen = NoticeSeenKey {
        workspace,
        hash: [35; 16],
    };
    batch.put(&seen, &notice_id, &Seal::Open);
    let alert = Alert {
        id: 1,
        kind: "disk_low".into(),
        subject: String::new(),
        detail: String::new(),
        raised_at: AT,
        cleared_at: None,
        acknowledged_by: None,
    };
    batch.put(&AlertKey { workspace, alert: 1 }, &alert, seal);
    let due = DueKey {
        at: AT,
        workspace,
        work: [1; 16],
    };
    batch.put(&due, &DueWork::Unsnooze(CONVERSATION), &Seal::Open);
    batch.put(&PositionKey { reader: 1 }, &0, &Seal::Open);
    let key = SettingKey {
        workspace,
        setting: 1,
    };
    batch.put(&key, &Json("{}".into()), seal);
}

fn templates(store: &Store, batch: &mut Batch, seal: &Seal) {
    let (workspace, id) = (WORKSPACE, TemplateId([11; 16]));
    let template = Template {
        id,
        account: "90001".into(),
        channel: CHANNEL,
        name: "welcome".into(),
        language: "en_US".into(),
        live: None,
        draft: None,
        state: State::Draft,
        provider_id: None,
        reason: None,
        reason_detail: None,
        quality: Quality::Yellow,
        category_change: None,
        roles: Roles::of(&[Role::Agent]),
        owner: Some(USER),
        approval_asked_by: None,
        is_approved_inside: false,
        edits: Vec::new(),
        request_hash: [0; 32],
        created_at: AT,
        updated_at: AT,
        submitted_at: None,
        version: 1,
        changes: 1,
    };
    let name = store.template_hash(workspace, &template.account, &template.name, &template.language);
    let account = store
        .template_account_hash(workspace, &template.account)
        .expect("hash");
    let change = Change {
        at: AT,
        user: Some(USER),
        kind: ChangeKind::Created,
        state: State::Draft,
        definition: None,
        note: String::new(),
    };
    let known = Account {
        account: template.account.clone(),
        synced_at: None,
        tried_at: AT,
        error: None,
        count: 1,
    };
    let by_name = TemplateByNameKey {
        workspace,
        name: name.expect("hash"),
    };
    let message = message_id(1);
    batch
        .put(
            &TemplateKey {
                workspace,
                template: id,
            },
            &template,
            seal,
        )
        .put(&by_name, &id, &Seal::Open)
        .put(
            &TemplateChangeKey {
                workspace,
                template: id,
                n: 1,
            },
            &change,
            seal,
        )
        .put(
            &TemplateTallyKey {
                workspace,
                template: id,
            },
            &Performance::default(),
            &Seal::Open,
        )
        .put(
            &TemplateUseKey {
                workspace,
                template: id,
                message,
            },
            &1,
            &Seal::Open,
        )
        .put(&TemplateAccountKey { workspace, account }, &known, seal);
}
