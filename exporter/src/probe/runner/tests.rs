//! Stand-ins for tools that behave in every way a foreign program can.
//!
//! A script's last process holds a FIFO open for writing; the test reads the FIFO to
//! its end, which comes only when everybody who held it is gone. No test sleeps.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;

/// Far above what a loaded machine needs, far below how long a hanging tool sleeps.
pub(in crate::probe) const PATIENCE: Duration = Duration::from_secs(20);

/// A tool made of a shell script.
pub(in crate::probe) struct StandIn {
    pub(in crate::probe) folder: TempDir,
    pub(in crate::probe) program: PathBuf,
}

impl StandIn {
    pub(in crate::probe) fn new(script: &str) -> Self {
        Self::of_bytes(format!("#!/bin/sh\n{script}\n").as_bytes(), 0o755)
    }

    fn of_bytes(content: &[u8], mode: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Others must not be able to change the program, whatever our umask.
        let ours_alone = fs::Permissions::from_mode(0o700);
        fs::set_permissions(folder.path(), ours_alone).unwrap();
        let program = folder.path().join("tool");
        fs::write(&program, content).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
        Self { folder, program }
    }

    /// A FIFO beside the program, for [`opened_by_a_writer`].
    pub(in crate::probe) fn fifo(&self) -> PathBuf {
        let path = self.folder.path().join("held");
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, &path, FileType::Fifo, mode, 0).unwrap();
        path
    }

    fn order(&self, timeout: Duration) -> Order {
        Order {
            program: self.program.clone(),
            arguments: &["status"],
            timeout,
        }
    }
}

/// Waits until somebody has opened the FIFO for writing.
pub(in crate::probe) async fn opened_by_a_writer(fifo: PathBuf) -> fs::File {
    let opened = tokio::task::spawn_blocking(move || fs::File::open(fifo));
    opened.await.unwrap().unwrap()
}

/// Waits until everybody who had it open for writing is gone.
pub(in crate::probe) async fn read_until_left(mut fifo: fs::File) {
    let read = tokio::task::spawn_blocking(move || {
        let mut nothing = Vec::new();
        fifo.read_to_end(&mut nothing).unwrap();
    });
    read.await.unwrap();
}

async fn of(script: &str) -> Result<Printed, ProbeFailure> {
    run(&StandIn::new(script).order(PATIENCE)).await
}

#[tokio::test]
async fn what_a_tool_prints_is_its_text_and_then_its_errors() {
    let printed = of("echo oops >&2; echo \"asked $1\"").await.unwrap();
    assert_eq!(printed.text, "asked status\n\noops\n");
    assert_eq!(printed.ending, Ending::Well);
}

