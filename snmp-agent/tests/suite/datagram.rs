//! Datagrams of our own making, and what comes back.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use snmp_agent::ber::{self, Reader};

/// Bytes of hexadecimal digits.
pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

/// Who sends.
pub(crate) struct Asker {
    socket: UdpSocket,
    agent: SocketAddr,
}

impl Asker {
    /// Asks this agent, from a port of its own.
    pub(crate) fn new(agent: SocketAddr) -> Self {
        let socket = UdpSocket::bind(if agent.is_ipv4() {
            "127.0.0.1:0"
        } else {
            "[::1]:0"
        });
        Self {
            socket: socket.unwrap(),
            agent,
        }
    }

    /// Sends and returns at once.
    pub(crate) fn send(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.agent).unwrap();
    }

    /// The next datagram with who sent it, if one comes.
    pub(crate) fn receive(&self, patience: Duration) -> Option<(Vec<u8>, SocketAddr)> {
        self.socket.set_read_timeout(Some(patience)).unwrap();
        let mut buffer = vec![0; 65_535];
        let (size, from) = self.socket.recv_from(&mut buffer).ok()?;
        buffer.truncate(size);
        Some((buffer, from))
    }

    /// The answer to a datagram that is answered.
    pub(crate) fn answer(&self, datagram: &[u8]) -> Vec<u8> {
        self.send(datagram);
        let received = self.receive(Duration::from_secs(10));
        received.expect("no answer").0
    }

    /// Whether a datagram is met with silence. A good question is asked behind it, and
    /// the first thing that comes back must be the answer to that.
    pub(crate) fn is_silence(&self, datagram: &[u8]) -> bool {
        const MARK: i32 = 0x5a5a_5a5a;
        self.send(datagram);
        let answer = self.answer(&get(MARK, &[&[1, 3, 6, 1, 2, 1, 1, 3, 0]]));
        let is_mark = request_id(&answer) == Some(MARK);
        if !is_mark {
            // The answer to the mark is still to come.
            self.receive(Duration::from_secs(10))
                .expect("no answer to the mark");
        }
        is_mark
    }
}

/// A GET of version 2c for the community `public`.
pub(crate) fn get(id: i32, names: &[&[u32]]) -> Vec<u8> {
    let mut bindings = Vec::new();
    for name in names {
        let mut content = Vec::new();
        ber::write_oid(&mut content, name);
        ber::write(&mut content, ber::NULL, &[]);
        ber::write(&mut bindings, ber::SEQUENCE, &content);
    }
    let pdu = snmp_agent::message::Pdu {
        id,
        bindings,
        ..Default::default()
    };
    snmp_agent::message::write_community(1, b"public", 0xa0, &pdu)
}

/// The request's number in an answer of version 1 or 2c.
pub(crate) fn request_id(message: &[u8]) -> Option<i32> {
    let mut body = Reader::new(message).enter(ber::SEQUENCE).ok()?;
    body.integer().ok()?;
    body.expect(ber::OCTET_STRING).ok()?;
    let (_, pdu) = body.element().ok()?;
    Reader::new(pdu).integer().ok()
}
