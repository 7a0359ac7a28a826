//! Fixed samples of every kind of record. A released sample is never changed; a new version brings its own.

use std::collections::BTreeMap;
use std::fmt::Debug;

use frontdesk::domain::account::{ApiToken, Preferences, Role, Session, User, Workspace};
use frontdesk::domain::billing::{self, Billed, Charge};
use frontdesk::domain::consent::{Consent, ConsentChange, ConsentSource, Permission};
use frontdesk::domain::conversation::LastMessage;
use frontdesk::domain::health::{self, ChannelHealth, Restricted, Restriction, Tier};
use frontdesk::domain::inbound::StatusUpdate;
use frontdesk::domain::marks::{
    Choice, CommentAct, CommentMarks, Deletion, Edit, Marks, Reaction, TrackedLink,
};
use frontdesk::domain::media::{Media, MediaKind, MediaState, ProviderUpload, StoredFile};
use frontdesk::domain::message::{ReplyContext, StatusTimes};
use frontdesk::domain::operations::{
    Alert, DeadLetter, Draft, DueWork, EarlyStatus, IdempotencyRecord, Notice, OutboxEntry, RawEvent,
    RawState,
};
use frontdesk::domain::outbound::ErrorClass;
use frontdesk::domain::template::taps::{ButtonFigure, Spot};
use frontdesk::domain::template::{
    self as templates, Account, CategoryChange, Change, ChangeKind, Definition, ParameterFormat, Performance,
    Roles, State, Template,
};
use frontdesk::domain::{
    Author, Channel, ChannelId, Contact, ContactId, Content, Conversation, ConversationId,
    ConversationStatus, Direction, Identity, IdentityKind, MediaId, Message, MessageError, MessageId,
    MessageStatus, Pricing, Priority, RawEventId, SessionId, TemplateId, Timestamp, TokenId, TraceId, UserId,
    WorkspaceId,
};
use frontdesk::storage::Record;
use frontdesk::storage::records::{CATALOGUE, Json};
use serde_json::json;

/// Reads bytes of a version and says whether they are the sample.
type Compare = Box<dyn Fn(u16, &[u8]) -> Result<bool, String>>;

/// One sample.
pub struct Case {
    pub kind: u16,
    pub version: u16,
    pub label: String,
    /// What today's encoder makes of it.
    pub encoded: Vec<u8>,
    pub compare: Compare,
}

impl Case {
    pub fn is_newest(&self) -> bool {
        let entry = CATALOGUE.iter().find(|entry| entry.kind == self.kind);
        entry.and_then(|entry| entry.versions.last()) == Some(&self.version)
    }
}

fn v1<R: Record + PartialEq + Debug + 'static>(label: &str, value: R) -> Case {
    of_version(1, label, value)
}

fn of_version<R: Record + PartialEq + Debug + 'static>(version: u16, label: &str, value: R) -> Case {
    Case {
        kind: R::KIND,
        version,
        label: label.to_owned(),
        encoded: value.encode(),
        compare: Box::new(move |version, bytes| {
            let read = R::decode(version, bytes).map_err(|error| error.to_string())?;
            Ok(read == value)
        }),
    }
}

/// Every sample.
pub fn cases() -> Vec<Case> {
    let parts = [
        simple(),
        media(),
        accounts(),
        directory(),
        messages(),
        operations(),
        due_work(),
        standing(),
        templates(),
    ];
    parts.into_iter().flatten().collect()
}

const AT: Timestamp = Timestamp(1_792_400_001_000_002);

fn workspace() -> WorkspaceId {
    WorkspaceId([1; 16])
}

fn message_id(n: u32) -> MessageId {
    MessageId {
        conversation: ConversationId([7; 16]),
        n,
    }
}

