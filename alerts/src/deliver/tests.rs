//! Deliveries to scripted servers, from the outbox to what is written into it.
//!
//! The desk here is the real outbox on a clock that the test moves. Nothing sleeps: a test
//! waits for what it expects, with a limit far above it.

#![expect(
    clippy::shadow_unrelated,
    reason = "a story calls what came of each of its steps by the same name"
)]

mod http_server;
mod lanes;
mod mail;
mod mail_faults;
mod others;
mod refresh;
mod sign_in;
mod smtp_server;
mod syslog;
mod webhook;

use std::sync::Mutex;
use std::time::Duration;

use jiff::SignedDuration;
use model::alert::Severity;
use model::delivery::{Delivery, DeliveryState};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::outbox::Outbox;
use crate::outbox::schedule::later;
use crate::receiver::{EmailWay, MailAuth, MailTemplates, MailTls, Way};

/// Longer than anything here takes, on a busy machine too.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A time limit that is waited for.
pub(super) const SHORT: Duration = Duration::from_millis(300);

/// What came of one attempt.
pub(super) type Came = (String, String, Attempt);

/// The real outbox, all of it committed at once.
pub(super) struct TestDesk {
    outbox: Mutex<Outbox>,
    bodies: Mutex<Vec<(Arc<str>, Vec<u8>)>>,
    now: Mutex<Timestamp>,
    news: watch::Sender<u64>,
    came: mpsc::UnboundedSender<Came>,
}

impl Desk for TestDesk {
    fn begin(&self, receiver: &str) {
        self.outbox.lock().unwrap().hasten(receiver, self.now());
    }

    fn claim(&self, receiver: &str) -> Result<Next, String> {
        let mut next = self.outbox.lock().unwrap().claim(receiver, self.now());
        if let Next::Now(claimed) = &mut next {
            let bodies = self.bodies.lock().unwrap();
            let body = bodies.iter().find(|(id, _)| *id == claimed.message.id);
            claimed.message.body = body.unwrap().1.clone();
        }
        Ok(next)
    }

    fn settle(&self, message: &str, recipient: &str, came: &Attempt) {
        let mut outbox = self.outbox.lock().unwrap();
        outbox.settle(message, recipient, came, self.now());
        outbox.uncommitted();
        outbox.mark_committed();
        drop(outbox);
        let came = (message.to_owned(), recipient.to_owned(), came.clone());
        self.came.send(came).unwrap();
    }

    fn give_back(&self, message: &str, recipient: &str) {
        self.outbox.lock().unwrap().give_back(message, recipient);
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }
}

/// A desk with lanes that work on it.
pub(super) struct Office {
    pub(super) desk: Arc<TestDesk>,
    pub(super) deliverer: Deliverer,
    came: mpsc::UnboundedReceiver<Came>,
    serial: u64,
}

impl Office {
    pub(super) async fn open(receivers: Vec<Receiver>) -> Self {
        Self::open_with(receivers, None).await
    }

    pub(super) async fn open_with(
        receivers: Vec<Receiver>,
        traps: Option<Arc<dyn TrapSender>>,
    ) -> Self {
        let (sender, came) = mpsc::unbounded_channel();
        let desk = Arc::new(TestDesk {
            outbox: Mutex::default(),
            bodies: Mutex::default(),
            now: Mutex::new(Timestamp::UNIX_EPOCH),
            news: watch::channel(0).0,
            came: sender,
        });
        let mut deliverer = Deliverer::new(desk.clone(), traps);
        deliverer.change(&identity(), receivers).await;
        Self {
            desk,
            deliverer,
            came,
            serial: 0,
        }
    }

    /// Puts a message with this body for a receiver, to these recipients.
    pub(super) fn put(&mut self, receiver: &Receiver, body: &[u8], to: &[&str]) -> String {
        let thread = format!("t{}", self.serial);
        self.put_message(receiver, body, to, &thread)
    }

    /// Likewise in a thread, to one recipient.
    pub(super) fn put_in_thread(&mut self, receiver: &Receiver, body: &[u8], thread: &str) {
        self.put_message(receiver, body, &["ops@example.com"], thread);
    }

