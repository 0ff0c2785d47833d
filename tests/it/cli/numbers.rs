//! Every verb for numbers and addresses, with its exit codes.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sinch_numbers::Sandbox;

use super::{command, ended, run, sandbox};

const DESK: &str = "+12025550134";
const HOUSE: &str = r#"--display-name Office --street-number 12345 --street-info "Main St" --city Springfield --state IL --postal-code 62701"#;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn numbers_are_shown_updated_and_released() {
    let sandbox = sandbox();
    let got = json(&run(&sandbox, &format!("get {DESK}")).with(0).out);
    assert_eq!(got["displayName"], "MyPhoneNumber");
    let line = format!("update {DESK} --display-name desk --callback-url http://localhost/cb");
    let updated = json(&run(&sandbox, &line).with(0).out);
    assert_eq!(
        (&updated["displayName"], &updated["callbackUrl"]),
        (&"desk".into(), &"http://localhost/cb".into())
    );

    let line = format!("update {DESK} --service-plan plan-1 --campaign C1 --trunk trunk-1 --wait");
    let linked = json(&run(&sandbox, &line).with(0).out);
    assert_eq!(linked["smsConfiguration"]["campaignId"], "C1");
    assert_eq!(linked["voiceConfiguration"]["trunkId"], "trunk-1");
    let line = format!("update {DESK} --unlink-campaign");
    let unlinked = json(&run(&sandbox, &line).with(0).out);
    assert_eq!(unlinked["smsConfiguration"]["servicePlanId"], "plan-1");
    assert_eq!(unlinked["smsConfiguration"]["campaignId"], "");
    let unlinked = json(&run(&sandbox, &format!("update {DESK} --unlink-sms")).with(0).out);
    assert_eq!(unlinked["smsConfiguration"]["servicePlanId"], "");
    let ran = run(&sandbox, &format!("update {DESK} --unlink-campaign")).with(2);
    assert!(ran.err.contains("has no service plan"), "{ran:?}");

    let wrong = run(&sandbox, &format!("release {DESK} --confirm +12025550101")).with(2);
    assert!(wrong.err.contains("--confirm") && wrong.out.is_empty(), "{wrong:?}");
    run(&sandbox, &format!("release {DESK}")).with(2);
    assert!(sandbox.writes().iter().all(|write| write.operation != "active_release"));
    let released = json(&run(&sandbox, &format!("release {DESK} --confirm {DESK}")).with(0).out);
    assert!(released["expireAt"].is_string(), "{released}");
}

#[test]
fn a_number_is_relinked_and_can_be_linked_back() {
    let sandbox = sandbox();
    let line = format!("relink {DESK} --service-plan plan-1 --app app-1");
    let relinked = json(&run(&sandbox, &line).with(0).out);
    assert_eq!(relinked["steps"][2]["outcome"], "done");
    assert_eq!(relinked["number"]["voiceConfiguration"]["appId"], "app-1");

    let failed = run(&sandbox, &format!("relink {DESK} --service-plan fail-me")).with(7);
    assert!(
        failed.out.is_empty() && failed.err.contains("steps: unlink_sms done, link_sms failed"),
        "{failed:?}"
    );
    // What it says to link it back with works.
    let (_, back) = failed.err.split_once("it was linked so: sinch-numbers ").unwrap();
    let back = back.lines().next().unwrap();
    assert_eq!(back, format!("relink {DESK} --service-plan plan-1 --app app-1"));
    let relinked = json(&run(&sandbox, back).with(0).out);
    assert_eq!(relinked["number"]["smsConfiguration"]["servicePlanId"], "plan-1");
}

