//! Provisioning jobs.
//!
//! The status of a job is computed from the time since it began, so that reading changes nothing and no
//! thread is needed. The next write replaces the configuration by that of a job that has ended.

use std::time::Duration;

use serde::Serialize;

use super::time::Timestamp;

/// The status of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Waiting,
    InProgress,
    Failed,
}

/// The start of a job, and its duration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub(super) began: Timestamp,
    pub(super) takes: Duration,
}

impl Schedule {
    /// Returns the status of the job at that moment and since when it has it; once the job is over, the error
    /// is when it ended.
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
