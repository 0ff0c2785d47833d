//! The operations on active numbers: list, get, update, release.

use serde::Serialize;

use crate::enums::{Capability, NumberType, OrderBy, SearchPattern, VoiceApplicationType};
use crate::error::Error;
use crate::model::{ActiveNumber, Page};
use crate::operation::{Method, Operation, Request};
use crate::phone_number::PhoneNumber;
use crate::reconcile::Asked;
use crate::retry::Effect;

/// Which numbers to list, and how (API: "Lists active numbers for a project").
///
/// Only what is set is sent. An empty text, a page size of 0 and a pattern that is already percent-encoded are
/// refused when the list is asked for.
///
/// ```
/// use sinch_numbers::{Capability, ListNumbers, NumberType, OrderBy};
///
/// let seattle = ListNumbers::new()
///     .region_code("US")
///     .number_type(NumberType::Local)
///     .starts_with("+1206")
///     .capability(Capability::Sms)
///     .capability(Capability::Voice)
///     .order_by(OrderBy::PhoneNumber)
///     .page_size(100);
/// # let _ = seattle;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ListNumbers {
    region_code: Option<String>,
    number_type: Option<NumberType>,
    pattern: Option<String>,
    search_pattern: Option<SearchPattern>,
    capability: Vec<Capability>,
    page_size: Option<u32>,
    page_token: Option<String>,
    order_by: Option<OrderBy>,
}

impl ListNumbers {
    /// Asks for all numbers of the project.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the numbers of one country: ISO 3166-1 alpha-2, as in `US`, `GB` or `SE`.
    pub fn region_code(mut self, region_code: impl Into<String>) -> Self {
        self.region_code = Some(region_code.into());
        self
    }

    /// Keeps the numbers of one type.
    ///
    /// The API's documents do not settle what comes back when this is left out: all types, or `MOBILE` only. Set
    /// it where it matters.
    pub fn number_type(mut self, number_type: impl Into<NumberType>) -> Self {
        self.number_type = Some(number_type.into());
        self
    }

    /// Keeps the numbers that begin with a prefix, plus sign included: `+1206` for the area code 206 in the US.
    ///
    /// Give the prefix as it is; it is encoded on the way.
    pub fn starts_with(self, prefix: impl Into<String>) -> Self {
        self.pattern(prefix).search_pattern(SearchPattern::Start)
    }

    /// Keeps the numbers that contain a sequence of digits.
    pub fn contains(self, digits: impl Into<String>) -> Self {
        self.pattern(digits).search_pattern(SearchPattern::Contains)
    }

    /// Keeps the numbers that end with a sequence of digits.
    pub fn ends_with(self, digits: impl Into<String>) -> Self {
        self.pattern(digits).search_pattern(SearchPattern::End)
    }

    /// Sets `numberPattern.pattern` alone: the service decides where it looks for it.
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// Sets `numberPattern.searchPattern` alone.
    pub fn search_pattern(mut self, search_pattern: impl Into<SearchPattern>) -> Self {
        self.search_pattern = Some(search_pattern.into());
        self
    }

    /// Keeps the numbers with a capability. Call it once for each that is wanted.
    pub fn capability(mut self, capability: impl Into<Capability>) -> Self {
        self.capability.push(capability.into());
        self
    }

    /// Sets how many numbers a page holds at most: 1 to 2,147,483,647. The service documents neither a default nor
    /// its own maximum.
    pub fn page_size(mut self, page_size: u32) -> Self {
        self.page_size = Some(page_size);
        self
    }

    /// Begins at a page: the [`next_page_token`](Page::next_page_token) of the page before it. Keep the other
    /// parameters as they were.
    pub fn page_token(mut self, page_token: impl Into<String>) -> Self {
        self.page_token = Some(page_token.into());
        self
    }

    /// Sets the order. The service documents no default.
    pub fn order_by(mut self, order_by: impl Into<OrderBy>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }

    /// The token this list begins at.
    pub(crate) fn token(&self) -> Option<&str> {
        self.page_token.as_deref()
    }
}

fn not_empty(field: &str, text: &str, hint: &str) -> Result<(), Error> {
    if text.is_empty() { Err(Error::invalid(field, format!("is empty; {hint}"))) } else { Ok(()) }
}

