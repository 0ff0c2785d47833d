//! The service, locally, as a program: see `sinch_numbers::Sandbox`.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::mpsc;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use serde::Serialize;
use sinch_numbers::{Sandbox, SandboxBuilder};

const HELP: &str = "\
The Sinch Active Number API on this machine, for development and tests. Unofficial.

Usage: sinch-numbers-sandbox [OPTIONS]

Options:
  --host ADDRESS        IP address to listen on; 0.0.0.0 is all interfaces, as
                        in a container [127.0.0.1]
  --port PORT           port to listen on; 0 takes a free one [0]
  --numbers COUNT       so many generated numbers instead of the twelve seeded
                        ones, at most 1000000
  --latency-ms MS       wait so long before each response [0]
  --fail-429 SHARE      answer that share of the calls 429, from 0 to 1 [0]
  --fail-503 SHARE      answer that share of the calls 503, from 0 to 1 [0]
  --fail-503-after SHARE
                        carry out that share of the writes, but answer 503 [0]
  --lose SHARE          carry out that share of the writes, but close the
                        connection without a response [0]
  --late SHARE          answer that share of the writes, and carry them out only
                        afterwards [0]
  --late-by-ms MS       a late write is carried out within that time after its
                        response [1000]
  --ledger FILE         at the end, write every accepted write to FILE, a line of
                        JSON each
  --token-ttl-s S       lifetime of a token in seconds [3600]
  --provisioning-ms MS  how long a provisioning job takes [300]
  --callback-secret S   sign callbacks with that secret
                        [sandbox-callback-secret-0123456789]
  --callback-any-host   send callbacks to other machines, too
  --page-max COUNT      default and maximum size of a page [1000]
  --quiet               no line on standard error for each request
  --help                print this
  --version             print the version

The first line on standard output is the base URL. The lines after it set the
environment variables that the client reads. Stop it with Ctrl-C.

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

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody listens: the exit code says it, too.
            let _ = writeln!(io::stderr(), "sinch-numbers-sandbox: {error}");
            match error {
                Error::Usage(_) => ExitCode::from(2),
                Error::Start { .. } | Error::Other(_) => ExitCode::FAILURE,
            }
        }
    }
}

fn run() -> Result<(), Error> {
    let Some(Settings { port, ledger, builder }) = Settings::parse(Parser::from_env())? else {
        return Ok(());
    };
    // Before anything runs: at the end it would be too late to hear of a wrong path.
    let ledger = match ledger {
        Some(path) => match File::create(&path) {
            Ok(file) => Some(BufWriter::new(file)),
            Err(error) => {
                return Err(Error::Usage(format!("--ledger: {}: {error}", path.display())));
            }
        },
        None => None,
    };
    // Before the first line is out, so that whoever reads it can end the program.
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        // A second signal finds nobody waiting.
        let _ = stop.send(());
    })
    .map_err(|error| Error::Other(io::Error::other(error)))?;
    let sandbox = builder.start().map_err(|error| match error.kind() {
        // The message begins with the setting.
        io::ErrorKind::InvalidInput => Error::Usage(error.to_string()),
        _ => Error::Start { port, error },
    })?;
    announce(&sandbox)?;
    let _ = stopped.recv();
    stop_and_record(sandbox, ledger)?;
    Ok(())
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
    let mut out = io::stdout().lock();
    writeln!(out, "{url}")?;
    for (name, value) in [
        ("SINCH_PROJECT_ID", sandbox.project_id()),
        ("SINCH_KEY_ID", sandbox.key_id()),
        ("SINCH_KEY_SECRET", sandbox.key_secret()),
        ("SINCH_NUMBERS_URL", url),
        ("SINCH_AUTH_URL", url),
        ("SINCH_CALLBACK_SECRET", sandbox.callback_secret()),
    ] {
        writeln!(out, "export {name}={}", quoted(value))?;
    }
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

/// What the command line asks for.
struct Settings {
    port: u16,
    ledger: Option<PathBuf>,
    builder: SandboxBuilder,
}

