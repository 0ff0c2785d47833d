//! The cases through C, by the program `tests/c/rubbish.c`.

use std::path::Path;

use serde_json::{Value, json};

use super::input::{Emergency, Face, Input, Number, Query, Setting, Update};
use super::listener::{Raw, Sent};
use super::{Behind, Bytes, Instead, base, payloads, shown, wrong};
use crate::support::calls::NUMBER;
use crate::support::drivers::{Outcome, drive};
use crate::support::toolchain::bare;

/// A line for `tests/c/rubbish.c`.
fn line(operation: &str, texts: &[Option<&[u8]>]) -> String {
    let mut line = operation.to_owned();
    for text in texts {
        line.push(' ');
        match text {
            None => line.push('-'),
            Some(text) => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                for byte in *text {
                    line.push(char::from(DIGITS[usize::from(byte >> 4)]));
                    line.push(char::from(DIGITS[usize::from(byte & 15)]));
                }
            }
        }
    }
    line + "\n"
}

const USUAL: &[u8] = NUMBER.as_bytes();

/// The lines that make a case through C: one call, or a client and a call with it if there is to be one.
fn lines(input: Input, text: &[u8], right: &Result<Sent, String>, url: &str) -> String {
    // The bytes take the place of what could not be anything else.
    const MARK: &str = "@@@@";
    let (operation, json) = input.call(MARK, url);
    let escaped = match std::str::from_utf8(text) {
        Ok(text) => {
            let quoted = json!(text).to_string();
            quoted.as_bytes()[1..quoted.len() - 1].to_vec()
        }
        Err(_) => text.to_vec(),
    };
    let json = json.to_string();
    let (before, behind) = json.split_once(MARK).unwrap_or(("", ""));
    let whole = [before.as_bytes(), &escaped, behind.as_bytes()].concat();
    match input {
        Query(..) => line(operation, &[Some(&whole), None]),
        Update(..) | Emergency(..) => line(operation, &[Some(USUAL), Some(&whole)]),
        Number => line(operation, &[Some(text), None]),
        Setting(_) => {
            let mut lines = line("config", &[Some(&whole), None]);
            if right.is_ok() {
                lines += &line(operation, &[Some(USUAL), None]);
            }
            lines
        }
    }
}

/// Makes every case of an input through C: how many they were, and what is wrong with them.
pub(super) fn through_c(program: &Path, input: Input, usual: &'static str) -> (usize, Vec<String>) {
    let server = Raw::new();
    let url = &server.url;
    let config = Setting("userAgent").call("agent", url).1.to_string();
    let mut script = line("config", &[Some(config.as_bytes()), None]);
    let mut cases = Vec::new();
    for payload in payloads() {
        let text = match payload {
            Behind(text) => (base(usual, url) + &text).into_bytes(),
            Instead(text) => text.as_bytes().to_vec(),
            Bytes(bytes) => [base(usual, url).as_bytes(), bytes].concat(),
        };
        // A text of C ends there.
        if matches!(input, Number) && text.contains(&0) {
            continue;
        }
        let right = match std::str::from_utf8(&text) {
            Ok(text) => input.right(Face::C, text, url),
            Err(_) => Err(input.document().to_owned()),
        };
        script += &lines(input, &text, &right, url);
        cases.push((String::from_utf8_lossy(&text).into_owned(), right));
    }
    let mut outcomes = drive(bare(program), url, "", script).into_iter().skip(1);
    let mut requests = server.take().into_iter();
    let mut mismatches = Vec::new();
    for (text, right) in &cases {
        let mut outcome = refused(outcomes.next().unwrap());
        if matches!(input, Setting(_)) && right.is_ok() {
            let call = refused(outcomes.next().unwrap());
            outcome = outcome.and(call);
        }
        // One that should not have been sent shows in the next case: there is one too many.
        let came: Vec<Vec<u8>> =
            if right.is_ok() { requests.next().into_iter().collect() } else { Vec::new() };
        if let Some(problem) = wrong(right, &outcome, &came) {
            mismatches.push(format!("{} {}: {problem}", input.field(), shown(text)));
        }
    }
    let more = requests.count();
    if more > 0 {
        mismatches.push(format!("{}: {more} requests too many", input.field()));
    }
    assert!(outcomes.next().is_none());
    (cases.len(), mismatches)
}

/// The field that C names, if the call was refused.
fn refused((code, status, json): Outcome) -> Result<(), String> {
    let document: Value = serde_json::from_str(&json).unwrap();
    match (code, status) {
        (0, _) => Ok(()),
        (3, 0) => Err(document["field"].as_str().unwrap_or("none").to_owned()),
        _ => Err(format!("not refused: {json}")),
    }
}
