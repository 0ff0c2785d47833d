//! The audit on standard output: tables, one document, or the findings line by line.

use std::cmp::Reverse;
use std::io::{self, Write as _};
use std::time::SystemTime;

use serde::{Serialize, Serializer};
use sinch_numbers::explain;

use super::finding::{Finding, Subject, VOICE};
use super::{Audit, CAMPAIGN_LIMIT, Coverage};
use crate::Failure;
use crate::args::OutputArgs;
use crate::columns::{AUDITED, CAMPAIGNS, COSTS, COVERAGE, FAILURES, Kind};
use crate::output::{Format, Output};

impl Audit {
    /// Writes it to standard output.
    pub(super) fn write(&self, output: &OutputArgs) -> Result<(), Failure> {
        let selected = !output.fields.is_empty();
        let findings = || self.findings.iter().map(Finding::document);
        match output.format() {
            Format::Json if !selected => {
                let mut out = Output::of_one(output, AUDITED)?;
                out.document(&self.document())?;
                out.finish()
            }
            Format::Table if !selected => {
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
        Document {
            project_id: &self.project,
            at: utc(self.at),
            numbers: self.numbers,
            emergency_addresses: self.coverage_rows(),
            failures: self.failure_rows(),
            campaigns: self.campaign_rows(),
            costs: self.cost_rows(),
            without_price: self.without_price,
            findings: Part { of: &self.findings, unread: false },
            could_not_be_read: Part { of: &self.findings, unread: true },
        }
    }

    pub(super) fn coverage_rows(&self) -> Vec<CoverageRow<'_>> {
        let others = [("others", self.others)].into_iter().filter(|(_, of)| of.numbers() > 0);
        let all = self.coverage.iter().map(|(region, of)| (or_unknown(region), *of)).chain(others);
        all.map(|(region_code, of)| CoverageRow { region_code, numbers: of.numbers(), of })
            .collect()
    }

    pub(super) fn failure_rows(&self) -> Vec<FailureRow<'_>> {
        let mut rows: Vec<_> = self
            .failures
            .iter()
            .map(|(code, jobs)| {
                let explained = if code.is_empty() { *VOICE } else { explain(code) };
                FailureRow {
                    code: if code.is_empty() { "voice" } else { code },
                    jobs: *jobs,
                    meaning: explained.meaning,
                    action: explained.action,
                    actor: explained.actor.as_str(),
                    retry: explained.retry.as_str(),
                }
            })
            .collect();
        rows.sort_by_key(|row| Reverse(row.jobs));
        rows
    }

    /// The campaigns, those with most numbers first.
    pub(super) fn campaign_rows(&self) -> Vec<CampaignRow<'_>> {
        let rows = self.campaigns.iter().map(|(campaign_id, campaign)| CampaignRow {
            campaign_id,
            numbers: campaign.numbers,
            coming: campaign.coming,
            limit: CAMPAIGN_LIMIT,
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|row| Reverse(row.numbers + row.coming));
        rows
    }

    pub(super) fn cost_rows(&self) -> Vec<CostRow<'_>> {
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
    findings: Part<'a>,
    could_not_be_read: Part<'a>,
}

/// The findings, or what could not be read: written one by one, as they may be many.
struct Part<'a> {
    of: &'a [Finding],
    unread: bool,
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_unread = |finding: &Finding| finding.subject() == Subject::CouldNotBeRead;
        let part = self.of.iter().filter(|finding| is_unread(finding) == self.unread);
        serializer.collect_seq(part.map(Finding::document))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CoverageRow<'a> {
    /// `others` are the numbers that need no address.
    pub(super) region_code: &'a str,
    pub(super) numbers: u64,
    #[serde(flatten)]
    pub(super) of: Coverage,
}

#[derive(Serialize)]
pub(super) struct FailureRow<'a> {
    pub(super) code: &'a str,
    pub(super) jobs: u64,
    pub(super) meaning: &'static str,
    pub(super) action: &'static str,
    pub(super) actor: &'static str,
    pub(super) retry: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CampaignRow<'a> {
    pub(super) campaign_id: &'a str,
    pub(super) numbers: u64,
    pub(super) coming: u64,
    pub(super) limit: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CostRow<'a> {
    pub(super) region_code: &'a str,
    pub(super) numbers: u64,
    pub(super) per_month: String,
    pub(super) currency_code: &'a str,
}

pub(super) fn or_unknown(region: &str) -> &str {
    if region.is_empty() { "unknown" } else { region }
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
pub(super) fn utc(time: SystemTime) -> String {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
