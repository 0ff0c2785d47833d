//! Jobs whose process is killed, and resumed: no write is sent twice, and what is unknown is told.

use std::env;
use std::fs;
use std::process::Child;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sinch_numbers::Sandbox;

use super::jobs::{DESK, Folder, counts, json, result, writes};
use super::{Ran, run};

/// A plan with the verb and the row for one number, and the flags of `plan` and `apply`.
const VERBS: [(&str, &str, &str); 4] = [
    ("relink", "phoneNumber,appId\n+12025550134,app-9\n", ""),
    ("update", "phoneNumber,displayName\n+12025550134,Desk\n", ""),
    ("emergency", EMERGENCY, ""),
    ("release", "phoneNumber\n+12025550134\n", "--allow-release"),
];
const EMERGENCY: &str = "phoneNumber,displayName,streetNumber,streetInfo,city,state,postalCode\n\
                         +12025550134,Office,12345,Main St,Springfield,IL,62701\n";

/// Makes the plan `plan` of a table.
fn plan(folder: &Folder, sandbox: &Sandbox, (verb, table, flags): (&str, &str, &str)) -> Ran {
    fs::write(folder.path("table.csv"), table).unwrap();
    folder.run(sandbox, &format!("plan {verb} --from table.csv -O plan {flags} --concurrency 16"))
}

fn kill(mut apply: Child) {
    apply.kill().unwrap();
    apply.wait().unwrap();
}

#[test]
fn what_was_sent_before_a_kill_is_given_time_to_show() {
    for (verb, table, flags) in VERBS {
        let folder = Folder::new(&format!("late.{verb}"));
        let sandbox = Sandbox::builder().late(1.0, Duration::from_secs(1)).start().unwrap();
        plan(&folder, &sandbox, (verb, table, flags)).with(0);
        let apply = folder.start(&sandbox, flags);
        while sandbox.writes().is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        kill(apply);
        assert_eq!(counts(&folder.apply(&sandbox, flags).with(0)), [1, 1, 0, 0, 0], "{verb}");
        assert_eq!(sandbox.writes().len(), 1, "{verb}");
    }
}

#[test]
fn a_release_that_was_killed_and_does_not_show_is_never_repeated() {
    let folder = Folder::new("release.killed");
    let hour = Duration::from_secs(3600);
    // The first one is lost, and never carried out.
    let slow = Sandbox::builder().late(1.0, hour).latency(Duration::from_millis(50)).start();
    let slow = slow.unwrap();
    let table = "phoneNumber\n+12025550134\n+12025550117\n";
    plan(&folder, &slow, ("release", table, "--allow-release")).with(0);
    let apply = folder.start(&slow, "--allow-release");
    while slow.writes().is_empty() {
        thread::sleep(Duration::from_millis(1));
    }
    kill(apply);
    let told = folder.run(&slow, "report journal").with(6);
    assert_eq!(counts(&told), [2, 0, 0, 0, 1]);
    let item = result(&json(&told.out), DESK).clone();
    assert_eq!(item["steps"][0]["outcome"], "unknown");
    // On a service that carries out all, the other one is released. This one is told each time, and not sent.
    let quick = Sandbox::builder().start().unwrap();
    for _ in 0..2 {
        let applied = folder.apply(&quick, "--allow-release").with(6);
        assert_eq!(counts(&applied), [2, 1, 0, 0, 1]);
        let item = result(&json(&applied.out), DESK).clone();
        assert!(item["reason"].as_str().unwrap().contains("never repeated"), "{item}");
        assert_eq!(item["advice"], format!("see: sinch-numbers get {DESK}"));
        let writes = writes(&quick);
        assert_eq!(writes.keys().collect::<Vec<_>>(), ["+12025550117"]);
        assert_eq!(writes["+12025550117"].len(), 1);
    }
    // A person releases it: then it is done.
    run(&quick, &format!("release {DESK} --confirm {DESK}")).with(0);
    assert_eq!(counts(&folder.apply(&quick, "--allow-release").with(0)), [2, 2, 0, 0, 0]);
}

