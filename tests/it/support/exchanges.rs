//! Tables of exchanges that go wrong or look as if they did, and how they are checked: whatever a server does, the call ends with
//! the right kind of failure, tells whether a write may have been applied, and leaves no connection behind.

use std::time::{Duration, Instant};

use sinch_numbers::ClientBuilder;

use crate::support::calls::{CALLS, Call, Done, Failed, bound};
use crate::support::faults::{Faults, Step, send};
use crate::support::parallel::in_parallel;

/// For exchanges that do not wait for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// One exchange that goes wrong, or looks as if it did.
pub(crate) struct Row {
    pub(crate) what: String,
    /// What each connection does, over and over.
    pub(crate) script: Vec<Step>,
    /// What the call comes to, in words:
    /// - `ok`: it succeeds with `{}`; `ok, kept`: and its connection is used again; `ok, closed`: and is not;
    /// - `empty`, with a status if it is not 200: the response has no body, which only deprovision may have;
    /// - a failure as [`kind`](crate::support::calls::kind) names it, with the status, if the error has one: `protocol 200`. Where the
    ///   network decides which of several it is, they stand with `or` between them. A connection whose response came whole may
    ///   be kept, whatever it said, but for `protocol 200, closed`. `refused` before it: a write was not applied, for the head
    ///   of the response said so.
    pub(crate) right: &'static str,
}

pub(crate) fn row(what: impl Into<String>, script: Vec<Step>, right: &'static str) -> Row {
    Row { what: what.into(), script, right }
}

/// Answers with these bytes and keeps the connection: what is wrong must be seen without its end.
pub(crate) fn stays(
    what: impl Into<String>,
    bytes: impl Into<Vec<u8>>,
    right: &'static str,
) -> Row {
    row(what, vec![Step::Request, send(bytes)], right)
}

/// Answers with these bytes and ends the stream in order.
pub(crate) fn ends(what: impl Into<String>, bytes: impl Into<Vec<u8>>, right: &'static str) -> Row {
    row(what, vec![Step::Request, send(bytes), Step::End], right)
}

/// Answers with these bytes and resets the connection.
pub(crate) fn resets(
    what: impl Into<String>,
    bytes: impl Into<Vec<u8>>,
    right: &'static str,
) -> Row {
    row(what, vec![Step::Request, send(bytes), Step::Reset], right)
}

/// The head of a successful response, with headers that need no line end behind the last.
pub(crate) fn head(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\n\r\n")
}

