//! The service, locally: see `sinch_numbers::Sandbox`.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use sinch_numbers::{Sandbox, SandboxBuilder};

use crate::Failure;
use crate::exit::Exit;
use crate::session::on_interrupt;

/// The Sinch Active Number API on this machine, for development and tests.
///
/// The first line on standard output is the base URL. The lines after it set the environment variables that the client reads.
/// Stop it with Ctrl-C.
#[derive(Args)]
#[command(after_long_help = NOTES, allow_negative_numbers = true)]
pub(crate) struct SandboxArgs {
    /// IP address to listen on; 0.0.0.0 is all interfaces, as in a container
    #[arg(long, value_name = "ADDRESS")]
    host: Option<IpAddr>,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Serve this many generated numbers instead of the twelve built-in ones, at most 1000000
    #[arg(long, value_name = "COUNT")]
    numbers: Option<usize>,
    /// Wait this long before each response
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,
    /// Respond with 429 to this share of the calls, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    fail_429: f64,
    /// Respond with 503 to this share of the calls, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    fail_503: f64,
    /// Carry out this share of the writes, but respond with 503
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    fail_503_after: f64,
    /// Carry out this share of the writes, but close the connection without a response
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    lose: f64,
    /// Respond to this share of the writes, and carry them out only afterwards
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    late: f64,
    /// A late write is carried out within this time after its response
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    late_by_ms: u64,
    /// At the end, write every accepted write to FILE, a line of JSON each
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Lifetime of a token in seconds
    #[arg(long, value_name = "S", default_value_t = 3600)]
    token_ttl_s: u64,
    /// How long a provisioning job takes
    #[arg(long, value_name = "MS", default_value_t = 300)]
    provisioning_ms: u64,
    /// Sign callbacks with this secret [default: sandbox-callback-secret-0123456789]
    #[arg(long, value_name = "SECRET")]
    callback_secret: Option<String>,
    /// Send callbacks to other machines, too
    #[arg(long)]
    callback_any_host: bool,
    /// Default and maximum size of a page
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    page_max: usize,
    /// Write no line to standard error for each request
    #[arg(long)]
    quiet: bool,
}

const NOTES: &str = "\
Writes are updates, releases, and emergency addresses provisioned and
deprovisioned. Only those that are not refused count for --fail-503-after,
--lose and --late, and one write can meet all three. Until a late write is
carried out, reads show the old state; if it does not apply any more by then, it
is dropped.

When a provisioning job has ended, the number's callback URL is sent a signed
event: only to http URLs of this machine, unless --callback-any-host is given.

A line of the ledger has operation, phoneNumber, requestId, status (null if the
response was lost), late, arrivedMs, appliedMs (null if dropped or still to
come) and dropped (the reason, or null). Times are milliseconds since the start.
First come the writes carried out or dropped, in that order.

Try:
  - a service plan, campaign, app, trunk or fax service that begins with `fail`:
    its provisioning ends as FAILED. For SMS a code may follow:
    fail-EXCEEDED_10DLC_LIMIT.
  - another service plan while one is linked: refused, unlink it first.
  - the emergency addresses 12345 Main St, Springfield IL 62701 (exact match),
    3500 Lenox Road NE, Atlanta GA 30326 (near match) and
    3500 Lenox Road, Atlanta GA 30326 (no match).
";

impl SandboxArgs {
    fn builder(&self) -> SandboxBuilder {
        let mut builder = Sandbox::builder()
            .port(self.port)
            .latency(Duration::from_millis(self.latency_ms))
            .fail_429(self.fail_429)
            .fail_503(self.fail_503)
            .fail_503_after(self.fail_503_after)
            .lose(self.lose)
            .late(self.late, Duration::from_millis(self.late_by_ms))
            .token_ttl(Duration::from_secs(self.token_ttl_s))
            .provisioning(Duration::from_millis(self.provisioning_ms))
            .callback_any_host(self.callback_any_host)
            .page_max(self.page_max)
            .log_requests(!self.quiet);
        if let Some(host) = self.host {
            builder = builder.host(host);
        }
        if let Some(count) = self.numbers {
            builder = builder.numbers(count);
        }
        if let Some(secret) = &self.callback_secret {
            builder = builder.callback_secret(secret);
        }
        builder
    }
}

