//! The checklist: every rule that pollers and standards hold an agent to, one row each.
//!
//! The rows and what was seen are `docs/snmp-conformance.md`; the test fails if a run
//! sees anything else. A row whose client is missing on this machine was not run: the
//! page of this run (`target/snmp-conformance.md`) says so, and why. Numbers of rows are
//! lasting: A and B the operations, C GETBULK, D who may not, E malformed messages, F
//! walks, G version 3, H floods, J the agent as a program, K other clients.

mod clients;
mod community;
mod malformed;
mod program;
mod readers;
mod series;
mod version3;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use expect_test::expect_file;

use crate::datagram::Asker;
use crate::harness::Agent;
use crate::tools::{self, As, ask};

/// sysDescr.0
pub(crate) const DESCR: &str = "1.3.6.1.2.1.1.1.0";
/// sysUpTime.0
pub(crate) const UPTIME: &str = "1.3.6.1.2.1.1.3.0";
/// ifEntry
pub(crate) const IF: &str = "1.3.6.1.2.1.2.2.1";
/// ifXEntry
pub(crate) const IFX: &str = "1.3.6.1.2.1.31.1.1.1";
/// usmStats
pub(crate) const USM: &str = "1.3.6.1.6.3.15.1.1";
/// snmpMPDStats
pub(crate) const MPD: &str = "1.3.6.1.6.3.11.2.1";

/// One row: number, what is checked, whether it holds.
pub(crate) type Check = (&'static str, &'static str, fn(&Lab) -> bool);

/// How a row fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As it should be.
    Holds,
    /// Otherwise.
    DoesNotHold,
    /// The client is not here, for this reason.
    NotRun(String),
}

impl Outcome {
    /// Of what was seen.
    pub(crate) const fn of(is_so: bool) -> Self {
        if is_so {
            Self::Holds
        } else {
            Self::DoesNotHold
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Holds => "holds".to_owned(),
            Self::DoesNotHold => "does not hold".to_owned(),
            Self::NotRun(why) => format!("not run: {why}"),
        }
    }
}

/// One row that may want a client which is not on every machine.
pub(crate) type Trial = (&'static str, &'static str, fn(&Lab) -> Outcome);

/// What a check needs.
pub(crate) struct Lab {
    /// The agent.
    pub(crate) agent: Agent,
    /// Datagrams of our own.
    pub(crate) asker: Asker,
}

impl Lab {
    fn new() -> Self {
        let agent = Agent::on_loopback();
        let asker = Asker::new(agent.address());
        Self { agent, asker }
    }

    /// A tool's words for version 2c.
    pub(crate) fn v2(&self, tool: &str, arguments: &[&str], names: &[&str]) -> String {
        let address = self.agent.address();
        ask(tool, As::V2("public"), address, (arguments, names))
    }

    /// A tool's words for version 1.
    pub(crate) fn v1(&self, tool: &str, arguments: &[&str], names: &[&str]) -> String {
        let address = self.agent.address();
        ask(tool, As::V1("public"), address, (arguments, names))
    }

    /// A tool's words for version 3.
    pub(crate) fn v3(&self, tool: &str, who: &str, names: &[&str]) -> String {
        ask(tool, As::V3(who), self.agent.address(), (&[], names))
    }

    /// A counter's value.
    pub(crate) fn count(&self, name: &str) -> u64 {
        let text = self.v2("snmpget", &["-Oqv"], &[name]);
        text.trim()
            .parse()
            .unwrap_or_else(|_| panic!("{name}: {text}"))
    }

    /// How much a counter grows while something is done.
    pub(crate) fn growth(&self, name: &str, action: impl FnOnce()) -> u64 {
        let before = self.count(name);
        action();
        self.count(name) - before
    }
}

/// Rows with what was seen.
struct Page {
    /// As seen.
    text: String,
    /// The same, but with rows that could not be run as if they held.
    text_elsewhere: String,
    failed: Vec<&'static str>,
}

