//! The body of an answer: received to its end and no further, decompressed, and never more of it than is allowed.

use std::io::{self, Write};
use std::mem;

use flate2::write::MultiGzDecoder;

use crate::connection::{Connection, Problem};
use crate::framing::{Body, Chunks, Coding, Flaw, Head};
use crate::socket::{Limits, Stop};

const TOO_BIG: Flaw = Flaw::TooBig("its body is bigger than the limit");
const NO_GZIP: Flaw = Flaw::Invalid("it is not the gzip that it says it is");
const UNASKED: Flaw = Flaw::Invalid("its content coding was not asked for");

/// Receives the body that a head announces: what came of it, and why that is not all, if it is not.
///
/// `most` is what is allowed after decompression. A buffer for a secret never moves: where it grew, it would leave copies
/// behind.
pub(crate) fn receive(
    connection: &mut Connection,
    head: &Head,
    most: u64,
    secret: bool,
    limits: Limits,
) -> (Vec<u8>, Result<(), Problem>) {
    /// An error has said what it has to say by then.
    const LARGEST_ERROR: usize = 1 << 20;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let success = (200..300).contains(&head.status);
    let most = if success { most } else { most.min(LARGEST_ERROR) };
    let announced = match head.body {
        Body::Length(length) => usize::try_from(length).unwrap_or(usize::MAX),
        Body::Chunked | Body::UntilEnd => 0,
    };
    // Trust the announced length only so far; and leave room for the NUL that C wants behind it.
    let first = if secret { most } else { announced.clamp(512, 1 << 20) };
    let mut bounded = Bounded { bytes: Vec::with_capacity(first + 1), most, full: false };
    match (head.coding, head.body) {
        (Coding::None, Body::Length(length)) if success && length > most as u64 => {
            (Vec::new(), Err(TOO_BIG.into()))
        }
        (Coding::None, Body::Length(length)) => {
            let result = bounded.receive(connection, length, limits);
            (bounded.bytes, result)
        }
        (Coding::None, framing) => {
            let result = pieces(connection, framing, limits, |data| bounded.take(data));
            (bounded.bytes, result)
        }
        (Coding::Gzip, framing) => {
            let mut decoder = MultiGzDecoder::new(bounded);
            let mut empty = true;
            let mut result = pieces(connection, framing, limits, |data| {
                empty = false;
                let written = decoder.write_all(data);
                written.map_err(|_| if decoder.get_ref().full { TOO_BIG } else { NO_GZIP })
            });
            if result.is_ok() && !empty {
                let finished = decoder.try_finish();
                result = finished
                    .map_err(|_| if decoder.get_ref().full { TOO_BIG } else { NO_GZIP }.into());
            }
            (mem::take(&mut decoder.get_mut().bytes), result)
        }
        (Coding::Other, _) => (Vec::new(), Err(UNASKED.into())),
    }
}

/// Hands on what comes, piece by piece, until the framing says that this was all.
fn pieces(
    connection: &mut Connection,
    framing: Body,
    limits: Limits,
    mut take: impl FnMut(&[u8]) -> Result<(), Flaw>,
) -> Result<(), Problem> {
    let mut left = match framing {
        Body::Length(length) => length,
        Body::Chunked | Body::UntilEnd => u64::MAX,
    };
    let mut chunks = Chunks::new();
    while left > 0 && !chunks.is_done() {
        let there = connection.look(limits)?;
        if there.is_empty() {
            return if framing == Body::UntilEnd { Ok(()) } else { Err(cut()) };
        }
        let used = if framing == Body::Chunked {
            chunks.decode(there, &mut take)?
        } else {
            let count = usize::try_from(left).map_or(there.len(), |left| left.min(there.len()));
            take(&there[..count])?;
            left = if framing == Body::UntilEnd { left } else { left - count as u64 };
            count
        };
        connection.take(used);
    }
    Ok(())
}

fn cut() -> Problem {
    let what = "the connection was closed before the answer was complete";
    Stop::Failed(io::Error::new(io::ErrorKind::UnexpectedEof, what)).into()
}

/// A buffer that takes only so much.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
    /// Something did not fit.
    full: bool,
}

impl Bounded {
    fn take(&mut self, data: &[u8]) -> Result<(), Flaw> {
        if data.len() > self.most - self.bytes.len() {
            self.full = true;
            return Err(TOO_BIG);
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    /// Receives a body of a known length where it is to stay.
    fn receive(
        &mut self,
        connection: &mut Connection,
        length: u64,
        limits: Limits,
    ) -> Result<(), Problem> {
        /// So much is made ready at a time: a server that announces much and sends little is not to cost the memory.
        const STEP: usize = 256 * 1024;
        let fits = usize::try_from(length).ok().filter(|length| *length <= self.most);
        // Of what is too big, an error above all, as much as is allowed.
        let length = fits.unwrap_or(self.most);
        let mut filled = 0;
        let mut result = Ok(());
        while filled < length && result.is_ok() {
            if filled == self.bytes.len() {
                self.bytes.resize(length.min(filled + STEP), 0);
            }
            match connection.receive(&mut self.bytes[filled..], limits) {
                Ok(0) => result = Err(cut()),
                Ok(count) => filled += count,
                Err(problem) => result = Err(problem),
            }
        }
        self.bytes.truncate(filled);
        result.and(if fits.is_some() { Ok(()) } else { Err(TOO_BIG.into()) })
    }
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.take(data).map_err(io::Error::other)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
