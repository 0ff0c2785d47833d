//! Callbacks: verified from standard input, and received by a local server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use sinch_numbers::Sandbox;

use super::{Ran, command, ended, run, sandbox};
use crate::support::toolchain::fed;

/// Two bodies with their signatures by the secret `my-callback-secret`.
const BODY: &str = r#"{"eventId":"event_id","timestamp":"2025-04-08T10:38:04.854087603","projectId":"project-id","resourceId":"+1234567890","resourceType":"ACTIVE_NUMBER","eventType":"PROVISIONING_TO_VOICE_PLATFORM","status":"SUCCEEDED","failureCode":null,"internalFailureCode":null}"#;
const SIGNATURE: &str = "d2107528d5d52897a97dc6e24e09a208036ccd83";

fn verify(sandbox: &Sandbox, line: &str, secret: &str, body: &str) -> Ran {
    let mut verify = command(sandbox, line);
    ended(&fed(verify.env("HOOK", secret), body.as_bytes()))
}

#[test]
fn a_callback_on_standard_input_is_verified() {
    let sandbox = sandbox();
    let line = format!("callbacks verify --signature {SIGNATURE} --secret-env HOOK");
    let good = verify(&sandbox, &line, "my-callback-secret\n", BODY).with(0);
    assert_eq!(good.out, format!("{BODY}\n"));
    let table = verify(&sandbox, &format!("{line} -o table"), "my-callback-secret", BODY).with(0);
    assert!(table.out.contains("Number    +1234567890\n"), "{table:?}");
    for (secret, body, code) in
        [("another", BODY, 4), ("my-callback-secret", "{}", 4), ("", BODY, 2)]
    {
        let refused = verify(&sandbox, &line, secret, body).with(code);
        assert!(refused.out.is_empty() && !refused.err.contains("my-callback"), "{refused:?}");
    }
    let both = format!(
        "callbacks verify --signature {SIGNATURE} --secret-env SINCH_CALLBACK_SECRET --secret-env HOOK"
    );
    assert!(
        verify(&sandbox, &both, "my-callback-secret", BODY)
            .with(2)
            .err
            .contains("SINCH_CALLBACK_SECRET")
    );
}

/// A listener, with what it prints.
struct Listening {
    child: Child,
    url: String,
    out: BufReader<std::process::ChildStdout>,
}

fn listen(sandbox: &Sandbox, flags: &str) -> Listening {
    let mut listen = command(sandbox, &format!("callbacks listen {flags}"));
    listen
        .env("SINCH_CALLBACK_SECRET", sandbox.callback_secret())
        .env("HOOK", "my-callback-secret");
    let mut child = listen.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").expect(&line).to_owned();
    // What else it says is read, so that it never has to wait for that.
    std::thread::spawn(move || err.read_to_end(&mut Vec::new()));
    let out = BufReader::new(child.stdout.take().unwrap());
    Listening { child, url, out }
}

impl Listening {
    fn connect(&self) -> TcpStream {
        let address = self.url.trim_start_matches("http://").trim_end_matches('/');
        TcpStream::connect(address).unwrap()
    }

    /// Sends a request as it is written, and returns the statuses that come.
    fn raw(&self, request: &str) -> Vec<u16> {
        let mut stream = self.connect();
        // All at once: a listener may respond to its first line, and close.
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let lines = response.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 "));
        lines.map(|line| line[..3].parse().unwrap()).collect()
    }

