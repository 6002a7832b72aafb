//! Does work that the kernel may never let end, and waits for it for so long only.
//!
//! A configuration names files, and a file may lie on a mount whose server is gone: then
//! whoever reads it hangs where no signal reaches him. So the work has a thread of its
//! own, which is left behind when its time is over.
//!
//! Known limit: a thread left behind stays until the kernel lets it go. There are at most
//! [`LEFT_BEHIND_MAX`]; then no work is begun until one has ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// Most threads of this process that are left behind.
const LEFT_BEHIND_MAX: usize = 4;

/// How many there are now.
static LEFT_BEHIND: AtomicUsize = AtomicUsize::new(0);

/// Why there is no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Impatience {
    /// It did not end in time.
    #[error("was not read within {0:?}")]
    Late(Duration),
    /// Earlier work has not ended yet, so none was begun.
    #[error("was not read: {LEFT_BEHIND_MAX} earlier attempts hang still")]
    Crowded,
    /// The system started no thread, or the work died.
    #[error("was not read: the thread that reads it did not start, or died")]
    Dead,
}

/// What comes out of `work`, if it ends within `limit`.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Impatience> {
    if LEFT_BEHIND_MAX <= LEFT_BEHIND.load(Ordering::Relaxed) {
        return Err(Impatience::Crowded);
    }
    // Without room: it is sent if it is taken, so that each knows of the other whether
    // the thread was left behind.
    let (sender, receiver) = sync_channel(0);
    thread::Builder::new()
        .name("config".to_owned())
        .spawn(move || {
            if sender.send(work()).is_err() {
                LEFT_BEHIND.fetch_sub(1, Ordering::Relaxed);
            }
        })
        .map_err(|_| Impatience::Dead)?;
    receiver.recv_timeout(limit).map_err(|error| match error {
        RecvTimeoutError::Timeout => {
            // Before the receiver goes, which lets the thread count itself out.
            LEFT_BEHIND.fetch_add(1, Ordering::Relaxed);
            Impatience::Late(limit)
        }
        RecvTimeoutError::Disconnected => Impatience::Dead,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// One test, since what is left behind is counted for the whole process.
    #[test]
    fn work_that_hangs_is_left_behind_a_few_times_and_then_not_begun() {
        const MOMENT: Duration = Duration::from_millis(1);
        const LONG: Duration = Duration::from_secs(60);
        assert_eq!(within(LONG, || 7), Ok(7));
        let died = within(LONG, || assert!(std::env::args_os().len() == 0));
        assert_eq!(died, Err(Impatience::Dead));
        let mut doors = Vec::new();
        for _ in 0..LEFT_BEHIND_MAX {
            let (open, opened) = channel::<()>();
            let hung = within(MOMENT, move || opened.recv().is_ok());
            assert_eq!(hung, Err(Impatience::Late(MOMENT)));
            doors.push(open);
        }
        assert_eq!(within(LONG, || 7), Err(Impatience::Crowded));
        drop(doors.pop());
        while within(LONG, || 7) == Err(Impatience::Crowded) {
            thread::yield_now();
        }
        drop(doors);
        while LEFT_BEHIND.load(Ordering::Relaxed) != 0 {
            thread::yield_now();
        }
    }
}
