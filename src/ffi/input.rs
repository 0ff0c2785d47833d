//! Reads the JSON that C gives: config, query and bodies. Errors name a field by its path.

use std::env;
use std::ffi::c_char;
use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::Failure;
use super::handle;
use crate::api::emergency_address::{Address, EmergencyAddressRequest};
use crate::api::ensure::EnsureEmergencyAddress;
use crate::api::list::ListNumbers;
use crate::api::number_update::{NumberUpdate, SmsUpdate, VoiceUpdate};
use crate::api::phone_number::PhoneNumber;
use crate::api::relink::Relink;
use crate::client::builder::ClientBuilder;
use crate::client::operations::Wait;
use crate::client::settings;
use crate::error::Error;
use crate::json;
use crate::json::input::{Value, from_members, set};

/// Reads the parameter `phone_number`.
///
/// # Safety
///
/// As [`handle::text`].
pub(super) unsafe fn phone_number(pointer: *const c_char) -> Result<PhoneNumber, Failure> {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    let text = unsafe { handle::text("phoneNumber", pointer) }?;
    Ok(PhoneNumber::try_from(text)?)
}

/// Checks that a text is one JSON object. `name` is what errors call it.
fn object<'a>(name: &str, text: &'a str) -> Result<&'a str, Error> {
    json::check(text.as_bytes())
        .map_err(|error| Error::invalid(name, format!("is no JSON object: {error}")))
}

fn read<'a, T: Deserialize<'a>>(name: &str, text: &'a str) -> Result<T, Error> {
    Ok(from_members(&mut Value::members(object(name, text)?))?)
}

/// Reads the parameters of a list.
pub(crate) fn query(text: &str) -> Result<ListNumbers, Error> {
    read("query", text)
}

/// Reads the body of an update.
pub(crate) fn update(text: &str) -> Result<NumberUpdate, Error> {
    checked("body", "", read("body", text)?)
}

