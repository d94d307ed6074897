//! A body that is watched to its end: the status of a gRPC call stands in its trailers.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

/// Learns how a body ended; dropped with the body.
pub trait Watch: Send + Unpin + 'static {
    /// The trailers were sent.
    fn trailers(&mut self, trailers: &HeaderMap);
}

/// A body and who watches it.
pub struct Watched<W> {
    body: Body,
    watch: W,
}

impl<W: Watch> Watched<W> {
    /// Watches `body` until it ends or is dropped.
    pub fn wrap(body: Body, watch: W) -> Body {
        Body::new(Self { body, watch })
    }
}

impl<W: Watch> HttpBody for Watched<W> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(trailers) = frame.trailers_ref()
        {
            self.watch.trailers(trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
