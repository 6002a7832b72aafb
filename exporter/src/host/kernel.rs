//! What the kernel has much of, and how much it may have: files, connections, sockets, pages.
//!
//! Each fact is a small file of its own. A host that tracks no connections or has no IPv6
//! lacks some of them, which is no problem but an absent number.
//!
//! Source of the files: proc_sys_fs(5), proc_vmstat(5), and the kernel's
//! `Documentation/networking/{ip-sysctl,nf_conntrack-sysctl}.rst`.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use model::host::{HostCollector, Kernel};

use super::ports::PortCount;
use super::reader::{Reader, TextError, number, numbered};
use super::settings::Roots;
use super::worker::Collector;
use crate::clock::Clock;

/// Reads `file-nr`: open, unused, and most files. Returns open and most.
///
/// # Errors
///
/// There are not three numbers.
pub fn read_file_nr(text: &str) -> Result<(u64, u64), TextError> {
    let mut numbers = text.split_ascii_whitespace().map(number);
    match (numbers.next(), numbers.next(), numbers.next()) {
        // The unused ones are counted as open, as the kernel does; they are 0 since Linux 2.6.
        (Some(Some(open)), Some(Some(_)), Some(Some(max))) => Ok((open, max)),
        _ => Err(TextError {
            line: 1,
            wanted: "three numbers",
        }),
    }
}

/// Reads `ip_local_port_range`: the first and the last.
///
/// # Errors
///
/// There are not two numbers in order.
pub fn read_port_range(text: &str) -> Result<RangeInclusive<u16>, TextError> {
    let port = |word: &str| u16::try_from(number(word)?).ok();
    let mut ports = text.split_ascii_whitespace().map(port);
    match (ports.next(), ports.next()) {
        (Some(Some(first)), Some(Some(last))) if first <= last => Ok(first..=last),
        _ => Err(TextError {
            line: 1,
            wanted: "the first and the last port",
        }),
    }
}

/// Reads a file with one number.
///
/// # Errors
///
/// It is none.
pub fn read_number(text: &str) -> Result<u64, TextError> {
    number(text.trim()).ok_or(TextError {
        line: 1,
        wanted: "a number",
    })
}

/// Sockets in use, of one family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sockets {
    /// TCP, listening ones included.
    pub tcp: Option<u64>,
    /// TCP connections that wait to be forgotten, of both families.
    pub tcp_time_wait: Option<u64>,
    /// UDP.
    pub udp: Option<u64>,
}

/// Reads `sockstat` or `sockstat6`: a protocol a line, then pairs of name and number.
///
/// # Errors
///
/// A number of a line that we know is none.
pub fn read_sockstat(text: &str) -> Result<Sockets, TextError> {
    let mut sockets = Sockets::default();
    for (line, content) in numbered(text) {
        let Some((protocol, pairs)) = content.split_once(':') else {
            continue;
        };
        let read = |key| value_of(pairs, key, line);
        match protocol {
            "TCP" | "TCP6" => {
                sockets.tcp = read("inuse")?;
                sockets.tcp_time_wait = read("tw")?;
            }
            "UDP" | "UDP6" => sockets.udp = read("inuse")?,
            _ => {}
        }
    }
    Ok(sockets)
}

