//! Measures how a full outbox drains: `cargo run --release -p alerts --example drain`.
//!
//! Ten thousand mails of twenty kilobytes wait for a server that takes them, their bodies in
//! a file as the store has them, and half as many for a server that never says a word.
//! Printed are the time and what the process holds in memory, its servers included.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alerts::deliver::{Deliverer, Desk};
use alerts::outbox::{Attempt, Next, Outbox};
use alerts::receiver::{EmailWay, Identity, MailAuth, MailTemplates, MailTls, Receiver, Way};
use jiff::Timestamp;
use model::alert::Severity;
use model::delivery::{Channel, Delivery, DeliveryState, OutboxMessage};
use tokio::sync::watch;

/// Mails for the server that takes them.
const MAILS: u64 = 10_000;

/// Mails for the one that is silent.
const SILENT_MAILS: u64 = 5_000;

/// Bytes of one mail.
const MAIL_BYTES: u32 = 20_000;

/// The outbox; bodies are in one file, one behind the other.
struct FileDesk {
    outbox: Mutex<Outbox>,
    bodies: PathBuf,
    sent: watch::Sender<u64>,
    news: watch::Sender<u64>,
}

impl FileDesk {
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn body(&self, serial: u64) -> std::io::Result<Vec<u8>> {
        let mut file = File::open(&self.bodies)?;
        file.seek(SeekFrom::Start(serial * u64::from(MAIL_BYTES)))?;
        let mut body = Vec::new();
        file.take(u64::from(MAIL_BYTES)).read_to_end(&mut body)?;
        Ok(body)
    }
}

impl Desk for FileDesk {
    fn begin(&self, receiver: &str) {
        self.outbox().hasten(receiver, self.now());
    }

    fn claim(&self, receiver: &str) -> Result<Next, String> {
        let mut next = self.outbox().claim(receiver, self.now());
        if let Next::Now(claimed) = &mut next {
            let body = self.body(claimed.message.serial);
            claimed.message.body = body.map_err(|error| error.to_string())?;
        }
        Ok(next)
    }

    fn settle(&self, message: &str, recipient: &str, came: &Attempt) {
        let mut outbox = self.outbox();
        outbox.settle(message, recipient, came, self.now());
        // The writer commits about once a second; here at once, which is the dearest case.
        outbox.uncommitted();
        outbox.mark_committed();
        drop(outbox);
        if matches!(came, Attempt::Sent(_)) {
            self.sent.send_modify(|count| *count += 1);
        }
    }

    fn give_back(&self, message: &str, recipient: &str) {
        self.outbox().give_back(message, recipient);
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// Takes every mail and keeps none.
fn take_all(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut lines = BufReader::new(stream).split(b'\n');
    writer.write_all(b"220 ready\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        if !line.starts_with(b"DATA") {
            writer.write_all(b"250 ok\r\n")?;
            continue;
        }
        writer.write_all(b"354 go ahead\r\n")?;
        while lines.next().transpose()?.is_some_and(|text| text != b".\r") {}
        writer.write_all(b"250 taken\r\n")?;
    }
    Ok(())
}

/// A server that takes mails; says its port.
fn taking_server() -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || take_all(stream));
        }
    });
    Ok(port)
}

/// A server that takes connections and says nothing.
fn silent_server() -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    Ok(port)
}

fn receiver(name: &str, port: u16) -> Receiver {
    let way = EmailWay {
        host: "127.0.0.1".to_owned(),
        port,
        tls: MailTls::None,
        ca_pem: None,
        username: None,
        auth: MailAuth::None,
        hello: None,
        from: "ztna@example.com".to_owned(),
        sender: None,
        to: Vec::new(),
        reply_to: None,
        timeout: Duration::from_secs(30),
        templates: MailTemplates::default(),
    };
    Receiver {
        name: name.into(),
        way: Way::Email(Box::new(way)),
        send_resolved: true,
        least_severity: Severity::Info,
        hourly_limit: None,
    }
}

