//! Processors: what `/proc/stat` counts of their time.
//!
//! The same file holds interrupts and context switches, which are read here too, so that
//! it is read once. Shares of time are [`CpuWindow`]'s.
//!
//! Source of the columns: proc_stat(5).

mod window;

use std::path::PathBuf;

use model::host::{CpuTimes, HOST_ROWS_MAX, HostCollector};

use super::reader::{Reader, TextError, number, numbered};
use super::settings::Roots;
use super::worker::Collector;

pub use self::window::CpuWindow;

/// What `/proc/stat` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stat {
    /// All processors added up.
    pub all: CpuTimes,
    /// Each processor that is on, with its number, in the kernel's order.
    pub processors: Vec<(u32, CpuTimes)>,
    /// Interrupts since boot.
    pub interrupts: Option<u64>,
    /// Context switches since boot.
    pub context_switches: Option<u64>,
}

/// Columns that every kernel has had: user, nice, system, idle.
const COLUMNS_MIN: usize = 4;

/// Reads the text of `/proc/stat`. Lines and columns that came later are passed over,
/// columns that an old kernel lacks are 0.
///
/// # Errors
///
/// A line `cpu` or a count is no number, or there is no line `cpu`.
pub fn read_stat(text: &str) -> Result<Stat, TextError> {
    let mut all = None;
    let mut stat = Stat::default();
    for (line, content) in numbered(text) {
        let mut words = content.split_ascii_whitespace();
        let key = words.next().unwrap_or_default();
        match key {
            "cpu" => all = Some(times(line, words)?),
            "intr" => stat.interrupts = Some(count(line, words.next())?),
            "ctxt" => stat.context_switches = Some(count(line, words.next())?),
            _ => {
                let index = key.strip_prefix("cpu").and_then(|rest| rest.parse().ok());
                if let Some(index) = index
                    && stat.processors.len() < HOST_ROWS_MAX
                {
                    stat.processors.push((index, times(line, words)?));
                }
            }
        }
    }
    stat.all = all.ok_or(TextError {
        line: 0,
        wanted: "a text with the line `cpu`",
    })?;
    Ok(stat)
}

fn count(line: usize, word: Option<&str>) -> Result<u64, TextError> {
    word.and_then(number).ok_or(TextError {
        line,
        wanted: "a count",
    })
}

fn times<'a>(line: usize, words: impl Iterator<Item = &'a str>) -> Result<CpuTimes, TextError> {
    let mut columns = [0; 10];
    let mut found = 0;
    for (column, word) in columns.iter_mut().zip(words) {
        *column = number(word).ok_or(TextError {
            line,
            wanted: "a number",
        })?;
        found += 1;
    }
    if found < COLUMNS_MIN {
        return Err(TextError {
            line,
            wanted: "four times at least",
        });
    }
    let [
        user,
        nice,
        system,
        idle,
        iowait,
        irq,
        softirq,
        steal,
        guest,
        guest_nice,
    ] = columns;
    Ok(CpuTimes {
        user,
        nice,
        system,
        idle,
        iowait,
        irq,
        softirq,
        steal,
        guest,
        guest_nice,
    })
}

/// Reads the processors' times.
pub(super) struct Cpu {
    stat: PathBuf,
}

impl Cpu {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            stat: roots.proc.join("stat"),
        }
    }
}

impl Collector for Cpu {
    const KIND: HostCollector = HostCollector::Cpu;
    type Found = Stat;

    fn collect(&mut self, reader: &mut Reader) -> Option<Stat> {
        reader.wanted(&self.stat, read_stat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn check(text: &str, expected: &Expect) {
        let shown = match read_stat(text) {
            Ok(stat) => {
                let all = stat.all;
                format!(
                    "{} {} {} {} {} {} {} {} {} {}; {:?}; {:?} {:?}",
                    all.user,
                    all.nice,
                    all.system,
                    all.idle,
                    all.iowait,
                    all.irq,
                    all.softirq,
                    all.steal,
                    all.guest,
                    all.guest_nice,
                    stat.processors
                        .iter()
                        .map(|(index, times)| (*index, times.idle))
                        .collect::<Vec<_>>(),
                    stat.interrupts,
                    stat.context_switches,
                )
            }
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_kernels_own_text_is_read() {
        check(
            include_str!("../../../tests/fixtures/host/proc/stat"),
            &expect![
                "1138597 57724 218500 1326164 161667 0 7974 12263 3 1; [(0, 726272), (1, 599891)]; Some(44781036) Some(88203458)"
            ],
        );
    }

    #[test]
    fn more_and_fewer_columns_and_lines_are_as_good() {
        check(
            "cpu 1 2 3 4\ncpu0 1 2 3 4 5 6 7 8 9 10 11 12\ncpufreq x\nnew thing\n",
            &expect!["1 2 3 4 0 0 0 0 0 0; [(0, 4)]; None None"],
        );
    }

    #[test]
    fn huge_numbers_are_the_largest_there_are() {
        check(
            "cpu 1 2 3 99999999999999999999999999\n",
            &expect!["1 2 3 18446744073709551615 0 0 0 0 0 0; []; None None"],
        );
    }

    #[test]
    fn garbage_is_named_by_its_line() {
        check("", &expect!["it is not a text with the line `cpu`"]);
        check("cpu\n", &expect!["line 1 is not four times at least"]);
        check(
            "cpu 1 2 3 4\ncpu7 1 -2 3 4\n",
            &expect!["line 2 is not a number"],
        );
        check("cpu 1 2 3 4\nintr\n", &expect!["line 2 is not a count"]);
    }

    #[test]
    fn a_host_with_thousands_of_processors_is_shown_in_part() {
        let mut text = String::from("cpu 1 2 3 4\n");
        for index in 0..5_000 {
            text.push_str(&format!("cpu{index} 1 2 3 4\n"));
        }
        assert_eq!(read_stat(&text).unwrap().processors.len(), HOST_ROWS_MAX);
    }

    proptest! {
        /// Whatever stands there is facts or an error.
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            line in "(cpu|cpu0|intr|ctxt)( [0-9a-z-]{0,30}){0,12}",
        ) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = read_stat(&text);
            let _ = read_stat(&format!("{line}\n{text}"));
        }
    }
}
