//! What disks transferred: `/proc/diskstats`.
//!
//! Whole disks only: their partitions would count everything twice, and loops and disks in
//! memory transfer what others count. `/sys/block` knows what is a whole disk.
//!
//! Source of the columns: proc_diskstats(5); a sector there is 512 bytes whatever the disk's.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use model::host::{DiskIo, HOST_ROWS_MAX, HostCollector};

use super::reader::{Reader, TextError, number, numbered};
use super::settings::Roots;
use super::worker::Collector;

const SECTOR_BYTES: u64 = 512;

/// What is no disk, by the kernel's names.
const NO_DISKS: &[&str] = &["loop", "ram", "zram", "fd", "sr", "nbd"];

/// Reads the text of `/proc/diskstats`. Columns that came later are passed over.
///
/// # Errors
///
/// A line has a count that is no number, or fewer than seven.
pub fn read_diskstats(text: &str) -> Result<Vec<DiskIo>, TextError> {
    numbered(text)
        .filter(|(_, content)| !content.trim().is_empty())
        .map(|(line, content)| {
            disk(content).ok_or(TextError {
                line,
                wanted: "a disk's counts",
            })
        })
        .collect()
}

/// Major, minor, name; reads, merged, sectors, time; the same for writes.
fn disk(content: &str) -> Option<DiskIo> {
    let mut words = content.split_ascii_whitespace().skip(2);
    let name = words.next()?;
    let mut columns = [0; 7];
    for column in &mut columns {
        *column = number(words.next()?)?;
    }
    let [reads, _, sectors_read, _, writes, _, sectors_written] = columns;
    Some(DiskIo {
        name: Arc::from(name),
        reads,
        read_bytes: sectors_read.saturating_mul(SECTOR_BYTES),
        writes,
        written_bytes: sectors_written.saturating_mul(SECTOR_BYTES),
    })
}

fn is_disk(name: &str) -> bool {
    !NO_DISKS.iter().any(|other| {
        let rest = name.strip_prefix(other);
        rest.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Reads what disks transferred.
pub(super) struct Disks {
    counts: PathBuf,
    blocks: PathBuf,
}

impl Disks {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            counts: roots.proc.join("diskstats"),
            blocks: roots.sys.join("block"),
        }
    }

    /// Names of whole disks. `None` where the kernel does not list them.
    fn whole(&self) -> Option<BTreeSet<String>> {
        let entries = fs::read_dir(&self.blocks).ok()?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        // A slash in a disk's name is written as `!` there (the driver of old RAID cards).
        Some(names.map(|name| name.replace('!', "/")).collect())
    }
}

impl Collector for Disks {
    const KIND: HostCollector = HostCollector::DiskIo;
    type Found = Vec<DiskIo>;

    fn collect(&mut self, reader: &mut Reader) -> Option<Vec<DiskIo>> {
        let mut disks = reader.wanted(&self.counts, read_diskstats)?;
        reader.asked();
        let whole = self.whole();
        disks.retain(|disk| {
            let is_whole = whole
                .as_ref()
                .is_none_or(|names| names.contains(&*disk.name));
            is_disk(&disk.name) && is_whole
        });
        disks.sort_by(|one, other| one.name.cmp(&other.name));
        disks.truncate(HOST_ROWS_MAX);
        Some(disks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_kernels_own_text_is_read_and_partitions_are_left_out() {
        let roots = super::super::tests::fixture_roots();
        let disks = Disks::new(&roots).collect(&mut Reader::default()).unwrap();
        assert_eq!(
            disks,
            [DiskIo {
                name: Arc::from("vda"),
                reads: 1_601_159,
                read_bytes: 56_842_986 * 512,
                writes: 1_437_273,
                written_bytes: 167_170_736 * 512,
            }]
        );
    }

    #[test]
    fn an_old_kernels_fourteen_columns_are_as_good() {
        let disks = read_diskstats("8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n").unwrap();
        assert_eq!((disks[0].reads, disks[0].written_bytes), (1, 7 * 512));
    }

    #[test]
    fn garbage_is_named_by_its_line() {
        assert_eq!(read_diskstats(""), Ok(Vec::new()));
        let wrong = |text: &str| read_diskstats(text).unwrap_err().to_string();
        assert_eq!(
            wrong("8 0 sda 1 2 3 4 5 6 7\n8 1 sda1 1\n"),
            "line 2 is not a disk's counts"
        );
        assert_eq!(
            wrong("8 0 sda 1 2 x 4 5 6 7\n"),
            "line 1 is not a disk's counts"
        );
    }

    #[test]
    fn a_disk_is_no_loop() {
        for (name, expected) in [
            ("sda", true),
            ("loop0", false),
            ("zram0", false),
            ("nvme0n1", true),
            ("fdisk", true),
        ] {
            assert_eq!(is_disk(name), expected, "{name}");
        }
    }

    proptest! {
        /// Whatever stands there is facts or an error.
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            line in "8 0 sda( [0-9a-]{0,25}){0,20}",
        ) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = read_diskstats(&text);
            let _ = read_diskstats(&line);
        }
    }
}
