//! The documented outputs, durations, and what must not be believed.

use proptest::prelude::*;

use super::*;

const UP: &str = "\n  pop name    = \"Frankfurt\"\n  tunnel ip   = 10.41.0.7\n  \
                  tun device  = tun0\n  duration    = 00:00:42\n";

/// Tunnel, service and reason.
fn state(output: &str) -> (TunnelState, ServiceState, String) {
    let reading = read(output).unwrap();
    assert_eq!(reading.private_access, reading.internet_security);
    (
        reading.tunnel.unwrap(),
        reading.private_access.unwrap(),
        reading.reason.to_string(),
    )
}

#[test]
fn a_client_that_is_up_tells_its_pop_its_tunnel_and_since_when() {
    let reading = read(UP).unwrap();
    let facts: Vec<_> = reading
        .facts
        .iter()
        .map(|(fact, text)| (fact, text.expose()))
        .collect();
    assert_eq!(
        facts,
        [
            (Fact::Pop, "Frankfurt"),
            (Fact::TunnelIp, "10.41.0.7"),
            (Fact::TunnelDevice, "tun0")
        ]
    );
    assert_eq!(reading.uptime, Some(Duration::from_secs(42)));
    assert_eq!(
        state(UP),
        (
            TunnelState::Connected,
            ServiceState::Connected,
            String::new()
        )
    );
}

#[test]
fn a_client_that_is_up_has_a_pop_or_a_device_and_may_want_more() {
    let up_to_sign_in = format!("{UP}Login required: open the browser\n");
    let up_to_update = format!("{UP}New client version is available\n");
    for text in [
        "STATE_AUTHENTICATED\r\ntun device = tun0\r\n",
        "Pop Name=Paris",
        &up_to_update,
        // Any name is a name.
        "pop name = \"login-code-1\"\ntun device = \"auth0\"\n",
        "pop name = Cato client is disconnected\nname = USER_NOT_ALLOWED\n",
    ] {
        let connected = (TunnelState::Connected, ServiceState::Connected);
        let (tunnel, service, reason) = state(text);
        assert_eq!(((tunnel, service), &*reason), (connected, ""), "{text}");
    }
    let (tunnel, service, reason) = state(&up_to_sign_in);
    let warning = (TunnelState::Connected, ServiceState::ConnectedWarning);
    assert_eq!(((tunnel, service), &*reason), (warning, "authentication"));
}

#[test]
fn a_client_that_is_down_says_why_if_it_knows() {
    for (text, service, reason) in [
        (
            "Cato client is disconnected\n",
            ServiceState::Disconnected,
            "",
        ),
        (
            "STATE_AUTHENTICATED\nCato client is disconnected\n",
            ServiceState::Disconnected,
            "",
        ),
        (
            "Enter code ABCD-EFGH at the portal",
            ServiceState::Error,
            "authentication",
        ),
        (
            "Login at https://sign.in.example/?code=X7\n",
            ServiceState::Error,
            "authentication",
        ),
        (
            "Cato client is disconnected\nAuthentication needed",
            ServiceState::Error,
            "authentication",
        ),
        (
            "USER_NOT_ALLOWED - Only 'TVs and Limited Input devices' can use OAuth 2.0",
            ServiceState::Error,
            "not_allowed",
        ),
    ] {
        let down = (TunnelState::Disconnected, service, reason.to_owned());
        assert_eq!(state(text), down, "{text}");
    }
}

