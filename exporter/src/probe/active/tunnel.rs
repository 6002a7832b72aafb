//! Asks an explicit proxy to let us through to an address (RFC 9110, section 9.3.6).
//!
//! One request without a password, one answer, of which only the number counts.
//!
//! Known limit: a proxy that wants to know who asks refuses us; that is then what the
//! probe says, as any program of this host would find it.

use model::probe::ProbeFault;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::address::Address;
use super::attempt::Failure;

/// Longest answer of a proxy, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Asks, and returns once the proxy has said yes.
pub(super) async fn open(stream: &mut TcpStream, address: &Address) -> Result<(), Failure> {
    let request = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let broken = |error: std::io::Error| {
        Failure::new(
            ProbeFault::ProxyRefused,
            format!("the proxy closed the connection: {error}"),
        )
    };
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::with_capacity(512);
    loop {
        let before = answer.len();
        let mut part = [0; 512];
        let count = stream.read(&mut part).await.map_err(broken)?;
        answer.extend(part.get(..count).unwrap_or_default());
        // The end may have come in two parts.
        let from = before.saturating_sub(3);
        let fresh = answer.get(from..).unwrap_or_default();
        if let Some(at) = find(fresh, b"\r\n\r\n") {
            let end = from.saturating_add(at).saturating_add(4);
            let is_more = end < answer.len();
            return judge(&answer, is_more);
        }
        if count == 0 {
            return Err(refused("closed the connection instead of an answer"));
        }
        if ANSWER_BYTES_MAX < answer.len() {
            return Err(refused("sent an answer that does not end"));
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

/// What the answer's first line says. Bytes behind it would be nobody's: whom we want to
/// talk to has not been asked anything yet.
fn judge(answer: &[u8], is_more: bool) -> Result<(), Failure> {
    let line = answer
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    let line = std::str::from_utf8(line).unwrap_or_default();
    let is_http = line.starts_with("HTTP/1.");
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse::<u16>().ok())
        .filter(|_| is_http);
    match status {
        Some(200..=299) if is_more => Err(refused("sent more than an answer")),
        Some(200..=299) => Ok(()),
        Some(407) => Err(refused("asks who we are (407)")),
        Some(status) => Err(refused(&format!("does not let us through ({status})"))),
        None => Err(refused("does not speak HTTP")),
    }
}

fn refused(what: &str) -> Failure {
    Failure::new(ProbeFault::ProxyRefused, format!("the proxy {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_lets_through() {
        assert_eq!(judge(b"HTTP/1.1 200 OK\r\n\r\n", false), Ok(()));
        assert_eq!(judge(b"HTTP/1.0 200\r\nA: b\r\n\r\n", false), Ok(()));
        for (answer, says) in [
            (&b"HTTP/1.1 407 Who?\r\n\r\n"[..], "asks who we are"),
            (b"HTTP/1.1 503 Not now\r\n\r\n", "(503)"),
            (b"SSH-2.0-x\r\n\r\n", "does not speak HTTP"),
            (b"HTTP/1.1 \xff\r\n\r\n", "does not speak HTTP"),
            (b"\r\n\r\n", "does not speak HTTP"),
        ] {
            let failure = judge(answer, false).unwrap_err();
            assert_eq!(failure.fault, ProbeFault::ProxyRefused);
            assert!(failure.message.contains(says), "{failure:?}");
        }
        assert!(judge(b"HTTP/1.1 200 OK\r\n\r\n", true).is_err());
    }
}
