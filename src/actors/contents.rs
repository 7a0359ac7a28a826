//! Contents that a provider wants made before a message can name them: made once for each shape, remembered by channel, and
//! cleared away.
//!
//! Owns the rows that remember them. A row stands before the call that makes the content, and its id is committed before the
//! message goes out. So whatever is cut off, nothing is sent twice: without an id in the row no message left, and a content
//! whose answer was lost is found again by its name. Must not know what a content looks like.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::core::Core;
use super::registry::ChannelEntry;
use crate::channels::contents::{MadeContents, Shape};
use crate::channels::{ChannelAccess, Provider};
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};
use crate::domain::phrases;
use crate::domain::time::HOUR;
use crate::domain::{ChannelId, Content, Timestamp, WorkspaceId};
use crate::storage::keys::MadeContentKey;
use crate::storage::settings::{self, KeepError};
use crate::storage::{Batch, Prefix, Seal, StorageError};

/// Contents that a channel has made at the provider; from here on those that were not used for a while leave.
const MAX_CONTENTS: usize = 500;
/// More than this are not made: so many in so short a time are a mistake.
const MOST_CONTENTS: usize = 1_000;
/// For so long a content stays after its last use: what names it may still be on its way.
const REST: i64 = 2 * HOUR;
/// After so long without a use it leaves although there is room.
const LIFE: i64 = 30 * 24 * HOUR;
/// How exactly the last use is known.
const STEP: i64 = HOUR / 4;
/// Contents that leave when one is made.
const LEAVING: usize = 10;
/// How long a channel waits that has made too many.
const TOO_MANY_WAIT: Duration = Duration::from_secs(300);

/// What is remembered of a content.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
struct Row {
    /// Its name at the provider.
    name: String,
    /// Its id there; `None` while nobody knows whether it was made.
    id: Option<String>,
    /// When it was last used, in microseconds since 1970.
    used_at: i64,
    /// It was there and is gone: messages may have left that name it.
    #[serde(default)]
    lost: bool,
}

/// What those who send share.
#[derive(Default)]
pub struct ContentsDesk {
    making: Mutex<HashMap<ChannelId, Arc<tokio::sync::Mutex<()>>>>,
}

impl ContentsDesk {
    /// One content of a channel is made at a time: whoever needs the same finds it made.
    fn turn(&self, channel: ChannelId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.making.lock();
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        locks.entry(channel).or_default().clone()
    }
}

/// Puts what the provider knows a content by into a request. Nothing was sent if this fails. Answers the row of what was
/// made, if something was.
///
/// # Errors
/// What came of the attempt instead.
pub async fn prepare(
    core: &Core,
    provider: &dyn Provider,
    entry: &ChannelEntry,
    request: &mut SendRequest,
) -> Result<Option<MadeContentKey>, SendOutcome> {
    let Some(contents) = provider.made_contents() else {
        return Ok(None);
    };
    let shape = contents.shape(&entry.access, &request.content);
    let Some(shape) = shape.map_err(|error| refused(&error.to_string()))? else {
        return Ok(None);
    };
    let key = key_of(entry, &shape);
    let known = read(core, &key).map_err(unsent)?;
    let id = match known.as_ref().and_then(|row| row.id.clone()) {
        Some(id) => {
            touch(core, &key, known).await;
            id
        }
        None => make(core, contents, entry, &shape, &key).await?,
    };
    request.content = contents.naming(&id, shape);
    Ok(Some(key))
}

/// After a send: one that the provider refused because its content is gone is tried again with a new one.
pub async fn after(
    core: &Core,
    provider: &dyn Provider,
    made: Option<MadeContentKey>,
    outcome: SendOutcome,
) -> SendOutcome {
    match (provider.made_contents(), made, outcome) {
        (Some(contents), Some(key), SendOutcome::Refused(error)) if contents.is_gone(&error) => {
            if let Err(error) = lose(core, &key).await {
                tracing::warn!(channel = %key.channel, %error, "a content that is gone is still remembered");
            }
            SendOutcome::Refused(ProviderError {
                class: ErrorClass::Transient,
                ..error
            })
        }
        (_, _, outcome) => outcome,
    }
}

/// Whether something is made at the provider before a message can name it.
pub fn is_made_first(provider: &dyn Provider, entry: &ChannelEntry, content: &Content) -> bool {
    let contents = provider.made_contents();
    contents.is_some_and(|contents| matches!(contents.shape(&entry.access, content), Ok(Some(_))))
}

