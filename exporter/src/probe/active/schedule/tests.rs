//! Probes on the runtime: asked again and again, handed on whole, stopped at once.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::config::HumanDuration;

/// Probes, and what they deliver. The first `refused` offers find no room.
fn probes(refused: u32) -> (Probes, mpsc::UnboundedReceiver<ProbeRun>) {
    let (sender, runs) = mpsc::unbounded_channel();
    let offers = AtomicU32::new(0);
    let deliver: DeliverRun = Arc::new(move |run| {
        if offers.fetch_add(1, Ordering::Relaxed) < refused {
            return Delivery::Full;
        }
        match sender.send(run.clone()) {
            Ok(()) => Delivery::Taken,
            Err(_) => Delivery::Gone,
        }
    });
    (Probes::new(deliver, Clock::start()), runs)
}

fn often(mut probe: ProbeConfig) -> ProbeConfig {
    probe.interval = HumanDuration(Duration::from_millis(10));
    probe
}

#[tokio::test]
async fn a_probe_is_asked_again_and_again_and_its_change_is_seen() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (mut probes, mut runs) = probes(0);
    probes
        .change(vec![often(ProbeConfig::of_tcp("port", &address))])
        .await;
    for _ in 0..3 {
        let run = runs.recv().await.unwrap();
        assert_eq!((&*run.probe, run.outcome), ("port", Ok(())));
    }
    drop(listener);
    while runs.recv().await.unwrap().outcome != Err(ProbeFault::Refused) {}
    probes.stop().await;
    assert!(probes.tasks.is_empty());
}

#[tokio::test]
async fn a_run_that_finds_no_room_is_offered_until_it_does() {
    let (mut probes, mut runs) = probes(3);
    probes
        .change(vec![ProbeConfig::of_tcp("port", "127.0.0.1:1")])
        .await;
    let run = runs.recv().await.unwrap();
    assert_eq!(run.outcome, Err(ProbeFault::Refused));
    // One run, though it was offered four times: the interval is a minute.
    assert!(runs.try_recv().is_err());
    probes.stop().await;
}

#[tokio::test]
async fn probes_that_hang_are_stopped_without_waiting_for_them() {
    // It takes connections into its queue, and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (mut probes, mut runs) = probes(0);
    let mut hanging = ProbeConfig::of_tls("hanging", &address);
    hanging.timeout = HumanDuration(Duration::from_secs(3600));
    let quick = ProbeConfig::of_tcp("quick", "127.0.0.1:1");
    probes.change(vec![hanging, quick]).await;
    // The other is asked in spite of it.
    assert_eq!(&*runs.recv().await.unwrap().probe, "quick");
    probes.stop().await;
    drop(probes);
    assert!(runs.recv().await.is_none());
}

#[tokio::test]
async fn no_more_than_a_few_run_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let shared = Shared {
        deliver: Arc::new(|_| Delivery::Taken),
        clock: Clock::start(),
        places: Arc::new(Semaphore::new(RUNS_MAX)),
    };
    let mut tasks = Vec::new();
    for _ in 0..RUNS_MAX * 2 {
        let mut probe = ProbeConfig::of_tls("hanging", &address);
        probe.timeout = HumanDuration(Duration::from_secs(3600));
        tasks.push(tokio::spawn(ask_again_and_again(
            probe,
            shared.clone(),
            Reading::alone(),
            Duration::ZERO,
        )));
    }
    // Each that runs has connected, and hangs there; the others have not.
    let mut guests = Vec::new();
    for _ in 0..RUNS_MAX {
        guests.push(listener.accept().await.unwrap());
    }
    assert_eq!(shared.places.available_permits(), 0);
    // One that ends makes room for one other.
    drop(guests.pop());
    guests.push(listener.accept().await.unwrap());
    for task in &tasks {
        task.abort();
    }
}

#[test]
fn only_a_change_is_told() {
    let probe = ProbeConfig::new("p");
    let mut last = None;
    for (outcome, is_news) in [
        (Ok(()), true),
        (Ok(()), false),
        (Err(ProbeFault::Refused), true),
        (Err(ProbeFault::Reset), true),
        (Err(ProbeFault::Reset), false),
    ] {
        assert_eq!(last != Some(outcome), is_news);
        tell_change(&probe, outcome, &mut last);
        assert_eq!(last, Some(outcome));
    }
}
