//! Judges what the agent itself needs: its configuration, its store, its addresses.

use super::super::facts::{ConfigFacts, Facts, ListenState, SnmpFacts, StoreState};
use super::super::verdict::{Finding, Verdict};
use super::super::words::{count, number_of};

/// The configuration is right and names something to watch.
pub(in crate::doctor) fn config(facts: &Facts) -> Verdict {
    let connectors =
        |number: &usize| count(u64::try_from(*number).unwrap_or(u64::MAX), "connector");
    match &facts.config {
        ConfigFacts::File {
            path,
            connectors: number,
        } => Verdict::ok(format!("`{path}` is right: {}", connectors(number))),
        ConfigFacts::Found { connectors: number } => Verdict::ok(format!(
            "no file named; {} found at the vendors' paths",
            connectors(number)
        )),
        ConfigFacts::Nothing { place, message } => Verdict::of(
            vec![Finding::failed(
                place,
                message,
                "Name a configuration file with --config, or install the connector first.",
            )],
            "without a file the agent would not start",
        ),
        ConfigFacts::Refused { place, message } => Verdict::of(
            vec![Finding::failed(
                place,
                message,
                "Mend the file; `ztna-exporter check-config FILE` tells whether it is right.",
            )],
            "refused; the agent would not start, and checks that need it are left out",
        ),
    }
}

/// The store can be written.
pub(in crate::doctor) fn store(facts: &Facts) -> Verdict {
    let store = match &facts.store {
        Ok(store) => store,
        Err(unseen) => return unseen.verdict(),
    };
    let shown = store.path.display();
    match &store.state {
        StoreState::Writable => Verdict::ok(format!("`{shown}` can be written")),
        StoreState::WillBeMade => Verdict::ok(format!("`{shown}` will be made")),
        StoreState::NotWritable {
            place,
            owner: Some(owner),
            ..
        } if *owner != facts.user && facts.user != 0 => Verdict::unknown(format!(
            "`{}` belongs to user {owner} and we are user {}: run this as the agent's user",
            place.display(),
            facts.user
        )),
        StoreState::NotWritable { place, problem, .. } => Verdict::of(
            vec![Finding::failed(
                place.display().to_string(),
                problem,
                "Let the agent's user own the folder (chown), or choose another `store.path`.",
            )],
            "the agent could keep nothing",
        ),
    }
}

/// The addresses to serve on are free or the agent's.
pub(in crate::doctor) fn web(facts: &Facts) -> Verdict {
    let addresses = match &facts.web {
        Ok(addresses) => addresses,
        Err(unseen) => return unseen.verdict(),
    };
    let findings: Vec<Finding> = addresses
        .iter()
        .filter_map(|listen| match &listen.state {
            ListenState::Free | ListenState::Ours => None,
            ListenState::Taken => Some(Finding::failed(
                &listen.address,
                "another program listens there",
                "Stop the other program, or choose another address in `web.listen`.",
            )),
            ListenState::Refused(problem) => Some(Finding::failed(
                &listen.address,
                problem,
                "Choose an address of this host and a port above 1023 in `web.listen`.",
            )),
        })
        .collect();
    let is_running = addresses
        .iter()
        .any(|listen| listen.state == ListenState::Ours);
    let text = match (findings.is_empty(), is_running) {
        (true, true) => "the agent answers there".to_owned(),
        (true, false) => "free; the agent does not run".to_owned(),
        (false, _) => format!(
            "{} of {} cannot be used",
            findings.len(),
            count(number_of(addresses), "address")
        ),
    };
    Verdict::of(findings, text)
}

/// SNMP answers where it is configured.
pub(in crate::doctor) fn snmp(facts: &Facts) -> Verdict {
    let addresses = match &facts.snmp {
        Ok(addresses) => addresses,
        Err(unseen) => return unseen.verdict(),
    };
    let is_running = facts
        .web
        .as_ref()
        .is_ok_and(|web| web.iter().any(|listen| listen.state == ListenState::Ours));
    if !is_running && addresses.iter().all(|one| one.is_free) {
        return Verdict::skipped("the agent does not run, and its addresses are free");
    }
    let findings: Vec<Finding> = addresses
        .iter()
        .flat_map(|address| snmp_findings(address, is_running))
        .collect();
    let answered: Vec<&str> = addresses
        .iter()
        .flat_map(|address| &address.answers)
        .filter_map(|answer| answer.outcome.as_deref().ok())
        .collect();
    let text = if findings.is_empty() {
        answered.join("; ")
    } else {
        "not every address answers".to_owned()
    };
    Verdict::of(findings, text)
}

fn snmp_findings(address: &SnmpFacts, is_running: bool) -> Vec<Finding> {
    let place = address.address.to_string();
    if !is_running {
        if address.is_free {
            return Vec::new();
        }
        return vec![Finding::failed(
            place,
            "the agent does not run, and another program is there",
            "Stop the other program (snmpd?), or choose another address in `snmp.listen`.",
        )];
    }
    let silent = address.answers.iter();
    silent
        .filter_map(|answer| {
            let problem = answer.outcome.as_ref().err()?;
            Some(Finding::failed(
                &place,
                format!("{}: {problem}", answer.question),
                "Look at the agent's log and at ztna_snmp_ on /metrics: the address may be \
                 taken, the poller's network not allowed, or the store not writable.",
            ))
        })
        .collect()
}
