//! Carrying out the plan of one number.

use std::error::Error as _;
use std::thread;
use std::time::{Duration, Instant};

use sinch_numbers::{
    ActiveNumber, Client, EnsureEmergencyAddress, Error, ErrorKind, NumberUpdate, Provisioning,
    Relink, RetryAdvice, Timestamp, Wait, explain,
};

use crate::args::Verb;
use crate::chain;
use crate::exit::Exit;
use crate::jobs::journal::{End, Ended, Journal, Line, Outcome, Past};
use crate::jobs::plan::Item;
use crate::jobs::state::{Snapshot, Step, address};

/// The context that the numbers of a job share.
pub(crate) struct Work<'a> {
    pub(crate) verb: Verb,
    pub(crate) client: &'a Client,
    pub(crate) journal: &'a Journal,
    pub(crate) began: Instant,
}

/// The effect of a failure on the numbers that were not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureScope {
    /// Nothing.
    Itself,
    /// It will hit all that are to be linked to the same campaign.
    Campaign,
    /// It will hit all.
    All,
}

pub(crate) const CHANGED: &str = "changed since the plan";
/// The cause of a release that an earlier run sent or was about to send, and that the number does not show.
pub(crate) const UNKNOWN_RELEASE: &str = "unknown release";
/// The time after which a write of unknown outcome is read back.
const SETTLE_TIME: Duration = Duration::from_secs(2);
/// How often an update of unknown outcome is sent again.
const RESENDS: u32 = 2;

