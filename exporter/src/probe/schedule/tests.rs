//! Jobs with stand-in tools: asked again and again, never twice at once, stopped whole.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::tz::TimeZone;
use model::connector::{Tool, TunnelState};
use tokio::sync::mpsc;

use super::super::runner::tests::{PATIENCE, StandIn, opened_by_a_writer, read_until_left};
use super::super::user_label::UserLabel;
use super::*;

fn job(connector: &str, program: PathBuf) -> ToolJob {
    ToolJob {
        connector: Arc::from(connector),
        tool: Tool::CatoSdp,
        program,
        interval: Duration::from_millis(10),
        timeout: Duration::from_secs(20),
        zone: TimeZone::UTC,
        user_label: UserLabel::Withheld,
    }
}

type Answers = mpsc::UnboundedReceiver<(Arc<str>, ToolRun)>;

/// A prober, and what it delivers.
fn prober() -> (Prober, Answers) {
    let (sender, answers) = mpsc::unbounded_channel();
    let deliver: Deliver =
        Arc::new(
            move |connector, run| match sender.send((Arc::clone(connector), run.clone())) {
                Ok(()) => Delivery::Taken,
                Err(_) => Delivery::Gone,
            },
        );
    (Prober::new(deliver, Clock::start()), answers)
}

#[tokio::test]
async fn a_tool_is_asked_again_and_again() {
    let tool = StandIn::new("echo Cato client is disconnected");
    let (mut prober, mut answers) = prober();
    prober
        .change(vec![job("laptop", tool.program.clone())])
        .await;
    for _ in 0..3 {
        let (connector, run) = answers.recv().await.unwrap();
        assert_eq!((&*connector, run.tool), ("laptop", Tool::CatoSdp));
        let tunnel = run.outcome.unwrap().tunnel;
        assert_eq!(tunnel, Some(TunnelState::Disconnected));
        assert!(Duration::ZERO < run.duration);
    }
    fs::remove_file(&tool.program).unwrap();
    while let Some((_, run)) = answers.recv().await {
        if run.outcome == Err(ProbeFailure::NotFound) {
            break;
        }
    }
    prober.stop().await;
}

/// A tool with two commands, each a line of a shell.
fn two_commands(version: &str, status: &str) -> StandIn {
    let script = "echo $1 >>\"$0.asked\"\ncase $1 in\nversion) VERSION ;;\n*) STATUS ;;\nesac";
    let script = script.replace("VERSION", version);
    StandIn::new(&script.replace("STATUS", status))
}

fn told_version(run: &ToolRun) -> Option<&str> {
    run.version.as_ref().map(|version| version.expose())
}

#[tokio::test]
async fn a_version_is_asked_for_once_and_told_with_each_run() {
    let tool = two_commands("echo Cato Client 5.5.0.2120", "echo tun device = tun0");
    let (mut prober, mut answers) = prober();
    prober
        .change(vec![job("laptop", tool.program.clone())])
        .await;
    for _ in 0..3 {
        let (_, run) = answers.recv().await.unwrap();
        assert_eq!(told_version(&run), Some("5.5.0.2120"));
        assert_eq!(run.outcome.unwrap().tunnel, Some(TunnelState::Connected));
    }
    prober.stop().await;
    let asked = fs::read_to_string(tool.program.with_extension("asked")).unwrap();
    let versions = asked.lines().filter(|word| *word == "version").count();
    assert!(asked.starts_with("version\nstatus\nstatus\n"), "{asked}");
    assert_eq!(versions, 1);
}

#[tokio::test]
async fn an_updated_program_is_asked_for_its_version_anew() {
    let tool = two_commands("echo 5.5", "echo tun device = tun0");
    let (mut prober, mut answers) = prober();
    prober
        .change(vec![job("laptop", tool.program.clone())])
        .await;
    let (_, first) = answers.recv().await.unwrap();
    assert_eq!(told_version(&first), Some("5.5"));
    let script = fs::read_to_string(&tool.program).unwrap();
    let draft = tool.program.with_extension("draft");
    fs::write(&draft, script.replace("5.5", "5.6")).unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&draft, &tool.program).unwrap();
    while let Some((_, run)) = answers.recv().await {
        if told_version(&run) == Some("5.6") {
            break;
        }
        assert_eq!(told_version(&run), Some("5.5"));
    }
    prober.stop().await;
}

#[tokio::test]
async fn neither_commands_failure_is_the_others() {
    let up = "echo tun device = tun0";
    for (version, status, expected) in [
        ("exit 1", up, (None, true)),
        ("echo 5.5; exit 1", up, (None, true)),
        ("kill -SEGV $$", up, (None, true)),
        ("sleep 60", up, (None, true)),
        ("head -c 100000 /dev/zero", up, (None, true)),
        ("echo 5.5", "exit 1", (Some("5.5"), false)),
        ("echo 5.5", "kill -SEGV $$", (Some("5.5"), false)),
        ("echo 5.5", "echo garbage", (Some("5.5"), false)),
    ] {
        let tool = two_commands(version, status);
        let (mut prober, mut answers) = prober();
        let limit = if version.starts_with("sleep") { 1 } else { 20 };
        let job = ToolJob {
            timeout: Duration::from_secs(limit),
            ..job("laptop", tool.program.clone())
        };
        prober.change(vec![job]).await;
        let (_, run) = answers.recv().await.unwrap();
        let told = (told_version(&run), run.outcome.is_ok());
        assert_eq!(told, expected, "{version} {status}");
        prober.stop().await;
    }
}

