//! The system calls that std lacks: waiting for several things at once, being woken, connecting without blocking, and noticing
//! a fork.

pub(crate) mod deadline;

use std::io;
use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

#[cfg(target_os = "linux")]
mod linux;
mod poll;
mod polled;
// Also tested on Linux, which uses a part of it in tests only.
#[cfg(any(test, not(target_os = "linux")))]
#[cfg_attr(target_os = "linux", allow(dead_code))]
mod portable;
mod scoped;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use portable as system;

pub(crate) use poll::{NO_FD, Ready, Woken, wait, wait_any};
pub(crate) use polled::{polled, thread_id};
pub(crate) use scoped::{scoped, with_scoped};
pub(crate) use system::set_user_timeout;

/// A descriptor that stays readable once it was triggered, so that every wait on it ends.
#[derive(Debug)]
pub(crate) struct Waker {
    read: OwnedFd,
    /// The descriptor to write to, if it is another one.
    write: Option<OwnedFd>,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        system::waker()
    }

    /// Wakes everybody who waits or will wait. Async-signal-safe.
    pub(crate) fn trigger(&self) {
        let fd = self.write.as_ref().unwrap_or(&self.read).as_raw_fd();
        let one = 1_u64;
        // SAFETY: `one` is eight readable bytes. write(2) is async-signal-safe, and does not wait: the descriptor does not
        // block, and one that takes no more has been triggered. `errno` is put back, since a signal handler must not change it.
        unsafe {
            #[cfg(target_os = "linux")]
            let errno = libc::__errno_location();
            #[cfg(not(target_os = "linux"))]
            let errno = libc::__error();
            let before = *errno;
            libc::write(fd, (&raw const one).cast(), 8);
            *errno = before;
        }
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.read.as_raw_fd()
    }
}

/// Begins a connect that does not block. The socket becomes writable when the connection is established, or has failed.
pub(crate) fn begin_connect(address: &SocketAddr) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let family_in_address = libc::sa_family_t::try_from(family).unwrap_or_default();
    let socket = system::stream_socket(family)?;
    let failed = match address {
        SocketAddr::V4(v4) => {
            // SAFETY: all zeros is a valid value of this plain struct.
            let mut raw: libc::sockaddr_in = unsafe { mem::zeroed() };
            raw.sin_family = family_in_address;
            raw.sin_port = v4.port().to_be();
            raw.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
            connect(&socket, &raw)
        }
        SocketAddr::V6(v6) => {
            // SAFETY: as above.
            let mut raw: libc::sockaddr_in6 = unsafe { mem::zeroed() };
            raw.sin6_family = family_in_address;
            raw.sin6_port = v6.port().to_be();
            raw.sin6_addr.s6_addr = v6.ip().octets();
            raw.sin6_flowinfo = v6.flowinfo();
            raw.sin6_scope_id = v6.scope_id();
            connect(&socket, &raw)
        }
    };
    match failed {
        // An interrupted connect goes on by itself, like one that has only begun.
        Err(error) if !matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => {
            Err(error)
        }
        _ => Ok(socket),
    }
}

