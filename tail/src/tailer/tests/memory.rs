//! A disk in memory, with the habits of a real one that matter to a tailer.
//!
//! Inodes live on while a handle is open, inode numbers can be given out again,
//! links lead to targets, files can refuse to be opened, and a file can begin with
//! a hole. Times come from a counter, so each change has its own.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use model::position::{FileIdentity, HEAD_BYTES_MAX};

use crate::file_system::{FileKind, FileStatus, FileSystem, OpenFile};

/// A disk that is shared between the test and the tailer.
#[derive(Clone, Default)]
pub(super) struct MemoryFiles {
    disk: Rc<RefCell<Disk>>,
}

#[derive(Default)]
struct Disk {
    nodes: HashMap<u64, Node>,
    names: BTreeMap<PathBuf, Entry>,
    next_key: u64,
    clock_ns: i64,
    /// Added to every node's device: what a reboot may do to a network file system.
    device: u64,
    open_count: usize,
    /// New content for a file, put in place just before its next batch is read.
    change_before_batch: Option<(u64, Vec<u8>)>,
}

#[derive(Clone)]
enum Entry {
    Node(u64),
    Link(PathBuf),
}

struct Node {
    inode: u64,
    birth_ns: i64,
    modified_ns: i64,
    kind: FileKind,
    data: Vec<u8>,
    hole: usize,
    links: u64,
    open_error: Option<io::ErrorKind>,
    read_error: Option<io::ErrorKind>,
}

impl Disk {
    fn tick(&mut self) -> i64 {
        self.clock_ns += 1_000;
        self.clock_ns
    }

