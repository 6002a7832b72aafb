//! The agent as a process sees it: starts, stops, reloads, addresses, a store that fails.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use model::host::{HostSample, Interface};
use snmp_agent::counters::Counter;
use snmp_agent::discovery;
use snmp_agent::front::Network;
use snmp_agent::keep::{EngineRecord, Keep, KeepError};
use snmp_agent::run::V3;
use snmp_agent::settings::Settings;
use snmp_agent::tree::indexes::Indexes;

use crate::datagram::{Asker, get, request_id};
use crate::harness::{Agent, kept_engine, settings};
use crate::v3::{Message, Seen};

const UPTIME: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 3, 0];

fn loopback() -> Settings {
    settings(&["127.0.0.1:0"])
}

#[test]
pub(crate) fn each_start_counts_and_the_engine_keeps_its_name() {
    let keep = kept_engine();
    for boots in 42..45 {
        let mut agent = Agent::start_with(loopback(), Arc::clone(&keep));
        let record = keep.load_engine().unwrap().unwrap();
        assert_eq!(record.boots, boots);
        assert_eq!(agent.handle().engine_id(), Some(record.id));
        agent.stop();
    }
}

/// A store on a disk that is full.
struct Broken;

impl Keep for Broken {
    fn load_engine(&self) -> Result<Option<EngineRecord>, KeepError> {
        Ok(None)
    }

    fn save_engine(&self, _: &EngineRecord) -> Result<(), KeepError> {
        Err(KeepError("no space left".to_owned()))
    }

    fn load_indexes(&self) -> Result<Indexes, KeepError> {
        Err(KeepError("no space left".to_owned()))
    }

    fn save_indexes(&self, _: &Indexes) -> Result<(), KeepError> {
        Err(KeepError("no space left".to_owned()))
    }
}

#[test]
pub(crate) fn without_a_store_version_3_is_refused_and_communities_are_served() {
    let agent = Agent::start_with(loopback(), Arc::new(Broken));
    assert_eq!(
        agent.handle().health().v3,
        V3::Refused("no space left".to_owned())
    );
    let asker = Asker::new(agent.address());
    assert_eq!(request_id(&asker.answer(&get(5, &[UPTIME]))), Some(5));
    assert!(asker.is_silence(&Message::get(&["1.3.6.1.2.1.1.3.0"], 1_000).build()));
}

#[test]
pub(crate) fn a_reload_changes_who_may_ask_and_not_the_clock() {
    let agent = Agent::on_loopback();
    let asker = Asker::new(agent.address());
    let message = Message::get(&["1.3.6.1.2.1.1.3.0"], 1_000).build();
    assert_eq!(Seen::sealed(&asker.answer(&message)).tag, 0xa2);
    let mut without = loopback();
    without.users.retain(|access| access.user.name != "shaaes");
    agent.handle().reload(without).unwrap();
    assert_eq!(Seen::plain(&asker.answer(&message)).tag, 0xa8);
    agent.handle().reload(loopback()).unwrap();
    // The same octets as before: neither boots nor time began anew.
    assert_eq!(Seen::sealed(&asker.answer(&message)).tag, 0xa2);
    let refused = Settings {
        answer_bytes_max: 1,
        ..loopback()
    };
    assert!(agent.handle().reload(refused).is_err());
    assert_eq!(Seen::sealed(&asker.answer(&message)).tag, 0xa2);
}

#[test]
fn a_reload_that_brings_the_first_users_starts_the_engine() {
    let mut alone = loopback();
    alone.users.clear();
    let agent = Agent::start(alone.clone());
    let asker = Asker::new(agent.address());
    let message = Message::get(&["1.3.6.1.2.1.1.3.0"], 1_000).build();
    assert_eq!(agent.handle().health().v3, V3::Off);
    assert!(asker.is_silence(&message));
    agent.handle().reload(loopback()).unwrap();
    assert_eq!(agent.handle().health().v3, V3::Serving);
    // The clock of the engine begins with its start.
    let fresh = Message::get(&["1.3.6.1.2.1.1.3.0"], 0).build();
    assert_eq!(Seen::sealed(&asker.answer(&fresh)).tag, 0xa2);
    agent.handle().reload(alone).unwrap();
    assert_eq!(agent.handle().health().v3, V3::Off);
}

