//! The watch on a small host in a folder: what comes, when, and what no longer does.

use std::sync::mpsc::{Receiver, TryRecvError, channel};

use super::*;
use crate::host::tests::{copy_of_fixture, fixture_settings};

/// Long enough for a loaded machine; nothing waits so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

const SOON: Duration = Duration::from_millis(1);
const NEVER: Duration = Duration::from_secs(100_000);

/// A watch whose writer takes what `has_room` says, and what it was offered.
fn watch(
    has_room: impl Fn(u64) -> bool + Send + Sync + 'static,
) -> (HostWatch, Receiver<Arc<HostSample>>) {
    let (give, take) = channel();
    let count = Mutex::new(0);
    let deliver: DeliverSample = Arc::new(move |sample| {
        give.send(sample).unwrap();
        let mut count = count.lock().unwrap();
        *count += 1;
        has_room(*count)
    });
    (HostWatch::new(deliver, Clock::start()), take)
}

fn plan(settings: HostSettings, interval: Duration) -> Option<HostPlan> {
    Some(HostPlan {
        settings,
        interval,
        thresholds: Vec::new(),
    })
}

#[tokio::test]
async fn samples_come_at_once_and_then_again_and_again() {
    let (mut watch, samples) = watch(|_| true);
    watch.change(plan(fixture_settings(), SOON)).await;
    for _ in 0..3 {
        let sample = samples.recv_timeout(PATIENCE).unwrap();
        assert!(sample.memory.is_some() && sample.taken_at.is_some());
    }
    watch.stop().await;
}

#[tokio::test]
async fn after_the_stop_nothing_comes() {
    let (mut watch, samples) = watch(|_| true);
    watch.change(plan(fixture_settings(), SOON)).await;
    samples.recv_timeout(PATIENCE).unwrap();
    watch.change(None).await;
    while samples.try_recv().is_ok() {}
    // The thread ends, and with it the writer's end that it holds.
    drop(watch);
    assert!(samples.recv_timeout(PATIENCE).is_err());
    assert_eq!(samples.try_recv(), Err(TryRecvError::Disconnected));
}

#[tokio::test]
async fn equal_settings_keep_the_window_and_look_at_once() {
    let folder = copy_of_fixture();
    let mut settings = fixture_settings();
    settings.roots.proc = folder.path().join("proc");
    settings.window = Duration::ZERO;
    let (mut watch, samples) = watch(|_| true);
    watch.change(plan(settings.clone(), NEVER)).await;
    let first = samples.recv_timeout(PATIENCE).unwrap();
    assert_eq!(first.cpu_shares, None);
    let stat = settings.roots.proc.join("stat");
    let text = std::fs::read_to_string(&stat).unwrap();
    let busier = text.replacen("cpu  ", "cpu  1", 1);
    std::fs::write(&stat, busier).unwrap();
    // The interval would be over in a day; only the change can bring this one.
    watch.change(plan(settings.clone(), NEVER)).await;
    let second = samples.recv_timeout(PATIENCE).unwrap();
    assert!(second.cpu_shares.is_some());
    // Other settings begin anew.
    settings.time_limit += SOON;
    watch.change(plan(settings, NEVER)).await;
    let third = samples.recv_timeout(PATIENCE).unwrap();
    assert_eq!(third.cpu_shares, None);
}

#[tokio::test]
async fn a_refused_sample_is_replaced_by_the_next() {
    let (mut watch, samples) = watch(|count| 2 < count);
    watch.change(plan(fixture_settings(), SOON)).await;
    let taken: Vec<_> = (0..3)
        .map(|_| samples.recv_timeout(PATIENCE).unwrap().taken_at)
        .collect();
    assert!(taken.is_sorted() && taken[0] != taken[2], "{taken:?}");
}

/// A pipe that nobody writes to hangs whoever opens it, as a dead server does.
#[tokio::test]
async fn a_collector_that_hangs_stops_neither_the_next_sample_nor_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("uptime");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let copy = copy_of_fixture();
    let mut settings = fixture_settings();
    settings.roots.proc = copy.path().join("proc");
    std::fs::rename(&pipe, settings.roots.proc.join("uptime")).unwrap();
    settings.time_limit = Duration::from_millis(300);
    let (mut watch, samples) = watch(|_| true);
    watch.change(plan(settings, SOON)).await;
    for _ in 0..3 {
        let sample = samples.recv_timeout(PATIENCE).unwrap();
        let system = sample
            .collectors
            .iter()
            .find(|run| run.collector == HostCollector::System);
        assert_eq!(system.unwrap().hung_threads, 1);
        assert!(sample.memory.is_some());
    }
    watch.stop().await;
}

#[test]
fn chance_adds_less_than_a_second_and_less_than_a_tenth() {
    for chance in [0, 1, 500, 999, u64::MAX] {
        assert!(jitter(NEVER, chance) < JITTER_MAX);
        assert!(jitter(Duration::from_secs(1), chance) < Duration::from_millis(100));
    }
    assert_eq!(jitter(NEVER, 500), Duration::from_millis(500));
}

#[test]
fn news_is_told_once() {
    let run = |is_success| CollectorRun {
        collector: HostCollector::Memory,
        is_success,
        duration: Duration::ZERO,
        error: None,
        hung_threads: 0,
    };
    let mut news = News::default();
    news.tell_collectors(&[run(true)]);
    news.tell_collectors(&[run(false)]);
    assert_eq!(news.failing.get(&HostCollector::Memory), Some(&true));
    news.tell_delivery(false);
    news.tell_delivery(false);
    assert_eq!(news.refused, 2);
    news.tell_delivery(true);
    assert_eq!(news.refused, 0);
}
