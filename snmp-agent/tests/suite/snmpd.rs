//! The same host through snmpd and through us: the same objects, types and values.
//!
//! snmpd is walked before and after us. An object is *identical* if ours equals either of
//! its walks; it has *drifted* if the type is the same and it is a number that moved, or
//! lies close by; anything else is *different*, and none may be. The table is printed.
//!
//! What we leave out or do otherwise on purpose is listed, with the reason. snmpd and the
//! host must be Linux's; without the programs the check is left out.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::harness::{Agent, settings};
use crate::subtrees::BOTH;
use crate::tools::{self, As, ask};

/// Beginnings of names that are not compared: each is another thing by design.
const OURS: &[(&str, &str)] = &[
    (".1.3.6.1.2.1.1.3.0", "each agent's own uptime"),
    (".1.3.6.1.2.1.1.4.0", "configured"),
    (".1.3.6.1.2.1.1.6.0", "configured"),
    (".1.3.6.1.2.1.1.8.0", "each agent's own modules"),
    (".1.3.6.1.2.1.1.9.", "each agent's own modules"),
    (".1.3.6.1.2.1.25.1.1.0", "sampled once here, live there"),
    (".1.3.6.1.2.1.25.1.2.0", "the test's clock stands still"),
    (".1.3.6.1.2.1.2.2.1.9.", "each agent's own uptime"),
    // Shares and rates want a minute; the test has one sample.
    (".1.3.6.1.4.1.2021.11.3.0", "a rate"),
    (".1.3.6.1.4.1.2021.11.4.0", "a rate"),
    (".1.3.6.1.4.1.2021.11.5.0", "a rate"),
    (".1.3.6.1.4.1.2021.11.6.0", "a rate"),
    (".1.3.6.1.4.1.2021.11.7.0", "a rate"),
    (".1.3.6.1.4.1.2021.11.8.0", "a rate"),
    (".1.3.6.1.4.1.2021.11.9.0", "a share"),
    (".1.3.6.1.4.1.2021.11.10.0", "a share"),
    (".1.3.6.1.4.1.2021.11.11.0", "a share"),
    (".1.3.6.1.2.1.25.3.3.1.2.", "a share"),
    // The rows are the same; their numbers are lasting here and the mount order there.
    (".1.3.6.1.4.1.2021.9.1.1.", "a number of ours"),
    (".1.3.6.1.2.1.25.2.3.1.1.", "a number of ours"),
    // Loads of disks that nobody here measures.
    (".1.3.6.1.4.1.2021.13.15.1.1.9.", "left out"),
    (".1.3.6.1.4.1.2021.13.15.1.1.10.", "left out"),
    (".1.3.6.1.4.1.2021.13.15.1.1.11.", "left out"),
    (".1.3.6.1.4.1.2021.13.15.1.1.14.", "left out"),
    (".1.3.6.1.2.1.25.1.3.0", "left out"),
    (
        ".1.3.6.1.2.1.25.1.4.0",
        "left out: a command line may hold secrets",
    ),
];

/// How often snmpd is asked whether it is ready: it takes five seconds, a question some
/// hundredths of one.
const QUESTIONS_MAX: usize = 3_000;

/// snmpd on a port and a folder of its own.
pub(crate) struct Snmpd {
    child: Child,
    port: u16,
    folder: std::path::PathBuf,
}

impl Snmpd {
    /// Starts it, if it is installed, with more lines of configuration than it needs.
    pub(crate) fn start(more: &str) -> Option<Self> {
        let port = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = std::env::temp_dir().join(format!("ztna-snmpd-{port}"));
        fs::create_dir_all(&folder).unwrap();
        let configuration = format!(
            "agentAddress udp:127.0.0.1:{port}\nrocommunity public default\n\
             includeAllDisks 10%\ndontLogTCPWrappersConnects yes\n{more}\n"
        );
        let file = folder.join("snmpd.conf");
        fs::write(&file, configuration).unwrap();
        let child = Command::new("snmpd")
            .args(["-f", "-Lf", "/dev/null", "-C", "-c"])
            .arg(&file)
            .arg("-p")
            .arg(folder.join("pid"))
            .env("SNMP_PERSISTENT_DIR", &folder)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let snmpd = Self {
            child: child.ok()?,
            port,
            folder,
        };
        // It answers when it is ready, and takes ticks into its counts at its second look.
        let raw_user = "1.3.6.1.4.1.2021.11.50.0";
        for _ in 0..QUESTIONS_MAX {
            let text = snmpd.ask("snmpget", &[raw_user]);
            let is_ready = text.contains("Counter32: ") && !text.contains("Counter32: 0\n");
            if is_ready {
                return Some(snmpd);
            }
        }
        None
    }

    /// Where it answers.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    fn ask(&self, tool: &str, names: &[&str]) -> String {
        ask(tool, As::V2("public"), self.address(), (&["-Oe"], names))
    }

    fn walk(&self) -> BTreeMap<String, String> {
        walk(&|root| self.ask("snmpbulkwalk", &[root]))
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn walk(ask: &dyn Fn(&str) -> String) -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    for root in BOTH {
        for line in ask(root).lines() {
            if let Some((name, value)) = line.split_once(" = ") {
                rows.insert(name.to_owned(), value.trim().to_owned());
            }
        }
    }
    rows
}

