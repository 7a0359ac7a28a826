//! `frontdesk verify`, `backup`, `restore` and `key`. All but `restore` ask the running program if there is one, and open
//! the store themselves if not.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::storage::backup::{self, EXTENSION, Restore as RestoreOptions, Until};
use crate::storage::{MasterKey, Store, StoreOptions};

use super::control::{Answer, Request, ask, carry_out};

/// Where the data lies.
#[derive(Args, Debug)]
struct Data {
    /// Directory that holds everything.
    #[arg(long, env = "FRONTDESK_DATA", value_name = "DIR")]
    data: PathBuf,
}

/// `frontdesk verify`.
#[derive(Args, Debug)]
pub(super) struct Verify {
    /// Directory that holds everything.
    #[arg(
        long,
        env = "FRONTDESK_DATA",
        value_name = "DIR",
        required_unless_present = "backup"
    )]
    data: Option<PathBuf>,
    /// Rebuild look-up rows from the records.
    #[arg(long)]
    repair: bool,
    /// Check this backup instead of the store.
    #[arg(long, value_name = "FILE", conflicts_with = "repair")]
    backup: Option<PathBuf>,
}

/// `frontdesk backup`.
#[derive(Args, Debug)]
pub(super) struct Backup {
    #[command(flatten)]
    data: Data,
    /// The file to make; without it one in the folder `backups` of the data directory.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Only what happened since this backup.
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
}

/// `frontdesk restore`.
#[derive(Args, Debug)]
pub(super) struct Restore {
    #[command(flatten)]
    data: Data,
    /// The master key that the appliance had when the backup was made.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Leave the key out of the new data directory (for one that systemd hands over).
    #[arg(long)]
    without_key: bool,
    /// Only up to this event.
    #[arg(long, value_name = "SEQ", conflicts_with = "until_time")]
    until_seq: Option<u64>,
    /// Only up to this time, e.g. 2026-11-20T23:30:00Z.
    #[arg(long, value_name = "TIME")]
    until_time: Option<String>,
    /// A data directory whose state is lost: take what happened since the backup from its journal.
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// A complete backup, then any that go on from it, in order.
    #[arg(required = true, value_name = "BACKUP")]
    backups: Vec<PathBuf>,
}

/// `frontdesk key`.
#[derive(Args, Debug)]
pub(super) struct Key {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Subcommand, Debug)]
enum KeyCommand {
    /// Puts a fresh master key in the place of the present one, which is kept under another name.
    Rotate {
        #[command(flatten)]
        data: Data,
    },
}

/// Works on the master key.
pub(super) fn key(options: &Key) -> anyhow::Result<()> {
    let KeyCommand::Rotate { data } = &options.command;
    show(&carry(&data.data, &Request::RotateKey)?, "the key is the old one")
}

/// Checks the store, or a backup.
pub(super) fn verify(options: &Verify) -> anyhow::Result<()> {
    match (&options.backup, &options.data) {
        (Some(file), _) => {
            let verified = backup::verify_backup(file).with_context(|| file.display().to_string())?;
            println!("{verified}");
            Ok(())
        }
        (None, Some(data)) => {
            let repair = options.repair;
            show(
                &carry(data, &Request::Verify { repair })?,
                "the store is not sound",
            )
        }
        (None, None) => bail!("name the data directory with --data"),
    }
}

/// Makes a backup.
pub(super) fn backup(options: &Backup) -> anyhow::Result<()> {
    let data = &options.data.data;
    let to = match &options.to {
        Some(to) => std::path::absolute(to)?,
        None => std::path::absolute(in_folder(data)?)?,
    };
    let since = options.since.as_ref().map(std::path::absolute).transpose()?;
    show(
        &carry(data, &Request::Backup { to, since })?,
        "there is no backup",
    )
}

fn in_folder(data: &Path) -> anyhow::Result<PathBuf> {
    if !data.is_dir() {
        bail!("{} is not there", data.display());
    }
    let folder = data.join("backups");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let now: String = Clock::System
        .now()
        .to_string()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    Ok(folder.join(format!("manual-{now}.{EXTENSION}")))
}

/// By the running program, or with the store opened here.
fn carry(data: &Path, request: &Request) -> anyhow::Result<Answer> {
    if let Some(answer) = ask(data, request)? {
        return Ok(answer);
    }
    if !data.join("store").is_dir() && !data.join("journal").is_dir() {
        bail!("{} holds no data of Frontdesk", data.display());
    }
    let store = Store::open(StoreOptions {
        dir: data.to_owned(),
        master_key: MasterKey::load(data)?,
    })?;
    let answer = carry_out(&store, request, Clock::System);
    store.close();
    answer
}

fn show(answer: &Answer, otherwise: &str) -> anyhow::Result<()> {
    println!("{}", answer.text);
    match answer.ok {
        true => Ok(()),
        false => bail!("{otherwise}"),
    }
}

/// Makes a data directory of backups.
pub(super) fn restore(options: &Restore) -> anyhow::Result<()> {
    let until = match (options.until_seq, &options.until_time) {
        (Some(seq), _) => Until::Seq(seq),
        (None, Some(text)) => {
            let time = Timestamp::parse(text);
            Until::Time(time.context("--until-time: write it as 2026-11-20T23:30:00Z")?)
        }
        (None, None) => Until::End,
    };
    let restored = backup::restore(RestoreOptions {
        backups: &options.backups,
        dir: &options.data.data,
        master_key: MasterKey::from_file(&options.key).context("--key")?,
        write_key: !options.without_key,
        newer_journal: options.journal.as_deref(),
        until,
    })?;
    println!("{}", restored.report);
    println!(
        "restored {} rows up to event {} into {}",
        restored.rows,
        restored.last_seq,
        options.data.data.display()
    );
    Ok(())
}
