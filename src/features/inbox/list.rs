//! The conversation list: newest activity first, over a merge of the list's rows by assignee and status, or by label and
//! status.

use std::collections::VecDeque;

use actix_web::get;
use actix_web::web::Json;

use super::{Machinery, viewer};
use crate::actors::House;
use crate::domain::{
    ChannelId, Conversation, ConversationId, ConversationStatus, Timestamp, UserId, WorkspaceId,
};
use crate::http::views::ConversationView;
use crate::http::{ApiError, ApiResult, Caller, Items, ListId, ListQuery, PageParams, endpoints};
use crate::storage::keys::{ConversationByLabelKey, ConversationKey, ConversationListKey, KeyPart, Newest};
use crate::storage::{Prefix, StorageError, Store};

endpoints!(list_conversations);

/// Nobody, in the list's key.
const NOBODY: UserId = UserId([0; 16]);
/// Most rows looked at for one page; a rarer match is found on the pages that follow.
const MAX_LOOK: usize = 5_000;
/// Most different assignees.
const MAX_ASSIGNEES: usize = 500;
const MAX_TEXT: usize = 200;
const BUFFER: usize = 32;

/// What to list.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// One or more of `open`, `pending`, `on_hold`, `snoozed`, `resolved`, `closed`, separated by commas.
    status: Option<String>,
    /// `me`, `none` or a user's id.
    assignee: Option<String>,
    /// A label.
    label: Option<String>,
    /// A channel's id.
    channel: Option<String>,
    /// Words in the contact's name, identities or the last message.
    q: Option<String>,
}

/// Lists conversations, newest activity first.
#[utoipa::path(tag = "inbox", params(Filter, PageParams), responses((status = 200, body = Items<ConversationView>)))]
#[get("/api/v1/conversations")]
pub(super) async fn list_conversations(
    house: Machinery,
    who: Caller,
    query: ListQuery<Filter>,
) -> ApiResult<Json<Items<ConversationView>>> {
    let wanted = Wanted::from_filter(&query.filter, &who)?;
    let list = wanted.list_id(&query.filter, who.workspace);
    let after = query
        .page
        .position(&list)?
        .map(|bytes| Place::read(&bytes))
        .transpose()?;
    let found = collect(&house, who.workspace, &wanted, after, query.page.limit)?;
    let next_cursor = found.next.map(|place| list.cursor(&place.write()));
    Ok(Json(Items {
        items: found.views,
        next_cursor,
    }))
}

/// The filter, read.
struct Wanted {
    statuses: Vec<ConversationStatus>,
    assignee: Option<UserId>,
    label: Option<String>,
    channel: Option<ChannelId>,
    text: Option<String>,
}

impl Wanted {
    fn from_filter(filter: &Filter, who: &Caller) -> ApiResult<Self> {
        let statuses = match filter.status.as_deref().filter(|text| !text.is_empty()) {
            None => ConversationStatus::ALL.to_vec(),
            Some(words) => words.split(',').map(status).collect::<ApiResult<Vec<_>>>()?,
        };
        let assignee = match filter.assignee.as_deref().filter(|text| !text.is_empty()) {
            None => None,
            Some("me") => Some(who.user),
            Some("none") => Some(NOBODY),
            Some(id) => Some(
                id.parse()
                    .map_err(|_| bad_query("assignee", "me, none or a user's id"))?,
            ),
        };
        let channel = match filter.channel.as_deref().filter(|text| !text.is_empty()) {
            None => None,
            Some(id) => Some(id.parse().map_err(|_| bad_query("channel", "a channel's id"))?),
        };
        let text = filter
            .q
            .as_deref()
            .map(|q| q.trim().to_lowercase())
            .filter(|q| !q.is_empty());
        if text.as_ref().is_some_and(|text| text.chars().count() > MAX_TEXT) {
            return Err(bad_query("q", "at most 200 characters"));
        }
        Ok(Self {
            statuses,
            assignee,
            label: filter.label.clone().filter(|l| !l.is_empty()),
            channel,
            text,
        })
    }

