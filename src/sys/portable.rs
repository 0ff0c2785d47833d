//! The functions of [`linux`](super::linux) for macOS, by means that every Unix has.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::Waker;
use super::poll::{above_standard_streams, opened};

/// Makes a waker of a pair of sockets.
pub(super) fn waker() -> io::Result<Waker> {
    let (read, write) = UnixStream::pair()?;
    write.set_nonblocking(true)?;
    let read = above_standard_streams(read.into())?;
    Ok(Waker { read, write: Some(above_standard_streams(write.into())?) })
}

/// Makes a TCP socket that does not block and that no child process inherits, unless another thread forks between two system
/// calls.
pub(super) fn stream_socket(family: libc::c_int) -> io::Result<TcpStream> {
    // SAFETY: socket(2) takes no pointers; what it returns is new.
    let socket = TcpStream::from(unsafe { opened(libc::socket(family, libc::SOCK_STREAM, 0)) }?);
    // SAFETY: fcntl(2) with F_SETFD takes no pointers.
    if unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // A connection that the other side has closed is an error, not a signal. On Linux std says so with each send.
    #[cfg(not(target_os = "linux"))]
    super::set_option(&socket, libc::SOL_SOCKET, libc::SO_NOSIGPIPE, 1)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Does nothing: a connection that has died unnoticed holds a call until the call's deadline.
pub(crate) fn set_user_timeout(_: &TcpStream, _: Duration) {}

/// Returns null: there is no page that the kernel wipes.
pub(super) fn wiped_page() -> *mut AtomicU64 {
    ptr::null_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::RawFd;

    fn has(fd: RawFd, get: libc::c_int, flag: libc::c_int) -> bool {
        // SAFETY: fcntl(2) that reads flags takes no pointers.
        let flags = unsafe { libc::fcntl(fd, get) };
        assert!(flags >= 0);
        flags & flag != 0
    }

    #[test]
    fn no_child_inherits_a_descriptor_and_none_blocks() {
        let waker = waker().unwrap();
        let socket = stream_socket(libc::AF_INET).unwrap();
        let write = waker.write.as_ref().unwrap().as_raw_fd();
        for fd in [waker.fd(), write, socket.as_raw_fd()] {
            assert!(has(fd, libc::F_GETFD, libc::FD_CLOEXEC));
        }
        for fd in [write, socket.as_raw_fd()] {
            assert!(has(fd, libc::F_GETFL, libc::O_NONBLOCK));
        }
    }
}
