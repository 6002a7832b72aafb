//! What each fault on a good host earns: its finding and no other.

mod good_host;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::connector::ConnectorKind;
use model::host::HostSample;
use model::probe::ProbeFault;

use self::good_host::{GB, container, good, process};
use super::super::facts::*;
use super::super::guide::CHECKS;
use super::super::verdict::{Finding, Outcome, Severity};

/// Everything that all checks find: check, severity, place.
fn findings(facts: &Facts) -> Vec<(&'static str, Severity, String)> {
    let mut found = Vec::new();
    for check in CHECKS {
        for finding in (check.judge)(facts).findings {
            assert!(
                !finding.action.is_empty() && !finding.problem.is_empty(),
                "{finding:?}"
            );
            found.push((check.id, finding.severity, finding.place));
        }
    }
    found
}

/// One fault on a good host must be found once, in this check, at this place.
fn check(id: &str, severity: Severity, place: &str, spoil: impl FnOnce(&mut Facts)) {
    let mut facts = good();
    spoil(&mut facts);
    let found = findings(&facts);
    let found: Vec<(&str, Severity, &str)> = found
        .iter()
        .map(|(check, how_bad, at)| (*check, *how_bad, at.as_str()))
        .collect();
    assert_eq!(found, [(id, severity, place)]);
}

/// How one check ends.
fn outcome(id: &str, facts: &Facts) -> Outcome {
    let check = CHECKS.iter().find(|check| check.id == id).unwrap();
    (check.judge)(facts).outcome
}

fn host(facts: &mut Facts) -> &mut HostSample {
    &mut facts.host.as_mut().unwrap().sample
}

fn first_log(facts: &mut Facts) -> &mut LogFacts {
    &mut facts.logs.as_mut().unwrap()[0]
}

fn first_file(facts: &mut Facts) -> &mut FileFacts {
    &mut first_log(facts).patterns[0].files[0]
}

use Severity::{Failed, Warning};

#[test]
fn on_a_good_host_every_check_is_ok() {
    for check in CHECKS {
        let verdict = (check.judge)(&good());
        assert_eq!(
            verdict.outcome,
            Outcome::Ok,
            "{}: {}",
            check.id,
            verdict.text
        );
    }
}

#[test]
fn a_system_is_judged_by_the_vendors_words() {
    let os = |id: &'static str| move |facts: &mut Facts| host(facts).system.os_id = Arc::from(id);
    check("os.supported", Failed, "/etc/os-release", os("centos"));
    check("os.supported", Warning, "/etc/os-release", os("debian"));
    check("os.reboot", Warning, "/run/reboot-required", |facts| {
        host(facts).system.is_reboot_pending = Some(true);
    });
    check("clock.synchronised", Failed, "time service", |facts| {
        host(facts).system.is_clock_synchronised = Some(false);
    });
}

#[test]
fn numbers_are_judged_at_the_vendors_thresholds() {
    check("cpu.used", Warning, "processors", |facts| {
        host(facts).cpu_shares.as_mut().unwrap().idle = 0.24;
    });
    check("memory.used", Failed, "memory", |facts| {
        host(facts).memory.as_mut().unwrap().available = GB / 2;
    });
    check("disk.free", Failed, "/data", |facts| {
        host(facts).filesystems[1].available = GB - 1;
    });
    check("kernel.limits", Warning, "tracked connections", |facts| {
        host(facts).kernel.conntrack = Some(220_000);
    });
    check("kernel.limits", Failed, "open files", |facts| {
        host(facts).kernel.files_open = Some(99_000);
    });
    check("kernel.limits", Failed, "local TCP ports", |facts| {
        host(facts).kernel.tcp_ports_used = Some(28_000);
    });
    check("kernel.limits", Warning, "local UDP ports", |facts| {
        host(facts).kernel.udp_ports_used = Some(23_000);
    });
    let mut facts = good();
    host(&mut facts).filesystems[0].available = 299_999_999;
    let found: Vec<&str> = findings(&facts).iter().map(|(id, ..)| *id).collect();
    // Too little for an update is too little for anything.
    assert_eq!(found, ["disk.free", "disk.update"]);
}

#[test]
fn other_software_is_named_when_it_takes_a_quarter() {
    check("software.other", Warning, "process `dockerd`", |facts| {
        host(facts).largest_process.as_mut().unwrap().resident_bytes = 3 * GB;
    });
    check("software.other", Warning, "process `sshd`", |facts| {
        host(facts).busiest_process.as_mut().unwrap().cpu_share = Some(1.1);
    });
}

