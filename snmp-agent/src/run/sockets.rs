//! Datagrams in and out: in batches, and back from the address that was asked.
//!
//! An agent that listens on all addresses must answer from the one that it was asked
//! at, or the asker takes the answer for a stranger's. The kernel tells and takes that
//! address with each datagram.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tracing::{error, warn};

use super::{Bound, Shared, StartError, lock};
use crate::counters::Counter;
use crate::front::Admission;
use crate::keep::Now;

/// Datagrams that are read at once.
const BATCH: usize = 8;

/// Room for the largest datagram, and for what the kernel may put together of one source.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// What the kernel is asked to keep while we are busy. It gives less if it must.
const RECEIVE_BUFFER_BYTES: usize = 1024 * 1024;

/// How long a socket rests after an error.
const AFTER_ERROR: Duration = Duration::from_millis(10);

/// One address.
pub(super) struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    address: SocketAddr,
}

impl Socket {
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Listens on all addresses, or on none.
pub(super) fn bind(addresses: &[SocketAddr]) -> Result<Vec<Bound>, StartError> {
    let bound = addresses.iter().map(|address| {
        let wanted = *address;
        let socket = bind_one(wanted).map_err(|source| StartError::Listen {
            address: wanted,
            source,
        })?;
        Ok(Bound { wanted, socket })
    });
    bound.collect()
}

fn bind_one(address: SocketAddr) -> io::Result<Socket> {
    let socket = std::net::UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
    // More room loses fewer questions in a burst; without it the agent works all the same.
    if let Err(error) = state.set_recv_buffer_size((&socket).into(), RECEIVE_BUFFER_BYTES) {
        warn!(%error, "the receive buffer stays small");
    }
    let socket = UdpSocket::from_std(socket)?;
    let local = socket.local_addr()?;
    Ok(Socket {
        socket,
        state,
        address: local,
    })
}

/// Answers until the agent stops.
pub(super) async fn serve(shared: Arc<Shared>, socket: Socket) {
    let mut stop = shared.stop.subscribe();
    let mut buffers = vec![vec![0; DATAGRAM_BYTES_MAX]; BATCH];
    let mut metas = [RecvMeta::default(); BATCH];
    loop {
        tokio::select! {
            _ = stop.wait_for(|is_stopping| *is_stopping) => return,
            readable = socket.socket.readable() => {
                if let Err(error) = readable {
                    error!(address = %socket.address, %error, "snmp socket failed");
                    return;
                }
            }
        }
        let received = receive(&socket, &mut buffers, &mut metas);
        let count = match received {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            // An answer that somebody's port refused may show up here. A network that is
            // down shows up again and again, and must not cost a processor.
            Err(_) => {
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            }
        };
        let now = shared.foundation.clock.now();
        for (buffer, meta) in buffers.iter().zip(&metas).take(count) {
            let octets = buffer.get(..meta.len).unwrap_or(buffer);
            for datagram in octets.chunks(meta.stride.max(1)) {
                answer(&shared, &socket, datagram, meta, now);
            }
            // An empty datagram has no chunk, and is one all the same.
            if meta.len == 0 {
                answer(&shared, &socket, &[], meta, now);
            }
        }
    }
}

fn receive(socket: &Socket, buffers: &mut [Vec<u8>], metas: &mut [RecvMeta]) -> io::Result<usize> {
    let mut slices: Vec<IoSliceMut<'_>> =
        buffers.iter_mut().map(|one| IoSliceMut::new(one)).collect();
    socket.socket.try_io(Interest::READABLE, || {
        socket
            .state
            .recv((&socket.socket).into(), &mut slices, metas)
    })
}

fn answer(shared: &Shared, socket: &Socket, datagram: &[u8], meta: &RecvMeta, now: Now) {
    let source = meta.addr;
    match lock(&shared.front).admit(source.ip(), now.uptime) {
        Admission::Admitted => {}
        Admission::Refused => {
            shared.counters.count(Counter::RefusedSources);
            shared.log(&shared.refused, now, |suppressed| {
                warn!(%source, suppressed, "snmp message of a source that may not ask ignored");
            });
            return;
        }
        Admission::OverBudget => {
            shared.counters.count(Counter::OverBudget);
            return;
        }
    }
    let reply = shared.answer(datagram, source, now);
    let reply_size = reply.as_ref().map_or(0, Vec::len);
    let bytes = datagram.len().saturating_add(reply_size);
    lock(&shared.front).charge(source.ip(), bytes, now.uptime);
    if let Some(reply) = reply {
        send(shared, socket, &reply, meta);
    }
}

fn send(shared: &Shared, socket: &Socket, reply: &[u8], meta: &RecvMeta) {
    let transmit = Transmit {
        destination: meta.addr,
        ecn: None,
        contents: reply,
        segment_size: None,
        src_ip: meta.dst_ip,
    };
    let sent = socket.socket.try_io(Interest::WRITABLE, || {
        socket.state.try_send((&socket.socket).into(), &transmit)
    });
    let counter = match sent {
        Ok(()) => Counter::OutPackets,
        // The queue is full, or the asker's network is gone: he will ask again.
        Err(_) => Counter::SendFailures,
    };
    shared.counters.count(counter);
}
