//! Runs relinks and waits against a model of the service, with a simulated clock: jobs that fail, hang or change half, lost
//! responses, writes that land late, refusals and other writers. The end of every history must be true of the model.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::{relink, wait};
use crate::api::numbers::NumberUpdate;
use crate::api::phone_number::PhoneNumber;
use crate::api::relink::{Relink, RelinkStep, StepOutcome, Steps};
use crate::api::request::{Method, Request};
use crate::call::response::RawResponse;
use crate::client::converge::{Run, Service};
use crate::error::{ApiError, Error, ErrorKind, Phase};

use crate::random::Random;

const NUMBER: &str = "+12025550134";
const HISTORIES: u64 = 10_000;
const DEADLINE: Duration = Duration::from_secs(600);

/// A link: service plan and campaign, or voice type and id.
type Link = (&'static str, &'static str);

const SMS: [Link; 7] =
    [("", ""), ("p", ""), ("p", "c"), ("p", "d"), ("q", ""), ("q", "c"), ("", "c")];
const VOICE: [Link; 5] = [("RTC", ""), ("RTC", "a"), ("RTC", "b"), ("EST", "t"), ("FAX", "f")];

/// A job that moves a configuration to a link.
#[derive(Clone, Debug)]
struct Job {
    link: Link,
    status: &'static str,
    updated: u64,
    /// Whether the caller's own request made it.
    own: bool,
    ends: Ending,
}

/// How a job ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Well,
    Failed,
    /// The plan is linked, the campaign is not.
    Half,
    /// It never ends.
    Hangs,
}

#[derive(Clone, Debug, Default)]
struct Configuration {
    link: Link,
    job: Option<Job>,
}

impl Configuration {
    fn is_busy(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.status != "FAILED")
    }
}

/// The configurations of a number: of SMS, and of voice.
type Number = [Configuration; 2];

/// What happens to the model at a moment.
#[derive(Clone, Debug)]
enum Event {
    /// A change of the configuration with this index takes effect.
    Land { which: usize, link: Link, own: bool },
    /// The job of this configuration moves on.
    Step(usize),
}

/// The faults of a history, each as "one in so many"; 0 is never.
#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    /// A write's response is lost.
    lost: u64,
    /// An accepted write lands later than its response.
    late: u64,
    /// A write is certainly not applied, and may be sent again.
    unsent: u64,
    /// A write is refused for good.
    refused: u64,
    /// A read fails.
    unread: u64,
    /// A job fails.
    failed: u64,
    /// A job never ends.
    hangs: u64,
    /// Others write; the number of their writes.
    others: u64,
    /// A wait is cancelled.
    cancelled: u64,
}

#[allow(clippy::struct_excessive_bools)]
struct Model {
    random: Random,
    faults: Faults,
    now: Duration,
    number: Number,
    events: Vec<(Duration, Event)>,
    /// Writes that reached the service or may have, by what they change.
    sent: BTreeMap<(usize, Link), u32>,
    /// How many of these lost their response.
    lost: BTreeMap<(usize, Link), u32>,
    /// A job was seen under way at the last read.
    saw_job: bool,
    /// The number as last read.
    read: Option<Number>,
    /// How often an own write took effect.
    landed: u32,
    changed: bool,
    was_cancelled: bool,
    refused: bool,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.now, self.number, self.sent)
    }
}

impl Model {
    fn new(seed: u64, faults: Faults, number: Number) -> Self {
        Self {
            random: Random(seed),
            faults,
            now: Duration::ZERO,
            number,
            events: Vec::new(),
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

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let due = self.events.iter().enumerate().filter(|(_, (at, _))| *at <= until);
            let Some((index, _)) = due.min_by_key(|(_, (at, _))| *at) else { break };
            let (at, event) = self.events.remove(index);
            self.now = self.now.max(at);
            self.happen(&event);
        }
        self.now = until;
    }

    fn later(&mut self, most: u64, event: Event) {
        let at = self.now + self.random.ms(most);
        self.events.push((at, event));
    }

