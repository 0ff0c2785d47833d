//! Programs that make calls for the tests, one a line, through C and through Python.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use crate::python::python;
use crate::support::toolchain::{bare, compile, fed, root, server_account};

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
pub(crate) fn drive(
    mut command: Command,
    url: &str,
    more: &str,
    lines: impl AsRef<str>,
) -> Vec<Outcome> {
    if !more.is_empty() {
        let config = format!(
            r#"{{"projectId": "project-1", "keyId": "key-id", "keySecret": "key-secret", "baseUrl": "{url}", "authUrl": "{url}", {more}}}"#
        );
        command.env("CONFIG", config);
    }
    server_account(&mut command, url);
    feed(command, lines)
}

/// The same with the account of the command's environment.
pub(crate) fn feed(mut command: Command, lines: impl AsRef<str>) -> Vec<Outcome> {
    let output = fed(&mut command, lines.as_ref().as_bytes());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
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
