//! A section `alerts` in which one key has a value, and all is there that it needs.

/// What each part of the section needs, by its key: other keys with their values.
const NEEDED: &[(&str, &[(&str, &str)])] = &[
    (
        "receivers[]",
        &[("name", "b"), ("webhook", "{url: \"https://a.example/\"}")],
    ),
    ("receivers[].webhook", &[("url", "\"https://a.example/\"")]),
    (
        "receivers[].email",
        &[
            ("host", "a"),
            ("from", "a@b.example"),
            ("to", "[a@b.example]"),
        ],
    ),
    (
        "receivers[].email.oauth",
        &[
            ("token_url", "\"https://a.example/\""),
            ("client_id", "a"),
            (
                "client_secret_file",
                "../tests/fixtures/configs/valid/secrets/passphrase",
            ),
        ],
    ),
    (
        "receivers[].alertmanager",
        &[("url", "\"http://127.0.0.1:1\"")],
    ),
    ("receivers[].syslog", &[("address", "\"a:1\"")]),
    ("receivers[].exec", &[("program", "/bin/cat")]),
    ("profiles[]", &[("name", "b")]),
    (
        "profiles[].schedule",
        &[("weekly", "monday"), ("time", "\"00:00\""), ("zone", "UTC")],
    ),
    (
        "profiles[].schedule.monthly",
        &[("week", "1st"), ("day", "monday")],
    ),
    (
        "maintenance[]",
        &[
            ("name", "b"),
            ("lasts", "1h"),
            ("at", "2026-01-01T00:00:00Z"),
        ],
    ),
    (
        "maintenance[].schedule",
        &[("weekly", "monday"), ("time", "\"00:00\""), ("zone", "UTC")],
    ),
    (
        "maintenance[].schedule.monthly",
        &[("week", "1st"), ("day", "monday")],
    ),
    (
        "silences[]",
        &[
            ("id", "b"),
            ("matchers", "[a=b]"),
            ("who", "a"),
            ("why", "b"),
            ("until", "2030-01-01T00:00:00Z"),
        ],
    ),
];

/// The value of `alerts` in which `key` has the value.
pub(super) fn with(key: &str, value: &str) -> String {
    let section = match key {
        "default_receivers" | "default_receivers[]" => {
            let list = if key.ends_with("[]") {
                format!("[{value}]")
            } else {
                value.to_owned()
            };
            return format!(
                "{{receivers: [{{name: ops, webhook: {{url: \"https://a.example/\"}}}}], \
                 default_receivers: {list}}}"
            );
        }
        "rules" | "rules[]" => format!("{{receivers: [], {}}}", said(key, value)),
        _ => part("", key, value),
    };
    if section.contains("exec") && !section.contains("allow_exec") {
        return section.replacen('{', "{allow_exec: true, ", 1);
    }
    section
}

/// The map at `place` with what it needs, and the rest of the key in it.
fn part(place: &str, key: &str, value: &str) -> String {
    let (name, deeper) = match key.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (key, None),
    };
    let bare = name.trim_end_matches("[]");
    let below = if place.is_empty() {
        name.to_owned()
    } else {
        format!("{place}.{name}")
    };
    let mine = match deeper {
        Some(rest) => {
            let inner = part(&below, rest, value);
            match name.strip_suffix("[]") {
                Some(list) => format!("{list}: [{inner}]"),
                None => format!("{name}: {inner}"),
            }
        }
        None => said(name, value),
    };
    let needed = NEEDED.iter().find(|(at, _)| *at == place);
    let ways = ["email", "alertmanager", "syslog", "snmp", "exec", "webhook"];
    let days = ["weekly", "monthly"];
    let begins = ["at", "schedule"];
    let is_instead = |other: &str| {
        [&ways[..], &days[..], &begins[..]]
            .iter()
            .any(|set| set.contains(&bare) && set.contains(&other))
    };
    let others: String = needed
        .into_iter()
        .flat_map(|(_, keys)| keys.iter())
        .filter(|(other, _)| *other != bare && !is_instead(other))
        .map(|(other, usual)| format!("{other}: {usual}, "))
        .collect();
    let user = if bare == "oauth" { "username: u, " } else { "" };
    format!("{{{others}{user}{mine}}}")
}

fn said(name: &str, value: &str) -> String {
    match name.strip_suffix("[]") {
        Some(list) => format!("{list}: [{value}]"),
        None => format!("{name}: {value}"),
    }
}
