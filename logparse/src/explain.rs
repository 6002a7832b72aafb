//! Why a line is an event, or is not: for people who ask.
//!
//! Goes exactly the way that `scan` goes, and tells what it saw on it. Does not
//! write for a terminal: every text here came from a log and is `Untrusted`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::event::Event;
use model::untrusted::Untrusted;

use crate::catalogue::recognise::{Finding, Reading};
use crate::catalogue::{Catalogue, FunctionId, RowId};
use crate::prefix::docker;

/// What the catalogue makes of one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Names of the prefixes before the record, outermost first.
    pub prefixes: Vec<&'static str>,
    /// The line's own time.
    pub time: Option<Timestamp>,
    /// What opened the record.
    pub record: RecordOpening,
    /// The record's text, after prefixes and anchor.
    pub message: Untrusted,
    /// What became of it.
    pub verdict: Verdict,
}

/// What opens a line's one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordOpening {
    /// A `file.cpp:NN:func():0x…` anchor, as `file.cpp:func`.
    Anchor(Untrusted),
    /// The name of a client's component.
    Component(Untrusted),
    /// The wizard's time stamp.
    WizardStamp,
    /// The beginning of the line, after its prefixes.
    Beginning,
}

/// The outcome of an explanation.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// A row knows it.
    Recognised {
        /// Which row.
        row: RowId,
        /// The event it makes.
        event: Event,
    },
    /// Rows know the function, none the text.
    NearMiss {
        /// The function.
        function: FunctionId,
        /// Those rows.
        rows: Vec<RowId>,
    },
    /// No row knows the function.
    UnknownFunction,
    /// An anchor stands in the line where none may open a record: inside a text.
    ForeignAnchor,
    /// No row begins like this.
    NoRow,
    /// No record begins in this line: it goes on with one, is torn, or has a shape that
    /// nobody knows. Only of products whose records all begin in a known way.
    Continuation,
    /// A row knows the text, and it counts as nothing.
    Known {
        /// Which row.
        row: RowId,
    },
}

impl Catalogue {
    /// Tells step by step what becomes of `line` (without its line end), for a
    /// connector in `zone`.
    pub fn explain(&self, line: &[u8], zone: &TimeZone) -> Explanation {
        let mut unpacked = String::new();
        let reading = self.read_for_people(line, &mut unpacked);
        let outer = reading.is_docker.then_some(docker::NAME);
        let styles = reading.stripped.styles.iter().flatten();
        Explanation {
            prefixes: outer
                .into_iter()
                .chain(styles.map(|style| style.name()))
                .collect(),
            time: reading.stamp.and_then(|stamp| stamp.time(zone)),
            record: opening(&reading),
            message: Untrusted::from_bytes(reading.message),
            verdict: self.verdict(&reading, zone),
        }
    }

    fn verdict(&self, reading: &Reading<'_>, zone: &TimeZone) -> Verdict {
        match reading.finding {
            Finding::Row(row, _) => match self.event(reading, zone) {
                Some(event) => Verdict::Recognised { row, event },
                None => Verdict::NoRow,
            },
            Finding::NearMiss(function) => Verdict::NearMiss {
                function,
                rows: self.rows_of(function),
            },
            Finding::UnknownFunction => Verdict::UnknownFunction,
            Finding::ForeignAnchor => Verdict::ForeignAnchor,
            Finding::NoRow => Verdict::NoRow,
            Finding::Known(row) => Verdict::Known { row },
            Finding::NoRecord => Verdict::Continuation,
        }
    }
}

fn opening(reading: &Reading<'_>) -> RecordOpening {
    if let Some(name) = reading.component {
        return RecordOpening::Component(Untrusted::from_bytes(name));
    }
    match reading.anchor {
        Some(anchor) => {
            let label = [anchor.file, b":", anchor.function].concat();
            RecordOpening::Anchor(Untrusted::from_bytes(&label))
        }
        None if reading.stripped.is_wizard => RecordOpening::WizardStamp,
        None => RecordOpening::Beginning,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use model::connector::ConnectorKind;

    use super::*;

    fn check(line: &str, expected: &Expect) {
        let catalogue = Catalogue::built_in(ConnectorKind::NetskopePublisher).unwrap();
        let explanation = catalogue.explain(line.as_bytes(), &TimeZone::UTC);
        expected.assert_eq(&format!("{explanation:#?}"));
    }

    #[test]
    fn a_recognised_line_names_its_row_and_event() {
        check(
            "[pub:2024-03-04 08:42:02.5 +00:00] [error] sslhelper.cpp:302:logSslError():0x0 \
             SSL Error 5 error:00000005:lib(0):func(0):DH lib",
            &expect![[r#"
                Explanation {
                    prefixes: [
                        "bracketed time",
                    ],
                    time: Some(
                        2024-03-04T08:42:02.5Z,
                    ),
                    record: Anchor(
                        "sslhelper.cpp:logSslError",
                    ),
                    message: "SSL Error 5 error:00000005:lib(0):func(0):DH lib",
                    verdict: Recognised {
                        row: RowId(
                            14,
                        ),
                        event: Event {
                            key: EventKey {
                                kind: TlsError,
                                reason: "syscall",
                            },
                            time: Some(
                                2024-03-04T08:42:02.5Z,
                            ),
                            fields: [
                                Field {
                                    name: "code",
                                    value: "5",
                                },
                                Field {
                                    name: "openssl_code",
                                    value: "00000005",
                                },
                                Field {
                                    name: "class",
                                    value: "DH lib",
                                },
                            ],
                        },
                    },
                }"#]],
        );
    }

    #[test]
    fn a_changed_wording_is_a_near_miss() {
        check(
            "neconfig.cpp:9:setClientId():0x0 Client is now x",
            &expect![[r#"
                Explanation {
                    prefixes: [],
                    time: None,
                    record: Anchor(
                        "neconfig.cpp:setClientId",
                    ),
                    message: "Client is now x",
                    verdict: NearMiss {
                        function: FunctionId(
                            5,
                        ),
                        rows: [
                            RowId(
                                17,
                            ),
                        ],
                    },
                }"#]],
        );
    }

    #[test]
    fn an_anchor_within_a_text_is_foreign() {
        check(
            "User-Agent: a.cpp:9:b():0x0 x",
            &expect![[r#"
            Explanation {
                prefixes: [],
                time: None,
                record: Beginning,
                message: "User-Agent: a.cpp:9:b():0x0 x",
                verdict: ForeignAnchor,
            }"#]],
        );
    }
}
