//! What is measured in time: the works, and for each the contenders, all interleaved round by round.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::machine::{Machine, Place, Server};

/// How a work is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Calls one after the other: microseconds a call.
    Calls,
    /// As many as go through: so many a second.
    Rate,
    /// Whole processes: microseconds each.
    Process,
}

/// One kind of work.
pub struct Work {
    pub id: &'static str,
    pub title: &'static str,
    pub kind: Kind,
    pub place: Place,
    pub contenders: Vec<Contender>,
}

/// Somebody who does it.
pub struct Contender {
    pub name: &'static str,
    words: Vec<String>,
    /// Whether it decodes, so that its checksum must be that of the others.
    decodes: bool,
    /// The slow ones take part in so many rounds at most.
    rounds: usize,
    pub rounds_seen: Vec<BTreeMap<String, f64>>,
    sum: Option<String>,
}

pub const RAW: &str = "raw socket";
pub const CURL: &str = "libcurl + yyjson";
pub const CURL_TEXT: &str = "libcurl, text only";
pub const C: &str = "**C library + yyjson**";
pub const C_TEXT: &str = "**C library, text only**";
pub const RUST: &str = "**Rust client, typed**";
/// For a Rust program that depends on it.
pub const RUST_DEFAULT: &str = "**the same, as cargo builds it by default**";
pub const UREQ: &str = "ureq 3 + serde";
pub const UREQ_TIMEOUT: &str = "ureq 3 with a timeout + serde";
pub const REQWEST: &str = "reqwest blocking + serde";
pub const PYTHON: &str = "**Python file + json.loads**";
/// Five fields a number, read by JSON pointer.
pub const C_VALUE: &str = "**C library, result_value**";
pub const C_ONE_BY_ONE: &str = "**C library, pages_next_number**";
pub const SDK_PYTHON: &str = "Sinch SDK for Python";
pub const SDK_NODE: &str = "Sinch SDK for Node";

/// The words that start a contender, up to its work.
pub fn program(machine: &Machine, name: &str) -> Vec<String> {
    let c = |program: &str| vec![machine.cache(&format!("bin/{program}"))];
    let peer = |peer: &str| vec![format!("{}/peers", machine.fact("PEERS")), peer.to_owned()];
    let root = machine.fact("ROOT");
    let python = |client: &str| {
        let script = format!("{root}/benches/python/clients.py");
        vec![machine.cache("python/bin/python"), script, client.to_owned()]
    };
    match name {
        RAW => c("raw"),
        CURL | CURL_TEXT => c("curl"),
        C | C_TEXT | C_VALUE | C_ONE_BY_ONE => c("ours"),
        RUST => vec![machine.fact("OURS").to_owned()],
        RUST_DEFAULT => vec![format!("{}/ours", machine.fact("PEERS"))],
        UREQ => peer("ureq"),
        UREQ_TIMEOUT => peer("ureq-timeout"),
        REQWEST => peer("reqwest"),
        PYTHON => python("ours"),
        SDK_PYTHON => python("sdk"),
        SDK_NODE => vec!["node".to_owned(), format!("{root}/benches/node/clients.mjs")],
        name => panic!("no contender is called {name}"),
    }
}

/// A contender for a work, as it is started.
pub fn words(machine: &Machine, name: &str, work: &str, rest: &[&str]) -> Vec<String> {
    let mut words = program(machine, name);
    words.push(work.to_owned());
    words.extend(rest.iter().map(|word| (*word).to_owned()));
    words
}

