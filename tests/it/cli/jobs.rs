//! Jobs: plan, apply and report, also when the process is killed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sinch_numbers::{Sandbox, SandboxWrite};

use super::{PROGRAM, Ran, command, ended, run, sandbox};

/// A folder of one test.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let folder = format!("jobs.{name}.{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// Runs a command in the folder.
    pub(super) fn run(&self, sandbox: &Sandbox, line: &str) -> Ran {
        ended(&command(sandbox, line).current_dir(&self.0).output().unwrap())
    }

    /// Makes the plan `plan` of a table.
    pub(super) fn plan(&self, sandbox: &Sandbox, verb: &str, table: &str) -> Ran {
        fs::write(self.0.join("table.csv"), table).unwrap();
        self.run(sandbox, &format!("plan {verb} --from table.csv -O plan"))
    }

    pub(super) fn apply(&self, sandbox: &Sandbox, flags: &str) -> Ran {
        self.run(sandbox, &format!("{APPLY} {flags}"))
    }

    pub(super) fn start(&self, sandbox: &Sandbox, flags: &str) -> Child {
        let mut apply = command(sandbox, &format!("{APPLY} {flags}"));
        let apply = apply.current_dir(&self.0).stdout(Stdio::piped()).stderr(Stdio::piped());
        apply.spawn().unwrap()
    }

    /// The whole lines of the journal.
    pub(super) fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.0.join("journal")).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(json).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const APPLY: &str = "apply plan --journal journal --yes";

#[track_caller]
pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Total, done, skipped, failed and unknown of a report.
#[track_caller]
pub(super) fn counts(ran: &Ran) -> [u64; 5] {
    let report = json(&ran.out);
    ["total", "done", "skipped", "failed", "unknown"].map(|key| report[key].as_u64().unwrap())
}

pub(super) fn result<'a>(report: &'a Value, number: &str) -> &'a Value {
    let items = report["items"].as_array().unwrap();
    items.iter().find(|item| item["phoneNumber"] == number).unwrap()
}

pub(super) fn writes(sandbox: &Sandbox) -> BTreeMap<String, Vec<SandboxWrite>> {
    let mut writes = BTreeMap::<String, Vec<SandboxWrite>>::new();
    for write in sandbox.writes() {
        writes.entry(write.phone_number.clone()).or_default().push(write);
    }
    writes
}

pub(super) const DESK: &str = "+12025550134";

#[test]
fn numbers_are_relinked_by_a_plan() {
    let (folder, sandbox) = (Folder::new("relink"), sandbox());
    let table = "phoneNumber,servicePlanId,trunkId\n+12025550101,plan-9,trunk-9\n+12025550134,plan-9,\n\
                 +447700900123,plan-uk,\n+19999999999,plan-9,\n+12025550117,fail-me,\n";
    let planned = folder.plan(&sandbox, "relink", table).with(8);
    let lines: Vec<_> = planned.out.lines().map(json).collect();
    assert_eq!(lines[0]["steps"], serde_json::json!(["unlink_sms", "link_sms", "assign_voice"]));
    assert_eq!(lines[2]["reason"], "stands as wanted");
    assert!(lines[3]["reason"].as_str().unwrap().contains("could not be read"), "{planned:?}");
    assert!(planned.err.contains("plan: changes 3 of 5 numbers"), "{planned:?}");
    assert_eq!(sandbox.writes().len(), 0);

    let applied = folder.apply(&sandbox, "").with(8);
    assert_eq!(counts(&applied), [5, 2, 2, 1, 0]);
    let report = json(&applied.out);
    assert_eq!(result(&report, "+12025550101")["steps"][2]["outcome"], "done");
    let failed = result(&report, "+12025550117");
    assert!(failed["reason"].as_str().unwrap().contains("SMS_PROVISIONING_FAILED"), "{failed}");
    assert!(failed["advice"].as_str().unwrap().contains("make a new plan"), "{failed}");
    let number = json(&run(&sandbox, "get +12025550101").out);
    assert_eq!(number["smsConfiguration"]["servicePlanId"], "plan-9");
    assert_eq!(number["voiceConfiguration"]["trunkId"], "trunk-9");

    // Once more there is nothing to do, and the report is the same.
    let before = sandbox.writes().len();
    let again = folder.apply(&sandbox, "").with(8);
    assert_eq!((&again.out, sandbox.writes().len()), (&applied.out, before));
    assert_eq!(folder.run(&sandbox, "report journal").with(8).out, applied.out);
    let table = folder.run(&sandbox, "report journal -o table").with(8);
    assert!(table.out.contains("failed") && !table.out.contains("+12025550101"), "{table:?}");
}

