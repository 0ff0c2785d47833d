//! The meaning of the codes that a failed provisioning job or a callback gives.

use std::ffi::CStr;

/// The explanation of a provisioning or failure code, and what to do about it. [`explain`] returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The code, by its current name. `None` if it is not known.
    pub code: Option<&'static str>,
    /// The meaning, for people. For an unknown code it says so, and names the family of the code.
    pub meaning: &'static str,
    /// The action to take, for people.
    pub action: &'static str,
    /// The party that must act first.
    pub actor: Actor,
    /// Whether a program may send the same change again.
    pub retry: RetryAdvice,
    /// The explanation as JSON, of which the texts above are parts. C is given this.
    pub(crate) json: &'static CStr,
}

impl Explanation {
    /// Returns the explanation as a JSON object with the keys `code`, `meaning`, `action`, `actor` and `retry`.
    pub fn as_json(&self) -> &'static str {
        self.json.to_str().unwrap_or("{}")
    }
}

/// The stable names of [`Actor`] and [`RetryAdvice`], as literals for the macro below.
#[rustfmt::skip] // One row a name.
macro_rules! name {
    (You) => { "you" };
    (Sinch) => { "sinch" };
    (Operator) => { "operator" };
    (Unknown) => { "unknown" };
    (No) => { "no" };
    (Once) => { "once" };
    (Later) => { "later" };
}

/// The party that must act before a change can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Actor {
    /// The project that rents the number.
    You,
    /// Sinch: ask its support.
    Sinch,
    /// The mobile network operator that reviews the campaign.
    Operator,
    /// Not known.
    Unknown,
}

impl Actor {
    /// Returns the stable name: `you`, `sinch`, `operator` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::You => name!(You),
            Self::Sinch => name!(Sinch),
            Self::Operator => name!(Operator),
            Self::Unknown => name!(Unknown),
        }
    }
}

/// Whether a program may send a change that failed again, unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// No: it fails again until somebody acts.
    No,
    /// Once.
    Once,
    /// After the time that [`Explanation::action`] names.
    Later,
}

impl RetryAdvice {
    /// Returns the stable name: `no`, `once` or `later`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => name!(No),
            Self::Once => name!(Once),
            Self::Later => name!(Later),
        }
    }
}

/// Makes an explanation from literals. Its JSON is made at compile time, as C gets a static text.
macro_rules! explanation {
    (null, $($rest:tt)*) => { explanation!(@ None, "null", $($rest)*) };
    ($code:literal, $($rest:tt)*) => {
        explanation!(@ Some($code), concat!("\"", $code, "\""), $($rest)*)
    };
    (@ $code:expr, $json:expr, $meaning:literal, $actor:ident, $retry:ident, $action:literal) => {{
        const JSON: &str = concat!(
            "{\"code\":", $json, ",\"meaning\":\"", $meaning, "\",\"action\":\"", $action,
            "\",\"actor\":\"", name!($actor), "\",\"retry\":\"", name!($retry), "\"}\0",
        );
        const MEANING: usize = concat!("{\"code\":", $json, ",\"meaning\":\"").len();
        const ACTION: usize = MEANING + concat!($meaning, "\",\"action\":\"").len();
        Explanation {
            code: $code,
            meaning: part(JSON, MEANING, $meaning.len()),
            action: part(JSON, ACTION, $action.len()),
            actor: Actor::$actor,
            retry: RetryAdvice::$retry,
            json: terminated(JSON),
        }
    }};
}

const fn part(text: &'static str, start: usize, length: usize) -> &'static str {
    let (_, rest) = text.as_bytes().split_at(start);
    match std::str::from_utf8(rest.split_at(length).0) {
        Ok(part) => part,
        Err(_) => "",
    }
}

const fn terminated(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => c"{}",
    }
}

