//! The library from Python: the tests in `tests/python` and the examples in `examples/python`.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use sinch_numbers::{NumberUpdate, Sandbox};

use crate::support::sandboxed::client;
use crate::support::toolchain::{bare, library_folder, root, with_account};

/// A Python that finds the library of this build.
pub(crate) fn python() -> Command {
    let found = Command::new("python3").arg("--version").output();
    assert!(
        found.is_ok_and(|output| output.status.success()),
        "python3 cannot be run: the tests need cargo, a C and C++ compiler and python3"
    );
    interpreter(Path::new("python3"))
}

/// Every Python of the machine that the module is for, one of each version: on the path, and of pyenv.
fn interpreters() -> BTreeMap<String, PathBuf> {
    let names = (8..30).map(|minor| PathBuf::from(format!("python3.{minor}")));
    let versions = env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv")));
    let of_pyenv = versions.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let of_pyenv = of_pyenv
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/python3")));
    let mut found = BTreeMap::new();
    let usual = ["python3", "/usr/bin/python3"].map(PathBuf::from);
    for python in usual.into_iter().chain(names).chain(of_pyenv) {
        let version =
            "import sys; assert sys.version_info >= (3, 8); print(sys.version.split()[0])";
        let output = Command::new(&python).args(["-c", version]).output();
        if let Some(output) = output.ok().filter(|output| output.status.success()) {
            let version = String::from_utf8(output.stdout).unwrap();
            found.entry(version.trim().to_owned()).or_insert(python);
        }
    }
    found
}

fn interpreter(python: &Path) -> Command {
    let mut command = bare(python);
    command
        .env("SINCH_NUMBERS_LIBRARY", library_folder())
        // No `__pycache__` among the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Runs a file of tests, with the account of a sandbox.
fn passes(file: &str) {
    passes_with(Path::new("python3"), file);
}

fn passes_with(python: &Path, file: &str) {
    let sandbox = Sandbox::start().unwrap();
    let mut command = with_sandbox_and(python, &sandbox);
    command.args(["-W", "error::ResourceWarning"]).arg(root().join("tests/python").join(file));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{file}: {}\n{said}", output.status);
    // A file without tests ends well, too.
    assert!(
        said.contains("\nRan ") && !said.contains("\nRan 0 ") && said.ends_with("OK\n"),
        "{said}"
    );
}

fn with_sandbox(sandbox: &Sandbox) -> Command {
    python();
    with_sandbox_and(Path::new("python3"), sandbox)
}

fn with_sandbox_and(python: &Path, sandbox: &Sandbox) -> Command {
    let mut command = interpreter(python);
    for (name, value) in with_account("true", sandbox).get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
}

#[test]
fn callbacks() {
    passes("test_callbacks.py");
}

#[test]
fn operations() {
    passes("test_operations.py");
}

#[test]
fn errors() {
    passes("test_errors.py");
}

#[test]
fn threads() {
    passes("test_threads.py");
}

#[test]
fn processes() {
    passes("test_processes.py");
}

#[test]
fn library() {
    passes("test_library.py");
}

#[test]
fn values() {
    passes("test_values.py");
}

#[test]
fn waiting() {
    passes("test_waiting.py");
}

#[test]
fn signals() {
    let found = interpreters();
    assert!(!found.is_empty());
    thread::scope(|scope| {
        for (version, python) in &found {
            println!("Python {version}: {}", python.display());
            scope.spawn(|| passes_with(python, "test_signals.py"));
        }
    });
}

#[test]
fn every_file_of_tests_is_run() {
    let this = include_str!("mod.rs");
    for entry in fs::read_dir(root().join("tests/python")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with("test_") || this.contains(&name), "{name} is not run");
    }
}

