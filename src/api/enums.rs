//! The enumerations of the API. Each is open: a value that this version does not know keeps its text, in responses and in
//! requests.

use crate::api::text::text_value;

/// Declares an open enumeration.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )* }
    ) => {
        $(#[$meta])*
        ///
        /// The enumeration is open: `From<&str>` turns any text into a value, [`as_str`](Self::as_str) gives it back.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )*
            /// A value that this version does not know, as its text.
            Other(Box<str>),
        }

        impl $name {
            /// Returns the text that is sent and received.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            #[inline]
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )*
                    _ => Self::Other(text.into()),
                }
            }
        }

        impl From<&$name> for $name {
            fn from(value: &$name) -> Self {
                value.clone()
            }
        }

        // Compared by text, so that a value that becomes known later still equals itself.
        text_value!($name, "a string");
    };
}

pub(super) use open_enum;

open_enum! {
    /// The type of a number.
    pub enum NumberType {
        /// From a range for mobile numbers.
        Mobile = "MOBILE",
        /// Assigned to a geographic region.
        Local = "LOCAL",
        /// Free for the caller, billed to its owner.
        TollFree = "TOLL_FREE",
    }
}

open_enum! {
    /// A product that a number can be used with.
    pub enum Capability {
        /// The SMS product can use the number.
        Sms = "SMS",
        /// The Voice product can use the number.
        Voice = "VOICE",
    }
}

open_enum! {
    /// The place of a pattern in a number.
    pub enum SearchPattern {
        /// The number begins with the pattern, plus sign included: `+1206`.
        Start = "START",
        /// The pattern is anywhere in the number.
        Contains = "CONTAINS",
        /// The number ends with the pattern.
        End = "END",
    }
}

open_enum! {
    /// The order of a list.
    pub enum OrderBy {
        /// By the number itself.
        PhoneNumber = "phoneNumber",
        /// By the name that the project gave the number.
        DisplayName = "displayName",
    }
}

open_enum! {
    /// The kind of application that receives a number's calls.
    pub enum VoiceApplicationType {
        /// A voice application, by its `appId`.
        Rtc = "RTC",
        /// An elastic SIP trunk, by its `trunkId`.
        Est = "EST",
        /// A fax service, by its `serviceId`.
        Fax = "FAX",
    }
}

open_enum! {
    /// The status of a provisioning job.
    pub enum ProvisioningStatus {
        /// The service gave no value.
        Unspecified = "PROVISIONING_STATUS_UNSPECIFIED",
        /// It has not begun.
        Waiting = "WAITING",
        /// It is running.
        InProgress = "IN_PROGRESS",
        /// It failed. The status stays until the number is updated again.
        Failed = "FAILED",
    }
}

open_enum! {
    /// The quality of the match between an emergency address and a known one.
    pub enum ValidationResult {
        /// Undetermined.
        Unspecified = "ADDRESS_VALIDATION_RESULT_CODE_UNSPECIFIED",
        /// The address is right as sent.
        ExactMatch = "EXACT_MATCH",
        /// Close enough: the corrected address is the known one.
        NearMatch = "NEAR_MATCH",
        /// Not close enough: the candidates are similar addresses.
        NoMatch = "NO_MATCH",
    }
}

open_enum! {
    /// The reason why a provisioning job for SMS failed, and what to do about it. [`explain`](crate::explain) says more.
    pub enum SmsErrorCode {
        /// The service gave no value.
        Unspecified = "ERROR_CODE_UNSPECIFIED",
        /// An error inside the service.
        InternalError = "INTERNAL_ERROR",
        /// The service plan could not be linked: try another plan or ask the support.
        SmsProvisioningFailed = "SMS_PROVISIONING_FAILED",
        /// The campaign could not be linked.
        CampaignProvisioningFailed = "CAMPAIGN_PROVISIONING_FAILED",
        /// Check the campaign id, and that Sinch is the campaign's connection aggregator.
        CampaignNotAvailable = "CAMPAIGN_NOT_AVAILABLE",
        /// More than 50 numbers on the campaign (1 for sole proprietors): use a new campaign or a number pool.
        Exceeded10DlcLimit = "EXCEEDED_10DLC_LIMIT",
        /// Release the number and rent another.
        NumberProvisioningFailed = "NUMBER_PROVISIONING_FAILED",
        /// Send the update again: the service does not retry by itself.
        PartnerServiceUnavailable = "PARTNER_SERVICE_UNAVAILABLE",
        /// The campaign waits to be accepted: wait up to 24 hours.
        CampaignPendingAcceptance = "CAMPAIGN_PENDING_ACCEPTANCE",
        /// Check the campaign's operator metadata.
        MnoSharingError = "MNO_SHARING_ERROR",
        /// The campaign has expired.
        CampaignExpired = "CAMPAIGN_EXPIRED",
        /// An operator rejected the campaign.
        CampaignMnoRejected = "CAMPAIGN_MNO_REJECTED",
        /// An operator suspended the campaign.
        CampaignMnoSuspended = "CAMPAIGN_MNO_SUSPENDED",
        /// An operator is reviewing the campaign.
        CampaignMnoReview = "CAMPAIGN_MNO_REVIEW",
        /// The account's balance is too low.
        InsufficientBalance = "INSUFFICIENT_BALANCE",
        /// A mock campaign cannot be used.
        MockCampaignNotAllowed = "MOCK_CAMPAIGN_NOT_ALLOWED",
        /// Toll-free numbers cannot be linked to it.
        TfnNotAllowed = "TFN_NOT_ALLOWED",
        /// The network id (NNID) is invalid.
        InvalidNnid = "INVALID_NNID",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_variants_and_unknown_ones_keep_their_text() {
        assert!(matches!(NumberType::from("TOLL_FREE"), NumberType::TollFree));
        let unknown = NumberType::from("SATELLITE");
        assert!(matches!(unknown, NumberType::Other(_)));
        assert_eq!(unknown.as_str(), "SATELLITE");
        assert_eq!(serde_json::to_string(&unknown).unwrap(), r#""SATELLITE""#);
        assert_eq!(serde_json::from_str::<NumberType>(r#""LOCAL""#).unwrap(), NumberType::Local);
        // A value that was unknown when it was stored equals the variant that was added later.
        assert_eq!(NumberType::Other("LOCAL".into()), NumberType::Local);
        // The comparison is exact: the API's values are upper case.
        assert!(matches!(NumberType::from("local"), NumberType::Other(_)));
    }
}