pub fn plan(machine: &Machine, server: &Server) -> Vec<Work> {
    let plain = server.url("plain", "127.0.0.1");
    let slow = server.url("slow", "127.0.0.1");
    let named = server.url("plain", "numbers.test");
    let (tls, once) = (server.url("tls", "localhost"), server.url("once", "localhost"));
    let one = |name: &'static str, work: &str, url: &str, count: u32, page: &str| {
        let count = count.to_string();
        let rest = [url, &count, page];
        let rest = if page.is_empty() { &rest[..2] } else { &rest[..] };
        let decodes = !matches!(name, RAW | C_TEXT | CURL_TEXT)
            && (matches!(work, "get" | "list") || work.starts_with("fields"));
        let words = words(machine, name, work, rest);
        let rounds = match (name, work, page) {
            (SDK_PYTHON, "list", "1000") => 2,
            (SDK_PYTHON, "list", _) => 1,
            (SDK_NODE | PYTHON, "list", _) => 4,
            _ => usize::MAX,
        };
        Contender { name, words, decodes, rounds, rounds_seen: Vec::new(), sum: None }
    };
    let get = |id, title, place| Work {
        id,
        title,
        kind: Kind::Calls,
        place,
        contenders: vec![
            one(RAW, "get", &plain, 5000, ""),
            one(CURL, "get", &plain, 5000, ""),
            one(C, "get", &plain, 5000, ""),
            one(CURL_TEXT, "text", &plain, 5000, ""),
            one(C_TEXT, "text", &plain, 5000, ""),
            one(RUST, "get", &plain, 5000, ""),
            one(RUST_DEFAULT, "get", &plain, 5000, ""),
            one(UREQ, "get", &plain, 5000, ""),
            one(UREQ_TIMEOUT, "get", &plain, 1500, ""),
            one(REQWEST, "get", &plain, 3000, ""),
            one(PYTHON, "get", &plain, 2000, ""),
            one(SDK_PYTHON, "get", &plain, 200, ""),
            one(SDK_NODE, "get", &plain, 500, ""),
        ],
    };
    let threads = |id, title, place, url: &str, count| Work {
        id,
        title,
        kind: Kind::Rate,
        place,
        contenders: [RAW, CURL_TEXT, C_TEXT, RUST, UREQ, UREQ_TIMEOUT, REQWEST]
            .map(|name| one(name, "threads", url, count, ""))
            .into(),
    };
    let list = |id, title, page| Work {
        id,
        title,
        kind: Kind::Rate,
        place: Place::Near,
        contenders: vec![
            one(RAW, "list", &plain, 3, page),
            one(CURL, "list", &plain, 3, page),
            one(C, "list", &plain, 3, page),
            one(C_TEXT, "list-text", &plain, 3, page),
            one(RUST, "list", &plain, 3, page),
            one(RUST_DEFAULT, "list", &plain, 3, page),
            one(UREQ, "list", &plain, 3, page),
            one(REQWEST, "list", &plain, 3, page),
            one(PYTHON, "list", &plain, 1, page),
            one(SDK_PYTHON, "list", &plain, 1, page),
            one(SDK_NODE, "list", &plain, 1, page),
        ],
    };
    let fields = |id, title, page| Work {
        id,
        title,
        kind: Kind::Rate,
        place: Place::Near,
        contenders: vec![
            one(CURL, "fields", &plain, 2, page),
            one(C_VALUE, "fields", &plain, 2, page),
            one(C_ONE_BY_ONE, "fields-one-by-one", &plain, 2, page),
        ],
    };
    let both = |id, title, kind, work: &str, url: &str, count| Work {
        id,
        title,
        kind,
        place: Place::Near,
        contenders: vec![one(CURL, work, url, count, ""), one(C, work, url, count, "")],
    };
    let mut plan = vec![
        get("get", "one warm get, one core", Place::Near),
        get("get-far", "one warm get, across two cores", Place::Far),
        threads("threads", "32 threads, one core", Place::Near, &plain, 300),
        threads("threads-far", "32 threads, across two cores", Place::Far, &plain, 300),
        threads("slow", "32 threads, the server takes 2 ms, one core", Place::Near, &slow, 300),
        list("list-1000", "list 100,000 in pages of 1,000, one core", "1000"),
        list("list-100", "list 100,000 in pages of 100, one core", "100"),
        fields("fields-100", "five fields of each of 100,000, pages of 100, one core", "100"),
        fields("fields-1000", "five fields of each of 100,000, pages of 1,000, one core", "1000"),
        fields(
            "fields-10000",
            "five fields of each of 100,000, pages of 10,000, one core",
            "10000",
        ),
        both("first", "the first connection, IPv6 address dead", Kind::Calls, "full", &named, 8),
        both("start", "process start, token, one get, exit", Kind::Process, "once", &plain, 1),
        both("start-tls", "the same over TLS, with every root", Kind::Process, "once", &tls, 1),
        both("tls", "TLS: a warm get", Kind::Calls, "get", &tls, 2000),
        both("resumed", "TLS: a get that resumes a session", Kind::Calls, "resumed", &once, 200),
        both("full", "TLS: a get with a full handshake", Kind::Calls, "full", &tls, 150),
    ];
    for work in &mut plan {
        match work.id {
            "tls" | "resumed" => {
                let name = if work.id == "tls" { "get" } else { "resumed" };
                let url = if work.id == "tls" { &tls } else { &once };
                work.contenders.push(one(RUST, name, url, 500, ""));
            }
            "full" => work.contenders.push(one(RUST, "full", &tls, 150, "")),
            // The name has two addresses, and nothing listens at the first one.
            "first" => {
                for contender in &mut work.contenders {
                    let preloaded = format!("LD_PRELOAD={}", machine.cache("lookups.so"));
                    let before =
                        ["env".to_owned(), preloaded, "ADDRESSES=::1 127.0.0.1".to_owned()];
                    contender.words.splice(0..0, before);
                }
            }
            _ => {}
        }
    }
    plan
}

