//! The state of the service: the numbers, the writes to them, and the late writes that are not carried out yet.
//!
//! Every access first carries out the late writes that are due, each as of its own time.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::callbacks::{Notice, events};
use super::faults::{Faults, WriteFaults, unavailable};
use super::fleet::Fleet;
use super::ledger::SandboxWrite;
use super::number::Number;
use super::provisioning::Schedule;
use super::response::{Failure, Reply};
use super::time::Timestamp;
use super::write::Write;

/// The state of the service.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) fleet: Fleet,
    timing: Timing,
    started: Timestamp,
    /// The moment of the latest write. Threads can get the lock in another order than they read the
    /// clock; no write is recorded as earlier than the one before it.
    latest: Timestamp,
    /// Accepted writes that are not carried out yet, by the moment they are due and their order.
    pending: BTreeMap<(Timestamp, u64), Pending>,
    accepted: u64,
    /// Writes carried out and dropped, in that order. It only grows.
    done: Vec<SandboxWrite>,
    /// The thread that sends callbacks.
    pub(super) callbacks: Option<Sender<Notice>>,
}

/// The simulated durations.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timing {
    /// The duration of a provisioning job.
    pub(super) provisioning: Duration,
    /// The time between handling a request and sending its response.
    pub(super) latency: Duration,
}

#[derive(Debug)]
struct Pending {
    write: Write,
    record: SandboxWrite,
}

impl Store {
    pub(super) fn new(fleet: Fleet, timing: Timing, now: Timestamp) -> Self {
        Self {
            fleet,
            timing,
            started: now,
            latest: now,
            pending: BTreeMap::new(),
            accepted: 0,
            done: Vec::new(),
            callbacks: None,
        }
    }

