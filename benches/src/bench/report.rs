//! What was measured, as Markdown and as JSON: the goals, the works, the costs.

use std::collections::HashMap;
use std::fmt::Write;
use std::process::Command;

use serde_json::json;

use crate::costs::Costs;
use crate::machine::Machine;
use crate::works::{
    C, C_ONE_BY_ONE, C_TEXT, C_VALUE, CURL, CURL_TEXT, Contender, Kind, PYTHON, REQWEST, RUST,
    SDK_PYTHON, UREQ, Work, median,
};

/// How a figure is held against its goal.
#[derive(Clone, Copy)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// Not held against anything.
    Shown,
}

/// A line of the table of goals.
pub struct Goal {
    what: String,
    bound: Bound,
    /// In each round, or once; empty if it was not measured.
    is: Vec<f64>,
    unit: &'static str,
}

impl Goal {
    /// The median.
    fn is(&self) -> Option<f64> {
        if self.is.is_empty() { None } else { Some(median(self.is.clone())) }
    }

    fn met(&self) -> Option<bool> {
        let is = self.is()?;
        match self.bound {
            Bound::AtMost(limit) => Some(is <= limit),
            Bound::AtLeast(limit) => Some(is >= limit),
            Bound::Shown => None,
        }
    }

    /// The smallest and the largest of the rounds.
    fn span(&self) -> String {
        let (least, most) =
            self.is.iter().fold((f64::MAX, f64::MIN), |(a, b), is| (a.min(*is), b.max(*is)));
        if self.is.len() < 2 {
            String::new()
        } else {
            format!("{} to {}", figure(least), figure(most))
        }
    }
}

/// Everything that was measured.
pub struct Measured<'a> {
    pub machine: &'a Machine,
    pub works: &'a [Work],
    pub costs: &'a [Costs],
    /// Milliseconds: the longest after a cancel, after a shutdown, after the deadline.
    pub latency: HashMap<String, f64>,
    pub rounds: usize,
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 && digit != '-' {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => grouped(value),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ if value == 0.0 => "0".to_owned(),
        _ => format!("{value:.2}"),
    }
}

