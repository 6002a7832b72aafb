//! A plain mail in place of one whose text was lost with a store that had to be given up.
//!
//! Its envelope outlived the store in memory: whom it was for, and what it was about. It has
//! the headers of all mails, so that it comes into the same folder and thread. What nobody
//! knows any more is left out: how the matter stood, and of which update run it was.

use model::delivery::OutboxMessage;

use super::headers::{ALERT, Headers, RUN, addresses, root};
use super::mime::{header, quoted_printable};
use super::text::line;
use crate::receiver::EmailWay;

/// The bytes of the mail but for `To:`.
pub(crate) fn mail(message: &OutboxMessage, way: &EmailWay) -> Vec<u8> {
    let (left, agent) = message.id.rsplit_once('@').unwrap_or(("", "ztna-exporter"));
    // The type of alert is a part of the id, in small letters.
    let alert = left.split('.').next().unwrap_or_default();
    let alert = alert.to_ascii_uppercase();
    let thread = super::atom(&message.thread);
    // Whether it is of a run is not known: of two roots readers take the one they have.
    let roots = [ALERT, RUN].map(|kind| root(kind, &thread, agent));
    let headers = Headers {
        date: message.created_at,
        id: &message.id,
        roots: &roots.join("\r\n "),
        agent,
        sorted_by: &[
            ("X-ZTNA-Alert", (!alert.is_empty()).then_some(&*alert)),
            ("X-ZTNA-Severity", Some(message.severity.name())),
            ("X-ZTNA-Rule", Some(&*message.rule)),
        ],
    };
    let (mut mail, _) = addresses(way, agent);
    mail.push_str(&header("Subject", &line(&message.subject, 300)));
    mail.push_str(&headers.write());
    mail.push_str(
        "MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Language: en\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\
         \r\n",
    );
    mail.push_str(&quoted_printable(&format!(
        "{}\n\nThe rest of this mail was lost with the file in which the agent keeps what is \
         to be sent.\nRule: {}\nMatter: {}\n",
        line(&message.subject, 300),
        line(&message.rule, 300),
        line(&message.key, 300),
    )));
    mail.into_bytes()
}