/// Runs an example and returns its exit code and what it printed, on stdout and on stderr.
fn example(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let script = root().join("examples/python").join(name);
    let output = with_sandbox(sandbox).arg(script).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn done(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> String {
    let (code, out, err) = example(sandbox, name, arguments);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{name} {arguments:?}\n{out}");
    out
}

fn refused(sandbox: &Sandbox, name: &str, arguments: &[&str], piece: &str) {
    let (code, out, err) = example(sandbox, name, arguments);
    assert_eq!(code, Some(if arguments.is_empty() { 2 } else { 1 }), "{name} {arguments:?}\n{out}");
    assert!(err.contains(piece) && !err.contains("Traceback"), "{name} {arguments:?}\n{err}");
}

#[test]
fn the_examples_do_what_they_say() {
    let sandbox = Sandbox::builder()
        .numbers(250)
        .page_max(100)
        .provisioning(Duration::from_millis(10))
        .start()
        .unwrap();
    let fleet = done(&sandbox, "list_fleet.py", &[]);
    let (first, last) = (fleet.lines().next().unwrap(), fleet.lines().last().unwrap());
    assert!(first.starts_with("+12015550000   US LOCAL     Line 1 "), "{first}");
    assert_eq!((fleet.lines().count(), last), (251, "250 numbers on 3 pages"));
    let british = done(&sandbox, "list_fleet.py", &["GB"]);
    assert!(british.ends_with("\n25 numbers on 1 page\n"), "{british}");
    refused(&sandbox, "list_fleet.py", &["--region="], "list_fleet: ");

    let sandbox = Sandbox::builder().provisioning(Duration::from_millis(10)).start().unwrap();
    let number = "+12025550101";
    let link = |plan: &str| done(&sandbox, "link_number.py", &[number, plan]);
    assert_eq!(link("plan-a"), format!("{number} is linked to plan-a\n"), "from another plan");
    assert_eq!(link("plan-a"), format!("{number} is linked to plan-a already\n"));
    let failing = [number, "fail-EXCEEDED_10DLC_LIMIT"];
    refused(&sandbox, "link_number.py", &failing, "link_number: EXCEEDED_10DLC_LIMIT: ");
    refused(&sandbox, "link_number.py", &["+19999999999", "plan"], "404");
    refused(&sandbox, "link_number.py", &[], "usage: link_number.py");

    let put = |street: &str| {
        example(
            &sandbox,
            "emergency_address.py",
            &[number, "3500", street, "Atlanta", "GA", "30326"],
        )
    };
    let provisioned = "provisioned: 3500, Lenox Rd NE, Atlanta, GA, 30326\n";
    let stands = provisioned.replace("provisioned", "stands already");
    let corrected = provisioned.replace("provisioned", "corrected") + &stands;
    assert_eq!(put("Lenox Rd NE"), (Some(0), provisioned.to_owned(), String::new()));
    assert_eq!(put("Lenox Road NE"), (Some(0), corrected, String::new()));
    let (code, out, err) = put("Lenox Road");
    assert_eq!((code, out.as_str()), (Some(1), "perhaps: 3500, Lenox Rd NE, Atlanta, GA, 30326\n"));
    assert!(err.starts_with("emergency_address: emergency_address_ensure"), "{err}");
    refused(&sandbox, "emergency_address.py", &[], "usage: emergency_address.py");
}

#[test]
fn the_receiver_of_callbacks_reads_what_it_is_told() {
    let secret = "the secret of this test";
    let sandbox = Sandbox::builder()
        .callback_secret(secret)
        .provisioning(Duration::from_millis(10))
        .start()
        .unwrap();
    let mut receiver = with_sandbox(&sandbox)
        .arg(root().join("examples/python/receive_callback.py"))
        .env("SINCH_CALLBACK_SECRET", "the next one")
        .env("SINCH_CALLBACK_SECRET_OLD", secret)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(receiver.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().unwrap();

    // What nobody signed is refused.
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut forged = TcpStream::connect(address).unwrap();
    forged.write_all(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}").unwrap();
    let mut response = String::new();
    forged.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.0 401 "), "{response}");

    let client = client(&sandbox);
    let number = "+12025550134";
    let update = NumberUpdate::new().callback_url(url).link_service_plan("plan-a");
    client.update(number, &update).unwrap();
    let mut next = || lines.next().unwrap();
    assert_eq!(next(), "+12025550134 PROVISIONING_TO_SMS_PLATFORM SUCCEEDED");
    assert_eq!(next(), "  is linked to plan-a");
    let failing = NumberUpdate::new().link_campaign("plan-a", "fail-CAMPAIGN_EXPIRED");
    client.update(number, &failing).unwrap();
    assert_eq!(next(), "+12025550134 PROVISIONING_TO_CAMPAIGN FAILED");
    assert_eq!(next(), "  the campaign has expired: renew it in TCR, or use another campaign");
    assert_eq!(next(), "  is linked to plan-a");
    receiver.kill().unwrap();
    let said = receiver.wait_with_output().unwrap().stderr;
    let said = String::from_utf8_lossy(&said);
    assert_eq!(said, "receive_callback: callback_verify: signature is missing\n");
}

#[test]
fn the_examples_say_that_an_account_is_missing() {
    for (name, arguments) in
        [("list_fleet.py", &[][..]), ("link_number.py", &["+12025550101", "plan"])]
    {
        let script = root().join("examples/python").join(name);
        let output = python().arg(script).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("SINCH_PROJECT_ID") && !said.contains("Traceback"), "{said}");
    }
}
