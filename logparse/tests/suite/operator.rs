//! An operator's own rows load like ours, and every mistake is told with its place.

use expect_test::{Expect, expect};
use logparse::catalogue::{Catalogue, CatalogueError, CatalogueFile};
use model::connector::ConnectorKind;

mod clients;

fn load(text: &str) -> Result<Catalogue, CatalogueError> {
    let file = CatalogueFile {
        name: "own.yaml".to_owned(),
        text: text.to_owned(),
    };
    Catalogue::load(ConnectorKind::NetskopePublisher, &[file])
}

fn refusal(text: &str) -> String {
    refusal_of(load(text))
}

/// The whole chain of an error, as `check-config` prints it, folded.
fn refusal_of(loaded: Result<Catalogue, CatalogueError>) -> String {
    let Err(error) = loaded else {
        return "accepted".to_owned();
    };
    let mut chain = vec![error.to_string()];
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        chain.push(inner.to_string());
        cause = inner.source();
    }
    chain
        .iter()
        .map(|message| folded(message))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Breaks lines after 76 characters, at words, and indents what follows.
fn folded(message: &str) -> String {
    let mut lines = vec![String::new()];
    for word in message.split_whitespace() {
        let last = lines.last_mut().unwrap();
        if last.trim().is_empty() || last.len() + word.len() < 76 {
            let space = if last.trim().is_empty() { "" } else { " " };
            last.push_str(&format!("{space}{word}"));
        } else {
            lines.push(format!("  {word}"));
        }
    }
    lines.join("\n")
}

fn check(row: &str, expected: &Expect) {
    expected.assert_eq(&refusal(&format!("version: 1\nrows:\n{row}")));
}

/// A row that is right, but for what a test adds or leaves out.
const STARTED: &str = "
  - event: update.started
    record: text
    pattern: 'Update to (?<version>\\S+) begins'
    source: seen on our hosts
    examples:
      - line: '2024/05/02 02:10:00 UTC Update to 105.1 begins'
        fields: {version: '105.1'}
        time: 2024-05-02T02:10:00Z
";

#[test]
fn an_own_row_tells_its_event() {
    let catalogue = load(&format!("version: 1\nrows:{STARTED}")).unwrap();
    let ours = Catalogue::built_in(ConnectorKind::NetskopePublisher).unwrap();
    assert_eq!(catalogue.rows().len(), ours.rows().len() + 1);
    assert_eq!(catalogue.pairs().len(), ours.pairs().len() + 1);
    let own = catalogue
        .rows()
        .iter()
        .find(|row| &*row.place.file == "own.yaml")
        .unwrap();
    assert_eq!((own.place.line, own.place.number), (3, 1));
    assert_eq!(own.fields, ["version".into()]);
}

#[test]
fn an_own_row_may_name_a_failure_that_only_our_catch_all_takes() {
    let row = "
  - event: update.failed
    record: text
    pattern: 'Publisher auto-update failed because of the proxy'
    reason: proxy
    source: seen on our hosts
    examples:
      - line: Publisher auto-update failed because of the proxy
";
    check(row, &expect!["accepted"]);
}

#[test]
fn an_own_row_may_read_a_function_of_its_own() {
    let row = "
  - event: config.pulled
    record: {function: 'nsconfig.cpp:Pull::save'}
    pattern: 'saved'
    source: seen on our hosts
    examples:
      - line: '[x] nsconfig.cpp:77:Pull::save():0x0 saved'
    counterexamples:
      - 'other.cpp:77:Pull::save():0x0 saved'
";
    let catalogue = load(&format!("version: 1\nrows:{row}")).unwrap();
    assert_eq!(
        catalogue.functions().last().map(|label| &**label),
        Some("nsconfig.cpp:Pull::save")
    );
}

