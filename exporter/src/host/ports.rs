//! How many of the ephemeral ports are taken.
//!
//! A host that has no port left opens no connection, and a Publisher opens one for each
//! that its users open. The kernel lists its sockets line by line and counts no ports; so
//! the lists are read, as long as they are, in pieces. A port that many connections share
//! is taken once; so is one that waits to be forgotten.
//!
//! The kernel takes about six microseconds a socket for its lists, and some milliseconds
//! for empty ones on a host with much memory: read every 15 s they were three tenths of
//! what an idle agent costs. So they are read once a minute, and more rarely where that is
//! dear: `PortCount` rests for three hundred times as long as it took, and its last count
//! stands meanwhile, for minutes at most.
//!
//! Source of the lists: proc_net(5), and `Documentation/networking/proc_net_tcp.rst`.
//!
//! Known limits: connections to different peers may share a port, so more are possible
//! than there are ports. A list beyond `LIST_BYTES_MAX` is not counted.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use super::reader::{Reader, TextError};
use crate::clock::Clock;

/// Most bytes read of one list: a hundred thousand sockets.
const LIST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How many times as long as a count took nothing is counted: a third of a per cent of a
/// core at most.
const REST_FACTOR: u32 = 300;

/// Shortest rest: with a sample every 15 s, one count a minute.
const REST_MIN: Duration = Duration::from_secs(50);

/// Longest rest, and so the greatest age of a count.
const REST_MAX: Duration = Duration::from_secs(300);

/// Reads the port of our end from a line of `/proc/net/tcp` and its like. `None` for the
/// heading.
///
/// # Errors
///
/// It is no socket. The line's number is the caller's to know.
pub fn read_local_port(line: &str) -> Result<Option<u16>, TextError> {
    let mut words = line.split_ascii_whitespace();
    if words.next() == Some("sl") {
        return Ok(None);
    }
    let port = words.next().and_then(|address| {
        let (_, port) = address.rsplit_once(':')?;
        u16::from_str_radix(port, 16).ok()
    });
    port.map(Some).ok_or(TextError {
        line: 0,
        wanted: "a socket",
    })
}

/// Ports, each at most once.
struct Ports {
    words: Vec<u64>,
}

impl Ports {
    fn none() -> Self {
        Self {
            words: vec![0; 1024],
        }
    }

    fn insert(&mut self, port: u16) {
        if let Some(word) = self.words.get_mut(usize::from(port >> 6)) {
            *word |= 1 << (port & 63);
        }
    }

    fn count(&self) -> u64 {
        let bits = self.words.iter().map(|word| u64::from(word.count_ones()));
        bits.sum()
    }
}

/// Counts taken ports, as rarely as counting is dear.
pub(super) struct PortCount {
    clock: Clock,
    last: Option<Counted>,
}

/// A count.
#[derive(Debug, Clone, Copy)]
struct Counted {
    at: Duration,
    took: Duration,
    tcp: Option<u64>,
    udp: Option<u64>,
}

impl Counted {
    fn stands(&self, now: Duration) -> bool {
        let rest = self.took.saturating_mul(REST_FACTOR);
        now.saturating_sub(self.at) < rest.clamp(REST_MIN, REST_MAX)
    }
}

impl PortCount {
    pub(super) const fn new(clock: Clock) -> Self {
        Self { clock, last: None }
    }

    /// Taken ports of TCP and of UDP. `None` for what could not be read.
    pub(super) fn used(
        &mut self,
        net: &Path,
        range: &RangeInclusive<u16>,
        reader: &mut Reader,
    ) -> (Option<u64>, Option<u64>) {
        if let Some(last) = self.last.filter(|last| last.stands(reader.now)) {
            return (last.tcp, last.udp);
        }
        let began = self.clock.now().monotonic;
        let tcp = ports_used(net, "tcp", range, reader);
        let udp = ports_used(net, "udp", range, reader);
        let took = self.clock.now().monotonic.saturating_sub(began);
        self.last = Some(Counted {
            at: reader.now,
            took,
            tcp,
            udp,
        });
        (tcp, udp)
    }
}

