//! What the page and its JSON say of the host and of active probes.
//!
//! One sample of everything, in `whole`; each test changes what its sentence is about.

mod whole;

use model::event::EventKind;
use model::host::{HostCollector, HostSample, Interface, Traffic};
use model::probe::{ProbeFault, ProbeKind};
use model::untrusted::Untrusted;

use super::answers::{HOSTILE, keys};
use super::endpoints::{check, text_of};
use super::*;
use crate::metrics::sample::at;
use whole::{news, probe, process, snapshot, with_host};

async fn html_of(snapshot: Snapshot) -> String {
    let server = Server::start(snapshot).await;
    server.read(&["/", "/host", "/events"]).await
}

async fn page_of(snapshot: Snapshot) -> String {
    text_of(&html_of(snapshot).await)
}

async fn json_of(snapshot: Snapshot) -> serde_json::Value {
    let server = Server::start(snapshot).await;
    let answer = server.get("/api/v1/status").await;
    serde_json::from_str(body_of(&answer)).unwrap()
}

#[tokio::test]
async fn the_host_is_told_in_words_with_what_is_breached_first() {
    let page = page_of(snapshot()).await;
    check(
        &page,
        &[
            "pub-fra-1.example.com",
            "Disk too little at least 500.0 MB free, limit 1.0 GB on / What to do: Find what",
            "Processors over, not for long 81.2 % used, limit 75 %",
            "Memory within its limit 75 % used, limit 90 %",
            "System ubuntu 22.04: the vendor supports a Publisher on it",
            "Running for 3 days",
            "Clock kept by a time service",
            "Restart not needed",
            "Load 0.52, 1.50, 2.00 over 1, 5, 15 min on 4 processors",
            "user 50 %, system 25 %, waiting for disks 6.2 %, taken by the hypervisor 6.2 %",
            "2.0 GB of 8.0 GB can be had; buffers 100.0 MB, cached 1.0 GB",
            "Swap 1.0 GB of 2.0 GB free",
            "500.0 MB on /: enough,",
            "npa_publisher (3 processes): 120.0 MB, 12.5 % of a processor, 64 files open",
            "Largest other process mysqld: 120.0 MB",
            "Busiest other process none runs",
            "Tracked connections 77 of 262 144",
            "31 SNAT connections, 32 TCP connections, 33 open files",
            "/ ext4 20.0 GB 500.0 MB 97 % 25 % 1.0 GB, updates are written here /data ext4",
        ],
    );
    let breached = page.find("Disk too little").unwrap();
    assert!(breached < page.find("Processors over").unwrap());
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    let page = page_of(snapshot()).await;
    check(
        &page,
        &[
            "Network: not all could be read: /proc/net/dev: Permission denied. See whether",
            "not known: /proc/net/dev: Permission denied",
        ],
    );
    let unread = with_host(|sample| {
        let taken_at = sample.taken_at;
        *sample = HostSample {
            taken_at,
            ..HostSample::default()
        };
    });
    check(
        &page_of(unread).await,
        &[
            "System not known",
            "Load not known",
            "Memory not known",
            "Space for an update not known",
            "Open files not known",
        ],
    );
}

#[tokio::test]
async fn a_mount_that_hangs_is_told_with_what_to_do() {
    let page = page_of(with_host(|sample| {
        for run in &mut sample.collectors {
            if run.collector == HostCollector::Filesystem {
                run.is_success = false;
                run.hung_threads = 1;
                run.error = Some("/mnt/share does not answer".to_owned());
            }
        }
    }))
    .await;
    check(
        &page,
        &["/mnt/share does not answer. A mount does not answer: see mount"],
    );
}

#[tokio::test]
async fn a_wrong_clock_and_a_pending_restart_are_findings() {
    let troubled = with_host(|sample| {
        sample.system.is_clock_synchronised = Some(false);
        sample.system.is_reboot_pending = Some(true);
        sample.system.os_id = Arc::from("centos");
        for disk in &mut sample.filesystems {
            disk.available = 299_000_000;
        }
    });
    let page = page_of(troubled.clone()).await;
    check(
        &page,
        &[
            "No time service keeps the clock. Start a time service",
            "An update of the system waits for a restart. Restart the host",
            "The vendor supports no Publisher on this system. Move the Publisher to Ubuntu",
            "299.0 MB on /: too little",
        ],
    );
    let findings = |report: serde_json::Value| -> Vec<String> {
        let findings = report["host"]["findings"].as_array().unwrap().clone();
        let words = findings.iter().map(|one| one["finding"].to_string());
        words.map(|word| word.replace('"', "")).collect()
    };
    assert_eq!(
        findings(json_of(troubled.clone()).await),
        [
            "system_not_supported",
            "clock_not_synchronised",
            "update_space_too_small",
            "reboot_pending"
        ]
    );
    // A laptop may run what it likes.
    let laptop = Snapshot {
        connectors: vec![sample::cato_client("laptop")],
        ..troubled
    };
    let told = findings(json_of(laptop).await);
    assert!(!told.contains(&"system_not_supported".to_owned()));
}

#[tokio::test]
async fn a_probe_that_fails_comes_first_with_cause_and_action() {
    let page = page_of(snapshot()).await;
    check(
        &page,
        &[
            "Probes management-plane: TLS is inspected on the path",
            "management-plane TLS handshake gateway.example.com:443 failed: TLS is inspected on \
             the path: the chain ends in another root",
            "1 205 ms (resolve 5, connect 1 200) 20 of 40 failed",
            "2 addresses, TLSv1.3, TLS13_AES_256_GCM_SHA384 certificate expired",
            "for CN=gateway.example.com from CN=Corporate Inspection CA",
            "the chain ends in CN=Corporate Inspection CA What to do: ",
            "names name resolution gateway.example.com:443 works",
            "data-plane TCP connection gateway.example.com:443 not run yet",
        ],
    );
    let first = page.find("management-plane TLS").unwrap();
    assert!(first < page.find("names name resolution").unwrap());
}

