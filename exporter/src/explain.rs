//! `explain`: which pattern recognises a line, and what it does to the state.
//!
//! Each product is asked, unless the user names one. Several may know a text, since a
//! line can stand without the prefix that tells them apart: then each answers.

use std::fmt::{Result as Written, Write};
use std::sync::Arc;

use jiff::tz::TimeZone;
use logparse::catalogue::{Catalogue, RowId};
use logparse::explain::{Explanation, RecordOpening, Verdict};
use logparse::product::Recogniser;
use model::connector::{ConnectorKind, ConnectorState, Transition};
use model::event::Event;

use crate::cli::{ExplainArgs, Failure, in_lines};
use crate::clock::Clock;
use crate::logging::print_result;
use crate::parse::job::{default_zone, kind_of, load_catalogue, own_rows, recogniser, zone_of};

/// Explains one line.
///
/// # Errors
///
/// A zone or a catalogue that cannot be used, or a closed stdout.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let zone = args.timezone.as_deref().map(zone_of).transpose()?;
    let line = args.line.as_bytes();
    let answers = match kind_of(args.kind) {
        Some(kind) => {
            let catalogue = Arc::new(load_catalogue(kind, &own_rows(&args.catalogue)?)?);
            vec![Answer::of(catalogue, line, zone.as_ref())?]
        }
        None => {
            let recogniser = recogniser()?;
            let catalogues = with_own_rows(&recogniser, args)?;
            let all = catalogues
                .into_iter()
                .map(|catalogue| Answer::of(catalogue, line, zone.as_ref()));
            best(
                all.collect::<Result<_, _>>()?,
                recogniser.recognise(None, line),
            )
        }
    };
    let texts: Vec<String> = answers.iter().map(Answer::text).collect();
    print_result(texts.join("\n").as_bytes())?;
    Ok(())
}

/// What one product makes of the line.
struct Answer {
    catalogue: Arc<Catalogue>,
    explanation: Explanation,
}

impl Answer {
    fn of(
        catalogue: Arc<Catalogue>,
        line: &[u8],
        zone: Option<&TimeZone>,
    ) -> Result<Self, Failure> {
        let zone = match zone {
            Some(zone) => zone.clone(),
            None => default_zone(catalogue.kind())?,
        };
        let explanation = catalogue.explain(line, &zone);
        Ok(Self {
            catalogue,
            explanation,
        })
    }

    /// How much the product knows of the line.
    const fn rank(&self) -> Rank {
        match self.explanation.verdict {
            Verdict::Recognised { .. } | Verdict::Known { .. } => Rank::Text,
            Verdict::NearMiss { .. } => Rank::Function,
            Verdict::UnknownFunction => Rank::Shape,
            Verdict::ForeignAnchor | Verdict::NoRow | Verdict::Continuation => Rank::Nothing,
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = render(&mut out, &self.explanation, &self.catalogue);
        out
    }
}

/// How much of a line a product knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Nothing,
    Shape,
    Function,
    Text,
}

/// All answers that know the text, or else the one that knows most, or else that of the
/// product whose records look so.
fn best(mut answers: Vec<Answer>, looks_like: Option<ConnectorKind>) -> Vec<Answer> {
    let most = answers.iter().map(Answer::rank).max();
    answers.retain(|answer| Some(answer.rank()) == most);
    if most == Some(Rank::Text) {
        return answers;
    }
    let fitting = |answer: &Answer| Some(answer.catalogue.kind()) == looks_like;
    if answers.iter().any(fitting) {
        answers.retain(fitting);
    }
    answers.truncate(1);
    answers
}

/// The catalogues of all products. An operator's rows go to those that they fit.
fn with_own_rows(
    recogniser: &Recogniser,
    args: &ExplainArgs,
) -> Result<Vec<Arc<Catalogue>>, Failure> {
    let own = own_rows(&args.catalogue)?;
    let mut catalogues = recogniser.catalogues().to_vec();
    let mut refused = None;
    let mut has_taken = own.is_empty();
    for slot in catalogues.iter_mut().filter(|_| !own.is_empty()) {
        match load_catalogue(slot.kind(), &own) {
            Ok(extended) => {
                *slot = Arc::new(extended);
                has_taken = true;
            }
            Err(failure) => refused = refused.or(Some(failure)),
        }
    }
    match refused {
        Some(failure) if !has_taken => Err(failure),
        Some(_) | None => Ok(catalogues),
    }
}

fn render(out: &mut String, explanation: &Explanation, catalogue: &Catalogue) -> Written {
    writeln!(out, "product  {}", catalogue.kind())?;
    if !explanation.prefixes.is_empty() {
        writeln!(out, "prefix   {}", explanation.prefixes.join(", then "))?;
    }
    match explanation.time {
        Some(time) => writeln!(out, "time     {time}")?,
        None => writeln!(out, "time     none: it counts as the time of reading")?,
    }
    match &explanation.record {
        RecordOpening::Anchor(anchor) => {
            writeln!(out, "record   opened by {}", anchor.printable())?;
        }
        RecordOpening::Component(name) => {
            writeln!(out, "record   of the component {}", name.printable())?;
        }
        RecordOpening::WizardStamp => writeln!(out, "record   opened by the wizard's time stamp")?,
        RecordOpening::Beginning => writeln!(out, "record   the line's own beginning")?,
    }
    writeln!(out, "message  {}", explanation.message.printable())?;
    render_verdict(out, &explanation.verdict, catalogue)
}

