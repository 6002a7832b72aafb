//! Keeps the page of metrics encoded, so that many scrapes cost one.
//!
//! A page belongs to one snapshot and one second: the snapshot's numbers cannot change
//! within it, and the agent's own may be a second old. Each form (format and coding)
//! is made when it is first asked for and then shared as [`Bytes`]. What the numbers
//! are is not known here but in [`crate::metrics`].

use std::fmt;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use model::snapshot::Snapshot;
use prometheus_client::registry::Registry;

use super::negotiate::{Coding, Format};
use crate::clock::Clock;
use crate::metrics::text::to_text_004;
use crate::metrics::{AgentMetrics, render};

/// Why the page could not be written. The client gets a 500 and asks again.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExpositionError {
    /// The encoder gave up.
    #[error("cannot encode the metrics")]
    Encode(#[from] fmt::Error),
    /// The packer gave up.
    #[error("cannot compress the metrics")]
    Compress(#[from] io::Error),
}

/// The page's maker and its last product.
#[derive(Debug)]
pub(super) struct Exposition {
    registry: Arc<Registry>,
    metrics: AgentMetrics,
    clock: Clock,
    last: Mutex<Option<EncodedPage>>,
}

/// One page in all the forms that were asked for.
#[derive(Debug)]
struct EncodedPage {
    /// Kept alive so that its address cannot be another snapshot's.
    snapshot: Arc<Snapshot>,
    /// Seconds of the monotonic clock.
    second: u64,
    openmetrics: Bytes,
    text: Option<Bytes>,
    openmetrics_gzip: Option<Bytes>,
    text_gzip: Option<Bytes>,
}

impl Exposition {
    pub(super) const fn new(registry: Arc<Registry>, metrics: AgentMetrics, clock: Clock) -> Self {
        Self {
            registry,
            metrics,
            clock,
            last: Mutex::new(None),
        }
    }

    /// The page of `snapshot` in one form.
    pub(super) fn page(
        &self,
        snapshot: &Arc<Snapshot>,
        format: Format,
        coding: Coding,
    ) -> Result<Bytes, ExpositionError> {
        let second = self.clock.now().monotonic.as_secs();
        // Held while encoding, so that a burst of scrapes waits for one page instead
        // of making its own each. A panic inside leaves a whole page or none.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current =
            |page: &EncodedPage| page.second == second && Arc::ptr_eq(&page.snapshot, snapshot);
        let page = match last.take().filter(is_current) {
            Some(page) => last.insert(page),
            None => last.insert(self.encode(snapshot, second)?),
        };
        page.form(format, coding)
    }

    fn encode(&self, snapshot: &Arc<Snapshot>, second: u64) -> Result<EncodedPage, fmt::Error> {
        let started = self.clock.now().monotonic;
        let openmetrics = Bytes::from(render(snapshot, &self.registry)?);
        self.metrics
            .scrape_rendered(self.clock.now().monotonic.saturating_sub(started));
        Ok(EncodedPage {
            snapshot: Arc::clone(snapshot),
            second,
            openmetrics,
            text: None,
            openmetrics_gzip: None,
            text_gzip: None,
        })
    }
}

impl EncodedPage {
    fn form(&mut self, format: Format, coding: Coding) -> Result<Bytes, ExpositionError> {
        let plain = match format {
            Format::OpenMetrics => self.openmetrics.clone(),
            Format::Text => {
                let openmetrics = &self.openmetrics;
                self.text
                    .get_or_insert_with(|| text_of(openmetrics))
                    .clone()
            }
        };
        let packed = match (coding, format) {
            (Coding::Identity, Format::OpenMetrics | Format::Text) => return Ok(plain),
            (Coding::Gzip, Format::OpenMetrics) => &mut self.openmetrics_gzip,
            (Coding::Gzip, Format::Text) => &mut self.text_gzip,
        };
        if let Some(bytes) = packed {
            return Ok(bytes.clone());
        }
        Ok(packed.insert(gzip(&plain)?).clone())
    }
}

fn text_of(openmetrics: &Bytes) -> Bytes {
    // The encoder wrote a `String`, so nothing is replaced here.
    Bytes::from(to_text_004(&String::from_utf8_lossy(openmetrics)))
}

fn gzip(plain: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain)?;
    encoder.finish().map(Bytes::from)
}
