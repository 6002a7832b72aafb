//! Asks an agent as fast as it answers, and says what that cost it.
//!
//! Usage: `load ADDRESS PID SECONDS WINDOW CASE`. WINDOW questions are under way at any
//! time. CASE is `get`, `18` (the vendor's list), `next`, `if` and `ucd` (GETBULK of 25),
//! `v3` (signed and encrypted GET by `shaaes`), or a walk by GETBULK of 25: `walk` of
//! everything, `both` of what snmpd and we serve, through a view of just that. A walk
//! counts objects, everything else answers. PID is the agent's: its processor time is read
//! from `/proc`. Linux only.

use std::fs;
use std::net::UdpSocket;
use std::time::Duration;

use snmp_agent::ber::{self, Reader};
use snmp_agent::message::{Pdu, write_community};
use snmp_agent::oid::Oid;

#[path = "../tests/suite/harness.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "made for the tests, which use the rest and may stop at the first surprise"
)]
mod harness;
#[path = "../tests/suite/v3.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "made for the tests, which use the rest and may stop at the first surprise"
)]
mod v3;

/// The vendor's 18 objects, with disk and interface 1.
const EIGHTEEN: &[&str] = &[
    "1.3.6.1.4.1.2021.9.1.7.1",
    "1.3.6.1.4.1.2021.9.1.8.1",
    "1.3.6.1.4.1.2021.9.1.9.1",
    "1.3.6.1.4.1.2021.9.1.10.1",
    "1.3.6.1.4.1.2021.9.1.2.1",
    "1.3.6.1.4.1.2021.9.1.3.1",
    "1.3.6.1.4.1.2021.9.1.6.1",
    "1.3.6.1.4.1.2021.11.9.0",
    "1.3.6.1.4.1.2021.11.50.0",
    "1.3.6.1.4.1.2021.11.10.0",
    "1.3.6.1.4.1.2021.11.52.0",
    "1.3.6.1.4.1.2021.11.11.0",
    "1.3.6.1.4.1.2021.11.53.0",
    "1.3.6.1.4.1.2021.4.5.0",
    "1.3.6.1.4.1.2021.4.6.0",
    "1.3.6.1.4.1.2021.4.11.0",
    "1.3.6.1.2.1.2.2.1.10.1",
    "1.3.6.1.2.1.2.2.1.16.1",
];

const UPTIME: &str = "1.3.6.1.2.1.1.3.0";

/// Who asks, if not through a view.
const PUBLIC: &[u8] = b"public";

fn question(community: &[u8], tag: u8, repetitions: i32, names: &[&str]) -> Vec<u8> {
    let mut bindings = Vec::new();
    for name in names.iter().filter_map(|name| Oid::parse(name)) {
        let mut content = Vec::new();
        ber::write_oid(&mut content, name.numbers());
        ber::write(&mut content, ber::NULL, &[]);
        ber::write(&mut bindings, ber::SEQUENCE, &content);
    }
    let pdu = Pdu {
        id: 0x1020_3040,
        status: 0,
        index: repetitions,
        bindings,
    };
    write_community(1, community, tag, &pdu)
}

/// A signed and encrypted GET for the engine that answers at the socket.
fn signed(socket: &UdpSocket) -> Option<Vec<u8>> {
    let discovery = [
        0x30, 0x38, 2, 1, 3, 0x30, 0x0e, 2, 1, 1, 2, 3, 0, 0xff, 0xe3, 4, 1, 4, 2, 1, 3, 4, 0x10,
        0x30, 0x0e, 4, 0, 2, 1, 0, 2, 1, 0, 4, 0, 4, 0, 4, 0, 0x30, 0x11, 4, 0, 4, 0, 0xa0, 0x0b,
        2, 1, 1, 2, 1, 0, 2, 1, 0, 0x30, 0,
    ];
    socket.send(&discovery).ok()?;
    let mut buffer = [0; 2_000];
    let size = socket.recv(&mut buffer).ok()?;
    let mut body = Reader::new(buffer.get(..size)?).enter(ber::SEQUENCE).ok()?;
    body.integer().ok()?;
    body.element().ok()?;
    let octets = body.expect(ber::OCTET_STRING).ok()?;
    let mut security = Reader::new(octets).enter(ber::SEQUENCE).ok()?;
    let mut message = v3::Message::get(&[UPTIME], 0);
    message.engine = security.expect(ber::OCTET_STRING).ok()?.to_vec();
    message.context_engine_id = message.engine.clone();
    message.boots = u32::try_from(security.integer().ok()?).ok()?;
    message.time = i64::from(security.integer().ok()?);
    Some(message.build())
}