impl Measured<'_> {
    fn work(&self, id: &str) -> Option<&Work> {
        self.works.iter().find(|work| work.id == id && !work.contenders[0].rounds_seen.is_empty())
    }

    /// The ratio of two contenders in each round.
    fn ratios(&self, id: &str, one: &str, other: &str) -> Vec<f64> {
        self.work(id).map_or_else(Vec::new, |work| work.ratios(one, other))
    }

    /// How much longer a number takes in pages of 10,000 than in pages of 100, in each round.
    fn growth(&self, name: &str) -> Vec<f64> {
        match (self.work("fields-100"), self.work("fields-10000")) {
            (Some(short), Some(long)) => short.contender(name).ratios(long.contender(name), "rate"),
            _ => Vec::new(),
        }
    }

    fn goals(&self) -> Vec<Goal> {
        use Bound::{AtLeast, AtMost, Shown};
        let one = |is: Option<f64>| is.into_iter().collect::<Vec<_>>();
        let cost = |figure: fn(&Costs) -> Option<f64>| {
            one(self.costs.iter().find(|costs| costs.name == C_TEXT).and_then(figure))
        };
        let faster = |ratios: Vec<f64>| ratios.into_iter().map(|ratio| 1.0 / ratio).collect();
        let latency = |what: &str| one(self.latency.get(what).copied());
        let lists = ["list-1000", "list-100"].into_iter().filter_map(|id| self.work(id));
        let peaks = lists.flat_map(|work| {
            [C, C_TEXT, RUST].into_iter().filter_map(|name| work.contender(name).median("peak"))
        });
        let fact = |name| self.machine.fact(name).parse::<f64>().expect("a number");
        let ratios = |id, of, to| self.ratios(id, of, to);
        let rows: Vec<(&str, Bound, Vec<f64>, &'static str)> = vec![
            (
                "warm get through C decoded with yyjson / libcurl + yyjson",
                AtMost(0.90),
                ratios("get", C, CURL),
                "",
            ),
            ("the same over TLS / libcurl with OpenSSL", AtMost(0.85), ratios("tls", C, CURL), ""),
            (
                "a resumed session and a get / libcurl with OpenSSL",
                AtMost(0.50),
                ratios("resumed", C, CURL),
                "",
            ),
            (
                "a full handshake and a get / libcurl with OpenSSL",
                AtMost(0.55),
                ratios("full", C, CURL),
                "",
            ),
            (
                "warm get typed in Rust / reqwest blocking",
                AtMost(0.55),
                ratios("get", RUST, REQWEST),
                "",
            ),
            (
                "process start, token, get, exit in C / libcurl",
                AtMost(0.25),
                ratios("start", C, CURL),
                "",
            ),
            ("the same over TLS with every root", AtMost(0.25), ratios("start-tls", C, CURL), ""),
            (
                "32 threads on one client / 32 libcurl handles, gets a second",
                AtLeast(1.15),
                ratios("threads", C_TEXT, CURL_TEXT),
                "",
            ),
            (
                "list in pages of 1,000 through C decoded with yyjson / libcurl + yyjson, numbers a second",
                AtLeast(0.60),
                ratios("list-1000", C, CURL),
                "",
            ),
            (
                "list in pages of 1,000 typed in Rust / libcurl + yyjson",
                AtLeast(0.60),
                ratios("list-1000", RUST, CURL),
                "",
            ),
            (
                "list in pages of 1,000 typed in Rust / ureq + serde",
                AtLeast(1.5),
                ratios("list-1000", RUST, UREQ),
                "",
            ),
            (
                "list in pages of 100 through C decoded with yyjson / libcurl + yyjson",
                AtLeast(0.85),
                ratios("list-100", C, CURL),
                "",
            ),
            (
                "list in pages of 100 typed in Rust / libcurl + yyjson",
                AtLeast(0.85),
                ratios("list-100", RUST, CURL),
                "",
            ),
            (
                "list in pages of 100 typed in Rust / ureq + serde",
                AtLeast(1.5),
                ratios("list-100", RUST, UREQ),
                "",
            ),
            (
                "list 100,000: peak memory, C and Rust",
                AtMost(8.0),
                one(peaks.reduce(f64::max).map(|peak| peak / 1000.0)),
                " MB",
            ),
            (
                "a get in Python against the vendor's SDK, times faster",
                AtLeast(24.0),
                faster(ratios("get", PYTHON, SDK_PYTHON)),
                "",
            ),
            (
                "list in pages of 1,000 in Python against the vendor's SDK, times faster",
                AtLeast(9.0),
                ratios("list-1000", PYTHON, SDK_PYTHON),
                "",
            ),
            (
                "first connection, IPv6 address dead, through C / libcurl",
                AtMost(1.2),
                ratios("first", C, CURL),
                "",
            ),
            (
                "five fields of each of 100,000 with result_value, pages of 1,000 / libcurl + yyjson, numbers a second",
                Shown,
                ratios("fields-1000", C_VALUE, CURL),
                "",
            ),
            (
                "the same with pages_next_number",
                Shown,
                ratios("fields-1000", C_ONE_BY_ONE, CURL),
                "",
            ),
            (
                "a number with result_value in pages of 10,000 / in pages of 100, time",
                AtMost(1.3),
                self.growth(C_VALUE),
                "",
            ),
            ("the same with pages_next_number", AtMost(1.3), self.growth(C_ONE_BY_ONE), ""),
            (
                "instructions of a warm get through C, text only",
                AtMost(46_000.0),
                cost(|costs| costs.instructions),
                "",
            ),
            ("heap calls of the same", AtMost(42.0), cost(|costs| costs.heap), ""),
            ("system calls of the same", AtMost(4.0), cost(|costs| costs.system), ""),
            (
                "name look-ups for 100 gets in a row",
                AtMost(1.0),
                cost(|costs| Some(costs.lookups)),
                "",
            ),
            (
                "connections for 100 gets in a row",
                AtMost(1.0),
                cost(|costs| Some(costs.connections)),
                "",
            ),
            ("threads started by 1,000 calls", AtMost(0.0), cost(|costs| Some(costs.threads)), ""),
            (
                "cancel from another thread, the longest of 200",
                AtMost(5.0),
                latency("cancel"),
                " ms",
            ),
            (
                "shutdown from another thread, the longest of 200",
                AtMost(5.0),
                latency("shutdown"),
                " ms",
            ),
            (
                "deadline overshoot with a stalled server, the longest of 80",
                AtMost(50.0),
                latency("deadline"),
                " ms",
            ),
            ("stripped library", AtMost(2.8), vec![fact("STRIPPED") / 1e6], " MB"),
            ("crates to link", AtMost(38.0), vec![fact("CRATES")], ""),
        ];
        let goal = |(what, bound, is, unit): (&str, _, _, _)| Goal {
            what: what.to_owned(),
            bound,
            is,
            unit,
        };
        rows.into_iter().map(goal).collect()
    }

    /// Everything, for results.md.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let machine = self.machine;
        let _ = writeln!(
            text,
            "{} cores of {}, Linux {}. rustc {}, gcc {}, {}, yyjson {}, ureq {}, reqwest {}, Python {} with sinch {}, Node {} with @sinch/sdk-core {}. {} rounds.\n",
            machine.fact("CORES"),
            machine.fact("CPU"),
            machine.fact("KERNEL"),
            machine.fact("RUSTC"),
            machine.fact("CC"),
            machine
                .fact("LIBCURL")
                .split(' ')
                .filter(|part| ["libcurl", "OpenSSL", "zlib"]
                    .iter()
                    .any(|name| part.starts_with(name)))
                .collect::<Vec<_>>()
                .join(" "),
            machine.fact("YYJSON"),
            machine.fact("UREQ"),
            machine.fact("REQWEST"),
            machine.fact("PYTHON"),
            machine.fact("SDK_PYTHON"),
            machine.fact("NODE"),
            machine.fact("SDK_NODE"),
            self.rounds
        );
        text.push_str(&self.goal_table());
        for work in self.works.iter().filter(|work| self.work(work.id).is_some()) {
            text.push_str(&work_table(work));
        }
        if !self.costs.is_empty() {
            text.push_str(&self.cost_table());
        }
        text
    }

    /// The goals alone.
    pub fn goal_table(&self) -> String {
        let mut text =
            "| figure | goal | measured | span of the rounds | |\n|---|---|---|---|---|\n"
                .to_owned();
        for goal in self.goals() {
            let unit = goal.unit;
            let bound = match goal.bound {
                Bound::AtMost(0.0) => "0".to_owned(),
                Bound::AtMost(limit) => format!("≤ {}{unit}", short(limit)),
                Bound::AtLeast(limit) => format!("≥ {}{unit}", short(limit)),
                Bound::Shown => String::new(),
            };
            let is = goal.is().map_or("not measured".to_owned(), |is| figure(is) + unit);
            let verdict = match goal.met() {
                Some(true) => "pass",
                Some(false) => "**miss**",
                None => "",
            };
            let _ =
                writeln!(text, "| {} | {bound} | {is} | {} | {verdict} |", goal.what, goal.span());
        }
        text
    }

    fn cost_table(&self) -> String {
        let mut text = "\n### What does not depend on time\n\nOf a warm get: instructions, heap calls (what allocates), system calls. Threads that 1,000 gets start. Connections and name look-ups for 100 gets in a row.\n\n| | instructions | heap calls | system calls | threads | connections | look-ups |\n|---|--:|--:|--:|--:|--:|--:|\n".to_owned();
        for costs in self.costs {
            let maybe = |value: Option<f64>| value.map_or(String::new(), figure);
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} |",
                costs.name,
                costs.instructions.map_or(String::new(), grouped),
                maybe(costs.heap),
                maybe(costs.system),
                figure(costs.threads),
                figure(costs.connections),
                figure(costs.lookups)
            );
        }
        text
    }

    /// What the chart is drawn from.
    pub fn json(&self) -> String {
        let works = self.works.iter().filter(|work| self.work(work.id).is_some()).map(|work| {
            let contenders = work.contenders.iter().map(|contender| {
                let values = [work.figure(), "p99", "cpu", "peak"].into_iter();
                let values: serde_json::Map<_, _> = values
                    .filter_map(|name| Some((name.to_owned(), json!(contender.median(name)?))))
                    .collect();
                json!({"name": contender.name.trim_matches('*'), "ours": contender.name.starts_with('*'), "figures": values, "spread": contender.spread(work.figure())})
            });
            json!({"id": work.id, "title": work.title, "contenders": contenders.collect::<Vec<_>>()})
        });
        let goals = self.goals();
        let goals =
            goals.iter().map(|goal| json!({"what": goal.what, "is": goal.is(), "rounds": goal.is, "met": goal.met()}));
        let all = json!({"works": works.collect::<Vec<_>>(), "goals": goals.collect::<Vec<_>>()});
        serde_json::to_string_pretty(&all).expect("JSON")
    }

    pub fn missed(&self) -> usize {
        self.goals().iter().filter(|goal| goal.met() == Some(false)).count()
    }
}

