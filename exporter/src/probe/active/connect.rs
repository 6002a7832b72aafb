//! Opens a TCP connection to the first of a host's addresses that answers.
//!
//! Addresses are tried one after the other, each a moment after the one before and at
//! once if that one has failed, the two families in turn: a dead address costs a
//! moment, not the whole time (RFC 8305, section 5). The first connection that stands is
//! taken, the others are dropped.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use model::probe::ProbeFault;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::attempt::Failure;

/// Most addresses that are tried in a run.
const ADDRESSES_TRIED_MAX: usize = 16;

/// How long an address is waited for alone (RFC 8305, section 8).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the port at one of the addresses. Takes as long as it takes: the caller
/// has the deadline.
pub(super) async fn connect(addresses: &[IpAddr], port: u16) -> Result<TcpStream, Failure> {
    let mut waiting = in_turn(addresses)
        .into_iter()
        .take(ADDRESSES_TRIED_MAX)
        .map(|ip| SocketAddr::new(ip, port));
    let mut trying = JoinSet::new();
    let mut worst: Option<Failure> = None;
    let mut has_more = true;
    loop {
        if has_more {
            match waiting.next() {
                Some(address) => drop(trying.spawn(try_one(address))),
                None => has_more = false,
            }
        }
        tokio::select! {
            Some(tried) = trying.join_next() => match tried {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(failure)) => worst = Some(more_telling(worst, failure)),
                Err(died) => {
                    let failure = Failure::new(ProbeFault::System, format!("no connection: {died}"));
                    worst = Some(more_telling(worst, failure));
                }
            },
            () = sleep(STAGGER), if has_more => {}
            else => break,
        }
        if !has_more && trying.is_empty() {
            break;
        }
    }
    Err(worst.unwrap_or_else(|| Failure::new(ProbeFault::System, "no address to connect to")))
}

async fn try_one(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| failure_of(address, &error))?;
    // A handshake is a few small messages, each of which waits for the other side.
    drop(stream.set_nodelay(true));
    Ok(stream)
}

/// The families in turn, each in the order given, the first address's family first.
fn in_turn(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let is_first_v4 = addresses.first().is_none_or(IpAddr::is_ipv4);
    let (leading, following): (Vec<IpAddr>, Vec<IpAddr>) = addresses
        .iter()
        .partition(|address| address.is_ipv4() == is_first_v4);
    let mut following = following.into_iter();
    let mut mixed = Vec::with_capacity(addresses.len());
    for address in leading {
        mixed.push(address);
        mixed.extend(following.next());
    }
    mixed.extend(following);
    mixed
}

fn failure_of(address: SocketAddr, error: &io::Error) -> Failure {
    let (fault, what) = match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
            (ProbeFault::Refused, "refused the connection")
        }
        io::ErrorKind::PermissionDenied => (
            ProbeFault::Refused,
            "may not be connected to: a firewall of this host forbids it",
        ),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => (ProbeFault::Unreachable, "cannot be reached"),
        io::ErrorKind::TimedOut => (ProbeFault::ConnectTimeout, "does not answer"),
        _ => {
            return Failure::new(
                ProbeFault::System,
                format!("no connection to {address}: {error}"),
            );
        }
    };
    Failure::new(fault, format!("{address} {what}"))
}

/// Of two failures the one that tells more of the other side.
fn more_telling(before: Option<Failure>, now: Failure) -> Failure {
    let rank = |fault: ProbeFault| match fault {
        ProbeFault::Refused => 0,
        ProbeFault::Unreachable => 1,
        ProbeFault::ConnectTimeout => 2,
        _ => 3,
    };
    match before {
        Some(before) if rank(before.fault) <= rank(now.fault) => before,
        Some(_) | None => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_tried_in_turn() {
        let parse = |texts: &[&str]| -> Vec<IpAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        assert_eq!(
            in_turn(&parse(&["192.0.2.1", "192.0.2.2", "192.0.2.3", "::1"])),
            parse(&["192.0.2.1", "::1", "192.0.2.2", "192.0.2.3"])
        );
        assert_eq!(
            in_turn(&parse(&["::1", "::2", "192.0.2.1"])),
            parse(&["::1", "192.0.2.1", "::2"])
        );
        assert_eq!(in_turn(&[]), parse(&[]));
    }

    #[tokio::test]
    async fn a_dead_address_does_not_keep_from_a_living_one() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // Nobody listens on this port at 127.0.0.2.
        let addresses = ["127.0.0.2".parse().unwrap(), "127.0.0.1".parse().unwrap()];
        let stream = connect(&addresses, port).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap().port(), port);
    }

    #[tokio::test]
    async fn the_most_telling_failure_is_told() {
        let refused = connect(&["127.0.0.1".parse().unwrap()], free_port().await)
            .await
            .unwrap_err();
        assert_eq!(refused.fault, ProbeFault::Refused);
        let unreachable = failure_of(
            "192.0.2.1:1".parse().unwrap(),
            &io::Error::from(io::ErrorKind::HostUnreachable),
        );
        assert_eq!(more_telling(Some(unreachable), refused.clone()), refused);
        let none = connect(&[], 1).await.unwrap_err();
        assert_eq!(none.fault, ProbeFault::System);
    }

    async fn free_port() -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    }
}
