//! The way to a server: its name, its port, the proxy before it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::authority::{Authority, PRESENT};
use super::server::{Says, Tls, answer, listen_only, name_server, reset, serve};
use super::*;
use crate::config::{DnsProbe, Question};

/// A probe of a name, asked of one server.
fn dns(says: Says, expect: &[&str]) -> ProbeConfig {
    let probe = ProbeConfig::of_dns("p", "stitcher.npa.goskope.com");
    let dns = DnsProbe {
        servers: vec![name_server(says).to_string()],
        expect: expect.iter().map(|text| (*text).to_owned()).collect(),
        ..probe.dns.clone().unwrap()
    };
    ProbeConfig {
        dns: Some(dns),
        ..probe
    }
}

#[tokio::test]
async fn a_name_is_looked_up_and_its_addresses_are_counted() {
    let says = || Says::Addresses(vec![[192, 0, 2, 7], [192, 0, 2, 8]]);
    let found = run(&dns(says(), &[])).await;
    assert_eq!(found.outcome, Ok(()), "{:?}", found.message);
    assert_eq!(found.addresses, Some(2));
    assert_eq!(
        found.message.expose(),
        "`stitcher.npa.goskope.com` has 192.0.2.7, 192.0.2.8"
    );
    assert_eq!(phases(&found), [ProbePhase::Resolve]);
    let within = run(&dns(says(), &["192.0.2.0/24"])).await;
    assert_eq!(within.outcome, Ok(()));
    let (fault, run) = fault(&dns(says(), &["192.0.2.7", "2001:db8::/32"])).await;
    assert_eq!(fault, ProbeFault::UnexpectedAddress);
    assert!(run.message.expose().contains("192.0.2.8"));
    assert_eq!(run.addresses, Some(2));
}

#[tokio::test]
async fn a_missing_name_an_ill_server_and_a_silent_one_are_told_apart() {
    for (says, expected, words) in [
        (Says::Code(3), ProbeFault::NameNotFound, "does not exist"),
        (
            Says::Addresses(Vec::new()),
            ProbeFault::NameNotFound,
            "has no address",
        ),
        (Says::Code(2), ProbeFault::ResolveFailed, "Server Failure"),
        (Says::Code(5), ProbeFault::ResolveFailed, "Query Refused"),
        (
            Says::Nothing,
            ProbeFault::ResolveTimeout,
            "no name server answered within",
        ),
    ] {
        let mut probe = dns(says, &[]);
        probe.timeout = HumanDuration(Duration::from_millis(700));
        let (found, run) = fault(&probe).await;
        assert_eq!(found, expected, "{:?}", run.message);
        assert!(run.message.expose().contains(words), "{:?}", run.message);
    }
}

#[tokio::test]
async fn a_server_whose_name_is_not_found_is_not_connected_to() {
    let surroundings = Surroundings {
        name_servers: vec![name_server(Says::Code(3))],
        ..nowhere()
    };
    for probe in [
        ProbeConfig::of_tls("p", "nowhere.example:443"),
        ProbeConfig::of_tcp("p", "nowhere.example:443"),
    ] {
        let run = run_in(&probe, Clock::start(), &surroundings).await;
        assert_eq!(run.outcome, Err(ProbeFault::NameNotFound));
        assert_eq!(phases(&run), [ProbePhase::Resolve]);
    }
}

#[tokio::test]
async fn a_name_leads_to_the_server() {
    let surroundings = Surroundings {
        name_servers: vec![name_server(Says::Addresses(vec![[127, 0, 0, 1]]))],
        ..nowhere()
    };
    let address = serve(listen_only);
    let probe = ProbeConfig::of_tcp("p", &format!("server.example:{}", address.port()));
    let run = run_in(&probe, Clock::start(), &surroundings).await;
    assert_eq!(run.outcome, Ok(()), "{:?}", run.message);
    assert_eq!(run.message.expose(), format!("{address} answers"));
}

