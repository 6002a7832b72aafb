//! The manual's rows of what runs by the calendar: profiles, maintenance, silences.

use super::super::{DAY, MINUTE};
use super::{Row, Shape, row};

const WEEKDAY: Shape = Shape::Text("a weekday, like `tuesday` or `tue`");
const TIME: Shape = Shape::Text("an hour in quotes, like `\"02:00\"`");
const ZONE: Shape = Shape::Text(
    "a name of the time zone database, like `Europe/Berlin` or `US/Eastern`, or `local`",
);
const MATCHERS: Shape =
    Shape::List("a list of at most 16 matchers, like `[connector=pub-1, \"rule=tunnel-*\"]`");
const MATCHER: Shape = Shape::Text("`label=value`, like `connector=pub-1`");
const INSTANT: Shape = Shape::Text("an instant with its zone, like `2026-12-24T20:00:00Z`");
const WEEK: Shape = Shape::Word(&["1st", "2nd", "3rd", "4th", "5th", "last"]);
const SCHEDULE: &str = "`weekly` or `monthly`, with `time` and `zone`. An hour that the \
                        clocks leave out begins as much later; one that comes twice counts once.";
const MATCHERS_MEANING: &str = "All of them must fit. Labels are those of the alert, and \
                                `rule`, `alert` and `severity`; a `*` at the end of a value \
                                stands for any rest.";