fn put(outbox: &mut Outbox, serial: u64, receiver: &str) {
    let message = OutboxMessage {
        id: format!("TUNNEL_DOWN.{serial:016x}@pub-host").into(),
        serial,
        receiver: receiver.into(),
        channel: Channel::Email,
        thread: format!("t{serial}").into(),
        rule: "tunnel-down".into(),
        key: format!("tunnel-down{{connector=\"pub-{serial}\"}}").into(),
        severity: Severity::Warning,
        subject: format!("[ZTNA warning] TUNNEL_DOWN: pub-{serial} lost its tunnel"),
        created_at: Timestamp::UNIX_EPOCH,
        body: Vec::new(),
    };
    let delivery = Delivery {
        message: message.id.clone(),
        recipient: "ops@example.com".into(),
        state: DeliveryState::Queued,
        attempts: 0,
        next_at: Timestamp::UNIX_EPOCH,
        last_reply: String::new(),
        settled_at: None,
    };
    outbox.put(message, vec![delivery]);
}

fn full_outbox() -> Outbox {
    let mut outbox = Outbox::default();
    for serial in 0..MAILS + SILENT_MAILS {
        let name = if serial < MAILS { "ops" } else { "silent" };
        put(&mut outbox, serial, name);
    }
    outbox.uncommitted();
    outbox.mark_committed();
    outbox
}

fn write_bodies(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    for serial in 0..MAILS + SILENT_MAILS {
        let mut body = format!("Message-ID: <{serial}@pub-host>\r\nSubject: s\r\n\r\n");
        while body.len() < usize::try_from(MAIL_BYTES)? {
            body.push_str("one of the many lines of seventy characters that a mail may have.\r\n");
        }
        body.truncate(usize::try_from(MAIL_BYTES)?);
        file.write_all(body.as_bytes())?;
    }
    file.flush()?;
    Ok(())
}

/// Seconds since the host's start.
fn uptime() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/uptime")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

/// Resident memory, in KiB.
fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let digits = line.unwrap_or_default().trim().trim_end_matches(" kB");
    Ok(digits.parse()?)
}

/// Drains the outbox, and says after each quarter how it stands.
async fn drain(
    desk: Arc<FileDesk>,
    receivers: Vec<Receiver>,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let identity = Identity {
        agent: "pub-host".into(),
        host: "pub-host".into(),
        site: None,
        external_url: None,
        config_file: None,
        listens_on: None,
    };
    let mut sent = desk.sent.subscribe();
    let mut deliverer = Deliverer::new(desk, None);
    let began = uptime()?;
    deliverer.change(&identity, receivers).await;
    for part in 1..=4 {
        let mails = MAILS / 4 * part;
        sent.wait_for(|count| mails <= *count).await?;
        let (seconds, kib) = (uptime()? - began, resident_kib()?);
        writeln!(out, "after {mails} mails: {seconds:.2} s, {kib} KiB")?;
    }
    deliverer.stop().await;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let bodies = std::env::temp_dir().join(format!("drain-{}", std::process::id()));
    write_bodies(&bodies)?;
    writeln!(out, "at first: {} KiB", resident_kib()?)?;
    let desk = Arc::new(FileDesk {
        outbox: Mutex::new(full_outbox()),
        bodies: bodies.clone(),
        sent: watch::Sender::new(0),
        news: watch::Sender::new(0),
    });
    let all = MAILS + SILENT_MAILS;
    writeln!(out, "with {all} queued: {} KiB", resident_kib()?)?;
    let receivers = vec![
        receiver("ops", taking_server()?),
        receiver("silent", silent_server()?),
    ];
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build()?;
    runtime.block_on(drain(desk.clone(), receivers, &mut out))?;
    let waiting = desk.outbox().snapshot();
    let rest = waiting.queued + waiting.retrying;
    writeln!(out, "still waiting for the silent server: {rest}")?;
    std::fs::remove_file(bodies)?;
    Ok(())
}
