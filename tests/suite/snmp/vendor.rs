//! The vendor's 18 objects over v3 authPriv, from us and from a real snmpd; the line of
//! snmpd.conf that serves us through it; and one fact by two ways.

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::time::Duration;

use harness::agent::Agent;
use harness::log_file::LogFile;
use harness::snmp::{
    Asker, COMMUNITY, Daemon, PASSPHRASE, USER, addresses, as_community, as_user, scene,
};
use harness::tools::Tool;
use harness::wait::{self, PATIENCE};

/// What has to be the same to the letter.
const SAME: f64 = 0.0;

/// Percent of a disk: rounding, and a small disk that is written to between the two looks.
const DISK_POINTS: f64 = 2.0;

/// Kilobytes of a disk that logs and builds may take between the two looks.
const DISK_KB: f64 = 65_536.0;

/// Kilobytes of memory that programs may take between the two looks.
const MEMORY_KB: f64 = 65_536.0;

/// Percent of a minute. Both average over one; snmpd moves its own on every 5 s, so up to
/// 5 of 60 s, 8.3 points, are not the same seconds. The rest is rounding.
const CPU_POINTS: f64 = 10.0;

/// Ticks of processors: two of them for 5 s, snmpd's age.
const TICKS: f64 = 1_000.0;

/// Bytes over the loopback between the two looks.
const OCTETS: f64 = 4e6;

/// The vendor's list, with the names of the modules, and how far apart two looks may be
/// of which one is up to 5 s older, in the object's unit. A host may be busier than that for
/// some seconds, so the two are asked until they agree, for [`PATIENCE`] at most.
const EIGHTEEN: &[(&str, &str, f64)] = &[
    ("dskAvail", "1.3.6.1.4.1.2021.9.1.7.1", DISK_KB),
    ("dskUsed", "1.3.6.1.4.1.2021.9.1.8.1", DISK_KB),
    ("dskPercent", "1.3.6.1.4.1.2021.9.1.9.1", DISK_POINTS),
    ("dskPercentNode", "1.3.6.1.4.1.2021.9.1.10.1", DISK_POINTS),
    ("dskPath", "1.3.6.1.4.1.2021.9.1.2.1", SAME),
    ("dskDevice", "1.3.6.1.4.1.2021.9.1.3.1", SAME),
    ("dskTotal", "1.3.6.1.4.1.2021.9.1.6.1", SAME),
    ("ssCpuUser", "1.3.6.1.4.1.2021.11.9.0", CPU_POINTS),
    ("ssCpuRawUser", "1.3.6.1.4.1.2021.11.50.0", TICKS),
    ("ssCpuSystem", "1.3.6.1.4.1.2021.11.10.0", CPU_POINTS),
    ("ssCpuRawSystem", "1.3.6.1.4.1.2021.11.52.0", TICKS),
    ("ssCpuIdle", "1.3.6.1.4.1.2021.11.11.0", CPU_POINTS),
    ("ssCpuRawIdle", "1.3.6.1.4.1.2021.11.53.0", TICKS),
    ("memTotalReal", "1.3.6.1.4.1.2021.4.5.0", SAME),
    ("memAvailReal", "1.3.6.1.4.1.2021.4.6.0", MEMORY_KB),
    ("memTotalFree", "1.3.6.1.4.1.2021.4.11.0", MEMORY_KB),
    ("ifInOctets", "1.3.6.1.2.1.2.2.1.10.1", OCTETS),
    ("ifOutOctets", "1.3.6.1.2.1.2.2.1.16.1", OCTETS),
];

/// How long snmpd takes until it serves shares of processor time, and more: eleven looks
/// that are five seconds apart.
const WINDOW: Duration = Duration::from_secs(150);

fn number(value: &str) -> Option<f64> {
    value.rsplit(' ').next()?.parse().ok()
}

fn kind(value: &str) -> &str {
    value.split(':').next().unwrap_or_default()
}

