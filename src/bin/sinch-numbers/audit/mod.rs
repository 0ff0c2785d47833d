//! The audit: what is wrong with the numbers of the project, for a terminal, for programs, and as a page.

mod cost;
mod page;
mod read;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use sinch_numbers::{ActiveNumber, Explanation, FailedJob, ProvisioningStatus, Timestamp, explain};

use crate::Failure;
use crate::args::{AuditArgs, OutputArgs};
use crate::columns::{AUDITED, CAMPAIGNS, COSTS, COVERAGE, FAILURES, Kind};
use crate::exit::Exit;
use crate::output::{Format, Output};
use crate::session::{self, say};
use cost::Cost;
use read::{OnFile, Seen, needs_address};

/// How many numbers a campaign may hold.
const CAMPAIGN_LIMIT: u64 = 50;
/// From how many on it is near its limit.
const CAMPAIGN_NEAR: u64 = 45;
/// How soon a number expires that is told.
const SOON: Duration = Duration::from_secs(30 * 86_400);

/// What a finding is about, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Subject {
    NoEmergencyAddress,
    /// No finding, but a state of its own: nothing is known of the address.
    CouldNotBeRead,
    ProvisioningFailed,
    ExpiresSoon,
    CampaignLimit,
    Unlinked,
}

/// Something that an operator should know of. What all findings about a subject share is put in when it is written.
#[derive(Debug)]
struct Finding {
    subject: Subject,
    /// The phone number, or the campaign.
    about: String,
    name: Option<String>,
    region: Option<String>,
    detail: String,
    codes: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingDocument<'a> {
    finding: Subject,
    phone_number: Option<&'a str>,
    campaign_id: Option<&'a str>,
    display_name: Option<&'a str>,
    region_code: Option<&'a str>,
    detail: &'a str,
    codes: &'a [String],
    action: String,
}

impl Finding {
    fn new(subject: Subject, number: &ActiveNumber, detail: String) -> Self {
        let (name, region) = (number.display_name.clone(), number.region_code.clone());
        Self {
            subject,
            about: number.phone_number.clone(),
            name,
            region,
            detail,
            codes: Vec::new(),
        }
    }

    fn document(&self) -> FindingDocument<'_> {
        let is_campaign = self.subject == Subject::CampaignLimit;
        let about = |campaign| (campaign == is_campaign).then_some(&*self.about);
        let number = &self.about;
        FindingDocument {
            finding: self.subject,
            phone_number: about(false),
            campaign_id: about(true),
            display_name: self.name.as_deref(),
            region_code: self.region.as_deref(),
            detail: &self.detail,
            codes: &self.codes,
            action: match self.subject {
                Subject::NoEmergencyAddress => {
                    format!("put one on file: sinch-numbers emergency set {number}")
                }
                Subject::CouldNotBeRead => {
                    format!("read it again: sinch-numbers emergency get {number}")
                }
                Subject::ProvisioningFailed if self.codes.is_empty() => VOICE.action.to_owned(),
                Subject::ProvisioningFailed => {
                    let actions: Vec<_> =
                        self.codes.iter().map(|code| explain(code).action).collect();
                    actions.join("; ")
                }
                Subject::ExpiresSoon => "rent another in time if it is still needed".to_owned(),
                Subject::CampaignLimit => explain("EXCEEDED_10DLC_LIMIT").action.to_owned(),
                Subject::Unlinked => {
                    format!("link it (sinch-numbers relink {number}), or release it")
                }
            },
        }
    }
}

/// How a failed job without a code is explained: jobs for voice have none.
static VOICE: std::sync::LazyLock<Explanation> =
    std::sync::LazyLock::new(|| explain("PROVISIONING_TO_VOICE_PLATFORM_FAILED"));

/// Numbers by what is known of their emergency address.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Coverage {
    on_file: u64,
    none: u64,
    could_not_be_read: u64,
}

impl Coverage {
    fn add(&mut self, address: &OnFile) {
        match address {
            OnFile::Yes => self.on_file += 1,
            OnFile::No => self.none += 1,
            OnFile::Unread { .. } => self.could_not_be_read += 1,
        }
    }

    fn numbers(&self) -> u64 {
        self.on_file + self.none + self.could_not_be_read
    }
}

/// The numbers of a campaign.
#[derive(Clone, Copy, Debug, Default)]
struct Campaign {
    numbers: u64,
    /// Those that a job is about to link to it.
    coming: u64,
}