#[test]
fn numbers_are_updated_by_a_plan() {
    let (folder, sandbox) = (Folder::new("update"), sandbox());
    let table = "phoneNumber,displayName,servicePlanId,appId\n+12025550134,Desk,plan-1,app-1\n\
                 +12025550101,Front,,\n+12025550123,,plan-2,\n+12025550142,Trunk north,,\n";
    let planned = folder.plan(&sandbox, "update", table).with(0);
    let lines: Vec<_> = planned.out.lines().map(json).collect();
    assert!(lines[2]["reason"].as_str().unwrap().contains("plan a relink"), "{planned:?}");
    assert_eq!(lines[3]["reason"], "stands as wanted");
    let applied = folder.apply(&sandbox, "").with(0);
    assert_eq!(counts(&applied), [4, 2, 2, 0, 0]);
    let desk = json(&run(&sandbox, &format!("get {DESK}")).out);
    assert_eq!(
        (&desk["displayName"], &desk["voiceConfiguration"]["appId"]),
        (&"Desk".into(), &"app-1".into())
    );
    assert_eq!(desk["smsConfiguration"]["servicePlanId"], "plan-1");
    // An empty cell left the links alone.
    let front = json(&run(&sandbox, "get +12025550101").out);
    assert_eq!(
        (&front["displayName"], &front["smsConfiguration"]["servicePlanId"]),
        (&"Front".into(), &"plan-desk".into())
    );
    assert_eq!(sandbox.writes().len(), 2);
}

