//! Syslog over its three transports.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::smtp_server::certificate;
use super::*;
use crate::receiver::{SyslogTransport, SyslogWay};

const MESSAGE: &[u8] = "<131>1 2026-11-22T08:00:00Z host ztna - - - Störung".as_bytes();

fn log(address: &str, transport: SyslogTransport, ca_pem: Option<Arc<[u8]>>) -> Receiver {
    let way = SyslogWay {
        address: address.to_owned(),
        transport,
        facility: 16,
        ca_pem,
        timeout: PATIENCE,
    };
    receiver("siem", Way::Syslog(way))
}

/// Reads one message in counted octets.
async fn counted<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut length = 0_usize;
    loop {
        match stream.read_u8().await.unwrap() {
            b' ' => break,
            digit => length = length * 10 + usize::from(digit - b'0'),
        }
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.unwrap();
    message
}

#[tokio::test]
async fn a_datagram_holds_one_message() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let siem = log(&address, SyslogTransport::Udp, None);
    let mut office = Office::open(vec![siem.clone()]).await;
    office.put(&siem, MESSAGE, &[""]);
    words_of("sent", &office.next().await.2);
    let mut bytes = [0; 500];
    let length = socket.recv(&mut bytes).await.unwrap();
    assert_eq!(&bytes[..length], MESSAGE);
}

#[tokio::test]
async fn a_host_that_says_that_nobody_listens_is_tried_again() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap().to_string();
    drop(socket);
    let udp = log(&address, SyslogTransport::Udp, None);
    let tcp_port = dead_port().await;
    let tcp = log(&format!("127.0.0.1:{tcp_port}"), SyslogTransport::Tcp, None);
    for siem in [udp, tcp] {
        let mut office = Office::open(vec![siem.clone()]).await;
        office.put(&siem, MESSAGE, &[""]);
        let words = words_of("retry", &office.next().await.2);
        assert!(words.contains("refused"), "{words}");
    }
    let nowhere = log("no port here", SyslogTransport::Tcp, None);
    let mut office = Office::open(vec![nowhere.clone()]).await;
    office.put(&nowhere, MESSAGE, &[""]);
    words_of("misconfigured", &office.next().await.2);
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_made_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let siem = log(&address, SyslogTransport::Tcp, None);
    let mut office = Office::open(vec![siem.clone()]).await;
    for _ in 0..2 {
        office.put(&siem, MESSAGE, &[""]);
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_eq!(counted(&mut stream).await, MESSAGE);
        words_of("sent", &office.next().await.2);
        office.put(&siem, MESSAGE, &[""]);
        assert_eq!(counted(&mut stream).await, MESSAGE, "over the same one");
        words_of("sent", &office.next().await.2);
        // Closed while nothing is said.
        stream.shutdown().await.unwrap();
        drop(stream);
    }
}

#[tokio::test]
async fn a_server_that_closes_after_each_message_gets_every_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(async move {
        let mut got = Vec::new();
        for _ in 0..4 {
            let (mut stream, _) = listener.accept().await.unwrap();
            got.push(counted(&mut stream).await);
        }
        got
    });
    let siem = log(&address, SyslogTransport::Tcp, None);
    let mut office = Office::open(vec![siem.clone()]).await;
    let messages = [b"<131>1 a", b"<131>1 b", b"<131>1 c", b"<131>1 d"];
    for message in messages {
        office.put(&siem, message, &[""]);
        words_of("sent", &office.next().await.2);
    }
    assert_eq!(timeout(PATIENCE, served).await.unwrap().unwrap(), messages);
}

#[tokio::test]
async fn syslog_travels_protected_to_the_one_who_is_meant() {
    let (pem, acceptor) = certificate("localhost");
    let (wrong, _) = certificate("localhost");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("localhost:{}", listener.local_addr().unwrap().port());
    let served = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                return counted(&mut stream).await;
            }
        }
    });
    let distrusted = log(&address, SyslogTransport::Tls, Some(wrong));
    let mut office = Office::open(vec![distrusted.clone()]).await;
    office.put(&distrusted, MESSAGE, &[""]);
    words_of("misconfigured", &office.next().await.2);
    let trusted = log(&address, SyslogTransport::Tls, Some(pem));
    office.deliverer.change(&identity(), vec![trusted]).await;
    words_of("sent", &office.next().await.2);
    assert_eq!(served.await.unwrap(), MESSAGE);
}
