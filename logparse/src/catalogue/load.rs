//! Makes a catalogue of files: reads them, compiles their rows, has them proven.
//!
//! Our rows come first, the operator's after them in the order of their files. What
//! stops one row stops the catalogue: a pattern that is silently left out is an
//! event that is silently not counted.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::connector::ConnectorKind;
use model::event::Reason;
use regex::bytes::{Regex, RegexBuilder, RegexSetBuilder};

use super::beginnings::{self, BEGINNING_BYTES, Beginnings};
use super::error::{CatalogueError, RowPlace, RowProblem};
use super::file::{self, ExampleText, JsonText, ReasonText, RecordText, RowText};
use super::pairs::{self, Pairs};
use super::prefilter::{Prefilter, Wanted};
use super::row::{
    Component, Count, Example, JsonMatcher, Matcher, PairRule, PatternMatcher, Row, RowRecord,
};
use super::{Catalogue, CatalogueFile, FunctionId, FunctionRows, RowId, head, prove};
use crate::prefix::{cato, netskope_client};
use crate::record;

/// Most rows: proving them compares each with each.
const ROWS_MAX: usize = 256;

/// Largest compiled pattern, in bytes. Ours need a twentieth.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// Largest set of all compiled text patterns, in bytes.
const PATTERNS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The name and text of the rows that come with the program.
const fn built_in(kind: ConnectorKind) -> (&'static str, &'static str) {
    match kind {
        ConnectorKind::NetskopePublisher => (
            "netskope-publisher.yaml (built in)",
            include_str!("../../catalogue/netskope-publisher.yaml"),
        ),
        ConnectorKind::NetskopeClient => (
            "netskope-client.yaml (built in)",
            include_str!("../../catalogue/netskope-client.yaml"),
        ),
        ConnectorKind::CatoClient => (
            "cato-client.yaml (built in)",
            include_str!("../../catalogue/cato-client.yaml"),
        ),
    }
}

/// A row that is read and not yet compiled.
struct Draft {
    place: RowPlace,
    reasons: Vec<Reason>,
    text: RowText,
}

impl Draft {
    fn refuse(&self, problem: RowProblem) -> CatalogueError {
        CatalogueError::Row {
            place: self.place.clone(),
            problem: Box::new(problem),
        }
    }
}

/// See [`Catalogue::load`].
pub(super) fn load(
    kind: ConnectorKind,
    files: &[CatalogueFile],
) -> Result<Catalogue, CatalogueError> {
    let (name, text) = built_in(kind);
    let mut drafts = drafts(name, text)?;
    for own in files {
        drafts.extend(self::drafts(&own.name, &own.text)?);
    }
    if ROWS_MAX < drafts.len() {
        return Err(CatalogueError::TooManyRows {
            rows: drafts.len(),
            rows_max: ROWS_MAX,
        });
    }
    // Stable: otherwise the order is that of the files, ours first.
    drafts.sort_by_key(|draft| draft.text.fallback);
    let keys = drafts
        .iter()
        .flat_map(|draft| pairs::keys(&draft.text, &draft.reasons));
    let known_pairs = Pairs::new(keys);
    let mut builder = Builder::new(kind);
    for (index, draft) in drafts.iter().enumerate() {
        builder
            .add(RowId(index), draft, &known_pairs)
            .map_err(|problem| draft.refuse(problem))?;
    }
    let catalogue = builder.finish(known_pairs)?;
    prove::prove(&catalogue)?;
    Ok(catalogue)
}

fn drafts(name: &str, text: &str) -> Result<Vec<Draft>, CatalogueError> {
    let lines = file::row_lines(text);
    let rows = file::read(name, text)?.rows;
    let name: Arc<str> = name.into();
    let numbered = (1..).zip(rows);
    numbered
        .map(|(number, row)| {
            let place = RowPlace {
                file: Arc::clone(&name),
                line: lines.get(number - 1).copied().unwrap_or(1),
                number,
                event: row.event,
            };
            match pairs::reasons(&row) {
                Ok(reasons) => Ok(Draft {
                    place,
                    reasons,
                    text: row,
                }),
                Err(problem) => Err(CatalogueError::Row {
                    place,
                    problem: Box::new(problem),
                }),
            }
        })
        .collect()
}

