//! The operations that converge, against the sandbox.

use std::time::Duration;

use sinch_numbers::RelinkStep::{AssignVoice, LinkSms, UnlinkCampaign, UnlinkSms};
use sinch_numbers::StepOutcome::{Done, NotNeeded};
use sinch_numbers::{
    Address, Client, EmergencyAddressRequest, EnsureEmergencyAddress, ErrorKind, FailedJob,
    ListNumbers, NumberUpdate, Relink, Sandbox, Wait,
};

use crate::support::sandboxed::client;

fn number(client: &Client) -> String {
    let numbers = client.numbers(&ListNumbers::new().region_code("US").number_type("LOCAL"));
    let mut numbers = numbers.map(Result::unwrap);
    let free = numbers.find(|number| number.expire_at.is_none()).unwrap();
    free.phone_number
}

#[test]
fn a_number_is_relinked_from_any_state() {
    let sandbox = Sandbox::builder().provisioning(Duration::from_millis(20)).start().unwrap();
    let client = client(&sandbox);
    let number = number(&client);
    let links = NumberUpdate::new().link_campaign("plan-a", "camp-a").assign_trunk("trunk-a");
    client.relink(number.as_str(), &Relink::to(links)).unwrap();
    let links =
        NumberUpdate::new().link_campaign("plan-a", "camp-b").assign_voice_application("app-b");
    let second = client.relink(number.as_str(), &Relink::to(links.clone())).unwrap();
    let outcomes: Vec<_> = second.steps.iter().map(|step| (step.step, step.outcome)).collect();
    assert_eq!(
        outcomes,
        [(UnlinkSms, NotNeeded), (UnlinkCampaign, Done), (LinkSms, Done), (AssignVoice, Done)]
    );
    let third = client.relink(number.as_str(), &Relink::to(links)).unwrap();
    assert!(third.steps.iter().all(|step| step.outcome == NotNeeded));
    let links = NumberUpdate::new().link_campaign("plan-c", "fail-EXCEEDED_10DLC_LIMIT");
    let error = client.relink(number.as_str(), &Relink::to(links)).unwrap_err();
    let ErrorKind::Provisioning(failed) = error.kind() else { panic!("{error}") };
    let jobs = failed.jobs();
    assert!(
        matches!(&jobs[..], [FailedJob::Sms(job)] if job.campaign_id.as_deref() == Some("fail-EXCEEDED_10DLC_LIMIT"))
    );
    assert!(!error.can_retry() && error.may_have_been_applied());
    assert_eq!(
        error.steps(),
        Some(r#"[{"step":"unlink_sms","outcome":"done"},{"step":"link_sms","outcome":"failed"}]"#)
    );
    assert!(error.previous().unwrap().contains(r#""servicePlanId":"plan-a""#));
    assert!(error.found().unwrap().contains(r#""status":"FAILED""#));
    let message = error.to_string();
    assert!(message.contains("EXCEEDED_10DLC_LIMIT: the campaign holds"), "{message}");
    let error = client.wait(number.as_str(), &Wait::new()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Provisioning(_)), "{error}");
    assert!(!error.may_have_been_applied());
    let waited = client.wait("+12025550134", &Wait::new()).unwrap();
    assert!(waited.attempts() >= 2, "two reads");
}

#[test]
fn an_emergency_address_is_ensured() {
    let sandbox = Sandbox::start().unwrap();
    let client = client(&sandbox);
    let number = number(&client);
    let address = Address::new("12345", "Main Street", "Springfield", "IL", "62701");
    let wanted = EnsureEmergencyAddress::new(EmergencyAddressRequest::new("Office", address));
    let error = client.ensure_emergency_address(number.as_str(), &wanted).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Address(_)), "{error}");
    let wanted = wanted.accept_corrected();
    let ensured = client.ensure_emergency_address(number.as_str(), &wanted).unwrap();
    assert!(ensured.changed && ensured.validation.is_some());
    assert_eq!(ensured.address.street_info.as_deref(), Some("Main St"));
    let ensured = client.ensure_emergency_address(number.as_str(), &wanted).unwrap();
    assert!(!ensured.changed);
}
