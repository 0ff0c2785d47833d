//! Functions that use system calls of Linux; `portable` has the same for other systems.

use std::io;
use std::net::TcpStream;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::poll::opened;
use super::{Waker, set_option};

/// Makes a waker of one event descriptor.
pub(super) fn waker() -> io::Result<Waker> {
    // SAFETY: eventfd(2) takes no pointers; what it returns is new.
    let read = unsafe { opened(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK)) }?;
    Ok(Waker { read, write: None })
}

/// Makes a TCP socket that does not block and that no child process inherits.
pub(super) fn stream_socket(family: libc::c_int) -> io::Result<TcpStream> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: socket(2) takes no pointers; what it returns is new.
    unsafe { opened(libc::socket(family, kind, 0)) }.map(TcpStream::from)
}

/// Sets `TCP_USER_TIMEOUT`: a connection fails when sent data is not acknowledged for so long.
pub(crate) fn set_user_timeout(socket: &TcpStream, after: Duration) {
    let ms = libc::c_int::try_from(after.as_millis()).unwrap_or(libc::c_int::MAX);
    // Without it the deadline still holds.
    let _ = set_option(socket, libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, ms);
}

/// Makes a page of zeros that is zeros again in every child; null if the system has no such thing.
pub(super) fn wiped_page() -> *mut AtomicU64 {
    const SIZE: usize = 4096;
    // SAFETY: a new private mapping at an address of the kernel's choice touches nothing that exists; it is
    // unmapped again only before anybody has seen it.
    unsafe {
        let page = libc::mmap(
            ptr::null_mut(),
            SIZE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if page == libc::MAP_FAILED {
            return ptr::null_mut();
        }
        if libc::madvise(page, SIZE, libc::MADV_WIPEONFORK) != 0 {
            libc::munmap(page, SIZE);
            return ptr::null_mut();
        }
        page.cast()
    }
}
