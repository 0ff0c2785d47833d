//! What the Rust contenders share: the clock, the checksum over the fields of a number, and the line of JSON that they end
//! with. The C contenders have the same in `c/bench.h`.

use std::fs;
use std::sync::Barrier;
use std::time::Instant;

/// The number that is read.
pub const NUMBER: &str = "+12025550000";
/// The project that rents it.
pub const PROJECT: &str = "51bc3f40-f266-4ca8-8938-a1ed0ff32b9a";
/// How many threads share a client.
pub const THREADS: usize = 32;
/// Calls before the first one that is timed.
const WARM: usize = 50;
/// The size of the fleet.
const FLEET: usize = 100_000;

/// What a contender is started with: `WORK URL COUNT [PAGE]`.
pub struct Arguments {
    /// What is to be done.
    pub work: String,
    /// The origin of the service.
    pub url: String,
    /// How often.
    pub count: usize,
    /// The size of a page.
    pub page: u32,
}

impl Arguments {
    /// Reads them, `skip` words further on than usual.
    pub fn read(skip: usize) -> Self {
        let words: Vec<String> = std::env::args().skip(1 + skip).collect();
        let [work, url, count, more @ ..] = &words[..] else { panic!("WORK URL COUNT [PAGE]") };
        let page = more.first().map_or(0, |page| page.parse().expect("PAGE is a number"));
        let count = count.parse().expect("COUNT is a number");
        Self { work: work.clone(), url: url.clone(), count, page }
    }
}

/// The checksum over numbers, field by field: the same for every contender.
#[derive(Default)]
pub struct Sum {
    crc: u32,
    line: String,
}

impl Sum {
    /// Adds a field; nothing and `""` are the same.
    pub fn text(&mut self, text: Option<&str>) -> &mut Self {
        self.line.push_str(text.unwrap_or_default());
        self.line.push('|');
        self
    }

    /// Adds a timestamp, without its fraction: not everybody keeps that.
    pub fn seconds(&mut self, text: Option<&str>) -> &mut Self {
        self.text(text.map(|text| &text[..text.len().min(19)]))
    }

    /// Adds a list.
    pub fn list<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> &mut Self {
        for text in texts {
            self.line.push_str(text);
            self.line.push(',');
        }
        self.text(None)
    }

    /// Ends a number.
    pub fn end(&mut self) {
        self.line.pop();
        self.line.push('\n');
        let mut crc = !self.crc;
        for byte in self.line.bytes() {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            }
        }
        self.crc = !crc;
        self.line.clear();
    }
}

fn cpu_us() -> f64 {
    // SAFETY: an all-zero rusage is valid, and the pointer is to one that is alive.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, &mut usage), 0);
        usage
    };
    let of = |time: libc::timeval| time.tv_sec as f64 * 1e6 + time.tv_usec as f64;
    of(usage.ru_utime) + of(usage.ru_stime)
}

fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("no /proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("no VmHWM");
    line.trim().trim_end_matches(" kB").parse().expect("VmHWM is a number")
}

fn since_us(began: Instant) -> f64 {
    began.elapsed().as_nanos() as f64 / 1e3
}

/// Calls one after the other, each timed. `call` gets a sum to check with where it is not timed.
pub fn time_calls(count: usize, mut call: impl FnMut(Option<&mut Sum>)) {
    let mut sum = Sum::default();
    for _ in 0..if count < WARM { 2 } else { WARM } {
        sum = Sum::default();
        call(Some(&mut sum));
    }
    let mut took = vec![0.0; count];
    let cpu = cpu_us();
    for took in &mut took {
        let began = Instant::now();
        call(None);
        *took = since_us(began);
    }
    let cpu = (cpu_us() - cpu) / count as f64;
    took.sort_by(f64::total_cmp);
    println!(
        r#"{{"p50":{:.3},"p99":{:.3},"cpu":{cpu:.3},"sum":"{:08x}","peak":{}}}"#,
        took[count / 2],
        took[count * 99 / 100],
        sum.crc,
        peak_kb()
    );
}

/// Whole lists, the first one only to check it and to warm up. `list` returns how many numbers it saw.
pub fn time_lists(count: usize, mut list: impl FnMut(Option<&mut Sum>) -> usize) {
    let mut sum = Sum::default();
    let seen = list(Some(&mut sum));
    let (cpu, began) = (cpu_us(), Instant::now());
    for _ in 0..count {
        assert_eq!(list(None), seen);
    }
    let (took, cpu) = (since_us(began), cpu_us() - cpu);
    let all = (count * FLEET) as f64;
    println!(
        r#"{{"rate":{:.0},"cpu":{:.3},"numbers":{seen},"sum":"{:08x}","peak":{}}}"#,
        all / took * 1e6,
        cpu / all,
        sum.crc,
        peak_kb()
    );
}

/// So many calls on each of the threads at once. Each makes one call before the clock starts.
pub fn time_threads(count: usize, call: impl Fn() + Sync) {
    let gate = Barrier::new(THREADS + 1);
    let mut started = None;
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                call();
                gate.wait();
                (0..count).for_each(|_| call());
            });
        }
        gate.wait();
        started = Some((cpu_us(), Instant::now()));
    });
    let (cpu, began) = started.expect("started");
    let (took, cpu) = (since_us(began), cpu_us() - cpu);
    let all = (count * THREADS) as f64;
    println!(r#"{{"rate":{:.0},"cpu":{:.3},"peak":{}}}"#, all / took * 1e6, cpu / all, peak_kb());
}