fn connect<T>(socket: &TcpStream, raw: &T) -> io::Result<()> {
    let size = libc::socklen_t::try_from(size_of::<T>()).unwrap_or_default();
    // SAFETY: `raw` is one of the two address structs above, readable for its whole size during the call.
    match unsafe { libc::connect(socket.as_raw_fd(), ptr::from_ref(raw).cast(), size) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sets an option of a socket.
fn set_option(
    socket: &TcpStream,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    let size = libc::socklen_t::try_from(size_of_val(&value)).unwrap_or_default();
    // SAFETY: `value` is readable for its whole size during the call.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), size)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Counts the forks that led to this process, to tell values made before a fork from those made after it.
///
/// Costs one load from memory: the count is in a page that the kernel wipes in a child.
pub(crate) fn generation() -> u64 {
    static PAGE: AtomicPtr<AtomicU64> = AtomicPtr::new(ptr::null_mut());
    /// Copied by a fork like any other memory: a child goes on counting where its parent was.
    static FORKS: AtomicU64 = AtomicU64::new(0);

    let mut page = PAGE.load(Ordering::Acquire);
    if page.is_null() {
        let new = system::wiped_page();
        if new.is_null() {
            // Without such a page the process id is used, which costs a system call.
            return u64::from(std::process::id());
        }
        // The thread that comes second leaks its page. A lock could be held during a fork.
        let swapped =
            PAGE.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
        page = swapped.map_or_else(|first| first, |_| new);
    }
    // SAFETY: the page is mapped for the life of the process, aligned, and only ever used as this atomic.
    let generation = unsafe { &*page };
    match generation.load(Ordering::Acquire) {
        0 => {
            let next = FORKS.fetch_add(1, Ordering::AcqRel) + 1;
            let swapped = generation.compare_exchange(0, next, Ordering::AcqRel, Ordering::Acquire);
            swapped.map_or_else(|first| first, |_| next)
        }
        known => known,
    }
}

/// A value that each process has of its own: a child of fork(2) gets a fresh one and leaves the parent's untouched,
/// locks and sockets included.
#[derive(Debug)]
pub(crate) struct PerProcess<T> {
    newest: AtomicPtr<Node<T>>,
}

#[derive(Debug)]
struct Node<T> {
    generation: u64,
    value: T,
    older: *mut Node<T>,
}

// SAFETY: a node is written before it is published and only read afterwards; what threads then share is `&T`, and the
// last owner drops `T`, wherever it is.
unsafe impl<T: Send + Sync> Send for PerProcess<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for PerProcess<T> {}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self { newest: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Returns this process's value, if there is one. Async-signal-safe.
    pub(crate) fn get(&self) -> Option<&T> {
        // Sequentially consistent with the flag beside the waker: see `cancel::Signal`.
        let node = self.newest.load(Ordering::SeqCst);
        if node.is_null() {
            return None;
        }
        // SAFETY: a published node lives, unchanged, as long as `self`.
        let node = unsafe { &*node };
        (node.generation == generation()).then_some(&node.value)
    }

    /// Returns this process's value, making it if there is none. Of several threads that make it, one wins.
    pub(crate) fn get_or_try_init<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let generation = generation();
        let mut node = Box::new(Node { generation, value: make()?, older: ptr::null_mut() });
        loop {
            let newest = self.newest.load(Ordering::SeqCst);
            if let Some(value) = self.get() {
                return Ok(value);
            }
            node.older = newest;
            let raw = Box::into_raw(node);
            match self.newest.compare_exchange(newest, raw, Ordering::SeqCst, Ordering::SeqCst) {
                // SAFETY: it was just published, and lives as long as `self`.
                Ok(_) => return Ok(unsafe { &(*raw).value }),
                // SAFETY: it was not published: the box is still this thread's alone.
                Err(_) => node = unsafe { Box::from_raw(raw) },
            }
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let node = *self.newest.get_mut();
        if node.is_null() {
            return;
        }
        // SAFETY: there is no other reference any more, since `self` is borrowed mutably, and each node was made by
        // `Box::into_raw` and is taken apart once.
        unsafe {
            if (*node).generation == generation() {
                drop(Box::from_raw(node));
            }
        }
        // Values of the parent process are leaked: one of its threads may have held them during fork(2).
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn a_process_has_one_value() {
        let made = AtomicUsize::new(0);
        let value = PerProcess::new();
        assert!(value.get().is_none());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let count = || Ok::<_, Infallible>(made.fetch_add(1, Ordering::SeqCst));
                    let mine = value.get_or_try_init(count).unwrap();
                    assert!(ptr::eq(mine, value.get().unwrap()));
                });
            }
        });
        assert!(made.load(Ordering::SeqCst) >= 1);
        assert_eq!(generation(), generation());
    }

    /// Reports a child's result through its exit code: a test must not unwind in a child.
    #[test]
    fn a_child_has_a_value_of_its_own() {
        let value = PerProcess::new();
        let before = (generation(), *value.get_or_try_init(|| Ok::<_, Infallible>(1)).unwrap());
        // SAFETY: the child calls only what is under test, which takes no lock, and _exit(2).
        let child = unsafe { libc::fork() };
        if child == 0 {
            let own = value.get().is_none() && generation() == before.0 + 1;
            let made = value.get_or_try_init(|| Ok::<_, Infallible>(2)).is_ok_and(|v| *v == 2);
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(i32::from(!(own && made))) };
        }
        let mut status = 0;
        // SAFETY: `status` is a valid place for the result.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert_eq!((generation(), *value.get().unwrap()), before);
    }
}
