//! A program that is killed in the middle of a relink: the next relink ends the same way, and repeats nothing in vain.

use std::env;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use sinch_numbers::{Client, NumberUpdate, Relink, Sandbox};

use crate::support::sandboxed::client;
use crate::support::toolchain::sandbox_account;

const NUMBER: &str = "+12025550101";
const ROUNDS: u64 = 50;
const AT_ONCE: usize = 5;

fn wanted() -> Relink {
    Relink::to(NumberUpdate::new().link_campaign("plan-new", "camp-new").assign_trunk("trunk-new"))
}

/// Set in the process that is killed, which runs this same test.
const KILLED: &str = "SINCH_NUMBERS_TEST_KILLED";

fn start(sandbox: &Sandbox) -> Child {
    sandbox_account(&mut Command::new(env::current_exe().unwrap()), sandbox)
        .args(["--exact", "converge::killed::a_relink_that_was_killed_is_finished_by_the_next"])
        .env(KILLED, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills a relink around its `request`th request and relinks again. Returns whether the first one was killed on the way.
fn round(round: u64) -> bool {
    let sandbox = Sandbox::builder()
        .provisioning(Duration::from_millis(60))
        .latency(Duration::from_millis(3))
        .start()
        .unwrap();
    let client = client(&sandbox);
    let mut child = start(&sandbox);
    // The requests of a whole relink, and a moment within one.
    let request = round % 13;
    while sandbox.requests() < request && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_micros(200));
    }
    thread::sleep(Duration::from_micros(round * 7_919 % 6_000));
    let on_the_way = child.try_wait().unwrap().is_none();
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();

    let number = client.relink(NUMBER, &wanted()).unwrap().into_inner().number;
    let sms = number.sms_configuration.unwrap();
    assert_eq!(
        (sms.service_plan_id.as_deref(), sms.campaign_id.as_deref(), sms.scheduled_provisioning),
        (Some("plan-new"), Some("camp-new"), None),
        "round {round}"
    );
    let voice = number.voice_configuration.unwrap();
    assert_eq!(
        (voice.trunk_id.as_deref(), voice.scheduled_voice_provisioning),
        (Some("trunk-new"), None),
        "round {round}"
    );
    // Unlink, link, assign, and at most the one that was on its way when the process was killed once more.
    let writes = sandbox.shutdown();
    assert!((3..=4).contains(&writes.len()), "round {round}: {writes:?}");
    on_the_way
}

#[test]
fn a_relink_that_was_killed_is_finished_by_the_next() {
    if env::var_os(KILLED).is_some() {
        Client::from_env().unwrap().relink(NUMBER, &wanted()).unwrap();
        return;
    }
    let (next, killed) = (Mutex::new(0), Mutex::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let mine = {
                        let mut next = next.lock().unwrap();
                        *next += 1;
                        *next - 1
                    };
                    if mine >= ROUNDS {
                        break;
                    }
                    *killed.lock().unwrap() += u32::from(round(mine));
                }
            });
        }
    });
    let killed = *killed.lock().unwrap();
    println!("{killed} of {ROUNDS} were killed on the way");
    // A relink that waits for its first response is certainly on the way.
    assert!(killed > 0);
}
