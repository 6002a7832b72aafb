//! Rows H and J: floods, and the agent as a process: starts, stores, addresses, ends.
//!
//! Most of them are tests of their own; a row runs the same test, and holds if it does.

use std::net::UdpSocket;
use std::time::Duration;

use snmp_agent::settings::Settings;
use snmp_agent::users::{AuthProtocol, Passphrases, Secret, User};

use super::{Check, Lab, USM};
use crate::datagram::{get, request_id};
use crate::harness::{AUTH_PASSPHRASE, Agent, ENGINE, settings};
use crate::v3::{Message, Seen};
use crate::{mutated, running};

const UPTIME: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 3, 0];

/// snmpEngineTime.0
const ENGINE_TIME: &str = "1.3.6.1.6.3.10.2.1.3.0";

/// Clients of row H3.
const CLIENTS: i32 = 1_000;

/// Forgeries of row H2.
const FORGERIES: u64 = 10_000;

/// A test that panics if it does not hold.
fn done(test: fn()) -> bool {
    test();
    true
}

/// A clock of the engine as a program would see it.
fn engine_time(lab: &Lab) -> u64 {
    lab.count(ENGINE_TIME)
}

/// Wrong signatures are counted, each answered with a report, and a good question is
/// answered between them.
fn forgeries(lab: &Lab) -> bool {
    let time = i64::try_from(engine_time(lab)).unwrap();
    let good = Message::get(&["1.3.6.1.2.1.1.3.0"], time).build();
    let mut forged = good.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let wrong_digests = format!("{USM}.5.0");
    let counted = lab.growth(&wrong_digests, || {
        for _ in 0..FORGERIES {
            assert_eq!(Seen::plain(&lab.asker.answer(&forged)).tag, 0xa8);
        }
    });
    counted == FORGERIES && Seen::sealed(&lab.asker.answer(&good)).tag == 0xa2
}

/// A thousand sockets ask at once, and each gets its own answer.
fn crowd(lab: &Lab) -> bool {
    let sockets: Vec<UdpSocket> = (0..CLIENTS)
        .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    for (id, socket) in (0..).zip(&sockets) {
        socket
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        socket
            .send_to(&get(id, &[UPTIME]), lab.agent.address())
            .unwrap();
    }
    (0..).zip(&sockets).all(|(id, socket)| {
        let mut buffer = [0; 2_000];
        let size = socket.recv(&mut buffer).unwrap_or(0);
        request_id(&buffer[..size]) == Some(id)
    })
}

/// Rows H.
pub(crate) const FLOODS: &[Check] = &[
    (
        "H1",
        "10,000 mutated datagrams leave it alive, and five lines in its log",
        |_| mutated::lives_through(10_000),
    ),
    (
        "H2",
        "10,000 wrong signatures (G33) are counted, and the next good question is answered",
        forgeries,
    ),
    (
        "H3",
        "1000 clients that ask at once are all answered",
        crowd,
    ),
];

/// Rows J.
pub(crate) const PROGRAM: &[Check] = &[
    (
        "J1",
        "each start counts, and the engine keeps its name",
        |_| done(running::each_start_counts_and_the_engine_keeps_its_name),
    ),
    (
        "J2",
        "the engine's time goes on with the clock, and not with a wall clock that is set",
        |lab| {
            let before = engine_time(lab);
            lab.agent.clock.advance(Duration::from_secs(7));
            let later = engine_time(lab);
            lab.agent.clock.set_wall_back(100_000);
            let still = engine_time(lab);
            lab.agent.clock.set_wall_back(-100_000);
            let again = engine_time(lab);
            lab.agent.clock.set_wall_back(0);
            [later, still, again] == [before + 7; 3]
        },
    ),
    (
        "J3",
        "if its start cannot be stored, version 3 is refused and communities are served",
        |_| done(running::without_a_store_version_3_is_refused_and_communities_are_served),
    ),
    (
        "J4",
        "an answer leaves from the address that was asked, IPv6 and mapped addresses too",
        |_| done(running::an_answer_leaves_from_the_address_that_was_asked),
    ),
    ("J5", "net-snmp's tools are answered over IPv6", |_| {
        let agent = Agent::start(settings(&["[::1]:0"]));
        let address = format!("udp6:{}", agent.address());
        let who = ["-v2c", "-c", "public", "-On", "-r0", "-t2", &address];
        let text = crate::tools::run("snmpget", &[&who[..], &[super::DESCR]].concat());
        text.contains("STRING: \"Linux pub-1")
    }),
    (
        "J6",
        "a walk goes on when interfaces and disks come and go, by GETNEXT and by GETBULK",
        |_| done(running::a_walk_goes_on_when_interfaces_and_disks_come_and_go),
    ),
    ("J7", "who stops with questions in flight stops", |_| {
        done(running::who_stops_with_questions_in_flight_stops)
    }),
    (
        "J8",
        "a reload of users keeps the engine's count and clock",
        |_| done(running::a_reload_changes_who_may_ask_and_not_the_clock),
    ),
    ("J9", "a passphrase of seven letters is refused", |_| {
        let passphrases = |word: &str| Passphrases {
            auth: (AuthProtocol::Sha1, Secret::new(word)),
            privacy: None,
        };
        let is_refused = User::from_passphrases("one", &passphrases("1234567"), &ENGINE).is_err();
        let is_taken =
            User::from_passphrases("one", &passphrases(AUTH_PASSPHRASE), &ENGINE).is_ok();
        is_refused && is_taken
    }),
    (
        "J10",
        "without a community and without a user nobody is answered",
        |_| {
            let agent = Agent::start(Settings {
                listen: vec!["127.0.0.1:0".parse().unwrap()],
                ..Settings::default()
            });
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.send_to(&get(1, &[UPTIME]), agent.address()).unwrap();
            let counters = agent.handle().counters();
            while counters.get(snmp_agent::counters::Counter::BadCommunityNames) == 0 {
                std::thread::yield_now();
            }
            socket.set_nonblocking(true).unwrap();
            socket.recv(&mut [0; 10]).is_err()
        },
    ),
    (
        "J11",
        "a source slower than a second loses no question: each is answered, and the next at once",
        |_| done(running::a_slow_source_loses_no_question),
    ),
];
