//! The report of a job: results, unknown outcomes, and actions to take.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::Failure;
use crate::args::{OutputArgs, Verb};
use crate::columns::{REPORT, REPORTED};
use crate::exit::Exit;
use crate::jobs::journal::{Ended, History, Outcome};
use crate::output::{Format, Output};
use crate::session::{counted, say};

/// The report as JSON.
#[derive(Default, Serialize)]
struct Report {
    total: usize,
    done: usize,
    skipped: usize,
    failed: usize,
    unknown: usize,
    items: Vec<Item>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    phone_number: String,
    result: Ended,
    steps: Vec<Step>,
    reason: Option<String>,
    advice: Option<String>,
}

#[derive(Serialize)]
struct Step {
    step: String,
    outcome: Outcome,
}

pub(crate) fn run(journal: &Path, output: &OutputArgs) -> Result<Exit, Failure> {
    show(journal, &History::read(journal)?, output)
}

/// Writes the report, and says how to go on.
pub(crate) fn show(
    journal: &Path,
    history: &History,
    output: &OutputArgs,
) -> Result<Exit, Failure> {
    let mut report = Report { total: history.job.numbers.len(), ..Report::default() };
    let (mut exit, mut again) = (Exit::Done, false);
    let mut causes = BTreeMap::<&str, usize>::new();
    for number in &history.job.numbers {
        let (item, outcome) = item(number, history);
        match item.result {
            Ended::Done => report.done += 1,
            Ended::Skipped => report.skipped += 1,
            Ended::Failed => report.failed += 1,
            Ended::Unknown => report.unknown += 1,
            Ended::NotBegun => {}
        }
        let end = history.numbers.get(number).and_then(|past| past.end.as_ref());
        again |= end.is_none_or(|end| end.again);
        if let Some(cause) = end.and_then(|end| end.cause.as_deref()) {
            *causes.entry(cause).or_default() += 1;
        }
        exit = exit.and(outcome);
        report.items.push(item);
    }
    if matches!(output.format(), Format::Json | Format::Ndjson) {
        let mut out = Output::of_one(output, REPORT)?;
        out.item(&json(&report)?)?;
        out.finish()?;
    } else {
        let mut out = Output::of_many(output, REPORTED)?;
        let all = output.format() == Format::Csv;
        let told = |item: &&Item| all || !matches!(item.result, Ended::Done | Ended::NotBegun);
        for item in report.items.iter().filter(told) {
            out.item(&json(item)?)?;
        }
        out.finish()?;
    }
    let Report { total, done, skipped, failed, unknown, .. } = report;
    let left = total - done - skipped - failed - unknown;
    let not_begun = if left > 0 { format!(", {left} not begun") } else { String::new() };
    say(format_args!(
        "{}: {done} done, {skipped} skipped, {failed} failed, {unknown} unknown{not_begun}",
        counted(total)
    ));
    for (cause, count) in causes {
        say(format_args!("  {count} {cause}"));
    }
    if again {
        let (plan, journal) = (history.job.file.display(), journal.display());
        let release = history.job.verb == Verb::Release;
        let flag = if release { " --allow-release" } else { "" };
        say(format_args!("to go on: sinch-numbers apply {plan} --journal {journal}{flag}"));
    }
    Ok(exit)
}

fn json(part: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(part).map_err(|error| Failure::other(error.to_string()))
}

/// The row of a number, and the exit code that it leads to.
fn item(number: &str, history: &History) -> (Item, Exit) {
    let past = history.of(number);
    let told = |outcome: Option<Outcome>| outcome.unwrap_or(Outcome::Unknown);
    let steps = past
        .steps
        .iter()
        .map(|begun| Step { step: begun.step.clone(), outcome: told(begun.outcome) });
    let mut item = Item {
        phone_number: number.to_owned(),
        result: Ended::NotBegun,
        steps: steps.collect(),
        reason: None,
        advice: Some("apply again".to_owned()),
    };
    match &past.end {
        Some(end) => {
            item.result = end.result;
            item.reason.clone_from(&end.reason);
            item.advice.clone_from(&end.advice);
        }
        None if past.open().is_some() => {
            item.result = Ended::Unknown;
            item.reason = Some("the job ended before its outcome was known".to_owned());
            item.advice = Some("apply again: it is read first".to_owned());
        }
        None if past.steps.is_empty() => {}
        None => item.reason = Some("the job ended between its steps".to_owned()),
    }
    let exit = match (item.result, &past.end) {
        (Ended::Done | Ended::Skipped, _) => Exit::Done,
        (Ended::Unknown, _) => Exit::Unknown,
        (_, Some(end)) if end.exit == Exit::Denied as u8 => Exit::Denied,
        (_, Some(end)) if end.exit == Exit::StillRunning as u8 => Exit::StillRunning,
        _ => Exit::SomeFailed,
    };
    (item, exit)
}