impl Operation for ListNumbers {
    type Output = Page;
    const NAME: &'static str = "active_list";

    fn request(&self) -> Result<Request, Error> {
        const LEAVE_OUT: &str = "leave it out to keep them all";
        let mut request = Request::new(Self::NAME, Method::Get, Effect::Read);
        let mut add = |name: &str, value: &str| -> Result<(), Error> {
            not_empty(name, value, LEAVE_OUT)?;
            request.add_query(name, value);
            Ok(())
        };
        if let Some(region_code) = &self.region_code {
            add("regionCode", region_code)?;
        }
        if let Some(number_type) = &self.number_type {
            add("type", number_type.as_str())?;
        }
        if let Some(pattern) = &self.pattern {
            if pattern.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2B")) {
                return Err(Error::invalid(
                    "numberPattern.pattern",
                    "is already encoded; give the plus sign itself, as in +1206",
                ));
            }
            add("numberPattern.pattern", pattern)?;
        }
        if let Some(search_pattern) = &self.search_pattern {
            add("numberPattern.searchPattern", search_pattern.as_str())?;
        }
        for capability in &self.capability {
            add("capability", capability.as_str())?;
        }
        if let Some(page_size) = self.page_size {
            if i32::try_from(page_size).map_or(true, |size| size < 1) {
                let problem = format!("is {page_size}; 1 to {} is wanted", i32::MAX);
                return Err(Error::invalid("pageSize", problem));
            }
            add("pageSize", &page_size.to_string())?;
        }
        if let Some(page_token) = &self.page_token {
            // Sent as it is, it would silently begin the list again from the first page.
            not_empty("pageToken", page_token, "an empty token means that the list had ended")?;
            add("pageToken", page_token)?;
        }
        if let Some(order_by) = &self.order_by {
            add("orderBy", order_by.as_str())?;
        }
        Ok(request)
    }
}

/// Get one number (API: "Retrieve an active phone number").
#[derive(Debug)]
pub(crate) struct GetNumber {
    pub(crate) phone_number: PhoneNumber,
}

impl Operation for GetNumber {
    type Output = ActiveNumber;
    const NAME: &'static str = "active_get";

    fn request(&self) -> Result<Request, Error> {
        Ok(Request::new(Self::NAME, Method::Get, Effect::Read).of_number(&self.phone_number, ""))
    }
}

/// What to change about a number (API: "Update an active phone number").
///
/// Only what is set is sent. An update that sets nothing, or that links an empty id, is refused before anything
/// is sent; read-only fields cannot be set at all.
///
/// The service unlinks and links in jobs of its own: the answer still shows the old configuration, and
/// [`ActiveNumber::provisioning`] tells when the new one stands. A number must be unlinked from a service plan or
/// campaign before it is linked to another.
///
/// ```
/// use sinch_numbers::NumberUpdate;
///
/// let update = NumberUpdate::new()
///     .display_name("reception")
///     .link_service_plan("YOUR_service_plan_id")
///     .assign_voice_application("YOUR_Voice_appId")
///     .callback_url("https://www.example.com/callback");
/// # let _ = update;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct NumberUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms_configuration: Option<SmsUpdate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_configuration: Option<VoiceUpdate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<String>,
    /// For each configuration the first field that cannot be right, with what is wrong with it.
    #[serde(skip)]
    problems: [Option<(&'static str, &'static str)>; 2],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SmsUpdate {
    service_plan_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct VoiceUpdate {
    #[serde(rename = "type")]
    application_type: VoiceApplicationType,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trunk_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_id: Option<String>,
}

/// What takes a number's calls, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VoiceTarget {
    /// A voice application.
    App(String),
    /// An elastic SIP trunk.
    Trunk(String),
    /// A fax service.
    Service(String),
}

const SERVICE_PLAN: &str = "smsConfiguration.servicePlanId";
const CAMPAIGN: &str = "smsConfiguration.campaignId";

impl NumberUpdate {
    /// Begins an update that sets nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name of the number; an empty text removes it.
    pub fn display_name(mut self, display_name: impl Into<String>) -> Self {
        self.display_name = Some(display_name.into());
        self
    }

