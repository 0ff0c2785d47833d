//! What the fuzz targets of `tests/fuzz` run: each function takes whatever bytes there are and panics where the library
//! breaks a promise. Not part of the API: compiled for the project's own tests only.

use std::fmt::Debug;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::callback::{Event, EventStatus, EventType, ResourceType};
use crate::api::emergency_address::{
    Address, EmergencyAddressRequest, deprovision_emergency_address, get_emergency_address,
    provision_emergency_address, validate_emergency_address,
};
use crate::api::list::ListNumbers;
use crate::api::models::{ActiveNumber, AddressValidation, EmergencyAddress, Page};
use crate::api::number_update::NumberUpdate;
use crate::api::numbers::{get_number, release_number, update_number};
use crate::api::phone_number::PhoneNumber;
use crate::api::request::{Effect, Observed, Request};
use crate::api::timestamp::Timestamp;
use crate::call::api_error;
use crate::call::callback;
use crate::call::response::{self, RawResponse};
use crate::call::retry::{Decision, Failure, RetryContext, decide, parse_retry_after};
use crate::call::token::TokenResponse;
use crate::client::response::{Response, decode_response};
use crate::error::{Error, ErrorKind, SignatureProblem, is_retryable_status};
use crate::ffi::input;
use crate::ffi::result::document;
use crate::json;
use crate::json::decode::Decode;
use crate::transport::{self, head};

/// A target: its name, which is also its corpus', and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 8] = [
    ("responses", responses),
    ("c_inputs", c_inputs),
    ("callbacks", callbacks),
    ("error_bodies", error_bodies),
    ("framing", framing),
    ("requests", requests),
    ("retry_after", retry_after),
    ("tokens", tokens),
];

/// A body with status 200, as the response of every operation.
pub fn responses(body: &[u8]) {
    let oracle = oracle(body);
    match json::check(body) {
        Ok(text) => like_serde(text, oracle.as_ref()),
        Err(error) => {
            assert!(error.offset <= body.len(), "{error}");
            let accepted = oracle.as_ref().is_some_and(Value::is_object);
            assert!(!accepted, "{error}, but serde_json accepts it");
        }
    }
    let said = oracle.as_ref();
    for may_be_empty in [false, true] {
        let mut request = Request::get("");
        request.may_be_empty = may_be_empty;
        match response::classify(response_with(200, body), &request) {
            Ok(reply) => {
                let bare = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body);
                let empty = may_be_empty && body.is_empty() && reply.json == "{}";
                assert!(empty || reply.json.as_bytes() == bare);
                understood(&reply.json, said);
            }
            Err((_, error)) => assert!(json::check(document(error).as_bytes()).is_ok()),
        }
        if !body.is_empty() {
            break;
        }
    }
}