#[test]
fn a_publisher_has_to_run_in_one_container() {
    let answers = |containers: Vec<Container>| {
        move |facts: &mut Facts| facts.docker = Ok(DockerFacts::Answers(containers))
    };
    let image = "image `new_edge_access:latest`";
    let stopped = container("exited", "Exited (1) 5 minutes ago");
    check("publisher.running", Failed, "containers", answers(vec![]));
    check(
        "publisher.running",
        Failed,
        image,
        answers(vec![stopped.clone()]),
    );
    let running = || container("running", "Up 1 hour");
    check(
        "publisher.running",
        Warning,
        image,
        answers(vec![running(), running()]),
    );
    let mut updated = good();
    answers(vec![stopped, running()])(&mut updated);
    assert_eq!(findings(&updated), []);
    check("docker.engine", Failed, "/run/docker.sock", |facts| {
        facts.docker = Ok(DockerFacts::NoSocket);
        host(facts).connector_process = Some(process("npa_publisher", 0));
    });
    check("docker.engine", Failed, "/s", |facts| {
        let (socket, problem) = (PathBuf::from("/s"), "refused".to_owned());
        facts.docker = Ok(DockerFacts::Silent { socket, problem });
    });
}

#[test]
fn an_ordinary_user_is_told_what_he_cannot_see() {
    let mut facts = good();
    facts.docker = Ok(DockerFacts::Denied(PathBuf::from("/run/docker.sock")));
    assert_eq!(outcome("docker.engine", &facts), Outcome::Unknown);
    // The processes are everybody's to see.
    assert_eq!(outcome("publisher.running", &facts), Outcome::Ok);
    host(&mut facts).connector_process = None;
    assert_eq!(outcome("publisher.running", &facts), Outcome::Unknown);
    let foreign = StoreState::NotWritable {
        place: PathBuf::from("/var/lib/ztna-exporter"),
        problem: "Permission denied".to_owned(),
        owner: Some(1),
    };
    facts.store.as_mut().unwrap().state = foreign;
    assert_eq!(outcome("store.writable", &facts), Outcome::Unknown);
    assert_eq!(findings(&facts), []);
    facts.user = 1;
    assert_eq!(outcome("store.writable", &facts), Outcome::Failed);
}

#[test]
fn an_engine_less_publisher_is_no_fault() {
    let mut facts = good();
    facts.docker = Ok(DockerFacts::NoSocket);
    assert_eq!(outcome("docker.engine", &facts), Outcome::Skipped);
    assert_eq!(outcome("publisher.running", &facts), Outcome::Ok);
    assert_eq!(findings(&facts), []);
}

#[test]
fn the_way_out_is_blamed_where_it_ends() {
    let fault = |index: usize, fault: ProbeFault| {
        move |facts: &mut Facts| {
            facts.path.as_mut().unwrap()[index].run.outcome = Err(fault);
        }
    };
    let name = ProbeFault::NameNotFound;
    check("dns.names", Failed, "mp.example", fault(0, name));
    check(
        "dns.names",
        Failed,
        "dns.example",
        fault(2, ProbeFault::ResolveTimeout),
    );
    check(
        "path.tls",
        Failed,
        "mp.example:443",
        fault(0, ProbeFault::Intercepted),
    );
    check(
        "path.tls",
        Failed,
        "dp.example:443",
        fault(1, ProbeFault::Intercepted),
    );
    check(
        "path.tcp",
        Failed,
        "tcp.example:443",
        fault(3, ProbeFault::Refused),
    );
    check("proxy.settings", Failed, "/etc/environment", |facts| {
        facts.proxy = Ok(vec![Finding::failed("/etc/environment", "odd", "mend")]);
    });
}

#[test]
fn one_name_that_does_not_resolve_is_one_finding() {
    let mut facts = good();
    let path = facts.path.as_mut().unwrap();
    path.push(path[0].clone());
    for asked in path.iter_mut() {
        asked.host = "mp.example".to_owned();
        asked.run.outcome = Err(ProbeFault::NameNotFound);
    }
    assert_eq!(findings(&facts).len(), 1);
    assert_eq!(outcome("path.tls", &facts), Outcome::Skipped);
    assert_eq!(outcome("path.tcp", &facts), Outcome::Skipped);
}

