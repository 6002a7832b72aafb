//! Promise: `doctor` finds every fault of a host and no other, and changes nothing.

mod prepared_host;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use harness::tools::agent_binary;
use serde_json::Value;
use ztna_exporter::clock::Clock;

use self::prepared_host::{
    INSPECTOR, Load, PreparedHost, TENANT, closed_port, report, silent_name_server,
};

/// How each check of a report ended.
fn with_outcome<'a>(report: &'a Value, outcome: &str) -> Vec<&'a str> {
    let checks = report["checks"].as_array().unwrap().iter();
    let ended = checks.filter(|check| check["outcome"] == outcome);
    ended.map(|check| check["id"].as_str().unwrap()).collect()
}

#[test]
fn on_a_good_host_nothing_is_found() {
    let host = PreparedHost::good(Load::Idle);
    let output = host.doctor(&["--output", "json"]);
    let report = report(&output);
    assert_eq!(host.findings(&report), Vec::<String>::new());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(report["outcome"], "ok");
    // The folder has no processes of its own, and nobody configured SNMP or other probes.
    assert_eq!(with_outcome(&report, "unknown"), ["software.other"]);
    assert_eq!(
        with_outcome(&report, "skipped"),
        ["dns.names", "path.tcp", "snmp.reachable"]
    );
    assert_eq!(report["summary"]["ok"], 20);
}

/// Spoils whatever can be spoiled, and returns what has to be found: check, severity and
/// place of each fault, in the order of the report.
fn spoil(host: &mut PreparedHost, servers: &mut Servers) -> Vec<String> {
    let mut planted = vec!["os.supported failed /etc/os-release"];
    host.put("etc/os-release", "ID=\"centos\"\nVERSION_ID=\"7\"\n");
    planted.push("os.reboot warning /run/reboot-required");
    host.put("run/reboot-required", "");
    planted.push("clock.synchronised failed time service");
    fs::remove_file(host.path("run/systemd/timesync/synchronized")).unwrap();
    planted.push("clock.files warning /var/log/cato-client.log");
    let log = fs::File::options()
        .write(true)
        .open(host.path("var/log/cato-client.log"));
    let tomorrow = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    log.unwrap().set_modified(tomorrow).unwrap();
    // Its processors are busy from the start.
    planted.push("cpu.used warning processors");
    planted.push("memory.used failed memory");
    host.put(
        "proc/meminfo",
        "MemTotal: 1000000 kB\nMemFree: 50000 kB\nMemAvailable: 90000 kB\n",
    );
    planted.push("disk.free failed /");
    planted.push("disk.update failed /");
    let limit = more_than_free(host);
    let thresholds =
        format!("disk_free: {{value: {limit}B, clear: {limit}B}}, update_space: 900TB");
    host.sections
        .insert("host", format!("{{thresholds: {{{thresholds}}}}}"));
    planted.push("kernel.limits failed tracked connections");
    host.put("proc/sys/net/netfilter/nf_conntrack_count", "262144\n");
    planted.push("publisher.running failed image `new_edge_access:latest`");
    host.engine(
        "[{\"Image\":\"new_edge_access:latest\",\"State\":\"exited\",\"Status\":\"Exited (1)\"},\
         {\"Image\":\"nginx\",\"State\":\"running\",\"Status\":\"Up\"}]",
    );
    planted.push("proxy.settings failed proxy settings");
    host.put(
        "etc/environment",
        "http_proxy=\"http://proxy.example:3128\"\nhttps_proxy=\"http://proxy.example:3128\"\n\
         no_proxy=\"localhost,127.0.0.1,*.goskope.com\"\n",
    );
    spoil_path(host, servers, &mut planted);
    spoil_logs(host, &mut planted);
    planted.push("web.address failed 127.0.0.1:WEB");
    let web = servers.web.local_addr().unwrap();
    host.sections
        .insert("web", format!("{{listen: [\"{web}\"]}}"));
    planted.push("snmp.reachable failed 127.0.0.1:SNMP");
    let snmp = servers.snmp.local_addr().unwrap();
    host.answer_snmp(&snmp.to_string());
    let replace = |line: &str| {
        line.replace("WEB", &web.port().to_string())
            .replace("SNMP", &snmp.port().to_string())
            .replace("CLOSED", &servers.closed.to_string())
    };
    planted.into_iter().map(replace).collect()
}

/// Whoever has to be there, or not, for a fault.
struct Servers {
    web: TcpListener,
    snmp: UdpSocket,
    names: UdpSocket,
    closed: u16,
}

fn servers() -> Servers {
    Servers {
        web: TcpListener::bind("127.0.0.1:0").unwrap(),
        snmp: UdpSocket::bind("127.0.0.1:0").unwrap(),
        names: silent_name_server(),
        closed: closed_port(),
    }
}