fn render_verdict(out: &mut String, verdict: &Verdict, catalogue: &Catalogue) -> Written {
    match verdict {
        Verdict::Recognised { row, event } => {
            writeln!(out, "event    {}", event.key.kind)?;
            if !event.key.reason.is_none() {
                writeln!(out, "reason   {}", event.key.reason)?;
            }
            render_row(out, *row, catalogue)?;
            for field in &event.fields {
                writeln!(out, "field    {} = {}", field.name, field.value.printable())?;
            }
            writeln!(out, "state    {}", effect_of(event, catalogue.kind()))
        }
        Verdict::Known { row } => {
            writeln!(
                out,
                "event    none: this text is known and counts as nothing"
            )?;
            render_row(out, *row, catalogue)
        }
        Verdict::NearMiss { function, .. } => {
            let name = catalogue
                .functions()
                .get(function.0)
                .map_or("?", |name| &**name);
            writeln!(out, "event    none: {name} is known, this wording is not")?;
            writeln!(out, "         counted in ztna_log_near_miss_total")
        }
        Verdict::UnknownFunction => {
            writeln!(out, "event    none: no row is about this function")
        }
        Verdict::ForeignAnchor => {
            writeln!(
                out,
                "event    none: what stands before the anchor is no prefix of a log line"
            )
        }
        Verdict::NoRow => writeln!(out, "event    none: no row begins like this"),
        Verdict::Continuation => {
            writeln!(out, "event    none: no record begins in this line")?;
            writeln!(
                out,
                "         it counts as a continuation of the one before"
            )
        }
    }
}

fn render_row(out: &mut String, id: RowId, catalogue: &Catalogue) -> Written {
    let Some(row) = catalogue.rows().get(id.0) else {
        return Ok(());
    };
    let place = row.place.to_string();
    // Written by an operator, perhaps on several lines: those below begin where it begins.
    let in_column = |text: &str| in_lines(text.trim_end()).replace('\n', "\n         ");
    writeln!(out, "meaning  {}", in_column(&row.meaning))?;
    writeln!(out, "row      {}", in_column(&place))?;
    if let Some(pattern) = &row.pattern {
        writeln!(out, "pattern  {}", in_column(pattern))?;
    }
    writeln!(out, "source   {}", in_column(&row.source))
}

/// What the event does to a connector of which nothing is known yet.
fn effect_of(event: &Event, kind: ConnectorKind) -> String {
    let mut state = ConnectorState::default();
    let at = event
        .time
        .unwrap_or_else(|| Clock::start().now().timestamp());
    let changes = state.apply(event, at, kind);
    if changes.is_empty() {
        return "unchanged".to_owned();
    }
    let words = changes
        .iter()
        .map(|Transition { aspect, to, .. }| format!("{aspect} becomes {to}"));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use logparse::catalogue::CatalogueFile;

    use super::*;

    /// Which products answer, in the order of the output.
    fn check(line: &str, expected: &[&str]) {
        let recogniser = recogniser().unwrap();
        let catalogues = recogniser.catalogues().iter();
        let all = catalogues
            .map(|catalogue| Answer::of(Arc::clone(catalogue), line.as_bytes(), None).unwrap())
            .collect();
        let answers = best(all, recogniser.recognise(None, line.as_bytes()));
        let kinds: Vec<&str> = answers
            .iter()
            .map(|answer| answer.catalogue.kind().name())
            .collect();
        assert_eq!(kinds, expected, "{line}");
    }

    #[test]
    fn the_product_that_knows_a_line_answers() {
        check(
            "sslhelper.cpp:302:logSslError():0x0 TLS failure",
            &["netskope-publisher"],
        );
        check("keepAlive fails with 15 tries", &["netskope-client"]);
        check("Failed to DNS", &["cato-client"]);
        check(
            "nsImpersonate Current user: UserFirst.Lastname",
            &["netskope-client"],
        );
    }

    #[test]
    fn a_line_that_nobody_knows_is_read_as_what_it_looks_like() {
        check(
            "2024/04/28 11:02:28.409 stAgentSvc p17fc tb44 info new.cpp:1 Something new",
            &["netskope-client"],
        );
        check(
            "20/01/26 16:30:14.825 [D] [Routing   ] [1474:33FC] [new : 1] [:] [:] [ :] new",
            &["cato-client"],
        );
        check("Accepted publickey for ada", &["netskope-publisher"]);
    }

    #[test]
    fn what_an_operator_wrote_into_a_row_moves_no_cursor() {
        let own = CatalogueFile {
            name: "own\u{1b}.yaml".to_owned(),
            text: "version: 1\nrows:\n- event: update.started\n  record: text\n  \
                   pattern: \"Update goes\u{202e}\"\n  source: \"seen\\e[31m\"\n  \
                   meaning: \"one\\e\\ntwo\"\n  examples: [{line: \"Update goes\u{202e}\"}]\n"
                .to_owned(),
        };
        let catalogue = Catalogue::load(ConnectorKind::NetskopePublisher, &[own]).unwrap();
        let line = "Update goes\u{202e}".as_bytes();
        let answer = Answer::of(Arc::new(catalogue), line, None).unwrap();
        let text = answer.text();
        assert!(
            text.contains(
                "meaning  one\\u{1b}\n         two\nrow      own\\u{1b}.yaml:3: row 1 \
                 (update.started)\npattern  Update goes\\u{202e}\nsource   seen\\u{1b}[31m\n"
            ),
            "{text:?}"
        );
    }

    #[test]
    fn a_known_text_that_counts_as_nothing_says_so() {
        let recogniser = recogniser().unwrap();
        let client = &recogniser.catalogues()[1];
        let text = Answer::of(
            Arc::clone(client),
            b"nsImpersonate Current user: UserFirst.Lastname",
            None,
        )
        .unwrap()
        .text();
        assert!(text.contains("known and counts as nothing"), "{text}");
        assert!(text.contains("product  netskope-client"), "{text}");
    }
}
