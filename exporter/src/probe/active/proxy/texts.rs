//! Reads what the host's files say of a proxy. Pure: text in, settings out.
//!
//! Four dialects: `NAME=value` lines of `/etc/environment` (pam_env(7)), `Environment=`
//! of a service's drop-ins (systemd.exec(5)), the `proxies` of Docker's `daemon.json`,
//! and APT's `Acquire` (apt.conf(5)). Whatever else stands in a text is passed over:
//! these files say a hundred other things.
//!
//! Known limits: references to other variables are not followed, and of APT's language
//! only assignments in one line are read.

use serde::Deserialize;

/// Most variables and names that are taken of one text.
const ITEMS_MAX: usize = 256;

/// What one file says of a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The proxy of unencrypted requests.
    pub http: Option<String>,
    /// The proxy of encrypted requests.
    pub https: Option<String>,
    /// What goes straight.
    pub excluded: Vec<String>,
    /// The variable that is set to different values in small and in large letters.
    pub contradiction: Option<&'static str>,
}

impl Settings {
    /// Whether a proxy is named at all.
    pub const fn is_set(&self) -> bool {
        self.http.is_some() || self.https.is_some()
    }

    /// The settings of variables, of which the last one of a name holds.
    fn of_variables(variables: &[(String, String)]) -> Self {
        let mut contradiction = None;
        let mut value = |small: &'static str| {
            let of = |name: &str| {
                let found = variables.iter().rev().find(|(one, _)| one == name);
                found.map(|(_, value)| value.trim().to_owned())
            };
            let large = of(&small.to_ascii_uppercase());
            let small_value = of(small);
            if let (Some(small_value), Some(large)) = (&small_value, &large)
                && small_value != large
            {
                contradiction.get_or_insert(small);
            }
            small_value.or(large).filter(|value| !value.is_empty())
        };
        let (http, https) = (value("http_proxy"), value("https_proxy"));
        let excluded = listed(&value("no_proxy").unwrap_or_default());
        Self {
            http,
            https,
            excluded,
            contradiction,
        }
    }
}

fn listed(text: &str) -> Vec<String> {
    text.split([',', ' ', '\t'])
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .take(ITEMS_MAX)
        .map(str::to_ascii_lowercase)
        .collect()
}

/// Reads `/etc/environment`. A leading `export`, which people write, is taken as pam_env
/// takes it.
pub fn of_environment(text: &str) -> Settings {
    let variables: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
            let (name, value) = line.split_once('=')?;
            Some((name.trim().to_owned(), unquoted(value).to_owned()))
        })
        .take(ITEMS_MAX)
        .collect();
    Settings::of_variables(&variables)
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    ['"', '\'']
        .iter()
        .find_map(|quote| {
            let rest = value.strip_prefix(*quote)?;
            Some(rest.split(*quote).next().unwrap_or_default())
        })
        .unwrap_or(value)
}

/// Reads a service's drop-ins, in the order in which systemd reads them. An empty
/// assignment forgets what was before it.
pub fn of_drop_ins<'t>(texts: impl IntoIterator<Item = &'t str>) -> Settings {
    let mut variables: Vec<(String, String)> = Vec::new();
    for text in texts {
        let mut is_service = false;
        for line in whole_lines(text) {
            let line = line.trim();
            if line.starts_with('[') {
                is_service = line == "[Service]";
                continue;
            }
            let Some((key, value)) = line.split_once('=').filter(|_| is_service) else {
                continue;
            };
            match (key.trim_end(), value.trim()) {
                ("Environment", "") => variables.clear(),
                ("Environment", value) => variables.extend(assignments(value)),
                (_, _) => {}
            }
            variables.truncate(ITEMS_MAX);
        }
    }
    Settings::of_variables(&variables)
}

/// Lines, those that end in a backslash joined with the next. Comments are none.
fn whole_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut begun = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with(['#', ';']) {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => {
                begun.push_str(part);
                begun.push(' ');
            }
            None => {
                begun.push_str(line);
                lines.push(std::mem::take(&mut begun));
            }
        }
    }
    if !begun.is_empty() {
        lines.push(begun);
    }
    lines
}

/// The assignments of one `Environment=`: words, which quotes hold together.
fn assignments(text: &str) -> Vec<(String, String)> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, _) if character.is_whitespace() => words.push(std::mem::take(&mut word)),
            (Some(_) | None, _) => word.push(character),
        }
    }
    words.push(word);
    words
        .iter()
        .filter_map(|whole| whole.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .take(ITEMS_MAX)
        .collect()
}

