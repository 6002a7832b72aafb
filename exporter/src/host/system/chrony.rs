//! Asks chronyd on this host whether it has synchronised the clock.
//!
//! chronyd answers questions about itself on a loopback port, to anybody on the host,
//! without changing anything. One datagram goes there and one comes back; who does not
//! answer says nothing. Nobody is asked where chronyd does not run.
//!
//! Source: chrony's own `candm.h`, protocol version 6, in use since chrony 2.2 (2015);
//! an answer of chrony 4.3 stands in the tests.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// Where chronyd listens unless it is told otherwise (chrony.conf(5), `cmdport`).
pub(super) const CHRONY_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 323);

/// Much for a loopback, little beside a collector's time limit.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

const PROTOCOL_VERSION: u8 = 6;
const PACKET_REQUEST: u8 = 1;
const PACKET_REPLY: u8 = 2;
const REQUEST_TRACKING: u16 = 33;
const REPLY_TRACKING: u16 = 5;
const STATUS_SUCCESS: u16 = 0;
/// Leap status of a clock that no source keeps.
const LEAP_UNSYNCHRONISED: u16 = 3;

/// As long as the answer, or chronyd drops it: it never answers with more than it got.
const REQUEST_BYTES: usize = 104;

/// Asks once. `None` if the answer is none that we know.
///
/// # Errors
///
/// Nobody listens there, or nobody answers in time.
pub(super) fn is_synchronised(address: SocketAddr, sequence: u32) -> io::Result<Option<bool>> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    // Connected: answers of others are not taken, and a closed port is told at once.
    socket.connect(address)?;
    socket.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    socket.send(&request(sequence))?;
    let mut buffer = [0; 512];
    let length = socket.recv(&mut buffer)?;
    Ok(read_reply(
        buffer.get(..length).unwrap_or_default(),
        sequence,
    ))
}

fn request(sequence: u32) -> [u8; REQUEST_BYTES] {
    // Version, type, two of nothing, command, attempt, sequence; the rest is filling.
    let command = REQUEST_TRACKING.to_be_bytes();
    let head = [PROTOCOL_VERSION, PACKET_REQUEST, 0, 0];
    let head = head.into_iter().chain(command).chain([0, 0]);
    let mut packet = [0; REQUEST_BYTES];
    for (byte, value) in packet.iter_mut().zip(head.chain(sequence.to_be_bytes())) {
        *byte = value;
    }
    packet
}

/// Reads an answer to a question of this sequence: whether some source keeps the clock.
fn read_reply(packet: &[u8], sequence: u32) -> Option<bool> {
    let number = |at: usize| -> Option<u16> {
        let bytes = packet.get(at..at.checked_add(2)?)?;
        Some(u16::from_be_bytes(bytes.try_into().ok()?))
    };
    let is_ours = packet.starts_with(&[PROTOCOL_VERSION, PACKET_REPLY])
        && number(4)? == REQUEST_TRACKING
        && number(6)? == REPLY_TRACKING
        && number(8)? == STATUS_SUCCESS
        && packet.get(16..20)? == sequence.to_be_bytes();
    // After the head of 28 bytes: reference, its address in 20 bytes, stratum, leap status.
    let leap = number(54)?;
    is_ours.then_some(leap != LEAP_UNSYNCHRONISED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEQUENCE: u32 = 0x9cf3_38d8;

    /// What chrony 4.3 answered, as far as it is read.
    fn reply(leap: u8) -> Vec<u8> {
        let mut packet = vec![6, 2, 0, 0, 0, 0x21, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
        packet.extend(SEQUENCE.to_be_bytes());
        packet.extend([0; 8]);
        packet.extend([0x7f, 0x7f, 1, 1]);
        packet.extend([0; 20]);
        packet.extend([0, 8, 0, leap]);
        packet.resize(REQUEST_BYTES, 0);
        packet
    }

    #[test]
    fn a_question_is_as_chrony_wants_it() {
        let packet = request(SEQUENCE);
        assert_eq!(
            packet[..12],
            [6, 1, 0, 0, 0, 0x21, 0, 0, 0x9c, 0xf3, 0x38, 0xd8]
        );
        assert!(packet[12..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn the_leap_status_tells_whether_the_clock_is_kept() {
        assert_eq!(read_reply(&reply(0), SEQUENCE), Some(true));
        assert_eq!(read_reply(&reply(1), SEQUENCE), Some(true));
        assert_eq!(read_reply(&reply(3), SEQUENCE), Some(false));
    }

    #[test]
    fn an_answer_to_something_else_says_nothing() {
        assert_eq!(read_reply(&reply(0), SEQUENCE + 1), None);
        assert_eq!(read_reply(&reply(0)[..50], SEQUENCE), None);
        for (at, byte) in [(0, 5), (1, 1), (5, 1), (7, 1), (9, 2)] {
            let mut other = reply(0);
            other[at] = byte;
            assert_eq!(read_reply(&other, SEQUENCE), None, "byte {at}");
        }
    }

    #[test]
    fn somebody_who_listens_is_asked() {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = server.local_addr().unwrap();
        let served = std::thread::spawn(move || {
            let mut packet = [0; 200];
            let (length, asker) = server.recv_from(&mut packet).unwrap();
            server.send_to(&reply(3), asker).unwrap();
            length
        });
        assert_eq!(is_synchronised(address, SEQUENCE).unwrap(), Some(false));
        assert_eq!(served.join().unwrap(), REQUEST_BYTES);
        // The port is closed now.
        assert!(is_synchronised(address, SEQUENCE).is_err());
    }

    proptest! {
        /// Whatever comes back is an answer or none.
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let _ = read_reply(&bytes, SEQUENCE);
            let mut long = reply(0);
            long.extend(bytes);
            prop_assert_eq!(read_reply(&long, SEQUENCE), Some(true));
        }
    }
}
