//! Collects what a table finds to be different from what it says, so that one run shows all of it.

use std::fmt::Debug;
use std::sync::Mutex;

use crate::transport::broken::in_parallel;

#[derive(Debug, Default)]
pub(crate) struct Mismatches(Vec<String>);

impl Mismatches {
    /// Compares what was seen in a row with what the row says.
    pub(crate) fn same<T: PartialEq + Debug>(&mut self, row: &str, seen: &T, expected: &T) {
        if seen != expected {
            self.0.push(format!("{row}:\n    seen     {seen:?}\n    expected {expected:?}"));
        }
    }

    /// Looks for a piece of text.
    pub(crate) fn holds(&mut self, row: &str, seen: &str, piece: &str) {
        if !seen.contains(piece) {
            self.0.push(format!("{row}:\n    seen     {seen:?}\n    lacks    {piece:?}"));
        }
    }

    /// Looks for a piece of text that must not be there.
    pub(crate) fn lacks(&mut self, row: &str, seen: &str, piece: &str) {
        if seen.contains(piece) {
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
