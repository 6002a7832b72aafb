//! Promise: whatever a mail server does, a mail is sent again until it is taken, the same
//! bytes each time; what is refused for good, or cannot be right, is told by other ways; and
//! no server holds up the mails of another.
//!
//! Each receiver has a server of its own that misbehaves in its own way, all at once: what
//! is tried again waits half a minute.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use harness::agent::Agent;
use harness::receivers::{AGENT, Speaker};
use harness::scene::{Scene, Settings};
use harness::smtp::MailServer;
use harness::tls::Authority;
use harness::wait;
use serde_json::{Value, json};

/// One mail to all whose server misbehaves, and the agent's own faults to a witness.
const RULES: &str = r#"version: 1
rules:
  - id: said
    alert: SAID
    on: {event: registration.failed}
    severity: critical
    receivers: [NAMES]
    summary: "{{ connector }} could not be registered"
    action: "Look at the token."
  - id: agent-fault
    alert: AGENT_FAULT
    on: {sample: agent_fault, by: [fault]}
    above: 0
    severity: critical
    receivers: [witness]
    summary: "Something is wrong with the agent itself ({{ fault }})"
    action: "Look at its log."
"#;

/// The first wait is half a minute, and what hangs costs five seconds before.
const RETRY_PATIENCE: Duration = Duration::from_secs(90);

const TOKEN: &str = "Registration failed because the token has expired.";

/// A receiver with a server of its own.
struct Case {
    name: &'static str,
    server: MailServer,
    to: Vec<&'static str>,
    /// Further keys of `email`.
    more: String,
}

impl Case {
    /// One recipient, without TLS, at a server with this plan.
    fn plain(name: &'static str, plan: Value) -> Self {
        Self {
            name,
            server: MailServer::with(plan).unwrap(),
            to: vec!["ops@example.com"],
            more: ", tls: none".to_owned(),
        }
    }

    fn receiver(&self) -> String {
        self.server.receiver(self.name, &self.to, &self.more)
    }

    /// Deliveries to it with this result.
    fn results(&self, agent: &Agent, result: &str) -> u64 {
        let labels = [("receiver", self.name), ("result", result)];
        agent
            .page()
            .unwrap()
            .count("ztna_deliveries_total", &labels)
    }
}

/// A scene in which these and a witness are told. Files of the receivers are named as they
/// stand in the scene's folder.
fn scene(cases: &[Case], witness: &MailServer, told: &[&str]) -> Scene {
    let mut receivers: Vec<String> = cases.iter().map(Case::receiver).collect();
    receivers.push(witness.receiver("witness", &["noc@example.com"], ", tls: none"));
    let mut settings = Settings::default();
    settings.more.push_str(&format!(
        "alerts: {{agent: {AGENT}, rules: [rules.yaml], receivers: [{}]}}\n",
        receivers.join(", ")
    ));
    let scene = Scene::with(settings).unwrap();
    let mut names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    names.extend(told);
    let rules = RULES.replace("NAMES", &names.join(", "));
    fs::write(scene.path("rules.yaml"), rules).unwrap();
    scene
}

/// An agent that has read the line that all are told of, or is about to.
fn told(scene: &Scene) -> Agent {
    let mut speaker = Speaker::new(scene).unwrap();
    let agent = Agent::start(scene).unwrap();
    agent.wait_until_ready().unwrap();
    speaker.wizard(TOKEN).unwrap();
    agent
}

/// Waits until each case has this many deliveries with the result.
fn wait_for(agent: &Agent, cases: &[Case], result: &str, count: u64) {
    let mut missing = Vec::new();
    let found = wait::until(RETRY_PATIENCE, result, || {
        let page = agent.page()?;
        let is_missing = |case: &&Case| {
            let labels = [("receiver", case.name), ("result", result)];
            page.count("ztna_deliveries_total", &labels) < count
        };
        missing = cases
            .iter()
            .filter(is_missing)
            .map(|case| case.name)
            .collect();
        Ok(missing.is_empty().then_some(()))
    });
    found.unwrap_or_else(|error| panic!("{error:#}: {missing:?}; {}", agent.log_tail()));
}

/// The lines of a server's log about mails that came whole, taken or not.
fn whole_mails(server: &MailServer) -> Vec<Value> {
    let log = server.log().unwrap();
    let has_mail = |entry: &Value| entry.get("digest").is_some();
    log.into_iter().filter(has_mail).collect()
}

