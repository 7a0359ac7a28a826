//! What needs attention, written down once per kind and subject, cleared when it no longer holds.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::domain::operations::Alert;
use crate::domain::phrases;
use crate::domain::{EventKind, UserId, Workspace, WorkspaceId};
use crate::storage::keys::AlertKey;
use crate::storage::{Batch, CommitError, Prefix, StorageError};

use super::core::{Core, new_trace};
use super::registry::all_workspaces;
use super::watchdog::operators;

/// Alerts looked through for an open one of the same kind and subject.
const RECENT: usize = 500;

/// The one writer of alerts. Cheap to clone.
#[derive(Clone)]
pub struct Alerts {
    core: Arc<Core>,
    writing: Arc<Mutex<()>>,
}

/// Why an alert could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// No such alert in this workspace.
    #[error("no such alert")]
    NotFound,
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The change was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// How bad something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Should be looked at.
    Warning,
    /// Something does not work.
    Critical,
}

impl Severity {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// How bad a kind of alert is, and what it is called.
pub fn words(kind: &str) -> (Severity, String) {
    use Severity::{Critical, Warning};
    let (severity, title) = match kind {
        "channel_blocked" => (Critical, phrases::ALERT_CHANNEL_BLOCKED.text()),
        "channel_quality" => (Warning, phrases::ALERT_CHANNEL_QUALITY.text()),
        "channel_restricted" => (Critical, phrases::ALERT_CHANNEL_RESTRICTED.text()),
        "account_warning" => (Warning, phrases::ALERT_ACCOUNT_WARNING.text()),
        "limit_near" => (Warning, phrases::ALERT_LIMIT_NEAR.text()),
        "budget" => (Warning, phrases::ALERT_BUDGET.text()),
        "channel_silent" => (Warning, phrases::ALERT_CHANNEL_SILENT.text()),
        "raw_events_parked" => (Warning, phrases::ALERT_RAW_EVENTS_PARKED.text()),
        "doubtful_send" => (Warning, phrases::ALERT_DOUBTFUL_SEND.text()),
        "webhook_signature" => (Warning, phrases::ALERT_WEBHOOK_SIGNATURE.text()),
        "webhook_backlog" => (Critical, phrases::ALERT_WEBHOOK_BACKLOG.text()),
        "send_errors" => (Warning, phrases::ALERT_SEND_ERRORS.text()),
        "queue_old" => (Warning, phrases::ALERT_QUEUE_OLD.text()),
        "backup_failed" => (Critical, phrases::ALERT_BACKUP_FAILED.text()),
        "disk_low" => (Critical, phrases::ALERT_DISK_LOW.text()),
        "read_only" => (Critical, phrases::ALERT_READ_ONLY.text()),
        "damaged_records" => (Critical, phrases::ALERT_DAMAGED_RECORDS.text()),
        "search_lag" => (Warning, phrases::ALERT_SEARCH_LAG.text()),
        "tls_certificate" => (Critical, phrases::ALERT_TLS_CERTIFICATE.text()),
        "token_expires" => (Critical, phrases::ALERT_TOKEN_EXPIRES.text()),
        "messages_missed" => (Warning, phrases::ALERT_MESSAGES_MISSED.text()),
        "test" => (Warning, phrases::ALERT_TEST.text()),
        other => return (Warning, other.replace('_', " ")),
    };
    (severity, title.to_owned())
}

impl Alerts {
    /// Over the store of `core`.
    pub fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            writing: Arc::default(),
        }
    }

    /// Raises an alert unless one of this kind and subject is open. A failure is logged: an alert must not bring down
    /// what it speaks of.
    pub async fn raise(&self, workspace: WorkspaceId, kind: &str, subject: &str, detail: &str) {
        metrics::counter!("frontdesk_alerts_total", "kind" => kind.to_owned()).increment(1);
        if let Err(error) = self.write_raised(workspace, kind, subject, detail).await {
            tracing::error!(kind, subject, %error, "an alert could not be written");
        }
    }

    /// Clears the open alert of this kind and subject, if there is one.
    pub async fn clear(&self, workspace: WorkspaceId, kind: &str, subject: &str) {
        if let Err(error) = self.write_cleared(workspace, kind, subject).await {
            tracing::error!(kind, subject, %error, "an alert could not be cleared");
        }
    }

    /// Raises an alert that concerns the appliance, for those who run it.
    pub async fn raise_for_operators(&self, kind: &str, detail: &str) {
        for workspace in self.operators(kind) {
            self.raise(workspace, kind, "", detail).await;
        }
    }

    /// Clears an alert that concerns the appliance.
    pub async fn clear_for_operators(&self, kind: &str) {
        for workspace in self.operators(kind) {
            self.clear(workspace, kind, "").await;
        }
    }

    fn operators(&self, kind: &str) -> Vec<WorkspaceId> {
        let all = all_workspaces(&self.core.store);
        let ids = |all: Vec<Workspace>| all.iter().map(|each| each.id).collect::<Vec<_>>();
        let found = all.map(ids).and_then(|all| operators(&self.core, &all));
        found.unwrap_or_else(|error| {
            tracing::error!(kind, %error, "whom an alert concerns could not be read");
            Vec::new()
        })
    }

    /// Notes that someone has seen it.
    ///
    /// # Errors
    /// No such alert, or the store refuses.
    pub async fn acknowledge(
        &self,
        workspace: WorkspaceId,
        alert: u64,
        user: UserId,
    ) -> Result<Alert, AlertError> {
        let _writing = self.writing.lock().await;
        let key = AlertKey { workspace, alert };
        let mut alert = self.core.store.get(&key)?.ok_or(AlertError::NotFound)?;
        alert.acknowledged_by = Some(user);
        self.put(workspace, &alert, EventKind::AlertRaised(alert.id))
            .await?;
        Ok(alert)
    }

    /// The newest alerts first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn recent(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<Alert>, StorageError> {
        let rows = self
            .core
            .store
            .scan_back(&Prefix::<AlertKey>::table().with(workspace), None, limit)?;
        Ok(rows.into_iter().map(|(_, alert)| alert).collect())
    }

    fn open(&self, workspace: WorkspaceId, kind: &str, subject: &str) -> Result<Option<Alert>, StorageError> {
        let recent = self.recent(workspace, RECENT)?;
        let is_it = |a: &Alert| a.cleared_at.is_none() && a.kind == kind && a.subject == subject;
        Ok(recent.into_iter().find(is_it))
    }

    async fn write_raised(
        &self,
        workspace: WorkspaceId,
        kind: &str,
        subject: &str,
        detail: &str,
    ) -> Result<(), AlertError> {
        let _writing = self.writing.lock().await;
        if self.open(workspace, kind, subject)?.is_some() {
            return Ok(());
        }
        tracing::warn!(kind, subject, detail, "alert");
        let alert = Alert {
            id: self.recent(workspace, 1)?.first().map_or(1, |last| last.id + 1),
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            raised_at: self.core.clock.now(),
            cleared_at: None,
            acknowledged_by: None,
        };
        self.put(workspace, &alert, EventKind::AlertRaised(alert.id))
            .await
    }

    async fn write_cleared(
        &self,
        workspace: WorkspaceId,
        kind: &str,
        subject: &str,
    ) -> Result<(), AlertError> {
        let _writing = self.writing.lock().await;
        let Some(mut alert) = self.open(workspace, kind, subject)? else {
            return Ok(());
        };
        alert.cleared_at = Some(self.core.clock.now());
        self.put(workspace, &alert, EventKind::AlertCleared(alert.id))
            .await
    }

    async fn put(&self, workspace: WorkspaceId, alert: &Alert, event: EventKind) -> Result<(), AlertError> {
        let seal = self.core.store.workspace_seal(workspace)?;
        let mut batch = Batch::new();
        batch.put(
            &AlertKey {
                workspace,
                alert: alert.id,
            },
            alert,
            &seal,
        );
        batch.event(workspace, self.core.clock.now(), new_trace(), event);
        self.core.store.commit(batch).await?;
        Ok(())
    }
}