impl Work<'_> {
    /// Brings a number to its end: reads it, and takes the steps that are left. Fails if the journal cannot be written.
    pub(crate) fn carry_out(
        &self,
        item: &Item,
        past: &Past,
    ) -> Result<(End, FailureScope), String> {
        let ended = |end: End| Ok((end, FailureScope::Itself));
        let open = past.open();
        let accepted = past.steps.last().is_some_and(|begun| begun.outcome == Some(Outcome::Done));
        if self.verb == Verb::Release && accepted {
            // It may not show yet, and must not be sent again.
            return ended(done());
        }
        if open.is_some() {
            // The step was sent before this process began.
            thread::sleep(SETTLE_TIME.saturating_sub(self.began.elapsed()));
        }
        let mut snapshot = match self.read_idle(item) {
            Ok(snapshot) => snapshot,
            Err(error) => return Ok(failed(&error)),
        };
        if let Some(begun) = open {
            let lacked = snapshot.steps_left.iter().find(|step| step.step == begun.step).cloned();
            let Some(step) = lacked else {
                self.note(item, &begun.step, Outcome::Done)?;
                return self.go_on(item, snapshot);
            };
            if self.verb == Verb::Release {
                return ended(End {
                    result: Ended::Unknown,
                    cause: Some(UNKNOWN_RELEASE.to_owned()),
                    reason: Some(
                        "it is unknown whether the release was applied; it is never repeated"
                            .to_owned(),
                    ),
                    advice: Some(format!("see: sinch-numbers get {}", item.phone_number)),
                    exit: Exit::Unknown as u8,
                    again: true,
                });
            }
            let number = snapshot.number.as_ref();
            let has_failed = number.is_some_and(|number| {
                failures(number).iter().any(|time| !begun.before.contains(time))
            });
            if let (true, Some(update)) = (has_failed, &step.update) {
                let wait = Wait::new().expect(update.clone());
                match self.client.wait(item.phone_number.as_str(), &wait) {
                    Ok(number) => snapshot = Snapshot::of(self.verb, &item.wanted, number.json()),
                    Err(error) => {
                        self.note(item, &begun.step, outcome_of(&error))?;
                        return Ok(failed(&error));
                    }
                }
            } else {
                self.note(item, &begun.step, Outcome::NotApplied)?;
            }
        }
        self.go_on(item, snapshot)
    }

    fn go_on(&self, item: &Item, mut snapshot: Snapshot) -> Result<(End, FailureScope), String> {
        let mut resends = 0;
        loop {
            if !item.is_in_planned_state(&snapshot) {
                let end = End {
                    result: Ended::Failed,
                    cause: Some(CHANGED.to_owned()),
                    reason: Some(CHANGED.to_owned()),
                    advice: Some("make a new plan for it".to_owned()),
                    exit: Exit::SomeFailed as u8,
                    again: true,
                };
                return Ok((end, FailureScope::Itself));
            }
            let Some(step) = snapshot.steps_left.first() else {
                return Ok((done(), FailureScope::Itself));
            };
            let before = snapshot.number.as_ref().map(failures).unwrap_or_default();
            self.journal.append([Line::Intent {
                phone_number: item.phone_number.clone(),
                step: step.step.clone(),
                before: before.clone(),
            }])?;
            let sent = self.send(item, step, !before.is_empty());
            let outcome = sent.as_ref().err().map_or(Outcome::Done, outcome_of);
            self.note(item, &step.step, outcome)?;
            snapshot = match sent {
                Ok(snapshot) => snapshot,
                Err(_)
                    if self.verb == Verb::Update
                        && outcome == Outcome::Unknown
                        && resends < RESENDS =>
                {
                    resends += 1;
                    thread::sleep(SETTLE_TIME * resends);
                    match self.read_idle(item) {
                        Ok(snapshot) => snapshot,
                        Err(error) => return Ok(failed(&error)),
                    }
                }
                Err(error) => return Ok(failed(&error)),
            };
        }
    }

    fn note(&self, item: &Item, step: &str, outcome: Outcome) -> Result<(), String> {
        let (phone_number, step) = (item.phone_number.clone(), step.to_owned());
        self.journal.append([Line::Outcome { phone_number, step, outcome }])
    }

    /// Reads a number, after waiting until no job is under way.
    fn read_idle(&self, item: &Item) -> Result<Snapshot, Error> {
        let read = || Snapshot::at(self.client, self.verb, &item.phone_number, &item.wanted);
        let found = read()?;
        let pending = |number: &ActiveNumber| number.provisioning() == Provisioning::Pending;
        if !found.number.as_ref().is_some_and(pending) {
            return Ok(found);
        }
        match self.client.wait(item.phone_number.as_str(), &Wait::new()) {
            Ok(number) => Ok(Snapshot::of(self.verb, &item.wanted, number.json())),
            Err(error) if matches!(error.kind(), ErrorKind::Provisioning(_)) => read(),
            Err(error) => Err(error),
        }
    }

    /// Sends a step, and waits until it is in effect.
    fn send(&self, item: &Item, step: &Step, had_failed: bool) -> Result<Snapshot, Error> {
        let (number, client) = (item.phone_number.as_str(), self.client);
        let update = step.update.clone().unwrap_or_default();
        let snapshot = |json: &str| Snapshot::of(self.verb, &item.wanted, json);
        match self.verb {
            Verb::Relink => {
                let relinked = client.relink(number, &Relink::to(update))?;
                Ok(snapshot(relinked.raw_value("/number").unwrap_or_default()))
            }
            Verb::Update => self.update(number, update, had_failed).map(|json| snapshot(&json)),
            Verb::Release => {
                // Once accepted it is done, even if the number does not show it yet: it is never sent again.
                client.release(number)?;
                Ok(Snapshot::default())
            }
            Verb::Emergency => {
                let wanted = EnsureEmergencyAddress::new(address(&item.wanted));
                client.ensure_emergency_address(number, &wanted)?;
                Ok(Snapshot::default())
            }
        }
    }

    fn update(
        &self,
        number: &str,
        update: NumberUpdate,
        had_failed: bool,
    ) -> Result<String, Error> {
        self.client.update(number, &update)?;
        if had_failed {
            // The job that failed before may show until the new one does.
            thread::sleep(SETTLE_TIME);
        }
        Ok(self.client.wait(number, &Wait::new().expect(update))?.json().to_owned())
    }
}

