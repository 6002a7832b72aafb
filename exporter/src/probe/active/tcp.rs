//! Asks whether a port can be connected to, and gets a probe to where it asks TLS.

use model::probe::{ProbeFault, ProbePhase};
use tokio::net::TcpStream;

use super::address::Address;
use super::attempt::{Attempt, Failure};
use super::connect::connect;
use super::resolve::resolve;
use super::{Surroundings, tunnel};
use crate::config::TcpProbe;

/// Connects and hangs up again.
pub(super) async fn ask(
    attempt: &mut Attempt,
    probe: &TcpProbe,
    surroundings: &Surroundings,
) -> Result<String, Failure> {
    let address = parsed(&probe.address)?;
    let stream = reach(attempt, &address, probe.proxy.as_deref(), surroundings).await?;
    let by = stream.peer_addr().map(|peer| peer.to_string());
    Ok(match (&probe.proxy, by) {
        (None, Ok(peer)) => format!("{peer} answers"),
        (None, Err(_)) => format!("{address} answers"),
        (Some(_), _) => format!("{address} answers through the proxy"),
    })
}

/// The address that the configuration's check has seen.
pub(super) fn parsed(text: &str) -> Result<Address, Failure> {
    Address::parse(text)
        .ok_or_else(|| Failure::new(ProbeFault::System, format!("`{text}` is no address")))
}

/// A connection to the address, straight or through an explicit proxy.
pub(super) async fn reach(
    attempt: &mut Attempt,
    address: &Address,
    proxy: Option<&str>,
    surroundings: &Surroundings,
) -> Result<TcpStream, Failure> {
    let Some(proxy) = proxy else {
        return dial(attempt, address, surroundings).await;
    };
    let by = Address::parse_proxy(proxy)
        .ok_or_else(|| Failure::new(ProbeFault::System, format!("`{proxy}` is no proxy")))?;
    let mut stream = dial(attempt, &by, surroundings).await.map_err(|failure| {
        // Which of the two does not answer is the first question.
        Failure::new(failure.fault, format!("proxy {by}: {}", failure.message))
    })?;
    attempt
        .phase(
            ProbePhase::Proxy,
            ProbeFault::ProxyRefused,
            tunnel::open(&mut stream, address),
        )
        .await?;
    Ok(stream)
}

async fn dial(
    attempt: &mut Attempt,
    address: &Address,
    surroundings: &Surroundings,
) -> Result<TcpStream, Failure> {
    let addresses = attempt
        .phase(
            ProbePhase::Resolve,
            ProbeFault::ResolveTimeout,
            resolve(
                &address.host,
                &surroundings.name_servers,
                &surroundings.reading,
            ),
        )
        .await?;
    attempt.addresses = Some(addresses.len());
    attempt
        .phase(
            ProbePhase::Connect,
            ProbeFault::ConnectTimeout,
            connect(&addresses, address.port),
        )
        .await
}
