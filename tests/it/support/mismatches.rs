//! Collects what a table finds to be different from what it says, so that one run shows all of it.

use std::fmt::Debug;
use std::sync::Mutex;

use crate::support::parallel::in_parallel;

#[derive(Debug, Default)]
pub(crate) struct Mismatches(Vec<String>);

impl Mismatches {
    /// Compares what was seen in a row with what the row says.
    pub(crate) fn same<T: PartialEq + Debug>(&mut self, row: &str, seen: &T, expected: &T) {
        if seen != expected {
            let difference = difference(&format!("{seen:?}"), &format!("{expected:?}"));
            self.0.push(format!("{row}:\n{difference}"));
        }
    }

    /// Looks for a piece of text.
    pub(crate) fn holds(&mut self, row: &str, seen: &str, piece: &str) {
        if !seen.contains(piece) {
            let seen = around(seen, 0);
            self.0.push(format!("{row}:\n    seen     {seen:?}\n    lacks    {piece:?}"));
        }
    }

    /// Looks for a piece of text that must not be there.
    pub(crate) fn lacks(&mut self, row: &str, seen: &str, piece: &str) {
        if let Some(at) = seen.find(piece) {
            let seen = around(seen, seen[..at].chars().count());
            self.0.push(format!("{row}:\n    seen     {seen:?}\n    holds    {piece:?}"));
        }
    }

    pub(crate) fn wrong(&mut self, row: &str, what: impl Debug) {
        self.0.push(format!("{row}: {what:?}"));
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Checks items on several threads, each with mismatches of its own, and appends all of them.
    pub(crate) fn in_parallel<T: Sync>(
        &mut self,
        items: &[T],
        check: impl Fn(&mut Self, &T) + Sync,
    ) {
        let all = Mutex::new(Self::default());
        in_parallel(items, |item| {
            let mut found = Self::default();
            check(&mut found, item);
            all.lock().unwrap().append(found);
            Ok(())
        });
        self.append(all.into_inner().unwrap());
    }

    pub(crate) fn assert_none(self) {
        assert!(self.0.is_empty(), "{} are wrong\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// Texts up to this length are shown whole.
const SHORT: usize = 160;

/// Both texts, or of long ones what stands around their first difference.
fn difference(seen: &str, expected: &str) -> String {
    if seen.len() <= SHORT && expected.len() <= SHORT {
        return format!("    seen     {seen}\n    expected {expected}");
    }
    let same = seen.chars().zip(expected.chars()).take_while(|(one, other)| one == other).count();
    let (seen, expected) = (around(seen, same), around(expected, same));
    format!("    differs at character {same}\n    seen     {seen}\n    expected {expected}")
}

/// A text, or of a long one what stands around a character of it.
fn around(text: &str, at: usize) -> String {
    if text.len() <= SHORT {
        return text.to_owned();
    }
    let from = at.saturating_sub(SHORT / 4);
    let piece: String = text.chars().skip(from).take(SHORT).collect();
    let behind = text.chars().count() - from - piece.chars().count();
    let before = if from == 0 { String::new() } else { format!("({from} more) … ") };
    let after = if behind == 0 { String::new() } else { format!(" … ({behind} more)") };
    format!("{before}{piece}{after}")
}

#[test]
fn only_what_differs_is_printed() {
    let mut found = Mismatches::default();
    let text = |middle: &str| format!("{}{middle}{}", "a".repeat(1000), "é".repeat(1000));
    found.same("short", &1, &2);
    found.same("long", &text("b"), &text("c"));
    found.same("cut off", &text("").as_str(), &"");
    found.holds("without", &text("b"), "c");
    found.lacks("with", &text("b"), "b");
    let piece = |middle: &str| {
        // A quote stands before the text.
        format!("(961 more) … {}{middle}{} … (882 more)", "a".repeat(40), "é".repeat(119))
    };
    let (b, c) = (piece("b"), piece("c"));
    let rows = [
        "short:\n    seen     1\n    expected 2".to_owned(),
        format!("long:\n    differs at character 1001\n    seen     {b}\n    expected {c}"),
    ];
    assert_eq!(found.0[..2], rows);
    assert!(found.0.iter().all(|text| text.chars().count() < 500), "{:?}", found.0);
    assert!(found.0[4].contains("aabéé"), "{}", found.0[4]);
}