    /// Sends a request, and returns the status of the response.
    fn post(&self, head: &str, body: &str) -> u16 {
        let length = body.len();
        let request = format!("{head}\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}");
        self.raw(&request)[0]
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    fn stop(mut self) -> String {
        // SAFETY: a signal to a child that was not waited for yet.
        unsafe { libc::kill(self.child.id().try_into().unwrap(), libc::SIGINT) };
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

#[test]
fn callbacks_are_received_once() {
    let sandbox = sandbox();
    let mut listening = listen(&sandbox, "--secret-env SINCH_CALLBACK_SECRET --secret-env HOOK");
    let signed = format!("POST / HTTP/1.1\r\nx-sinch-signature: {SIGNATURE}");
    for (head, body, status) in [
        (signed.as_str(), BODY, 200),
        (&signed, BODY, 200),
        (&signed, "{}", 401),
        ("POST / HTTP/1.1", BODY, 401),
        (&format!("{signed}\r\nX-Sinch-Signature: {}", "0".repeat(40)), BODY, 400),
        (&format!("{signed}\r\nTransfer-Encoding: chunked"), BODY, 400),
        ("GET / HTTP/1.1", "", 405),
        ("rubbish", "", 400),
    ] {
        assert_eq!(listening.post(head, body), status, "{head}");
    }
    assert_eq!(listening.line(), format!("{BODY}\n"));
    // The sandbox's own events come, too.
    let line =
        format!("update +12025550134 --service-plan fail-x --callback-url {}", listening.url);
    run(&sandbox, &line).with(0);
    let event = listening.line();
    assert!(event.contains("+12025550134") && event.contains("FAILED"), "{event}");
    assert_eq!(listening.stop(), "");
}

#[test]
fn callbacks_are_sent_on_as_they_came() {
    let sandbox = sandbox();
    let mut behind = mockito::Server::new();
    let mock = |behind: &mut mockito::Server, status: usize| {
        let mock = behind.mock("POST", "/hook").match_header("x-sinch-signature", SIGNATURE);
        mock.match_body(BODY).with_status(status).expect(1).create()
    };
    let mut listening =
        listen(&sandbox, &format!("--secret-env HOOK --forward {}/hook", behind.url()));
    let signed = format!("POST / HTTP/1.1\r\nX-Sinch-Signature: {SIGNATURE}");
    // What was not taken is sent on again, and printed once.
    let (busy, works) = (mock(&mut behind, 503), mock(&mut behind, 200));
    assert_eq!([(); 3].map(|()| listening.post(&signed, BODY)), [503, 200, 200]);
    busy.assert();
    works.assert();
    assert_eq!(listening.line(), format!("{BODY}\n"));
    drop(behind);
    assert_eq!(listening.stop(), "");
    let refused = run(&sandbox, "callbacks listen --secret-env PATH --forward ftp://x/").with(2);
    assert!(refused.err.contains("--forward"), "{refused:?}");
}

#[test]
fn a_listener_can_stop_by_itself() {
    let sandbox = sandbox();
    let mut listening = listen(&sandbox, "--secret-env HOOK --limit 1");
    let signed = format!("POST / HTTP/1.1\r\nX-Sinch-Signature: {SIGNATURE}");
    assert_eq!(listening.post(&signed, BODY), 200);
    assert_eq!(listening.line(), format!("{BODY}\n"));
    assert!(listening.child.wait().unwrap().success());
}

#[test]
fn bodies_come_in_every_way_that_http_has() {
    let sandbox = sandbox();
    let mut listening = listen(&sandbox, "--secret-env HOOK");
    let signed = format!("POST / HTTP/1.1\r\nHost: x\r\nX-Sinch-Signature: {SIGNATURE}\r\n");
    let chunked = format!("{signed}Transfer-Encoding: Chunked\r\n\r\n");
    let (first, second) = BODY.split_at(17);
    let chunk = |text: &str| format!("{:x};name=value\r\n{text}\r\n", text.len());
    let whole = format!("{chunked}{}{}0\r\nTrailer: x\r\n\r\n", chunk(first), chunk(second));
    assert_eq!(listening.raw(&whole), [200]);
    assert_eq!(listening.line(), format!("{BODY}\n"));
    let length = BODY.len();
    let expecting = format!("{signed}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n");
    let mut stream = listening.connect();
    stream.write_all(expecting.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(BODY.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");

    let most = 1024 * 1024;
    let long = "x".repeat(200_000);
    let row = |headers: &str, body: &str| format!("{signed}{headers}\r\n\r\n{body}");
    for (request, status) in [
        (row("Host: x", BODY), 411),
        (row("Transfer-Encoding: gzip, chunked", BODY), 501),
        (row(&format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"), BODY), 400),
        (row("Content-Length: +5", BODY), 400),
        (row("Content-Length: ", BODY), 400),
        (row("Content-Length: 99999999999999999999999", &long), 413),
        (row(&format!("Content-Length: {}", most + 1), &long), 413),
        (row("Transfer-Encoding: chunked", "x\r\n"), 400),
        (row("Transfer-Encoding: chunked", "3\r\nabcd\r\n0\r\n\r\n"), 400),
        (row("Transfer-Encoding: chunked", &format!("{:x}\r\n{long}", most + 1)), 413),
        (row("Transfer-Encoding: chunked", "fffffffffffffffffff\r\n"), 400),
        (row("Transfer-Encoding: chunked", &format!("0\r\n{long}")), 431),
        (row(&format!("X: {long}"), ""), 431),
    ] {
        let shown = request.get(..200).unwrap_or(&request);
        assert_eq!(listening.raw(&request), [status], "{shown}");
    }
    assert_eq!(listening.stop(), "");
}

#[test]
fn who_sends_half_a_request_holds_nobody_up() {
    let sandbox = sandbox();
    let mut listening = listen(&sandbox, "--secret-env HOOK");
    let mut silent = listening.connect();
    let mut half = listening.connect();
    half.write_all(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab").unwrap();
    let signed = format!("POST / HTTP/1.1\r\nX-Sinch-Signature: {SIGNATURE}");
    assert_eq!(listening.post(&signed, BODY), 200);
    assert_eq!(listening.line(), format!("{BODY}\n"));
    // The program ends before their time is over, so they get no response.
    assert_eq!(listening.stop(), "");
    for stream in [&mut silent, &mut half] {
        let mut response = Vec::new();
        let _ = stream.read_to_end(&mut response);
        assert_eq!(String::from_utf8_lossy(&response), "");
    }
}