/// What rows are sorted into.
struct Builder {
    kind: ConnectorKind,
    rows: Vec<Row>,
    matchers: Vec<Matcher>,
    functions: Vec<Arc<str>>,
    by_function: HashMap<Vec<u8>, Vec<FunctionRows>>,
    text_patterns: Vec<String>,
    text_rows: Vec<RowId>,
    wanted: Vec<Wanted>,
    beginnings: Beginnings,
    silent: Beginnings,
    components: Vec<Arc<[u8]>>,
}

impl Builder {
    fn new(kind: ConnectorKind) -> Self {
        Self {
            kind,
            rows: Vec::new(),
            matchers: Vec::new(),
            functions: Vec::new(),
            by_function: HashMap::new(),
            text_patterns: Vec::new(),
            text_rows: Vec::new(),
            wanted: Vec::new(),
            beginnings: Beginnings::default(),
            silent: Beginnings::default(),
            components: Vec::new(),
        }
    }

    fn add(&mut self, id: RowId, draft: &Draft, pairs: &Pairs) -> Result<(), RowProblem> {
        let text = &draft.text;
        if text.examples.is_empty() {
            return Err(RowProblem::NoExample);
        }
        let matcher = match (&text.pattern, &text.json) {
            (Some(pattern), None) => Matcher::Pattern(pattern_matcher(pattern, text, pairs)?),
            (None, Some(json)) => Matcher::Json(json_matcher(json, text, pairs)?),
            (Some(_), Some(_)) | (None, None) => return Err(RowProblem::Matcher),
        };
        let record = match (&text.record, &text.pattern) {
            (RecordText::Function(label), _) => self.add_function(id, label, text)?,
            (RecordText::Text, Some(pattern)) => self.add_text(id, pattern, text)?,
            (RecordText::Component(name), Some(pattern)) => {
                self.add_component(id, name, pattern, text)?
            }
            (RecordText::Text | RecordText::Component(_), None) => {
                return Err(RowProblem::JsonInText);
            }
        };
        let context: Vec<Arc<str>> = text
            .context
            .iter()
            .map(|name| name.as_str().into())
            .collect();
        self.rows.push(Row {
            place: draft.place.clone(),
            event: text.event,
            record,
            pattern: text.pattern.clone(),
            reasons: draft.reasons.clone(),
            fields: field_names(&matcher)
                .into_iter()
                .chain(context.clone())
                .collect(),
            context,
            source: text.source.clone(),
            meaning: text.meaning.clone(),
            examples: text
                .examples
                .iter()
                .map(|one| example(one, draft))
                .collect(),
            counterexamples: text.counterexamples.clone(),
        });
        self.matchers.push(matcher);
        Ok(())
    }

    fn add_function(
        &mut self,
        row: RowId,
        label: &str,
        text: &RowText,
    ) -> Result<RowRecord, RowProblem> {
        match (self.kind, text.event) {
            (ConnectorKind::NetskopePublisher, Some(_)) => {}
            (ConnectorKind::NetskopePublisher, None) => return Err(RowProblem::NothingWithKeys),
            (ConnectorKind::NetskopeClient | ConnectorKind::CatoClient, _) => {
                return Err(RowProblem::FunctionOfClient);
            }
        }
        let refused = || RowProblem::Function(label.to_owned());
        let (file, function) = label.split_once(':').ok_or_else(refused)?;
        // The parser of anchors decides what a function is, here as on a line.
        let probe = format!("{file}:1:{function}():0x0");
        let anchor = record::anchor_at_start(probe.as_bytes()).ok_or_else(refused)?;
        if anchor.file != file.as_bytes() || anchor.function != function.as_bytes() {
            return Err(refused());
        }
        let known = self.by_function.entry(function.into()).or_default();
        let label: Arc<str> = label.into();
        if let Some(rows) = known.iter_mut().find(|one| one.file == file.as_bytes()) {
            rows.rows.push(row);
        } else {
            known.push(FunctionRows {
                file: file.into(),
                id: FunctionId(self.functions.len()),
                rows: vec![row],
            });
            self.functions.push(Arc::clone(&label));
            self.wanted.push(Wanted::Function(function.into()));
        }
        Ok(RowRecord::Function(label))
    }

