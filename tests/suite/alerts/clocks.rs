//! Promise: a wall clock that is put forward and back again is told of, and otherwise it
//! changes nothing: mails leave, none of them twice.

use harness::agent::Agent;
use harness::fake_clock::FakeClock;
use harness::receivers::{Speaker, scene};
use harness::smtp::MailServer;
use harness::wait::{self, PATIENCE};

use super::{all_mails, say_sentinel};

const TWO_HOURS: i64 = 7_200;

#[test]
fn a_clock_that_jumps_is_told_of_and_tells_nothing_twice() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let scene = scene(&[receiver], "").unwrap();
    let clock = FakeClock::new().unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let mut command = Agent::command(&scene).unwrap();
    clock.show_to(&mut command);
    let mut agent = Agent::spawn(&mut command).unwrap();
    agent.wait_until_listening().unwrap();
    agent.wait_until_ready().unwrap();
    speaker.lose_tunnel("203.0.113.7").unwrap();
    server.wait_for(1).unwrap();
    // The jump itself is worth a mail, which bears the new time and leaves at once.
    clock.set_ahead(TWO_HOURS).unwrap();
    server.wait_for(2).unwrap();
    clock.set_ahead(0).unwrap();
    wait::until(PATIENCE, "the jump back to be seen", || {
        let lines = agent.log_lines();
        let is_it = |line: &String| line.contains("clock jumped") && line.contains(":-7");
        Ok(lines.iter().any(is_it).then_some(()))
    })
    .unwrap();
    speaker.have_tunnel("203.0.113.7").unwrap();
    server.wait_for(3).unwrap();
    say_sentinel(&mut speaker, &server, 4).unwrap();
    let mails = all_mails(&agent, &server).unwrap();
    let subjects: Vec<&str> = mails
        .iter()
        .map(|mail| mail.header("Subject"))
        .map(|subject| subject.split_once(": ").unwrap().0)
        // What no connector is about names the host.
        .map(|head| head.split_once(" on ").map_or(head, |(kind, _)| kind))
        .collect();
    assert_eq!(
        subjects,
        [
            "[ZTNA critical] TUNNEL_DOWN",
            "[ZTNA warning] AGENT_FAULT",
            "[ZTNA resolved] TUNNEL_DOWN",
            "[ZTNA critical] REGISTRATION_FAILED",
        ]
    );
    assert!(mails[1].header("Subject").contains("(clock_jump)"));
    agent.terminate().unwrap();
}