#[test]
fn a_dry_run_shows_requests_and_sends_none() {
    let sandbox = sandbox();
    let update =
        json(&run(&sandbox, &format!("update {DESK} --display-name x --dry-run")).with(0).out);
    assert_eq!(update["method"], "PATCH");
    assert_eq!(update["path"], format!("/v1/projects/sandbox-project/activeNumbers/{DESK}"));
    assert_eq!(update["body"], serde_json::json!({"displayName": "x"}));
    let relink = "relink +12025550101 --service-plan plan-2 --trunk t --dry-run";
    let relink = run(&sandbox, relink).with(0).out;
    let steps: Vec<_> = relink.lines().map(|line| json(line)["step"].clone()).collect();
    assert_eq!(steps, ["unlink_sms", "link_sms", "assign_voice"]);
    let linked = "relink +12025550101 --service-plan plan-desk --dry-run";
    assert_eq!(run(&sandbox, linked).with(0).out, "");
    let release = json(&run(&sandbox, &format!("release {DESK} --dry-run")).with(0).out);
    assert!(release["path"].as_str().unwrap().ends_with(":release") && release["body"].is_null());
    let set = json(&run(&sandbox, &format!("emergency set {DESK} {HOUSE} --dry-run")).with(0).out);
    assert_eq!(set["body"]["address"]["city"], "Springfield");
    let remove = json(&run(&sandbox, &format!("emergency remove {DESK} --dry-run")).with(0).out);
    assert!(remove["path"].as_str().unwrap().ends_with("/emergencyAddress:deprovision"));
    // What would be refused is refused.
    run(&sandbox, "release 5 --dry-run").with(2);
    run(&sandbox, &format!("update {DESK} --app \"\" --dry-run")).with(2);
    assert_eq!(sandbox.writes().len(), 0);
}

#[test]
fn emergency_addresses_are_validated_set_shown_and_removed() {
    let sandbox = sandbox();
    let none = run(&sandbox, &format!("emergency get {DESK}")).with(3);
    assert!(none.err.contains("no emergency address is on file"), "{none:?}");
    let missing = run(&sandbox, "emergency get +12025559999").with(3);
    assert!(!missing.err.contains("on file"), "{missing:?}");
    let valid = json(&run(&sandbox, &format!("emergency validate {DESK} {HOUSE}")).with(0).out);
    assert_eq!(valid["validationResult"], "EXACT_MATCH");
    assert_eq!(sandbox.writes().len(), 0);
    let set = json(&run(&sandbox, &format!("emergency set {DESK} {HOUSE}")).with(0).out);
    assert_eq!((&set["changed"], &set["address"]["postalCode"]), (&true.into(), &"62701".into()));
    let again = json(&run(&sandbox, &format!("emergency set {DESK} {HOUSE}")).with(0).out);
    assert_eq!((&again["changed"], &again["displayName"]), (&false.into(), &"unverified".into()));
    let forced = json(&run(&sandbox, &format!("emergency set {DESK} {HOUSE} --force")).with(0).out);
    assert_eq!((&forced["changed"], &forced["displayName"]), (&true.into(), &"sent".into()));
    let shown = json(&run(&sandbox, &format!("emergency get {DESK}")).with(0).out);
    assert_eq!(shown["streetInfo"], "Main St");

    let near = format!(
        r#"emergency set {DESK} --display-name O --street-number 3500 --street-info "Lenox Road NE" --city Atlanta --state GA --postal-code 30326"#
    );
    let refused = run(&sandbox, &near).with(2);
    assert_eq!(json(&refused.out)["correctedAddress"]["streetInfo"], "Lenox Rd NE");
    assert!(
        refused.err.contains("--accept corrected") && !refused.err.contains("Lenox"),
        "{refused:?}"
    );
    let accepted = json(&run(&sandbox, &format!("{near} --accept corrected")).with(0).out);
    assert_eq!(accepted["address"]["streetInfo"], "Lenox Rd NE");
    run(&sandbox, &format!("emergency remove {DESK}")).with(0);
    run(&sandbox, &format!("emergency get {DESK}")).with(3);
}

