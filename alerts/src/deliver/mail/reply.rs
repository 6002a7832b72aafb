//! Reads what an SMTP server answers: lines of bounded length and number.
//!
//! A server is not to be trusted: a line without end, a reply without end or bytes that are
//! no text cost a bounded amount of memory and end the connection.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest line of a reply, in bytes. RFC 5321 section 4.5.3.1.5 says 512; servers say more.
pub(super) const LINE_BYTES_MAX: usize = 4096;

/// Most lines of one reply.
pub(super) const LINES_MAX: usize = 128;

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Three digits.
    pub(super) code: u16,
    /// The lines behind the code.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// For people: the code and all lines.
    pub(super) fn words(&self) -> String {
        super::words(&format!("{} {}", self.code, self.lines.join(" ")))
    }

    /// 200 to 299.
    pub(super) const fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 500 to 599.
    pub(super) const fn is_for_good(&self) -> bool {
        self.code / 100 == 5
    }
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum ReplyError {
    /// The connection broke.
    Io(io::Error),
    /// The server closed it.
    Closed,
    /// What came is no reply.
    Malformed(&'static str),
}

/// Bytes that came and were not read yet.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
}

impl Incoming {
    /// Nothing came yet.
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Reads one reply.
    pub(super) async fn reply<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
    ) -> Result<Reply, ReplyError> {
        let mut lines = Vec::new();
        let mut code = None;
        loop {
            let line = self.line(stream).await?;
            let (said, is_last, text) = split(&line)?;
            if code.is_some_and(|code| code != said) {
                return Err(ReplyError::Malformed(
                    "lines of one reply differ in their code",
                ));
            }
            code = Some(said);
            lines.push(text);
            if is_last {
                return Ok(Reply { code: said, lines });
            }
            if LINES_MAX <= lines.len() {
                return Err(ReplyError::Malformed("a reply without end"));
            }
        }
    }

    async fn line<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<Vec<u8>, ReplyError> {
        let mut searched = 0;
        loop {
            let unsearched = self.bytes.get(searched..).unwrap_or_default();
            if let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') {
                let rest = self.bytes.split_off(searched + at + 1);
                let mut line = std::mem::replace(&mut self.bytes, rest);
                while line
                    .last()
                    .is_some_and(|byte| matches!(byte, b'\r' | b'\n'))
                {
                    line.pop();
                }
                return Ok(line);
            }
            searched = self.bytes.len();
            if LINE_BYTES_MAX <= searched {
                return Err(ReplyError::Malformed("a line without end"));
            }
            let mut chunk = [0_u8; 1024];
            let length = stream.read(&mut chunk).await.map_err(ReplyError::Io)?;
            if length == 0 {
                return Err(ReplyError::Closed);
            }
            self.bytes.extend(chunk.get(..length).unwrap_or_default());
        }
    }
}

/// A line's code, whether it is the reply's last, and its text.
fn split(line: &[u8]) -> Result<(u16, bool, String), ReplyError> {
    let malformed = ReplyError::Malformed("a line without a code");
    let Some((digits, rest)) = line.split_at_checked(3) else {
        return Err(malformed);
    };
    let code = std::str::from_utf8(digits).ok();
    let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(code) = code.and_then(|code| code.parse().ok()) else {
        return Err(malformed);
    };
    if !(200..=599).contains(&code) {
        return Err(malformed);
    }
    let (is_last, text) = match rest.split_first() {
        None => (true, rest),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return Err(malformed),
    };
    Ok((code, is_last, String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Reply, String> {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        let mut incoming = Incoming::default();
        let mut stream = bytes;
        let reply = runtime.block_on(incoming.reply(&mut stream));
        assert!(incoming.bytes.len() <= LINE_BYTES_MAX + 1024);
        reply.map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn a_reply_may_have_several_lines() {
        let reply = read(b"250-mail.example.com\r\n250-SIZE 1000\r\n250 OK\r\nrest").unwrap();
        assert_eq!(reply.lines, ["mail.example.com", "SIZE 1000", "OK"]);
        assert_eq!(reply.words(), "250 mail.example.com SIZE 1000 OK");
        assert_eq!(read(b"250\n").unwrap().lines, [""]);
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for (bytes, wanted) in [
            (&b""[..], "Closed"),
            (b"25", "Closed"),
            (b"hello\r\n", "without a code"),
            (b"150 no\r\n", "without a code"),
            (b"+50 no\r\n", "without a code"),
            (b"250_no\r\n", "without a code"),
            (b"250-a\r\n550 b\r\n", "differ"),
            (&b"250-a\r\n".repeat(500), "a reply without end"),
            (&b"2".repeat(1 << 20), "a line without end"),
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(reply) = read(&bytes) {
                prop_assert!((200..600).contains(&reply.code));
                prop_assert!(!reply.words().contains('\n'));
            }
        }
    }
}
