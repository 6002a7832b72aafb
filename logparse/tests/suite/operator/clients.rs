//! An operator's rows for a client: components, what their prefix tells, and nothing.

use expect_test::{Expect, expect};
use logparse::catalogue::{Catalogue, CatalogueFile};
use model::connector::ConnectorKind;

use super::refusal_of;

/// The refusal of a row by a client's catalogue.
fn check_client(row: &str, expected: &Expect) {
    let file = CatalogueFile {
        name: "own.yaml".to_owned(),
        text: format!("version: 1\nrows:\n{row}"),
    };
    let loaded = Catalogue::load(ConnectorKind::NetskopeClient, &[file]);
    expected.assert_eq(&refusal_of(loaded));
}

#[test]
fn a_clients_row_may_name_a_component_or_nothing() {
    let rows = "
  - event: client.fail_closed
    record: {component: CTunnelMgr}
    pattern: '(?:Fail|fail) close is on'
    context: [tunnel_protocol]
    source: seen on our laptops
    examples:
      - line: '2024/05/01 07:50:34 stAgentSvc p1 t1 warn x.cpp:1 CTunnelMgr TLS fail close is on'
        fields: {tunnel_protocol: TLS}
        time: 2024-05-01T07:50:34Z
    counterexamples:
      - '2024/05/01 07:50:34 stAgentSvc p1 t1 warn x.cpp:1 nsTunnel fail close is on'
  - event: none
    record: text
    pattern: '.* is of no interest'
    source: seen on our laptops
    examples:
      - line: This is of no interest
";
    check_client(rows, &expect!["accepted"]);
    check_client(
        &rows.replace("    context:", "    fallback: true\n    context:"),
        &expect!["accepted"],
    );
    check_client(
        &rows.replace("CTunnelMgr", "CTunnel Mgr"),
        &expect![[r#"
        own.yaml:4: row 1 (client.fail_closed) is refused
        `record.component` is `CTunnel Mgr`, want a component of a Netskope Client
          (letters, digits and _) or a function of a Cato Client"#]],
    );
    check_client(
        &rows.replace("(?:Fail|fail)", ".*"),
        &expect![[r#"
        own.yaml:4: row 1 (client.fail_closed) is refused
        the pattern does not begin with fixed text of 3 bytes or more; write the
          first words of the message, without `.*` before them"#]],
    );
    check_client(
        &rows.replace("[tunnel_protocol]", "[tunnel_protocol, pop]"),
        &expect![[r#"
            own.yaml:4: row 1 (client.fail_closed) is refused
            no example has the field `pop` that `context` asks of the line's prefix"#]],
    );
    check_client(
        &rows.replace("'.* is", "'.* (?<whom>is)"),
        &expect![[r#"
            own.yaml:15: row 2 (none) is refused
            `event: none` wants a `pattern` in `record: text` or of a component, and no
              more: remove captures, `json`, `reason`, `counts` and `context`"#]],
    );
    check_client(
        &rows.replace("record: text", "record: {function: 'x.cpp:run'}"),
        &expect![[r#"
            own.yaml:15: row 2 (none) is refused
            `record.function` is for Publishers; the text of a client's row stands in
              `record: text`"#]],
    );
    check_client(
        &rows.replace(
            "This is of no interest",
            "fail close is on is of no interest",
        ),
        &expect![[r#"
            own.yaml:15: row 2 (none) is refused
            its example is taken by own.yaml:4: row 1 (client.fail_closed), which comes
              first: `fail close is on is of no interest`"#]],
    );
}