/// What was found.
struct Audit {
    project: String,
    at: SystemTime,
    numbers: u64,
    /// Of the numbers that need an address, by country.
    coverage: BTreeMap<String, Coverage>,
    /// Of the others.
    others: Coverage,
    campaigns: BTreeMap<String, Campaign>,
    /// Failed jobs by code. Those without one, which are for voice, have an empty one.
    failures: BTreeMap<String, u64>,
    /// By currency and country: the numbers and what they cost.
    costs: BTreeMap<(String, String), (u64, Cost)>,
    without_price: u64,
    findings: Vec<Finding>,
    /// The gravest of what could not be read.
    unread: Exit,
}

pub(crate) fn run(args: &AuditArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    // Before anything is read: names that are wrong, and places where nothing can be written.
    drop(Output::of_many(output, AUDITED)?);
    let page = args.html.as_deref().map(Draft::new).transpose()?;
    let client = session::client()?;
    let mut audit = Audit::new(client.project_id().to_owned());
    read::each(&client, args.concurrency, |seen| audit.take(seen))?;
    audit.finish();
    if let Some(page) = page {
        page.publish(&audit.page())?;
    }
    audit.write(output)?;
    let unread = audit.about(Subject::CouldNotBeRead).count();
    let findings = audit.findings.len() - unread;
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    say(format_args!(
        "{} number{}: {findings} finding{}, {unread} could not be read",
        audit.numbers,
        plural(audit.numbers),
        plural(findings as u64)
    ));
    let found = if findings == 0 { Exit::Done } else { Exit::Findings };
    Ok(found.and(audit.unread))
}

impl Audit {
    fn new(project: String) -> Self {
        Self {
            project,
            at: SystemTime::now(),
            numbers: 0,
            coverage: BTreeMap::new(),
            others: Coverage::default(),
            campaigns: BTreeMap::new(),
            failures: BTreeMap::new(),
            costs: BTreeMap::new(),
            without_price: 0,
            findings: Vec::new(),
            unread: Exit::Done,
        }
    }

    fn take(&mut self, Seen { number, address }: Seen) {
        self.numbers += 1;
        self.take_address(&number, address);
        self.take_jobs(&number);
        self.take_campaign(&number);
        self.take_cost(&number);
        if let Some(end) = number.expire_at.as_ref().filter(|end| self.is_soon(end)) {
            let day = end.as_str().get(..10).unwrap_or(end.as_str());
            let detail = format!("expires {day}");
            self.findings.push(Finding::new(Subject::ExpiresSoon, &number, detail));
        }
        if is_unlinked(&number) {
            let detail = "linked to nothing".to_owned();
            self.findings.push(Finding::new(Subject::Unlinked, &number, detail));
        }
    }

    fn take_address(&mut self, number: &ActiveNumber, address: OnFile) {
        let needs = needs_address(number);
        let coverage = if needs {
            let region = number.region_code.clone().unwrap_or_default();
            self.coverage.entry(region).or_default()
        } else {
            &mut self.others
        };
        coverage.add(&address);
        match address {
            OnFile::No if needs => {
                let detail = "can call emergency services, and has no address".to_owned();
                self.findings.push(Finding::new(Subject::NoEmergencyAddress, number, detail));
            }
            OnFile::Unread { why, exit } => {
                self.unread = self.unread.and(exit);
                self.findings.push(Finding::new(Subject::CouldNotBeRead, number, why));
            }
            _ => {}
        }
    }

    fn take_jobs(&mut self, number: &ActiveNumber) {
        let failed = |status: &ProvisioningStatus| *status == ProvisioningStatus::Failed;
        let sms = number.sms_job().filter(|job| failed(job.status()));
        let voice = number.voice_job().filter(|job| failed(job.status()));
        let jobs = [
            sms.cloned().map(|job| ("SMS", FailedJob::Sms(job))),
            voice.cloned().map(|job| ("voice", FailedJob::Voice(job))),
        ];
        for (of, job) in jobs.into_iter().flatten() {
            let reasons = job.reasons();
            let texts: Vec<_> = reasons
                .iter()
                .map(|(code, explanation)| format!("{code}: {}", explanation.meaning))
                .collect();
            let why = if texts.is_empty() { "no code".to_owned() } else { texts.join("; ") };
            let detail = format!("{of} failed: {why}");
            let codes: Vec<_> = reasons.iter().map(|(code, _)| (*code).to_owned()).collect();
            if codes.is_empty() {
                *self.failures.entry(String::new()).or_default() += 1;
            }
            for code in &codes {
                *self.failures.entry(code.clone()).or_default() += 1;
            }
            let finding = Finding::new(Subject::ProvisioningFailed, number, detail);
            self.findings.push(Finding { codes, ..finding });
        }
    }

