//! Looks who is at the addresses that the agent serves on.
//!
//! An address is tried by binding it for a moment; who holds it already is asked whether
//! it is an agent like us.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::super::facts::{ListenFacts, ListenState};

/// How long somebody on this host may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest answer that is read: ours has a few hundred bytes.
const ANSWER_BYTES_MAX: u64 = 4096;

/// What an agent answers to `/-/healthy`.
const HEALTHY: &[u8] = b"\r\n\r\nHealthy.\n";

/// Looks at each address.
pub(in crate::doctor) fn look(addresses: &[String]) -> Vec<ListenFacts> {
    addresses
        .iter()
        .map(|address| ListenFacts {
            address: address.clone(),
            state: state_of(address),
        })
        .collect()
}

fn state_of(address: &str) -> ListenState {
    let Ok(parsed) = address.parse::<SocketAddr>() else {
        return ListenState::Refused("is no address with a port".to_owned());
    };
    match TcpListener::bind(parsed) {
        Ok(_) => ListenState::Free,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if is_ours(parsed).unwrap_or(false) {
                ListenState::Ours
            } else {
                ListenState::Taken
            }
        }
        Err(error) => ListenState::Refused(format!("cannot be listened on: {error}")),
    }
}

fn is_ours(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&reachable(address), ANSWER_TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    let request =
        format!("GET /-/healthy HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer.starts_with(b"HTTP/1.1 200 ") && answer.ends_with(HEALTHY))
}

/// "Every address" is no destination; this host is among them.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let mut target = address;
    if address.ip().is_unspecified() {
        target.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answering(answer: &'static str) -> (SocketAddr, std::thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        (address, server)
    }

    #[test]
    fn an_agent_is_told_from_others_and_from_nobody() {
        for (answer, expected) in [
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nHealthy.\n",
                ListenState::Ours,
            ),
            (
                "HTTP/1.1 200 OK\r\n\r\nPrometheus Server is Healthy.\n",
                ListenState::Taken,
            ),
            ("SSH-2.0-OpenSSH_9.2\r\n", ListenState::Taken),
        ] {
            let (address, server) = answering(answer);
            assert_eq!(state_of(&address.to_string()), expected, "{answer}");
            server.join().unwrap();
            assert_eq!(state_of(&address.to_string()), ListenState::Free);
        }
        assert!(matches!(
            state_of("192.0.2.1:1234"),
            ListenState::Refused(_)
        ));
    }
}
