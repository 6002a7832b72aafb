//! Reads what `stAgentCli show-status` prints on Linux: a service, its state, a cause.
//!
//! Two sentences are known in public: `Internet Security disabled due to error` and
//! `Failed to connect to Netskope Client service`. The other states are read by the
//! grammar of the first. The second is no state: the service also turns away a tool
//! that it does not trust, so it is the tool's failure.
//!
//! Known limit: a state in other words, or told in two ways at once, is unintelligible,
//! and says so in its series.

use model::connector::{ClientStatus, ProbeFailure, ServiceState, ToolReading};
use model::event::Reason;

/// Reads the output.
///
/// # Errors
///
/// [`ProbeFailure::ExitStatus`] if the tool says that it could not reach its service;
/// [`ProbeFailure::Unintelligible`] if it says nothing that we know, a state in words
/// that we do not know, or two states of one service.
pub fn read(output: &str) -> Result<ToolReading, ProbeFailure> {
    let mut reading = ToolReading::default();
    for line in output.lines() {
        let line = words(line);
        if line.contains("failed to connect to netskope client service") {
            return Err(ProbeFailure::ExitStatus);
        }
        if let Some(state) = line.strip_prefix("internet security ") {
            let (status, reason) = client_status(state)?;
            set(&mut reading.client, status)?;
            reading.reason = Reason::new(reason).unwrap_or_default();
        }
        if let Some(state) = line.strip_prefix("private access ") {
            set(&mut reading.private_access, service_state(state)?)?;
        }
    }
    if reading.is_empty() {
        return Err(ProbeFailure::Unintelligible);
    }
    Ok(reading)
}

/// Takes a state, unless another was told before.
fn set<S: PartialEq>(told: &mut Option<S>, state: S) -> Result<(), ProbeFailure> {
    if told.as_ref().is_some_and(|before| *before != state) {
        return Err(ProbeFailure::Unintelligible);
    }
    *told = Some(state);
    Ok(())
}

/// A line's words in lower case, one blank between them.
fn words(line: &str) -> String {
    let words = line.split(|character: char| !character.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").to_lowercase()
}

fn client_status(state: &str) -> Result<(ClientStatus, &'static str), ProbeFailure> {
    match state {
        "enabled" => Ok((ClientStatus::Enabled, "")),
        "disabled" => Ok((ClientStatus::Disabled, "")),
        "disabled due to error" => Ok((ClientStatus::DisabledError, "error")),
        "disabled due to fail close" => Ok((ClientStatus::FailClosed, "fail_close")),
        _ => Err(ProbeFailure::Unintelligible),
    }
}

fn service_state(state: &str) -> Result<ServiceState, ProbeFailure> {
    match state {
        "enabled" | "connected" => Ok(ServiceState::Connected),
        "disabled" | "disconnected" => Ok(ServiceState::Disconnected),
        "disabled due to error" => Ok(ServiceState::Error),
        _ => Err(ProbeFailure::Unintelligible),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_client_is_read() {
        let reading = read("Internet Security disabled due to error\n").unwrap();
        assert_eq!(reading.client, Some(ClientStatus::DisabledError));
        assert_eq!(reading.reason.as_str(), "error");
        assert_eq!(reading.tunnel, None);
    }

    #[test]
    fn each_service_has_its_line() {
        let reading =
            read("Internet Security: Enabled.\r\nPrivate Access: Disconnected.\r\n").unwrap();
        assert_eq!(reading.client, Some(ClientStatus::Enabled));
        assert_eq!(reading.private_access, Some(ServiceState::Disconnected));
    }

    #[test]
    fn a_service_that_does_not_answer_its_tool_is_the_tools_failure() {
        for text in [
            "Failed to connect to Netskope Client service",
            "Internet Security enabled\nFailed to connect to Netskope Client service.\n",
        ] {
            assert_eq!(read(text), Err(ProbeFailure::ExitStatus), "{text}");
        }
    }

    #[test]
    fn other_words_are_not_understood() {
        for text in [
            "",
            "Internetsicherheit aktiviert",
            "Internet Security",
            "Internet Security perhaps enabled",
            "Internet Security enabled soon",
            "Internet Security enabled\nPrivate Access perhaps",
            "Private Access connected\nInternet Security resting",
        ] {
            assert_eq!(read(text), Err(ProbeFailure::Unintelligible), "{text}");
        }
    }

    #[test]
    fn two_states_of_one_service_are_none() {
        for text in [
            "Internet Security enabled\nInternet Security disabled",
            "Internet Security disabled due to error\nInternet Security disabled",
            "Private Access connected\nPrivate Access disabled",
        ] {
            assert_eq!(read(text), Err(ProbeFailure::Unintelligible), "{text}");
        }
        let twice = "Internet Security enabled\nInternet Security: Enabled.";
        assert_eq!(read(twice).unwrap().client, Some(ClientStatus::Enabled));
    }

    proptest::proptest! {
        /// Any text is read or refused, and no state comes without its word.
        #[test]
        fn no_state_comes_without_its_word(text in ".{0,200}") {
            if let Ok(reading) = read(&text) {
                let said = words(&text);
                let has_client = said.contains("internet security");
                let has_service = said.contains("private access");
                proptest::prop_assert!(reading.client.is_none() || has_client);
                proptest::prop_assert!(reading.private_access.is_none() || has_service);
            }
        }
    }
}
