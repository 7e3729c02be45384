//! What components print, to the host's standard error, whole lines at a time.

use std::{
    io::{self, Write},
    mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// A line that is longer is cut here, so that a component cannot fill the host's memory.
const MAX_LINE: usize = 64 * 1024;

/// One instance's standard output or error; all streams of it share the line begun.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn take(&self, bytes: &[u8]) {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.extend_from_slice(bytes);
        let end = begun.iter().rposition(|byte| *byte == b'\n').map(|last| last + 1);
        if let Some(end) = end.or((begun.len() > MAX_LINE).then_some(begun.len())) {
            let rest = begun.split_off(end);
            show(&mem::replace(&mut *begun, rest));
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // The last one has what was printed without a line's end.
        if let Some(begun) = Arc::get_mut(&mut self.0) {
            show(begun.get_mut().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl AsyncWrite for Lines {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

/// One write call for all of it, so that the lines of several instances do not mix.
fn show(lines: &[u8]) {
    if lines.is_empty() {
        return;
    }
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(lines);
    if !lines.ends_with(b"\n") {
        let _ = stderr.write_all(b"\n");
    }
}
