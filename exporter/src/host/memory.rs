//! Memory and swap: `/proc/meminfo`.
//!
//! Source of the lines: proc_meminfo(5). Its kB are 1024 bytes.

use std::path::PathBuf;

use model::host::{HostCollector, Memory};

use super::reader::{Reader, TextError, number, numbered};
use super::settings::Roots;
use super::worker::Collector;

/// Reads the text of `/proc/meminfo`. Lines that came later are passed over, those that an
/// old kernel lacks are 0; `available` then is what is free or can be dropped.
///
/// # Errors
///
/// A line that we know has no number, or MemTotal is missing.
pub fn read_meminfo(text: &str) -> Result<Memory, TextError> {
    let mut memory = Memory::default();
    let mut is_total_seen = false;
    let mut available = None;
    for (line, content) in numbered(text) {
        let Some((key, rest)) = content.split_once(':') else {
            continue;
        };
        let bytes = || {
            let kibibytes = rest.split_ascii_whitespace().next().and_then(number);
            kibibytes
                .map(|kibibytes| kibibytes.saturating_mul(1024))
                .ok_or(TextError {
                    line,
                    wanted: "a size in kB",
                })
        };
        match key {
            "MemTotal" => {
                memory.total = bytes()?;
                is_total_seen = true;
            }
            "MemFree" => memory.free = bytes()?,
            "MemAvailable" => available = Some(bytes()?),
            "Buffers" => memory.buffers = bytes()?,
            "Cached" => memory.cached = bytes()?,
            "SReclaimable" => memory.slab_reclaimable = bytes()?,
            "Shmem" => memory.shared = bytes()?,
            "SwapTotal" => memory.swap_total = bytes()?,
            "SwapFree" => memory.swap_free = bytes()?,
            _ => {}
        }
    }
    if !is_total_seen {
        return Err(TextError {
            line: 0,
            wanted: "a text with the line `MemTotal`",
        });
    }
    // Before Linux 3.14.
    let droppable = memory.buffers.saturating_add(memory.cached);
    memory.available = available.unwrap_or(memory.free.saturating_add(droppable));
    Ok(memory)
}

/// Reads memory and swap.
pub(super) struct MemoryReader {
    meminfo: PathBuf,
}

impl MemoryReader {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            meminfo: roots.proc.join("meminfo"),
        }
    }
}

impl Collector for MemoryReader {
    const KIND: HostCollector = HostCollector::Memory;
    type Found = Memory;

    fn collect(&mut self, reader: &mut Reader) -> Option<Memory> {
        reader.wanted(&self.meminfo, read_meminfo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_kernels_own_text_is_read() {
        let text = include_str!("../../../tests/fixtures/host/proc/meminfo");
        let kib = |number: u64| number * 1024;
        assert_eq!(
            read_meminfo(text),
            Ok(Memory {
                total: kib(24_684_084),
                free: kib(13_659_860),
                available: kib(22_912_144),
                buffers: kib(92_176),
                cached: kib(8_683_048),
                slab_reclaimable: kib(920_512),
                shared: kib(8_872),
                swap_total: kib(2_097_148),
                swap_free: kib(2_097_000),
            })
        );
    }

    #[test]
    fn an_old_kernel_has_available_what_can_be_dropped() {
        let memory = read_meminfo("MemTotal: 100 kB\nMemFree: 10 kB\nCached: 5 kB\n").unwrap();
        assert_eq!(memory.available, 15 * 1024);
    }

    #[test]
    fn garbage_is_named_by_its_line() {
        let wrong = |text: &str| read_meminfo(text).unwrap_err().to_string();
        assert_eq!(wrong(""), "it is not a text with the line `MemTotal`");
        assert_eq!(
            wrong("Foo: x\nMemTotal: much kB\n"),
            "line 2 is not a size in kB"
        );
        assert_eq!(wrong("MemTotal:\n"), "line 1 is not a size in kB");
    }

    #[test]
    fn a_size_beyond_all_bounds_is_the_largest_there_is() {
        let memory = read_meminfo("MemTotal: 99999999999999999999999 kB").unwrap();
        assert_eq!(memory.total, u64::MAX);
    }

    proptest! {
        /// Whatever stands there is facts or an error.
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            line in "(MemTotal|MemFree|Cached|SwapFree):? {0,3}[0-9a-z-]{0,30}( kB)?",
        ) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = read_meminfo(&format!("{line}\n{text}"));
        }
    }
}
