//! Where each key of a file stands, and whether the file is plain YAML at all.
//!
//! Only the plain part of YAML is taken: one document, maps with text as keys, lists,
//! scalars. Anchors, aliases and tags are refused: nobody needs them in a page of rules,
//! and aliases of aliases are how a small file becomes a huge one. A key that stands twice
//! is a mistake, never "the last one wins".

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, Span, StrInput};

/// Deepest nesting. Rules need six levels.
const DEPTH_MAX: usize = 12;

/// The lines of all keys, by paths such as `rules[3].on.sample`.
#[derive(Debug, Default)]
pub(super) struct Places {
    lines: BTreeMap<String, usize>,
    /// Ids of the rules, by their number, as far as they are text.
    ids: BTreeMap<usize, String>,
    has_content: bool,
}

/// The lines of a rule's keys, by paths such as `on.sample`.
#[derive(Debug, Default)]
pub(super) struct RuleLines {
    lines: BTreeMap<String, usize>,
    first: usize,
}

impl RuleLines {
    /// The line of a key, or of the nearest thing above it that stands in the file.
    pub(super) fn of(&self, key: &str) -> usize {
        nearest_line(&self.lines, key).unwrap_or(self.first)
    }
}

impl Places {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The line of what is not plain YAML, and what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, (usize, String)> {
        let mut reader = Reader {
            parser: Parser::new_from_str(text),
            places: Self::default(),
            line: 1,
        };
        reader.document()?;
        Ok(reader.places)
    }

    /// Whether there is nothing in the file.
    pub(super) const fn is_empty(&self) -> bool {
        !self.has_content
    }

    /// The line of a key, or of the nearest thing above it that stands in the file.
    pub(super) fn line(&self, path: &str) -> usize {
        nearest_line(&self.lines, path).unwrap_or(1)
    }

    /// The id of the rule that a path leads into, if it has one.
    pub(super) fn rule_at(&self, path: &str) -> Option<String> {
        let inside = path.strip_prefix("rules[")?;
        let number = inside.split(']').next()?.parse().ok()?;
        self.ids.get(&number).cloned()
    }

    /// The lines of one rule.
    pub(super) fn of_rule(&self, number: usize) -> RuleLines {
        let root = format!("rules[{number}]");
        let below = |path: &str| {
            let rest = path.strip_prefix(&root)?;
            Some(rest.strip_prefix('.').unwrap_or(rest).to_owned())
        };
        let inside = self.lines.range(root.clone()..);
        let inside = inside.take_while(|(path, _)| path.starts_with(&root));
        RuleLines {
            first: self.line(&root),
            lines: inside
                .filter_map(|(path, line)| Some((below(path)?, *line)))
                .filter(|(path, _)| !path.is_empty())
                .collect(),
        }
    }
}

/// The part of a path that is below its rule.
pub(super) fn below_rule(path: &str) -> String {
    let below = path
        .strip_prefix("rules[")
        .and_then(|rest| rest.split_once(']'))
        .map(|(_, below)| below);
    below.map_or_else(
        || path.to_owned(),
        |below| below.trim_start_matches('.').to_owned(),
    )
}

fn nearest_line(lines: &BTreeMap<String, usize>, path: &str) -> Option<usize> {
    let mut rest = path;
    loop {
        if let Some(line) = lines.get(rest) {
            return Some(*line);
        }
        let end = rest.rfind(['.', '['])?;
        rest = rest.get(..end)?;
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    places: Places,
    /// The line that was read last, for an end that comes too soon.
    line: usize,
}

type Read<T> = Result<T, (usize, String)>;

impl<'a> Reader<'a> {
    fn document(&mut self) -> Read<()> {
        let mut has_document = false;
        loop {
            let (event, line) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(_) if has_document => {
                    return Err((line, "a second document begins here, want one".to_owned()));
                }
                Event::DocumentStart(_) => {
                    has_document = true;
                    let (first, at) = self.next()?;
                    self.root(&first, at)?;
                }
                Event::Nothing
                | Event::StreamStart
                | Event::DocumentEnd
                | Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd => {}
            }
        }
    }

    fn root(&mut self, event: &Event<'a>, line: usize) -> Read<()> {
        match event {
            // A file of comments only.
            Event::Scalar(text, ..) if text.is_empty() => Ok(()),
            Event::MappingStart(..) => {
                self.places.has_content = true;
                self.node(event, line, "", 0)
            }
            _ => Err((
                line,
                "is no file of rules, want `rules:` and a list".to_owned(),
            )),
        }
    }

    fn next(&mut self) -> Read<(Event<'a>, usize)> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.line = line_of(&span).max(1);
                Ok((event, self.line))
            }
            None => Ok((Event::StreamEnd, self.line)),
            Some(Err(error)) => Err((
                error.marker().line().max(1),
                format!(
                    "is not YAML: {}; look at indentation, quotes and brackets here and above",
                    error.info()
                ),
            )),
        }
    }

    fn node(&mut self, event: &Event<'a>, line: usize, path: &str, depth: usize) -> Read<()> {
        if DEPTH_MAX < depth {
            let message = format!("is nested too deeply, want at most {DEPTH_MAX} levels");
            return Err((line, message));
        }
        match event {
            Event::Scalar(text, _, anchor, tag) => {
                refuse_extras(line, *anchor, tag.is_some())?;
                self.note_id(path, text);
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_extras(line, *anchor, tag.is_some())?;
                self.items(path, depth)
            }
            Event::MappingStart(anchor, tag) => {
                refuse_extras(line, *anchor, tag.is_some())?;
                self.entries(path, depth)
            }
            Event::Alias(_) => refuse_extras(line, 1, true),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => Err((line, "is not YAML: a value is missing".to_owned())),
        }
    }

    fn items(&mut self, path: &str, depth: usize) -> Read<()> {
        for number in 0_usize.. {
            let (event, line) = self.next()?;
            if event == Event::SequenceEnd {
                break;
            }
            let inside = format!("{path}[{number}]");
            self.places.lines.insert(inside.clone(), line);
            self.node(&event, line, &inside, depth.saturating_add(1))?;
        }
        Ok(())
    }

    fn entries(&mut self, path: &str, depth: usize) -> Read<()> {
        loop {
            let (event, line) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(());
            }
            let Event::Scalar(key, ..) = event else {
                return Err((line, "holds a key that is no word".to_owned()));
            };
            let inside = if path.is_empty() {
                key.to_string()
            } else {
                format!("{path}.{key}")
            };
            if let Some(first) = self.places.lines.insert(inside.clone(), line) {
                let message = format!("`{key}` stands here again; the first is in line {first}");
                return Err((line, message));
            }
            let (value, value_line) = self.next()?;
            self.node(&value, value_line, &inside, depth.saturating_add(1))?;
        }
    }

    fn note_id(&mut self, path: &str, text: &str) {
        let number = path
            .strip_prefix("rules[")
            .and_then(|rest| rest.strip_suffix("].id"))
            .and_then(|number| number.parse().ok());
        if let Some(number) = number {
            self.places.ids.insert(number, text.to_owned());
        }
    }
}

fn refuse_extras(line: usize, anchor: usize, has_tag: bool) -> Read<()> {
    // The parser counts anchors from 1; 0 is none.
    if anchor == 0 && !has_tag {
        return Ok(());
    }
    let message = "uses an anchor, an alias or a tag, want the value itself, written out";
    Err((line, message.to_owned()))
}

fn line_of(span: &Span) -> usize {
    span.start.line()
}