    fn take_campaign(&mut self, number: &ActiveNumber) {
        let Some(sms) = &number.sms_configuration else { return };
        if let Some(campaign) = &sms.campaign_id {
            self.campaigns.entry(campaign.clone()).or_default().numbers += 1;
        }
        let running = |status: &ProvisioningStatus| *status != ProvisioningStatus::Failed;
        let coming = number.sms_job().filter(|job| running(job.status()));
        let coming = coming.and_then(|job| job.campaign_id.as_ref());
        if let Some(campaign) = coming.filter(|coming| Some(*coming) != sms.campaign_id.as_ref()) {
            self.campaigns.entry(campaign.clone()).or_default().coming += 1;
        }
    }

    fn take_cost(&mut self, number: &ActiveNumber) {
        let add = || {
            let money = number.money.as_ref()?;
            let region = number.region_code.clone().unwrap_or_default();
            let key = (money.currency_code.clone()?, region);
            let cost = Cost::of(money, number.payment_interval_months?)?;
            let (count, sum) = self.costs.get(&key).copied().unwrap_or((0, Cost::NOTHING));
            Some((key, (count + 1, sum.plus(cost)?)))
        };
        match add() {
            Some((key, sum)) => drop(self.costs.insert(key, sum)),
            None => self.without_price += 1,
        }
    }

    /// A time that cannot be read is told, too.
    fn is_soon(&self, end: &Timestamp) -> bool {
        end.to_system_time().is_none_or(|end| end < self.at + SOON)
    }

    /// Adds what only the whole fleet shows, and puts the findings in order.
    fn finish(&mut self) {
        for (id, Campaign { numbers, coming }) in &self.campaigns {
            if numbers + coming < CAMPAIGN_NEAR {
                continue;
            }
            let coming = match coming {
                0 => String::new(),
                coming => format!(", and {coming} more are being linked"),
            };
            self.findings.push(Finding {
                subject: Subject::CampaignLimit,
                about: id.clone(),
                name: None,
                region: None,
                detail: format!(
                    "campaign {id} holds {numbers} of {CAMPAIGN_LIMIT} numbers{coming}"
                ),
                codes: Vec::new(),
            });
        }
        self.findings.sort_by(|one, other| {
            let by_day = one.subject == Subject::ExpiresSoon;
            let days =
                if by_day { one.detail.cmp(&other.detail) } else { std::cmp::Ordering::Equal };
            one.subject.cmp(&other.subject).then(days)
        });
    }

    fn about(&self, subject: Subject) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.subject == subject)
    }

    /// Writes it to standard output.
    fn write(&self, output: &OutputArgs) -> Result<(), Failure> {
        let cut = !output.fields.is_empty();
        let findings = || self.findings.iter().map(Finding::document);
        match Format::of(output) {
            Format::Json if !cut => {
                let mut out = Output::of_one(output, AUDITED)?;
                out.item(&json(&self.document())?)?;
                out.finish()
            }
            Format::Table if !cut => {
                section(output, COVERAGE, self.coverage_rows())?;
                section(output, FAILURES, self.failure_rows())?;
                section(output, CAMPAIGNS, self.campaign_rows())?;
                section(output, COSTS, self.cost_rows())?;
                rows(output, AUDITED, findings())
            }
            _ => rows(output, AUDITED, findings()),
        }
    }

    fn document(&self) -> impl Serialize {
        let (unread, findings) = self
            .findings
            .iter()
            .map(Finding::document)
            .partition(|found| found.finding == Subject::CouldNotBeRead);
        Document {
            project_id: &self.project,
            at: utc(self.at),
            numbers: self.numbers,
            emergency_addresses: self.coverage_rows(),
            failures: self.failure_rows(),
            campaigns: self.campaign_rows(),
            costs: self.cost_rows(),
            without_price: self.without_price,
            findings,
            could_not_be_read: unread,
        }
    }

    fn coverage_rows(&self) -> Vec<CoverageRow<'_>> {
        let others = [("others", self.others)].into_iter().filter(|(_, of)| of.numbers() > 0);
        let all = self.coverage.iter().map(|(region, of)| (or_unknown(region), *of)).chain(others);
        all.map(|(region_code, of)| CoverageRow { region_code, numbers: of.numbers(), of })
            .collect()
    }

    fn failure_rows(&self) -> Vec<FailureRow<'_>> {
        let mut rows: Vec<_> = self
            .failures
            .iter()
            .map(|(code, jobs)| {
                let explained = if code.is_empty() { *VOICE } else { explain(code) };
                FailureRow {
                    code: if code.is_empty() { "no code" } else { code },
                    jobs: *jobs,
                    meaning: explained.meaning,
                    action: explained.action,
                    actor: explained.actor.as_str(),
                    retry: explained.retry.as_str(),
                }
            })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.jobs));
        rows
    }

    /// The fullest first.
    fn campaign_rows(&self) -> Vec<CampaignRow<'_>> {
        let rows = self.campaigns.iter().map(|(campaign_id, campaign)| CampaignRow {
            campaign_id,
            numbers: campaign.numbers,
            coming: campaign.coming,
            limit: CAMPAIGN_LIMIT,
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.numbers + row.coming));
        rows
    }

    fn cost_rows(&self) -> Vec<CostRow<'_>> {
        let rows = self.costs.iter().map(|((currency_code, region), (numbers, cost))| CostRow {
            region_code: or_unknown(region),
            numbers: *numbers,
            per_month: cost.text(),
            currency_code,
        });
        rows.collect()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    project_id: &'a str,
    at: String,
    numbers: u64,
    emergency_addresses: Vec<CoverageRow<'a>>,
    failures: Vec<FailureRow<'a>>,
    campaigns: Vec<CampaignRow<'a>>,
    costs: Vec<CostRow<'a>>,
    without_price: u64,
    findings: Vec<FindingDocument<'a>>,
    could_not_be_read: Vec<FindingDocument<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CoverageRow<'a> {
    /// `others` are the numbers that need no address.
    region_code: &'a str,
    numbers: u64,
    #[serde(flatten)]
    of: Coverage,
}

