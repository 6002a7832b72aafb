//! Finding out an engine: its name, how often it was started, and its clock.
//!
//! What every poller begins with (RFC 3414 4): a question to no engine, which is answered
//! with a report that names one. Nothing in it is signed, so it is good for a first
//! attempt, or where nobody can come between, as on the loopback.

use crate::ber::{self, OCTET_STRING, SEQUENCE};
use crate::message::{self, Envelope, Header, Security};

/// USM's number among security models (RFC 3411 5).
const USM: i64 = 3;

/// Flags of a question that is neither signed nor sealed and wants a report.
const REPORTABLE: u8 = 4;

/// GetRequest-PDU.
const GET: u8 = 0xa0;

/// An engine, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// Its name.
    pub engine_id: Vec<u8>,
    /// How often it was started.
    pub boots: u32,
    /// Seconds since it was started last.
    pub seconds: u32,
}

/// The question, with a number that its answer carries too.
pub fn question(id: i32) -> Vec<u8> {
    let mut global = Vec::new();
    ber::write_integer(&mut global, i64::from(id));
    ber::write_integer(&mut global, 65_507);
    ber::write(&mut global, OCTET_STRING, &[REPORTABLE]);
    ber::write_integer(&mut global, USM);
    let mut nobody = Vec::new();
    ber::write(&mut nobody, OCTET_STRING, &[]);
    ber::write_integer(&mut nobody, 0);
    ber::write_integer(&mut nobody, 0);
    for _ in 0..3 {
        ber::write(&mut nobody, OCTET_STRING, &[]);
    }
    let mut pdu = Vec::new();
    for number in [i64::from(id), 0, 0] {
        ber::write_integer(&mut pdu, number);
    }
    ber::write(&mut pdu, SEQUENCE, &[]);
    let mut scoped = Vec::new();
    ber::write(&mut scoped, OCTET_STRING, &[]);
    ber::write(&mut scoped, OCTET_STRING, &[]);
    ber::write(&mut scoped, GET, &pdu);
    let mut security = Vec::new();
    ber::write(&mut security, SEQUENCE, &nobody);
    let mut body = Vec::new();
    ber::write_integer(&mut body, i64::from(message::V3));
    ber::write(&mut body, SEQUENCE, &global);
    ber::write(&mut body, OCTET_STRING, &security);
    ber::write(&mut body, SEQUENCE, &scoped);
    let mut question = Vec::new();
    ber::write(&mut question, SEQUENCE, &body);
    question
}

/// What an answer says. `None` if it is none to the question of this number.
pub fn read(answer: &[u8], id: i32) -> Option<Discovered> {
    let envelope = Envelope::open(answer).ok()?;
    let header = Header::read(envelope.body).ok()?;
    let security = Security::read(header.security).ok()?;
    let is_answer = envelope.version == message::V3 && header.id == id;
    let is_engine = (5..=32).contains(&security.engine_id.len());
    (is_answer && is_engine).then(|| Discovered {
        engine_id: security.engine_id.to_vec(),
        boots: security.boots,
        seconds: security.time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_no_answer() {
        assert_eq!(read(&question(7), 7), None);
        assert_eq!(read(&[], 7), None);
    }
}
