//! Looks at everything that the checks need: the only part of the doctor that does I/O.
//!
//! Each errand has a thread of its own and all run at once, so that a dead mount, a
//! silent engine or a slow name server takes nothing from the others; what is not back in
//! time is unseen, with the limit as its reason. Nothing on the host is changed.
//!
//! Known limit: an errand that hangs in the kernel ends with the program.

pub(super) mod addresses;
pub(super) mod docker;
pub(super) mod host;
pub(super) mod logs;
pub(super) mod path;
pub(super) mod snmp;
pub(super) mod store;
pub(super) mod tools;

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use super::facts::{Facts, Seen, Unseen};
use super::plan::{Plan, Reach};
use super::words::span;
use crate::clock::{Clock, Moment};

/// How long all errands together may take, with reading the configuration before them. The
/// whole run stays below half a minute.
const TIME_LIMIT: Duration = Duration::from_secs(24);

/// Looks at everything that the plan names. The run's time has been going since `begun`.
pub(super) fn gather(plan: Plan, begun: Moment, clock: Clock) -> Facts {
    let offline = || Unseen::NotWanted("not asked: --offline".to_owned());
    let is_offline = plan.reach == Reach::Offline;

    let host_plan = plan.host.clone();
    let host = Errand::begin(move || host::look(&host_plan, clock));
    let socket = plan.root.join("run/docker.sock");
    let docker = Errand::begin(move || docker::ask(&socket));
    let root = plan.root.clone();
    let excluded = plan.proxy_excluded;
    let proxy = Errand::begin(move || path::look_at_proxy(&root, excluded.as_deref()));
    let targets = plan.targets;
    let path = Errand::begin(move || path::ask(&targets, clock));
    let user = plan.user;
    let tools_plan = plan.tools;
    let tools = Errand::begin(move || tools::look(&tools_plan, user));
    let logs_plan = plan.logs;
    let logs = Errand::begin(move || logs::look(&logs_plan));
    let store_path = plan.store;
    let store = Errand::begin(move || store_path.map(|file| store::look(&file)));
    let web_plan = plan.web;
    let web = Errand::begin(move || web_plan.map(|all| addresses::look(&all)));
    let snmp_plan = plan.snmp;
    let snmp = Errand::begin(move || snmp_plan.map(|all| snmp::ask(&all)));

    let end = begun.monotonic.saturating_add(TIME_LIMIT);
    let left = || end.saturating_sub(clock.now().monotonic);
    Facts {
        now: begun.timestamp(),
        user: plan.user,
        config: plan.config,
        kinds: plan.kinds,
        path: if is_offline {
            Err(offline())
        } else {
            path.end(left()).and_then(|seen| seen)
        },
        docker: docker.end(left()),
        proxy: proxy.end(left()),
        tools: tools.end(left()),
        logs: logs.end(left()),
        store: store.end(left()).and_then(|seen| seen),
        web: web.end(left()).and_then(|seen| seen),
        snmp: snmp.end(left()).and_then(|seen| seen),
        host: host.end(left()),
    }
}

/// Something that is looked at on a thread of its own.
struct Errand<T>(Receiver<T>);

impl<T: Send + 'static> Errand<T> {
    fn begin(look: impl FnOnce() -> T + Send + 'static) -> Self {
        let (sender, receiver) = sync_channel(1);
        let started = thread::Builder::new()
            .name("doctor".to_owned())
            // Nobody waits any more for one that is late.
            .spawn(move || drop(sender.send(look())));
        if let Err(error) = started {
            // The sender is gone with the closure, so the end says that nothing comes.
            tracing::debug!(%error, "thread not started");
        }
        Self(receiver)
    }

    fn end(self, limit: Duration) -> Seen<T> {
        let late = || format!("no answer within {}", span(TIME_LIMIT));
        self.0.recv_timeout(limit).map_err(|error| {
            Unseen::Failed(match error {
                RecvTimeoutError::Timeout => late(),
                RecvTimeoutError::Disconnected => "the system started no thread".to_owned(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errand_that_hangs_is_unseen_and_says_for_how_long() {
        let (_never, forever) = sync_channel::<()>(0);
        let hung = Errand::begin(move || forever.recv().is_ok());
        assert_eq!(
            hung.end(Duration::from_millis(1)),
            Err(Unseen::Failed("no answer within 24 seconds".to_owned()))
        );
        assert_eq!(Errand::begin(|| 7).end(Duration::from_secs(60)), Ok(7));
    }
}