#[test]
fn a_release_that_was_accepted_is_not_sent_again_although_it_does_not_show() {
    let folder = Folder::new("release.accepted");
    let sandbox = Sandbox::builder().late(1.0, Duration::from_secs(3600)).start().unwrap();
    let table = "phoneNumber\n+12025550134\n+12025550117\n";
    plan(&folder, &sandbox, ("release", table, "--allow-release")).with(0);
    assert_eq!(counts(&folder.apply(&sandbox, "--allow-release").with(0)), [2, 2, 0, 0, 0]);
    // The process ended after the outcome of the first one was on disk.
    let journal = folder.read("journal");
    let outcome = journal.lines().position(|line| json(line)["event"] == "outcome").unwrap();
    let lines: String = journal.split_inclusive('\n').take(outcome + 1).collect();
    fs::write(folder.path("journal"), lines).unwrap();
    let other = Sandbox::builder().late(1.0, Duration::from_secs(3600)).start().unwrap();
    assert_eq!(counts(&folder.apply(&other, "--allow-release").with(0)), [2, 2, 0, 0, 0]);
    for (sandbox, released) in [(&sandbox, 2), (&other, 1)] {
        let writes = writes(sandbox);
        assert!(writes.len() == released && writes.values().all(|of| of.len() == 1), "{writes:#?}");
    }
}

/// The number of numbers, which the gate `jobs` sets higher.
fn size() -> usize {
    env::var("SINCH_NUMBERS_JOB").map_or(300, |size| size.parse().unwrap())
}

/// A job of all numbers of a service that loses responses and lands writes late.
struct Job {
    folder: Folder,
    sandbox: Sandbox,
    /// The lines of the plan.
    plan: Vec<Value>,
    flags: String,
}

impl Job {
    /// Plans it. `row` makes the cells behind a number.
    fn plan(verb: &str, header: &str, flags: &str, row: impl Fn(usize) -> String) -> Self {
        let folder = Folder::new(&format!("killed.{verb}"));
        let late = Duration::from_millis(200);
        let builder = Sandbox::builder().numbers(size()).provisioning(Duration::from_millis(20));
        let sandbox = builder.lose(0.05).late(0.05, late).fail_503(0.01).start().unwrap();
        let all = run(&sandbox, "list --fields phoneNumber").with(0).out;
        let numbers =
            all.lines().map(|line| json(line)["phoneNumber"].as_str().unwrap().to_owned());
        let rows = numbers.enumerate().map(|(index, number)| format!("{number}{}\n", row(index)));
        let table = format!("{header}\n{}", rows.collect::<String>());
        plan(&folder, &sandbox, (verb, &table, flags));
        let lines = folder.read("plan").lines().skip(1).map(json).collect();
        let flags = format!("--concurrency 16 --max-failures 1000 {flags}");
        Self { folder, sandbox, plan: lines, flags }
    }

    /// Kills it at 20 random moments, resuming it each time, and lets it end.
    fn end(&self) -> Ran {
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..20 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let apply = self.folder.start(&self.sandbox, &self.flags);
            thread::sleep(Duration::from_millis(random % 800));
            kill(apply);
            // Every whole line is JSON.
            self.folder.journal();
        }
        let ended = self.folder.apply(&self.sandbox, &self.flags);
        let journal = self.folder.read("journal");
        assert!(
            journal.ends_with('\n') && journal.lines().all(|line| json(line)["event"].is_string())
        );
        ended
    }

    /// The numbers that the plan changes, each with the names of its steps.
    fn planned(&self) -> Vec<(&str, Vec<&str>)> {
        let steps = |item: &'_ Value| item["steps"].as_array().unwrap().len();
        let planned = self.plan.iter().filter(|item| steps(item) > 0);
        planned
            .map(|item| {
                let steps = item["steps"].as_array().unwrap().iter();
                let steps = steps.map(|step| step["step"].as_str().unwrap()).collect();
                (item["phoneNumber"].as_str().unwrap(), steps)
            })
            .collect()
    }
}

