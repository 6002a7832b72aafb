//! Writes a mail: the bytes that are stored and sent, all but the line `To:`.
//!
//! Everything is seven-bit ([`super::mime`]), and made of the notification alone: composed
//! again, the bytes are the same. Headers that all mails have are in [`super::headers`].

use super::headers::{ALERT, Headers, RUN, addresses, root};
use super::mime::{header, quoted_printable};
use super::templates::{Part, Templates};
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
        let (from, mut faults) = addresses(self.way, &self.identity.agent);
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
                subject: wording::subject_with(notification, &subject.text, self.identity),
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
                subject: wording::subject(notification, self.identity),
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

    fn headers(&self, notification: &Notification, id: &str) -> String {
        let agent = super::domain(&self.identity.agent);
        let thread = super::atom(&notification.thread);
        let (kind, run) = match &notification.kind {
            NotificationKind::Update(run) => (RUN, Some(run)),
            NotificationKind::Incident(_)
            | NotificationKind::Notice
            | NotificationKind::Test
            | NotificationKind::Digest => (ALERT, None),
        };
        let run = run.map(|run| format!("{} {}", run.profile, run.start));
        let headers = Headers {
            date: notification.dated,
            id,
            roots: &root(kind, &thread, &agent),
            agent: &agent,
            sorted_by: &[
                ("X-ZTNA-Alert", Some(&*notification.alert)),
                ("X-ZTNA-Severity", Some(notification.severity.name())),
                ("X-ZTNA-Status", Some(notification.kind.word())),
                ("X-ZTNA-Rule", Some(&*notification.rule)),
                ("X-ZTNA-Run", run.as_deref()),
            ],
        };
        headers.write()
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
