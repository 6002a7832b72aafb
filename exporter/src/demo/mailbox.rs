//! A mail server on this machine that takes every mail and keeps it as a file, for the
//! demo: whoever watches sees what the agent would have sent.
//!
//! It speaks as much of SMTP (RFC 5321) as a client needs that signs in nowhere and
//! encrypts nothing. Each mail becomes a file `mails/0001.eml` in the demo's folder, which
//! mail programs open, and a line for whoever watches.
//!
//! Known limit: one connection after the other; one that says nothing holds up the next
//! for ten seconds.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use model::untrusted::printable;

/// How long a client may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Longest line of a command or a mail, in bytes. The standard allows a thousand.
const LINE_BYTES_MAX: u64 = 8_192;

/// Largest mail, in bytes.
const MAIL_BYTES_MAX: usize = 1024 * 1024;

/// Most mails that are kept; later ones take the place of the first.
const MAILS_MAX: u64 = 1_000;

/// The running server.
#[derive(Debug)]
pub struct Mailbox {
    address: SocketAddr,
    folder: PathBuf,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Mailbox {
    /// Serves on a free port of this machine and keeps mails below `folder`, the demo's.
    /// `tell` is told of each mail: its subject and its file.
    ///
    /// # Errors
    ///
    /// No port, no thread, or no folder.
    pub fn start(folder: &Path, tell: impl Fn(&str, &Path) + Send + 'static) -> io::Result<Self> {
        let folder = folder.join("mails");
        fs::create_dir_all(&folder)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let mut postman = Postman {
            folder: folder.clone(),
            count: 0,
            tell: Box::new(tell),
        };
        let thread = thread::Builder::new()
            .name("demo-mailbox".to_owned())
            .spawn(move || postman.serve(&listener, &stopped))?;
        Ok(Self {
            address,
            folder,
            stop,
            thread,
        })
    }

    /// Where it serves.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where mails are kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops, some seconds later at most.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // The thread waits for a client: this one is the last. If it cannot come, the
        // thread ends with the process.
        if TcpStream::connect_timeout(&self.address, SILENCE_MAX).is_ok() {
            self.thread.join().unwrap_or_default();
        }
    }
}

/// Who is told of each mail: its subject and its file.
type Tell = Box<dyn Fn(&str, &Path) + Send>;

struct Postman {
    folder: PathBuf,
    count: u64,
    tell: Tell,
}

impl Postman {
    fn serve(&mut self, listener: &TcpListener, stop: &AtomicBool) {
        for client in listener.incoming() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            // A client that leaves early is nobody's trouble.
            drop(client.and_then(|client| self.talk(&client)));
        }
    }

    fn talk(&mut self, client: &TcpStream) -> io::Result<()> {
        client.set_read_timeout(Some(SILENCE_MAX))?;
        client.set_write_timeout(Some(SILENCE_MAX))?;
        let mut reader = BufReader::new(client);
        let say = |line: &str| {
            let mut stream = client;
            stream.write_all(format!("{line}\r\n").as_bytes())
        };
        say("220 demo ready")?;
        loop {
            let line = line_of(&mut reader)?;
            let command = line
                .split(|byte| matches!(byte, b' ' | b':' | b'\r' | b'\n'))
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            match command.as_slice() {
                b"EHLO" => say("250-demo\r\n250-8BITMIME\r\n250 SMTPUTF8")?,
                b"HELO" | b"MAIL" | b"RCPT" | b"RSET" | b"NOOP" => say("250 well")?,
                b"DATA" => {
                    say("354 go on")?;
                    let mail = mail_of(&mut reader)?;
                    let number = self.keep(&mail)?;
                    say(&format!("250 kept as mail {number}"))?;
                }
                b"QUIT" => return say("221 bye"),
                _ => say("502 not known here")?,
            }
        }
    }

    fn keep(&mut self, mail: &[u8]) -> io::Result<u64> {
        let number = self.count % MAILS_MAX + 1;
        let path = self.folder.join(format!("{number:04}.eml"));
        fs::write(&path, mail)?;
        self.count = self.count.saturating_add(1);
        (self.tell)(&subject_of(mail), &path);
        Ok(number)
    }
}

/// The next line with its end.
fn line_of(reader: &mut BufReader<&TcpStream>) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader
        .by_ref()
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', &mut line)?;
    if line.ends_with(b"\n") {
        return Ok(line);
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// A mail up to the line with a dot alone, without the dots that protect others.
fn mail_of(reader: &mut BufReader<&TcpStream>) -> io::Result<Vec<u8>> {
    let mut mail = Vec::new();
    loop {
        let line = line_of(reader)?;
        if line == b".\r\n" {
            return Ok(mail);
        }
        if MAIL_BYTES_MAX < mail.len() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

/// A mail's subject, as far as it is plain.
fn subject_of(mail: &[u8]) -> String {
    let head = String::from_utf8_lossy(mail).replace("\r\n ", " ");
    let subject = head
        .lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix("Subject:"));
    printable(&decoded(subject.unwrap_or_default().trim())).into_owned()
}

/// A header's text with its encoded words decoded, as far as they are in Q (RFC 2047,
/// section 4.2): the agent writes no others.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    for word in text.split(' ') {
        let inner = word
            .strip_prefix("=?utf-8?Q?")
            .and_then(|rest| rest.strip_suffix("?="));
        match inner {
            // The space between two encoded words is none of the text.
            Some(inner) => decode_q(inner, &mut bytes),
            None => {
                bytes.extend_from_slice(word.as_bytes());
                bytes.push(b' ');
            }
        }
    }
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

fn decode_q(text: &str, bytes: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'=');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(if *first == b'_' { b' ' } else { *first });
                rest = after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn encoded_words_are_read_as_one_text() {
        assert_eq!(
            decoded("plain =?utf-8?Q?T=C3=BC?= =?utf-8?Q?r_zu=E2=80=A6?="),
            "plain Tür zu…"
        );
        assert_eq!(decoded("a =?utf-8?B?eA==?="), "a =?utf-8?B?eA==?=");
    }

    #[test]
    fn a_mail_becomes_a_file_and_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let mailbox = Mailbox::start(folder.path(), move |subject, path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            heard.lock().unwrap().push((subject.to_owned(), name));
        })
        .unwrap();
        let stream = TcpStream::connect(mailbox.address()).unwrap();
        let mut reader = BufReader::new(&stream);
        let mut writer = &stream;
        let mut expect = |code: &[u8]| loop {
            let line = line_of(&mut reader).unwrap();
            assert!(line.starts_with(code), "{line:?}");
            if line.get(3) == Some(&b' ') {
                break;
            }
        };
        expect(b"220");
        for (said, code) in [
            ("EHLO me\r\n", b"250"),
            ("AUTH PLAIN x\r\n", b"502"),
            ("MAIL FROM:<a@b.example>\r\n", b"250"),
            ("RCPT TO:<c@d.example>\r\n", b"250"),
            ("DATA\r\n", b"354"),
            (
                "Subject: down:\r\n again\u{1b}[2J\r\n\r\n..dot\r\n.\r\n",
                b"250",
            ),
            ("QUIT\r\n", b"221"),
        ] {
            writer.write_all(said.as_bytes()).unwrap();
            expect(code);
        }
        let mail = fs::read_to_string(mailbox.folder().join("0001.eml")).unwrap();
        assert!(mail.ends_with("\r\n\r\n.dot\r\n"), "{mail:?}");
        mailbox.stop();
        let told = told.lock().unwrap();
        assert_eq!(
            told.as_slice(),
            [("down: again\\u{1b}[2J".to_owned(), "0001.eml".to_owned())]
        );
    }
}
