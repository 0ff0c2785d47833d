//! Bodies from public sources, where the folder that holds them stands beside the project. The same cases are covered
//! by the project's own samples, in `src/api/models.rs`, `src/call/api_error.rs`, `src/call/token.rs` and beside this
//! file.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use sinch_numbers::{
    ActiveNumber, Address, Client, EmergencyAddressRequest, Error, ErrorKind, ListNumbers,
    NumberUpdate, ScheduledProvisioning, ScheduledVoiceProvisioning, SmsConfiguration,
    VoiceConfiguration, VoiceTarget,
};

use crate::support::server::{Act, Server, ok, response_with};

fn act(response: &Value) -> Act {
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let mut headers = String::new();
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        headers += &format!("{name}: {}\r\n", value.as_str().unwrap());
    }
    let body = match response.get("body_text") {
        Some(text) => text.as_str().unwrap().to_owned(),
        None => response["body"].to_string(),
    };
    response_with(status, &headers, &body)
}

/// Drops what means nothing, so that null, `""`, `{}` and a missing field compare equal.
fn meaning(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept: Map<String, Value> = map
                .iter()
                .map(|(key, value)| (key.clone(), meaning(value)))
                .filter(|(_, value)| !value.is_null())
                .collect();
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        Value::Array(list) if list.is_empty() => Value::Null,
        Value::Array(list) => list.iter().map(meaning).collect(),
        Value::String(text) if text.is_empty() => Value::Null,
        other => other.clone(),
    }
}

