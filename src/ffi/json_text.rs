//! The JSON of a result, with an index that is built as it is read: values are found by JSON pointer without scanning the whole
//! document each time, and the texts that C is given stay valid.
//!
//! An object or list is scanned once, when a pointer first leads into it. The index keeps the place of each member of an object,
//! and of one item of a list in every [`BLOCK`] bytes, so that it takes at most a twentieth of the text of a list. The members of
//! an object are compared one by one: objects are short.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::json::{self, SPACE, cursor};

/// The number of bytes of a list that may have to be scanned to find an item.
const BLOCK: usize = 256;

/// One checked JSON object with its index. Any number of threads may read it; while one scans, the others wait.
pub(super) struct JsonText {
    /// The object, and a NUL behind it.
    text: String,
    index: Mutex<Index>,
    /// The number of bytes scanned so far.
    #[cfg(test)]
    scanned: std::sync::atomic::AtomicUsize,
}

/// The index of a document, by the place in the text where a value begins. It only grows.
#[derive(Default)]
struct Index {
    /// The objects and lists that a pointer has led into.
    containers: BTreeMap<u32, Container>,
    /// The texts of the values that C was given.
    texts: BTreeMap<u32, Arc<CStr>>,
}

/// The index of an object or list.
enum Container {
    Object(Box<[Member]>),
    List(List),
}

/// A part of the text, in bytes from its beginning. No response is longer than 1 GiB.
#[derive(Clone, Copy)]
struct Place {
    from: u32,
    to: u32,
}

struct Member {
    /// Without its quotes, or with them if it is written with escapes.
    key: Place,
    value: Place,
}

struct List {
    count: usize,
    /// The first item, each item of [`BLOCK`] bytes or more, and one in each block of shorter ones, in their order.
    samples: Box<[Sample]>,
}

struct Sample {
    index: u32,
    item: Place,
}

impl JsonText {
    pub(super) fn new(mut json: String) -> Self {
        json.reserve_exact(1);
        json.push('\0');
        Self {
            text: json,
            index: Mutex::default(),
            #[cfg(test)]
            scanned: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// The JSON, without the NUL after it.
    pub(super) fn as_str(&self) -> &str {
        self.text.strip_suffix('\0').unwrap_or(&self.text)
    }

    /// Returns the value that an RFC 6901 pointer names, for C: a string as its text up to a NUL, anything else as it is
    /// written. The same place gives the same text, which lives as long as this.
    pub(super) fn value(&self, pointer: &str) -> Option<&CStr> {
        self.find(pointer).map(|raw| self.text_of(raw))
    }

    /// The same, but `None` for null, `""` and `{}`, which mean "nothing".
    pub(super) fn text(&self, pointer: &str) -> Option<&CStr> {
        let raw = self.find(pointer).filter(|raw| cursor::skip_empty(raw).is_none())?;
        Some(self.text_of(raw)).filter(|text| !text.is_empty())
    }

    /// Returns how many members the object or list at a pointer has; a duplicate key counts twice.
    pub(super) fn count(&self, pointer: &str) -> Option<usize> {
        let value = self.find(pointer)?;
        Some(match self.inside(&mut self.index().containers, value)? {
            Container::Object(members) => members.len(),
            Container::List(list) => list.count,
        })
    }

    /// Returns the value that a pointer names, as it is written.
    fn find(&self, pointer: &str) -> Option<&str> {
        let mut index = self.index();
        let whole = self.as_str().trim_matches(SPACE);
        json::steps(pointer)?.try_fold(whole, |value, step| {
            match self.inside(&mut index.containers, value)? {
                Container::Object(members) => {
                    let key = json::unescape_step(step)?;
                    // Of duplicate keys the last counts.
                    let found = members.iter().rev().find(|it| is_key(self.at(it.key), &key));
                    found.map(|it| self.at(it.value))
                }
                Container::List(list) => self.item(list, step),
            }
        })
    }

    /// Returns an item of a list by its number, counted from 0.
    fn item(&self, list: &List, step: &str) -> Option<&str> {
        let index = json::index(step).filter(|index| *index < list.count)?;
        let before = list.samples.partition_point(|sample| sample.index as usize <= index);
        let sample = list.samples.get(before.checked_sub(1)?)?;
        let Some(further) = index.checked_sub(sample.index as usize + 1) else {
            return Some(self.at(sample.item));
        };
        let rest = self.text.get(sample.item.to as usize..)?;
        let item = json::items_after(rest).nth(further)?;
        self.count_scanned(self.place(item).to as usize - sample.item.to as usize);
        Some(item)
    }

    /// Returns the index of an object or list, which is scanned at the first time; `None` for any other value.
    fn inside<'a>(
        &self,
        containers: &'a mut BTreeMap<u32, Container>,
        value: &str,
    ) -> Option<&'a Container> {
        let scan = match value.as_bytes().first()? {
            b'{' => |text: &Self, value: &str| Container::Object(text.members(value)),
            b'[' => |text: &Self, value: &str| Container::List(text.list(value)),
            _ => return None,
        };
        Some(containers.entry(self.place(value).from).or_insert_with(|| scan(self, value)))
    }

