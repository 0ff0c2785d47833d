//! Whatever stands in a text, it stays that text: each is refused by name before anything is sent, or arrives as it was given, and
//! the request holds nothing else. Every text that the library takes, times everything that has ever been smuggled in one.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use sinch_numbers::{
    Address, Client, ClientBuilder, Credentials, EmergencyAddressRequest, Error, ErrorKind,
    ListNumbers, NumberUpdate, VoiceTarget,
};

use crate::support::calls::NUMBER;
use crate::support::drivers::{Outcome, drive};
use crate::support::toolchain::{bare, compile};

/// A listener that answers each request with `{}` and keeps it as the bytes that it was.
struct Raw {
    url: String,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Raw {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let noted = Arc::clone(&requests);
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let noted = Arc::clone(&noted);
                thread::spawn(move || note(socket, &noted));
            }
        });
        Self { url, requests }
    }

    fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

/// Cuts a connection's bytes into requests: a head, and as many bytes as its first `Content-Length` says. Bytes that would be more
/// than was asked for are a request of their own.
fn note(mut socket: TcpStream, noted: &Mutex<Vec<Vec<u8>>>) {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let whole = find(&bytes, b"\r\n\r\n").map(|end| {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
            end + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap())
        });
        if let Some(length) = whole.filter(|length| bytes.len() >= *length) {
            let rest = bytes.split_off(length);
            noted.lock().unwrap().push(std::mem::replace(&mut bytes, rest));
            let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
            if socket.write_all(response).is_err() {
                return;
            }
            continue;
        }
        match socket.read(&mut piece) {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            _ if bytes.is_empty() => return,
            // What never became a request: it is not to get lost.
            _ => return noted.lock().unwrap().push(bytes),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// What is put into a text.
enum Payload {
    /// Behind what is right.
    Behind(String),
    /// Instead of it.
    Instead(&'static str),
    /// Bytes that are no text, behind what is right: C only.
    Bytes(&'static [u8]),
}

use Payload::{Behind, Bytes, Instead};

const MIB: usize = 1024 * 1024;

fn payloads() -> Vec<Payload> {
    let short = [
        // Another header, another line, the end of the head with a request behind it.
        "\r\nX-Injected: 1",
        "\r\n\r\nGET /v1/projects/other/activeNumbers HTTP/1.1\r\n\r\n",
        "\rX-Injected: 1",
        "\nX-Injected: 1",
        "\0",
        "\t",
        "\u{7f}",
        // Another path, another operation, another query.
        "/../",
        "%2e%2e%2f",
        "?x=1",
        "#frag",
        "&type=LOCAL",
        ";",
        ":release",
        "@evil.test",
        // Out of a JSON string.
        "\"",
        "\\",
        "\"}},\"x\":{\"",
        "{{}}",
        // What is decoded, or encoded, once too often.
        "%00",
        "%0d%0aX-Injected:%201",
        "%",
        "%25",
        "a%20b",
        "+",
        " ",
        // What looks like something else.
        "\u{ff11}\u{ff12}",
        "\u{ff0b}",
        "\u{202e}",
        "\u{2028}",
        "\u{feff}",
        "😀",
    ];
    let mut payloads: Vec<Payload> = short.iter().map(|text| Behind((*text).to_owned())).collect();
    payloads.extend(["", "   ", "%2B1206", "..", "null"].map(Instead));
    payloads.extend([64 * 1024, MIB + 1].map(|length| Behind("A".repeat(length))));
    payloads.extend([&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf0\x9f\x98"].map(Bytes));
    payloads
}

/// A text that the library takes: how Rust takes it, and where it goes.
#[derive(Clone, Copy)]
enum Input {
    /// The name in the query.
    Query(&'static str, fn(ListNumbers, &str) -> ListNumbers),
    /// Where it stands in the body, and whether Rust takes it when it is empty.
    Update(&'static str, bool, fn(NumberUpdate, &str) -> NumberUpdate),
    /// Where it stands in the body, and whether it must say something.
    Emergency(&'static str, bool),
    Number,
    Setting(&'static str),
}

use Input::{Emergency, Number, Query, Setting, Update};

/// Each with something that is right.
const INPUTS: [(Input, &str); 32] = [
    (Query("regionCode", |list, text| list.region_code(text)), "US"),
    (Query("type", |list, text| list.number_type(text)), "LOCAL"),
    (Query("numberPattern.pattern", |list, text| list.pattern(text)), "+1206"),
    (Query("numberPattern.searchPattern", |list, text| list.search_pattern(text)), "START"),
    (Query("capability", |list, text| list.capability(text)), "SMS"),
    (Query("pageToken", |list, text| list.page_token(text)), "t/1="),
    (Query("orderBy", |list, text| list.order_by(text)), "phoneNumber"),
    (Update("/displayName", true, |update, text| update.display_name(text)), "desk"),
    (
        Update("/callbackUrl", true, |update, text| update.callback_url(text)),
        "https://a.test/b?c=d",
    ),
    (
        Update("/smsConfiguration/servicePlanId", false, |update, text| {
            update.link_service_plan(text)
        }),
        "plan",
    ),
    (
        Update("/smsConfiguration/campaignId", false, |update, text| {
            update.link_campaign("plan", text)
        }),
        "campaign",
    ),
    (
        Update("/voiceConfiguration/appId", false, |update, text| {
            update.assign_voice_application(text)
        }),
        "app",
    ),
    (
        Update("/voiceConfiguration/trunkId", false, |update, text| update.assign_trunk(text)),
        "trunk",
    ),
    (
        Update("/voiceConfiguration/serviceId", false, |update, text| {
            update.assign_fax_service(text)
        }),
        "fax",
    ),
    (
        Update("/voiceConfiguration/type", true, |update, text| {
            update.voice_configuration(text, VoiceTarget::App("app".to_owned()))
        }),
        "SIP",
    ),
    (Emergency("/displayName", true), "Office"),
    (Emergency("/address/streetNumber", true), "1"),
    (Emergency("/address/streetInfo", true), "Main St"),
    (Emergency("/address/city", true), "Springfield"),
    (Emergency("/address/state", true), "IL"),
    (Emergency("/address/postalCode", true), "62701"),
    (Emergency("/address/location", false), "Apt 5"),
    (Emergency("/address/postalCodePlusFour", false), "1234"),
    (Number, NUMBER),
    (Setting("projectId"), "project-1"),
    (Setting("keyId"), "key-id"),
    (Setting("keySecret"), "key-secret"),
    (Setting("userAgent"), "agent"),
    // The listener.
    (Setting("baseUrl"), ""),
    (Setting("authUrl"), ""),
    (Setting("proxy"), "http://127.0.0.1:1"),
    (Setting("caFile"), "/none/ca.pem"),
];

/// Who makes the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Rust,
    C,
}

/// What arrives.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    line: String,
    authorization: String,
    user_agent: String,
    body: Value,
}

impl Input {
    /// As errors name it.
    fn field(self) -> String {
        match self {
            Query(name, _) | Setting(name) => name.to_owned(),
            Update(pointer, ..) | Emergency(pointer, _) => pointer[1..].replace('/', "."),
            Number => "phoneNumber".to_owned(),
        }
    }

    /// What C calls the JSON that it stands in.
    fn document(self) -> &'static str {
        match self {
            Query(..) => "query",
            Update(..) | Emergency(..) => "body",
            Number => "phoneNumber",
            Setting(_) => "config",
        }
    }

    /// The operation that carries it, and the JSON it takes with this text in its place.
    fn call(self, text: &str, url: &str) -> (&'static str, Value) {
        match self {
            Query(name, _) => {
                let text = if name == "capability" { json!([text]) } else { json!(text) };
                let query = match name.split_once('.') {
                    Some((object, name)) => json!({ object: { name: text } }),
                    None => json!({ name: text }),
                };
                ("active_list", query)
            }
            Update(pointer, ..) => {
                let mut body = match pointer {
                    "/smsConfiguration/servicePlanId" => {
                        json!({"smsConfiguration": {"servicePlanId": ""}})
                    }
                    "/smsConfiguration/campaignId" => {
                        json!({"smsConfiguration": {"servicePlanId": "plan", "campaignId": ""}})
                    }
                    "/voiceConfiguration/trunkId" => {
                        json!({"voiceConfiguration": {"type": "EST", "trunkId": ""}})
                    }
                    "/voiceConfiguration/serviceId" => {
                        json!({"voiceConfiguration": {"type": "FAX", "serviceId": ""}})
                    }
                    pointer if pointer.starts_with("/voice") => {
                        json!({"voiceConfiguration": {"type": "RTC", "appId": "app"}})
                    }
                    pointer => json!({ pointer[1..]: "" }),
                };
                *body.pointer_mut(pointer).unwrap() = text.into();
                ("active_update", body)
            }
            Emergency(pointer, required) => {
                let address = json!({
                    "streetNumber": "1", "streetInfo": "Main St", "city": "Springfield", "state": "IL", "postalCode": "62701"
                });
                let mut body = json!({"displayName": "Office", "address": address});
                if !required {
                    body["address"][pointer.rsplit('/').next().unwrap()] = "".into();
                }
                *body.pointer_mut(pointer).unwrap() = text.into();
                ("emergency_address_provision", body)
            }
            Number => ("active_get", Value::Null),
            Setting(name) => {
                let mut config = json!({
                    "projectId": "project-1", "keyId": "key-id", "keySecret": "key-secret", "auth": "basic",
                    "baseUrl": url, "authUrl": url, "userAgent": "agent"
                });
                config[name] = text.into();
                ("active_get", config)
            }
        }
    }

    /// What is right: the request that arrives, or the field that is refused. By the documents of the library.
    fn right(self, face: Face, text: &str, url: &str) -> Result<Sent, String> {
        let (operation, json) = self.call(text, url);
        let refused = || Err(self.field());
        if face == Face::C && self.given(text, url).len() > MIB {
            return Err(self.document().to_owned());
        }
        let control = text.chars().any(char::is_control);
        let printable = |b: u8| (0x20..0x7f).contains(&b);
        let (mut project, mut key_id, mut secret, mut agent) =
            ("project-1", "key-id", "key-secret", "agent");
        let mut query = String::new();
        match self {
            Query(name, _) => {
                if text.is_empty() || name.ends_with(".pattern") && text.starts_with("%2B") {
                    return refused();
                }
                query = format!("?{name}={}", encoded(text));
                if query.len() > 4096 {
                    return Err("query".to_owned());
                }
            }
            // An empty id unlinks; Rust has methods of their own for that.
            Update(_, may_be_empty, _) => {
                if text.is_empty() && !may_be_empty && face == Face::Rust {
                    return refused();
                }
            }
            Emergency(_, required) => {
                if required && text.trim().is_empty() {
                    return refused();
                }
            }
            Setting("projectId") => {
                let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
                if !(1..=64).contains(&text.len()) || !text.bytes().all(allowed) {
                    return refused();
                }
                project = text;
            }
            Setting("keyId") => {
                let allowed = |b: u8| printable(b) && !b" :".contains(&b);
                if !(1..=1024).contains(&text.len()) || !text.bytes().all(allowed) {
                    return refused();
                }
                key_id = text;
            }
            Setting("keySecret") => {
                if !(1..=1024).contains(&text.len()) || control {
                    return refused();
                }
                secret = text;
            }
            Setting("userAgent") => {
                if !(1..=256).contains(&text.len()) || !text.bytes().all(printable) {
                    return refused();
                }
                agent = text;
            }
            // A name of a host, and a name and a password before one.
            Setting("proxy") if text == "null" || text.ends_with("@evil.test") => {}
            Number | Setting(_) => return refused(),
        }
        let (method, target) = match operation {
            "active_list" => ("GET", ""),
            "active_update" => ("PATCH", "/+12025550134"),
            "emergency_address_provision" => ("POST", "/+12025550134/emergencyAddress:provision"),
            _ => ("GET", "/+12025550134"),
        };
        Ok(Sent {
            line: format!("{method} /v1/projects/{project}/activeNumbers{target}{query} HTTP/1.1"),
            authorization: format!("Basic {}", base64(&format!("{key_id}:{secret}"))),
            user_agent: agent.to_owned(),
            body: if method == "GET" { Value::Null } else { json },
        })
    }

    /// What C is given: JSON, or a phone number.
    fn given(self, text: &str, url: &str) -> String {
        if let Number = self { text.to_owned() } else { self.call(text, url).1.to_string() }
    }
}

/// Everything but the unreserved characters, once.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
        out
    })
}

pub(crate) fn base64(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = text.bytes().fold(String::new(), |mut bits, byte| {
        write!(bits, "{byte:08b}").unwrap();
        bits
    });
    let mut out = String::new();
    for six in bits.as_bytes().chunks(6) {
        let six = format!("{:0<6}", std::str::from_utf8(six).unwrap());
        out.push(char::from(DIGITS[usize::from_str_radix(&six, 2).unwrap()]));
    }
    while out.len() % 4 != 0 {
        out.push('=');
    }
    out
}

/// Reads a request that was recorded; an error says what does not belong there.
fn arrived(bytes: &[u8]) -> Result<Sent, String> {
    let end = find(bytes, b"\r\n\r\n").ok_or("no head")?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "a head that is not UTF-8")?;
    let body = &bytes[end + 4..];
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let mut headers: Vec<(String, &str)> = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            (name.to_ascii_lowercase(), value)
        })
        .collect();
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let wanted: &[&str] = if line.starts_with("GET") {
        &["accept", "accept-encoding", "authorization", "host", "user-agent"]
    } else {
        &[
            "accept",
            "accept-encoding",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "user-agent",
        ]
    };
    if names != wanted {
        return Err(format!("headers {names:?}"));
    }
    if head.bytes().any(|b| b.is_ascii_control() && !b"\r\n".contains(&b))
        || head.matches(['\r', '\n']).count() != 2 * (names.len())
        || body.iter().any(u8::is_ascii_control) && body.iter().any(|b| *b < 0x20)
    {
        return Err(format!("control characters in {head:?} or behind it"));
    }
    let value = |name: &str| {
        headers.iter().find(|(key, _)| key == name).map(|(_, value)| (*value).to_owned()).unwrap()
    };
    Ok(Sent {
        line,
        authorization: value("authorization"),
        user_agent: value("user-agent"),
        body: match body {
            [] => Value::Null,
            body => serde_json::from_slice(body).map_err(|error| error.to_string())?,
        },
    })
}

