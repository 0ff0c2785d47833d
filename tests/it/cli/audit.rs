//! The audit: findings, what could not be read, exit codes, the page.

use std::fs;
use std::path::PathBuf;
use std::process::{self, Stdio};
use std::thread;
use std::time::Duration;

use mockito::{Matcher, Server};
use serde_json::{Value, json};
use sinch_numbers::Sandbox;

use super::output::without_days;
use super::{Ran, command, ended, run, sandbox};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let folder = format!("audit.{name}.{}", process::id());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn an_audit_is_tables() {
    let ran = run(&sandbox(), "audit -o table").with(9);
    let tables = "\
EMERGENCY ADDRESSES  NUMBERS  ON FILE  NONE  COULD NOT BE READ
US                   9        1        8     0
others               3        0        3     0

FAILED JOBS             JOBS  MEANING                                                         WHAT TO DO
voice                   1     the number could not be linked for voice                        read the number, and send the change again once; if it fails again, contact Sinch support
CAMPAIGN_NOT_AVAILABLE  1     the campaign is not available from The Campaign Registry (TCR)  check campaignId; in TCR, Sinch must be selected as the direct connect aggregator (DCA) and must have accepted the campaign

CAMPAIGNS  NUMBERS  BEING LINKED  LIMIT
CDEMO01    1        0             50

COST A MONTH  NUMBERS  AMOUNT  CURRENCY
SE            1        0.0667  EUR
GB            2        2.00    GBP
US            9        18.50   USD

FINDING               NUMBER         NAME              COUNTRY  DETAIL
no_emergency_address  +12025550117                     US       can call emergency services, and has no address
no_emergency_address  +12025550123   Alerts            US       can call emergency services, and has no address
no_emergency_address  +12025550134   MyPhoneNumber     US       can call emergency services, and has no address
no_emergency_address  +12025550142   Trunk north       US       can call emergency services, and has no address
no_emergency_address  +12025550156   Fax               US       can call emergency services, and has no address
no_emergency_address  +12025550168   Campaign refused  US       can call emergency services, and has no address
no_emergency_address  +12025550179   Old shop          US       can call emergency services, and has no address
no_emergency_address  +18005550199   Free line         US       can call emergency services, and has no address
provisioning_failed   +12025550168   Campaign refused  US       SMS failed: CAMPAIGN_NOT_AVAILABLE: the campaign is not available from The Campaign Registry (TCR)
provisioning_failed   +46701740605   Stockholm         SE       voice failed: no code
expires_soon          +12025550179   Old shop          US       expires YYYY-MM-DD
unlinked              +12025550117                     US       linked to nothing
unlinked              +12025550134   MyPhoneNumber     US       linked to nothing
unlinked              +447700900456                    GB       linked to nothing
";
    assert_eq!(without_days(&ran.out), tables);
    assert_eq!(ran.err, "12 numbers: 14 findings, 0 could not be read\n");
}

