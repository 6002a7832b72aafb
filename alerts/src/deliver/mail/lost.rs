//! A plain mail in place of one whose text was lost with a store that had to be given up.
//!
//! Its envelope outlived the store in memory: whom it was for, and what it was about.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use model::delivery::OutboxMessage;

use crate::deliver::words;
use crate::outbox::Attempt;

/// The bytes of the mail but for `To:`.
pub(super) fn mail(message: &OutboxMessage, from: Mailbox) -> Result<Vec<u8>, Attempt> {
    let seconds = u64::try_from(message.created_at.as_second()).unwrap_or(0);
    let text = format!(
        "{}\r\n\r\nThe rest of this mail was lost with the file in which the agent keeps what \
         is to be sent. Rule: {}. Matter: {}.\r\n",
        words(&message.subject),
        words(&message.rule),
        words(&message.key),
    );
    let unwordable = |error: &dyn std::fmt::Display| {
        Attempt::Dead(words(&format!("its text was lost: {error}")))
    };
    let nobody: lettre::Address = "nobody@localhost"
        .parse()
        .map_err(|error| unwordable(&error))?;
    let envelope = lettre::address::Envelope::new(Some(from.email.clone()), vec![nobody])
        .map_err(|error| unwordable(&error))?;
    let mail = Message::builder()
        .envelope(envelope)
        .from(from)
        .subject(words(&message.subject))
        .message_id(Some(format!("<{}>", message.id)))
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|error| unwordable(&error))?;
    Ok(mail.formatted())
}