/// Whether a send that was cut off never began: making what it names had begun and not ended, which is written down before.
pub fn surely_unsent(core: &Core, provider: &dyn Provider, entry: &ChannelEntry, content: &Content) -> bool {
    let Some(contents) = provider.made_contents() else {
        return false;
    };
    let Ok(Some(shape)) = contents.shape(&entry.access, content) else {
        return false;
    };
    // Without a row nothing is sure: it may have been another one under other settings.
    matches!(read(core, &key_of(entry, &shape)), Ok(Some(row)) if row.id.is_none() && !row.lost)
}

/// Forgets what was made for a channel that was removed, and clears it away at the provider as far as that answers.
pub async fn clear(core: &Core, entry: &ChannelEntry) {
    let provider = core.provider(entry.kind);
    let contents = provider.and_then(|provider| provider.made_contents());
    let rows = match all(core, entry.workspace, entry.channel.id) {
        Ok(rows) => rows,
        Err(error) => {
            tracing::warn!(channel = %entry.channel.id, %error, "contents of a removed channel cannot be read");
            return;
        }
    };
    let mut answers = true;
    for (key, row) in rows {
        if let (Some(contents), Some(id), true) = (contents, &row.id, answers) {
            answers = unmake(core, contents, &entry.access, id).await;
        }
        if let Err(error) = forget(core, &key).await {
            tracing::warn!(channel = %entry.channel.id, %error, "a content of a removed channel is still remembered");
        }
    }
}

fn key_of(entry: &ChannelEntry, shape: &Shape) -> MadeContentKey {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(&shape.name);
    MadeContentKey {
        workspace: entry.workspace,
        channel: entry.channel.id,
        shape: std::array::from_fn(|at| digest[at]),
    }
}

fn read(core: &Core, key: &MadeContentKey) -> Result<Option<Row>, StorageError> {
    settings::read(&core.store, key)
}

async fn write(core: &Core, key: &MadeContentKey, row: &Row) -> Result<(), KeepError> {
    let mut batch = Batch::new();
    // Names and ids of the provider's; nobody's words.
    settings::write(&mut batch, key, row, &Seal::Open)?;
    core.store.commit(batch).await?;
    Ok(())
}

/// The content is not there any more: it must be made anew.
async fn lose(core: &Core, key: &MadeContentKey) -> Result<(), KeepError> {
    match read(core, key)? {
        Some(row) => {
            let lost = Row {
                id: None,
                lost: true,
                ..row
            };
            write(core, key, &lost).await
        }
        None => Ok(()),
    }
}

async fn forget(core: &Core, key: &MadeContentKey) -> Result<(), KeepError> {
    let mut batch = Batch::new();
    batch.delete(key);
    core.store.commit(batch).await?;
    Ok(())
}

fn all(
    core: &Core,
    workspace: WorkspaceId,
    channel: ChannelId,
) -> Result<Vec<(MadeContentKey, Row)>, StorageError> {
    let prefix = Prefix::<MadeContentKey>::table().with(workspace).with(channel);
    let rows = core.store.scan(&prefix, None, 2 * MOST_CONTENTS)?;
    rows.into_iter()
        .map(|(key, text)| Ok((key, settings::parse(&text.0)?)))
        .collect()
}

/// Notes the use of a content, not more exactly than needed. That it is not noted costs no more than making it anew.
async fn touch(core: &Core, key: &MadeContentKey, row: Option<Row>) {
    let now = core.clock.now();
    let Some(row) = row.filter(|row| now.since(Timestamp(row.used_at)) > STEP) else {
        return;
    };
    let used = Row {
        used_at: now.0,
        ..row
    };
    if let Err(error) = write(core, key, &used).await {
        tracing::warn!(channel = %key.channel, %error, "the use of a content was not noted");
    }
}

async fn make(
    core: &Core,
    contents: &dyn MadeContents,
    entry: &ChannelEntry,
    shape: &Shape,
    key: &MadeContentKey,
) -> Result<String, SendOutcome> {
    let lock = core.contents.turn(entry.channel.id);
    let _turn = lock.lock().await;
    let known = read(core, key).map_err(unsent)?;
    if let Some(id) = known.as_ref().and_then(|row| row.id.clone()) {
        return Ok(id);
    }
    let mut row = Row {
        name: shape.name.clone(),
        id: None,
        used_at: core.clock.now().0,
        lost: known.as_ref().is_some_and(|row| row.lost),
    };
    if known.is_none() {
        make_room(core, contents, entry).await?;
        write(core, key, &row).await.map_err(unsent)?;
    }
    let (http, access) = (&core.http, &entry.access);
    // Somebody began before: perhaps only the answer was lost.
    let found = match known {
        Some(_) => contents.find(http, access, &shape.name).await,
        None => Ok(None),
    };
    let id = match found {
        Ok(Some(id)) => Ok(id),
        Ok(None) => contents.make(http, access, shape).await,
        Err(error) => Err(error),
    };
    match id {
        Ok(id) => {
            row.id = Some(id.clone());
            write(core, key, &row).await.map_err(unsent)?;
            Ok(id)
        }
        Err(error) => Err(not_made(core, key, error).await),
    }
}