/// Counts the ports of `range` that sockets of `tcp` or `udp` have, over both families of
/// addresses. `None` if a list could not be read.
fn ports_used(
    net: &Path,
    protocol: &str,
    range: &RangeInclusive<u16>,
    reader: &mut Reader,
) -> Option<u64> {
    let mut ports = Ports::none();
    let mut take = |line: &str| {
        if let Some(port) = read_local_port(line)?.filter(|port| range.contains(port)) {
            ports.insert(port);
        }
        Ok(())
    };
    let v4 = reader.each_line(&net.join(protocol), LIST_BYTES_MAX, &mut take);
    let v6 = reader.each_line(&net.join(format!("{protocol}6")), LIST_BYTES_MAX, &mut take);
    if let Err(error) = v4 {
        reader.note(error);
        return None;
    }
    match v6 {
        Err(error) if !error.is_absence() => {
            reader.note(error);
            None
        }
        // A host without IPv6.
        Ok(()) | Err(_) => Some(ports.count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::TcpListener;

    #[test]
    fn a_sockets_own_port_is_read_and_the_heading_is_none() {
        for (line, expected) in [
            ("  sl  local_address rem_address   st", Ok(None)),
            ("   0: 0100007F:2A9E 00000000:0000 0A", Ok(Some(0x2a9e))),
            (
                "  17: 00000000000000000000000001000000:FFFF 0:0 06",
                Ok(Some(65_535)),
            ),
        ] {
            assert_eq!(read_local_port(line), expected, "{line}");
        }
        for line in ["", "0:", "0: x", "0: A:10000", "0: A:-1", "0: A:"] {
            assert!(read_local_port(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_port_is_taken_once_by_however_many() {
        let roots = super::super::tests::fixture_roots();
        let mut reader = Reader::default();
        let mut used = |protocol, range| {
            let net = roots.proc.join("net");
            ports_used(&net, protocol, &range, &mut reader)
        };
        // 32768 twice and once by IPv6, 50000, 60999 that waits; 61000 and 443 lie outside.
        assert_eq!(used("tcp", 32_768..=60_999), Some(3));
        assert_eq!(used("tcp", 443..=443), Some(1));
        assert_eq!(used("udp", 32_768..=60_999), Some(1));
        assert_eq!(used("none", 0..=1), None);
        assert!(
            reader
                .settle()
                .1
                .unwrap()
                .contains("net/none` was not read")
        );
    }

    #[test]
    fn a_list_with_garbage_is_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tcp"), "  sl\n 0: A:1 \ngarbage\n").unwrap();
        let mut reader = Reader::default();
        let used = ports_used(folder.path(), "tcp", &(0..=u16::MAX), &mut reader);
        assert_eq!(used, None);
        let problems = reader.settle().1.unwrap();
        assert!(
            problems.ends_with("tcp` is not understood: line 3 is not a socket"),
            "{problems}"
        );
    }

    #[test]
    fn a_port_of_ours_is_among_those_of_this_host() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut reader = Reader::default();
        let used = ports_used(Path::new("/proc/net"), "tcp", &(port..=port), &mut reader);
        assert_eq!((used, reader.settle().1), (Some(1), None));
    }

    #[test]
    fn a_count_stands_for_a_minute_or_three_hundred_times_as_long_as_it_took() {
        let counted = |took_ms| Counted {
            at: Duration::from_secs(100),
            took: Duration::from_millis(took_ms),
            tcp: None,
            udp: None,
        };
        for (took_ms, second, expected) in [
            // However little it took, one a minute is enough.
            (0, 149, true),
            (0, 150, false),
            (10, 149, true),
            (10, 150, false),
            (200, 159, true),
            (200, 160, false),
            // However long it took, it is not too old.
            (60_000, 399, true),
            (60_000, 400, false),
        ] {
            let now = Duration::from_secs(second);
            assert_eq!(counted(took_ms).stands(now), expected, "{took_ms} {second}");
        }
    }

    #[test]
    fn the_last_count_is_told_while_it_stands() {
        let roots = super::super::tests::fixture_roots();
        let net = roots.proc.join("net");
        let mut count = PortCount::new(Clock::start());
        let mut reader = Reader::default();
        assert_eq!(
            count.used(&net, &(32_768..=60_999), &mut reader),
            (Some(3), Some(1))
        );
        // Long ago it would have taken long: of other ports nothing is asked yet.
        count.last = count.last.map(|last| Counted {
            took: Duration::from_secs(1),
            ..last
        });
        assert_eq!(count.used(&net, &(1..=2), &mut reader), (Some(3), Some(1)));
        reader.now = Duration::from_secs(301);
        assert_eq!(count.used(&net, &(1..=2), &mut reader), (Some(0), Some(0)));
    }

    proptest! {
        /// Whatever stands there is a port, a heading or an error.
        #[test]
        fn any_line_is_survived(
            any in ".{0,60}",
            line in " {0,3}[0-9]{1,3}: [0-9A-Fa-f]{0,33}:[0-9A-Fa-f-]{0,6}",
        ) {
            let _ = (read_local_port(&any), read_local_port(&line));
        }
    }
}