pub(in super::super) const ROWS: &[Row] = &[
    row(
        "alerts.profiles",
        Shape::List("a list of at most 64 profiles, each with `name`"),
        "`[]`: an update is told by what the log says of it, and nobody hears of it ahead",
        "",
        "The update profiles that the Publishers of this agent are in, as the vendor's \
         console has them.",
    ),
    row("alerts.profiles[]", Shape::Section, "", "", "One profile."),
    row(
        "alerts.profiles[].name",
        Shape::Text("a name of 1 to 64 of `A-Z a-z 0-9 . _ -` that no other profile has"),
        "required",
        "weekly",
        "Label `profile`.",
    ),
    row(
        "alerts.profiles[].release",
        Shape::Text("`beta`, `latest`, `latest-1`, `latest-2`, or a version's number"),
        "latest",
        "latest-1",
        "What members are updated to.",
    ),
    row(
        "alerts.profiles[].schedule",
        Shape::Section,
        "by hand only",
        "",
        SCHEDULE,
    ),
    row(
        "alerts.profiles[].schedule.weekly",
        WEEKDAY,
        "",
        "tuesday",
        "Each week.",
    ),
    row(
        "alerts.profiles[].schedule.monthly",
        Shape::Section,
        "",
        "",
        "Once a month.",
    ),
    row(
        "alerts.profiles[].schedule.monthly.week",
        WEEK,
        "required",
        "2nd",
        "Which of the weekday's days. A month without a fifth is left out.",
    ),
    row(
        "alerts.profiles[].schedule.monthly.day",
        WEEKDAY,
        "required",
        "tuesday",
        "The weekday.",
    ),
    row(
        "alerts.profiles[].schedule.time",
        TIME,
        "required",
        "\"23:30\"",
        "At what time of the day.",
    ),
    row(
        "alerts.profiles[].schedule.zone",
        ZONE,
        "required",
        "US/Eastern",
        "Whose clocks. The vendor's old names are known.",
    ),
    row(
        "alerts.profiles[].members",
        Shape::List("a list of names of `connectors` that are Publishers and in no other profile"),
        "all Publishers of `connectors`",
        "[a]",
        "In the order of updating.",
    ),
    row(
        "alerts.profiles[].members[]",
        Shape::Text("the name of a Publisher of `connectors`, once"),
        "",
        "a",
        "",
    ),
    row(
        "alerts.profiles[].waves",
        Shape::Text("`canary`, `single`, or a list of lists of members, like `[[a], [b, c]]`"),
        "canary",
        "[[a]]",
        "Which members are updated together, what the vendor calls batches. `canary`: the \
         first alone, the rest in two halves; `single`: all at once.",
    ),
    row(
        "alerts.profiles[].enabled",
        Shape::Truth,
        "true",
        "false",
        "Whether scheduled updates take place.",
    ),
    row(
        "alerts.maintenance",
        Shape::List(
            "a list of at most 64 windows, each with `name`, `lasts`, and `at` or `schedule`",
        ),
        "`[]`",
        "",
        "Times in which alerts are held back. What still holds when a window ends is told \
         then.",
    ),
    row(
        "alerts.maintenance[]",
        Shape::Section,
        "",
        "",
        "One window.",
    ),
    row(
        "alerts.maintenance[].name",
        Shape::Text("a name of 1 to 64 of `A-Z a-z 0-9 . _ -` that no other window has"),
        "required",
        "patch-night",
        "Its name in the history.",
    ),
    row(
        "alerts.maintenance[].at",
        INSTANT,
        "this or `schedule`",
        "2026-12-24T20:00:00Z",
        "When it begins, once.",
    ),
    row(
        "alerts.maintenance[].schedule",
        Shape::Section,
        "this or `at`",
        "",
        SCHEDULE,
    ),
    row(
        "alerts.maintenance[].schedule.weekly",
        WEEKDAY,
        "",
        "sun",
        "Each week.",
    ),
    row(
        "alerts.maintenance[].schedule.monthly",
        Shape::Section,
        "",
        "",
        "Once a month.",
    ),
    row(
        "alerts.maintenance[].schedule.monthly.week",
        WEEK,
        "required",
        "last",
        "Which of the weekday's days.",
    ),
    row(
        "alerts.maintenance[].schedule.monthly.day",
        WEEKDAY,
        "required",
        "friday",
        "The weekday.",
    ),
    row(
        "alerts.maintenance[].schedule.time",
        TIME,
        "required",
        "\"03:00\"",
        "At what time of the day.",
    ),
    row(
        "alerts.maintenance[].schedule.zone",
        ZONE,
        "required",
        "Europe/Berlin",
        "Whose clocks.",
    ),
    row(
        "alerts.maintenance[].lasts",
        Shape::Duration(MINUTE, 30 * DAY),
        "required",
        "4h",
        "How long it lasts, elapsed.",
    ),
    row(
        "alerts.maintenance[].matchers",
        MATCHERS,
        "`[]`: all alerts",
        "[rule=host-cpu]",
        MATCHERS_MEANING,
    ),
    row(
        "alerts.maintenance[].matchers[]",
        MATCHER,
        "",
        "\"rule=host-*\"",
        "",
    ),
    row(
        "alerts.silences",
        Shape::List("a list of at most 64 silences"),
        "`[]`",
        "",
        "Alerts that nobody wants to hear of for a while. `ztna-exporter alerts silence` \
         makes one without a change of this file.",
    ),
    row("alerts.silences[]", Shape::Section, "", "", "One silence."),
    row(
        "alerts.silences[].id",
        Shape::Text("a name of 1 to 64 of `A-Z a-z 0-9 . _ -` that no other silence has"),
        "required",
        "rack-4",
        "Names it.",
    ),
    row(
        "alerts.silences[].matchers",
        MATCHERS,
        "required",
        "[connector=a]",
        MATCHERS_MEANING,
    ),
    row(
        "alerts.silences[].matchers[]",
        MATCHER,
        "",
        "connector=a",
        "",
    ),
    row(
        "alerts.silences[].who",
        Shape::Text("one line of 1 to 256 bytes without control characters"),
        "required",
        "Ada",
        "Who wants it.",
    ),
    row(
        "alerts.silences[].why",
        Shape::Text("one line of 1 to 256 bytes without control characters"),
        "required",
        "the rack is moved",
        "Why.",
    ),
    row(
        "alerts.silences[].from",
        INSTANT,
        "at once",
        "2026-12-01T00:00:00Z",
        "From when on.",
    ),
    row(
        "alerts.silences[].until",
        INSTANT,
        "required",
        "2026-12-02T00:00:00+01:00",
        "Until when.",
    ),
];