#[test]
fn what_says_nothing_or_two_things_is_unintelligible() {
    let usage = "Usage: cato-sdp {start|stop|status}\n  --login NAME\n";
    let page = "login\n".repeat(REQUEST_LINES_MAX + 1);
    let both = format!("{UP}Cato client is disconnected\n");
    for text in [
        "",
        "New client version is available",
        "Le client est connecté",
        "exit code 3",
        "pop name = \"\"\n tun device =",
        "tun device = this is no device",
        "STATE_AUTHENTICATED",
        "STATE_AUTHENTICATED_NOT",
        "STATE_AUTHENTICATED\npop name = none\ntun device = -\n",
        "pop name = N/A",
        "pop name = \"-\"",
        "STATE_AUTHENTICATED\nPlease login\n",
        "tun device = tun0\nUSER_NOT_ALLOWED\n",
        "pop name = Frankfurt\npop name = Paris\n",
        "tun device = tun0\ntun device = tun1\n",
        usage,
        &page,
        &both,
    ] {
        assert_eq!(read(text), Err(ProbeFailure::Unintelligible), "{text:?}");
    }
}

#[test]
fn a_duration_grows_beyond_a_day() {
    let seconds = |text: &str| duration(text).map(|duration| duration.as_secs());
    for (text, expected) in [
        ("00:00:42", Some(42)),
        ("26:03:04", Some(26 * 3600 + 184)),
        ("1 day, 02:03:04", Some(86_400 + 7384)),
        ("3 days 00:00:00", Some(3 * 86_400)),
        ("1d 02:03:04", Some(86_400 + 7384)),
        ("1-02:03:04", Some(86_400 + 7384)),
        ("00:60:00", None),
        ("00:00", None),
        ("1:2:3:4", None),
        ("-00:00:01", None),
        ("two days 00:00:01", None),
        ("99999999999999999999:00:00", None),
        ("18446744073709551615:59:59", None),
        ("", None),
    ] {
        assert_eq!(seconds(text), expected, "{text}");
    }
}

#[test]
fn a_client_that_is_down_has_no_duration() {
    let reading = read("Cato client is disconnected\nduration = 00:10:00\n").unwrap();
    assert_eq!(reading.uptime, None);
}

#[test]
fn a_version_is_found_in_whatever_words() {
    for (text, version) in [
        ("5.5.0.2120\n", "5.5.0.2120"),
        ("Cato Client version 5.5.0.2120\n", "5.5.0.2120"),
        ("cato-sdp: v5.5 (build 7)", "5.5"),
        ("OpenSSL 3.0.2\nclient 5.5.0.2120", "5.5.0.2120"),
        ("New client version is available: 5.6.0\n5.5.0\n", "5.5.0"),
        ("version = \"5.5.0\"", "5.5.0"),
    ] {
        assert_eq!(read_version(text), Some(version), "{text}");
    }
}

#[test]
fn a_status_a_manual_or_an_address_is_no_version() {
    let long = format!("5.5.0\n{}", "line\n".repeat(REQUEST_LINES_MAX));
    for text in [
        UP,
        "Cato client is disconnected\nserver 203.0.113.9\n",
        "Usage: cato-sdp {start|stop|status}\n",
        "New client version is available: 5.6.0\n",
        "version unknown",
        "",
        &long,
    ] {
        assert_eq!(read_version(text), None, "{text:?}");
    }
}

proptest! {
    /// A version is digits and dots, whatever was printed.
    #[test]
    fn a_version_is_digits_and_dots(output in r"(version|v|[0-9]{1,3}|\.|=| |\n|[a-z]){0,14}") {
        let version = read_version(&output).unwrap_or_default();
        prop_assert!(version.len() < 64);
        prop_assert!(version.chars().all(|c| c.is_ascii_digit() || c == '.'), "{version}");
    }

    /// Any bytes are read or refused.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&String::from_utf8_lossy(&bytes));
    }

    /// Nothing is up without one of the two marks of the vendor.
    #[test]
    fn nothing_is_up_without_a_mark(
        output in "(pop|name|tun|device|=| |\n|STATE|_|AUTHENTICATED|login|code|a){0,14}",
    ) {
        if let Ok(reading) = read(&output) {
            let bare = output.replace([' ', '_'], "").to_lowercase();
            let has_mark = ["popname", "tundevice"]
                .iter()
                .any(|mark| bare.contains(mark));
            prop_assert!(reading.tunnel != Some(TunnelState::Connected) || has_mark);
        }
    }
}
