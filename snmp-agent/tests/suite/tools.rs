//! net-snmp's command-line tools, without MIB files: names are numbers in and out.
//!
//! A machine without them has the checks with datagrams of our own; the package is
//! `snmp` on Debian and Ubuntu.

use std::net::SocketAddr;
use std::process::Command;

/// Whether the tools are there. Says so if they are not, since a check is left out then.
pub(crate) fn are_installed() -> bool {
    let found = Command::new("snmpget").arg("-V").output().is_ok();
    if !found {
        println!("net-snmp's tools are not installed, this check is left out");
    }
    found
}

/// Whether a program can be started.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = "/usr/sbin:/usr/bin:/sbin:/bin";
    Command::new(program)
        .arg("-v")
        .env("PATH", path)
        .output()
        .is_ok()
}

/// Runs a tool and returns all that it says.
pub(crate) fn run(tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool)
        .args(arguments)
        .env("MIBS", "")
        // Their own state of engines must not leak from one check into another.
        .env("SNMP_PERSISTENT_DIR", std::env::temp_dir().join("ztna-snmp-tools"))
        .output()
        .unwrap();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

/// A version and its arguments for a tool.
#[derive(Clone, Copy)]
pub(crate) enum As<'a> {
    /// SNMPv1 with a community.
    V1(&'a str),
    /// SNMPv2c with a community.
    V2(&'a str),
    /// SNMPv3 with these arguments, words apart by blanks.
    V3(&'a str),
}

/// Asks an agent once. `arguments` go before its address, `names` behind it.
pub(crate) fn ask(tool: &str, who: As<'_>, agent: SocketAddr, words: (&[&str], &[&str])) -> String {
    let (arguments, names) = words;
    let address = agent.to_string();
    let mut all: Vec<&str> = match who {
        As::V1(community) => vec!["-v1", "-c", community],
        As::V2(community) => vec!["-v2c", "-c", community],
        As::V3(line) => {
            let mut all = vec!["-v3"];
            all.extend(line.split(' '));
            all
        }
    };
    all.extend(["-On", "-r0", "-t2"]);
    all.extend(arguments);
    all.push(&address);
    all.extend(names);
    run(tool, &all)
}
