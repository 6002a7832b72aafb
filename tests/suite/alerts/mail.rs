//! Promise: what is written to a Publisher's log becomes exactly the mails that it should:
//! to whom, about what, in which thread, once.
//!
//! The mails are read by another program's parser.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use harness::agent::Agent;
use harness::receivers::{AGENT, Speaker, scene, scene_with};
use harness::smtp::{FROM, Mail, MailServer};
use ztna_exporter::clock::Clock;

use super::{SENTINEL_SUBJECT, all_mails, say_sentinel};

/// The Publisher's update profile; the Publisher is its only member.
const PROFILE: &str = "profiles: [{name: eu-weekly}],";

const TWO: [&str; 2] = ["ops@example.com", "noc@example.com"];

/// The vendor's sentence about images that cannot be pulled.
const DOCKER_PULL: &str = "Publisher auto-update failed while downloading docker image.";

/// What every mail has, whatever it is about.
fn check_form(mail: &Mail) {
    assert_eq!(mail.defects(), [""; 0], "{}", mail.header("Subject"));
    assert_eq!(mail.header("From"), format!("{FROM}"));
    assert_eq!(mail.recipients, [mail.header("To")]);
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("X-Auto-Response-Suppress"), "All");
    assert!(mail.header("List-Id").contains(AGENT));
    let id = mail.header("Message-ID");
    assert!(
        id.starts_with('<') && id.ends_with(&format!("@{AGENT}>")),
        "{id}"
    );
    assert_eq!(mail.header("References"), mail.header("In-Reply-To"));
    assert!(mail.header("References").ends_with(&format!("@{AGENT}>")));
    assert_eq!(mail.header("Precedence"), "");
    let names = mail.header_names();
    let once: BTreeSet<&String> = names.iter().collect();
    assert_eq!(once.len(), names.len(), "a header stands twice: {names:?}");
    // Both parts say the same of the matter.
    let (_, said) = mail.header("Subject").split_once(": ").unwrap();
    // A long one is cut in the subject only.
    let said = said.trim_end_matches('…');
    for part in [mail.text(), mail.html_text()] {
        let words = part.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(said), "{said:?} is not in: {words}");
    }
}

fn subjects(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.header("Subject")).collect()
}

fn of_subject<'a>(mails: &'a [Mail], beginning: &str) -> &'a Mail {
    let mut found = mails
        .iter()
        .filter(|mail| mail.header("Subject").starts_with(beginning));
    let only = found.next();
    assert!(found.next().is_none(), "{beginning}: {:?}", subjects(mails));
    only.unwrap_or_else(|| panic!("no {beginning}: {:?}", subjects(mails)))
}

#[test]
fn a_lost_tunnel_is_told_to_each_recipient_once_and_its_return_in_the_same_thread() {
    let server = MailServer::start().unwrap();
    let scene = scene(&[server.receiver("ops", &TWO, ", tls: none")], "").unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    speaker.have_tunnel("203.0.113.7").unwrap();
    agent.wait_for_events("tunnel.connected", 1).unwrap();
    speaker.lose_tunnel("203.0.113.7").unwrap();
    let down = server.wait_for(2).unwrap();
    speaker.have_tunnel("203.0.113.7").unwrap();
    server.wait_for(4).unwrap();
    let mails = all_mails(&agent, &server).unwrap();
    let told = "TUNNEL_DOWN: The tunnel of pub-fra-1 is down";
    let firing = format!("[ZTNA critical] {told}");
    let over = format!("[ZTNA resolved] {told}");
    assert_eq!(subjects(&mails), [&firing, &firing, &over, &over]);
    mails.iter().for_each(check_form);
    for pair in mails.chunks(2) {
        let to: BTreeSet<&str> = pair.iter().map(|mail| mail.header("To")).collect();
        assert_eq!(to, BTreeSet::from(TWO));
        assert_eq!(pair[0].header("Message-ID"), pair[1].header("Message-ID"));
    }
    assert_ne!(mails[0].header("Message-ID"), mails[2].header("Message-ID"));
    assert_eq!(mails[0].header("References"), mails[2].header("References"));
    for (header, first, last) in [
        ("X-ZTNA-Alert", "TUNNEL_DOWN", "TUNNEL_DOWN"),
        ("X-ZTNA-Severity", "critical", "critical"),
        ("X-ZTNA-Status", "firing", "resolved"),
        ("X-ZTNA-Rule", "tunnel-down", "tunnel-down"),
    ] {
        assert_eq!(mails[0].header(header), first);
        assert_eq!(mails[2].header(header), last);
    }
    for part in [down[0].text(), down[0].html_text()] {
        assert!(part.contains("Can the host reach its stitcher?"), "{part}");
        assert!(part.contains("pub-fra-1"), "{part}");
    }
    assert!(!mails[2].text().contains("WHAT TO DO"));
    agent.terminate().unwrap();
}