#[test]
fn the_vendors_eighteen_objects_are_those_of_snmpd_over_v3() {
    let scene = scene("").unwrap();
    // A share of processor time needs two samples.
    let config = scene.usual_config() + "host: {interval: 1s}\n";
    scene.write_config(&config).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let ours = addresses(&agent, 1).unwrap()[0];
    let snmpd = Daemon::snmpd("").unwrap();
    let asker = Asker::new().unwrap();
    let who = as_user(USER, PASSPHRASE);
    for address in [snmpd.address, ours] {
        wait::until(WINDOW, "a share of processor time", || {
            let share = asker.get(&who, address, "1.3.6.1.4.1.2021.11.11.0")?;
            Ok(share.starts_with("INTEGER: ").then_some(()))
        })
        .unwrap();
    }
    // snmpd gives disks the numbers of the mount order: that of `/` is looked for.
    let paths = asker
        .ask(
            Tool::Snmpbulkwalk,
            &who,
            snmpd.address,
            &["1.3.6.1.4.1.2021.9.1.2"],
        )
        .unwrap();
    let root = paths
        .lines()
        .find(|line| line.ends_with(" \"/\"") || line.ends_with(" /"));
    let root = root.unwrap_or_else(|| panic!("snmpd has no `/`: {paths}"));
    let index = root
        .split(" = ")
        .next()
        .unwrap()
        .rsplit('.')
        .next()
        .unwrap();
    let mut table = String::new();
    let mut differences = Vec::new();
    for (name, oid, room) in EIGHTEEN {
        let theirs_oid = match oid.strip_suffix(".1") {
            Some(column) if name.starts_with("dsk") => format!("{column}.{index}"),
            _ => (*oid).to_owned(),
        };
        let mut last = (String::new(), String::new());
        let agreed = wait::until(PATIENCE, name, || {
            last.0 = asker.get(&who, snmpd.address, &theirs_oid)?;
            last.1 = asker.get(&who, ours, oid)?;
            let verdict = judge(&last.0, &last.1, *room);
            Ok((verdict != "different").then_some(verdict))
        });
        let verdict = agreed.unwrap_or("different");
        let (theirs, own) = last;
        table.push_str(&format!("{name:<16}{theirs:<32}{own:<32}{verdict}\n"));
        if verdict == "different" {
            differences.push(format!("{name}: there {theirs}, here {own}"));
        }
    }
    println!("{:<16}{:<32}{:<32}\n{table}", "object", "snmpd", "here");
    assert!(
        differences.is_empty(),
        "{}\n{table}",
        differences.join("\n")
    );
}

fn judge(theirs: &str, own: &str, room: f64) -> &'static str {
    if theirs == own && !theirs.contains("No Such") {
        return "identical";
    }
    let is_same_kind = kind(theirs) == kind(own);
    match (number(theirs), number(own)) {
        (Some(one), Some(other)) if is_same_kind && (one - other).abs() <= room => "drifted",
        _ => "different",
    }
}

#[test]
fn a_wrong_number_is_none_that_drifted() {
    let rooms: BTreeMap<_, _> = EIGHTEEN
        .iter()
        .map(|(name, _, room)| (*name, *room))
        .collect();
    for (name, theirs, own, expected) in [
        ("dskPercent", "INTEGER: 16", "INTEGER: 17", "drifted"),
        ("dskPercent", "INTEGER: 1", "INTEGER: 99", "different"),
        ("dskPercentNode", "INTEGER: 4", "INTEGER: 0", "different"),
        (
            "dskTotal",
            "INTEGER: 264212084",
            "INTEGER: 264212080",
            "different",
        ),
        (
            "dskAvail",
            "INTEGER: 54293004",
            "INTEGER: 54293068",
            "drifted",
        ),
        (
            "dskAvail",
            "INTEGER: 54293004",
            "INTEGER: 56293004",
            "different",
        ),
        ("dskPath", "STRING: \"/\"", "STRING: \"/srv\"", "different"),
        ("ssCpuUser", "INTEGER: 83", "INTEGER: 76", "drifted"),
        ("ssCpuUser", "INTEGER: 83", "INTEGER: 14", "different"),
        ("ssCpuIdle", "INTEGER: 0", "INTEGER: 100", "different"),
        (
            "ssCpuRawUser",
            "Counter32: 2826872",
            "Counter32: 2826850",
            "drifted",
        ),
        (
            "ssCpuRawUser",
            "Counter32: 2826872",
            "Gauge32: 2826872",
            "different",
        ),
        (
            "memAvailReal",
            "INTEGER: 9792596",
            "INTEGER: 9803104",
            "drifted",
        ),
        (
            "memAvailReal",
            "INTEGER: 9792596",
            "INTEGER: 24684084",
            "different",
        ),
        (
            "ifInOctets",
            "No Such Instance",
            "No Such Instance",
            "different",
        ),
    ] {
        assert_eq!(judge(theirs, own, rooms[name]), expected, "{name}: {own}");
    }
}

#[test]
fn one_line_of_snmpd_serves_us_through_it() {
    let scene = scene("").unwrap();
    let agent = Agent::start(&scene).unwrap();
    let ours = addresses(&agent, 1).unwrap()[0];
    let base = "1.3.6.1.4.1.8072.9999.9999.10942";
    let line = format!("proxy -v 2c -c {COMMUNITY} {ours} .{base}");
    let snmpd = Daemon::snmpd(&line).unwrap();
    let asker = Asker::new().unwrap();
    // The users are snmpd's; ours are asked by nobody.
    let who = as_user(USER, PASSPHRASE);
    let names = format!("{base}.1.1.1.1");
    let ask = |address| {
        asker
            .ask(Tool::Snmpbulkwalk, &who, address, &[names.as_str()])
            .unwrap()
    };
    let through = wait::until(PATIENCE, "the same through snmpd", || {
        let through = ask(snmpd.address);
        Ok((through == ask(ours)).then_some(through))
    });
    let through = through.unwrap();
    assert!(through.contains("pub-fra-1"), "{through}");
}

