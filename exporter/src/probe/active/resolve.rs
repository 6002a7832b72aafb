//! Asks name servers for a name's addresses, and says why there are none.
//!
//! The C library's resolver cannot tell a name that does not exist from a name server
//! that is ill, nor be stopped, so the packets are a resolver's of its own. It reads
//! `/etc/resolv.conf` and `/etc/hosts` anew for each run, and keeps no answer: a probe
//! asks.
//!
//! Known limit: sources beside these two, which `/etc/nsswitch.conf` may name, are not
//! asked. A name with a dot in it is taken as complete: search lists are not tried.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::config::{LookupIpStrategy, ResolveHosts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use model::probe::ProbeFault;

use super::address::Host;
use super::attempt::Failure;
use super::reading::Reading;

/// Most addresses taken of a name.
pub(super) const ADDRESSES_MAX: usize = 64;

/// How long one name server may take until it is asked again, and how often it is.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 2;

/// The host's addresses, asked of these name servers, or of the host's own if there are
/// none. An address is its own.
pub(super) async fn resolve(
    host: &Host,
    name_servers: &[SocketAddr],
    reading: &Reading,
) -> Result<Vec<IpAddr>, Failure> {
    let name = match host {
        Host::Ip(address) => return Ok(vec![*address]),
        Host::Name(name) => name.to_string(),
    };
    let servers = name_servers.to_vec();
    // It reads files, and a disk may be slow.
    let resolver = reading
        .read(move || resolver(&servers))
        .await?
        .map_err(|error| Failure::new(ProbeFault::System, format!("no resolver: {error}")))?;
    let asked = if name.contains('.') {
        format!("{name}.")
    } else {
        name.clone()
    };
    let found = resolver
        .lookup_ip(asked)
        .await
        .map_err(|error| failure_of(&name, &error))?;
    let mut addresses: Vec<IpAddr> = found.iter().take(ADDRESSES_MAX).collect();
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(Failure::new(
            ProbeFault::NameNotFound,
            format!("`{name}` has no address"),
        ));
    }
    Ok(addresses)
}

fn resolver(name_servers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
    let mut builder = if name_servers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = name_servers.iter().map(|server| name_server(*server));
        let config = ResolverConfig::from_name_servers(servers.collect());
        let mut builder =
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options: &mut ResolverOpts = builder.options_mut();
        options.timeout = REQUEST_TIMEOUT;
        options.attempts = ATTEMPTS;
        // Whoever names the servers wants to know what they say.
        options.use_hosts_file = ResolveHosts::Never;
        builder
    };
    let options: &mut ResolverOpts = builder.options_mut();
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.cache_size = 0;
    builder.build()
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.to_vec())
}

fn failure_of(name: &str, error: &NetError) -> Failure {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(nothing)) => match nothing.response_code {
            ResponseCode::NXDomain => {
                Failure::new(ProbeFault::NameNotFound, format!("`{name}` does not exist"))
            }
            ResponseCode::NoError => {
                Failure::new(ProbeFault::NameNotFound, format!("`{name}` has no address"))
            }
            code => refused(name, code),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => refused(name, *code),
        NetError::Timeout => Failure::new(
            ProbeFault::ResolveTimeout,
            format!("no name server answered for `{name}`"),
        ),
        NetError::Io(cause) if cause.kind() == io::ErrorKind::TimedOut => Failure::new(
            ProbeFault::ResolveTimeout,
            format!("no name server answered for `{name}`"),
        ),
        other => Failure::new(
            ProbeFault::ResolveFailed,
            format!("`{name}` could not be looked up: {other}"),
        ),
    }
}

fn refused(name: &str, code: ResponseCode) -> Failure {
    Failure::new(
        ProbeFault::ResolveFailed,
        format!("name servers answered for `{name}`: {code}"),
    )
}
