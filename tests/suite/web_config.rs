//! Promise: the web configuration that Prometheus' exporters have works here as it is, and
//! nobody gets an answer whom it does not let in.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

use harness::agent::Agent;
use harness::http;
use harness::prometheus::Prometheus;
use harness::scene::Scene;
use harness::tls::Authority;
use harness::tools::{self, Tool};
use harness::wait::{self, PATIENCE};

/// Of `sesame`, as `htpasswd -nBC 10` made it.
const USERS: &str = "basic_auth_users:\n  alice: \
    $2y$10$BUiUjlIbLBvUxVNWQXw9GebeLnm.vusVbcB.sGOhMsHd.wB1DHk3C\n";

const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

/// Comes out of `curl` behind the body.
const STATUS: &str = "\n%{http_code}";

/// A folder with certificates, a web configuration, and an agent that has it.
struct Secured {
    scene: Scene,
    authority: Authority,
}

impl Secured {
    fn new(web: &str) -> Self {
        let scene = Scene::new().unwrap();
        fs::write(scene.log("agent.txt"), "a line\n").unwrap();
        let new = Self {
            scene,
            authority: Authority::root("Test").unwrap(),
        };
        fs::write(new.path("ca.crt"), new.authority.pem()).unwrap();
        new.renew();
        fs::write(new.path("web.yml"), web).unwrap();
        new
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scene.path(name)
    }

    /// Writes another certificate of the server with its key.
    fn renew(&self) {
        let (certificate, key) = self.authority.pems("localhost", 2100).unwrap();
        fs::write(self.path("server.crt"), certificate).unwrap();
        fs::write(self.path("server.key"), key).unwrap();
    }

    fn start(&self) -> (Agent, SocketAddr) {
        let mut command = Agent::command(&self.scene).unwrap();
        command.arg("--web.config.file").arg(self.path("web.yml"));
        let mut agent = Agent::spawn(&mut command).unwrap();
        let address = agent.wait_until_listening().unwrap();
        (agent, address)
    }

    /// Asks with `curl`, which trusts the authority; the body and the status, or how it ended.
    fn curl(&self, address: SocketAddr, path: &str, more: &[&str]) -> Result<(String, u16), i32> {
        let mut command = Tool::Curl.command().unwrap();
        let Output { status, stdout, .. } = command
            .args(["--silent", "--write-out", STATUS, "--max-time", "30"])
            .arg("--cacert")
            .arg(self.path("ca.crt"))
            .args(more)
            .arg(format!("https://localhost:{}{path}", address.port()))
            .output()
            .unwrap();
        if !status.success() {
            return Err(status.code().unwrap());
        }
        let text = String::from_utf8(stdout).unwrap();
        let (body, code) = text.rsplit_once('\n').unwrap();
        Ok((body.to_owned(), code.parse().unwrap()))
    }
}

const ALICE: [&str; 2] = ["--user", "alice:sesame"];

#[test]
fn curl_gets_in_with_the_password_only_and_never_by_an_old_version() {
    let secured = Secured::new(&format!("{TLS}{USERS}"));
    let (_agent, address) = secured.start();
    let status = |more: &[&str]| {
        secured
            .curl(address, "/metrics", more)
            .map(|(_, code)| code)
    };
    assert_eq!(status(&[]), Ok(401));
    assert_eq!(status(&["--user", "alice:wrong"]), Ok(401));
    assert_eq!(status(&["--user", "nobody:sesame"]), Ok(401));
    assert_eq!(status(&ALICE), Ok(200));
    assert_eq!(
        status(&["--user", "alice:sesame", "--tls-max", "1.2"]),
        Ok(200)
    );
    // 35: the handshake failed.
    assert_eq!(
        status(&["--user", "alice:sesame", "--tls-max", "1.1"]),
        Err(35)
    );
    let (page, _) = secured.curl(address, "/", &ALICE).unwrap();
    assert!(page.contains("<html"), "{page:.200}");
    let plain = http::get(address, "/metrics").unwrap();
    assert_eq!(plain.status, 400);
    assert!(plain.text().contains("HTTP request to an HTTPS server"));
}

