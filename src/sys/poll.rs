//! Waiting for the first of several sockets, and keeping descriptors away from 0, 1 and 2.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Instant;

use super::{Woken, time_to_poll};

/// Waits until one of the sockets can be written to (a connect has ended), a waker is triggered or the deadline passes.
/// Wakers come first. Returns which sockets are ready.
pub(crate) fn wait_any(
    sockets: &[RawFd],
    wakers: [RawFd; 2],
    deadline: Instant,
) -> io::Result<(Woken, Vec<bool>)> {
    let entry = |fd, events| libc::pollfd { fd, events, revents: 0 };
    let mut polled: Vec<libc::pollfd> = Vec::with_capacity(sockets.len() + 2);
    polled.extend(wakers.iter().map(|fd| entry(*fd, libc::POLLIN)));
    polled.extend(sockets.iter().map(|fd| entry(*fd, libc::POLLOUT)));
    let total = libc::nfds_t::try_from(polled.len()).map_err(io::Error::other)?;
    loop {
        let Some(ms) = time_to_poll(deadline) else { return Ok((Woken::Waker, Vec::new())) };
        // SAFETY: `polled` holds `total` valid pollfds and lives until the call returns. A descriptor that is not open is
        // reported in `revents`, not dereferenced.
        let count = unsafe { libc::poll(polled.as_mut_ptr(), total, ms) };
        let ready = || polled[2..].iter().map(|one| one.revents != 0).collect();
        match count {
            0 if Instant::now() >= deadline => return Ok((Woken::Deadline, Vec::new())),
            0 => {}
            1.. if polled[..2].iter().any(|one| one.revents != 0) => {
                return Ok((Woken::Waker, Vec::new()));
            }
            1.. => return Ok((Woken::Ready, ready())),
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

/// Moves a descriptor above 2. Where a program has closed its standard streams, a socket of ours would become one of them,
/// and whatever the program prints would go to the server.
pub(crate) fn above_standard_streams(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > 2 {
        return Ok(fd);
    }
    // SAFETY: fcntl(2) with F_DUPFD_CLOEXEC takes no pointers.
    let moved = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 3) };
    if moved < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}

#[cfg(test)]
mod tests {
    use super::super::{Waker, begin_connect};
    use super::*;
    use std::net::TcpListener;

    /// In a child, whose standard streams may be closed; it tells by its exit code what it saw.
    #[test]
    fn no_descriptor_takes_the_place_of_a_standard_stream() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // SAFETY: the child calls only system calls, and what is under test, which takes no lock, and _exit(2).
        let child = unsafe { libc::fork() };
        if child == 0 {
            for fd in 0..3 {
                // SAFETY: close(2) takes no pointers; nobody uses these descriptors in the child.
                unsafe { libc::close(fd) };
            }
            let socket = begin_connect(&address).is_ok_and(|socket| socket.as_raw_fd() > 2);
            let waker = Waker::new().is_ok_and(|waker| waker.fd() > 2);
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(i32::from(!(socket && waker))) };
        }
        let mut status = 0;
        // SAFETY: `status` is a valid place for the result.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
    }
}
