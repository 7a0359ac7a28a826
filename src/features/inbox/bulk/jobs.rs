//! The jobs under way and those that can still be undone.

use std::sync::Arc;

use actix_web::web::Data;
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::model::{BulkView, Change, FailureView};
use crate::actors::conversation::Reply;
use crate::actors::core::new_trace;
use crate::actors::{Command, CommandError, House};
use crate::domain::decide::ConversationPatch;
use crate::domain::phrases;
use crate::domain::time::SECOND;
use crate::domain::{
    Conversation, ConversationId, ConversationStatus, Timestamp, TraceId, UserId, WorkspaceId,
};
use crate::http::views::PhraseView;
use crate::http::{ApiError, ErrorCode};
use crate::storage::keys::ConversationKey;

/// Conversations changed at the same time: few, so that people's own work goes first.
const AT_ONCE: usize = 8;
/// Jobs kept in a workspace, the newest.
const KEPT: usize = 2;
/// Jobs kept on the appliance.
const KEPT_ALL: usize = 20;
/// How long a job can be undone.
const LIFE: i64 = 15 * 60 * SECOND;
/// Failures that are told in full.
const MAX_FAILURES: usize = 20;

/// Every job. One for the whole server, in `web::Data`.
#[derive(Default)]
pub struct BulkJobs(Mutex<Vec<Arc<Job>>>);

/// One job.
pub(super) struct Job {
    id: [u8; 16],
    pub workspace: WorkspaceId,
    pub user: UserId,
    created_at: Timestamp,
    stop: CancellationToken,
    /// Whether it marks as seen.
    reads: bool,
    state: Mutex<State>,
}

struct State {
    view: BulkView,
    /// How each changed conversation was, and the version that it has now.
    before: Vec<(Conversation, u64)>,
}

/// What became of one conversation.
enum Step {
    Same,
    Changed(Box<Conversation>, u64),
    Failed(ConversationId, String),
}

impl BulkJobs {
    /// The caller's job of this id.
    pub(super) fn find(
        &self,
        workspace: WorkspaceId,
        user: UserId,
        id: [u8; 16],
    ) -> Result<Arc<Job>, ApiError> {
        let jobs = self.0.lock();
        let found = jobs
            .iter()
            .find(|job| (job.workspace, job.user, job.id) == (workspace, user, id));
        found.cloned().ok_or_else(|| ApiError::not_found("job"))
    }

    /// Begins a job, unless one runs in this workspace.
    pub(super) fn begin(
        &self,
        house: Data<House>,
        (workspace, user): (WorkspaceId, UserId),
        (ids, more): (Vec<ConversationId>, bool),
        change: Change,
    ) -> Result<Arc<Job>, ApiError> {
        let now = house.core.clock.now();
        let job = Arc::new(Job::new(
            (workspace, user),
            now,
            (ids.len(), more),
            change.read == Some(true),
        ));
        let mut jobs = self.0.lock();
        jobs.retain(|job| job.is_busy() || now.since(job.created_at) < LIFE);
        if jobs
            .iter()
            .any(|other| other.workspace == workspace && other.is_busy())
        {
            let detail = phrases::BULK_RUNNING.text();
            return Err(ApiError::new(ErrorCode::WrongState, detail).with_code("bulk_running"));
        }
        let older = jobs.iter().filter(|job| job.workspace == workspace).count();
        if older >= KEPT || jobs.len() >= KEPT_ALL {
            let all = older < KEPT;
            let oldest = jobs
                .iter()
                .position(|job| !job.is_busy() && (all || job.workspace == workspace));
            oldest.map(|at| jobs.remove(at));
        }
        jobs.push(job.clone());
        let running = job.clone();
        actix_web::rt::spawn(async move { running.run(&house, ids, &change).await });
        Ok(job)
    }
}

impl Job {
    fn new(
        (workspace, user): (WorkspaceId, UserId),
        now: Timestamp,
        (total, more): (usize, bool),
        reads: bool,
    ) -> Self {
        let id = *uuid::Uuid::now_v7().as_bytes();
        let view = BulkView {
            id: uuid::Uuid::from_bytes(id).simple().to_string(),
            state: "running",
            total,
            done: 0,
            changed: 0,
            skipped: 0,
            failed: 0,
            failures: Vec::new(),
            more,
        };
        Self {
            id,
            workspace,
            user,
            created_at: now,
            stop: CancellationToken::new(),
            reads,
            state: Mutex::new(State {
                view,
                before: Vec::new(),
            }),
        }
    }

    /// How it stands.
    pub(super) fn view(&self) -> BulkView {
        self.state.lock().view.clone()
    }

    fn is_busy(&self) -> bool {
        matches!(self.state.lock().view.state, "running" | "undoing")
    }

