//! Promise: a probe says what is wrong with the path to the vendor, by its cause.
//!
//! The built agent asks servers on this machine: one whose chain is in order, one that
//! answers in the vendor's place as a proxy that inspects TLS does, one that is closed.
//! Each reload asks every probe anew, so no test waits for an interval.

use std::fs;
use std::net::TcpListener;

use harness::agent::Agent;
use harness::scene::{CONNECTOR, Scene};
use harness::tls::{Authority, TlsServer};

/// A name that the vendor serves; it is never looked up.
const VENDORS: &str = "ns-1234.us-sjc1.npa.goskope.com";

/// 2090-01-01T00:00:00Z.
const EXPIRY: &str = "3786912000";

fn scene(probes: &str) -> Scene {
    let scene = Scene::new().unwrap();
    configure(&scene, probes);
    scene
}

fn configure(scene: &Scene, probes: &str) {
    let config = format!("{}probes:\n{probes}", scene.usual_config());
    scene.write_config(&config).unwrap();
}

/// A probe of the server under the vendor's name, with more to say of it.
fn plane(server: &TlsServer, more: &str) -> String {
    format!(
        "- {{name: plane, connector: {CONNECTOR}, interval: 1h, tls: {{address: \"{}\", \
         server_name: {VENDORS}{more}}}}}\n",
        server.address()
    )
}

fn shown(agent: &Agent, samples: &[&str]) {
    let samples: Vec<String> = samples
        .iter()
        .map(|sample| {
            sample.replace(
                "PLANE",
                &format!("connector=\"{CONNECTOR}\",probe=\"plane\""),
            )
        })
        .collect();
    let samples: Vec<&str> = samples.iter().map(String::as_str).collect();
    agent.wait_until_shown(&samples).unwrap();
}

#[test]
fn tls_inspection_on_the_path_is_told_by_its_cause_and_again_when_it_is_gone() {
    let proxy = Authority::root("Corp Proxy CA").unwrap();
    let inspecting = proxy.server(VENDORS, 2090).unwrap();
    let scene = scene(&plane(&inspecting, ""));
    let agent = Agent::start(&scene).unwrap();
    shown(
        &agent,
        &[
            "ztna_probe_success{PLANE} 0",
            "ztna_probe_runs_total{PLANE} 1",
            "ztna_probe_failures_total{PLANE,cause=\"intercepted\"} 1",
            "ztna_probe_failures_total{PLANE,cause=\"certificate_expired\"} 0",
            "ztna_probe_tls_intercepted{PLANE} 1",
            &format!("ztna_probe_certificate_expiry_timestamp_seconds{{PLANE}} {EXPIRY}"),
            "ztna_probe_tls_info{PLANE,version=\"TLSv1.3\",cipher=\"TLS_AES_256_GCM_SHA384\"} 1",
        ],
    );
    let page = agent.page().unwrap();
    for phase in ["resolve", "connect", "handshake"] {
        let labels = [("probe", "plane"), ("phase", phase)];
        let took = page.value("ztna_probe_phase_duration_seconds", &labels);
        assert!(
            took.is_some_and(|seconds| (0.0..10.0).contains(&seconds)),
            "{phase}"
        );
    }
    // Nobody's name became a label.
    let text = agent.get("/metrics").unwrap().text();
    assert!(!text.contains("Corp Proxy"), "{text}");

    let ca_file = scene.path("ca.pem");
    fs::write(&ca_file, proxy.pem()).unwrap();
    configure(&scene, &plane(&inspecting, ", ca_file: ca.pem"));
    agent.reload().unwrap();
    shown(
        &agent,
        &[
            "ztna_probe_success{PLANE} 1",
            "ztna_probe_failures_total{PLANE,cause=\"intercepted\"} 1",
            "ztna_probe_tls_intercepted{PLANE} 0",
        ],
    );
    let said = agent.log_lines().join("\n");
    assert!(said.contains("\"cause\":\"intercepted\""), "{said}");
    assert!(!said.contains("Corp Proxy"), "{said}");
}

#[test]
fn each_kind_of_probe_says_how_it_went() {
    let root = Authority::root("Our Root").unwrap();
    let well = root.server("server.example", 2090).unwrap();
    let expired = root.server("server.example", 2021).unwrap();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let tls = |name: &str, server: &TlsServer| {
        format!(
            "- {{name: {name}, tls: {{address: \"{}\", server_name: server.example, ca_file: \
             ca.pem}}}}\n",
            server.address()
        )
    };
    let scene = Scene::new().unwrap();
    fs::write(scene.path("ca.pem"), root.pem()).unwrap();
    let open = format!(
        "- {{name: open, tcp: {{address: \"{}\"}}}}\n",
        well.address()
    );
    let shut = format!("- {{name: shut, tcp: {{address: \"{closed}\"}}}}\n");
    let unnamed =
        "- {name: unnamed, timeout: 1s, dns: {name: a.example, servers: [127.0.0.1:1]}}\n";
    let probes = [
        &tls("well", &well),
        &tls("expired", &expired),
        &open,
        &shut,
        unnamed,
    ]
    .concat();
    configure(&scene, &probes);
    let agent = Agent::start(&scene).unwrap();
    shown(
        &agent,
        &[
            "ztna_probe_success{probe=\"well\"} 1",
            "ztna_probe_success{probe=\"expired\"} 0",
            "ztna_probe_failures_total{probe=\"expired\",cause=\"certificate_expired\"} 1",
            "ztna_probe_tls_intercepted{probe=\"expired\"} 0",
            "ztna_probe_success{probe=\"open\"} 1",
            "ztna_probe_success{probe=\"shut\"} 0",
            "ztna_probe_failures_total{probe=\"shut\",cause=\"refused\"} 1",
            "ztna_probe_success{probe=\"unnamed\"} 0",
        ],
    );
    // A probe that belongs to no connector has no such label.
    let page = agent.page().unwrap();
    let mut samples = page.select("ztna_probe_success", &[("probe", "well")]);
    assert!(samples.all(|sample| !sample.labels.contains_key("connector")));
}

#[test]
fn what_was_counted_survives_a_kill() {
    let proxy = Authority::root("Corp Proxy CA").unwrap();
    let scene = scene(&plane(&proxy.server(VENDORS, 2090).unwrap(), ""));
    let agent = Agent::start(&scene).unwrap();
    shown(
        &agent,
        &["ztna_probe_failures_total{PLANE,cause=\"intercepted\"} 1"],
    );
    agent.kill().unwrap();
    let again = Agent::start(&scene).unwrap();
    shown(
        &again,
        &[
            "ztna_probe_runs_total{PLANE} 2",
            "ztna_probe_failures_total{PLANE,cause=\"intercepted\"} 2",
        ],
    );
}
