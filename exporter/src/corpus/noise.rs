//! Lines of a busy Publisher that mean nothing to us: what a log mostly consists of.
//!
//! They come from the same source files as the lines that mean something, and now
//! and then carry the same words, so that a matcher cannot be fast by luck. No
//! function here is one that the catalogue knows. All texts are made up; only their
//! form is documented.

use super::chance::Chance;
use crate::demo::lines::{Line, inner_address, outer_address, pointer, port};

const LEVELS: &[&str] = &["trace", "debug", "debug", "debug", "info", "info"];

/// Draws one line. A sixth of them are about bytes on proxied connections.
pub fn line(chance: &mut Chance) -> Line {
    let text = match chance.below(16) {
        0..3 => proxied_bytes(chance),
        3 => proxy_closed(chance),
        4 => datagram(chance),
        5 => packet(chance),
        6 => resolution(chance),
        7 => reachability(chance),
        8 => handshake(chance),
        9 => setting(chance),
        10 => flushed_events(chance),
        11 => keepalive(chance),
        12 => application(chance),
        13 => worker(chance),
        14 => own_metrics(chance),
        _ => verdict(chance),
    };
    Line::noise(chance.word(LEVELS), text)
}

/// A line far above the usual length, 8 to 30 KB, yet within the bound.
pub fn long_line(chance: &mut Chance) -> Line {
    let rule = format!("rule={};", chance.below(1 << 20));
    let times = usize::try_from(chance.between(800, 3_000)).unwrap_or(800);
    Line::noise(
        "trace",
        format!("policy.cpp:500:dump():0x0 {}", rule.repeat(times)),
    )
}

/// Bytes that are no UTF-8, as a name in an old code page leaves them.
pub const NOT_UTF8: &[u8] =
    b"dnsresolver.cpp:91:resolve():0x0 answer \xff\xfe\xc3\x28 bad name \xf0\x28\x8c\x28";

fn proxied_bytes(chance: &mut Chance) -> String {
    let (function, verb) = *chance
        .item(&[
            ("onRead", "read"),
            ("onWrite", "wrote"),
            ("handleRead", "read"),
        ])
        .unwrap_or(&("onRead", "read"));
    format!(
        "tcpproxyhandler.cpp:{}:{function}():{} {verb} {} bytes conn={} q={}",
        chance.between(110, 220),
        pointer(chance),
        chance.between(1, 65_536),
        chance.below(1 << 20),
        chance.below(64),
    )
}

fn proxy_closed(chance: &mut Chance) -> String {
    format!(
        "tcpproxyhandler.cpp:260:close():{} Closing tcp connection to {}:{} rx={} tx={} dur={}ms",
        pointer(chance),
        inner_address(chance),
        port(chance),
        chance.below(1 << 24),
        chance.below(1 << 24),
        chance.below(600_000),
    )
}

fn datagram(chance: &mut Chance) -> String {
    format!(
        "udpproxyhandler.cpp:88:onDatagram():{} datagram {} bytes from {}:{}",
        pointer(chance),
        chance.between(20, 1_500),
        inner_address(chance),
        chance.between(1_024, 65_535),
    )
}

fn packet(chance: &mut Chance) -> String {
    format!(
        "L3ClientChannel.cpp:{}:{}():{} pkt proto={} len={} {}->{}",
        chance.between(100, 140),
        chance.word(&["onPacket", "forward"]),
        pointer(chance),
        chance.word(&["6", "17", "1"]),
        chance.between(40, 1_500),
        outer_address(chance),
        inner_address(chance),
    )
}

fn resolution(chance: &mut Chance) -> String {
    format!(
        "dnsresolver.cpp:{}:resolve():{} {} {} {} ttl={}",
        chance.between(70, 95),
        pointer(chance),
        chance.word(&["query", "cached answer for", "answer for"]),
        application_host(chance),
        chance.word(&["A", "AAAA", "SRV"]),
        chance.below(300),
    )
}

fn reachability(chance: &mut Chance) -> String {
    format!(
        "reachability.cpp:{}:check():{} probe {}:{} {} rtt={}ms",
        chance.between(180, 210),
        pointer(chance),
        application_host(chance),
        port(chance),
        chance.word(&["ok", "ok", "ok", "slow"]),
        chance.between(1, 400),
    )
}

fn handshake(chance: &mut Chance) -> String {
    format!(
        "sslhelper.cpp:{}:{}():{} state={} cipher=ECDHE-RSA-AES256-GCM-SHA384",
        chance.between(150, 175),
        chance.word(&["doHandshake", "onReadable"]),
        pointer(chance),
        chance.word(&["SSLOK", "before/connect", "SSLv3 read server hello A"]),
    )
}

fn setting(chance: &mut Chance) -> String {
    format!(
        "neconfig.cpp:{}:{}():0x0 key={} val={}",
        chance.between(70, 145),
        chance.word(&["get", "reload"]),
        chance.word(&["log.level", "dns.search", "stitcher.port", "mtu"]),
        chance.below(10_000),
    )
}

fn flushed_events(chance: &mut Chance) -> String {
    format!(
        "eventlog.cpp:{}:flush():0x0 flushed {} events in {}us",
        chance.between(60, 90),
        chance.between(1, 40),
        chance.between(1, 90),
    )
}

fn keepalive(chance: &mut Chance) -> String {
    format!(
        "tunnelmgr.cpp:{}:keepalive():{} tunnel {} rtt={}ms inflight={} lastRx={}s",
        chance.between(300, 345),
        pointer(chance),
        chance.below(4),
        chance.between(3, 250),
        chance.below(200),
        chance.below(30),
    )
}

fn application(chance: &mut Chance) -> String {
    format!(
        "appmanager.cpp:{}:lookup():{} app {} matched rule {} protocols tcp:{} \
         for user u{}@example.com",
        chance.between(210, 245),
        pointer(chance),
        application_host(chance),
        chance.between(1, 900),
        port(chance),
        chance.below(5_000),
    )
}

fn worker(chance: &mut Chance) -> String {
    format!(
        "threadpool.cpp:45:run():{} worker {} took {}us backlog={}",
        pointer(chance),
        chance.below(16),
        chance.between(1, 9_000),
        chance.below(300),
    )
}

fn own_metrics(chance: &mut Chance) -> String {
    format!(
        "metrics.cpp:{}:sample():0x0 cpu={}.{}% rss={}MB fds={} conns={} streams={}",
        chance.between(30, 60),
        chance.below(100),
        chance.below(10),
        chance.between(90, 900),
        chance.below(2_000),
        chance.below(1_500),
        chance.below(3_000),
    )
}

fn verdict(chance: &mut Chance) -> String {
    format!(
        "policy.cpp:{}:evaluate():{} user u{}@example.com -> {}:{} verdict={} in {}us",
        chance.between(405, 435),
        pointer(chance),
        chance.below(5_000),
        application_host(chance),
        port(chance),
        chance.word(&["allow", "allow", "allow", "block"]),
        chance.between(1, 300),
    )
}

fn application_host(chance: &mut Chance) -> String {
    const NAMES: &[&str] = &[
        "jira",
        "git",
        "erp",
        "sap01",
        "hr",
        "wiki",
        "sql-prod-3",
        "files",
        "build7",
        "vdi",
    ];
    const DOMAINS: &[&str] = &["corp.example", "int.example.net", "eu.corp.example"];
    format!("{}.{}", chance.word(NAMES), chance.word(DOMAINS))
}
