//! The receive buffer of a connection.

/// Received bytes that are not consumed yet: `bytes[begin..end]`.
#[derive(Default)]
pub(super) struct Input {
    bytes: Vec<u8>,
    begin: usize,
    pub(super) end: usize,
    /// Whether ureq consumed something at its last read.
    pub(super) progress: bool,
}

impl Input {
    pub(super) fn unconsumed(&self) -> &[u8] {
        &self.bytes[self.begin..self.end]
    }

    /// Tells whether ureq left a line with a CR that is not followed by LF.
    pub(super) fn waits_for_lf(&self) -> bool {
        let line = self.unconsumed();
        let cr = line.iter().position(|byte| *byte == b'\r');
        cr.is_some_and(|at| line.get(at + 1).is_some_and(|next| *next != b'\n'))
    }

    pub(super) fn consume(&mut self, amount: usize) {
        self.begin = (self.begin + amount).min(self.end);
    }

    /// Returns the free space behind the input, at least `wanted` bytes of it.
    pub(super) fn free(&mut self, wanted: usize) -> &mut [u8] {
        if self.begin > 0 {
            self.bytes.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        if self.bytes.len() < self.end + wanted {
            self.bytes.resize(self.end + wanted, 0);
        }
        &mut self.bytes[self.end..]
    }

    pub(super) fn push(&mut self, received: &[u8]) {
        self.free(received.len())[..received.len()].copy_from_slice(received);
        self.end += received.len();
    }
}
