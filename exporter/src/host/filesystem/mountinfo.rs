//! Which file systems are mounted, and which of them hold data.
//!
//! `/proc/PID/mountinfo` and not `mounts`: it tells whether the file system itself is read
//! only, where `mounts` tells the flags of the mount alone, which a service's own sandbox
//! changes for the service; and it tells bind mounts apart, which show the same space again.
//!
//! Source of the fields: proc_pid_mountinfo(5).

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::reader::{TextError, numbered};

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// `major:minor` of the file system.
    pub device_number: String,
    /// Which folder of the file system is mounted.
    pub root: String,
    /// Where.
    pub mountpoint: String,
    /// Its type.
    pub fstype: String,
    /// What is mounted, for example `/dev/sda1`.
    pub source: String,
    /// Whether the file system itself cannot be written to.
    pub is_read_only: bool,
}

impl Mount {
    /// Whether another host answers for it, which may be gone.
    pub fn is_remote(&self) -> bool {
        const REMOTE: &[&str] = &[
            "9p",
            "afs",
            "ceph",
            "cifs",
            "glusterfs",
            "lustre",
            "ncpfs",
            "smb3",
            "smbfs",
        ];
        // Whoever serves a FUSE file system is a program, which may hang as well.
        self.fstype.starts_with("nfs")
            || self.fstype.starts_with("fuse")
            || REMOTE.contains(&self.fstype.as_str())
    }

    /// Whether one of the folders lies on it, or may: the longest such mount point does.
    pub fn carries(&self, folders: &[PathBuf]) -> bool {
        folders
            .iter()
            .any(|folder| is_at_or_below(&folder.to_string_lossy(), &self.mountpoint))
    }
}

/// Reads the text of `mountinfo`.
///
/// # Errors
///
/// A line has not the fields that every kernel writes.
pub fn read_mountinfo(text: &str) -> Result<Vec<Mount>, TextError> {
    numbered(text)
        .filter(|(_, content)| !content.is_empty())
        .map(|(line, content)| {
            mount(content).ok_or(TextError {
                line,
                wanted: "a mount",
            })
        })
        .collect()
}

/// `36 35 98:0 /root /mount/point rw,noatime shared:1 - ext3 /dev/sda1 rw,errors=continue`
fn mount(content: &str) -> Option<Mount> {
    // At single spaces: an empty source is an empty field.
    let mut fields = content.split(' ').skip(2);
    let device_number = fields.next()?;
    let root = fields.next()?;
    let mountpoint = fields.next()?;
    // Flags of the mount, then any number of optional fields, then a dash.
    fields.find(|field| *field == "-")?;
    let fstype = fields.next()?;
    let source = fields.next()?;
    let mut flags = fields.next().unwrap_or_default().split(',');
    mountpoint.starts_with('/').then(|| Mount {
        device_number: device_number.to_owned(),
        root: unescaped(root),
        mountpoint: unescaped(mountpoint),
        fstype: fstype.to_owned(),
        source: unescaped(source),
        is_read_only: flags.any(|flag| flag == "ro"),
    })
}

