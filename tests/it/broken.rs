//! Broken framing and broken connections: whatever a server does to an exchange, the call ends with the right kind of failure,
//! tells whether a write may have been applied, and leaves no connection behind.

use std::time::{Duration, Instant};

use crate::calls::{CALLS, Failed, bound};
use crate::faults::{Faults, Step, send};

const DEADLINE: Duration = Duration::from_secs(5);

struct Row {
    what: &'static str,
    /// What each connection does, over and over.
    script: Vec<Step>,
    /// What the call comes to: kind and status.
    kind: &'static str,
    status: Option<u16>,
    /// Whether a write that met it may have been applied: its request had begun to go out.
    sent: bool,
}

fn rows() -> Vec<Row> {
    let answered = |what, bytes: &str, kind, status| Row {
        what,
        script: vec![Step::Request, send(bytes), Step::End],
        kind,
        status,
        sent: true,
    };
    vec![
        Row {
            what: "reset after the request",
            script: vec![Step::Request, Step::Reset],
            kind: "transport:wait",
            status: None,
            sent: true,
        },
        answered("no answer", "", "transport:wait", None),
        answered(
            "a length that is too long",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
            "transport:receive",
            None,
        ),
        answered("the banner of SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "protocol", None),
    ]
}

#[test]
fn broken_exchanges_are_told_as_what_they_are() {
    for row in rows() {
        for call in CALLS {
            let name = format!("{}: {}", call.name, row.what);
            let server = Faults::new([row.script.clone()]);
            let client = server.builder().max_attempts(1).timeout(DEADLINE).build().unwrap();
            let began = Instant::now();
            let error = call.run(&client).unwrap_err();
            assert!(began.elapsed() < bound(DEADLINE), "{name}");
            let maybe_applied = call.writes && row.sent;
            let expected = Failed {
                kind: row.kind.to_owned(),
                status: row.status,
                attempts: 1,
                maybe_applied,
                can_retry: row.kind.starts_with("transport") && !maybe_applied,
            };
            assert_eq!(Failed::from(&error), expected, "{name}: {error:?}");
            server.assert_held(0, &name);
        }
    }
}
