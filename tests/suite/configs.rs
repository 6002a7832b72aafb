//! Promise: a wrong configuration is refused with its place and the mend.
//!
//! `fixtures/configs/invalid/` is walked: each file's first line says what must be
//! told about it, as `# wants: LINE:COLUMN KEY: WORDS`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use harness::agent::Agent;
use harness::scene::Scene;
use harness::stand_in::StandIn;
use harness::tools::agent_binary;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/configs")
        .join(folder);
    // Folders beside the files hold what the configurations name.
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

fn check_config(file: &Path) -> Output {
    let mut command = Command::new(agent_binary().unwrap());
    command.arg("check-config").arg(file).output().unwrap()
}

#[test]
fn every_wrong_configuration_is_refused_at_its_place() {
    let files = files("invalid");
    assert!(25 <= files.len(), "only {} mistakes", files.len());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let first = String::from_utf8_lossy(&bytes)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        let wants = first
            .split_once("# wants: ")
            .map(|(_, wants)| wants.trim().to_owned());
        let wants = wants.unwrap_or_else(|| panic!("{}: no `# wants:`", file.display()));
        let (place, rest) = wants.split_once(' ').unwrap();
        let (key, words) = rest.split_once(": ").unwrap();
        let output = check_config(&file);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{}\n{said}", file.display());
        // What somebody wrote into the file itself by mistake must not reach a log.
        assert!(!said.contains("S3cret"), "{}\n{said}", file.display());
        let name = file.file_name().unwrap().to_string_lossy();
        // What is wrong and what is wanted stand apart in the message.
        let place = format!("{name}:{place}");
        let help = "= help: want ";
        for expected in [place.as_str(), key, help]
            .into_iter()
            .chain(words.split("; "))
        {
            assert!(
                said.contains(expected),
                "{name}: no {expected:?} in\n{said}"
            );
        }
    }
}

#[test]
fn every_right_configuration_is_accepted() {
    let files = files("valid");
    assert!(!files.is_empty());
    for file in files {
        let output = check_config(&file);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{}\n{said}", file.display());
    }
}

#[test]
fn a_zone_of_this_host_that_is_none_is_refused_and_never_waited_for() {
    let scene = Scene::new().unwrap();
    let fifo = scene.path("zone");
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let client = |more: &str| {
        format!(
            "store: {{path: state.db}}\nconnectors:\n- name: a\n  kind: cato-client\n  \
             logs: {{client: [/x]}}\n{more}"
        )
    };
    let check = |config: &str, zone: &str| {
        scene.write_config(config).unwrap();
        let mut command = Command::new(agent_binary().unwrap());
        command.arg("check-config").arg(scene.config());
        command.env("TZ", zone).output().unwrap()
    };
    let fifo = fifo.display().to_string();
    for zone in ["Mars/Base", ":/dev/zero", "/dev/zero", &fifo, "/etc/passwd"] {
        for more in ["", "  timezone: local\n"] {
            let output = check(&client(more), zone);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(78), "{zone} {said}");
            assert!(said.contains("connectors[0].timezone"), "{zone} {said}");
            assert!(said.contains("TZ"), "{zone} {said}");
        }
        // Who needs no zone of this host needs no right one.
        for needs_none in [
            client("  timezone: UTC\n"),
            client("").replace("cato-client", "netskope-publisher"),
        ] {
            let output = check(&needs_none, zone);
            assert_eq!(output.status.code(), Some(0), "{zone} {output:?}");
        }
    }
    // A rule of POSIX, beside names.
    const RULE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
    for zone in ["", "UTC", "Europe/Berlin", ":Europe/Berlin", RULE] {
        let output = check(&client(""), zone);
        assert_eq!(output.status.code(), Some(0), "{zone} {output:?}");
    }
}

#[test]
fn a_tool_that_is_missing_or_everybodys_is_no_mistake_of_the_file() {
    let scene = Scene::new().unwrap();
    let tool = StandIn::running(&scene.path("tools"), "nsdiag", "exit 0").unwrap();
    let everybodys = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(tool.program(), everybodys).unwrap();
    for path in [tool.program(), Path::new("/nowhere/nsdiag"), Path::new("/")] {
        let text = format!(
            "store: {{path: state.db}}\nconnectors:\n- name: a\n  kind: netskope-client\n  \
             logs: {{client: [/x]}}\n  tools: {{nsdiag: {{path: {path:?}}}}}\n"
        );
        scene.write_config(&text).unwrap();
        let output = check_config(&scene.config());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

#[test]
fn the_agent_does_not_start_on_a_wrong_configuration() {
    let scene = Scene::new().unwrap();
    scene
        .write_config(
            &scene
                .usual_config()
                .replace("timezone: UTC", "timezone: Mars"),
        )
        .unwrap();
    let output = Agent::command(&scene).unwrap().output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("config.yaml:8:15") && said.contains("Mars"),
        "{said}"
    );
}
