//! Notices that wait for their receivers, over a kill and a loss of power.
//!
//! A notice is durable before [`Outbox::put`] says that it was taken, and leaves the
//! store when every target has been told or given up. A crash between telling and leaving
//! tells twice, with the same number. If the store does not commit the notice waits in
//! memory all the same, and becomes durable when the store recovers: a full disk must not
//! silence the notice of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use snmp_agent::alert::{Alert, Severity};
use snmp_agent::notify::{Delivery, Notice, Outbox, WAITING_MAX, Waiting};
use tracing::warn;

use super::memory::{Durable, blocking};
use crate::agent::keeper::KeptChanges;
use crate::metrics::snmp::SnmpMetrics;

/// Where notices stand: this and their number in ten digits, so that they sort.
const NOTICE_KEY: &str = "snmp.notice.";

/// Where the last number given stands: a receiver counts losses by it.
const LAST_KEY: &str = "snmp.notice_last";

/// Longest text of an alert that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 4_096;

const VERSION: u32 = 1;

/// The queue.
pub struct KeptOutbox {
    durable: Arc<dyn Durable>,
    metrics: SnmpMetrics,
    queue: Mutex<Queue>,
    /// Held from taking what is unwritten until that is marked as written: an older copy
    /// that is written later would bring back a notice that was settled meanwhile.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Queue {
    last: u32,
    waiting: VecDeque<Waiting>,
    /// Notices that are being made durable: they have a place already.
    coming: usize,
    unwritten: BTreeMap<Arc<str>, Option<Vec<u8>>>,
}

/// A notice as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptNotice {
    version: u32,
    kind: KeptKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alert: Option<KeptAlert>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptKind {
    Started,
    Firing,
    Resolved,
    Test,
}

#[derive(Serialize, Deserialize)]
struct KeptAlert {
    index: u32,
    rule: String,
    severity: i32,
    connector: String,
    since: Timestamp,
    summary: String,
    action: String,
}

impl KeptOutbox {
    /// Takes over what the start found. What cannot be read is dropped, with a warning.
    pub fn new(
        durable: Arc<dyn Durable>,
        found: &BTreeMap<Arc<str>, Vec<u8>>,
        metrics: SnmpMetrics,
    ) -> Self {
        let mut queue = Queue::default();
        for (key, value) in found {
            let Some(number) = key.strip_prefix(NOTICE_KEY) else {
                continue;
            };
            match (number.parse(), parse(value)) {
                (Ok(number), Some(notice)) if queue.waiting.len() < WAITING_MAX => {
                    queue.last = queue.last.max(number);
                    queue.waiting.push_back(Waiting { number, notice });
                }
                _ => {
                    warn!(%key, "a kept snmp notice could not be read and is dropped");
                    queue.unwritten.insert(Arc::clone(key), None);
                }
            }
        }
        let last = found
            .get(LAST_KEY)
            .and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        queue.last = queue.last.max(last.unwrap_or(0));
        metrics.notices_waiting(queue.waiting.len());
        Self {
            durable,
            metrics,
            queue: Mutex::new(queue),
            writing: Mutex::default(),
        }
    }

    /// Writes what is not durable yet. Blocks.
    ///
    /// # Errors
    ///
    /// Why it is not durable, in words for people. It stays to be written.
    pub fn write(&self) -> Result<(), String> {
        blocking(|| {
            let _alone = self.writing.lock();
            let changes = self.unwritten();
            if changes.is_empty() {
                return Ok(());
            }
            self.durable.keep(changes.clone())?;
            self.wrote(&changes);
            Ok(())
        })
    }

    /// What is to be written.
    fn unwritten(&self) -> KeptChanges {
        let queue = self.lock();
        let changes = queue.unwritten.iter();
        changes
            .map(|(key, value)| (Arc::clone(key), value.clone()))
            .collect()
    }

    /// These changes are durable.
    fn wrote(&self, changes: &KeptChanges) {
        let mut queue = self.lock();
        for (key, value) in changes {
            if queue.unwritten.get(key) == Some(value) {
                queue.unwritten.remove(key);
            }
        }
    }

