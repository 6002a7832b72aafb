//! What the answers of a client's tools do, turn by turn.

use model::connector::{Fact, ProbeFailure, Tool, ToolReading, ToolRun, TunnelState};
use model::snapshot::ConnectorSnapshot;
use model::untrusted::Untrusted;

use super::client_lines::{draw, netskope_ledger};
use super::desk::{DOWN, Desk, HOUR, MINUTE, UP, down, fact, tool, up_for};
use super::*;

#[test]
fn a_tool_that_answers_keeps_a_client_heard_and_one_that_fails_does_not() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(UP);
    desk.turn(&mut pipeline);
    for minutes in [40, 80] {
        desk.pass(40 * MINUTE);
        let configured_at = Some(desk.now().timestamp());
        let reading = ToolReading {
            uptime: Some(Duration::from_secs(minutes * MINUTE)),
            configured_at,
            ..fact("Frankfurt")
        };
        desk.answer(&mut pipeline, reading);
        let told = desk.turn(&mut pipeline);
        assert!(!told.is_silent && !told.tool_facts.is_empty());
        assert_eq!(told.configured_at, configured_at);
    }
    desk.pass(HOUR);
    desk.run(&mut pipeline, Err(ProbeFailure::Timeout));
    let silent = desk.turn(&mut pipeline);
    assert!(silent.is_silent && silent.tool_facts.is_empty());
    assert_eq!(silent.configured_at, None);
    desk.answer(&mut pipeline, down());
    let told = desk.turn(&mut pipeline);
    assert!(!told.is_silent);
    assert_eq!(told.state.tunnel.state, TunnelState::Disconnected);
}

#[test]
fn a_client_without_logs_is_heard_by_its_tool_over_a_restart() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.turn(&mut pipeline);
    desk.answer(&mut pipeline, up_for(5));
    let told = desk.turn(&mut pipeline);
    assert!(told.state.is_tunnel_up());
    desk.pass(2 * HOUR);
    let mut restarted = desk.restart(pipeline);
    let silent = desk.turn(&mut restarted);
    assert!(silent.is_silent && !silent.state.is_tunnel_up());
    assert_eq!(tool(&silent).succeeded_at, tool(&told).succeeded_at);
    assert_eq!(tool(&silent).is_success, None, "not asked yet");
    assert_eq!(tool(&silent).runs, 1);
}

#[test]
fn a_failed_run_changes_no_state_and_is_counted_by_its_cause() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(UP);
    let before = desk.turn(&mut pipeline);
    assert_eq!((tool(&before).runs, tool(&before).is_success), (0, None));
    assert!(tool(&before).failures.iter().all(|(_, count)| *count == 0));
    desk.answer(&mut pipeline, fact("Frankfurt"));
    desk.turn(&mut pipeline);
    for failure in [
        ProbeFailure::Timeout,
        ProbeFailure::Unintelligible,
        ProbeFailure::Timeout,
    ] {
        desk.run(&mut pipeline, Err(failure));
    }
    let after = desk.turn(&mut pipeline);
    assert_eq!(after.state, before.state);
    let fared = tool(&after);
    assert_eq!((fared.runs, fared.is_success), (4, Some(false)));
    let count = |wanted| {
        fared
            .failures
            .iter()
            .find(|(cause, _)| *cause == wanted)
            .unwrap()
            .1
    };
    assert_eq!(count(ProbeFailure::Timeout), 2);
    assert_eq!(count(ProbeFailure::Unintelligible), 1);
    assert_eq!(count(ProbeFailure::NotFound), 0);
    assert!(after.tool_facts.get(Fact::Pop).is_some(), "as told last");
}

#[test]
fn each_answer_replaces_the_facts_of_the_one_before() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.answer(
        &mut pipeline,
        ToolReading {
            configured_at: Some(desk.now().timestamp()),
            ..fact("Frankfurt")
        },
    );
    let first = desk.turn(&mut pipeline);
    assert!(first.configured_at.is_some());
    let version = [(Fact::Version, Untrusted::new("5.5"))];
    desk.answer(
        &mut pipeline,
        ToolReading {
            facts: version.into_iter().collect(),
            ..up_for(60)
        },
    );
    let second = desk.turn(&mut pipeline);
    assert_eq!(second.tool_facts.get(Fact::Pop), None);
    assert!(second.tool_facts.get(Fact::Version).is_some());
    assert_eq!(second.configured_at, None);
    assert!(second.state.facts.is_empty(), "no line of a log told it");
}