#[tokio::test]
async fn a_change_stops_the_old_jobs_and_kills_what_they_run() {
    let old = StandIn::new("exit 1");
    let fifo = old.fifo();
    let script = format!(
        "#!/bin/sh\nexec 9>{}; sleep 60 & sleep 60\n",
        fifo.display()
    );
    fs::write(&old.program, script).unwrap();
    let new = StandIn::new("echo tun device = tun0");
    let (mut prober, mut answers) = prober();
    prober.change(vec![job("old", old.program.clone())]).await;
    let held = opened_by_a_writer(fifo).await;
    let clock = Clock::start();
    prober.change(vec![job("new", new.program.clone())]).await;
    read_until_left(held).await;
    assert!(clock.now().monotonic < PATIENCE);
    for _ in 0..3 {
        let (connector, _) = answers.recv().await.unwrap();
        assert_eq!(&*connector, "new");
    }
    prober.stop().await;
}

#[tokio::test]
async fn one_program_never_runs_twice_at_once() {
    // A clash is a folder that is there already; it shows as a failure.
    let tool = StandIn::new(
        "mkdir \"$0.lock\" || exit 1\ni=0; while [ $i -lt 3000 ]; do i=$((i+1)); done\n\
         rmdir \"$0.lock\"; echo tun device = tun0",
    );
    let (mut prober, mut answers) = prober();
    let jobs = ["a", "b", "c"].map(|connector| ToolJob {
        interval: Duration::from_millis(1),
        ..job(connector, tool.program.clone())
    });
    prober.change(jobs.to_vec()).await;
    let mut seen = std::collections::BTreeSet::new();
    let mut runs = 0;
    while seen.len() < 3 || runs < 20 {
        let (connector, run) = answers.recv().await.unwrap();
        assert!(run.outcome.is_ok(), "{connector} {:?}", run.outcome);
        seen.insert(connector);
        runs += 1;
    }
    prober.stop().await;
}

#[tokio::test]
async fn no_more_than_eight_tools_run_at_once() {
    // Each run leaves a file while it lasts, and fails if it sees more than eight.
    let crowd = tempfile::tempdir().unwrap();
    let folder = crowd.path().display();
    let script = format!(
        "touch {folder}/$$; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done\n\
         set -- {folder}/*; [ $# -le 8 ] || exit 1; rm {folder}/$$; echo tun device = tun0"
    );
    let tools: Vec<StandIn> = (0..12).map(|_| StandIn::new(&script)).collect();
    let (mut prober, mut answers) = prober();
    let jobs = tools.iter().map(|tool| ToolJob {
        interval: Duration::from_millis(1),
        ..job("laptop", tool.program.clone())
    });
    prober.change(jobs.collect()).await;
    for _ in 0..200 {
        let (_, run) = answers.recv().await.unwrap();
        assert!(run.outcome.is_ok(), "{:?}", run.outcome);
    }
    prober.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_not_taken_at_once_is_offered_again() {
    let tool = StandIn::new("echo tun device = tun0");
    let offers = Arc::new(AtomicU32::new(0));
    let (sender, mut taken) = mpsc::unbounded_channel();
    let first = Mutex::new(None);
    let deliver: Deliver = {
        let offers = Arc::clone(&offers);
        Arc::new(move |_, run| {
            let mut first = first.lock().unwrap();
            let offered = first.get_or_insert_with(|| run.clone());
            if offers.fetch_add(1, Ordering::SeqCst) < 2 {
                return Delivery::Full;
            }
            sender.send(offered == run).unwrap();
            Delivery::Gone
        })
    };
    let mut prober = Prober::new(deliver, Clock::start());
    prober
        .change(vec![job("laptop", tool.program.clone())])
        .await;
    assert_eq!(taken.recv().await, Some(true));
    // Nobody takes answers any more, so the job ends by itself and offers no other.
    for task in prober.tasks.drain(..) {
        task.await.unwrap();
    }
    assert_eq!(offers.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_program_that_others_may_change_is_not_run_until_they_may_not() {
    let tool = StandIn::new("touch \"$0.ran\"; echo 'tun device = tun0'");
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let folder = tool.folder.path();
    let (mut prober, mut answers) = prober();
    set_mode(&tool.program, 0o757);
    prober
        .change(vec![job("laptop", tool.program.clone())])
        .await;
    let (_, first) = answers.recv().await.unwrap();
    assert_eq!(first.outcome, Err(ProbeFailure::Unsafe));
    // The folder is asked each time, too.
    set_mode(folder, 0o770);
    set_mode(&tool.program, 0o755);
    for _ in 0..3 {
        let (_, run) = answers.recv().await.unwrap();
        assert_eq!(run.outcome, Err(ProbeFailure::Unsafe));
    }
    assert!(!tool.program.with_extension("ran").exists());
    set_mode(folder, 0o700);
    while let Some((_, later)) = answers.recv().await {
        match later.outcome {
            Err(cause) => assert_eq!(cause, ProbeFailure::Unsafe),
            Ok(_) => break,
        }
    }
    assert!(tool.program.with_extension("ran").exists());
    prober.stop().await;
}

#[test]
fn an_interval_is_a_tenth_more_or_less() {
    let minute = Duration::from_secs(60);
    assert_eq!(jittered(minute, 0), Duration::from_secs(54));
    assert_eq!(jittered(minute, 100), minute);
    assert_eq!(jittered(minute, 200), Duration::from_secs(66));
    proptest::proptest!(|(chance: u64, seconds in 0..u64::MAX)| {
        let interval = Duration::from_secs(seconds);
        let waited = jittered(interval, chance);
        let least = interval / 10 * 9;
        let most = interval.saturating_add(interval / 10).saturating_add(Duration::from_nanos(9));
        proptest::prop_assert!((least..=most).contains(&waited));
    });
}
