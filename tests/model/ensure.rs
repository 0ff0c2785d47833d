//! Ensures emergency addresses against a model of the service, with a simulated clock: lost responses, provisions that land late,
//! other writers, every result of a validation. The end of every history must be true of the model.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::ensure;
use crate::api::emergency_address::{Address, EmergencyAddressRequest};
use crate::api::ensure::EnsureEmergencyAddress;
use crate::api::phone_number::PhoneNumber;
use crate::api::request::Request;
use crate::call::response::RawResponse;
use crate::client::converge::{Run, Service};
use crate::error::{ApiError, Error, ErrorKind, Phase};

use crate::random::Random;
use crate::timeline::Timeline;

const NUMBER: &str = "+12025550134";
const HISTORIES: u64 = 10_000;
const DEADLINE: Duration = Duration::from_secs(60);

/// The addresses of the model: the wanted one as it is asked for, as it is corrected, and others.
const ASKED: &str = "Main Street";
const CORRECTED: &str = "Main St";
const OTHER: [&str; 2] = ["Elm St", "Oak St"];

fn address(street: &str) -> Value {
    json!({"streetNumber": "1", "streetInfo": street, "location": "", "city": "Springfield", "state": "IL",
        "postalCode": "62701", "postalCodePlusFour": ""})
}

#[derive(Debug)]
struct Model {
    random: Random,
    /// When which street comes to stand there.
    time: Timeline<String>,
    /// The street of the address, if there is one.
    street: Option<String>,
    validation: &'static str,
    /// The shares of faults, as "one in so many"; 0 is never.
    lost: u64,
    unsent: u64,
    unread: u64,
    cancelled: u64,
    sent: Vec<String>,
    lost_responses: usize,
    validated: bool,
    changed: bool,
    was_cancelled: bool,
}

impl Model {
    fn one_in(&mut self, of: u64) -> bool {
        of > 0 && self.random.below(of) == 0
    }

    fn pass(&mut self, time: Duration) {
        let until = self.time.now + time;
        while let Some(street) = self.time.next(until) {
            self.street = Some(street);
        }
    }

    fn api_error(status: u16, code: Option<i64>) -> Error {
        Error::new(ErrorKind::Api(ApiError { http_status: status, code, ..ApiError::default() }))
    }
}

impl Service for Model {
    fn call(&mut self, request: &Request) -> Result<RawResponse, Error> {
        let takes = self.random.ms(80);
        self.pass(takes);
        let found = |json: Value| Ok(RawResponse::new(json.to_string(), 200));
        let body: Value =
            request.body.as_ref().map_or(Value::Null, |body| serde_json::from_slice(body).unwrap());
        if request.target.ends_with(":provision") {
            assert!(self.validated, "provisioned before it was validated");
            if self.one_in(self.unsent) {
                return Err(Error::new(ErrorKind::Transport(Phase::Connect)));
            }
            let street = body["address"]["streetInfo"].as_str().unwrap().to_owned();
            self.sent.push(street.clone());
            if self.one_in(self.lost) {
                self.lost_responses += 1;
                match self.random.below(3) {
                    0 => {}
                    1 => self.street = Some(street),
                    _ => {
                        let at = self.time.now + self.random.ms(5_000);
                        self.time.add(at, street);
                    }
                }
                return Err(Error::new(ErrorKind::Transport(Phase::Wait)).maybe_applied(None));
            }
            let at = self.time.now + self.random.ms(400);
            self.time.add(at, street.clone());
            return found(address(&street));
        }
        if self.one_in(self.unread) {
            return Err(Self::api_error(503, None));
        }
        if request.target.ends_with(":validate") {
            self.validated = true;
            let corrected = match self.validation {
                "NEAR_MATCH" => address(CORRECTED),
                "NEAR_MATCH_ELSEWHERE" => address(OTHER[0]),
                _ => json!({}),
            };
            let result = self.validation.trim_end_matches("_ELSEWHERE");
            return found(json!({"validationResult": result, "correctedAddress": corrected}));
        }
        match &self.street {
            Some(street) => found(address(street)),
            None => Err(Self::api_error(404, Some(404))),
        }
    }

    fn time_left(&self) -> Duration {
        DEADLINE.saturating_sub(self.time.now)
    }

    fn sleep(&mut self, time: Duration) -> Result<(), Error> {
        assert!(time < self.time_left(), "a pause beyond the deadline");
        if self.one_in(self.cancelled) {
            self.was_cancelled = true;
            return Err(Error::new(ErrorKind::Cancelled));
        }
        self.pass(time);
        Ok(())
    }

