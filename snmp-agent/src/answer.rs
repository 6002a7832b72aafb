//! What a request is answered with: GET, GETNEXT, GETBULK, and no to SET.
//!
//! Pure: a request, a tree through the asker's view, and room go in; status and bindings
//! come out. Nothing can be written; the record of crashes by SET is why (RFC 3584 and
//! RFC 3416 say how to refuse). Who asks, and how the answer travels, is not known here.
//!
//! GETBULK stops at the room of one datagram, so that max-repetitions of 2^31 cost no
//! more than of 20 (RFC 3416 4.2.3 allows fewer bindings than asked for).

use crate::access::{Scene, Walk};
use crate::ber;
use crate::counters::Counter;
use crate::message::{Pdu, PduKind, Request};
use crate::tree::{Found, Moment, Row};

/// error-status (RFC 3416 3).
const TOO_BIG: i32 = 1;
const NO_SUCH_NAME: i32 = 2;
/// error-status: the asker may not ask this at all (RFC 3416 3).
pub const AUTHORIZATION_ERROR: i32 = 16;
const NOT_WRITABLE: i32 = 17;

/// Which rules an answer follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// SNMPv1: no exceptions, no Counter64, the first miss fails the request.
    V1,
    /// SNMPv2c and SNMPv3.
    V2,
}

/// A request with all that its answer depends on.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What is asked.
    pub request: &'a Request<'a>,
    /// Which rules hold.
    pub version: Version,
    /// What may be seen.
    pub scene: &'a Scene,
    /// Uptime and counters now.
    pub moment: &'a Moment<'a>,
    /// Octets that the bindings may take.
    pub room: usize,
}

/// Answers; `None` for what an agent does not answer.
pub fn answer(question: &Question<'_>) -> Option<Pdu> {
    let Question {
        request,
        version,
        moment,
        ..
    } = question;
    let counters = moment.counters;
    let (counter, outcome) = match (request.kind, version) {
        (PduKind::Get, _) => (Counter::GetRequests, get(question)),
        (PduKind::GetNext, _) => (Counter::GetNexts, get_next(question)),
        (PduKind::GetBulk, Version::V2) => (Counter::GetNexts, get_bulk(question)),
        (PduKind::Set, _) => (Counter::SetRequests, Err(refusal(question))),
        (PduKind::GetBulk, Version::V1) | (PduKind::Other, _) => {
            counters.count(Counter::UnknownPduHandlers);
            return None;
        }
    };
    counters.count(counter);
    match outcome {
        Ok(bindings) => {
            let found = u32::try_from(request.names.len()).unwrap_or(u32::MAX);
            counters.add(Counter::RequestedVariables, found);
            Some(Pdu {
                id: request.id,
                bindings,
                ..Pdu::default()
            })
        }
        Err(failure) => Some(failed(question, failure)),
    }
}

/// A request that may not be made at all is answered without looking at any name.
pub fn refuse_access(request: &Request<'_>) -> Pdu {
    Pdu {
        id: request.id,
        status: AUTHORIZATION_ERROR,
        index: 0,
        bindings: request.bindings.to_vec(),
    }
}

/// Why a request as a whole is not answered with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// The answer does not fit.
    TooBig,
    /// This binding, counted from 1, is to blame; SNMPv1 only.
    NoSuchName(i32),
    /// Nothing can be written.
    NotWritable,
}

fn refusal(question: &Question<'_>) -> Failure {
    match question.version {
        Version::V1 => Failure::NoSuchName(1),
        Version::V2 => Failure::NotWritable,
    }
}

fn failed(question: &Question<'_>, failure: Failure) -> Pdu {
    let request = question.request;
    let counters = question.moment.counters;
    let (status, index) = match failure {
        Failure::TooBig => (TOO_BIG, 0),
        Failure::NoSuchName(index) => {
            counters.count(Counter::NoSuchNames);
            (NO_SUCH_NAME, index)
        }
        Failure::NotWritable => (NOT_WRITABLE, 1),
    };
    // Bindings come back as they were, unless there is no room; a tooBig of version 2
    // has none (RFC 3416 4.2.1).
    let keeps_bindings = !(failure == Failure::TooBig && question.version == Version::V2);
    let fits = request.bindings.len() <= question.room;
    if !fits || failure == Failure::TooBig {
        counters.count(Counter::TooBigs);
    }
    let bindings = if keeps_bindings && fits {
        request.bindings.to_vec()
    } else {
        Vec::new()
    };
    Pdu {
        id: request.id,
        status: if fits { status } else { TOO_BIG },
        index: if fits { index } else { 0 },
        bindings,
    }
}

/// The bindings so far. What does not fit is not written.
struct Bindings {
    octets: Vec<u8>,
    room: usize,
}

impl Bindings {
    fn new(room: usize) -> Self {
        Self {
            octets: Vec::with_capacity(room.min(512)),
            room,
        }
    }

