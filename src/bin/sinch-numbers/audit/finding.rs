//! Findings, and how programs see them.

use std::sync::LazyLock;

use serde::Serialize;
use sinch_numbers::{ActiveNumber, Explanation, explain};

/// What a finding is about, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Subject {
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
pub(super) struct Finding {
    pub(super) subject: Subject,
    /// The phone number, or the campaign.
    pub(super) about: String,
    pub(super) name: Option<String>,
    pub(super) region: Option<String>,
    pub(super) detail: String,
    pub(super) codes: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FindingDocument<'a> {
    pub(super) finding: Subject,
    phone_number: Option<&'a str>,
    campaign_id: Option<&'a str>,
    display_name: Option<&'a str>,
    region_code: Option<&'a str>,
    pub(super) detail: &'a str,
    pub(super) codes: &'a [String],
    action: String,
}

impl Finding {
    pub(super) fn new(subject: Subject, number: &ActiveNumber, detail: String) -> Self {
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

    pub(super) fn document(&self) -> FindingDocument<'_> {
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
pub(super) static VOICE: LazyLock<Explanation> =
    LazyLock::new(|| explain("PROVISIONING_TO_VOICE_PLATFORM_FAILED"));