fn value_of(pairs: &str, key: &str, line: usize) -> Result<Option<u64>, TextError> {
    let mut words = pairs.split_ascii_whitespace();
    while let Some(word) = words.next() {
        let value = words.next();
        if word == key {
            let value = value.and_then(number).ok_or(TextError {
                line,
                wanted: "pairs of name and number",
            })?;
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Pages that moved since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paging {
    /// Kilobytes paged in.
    pub paged_in: Option<u64>,
    /// Kilobytes paged out.
    pub paged_out: Option<u64>,
    /// Pages swapped in.
    pub swapped_in: Option<u64>,
    /// Pages swapped out.
    pub swapped_out: Option<u64>,
}

/// Reads the text of `/proc/vmstat`: a name and a number a line.
///
/// # Errors
///
/// A number that we want is none.
pub fn read_vmstat(text: &str) -> Result<Paging, TextError> {
    let mut paging = Paging::default();
    for (line, content) in numbered(text) {
        let Some((key, value)) = content.split_once(' ') else {
            continue;
        };
        let slot = match key {
            "pgpgin" => &mut paging.paged_in,
            "pgpgout" => &mut paging.paged_out,
            "pswpin" => &mut paging.swapped_in,
            "pswpout" => &mut paging.swapped_out,
            _ => continue,
        };
        let value = number(value.trim()).ok_or(TextError {
            line,
            wanted: "a name and a number",
        })?;
        *slot = Some(value);
    }
    Ok(paging)
}

/// Adds what both families have; what only one tells is that.
const fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (Some(only), None) | (None, Some(only)) => Some(only),
        (None, None) => None,
    }
}

/// Reads the kernel's counts and limits, but for those that other collectors pass by.
pub(super) struct KernelCounts {
    proc: PathBuf,
    ports: PortCount,
}

impl KernelCounts {
    pub(super) fn new(roots: &Roots, clock: Clock) -> Self {
        Self {
            proc: roots.proc.clone(),
            ports: PortCount::new(clock),
        }
    }
}

impl Collector for KernelCounts {
    const KIND: HostCollector = HostCollector::Kernel;
    type Found = Kernel;

    fn collect(&mut self, reader: &mut Reader) -> Option<Kernel> {
        let proc = self.proc.clone();
        let file = |name: &str| proc.join(name);
        let files = reader.wanted(&file("sys/fs/file-nr"), read_file_nr);
        let tracking = |name: &str| file("sys/net/netfilter").join(name);
        let conntrack = reader.optional(&tracking("nf_conntrack_count"), read_number);
        let conntrack_max = reader.optional(&tracking("nf_conntrack_max"), read_number);
        let ports = reader.wanted(&file("sys/net/ipv4/ip_local_port_range"), read_port_range);
        let used = ports
            .as_ref()
            .map(|range| self.ports.used(&file("net"), range, reader));
        let (tcp_ports_used, udp_ports_used) = used.unwrap_or_default();
        let v4 = reader.wanted(&file("net/sockstat"), read_sockstat);
        let v6 = reader.optional(&file("net/sockstat6"), read_sockstat);
        let (v4, v6) = (v4.unwrap_or_default(), v6.unwrap_or_default());
        let paging = reader
            .wanted(&file("vmstat"), read_vmstat)
            .unwrap_or_default();
        Some(Kernel {
            files_open: files.map(|(open, _)| open),
            files_max: files.map(|(_, max)| max),
            conntrack,
            conntrack_max,
            ports: ports.map(|range| u64::try_from(range.len()).unwrap_or(u64::MAX)),
            tcp_ports_used,
            udp_ports_used,
            tcp_sockets: sum(v4.tcp, v6.tcp),
            tcp_time_wait: sum(v4.tcp_time_wait, v6.tcp_time_wait),
            udp_sockets: sum(v4.udp, v6.udp),
            interrupts: None,
            context_switches: None,
            paged_in: paging.paged_in,
            paged_out: paging.paged_out,
            swapped_in: paging.swapped_in,
            swapped_out: paging.swapped_out,
            processes: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use proptest::prelude::*;

    #[test]
    fn a_hosts_own_texts_are_read() {
        let roots = super::super::tests::fixture_roots();
        let mut reader = Reader::default();
        let kernel = KernelCounts::new(&roots, Clock::start())
            .collect(&mut reader)
            .unwrap();
        expect![[r#"
            Kernel {
                files_open: Some(
                    1479,
                ),
                files_max: Some(
                    2466170,
                ),
                conntrack: Some(
                    31204,
                ),
                conntrack_max: Some(
                    262144,
                ),
                ports: Some(
                    28232,
                ),
                tcp_ports_used: Some(
                    3,
                ),
                udp_ports_used: Some(
                    1,
                ),
                tcp_sockets: Some(
                    15,
                ),
                tcp_time_wait: Some(
                    4,
                ),
                udp_sockets: Some(
                    9,
                ),
                interrupts: None,
                context_switches: None,
                paged_in: Some(
                    28421493,
                ),
                paged_out: Some(
                    83585368,
                ),
                swapped_in: Some(
                    0,
                ),
                swapped_out: Some(
                    37,
                ),
                processes: None,
            }
        "#]]
        .assert_debug_eq(&kernel);
        assert_eq!(reader.settle().1, None);
    }

    #[test]
    fn what_a_host_does_not_have_is_absent() {
        let folder = tempfile::tempdir().unwrap();
        let roots = Roots {
            proc: folder.path().to_path_buf(),
            ..Roots::default()
        };
        let mut reader = Reader::default();
        let kernel = KernelCounts::new(&roots, Clock::start())
            .collect(&mut reader)
            .unwrap();
        assert_eq!(kernel, Kernel::default());
        // Files, ports, sockets and pages every host has; tracking and IPv6 not.
        assert_eq!(reader.settle().1.unwrap().split("; ").count(), 4);
    }

    #[test]
    fn garbage_is_named() {
        for text in ["", "1 2", "1 x 3"] {
            assert!(read_file_nr(text).is_err(), "{text}");
        }
        for text in ["", "5", "60999 32768", "a b", "1 65536"] {
            assert!(read_port_range(text).is_err(), "{text}");
        }
        assert_eq!(read_port_range("1024 1024"), Ok(1024..=1024));
        assert_eq!(read_sockstat(""), Ok(Sockets::default()));
        assert!(read_sockstat("x\nTCP: inuse").unwrap_err().line == 2);
        assert!(read_vmstat("a 1\npgpgin no\n").unwrap_err().line == 2);
    }

    proptest! {
        /// Whatever stands there is facts or an error.
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            sockets in "(TCP|UDP6): (inuse|tw)?( [0-9a-]{0,25}){0,5}",
            pages in "(pgpgin|pswpout) {0,2}[0-9a-]{0,25}",
            range in "[0-9]{0,25} [0-9]{0,25}( [0-9]{0,25})?",
        ) {
            let any = String::from_utf8_lossy(&bytes);
            for text in [&*any, &sockets, &pages, &range] {
                let _ = read_sockstat(text);
                let _ = read_vmstat(text);
                let _ = read_port_range(text);
                let _ = read_file_nr(text);
                let _ = read_number(text);
            }
        }
    }
}
