//! Waiting with poll(2) for sockets, wakers and the deadline, and keeping descriptors away from 0, 1 and 2.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Instant;

use libc::{POLLIN, POLLOUT, pollfd};

use super::polled::poll_if_due;

/// The readiness to wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ready {
    ToRead,
    ToWrite,
}

/// No descriptor: poll(2) ignores a negative one.
pub(crate) const NO_FD: RawFd = -1;

/// The reason why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The descriptor that was waited for is ready, or has an error that the next operation on it reports.
    Ready,
    /// One of the wakers was triggered, or the caller ends the call when it is polled.
    Waker,
    /// The deadline passed.
    Deadline,
}

/// Waits until a descriptor is ready, a waker is triggered or the deadline passes. Wakers come first.
pub(crate) fn wait(
    fd: RawFd,
    ready: Ready,
    wakers: [RawFd; 2],
    deadline: Instant,
) -> io::Result<Woken> {
    let events = match ready {
        Ready::ToRead => POLLIN,
        Ready::ToWrite => POLLOUT,
    };
    let [first, second] = wakers;
    let mut polled = [entry(first, POLLIN), entry(second, POLLIN), entry(fd, events)];
    Ok(match poll(&mut polled, deadline)? {
        // Checked even if the descriptor is ready: a server that never stops sending must not hold a call.
        Woken::Ready if Instant::now() >= deadline => Woken::Deadline,
        woken => woken,
    })
}

/// Waits until one of the sockets can be written to (a connect has ended), a waker is triggered or the deadline passes.
/// Wakers come first. Returns which sockets are ready.
pub(crate) fn wait_any(
    sockets: &[RawFd],
    wakers: [RawFd; 2],
    deadline: Instant,
) -> io::Result<(Woken, Vec<bool>)> {
    let mut polled: Vec<pollfd> = wakers.iter().map(|fd| entry(*fd, POLLIN)).collect();
    polled.extend(sockets.iter().map(|fd| entry(*fd, POLLOUT)));
    let woken = poll(&mut polled, deadline)?;
    Ok((woken, polled[wakers.len()..].iter().map(|one| one.revents != 0).collect()))
}

fn entry(fd: RawFd, events: libc::c_short) -> pollfd {
    pollfd { fd, events, revents: 0 }
}

/// Waits until one of the descriptors is ready; the first two are the wakers.
fn poll(polled: &mut [pollfd], deadline: Instant) -> io::Result<Woken> {
    let total = libc::nfds_t::try_from(polled.len()).map_err(io::Error::other)?;
    loop {
        let Some(ms) = time_to_poll(deadline) else { return Ok(Woken::Waker) };
        // SAFETY: `polled` holds `total` valid pollfds and lives until the call returns. A descriptor that is not open is
        // reported in `revents`, not dereferenced.
        match unsafe { libc::poll(polled.as_mut_ptr(), total, ms) } {
            0 if Instant::now() >= deadline => return Ok(Woken::Deadline),
            0 => {}
            1.. if polled[..2].iter().any(|one| one.revents != 0) => return Ok(Woken::Waker),
            1.. => return Ok(Woken::Ready),
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

/// Returns how many milliseconds poll(2) is to wait: until the deadline, or until the caller is polled; `None` if the caller
/// ends the call.
fn time_to_poll(deadline: Instant) -> Option<libc::c_int> {
    let left = poll_if_due(deadline)?.saturating_duration_since(Instant::now());
    // Rounded up: waking a fraction of a millisecond early would only poll once more.
    Some(libc::c_int::try_from(left.as_micros().div_ceil(1000)).unwrap_or(libc::c_int::MAX))
}

/// Checks the return value of a system call that opens a descriptor, and moves the descriptor above 2.
///
/// # Safety
///
/// Unless it is negative, nothing else owns the descriptor.
pub(super) unsafe fn opened(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: guaranteed by the caller (see `# Safety`).
    above_standard_streams(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Moves a descriptor above 2. Where a program has closed its standard streams, a socket of ours would become one of them,
/// and whatever the program prints would go to the server.
pub(super) fn above_standard_streams(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > 2 {
        return Ok(fd);
    }
    // SAFETY: fcntl(2) with F_DUPFD_CLOEXEC takes no pointers.
    let moved = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 3) };
    if moved < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}

#[cfg(test)]
mod tests {
    use super::super::{Waker, begin_connect, portable};
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    #[test]
    fn a_socket_is_ready_when_something_can_be_done_with_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        let past = Instant::now();
        let later = past + Duration::from_secs(600);
        let wait = |ready, deadline| wait(near.as_raw_fd(), ready, [NO_FD; 2], deadline).unwrap();
        assert_eq!(wait(Ready::ToRead, past), Woken::Deadline);
        assert_eq!(wait(Ready::ToWrite, past), Woken::Deadline);
        assert_eq!(wait(Ready::ToWrite, later), Woken::Ready);
        far.write_all(b"x").unwrap();
        assert_eq!(wait(Ready::ToRead, later), Woken::Ready);
        drop(far);
        assert_eq!(wait(Ready::ToRead, later), Woken::Ready);
    }

    #[test]
    fn a_waker_wakes_for_ever_and_comes_first() {
        for make in [Waker::new, portable::waker] {
            let (first, second) = (make().unwrap(), make().unwrap());
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let past = Instant::now();
            let later = past + Duration::from_secs(600);
            let wakers = [first.fd(), second.fd()];
            assert_eq!(wait(NO_FD, Ready::ToRead, wakers, past).unwrap(), Woken::Deadline);
            std::thread::scope(|scope| {
                let waiting = scope.spawn(|| wait(NO_FD, Ready::ToRead, wakers, later).unwrap());
                second.trigger();
                assert_eq!(waiting.join().unwrap(), Woken::Waker);
            });
            second.trigger();
            for _ in 0..3 {
                assert_eq!(
                    wait(socket.as_raw_fd(), Ready::ToWrite, wakers, later).unwrap(),
                    Woken::Waker
                );
            }
        }
    }

    /// A signal handler must do neither, however often the waker was triggered, and whatever `errno` is.
    #[test]
    fn triggering_neither_waits_nor_changes_errno() {
        for make in [Waker::new, portable::waker] {
            let waker = make().unwrap();
            // SAFETY: close(2) takes no pointers; no descriptor is negative.
            assert_eq!(unsafe { libc::close(-1) }, -1);
            for _ in 0..100_000 {
                waker.trigger();
            }
            assert_eq!(io::Error::last_os_error().raw_os_error(), Some(libc::EBADF));
        }
    }

    /// Runs in a child, whose standard streams can be closed; the exit code is the result.
    #[test]
    fn no_descriptor_takes_the_place_of_a_standard_stream() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // SAFETY: the child calls only system calls, and what is under test, which takes no lock, and _exit(2).
        let child = unsafe { libc::fork() };
        if child == 0 {
            for fd in 0..3 {
                // SAFETY: close(2) takes no pointers; nothing uses these descriptors in the child.
                unsafe { libc::close(fd) };
            }
            let socket = begin_connect(&address).is_ok_and(|socket| socket.as_raw_fd() > 2);
            let waker = [Waker::new, portable::waker]
                .iter()
                .all(|make| make().is_ok_and(|waker| waker.fd() > 2));
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(i32::from(!(socket && waker))) };
        }
        let mut status = 0;
        // SAFETY: `status` is a valid place for the result.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
    }
}
