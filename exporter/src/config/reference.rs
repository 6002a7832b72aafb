//! Every key there is: the manual, the errors' "want" and the ranges, from one table.
//!
//! `docs/configuration.md` is written from it and kept current by a test. Other
//! tests hold that each key of the types has a row, that each row's example is
//! accepted, and that defaults are what the table says.

use std::fmt::Write as _;

use super::path::{KeyPath, Step};
use super::quantity::{DURATION_WANTED, HumanDuration, HumanSize, SIZE_WANTED};

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Keys of its own.
    Section,
    /// A list whose items have a row of their own.
    List(&'static str),
    /// Text, described in words.
    Text(&'static str),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Truth,
    /// A whole number within bounds.
    Count(u32, u32),
    /// A duration within bounds, in milliseconds.
    Duration(u64, u64),
    /// `never`, or a duration within bounds, in milliseconds.
    DurationOrNever(u64, u64),
    /// A size within bounds, in bytes.
    Size(u64, u64),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its full name. `[]` is any item of a list, `*` any name.
    pub key: &'static str,
    /// What its value must be.
    pub shape: Shape,
    /// What holds without it, or `required`.
    pub default: &'static str,
    /// A value in YAML that is accepted; empty for sections.
    pub example: &'static str,
    /// What it means, and what happens at its edges.
    pub meaning: &'static str,
}

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The table, in the order of the manual.
pub const ROWS: &[Row] = &[
    row(
        "store",
        Shape::Section,
        "",
        "",
        "Where what must survive is kept.",
    ),
    row(
        "store.path",
        Shape::Text("a path of a file in a folder that the agent may write to"),
        "`state.db` in `$STATE_DIRECTORY`, else in `/var/lib/ztna-exporter` for root, \
         else in `$XDG_STATE_HOME/ztna-exporter` or `~/.local/state/ztna-exporter`",
        "state/state.db",
        "The one file. Its folder is made if it is missing. Journals and, after damage, \
         copies of the damaged file stand beside it. One agent, one file.",
    ),
    row(
        "web",
        Shape::Section,
        "",
        "",
        "Where metrics and the page are served.",
    ),
    row(
        "web.listen",
        Shape::List("a list of 1 to 16 addresses, like `[\"127.0.0.1:10942\"]`"),
        "`[\"127.0.0.1:10942\"]`",
        "[\"127.0.0.1:10942\", \"[::1]:10942\"]",
        "Where to serve.",
    ),
    row(
        "web.listen[]",
        Shape::Text("an IP address with a port, like `127.0.0.1:10942` or `[::1]:10942`"),
        "",
        "127.0.0.1:0",
        "Port 0 takes a free one. An address that other machines can reach is refused \
         unless `--web.insecure-public` is given: there is no TLS and no password yet.",
    ),
    row(
        "tail",
        Shape::Section,
        "",
        "",
        "How logs are followed. The defaults suit most hosts.",
    ),
    row(
        "tail.poll_interval",
        Shape::Duration(10, 60 * SECOND),
        "250ms",
        "500ms",
        "How long to wait before looking again at files that had no news. The kernel's \
         notifications only shorten it.",
    ),
    row(
        "tail.scan_interval",
        Shape::Duration(100, HOUR),
        "1s",
        "5s",
        "How often to look into the folders for files that are new, renamed or gone.",
    ),
    row(
        "tail.commit_interval",
        Shape::Duration(100, 60 * SECOND),
        "1s",
        "2s",
        "How often what was read is made durable and shown. Each costs the disk one \
         synchronous write.",
    ),
    row(
        "tail.rotate_grace",
        Shape::Duration(SECOND, HOUR),
        "30s",
        "1m",
        "How long a renamed file must be quiet until its last line counts as ended. The \
         program may write into it until it opens the new one.",
    ),
    row(
        "tail.deleted_grace",
        Shape::Duration(SECOND, HOUR),
        "10s",
        "5s",
        "The same for a deleted file, whose space on the disk we hold meanwhile.",
    ),
    row(
        "tail.forget_after",
        Shape::Duration(HOUR, 365 * DAY),
        "7d",
        "30d",
        "How long a file that is seen no more is remembered. A file that comes back later \
         is read again from its beginning.",
    ),
    row(
        "tail.files_max",
        Shape::Count(1, 10_000),
        "1024",
        "200",
        "Most files followed for one log. Further ones wait, and the page says so.",
    ),
    row(
        "tail.open_files_max",
        Shape::Count(1, 10_000),
        "256",
        "64",
        "Most idle files kept open, over all logs. Further ones are opened when needed.",
    ),
    row(
        "tail.turn_bytes_max",
        Shape::Size(256 << 10, 64 << 20),
        "4MiB",
        "1MiB",
        "Most bytes read before they are made durable, over all logs. Bounds memory while \
         a backlog is read.",
    ),
    row(
        "privacy",
        Shape::Section,
        "",
        "",
        "What may be shown of people.",
    ),
    row(
        "privacy.user_labels",
        Shape::Truth,
        "false",
        "true",
        "Whether the e-mail address of who is signed in to a client, as the vendor's tool \
         tells it, is shown and a label. If not, a hash stands for it, keyed with this \
         host's `/etc/machine-id`; without that file nothing does.",
    ),
    row(
        "connectors",
        Shape::List("a list of 1 to 64 connectors, each with `name`, `kind` and `logs`"),
        "those found at their vendors' well-known paths",
        "",
        "What is watched.",
    ),
    row("connectors[]", Shape::Section, "", "", "One connector."),
    row(
        "connectors[].name",
        Shape::Text("a name of 1 to 64 of `A-Z a-z 0-9 . _ -` that no other connector has"),
        "required",
        "pub-fra-1",
        "The label `connector` of everything it tells. Renaming it starts new series.",
    ),
    row(
        "connectors[].kind",
        Shape::Word(&["netskope-publisher", "netskope-client", "cato-client"]),
        "required",
        "netskope-publisher",
        "Which product it is, and so which catalogue reads its logs.",
    ),
    row(
        "connectors[].logs",
        Shape::List("1 to 16 names with lists of file patterns, like `agent: [/path/agent.txt*]`"),
        "required",
        "",
        "Its logs. A log is one kind of file with all its rotated ones.",
    ),
    row(
        "connectors[].logs.*",
        Shape::List("a list of 1 to 64 file patterns, like `[/home/ubuntu/logs/agent.txt*]`"),
        "required",
        "[/home/ubuntu/logs/agent.txt*]",
        "The name is the label `log`: 1 to 64 of `A-Z a-z 0-9 . _ -`.",
    ),
    row(
        "connectors[].logs.*[]",
        Shape::Text("a file pattern that stands nowhere else, like `/home/ubuntu/logs/agent.txt*`"),
        "",
        "/home/ubuntu/logs/agent.txt*",
        "`*`, `?`, `[ab]` and `{a,b}` stay within one name, `**` is any number of folders. \
         It may match nothing yet. It should match the rotated files too: end it with `*`.",
    ),
    row(
        "connectors[].timezone",
        Shape::Text("`UTC`, `local` or a name of the IANA database, like `Europe/Berlin`"),
        "UTC for a Publisher, `local` for a client",
        "Europe/Berlin",
        "The zone of time stamps that name none. `local` is the zone of this host when the \
         configuration is loaded.",
    ),
    row(
        "connectors[].start_at",
        Shape::Word(&["beginning", "end"]),
        "beginning",
        "end",
        "Where to begin with files that exist when the agent starts for the first time. \
         Files that appear later are always read from their beginning.",
    ),
    row(
        "connectors[].read_compressed",
        Shape::Truth,
        "false",
        "true",
        "Whether rotated `.gz` files that match are read too, once.",
    ),
    row(
        "connectors[].catalogue",
        Shape::List("a list of files or folders, like `[/etc/ztna-exporter/catalogue.d]`"),
        "`[]`",
        "",
        "Catalogue rows of your own, beside the built-in ones. Of a folder, all `*.yaml` \
         and `*.yml` in the order of their names.",
    ),
    row(
        "connectors[].catalogue[]",
        Shape::Text("a file or a folder that exists and can be read"),
        "",
        "",
        "Each row proves itself by its examples when it is loaded; one that does not is \
         refused.",
    ),
    row(
        "connectors[].unknown_after",
        Shape::DurationOrNever(MINUTE, 365 * DAY),
        "1h for a client, `never` for a Publisher",
        "2h",
        "How long nothing may be heard, neither a log line nor a tool, before the states \
         become `unknown`. The next that is heard ends the silence.",
    ),
    row(
        "connectors[].tools",
        Shape::Section,
        "those that stand at their well-known paths when the configuration is loaded",
        "",
        "The vendor's own tools, which are run now and then and never through a shell: \
         `nsdiag` and `stagentcli` of a `netskope-client`, `cato-sdp` of a `cato-client`. \
         Tools tell of the client on this host: switch them off where the logs are those \
         of another.",
    ),
    row(
        "connectors[].tools.*",
        Shape::Section,
        "",
        "",
        "One tool. A tool that is named here is asked even if it is missing, so that its \
         failure shows.",
    ),
    row(
        "connectors[].tools.*.path",
        Shape::Text("the absolute path of a program, like `/opt/netskope/stagent/nsdiag`"),
        "the first well-known path at which it stands",
        "/opt/netskope/stagent/nsdiag",
        "The program. One that everybody may change is refused: it runs with the agent's \
         rights.",
    ),
    row(
        "connectors[].tools.*.interval",
        Shape::Duration(10 * SECOND, DAY),
        "5m",
        "1m",
        "From one run to the next, a tenth more or less by chance.",
    ),
    row(
        "connectors[].tools.*.timeout",
        Shape::Duration(100, 5 * MINUTE),
        "10s",
        "5s",
        "How long a run may take before it is killed with all that it started; not longer \
         than `interval`.",
    ),
    row(
        "connectors[].tools.*.enabled",
        Shape::Truth,
        "true",
        "false",
        "Whether the tool is asked at all.",
    ),
];

const fn row(
    key: &'static str,
    shape: Shape,
    default: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> Row {
    Row {
        key,
        shape,
        default,
        example,
        meaning,
    }
}

/// The row of a key's full name, as [`Row::key`] has it.
pub fn find(key: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.key == key)
}

/// The row of the key at `path`.
pub(super) fn find_at(path: &KeyPath) -> Option<&'static Row> {
    find(&general(path))
}

