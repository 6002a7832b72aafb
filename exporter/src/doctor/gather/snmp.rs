//! Asks the agent's SNMP as a poller would: who it is by SNMPv3, its uptime by SNMPv2c.
//!
//! Where there are users, the question of version 3 is the discovery that every poller
//! begins with (RFC 3414 4): it needs no key, and whoever answers speaks USM. Where there
//! are communities, the first one asks for sysUpTime by version 2c.
//!
//! Known limits: that a user's passphrase is right is not tried; and the question comes
//! from this host, which `snmp.allow` may leave out.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use snmp_agent::ber::{self, write, write_oid};
use snmp_agent::message::{Envelope, Pdu, PduKind, V2C, write_community};

use super::super::facts::{Seen, SnmpAnswer, SnmpFacts, Unseen};
use super::addresses::reachable;
use crate::config::Config;

/// How long an answer may take; twice asked, as datagrams may get lost.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(1_500);
const TRIES: usize = 2;

/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 2_048;

/// Number of our questions, as version 2c and the discovery have it.
const QUESTION: i32 = 0x2abe;

/// Where the agent answers, and what to ask.
#[derive(Clone)]
pub(in crate::doctor) struct SnmpPlan {
    addresses: Vec<String>,
    has_users: bool,
    /// The first community. A secret: never shown.
    community: Option<Vec<u8>>,
}

impl SnmpPlan {
    /// What the configuration says.
    pub(in crate::doctor) fn of(config: &Config) -> Seen<Self> {
        let snmp = &config.snmp;
        if snmp.listen.is_empty() {
            return Err(Unseen::NotWanted("not configured".to_owned()));
        }
        let names = snmp.communities.iter().filter_map(|one| one.name());
        let mut read = names.filter_map(|name| name.read().ok());
        Ok(Self {
            addresses: snmp.listen.clone(),
            has_users: !snmp.users.is_empty(),
            community: read.next().map(|found| found.secret.expose().to_vec()),
        })
    }
}

/// Asks at each address.
pub(in crate::doctor) fn ask(plan: &SnmpPlan) -> Vec<SnmpFacts> {
    let parsed = plan.addresses.iter();
    let addresses = parsed.filter_map(|address| address.parse::<SocketAddr>().ok());
    addresses
        .map(|address| {
            let is_free = UdpSocket::bind(address).is_ok();
            SnmpFacts {
                address,
                // Nobody there answers nothing.
                answers: if is_free {
                    Vec::new()
                } else {
                    ask_at(address, plan)
                },
                is_free,
            }
        })
        .collect()
}

fn ask_at(address: SocketAddr, plan: &SnmpPlan) -> Vec<SnmpAnswer> {
    let by_user = plan.has_users.then(|| SnmpAnswer {
        question: "SNMPv3",
        outcome: ask_once(address, &DISCOVERY, is_report, "SNMPv3"),
    });
    let by_community = plan.community.as_ref().map(|community| SnmpAnswer {
        question: "SNMPv2c",
        outcome: ask_once(address, &question(community), is_response, "SNMPv2c"),
    });
    by_user.into_iter().chain(by_community).collect()
}

fn ask_once(
    address: SocketAddr,
    question: &[u8],
    is_answer: impl Fn(&[u8]) -> bool,
    version: &str,
) -> Result<String, String> {
    match exchange(address, question) {
        Ok(answer) if is_answer(&answer) => Ok(format!("{version} answers")),
        Ok(_) => Err("what answers does not speak it".to_owned()),
        Err(error) => Err(match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer".to_owned(),
            _ => format!("no answer: {error}"),
        }),
    }
}

/// A GET of sysUpTime.0 (SNMPv2-MIB).
fn question(community: &[u8]) -> Vec<u8> {
    const SYS_UP_TIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];
    /// GetRequest-PDU (RFC 3416 3).
    const GET: u8 = 0xa0;
    let mut binding = Vec::new();
    write_oid(&mut binding, &SYS_UP_TIME);
    write(&mut binding, ber::NULL, &[]);
    let mut bindings = Vec::new();
    write(&mut bindings, ber::SEQUENCE, &binding);
    let pdu = Pdu {
        id: QUESTION,
        bindings,
        ..Pdu::default()
    };
    write_community(V2C, community, GET, &pdu)
}

/// Whether somebody answered our question of version 2c.
fn is_response(answer: &[u8]) -> bool {
    let Ok(envelope) = Envelope::open(answer) else {
        return false;
    };
    let is_v2c = envelope.version == V2C;
    let answered = envelope.community();
    is_v2c && answered.is_ok_and(|(_, pdu)| pdu.kind == PduKind::Other && pdu.id == QUESTION)
}

