//! The documented output, what versions do to it, and what must not be believed.

use expect_test::{Expect, expect};
use model::connector::Aspect;
use proptest::prelude::*;

use super::*;

const DOCUMENTED: &str = "\
Orgname:: CompanyName.
Tenant URL :: CompanyName.goskope.com.
AddonHost:: addon-companyname.goskope.com.
AddonCheckerHost:: achecker-companyname.goskope.com.
Gateway:: gateway-xyz.goskope.com.
Gateway IP:: 203.0.113.10.
Config:: Pop Pinning Client Configuration.
Steering Config:: Default tenant config.
Email:: alice@example.com.
Peruser config:: FALSE.
Tunnel status:: NSTUNNEL_CONNECTED.
Client status:: enable.
Dynamic Steering:: FALSE.
OnPremDetection:: Not Configured.
Explicit Proxy:: false.
Tunnel Protocol:: TLS.
SNI Enable:: FALSE.
Traffic Mode:: All Traffic.
Client version:: 117.1.0.1234.
";

const KEY: UserLabel = UserLabel::Hashed([7; 16]);

/// 2026-06-01T00:00:00Z.
const NOW: Timestamp = Timestamp::constant(1_780_272_000, 0);

fn read_it(output: &str) -> Result<ToolReading, ProbeFailure> {
    read(output, NOW, &TimeZone::UTC, &KEY)
}

fn of(output: &str) -> ToolReading {
    read_it(output).unwrap()
}