/// A signature and, in the next line, a body; the body as a list of secrets, too.
pub fn callbacks(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (signature, body) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    let secrets: [&[u8]; 2] = [b"the one", b"another"];
    let verified = |signature| callback::verified(secrets.into_iter(), Some(signature), body);
    let right = callback::sign(secrets[usize::from(at % 2 == 1)], body);

    let small = signature.to_ascii_lowercase();
    let hexadecimal = small.len() == 40 && small.iter().all(u8::is_ascii_hexdigit);
    let ours = secrets.iter().any(|secret| callback::sign(secret, body).as_bytes() == small);
    match verified(signature).map_err(|error| error.kind().clone()) {
        Err(ErrorKind::Signature(problem)) => {
            let expected = match () {
                () if signature.is_empty() => SignatureProblem::Missing,
                () if !hexadecimal => SignatureProblem::Malformed,
                () => SignatureProblem::OtherSecret,
            };
            assert!(!ours && problem == expected, "{problem:?}");
        }
        _ => assert!(ours, "a signature of somebody else was taken"),
    }

    let said = oracle(body);
    match verified(right.as_bytes()) {
        Ok(json) => {
            let event = Event::read(json);
            assert_eq!(event.json(), json);
            let number = event.needs_reading();
            assert!(
                number.is_none_or(|number| Some(number.as_str()) == event.resource_id.as_deref())
            );
            let _ = (event.explain(), event.timestamp.as_ref().map(Timestamp::to_unix));
            for (key, found) in [
                ("eventId", event.event_id.as_deref()),
                ("timestamp", event.timestamp.as_ref().map(AsRef::as_ref)),
                ("projectId", event.project_id.as_deref()),
                ("resourceType", event.resource_type.as_ref().map(ResourceType::as_str)),
                ("resourceId", event.resource_id.as_deref()),
                ("eventType", event.event_type.as_ref().map(EventType::as_str)),
                ("status", event.status.as_ref().map(EventStatus::as_str)),
                ("failureCode", event.failure_code.as_deref()),
                ("internalFailureCode", event.internal_failure_code.as_deref()),
            ] {
                let text = said.as_ref().and_then(|said| said.get(key)).and_then(Value::as_str);
                assert!(text.is_none_or(|text| text == found.unwrap_or("")), "{key}: {found:?}");
            }
        }
        Err(error) => {
            assert!(
                matches!(error.kind(), ErrorKind::Protocol(violation) if violation.body.is_none())
            );
            assert!(!said.as_ref().is_some_and(Value::is_object), "{error}");
            assert!(json::check(document(error).as_bytes()).is_ok());
        }
    }

    let Ok(list) = std::str::from_utf8(body) else { return };
    let said: Option<Vec<String>> = said.and_then(|said| serde_json::from_value(said).ok());
    match input::secrets(list) {
        Ok(found) => {
            let equal = |said: Vec<String>| said.iter().eq(found.iter().map(|it| &**it));
            assert!(said.is_none_or(equal), "other secrets");
        }
        Err(error) => {
            assert!(said.is_none(), "{error}");
            // These words and no others, but for where it is.
            let told = error.to_string();
            let words = ["is no JSON: ", "is not a list", "holds something that is not a string"];
            assert!(
                words.iter().any(|words| told.starts_with(&format!("secrets: {words}"))),
                "{told}"
            );
            assert!(told.len() < 80, "{told}");
        }
    }
}

/// A body of success, as every operation's.
fn understood(json: &str, said: Option<&Value>) {
    reads("active_list", json, said, |page: &Page, said| {
        let said = said.get("activeNumbers").and_then(Value::as_array);
        assert!(page.active_numbers.len() <= said.map_or(0, Vec::len));
    });
    reads("active_get", json, said, |found: &ActiveNumber, said| {
        assert_eq!(found.phone_number, text_at(said, "phoneNumber"));
        assert_eq!(found.display_name.as_deref().unwrap_or(""), text_at(said, "displayName"));
        let _ = (found.provisioning(), found.sms_job(), found.voice_job());
        for text in [&found.next_charge_date, &found.expire_at].into_iter().flatten() {
            let _ = text.to_system_time();
        }
        let _ = found.money.as_ref().and_then(|money| money.amount_in(2));
    });
    reads("emergency_address_get", json, said, |found: &EmergencyAddress, said| {
        assert_eq!(found.city.as_deref().unwrap_or(""), text_at(said, "city"));
    });
    reads("emergency_address_validate", json, said, |found: &AddressValidation, said| {
        let said = text_at(said, "validationResult");
        assert_eq!(found.validation_result.as_ref().map_or("", |word| word.as_str()), said);
    });
    assert!(decoded_as::<()>("emergency_address_deprovision", json).is_ok());
    let update = NumberUpdate::new()
        .display_name("a")
        .link_campaign("b", "c")
        .assign_voice_application("d")
        .callback_url("e");
    let address = address();
    for request in [
        update_number(&number(), &update),
        Ok(release_number(&number())),
        provision_emergency_address(&number(), &address),
        Ok(deprovision_emergency_address(&number())),
    ] {
        let verify = request.ok().and_then(|request| match request.effect {
            Effect::Write(verify) => Some(verify),
            Effect::Read => None,
        });
        assert!(verify.is_some(), "a write without its proof");
        let _ = verify.map(|verify| verify.check(&Observed::Found(json)));
    }
}

