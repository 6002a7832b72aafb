//! Row H: good datagrams, spoiled in tens of thousands of ways. The agent lives, its
//! memory does not grow, its log lines are few, and the next good question is answered.

use std::collections::VecDeque;
use std::fs;

use snmp_agent::counters::Counter;

use crate::datagram::{Asker, bytes, get, request_id};
use crate::harness::Agent;
use crate::spoil::Chance;
use crate::v3::Message;

/// Datagrams in one run.
const DATAGRAMS: usize = 50_000;

/// How much the process may grow, in kB: pages of the allocator, not of ours.
const GROWTH_MAX_KB: u64 = 5_000;

/// Five good questions: GET and GETBULK of 2c, GETNEXT of 1, a sealed GET, a discovery.
fn good() -> Vec<Vec<u8>> {
    let bulk = "302402010104067075626c6963a51702010102010002010a300c300a06062b06010201010500";
    let next = "302002010004067075626c6963a1130201010201000201003008300606022b030500";
    let discovery = "3038020103300e020101020300ffe30401040201030410300e0400020100020100\
                     040004000400301104000400a00b0201010201000201003000";
    vec![
        get(
            1,
            &[&[1, 3, 6, 1, 2, 1, 1, 1, 0], &[1, 3, 6, 1, 2, 1, 1, 3, 0]],
        ),
        bytes(bulk),
        bytes(next),
        Message::get(&["1.3.6.1.2.1.1.3.0"], 1_000).build(),
        bytes(discovery),
    ]
}

fn resident_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Sends in small groups, each with a good question at its end, so that none is lost.
fn flood(asker: &Asker, chance: &mut Chance, count: usize) {
    let good = good();
    let mut left: VecDeque<usize> = (0..count).collect();
    let mut mark = 1_000_000;
    while !left.is_empty() {
        for which in left.drain(..left.len().min(20)) {
            asker.send(&chance.spoil(&good[which % good.len()]));
        }
        mark += 1;
        asker.send(&get(mark, &[&[1, 3, 6, 1, 2, 1, 1, 3, 0]]));
        // What spoiled questions are answered with comes before.
        while request_id(&asker.receive(std::time::Duration::from_secs(10)).unwrap().0)
            != Some(mark)
        {}
    }
}

/// Sends `count` spoiled datagrams, the same in every run, to whoever answers.
pub(crate) fn flood_anew(asker: &Asker, count: usize) {
    flood(asker, &mut Chance::new(), count);
}

/// Whether an agent lives through `count` datagrams, finds ten thousand in fifty of them
/// malformed at least, and writes five lines about that: its clock stands still.
pub(crate) fn lives_through(count: usize) -> bool {
    let agent = Agent::on_loopback();
    flood_anew(&Asker::new(agent.address()), count);
    let counters = agent.handle().counters();
    let malformed = counters.get(Counter::ParseErrors);
    let unwritten = counters.get(Counter::SuppressedLogLines);
    malformed > u32::try_from(count / 5).unwrap() && malformed - unwritten == 5
}

#[test]
fn spoiled_datagrams_cost_neither_life_nor_memory_nor_log() {
    let agent = Agent::on_loopback();
    let asker = Asker::new(agent.address());
    let mut chance = Chance::new();
    flood(&asker, &mut chance, DATAGRAMS / 10);
    let before = resident_kb();
    flood(&asker, &mut chance, DATAGRAMS);
    let growth = resident_kb().saturating_sub(before);
    assert!(growth < GROWTH_MAX_KB, "{growth} kB");
    let counters = agent.handle().counters();
    let malformed = counters.get(Counter::ParseErrors);
    let unwritten = counters.get(Counter::SuppressedLogLines);
    assert!(malformed > 10_000, "{malformed}");
    // The clock stood still: five lines, whatever came.
    assert_eq!(malformed - unwritten, 5);
}
