//! Reads the host's files for probes, on threads that may wait: a mount may be dead.
//!
//! A thread that hangs in the kernel cannot be stopped, only left behind. So a probe has
//! one reading at a time, also over a reload: the next waits for its end, as long as its
//! run may take, and then says so. And there are few in all, so that no probe of any name
//! takes the threads that others need.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::probe::ProbeFault;
use tokio::sync::Semaphore;

use super::attempt::Failure;

/// Most readings at once in all: one for each probe that there can be.
const READINGS_MAX: usize = 64;

/// One probe's place to read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// One permit: this probe's.
    own: Arc<Semaphore>,
    /// A permit for each reading in all.
    all: Arc<Semaphore>,
}

impl Reading {
    /// A place of its own, beside no other.
    pub(super) fn alone() -> Self {
        Readings::default().of("")
    }

    /// Does the work once the probe's last reading has ended. To be given up from outside
    /// when the run's time is over; the work then ends by itself.
    ///
    /// # Errors
    ///
    /// If the work died.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let died = |why: &dyn ToString| Failure::new(ProbeFault::System, why.to_string());
        let own = Arc::clone(&self.own).acquire_owned().await;
        let own = own.map_err(|closed| died(&closed))?;
        let all = Arc::clone(&self.all).acquire_owned().await;
        let all = all.map_err(|closed| died(&closed))?;
        let working = tokio::task::spawn_blocking(move || {
            // They go back when the work ends, whoever waits for it still.
            let _permits = (own, all);
            work()
        });
        working.await.map_err(|error| died(&error))
    }
}

/// The places of all probes, by name.
#[derive(Debug)]
pub(super) struct Readings {
    all: Arc<Semaphore>,
    of_probes: BTreeMap<String, Arc<Semaphore>>,
}

impl Default for Readings {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(READINGS_MAX)),
            of_probes: BTreeMap::new(),
        }
    }
}

impl Readings {
    /// The probe's place: the one that it had, if it had one.
    pub(super) fn of(&mut self, probe: &str) -> Reading {
        let own = self.of_probes.entry(probe.to_owned());
        Reading {
            own: Arc::clone(own.or_insert_with(|| Arc::new(Semaphore::new(1)))),
            all: Arc::clone(&self.all),
        }
    }

    /// Forgets the probes that read nothing now.
    pub(super) fn forget_idle(&mut self) {
        self.of_probes.retain(|_, own| own.available_permits() == 0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(20);

    /// Reads what hangs until the returned end is dropped, and gives it up.
    async fn hang(reading: &Reading) -> Sender<()> {
        let (open, opened) = channel::<()>();
        let hung = reading.read(move || opened.recv().is_ok());
        assert!(timeout(MOMENT, hung).await.is_err());
        open
    }

    #[tokio::test]
    async fn a_probe_that_hangs_begins_no_second_reading_and_others_read_on() {
        let mut readings = Readings::default();
        let reading = readings.of("hangs");
        let open = hang(&reading).await;
        // The same after a reload.
        readings.forget_idle();
        for one in [reading, readings.of("hangs")] {
            assert!(timeout(MOMENT, one.read(|| ())).await.is_err());
        }
        assert_eq!(readings.of("other").read(|| 7).await, Ok(7));
        drop(open);
        assert_eq!(readings.of("hangs").read(|| 7).await, Ok(7));
        readings.forget_idle();
        assert!(readings.of_probes.is_empty());
    }

    #[tokio::test]
    async fn however_many_names_hang_there_are_few_threads() {
        let mut readings = Readings {
            all: Arc::new(Semaphore::new(2)),
            of_probes: BTreeMap::new(),
        };
        let _open = [hang(&readings.of("a")).await, hang(&readings.of("b")).await];
        let third = readings.of("c");
        assert!(timeout(MOMENT, third.read(|| ())).await.is_err());
    }
}