    /// Sets the URL that the service calls when a provisioning job has ended; an empty text removes it.
    pub fn callback_url(mut self, callback_url: impl Into<String>) -> Self {
        self.callback_url = Some(callback_url.into());
        self
    }

    /// Links the number to an SMS service plan. The number must not be linked to another one.
    ///
    /// This and the four methods below replace each other: the last one counts.
    pub fn link_service_plan(self, service_plan_id: impl Into<String>) -> Self {
        self.sms(service_plan_id.into(), None)
            .refuse_empty_plan("unlink_service_plan removes a link")
    }

    /// Links the number to an SMS service plan and a 10DLC campaign: what SMS traffic to the US needs.
    pub fn link_campaign(
        self,
        service_plan_id: impl Into<String>,
        campaign_id: impl Into<String>,
    ) -> Self {
        let campaign_id = campaign_id.into();
        let empty = campaign_id.is_empty();
        self.sms(service_plan_id.into(), Some(campaign_id))
            .refuse_empty_plan("a campaign goes with the number's service plan")
            .refuse_if(empty, CAMPAIGN, "is empty; unlink_campaign removes a link")
    }

    /// Unlinks the number from its SMS service plan.
    pub fn unlink_service_plan(self) -> Self {
        self.sms(String::new(), None)
    }

    /// Unlinks the number from its campaign only. The API wants the service plan named that it stays linked to.
    pub fn unlink_campaign(self, current_service_plan_id: impl Into<String>) -> Self {
        self.sms(current_service_plan_id.into(), Some(String::new()))
            .refuse_empty_plan("name the plan that the number stays linked to")
    }

    /// Unlinks the number from both its SMS service plan and its campaign.
    pub fn unlink_service_plan_and_campaign(self) -> Self {
        self.sms(String::new(), Some(String::new()))
    }

    /// Assigns the number's calls to a voice application (type RTC).
    ///
    /// This and the three methods below replace each other: the last one counts.
    pub fn assign_voice_application(self, app_id: impl Into<String>) -> Self {
        self.assign(VoiceApplicationType::Rtc, VoiceTarget::App(app_id.into()))
    }

    /// Assigns the number's calls to an elastic SIP trunk (type EST).
    pub fn assign_trunk(self, trunk_id: impl Into<String>) -> Self {
        self.assign(VoiceApplicationType::Est, VoiceTarget::Trunk(trunk_id.into()))
    }

    /// Assigns the number's calls to a fax service (type FAX).
    pub fn assign_fax_service(self, service_id: impl Into<String>) -> Self {
        self.assign(VoiceApplicationType::Fax, VoiceTarget::Service(service_id.into()))
    }

    /// Sets type and id as given: for a type that this version does not know, or an empty id.
    pub fn voice_configuration(
        mut self,
        application_type: impl Into<VoiceApplicationType>,
        target: VoiceTarget,
    ) -> Self {
        let (app_id, trunk_id, service_id) = match target {
            VoiceTarget::App(id) => (Some(id), None, None),
            VoiceTarget::Trunk(id) => (None, Some(id), None),
            VoiceTarget::Service(id) => (None, None, Some(id)),
        };
        let application_type = application_type.into();
        self.voice_configuration =
            Some(VoiceUpdate { application_type, app_id, trunk_id, service_id });
        self.clear_problem("voiceConfiguration");
        self
    }

    /// Sets type and ids as a JSON body gives them: the key of the type's own id must be there, whatever it holds.
    #[cfg(feature = "capi")]
    pub(crate) fn voice(
        mut self,
        application_type: VoiceApplicationType,
        [app_id, trunk_id, service_id]: [Option<String>; 3],
    ) -> Result<Self, Error> {
        let missing = match &application_type {
            VoiceApplicationType::Rtc => app_id.is_none().then_some("appId"),
            VoiceApplicationType::Est => trunk_id.is_none().then_some("trunkId"),
            VoiceApplicationType::Fax => service_id.is_none().then_some("serviceId"),
            VoiceApplicationType::Other(_) => {
                let none = app_id.is_none() && trunk_id.is_none() && service_id.is_none();
                none.then_some("appId, trunkId or serviceId")
            }
        };
        if let Some(key) = missing {
            let problem = format!("lacks {key}, which its type {application_type} needs");
            return Err(Error::invalid("voiceConfiguration", problem));
        }
        self.voice_configuration =
            Some(VoiceUpdate { application_type, app_id, trunk_id, service_id });
        Ok(self)
    }

