//! Who vouches for a state: a log that is alive, or a tool that answers; and which of two
//! tools is right.

use model::connector::{ClientStatus, ProbeFailure, Tool, ToolReading, ToolRun, TunnelState};

use super::client_lines::{draw, netskope_ledger};
use super::desk::{DOWN, Desk, MINUTE, NOTHING, UP, down, fact, up_for};
use super::*;

#[test]
fn a_tool_that_hangs_does_not_leave_its_last_answer_standing_beside_a_lively_log() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.answer(&mut pipeline, fact("Frankfurt"));
    assert!(desk.turn(&mut pipeline).state.is_tunnel_up());
    for _ in 0..13 {
        desk.pass(5 * MINUTE);
        desk.write(NOTHING);
        desk.run(&mut pipeline, Err(ProbeFailure::Timeout));
        desk.turn(&mut pipeline);
    }
    let client = desk.turn(&mut pipeline);
    assert!(!client.is_silent, "its log is alive");
    assert_eq!(client.state.tunnel.state, TunnelState::Unknown);
    assert_eq!(client.state.tunnel.reason.as_str(), "silence");
    assert!(client.tool_facts.is_empty(), "facts age as states do");
}

#[test]
fn what_a_lively_log_told_stands_whatever_becomes_of_the_tool() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(UP);
    desk.turn(&mut pipeline);
    desk.answer(&mut pipeline, up_for(1));
    for _ in 0..13 {
        desk.pass(5 * MINUTE);
        desk.write(NOTHING);
        desk.run(&mut pipeline, Err(ProbeFailure::Timeout));
        assert!(desk.turn(&mut pipeline).state.is_tunnel_up());
    }
    desk.write(DOWN);
    assert!(!desk.turn(&mut pipeline).state.is_tunnel_up());
}

#[test]
fn a_tool_that_repeats_itself_keeps_its_word_without_a_log() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    for _ in 0..13 {
        desk.pass(5 * MINUTE);
        desk.answer(&mut pipeline, down());
        let client = desk.turn(&mut pipeline);
        assert_eq!(client.state.tunnel.state, TunnelState::Disconnected);
    }
}

#[test]
fn two_tools_that_disagree_do_not_turn_a_state_back_and_forth() {
    let desk = Desk::new();
    let mut ledger = netskope_ledger();
    let says = |tool, client, tunnel| ToolRun {
        tool,
        duration: Duration::ZERO,
        outcome: Ok(ToolReading {
            client: Some(client),
            tunnel,
            ..ToolReading::default()
        }),
        version: None,
    };
    let down = Some(TunnelState::Disconnected);
    let mut changes = Vec::new();
    for _ in 0..3 {
        for run in [
            says(Tool::Nsdiag, ClientStatus::FailClosed, down),
            says(Tool::StAgentCli, ClientStatus::Enabled, None),
        ] {
            ledger.take_tool_run("laptop", &run, desk.now());
            ledger.catch_up(desk.now());
            changes.push(draw(&ledger).state.client.state);
        }
    }
    assert_eq!(changes, [ClientStatus::FailClosed; 6]);
}
