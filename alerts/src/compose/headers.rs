//! The headers that every mail of ours has.
//!
//! Those that programs sort by are the same on every mail; those that readers thread by
//! name a root that was never sent, so that a thread holds together for who missed its
//! first mail. No `Precedence`, which some gateways drop mails for. Not here: what a mail
//! says ([`super::email`], [`super::lost`]).

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;

use super::mime::{address_header, header};
use super::text::line;
use crate::receiver::EmailWay;

/// What the root of a thread about an update run begins with.
pub(super) const RUN: &str = "run";

/// What all other roots begin with.
pub(super) const ALERT: &str = "alert";

/// What a mail is known by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Headers<'a> {
    pub(super) date: Timestamp,
    /// The Message-ID without brackets.
    pub(super) id: &'a str,
    /// The thread's root, in brackets; several if it is not known which.
    pub(super) roots: &'a str,
    /// The right side of ids.
    pub(super) agent: &'a str,
    /// What programs sort by, as far as it is known.
    pub(super) sorted_by: &'a [(&'a str, Option<&'a str>)],
}

impl Headers<'_> {
    /// Date, ids, thread, and what programs sort by.
    pub(super) fn write(&self) -> String {
        let Self {
            id, roots, agent, ..
        } = self;
        let date = self.date.to_zoned(TimeZone::UTC);
        let date = date.strftime("%a, %d %b %Y %H:%M:%S +0000");
        // Ids are never folded or encoded: their characters were chosen for that.
        let mut out = format!("Date: {date}\r\nMessage-ID: <{id}>\r\n");
        for name in ["In-Reply-To", "References"] {
            out.push_str(&format!("{name}: {roots}\r\n"));
        }
        out.push_str("Auto-Submitted: auto-generated\r\n");
        out.push_str("X-Auto-Response-Suppress: All\r\n");
        out.push_str(&format!(
            "List-Id: ZTNA alerts <alerts.{agent}.ztna.local>\r\n"
        ));
        for (name, value) in self.sorted_by {
            if let Some(value) = value {
                out.push_str(&header(name, &line(value, 200)));
            }
        }
        out
    }
}

/// The root of a thread, in brackets.
pub(super) fn root(kind: &str, thread: &str, agent: &str) -> String {
    format!("<{kind}.{thread}@{agent}>")
}

/// `From:` and `Reply-To:`, and what was wrong with them.
pub(super) fn addresses(way: &EmailWay, agent: &str) -> (String, Vec<String>) {
    let mut faults = Vec::new();
    let mut out = match mailbox(&way.from) {
        Ok(from) => address_header("From", from.name.as_deref(), from.email.as_ref()),
        Err(fault) => {
            faults.push(fault);
            let address = format!("ztna-exporter@{}", super::domain(agent));
            address_header("From", Some("ZTNA alerts"), &address)
        }
    };
    match way.reply_to.as_deref().map(mailbox) {
        Some(Ok(to)) => {
            let to = address_header("Reply-To", to.name.as_deref(), to.email.as_ref());
            out.push_str(&to);
        }
        Some(Err(fault)) => faults.push(fault),
        None => {}
    }
    (out, faults)
}

/// Reads an address as it stands in the configuration.
///
/// # Errors
///
/// What is wrong with it, for people.
pub(super) fn mailbox(address: &str) -> Result<Mailbox, String> {
    let shown = line(address, 200);
    let read: Mailbox = address
        .parse()
        .map_err(|error| format!("mail address `{shown}`: {error}"))?;
    let bare: &str = read.email.as_ref();
    // Others need a server with SMTPUTF8 all the way to the reader.
    if !bare.bytes().all(|one| one.is_ascii_graphic()) {
        return Err(format!("mail address `{shown}`: not all of it is ASCII"));
    }
    Ok(read)
}
