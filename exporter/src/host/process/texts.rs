//! What the kernel writes of a process and its group.
//!
//! Source: proc_pid_stat(5), proc_pid_cgroup(5), and the kernel's
//! `Documentation/admin-guide/cgroup-v2.rst`.

use super::super::reader::{TextError, number};

/// What `stat` of a process says, as far as we want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessStat {
    /// The program's short name, 15 bytes at most.
    pub name: String,
    /// Processor time since its start, in ticks.
    pub ticks: u64,
    /// When it started, in ticks since boot.
    pub started: u64,
    /// Pages of memory that it holds.
    pub resident_pages: u64,
}

/// Reads the text of `/proc/PID/stat`.
///
/// # Errors
///
/// There is no name in parentheses, or a field that we want is missing or no number.
pub fn read_process_stat(text: &str) -> Result<ProcessStat, TextError> {
    process_stat(text).ok_or(TextError {
        line: 1,
        wanted: "a process",
    })
}

fn process_stat(text: &str) -> Option<ProcessStat> {
    // The name may hold blanks, line ends and parentheses, so the rest begins after the last one.
    let (before, rest) = text.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    // Fields are counted from 1 and the state is the third: field N is word N - 3.
    let mut words = rest.split_ascii_whitespace();
    let user = number(words.nth(14 - 3)?)?;
    let system = number(words.next()?)?;
    let started = number(words.nth(22 - 16)?)?;
    // Size, then pages. The kernel has shown less than none, of a process that just ended.
    let pages = words.nth(24 - 23)?;
    let resident_pages = if pages.starts_with('-') {
        0
    } else {
        number(pages)?
    };
    Some(ProcessStat {
        name: name.chars().take(64).collect(),
        ticks: user.saturating_add(system),
        started,
        resident_pages,
    })
}

/// Reads the text of `/proc/PID/cgroup`: the group of version 2, if there is one.
pub fn read_cgroup(text: &str) -> Option<String> {
    let group = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    // Seen from inside a container, a group outside begins with `..`; a path that climbs
    // must not lead us elsewhere.
    let is_plain = group.starts_with('/') && !group.split('/').any(|part| part == "..");
    is_plain.then(|| group.to_owned())
}

/// Whether a group is a container's, by the names that engines give.
pub(super) fn is_container(group: &str) -> bool {
    const ENGINES: &[&str] = &["docker-", "libpod-", "cri-containerd-", "crio-"];
    const FOLDERS: &[&str] = &["docker", "kubepods", "kubepods.slice", "lxc"];
    let mut parts = group.split('/').filter(|part| !part.is_empty()).rev();
    let Some(last) = parts.next() else {
        return false;
    };
    ENGINES.iter().any(|engine| last.starts_with(engine))
        || parts.any(|part| FOLDERS.contains(&part))
}

/// Reads `cgroup.procs`: a number a line. What is none is passed over.
pub(super) fn read_pids(text: &str) -> Vec<u32> {
    let numbers = text.lines().filter_map(|line| number(line.trim()));
    numbers.filter_map(|id| u32::try_from(id).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_may_hold_parentheses_and_blanks() {
        let text = include_str!("../../../../tests/fixtures/host/proc/910/stat");
        assert_eq!(
            read_process_stat(text),
            Ok(ProcessStat {
                name: "evil) name (x".to_owned(),
                ticks: 80_000,
                started: 1_500,
                resident_pages: 76_800,
            })
        );
    }

    #[test]
    fn garbage_is_an_error() {
        for text in [
            "",
            "1 systemd S",
            "1 (a) S 1 2 3",
            "1 (a) S 1 1 1 0 -1 4 1 0 0 0 x 5 0 0 20 0 9 0 5 9 9",
        ] {
            assert!(read_process_stat(text).is_err(), "{text}");
        }
    }

    #[test]
    fn containers_are_told_by_their_engines_names() {
        for (group, expected) in [
            ("/system.slice/docker-4c1f.scope", true),
            ("/docker/4c1f", true),
            (
                "/kubepods.slice/kubepods-pod1.slice/cri-containerd-7.scope",
                true,
            ),
            ("/machine.slice/libpod-9.scope", true),
            ("/system.slice/docker.service", false),
            ("/user.slice/user-1000.slice/session-1.scope", false),
            ("/", false),
        ] {
            assert_eq!(is_container(group), expected, "{group}");
        }
    }

    #[test]
    fn a_group_that_climbs_is_none() {
        assert_eq!(read_cgroup("1:cpu:/a\n0::/b\n").as_deref(), Some("/b"));
        assert_eq!(read_cgroup("0::/../../x\n"), None);
        assert_eq!(read_cgroup("1:name=systemd:/a\n"), None);
        assert_eq!(read_pids("7\nx\n\n99999999999\n8\n"), [7, 8]);
    }

    proptest! {
        /// Whatever stands there is facts or an error.
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            line in "[0-9] \\([a-z() \n]{0,8}\\) S( [0-9-]{0,22}){0,30}",
        ) {
            let any = String::from_utf8_lossy(&bytes);
            for text in [&*any, &line] {
                let _ = read_process_stat(text);
                let _ = read_cgroup(text).is_some_and(|group| is_container(&group));
                let _ = read_pids(text);
            }
        }
    }
}
