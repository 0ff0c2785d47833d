//! What the library promises beside its responses, from C: cancel, shutdown, threads, fork, signals, limits, unloading.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use sinch_numbers::Sandbox;

use crate::support::server::{Act, Server, ok, response_with, token};
use crate::support::toolchain::{
    bare, compile, library_folder, printed, server_account, with_account,
};

/// A program of `tests/c`. What it does not use it does not link: `load` is to load the library itself.
fn program(name: &'static str) -> PathBuf {
    compile("cc", &format!("tests/c/{name}.c"), &["-std=gnu11", "-Wl,--as-needed"])
}

/// Runs a program with the account of a sandbox, and returns what it printed.
fn run(name: &'static str, arguments: &[&str]) -> String {
    let sandbox = Sandbox::start().unwrap();
    printed(&with_account(program(name), &sandbox).args(arguments).output().unwrap())
}

fn with_server(name: &'static str, server: &Server) -> Command {
    let mut command = bare(program(name));
    server_account(&mut command, &server.url);
    command
}

/// Runs a program that waits for a line on stdin, and gives it one when the server has seen what it is to see.
fn run_until(mut command: Command, line: &str, seen: impl Fn() -> bool) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    while !seen() && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    let mut stdin = child.stdin.take().unwrap();
    let _ = writeln!(stdin, "{line}");
    printed(&child.wait_with_output().unwrap())
}

/// Where calls can stand when they are ended.
struct Place {
    name: &'static str,
    acts: Vec<Act>,
    tokens: Vec<Act>,
    /// Of updates, if they meet something else.
    updates: Vec<Act>,
    /// Whether a write that stands there may have been applied.
    maybe_applied: bool,
}

/// The places for so many threads, of which every third makes an update.
fn places(threads: usize) -> Vec<Place> {
    let head = Act::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec());
    let place = |name, act: Act, maybe_applied| Place {
        name,
        acts: [vec![act; threads], vec![ok("{}")]].concat(),
        tokens: vec![token("token-1")],
        updates: Vec::new(),
        maybe_applied,
    };
    let later = response_with(429, "Retry-After: 600\r\n", "");
    vec![
        place("waiting", Act::Stall, true),
        place("receiving", head, true),
        place("pausing", later, false),
        // The reads hang, those that read an update back among them.
        Place {
            updates: vec![response_with(503, "", "")],
            ..place("reading back", Act::Stall, true)
        },
        // One fetches it; the others wait for that.
        Place { tokens: vec![Act::Stall, token("token-1")], ..place("token", ok("{}"), false) },
    ]
}

#[test]
fn calls_are_ended_wherever_they_stand() {
    let cases = [
        ("cancel", 4, "then OK\n"),
        ("shared", 4, "then OK\n"),
        ("signal", 4, "then OK\n"),
        ("polled", 4, "then OK\n"),
        ("parent", 4, "then OK\n"),
        ("shutdown", 16, "then E_CANCELLED\n"),
        ("free", 4, "leaked\n"),
    ];
    for (how, threads, afterwards) in cases {
        for Place { name: place, acts, tokens, updates, maybe_applied } in places(threads) {
            // Whether all threads wait for one's token cannot be seen from here, and a call must not begin after a free.
            if (how, place) == ("free", "token") {
                continue;
            }
            // Ended one after the other, whoever waited may take over and fetch the token before it is ended itself.
            let in_turn = place == "token" && ["cancel", "signal", "polled"].contains(&how);
            let (tokens, afterwards) =
                if in_turn { (vec![Act::Stall], "") } else { (tokens, afterwards) };
            let server = Server::with_scripts(acts, tokens, updates);
            let mut command = with_server("calls", &server);
            command.args([how, &threads.to_string()]);
            let text = run_until(command, place, || match place {
                "token" => !server.token_requests().is_empty(),
                _ => server.requests().len() == threads,
            });
            let mut expected = String::new();
            for thread in 0..threads {
                let write = thread % 3 == 1;
                writeln!(expected, "E_CANCELLED {}", u8::from(write && maybe_applied)).unwrap();
            }
            assert_eq!(text, expected + afterwards, "{how}, {place}");
        }
    }
}

