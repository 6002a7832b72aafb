//! Which source of `tail` is which log of which connector, and how its bytes become events.
//!
//! `tail` counts sources, the store knows names, the ledger has places: this table
//! translates, and holds one scanner a source.
//!
//! It also learns what files tell beside their lines: the order of their dates, as far as
//! it needs more than the file's start (`dates`), and by their names which version of a
//! client was started last. Names of files that gave no line tell nothing.

mod dates;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use logparse::catalogue::Catalogue;
use logparse::date_order::{DateOrder, FileDates, Piece, has_slashed_dates};
use logparse::file_name::named_start;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Scanner};
use logparse::stamped::is_stamped;
use model::connector::ConnectorKind;
use model::position::{FileId, Position, PositionChange, SourceId};
use store::{LogName, PositionUpdate, StoredPosition};
use tail::turn::{Batch, Taken};

use self::dates::DatesBook;
use super::fold::{FileRef, Fold};
use super::ledger::{Ledger, LogPlace};

/// One followed log.
struct Source {
    place: LogPlace,
    name: LogName,
    scanner: Scanner,
    kind: ConnectorKind,
}

/// The followed logs, in `tail`'s order.
#[derive(Default)]
pub struct SourceTable {
    sources: Vec<Source>,
    dates: DatesBook,
    /// The latest start that a file of a connector is named after, of those that gave
    /// lines.
    started: BTreeMap<usize, DateTime>,
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
        let (place, kind) = (source.place, source.kind);
        let file = FileRef {
            id: batch.id,
            path: batch.path,
        };
        let encoding = Encoding::sniff(batch.start);
        let mut dates = known_dates(&self.dates, batch);
        let date_order = if has_slashed_dates(kind) {
            look_at_dates(&mut dates, batch, encoding)
        } else {
            DateOrder::default()
        };
        let mut fold = Fold::new(ledger, place, file, now);
        let chunk = Chunk {
            bytes: batch.bytes,
            offset: batch.offset,
            encoding,
            mid_line: batch.mid_line,
            is_final: batch.is_final,
            date_order,
            is_stamped: is_stamped(kind, batch.start),
        };
        let scanned = source.scanner.scan(chunk, &mut fold);
        fold.add_up(
            &scanned.tally,
            u64::try_from(scanned.consumed).unwrap_or(u64::MAX),
        );
        // What is not consumed comes again, and with it what its dates tell.
        if 0 < scanned.consumed {
            self.note_dates(batch, dates, ledger);
        }
        if 0 < scanned.tally.lines {
            self.note_start(batch, ledger);
        }
        Taken {
            consumed: scanned.consumed,
            mid_line: scanned.mid_line,
            line_end: !scanned.mid_line,
        }
    }

    /// Keeps what the dates of a file told, and counts the file if they left it open.
    fn note_dates(&mut self, batch: &Batch<'_>, dates: FileDates, ledger: &mut Ledger) {
        let before = known_dates(&self.dates, batch);
        let Some(place) = self.place_of(batch.source) else {
            return;
        };
        if let (None, Some(taken)) = (before.guessed(), dates.guessed()) {
            ledger.count_ambiguous_dates(place, taken);
        }
        if let Some(value) = self.dates.set(batch.id, dates) {
            // Refused only if other parts keep more than there is room for: then a
            // restart counts the file once more.
            let _ = ledger.keep(vec![(Arc::from(dates::KEY), Some(value))]);
        }
    }

    /// Learns a client's version from the name of a file that gave lines, unless it was
    /// started anew since.
    fn note_start(&mut self, batch: &Batch<'_>, ledger: &mut Ledger) {
        let Some(source) = self.sources.get(batch.source.0) else {
            return;
        };
        let name = batch.path.to_str();
        let Some(start) = name.and_then(|name| named_start(source.kind, name)) else {
            return;
        };
        let connector = source.place.connector;
        let newest = self.started.entry(connector).or_insert(start.at);
        if *newest <= start.at {
            *newest = start.at;
            ledger.learn_version(connector, start.version);
        }
    }

    /// Takes back what an earlier run kept.
    pub fn restore_dates(&mut self, kept: &[(Arc<str>, Vec<u8>)]) {
        let mut found = kept.iter().filter(|(key, _)| &**key == dates::KEY);
        if let Some((_, value)) = found.next() {
            self.dates = DatesBook::restored(value);
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
    ///
    /// What the names of files tell that gave lines is known from here on.
    pub fn place_positions(
        &mut self,
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
        let placed: Vec<_> = stored
            .into_iter()
            .filter_map(|row| {
                let same_name = |source: &Source| source.name == row.log;
                let own = self.sources.iter().position(same_name);
                let place = own.or_else(|| heir(&row))?;
                Some((row.id, SourceId(place), row.position))
            })
            .collect();
        for (_, source, position) in placed.iter().filter(|(.., read)| 0 < read.offset) {
            self.recall_start(*source, &position.path);
        }
        placed
    }

    fn recall_start(&mut self, source: SourceId, path: &str) {
        if let Some(source) = self.sources.get(source.0)
            && let Some(start) = named_start(source.kind, path)
        {
            let newest = self.started.entry(source.place.connector);
            let newest = newest.or_insert(start.at);
            *newest = start.at.max(*newest);
        }
    }
}

/// What is known of a batch's file. A file that is read from its beginning, perhaps
/// again, has told nothing yet.
fn known_dates(book: &DatesBook, batch: &Batch<'_>) -> FileDates {
    if batch.offset == 0 {
        FileDates::default()
    } else {
        book.of(batch.id)
    }
}

/// In which order the dates of a batch are read. Its file's start is looked at with each
/// batch: it tells more as the file grows, and is short.
fn look_at_dates(dates: &mut FileDates, batch: &Batch<'_>, encoding: Encoding) -> DateOrder {
    let file_name = batch.path.to_str();
    let piece = Piece {
        file_name,
        bytes: batch.bytes,
        encoding,
        mid_line: batch.mid_line,
    };
    dates.look(DateOrder::detect(file_name, batch.start), piece)
}