#[tokio::test]
async fn a_tool_gets_no_input_no_secrets_and_speaks_english() {
    let printed = of("cat; pwd; env | cut -d= -f1 | sort | tr '\\n' ' '")
        .await
        .unwrap();
    let names: Vec<&str> = printed.text.split_whitespace().collect();
    // The shell adds the folder it works in, and perhaps itself.
    let known = ["/", "HOME", "LANG", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"];
    assert!(names.contains(&"LC_ALL"), "{names:?}");
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
}

#[tokio::test]
async fn a_bad_end_is_told_and_a_violent_one_is_a_failure() {
    let printed = of("echo text; exit 3").await.unwrap();
    assert_eq!(
        (printed.text.trim(), printed.ending),
        ("text", Ending::Badly)
    );
    assert_eq!(
        of("echo text; kill -SEGV $$").await,
        Err(ProbeFailure::ExitStatus)
    );
}

#[tokio::test]
async fn a_program_that_is_missing_or_not_ours_to_run_is_told_apart() {
    let tool = StandIn::of_bytes(b"#!/bin/sh\necho text\n", 0o644);
    let order = tool.order(PATIENCE);
    assert_eq!(run(&order).await, Err(ProbeFailure::Denied));
    let folder = Order {
        program: tool.folder.path().to_owned(),
        ..order.clone()
    };
    assert_eq!(run(&folder).await, Err(ProbeFailure::Denied));
    let below_a_file = Order {
        program: tool.program.join("tool"),
        ..order.clone()
    };
    assert_eq!(run(&below_a_file).await, Err(ProbeFailure::NotFound));
    fs::remove_file(&tool.program).unwrap();
    assert_eq!(run(&order).await, Err(ProbeFailure::NotFound));
}

#[tokio::test]
async fn a_file_that_is_no_program_is_not_given_to_a_shell() {
    let tool = StandIn::of_bytes(b"echo run by a shell\n", 0o755);
    assert_eq!(run(&tool.order(PATIENCE)).await, Err(ProbeFailure::System));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_replaced() {
    let printed = of("printf 'pop\\377name'").await.unwrap();
    assert_eq!(printed.text.trim(), "pop\u{fffd}name");
}

#[tokio::test]
async fn ten_megabytes_are_not_read() {
    for stream in ["", ">&2"] {
        let flood = format!("head -c 10000000 /dev/zero {stream}");
        assert_eq!(
            of(&flood).await,
            Err(ProbeFailure::OutputTooLong),
            "{stream}"
        );
    }
    // Neither stream alone is too long.
    let both = "head -c 40000 /dev/zero; head -c 40000 /dev/zero >&2";
    assert_eq!(of(both).await, Err(ProbeFailure::OutputTooLong));
    let fitting = of("head -c 65000 /dev/zero").await.unwrap();
    assert_eq!(fitting.text.len(), 65_001);
}

/// Runs a tool that does not end, and waits until all its processes are gone.
async fn is_cut_short(script: impl Fn(&Path) -> String, because: ProbeFailure) {
    let clock = Clock::start();
    let tool = StandIn::new("exit 1");
    let fifo = tool.fifo();
    let script = format!("#!/bin/sh\n{}\n", script(&fifo));
    fs::write(&tool.program, &script).unwrap();
    let order = tool.order(Duration::from_millis(300));
    let left = async { read_until_left(opened_by_a_writer(fifo).await).await };
    let (outcome, ()) = tokio::join!(run(&order), left);
    assert_eq!(outcome, Err(because), "{script}");
    assert!(clock.now().monotonic < PATIENCE, "{script}");
}

#[tokio::test]
async fn a_tool_that_hangs_is_killed_with_all_that_it_started() {
    is_cut_short(
        |fifo| format!("echo text; exec 9>{}; sleep 60 & sleep 60", fifo.display()),
        ProbeFailure::Timeout,
    )
    .await;
}

#[tokio::test]
async fn a_tool_that_closed_its_output_and_hangs_is_killed() {
    is_cut_short(
        |fifo| format!("exec 9>{}; exec >&- 2>&-; sleep 60", fifo.display()),
        ProbeFailure::Timeout,
    )
    .await;
}

/// Runs a tool whose child holds its output, and returns the tool's own answer.
async fn answer_despite_a_child(tool: &StandIn, script: &str) -> Printed {
    let clock = Clock::start();
    fs::write(&tool.program, format!("#!/bin/sh\n{script}\n")).unwrap();
    let printed = run(&tool.order(PATIENCE * 3)).await.unwrap();
    assert!(clock.now().monotonic < PATIENCE, "{script}");
    printed
}

#[tokio::test]
async fn a_child_that_holds_the_output_of_an_ended_tool_is_killed_and_the_answer_taken() {
    for (end, ending) in [("0", Ending::Well), ("3", Ending::Badly)] {
        let tool = StandIn::new("exit 1");
        let fifo = tool.fifo();
        let path = fifo.display();
        let script = format!("exec 9>{path}; echo text; sleep 60 & exit {end}");
        let left = async { read_until_left(opened_by_a_writer(fifo).await).await };
        let (printed, ()) = tokio::join!(answer_despite_a_child(&tool, &script), left);
        assert_eq!((printed.text.trim(), printed.ending), ("text", ending));
    }
}

#[tokio::test]
async fn a_child_in_a_session_of_its_own_keeps_nobody_waiting() {
    let tool = StandIn::new("exit 1");
    let fifo = tool.fifo();
    // It has made its session when it is ready, and lives until it is told to go.
    let script = format!(
        "setsid sh -c 'echo ready >{path}; read end <{path}' & read word <{path}; echo $word",
        path = fifo.display()
    );
    let printed = answer_despite_a_child(&tool, &script).await;
    assert_eq!(printed.text.trim(), "ready");
    let told = tokio::task::spawn_blocking(|| fs::write(fifo, "go\n"));
    told.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_child_that_outlives_its_tool_is_killed_though_it_closed_the_output() {
    let tool = StandIn::new("exit 1");
    let fifo = tool.fifo();
    let path = fifo.display();
    let script = format!("exec 9>{path}; echo text; sleep 60 >&- 2>&- & exit 0");
    let left = async { read_until_left(opened_by_a_writer(fifo).await).await };
    let (printed, ()) = tokio::join!(answer_despite_a_child(&tool, &script), left);
    assert_eq!(printed.text.trim(), "text");
}

#[tokio::test]
async fn a_tool_that_ignores_polite_signals_is_killed() {
    is_cut_short(
        |fifo| {
            let path = fifo.display();
            format!("trap '' TERM INT HUP; exec 9>{path}; while :; do sleep 60; done")
        },
        ProbeFailure::Timeout,
    )
    .await;
}

#[tokio::test]
async fn a_tool_that_never_stops_printing_is_killed() {
    is_cut_short(
        |fifo| format!("exec 9>{}; while :; do echo text; done", fifo.display()),
        ProbeFailure::OutputTooLong,
    )
    .await;
}

#[tokio::test]
async fn a_run_that_nobody_waits_for_is_killed() {
    let clock = Clock::start();
    let tool = StandIn::new("exit 1");
    let fifo = tool.fifo();
    let script = format!(
        "#!/bin/sh\nexec 9>{}; sleep 60 & sleep 60\n",
        fifo.display()
    );
    fs::write(&tool.program, script).unwrap();
    let order = tool.order(PATIENCE);
    let waited = tokio::spawn(async move { run(&order).await });
    let held = opened_by_a_writer(fifo).await;
    waited.abort();
    read_until_left(held).await;
    assert!(clock.now().monotonic < PATIENCE);
}
