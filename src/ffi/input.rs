//! JSON in: config, query and bodies, read strictly. Each refusal names the place.

use std::borrow::Cow;
use std::ffi::c_char;
use std::time::Duration;

use super::Failure;
use super::handle::{self, BadText, MAX_TEXT};
use crate::api::emergency_address::{Address, EmergencyAddressRequest};
use crate::api::list::ListNumbers;
use crate::api::numbers::NumberUpdate;
use crate::api::phone_number::PhoneNumber;
use crate::call::credentials::Credentials;
use crate::client::builder::ClientBuilder;
use crate::error::Error;
use crate::json;
use crate::log::LogLevel;

/// # Safety
///
/// As [`handle::text`].
pub(super) unsafe fn text<'a>(name: &str, pointer: *const c_char) -> Result<&'a str, Failure> {
    // SAFETY: handed on.
    unsafe { handle::text(pointer) }.map_err(|bad| match bad {
        BadText::Null => Failure::Misuse(format!("{name} is NULL")),
        BadText::TooLong => {
            Failure::Error(Error::invalid(name, format!("is longer than {MAX_TEXT} bytes")))
        }
        BadText::NotUtf8(at) => {
            Failure::Error(Error::invalid(name, format!("is not UTF-8 at byte {at}")))
        }
    })
}

/// # Safety
///
/// As [`handle::text`].
pub(super) unsafe fn phone_number(pointer: *const c_char) -> Result<PhoneNumber, Failure> {
    // SAFETY: handed on.
    let text = unsafe { text("phoneNumber", pointer) }?;
    Ok(PhoneNumber::try_from(text)?)
}

/// The members of an object, each taken once.
struct Object<'a> {
    /// Where it stands, as `smsConfiguration.` before a key; empty at the top.
    path: String,
    members: Vec<(Cow<'a, str>, &'a str)>,
}

/// Far more than any object of the API has: what is longer is no such object, and looking for doubled keys stays cheap.
const MOST_MEMBERS: usize = 64;

impl<'a> Object<'a> {
    /// Reads a text that must be one JSON object. `name` is what the caller calls it.
    fn parse(name: &str, text: &'a str) -> Result<Self, Error> {
        let checked = json::check(text.as_bytes())
            .map_err(|flaw| Error::invalid(name, format!("is no JSON object: {flaw}")))?;
        Self::of(String::new(), checked)
    }

    fn of(path: String, raw: &'a str) -> Result<Self, Error> {
        let mut members: Vec<(Cow<'a, str>, &'a str)> = Vec::new();
        for (key, value) in json::members(raw) {
            if members.len() >= MOST_MEMBERS {
                return Err(Error::invalid(format!("{path}{key}"), "stands in too big an object"));
            }
            if members.iter().any(|(known, _)| *known == key) {
                return Err(Error::invalid(format!("{path}{key}"), "stands there twice"));
            }
            members.push((key, value));
        }
        Ok(Self { path, members })
    }

    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.path)
    }

    fn raw(&mut self, key: &str) -> Result<Option<&'a str>, Error> {
        let Some(at) = self.members.iter().position(|(known, _)| known == key) else {
            return Ok(None);
        };
        let (_, raw) = self.members.swap_remove(at);
        if raw == "null" {
            return Err(Error::invalid(self.name(key), "is null; leave out what is not wanted"));
        }
        Ok(Some(raw))
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, Error> {
        let Some(raw) = self.raw(key)? else { return Ok(None) };
        match json::text_of(raw) {
            Some(text) => Ok(Some(text)),
            None => Err(Error::invalid(self.name(key), "is not a string")),
        }
    }

    fn required(&mut self, key: &str) -> Result<String, Error> {
        self.text(key)?.ok_or_else(|| Error::invalid(self.name(key), "is missing"))
    }

    fn number(&mut self, key: &str) -> Result<Option<u64>, Error> {
        let Some(raw) = self.raw(key)? else { return Ok(None) };
        match raw.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Error::invalid(self.name(key), "is not a whole number from 0 up")),
        }
    }

    /// A time of at most a day, refused by the name and in the unit that it was given in.
    fn milliseconds(&mut self, key: &str, from: u64) -> Result<Option<Duration>, Error> {
        const DAY: u64 = 86_400_000;
        match self.number(key)? {
            Some(ms) if !(from..=DAY).contains(&ms) => {
                Err(Error::invalid(self.name(key), format!("is {ms}; {from} to {DAY} is wanted")))
            }
            ms => Ok(ms.map(Duration::from_millis)),
        }
    }

    fn flag(&mut self, key: &str) -> Result<Option<bool>, Error> {
        match self.raw(key)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Error::invalid(self.name(key), "is neither true nor false")),
        }
    }

    fn object(&mut self, key: &str) -> Result<Option<Object<'a>>, Error> {
        let Some(raw) = self.raw(key)? else { return Ok(None) };
        if !raw.starts_with('{') {
            return Err(Error::invalid(self.name(key), "is not an object"));
        }
        let object = Object::of(format!("{}.", self.name(key)), raw)?;
        if object.members.is_empty() {
            return Err(Error::invalid(self.name(key), "is empty; leave it out"));
        }
        Ok(Some(object))
    }

    fn texts(&mut self, key: &str) -> Result<Vec<String>, Error> {
        let Some(raw) = self.raw(key)? else { return Ok(Vec::new()) };
        let refuse = || Error::invalid(self.name(key), "is not a list of strings");
        if !raw.starts_with('[') {
            return Err(refuse());
        }
        json::items(raw).map(|item| json::text_of(item).ok_or_else(refuse)).collect()
    }

    /// Whatever was not taken is unknown or misspelt.
    fn finish(self, known: &str) -> Result<(), Error> {
        match self.members.first() {
            None => Ok(()),
            Some((key, _)) => {
                let problem = format!("is not known here; known are {known}");
                Err(Error::invalid(self.name(key), problem))
            }
        }
    }
}

