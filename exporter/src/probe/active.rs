//! Asks the path to the vendor: names, ports, TLS handshakes, the proxy's settings.
//!
//! One file a kind of probe; [`run_once`] asks once and [`schedule::Probes`] again and
//! again. A run opens what it needs, says nothing but what the question takes (never a
//! byte of an application's data), and ends within its time limit. What a run means is
//! here; what is counted and shown of it is `pipeline`'s.
//!
//! Whatever a peer says, the text of certificates included, is untrusted: it is bounded,
//! becomes words of closed sets, or is shown as [`Untrusted`]; never a label.

pub mod address;
pub mod advice;
mod attempt;
mod connect;
mod dns;
pub mod fingerprint;
pub mod proxy;
mod reading;
mod resolve;
mod schedule;
mod tcp;
mod tls;
mod tunnel;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use model::probe::{ProbeFault, ProbeRun};
use model::untrusted::Untrusted;

use self::attempt::{Attempt, Failure};
pub(crate) use self::dns::name_server;
use self::reading::Reading;
pub use self::schedule::{DeliverRun, Probes};
pub(crate) use self::tls::certificates_of_file;
use crate::clock::Clock;
use crate::config::{ProbeConfig, Question};

/// Where a run finds what it does not get from its configuration.
#[derive(Debug, Clone)]
struct Surroundings {
    /// Name servers to ask instead of the host's, if any.
    name_servers: Vec<SocketAddr>,
    /// What the host's paths stand under: `/`.
    root: PathBuf,
    /// The file of roots that this host's programs are told to trust, if they are told.
    trusted: Option<PathBuf>,
    /// Where its files are read.
    reading: Reading,
}

impl Surroundings {
    fn of_this_host(reading: Reading) -> Self {
        Self {
            name_servers: Vec::new(),
            root: PathBuf::from("/"),
            trusted: std::env::var_os("SSL_CERT_FILE").map(PathBuf::from),
            reading,
        }
    }
}

/// Asks once, and tells how it went. Takes at most the probe's time limit.
pub async fn run_once(probe: &ProbeConfig, clock: Clock) -> ProbeRun {
    run_in(probe, clock, &Surroundings::of_this_host(Reading::alone())).await
}

async fn run_in(probe: &ProbeConfig, clock: Clock, surroundings: &Surroundings) -> ProbeRun {
    let mut attempt = Attempt::begin(clock, probe.timeout.0);
    let outcome = match probe.question() {
        Some(Question::Tls(tls)) => tls::ask(&mut attempt, tls, surroundings).await,
        Some(Question::Tcp(tcp)) => tcp::ask(&mut attempt, tcp, surroundings).await,
        Some(Question::Dns(dns)) => dns::ask(&mut attempt, dns, surroundings).await,
        Some(Question::Proxy(proxy)) => proxy::ask(&attempt, proxy, surroundings).await,
        None => Err(Failure::new(ProbeFault::System, "nothing is asked")),
    };
    let duration = attempt.elapsed();
    let (outcome, message) = match outcome {
        Ok(message) => (Ok(()), message),
        Err(failure) => (Err(failure.fault), failure.message),
    };
    ProbeRun {
        probe: Arc::from(probe.name.as_str()),
        duration,
        outcome,
        message: Untrusted::new(&message),
        phases: attempt.phases,
        addresses: attempt.addresses,
        tls: attempt.tls,
    }
}

#[cfg(test)]
mod tests;
