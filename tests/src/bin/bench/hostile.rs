//! What hostile datagrams leave in the memory of the whole program.
//!
//! Its SNMP agent serves a community and a user, as an operator would set it up, and is
//! sent good questions spoiled at random places: by the generator of `snmp-agent`'s own
//! tests, so that a run is the same as the one before. Each handful ends with a question
//! that must be answered: none is lost, and the agent lives.
//!
//! Known limit: a question of version 3 is recorded from net-snmp's tool and is in time for
//! 150 seconds, so it is recorded anew now and then.

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use harness::agent::Agent;
use harness::snmp::{Asker, COMMUNITY, PASSPHRASE, USER, addresses, as_user, scene};

use self::spoil::Chance;
use crate::measure::resident_mib;
use crate::progress;
use crate::report::{Figure, Report, Target};

#[path = "../../../../snmp-agent/tests/suite/spoil.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "made for tests, which may stop at the first surprise"
)]
mod spoil;

/// Before it is measured: until the allocator has what it will have.
const WARM_UP: u32 = 50_000;

/// Spoiled datagrams between two good ones: few enough for any socket's buffer.
const HANDFUL: usize = 20;

/// Spoiled datagrams between two recordings of version 3.
const RECORDED_FOR: u32 = 100_000;

/// sysUpTime.0
const UPTIME: &str = "1.3.6.1.2.1.1.3.0";

/// The first good question's number: one that takes four octets, as all after it do.
const FIRST_MARK: u32 = 0x1000_0000;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends `count` spoiled datagrams to a running agent.
///
/// # Errors
///
/// If it stops answering.
pub(crate) fn measure(count: u32, report: &mut Report) -> Result<()> {
    let scene = scene("")?;
    let agent = Agent::start(&scene)?;
    let address = *addresses(&agent, 1)?.first().context("no address")?;
    agent.wait_until_shown(&["ztna_snmp_v3_serving 1"])?;
    progress(&format!("{count} spoiled datagrams for the whole program"));
    let mut flood = Flood {
        socket: socket()?,
        address,
        chance: Chance::new(),
        mark: FIRST_MARK,
    };
    flood.send(WARM_UP)?;
    let before = resident_mib(agent.id())?;
    flood.send(count)?;
    let after = resident_mib(agent.id())?;
    agent.terminate()?;
    progress(&format!("  {before:.2} MiB before, {after:.2} MiB after"));
    report.add(
        &format!("memory that {count} spoiled datagrams left behind"),
        Target::AtMost(5.0),
        Figure {
            value: (after - before).max(0.0),
            unit: " MiB",
        },
        None,
    );
    Ok(())
}

/// Who sends them.
struct Flood {
    socket: UdpSocket,
    address: SocketAddr,
    chance: Chance,
    /// The number of the last good question.
    mark: u32,
}

impl Flood {
    fn send(&mut self, count: u32) -> Result<()> {
        let mut left = count;
        while 0 < left {
            let part = left.min(RECORDED_FOR);
            let mut good = vec![
                question(0xa0, 0, UPTIME_OID, 1),
                question(0xa5, 25, INTERNET, 1),
                question(0xa1, 0, INTERNET, 0),
            ];
            good.extend(recorded(self.address)?);
            self.send_spoiled(&good, part)?;
            left -= part;
        }
        Ok(())
    }

    fn send_spoiled(&mut self, good: &[Vec<u8>], count: u32) -> Result<()> {
        let mut turns = good.iter().cycle().take(usize::try_from(count)?);
        loop {
            let handful: Vec<&Vec<u8>> = turns.by_ref().take(HANDFUL).collect();
            if handful.is_empty() {
                return Ok(());
            }
            for one in handful {
                let spoiled = self.chance.spoil(one);
                self.socket.send_to(&spoiled, self.address)?;
            }
            self.wait_for_an_answer()?;
        }
    }

    /// What spoiled questions are answered with comes before.
    fn wait_for_an_answer(&mut self) -> Result<()> {
        self.mark = self.mark.wrapping_add(1);
        let number = self.mark.to_be_bytes();
        let mut asked = question(0xa0, 0, UPTIME_OID, 1);
        let place = asked.windows(4).position(|octets| octets == NUMBER);
        let place = place.context("a question without a number")?;
        for (octet, of_mark) in asked.iter_mut().skip(place).zip(number) {
            *octet = of_mark;
        }
        self.socket.send_to(&asked, self.address)?;
        let mut buffer = [0; 65_535];
        loop {
            let size = self.socket.recv(&mut buffer).context("no answer")?;
            let answer = buffer.get(..size).unwrap_or_default();
            if answer.windows(4).any(|octets| octets == number) {
                return Ok(());
            }
        }
    }
}

fn socket() -> Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// sysUpTime.0 and `1.3.6.1`, as they go on the wire.
const UPTIME_OID: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 3, 0];
const INTERNET: &[u8] = &[0x2b, 6, 1];

/// A question's number, until it has its own.
const NUMBER: [u8; 4] = [0x5a, 0x5a, 0x5a, 0x5a];

/// A question of version 1 (0) or 2c (1) for one name.
fn question(tag: u8, repetitions: u8, name: &[u8], version: u8) -> Vec<u8> {
    let binding = framed(0x30, &[&framed(6, name)[..], &[5, 0]].concat());
    let list = framed(0x30, &binding);
    let numbers = [&framed(2, &NUMBER)[..], &[2, 1, 0, 2, 1, repetitions]].concat();
    let pdu = framed(tag, &[&numbers[..], &list].concat());
    let community = framed(4, COMMUNITY.as_bytes());
    framed(0x30, &[&[2, 1, version][..], &community, &pdu].concat())
}

/// Octets behind their tag and a length that fits one octet.
fn framed(tag: u8, octets: &[u8]) -> Vec<u8> {
    let size = u8::try_from(octets.len()).unwrap_or(0x7f);
    [&[tag, size][..], octets].concat()
}

/// What net-snmp's tool sends to ask by version 3: a discovery, and a question that is
/// signed and encrypted for this agent's clock.
fn recorded(agent: SocketAddr) -> Result<Vec<Vec<u8>>> {
    let relay = socket()?;
    let between = relay.local_addr()?;
    let asking = thread::spawn(move || {
        let who = as_user(USER, PASSPHRASE);
        Asker::new()?.get(&who, between, UPTIME)
    });
    let mut heard = Vec::new();
    let beyond = socket()?;
    for _ in 0..2 {
        let mut buffer = vec![0; 2_000];
        let (size, tool) = relay.recv_from(&mut buffer)?;
        buffer.truncate(size);
        beyond.send_to(&buffer, agent)?;
        let mut answer = [0; 2_000];
        let answered = beyond.recv(&mut answer)?;
        relay.send_to(answer.get(..answered).unwrap_or_default(), tool)?;
        heard.push(buffer);
    }
    let said = asking.join().map_err(|_| anyhow!("the tool's thread"))??;
    anyhow::ensure!(said.starts_with("Timeticks"), "version 3 says {said}");
    Ok(heard)
}