    fn put_message(
        &mut self,
        receiver: &Receiver,
        body: &[u8],
        to: &[&str],
        thread: &str,
    ) -> String {
        self.serial += 1;
        let message = OutboxMessage {
            id: format!("{}.{}@agent", receiver.name, self.serial).into(),
            serial: self.serial,
            receiver: receiver.name.clone(),
            channel: receiver.channel(),
            thread: thread.into(),
            rule: "tunnel-down".into(),
            key: "tunnel-down{connector=\"pub-1\"}".into(),
            severity: Severity::Critical,
            subject: "[ZTNA critical] TUNNEL_DOWN: pub-1 – ünreachable".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            body: body.to_vec(),
        };
        let id = message.id.clone();
        self.desk
            .bodies
            .lock()
            .unwrap()
            .push((id.clone(), body.to_vec()));
        let rows = to.iter().map(|recipient| Delivery {
            message: id.clone(),
            recipient: (*recipient).into(),
            state: DeliveryState::Queued,
            attempts: 0,
            next_at: Timestamp::UNIX_EPOCH,
            last_reply: String::new(),
            settled_at: None,
        });
        let mut outbox = self.desk.outbox.lock().unwrap();
        outbox.put(message, rows.collect());
        outbox.uncommitted();
        outbox.mark_committed();
        drop(outbox);
        self.desk.news.send_modify(|count| *count += 1);
        id.to_string()
    }

    /// What comes of the next attempt.
    pub(super) async fn next(&mut self) -> Came {
        let came = timeout(PATIENCE, self.came.recv()).await;
        came.expect("an attempt in time").unwrap()
    }

    /// What comes of the next attempts, by recipient.
    pub(super) async fn next_by_recipient(&mut self, count: usize) -> Vec<(String, Attempt)> {
        let mut all = Vec::new();
        for _ in 0..count {
            let (_, recipient, came) = self.next().await;
            all.push((recipient, came));
        }
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    }

    /// Lets time pass for the outbox.
    pub(super) fn pass(&self, seconds: i64) {
        let mut now = self.desk.now.lock().unwrap();
        *now = later(*now, SignedDuration::from_secs(seconds));
        drop(now);
        self.desk.news.send_modify(|count| *count += 1);
    }
}

pub(super) fn identity() -> Identity {
    Identity {
        agent: "agent".into(),
        host: "pub-host.example.com".into(),
        site: None,
        external_url: None,
        config_file: None,
        listens_on: None,
    }
}

pub(super) fn receiver(name: &str, way: Way) -> Receiver {
    Receiver {
        name: name.into(),
        way,
        send_resolved: true,
        least_severity: Severity::Info,
        hourly_limit: None,
    }
}

/// A mail receiver at a server on this host, without TLS.
pub(super) fn mail_way(port: u16) -> EmailWay {
    EmailWay {
        host: "localhost".to_owned(),
        port,
        tls: MailTls::None,
        ca_pem: None,
        username: None,
        auth: MailAuth::None,
        hello: None,
        from: "ZTNA alerts <ztna@example.com>".to_owned(),
        sender: None,
        to: vec!["ops@example.com".to_owned()],
        reply_to: None,
        timeout: PATIENCE,
        templates: MailTemplates::default(),
    }
}

pub(super) fn mail_receiver(way: EmailWay) -> Receiver {
    receiver("ops", Way::Email(Box::new(way)))
}

/// A port of this host where nobody listens.
pub(super) async fn dead_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// The words of an attempt of the kind that is wanted: `sent`, `retry`, `later`,
/// `misconfigured`, `dead`.
pub(super) fn words_of(wanted: &str, came: &Attempt) -> String {
    let (kind, words) = match came {
        Attempt::Sent(words) => ("sent", words),
        Attempt::Retry(words) => ("retry", words),
        Attempt::RetryAfter(_, words) => ("later", words),
        Attempt::Misconfigured(words) => ("misconfigured", words),
        Attempt::Dead(words) => ("dead", words),
    };
    assert_eq!(kind, wanted, "{came:?}");
    words.clone()
}