    fn members(&self, object: &str) -> Box<[Member]> {
        self.count_scanned(object.len());
        let place = |member: json::Member<'_>| {
            let key = member.key;
            let plain = key.get(1..key.len() - 1).filter(|key| !key.contains('\\'));
            Member { key: self.place(plain.unwrap_or(key)), value: self.place(member.value) }
        };
        json::raw_members(object).map(place).collect()
    }

    fn list(&self, list: &str) -> List {
        self.count_scanned(list.len());
        let (mut count, mut samples, mut covered) = (0, Vec::<Sample>::new(), 0);
        for item in json::items(list) {
            let place = self.place(item);
            let far = place.from as usize - covered >= BLOCK || item.len() >= BLOCK;
            if far || samples.is_empty() {
                samples.push(Sample { index: to_u32(count), item: place });
                covered = place.to as usize;
            }
            count += 1;
        }
        List { count, samples: samples.into() }
    }

    /// The text of a value, for C. It is made if C was not given it before.
    fn text_of(&self, raw: &str) -> &CStr {
        let make = || c_string(&json::text_in(raw).unwrap_or(raw.into())).into();
        let mut index = self.index();
        let text = index.texts.entry(self.place(raw).from).or_insert_with(make);
        // SAFETY: no text is changed or removed before this value is dropped, and its bytes stay where they are when others
        // are added.
        unsafe { &*Arc::as_ptr(text) }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the place of a part of the text.
    fn place(&self, part: &str) -> Place {
        let from = part.as_ptr().addr() - self.text.as_ptr().addr();
        Place { from: to_u32(from), to: to_u32(from + part.len()) }
    }

    fn at(&self, place: Place) -> &str {
        self.text.get(place.from as usize..place.to as usize).unwrap_or_default()
    }

    /// Counts the bytes that are scanned, for the tests.
    #[cfg(test)]
    fn count_scanned(&self, bytes: usize) {
        self.scanned.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "counts in tests only")]
    fn count_scanned(&self, _: usize) {}
}