/// What is wanted at `path`, for the end of an error. Empty if the table has no row.
pub(super) fn wanted(path: &KeyPath) -> String {
    find_at(path)
        .map(|row| row.shape.wanted())
        .unwrap_or_default()
}

/// The path with `[]` for each item and `*` for each name that a person gave.
fn general(path: &KeyPath) -> String {
    let mut key = String::new();
    for step in &path.0 {
        match step {
            Step::Index(_) => key.push_str("[]"),
            Step::Key(_) if matches!(&*key, "connectors[].logs" | "connectors[].tools") => {
                key.push_str(".*");
            }
            Step::Key(name) if key.is_empty() => key.push_str(name),
            Step::Key(name) => {
                key.push('.');
                key.push_str(name);
            }
        }
    }
    key
}

impl Shape {
    /// The words behind "want".
    pub fn wanted(self) -> String {
        match self {
            Self::Section => "keys with values below it".to_owned(),
            Self::List(words) | Self::Text(words) => words.to_owned(),
            Self::Word([only]) => format!("`{only}`"),
            Self::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                words.join(" or ")
            }
            Self::Truth => "`true` or `false`".to_owned(),
            Self::Count(..) => format!("a whole number from {}", self.range()),
            Self::Duration(..) => format!("{DURATION_WANTED}, from {}", self.range()),
            Self::DurationOrNever(..) => {
                format!("{DURATION_WANTED}; {}", self.range())
            }
            Self::Size(..) => format!("{SIZE_WANTED}, from {}", self.range()),
        }
    }

    /// Whether a number, in the shape's own unit, is within the bounds.
    pub fn holds(self, number: u64) -> bool {
        match self {
            Self::Count(least, most) => (u64::from(least)..=u64::from(most)).contains(&number),
            Self::Duration(least, most)
            | Self::DurationOrNever(least, most)
            | Self::Size(least, most) => (least..=most).contains(&number),
            Self::Section | Self::List(_) | Self::Text(_) | Self::Word(_) | Self::Truth => true,
        }
    }

    fn range(self) -> String {
        match self {
            Self::Count(least, most) => format!("{least} to {most}"),
            Self::Duration(least, most) => format!("{} to {}", duration(least), duration(most)),
            Self::DurationOrNever(least, most) => {
                format!("`never` or {} to {}", duration(least), duration(most))
            }
            Self::Size(least, most) => format!("{} to {}", HumanSize(least), HumanSize(most)),
            Self::Section | Self::List(_) | Self::Text(_) | Self::Word(_) | Self::Truth => {
                String::new()
            }
        }
    }
}

