//! The processes there are, as the package `sysinfo` lists them.
//!
//! Asked for times and memory only, it reads `status`, `stat` and `statm` of each process,
//! which the kernel gives without waiting for the process. The list is made anew for each
//! sample: one that is kept would show a program that another one started in its own place
//! (`exec`) under the former's name for ever, and a container's start script does that.
//!
//! Known limits: the package looks at `/proc` and at no other folder; it passes over a
//! process that it does not understand, and holds all processes at once, some hundred
//! bytes each.

use std::time::Duration;

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

use crate::host::reader::Reader;

/// Milliseconds of a tick (`USER_HZ`, see `model::host`).
const TICK_MS: u64 = 10;

/// Files that are read of each process.
const FILES: u64 = 3;

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    /// Its number.
    pub(super) id: u32,
    /// The program's short name, 15 bytes at most.
    pub(super) name: String,
    /// How long it runs, in whole seconds.
    pub(super) age: Duration,
    /// Processor time since its start, in ticks.
    pub(super) ticks: u64,
    /// Memory that it holds.
    pub(super) resident_bytes: u64,
}

/// Lists all processes that we may see. `None` if there is not even our own.
pub(super) fn list(reader: &mut Reader) -> Option<Vec<Process>> {
    let mut system = match System::new() {
        Ok(system) => system,
        Err(error) => {
            reader.note(anyhow::Error::new(error).context("processes are not listed"));
            return None;
        }
    };
    let wanted = ProcessRefreshKind::nothing()
        .with_cpu()
        .with_memory()
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
    let processes: Vec<Process> = system
        .processes()
        .iter()
        .map(|(id, process)| Process {
            id: id.as_u32(),
            name: process.name().to_string_lossy().into_owned(),
            age: Duration::from_secs(process.run_time()),
            ticks: process.accumulated_cpu_time() / TICK_MS,
            resident_bytes: process.memory(),
        })
        .collect();
    let count = u64::try_from(processes.len()).unwrap_or(u64::MAX);
    reader.asked_times(count.saturating_mul(FILES));
    if processes.is_empty() {
        reader.note_words("no process is told");
        return None;
    }
    Some(processes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write as _;
    use std::process::{Child, Command, Stdio};

    fn process(id: u32) -> Process {
        let mut reader = Reader::default();
        let found = list(&mut reader).unwrap();
        assert_eq!(reader.settle().1, None);
        found.into_iter().find(|one| one.id == id).unwrap()
    }

    /// A child that is ended with the test, whatever the test says.
    struct Guarded(Child);

    impl Drop for Guarded {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    #[test]
    fn our_own_process_is_as_the_kernel_tells_it() {
        let found = process(std::process::id());
        let name = fs::read_to_string("/proc/self/comm").unwrap();
        assert_eq!(found.name, name.trim_end());
        // In hundredths of a second by the kernel's own text: not before, not long after.
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let fields = stat.rsplit_once(')').unwrap().1;
        let words: Vec<&str> = fields.split_ascii_whitespace().collect();
        let now: u64 = words[11].parse::<u64>().unwrap() + words[12].parse::<u64>().unwrap();
        assert!(found.ticks <= now && now < found.ticks + 1_000);
        let pages: u64 = words[21].parse().unwrap();
        let page = u64::try_from(rustix::param::page_size()).unwrap();
        assert!(pages * page / 4 < found.resident_bytes);
    }

    #[test]
    fn a_thread_is_no_process() {
        let (told, waiting) = std::sync::mpsc::channel::<()>();
        let (give, thread_id) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            give.send(fs::read_link("/proc/thread-self").unwrap())
                .unwrap();
            waiting.recv().unwrap_err();
        });
        let link = thread_id.recv().unwrap();
        let id: u32 = link.file_name().unwrap().to_str().unwrap().parse().unwrap();
        let found = list(&mut Reader::default()).unwrap();
        assert!(found.iter().any(|one| one.id == std::process::id()));
        assert!(!found.iter().any(|one| one.id == id));
        drop(told);
        thread.join().unwrap();
    }

    #[test]
    fn a_program_in_anothers_place_has_its_own_name() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready; read line; exec cat"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Guarded(command.spawn().unwrap());
        let mut input = child.0.stdin.take().unwrap();
        let mut output = std::io::BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut output, &mut line).unwrap();
        let before = process(child.0.id());
        input.write_all(b"go\nhere\n").unwrap();
        // It answers when it is the other program.
        line.clear();
        std::io::BufRead::read_line(&mut output, &mut line).unwrap();
        let after = process(child.0.id());
        assert_eq!((&*before.name, &*after.name), ("sh", "cat"));
    }
}