/// A body, as an error of either host with any status, and in a success.
pub fn error_bodies(body: &[u8]) {
    const STATUSES: [u16; 8] = [400, 401, 403, 404, 429, 500, 503, 599];
    let text = json::check(body).ok();
    let oracle = text.and_then(|text| oracle(text.as_bytes()));
    // One of them, so that a run is short; the others come with other lengths.
    let status = STATUSES[body.len() % STATUSES.len()];
    let error = api_error::read(&response_with(status, body));
    let kind = match error.kind() {
        ErrorKind::Authentication(_) => [401, 403].contains(&status),
        ErrorKind::RateLimited(_) => status == 429,
        ErrorKind::Api(_) => ![401, 403, 429].contains(&status),
        _ => false,
    };
    assert!(kind && error.can_retry() == is_retryable_status(status), "{error:?}");
    let token = api_error::read_token_error(&response_with(status, body));
    assert_eq!(matches!(token.kind(), ErrorKind::Authentication(_)), status < 404);
    assert_eq!(error.api_error(), token.api_error());
    told(error, status, oracle.as_ref());
    if text.is_some_and(api_error::is_in_success) {
        let error = api_error::in_success(&response_with(200, body));
        assert!(!error.can_retry(), "{error:?}");
        told(error, 200, oracle.as_ref());
    }
}

/// What a server sends, as the transport looks at it before ureq does.
pub fn framing(bytes: &[u8]) {
    let interim = head::interim_length(bytes).unwrap_or(0);
    assert!(interim <= bytes.len());
    if interim > 0 {
        assert_eq!(head::interim_length(&bytes[..interim]), Some(interim));
        assert_eq!(head::interim_length(&bytes[..interim - 1]), None);
    }
    let _ = head::Head::of(&bytes[interim..]);
}

/// A `Retry-After`, and in the next line a `Date`.
pub fn retry_after(lines: &[u8]) {
    let Ok(lines) = std::str::from_utf8(lines) else { return };
    let (value, date) = match lines.split_once('\n') {
        Some((value, date)) => (value, Some(date)),
        None => (lines, None),
    };
    let wait = parse_retry_after(value, date);
    let seconds = value.trim();
    let counted = !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit());
    match wait {
        Some(wait) if counted => {
            assert_eq!(wait.as_secs(), seconds.parse().unwrap_or(u64::MAX));
        }
        Some(wait) => {
            assert!(date.is_some());
            // The years have four digits.
            assert!(wait < Duration::from_secs(10_000 * 366 * 86_400), "{wait:?}");
            // From the other side one of them is not in the future.
            let back = date.and_then(|date| parse_retry_after(date, Some(value)));
            assert!(wait.is_zero() || back == Some(Duration::ZERO), "{wait:?}, {back:?}");
        }
        None => assert!(!counted),
    }
    let time_left = Duration::from_secs(30);
    let now =
        RetryContext { attempts: 1, max_attempts: 3, retry_after: wait, time_left, jitter: 0.5 };
    match decide(Failure::Status(429), &Effect::Read, now) {
        Decision::Retry(slept) => assert!(slept < time_left && wait.is_none_or(|w| w == slept)),
        decision => {
            assert!(matches!(decision, Decision::Report));
            assert!(wait.is_some_and(|wait| wait >= time_left));
        }
    }
}

/// A body, as the token endpoint's.
pub fn tokens(body: &[u8]) {
    let said = oracle(body);
    let said = said.as_ref().map_or("", |response| text_at(response, "access_token"));
    match TokenResponse::parse(200, body) {
        Ok(fresh) => {
            let TokenResponse { header, lifetime } = fresh;
            let token = header.strip_prefix("Bearer ").unwrap_or("");
            assert!(!token.is_empty() && token.len() <= 8192 && token.trim() == token);
            assert!(token.bytes().all(|b| (b' '..=b'~').contains(&b)));
            assert!(said.is_empty() || said == token, "another token");
            let day = Duration::from_secs(86_400);
            assert!((Duration::from_secs(1)..=day).contains(&lifetime), "{lifetime:?}");
        }
        Err(error) => {
            // These words and no others: nothing of the body, whatever it holds.
            let words = [
                "the response is not a JSON object",
                "the response has no access_token",
                "the access_token is too long",
                "the access_token holds characters that do not belong in a header",
            ];
            let told = error.to_string();
            let words = words.iter().find(|words| told.contains(*words));
            let problem = format!("token endpoint: {}", words.unwrap_or(&"?"));
            let mut expected = Error::protocol(problem, Some(200), b"");
            if let Err(error) = json::check(body) {
                expected = expected.with_source(error);
            }
            let shown = |error: Error| format!("{error} {error:?} {}", document(error.clone()));
            assert_eq!(shown(error), shown(expected));
        }
    }
}

