//! The log of a client. Lines never hold a key, an access token or a secret.

use std::fmt;
use std::sync::Arc;

/// The severity of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// A call failed, other than by an error response below 500.
    Error = 1,
    /// A failure that the client handles itself, by a retry.
    Warn = 2,
    /// A rare event: a new access token, a shutdown.
    Info = 3,
    /// The result of each call.
    Debug = 4,
    /// Each exchange over the network.
    Trace = 5,
}

type Sink = dyn Fn(LogLevel, &str) + Send + Sync;

/// The sink of log lines and its maximum level, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Log(Option<(LogLevel, Arc<Sink>)>);

impl Log {
    pub(crate) fn to(
        max_level: LogLevel,
        sink: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Self {
        Self(Some((max_level, Arc::new(sink))))
    }

    /// Writes a line. It is formatted only if its level is enabled.
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
