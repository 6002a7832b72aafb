//! What the kernel writes of a process's group.
//!
//! Source: proc_pid_cgroup(5), and the kernel's
//! `Documentation/admin-guide/cgroup-v2.rst`.

use crate::host::reader::number;

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
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let any = String::from_utf8_lossy(&bytes);
            for text in [&*any, &format!("0::/{any}")] {
                let _ = read_cgroup(text).is_some_and(|group| is_container(&group));
                let _ = read_pids(text);
            }
        }
    }
}