#[tokio::test]
async fn a_probe_tells_since_when_while_its_news_are_remembered() {
    let since = |report: &serde_json::Value| report["probes"][1]["since"].clone();
    let report = json_of(snapshot()).await;
    assert_eq!(since(&report), at(500).to_string());
    let forgotten = Snapshot {
        alerts: Arc::default(),
        recent_events: Arc::from([]),
        ..snapshot()
    };
    assert_eq!(
        since(&json_of(forgotten.clone()).await),
        serde_json::Value::Null
    );
    check(&page_of(forgotten).await, &["last success"]);
    // News of an earlier outcome do not date the present one.
    let older = Snapshot {
        alerts: Arc::default(),
        recent_events: Arc::from([news(
            "probe:management-plane",
            EventKind::ProbeRecovered,
            "",
        )]),
        ..snapshot()
    };
    assert_eq!(since(&json_of(older).await), serde_json::Value::Null);
}

#[tokio::test]
async fn news_of_no_line_have_no_place_in_a_file() {
    let page = page_of(snapshot()).await;
    check(
        &page,
        &[
            "– host.threshold_breached disk host:disk",
            "– probe.failed intercepted probe:management-plane",
        ],
    );
    assert!(!page.contains(":0 "), "{page}");
}

#[tokio::test]
async fn what_is_in_trouble_of_the_host_is_told_beside_the_connectors() {
    let html = Server::start(snapshot()).await.read(&["/"]).await;
    let (_, sides) = html.split_once("Beside the connectors").unwrap();
    check(
        &text_of(sides),
        &["Host disk too little, network not read Probes management-plane: TLS is inspected"],
    );
    assert!(sides.contains("href=\"./host#probes\""));
    let mut quiet = snapshot();
    quiet.host = None;
    quiet.probes = Vec::new();
    let without = html_of(quiet).await;
    assert!(!without.contains("Beside the connectors"));
    for id in ["id=\"host\"", "id=\"probes\""] {
        assert!(!without.contains(id), "{id}");
    }
    assert!(without.contains("Nothing is known of the host"));
}

#[tokio::test]
async fn hostile_text_of_host_and_servers_stays_text() {
    let mut hostile = with_host(|sample| {
        for run in &mut sample.collectors {
            run.is_success = false;
            run.error = Some(HOSTILE.to_owned());
        }
        for disk in &mut sample.filesystems {
            disk.mountpoint = Arc::from(HOSTILE);
            disk.fstype = Arc::from(HOSTILE);
        }
        let receive = Traffic::default();
        sample.interfaces = vec![Interface {
            name: Arc::from(HOSTILE),
            receive,
            ..Interface::default()
        }];
        sample.largest_process = Some(process(HOSTILE, 1));
        sample.busiest_process = Some(process(HOSTILE, 1));
        sample.connector_process = Some(process(HOSTILE, 1));
        sample.system.hostname = Arc::from(HOSTILE);
        sample.system.os_id = Arc::from(HOSTILE);
        sample.system.os_version = Arc::from(HOSTILE);
        sample.system.kernel = Arc::from(HOSTILE);
    });
    let mut troubled = probe(ProbeKind::Tls, HOSTILE, Some(Err(ProbeFault::Intercepted)));
    troubled.plan.target = Arc::from(HOSTILE);
    troubled.plan.connector = Some(Arc::from(HOSTILE));
    let run = Arc::make_mut(troubled.last.as_mut().unwrap());
    run.message = Untrusted::new(HOSTILE);
    let tls = run.tls.as_mut().unwrap();
    tls.subject = Some(Untrusted::new(HOSTILE));
    tls.root = Some(Untrusted::new(HOSTILE));
    hostile.probes = vec![troubled];
    let html = html_of(hostile.clone()).await;
    let told = html.matches("alert(1)").count();
    assert!(26 < told, "each of the places is on the page, not {told}");
    for raw in [
        "<script>",
        "<img",
        "onerror=y>",
        "\"'>",
        "\u{202e}",
        "\u{1b}",
    ] {
        assert!(!html.contains(raw), "{raw:?}");
    }
    let report = json_of(hostile).await;
    assert_eq!(report["probes"][0]["tls"]["root"], HOSTILE);
    assert_eq!(report["host"]["processes"]["largest"]["name"], HOSTILE);
}

#[tokio::test]
async fn the_json_of_host_and_probes() {
    let report = json_of(snapshot()).await;
    let shown = serde_json::json!({"host": report["host"], "probes": report["probes"]});
    let mut text = serde_json::to_string_pretty(&shown).unwrap();
    text.push('\n');
    expect_test::expect_file!["golden/host_and_probes.json"].assert_eq(&text);
}

#[tokio::test]
async fn every_name_of_host_and_probes_is_documented() {
    let report = json_of(snapshot()).await;
    let document = include_str!("../../../../docs/api.md");
    let (_, section) = document.split_once("### Host").unwrap();
    let mut names = Vec::new();
    keys(&report["host"], &mut names);
    keys(&report["probes"], &mut names);
    assert!(60 < names.len());
    for name in names {
        assert!(
            section.contains(&format!("`{name}`")),
            "{name} is not in docs/api.md"
        );
    }
}
