//! The part of Jinja that people may write: in sentences of rules and in templates of mails.
//!
//! Both are rendered by tasks that have other things to do, so no text of an operator's may
//! take all memory or never end. The engine's fuel bounds how many steps a template takes,
//! but not what one step makes: a text times a billion, one doubled forty times in a
//! variable, a list of lists of lists. So whatever could make much of little is refused when
//! the template is read: all tags but a few, calls, the operators that make texts longer,
//! and lists and maps of anything but constants. What is left takes facts apart and never
//! puts them together; [`filters`] that make texts are bounded, and so is what is written.
//!
//! Not here: which names there are ([`crate::rule::wording`], [`crate::compose`]).

mod filters;

use std::io::{Error, Write};

use minijinja::{Environment, UndefinedBehavior};

/// The tags of a sentence.
pub(crate) const SENTENCE: &[&str] = &["if", "elif", "else", "endif", "for", "endfor"];

/// The tags of a whole template.
pub(crate) const TEMPLATE: &[&str] = &[
    "if", "elif", "else", "endif", "for", "endfor", "extends", "block", "endblock",
];

/// Names that are operators: what stands in parentheses behind one is no argument.
const OPERATORS: &[&str] = &["and", "or", "not", "in", "is", "if", "elif", "else"];

/// The one thing that is called: the block of the template that is extended.
const SUPER: &str = "super()";

/// An engine with our filters and tests only, and a bound on its steps.
pub(crate) fn environment(steps_max: u64) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(steps_max));
    filters::add_to(&mut environment);
    environment
}

/// Why a template is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What it does that it may not, in words for people.
    pub(crate) why: String,
}

/// Refuses what could make much of little; `tags` are those that there are.
pub(crate) fn check(text: &str, tags: &[&str]) -> Result<(), Refused> {
    let mut rest = text;
    while let Some((at, opening)) = next_opening(rest) {
        let (_, inside) = rest.split_at(at.saturating_add(opening.len()));
        rest = match opening {
            "{#" => inside.split_once("#}").map_or("", |(_, after)| after),
            _ => place(inside, opening, tags).map_err(|why| Refused {
                line: line_of(text, inside),
                why,
            })?,
        };
    }
    Ok(())
}

/// The line on which the last part of a text begins.
fn line_of(text: &str, rest: &str) -> usize {
    let (before, _) = text.split_at(text.len().saturating_sub(rest.len()));
    before.matches('\n').count().saturating_add(1)
}

fn next_opening(text: &str) -> Option<(usize, &'static str)> {
    let found = ["{{", "{%", "{#"].map(|mark| Some((text.find(mark)?, mark)));
    found.into_iter().flatten().min()
}

/// Reads over a tag or an expression; what follows it.
fn place<'a>(inside: &'a str, opening: &str, tags: &[&str]) -> Result<&'a str, String> {
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside);
    if opening == "{{" {
        let (first, after) = inside.split_once("}}").unwrap_or((inside, ""));
        let called = first.trim_end_matches(['-', '+']).trim();
        if called == SUPER && tags.contains(&"extends") {
            return Ok(after);
        }
        return Expression::default().read_over(inside, "}}");
    }
    let tag = inside.trim_start();
    let end = tag.find(|one: char| !is_of_name(one));
    let (tag, _) = tag.split_at(end.unwrap_or(tag.len()));
    if !tags.contains(&tag) {
        let known: Vec<&str> = tags.iter().copied().filter(|one| begins(one)).collect();
        return Err(format!(
            "has the tag `{tag}`; there are {}",
            known.join(", ")
        ));
    }
    Expression::default().read_over(inside, "%}")
}

/// Whether a tag is worth naming beside the others.
fn begins(tag: &str) -> bool {
    !tag.starts_with("end") && !tag.starts_with("el")
}

/// More than the engine takes for one, which is ASCII as we build it: what might be a name
/// is never taken for a sign.
fn is_of_name(one: char) -> bool {
    one.is_alphanumeric() || one == '_'
}

/// What was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Last {
    /// Nothing, or what a new operand stands behind.
    #[default]
    Operator,
    /// A name: of a fact, or of a filter or a test.
    Name { may_be_called: bool },
    /// A constant, or the end of something in brackets.
    Value,
}

/// A bracket that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Arguments of a filter or a test.
    Arguments,
    /// An operand.
    Group,
    /// Which one of several.
    Subscript,
    /// A list of constants.
    Constants,
}

