//! Waiting for a commit on a thread that may block: migrations at opening, repairs, commands of the command line.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future that another thread completes. Never call it where many tasks share the thread.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_for_another_thread() {
        let (answer, asked) = tokio::sync::oneshot::channel();
        let other = std::thread::spawn(move || answer.send(7));
        assert_eq!(wait(asked), Ok(7));
        assert_eq!(other.join().expect("thread"), Ok(()));
    }
}
