//! Runs a scanner over bytes as a reader would, and collects what it tells.

use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use logparse::catalogue::{Catalogue, FunctionId};
use logparse::date_order::DateOrder;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Hit, Miss, Scanner, Sink, Tally};
use logparse::stamped::is_stamped;
use model::connector::ConnectorKind;

/// The built-in catalogue, proven once for all tests.
pub(crate) static CATALOGUE: LazyLock<Arc<Catalogue>> =
    LazyLock::new(|| Arc::new(Catalogue::built_in(ConnectorKind::NetskopePublisher).unwrap()));

/// The same for a Netskope Client.
pub(crate) static NETSKOPE_CLIENT: LazyLock<Arc<Catalogue>> =
    LazyLock::new(|| Arc::new(Catalogue::built_in(ConnectorKind::NetskopeClient).unwrap()));

/// The same for a Cato Client.
pub(crate) static CATO_CLIENT: LazyLock<Arc<Catalogue>> =
    LazyLock::new(|| Arc::new(Catalogue::built_in(ConnectorKind::CatoClient).unwrap()));

/// Everything that a scan tells, whatever the cutting of the stream.
#[derive(Debug, Default, PartialEq, Clone)]
pub(crate) struct Told {
    /// Offset and `event` or `event|reason`.
    pub(crate) events: Vec<(u64, String)>,
    /// Offset and function.
    pub(crate) misses: Vec<(u64, String)>,
    /// The lines of events and misses.
    pub(crate) lines: Vec<Vec<u8>>,
    /// Sums over all chunks.
    pub(crate) tally: Tally,
}

impl Told {
    /// The events without their places.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.events.iter().map(|(_, name)| name.as_str()).collect()
    }
}

/// Writes down what it is told, and checks that it is told the same in every way.
struct Listener<'a> {
    catalogue: &'a Catalogue,
    told: &'a mut Told,
}

/// Listens to a Publisher's scan.
impl Sink for Told {
    fn event(&mut self, hit: &Hit<'_>) {
        Listener {
            catalogue: &CATALOGUE,
            told: self,
        }
        .event(hit);
    }

    fn near_miss(&mut self, function: FunctionId, miss: &Miss<'_>) {
        Listener {
            catalogue: &CATALOGUE,
            told: self,
        }
        .near_miss(function, miss);
    }
}

impl Sink for Listener<'_> {
    fn event(&mut self, hit: &Hit<'_>) {
        assert_eq!(&self.catalogue.pairs()[hit.pair().0], hit.key());
        let event = hit.event();
        assert_eq!((&event.key, event.time), (hit.key(), hit.time()));
        let reason = hit.key().reason.as_str();
        let name = match reason {
            "" => hit.kind().to_string(),
            _ => format!("{}|{reason}", hit.kind()),
        };
        self.told.events.push((hit.offset(), name));
        self.told.lines.push(hit.line().to_vec());
    }

    fn near_miss(&mut self, function: FunctionId, miss: &Miss<'_>) {
        let label = self.catalogue.functions()[function.0].to_string();
        self.told.misses.push((miss.offset(), label));
        self.told.lines.push(miss.line().to_vec());
    }
}

/// Scans a Publisher's `stream` as a reader whose file grows by `cuts` and then to its end.
pub(crate) fn scan(stream: &[u8], encoding: Encoding, cuts: &[usize]) -> Told {
    scan_with(&CATALOGUE, stream, encoding, cuts)
}

/// The same for the product of `catalogue`.
pub(crate) fn scan_with(
    catalogue: &Arc<Catalogue>,
    stream: &[u8],
    encoding: Encoding,
    cuts: &[usize],
) -> Told {
    let mut scanner = Scanner::new(Arc::clone(catalogue), TimeZone::UTC);
    let mut told = Told::default();
    let (mut done, mut end, mut mid_line) = (0, 0, false);
    for more in cuts.iter().map(|cut| Some(*cut)).chain([None]) {
        end = more.map_or(stream.len(), |more| (end + more).min(stream.len()));
        let chunk = Chunk {
            bytes: &stream[done..end],
            offset: u64::try_from(done).unwrap(),
            encoding,
            mid_line,
            is_final: more.is_none(),
            date_order: DateOrder::default(),
            is_stamped: is_stamped(catalogue.kind(), stream),
        };
        let scanned = scanner.scan(
            chunk,
            &mut Listener {
                catalogue,
                told: &mut told,
            },
        );
        done += scanned.consumed;
        mid_line = scanned.mid_line;
        add(&mut told.tally, &scanned.tally);
    }
    assert_eq!(done, stream.len(), "a final chunk leaves nothing");
    told
}

fn add(sum: &mut Tally, more: &Tally) {
    sum.lines += more.lines;
    sum.recognised += more.recognised;
    sum.ignored += more.ignored;
    sum.oversize += more.oversize;
    sum.invalid_utf8 += more.invalid_utf8;
    sum.continuation += more.continuation;
    sum.oversize_bytes += more.oversize_bytes;
    sum.nul_bytes += more.nul_bytes;
}

/// `text` in an encoding, with its byte order mark.
pub(crate) fn encoded(text: &str, encoding: Encoding) -> Vec<u8> {
    let marked = format!("\u{feff}{text}");
    match encoding {
        Encoding::Utf8 => marked.into_bytes(),
        Encoding::Utf16Le => marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}
