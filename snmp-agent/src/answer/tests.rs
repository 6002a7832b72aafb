//! Proof of the answers, without an envelope: what the checklist asks, and the edges of room.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::access::View;
use crate::counters::Counters;
use crate::tree::Builder;
use crate::value::Value;

/// Three numbers, one of 64 bits between them.
fn scene() -> Scene {
    let mut builder = Builder::default();
    builder.scalar(&[1, 3, 1], Value::Integer(1));
    builder.scalar(&[1, 3, 2], Value::Counter64(2));
    builder.scalar(&[1, 3, 3], Value::Integer(3));
    Scene::new(Arc::new(builder.finish()), Arc::new(View::everything()))
}

fn ask(kind: PduKind, version: Version, names: &[&[u32]], room: usize) -> Option<Pdu> {
    ask_bulk(kind, version, names, (room, 0, 0))
}

fn ask_bulk(
    kind: PduKind,
    version: Version,
    names: &[&[u32]],
    (room, first, second): (usize, i32, i32),
) -> Option<Pdu> {
    let request = Request {
        kind,
        id: 9,
        first,
        second,
        names: names.iter().map(|name| name.to_vec()).collect(),
        bindings: b"as they came",
    };
    let counters = Counters::default();
    answer(&Question {
        request: &request,
        version,
        scene: &scene(),
        moment: &Moment {
            uptime: Duration::ZERO,
            engine_boots: 0,
            engine_time: 0,
            counters: &counters,
        },
        room,
    })
}

/// Names and tags of values in an answer.
fn content(pdu: &Pdu) -> Vec<(Vec<u32>, u8)> {
    let mut reader = ber::Reader::new(&pdu.bindings);
    let mut found = Vec::new();
    while let Ok(mut binding) = reader.enter(ber::SEQUENCE) {
        let mut name = Vec::new();
        binding.oid(&mut name).unwrap();
        found.push((name, binding.element().unwrap().0));
    }
    found
}

#[test]
fn a_miss_is_an_exception_or_an_error_by_version() {
    let names: &[&[u32]] = &[&[1, 3, 1, 0], &[1, 3, 1, 5], &[1, 4]];
    let new = ask(PduKind::Get, Version::V2, names, 1_000).unwrap();
    assert_eq!((new.id, new.status), (9, 0));
    let tags: Vec<u8> = content(&new).into_iter().map(|(_, tag)| tag).collect();
    assert_eq!(
        tags,
        [ber::INTEGER, ber::NO_SUCH_INSTANCE, ber::NO_SUCH_OBJECT]
    );
    let old = ask(PduKind::Get, Version::V1, names, 1_000).unwrap();
    assert_eq!((old.status, old.index), (NO_SUCH_NAME, 2));
    assert_eq!(old.bindings, b"as they came");
}

#[test]
fn version_1_does_not_see_64_bits() {
    let next = ask(PduKind::GetNext, Version::V1, &[&[1, 3, 1, 0]], 1_000).unwrap();
    assert_eq!(content(&next), [(vec![1, 3, 3, 0], ber::INTEGER)]);
    let get = ask(PduKind::Get, Version::V1, &[&[1, 3, 2, 0]], 1_000).unwrap();
    assert_eq!((get.status, get.index), (NO_SUCH_NAME, 1));
}

#[test]
fn what_does_not_fit_is_too_big_and_a_bulk_is_cut() {
    let names: &[&[u32]] = &[&[1, 3, 1, 0], &[1, 3, 3, 0]];
    // One binding takes ten octets: 30 08, 06 03 2b 01 00, 02 01 01.
    for (room, expected) in [(20, 0), (19, TOO_BIG)] {
        let pdu = ask(PduKind::Get, Version::V2, names, room).unwrap();
        assert_eq!((pdu.status, pdu.index), (expected, 0), "{room}");
    }
    let whole = ask_bulk(PduKind::GetBulk, Version::V2, &[&[1, 3]], (1_000, 0, 50)).unwrap();
    let ends: Vec<u8> = content(&whole).into_iter().map(|(_, tag)| tag).collect();
    assert_eq!(ends, [2, ber::COUNTER64, 2, ber::END_OF_MIB_VIEW]);
    let cut = ask_bulk(PduKind::GetBulk, Version::V2, &[&[1, 3]], (25, 0, 50)).unwrap();
    assert_eq!((cut.status, content(&cut).len()), (0, 2));
    let none = ask_bulk(PduKind::GetBulk, Version::V2, &[&[1, 3]], (5, 0, 50)).unwrap();
    assert_eq!((none.status, content(&none).len()), (TOO_BIG, 0));
}

#[test]
fn an_error_whose_echo_does_not_fit_is_too_big_without_it() {
    let pdu = ask(PduKind::Set, Version::V2, &[&[1, 3, 1, 0]], 3).unwrap();
    assert_eq!(
        (pdu.status, pdu.index, pdu.bindings),
        (TOO_BIG, 0, Vec::new())
    );
}

#[test]
fn non_repeaters_are_asked_once_and_numbers_below_zero_are_zero() {
    let names: &[&[u32]] = &[&[1, 3, 1, 0], &[1, 3]];
    for (first, second, expected) in [
        (
            1,
            2,
            vec![vec![1, 3, 2, 0], vec![1, 3, 1, 0], vec![1, 3, 2, 0]],
        ),
        (1, 0, vec![vec![1, 3, 2, 0]]),
        (9, 9, vec![vec![1, 3, 2, 0], vec![1, 3, 1, 0]]),
        (-5, 1, vec![vec![1, 3, 2, 0], vec![1, 3, 1, 0]]),
        (0, -5, vec![]),
    ] {
        let room = (1_000, first, second);
        let pdu = ask_bulk(PduKind::GetBulk, Version::V2, names, room).unwrap();
        let found: Vec<Vec<u32>> = content(&pdu).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, expected, "{first} {second}");
    }
}

#[test]
fn what_nobody_asks_an_agent_is_met_with_silence() {
    assert_eq!(ask(PduKind::Other, Version::V2, &[], 1_000), None);
    assert_eq!(ask(PduKind::GetBulk, Version::V1, &[], 1_000), None);
}
