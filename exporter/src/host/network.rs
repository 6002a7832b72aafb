//! Network interfaces: what they carried, and what they are.
//!
//! `/proc/net/dev` counts in 64 bits for all interfaces at once; `/sys/class/net` says the
//! rest, one small file a fact. An interface that goes away between the two is left out.
//!
//! Source of the columns: proc_pid_net(5); of the files: the kernel's
//! `Documentation/ABI/testing/sysfs-class-net`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::host::{HOST_ROWS_MAX, HostCollector, Interface, Traffic};

use super::reader::{Reader, TextError, number, numbered};
use super::settings::Roots;
use super::worker::Collector;

/// Is meant to be up (linux/if.h).
const IFF_UP: u64 = 0x1;
/// Takes all packets.
const IFF_PROMISC: u64 = 0x100;

/// One line of `/proc/net/dev`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCounts {
    /// The interface's name.
    pub name: String,
    /// Received.
    pub receive: Traffic,
    /// Sent.
    pub transmit: Traffic,
}

/// Reads the text of `/proc/net/dev`: two lines of head, then a line an interface.
///
/// # Errors
///
/// A line has a count that is no number, or fewer than the kernel has written since Linux 2.2.
pub fn read_net_dev(text: &str) -> Result<Vec<DeviceCounts>, TextError> {
    numbered(text)
        .filter_map(|(line, content)| {
            // The counts may follow the colon at once. A name may hold a colon itself.
            let (name, counts) = content.rsplit_once(':')?;
            let counts = device_counts(name.trim(), counts);
            Some(counts.ok_or(TextError {
                line,
                wanted: "an interface's sixteen counts",
            }))
        })
        .take(HOST_ROWS_MAX)
        .collect()
}

fn device_counts(name: &str, counts: &str) -> Option<DeviceCounts> {
    let mut columns = [0; 16];
    let mut words = counts.split_ascii_whitespace();
    for column in &mut columns {
        *column = number(words.next()?)?;
    }
    let [
        receive_bytes,
        receive_packets,
        receive_errors,
        receive_drops,
        _fifo,
        _frame,
        _compressed,
        multicast,
        transmit_bytes,
        transmit_packets,
        transmit_errors,
        transmit_drops,
        ..,
    ] = columns;
    Some(DeviceCounts {
        name: name.to_owned(),
        receive: Traffic {
            bytes: receive_bytes,
            packets: receive_packets,
            multicast,
            errors: receive_errors,
            drops: receive_drops,
        },
        transmit: Traffic {
            bytes: transmit_bytes,
            packets: transmit_packets,
            multicast: 0,
            errors: transmit_errors,
            drops: transmit_drops,
        },
    })
}

/// Reads `02:00:5e:10:00:01`; empty for what is none.
pub fn read_hardware_address(text: &str) -> Vec<u8> {
    let bytes = text
        .trim()
        .split(':')
        .map(|pair| u8::from_str_radix(pair, 16));
    bytes.collect::<Result<_, _>>().unwrap_or_default()
}

/// Reads flags: `0x1003`.
///
/// # Errors
///
/// It is no hexadecimal number.
pub fn read_flags(text: &str) -> Result<u64, TextError> {
    let digits = text.trim().strip_prefix("0x");
    digits
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .ok_or(TextError {
            line: 1,
            wanted: "a hexadecimal number",
        })
}

/// Reads network interfaces.
pub(super) struct Network {
    counts: PathBuf,
    class: PathBuf,
}

impl Network {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            counts: roots.proc.join("net/dev"),
            class: roots.sys.join("class/net"),
        }
    }
}

impl Collector for Network {
    const KIND: HostCollector = HostCollector::Network;
    type Found = Vec<Interface>;

    fn collect(&mut self, reader: &mut Reader) -> Option<Vec<Interface>> {
        let devices = reader.wanted(&self.counts, read_net_dev)?;
        let mut interfaces: Vec<Interface> = devices
            .into_iter()
            .filter_map(|device| {
                let folder = self.class.join(&device.name);
                describe(device, &folder, reader)
            })
            .collect();
        interfaces.sort_by_key(|interface| interface.index);
        Some(interfaces)
    }
}