#[test]
fn waiting_ends_with_the_job() {
    let sandbox = Sandbox::builder().provisioning(Duration::from_secs(3600)).start().unwrap();
    let line = format!("update {DESK} --service-plan plan-1 --wait --timeout 3s");
    let running = run(&sandbox, &line).with(10);
    assert!(running.err.contains(&format!("sinch-numbers wait {DESK}")), "{running:?}");
    run(&sandbox, &format!("wait {DESK} --timeout 3s")).with(10);
    // A deadline that cannot be right is refused before anything is sent.
    let writes = sandbox.writes().len();
    run(&sandbox, "update +12025550117 --service-plan plan-1 --wait --timeout 25h").with(2);
    assert_eq!(sandbox.writes().len(), writes);
    let failed = run(&sandbox, "wait +12025550168").with(7);
    assert!(failed.err.contains("CAMPAIGN_NOT_AVAILABLE"), "{failed:?}");
    let several = run(&sandbox, "wait +12025550101 +12025550168 +19999999999").with(7);
    assert_eq!(several.out.lines().count(), 1, "{several:?}");
    assert!(several.err.contains("+19999999999: status 404"), "{several:?}");
}

#[test]
fn failures_have_their_exit_codes() {
    let healthy = sandbox();
    run(&healthy, "get +19999999999").with(3);
    run(&healthy, "get 5").with(2);
    run(&healthy, "frobnicate").with(2);
    run(&healthy, "update +12025550134").with(2);
    ended(&command(&healthy, "list").env("SINCH_KEY_SECRET", "wrong").output().unwrap()).with(4);
    ended(&command(&healthy, "list").env("SINCH_PROJECT_ID", "other").output().unwrap()).with(4);
    ended(&command(&healthy, "list").env_remove("SINCH_KEY_ID").output().unwrap()).with(2);
    let nobody = ended(
        &command(&healthy, "list").env("SINCH_NUMBERS_URL", "http://127.0.0.1:1").output().unwrap(),
    )
    .with(5);
    assert!(nobody.err.contains("nothing was applied"), "{nobody:?}");
    let down = Sandbox::builder().fail_503(1.0).start().unwrap();
    let mut list = command(&down, "list");
    // A wait that does not fit is not slept.
    ended(&list.env("SINCH_NUMBERS_TIMEOUT_MS", "900").output().unwrap()).with(5);
    // A write that is carried out later than it is answered.
    let late = Sandbox::builder().lose(1.0).late(1.0, Duration::from_secs(3600)).start().unwrap();
    let doubtful = run(&late, &format!("update {DESK} --display-name x")).with(6);
    assert!(doubtful.err.contains(&format!("see first: sinch-numbers get {DESK}")), "{doubtful:?}");
}

#[test]
fn ctrl_c_ends_a_wait() {
    let sandbox = Sandbox::builder().provisioning(Duration::from_secs(3600)).start().unwrap();
    run(&sandbox, &format!("update {DESK} --service-plan plan-1")).with(0);
    let before = sandbox.requests();
    let mut wait = command(&sandbox, &format!("wait {DESK}"));
    let waiting = wait.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while sandbox.requests() == before {
        thread::sleep(Duration::from_millis(5));
    }
    // SAFETY: a signal to a child that was not waited for yet.
    unsafe { libc::kill(waiting.id().try_into().unwrap(), libc::SIGINT) };
    let ended = ended(&waiting.wait_with_output().unwrap()).with(130);
    assert!(ended.err.contains("error: interrupted"), "{ended:?}");
}

#[test]
fn codes_are_explained() {
    let sandbox = sandbox();
    let one = json(&run(&sandbox, "explain CAMPAIGN_NOT_AVAILABLE").with(0).out);
    assert_eq!((&one["actor"], &one["retry"]), (&"you".into(), &"no".into()));
    let two = run(&sandbox, "explain CAMPAIGN_NOT_AVAILABLE NEVER_HEARD_OF").with(3);
    assert_eq!(two.out.lines().count(), 2);
    assert!(two.err.contains("NEVER_HEARD_OF"), "{two:?}");
}
