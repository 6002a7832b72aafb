//! Runs against real servers on this machine: what each of them is told to be.

mod authority;
mod path;
mod server;
mod shaking;
mod trust;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use model::probe::ProbePhase;
use tempfile::TempDir;

use super::*;
use crate::config::{HumanDuration, TlsProbe};

/// A vendor's name, which is never looked up here.
const VENDORS: &str = "ns-1234.us-sjc1.npa.goskope.com";

/// A host whose name servers are silent and whose store of roots is empty.
fn nowhere() -> Surroundings {
    Surroundings {
        name_servers: vec![server::name_server(server::Says::Nothing)],
        root: PathBuf::from("/nowhere"),
        trusted: None,
        reading: Reading::alone(),
    }
}

/// A probe of TLS at the address, under the name, with time for slow machines.
fn tls(address: SocketAddr, name: &str) -> ProbeConfig {
    let probe = ProbeConfig::of_tls("p", &address.to_string());
    let tls = TlsProbe {
        server_name: Some(name.to_owned()),
        ..probe.tls.clone().unwrap()
    };
    ProbeConfig {
        tls: Some(tls),
        ..probe
    }
}

/// The same against this root, in a file of its own.
fn tls_of(address: SocketAddr, name: &str, root: &authority::Authority) -> (ProbeConfig, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, root.pem()).unwrap();
    let mut probe = tls(address, name);
    probe.tls.as_mut().unwrap().ca_file = Some(file);
    (probe, folder)
}

/// For peers that are waited for in vain.
fn hurried(mut probe: ProbeConfig) -> ProbeConfig {
    probe.timeout = HumanDuration(Duration::from_millis(200));
    probe
}

async fn run(probe: &ProbeConfig) -> ProbeRun {
    run_in(probe, Clock::start(), &nowhere()).await
}

/// Runs, and holds that the run says why it failed, in words.
async fn fault(probe: &ProbeConfig) -> (ProbeFault, ProbeRun) {
    let run = run(probe).await;
    let fault = run.outcome.unwrap_err();
    let kind = probe.question().unwrap().kind();
    assert!(kind.faults().contains(&fault), "{fault} of {kind}");
    assert!(!run.message.expose().is_empty());
    (fault, run)
}

fn phases(run: &ProbeRun) -> Vec<ProbePhase> {
    run.phases.iter().map(|(phase, _)| *phase).collect()
}