impl Page {
    fn write(&mut self, text: &str) {
        self.text.push_str(text);
        self.text_elsewhere.push_str(text);
    }

    fn head(&mut self, title: &str) {
        self.write(&format!(
            "\n## {title}\n\n| # | check | result |\n|---|---|---|\n"
        ));
    }

    /// A row. One whose check panics does not hold.
    fn row(&mut self, number: &'static str, what: &str, check: impl FnOnce() -> Outcome) {
        let seen = catch_unwind(AssertUnwindSafe(check));
        let outcome = seen.unwrap_or(Outcome::DoesNotHold);
        if outcome == Outcome::DoesNotHold {
            self.failed.push(number);
        }
        let line = |one: &Outcome| format!("| {number} | {what} | {} |\n", one.text());
        self.text.push_str(&line(&outcome));
        if let Outcome::NotRun(why) = &outcome {
            println!("{number} was not run: {why}");
        }
        let elsewhere = match outcome {
            Outcome::NotRun(_) => Outcome::Holds,
            Outcome::Holds | Outcome::DoesNotHold => outcome,
        };
        self.text_elsewhere.push_str(&line(&elsewhere));
    }
}

/// What stands before the rows.
const PREFACE: &str = "# SNMP conformance\n\n\
    Generated by the tests of `snmp-agent` (`tests/suite/conformance.rs`), which fail if a \
    run sees anything else. What could be asked with net-snmp's own tools was; rows K name \
    other clients; the rest are datagrams made by hand. A run without one of the clients \
    writes `not run` and why into its own copy, `target/snmp-conformance.md`. Sources: RFC \
    1157, RFC 2578, RFC 3411 to 3417, RFC 3584, RFC 3826, RFC 7860.\n";

/// What stands behind them.
const CLOSING: &str = "\n## Not among the rows\n\n\
    Values against snmpd's on the same host (405 objects and more) have a test of their own \
    that prints the table (`tests/suite/snmpd.rs`), so have 50,000 mutated datagrams and the \
    memory they may cost (`tests/suite/mutated.rs`). The whole program has tests for what \
    only it can show: keys in its configuration, starts that a kill cannot lose, a collector \
    that hangs while we answer (`tests/suite/snmp.rs` of the repository). AgentX is not \
    spoken.\n";

/// How net-snmp's own scripts fared: too heavy for each run, so `./test --fulltests` writes it.
const FULLTESTS: &str = include_str!("../fixtures/fulltests.md");

#[test]
fn the_checklist_holds() {
    if !tools::are_installed() {
        return;
    }
    let lab = Lab::new();
    let mut page = Page {
        text: String::new(),
        text_elsewhere: String::new(),
        failed: Vec::new(),
    };
    page.write(PREFACE);
    for (title, checks) in [
        ("GET and GETNEXT", community::READS),
        ("SNMPv1", community::VERSION_1),
        ("GETBULK", community::BULK),
        ("Who may not, and what", community::REFUSALS),
        ("Malformed messages", malformed::FORMS),
        ("Walks", community::WALKS),
        ("SNMPv3", version3::CHECKS),
        ("SNMPv3, messages made by hand", version3::BY_HAND),
        ("Floods", program::FLOODS),
        ("The agent as a program", program::PROGRAM),
    ] {
        page.head(title);
        for (number, what, holds) in checks {
            page.row(number, what, || Outcome::of(holds(&lab)));
        }
    }
    page.head("Other clients");
    for (number, what, trial) in clients::CLIENTS {
        page.row(number, what, || trial(&lab));
    }
    page.write("\n## net-snmp's own test scripts\n\n");
    page.write(FULLTESTS);
    page.write(CLOSING);
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/snmp-conformance.md");
    // Best effort: the target folder may be elsewhere.
    let _ = fs::write(copy, &page.text);
    assert!(page.failed.is_empty(), "do not hold: {:?}", page.failed);
    expect_file!["../../../docs/snmp-conformance.md"].assert_eq(&page.text_elsewhere);
}