#[test]
fn a_real_prometheus_scrapes_with_tls_and_a_password() {
    let secured = Secured::new(&format!("{TLS}{USERS}"));
    let (_agent, address) = secured.start();
    let prometheus = Prometheus::configured(&format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
         scrape_configs:\n- job_name: ztna\n  scheme: https\n\
         \x20 basic_auth: {{username: alice, password: sesame}}\n\
         \x20 tls_config: {{ca_file: \"{}\", server_name: localhost}}\n\
         \x20 static_configs: [{{targets: [\"{address}\"]}}]\n",
        secured.path("ca.crt").display()
    ))
    .unwrap();
    prometheus.wait_for("up", |value| value == 1.0).unwrap();
    let expiry = "ztna_web_certificate_expires_timestamp_seconds";
    prometheus.wait_for(expiry, |value| 4e9 < value).unwrap();
    // A scrape pays for its password once: the others are as fast as without.
    let slow = "max_over_time(scrape_duration_seconds[1m])";
    prometheus
        .wait_for("count_over_time(up[1m])", |value| 4.0 <= value)
        .unwrap();
    assert!(prometheus.query(slow).unwrap().unwrap() < 1.0);
}

#[test]
fn a_client_shows_a_certificate_where_the_file_wants_one() {
    let web = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  \
         client_allowed_sans: [prometheus.example]\n"
    );
    let secured = Secured::new(&web);
    let stranger = Authority::root("Stranger").unwrap();
    for (name, authority, host) in [
        ("ours", &secured.authority, "prometheus.example"),
        ("other", &secured.authority, "grafana.example"),
        ("foreign", &stranger, "prometheus.example"),
    ] {
        let (certificate, key) = authority.pems(host, 2100).unwrap();
        fs::write(secured.path(name), certificate + &key).unwrap();
    }
    let (_agent, address) = secured.start();
    let with = |name: &str| {
        let path = secured.path(name);
        let more = ["--cert", path.to_str().unwrap()];
        secured
            .curl(address, "/metrics", &more)
            .map(|(_, code)| code)
    };
    assert_eq!(with("ours"), Ok(200));
    assert!(with("other").is_err() && with("foreign").is_err());
    assert!(secured.curl(address, "/metrics", &[]).is_err());
    // Whoever has it is known, and may silence.
    let path = secured.path("ours");
    let wish = r#"{"matchers": ["rule=*"], "for": "1h", "why": "moved"}"#;
    let more = [
        "--cert",
        path.to_str().unwrap(),
        "--header",
        "content-type: application/json",
    ];
    let more = [&more[..], &["--data", wish]].concat();
    let (body, code) = secured.curl(address, "/api/v1/silences", &more).unwrap();
    assert_eq!(code, 201, "{body}");
    assert!(body.contains("prometheus.example"), "{body}");
}

#[test]
fn a_silence_is_made_by_http_stands_over_a_restart_and_is_ended() {
    let secured = Secured::new(&format!("{TLS}{USERS}"));
    let (agent, address) = secured.start();
    let wish = r#"{"matchers": ["connector=pub-1"], "for": "2h", "why": "moved"}"#;
    let post = |to, path: &str, body: &str| {
        let more = ["--header", "content-type: application/json", "--data", body];
        secured
            .curl(to, path, &[&ALICE[..], &more[..]].concat())
            .unwrap()
    };
    let (told, code) = post(address, "/api/v1/silences", wish);
    assert_eq!(code, 201, "{told}");
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["who"], "alice");
    let id = told["id"].as_str().unwrap();
    // It was durable before it was answered.
    agent.kill().unwrap();
    let (_agent, again) = secured.start();
    let silences = || {
        let (status, _) = secured.curl(again, "/api/v1/status", &ALICE).unwrap();
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        status["alerts"]["silences"].to_string()
    };
    assert!(silences().contains(id), "{}", silences());
    let ended = post(again, &format!("/api/v1/silences/{id}/end"), "{}");
    assert_eq!(ended.1, 200, "{}", ended.0);
    wait::until(PATIENCE, "the silence to be over", || {
        Ok((!silences().contains(id)).then_some(()))
    })
    .unwrap();
}

#[test]
fn a_silence_of_the_configuration_is_ended_by_no_visitor() {
    let secured = Secured::new(&format!("{TLS}{USERS}"));
    let all = secured.scene.usual_config();
    let silences = "alerts:\n  silences:\n  - {id: night, matchers: [rule=x], who: ops, \
                    why: y, until: 2099-01-01T00:00:00Z}\n";
    secured
        .scene
        .write_config(&format!("{all}{silences}"))
        .unwrap();
    let (_agent, address) = secured.start();
    let more = ["--header", "content-type: application/json", "--data", "{}"];
    let more = [&ALICE[..], &more[..]].concat();
    let (words, code) = secured
        .curl(address, "/api/v1/silences/night/end", &more)
        .unwrap();
    assert_eq!(code, 409, "{words}");
    assert!(words.contains("stands in the configuration"), "{words}");
}

