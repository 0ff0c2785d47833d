//! Shared by the commands: the client of the environment, Ctrl-C, progress, and requests that are only shown.

use std::borrow::Cow;
use std::env;
use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::process;
use std::sync::LazyLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;
use sinch_numbers::{
    ActiveNumber, CancelToken, Client, ClientBuilder, Error, LogLevel, VoiceApplicationType,
};

use crate::Failure;
use crate::exit::Exit;

/// Makes the client of the environment. Ctrl-C ends its calls.
pub(crate) fn client() -> Result<Client, Failure> {
    client_at(None)
}

/// As [`client`], at a rate of so many requests a second instead of the environment's.
pub(crate) fn client_at(rate: Option<f64>) -> Result<Client, Failure> {
    let interrupted = CancelToken::new();
    on_interrupt({
        let interrupted = interrupted.clone();
        move || {
            if interrupted.is_triggered() {
                // The second time: ends without waiting for requests in flight.
                process::exit(Exit::Interrupted as i32);
            }
            interrupted.trigger();
        }
    })?;
    Ok(configured(rate, true)?.with_cancel(&interrupted))
}

/// Makes the client of a job: Ctrl-C does not end its calls, and no warning says what numbers were linked to, as the plan has it.
pub(crate) fn client_of_job(rate: Option<f64>) -> Result<Client, Failure> {
    Ok(configured(rate, false)?)
}

fn configured(rate: Option<f64>, warns: bool) -> Result<Client, Error> {
    let mut builder = ClientBuilder::from_env()?;
    if let Some(rate) = rate {
        builder = builder.requests_per_second(rate);
    }
    // Failures are printed at the end; the whole log only if the variable asks for it.
    let asked = env::var_os("SINCH_NUMBERS_LOG_LEVEL").is_some_and(|level| !level.is_empty());
    let log = move |level: LogLevel, line: &str| {
        if asked {
            say(format_args!("{line}"));
        } else if warns && level != LogLevel::Error {
            say(format_args!("{}", shortened(line)));
        }
    };
    match builder.log_level() {
        Some(level) => builder.log(level, log).build(),
        None => builder.build(),
    }
}

/// Writes a line of the log for people: of a number before a relink only the links, as they are given to link it back.
fn shortened(line: &str) -> Cow<'_, str> {
    let Some((step, number)) = line.split_once("; it was ") else { return line.into() };
    match serde_json::from_str::<ActiveNumber>(number) {
        Ok(_) => {
            let links = links(number).unwrap_or_else(|| "nothing".to_owned());
            format!("{step}; it was linked to: {links}").into()
        }
        Err(_) => line.into(),
    }
}

/// Calls a function on Ctrl-C, SIGTERM and SIGHUP.
pub(crate) fn on_interrupt(call: impl FnMut() + Send + 'static) -> Result<(), Failure> {
    ctrlc::set_handler(call).map_err(|error| Failure::other(format!("Ctrl-C: {error}")))
}

/// The progress lines on standard error. Other lines are written while they are hidden.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Shows a progress line on standard error, if that is a terminal.
pub(crate) fn progress(message: String) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = BARS.add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_message(message);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Writes a line to standard error.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    // Standard error may be closed.
    BARS.suspend(|| {
        let _ = writeln!(anstream::stderr().lock(), "{line}");
    });
}

/// Asks a person, and reads the response: whether it is yes.
pub(crate) fn ask(question: &str) -> Result<bool, Failure> {
    let failed = |error: io::Error| Failure::other(error.to_string());
    let mut err = anstream::stderr().lock();
    write!(err, "{question} [y/N] ").and_then(|()| err.flush()).map_err(failed)?;
    let mut response = String::new();
    io::stdin().read_line(&mut response).map_err(failed)?;
    let response = response.trim();
    Ok(response.eq_ignore_ascii_case("y") || response.eq_ignore_ascii_case("yes"))
}

/// Writes a count of numbers for people.
pub(crate) fn counted(count: usize) -> String {
    match count {
        1 => "1 number".to_owned(),
        count => format!("{count} numbers"),
    }
}

/// A request as `--dry-run` shows it.
#[derive(Serialize)]
pub(crate) struct RequestPreview<'a, B: Serialize> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<String>,
    method: &'a str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a B>,
}

impl<'a, B: Serialize> RequestPreview<'a, B> {
    /// `action` is what follows the number in the path.
    pub(crate) fn new(
        client: &Client,
        method: &'a str,
        (number, action): (&str, &str),
        body: Option<&'a B>,
    ) -> Self {
        let path = format!("/v1/projects/{}/activeNumbers/{number}{action}", client.project_id());
        Self { step: None, method, path, body }
    }

    pub(crate) fn json(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|error| Failure::other(error.to_string()))
    }
}

/// Makes a call that checks its input but sends nothing.
pub(crate) fn check_input<T>(
    client: &Client,
    call: impl FnOnce(&Client) -> Result<T, Error>,
) -> Result<(), Failure> {
    let ended = CancelToken::new();
    ended.trigger();
    match call(&client.with_cancel(&ended)) {
        Err(error) if !matches!(error.kind(), sinch_numbers::ErrorKind::Cancelled) => {
            Err(error.into())
        }
        _ => Ok(()),
    }
}

/// Writes the links of a number, given as JSON, as flags of `relink`; nothing if it has none.
pub(crate) fn links(number: &str) -> Option<String> {
    let number: ActiveNumber = serde_json::from_str(number).ok()?;
    let sms = number.sms_configuration.unwrap_or_default();
    let voice = number.voice_configuration.unwrap_or_default();
    let (flag, id) = match voice.application_type() {
        VoiceApplicationType::Est => ("--trunk", &voice.trunk_id),
        VoiceApplicationType::Fax => ("--fax-service", &voice.service_id),
        _ => ("--app", &voice.app_id),
    };
    let links =
        [("--service-plan", &sms.service_plan_id), ("--campaign", &sms.campaign_id), (flag, id)];
    let links = links.into_iter().filter_map(|(flag, id)| Some(format!("{flag} {}", id.as_ref()?)));
    let links = links.collect::<Vec<_>>().join(" ");
    (!links.is_empty()).then_some(links)
}