    fn warn(&self, _line: fmt::Arguments<'_>) {}

    fn changed(&mut self) {
        self.changed = true;
    }
}

#[test]
fn every_history_ends_with_the_address_or_says_truthfully_why_not() {
    let mut ends = BTreeMap::<&str, u64>::new();
    for seed in 0..HISTORIES {
        let mut random = Random(seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
        let street = random.pick(&[None, Some(ASKED), Some(CORRECTED), Some(OTHER[0])]);
        let validation = random.pick(&[
            "EXACT_MATCH",
            "EXACT_MATCH",
            "NEAR_MATCH",
            "NEAR_MATCH",
            "NEAR_MATCH_ELSEWHERE",
            "NO_MATCH",
            "ADDRESS_VALIDATION_RESULT_CODE_UNSPECIFIED",
            "NEW_RESULT",
        ]);
        let (corrects, force) = (random.below(2) == 0, random.below(4) == 0);
        let others = random.pick(&[0, 0, 2]);
        let mut model = Model {
            time: Timeline::new(),
            street: street.map(str::to_owned),
            validation,
            lost: random.pick(&[0, 2, 1]),
            unsent: random.pick(&[0, 3]),
            unread: random.pick(&[0, 3]),
            cancelled: random.pick(&[0, 0, 6]),
            sent: Vec::new(),
            lost_responses: 0,
            validated: false,
            changed: false,
            was_cancelled: false,
            random,
        };
        for other in OTHER.iter().take(others) {
            let at = model.random.ms(5_000);
            model.time.add(at, (*other).to_owned());
        }
        let wanted = Address::new("1", ASKED, "springfield", "IL", "62701");
        let mut wanted = EnsureEmergencyAddress::new(EmergencyAddressRequest::new("Desk", wanted));
        if corrects {
            wanted = wanted.accept_corrected();
        }
        if force {
            wanted = wanted.force();
        }
        let number = PhoneNumber::try_from(NUMBER).unwrap();
        let mut run = Run::new(&mut model);
        let result = ensure(&mut run, &number, &wanted);
        let found = run.found.clone();
        let stands = |json: &Option<String>| {
            let json: Value = serde_json::from_str(json.as_ref().unwrap()).unwrap();
            json["streetInfo"].as_str().unwrap().to_owned()
        };
        let result = result.map(|ensured| (stands(&found), ensured.changed));
        let what = format!("seed {seed}: {corrects} {force} {others}: {result:?} {model:?}");

        let right = match (validation, corrects) {
            ("EXACT_MATCH", _) => Some(ASKED),
            ("NEAR_MATCH", true) => Some(CORRECTED),
            _ => None,
        };
        assert!(model.sent.iter().all(|sent| Some(sent.as_str()) == right), "{what}");
        assert!(model.sent.len() <= 1 + model.lost_responses.min(2), "{what}");
        assert_eq!(model.changed, !model.sent.is_empty(), "{what}");
        let end = match &result {
            Ok((stands, changed)) => {
                assert!(stands == ASKED || Some(stands.as_str()) == right, "{what}");
                assert_eq!(*changed, !model.sent.is_empty(), "{what}");
                assert!(*changed || !force, "{what}");
                if *changed { "changed" } else { "stood" }
            }
            Err(error) => match error.kind() {
                ErrorKind::Address(_) => {
                    assert!(right.is_none() && model.sent.is_empty(), "{what}");
                    "refused"
                }
                ErrorKind::Conflict(_) => {
                    assert!(others > 0, "{what}");
                    "conflict"
                }
                ErrorKind::Timeout(_) => {
                    assert!(model.time.now > DEADLINE.mul_f64(0.5), "{what}");
                    "timeout"
                }
                ErrorKind::Cancelled => {
                    assert!(model.was_cancelled, "{what}");
                    "cancelled"
                }
                ErrorKind::Transport(_) => {
                    assert!(error.may_have_been_applied(), "{what}");
                    assert!(model.sent.len() == 3 && model.lost_responses == 3, "{what}");
                    "unknown"
                }
                _ => panic!("{what}"),
            },
        };
        *ends.entry(end).or_default() += 1;
    }
    println!("{ends:?}");
    for end in ["changed", "stood", "refused", "conflict", "cancelled", "unknown"] {
        assert!(ends.contains_key(end), "no history ended with {end}: {ends:?}");
    }
}