#[test]
fn addresses_come_and_go_while_the_others_answer() {
    let mut agent = Agent::on_loopback();
    let first_address = agent.address();
    let first = Asker::new(first_address);
    let both = settings(&["127.0.0.1:0", "[::1]:0"]);
    let missing = agent.handle().missing(&both);
    assert_eq!(missing, ["[::1]:0".parse().unwrap()]);
    agent.change(both, &missing);
    let second = agent.handle().addresses()[1];
    assert_eq!(
        request_id(&Asker::new(second).answer(&get(1, &[UPTIME]))),
        Some(1)
    );
    assert_eq!(request_id(&first.answer(&get(2, &[UPTIME]))), Some(2));
    agent.change(loopback(), &[]);
    assert_eq!(agent.handle().addresses(), [first_address]);
    assert_eq!(request_id(&first.answer(&get(3, &[UPTIME]))), Some(3));
    // Its port is free again as soon as its task has been seen off.
    while UdpSocket::bind(second).is_err() {
        std::thread::yield_now();
    }
}

#[test]
fn a_share_is_there_after_two_samples_whatever_was_shown_before() {
    let agent = Agent::on_loopback();
    let asker = Asker::new(agent.address());
    let idle: &[u32] = &[1, 3, 6, 1, 4, 1, 2021, 11, 11, 0];
    let show = |host: HostSample| {
        agent.stage.picture.lock().unwrap().host = Arc::new(host);
        agent.clock.advance(Duration::from_secs(1));
        asker.answer(&get(1, &[idle]))
    };
    // More than a window: what the harness showed at its start is forgotten.
    agent.clock.advance(Duration::from_secs(100));
    show(HostSample::default());
    show(crate::harness::host());
    let mut busy = crate::harness::host();
    for times in busy.cpu.iter_mut() {
        times.user += 75;
        times.idle += 25;
    }
    let answer = show(busy);
    assert!(answer.ends_with(&[2, 1, 25]), "{answer:x?}");
}

#[test]
fn an_engine_is_found_out_with_its_clock() {
    let agent = Agent::on_loopback();
    let asker = Asker::new(agent.address());
    let found = discovery::read(&asker.answer(&discovery::question(9)), 9).unwrap();
    assert_eq!(Some(found.engine_id), agent.handle().engine_id());
    assert_eq!((found.boots, found.seconds), (42, 1_000));
    let answer = asker.answer(&discovery::question(10));
    assert_eq!(discovery::read(&answer, 9), None);
}

#[test]
fn a_reload_is_seen_by_the_next_question() {
    let agent = Agent::on_loopback();
    let asker = Asker::new(agent.address());
    let contact: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 4, 0];
    let holds = |word: &[u8]| {
        let answer = asker.answer(&get(1, &[contact]));
        answer.windows(word.len()).any(|window| window == word)
    };
    assert!(holds(b"noc"));
    let renamed = Settings {
        contact: "night shift".to_owned(),
        ..loopback()
    };
    agent.handle().reload(renamed).unwrap();
    assert!(holds(b"night shift"));
}

#[test]
pub(crate) fn an_answer_leaves_from_the_address_that_was_asked() {
    let agent = Agent::start(settings(&["0.0.0.0:0", "[::]:0"]));
    let ports: Vec<u16> = agent
        .handle()
        .addresses()
        .iter()
        .map(|one| one.port())
        .collect();
    for (asked, from) in [
        (format!("127.0.0.9:{}", ports[0]), "127.0.0.1:0"),
        (format!("127.0.0.1:{}", ports[0]), "127.0.0.1:0"),
        (format!("[::1]:{}", ports[1]), "[::1]:0"),
        // A socket for both families.
        (format!("127.0.0.7:{}", ports[1]), "127.0.0.1:0"),
    ] {
        let socket = UdpSocket::bind(from).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        socket.send_to(&get(1, &[UPTIME]), &asked).unwrap();
        let (_, answered_by) = socket.recv_from(&mut [0; 2_000]).unwrap();
        assert_eq!(answered_by.to_string(), asked);
    }
}

