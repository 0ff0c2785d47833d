//! Applying a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal as _};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar};

use crate::Failure;
use crate::args::{ApplyArgs, OutputArgs, Verb};
use crate::exit::Exit;
use crate::jobs::item::{CHANGED, FailureScope, UNKNOWN_RELEASE, Work};
use crate::jobs::journal::{End, Ended, History, Journal, Line};
use crate::jobs::plan::{Item, Plan};
use crate::jobs::{in_parallel, report};
use crate::session::{self, counted, on_interrupt, progress, say};

pub(crate) fn run(args: &ApplyArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    let plan = Plan::read(&args.plan)?;
    if plan.header.verb == Verb::Release && !args.options.allow_release {
        return Err(Failure::refused("the plan releases numbers, which needs --allow-release"));
    }
    let client = session::client_of_job(args.options.rate)?;
    if client.project_id() != plan.header.project {
        return Err(Failure::refused(format!(
            "the plan is for the project {}",
            plan.header.project
        )));
    }
    if !args.yes {
        ask(&plan)?;
    }
    let (journal, history) = Journal::open(&args.journal, &plan, &args.plan)?;
    let stopped = Arc::new(AtomicBool::new(false));
    on_interrupt({
        let stopped = Arc::clone(&stopped);
        move || {
            if stopped.swap(true, Ordering::Relaxed) {
                // Requests in flight have an intent in the journal, and no outcome.
                process::exit(Exit::Unknown as i32);
            }
            say(format_args!(
                "finishing what was begun; Ctrl-C again stops now and leaves outcomes unknown"
            ));
        }
    })?;
    let planned: BTreeMap<_, _> =
        plan.items.iter().map(|item| (item.phone_number.as_str(), item)).collect();
    let without_steps = planned.values().filter(|item| item.steps.is_empty());
    let without_steps = without_steps.filter(|item| history.of(&item.phone_number).end.is_none());
    let skipped: Vec<_> = without_steps.map(|item| skipped(item)).collect();
    let left = |item: &&Item| {
        let end = history.of(&item.phone_number).end;
        !item.steps.is_empty() && end.is_none_or(|end| end.again)
    };
    let items: Vec<_> = plan.items.iter().filter(left).collect();
    let work =
        Work { verb: plan.header.verb, client: &client, journal: &journal, began: Instant::now() };
    let job = Running {
        work,
        history: &history,
        args,
        interrupted: &stopped,
        bar: progress("the first number".to_owned()),
        total: items.len(),
        state: Mutex::default(),
    };
    if !skipped.is_empty() {
        if let Err(problem) = journal.append(skipped) {
            job.stop(Exit::Other, problem);
        }
    }
    job.run(&items);
    job.bar.finish_and_clear();
    let stop = job.state.into_inner().unwrap_or_else(PoisonError::into_inner).stop;
    let mut exit = report::show(&args.journal, &History::read(&args.journal)?, output)?;
    if let Some((code, problem)) = stop {
        // The last number may have been done all the same.
        if exit != Exit::Done || code == Exit::Other {
            say(format_args!("stopped: {problem}"));
            // That numbers are left says less than why.
            let disk = exit == Exit::SomeFailed && code == Exit::Other;
            exit = if disk { code } else { exit.and(code) };
        }
    }
    Ok(exit)
}

/// Asks whether to go on.
fn ask(plan: &Plan) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::refused("nobody can be asked; --yes goes on without"));
    }
    let mut steps = BTreeMap::<&str, usize>::new();
    for step in plan.items.iter().flat_map(|item| &item.steps) {
        *steps.entry(&step.step).or_default() += 1;
    }
    let numbers = plan.items.iter().filter(|item| !item.steps.is_empty()).count();
    let steps: Vec<_> = steps.into_iter().map(|(step, count)| format!("{count} {step}")).collect();
    say(format_args!(
        "{} of the project {}: {}",
        counted(numbers),
        plan.header.project,
        steps.join(", ")
    ));
    if session::ask("Go on?")? {
        return Ok(());
    }
    Err(Failure::refused("nothing was changed"))
}

fn skipped(item: &Item) -> Line {
    let end = End {
        result: Ended::Skipped,
        cause: None,
        reason: item.reason.clone(),
        advice: None,
        exit: 0,
        again: false,
    };
    Line::End { phone_number: item.phone_number.clone(), end }
}

