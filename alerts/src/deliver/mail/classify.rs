//! What a fault on the way of a mail means: who is to blame, and whether it helps to try
//! again.

use super::dialogue::{Cause, Fault, Phase};
use super::tls;
use crate::deliver::Outcome;
use crate::outbox::Attempt;

/// Codes that ask for signing in, for protection or for another mechanism, wherever they
/// come (RFC 4954 section 6, RFC 3207 section 4).
const SIGN_IN_CODES: [u16; 4] = [530, 534, 535, 538];

/// What a fault means for the mail, and whether the next mail would fare alike.
pub(super) fn classify(fault: &Fault) -> Outcome {
    let words = fault.to_string();
    match &fault.cause {
        Cause::Settings(_) if fault.phase == Phase::Recipient => {
            Outcome::of_message(Attempt::Dead(words))
        }
        Cause::Settings(_) => Outcome::of_receiver(Attempt::Misconfigured(words)),
        Cause::Io(error) if tls::is_for_people(error) => {
            Outcome::of_receiver(Attempt::Misconfigured(words))
        }
        Cause::Refused(reply) if reply.code == 421 => Outcome::of_receiver(Attempt::Retry(words)),
        Cause::Refused(reply) if reply.is_for_good() => refused(fault.phase, reply.code, words),
        Cause::Refused(_) | Cause::Unexpected(_) => {
            if is_about_the_mail(fault.phase) {
                Outcome::of_message(Attempt::Retry(words))
            } else {
                Outcome::of_receiver(Attempt::Retry(words))
            }
        }
        Cause::TimedOut | Cause::Closed | Cause::Io(_) | Cause::Malformed(_) => {
            Outcome::of_receiver(Attempt::Retry(words))
        }
    }
}

/// The server said no for good: to this mail, or to us.
fn refused(phase: Phase, code: u16, words: String) -> Outcome {
    // 552 to the sender's name is about the size that was announced with it.
    let is_size = phase == Phase::Sender && code == 552;
    if (is_about_the_mail(phase) && !SIGN_IN_CODES.contains(&code)) || is_size {
        return Outcome::of_message(Attempt::Dead(words));
    }
    Outcome::of_receiver(Attempt::Misconfigured(words))
}

/// Whether an answer in this phase is about one mail or recipient.
const fn is_about_the_mail(phase: Phase) -> bool {
    matches!(phase, Phase::Recipient | Phase::Data | Phase::Body)
}

/// Whether a connection that was used before had ended.
pub(super) fn is_stale(fault: &Fault) -> bool {
    let is_over = match &fault.cause {
        Cause::Closed | Cause::Io(_) => true,
        Cause::Refused(reply) => reply.code == 421,
        Cause::Unexpected(_) | Cause::TimedOut | Cause::Malformed(_) | Cause::Settings(_) => false,
    };
    fault.phase == Phase::Sender && is_over
}

/// Whether the server said no and goes on listening.
pub(super) fn is_polite_no(fault: &Fault) -> bool {
    match &fault.cause {
        Cause::Refused(reply) => reply.code != 421,
        Cause::Settings(_) => fault.phase == Phase::Recipient,
        Cause::Unexpected(_)
        | Cause::TimedOut
        | Cause::Closed
        | Cause::Io(_)
        | Cause::Malformed(_) => false,
    }
}
