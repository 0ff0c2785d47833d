//! Formats of standard output, completions, manual pages and the sandbox.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use sinch_numbers::Sandbox;

use super::{PROGRAM, command, ended, run, sandbox};

/// Replaces days, which depend on when the sandbox was started.
pub(super) fn without_days(text: &str) -> String {
    let is_day = |word: &str| {
        word.len() == 10
            && word.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
    };
    let mut text = text.to_owned();
    let mut at = 0;
    while at + 10 <= text.len() {
        if text.get(at..at + 10).is_some_and(is_day) {
            text.replace_range(at..at + 10, "YYYY-MM-DD");
        }
        at += 1;
    }
    text
}

#[test]
fn a_list_is_a_table() {
    let ran = run(&sandbox(), "list -o table").with(0);
    let table = "\
NUMBER         NAME              COUNTRY  TYPE       SMS                    VOICE            PRICE             STATE
+12025550101   Reception         US       LOCAL      plan-desk              RTC app-desk     2.00 USD          ok
+12025550117                     US       LOCAL                                              2.00 USD          ok
+12025550123   Alerts            US       MOBILE     plan-alerts + CDEMO01                   2.00 USD          ok
+12025550134   MyPhoneNumber     US       MOBILE                                             2.00 USD          ok
+12025550142   Trunk north       US       LOCAL                             EST trunk-north  2.00 USD          ok
+12025550156   Fax               US       LOCAL                             FAX fax-office   2.00 USD          ok
+12025550168   Campaign refused  US       LOCAL                                              2.00 USD          SMS failed: CAMPAIGN_NOT_AVAILABLE
+12025550179   Old shop          US       LOCAL                                              2.00 USD          expires YYYY-MM-DD
+18005550199   Free line         US       TOLL_FREE                         RTC app-desk     2.50 USD          ok
+447700900123  London mobile     GB       MOBILE     plan-uk                                 1.00 GBP          ok
+447700900456                    GB       MOBILE                                             1.00 GBP          ok
+46701740605   Stockholm         SE       MOBILE                                             0.80 EUR / 12 mo  voice failed
";
    assert_eq!(without_days(&ran.out), table);
    assert_eq!(ran.err, "12 numbers\n");
}

#[test]
fn one_number_is_a_column() {
    let ran = run(&sandbox(), "get +12025550123 -o table").with(0);
    let (head, rest) = ran.out.split_once("Next charge").unwrap();
    let shown = "\
Number        +12025550123
Name          Alerts
Country       US
Type          MOBILE
Capability    SMS VOICE
Service plan  plan-alerts
Campaign      CDEMO01
Price         2.00 USD
";
    assert_eq!(head, shown);
    assert!(rest.ends_with("\nProject       sandbox-project\nState         ok\n"), "{rest}");
}

#[test]
fn lists_are_as_asked() {
    let sandbox = sandbox();
    let lines = run(&sandbox, "list").with(0).out;
    assert_eq!(lines.lines().count(), 12);
    let whole: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let document = run(&sandbox, "list -o json").with(0).out;
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&document).unwrap(), whole);
    assert_eq!(run(&sandbox, "list -o json --starts-with +999").with(0).out, "[]\n");
    let one = run(&sandbox, "get +12025550101 -o json").with(0).out;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&one).unwrap(), whole[0]);

    let cut =
        run(&sandbox, "list --region SE --fields phoneNumber,paymentIntervalMonths,state,/money");
    assert_eq!(
        cut.with(0).out,
        "{\"phoneNumber\":\"+46701740605\",\"paymentIntervalMonths\":12,\"state\":\"voice failed\",\
         \"/money\":{\"amount\":\"0.80\",\"currencyCode\":\"EUR\"}}\n"
    );
    let csv =
        run(&sandbox, "list --region GB -o csv --fields phoneNumber,displayName,servicePlanId");
    assert_eq!(
        csv.with(0).out,
        "phoneNumber,displayName,servicePlanId\n+447700900123,London mobile,plan-uk\n+447700900456,,\n"
    );
    let all = run(&sandbox, "list --starts-with +999 -o csv").with(0).out;
    assert!(
        all.starts_with("phoneNumber,displayName,regionCode,type,") && all.lines().count() == 1
    );
    let wrong = run(&sandbox, "list --fields phoneNumber,plan").with(2);
    assert!(wrong.err.contains("\"plan\"") && wrong.err.contains("servicePlanId"), "{wrong:?}");
    assert_eq!(wrong.out, "");

    for (flags, count) in [
        ("--limit 5", 5),
        ("--limit 5 --page-size 2", 5),
        ("--type TOLL_FREE", 1),
        ("--region US --capability SMS --capability VOICE --ends-with 34", 1),
        ("--contains 5550", 9),
        ("--order-by displayName --page-size 1", 12),
    ] {
        let ran = run(&sandbox, &format!("list {flags}")).with(0);
        assert_eq!(ran.out.lines().count(), count, "{flags}");
        assert!(ran.err.starts_with(&format!("{count} number")), "{flags}: {}", ran.err);
    }
}

