//! Proof of the gate: who is let in, how much he gets, and that a flood fills no memory.

use super::*;

const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

const BUDGET: Budget = Budget {
    bytes_per_second: 1_000,
    burst_bytes: 5_000,
};

fn front() -> Front {
    Front::new(FrontSettings {
        sources: Vec::new(),
        budget: Some(BUDGET),
    })
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_network_contains_what_begins_like_it() {
    for (network, address, expected) in [
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("10.1.2.3", "10.1.2.3", true),
        ("10.1.2.3", "10.1.2.4", false),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("10.0.0.0/8", "::ffff:10.0.0.1", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("::/0", "10.0.0.1", false),
    ] {
        let found = Network::parse(network).unwrap();
        assert_eq!(
            found.contains(address.parse().unwrap()),
            expected,
            "{network} {address}"
        );
    }
    for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/x"] {
        assert_eq!(Network::parse(bad), None, "{bad}");
    }
}

#[test]
fn only_those_of_the_list_may_send() {
    let mut front = Front::new(FrontSettings {
        sources: vec![Network::parse("192.0.2.0/24").unwrap()],
        budget: None,
    });
    assert_eq!(front.admit(STRANGER, seconds(0)), Admission::Admitted);
    let other = "198.51.100.1".parse().unwrap();
    assert_eq!(front.admit(other, seconds(0)), Admission::Refused);
}

#[test]
fn a_source_gets_its_burst_and_then_its_rate() {
    let mut front = front();
    for _ in 0..5 {
        assert_eq!(front.admit(STRANGER, seconds(0)), Admission::Admitted);
        front.charge(STRANGER, 1_400, seconds(0));
        if front.admit(STRANGER, seconds(0)) == Admission::OverBudget {
            break;
        }
    }
    assert_eq!(front.admit(STRANGER, seconds(0)), Admission::OverBudget);
    // It owes 600 bytes; after one second it has 400.
    assert_eq!(
        front.admit(STRANGER, Duration::from_millis(600)),
        Admission::OverBudget
    );
    assert_eq!(front.admit(STRANGER, seconds(1)), Admission::Admitted);
}

#[test]
fn another_source_is_not_made_to_wait() {
    let mut front = front();
    front.charge(STRANGER, 1_000_000, seconds(0));
    assert_eq!(front.admit(STRANGER, seconds(5)), Admission::OverBudget);
    let other = "192.0.2.2".parse().unwrap();
    assert_eq!(front.admit(other, seconds(5)), Admission::Admitted);
}

#[test]
fn a_customer_with_many_addresses_is_one_source() {
    let mut front = front();
    front.charge("2001:db8::1".parse().unwrap(), 1_000_000, seconds(0));
    let neighbour = "2001:db8::2".parse().unwrap();
    assert_eq!(front.admit(neighbour, seconds(0)), Admission::OverBudget);
    let elsewhere = "2001:db8:0:1::2".parse().unwrap();
    assert_eq!(front.admit(elsewhere, seconds(0)), Admission::Admitted);
}

#[test]
fn the_loopback_is_not_measured() {
    let mut front = front();
    for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        let address = address.parse().unwrap();
        front.charge(address, 1_000_000, seconds(0));
        assert_eq!(front.admit(address, seconds(0)), Admission::Admitted);
    }
    assert_eq!(front.sources(), 0);
}

#[test]
fn a_flood_of_invented_sources_fills_no_memory_and_is_bounded_too() {
    let mut front = front();
    let mut admitted = 0_usize;
    for number in 0..100_000_u32 {
        let source = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number));
        if front.admit(source, seconds(0)) == Admission::Admitted {
            admitted += 1;
            front.charge(source, 1_000, seconds(0));
        }
    }
    assert_eq!(front.sources(), SOURCES_MAX);
    // Each once, and the others together for one burst.
    assert_eq!(admitted, SOURCES_MAX + 5);
    // When they have their whole budget again they are forgotten.
    front.admit(STRANGER, seconds(60));
    assert_eq!(front.sources(), 1);
}

#[test]
fn lines_are_counted_when_they_are_not_written() {
    let mut limit = LineLimit::new();
    let written = (0..1_000).filter(|_| limit.line(seconds(100)) != Line::Suppress);
    assert_eq!(written.count(), 5);
    assert_eq!(limit.line(seconds(161)), Line::Write { suppressed: 995 });
    assert_eq!(limit.line(seconds(161)), Line::Write { suppressed: 0 });
}