    /// Tells whether a late write is due.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.pending.first_key_value().is_some_and(|((due, _), _)| *due <= now)
    }

    /// Carries out the late writes that are due, in the order of their moments.
    pub(super) fn catch_up(&mut self, now: Timestamp) {
        while self.is_due(now) {
            let Some(((due, _), Pending { write, mut record })) = self.pending.pop_first() else {
                return;
            };
            let at = self.not_before_latest(due);
            match self.after(&record.phone_number, &write, at) {
                Ok(after) => {
                    self.replace(after, at);
                    record.applied = Some(self.since_start(at));
                }
                Err(failure) => record.dropped = Some(failure.to_string()),
            }
            self.done.push(record);
        }
    }

    /// Accepts a write or refuses it, and carries it out now unless it is to be late.
    pub(super) fn accept(
        &mut self,
        phone: &str,
        write: Result<Write, Failure>,
        request_id: &str,
        now: Timestamp,
        faults: &Faults,
    ) -> Result<Reply, Failure> {
        self.catch_up(now);
        let now = self.not_before_latest(now);
        let before = self.fleet.get(phone).ok_or_else(|| Failure::no_number(phone))?;
        let write = write?;
        let after = self.after(phone, &write, now)?;
        let WriteFaults { lost, fails_503, late } = faults.next_write();
        let shown = if late.is_some() { before } else { &after };
        let response = if fails_503 { unavailable() } else { write.response(shown, &after, now) };
        let mut record = SandboxWrite {
            operation: write.operation(),
            phone_number: phone.to_owned(),
            request_id: request_id.to_owned(),
            status: (!lost).then_some(response.status),
            late: late.is_some(),
            arrived: self.since_start(now),
            applied: None,
            dropped: None,
        };
        if let Some(by) = late {
            let due = now.plus(self.timing.latency).plus(by);
            self.notify(Notice::Late(due));
            self.pending.insert((due, self.accepted), Pending { write, record });
        } else {
            self.replace(after, now);
            record.applied = Some(record.arrived);
            self.done.push(record);
        }
        self.accepted += 1;
        Ok(Reply { response, lost })
    }

    /// The writes carried out and dropped so far, and then those that are still to come.
    pub(super) fn writes(&mut self, now: Timestamp) -> Vec<SandboxWrite> {
        self.catch_up(now);
        let pending = self.pending.values().map(|pending| &pending.record);
        self.done.iter().chain(pending).cloned().collect()
    }

    fn after(&self, phone: &str, write: &Write, at: Timestamp) -> Result<Number, Failure> {
        let number = self.fleet.get(phone).ok_or_else(|| Failure::no_number(phone))?;
        write.apply(number, Schedule { began: at, takes: self.timing.provisioning })
    }

    fn notify(&self, notice: Notice) {
        if let Some(callbacks) = &self.callbacks {
            // When the thread is gone, the service is about to be.
            let _ = callbacks.send(notice);
        }
    }

    fn replace(&mut self, after: Number, at: Timestamp) {
        let Some(number) = self.fleet.get(&after.phone) else { return };
        if self.callbacks.is_some() {
            for event in events(number, &after, at) {
                self.notify(Notice::Event(event));
            }
        }
        let Some(number) = self.fleet.get_mut(&after.phone) else { return };
        let renamed = number.display_name != after.display_name;
        *number = after;
        if renamed {
            self.fleet.display_names_changed();
        }
    }

    fn not_before_latest(&mut self, at: Timestamp) -> Timestamp {
        self.latest = self.latest.max(at);
        self.latest
    }

    fn since_start(&self, at: Timestamp) -> Duration {
        at.since(self.started).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::faults::FaultSettings;
    use super::super::seed;
    use super::*;

    const START: Timestamp = Timestamp::from_nanoseconds(1_717_684_962_022_227_000);
    const BY: Duration = Duration::from_secs(10);
    /// Has nothing linked and no emergency address.
    const BARE: &str = "+12025550134";
    /// Has a service plan, an app and an emergency address.
    const LINKED: &str = "+12025550101";

    fn after(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    fn store(provisioning: Duration) -> Store {
        Store::new(seed::seeded(START), Timing { provisioning, ..Timing::default() }, START)
    }

    fn late() -> Faults {
        Faults::new(FaultSettings { late: 1.0, late_by: BY, ..FaultSettings::default() })
    }

    fn update(body: &Value) -> Write {
        Write::update(body.to_string().as_bytes()).unwrap()
    }

    fn address(street_number: &str) -> Write {
        let address = json!({
            "streetNumber": street_number, "streetInfo": "Elm St", "city": "Springfield",
            "state": "IL", "postalCode": "62702"
        });
        let body = json!({ "displayName": "Desk", "address": address });
        Write::provision(body.to_string().as_bytes()).unwrap()
    }

    /// The response to a write when it is accepted.
    fn accept(store: &mut Store, phone: &str, write: Write, faults: &Faults) -> Value {
        let reply = store.accept(phone, Ok(write), "id", START, faults).unwrap();
        assert_eq!((reply.lost, reply.response.status), (false, 200));
        serde_json::from_slice(&reply.response.body).unwrap()
    }

    /// The number as it is shown, with its address.
    fn shown(store: &Store, phone: &str) -> Value {
        let number = store.fleet.get(phone).unwrap();
        let mut shown = serde_json::to_value(number.view("p", after(100))).unwrap();
        shown["address"] = serde_json::to_value(&number.emergency).unwrap();
        shown
    }

    #[test]
    fn a_late_write_is_answered_first_and_carried_out_when_it_is_due() {
        let expires = json!("2024-06-17T14:42:42.022227Z");
        let name = || update(&json!({ "displayName": "Late" }));
        let plan = || update(&json!({ "smsConfiguration": { "servicePlanId": "P" } }));
        // Where the number shows the change, before and after; where the response does, and what.
        for (phone, write, pointer, before, changed, answered, response) in [
            (
                BARE,
                name(),
                "/displayName",
                json!("MyPhoneNumber"),
                json!("Late"),
                "/displayName",
                json!("MyPhoneNumber"),
            ),
            (
                BARE,
                plan(),
                "/smsConfiguration/servicePlanId",
                json!(""),
                json!("P"),
                "/smsConfiguration/scheduledProvisioning",
                Value::Null,
            ),
            (BARE, Write::Release, "/expireAt", Value::Null, expires, "/expireAt", Value::Null),
            (
                BARE,
                address("7"),
                "/address/streetNumber",
                Value::Null,
                json!("7"),
                "/streetNumber",
                json!("7"),
            ),
            (
                LINKED,
                address("7"),
                "/address/streetNumber",
                json!("12345"),
                json!("7"),
                "/streetNumber",
                json!("7"),
            ),
            (
                LINKED,
                Write::Deprovision,
                "/address/streetNumber",
                json!("12345"),
                Value::Null,
                "",
                json!({}),
            ),
        ] {
            let mut store = store(Duration::ZERO);
            let operation = write.operation();
            let body = accept(&mut store, phone, write, &late());
            assert_eq!(body.pointer(answered), Some(&response), "{operation}");
            let pending = store.writes(START);
            assert_eq!((pending.len(), pending[0].operation), (1, operation));
            assert_eq!((pending[0].late, pending[0].applied), (true, None));
            let seen = |store: &Store| shown(store, phone).pointer(pointer).cloned();
            assert_eq!(seen(&store).unwrap_or_default(), before, "{operation}");
            let done = store.writes(after(10));
            assert_eq!(seen(&store).unwrap_or_default(), changed, "{operation}");
            let applied = done[0].applied.unwrap();
            assert!(!applied.is_zero() && applied <= BY, "{applied:?}");
            assert_eq!(done, [SandboxWrite { applied: Some(applied), ..pending[0].clone() }]);
            assert!(!store.is_due(after(1_000_000)));
        }
    }

    #[test]
    fn a_late_write_meets_the_state_of_its_own_time() {
        let link = |plan| update(&json!({ "smsConfiguration": { "servicePlanId": plan } }));
        let name = |name| update(&json!({ "displayName": name }));
        let unlinked_first = "sms_configuration.service_plan_id: the number has to be unlinked from its service plan first";
        let not_over =
            "sms_configuration.service_plan_id: the number has a provisioning job that is not over";
        let (at_once, for_long) = (Duration::ZERO, Duration::from_secs(3600));
        // How long jobs take, the late write, the one that overtakes it, and why it is dropped.
        for (provisioning, phone, slow, fast, dropped, pointer, expected) in [
            (
                at_once,
                BARE,
                link("P"),
                link("Q"),
                Some(unlinked_first),
                "/smsConfiguration/servicePlanId",
                json!("Q"),
            ),
            (
                for_long,
                BARE,
                link("P"),
                link("Q"),
                Some(not_over),
                "/smsConfiguration/scheduledProvisioning/servicePlanId",
                json!("Q"),
            ),
            (
                at_once,
                BARE,
                link("P"),
                link("P"),
                None,
                "/smsConfiguration/servicePlanId",
                json!("P"),
            ),
            (
                at_once,
                LINKED,
                link(""),
                name("B"),
                None,
                "/smsConfiguration/servicePlanId",
                json!(""),
            ),
            (
                at_once,
                LINKED,
                Write::Deprovision,
                Write::Deprovision,
                Some("Emergency address not found"),
                "/address",
                Value::Null,
            ),
            (at_once, LINKED, Write::Deprovision, address("7"), None, "/address", Value::Null),
            (
                at_once,
                LINKED,
                address("7"),
                Write::Deprovision,
                None,
                "/address/streetNumber",
                json!("7"),
            ),
            (at_once, BARE, name("A"), name("B"), None, "/displayName", json!("A")),
            (at_once, BARE, Write::Release, name("B"), None, "/displayName", json!("B")),
        ] {
            let mut store = store(provisioning);
            accept(&mut store, phone, slow, &late());
            accept(&mut store, phone, fast, &Faults::default());
            let writes = store.writes(after(10));
            assert_eq!(writes.iter().map(|write| write.late).collect::<Vec<_>>(), [false, true]);
            assert_eq!(writes[1].dropped.as_deref(), dropped);
            assert_eq!(writes[1].applied.is_none(), dropped.is_some());
            assert_eq!(shown(&store, phone).pointer(pointer), Some(&expected), "{writes:?}");
        }
    }

    #[test]
    fn late_writes_are_carried_out_in_the_order_in_which_they_are_due() {
        // Looked at once at the end, or at every second on the way.
        for moments in [vec![10], (0..=10).collect()] {
            let (mut store, faults) = (store(Duration::ZERO), late());
            for name in ["0", "1", "2", "3", "4", "5", "6", "7"] {
                let write = update(&json!({ "displayName": name }));
                store.accept(BARE, Ok(write), name, START, &faults).unwrap();
            }
            let due: Vec<_> = store.writes(START).iter().map(|w| w.request_id.clone()).collect();
            assert_ne!(due, ["0", "1", "2", "3", "4", "5", "6", "7"]);
            for seconds in moments {
                store.catch_up(after(seconds));
            }
            let writes = store.writes(after(10));
            assert!(writes.iter().map(|write| &write.request_id).eq(&due));
            assert!(writes.windows(2).all(|pair| pair[0].applied < pair[1].applied));
            assert_eq!(shown(&store, BARE)["displayName"], json!(due[7]));
        }
    }

    #[test]
    fn a_job_of_a_late_update_begins_when_the_update_is_carried_out() {
        let mut store = store(Duration::from_secs(3600));
        let write = update(&json!({ "smsConfiguration": { "servicePlanId": "P" } }));
        accept(&mut store, BARE, write, &late());
        let at = START.plus(store.writes(after(10))[0].applied.unwrap());
        let job = &shown(&store, BARE)["smsConfiguration"]["scheduledProvisioning"];
        assert_eq!(job["lastUpdatedTime"], serde_json::to_value(at).unwrap());
    }

    #[test]
    fn a_write_that_cannot_be_carried_out_is_refused_at_once() {
        let (mut store, faults) = (store(Duration::ZERO), late());
        for (phone, write, reason) in [
            ("+99999999", Ok(Write::Release), "Active number not found"),
            (BARE, Ok(Write::Deprovision), "Emergency address not found"),
            (BARE, Write::update(b"{}"), "body: the update sets nothing"),
            (
                BARE,
                Write::update(br#"{"displayName":1,"money":2}"#),
                "money: money cannot be set; display_name: displayName has to be a string",
            ),
        ] {
            let refused = store.accept(phone, write, "id", START, &faults).unwrap_err();
            assert_eq!(refused.to_string(), reason);
        }
        assert_eq!(store.writes(after(10)), []);
    }

    #[test]
    fn no_write_is_recorded_before_the_one_ahead_of_it() {
        // Two threads read the clock, and get the lock the other way round.
        let (mut store, faults) = (store(Duration::ZERO), Faults::default());
        for at in [after(2), after(1), after(3)] {
            store.accept(BARE, Ok(Write::Release), "id", at, &faults).unwrap();
        }
        let applied =
            store.writes(after(3)).iter().map(|w| w.applied.unwrap().as_secs()).collect::<Vec<_>>();
        assert_eq!(applied, [2, 2, 3]);
    }
}