#[test]
fn a_source_that_is_not_on_the_list_gets_nothing() {
    let mut settings = loopback();
    settings.front.sources = vec![Network::parse("192.0.2.0/24").unwrap()];
    let agent = Agent::start(settings.clone());
    let asker = Asker::new(agent.address());
    asker.send(&get(1, &[UPTIME]));
    settings.front.sources.clear();
    // The reload itself is seen only by who asks again.
    while agent.handle().counters().get(Counter::RefusedSources) == 0 {
        std::thread::yield_now();
    }
    agent.handle().reload(settings).unwrap();
    assert_eq!(request_id(&asker.answer(&get(2, &[UPTIME]))), Some(2));
    assert_eq!(agent.handle().counters().get(Counter::InPackets), 1);
}

/// A walk from row to row below `root`, by questions of one kind, until it is over. Before
/// each question the host has another interface and another disk than before.
fn walk_while_rows_change(root: &[u32], tag: u8, repetitions: u8) -> u32 {
    let agent = Agent::on_loopback();
    let asker = Asker::new(agent.address());
    let mut name = root.to_vec();
    for round in 0..400 {
        let mut host = crate::harness::host();
        host.interfaces.push(Interface {
            index: 3 + round % 7,
            ..Interface::default()
        });
        let mut disk = host.filesystems[0].clone();
        disk.mountpoint = Arc::from(format!("/mnt/{}", round % 5));
        host.filesystems.push(disk);
        agent.stage.picture.lock().unwrap().host = Arc::new(host);
        agent.clock.advance(Duration::from_secs(1));
        let mut message = get(1, &[&name]);
        let place = message.iter().position(|octet| *octet == 0xa0).unwrap();
        message[place] = tag;
        // Behind the PDU's head, its number and non-repeaters, of one octet each.
        message[place + 10] = repetitions;
        for next in names(&asker.answer(&message)) {
            assert!(next > name, "{next:?} after {name:?}");
            name = next;
            if !name.starts_with(root) {
                return round;
            }
        }
    }
    panic!("the walk did not end");
}

#[test]
pub(crate) fn a_walk_goes_on_when_interfaces_and_disks_come_and_go() {
    let interfaces: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1];
    let disks: &[u32] = &[1, 3, 6, 1, 4, 1, 2021, 9, 1];
    for root in [interfaces, disks] {
        let single = walk_while_rows_change(root, 0xa1, 0);
        let bulk = walk_while_rows_change(root, 0xa5, 5);
        assert!(20 < single && 4 < bulk && bulk < single, "{single} {bulk}");
    }
}

/// A source has its picture ready; this is what happens if one has not, for longer than any
/// poller waits.
#[test]
pub(crate) fn a_slow_source_loses_no_question() {
    let agent = Agent::on_loopback();
    let asker = Asker::new(agent.address());
    assert_eq!(request_id(&asker.answer(&get(1, &[UPTIME]))), Some(1));
    let slow = agent.stage.picture.lock().unwrap();
    agent.clock.advance(Duration::from_secs(1));
    for id in 100..300 {
        asker.send(&get(id, &[UPTIME]));
    }
    assert_eq!(asker.receive(Duration::from_millis(1_200)), None);
    drop(slow);
    let answered = (100..300).map(|_| asker.receive(Duration::from_secs(10)).unwrap().0);
    let answered: Vec<_> = answered.map(|one| request_id(&one).unwrap()).collect();
    assert_eq!(answered, (100..300).collect::<Vec<_>>());
    assert_eq!(request_id(&asker.answer(&get(2, &[UPTIME]))), Some(2));
}

/// The names in an answer.
fn names(message: &[u8]) -> Vec<Vec<u32>> {
    use snmp_agent::ber::{Reader, SEQUENCE};
    let mut body = Reader::new(message).enter(SEQUENCE).unwrap();
    body.element().unwrap();
    body.element().unwrap();
    let mut pdu = Reader::new(body.element().unwrap().1);
    for _ in 0..3 {
        pdu.integer().unwrap();
    }
    let mut list = pdu.enter(SEQUENCE).unwrap();
    let mut names = Vec::new();
    while !list.is_empty() {
        let mut name = Vec::new();
        list.enter(SEQUENCE).unwrap().oid(&mut name).unwrap();
        names.push(name);
    }
    names
}

#[test]
pub(crate) fn who_stops_with_questions_in_flight_stops() {
    let mut agent = Agent::on_loopback();
    let asker = Asker::new(agent.address());
    for id in 0..2_000 {
        asker.send(&get(id, &[UPTIME]));
    }
    let address = agent.address();
    agent.stop();
    // The port is free again.
    UdpSocket::bind(address).unwrap();
}