/// Reads the parameters of a list.
pub(crate) fn query(text: &str) -> Result<ListNumbers, Error> {
    let mut object = Object::parse("query", text)?;
    let mut list = ListNumbers::new();
    if let Some(region_code) = object.text("regionCode")? {
        list = list.region_code(region_code);
    }
    if let Some(number_type) = object.text("type")? {
        list = list.number_type(number_type);
    }
    if let Some(mut pattern) = object.object("numberPattern")? {
        if let Some(digits) = pattern.text("pattern")? {
            list = list.pattern(digits);
        }
        if let Some(search) = pattern.text("searchPattern")? {
            list = list.search_pattern(search);
        }
        pattern.finish("pattern and searchPattern")?;
    }
    for capability in object.texts("capability")? {
        list = list.capability(capability);
    }
    if let Some(size) = object.number("pageSize")? {
        // What is too big for the type is too big for the API: the check of the list says so.
        list = list.page_size(u32::try_from(size).unwrap_or(u32::MAX));
    }
    if let Some(token) = object.text("pageToken")? {
        list = list.page_token(token);
    }
    if let Some(order) = object.text("orderBy")? {
        list = list.order_by(order);
    }
    object
        .finish("regionCode, type, numberPattern, capability, pageSize, pageToken and orderBy")?;
    Ok(list)
}

/// Reads the body of an update.
pub(crate) fn update(text: &str) -> Result<NumberUpdate, Error> {
    let mut object = Object::parse("body", text)?;
    if object.members.is_empty() {
        return Err(Error::invalid("body", "sets nothing"));
    }
    let mut update = NumberUpdate::new();
    if let Some(name) = object.text("displayName")? {
        update = update.display_name(name);
    }
    if let Some(mut sms) = object.object("smsConfiguration")? {
        let plan = sms.required("servicePlanId")?;
        let campaign = sms.text("campaignId")?;
        sms.finish("servicePlanId and campaignId")?;
        update = update.sms(plan, campaign);
    }
    if let Some(mut voice) = object.object("voiceConfiguration")? {
        let application_type = voice.required("type")?;
        let ids = [voice.text("appId")?, voice.text("trunkId")?, voice.text("serviceId")?];
        voice.finish("type, appId, trunkId and serviceId")?;
        update = update.voice(application_type.into(), ids)?;
    }
    if let Some(url) = object.text("callbackUrl")? {
        update = update.callback_url(url);
    }
    object.finish("displayName, smsConfiguration, voiceConfiguration and callbackUrl")?;
    Ok(update)
}