    fn happen(&mut self, event: &Event) {
        let updated = u64::try_from(self.now.as_nanos()).unwrap();
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
        Ok(RawResponse { json: self.json(), ..RawResponse::empty(200, None) })
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
        Ok(RawResponse { json: self.json(), ..RawResponse::empty(200, None) })
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
        DEADLINE.saturating_sub(self.now)
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

/// What is wanted: of SMS with the campaign or without a word about it, and of voice.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    sms: Option<(&'static str, Option<&'static str>)>,
    voice: Option<Link>,
}

impl Wanted {
    fn links(self) -> NumberUpdate {
        let mut links = NumberUpdate::new();
        if let Some((plan, campaign)) = self.sms {
            links = links.sms(plan.to_owned(), campaign.map(str::to_owned));
        }
        match self.voice {
            None => links,
            Some(("RTC", id)) => links.assign_voice_application(id),
            Some(("EST", id)) => links.assign_trunk(id),
            Some((_, id)) => links.assign_fax_service(id),
        }
    }

    fn stands(self, number: &Number) -> bool {
        let (plan, campaign) = number[0].link;
        self.sms.is_none_or(|(p, c)| p == plan && c.is_none_or(|c| c == campaign))
            && self.voice.is_none_or(|voice| voice == number[1].link)
    }