fn short(limit: f64) -> String {
    if limit >= 1000.0 { grouped(limit) } else { format!("{limit}") }
}

fn work_table(work: &Work) -> String {
    let mut text = format!("\n### {}\n\n", capitalised(work.title));
    let plays = |name| work.contenders.iter().any(|contender| contender.name == name);
    let to = if plays(CURL) { CURL } else { CURL_TEXT };
    let unit = |contender: &Contender| {
        let cell = |name: &str| contender.median(name).map_or(String::new(), figure);
        let peak = contender.median("peak").map_or(String::new(), |peak| figure(peak / 1000.0));
        let values = match work.kind {
            Kind::Rate => format!(
                "{} | {:.1} %",
                contender.median("rate").map_or(String::new(), grouped),
                contender.spread("rate")
            ),
            _ => format!("{} | {:.1} % | {}", cell("p50"), contender.spread("p50"), cell("p99")),
        };
        let ratio = figure(work.ratio(contender.name, to));
        match work.kind {
            Kind::Process => format!("| {} | {values} | {ratio} |\n", contender.name),
            _ => {
                format!("| {} | {values} | {} | {peak} | {ratio} |\n", contender.name, cell("cpu"))
            }
        }
    };
    text.push_str(match (work.kind, work.id.starts_with("list") || work.id.starts_with("fields")) {
        (Kind::Calls, _) => "| | µs a call, p50 | ± | p99 | CPU µs | peak MB | / libcurl |\n|---|--:|--:|--:|--:|--:|--:|\n",
        (Kind::Rate, true) => "| | numbers a second | ± | CPU µs a number | peak MB | / libcurl |\n|---|--:|--:|--:|--:|--:|\n",
        (Kind::Rate, false) => "| | gets a second | ± | CPU µs a get | peak MB | / libcurl |\n|---|--:|--:|--:|--:|--:|\n",
        (Kind::Process, _) => "| | µs a process, p50 | ± | p99 | / libcurl |\n|---|--:|--:|--:|--:|\n",
    });
    for contender in &work.contenders {
        text.push_str(&unit(contender));
    }
    text
}

fn capitalised(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

/// Runs the C program that times cancel, shutdown and deadline: the longest of each, in milliseconds.
pub fn latency(machine: &Machine) -> HashMap<String, f64> {
    eprintln!("--- cancel, shutdown, deadline");
    let output = Command::new(machine.cache("bin/latency")).output().expect("latency");
    assert!(output.status.success(), "latency failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut longest: HashMap<String, f64> = HashMap::new();
    for line in text.lines() {
        let name = line.split([':', ',']).next().unwrap_or_default().to_owned();
        let value = line.split("longest ").nth(1).and_then(|rest| rest.split(' ').next());
        let value: f64 = value.and_then(|value| value.parse().ok()).expect("a time");
        let entry = longest.entry(name).or_default();
        *entry = entry.max(value);
    }
    longest
}