/// Calls through Rust; what was refused, by name.
fn through_rust(client: &Client, input: Input, text: &str, url: &str) -> Result<(), Error> {
    match input {
        Query(_, set) => client.list(&set(ListNumbers::new(), text)).map(drop),
        Update(_, _, set) => client.update(NUMBER, &set(NumberUpdate::new(), text)).map(drop),
        Emergency(pointer, _) => {
            let (_, body) = input.call(text, url);
            let part = |name: &str| body["address"][name].as_str().unwrap_or("").to_owned();
            let mut address = Address::new(
                part("streetNumber"),
                part("streetInfo"),
                part("city"),
                part("state"),
                part("postalCode"),
            );
            match pointer {
                "/address/location" => address = address.location(text),
                "/address/postalCodePlusFour" => address = address.postal_code_plus_four(text),
                _ => {}
            }
            let name = body["displayName"].as_str().unwrap();
            let request = EmergencyAddressRequest::new(name, address);
            client.provision_emergency_address(NUMBER, &request).map(drop)
        }
        Number => client.get(text).map(drop),
        Setting(name) => {
            let or = |own: &str, usual: &str| if name == own { text } else { usual }.to_owned();
            let credentials =
                Credentials::basic(or("keyId", "key-id"), or("keySecret", "key-secret"));
            let builder = settings(Client::builder(or("projectId", "project-1"), credentials), url);
            let builder = match name {
                "userAgent" => builder.user_agent(text),
                "baseUrl" => builder.base_url(text),
                "authUrl" => builder.auth_url(text),
                "proxy" => builder.proxy(text),
                "caFile" => builder.ca_file(text),
                _ => builder,
            };
            builder.build()?.get(NUMBER).map(drop)
        }
    }
}