    fn list_id(&self, filter: &Filter, workspace: WorkspaceId) -> ListId {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let assignee = self.assignee.map(|user| user.to_string()).unwrap_or_default();
        [
            part(&filter.status),
            assignee,
            part(&filter.label),
            part(&filter.channel),
            part(&filter.q),
        ]
        .iter()
        .fold(ListId::new("conversations", workspace), |list, part| {
            list.with(part)
        })
    }

    /// Whether the record itself fits.
    fn fits(&self, conversation: &Conversation) -> bool {
        let channel = self.channel.is_none_or(|channel| channel == conversation.channel);
        let label = self
            .label
            .as_ref()
            .is_none_or(|label| conversation.labels.contains(label));
        let assignee = self
            .assignee
            .is_none_or(|assignee| assignee == conversation.assignee.unwrap_or(NOBODY));
        channel && label && assignee && self.statuses.contains(&conversation.status)
    }

    fn fits_text(&self, view: &ConversationView) -> bool {
        let Some(text) = &self.text else { return true };
        let has = |haystack: &str| haystack.to_lowercase().contains(text);
        let preview = view
            .last_message
            .as_ref()
            .map_or("", |last| last.preview.as_str());
        has(&view.contact.name)
            || has(preview)
            || view
                .contact
                .identities
                .iter()
                .any(|identity| has(&identity.value))
    }
}

fn status(word: &str) -> ApiResult<ConversationStatus> {
    ConversationStatus::parse(word.trim())
        .ok_or_else(|| bad_query("status", "open, pending, on_hold, snoozed, resolved or closed"))
}

fn bad_query(field: &'static str, allowed: &str) -> ApiError {
    ApiError::new(
        crate::http::ErrorCode::InvalidQuery,
        format!("{field} must be {allowed}."),
    )
    .at(field)
}

/// A place in the merged list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    activity: Timestamp,
    conversation: ConversationId,
}

impl Place {
    fn write(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(24);
        self.activity.write(&mut out);
        self.conversation.write(&mut out);
        out
    }

    fn read(mut bytes: &[u8]) -> ApiResult<Self> {
        let place = Timestamp::read(&mut bytes).zip(ConversationId::read(&mut bytes));
        let invalid = || {
            ApiError::new(
                crate::http::ErrorCode::InvalidCursor,
                "This cursor is not one of this list.",
            )
        };
        place
            .map(|(activity, conversation)| Self {
                activity,
                conversation,
            })
            .ok_or_else(invalid)
    }

    /// Newest first, then by id.
    fn order(self) -> (std::cmp::Reverse<Timestamp>, ConversationId) {
        (std::cmp::Reverse(self.activity), self.conversation)
    }
}

struct Found {
    views: Vec<ConversationView>,
    next: Option<Place>,
}

fn collect(
    house: &House,
    workspace: WorkspaceId,
    wanted: &Wanted,
    after: Option<Place>,
    limit: usize,
) -> ApiResult<Found> {
    let store = &house.core.store;
    let mut merge = Merge::new(store, workspace, sources(store, workspace, wanted)?, after);
    let mut viewer = viewer(house, workspace);
    let mut views = Vec::with_capacity(limit);
    let mut last = None;
    let mut looked = 0;
    while let Some(place) = merge.next()? {
        if views.len() == limit || looked == MAX_LOOK {
            return Ok(Found { views, next: last });
        }
        looked += 1;
        last = Some(place);
        let record = store.get(&ConversationKey {
            workspace,
            conversation: place.conversation,
        });
        let conversation = match record {
            Ok(Some(conversation)) if wanted.fits(&conversation) => conversation,
            Ok(_) | Err(StorageError::Erased) => continue,
            Err(error) => return Err(error.into()),
        };
        let view = viewer.conversation(&conversation)?;
        if wanted.fits_text(&view) {
            views.push(view);
        }
    }
    Ok(Found { views, next: None })
}

/// Rows that stand newest first.
#[derive(Clone, Copy)]
enum Source {
    /// Of one assignee and status.
    List { assignee: UserId, status: u8 },
    /// Of one label and status.
    Label { label: [u8; 16], status: u8 },
}