    fn key(&self, path: &Path) -> io::Result<u64> {
        match self.names.get(path) {
            Some(Entry::Node(key)) => Ok(*key),
            Some(Entry::Link(target)) => self.key(target),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn node(&mut self, path: &str) -> &mut Node {
        let key = self.key(Path::new(path)).unwrap();
        self.nodes.get_mut(&key).unwrap()
    }

    fn status(&self, key: u64) -> FileStatus {
        let node = &self.nodes[&key];
        FileStatus {
            identity: FileIdentity {
                device: self.device,
                inode: node.inode,
                birth_ns: Some(node.birth_ns),
            },
            kind: node.kind,
            size: u64::try_from(node.data.len()).unwrap(),
            modified_ns: node.modified_ns,
            links: node.links,
        }
    }

    fn change_if_batch(&mut self, key: u64, length: usize) {
        // Shorter reads are for evidence.
        let is_due = |change: &mut (u64, Vec<u8>)| change.0 == key && HEAD_BYTES_MAX < length;
        if let Some((_, bytes)) = self.change_before_batch.take_if(is_due) {
            let now = self.tick();
            let node = self.nodes.get_mut(&key).unwrap();
            node.data = bytes;
            node.modified_ns = now;
        }
    }

    fn create(&mut self, path: &str, inode: u64, kind: FileKind) {
        self.remove(path);
        let now = self.tick();
        self.next_key += 1;
        let node = Node {
            inode,
            birth_ns: now,
            modified_ns: now,
            kind,
            data: Vec::new(),
            hole: 0,
            links: 1,
            open_error: None,
            read_error: None,
        };
        self.nodes.insert(self.next_key, node);
        self.names.insert(path.into(), Entry::Node(self.next_key));
    }

    fn remove(&mut self, path: &str) {
        if let Some(Entry::Node(key)) = self.names.remove(Path::new(path)) {
            self.nodes.get_mut(&key).unwrap().links -= 1;
        }
    }
}

impl MemoryFiles {
    /// Appends, creating the file if there is none.
    pub(super) fn append(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let mut disk = self.disk.borrow_mut();
        if disk.key(Path::new(path)).is_err() {
            let inode = disk.next_key + 100;
            disk.create(path, inode, FileKind::Regular);
        }
        let now = disk.tick();
        let node = disk.node(path);
        node.data.extend_from_slice(bytes.as_ref());
        node.modified_ns = now;
    }

    /// Creates something that is no file, under a name.
    pub(super) fn create_special(&self, path: &str, kind: FileKind) {
        let mut disk = self.disk.borrow_mut();
        let inode = disk.next_key + 100;
        disk.create(path, inode, kind);
    }

    /// Removes a file and creates an empty one with the same inode number.
    pub(super) fn recreate_with_same_inode(&self, path: &str) {
        let mut disk = self.disk.borrow_mut();
        let inode = disk.node(path).inode;
        disk.create(path, inode, FileKind::Regular);
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        let mut disk = self.disk.borrow_mut();
        disk.remove(to);
        let entry = disk.names.remove(Path::new(from)).unwrap();
        disk.names.insert(to.into(), entry);
    }

    pub(super) fn remove(&self, path: &str) {
        self.disk.borrow_mut().remove(path);
    }

    pub(super) fn hard_link(&self, from: &str, to: &str) {
        let mut disk = self.disk.borrow_mut();
        let key = disk.key(Path::new(from)).unwrap();
        disk.nodes.get_mut(&key).unwrap().links += 1;
        disk.names.insert(to.into(), Entry::Node(key));
    }

    pub(super) fn symbolic_link(&self, target: &str, path: &str) {
        let mut disk = self.disk.borrow_mut();
        disk.names.insert(path.into(), Entry::Link(target.into()));
    }

    /// Copies a file, with its times unless a new one is made by writing.
    pub(super) fn copy(&self, from: &str, to: &str) {
        let bytes = self.read(from);
        self.remove(to);
        self.append(to, bytes);
    }

    pub(super) fn truncate(&self, path: &str, length: usize) {
        let mut disk = self.disk.borrow_mut();
        let now = disk.tick();
        let node = disk.node(path);
        node.data.truncate(length);
        node.modified_ns = now;
    }

    /// Puts a hole before the file's bytes, as a writer without O_APPEND leaves it.
    pub(super) fn set_hole(&self, path: &str, length: usize) {
        let mut disk = self.disk.borrow_mut();
        let node = disk.node(path);
        let mut data = vec![0; length];
        data.extend_from_slice(&node.data);
        node.data = data;
        node.hole = length;
    }

    /// Makes every later opening fail, or succeed again.
    pub(super) fn set_open_error(&self, path: &str, error: Option<io::ErrorKind>) {
        self.disk.borrow_mut().node(path).open_error = error;
    }

    /// Makes every later reading fail, or succeed again.
    pub(super) fn set_read_error(&self, path: &str, error: Option<io::ErrorKind>) {
        self.disk.borrow_mut().node(path).read_error = error;
    }

    /// Replaces the file's content between the next look at it and the reading.
    pub(super) fn change_before_next_batch(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let mut disk = self.disk.borrow_mut();
        let key = disk.key(Path::new(path)).unwrap();
        disk.change_before_batch = Some((key, bytes.as_ref().to_vec()));
    }

    pub(super) fn set_device(&self, device: u64) {
        self.disk.borrow_mut().device = device;
    }

    pub(super) fn read(&self, path: &str) -> Vec<u8> {
        self.disk.borrow_mut().node(path).data.clone()
    }

    /// Handles open now.
    pub(super) fn open_count(&self) -> usize {
        self.disk.borrow().open_count
    }
}

impl FileSystem for MemoryFiles {
    type File = MemoryFile;

    fn list(&self, directory: &Path, entries_max: usize) -> io::Result<Vec<OsString>> {
        let disk = self.disk.borrow();
        let mut names: Vec<OsString> = disk
            .names
            .keys()
            .filter_map(|path| path.strip_prefix(directory).ok()?.iter().next())
            .map(OsString::from)
            .collect();
        names.dedup();
        names.truncate(entries_max);
        Ok(names)
    }

    fn status(&self, path: &Path) -> io::Result<FileStatus> {
        let disk = self.disk.borrow();
        if disk.key(path).is_err() && disk.names.keys().any(|name| name.starts_with(path)) {
            return Ok(directory_status());
        }
        disk.key(path).map(|key| disk.status(key))
    }

    fn open(&self, path: &Path) -> io::Result<MemoryFile> {
        let mut disk = self.disk.borrow_mut();
        let key = disk.key(path)?;
        if let Some(error) = disk.nodes[&key].open_error {
            return Err(error.into());
        }
        disk.open_count += 1;
        Ok(MemoryFile {
            disk: Rc::clone(&self.disk),
            key,
        })
    }
}

fn directory_status() -> FileStatus {
    FileStatus {
        identity: FileIdentity {
            device: 0,
            inode: 0,
            birth_ns: None,
        },
        kind: FileKind::Directory,
        size: 0,
        modified_ns: 0,
        links: 1,
    }
}

/// An open file; keeps its bytes alive.
pub(super) struct MemoryFile {
    disk: Rc<RefCell<Disk>>,
    key: u64,
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        self.disk.borrow_mut().open_count -= 1;
    }
}

impl OpenFile for MemoryFile {
    fn status(&self) -> io::Result<FileStatus> {
        Ok(self.disk.borrow().status(self.key))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut disk = self.disk.borrow_mut();
        disk.change_if_batch(self.key, buffer.len());
        let node = &disk.nodes[&self.key];
        assert_eq!(node.kind, FileKind::Regular, "nothing else is ever read");
        if let Some(error) = node.read_error {
            return Err(error.into());
        }
        let start = usize::try_from(offset).unwrap().min(node.data.len());
        let available = &node.data[start..];
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        Ok(count)
    }

    fn next_data(&self, offset: u64) -> io::Result<u64> {
        let hole = u64::try_from(self.disk.borrow().nodes[&self.key].hole).unwrap();
        Ok(offset.max(hole))
    }
}
