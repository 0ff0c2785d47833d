//! Whether a body is one JSON object in UTF-8: if so its bytes are handed on as they came, but for a byte order mark.

use serde_json::Value;

use super::flaws::{Flawed, flawed};
use super::{ask, refused, success, through_c};
use crate::support::calls::{Failed, call};
use crate::support::mismatches::Mismatches;

/// Bodies that are sound, however odd.
#[rustfmt::skip]
fn sound() -> Vec<(&'static str, String)> {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!(r#"{{"a":{}{inner}{}}}"#, open.repeat(depth - 1), close.repeat(depth - 1))
    };
    let mut rows = vec![
        ("nothing in it", "{}"),
        ("whitespace of all four kinds", " \t\r\n{ \t\r\n\"displayName\" \n:\t\"a\"\r\n}\n\r\t "),
        ("a byte order mark", "\u{feff}{\"displayName\":\"a\"}"),
        ("a byte order mark, then whitespace", "\u{feff} \n{}"),
        ("a byte order mark in a string", "{\"displayName\":\"\u{feff}a\"}"),
        ("a byte order mark in a key", "{\"\u{feff}displayName\":\"a\"}"),
        ("every short escape", r#"{"displayName":"\"\\\/\b\f\n\r\t"}"#),
        ("escapes of four digits, in both cases", r#"{"displayName":"\u00e9\u00E9\uFFFF"}"#),
        ("an escaped surrogate pair", r#"{"displayName":"\ud83d\ude00\uD83D\uDE00"}"#),
        ("a surrogate that is only text", r#"{"displayName":"\\ud800"}"#),
        ("an escaped NUL", r#"{"displayName":"a\u0000b"}"#),
        ("an escaped NUL in a key", r#"{"a\u0000":1}"#),
        ("an escaped key", r#"{"display\u004eame":"a"}"#),
        ("DEL and C1 controls in a string", "{\"displayName\":\"\u{7f}\u{80}\u{9f}\"}"),
        ("line separators in a string", "{\"displayName\":\"\u{2028}\u{2029}\u{85}\"}"),
        ("the last of each length of UTF-8", "{\"displayName\":\"\u{7f}\u{7ff}\u{ffff}\u{10ffff}\"}"),
        ("the first of each length of UTF-8", "{\"displayName\":\" \u{80}\u{800}\u{10000}\"}"),
        ("text from right to left, and combined", "{\"displayName\":\"\u{202e}e\u{301}\u{200d}\"}"),
        ("an empty key", r#"{"":1,"displayName":"a"}"#),
        ("a doubled key that nobody knows", r#"{"new":1,"new":[2]}"#),
        ("minus zero", r#"{"new":-0}"#),
        ("a number beyond any float", r#"{"new":[1E400,-1e+999999,1e-400]}"#),
        ("an integer of 50 digits", r#"{"new":12345678901234567890123456789012345678901234567890}"#),
        ("digits that no float holds", r#"{"new":[0.1000,1.10e-00,0.12345678901234567890123]}"#),
        ("every literal", r#"{"new":[true,false,null,[],{}]}"#),
        ("what JavaScript reads otherwise", r#"{"__proto__":{"a":1},"constructor":null}"#),
        ("markup in a string", r#"{"displayName":"</script><!-- & -->"}"#),
        ("something that looks like a second document", r#"{"displayName":"{\"a\":1}{}"}"#),
    ]
    .into_iter()
    .map(|(what, body)| (what, body.to_owned()))
    .collect::<Vec<_>>();
    rows.extend([
        ("127 lists in each other", nested("[", "", "]", 127)),
        ("128 lists in each other", nested("[", "1", "]", 128)),
        ("128 objects in each other", nested(r#"{"a":"#, "1", "}", 128)),
        ("128 deep, then 128 deep again", format!(r#"{{"a":{0}{1},"b":{0}{1}}}"#, "[".repeat(127), "]".repeat(127))),
        ("a text of a megabyte", format!(r#"{{"displayName":"{}"}}"#, "é".repeat(500_000))),
        ("ten thousand fields that nobody knows", format!("{{{}\"displayName\":\"a\"}}", "\"new\":0,".repeat(10_000))),
    ]);
    rows
}

fn without_mark(body: &str) -> &str {
    body.strip_prefix('\u{feff}').unwrap_or(body)
}

pub(super) fn run(found: &mut Mismatches) -> usize {
    let (reads, writes) = (call("active_get"), call("active_update"));
    let sound = sound();
    for (what, body) in &sound {
        let expected = without_mark(body);
        let name: Value = serde_json::from_str(expected)
            .map_or(Value::Null, |mut value: Value| value["displayName"].take());
        for call in [reads, writes] {
            match ask(call, success(body)) {
                Ok((value, json)) => {
                    found.same(what, &json.as_str(), &expected);
                    found.same(what, &value["displayName"], &name);
                }
                Err(error) => found.wrong(what, error),
            }
        }
    }
    let acts = sound.iter().map(|(_, body)| success(body)).collect();
    for ((what, body), outcome) in sound.iter().zip(through_c(reads, acts)) {
        let expected = (0, 200, without_mark(body).to_owned());
        found.same(&format!("{what}, in C"), &outcome, &expected);
    }

    let flawed = flawed();
    found.in_parallel(&flawed, |found, Flawed { what, body, flaw }| {
        // Deprovision may be answered with nothing, but not with this.
        for call in [reads, writes, call("emergency_address_deprovision")] {
            let row = format!("{}: {what}", call.name);
            match ask(call, success(body)) {
                Ok(read) => found.wrong(&row, read),
                Err(error) => {
                    found.same(&row, &Failed::from(&error), &refused(call, 200));
                    found.holds(&row, &error.to_string(), flaw);
                }
            }
        }
    });
    let acts = flawed.iter().map(|row| success(&row.body)).collect();
    for (Flawed { what, body, flaw }, outcome) in flawed.iter().zip(through_c(reads, acts)) {
        let (code, status, json) = outcome;
        let row = format!("{what}, in C");
        found.same(&row, &(code, status), &(8, 200));
        let document: Value = serde_json::from_str(&json).unwrap();
        found.holds(&row, document["message"].as_str().unwrap(), flaw);
        let body = String::from_utf8_lossy(body).into_owned();
        found.same(&row, &document["body"], &Value::from(body));
    }
    sound.len() + flawed.len()
}
