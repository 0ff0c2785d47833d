//! The examples in C and C++: they compile as they say, run against a sandbox, print what they promise, and change what
//! they say they change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sinch_numbers::{ListNumbers, Sandbox};

use crate::docs::examples::{CALLBACK_SIGNATURE, given};
use crate::support::sandboxed::client;
use crate::support::server::{Server, ok, response};
use crate::support::toolchain::{
    bare, compile, folder as run_folder, library_folder, printed, root, server_account,
    with_account,
};

const LANGUAGES: [(&str, &str, &str); 2] = [("cc", "c", "-std=c99"), ("c++", "cpp", "-std=c++11")];

/// Compiles an example once, whichever tests want it.
fn built(compiler: &str, source: &str, flags: &[&str]) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let program = built.entry(source.to_owned());
    program.or_insert_with(|| compile(compiler, source, flags)).clone()
}

/// An example in each language.
fn programs(name: &str) -> [PathBuf; 2] {
    LANGUAGES.map(|(compiler, folder, dialect)| {
        built(compiler, &format!("examples/{folder}/{name}.{folder}"), &[dialect])
    })
}

fn sandbox(provisioning: Duration) -> Sandbox {
    Sandbox::builder().provisioning(provisioning).start().unwrap()
}

fn run(program: &Path, sandbox: &Sandbox, arguments: &[&str]) -> Output {
    with_account(program, sandbox).args(arguments).output().unwrap()
}

/// Runs a program against a server that answers by a script.
fn run_scripted(program: &Path, server: &Server, arguments: &[&str]) -> Output {
    server_account(&mut bare(program), &server.url).args(arguments).output().unwrap()
}

/// What a program said when it failed.
fn failed(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    stderr
}

#[test]
fn the_command_on_top_of_each_builds_it() {
    const ASKS: &str = "$(pkg-config --cflags --libs sinch_numbers)";
    let (include, lib) = (root().join("include"), library_folder());
    let flags = format!("-I{} -L{} -lsinch_numbers", include.display(), lib.display());
    let mut seen = 0;
    for (_, folder, _) in LANGUAGES {
        let folder = root().join("examples").join(folder);
        let work = run_folder().join(folder.strip_prefix(root()).unwrap());
        fs::create_dir_all(&work).unwrap();
        // What is for one switch, in a folder of its own, needs its headers.
        let files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_file())
            .collect();
        for file in &files {
            fs::copy(file.path(), work.join(file.file_name())).unwrap();
        }
        for file in files.iter().filter(|file| file.file_name() != "telephony.h") {
            let text = fs::read_to_string(file.path()).unwrap();
            let name = file.file_name().into_string().unwrap();
            let command = text.lines().take(14).find(|line| {
                line.trim_start_matches([' ', '*', '/']).starts_with('c') && line.contains(&name)
            });
            let command = command.unwrap().trim_start_matches([' ', '*', '/']);
            // The host knows its module alone.
            assert_eq!(command.contains(ASKS), name != "telephony_host.c", "{command}");
            let command = command.replace(ASKS, &flags);
            let built = Command::new("sh").args(["-c", &command]).current_dir(&work).output();
            let built = built.unwrap();
            assert!(built.status.success(), "{command}: {built:?}");
            seen += 1;
        }
    }
    assert_eq!(seen, 10);
}

#[test]
fn they_say_how_they_are_used() {
    for (name, wrong) in [
        ("list_fleet", &["--help"][..]),
        ("link_number", &[]),
        ("link_number", &["+12025550134", "fax", "x"]),
        ("link_number", &["+12025550134", "app", ""]),
        ("link_number", &["+12025550134", "app", "x", "0"]),
        ("emergency_address", &["+12025550134", "Office"]),
        ("receive_callback", &[]),
    ] {
        for program in programs(name) {
            let output = bare(&program).args(wrong).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{name} {wrong:?}");
            let usage = format!("usage: {name} ");
            assert!(String::from_utf8_lossy(&output.stderr).starts_with(&usage), "{name}");
        }
    }
    for program in programs("list_fleet") {
        let output = bare(&program).output().unwrap();
        assert!(failed(&output).contains("SINCH_PROJECT_ID"));
    }
}

