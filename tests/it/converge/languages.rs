//! One table through Rust, C, C++ and Python: waiting, relinking and ensuring an address come to the same end in each, against a
//! sandbox of its own.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use sinch_numbers::{
    Address, CancelToken, Client, EmergencyAddressRequest, EnsureEmergencyAddress, Error,
    NumberUpdate, Relink, Sandbox, SandboxBuilder, Wait,
};

use crate::support::calls::{code, whole_message};
use crate::support::drivers::{Outcome, c_driver, cpp_driver, feed, python_driver};
use crate::support::mismatches::Mismatches;
use crate::support::sandboxed::client;
use crate::support::toolchain::with_account;

/// Linked to plan-desk and app-desk; with an emergency address.
const DESK: &str = "+12025550101";
const BARE: &str = "+12025550117";
/// Linked to plan-alerts and CDEMO01.
const ALERTS: &str = "+12025550123";
const NORTH: &str = "+12025550142";
/// With a job for SMS that failed.
const REFUSED: &str = "+12025550168";
/// Of nobody.
const FOREIGN: &str = "+12025550000";

type Run = Box<dyn Fn(&Client) -> Result<String, Error> + Sync>;

/// How the service of a row behaves.
type Service = fn(SandboxBuilder) -> SandboxBuilder;

const PROMPT: Service = |sandbox| sandbox.provisioning(Duration::from_millis(20));
const SLOW: Service = |sandbox| sandbox.provisioning(Duration::from_millis(500));
const ENDLESS: Service = |sandbox| sandbox.provisioning(Duration::from_secs(24 * 3600));
/// Every response to a write is lost.
const LOSES: Service = |sandbox| sandbox.provisioning(Duration::from_millis(20)).lose(1.0);
/// Accepts writes that never take effect.
const FORGETS: Service = |sandbox| sandbox.late(1.0, Duration::from_secs(1000 * 24 * 3600));