/// Reads the body of provisioning or validating an emergency address.
pub(crate) fn emergency_address(text: &str) -> Result<EmergencyAddressRequest, Error> {
    let mut object = Object::parse("body", text)?;
    let name = object.required("displayName")?;
    let Some(mut parts) = object.object("address")? else {
        return Err(Error::invalid("address", "is missing"));
    };
    object.finish("displayName and address")?;
    let mut address = Address::new(
        parts.required("streetNumber")?,
        parts.required("streetInfo")?,
        parts.required("city")?,
        parts.required("state")?,
        parts.required("postalCode")?,
    );
    if let Some(location) = parts.text("location")? {
        address = address.location(location);
    }
    if let Some(digits) = parts.text("postalCodePlusFour")? {
        address = address.postal_code_plus_four(digits);
    }
    parts.finish(
        "streetNumber, streetInfo, location, city, state, postalCode and postalCodePlusFour",
    )?;
    Ok(EmergencyAddressRequest::new(name, address))
}

/// Reads the settings of a client, and up to which level it logs.
pub(crate) fn config(text: &str) -> Result<(ClientBuilder, Option<LogLevel>), Error> {
    let mut object = Object::parse("config", text)?;
    let project_id = object.required("projectId")?;
    let key_id = object.required("keyId")?;
    let with_key: fn(String, String) -> Credentials = match object.text("auth")?.as_deref() {
        None | Some("oauth2") => Credentials::oauth2,
        Some("basic") => Credentials::basic,
        Some(_) => return Err(Error::invalid("auth", "is neither oauth2 nor basic")),
    };
    // At once into the hands of what wipes it.
    let credentials = with_key(key_id, object.required("keySecret")?);
    let mut builder = crate::client::Client::builder(project_id, credentials);
    if let Some(url) = object.text("baseUrl")? {
        builder = builder.base_url(url);
    }
    if let Some(url) = object.text("authUrl")? {
        builder = builder.auth_url(url);
    }
    if let Some(allow) = object.flag("allowHttp")? {
        builder = builder.allow_http(allow);
    }
    if let Some(time) = object.milliseconds("timeoutMs", 1)? {
        builder = builder.timeout(time);
    }
    if let Some(time) = object.milliseconds("connectTimeoutMs", 1)? {
        builder = builder.connect_timeout(time);
    }
    if let Some(attempts) = object.number("maxAttempts")? {
        builder = builder.max_attempts(u32::try_from(attempts).unwrap_or(u32::MAX));
    }
    if let Some(file) = object.text("caFile")? {
        builder = builder.ca_file(file);
    }
    match object.text("roots")?.as_deref() {
        None | Some("bundled") => {}
        Some("platform") => builder = builder.platform_roots(),
        Some(_) => return Err(Error::invalid("roots", "is neither bundled nor platform")),
    }
    if let Some(proxy) = object.text("proxy")? {
        builder = match proxy.as_str() {
            "env" => builder.proxy_from_env(),
            "none" => builder.no_proxy(),
            _ => builder.proxy(proxy),
        };
    }
    if let Some(agent) = object.text("userAgent")? {
        builder = builder.user_agent(agent);
    }
    if let Some(bytes) = object.number("maxResponseBytes")? {
        builder = builder.max_response_bytes(bytes);
    }
    if let Some(connections) = object.number("maxIdleConnections")? {
        builder = builder.max_idle_connections(usize::try_from(connections).unwrap_or(usize::MAX));
    }
    if let Some(time) = object.milliseconds("idleTimeoutMs", 0)? {
        builder = builder.idle_timeout(time);
    }
    if let Some(time) = object.milliseconds("maxConnectionAgeMs", 1)? {
        builder = builder.max_connection_age(time);
    }
    let level = match object.text("logLevel")?.as_deref() {
        Some("off") => None,
        Some("error") => Some(LogLevel::Error),
        None | Some("warn") => Some(LogLevel::Warn),
        Some("info") => Some(LogLevel::Info),
        Some("debug") => Some(LogLevel::Debug),
        Some("trace") => Some(LogLevel::Trace),
        Some(_) => {
            let problem = "is not one of off, error, warn, info, debug and trace";
            return Err(Error::invalid("logLevel", problem));
        }
    };
    object.finish(
        "projectId, keyId, keySecret, auth, baseUrl, authUrl, allowHttp, timeoutMs, \
         connectTimeoutMs, maxAttempts, caFile, roots, proxy, userAgent, maxResponseBytes, \
         maxIdleConnections, idleTimeoutMs, maxConnectionAgeMs and logLevel",
    )?;
    Ok((builder, level))
}
