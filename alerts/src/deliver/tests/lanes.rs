//! Lanes beside each other, through faults, changes and the end.

use std::sync::atomic::{AtomicU32, Ordering};

use super::smtp_server::{Act, SmtpServer};
use super::*;
use crate::receiver::{SyslogTransport, SyslogWay};

const MAIL: &[u8] = b"Message-ID: <m1@agent>\r\n\r\ntext\r\n";

fn named(name: &str, port: u16) -> Receiver {
    receiver(name, Way::Email(Box::new(mail_way(port))))
}

#[tokio::test]
async fn a_silent_server_holds_up_nobody_else() {
    let silent = SmtpServer::start().await;
    silent.at("GREETING", &[Act::Hang; 100]);
    let good = SmtpServer::start().await;
    let (slow, quick) = (named("slow", silent.port), named("quick", good.port));
    let mut office = Office::open(vec![slow.clone(), quick.clone()]).await;
    for _ in 0..20 {
        office.put(&slow, MAIL, &["ops@example.com"]);
        office.put(&quick, MAIL, &["ops@example.com"]);
    }
    for _ in 0..20 {
        let (message, _, came) = office.next().await;
        assert!(message.starts_with("quick"), "{message}");
        words_of("sent", &came);
    }
    assert_eq!(silent.connections(), 1, "one at a time");
}

#[tokio::test]
async fn a_dead_server_is_tried_with_one_mail_at_a_time_and_then_gets_them_all() {
    let server = SmtpServer::start().await;
    server.at("GREETING", &[Act::SayAndClose("421 not yet"); 2]);
    let ops = named("ops", server.port);
    let mut office = Office::open(Vec::new()).await;
    for _ in 0..10 {
        office.put(&ops, MAIL, &["ops@example.com"]);
    }
    office.deliverer.change(&identity(), vec![ops]).await;
    let mut results = Vec::new();
    for _ in 0..10 {
        results.push(matches!(office.next().await.2, Attempt::Sent(_)));
    }
    assert_eq!(results.iter().filter(|is_sent| !**is_sent).count(), 2);
    office.pass(40);
    for _ in 0..2 {
        words_of("sent", &office.next().await.2);
    }
    assert_eq!(server.arrived().len(), 10);
}

#[tokio::test]
async fn new_settings_begin_a_new_lane_and_leave_the_others_alone() {
    let good = SmtpServer::start().await;
    let wrong = SmtpServer::start().await;
    wrong.at("GREETING", &[Act::Say("554 not you")]);
    let (ops, other) = (named("ops", wrong.port), named("other", good.port));
    let mut office = Office::open(vec![ops.clone(), other.clone()]).await;
    office.put(&ops, MAIL, &["ops@example.com"]);
    words_of("misconfigured", &office.next().await.2);
    // The lane rests for half a minute and the mail for an hour, but for new settings.
    let repaired = named("ops", good.port);
    office
        .deliverer
        .change(&identity(), vec![repaired, other.clone()])
        .await;
    words_of("sent", &office.next().await.2);
    office.put(&other, MAIL, &["ops@example.com"]);
    words_of("sent", &office.next().await.2);
    assert_eq!(good.arrived().len(), 2);
    office.deliverer.change(&identity(), vec![other]).await;
    assert_eq!(office.deliverer.lanes.len(), 1);
}

#[tokio::test]
async fn what_is_being_sent_at_the_end_is_sent_or_given_back() {
    let server = SmtpServer::start().await;
    server.at("DOT", &[Act::Hang]);
    let ops = named("ops", server.port);
    let mut office = Office::open(vec![ops.clone()]).await;
    office.put(&ops, MAIL, &["ops@example.com"]);
    let begun = async {
        while server.arrived().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, begun).await.unwrap();
    let stopping = office.deliverer.stop();
    timeout(lane::GRACE * 3, stopping)
        .await
        .expect("the end comes in time");
    let mut outbox = office.desk.outbox.lock().unwrap();
    let Next::Now(claimed) = outbox.claim("ops", Timestamp::UNIX_EPOCH) else {
        panic!("it was not given back");
    };
    assert_eq!(claimed.delivery.attempts, 0);
}

/// Panics at first.
struct Jumpy(AtomicU32);

impl TrapSender for Jumpy {
    fn send(&self, _: &OutboxMessage) -> Attempt {
        assert!(1 < self.0.fetch_add(1, Ordering::Relaxed), "on purpose");
        Attempt::Sent("calm now".to_owned())
    }
}

#[tokio::test]
async fn a_panic_costs_an_attempt_and_not_the_lane() {
    let noc = receiver("noc", Way::Snmp);
    let traps = Arc::new(Jumpy(AtomicU32::new(0)));
    let mut office = Office::open_with(vec![noc.clone()], Some(traps)).await;
    office.put(&noc, b"{}", &[""]);
    for _ in 0..2 {
        let words = words_of("retry", &office.next().await.2);
        assert_eq!(words, "a fault of this program interrupted it");
        office.pass(100);
    }
    words_of("sent", &office.next().await.2);
}

#[tokio::test]
async fn mails_of_a_thread_wait_for_the_one_before() {
    let server = SmtpServer::start().await;
    server.at("DOT", &[Act::Say("451 later")]);
    let ops = named("ops", server.port);
    let mut office = Office::open(Vec::new()).await;
    for _ in 0..2 {
        office.put_in_thread(&ops, MAIL, "run");
    }
    office.deliverer.change(&identity(), vec![ops]).await;
    let (first, _, came) = office.next().await;
    words_of("retry", &came);
    office.pass(40);
    let (second, _, came) = office.next().await;
    words_of("sent", &came);
    assert_eq!(
        first, second,
        "the second of the thread did not overtake it"
    );
    let (third, ..) = office.next().await;
    assert_ne!(third, second);
}

#[tokio::test]
async fn what_was_worded_for_another_way_is_kept_and_not_sent_by_this_one() {
    let server = SmtpServer::start().await;
    let mail = named("ops", server.port);
    let way = SyslogWay {
        address: format!("127.0.0.1:{}", dead_port().await),
        transport: SyslogTransport::Tcp,
        facility: 16,
        ca_pem: None,
        timeout: PATIENCE,
    };
    let log = receiver("ops", Way::Syslog(way));
    let mut office = Office::open(Vec::new()).await;
    office.put(&mail, MAIL, &["ops@example.com"]);
    office.deliverer.change(&identity(), vec![log]).await;
    let words = words_of("misconfigured", &office.next().await.2);
    let wanted = "it was worded for email, and its receiver is syslog now";
    assert_eq!(words, wanted);
    office.deliverer.change(&identity(), vec![mail]).await;
    words_of("sent", &office.next().await.2);
}