#[test]
fn list_fleet_prints_every_number() {
    let sandbox = sandbox(Duration::ZERO);
    let fleet: Vec<String> = client(&sandbox)
        .numbers(&ListNumbers::new())
        .map(|number| number.unwrap().phone_number)
        .collect();
    let mut texts = Vec::new();
    for program in programs("list_fleet") {
        let text = printed(&run(&program, &sandbox, &[]));
        let first: Vec<_> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(first[..fleet.len()], fleet);
        assert!(text.ends_with(&format!("\n{} numbers\n", fleet.len())), "{text}");
        assert!(text.contains(
            "+12025550142     US  LOCAL      sms: -              voice: trunk-north    Trunk north"
        ));
        assert_eq!(printed(&run(&program, &sandbox, &[r#"{"pageSize": 5}"#])), text);
        let british = printed(&run(&program, &sandbox, &[r#"{"regionCode": "GB"}"#]));
        assert_eq!(british.lines().count(), 3, "{british}");
        let output = run(&program, &sandbox, &[r#"{"pagesize": 5}"#]);
        assert!(failed(&output).contains("known are regionCode"), "{output:?}");
        texts.push(text);

        // An empty page in the middle is no end; nothing is written in four ways.
        let server = Server::new([
            ok(r#"{"activeNumbers":[],"nextPageToken":"a"}"#),
            ok(
                r#"{"activeNumbers":[{"phoneNumber":"+1","displayName":null,"regionCode":"","smsConfiguration":{}}]}"#,
            ),
        ]);
        let text = printed(&run_scripted(&program, &server, &[]));
        let row = "+1               -   -          sms: -              voice: -              -\n1 numbers\n";
        assert_eq!(text, row);
        // A page that does not come is not the end of the list.
        let server = Server::new([
            ok(r#"{"activeNumbers":[{"phoneNumber":"+1"}],"nextPageToken":"a"}"#),
            response(404, "{}"),
        ]);
        let output = run_scripted(&program, &server, &[]);
        assert!(failed(&output).contains("404"));
        assert!(!String::from_utf8_lossy(&output.stdout).contains("numbers"));
    }
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn link_number_links_and_waits() {
    const APP: &str = "my \"app\" \\ ü";
    for program in programs("link_number") {
        let sandbox = sandbox(Duration::from_millis(10));
        let client = client(&sandbox);
        let link = |arguments: &[&str]| run(&program, &sandbox, arguments);

        let text = printed(&link(&["+12025550134", "app", APP]));
        assert!(text.ends_with(&format!("+12025550134 is linked to {APP}\n")), "{text}");
        let number = client.get("+12025550134").unwrap();
        let voice = number.voice_configuration.as_ref().unwrap();
        assert_eq!(voice.app_id.as_deref(), Some(APP));

        // This one is linked to another plan before.
        let text = printed(&link(&["+12025550101", "plan", "plan-b"]));
        assert!(text.ends_with("+12025550101 is linked to plan-b\n"), "{text}");
        let number = client.get("+12025550101").unwrap();
        let sms = number.sms_configuration.as_ref().unwrap();
        assert_eq!(sms.service_plan_id.as_deref(), Some("plan-b"));
        let text = printed(&link(&["+12025550101", "plan", "plan-b"]));
        assert_eq!(text, "+12025550101 is linked to plan-b already\n");

        let stderr = failed(&link(&["+12025550117", "plan", "fail-CAMPAIGN_EXPIRED"]));
        assert!(
            stderr.contains("provisioning failed: ") && stderr.contains("CAMPAIGN_EXPIRED: "),
            "{stderr}"
        );
        assert!(stderr.contains("what to do: ") && stderr.contains("; it was {"), "{stderr}");
        let stderr = failed(&link(&["+12025550117", "app", "fail-app"]));
        assert!(stderr.contains("the job for voice failed"), "{stderr}");
        let stderr = failed(&link(&["+12025550000", "app", "x"]));
        assert!(stderr.contains("status 404"), "{stderr}");
    }
}

#[test]
fn link_number_does_not_wait_for_ever() {
    for program in programs("link_number") {
        let sandbox = sandbox(Duration::from_secs(3600));
        let output = run(&program, &sandbox, &["+12025550134", "app", "app-7", "1"]);
        assert!(failed(&output).contains("deadline passed"), "{output:?}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("is linked"), "{output:?}");
    }
}

#[test]
fn link_number_reads_again_when_a_response_is_lost() {
    let linked = r#"{"phoneNumber":"+12025550134","voiceConfiguration":{"appId":"app-7"}}"#;
    for program in programs("link_number") {
        let server = Server::new([
            ok(r#"{"phoneNumber":"+12025550134"}"#),
            // The update: its outcome is unknown, and reading it back fails.
            response(500, ""),
            response(404, ""),
            ok(linked),
        ]);
        let output = run_scripted(&program, &server, &["+12025550134", "app", "app-7"]);
        let text = printed(&output);
        assert_eq!(text, "assign_voice\n+12025550134 is linked to app-7\n");
        assert_eq!(server.requests().iter().filter(|request| request.method == "PATCH").count(), 1);
    }
}

#[test]
fn emergency_address_takes_the_correction() {
    const NUMBER: &str = "+12025550134";
    for program in programs("emergency_address") {
        let sandbox = sandbox(Duration::ZERO);
        let client = client(&sandbox);
        let put = |street: &str, more: &[&str]| {
            let address = [NUMBER, "The \"Office\"", "3500", street, "Atlanta", "GA", "30326"];
            run(&program, &sandbox, &[&address, more].concat())
        };

        let output = put("Lenox Road", &[]);
        assert!(failed(&output).contains("does not accept the address: NO_MATCH"), "{output:?}");
        assert_eq!(output.stdout, b"perhaps: 3500 Lenox Rd NE, Atlanta, GA 30326\n".to_vec());
        assert_eq!(client.emergency_address(NUMBER).unwrap_err().http_status(), Some(404));

        let line = "3500 Lenox Rd NE, Floor 2, Atlanta, GA 30326";
        let text = printed(&put("Lenox Road NE", &["Floor 2"]));
        assert_eq!(text, format!("NEAR_MATCH\nprovisioned: {line}\n"));
        let address = client.emergency_address(NUMBER).unwrap();
        assert_eq!(address.street_info.as_deref(), Some("Lenox Rd NE"));
        assert_eq!(address.location.as_deref(), Some("Floor 2"));
        assert_eq!(printed(&put("Lenox Rd NE", &["Floor 2"])), format!("stands already: {line}\n"));

        let text = printed(&put("Lenox Rd NE", &[]));
        assert_eq!(text, "EXACT_MATCH\nprovisioned: 3500 Lenox Rd NE, Atlanta, GA 30326\n");
        assert_eq!(client.emergency_address(NUMBER).unwrap().location, None);
    }
}

#[test]
fn emergency_address_takes_no_other_place() {
    // Without the floor it is another flat, or none.
    const NEAR: &str = r#"{"validationResult":"NEAR_MATCH","correctedAddress":{"streetNumber":"1","streetInfo":"A St","city":"C","state":"GA","postalCode":"30326","location":null}}"#;
    let none = response(
        404,
        r#"{"error":{"code":404,"message":"","status":"NOT_FOUND","details":[{"type":"ResourceInfo","resourceType":"EmergencyAddress"}]}}"#,
    );
    let arguments = ["+12025550134", "Office", "1", "A St", "C", "GA", "30326", "Floor 2"];
    for program in programs("emergency_address") {
        let server = Server::new([none.clone(), ok(NEAR)]);
        let output = run_scripted(&program, &server, &arguments);
        assert!(failed(&output).contains("does not accept the address: NEAR_MATCH"), "{output:?}");
        assert_eq!(output.stdout, b"not the same place: 1 A St, C, GA 30326\n".to_vec());
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn receive_callback_takes_what_is_genuine() {
    for program in programs("receive_callback") {
        let text = printed(&given(&mut bare(&program), CALLBACK_SIGNATURE));
        let line = "+12025550134: PROVISIONING_TO_CAMPAIGN FAILED\n{\"code\":\"CAMPAIGN_EXPIRED\",";
        assert!(text.starts_with(line), "{text}");
        // While the secret is replaced.
        let mut old = bare(&program);
        old.env("SINCH_CALLBACK_SECRET_OLD", "\"another\"");
        assert_eq!(printed(&given(&mut old, CALLBACK_SIGNATURE)), text);
        let wrong = CALLBACK_SIGNATURE.replace('a', "b");
        for (signature, piece) in [
            ("", "signature is missing"),
            ("x", "not 40 hexadecimal digits"),
            (&wrong, "of another secret"),
        ] {
            let output = given(&mut bare(&program), signature);
            assert!(failed(&output).contains(piece) && output.stdout.is_empty(), "{output:?}");
        }
    }
}

/// The switch and its module.
fn telephony() -> (PathBuf, PathBuf) {
    let module = compile("cc", "examples/c/telephony_module.c", &["-std=c99", "-shared", "-fPIC"]);
    (built("cc", "examples/c/telephony_host.c", &["-std=c99"]), module)
}

#[test]
fn a_telephony_module_routes_and_is_unloaded_under_load() {
    let (host, module) = telephony();
    let module = module.to_str().unwrap();
    let sandbox = Sandbox::start().unwrap();
    // Far longer than any response takes.
    let numbers = ["60000", "+12025550101", "+12025550142", "+12025550117", "+12025550000"];
    let output = run(&host, &sandbox, &[&[module], &numbers[..]].concat());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "+12025550101: routed to RTC app-desk\n\
         +12025550142: routed to EST trunk-north\n\
         +12025550117: no route\n\
         +12025550000: no route\n\
         8 threads: 16 routed 16 no route\n\
         hung up: cancelled\n\
         stopped: 8 threads came back\n\
         unloaded\n"
    );
    // The module's log goes through the switch.
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.lines().all(|line| line.starts_with("module[")), "{log}");
}

#[test]
fn a_telephony_module_is_not_held_up_by_a_service_that_is_silent() {
    let (host, module) = telephony();
    let module = module.to_str().unwrap();
    let sandbox = Sandbox::builder().latency(Duration::from_secs(3600)).start().unwrap();
    let output = run(&host, &sandbox, &[module, "50", "+12025550101"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "+12025550101: too late\n\
         8 threads: 8 too late\n\
         hung up: cancelled\n\
         stopped: 8 threads came back\n\
         unloaded\n"
    );
}

#[test]
fn a_telephony_switch_says_why_it_cannot_load_a_module() {
    let (host, module) = telephony();
    let output = bare(&host).args(["./nothing.so", "50", "+1"]).output().unwrap();
    assert!(failed(&output).contains("nothing.so"));
    let output = bare(&host).args([module.to_str().unwrap(), "50", "+1"]).output().unwrap();
    assert!(failed(&output).contains("SINCH_PROJECT_ID"));
    let output = bare(&host).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
