//! Plans: what a job would do with each number, as it was read.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sinch_numbers::{Address, Client, Error, ErrorKind, Provisioning};

use crate::Failure;
use crate::args::{OutputArgs, PlanArgs, Verb};
use crate::columns::PLANNED;
use crate::exit::Exit;
use crate::jobs::in_parallel;
use crate::jobs::item::reason;
use crate::jobs::state::{Cells, Snapshot, Step, address, planned_states};
use crate::jobs::table::{self, Row};
use crate::output::Output;
use crate::session::{self, counted, progress, say};

/// A plan file: the header, and a line for each number.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) header: Header,
    pub(crate) items: Vec<Item>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The version of the format.
    plan: u32,
    pub(crate) verb: Verb,
    pub(crate) project: String,
    /// How many lines follow.
    numbers: usize,
    /// SHA-256 of the header without it, and of the lines.
    pub(crate) hash: String,
}

/// A number of a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    /// Its line in the CSV file.
    line: u64,
    pub(crate) phone_number: String,
    /// The steps to take; none if there is a reason not to do anything.
    pub(crate) steps: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) reason: Option<String>,
    pub(crate) wanted: Cells,
    /// The state when the plan was made.
    pub(crate) seen: Cells,
    /// The service's correction of an address that it does not accept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    suggested: Option<Address>,
}

impl Item {
    /// Tells whether a number is where the plan saw it, or where the plan's own steps lead.
    pub(crate) fn is_in_planned_state(&self, now: &Snapshot) -> bool {
        now.steps_left.is_empty() || planned_states(&self.seen, &self.steps).contains(&now.cells)
    }
}

const VERSION: u32 = 1;
const ALREADY_DONE: &str = "stands as wanted";

pub(crate) fn make(args: &PlanArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    if args.verb == Verb::Release && !args.options.allow_release {
        return Err(Failure::refused("a plan releases numbers only with --allow-release"));
    }
    let rows = table::read(args.verb, &args.from)?;
    let mut out = Output::of_many(output, PLANNED)?;
    let client = session::client_at(args.options.rate)?;
    // Created before thousands of numbers are read, in case it cannot be written.
    let file = Draft::create(&args.out)?;
    let (items, exit) = read_all(&client, args, &rows)?;
    for item in &items {
        let steps: Vec<_> = item.steps.iter().map(|step| &step.step).collect();
        let shown = json!({"line": item.line, "phoneNumber": item.phone_number, "steps": steps, "reason": item.reason});
        out.item(&shown.to_string())?;
    }
    let planned = items.iter().filter(|item| !item.steps.is_empty()).count();
    let total = counted(items.len());
    file.save(&Plan::text(args.verb, client.project_id(), &items)?)?;
    out.finish()?;
    say(format_args!("{}: changes {planned} of {total}", args.out.display()));
    Ok(exit)
}

/// Reads every number.
fn read_all(client: &Client, args: &PlanArgs, rows: &[Row]) -> Result<(Vec<Item>, Exit), Failure> {
    let bar = progress("reading".to_owned());
    let read = Mutex::new((0, vec![None; rows.len()], None, Exit::Done));
    in_parallel(rows, args.options.concurrency, |index, row| {
        let planned = plan(client, args.verb, row);
        let Ok(mut read) = read.lock() else { return false };
        let (count, items, ended, exit) = &mut *read;
        *count += 1;
        bar.set_message(format!("reading: {count} of {}", rows.len()));
        let planned = planned.or_else(|error| match error.kind() {
            ErrorKind::Cancelled | ErrorKind::Authentication(_) => Err(error),
            _ => {
                *exit = Exit::SomeFailed;
                let reason = format!("could not be read: {}", reason(&error));
                Ok(Item::skipped(row, Cells::new(), reason))
            }
        });
        match planned {
            Ok(item) => items[index] = Some(item),
            Err(error) => *ended = Some(error),
        }
        ended.is_none()
    });
    bar.finish_and_clear();
    let (_, items, ended, exit) =
        read.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    match ended {
        Some(error) => Err(error.into()),
        None => Ok((items.into_iter().flatten().collect(), exit)),
    }
}