/// Docker's `daemon.json`, as far as it speaks of proxies.
#[derive(Debug, Default, Deserialize)]
struct Daemon {
    #[serde(default)]
    proxies: Proxies,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Proxies {
    http_proxy: String,
    https_proxy: String,
    no_proxy: String,
}

/// Reads Docker's `daemon.json`. `None` if it is no such file.
pub fn of_daemon(text: &str) -> Option<Settings> {
    if text.trim().is_empty() {
        return Some(Settings::default());
    }
    let daemon: Daemon = serde_json::from_str(text).ok()?;
    let said = |value: String| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
    Some(Settings {
        http: said(daemon.proxies.http_proxy),
        https: said(daemon.proxies.https_proxy),
        excluded: listed(&daemon.proxies.no_proxy),
        contradiction: None,
    })
}

/// Reads APT's settings: `Acquire::http::Proxy "…";`, the last one holds. `DIRECT` is no
/// proxy.
pub fn of_apt<'t>(texts: impl IntoIterator<Item = &'t str>) -> Settings {
    let mut settings = Settings::default();
    let lines = texts.into_iter().flat_map(str::lines);
    for line in lines.map(str::trim) {
        let Some((key, value)) = line.split_once(char::is_whitespace) else {
            continue;
        };
        let slot = match key.to_ascii_lowercase().as_str() {
            "acquire::http::proxy" => &mut settings.http,
            "acquire::https::proxy" => &mut settings.https,
            _ => continue,
        };
        let value = unquoted(value.trim().trim_end_matches(';'));
        let is_proxy = !value.is_empty() && !value.eq_ignore_ascii_case("direct");
        *slot = is_proxy.then(|| value.to_owned());
    }
    settings
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PROXY: &str = "http://proxy.example:3128";

    fn set(http: &str, https: &str, excluded: &[&str]) -> Settings {
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Settings {
            http: said(http),
            https: said(https),
            excluded: excluded.iter().map(|name| (*name).to_owned()).collect(),
            contradiction: None,
        }
    }

    #[test]
    fn the_environment_is_read_as_people_write_it() {
        let text = "# proxy\nPATH=\"/bin\"\nexport http_proxy=\"http://proxy.example:3128\"\n\
                    HTTPS_PROXY=http://proxy.example:3128\nno_proxy='localhost, 127.0.0.1,*.A.b'\n";
        assert_eq!(
            of_environment(text),
            set(PROXY, PROXY, &["localhost", "127.0.0.1", "*.a.b"])
        );
        for nothing in [
            "",
            "http_proxy=\"\"\nhttps_proxy=",
            "#http_proxy=a:1",
            "\0=\n=\n==",
        ] {
            assert_eq!(of_environment(nothing), Settings::default(), "{nothing:?}");
        }
        let twice = of_environment("http_proxy=http://a:1\nhttp_proxy=http://b:1");
        assert_eq!(twice.http.as_deref(), Some("http://b:1"));
        let both = of_environment("http_proxy=http://a:1\nHTTP_PROXY=http://b:1");
        assert_eq!(both.contradiction, Some("http_proxy"));
    }

    #[test]
    fn drop_ins_are_read_as_systemd_does() {
        let first = "[Service]\nEnvironment=\"HTTP_PROXY=http://old.example:1\"\n";
        let second = "[Unit]\nEnvironment=\"HTTP_PROXY=http://unit.example:1\"\n[Service]\n\
                      Environment=\n# Environment=\"HTTP_PROXY=http://comment:1\"\n\
                      Environment=\"HTTP_PROXY=http://proxy.example:3128\" \\\n  \
                      'HTTPS_PROXY=http://proxy.example:3128' NO_PROXY=localhost,b\n";
        assert_eq!(
            of_drop_ins([first, second]),
            set(PROXY, PROXY, &["localhost", "b"])
        );
        assert_eq!(
            of_drop_ins(["[Service]\nExecStart=/x\n"]),
            Settings::default()
        );
    }

    #[test]
    fn dockers_own_file_is_read() {
        let text = r#"{"bridge": "none", "proxies": {"http-proxy": "http://proxy.example:3128",
            "https-proxy": "http://proxy.example:3128", "no-proxy": "localhost"}}"#;
        assert_eq!(of_daemon(text), Some(set(PROXY, PROXY, &["localhost"])));
        assert_eq!(
            of_daemon(r#"{"iptables": false}"#),
            Some(Settings::default())
        );
        assert_eq!(of_daemon(" \n"), Some(Settings::default()));
        assert_eq!(of_daemon("{"), None);
        assert_eq!(of_daemon(r#"{"proxies": 1}"#), None);
    }

    #[test]
    fn apts_settings_are_read() {
        let text = "// x\nAcquire::http::Proxy \"http://proxy.example:3128\";\n\
                    acquire::HTTPS::proxy \"http://proxy.example:3128\";\nAPT::Get \"1\";\n";
        assert_eq!(of_apt([text]), set(PROXY, PROXY, &[]));
        let direct = "Acquire::http::Proxy \"DIRECT\";";
        assert_eq!(of_apt([text, direct]), set("", PROXY, &[]));
    }

    proptest! {
        /// Whatever the files hold, it is read in bounds, and nothing else happens.
        #[test]
        fn any_text_is_read(text in "(?s).{0,300}") {
            let all = [
                of_environment(&text),
                of_drop_ins(["[Service]\n", &text]),
                of_apt([text.as_str()]),
                of_daemon(&text).unwrap_or_default(),
            ];
            for settings in all {
                prop_assert!(settings.excluded.len() <= ITEMS_MAX);
                prop_assert!(settings.http.is_none_or(|value| !value.is_empty()));
            }
        }
    }
}
