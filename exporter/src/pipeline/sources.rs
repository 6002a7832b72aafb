//! Which source of `tail` is which log of which connector, and how its bytes become events.
//!
//! `tail` counts sources, the store knows names, the ledger has places: this table
//! translates, and holds one scanner a source.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use logparse::catalogue::Catalogue;
use logparse::date_order::DateOrder;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Scanner};
use logparse::stamped::is_stamped;
use model::connector::ConnectorKind;
use model::position::{FileId, Position, PositionChange, SourceId};
use store::{LogName, PositionUpdate, StoredPosition};
use tail::turn::{Batch, Taken};

use super::fold::{FileRef, Fold};
use super::ledger::{Ledger, LogPlace};

/// One followed log.
struct Source {
    place: LogPlace,
    name: LogName,
    scanner: Scanner,
    kind: ConnectorKind,
    /// Whether the files have to tell in which order they write day and month.
    has_slashed_dates: bool,
}

impl Source {
    /// Looked up for each batch: a file's first lines tell more as it grows, and they
    /// are few.
    fn date_order(&self, batch: &Batch<'_>) -> DateOrder {
        if self.has_slashed_dates {
            DateOrder::detect(batch.path.to_str(), batch.start)
        } else {
            DateOrder::default()
        }
    }
}

/// Whether some of the product's files write dates with slashes and without telling
/// which number is the day.
const fn has_slashed_dates(kind: ConnectorKind) -> bool {
    match kind {
        ConnectorKind::CatoClient => true,
        // The year stands first.
        ConnectorKind::NetskopePublisher | ConnectorKind::NetskopeClient => false,
    }
}

/// The followed logs, in `tail`'s order.
#[derive(Default)]
pub struct SourceTable {
    sources: Vec<Source>,
}

impl SourceTable {
    /// Adds the next source, and returns the number that `tail` knows it by.
    pub fn add(
        &mut self,
        place: LogPlace,
        name: LogName,
        catalogue: Arc<Catalogue>,
        zone: TimeZone,
    ) -> SourceId {
        let source = SourceId(self.sources.len());
        self.sources.push(Source {
            place,
            name,
            kind: catalogue.kind(),
            has_slashed_dates: has_slashed_dates(catalogue.kind()),
            scanner: Scanner::new(catalogue, zone),
        });
        source
    }

    /// The log's place, if the source exists.
    pub fn place_of(&self, source: SourceId) -> Option<LogPlace> {
        self.sources.get(source.0).map(|source| source.place)
    }

    /// The source of a log, by its place.
    pub fn source_of(&self, connector: usize, log: usize) -> Option<SourceId> {
        let place = LogPlace { connector, log };
        self.sources
            .iter()
            .position(|source| source.place == place)
            .map(SourceId)
    }

    /// Scans one batch, read at `now`, into the ledger.
    pub fn take(&mut self, batch: &Batch<'_>, ledger: &mut Ledger, now: Timestamp) -> Taken {
        let Some(source) = self.sources.get_mut(batch.source.0) else {
            // `tail` was given this table's sources and no others.
            return Taken {
                consumed: batch.bytes.len(),
                mid_line: false,
                line_end: true,
            };
        };
        let file = FileRef {
            id: batch.id,
            path: batch.path,
        };
        let mut fold = Fold::new(ledger, source.place, file, now);
        let chunk = Chunk {
            bytes: batch.bytes,
            offset: batch.offset,
            encoding: Encoding::sniff(batch.start),
            mid_line: batch.mid_line,
            is_final: batch.is_final,
            date_order: source.date_order(batch),
            is_stamped: is_stamped(source.kind, batch.start),
        };
        let scanned = source.scanner.scan(chunk, &mut fold);
        fold.add_up(
            &scanned.tally,
            u64::try_from(scanned.consumed).unwrap_or(u64::MAX),
        );
        Taken {
            consumed: scanned.consumed,
            mid_line: scanned.mid_line,
            line_end: !scanned.mid_line,
        }
    }

    /// The changes under the names that outlive this configuration.
    pub fn name_changes<'c>(
        &self,
        changes: impl Iterator<Item = &'c PositionChange>,
    ) -> Vec<PositionUpdate> {
        changes
            .filter_map(|change| match change {
                PositionChange::Moved {
                    id,
                    source,
                    position,
                } => {
                    let log = self.sources.get(source.0)?.name.clone();
                    let stored = StoredPosition {
                        id: *id,
                        log,
                        position: position.clone(),
                    };
                    Some(PositionUpdate::Moved(stored))
                }
                PositionChange::Forgotten { id } => Some(PositionUpdate::Forgotten(*id)),
            })
            .collect()
    }

    /// The stored positions as `tail` takes them.
    ///
    /// A position belongs to the log of its name. If that log is no longer configured,
    /// it was renamed or its pattern moved: then it goes to the first other log of the
    /// same connector whose patterns match the file (`matches`), since reading the file
    /// again would count its events twice.
    pub fn place_positions(
        &self,
        stored: Vec<StoredPosition>,
        matches: impl Fn(SourceId, &str) -> bool,
    ) -> Vec<(FileId, SourceId, Position)> {
        let heir = |row: &StoredPosition| {
            let mut sources = self.sources.iter().enumerate();
            let found = sources.find(|(place, source)| {
                source.name.connector == row.log.connector
                    && matches(SourceId(*place), &row.position.path)
            });
            found.map(|(place, _)| place)
        };
        stored
            .into_iter()
            .filter_map(|row| {
                let same_name = |source: &Source| source.name == row.log;
                let own = self.sources.iter().position(same_name);
                let place = own.or_else(|| heir(&row))?;
                Some((row.id, SourceId(place), row.position))
            })
            .collect()
    }
}