/// A job under way.
struct Running<'a> {
    work: Work<'a>,
    history: &'a History,
    args: &'a ApplyArgs,
    interrupted: &'a AtomicBool,
    bar: ProgressBar,
    total: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    finished: usize,
    failures: u64,
    /// How many numbers failed, by the cause.
    causes: BTreeMap<String, usize>,
    /// Campaigns that no more numbers can be linked to.
    campaigns: BTreeSet<String>,
    /// Why no more numbers are begun.
    stop: Option<(Exit, String)>,
}

impl Running<'_> {
    /// Takes one number after the other until one is done, and then several at a time.
    fn run(&self, items: &[&Item]) {
        let is_done = |end: &End| end.result == Ended::Done;
        let proved =
            self.history.numbers.values().any(|past| past.end.as_ref().is_some_and(is_done));
        let mut rest = items;
        let mut proved = proved;
        while let ([canary, after @ ..], false) = (rest, proved) {
            let Some(end) = self.item(canary) else { return };
            rest = after;
            proved = end.result == Ended::Done;
            // For these nothing was sent, so the next one is the first.
            let unsent = [Some(CHANGED), Some(UNKNOWN_RELEASE)].contains(&end.cause.as_deref());
            if !proved && !unsent {
                self.stop(
                    Exit::SomeFailed,
                    format!("the first number, {}, was not done", canary.phone_number),
                );
                return;
            }
        }
        in_parallel(rest, self.args.options.concurrency, |_, item| {
            let _ = self.item(item);
            !self.is_stopped()
        });
    }

    fn is_stopped(&self) -> bool {
        if self.interrupted.load(Ordering::Relaxed) {
            self.stop(Exit::Interrupted, "interrupted".to_owned());
        }
        self.state().stop.is_some()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self, exit: Exit, problem: String) {
        self.state().stop.get_or_insert((exit, problem));
    }

    /// Carries out a number, unless the job was stopped or a failure of another one would hit it as well.
    fn item(&self, item: &Item) -> Option<End> {
        let campaign = item.wanted.get("campaignId");
        if self.is_stopped() || campaign.is_some_and(|id| self.state().campaigns.contains(id)) {
            return None;
        }
        let ended = self.work.carry_out(item, &self.history.of(&item.phone_number));
        let ended = ended.and_then(|(end, scope)| {
            let (phone_number, end) = (item.phone_number.clone(), end);
            self.work.journal.append([Line::End { phone_number, end: end.clone() }])?;
            Ok((end, scope))
        });
        match ended {
            Ok((end, scope)) => {
                self.count(item, &end, scope);
                Some(end)
            }
            Err(problem) => {
                self.stop(Exit::Other, problem);
                None
            }
        }
    }

    fn count(&self, item: &Item, end: &End, scope: FailureScope) {
        let mut state = self.state();
        state.finished += 1;
        if end.result != Ended::Done {
            state.failures += 1;
            let cause = end.cause.clone().unwrap_or_default();
            *state.causes.entry(cause.clone()).or_default() += 1;
            match (scope, item.wanted.get("campaignId")) {
                (FailureScope::Campaign, Some(id)) => {
                    state.campaigns.insert(id.clone());
                }
                (FailureScope::All, _) => {
                    let exit = if end.exit == Exit::Denied as u8 {
                        Exit::Denied
                    } else {
                        Exit::SomeFailed
                    };
                    state.stop.get_or_insert((exit, format!("{cause} would hit every number")));
                }
                _ => {}
            }
            if state.failures >= self.args.max_failures {
                let problem = format!("{} numbers have failed", state.failures);
                state.stop.get_or_insert((Exit::SomeFailed, problem));
            }
        }
        self.bar.set_message(self.message(&state));
    }

    fn message(&self, state: &State) -> String {
        let (finished, total) = (state.finished, self.total);
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let (count, left) = (finished as f64, (total - finished) as f64);
        let rate = count / self.work.began.elapsed().as_secs_f64().max(0.001);
        let left = HumanDuration(Duration::from_secs_f64(left / rate.max(0.001)));
        let causes = state.causes.iter().map(|(cause, count)| format!("{count} {cause}"));
        let causes = causes.collect::<Vec<_>>().join(", ");
        let failed = match state.failures {
            0 => String::new(),
            count => format!(", {count} not done: {causes}"),
        };
        format!("{finished} of {total}, {rate:.1}/s, {left} left{failed}")
    }
}
