//! Whole configurations, and what alerting makes of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use alerts::receiver::{MailAuth, MailTls, Way};
use model::alert::Severity;

use super::*;

fn config(alerts: &str) -> Config {
    let text = format!(
        "store: {{path: state.db}}\nconnectors:\n- {{name: pub-1, kind: netskope-publisher, \
         logs: {{agent: [/x]}}}}\n{alerts}"
    );
    match Config::parse("test", &text) {
        Ok(config) => config,
        Err(error) => panic!("{}", error.render(crate::config::Colour::Never)),
    }
}

const OPS: &str = "{name: ops, email: {host: mail.example.com, from: z@example.com, \
                   to: [ops@example.com]}}";

#[test]
fn without_the_section_the_default_rules_hold_and_a_warning_says_that_nobody_is_told() {
    let settings = build(&config("")).unwrap();
    assert!(settings.receivers.is_empty());
    assert!(settings.default_receivers.is_empty());
    assert_eq!(settings.warnings.len(), 1, "{:?}", settings.warnings);
    assert!(settings.warnings[0].contains("nobody is told"));
}

#[test]
fn everybody_hears_what_names_nobody_unless_the_configuration_says_who() {
    let two = format!("{OPS}, {{name: boss, snmp: {{}}}}");
    let snmp = "snmp: {targets: [{name: a, address: \"192.0.2.1:162\", community_file: \
                ../tests/fixtures/configs/valid/secrets/community}]}\n";
    let all = build(&config(&format!("{snmp}alerts: {{receivers: [{two}]}}"))).unwrap();
    assert_eq!(all.default_receivers, [Arc::from("ops"), Arc::from("boss")]);
    assert!(all.warnings.iter().all(|one| !one.contains("nobody")));
    let one = config(&format!(
        "{snmp}alerts: {{receivers: [{two}], default_receivers: [ops]}}"
    ));
    assert_eq!(build(&one).unwrap().default_receivers, [Arc::from("ops")]);
}

#[test]
fn a_mail_receiver_has_what_stands_in_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("password"), "hunter2\n").unwrap();
    fs::set_permissions(path("password"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(path("subject"), "{{ summary }}").unwrap();
    let settings = build(&config(&format!(
        "alerts:\n  receivers:\n  - name: ops\n    least_severity: warning\n    email:\n      \
         host: mail.example.com\n      tls: implicit\n      username: u\n      \
         password_file: {}\n      auth: login\n      from: Z <z@example.com>\n      \
         to: [a@example.com, b@example.com]\n      time_zone: Europe/Berlin\n      \
         templates: {{subject_file: {}}}\n",
        path("password"),
        path("subject")
    )))
    .unwrap();
    let ops = settings.receivers.first().unwrap();
    assert_eq!(ops.least_severity, Severity::Warning);
    assert_eq!(ops.hourly_limit, Some(100));
    assert!(ops.send_resolved);
    let Way::Email(email) = &ops.way else {
        panic!("{ops:?}");
    };
    assert_eq!((email.tls, email.port), (MailTls::Implicit, 465));
    assert_eq!(email.timeout, Duration::from_secs(60));
    assert!(matches!(&email.auth, MailAuth::Login(secret) if secret.expose() == "hunter2"));
    assert_eq!(
        email.templates.subject,
        Some(("{{ summary }}".to_owned(), path("subject")))
    );
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn a_rule_that_names_somebody_unknown_is_refused_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.yaml");
    let rule = "version: 1\nrules:\n- id: own\n  alert: OWN\n  on: {event: tls.error}\n  \
                severity: warning\n  receivers: [opps]\n  summary: It is so\n  action: Look\n";
    fs::write(&path, rule).unwrap();
    let text = format!(
        "alerts: {{rules: [{}], receivers: [{OPS}]}}",
        path.display()
    );
    let error = build(&config(&text)).unwrap_err().to_string();
    assert!(error.contains("own.yaml:3"), "{error}");
    assert!(
        error.contains("tells `opps`, who is no receiver"),
        "{error}"
    );
    assert!(error.contains("one of `ops`"), "{error}");
    fs::write(&path, rule.replace("  receivers: [opps]\n", "")).unwrap();
    assert!(build(&config(&text)).is_ok());
    let nobody = text.replace("rules:", "default_receivers: [], rules:");
    let untold = build(&config(&nobody)).unwrap_err().to_string();
    assert!(untold.contains("tells nobody"), "{untold}");
}

#[test]
fn a_profile_has_all_publishers_of_the_agent_unless_it_names_them() {
    let settings = build(&config(
        "alerts: {profiles: [{name: weekly, release: latest-1, schedule: {weekly: tuesday, \
         time: \"02:00\", zone: US/Eastern}}]}",
    ))
    .unwrap();
    let profile = settings.plan.profiles.first().unwrap();
    assert_eq!(profile.members, [Arc::from("pub-1")]);
    let after = "2026-11-22T00:00:00Z".parse().unwrap();
    let start = profile.schedule.as_ref().unwrap().next_after(after);
    assert_eq!(start.unwrap().at, "2026-11-24T07:00:00Z".parse().unwrap());
}

#[test]
fn an_agents_name_can_stand_in_a_message_id() {
    for (host, agent) in [
        ("pub-1.example.com", "pub-1.example.com"),
        ("weird host_1", "weird-host-1"),
        ("-a-..b.", "a.b"),
        ("", "ztna-exporter"),
        ("___", "ztna-exporter"),
    ] {
        assert_eq!(sanitised(host), agent, "{host:?}");
    }
}

#[test]
fn a_file_of_rules_without_a_rule_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("a.yaml"), "# to be written\n").unwrap();
    fs::write(
        path("b.yaml"),
        "version: 1\nrules:\n- {id: tunnel-down, disabled: true}\n",
    )
    .unwrap();
    fs::write(path("c.yaml"), "version: 1\nrules: []\n").unwrap();
    let settings = build(&config(&format!(
        "alerts: {{rules: [default, '{}'], receivers: [{OPS}]}}",
        path("*.yaml")
    )))
    .unwrap();
    let wanted =
        ["a", "c"].map(|name| format!("{}: there is no rule in it", path(&format!("{name}.yaml"))));
    assert_eq!(settings.warnings, wanted);
}