/// Checks an update. `name` is what errors call it, `path` what they put before its fields.
fn checked(name: &str, path: &str, update: NumberUpdate) -> Result<NumberUpdate, Error> {
    update.check_json(name, path)?;
    Ok(update)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WaitOptions {
    expect: Option<NumberUpdate>,
    timeout_ms: Option<u64>,
}

/// Reads the options of waiting.
pub(crate) fn wait(text: &str) -> Result<Wait, Error> {
    let options: WaitOptions = read("options", text)?;
    let checked = |update| checked("expect", "expect.", update);
    let expected = options.expect.map(checked).transpose()?;
    let wait = set(Wait::new(), expected, Wait::expect);
    Ok(set(wait, options.timeout_ms.map(Duration::from_millis), Wait::timeout))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Target {
    sms_configuration: Option<SmsUpdate>,
    voice_configuration: Option<VoiceUpdate>,
    timeout_ms: Option<u64>,
}

/// Reads the target of a relink.
pub(crate) fn relink(text: &str) -> Result<Relink, Error> {
    let Target { sms_configuration, voice_configuration, timeout_ms } = read("target", text)?;
    let links = NumberUpdate::of_links(sms_configuration, voice_configuration);
    let relink = Relink::to(checked("target", "", links)?);
    Ok(set(relink, timeout_ms.map(Duration::from_millis), Relink::timeout))
}

/// Reads the body of provisioning or validating an emergency address.
pub(crate) fn emergency_address(text: &str) -> Result<EmergencyAddressRequest, Error> {
    read("body", text)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Ensure {
    display_name: String,
    address: Address,
    accept: Option<String>,
    force: Option<bool>,
    timeout_ms: Option<u64>,
}

/// Reads the body of ensuring an emergency address.
pub(crate) fn ensure(text: &str) -> Result<EnsureEmergencyAddress, Error> {
    let body: Ensure = read("body", text)?;
    let request = EmergencyAddressRequest::new(body.display_name, body.address);
    let wanted = EnsureEmergencyAddress::new(request);
    let wanted = match body.accept.as_deref() {
        None | Some("exact") => wanted,
        Some("corrected") => wanted.accept_corrected(),
        Some(_) => return Err(Error::invalid("accept", "is neither exact nor corrected")),
    };
    let wanted = if body.force == Some(true) { wanted.force() } else { wanted };
    Ok(set(wanted, body.timeout_ms.map(Duration::from_millis), EnsureEmergencyAddress::timeout))
}

/// Reads the secrets of callbacks: a list of texts. No error repeats any of it.
pub(crate) fn secrets(text: &str) -> Result<Vec<Zeroizing<String>>, Error> {
    const KEY: &str = "{\"secrets\":";
    let refused = |problem: String| Error::invalid("secrets", problem);
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).trim_matches(json::SPACE);
    // As a member of an object, which is what `check` takes.
    let mut object = Zeroizing::new(String::with_capacity(KEY.len() + text.len() + 1));
    for part in [KEY, text, "}"] {
        object.push_str(part);
    }
    json::check(object.as_bytes()).map_err(|error| {
        let at = error.offset.saturating_sub(KEY.len()).min(text.len());
        refused(format!("is no JSON: {} at byte {at}", error.what))
    })?;
    // The text could be a list followed by more members.
    let alone = json::cursor::split_value(text).is_some_and(|(_, rest)| rest.is_empty());
    if !alone || !text.starts_with('[') {
        return Err(refused("is not a list".to_owned()));
    }
    let secret = |raw| json::text_of(raw).map(Zeroizing::new);
    let not_text = || refused("holds something that is not a string".to_owned());
    json::items(text).map(|raw| secret(raw).ok_or_else(not_text)).collect()
}

/// Reads the settings of a client. Without a text they come from the environment.
pub(crate) fn config(text: Option<&str>) -> Result<ClientBuilder, Error> {
    match text {
        None => ClientBuilder::from_env(),
        Some(text) => settings::read(object("config", text)?, &|name| env::var_os(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: &str = "timeoutMs: is not from 1 to 86400000 (24 hours)";

    #[test]
    fn what_is_refused_is_named_by_its_path() {
        type Read = fn(&str) -> Result<(), Error>;
        let of_query: Read = |text| query(text).map(drop);
        let of_update: Read = |text| update(text).map(drop);
        let of_address: Read = |text| emergency_address(text).map(drop);
        let of_config: Read = |text| config(Some(text)).map(drop);
        let of_wait: Read = |text| wait(text).map(drop);
        let of_relink: Read = |text| relink(text)?.check();
        let of_ensure: Read = |text| ensure(text)?.check();
        let place = |more: &str| {
            format!(
                r#"{{"displayName": "a", "address": {{"streetNumber": "1", "streetInfo": "b", "city": "c", "state": "IL", "postalCode": "6"}}{more}}}"#
            )
        };
        let [accept, no_text, force, zero, long, misspelt] = [
            r#", "accept": "near""#,
            r#", "accept": true"#,
            r#", "force": "true""#,
            r#", "timeoutMs": 0"#,
            r#", "timeoutMs": 86400001"#,
            r#", "timeout": 1"#,
        ]
        .map(place);
        let rows: [(Read, &str, &str); 54] = [
            (of_query, "", "query: is no JSON object: unexpected end of input at byte 0"),
            (of_query, "[]", "query: is no JSON object: expected an object at byte 0"),
            (
                of_query,
                r#"{"regioncode": "US"}"#,
                "regioncode: is not known here; known are regionCode, type, numberPattern, capability, pageSize, pageToken, orderBy",
            ),
            (of_query, r#"{"pageSize": 1, "pageSize": 1}"#, "pageSize: is given twice"),
            (of_query, r#"{"pageSize": 1, "p\u0061geSize": 1}"#, "pageSize: is given twice"),
            (of_query, r#"{"pageSize": "1"}"#, "pageSize: is not a whole number from 0 up"),
            (of_query, r#"{"pageSize": 1.5}"#, "pageSize: is not a whole number from 0 up"),
            (of_query, r#"{"pageSize": -0}"#, "pageSize: is not a whole number from 0 up"),
            (of_query, r#"{"pageSize": null}"#, "pageSize: is null; leave out what is not wanted"),
            (of_query, r#"{"capability": "SMS"}"#, "capability: is not a list"),
            (of_query, r#"{"capability": ["SMS", 1]}"#, "capability: is not a string"),
            (of_query, r#"{"numberPattern": "1"}"#, "numberPattern: is not an object"),
            (of_query, r#"{"numberPattern": []}"#, "numberPattern: is not an object"),
            (of_query, r#"{"numberPattern": ["1", "END"]}"#, "numberPattern: is not an object"),
            (of_query, r#"{"numberPattern": { }}"#, "numberPattern: is empty; leave it out"),
            (
                of_query,
                r#"{"numberPattern": {"patern": "1"}}"#,
                "numberPattern.patern: is not known here; known are pattern, searchPattern",
            ),
            (
                of_query,
                r#"{"numberPattern": {"pattern": 1}}"#,
                "numberPattern.pattern: is not a string",
            ),
            (of_update, "{}", "body: sets nothing"),
            (of_update, r#"{"smsConfiguration": {}}"#, "smsConfiguration: is empty; leave it out"),
            (
                of_update,
                r#"{"smsConfiguration": {"campaignId": "c"}}"#,
                "smsConfiguration.servicePlanId: is missing",
            ),
            (
                of_update,
                r#"{"smsConfiguration": {"servicePlanId": null}}"#,
                "smsConfiguration.servicePlanId: is null; leave out what is not wanted",
            ),
            (
                of_update,
                r#"{"voiceConfiguration": {"type": "EST", "appId": "a"}}"#,
                "voiceConfiguration: lacks trunkId, which its type EST needs",
            ),
            (
                of_update,
                r#"{"voiceConfiguration": {"type": "NEW"}}"#,
                "voiceConfiguration: lacks appId, trunkId or serviceId, which its type NEW needs",
            ),
            (of_address, "{}", "displayName: is missing"),
            (
                of_address,
                r#"{"displayName": "a", "address": {"city": "b"}}"#,
                "address.streetNumber: is missing",
            ),
            (of_wait, "[]", "options: is no JSON object: expected an object at byte 0"),
            (of_wait, r#"{"expect": {}}"#, "expect: is empty; leave it out"),
            (of_wait, r#"{"expect": "plan"}"#, "expect: is not an object"),
            (
                of_wait,
                r#"{"expect": {"smsConfiguration": {"campaignId": "c"}}}"#,
                "expect.smsConfiguration.servicePlanId: is missing",
            ),
            (
                of_wait,
                r#"{"expected": {}}"#,
                "expected: is not known here; known are expect, timeoutMs",
            ),
            (
                of_wait,
                r#"{"expect": {"voiceConfiguration": {"type": "EST", "appId": "a"}}}"#,
                "expect.voiceConfiguration: lacks trunkId, which its type EST needs",
            ),
            (of_wait, r#"{"timeoutMs": 1.5}"#, "timeoutMs: is not a whole number from 0 up"),
            (of_relink, "", "target: is no JSON object: unexpected end of input at byte 0"),
            (of_relink, "{}", "target: sets nothing"),
            (of_relink, r#"{"timeoutMs": 1000}"#, "target: sets nothing"),
            (
                of_relink,
                r#"{"displayName": "desk"}"#,
                "displayName: is not known here; known are smsConfiguration, voiceConfiguration, timeoutMs",
            ),
            (
                of_relink,
                r#"{"voiceConfiguration": {"type": "EST", "appId": "a"}}"#,
                "voiceConfiguration: lacks trunkId, which its type EST needs",
            ),
            (of_relink, r#"{"smsConfiguration": {"servicePlanId": "p"}, "timeoutMs": 0}"#, RANGE),
            (
                of_relink,
                r#"{"smsConfiguration": {"servicePlanId": "p"}, "timeoutMs": 86400001}"#,
                RANGE,
            ),
            (
                of_relink,
                r#"{"smsConfiguration": {"servicePlanId": "p"}, "timeoutMs": -1}"#,
                "timeoutMs: is not a whole number from 0 up",
            ),
            (of_ensure, "{}", "displayName: is missing"),
            (of_ensure, r#"{"displayName": "a"}"#, "address: is missing"),
            (
                of_ensure,
                r#"{"displayName": "a", "address": {}}"#,
                "address: is empty; leave it out",
            ),
            (of_ensure, &accept, "accept: is neither exact nor corrected"),
            (of_ensure, &no_text, "accept: is not a string"),
            (of_ensure, &force, "force: is not true or false"),
            (of_ensure, &zero, RANGE),
            (of_ensure, &long, RANGE),
            (
                of_ensure,
                &misspelt,
                "timeout: is not known here; known are displayName, address, accept, force, timeoutMs",
            ),
            (of_config, "{}", "projectId: is missing"),
            (of_config, r#"{"keySecret": ["hush"]}"#, "keySecret: is not a string"),
            (
                of_config,
                r#"{"keySecret": "hush", "keySecret": "hush"}"#,
                "keySecret: is given twice",
            ),
            (of_config, r#"{"timeoutMs": "hush"}"#, "timeoutMs: is not a whole number from 0 up"),
            (of_config, r#"{"allowHttp": "hush"}"#, "allowHttp: is not true or false"),
        ];
        for (read, text, expected) in rows {
            let error = read(text).unwrap_err();
            assert_eq!(error.to_string(), expected, "{text}");
            assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        }
        // Empty texts and words that this version does not know are for the service to check.
        for (read, text) in [
            (of_query, r#"{"type": "NEW", "orderBy": "", "capability": []}"#),
            (
                of_update,
                r#"{"displayName": "", "smsConfiguration": {"servicePlanId": "", "campaignId": ""}}"#,
            ),
            (of_update, r#"{"voiceConfiguration": {"type": "NEW", "serviceId": ""}}"#),
        ] {
            assert!(read(text).is_ok(), "{text}");
        }
    }
}