fn simple() -> Vec<Case> {
    vec![
        v1("unit", ()),
        v1("zero", 0u64),
        v1("large", u64::MAX),
        v1("now", AT),
        v1("before_1970", Timestamp(-1)),
        v1("hash", [0xab; 32]),
        v1("user", (workspace(), UserId([2; 16]))),
        v1("contact", ContactId([3; 16])),
        v1("conversation", ConversationId([7; 16])),
        v1("first", message_id(1)),
        v1("last", message_id(u32::MAX)),
        v1("of_a_workspace", (WorkspaceId([1; 16]), message_id(70_000))),
        v1("json", Json(r#"{"a":[1,"ü"]}"#.into())),
    ]
}

fn accounts() -> Vec<Case> {
    let user = User {
        id: UserId([2; 16]),
        workspace: workspace(),
        name: "Ana Müller".into(),
        email: "ana@example.org".into(),
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into(),
        role: Role::Owner,
        operator: true,
        preferences: Preferences {
            locale: "de".into(),
            theme: "dark".into(),
            density: "compact".into(),
            timezone: "Europe/Berlin".into(),
        },
        created_at: AT,
        failed_logins: 3,
        locked_until: Some(AT.plus(60_000_000)),
    };
    let agent = User {
        role: Role::Agent,
        operator: false,
        preferences: Preferences::default(),
        locked_until: None,
        ..user.clone()
    };
    let shop = Workspace {
        id: workspace(),
        name: "Bäckerei".into(),
        timezone: "Europe/Berlin".into(),
        locale: "de".into(),
        created_at: AT,
        demo: true,
    };
    let session = Session {
        id: SessionId([4; 16]),
        user: user.id,
        workspace: workspace(),
        created_at: AT,
        last_used_at: AT.plus(1),
        expires_at: AT.plus(2),
        user_agent: "Mozilla/5.0".into(),
    };
    let token = ApiToken {
        id: TokenId([5; 16]),
        name: "till".into(),
        user: user.id,
        workspace: workspace(),
        created_at: AT,
    };
    vec![
        v1("shop", shop),
        v1("owner", user),
        v1("agent", agent),
        v1("session", session),
        v1("token", token),
    ]
}

fn directory() -> Vec<Case> {
    let map = |entries: &[(&str, &str)]| -> BTreeMap<String, String> {
        entries
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    };
    let channel = Channel {
        id: ChannelId([6; 16]),
        provider: 1,
        name: "Shop".into(),
        settings: map(&[
            ("phone_number_id", "106540352242922"),
            ("waba_id", "102290129340398"),
        ]),
        secrets: map(&[("access_token", "EAAG"), ("app_secret", "s3cret")]),
        paused: true,
        blocked: Some("token expired".into()),
        created_at: AT,
        version: 4,
    };
    let kinds = (1..=6).filter_map(IdentityKind::from_u8);
    let contact = Contact {
        id: ContactId([3; 16]),
        name: "Ana".into(),
        profile_name: "ana 🌻".into(),
        identities: kinds.map(|kind| Identity::new(kind, "+15550001111")).collect(),
        conversations: vec![ConversationId([7; 16])],
        created_at: AT,
        version: 9,
    };
    let statuses = ConversationStatus::ALL.into_iter().map(|status| {
        let label = format!("empty_{}", status.as_str());
        let mut conversation = Conversation::begin(
            ConversationId([7; 16]),
            ChannelId([6; 16]),
            ContactId([3; 16]),
            AT,
        );
        conversation.status = status;
        [1, 2].map(|version| of_version(version, &label, conversation.clone()))
    });
    let mut cases = vec![
        v1("channel", channel),
        v1("contact", contact),
        // Snoozed: who waited was not kept, and is not guessed.
        v1(
            "full",
            Conversation {
                waiting_since: None,
                ..conversation()
            },
        ),
        of_version(2, "full", conversation()),
        of_version(
            3,
            "free_after_an_advertisement",
            Conversation {
                free_until: Some(AT.plus(72)),
                ..conversation()
            },
        ),
    ];
    cases.extend(statuses.flatten());
    cases
}

fn conversation() -> Conversation {
    Conversation {
        id: ConversationId([7; 16]),
        channel: ChannelId([6; 16]),
        contact: ContactId([3; 16]),
        status: ConversationStatus::Snoozed,
        assignee: Some(UserId([2; 16])),
        labels: vec!["cake".into(), "vip".into()],
        priority: Priority::Urgent,
        unread: 300,
        next_n: 70_000,
        window_expires_at: Some(AT.plus(1)),
        free_until: None,
        last_message: Some(LastMessage {
            id: message_id(69_999),
            direction: Direction::Inbound,
            kind: "image".into(),
            preview: "the oven".into(),
            status: MessageStatus::Received,
            at: AT,
        }),
        last_activity_at: AT,
        created_at: AT.plus(-5),
        snoozed_until: Some(AT.plus(7)),
        waiting_since: Some(AT.plus(-60)),
        version: 12,
    }
}

/// A customer's short text.
pub fn inbound_text() -> Message {
    Message {
        id: message_id(1),
        direction: Direction::Inbound,
        author: Author::Customer,
        content: Content::text("Are you open now?"),
        status: MessageStatus::Received,
        times: StatusTimes::default(),
        provider_message_id: Some("wamid.HBgLMTU1NTAwMDExMTEVAgASGBQzQTAyOEVFNTk2RTU5QkVBNjYA".into()),
        context: None,
        error: None,
        pricing: None,
        created_at: AT,
        provider_at: Some(Timestamp(1_792_400_000_000_000)),
        raw_event: Some(RawEventId(70_001)),
        trace: TraceId([9; 16]),
        extra: None,
        marks: Marks::default(),
    }
}

fn outbound(status: MessageStatus, author: Author) -> Message {
    Message {
        id: message_id(2),
        direction: Direction::Outbound,
        author,
        content: Content {
            kind: "image".into(),
            body: json!({"media_id": "1", "caption": "the oven"}),
        },
        status,
        times: StatusTimes {
            queued: Some(AT),
            accepted: Some(AT.plus(200_000)),
            sent: Some(Timestamp(1_792_400_001_000_000)),
            delivered: None,
            read: Some(AT.plus(90_000_000)),
            failed: Some(Timestamp(i64::MIN)),
        },
        provider_message_id: None,
        context: Some(ReplyContext {
            provider_message_id: "wamid.X".into(),
            message: Some(message_id(1)),
            forwarded: true,
        }),
        error: Some(error()),
        pricing: Some(pricing()),
        created_at: AT,
        provider_at: None,
        raw_event: None,
        trace: TraceId([9; 16]),
        extra: Some(json!({"referral": {"source_id": "12"}})),
        marks: Marks::default(),
    }
}

fn error() -> MessageError {
    MessageError {
        code: "131047".into(),
        title: "Re-engagement message".into(),
        detail: "More than 24 hours have passed".into(),
        advice: "Send a template.".into(),
    }
}

fn pricing() -> Pricing {
    Pricing {
        category: "service".into(),
        kind: "of_a_new_kind".into(),
        model: "PMP".into(),
        billable: Some(false),
        units: 1,
    }
}

fn messages() -> Vec<Case> {
    use MessageStatus as S;
    let authors = [
        (S::Queued, Author::User(UserId([2; 16]))),
        (S::Accepted, Author::Api),
        (S::Sent, Author::Bot),
        (S::Delivered, Author::System),
        (S::Read, Author::BusinessApp),
        (S::Failed, Author::Customer),
        (S::Doubtful, Author::Api),
    ];
    let mut note = inbound_text();
    note.direction = Direction::Outbound;
    note.content = Content::note("call her");
    let mut annotated = inbound_text();
    annotated.content.body = json!({"body": "hi", "preview_url": true});
    let mut hologram = inbound_text();
    hologram.content = Content {
        kind: "hologram".into(),
        body: json!(null),
    };
    let mut samples = vec![
        ("inbound_text", inbound_text()),
        ("note", note),
        ("text_with_more_than_a_body", annotated),
        ("unknown_kind", hologram),
    ];
    samples.extend(
        authors
            .into_iter()
            .map(|(status, author)| (status.as_str(), outbound(status, author))),
    );
    let first = samples.clone().into_iter();
    let mut cases: Vec<Case> = first.map(|(label, message)| v1(label, message)).collect();
    samples.push(("marked", marked()));
    cases.extend(
        samples
            .clone()
            .into_iter()
            .map(|(label, message)| of_version(2, label, message)),
    );
    let mut segments = outbound(S::Delivered, Author::Api);
    segments.pricing = Some(Pricing {
        units: 3,
        ..pricing()
    });
    samples.push(("three_segments", segments));
    cases.extend(
        samples
            .clone()
            .into_iter()
            .map(|(label, message)| of_version(3, label, message)),
    );
    samples.push(("managed_comment", managed_comment()));
    cases.extend(
        samples
            .into_iter()
            .map(|(label, message)| of_version(4, label, message)),
    );
    cases
}

/// A message of which everything was said that can be said.
fn marked() -> Message {
    let reaction = |by, direction, emoji: &str| Reaction {
        by,
        direction,
        emoji: emoji.into(),
        at: AT,
        message: message_id(7),
    };
    let link = |code: &str, clicked| TrackedLink {
        code: code.into(),
        url: "https://shop.example/spring".into(),
        button: "Look".into(),
        expires_at: AT.plus(90),
        clicks: 3,
        first_at: clicked,
        last_at: clicked,
    };
    Message {
        marks: Marks {
            reactions: vec![
                reaction(Author::Customer, Direction::Inbound, "👍"),
                reaction(Author::User(UserId([2; 16])), Direction::Outbound, "🙏"),
            ],
            edits: vec![Edit {
                content: Content::text("Are you opne?"),
                at: AT.plus(-3),
            }],
            deleted: Some(Deletion {
                by: Author::Customer,
                at: AT.plus(4),
            }),
            choices: vec![Choice {
                kind: "button".into(),
                id: "yes".into(),
                title: "Yes, please".into(),
                at: AT.plus(5),
                message: message_id(8),
            }],
            links: vec![link("abcDEF123456", Some(AT)), link("zyx", None)],
            comment: CommentMarks::default(),
        },
        ..inbound_text()
    }
}

/// A comment with which everything was done that can be done.
fn managed_comment() -> Message {
    let act = |by, n| CommentAct {
        by,
        at: AT.plus(i64::from(n)),
        message: message_id(n),
    };
    Message {
        content: Content {
            kind: "comment".into(),
            body: json!({"id": "17800000000000061", "text": "Price please", "on": "post"}),
        },
        marks: Marks {
            comment: CommentMarks {
                answered: Some(act(Author::User(UserId([2; 16])), 9)),
                hidden: Some(act(Author::Api, 10)),
                deleted: Some(act(Author::Bot, 11)),
            },
            ..Marks::default()
        },
        ..inbound_text()
    }
}

fn operations() -> Vec<Case> {
    let raw = |state, fetched| RawEvent {
        id: RawEventId(70_001),
        blob: RawEventId(70_000),
        channel: ChannelId([6; 16]),
        provider: 1,
        received_at: AT,
        state,
        error: Some("no such conversation".into()),
        attempts: 3,
        size: 1_234,
        trace: TraceId([9; 16]),
        fetched,
    };
    vec![
        early_status(1, None),
        early_status(2, Some(AT.plus(72))),
        v1(
            "active",
            OutboxEntry {
                message: message_id(2),
                channel: ChannelId([6; 16]),
                contact: ContactId([3; 16]),
                active: true,
                attempts: 2,
                due: AT,
                trace: TraceId([9; 16]),
            },
        ),
        v1(
            "dead",
            DeadLetter {
                message: message_id(2),
                channel: ChannelId([6; 16]),
                error: error(),
                attempts: 3,
                failed_at: AT,
            },
        ),
        v1("pending", raw(RawState::Pending, false)),
        v1("parked", raw(RawState::Parked, false)),
        v1("done", raw(RawState::Done, false)),
        of_version(2, "came", raw(RawState::Pending, false)),
        of_version(2, "fetched", raw(RawState::Parked, true)),
        v1(
            "notice",
            Notice {
                id: 8,
                channel: ChannelId([6; 16]),
                field: "account_update".into(),
                known: true,
                body: json!({"event": "VERIFIED_ACCOUNT"}),
                received_at: AT,
                raw_event: RawEventId(70_001),
            },
        ),
        v1(
            "alert",
            Alert {
                id: 8,
                kind: "disk_low".into(),
                subject: "data".into(),
                detail: "Free some space.".into(),
                raised_at: AT,
                cleared_at: Some(AT.plus(5)),
                acknowledged_by: Some(UserId([2; 16])),
            },
        ),
        v1(
            "idempotency",
            IdempotencyRecord {
                request_hash: [0xcd; 32],
                message: message_id(2),
                created_at: AT,
            },
        ),
        v1(
            "draft",
            Draft {
                reply: "Yes, until".into(),
                note: String::new(),
                extras: String::new(),
                updated_at: AT,
            },
        ),
        of_version(
            2,
            "draft with a quote",
            Draft {
                reply: "Yes, until".into(),
                note: String::new(),
                extras: r#"{"quote":"ms_1"}"#.into(),
                updated_at: AT,
            },
        ),
    ]
}

fn early_status(version: u16, free_until: Option<Timestamp>) -> Case {
    let update = |class: ErrorClass| StatusUpdate {
        provider_message_id: "wamid.X".into(),
        status: MessageStatus::Failed,
        at: Some(AT),
        callback: Some(message_id(2)),
        recipient: vec![Identity::new(IdentityKind::WhatsappId, "15550001111")],
        error: Some(error()),
        error_class: Some(class),
        pricing: Some(pricing()),
        free_until,
    };
    use ErrorClass as C;
    let classes = [
        C::Auth,
        C::Account,
        C::Throttle,
        C::ThrottlePair,
        C::Quality,
        C::Window,
        C::Recipient,
        C::RecipientCooldown,
        C::OptOut,
        C::Template,
        C::TemplatePaused,
        C::TemplateDead,
        C::Transient,
        C::Permanent,
        C::Config,
    ];
    of_version(
        version,
        "every_class",
        EarlyStatus {
            updates: classes.into_iter().map(update).collect(),
            received_at: AT,
        },
    )
}

fn due_work() -> Vec<Case> {
    vec![
        v1("unsnooze", DueWork::Unsnooze(ConversationId([7; 16]))),
        v1("forget_idempotency_key", DueWork::ForgetIdempotencyKey([8; 16])),
        v1("review_doubtful", DueWork::ReviewDoubtful(message_id(2))),
        v1("forget_raw_event", DueWork::ForgetRawEvent(RawEventId(70_001))),
        v1("end_session", DueWork::EndSession([0xab; 32])),
        v1(
            "forget_early_status",
            DueWork::ForgetEarlyStatus(ChannelId([6; 16]), [8; 16]),
        ),
        v1("forget_link", DueWork::ForgetLink(*b"abcDEF123456")),
    ]
}

fn standing() -> Vec<Case> {
    let change = ConsentChange {
        permission: Permission::Nothing,
        source: ConsentSource::Keyword,
        at: AT,
        proof: Some(message_id(4)),
        by: Some(UserId([9; 16])),
        note: "STOP".into(),
    };
    let consent = Consent {
        changes: vec![change],
        wrote_since: true,
        marketing_paused_until: Some(AT),
    };
    let restricted = Restricted {
        what: Restriction::BusinessInitiated,
        word: "RESTRICTED_BIZ_INITIATED_MESSAGING".into(),
        until: Some(AT),
    };
    let health = ChannelHealth {
        quality: health::Quality::Yellow,
        tier: Some(Tier::People(2_000)),
        high_throughput: true,
        restrictions: vec![restricted],
        stopped: Some("disabled".into()),
        warning: Some("soon".into()),
        display_name: "Kibanda".into(),
        name_decision: "APPROVED".into(),
        username: "kibanda".into(),
        updated_at: Some(AT),
    };
    let unlimited = ChannelHealth {
        tier: Some(Tier::Unlimited),
        ..ChannelHealth::default()
    };
    let billed = Billed {
        day: 20_778,
        channel: ChannelId([3; 16]),
        category: billing::Category::Marketing,
        country: *b"KE",
        charge: Charge::Regular,
        units: 1,
    };
    let text = Billed {
        category: billing::Category::Sms,
        units: 3,
        ..billed
    };
    vec![
        v1("stopped", consent),
        v1("nothing_said", Consent::default()),
        v1("everything", health),
        v1("unlimited", unlimited),
        v1("marketing", billed),
        of_version(2, "marketing", billed),
        of_version(2, "three_segments", text),
    ]
}

fn media() -> Vec<Case> {
    let pending = Media {
        contact: Some(ContactId([3; 16])),
        channel: Some(ChannelId([6; 16])),
        message: Some(message_id(2)),
        reference: Some("7001002003000001".into()),
        mime: "image/jpeg".into(),
        filename: Some("oven.jpg".into()),
        ..Media::pending(MediaId([9; 16]), MediaKind::Image, AT)
    };
    let file = |name: &str| StoredFile {
        name: name.into(),
        key: [7; 32],
        size: 81_920,
    };
    let stored = Media {
        state: MediaState::Stored,
        size: 81_920,
        sha256: Some([5; 32]),
        dimensions: Some((640, 480)),
        duration_ms: Some(7_000),
        file: Some(file("0909-01.m")),
        thumbnail: Some(file("0909-02.t")),
        uploads: vec![ProviderUpload {
            channel: ChannelId([6; 16]),
            reference: "501".into(),
            expires_at: AT,
        }],
        attempts: 2,
        stored_at: Some(AT),
        version: 3,
        ..pending.clone()
    };
    let mut cases = vec![v1("pending", pending.clone()), v1("stored", stored)];
    let states = [MediaState::Expired, MediaState::Missing, MediaState::Refused];
    let kinds = [MediaKind::Video, MediaKind::Audio, MediaKind::Document];
    for (label, (state, kind)) in ["expired", "missing", "refused"]
        .iter()
        .zip(states.into_iter().zip(kinds))
    {
        let mut gone = Media::pending(MediaId([9; 16]), kind, AT);
        gone.state = state;
        gone.reason = Some("It is gone.".into());
        cases.push(v1(label, gone));
    }
    cases.push(v1("media_id", MediaId([9; 16])));
    cases
}

fn definition() -> Definition {
    Definition {
        category: templates::Category::Marketing,
        format: ParameterFormat::Named,
        ttl_s: Some(86_400),
        components: vec![json!({"type": "BODY", "text": "Hi {{name}}, welcome.",
            "example": {"body_text_named_params": [{"param_name": "name", "example": "Ana"}]}})],
    }
}

fn template(state: State) -> Template {
    Template {
        id: TemplateId([11; 16]),
        account: "102290129340398".into(),
        channel: ChannelId([6; 16]),
        name: "welcome".into(),
        language: "en_US".into(),
        live: Some(definition()),
        draft: Some(Definition {
            ttl_s: None,
            ..definition()
        }),
        state,
        provider_id: Some("661000000000001".into()),
        reason: Some("INVALID_FORMAT".into()),
        reason_detail: Some("Choose another wording.".into()),
        quality: templates::Quality::Yellow,
        category_change: Some(CategoryChange {
            to: templates::Category::Utility,
            at: Some(AT),
        }),
        roles: Roles::of(&[Role::Agent]),
        owner: Some(UserId([2; 16])),
        approval_asked_by: Some(UserId([2; 16])),
        is_approved_inside: true,
        edits: vec![AT, AT.plus(1)],
        request_hash: [0xab; 32],
        created_at: AT,
        updated_at: AT.plus(1),
        submitted_at: Some(AT.plus(2)),
        version: 7,
        changes: 9,
    }
}

fn performance(buttons: Vec<ButtonFigure>) -> Performance {
    Performance {
        used: 8,
        sent: 7,
        delivered: 6,
        read: 5,
        replied: 4,
        clicked: 3,
        failed: 1,
        last_used_at: Some(AT),
        buttons,
    }
}

fn templates() -> Vec<Case> {
    let change = |kind: ChangeKind| {
        let change = Change {
            at: AT,
            user: Some(UserId([2; 16])),
            kind,
            state: State::Draft,
            definition: Some(definition()),
            note: "shorter".into(),
        };
        v1(kind.as_str(), change)
    };
    let figure = |card, place, label: &str| ButtonFigure {
        spot: Spot { card, place },
        label: label.into(),
        used: 2,
    };
    let figures = vec![figure(None, 1, "Yes"), figure(Some(9), 0, "المزيد")];
    let mut cases = vec![
        v1("template", TemplateId([11; 16])),
        v1("performance", performance(Vec::new())),
        of_version(2, "performance", performance(figures)),
        v1(
            "account",
            Account {
                account: "102290129340398".into(),
                synced_at: Some(AT),
                tried_at: AT.plus(1),
                error: Some("no answer".into()),
                count: 12,
            },
        ),
    ];
    cases.extend(
        State::ALL
            .iter()
            .map(|state| v1(state.as_str(), template(*state))),
    );
    cases.extend(ChangeKind::ALL.iter().map(|kind| change(*kind)));
    cases
}