    fn add_text(
        &mut self,
        row: RowId,
        pattern: &str,
        text: &RowText,
    ) -> Result<RowRecord, RowProblem> {
        match (self.kind, text.event) {
            (ConnectorKind::NetskopePublisher, Some(_)) => {
                self.wanted.push(Wanted::from_pattern(pattern)?);
                self.text_patterns.push(anchored(pattern));
                self.text_rows.push(row);
            }
            _ => self.add_beginning(row, None, pattern, text)?,
        }
        Ok(RowRecord::Text)
    }

    fn add_component(
        &mut self,
        row: RowId,
        name: &str,
        pattern: &str,
        text: &RowText,
    ) -> Result<RowRecord, RowProblem> {
        // The readers of prefixes decide what a component is, here as on a line.
        let is_name = match self.kind {
            ConnectorKind::NetskopePublisher => false,
            ConnectorKind::NetskopeClient => netskope_client::is_component(name),
            ConnectorKind::CatoClient => cato::is_function(name),
        };
        if !is_name {
            return Err(RowProblem::Component(name.to_owned()));
        }
        let mut known = self.components.iter();
        let place = known.position(|one| **one == *name.as_bytes());
        let place = place.unwrap_or_else(|| {
            self.components.push(name.as_bytes().into());
            self.components.len() - 1
        });
        self.add_beginning(row, Some(Component(place)), pattern, text)?;
        Ok(RowRecord::Component(name.into()))
    }

    fn add_beginning(
        &mut self,
        row: RowId,
        component: Option<Component>,
        pattern: &str,
        text: &RowText,
    ) -> Result<(), RowProblem> {
        match (text.event, beginnings::of_pattern(pattern)) {
            (Some(_), Some(texts)) => self.beginnings.add(texts, row, component),
            // Cato's functions are names enough: few records have one that a row asks for.
            (Some(_), None) if self.kind == ConnectorKind::CatoClient && component.is_some() => {
                self.beginnings.add_open(row, component);
            }
            (Some(_), None) => {
                return Err(RowProblem::NoBeginning {
                    want: BEGINNING_BYTES,
                });
            }
            (None, Some(texts)) => self.silent.add(texts, row, component),
            // Only people ask for these rows, and they have time.
            (None, None) => self.silent.add_open(row, component),
        }
        Ok(())
    }

    fn finish(self, pairs: Pairs) -> Result<Catalogue, CatalogueError> {
        let text_set = RegexSetBuilder::new(&self.text_patterns)
            .unicode(false)
            .size_limit(PATTERNS_BYTES_MAX)
            .build()
            .map_err(|source| CatalogueError::TooLarge(Box::new(source)))?;
        Ok(Catalogue {
            kind: self.kind,
            pairs: pairs.into_keys(),
            functions: self.functions,
            rows: self.rows,
            matchers: self.matchers,
            by_function: self.by_function,
            text_set,
            text_rows: self.text_rows,
            prefilter: Prefilter::new(&self.wanted).map_err(CatalogueError::Literals)?,
            beginnings: self.beginnings,
            silent: self.silent,
            components: self.components,
        })
    }
}

/// A row's pattern holds at the beginning of the message and nowhere else.
fn anchored(pattern: &str) -> String {
    format!(r"\A(?:{pattern})")
}

fn compile(pattern: &str) -> Result<Regex, RowProblem> {
    let build = |text: &str| {
        let mut builder = RegexBuilder::new(text);
        builder.unicode(false).size_limit(PATTERN_BYTES_MAX).build()
    };
    // First as it is written: `a)|(?:b` is a pattern only within our brackets, and
    // would escape from its anchor.
    build(pattern)
        .and_then(|_| build(&anchored(pattern)))
        .map_err(|source| RowProblem::BadPattern {
            pattern: pattern.to_owned(),
            source: Box::new(source),
        })
}

