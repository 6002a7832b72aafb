//! Rows K: the pollers that people use, walking everything, and the module's text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{IF, Lab, Outcome, Trial, readers, series};
use crate::pollers::{self, Walks};
use crate::{notifications, tools};

/// The names that net-snmp's own tool meets, in its order. Without types that version 1
/// does not have, if so wished.
fn names(lab: &Lab, case: &str) -> Vec<String> {
    let text = if case == "v1" {
        lab.v1("snmpwalk", &[], &[".1.3.6.1"])
    } else {
        lab.v2("snmpbulkwalk", &["-Cr25"], &[".1.3.6.1"])
    };
    text.lines()
        .filter(|line| !line.contains("No more variables"))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim_start_matches('.').to_owned())
        .collect()
}

/// Whether each walk of a client met what net-snmp's tool meets, below these roots.
fn meets_all(lab: &Lab, walks: Walks, roots: &[&str]) -> Outcome {
    let walks: BTreeMap<String, Vec<String>> = match walks {
        Ok(walks) => walks,
        Err(why) => return Outcome::NotRun(why),
    };
    for (case, met) in &walks {
        let expected: Vec<String> = names(lab, case)
            .into_iter()
            .filter(|name| roots.iter().any(|root| name.starts_with(root)))
            .collect();
        let difference = expected.iter().zip(met).find(|(one, other)| one != other);
        if difference.is_some() || expected.len() != met.len() || met.len() < 100 {
            let (here, there) = (expected.len(), met.len());
            println!(
                "{case}: {difference:?}, {here} names, {there} met: {:?}",
                met.last()
            );
            return Outcome::DoesNotHold;
        }
    }
    Outcome::Holds
}

/// Our module.
pub(crate) fn text() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mib/ZTNA-EXPORTER-MIB.txt")
}

/// Rows K.
pub(crate) const CLIENTS: &[Trial] = &[
    (
        "K1",
        "Debian's prometheus-snmp-exporter with its stock `if_mib` has every series of each interface",
        series::of_stock_module,
    ),
    (
        "K2",
        "pysnmp walks everything by versions 1, 2c and 3 with six pairs of protocols",
        |lab| meets_all(lab, pollers::pysnmp(lab.agent.address()), &[""]),
    ),
    (
        "K3",
        "node's net-snmp walks everything by versions 1, 2c and 3 with five pairs of protocols",
        |lab| meets_all(lab, pollers::node(lab.agent.address()), &[""]),
    ),
    (
        "K4",
        "puresnmp, which pads, walks mib-2 and enterprises by versions 2c and 3 with DES and AES",
        |lab| {
            let roots = ["1.3.6.1.2.1.", "1.3.6.1.4.1."];
            meets_all(lab, pollers::puresnmp(lab.agent.address()), &roots)
        },
    ),
    ("K5", "net-snmp's snmpnetstat shows the interfaces", |lab| {
        Outcome::of(readers::netstat(lab))
    }),
    (
        "K6",
        "the 32-bit objects are the low words of the 64-bit ones",
        |lab| {
            let narrow = lab.count(&format!("{IF}.10.1"));
            let wide = lab.count(&format!("{}.6.1", super::IFX));
            Outcome::of(wide > u64::from(u32::MAX) && narrow == wide % (1 << 32))
        },
    ),
    (
        "K7",
        "smilint finds nothing in ZTNA-EXPORTER-MIB at its strictest level",
        |_| match pollers::lint(&text()) {
            Ok(said) => {
                println!("{said}");
                Outcome::of(said.is_empty())
            }
            Err(why) => Outcome::NotRun(why),
        },
    ),
    (
        "K8",
        "traps and informs by versions 2c and 3 are understood by snmptrapd",
        |_| {
            if !tools::is_installed("snmptrapd") {
                return Outcome::NotRun("snmptrapd is not installed".to_owned());
            }
            notifications::every_kind_of_notification_is_understood();
            Outcome::Holds
        },
    ),
    (
        "K9",
        "net-snmp's snmpdf shows the storage, and the disks of UCD-SNMP-MIB",
        |lab| Outcome::of(readers::df(lab)),
    ),
    (
        "K10",
        "net-snmp's snmptable shows the disks, each column under its name",
        |lab| Outcome::of(readers::table(lab)),
    ),
    (
        "K11",
        "prometheus-snmp-exporter makes the same series of us as of snmpd, by its stock `if_mib`",
        |_| series::are_those_of_snmpd("if_mib"),
    ),
    (
        "K12",
        "so it does of memory, disks, load, processors and storage, by a module of ours",
        |_| series::are_those_of_snmpd("ucd"),
    ),
    (
        "K13",
        "net-snmp's tools name every object of ours by ZTNA-EXPORTER-MIB, and find its types right",
        readers::our_names,
    ),
];