struct Row {
    service: Service,
    /// What the number is asked for before.
    before: Option<NumberUpdate>,
    /// Operation, number, JSON, and when a token ends it: see `tests/c/table.c`.
    call: (&'static str, &'static str, String, &'static str),
    rust: Run,
    /// See [`summary`].
    expected: &'static str,
}

macro_rules! run {
    ($client:ident => $call:expr) => {
        Box::new(move |$client: &Client| $call.map(|response| response.json().to_owned()))
    };
}

fn wait(number: &'static str, json: &str, wait: Wait, expected: &'static str) -> Row {
    let call = ("active_wait", number, json.to_owned(), "");
    let rust: Run = run!(client => client.wait(number, &wait));
    Row { service: PROMPT, before: None, call, rust, expected }
}

/// The plan and the campaign, and the JSON of both.
fn relink(
    number: &'static str,
    json: &str,
    links: NumberUpdate,
    timeout: u64,
    expected: &'static str,
) -> Row {
    let json = json.strip_suffix('}').unwrap();
    let call = ("active_relink", number, format!(r#"{json},"timeoutMs":{timeout}}}"#), "");
    let wanted = Relink::to(links).timeout(Duration::from_millis(timeout));
    let rust: Run = run!(client => client.relink(number, &wanted));
    Row { service: PROMPT, before: None, call, rust, expected }
}

/// The address that DESK has, and another one.
const MAIN: [&str; 4] = ["12345", "Springfield", "IL", "62701"];
const LENOX: [&str; 4] = ["3500", "Atlanta", "GA", "30326"];

/// Street and address, and what more is asked for, as text and typed.
fn ensure(
    number: &'static str,
    street: &str,
    [house, city, state, postal_code]: [&str; 4],
    more: (&str, fn(EnsureEmergencyAddress) -> EnsureEmergencyAddress),
    expected: &'static str,
) -> Row {
    let json = format!(
        r#"{{"displayName":"Office","address":{{"streetNumber":"{house}","streetInfo":"{street}","location":"Apt 5","city":"{city}","state":"{state}","postalCode":"{postal_code}"}}{}}}"#,
        more.0
    );
    let address = Address::new(house, street, city, state, postal_code).location("Apt 5");
    let wanted = EmergencyAddressRequest::new("Office", address);
    let wanted = more.1(EnsureEmergencyAddress::new(wanted));
    let call = ("emergency_address_ensure", number, json, "");
    let rust: Run = run!(client => client.ensure_emergency_address(number, &wanted));
    Row { service: PROMPT, before: None, call, rust, expected }
}

impl Row {
    fn at(self, service: Service) -> Self {
        Self { service, ..self }
    }

    fn after(self, update: NumberUpdate) -> Self {
        Self { before: Some(update), ..self }
    }

    fn ended(mut self, when: &'static str) -> Self {
        self.call.3 = when;
        self
    }
}

const MINUTE: u64 = 60_000;

#[rustfmt::skip]
fn table() -> Vec<Row> {
    let new = NumberUpdate::new;
    let plan_a = r#"{"smsConfiguration":{"servicePlanId":"plan-a"}}"#;
    let short = Duration::from_secs(5);
    let minute = Duration::from_millis(MINUTE);
    vec![
        // Nothing linked, the same linked, something else linked.
        relink(BARE, plan_a, new().link_service_plan("plan-a"), MINUTE,
            "0 200 steps=link_sms:done number=plan-a// previous=//"),
        relink(DESK, r#"{"smsConfiguration":{"servicePlanId":"plan-desk"}}"#, new().link_service_plan("plan-desk"), MINUTE,
            "0 200 steps= number=plan-desk//app-desk previous=plan-desk//app-desk"),
        relink(DESK, plan_a, new().link_service_plan("plan-a"), MINUTE,
            "0 200 steps=unlink_sms:done,link_sms:done number=plan-a//app-desk previous=plan-desk//app-desk"),
        relink(ALERTS, r#"{"smsConfiguration":{"servicePlanId":"plan-alerts","campaignId":"camp-b"}}"#,
            new().link_campaign("plan-alerts", "camp-b"), MINUTE,
            "0 200 steps=unlink_campaign:done,link_sms:done number=plan-alerts/camp-b/ previous=plan-alerts/CDEMO01/"),
        relink(DESK, r#"{"smsConfiguration":{"servicePlanId":"plan-desk","campaignId":"camp-a"}}"#,
            new().link_campaign("plan-desk", "camp-a"), MINUTE,
            "0 200 steps=link_sms:done number=plan-desk/camp-a/app-desk previous=plan-desk//app-desk"),
        relink(ALERTS, r#"{"smsConfiguration":{"servicePlanId":"plan-alerts"}}"#, new().link_service_plan("plan-alerts"), MINUTE,
            "0 200 steps= number=plan-alerts/CDEMO01/ previous=plan-alerts/CDEMO01/"),
        relink(ALERTS, r#"{"smsConfiguration":{"servicePlanId":"plan-b","campaignId":"camp-b"}}"#, new().link_campaign("plan-b", "camp-b"), MINUTE,
            "0 200 steps=unlink_sms:done,link_sms:done number=plan-b/camp-b/ previous=plan-alerts/CDEMO01/"),
        relink(ALERTS, r#"{"smsConfiguration":{"servicePlanId":"","campaignId":""}}"#, new().unlink_service_plan_and_campaign(), MINUTE,
            "0 200 steps=unlink_sms:done number=// previous=plan-alerts/CDEMO01/"),
        relink(NORTH, r#"{"voiceConfiguration":{"type":"RTC","appId":"app-b"}}"#, new().assign_voice_application("app-b"), MINUTE,
            "0 200 steps=assign_voice:done number=//app-b previous=//trunk-north"),
        relink(DESK, r#"{"voiceConfiguration":{"type":"EST","trunkId":"trunk-b"},"smsConfiguration":{"servicePlanId":"plan-a"}}"#,
            new().link_service_plan("plan-a").assign_trunk("trunk-b"), MINUTE,
            "0 200 steps=unlink_sms:done,link_sms:done,assign_voice:done number=plan-a//trunk-b previous=plan-desk//app-desk"),
        // A job that failed before this call.
        relink(REFUSED, plan_a, new().link_service_plan("plan-a"), MINUTE,
            "0 200 steps=link_sms:done number=plan-a// previous=//"),
        relink(REFUSED, r#"{"smsConfiguration":{"servicePlanId":""}}"#, new().unlink_service_plan(), MINUTE,
            "0 200 steps= number=// previous=//"),
        // A job under way, towards the target and elsewhere.
        relink(BARE, plan_a, new().link_service_plan("plan-a"), MINUTE,
            "0 200 steps= number=plan-a//").at(SLOW).after(new().link_service_plan("plan-a")),
        relink(BARE, plan_a, new().link_service_plan("plan-a"), MINUTE,
            "0 200 steps=unlink_sms:done,link_sms:done number=plan-a//").at(SLOW).after(new().link_service_plan("plan-b")),
        // A lost response.
        relink(BARE, plan_a, new().link_service_plan("plan-a"), MINUTE,
            "0 200 steps=link_sms:done number=plan-a// previous=//").at(LOSES),
        // A job of its own fails.
        relink(DESK, r#"{"smsConfiguration":{"servicePlanId":"plan-b","campaignId":"fail-EXCEEDED_10DLC_LIMIT"}}"#,
            new().link_campaign("plan-b", "fail-EXCEEDED_10DLC_LIMIT"), MINUTE,
            "11 0 applied retry=-1 steps=unlink_sms:done,link_sms:failed jobs=sms:EXCEEDED_10DLC_LIMIT:no found=//app-desk previous=plan-desk//app-desk"),
        relink(BARE, r#"{"smsConfiguration":{"servicePlanId":"plan-b","campaignId":"fail-CAMPAIGN_MNO_REVIEW"}}"#,
            new().link_campaign("plan-b", "fail-CAMPAIGN_MNO_REVIEW"), MINUTE,
            "11 0 applied retry=0 steps=link_sms:failed jobs=sms:CAMPAIGN_MNO_REVIEW:later found=// previous=//"),
        relink(NORTH, r#"{"voiceConfiguration":{"type":"RTC","appId":"fail-app"}}"#, new().assign_voice_application("fail-app"), MINUTE,
            "11 0 applied retry=-1 steps=assign_voice:failed jobs=voice found=//trunk-north previous=//trunk-north"),
        // Refused, missing, another writer, no time left, ended.
        relink(FOREIGN, plan_a, new().link_service_plan("plan-a"), MINUTE, "5 404 retry=-1 steps="),
        relink(BARE, plan_a, new().link_service_plan("plan-a"), 3 * MINUTE,
            "5 0 applied retry=0 steps=link_sms:unknown found=// previous=//").at(FORGETS),
        relink(BARE, plan_a, new().link_service_plan("plan-a"), 15_000,
            "7 0 provisioning applied retry=0 steps=link_sms:unknown found=// previous=//").at(ENDLESS),
        relink(BARE, plan_a, new().link_service_plan("plan-a"), MINUTE,
            "9 0 retry=-1").at(ENDLESS).after(new().link_service_plan("plan-b")).ended("during"),
        relink(BARE, plan_a, new().link_service_plan("plan-a"), MINUTE, "9 0 retry=-1").ended("before"),
        relink(BARE, plan_a, new().link_service_plan("plan-a"), 0, "3 0 retry=-1"),

        wait(DESK, "", Wait::new(), "0 200 links=plan-desk//app-desk"),
        wait(BARE, r#"{"timeoutMs":60000}"#, Wait::new().timeout(minute), "0 200 links=plan-a//")
            .at(SLOW).after(new().link_service_plan("plan-a")),
        wait(DESK, r#"{"expect":{"smsConfiguration":{"servicePlanId":"plan-desk"}}}"#,
            Wait::new().expect(new().link_service_plan("plan-desk")), "0 200 links=plan-desk//app-desk"),
        wait(BARE, r#"{"expect":{"smsConfiguration":{"servicePlanId":"plan-a"}}}"#,
            Wait::new().expect(new().link_service_plan("plan-a")), "0 200 links=plan-a//").at(SLOW).after(new().link_service_plan("plan-a")),
        wait(REFUSED, "{}", Wait::new(), "11 0 retry=-1 jobs=sms:CAMPAIGN_NOT_AVAILABLE:no found=//"),
        wait(REFUSED, r#"{"expect":{"displayName":"Campaign refused"}}"#, Wait::new().expect(new().display_name("Campaign refused")), "0 200 links=//"),
        wait(REFUSED, r#"{"expect":{"displayName":"none"}}"#, Wait::new().expect(new().display_name("none")),
            "11 0 retry=-1 jobs=sms:CAMPAIGN_NOT_AVAILABLE:no found=//"),
        wait(DESK, r#"{"expect":{"displayName":"none"},"timeoutMs":5000}"#, Wait::new().expect(new().display_name("none")).timeout(short),
            "7 0 provisioning retry=0 found=plan-desk//app-desk"),
        wait(BARE, r#"{"timeoutMs":5000}"#, Wait::new().timeout(short), "7 0 provisioning retry=0 found=//")
            .at(ENDLESS).after(new().link_service_plan("plan-a")),
        wait(BARE, "{}", Wait::new(), "9 0 retry=-1").at(ENDLESS).after(new().link_service_plan("plan-a")).ended("during"),
        wait(BARE, "{}", Wait::new(), "9 0 retry=-1").ended("before"),
        wait(FOREIGN, "{}", Wait::new(), "5 404 retry=-1"),
        wait(DESK, r#"{"timeoutMs":86400001}"#, Wait::new().timeout(Duration::from_millis(86_400_001)), "3 0 retry=-1"),

        ensure(BARE, "Lenox Rd NE", LENOX, ("", |wanted| wanted), "0 200 changed sent EXACT_MATCH address=Lenox Rd NE"),
        ensure(BARE, "Lenox Road NE", LENOX, (r#","accept":"corrected""#, EnsureEmergencyAddress::accept_corrected),
            "0 200 changed sent NEAR_MATCH address=Lenox Rd NE"),
        ensure(BARE, "Lenox Road NE", LENOX, (r#","accept":"exact""#, |wanted| wanted), "12 0 retry=-1 NEAR_MATCH found=none"),
        ensure(DESK, "Lenox Road NE", LENOX, ("", |wanted| wanted), "12 0 retry=-1 NEAR_MATCH found=Main St"),
        ensure(BARE, "Lenox Road", LENOX, (r#","accept":"corrected""#, EnsureEmergencyAddress::accept_corrected), "12 0 retry=-1 NO_MATCH found=none"),
        // It stands, whatever its case and spaces, and after a correction.
        ensure(DESK, "main  ST", MAIN, ("", |wanted| wanted), "0 200 unverified address=Main St"),
        ensure(DESK, "Main Street", MAIN, (r#","accept":"corrected""#, EnsureEmergencyAddress::accept_corrected),
            "0 200 unverified NEAR_MATCH address=Main St"),
        ensure(DESK, "Main St", MAIN, (r#","force":true"#, EnsureEmergencyAddress::force), "0 200 changed sent EXACT_MATCH address=Main St"),
        ensure(DESK, "Lenox Rd NE", LENOX, ("", |wanted| wanted), "0 200 changed sent EXACT_MATCH address=Lenox Rd NE"),
        ensure(BARE, "Lenox Rd NE", LENOX, ("", |wanted| wanted), "0 200 changed sent EXACT_MATCH address=Lenox Rd NE").at(LOSES),
        ensure(BARE, "Lenox Rd NE", LENOX, ("", |wanted| wanted), "9 0 retry=-1").ended("before"),
        ensure(FOREIGN, "Lenox Rd NE", LENOX, ("", |wanted| wanted), "5 404 retry=-1"),
        ensure(BARE, "Lenox Rd NE", LENOX, (r#","timeoutMs":0"#, |wanted| wanted.timeout(Duration::ZERO)), "3 0 retry=-1"),
    ]
}

const LANGUAGES: [&str; 4] = ["Rust", "C", "C++", "Python"];

#[test]
fn the_calls_that_wait_are_the_same_in_four_languages() {
    let rows = table();
    let made: Vec<_> = rows
        .iter()
        .flat_map(|row| LANGUAGES.map(|language| (row, language, OnceLock::new())))
        .collect();
    let mut found = Mismatches::default();
    found.in_parallel(&made, |_, (row, language, made)| {
        let sandbox = prepared(row);
        let outcome = in_language(language, row, &sandbox);
        let writes: Vec<_> = sandbox.writes().iter().map(|write| write.operation).collect();
        made.set((outcome, writes)).unwrap();
    });
    for languages in made.chunks(LANGUAGES.len()) {
        let (rust, rust_writes) = languages[0].2.get().unwrap();
        for (row, language, made) in languages {
            let (outcome, writes) = made.get().unwrap();
            let name = format!("{:?} in {language}", row.call);
            // How far a job is that another one had started, and when a call is ended, is not the same each time.
            let cut = match (row.call.3, &row.before) {
                ("during", _) => [" found=", " steps="],
                (_, Some(_)) => [" previous="; 2],
                _ => ["\n"; 2],
            };
            let shown = summary(outcome);
            let shown = cut.iter().fold(&*shown, |text, cut| text.split(cut).next().unwrap());
            found.same(&name, &shown, &row.expected);
            if row.call.3 != "during" {
                found.same(&name, &message(outcome), &message(rust));
            }
            found.same(&name, writes, rust_writes);
        }
    }
    found.assert_none();
    assert!(rows.len() > 45);
}

/// A sandbox in the state in which a row begins.
fn prepared(row: &Row) -> Sandbox {
    let sandbox = (row.service)(Sandbox::builder()).start().unwrap();
    if let Some(update) = &row.before {
        client(&sandbox).update(row.call.1, update).unwrap();
    }
    sandbox
}

/// What a language makes of a row.
fn in_language(language: &str, row: &Row, sandbox: &Sandbox) -> Outcome {
    let (operation, number, json, when) = &row.call;
    let mut driver = match language {
        "Rust" => return in_rust(row, &client(sandbox)),
        "C" => c_driver(),
        "C++" => cpp_driver(),
        _ => python_driver(),
    };
    for (name, value) in with_account("true", sandbox).get_envs() {
        value.map(|value| driver.env(name, value));
    }
    let line = format!("{operation}\t{number}\t{json}");
    let line = if when.is_empty() { line } else { format!("{line}\t{when}") };
    let mut outcomes = feed(driver, line + "\n");
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes.remove(0)
}

/// What Rust makes of a row, as the C library says it.
fn in_rust(row: &Row, client: &Client) -> Outcome {
    let asked = AtomicU32::new(0);
    let ask = move || asked.fetch_add(1, Ordering::Relaxed) >= 40;
    let token = CancelToken::polled(Duration::from_millis(5), ask);
    if row.call.3 == "before" {
        token.trigger();
    }
    let ended = client.with_cancel(&token);
    match (row.rust)(if row.call.3.is_empty() { client } else { &ended }) {
        Ok(json) => (0, 200, json),
        Err(error) => (code(&error), error.http_status().unwrap_or(0), document(&error)),
    }
}

/// What an error says, in the shape of the C library's document.
fn document(error: &Error) -> String {
    use sinch_numbers::{ErrorKind, FailedJob};
    let parsed = |json: Option<&str>| json.map(|json| serde_json::from_str::<Value>(json).unwrap());
    let jobs = match error.kind() {
        ErrorKind::Provisioning(failed) => {
            let jobs = failed.jobs();
            let jobs = jobs.iter().map(|job| {
                let of = if matches!(job, FailedJob::Sms(_)) { "sms" } else { "voice" };
                let codes = job
                    .reasons()
                    .into_iter()
                    .map(|(code, why)| json!({"code": code, "retry": why.retry.as_str()}));
                json!({"of": of, "errorCodes": codes.collect::<Vec<_>>()})
            });
            Some(jobs.collect::<Vec<_>>())
        }
        _ => None,
    };
    let validation = match error.kind() {
        ErrorKind::Address(refusal) => {
            let result = refusal.validation().validation_result;
            result.map(|result| json!({"validationResult": result.as_str()}))
        }
        _ => None,
    };
    let phase = match error.kind() {
        ErrorKind::Timeout(phase) => Some(phase.as_str()),
        _ => None,
    };
    json!({
        "message": whole_message(error),
        "operation": error.operation(),
        "phase": phase,
        "maybeApplied": error.may_have_been_applied(),
        "retryAfterMs": if error.can_retry() { 0 } else { -1 },
        "steps": parsed(error.steps()),
        "jobs": jobs,
        "found": parsed(error.found()),
        "previous": parsed(error.previous()),
        "validation": validation,
    })
    .to_string()
}

/// The message of an error but for what a deadline cut off.
fn message((_, _, json): &Outcome) -> String {
    let document: Value = serde_json::from_str(json).unwrap();
    let message = document["message"].as_str().unwrap_or_default();
    message.split_inclusive("deadline passed").next().unwrap_or_default().to_owned()
}

/// An outcome in a line: code, HTTP status, and what of it does not depend on the clock.
fn summary((code, status, json): &Outcome) -> String {
    let document: Value = serde_json::from_str(json).unwrap();
    let operation = document["operation"].as_str().unwrap_or_default();
    let mut line = format!("{code} {status}");
    if *code != 0 {
        if let Some(phase) = document["phase"].as_str() {
            line += &format!(" {phase}");
        }
        if document["maybeApplied"] == true {
            line += " applied";
        }
        line += &format!(" retry={}", document["retryAfterMs"]);
    }
    if document["changed"] == true {
        line += " changed";
    }
    if *code == 0 && document.get("changed").is_some() {
        line += &format!(" {}", document["displayName"].as_str().unwrap());
    }
    if let Some(result) = document["validation"]["validationResult"].as_str() {
        line += &format!(" {result}");
    }
    if let Some(steps) = document["steps"].as_array() {
        let step = |step: &Value| {
            let [step, outcome] =
                ["step", "outcome"].map(|key| step[key].as_str().unwrap().to_owned());
            (outcome != "not_needed").then(|| format!("{step}:{outcome}"))
        };
        line += &format!(" steps={}", steps.iter().filter_map(step).collect::<Vec<_>>().join(","));
        assert!(*code != 0 || steps.len() == 4, "{json}");
    }
    for job in document["jobs"].as_array().unwrap_or(&Vec::new()) {
        line += &format!(" jobs={}", job["of"].as_str().unwrap());
        for code in job["errorCodes"].as_array().unwrap() {
            let [code, retry] = ["code", "retry"].map(|key| code[key].as_str().unwrap());
            line += &format!(":{code}:{retry}");
        }
    }
    if *code == 0 && document.get("phoneNumber").is_some() {
        line += &format!(" links={}", links(&document));
    }
    if document["number"].is_object() {
        line += &format!(" number={}", links(&document["number"]));
    }
    if document["address"].is_object() {
        line += &format!(" address={}", document["address"]["streetInfo"].as_str().unwrap());
    }
    match (&document["found"], operation) {
        (Value::Null, _) if *code == 12 => line += " found=none",
        (Value::Null, _) => {}
        (found, "emergency_address_ensure") => {
            line += &format!(" found={}", found["streetInfo"].as_str().unwrap());
        }
        (found, _) => line += &format!(" found={}", links(found)),
    }
    if document["previous"].is_object() {
        line += &format!(" previous={}", links(&document["previous"]));
    }
    line
}

/// What a number is linked to: plan, campaign and voice.
fn links(number: &Value) -> String {
    let text = |pointer: &str| number.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let voice =
        ["appId", "trunkId", "serviceId"].map(|id| text(&format!("/voiceConfiguration/{id}")));
    let (plan, campaign) =
        (text("/smsConfiguration/servicePlanId"), text("/smsConfiguration/campaignId"));
    format!("{plan}/{campaign}/{}", voice.concat())
}
