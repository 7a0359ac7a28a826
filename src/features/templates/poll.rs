//! Reads every account's list from time to time: webhooks may be missing, or never have been set up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::errors::TemplateError;
use super::{store, sync};
use crate::actors::core::Core;
use crate::actors::registry::ChannelEntry;
use crate::actors::templates::account_of;
use crate::domain::template::{Account, State};
use crate::domain::time::{HOUR, SECOND};
use crate::domain::{Timestamp, WorkspaceId};
use crate::storage::keys::TemplateAccountKey;

/// How often it looks what is due.
const TICK: Duration = Duration::from_secs(30);
/// How old a list may become.
const EVERY: i64 = 6 * HOUR;
/// While something is in review.
const EVERY_IN_REVIEW: i64 = 10 * 60 * SECOND;
/// After a failure.
const EVERY_FAILED: i64 = 15 * 60 * SECOND;

/// Runs until told to stop.
pub(super) async fn run(core: Arc<Core>, token: CancellationToken) {
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(TICK) => {}
        }
        tokio::select! {
            () = token.cancelled() => return,
            result = round(&core) => if let Err(error) = result {
                tracing::warn!(%error, "templates' lists could not be looked after; it is tried again");
                core.board.error("template lists", &error.to_string());
            }
        }
    }
}

/// Reads the lists that are due, one after the other.
async fn round(core: &Core) -> Result<(), TemplateError> {
    let mut accounts: BTreeMap<(WorkspaceId, String), Arc<ChannelEntry>> = BTreeMap::new();
    for entry in core.registry.all() {
        if let Some(account) = account_of(core, &entry).filter(|_| entry.channel.blocked.is_none()) {
            accounts.entry((entry.workspace, account)).or_insert(entry);
        }
    }
    for ((workspace, account), entry) in accounts {
        let key = TemplateAccountKey {
            workspace,
            account: core.store.template_account_hash(workspace, &account)?,
        };
        let known = core.store.get(&key)?;
        let in_review = || -> Result<bool, TemplateError> {
            let all = store::all(core, workspace)?;
            Ok(all
                .iter()
                .any(|template| template.account == account && template.state == State::InReview))
        };
        if is_due(known.as_ref(), core.clock.now(), in_review)?
            && let Err(error) = sync::account(core, &entry, &account).await
        {
            tracing::warn!(%error, channel = %entry.channel.id, "the templates' list could not be read");
        }
    }
    Ok(())
}

fn is_due<E>(
    known: Option<&Account>,
    now: Timestamp,
    in_review: impl FnOnce() -> Result<bool, E>,
) -> Result<bool, E> {
    let Some(known) = known else { return Ok(true) };
    let age = now.since(known.tried_at);
    Ok(match () {
        () if age >= EVERY => true,
        () if known.error.is_some() => age >= EVERY_FAILED,
        () => age >= EVERY_IN_REVIEW && in_review()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_when_they_are_old_or_something_is_awaited() {
        let at = |age: i64, error: Option<&str>, in_review: bool| {
            let known = Account {
                account: "1".into(),
                synced_at: Some(Timestamp(0)),
                tried_at: Timestamp(0),
                error: error.map(str::to_owned),
                count: 3,
            };
            is_due::<()>(Some(&known), Timestamp(age), || Ok(in_review))
        };
        assert_eq!(is_due::<()>(None, Timestamp(0), || Ok(false)), Ok(true));
        let minute = 60 * SECOND;
        let table = [
            (minute, None, true, false),
            (10 * minute, None, true, true),
            (10 * minute, None, false, false),
            (10 * minute, Some("down"), true, false),
            (15 * minute, Some("down"), false, true),
            (6 * HOUR, None, false, true),
        ];
        for (age, error, in_review, expected) in table {
            assert_eq!(
                at(age, error, in_review),
                Ok(expected),
                "{age} {error:?} {in_review}"
            );
        }
    }
}