fn spoil_path(host: &mut PreparedHost, servers: &Servers, planted: &mut Vec<&str>) {
    planted.push("dns.names failed gateway.npa.goskope.com");
    planted.push("path.tcp failed 127.0.0.1:CLOSED");
    planted.push("path.tls failed TLS");
    let probes = host.sections.get_mut("probes").unwrap();
    // Without its authority among those expected, the server is an inspector.
    let (before, _) = probes.split_once(", ca_file").unwrap();
    let (closed, names) = (servers.closed, servers.names.local_addr().unwrap());
    *probes = format!(
        "{before}}}\n- name: port\n  tcp: {{address: \"127.0.0.1:{closed}\"}}\n\
         - name: name\n  timeout: 1s\n  dns: {{name: gateway.npa.goskope.com, \
         servers: [\"{names}\"]}}"
    );
}

fn spoil_logs(host: &mut PreparedHost, planted: &mut Vec<&str>) {
    planted.push("client.tools failed /usr/bin/cato-sdp");
    host.allow("usr/bin/cato-sdp", 0o777);
    planted.push("logs.found failed /home/ubuntu/logs/publisher_wizard.log");
    fs::remove_file(host.path("home/ubuntu/logs/publisher_wizard.log")).unwrap();
    planted.push("logs.readable failed /home/eve/logs");
    host.put("home/eve/logs/agent.txt", "x");
    host.allow("home/eve/logs", 0);
    planted.push("logs.readable failed /home/ubuntu/logs/agent.txt.1");
    host.put("home/ubuntu/logs/agent.txt.1", "x");
    host.allow("home/ubuntu/logs/agent.txt.1", 0);
    planted.push("logs.current warning /home/ubuntu/logs/agent.txt");
    host.put("home/ubuntu/logs/agent.txt", "");
}

/// A number of bytes between what is free where the host's folder is and what there is.
fn more_than_free(host: &PreparedHost) -> u64 {
    let space = rustix::fs::statvfs(host.path("")).unwrap();
    let (size, available) = (space.f_blocks, space.f_bavail);
    (size - (size - available) / 2) * space.f_frsize
}

#[test]
fn on_a_bad_host_every_planted_fault_is_found_and_no_other() {
    let mut host = PreparedHost::good(Load::Busy);
    let mut servers = servers();
    let planted = spoil(&mut host, &mut servers);
    let output = host.doctor(&["--output", "json"]);
    let report = report(&output);
    let address = host.sections["probes"].split('"').nth(1).unwrap();
    // The server is asked for by the tenant's name.
    let tls = format!("{address} (as {TENANT})");
    let expected: Vec<String> = planted.iter().map(|one| one.replace("TLS", &tls)).collect();
    assert_eq!(host.findings(&report), expected);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(report["outcome"], "failed");
    let whole = report.to_string();
    assert!(whole.contains(INSPECTOR), "the inspector is named: {whole}");
    let text = host.doctor(&[]);
    assert_eq!(text.status.code(), Some(1));
    let text = String::from_utf8(text.stdout).unwrap();
    for line in &expected {
        let place = line.splitn(3, ' ').nth(2).unwrap();
        assert!(text.contains(place), "{place} is not in\n{text}");
    }
    // Whoever may not look into a folder must not keep it from being removed.
    host.allow("home/eve/logs", 0o755);
}

#[test]
fn beside_an_agent_that_runs_its_addresses_are_its_own() {
    let mut host = PreparedHost::good(Load::Idle);
    let (web, snmp) = (closed_port(), closed_port());
    host.sections
        .insert("web", format!("{{listen: [\"127.0.0.1:{web}\"]}}"));
    host.answer_snmp(&format!("127.0.0.1:{snmp}"));
    let agent = host.agent();
    let report = report(&host.doctor(&["--output", "json"]));
    assert_eq!(host.findings(&report), Vec::<String>::new());
    let ok = with_outcome(&report, "ok");
    assert!(
        ok.contains(&"web.address") && ok.contains(&"snmp.reachable"),
        "{report:#}"
    );
    drop(agent);
    // Gone, and nobody in its place.
    let without = self::report(&host.doctor(&["--output", "json"]));
    assert_eq!(host.findings(&without), Vec::<String>::new());
    assert!(with_outcome(&without, "skipped").contains(&"snmp.reachable"));
}