#[derive(Serialize)]
struct FailureRow<'a> {
    code: &'a str,
    jobs: u64,
    meaning: &'static str,
    action: &'static str,
    actor: &'static str,
    retry: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CampaignRow<'a> {
    campaign_id: &'a str,
    numbers: u64,
    coming: u64,
    limit: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CostRow<'a> {
    region_code: &'a str,
    numbers: u64,
    per_month: String,
    currency_code: &'a str,
}

fn or_unknown(region: &str) -> &str {
    if region.is_empty() { "unknown" } else { region }
}

/// Tells whether a number is of no use and will cost: no link, no job that would make one or tried to, and not released.
fn is_unlinked(number: &ActiveNumber) -> bool {
    let sms = number.sms_configuration.as_ref().and_then(|sms| sms.service_plan_id.as_ref());
    let voice = number.voice_configuration.as_ref().and_then(|voice| {
        voice.app_id.as_ref().or(voice.trunk_id.as_ref()).or(voice.service_id.as_ref())
    });
    let jobs = number.sms_job().is_some() || number.voice_job().is_some();
    sms.is_none() && voice.is_none() && !jobs && number.expire_at.is_none()
}

/// Writes a table with a blank line after it, if there is anything to show.
fn section<T: Serialize>(output: &OutputArgs, kind: Kind, of: Vec<T>) -> Result<(), Failure> {
    if of.is_empty() {
        return Ok(());
    }
    rows(output, kind, of)?;
    Ok(io::stdout().write_all(b"\n")?)
}

fn rows<T: Serialize>(
    output: &OutputArgs,
    kind: Kind,
    rows: impl IntoIterator<Item = T>,
) -> Result<(), Failure> {
    let mut out = Output::of_many(output, kind)?;
    for row in rows {
        out.item(&json(&row)?)?;
    }
    out.finish()
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::other(error.to_string()))
}

/// Writes a time as `2024-06-06 14:42 UTC`.
fn utc(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (days, minutes) = (seconds / 86_400, seconds % 86_400 / 60);
    // Years begin in March, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// A file that takes its place only when it is whole.
struct Draft {
    file: File,
    draft: PathBuf,
    path: PathBuf,
}

impl Draft {
    fn new(path: &Path) -> Result<Self, Failure> {
        let failed = |why: &dyn std::fmt::Display| {
            Failure::refused(format!("--html {}: {why}", path.display()))
        };
        if path.is_dir() {
            return Err(failed(&"is a folder"));
        }
        let name = path.file_name().ok_or_else(|| failed(&"is no file"))?;
        let mut draft = std::ffi::OsString::from(".");
        draft.push(name);
        draft.push(format!(".{}.tmp", process::id()));
        let draft = path.with_file_name(draft);
        let file = File::create_new(&draft).map_err(|error| failed(&error))?;
        Ok(Self { file, draft, path: path.to_owned() })
    }

    fn publish(mut self, text: &str) -> Result<(), Failure> {
        let mut write = || {
            self.file.write_all(text.as_bytes())?;
            self.file.sync_all()?;
            fs::rename(&self.draft, &self.path)
        };
        write().map_err(|error| Failure::other(format!("--html {}: {error}", self.path.display())))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already if it has taken its place.
        let _ = fs::remove_file(&self.draft);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (1_717_684_962, "2024-06-06 14:42 UTC"),
            (1_709_251_199, "2024-02-29 23:59 UTC"),
            (1_709_251_200, "2024-03-01 00:00 UTC"),
            (4_107_542_399, "2100-02-28 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(utc(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
