//! The program `sinch-numbers`: the Active Number API for operators.

mod args;
mod audit;
mod callbacks;
mod certificate;
mod columns;
mod doctor;
mod emergency;
mod exit;
mod incoming;
mod jobs;
mod listen;
mod manual;
mod numbers;
mod output;
mod reach;
mod sandbox;
mod session;

use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use sinch_numbers::Error;

use crate::args::{Cli, Command, Emergency};
use crate::exit::Exit;
use crate::session::say;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}

fn run(Cli { command, output }: Cli) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => numbers::list(&args, &output),
        Command::Get(args) => numbers::get(&args, &output),
        Command::Update(args) => numbers::update(&args, &output),
        Command::Relink(args) => numbers::relink(&args, &output),
        Command::Wait(args) => numbers::wait(&args, &output),
        Command::Release(args) => numbers::release(&args, &output),
        Command::Emergency(Emergency::Get { number }) => emergency::get(&number, &output),
        Command::Emergency(Emergency::Validate { number, address }) => {
            emergency::validate(&number, address, &output)
        }
        Command::Emergency(Emergency::Set(args)) => emergency::set(args, &output),
        Command::Emergency(Emergency::Remove { number, dry_run }) => {
            emergency::remove(&number, dry_run, &output)
        }
        Command::Audit(args) => audit::run(&args, &output),
        Command::Plan(args) => jobs::plan::make(&args, &output),
        Command::Apply(args) => jobs::apply::run(&args, &output),
        Command::Report { journal } => jobs::report::run(&journal, &output),
        Command::Explain(args) => numbers::explain(&args, &output),
        Command::Callbacks(args) => callbacks::run(args, &output),
        Command::Doctor => doctor::run(&output),
        Command::Sandbox(args) => sandbox::run(&args),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { dir } => manual::pages(dir.as_deref()),
    }
}

/// The failure of a command: its message, advice and exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    /// For people. Empty if there is nothing to print.
    message: String,
    /// What to do, a line each.
    advice: Vec<String>,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), advice: Vec::new() }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::new(Exit::Other, message)
    }

    pub(crate) fn advise(mut self, line: impl Into<String>) -> Self {
        self.advice.push(line.into());
        self
    }

    /// Replaces the exit code.
    pub(crate) fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Marks a failure that came after a change was made: the codes that promise that nothing was changed do not hold.
    pub(crate) fn after_a_change(self) -> Self {
        match self.exit {
            Exit::Refused | Exit::NotFound | Exit::Unavailable => self.with_exit(Exit::Other),
            _ => self,
        }
    }

    /// Adds advice if the exit code is this.
    pub(crate) fn advise_if(self, exit: Exit, line: &str) -> Self {
        if self.exit == exit { self.advise(line) } else { self }
    }

    /// Prints it to standard error.
    pub(crate) fn print(&self) {
        if self.message.is_empty() {
            return;
        }
        say(format_args!("\u{1b}[1;31merror:\u{1b}[0m {}", self.message));
        for line in &self.advice {
            say(format_args!("  {line}"));
        }
    }
}

impl From<io::Error> for Failure {
    /// A failure of standard output.
    fn from(error: io::Error) -> Self {
        // The reader closed the pipe.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Done, "");
        }
        Self::other(format!("standard output: {error}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = Exit::of(&error);
        let interrupted = exit == Exit::Interrupted && !error.may_have_been_applied();
        let message = if interrupted { "interrupted".to_owned() } else { chain(&error) };
        let mut failure = Self::new(exit, message);
        let number = error.phone_number().unwrap_or("NUMBER");
        let about_address = error.operation().is_some_and(|name| name.starts_with("emergency"));
        let get = if about_address { "emergency get" } else { "get" };
        if let Some(steps) = error.steps().filter(|steps| *steps != "[]") {
            let steps = serde_json::from_str(steps).unwrap_or_default();
            failure = failure.advise(format!("steps: {}", columns::text(&steps, ", ")));
        }
        if let Some(links) = error.previous().and_then(session::links) {
            failure =
                failure.advise(format!("it was linked so: sinch-numbers relink {number} {links}"));
        }
        match exit {
            Exit::Unknown => failure.advise(format!(
                "it is unknown whether this was done; see first: sinch-numbers {get} {number}"
            )),
            Exit::Interrupted if error.may_have_been_applied() => {
                failure.advise("what was begun goes on; the same command again does the rest")
            }
            Exit::StillRunning => {
                failure.advise(format!("it goes on; see: sinch-numbers wait {number}"))
            }
            Exit::Unavailable => match error.retry_after() {
                Some(time) => failure.advise(format!("try again in {} s", time.as_secs().max(1))),
                None => failure.advise("nothing was applied; try again later"),
            },
            Exit::Denied if error.http_status().is_some() => {
                failure.advise("see what is wrong: sinch-numbers doctor")
            }
            _ => failure,
        }
    }
}

/// The message of a failure and of its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text += &format!(": {next}");
        }
        cause = error.source();
    }
    text
}
