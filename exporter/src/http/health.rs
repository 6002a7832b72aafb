//! Decides whether the agent is ready, and whether every tunnel is up.
//!
//! Pure: a snapshot in, reasons out. No reason means yes; the reasons are lines for
//! the people who ask why not. Who asks, and with which status code we answer, is
//! `routes`' matter.
//!
//! A tunnel is up or not, whoever wished it: a client that its user switched off has
//! none. What a vendor's tool does not tell us is no reason at all, as long as the logs
//! are read: a reading that fails is our trouble, not the connector's.

use model::connector::Aspect;
use model::snapshot::{ConnectorSnapshot, LogSnapshot, Snapshot};
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
    reasons.extend(snapshot.connectors.iter().filter_map(reason_no_tunnel));
    reasons
}

fn reason_no_tunnel(connector: &ConnectorSnapshot) -> Option<String> {
    let (name, state) = (printable(&connector.name), &connector.state);
    let reason = if connector.is_silent {
        // Whatever was known last may be long over.
        "nothing was heard of it for so long that its tunnel is unknown".to_owned()
    } else if state.is_tunnel_up() {
        return None;
    } else if connector.kind.has(Aspect::Client) {
        let (tunnel, client) = (state.tunnel.state, state.client.state);
        format!("tunnel is {tunnel}, client is {client}")
    } else {
        format!("tunnel is {}", state.tunnel.state)
    };
    Some(format!("connector `{name}`: {reason}"))
}

/// Why a connector's logs are not all read now.
///
/// Strict: a configured log without any file is not being read, even if that is the
/// usual state of it. Whoever does not want to hear of it leaves it out of the
/// configuration.
fn reasons_of(connector: &ConnectorSnapshot) -> Vec<String> {
    let mut reasons = Vec::new();
    for log in &connector.logs {
        let place = format!(
            "connector `{}`: log `{}`",
            printable(&connector.name),
            printable(&log.name)
        );
        reasons.extend(
            reasons_of_log(log)
                .into_iter()
                .map(|reason| format!("{place}: {reason}")),
        );
    }
    reasons
}

fn reasons_of_log(log: &LogSnapshot) -> Vec<String> {
    let mut reasons: Vec<String> = log
        .unreadable
        .iter()
        // No log at all, by its content: it will not become one by being waited for.
        .filter(|file| !file.is_refused)
        .map(|file| {
            let (path, error) = (printable(&file.path), printable(&file.error));
            format!("cannot read {path}: {error}")
        })
        .collect();
    if log.files.is_empty() && reasons.is_empty() {
        reasons.push(match log.unreadable.as_slice() {
            [] => "no file matches yet".to_owned(),
            [_, ..] => "no file that matches is a log".to_owned(),
        });
    }
    if 0 < log.files_over_limit {
        reasons.push(format!(
            "files that wait because as many as allowed are followed: {}",
            log.files_over_limit
        ));
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
    use std::sync::Arc;

    use model::connector::{ClientStatus, TunnelState};
    use model::snapshot::UnreadableFile;

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
                "connector `pub-fra-1`: log `agent`: no file matches yet",
                "connector `pub-sjc-2`: log `agent`: cannot read \
                 /var/log/publisher/agent.txt.1: Permission denied (os error 13)",
            ]
        );
    }

    /// What speaks against a snapshot whose second log is `wizard`.
    fn reasons_with(wizard: LogSnapshot) -> Vec<String> {
        let mut snapshot = one_healthy();
        snapshot.connectors[0].logs.push(LogSnapshot {
            name: Arc::from("wizard"),
            ..wizard
        });
        reasons_not_ready(&snapshot, None)
    }

    fn unreadable(is_refused: bool) -> UnreadableFile {
        UnreadableFile {
            path: "/logs/wizard.d".to_owned(),
            error: "is a directory".to_owned(),
            is_refused,
        }
    }

    #[test]
    fn one_log_without_a_file_is_enough_to_be_not_ready() {
        assert_eq!(
            reasons_with(LogSnapshot::default()),
            ["connector `pub-fra-1`: log `wizard`: no file matches yet"]
        );
    }

    #[test]
    fn a_file_that_is_no_log_does_not_count_beside_one_that_is() {
        let files = one_healthy().connectors[0].logs[0].files.clone();
        let beside_a_log = LogSnapshot {
            files,
            unreadable: vec![unreadable(true)],
            ..LogSnapshot::default()
        };
        assert_eq!(reasons_with(beside_a_log), Vec::<String>::new());
        let alone = LogSnapshot {
            unreadable: vec![unreadable(true)],
            ..LogSnapshot::default()
        };
        assert_eq!(
            reasons_with(alone),
            ["connector `pub-fra-1`: log `wizard`: no file that matches is a log"]
        );
    }

    #[test]
    fn an_unreadable_file_is_named_once() {
        let log = LogSnapshot {
            unreadable: vec![unreadable(true), unreadable(false)],
            ..LogSnapshot::default()
        };
        let reason = "connector `pub-fra-1`: log `wizard`: cannot read /logs/wizard.d: \
                      is a directory";
        assert_eq!(reasons_with(log), [reason]);
    }

    #[test]
    fn files_over_the_limit_are_files_not_read() {
        let log = LogSnapshot {
            files: one_healthy().connectors[0].logs[0].files.clone(),
            files_over_limit: 3,
            ..LogSnapshot::default()
        };
        let reason = "connector `pub-fra-1`: log `wizard`: files that wait because as many \
                      as allowed are followed: 3";
        assert_eq!(reasons_with(log), [reason]);
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
    fn a_client_that_is_off_has_no_tunnel_whoever_wished_it() {
        let mut client = sample::netskope_client("laptop");
        client.state.client.state = ClientStatus::Disabled;
        client.state.tunnel.state = TunnelState::Disconnected;
        let mut snapshot = one_healthy();
        snapshot.connectors.push(client);
        assert_eq!(
            reasons_no_tunnel(&snapshot),
            ["connector `laptop`: tunnel is disconnected, client is disabled"]
        );
        assert_eq!(reasons_not_ready(&snapshot, None), Vec::<String>::new());
    }

    #[test]
    fn a_tunnel_that_nothing_is_steered_into_is_still_a_tunnel() {
        let client = sample::netskope_client("laptop");
        assert_ne!(client.state.degraded(), []);
        let mut snapshot = one_healthy();
        snapshot.connectors.push(client);
        assert_eq!(reasons_no_tunnel(&snapshot), Vec::<String>::new());
    }

    #[test]
    fn a_silent_connector_has_no_tunnel_that_anybody_knows_of() {
        let mut snapshot = one_healthy();
        snapshot.connectors[0].is_silent = true;
        let reason = "connector `pub-fra-1`: nothing was heard of it for so long that its \
                      tunnel is unknown";
        assert_eq!(reasons_no_tunnel(&snapshot), [reason]);
        assert_eq!(reasons_not_ready(&snapshot, None), Vec::<String>::new());
    }

    #[test]
    fn a_tool_that_fails_does_not_make_the_agent_not_ready() {
        let mut client = sample::netskope_client("laptop");
        for tool in &mut client.tools {
            tool.is_success = Some(false);
        }
        let mut snapshot = one_healthy();
        snapshot.connectors.push(client);
        assert_eq!(reasons_not_ready(&snapshot, None), Vec::<String>::new());
        assert_eq!(reasons_no_tunnel(&snapshot), Vec::<String>::new());
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