/// Gives rows of tables whose numbers differ the number that our agent has for the name.
fn renumber(
    rows: &BTreeMap<String, String>,
    ours: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut renamed = rows.clone();
    for (table, column) in [
        (".1.3.6.1.4.1.2021.9.1.", "2."),
        (".1.3.6.1.2.1.25.2.3.1.", "3."),
        (".1.3.6.1.4.1.2021.13.15.1.1.", "2."),
    ] {
        let names = format!("{table}{column}");
        let by_name: BTreeMap<&str, &str> = ours
            .iter()
            .filter_map(|(name, value)| Some((value.as_str(), name.strip_prefix(&names)?)))
            .collect();
        renamed.retain(|name, _| !name.starts_with(table));
        for (name, value) in rows {
            let Some(rest) = name.strip_prefix(table) else {
                continue;
            };
            let (cell, index) = rest.split_once('.').unwrap();
            let own_name = rows.get(&format!("{names}{index}")).map(String::as_str);
            let own = own_name.and_then(|one| by_name.get(one));
            let index = own.copied().unwrap_or(index);
            renamed.insert(format!("{table}{cell}.{index}"), value.clone());
        }
    }
    renamed
}

/// The type, and the number if it is one.
fn parse(value: &str) -> (&str, Option<f64>) {
    let (kind, rest) = value.split_once(": ").unwrap_or((value, ""));
    let number = rest.trim_start_matches("Float: ").trim_start_matches('(');
    let digits = number.split([')', ' ']).next().unwrap_or("");
    (kind, digits.parse().ok())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Identical,
    Drifted,
    Different,
}

/// A text that is a number, as laLoad is.
fn plain(value: &str) -> Option<f64> {
    value
        .trim_start_matches("STRING: ")
        .trim_matches('"')
        .parse()
        .ok()
}

fn judge(before: &str, after: &str, ours: &str) -> Verdict {
    if ours == before || ours == after {
        return Verdict::Identical;
    }
    let (kind, number) = parse(before);
    let (our_kind, our_number) = parse(ours);
    let pair = number
        .zip(our_number)
        .or_else(|| plain(before).zip(plain(ours)));
    match pair {
        Some((theirs, own)) if kind == our_kind => {
            let is_close = (theirs - own).abs() <= (theirs * 0.05).max(6.0);
            if is_close || before != after {
                Verdict::Drifted
            } else {
                Verdict::Different
            }
        }
        _ => Verdict::Different,
    }
}

#[test]
fn every_object_of_snmpd_is_the_same_here() {
    if !tools::are_installed() || !cfg!(target_os = "linux") {
        return;
    }
    let Some(snmpd) = Snmpd::start("") else {
        println!("snmpd is not installed or does not start, this check is left out");
        return;
    };
    let agent = Agent::start(settings(&["127.0.0.1:0"]));
    let mut findings = compare(&snmpd, &agent);
    // The host goes on between two walks, and snmpd keeps some numbers for seconds: only
    // what differs each time is a difference.
    for _ in 1..ROUNDS {
        if findings.is_empty() {
            break;
        }
        let again = compare(&snmpd, &agent);
        findings.retain(|name, _| again.contains_key(name));
    }
    let findings: Vec<String> = findings.into_values().collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// How often snmpd and we are walked, if they do not agree at once.
const ROUNDS: usize = 4;

/// What differs between one walk of snmpd and one of ours, by object.
fn compare(snmpd: &Snmpd, agent: &Agent) -> BTreeMap<String, String> {
    let before = snmpd.walk();
    agent.stage.picture.lock().unwrap().host = Arc::new(crate::proc::sample());
    agent.clock.advance(Duration::from_secs(2));
    let address = agent.address();
    let ours = walk(&|root| {
        ask(
            "snmpbulkwalk",
            As::V2("public"),
            address,
            (&["-Oe"], &[root]),
        )
    });
    let after = renumber(&snmpd.walk(), &ours);
    let before = renumber(&before, &ours);
    let mut counts = BTreeMap::new();
    let mut findings = BTreeMap::new();
    for (name, theirs) in &before {
        if OURS
            .iter()
            .any(|(beginning, _)| name.starts_with(beginning))
        {
            continue;
        }
        let Some(own) = ours.get(name) else {
            findings.insert(name.clone(), format!("{name} = {theirs}: not here"));
            continue;
        };
        let again = after.get(name).unwrap_or(theirs);
        let verdict = judge(theirs, again, own);
        println!("{verdict:?} {name}: {theirs} | {own}");
        *counts.entry(verdict).or_insert(0) += 1;
        if verdict == Verdict::Different {
            let finding = format!("{name}: there {theirs}, here {own}");
            findings.insert(name.clone(), finding);
        }
    }
    println!("{counts:?}");
    assert!(counts[&Verdict::Identical] > 150, "{counts:?}");
    findings
}

/// Who has snmpd already adds one line to its configuration, and asks it for us too.
#[test]
fn an_snmpd_that_is_there_already_serves_us_through_one_line() {
    if !tools::are_installed() {
        return;
    }
    let agent = Agent::start(settings(&["127.0.0.1:0"]));
    let base = "1.3.6.1.4.1.8072.9999.9999.10942";
    let line = format!("proxy -v 2c -c public {} .{base}", agent.address());
    let Some(snmpd) = Snmpd::start(&line) else {
        println!("snmpd is not installed or does not start, this check is left out");
        return;
    };
    let through_snmpd = snmpd.ask("snmpbulkwalk", &[base]);
    let directly = ask(
        "snmpbulkwalk",
        As::V2("public"),
        agent.address(),
        (&["-Oe"], &[base]),
    );
    assert!(directly.lines().count() > 4, "{directly}");
    assert_eq!(through_snmpd, directly);
    let theirs = snmpd.ask("snmpget", &["1.3.6.1.2.1.1.2.0"]);
    assert!(theirs.contains("OID: "), "{theirs}");
    let missing = format!("{base}.1.1.99.0");
    let missing = snmpd.ask("snmpget", &[&missing]);
    assert!(missing.contains("No Such Object"), "{missing}");
}