#[test]
fn an_audit_is_a_document_or_lines() {
    let sandbox = Sandbox::builder().numbers(500).start().unwrap();
    let document = json(&run(&sandbox, "audit -o json").with(9).out);
    assert_eq!(
        (&document["numbers"], &document["projectId"]),
        (&500.into(), &"sandbox-project".into())
    );
    let addresses = json!([
        {"regionCode": "CA", "numbers": 17, "onFile": 16, "none": 1, "couldNotBeRead": 0},
        {"regionCode": "US", "numbers": 283, "onFile": 266, "none": 17, "couldNotBeRead": 0},
        {"regionCode": "others", "numbers": 200, "onFile": 0, "none": 200, "couldNotBeRead": 0},
    ]);
    assert_eq!(document["emergencyAddresses"], addresses);
    let campaigns = json!([
        {"campaignId": "CGEN000", "numbers": 50, "coming": 0, "limit": 50},
        {"campaignId": "CGEN001", "numbers": 5, "coming": 0, "limit": 50},
    ]);
    assert_eq!(document["campaigns"], campaigns);
    let costs = json!([
        {"regionCode": "GB", "numbers": 50, "perMonth": "50.00", "currencyCode": "GBP"},
        {"regionCode": "CA", "numbers": 25, "perMonth": "50.00", "currencyCode": "USD"},
        {"regionCode": "US", "numbers": 425, "perMonth": "900.00", "currencyCode": "USD"},
    ]);
    assert_eq!((&document["costs"], &document["withoutPrice"]), (&costs, &0.into()));
    let codes = document["failures"].as_array().unwrap();
    assert_eq!(codes.len(), 19, "every code, and jobs without one");
    let findings = document["findings"].as_array().unwrap();
    let full = findings.iter().find(|found| found["finding"] == "campaign_limit").unwrap();
    assert_eq!(full["detail"], "campaign CGEN000 holds 50 of 50 numbers");
    assert_eq!((&full["campaignId"], &full["phoneNumber"]), (&"CGEN000".into(), &Value::Null));
    let failed = findings.iter().find(|found| found["codes"] == json!(["CAMPAIGN_EXPIRED"]));
    assert_eq!(failed.unwrap()["action"], "renew it in TCR, or use another campaign");

    let lines = run(&sandbox, "audit --concurrency 1").with(9).out;
    let lines: Vec<_> = lines.lines().map(json).collect();
    assert_eq!(&lines, findings, "whatever ends first");
    let csv =
        run(&sandbox, "audit -o csv --fields finding,phoneNumber --concurrency 16").with(9).out;
    let head = "finding,phoneNumber\nno_emergency_address,+12015550002\nno_emergency_address,+12015550036\n";
    assert!(csv.starts_with(head) && csv.lines().count() == findings.len() + 1, "{csv}");

    let empty = Sandbox::builder().numbers(0).start().unwrap();
    let nothing = run(&empty, "audit").with(0);
    assert_eq!(
        (&*nothing.out, &*nothing.err),
        ("", "0 numbers: 0 findings, 0 could not be read\n")
    );
    run(&empty, "audit --concurrency 0").with(2);
    run(&empty, "audit --fields nothing").with(2);
}

/// Audits one linked number whose address is answered so.
fn audit_of(number: &Value, status: usize, body: &str) -> (Ran, Value) {
    let mut server = Server::new();
    let page = json!({"activeNumbers": [number], "nextPageToken": "", "totalSize": 1});
    let list = Matcher::Regex("/activeNumbers(\\?.*)?$".to_owned());
    server.mock("GET", list).with_body(page.to_string()).create();
    let address = Matcher::Regex("/emergencyAddress$".to_owned());
    server.mock("GET", address).with_status(status).with_body(body).create();
    let sandbox = sandbox();
    let mut audit = command(&sandbox, "audit -o json");
    audit.env("SINCH_NUMBERS_URL", server.url()).env("SINCH_AUTH", "basic");
    // The pause before another attempt does not fit.
    audit.env("SINCH_NUMBERS_TIMEOUT_MS", "900");
    let ran = ended(&audit.output().unwrap());
    let document = json(&ran.out);
    (ran, document)
}

