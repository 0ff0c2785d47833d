//! The handle of a list that is read page by page, or number by number.

use std::ffi::c_char;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::Failure;
use super::cancel::sinch_numbers_cancel;
use super::client::sinch_numbers_client;
use super::codes::{SINCH_NUMBERS_DONE, sinch_numbers_code};
use super::handle::{self, Opaque, optional, required};
use super::operations::{list_query, note};
use super::result::{Outcome, guard_result, make, sinch_numbers_result};
use crate::api::list::ListNumbers;
use crate::call::Progress;
use crate::call::response::RawResponse;
use crate::cancel::CancelToken;
use crate::client::Client;
use crate::client::pages::{CurrentPage, PageCursor};
use crate::error::Error;
use crate::sys::{self, Ready};

/// An iteration through a list, page by page or number by number. Threads that share it take turns.
pub struct sinch_numbers_pages {
    _opaque: [u8; 0],
}

pub(crate) struct PagesHandle {
    client: Client,
    iteration: Mutex<Iteration>,
    /// The process that last used the iteration: a lock that was held during a fork is never released in the child.
    generation: AtomicU64,
}

struct Iteration {
    cursor: PageCursor,
    /// The function that was called first; the other one is refused.
    by: Option<&'static str>,
    /// The page whose numbers are being handed out.
    current: Option<CurrentPage>,
}

impl Iteration {
    /// Refuses a function if the iteration was begun with the other one: a number would be handed out twice, or lost.
    fn claim(&mut self, function: &'static str) -> Result<(), Failure> {
        match *self.by.get_or_insert(function) {
            by if by == function => Ok(()),
            by => Err(Failure::Misuse(format!("{function}: {by} goes through these pages"))),
        }
    }
}

impl Opaque for sinch_numbers_pages {
    type Value = PagesHandle;
    const TAG: u64 = 0x5349_4e43_484e_4d02;
    const NAME: &'static str = "pages";
}

/// Begins to go through a list, page by page. Nothing is sent yet.
///
/// query: as active_list; with a pageToken the iteration begins there. pages_out: the pages; NULL is written on failure. They keep
/// what they need of the client: free them in any order. Fails with E_MISUSE and E_INPUT. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_pages_new(
    client: *const sinch_numbers_client,
    query: *const c_char,
    pages_out: *mut *mut sinch_numbers_pages,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        make("pages_new", Some(ListNumbers::NAME), pages_out, result_out, || {
            let client = required(client)?;
            let query = list_query(query)
                .and_then(|query| Ok(query.request().map(|_| query)?))
                .inspect_err(|failure| note(&client, ListNumbers::NAME, failure))?;
            let client = client.clone();
            let cursor = PageCursor::new(client.clone(), query);
            let iteration = Mutex::new(Iteration { cursor, by: None, current: None });
            Ok(PagesHandle { client, iteration, generation: AtomicU64::new(sys::generation()) })
        })
    }
}

/// Fetches the next page. Response: as active_list; empty pages in the middle of a list are handed out too.
///
/// DONE after the last page, for ever. A failure does not move the iteration: the next call asks for the same page again. After a
/// page whose nextPageToken was used before in this iteration comes E_PROTOCOL instead of a circle. Threads that share the pages
/// take turns, each within its own deadline. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_pages_next(
    pages: *mut sinch_numbers_pages,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        next("pages_next", pages, cancel, result_out, |iteration, cancel, until| {
            iteration.cursor.next_response(cancel, until)
        })
    }
}

/// Hands out the next number of the list, and fetches a page when the numbers of the last are used up. The result's JSON is
/// that number alone, as it came in the page: read it as that of active_get, "/phoneNumber" and so on. Its HTTP status is that
/// of the page.
///
///   while (sinch_numbers_pages_next_number(pages, NULL, &result) == SINCH_NUMBERS_OK) {
///       const char *number = sinch_numbers_result_text(result, "/phoneNumber");
///       puts(number ? number : "?");
///       sinch_numbers_result_free(result);
///   }                                       else it is DONE or a failure: free that result, too
///
/// DONE after the last number, for ever. Pages without numbers are passed over, and so are null, "" and {} where a number
/// should be. A failure does not move the iteration: the next call tries the same page again, or the same number if that is what
/// is no object (E_PROTOCOL, after all numbers before it). Token, deadline and turns are as those of pages_next, also where a
/// number is at hand and nothing is sent. One page is held in memory, and only until its last number is handed out.
///
/// An iteration goes by pages or by numbers: what is called first, whatever came of it, is the only one that it takes, and the other
/// one is E_MISUSE. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_pages_next_number(
    pages: *mut sinch_numbers_pages,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        next("pages_next_number", pages, cancel, result_out, |iteration, cancel, until| {
            iteration.cursor.next_number(&mut iteration.current, cancel, until)
        })
    }
}

/// Waits for this thread's turn, moves an iteration on by one step, and writes the result.
///
/// # Safety
///
/// The pointers are null or what the header says they are.
unsafe fn next(
    name: &'static str,
    pages: *mut sinch_numbers_pages,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
    step: impl FnOnce(
        &mut Iteration,
        Option<&CancelToken>,
        Instant,
    ) -> Result<Option<RawResponse>, Error>,
) -> sinch_numbers_code {
    let body = |_: &Progress| {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        let pages = unsafe { required(pages.cast_const()) }?;
        // SAFETY: guaranteed by the caller (see `# Safety`).
        let cancel = unsafe { optional(cancel) }?;
        let cancel: Option<&CancelToken> = cancel.as_deref();
        // One deadline for the turn and the call.
        let until = Instant::now() + pages.client.engine.timeout();
        let mut iteration = CancelToken::polling(cancel, || pages.turn(cancel, until))?;
        iteration.claim(name)?;
        let response = step(&mut iteration, cancel, until)?;
        Ok(response.map_or_else(|| Outcome::empty(SINCH_NUMBERS_DONE), Outcome::success))
    };
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { guard_result(name, Some(ListNumbers::NAME), result_out, body) }
}

impl PagesHandle {
    /// Waits until it is this thread's turn, within its own deadline.
    fn turn(
        &self,
        cancel: Option<&CancelToken>,
        until: Instant,
    ) -> Result<MutexGuard<'_, Iteration>, Failure> {
        const SLICE: Duration = Duration::from_millis(2);
        let began = Instant::now();
        loop {
            let taken = match self.iteration.try_lock() {
                Err(TryLockError::WouldBlock) => None,
                Ok(iteration) => Some(iteration),
                // A panic in a page leaves the iteration where it was.
                Err(TryLockError::Poisoned(iteration)) => Some(iteration.into_inner()),
            };
            if let Some(iteration) = taken {
                self.generation.store(sys::generation(), Ordering::SeqCst);
                return Ok(iteration);
            }
            // A thread that takes the turn sets the generation at once; one that stayed in the parent never does.
            let foreign = self.generation.load(Ordering::SeqCst) != sys::generation();
            if foreign && began.elapsed() > 25 * SLICE {
                let problem = "pages was in use on another thread when the process forked";
                return Err(Failure::Misuse(problem.to_owned()));
            }
            self.client.check_open(cancel, until, ListNumbers::NAME)?;
            let pause =
                sys::wait(sys::NO_FD, Ready::ToRead, [sys::NO_FD; 2], Instant::now() + SLICE);
            if pause.is_err() {
                thread::sleep(SLICE);
            }
        }
    }
}

/// Frees pages. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle that is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_pages_free(pages: *mut sinch_numbers_pages) {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { handle::free("pages_free", pages, |_| ()) };
}
