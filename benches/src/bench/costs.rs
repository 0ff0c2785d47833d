//! What does not depend on time: instructions, heap calls and system calls of a warm get, threads, connections, look-ups. The
//! figures of a call are the difference of two runs, so that starting up cancels out.

use std::collections::HashMap;
use std::fs;
use std::process::Stdio;

use crate::machine::{Machine, Server};
use crate::works::{
    C, C_TEXT, CURL, CURL_TEXT, PYTHON, RAW, REQWEST, RUST, RUST_DEFAULT, SDK_NODE, SDK_PYTHON,
    UREQ, UREQ_TIMEOUT, words,
};

/// What every contender calls before it counts.
const WARM: usize = 50;

/// The costs of a contender; what is not measured is not there.
pub struct Costs {
    pub name: &'static str,
    pub instructions: Option<f64>,
    pub heap: Option<f64>,
    pub system: Option<f64>,
    /// Started by 1,000 calls.
    pub threads: f64,
    /// For 100 calls in a row.
    pub connections: f64,
    pub lookups: f64,
}

pub fn measure(machine: &Machine, server: &Server) -> Vec<Costs> {
    eprintln!("--- what does not depend on time");
    let natives =
        [RAW, CURL, C, CURL_TEXT, C_TEXT, RUST, RUST_DEFAULT, UREQ, UREQ_TIMEOUT, REQWEST];
    let scripts = [PYTHON, SDK_PYTHON, SDK_NODE];
    let natives = natives.iter().map(|name| of(machine, server, name, true));
    natives.chain(scripts.iter().map(|name| of(machine, server, name, false))).collect()
}

fn of(machine: &Machine, server: &Server, name: &'static str, native: bool) -> Costs {
    // By name, so that it has to be looked up.
    let url = server.url("plain", "localhost");
    let work = if matches!(name, C_TEXT | CURL_TEXT) { "text" } else { "get" };
    let run = |calls: usize| words(machine, name, work, &[&url, &(calls - WARM).to_string()]);
    let before = server.count("plain", "connections");
    let few = counted(machine, &run(100));
    // Less the connection that asks.
    let connections = server.count("plain", "connections") - before - 1;
    let many = counted(machine, &run(1100));
    let more = |what: &str| many[what] - few[what];
    let each = |figure: fn(&Machine, &[String]) -> f64, few, many| {
        let calls = (many - few) as f64;
        // To a tenth: what else a run does differs by a few.
        Some(
            (((figure(machine, &run(many)) - figure(machine, &run(few))) / calls) * 10.0).round()
                / 10.0,
        )
    };
    Costs {
        name,
        instructions: if native { each(instructions, 200, 1200) } else { None },
        heap: native.then(|| (more("allocations") / 100.0).round() / 10.0),
        system: if native { each(system_calls, 100, 1100) } else { each(system_calls, 100, 300) },
        threads: more("threads"),
        connections: connections as f64,
        lookups: few["lookups"],
    }
}

fn counted(machine: &Machine, words: &[String]) -> HashMap<String, f64> {
    let file = machine.cache("counted");
    let mut command = machine.command(words);
    command.env("LD_PRELOAD", machine.cache("count.so")).env("COUNT", &file);
    let status = command.stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "{}", words.join(" "));
    let text = fs::read_to_string(&file).expect("nothing was counted");
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(what, count)| (what.to_owned(), count.parse().expect("a count"))).collect()
}

fn under(machine: &Machine, tool: &[&str], words: &[String]) {
    let all: Vec<String> =
        tool.iter().map(|word| (*word).to_owned()).chain(words.iter().cloned()).collect();
    let output = machine.command(&all).output().expect(tool[0]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", all.join(" "));
}

fn instructions(machine: &Machine, words: &[String]) -> f64 {
    let file = machine.cache("callgrind");
    let out = format!("--callgrind-out-file={file}");
    under(machine, &["valgrind", "--tool=callgrind", &out], words);
    let text = fs::read_to_string(&file).expect("no callgrind");
    let summary = text.lines().find_map(|line| line.strip_prefix("summary: "));
    summary.and_then(|count| count.trim().parse().ok()).expect("a summary")
}

fn system_calls(machine: &Machine, words: &[String]) -> f64 {
    let file = machine.cache("strace");
    under(machine, &["strace", "-f", "-c", "-U", "calls,name", "-o", &file], words);
    let text = fs::read_to_string(&file).expect("no strace");
    let total = text.lines().find_map(|line| line.trim().strip_suffix("total"));
    total.and_then(|count| count.trim().parse().ok()).expect("a total")
}
