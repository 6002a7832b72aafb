//! net-snmp's tools that read tables and show them to people.
//!
//! Debian has not the IETF's modules, which these tools take their names from: for two
//! tables they are given texts of our own (`tests/fixtures/mibs`).

use std::path::Path;

use super::clients::text;
use super::{Lab, Outcome};
use crate::pollers::with_our_names;
use crate::tools;

/// The root of ours.
const BASE: &str = "1.3.6.1.4.1.8072.9999.9999.10942";

/// What a tool says of the agent, knowing two tables by name.
fn said(lab: &Lab, tool: &str, arguments: &[&str], names: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mibs");
    let folder = folder.display().to_string();
    let address = lab.agent.address().to_string();
    let modules = ["-M", &folder, "-m", "HOST-RESOURCES-MIB:UCD-SNMP-MIB"];
    let who = ["-v2c", "-c", "public", &address];
    let said = tools::run(tool, &[&modules, arguments, &who, names].concat());
    println!("{said}");
    said
}

/// Whether a line has these words and no others.
fn has_line(said: &str, words: &[&str]) -> bool {
    said.lines()
        .any(|line| line.split_whitespace().eq(words.iter().copied()))
}

/// Interfaces, with the octets of the harness's host.
pub(crate) fn netstat(lab: &Lab) -> bool {
    let address = lab.agent.address().to_string();
    let who = ["-v2c", "-c", "public", &address];
    let interfaces = tools::run("snmpnetstat", &[&["-Ci"], &who[..]].concat());
    println!("{interfaces}");
    ["lo", "eth0"]
        .iter()
        .all(|name| interfaces.lines().any(|line| line.starts_with(name)))
}

/// Memory and disks of HOST-RESOURCES-MIB, then the disks of UCD-SNMP-MIB: of 8 GiB half is
/// taken, in kB, as the harness's host has it.
pub(crate) fn df(lab: &Lab) -> bool {
    let disk = ["/", "8388608", "4194304", "4194304", "50%"];
    let storage = said(lab, "snmpdf", &[], &[]);
    let memory = ["Physical", "memory", "4194304", "2097152", "2097152", "50%"];
    let disks = said(lab, "snmpdf", &["-Cu"], &[]);
    has_line(&storage, &disk)
        && has_line(&storage, &memory)
        && has_line(&disks, &disk)
        && disks.lines().count() == 2
}

/// The table of disks: its title, its columns' names, one row, and no word of a column that
/// the text does not know.
pub(crate) fn table(lab: &Lab) -> bool {
    let table = said(
        lab,
        "snmptable",
        &["-Cw", "500"],
        &["UCD-SNMP-MIB::dskTable"],
    );
    let named = ["dskPath", "dskTotal", "dskPercent", "dskErrorMsg"];
    let head = table.lines().find(|line| line.contains("dskIndex"));
    let row = [
        "1",
        "\"/\"",
        "\"/dev/vda\"",
        "-1",
        "10",
        "8388608",
        "4194304",
        "4194304",
        "50",
        "50",
        "8388608",
        "0",
        "4194304",
        "0",
        "4194304",
        "0",
        "0",
        "\"\"",
    ];
    head.is_some_and(|head| named.iter().all(|name| head.contains(name)))
        && has_line(&table, &row)
        && !table.contains("WARNING")
}

/// A walk of our subtree by a tool that has our module's text.
pub(crate) fn our_names(lab: &Lab) -> Outcome {
    let address = lab.agent.address().to_string();
    let who = ["-v2c", "-c", "public", &address, BASE];
    let name = "ZTNA-EXPORTER-MIB::ztnaAgentCaughtUp.0";
    let number = format!(".{BASE}.1.1.11.1.0");
    let walked = with_our_names("snmpbulkwalk", &text(), &who);
    let translated = with_our_names("snmptranslate", &text(), &["-On", name]);
    match (walked, translated) {
        (Ok(walked), Ok(translated)) => {
            println!("{walked}{translated}");
            let is_named = |line: &str| {
                line.starts_with("ZTNA-EXPORTER-MIB::ztna") && !line.contains("Wrong Type")
            };
            let is_whole = walked.lines().count() > 4 && walked.lines().all(is_named);
            Outcome::of(is_whole && translated.trim() == number)
        }
        (Err(why), _) | (_, Err(why)) => Outcome::NotRun(why),
    }
}
