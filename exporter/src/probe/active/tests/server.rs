//! Servers for one visitor, each on a thread of its own: those that speak TLS, and those
//! that do not.
//!
//! Each ends when its visitor has gone, or when it has been asked nothing: a thread that
//! still waits for a visitor ends with the process.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

use super::authority::Identity;

/// What a server does with its visitor's connection.
type Manners = Box<dyn FnOnce(TcpStream) + Send>;

/// A server that treats one visitor so.
pub(super) fn serve(manners: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let manners: Manners = Box::new(manners);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        manners(stream);
    });
    address
}

/// Reads until the visitor has gone.
pub(super) fn listen_only(mut stream: TcpStream) {
    let mut part = [0; 4096];
    while stream.read(&mut part).is_ok_and(|count| count != 0) {}
}

/// Reads what comes first, says this, and waits until the visitor has gone.
pub(super) fn answer(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes = bytes.into();
    serve(move |mut stream| {
        let mut part = [0; 4096];
        let _ = stream.read(&mut part);
        let _ = stream.write_all(&bytes);
        listen_only(stream);
    })
}

/// Says a byte now and then, for as long as the visitor stays.
pub(super) fn trickle(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes = bytes.into();
    serve(move |mut stream| {
        // The pause is a read that nobody answers.
        stream
            .set_read_timeout(Some(Duration::from_millis(10)))
            .unwrap();
        let mut part = [0; 4096];
        for byte in bytes.into_iter().chain(std::iter::repeat(0)) {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            match stream.read(&mut part) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    })
}

/// Closes at once with what it was told unread: the kernel then resets the connection.
pub(super) fn reset() -> SocketAddr {
    serve(|stream| {
        let mut part = [0; 1];
        let _ = stream.peek(&mut part);
        drop(stream);
    })
}

/// A server of TLS: what it shows, and what it wants.
pub(super) struct Tls {
    pub(super) identity: Identity,
    pub(super) versions: &'static [&'static SupportedProtocolVersion],
    /// Who has to have signed the visitor's certificate, if it wants one.
    pub(super) visitors: Option<CertificateDer<'static>>,
}

impl Tls {
    pub(super) fn new(identity: Identity) -> Self {
        Self {
            identity,
            versions: rustls::ALL_VERSIONS,
            visitors: None,
        }
    }

    fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match &self.visitors {
            None => builder.with_no_client_auth(),
            Some(root) => {
                let mut roots = RootCertStore::empty();
                roots.add(root.clone()).unwrap();
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let (chain, key) = (self.identity.chain.clone(), self.identity.key());
        Arc::new(builder.with_single_cert(chain, key).unwrap())
    }

    /// Serves one visitor. Each byte of an application's data is told the receiver.
    pub(super) fn serve(self) -> (SocketAddr, mpsc::Receiver<Vec<u8>>) {
        let (told, data) = mpsc::channel();
        let config = self.config();
        let address = serve(move |mut stream| {
            let mut connection = ServerConnection::new(config).unwrap();
            let mut buffer = [0; 4096];
            while connection.complete_io(&mut stream).is_ok() {
                match connection.reader().read(&mut buffer) {
                    Ok(count) if 0 < count => drop(told.send(buffer[..count].to_vec())),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Ok(_) | Err(_) => break,
                }
            }
            // What we objected to is told before we go.
            let _ = connection.complete_io(&mut stream);
        });
        (address, data)
    }

    pub(super) fn address(self) -> SocketAddr {
        self.serve().0
    }
}

/// What a name server of these tests says.
pub(super) enum Says {
    /// These addresses of IPv4; of IPv6 there are none.
    Addresses(Vec<[u8; 4]>),
    /// This response code (RFC 1035, section 4.1.1).
    Code(u8),
    /// Nothing at all.
    Nothing,
}

/// A name server that says the same to everybody.
pub(super) fn name_server(says: Says) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut packet = [0; 1500];
        while let Ok((count, from)) = socket.recv_from(&mut packet) {
            if let Some(answer) = answer_to(&packet[..count], &says) {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    address
}

fn answer_to(query: &[u8], says: &Says) -> Option<Vec<u8>> {
    let name_length = query[12..].iter().position(|byte| *byte == 0)? + 1;
    let question = &query[12..12 + name_length + 4];
    let is_for_v4 = question[name_length..name_length + 2] == [0, 1];
    let (code, addresses) = match says {
        Says::Addresses(addresses) if is_for_v4 => (0, addresses.as_slice()),
        Says::Addresses(_) => (0, &[][..]),
        Says::Code(code) => (*code, &[][..]),
        Says::Nothing => return None,
    };
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, 0x80 | code, 0, 1]);
    answer.extend(u16::try_from(addresses.len()).unwrap().to_be_bytes());
    answer.extend([0; 4]);
    answer.extend(question);
    for address in addresses {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(address);
    }
    Some(answer)
}