#[test]
fn an_update_that_fails_is_told_with_what_the_vendor_recommends() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let scene = scene(&[receiver], PROFILE).unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    speaker.have_tunnel("203.0.113.7").unwrap();
    speaker.wizard("Publisher update started").unwrap();
    server.wait_for(1).unwrap();
    speaker.wizard(DOCKER_PULL).unwrap();
    server.wait_for(2).unwrap();
    let mails = all_mails(&agent, &server).unwrap();
    assert_eq!(mails.len(), 2, "{:?}", subjects(&mails));
    mails.iter().for_each(check_form);
    let started = of_subject(&mails, "[ZTNA info] UPGRADE_STARTED: ");
    let failed = of_subject(&mails, "[ZTNA critical] UPGRADE_FAILED: ");
    for word in ["eu-weekly", "203.0.113.7", "pub-fra-1"] {
        assert!(
            failed.header("Subject").contains(word),
            "{:?}",
            subjects(&mails)
        );
    }
    assert_eq!(started.header("References"), failed.header("References"));
    assert_ne!(started.header("Message-ID"), failed.header("Message-ID"));
    assert_eq!(started.header("X-ZTNA-Run"), failed.header("X-ZTNA-Run"));
    assert!(failed.header("X-ZTNA-Run").starts_with("eu-weekly "));
    for part in [failed.text(), failed.html_text()] {
        let words = part.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("pub-fra-1 failed (docker_pull)"), "{words}");
        assert!(words.contains("hub.docker.com"), "{words}");
        assert!(words.contains("publisher_wizard.log"), "{words}");
    }
    agent.terminate().unwrap();
}

#[test]
fn an_update_that_ends_well_is_told_in_the_thread_of_its_run() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let scene = scene(&[receiver], PROFILE).unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    speaker.wizard("Publisher update started").unwrap();
    server.wait_for(1).unwrap();
    speaker.wizard("Publisher update succeeded").unwrap();
    server.wait_for(2).unwrap();
    let mails = all_mails(&agent, &server).unwrap();
    assert_eq!(mails.len(), 2, "{:?}", subjects(&mails));
    mails.iter().for_each(check_form);
    let started = of_subject(&mails, "[ZTNA info] UPGRADE_STARTED: ");
    let succeeded = of_subject(&mails, "[ZTNA info] UPGRADE_SUCCEEDED: ");
    assert_eq!(started.header("References"), succeeded.header("References"));
    assert!(succeeded.header("Subject").contains("pub-fra-1"));
    agent.terminate().unwrap();
}

#[test]
fn a_registration_that_fails_is_told_until_one_succeeds() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let scene = scene(&[receiver], "").unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    speaker
        .wizard("Registration failed because a discovery call didn't succeed.")
        .unwrap();
    server.wait_for(1).unwrap();
    speaker
        .wizard("Publisher registered successfully.")
        .unwrap();
    server.wait_for(2).unwrap();
    let mails = all_mails(&agent, &server).unwrap();
    let told = "REGISTRATION_FAILED: Publisher pub-fra-1 could not be registered (discovery_call)";
    assert_eq!(
        subjects(&mails),
        [
            format!("[ZTNA critical] {told}"),
            format!("[ZTNA resolved] {told}")
        ]
    );
    mails.iter().for_each(check_form);
    assert_eq!(mails[0].header("References"), mails[1].header("References"));
    agent.terminate().unwrap();
}

