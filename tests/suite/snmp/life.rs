//! What outlives a kill, a reload and a store that does not commit.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::Duration;

use harness::agent::Agent;
use harness::scene::Scene;
use harness::snmp::{
    Asker, COMMUNITY, PASSPHRASE, USER, addresses, as_community, as_user, engine_of, free_address,
    scene,
};
use harness::tools::Tool;
use harness::wait::{self, PATIENCE};

use super::{BOOTS, UPTIME};

/// snmpInPkts.
const IN_PACKETS: &str = "1.3.6.1.2.1.11.1.0";

fn boots(asker: &Asker, agent: &Agent) -> u64 {
    let address = addresses(agent, 1).unwrap()[0];
    asker
        .number(&as_user(USER, PASSPHRASE), address, BOOTS)
        .unwrap()
}

#[test]
fn each_start_counts_once_and_a_kill_too() {
    let scene = scene("").unwrap();
    let asker = Asker::new().unwrap();
    let agent = Agent::start(&scene).unwrap();
    assert_eq!(boots(&asker, &agent), 1);
    let engine = engine_of(&scene.store()).unwrap();
    agent.kill().unwrap();
    let second = Agent::start(&scene).unwrap();
    assert_eq!(boots(&asker, &second), 2);
    let page = second.page().unwrap();
    assert_eq!(page.value("ztna_snmp_engine_boots", &[]), Some(2.0));
    assert_eq!(page.value("ztna_snmp_v3_serving", &[]), Some(1.0));
    second.terminate().unwrap();
    let third = Agent::start(&scene).unwrap();
    assert_eq!(boots(&asker, &third), 3);
    assert_eq!(engine_of(&scene.store()).unwrap(), engine);
}

#[test]
fn a_message_of_the_life_before_is_accepted_no_more() {
    let scene = scene("").unwrap();
    let listen = free_address().unwrap();
    let config = scene.usual_config().replace(
        "[\"127.0.0.1:0\"], communities",
        &format!("[\"{listen}\"], communities"),
    );
    scene.write_config(&config).unwrap();
    let agent = Agent::start(&scene).unwrap();
    addresses(&agent, 1).unwrap();
    let relay = UdpSocket::bind("127.0.0.1:0").unwrap();
    relay
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let between = relay.local_addr().unwrap();
    let asking = thread::spawn(move || {
        let asker = Asker::new().unwrap();
        asker
            .get(&as_user(USER, PASSPHRASE), between, UPTIME)
            .unwrap()
    });
    // The discovery, and the question that is signed and encrypted.
    let mut recorded = Vec::new();
    for _ in 0..2 {
        let mut buffer = [0; 2_000];
        let (size, tool) = relay.recv_from(&mut buffer).unwrap();
        recorded = buffer[..size].to_vec();
        let reply = exchange(listen, &recorded);
        relay.send_to(&reply, tool).unwrap();
    }
    assert!(asking.join().unwrap().starts_with("Timeticks"));
    let is_answer = |datagram: &[u8]| {
        // Flags: a report that is signed and not encrypted, or an answer that is both.
        datagram
            .windows(3)
            .any(|window| window == [0x04, 0x01, 0x03])
    };
    assert!(
        is_answer(&exchange(listen, &recorded)),
        "within its window it is answered again"
    );
    agent.kill().unwrap();
    let second = Agent::start(&scene).unwrap();
    addresses(&second, 1).unwrap();
    assert!(!is_answer(&exchange(listen, &recorded)));
    let page = second.page().unwrap();
    let rejected = [("cause", "not_in_time_window")];
    assert_eq!(page.count("ztna_snmp_rejected_total", &rejected), 1);
}

fn exchange(agent: SocketAddr, question: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    socket.send_to(question, agent).unwrap();
    let mut buffer = vec![0; 2_000];
    let size = socket.recv(&mut buffer).unwrap();
    buffer.truncate(size);
    buffer
}

#[test]
fn disks_keep_their_numbers_over_a_kill() {
    let scene = scene("").unwrap();
    let asker = Asker::new().unwrap();
    let who = as_community(COMMUNITY);
    let disks = |agent: &Agent| {
        let address = addresses(agent, 1).unwrap()[0];
        let paths = "1.3.6.1.4.1.2021.9.1.2";
        wait::until(PATIENCE, "the disks", || {
            let said = asker.ask(Tool::Snmpbulkwalk, &who, address, &[paths])?;
            Ok(said.contains("STRING: ").then_some(said))
        })
        .unwrap()
    };
    let agent = Agent::start(&scene).unwrap();
    let first = disks(&agent);
    assert!(first.contains(".9.1.2.1 = STRING: \"/\""), "{first}");
    wait::until(PATIENCE, "the numbers to be kept", || {
        Ok(store::look_up(&scene.store(), "snmp.indexes.mounts.000")?)
    })
    .unwrap();
    agent.kill().unwrap();
    let again = Agent::start(&scene).unwrap();
    assert_eq!(disks(&again), first);
    again.kill().unwrap();
    let kept = store::look_up(&scene.store(), "snmp.indexes.mounts.000")
        .unwrap()
        .unwrap();
    let kept = String::from_utf8(kept).unwrap();
    assert!(kept.contains("[1,\"/\"]"), "{kept}");
}

