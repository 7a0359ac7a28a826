//! The store's own rows: versions, and whether every key can be unwrapped.

use crate::domain::{ContactId, WorkspaceId};
use crate::storage::error::StorageError;
use crate::storage::keys::{KeyPart as _, MetaKey, Table};

use super::{STRANGE_KEY, Tables, hex};

/// Length of a wrapped key's row's key: table and key id.
const WRAPPED_LEN: usize = 1 + 8;

type Checked = Result<(), StorageError>;

pub(super) fn check(tables: &mut Tables<'_>) -> Checked {
    tables.table::<MetaKey>(|_, _, _, _| Ok(()))?;
    tables.keys(Table::WrappedKey, |tables, key| {
        if key.len() != WRAPPED_LEN {
            tables.tell("WrappedKey", &hex(key), STRANGE_KEY.into(), None);
        }
        Ok(())
    })?;
    tables.keys(Table::ContactKey, owner)
}

/// An owner's key must unwrap. A workspace is the owner with the nil contact.
fn owner(tables: &mut Tables<'_>, key: &[u8]) -> Checked {
    let mut rest = &key[1..];
    let parts = (WorkspaceId::read(&mut rest), ContactId::read(&mut rest));
    let (Some(workspace), Some(contact), []) = (parts.0, parts.1, rest) else {
        tables.tell("ContactKey", &hex(key), STRANGE_KEY.into(), None);
        return Ok(());
    };
    let store = tables.walk.store;
    let seal = match contact {
        ContactId([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) => store.workspace_seal(workspace),
        contact => store.contact_seal(workspace, contact),
    };
    match seal {
        Ok(_) => {}
        Err(StorageError::Erased) => tables.report.erased += 1,
        Err(StorageError::Damaged { cause, .. }) => {
            let what = format!("its key cannot be used: {cause}");
            tables.tell("ContactKey", &format!("{workspace} {contact}"), what, None);
        }
        Err(other) => return Err(other),
    }
    Ok(())
}
