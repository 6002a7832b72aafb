//! Promise: a timeline that `alerts test` finds right is what happens: the same lines, in a
//! real log and on a real clock, become the same mails, and none besides.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::agent::Agent;
use harness::log_file::LogFile;
use harness::receivers::{AGENT, scene};
use harness::scene::Scene;
use harness::smtp::{FROM, MailServer};
use harness::tools::{agent_binary, succeed};
use ztna_exporter::clock::Clock;

use super::all_mails;

/// A minute of the story: how its line begins, how it goes on, and the mail that comes of
/// it.
struct Minute {
    begin: &'static str,
    rest: &'static str,
    mail: Option<Told>,
}

/// A mail: its severity, type and sentence, how it stands, and its thread.
#[derive(Clone, Copy)]
struct Told {
    bracket: &'static str,
    alert: &'static str,
    sentence: &'static str,
    status: &'static str,
    thread: &'static str,
}

const TUNNEL: &str = "[pub:%Y-%m-%d %H:%M:%S.000000 +00:00] [info] ";

const WIZARD: &str = "%Y/%m/%d %H:%M:%S UTC ";

const UP: &str = "eventlog.cpp:115:logPublisherTunnelEvent():0x0 \
    {\"eventId\": \"NPACONNECTED\", \"publisherId\": \"130dbd9d40e4ad35\", \
    \"stitcherIp\": \"203.0.113.7\", \"tenant\": \"example.goskope.com\"}";

const DOWN: &str = "eventlog.cpp:115:logPublisherTunnelEvent():0x0 \
    {\"eventId\": \"NPADISCONNECTED\", \"publisherId\": \"130dbd9d40e4ad35\", \
    \"stitcherIp\": \"203.0.113.7\", \"tenant\": \"example.goskope.com\"}";

const TUNNEL_DOWN: Told = Told {
    bracket: "critical",
    alert: "TUNNEL_DOWN",
    sentence: "The tunnel of pub-fra-1 is down",
    status: "firing",
    thread: "tunnel",
};

const UNREGISTERED: Told = Told {
    bracket: "critical",
    alert: "REGISTRATION_FAILED",
    sentence: "Publisher pub-fra-1 could not be registered (token_expired)",
    status: "firing",
    thread: "registration",
};

const fn over(told: Told) -> Told {
    Told {
        bracket: "resolved",
        status: "resolved",
        ..told
    }
}

const STORY: [Minute; 6] = [
    Minute {
        begin: TUNNEL,
        rest: UP,
        mail: None,
    },
    Minute {
        begin: TUNNEL,
        rest: DOWN,
        mail: Some(TUNNEL_DOWN),
    },
    Minute {
        begin: TUNNEL,
        rest: UP,
        mail: Some(over(TUNNEL_DOWN)),
    },
    Minute {
        begin: WIZARD,
        rest: "Registration failed because the token has expired.",
        mail: Some(UNREGISTERED),
    },
    Minute {
        begin: WIZARD,
        rest: "Publisher registered successfully.",
        mail: Some(over(UNREGISTERED)),
    },
    Minute {
        begin: WIZARD,
        rest: "Publisher auto-update failed while downloading docker image.",
        mail: Some(Told {
            bracket: "critical",
            alert: "UPGRADE_FAILED",
            sentence: "Update of pub-fra-1 failed (docker_pull), stitcher 203.0.113.7",
            status: "update",
            thread: "update",
        }),
    },
];

/// The story by a virtual clock, and what is to come of it.
fn timeline() -> String {
    let begin = Clock::start().now().timestamp();
    let mut text = format!(
        "connectors: {{pub-fra-1: netskope-publisher}}\n\
         alerts:\n  agent: {AGENT}\n  rules: [default, quick.yaml]\n  receivers:\n  \
         - {{name: ops, email: {{host: localhost, tls: none, from: {FROM}, \
         to: [ops@example.com]}}}}\n\
         tests:\n- name: the story\n  at: {at}\n  until: 20m\n  when:\n",
        at = begin.strftime("%Y-%m-%dT%H:%M:%SZ"),
    );
    let mut mails = String::new();
    for (minute, one) in (0_u64..).zip(&STORY) {
        let at = begin + Duration::from_secs(60 * minute);
        let line = format!("{}{}", at.strftime(one.begin), one.rest);
        writeln!(text, "  - {{t: {minute}m, lines: [{line:?}]}}").unwrap();
        if let Some(told) = one.mail {
            let Told {
                alert,
                sentence,
                status,
                thread,
                ..
            } = told;
            writeln!(
                mails,
                "    - {{at: {minute}m, alert: {alert}, status: {status}, thread: {thread}, \
                 to: [ops@example.com], subject: {sentence:?}}}"
            )
            .unwrap();
        }
    }
    text + "  expect:\n    mails:\n" + &mails
}

/// The program's word on the timeline.
fn check_timeline(scene: &Scene) {
    let file = scene.path("story.yaml");
    fs::write(&file, timeline()).unwrap();
    let mut command = Command::new(agent_binary().unwrap());
    succeed(command.args(["alerts", "test"]).arg(&file)).unwrap();
}

#[test]
fn what_a_timeline_says_is_what_the_running_program_mails() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let scene = scene(&[receiver], "").unwrap();
    check_timeline(&scene);
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    let clock = Clock::start();
    let mut wanted = Vec::new();
    for one in &STORY {
        // Whole seconds: what seems to be before the start is history.
        let at = clock.now().timestamp() + Duration::from_secs(1);
        let line = format!("{}{}\n", at.strftime(one.begin), one.rest);
        log.raw(line.as_bytes()).unwrap();
        match one.mail {
            Some(told) => {
                wanted.push(told);
                server.wait_for(wanted.len()).unwrap();
            }
            None => {
                agent.wait_for_events("tunnel.connected", 1).unwrap();
            }
        }
    }
    let mails = all_mails(&agent, &server).unwrap();
    assert_eq!(mails.len(), wanted.len());
    let mut threads: BTreeMap<&str, &str> = BTreeMap::new();
    for (mail, told) in mails.iter().zip(&wanted) {
        let subject = mail.header("Subject");
        let begin = format!("[ZTNA {}] {}: ", told.bracket, told.alert);
        assert!(subject.starts_with(&begin), "{subject}");
        assert!(subject.ends_with(told.sentence), "{subject}");
        assert_eq!(mail.header("X-ZTNA-Status"), told.status);
        assert_eq!(mail.recipients, ["ops@example.com"]);
        let thread = mail.header("References");
        assert_eq!(*threads.entry(told.thread).or_insert(thread), thread);
    }
    assert_eq!(threads.len(), 3, "{threads:?}");
    agent.terminate().unwrap();
}