pub(crate) fn run(args: &SandboxArgs) -> Result<Exit, Failure> {
    // Before anything runs: at the end it would be too late to hear of a wrong path.
    let ledger = match &args.ledger {
        Some(path) => match File::create(path) {
            Ok(file) => Some(BufWriter::new(file)),
            Err(error) => {
                return Err(Failure::refused(format!("--ledger: {}: {error}", path.display())));
            }
        },
        None => None,
    };
    // Before the first line is out, so that a reader of it can end the program.
    let (stop, stopped) = mpsc::channel();
    on_interrupt(move || {
        // After the first signal there is no receiver.
        let _ = stop.send(());
    })?;
    let sandbox = args.builder().start().map_err(|error| match error.kind() {
        // The message begins with the setting.
        io::ErrorKind::InvalidInput => Failure::refused(error.to_string()),
        io::ErrorKind::AddrInUse => Failure::other(format!(
            "port {} is in use; try another, or --port 0 for a free one",
            args.port
        )),
        _ => Failure::other(format!("cannot start: {error}")),
    })?;
    announce(&sandbox)?;
    let _ = stopped.recv();
    stop_and_record(sandbox, ledger)?;
    Ok(Exit::Done)
}

/// Stops the sandbox and writes its ledger, a line of JSON for each write.
fn stop_and_record(sandbox: Sandbox, ledger: Option<impl Write>) -> io::Result<()> {
    let writes = sandbox.shutdown();
    let Some(mut ledger) = ledger else { return Ok(()) };
    // Rounded to microseconds.
    let milliseconds = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    for write in &writes {
        let line = LedgerLine {
            operation: write.operation,
            phone_number: &write.phone_number,
            request_id: &write.request_id,
            status: write.status,
            late: write.late,
            arrived_ms: milliseconds(write.arrived),
            applied_ms: write.applied.map(milliseconds),
            dropped: write.dropped.as_deref(),
        };
        serde_json::to_writer(&mut ledger, &line)?;
        ledger.write_all(b"\n")?;
    }
    ledger.flush()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LedgerLine<'a> {
    operation: &'a str,
    phone_number: &'a str,
    request_id: &'a str,
    status: Option<u16>,
    late: bool,
    arrived_ms: f64,
    applied_ms: Option<f64>,
    dropped: Option<&'a str>,
}

fn announce(sandbox: &Sandbox) -> io::Result<()> {
    let url = sandbox.base_url();
    // In one write: a reader may close the pipe after a few of the lines.
    let mut lines = format!("{url}\n");
    for (name, value) in [
        ("SINCH_PROJECT_ID", sandbox.project_id()),
        ("SINCH_KEY_ID", sandbox.key_id()),
        ("SINCH_KEY_SECRET", sandbox.key_secret()),
        ("SINCH_NUMBERS_URL", url),
        ("SINCH_AUTH_URL", url),
        ("SINCH_CALLBACK_SECRET", sandbox.callback_secret()),
    ] {
        lines += &format!("export {name}={}\n", quoted(value));
    }
    let mut out = io::stdout().lock();
    out.write_all(lines.as_bytes())?;
    out.flush()
}