/// Adds what an interface is to what it carried. `None` if it is gone.
fn describe(device: DeviceCounts, folder: &Path, reader: &mut Reader) -> Option<Interface> {
    let index = reader.optional(&folder.join("ifindex"), small)?;
    let flags = reader.optional(&folder.join("flags"), read_flags)?;
    // Drivers without a speed refuse to be read; -1 and 0 mean that there is none.
    let speed = reader.read(&folder.join("speed"), |text| Ok(number(text.trim())));
    let megabits = speed.ok().flatten().filter(|megabits| *megabits != 0);
    let state = reader.optional(&folder.join("operstate"), |text| Ok(text.trim().to_owned()));
    let address = reader.optional(&folder.join("address"), |text| {
        Ok(read_hardware_address(text))
    });
    let is_admin_up = flags & IFF_UP != 0;
    let is_up = match state.as_deref() {
        // Tunnels and the loopback do not keep a state: they are up if they are meant to be.
        Some("unknown") | None => is_admin_up,
        Some(word) => word == "up",
    };
    Some(Interface {
        index,
        name: Arc::from(device.name),
        address: address.unwrap_or_default(),
        hardware_type: reader.optional(&folder.join("type"), small)?,
        mtu: reader.optional(&folder.join("mtu"), small)?,
        speed: megabits.map(|megabits| megabits.saturating_mul(1_000_000)),
        is_admin_up,
        is_up,
        is_promiscuous: flags & IFF_PROMISC != 0,
        receive: device.receive,
        transmit: device.transmit,
    })
}

fn small(text: &str) -> Result<u32, TextError> {
    let number = number(text.trim()).ok_or(TextError {
        line: 1,
        wanted: "a number",
    })?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn check(text: &str, expected: &Expect) {
        let shown = match read_net_dev(text) {
            Ok(devices) => devices
                .iter()
                .map(|device| {
                    let (receive, transmit) = (device.receive, device.transmit);
                    format!(
                        "{} in {} {} {} {} {} out {} {} {} {}\n",
                        device.name,
                        receive.bytes,
                        receive.packets,
                        receive.errors,
                        receive.drops,
                        receive.multicast,
                        transmit.bytes,
                        transmit.packets,
                        transmit.errors,
                        transmit.drops
                    )
                })
                .collect(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_kernels_own_text_is_read() {
        check(
            include_str!("../../../tests/fixtures/host/proc/net/dev"),
            &expect![[r#"
                lo in 8849152531 12671769 0 0 0 out 8849152531 12671769 0 0
                eth0 in 372133453 15767 1 2 7 out 986676 10027 3 4
            "#]],
        );
    }

    #[test]
    fn names_with_colons_and_counts_without_blanks_are_read() {
        check(
            "eth0:1:5 0 0 0 0 0 0 0 6 0 0 0 0 0 0 0 99\n",
            &expect![[r#"
                eth0:1 in 5 0 0 0 0 out 6 0 0 0
            "#]],
        );
    }

    #[test]
    fn garbage_is_named_by_its_line() {
        check("", &expect![""]);
        check(
            "a\nb\nlo: 1 2 3\n",
            &expect!["line 3 is not an interface's sixteen counts"],
        );
    }

    #[test]
    fn hardware_addresses_are_bytes_or_nothing() {
        assert_eq!(
            read_hardware_address("02:00:5e:10:00:01\n"),
            [2, 0, 0x5e, 0x10, 0, 1]
        );
        assert!(read_hardware_address("\n").is_empty());
        assert!(read_hardware_address("10.0.0.1").is_empty());
    }

    #[test]
    fn this_hosts_loopback_is_up() {
        let mut reader = Reader::default();
        let found = Network::new(&Roots::default())
            .collect(&mut reader)
            .unwrap();
        let loopback = found
            .iter()
            .find(|interface| &*interface.name == "lo")
            .unwrap();
        assert!(loopback.is_admin_up && loopback.is_up);
        assert_eq!((loopback.index, loopback.hardware_type), (1, 772));
        assert_eq!(reader.settle().1, None);
    }

    proptest! {
        /// Whatever stands there is facts or an error.
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            line in "[a-z:]{0,4}:( [0-9a-]{0,25}){0,20}",
        ) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = read_net_dev(&format!("{line}\n{text}"));
            let _ = read_flags(&text);
            let _ = read_hardware_address(&text);
        }
    }
}
