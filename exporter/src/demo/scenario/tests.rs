//! The demo's story: what comes within its minute, whatever the pace.

use super::*;
use model::connector::ConnectorKind;

fn play(steps: &[u64]) -> (Vec<Action>, ScenarioTruth) {
    let mut scenario = Scenario::new(3);
    let at = Timestamp::from_second(1_714_615_800).unwrap();
    let actions = steps
        .iter()
        .flat_map(|second| scenario.step(Duration::from_secs(*second), at))
        .collect();
    (actions, scenario.truth().clone())
}

/// The second at which an action that `is_it` comes for the `nth` time.
fn second_of(nth: usize, is_it: impl Fn(&Action) -> bool) -> u64 {
    let mut scenario = Scenario::new(3);
    let seconds = (0..60).flat_map(|second| {
        let actions = scenario.step(Duration::from_secs(second), Timestamp::UNIX_EPOCH);
        actions
            .into_iter()
            .map(move |action| (second, action))
            .collect::<Vec<_>>()
    });
    let mut hits = seconds.filter(|(_, action)| is_it(action));
    hits.nth(nth - 1).unwrap().0
}

/// Whether an action writes `words` to `log`.
fn writes(log: Log, words: &'static str) -> impl Fn(&Action) -> bool {
    move |action| {
        matches!(action, Action::Write { log: written, record }
            if *written == log && String::from_utf8_lossy(record).contains(words))
    }
}

fn check_counts(connector: ConnectorKind, expected: &[(&str, u64)]) {
    let (_, truth) = play(&[59]);
    let truth = truth.of(connector);
    for (key, count) in expected {
        assert_eq!(truth.counts.get(*key), Some(count), "{key}");
    }
}

#[test]
fn the_pace_does_not_change_the_story() {
    let by_second: Vec<u64> = (0..=180).collect();
    assert_eq!(play(&by_second), play(&[180]));
}

#[test]
fn a_newcomer_sees_the_tunnel_fall_within_20_seconds_and_rise_5_later() {
    let up = |nth| second_of(nth, writes(Log::PublisherAgent, "\"NPACONNECTED"));
    let down = second_of(1, writes(Log::PublisherAgent, "NPADISCONNECTED"));
    assert!(up(1) < down && down < 20, "{down}");
    assert!((4..=6).contains(&(up(2) - down)), "{}", up(2));
}

#[test]
fn each_minute_has_a_failed_registration_an_update_and_both_kinds_of_rotation() {
    check_counts(
        ConnectorKind::NetskopePublisher,
        &[
            ("registration.failed|discovery_call", 1),
            ("registration.succeeded", 1),
            ("update.failed|docker_pull", 1),
            ("update.skipped|same_version", 1),
            ("tunnel.unknown_event", 1),
            ("tunnel.connected", 2),
            ("tunnel.disconnected", 2),
            ("config.pulled", 1),
        ],
    );
    let (actions, truth) = play(&[59]);
    let truth = truth.of(ConnectorKind::NetskopePublisher);
    assert_eq!(truth.near_misses.values().sum::<u64>(), 1);
    assert_eq!(truth.new_files, 2);
    for action in [
        Action::Rotate {
            log: Log::PublisherAgent,
        },
        Action::CopyTruncate {
            log: Log::PublisherWizard,
        },
    ] {
        assert!(actions.contains(&action));
    }
}

#[test]
fn each_minute_of_a_netskope_client_has_all_its_troubles() {
    check_counts(
        ConnectorKind::NetskopeClient,
        &[
            ("steering.failed|filter_device", 1),
            ("authentication.requested", 1),
            ("config.update_failed", 1),
            ("config.updated", 1),
            ("tunnel.keepalive_failed", 1),
            ("tunnel.disconnected|closed_by_peer", 1),
            ("tunnel.disconnected|by_user", 2),
            ("tunnel.connect_failed|unreachable", 3),
            ("gateway.connected", 3),
            ("tunnel.connected", 3),
        ],
    );
    let (actions, truth) = play(&[59]);
    let truth = truth.of(ConnectorKind::NetskopeClient);
    assert!(100 < *truth.counts.get("flow.tunneled").unwrap());
    assert!(0 < truth.continuations);
    assert!(actions.contains(&Action::Rotate {
        log: Log::NetskopeDebug
    }));
}