fn exchange(address: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let local: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((local, 0))?;
    // Connected: a closed port is told at once, and answers of others are not taken.
    socket.connect(reachable(address))?;
    socket.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    let mut buffer = vec![0; ANSWER_BYTES_MAX];
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for _ in 0..TRIES {
        socket.send(question)?;
        match socket.recv(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A message of version 3 without an engine's name, without a user, and with a GET of
/// nothing (RFC 3414 4): number 0x2abe, 65507 bytes at most, a report wanted, USM.
const DISCOVERY: [u8; 60] = [
    0x30, 0x3a, 0x02, 0x01, 0x03, // message, version 3
    0x30, 0x0f, 0x02, 0x02, 0x2a, 0xbe, 0x02, 0x03, 0x00, 0xff, 0xe3, // number and size
    0x04, 0x01, 0x04, 0x02, 0x01, 0x03, // flags and security model
    0x04, 0x10, 0x30, 0x0e, 0x04, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, // nobody
    0x04, 0x00, 0x04, 0x00, 0x04, 0x00, // no user, no signature, no seal
    0x30, 0x12, 0x04, 0x00, 0x04, 0x00, 0xa0, 0x0c, 0x02, 0x02, 0x2a, 0xbe, // GET
    0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x00, // of nothing
];

/// Whether an answer is of version 3, has our number, and is a report (tag 0xa8).
fn is_report(answer: &[u8]) -> bool {
    let version_3 = [0x02, 0x01, 0x03, 0x30];
    let number = [0x02, 0x02, 0x2a, 0xbe];
    let holds = |wanted: &[u8]| answer.windows(wanted.len()).any(|window| window == wanted);
    answer.first() == Some(&0x30) && holds(&version_3) && holds(&number) && answer.contains(&0xa8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Debian's snmpd 5.9 answers to the discovery, with the address of its engine.
    fn report() -> Vec<u8> {
        let mut report = vec![0x30, 0x6b, 0x02, 0x01, 0x03, 0x30, 0x0f];
        report.extend([0x02, 0x02, 0x2a, 0xbe, 0x02, 0x03, 0x00, 0xff, 0xe3]);
        report.extend([
            0x04, 0x01, 0x00, 0x02, 0x01, 0x03, 0x04, 0x00, 0x30, 0x00, 0xa8,
        ]);
        report
    }

    #[test]
    fn the_discovery_is_well_formed() {
        let reader = Envelope::open(&DISCOVERY).unwrap();
        assert_eq!(reader.version, snmp_agent::message::V3);
        let header = snmp_agent::message::Header::read(reader.body).unwrap();
        assert_eq!((header.id, header.size_max), (0x2abe, 65_507));
        assert!(header.flags.is_reportable());
        snmp_agent::message::Security::read(header.security).unwrap();
        assert!(snmp_agent::message::Scoped::read(header.data.1).is_ok());
    }

    #[test]
    fn an_agent_is_told_from_others_and_from_nobody() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let served = std::thread::spawn(move || {
            for answer in [report(), b"hello".to_vec()] {
                let mut question = [0; 200];
                let (length, asker) = server.recv_from(&mut question).unwrap();
                assert_eq!(question[..length], DISCOVERY);
                server.send_to(&answer, asker).unwrap();
            }
        });
        let plan = SnmpPlan {
            addresses: vec![address.to_string()],
            has_users: true,
            community: None,
        };
        let first = ask(&plan);
        assert!(!first[0].is_free);
        let answers = vec![SnmpAnswer {
            question: "SNMPv3",
            outcome: Ok("SNMPv3 answers".to_owned()),
        }];
        assert_eq!(first[0].answers, answers);
        assert!(ask(&plan)[0].answers[0].outcome.is_err());
        served.join().unwrap();
        assert!(ask(&plan)[0].is_free);
    }

    #[test]
    fn a_question_of_version_2c_is_a_request_and_its_answer_a_response() {
        let asked = question(b"secret");
        let (community, request) = Envelope::open(&asked).unwrap().community().unwrap();
        assert_eq!((community, request.kind), (&b"secret"[..], PduKind::Get));
        assert_eq!(request.names, [vec![1, 3, 6, 1, 2, 1, 1, 3, 0]]);
        assert!(!is_response(&asked), "an echo is no answer");
        let pdu = Pdu {
            id: QUESTION,
            ..Pdu::default()
        };
        let answer = write_community(V2C, b"secret", snmp_agent::message::RESPONSE, &pdu);
        assert!(is_response(&answer));
        assert!(!is_response(&answer[..9]));
        let other = Pdu { id: 1, ..pdu };
        let other = write_community(V2C, b"secret", snmp_agent::message::RESPONSE, &other);
        assert!(!is_response(&other));
    }
}