#[test]
fn colours_are_for_terminals() {
    let ran = run(&sandbox(), "get 5").with(2);
    assert!(ran.err.starts_with("error: ") && !ran.err.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let sandbox = Sandbox::builder().numbers(5000).start().unwrap();
    let mut list =
        command(&sandbox, "list").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut reader = BufReader::new(list.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    assert!(first.contains("phoneNumber"), "{first}");
    let mut said = String::new();
    list.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(list.wait().unwrap().success() && said.is_empty(), "{said}");
}

#[test]
fn a_full_disk_is_a_failure() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = ended(&command(&sandbox(), "list").stdout(full).output().unwrap()).with(1);
    assert!(ran.err.contains("standard output: "), "{ran:?}");
}

#[test]
fn shells_and_man_know_every_verb() {
    let sandbox = sandbox();
    let bash = run(&sandbox, "completions bash").with(0).out;
    let page = run(&sandbox, "man").with(0).out;
    for verb in ["list", "relink", "emergency", "callbacks", "doctor", "sandbox"] {
        assert!(bash.contains(verb) && page.contains(verb), "{verb}");
    }
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(!run(&sandbox, &format!("completions {shell}")).with(0).out.is_empty());
    }
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("man.{}", std::process::id()));
    run(&sandbox, &format!("man --dir {}", folder.display())).with(0);
    for name in ["sinch-numbers.1", "sinch-numbers-emergency-set.1"] {
        let page = fs::read_to_string(folder.join(name)).unwrap();
        assert!(page.contains(".SH"), "{name}");
    }
    fs::remove_dir_all(folder).unwrap();
    let version = concat!("sinch-numbers ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(run(&sandbox, "--version").with(0).out, version);
}

#[test]
fn the_sandbox_runs_until_it_is_told_to_stop() {
    let ledger = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("ledger.{}", std::process::id()));
    let mut service = Command::new(PROGRAM)
        .args(["sandbox", "--quiet", "--ledger"])
        .arg(&ledger)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().unwrap();
    let exports: Vec<_> = lines.by_ref().take(6).collect();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let mut update = Command::new(PROGRAM);
    update.args(["update", "+12025550134", "--display-name", "x"]);
    for export in &exports {
        let (name, value) = export.strip_prefix("export ").unwrap().split_once('=').unwrap();
        update.env(name, value);
    }
    ended(&update.output().unwrap()).with(0);
    // SAFETY: a signal to a child that was not waited for yet.
    unsafe { libc::kill(service.id().try_into().unwrap(), libc::SIGTERM) };
    assert!(service.wait().unwrap().success());
    let written = fs::read_to_string(&ledger).unwrap();
    assert!(
        written.contains(r#""operation":"active_update""#) && written.lines().count() == 1,
        "{written}"
    );
    fs::remove_file(ledger).unwrap();
    let taken = Command::new(PROGRAM).args(["sandbox", "--lose", "2"]).output().unwrap();
    assert!(ended(&taken).with(2).err.contains("lose"));
}
