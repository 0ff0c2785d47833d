//! What a client tells its log: never a key, a token or a secret.

use std::fmt;
use std::sync::Arc;

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// A call failed, by more than an answer that says no.
    Error = 1,
    /// Something failed that the client could deal with: it tries again.
    Warn = 2,
    /// Rare things worth knowing: a new access token, a shutdown.
    Info = 3,
    /// Each call: how it ended.
    Debug = 4,
    /// Each exchange over the network.
    Trace = 5,
}

type Sink = dyn Fn(LogLevel, &str) + Send + Sync;

/// Where the lines go, if anywhere.
#[derive(Clone, Default)]
pub(crate) struct Log(Option<(LogLevel, Arc<Sink>)>);

impl Log {
    pub(crate) fn to(
        max_level: LogLevel,
        sink: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Self {
        Self(Some((max_level, Arc::new(sink))))
    }

    /// Writes a line; it is put together only if somebody wants it.
    pub(crate) fn write(&self, level: LogLevel, line: fmt::Arguments<'_>) {
        if let Some((max_level, sink)) = &self.0 {
            if level <= *max_level {
                sink(level, &line.to_string());
            }
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Log").field(&self.0.as_ref().map(|(level, _)| level)).finish()
    }
}