fn settings(builder: ClientBuilder, url: &str) -> ClientBuilder {
    builder.base_url(url).auth_url(url).user_agent("agent")
}

fn field(error: &Error) -> String {
    match error.kind() {
        ErrorKind::InvalidInput(input) => input.field.clone(),
        _ => format!("not refused: {error:?}"),
    }
}

/// A few characters of a text that can be long.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

/// What is wrong with one case, if anything is: what came of it, and what arrived.
fn wrong(
    right: &Result<Sent, String>,
    outcome: &Result<(), String>,
    requests: &[Vec<u8>],
) -> Option<String> {
    match (right, outcome, requests) {
        (Err(right), Err(field), []) if right == field => None,
        (Ok(right), Ok(()), [request]) => match arrived(request) {
            Ok(sent) if sent == *right => None,
            Ok(sent) => {
                Some(format!("{:.300}, not {:.300}", format!("{sent:?}"), format!("{right:?}")))
            }
            Err(problem) => Some(problem),
        },
        _ => {
            let right = right.as_ref().map(|_| "sent");
            Some(format!("{outcome:.300?} and {} requests, not {right:?}", requests.len()))
        }
    }
}

fn base(base: &'static str, url: &str) -> String {
    if base.is_empty() { url.to_owned() } else { base.to_owned() }
}