/// What a content that was not made means for the message. The row stays where nobody knows whether it was.
async fn not_made(core: &Core, key: &MadeContentKey, error: ProviderError) -> SendOutcome {
    if error.code == "no_answer" {
        return SendOutcome::NotSent(error.detail);
    }
    let surely_not = !matches!(error.class, ErrorClass::Transient);
    if let (true, Err(error)) = (surely_not, forget(core, key).await) {
        tracing::warn!(channel = %key.channel, %error, "a content that was refused is still remembered");
    }
    SendOutcome::Refused(error)
}

/// How many of the contents leave before another one is made; `used` says when each was last used, longest ago first.
fn leaving(used: &[i64], now: Timestamp) -> usize {
    let surplus = (used.len() + 1).saturating_sub(MAX_CONTENTS);
    let leaves = |(place, at): (usize, &i64)| {
        let unused = now.since(Timestamp(*at));
        unused > LIFE || (place < surplus && unused > REST)
    };
    let all = used.iter().enumerate().take(LEAVING);
    all.take_while(|one| leaves(*one)).count()
}

/// Lets contents go that nobody used for long, and more of them where there are many.
async fn make_room(
    core: &Core,
    contents: &dyn MadeContents,
    entry: &ChannelEntry,
) -> Result<(), SendOutcome> {
    let mut rows = all(core, entry.workspace, entry.channel.id).map_err(unsent)?;
    rows.sort_by_key(|(_, row)| row.used_at);
    let used: Vec<i64> = rows.iter().map(|(_, row)| row.used_at).collect();
    let (count, leaving) = (rows.len(), leaving(&used, core.clock.now()));
    let mut left = 0;
    for (key, row) in rows.iter().take(leaving) {
        let gone = match &row.id {
            Some(id) => unmake(core, contents, &entry.access, id).await,
            None => true,
        };
        if !gone {
            break;
        }
        forget(core, key).await.map_err(unsent)?;
        left += 1;
    }
    match count - left >= MOST_CONTENTS {
        true => Err(SendOutcome::Refused(ProviderError {
            class: ErrorClass::Throttle,
            code: "too_many_contents".into(),
            title: phrases::CONTENTS_TOO_MANY.text().into(),
            detail: phrases::CONTENTS_WHY.with(&[("count", &MOST_CONTENTS)]),
            retry_after: Some(TOO_MANY_WAIT),
        })),
        false => Ok(()),
    }
}

/// Takes a content away at the provider. Answers whether that is done.
async fn unmake(core: &Core, contents: &dyn MadeContents, access: &ChannelAccess, id: &str) -> bool {
    match contents.unmake(&core.http, access, id).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%id, code = %error.code, "a content that nobody needs is left at the provider");
            false
        }
    }
}

fn unsent(error: impl std::fmt::Display) -> SendOutcome {
    SendOutcome::NotSent(error.to_string())
}

fn refused(detail: &str) -> SendOutcome {
    SendOutcome::Refused(ProviderError {
        class: ErrorClass::Permanent,
        code: "invalid_content".into(),
        title: phrases::PROVIDER_WOULD_NOT.text().into(),
        detail: detail.to_owned(),
        retry_after: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_leaves_and_what_may_be_on_its_way_stays() {
        let now = Timestamp(100 * LIFE);
        let ago = |age: i64, count: usize| vec![now.0 - age; count];
        let table = [
            (Vec::new(), 0),
            (ago(LIFE, 5), 0),
            (ago(LIFE + 1, 5), 5),
            (ago(LIFE + 1, 50), LEAVING),
            (ago(REST + 1, MAX_CONTENTS - 1), 0),
            (ago(REST + 1, MAX_CONTENTS), 1),
            (ago(REST + 1, MAX_CONTENTS + 4), 5),
            (ago(REST, MAX_CONTENTS + 4), 0),
            ([ago(LIFE + 1, 2), ago(REST + 1, MAX_CONTENTS - 1)].concat(), 2),
            ([ago(REST + 1, 2), ago(REST, MAX_CONTENTS)].concat(), 2),
        ];
        for (used, expected) in table {
            assert_eq!(leaving(&used, now), expected, "{} contents", used.len());
        }
    }
}
