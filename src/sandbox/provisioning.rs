//! Jobs that change what a number is linked to.
//!
//! A job moves by time alone: what a reader sees is computed from when the job began, so reading
//! changes nothing and needs no thread. A job that has ended is folded in by the next write.

use std::time::Duration;

use serde::Serialize;

use super::time::Timestamp;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Waiting,
    InProgress,
    Failed,
}

/// When a job began and how long it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub(super) began: Timestamp,
    pub(super) takes: Duration,
}

impl Schedule {
    /// The status of the job at that moment and since when, or since when it is over.
    pub(super) fn at(self, now: Timestamp, fails: bool) -> Result<(Status, Timestamp), Timestamp> {
        let Some(elapsed) = now.since(self.began) else {
            return Ok((Status::Waiting, self.began));
        };
        let ends = self.began.plus(self.takes);
        if elapsed >= self.takes {
            return if fails { Ok((Status::Failed, ends)) } else { Err(ends) };
        }
        if elapsed >= self.takes / 2 {
            return Ok((Status::InProgress, self.began.plus(self.takes / 2)));
        }
        Ok((Status::Waiting, self.began))
    }
}
