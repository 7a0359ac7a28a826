//! The first owner of an empty store: made from the environment, or by the browser's set-up with a code.

use anyhow::Context;

use crate::actors::core::new_trace;
use crate::clock::Clock;
use crate::features::accounts::{self, NewPerson, NewWorkspace, PasswordHasher, PasswordRule, SetupGuard};
use crate::storage::Store;

/// Makes the first owner of an empty store, or gives the code that guards the set-up.
pub(super) async fn first_owner(
    store: &Store,
    hasher: &PasswordHasher,
    clock: Clock,
    owner: Option<NewWorkspace>,
) -> anyhow::Result<Option<(SetupGuard, String)>> {
    if accounts::is_set_up(store).context("the workspaces cannot be read")? {
        return Ok(None);
    }
    let Some(new) = owner else {
        return SetupGuard::generate()
            .map(Some)
            .map_err(|error| anyhow::anyhow!("{error}"));
    };
    accounts::create_workspace(
        store,
        hasher,
        new,
        PasswordRule::Operator,
        clock.now(),
        new_trace(),
    )
    .await
    .map_err(|error| anyhow::anyhow!("the first owner cannot be made: {error}"))?;
    Ok(None)
}

/// The owner that the environment asks for.
///
/// # Errors
/// Only one of the two variables is set.
pub fn owner_from_environment() -> anyhow::Result<Option<NewWorkspace>> {
    let read = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (read("FRONTDESK_OWNER_EMAIL"), read("FRONTDESK_OWNER_PASSWORD")) {
        (None, None) => Ok(None),
        (Some(email), Some(password)) => Ok(Some(NewWorkspace {
            name: "My business".into(),
            timezone: "UTC".into(),
            locale: "en".into(),
            demo: false,
            operator: true,
            owner: NewPerson {
                name: "Owner".into(),
                email,
                password,
            },
        })),
        _ => anyhow::bail!("set both FRONTDESK_OWNER_EMAIL and FRONTDESK_OWNER_PASSWORD, or neither"),
    }
}
