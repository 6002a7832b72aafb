//! Decides whether the agent is ready, and whether every tunnel is up.
//!
//! Pure: a snapshot in, reasons out. No reason means yes; the reasons are lines for
//! the people who ask why not. Who asks, and with which status code we answer, is
//! `routes`' matter.

use model::snapshot::{ConnectorSnapshot, Snapshot};
use model::untrusted::printable;

/// Why the agent is not ready: one line a reason, none if it is.
///
/// `store_problem` says what is wrong with the store, `None` while it commits.
pub(super) fn reasons_not_ready(snapshot: &Snapshot, store_problem: Option<&str>) -> Vec<String> {
    let mut reasons = reasons_not_current(snapshot);
    if let Some(problem) = store_problem {
        let problem = printable(problem);
        reasons.push(format!("the store does not commit: {problem}"));
    }
    if snapshot.connectors.is_empty() {
        reasons.push("no connector is configured, and none was found".to_owned());
    }
    for connector in &snapshot.connectors {
        reasons.extend(reasons_of(connector));
    }
    reasons
}

/// Why not every tunnel counts as up: one line a reason, none if each is.
pub(super) fn reasons_no_tunnel(snapshot: &Snapshot) -> Vec<String> {
    let mut reasons = reasons_not_current(snapshot);
    if snapshot.connectors.is_empty() {
        reasons.push("no connector is configured, and none was found".to_owned());
    }
    for connector in &snapshot.connectors {
        if !connector.state.is_tunnel_up() {
            let (name, state) = (printable(&connector.name), connector.state.tunnel.state);
            reasons.push(format!("connector `{name}`: tunnel is {state}"));
        }
    }
    reasons
}

/// Why a connector's logs are not all read now.
pub(super) fn reasons_of(connector: &ConnectorSnapshot) -> Vec<String> {
    let name = printable(&connector.name);
    let mut reasons = Vec::new();
    if connector.logs.iter().all(|log| log.files.is_empty()) {
        reasons.push(format!("connector `{name}`: no log file is followed"));
    }
    for log in &connector.logs {
        for file in &log.unreadable {
            let (path, error) = (printable(&file.path), printable(&file.error));
            reasons.push(format!("connector `{name}`: cannot read {path}: {error}"));
        }
    }
    reasons
}

/// Why the states may not be today's.
fn reasons_not_current(snapshot: &Snapshot) -> Vec<String> {
    match (snapshot.taken_at, snapshot.is_caught_up) {
        (None, _) => vec!["nothing was read yet".to_owned()],
        (Some(_), false) => vec!["the logs' backlog is still being read".to_owned()],
        (Some(_), true) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;

    fn one_healthy() -> Snapshot {
        let mut snapshot = sample::snapshot();
        snapshot.connectors.truncate(1);
        snapshot
    }

    #[test]
    fn a_healthy_agent_is_ready_and_its_tunnel_is_up() {
        assert_eq!(
            reasons_not_ready(&one_healthy(), None),
            Vec::<String>::new()
        );
        assert_eq!(reasons_no_tunnel(&one_healthy()), Vec::<String>::new());
    }

    #[test]
    fn each_trouble_is_named() {
        let problem = Some("no room on the disk");
        let mut snapshot = sample::snapshot();
        snapshot.is_caught_up = false;
        snapshot.connectors[0].logs[0].files.clear();
        assert_eq!(
            reasons_not_ready(&snapshot, problem),
            [
                "the logs' backlog is still being read",
                "the store does not commit: no room on the disk",
                "connector `pub-fra-1`: no log file is followed",
                "connector `pub-sjc-2`: cannot read /var/log/publisher/agent.txt.1: \
                 Permission denied (os error 13)",
            ]
        );
    }

    #[test]
    fn an_old_tunnel_state_is_no_answer_while_the_backlog_is_read() {
        let mut snapshot = one_healthy();
        snapshot.is_caught_up = false;
        assert_eq!(
            reasons_no_tunnel(&snapshot),
            ["the logs' backlog is still being read"]
        );
    }

    #[test]
    fn a_tunnel_that_is_down_is_named_with_its_state() {
        assert_eq!(
            reasons_no_tunnel(&sample::snapshot()),
            ["connector `pub-sjc-2`: tunnel is disconnected"]
        );
    }

    #[test]
    fn an_agent_without_connectors_or_turns_is_not_ready() {
        let reasons = reasons_not_ready(&Snapshot::default(), None);
        assert_eq!(
            reasons,
            [
                "nothing was read yet",
                "no connector is configured, and none was found"
            ]
        );
    }
}
