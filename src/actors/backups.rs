//! Backups of the running appliance: one at a time, on request and by a schedule.
//!
//! Owns the folder of backups, what is under way, and the schedule's row. How a backup is made, read back and pruned is
//! storage's business.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use crate::domain::phrases;
use crate::domain::{Timestamp, WorkspaceId};
use crate::storage::backup::{
    self, BackupError, EXTENSION, Every, Listed, Schedule, ScheduleError, Verified, list, make_scheduled,
    next_backup, note_verified, verify_backup,
};
use crate::storage::keys::SettingKey;
use crate::storage::settings::{self, number};
use crate::storage::{Batch, CommitError, Seal, StorageError};

use super::alerts::Alerts;
use super::core::Core;

/// The schedule's row: a setting of the whole appliance, so it stands under no workspace.
const SCHEDULE: SettingKey = SettingKey {
    workspace: WorkspaceId([0; 16]),
    setting: number::appliance::BACKUPS,
};
/// The longest sleep: bounds how late a clock that was set forward is noticed.
const MAX_SLEEP: Duration = Duration::from_secs(30);
/// Until the next try after one that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(600);
/// Most backups whose checks are remembered.
const MAX_CHECKED: usize = 1_000;
/// What a scheduled backup's name begins with.
const SCHEDULED: &str = "frontdesk-";

/// When backups are made.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// Whether they are.
    pub enabled: bool,
    /// Hour of the day, 0–23.
    pub hour: u8,
    /// Minute, 0–59.
    pub minute: u8,
    /// IANA time zone of hour and minute.
    pub timezone: String,
    /// How many to keep.
    pub keep: u32,
    /// The workspace whose people are told when one fails.
    pub workspace: Option<WorkspaceId>,
    /// When it was said.
    pub since: Timestamp,
}

impl Plan {
    fn schedule(&self) -> Schedule {
        let (hour, minute) = (self.hour, self.minute);
        Schedule {
            every: Every::Day { hour, minute },
            timezone: self.timezone.clone(),
            keep: self.keep,
        }
    }

    /// When the next one is due, after `last`.
    ///
    /// # Errors
    /// Names what cannot be.
    pub fn next_after(&self, last: Timestamp) -> Result<Timestamp, ScheduleError> {
        next_backup(last, &self.schedule())
    }
}

/// A backup that is being made, or was not made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// The name that it has, or was to have.
    pub name: String,
    /// When it began.
    pub began_at: Timestamp,
    /// Why it was not made; `None` while it is being made.
    pub error: Option<String>,
}

