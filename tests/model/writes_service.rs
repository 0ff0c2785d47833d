//! A model of the service for writes: a number with its jobs and its address, other writers, and faults.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::request::Request;
use crate::call::response::{Failed, RawResponse};
use crate::call::retry::{Failure, RetryBudget};
use crate::call::run::Environment;
use crate::error::{ApiError, Error, ErrorKind, Phase};
use crate::random::Random;
use crate::timeline::Timeline;

pub(super) const NUMBER: &str = "+12025550134";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Update,
    Release,
    Provision,
    Deprovision,
}

/// A provisioning job.
#[derive(Clone, Debug, PartialEq)]
struct Job {
    /// What it sets: service plan and campaign, or voice type and ids, as the API's JSON has them.
    ids: Value,
    status: &'static str,
}

/// One of the two configurations of a number.
#[derive(Clone, Debug, Default, PartialEq)]
struct Configuration {
    ids: Value,
    job: Option<Job>,
}

#[derive(Clone, Debug, Default)]
struct Number {
    display_name: String,
    callback_url: String,
    sms: Configuration,
    voice: Configuration,
    fixed_term: bool,
    released: bool,
    address: Option<Value>,
}

/// What happens to the model at a moment.
#[derive(Clone, Debug)]
enum Event {
    /// A write takes effect: the caller's own, or another writer's.
    Land { write: Write, body: Value, own: bool },
    /// The jobs move on.
    Step,
}

pub(super) struct Model {
    random: Random,
    start: Instant,
    time: Timeline<Event>,
    deadline: Duration,
    number: Number,
    pub(super) write: Write,
    pub(super) body: Value,
    attempts: u32,
    budget: RetryBudget,
    /// Requests of the caller that the service may have taken.
    pub(super) taken: u32,
    /// How often the caller's write took effect.
    pub(super) landed: u32,
    pub(super) cancelled: bool,
    /// Whether the last read of the address found none. Proving a deprovision takes a second read.
    read_no_address: bool,
}

fn sms_ids(plan: &str, campaign: &str) -> Value {
    json!({"servicePlanId": plan, "campaignId": campaign})
}

fn voice_ids(kind: &str, app: &str, trunk: &str, service: &str) -> Value {
    json!({"type": kind, "appId": app, "trunkId": trunk, "serviceId": service})
}

fn address(house: u64) -> Value {
    json!({"streetNumber": house.to_string(), "streetInfo": "Main St", "city": "Springfield", "state": "IL", "postalCode": "62701"})
}

