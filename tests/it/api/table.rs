//! One table drives the operations from Rust, C and Python: each row must send the same request, to the last header,
//! and come to the same result, to the last byte.

use std::process::Command;

use serde_json::{Value, json};
use sinch_numbers::{
    Address, Capability, Client, EmergencyAddressRequest, Error, ListNumbers, NumberType,
    NumberUpdate, OrderBy, SearchPattern, VoiceApplicationType, VoiceTarget,
};

use crate::support::calls::{code, whole_message};
use crate::support::drivers::{Outcome, c_driver, drive, python_driver};
use crate::support::mismatches::Mismatches;
use crate::support::server::{Act, Recorded, Server, ok, response, response_with};

const N: &str = "+12025550134";

type Run = Box<dyn Fn(&Client) -> Result<(u16, String), Error>>;

struct Row {
    /// The operation as C and Python call it, its number (if it has one) and its JSON (if it has any).
    call: (&'static str, &'static str, &'static str),
    /// The same with the typed values of Rust.
    rust: Run,
    /// What is to be sent: method, target below the project, and body.
    sent: (&'static str, &'static str, &'static str),
}

fn row(
    operation: &'static str,
    number: &'static str,
    json: &'static str,
    rust: Run,
    sent: (&'static str, &'static str, &'static str),
) -> Row {
    Row { call: (operation, number, json), rust, sent }
}

/// Turns an expression of a client into what is run for a row.
macro_rules! run {
    ($client:ident => $call:expr) => {
        Box::new(move |$client: &Client| $call.map(|response| (200, response.json().to_owned())))
    };
}

fn list(json: &'static str, query: ListNumbers, target: &'static str) -> Row {
    row("active_list", "", json, run!(c => c.list(&query)), ("GET", target, ""))
}

fn update(json: &'static str, update: NumberUpdate, body: &'static str) -> Row {
    let run = run!(c => c.update(N, &update));
    row("active_update", N, json, run, ("PATCH", "activeNumbers/+12025550134", body))
}

fn short() -> EmergencyAddressRequest {
    let address = Address::new("12345", "Main St", "Springfield", "IL", "62701");
    EmergencyAddressRequest::new("Office", address)
}

fn full() -> EmergencyAddressRequest {
    let address = Address::new("12345", "Mäin \"St\"", "Springfield", "IL", "62701");
    let address = address.location("Apt 5").postal_code_plus_four("1234");
    EmergencyAddressRequest::new("Office", address)
}

const SHORT: &str = r#"{"displayName":"Office","address":{"streetNumber":"12345","streetInfo":"Main St","city":"Springfield","state":"IL","postalCode":"62701"}}"#;
const FULL: &str = r#"{"displayName":"Office","address":{"streetNumber":"12345","streetInfo":"Mäin \"St\"","location":"Apt 5","city":"Springfield","state":"IL","postalCode":"62701","postalCodePlusFour":"1234"}}"#;
const FULL_SHUFFLED: &str = r#" { "address" : {"postalCodePlusFour":"1234","postalCode":"62701","state":"IL","city":"Springfield","location":"Apt 5","streetInfo":"M\u00e4in \"St\"","streetNumber":"12345"}, "displayName" : "Office" } "#;

#[rustfmt::skip]
fn table() -> Vec<Row> {
    let all = ListNumbers::new;
    let new = NumberUpdate::new;
    vec![
        list("", all(), "activeNumbers"),
        list("{}", all(), "activeNumbers"),
        list(r#"{"orderBy":"phoneNumber","pageToken":"t/1=","pageSize":10,"capability":["SMS","VOICE"],"numberPattern":{"searchPattern":"START","pattern":"+1206"},"type":"LOCAL","regionCode":"US"}"#,
            all().region_code("US").number_type(NumberType::Local).starts_with("+1206")
                .capability(Capability::Sms).capability(Capability::Voice)
                .page_size(10).page_token("t/1=").order_by(OrderBy::PhoneNumber),
            "activeNumbers?regionCode=US&type=LOCAL&numberPattern.pattern=%2B1206&numberPattern.searchPattern=START&capability=SMS&capability=VOICE&pageSize=10&pageToken=t%2F1%3D&orderBy=phoneNumber"),
        list(r#"{"numberPattern":{"pattern":"2020","searchPattern":"CONTAINS"}}"#, all().contains("2020"),
            "activeNumbers?numberPattern.pattern=2020&numberPattern.searchPattern=CONTAINS"),
        list(r#"{"numberPattern":{"pattern":"99","searchPattern":"END"},"orderBy":"displayName"}"#, all().ends_with("99").order_by("displayName"),
            "activeNumbers?numberPattern.pattern=99&numberPattern.searchPattern=END&orderBy=displayName"),
        list(r#"{"numberPattern":{"pattern":"2 0é"}}"#, all().pattern("2 0é"), "activeNumbers?numberPattern.pattern=2%200%C3%A9"),
        list(r#"{"numberPattern":{"searchPattern":"START"}}"#, all().search_pattern(SearchPattern::Start),
            "activeNumbers?numberPattern.searchPattern=START"),
        list(r#"{"type":"SATELLITE","capability":["FAX&x=1"]}"#, all().number_type("SATELLITE").capability("FAX&x=1"),
            "activeNumbers?type=SATELLITE&capability=FAX%26x%3D1"),
        list(r#"{"pageSize":2147483647}"#, all().page_size(2_147_483_647), "activeNumbers?pageSize=2147483647"),
        row("active_get", N, "", run!(c => c.get(N)), ("GET", "activeNumbers/+12025550134", "")),
        row("active_get", "+46701740605", "", run!(c => c.get("+46701740605")), ("GET", "activeNumbers/+46701740605", "")),
        row("active_release", N, "", run!(c => c.release(N)), ("POST", "activeNumbers/+12025550134:release", "")),
        update(r#"{"displayName":"desk \"7\" \u00e9 \ud83d\ude00 \u0000"}"#, new().display_name("desk \"7\" é 😀 \0"),
            r#"{"displayName":"desk \"7\" é 😀 \u0000"}"#),
        update(r#"{"callbackUrl":"","displayName":""}"#, new().display_name("").callback_url(""), r#"{"displayName":"","callbackUrl":""}"#),
        update(r#"{"smsConfiguration":{"servicePlanId":"plan"}}"#, new().link_service_plan("plan"), r#"{"smsConfiguration":{"servicePlanId":"plan"}}"#),
        update(r#"{"smsConfiguration":{"campaignId":"camp","servicePlanId":"plan"}}"#, new().link_campaign("plan", "camp"),
            r#"{"smsConfiguration":{"servicePlanId":"plan","campaignId":"camp"}}"#),
        update(r#"{"smsConfiguration":{"servicePlanId":""}}"#, new().unlink_service_plan(), r#"{"smsConfiguration":{"servicePlanId":""}}"#),
        update(r#"{"smsConfiguration":{"servicePlanId":"plan","campaignId":""}}"#, new().unlink_campaign("plan"),
            r#"{"smsConfiguration":{"servicePlanId":"plan","campaignId":""}}"#),
        update(r#"{"smsConfiguration":{"servicePlanId":"","campaignId":""}}"#, new().unlink_service_plan_and_campaign(),
            r#"{"smsConfiguration":{"servicePlanId":"","campaignId":""}}"#),
        update(r#"{"voiceConfiguration":{"appId":"app","type":"RTC"}}"#, new().assign_voice_application("app"),
            r#"{"voiceConfiguration":{"type":"RTC","appId":"app"}}"#),
        update(r#"{"voiceConfiguration":{"type":"EST","trunkId":"trunk"}}"#, new().assign_trunk("trunk"),
            r#"{"voiceConfiguration":{"type":"EST","trunkId":"trunk"}}"#),
        update(r#"{"voiceConfiguration":{"type":"FAX","serviceId":"fax"}}"#, new().assign_fax_service("fax"),
            r#"{"voiceConfiguration":{"type":"FAX","serviceId":"fax"}}"#),
        update(r#"{"voiceConfiguration":{"type":"WEB","appId":"a"}}"#, new().voice_configuration("WEB", VoiceTarget::App("a".into())),
            r#"{"voiceConfiguration":{"type":"WEB","appId":"a"}}"#),
        update(r#"{"voiceConfiguration":{"type":"EST","trunkId":""}}"#,
            new().voice_configuration(VoiceApplicationType::Est, VoiceTarget::Trunk(String::new())),
            r#"{"voiceConfiguration":{"type":"EST","trunkId":""}}"#),
        update(r#"{"callbackUrl":"https://x/y","voiceConfiguration":{"type":"EST","trunkId":"t"},"smsConfiguration":{"servicePlanId":"p","campaignId":"c"},"displayName":"d"}"#,
            new().display_name("d").link_campaign("p", "c").assign_trunk("t").callback_url("https://x/y"),
            r#"{"displayName":"d","smsConfiguration":{"servicePlanId":"p","campaignId":"c"},"voiceConfiguration":{"type":"EST","trunkId":"t"},"callbackUrl":"https://x/y"}"#),
        row("emergency_address_get", N, "", run!(c => c.emergency_address(N)), ("GET", "activeNumbers/+12025550134/emergencyAddress", "")),
        row("emergency_address_provision", N, SHORT, run!(c => c.provision_emergency_address(N, &short())),
            ("POST", "activeNumbers/+12025550134/emergencyAddress:provision", SHORT)),
        row("emergency_address_provision", N, FULL_SHUFFLED, run!(c => c.provision_emergency_address(N, &full())),
            ("POST", "activeNumbers/+12025550134/emergencyAddress:provision", FULL)),
        row("emergency_address_validate", N, SHORT, run!(c => c.validate_emergency_address(N, &short())),
            ("POST", "activeNumbers/+12025550134/emergencyAddress:validate", SHORT)),
        row("emergency_address_validate", N, FULL_SHUFFLED, run!(c => c.validate_emergency_address(N, &full())),
            ("POST", "activeNumbers/+12025550134/emergencyAddress:validate", FULL)),
        row("emergency_address_deprovision", N, "", run!(c => c.deprovision_emergency_address(N)),
            ("POST", "activeNumbers/+12025550134/emergencyAddress:deprovision", "")),
    ]
}

/// Responses that a typed round trip would change; the number tells them apart.
fn said(index: usize) -> String {
    let odd = [
        r#"{"phoneNumber":"+12025550134","newField":[1.50,{"deep":null}]"#,
        "{ \"displayName\" : \"\u{e9} \\u00e9 \\ud83d\\ude00 \\/\" ,\r\n\t\"empty\":{}",
        r#"{"money":{"currencyCode":"USD","amount":"0.80"},"big":123456789012345678901234567890,"far":1E400"#,
    ];
    format!("{},\"row\" : {index} }}", odd[index % odd.len()])
}

#[test]
fn the_operations_are_the_same_in_rust_c_and_python() {
    let rows = table();
    assert!(rows.len() >= 25);
    let responses = || (0..rows.len()).map(|index| ok(&said(index))).collect();
    let [rust, c, python] = in_three_languages(&rows, responses);
    let mut found = Mismatches::default();

    for (index, row) in rows.iter().enumerate() {
        let name = format!("{} {:?}", index, row.call);
        let (method, target, body) = row.sent;
        let sent = &rust.requests[index];
        found.same(&name, &sent.method.as_str(), &method);
        found.same(&name, &sent.target, &format!("/v1/projects/project-1/{target}"));
        found.same(&name, &sent.body.as_str(), &body);
        found.same(&name, &rust.outcomes[index], &(0, 200, said(index)));
    }
    same(&mut found, &rows, &rust, &c);
    same(&mut found, &rows, &rust, &python);
    found.assert_none();
    let mut operations: Vec<&str> = rows.iter().map(|row| row.call.0).collect();
    operations.dedup();
    assert_eq!(operations.len(), 8, "each operation has its rows in one place");
}

#[test]
fn failures_are_the_same_in_rust_c_and_python() {
    let not_found = r#"{"error":{"code":404,"message":"","status":"NOT_FOUND","details":[{"type":"ResourceInfo","resourceType":"ActiveNumber","resourceName":"+12025550134","owner":"","description":""}]}}"#;
    let bad_request = r#"{"error":{"code":400,"message":"bad \"é\"","status":"INVALID_ARGUMENT","details":[{"type":"BadRequest","fieldViolations":[{"field":"order_by","description":"unknown"}]}]}}"#;
    let mut rows = Vec::new();
    let mut acts = Vec::new();
    for row in table() {
        // One of the operation is enough.
        if rows.last().is_some_and(|last: &Row| last.call.0 == row.call.0) {
            continue;
        }
        acts.push(match rows.len() {
            0 => response_with(400, "x-request-id: r-1\r\n", bad_request),
            1 => response(404, not_found),
            2 => response(403, r#"{"error":"not allowed"}"#),
            3 => response(404, ""),
            4 => ok("[1]"),
            5 => response(409, "<html>no</html>"),
            6 => ok(r#"{"error":{"code":7,"message":"later","status":"FAILED"}}"#),
            _ => response(302, ""),
        });
        rows.push(row);
    }
    let [rust, c, python] = in_three_languages(&rows, || acts.clone());
    let codes: Vec<i32> = rust.outcomes.iter().map(|outcome| outcome.0).collect();
    assert_eq!(codes, [5, 5, 4, 5, 8, 5, 5, 8]);
    let mut found = Mismatches::default();
    same(&mut found, &rows, &c, &python);
    let c = Made { outcomes: c.outcomes.into_iter().map(essence).collect(), ..c };
    same(&mut found, &rows, &rust, &c);
    found.assert_none();
}

/// What a language made of the table.
struct Made {
    language: &'static str,
    outcomes: Vec<Outcome>,
    requests: Vec<Recorded>,
    tokens: Vec<Recorded>,
}

fn same(found: &mut Mismatches, rows: &[Row], one: &Made, other: &Made) {
    assert_eq!(one.outcomes.len(), rows.len(), "{}", one.language);
    assert_eq!(other.outcomes.len(), rows.len(), "{}", other.language);
    for (index, row) in rows.iter().enumerate() {
        let name = format!("{index} {:?} in {} and {}", row.call, one.language, other.language);
        found.same(&name, &shown(&one.requests[index]), &shown(&other.requests[index]));
        found.same(&name, &one.outcomes[index], &other.outcomes[index]);
    }
    assert_eq!(one.requests.len(), other.requests.len());
    let tokens = |made: &Made| made.tokens.iter().map(shown).collect::<Vec<_>>();
    assert_eq!(tokens(one), tokens(other));
}

/// A request as it came, but for the port, which differs from server to server.
fn shown(request: &Recorded) -> String {
    let mut text = format!("{} {}\n", request.method, request.target);
    for (name, value) in &request.headers {
        let host = name.eq_ignore_ascii_case("host");
        text += &format!("{name}: {}\n", if host { "127.0.0.1" } else { value });
    }
    format!("{text}\n{}", request.body)
}

fn in_three_languages(rows: &[Row], acts: impl Fn() -> Vec<Act>) -> [Made; 3] {
    let server = Server::new(acts());
    let client = server.client();
    let outcomes = rows.iter().map(|row| typed((row.rust)(&client))).collect();
    let rust = Made {
        language: "Rust",
        outcomes,
        requests: server.requests(),
        tokens: server.token_requests(),
    };
    [rust, driven("C", c_driver(), rows, acts()), driven("Python", python_driver(), rows, acts())]
}

/// What Rust returns, as the C library says it; of the error document, what Rust says about an error.
fn typed(result: Result<(u16, String), Error>) -> Outcome {
    let error = match result {
        Ok((status, json)) => return (0, status, json),
        Err(error) => error,
    };
    let api = error.api_error();
    let violations = error.field_violations().iter();
    let violations: Vec<Value> = violations
        .map(|violation| json!({"field": violation.field, "description": violation.description}))
        .collect();
    let document = json!({
        "message": whole_message(&error),
        "operation": error.operation(),
        "phoneNumber": error.phone_number().map(ToString::to_string),
        "status": api.and_then(|api| api.status.as_deref()),
        "bodyCode": api.and_then(|api| api.code),
        "requestId": api.and_then(|api| api.request_id.as_deref()),
        "fieldViolations": violations,
        "maybeApplied": error.may_have_been_applied(),
        "attempts": error.attempts(),
        "retryAfterMs": if error.can_retry() { 0 } else { -1 },
    });
    (code(&error), error.http_status().unwrap_or(0), document.to_string())
}

/// An error document cut down to what [`typed`] says.
fn essence((code, status, json): Outcome) -> Outcome {
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["httpStatus"], status);
    let keys = [
        "message",
        "operation",
        "phoneNumber",
        "status",
        "bodyCode",
        "requestId",
        "fieldViolations",
        "maybeApplied",
        "attempts",
        "retryAfterMs",
    ];
    let kept = keys.map(|key| (key.to_owned(), document[key].clone()));
    (code, status, Value::from_iter(kept).to_string())
}

fn driven(language: &'static str, command: Command, rows: &[Row], acts: Vec<Act>) -> Made {
    let server = Server::new(acts);
    let mut lines = String::new();
    for Row { call: (operation, number, json), .. } in rows {
        lines += &format!("{operation}\t{number}\t{json}\n");
    }
    let outcomes = drive(command, &server.url, "", lines);
    Made { language, outcomes, requests: server.requests(), tokens: server.token_requests() }
}