/// Those who take nothing at first.
fn unwilling() -> Vec<Case> {
    let at = |step: &str, act: &str| json!({"steps": {step: [act]}});
    let mut cases = vec![
        Case::plain("busy", at("GREETING", "421 4.3.2 too busy")),
        Case::plain("greylist", json!({"greylist_seconds": 1})),
        Case::plain("later", at("DOT", "451 4.3.0 not now")),
        Case::plain("rude", at("DOT", "close")),
    ];
    let mut one_of_two = Case::plain("one-of-two", at("RCPT b@example.com", "451 4.2.1 full"));
    one_of_two.to = vec!["a@example.com", "b@example.com"];
    cases.push(one_of_two);
    for (name, step) in [
        ("mute", "GREETING"),
        ("mute-hello", "EHLO"),
        ("mute-sender", "MAIL"),
        ("mute-recipient", "RCPT"),
        ("mute-data", "DATA"),
        ("mute-dot", "DOT"),
    ] {
        cases.push(Case::plain(name, at(step, "hang")));
    }
    cases
}

#[test]
fn what_a_server_does_not_take_now_it_gets_later_and_others_at_once() {
    let mut gone = Case::plain("gone", json!({}));
    gone.server.kill().unwrap();
    let mut cases = unwilling();
    cases.push(gone);
    let witness = MailServer::start().unwrap();
    let scene = scene(&cases, &witness, &["witness"]);
    let agent = told(&scene);
    witness.wait_for(1).unwrap();
    for case in cases.iter().filter(|case| case.name.starts_with("mute")) {
        let tried = case.results(&agent, "retried");
        assert_eq!(tried, 0, "{} held it up", case.name);
    }
    wait_for(&agent, &cases, "retried", 1);
    cases.last_mut().unwrap().server.restart().unwrap();
    wait_for(&agent, &cases, "sent", 1);
    for case in &cases {
        let mails = case.server.mails().unwrap();
        let to: BTreeSet<&str> = mails.iter().map(|mail| mail.header("To")).collect();
        assert_eq!(to, case.to.iter().copied().collect(), "{}", case.name);
        assert_eq!(mails.len(), case.to.len(), "{}", case.name);
        // Those that came whole, taken or not, are one.
        let whole = whole_mails(&case.server);
        for name in ["digest", "message_id"] {
            let unlike: BTreeSet<&str> = whole
                .iter()
                .filter(|_| case.to.len() == 1)
                .filter_map(|entry| entry[name].as_str())
                .collect();
            assert!(unlike.len() <= 1, "{}: {unlike:?}", case.name);
        }
    }
    for result in ["dead", "misconfigured"] {
        let page = agent.page().unwrap();
        let faults = page.count("ztna_deliveries_total", &[("result", result)]);
        assert_eq!(faults, 0, "{result}");
    }
    assert_eq!(witness.ids().unwrap().len(), 1);
    agent.terminate().unwrap();
}

#[test]
fn a_mail_whose_answer_is_lost_comes_twice_and_is_the_same() {
    let cases = [Case::plain(
        "lossy",
        json!({"steps": {"DOT": ["take and close"]}}),
    )];
    let witness = MailServer::start().unwrap();
    let scene = scene(&cases, &witness, &[]);
    let agent = told(&scene);
    wait_for(&agent, &cases, "retried", 1);
    // A new process tries at once what waits.
    agent.kill().unwrap();
    let again = Agent::start(&scene).unwrap();
    wait_for(&again, &cases, "sent", 1);
    let mails = cases[0].server.mails().unwrap();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(mails[0].bytes, mails[1].bytes);
    again.terminate().unwrap();
}

#[test]
fn what_is_refused_for_good_harms_no_other_recipient_and_is_told() {
    let bad = json!({"steps": {"RCPT b@example.com": ["*550 5.1.1 nobody here"]}});
    let mut one_of_three = Case::plain("one-of-three", bad);
    one_of_three.to = vec!["a@example.com", "b@example.com", "c@example.com"];
    let cases = [
        one_of_three,
        Case::plain("small", json!({"size_max": 500})),
        Case::plain(
            "refusing",
            json!({"steps": {"DOT": ["*552 5.3.4 too big"]}}),
        ),
    ];
    let witness = MailServer::start().unwrap();
    let scene = scene(&cases, &witness, &[]);
    let agent = told(&scene);
    wait_for(&agent, &cases, "dead", 1);
    wait_for(&agent, &cases[..1], "sent", 2);
    let faults = witness.wait_for(1).unwrap();
    let subject = faults[0].header("Subject");
    assert!(subject.contains("(delivery_dead)"), "{subject}");
    let mails = cases[0].server.mails().unwrap();
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.header("To")).collect();
    to.sort_unstable();
    assert_eq!(to, ["a@example.com", "c@example.com"]);
    for refusing in &cases[1..] {
        assert_eq!(refusing.server.ids().unwrap().len(), 0, "{}", refusing.name);
    }
    agent
        .wait_until_shown(&[
            r#"ztna_outbox_messages{state="queued"} 0"#,
            r#"ztna_outbox_messages{state="retrying"} 0"#,
        ])
        .unwrap();
    agent.terminate().unwrap();
}

