//! Keeps every job running: starts a fresh actor when one dies, later each time, and writes it on the board.
//!
//! A job is a loop that runs until it is told to stop. All its state that matters is in the store, so a fresh one goes on
//! where the dead one was.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, ArbiterHandle, AsyncContext, Context, Handler, Message,
    WrapFuture,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

use super::board::Board;

/// The longest pause before a fresh actor is started.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A job's loop: runs on one arbiter until the token is cancelled.
pub type Body = Arc<dyn Fn(CancellationToken) -> Pin<Box<dyn Future<Output = ()>>> + Send + Sync>;

/// Puts a job under supervision and starts it. A job of the same name is left as it is.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Supervise {
    /// Its name, unique.
    pub name: String,
    /// What sort it is.
    pub kind: &'static str,
    /// What it does.
    pub body: Body,
}

/// Ends a job for good.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Release {
    /// Its name.
    pub name: String,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Ended {
    name: String,
}

struct Job {
    kind: &'static str,
    body: Body,
    token: CancellationToken,
    deaths: u32,
}

/// The supervisor.
pub struct Supervisor {
    board: Board,
    clock: Clock,
    arbiters: Vec<ArbiterHandle>,
    stop: CancellationToken,
    jobs: HashMap<String, Job>,
    started: usize,
    running: watch::Sender<usize>,
}

impl Supervisor {
    /// Starts it. Jobs are spread over `arbiters`; `stop` ends them all; the receiver tells how many still run.
    pub fn start_in(
        board: Board,
        clock: Clock,
        arbiters: Vec<ArbiterHandle>,
        stop: CancellationToken,
    ) -> (Addr<Self>, watch::Receiver<usize>) {
        let (running, watching) = watch::channel(0);
        let handle = arbiters[0].clone();
        let start = move |_: &mut Context<Self>| Self {
            board,
            clock,
            arbiters,
            stop,
            jobs: HashMap::new(),
            started: 0,
            running,
        };
        (Self::start_in_arbiter(&handle, start), watching)
    }

    fn run(&mut self, name: &str, ctx: &Context<Self>) {
        let Some(job) = self.jobs.get(name) else { return };
        let runner = Runner {
            name: name.to_owned(),
            body: Some(job.body.clone()),
            token: job.token.clone(),
            supervisor: ctx.address(),
        };
        self.board.running(name, job.kind, self.clock.now());
        self.started += 1;
        let arbiter = &self.arbiters[self.started % self.arbiters.len()];
        Runner::start_in_arbiter(arbiter, move |_| runner);
        self.running.send_modify(|count| *count += 1);
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;
}

impl Handler<Supervise> for Supervisor {
    type Result = ();

    fn handle(&mut self, job: Supervise, ctx: &mut Self::Context) {
        let Supervise { name, kind, body } = job;
        if self.jobs.contains_key(&name) || self.stop.is_cancelled() {
            return;
        }
        self.jobs.insert(
            name.clone(),
            Job {
                kind,
                body,
                token: self.stop.child_token(),
                deaths: 0,
            },
        );
        self.run(&name, ctx);
    }
}

impl Handler<Release> for Supervisor {
    type Result = ();

    fn handle(&mut self, release: Release, _ctx: &mut Self::Context) {
        if let Some(job) = self.jobs.remove(&release.name) {
            job.token.cancel();
            self.board.remove(&release.name);
        }
    }
}

impl Handler<Ended> for Supervisor {
    type Result = ();

    fn handle(&mut self, ended: Ended, ctx: &mut Self::Context) {
        self.running.send_modify(|count| *count = count.saturating_sub(1));
        let Some(job) = self.jobs.get_mut(&ended.name) else {
            return;
        };
        if job.token.is_cancelled() {
            self.jobs.remove(&ended.name);
            self.board.remove(&ended.name);
            return;
        }
        job.deaths = job.deaths.saturating_add(1);
        let pause = Duration::from_millis(100 << job.deaths.min(9)).min(MAX_PAUSE);
        tracing::error!(
            actor = ended.name,
            deaths = job.deaths,
            ?pause,
            "an actor ended unexpectedly; a fresh one starts"
        );
        self.board.died(&ended.name, self.clock.now());
        ctx.run_later(pause, move |supervisor, ctx| supervisor.run(&ended.name, ctx));
    }
}

/// Runs one job's body; tells the supervisor when it is gone, however it went.
struct Runner {
    name: String,
    body: Option<Body>,
    token: CancellationToken,
    supervisor: Addr<Supervisor>,
}

impl Actor for Runner {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let Some(body) = self.body.take() else {
            return ctx.stop();
        };
        let work = body(self.token.clone());
        ctx.spawn(work.into_actor(self).map(|(), _, ctx| ctx.stop()));
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.supervisor.do_send(Ended {
            name: std::mem::take(&mut self.name),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[actix::test]
    async fn a_job_that_panics_is_started_anew_and_others_go_on() {
        let board = Board::default();
        let stop = CancellationToken::new();
        let arbiter = actix::Arbiter::new();
        let clock = Clock::tokio_from(Timestamp(0));
        let (supervisor, mut running) =
            Supervisor::start_in(board.clone(), clock, vec![arbiter.handle()], stop.clone());
        let lives = Arc::new(AtomicU32::new(0));
        let (counter, recovered) = (lives.clone(), Arc::new(tokio::sync::Notify::new()));
        let signal = recovered.clone();
        let body: Body = Arc::new(move |token| {
            let life = counter.fetch_add(1, Ordering::SeqCst);
            let signal = signal.clone();
            Box::pin(async move {
                assert!(life >= 2, "dies twice");
                signal.notify_one();
                token.cancelled().await;
            })
        });
        supervisor
            .send(Supervise {
                name: "job".into(),
                kind: "test",
                body,
            })
            .await
            .expect("supervisor lives");
        recovered.notified().await;
        assert_eq!(board.list()[0].restarts, 2);
        stop.cancel();
        running
            .wait_for(|count| *count == 0)
            .await
            .expect("supervisor lives");
        assert!(lives.load(Ordering::SeqCst) >= 3);
    }
}