/// Where the calls that wait can stand: what the server does until then, after how many requests, and whether something may have
/// been changed by then.
type Standing = (&'static str, &'static str, Vec<Act>, usize, bool);

fn standings() -> Vec<Standing> {
    const PLACE: &str = r#"{"streetNumber":"3500","streetInfo":"Lenox Rd NE","city":"Atlanta","state":"GA","postalCode":"30326"}"#;
    let idle = ok(r#"{"phoneNumber":"+12025550134"}"#);
    let job = ok(
        r#"{"phoneNumber":"+12025550134","smsConfiguration":{"scheduledProvisioning":{"servicePlanId":"plan-a","status":"WAITING","lastUpdatedTime":"2026-01-01T00:00:00Z"}}}"#,
    );
    let none = response_with(
        404,
        "",
        r#"{"error":{"code":404,"message":"","status":"NOT_FOUND","details":[{"type":"ResourceInfo","resourceType":"EmergencyAddress","resourceName":"+12025550134"}]}}"#,
    );
    let exact = ok(r#"{"validationResult":"EXACT_MATCH"}"#);
    let later = response_with(429, "Retry-After: 600\r\n", "");
    let (wait, relink, ensure) = ("active_wait", "active_relink", "emergency_address_ensure");
    vec![
        (wait, "reading", vec![Act::Stall], 1, false),
        (wait, "a job is under way", vec![job.clone()], 3, false),
        // The second look ends in nothing, should it be there before the end of the call.
        (wait, "between two looks", vec![idle.clone(), Act::Stall], 1, false),
        (wait, "the service wants a pause", vec![later.clone()], 1, false),
        (relink, "reading", vec![Act::Stall], 1, false),
        (relink, "a job of another one", vec![job.clone()], 3, false),
        (relink, "sending", vec![idle.clone(), Act::Stall], 2, true),
        (relink, "the service wants a pause", vec![idle.clone(), later], 2, false),
        (relink, "a job of its own", vec![idle, job.clone(), job], 5, true),
        (ensure, "reading", vec![Act::Stall], 1, false),
        (ensure, "validating", vec![none.clone(), Act::Stall], 2, false),
        (ensure, "provisioning", vec![none.clone(), exact.clone(), Act::Stall], 3, true),
        (ensure, "reading back", vec![none.clone(), exact, ok(PLACE), none], 6, true),
    ]
}

#[test]
fn the_calls_that_wait_are_ended_wherever_they_stand() {
    for (function, place, acts, seen, maybe_applied) in standings() {
        // Their deadline is a day: that they end at all is what ended them.
        for how in ["cancel", "signal", "polled", "shutdown"] {
            let server = Server::new(acts.clone());
            let mut command = with_server("waits", &server);
            command.args([how, function]);
            let text = run_until(command, place, || server.requests().len() >= seen);
            let expected = format!("E_CANCELLED {}\n", u8::from(maybe_applied));
            assert_eq!(text, expected, "{how}, {function}, {place}");
        }
    }
}

#[test]
fn many_short_waits_leave_nothing() {
    assert_eq!(run("waits", &["many", "800"]), "nothing is left\n");
}

#[test]
fn one_call_is_ended_and_the_others_go_on() {
    for Place { name: place, acts, tokens, updates, maybe_applied } in places(3) {
        // Whoever waited for the token that the last thread was fetching fetches one itself, in vain too.
        let tokens = if place == "token" { vec![Act::Stall] } else { tokens };
        let server = Server::with_scripts(acts, tokens, updates);
        let mut command = with_server("calls", &server);
        command.args(["one", "3"]);
        let text = run_until(command, place, || match place {
            "token" => !server.token_requests().is_empty(),
            _ => server.requests().len() == 3,
        });
        let write = u8::from(maybe_applied);
        assert_eq!(text, format!("E_CANCELLED 0\nE_CANCELLED {write}\n"), "{place}");
    }
}

#[test]
fn whoever_waits_for_a_turn_is_ended_too() {
    // One thread's page hangs; the last thread that is ended alone may be that one, or one that waits for its turn.
    let server = Server::new(vec![Act::Stall]);
    let mut command = with_server("calls", &server);
    command.args(["pages", "3"]);
    let text = run_until(command, "", || !server.requests().is_empty());
    assert_eq!(text, "E_CANCELLED 0\nE_CANCELLED 0\n");
}

#[test]
fn whoever_waits_for_a_turn_polls() {
    let server = Server::new(vec![Act::Stall]);
    let mut command = with_server("calls", &server);
    command.args(["turns", "3"]);
    let text = run_until(command, "", || !server.requests().is_empty());
    assert_eq!(text, "E_CANCELLED 0\n".repeat(3));
}

#[test]
fn a_polled_token_asks_on_the_thread_of_the_call() {
    let number = r#"{"phoneNumber":"+12025550134"}"#;
    let server = Server::with_tokens([ok(number)], [Act::Stall, token("token-1")]);
    let asked = || !server.token_requests().is_empty();
    assert_eq!(run_until(with_server("polled", &server), "go on", asked), "asked\n");
}

#[test]
fn pages_that_are_shared_take_turns() {
    assert_eq!(run("turns", &[]), "12 numbers\n");
    assert_eq!(run("numbers", &[]), "12 numbers\n");
}

#[test]
fn a_list_is_read_without_a_json_library() {
    assert_eq!(run("values", &[]), "read\n");
}

#[test]
fn a_thousand_threads_share_a_client() {
    assert_eq!(run("threads", &["1000"]), "1000 threads, 0 failures\n");
}

#[test]
fn a_module_is_loaded_and_unloaded_a_hundred_times() {
    let library = library_folder().join("libsinch_numbers.so.1");
    let sandbox = Sandbox::start().unwrap();
    // A name, so that it is looked up.
    let url = sandbox.base_url().replace("127.0.0.1", "localhost");
    let mut command = with_account(program("load"), &sandbox);
    command.arg(library).env("SINCH_NUMBERS_URL", &url).env("SINCH_AUTH_URL", &url);
    assert_eq!(printed(&command.output().unwrap()), "nothing is left\n");
}

#[test]
fn children_of_fork_are_well() {
    assert_eq!(run("forks", &[]), "parent and children are well\n");
    let server = Server::new([Act::Stall, ok("{}")]);
    let mut command = with_server("forks", &server);
    command.arg("hanging");
    let text = run_until(command, "", || !server.requests().is_empty());
    assert_eq!(text, "parent and children are well\n");
}

#[test]
fn a_closed_connection_raises_no_signal() {
    // Rust's own programs ignore SIGPIPE, and so would their children: the program puts it back.
    assert_eq!(printed(&bare(program("sigpipe")).output().unwrap()), "no signal\n");
}

#[test]
fn a_storm_of_signals_does_no_harm() {
    assert_eq!(run("storm", &[]), "unmoved\n");
}

#[test]
fn without_descriptors_or_threads_calls_fail_with_a_code() {
    let sandbox = Sandbox::start().unwrap();
    let url = sandbox.base_url().replace("127.0.0.1", "localhost");
    let mut command = with_account(program("limits"), &sandbox);
    command.env("SINCH_NUMBERS_URL", &url).env("SINCH_AUTH_URL", &url);
    let text = printed(&command.output().unwrap());
    let (without_threads, rest) = text.split_once('\n').unwrap();
    assert!(without_threads.starts_with("without threads: "), "{text}");
    assert_eq!(rest, "limits are no end\n");
}