/// A text of C's: config, query, and both kinds of body.
pub fn c_inputs(text: &[u8]) {
    // What is none is refused before.
    let Ok(text) = std::str::from_utf8(text) else { return };
    let refused = |error: Error| {
        assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)), "{error:?}");
        assert!(json::check(document(error).as_bytes()).is_ok());
    };
    match input::query(text) {
        Ok(list) => {
            if let Ok(request) = list.request() {
                parse_back(&request.target);
            }
        }
        Err(error) => refused(error),
    }
    // What is sent says the same as what was given.
    match input::update(text) {
        Ok(update) => {
            let request = update_number(&number(), &update);
            let sent = request.map(|request| request.body.unwrap_or_default());
            let again = sent.map(|sent| input::update(&String::from_utf8_lossy(&sent)));
            assert!(matches!(again, Ok(Ok(again)) if again == update), "{update:?}");
        }
        Err(error) => refused(error),
    }
    match input::emergency_address(text) {
        Ok(address) => {
            let request = provision_emergency_address(&number(), &address);
            match request.map(|request| request.body.unwrap_or_default()) {
                Ok(sent) => {
                    let again = input::emergency_address(&String::from_utf8_lossy(&sent));
                    assert!(again.is_ok_and(|again| again == address), "{address:?}");
                }
                Err(error) => refused(error),
            }
        }
        Err(error) => refused(error),
    }
    config(text, refused);
}

fn config(text: &str, refused: impl Fn(Error)) {
    let said = oracle(text.as_bytes()).unwrap_or_default();
    let built = input::config(Some(text)).and_then(|builder| {
        // Those read files.
        let files = ["caFile", "roots", "fromEnv"].iter().any(|key| said.get(key).is_some());
        if files { Ok(None) } else { builder.build().map(Some) }
    });
    match built {
        Ok(None) => {}
        Ok(Some(_)) => {
            let project = text_at(&said, "projectId");
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            assert!(said.is_null() || (1..=64).contains(&project.len()), "{project}");
            assert!(project.bytes().all(allowed), "{project}");
        }
        Err(error) => {
            let secret = text_at(&said, "keySecret");
            // A secret that stands elsewhere as well is no secret, and one of these letters may be a word of the message.
            let once = !text.contains('\\') && text.matches(secret).count() == 1;
            if once && secret.len() >= 8 && secret.bytes().any(|b| b == b'*') {
                let shown = format!("{error} {error:?} {}", document(error.clone()));
                assert!(!shown.contains(secret), "{error}");
            }
            refused(error);
        }
    }
}