/// Compares the asserted values with a decoded value that was written again.
fn compare(name: &str, asserted: &Value, decoded: &Value) -> usize {
    let mut compared = 0;
    for (pointer, expected) in asserted.as_object().unwrap() {
        let found = match pointer.strip_suffix("#length") {
            Some(list) => {
                json!(decoded.pointer(list).and_then(Value::as_array).map_or(0, Vec::len))
            }
            None if pointer == "/" => decoded.clone(),
            None => decoded.pointer(pointer).cloned().unwrap_or_default(),
        };
        assert_eq!(meaning(&found), meaning(expected), "{name} {pointer}");
        compared += 1;
    }
    compared
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn query(request: &Value) -> ListNumbers {
    let mut list = ListNumbers::new();
    for pair in request["query"].as_array().into_iter().flatten() {
        let (key, value) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        list = match key {
            "regionCode" => list.region_code(value),
            "type" => list.number_type(value),
            "numberPattern.pattern" => list.pattern(value),
            "numberPattern.searchPattern" => list.search_pattern(value),
            "capability" => list.capability(value),
            "pageSize" => list.page_size(value.parse().unwrap()),
            "pageToken" => list.page_token(value),
            "orderBy" => list.order_by(value),
            _ => panic!("unknown parameter {key}"),
        };
    }
    list
}

fn update(body: &Value) -> NumberUpdate {
    let mut update = NumberUpdate::new();
    if let Some(name) = text(body, "displayName") {
        update = update.display_name(name);
    }
    if let Some(sms) = body.get("smsConfiguration") {
        let plan = text(sms, "servicePlanId").unwrap();
        update = match text(sms, "campaignId") {
            Some(campaign) => update.link_campaign(plan, campaign),
            None => update.link_service_plan(plan),
        };
    }
    if let Some(voice) = body.get("voiceConfiguration") {
        update = voice_update(update, voice);
    }
    if let Some(url) = text(body, "callbackUrl") {
        update = update.callback_url(url);
    }
    update
}

fn voice_update(update: NumberUpdate, voice: &Value) -> NumberUpdate {
    let target = [
        text(voice, "appId").map(|id| VoiceTarget::App(id.into())),
        text(voice, "trunkId").map(|id| VoiceTarget::Trunk(id.into())),
        text(voice, "serviceId").map(|id| VoiceTarget::Service(id.into())),
    ];
    update.voice_configuration(
        text(voice, "type").unwrap(),
        target.into_iter().flatten().next().unwrap(),
    )
}

fn address(body: &Value) -> EmergencyAddressRequest {
    let said = serde_json::from_value(body["address"].clone()).unwrap();
    EmergencyAddressRequest::new(text(body, "displayName").unwrap(), Address::from(&said))
}

fn number_of(request: &Value) -> String {
    let path = request["path"].as_str().unwrap();
    let rest = path.split("/activeNumbers/").nth(1).unwrap().replace("%2B", "+");
    rest.split(['/', ':']).next().unwrap().to_owned()
}

/// Runs the operation of a fixture; what it decoded, written again.
fn run(client: &Client, operation: &str, request: &Value) -> Result<Value, Error> {
    let body = &request["body"];
    let number = || number_of(request);
    let value = match operation {
        "list_active_numbers" => serde_json::to_value(&*client.list(&query(request))?),
        "get_active_number" => serde_json::to_value(&*client.get(number())?),
        "update_active_number" => serde_json::to_value(&*client.update(number(), &update(body))?),
        "release_active_number" => serde_json::to_value(&*client.release(number())?),
        "get_emergency_address" => serde_json::to_value(&*client.emergency_address(number())?),
        "provision_emergency_address" => {
            serde_json::to_value(&*client.provision_emergency_address(number(), &address(body))?)
        }
        "deprovision_emergency_address" => {
            client.deprovision_emergency_address(number())?;
            Ok(json!({}))
        }
        "validate_emergency_address" => {
            serde_json::to_value(&*client.validate_emergency_address(number(), &address(body))?)
        }
        other => panic!("unknown operation {other}"),
    };
    Ok(value.unwrap())
}

fn decoded(target: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = target.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'%', [high, low, after @ ..]) = (first, tail) {
            let hex = [*high, *low];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn check_request(name: &str, expected: &Value, server: &Server, index: usize) {
    let sent = &server.requests()[index];
    assert_eq!(sent.method, expected["method"].as_str().unwrap(), "{name}");
    let (path, query) = sent.target.split_once('?').unwrap_or((&sent.target, ""));
    let wanted = expected["path"].as_str().unwrap().split("/activeNumbers").nth(1).unwrap();
    assert_eq!(path.split("/activeNumbers").nth(1).unwrap(), wanted.replace("%2B", "+"), "{name}");
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect();
    let mut wanted: Vec<(String, String)> = expected["query"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|pair| (pair[0].as_str().unwrap().into(), pair[1].as_str().unwrap().into()))
        .collect();
    if let Some(exact) = text(expected, "query_string") {
        assert_eq!(query, exact, "{name}");
    }
    pairs.sort();
    wanted.sort();
    assert_eq!(pairs, wanted, "{name}");
    match expected.get("body") {
        Some(body) => {
            assert_eq!(&serde_json::from_str::<Value>(&sent.body).unwrap(), body, "{name}");
        }
        None => assert_eq!(sent.body, "", "{name}"),
    }
}

fn check_error(name: &str, fixture: &Value, response: &Value, error: &Error) -> usize {
    let read = error.api_error().unwrap_or_else(|| panic!("{name}: {error:?}"));
    assert_eq!(u64::from(read.http_status), response["status"].as_u64().unwrap(), "{name}");
    let expected = match read.http_status {
        401 | 403 => matches!(error.kind(), ErrorKind::Authentication(_)),
        429 => matches!(error.kind(), ErrorKind::RateLimited(_)),
        _ => matches!(error.kind(), ErrorKind::Api(_)),
    };
    assert!(expected, "{name}: {error:?}");
    if response.get("body").is_some() {
        assert!(read.message.is_some() || read.status.is_some(), "{name}: {error:?}");
    }
    let details: Vec<Value> =
        read.details.iter().map(|raw| serde_json::from_str(raw).unwrap()).collect();
    let written = json!({"error": {
        "code": read.code, "status": read.status, "message": read.message, "details": details,
    }});
    compare(name, &fixture["asserted"], &written)
}

fn exchanges(name: &str, fixture: &Value, operation: &str) -> usize {
    let exchanges = fixture["exchanges"].as_array().unwrap();
    // Where upstream asserts the request only, any page will do.
    let answered = |exchange: &Value| exchange.get("response").map_or(ok("{}"), act);
    let server = Server::new(exchanges.iter().map(answered));
    let last = exchanges.iter().rposition(|exchange| exchange.get("response").is_some());
    let client = server.builder().max_attempts(1).build().unwrap();
    let upstream = fixture["request_from"] == "upstream";
    if let Some(total) = fixture["asserted"].get("items_total") {
        let found: Vec<_> = client.numbers(&query(&exchanges[0]["request"])).collect();
        assert_eq!(json!(found.iter().filter(|number| number.is_ok()).count()), *total, "{name}");
        assert_eq!(json!(server.requests().len()), fixture["asserted"]["requests_total"], "{name}");
        return 2;
    }
    let mut compared = 0;
    for (index, exchange) in exchanges.iter().enumerate() {
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let status = response["status"].as_u64().unwrap_or(200);
        match run(&client, operation, request) {
            Ok(value) if (200..300).contains(&status) => {
                // Nothing that the body says is lost in the types.
                let body = meaning(&response["body"]);
                assert_eq!(meaning(&value), body, "{name}: decoded and written again");
                if Some(index) == last {
                    compared += compare(name, &fixture["asserted"], &value);
                }
            }
            Err(error) if status >= 400 => {
                compared += check_error(name, fixture, response, &error);
            }
            other => panic!("{name}: {other:?}"),
        }
        if upstream {
            check_request(name, request, &server, index);
        }
    }
    compared
}

fn token(name: &str, fixture: &Value) {
    let exchanges = fixture["exchanges"].as_array().unwrap();
    let server = Server::with_tokens([ok("{}")], exchanges.iter().map(|e| act(&e["response"])));
    let response = &exchanges[0]["response"];
    let client = server.builder().max_attempts(1).build().unwrap();
    let result = client.get("+12025550134");
    let status = response["status"].as_u64().unwrap();
    if status == 200 {
        let bearer = format!("Bearer {}", response["body"]["access_token"].as_str().unwrap());
        assert_eq!(server.requests()[0].header("authorization"), Some(bearer.as_str()), "{name}");
        return;
    }
    let error = result.unwrap_err();
    assert_eq!(error.http_status().map(u64::from), Some(status), "{name}");
    assert_eq!(matches!(error.kind(), ErrorKind::Authentication(_)), status == 400, "{name}");
    if let Some(seconds) = fixture["asserted"].get("slept_seconds_before_retry") {
        assert_eq!(json!(error.retry_after().unwrap().as_secs()), *seconds, "{name}");
    }
    if let Some(code) = fixture["asserted"].get("/error") {
        let read = error.api_error().unwrap();
        assert_eq!(json!(read.status), *code, "{name}");
        for key in ["error_description", "error_hint"] {
            let said = response["body"][key].as_str().unwrap();
            assert!(read.message.as_deref().unwrap().contains(said), "{name}");
        }
        assert!(read.body.as_deref().unwrap().contains("long_description"), "{name}");
    }
}

/// Decodes a value and writes it again.
fn again<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> Value {
    let read: T = serde_json::from_str(&value.to_string()).unwrap();
    serde_json::to_value(read).unwrap()
}

fn fragment(name: &str, fixture: &Value) -> usize {
    let fragment = &fixture["fragment"];
    let value = &fragment["value"];
    if fragment["direction"] == "request" {
        let server = Server::new([ok("{}")]);
        let update = voice_update(NumberUpdate::new(), value);
        server.client().update("+12025550134", &update).unwrap();
        let sent: Value = serde_json::from_str(&server.requests()[0].body).unwrap();
        assert_eq!(sent, json!({ "voiceConfiguration": value }), "{name}");
        return compare(name, &fixture["asserted"], &sent["voiceConfiguration"]);
    }
    let read = match fragment["type"].as_str().unwrap() {
        "ActiveNumber(partial)" => again::<ActiveNumber>(value),
        "SmsConfiguration" => again::<SmsConfiguration>(value),
        "ScheduledProvisioning" => again::<ScheduledProvisioning>(value),
        "VoiceConfiguration" => again::<VoiceConfiguration>(value),
        "ScheduledVoiceProvisioning" => again::<ScheduledVoiceProvisioning>(value),
        other => panic!("unknown type {other}"),
    };
    // A field that this version does not know is passed over by the types; responses keep it in their JSON.
    let mut asserted = fixture["asserted"].clone();
    asserted.as_object_mut().unwrap().remove("/customField");
    compare(name, &asserted, &read)
}

#[test]
fn every_public_body_is_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("no {}: only the project's own samples are checked", folder.display());
        return;
    };
    let (mut files, mut values) = (0, 0);
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let fixture: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        match fixture["operation"].as_str().unwrap() {
            // Not among the operations of this library.
            operation if operation.contains("callback") => continue,
            "oauth_token" => token(&name, &fixture),
            "model_fragment" => values += fragment(&name, &fixture),
            operation => values += exchanges(&name, &fixture, operation),
        }
        files += 1;
    }
    println!("{files} files, {values} asserted values");
    assert!(files >= 50 && values >= 200, "{files} files, {values} asserted values");
}