/// The times of the failed jobs of a number.
fn failures(number: &ActiveNumber) -> Vec<String> {
    if number.provisioning() != Provisioning::Failed {
        return Vec::new();
    }
    let sms = number.sms_job().map(|job| ("sms", &job.last_updated_time));
    let voice = number.voice_job().map(|job| ("voice", &job.last_updated_time));
    let text = |time: &Option<Timestamp>| time.as_ref().map_or("", Timestamp::as_str).to_owned();
    [sms, voice].into_iter().flatten().map(|(of, time)| format!("{of} {}", text(time))).collect()
}

fn done() -> End {
    End { result: Ended::Done, cause: None, reason: None, advice: None, exit: 0, again: false }
}

fn outcome_of(error: &Error) -> Outcome {
    match Exit::of(error) {
        Exit::Unknown => Outcome::Unknown,
        Exit::StillRunning => Outcome::Running,
        Exit::ProvisioningFailed => Outcome::Failed,
        _ => Outcome::NotApplied,
    }
}

/// The codes of the jobs that failed.
fn codes(error: &Error) -> Vec<String> {
    let ErrorKind::Provisioning(failed) = error.kind() else { return Vec::new() };
    let jobs = failed.jobs();
    jobs.iter().flat_map(|job| job.reasons()).map(|(code, _)| code.to_owned()).collect()
}

fn failed(error: &Error) -> (End, FailureScope) {
    const CAMPAIGN: [&str; 9] = [
        "EXCEEDED_10DLC_LIMIT",
        "CAMPAIGN_NOT_AVAILABLE",
        "CAMPAIGN_PENDING_ACCEPTANCE",
        "CAMPAIGN_EXPIRED",
        "CAMPAIGN_MNO_REJECTED",
        "CAMPAIGN_MNO_SUSPENDED",
        "CAMPAIGN_MNO_REVIEW",
        "MNO_SHARING_ERROR",
        "MOCK_CAMPAIGN_NOT_ALLOWED",
    ];
    let (exit, codes) = (Exit::of(error), codes(error));
    let is_any = |names: &[&str]| codes.iter().any(|code| names.contains(&code.as_str()));
    let scope = if exit == Exit::Denied
        || error.http_status() == Some(402)
        || is_any(&["INSUFFICIENT_BALANCE"])
    {
        FailureScope::All
    } else if is_any(&CAMPAIGN) {
        FailureScope::Campaign
    } else {
        FailureScope::Itself
    };
    let result = if exit == Exit::Unknown { Ended::Unknown } else { Ended::Failed };
    let passes = match exit {
        Exit::ProvisioningFailed => error.can_retry(),
        _ => error.can_retry() || matches!(exit, Exit::Unknown | Exit::StillRunning),
    };
    let again = passes || scope != FailureScope::Itself;
    let advice = match codes.first().map(|code| explain(code)) {
        Some(code) if code.retry == RetryAdvice::No && !again => {
            format!("{}; then make a new plan for it", code.action)
        }
        Some(code) => format!("{}; then apply again", code.action),
        None if exit == Exit::Denied => "see: sinch-numbers doctor; then apply again".to_owned(),
        None if again => "apply again: it is read first".to_owned(),
        None => "see to the reason, and make a new plan for it".to_owned(),
    };
    let cause = match error.kind() {
        ErrorKind::Provisioning(_) if codes.is_empty() => "provisioning failed".to_owned(),
        ErrorKind::Provisioning(_) => codes.join(" "),
        ErrorKind::Timeout(_) => "out of time".to_owned(),
        ErrorKind::Transport(_) => "network".to_owned(),
        ErrorKind::Address(_) => "address not accepted".to_owned(),
        _ => error
            .http_status()
            .map_or("another failure".to_owned(), |status| format!("status {status}")),
    };
    let end = End {
        result,
        cause: Some(cause),
        reason: Some(reason(error)),
        advice: Some(advice),
        exit: exit as u8,
        again,
    };
    (end, scope)
}

/// Says why something failed, without the operation and the number.
pub(crate) fn reason(error: &Error) -> String {
    let causes = error.source().map(|cause| format!(": {}", chain(cause))).unwrap_or_default();
    format!("{}{causes}", error.kind())
}