/// An expression, as far as it has been read.
#[derive(Debug, Default)]
struct Expression {
    last: Last,
    open: Vec<Open>,
    /// Whether the next name is that of a filter or a test.
    wants_filter: bool,
}

impl Expression {
    /// Reads to the mark that closes it; what follows.
    fn read_over<'a>(mut self, text: &'a str, closing: &str) -> Result<&'a str, String> {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let unmarked = rest.strip_prefix(['-', '+']).unwrap_or(rest);
            if let Some(after) = unmarked.strip_prefix(closing) {
                let is_closed = self.open.is_empty();
                return is_closed
                    .then_some(after)
                    .ok_or_else(|| "ends with a bracket open".to_owned());
            }
            let end_of_name = rest.find(|one| !is_of_name(one)).unwrap_or(rest.len());
            let length = match first {
                '"' | '\'' => {
                    self.constant();
                    quoted_length(rest, first)
                }
                '0'..='9' => {
                    self.constant();
                    end_of_name
                }
                _ if is_of_name(first) => {
                    let (name, _) = rest.split_at(end_of_name);
                    self.name(name)?;
                    end_of_name
                }
                _ => {
                    self.sign(first)?;
                    first.len_utf8()
                }
            };
            (_, rest) = rest.split_at(length);
        }
        Ok("")
    }

    fn constant(&mut self) {
        self.last = Last::Value;
        self.wants_filter = false;
    }

    fn name(&mut self, name: &str) -> Result<(), String> {
        if self.open.last() == Some(&Open::Constants) {
            return Err(format!("puts `{name}` into a list; constants only"));
        }
        if OPERATORS.contains(&name) {
            self.last = Last::Operator;
            // `is not defined`
            self.wants_filter = name == "is" || (self.wants_filter && name == "not");
        } else {
            let may_be_called = self.wants_filter;
            self.last = Last::Name { may_be_called };
            self.wants_filter = false;
        }
        Ok(())
    }

    fn sign(&mut self, one: char) -> Result<(), String> {
        match one {
            '*' | '~' | '+' => {
                return Err(format!(
                    "makes a longer text or number with `{one}`; write one behind the other"
                ));
            }
            '{' | '}' => return Err("makes a map; there are `if` and `elif`".to_owned()),
            '(' => self.opens_parentheses()?,
            '[' => self.open.push(match self.last {
                Last::Operator => Open::Constants,
                Last::Name { .. } | Last::Value => Open::Subscript,
            }),
            ')' | ']' => {
                self.open.pop();
                self.last = Last::Value;
                return Ok(());
            }
            ',' if self.open.last() == Some(&Open::Group) => {
                return Err("makes a list in parentheses".to_owned());
            }
            // Nothing is told by it, and it ends nothing.
            _ if one.is_whitespace() => return Ok(()),
            _ => {}
        }
        self.last = Last::Operator;
        self.wants_filter = one == '|';
        Ok(())
    }

    fn opens_parentheses(&mut self) -> Result<(), String> {
        let open = match self.last {
            Last::Operator => Open::Group,
            Last::Name {
                may_be_called: true,
            } => Open::Arguments,
            Last::Name {
                may_be_called: false,
            }
            | Last::Value => {
                return Err("calls something; there are filters and tests only".to_owned());
            }
        };
        if self.open.last() == Some(&Open::Constants) {
            return Err("puts parentheses into a list; constants only".to_owned());
        }
        self.open.push(open);
        Ok(())
    }
}

/// The length of a text in quotes, in bytes, with them.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, one) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if one == '\\' {
            is_escaped = true;
        } else if one == quote {
            return at.saturating_add(one.len_utf8());
        }
    }
    text.len()
}

/// What is written, within a bound.
#[derive(Debug)]
pub(crate) struct Written {
    bytes: Vec<u8>,
    bytes_max: usize,
    is_full: bool,
}

impl Written {
    /// Takes so many bytes, and no more.
    pub(crate) const fn at_most(bytes_max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            bytes_max,
            is_full: false,
        }
    }

    /// Whether more should have been written.
    pub(crate) const fn is_full(&self) -> bool {
        self.is_full
    }

    /// The text.
    pub(crate) fn into_text(self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if self.bytes_max < self.bytes.len().saturating_add(bytes.len()) {
            self.is_full = true;
            let told = format!("writes more than {} bytes", self.bytes_max);
            return Err(Error::other(told));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