#[test]
fn what_stands_in_a_text_stays_there() {
    let results: Vec<(usize, Vec<String>)> = thread::scope(|scope| {
        let running: Vec<_> = INPUTS
            .iter()
            .map(|(input, usual)| {
                scope.spawn(|| {
                    let server = Raw::new();
                    let builder =
                        Client::builder("project-1", Credentials::basic("key-id", "key-secret"));
                    let client = settings(builder, &server.url).build().unwrap();
                    let (mut cases, mut mismatches) = (0, Vec::new());
                    for payload in payloads() {
                        let text = match payload {
                            Behind(text) => base(usual, &server.url) + &text,
                            Instead(text) => text.to_owned(),
                            Bytes(_) => continue,
                        };
                        cases += 1;
                        let right = input.right(Face::Rust, &text, &server.url);
                        let outcome = through_rust(&client, *input, &text, &server.url);
                        let outcome = outcome.map_err(|error| field(&error));
                        if let Some(problem) = wrong(&right, &outcome, &server.take()) {
                            mismatches.push(format!(
                                "{} {}: {problem}",
                                input.field(),
                                shown(&text)
                            ));
                        }
                    }
                    (cases, mismatches)
                })
            })
            .collect();
        running.into_iter().map(|input| input.join().unwrap()).collect()
    });
    finish(results, 32 * 39);
}