#[test]
fn a_rule_that_leads_to_a_page_of_ours_that_there_is_not_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.yaml");
    let rule = |id: &str, runbook: &str| {
        format!(
            "- {{id: {id}, alert: X, on: {{event: tls.error}}, severity: info, summary: s, \
             action: a, runbook: {runbook}}}\n"
        )
    };
    let rules = [
        rule("lost", "docs/runbooks/tunel-down.md"),
        rule("ours", "docs/runbooks/tunnel-down.md"),
        rule("own", "docs/wiki/tunel-down.md"),
    ];
    let text = format!("version: 1\nrules:\n{}", rules.concat());
    fs::write(&file, text).unwrap();
    let file = file.display();
    let settings = build(&config(&format!(
        "alerts: {{rules: ['{file}'], receivers: [{OPS}]}}"
    )));
    let wanted = format!(
        "{file}:3: the rule `lost` leads to `docs/runbooks/tunel-down.md`, and there is no such \
         page (did you mean `docs/runbooks/tunnel-down.md`?)"
    );
    assert_eq!(settings.unwrap().warnings, [wanted]);
}

#[test]
fn a_secret_in_the_place_of_its_file_is_not_shown() {
    let ways = [
        "email: {host: h.example.com, from: z@example.com, to: [a@example.com], username: u, \
         password_file: hunter2secret}",
        "webhook: {url: 'https://h.example.com/', signing_key_file: hunter2secret}",
        "webhook: {url: 'https://h.example.com/', bearer_file: hunter2secret}",
        "webhook: {url_file: hunter2secret}",
    ];
    for way in ways {
        let text = format!(
            "connectors: [{{name: a, kind: cato-client, logs: {{client: [/y]}}}}]\nalerts:\n  \
             receivers:\n  - {{name: ops, {way}}}\n"
        );
        let error = Config::parse("test", &text).unwrap_err();
        let shown = error.render(crate::config::Colour::Never);
        assert!(shown.contains("13 characters"), "{shown}");
        assert!(!format!("{shown}{error}").contains("hunter2"), "{shown}");
        let path = text.replace("hunter2secret", "keys/none");
        let missing = Config::parse("test", &path).unwrap_err().to_string();
        assert!(missing.contains("keys/none"), "{missing}");
    }
}
