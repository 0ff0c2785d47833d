//! The program `sinch-numbers`, against the sandbox.

mod audit;
mod callbacks;
mod doctor;
mod jobs;
mod killed;
mod numbers;
mod output;
mod readme;

use std::process::{Command, Output};
use std::time::Duration;

use sinch_numbers::Sandbox;

use crate::support::toolchain;

/// The program of this very build.
const PROGRAM: &str = env!("CARGO_BIN_EXE_sinch-numbers");

/// How the program ended.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn sandbox() -> Sandbox {
    Sandbox::builder().provisioning(Duration::from_millis(20)).start().unwrap()
}

/// A command of the program with the sandbox's account.
fn command(sandbox: &Sandbox, line: &str) -> Command {
    let mut command = toolchain::with_account(PROGRAM, sandbox);
    command.args(words(line)).env_remove("NO_COLOR");
    command
}

fn run(sandbox: &Sandbox, line: &str) -> Ran {
    ended(&command(sandbox, line).output().unwrap())
}

fn ended(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran {
        code: output.status.code().expect("an exit code, not a signal"),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

impl Ran {
    /// What it printed, if it ended with this code.
    #[track_caller]
    fn with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}

/// Splits a command line at blanks, but for those in quotes.
fn words(line: &str) -> Vec<String> {
    let pieces = line.split('"').enumerate().flat_map(|(index, piece)| {
        let quoted = index % 2 == 1;
        let words: Vec<&str> =
            if quoted { vec![piece] } else { piece.split_whitespace().collect() };
        words.into_iter().map(str::to_owned).collect::<Vec<_>>()
    });
    pieces.collect()
}
