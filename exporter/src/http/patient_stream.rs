//! A socket, plain or with TLS, that gives up on a client who stops reading.
//!
//! The deadline runs only while the client's window is full: it starts with the first
//! write that cannot go on and ends with any byte that can. It also notes that bytes
//! arrived, so that the connection can tell a slow request from an idle client, and
//! tells the connection's place when all bytes are out.
//! Deadlines for requests are the HTTP library's.
//!
//! Known limit: a client that takes one byte now and then makes progress here; the
//! connection's greatest age ends it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::gate::Place;

/// Whether a request is owed: bytes of it have come, or it is the connection's first.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingHead(Arc<AtomicBool>);

impl PendingHead {
    pub(super) fn set(&self, pending: bool) {
        self.0.store(pending, Ordering::Relaxed);
    }

    pub(super) fn is_pending(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct PatientStream<S> {
    stream: S,
    write_timeout: Duration,
    /// Runs while the client takes nothing.
    deadline: Option<Pin<Box<Sleep>>>,
    pending_head: PendingHead,
    /// Last, so that the socket is closed before the place is free.
    place: Arc<Place>,
}

impl<S> PatientStream<S> {
    pub(super) const fn new(
        stream: S,
        write_timeout: Duration,
        pending_head: PendingHead,
        place: Arc<Place>,
    ) -> Self {
        Self {
            stream,
            write_timeout,
            deadline: None,
            pending_head,
            place,
        }
    }

    /// Passes an answer of the socket on, unless it has waited for too long.
    fn within_deadline<T>(
        &mut self,
        context: &mut Context<'_>,
        answer: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if answer.is_ready() {
            self.deadline = None;
            return answer;
        }
        let timeout = self.write_timeout;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client stopped reading",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PatientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let answer = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() != before {
            self.pending_head.set(true);
        }
        answer
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PatientStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let answer = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.within_deadline(context, answer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The HTTP library flushes when it has nothing left to write; TLS may still hold some.
        let answer = Pin::new(&mut self.stream).poll_flush(context);
        if answer.is_ready() {
            self.place.written_out();
        }
        self.within_deadline(context, answer)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let answer = Pin::new(&mut self.stream).poll_shutdown(context);
        self.within_deadline(context, answer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let answer = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.within_deadline(context, answer)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