#[test]
fn emergency_addresses_are_set_by_a_plan_and_never_told() {
    let (folder, sandbox) = (Folder::new("emergency"), sandbox());
    let table = "phoneNumber,displayName,streetNumber,streetInfo,location,city,state,postalCode\n\
                 +12025550134,Office,12345,Main St,Apt 5,Springfield,IL,62701\n\
                 +12025550117,Office,3500,Lenox Road NE,,Atlanta,GA,30326\n\
                 +19999999999,Office,12345,Main St,,Springfield,IL,62701\n";
    let planned = folder.plan(&sandbox, "emergency", table).with(8);
    let lines: Vec<_> = planned.out.lines().map(json).collect();
    assert_eq!(lines[0]["steps"], serde_json::json!(["emergency_address"]));
    assert!(lines[1]["reason"].as_str().unwrap().contains("NEAR_MATCH"), "{planned:?}");
    let applied = folder.apply(&sandbox, "").with(0);
    assert_eq!(counts(&applied), [3, 1, 2, 0, 0]);
    let set = json(&run(&sandbox, &format!("emergency get {DESK}")).with(0).out);
    assert_eq!((&set["streetInfo"], &set["location"]), (&"Main St".into(), &"Apt 5".into()));
    let again = folder.plan(&sandbox, "emergency", table).with(8);
    assert_eq!(json(again.out.lines().next().unwrap())["reason"], "stands as wanted");

    for ran in [&planned, &applied, &again, &folder.run(&sandbox, "report journal -o table")] {
        for secret in ["Main", "Lenox", "Springfield", "Atlanta"] {
            assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{secret}: {ran:?}");
        }
    }
    // The plan has what the service suggests.
    assert!(folder.read("plan").contains("Lenox Rd NE"));
    for name in ["plan", "journal"] {
        let mode = fs::metadata(folder.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn numbers_are_released_by_a_plan_only_if_that_is_allowed_twice() {
    let (folder, sandbox) = (Folder::new("release"), sandbox());
    let table = "phoneNumber\n+12025550134\n+12025550179\n";
    folder.plan(&sandbox, "release", table).with(2);
    assert!(!folder.0.join("plan").exists());
    let planned =
        folder.run(&sandbox, "plan release --from table.csv -O plan --allow-release").with(0);
    assert!(planned.out.contains("is released already"), "{planned:?}");
    folder.apply(&sandbox, "").with(2);
    assert!(sandbox.writes().is_empty() && !folder.0.join("journal").exists());
    assert_eq!(counts(&folder.apply(&sandbox, "--allow-release").with(0)), [2, 1, 1, 0, 0]);
    assert_eq!(sandbox.writes().len(), 1);
}

#[test]
fn a_release_of_unknown_outcome_is_never_repeated() {
    let folder = Folder::new("unknown");
    let hour = Duration::from_secs(3600);
    let sandbox = Sandbox::builder().lose(1.0).late(1.0, hour).start().unwrap();
    fs::write(folder.path("table.csv"), format!("phoneNumber\n{DESK}\n")).unwrap();
    folder.run(&sandbox, "plan release --from table.csv -O plan --allow-release").with(0);
    for _ in 0..2 {
        let applied = folder.apply(&sandbox, "--allow-release").with(6);
        assert_eq!(counts(&applied), [1, 0, 0, 0, 1]);
        assert_eq!(sandbox.writes().len(), 1);
    }
    let report = folder.run(&sandbox, "report journal").with(6);
    let item = &json(&report.out)["items"][0];
    assert_eq!(item["steps"][0]["outcome"], "unknown");
    assert_eq!(item["advice"], format!("see: sinch-numbers get {DESK}"));
}

#[test]
fn everything_wrong_in_a_table_is_told_at_once() {
    let (folder, sandbox) = (Folder::new("csv"), sandbox());
    let table =
        "phoneNumber,servicePlanId,campaignId\n12,plan-1,\n+12025550134,,C1\n+12025550134,p\n";
    let refused = folder.plan(&sandbox, "relink", table).with(2);
    for problem in [
        "table.csv: 3 errors",
        "line 2, column phoneNumber: \"12\" has no leading +",
        "line 3, column campaignId: goes with a servicePlanId, which is empty",
        "line 4: has 2 cells, the header has 3",
    ] {
        assert!(refused.err.contains(problem), "{problem}: {refused:?}");
    }
    assert!(!folder.0.join("plan").exists() && sandbox.requests() == 0);
    let secret = "phoneNumber,displayName,streetNumber,streetInfo,city,state,postalCode\n+12025550134,,1,Elm,,,\n";
    let refused = folder.plan(&sandbox, "emergency", secret).with(2);
    assert!(
        refused.err.contains("column displayName") && !refused.err.contains("Elm"),
        "{refused:?}"
    );
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let (folder, sandbox) = (Folder::new("refused"), sandbox());
    let table = |plan| format!("phoneNumber,servicePlanId\n{DESK},{plan}\n");
    folder.plan(&sandbox, "relink", &table("plan-1")).with(0);
    // Nobody can be asked.
    let unasked = folder.run(&sandbox, "apply plan --journal journal").with(2);
    assert!(unasked.err.contains("--yes") && !folder.0.join("journal").exists(), "{unasked:?}");
    let text = folder.read("plan");
    fs::write(folder.path("plan"), text.replace("plan-1", "plan-2")).unwrap();
    assert!(folder.apply(&sandbox, "").with(2).err.contains("was changed"));
    fs::write(folder.path("plan"), &text).unwrap();
    fs::write(folder.path("journal"), "a,b\n1,2").unwrap();
    assert!(folder.apply(&sandbox, "").with(2).err.contains("is no journal"));
    assert_eq!(folder.read("journal"), "a,b\n1,2");
    fs::remove_file(folder.path("journal")).unwrap();
    folder.apply(&sandbox, "").with(0);
    folder.plan(&sandbox, "relink", &table("plan-3")).with(0);
    assert!(folder.apply(&sandbox, "").with(2).err.contains("another plan"));
    let read_only = folder.run(&sandbox, "apply plan --yes --journal /sys/journal").with(2);
    assert!(read_only.err.contains("/sys/journal"), "{read_only:?}");
    let endless = folder.run(&sandbox, "apply plan --yes --journal /dev/full").with(2);
    assert!(endless.err.contains("/dev/full: is no file"), "{endless:?}");
    folder.run(&sandbox, "plan relink --from table.csv -O /sys/plan").with(2);
    folder.run(&sandbox, "report none").with(2);
    assert_eq!(sandbox.writes().len(), 1);
}

#[test]
fn a_person_is_asked() {
    let (folder, sandbox) = (Folder::new("asked"), sandbox());
    folder.plan(&sandbox, "relink", &format!("phoneNumber,servicePlanId\n{DESK},plan-1\n")).with(0);
    for (response, code, writes) in [("\n", 2, 0), ("n\n", 2, 0), ("y\n", 0, 1)] {
        let (mut person, mut terminal) = (0, 0);
        let null = std::ptr::null_mut();
        // SAFETY: both descriptors are written, and what is null is not read.
        let opened = unsafe {
            libc::openpty(&raw mut person, &raw mut terminal, null, null.cast(), null.cast())
        };
        assert_eq!(opened, 0);
        // SAFETY: they are open, and belong to nobody else.
        let (person, terminal) =
            unsafe { (OwnedFd::from_raw_fd(person), OwnedFd::from_raw_fd(terminal)) };
        File::from(person.try_clone().unwrap()).write_all(response.as_bytes()).unwrap();
        let mut apply = command(&sandbox, "apply plan --journal journal");
        let asked = ended(&apply.current_dir(&folder.0).stdin(terminal).output().unwrap());
        drop(person);
        let asked = asked.with(code);
        assert!(
            asked.err.contains("1 number of the project sandbox-project: 1 link_sms"),
            "{asked:?}"
        );
        assert_eq!(
            (sandbox.writes().len(), folder.0.join("journal").exists()),
            (writes, writes > 0)
        );
    }
}

#[test]
fn a_number_that_changed_since_the_plan_is_left_alone() {
    let (folder, sandbox) = (Folder::new("changed"), sandbox());
    let table = format!("phoneNumber,servicePlanId\n{DESK},plan-1\n+12025550117,plan-1\n");
    folder.plan(&sandbox, "relink", &table).with(0);
    run(&sandbox, &format!("update {DESK} --service-plan other --wait")).with(0);
    let applied = folder.apply(&sandbox, "").with(8);
    assert_eq!(counts(&applied), [2, 1, 0, 1, 0]);
    assert_eq!(result(&json(&applied.out), DESK)["reason"], "changed since the plan");
    assert!(applied.err.contains("  1 changed since the plan\n"), "{applied:?}");
    assert_eq!(
        json(&run(&sandbox, &format!("get {DESK}")).out)["smsConfiguration"]["servicePlanId"],
        "other"
    );
}

#[test]
fn a_failure_that_would_hit_every_number_stops_the_job() {
    let numbers = "+12025550117,ID\n+12025550134,ID\n+12025550142,ID\n+12025550101,ID\n";
    let sandbox = sandbox();
    for (column, id, code, stopped, left) in [
        ("servicePlanId", "fail-me", 8, "the first number", 3),
        (
            "servicePlanId",
            "fail-INSUFFICIENT_BALANCE",
            8,
            "INSUFFICIENT_BALANCE would hit every number",
            3,
        ),
    ] {
        let folder = Folder::new(id);
        folder
            .plan(
                &sandbox,
                "relink",
                &format!("phoneNumber,{column}\n{}", numbers.replace("ID", id)),
            )
            .with(0);
        let before = sandbox.writes().len();
        let applied = folder.apply(&sandbox, "--concurrency 1").with(code);
        assert!(applied.err.contains(stopped), "{applied:?}");
        assert_eq!(counts(&applied), [4, 0, 0, 1, 0]);
        assert!(applied.err.contains(&format!("{left} not begun")), "{applied:?}");
        assert!(applied.err.contains("to go on: sinch-numbers apply plan --journal journal"));
        assert_eq!(sandbox.writes().len(), before + 1);
    }
    // After the first number is done: so many failures, a campaign that is full, and a wrong key.
    let campaign = Folder::new("campaign");
    let table = "phoneNumber,servicePlanId,campaignId\n+12025550117,plan-1,C1\n+12025550134,plan-1,fail-EXCEEDED_10DLC_LIMIT\n\
                 +12025550142,plan-1,fail-EXCEEDED_10DLC_LIMIT\n+12025550123,plan-1,C1\n";
    campaign.plan(&sandbox, "relink", table).with(0);
    let applied = campaign.apply(&sandbox, "--concurrency 1").with(8);
    assert_eq!(counts(&applied), [4, 2, 0, 1, 0]);
    assert_eq!(result(&json(&applied.out), "+12025550142")["result"], "not_begun");
    let failures = Folder::new("failures");
    let table = "phoneNumber,appId\n+12025550117,a\n+12025550134,fail\n+12025550142,fail\n+12025550101,fail\n";
    failures.plan(&sandbox, "relink", table).with(0);
    let applied = failures.apply(&sandbox, "--concurrency 1 --max-failures 2").with(8);
    assert_eq!(counts(&applied), [4, 1, 0, 2, 0]);
    assert!(applied.err.contains("stopped: 2 numbers have failed"), "{applied:?}");
    let denied = Folder::new("denied");
    denied
        .plan(&sandbox, "relink", &format!("phoneNumber,appId\n{DESK},b\n+12025550117,b\n"))
        .with(0);
    let mut apply = command(&sandbox, APPLY);
    let apply = apply.current_dir(&denied.0).env("SINCH_KEY_SECRET", "wrong").output().unwrap();
    assert_eq!(counts(&ended(&apply).with(4)), [2, 0, 0, 1, 0]);
    // With the right key it goes on.
    assert_eq!(counts(&denied.apply(&sandbox, "").with(0)), [2, 2, 0, 0, 0]);
}

#[test]
fn a_second_process_is_refused_and_a_killed_job_goes_on() {
    let folder = Folder::new("second");
    let hour = Duration::from_secs(3600);
    let slow = Sandbox::builder().provisioning(hour).start().unwrap();
    let table = format!("phoneNumber,servicePlanId\n{DESK},plan-1\n+12025550117,plan-1\n");
    folder.plan(&slow, "relink", &table).with(0);
    let mut first = folder.start(&slow, "");
    while slow.writes().is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    let second = folder.apply(&slow, "").with(2);
    assert!(second.err.contains("another process writes it"), "{second:?}");
    first.kill().unwrap();
    first.wait().unwrap();
    let report = folder.run(&slow, "report journal").with(6);
    assert_eq!(counts(&report), [2, 0, 0, 0, 1]);
    // Half a line is left of it.
    let whole = folder.journal();
    let mut text = folder.read("journal");
    text += r#"{"at":1,"event":"out"#;
    fs::write(folder.path("journal"), text).unwrap();
    assert_eq!(counts(&folder.run(&slow, "report journal").with(6)), [2, 0, 0, 0, 1]);

    // On a service where the step was not applied, it is sent again: as a new intent.
    let quick = sandbox();
    assert_eq!(counts(&folder.apply(&quick, "").with(0)), [2, 2, 0, 0, 0]);
    assert_eq!(quick.writes().len(), 2);
    let journal = folder.journal();
    assert_eq!(journal[..whole.len()], whole[..]);
    let of_desk = journal.iter().filter(|line| line["phoneNumber"] == DESK);
    let events: Vec<_> =
        of_desk.map(|line| format!("{} {}", line["event"], line["outcome"])).collect();
    let expected = [
        r#""intent" null"#,
        r#""outcome" "not_applied""#,
        r#""intent" null"#,
        r#""outcome" "done""#,
        r#""end" null"#,
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_full_disk_stops_a_job_and_loses_nothing() {
    let (folder, sandbox) = (Folder::new("full"), sandbox());
    let numbers = [
        "+12025550101",
        "+12025550117",
        "+12025550123",
        "+12025550134",
        "+12025550142",
        "+12025550156",
    ];
    let rows: String = numbers.map(|number| format!("{number},app-9\n")).concat();
    folder.plan(&sandbox, "relink", &format!("phoneNumber,appId\n{rows}")).with(0);
    // No file may be longer than that: writing beyond it fails, after a part of the line was written.
    for kilobytes in 0.. {
        let limit =
            format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {PROGRAM} {APPLY} --concurrency 1");
        let account = command(&sandbox, "");
        let mut shell = Command::new("bash");
        shell.args(["-c", &limit]).current_dir(&folder.0).env_clear();
        shell.envs(account.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let ran = ended(&shell.output().unwrap());
        if ran.code == 0 {
            assert!(kilobytes > 1);
            break;
        }
        assert!(ran.err.contains("journal: File too large"), "{ran:?}");
        // Half lines are cut off, and nothing was sent whose intent is not on disk.
        let (text, journal) = (folder.read("journal"), folder.journal());
        assert!(text.is_empty() || text.ends_with('\n'), "{text}");
        let count = |event: &str| journal.iter().filter(|line| line["event"] == event).count();
        assert!(count("intent") >= sandbox.writes().len(), "{ran:?}");
        let known = count("intent") == count("outcome");
        assert_eq!(
            ran.code,
            if kilobytes == 0 {
                2
            } else if known {
                1
            } else {
                6
            },
            "{ran:?}"
        );
    }
    let writes = writes(&sandbox);
    assert!(numbers.iter().all(|number| writes[*number].len() == 1), "{writes:?}");
}

#[test]
fn ctrl_c_finishes_what_is_in_flight() {
    let folder = Folder::new("interrupt");
    let sandbox = Sandbox::builder().provisioning(Duration::from_secs(1)).start().unwrap();
    let numbers = [
        "+12025550101",
        "+12025550117",
        "+12025550123",
        "+12025550134",
        "+12025550142",
        "+12025550156",
        "+12025550168",
        "+18005550199",
    ];
    let rows: String = numbers.map(|number| format!("{number},app-9\n")).concat();
    folder.plan(&sandbox, "relink", &format!("phoneNumber,appId\n{rows}")).with(0);
    let apply = folder.start(&sandbox, "--concurrency 1");
    while sandbox.writes().is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    // SAFETY: a signal to a child that was not waited for yet.
    unsafe { libc::kill(apply.id().try_into().unwrap(), libc::SIGINT) };
    let interrupted = ended(&apply.wait_with_output().unwrap()).with(130);
    let [total, done, skipped, failed, unknown] = counts(&interrupted);
    assert!(total == 8 && done > 0 && skipped + failed + unknown == 0, "{interrupted:?}");
    assert_eq!(done, sandbox.writes().len() as u64);
    assert!(
        interrupted.err.contains("to go on: sinch-numbers apply plan --journal journal"),
        "{interrupted:?}"
    );
    assert_eq!(counts(&folder.apply(&sandbox, "").with(0)), [8, 8, 0, 0, 0]);
    assert_eq!(sandbox.writes().len(), 8);
}
