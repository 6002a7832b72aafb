//! Users: made by the command, refused by name, and never stored as a passphrase.

use std::fs;
use std::io::Write as _;
use std::process::{Output, Stdio};

use harness::agent::Agent;
use harness::snmp::{
    Asker, COMMUNITY, PASSPHRASE, USER, addresses, as_community, as_user, command, scene, scene_of,
};

use super::UPTIME;

/// usmStatsWrongDigests.0.
const WRONG_DIGESTS: &str = "1.3.6.1.6.3.15.1.1.5.0";

/// Runs a command of ours with this standard input.
fn run(words: &[&str], input: &str) -> Output {
    let mut child = command(words)
        .unwrap()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_user_of_the_command_is_served_and_his_passphrase_stands_nowhere() {
    let scene = scene_of("").unwrap();
    let config = scene.config().display().to_string();
    let agent = Agent::start(&scene).unwrap();
    // The agent runs, and has never served SNMP.
    let passphrases = "made-for-signing\nmade-for-sealing\n";
    let words = [
        "user",
        "night shift",
        "--auth",
        "sha",
        "--config",
        config.as_str(),
    ];
    let made = harness::wait::until(harness::wait::PATIENCE, "the engine's name", || {
        let made = run(&words, passphrases);
        Ok(made.status.success().then_some(made))
    })
    .unwrap();
    let item = String::from_utf8(made.stdout).unwrap();
    let lines: Vec<&str> = item.lines().skip(1).collect();
    let section = format!(
        "snmp:\n  listen: [\"127.0.0.1:0\"]\n  users:\n{}\n",
        lines
            .iter()
            .map(|line| format!("  {line}\n"))
            .collect::<String>()
    );
    scene
        .write_config(&(scene.usual_config() + &section))
        .unwrap();
    agent.reload().unwrap();
    let address = addresses(&agent, 1).unwrap()[0];
    let asker = Asker::new().unwrap();
    let mut who = as_user("night", "x");
    for (flag, value) in [
        ("-u", "night shift"),
        ("-A", "made-for-signing"),
        ("-X", "made-for-sealing"),
    ] {
        let place = who.iter().position(|word| word == flag).unwrap();
        who[place + 1] = value.to_owned();
    }
    let value = asker.get(&who, address, UPTIME).unwrap();
    assert!(
        value.starts_with("Timeticks"),
        "{value}\n{item}\n{}",
        agent.log_tail()
    );
    // A second run would take the keys away under the agent.
    let again = run(&words, passphrases);
    assert_eq!(again.status.code(), Some(2));
    agent.terminate().unwrap();
    let mut folders = vec![scene.path("")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let holds = bytes.windows(8).any(|window| window == b"made-for");
            assert!(!holds, "{}", path.display());
        }
    }
}

#[test]
fn what_the_command_cannot_do_it_says_with_the_mend() {
    let scene = scene_of("").unwrap();
    let config = scene.config().display().to_string();
    for (words, input, wanted) in [
        (
            &["user", "a", "--config", config.as_str()][..],
            "long-enough\n",
            "start it once",
        ),
        (
            &["user", "a", "--engine-id", "12"],
            "long-enough\n",
            "5 to 32 bytes",
        ),
        (
            &["user", "a", "--engine-id", "80001f8805010203"],
            "short\n",
            "at least 8 bytes",
        ),
        (
            &["user", "a", "--engine-id", "80001f8805010203"],
            "",
            "no passphrase",
        ),
        (&["user", "a", "--auth", "sha1"], "", "possible values"),
        (
            &["send-test", "--config", config.as_str()],
            "",
            "no `snmp.targets`",
        ),
    ] {
        let output = run(words, input);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains(wanted), "{words:?}: {said}");
        assert!(!said.contains("long-enough"), "{said}");
    }
    let module = run(&["mib"], "");
    let text = String::from_utf8(module.stdout).unwrap();
    assert!(
        text.starts_with("ZTNA-EXPORTER-MIB DEFINITIONS ::= BEGIN"),
        "{text:.80}"
    );
}

#[test]
fn a_wrong_passphrase_is_counted_where_pollers_and_prometheus_look() {
    let scene = scene("").unwrap();
    let agent = Agent::start(&scene).unwrap();
    let address = addresses(&agent, 1).unwrap()[0];
    let asker = Asker::new().unwrap();
    let said = asker
        .get(&as_user(USER, "not-this-one"), address, UPTIME)
        .unwrap();
    assert!(said.contains("Authentication failure"), "{said}");
    let community = as_community(COMMUNITY);
    let counted = asker.number(&community, address, WRONG_DIGESTS).unwrap();
    assert!(counted > 0);
    let silence = asker
        .get(&as_community("not-this-one"), address, UPTIME)
        .unwrap();
    assert!(silence.contains("Timeout"), "{silence}");
    let page = agent.page().unwrap();
    let rejected = |cause| page.count("ztna_snmp_rejected_total", &[("cause", cause)]);
    assert_eq!(rejected("wrong_digest"), counted);
    assert_eq!(rejected("bad_community"), 2, "asked twice");
    let right = asker
        .get(&as_user(USER, PASSPHRASE), address, UPTIME)
        .unwrap();
    assert!(right.starts_with("Timeticks"), "{right}");
}