#[test]
fn a_version_of_its_own_command_is_known_however_the_status_ended() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    let mut told = |outcome, version: Option<&str>| {
        let run = ToolRun {
            tool: Tool::CatoSdp,
            duration: Duration::ZERO,
            outcome,
            version: version.map(Untrusted::new),
        };
        pipeline.take_tool_run("laptop", &run, desk.now());
        let client = desk.turn(&mut pipeline);
        let shown = client.tool_facts.get(Fact::Version);
        shown.map(|text| text.expose().to_owned())
    };
    let failed = || Err(ProbeFailure::Timeout);
    assert_eq!(told(failed(), Some("5.5.0.2120")).unwrap(), "5.5.0.2120");
    assert_eq!(told(Ok(up_for(60)), Some("5.6")).unwrap(), "5.6");
    // The status itself knows best.
    let own = ToolReading {
        facts: [(Fact::Version, Untrusted::new("5.7"))]
            .into_iter()
            .collect(),
        ..up_for(60)
    };
    assert_eq!(told(Ok(own), Some("5.6")).unwrap(), "5.7");
    // The program is gone, or not to be trusted any more.
    assert_eq!(told(Ok(down()), None), None);
}

#[test]
fn a_tool_that_is_not_planned_is_passed_over() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    let before = desk.turn(&mut pipeline);
    let run = ToolRun {
        tool: Tool::Nsdiag,
        duration: Duration::ZERO,
        outcome: Ok(down()),
        version: None,
    };
    pipeline.take_tool_run("laptop", &run, desk.now());
    pipeline.take_tool_run("nobody", &run, desk.now());
    let after = desk.turn(&mut pipeline);
    assert_eq!(after, before);
}

#[test]
fn a_tunnel_that_is_younger_than_before_was_built_anew() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.turn(&mut pipeline);
    let mut tell = |passed, uptime| {
        desk.pass(passed);
        desk.answer(&mut pipeline, up_for(uptime));
        let client = desk.turn(&mut pipeline);
        (client.tunnel_reconnects, client.state.tunnel.since)
    };
    let (at_first, first) = tell(0, 1_000);
    assert_eq!(at_first, 0, "the first answer is compared with nothing");
    assert_eq!(tell(299, 1_296), (0, first), "whole seconds drift");
    let (count, since) = tell(299, 20);
    assert_eq!(count, 1);
    assert!(first < since, "it is connected since then");
    // Rebuilt right after the last answer: older than it was, and yet too young.
    assert_eq!(tell(299, 200).0, 2);
    assert_eq!(tell(299, 500).0, 2);
    let mut restarted = desk.restart(pipeline);
    assert_eq!(desk.turn(&mut restarted).tunnel_reconnects, 2);
}

#[test]
fn what_a_tool_says_counts_after_the_older_lines_that_were_not_read_yet() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(UP);
    desk.answer(&mut pipeline, down());
    let told = desk.turn(&mut pipeline);
    assert_eq!(told.state.tunnel.state, TunnelState::Disconnected);
    desk.write(DOWN);
    desk.write(UP);
    assert!(desk.turn(&mut pipeline).state.is_tunnel_up());
}

/// What two tools of a Netskope Client told together.
fn told_by_two(answers: &[(Tool, &[(Fact, &str)])]) -> ConnectorSnapshot {
    let mut ledger = netskope_ledger();
    let now = Desk::new().now();
    for (tool, facts) in answers {
        let facts = facts
            .iter()
            .map(|(fact, text)| (*fact, Untrusted::new(text)));
        let reading = ToolReading {
            facts: facts.collect(),
            ..ToolReading::default()
        };
        let run = ToolRun {
            tool: *tool,
            duration: Duration::ZERO,
            outcome: Ok(reading),
            version: None,
        };
        ledger.take_tool_run("laptop", &run, now);
    }
    draw(&ledger)
}

#[test]
fn where_two_tools_tell_the_same_fact_the_better_one_is_right() {
    let client = told_by_two(&[
        (Tool::Nsdiag, &[(Fact::Gateway, "nsdiag")]),
        (
            Tool::StAgentCli,
            &[(Fact::Gateway, "cli"), (Fact::Version, "117.1")],
        ),
    ]);
    let told = |fact| client.tool_facts.get(fact).map(Untrusted::expose);
    assert_eq!(told(Fact::Gateway), Some("nsdiag"));
    assert_eq!(told(Fact::Version), Some("117.1"));
    let order: Vec<Tool> = client.tools.iter().map(|one| one.tool).collect();
    assert_eq!(order, [Tool::Nsdiag, Tool::StAgentCli]);
}
