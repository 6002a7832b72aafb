//! Checks of the section `host`.
//!
//! Whether the host has what is named is not asked: a folder may be mounted, a program
//! started later. Only its root must be there, without which nothing can be read.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use model::host::threshold::{Side, Threshold};

use super::super::host::{HostConfig, can_clear};
use super::super::quantity::HumanDuration;
use super::{Checker, ConfigError, KeyPath};

/// Most items of each list: far above what one host has.
const FOLDERS_MAX: usize = 16;
const PROCESSES_MAX: usize = 16;
const IGNORED_MAX: usize = 256;

/// Longest item of a list.
const ITEM_BYTES_MAX: usize = 4096;

impl Checker<'_> {
    pub(super) fn host(&self, host: &HostConfig) -> Result<(), ConfigError> {
        let section = KeyPath::default().key("host");
        self.duration(&section.key("interval"), host.interval)?;
        self.duration(&section.key("window"), host.window)?;
        if let Some(limit) = host.time_limit {
            self.time_limit(&section.key("time_limit"), limit, host.interval)?;
        }
        for (key, row) in host.thresholds.rows() {
            self.threshold(&section.key("thresholds").key(key), &row)?;
        }
        if let Some(folders) = &host.update_folders {
            let path = section.key("update_folders");
            self.most(&path, folders.len(), FOLDERS_MAX, "folders")?;
            for (index, folder) in folders.iter().enumerate() {
                self.absolute(&path.index(index), folder)?;
            }
        }
        if let Some(names) = &host.connector_processes {
            let path = section.key("connector_processes");
            self.most(&path, names.len(), PROCESSES_MAX, "names")?;
            self.words(&path, names)?;
        }
        if let Some(file) = &host.publisher_metrics_file {
            self.file(&section.key("publisher_metrics_file"), file)?;
        }
        if let Some(types) = &host.ignored_types {
            let path = section.key("ignored_types");
            self.most(&path, types.len(), IGNORED_MAX, "types")?;
            self.words(&path, types)?;
        }
        if let Some(mountpoints) = &host.ignored_mountpoints {
            let path = section.key("ignored_mountpoints");
            self.most(&path, mountpoints.len(), IGNORED_MAX, "mount points")?;
            for (index, mountpoint) in mountpoints.iter().enumerate() {
                self.absolute(&path.index(index), Path::new(mountpoint))?;
            }
        }
        self.root(&section.key("root"), &host.root)
    }

    fn time_limit(
        &self,
        path: &KeyPath,
        limit: HumanDuration,
        interval: HumanDuration,
    ) -> Result<(), ConfigError> {
        self.duration(path, limit)?;
        if limit <= interval {
            return Ok(());
        }
        let wrong = format!("is `{limit}`, longer than the interval `{interval}`");
        Err(self
            .refuse(path, &wrong)
            .wanting("a time limit that ends before the next look"))
    }

    fn threshold(&self, path: &KeyPath, row: &Threshold) -> Result<(), ConfigError> {
        if !can_clear(row) {
            let (wrong, wanted) = match row.side {
                Side::Above => ("lies above `value`", "at most"),
                Side::Below => ("lies below `value`", "at least"),
            };
            return Err(self
                .refuse(&path.key("clear"), wrong)
                .wanting(&format!("{wanted} as much as `value`: there a breach ends")));
        }
        self.duration(&path.key("for"), HumanDuration(row.lasting))
    }

    fn absolute(&self, path: &KeyPath, folder: &Path) -> Result<(), ConfigError> {
        let shown = folder.display();
        if folder.as_os_str().is_empty() {
            return Err(self.refuse(path, "is empty"));
        }
        self.without_nul(path, folder.as_os_str().as_bytes())?;
        if !folder.is_absolute() {
            return Err(self.refuse(path, &format!("`{shown}` does not begin with `/`")));
        }
        Ok(())
    }

    fn words(&self, path: &KeyPath, words: &[String]) -> Result<(), ConfigError> {
        for (index, word) in words.iter().enumerate() {
            let item = path.index(index);
            if word.trim().is_empty() {
                return Err(self.refuse(&item, "is empty"));
            }
            self.without_nul(&item, word.as_bytes())?;
            if word.contains('/') {
                return Err(self.refuse(&item, &format!("`{word}` is a path")));
            }
        }
        Ok(())
    }

    fn file(&self, path: &KeyPath, file: &Path) -> Result<(), ConfigError> {
        let bytes = file.as_os_str().as_bytes();
        if bytes.is_empty() {
            return Err(self.refuse(path, "is empty"));
        }
        self.without_nul(path, bytes)?;
        if bytes.ends_with(b"/") {
            return Err(self.refuse(path, &format!("`{}` is a folder", file.display())));
        }
        Ok(())
    }

    fn without_nul(&self, path: &KeyPath, bytes: &[u8]) -> Result<(), ConfigError> {
        if ITEM_BYTES_MAX < bytes.len() {
            return Err(self.refuse(path, &format!("has {} bytes", bytes.len())));
        }
        if bytes.contains(&0) {
            return Err(self.refuse(path, "holds a NUL byte"));
        }
        Ok(())
    }

    fn root(&self, path: &KeyPath, root: &Path) -> Result<(), ConfigError> {
        self.absolute(path, root)?;
        if root.is_dir() {
            return Ok(());
        }
        Err(self.refuse(path, &format!("`{}` is no folder here", root.display())))
    }

    fn most(
        &self,
        path: &KeyPath,
        found: usize,
        most: usize,
        what: &str,
    ) -> Result<(), ConfigError> {
        if found <= most {
            return Ok(());
        }
        Err(self.refuse(path, &format!("has {found} {what}")))
    }
}