/// A receiver that wants TLS, with further keys of `email`.
fn wary(name: &'static str, server: MailServer, more: &str) -> Case {
    Case {
        name,
        server,
        to: vec!["ops@example.com"],
        more: more.to_owned(),
    }
}

#[test]
fn what_people_have_to_mend_is_kept_and_told_and_shows_nothing_in_clear() {
    const PASSWORD: &str = ", ca_file: ca.pem, username: ztna, password_file: password";
    let authority = Authority::root("Test root").unwrap();
    // Whoever goes on in spite of what is wrong is seen.
    let noted = json!({"steps": {"MAIL": ["*451 4.3.0 who are you?"]}});
    let auth = json!({"username": "ztna", "password": "right"});
    let signing = json!({"auth": auth, "steps": noted["steps"]});
    let stranger = MailServer::private(&Authority::root("Other").unwrap(), signing).unwrap();
    let guarded = MailServer::private(&authority, json!({"auth": auth})).unwrap();
    let closed = json!({"steps": {"GREETING": ["*554 5.7.1 no mail from you"]}});
    let cases = [
        wary("bare", MailServer::with(noted).unwrap(), ""),
        wary("stranger", stranger, PASSWORD),
        wary("guarded", guarded, PASSWORD),
        Case::plain("closed", closed),
    ];
    let witness = MailServer::start().unwrap();
    let scene = scene(&cases, &witness, &[]);
    fs::write(scene.path("ca.pem"), authority.pem()).unwrap();
    fs::write(scene.path("password"), "wrong\n").unwrap();
    let agent = told(&scene);
    wait_for(&agent, &cases, "misconfigured", 1);
    let faults = witness.wait_for(1).unwrap();
    let subject = faults[0].header("Subject");
    assert!(subject.contains("(mail_config)"), "{subject}");
    agent
        .wait_until_shown(&[r#"ztna_outbox_messages{state="retrying"} 4"#])
        .unwrap();
    for case in &cases {
        let server = &case.server;
        assert_eq!(server.ids().unwrap().len(), 0, "{}", case.name);
        assert_eq!(
            server.noted("act", &[("step", "MAIL")]).unwrap(),
            0,
            "{}",
            case.name
        );
        let signed_in = server.noted("auth", &[]).unwrap();
        assert_eq!(
            signed_in,
            usize::from(case.name == "guarded"),
            "{}",
            case.name
        );
        assert_eq!(case.results(&agent, "dead"), 0, "{}", case.name);
    }
    // What is mended gets its mail at once, not in an hour.
    fs::write(scene.path("password"), "right\n").unwrap();
    agent.reload().unwrap();
    let mails = cases[2].server.wait_for(1).unwrap();
    assert!(mails[0].is_private);
    agent.terminate().unwrap();
}

#[test]
fn a_token_that_has_run_out_is_fetched_again_at_once() {
    let authority = Authority::root("Test root").unwrap();
    let token = json!({"client_id": "ztna", "client_secret": "secret", "answers": ["expired"]});
    let auth = json!({"mechanisms": ["XOAUTH2"]});
    let server = MailServer::private(&authority, json!({"auth": auth, "token": token})).unwrap();
    let more = format!(
        ", ca_file: ca.pem, username: ops@example.com, oauth: {{token_url: \
         \"http://127.0.0.1:{}/token\", client_id: ztna, client_secret_file: secret}}",
        server.token_port()
    );
    let cases = [wary("modern", server, &more)];
    let witness = MailServer::start().unwrap();
    let scene = scene(&cases, &witness, &[]);
    fs::write(scene.path("ca.pem"), authority.pem()).unwrap();
    fs::write(scene.path("secret"), "secret\n").unwrap();
    let agent = told(&scene);
    let modern = &cases[0].server;
    let mails = modern.wait_for(1).unwrap();
    assert!(mails[0].is_private);
    wait_for(&agent, &cases, "sent", 1);
    assert_eq!(modern.noted("token", &[]).unwrap(), 2);
    assert_eq!(
        modern.noted("auth", &[("mechanism", "XOAUTH2")]).unwrap(),
        2
    );
    for result in ["retried", "misconfigured"] {
        assert_eq!(cases[0].results(&agent, result), 0, "{result}");
    }
    assert_eq!(witness.ids().unwrap().len(), 0);
    agent.terminate().unwrap();
}
