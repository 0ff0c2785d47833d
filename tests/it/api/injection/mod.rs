//! Whatever stands in a text, it stays that text: each is refused by name before anything is sent, or arrives as it was given, and
//! the request holds nothing else. Every text that the library takes, times everything that has ever been smuggled in one.

mod in_c;
mod in_rust;
mod input;
mod listener;

use std::thread;

use sinch_numbers::{Client, Credentials};

use crate::support::toolchain::compile;
use in_c::through_c;
use in_rust::{field, settings, through_rust};
use input::{Face, INPUTS};
use listener::{Raw, Sent, arrived};

/// What is put into a text.
enum Payload {
    /// Behind what is right.
    Behind(String),
    /// Instead of it.
    Instead(&'static str),
    /// Bytes that are no text, behind what is right: C only.
    Bytes(&'static [u8]),
}

use Payload::{Behind, Bytes, Instead};

const MIB: usize = 1024 * 1024;

fn payloads() -> Vec<Payload> {
    let short = [
        // Another header, another line, the end of the head with a request behind it.
        "\r\nX-Injected: 1",
        "\r\n\r\nGET /v1/projects/other/activeNumbers HTTP/1.1\r\n\r\n",
        "\rX-Injected: 1",
        "\nX-Injected: 1",
        "\0",
        "\t",
        "\u{7f}",
        // Another path, another operation, another query.
        "/../",
        "%2e%2e%2f",
        "?x=1",
        "#frag",
        "&type=LOCAL",
        ";",
        ":release",
        "@evil.test",
        // Out of a JSON string.
        "\"",
        "\\",
        "\"}},\"x\":{\"",
        "{{}}",
        // What is decoded, or encoded, once too often.
        "%00",
        "%0d%0aX-Injected:%201",
        "%",
        "%25",
        "a%20b",
        "+",
        " ",
        // What looks like something else.
        "\u{ff11}\u{ff12}",
        "\u{ff0b}",
        "\u{202e}",
        "\u{2028}",
        "\u{feff}",
        "😀",
    ];
    let mut payloads: Vec<Payload> = short.iter().map(|text| Behind((*text).to_owned())).collect();
    payloads.extend(["", "   ", "%2B1206", "..", "null"].map(Instead));
    payloads.extend([64 * 1024, MIB + 1].map(|length| Behind("A".repeat(length))));
    payloads.extend([&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf0\x9f\x98"].map(Bytes));
    payloads
}

/// A few characters of a text that can be long.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

/// What is wrong with one case, if anything is: what came of it, and what arrived.
fn wrong(
    right: &Result<Sent, String>,
    outcome: &Result<(), String>,
    requests: &[Vec<u8>],
) -> Option<String> {
    match (right, outcome, requests) {
        (Err(right), Err(field), []) if right == field => None,
        (Ok(right), Ok(()), [request]) => match arrived(request) {
            Ok(sent) if sent == *right => None,
            Ok(sent) => {
                Some(format!("{:.300}, not {:.300}", format!("{sent:?}"), format!("{right:?}")))
            }
            Err(problem) => Some(problem),
        },
        _ => {
            let right = right.as_ref().map(|_| "sent");
            Some(format!("{outcome:.300?} and {} requests, not {right:?}", requests.len()))
        }
    }
}

fn base(base: &'static str, url: &str) -> String {
    if base.is_empty() { url.to_owned() } else { base.to_owned() }
}

#[test]
fn what_stands_in_a_text_stays_there() {
    let results: Vec<(usize, Vec<String>)> = thread::scope(|scope| {
        let running: Vec<_> = INPUTS
            .iter()
            .map(|(input, usual)| {
                scope.spawn(|| {
                    let server = Raw::new();
                    let builder =
                        Client::builder("project-1", Credentials::basic("key-id", "key-secret"));
                    let client = settings(builder, &server.url).build().unwrap();
                    let (mut cases, mut mismatches) = (0, Vec::new());
                    for payload in payloads() {
                        let text = match payload {
                            Behind(text) => base(usual, &server.url) + &text,
                            Instead(text) => text.to_owned(),
                            Bytes(_) => continue,
                        };
                        cases += 1;
                        let right = input.right(Face::Rust, &text, &server.url);
                        let outcome = through_rust(&client, *input, &text, &server.url);
                        let outcome = outcome.map_err(|error| field(&error));
                        if let Some(problem) = wrong(&right, &outcome, &server.take()) {
                            mismatches.push(format!(
                                "{} {}: {problem}",
                                input.field(),
                                shown(&text)
                            ));
                        }
                    }
                    (cases, mismatches)
                })
            })
            .collect();
        running.into_iter().map(|input| input.join().unwrap()).collect()
    });
    finish(results, 32 * 39);
}

fn finish(results: Vec<(usize, Vec<String>)>, least: usize) {
    let cases: usize = results.iter().map(|(cases, _)| cases).sum();
    let mismatches: Vec<String> = results.into_iter().flat_map(|(_, wrong)| wrong).collect();
    assert!(mismatches.is_empty(), "{} of {cases}:\n{}", mismatches.len(), mismatches.join("\n"));
    assert!(cases >= least, "{cases}");
}

#[test]
fn what_stands_in_a_text_stays_there_through_c() {
    let program = compile("cc", "tests/c/rubbish.c", &["-std=gnu11"]);
    let results: Vec<(usize, Vec<String>)> = thread::scope(|scope| {
        let running: Vec<_> = INPUTS
            .iter()
            .map(|(input, usual)| scope.spawn(|| through_c(&program, *input, usual)))
            .collect();
        running.into_iter().map(|input| input.join().unwrap()).collect()
    });
    finish(results, 32 * 43 - 1);
}
