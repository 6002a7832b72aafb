//! Promise: `kill -9` at any instant, of the agent and of the mail server, loses no mail and
//! makes none up; a mail that comes twice has the same bytes and the same Message-ID.
//!
//! A writer appends lines, each of which is worth a mail of its own, while the agent is
//! killed again and again, a random 20 to 250 ms after it listens, and every tenth time the
//! mail server with it. What must arrive is known from the lines alone. `ZTNA_KILLS` sets
//! the number of kills (100 if not set); docs/reliability.md has figures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use harness::agent::Agent;
use harness::receivers::{AGENT, Speaker};
use harness::scene::{Scene, Settings};
use harness::smtp::{Mail, MailServer, python};
use harness::tools::succeed;
use harness::wait;
use ztna_exporter::corpus::chance::Chance;

/// A mail for each line, with what the line says in its subject.
const RULES: &str = r#"version: 1
rules:
  - id: each-line
    alert: EACH_LINE
    on: {event: registration.failed}
    severity: critical
    summary: "Line {{ event.fields.cause }}"
    action: "Count it."
"#;

/// Between two kills of the mail server.
const SERVER_DIES_EVERY: u64 = 10;

/// Most lines of the writer in a life of the agent, on average: a machine that is busy with
/// something else must not pile up so many that they are told together.
const LINES_A_ROUND: usize = 4;

/// For what is left when the killing is over.
const LAST_PATIENCE: Duration = Duration::from_secs(120);

struct Writing {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    thread: JoinHandle<BTreeSet<String>>,
}

impl Writing {
    fn start(mut speaker: Speaker) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&stop);
        let rounds = Arc::new(AtomicUsize::new(0));
        let rounds_seen = Arc::clone(&rounds);
        let thread = thread::spawn(move || {
            let mut written = BTreeSet::new();
            while !is_over.load(Ordering::Relaxed) {
                // More than a bad day has, and fewer than a server takes.
                thread::park_timeout(Duration::from_millis(60));
                if LINES_A_ROUND * rounds_seen.load(Ordering::Relaxed) <= written.len() {
                    continue;
                }
                written.insert(say(&mut speaker, written.len()));
            }
            written
        });
        Self {
            stop,
            rounds,
            thread,
        }
    }

    /// Another life of the agent begins.
    fn go_on(&self) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
    }

    /// The subjects that have to arrive.
    fn finish(self) -> BTreeSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Writes a line; returns the subject of its mail.
fn say(speaker: &mut Speaker, number: usize) -> String {
    let word = word(number);
    let sentence = format!("Registration failed because {word}.");
    speaker.wizard(&sentence).unwrap();
    format!("[ZTNA critical] EACH_LINE: Line {word}")
}

/// A number in four letters: what looks like a secret is not mailed, and digits may.
fn word(number: usize) -> String {
    let letter = |place: u32| {
        let digit = u8::try_from(number / 26_usize.pow(place) % 26).unwrap();
        char::from(b'a' + digit)
    };
    (0..4).rev().map(letter).collect()
}

fn kills() -> u64 {
    let wanted = std::env::var("ZTNA_KILLS").ok();
    wanted.map_or(100, |number| {
        number.parse().expect("ZTNA_KILLS is a number")
    })
}

fn scene(server: &MailServer) -> Scene {
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let receiver = receiver.replacen("{name: ops,", "{name: ops, hourly_limit: 10000,", 1);
    let mut settings = Settings::default();
    settings.more.push_str(&format!(
        "alerts: {{agent: {AGENT}, rules: [rules.yaml], receivers: [{receiver}]}}\n"
    ));
    let scene = Scene::with(settings).unwrap();
    fs::write(scene.path("rules.yaml"), RULES).unwrap();
    scene
}

