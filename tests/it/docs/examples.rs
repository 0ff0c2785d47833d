//! The examples and the README: they run, against a sandbox, and print what they promise.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use sinch_numbers::{Client, ListNumbers, Provisioning, Sandbox};

use crate::python::python;
use crate::support::sandboxed::client;
use crate::support::toolchain::{
    self, bare, compile, fed, library_folder, printed as out, root, with_account,
};

/// Where cargo put the examples when it built this test.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: `cargo test` builds it", path.display());
    path
}

/// A callback that was signed with another implementation, and what the Rust example makes of it.
pub(crate) const CALLBACK: &str = r#"{"eventId":"e","resourceId":"+12025550134","resourceType":"ACTIVE_NUMBER","eventType":"PROVISIONING_TO_CAMPAIGN","status":"FAILED","failureCode":"CAMPAIGN_EXPIRED"}"#;
pub(crate) const CALLBACK_SIGNATURE: &str = "0f6013d4ba4b7c4e326d803a50e1af9d4f9e852d";
const CALLBACK_SAYS: &str =
    "read +12025550134\nthe campaign has expired: renew it in TCR, or use another campaign\n";

/// Runs a program with the callback's body on standard input, its secret in the environment, and a signature as its argument.
pub(crate) fn given(command: &mut Command, signature: &str) -> Output {
    let command = command.arg(signature).env("SINCH_CALLBACK_SECRET", "my-callback-secret");
    fed(command, CALLBACK.as_bytes())
}

fn sandbox() -> Sandbox {
    Sandbox::builder().provisioning(Duration::from_millis(10)).start().unwrap()
}

/// A number of the seeded fleet that nothing is linked to.
fn free_number(client: &Client) -> String {
    let free = client.numbers(&ListNumbers::new()).map(Result::unwrap).find(|number| {
        number.provisioning() == Provisioning::Settled
            && number.expire_at.is_none()
            && number.sms_configuration.as_ref().is_none_or(|sms| sms.service_plan_id.is_none())
    });
    free.unwrap().phone_number
}

#[test]
fn the_tour_goes_all_the_way() {
    let printed = out(&bare(example("tour")).output().unwrap());
    for piece in [
        "No account in the environment",
        "== List the numbers",
        "== Find +",
        "== Link it to a voice application",
        "assign_voice: Done",
        "== Wait until no job is under way",
        "no job left",
        "voice: RTC demo-voice-app",
        "== Validate an emergency address",
        "NEAR_MATCH",
        "== Make sure that it is on the number",
        "provisioned: 3500 Lenox Rd NE, Atlanta, GA 30326",
        "== Read it back",
        "== Deprovision it",
        "== Release the number",
        "is ours until",
    ] {
        assert!(printed.contains(piece), "{piece:?} is missing in:\n{printed}");
    }
}

#[test]
fn the_tour_only_reads_an_account() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let fleet = || client.list(&ListNumbers::new()).unwrap().json().to_owned();
    let before = fleet();
    let printed = out(&with_account(example("tour"), &sandbox).output().unwrap());
    assert!(printed.contains("Your account; reading only"), "{printed}");
    assert!(printed.contains("nothing was changed"), "{printed}");
    assert_eq!(fleet(), before);
}