    fn all() -> Vec<Self> {
        let sms = [
            None,
            Some(("", None)),
            Some(("", Some(""))),
            Some(("p", None)),
            Some(("p", Some(""))),
            Some(("p", Some("c"))),
            Some(("q", None)),
            Some(("q", Some("c"))),
        ];
        let voices = [None, Some(("RTC", "b")), Some(("EST", "t"))];
        let all = sms.into_iter().flat_map(|sms| voices.map(|voice| Self { sms, voice }));
        all.filter(|wanted| wanted.sms.is_some() || wanted.voice.is_some()).collect()
    }
}

/// The smallest number of requests from one SMS link to a wanted one, by the service's rules alone.
fn shortest(from: Link, wanted: impl Fn(Link) -> bool) -> u32 {
    let mut queue = VecDeque::from([(from, 0)]);
    let mut seen = vec![from];
    while let Some((link, steps)) = queue.pop_front() {
        if wanted(link) {
            return steps;
        }
        for to in SMS.into_iter().filter(|to| to.1.is_empty() || !to.0.is_empty()) {
            let relinks = !link.0.is_empty() && !to.0.is_empty() && link.0 != to.0
                || !link.1.is_empty() && !to.1.is_empty() && link.1 != to.1;
            if !relinks && !seen.contains(&to) {
                seen.push(to);
                queue.push_back((to, steps + 1));
            }
        }
    }
    panic!("no way from {from:?}")
}

/// The jobs that a number may have at first: none, a failed one, one under way, for what is wanted and for something else.
fn first_jobs(which: usize) -> Vec<Option<Job>> {
    let links = if which == 0 { [("p", "c"), ("q", "")] } else { [("RTC", "b"), ("FAX", "f")] };
    let mut jobs = vec![None];
    for link in links {
        for status in ["FAILED", "WAITING", "IN_PROGRESS"] {
            jobs.push(Some(Job { link, status, updated: 1, own: false, ends: Ending::Well }));
        }
    }
    jobs
}

fn begin(seed: u64, faults: Faults, number: Number) -> Model {
    let mut model = Model::new(seed, faults, number);
    for which in 0..2 {
        for ms in [700, 900, 1_100] {
            model.events.push((Duration::from_millis(ms), Event::Step(which)));
        }
    }
    model
}

fn run_relink(model: &mut Model, wanted: Wanted) -> (Result<(), Error>, Steps) {
    let number = PhoneNumber::try_from(NUMBER).unwrap();
    let (mut run, mut steps) = (Run::new(model), Steps::default());
    let result = relink(&mut run, &number, &Relink::to(wanted.links()), &mut steps);
    (result, steps)
}

#[test]
fn every_state_leads_to_every_target_on_the_shortest_way() {
    let mut histories = 0;
    for sms in SMS {
        for (voice, jobs) in VOICE.into_iter().flat_map(|voice| {
            let of_sms = first_jobs(0).into_iter().map(|job| [job, None]);
            let of_voice = first_jobs(1).into_iter().map(|job| [None, job]);
            of_sms.chain(of_voice).map(move |jobs| (voice, jobs))
        }) {
            for wanted in Wanted::all() {
                let [sms_job, voice_job] = jobs.clone();
                let number = [
                    Configuration { link: sms, job: sms_job },
                    Configuration { link: voice, job: voice_job },
                ];
                let busy = number.iter().any(Configuration::is_busy);
                let mut model = begin(histories, Faults::default(), number);
                histories += 1;
                // Where the number stands when nothing is under way any more.
                let mut settled = begin(0, Faults::default(), model.number.clone());
                settled.pass(Duration::from_secs(2));
                let from = if busy { &settled.number } else { &model.number };
                let (from_sms, from_voice) = (from[0].link, from[1].link);
                let (result, steps) = run_relink(&mut model, wanted);
                let what = format!("{sms:?} {voice:?} {jobs:?} → {wanted:?}: {result:?} {model:?}");
                assert!(result.is_ok(), "{what}");
                assert!(wanted.stands(&model.number), "{what}");
                let needed = wanted.sms.map_or(0, |(p, c)| {
                    shortest(from_sms, |(plan, campaign)| {
                        plan == p && c.is_none_or(|c| c == campaign)
                    })
                }) + u32::from(wanted.voice.is_some_and(|voice| voice != from_voice));
                assert_eq!(model.sent.values().sum::<u32>(), needed, "{what}");
                assert_eq!(model.changed, needed > 0, "{what}");
                let outcomes = steps.outcomes(true);
                assert_eq!(outcomes.len(), RelinkStep::ALL.len());
                let done = outcomes.iter().filter(|step| step.outcome == StepOutcome::Done).count();
                assert_eq!(u32::try_from(done).unwrap(), needed, "{what} {outcomes:?}");
            }
        }
    }
    println!("{histories} histories");
}

#[test]
fn every_history_ends_as_asked_or_says_truthfully_why_not() {
    let mut ends = BTreeMap::<String, u64>::new();
    for seed in 0..HISTORIES {
        let mut random = Random(seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
        let faults = Faults {
            lost: random.pick(&[0, 2, 3, 6]),
            late: random.pick(&[0, 0, 3]),
            unsent: random.pick(&[0, 4]),
            refused: random.pick(&[0, 0, 0, 8]),
            unread: random.pick(&[0, 3]),
            failed: random.pick(&[0, 0, 3]),
            hangs: random.pick(&[0, 0, 0, 10]),
            others: random.pick(&[0, 0, 2]),
            cancelled: random.pick(&[0, 0, 0, 12]),
        };
        let jobs = [random.pick(&first_jobs(0)), random.pick(&first_jobs(1))];
        let [sms_job, voice_job] = jobs;
        let number = [
            Configuration { link: random.pick(&SMS), job: sms_job },
            Configuration { link: random.pick(&VOICE), job: voice_job },
        ];
        let wanted = random.pick(&Wanted::all());
        let mut model = begin(seed, faults, number);
        for _ in 0..faults.others {
            let which = usize::from(random.below(2) == 0);
            let link = if which == 0 { random.pick(&SMS[..6]) } else { random.pick(&VOICE) };
            let at = random.ms(10_000);
            model.events.push((at, Event::Land { which, link, own: false }));
        }
        let (result, steps) = run_relink(&mut model, wanted);
        let what = format!("seed {seed}: {wanted:?} {faults:?}: {result:?} {steps:?} {model:?}");
        let read = model.read.clone();

        // No more writes than one a step, and one more for each lost response.
        for (change, sent) in &model.sent {
            let lost = model.lost.get(change).copied().unwrap_or_default();
            let others = u32::try_from(faults.others).unwrap();
            assert!(*sent <= 1 + lost + others, "{change:?} was sent {sent} times; {what}");
        }
        let sent: u32 = model.sent.values().sum();
        let lost: u32 = model.lost.values().sum();
        assert!(sent <= 4 + lost, "{what}");
        assert_eq!(model.changed, sent > 0, "{what}");
        assert!(model.landed == 0 || model.changed, "{what}");

        let end = match &result {
            Ok(()) => {
                let read = read.unwrap();
                assert!(wanted.stands(&read) && !read.iter().any(Configuration::is_busy), "{what}");
                for step in steps.outcomes(true) {
                    let fine = matches!(step.outcome, StepOutcome::Done | StepOutcome::NotNeeded);
                    assert!(fine, "{what}");
                }
                // Alone and with every response received, the end is there to stay.
                model.pass(Duration::from_secs(200));
                assert!(lost > 0 || faults.others > 0 || wanted.stands(&model.number), "{what}");
                "done"
            }
            Err(error) => match error.kind() {
                ErrorKind::Provisioning(_) => {
                    let read = read.unwrap();
                    let own = |job: &Job| job.status == "FAILED" && job.own;
                    let jobs = || read.iter().filter_map(|of| of.job.as_ref());
                    assert!(jobs().any(own) || faults.others > 0, "{what}");
                    assert!(!wanted.stands(&read), "{what}");
                    let failed = |step: &crate::api::relink::RelinkOutcome| {
                        step.outcome == StepOutcome::Failed
                    };
                    assert!(steps.outcomes(false).iter().any(failed), "{what}");
                    "failed"
                }
                ErrorKind::Conflict(_) => {
                    // A response that was lost may have been to a request that landed after a later one.
                    assert!(faults.others > 0 || lost > 0, "{what}");
                    "conflict"
                }
                ErrorKind::Timeout(_) => {
                    assert!(model.now > DEADLINE.mul_f64(0.9), "{what}");
                    "timeout"
                }
                ErrorKind::Cancelled => {
                    assert!(model.was_cancelled, "{what}");
                    "cancelled"
                }
                ErrorKind::Api(e) if e.http_status == 400 => {
                    assert!(model.refused, "{what}");
                    "refused"
                }
                _ => panic!("{what}"),
            },
        };
        *ends.entry(end.to_owned()).or_default() += 1;
    }
    println!("{ends:?}");
    for end in ["done", "failed", "conflict", "timeout", "cancelled", "refused"] {
        assert!(ends.contains_key(end), "no history ended with {end}: {ends:?}");
    }
}

#[test]
fn a_wait_ends_when_nothing_is_under_way() {
    for seed in 0..HISTORIES {
        let mut random = Random(seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
        let faults = Faults {
            unread: random.pick(&[0, 3]),
            failed: random.pick(&[0, 3]),
            others: random.pick(&[0, 2]),
            ..Faults::default()
        };
        let number = [
            Configuration { link: random.pick(&SMS), job: random.pick(&first_jobs(0)) },
            Configuration { link: random.pick(&VOICE), job: random.pick(&first_jobs(1)) },
        ];
        let wanted = random.pick(&Wanted::all());
        let expects = random.below(2) == 0;
        let mut model = begin(seed, faults, number);
        for _ in 0..faults.others {
            let at = random.ms(3_000);
            let link = random.pick(&SMS[..6]);
            model.events.push((at, Event::Land { which: 0, link, own: false }));
        }
        let links = wanted.links();
        let number = PhoneNumber::try_from(NUMBER).unwrap();
        let mut run = Run::new(&mut model);
        let result = wait(&mut run, &number, expects.then_some(&links));
        let read = model.read.clone().unwrap();
        let what = format!("seed {seed}: {wanted:?} {expects}: {result:?} {model:?}");
        assert!(model.sent.is_empty() && !model.changed, "{what}");
        let busy = read.iter().any(Configuration::is_busy);
        let failed = read.iter().any(|of| of.job.as_ref().is_some_and(|j| j.status == "FAILED"));
        match &result {
            Ok(()) if expects => assert!(!busy && wanted.stands(&read), "{what}"),
            Ok(()) => assert!(!busy && !failed && model.now >= Duration::from_secs(2), "{what}"),
            Err(error) => match error.kind() {
                ErrorKind::Provisioning(_) => assert!(!busy && failed, "{what}"),
                ErrorKind::Timeout(_) => {
                    assert!(expects && !wanted.stands(&read) && !failed, "{what}");
                }
                _ => panic!("{what}"),
            },
        }
    }
}
