//! A simulated clock with events to come, for the model tests.

use std::time::Duration;

/// The time of a model since its start, and what is to happen to it.
#[derive(Debug)]
pub(crate) struct Timeline<E> {
    pub(crate) now: Duration,
    events: Vec<(Duration, E)>,
}

impl<E> Timeline<E> {
    pub(crate) fn new() -> Self {
        Self { now: Duration::ZERO, events: Vec::new() }
    }

    /// Makes an event happen at a time.
    pub(crate) fn add(&mut self, at: Duration, event: E) {
        self.events.push((at, event));
    }

    /// Moves on to the next event that is due until a time, and returns it. `None` if there is none: then it is that time.
    pub(crate) fn next(&mut self, until: Duration) -> Option<E> {
        let due = self.events.iter().enumerate().filter(|(_, (at, _))| *at <= until);
        let Some((index, _)) = due.min_by_key(|(_, (at, _))| *at) else {
            self.now = self.now.max(until);
            return None;
        };
        let (at, event) = self.events.remove(index);
        self.now = self.now.max(at);
        Some(event)
    }
}
