//! `sinch_numbers.hpp`: it compiles without a warning in every dialect, does what it says, and leaks nothing.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use sinch_numbers::Sandbox;

use crate::support::server::{Act, Server, ok, response, response_with};
use crate::support::toolchain::{compile, fed, printed, root, with_account};

/// How many calls the program leaves standing at the silent server, one after the other, until it is told that they arrived.
const STANDING: usize = 4;

fn runs(compiler: &str) -> bool {
    Command::new(compiler)
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Compiles a text on standard input, without making anything of it. Returns what the compiler says.
fn complaints(compiler: &str, flags: &[&str], text: &str) -> String {
    let mut compiling = Command::new(compiler);
    compiling
        .args(["-x", "c++", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-pedantic"])
        .args(flags)
        .arg("-I")
        .arg(root().join("include"))
        .arg("-");
    let output = fed(&mut compiling, text.as_bytes());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Uses each part of the header once, with a second inclusion.
const USES: &str = r#"
#include <sinch_numbers.hpp>
#include <sinch_numbers.hpp>
std::string use(const std::string &text);
std::string use(const std::string &text)
{
    sinch_numbers::client client(text, [](int, const std::string &) {});
    const auto stop = sinch_numbers::cancel::after(std::chrono::seconds(2));
    std::string all;
    for (auto &page : client.pages("{}", stop)) {
        all += page.json() + page.value_or("/activeNumbers/0/phoneNumber", "none");
    }
    for (auto &number : client.numbers("{}", stop)) {
        all += number.text("/phoneNumber").str() + std::to_string(number.count("/capability"));
    }
    try {
        all += client.check(stop).json() + client.active_list().json() + client.active_get(text, stop).json() + client.active_update(text, text).json();
        all += client.active_release(text).json() + client.emergency_address_get(text).json();
        all += client.emergency_address_provision(text, text).json() + client.emergency_address_deprovision(text).json();
        all += client.emergency_address_validate(text, text, sinch_numbers::cancel()).json();
        all += client.wait(text).json() + client.relink(text, text, stop).json() + client.ensure_emergency_address(text, text).json();
    } catch (const sinch_numbers::provisioning_error &error) {
        all += error.jobs().str() + error.steps().str() + error.previous().str();
    } catch (const sinch_numbers::address_error &error) {
        all += error.validation().str();
        all += sinch_numbers::explain(text) + sinch_numbers::verify_callback({text, text}, text, text).json();
    } catch (const sinch_numbers::error &error) {
        all += error.what() + error.json() + error.value("/field").str() + error.code_name();
    }
    return all;
}
"#;

#[test]
fn every_dialect_compiles_it_without_a_warning() {
    let more = [
        "-Wshadow",
        "-Wconversion",
        "-Wsign-conversion",
        "-Wold-style-cast",
        "-Wnon-virtual-dtor",
        "-Wzero-as-null-pointer-constant",
    ];
    let clang = ["clang++", "clang++-14"].into_iter().find(|compiler| runs(compiler));
    if clang.is_none() {
        println!("clang++ is not here: only c++ was asked");
    }
    for compiler in ["c++"].into_iter().chain(clang) {
        for dialect in ["-std=c++11", "-std=c++14", "-std=c++17", "-std=c++20", "-std=c++2b"] {
            // With run-time type information the programs below are compiled.
            let flags = [&[dialect, "-fno-rtti"], &more[..]].concat();
            assert_eq!(complaints(compiler, &flags, USES), "", "{compiler} {dialect}");
        }
    }
}

#[test]
fn what_cannot_be_meant_does_not_compile() {
    let sample = |line: &str| {
        format!(
            "#include <sinch_numbers.hpp>\nvoid use(sinch_numbers::client &client);\n\
             void use(sinch_numbers::client &client) {{ {line} }}\n"
        )
    };
    let flags = ["-std=c++11", "-Wno-unused"];
    assert_eq!(complaints("c++", &flags, &sample("client.shutdown();")), "");
    for line in [
        "sinch_numbers::client copy(client);",
        "sinch_numbers::client none(nullptr);",
        "auto pages = client.pages(); auto copy = pages;",
        "auto numbers = client.numbers(); auto copy = numbers;",
        "sinch_numbers::pages pages = client.numbers();",
        "auto read = client.active_get(\"+1\"); auto copy = read;",
        // Both would dangle.
        "const char *json = client.active_get(\"+1\").json_data();",
        "const sinch_numbers::cancel stop; auto copy = stop;",
        // Absent and empty are told apart by asking.
        "std::string name = client.active_get(\"+1\").value(\"/displayName\");",
    ] {
        assert!(complaints("c++", &flags, &sample(line)).contains("error: "), "{line}");
    }
}

/// Runs the program of the behaviour: it ends well and prints its line.
fn behave(program: &Path) {
    let sandbox = Sandbox::start().unwrap();
    let silent = Server::new([Act::Stall]);
    let busy = Server::new([response_with(429, "Retry-After: 20\r\n", "")]);
    let number = r#"{"phoneNumber":"+12025550101","displayName":"old"}"#;
    let lost = Server::new([response(500, ""), ok(number)]);
    let mut running = with_account(program, &sandbox)
        .args([&silent.url, &busy.url, &lost.url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut arrivals = running.stdin.take().unwrap();
    for call in 1..=STANDING {
        // It ends early only if it fails, which its output then says.
        while silent.requests().len() < call && running.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        let _ = arrivals.write_all(b"\n");
    }
    let output = running.wait_with_output().unwrap();
    assert_eq!(printed(&output), "all is as promised\n");
}

#[test]
fn it_behaves() {
    behave(&compile("c++", "tests/cpp/behaviour.cpp", &["-std=c++11"]));
}

#[test]
fn it_behaves_in_a_new_dialect() {
    behave(&compile("c++", "tests/cpp/behaviour.cpp", &["-std=c++20"]));
}

#[test]
fn it_leaks_nothing_and_touches_nothing_that_is_gone() {
    let sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let linking = [&["-o", "/dev/null"], &sanitizers[..]].concat();
    // Not -fsyntax-only: whether the sanitizers' libraries are there shows when a program is linked.
    let linked = Command::new("c++")
        .args(linking)
        .args(["-x", "c++", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .and_then(|mut linking| {
            linking.stdin.take().unwrap().write_all(b"int main() {}\n")?;
            linking.wait()
        });
    if !linked.is_ok_and(|status| status.success()) {
        println!("c++ has no address sanitizer here: leaks were not counted");
        return;
    }
    let flags = [&["-std=c++17", "-O1", "-fno-omit-frame-pointer"], &sanitizers[..]].concat();
    behave(&compile("c++", "tests/cpp/behaviour.cpp", &flags));
}
