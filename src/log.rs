//! The log of a client. Lines never hold a key, an access token or a secret.

use std::borrow::Cow;
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
    /// A rare event: a new access token, a shutdown, a call that was refused because of the caller's input or by a response below
    /// 500 (a bad number, a 404).
    Info = 3,
    /// The result of each call.
    Debug = 4,
    /// Each exchange over the network.
    Trace = 5,
}

type Sink = dyn Fn(LogLevel, &str) + Send + Sync;

/// The log function of a client and its maximum level, if it has one.
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
                sink(level, &printable(&line.to_string(), 0));
            }
        }
    }
}

/// The longest line of the log, and the longest message, in bytes.
const MOST: usize = 4096;

/// Makes a text safe to show: one line of at most 4 KiB, with control characters escaped as in `\n` and `\u{1b}`. Every text of
/// the service goes through this before a person reads it.
///
/// `rest`: the bytes to leave free for what follows.
pub(crate) fn printable(text: &str, rest: usize) -> Cow<'_, str> {
    const CUT: &str = "...";
    let most = MOST - rest;
    if text.len() <= most && !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len().min(most));
    // The end of the longest part that leaves room for the dots.
    let mut end = 0;
    for character in text.chars() {
        if line.len() <= most - CUT.len() {
            end = line.len();
        }
        if character == '\0' {
            line.push_str("\\0");
        } else if is_control(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
        if line.len() > most {
            line.truncate(end);
            line.push_str(CUT);
            break;
        }
    }
    Cow::Owned(line)
}

/// Tells whether a character is a control character, breaks lines, or changes the direction of writing.
fn is_control(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || character.is_control()
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Log").field(&self.0.as_ref().map(|(level, _)| level)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_bounded() {
        let long = "x".repeat(MOST);
        let cut = format!("{}...", "x".repeat(MOST - 3));
        let euros = "€".repeat(2000);
        let cut_euros = format!("{}...", "€".repeat((MOST - 3) / 3));
        let escapes = "\u{1b}".repeat(2000);
        let cut_escapes = format!("{}...", "\\u{1b}".repeat((MOST - 3) / 6));
        for (text, expected) in [
            ("", ""),
            ("Stra\u{df}e \\n", "Stra\u{df}e \\n"),
            ("a\r\nb\tc\0\u{1b}[2J\u{9b}m\u{7f}", "a\\r\\nb\\tc\\0\\u{1b}[2J\\u{9b}m\\u{7f}"),
            ("a\u{202e}b\u{2028}", "a\\u{202e}b\\u{2028}"),
            (&long, &long),
            (&format!("{long}x"), &cut),
            (&euros, &cut_euros),
            (&escapes, &cut_escapes),
        ] {
            assert_eq!(printable(text, 0), expected);
            assert_eq!(printable(&printable(text, 0), 0), expected, "once is enough");
        }
    }
}