#[test]
fn an_own_row_may_read_json_count_and_tell_reasons() {
    let rows = "
  - event: tunnel.unknown_event
    record: {function: 'link.cpp:report'}
    json: {key: id, events: {UP: tunnel.connected}, fields: {tenant: t}}
    source: seen on our hosts
    examples:
      - line: 'link.cpp:1:report():0x0 {\"t\": \"x\", \"id\": \"UP\"}'
        event: tunnel.connected
        fields: {tenant: x}
  - event: stitcher.status
    record: {function: 'link.cpp:state'}
    pattern: '(?<what>\\w+)(?<more>.*)'
    reason: {from: what, words: {Up: up}, patterns: [{pattern: 'D', word: down}], otherwise: other}
    counts: [{field: commas, text: ',', in: more}]
    source: seen on our hosts
    examples:
      - {line: 'link.cpp:2:state():0x0 Up', reason: up, fields: {what: Up, more: '', commas: '0'}}
      - {line: 'link.cpp:2:state():0x0 Down', reason: down,
         fields: {what: Down, more: '', commas: '0'}}
      - {line: 'link.cpp:2:state():0x0 Odd,,', reason: other,
         fields: {what: Odd, more: ',,', commas: '2'}}
";
    check(rows, &expect!["accepted"]);
    check(
        &rows.replace("json: {key", "reason: x\n    json: {key"),
        &expect![[r#"
            own.yaml:4: row 1 (tunnel.unknown_event) is refused
            `json` tells events by itself: remove `reason` and `counts`"#]],
    );
    check(
        &rows.replace("record: {function: 'link.cpp:report'}", "record: text"),
        &expect![[r#"
            own.yaml:4: row 1 (tunnel.unknown_event) is refused
            `json` wants `record: {function: …}`: a text row needs a `pattern` to
              begin with"#]],
    );
}

#[test]
fn what_is_no_catalogue_is_refused_with_its_line() {
    for (text, expected) in [
        (
            "",
            expect![[r#"
                own.yaml:1: the catalogue is malformed at `.`
                missing field `version`"#]],
        ),
        (
            "rows: []",
            expect![[r#"
                own.yaml:1: the catalogue is malformed at `.`
                missing field `version`"#]],
        ),
        (
            "version: 2\nrows: []",
            expect!["own.yaml: the catalogue has version 2, want 1"],
        ),
        (
            "version: 1\nrows: [\n",
            expect![[r#"
                own.yaml:3: the catalogue is malformed at `rows`
                did not find expected node content at line 3 column 1, while parsing a flow
                  node"#]],
        ),
        (
            "version: 1\nrows:\n  - event: tunel.connected\n",
            expect![[r#"
                own.yaml:3: the catalogue is malformed at `rows[0].event`
                rows[0]: there is no event `tunel.connected`, want none or one of
                  registration.started, registration.attempted, registration.succeeded,
                  registration.failed, certificate.identified, certificate.verified,
                  tunnel.connecting, tunnel.connected, tunnel.disconnected,
                  tunnel.unknown_event, tls.error, dataplane.checking, dataplane.verified,
                  stitcher.status, config.pulled, reachability.protocols_added,
                  app.connection_opened, client.connected, client.disconnected,
                  update.started, update.succeeded, update.failed, update.skipped,
                  update.reconnect_failed, update.available, tunnel.connect_failed,
                  tunnel.keepalive_failed, client.installed, client.uninstalled,
                  client.install_failed, client.identified, client.enabled, client.disabled,
                  client.fail_closed, service.state, steering.applied, steering.failed,
                  flow.tunneled, flow.bypassed, flow.blocked, flow.exempted,
                  network.changed, system.started, system.stopped, authentication.requested,
                  authentication.failed, location.checked, gateway.connected,
                  gateway.selected, gateway.measured, policy.updated, config.updated,
                  config.update_failed, certificate.install_failed,
                  management.request_failed, dns.failed at line 3 column 5"#]],
        ),
    ] {
        expected.assert_eq(&refusal(text));
    }
}

#[test]
fn a_misspelt_key_or_value_is_refused_with_its_line() {
    check(
        &STARTED.replace("source:", "sauce:"),
        &expect![[r#"
            own.yaml:7: the catalogue is malformed at `rows[0].sauce`
            rows[0]: unknown field `sauce`, expected one of `event`, `record`,
              `pattern`, `json`, `reason`, `counts`, `context`, `fallback`, `source`,
              `meaning`, `examples`, `counterexamples` at line 7 column 5"#]],
    );
    check(
        &STARTED.replace("record: text", "record: line"),
        &expect![[r#"
            own.yaml:5: the catalogue is malformed at `rows[0].record`
            rows[0].record: invalid value: string "line", expected `text`, `{function:
              "file.cpp:function"}` or `{component: name}` at line 5 column 13"#]],
    );
    check(
        &STARTED.replace("time: 2024", "time: 24"),
        &expect![[r#"
            own.yaml:11: the catalogue is malformed at `rows[0].examples[0].time`
            rows[0].examples[0].time: failed to parse four digit integer as year:
              invalid digit, expected 0-9 but got - at line 11 column 15"#]],
    );
    let long = "#".repeat(2_000_000);
    expect!["own.yaml: the catalogue has 2000000 bytes, want at most 1048576"]
        .assert_eq(&refusal(&long));
}

#[test]
fn a_row_cannot_tell_what_no_line_tells() {
    for event in [
        "probe.failed",
        "probe.recovered",
        "host.threshold_breached",
        "host.threshold_cleared",
    ] {
        let row = STARTED.replace("update.started", event);
        let told = refusal(&format!("version: 1\nrows:\n{row}"));
        assert!(
            told.starts_with(&format!("own.yaml:4: row 1 ({event}) is refused\n")),
            "{told}"
        );
        assert!(
            told.contains(&format!("no log line tells `{event}`")),
            "{told}"
        );
    }
    let by_json = "version: 1\nrows:\n  - event: none\n    record: {function: \"a.cpp:f\"}\n    \
                   json: {key: k, events: {down: probe.failed}}\n    source: here\n    \
                   examples: []\n";
    let told = refusal(by_json);
    assert!(
        told.starts_with("own.yaml:3: row 1 (none) is refused\nno log line tells"),
        "{told}"
    );
}

#[test]
fn a_row_that_cannot_work_is_refused_with_the_mend() {
    let with = |from: &str, to: &str| STARTED.replace(from, to);
    check(
        &with("'Update to (?<version>\\S+) begins'", "'(Upd'"),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            `(Upd` is no usable pattern (bytes, no Unicode classes)
            regex parse error: (Upd ^ error: unclosed group"#]],
    );
    check(
        &with("'Update to (?<version>\\S+) begins'", "'(?<version>\\S+)'"),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            the pattern has no fixed text of 4 bytes or more that every match contains;
              add some words of the message, outside of `(a|b)` and `?`, without any of
              " \ < > &"#]],
    );
    check(
        &with(
            "'Update to (?<version>\\S+) begins'",
            "'(?:Update|Upgrade) a<b>c'",
        ),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            the pattern has no fixed text of 4 bytes or more that every match contains;
              add some words of the message, outside of `(a|b)` and `?`, without any of
              " \ < > &"#]],
    );
    check(
        &with("'Update to (?<version>\\S+) begins'", "'(?:a{500}){500}'"),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            `(?:a{500}){500}` is no usable pattern (bytes, no Unicode classes)
            Compiled regex exceeds size limit of 262144 bytes."#]],
    );
}

#[test]
fn a_row_that_contradicts_itself_is_refused_with_the_mend() {
    let with = |from: &str, to: &str| STARTED.replace(from, to);
    check(
        &with(
            "record: text",
            "record: {function: 'sslhelper:logSslError'}",
        ),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            `record.function` is `sslhelper:logSslError`, want `file.cpp:function`"#]],
    );
    check(
        &with("record: text", "reason: Not plain\n    record: text"),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            the reason `Not plain` is no plain word, want 1 to 40 of a-z, 0-9 and _"#]],
    );
    check(
        &with(
            "'Update to (?<version>\\S+) begins'",
            "'Update to)|(?:begins'",
        ),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            `Update to)|(?:begins` is no usable pattern (bytes, no Unicode classes)
            regex parse error: Update to)|(?:begins ^ error: unopened group"#]],
    );
    let rule = "reason: {from: kind, words: {}, otherwise: other}\n    record: text";
    check(
        &with("record: text", rule),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            there is no capture `kind` in the pattern; write it as `(?<kind>…)`"#]],
    );
    check(
        &with("    pattern: 'Update to (?<version>\\S+) begins'\n", ""),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            want either `pattern` or `json`, not both and not neither"#]],
    );
}

#[test]
fn a_row_that_does_not_prove_itself_is_refused() {
    let with = |from: &str, to: &str| STARTED.replace(from, to);
    check(
        &with("'105.1'", "'106'"),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            its example gives fields {"version": "105.1"}, want {"version": "106"}:
              `2024/05/02 02:10:00 UTC Update to 105.1 begins`"#]],
    );
    check(
        &with("time: 2024", "time: 2025"),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            its example gives time 2024-05-02T02:10:00Z, want 2025-05-02T02:10:00Z:
              `2024/05/02 02:10:00 UTC Update to 105.1 begins`"#]],
    );
    check(
        &with("UTC Update", "UTC An update"),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            its example is not recognised: `2024/05/02 02:10:00 UTC An update to 105.1
              begins`"#]],
    );
    check(
        &format!("{STARTED}    counterexamples: ['Update to 1 begins']\n"),
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            it recognises its counterexample: `Update to 1 begins`"#]],
    );
    let shadowed = "
  - event: update.succeeded
    record: text
    pattern: 'Publisher registered successfully after an update'
    source: seen on our hosts
    examples:
      - line: Publisher registered successfully after an update
";
    check(
        &format!("{STARTED}{shadowed}"),
        &expect![[r#"
            own.yaml:13: row 2 (update.succeeded) is refused
            its example is taken by netskope-publisher.yaml (built in):65: row 4
              (registration.succeeded), which comes first: `Publisher registered
              successfully after an update`"#]],
    );
    check(
        &with("    examples:\n", "    examples: []\n    x:\n"),
        &expect![[r#"
            own.yaml:9: the catalogue is malformed at `rows[0].x`
            rows[0]: unknown field `x`, expected one of `event`, `record`, `pattern`,
              `json`, `reason`, `counts`, `context`, `fallback`, `source`, `meaning`,
              `examples`, `counterexamples` at line 9 column 5"#]],
    );
    let none = "
  - {event: update.started, record: text, pattern: 'Update begins', source: s, examples: []}
";
    check(
        none,
        &expect![[r#"
            own.yaml:4: row 1 (update.started) is refused
            the row has no example; give at least one line that it must recognise"#]],
    );
}

#[test]
fn too_many_rows_are_refused() {
    let rows = STARTED.repeat(300);
    check(
        &rows,
        &expect!["the catalogue has 333 rows, want at most 256"],
    );
}

#[test]
fn a_publishers_row_may_count_as_nothing_and_names_no_component() {
    let row = "
  - event: none
    record: text
    pattern: 'Publisher is idle'
    source: seen on our hosts
    examples:
      - line: '2024/05/02 02:10:00 UTC Publisher is idle'
        time: 2024-05-02T02:10:00Z
";
    check(row, &expect!["accepted"]);
    check(
        &row.replace("record: text", "record: {component: nsTunnel}"),
        &expect![[r#"
            own.yaml:4: row 1 (none) is refused
            `record.component` is `nsTunnel`, want a component of a Netskope Client
              (letters, digits and _) or a function of a Cato Client"#]],
    );
    check(
        &row.replace("Publisher is idle", "Publisher registered successfully"),
        &expect![[r#"
            own.yaml:4: row 1 (none) is refused
            its example is taken by netskope-publisher.yaml (built in):65: row 4
              (registration.succeeded), which comes first: `2024/05/02 02:10:00 UTC
              Publisher registered successfully`"#]],
    );
}
