//! Serves one connection, plain or with TLS, within its deadlines.
//!
//! The HTTP library bounds the request's head in bytes and time, which also ends an
//! idle connection; [`PatientStream`] bounds how long a client may read nothing; the
//! connection's age bounds the rest. An old connection ends politely after its present
//! response; a stream is told to end. One whose place a newcomer needs ends at once. A
//! panic in a route becomes a 500 and ends nothing else.
//!
//! Not here: how many connections there may be and who has to leave, see `gate`.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::error;

use super::gate::Place;
use super::patient_stream::{PatientStream, PendingHead};
use super::routes::Front;
use super::stream::Closing;
use super::web_config::Arrival;
use super::web_config::handshake;
use super::{HttpLimits, stopped};
use crate::metrics::Rejection;

/// The smallest head bound that the HTTP library takes.
const HEAD_BYTES_MIN: usize = 8192;

/// Most headers of a request, the library's own default: browsers send about 20.
const HEADERS_MAX: usize = 100;

/// Serves `stream` to its end, or until `stop` becomes true and its present response
/// is out, or until the gate wants its place back.
pub(super) async fn serve_connection(
    client: (TcpStream, IpAddr),
    place: Arc<Place>,
    front: Arc<Front>,
    limits: HttpLimits,
    stop: watch::Receiver<bool>,
) {
    tokio::select! {
        biased;
        // First, since the request may have come before a newcomer asks for the place.
        () = welcome(client, Arc::clone(&place), front, limits, stop) => {}
        () = place.left() => {}
    }
}

/// Begins TLS if it is spoken here, and talks.
async fn welcome(
    (stream, peer): (TcpStream, IpAddr),
    place: Arc<Place>,
    front: Arc<Front>,
    limits: HttpLimits,
    mut stop: watch::Receiver<bool>,
) {
    let mut arrival = Arrival {
        peer,
        came_on_loopback: stream
            .local_addr()
            .is_ok_and(|address| address.ip().to_canonical().is_loopback()),
        certificate: None,
    };
    let rules = front.access().current().await;
    let Some(tls) = rules.tls() else {
        return talk((stream, arrival), place, front, limits, stop).await;
    };
    let shaken = tokio::select! {
        shaken = handshake::shake(stream, tls, limits.handshake_timeout, front.metrics()) => shaken,
        () = stopped(&mut stop) => return,
    };
    if let Some(secured) = shaken {
        arrival.certificate = secured.owner;
        talk((secured.stream, arrival), place, front, limits, stop).await;
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    (stream, arrival): (S, Arrival),
    place: Arc<Place>,
    front: Arc<Front>,
    limits: HttpLimits,
    mut stop: watch::Receiver<bool>,
) {
    let arrival = Arc::new(arrival);
    let pending_head = PendingHead::default();
    // The first request is owed from the start: who never asks is slow, not idle.
    pending_head.set(true);
    let metrics = front.metrics().clone();
    let patient = PatientStream::new(
        stream,
        limits.write_timeout,
        pending_head.clone(),
        Arc::clone(&place),
    );
    let seen = pending_head.clone();
    let (end, closing) = watch::channel(false);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Closing(closing.clone()));
        seen.set(false);
        place.request_came();
        let (front, place) = (Arc::clone(&front), Arc::clone(&place));
        let arrival = Arc::clone(&arrival);
        async move {
            let response = respond(&front, &arrival, request).await;
            place.response_made();
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout)
            .max_buf_size(limits.head_bytes_max.max(HEAD_BYTES_MIN))
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(patient), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = sleep(limits.connection_age_max) => {
            end.send_replace(true);
            connection.as_mut().graceful_shutdown();
            match timeout(limits.write_timeout, connection).await {
                Ok(ended) => ended,
                // Still not done: a client that reads a byte now and then.
                Err(_) => return metrics.http_rejected(Rejection::SlowReader),
            }
        }
        () = stopped(&mut stop) => {
            end.send_replace(true);
            connection.as_mut().graceful_shutdown();
            // The accept loop ends those that outlast the stop.
            connection.await
        }
    };
    if let Err(failure) = ended
        && let Some(cause) = cause_of(&failure, pending_head.is_pending())
    {
        metrics.http_rejected(cause);
    }
}

/// Which rule a connection broke. `None` if it broke none: clients may go at any time,
/// and who idles after an answer is only told goodbye.
fn cause_of(failure: &hyper::Error, was_head_pending: bool) -> Option<Rejection> {
    if failure.is_timeout() {
        return was_head_pending.then_some(Rejection::SlowRequest);
    }
    if failure.is_parse_too_large() {
        return Some(Rejection::HeadTooLarge);
    }
    if failure.is_parse() {
        return Some(Rejection::Malformed);
    }
    let mut source = std::error::Error::source(failure);
    while let Some(inner) = source {
        let kind = inner.downcast_ref::<io::Error>().map(io::Error::kind);
        if kind == Some(io::ErrorKind::TimedOut) {
            return Some(Rejection::SlowReader);
        }
        source = inner.source();
    }
    None
}

async fn respond(front: &Front, arrival: &Arrival, request: Request<Incoming>) -> Response<Body> {
    let answer = front.answer(request, arrival);
    match outlive_panic(answer).await {
        Some(response) => response,
        None => {
            error!("request handler panicked");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong here.\n",
            )
                .into_response()
        }
    }
}

/// Runs `future` to its end; `None` if it panics.
///
/// What a panic leaves half done is the future's own; what it shares is locked, and
/// those who lock it cope with a poisoned lock.
async fn outlive_panic<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(polled) => polled.map(Some),
            Err(_panic) => Poll::Ready(None),
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_only_its_own_request() {
        let broken = async {
            tokio::task::yield_now().await;
            "no number".parse::<u8>().unwrap()
        };
        assert_eq!(outlive_panic(broken).await, None);
        assert_eq!(outlive_panic(async { 5 }).await, Some(5));
    }
}