#[test]
fn the_report_for_programs_has_what_its_manual_says() {
    let host = PreparedHost::good(Load::Idle);
    let report = report(&host.doctor(&["--output", "json", "--offline"]));
    assert_eq!(report["format"], 1);
    for key in ["version", "taken_at", "host", "outcome"] {
        assert!(report[key].is_string(), "{key}");
    }
    let manual = include_str!("../../docs/doctor.md");
    let is_id = |text: &str| text.contains('.') && !text.contains('[');
    let rows = manual
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let documented: Vec<&str> = rows.map(|(id, _)| id).filter(|id| is_id(id)).collect();
    let checks = report["checks"].as_array().unwrap();
    let printed: Vec<&str> = checks
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(printed, documented);
    let outcomes: BTreeSet<&str> = report["summary"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let wanted = ["failed", "ok", "skipped", "unknown", "warning"];
    assert_eq!(outcomes, BTreeSet::from(wanted));
    for check in checks {
        for key in ["title", "text", "guide", "source"] {
            assert!(check[key].is_string(), "{key}");
        }
        assert!(outcomes.contains(check["outcome"].as_str().unwrap()));
        assert!(check["findings"].is_array());
    }
    // Nobody was asked.
    for id in ["dns.names", "path.tcp", "path.tls"] {
        assert!(with_outcome(&report, "skipped").contains(&id), "{id}");
    }
}

#[test]
fn a_refused_configuration_is_told_with_its_place_and_the_host_is_looked_at_still() {
    let mut host = PreparedHost::good(Load::Idle);
    host.put("etc/os-release", "ID=centos\n");
    host.sections.insert("store", "{paht: x}".to_owned());
    let output = host.doctor(&["--output", "json"]);
    assert_eq!(output.status.code(), Some(78));
    let report = report(&output);
    let found = host.findings(&report);
    assert!(
        found[0].starts_with("config.valid failed /config.yml:"),
        "{found:?}"
    );
    assert!(found[0].ends_with("`store.paht`"), "{found:?}");
    assert_eq!(found[1..], ["os.supported failed /etc/os-release"]);
}

#[test]
fn a_host_without_connectors_has_nothing_to_watch() {
    let host = PreparedHost::good(Load::Idle);
    for log in ["home/ubuntu/logs", "var/log"] {
        fs::remove_dir_all(host.path(log)).unwrap();
    }
    let output = host.doctor_without_file(&["--output", "json"]);
    let found = host.findings(&report(&output));
    assert_eq!(found[0], "config.valid failed --config");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn connectors_are_found_below_the_root_without_a_configuration() {
    let host = PreparedHost::good(Load::Idle);
    let report = report(&host.doctor_without_file(&["--output", "json", "--offline"]));
    let ok = with_outcome(&report, "ok");
    for id in [
        "config.valid",
        "logs.found",
        "logs.readable",
        "publisher.running",
    ] {
        assert!(ok.contains(&id), "{id}: {report:#}");
    }
}

#[test]
fn a_misuse_is_no_finding() {
    for arguments in [["--tenant", "example.com"], ["--output", "xml"]] {
        let mut command = Command::new(agent_binary().unwrap());
        let output = command.arg("doctor").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn names_of_files_cannot_move_the_cursor() {
    let host = PreparedHost::good(Load::Idle);
    let name = std::ffi::OsStr::from_bytes(b"agent.txt\x1b[2J\r\xe2\x80\xae");
    let path = host.path("home/ubuntu/logs").join(name);
    fs::create_dir(path).unwrap();
    let output = host.doctor(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains(['\u{1b}', '\r', '\u{202e}']), "{text:?}");
    assert!(
        text.contains("agent.txt\\u{1b}[2J\\u{d}\\u{202e}"),
        "{text}"
    );
}

#[test]
fn an_engine_that_never_answers_holds_nothing_up() {
    let mut host = PreparedHost::good(Load::Idle);
    let hanging = host.socket("run/docker.sock");
    let held = thread::spawn(move || {
        let (mut stream, _) = hanging.accept().unwrap();
        let mut everything = Vec::new();
        // Until the doctor gives up.
        let _ = stream.read_to_end(&mut everything);
    });
    let names = silent_name_server();
    let address = names.local_addr().unwrap();
    let probes = format!(
        "\n- {{name: name, timeout: 20s, dns: {{name: {TENANT}, servers: [\"{address}\"]}}}}"
    );
    host.sections.insert("probes", probes);
    let clock = Clock::start();
    let report = report(&host.doctor(&["--output", "json"]));
    let took = clock.now().monotonic;
    assert!(took < Duration::from_secs(30), "{took:?}");
    held.join().unwrap();
    let found = host.findings(&report);
    assert_eq!(
        found,
        [
            "docker.engine failed /run/docker.sock".to_owned(),
            format!("dns.names failed {TENANT}")
        ]
    );
}