#[test]
fn the_tour_changes_what_it_is_told_to() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let number = free_number(&client);
    let told = ["--write", "--number", &number];
    let printed = out(&with_account(example("tour"), &sandbox).args(told).output().unwrap());
    assert!(printed.contains("skipped: no --app"), "{printed}");
    assert!(printed.contains("skipped: no --release"), "{printed}");
    assert_eq!(client.get(&number).unwrap().expire_at, None);
    let told = ["--write", "--number", &number, "--app", "app-7", "--release"];
    let printed = out(&with_account(example("tour"), &sandbox).args(told).output().unwrap());
    assert!(printed.contains("voice: RTC app-7"), "{printed}");
    assert!(client.get(&number).unwrap().expire_at.is_some());
    for wrong in [&["--write"][..], &["--release"], &["--number", "+12025550134"], &["--nonsense"]]
    {
        let output = with_account(example("tour"), &sandbox).args(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{wrong:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{wrong:?}");
    }
}

#[test]
fn list_prints_a_table() {
    let printed =
        out(&bare(example("list")).args(["--region", "US", "--page-size", "2"]).output().unwrap());
    assert!(printed.starts_with("NUMBER "), "{printed}");
    let rows = printed.lines().count() - 2;
    assert!(rows > 2 && printed.ends_with(&format!("\n{rows} numbers\n")), "{printed}");
    let output = bare(example("list")).args(["--page-size", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("pageSize: is 0"));
}

#[test]
fn the_small_ones_do_their_one_thing() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let number = free_number(&client);
    let run = |name: &str, arguments: &[&str]| {
        out(&with_account(example(name), &sandbox).args(arguments).output().unwrap())
    };
    assert!(run("get_number", &[&number]).starts_with(&number));
    assert!(run("link_service_plan", &[&number, "plan-a"]).contains("is linked to plan-a"));
    assert!(run("link_service_plan", &[&number, "plan-b"]).contains("is linked to plan-b"));
    assert!(run("link_service_plan", &[&number, "plan-b"]).contains("already"));
    let printed =
        run("emergency_address", &[&number, "3500", "Lenox Road NE", "Atlanta", "GA", "30326"]);
    assert!(printed.contains("corrected: ") && printed.contains("provisioned: "), "{printed}");
    assert_eq!(run("careful_write", &[&number, "reception"]), "renamed\n");
    assert_eq!(client.get(&number).unwrap().display_name.as_deref(), Some("reception"));

    let (mut found, mut token) = (0, None::<String>);
    loop {
        let printed = run("resume_list", token.as_deref().as_slice());
        found += printed.lines().filter(|line| line.starts_with('+')).count();
        match printed.lines().last().unwrap().strip_prefix("next: ") {
            Some(next) => token = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(found, client.numbers(&ListNumbers::new()).count());

    let mut receiving = bare(example("receive_callback"));
    assert_eq!(out(&given(&mut receiving, CALLBACK_SIGNATURE)), CALLBACK_SAYS);
    let refused = given(&mut bare(example("receive_callback")), "x");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("Signature(Malformed)"), "{said}");

    let printed = run("all_operations", &[&number]);
    for operation in [
        "list",
        "get",
        "update",
        "validate",
        "provision",
        "emergency address",
        "deprovision",
        "release",
    ] {
        assert!(printed.contains(&format!("{operation}: ")), "{printed}");
    }
}

/// The blocks of the README in a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let fence = format!("```{language}\n");
    let blocks: Vec<String> = readme
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect();
    assert!(!blocks.is_empty(), "the README has no {language}");
    blocks
}

/// Writes a block of the README to a file of its own.
fn file(name: &str, text: &str) -> String {
    toolchain::file(name, text).to_str().unwrap().to_owned()
}

#[test]
fn the_readme_s_rust_runs() {
    let source = fs::read_to_string(root().join("examples/readme.rs")).unwrap();
    let code = source.split_once("\n\n").unwrap().1;
    let waits = fs::read_to_string(root().join("examples/readme_relink.rs")).unwrap();
    let waits = waits.split_once("\n\n").unwrap().1;
    assert_eq!(blocks("rust"), [code, waits], "the README's examples are examples/readme*.rs");
    let sandbox = sandbox();
    let printed = out(&with_account(example("readme"), &sandbox).output().unwrap());
    let fleet = client(&sandbox).numbers(&ListNumbers::new().region_code("US")).count();
    assert_eq!(printed.lines().filter(|line| line.starts_with("+1")).count(), fleet, "{printed}");
    assert!(printed.ends_with("Pending\n"), "{printed}");
}

#[test]
fn the_readme_s_c_and_cplusplus_run() {
    let sandbox = sandbox();
    let c = compile("cc", &file("readme.c", &blocks("c")[0]), &["-std=c99"]);
    let fleet = client(&sandbox).numbers(&ListNumbers::new().region_code("US")).map(|number| {
        let number = number.unwrap();
        format!("{} {}\n", number.phone_number, number.display_name.unwrap_or_default())
    });
    let fleet: String = fleet.collect();
    assert_eq!(out(&with_account(c, &sandbox).output().unwrap()), fleet);
    let cpp = compile("c++", &file("readme.cpp", &blocks("cpp")[0]), &["-std=c++11"]);
    assert_eq!(out(&with_account(cpp, &sandbox).output().unwrap()), fleet);
}

#[test]
fn the_readme_s_python_runs() {
    let sandbox = sandbox();
    let script = file("readme.py", &blocks("python")[0]);
    let printed = out(&with_account("python3", &sandbox)
        .arg(script)
        .env("PYTHONPATH", root().join("examples/python"))
        .env("SINCH_NUMBERS_LIBRARY", library_folder().join("libsinch_numbers.so"))
        .output()
        .unwrap());
    assert_eq!(printed.lines().count(), 9, "{printed}");
    let name = client(&sandbox).get("+12025550134").unwrap().into_inner().display_name;
    assert_eq!(name.as_deref(), Some("reception"));
}

#[test]
fn the_readme_relinks_in_four_languages() {
    let block = |language| {
        let block = blocks(language).into_iter().find(|block| block.contains("relink("));
        block.unwrap_or_else(|| panic!("the README's {language} does not relink"))
    };
    let c = compile("cc", &file("readme_relink.c", &block("c")), &["-std=c99"]);
    let cpp = compile("c++", &file("readme_relink.cpp", &block("cpp")), &["-std=c++11"]);
    let script = file("readme_relink.py", &block("python"));
    let commands = ["rust", "c", "cpp", "python"].map(|language| {
        let sandbox = sandbox();
        let program = match language {
            "rust" => example("readme_relink"),
            "c" => c.clone(),
            "cpp" => cpp.clone(),
            _ => PathBuf::from("python3"),
        };
        let mut command = with_account(program, &sandbox);
        if language == "python" {
            command.arg(&script);
            command.env("PYTHONPATH", root().join("examples/python"));
            command.env("SINCH_NUMBERS_LIBRARY", library_folder().join("libsinch_numbers.so"));
        }
        (sandbox, command)
    });
    for (sandbox, mut command) in commands {
        let printed = out(&command.output().unwrap()).to_lowercase();
        assert!(printed.contains("done") && printed.ends_with("changed: true\n"), "{printed}");
        let client = client(&sandbox);
        let number = client.get("+12025550134").unwrap();
        let sms = number.sms_configuration.as_ref().unwrap();
        assert_eq!(sms.service_plan_id.as_deref(), Some("YOUR_planId"));
        let address = client.emergency_address("+12025550134").unwrap();
        assert_eq!(address.street_info.as_deref(), Some("Lenox Rd NE"));
    }
}

#[test]
fn the_readme_s_callback_is_verified() {
    let script = file("readme_callback.py", &blocks("python")[1]);
    let mut python = python();
    python.arg(script).env("PYTHONPATH", root().join("examples/python"));
    let action = "renew it in TCR, or use another campaign";
    let printed = out(&given(&mut python, CALLBACK_SIGNATURE));
    assert_eq!(printed, format!("read +12025550134\n{action}\n"));
}

#[test]
fn the_readme_names_what_there_is() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for folder in ["examples", "examples/c", "examples/cpp", "examples/python"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let shown = match path.extension().and_then(|extension| extension.to_str()) {
                Some("rs") => name.strip_suffix(".rs").unwrap(),
                Some("c" | "cpp" | "py") => name,
                _ => continue,
            };
            let helper =
                ["readme", "readme_relink", "hatch_build.py", "telephony_host.c"].contains(&shown);
            assert!(helper || readme.contains(shown), "{folder}/{name} is not in the README");
        }
    }
    // As GitHub calls them in links.
    let headings: Vec<String> = readme
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| format!("#{}", line.trim_matches(['#', ' ']).to_lowercase().replace(' ', "-")))
        .collect();
    for link in readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        // The package has no benches: cargo leaves out a folder that holds a crate of its own.
        let packaged = link.starts_with("benches/") && !root().join("benches").exists();
        let leads = match link {
            link if link.starts_with("https://") => true,
            link if link.starts_with('#') => headings.iter().any(|heading| heading == link),
            link => root().join(link).exists(),
        };
        assert!(leads || packaged, "{link} leads nowhere");
    }
    // The commands that are printed are the ones that the other tests and the gates run.
    for command in [
        "cargo run --example tour",
        "cargo test",
        "./install.sh",
        "cargo cinstall --locked --release",
        "cargo run --features cli -- sandbox",
    ] {
        assert!(readme.contains(command), "{command}");
    }
}
