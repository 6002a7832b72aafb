//! A receiver of SNMP notifications on this machine, for the demo: it takes what comes and
//! throws it away, so that traps have somewhere to go and their numbers can be watched.
//!
//! What a trap says is for a program that knows it, such as `snmptrapd`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often to look whether the demo is over.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// The running receiver.
#[derive(Debug)]
pub struct TrapSink {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl TrapSink {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    ///
    /// No port, or no thread.
    pub fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(LOOK_INTERVAL))?;
        let address = socket.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("demo-traps".to_owned())
            .spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    // Nothing came, or something that nobody reads.
                    drop(socket.recv(&mut [0]));
                }
            })?;
        Ok(Self {
            address,
            stop,
            thread,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops within a moment.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default();
    }
}
