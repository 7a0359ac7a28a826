//! The tables by number and name.

/// Declares the tables, and their names for messages.
macro_rules! tables {
    ($($name:ident = $number:literal)*) => {
        /// The tables. Numbers are stored: never change or reuse them.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[repr(u8)]
        #[allow(missing_docs)] // the catalogue's table says what they are
        pub enum Table {
            $($name = $number,)*
        }

        /// The name of a stored key's table, for messages.
        pub(in crate::storage) fn table_name(key: &[u8]) -> &'static str {
            match key.first() {
                $(Some($number) => stringify!($name),)*
                Some(_) | None => "unknown",
            }
        }
    };
}

tables! {
    Meta = 1
    WrappedKey = 2
    ContactKey = 3
    Workspace = 4
    User = 5
    UserByEmail = 6
    Session = 7
    SessionByUser = 8
    ApiToken = 9
    TokenByWorkspace = 10
    Channel = 11
    Contact = 12
    ContactByIdentity = 13
    Conversation = 14
    ConversationByContact = 15
    ConversationList = 16
    Message = 17
    MessageByProviderId = 18
    EarlyStatus = 19
    Outbox = 20
    DeadLetter = 21
    Doubtful = 22
    RawEvent = 23
    RawByState = 24
    RawPending = 25
    RawBlob = 26
    Notice = 27
    Alert = 28
    Due = 29
    Idempotency = 30
    Draft = 31
    Position = 32
    Setting = 33
    Link = 34
    NoticeSeen = 35
    RawBundle = 50
    ConversationByLabel = 51
    Media = 60
    MediaByReference = 61
    MediaJob = 62
    Template = 70
    TemplateByName = 71
    TemplateChange = 72
    TemplateTally = 73
    TemplateUse = 74
    TemplateAccount = 75
    Consent = 80
    ChannelHealth = 81
    Usage = 82
    Billed = 83
    Reach = 84
    MessageByTime = 85
    UsageParts = 86
    ConversationWaiting = 90
    ConversationUnread = 91
    Mention = 92
    SavedView = 93
    Snippet = 94
    UserSetting = 95
    ContactMerge = 98
    PushDevice = 100
    MadeContent = 110
}