/// The known codes. The texts are put into JSON unescaped: no quotes, no backslashes.
#[rustfmt::skip] // One row a code.
static KNOWN: [Explanation; 26] = [
    // `errorCodes` of a job for SMS, and `failureCode` of a callback.
    explanation!("ERROR_CODE_UNSPECIFIED", "the service gave no reason", You, Later,
        "read the number again in a few minutes; if the job still shows failed, send the change again"),
    explanation!("INTERNAL_ERROR", "internal error of the service", Sinch, No,
        "contact Sinch support; a CRS code beside it says more"),
    explanation!("SMS_PROVISIONING_FAILED", "the number could not be linked to the service plan", You, No,
        "choose another service plan, or contact Sinch support"),
    explanation!("CAMPAIGN_PROVISIONING_FAILED", "the number could not be linked to the campaign", You, No,
        "verify the campaign; if it is in order, contact Sinch support"),
    explanation!("CAMPAIGN_NOT_AVAILABLE", "the campaign is not available from The Campaign Registry (TCR)", You, No,
        "check campaignId; in TCR, Sinch must be selected as the direct connect aggregator (DCA) and must have accepted the campaign"),
    explanation!("EXCEEDED_10DLC_LIMIT", "the campaign holds as many numbers as it may: 50 in most cases, 1 for a sole proprietor", You, No,
        "unlink numbers from it, use a new campaign, or ask Sinch to turn it into a number-pool campaign"),
    explanation!("NUMBER_PROVISIONING_FAILED", "the number could not be provisioned", You, Once,
        "send the change again once; if it fails again, release the number and rent another, or contact Sinch support"),
    explanation!("PARTNER_SERVICE_UNAVAILABLE", "a third-party service is unavailable; Sinch does not try again by itself", You, Later,
        "send the change again in a few minutes"),
    explanation!("CAMPAIGN_PENDING_ACCEPTANCE", "the campaign waits to be accepted", Sinch, Later,
        "wait up to 24 hours and send the change again; then contact Sinch support"),
    explanation!("MNO_SHARING_ERROR", "the campaign or its brand is not shared between the partners", You, No,
        "in TCR, the campaign must have operator metadata for T-Mobile and AT&T"),
    explanation!("CAMPAIGN_EXPIRED", "the campaign has expired", You, No,
        "renew it in TCR, or use another campaign"),
    explanation!("CAMPAIGN_MNO_REJECTED", "a mobile network operator rejected the campaign", You, No,
        "appeal, or use another campaign"),
    explanation!("CAMPAIGN_MNO_SUSPENDED", "a mobile network operator suspended the campaign", You, No,
        "ask Sinch support or TCR for the reason"),
    explanation!("CAMPAIGN_MNO_REVIEW", "a mobile network operator is reviewing the campaign", Operator, Later,
        "wait for hours to days, and send the change again when the review is over"),
    explanation!("INSUFFICIENT_BALANCE", "the balance of the account does not cover the fees", You, No,
        "top up the account, and send the change again"),
    explanation!("MOCK_CAMPAIGN_NOT_ALLOWED", "numbers cannot be linked to a mock campaign", You, No,
        "use a real campaign"),
    explanation!("TFN_NOT_ALLOWED", "a toll-free number cannot be linked to a 10DLC campaign", You, No,
        "10DLC is for long codes: have the toll-free number verified instead, and link it without a campaign"),
    explanation!("INVALID_NNID", "the network id (NNID) of the number is invalid", You, No,
        "for an imported number, finish the provisioning of its NNID; or contact Sinch support"),
    // `failureCode` of a callback only.
    explanation!("PROVISIONING_TO_VOICE_PLATFORM_FAILED", "the number could not be linked for voice", You, Once,
        "read the number, and send the change again once; if it fails again, contact Sinch support"),
    // Codes of the systems behind the service: `internalFailureCode`.
    explanation!("CRS0001", "T-Mobile refuses more than 50 numbers on a campaign without a number pool", You, No,
        "unlink numbers from the campaign, use a new campaign, or ask Sinch to turn it into a number-pool campaign"),
    explanation!("CRS0003", "invalid account id", Sinch, No,
        "contact Sinch support"),
    explanation!("CRS0013", "the balance of a prepaid account cannot be checked", Sinch, Later,
        "send the change again in a few minutes; if it goes on, contact Sinch support"),
    explanation!("CRS0015", "internal error while provisioning", Sinch, No,
        "contact Sinch support"),
    explanation!("CRS0018", "provisioning for the campaign failed; Sinch does not publish more", You, No,
        "verify the campaign; if it is in order, contact Sinch support with this code"),
    explanation!("501", "TCR: the campaign is not available", You, No,
        "check campaignId; in TCR, Sinch must be selected as the direct connect aggregator (DCA) and must have accepted the campaign"),
    explanation!("502", "TCR: the campaign is not available", You, No,
        "check campaignId; in TCR, Sinch must be selected as the direct connect aggregator (DCA) and must have accepted the campaign"),
];

/// The explanations of unknown codes, by family.
#[rustfmt::skip] // One row a family.
static UNKNOWN: [Explanation; 3] = [
    explanation!(null, "not a code that this version knows: a code (CRS) of the system behind Sinch's provisioning", Sinch, No,
        "contact Sinch support with this code"),
    explanation!(null, "not a code that this version knows: a code of The Campaign Registry (TCR), which has three digits", You, No,
        "look the campaign up in TCR, or contact Sinch support with this code"),
    explanation!(null, "not a code that this version knows", Unknown, No,
        "contact Sinch support with this code"),
];