#[test]
fn a_host_beyond_its_limit_is_told() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    // Any host uses more than a hundredth of its memory.
    let host = "host: {interval: 1s, thresholds: {memory_used_ratio: \
                {value: 0.01, clear: 0.005, for: 0s}}}\n";
    let scene = scene_with(&[receiver], "", host).unwrap();
    let agent = Agent::start(&scene).unwrap();
    server.wait_for(1).unwrap();
    let mails = all_mails(&agent, &server).unwrap();
    let memory = of_subject(&mails, "[ZTNA warning] HOST_MEMORY on ");
    check_form(memory);
    assert_eq!(memory.header("X-ZTNA-Rule"), "host-memory");
    assert!(memory.text().contains("top -o %MEM"), "{}", memory.text());
    agent.terminate().unwrap();
}

#[test]
fn a_line_that_comes_twice_is_told_once() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let scene = scene(&[receiver], PROFILE).unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    let line = speaker.wizard(DOCKER_PULL).unwrap();
    server.wait_for(1).unwrap();
    speaker.say(line).unwrap();
    agent.wait_for_events("update.failed", 2).unwrap();
    say_sentinel(&mut speaker, &server, 2).unwrap();
    let mails = all_mails(&agent, &server).unwrap();
    assert_eq!(mails.len(), 2, "{:?}", subjects(&mails));
    of_subject(&mails, "[ZTNA critical] UPGRADE_FAILED: ");
    of_subject(&mails, SENTINEL_SUBJECT);
    agent.terminate().unwrap();
}

#[test]
fn a_restart_sends_nothing_again() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let scene = scene(&[receiver], PROFILE).unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    speaker.lose_tunnel("203.0.113.7").unwrap();
    server.wait_for(1).unwrap();
    speaker.wizard(DOCKER_PULL).unwrap();
    server.wait_for(2).unwrap();
    assert_eq!(all_mails(&agent, &server).unwrap().len(), 2);
    agent.terminate().unwrap();
    let killed = Agent::start(&scene).unwrap();
    killed.wait_until_ready().unwrap();
    killed.kill().unwrap();
    let again = Agent::start(&scene).unwrap();
    again.wait_until_ready().unwrap();
    again
        .wait_until_shown(&[r#"ztna_alert_firing{rule="tunnel-down",severity="critical"} 1"#])
        .unwrap();
    say_sentinel(&mut speaker, &server, 3).unwrap();
    let mails = all_mails(&again, &server).unwrap();
    assert_eq!(mails.len(), 3, "{:?}", subjects(&mails));
    of_subject(&mails, SENTINEL_SUBJECT);
    again.terminate().unwrap();
}

#[test]
fn a_first_start_on_an_old_log_mails_nothing() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let scene = scene(&[receiver], PROFILE).unwrap();
    // A day is the age at which nobody is told of anything; a first start is stricter.
    let an_hour_ago = Clock::start().now().timestamp() - Duration::from_secs(3_600);
    let hour = an_hour_ago.strftime("%Y/%m/%d %H:%M");
    let old = [
        "2021/07/27 20:00:43 UTC Registration failed because a discovery call didn't succeed.",
        "2021/07/27 20:10:43 UTC Publisher registered successfully.",
        &format!("{hour}:08 UTC {DOCKER_PULL}"),
        &format!("{hour}:09 UTC Publisher reconnection failed due to timeout."),
        &format!("{hour}:10 UTC Registration failed because the token has expired."),
    ];
    fs::write(scene.log("agent.txt"), old.join("\n") + "\n").unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    agent.wait_for_events("registration.failed", 2).unwrap();
    agent.wait_for_events("update.failed", 1).unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    say_sentinel(&mut speaker, &server, 1).unwrap();
    let mails = all_mails(&agent, &server).unwrap();
    assert_eq!(mails.len(), 1, "{:?}", subjects(&mails));
    of_subject(&mails, SENTINEL_SUBJECT);
    agent.terminate().unwrap();
}
