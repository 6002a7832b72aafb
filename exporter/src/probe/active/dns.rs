//! Asks for a name's addresses, and whether they are those that it should have.
//!
//! An answer that differs tells of a name server that lies, on purpose or not: a captive
//! portal, a filter, a zone that somebody keeps twice.

use std::net::{IpAddr, SocketAddr};

use model::probe::{ProbeFault, ProbePhase};

use super::Surroundings;
use super::address::{Host, Network};
use super::attempt::{Attempt, Failure};
use super::resolve::resolve;
use crate::config::DnsProbe;

/// The port of name servers (RFC 1035, section 4.2).
const PORT: u16 = 53;

/// Most addresses that a sentence names.
const SHOWN_MAX: usize = 4;

/// Looks the name up and compares.
pub(super) async fn ask(
    attempt: &mut Attempt,
    probe: &DnsProbe,
    surroundings: &Surroundings,
) -> Result<String, Failure> {
    let bad = |text: &str| Failure::new(ProbeFault::System, format!("`{text}` is no address"));
    let host = Host::parse(&probe.name).ok_or_else(|| bad(&probe.name))?;
    let mut servers = Vec::with_capacity(probe.servers.len());
    for text in &probe.servers {
        servers.push(name_server(text).ok_or_else(|| bad(text))?);
    }
    if servers.is_empty() {
        servers.clone_from(&surroundings.name_servers);
    }
    let addresses = attempt
        .phase(
            ProbePhase::Resolve,
            ProbeFault::ResolveTimeout,
            resolve(&host, &servers, &surroundings.reading),
        )
        .await?;
    attempt.addresses = Some(addresses.len());
    let expected: Vec<Network> = probe
        .expect
        .iter()
        .filter_map(|text| Network::parse(text))
        .collect();
    let strangers: Vec<IpAddr> = addresses
        .iter()
        .filter(|address| !expected.iter().any(|network| network.contains(**address)))
        .copied()
        .collect();
    if expected.is_empty() || strangers.is_empty() {
        return Ok(format!("`{host}` has {}", listed(&addresses)));
    }
    Err(Failure::new(
        ProbeFault::UnexpectedAddress,
        format!("`{host}` has {}, which is not expected", listed(&strangers)),
    ))
}

/// Reads a name server: an address with or without port.
pub(crate) fn name_server(text: &str) -> Option<SocketAddr> {
    let with_port = text.parse::<SocketAddr>().ok();
    let without = || text.parse::<IpAddr>().ok().map(|ip| (ip, PORT).into());
    with_port
        .or_else(without)
        .filter(|address| address.port() != 0)
}

fn listed(addresses: &[IpAddr]) -> String {
    let shown: Vec<String> = addresses
        .iter()
        .take(SHOWN_MAX)
        .map(ToString::to_string)
        .collect();
    let more = addresses.len().saturating_sub(shown.len());
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_server_is_an_address_with_or_without_port() {
        for (text, address) in [
            ("192.0.2.53", "192.0.2.53:53"),
            ("127.0.0.1:5353", "127.0.0.1:5353"),
            ("::1", "[::1]:53"),
            ("[::1]:5353", "[::1]:5353"),
        ] {
            assert_eq!(name_server(text).unwrap().to_string(), address);
        }
        for text in ["dns.example", "192.0.2.53:0", "192.0.2", ""] {
            assert_eq!(name_server(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_long_list_of_addresses_is_cut() {
        let ips: Vec<IpAddr> = (1..=6_u8).map(|n| [192, 0, 2, n].into()).collect();
        assert_eq!(
            listed(&ips),
            "192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 and 2 more"
        );
        assert_eq!(listed(&ips[..1]), "192.0.2.1");
    }
}