impl Settings {
    /// Reads the command line. Nothing if all it asks for has been printed.
    fn parse(mut arguments: Parser) -> Result<Option<Self>, Error> {
        let mut port = 0;
        let mut ledger = None;
        let (mut late, mut late_by) = (0.0, Duration::from_secs(1));
        let mut builder = Sandbox::builder().log_requests(true);
        while let Some(argument) = arguments.next()? {
            let Arg::Long(flag) = argument else { return Err(argument.unexpected().into()) };
            let flag = flag.to_owned();
            builder = match &*flag {
                "host" => builder.host(address(&mut arguments, &flag)?),
                "port" => {
                    port = number(&mut arguments, &flag)?;
                    builder.port(port)
                }
                "numbers" => builder.numbers(number(&mut arguments, &flag)?),
                "latency-ms" => builder.latency(milliseconds(&mut arguments, &flag)?),
                "fail-429" => builder.fail_429(number(&mut arguments, &flag)?),
                "fail-503" => builder.fail_503(number(&mut arguments, &flag)?),
                "fail-503-after" => builder.fail_503_after(number(&mut arguments, &flag)?),
                "lose" => builder.lose(number(&mut arguments, &flag)?),
                "late" => {
                    late = number(&mut arguments, &flag)?;
                    builder
                }
                "late-by-ms" => {
                    late_by = milliseconds(&mut arguments, &flag)?;
                    builder
                }
                "ledger" => {
                    ledger = Some(PathBuf::from(arguments.value()?));
                    builder
                }
                "token-ttl-s" => {
                    builder.token_ttl(Duration::from_secs(number(&mut arguments, &flag)?))
                }
                "provisioning-ms" => builder.provisioning(milliseconds(&mut arguments, &flag)?),
                "callback-secret" => builder.callback_secret(arguments.value()?.string()?),
                "callback-any-host" => builder.callback_any_host(true),
                "page-max" => builder.page_max(number(&mut arguments, &flag)?),
                "quiet" => builder.log_requests(false),
                "help" => {
                    io::stdout().write_all(HELP.as_bytes())?;
                    return Ok(None);
                }
                "version" => {
                    writeln!(io::stdout(), "sinch-numbers-sandbox {}", env!("CARGO_PKG_VERSION"))?;
                    return Ok(None);
                }
                _ => return Err(Error::Usage(format!("unknown option --{flag}; try --help"))),
            };
        }
        Ok(Some(Self { port, ledger, builder: builder.late(late, late_by) }))
    }
}

fn address(arguments: &mut Parser, flag: &str) -> Result<IpAddr, Error> {
    let text = arguments.value()?.string()?;
    text.parse().map_err(|_| Error::Usage(format!("--{flag}: {text:?} is not an IP address")))
}

fn milliseconds(arguments: &mut Parser, flag: &str) -> Result<Duration, Error> {
    number(arguments, flag).map(Duration::from_millis)
}

fn number<T: FromStr>(arguments: &mut Parser, flag: &str) -> Result<T, Error> {
    let text = arguments.value()?.string()?;
    text.parse().map_err(|_| Error::Usage(format!("--{flag}: {text:?} is not a number that fits")))
}

/// Why the program ends other than it should.
enum Error {
    Usage(String),
    Start { port: u16, error: io::Error },
    Other(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => f.write_str(message),
            Self::Start { port, error } if error.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "port {port} is in use; try another, or --port 0 for a free one")
            }
            Self::Start { error, .. } => write!(f, "cannot start: {error}"),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Other(error)
    }
}

#[cfg(test)]
mod tests {
    use sinch_numbers::{Client, Credentials};

    use super::*;

    fn parse(arguments: &str) -> Result<Option<Settings>, Error> {
        Settings::parse(Parser::from_args(arguments.split_whitespace()))
    }

    #[test]
    fn every_flag_of_the_help_is_understood() {
        let flags = "--port 0 --numbers 3 --latency-ms 1 --fail-429 0.25 --fail-503 1 \
                     --host 0.0.0.0 --fail-503-after 0.125 --lose 0.5 --late 0.75 --late-by-ms 7 \
                     --ledger writes.ndjson --token-ttl-s 20 --provisioning-ms 0 --page-max 2 --quiet \
                     --callback-secret hush --callback-any-host";
        let Ok(Some(Settings { port: 0, ledger: Some(ledger), builder })) = parse(flags) else {
            panic!("{flags}")
        };
        assert_eq!(ledger, PathBuf::from("writes.ndjson"));
        let shown = format!("{builder:?}");
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
        for flag in flags.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(HELP.contains(flag), "{flag}");
        }
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
                Err(Error::Usage(message)) => assert!(message.contains(named), "{message}"),
                _ => panic!("{arguments}"),
            }
        }
    }

    #[test]
    fn late_writes_come_within_a_second_unless_told_otherwise() {
        let Ok(Some(Settings { builder, .. })) = parse("--late 1") else { panic!("--late") };
        let shown = format!("{builder:?}");
        assert!(shown.contains("late: 1.0") && shown.contains("late_by: 1s"), "{shown}");
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
