//! What a sentence may do: no more than a line of text can need.
//!
//! Rules are stepped by the one task that also counts lines. The engine's fuel bounds how
//! many steps a sentence takes, but not what one step makes: a text times a billion, or
//! doubled forty times in a variable. So the tags and the operator that could are refused
//! when the rule is loaded, only filters that make nothing large exist (see
//! [`super::filters`]), and what is written is bounded.

use std::io::{Error, Write};

/// Most bytes that a sentence writes before it is cut to its line.
pub(super) const WRITTEN_BYTES_MAX: usize = 16_000;

/// The tags that a sentence may have.
const TAGS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor"];

/// Refuses tags and operators that could make much of little.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some((at, opening)) = next_opening(rest) {
        let (_, inside) = rest.split_at(at.saturating_add(opening.len()));
        rest = inside;
        match opening {
            "{#" => rest = rest.split_once("#}").map_or("", |(_, after)| after),
            "{%" => {
                let tag = inside.trim_start_matches(['-', '+']).trim_start();
                let end = tag.find(|one: char| !one.is_ascii_alphanumeric());
                let (tag, _) = tag.split_at(end.unwrap_or(tag.len()));
                if !TAGS.contains(&tag) {
                    return Err(format!("has the tag `{tag}`; there are if and for"));
                }
                rest = expression(inside, "%}")?;
            }
            _ => rest = expression(inside, "}}")?,
        }
    }
    Ok(())
}

fn next_opening(text: &str) -> Option<(usize, &'static str)> {
    let found = ["{{", "{%", "{#"].map(|mark| Some((text.find(mark)?, mark)));
    found.into_iter().flatten().min()
}

/// Reads over an expression; what follows it.
fn expression<'a>(text: &'a str, closing: &str) -> Result<&'a str, String> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, one) in text.char_indices() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if one == '\\' => is_escaped = true,
            Some(open) if one == open => quote = None,
            Some(_) => {}
            None if one == '"' || one == '\'' => quote = Some(one),
            None if one == '*' => {
                return Err("multiplies with `*`, want facts as they are".to_owned());
            }
            None => {
                let (_, here) = text.split_at(at);
                if let Some(after) = here.strip_prefix(closing) {
                    return Ok(after);
                }
            }
        }
    }
    Ok("")
}

/// What is written, within the bound.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<u8>);

impl Written {
    /// The text.
    pub(super) fn into_text(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if WRITTEN_BYTES_MAX < self.0.len().saturating_add(bytes.len()) {
            let told = format!("writes more than {WRITTEN_BYTES_MAX} bytes");
            return Err(Error::other(told));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