/// Parameters of a list and a phone number, with the byte FF between them; those that begin with `=` are set.
pub fn requests(fields: &[u8]) {
    type Setter = fn(ListNumbers, String) -> ListNumbers;

    let mut fields = fields.split(|byte| *byte == 0xFF).map(String::from_utf8_lossy);
    let mut next = || fields.next().and_then(|field| field.strip_prefix('=').map(str::to_owned));
    let number = next();
    let mut expected: Vec<(&str, String)> = Vec::new();
    let mut list = ListNumbers::new();
    let mut refused = false;
    let setters: [(&str, Setter); 5] = [
        ("regionCode", |list, text| list.region_code(text)),
        ("type", |list, text| list.number_type(text)),
        ("numberPattern.pattern", |list, text| list.pattern(text)),
        ("numberPattern.searchPattern", |list, text| list.search_pattern(text)),
        ("orderBy", |list, text| list.order_by(text)),
    ];
    for (name, set) in setters {
        if let Some(text) = next() {
            refused |= text.is_empty();
            refused |= name.ends_with(".pattern") && text.to_uppercase().starts_with("%2B");
            list = set(list, text.clone());
            expected.push((name, text));
        }
    }
    if let Some(token) = next() {
        refused |= token.is_empty();
        list = list.page_token(token.clone());
        expected.push(("pageToken", token));
    }
    if let Some(size) = next().and_then(|size| size.parse::<u32>().ok()) {
        refused |= !(1..=0x7FFF_FFFF).contains(&size);
        list = list.page_size(size);
        expected.push(("pageSize", size.to_string()));
    }
    while let Some(capability) = next() {
        refused |= capability.is_empty();
        list = list.capability(capability.as_str());
        expected.push(("capability", capability));
    }
    match list.request() {
        Ok(request) => {
            assert!(!refused && request.target.len() <= 4096, "{}", request.target);
            let (path, mut query) = parse_back(&request.target);
            assert_eq!(path, ["activeNumbers"]);
            // The order is the library's affair, but for that of the capabilities.
            query.sort_by(|a, b| a.0.cmp(&b.0));
            expected.sort_by(|a, b| a.0.cmp(b.0));
            let expected = expected.into_iter().map(|(name, text)| (name.to_owned(), text));
            assert_eq!(query, expected.collect::<Vec<_>>());
        }
        Err(error) => {
            // At its longest, each byte becomes three.
            let length: usize = expected.iter().map(|(n, text)| n.len() + 2 + 3 * text.len()).sum();
            assert!(refused || length > 4000, "{error}");
        }
    }
    if let Some(text) = number {
        numbers(&text);
    }
}

/// A phone number in the path of each operation that has one.
fn numbers(text: &str) {
    let digits = text.strip_prefix('+').unwrap_or("");
    let sound = (2..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    let number = PhoneNumber::try_from(text);
    assert_eq!(number.is_ok(), sound, "{text}");
    let Ok(number) = number else { return };
    let (address, update) = (address(), NumberUpdate::new().display_name("a"));
    for (request, rest) in [
        (Ok(get_number(&number)), ""),
        (update_number(&number, &update), ""),
        (Ok(release_number(&number)), ":release"),
        (Ok(get_emergency_address(&number)), "/"),
        (provision_emergency_address(&number, &address), "/:provision"),
        (Ok(deprovision_emergency_address(&number)), "/:deprovision"),
        (validate_emergency_address(&number, &address), "/:validate"),
    ] {
        let (path, query) = parse_back(&request.map_or_else(|_| String::new(), |r| r.target));
        let expected = match rest.strip_prefix('/') {
            None => vec!["activeNumbers".to_owned(), format!("{text}{rest}")],
            Some(verb) => {
                let last = format!("emergencyAddress{verb}");
                vec!["activeNumbers".to_owned(), text.to_owned(), last]
            }
        };
        assert_eq!((path, query), (expected, Vec::new()));
    }
}

/// Takes a target apart: the segments of its path, and the names and values of its query.
fn parse_back(target: &str) -> (Vec<String>, Vec<(String, String)>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // In a path the plus sign stands for itself, and the colon is before the verb.
    let path = path.split('/').map(|segment| decoded(segment, b"+:")).collect();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let query = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name, b""), decoded(value, b""))
    });
    (path, query.collect())
}

/// Decodes what may hold the unreserved characters of RFC 3986, `%XX` in upper case, and `more`.
fn decoded(text: &str, more: &[u8]) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
            assert!(unreserved || more.contains(byte), "{text}");
            bytes.push(*byte);
            continue;
        }
        let digit = |byte: Option<&u8>| {
            let place = byte.and_then(|byte| b"0123456789ABCDEF".iter().position(|d| d == byte));
            assert!(place.is_some(), "{text}");
            u8::try_from(place.unwrap_or(0)).unwrap_or(0)
        };
        bytes.push(digit(rest.first()) << 4 | digit(rest.get(1)));
        rest = rest.get(2..).unwrap_or_default();
    }
    let decoded = String::from_utf8(bytes);
    assert!(decoded.is_ok(), "{text}");
    decoded.unwrap_or_default()
}