/// The kernel writes blanks, line ends, backslashes and hashes as `\` and three octal digits.
fn unescaped(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut rest = field;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let digits = after.get(..3).unwrap_or_default();
        match u8::from_str_radix(digits, 8) {
            Ok(byte) if byte.is_ascii() => {
                text.push(char::from(byte));
                rest = after.get(3..).unwrap_or_default();
            }
            Ok(_) | Err(_) => {
                text.push('\\');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

/// What is left out.
#[derive(Debug, Clone, Copy)]
pub struct Ignored<'a> {
    /// Types of file systems.
    pub types: &'a [String],
    /// Mount points, with all below them.
    pub mountpoints: &'a [String],
    /// Folders whose own mount points stay all the same: what is written there must fit.
    pub but_for: &'a [PathBuf],
}

/// The mounts that hold data, each space once, by mount point.
///
/// Of several on one mount point the last one counts: it hides the others. Bind mounts of
/// a folder are left out if the file system is there as a whole, else all but the first
/// one. On btrfs each subvolume is a folder of its own right, and stays.
pub fn with_data(mounts: Vec<Mount>, ignored: Ignored<'_>) -> Vec<Mount> {
    let mut by_mountpoint = BTreeMap::new();
    // By device, the mount that stands for it.
    let mut stands_for: BTreeMap<String, (String, String)> = BTreeMap::new();
    let wanted = mounts.into_iter().filter(|mount| {
        let is_below = |folder: &String| is_at_or_below(&mount.mountpoint, folder);
        !ignored.types.contains(&mount.fstype)
            && (!ignored.mountpoints.iter().any(is_below) || mount.carries(ignored.but_for))
    });
    for mount in wanted {
        let known = stands_for.get(&mount.device_number);
        let is_whole_known = known.is_some_and(|(root, _)| root == "/");
        if known.is_none() || (mount.root == "/" && !is_whole_known) {
            let place = (mount.root.clone(), mount.mountpoint.clone());
            stands_for.insert(mount.device_number.clone(), place);
        }
        by_mountpoint.insert(mount.mountpoint.clone(), mount);
    }
    let mut kept: Vec<Mount> = by_mountpoint.into_values().collect();
    kept.retain(|mount| {
        let stand_in = stands_for.get(&mount.device_number);
        let is_stand_in = stand_in.is_none_or(|(_, place)| *place == mount.mountpoint);
        is_stand_in || mount.root == "/" || mount.fstype == "btrfs"
    });
    kept
}

/// The mount point that a folder lies on: the longest one that leads to it.
pub fn mountpoint_of<'a>(
    folder: &str,
    mountpoints: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    mountpoints
        .filter(|mountpoint| is_at_or_below(folder, mountpoint))
        .max_by_key(|mountpoint| mountpoint.len())
}

fn is_at_or_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn check(text: &str, expected: &Expect) {
        let types = ["proc", "sysfs", "devtmpfs", "overlay", "squashfs"].map(str::to_owned);
        let mountpoints = ["/var/lib/docker".to_owned()];
        let ignored = Ignored {
            types: &types,
            mountpoints: &mountpoints,
            but_for: &[],
        };
        let shown = match read_mountinfo(text) {
            Ok(mounts) => {
                let rows = with_data(mounts, ignored).into_iter().map(|mount| {
                    let access = if mount.is_read_only { "ro" } else { "rw" };
                    format!(
                        "{:?} {} {} {access}\n",
                        mount.mountpoint, mount.fstype, mount.source
                    )
                });
                rows.collect()
            }
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_publishers_table_leaves_the_disks() {
        check(
            include_str!("../../../../tests/fixtures/host/proc/self/mountinfo"),
            &expect![[r#"
                "/" ext4 /dev/vda1 rw
                "/boot/efi" vfat /dev/vda15 rw
                "/dev/shm" tmpfs tmpfs rw
                "/mnt/my disk" xfs /dev/vdb rw
                "/run" tmpfs tmpfs rw
                "/srv/share" nfs4 filer:/export/share rw
            "#]],
        );
    }

    #[test]
    fn a_sandbox_that_binds_folders_shows_each_space_once() {
        check(
            "1 0 8:1 / / ro,relatime - ext4 /dev/sda1 rw\n\
             2 1 8:1 /var/lib/agent /var/lib/agent rw - ext4 /dev/sda1 rw\n\
             3 1 8:2 /etc/hosts /etc/hosts rw - ext4 /dev/sdb rw\n\
             4 1 8:2 /etc/resolv.conf /etc/resolv.conf rw - ext4 /dev/sdb rw\n\
             5 1 0:40 /@home /home rw - btrfs /dev/sdc rw\n\
             6 1 0:40 /@srv /srv rw - btrfs /dev/sdc ro,subvol=/@srv\n",
            &expect![[r#"
                "/" ext4 /dev/sda1 rw
                "/etc/hosts" ext4 /dev/sdb rw
                "/home" btrfs /dev/sdc rw
                "/srv" btrfs /dev/sdc ro
            "#]],
        );
    }

    #[test]
    fn a_later_mount_hides_an_earlier_one() {
        check(
            "1 0 8:1 / /data rw - ext4 /dev/sda1 rw\n2 0 8:2 / /data rw a:1 b:2 - xfs /dev/sdb rw\n",
            &expect![[r#"
                "/data" xfs /dev/sdb rw
            "#]],
        );
    }

    #[test]
    fn odd_names_and_missing_ends_are_read() {
        check(
            "1 0 0:1 / /a\\040b\\134c\\9 rw -  x\n\n2 0 0:2 / /e rw - tmpfs ",
            &expect![[r#"
                "/a b\\c\\9"  x rw
                "/e" tmpfs  rw
            "#]],
        );
    }

    #[test]
    fn garbage_is_named_by_its_line() {
        check("", &expect![""]);
        check(
            "1 0 8:1 / / rw - ext4 a rw\nx\n",
            &expect!["line 2 is not a mount"],
        );
        check(
            "1 0 8:1 / relative rw - ext4 a rw\n",
            &expect!["line 1 is not a mount"],
        );
    }

    #[test]
    fn a_folder_lies_on_the_longest_mount_point_above_it() {
        let mountpoints = ["/", "/var", "/var/lib/dock"];
        let on = |folder| mountpoint_of(folder, mountpoints.into_iter());
        assert_eq!(on("/var/lib/docker"), Some("/var"));
        assert_eq!(on("/var/lib/dock"), Some("/var/lib/dock"));
        assert_eq!(on("/home"), Some("/"));
        assert_eq!(mountpoint_of("/home", ["/srv"].into_iter()), None);
    }

    proptest! {
        /// Whatever stands there is facts or an error, and no mount point comes twice.
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            lines in prop::collection::vec(
                "[0-9]{0,2} 1 [0-9]:[0-9] /[a-c]? /[a-c\\\\0-9]{0,4} rw( [a-z]:1)? - (ext4|nfs|btrfs) [a-c]{0,2} (rw|ro)",
                0..8,
            ),
        ) {
            let _ = read_mountinfo(&String::from_utf8_lossy(&bytes));
            let mounts = read_mountinfo(&lines.join("\n")).unwrap();
            let kept = with_data(mounts, Ignored { types: &[], mountpoints: &[], but_for: &[] });
            prop_assert!(kept.windows(2).all(|pair| pair[0].mountpoint < pair[1].mountpoint));
        }
    }
}
