//! The clock that components read, which a rehearsal may set wrong.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use wasmtime_wasi::HostWallClock;

/// The system's clock and, if a file says so, so many seconds more or less: read anew each time, so that it can be
/// changed while components run.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Path>);

impl Clock {
    /// A clock that is wrong by what the file says: a number of seconds, with a sign if it is to be slow.
    pub(crate) fn new(offset_file: PathBuf) -> Self {
        Self(offset_file.into())
    }

    /// No offset without a file or with something else in it: it is being written, or is still to be.
    fn offset_seconds(&self) -> f64 {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        text.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite()).unwrap_or(0.0)
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    #[allow(clippy::disallowed_methods, reason = "this is the clock that components read")]
    fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let offset = self.offset_seconds();
        let by = Duration::try_from_secs_f64(offset.abs()).unwrap_or_default();
        if offset < 0.0 { now.saturating_sub(by) } else { now.saturating_add(by) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn the_offset_is_what_the_file_says_at_that_moment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("offset");
        let clock = Clock::new(file.clone());
        assert_eq!(clock.offset_seconds(), 0.0);
        let honest = clock.now();
        std::fs::write(&file, "3600\n").unwrap();
        assert!(clock.now() >= honest + Duration::from_secs(3600));
        std::fs::write(&file, "-3600").unwrap();
        assert!(clock.now() < honest);
        for nonsense in ["", "x", "NaN", "inf", "1e300"] {
            std::fs::write(&file, nonsense).unwrap();
            assert!(clock.now() < honest + Duration::from_secs(60), "{nonsense}");
        }
    }
}
