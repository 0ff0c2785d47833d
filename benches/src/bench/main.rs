//! Measures the library beside what people would use instead, all in one run, and holds the figures against the goals.
//!
//! usage: cargo bench --manifest-path benches/Cargo.toml [-- OPTION...]
//!
//!   --rounds N   how often every contender runs (7)
//!   --only ID    one work alone, or `costs` or `latency`; may be given again. Nothing is written
//!   --quick      two rounds; nothing is written
//!
//! Writes results.md, the goals into README.md, target/cache/results.json and chart.svg.

mod costs;
mod machine;
mod report;
mod works;

use std::fs;
use std::path::Path;
use std::process::Command;

use machine::{Machine, Place, Server};
use report::Measured;

struct Options {
    rounds: usize,
    only: Vec<String>,
    quick: bool,
}

fn options() -> Options {
    let mut options = Options { rounds: 7, only: Vec::new(), quick: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} lacks a value"));
        match word.as_str() {
            "--rounds" => options.rounds = value().parse().expect("--rounds takes a number"),
            "--only" => options.only.push(value()),
            "--quick" => (options.quick, options.rounds) = (true, 2),
            // cargo's own.
            "--bench" => {}
            word => panic!("no such option: {word}"),
        }
    }
    options
}

fn main() {
    let options = options();
    let wanted = |id: &str| options.only.is_empty() || options.only.iter().any(|only| only == id);
    let machine = Machine::prepare();
    machine.pin(Place::Near);
    let server = Server::start(&machine);
    let system = fs::read("/etc/ssl/certs/ca-certificates.crt").expect("ca-certificates");
    let own = fs::read(machine.cache("ca.pem")).expect("ca.pem");
    fs::write(machine.cache("every-root.pem"), [system, own].concat()).expect("every-root.pem");

    let costs = if wanted("costs") { costs::measure(&machine, &server) } else { Vec::new() };
    let latency = if wanted("latency") { report::latency(&machine) } else { Default::default() };
    let mut plan = works::plan(&machine, &server);
    for work in plan.iter_mut().filter(|work| wanted(work.id)) {
        works::measure(&machine, work, options.rounds, options.quick);
    }
    check(&server);

    let works = &plan;
    let measured =
        Measured { machine: &machine, works, costs: &costs, latency, rounds: options.rounds };
    let markdown = measured.markdown();
    println!("\n{markdown}");
    eprintln!("{} goals missed", measured.missed());
    let json = machine.cache("results.json");
    fs::write(&json, measured.json()).expect("results.json");
    if !options.quick && options.only.is_empty() {
        write(&measured, &markdown, &json);
    }
}

/// The server's own count of what kind the handshakes were.
fn check(server: &Server) {
    let count = |port, what| server.count(port, what);
    assert_eq!(count("tls", "resumed"), 0, "a handshake that should be full was resumed");
    let (once, resumed) = (count("once", "connections"), count("once", "resumed"));
    // Each process begins with a full one.
    assert!(once == 0 || resumed * 10 > once * 9, "only {resumed} of {once} were resumed");
}

fn write(measured: &Measured<'_>, markdown: &str, json: &str) {
    const BEGIN: &str = "<!-- begin goals -->\n";
    const END: &str = "<!-- end goals -->";
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let results = format!(
        "# Results\n\nWritten by `cargo bench`; [README.md](README.md) says how to read it.\n\n{markdown}"
    );
    fs::write(here.join("results.md"), results).expect("results.md");
    let readme = fs::read_to_string(here.join("README.md")).expect("README.md");
    let (before, rest) = readme.split_once(BEGIN).expect("no place for the goals in README.md");
    let (_, after) = rest.split_once(END).expect("no end of the goals in README.md");
    let machine_line = markdown.lines().next().unwrap_or_default();
    let goals = measured.goal_table();
    let readme = format!("{before}{BEGIN}{machine_line}\n\n{goals}{END}{after}");
    fs::write(here.join("README.md"), readme).expect("README.md");
    let chart = here.join("chart.svg");
    let drawn = Command::new("python3").arg(here.join("chart.py")).arg(json).arg(chart).status();
    assert!(drawn.is_ok_and(|status| status.success()), "chart.py failed");
}