/// Says what would be done with a number, and if nothing, why not.
fn plan(client: &Client, verb: Verb, row: &Row) -> Result<Item, Error> {
    let Snapshot { cells, steps_left, number } =
        Snapshot::at(client, verb, &row.number, &row.cells)?;
    let skipped = |cells, reason: &str| Ok(Item::skipped(row, cells, reason.to_owned()));
    if number.is_some_and(|number| number.provisioning() == Provisioning::Pending) {
        return skipped(cells, "a provisioning job is under way: plan again when it is over");
    }
    if steps_left.is_empty() {
        return skipped(
            cells,
            if verb == Verb::Release { "is released already" } else { ALREADY_DONE },
        );
    }
    if verb == Verb::Update {
        for name in ["servicePlanId", "campaignId"] {
            if let (Some(wanted), Some(linked)) = (row.cells.get(name), cells.get(name)) {
                if wanted != linked {
                    return skipped(
                        cells,
                        "is linked to another service plan or campaign, which must be unlinked first: plan a relink",
                    );
                }
            }
        }
    }
    let mut item = Item::skipped(row, cells, String::new());
    if verb == Verb::Emergency {
        let validation =
            client.validate_emergency_address(row.number.as_str(), &address(&row.cells))?;
        let result =
            validation.validation_result.as_ref().map_or("no result", |result| result.as_str());
        if result != "EXACT_MATCH" {
            item.suggested = validation.corrected_address.as_ref().map(Address::from);
            let suggested =
                if item.suggested.is_some() { "; the plan has a correction" } else { "" };
            item.reason =
                Some(format!("the service does not accept the address: {result}{suggested}"));
            return Ok(item);
        }
    }
    item.steps = steps_left;
    item.reason = None;
    Ok(item)
}

impl Item {
    fn skipped(row: &Row, seen: Cells, reason: String) -> Self {
        Self {
            line: row.line,
            phone_number: row.number.clone(),
            steps: Vec::new(),
            reason: Some(reason),
            wanted: row.cells.clone(),
            seen,
            suggested: None,
        }
    }
}

impl Plan {
    fn text(verb: Verb, project: &str, items: &[Item]) -> Result<String, Failure> {
        let mut lines = String::new();
        for item in items {
            lines += &(line(item)? + "\n");
        }
        let mut header = Header {
            plan: VERSION,
            verb,
            project: project.to_owned(),
            numbers: items.len(),
            hash: String::new(),
        };
        header.hash = hash(&line(&header)?, &lines);
        Ok(format!("{}\n{lines}", line(&header)?))
    }

    /// Reads a plan; one that was changed by hand is refused.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let refused = |problem: String| Failure::refused(format!("{}: {problem}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        let (first, lines) = text.split_once('\n').unwrap_or_default();
        let header: Header =
            serde_json::from_str(first).map_err(|_| refused("is no plan".to_owned()))?;
        if header.plan != VERSION {
            return Err(refused(format!("is of version {}, not {VERSION}", header.plan)));
        }
        let unsigned = Header { hash: String::new(), ..header.clone() };
        if hash(&line(&unsigned)?, lines) != header.hash {
            return Err(refused("was changed after it was made; plan again".to_owned()));
        }
        let items: Result<Vec<Item>, _> = lines.lines().map(serde_json::from_str).collect();
        // A message of serde could quote an address.
        let items = items.map_err(|_| refused("has a line that cannot be read".to_owned()))?;
        Ok(Self { header, items })
    }
}

/// Writes a line of a plan.
fn line(part: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(part).map_err(|error| Failure::other(error.to_string()))
}

fn hash(header: &str, lines: &str) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in [header, "\n", lines] {
        context.update(part.as_bytes());
    }
    let mut text = String::new();
    for byte in context.finish().as_ref() {
        text += &format!("{byte:02x}");
    }
    text
}

/// A file that is renamed into place when it is complete. Only its owner can read it: it can hold home addresses.
struct Draft {
    file: File,
    path: PathBuf,
    part: PathBuf,
}

impl Draft {
    fn create(path: &Path) -> Result<Self, Failure> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let _ = fs::remove_file(&part);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        match file {
            Ok(file) => Ok(Self { file, path: path.to_owned(), part }),
            Err(error) => Err(Failure::refused(format!("-O: {}: {error}", path.display()))),
        }
    }

    fn save(mut self, text: &str) -> Result<(), Failure> {
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        let saved = written.and_then(|()| fs::rename(&self.part, &self.path));
        saved.map_err(|error| Failure::other(format!("-O: {}: {error}", self.path.display())))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Already renamed if it was saved.
        let _ = fs::remove_file(&self.part);
    }
}
