//! What stands before a record of a Cato Client, on each of its platforms.
//!
//! Linux, macOS, Android, three kinds of Windows files and the browser within the client
//! each write another prefix. A line's first bytes tell which ([`head`]); the groups in
//! brackets after the time are taken off by count and by looks, because a message may
//! itself begin with a bracket. What the message means is the catalogue's, in which
//! order a file writes its dates `date_order`'s.
//!
//! A record begins with one of these dates and a bracket; every other line goes on with
//! the record before it. Groups may be missing: a record that was cut is read as far
//! as it goes. Around a container's lines there may be Kubernetes' own time and words,
//! and then a line of the client's commands is one record.
//!
//! Known limit: a user's name with a bracket in it ends its group too early, and the
//! rest of the name opens the message. Rows that change a state therefore allow no
//! closing bracket up to the end of the line.

mod groups;
mod head;

use model::log::DateOrderTaken;

use super::{Context, Opened, cri};
use crate::date_order::DateOrder;
use crate::timestamp::Stamp;

pub(crate) use self::head::SlashedDate;

use self::groups::Groups;
use self::head::{Head, Shape};

/// Takes the prefix off a record. `None` if none begins in `line`.
pub(crate) fn strip(line: &[u8], order: DateOrder) -> Option<Opened<'_>> {
    match Head::read(line) {
        Some(head) => Some(opened(&head, order)),
        None => in_container(line).map(|(stamp, text)| match Head::read(text) {
            Some(head) => opened(&head, order),
            None => Opened {
                style: "Kubernetes",
                stamp: Some(stamp),
                is_stamped: false,
                context: None,
                rest: text,
            },
        }),
    }
}

/// The date with slashes that the record in `line` begins with, and in which order such
/// a record is read if nothing decides.
pub(crate) fn slashed_date(line: &[u8]) -> Option<(SlashedDate, DateOrderTaken)> {
    let head = Head::read(line)?;
    let date = head.slashed_date()?;
    let order = match head.shape {
        Shape::Slashed if !window(&mut Groups(head.rest)) => SERVICE_ORDER,
        Shape::Slashed => WINDOW_ORDER,
        Shape::SlashedInBrackets => MONITORING_ORDER,
        Shape::Iso | Shape::NamedMonth | Shape::Browser => return None,
    };
    Some((date, order))
}

/// The orders of the three kinds of Windows files, unless the file itself tells. Source:
/// published samples and public viewers of these files.
const SERVICE_ORDER: DateOrderTaken = DateOrderTaken::DayFirst;
const WINDOW_ORDER: DateOrderTaken = DateOrderTaken::MonthFirst;
const MONITORING_ORDER: DateOrderTaken = DateOrderTaken::MonthFirst;

/// Whether a record can name `name` as the function that wrote it.
pub(crate) fn is_function(name: &str) -> bool {
    let group = format!("[{name}:1]");
    Groups(group.as_bytes()).function() == Some(name.as_bytes())
}

fn opened<'a>(head: &Head<'a>, order: DateOrder) -> Opened<'a> {
    let mut groups = Groups(head.rest);
    let mut function = None;
    let (style, order) = match head.shape {
        Shape::Iso if groups.are_adjacent() => {
            function = linux(&mut groups);
            ("Cato Client on Linux", order)
        }
        Shape::Iso => {
            apple(&mut groups);
            ("Cato Client on macOS", order)
        }
        Shape::Slashed if window(&mut groups) => {
            ("Cato Client's window", order.or(WINDOW_ORDER.into()))
        }
        Shape::Slashed => {
            function = service(&mut groups);
            ("Cato Client on Windows", order.or(SERVICE_ORDER.into()))
        }
        Shape::SlashedInBrackets => {
            // Level, module, process, thread, file and line.
            groups.skip(5);
            (
                "Cato experience monitoring",
                order.or(MONITORING_ORDER.into()),
            )
        }
        Shape::NamedMonth => {
            android(&mut groups);
            ("Cato Client on Android", order)
        }
        Shape::Browser => ("Cato Client's browser", order),
    };
    Opened {
        style,
        stamp: head.stamp(order),
        is_stamped: true,
        context: function.map(|value| Context {
            name: "function",
            value,
        }),
        rest: groups.message(),
    }
}

/// Time and text of a line that a Kubernetes runtime wrote.
fn in_container(line: &[u8]) -> Option<(Stamp, &[u8])> {
    // Nearly all lines are told by this byte alone.
    if line.get(10) != Some(&b'T') {
        return None;
    }
    let (stamp, rest) = Stamp::read_iso(line)?;
    let (_, text) = cri::words(rest.strip_prefix(b" ")?)?;
    Some((stamp, text))
}

/// `[L][module  ][function:line][account:user][pop][thread] `: without spaces between.
fn linux<'a>(groups: &mut Groups<'a>) -> Option<&'a [u8]> {
    groups.skip(1);
    groups.skip_adjacent(1);
    let function = groups.adjacent_function();
    groups.skip_adjacent(3);
    function
}

/// `[Module:line] [thread] [process] `, or the last two the other way round, or
/// `[Module:line] [L] [t:NN] [p:NN] `.
fn apple(groups: &mut Groups<'_>) {
    groups.skip(1);
    if groups.skip_level() {
        groups.skip_named(&[b"t"]);
        groups.skip_named(&[b"p"]);
    } else {
        groups.skip(2);
    }
}

/// `[ ] [          ] [PID:TID] `: the window's records have no level and no module.
/// Takes nothing off if these groups are others.
fn window(groups: &mut Groups<'_>) -> bool {
    let mut ahead = *groups;
    let is_window = ahead.skip_blank() && ahead.skip_blank();
    if is_window {
        ahead.skip(1);
        *groups = ahead;
    }
    is_window
}

/// `[L] [module] [PID:TID] [function : line] [account:user] [p:pop] [U:user] `, where
/// what is not known is `[:]` or `[ :]`, and the last three may be missing.
fn service<'a>(groups: &mut Groups<'a>) -> Option<&'a [u8]> {
    groups.skip(3);
    let function = groups.function();
    groups.skip_account();
    // Sample lines have the office mode without its `p`.
    groups.skip_named(&[b"p", b""]);
    groups.skip_named(&[b"U", b" "]);
    function
}

/// `[thread] [module] - [L] - `.
fn android(groups: &mut Groups<'_>) {
    groups.skip(2);
    groups.skip_dash();
    groups.skip(1);
    groups.skip_dash();
}

#[cfg(test)]
mod tests;