/// Writes a text as a word of the shell.
fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:[]".contains(c);
    if text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use sinch_numbers::{Client, Credentials};

    use super::*;
    use crate::args::{Cli, Command};

    fn parse(arguments: &str) -> Result<SandboxArgs, String> {
        let line = ["sinch-numbers", "sandbox"].into_iter().chain(arguments.split_whitespace());
        match Cli::try_parse_from(line).map_err(|error| error.to_string())?.command {
            Command::Sandbox(args) => Ok(args),
            _ => panic!("{arguments}"),
        }
    }

    #[test]
    fn every_flag_has_its_setting() {
        let flags = "--port 0 --numbers 3 --latency-ms 1 --fail-429 0.25 --fail-503 1 \
                     --host 0.0.0.0 --fail-503-after 0.125 --lose 0.5 --late 0.75 --late-by-ms 7 \
                     --ledger writes.ndjson --token-ttl-s 20 --provisioning-ms 0 --page-max 2 --quiet \
                     --callback-secret hush --callback-any-host";
        let args = parse(flags).unwrap();
        assert_eq!(args.ledger, Some(PathBuf::from("writes.ndjson")));
        let shown = format!("{:?}", args.builder());
        for setting in [
            "host: 0.0.0.0",
            "port: 0",
            "numbers: Some(3)",
            "latency: 1ms",
            "fail_429: 0.25",
            "fail_503: 1.0",
            "fail_503_after: 0.125",
            "lose: 0.5",
            "late: 0.75",
            "late_by: 7ms",
            "token_ttl: 20s",
            "provisioning: 0ns",
            "page_max: 2",
            "log_requests: false",
            "any_host: true",
        ] {
            assert!(shown.contains(setting), "{setting}: {shown}");
        }
    }

    #[test]
    fn without_flags_it_is_as_the_builder_has_it() {
        let plain = Sandbox::builder().log_requests(true).late(0.0, Duration::from_secs(1));
        let plain = format!("{plain:?}");
        assert_eq!(format!("{:?}", parse("").unwrap().builder()), plain);
    }

    #[test]
    fn a_secret_is_one_word_of_the_shell() {
        for (text, expected) in [
            ("sandbox-key", "sandbox-key"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("a b", "'a b'"),
            ("$(x)'y", r"'$(x)'\''y'"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn a_wrong_flag_is_named() {
        for (arguments, named) in [
            ("--port", "--port"),
            ("--port x", "--port"),
            ("--port 70000", "70000"),
            ("--numbers -1", "-1"),
            ("--fail-429 much", "much"),
            ("--host localhost", "localhost"),
            ("--lose most", "most"),
            ("--late-by-ms -1", "--late-by-ms"),
            ("--ledger", "--ledger"),
            ("--latency-ms 1.5", "--latency-ms"),
            ("--quiet=yes", "--quiet"),
            ("--bogus", "--bogus"),
            ("-x", "-x"),
            ("extra", "extra"),
        ] {
            match parse(arguments) {
                Err(message) => assert!(message.contains(named), "{message}"),
                Ok(_) => panic!("{arguments}"),
            }
        }
    }

    #[test]
    fn the_ledger_has_a_line_for_each_write() {
        let sandbox = Sandbox::builder().fail_503_after(1.0).start().unwrap();
        let credentials = Credentials::basic(sandbox.key_id(), sandbox.key_secret());
        let client = Client::builder(sandbox.project_id(), credentials);
        let client = client.base_url(sandbox.base_url()).auth_url(sandbox.base_url());
        let _ = client.build().unwrap().release("+12025550134");
        let mut ledger = Vec::new();
        stop_and_record(sandbox, Some(&mut ledger)).unwrap();
        let line: serde_json::Value = serde_json::from_slice(&ledger).unwrap();
        assert_eq!(line["operation"], "active_release");
        assert_eq!(line["phoneNumber"], "+12025550134");
        assert_eq!((&line["status"], &line["late"]), (&503.into(), &false.into()));
        assert_eq!(line["arrivedMs"], line["appliedMs"]);
        assert!(line["appliedMs"].is_number() && line["dropped"].is_null(), "{line}");
        assert_eq!(ledger.last(), Some(&b'\n'));
    }
}
