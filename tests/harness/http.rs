//! A client for one HTTP request a connection, with nothing between us and the bytes.
//!
//! It asks the server to close, so the answer ends where the stream ends. Chunked
//! answers are put together; redirects, TLS and everything else are not known.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

/// How long a server may be silent before we call it dead.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header fields in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as it was sent but for chunks.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header field of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let field = self.headers.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Gets `path`.
///
/// # Errors
///
/// If nobody listens, or the answer is not HTTP.
pub fn get(address: SocketAddr, path: &str) -> Result<Answer> {
    request(address, "GET", path, &[])
}

/// Sends a request without a body and with these header fields.
///
/// # Errors
///
/// If nobody listens, or the answer is not HTTP.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<Answer> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut stream = connect(address)?;
    stream
        .write_all(head.as_bytes())
        .context("cannot send the request")?;
    let mut bytes = Vec::new();
    stream
        .read_to_end(&mut bytes)
        .with_context(|| format!("no whole answer to {path}"))?;
    parse(&bytes).with_context(|| format!("the answer to {path} is not HTTP"))
}

/// A connection whose reads end with an error instead of waiting for ever.
///
/// # Errors
///
/// If nobody listens.
pub fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, SILENCE_MAX)
        .with_context(|| format!("nobody listens at {address}"))?;
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    stream.set_write_timeout(Some(SILENCE_MAX))?;
    Ok(stream)
}

fn parse(bytes: &[u8]) -> Result<Answer> {
    let (head, body) = split_at_blank_line(bytes).ok_or_else(|| anyhow!("no end of the head"))?;
    let head = std::str::from_utf8(head).context("the head is no text")?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let is_chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value.eq_ignore_ascii_case("chunked"));
    Ok(Answer {
        status: status.ok_or_else(|| anyhow!("no status in {status_line:?}"))?,
        headers,
        body: if is_chunked {
            join_chunks(body)?
        } else {
            body.to_vec()
        },
    })
}

fn split_at_blank_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((bytes.get(..end)?, bytes.get(end + 4..)?))
}

fn join_chunks(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line_end = rest.windows(2).position(|window| window == b"\r\n");
        let line_end = line_end.ok_or_else(|| anyhow!("a chunk has no size"))?;
        let size = std::str::from_utf8(rest.get(..line_end).unwrap_or_default())?;
        let size = usize::from_str_radix(size.trim(), 16).context("a chunk's size is no number")?;
        if size == 0 {
            return Ok(body);
        }
        let chunk = rest.get(line_end + 2..line_end + 2 + size);
        body.extend_from_slice(chunk.ok_or_else(|| anyhow!("a chunk is cut short"))?);
        rest = rest.get(line_end + 2 + size + 2..).unwrap_or_default();
    }
}