/// What checking a backup came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// When.
    pub at: Timestamp,
    /// What was found, or what is wrong.
    pub outcome: Result<Verified, String>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum BackupsError {
    /// One is being made, or checked, already.
    #[error("a backup is being made or checked already")]
    Busy,
    /// There is no backup of that name.
    #[error("no such backup")]
    NotFound,
    /// The folder cannot be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The schedule cannot be.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The store cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The schedule was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

#[derive(Default)]
struct State {
    attempt: Option<Attempt>,
    checking: bool,
    checked: HashMap<String, Checked>,
}

struct Inner {
    core: Arc<Core>,
    alerts: Alerts,
    folder: PathBuf,
    state: Mutex<State>,
    changed: Notify,
}

/// The backups. Cheap to clone.
#[derive(Clone)]
pub struct Backups(Arc<Inner>);

impl Backups {
    /// Over a folder, which is made when the first backup is.
    pub fn new(core: Arc<Core>, alerts: Alerts, folder: PathBuf) -> Self {
        Self(Arc::new(Inner {
            core,
            alerts,
            folder,
            state: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    /// The backups in the folder, newest name first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub async fn list(&self) -> Result<Vec<Listed>, BackupsError> {
        let folder = self.0.folder.clone();
        let mut found = aside(move || list(&folder)).await?;
        found.sort_by_key(|it| std::cmp::Reverse(it.header.as_ref().map(|header| header.created_at)));
        Ok(found)
    }

    /// The one that is being made, or the last that failed.
    pub fn attempt(&self) -> Option<Attempt> {
        self.0.state.lock().attempt.clone()
    }

    /// What the last check of a backup came to, since the start.
    pub fn checked(&self, name: &str) -> Option<Checked> {
        self.0.state.lock().checked.get(name).cloned()
    }

    /// The file of a backup in the folder.
    ///
    /// # Errors
    /// There is none of that name.
    pub async fn file(&self, name: &str) -> Result<PathBuf, BackupsError> {
        // Only a name that was listed: whatever else stands in `name` leads nowhere.
        let found = self.list().await?.into_iter().find(|it| it.name == name);
        found
            .map(|it| self.0.folder.join(it.name))
            .ok_or(BackupsError::NotFound)
    }

    /// Begins a backup; it is made in the background.
    ///
    /// # Errors
    /// One is being made already.
    pub fn begin(&self) -> Result<Attempt, BackupsError> {
        let now = self.0.core.clock.now();
        let compact: String = now
            .to_string()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let name = format!("manual-{compact}.{EXTENSION}");
        let attempt = self.claim(name, now)?;
        let (this, begun) = (self.clone(), attempt.clone());
        actix::spawn(async move {
            let (store, to) = (this.0.core.store.clone(), this.0.folder.join(&begun.name));
            let folder = this.0.folder.clone();
            let made = aside(move || {
                make_folder(&folder)?;
                let made = backup::export(&store, &to, now)?;
                note_verified(&store, &made.verified)
            });
            this.ended(begun, made.await);
        });
        Ok(attempt)
    }

    fn claim(&self, name: String, now: Timestamp) -> Result<Attempt, BackupsError> {
        let mut state = self.0.state.lock();
        if state.attempt.as_ref().is_some_and(|it| it.error.is_none()) {
            return Err(BackupsError::Busy);
        }
        let attempt = Attempt {
            name,
            began_at: now,
            error: None,
        };
        state.attempt = Some(attempt.clone());
        Ok(attempt)
    }

    fn ended(&self, attempt: Attempt, outcome: Result<(), BackupError>) {
        let failed = outcome.err().map(|error| {
            tracing::error!(%error, name = attempt.name, "a backup was not made");
            Attempt {
                error: Some(error.to_string()),
                ..attempt
            }
        });
        self.0.state.lock().attempt = failed;
    }

    /// Reads a backup from end to end.
    ///
    /// # Errors
    /// There is none of that name, or another one is being checked. A damaged one is no error: see what was found.
    pub async fn check(&self, name: &str) -> Result<Checked, BackupsError> {
        let path = self.file(name).await?;
        if std::mem::replace(&mut self.0.state.lock().checking, true) {
            return Err(BackupsError::Busy);
        }
        let _checking = Checking(self);
        let outcome = aside(move || verify_backup(&path)).await;
        let checked = Checked {
            at: self.0.core.clock.now(),
            outcome: outcome.map_err(|error| error.to_string()),
        };
        let known = &mut self.0.state.lock().checked;
        if known.len() >= MAX_CHECKED {
            known.clear();
        }
        known.insert(name.to_owned(), checked.clone());
        Ok(checked)
    }

    /// When backups are made; `None` until someone has said.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn plan(&self) -> Result<Option<Plan>, BackupsError> {
        Ok(settings::read(&self.0.core.store, &SCHEDULE)?)
    }

    /// Says when backups are made.
    ///
    /// # Errors
    /// Names what cannot be; then nothing has changed.
    pub async fn keep_plan(&self, plan: &Plan) -> Result<(), BackupsError> {
        plan.next_after(self.0.core.clock.now())?;
        let mut batch = Batch::new();
        settings::write(&mut batch, &SCHEDULE, plan, &Seal::Open)?;
        self.0.core.store.commit(batch).await?;
        self.0.changed.notify_one();
        Ok(())
    }

    /// Makes backups as they become due, until told to stop. One that fell due while the program was not running is made
    /// at the start.
    pub async fn run(self, token: CancellationToken) {
        loop {
            let wait = tokio::select! {
                () = token.cancelled() => return,
                wait = self.round() => wait,
            };
            tokio::select! {
                () = token.cancelled() => return,
                () = self.0.changed.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn round(&self) -> Duration {
        let due = match self.due().await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "it cannot be told when the next backup is due");
                self.0.core.board.error("backups", &error.to_string());
                return AFTER_FAILURE;
            }
        };
        let Some((plan, at)) = due else { return MAX_SLEEP };
        let now = self.0.core.clock.now();
        if at > now {
            return Duration::from_micros(at.since(now).unsigned_abs()).min(MAX_SLEEP);
        }
        match self.make(&plan, now).await {
            true => Duration::ZERO,
            false => AFTER_FAILURE,
        }
    }

    async fn due(&self) -> Result<Option<(Plan, Timestamp)>, BackupsError> {
        let Some(plan) = self.plan()?.filter(|plan| plan.enabled) else {
            return Ok(None);
        };
        let listed = self.list().await?;
        let scheduled = listed.iter().filter(|it| it.name.starts_with(SCHEDULED));
        let times = scheduled.filter_map(|it| it.header.as_ref().map(|header| Timestamp(header.created_at)));
        let last = times.max().unwrap_or(plan.since).max(plan.since);
        let at = plan.next_after(last)?;
        Ok(Some((plan, at)))
    }

    /// Makes the one that is due. Whether it was made.
    async fn make(&self, plan: &Plan, now: Timestamp) -> bool {
        let Ok(attempt) = self.claim(format!("{SCHEDULED}scheduled"), now) else {
            return false;
        };
        let (store, folder) = (self.0.core.store.clone(), self.0.folder.clone());
        let schedule = plan.schedule();
        let made = aside(move || make_scheduled(&store, &folder, &schedule, now)).await;
        let made = made.map(|made| {
            tracing::info!(file = %made.made.path.display(), pruned = made.pruned.len(), "a backup was made");
        });
        if let Some(workspace) = plan.workspace {
            match &made {
                Ok(()) => self.0.alerts.clear(workspace, "backup_failed", "").await,
                Err(error) => {
                    let detail = phrases::BACKUP_FAILED.with(&[("why", error)]);
                    self.0.alerts.raise(workspace, "backup_failed", "", &detail).await;
                }
            }
        }
        let is_made = made.is_ok();
        self.ended(attempt, made);
        is_made
    }
}

/// Ends the check that is under way, however it ends.
struct Checking<'a>(&'a Backups);

impl Drop for Checking<'_> {
    fn drop(&mut self) {
        self.0.0.state.lock().checking = false;
    }
}

fn make_folder(folder: &Path) -> Result<(), BackupError> {
    std::fs::create_dir_all(folder).map_err(|error| BackupError::Io {
        doing: "making the folder for backups",
        cause: error.to_string(),
    })
}

/// Does long work on a thread of its own, which a stop of the program does not wait for: what is half made is removed
/// before the next one.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let failed = |cause: String| BackupError::Io {
        doing: "working on backups",
        cause,
    };
    let (answer, answered) = oneshot::channel();
    std::thread::Builder::new()
        .name("backup".into())
        // If nobody waits any more, nobody needs the answer.
        .spawn(move || drop(answer.send(work())))
        .map_err(|error| failed(error.to_string()))?;
    let broken_off = |_| failed("broken off; see the log".to_owned());
    answered.await.map_err(broken_off)?
}