/// Processor time of a process in nanoseconds.
fn cpu_nanoseconds(pid: &str) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let times = tasks.into_iter().flatten().flatten().map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        text.split(' ')
            .next()
            .and_then(|one| one.parse().ok())
            .unwrap_or(0)
    });
    times.sum()
}

/// Since the machine was started, in hundredths of a second.
fn hundredths() -> u64 {
    let text = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let digits: String = text.split(' ').next().unwrap_or("").replace('.', "");
    digits.parse().unwrap_or(0)
}

/// How many objects an answer to a community has, and the last one's name.
fn objects(message: &[u8]) -> Option<(u64, Vec<u32>)> {
    let mut body = Reader::new(message).enter(ber::SEQUENCE).ok()?;
    body.element().ok()?;
    body.element().ok()?;
    let mut pdu = Reader::new(body.element().ok()?.1);
    for _ in 0..3 {
        pdu.integer().ok()?;
    }
    let mut list = pdu.enter(ber::SEQUENCE).ok()?;
    let (mut count, mut last) = (0, Vec::new());
    while let Ok(mut binding) = list.enter(ber::SEQUENCE) {
        let mut numbers = Vec::new();
        binding.oid(&mut numbers).ok()?;
        if matches!(binding.element().ok()?.0, ber::END_OF_MIB_VIEW) {
            return Some((count, Vec::new()));
        }
        count += 1;
        last = numbers;
    }
    Some((count, last))
}

/// The next question of a walk that has come to this name; none is its end.
fn walk_on(community: &[u8], last: &[u32]) -> Vec<u8> {
    let from = if last.is_empty() { &[1, 3] } else { last };
    question(community, 0xa5, 25, &[&Oid::new(from).to_string()])
}

#[expect(clippy::print_stdout, reason = "its result")]
fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, pid, seconds, window, case] = arguments.as_slice() else {
        println!("usage: load ADDRESS PID SECONDS WINDOW CASE");
        return Ok(());
    };
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;
    let viewer: &[u8] = if case == "both" { b"both" } else { PUBLIC };
    let is_walk = matches!(case.as_str(), "walk" | "both");
    let mut asked = match case.as_str() {
        "18" => question(PUBLIC, 0xa0, 0, EIGHTEEN),
        "next" => question(PUBLIC, 0xa1, 0, &[UPTIME]),
        "if" => question(PUBLIC, 0xa5, 25, &["1.3.6.1.2.1.2.2"]),
        "ucd" => question(PUBLIC, 0xa5, 25, &["1.3.6.1.4.1.2021.4"]),
        "v3" => signed(&socket).unwrap_or_default(),
        _ if is_walk => walk_on(viewer, &[]),
        _ => question(PUBLIC, 0xa0, 0, &[UPTIME]),
    };
    let window: u64 = window.parse().unwrap_or(1);
    let ticks: u64 = seconds.parse().unwrap_or(2) * 100;
    let (begun, cpu) = (hundredths(), cpu_nanoseconds(pid));
    let (mut sent, mut answered, mut octets, mut lost) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut units = 0_u64;
    let mut buffer = [0; 65_535];
    while answered % 64 != 0 || hundredths().saturating_sub(begun) < ticks {
        while sent - answered - lost < window {
            socket.send(&asked)?;
            sent += 1;
        }
        match socket.recv(&mut buffer) {
            Ok(size) => {
                answered += 1;
                octets += u64::try_from(size).unwrap_or(0);
                let (count, last) = if is_walk {
                    objects(buffer.get(..size).unwrap_or_default()).unwrap_or_default()
                } else {
                    (1, Vec::new())
                };
                units += count;
                if is_walk {
                    asked = walk_on(viewer, &last);
                }
            }
            Err(_) => lost = sent - answered,
        }
    }
    let elapsed = hundredths().saturating_sub(begun).max(1);
    let used = cpu_nanoseconds(pid).saturating_sub(cpu);
    let counted = u32::try_from(units).unwrap_or(u32::MAX).max(1);
    println!(
        "{case:>5} window {window:>2}: {:>7} units/s, {:>6.3} us of cpu each, {} octets, {lost} lost",
        units * 100 / elapsed,
        Duration::from_nanos(used).as_secs_f64() * 1e6 / f64::from(counted),
        octets / answered.max(1),
    );
    Ok(())
}