    fn assign(self, application_type: VoiceApplicationType, target: VoiceTarget) -> Self {
        let (field, id) = match &target {
            VoiceTarget::App(id) => ("voiceConfiguration.appId", id),
            VoiceTarget::Trunk(id) => ("voiceConfiguration.trunkId", id),
            VoiceTarget::Service(id) => ("voiceConfiguration.serviceId", id),
        };
        let empty = id.is_empty();
        self.voice_configuration(application_type, target).refuse_if(empty, field, "is empty")
    }

    /// Sets plan and campaign as given: empty ones unlink.
    pub(crate) fn sms(mut self, service_plan_id: String, campaign_id: Option<String>) -> Self {
        self.sms_configuration = Some(SmsUpdate { service_plan_id, campaign_id });
        self.clear_problem("smsConfiguration");
        self
    }

    fn refuse_empty_plan(self, hint: &'static str) -> Self {
        let empty =
            self.sms_configuration.as_ref().is_some_and(|sms| sms.service_plan_id.is_empty());
        self.refuse_if(empty, SERVICE_PLAN, hint)
    }

    fn refuse_if(mut self, wrong: bool, field: &'static str, problem: &'static str) -> Self {
        if wrong {
            self.problems[slot(field)].get_or_insert((field, problem));
        }
        self
    }

    /// What a later setter replaces is no longer wrong.
    fn clear_problem(&mut self, object: &str) {
        self.problems[slot(object)] = None;
    }

    pub(crate) fn asked_display_name(&self) -> Option<&String> {
        self.display_name.as_ref()
    }

    pub(crate) fn asked_callback_url(&self) -> Option<&String> {
        self.callback_url.as_ref()
    }

    /// The service plan and, if it is to change, the campaign.
    pub(crate) fn asked_sms(&self) -> Option<(&String, Option<&String>)> {
        let sms = self.sms_configuration.as_ref()?;
        Some((&sms.service_plan_id, sms.campaign_id.as_ref()))
    }

    /// The type, and the ids of application, trunk and fax service.
    pub(crate) fn asked_voice(&self) -> Option<(&VoiceApplicationType, [Option<&String>; 3])> {
        let voice = self.voice_configuration.as_ref()?;
        let ids = [&voice.app_id, &voice.trunk_id, &voice.service_id].map(Option::as_ref);
        Some((&voice.application_type, ids))
    }

    fn check(&self) -> Result<(), Error> {
        if let Some((field, problem)) = self.problems.into_iter().flatten().next() {
            return Err(Error::invalid(field, problem));
        }
        if self == &Self::default() {
            return Err(Error::invalid("update", "sets nothing"));
        }
        Ok(())
    }
}

/// Which configuration a field belongs to.
fn slot(field: &str) -> usize {
    usize::from(field.starts_with("voice"))
}

/// Update one number.
#[derive(Debug)]
pub(crate) struct UpdateNumber<'a> {
    pub(crate) phone_number: PhoneNumber,
    pub(crate) update: &'a NumberUpdate,
}

impl Operation for UpdateNumber<'_> {
    type Output = ActiveNumber;
    const NAME: &'static str = "active_update";

    fn request(&self) -> Result<Request, Error> {
        self.update.check()?;
        Request::new(Self::NAME, Method::Patch, Effect::Write)
            .of_number(&self.phone_number, "")
            .bringing_about(Asked::Update(Box::new(self.update.clone())))
            .with_json(self.update)
    }
}

/// Release one number (API: "Release a phone number").
#[derive(Debug)]
pub(crate) struct ReleaseNumber {
    pub(crate) phone_number: PhoneNumber,
}

impl Operation for ReleaseNumber {
    type Output = ActiveNumber;
    const NAME: &'static str = "active_release";

    fn request(&self) -> Result<Request, Error> {
        Ok(Request::new(Self::NAME, Method::Post, Effect::Write)
            .of_number(&self.phone_number, ":release")
            .bringing_about(Asked::Release))
    }
}
