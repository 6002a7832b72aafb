//! Streams of events: what they tell, how many there are, and when they end.

use super::*;
use crate::http::stream::STREAMS_MAX;
use crate::metrics::sample::at;

const REQUEST: &str = "GET /api/v1/stream HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Reads until `words` have come.
async fn read_until(stream: &mut TcpStream, words: &str) -> String {
    let mut text = String::new();
    let reading = async {
        while !text.contains(words) {
            let byte = stream.read_u8().await.expect("the stream goes on");
            text.push(char::from(byte));
        }
    };
    timeout(PATIENCE, reading).await.expect(words);
    text
}

async fn open(server: &Server) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    stream
}

/// Asks for a stream on each of `count` connections, and reads the first line.
async fn open_many(server: &Server, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let mut stream = open(server).await;
        let head = read_until(&mut stream, "event: turn").await;
        assert_eq!(status_of(&head), "200");
        streams.push(stream);
    }
    streams
}

#[tokio::test]
async fn a_stream_tells_of_each_turn_and_of_nothing_else() {
    let server = Server::start(sample::snapshot()).await;
    let mut stream = open(&server).await;
    let first = read_until(&mut stream, "event: turn\n").await;
    assert!(
        first.contains("content-type: text/event-stream\r\n"),
        "{first}"
    );
    assert!(first.contains("retry: 1000\n"), "{first}");
    assert!(first.contains(&format!("id: {}\n", at(600))), "{first}");
    // The same turn again is no news.
    server.snapshots.send(Arc::new(sample::snapshot())).unwrap();
    let next = Snapshot {
        taken_at: Some(at(601)),
        ..sample::snapshot()
    };
    server.snapshots.send(Arc::new(next)).unwrap();
    let second = read_until(&mut stream, "event: turn\n").await;
    assert!(second.contains(&format!("id: {}\n", at(601))), "{second}");
    assert!(!second.contains(&format!("id: {}\n", at(600))), "{second}");
}

#[tokio::test]
async fn there_are_so_many_streams_and_no_more_until_one_ends() {
    let server = Server::start(sample::snapshot()).await;
    let mut streams = open_many(&server, STREAMS_MAX).await;
    let refused = server.get("/api/v1/stream").await;
    assert_eq!(status_of(&refused), "503");
    assert!(refused.contains("retry-after: 10\r\n"), "{refused}");
    assert_eq!(server.rejected(Rejection::Streams), "1");
    assert_eq!(status_of(&server.get("/metrics").await), "200");
    drop(streams.pop());
    // That one has gone is seen when the connection's end is.
    let again = async {
        loop {
            let mut stream = open(&server).await;
            let head = read_until(&mut stream, "\r\n\r\n").await;
            if status_of(&head) == "200" {
                return;
            }
        }
    };
    timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn a_stop_ends_streams_at_once() {
    let server = Server::start(sample::snapshot()).await;
    let streams = open_many(&server, 3).await;
    let limits = HttpLimits::default();
    server.stop.send(true).unwrap();
    // Well before the deadline that would cut them off.
    timeout(limits.stop_timeout / 2, server.running)
        .await
        .unwrap()
        .unwrap();
    for stream in streams {
        let rest = read_to_close(stream).await;
        assert!(
            rest.ends_with("0\r\n\r\n"),
            "it ends in good order: {rest:?}"
        );
    }
}

#[tokio::test]
async fn an_old_stream_ends_in_good_order_and_is_no_slow_reader() {
    let limits = HttpLimits {
        connection_age_max: Duration::from_millis(100),
        ..HttpLimits::default()
    };
    let server = Server::with(sample::snapshot(), limits, None).await;
    let answer = read_to_close(open(&server).await).await;
    assert!(answer.ends_with("0\r\n\r\n"), "{answer:?}");
    assert_eq!(server.rejected(Rejection::SlowReader), "0");
}

#[tokio::test]
async fn a_stream_gives_its_place_to_a_scrape() {
    let limits = HttpLimits {
        connections_max: 2,
        ..HttpLimits::default()
    };
    let server = Server::with(sample::snapshot(), limits, None).await;
    let _streams = open_many(&server, 2).await;
    assert_eq!(status_of(&server.get("/metrics").await), "200");
    assert_eq!(server.rejected(Rejection::Displaced), "1");
}
