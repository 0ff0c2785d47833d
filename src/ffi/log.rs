//! The destination of log lines: a function of the caller's, or a handle that keeps them until they are taken.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::guard_or;
use super::handle::{self, Opaque, acquire};
use crate::log::LogLevel;
use crate::sys::{self, PerProcess};

/// Receives the log of a client: level 1 (error) to 5 (trace), and a line that is valid during the call only. It is called on
/// the threads that make the calls, several at a time, and must not call back into the same client. No line holds a key, a
/// secret or a token.
pub type sinch_numbers_log_fn =
    Option<unsafe extern "C" fn(userdata: *mut c_void, level: i32, message: *const c_char)>;

/// The caller's log function and its userdata.
pub(super) struct LogSink {
    pub(super) function: unsafe extern "C" fn(*mut c_void, i32, *const c_char),
    pub(super) userdata: *mut c_void,
}

// SAFETY: the header demands a function that may be called on any thread, several at a time, with that userdata.
unsafe impl Send for LogSink {}
// SAFETY: as above.
unsafe impl Sync for LogSink {}

impl LogSink {
    pub(super) fn write(&self, level: LogLevel, line: &str) {
        // Control characters are escaped in a line of the log: there is no NUL in it.
        let line = CString::new(line).unwrap_or_default();
        self.hand_on(level as i32, &line);
    }

    fn hand_on(&self, level: i32, line: &CStr) {
        // SAFETY: the header demands that the function and its userdata outlive the client, its pages and its calls.
        unsafe { (self.function)(self.userdata, level, line.as_ptr()) };
    }
}

/// Keeps lines of the log until they are asked for: for programs in a language whose functions must not be called in the middle of
/// a call. Any number of clients share it.
pub struct sinch_numbers_log {
    _opaque: [u8; 0],
}

/// A log that keeps lines, and the function for those that it does not keep.
pub(super) struct LogHandle {
    elsewhere: Option<LogSink>,
    /// The thread whose lines are kept: see [`sys::thread_id`].
    taker: AtomicUsize,
    /// Each process has its own: a lock may be held on another thread when it forks.
    lines: PerProcess<Mutex<Lines>>,
}

#[derive(Default)]
struct Lines {
    waiting: VecDeque<(i32, CString)>,
    /// The line that was taken last.
    taken: CString,
    /// The number of lines dropped since.
    dropped: usize,
}

/// The maximum number of lines that are kept.
const MOST: usize = 1000;

impl Opaque for sinch_numbers_log {
    type Value = LogHandle;
    const TAG: u64 = 0x5349_4e43_484e_4d05;
    const NAME: &'static str = "log";
}

impl LogHandle {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        let Ok(lines) = self.lines.get_or_try_init(|| Ok::<_, Infallible>(Mutex::default()));
        lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, level: i32, line: &CStr) {
        let taker = self.taker.load(Ordering::SeqCst) == sys::thread_id();
        match &self.elsewhere {
            Some(elsewhere) if !taker => elsewhere.hand_on(level, line),
            _ => {
                let mut lines = self.lines();
                if lines.waiting.len() == MOST {
                    lines.waiting.pop_front();
                    lines.dropped += 1;
                }
                lines.waiting.push_back((level, line.to_owned()));
            }
        }
    }

    fn next(&self) -> Option<(i32, *const c_char)> {
        self.taker.store(sys::thread_id(), Ordering::SeqCst);
        let mut lines = self.lines();
        let (level, line) = match lines.dropped {
            0 => lines.waiting.pop_front()?,
            dropped => {
                lines.dropped = 0;
                let line =
                    format!("{dropped} lines of the log were dropped: they were not taken in time");
                (LogLevel::Warn as i32, CString::new(line).unwrap_or_default())
            }
        };
        lines.taken = line;
        Some((level, lines.taken.as_ptr()))
    }
}

/// Makes a log that keeps lines until they are asked for. Give sinch_numbers_log_write to sinch_numbers_client_new as the log
/// function, and the log as its userdata.
///
/// log, log_userdata: receives at once, as any log function does, the lines of all threads but the one that asks with
/// sinch_numbers_log_next; NULL if those are to be kept as well. 1000 lines are kept; then the oldest is dropped, and a line says
/// how many were. NULL is returned only for a bug that was caught. Since 1.0.
///
/// # Safety
///
/// The function is NULL or what is said above.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_log_new(
    log: sinch_numbers_log_fn,
    log_userdata: *mut c_void,
) -> *mut sinch_numbers_log {
    guard_or("log_new", ptr::null_mut(), || {
        let elsewhere = log.map(|function| LogSink { function, userdata: log_userdata });
        let (taker, lines) = (AtomicUsize::new(0), PerProcess::new());
        Some(handle::into_raw(LogHandle { elsewhere, taker, lines }))
    })
}

/// Writes a line to a log that keeps lines: the log function for sinch_numbers_client_new.
///
/// userdata: the log; NULL does nothing. message: a NULL one is not written. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what is said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_log_write(
    userdata: *mut c_void,
    level: i32,
    message: *const c_char,
) {
    guard_or("log_write", (), || {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        let log = unsafe { acquire(userdata.cast_const().cast::<sinch_numbers_log>()) }.ok()?;
        if !message.is_null() {
            // SAFETY: guaranteed by the caller (see `# Safety`).
            log.write(level, unsafe { CStr::from_ptr(message) });
        }
        Some(())
    });
}

/// Takes the oldest line that is kept; NULL if there is none. From the first time on, the lines of the calling thread are kept; of
/// several threads that ask, those of the one that asked last.
///
/// level_out: the level of the line, 1 (error) to 5 (trace); 0 if there is none. The text is valid until the next line is taken
/// or the log is freed. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what is said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_log_next(
    log: *const sinch_numbers_log,
    level_out: *mut i32,
) -> *const c_char {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { handle::write(level_out, 0) };
    guard_or("log_next", ptr::null(), || {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        let (level, line) = unsafe { acquire(log) }.ok()?.next()?;
        // SAFETY: as above.
        unsafe { handle::write(level_out, level) };
        Some(line)
    })
}

/// Frees a log that keeps lines. Its clients, and all pages made from them, must be freed before. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle that is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_log_free(log: *mut sinch_numbers_log) {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { handle::free("log_free", log, |_| ()) };
}