/// Runs a work: every contender once in each round, and every other round backwards.
pub fn measure(machine: &Machine, work: &mut Work, rounds: usize, quick: bool) {
    eprintln!("--- {}", work.title);
    for round in 0..rounds {
        let order: Vec<usize> = (0..work.contenders.len()).collect();
        let order: Vec<usize> =
            if round % 2 == 0 { order } else { order.into_iter().rev().collect() };
        for index in order {
            let contender = &mut work.contenders[index];
            if round >= contender.rounds {
                continue;
            }
            machine.pin(work.place);
            let figures = if work.kind == Kind::Process {
                process(machine, work.id, contender, if quick { 5 } else { 40 })
            } else {
                let figures = machine.figures(&contender.words);
                if let Some(Value::String(sum)) = figures.get("sum") {
                    let first = contender.sum.get_or_insert_with(|| sum.clone());
                    assert_eq!(first, sum, "{} decoded something else this time", contender.name);
                }
                let numbers =
                    figures.into_iter().filter_map(|(name, value)| Some((name, value.as_f64()?)));
                numbers.collect()
            };
            contender.rounds_seen.push(figures);
        }
    }
    let decoded: Vec<_> = work.contenders.iter().filter(|contender| contender.decodes).collect();
    let sums: Vec<_> = decoded.iter().filter_map(|contender| contender.sum.as_ref()).collect();
    for pair in decoded.windows(2) {
        let names = (pair[0].name, pair[1].name);
        assert_eq!(pair[0].sum, pair[1].sum, "{names:?} did not decode the same ({sums:?})");
    }
}

fn process(
    machine: &Machine,
    work: &str,
    contender: &Contender,
    times: usize,
) -> BTreeMap<String, f64> {
    let roots = machine.cache(if work == "start-tls" { "every-root.pem" } else { "ca.pem" });
    let mut took: Vec<f64> =
        (0..times).map(|_| machine.lifetime(&contender.words, &roots)).collect();
    took.sort_by(f64::total_cmp);
    let p99 = took[times * 99 / 100];
    BTreeMap::from([("p50".to_owned(), took[times / 2]), ("p99".to_owned(), p99)])
}

impl Work {
    pub fn contender(&self, name: &str) -> &Contender {
        let found = self.contenders.iter().find(|contender| contender.name == name);
        found.unwrap_or_else(|| panic!("{name} takes no part in {}", self.id))
    }

    /// What is compared.
    pub fn figure(&self) -> &'static str {
        if self.kind == Kind::Rate { "rate" } else { "p50" }
    }

    /// The ratio within each round: what drifts from round to round cancels out.
    pub fn ratios(&self, name: &str, to: &str) -> Vec<f64> {
        self.contender(name).ratios(self.contender(to), self.figure())
    }

    pub fn ratio(&self, name: &str, to: &str) -> f64 {
        median(self.ratios(name, to))
    }
}

impl Contender {
    pub fn values(&self, figure: &str) -> Vec<f64> {
        self.rounds_seen.iter().filter_map(|round| round.get(figure)).copied().collect()
    }

    pub fn ratios(&self, to: &Contender, figure: &str) -> Vec<f64> {
        let rounds = self.rounds_seen.iter().zip(&to.rounds_seen);
        rounds.map(|(one, other)| one[figure] / other[figure]).collect()
    }

    pub fn median(&self, figure: &str) -> Option<f64> {
        let values = self.values(figure);
        if values.is_empty() { None } else { Some(median(values)) }
    }

    /// Half the distance between the quartiles, in per cent of the median.
    pub fn spread(&self, figure: &str) -> f64 {
        let mut values = self.values(figure);
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        (at(0.75) - at(0.25)) / 2.0 / at(0.5) * 100.0
    }
}

/// The middle one, or the mean of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