/// What a Publisher's log says of its tunnel.
fn tunnel(event: &str) -> Vec<u8> {
    let detail = r#""publisherId": "130dbd9d40e4ad35", "stitcherIp": "203.0.113.7", "tenant": """#;
    format!(
        "eventlog.cpp:115:logPublisherTunnelEvent():0x0 {{\"eventId\": \"{event}\", {detail}}}\n"
    )
    .into_bytes()
}

#[test]
fn a_tunnel_and_the_host_are_the_same_by_snmp_and_by_metrics() {
    let scene = scene("").unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let address = addresses(&agent, 1).unwrap()[0];
    let asker = Asker::new().unwrap();
    let who = as_user(USER, PASSPHRASE);
    let is_up = "1.3.6.1.4.1.8072.9999.9999.10942.1.1.1.1.7.1";
    for (event, state, value) in [
        ("NPACONNECTED", "connected", "INTEGER: 1"),
        ("NPADISCONNECTED", "disconnected", "INTEGER: 2"),
        ("NPACONNECTED", "connected", "INTEGER: 1"),
    ] {
        log.raw(&tunnel(event)).unwrap();
        let shown = format!("ztna_tunnel_state{{state=\"{state}\"}} 1");
        agent.wait_until_shown(&[shown.as_str()]).unwrap();
        let limit = Duration::from_secs(2);
        wait::until(limit, &format!("{value} after {event}"), || {
            let seen = asker.get(&who, address, is_up)?;
            Ok((seen == value).then_some(()))
        })
        .unwrap();
    }
    let page = agent
        .wait_for("a sample of the host", |page| {
            page.value("ztna_host_memory_size_bytes", &[]).is_some()
        })
        .unwrap();
    let bytes = page.value("ztna_host_memory_size_bytes", &[]).unwrap();
    let kilobytes = wait::until(PATIENCE, "the sample by snmp", || {
        Ok(asker.number(&who, address, "1.3.6.1.4.1.2021.4.5.0").ok())
    });
    assert_eq!(
        bytes / 1024.0,
        f64::from(u32::try_from(kilobytes.unwrap()).unwrap())
    );
}

#[test]
fn a_thousand_pollers_at_once_are_answered_and_cost_no_descriptor() {
    let scene = scene("").unwrap();
    let agent = Agent::start(&scene).unwrap();
    let address = addresses(&agent, 1).unwrap()[0];
    let files = || {
        agent
            .page()
            .unwrap()
            .value("process_open_fds", &[])
            .unwrap()
    };
    let before = files();
    let sockets: Vec<UdpSocket> = (0..1_000)
        .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    let question = get_uptime();
    for socket in &sockets {
        socket.send_to(&question, address).unwrap();
    }
    let mut answered = 0;
    for socket in &sockets {
        socket
            .set_read_timeout(Some(Duration::from_secs(2)))
            .unwrap();
        let mut answer = [0; 1_500];
        // The kernel may drop what does not fit the queue; a poller asks again.
        for _ in 0..3 {
            if socket.recv(&mut answer).is_ok() {
                answered += 1;
                break;
            }
            socket.send_to(&question, address).unwrap();
        }
    }
    assert_eq!(answered, sockets.len());
    assert!(files() <= before + 2.0, "{before} before, {} now", files());
    let asker = Asker::new().unwrap();
    let value = asker
        .get(&as_community(COMMUNITY), address, super::UPTIME)
        .unwrap();
    assert!(value.starts_with("Timeticks"), "{value}");
}

/// A GetRequest of version 2c for sysUpTime.0.
fn get_uptime() -> Vec<u8> {
    let community = COMMUNITY.as_bytes();
    let binding = b"\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00\x05\x00";
    let mut pdu = b"\x02\x01\x07\x02\x01\x00\x02\x01\x00\x30\x0e".to_vec();
    pdu.extend(binding);
    let mut body = b"\x02\x01\x01\x04".to_vec();
    body.push(u8::try_from(community.len()).unwrap());
    body.extend(community);
    body.extend([0xa0, u8::try_from(pdu.len()).unwrap()]);
    body.extend(pdu);
    let mut message = vec![0x30, u8::try_from(body.len()).unwrap()];
    message.extend(body);
    message
}