/// What SQLite says of the whole file.
fn integrity(scene: &Scene) -> String {
    let ask = "import sqlite3, sys\n\
               rows = sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check')\n\
               print('; '.join(row[0] for row in rows))";
    let mut command = Command::new(python().unwrap());
    let output = succeed(command.args(["-c", ask]).arg(scene.store())).unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Waits until all lines are counted and nothing waits to be sent.
fn wait_for_the_last(agent: &Agent, lines: usize) {
    agent.wait_until_ready().unwrap();
    agent
        .wait_for_events("registration.failed", u64::try_from(lines).unwrap())
        .unwrap();
    let mut left = String::new();
    wait::until(LAST_PATIENCE, "an empty outbox", || {
        let page = agent.page()?;
        let waiting = page.count("ztna_outbox_messages", &[]);
        left = format!("{waiting} wait");
        Ok((waiting == 0).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error:#}: {left}; {}", agent.log_tail()));
}

#[test]
fn what_was_written_in_a_long_outage_is_told_with_each_line_in_fewer_mails() {
    const LINES: usize = 200;
    let server = MailServer::start().unwrap();
    let scene = scene(&server);
    let mut speaker = Speaker::new(&scene).unwrap();
    let first = Agent::start(&scene).unwrap();
    first.wait_until_ready().unwrap();
    first.kill().unwrap();
    for number in 0..LINES {
        say(&mut speaker, number);
    }
    let agent = Agent::start(&scene).unwrap();
    wait_for_the_last(&agent, LINES);
    let mails = server.mails().unwrap();
    assert!(mails.len() <= LINES / 2 + 1, "{}", mails.len());
    let all: String = mails.iter().map(Mail::text).collect();
    for number in 0..LINES {
        let told = word(number);
        assert!(all.contains(&told), "{told} is in none of {}", mails.len());
    }
    agent.terminate().unwrap();
}

#[test]
fn no_kill_loses_a_mail_or_makes_one_up() {
    let mut server = MailServer::start().unwrap();
    let scene = scene(&server);
    let speaker = Speaker::new(&scene).unwrap();
    // The first start of all is in peace: what it finds in the log would be history.
    let first = Agent::start(&scene).unwrap();
    first.wait_until_ready().unwrap();
    first.kill().unwrap();
    let writing = Writing::start(speaker);
    let mut chance = Chance::new(7);
    for round in 1..=kills() {
        writing.go_on();
        let agent = Agent::start(&scene).unwrap();
        let life = Duration::from_millis(u64::from(chance.between(20, 250)));
        let is_servers_turn = round % SERVER_DIES_EVERY == 0;
        if is_servers_turn {
            thread::park_timeout(life / 2);
            server.kill().unwrap();
        }
        // The moment of the kill is chance's, and nothing is waited for.
        thread::park_timeout(life);
        agent.kill().unwrap();
        if is_servers_turn {
            server.restart().unwrap();
        }
    }
    let wanted = writing.finish();
    let agent = Agent::start(&scene).unwrap();
    wait_for_the_last(&agent, wanted.len());
    agent.terminate().unwrap();
    assert_eq!(integrity(&scene), "ok");
    let mails = server.mails().unwrap();
    let mut by_subject: BTreeMap<&str, BTreeSet<(&str, &[u8])>> = BTreeMap::new();
    for mail in &mails {
        let copies = by_subject.entry(mail.header("Subject")).or_default();
        copies.insert((mail.header("Message-ID"), &mail.bytes));
    }
    println!(
        "{} kills, {} lines, {} mails, {} of them again",
        kills(),
        wanted.len(),
        mails.len(),
        mails.len() - by_subject.len()
    );
    let arrived: BTreeSet<&str> = by_subject.keys().copied().collect();
    let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let lost: Vec<&&str> = wanted.difference(&arrived).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let made_up: Vec<&&str> = arrived.difference(&wanted).collect();
    assert!(made_up.is_empty(), "made up: {made_up:?}");
    let ids: BTreeSet<&str> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(ids.len(), wanted.len(), "two lines have one Message-ID");
    for (subject, copies) in &by_subject {
        assert_eq!(copies.len(), 1, "two mails of one line differ: {subject}");
    }
}