    /// Stops it; what is done stays done, and can be undone.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    async fn run(&self, house: &House, ids: Vec<ConversationId>, change: &Change) {
        let trace = new_trace();
        let steps = stream::iter(ids).map(|id| self.step(house, id, change, trace));
        let mut steps = steps.buffer_unordered(AT_ONCE);
        while let Some(step) = steps.next().await {
            let mut state = self.state.lock();
            state.view.done += 1;
            match step {
                Step::Same => {}
                Step::Changed(before, version) => {
                    state.view.changed += 1;
                    state.before.push((*before, version));
                }
                Step::Failed(id, reason) => state.fail(id, reason),
            }
            if self.stop.is_cancelled() {
                break;
            }
        }
        // Those under way when it was stopped are finished, not left half done.
        while let Some(step) = steps.next().await {
            let mut state = self.state.lock();
            if let Step::Changed(before, version) = step {
                state.view.done += 1;
                state.view.changed += 1;
                state.before.push((*before, version));
            }
        }
        let mut state = self.state.lock();
        state.view.state = if self.stop.is_cancelled() {
            "stopped"
        } else {
            "done"
        };
    }

    async fn step(&self, house: &House, id: ConversationId, change: &Change, trace: TraceId) -> Step {
        if self.stop.is_cancelled() {
            return Step::Same;
        }
        let key = ConversationKey {
            workspace: self.workspace,
            conversation: id,
        };
        let before = match house.core.store.get(&key) {
            Ok(Some(before)) => before,
            Ok(None) => return Step::Same,
            Err(error) => return Step::Failed(id, error.to_string()),
        };
        let mut version = before.version;
        let mut commands = Vec::new();
        if let Some(patch) = change.patch(&before) {
            commands.push(Command::Update {
                patch,
                if_version: None,
            });
        }
        if change.read == Some(true) && before.unread > 0 {
            commands.push(Command::MarkRead);
        }
        for command in commands {
            match house.hub.send(self.workspace, id, command, trace).await {
                Ok(Reply::Conversation(after)) => version = after.version,
                Ok(Reply::Done | Reply::Message(_)) => {}
                Err(error) => return Step::Failed(id, error.to_string()),
            }
        }
        match version == before.version {
            true => Step::Same,
            false => Step::Changed(Box::new(before), version),
        }
    }

    /// Begins to change everything back that nobody changed since.
    pub(super) fn undo(self: &Arc<Self>, house: Data<House>) -> Result<(), ApiError> {
        let mut state = self.state.lock();
        if !matches!(state.view.state, "done" | "stopped") {
            let detail = phrases::NOT_UNDOABLE.text();
            return Err(ApiError::new(ErrorCode::WrongState, detail).with_code("not_undoable"));
        }
        let before = std::mem::take(&mut state.before);
        state.view.state = "undoing";
        state.view.total = before.len();
        state.view.done = 0;
        let job = self.clone();
        actix_web::rt::spawn(async move { job.run_back(&house, before).await });
        Ok(())
    }

    async fn run_back(&self, house: &House, before: Vec<(Conversation, u64)>) {
        let trace = new_trace();
        let steps = stream::iter(before).map(|(it, version)| async move {
            let id = it.id;
            (id, self.step_back(house, &it, version, trace).await)
        });
        let mut steps = steps.buffer_unordered(AT_ONCE);
        while let Some((id, result)) = steps.next().await {
            let mut state = self.state.lock();
            state.view.done += 1;
            match result {
                Ok(()) => state.view.changed = state.view.changed.saturating_sub(1),
                Err(CommandError::VersionMismatch { .. }) => state.view.skipped += 1,
                Err(error) => state.fail(id, error.to_string()),
            }
        }
        self.state.lock().view.state = "undone";
    }

    async fn step_back(
        &self,
        house: &House,
        before: &Conversation,
        version: u64,
        trace: TraceId,
    ) -> Result<(), CommandError> {
        let command = Command::Update {
            patch: back(before, house.core.clock.now()),
            if_version: Some(version),
        };
        house.hub.send(self.workspace, before.id, command, trace).await?;
        if self.reads && before.unread > 0 {
            house
                .hub
                .send(self.workspace, before.id, Command::MarkUnread, trace)
                .await?;
        }
        Ok(())
    }
}

impl State {
    fn fail(&mut self, id: ConversationId, reason: String) {
        self.view.failed += 1;
        if self.view.failures.len() < MAX_FAILURES {
            self.view.failures.push(FailureView {
                conversation_id: id.to_string(),
                reason_phrase: PhraseView::of(&reason),
                reason,
            });
        }
    }
}

/// The patch that makes a conversation as it was. A snooze that would be over is not begun again.
fn back(before: &Conversation, now: Timestamp) -> ConversationPatch {
    let until = before.snoozed_until.filter(|until| *until > now);
    let status = match (before.status, until) {
        (ConversationStatus::Snoozed, None) => ConversationStatus::Open,
        (status, _) => status,
    };
    ConversationPatch {
        status: Some(status),
        assignee: Some(before.assignee),
        labels: Some(before.labels.clone()),
        priority: Some(before.priority),
        snoozed_until: until.map(Some),
    }
}
