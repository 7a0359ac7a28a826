//! Hits, checked against the records and shown from them: what was erased or changed since is never shown as it was.

use jiff::tz::TimeZone;

use crate::actors::House;
use crate::channels::ProviderKind;
use crate::domain::phrases;
use crate::domain::{UserId, WorkspaceId};
use crate::http::views::Viewer;
use crate::http::{ApiError, ApiResult, Caller, ErrorCode};
use crate::storage::keys::{ContactKey, ConversationKey, MessageKey, UserKey, WorkspaceKey};
use crate::storage::search::{
    DocumentId, DocumentKind, Fragment, Hit, Names, Query, SearchError, SearchRequest, contact_text, snippet,
};
use crate::storage::{Prefix, StorageError, Store};

/// Most members of the team whose names `from:` may use.
const MAX_USERS: usize = 1_000;

/// A stretch of a snippet.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct FragmentView {
    text: String,
    /// It is what was looked for.
    hit: bool,
}

impl From<Fragment> for FragmentView {
    fn from(Fragment { text, hit }: Fragment) -> Self {
        Self { text, hit }
    }
}

/// The customer of a hit.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct HitContact {
    id: String,
    name: String,
}

/// Something that was found.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct HitView {
    /// `message`, `note` or `contact`.
    #[schema(schema_with = crate::http::words::hit)]
    kind: &'static str,
    id: String,
    /// The conversation of a message or note.
    #[schema(required)]
    conversation_id: Option<String>,
    contact: HitContact,
    /// The place in the text, in stretches.
    snippet: Vec<FragmentView>,
    created_at: String,
    /// How well it fits; only comparable within one answer.
    score: f32,
}

/// A page of hits.
pub(super) struct Found {
    pub items: Vec<HitView>,
    pub next_cursor: Option<String>,
    pub fuzzy: bool,
}

/// Searches. Blocks.
pub(super) fn find(
    house: &House,
    who: &Caller,
    question: &str,
    kinds: &[DocumentKind],
    limit: usize,
    cursor: Option<&str>,
) -> ApiResult<Found> {
    let (store, now) = (&house.core.store, house.core.clock.now());
    let query = Query::parse(question, &zone(store, who.workspace)?, now);
    if query.is_empty() {
        return match cursor {
            Some(_) => Err(search_error(SearchError::BadCursor)),
            None => Ok(Found {
                items: Vec::new(),
                next_cursor: None,
                fuzzy: false,
            }),
        };
    }
    let names = names(house, who.workspace, who.user)?;
    let accept = |hit: &Hit| is_fit(store, who.workspace, &query, &names, hit);
    let request = SearchRequest {
        query: &query,
        names: &names,
        kinds,
        conversation: None,
        limit,
        cursor,
        now,
        accept: &accept,
    };
    let page = house
        .core
        .search
        .search(who.workspace, &request)
        .map_err(search_error)?;
    let mut viewer = Viewer::new(store, who.workspace, now);
    let mut items = Vec::new();
    for hit in &page.hits {
        items.extend(view(store, &mut viewer, who.workspace, &query, hit)?);
    }
    Ok(Found {
        items,
        next_cursor: page.next_cursor,
        fuzzy: page.fuzzy,
    })
}

fn search_error(error: SearchError) -> ApiError {
    match error {
        SearchError::BadCursor => ApiError::new(
            ErrorCode::InvalidCursor,
            "This cursor is not one of this search. Leave it out to begin at the first page.",
        )
        .at("cursor"),
        error => {
            tracing::error!(%error, "a search failed");
            ApiError::new(ErrorCode::Unavailable, phrases::SEARCH_DOWN.text()).retry_after(10)
        }
    }
}

/// Dates in a question are meant in the workspace's time zone.
fn zone(store: &Store, workspace: WorkspaceId) -> Result<TimeZone, StorageError> {
    let record = store.get(&WorkspaceKey { workspace })?;
    let zone = record.and_then(|workspace| TimeZone::get(&workspace.timezone).ok());
    Ok(zone.unwrap_or(TimeZone::UTC))
}

fn names(house: &House, workspace: WorkspaceId, me: UserId) -> Result<Names, StorageError> {
    let prefix = Prefix::<UserKey>::table().with(workspace);
    let users = house.core.store.scan(&prefix, None, MAX_USERS)?;
    let channels = house.core.registry.list(workspace).into_iter();
    let kind = |kind| match kind {
        ProviderKind::WhatsappCloud | ProviderKind::Dialog360 => "whatsapp",
        ProviderKind::Instagram => "instagram",
        ProviderKind::Twilio => "twilio",
        ProviderKind::Sandbox | ProviderKind::SandboxInstagram | ProviderKind::SandboxSms => "sandbox",
    };
    Ok(Names {
        me: Some(me),
        users: users
            .into_iter()
            .map(|(key, user)| (key.user, user.name))
            .collect(),
        channels: channels
            .map(|entry| {
                (
                    entry.channel.id,
                    entry.channel.name.clone(),
                    kind(entry.kind).to_owned(),
                )
            })
            .collect(),
    })
}

/// Whether a hit's conversation is as the question wants it now.
fn is_fit(store: &Store, workspace: WorkspaceId, query: &Query, names: &Names, hit: &Hit) -> bool {
    if !query.asks_state() {
        return true;
    }
    let Some(conversation) = hit.conversation else {
        return false;
    };
    let key = ConversationKey {
        workspace,
        conversation,
    };
    match store.get(&key) {
        Ok(found) => found.is_some_and(|conversation| query.accepts(&conversation, names)),
        // What cannot be read cannot be shown either; the store has noted it.
        Err(_) => false,
    }
}

/// A hit from its record; nothing if that is gone.
fn view(
    store: &Store,
    viewer: &mut Viewer<'_>,
    workspace: WorkspaceId,
    query: &Query,
    hit: &Hit,
) -> ApiResult<Option<HitView>> {
    let (id, text) = match hit.id {
        DocumentId::Message(message) => {
            let found = readable(store.get(&MessageKey { workspace, message }))?;
            let Some(found) = found else { return Ok(None) };
            (message.to_string(), found.content.searchable_text())
        }
        DocumentId::Contact(contact) => {
            let found = readable(store.get(&ContactKey { workspace, contact }))?;
            let Some(found) = found else { return Ok(None) };
            (contact.to_string(), contact_text(&found))
        }
    };
    let contact = viewer.contact(hit.contact)?;
    let kind = match hit.kind {
        DocumentKind::Message => "message",
        DocumentKind::Note => "note",
        DocumentKind::Contact => "contact",
    };
    Ok(Some(HitView {
        kind,
        id,
        conversation_id: hit.conversation.map(|id| id.to_string()),
        contact: HitContact {
            id: contact.id,
            name: contact.name,
        },
        snippet: snippet(&text, query)
            .into_iter()
            .map(FragmentView::from)
            .collect(),
        created_at: hit.at.to_string(),
        score: hit.score,
    }))
}

/// Erased and damaged records are as good as gone.
fn readable<T>(read: Result<Option<T>, StorageError>) -> Result<Option<T>, StorageError> {
    match read {
        Err(StorageError::Erased | StorageError::Damaged { .. }) => Ok(None),
        read => read,
    }
}
