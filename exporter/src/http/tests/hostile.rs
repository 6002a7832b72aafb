//! Slow, silent, huge and malformed requests, while scrapes go on.

use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::*;

/// A scrape works, whatever else goes on.
async fn check_scrape(server: &Server) {
    let page = server.get("/metrics").await;
    assert_eq!(status_of(&page), "200", "{page:.200}");
}

/// What the server does with a client that says `said` and then nothing.
async fn check_dropped(said: &str) {
    let server = Server::with(sample::snapshot(), short(), None).await;
    let mut stream = server.connect().await;
    stream.write_all(said.as_bytes()).await.unwrap();
    check_scrape(&server).await;
    assert_eq!(read_to_close(stream).await, "", "{said:?}");
}

#[tokio::test]
async fn a_silent_client_is_dropped() {
    check_dropped("").await;
}

#[tokio::test]
async fn half_a_request_line_is_dropped() {
    check_dropped("GET /met").await;
}

#[tokio::test]
async fn headers_without_an_end_are_dropped() {
    check_dropped("GET /metrics HTTP/1.1\r\nhost: localhost\r\n").await;
}

#[tokio::test]
async fn dripping_headers_do_not_keep_a_connection() {
    let server = Server::with(sample::snapshot(), short(), None).await;
    let (mut reader, mut writer) = server.connect().await.into_split();
    let dripping = tokio::spawn(async move {
        let mut drops = tokio::time::interval(Duration::from_millis(5));
        // Ends when the server has closed: a write fails.
        while writer.write_all(b"x").await.is_ok() {
            drops.tick().await;
        }
    });
    let mut bytes = Vec::new();
    drop(
        timeout(PATIENCE, reader.read_to_end(&mut bytes))
            .await
            .expect("the server closes"),
    );
    dripping.await.unwrap();
    assert_eq!(server.rejected(Rejection::SlowRequest), "1");
    check_scrape(&server).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_without_being_counted() {
    let server = Server::with(sample::snapshot(), short(), None).await;
    let answer = server
        .raw("GET /-/healthy HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    assert_eq!(
        (status_of(&answer), body_of(&answer)),
        ("200", "Healthy.\n")
    );
    assert_eq!(server.rejected(Rejection::SlowRequest), "0");
}

#[tokio::test]
async fn a_client_that_stops_reading_is_dropped() {
    let mut snapshot = sample::snapshot();
    let connector = snapshot.connectors[0].clone();
    snapshot.connectors = vec![connector; 2_000];
    let server = Server::with(snapshot, short(), None).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let mut stalled = socket.connect(server.address).await.unwrap();
    stalled
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    // Scrapes go on until one of them shows that the stalled client is gone: the page
    // is larger than all buffers between.
    let dropped = async {
        while server.rejected(Rejection::SlowReader) == "0" {
            let answer = server.get("/-/healthy").await;
            assert_eq!(status_of(&answer), "200");
        }
    };
    timeout(PATIENCE, dropped).await.unwrap();
    drop(stalled);
}

#[tokio::test]
async fn an_old_connection_ends_politely() {
    let limits = HttpLimits {
        connection_age_max: Duration::from_millis(50),
        // Out of the way: an idle connection ends early by its age alone.
        head_timeout: PATIENCE * 2,
        ..HttpLimits::default()
    };
    let server = Server::with(sample::snapshot(), limits, None).await;
    let answer = server
        .raw("GET /-/healthy HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    assert_eq!(status_of(&answer), "200");
    let causes: Vec<String> = Rejection::ALL
        .iter()
        .map(|cause| server.rejected(*cause))
        .collect();
    assert!(causes.iter().all(|count| count == "0"), "{causes:?}");
}

#[tokio::test]
async fn a_huge_head_is_answered_431() {
    let server = Server::start(sample::snapshot()).await;
    let line = format!("x-filler: {}\r\n", "a".repeat(1_000));
    for head in [line.repeat(20), "y: z\r\n".repeat(101)] {
        let request = format!("GET /metrics HTTP/1.1\r\nhost: x\r\n{head}\r\n");
        assert_eq!(status_of(&server.raw(request).await), "431");
    }
    assert_eq!(server.rejected(Rejection::HeadTooLarge), "2");
    let request = format!("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{line}\r\n");
    assert_eq!(status_of(&server.raw(request).await), "200");
}

#[tokio::test]
async fn what_is_not_http_is_answered_400_or_dropped() {
    let server = Server::start(sample::snapshot()).await;
    for said in [
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
        "GET /metrics\r\n\r\n",
        "GET /metrics HTTP/9.9\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        let answer = server.raw(said).await;
        assert!(
            ["400", "nothing"].contains(&status_of(&answer)),
            "{said:?} gave {answer:?}"
        );
    }
    check_scrape(&server).await;
}

#[tokio::test]
async fn a_body_is_refused_unread() {
    let server = Server::start(sample::snapshot()).await;
    for head in ["content-length: 5000000", "transfer-encoding: chunked"] {
        for (asked, status) in [
            ("GET /metrics", "413"),
            ("POST /-/reload", "413"),
            // That there is no such method is the better word.
            ("POST /metrics", "405"),
            ("PUT /", "405"),
            ("DELETE /-/reload", "405"),
            ("PUT /nowhere", "404"),
        ] {
            let request = format!("{asked} HTTP/1.1\r\nhost: localhost\r\n{head}\r\n\r\n5\r\n");
            let answer = server.raw(request).await;
            assert_eq!(status_of(&answer), status, "{asked} {head}");
            assert!(answer.contains("connection: close\r\n"), "{answer}");
            let is_told = answer.contains("allow: ");
            assert_eq!(is_told, status == "405", "{answer}");
        }
    }
}

#[tokio::test]
async fn a_row_of_requests_on_one_connection_is_answered_in_order() {
    let server = Server::start(sample::snapshot()).await;
    let one = "GET /-/healthy HTTP/1.1\r\nhost: x\r\n\r\n";
    let last = "GET /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let answers = server.raw(one.repeat(100) + last).await;
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 100);
    assert_eq!(answers.matches("HTTP/1.1 404 ").count(), 1);
}

#[tokio::test]
async fn a_hundred_slow_clients_do_not_hold_up_a_scrape() {
    let limits = HttpLimits {
        connections_max: 200,
        connections_per_address_max: 200,
        head_timeout: Duration::from_secs(2),
        ..HttpLimits::default()
    };
    let server = Server::with(sample::snapshot(), limits, None).await;
    let mut slow = Vec::new();
    for said in [
        "",
        "GET",
        "GET / HTTP/1.1\r\nx: y\r\n",
        "GET /metrics HTTP/1.1\r\n",
    ]
    .repeat(25)
    {
        let mut stream = server.connect().await;
        stream.write_all(said.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    for _ in 0..20 {
        check_scrape(&server).await;
    }
    for stream in slow {
        assert_eq!(read_to_close(stream).await, "");
    }
    assert_eq!(server.rejected(Rejection::SlowRequest), "100");
}

#[tokio::test]
async fn a_stop_ends_idle_and_slow_clients() {
    let limits = HttpLimits {
        stop_timeout: Duration::from_millis(100),
        ..HttpLimits::default()
    };
    let server = Server::with(sample::snapshot(), limits, None).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /-/healthy HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    idle.read_u8().await.unwrap();
    let mut slow = server.connect().await;
    slow.write_all(b"GET /me").await.unwrap();
    server.stop.send(true).unwrap();
    timeout(PATIENCE, server.running).await.unwrap().unwrap();
    assert!(read_to_close(idle).await.ends_with("Healthy.\n"));
    assert_eq!(read_to_close(slow).await, "");
    assert!(TcpStream::connect(server.address).await.is_err());
}

/// Sends `said`, ends its side, and returns the answer.
async fn answer_to(server: &Server, said: &[u8]) -> String {
    let mut stream = server.connect().await;
    drop(stream.write_all(said).await);
    drop(stream.shutdown().await);
    read_to_close(stream).await
}

/// Pieces of requests, in an order no client would send them in.
fn garbled_request() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        prop::sample::select(vec![
            "GET ",
            "POST ",
            "CONNECT ",
            "OPTIONS * ",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "/metrics",
            "/",
            "http://[::1",
            "*",
            "/%ff%00",
            " HTTP/1.1\r\n",
            " HTTP/1.0\r\n",
            "\r\n",
            "\r\n\r\n",
            "host: x\r\n",
            "content-length: 9\r\n",
            "transfer-encoding: chunked\r\n",
            "upgrade: h2c\r\nconnection: upgrade\r\n",
            "expect: 100-continue\r\n",
            "ffffffff\r\n",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn no_bytes_end_the_server() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(sample::snapshot()));
    proptest!(|(said in garbled_request())| {
        let answer = runtime.block_on(answer_to(&server, &said));
        prop_assert!(answer.is_empty() || answer.starts_with("HTTP/1."), "{answer:.200}");
        prop_assert!(!answer.starts_with("HTTP/1.1 5"), "{said:?} gave {answer:.200}");
    });
    runtime.block_on(check_scrape(&server));
    assert!(!server.running.is_finished());
}

#[tokio::test]
async fn forms_of_request_that_only_proxies_know_are_answered() {
    let server = Server::start(sample::snapshot()).await;
    for (said, status) in [
        (
            "OPTIONS * HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            "404",
        ),
        (
            "CONNECT localhost:1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            "404",
        ),
        (
            "GET http://localhost/-/healthy HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            "200",
        ),
        ("GET /-/healthy HTTP/1.0\r\n\r\n", "200"),
    ] {
        assert_eq!(status_of(&server.raw(said).await), status, "{said}");
    }
}