fn pattern_matcher(
    pattern: &str,
    row: &RowText,
    pairs: &Pairs,
) -> Result<PatternMatcher, RowProblem> {
    let regex = compile(pattern)?;
    let fields = regex.capture_names().enumerate();
    let fields = fields
        .filter_map(|(capture, name)| Some((capture, Arc::from(name?))))
        .collect();
    let counts = row.counts.iter().map(|count| {
        Ok(Count {
            field: count.field.as_str().into(),
            text: count.text.as_bytes().into(),
            capture: capture(&regex, &count.within)?,
        })
    });
    Ok(PatternMatcher {
        pair: pair_rule(&regex, row, pairs)?,
        counts: counts.collect::<Result<_, RowProblem>>()?,
        head: head::sufficient_head(pattern),
        fields,
        regex,
    })
}

fn capture(regex: &Regex, wanted: &str) -> Result<usize, RowProblem> {
    regex
        .capture_names()
        .position(|name| name == Some(wanted))
        .ok_or_else(|| RowProblem::Capture(wanted.to_owned()))
}

fn pair_rule(regex: &Regex, row: &RowText, pairs: &Pairs) -> Result<PairRule, RowProblem> {
    let Some(event) = row.event else {
        let has_other_keys =
            row.reason.is_some() || !row.counts.is_empty() || !row.context.is_empty();
        // Nobody keeps such a text, so nothing is taken from it either.
        let has_captures = 1 < regex.captures_len();
        return if has_other_keys || has_captures {
            Err(RowProblem::NothingWithKeys)
        } else {
            Ok(PairRule::Nothing)
        };
    };
    let rule = match &row.reason {
        None => return Ok(PairRule::Constant(pairs.id(event, "")?)),
        Some(ReasonText::Word(word)) => {
            return Ok(PairRule::Constant(pairs.id(event, word)?));
        }
        Some(ReasonText::Rule(rule)) => rule,
    };
    let words = rule.words.iter();
    let words = words.map(|(text, word)| Ok((text.as_bytes().into(), pairs.id(event, word)?)));
    let patterns = rule.patterns.iter();
    let patterns = patterns.map(|one| Ok((compile(&one.pattern)?, pairs.id(event, &one.word)?)));
    Ok(PairRule::ByCapture {
        capture: capture(regex, &rule.from)?,
        words: words.collect::<Result<_, RowProblem>>()?,
        patterns: patterns.collect::<Result<_, RowProblem>>()?,
        otherwise: pairs.id(event, &rule.otherwise)?,
    })
}

fn json_matcher(json: &JsonText, row: &RowText, pairs: &Pairs) -> Result<JsonMatcher, RowProblem> {
    if row.reason.is_some() || !row.counts.is_empty() {
        return Err(RowProblem::JsonWithPatternKeys);
    }
    let event = row.event.ok_or(RowProblem::NothingWithKeys)?;
    let events = json.events.iter();
    let events = events.map(|(value, kind)| Ok((value.clone(), pairs.id(*kind, "")?)));
    let fields = json.fields.iter();
    Ok(JsonMatcher {
        key: json.key.clone(),
        events: events.collect::<Result<_, RowProblem>>()?,
        otherwise: pairs.id(event, "")?,
        fields: fields
            .map(|(field, key)| (key.clone(), field.as_str().into()))
            .collect(),
    })
}

fn field_names(matcher: &Matcher) -> Vec<Arc<str>> {
    match matcher {
        Matcher::Pattern(pattern) => {
            let captured = pattern.fields.iter().map(|(_, name)| Arc::clone(name));
            let counted = pattern.counts.iter().map(|count| Arc::clone(&count.field));
            captured.chain(counted).collect()
        }
        Matcher::Json(json) => json
            .fields
            .iter()
            .map(|(_, name)| Arc::clone(name))
            .collect(),
    }
}

fn example(text: &ExampleText, draft: &Draft) -> Example {
    // A row with one reason need not repeat it in each example.
    let only_reason = match draft.reasons.as_slice() {
        [reason] => reason.as_str(),
        [] | [_, _, ..] => "",
    };
    Example {
        line: text.line.clone(),
        event: text.event.or(draft.text.event),
        reason: text
            .reason
            .clone()
            .unwrap_or_else(|| only_reason.to_owned()),
        fields: BTreeMap::clone(&text.fields),
        time: text.time,
    }
}
