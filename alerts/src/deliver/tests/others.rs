//! Programs that are started and traps that are handed over.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::receiver::ExecWay;

fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("hook");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// What comes of a message of this body for this program.
async fn attempt(program: &Path, limit: Duration, body: &[u8]) -> Attempt {
    let hook = receiver(
        "hook",
        Way::Exec(ExecWay {
            program: program.to_owned(),
            arguments: vec!["two words".to_owned()],
            timeout: limit,
        }),
    );
    let mut office = Office::open(vec![hook.clone()]).await;
    office.put(&hook, body, &[""]);
    office.next().await.2
}

#[tokio::test]
async fn a_program_is_told_on_its_input_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let text = format!(
        "{{ echo \"$#:$1\"; env | sort; pwd; cat; }} > {}",
        told.display()
    );
    let program = script(folder.path(), &text);
    let body = br#"{"summary": "$(reboot) `reboot`"}"#;
    words_of("sent", &attempt(&program, PATIENCE, body).await);
    let told = std::fs::read_to_string(told).unwrap();
    let known = ["LANG=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"];
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "1:two words");
    for name in known {
        assert!(lines.contains(&name), "{told}");
    }
    assert!(!told.contains("CARGO"), "{told}");
    assert!(
        told.ends_with("/\n{\"summary\": \"$(reboot) `reboot`\"}"),
        "{told}"
    );
}

#[tokio::test]
async fn an_exit_code_says_whether_it_helps_to_try_again() {
    let folder = tempfile::tempdir().unwrap();
    for (text, wanted, words) in [
        ("exit 0", "sent", "exit code 0"),
        ("echo busy >&2; exit 75", "retry", "exit code 75: busy"),
        (
            "echo 'no \u{1b}[31m' >&2; exit 3",
            "dead",
            "exit code 3: no  [31m",
        ),
        ("kill -9 $$", "retry", "signal: 9 (SIGKILL)"),
        (
            "head -c 3000000 /dev/zero | tr '\\0' e >&2; exit 1",
            "dead",
            "exit code 1: eee",
        ),
    ] {
        let program = script(folder.path(), text);
        // More than a pipe holds, to a program that reads nothing.
        let body = vec![b' '; 300_000];
        let came = words_of(wanted, &attempt(&program, PATIENCE, &body).await);
        assert!(came.starts_with(words), "{came}");
        assert!(came.chars().count() <= 300);
    }
}

#[tokio::test]
async fn a_program_that_does_not_end_is_ended_with_all_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let text = format!(
        "sleep 1000 & echo $! >> {pids}; echo $$ >> {pids}; wait",
        pids = pids.display()
    );
    let program = script(folder.path(), &text);
    let words = words_of("retry", &attempt(&program, SHORT, b"{}").await);
    assert!(words.starts_with("not done after 300ms"), "{words}");
    let gone = async {
        let pids = std::fs::read_to_string(&pids).unwrap();
        assert_eq!(pids.lines().count(), 2);
        for pid in pids.lines() {
            let status = format!("/proc/{pid}/stat");
            // A killed grandchild is a zombie until init takes it in.
            while std::fs::read_to_string(&status).is_ok_and(|stat| !stat.contains(") Z")) {
                tokio::task::yield_now().await;
            }
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test]
async fn a_program_that_is_not_there_is_for_people() {
    let folder = tempfile::tempdir().unwrap();
    for program in [
        Path::new("/no/such/program"),
        Path::new("true"),
        folder.path(),
    ] {
        words_of("misconfigured", &attempt(program, PATIENCE, b"{}").await);
    }
}

#[tokio::test]
async fn what_a_program_leaves_behind_holds_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let program = script(folder.path(), "sleep 5 & exit 0");
    words_of("sent", &attempt(&program, PATIENCE, b"{}").await);
}

struct Traps;

impl TrapSender for Traps {
    fn send(&self, message: &OutboxMessage) -> Attempt {
        Attempt::Sent(format!("handed over: {}", message.rule))
    }
}

#[tokio::test]
async fn a_trap_is_handed_to_the_snmp_agent() {
    let noc = receiver("noc", Way::Snmp);
    let mut office = Office::open_with(vec![noc.clone()], Some(Arc::new(Traps))).await;
    office.put(&noc, b"{}", &[""]);
    assert_eq!(
        words_of("sent", &office.next().await.2),
        "handed over: tunnel-down"
    );
    let mut without = Office::open(vec![noc.clone()]).await;
    without.put(&noc, b"{}", &[""]);
    words_of("misconfigured", &without.next().await.2);
}
