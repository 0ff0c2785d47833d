//! The audit: what is wrong with the numbers of the project, for a terminal, for programs, and as a page.

mod cost;
mod draft;
mod finding;
mod page;
mod read;
mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use sinch_numbers::{ActiveNumber, ProvisioningStatus, SmsErrorCode, Timestamp};

use crate::Failure;
use crate::args::{AuditArgs, OutputArgs};
use crate::columns::AUDITED;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::{self, say};
use cost::Cost;
use draft::Draft;
use finding::{Finding, Found, Subject};
use read::{OnFile, Seen, needs_address};

/// How many numbers a campaign may hold.
const CAMPAIGN_LIMIT: u64 = 50;
/// A campaign with this many numbers is near its limit.
const CAMPAIGN_NEAR: u64 = 45;
/// A number that expires within this time is a finding.
const SOON: Duration = Duration::from_secs(30 * 86_400);

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

/// The findings.
struct Audit {
    project: String,
    at: SystemTime,
    numbers: u64,
    /// Of the numbers that need an address, by country.
    coverage: BTreeMap<String, Coverage>,
    /// Of the others.
    others: Coverage,
    campaigns: BTreeMap<String, Campaign>,
    /// Failed jobs by code. Those for voice, which have none, have an empty one.
    failures: BTreeMap<Arc<str>, u64>,
    /// By currency and country: the numbers and what they cost.
    costs: BTreeMap<(String, String), (u64, Cost)>,
    without_price: u64,
    findings: Vec<Finding>,
    /// Texts that several findings share, each held once.
    shared: BTreeSet<Arc<str>>,
    /// The most severe exit code of the addresses that could not be read.
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
            shared: BTreeSet::new(),
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
            let day = self.intern(end.as_str().get(..10).unwrap_or(end.as_str()));
            self.find(Found::ExpiresSoon(day), &number);
        }
        if is_unlinked(&number) {
            self.find(Found::Unlinked, &number);
        }
    }

    fn find(&mut self, found: Found, number: &ActiveNumber) {
        let region = number.region_code.as_deref().map(|region| self.intern(region));
        self.findings.push(Finding::new(found, number, region));
    }

    fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(shared) = self.shared.get(text) {
            return Arc::clone(shared);
        }
        let shared = Arc::from(text);
        self.shared.insert(Arc::clone(&shared));
        shared
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
            OnFile::No if needs => self.find(Found::NoEmergencyAddress, number),
            OnFile::Unread { why, exit } => {
                self.unread = self.unread.and(exit);
                let why = self.intern(&why);
                self.find(Found::CouldNotBeRead(why), number);
            }
            _ => {}
        }
    }

    fn take_jobs(&mut self, number: &ActiveNumber) {
        let failed = |status: &ProvisioningStatus| *status == ProvisioningStatus::Failed;
        if let Some(job) = number.sms_job().filter(|job| failed(job.status())) {
            // No code means the same as the first one.
            let none = [SmsErrorCode::Unspecified];
            let codes = if job.error_codes.is_empty() { &none[..] } else { &job.error_codes };
            let codes: Box<[_]> = codes.iter().map(|code| self.intern(code.as_str())).collect();
            for code in &codes {
                *self.failures.entry(Arc::clone(code)).or_default() += 1;
            }
            self.find(Found::SmsFailed(codes), number);
        }
        if number.voice_job().is_some_and(|job| failed(job.status())) {
            *self.failures.entry("".into()).or_default() += 1;
            self.find(Found::VoiceFailed, number);
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

    /// Tells whether a time is within 30 days; one that cannot be read counts as such.
    fn is_soon(&self, end: &Timestamp) -> bool {
        end.to_system_time().is_none_or(|end| end < self.at + SOON)
    }

    /// Adds what only the whole fleet shows, and puts the findings in order.
    fn finish(&mut self) {
        for (id, Campaign { numbers, coming }) in &self.campaigns {
            if numbers + coming < CAMPAIGN_NEAR {
                continue;
            }
            self.findings.push(Finding {
                found: Found::CampaignLimit { numbers: *numbers, coming: *coming },
                about: id.as_str().into(),
                name: None,
                region: None,
            });
        }
        let day = |finding: &Finding| match &finding.found {
            Found::ExpiresSoon(day) => Some(Arc::clone(day)),
            _ => None,
        };
        self.findings.sort_by_key(|finding| (finding.subject(), day(finding)));
    }

    fn about(&self, subject: Subject) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.subject() == subject)
    }
}

/// Tells whether a number costs and is not used: no link, no job for one, even a failed one, and not released.
fn is_unlinked(number: &ActiveNumber) -> bool {
    let sms = number.sms_configuration.as_ref().and_then(|sms| sms.service_plan_id.as_ref());
    let voice = number.voice_configuration.as_ref().and_then(|voice| {
        voice.app_id.as_ref().or(voice.trunk_id.as_ref()).or(voice.service_id.as_ref())
    });
    let jobs = number.sms_job().is_some() || number.voice_job().is_some();
    sms.is_none() && voice.is_none() && !jobs && number.expire_at.is_none()
}
