//! Findings, and how programs see them.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use serde::Serialize;
use sinch_numbers::{ActiveNumber, Explanation, explain};

use super::CAMPAIGN_LIMIT;

/// The kind of a finding, most severe first.
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

/// A finding. There may be one for each of 100,000 numbers, so shared texts are held once.
#[derive(Debug)]
pub(super) enum Found {
    NoEmergencyAddress,
    /// Why the address could not be read.
    CouldNotBeRead(Arc<str>),
    /// The codes of a failed job.
    SmsFailed(Box<[Arc<str>]>),
    VoiceFailed,
    /// The day.
    ExpiresSoon(Arc<str>),
    CampaignLimit {
        numbers: u64,
        coming: u64,
    },
    Unlinked,
}

/// Something that an operator should know of.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) found: Found,
    /// The phone number, or the campaign.
    pub(super) about: Box<str>,
    pub(super) name: Option<Box<str>>,
    pub(super) region: Option<Arc<str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FindingDocument<'a> {
    finding: Subject,
    phone_number: Option<&'a str>,
    campaign_id: Option<&'a str>,
    display_name: Option<&'a str>,
    region_code: Option<&'a str>,
    detail: Cow<'a, str>,
    codes: Vec<&'a str>,
    action: Cow<'static, str>,
}

impl Finding {
    pub(super) fn new(found: Found, number: &ActiveNumber, region: Option<Arc<str>>) -> Self {
        let name = number.display_name.as_deref().map(Box::from);
        Self { found, about: number.phone_number.as_str().into(), name, region }
    }

    pub(super) fn subject(&self) -> Subject {
        match self.found {
            Found::NoEmergencyAddress => Subject::NoEmergencyAddress,
            Found::CouldNotBeRead(_) => Subject::CouldNotBeRead,
            Found::SmsFailed(_) | Found::VoiceFailed => Subject::ProvisioningFailed,
            Found::ExpiresSoon(_) => Subject::ExpiresSoon,
            Found::CampaignLimit { .. } => Subject::CampaignLimit,
            Found::Unlinked => Subject::Unlinked,
        }
    }

    /// Says it for people, without the number.
    pub(super) fn detail(&self) -> Cow<'_, str> {
        match &self.found {
            Found::NoEmergencyAddress => "can call emergency services, and has no address".into(),
            Found::CouldNotBeRead(why) => Cow::Borrowed(why),
            Found::SmsFailed(codes) => {
                let why = codes.iter().map(|code| format!("{code}: {}", explain(code).meaning));
                format!("SMS failed: {}", why.collect::<Vec<_>>().join("; ")).into()
            }
            Found::VoiceFailed => "voice failed: no code".into(),
            Found::ExpiresSoon(day) => format!("expires {day}").into(),
            Found::CampaignLimit { numbers, coming } => {
                let coming = match coming {
                    0 => String::new(),
                    coming => format!(", and {coming} more are being linked"),
                };
                let id = &self.about;
                format!("campaign {id} holds {numbers} of {CAMPAIGN_LIMIT} numbers{coming}").into()
            }
            Found::Unlinked => "linked to nothing".into(),
        }
    }

    fn action(&self) -> Cow<'static, str> {
        let number = &self.about;
        match &self.found {
            Found::NoEmergencyAddress => {
                format!("put one on file: sinch-numbers emergency set {number}").into()
            }
            Found::CouldNotBeRead(_) => {
                format!("read it again: sinch-numbers emergency get {number}").into()
            }
            Found::SmsFailed(codes) => {
                let actions: Vec<_> = codes.iter().map(|code| explain(code).action).collect();
                actions.join("; ").into()
            }
            Found::VoiceFailed => VOICE.action.into(),
            Found::ExpiresSoon(_) => "rent another in time if it is still needed".into(),
            Found::CampaignLimit { .. } => explain("EXCEEDED_10DLC_LIMIT").action.into(),
            Found::Unlinked => {
                format!("link it (sinch-numbers relink {number}), or release it").into()
            }
        }
    }

    pub(super) fn document(&self) -> FindingDocument<'_> {
        let is_campaign = self.subject() == Subject::CampaignLimit;
        let about = |campaign| (campaign == is_campaign).then_some(&*self.about);
        let codes = match &self.found {
            Found::SmsFailed(codes) => codes.iter().map(|code| &**code).collect(),
            _ => Vec::new(),
        };
        FindingDocument {
            finding: self.subject(),
            phone_number: about(false),
            campaign_id: about(true),
            display_name: self.name.as_deref(),
            region_code: self.region.as_deref(),
            detail: self.detail(),
            codes,
            action: self.action(),
        }
    }
}

/// How a failed job without a code is explained: jobs for voice have none.
pub(super) static VOICE: LazyLock<Explanation> =
    LazyLock::new(|| explain("PROVISIONING_TO_VOICE_PLATFORM_FAILED"));
