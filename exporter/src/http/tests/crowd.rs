//! More clients than there are places: who waits gives way, who is busy stays.

use std::collections::VecDeque;

use tokio::task::JoinSet;

use super::*;

/// How many half requests one client of a flood sends: several times the places.
const HALVES: usize = 200;

/// How many of them it keeps open, more than the places of an address.
const KEPT_MAX: usize = 40;

fn places(connections_max: usize, connections_per_address_max: usize) -> HttpLimits {
    HttpLimits {
        connections_max,
        connections_per_address_max,
        // Out of the way: a place comes free by the bounds alone.
        head_timeout: PATIENCE * 2,
        ..HttpLimits::default()
    }
}

/// A connection whose client idles after an answer.
async fn idle(server: &Server) -> TcpStream {
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /-/healthy HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"Healthy.\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    stream
}

/// A server whose reloads go on until the test answers them, so that it can be busy.
async fn with_slow_reload(limits: HttpLimits) -> (Server, mpsc::Receiver<ReloadRequest>) {
    let (requests, inbox) = mpsc::channel(8);
    let server = Server::with(sample::snapshot(), limits, Some(requests)).await;
    (server, inbox)
}

/// A connection whose answer is being made.
async fn busy(
    server: &Server,
    inbox: &mut mpsc::Receiver<ReloadRequest>,
) -> (TcpStream, ReloadRequest) {
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST /-/reload HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let reload = timeout(PATIENCE, inbox.recv()).await.unwrap().unwrap();
    (stream, reload)
}

/// Opens connections from `client`, leaves half a request in each, and keeps the last.
async fn flood(server: SocketAddr, client: [u8; 4]) -> VecDeque<TcpStream> {
    let mut kept = VecDeque::new();
    for _ in 0..HALVES {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((client, 0))).unwrap();
        let mut stream = socket.connect(server).await.unwrap();
        // The server may have closed already.
        drop(stream.write_all(b"GET / HTTP/1.1\r\nX:").await);
        kept.push_back(stream);
        if KEPT_MAX < kept.len() {
            drop(kept.pop_front());
        }
    }
    kept
}

/// Scrapes as long as clients from `clients` flood the server; each scrape is answered.
async fn check_scrapes_in_flood(clients: &[[u8; 4]]) {
    let server = Server::with(sample::snapshot(), places(64, 32), None).await;
    let mut floods = JoinSet::new();
    for client in clients {
        floods.spawn(flood(server.address, *client));
    }
    let mut kept = Vec::new();
    let mut scrapes = 0;
    while !floods.is_empty() || scrapes < 50 {
        let page = timeout(PATIENCE, server.get("/metrics")).await.unwrap();
        assert_eq!(status_of(&page), "200", "scrape {scrapes}: {page:.200}");
        scrapes += 1;
        while let Some(flooded) = floods.try_join_next() {
            kept.push(flooded.unwrap());
        }
    }
    // The flood holds what it has: no scrape was answered because it had gone.
    assert_eq!(kept.len(), clients.len());
    let displaced: usize = server.rejected(Rejection::Displaced).parse().unwrap();
    assert!(HALVES < displaced, "{displaced}");
    assert_eq!(server.rejected(Rejection::Connections), "0");
    assert_eq!(server.rejected(Rejection::ConnectionsPerAddress), "0");
}

#[tokio::test]
async fn a_flood_of_half_requests_does_not_keep_the_scraper_out() {
    check_scrapes_in_flood(&[[127, 0, 0, 1]; 4]).await;
}

#[tokio::test]
async fn a_flood_from_many_addresses_does_not_keep_the_scraper_out() {
    let clients: Vec<[u8; 4]> = (2..=7).map(|host| [127, 0, 0, host]).collect();
    check_scrapes_in_flood(&clients).await;
}

#[tokio::test]
async fn an_idle_connection_gives_way_to_a_newcomer() {
    let server = Server::with(sample::snapshot(), places(2, 2), None).await;
    let first = idle(&server).await;
    let _second = idle(&server).await;
    assert_eq!(status_of(&server.get("/-/healthy").await), "200");
    assert_eq!(read_to_close(first).await, "");
    assert_eq!(server.rejected(Rejection::Displaced), "1");
    assert_eq!(server.rejected(Rejection::SlowRequest), "0");
}

#[tokio::test]
async fn clients_over_the_bound_are_told_and_counted_while_all_are_busy() {
    let (server, mut inbox) = with_slow_reload(places(2, 2)).await;
    let (_first, reload) = busy(&server, &mut inbox).await;
    let (_second, _reload) = busy(&server, &mut inbox).await;
    assert_eq!(status_of(&server.raw("").await), "503");
    // Answered, the first waits again, and gives way.
    reload.send(Ok(())).unwrap();
    let place = async { while status_of(&server.get("/-/healthy").await) != "200" {} };
    timeout(PATIENCE, place).await.unwrap();
    assert_ne!(server.rejected(Rejection::ConnectionsPerAddress), "0");
    assert_eq!(server.rejected(Rejection::Displaced), "1");
}

#[tokio::test]
async fn one_address_cannot_take_every_place() {
    let (server, mut inbox) = with_slow_reload(places(9, 1)).await;
    let _busy = busy(&server, &mut inbox).await;
    assert_eq!(status_of(&server.raw("").await), "503");
    assert_eq!(server.rejected(Rejection::ConnectionsPerAddress), "1");
}

#[tokio::test]
async fn all_addresses_together_have_one_bound() {
    let (server, mut inbox) = with_slow_reload(places(1, 9)).await;
    let other = server.open_another();
    let half = TcpStream::connect(other).await.unwrap();
    let _busy = busy(&server, &mut inbox).await;
    // Closed by the one listener for a client of the other.
    assert_eq!(read_to_close(half).await, "");
    let refused = read_to_close(TcpStream::connect(other).await.unwrap()).await;
    assert_eq!(status_of(&refused), "503");
    assert_eq!(server.rejected(Rejection::Connections), "1");
}
