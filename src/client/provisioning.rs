//! Failed provisioning jobs and refused addresses, as the errors that tell of them.

use serde::Serialize;

use crate::api::enums::{ProvisioningStatus, VoiceApplicationType};
use crate::api::models::{ActiveNumber, AddressValidation};
use crate::api::provisioning::{Explanation, RetryAdvice, explain};
use crate::error::{AddressRefusal, Error, ErrorKind, ProvisioningError};
use crate::json::decode::{Decode, model};

model! {
    /// A provisioning job that failed.
    pub struct FailedJob {
        /// The configuration that it should have changed: `sms` or `voice`.
        pub of: String = "of",
        /// The status: `FAILED`.
        pub status: Option<ProvisioningStatus> = "status",
        /// The service plan that was to be linked, or `None` to be unlinked.
        pub service_plan_id: Option<String> = "servicePlanId",
        /// The campaign that was to be linked, or `None` to be unlinked.
        pub campaign_id: Option<String> = "campaignId",
        /// The kind of application that was to be assigned. Of voice only, as are the ids below.
        pub application_type: Option<VoiceApplicationType> = "type",
        /// The voice application.
        pub app_id: Option<String> = "appId",
        /// The trunk.
        pub trunk_id: Option<String> = "trunkId",
        /// The fax service.
        pub service_id: Option<String> = "serviceId",
        /// The reasons; [`explanations`](FailedJob::explanations) says what they mean. Voice jobs have none.
        pub error_codes: Vec<FailureCode> = "errorCodes",
    }
}

model! {
    /// A code that says why a job failed.
    pub struct FailureCode {
        /// The code, as the service sent it.
        pub code: String = "code",
    }
}
