//! Reads every number with its emergency address: several requests at the same time, a bounded number of numbers in memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use sinch_numbers::{
    ActiveNumber, Capability, Client, EmergencyAddress, Error, ErrorKind, ListNumbers,
};

use crate::Failure;
use crate::chain;
use crate::exit::Exit;
use crate::session::progress;

/// How many numbers may be under way. One whose address is slow holds up those after it only when that many wait, and there is
/// work while the next page is fetched.
const WINDOW: usize = 512;
/// Numbers a page. Each of them takes a request of its own, so that few more are made than with long pages.
const PAGE: u32 = 250;

/// A number, and whether an emergency address is on file for it.
pub(super) struct Seen {
    pub(super) number: ActiveNumber,
    pub(super) address: OnFile,
}

/// The emergency address of a number, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OnFile {
    Yes,
    No,
    /// Nothing: it could not be read.
    Unread {
        why: String,
        exit: Exit,
    },
}

/// Tells whether a number has to have an address: emergency services can be called from it.
pub(super) fn needs_address(number: &ActiveNumber) -> bool {
    let here = match number.region_code.as_deref() {
        Some(region) => ["US", "CA"].contains(&region),
        None => number.phone_number.starts_with("+1"),
    };
    // A number that does not say what it can do may be called from.
    here && (number.capability.is_empty() || number.capability.contains(&Capability::Voice))
}

/// Hands out each number in the order of the list.
pub(super) fn each(
    client: &Client,
    concurrency: u16,
    mut take: impl FnMut(Seen),
) -> Result<(), Failure> {
    let total = AtomicU64::new(0);
    let denied = OnceLock::new();
    let bar = progress("reading".to_owned());
    let (queue, waiting) = sync_channel::<(ActiveNumber, Sender<Result<Seen, Error>>)>(WINDOW);
    let waiting = Mutex::new(waiting);
    let (order, in_order) = sync_channel(WINDOW);
    let read: Result<(), Error> = thread::scope(|scope| {
        let lister = scope.spawn(|| -> Result<(), Error> {
            let (queue, order) = (queue, order);
            for page in client.pages(&ListNumbers::new().page_size(PAGE)) {
                let page = page?.into_inner();
                total
                    .store(page.total_size.unwrap_or(0).try_into().unwrap_or(0), Ordering::Relaxed);
                for number in page.active_numbers {
                    let (tell, told) = channel();
                    if order.send(told).is_err() || queue.send((number, tell)).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        });
        for _ in 0..concurrency {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, tell)) = next else { break };
                    let seen = on_file(client, &number, &denied);
                    // Nobody waits for it once the audit has failed.
                    let _ = tell.send(seen.map(|address| Seen { number, address }));
                }
            });
        }
        let mut count = 0_u64;
        for told in in_order {
            // A thread that panicked tells nothing; the scope ends with its panic.
            let Ok(seen) = told.recv() else { break };
            take(seen?);
            count += 1;
            bar.set_message(match total.load(Ordering::Relaxed) {
                0 => format!("reading: {count}"),
                total => format!("reading: {count} of {total}"),
            });
        }
        lister.join().unwrap_or(Ok(()))
    });
    bar.finish_and_clear();
    Ok(read?)
}

/// Reads whether an address is on file. An error is the end of the audit: it was interrupted.
fn on_file(
    client: &Client,
    number: &ActiveNumber,
    denied: &OnceLock<String>,
) -> Result<OnFile, Error> {
    // After a permission error for one number the others are not asked.
    if let Some(why) = denied.get() {
        return Ok(OnFile::Unread { why: why.clone(), exit: Exit::Denied });
    }
    let error = match client.emergency_address(number.phone_number.as_str()) {
        Ok(address) if *address == EmergencyAddress::default() => return Ok(OnFile::No),
        Ok(_) => return Ok(OnFile::Yes),
        Err(error) if matches!(error.kind(), ErrorKind::Cancelled) => return Err(error),
        Err(error) => error,
    };
    // The number is shown beside it, and a permission error is shown for other numbers too.
    let why = chain(&error).replace(&format!(" {}", number.phone_number), "");
    let gone = error.missing().is_some_and(|kind| kind == "ActiveNumber");
    Ok(match Exit::of(&error) {
        Exit::NotFound if !gone => OnFile::No,
        // The service has no addresses for such numbers.
        Exit::Refused if !needs_address(number) => OnFile::No,
        Exit::Denied => {
            OnFile::Unread { why: denied.get_or_init(|| why).clone(), exit: Exit::Denied }
        }
        _ => OnFile::Unread { why, exit: Exit::SomeFailed },
    })
}