#[test]
fn no_flow_is_steered_while_the_filter_device_is_broken() {
    let broken = second_of(
        1,
        writes(Log::NetskopeDebug, "failed to start filter device"),
    );
    let mut scenario = Scenario::new(3);
    scenario.step(Duration::from_secs(broken), Timestamp::UNIX_EPOCH);
    let soon = Duration::from_secs(broken + 4);
    let actions = scenario.step(soon, Timestamp::UNIX_EPOCH);
    let is_flow = writes(Log::NetskopeDebug, "Tunneling flow");
    assert!(!actions.iter().any(&is_flow));
    let later = scenario.step(soon + Duration::from_secs(2), Timestamp::UNIX_EPOCH);
    assert!(later.iter().any(is_flow));
}

#[test]
fn each_minute_of_a_cato_client_loses_its_tunnel_and_changes_the_pop() {
    check_counts(
        ConnectorKind::CatoClient,
        &[
            ("tunnel.connected", 3),
            ("dns.failed", 1),
            ("authentication.failed", 1),
            ("update.available", 1),
        ],
    );
    let (_, truth) = play(&[59]);
    assert_eq!(truth.of(ConnectorKind::CatoClient).new_files, 2);
    let frankfurt = second_of(1, writes(Log::CatoVpn, "Frankfurt"));
    let amsterdam = second_of(1, writes(Log::CatoVpn, "Amsterdam"));
    assert!(frankfurt < amsterdam && amsterdam < 30);
}

#[test]
fn a_chapter_fits_on_a_line_of_120_columns_and_says_whose_it_is() {
    let (actions, _) = play(&[59]);
    for action in actions {
        let Action::Tell(chapter) = action else {
            continue;
        };
        let stamp_columns = "00:00  ".len();
        assert!(chapter.len() <= 120 - stamp_columns, "{chapter}");
        let (who, _) = chapter.split_once(": ").unwrap();
        assert!(["Publisher", "Netskope Client", "Cato Client", "Path"].contains(&who));
    }
}

/// How long the first answer that `is_it` stands, in milliseconds.
fn stands_ms(tool: Tool, is_it: impl Fn(&Answer) -> bool) -> u64 {
    let mut scenario = Scenario::new(3);
    let mut began = None;
    for at_ms in 0..60_000 {
        let elapsed = Duration::from_millis(at_ms);
        for action in scenario.step(elapsed, Timestamp::UNIX_EPOCH) {
            let Action::Answer { tool: of, answer } = action else {
                continue;
            };
            match began {
                _ if of != tool => {}
                None if is_it(&answer) => began = Some(at_ms),
                Some(began) if !is_it(&answer) => return at_ms - began,
                None | Some(_) => {}
            }
        }
    }
    panic!("no other answer of {tool} follows");
}

/// The tool is asked every ten seconds, give or take one, so that an answer that no
/// question misses stands for more than eleven.
#[test]
fn what_only_a_tool_tells_stands_until_the_tool_is_asked() {
    let says =
        |words| move |answer: &Answer| matches!(answer, Answer::Text(text) if text.contains(words));
    for stands in [
        stands_ms(Tool::Nsdiag, says("fail close")),
        stands_ms(Tool::Nsdiag, says("Client status:: disable")),
        // A tunnel must be seen before and after it is lost to be seen younger.
        stands_ms(Tool::CatoSdp, says("Frankfurt")),
        stands_ms(Tool::CatoSdp, says("Amsterdam")),
        stands_ms(Tool::CatoSdp, says("disconnected")),
        stands_ms(Tool::CatoSdp, |answer| *answer == Answer::Hang),
    ] {
        assert!(11_200 <= stands, "{stands} ms");
    }
}
