//! Jobs: what is done with many numbers, planned first, with a journal to go on from.

pub(crate) mod apply;
mod item;
mod journal;
pub(crate) mod plan;
pub(crate) mod report;
mod state;
mod table;

use std::sync::Mutex;
use std::thread;

/// Calls a function for each item on so many threads, in order; no more when one of the calls has returned `false`.
fn in_parallel<T: Sync>(items: &[T], threads: u64, call: impl Fn(usize, &T) -> bool + Sync) {
    let next = Mutex::new(items.iter().enumerate());
    let take = || next.lock().ok().and_then(|mut items| items.next());
    let end = || {
        if let Ok(mut items) = next.lock() {
            items.by_ref().for_each(drop);
        }
    };
    let work = || {
        while let Some((index, item)) = take() {
            if !call(index, item) {
                end();
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(items.len() as u64) {
            scope.spawn(work);
        }
        work();
    });
}