#[test]
fn users_come_and_go_by_a_reload_and_the_engine_lives_on() {
    let scene = scene("").unwrap();
    let agent = Agent::start(&scene).unwrap();
    let address = addresses(&agent, 1).unwrap()[0];
    let asker = Asker::new().unwrap();
    let second = as_user("second", PASSPHRASE);
    let unknown = asker.get(&second, address, UPTIME).unwrap();
    assert!(unknown.contains("Unknown user name"), "{unknown}");
    let before = scene.usual_config();
    let with = before.replace(
        "users: [",
        "users: [{name: second, auth: {protocol: sha, passphrase_file: passphrase}, priv: \
         {protocol: aes128, passphrase_file: passphrase}}, ",
    );
    scene.write_config(&with).unwrap();
    agent.reload().unwrap();
    wait::until(PATIENCE, "the second user to be served", || {
        let value = asker.get(&second, address, UPTIME)?;
        Ok(value.starts_with("Timeticks").then_some(()))
    })
    .unwrap();
    assert_eq!(boots(&asker, &agent), 1);
    scene.write_config(&before).unwrap();
    agent.reload().unwrap();
    wait::until(PATIENCE, "the second user to be gone", || {
        let value = asker.get(&second, address, UPTIME)?;
        Ok(value.contains("Unknown user name").then_some(()))
    })
    .unwrap();
    assert_eq!(boots(&asker, &agent), 1);
    // A reload that cannot be leaves all as it was.
    scene
        .write_config(&before.replace("passphrase_file: passphrase", "passphrase_file: none"))
        .unwrap();
    agent.reload().unwrap();
    agent
        .wait_until_shown(&["ztna_config_last_reload_successful 0"])
        .unwrap();
    assert_eq!(boots(&asker, &agent), 1);
}

#[test]
fn what_was_counted_is_not_lost_when_a_reload_takes_snmp_away_and_brings_it_back() {
    let scene = scene("").unwrap();
    let agent = Agent::start(&scene).unwrap();
    let asker = Asker::new().unwrap();
    let who = as_community(COMMUNITY);
    let address = addresses(&agent, 1).unwrap()[0];
    for _ in 0..20 {
        asker.number(&who, address, IN_PACKETS).unwrap();
    }
    let with = scene.usual_config();
    let without: String = with
        .lines()
        .filter(|line| !line.starts_with("snmp: "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(without, with, "the section was not found: {with}");
    scene.write_config(&without).unwrap();
    agent.reload().unwrap();
    wait::until(PATIENCE, "SNMP to be gone", || {
        let page = agent.page()?;
        let is_gone = page.value("ztna_snmp_notices_waiting", &[]).is_none();
        Ok(is_gone.then_some(()))
    })
    .unwrap();
    scene.write_config(&with).unwrap();
    agent.reload().unwrap();
    agent.wait_until_shown(&["ztna_snmp_v3_serving 1"]).unwrap();
    let listens = addresses(&agent, 2).unwrap();
    let after = asker.number(&who, listens[1], IN_PACKETS).unwrap();
    assert!(20 < after, "{after} packets, as if from the beginning");
    // The engine itself was away, which version 3 must be told of.
    let started = asker.number(&as_user(USER, PASSPHRASE), listens[1], BOOTS);
    assert_eq!(started.unwrap(), 2);
}

/// Lets every write to the store's journal fail until it is let go.
fn start_with_a_full_disk(scene: &Scene) -> Agent {
    let journal = scene.store().with_extension("db-wal");
    let mut command = Tool::Strace.command().unwrap();
    command
        .args(["-D", "-I1", "-f", "-o", "/dev/null", "-e", "trace=pwrite64"])
        .args(["-e", "inject=pwrite64:error=ENOSPC", "-P"])
        .arg(journal);
    let usual = Agent::command(scene).unwrap();
    command.arg(usual.get_program()).args(usual.get_args());
    let mut agent = Agent::spawn(&mut command).unwrap();
    agent.wait_until_listening().unwrap();
    agent
}

#[test]
fn without_a_store_version_3_is_refused_until_it_commits_and_communities_are_served() {
    let scene = scene("").unwrap();
    // The tables are there; only what is new cannot be written.
    Agent::start(&scene).unwrap().terminate().unwrap();
    let agent = start_with_a_full_disk(&scene);
    let address = addresses(&agent, 1).unwrap()[0];
    let asker = Asker::new().unwrap();
    let value = asker
        .get(&as_community(COMMUNITY), address, UPTIME)
        .unwrap();
    assert!(value.starts_with("Timeticks"), "{value}");
    let v3 = as_user(USER, PASSPHRASE);
    let refused = asker.get(&v3, address, UPTIME).unwrap();
    assert!(!refused.starts_with("Timeticks"), "{refused}");
    agent.wait_until_shown(&["ztna_snmp_v3_serving 0"]).unwrap();
    let said = agent.log_lines().join("\n");
    assert!(said.contains("snmp version 3 is refused"), "{said}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", agent.id())).unwrap();
    let tracer = status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"))
        .unwrap();
    let ended = Command::new("kill")
        .args(["-TERM", tracer.trim()])
        .status()
        .unwrap();
    assert!(ended.success(), "no tracer {tracer}");
    agent.wait_until_shown(&["ztna_snmp_v3_serving 1"]).unwrap();
    // The start that could not be stored is no start: the second one is.
    assert_eq!(boots(&asker, &agent), 2);
}