/// Explains a code of a failed provisioning job or of a callback: one of [`SmsErrorCode`](crate::SmsErrorCode), a `failureCode` or
/// an `internalFailureCode`, which are codes of the systems behind the service (`CRS0018`, `501`).
///
/// A code that this version does not know has an explanation, too: its [`code`](Explanation::code) is `None` and its meaning
/// says so. Show the code itself beside it. The comparison is exact.
///
/// ```
/// use sinch_numbers::{RetryAdvice, explain};
///
/// let explanation = explain("CAMPAIGN_PENDING_ACCEPTANCE");
/// assert_eq!(explanation.meaning, "the campaign waits to be accepted");
/// assert_eq!(explanation.retry, RetryAdvice::Later);
/// assert_eq!(explain("CRS9999").code, None);
/// ```
pub fn explain(code: &str) -> Explanation {
    // The name that the code had until 2021.
    let code = if code == "10DLC_LIMIT_EXCEEDED" { "EXCEEDED_10DLC_LIMIT" } else { code };
    let [crs, tcr, other] = &UNKNOWN;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let family = || match code.strip_prefix("CRS") {
        Some(number) if digits(number) => crs,
        None if code.len() == 3 && digits(code) => tcr,
        _ => other,
    };
    *KNOWN.iter().find(|known| known.code == Some(code)).unwrap_or_else(family)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_json_is_the_explanation() {
        for known in KNOWN.iter().chain(&UNKNOWN) {
            let Explanation { code, meaning, action, actor, retry, .. } = *known;
            let expected = json!({
                "code": code,
                "meaning": meaning,
                "action": action,
                "actor": actor.as_str(),
                "retry": retry.as_str(),
            });
            assert_eq!(serde_json::from_str::<Value>(known.as_json()).unwrap(), expected);
            assert!(!meaning.is_empty() && !action.is_empty(), "{known:?}");
        }
        let codes: BTreeSet<_> = KNOWN.iter().map(|known| known.code).collect();
        assert_eq!(codes.len(), KNOWN.len());
    }

    #[test]
    fn every_code_says_who_must_act_and_whether_to_try_again() {
        let rows = [
            ("ERROR_CODE_UNSPECIFIED", "you", "later"),
            ("INTERNAL_ERROR", "sinch", "no"),
            ("SMS_PROVISIONING_FAILED", "you", "no"),
            ("CAMPAIGN_PROVISIONING_FAILED", "you", "no"),
            ("CAMPAIGN_NOT_AVAILABLE", "you", "no"),
            ("EXCEEDED_10DLC_LIMIT", "you", "no"),
            ("NUMBER_PROVISIONING_FAILED", "you", "once"),
            ("PARTNER_SERVICE_UNAVAILABLE", "you", "later"),
            ("CAMPAIGN_PENDING_ACCEPTANCE", "sinch", "later"),
            ("MNO_SHARING_ERROR", "you", "no"),
            ("CAMPAIGN_EXPIRED", "you", "no"),
            ("CAMPAIGN_MNO_REJECTED", "you", "no"),
            ("CAMPAIGN_MNO_SUSPENDED", "you", "no"),
            ("CAMPAIGN_MNO_REVIEW", "operator", "later"),
            ("INSUFFICIENT_BALANCE", "you", "no"),
            ("MOCK_CAMPAIGN_NOT_ALLOWED", "you", "no"),
            ("TFN_NOT_ALLOWED", "you", "no"),
            ("INVALID_NNID", "you", "no"),
            ("PROVISIONING_TO_VOICE_PLATFORM_FAILED", "you", "once"),
            ("CRS0001", "you", "no"),
            ("CRS0003", "sinch", "no"),
            ("CRS0013", "sinch", "later"),
            ("CRS0015", "sinch", "no"),
            ("CRS0018", "you", "no"),
            ("501", "you", "no"),
            ("502", "you", "no"),
        ];
        assert_eq!(rows.len(), KNOWN.len());
        for (code, actor, retry) in rows {
            let found = explain(code);
            let as_row = (found.code, found.actor.as_str(), found.retry.as_str());
            assert_eq!(as_row, (Some(code), actor, retry));
        }
        assert_eq!(explain("10DLC_LIMIT_EXCEEDED"), explain("EXCEEDED_10DLC_LIMIT"));
    }

    #[test]
    fn codes_that_are_not_known_are_told_by_their_family() {
        let rows = [
            ("CRS0002", "CRS"),
            ("CRS1", "CRS"),
            ("503", "TCR"),
            ("000", "TCR"),
            ("", "knows"),
            ("CRS", "knows"),
            ("CRS00x1", "knows"),
            ("5011", "knows"),
            ("50", "knows"),
            ("５０１", "knows"),
            ("internal_error", "knows"),
            ("INTERNAL_ERROR ", "knows"),
            ("INTERNAL_ERROR\0", "knows"),
        ];
        for (code, family) in rows {
            let found = explain(code);
            assert_eq!(found.code, None, "{code}");
            assert_eq!(found.retry, RetryAdvice::No, "{code}");
            let told = ["CRS", "TCR"].into_iter().find(|word| found.meaning.contains(word));
            assert_eq!(told.unwrap_or("knows"), family, "{code}: {}", found.meaning);
        }
    }
}
