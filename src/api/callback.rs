//! The events of callbacks.

use crate::api::enums::open_enum;
use crate::api::phone_number::PhoneNumber;
use crate::api::provisioning::{Explanation, explain};
use crate::api::text::text_value;
use crate::api::timestamp::Timestamp;
use crate::json;

open_enum! {
    /// The type of the resource that an event is about.
    pub enum ResourceType {
        /// A rented number.
        ActiveNumber = "ACTIVE_NUMBER",
        /// A rented number, in older events.
        Number = "NUMBER",
        /// An order of numbers.
        NumberOrder = "NUMBER_ORDER",
        /// A number that was imported, or its import.
        ImportedNumber = "IMPORTED_NUMBER",
        /// An order to host numbers.
        HostingOrderNumber = "HOSTING_ORDER_NUMBER",
    }
}

open_enum! {
    /// The type of an event.
    pub enum EventType {
        /// Linking to a service plan.
        ProvisioningToSms = "PROVISIONING_TO_SMS_PLATFORM",
        /// Unlinking from a service plan.
        DeprovisioningFromSms = "DEPROVISIONING_FROM_SMS_PLATFORM",
        /// Linking to a 10DLC campaign.
        ProvisioningToCampaign = "PROVISIONING_TO_CAMPAIGN",
        /// Unlinking from a 10DLC campaign.
        DeprovisioningFromCampaign = "DEPROVISIONING_FROM_CAMPAIGN",
        /// Linking to a voice application, trunk or fax service.
        ProvisioningToVoice = "PROVISIONING_TO_VOICE_PLATFORM",
        /// Unlinking from a voice application, trunk or fax service.
        DeprovisioningFromVoice = "DEPROVISIONING_FROM_VOICE_PLATFORM",
        /// Progress of an order of numbers.
        NumberOrderProcessing = "NUMBER_ORDER_PROCESSING",
    }
}

open_enum! {
    /// The status that an event reports.
    pub enum EventStatus {
        /// The job is done.
        Succeeded = "SUCCEEDED",
        /// The job failed: [`Event::explain`] may know why.
        Failed = "FAILED",
        /// The order is being reviewed.
        InReview = "IN_REVIEW",
        /// The order waits for you.
        Blocked = "BLOCKED",
        /// The order is done.
        Completed = "COMPLETED",
        /// The order was rejected.
        Rejected = "REJECTED",
        /// The order expired.
        Expired = "EXPIRED",
    }
}

/// An event that the service sent. [`verify`](crate::callbacks::verify) returns it.
///
/// Nothing in it need be there, and its values are open: an event of a kind that is newer than this version has an event type
/// that is [`Other`](EventType::Other), and its fields in [`json`](Self::json).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The unique id. The service may deliver an event more than once: remember the ids for a while.
    pub event_id: Option<String>,
    /// The time when it was made. It names no zone, which means UTC.
    pub timestamp: Option<Timestamp>,
    /// The project.
    pub project_id: Option<String>,
    /// The type of the resource that it is about.
    pub resource_type: Option<ResourceType>,
    /// The resource: the phone number, or the id of an order.
    pub resource_id: Option<String>,
    /// The type of the event.
    pub event_type: Option<EventType>,
    /// The outcome, or the state.
    pub status: Option<EventStatus>,
    /// The reason of a failure, if it was given: a code as those of [`SmsErrorCode`](crate::SmsErrorCode).
    pub failure_code: Option<String>,
    /// The code of the system behind the service, as in `CRS0018`.
    pub internal_failure_code: Option<String>,
    json: String,
}

impl Event {
    /// Reads an event from a JSON object that has passed [`json::check`].
    pub(crate) fn read(json: &str) -> Self {
        // A field that does not fit is left out: a signed event is never refused for one.
        let text = |pointer| {
            let raw = json::value_at(json, pointer)?;
            let number = || raw.parse::<i64>().is_ok().then(|| raw.to_owned());
            json::text_of(raw).or_else(number).filter(|text| !text.is_empty())
        };
        Self {
            event_id: text("/eventId"),
            timestamp: text("/timestamp").map(Timestamp::from),
            project_id: text("/projectId"),
            resource_type: text("/resourceType").map(ResourceType::from),
            resource_id: text("/resourceId"),
            event_type: text("/eventType").map(EventType::from),
            status: text("/status").map(EventStatus::from),
            failure_code: text("/failureCode"),
            internal_failure_code: text("/internalFailureCode"),
            json: json.to_owned(),
        }
    }

    /// Returns the JSON as it came.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Returns the number that changed: read it. `None` if the event is not about a number.
    ///
    /// An event is a hint to read, never the state: events come late, more than once and in any order.
    pub fn needs_reading(&self) -> Option<PhoneNumber> {
        self.resource_id.as_deref()?.parse().ok()
    }

    /// Explains why it failed: by the internal code if that is known, else by the failure code. `None` if no code was given, as
    /// for a job of the SMS platform.
    pub fn explain(&self) -> Option<Explanation> {
        let explained = |code: &Option<String>| code.as_deref().map(explain);
        let internal = explained(&self.internal_failure_code);
        let known = internal.filter(|explanation| explanation.code.is_some());
        known.or_else(|| explained(&self.failure_code)).or(internal)
    }
}