#[test]
fn logs_are_judged_by_being_there_readable_and_written() {
    let file = "/home/ubuntu/logs/agent.txt";
    check("logs.found", Failed, "/home/*/logs/agent.txt*", |facts| {
        let pattern = &mut first_log(facts).patterns[0];
        pattern.files.clear();
        pattern.dead_end = Some((PathBuf::from("/home/ubuntu"), "logs".to_owned()));
    });
    check("logs.readable", Failed, file, |facts| {
        first_file(facts).problem = Some("cannot be read: denied".to_owned());
    });
    check("logs.readable", Failed, "/home/ubuntu", |facts| {
        let pattern = &mut first_log(facts).patterns[0];
        pattern.files.clear();
        pattern.obstacles.push(Obstacle {
            path: PathBuf::from("/home/ubuntu"),
            problem: "may not be searched".to_owned(),
        });
    });
    check("logs.current", Warning, file, |facts| {
        first_file(facts).bytes = 0;
    });
    check("logs.current", Warning, "connector `pub`", |facts| {
        first_log(facts).silence_max = Some(Duration::from_secs(9));
    });
    check("clock.files", Warning, file, |facts| {
        first_file(facts).modified = Some(Timestamp::from_second(1_790_000_061).unwrap());
    });
}

#[test]
fn the_agents_own_needs_are_judged() {
    check("config.valid", Failed, "a.yml:1:1 `x`", |facts| {
        facts.config = ConfigFacts::Refused {
            place: "a.yml:1:1 `x`".to_owned(),
            message: "is unknown".to_owned(),
        };
    });
    check("config.valid", Failed, "--config", |facts| {
        facts.config = ConfigFacts::Nothing {
            place: "--config".to_owned(),
            message: "nothing found".to_owned(),
        };
    });
    check(
        "client.tools",
        Failed,
        "/opt/netskope/stagent/nsdiag",
        |facts| {
            facts.tools.as_mut().unwrap()[0].problem = Some("is missing".to_owned());
        },
    );
    check("snmp.reachable", Failed, "127.0.0.1:10161", |facts| {
        facts.snmp.as_mut().unwrap()[0].answers[0].outcome = Err("no answer".to_owned());
    });
    for state in [ListenState::Taken, ListenState::Refused("no".to_owned())] {
        check("web.address", Failed, "[::1]:1", |facts| {
            let address = "[::1]:1".to_owned();
            facts
                .web
                .as_mut()
                .unwrap()
                .push(ListenFacts { address, state });
        });
    }
}

#[test]
fn an_agent_that_does_not_run_is_no_fault_unless_somebody_has_its_place() {
    let mut facts = good();
    facts.web.as_mut().unwrap()[0].state = ListenState::Free;
    facts.snmp.as_mut().unwrap()[0].is_free = true;
    assert_eq!(findings(&facts), []);
    assert_eq!(outcome("snmp.reachable", &facts), Outcome::Skipped);
    facts.snmp.as_mut().unwrap()[0].is_free = false;
    assert_eq!(outcome("snmp.reachable", &facts), Outcome::Failed);
}

#[test]
fn what_was_not_seen_is_never_good() {
    let failed = || Unseen::Failed("no answer within 24 seconds".to_owned());
    let facts = Facts {
        host: Err(failed()),
        docker: Err(failed()),
        proxy: Err(failed()),
        path: Err(failed()),
        tools: Err(failed()),
        logs: Err(failed()),
        store: Err(failed()),
        web: Err(failed()),
        snmp: Err(failed()),
        ..good()
    };
    for check in CHECKS.iter().filter(|check| check.id != "config.valid") {
        let verdict = (check.judge)(&facts);
        assert_eq!(verdict.outcome, Outcome::Unknown, "{}", check.id);
        assert_eq!(verdict.text, "no answer within 24 seconds", "{}", check.id);
    }
    let mut blind = good();
    let sample = HostSample {
        collectors: Vec::new(),
        ..HostSample::default()
    };
    *host(&mut blind) = sample;
    let unknown = CHECKS.iter().filter(|check| {
        let of_host = ["os.", "cpu.", "memory.", "disk.", "kernel.", "software."];
        let is_of_host = of_host.iter().any(|part| check.id.starts_with(part));
        is_of_host || check.id == "clock.synchronised"
    });
    for check in unknown {
        assert_eq!(
            (check.judge)(&blind).outcome,
            Outcome::Unknown,
            "{}",
            check.id
        );
    }
}

#[test]
fn a_clients_host_is_not_judged_as_a_publishers() {
    let mut facts = good();
    facts.kinds = vec![ConnectorKind::CatoClient];
    host(&mut facts).system.os_id = Arc::from("fedora");
    facts.docker = Ok(DockerFacts::NoSocket);
    facts.proxy = Ok(vec![Finding::failed("a", "b", "c")]);
    assert_eq!(findings(&facts), []);
    for id in [
        "os.supported",
        "docker.engine",
        "publisher.running",
        "proxy.settings",
    ] {
        assert_eq!(outcome(id, &facts), Outcome::Skipped, "{id}");
    }
}
