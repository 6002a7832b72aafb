//! Tells browsers that a turn was committed, as server-sent events.
//!
//! An event says only when the turn was taken; who hears it asks for its page again.
//! So a stream holds nothing of a snapshot, and a slow reader misses nothing: what it
//! did not take is one event later the same news. A heartbeat tells a frozen agent from
//! a quiet one.
//!
//! A stream ends when its connection is to end, by age or by the agent's stop, and the
//! browser opens another one. A connection with a stream counts as one that waits, so a
//! scrape that needs the place gets it (`gate`).

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use jiff::Timestamp;
use model::snapshot::Snapshot;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Most streams at once, over all addresses listened on: a quarter of the places.
pub(super) const STREAMS_MAX: usize = 16;

/// No more than one event in this time: a person does not read faster.
const PACE: Duration = Duration::from_secs(1);

/// How often something is said while nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a browser waits before it opens a stream anew, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// Becomes true when the connection that a request came on is to end.
#[derive(Debug, Clone)]
pub(super) struct Closing(pub(super) watch::Receiver<bool>);

/// The places for streams.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    places: Arc<Semaphore>,
}

impl Streams {
    pub(super) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    /// Begins a stream; `None` if there are as many as may be.
    pub(super) fn open(
        &self,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        closing: Closing,
    ) -> Option<Body> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let feed = Feed::new(snapshots, closing, place);
        Some(Body::new(EventBody {
            next: Box::pin(feed.next()),
        }))
    }
}

/// What a stream goes on from.
struct Feed {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    closing: Closing,
    pace: Interval,
    heartbeat: Interval,
    /// The turn that was told last; the outer `None` before the first word.
    told: Option<Option<Timestamp>>,
    _place: OwnedSemaphorePermit,
}

impl Feed {
    fn new(
        snapshots: watch::Receiver<Arc<Snapshot>>,
        closing: Closing,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            snapshots,
            closing,
            pace,
            heartbeat,
            told: None,
            _place: place,
        }
    }

    /// The next words; `None` when the stream ends.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            let taken_at = self.snapshots.borrow_and_update().taken_at;
            if self.told != Some(taken_at) {
                let opening = if self.told.is_none() {
                    format!("retry: {RETRY_MS}\n")
                } else {
                    String::new()
                };
                self.told = Some(taken_at);
                self.heartbeat.reset();
                return Some((Bytes::from(opening + &turn_event(taken_at)), self));
            }
            let Self {
                snapshots,
                closing,
                pace,
                heartbeat,
                ..
            } = &mut self;
            let news = async {
                pace.tick().await;
                snapshots.changed().await
            };
            tokio::select! {
                biased;
                () = super::stopped(&mut closing.0) => return None,
                changed = news => changed.ok()?,
                _ = heartbeat.tick() => {
                    return Some((Bytes::from_static(b"event: heartbeat\ndata:\n\n"), self));
                }
            }
        }
    }
}

/// A turn without a time is the picture before the first one.
fn turn_event(taken_at: Option<Timestamp>) -> String {
    let id = taken_at.map(|at| at.to_string()).unwrap_or_default();
    format!("id: {id}\nevent: turn\ndata: {{\"taken_at\":\"{id}\"}}\n\n")
}

type NextWords = Pin<Box<dyn Future<Output = Option<(Bytes, Feed)>> + Send>>;

/// The response's body: one word after the other.
struct EventBody {
    next: NextWords,
}

impl HttpBody for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some((words, feed)) = ready!(self.next.as_mut().poll(context)) else {
            self.next = Box::pin(std::future::pending());
            return Poll::Ready(None);
        };
        self.next = Box::pin(feed.next());
        Poll::Ready(Some(Ok(Frame::data(words))))
    }
}
