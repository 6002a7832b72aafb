//! What a tool's bad end makes of its text, and which jobs a configuration asks for.

use super::runner::tests::StandIn;
use super::*;
use crate::agent::plan::Plan;

fn job(tool: Tool) -> ToolJob {
    ToolJob {
        connector: Arc::from("laptop"),
        tool,
        program: PathBuf::from("/opt/tool"),
        interval: Duration::from_secs(300),
        timeout: Duration::from_secs(10),
        zone: TimeZone::UTC,
        user_label: UserLabel::Withheld,
    }
}

fn of(tool: Tool, text: &str, ending: Ending) -> Result<ToolReading, ProbeFailure> {
    let text = text.to_owned();
    let now = Timestamp::from_second(1_780_272_000).unwrap();
    interpret(&job(tool), &Printed { text, ending }, now)
}

#[test]
fn each_tool_is_only_asked_to_look() {
    for tool in Tool::ALL {
        let words = arguments(*tool);
        assert!(matches!(words, ["-f" | "status" | "show-status"]), "{tool}");
        let for_version = version::arguments(*tool);
        assert!(matches!(for_version, None | Some(["version"])), "{tool}");
    }
}

#[test]
fn a_tool_that_ends_badly_may_say_what_is_down_and_not_what_is_up() {
    for (tool, text, is_told) in [
        (Tool::CatoSdp, "STATE_AUTHENTICATED", false),
        (Tool::CatoSdp, "Cato client is disconnected", true),
        (Tool::CatoSdp, "pop name = \"Frankfurt\"", false),
        (Tool::CatoSdp, "cato-sdp: Zugriff verweigert", false),
        (
            Tool::StAgentCli,
            "Internet Security disabled due to error",
            true,
        ),
        (Tool::StAgentCli, "Internet Security enabled", false),
        (Tool::Nsdiag, "Client status:: fail close.", true),
        (Tool::Nsdiag, "Tunnel status:: NSTUNNEL_CONNECTED.", false),
        (
            Tool::Nsdiag,
            "Private Access:: Connected.\nClient status:: disable.",
            false,
        ),
        (Tool::Nsdiag, "Orgname:: Example.", false),
    ] {
        let outcome = of(tool, text, Ending::Badly);
        match outcome {
            Ok(_) => assert!(is_told, "{text}"),
            Err(cause) => assert_eq!(
                (is_told, cause),
                (false, ProbeFailure::ExitStatus),
                "{text}"
            ),
        }
    }
}

#[test]
fn a_tool_that_ends_well_and_says_nothing_known_is_unintelligible() {
    for tool in Tool::ALL {
        for text in ["", "\n", "<html>404</html>", "\u{fffd}\u{0}\u{1b}[2J"] {
            let refused = of(*tool, text, Ending::Well);
            assert_eq!(
                refused,
                Err(ProbeFailure::Unintelligible),
                "{tool} {text:?}"
            );
        }
    }
}

#[test]
fn a_configuration_is_checked_without_running_a_tool() {
    let tool = StandIn::new("touch \"$0.ran\"");
    let text = format!(
        "store: {{path: s}}\nconnectors:\n- name: laptop\n  kind: cato-client\n  \
         logs: {{client: [/b]}}\n  tools: {{cato-sdp: {{path: {}}}}}\n",
        tool.program.display()
    );
    let config = Config::parse("test", &text).unwrap();
    Plan::from_config(&config).unwrap();
    assert_eq!(jobs_of(&config).len(), 1);
    let files = tool.folder.path().read_dir().unwrap().count();
    assert_eq!(files, 1);
}

#[test]
fn a_configuration_asks_for_the_tools_of_its_clients() {
    let text = "store: {path: s}\nprivacy: {user_labels: true}\nconnectors:\n\
                - {name: pub, kind: netskope-publisher, logs: {agent: [/a]}}\n\
                - name: laptop\n  kind: cato-client\n  logs: {client: [/b]}\n  \
                timezone: Europe/Berlin\n  \
                tools: {cato-sdp: {path: /opt/cato-sdp, interval: 30s, timeout: 3s}}\n";
    let config = Config::parse("test", text).unwrap();
    let expected = ToolJob {
        program: PathBuf::from("/opt/cato-sdp"),
        interval: Duration::from_secs(30),
        timeout: Duration::from_secs(3),
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        user_label: UserLabel::Shown,
        ..job(Tool::CatoSdp)
    };
    assert_eq!(jobs_of(&config), [expected]);
}
