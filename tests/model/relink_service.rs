//! A model of the service for relinks: the configurations of a number, their jobs, and faults.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::request::{Method, Request};
use crate::call::response::RawResponse;
use crate::client::converge::Service;
use crate::error::{ApiError, Error, ErrorKind, Phase};
use crate::random::Random;
use crate::timeline::Timeline;

pub(super) const NUMBER: &str = "+12025550134";
pub(super) const DEADLINE: Duration = Duration::from_secs(600);

/// A link: service plan and campaign, or voice type and id.
pub(super) type Link = (&'static str, &'static str);

pub(super) const SMS: [Link; 7] =
    [("", ""), ("p", ""), ("p", "c"), ("p", "d"), ("q", ""), ("q", "c"), ("", "c")];
pub(super) const VOICE: [Link; 5] =
    [("RTC", ""), ("RTC", "a"), ("RTC", "b"), ("EST", "t"), ("FAX", "f")];

/// A job that moves a configuration to a link.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) link: Link,
    pub(super) status: &'static str,
    pub(super) updated: u64,
    /// Whether the caller's own request made it.
    pub(super) own: bool,
    pub(super) ends: Ending,
}

/// How a job ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ending {
    Well,
    Failed,
    /// The plan is linked, the campaign is not.
    Half,
    /// It never ends.
    Hangs,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Configuration {
    pub(super) link: Link,
    pub(super) job: Option<Job>,
}

impl Configuration {
    pub(super) fn is_busy(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.status != "FAILED")
    }
}

/// The configurations of a number: of SMS, and of voice.
pub(super) type Number = [Configuration; 2];

/// What happens to the model at a moment.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A change of the configuration with this index takes effect.
    Land { which: usize, link: Link, own: bool },
    /// The job of this configuration moves on.
    Step(usize),
}

/// The faults of a history, each as "one in so many"; 0 is never.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    /// A write's response is lost.
    pub(super) lost: u64,
    /// An accepted write lands later than its response.
    pub(super) late: u64,
    /// A write is certainly not applied, and may be sent again.
    pub(super) unsent: u64,
    /// A write is refused for good.
    pub(super) refused: u64,
    /// A read fails.
    pub(super) unread: u64,
    /// A job fails.
    pub(super) failed: u64,
    /// A job never ends.
    pub(super) hangs: u64,
    /// Others write; the number of their writes.
    pub(super) others: u64,
    /// A wait is cancelled.
    pub(super) cancelled: u64,
}

#[allow(clippy::struct_excessive_bools)]
pub(super) struct Model {
    pub(super) random: Random,
    pub(super) faults: Faults,
    pub(super) time: Timeline<Event>,
    pub(super) number: Number,
    /// Writes that reached the service or may have, by what they change.
    pub(super) sent: BTreeMap<(usize, Link), u32>,
    /// How many of these lost their response.
    pub(super) lost: BTreeMap<(usize, Link), u32>,
    /// A job was seen under way at the last read.
    pub(super) saw_job: bool,
    /// The number as last read.
    pub(super) read: Option<Number>,
    /// How often an own write took effect.
    pub(super) landed: u32,
    pub(super) changed: bool,
    pub(super) was_cancelled: bool,
    pub(super) refused: bool,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.time.now, self.number, self.sent)
    }
}

impl Model {
    pub(super) fn new(seed: u64, faults: Faults, number: Number) -> Self {
        Self {
            random: Random(seed),
            faults,
            time: Timeline::new(),
            number,
            sent: BTreeMap::new(),
            lost: BTreeMap::new(),
            saw_job: false,
            read: None,
            landed: 0,
            changed: false,
            was_cancelled: false,
            refused: false,
        }
    }

    fn one_in(&mut self, of: u64) -> bool {
        of > 0 && self.random.below(of) == 0
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.time.now + time;
        while let Some(event) = self.time.next(until) {
            self.happen(&event);
        }
    }

    fn later(&mut self, most: u64, event: Event) {
        let at = self.time.now + self.random.ms(most);
        self.time.add(at, event);
    }

    fn happen(&mut self, event: &Event) {
        let updated = u64::try_from(self.time.now.as_nanos()).unwrap();
        match event {
            Event::Step(which) => {
                let configuration = &mut self.number[*which];
                let Some(job) = &mut configuration.job else { return };
                match (job.status, job.ends) {
                    ("WAITING", _) => (job.status, job.updated) = ("IN_PROGRESS", updated),
                    ("IN_PROGRESS", Ending::Well) => {
                        configuration.link = job.link;
                        configuration.job = None;
                    }
                    ("IN_PROGRESS", Ending::Hangs) => {}
                    ("IN_PROGRESS", ends) => {
                        if ends == Ending::Half {
                            configuration.link = (job.link.0, "");
                        }
                        (job.status, job.updated) = ("FAILED", updated);
                    }
                    _ => {}
                }
            }
            Event::Land { which, link, own } => {
                let (which, link, own) = (*which, *link, *own);
                self.landed += u32::from(own);
                // What is unlinked, and what stands already, needs no job in some services.
                let current = self.number[which].link;
                let nothing = link.0.is_empty() || link.1.is_empty() && link.0 == current.0;
                if link == current || nothing && self.random.below(2) == 0 {
                    self.number[which] = Configuration { link, job: None };
                    return;
                }
                let ends = match () {
                    () if self.one_in(self.faults.hangs) => Ending::Hangs,
                    () if self.one_in(self.faults.failed) => {
                        let half = which == 0 && !link.1.is_empty() && self.random.below(2) == 0;
                        if half { Ending::Half } else { Ending::Failed }
                    }
                    () => Ending::Well,
                };
                self.number[which].job = Some(Job { link, status: "WAITING", updated, own, ends });
                self.later(1_000, Event::Step(which));
                let ends = self.random.pick(&[300, 5_000, 60_000]);
                self.later(ends, Event::Step(which));
                self.later(ends + 1_000, Event::Step(which));
            }
        }
    }