/// Reads a body as the response to an operation; what was read, written and read again, must be the same.
fn reads<T>(operation: &'static str, json: &str, said: Option<&Value>, like: impl Fn(&T, &Value))
where
    T: Decode + Serialize + DeserializeOwned + PartialEq + Debug,
{
    match decoded_as::<T>(operation, json) {
        Ok(response) => {
            if let Some(said) = said {
                like(&response, said);
            }
            let written = serde_json::to_string(&response).unwrap_or_default();
            let again = serde_json::from_str::<T>(&written);
            assert!(again.is_ok_and(|again| again == response), "{written}");
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");
            assert!(json::check(document(error).as_bytes()).is_ok());
        }
    }
}

fn decoded_as<T: Decode>(operation: &'static str, json: &str) -> Result<T, Error> {
    decode_response(RawResponse::new(json.to_owned(), 200), operation).map(Response::into_inner)
}

/// What an error says must be what the body says, and its document must be JSON.
fn told(error: Error, status: u16, said: Option<&Value>) {
    let Some(response) = error.api_error() else { return };
    assert_eq!(response.http_status, status);
    // Each of 4,096 bytes may become a replacement character.
    assert!(response.body.as_ref().is_none_or(|body| body.len() <= 3 * 4096));
    for entry in &response.details {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(entry).is_ok());
    }
    if let Some(own) = said.and_then(|said| said.get("error")).filter(|own| own.is_object()) {
        let word = |key| Some(text_at(own, key)).filter(|word| !word.trim().is_empty());
        assert_eq!(response.status.as_deref(), word("status"));
        if let Some(message) = word("message") {
            assert_eq!(response.message.as_deref(), Some(message));
        }
        if let Some(code) = own.get("code").and_then(Value::as_i64) {
            assert_eq!(response.code, Some(code));
        }
    }
    assert!(json::check(document(error).as_bytes()).is_ok());
}

/// Every member of a sound text reads as serde reads it.
fn like_serde(text: &str, oracle: Option<&Value>) {
    let Some(said) = oracle else {
        let refused = serde_json::from_str::<Value>(text).err().map(|error| error.to_string());
        let refused = refused.unwrap_or_default();
        // Numbers that no f64 holds, the 128th level, and a key that only serde_json knows are not for check to refuse.
        assert!(
            refused.starts_with("number out of range")
                || refused.starts_with("recursion limit")
                || text.contains("serde_json"),
            "{refused}"
        );
        return;
    };
    // Few are enough: each look-up walks over all of them.
    for (key, _) in json::members(text).take(16) {
        let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        let raw = json::value_at(text, &pointer).unwrap_or("");
        let read = serde_json::from_str::<Value>(raw).ok();
        assert_eq!(read.as_ref(), said.get(&*key), "{pointer}");
        assert_eq!(json::text_of(raw).as_deref(), read.as_ref().and_then(Value::as_str));
        let items = json::items(raw).count();
        assert_eq!(items, read.as_ref().and_then(Value::as_array).map_or(0, Vec::len));
    }
}

/// What serde makes of it, a byte order mark apart.
fn oracle(body: &[u8]) -> Option<Value> {
    let bare = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body);
    // With the feature `raw_value` its own key, come first, makes a value of the text behind it.
    let own = bare.windows(10).any(|window| window == b"serde_json");
    if own { None } else { serde_json::from_slice(bare).ok() }
}

fn text_at<'a>(said: &'a Value, key: &str) -> &'a str {
    said.get(key).and_then(Value::as_str).unwrap_or("")
}

fn response_with(status: u16, body: &[u8]) -> transport::Response {
    transport::Response {
        status,
        request_id: None,
        retry_after: None,
        date: None,
        location: None,
        body: body.to_vec(),
    }
}

fn address() -> EmergencyAddressRequest {
    EmergencyAddressRequest::new("a", Address::new("1", "b", "c", "d", "e"))
}

fn number() -> PhoneNumber {
    let number = PhoneNumber::try_from("+12025550134");
    assert!(number.is_ok());
    number.unwrap_or_else(|_| unreachable!())
}
