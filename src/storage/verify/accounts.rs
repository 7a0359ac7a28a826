//! Workspaces, users, sessions, tokens, channels, settings.

use crate::domain::account::{ApiToken, Session, User, Workspace};
use crate::domain::{Channel, UserId, WorkspaceId};
use crate::storage::error::StorageError;
use crate::storage::keys::{
    ApiTokenKey, ChannelKey, PositionKey, PushDeviceKey, SavedViewKey, SessionByUserKey, SessionKey,
    SettingKey, SnippetKey, TokenByWorkspaceKey, UserByEmailKey, UserKey, UserSettingKey, WorkspaceKey,
};
use crate::storage::records::Json;

use super::{Findings, Tables, Walk, dangling, missing};

pub(super) fn check(tables: &mut Tables<'_>) -> Result<(), StorageError> {
    tables.table::<WorkspaceKey>(workspace)?;
    tables.table::<UserKey>(user)?;
    tables.table::<UserByEmailKey>(user_by_email)?;
    tables.table::<SessionKey>(session)?;
    tables.table::<SessionByUserKey>(session_by_user)?;
    tables.table::<ApiTokenKey>(token)?;
    tables.table::<TokenByWorkspaceKey>(token_by_workspace)?;
    tables.table::<ChannelKey>(channel)?;
    tables.table::<SettingKey>(setting)?;
    tables.table::<UserSettingKey>(|_, _, value, out| readable(value, out))?;
    tables.table::<SavedViewKey>(|_, _, value, out| readable(value, out))?;
    tables.table::<SnippetKey>(|_, _, value, out| readable(value, out))?;
    tables.table::<PushDeviceKey>(push_device)?;
    tables.table::<PositionKey>(position)
}

type Checked = Result<(), StorageError>;

fn workspace(walk: &Walk<'_>, key: &WorkspaceKey, value: &Workspace, out: &mut Findings) -> Checked {
    out.unless(value.id == key.workspace, "holds another workspace");
    // The key must unwrap, or nothing of this workspace can be read.
    if let Err(error) = walk.store.workspace_seal(key.workspace) {
        out.add(format!("its data key cannot be used: {error}"));
    }
    Ok(())
}

fn user(walk: &Walk<'_>, key: &UserKey, value: &User, out: &mut Findings) -> Checked {
    let same = (value.id, value.workspace) == (key.user, key.workspace);
    out.unless(same, "holds another user");
    let workspace = WorkspaceKey {
        workspace: key.workspace,
    };
    out.unless(walk.store.contains(&workspace)?, "its workspace is missing");
    let index = UserByEmailKey {
        email: walk.store.email_hash(&value.email),
    };
    let here = (key.workspace, key.user);
    match walk.store.get(&index)? {
        None => out.mendable("cannot be found by e-mail address", missing(&index, &here)),
        Some(found) => out.unless(found == here, "its e-mail address finds another user"),
    }
    Ok(())
}

fn user_by_email(
    walk: &Walk<'_>,
    key: &UserByEmailKey,
    value: &(WorkspaceId, UserId),
    out: &mut Findings,
) -> Checked {
    let (workspace, user) = *value;
    let found = walk.store.get(&UserKey { workspace, user })?;
    let fits = found.is_some_and(|user| walk.store.email_hash(&user.email) == key.email);
    if !fits {
        out.mendable("finds a user who has another address or is gone", dangling(key));
    }
    Ok(())
}

fn session(walk: &Walk<'_>, key: &SessionKey, value: &Session, out: &mut Findings) -> Checked {
    let user = UserKey {
        workspace: value.workspace,
        user: value.user,
    };
    out.unless(walk.store.contains(&user)?, "its user is missing");
    let index = SessionByUserKey {
        workspace: value.workspace,
        user: value.user,
        session: value.id,
    };
    match walk.store.get(&index)? {
        None => out.mendable("is not in its user's list", missing(&index, &key.secret)),
        Some(found) => out.unless(found == key.secret, "its user's list has another secret for it"),
    }
    Ok(())
}

fn session_by_user(walk: &Walk<'_>, key: &SessionByUserKey, value: &[u8; 32], out: &mut Findings) -> Checked {
    let found = walk.store.get(&SessionKey { secret: *value })?;
    let fits = found.is_some_and(|session| {
        (session.workspace, session.user, session.id) == (key.workspace, key.user, key.session)
    });
    if !fits {
        out.mendable("lists a session that is another's or gone", dangling(key));
    }
    Ok(())
}

fn token(walk: &Walk<'_>, key: &ApiTokenKey, value: &ApiToken, out: &mut Findings) -> Checked {
    let user = UserKey {
        workspace: value.workspace,
        user: value.user,
    };
    out.unless(walk.store.contains(&user)?, "its user is missing");
    let index = TokenByWorkspaceKey {
        workspace: value.workspace,
        token: value.id,
    };
    match walk.store.get(&index)? {
        None => out.mendable("is not in its workspace's list", missing(&index, &key.secret)),
        Some(found) => out.unless(
            found == key.secret,
            "its workspace's list has another secret for it",
        ),
    }
    Ok(())
}

fn token_by_workspace(
    walk: &Walk<'_>,
    key: &TokenByWorkspaceKey,
    value: &[u8; 32],
    out: &mut Findings,
) -> Checked {
    let found = walk.store.get(&ApiTokenKey { secret: *value })?;
    let fits = found.is_some_and(|token| (token.workspace, token.id) == (key.workspace, key.token));
    if !fits {
        out.mendable("lists a token that is another's or gone", dangling(key));
    }
    Ok(())
}

fn channel(walk: &Walk<'_>, key: &ChannelKey, value: &Channel, out: &mut Findings) -> Checked {
    out.unless(value.id == key.channel, "holds another channel");
    let workspace = WorkspaceKey {
        workspace: key.workspace,
    };
    out.unless(walk.store.contains(&workspace)?, "its workspace is missing");
    Ok(())
}

fn setting(_: &Walk<'_>, _: &SettingKey, value: &Json, out: &mut Findings) -> Checked {
    readable(value, out)
}

fn readable(value: &Json, out: &mut Findings) -> Checked {
    let readable = serde_json::from_str::<serde::de::IgnoredAny>(&value.0).is_ok();
    out.unless(readable, "is no JSON");
    Ok(())
}

fn push_device(walk: &Walk<'_>, key: &PushDeviceKey, value: &Json, out: &mut Findings) -> Checked {
    readable(value, out)?;
    let PushDeviceKey {
        workspace,
        user,
        session,
    } = *key;
    let session = SessionByUserKey {
        workspace,
        user,
        session,
    };
    // Through to the session itself: a list row that leads nowhere is mended in the same pass.
    let holds = match walk.store.get(&session)? {
        Some(secret) => walk.store.contains(&SessionKey { secret })?,
        None => false,
    };
    if !holds {
        out.mendable("belongs to a session that has ended", dangling(key));
    }
    Ok(())
}

fn position(walk: &Walk<'_>, _: &PositionKey, value: &u64, out: &mut Findings) -> Checked {
    let last = *walk.store.watch_events().borrow();
    out.unless(*value <= last, "is ahead of the last event");
    Ok(())
}