fn finish(results: Vec<(usize, Vec<String>)>, least: usize) {
    let cases: usize = results.iter().map(|(cases, _)| cases).sum();
    let mismatches: Vec<String> = results.into_iter().flat_map(|(_, wrong)| wrong).collect();
    assert!(mismatches.is_empty(), "{} of {cases}:\n{}", mismatches.len(), mismatches.join("\n"));
    assert!(cases >= least, "{cases}");
}

/// A line for `tests/c/rubbish.c`.
fn line(operation: &str, texts: &[Option<&[u8]>]) -> String {
    let mut line = operation.to_owned();
    for text in texts {
        line.push(' ');
        match text {
            None => line.push('-'),
            Some(text) => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                for byte in *text {
                    line.push(char::from(DIGITS[usize::from(byte >> 4)]));
                    line.push(char::from(DIGITS[usize::from(byte & 15)]));
                }
            }
        }
    }
    line + "\n"
}

const USUAL: &[u8] = NUMBER.as_bytes();

/// The lines that make a case through C: one call, or a client and a call with it if there is to be one.
fn lines(input: Input, text: &[u8], right: &Result<Sent, String>, url: &str) -> String {
    // The bytes take the place of what could not be anything else.
    const MARK: &str = "@@@@";
    let (operation, json) = input.call(MARK, url);
    let escaped = match std::str::from_utf8(text) {
        Ok(text) => {
            let quoted = json!(text).to_string();
            quoted.as_bytes()[1..quoted.len() - 1].to_vec()
        }
        Err(_) => text.to_vec(),
    };
    let json = json.to_string();
    let (before, behind) = json.split_once(MARK).unwrap_or(("", ""));
    let whole = [before.as_bytes(), &escaped, behind.as_bytes()].concat();
    match input {
        Query(..) => line(operation, &[Some(&whole), None]),
        Update(..) | Emergency(..) => line(operation, &[Some(USUAL), Some(&whole)]),
        Number => line(operation, &[Some(text), None]),
        Setting(_) => {
            let mut lines = line("config", &[Some(&whole), None]);
            if right.is_ok() {
                lines += &line(operation, &[Some(USUAL), None]);
            }
            lines
        }
    }
}