pub(crate) const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Bytes of which a text and something that is none are made up.
pub(crate) fn bytes(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

impl Row {
    /// What the failures of the row come to for a call, or `None` where it succeeds.
    fn failures(&self, call: &Call) -> Option<Vec<Failed>> {
        let right = self.right.strip_suffix(", closed").unwrap_or(self.right);
        let right = match right.strip_prefix("empty") {
            Some(_) if call.name == "emergency_address_deprovision" => return None,
            Some(status) => {
                format!("protocol{}", if status.is_empty() { " 200" } else { status })
            }
            None if right.starts_with("ok") => return None,
            None => right.to_owned(),
        };
        Some(right.split(" or ").map(|right| failed(right, call)).collect())
    }

    /// Checks the row with one operation.
    pub(crate) fn check(
        &self,
        call: &Call,
        deadline: Duration,
        configure: fn(ClientBuilder) -> ClientBuilder,
    ) -> Result<(), String> {
        let name = format!("{} / {}", self.what, call.name);
        let mut script = self.script.clone();
        let kept = self.right == "ok, kept";
        if matches!(script.first(), Some(Step::Request)) {
            // For what comes over the same connection, if it is kept: a write asks what became of it.
            script.extend(self.script.clone());
        }
        let server = Faults::new([script]);
        let client = configure(server.builder().max_attempts(1).timeout(deadline)).build().unwrap();
        let began = Instant::now();
        let result = call.run(&client);
        let took = began.elapsed();
        let said = match (&result, self.failures(call)) {
            (Ok(done), None) => {
                let expected = Done { json: "{}".to_owned(), attempts: 1, reconciled: false };
                let done = Done { json: done.json.replace(' ', ""), ..done.clone() };
                (done == expected).then_some(()).ok_or_else(|| format!("{done:?}"))
            }
            (Err(error), Some(expected)) if expected.contains(&Failed::from(error)) => Ok(()),
            (Err(error), _) => Err(format!("{:?}: {error:?}", Failed::from(error))),
            (Ok(done), _) => Err(format!("{done:?}")),
        };
        said.map_err(|said| format!("{name}: {} is right, not {said}", self.right))?;
        if took > bound(deadline) {
            return Err(format!("{name}: took {took:?}"));
        }
        if kept {
            let again = call.run(&client);
            if again.is_err() || server.connections() != 1 {
                return Err(format!("{name}: the connection was not kept: {again:?}"));
            }
        }
        let whole = result.as_ref().map_or_else(|error| error.http_status().is_some(), |_| true);
        let held = usize::from(whole && !self.right.ends_with("closed"));
        server.check_held(held).map_err(|held| format!("{name}: {held}"))
    }
}

/// A failure in words, for a call of one attempt.
pub(crate) fn failed(right: &str, call: &Call) -> Failed {
    let (right, unapplied) = match right.strip_prefix("refused ") {
        Some(right) => (right, true),
        None => (right, false),
    };
    let (kind, status) = match right.split_once(' ') {
        Some((kind, status)) => (kind, Some(status.parse().unwrap())),
        None => (right, None),
    };
    let sent = !matches!(kind, "transport:connect" | "timeout:connect");
    // What a server says with these about a write is that it did not do it.
    let refused = matches!(status, Some(301 | 307 | 308 | 400..=407 | 409..=499));
    let maybe_applied = call.writes && sent && !refused && !unapplied;
    let passing = kind.starts_with("transport")
        || kind.starts_with("timeout")
        || kind == "rate"
        || (kind == "api" && matches!(status, Some(500 | 502 | 503 | 504)));
    Failed {
        kind: kind.to_owned(),
        status,
        attempts: 1,
        maybe_applied,
        can_retry: passing && !maybe_applied,
    }
}

/// Checks every row with all operations and returns how many cases they were: a row is one, and two where deprovision
/// comes to something else than the others.
pub(crate) fn check(
    rows: &[Row],
    deadline: Duration,
    configure: fn(ClientBuilder) -> ClientBuilder,
) -> usize {
    let pairs = rows.iter().flat_map(|row| CALLS.map(move |call| (row, call)));
    check_pairs(rows, &pairs.collect::<Vec<_>>(), deadline, configure)
}

/// The same with a read and a write for each row, by turns: for rows that have to wait.
pub(crate) fn check_by_turns(
    rows: &[Row],
    deadline: Duration,
    configure: fn(ClientBuilder) -> ClientBuilder,
) -> usize {
    let pairs = rows.iter().enumerate().flat_map(|(index, row)| {
        let turn = index % 4;
        [Call::reads().nth(turn), Call::writes().nth(turn)]
            .into_iter()
            .flatten()
            .map(move |call| (row, call))
    });
    check_pairs(rows, &pairs.collect::<Vec<_>>(), deadline, configure)
}

fn check_pairs(
    rows: &[Row],
    pairs: &[(&Row, Call)],
    deadline: Duration,
    configure: fn(ClientBuilder) -> ClientBuilder,
) -> usize {
    in_parallel(pairs, |(row, call)| row.check(call, deadline, configure));
    let mut names: Vec<&str> = rows.iter().map(|row| row.what.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "two rows have the same name");
    rows.iter().map(|row| if row.right.starts_with("empty") { 2 } else { 1 }).sum()
}

/// `{}`, compressed.
pub(crate) const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";
