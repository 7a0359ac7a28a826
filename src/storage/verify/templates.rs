//! Templates, their history and figures.

use crate::domain::TemplateId;
use crate::domain::template::{Account, Change, Performance, Template};
use crate::storage::error::StorageError;
use crate::storage::keys::{
    TemplateAccountKey, TemplateByNameKey, TemplateChangeKey, TemplateKey, TemplateTallyKey, TemplateUseKey,
};

use super::{Findings, Tables, Walk, dangling, missing};

pub(super) fn check(tables: &mut Tables<'_>) -> Result<(), StorageError> {
    tables.table::<TemplateKey>(template)?;
    tables.table::<TemplateByNameKey>(by_name)?;
    tables.table::<TemplateChangeKey>(change)?;
    tables.table::<TemplateTallyKey>(tally)?;
    tables.table::<TemplateUseKey>(used)?;
    tables.table::<TemplateAccountKey>(account)
}

type Checked = Result<(), StorageError>;

fn template(walk: &Walk<'_>, key: &TemplateKey, value: &Template, out: &mut Findings) -> Checked {
    out.unless(value.id == key.template, "holds another template");
    let name = walk
        .store
        .template_hash(key.workspace, &value.account, &value.name, &value.language)?;
    let index = TemplateByNameKey {
        workspace: key.workspace,
        name,
    };
    match walk.store.get(&index)? {
        None => out.mendable("cannot be found by name", missing(&index, &key.template)),
        Some(found) => out.unless(found == key.template, "its name finds another template"),
    }
    Ok(())
}

fn by_name(walk: &Walk<'_>, key: &TemplateByNameKey, value: &TemplateId, out: &mut Findings) -> Checked {
    let found = walk.store.get(&TemplateKey {
        workspace: key.workspace,
        template: *value,
    })?;
    let fits = match found {
        Some(found) => {
            walk.store
                .template_hash(key.workspace, &found.account, &found.name, &found.language)?
                == key.name
        }
        None => false,
    };
    if !fits {
        out.mendable("finds a template of another name or none", dangling(key));
    }
    Ok(())
}

fn change(walk: &Walk<'_>, key: &TemplateChangeKey, _: &Change, out: &mut Findings) -> Checked {
    belongs(
        walk,
        TemplateKey {
            workspace: key.workspace,
            template: key.template,
        },
        out,
    )
}

fn tally(walk: &Walk<'_>, key: &TemplateTallyKey, _: &Performance, out: &mut Findings) -> Checked {
    belongs(
        walk,
        TemplateKey {
            workspace: key.workspace,
            template: key.template,
        },
        out,
    )
}

fn used(walk: &Walk<'_>, key: &TemplateUseKey, _: &u64, out: &mut Findings) -> Checked {
    belongs(
        walk,
        TemplateKey {
            workspace: key.workspace,
            template: key.template,
        },
        out,
    )
}

fn belongs(walk: &Walk<'_>, key: TemplateKey, out: &mut Findings) -> Checked {
    out.unless(walk.store.contains(&key)?, "its template is missing");
    Ok(())
}

fn account(walk: &Walk<'_>, key: &TemplateAccountKey, value: &Account, out: &mut Findings) -> Checked {
    let hash = walk.store.template_account_hash(key.workspace, &value.account)?;
    out.unless(hash == key.account, "holds another account");
    Ok(())
}