#[test]
fn what_stands_in_a_text_stays_there_through_c() {
    let program = compile("cc", "tests/c/rubbish.c", &["-std=gnu11"]);
    let results: Vec<(usize, Vec<String>)> = thread::scope(|scope| {
        let running: Vec<_> = INPUTS
            .iter()
            .map(|(input, usual)| scope.spawn(|| through_c(&program, *input, usual)))
            .collect();
        running.into_iter().map(|input| input.join().unwrap()).collect()
    });
    finish(results, 32 * 43 - 1);
}

fn through_c(program: &Path, input: Input, usual: &'static str) -> (usize, Vec<String>) {
    let server = Raw::new();
    let url = &server.url;
    let config = Setting("userAgent").call("agent", url).1.to_string();
    let mut script = line("config", &[Some(config.as_bytes()), None]);
    let mut cases = Vec::new();
    for payload in payloads() {
        let text = match payload {
            Behind(text) => (base(usual, url) + &text).into_bytes(),
            Instead(text) => text.as_bytes().to_vec(),
            Bytes(bytes) => [base(usual, url).as_bytes(), bytes].concat(),
        };
        // A text of C ends there.
        if matches!(input, Number) && text.contains(&0) {
            continue;
        }
        let right = match std::str::from_utf8(&text) {
            Ok(text) => input.right(Face::C, text, url),
            Err(_) => Err(input.document().to_owned()),
        };
        script += &lines(input, &text, &right, url);
        cases.push((String::from_utf8_lossy(&text).into_owned(), right));
    }
    let mut outcomes = drive(bare(program), url, "", script).into_iter().skip(1);
    let mut requests = server.take().into_iter();
    let mut mismatches = Vec::new();
    for (text, right) in &cases {
        let mut outcome = refused(outcomes.next().unwrap());
        if matches!(input, Setting(_)) && right.is_ok() {
            let call = refused(outcomes.next().unwrap());
            outcome = outcome.and(call);
        }
        // One that should not have been sent shows in the next case: there is one too many.
        let came: Vec<Vec<u8>> =
            if right.is_ok() { requests.next().into_iter().collect() } else { Vec::new() };
        if let Some(problem) = wrong(right, &outcome, &came) {
            mismatches.push(format!("{} {}: {problem}", input.field(), shown(text)));
        }
    }
    let more = requests.count();
    if more > 0 {
        mismatches.push(format!("{}: {more} requests too many", input.field()));
    }
    assert!(outcomes.next().is_none());
    (cases.len(), mismatches)
}

/// The field that C names, if the call was refused.
fn refused((code, status, json): Outcome) -> Result<(), String> {
    let document: Value = serde_json::from_str(&json).unwrap();
    match (code, status) {
        (0, _) => Ok(()),
        (3, 0) => Err(document["field"].as_str().unwrap_or("none").to_owned()),
        _ => Err(format!("not refused: {json}")),
    }
}
