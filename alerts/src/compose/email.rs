//! Writes a mail: the bytes that are stored and sent, all but the line `To:`.
//!
//! Headers that programs sort by are the same on every mail; those that readers thread by
//! name a root that was never sent, so that a thread holds together for who missed its
//! first mail. No `Precedence`, which some gateways drop mails for. Everything is seven-bit
//! ([`super::mime`]), and made of the notification alone: composed again, the bytes are the
//! same.

use jiff::tz::TimeZone;
use lettre::message::Mailbox;

use super::mime::{address_header, header, quoted_printable};
use super::templates::{Part, Templates};
use super::text::line;
use super::view::{Reader, View};
use super::wording::{self, Clock};
use crate::notification::{Notification, NotificationKind};
use crate::receiver::{EmailWay, Identity, Receiver};

/// How many members are told, at most: the first number with which the mail is not too long.
const MEMBERS: [usize; 6] = [100, 50, 25, 10, 3, 0];

/// A mail, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) subject: String,
    pub(super) bytes: Vec<u8>,
    /// What was wrong with templates and addresses.
    pub(super) faults: Vec<String>,
}

/// One who writes mails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) receiver: &'a Receiver,
    pub(super) way: &'a EmailWay,
    pub(super) identity: &'a Identity,
    pub(super) templates: &'a Templates,
}

impl Writer<'_> {
    /// Words a notification as a mail with this Message-ID.
    pub(super) fn write(&self, notification: &Notification, id: &str) -> Mail {
        let clock = Clock {
            zone: self.way.templates.time_zone.clone(),
        };
        let reader = Reader {
            receiver: self.receiver,
            identity: self.identity,
            clock: &clock,
        };
        let content = self.content(notification, reader);
        let (from, mut faults) = self.addresses();
        faults.extend(content.faults);
        let mut mail = from;
        mail.push_str(&header("Subject", &content.subject));
        mail.push_str(&self.headers(notification, id));
        mail.push_str(&parts(&content.text, &content.html, &notification.id));
        Mail {
            subject: content.subject,
            bytes: mail.into_bytes(),
            faults,
        }
    }

    /// Subject and parts. Faults of a template stand in the mail itself, too.
    fn content(&self, notification: &Notification, reader: Reader<'_>) -> Content {
        let mut faults: Vec<String> = Vec::new();
        let mut content = Content::default();
        for members in MEMBERS {
            let view = View::of(notification, reader, members, &[]);
            let subject = self.templates.render(Part::Subject, &view);
            let text = self.templates.render(Part::Text, &view);
            let html = self.templates.render(Part::Html, &view);
            let all = [&subject, &text, &html];
            let is_too_long = all.iter().any(|part| part.is_too_long);
            faults = all.iter().filter_map(|part| part.fault.clone()).collect();
            content = Content {
                subject: wording::subject_with(notification, &subject.text),
                text: text.text,
                html: html.text,
                faults: Vec::new(),
            };
            if !is_too_long {
                break;
            }
        }
        if !faults.is_empty() {
            faults.dedup();
            content = self.content_in_spite_of(notification, reader, &faults);
        }
        content.faults = faults;
        content
    }

    /// All in our own words, and what was wrong with the operator's.
    fn content_in_spite_of(
        &self,
        notification: &Notification,
        reader: Reader<'_>,
        faults: &[String],
    ) -> Content {
        let mut content = Content::default();
        for members in MEMBERS {
            let view = View::of(notification, reader, members, faults);
            let text = self.templates.render_ours(Part::Text, &view);
            let html = self.templates.render_ours(Part::Html, &view);
            let is_too_long = text.is_too_long || html.is_too_long;
            content = Content {
                subject: wording::subject(notification),
                text: text.text,
                html: html.text,
                faults: Vec::new(),
            };
            if !is_too_long {
                break;
            }
        }
        content
    }

    /// `From:` and `Reply-To:`, and what was wrong with them.
    fn addresses(&self) -> (String, Vec<String>) {
        let mut faults = Vec::new();
        let mut out = match mailbox(&self.way.from) {
            Ok(from) => address_header("From", from.name.as_deref(), from.email.as_ref()),
            Err(fault) => {
                faults.push(fault);
                let agent = super::domain(&self.identity.agent);
                address_header(
                    "From",
                    Some("ZTNA alerts"),
                    &format!("ztna-exporter@{agent}"),
                )
            }
        };
        match self.way.reply_to.as_deref().map(mailbox) {
            Some(Ok(to)) => {
                let to = address_header("Reply-To", to.name.as_deref(), to.email.as_ref());
                out.push_str(&to);
            }
            Some(Err(fault)) => faults.push(fault),
            None => {}
        }
        (out, faults)
    }

    /// Date, ids, thread, and what programs sort by.
    fn headers(&self, notification: &Notification, id: &str) -> String {
        let agent = super::domain(&self.identity.agent);
        let date = notification.at.to_zoned(TimeZone::UTC);
        let date = date.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let thread = super::atom(&notification.thread);
        let (kind, run) = match &notification.kind {
            NotificationKind::Update(run) => ("run", Some(run)),
            NotificationKind::Incident(_)
            | NotificationKind::Notice
            | NotificationKind::Test
            | NotificationKind::Digest => ("alert", None),
        };
        // Ids are never folded or encoded: their characters were chosen for that.
        let mut out = format!("Date: {date}\r\nMessage-ID: <{id}>\r\n");
        for name in ["In-Reply-To", "References"] {
            out.push_str(&format!("{name}: <{kind}.{thread}@{agent}>\r\n"));
        }
        out.push_str("Auto-Submitted: auto-generated\r\n");
        out.push_str("X-Auto-Response-Suppress: All\r\n");
        out.push_str(&format!(
            "List-Id: ZTNA alerts <alerts.{agent}.ztna.local>\r\n"
        ));
        let run = run.map(|run| format!("{} {}", run.profile, run.start));
        let sorted_by = [
            ("X-ZTNA-Alert", Some(&*notification.alert)),
            ("X-ZTNA-Severity", Some(notification.severity.name())),
            ("X-ZTNA-Status", Some(notification.kind.word())),
            ("X-ZTNA-Rule", Some(&*notification.rule)),
            ("X-ZTNA-Run", run.as_deref()),
        ];
        for (name, value) in sorted_by {
            if let Some(value) = value {
                out.push_str(&header(name, &line(value, 200)));
            }
        }
        out
    }
}

/// What a mail says.
#[derive(Debug, Default)]
struct Content {
    subject: String,
    text: String,
    html: String,
    faults: Vec<String>,
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

/// Both parts, the better one last (RFC 2046 section 5.1.4).
fn parts(text: &str, html: &str, id: &str) -> String {
    // No line of quoted-printable can hold `=_`.
    let boundary = format!("=_{}", super::atom(id));
    let mut out = format!(
        "MIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\
         \r\n"
    );
    for (kind, content) in [("plain", text), ("html", html)] {
        out.push_str(&format!(
            "--{boundary}\r\n\
             Content-Type: text/{kind}; charset=utf-8\r\n\
             Content-Language: en\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\
             \r\n"
        ));
        out.push_str(&quoted_printable(content));
    }
    out.push_str(&format!("--{boundary}--\r\n"));
    out
}
