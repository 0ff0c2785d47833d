//! Runs relinks and waits against a model of the service, with a simulated clock: jobs that fail, hang or change half, lost
//! responses, writes that land late, refusals and other writers. The end of every history must be true of the model.

#[path = "relink_service.rs"]
mod service;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{relink, wait};
use crate::api::number_update::NumberUpdate;
use crate::api::phone_number::PhoneNumber;
use crate::api::relink::{Relink, RelinkStep, StepOutcome, Steps};
use crate::client::converge::Run;
use crate::error::{Error, ErrorKind};
use crate::random::Random;
use service::{
    Configuration, DEADLINE, Ending, Event, Faults, Job, Link, Model, NUMBER, Number, SMS, VOICE,
};

const HISTORIES: u64 = 10_000;

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
            model.time.add(Duration::from_millis(ms), Event::Step(which));
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
            model.time.add(at, Event::Land { which, link, own: false });
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
                    assert!(model.time.now > DEADLINE.mul_f64(0.9), "{what}");
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
            model.time.add(at, Event::Land { which: 0, link, own: false });
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
            Ok(()) => {
                assert!(!busy && !failed && model.time.now >= Duration::from_secs(2), "{what}");
            }
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
