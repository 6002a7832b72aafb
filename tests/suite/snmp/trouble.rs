//! What must not hold up an answer: a collector that hangs. And what must not hold up an
//! end: questions that never cease.

use std::net::UdpSocket;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use harness::agent::Agent;
use harness::scene::Scene;
use harness::snmp::{
    Asker, COMMUNITY, PASSPHRASE, USER, addresses, as_community, as_user, scene_of, users,
};
use harness::tools::Tool;
use harness::wait::{self, PATIENCE};
use ztna_exporter::clock::Clock;

use super::UPTIME;

/// ssRawContexts.0, which grows as long as anything runs, and the whole of UCD-SNMP-MIB.
const SWITCHES: &str = "1.3.6.1.4.1.2021.11.60.0";
const UCD: &str = "1.3.6.1.4.1.2021";

/// What a poller waits for an answer, as most of them are set up.
const POLLER_WAITS: Duration = Duration::from_secs(1);

/// A scene whose host has a file of counts that nobody ever writes: who opens it the simple
/// way waits for ever.
fn scene_with_a_file_that_hangs() -> Scene {
    let host = "host: {interval: 1s, time_limit: 900ms, publisher_metrics_file: counts}\n";
    let scene = scene_of(&format!("{}{host}", users(""))).unwrap();
    let path = scene.path("counts");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    scene
}

#[test]
fn a_collector_that_hangs_holds_up_no_answer() {
    let scene = scene_with_a_file_that_hangs();
    let agent = Agent::start(&scene).unwrap();
    let address = addresses(&agent, 1).unwrap()[0];
    // It has been seen to hang.
    agent
        .wait_until_shown(&[r#"ztna_host_collector_success{collector="publisher"} 0"#])
        .unwrap();
    let asker = Asker::new().unwrap();
    let community = as_community(COMMUNITY);
    let user = as_user(USER, PASSPHRASE);
    for _ in 0..20 {
        for who in [&community, &user] {
            let clock = Clock::start();
            let said = asker.get(who, address, UPTIME).unwrap();
            assert!(said.starts_with("Timeticks"), "{said}");
            let took = clock.now().monotonic;
            assert!(took < POLLER_WAITS, "{took:?}");
        }
    }
    // The rest of the host is there, and goes on.
    let walked = asker
        .ask(Tool::Snmpbulkwalk, &community, address, &[UCD])
        .unwrap();
    assert!(100 < walked.lines().count(), "{walked}");
    let switches = || asker.number(&community, address, SWITCHES).unwrap();
    let first = switches();
    wait::until(PATIENCE, "a later sample", || {
        Ok((first < switches()).then_some(()))
    })
    .unwrap();
}

#[test]
fn an_end_under_questions_is_an_end_in_order() {
    let scene = scene_of(&users("")).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let address = addresses(&agent, 1).unwrap()[0];
    let question = question(COMMUNITY);
    let is_over = AtomicBool::new(false);
    let ended = thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            let (mut sent, mut answered) = (0_u64, 0_u64);
            while !is_over.load(Ordering::Relaxed) {
                // Refused as soon as nobody listens any more.
                sent += u64::from(socket.send_to(&question, address).is_ok());
                answered += u64::from(socket.recv(&mut [0; 2_000]).is_ok());
            }
            (sent, answered)
        });
        // Also if something is not as it should be: nobody asks for ever.
        let over = Over(&is_over);
        agent
            .wait_for("a thousand answers", |page| {
                let sent = page.value("ztna_snmp_packets_total", &[("direction", "sent")]);
                sent.is_some_and(|sent| 1_000.0 < sent)
            })
            .unwrap();
        let ended = agent.terminate();
        drop(over);
        let (sent, answered) = asking.join().unwrap();
        assert!(0 < answered && answered <= sent, "{sent} {answered}");
        ended.unwrap()
    });
    assert!(ended.success(), "{ended}");
    // Nothing of it was lost: the same store starts again.
    let again = Agent::start(&scene).unwrap();
    addresses(&again, 1).unwrap();
}

/// Says that it is over when it goes.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// GETBULK of 25 rows behind `1.3.6.1`, by version 2c.
fn question(community: &str) -> Vec<u8> {
    let pdu = [
        0xa5, 0x14, 2, 1, 1, 2, 1, 0, 2, 1, 25, 0x30, 0x09, 0x30, 0x07, 6, 3, 0x2b, 6, 1, 5, 0,
    ];
    let name = community.as_bytes();
    let name_size = u8::try_from(name.len()).unwrap();
    let mut body = vec![2, 1, 1, 4, name_size];
    body.extend(name);
    body.extend(pdu);
    let mut message = vec![0x30, u8::try_from(body.len()).unwrap()];
    message.extend(body);
    message
}