/// Tells whether a key, as it is written, is this one.
fn is_key(written: &str, key: &str) -> bool {
    if written.starts_with('"') {
        json::text_in(written).is_some_and(|said| said == key)
    } else {
        written == key
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Makes a text for C, up to a NUL in it.
pub(super) fn c_string(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::atomic::Ordering;
    use std::thread;

    use super::*;

    fn text(found: Option<&CStr>) -> Option<&str> {
        found.map(|text| text.to_str().unwrap())
    }

    /// A page of numbers as the service writes them.
    fn page(numbers: usize) -> JsonText {
        let mut json = "{\"activeNumbers\":[".to_owned();
        for index in 0..numbers {
            let comma = if index > 0 { "," } else { "" };
            write!(
                json,
                r#"{comma}{{"phoneNumber":"+1202{index:07}","projectId":"51bc3f40-f266-4ca8-8938-a1ed0ff32b9a","displayName":"Line {index}","regionCode":"US","type":"LOCAL","capability":["SMS","VOICE"],"money":{{"currencyCode":"USD","amount":"0.80"}},"smsConfiguration":{{"servicePlanId":"plan-{index}","campaignId":""}},"callbackUrl":""}}"#
            )
            .unwrap();
        }
        JsonText::new(json + "],\"nextPageToken\":\"\"}")
    }

    const FIELDS: [&str; 5] =
        ["phoneNumber", "regionCode", "type", "smsConfiguration/servicePlanId", "displayName"];

    /// Reads five fields of a number and returns how many bytes were scanned for them.
    fn read(page: &JsonText, index: usize) -> usize {
        let before = page.scanned.load(Ordering::Relaxed);
        for field in FIELDS {
            assert!(page.value(&format!("/activeNumbers/{index}/{field}")).is_some(), "{index}");
        }
        page.scanned.load(Ordering::Relaxed) - before
    }

    #[test]
    fn a_page_costs_what_it_is_long() {
        let scanned = |numbers: usize| {
            let page = page(numbers);
            (0..numbers).for_each(|index| assert!(read(&page, index) > 0));
            let scanned = page.scanned.load(Ordering::Relaxed);
            // Once for the page, its list, a number and what is in it each.
            assert!(scanned < 4 * page.as_str().len(), "{scanned}");
            // The part that was read is not read again.
            (0..numbers).for_each(|index| assert_eq!(read(&page, index), 0));
            scanned
        };
        let (one, two) = (scanned(1000), scanned(2000));
        assert!(two < one * 21 / 10, "{one} bytes for 1,000 numbers, {two} for 2,000");
    }

    #[test]
    fn the_last_number_costs_what_the_first_does() {
        let page = page(2000);
        // Whoever comes first has the whole list scanned.
        assert!(read(&page, 1000) > page.as_str().len());
        let (first, last) = (read(&page, 0), read(&page, 1999));
        assert!(first.abs_diff(last) < 20 && last < 1000, "{first} and {last} bytes");
    }

    #[test]
    fn short_items_are_found_and_take_little_memory() {
        let short = |count: usize| vec!["7"; count].join(",");
        let json = format!("{{\"a\":[{}],\"b\":[[{}],1,2,[]]}}", short(100_000), short(1000));
        let document = JsonText::new(json);
        for index in [0, 1, 127, 128, 129, 50_000, 99_998, 99_999] {
            assert_eq!(text(document.value(&format!("/a/{index}"))), Some("7"), "{index}");
        }
        assert_eq!(document.value("/a/100000"), None);
        // In a stretch at most; behind a long item, nothing of that.
        let before = document.scanned.load(Ordering::Relaxed);
        assert_eq!(text(document.value("/a/77777")), Some("7"));
        assert!(document.scanned.load(Ordering::Relaxed) - before <= BLOCK + 2);
        assert_eq!((text(document.value("/b/2")), document.count("/b")), (Some("2"), Some(4)));
        assert_eq!((document.count("/b/3"), document.count("/b/0")), (Some(0), Some(1000)));
        let place = document.place(document.find("/a").unwrap());
        let index = document.index();
        let Some(Container::List(list)) = index.containers.get(&place.from) else {
            panic!("a is a list")
        };
        let size = list.samples.len() * size_of::<Sample>();
        assert!(size <= document.at(place).len() / 20, "{size}");
    }

    #[test]
    fn every_place_is_found_as_by_scanning() {
        let documents = [
            r#"{"a":1,"b":[1,"two",{"c":null},[]],"a":[3],"":{"":"x"},"~/":"t"}"#,
            " {\n\t\"a\" : [ 1 , [ 2 , { \"b\" : \"c\" } ] , \"\\u00e9\" ] , \"\\u0061b\" : {} } \n",
            r#"{"k\\\\":"1","k\\":"2","\"":"3","\u0022\u0022":"4","é":"5","\u00e8":[true]}"#,
            "{}",
        ];
        let steps = [
            "", "a", "b", "ab", "0", "1", "2", "3", "01", "+1", "-", "~0~1", "~", "k\\", "k\\\\",
            "\"", "\"\"", "é", "è",
        ];
        let mut found = 0;
        for json in documents {
            let document = JsonText::new(json.to_owned());
            let mut pointers = vec![String::new(), "a".to_owned()];
            for depth in 0..3 {
                for step in steps {
                    let above = pointers[depth % pointers.len()].clone();
                    pointers.extend([format!("/{step}"), format!("{above}/{step}")]);
                }
            }
            for one in steps {
                for two in steps {
                    pointers.extend(steps.map(|three| format!("/{one}/{two}/{three}")));
                    pointers.push(format!("/{one}/{two}"));
                }
            }
            for pointer in pointers {
                let expected = json::value_at(json, &pointer);
                assert_eq!(document.find(&pointer), expected, "{json} {pointer}");
                let said = expected.map(|raw| json::text_of(raw).unwrap_or(raw.to_owned()));
                assert_eq!(text(document.value(&pointer)), said.as_deref(), "{json} {pointer}");
                found += usize::from(expected.is_some());
            }
        }
        assert!(found > 60, "{found}");
    }

    #[test]
    fn empty_values_have_no_text() {
        let json = r#"{"z":null,"e":"","o":{ },"n":"null","b":"{}","l":[],"u":"\u0000x","s":"a\u0000b","f":false,"m":{"x":null},"w":" "}"#;
        let document = JsonText::new(json.to_owned());
        for pointer in ["/z", "/e", "/o", "/absent", "/u", "/m/x", "/l/0", "x"] {
            assert_eq!(document.text(pointer), None, "{pointer}");
        }
        let rows = [
            ("/n", "null"),
            ("/b", "{}"),
            ("/l", "[]"),
            ("/s", "a"),
            ("/f", "false"),
            ("/w", " "),
            ("/m", r#"{"x":null}"#),
        ];
        for (pointer, said) in rows {
            assert_eq!(text(document.text(pointer)), Some(said), "{pointer}");
        }
        let counts = [
            ("", Some(11)),
            ("/o", Some(0)),
            ("/l", Some(0)),
            ("/m", Some(1)),
            ("/z", None),
            ("/n", None),
            ("/absent", None),
        ];
        for (pointer, count) in counts {
            assert_eq!(document.count(pointer), count, "{pointer}");
        }
        assert_eq!(JsonText::new(r#"{"a":1,"a":2}"#.to_owned()).count(""), Some(2));
    }

    #[test]
    fn threads_that_read_one_document_get_the_same_texts() {
        let page = page(300);
        let seen: Vec<Vec<usize>> = thread::scope(|scope| {
            let reading: Vec<_> = (0..8)
                .map(|thread| {
                    let page = &page;
                    scope.spawn(move || {
                        let order =
                            |index: usize| if thread % 2 == 0 { index } else { 299 - index };
                        let mut seen = vec![0; 300];
                        for index in (0..300).map(order) {
                            let found = page.value(&format!("/activeNumbers/{index}/displayName"));
                            assert_eq!(text(found), Some(format!("Line {index}").as_str()));
                            seen[index] = found.unwrap().as_ptr().addr();
                        }
                        seen
                    })
                })
                .collect();
            reading.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(seen.iter().all(|texts| *texts == seen[0]));
        // Each part was scanned by one of them.
        assert!(page.scanned.load(Ordering::Relaxed) < 4 * page.as_str().len());
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let document = JsonText::new(format!("{{\"a\":[{}]}}", "[".repeat(100) + &"]".repeat(100)));
        let mut pointer = "/a".to_owned();
        while document.value(&pointer).is_some() {
            pointer += "/0";
        }
        let dropping = thread::Builder::new().stack_size(16 * 1024).spawn(move || drop(document));
        dropping.unwrap().join().unwrap();
    }
}
