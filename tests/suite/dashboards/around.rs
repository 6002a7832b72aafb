//! Promise: what goes around the dashboards can be read by those whom it is for.
//!
//! Files that provision Grafana, and a Compose file to try all of it. They are read as YAML,
//! and what they name must be there; neither Grafana nor Docker runs here, and the Compose
//! file says so.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use harness::tools::{Tool, succeed};
use serde_json::Value;

use super::{PAGES, items};
use crate::tree::root;

fn read(path: &str) -> (Value, String) {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let value = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    (value, text)
}

const PROVISIONING: &str = "dashboards/grafana/provisioning";

const COMPOSE: &str = "dashboards/compose/compose.yaml";

#[test]
fn grafana_is_provisioned_with_a_data_source_that_knows_its_interval() {
    let (sources, _) = read(&format!("{PROVISIONING}/datasources/prometheus.yaml"));
    let [source] = items(&sources, "/datasources") else {
        panic!("{sources}")
    };
    assert_eq!(sources["apiVersion"], 1);
    assert_eq!(source["type"], "prometheus");
    // Without it, `$__rate_interval` is shorter than two scrapes, and graphs are empty.
    let (scrape, _) = read("dashboards/prometheus/scrape.yml");
    assert_eq!(
        source["jsonData"]["timeInterval"],
        scrape["global"]["scrape_interval"]
    );
    let (dashboards, _) = read(&format!("{PROVISIONING}/dashboards/ztna.yaml"));
    let [provider] = items(&dashboards, "/providers") else {
        panic!("{dashboards}")
    };
    assert_eq!(provider["type"], "file");
    let folder = provider["options"]["path"].as_str().unwrap();
    let (compose, _) = read(COMPOSE);
    let mounts = items(&compose, "/services/grafana/volumes").iter();
    let mut mounts = mounts.filter_map(Value::as_str);
    assert!(
        mounts.any(|mount| mount.contains(&format!(":{folder}"))),
        "nothing is mounted where the provider looks: {folder}"
    );
}

/// The folder or file on this side of a mount, from the Compose file's folder.
fn mounted(mount: &str) -> Option<PathBuf> {
    let (from, _) = mount.split_once(':')?;
    from.starts_with('.')
        .then(|| root().join("dashboards/compose").join(from))
}

#[test]
fn the_compose_file_names_only_what_there_is_and_says_that_nobody_ran_it() {
    let (compose, text) = read(COMPOSE);
    assert!(text.contains("Not run by our tests"), "the label is gone");
    let services = compose["services"].as_object().unwrap();
    let names: Vec<&str> = services.keys().map(String::as_str).collect();
    assert_eq!(names, ["agent", "alertmanager", "grafana", "prometheus"]);
    for (name, service) in services {
        let has_version = service["image"].as_str().is_some_and(|image| {
            image
                .rsplit_once(':')
                .is_some_and(|(_, version)| version != "latest")
        });
        assert!(
            has_version || service.get("build").is_some(),
            "{name} has no fixed version"
        );
        for mount in items(service, "/volumes").iter().filter_map(Value::as_str) {
            let there = mounted(mount).is_none_or(|path| path.exists());
            assert!(there, "{name} mounts what is not there: {mount}");
        }
        for port in items(service, "/ports").iter().filter_map(Value::as_str) {
            assert!(
                port.starts_with("127.0.0.1:"),
                "{name} listens to the world: {port}"
            );
        }
        for folder in items(service, "/tmpfs").iter().filter_map(Value::as_str) {
            // Docker lets nothing run there unless told to, and the demo plays the clients' tools.
            assert!(
                folder.ends_with(":exec"),
                "{name} can run nothing in {folder}"
            );
        }
        if let Some(other) = service["network_mode"].as_str() {
            let other = other.strip_prefix("service:").unwrap();
            assert!(
                services.contains_key(other),
                "{name} shares the network of {other}"
            );
        }
    }
    let rules = fs::read_dir(root().join("dashboards/prometheus")).unwrap();
    for file in rules.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        let is_there = !file.ends_with(".rules.yml") || text.contains(&format!("/rules/{file}:"));
        assert!(is_there, "{file} is not given to Prometheus");
    }
    let build = &compose["services"]["agent"]["build"];
    let context = root()
        .join("dashboards/compose")
        .join(build["context"].as_str().unwrap());
    assert!(
        context
            .join(build["dockerfile"].as_str().unwrap())
            .is_file()
    );
}

#[test]
fn prometheus_and_alertmanager_take_the_files_that_compose_gives_them() {
    let folder = root().join("dashboards/compose");
    let mut promtool = Tool::Promtool.command().unwrap();
    // The rules lie elsewhere inside the container, so only the syntax is asked for.
    promtool
        .args(["check", "config", "--syntax-only", "prometheus.yml"])
        .current_dir(&folder);
    succeed(&mut promtool).unwrap();
    let mut amtool: Command = Tool::Amtool.command().unwrap();
    amtool
        .args(["check-config", "alertmanager.yml"])
        .current_dir(&folder);
    succeed(&mut amtool).unwrap();
}

#[test]
fn the_reference_of_dashboards_names_each() {
    let readme = fs::read_to_string(root().join("dashboards/README.md")).unwrap();
    for (file, uid) in PAGES {
        assert!(
            readme.contains(&format!("grafana/{file}.json")),
            "{file} is not told of"
        );
        assert!(readme.contains(uid), "{uid} is not told of");
    }
}