impl Model {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let write =
            random.pick(&[Write::Update, Write::Release, Write::Provision, Write::Deprovision]);
        let deadline = random.pick(&[1_000, 3_000, 30_000, 30_000]);
        let mut number = Number {
            display_name: random.pick(&["", "old", "desk"]).to_owned(),
            fixed_term: random.below(4) == 0,
            address: random.pick(&[None, Some(address(1)), Some(address(2))]),
            ..Number::default()
        };
        number.sms.ids = random.pick(&[sms_ids("", ""), sms_ids("p", ""), sms_ids("q", "c")]);
        number.voice.ids =
            random.pick(&[voice_ids("RTC", "a", "", ""), voice_ids("EST", "", "t", "")]);
        if random.below(5) == 0 {
            let ids = random.pick(&[sms_ids("p", "c"), sms_ids("", ""), sms_ids("r", "")]);
            let status = random.pick(&["FAILED", "WAITING", "IN_PROGRESS"]);
            number.sms.job = Some(Job { ids, status });
        }
        let mut model = Self {
            random,
            start: Instant::now(),
            time: Timeline::new(),
            deadline: Duration::from_millis(deadline),
            number,
            write,
            body: Value::Null,
            attempts: 0,
            budget: RetryBudget::new(),
            taken: 0,
            landed: 0,
            cancelled: false,
            read_no_address: false,
        };
        // Other writers, and jobs that move on.
        for _ in 0..model.random.below(4) {
            let at = model.random.ms(4_000);
            let event = match model.random.below(5) {
                0 => Event::Step,
                1 => Event::Land { write: Write::Release, body: Value::Null, own: false },
                2 => Event::Land { write: Write::Deprovision, body: Value::Null, own: false },
                3 => Event::Land { write: Write::Provision, body: address(3), own: false },
                _ => Event::Land { write: Write::Update, body: model.update(), own: false },
            };
            model.time.add(at, event);
        }
        model
    }

    /// The body of an update.
    pub(super) fn update(&mut self) -> Value {
        self.random.pick(&[
            json!({"displayName": "desk"}),
            json!({"displayName": ""}),
            json!({"displayName": "front", "smsConfiguration": {"servicePlanId": "p"}}),
            json!({"smsConfiguration": {"servicePlanId": "p", "campaignId": "c"}}),
            json!({"smsConfiguration": {"servicePlanId": ""}}),
            json!({"smsConfiguration": {"servicePlanId": "q", "campaignId": ""}}),
            json!({"voiceConfiguration": {"type": "EST", "trunkId": "t"}}),
            json!({"voiceConfiguration": {"type": "RTC", "appId": "b"}}),
            json!({"voiceConfiguration": {"type": "FAX", "serviceId": "f"}, "displayName": "fax"}),
        ])
    }

    /// Lets time pass, with everything that happens meanwhile.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.time.now + time;
        while let Some(event) = self.time.next(until) {
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Step => {
                for configuration in [&mut self.number.sms, &mut self.number.voice] {
                    let fails = self.random.below(3) == 0;
                    let status = configuration.job.as_ref().map(|job| job.status);
                    match (status, &mut configuration.job) {
                        (Some("WAITING"), Some(job)) => job.status = "IN_PROGRESS",
                        (Some("IN_PROGRESS"), Some(job)) if fails => job.status = "FAILED",
                        (Some("IN_PROGRESS"), job) => {
                            configuration.ids = job.take().unwrap().ids;
                        }
                        _ => {}
                    }
                }
            }
            Event::Land { write, body, own } => {
                self.landed += u32::from(own);
                self.land(write, &body);
            }
        }
    }

    fn land(&mut self, write: Write, body: &Value) {
        match write {
            Write::Release => self.number.released = true,
            Write::Provision => {
                self.number.address = Some(body.get("address").unwrap_or(body).clone());
            }
            Write::Deprovision => self.number.address = None,
            Write::Update => {
                let text = |key: &str| Some(body.get(key)?.as_str()?.to_owned());
                if let Some(name) = text("displayName") {
                    self.number.display_name = name;
                }
                if let Some(url) = text("callbackUrl") {
                    self.number.callback_url = url;
                }
                let at_once = self.random.below(2) == 0;
                let number = &mut self.number;
                let asked = [
                    (body.get("smsConfiguration"), &mut number.sms, false),
                    (body.get("voiceConfiguration"), &mut number.voice, true),
                ];
                for (asked, configuration, voice) in asked {
                    let Some(asked) = asked else { continue };
                    let mut ids = configuration.ids.clone();
                    if voice {
                        ids = voice_ids("RTC", "", "", "");
                    }
                    for (key, id) in asked.as_object().unwrap() {
                        ids[key] = id.clone();
                    }
                    if at_once {
                        *configuration = Configuration { ids, job: None };
                    } else {
                        configuration.job = Some(Job { ids, status: "WAITING" });
                    }
                }
                for later in [300, 900] {
                    let at = self.time.now + self.random.ms(later);
                    self.time.add(at, Event::Step);
                }
            }
        }
    }

    fn number_json(&self) -> Value {
        let configuration = |of: &Configuration, key: &str| {
            let mut json = of.ids.clone();
            if let Some(job) = &of.job {
                json[key] = job.ids.clone();
                json[key]["status"] = job.status.into();
            }
            json
        };
        json!({
            "phoneNumber": NUMBER,
            "displayName": self.number.display_name,
            "callbackUrl": self.number.callback_url,
            "nextChargeDate": "2030-02-01T00:00:00Z",
            "expireAt": match (self.number.released, self.number.fixed_term) {
                (true, _) => json!("2030-02-01T00:00:00Z"),
                (false, true) => json!("2031-01-01T00:00:00Z"),
                (false, false) => Value::Null,
            },
            "smsConfiguration": configuration(&self.number.sms, "scheduledProvisioning"),
            "voiceConfiguration": configuration(&self.number.voice, "scheduledVoiceProvisioning"),
        })
    }

    /// Tells whether the number is as the caller asked, no matter who changed it.
    pub(super) fn is_as_asked(&self) -> bool {
        let number = &self.number;
        match self.write {
            Write::Release => number.released,
            Write::Deprovision => self.read_no_address,
            // Its display name cannot be read: nothing proves it.
            Write::Provision => false,
            Write::Update => {
                let same = |key: &str, now: &str| {
                    self.body.get(key).and_then(Value::as_str).is_none_or(|asked| asked == now)
                };
                let stands = |key: &str, of: &Configuration| {
                    let Some(asked) = self.body.get(key) else { return true };
                    let holds = |ids: &Value| {
                        asked.as_object().unwrap().iter().all(|(key, id)| ids[key] == *id)
                    };
                    match &of.job {
                        Some(job) if job.status != "FAILED" => holds(&job.ids),
                        _ => holds(&of.ids),
                    }
                };
                same("displayName", &number.display_name)
                    && same("callbackUrl", &number.callback_url)
                    && stands("smsConfiguration", &number.sms)
                    && stands("voiceConfiguration", &number.voice)
            }
        }
    }

    fn exchange_write(&mut self) -> Result<RawResponse, Failed> {
        assert_eq!(self.taken, 0, "sent again after it may have been carried out");
        self.attempts += 1;
        let certain = |failure, error| Err((failure, error));
        match self.random.below(12) {
            0 => {
                return certain(Failure::NotSent, Error::new(ErrorKind::Transport(Phase::Connect)));
            }
            1 => {
                let retry_after = self.random.pick(&[None, Some(Duration::ZERO)]);
                let error = ApiError { http_status: 429, retry_after, ..ApiError::default() };
                return certain(Failure::Status(429), Error::new(ErrorKind::RateLimited(error)));
            }
            2 => {
                let status = self.random.pick(&[301, 307, 400, 401, 403, 404, 409, 413]);
                return certain(Failure::Status(status), api_error(status));
            }
            3 if self.random.below(3) == 0 => return certain(Failure::Rejected, api_error(200)),
            _ => {}
        }
        self.taken += 1;
        let land = Event::Land { write: self.write, body: self.body.clone(), own: true };
        if self.random.below(3) == 0 {
            self.happen(land);
            return Ok(RawResponse::new(self.number_json().to_string(), 200));
        }
        // The outcome stays unknown: it takes effect at once, later or never.
        match self.random.below(4) {
            0 => {}
            1 => self.happen(land),
            _ => {
                let at = self.time.now + self.random.ms(3_000);
                self.time.add(at, land);
            }
        }
        let lost = || Error::new(ErrorKind::Transport(Phase::Wait));
        Err(match self.random.below(7) {
            0 => (Failure::NoResponse, lost()),
            1 => (Failure::BodyLost, lost()),
            2 => (Failure::Unexpected, Error::protocol("no JSON", Some(200), b"")),
            3 => {
                let left = self.deadline.saturating_sub(self.time.now);
                self.pass(left.saturating_sub((left / 4).min(Duration::from_secs(5))));
                (Failure::NoResponse, Error::new(ErrorKind::Timeout(Phase::Wait)))
            }
            4 if self.random.below(3) == 0 => {
                self.cancelled = true;
                (Failure::NoResponse, Error::new(ErrorKind::Cancelled))
            }
            _ => {
                let status = self.random.pick(&[302, 303, 304, 408, 500, 501, 502, 503, 504, 505]);
                (Failure::Status(status), api_error(status))
            }
        })
    }

    fn exchange_read(&mut self, target: &str) -> Result<RawResponse, Failed> {
        let found = |json: Value| Ok(RawResponse::new(json.to_string(), 200));
        let reads_address = target.ends_with("/emergencyAddress");
        assert!(reads_address || target.ends_with(NUMBER), "{target}");
        let missing = |details: &[&str]| {
            let error = ApiError {
                http_status: 404,
                code: Some(404),
                details: details.iter().map(|detail| (*detail).to_owned()).collect(),
                ..ApiError::default()
            };
            Err((Failure::Status(404), Error::new(ErrorKind::Api(error))))
        };
        match self.random.below(20) {
            0 => return Err((Failure::NoResponse, Error::new(ErrorKind::Transport(Phase::Wait)))),
            1 => return Err((Failure::Status(503), api_error(503))),
            2 => return found(json!({})),
            3 => return found(json!({"status": "maintenance"})),
            4 => return Err((Failure::Status(404), api_error(404))),
            5 => return missing(&[r#"{"resourceType":"ActiveNumber"}"#]),
            6 if !reads_address => {
                // Another number, which is as asked in every way.
                let mut other = self.number_json();
                other["phoneNumber"] = "+12025550199".into();
                other["expireAt"] = "2030-02-01T00:00:00Z".into();
                for (key, asked) in self.body.as_object().into_iter().flatten() {
                    other[key] = asked.clone();
                }
                return found(other);
            }
            7 if self.random.below(4) == 0 => {
                self.cancelled = true;
                return Err((Failure::NoResponse, Error::new(ErrorKind::Cancelled)));
            }
            _ => {}
        }
        if reads_address {
            self.read_no_address = self.number.address.is_none();
        }
        match (reads_address, &self.number.address) {
            (false, _) => found(self.number_json()),
            (true, Some(address)) => found(address.clone()),
            (true, None) => missing(&[]),
        }
    }
}

fn api_error(status: u16) -> Error {
    let error = ApiError { http_status: status, ..ApiError::default() };
    match status {
        200 => Error::new(ErrorKind::Api(ApiError { code: Some(400), ..error })),
        300..=399 => Error::protocol("a redirect", Some(status), b""),
        401 | 403 => Error::new(ErrorKind::Authentication(error)),
        _ => Error::new(ErrorKind::Api(error)),
    }
}

impl Environment for Model {
    fn exchange(&mut self, request: &Request, fresh: bool) -> Result<RawResponse, Failed> {
        // The time of the exchange.
        let time = self.random.ms(100);
        self.pass(time);
        if self.time.now >= self.deadline {
            return Err((Failure::NotSent, Error::new(ErrorKind::Timeout(Phase::Start))));
        }
        if request.is_write() {
            return self.exchange_write();
        }
        assert!(fresh, "a read-back over a connection that was used");
        self.exchange_read(&request.target)
    }

    fn attempts(&self) -> u32 {
        self.attempts
    }

    fn now(&self) -> Instant {
        self.start + self.time.now
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_sub(self.time.now)
    }

    fn sleep(&mut self, time: Duration) -> Result<(), Error> {
        assert!(time < self.time_left(), "a wait beyond the deadline");
        self.pass(time);
        Ok(())
    }

    fn random(&mut self) -> f64 {
        f64::from(u32::try_from(self.random.below(1 << 20)).unwrap()) / f64::from(1 << 20)
    }

    fn budget(&self) -> &RetryBudget {
        &self.budget
    }

    fn warn(&self, _line: std::fmt::Arguments<'_>) {}
}
