//! Rows K: the pollers that people use, walking everything, and the module's text.

use std::collections::BTreeMap;
use std::path::Path;

use super::{IF, Lab, Outcome, Trial};
use crate::pollers::{self, SnmpExporter, Walks};
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

/// The series of stock `if_mib`: those of each interface, by what net-snmp's agent has too.
fn if_mib(lab: &Lab) -> Outcome {
    let exporter = match SnmpExporter::start() {
        Ok(exporter) => exporter,
        Err(why) => return Outcome::NotRun(why),
    };
    let series = exporter.scrape(lab.agent.address());
    let of = |name: &str, device: &str| {
        series.iter().any(|one| {
            one.starts_with(&format!("{name}{{"))
                && one.contains(&format!("ifDescr=\"{device}\""))
                && one.contains(&format!("ifName=\"{device}\""))
        })
    };
    let wanted = [
        "ifHCInOctets",
        "ifHCOutOctets",
        "ifInErrors",
        "ifOutDiscards",
        "ifOperStatus",
        "ifHighSpeed",
        "ifMtu",
        "ifPhysAddress",
        "ifPromiscuousMode",
        "ifHCInUcastPkts",
        "ifCounterDiscontinuityTime",
        "ifLastChange",
        "ifConnectorPresent",
    ];
    let missing: Vec<&&str> = wanted
        .iter()
        .filter(|name| !["lo", "eth0"].iter().all(|device| of(name, device)))
        .collect();
    println!("{} series, missing: {missing:?}", series.len());
    let kinds = series.iter().filter(|one| one.starts_with("ifType_info{"));
    let is_whole = missing.is_empty() && series.contains("sysUpTime") && kinds.count() == 2;
    Outcome::of(is_whole && series.len() > 60)
}

fn text() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mib/ZTNA-EXPORTER-MIB.txt")
}

/// Rows K.
pub(crate) const CLIENTS: &[Trial] = &[
    (
        "K1",
        "Debian's prometheus-snmp-exporter with its stock `if_mib` has every series of each interface",
        if_mib,
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
        let address = lab.agent.address().to_string();
        let who = ["-v2c", "-c", "public", &address];
        let interfaces = tools::run("snmpnetstat", &[&["-Ci"], &who[..]].concat());
        println!("{interfaces}");
        Outcome::of(interfaces.contains("eth0"))
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
];