#[test]
fn what_could_not_be_read_is_a_state_of_its_own() {
    let error = |code: u16, details: Value| {
        json!({"error": {"code": code, "message": "m", "status": "S", "details": details}})
            .to_string()
    };
    let missing = |kind: &str| error(404, json!([{"resourceType": kind}]));
    let us = json!({"phoneNumber": "+12025550101", "regionCode": "US", "capability": ["VOICE"],
        "voiceConfiguration": {"appId": "app"}});
    let gb = json!({"phoneNumber": "+447700900123", "regionCode": "GB", "capability": ["VOICE"],
        "voiceConfiguration": {"appId": "app"}});
    let none = "";
    let found = r#"{"streetNumber": "1", "streetInfo": "Secret St"}"#;
    for (number, status, body, code, state) in [
        (&us, 200, found.to_owned(), 0, "onFile"),
        (&us, 200, "{}".to_owned(), 9, "none"),
        (&us, 404, missing("EmergencyAddress"), 9, "none"),
        (&us, 404, missing("ActiveNumber"), 8, "couldNotBeRead"),
        (&us, 404, "<html>".to_owned(), 8, "couldNotBeRead"),
        (&us, 404, none.to_owned(), 8, "couldNotBeRead"),
        (&us, 400, error(400, json!([])), 8, "couldNotBeRead"),
        (&us, 403, error(403, json!([])), 4, "couldNotBeRead"),
        (&us, 503, none.to_owned(), 8, "couldNotBeRead"),
        (&us, 200, "no JSON".to_owned(), 8, "couldNotBeRead"),
        // The service has no addresses for such a number.
        (&gb, 400, error(400, json!([])), 0, "none"),
        (&gb, 503, none.to_owned(), 8, "couldNotBeRead"),
    ] {
        let (ran, document) = audit_of(number, status, &body);
        let ran = ran.with(code);
        assert_eq!(document["emergencyAddresses"][0][state], 1, "{status} {body}: {document}");
        let unread = document["couldNotBeRead"].as_array().unwrap();
        assert_eq!(unread.len(), usize::from(state == "couldNotBeRead"), "{status} {body}");
        assert_eq!(document["findings"].as_array().unwrap().len(), usize::from(code == 9));
        assert!(!ran.out.contains("Secret St") && !ran.err.contains("Secret St"), "{ran:?}");
        assert!(!ran.out.contains("registered"), "{ran:?}");
    }
    // What cannot be priced is counted.
    let (_, document) = audit_of(&us, 200, found);
    assert_eq!((&document["withoutPrice"], &document["costs"]), (&1.into(), &json!([])));
}

#[test]
fn a_list_that_fails_is_no_audit() {
    let folder = folder("failing");
    let page = folder.join("page.html");
    let failing = Sandbox::builder().fail_503(1.0).start().unwrap();
    let mut audit = command(&failing, &format!("audit --html {}", page.display()));
    let ran = ended(&audit.env("SINCH_NUMBERS_TIMEOUT_MS", "900").output().unwrap()).with(5);
    assert_eq!(ran.out, "");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "no page, and no draft of one");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_page_is_written_whole_or_not_at_all() {
    let sandbox = sandbox();
    let folder = folder("page");
    let page = folder.join("page.html");
    let line = r#"update +12025550134 --display-name "<script>alert(1)</script>&""#;
    run(&sandbox, line).with(0);
    fs::write(&page, "old").unwrap();
    run(&sandbox, &format!("audit --html {}", page.display())).with(9);
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"), "{html}");
    assert!(
        html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;") && !html.contains("<script")
    );
    for piece in [
        "sandbox-project",
        "CAMPAIGN_NOT_AVAILABLE",
        "check campaignId",
        "0.0667",
        "18.50",
        "CDEMO01",
    ] {
        assert!(html.contains(piece), "{piece}");
    }
    for piece in ["http:", "https:", "url(", "@import", "Main St", "registered", "sandbox-key"] {
        assert!(!html.contains(piece), "{piece}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);

    // Where nothing can be written, nothing is read.
    let before = sandbox.requests();
    for place in [folder.join("missing/page.html"), folder.clone()] {
        let ran = run(&sandbox, &format!("audit --html {}", place.display())).with(2);
        assert!(ran.err.contains("--html"), "{ran:?}");
    }
    assert_eq!(sandbox.requests(), before);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn ctrl_c_ends_an_audit() {
    let sandbox =
        Sandbox::builder().numbers(5000).latency(Duration::from_millis(20)).start().unwrap();
    let folder = folder("interrupted");
    let line = format!("audit --concurrency 2 --html {}", folder.join("page.html").display());
    let mut audit = command(&sandbox, &line);
    let audit = audit.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while sandbox.requests() < 10 {
        thread::sleep(Duration::from_millis(5));
    }
    // SAFETY: a signal to a child that was not waited for yet.
    unsafe { libc::kill(audit.id().try_into().unwrap(), libc::SIGINT) };
    let ran = ended(&audit.wait_with_output().unwrap()).with(130);
    assert_eq!(ran.out, "");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    fs::remove_dir_all(folder).unwrap();
}
