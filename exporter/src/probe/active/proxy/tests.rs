//! Hosts with their files under a folder: what is found on each.

use std::path::Path;

use tempfile::TempDir;

use super::*;

const ENVIRONMENT: &str = "http_proxy=\"http://proxy.example:3128\"\n\
                           https_proxy=\"http://proxy.example:3128\"\n\
                           no_proxy=\"localhost,127.0.0.1,*.goskope.com\"\n";
const DROP_IN: &str = "[Service]\n\
                       Environment=\"HTTP_PROXY=http://proxy.example:3128\"\n\
                       Environment=\"HTTPS_PROXY=http://proxy.example:3128\"\n\
                       Environment=\"NO_PROXY=localhost,127.0.0.1,*.goskope.com\"\n";
const DOCKERS: &str = "etc/systemd/system/docker.service.d/http-proxy.conf";

fn host(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

/// The findings on a host with these files, one line each.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let root = host(files);
    let findings = inspect(root.path());
    assert!(findings.iter().all(|one| one.action.ends_with('.')));
    findings.into_iter().map(|one| one.message).collect()
}

#[test]
fn a_host_without_a_proxy_is_in_order() {
    assert_eq!(found(&[]), [""; 0]);
    assert_eq!(
        found(&[("usr/bin/dockerd", ""), ("etc/environment", "PATH=/bin\n")]),
        [""; 0]
    );
}

#[test]
fn a_host_set_up_by_the_guide_is_in_order() {
    let files = [("etc/environment", ENVIRONMENT), (DOCKERS, DROP_IN)];
    assert_eq!(found(&files), [""; 0]);
    let in_json = r#"{"proxies": {"http-proxy": "http://proxy.example:3128",
        "https-proxy": "http://proxy.example:3128",
        "no-proxy": "localhost,127.0.0.0/8,.goskope.com"}}"#;
    let with_json = [
        ("etc/environment", ENVIRONMENT),
        ("etc/docker/daemon.json", in_json),
    ];
    assert_eq!(found(&with_json), [""; 0]);
}

#[test]
fn a_proxy_that_docker_lacks_is_found() {
    let files = [("etc/environment", ENVIRONMENT), ("usr/bin/dockerd", "")];
    assert_eq!(
        found(&files),
        ["/etc/environment names a proxy, and Docker has none \
          (/etc/systemd/system/docker.service.d)"]
    );
    // Without Docker there is nothing to set.
    assert_eq!(found(&files[..1]), [""; 0]);
}

#[test]
fn a_proxy_that_only_docker_has_is_found() {
    assert_eq!(
        found(&[(DOCKERS, DROP_IN)]),
        [
            "Docker has a proxy (/etc/systemd/system/docker.service.d), and /etc/environment names \
          none"
        ]
    );
    let apt = "Acquire::http::Proxy \"http://proxy.example:3128\";\n\
               Acquire::https::Proxy \"http://proxy.example:3128\";\n";
    assert_eq!(
        found(&[(DOCKERS, DROP_IN), ("etc/apt/apt.conf.d/95proxies", apt)]),
        [""; 0]
    );
}

#[test]
fn two_proxies_are_found_without_their_passwords() {
    let other = DROP_IN.replace("proxy.example:3128", "user:secret@old.example:8080");
    let found = found(&[("etc/environment", ENVIRONMENT), (DOCKERS, &other)]);
    assert_eq!(
        found,
        ["/etc/environment names the proxy proxy.example:3128, and \
          /etc/systemd/system/docker.service.d names old.example:8080"]
    );
}

#[test]
fn what_must_go_straight_and_does_not_is_found() {
    let without_vendor = ENVIRONMENT.replace(",*.goskope.com", "");
    let found_in = |environment: &str, vendor: &str| {
        found(&[
            ("etc/environment", environment),
            ("sys/class/dmi/id/sys_vendor", vendor),
        ])
    };
    assert_eq!(
        found_in(&without_vendor, "QEMU\n"),
        ["/etc/environment sends through the proxy what must go straight: `npa.goskope.com`"]
    );
    assert_eq!(
        found_in(ENVIRONMENT, "Amazon EC2\n"),
        ["/etc/environment sends through the proxy what must go straight: `169.254.169.254`"]
    );
    let none = ENVIRONMENT.replace("no_proxy", "other");
    assert_eq!(
        found_in(&none, ""),
        [
            "/etc/environment sends through the proxy what must go straight: `localhost`, \
          `127.0.0.1`, `npa.goskope.com`"
        ]
    );
    let root = host(&[("etc/environment", &without_vendor)]);
    assert_eq!(inspect_with(root.path(), &[]), []);
}

#[test]
fn half_a_setting_is_found() {
    let environment = ENVIRONMENT.replace("https_proxy", "x");
    let messages = found(&[("etc/environment", &environment)]);
    assert_eq!(
        messages,
        ["/etc/environment sets a proxy for HTTP and none for HTTPS"]
    );
    let odd = ENVIRONMENT.replace("http://proxy.example:3128", "http://proxy.example");
    let of_odd = found(&[("etc/environment", &odd)]);
    assert_eq!(
        of_odd,
        ["/etc/environment names a proxy that is no URL with host and port"]
    );
    let both = format!("{ENVIRONMENT}HTTPS_PROXY=http://b.example:1\n");
    let of_both = found(&[("etc/environment", &both)]);
    assert_eq!(
        of_both,
        ["/etc/environment sets `https_proxy` in small and in large letters to different values"]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_found() {
    assert_eq!(
        found(&[("etc/docker/daemon.json", "{")]),
        ["/etc/docker/daemon.json is no JSON that Docker could read"]
    );
    let root = host(&[]);
    fs::create_dir_all(root.path().join("etc/environment")).unwrap();
    let messages: Vec<String> = inspect(root.path())
        .into_iter()
        .map(|one| one.message)
        .collect();
    assert_eq!(
        messages,
        ["/etc/environment cannot be read: it is no plain file"]
    );
    assert_eq!(inspect(Path::new("/nowhere/at/all")), []);
}