    fn write_or_warn(&self) {
        if let Err(error) = self.write() {
            warn!(
                error,
                "snmp notices wait in memory only until the store commits"
            );
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox for KeptOutbox {
    fn put(&self, notice: Notice) -> bool {
        let mut queue = self.lock();
        if WAITING_MAX <= queue.waiting.len().saturating_add(queue.coming) {
            drop(queue);
            self.metrics.notice_refused();
            return false;
        }
        // 0 stands for "none yet", so the number after the largest is 1.
        queue.last = queue.last.checked_add(1).unwrap_or(1);
        let number = queue.last;
        queue.coming = queue.coming.saturating_add(1);
        queue.unwritten.insert(key(number), write(&notice));
        let last = number.to_string().into_bytes();
        queue.unwritten.insert(Arc::from(LAST_KEY), Some(last));
        drop(queue);
        self.write_or_warn();
        // Not before: it must not leave the store earlier than it came.
        let mut again = self.lock();
        again.coming = again.coming.saturating_sub(1);
        again.waiting.push_back(Waiting { number, notice });
        self.metrics.notices_waiting(again.waiting.len());
        true
    }

    fn due(&self) -> Vec<Waiting> {
        self.lock().waiting.iter().cloned().collect()
    }

    fn settle(&self, number: u32, deliveries: &[(String, Delivery)]) {
        for (target, delivery) in deliveries {
            self.metrics.notice_told(target, delivery);
        }
        let mut queue = self.lock();
        queue.waiting.retain(|waiting| waiting.number != number);
        queue.unwritten.insert(key(number), None);
        self.metrics.notices_waiting(queue.waiting.len());
        drop(queue);
        self.write_or_warn();
    }
}

fn key(number: u32) -> Arc<str> {
    Arc::from(format!("{NOTICE_KEY}{number:010}"))
}

fn write(notice: &Notice) -> Option<Vec<u8>> {
    let (kind, alert) = match notice {
        Notice::Started => (KeptKind::Started, None),
        Notice::Firing(alert) => (KeptKind::Firing, Some(alert)),
        Notice::Resolved(alert) => (KeptKind::Resolved, Some(alert)),
        Notice::Test => (KeptKind::Test, None),
    };
    let kept = KeptNotice {
        version: VERSION,
        kind,
        alert: alert.map(|alert| KeptAlert {
            index: alert.index,
            rule: shortened(&alert.rule),
            severity: alert.severity.number(),
            connector: shortened(&alert.connector),
            since: alert.since,
            summary: shortened(&alert.summary),
            action: shortened(&alert.action),
        }),
    };
    serde_json::to_vec(&kept).ok()
}

fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    text.get(..end).unwrap_or_default().to_owned()
}

fn parse(value: &[u8]) -> Option<Notice> {
    let kept: KeptNotice = serde_json::from_slice(value).ok()?;
    if kept.version != VERSION {
        return None;
    }
    match kept.kind {
        KeptKind::Started => Some(Notice::Started),
        KeptKind::Test => Some(Notice::Test),
        KeptKind::Firing => Some(Notice::Firing(alert(kept.alert?)?)),
        KeptKind::Resolved => Some(Notice::Resolved(alert(kept.alert?)?)),
    }
}

fn alert(kept: KeptAlert) -> Option<Alert> {
    let all = [Severity::Info, Severity::Warning, Severity::Critical];
    let severity = all.into_iter().find(|one| one.number() == kept.severity)?;
    Some(Alert {
        index: kept.index,
        rule: kept.rule,
        severity,
        connector: kept.connector,
        since: kept.since,
        summary: kept.summary,
        action: kept.action,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::snmp::memory::tests::Disk;

    fn outbox(disk: &Arc<Disk>) -> KeptOutbox {
        let durable: Arc<dyn Durable> = Arc::<Disk>::clone(disk);
        KeptOutbox::new(durable, &disk.found(), SnmpMetrics::default())
    }

    fn firing() -> Notice {
        Notice::Firing(Alert {
            index: 3,
            rule: "tunnel_down".to_owned(),
            severity: Severity::Critical,
            connector: "pub-1".to_owned(),
            since: Timestamp::UNIX_EPOCH,
            summary: "The tunnel is down.".to_owned(),
            action: "é".repeat(TEXT_BYTES_MAX),
        })
    }

    #[test]
    fn what_waits_is_there_after_a_crash_and_numbers_go_on() {
        let disk = Arc::new(Disk::default());
        let first = outbox(&disk);
        for notice in [Notice::Started, firing(), Notice::Test] {
            assert!(first.put(notice));
        }
        first.settle(1, &[]);
        // Nothing is said to the disk any more: the process was killed.
        let second = outbox(&disk);
        let waiting = second.due().remove(0);
        assert_eq!(waiting.number, 2);
        let Notice::Firing(alert) = waiting.notice else {
            panic!("{waiting:?}");
        };
        assert_eq!((alert.index, alert.severity), (3, Severity::Critical));
        assert_eq!(alert.action.len(), TEXT_BYTES_MAX);
        for number in [2, 3] {
            second.settle(number, &[]);
        }
        assert_eq!(outbox(&disk).due(), []);
        assert!(second.put(Notice::Test));
        assert_eq!(outbox(&disk).due()[0].number, 4);
    }

    #[test]
    fn a_full_queue_refuses() {
        let disk = Arc::new(Disk::default());
        let outbox = outbox(&disk);
        let taken = (0..WAITING_MAX + 2).filter(|_| outbox.put(Notice::Test));
        assert_eq!(taken.count(), WAITING_MAX);
        assert_eq!(disk.found().len(), WAITING_MAX + 1);
        outbox.settle(1, &[]);
        assert!(outbox.put(Notice::Test));
    }

    #[test]
    fn a_store_that_is_full_delays_durability_and_not_the_notice() {
        let disk = Arc::new(Disk::default());
        *disk.is_full.lock().unwrap() = true;
        let first = outbox(&disk);
        assert!(first.put(Notice::Test));
        assert!(first.put(Notice::Test));
        assert_eq!(first.due()[0].number, 1);
        first.settle(1, &[]);
        *disk.is_full.lock().unwrap() = false;
        first.write().unwrap();
        assert_eq!(first.unwritten(), []);
        assert_eq!(outbox(&disk).due()[0].number, 2);
    }

    #[test]
    fn a_damaged_notice_is_dropped_and_holds_up_no_other() {
        let disk = Arc::new(Disk::default());
        disk.keep(vec![
            (key(1), Some(b"{".to_vec())),
            (key(2), write(&Notice::Test)),
        ])
        .unwrap();
        let outbox = outbox(&disk);
        assert_eq!(outbox.due()[0].number, 2);
        outbox.settle(2, &[]);
        assert!(!disk.found().contains_key(&key(1)));
    }

    /// A store whose first commit is slow: others overtake it if they may.
    struct Slow {
        disk: Disk,
        has_begun: mpsc::Sender<()>,
        overtaken: Mutex<Option<mpsc::Receiver<()>>>,
        done: mpsc::Sender<()>,
    }

    impl Durable for Slow {
        fn keep(&self, changes: KeptChanges) -> Result<(), String> {
            let wait = self.overtaken.lock().unwrap().take();
            if let Some(overtaken) = wait {
                self.has_begun.send(()).unwrap();
                // Nobody comes, as it should be: this only gives him the time to.
                let _ = overtaken.recv_timeout(Duration::from_millis(300));
                return self.disk.keep(changes);
            }
            let kept = self.disk.keep(changes);
            let _ = self.done.send(());
            kept
        }
    }

    #[test]
    fn a_settled_notice_is_not_brought_back_by_a_slower_copy() {
        let (has_begun, begun) = mpsc::channel();
        let (done, overtaken) = mpsc::channel();
        let slow = Arc::new(Slow {
            disk: Disk::default(),
            has_begun,
            overtaken: Mutex::default(),
            done,
        });
        *slow.disk.is_full.lock().unwrap() = true;
        let durable: Arc<dyn Durable> = Arc::<Slow>::clone(&slow);
        let outbox = KeptOutbox::new(durable, &BTreeMap::new(), SnmpMetrics::default());
        assert!(outbox.put(Notice::Test));
        *slow.disk.is_full.lock().unwrap() = false;
        *slow.overtaken.lock().unwrap() = Some(overtaken);
        thread::scope(|scope| {
            scope.spawn(|| outbox.write().unwrap());
            begun.recv().unwrap();
            outbox.settle(1, &[]);
        });
        assert!(!slow.disk.found().contains_key(&key(1)));
        assert_eq!(outbox.unwritten(), []);
    }
}
