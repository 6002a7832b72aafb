//! The rows of the manual: every key, what its value must be, and what it means.
//!
//! Only data. Their order is that of the manual and of the checks.

mod alerts;
mod host;
mod probes;
mod snmp;

use super::{Row, Shape};

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The table, in the order of the manual.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [
        ROWS,
        host::ROWS,
        probes::ROWS,
        snmp::ROWS,
        alerts::ROWS,
        alerts::RECEIVERS,
        alerts::MAIL,
        alerts::CALENDAR,
    ]
    .into_iter()
    .flatten()
}

/// The sections that have no file of their own here.
const ROWS: &[Row] = &[
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
         unless `web.config_file` has TLS, and users or certificates of clients; or \
         `--web.insecure-public` is given.",
    ),
    row(
        "web.config_file",
        Shape::Text("a path of a file as `--web.config.file` of Prometheus' exporters"),
        "none: no TLS, and anybody may ask",
        "web.yml",
        "TLS, users with passwords, header fields, a bound on requests: see \
         [the web configuration](web-config.md). `--web.config.file` goes before it. The file \
         is read anew when it changes.",
    ),
    row(
        "web.host_names",
        Shape::List("a list of up to 16 names of this host, like `[\"monitor.example.com\"]`"),
        "none",
        "[\"monitor.example.com\"]",
        "Names beside `localhost` and its addresses that a request to a loopback address may \
         ask for, such as that of a proxy in front. Without the check a page of another site \
         could read ours under a name of its own. Once one is set, requests from the network \
         must name one of these or an address too; scrapes and health checks need not.",
    ),
    row(
        "web.host_names[]",
        Shape::Text("a name of a host without port, like `monitor.example.com`"),
        "",
        "monitor.example.com",
        "One name. Upper and lower case are the same.",
    ),
    row(
        "web.external_url",
        Shape::Text(
            "an address of at most 500 bytes without user, `?` and `#`, like \
             `https://pub-fra-1.example.com:10942/` or \
             `https://monitor.example.com/ztna/pub-fra-1`",
        ),
        "none: messages name commands for a shell on the host",
        "\"https://monitor.example.com/ztna/pub-fra-1\"",
        "Where people reach the page from their own desks, through a proxy if there is one, \
         for links in messages: to the runbook, the connector and the page. A path is what \
         the proxy takes away. A reload changes it.",
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
        "Most files followed for one log. Of more, those written to last are read; the others \
         wait, and the page says so.",
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
        Shape::Text(
            "a name of 1 to 64 of `A-Z a-z 0-9 . _ -`, not `.` or `..`, that no other connector \
             has",
        ),
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
         configuration is loaded, as `TZ` or `/etc/localtime` says it; if what they say is \
         none, the configuration is refused.",
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
         become `unknown`. The next that is heard ends the silence. At least twice the \
         interval of each tool that is named and asked.",
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
        "The program. It runs with the agent's rights, so before each run it, each link and \
         each folder on its way must belong to root or the agent's user, and neither group nor \
         others may write to them; else the run counts as `unsafe`, and the log names the \
         place. A folder like `/tmp` (sticky) may be on the way, with a folder of root's or \
         the agent's user in it.",
    ),
    row(
        "connectors[].tools.*.interval",
        Shape::Duration(10 * SECOND, DAY),
        "5m",
        "1m",
        "From one run to the next, a tenth more or less by chance. A tool that is not named \
         is asked at least twice in `unknown_after`.",
    ),
    row(
        "connectors[].tools.*.timeout",
        Shape::Duration(100, 30 * SECOND),
        "10s",
        "5s",
        "How long a run may take before it is killed with all that it started; not longer \
         than `interval`. At most 8 tools run at once, over all connectors, so those that hang \
         hold up the others for seconds. What a tool started is killed when it ends, except \
         a child in a session of its own. `cato-sdp version`, which is asked before the status \
         once an hour, may take as long again.",
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