#[test]
fn a_relink_job_that_is_killed_again_and_again_ends_as_planned() {
    let job = Job::plan("relink", "phoneNumber,servicePlanId,trunkId", "", |index| {
        let plan = if index % 50 == 49 { "fail-me" } else { "plan-new" };
        let trunk = if index % 2 == 0 { "" } else { "trunk-new" };
        format!(",{plan},{trunk}")
    });
    let applied = job.end().with(8);
    let report = json(&applied.out);
    let writes = writes(&job.sandbox);
    let [total, done, skipped, failed, unknown] = counts(&applied);
    let fails = |item: &&Value| item["wanted"]["servicePlanId"] == "fail-me";
    let bad: Vec<_> = job.plan.iter().filter(fails).map(|item| &item["phoneNumber"]).collect();
    assert_eq!((total, skipped, unknown), (size() as u64, 0, 0), "{}", applied.err);
    assert_eq!((failed, done), (bad.len() as u64, total - bad.len() as u64), "{}", applied.err);
    for (number, steps) in job.planned() {
        // What comes after a step that failed is not sent.
        let fails = bad.iter().any(|bad| *bad == number);
        let sent = if fails {
            1 + steps.iter().position(|step| *step == "link_sms").unwrap()
        } else {
            steps.len()
        };
        let of_number = &writes[number];
        let in_vain = of_number.iter().any(|write| write.dropped.is_some());
        assert!(of_number.len() == sent && !in_vain, "{number}: {steps:?} {of_number:#?}");
        let told = result(&report, number);
        assert_eq!(told["result"], if fails { "failed" } else { "done" }, "{told}");
        assert!(
            !fails || told["reason"].as_str().unwrap().contains("SMS_PROVISIONING_FAILED"),
            "{told}"
        );
    }
}

#[test]
fn an_emergency_job_that_is_killed_again_and_again_ends_as_planned() {
    let header = "phoneNumber,displayName,streetNumber,streetInfo,location,city,state,postalCode";
    let job = Job::plan("emergency", header, "", |index| {
        // The last one is not accepted as it is, so that the plan leaves it out.
        let street = if index % 50 == 49 {
            "3500,Lenox Road NE,,Atlanta,GA,30326"
        } else {
            "12345,Main St,Apt 5,Springfield,IL,62701"
        };
        format!(",Office,{street}")
    });
    let planned = job.planned();
    assert!(planned.len() > size() / 4, "{}", planned.len());
    let applied = job.end().with(0);
    let [total, done, skipped, failed, unknown] = counts(&applied);
    assert_eq!((total, failed, unknown), (size() as u64, 0, 0), "{}", applied.err);
    assert_eq!((done, skipped), (planned.len() as u64, total - planned.len() as u64));
    let writes = writes(&job.sandbox);
    assert_eq!(writes.len(), planned.len());
    for (number, _) in planned {
        let of_number = &writes[number];
        assert!(of_number.len() == 1 && of_number[0].dropped.is_none(), "{of_number:#?}");
        assert_eq!(of_number[0].operation, "emergency_address_provision");
    }
}

#[test]
fn a_release_job_that_is_killed_again_and_again_repeats_nothing() {
    let job = Job::plan("release", "phoneNumber", "--allow-release", |_| String::new());
    let planned = job.planned();
    let applied = job.end();
    let report = json(&applied.out);
    let [_, done, _, failed, unknown] = counts(&applied);
    assert_eq!((done + unknown, failed), (planned.len() as u64, 0), "{}", applied.err);
    assert!(done > unknown, "{}", applied.err);
    let applied = applied.with(if unknown == 0 { 0 } else { 6 });
    let writes = writes(&job.sandbox);
    for (number, _) in planned {
        let told = result(&report, number);
        // One that was not carried out when its process was killed is left to people.
        match writes.get(number).map(Vec::as_slice) {
            None => assert_eq!(told["result"], "unknown", "{told} {}", applied.err),
            Some([once]) => {
                assert_eq!(told["result"], "done", "{told} {once:#?}");
                assert!(once.dropped.is_none() && once.operation == "active_release", "{once:#?}");
            }
            Some(more) => panic!("{number}: {more:#?}"),
        }
    }
}
