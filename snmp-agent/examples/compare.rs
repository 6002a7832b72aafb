//! Our agent beside Debian's snmpd, on this host and in the same minutes: what a question
//! costs each, and what a million spoiled datagrams leave in our memory.
//!
//! Usage: `compare [SECONDS [RUNS]]`, 2 and 5 if not given. Wants snmpd, and the examples
//! `serve` and `load` beside itself:
//!
//! ```sh
//! cargo build --release -p snmp-agent --examples && target/release/examples/compare
//! ```
//!
//! The two take turns within each case, and each pair of turns gives a ratio, so that a
//! machine whose speed drifts bends both alike. Processor time is the kernel's own account
//! of each server's threads. A row of the table is a median over the runs. Linux only.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[path = "../tests/suite/datagram.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "made for the tests, which use the rest and may stop at the first surprise"
)]
mod datagram;
#[path = "../tests/suite/harness.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "made for the tests, which use the rest and may stop at the first surprise"
)]
mod harness;
#[path = "../tests/suite/mutated.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "made for the tests, which use the rest and may stop at the first surprise"
)]
mod mutated;
#[path = "../tests/suite/spoil.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "made for the tests, which may stop at the first surprise"
)]
mod spoil;
#[path = "../tests/suite/subtrees.rs"]
mod subtrees;
#[path = "../tests/suite/v3.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "made for the tests, which use the rest and may stop at the first surprise"
)]
mod v3;

/// What is asked, how many questions are under way, and what it is for people.
const CASES: &[(&str, &str, &str)] = &[
    ("get", "1", "GET of one object, one at a time"),
    ("get", "32", "GET of one object, 32 under way"),
    ("18", "16", "GET of the vendor's 18 objects"),
    ("next", "16", "GETNEXT"),
    ("if", "8", "GETBULK of 25 in ifTable"),
    ("ucd", "8", "GETBULK of 25 in UCD-SNMP-MIB"),
    ("v3", "16", "GET by version 3, SHA and AES"),
    (
        "both",
        "1",
        "walk of what both serve by GETBULK of 25, each object",
    ),
    (
        "walk",
        "1",
        "walk of everything that each serves, each object",
    ),
];

/// Spoiled datagrams in the last part.
const SPOILED: usize = 1_000_000;

/// Before they are counted: until the allocator has what it will have.
const WARM_UP: usize = 50_000;

/// An agent in a process of its own.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Memory that it holds, in kB.
    fn resident_kb(&self) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let text = text.unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn beside(name: &str) -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().unwrap_or(Path::new("."));
    Ok(folder.join(name))
}

fn free_address() -> io::Result<SocketAddr> {
    UdpSocket::bind("127.0.0.1:0")?.local_addr()
}

fn ours() -> io::Result<Server> {
    let address = free_address()?;
    let mut child = Command::new(beside("serve")?)
        .arg(address.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    // Its first line says that it listens.
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    Ok(Server { child, address })
}

/// snmpd with `/` as disk 1, as the vendor's list has it, and the same user.
fn theirs(folder: &Path) -> io::Result<Server> {
    let address = free_address()?;
    let (auth, privacy) = (harness::AUTH_PASSPHRASE, harness::PRIV_PASSPHRASE);
    let view: Vec<String> = subtrees::BOTH
        .iter()
        .map(|root| format!("view both included .{root}\n"))
        .collect();
    let view = view.concat();
    let configuration = format!(
        "agentAddress udp:{address}\nrocommunity public default\ndisk / 100000\n{view}\
         rocommunity both default -V both\nincludeAllDisks 10%\n\
         createUser shaaes SHA {auth} AES {privacy}\n\
         rouser shaaes priv\ndontLogTCPWrappersConnects yes\n"
    );
    let file = folder.join("snmpd.conf");
    fs::write(&file, configuration)?;
    let child = Command::new("snmpd")
        .args(["-f", "-Lf", "/dev/null", "-C", "-c"])
        .arg(&file)
        .arg("-p")
        .arg(folder.join("pid"))
        .env("SNMP_PERSISTENT_DIR", folder)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let server = Server { child, address };
    // It is ready when it answers.
    let asker = UdpSocket::bind("127.0.0.1:0")?;
    asker.set_read_timeout(Some(std::time::Duration::from_millis(200)))?;
    let question = datagram::get(1, &[&[1, 3, 6, 1, 2, 1, 1, 3, 0]]);
    for _ in 0..100 {
        asker.send_to(&question, address)?;
        if asker.recv(&mut [0; 2_000]).is_ok() {
            return Ok(server);
        }
    }
    Err(io::Error::other("snmpd does not answer"))
}

/// Answers a second, or objects where that is what counts, and microseconds of processor
/// time for each.
#[derive(Clone, Copy)]
struct Turn {
    rate: f64,
    cost_us: f64,
}

fn turn(server: &Server, seconds: &str, window: &str, case: &str) -> io::Result<Turn> {
    let output = Command::new(beside("load")?)
        .args([&server.address.to_string(), &server.pid()])
        .args([seconds, window, case])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let words: Vec<&str> = text.split_whitespace().collect();
    let before = |unit: &str| {
        let place = words.iter().position(|word| *word == unit)?;
        words.get(place.checked_sub(1)?)?.parse::<f64>().ok()
    };
    let turn = before("units/s,").zip(before("us"));
    let turn = turn.map(|(rate, cost_us)| Turn { rate, cost_us });
    turn.ok_or_else(|| io::Error::other(format!("load said: {text}")))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}

fn range(numbers: &[f64]) -> (f64, f64) {
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(0.0, f64::max);
    (low, high)
}

#[expect(clippy::print_stdout, reason = "its result")]
fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = arguments.first().map_or("2", String::as_str);
    let runs: usize = arguments
        .get(1)
        .and_then(|one| one.parse().ok())
        .unwrap_or(5);
    let folder = std::env::temp_dir().join(format!("ztna-compare-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (our_server, their_server) = (ours()?, theirs(&folder)?);
    println!(
        "| case | ours/s | snmpd/s | ours, us of cpu | snmpd | served for each CPU second, ratio |"
    );
    println!("|---|---|---|---|---|---|");
    for (case, window, name) in CASES {
        let (mut own, mut other) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            own.push(turn(&our_server, seconds, window, case)?);
            other.push(turn(&their_server, seconds, window, case)?);
        }
        let pairs = own.iter().zip(&other);
        let ratios: Vec<f64> = pairs.map(|(one, two)| two.cost_us / one.cost_us).collect();
        let of =
            |turns: &[Turn], field: fn(&Turn) -> f64| median(turns.iter().map(field).collect());
        let (low, high) = range(&ratios);
        println!(
            "| {name} | {:.0} | {:.0} | {:.2} | {:.2} | {:.2} ({low:.2} to {high:.2}) |",
            of(&own, |one| one.rate),
            of(&other, |one| one.rate),
            of(&own, |one| one.cost_us),
            of(&other, |one| one.cost_us),
            median(ratios.clone()),
        );
    }
    let (own_kb, other_kb) = (our_server.resident_kb(), their_server.resident_kb());
    println!("resident after the cases: {own_kb} kB, snmpd {other_kb} kB");
    let asker = datagram::Asker::new(our_server.address);
    mutated::flood_anew(&asker, WARM_UP);
    let before = our_server.resident_kb();
    mutated::flood_anew(&asker, SPOILED);
    let after = our_server.resident_kb();
    println!("{SPOILED} spoiled datagrams: {before} kB before, {after} kB after");
    drop((our_server, their_server));
    fs::remove_dir_all(&folder)
}
