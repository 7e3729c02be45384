//! Where a piece of work comes from: W3C trace context, taken from the caller or made, and handed on with everything
//! that follows from it. One search for a trace's id in the log shows the way of a message.
//!
//! An instance answers several requests at once, so the trace belongs to a future and not to the thread: it is in
//! force while that future is polled.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

thread_local! {
    static CURRENT: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

/// A trace and the piece of it that is at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// 32 hexadecimal digits: the whole way.
    pub id: String,
    /// 16 hexadecimal digits: this piece of it.
    pub span: String,
    flags: String,
}

impl Trace {
    /// Reads a `traceparent`; none if it is not one.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, id, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // A later version may have more parts, this one has not.
        let known = version != "ff" && (version != "00" || parts.next().is_none());
        let good = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let some = |text: &str| text.bytes().any(|b| b != b'0');
        let right = good(version, 2) && good(id, 32) && good(span, 16) && good(flags, 2);
        (known && right && some(id) && some(span)).then(|| Self {
            id: id.to_owned(),
            span: span.to_owned(),
            flags: flags.to_owned(),
        })
    }

    /// A new trace.
    pub fn fresh() -> Self {
        Self { id: random::<16>(), span: random::<8>(), flags: "01".to_owned() }
    }

    /// The next piece of the same trace.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span: random::<8>(), ..self.clone() }
    }
}

impl fmt::Display for Trace {
    /// As a `traceparent`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "00-{}-{}-{}", self.id, self.span, self.flags)
    }
}

/// The trace of what is running now; none outside of any.
pub fn current() -> Option<Trace> {
    CURRENT.with_borrow(Clone::clone)
}

/// [`current`] as a `traceparent`.
pub fn parent() -> Option<String> {
    CURRENT.with_borrow(|current| current.as_ref().map(ToString::to_string))
}

/// Runs `work` as a piece of this trace.
pub fn scope<F: Future>(trace: Option<Trace>, work: F) -> impl Future<Output = F::Output> {
    Scope { trace, work: Box::pin(work) }
}

struct Scope<F> {
    trace: Option<Trace>,
    work: Pin<Box<F>>,
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let before = CURRENT.replace(self.trace.clone());
        let polled = self.work.as_mut().poll(context);
        CURRENT.set(before);
        polled
    }
}

/// Random bytes in hexadecimal; without randomness, which every host has, all ones.
fn random<const N: usize>() -> String {
    let mut bytes = [1; N];
    let _ = getrandom::fill(&mut bytes);
    data_encoding::HEXLOWER.encode(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use futures::future::{join, pending, poll_fn};

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_reads_back_as_it_is_written() {
        let trace = Trace::parse(GIVEN).expect("good");
        assert_eq!(trace.to_string(), GIVEN);
        let child = trace.child();
        assert_eq!(child.id, trace.id);
        assert_ne!(child.span, trace.span);
        let fresh = Trace::fresh();
        assert_eq!(Trace::parse(&fresh.to_string()), Some(fresh.clone()));
        assert_ne!(fresh.id, Trace::fresh().id);
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        let bad = [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ];
        for text in bad {
            assert_eq!(Trace::parse(text), None, "{text}");
        }
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
        assert!(Trace::parse(later).is_some(), "of a later version what is known is taken");
    }

    #[test]
    fn a_trace_is_in_force_while_its_own_future_runs_and_no_longer() {
        let seen = |trace: Trace| {
            let mut looks = Vec::new();
            let id = trace.id.clone();
            scope(
                Some(trace),
                poll_fn(move |context| {
                    looks.push(current().map(|t| t.id));
                    if looks.len() < 3 {
                        context.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Poll::Ready(looks.iter().all(|look| look.as_ref() == Some(&id)))
                }),
            )
        };
        assert_eq!(block_on(join(seen(Trace::fresh()), seen(Trace::fresh()))), (true, true));
        assert_eq!(current(), None);
        let inner = scope(None, async { current() });
        assert_eq!(block_on(scope(Some(Trace::fresh()), inner)), None);
        drop(scope(Some(Trace::fresh()), pending::<()>()));
        assert_eq!(current(), None);
    }
}