#[test]
fn certificates_are_renewed_under_load_and_no_scrape_fails() {
    let secured = Secured::new(&format!("{TLS}{USERS}"));
    let (agent, address) = secured.start();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let scrapers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut scrapes = 0;
                    while !is_done.load(Ordering::Relaxed) {
                        let answer = secured.curl(address, "/metrics", &ALICE);
                        assert_eq!(answer.map(|(_, code)| code), Ok(200));
                        scrapes += 1;
                    }
                    scrapes
                })
            })
            .collect();
        for round in 0..20 {
            // Half of a renewal each time, a broken file, and a file that is gone.
            secured.renew();
            fs::write(secured.path("web.yml"), "tls_server_config: {\n").unwrap();
            fs::remove_file(secured.path("web.yml")).unwrap();
            let text = format!("# {round}\n{TLS}{USERS}");
            fs::write(secured.path("web.yml"), text).unwrap();
            let one = secured.curl(address, "/-/healthy", &ALICE);
            assert_eq!(one.map(|(_, code)| code), Ok(200));
        }
        is_done.store(true, Ordering::Relaxed);
        let scrapes: u32 = scrapers.into_iter().map(|one| one.join().unwrap()).sum();
        assert!(10 < scrapes, "{scrapes}");
    });
    fs::write(secured.path("web.yml"), "nothing: 1\n").unwrap();
    // The page of metrics is kept for a moment.
    wait::until(PATIENCE, "the metric of the wrong file", || {
        let (page, _) = secured.curl(address, "/metrics", &ALICE).unwrap();
        let is_told = page.contains("ztna_web_config_last_reload_successful 0");
        Ok(is_told.then_some(()))
    })
    .unwrap();
    let told = agent.log_lines().join("\n");
    assert!(told.contains("web configuration refused"), "{told}");
    assert!(!told.contains("BUiUjlIb"), "a hash is in the log");
}

/// Whether our check and that of Prometheus' own toolkit take a web configuration.
fn verdicts(secured: &Secured, web: &str) -> (bool, bool) {
    let file = secured.path("web.yml");
    fs::write(&file, web).unwrap();
    let ours = std::process::Command::new(tools::agent_binary().unwrap())
        .arg("check-config")
        .arg(secured.scene.config())
        .arg("--web.config.file")
        .arg(&file)
        .output()
        .unwrap();
    let theirs = Tool::Promtool
        .command()
        .unwrap()
        .args([Path::new("check"), Path::new("web-config"), &file])
        .output()
        .unwrap();
    (ours.status.success(), theirs.status.success())
}

#[test]
fn what_prometheus_takes_is_taken_but_for_what_we_say_we_do_not_speak() {
    let secured = Secured::new("");
    for web in [
        "",
        "tls_server_config:\nbasic_auth_users:\n",
        TLS,
        USERS,
        &format!("{TLS}{USERS}"),
        &format!("{TLS}  client_auth_type: VerifyClientCertIfGiven\n"),
        &format!("{TLS}  client_auth_type: RequireClientCert\n"),
        &format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"),
        &format!("{TLS}  min_version: TLS13\n  curve_preferences: [CurveP256, X25519]\n"),
        &format!(
            "{TLS}  max_version: TLS12\n  prefer_server_cipher_suites: no\n  cipher_suites:\n  \
             - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n  - TLS_AES_128_GCM_SHA256\n"
        ),
        &format!("{TLS}http_server_config:\n  http2: off\n"),
        "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-XSS-Protection: 1\n    \
         Strict-Transport-Security: max-age=31536000; includeSubDomains\n",
        "tls_server_config: {min_version: TLS12}\n",
    ] {
        assert_eq!(verdicts(&secured, web), (true, true), "{web}");
    }
    for web in [
        "nothing: 1\n",
        "tls_server_config: {cert_filse: a}\n",
        "tls_server_config: {cert_file: server.crt}\n",
        "tls_server_config: {cert_file: none, key_file: server.key}\n",
        "tls_server_config: {cert_file: server.crt, key_file: ca.crt}\n",
        "tls_server_config: {min_version: TLS111}\n",
        &format!("{TLS}  client_auth_type: Sometimes\n"),
        &format!("{TLS}  client_ca_file: ca.crt\n"),
        &format!("{TLS}  cipher_suites: [TLS_NONE]\n"),
        &format!("{TLS}  curve_preferences: [P256]\n"),
        "http_server_config: {headers: {Content-Type: a}}\n",
        "http_server_config: {headers: {X-Frame-Options: a}}\n",
        "basic_auth_users: {alice: sesame}\n",
        "- a\n",
    ] {
        assert_eq!(verdicts(&secured, web), (false, false), "{web}");
    }
    for web in [
        "tls_server_config: {min_version: TLS10}\n",
        &format!("{TLS}  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n"),
        &format!("{TLS}  curve_preferences: [CurveP521]\n"),
        &format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n"),
    ] {
        assert_eq!(verdicts(&secured, web), (false, true), "{web}");
    }
}
