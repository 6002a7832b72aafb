//! One run on its way: what is left of its time, and what it has told so far.
//!
//! Every step that waits for somebody goes through [`Attempt::phase`], so each has the
//! run's one deadline, its own time on the record, and its own word for being late.

use std::future::Future;
use std::time::Duration;

use model::probe::{ProbeFault, ProbePhase, TlsFacts};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::config::HumanDuration;

/// How long work of our own may take after the others have used up the time.
const GRACE: Duration = Duration::from_secs(2);

/// Why a run failed, with a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The word that is counted.
    pub(super) fault: ProbeFault,
    /// What was found.
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(fault: ProbeFault, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
        }
    }
}

/// A run that has not ended.
#[derive(Debug)]
pub(super) struct Attempt {
    clock: Clock,
    limit: Duration,
    /// On the monotonic clock.
    began: Duration,
    /// How long each phase took that it came to.
    pub(super) phases: Vec<(ProbePhase, Duration)>,
    /// Addresses that the name had.
    pub(super) addresses: Option<usize>,
    /// What TLS told.
    pub(super) tls: Option<TlsFacts>,
}

impl Attempt {
    /// Begins now, and has this long.
    pub(super) fn begin(clock: Clock, limit: Duration) -> Self {
        Self {
            clock,
            limit,
            began: clock.now().monotonic,
            phases: Vec::new(),
            addresses: None,
            tls: None,
        }
    }

    /// Since it began.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.now().monotonic.saturating_sub(self.began)
    }

    /// The wall clock's time now.
    pub(super) fn now(&self) -> jiff::Timestamp {
        self.clock.now().timestamp()
    }

    /// Does a part of the work in what is left of the time; `late` is why it failed if
    /// that is not enough.
    pub(super) async fn phase<T>(
        &mut self,
        phase: ProbePhase,
        late: ProbeFault,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let before = self.elapsed();
        let outcome = timeout(self.limit.saturating_sub(before), work).await;
        let took = self.elapsed().saturating_sub(before);
        self.phases.push((phase, took));
        outcome.unwrap_or_else(|_| Err(Failure::new(late, self.late_message(phase))))
    }

    /// Does work that waits for nobody but this host; `None` if the time is over.
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let left = self.limit.saturating_sub(self.elapsed());
        timeout(left.max(GRACE), work).await.ok()
    }

    fn late_message(&self, phase: ProbePhase) -> String {
        let waited_for = match phase {
            ProbePhase::Resolve => "no name server answered",
            ProbePhase::Connect => "the connection was not answered",
            ProbePhase::Proxy => "the proxy did not answer",
            ProbePhase::Handshake => "the TLS handshake did not end",
        };
        format!("{waited_for} within {}", HumanDuration(self.limit))
    }
}