    /// Whether the row fitted.
    fn push_row(&mut self, row: &Row, moment: &Moment<'_>) -> bool {
        let before = self.octets.len();
        row.write(&mut self.octets, moment);
        self.keep_if_it_fits(before)
    }

    /// Whether a name with an exception in place of a value fitted.
    fn push_exception(&mut self, name: &[u32], exception: u8) -> bool {
        let before = self.octets.len();
        let mut content = Vec::with_capacity(32);
        ber::write_oid(&mut content, name);
        content.extend([exception, 0]);
        ber::write(&mut self.octets, ber::SEQUENCE, &content);
        self.keep_if_it_fits(before)
    }

    fn keep_if_it_fits(&mut self, before: usize) -> bool {
        let fits = self.octets.len() <= self.room;
        if !fits {
            self.octets.truncate(before);
        }
        fits
    }
}

fn get(question: &Question<'_>) -> Result<Vec<u8>, Failure> {
    let mut bindings = Bindings::new(question.room);
    for (index, name) in (1..).zip(&question.request.names) {
        let found = question.scene.get(name);
        let fits = match (found, question.version) {
            (Found::Row(row), Version::V1) if !row.is_known_to_v1() => {
                return Err(Failure::NoSuchName(index));
            }
            (Found::Row(row), _) => bindings.push_row(row, question.moment),
            (Found::NoSuchObject | Found::NoSuchInstance, Version::V1) => {
                return Err(Failure::NoSuchName(index));
            }
            (Found::NoSuchObject, Version::V2) => {
                bindings.push_exception(name, ber::NO_SUCH_OBJECT)
            }
            (Found::NoSuchInstance, Version::V2) => {
                bindings.push_exception(name, ber::NO_SUCH_INSTANCE)
            }
        };
        if !fits {
            return Err(Failure::TooBig);
        }
    }
    Ok(bindings.octets)
}

/// The row behind a name that the version can tell.
fn next_row<'a>(walk: &mut Walk<'a>, version: Version) -> Option<&'a Row> {
    walk.find(|row| version == Version::V2 || row.is_known_to_v1())
}

fn get_next(question: &Question<'_>) -> Result<Vec<u8>, Failure> {
    let mut bindings = Bindings::new(question.room);
    for (index, name) in (1..).zip(&question.request.names) {
        let mut walk = question.scene.after(name);
        let fits = match (next_row(&mut walk, question.version), question.version) {
            (Some(row), _) => bindings.push_row(row, question.moment),
            (None, Version::V1) => return Err(Failure::NoSuchName(index)),
            (None, Version::V2) => bindings.push_exception(name, ber::END_OF_MIB_VIEW),
        };
        if !fits {
            return Err(Failure::TooBig);
        }
    }
    Ok(bindings.octets)
}

/// A repeated name: where it stands, and the name to tell when there is nothing behind.
struct Repeater<'a> {
    walk: Walk<'a>,
    last: &'a [u32],
}

fn get_bulk(question: &Question<'_>) -> Result<Vec<u8>, Failure> {
    let request = question.request;
    let at_least_zero = |number: i32| usize::try_from(number).unwrap_or(0);
    let once = at_least_zero(request.first).min(request.names.len());
    let repetitions = at_least_zero(request.second);
    let (once, repeated) = request
        .names
        .split_at_checked(once)
        .unwrap_or((&request.names, &[]));
    let mut bindings = Bindings::new(question.room);
    for name in once {
        let fits = match question.scene.after(name).next() {
            Some(row) => bindings.push_row(row, question.moment),
            None => bindings.push_exception(name, ber::END_OF_MIB_VIEW),
        };
        if !fits {
            return cut_off(bindings);
        }
    }
    let mut repeaters: Vec<Repeater<'_>> = repeated
        .iter()
        .map(|name| Repeater {
            walk: question.scene.after(name),
            last: name,
        })
        .collect();
    if repeaters.is_empty() {
        return Ok(bindings.octets);
    }
    for _ in 0..repetitions {
        let mut has_more = false;
        for repeater in &mut repeaters {
            let fits = match repeater.walk.next() {
                Some(row) => {
                    has_more = true;
                    repeater.last = row.oid.numbers();
                    bindings.push_row(row, question.moment)
                }
                None => bindings.push_exception(repeater.last, ber::END_OF_MIB_VIEW),
            };
            if !fits {
                return cut_off(bindings);
            }
        }
        // A further repetition would tell the end again and again.
        if !has_more {
            break;
        }
    }
    Ok(bindings.octets)
}

/// What fitted is an answer, unless it is nothing.
fn cut_off(bindings: Bindings) -> Result<Vec<u8>, Failure> {
    if bindings.octets.is_empty() {
        Err(Failure::TooBig)
    } else {
        Ok(bindings.octets)
    }
}

#[cfg(test)]
mod tests;
