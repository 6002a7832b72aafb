//! YAML text as a tree in which every key and value knows its place.
//!
//! Only the plain part of YAML is taken: one document, maps with text as keys,
//! lists, scalars. Anchors, aliases and tags are refused: nobody needs them in a
//! page of configuration, and aliases of aliases are how a small file becomes a
//! huge one. A key that stands twice is a mistake, never "the last one wins".

use std::collections::HashMap;
use std::string::FromUtf8Error;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::error::{ConfigError, Place};
use super::path::{KeyPath, Step};

/// Deepest nesting. Ours needs five levels.
const DEPTH_MAX: usize = 16;

/// A parsed configuration file.
#[derive(Debug, PartialEq)]
pub(super) struct Document {
    name: String,
    text: Arc<str>,
    root: Node,
}

/// A value and where it stands.
#[derive(Debug, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// The kinds of values.
#[derive(Debug, PartialEq)]
pub(super) enum Value {
    /// Text without quotes, which may mean a number or a truth value.
    Plain(String),
    /// Text in quotes, or a block of text.
    Quoted(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Node,
}

/// Which part of an entry a mistake is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Key,
    Value,
}

impl Document {
    /// Reads `text`, which errors call `name`.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        Self::parse_wanting(name, text, WANTED_DOCUMENT)
    }

    /// The same; `wanted` says what one that is none should have been.
    pub(super) fn parse_wanting(
        name: &str,
        text: &str,
        wanted: &'static str,
    ) -> Result<Self, ConfigError> {
        // Editors on other systems put a byte order mark in front.
        let text: Arc<str> = Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text));
        let mut reader = Reader::new(name, &text, wanted);
        let root = reader.read_document()?;
        Ok(Self {
            name: name.to_owned(),
            text,
            root,
        })
    }

    /// The root of the tree.
    pub(super) const fn root(&self) -> &Node {
        &self.root
    }

    /// Whether the root has the key.
    pub(super) fn has_key(&self, key: &str) -> bool {
        match &self.root.value {
            Value::Map(entries) => entries.iter().any(|entry| entry.key == key),
            Value::Plain(_) | Value::Quoted(_) | Value::List(_) => false,
        }
    }

    /// A mistake at `path`, or at the nearest thing above it that is in the text.
    pub(super) fn refuse(&self, path: &KeyPath, part: Part, wrong: &str) -> ConfigError {
        self.refuse_at(self.find(path, part).clone(), &path.to_string(), wrong)
    }

    /// A mistake at a known place.
    pub(super) fn refuse_at(&self, place: Place, key: &str, wrong: &str) -> ConfigError {
        ConfigError::without_place(&self.name, key, wrong).at(place, &self.text)
    }

    fn find(&self, path: &KeyPath, part: Part) -> &Place {
        let mut node = &self.root;
        let mut place = &node.place;
        for step in &path.0 {
            match (&node.value, step) {
                (Value::Map(entries), Step::Key(key)) => {
                    let Some(entry) = entries.iter().find(|entry| entry.key == *key) else {
                        return place;
                    };
                    node = &entry.value;
                    place = match part {
                        Part::Key => &entry.place,
                        Part::Value => &node.place,
                    };
                }
                (Value::List(items), Step::Index(index)) => {
                    let Some(item) = items.get(*index) else {
                        return place;
                    };
                    node = item;
                    place = &node.place;
                }
                (Value::Plain(_) | Value::Quoted(_) | Value::List(_) | Value::Map(_), _) => {
                    return place;
                }
            }
        }
        place
    }
}

/// The error for bytes that are no text, at the first such byte.
pub(super) fn not_utf8(name: &str, error: &FromUtf8Error) -> ConfigError {
    let bytes = error.as_bytes();
    let text: Arc<str> = Arc::from(String::from_utf8_lossy(bytes));
    let start = error.utf8_error().valid_up_to();
    let end = start.saturating_add('\u{fffd}'.len_utf8());
    ConfigError::without_place(name, "", "this byte is no UTF-8")
        .wanting("a text file in UTF-8")
        .at(place_of(&text, start..end), &text)
}

fn place_of(text: &str, span: std::ops::Range<usize>) -> Place {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before
        .rfind('\n')
        .map_or(0, |line_end| line_end.saturating_add(1));
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    let line = before.bytes().filter(|byte| *byte == b'\n').count();
    Place {
        line: line.saturating_add(1),
        column: column.saturating_add(1),
        span,
    }
}

/// Builds the tree from the parser's events.
struct Reader<'a> {
    name: &'a str,
    text: &'a Arc<str>,
    wanted: &'static str,
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// Byte offsets of the characters, since the parser counts characters.
    offsets: Vec<usize>,
    /// Where in the tree the parser is.
    path: KeyPath,
}

impl<'a> Reader<'a> {
    fn new(name: &'a str, text: &'a Arc<str>, wanted: &'static str) -> Self {
        let offsets = text.char_indices().map(|(offset, _)| offset).collect();
        Self {
            name,
            text,
            wanted,
            parser: Parser::new_from_str(text),
            offsets,
            path: KeyPath::default(),
        }
    }

