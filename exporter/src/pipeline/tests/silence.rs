//! What silence does, turn by turn: on real files and a real store.

use model::connector::{Fact, ServiceState, TunnelState};
use model::untrusted::Untrusted;

use super::desk::{Desk, HOUR, NOTHING, UP, at, fact, tool};
use super::*;

#[test]
fn a_client_that_falls_silent_is_unknown_until_something_confirms_it() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(UP);
    assert!(desk.turn(&mut pipeline).state.is_tunnel_up());
    desk.pass(HOUR - 2);
    let nearly = desk.turn(&mut pipeline);
    assert!(nearly.state.is_tunnel_up() && !nearly.is_silent);
    desk.pass(2);
    let silent = desk.turn(&mut pipeline);
    assert!(silent.is_silent);
    assert_eq!(silent.state.tunnel.state, TunnelState::Unknown);
    assert_eq!(silent.state.internet_security.state, ServiceState::Unknown);
    assert_eq!(silent.state.tunnel.reason.as_str(), "silence");
    assert_eq!(silent.heard_at, nearly.heard_at);

    desk.write(NOTHING);
    let heard = desk.turn(&mut pipeline);
    assert!(!heard.is_silent);
    assert_eq!(
        heard.state.tunnel.state,
        TunnelState::Unknown,
        "not the last happy value"
    );
    desk.write(UP);
    assert!(desk.turn(&mut pipeline).state.is_tunnel_up());
}

#[test]
fn a_silence_goes_on_over_a_restart() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(UP);
    let before = desk.turn(&mut pipeline);
    desk.pass(2 * HOUR);
    let mut restarted = desk.restart(pipeline);
    let silent = desk.turn(&mut restarted);
    assert!(silent.is_silent, "nobody was there to hear anything");
    assert_eq!(silent.state.tunnel.state, TunnelState::Unknown);
    assert_eq!(silent.heard_at, before.heard_at);
    let mut again = desk.restart(restarted);
    let still = desk.turn(&mut again);
    assert!(still.is_silent);
    assert_eq!(still.state, silent.state);
}

#[test]
fn what_a_log_got_while_the_agent_was_away_breaks_the_silence() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(UP);
    desk.turn(&mut pipeline);
    desk.pass(2 * HOUR);
    desk.write(NOTHING);
    let mut restarted = desk.restart(pipeline);
    let heard = desk.turn(&mut restarted);
    assert!(!heard.is_silent && heard.state.is_tunnel_up());
}

#[test]
fn a_wall_clock_that_was_set_back_makes_nobody_silent() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(UP);
    desk.turn(&mut pipeline);
    desk.wall -= 48 * HOUR;
    let mut restarted = desk.restart(pipeline);
    assert!(!desk.turn(&mut restarted).is_silent);
    desk.pass(HOUR - 2);
    assert!(!desk.turn(&mut restarted).is_silent);
    desk.pass(2);
    assert!(desk.turn(&mut restarted).is_silent);
}

#[test]
fn a_silence_runs_on_through_a_reload() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(UP);
    desk.turn(&mut pipeline);
    desk.answer(&mut pipeline, fact("Frankfurt"));
    desk.turn(&mut pipeline);
    desk.pass(HOUR / 2);
    let restored = pipeline.settle(desk.now()).unwrap();
    let plan = Plan::from_config(&desk.config()).unwrap();
    pipeline.swap(plan.open(restored, desk.now()).unwrap());
    let reloaded = desk.turn(&mut pipeline);
    assert!(!reloaded.is_silent && reloaded.state.is_tunnel_up());
    assert_eq!(
        reloaded.tool_facts.get(Fact::Pop),
        Some(&Untrusted::new("Frankfurt"))
    );
    assert_eq!(tool(&reloaded).is_success, Some(true));
    desk.pass(HOUR / 2);
    assert!(desk.turn(&mut pipeline).is_silent);
}

#[test]
fn who_may_be_silent_for_ever_never_is() {
    let mut desk = Desk::new();
    desk.unknown_after = "never";
    let mut pipeline = desk.start();
    desk.write(UP);
    desk.turn(&mut pipeline);
    desk.pass(9_000 * HOUR);
    let quiet = desk.turn(&mut pipeline);
    assert!(!quiet.is_silent && quiet.state.is_tunnel_up());
}

#[test]
fn nobody_is_silent_while_the_store_refuses_and_the_log_is_not_read() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(UP);
    desk.turn(&mut pipeline);
    fs::remove_file(desk.path("state.db")).unwrap();
    desk.write(NOTHING);
    desk.pass(1);
    pipeline.read(desk.now());
    assert!(matches!(pipeline.commit(desk.now()), Committed::Refused(_)));
    desk.write(NOTHING);
    desk.pass(2 * HOUR);
    pipeline.reopen_store(desk.now()).unwrap();
    pipeline.commit(desk.now());
    assert!(!pipeline.snapshot().connectors[0].is_silent);
    let heard = desk.turn(&mut pipeline);
    assert!(!heard.is_silent && heard.state.is_tunnel_up());
}

#[test]
fn after_a_silence_a_log_whose_clock_is_late_is_believed() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(&at("09:00:00", UP));
    desk.turn(&mut pipeline);
    desk.pass(2 * HOUR);
    assert!(desk.turn(&mut pipeline).is_silent);
    // A new file per start, by a clock that is hours behind ours.
    desk.write_to("next.log", &at("10:00:00", UP));
    assert!(desk.turn(&mut pipeline).state.is_tunnel_up());
    let mut restarted = desk.restart(pipeline);
    desk.pass(2 * HOUR);
    assert!(desk.turn(&mut restarted).is_silent);
    desk.write_to("third.log", &at("10:30:00", UP));
    assert!(desk.turn(&mut restarted).state.is_tunnel_up());
}
