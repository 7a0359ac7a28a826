//! `frontdesk reindex`: builds the search index anew from the records. Only while the program is stopped; while it runs it
//! keeps the index itself.

use crate::actors::indexer::rebuild;
use crate::app::{open_search, open_store};
use crate::config::{Config, Options};

/// Carries it out.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let config = Config::load(options)?;
    let store = open_store(&config, None)?;
    let index = open_search(&config)?;
    let done = rebuild(&store, &index);
    store.close();
    done?;
    println!("{} documents can be searched.", index.documents());
    Ok(())
}
