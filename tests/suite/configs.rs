//! Promise: a wrong configuration is refused with its place and the mend.
//!
//! `fixtures/configs/invalid/` is walked: each file's first line says what must be
//! told about it, as `# wants: LINE:COLUMN KEY: WORDS`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use harness::agent::Agent;
use harness::scene::Scene;
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
        let name = file.file_name().unwrap().to_string_lossy();
        // What is wrong and what is wanted stand apart in the message.
        let place = format!("{name}:{place}");
        for expected in [place.as_str(), key].into_iter().chain(words.split("; ")) {
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
