//! Promise: slow, silent, huge and malformed requests end at their deadlines, and
//! scrapes go on meanwhile.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use harness::agent::Agent;
use harness::http::{self, connect};
use harness::scene::Scene;
use harness::wait;
use ztna_exporter::clock::Clock;

/// A head must be whole within 10 s; the rest is for a busy machine.
const CLOSED_WITHIN: Duration = Duration::from_secs(25);

fn agent() -> (Scene, Agent, SocketAddr) {
    let scene = Scene::new().unwrap();
    std::fs::write(scene.log("agent.txt"), "a line\n").unwrap();
    let agent = Agent::start(&scene).unwrap();
    let address = agent.address().unwrap();
    (scene, agent, address)
}

/// Whether the server has closed; what it says before that is read and dropped.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(_) => return true,
        }
    }
}

#[test]
fn slow_and_silent_clients_are_dropped_while_scrapes_go_on() {
    let (_scene, agent, address) = agent();
    let clock = Clock::start();
    let mut slow: Vec<TcpStream> = (0..20).map(|_| connect(address).unwrap()).collect();
    for (number, stream) in slow.iter_mut().enumerate() {
        let start: &[u8] = match number % 3 {
            0 => b"",
            1 => b"GET /met",
            _ => b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        };
        stream.write_all(start).unwrap();
    }
    let mut scrapes = 0;
    wait::until(CLOSED_WITHIN, "slow clients to be dropped", || {
        // Every third one drips a byte of its header; it must not live longer for it.
        for stream in slow.iter_mut().skip(2).step_by(3) {
            drop(stream.write(b"x"));
        }
        let asked = clock.now().monotonic;
        agent.page()?;
        let taken = clock.now().monotonic.saturating_sub(asked);
        assert!(taken < Duration::from_secs(3), "a scrape took {taken:?}");
        scrapes += 1;
        Ok(slow.iter_mut().all(is_closed).then_some(()))
    })
    .unwrap();
    assert!(10 < scrapes, "only {scrapes} scrapes in between");
}

#[test]
fn a_crowd_of_silent_clients_does_not_shut_the_door_for_ever() {
    let (_scene, agent, address) = agent();
    let crowd: Vec<TcpStream> = (0..200).filter_map(|_| connect(address).ok()).collect();
    assert!(!crowd.is_empty());
    wait::until(CLOSED_WITHIN, "a scrape to be answered", || {
        Ok(http::get(address, "/metrics")
            .ok()
            .filter(|answer| answer.status == 200))
    })
    .unwrap();
    let page = agent.page().unwrap();
    assert!(
        0 < page.count("ztna_http_rejected_total", &[]),
        "nobody was turned away"
    );
}

/// Sends raw bytes and returns the status of the answer, if there is one.
fn status_of(address: SocketAddr, request: &[u8]) -> Option<u16> {
    let mut stream = connect(address).unwrap();
    // The server may answer and close before it has read all of it.
    drop(stream.write_all(request));
    let mut answer = Vec::new();
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        answer.extend_from_slice(&bytes[..count]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    text.split(' ').nth(1).and_then(|code| code.parse().ok())
}

#[test]
fn malformed_and_huge_requests_are_refused_and_hurt_nobody() {
    let (_scene, agent, address) = agent();
    let huge_header = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    let many_headers = format!(
        "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "A: b\r\n".repeat(2_000)
    );
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000));
    for (name, request) in [
        (
            "noise",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        ),
        ("nuls", &[0; 1_000]),
        ("no version", b"GET /metrics\r\n\r\n"),
        ("bad version", b"GET /metrics HTTP/9.9\r\nHost: x\r\n\r\n"),
        ("bad header", b"GET /metrics HTTP/1.1\r\nHost x\r\n\r\n"),
        ("huge header", huge_header.as_bytes()),
        ("many headers", many_headers.as_bytes()),
        ("long path", long_path.as_bytes()),
        (
            "bad length",
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        ),
    ] {
        let status = status_of(address, request);
        let is_refusal = status.is_none_or(|status| (400..600).contains(&status));
        assert!(is_refusal, "{name}: {status:?}");
        assert!(!agent.page().unwrap().samples.is_empty(), "after {name}");
    }
}

#[test]
fn other_methods_and_paths_are_refused_by_name() {
    let (_scene, agent, address) = agent();
    for (method, path, status) in [
        ("POST", "/metrics", 405),
        ("DELETE", "/", 405),
        ("GET", "/nothing", 404),
        ("GET", "/../../etc/passwd", 404),
        ("POST", "/-/reload", 403),
        ("GET", "/-/healthy", 200),
    ] {
        let answer = http::request(address, method, path, &[]).unwrap();
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    }
    assert!(agent.terminate().unwrap().success());
}
