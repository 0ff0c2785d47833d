//! The system calls that std lacks.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Instant;

/// What a socket is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ready {
    ToRead,
    ToWrite,
}

/// Waits until a socket is ready or the deadline passes; `false` means the latter.
///
/// An error on the socket counts as ready: the read or write that follows reports it.
pub(crate) fn wait(socket: &TcpStream, ready: Ready, deadline: Instant) -> io::Result<bool> {
    let events = match ready {
        Ready::ToRead => libc::POLLIN,
        Ready::ToWrite => libc::POLLOUT,
    };
    let mut polled = libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // Rounded up: waking a fraction of a millisecond early would only poll once more.
        let ms = i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        // SAFETY: `polled` is one valid pollfd that lives until the call returns, and the count says one; the
        // descriptor is open as long as `socket` is borrowed.
        let count = unsafe { libc::poll(&raw mut polled, 1, ms) };
        match count {
            0 if Instant::now() >= deadline => return Ok(false),
            0 => {}
            1.. => return Ok(true),
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;
    use std::time::Duration;

    #[test]
    fn a_socket_is_ready_when_something_can_be_done_with_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        let past = Instant::now();
        let later = past + Duration::from_secs(600);
        assert!(!wait(&near, Ready::ToRead, past).unwrap());
        assert!(wait(&near, Ready::ToWrite, past).unwrap());
        far.write_all(b"x").unwrap();
        assert!(wait(&near, Ready::ToRead, later).unwrap());
        drop(far);
        assert!(wait(&near, Ready::ToRead, later).unwrap());
    }
}