#[tokio::test]
async fn ports_that_cannot_be_connected_to_say_why() {
    let free = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    for (address, expected) in [
        (free.as_str(), ProbeFault::Refused),
        // Nothing can be connected to at a network's broadcast address, tcp(7).
        ("127.255.255.255:443", ProbeFault::Unreachable),
    ] {
        for probe in [
            ProbeConfig::of_tcp("p", address),
            ProbeConfig::of_tls("p", address),
        ] {
            let (found, run) = fault(&probe).await;
            assert_eq!(found, expected, "{:?}", run.message);
            assert_eq!(phases(&run), [ProbePhase::Resolve, ProbePhase::Connect]);
        }
    }
}

/// A listener whose queue is full answers nobody, as a firewall that drops packets.
#[tokio::test]
async fn a_port_that_does_not_answer_is_waited_for_and_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        queue.push(stream);
        assert!(queue.len() < 10_000, "the queue has no end");
    }
    let probe = hurried(ProbeConfig::of_tcp("p", &address.to_string()));
    let (found, run) = fault(&probe).await;
    assert_eq!(found, ProbeFault::ConnectTimeout, "{:?}", run.message);
}

/// A proxy that lets one visitor through to the address.
fn proxy_to(target: SocketAddr) -> SocketAddr {
    serve(move |mut visitor| {
        let mut request = Vec::new();
        let mut part = [0; 1];
        while !request.ends_with(b"\r\n\r\n") && visitor.read(&mut part).is_ok_and(|n| n == 1) {
            request.extend(part);
        }
        assert!(request.starts_with(format!("CONNECT {VENDORS}:443 HTTP/1.1\r\n").as_bytes()));
        let mut server = TcpStream::connect(target).unwrap();
        visitor.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let (mut from, mut to) = (visitor.try_clone().unwrap(), server.try_clone().unwrap());
        let forth = std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
        let _ = std::io::copy(&mut server, &mut visitor);
        forth.join().unwrap();
    })
}

fn through(proxy: SocketAddr) -> ProbeConfig {
    let mut probe = ProbeConfig::of_tls("p", &format!("{VENDORS}:443"));
    probe.tls.as_mut().unwrap().proxy = Some(format!("http://{proxy}"));
    probe
}

#[tokio::test]
async fn a_probe_through_a_proxy_sees_who_answers_behind_it() {
    let inspecting = Authority::root("Corp Proxy CA");
    let server = Tls::new(inspecting.sign(&[VENDORS], PRESENT)).address();
    let (found, run) = fault(&through(proxy_to(server))).await;
    assert_eq!(found, ProbeFault::Intercepted, "{:?}", run.message);
    assert_eq!(phases(&run), ProbePhase::ALL);
}

#[tokio::test]
async fn a_proxy_that_does_not_let_through_is_told_as_such() {
    for (proxy, says) in [
        (answer("HTTP/1.1 407 Who?\r\n\r\n"), "asks who we are"),
        (answer("HTTP/1.1 403 No\r\n\r\n"), "(403)"),
        (answer(vec![b'a'; 64 * 1024]), "does not end"),
        (answer("SSH-2.0-x\r\n\r\n"), "does not speak HTTP"),
        (reset(), "closed the connection"),
        (serve(drop::<TcpStream>), "the proxy"),
        (serve(listen_only), "the proxy did not answer within"),
    ] {
        let (found, run) = fault(&hurried(through(proxy))).await;
        assert_eq!(found, ProbeFault::ProxyRefused, "{:?}", run.message);
        assert!(run.message.expose().contains(says), "{:?}", run.message);
    }
    let (found, run) = fault(&through("127.0.0.1:1".parse().unwrap())).await;
    assert_eq!(found, ProbeFault::Refused);
    assert!(run.message.expose().starts_with("proxy 127.0.0.1:1"));
}

#[tokio::test]
async fn a_probe_that_asks_nothing_fails_by_itself() {
    let run = run(&ProbeConfig::new("p")).await;
    assert_eq!(run.outcome, Err(ProbeFault::System));
    assert!(ProbeConfig::new("p").question().is_none());
    let proxy = ProbeConfig::of_proxy("p");
    assert!(matches!(proxy.question(), Some(Question::Proxy(_))));
}
