//! Makes TCP connections with a time limit.

use std::io;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// Most addresses of one name that are tried: a name with a hundred dead ones must not hold
/// a lane for an hour.
const ADDRESSES_MAX: usize = 4;

/// Connects to the first address of a host that answers. Each has the whole limit.
pub(super) async fn connect(host: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
    let looking_up = timeout(limit, lookup_host((host, port)));
    let addresses = looking_up
        .await
        .map_err(|_| late("looking up its address"))??;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses.take(ADDRESSES_MAX) {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Answers are waited for after each small command.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = late("connecting"),
        }
    }
    Err(last)
}

fn late(doing: &str) -> io::Error {
    let words = format!("no answer in time while {doing}");
    io::Error::new(io::ErrorKind::TimedOut, words)
}
