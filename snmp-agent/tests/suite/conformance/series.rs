//! What Debian's prometheus-snmp-exporter makes of us, alone and beside snmpd.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Lab, Outcome};
use crate::datagram::{Asker, get};
use crate::harness::{Agent, settings};
use crate::pollers::SnmpExporter;
use crate::proc;
use crate::snmpd::Snmpd;

/// Series that snmpd has only after its first minute. Ours are shown two samples at once.
const OF_A_MINUTE: &[&str] = &["ssCpuUser", "ssCpuSystem", "ssCpuIdle", "hrProcessorLoad{"];

/// sysUpTime.0
const UPTIME: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 3, 0];

/// The series of stock `if_mib`: those of each interface, by what net-snmp's agent has too.
pub(crate) fn of_stock_module(lab: &Lab) -> Outcome {
    let exporter = match SnmpExporter::start() {
        Ok(exporter) => exporter,
        Err(why) => return Outcome::NotRun(why),
    };
    let series = exporter.scrape("if_mib", lab.agent.address());
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

/// An agent that shows this host, with a window for shares and rates.
fn agent_of_this_host() -> Agent {
    let agent = Agent::start(settings(&["127.0.0.1:0"]));
    let asker = Asker::new(agent.address());
    for _ in 0..2 {
        let mut sample = proc::sample();
        // The second is later, whatever the machine did meanwhile.
        let seconds = agent.clock.uptime().as_secs();
        for times in sample.cpu.iter_mut().chain(&mut sample.processors) {
            times.idle += seconds;
        }
        agent.stage.picture.lock().unwrap().host = Arc::new(sample);
        agent.clock.advance(Duration::from_secs(10));
        asker.answer(&get(1, &[UPTIME]));
    }
    agent
}

/// Whether a module makes the same series of snmpd and of us, both about this host.
pub(crate) fn are_those_of_snmpd(module: &str) -> Outcome {
    let exporter = match SnmpExporter::start() {
        Ok(exporter) => exporter,
        Err(why) => return Outcome::NotRun(why),
    };
    let Some(snmpd) = Snmpd::start("") else {
        return Outcome::NotRun("snmpd is not installed or does not start".to_owned());
    };
    let agent = agent_of_this_host();
    let of_a_minute = |one: &String| OF_A_MINUTE.iter().any(|name| one.starts_with(name));
    let scrape = |address| -> (BTreeSet<String>, BTreeSet<String>) {
        let all = exporter.scrape(module, address).into_iter();
        all.filter(|one| !one.starts_with("snmp_scrape_"))
            .partition(of_a_minute)
    };
    let ((_, theirs), (slow, ours)) = (scrape(snmpd.address()), scrape(agent.address()));
    println!(
        "{module}: {} series of snmpd, {} of ours",
        theirs.len(),
        ours.len()
    );
    for one in theirs.symmetric_difference(&ours) {
        let who = if ours.contains(one) { "us" } else { "snmpd" };
        println!("only of {who}: {one}");
    }
    let has_slow = module != "ucd"
        || OF_A_MINUTE
            .iter()
            .all(|name| slow.iter().any(|one| one.starts_with(name)));
    Outcome::of(50 < ours.len() && theirs == ours && has_slow)
}