    fn read_document(&mut self) -> Result<Node, ConfigError> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(_) if root.is_some() => {
                    let place = self.place(span);
                    return Err(self
                        .error(place, "a second document begins here")
                        .wanting("one document in a file"));
                }
                Event::DocumentStart(_) => {
                    let (first, first_span) = self.next()?;
                    root = Some(self.read_node(first, first_span, 0)?);
                }
                Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd => {
                    let place = self.place(span);
                    return Err(self.error(place, "is not YAML"));
                }
            }
        }
        match root {
            Some(root) if matches!(root.value, Value::Map(_)) => Ok(root),
            Some(root) if !matches!(&root.value, Value::Plain(text) if text.is_empty()) => {
                Err(self
                    .error(
                        root.place,
                        "is no configuration: this is not a key with a value",
                    )
                    .wanting(self.wanted))
            }
            Some(_) | None => Err(self
                .error(place_of(self.text, 0..0), "is empty: there is no key in it")
                .wanting(self.wanted)),
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), ConfigError> {
        match self.parser.next_event() {
            Some(Ok(found)) => Ok(found),
            None => Ok((Event::StreamEnd, Span::default())),
            Some(Err(error)) => {
                let offset = self.offset(error.marker().index());
                let place = self.one_character(offset);
                Err(self.syntax_error(place, error.info()))
            }
        }
    }

    fn syntax_error(&self, place: Place, info: &str) -> ConfigError {
        let is_tab = self.text.get(place.span.clone()) == Some("\t");
        let before = self.text.get(..place.span.start).unwrap_or_default();
        let indentation = before.rsplit('\n').next().unwrap_or_default();
        if is_tab || (indentation.contains('\t') && indentation.trim().is_empty()) {
            return self
                .error(place, "is not YAML: a tab indents this line")
                .wanting("spaces: YAML forbids tabs in front of keys");
        }
        self.error(place, &format!("is not YAML: {info}"))
            .wanting("valid YAML; look at indentation, quotes and brackets here and above")
    }

    fn read_node(
        &mut self,
        event: Event<'a>,
        span: Span,
        depth: usize,
    ) -> Result<Node, ConfigError> {
        let place = self.place(span);
        if DEPTH_MAX < depth {
            return Err(self
                .error(place, "is nested too deeply")
                .wanting("at most 16 levels; ours needs five"));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_extras(&place, anchor, tag.is_some())?;
                let value = match style {
                    ScalarStyle::Plain => Value::Plain(text.into_owned()),
                    ScalarStyle::SingleQuoted
                    | ScalarStyle::DoubleQuoted
                    | ScalarStyle::Literal
                    | ScalarStyle::Folded => Value::Quoted(text.into_owned()),
                };
                Ok(Node { place, value })
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_extras(&place, anchor, tag.is_some())?;
                let items = self.read_items(depth)?;
                Ok(Node {
                    place,
                    value: Value::List(items),
                })
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_extras(&place, anchor, tag.is_some())?;
                let entries = self.read_entries(depth)?;
                Ok(Node {
                    place,
                    value: Value::Map(entries),
                })
            }
            Event::Alias(_) => Err(self.extras_error(place)),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => Err(self.error(place, "is not YAML: a value is missing")),
        }
    }

    fn read_items(&mut self, depth: usize) -> Result<Vec<Node>, ConfigError> {
        let mut items = Vec::new();
        loop {
            self.path.0.push(Step::Index(items.len()));
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                self.path.0.pop();
                return Ok(items);
            }
            items.push(self.read_node(event, span, depth.saturating_add(1))?);
            self.path.0.pop();
        }
    }

    fn read_entries(&mut self, depth: usize) -> Result<Vec<Entry>, ConfigError> {
        let mut entries = Vec::new();
        let mut lines: HashMap<String, usize> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(entries);
            }
            let key = self.read_node(event, span, depth.saturating_add(1))?;
            let (Value::Plain(text) | Value::Quoted(text)) = key.value else {
                return Err(self
                    .error(key.place, "holds a key that is no text")
                    .wanting("a word as a key"));
            };
            self.path.0.push(Step::Key(text.clone()));
            if let Some(line) = lines.insert(text.clone(), key.place.line) {
                let wrong = format!("stands here a second time; the first is in line {line}");
                return Err(self.error(key.place, &wrong).wanting("each key once"));
            }
            let (value_event, value_span) = self.next()?;
            let value = self.read_node(value_event, value_span, depth.saturating_add(1))?;
            self.path.0.pop();
            entries.push(Entry {
                key: text,
                place: key.place,
                value,
            });
        }
    }

    fn refuse_extras(
        &self,
        place: &Place,
        anchor: usize,
        has_tag: bool,
    ) -> Result<(), ConfigError> {
        // The parser counts anchors from 1; 0 is none.
        if anchor == 0 && !has_tag {
            return Ok(());
        }
        Err(self.extras_error(place.clone()))
    }

    fn extras_error(&self, place: Place) -> ConfigError {
        self.error(place, "uses an anchor, an alias or a tag")
            .wanting("the value itself, written out")
    }

    fn error(&self, place: Place, wrong: &str) -> ConfigError {
        ConfigError::without_place(self.name, &self.path.to_string(), wrong).at(place, self.text)
    }

    fn place(&self, span: Span) -> Place {
        let start = self.offset(span.start.index());
        let end = self.offset(span.end.index()).max(start);
        Place {
            line: span.start.line(),
            column: span.start.col().saturating_add(1),
            span: start..end,
        }
    }

    fn one_character(&self, offset: usize) -> Place {
        let rest = self.text.get(offset..).unwrap_or_default();
        let length = rest.chars().next().map_or(0, char::len_utf8);
        place_of(self.text, offset..offset.saturating_add(length))
    }

    fn offset(&self, character: usize) -> usize {
        self.offsets
            .get(character)
            .copied()
            .unwrap_or(self.text.len())
    }
}

/// What an empty or foreign file should have been.
const WANTED_DOCUMENT: &str = "keys like `connectors:`, see docs/configuration.md";