    fn json(&self) -> String {
        let job = |of: &Configuration, ids: fn(Link) -> Value| match &of.job {
            None => Value::Null,
            Some(job) => {
                // A failed job for voice may leave out its ids.
                let mut json = ids(job.link);
                json["status"] = job.status.into();
                json["lastUpdatedTime"] = job.updated.to_string().into();
                json
            }
        };
        let sms = |link: Link| json!({"servicePlanId": link.0, "campaignId": link.1});
        let voice = |link: Link| {
            let key = match link.0 {
                "RTC" => "appId",
                "EST" => "trunkId",
                _ => "serviceId",
            };
            json!({"type": link.0, key: link.1})
        };
        let (mut sms_json, mut voice_json) = (sms(self.number[0].link), voice(self.number[1].link));
        sms_json["scheduledProvisioning"] = job(&self.number[0], sms);
        voice_json["scheduledVoiceProvisioning"] = job(&self.number[1], voice);
        json!({"phoneNumber": NUMBER, "smsConfiguration": sms_json, "voiceConfiguration": voice_json})
            .to_string()
    }

    fn api_error(status: u16) -> Error {
        Error::new(ErrorKind::Api(ApiError { http_status: status, ..ApiError::default() }))
    }

    fn read(&mut self) -> Result<RawResponse, Error> {
        if self.one_in(self.faults.unread) {
            return Err(match self.random.below(3) {
                0 => Error::new(ErrorKind::Transport(Phase::Wait)),
                1 => Self::api_error(503),
                _ => Error::new(ErrorKind::RateLimited(ApiError {
                    http_status: 429,
                    retry_after: Some(Duration::from_secs(7)),
                    ..ApiError::default()
                })),
            });
        }
        self.saw_job = self.number.iter().any(Configuration::is_busy);
        self.read = Some(self.number.clone());
        Ok(RawResponse::new(self.json(), 200))
    }

    fn write(&mut self, body: &Value) -> Result<RawResponse, Error> {
        assert!(!self.saw_job, "a PATCH under a running job");
        let keys: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 1, "one configuration at a time: {body}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (which, link) = if let Some(sms) = body.get("smsConfiguration") {
            let plan = text(&sms["servicePlanId"]);
            let campaign = match sms.get("campaignId") {
                Some(campaign) => text(campaign),
                None if plan == self.number[0].link.0 => self.number[0].link.1.to_owned(),
                None => String::new(),
            };
            (0, find(&SMS, &plan, &campaign))
        } else {
            let voice = &body["voiceConfiguration"];
            let ids = ["appId", "trunkId", "serviceId"].map(|key| text(&voice[key])).concat();
            (1, find(&VOICE, &text(&voice["type"]), &ids))
        };
        if self.one_in(self.faults.unsent) {
            return Err(match self.random.below(2) {
                0 => Error::new(ErrorKind::Transport(Phase::Connect)),
                _ => Error::new(ErrorKind::RateLimited(ApiError::default())),
            });
        }
        let current = self.number[which].link;
        let relinks = which == 0
            && (!current.0.is_empty() && !link.0.is_empty() && link.0 != current.0
                || !current.1.is_empty() && !link.1.is_empty() && link.1 != current.1);
        if self.one_in(self.faults.refused) || self.number[which].is_busy() || relinks {
            // Without others, only an own request that landed late is a reason to refuse.
            let late = self.lost.values().sum::<u32>();
            assert!(late > 0 || self.faults.refused + self.faults.others > 0, "{body}: {self:?}");
            self.refused = true;
            return Err(Self::api_error(400));
        }
        *self.sent.entry((which, link)).or_default() += 1;
        let land = Event::Land { which, link, own: true };
        if self.one_in(self.faults.lost) {
            *self.lost.entry((which, link)).or_default() += 1;
            match self.random.below(3) {
                0 => {}
                1 => self.happen(&land),
                _ => self.later(8_000, land),
            }
            let error = Error::new(ErrorKind::Transport(Phase::Wait));
            return Err(error.maybe_applied(Some(self.json())));
        }
        if self.one_in(self.faults.late) {
            self.later(15_000, land);
        } else {
            self.happen(&land);
        }
        Ok(RawResponse::new(self.json(), 200))
    }
}

fn find(links: &[Link], first: &str, second: &str) -> Link {
    *links.iter().find(|link| **link == (first, second)).expect("a link of the model")
}

impl Service for Model {
    fn call(&mut self, request: &Request) -> Result<RawResponse, Error> {
        assert!(request.target.ends_with(NUMBER), "{}", request.target);
        let takes = self.random.ms(80);
        self.pass(takes);
        if request.method == Method::Get {
            self.read()
        } else {
            let body = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
            self.write(&body)
        }
    }

    fn time_left(&self) -> Duration {
        DEADLINE.saturating_sub(self.time.now)
    }

    fn sleep(&mut self, time: Duration) -> Result<(), Error> {
        assert!(time < self.time_left(), "a pause beyond the deadline");
        if self.one_in(self.faults.cancelled) {
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
