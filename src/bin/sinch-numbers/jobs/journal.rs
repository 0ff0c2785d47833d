//! The journal of a job: each request before it is sent, and its outcome.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::args::Verb;
use crate::jobs::plan::Plan;

/// A line of a journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub(crate) enum Line {
    /// The first line.
    Job(Job),
    /// A step is about to be sent.
    Intent {
        phone_number: String,
        step: String,
        /// The time of the number's failed jobs before.
        before: Vec<String>,
    },
    /// A step has ended.
    Outcome { phone_number: String, step: String, outcome: Outcome },
    /// A number is finished.
    End {
        phone_number: String,
        #[serde(flatten)]
        end: End,
    },
}

/// The job that a journal belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// The version of the format.
    journal: u32,
    pub(crate) verb: Verb,
    project: String,
    /// The hash of the plan, and the file that held it.
    plan: String,
    pub(crate) file: PathBuf,
    pub(crate) numbers: Vec<String>,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Done,
    NotApplied,
    Failed,
    /// It was accepted, and its job had not ended when the time was up.
    Running,
    Unknown,
}

/// The outcome for a number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) result: Ended,
    /// Why, in a few words that many numbers share.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) cause: Option<String>,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) advice: Option<String>,
    /// The exit code that a command for this number alone would have.
    pub(crate) exit: u8,
    /// Whether to go on with it when the plan is applied again.
    pub(crate) again: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    Done,
    Skipped,
    Failed,
    Unknown,
    /// Only in reports.
    NotBegun,
}

/// A line with its time, in milliseconds since 1970.
#[derive(Serialize, Deserialize)]
struct Stamped<L> {
    at: u64,
    #[serde(flatten)]
    line: L,
}

/// The entries of a journal about one number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// The steps that were begun, each with its last outcome.
    pub(crate) steps: Vec<Begun>,
    pub(crate) end: Option<End>,
}

/// A step that was begun.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) step: String,
    /// The time of the number's failed jobs before.
    pub(crate) before: Vec<String>,
    pub(crate) outcome: Option<Outcome>,
}

impl Past {
    /// The step whose outcome must be read.
    pub(crate) fn open(&self) -> Option<&Begun> {
        let open = |outcome| matches!(outcome, None | Some(Outcome::Unknown | Outcome::Running));
        self.steps.last().filter(|begun| open(begun.outcome))
    }
}

/// The contents of a journal.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) job: Job,
    pub(crate) numbers: BTreeMap<String, Past>,
}

impl History {
    pub(crate) fn of(&self, number: &str) -> Past {
        self.numbers.get(number).cloned().unwrap_or_default()
    }

    /// Reads a journal that another process may be writing.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let refused = |problem: String| Failure::refused(format!("{}: {problem}", path.display()));
        let bytes = fs::read(path).map_err(|error| refused(error.to_string()))?;
        Self::parse(&bytes).map_err(refused)?.ok_or_else(|| refused("is empty".to_owned()))
    }

    /// Reads the whole lines of a journal; none if there is none yet.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, String> {
        const BEGINNING: &[u8] = br#"{"at":"#;
        let mut lines =
            whole(bytes).split_inclusive(|byte| *byte == b'\n').map(serde_json::from_slice);
        let job = match lines.next() {
            Some(Ok(Stamped { line: Line::Job(job), .. })) => job,
            None if bytes.iter().zip(BEGINNING).all(|(a, b)| a == b) => return Ok(None),
            _ => return Err("is no journal".to_owned()),
        };
        if job.journal != VERSION {
            return Err(format!("is of version {}, not {VERSION}", job.journal));
        }
        let mut history = Self { job, numbers: BTreeMap::new() };
        for (index, line) in lines.enumerate() {
            let line = line.map_err(|_| format!("line {} is no line of a journal", index + 2))?;
            history.note(line.line);
        }
        Ok(Some(history))
    }

    fn note(&mut self, line: Line) {
        match line {
            Line::Job(_) => {}
            Line::Intent { phone_number, step, before } => {
                let past = self.numbers.entry(phone_number).or_default();
                past.end = None;
                past.steps.push(Begun { step, before, outcome: None });
            }
            Line::Outcome { phone_number, outcome, .. } => {
                let past = self.numbers.entry(phone_number).or_default();
                if let Some(begun) = past.steps.last_mut() {
                    begun.outcome = Some(outcome);
                }
            }
            Line::End { phone_number, end } => {
                self.numbers.entry(phone_number).or_default().end = Some(end);
            }
        }
    }
}

const VERSION: u32 = 1;

/// The lines that are whole. What follows them was being written when the process ended, and nothing was sent for it.
fn whole(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    &bytes[..end]
}

/// A journal that this process writes, and no other.
pub(crate) struct Journal {
    file: Mutex<Appending>,
    path: PathBuf,
}

struct Appending {
    file: File,
    /// The length of the whole lines.
    length: u64,
    /// Why nothing more can be written.
    broken: Option<String>,
}

impl Journal {
    /// Opens the journal of a plan, or begins it.
    pub(crate) fn open(path: &Path, plan: &Plan, file: &Path) -> Result<(Self, History), Failure> {
        let refused =
            |problem: String| Failure::refused(format!("--journal: {}: {problem}", path.display()));
        let failed = |error: io::Error| refused(error.to_string());
        let mut options = OpenOptions::new();
        let mut journal =
            options.read(true).append(true).create(true).mode(0o600).open(path).map_err(failed)?;
        // Reading a device might never end.
        if !journal.metadata().map_err(failed)?.is_file() {
            return Err(refused("is no file".to_owned()));
        }
        if flock(&journal, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(refused("another process writes it".to_owned()));
        }
        let mut bytes = Vec::new();
        journal.read_to_end(&mut bytes).map_err(failed)?;
        let history = History::parse(&bytes).map_err(refused)?;
        let length = whole(&bytes).len() as u64;
        if bytes.len() as u64 != length {
            journal.set_len(length).map_err(failed)?;
        }
        let job = Job {
            journal: VERSION,
            verb: plan.header.verb,
            project: plan.header.project.clone(),
            plan: plan.header.hash.clone(),
            file: file.to_owned(),
            numbers: plan.items.iter().map(|item| item.phone_number.clone()).collect(),
        };
        let appending = Appending { file: journal, length, broken: None };
        let journal = Self { file: Mutex::new(appending), path: path.to_owned() };
        if let Some(history) = history {
            if (&history.job.plan, &history.job.project) != (&job.plan, &job.project) {
                return Err(refused("belongs to another plan".to_owned()));
            }
            return Ok((journal, history));
        }
        journal.append([Line::Job(job.clone())]).map_err(refused)?;
        // The name of the file must be on disk, too.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|f| f.sync_all()).map_err(failed)?;
        Ok((journal, History { job, numbers: BTreeMap::new() }))
    }

    /// Writes lines, all with one write(2), and returns when they are on disk. After a failure nothing more is written.
    pub(crate) fn append(&self, lines: impl IntoIterator<Item = Line>) -> Result<(), String> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &Stamped { at, line }).map_err(|e| e.to_string())?;
            text.push(b'\n');
        }
        let mut appending = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Appending { file, length, broken } = &mut *appending;
        if let Some(problem) = broken {
            return Err(problem.clone());
        }
        if let Err(error) = file.write_all(&text).and_then(|()| file.sync_data()) {
            let problem = format!("{}: {error}", self.path.display());
            *broken = Some(problem.clone());
            // Half a line is cut off; if that fails, the next process does it.
            let _ = file.set_len(*length);
            return Err(problem);
        }
        *length += text.len() as u64;
        Ok(())
    }
}