/// Which rows hold everything that is wanted: by label, for it is rarer, else by assignee.
fn sources(store: &Store, workspace: WorkspaceId, wanted: &Wanted) -> Result<Vec<Source>, StorageError> {
    let statuses = || wanted.statuses.iter().map(|status| *status as u8);
    if let Some(label) = &wanted.label {
        let label = store.label_hash(workspace, label)?;
        return Ok(statuses().map(|status| Source::Label { label, status }).collect());
    }
    let assignees = match wanted.assignee {
        Some(assignee) => vec![assignee],
        None => assignees(store, workspace)?,
    };
    let of = |assignee| statuses().map(move |status| Source::List { assignee, status });
    Ok(assignees.into_iter().flat_map(of).collect())
}

impl Source {
    /// The next places after one.
    fn page(
        self,
        store: &Store,
        workspace: WorkspaceId,
        after: Option<Place>,
    ) -> Result<Vec<Place>, StorageError> {
        let activity = |place: Place| Newest(place.activity);
        let place = |activity: Newest, conversation| Place {
            activity: activity.0,
            conversation,
        };
        match self {
            Self::List { assignee, status } => {
                let prefix = Prefix::<ConversationListKey>::table();
                let after = after.map(|place| ConversationListKey {
                    workspace,
                    assignee,
                    status,
                    activity: activity(place),
                    conversation: place.conversation,
                });
                let prefix = prefix.with(workspace).with(assignee).with(status);
                let keys = store.scan_keys(&prefix, after.as_ref(), BUFFER)?;
                Ok(keys
                    .iter()
                    .map(|key| place(key.activity, key.conversation))
                    .collect())
            }
            Self::Label { label, status } => {
                let prefix = Prefix::<ConversationByLabelKey>::table();
                let after = after.map(|place| ConversationByLabelKey {
                    workspace,
                    label,
                    status,
                    activity: activity(place),
                    conversation: place.conversation,
                });
                let prefix = prefix.with(workspace).with(label).with(status);
                let keys = store.scan_keys(&prefix, after.as_ref(), BUFFER)?;
                Ok(keys
                    .iter()
                    .map(|key| place(key.activity, key.conversation))
                    .collect())
            }
        }
    }
}

/// One source, read page by page.
struct Run {
    source: Source,
    after: Option<Place>,
    buffer: VecDeque<Place>,
    exhausted: bool,
}

/// All runs, merged.
struct Merge<'a> {
    store: &'a Store,
    workspace: WorkspaceId,
    runs: Vec<Run>,
}

impl<'a> Merge<'a> {
    fn new(store: &'a Store, workspace: WorkspaceId, sources: Vec<Source>, after: Option<Place>) -> Self {
        let run = |source| Run {
            source,
            after,
            buffer: VecDeque::new(),
            exhausted: false,
        };
        Self {
            store,
            workspace,
            runs: sources.into_iter().map(run).collect(),
        }
    }

    fn next(&mut self) -> Result<Option<Place>, StorageError> {
        for run in &mut self.runs {
            if run.buffer.is_empty() && !run.exhausted {
                let page = run.source.page(self.store, self.workspace, run.after)?;
                run.exhausted = page.len() < BUFFER;
                run.after = page.last().copied().or(run.after);
                run.buffer.extend(page);
            }
        }
        let head = |run: &Run| run.buffer.front().map(|place| place.order());
        let next = self
            .runs
            .iter_mut()
            .filter(|run| !run.buffer.is_empty())
            .min_by_key(|run| head(run));
        Ok(next.and_then(|run| run.buffer.pop_front()))
    }
}

/// Everyone who has conversations, by jumping from one to the next.
fn assignees(store: &Store, workspace: WorkspaceId) -> Result<Vec<UserId>, StorageError> {
    let prefix = Prefix::<ConversationListKey>::table().with(workspace);
    let mut all = Vec::new();
    let mut after: Option<ConversationListKey> = None;
    while all.len() < MAX_ASSIGNEES {
        let Some(key) = store.scan_keys(&prefix, after.as_ref(), 1)?.first().copied() else {
            break;
        };
        all.push(key.assignee);
        after = Some(ConversationListKey {
            status: u8::MAX,
            activity: Newest(Timestamp(i64::MIN)),
            conversation: ConversationId([0xff; 16]),
            ..key
        });
    }
    Ok(all)
}
