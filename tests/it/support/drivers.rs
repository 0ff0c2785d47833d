//! Programs that make calls for the tests, one a line, through C and through Python.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;

use crate::python::python;
use crate::support::toolchain::{bare, compile, root};

/// What a call came to: code, HTTP status, JSON.
pub(crate) type Outcome = (i32, u16, String);

pub(crate) fn c_driver() -> Command {
    // Once: a program must not be written while another test runs it.
    static COMPILED: LazyLock<PathBuf> =
        LazyLock::new(|| compile("cc", "tests/c/table.c", &["-std=c89"]));
    bare(&*COMPILED)
}

/// Of the calls that wait alone.
pub(crate) fn cpp_driver() -> Command {
    bare(compile("c++", "tests/cpp/table.cpp", &["-std=c++11"]))
}

pub(crate) fn python_driver() -> Command {
    let mut script = python();
    script.arg(root().join("tests/python/table.py"));
    script
}

/// Lets a driver make the calls of its lines (operation, number and JSON, with tabs between them) with an account at a server,
/// and collects what they came to. `more` is what stands in the C driver's configuration besides, as in
/// `"auth": "basic", "timeoutMs": 100`.
pub(crate) fn drive(mut command: Command, url: &str, more: &str, lines: String) -> Vec<Outcome> {
    if !more.is_empty() {
        let config = format!(
            r#"{{"projectId": "project-1", "keyId": "key-id", "keySecret": "key-secret", "baseUrl": "{url}", "authUrl": "{url}", {more}}}"#
        );
        command.env("CONFIG", config);
    }
    command
        .env("SINCH_PROJECT_ID", "project-1")
        .env("SINCH_KEY_ID", "key-id")
        .env("SINCH_KEY_SECRET", "key-secret")
        .env("SINCH_NUMBERS_URL", url)
        .env("SINCH_AUTH_URL", url);
    feed(command, lines)
}

/// The same with the account of the command's environment.
pub(crate) fn feed(mut command: Command, lines: String) -> Vec<Outcome> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // Beside the reading: a pipe holds only so much.
    let writing = thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "{command:?}");
    outcomes(&String::from_utf8(output.stdout).unwrap())
}

/// Reads what a driver prints.
fn outcomes(mut text: &str) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    while let Some((head, rest)) = text.split_once('\n') {
        let head: Vec<usize> = head.split(' ').map(|part| part.parse().unwrap()).collect();
        let [code, status, length] = head[..] else { panic!("{head:?}") };
        let (json, rest) = rest.split_at(length);
        let (code, status) = (i32::try_from(code).unwrap(), u16::try_from(status).unwrap());
        outcomes.push((code, status, json.to_owned()));
        text = rest.strip_prefix('\n').unwrap();
    }
    outcomes
}