fn duration(milliseconds: u64) -> HumanDuration {
    HumanDuration(std::time::Duration::from_millis(milliseconds))
}

/// The manual, as `docs/configuration.md` has it.
pub fn manual() -> String {
    let mut page = OPENING.to_owned();
    for row in ROWS {
        let wanted = match row.shape {
            Shape::Count(..)
            | Shape::Duration(..)
            | Shape::DurationOrNever(..)
            | Shape::Size(..) => row.shape.range(),
            Shape::Section => String::new(),
            Shape::List(_) | Shape::Text(_) | Shape::Word(_) | Shape::Truth => row.shape.wanted(),
        };
        let cells =
            [wanted.as_str(), row.default, row.meaning].map(|cell| cell.replace('|', "\\|"));
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{}` | {} |", row.key, cells.join(" | "));
    }
    page.push_str(ENDING);
    page
}

const OPENING: &str = "\
<!-- Generated from the program's table; \
`UPDATE_EXPECT=1 cargo test -p ztna-exporter` writes it. -->
# Configuration

One YAML file: `ztna-exporter run --config FILE`. `ztna-exporter check-config FILE` says
whether it is right (exit code 0) or where it is wrong (78). A key that is not in the table
below is an error. Without a file, connectors are found at their vendors' well-known paths.

```yaml
store: {path: /var/lib/ztna-exporter/state.db}
web: {listen: [\"127.0.0.1:10942\"]}
connectors:
  - name: pub-fra-1
    kind: netskope-publisher
    logs:
      agent:  [/home/ubuntu/logs/agent.txt*]
      wizard: [/home/ubuntu/logs/publisher_wizard.log*]
    timezone: UTC
  - name: laptop-7
    kind: netskope-client
    logs: {client: [/opt/netskope/stagent/logs/nsdebuglog*.log]}
    tools: {nsdiag: {interval: 10m}}
```

Durations carry their unit (`250ms`, `90s`, `1m30s`, `2h`, `7d`), sizes too (`300MB`,
`1GiB`). Relative paths start at the configuration file's folder. A reload (SIGHUP) takes
a new file over whole, or keeps the old one; `store.path` needs a restart.

| key | value | default | meaning |
|---|---|---|---|
";

const ENDING: &str = "
A mistake is told with its place and its mend:

```text
error: `tail.poll_interval` is `5ms`
 --> agent.yaml:3:18
  |
3 |   poll_interval: 5ms
  |                  ^^^
  |
  = help: want a duration with its unit, like `250ms`, `90s`, `1m30s`, `2h` or `7d`, from 10ms to 1m
```

The file is at most 1MiB of UTF-8, one document, without anchors, aliases and tags.
";

#[cfg(test)]
mod tests;