fn check(output: &str, expected: &Expect) {
    let reading = of(output);
    let mut lines = vec![format!(
        "client {:?}, tunnel {:?}, private access {:?}, because {:?}",
        reading.client, reading.tunnel, reading.private_access, reading.reason
    )];
    lines.extend(
        reading
            .facts
            .iter()
            .map(|(fact, text)| format!("{fact} = {text:?}")),
    );
    lines.extend(reading.configured_at.map(|at| format!("configured {at}")));
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn the_documented_output_is_read_whole() {
    check(
        DOCUMENTED,
        &expect![[r#"
            client Some(Enabled), tunnel Some(Connected), private access None, because ""
            organisation = "CompanyName"
            version = "117.1.0.1234"
            gateway = "gateway-xyz.goskope.com"
            gateway_ip = "203.0.113.10"
            tunnel_protocol = "TLS"
            client_configuration = "Pop Pinning Client Configuration"
            steering_configuration = "Default tenant config"
            traffic_mode = "All Traffic"
            dynamic_steering = "FALSE"
            on_premises_check = "Not Configured"
            user = "2a53a9a9ca7a4538""#]],
    );
}

#[test]
fn the_words_of_the_configuration_panel_are_keys_too() {
    check(
        "Organization :: Example.\r\nGateway IP :: 2001:db8::10, POP: US-STL1.\r\n\
         Device Classification::managed.\r\nPrivate Access:: Connected.\r\n\
         Private Access Gateway:: 203.0.113.69.\r\nOn-Premise check:: N/A.\r\n\
         Config Updated:: 2026-01-15 16:17:14.\r\nConfiguration status:: Up to date.\r\n",
        &expect![[r#"
            client None, tunnel None, private access Some(Connected), because ""
            organisation = "Example"
            gateway_ip = "2001:db8::10"
            pop = "US-STL1"
            device_classification = "managed"
            private_access = "Connected"
            private_access_gateway = "203.0.113.69"
            configuration_status = "Up to date"
            configured 2026-01-15T16:17:14Z"#]],
    );
}

#[test]
fn exactly_one_dot_ends_a_line() {
    for (value, expected) in [
        ("Default.", "Default"),
        ("Default..", "Default."),
        ("Default", "Default"),
        ("v1.2.", "v1.2"),
    ] {
        let reading = of(&format!("config  ::{value}"));
        let name = reading.facts.get(Fact::ClientConfiguration).unwrap();
        assert_eq!(name.expose(), expected);
    }
}

#[test]
fn every_word_of_the_clients_status_is_one_of_the_vendors_states() {
    for (word, tunnel, status, reason) in [
        ("enable", "CONNECTED", Some(ClientStatus::Enabled), ""),
        (
            "enable",
            "DISCONNECTED",
            Some(ClientStatus::Disabled),
            "tunnel_down",
        ),
        (
            "enable",
            "DISCONNECTED_BYUSER",
            Some(ClientStatus::Disabled),
            "by_user",
        ),
        ("enable", "CONNECTING", None, ""),
        ("Disable", "DISCONNECTED", Some(ClientStatus::Disabled), ""),
        (
            "unenrolled",
            "DISCONNECTED",
            Some(ClientStatus::Disabled),
            "unenrolled",
        ),
        (
            "error",
            "DISCONNECTED",
            Some(ClientStatus::DisabledError),
            "error",
        ),
        (
            "fail close",
            "DISCONNECTED",
            Some(ClientStatus::FailClosed),
            "fail_close",
        ),
    ] {
        let reading = of(&format!(
            "Tunnel status:: NSTUNNEL_{tunnel}.\nClient status:: {word}.\n"
        ));
        assert_eq!(
            (reading.client, reading.reason.as_str()),
            (status, reason),
            "{word} {tunnel}"
        );
    }
}

#[test]
fn a_client_that_is_on_without_a_word_of_its_tunnel_is_not_called_enabled() {
    let reading = of("Client status:: enable.\nOrgname:: a.\n");
    assert_eq!((reading.client, reading.tunnel), (None, None));
}

#[test]
fn a_state_in_a_word_that_nobody_knows_spoils_the_whole_answer() {
    for line in [
        "Tunnel status:: NSTUNNEL_WAITING.",
        "Tunnel status:: NSTUNNEL_NOT_CONNECTED.",
        "Tunnel status:: NSTUNNEL_CONNECTED_ONCE.",
        "Tunnel status:: CONNECTED.",
        "Tunnel status:: .",
        "Client status:: perhaps.",
        "Client status:: not enabled.",
        "Client status:: N/A.",
        "Private Access:: Perhaps.",
        "NPA status:: not connected.",
    ] {
        for output in [
            format!("{DOCUMENTED}{line}"),
            format!("{line}\n{DOCUMENTED}"),
        ] {
            let refused = read_it(&output);
            assert_eq!(refused, Err(ProbeFailure::Unintelligible), "{line}");
        }
    }
}

#[test]
fn a_tunnel_is_up_only_by_its_own_word() {
    for (word, state) in [
        ("CONNECTED", TunnelState::Connected),
        ("CONNECTING", TunnelState::Connecting),
        ("RECONNECTING", TunnelState::Connecting),
        ("DISCONNECTED", TunnelState::Disconnected),
        ("DISCONNECTING", TunnelState::Disconnected),
        ("DISCONNECTED_BY_PEER", TunnelState::Disconnected),
        ("IDLE_DISCONNECT", TunnelState::Disconnected),
    ] {
        let reading = of(&format!("Tunnel status:: NSTUNNEL_{word}."));
        assert_eq!(reading.tunnel, Some(state), "{word}");
    }
}

#[test]
fn facts_alone_tell_no_state_and_are_an_answer() {
    let reading = of("Orgname:: a.\nPrivate Access:: Not Configured.\nNPA status:: N/A.\n");
    let is_told = |aspect: &&Aspect| reading.mentions(**aspect);
    assert_eq!(Aspect::ALL.iter().find(is_told), None);
    assert!(!reading.facts.is_empty());
}

#[test]
fn a_date_that_is_still_to_come_is_none() {
    for (date, is_one) in [
        ("2026-06-01 00:00:00", true),
        ("2026-06-01 00:00:01", false),
        ("2062-01-15T16:17:14Z", false),
    ] {
        let reading = of(&format!("Orgname:: a.\nConfig Updated:: {date}.\n"));
        assert_eq!(reading.configured_at.is_some(), is_one, "{date}");
    }
}

#[test]
fn the_first_of_two_equal_keys_counts() {
    let twice = format!("{DOCUMENTED}Tunnel status:: NSTUNNEL_DISCONNECTED.\nOrgname:: Other.\n");
    assert_eq!(of(&twice), of(DOCUMENTED));
}

#[test]
fn a_user_is_shown_only_if_the_operator_wants_it() {
    let user = |user_label| {
        let reading = read(DOCUMENTED, NOW, &TimeZone::UTC, &user_label).unwrap();
        reading
            .facts
            .get(Fact::User)
            .map(|user| user.expose().to_owned())
    };
    assert_eq!(user(UserLabel::Shown).as_deref(), Some("alice@example.com"));
    assert_eq!(user(UserLabel::Withheld), None);
    let hashed = format!("{:?}", of(DOCUMENTED));
    assert!(!hashed.contains("alice"), "{hashed}");
}

#[test]
fn a_date_is_read_where_it_cannot_be_mistaken() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let at = |text: &str| date(text, &zone).map(|at| at.to_string());
    for (text, expected) in [
        ("2026-01-15T16:17:14Z", Some("2026-01-15T16:17:14Z")),
        ("2026-01-15 16:17:14", Some("2026-01-15T15:17:14Z")),
        ("2026/01/15 16:17:14", Some("2026-01-15T15:17:14Z")),
        ("Thu Jan 15 16:17:14 2026", Some("2026-01-15T15:17:14Z")),
        ("Jan 15, 2026 16:17:14", Some("2026-01-15T15:17:14Z")),
        ("2026-01-15", Some("2026-01-14T23:00:00Z")),
        ("03/04/2026 16:17:14", None),
        ("yesterday", None),
        ("", None),
    ] {
        assert_eq!(at(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn text_without_anything_known_is_unintelligible() {
    for text in [
        "",
        "nsdiag: Dienst nicht erreichbar",
        "Orgname:: .\nGateway:: N/A.\nTunnel status:: .\n",
        "Tunnelstatus: NSTUNNEL_CONNECTED",
        "Gateway IP:: soon.",
        "\u{fffd}\u{fffd}::\u{0}",
    ] {
        let refused = read_it(text);
        assert_eq!(refused, Err(ProbeFailure::Unintelligible), "{text:?}");
    }
}

/// Lines that are nearly right.
fn near_line() -> impl Strategy<Value = String> {
    let keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    let values = "(enable|error|NSTUNNEL_[A-Z]{0,12}|[0-9.]{0,12}|.{0,200})";
    (prop::sample::select(keys), "[ :.=\t]{0,4}", values)
        .prop_map(|(key, between, value)| format!("{key}{between}{value}"))
}

proptest! {
    /// Any bytes are read or refused.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_it(&String::from_utf8_lossy(&bytes));
    }

    /// No state comes without its word, and no value is long or unprintable.
    #[test]
    fn no_state_comes_without_its_word(lines in prop::collection::vec(near_line(), 0..8)) {
        let output = lines.join("\n");
        let Ok(reading) = read(&output, NOW, &TimeZone::UTC, &UserLabel::Shown) else {
            return Ok(());
        };
        let said = output.lines().map(bare).collect::<Vec<_>>().join(" ");
        let is_enabled = reading.client == Some(ClientStatus::Enabled);
        prop_assert!(reading.tunnel.is_none() || said.contains("nstunnel"));
        prop_assert!(!is_enabled || said.contains("nstunnelconnected"));
        prop_assert!(reading.client.is_none() || said.contains("clientstatus"));
        for (_, text) in reading.facts.iter() {
            prop_assert!(text.expose().chars().count() <= 120);
            prop_assert_eq!(text.expose(), &*text.printable());
        }
    }
}
