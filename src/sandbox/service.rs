//! The operations: what each does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::access::{Access, PROJECT_ID};
use super::answer::{Failure, plain_error, sized_success, success};
use super::emergency::{AddressRequest, Verdict};
use super::encoding::{form_decode, percent_decode};
use super::faults::Faults;
use super::fleet::Fleet;
use super::http::{Request, Response};
use super::number::{NumberType, is_e164};
use super::provisioning::Schedule;
use super::query::ListQuery;
use super::routes::{Operation, Target};
use super::streets::{Match, look_up};
use super::time::Timestamp;
use super::update::Update;

/// The service: everything but sockets, threads and the clock.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) fleet: RwLock<Fleet>,
    pub(super) access: Access,
    pub(super) faults: Faults,
    /// How long a provisioning job takes.
    pub(super) provisioning: Duration,
    pub(super) page_max: usize,
    pub(super) requests: AtomicU64,
    pub(super) token_requests: AtomicU64,
}

impl Service {
    /// Answers a request as of that moment.
    pub(super) fn handle(&self, request: &Request, now: Timestamp) -> Response {
        let counter =
            if request.path == TOKEN_PATH { &self.token_requests } else { &self.requests };
        let serial = counter.fetch_add(1, Ordering::Relaxed);
        let (kind, response) = if request.path == TOKEN_PATH {
            ("token", self.handle_token(request, now))
        } else {
            ("call", self.handle_call(request, now).unwrap_or_else(|refusal| refusal))
        };
        response.with_header("x-request-id", format!("sandbox-{kind}-{serial:08x}"))
    }

    fn handle_token(&self, request: &Request, now: Timestamp) -> Response {
        if request.method == "POST" {
            self.access.token(request, now)
        } else {
            method_not_allowed("POST")
        }
    }

    /// What a gateway refuses before the service sees it, and then the operation itself.
    fn handle_call(&self, request: &Request, now: Timestamp) -> Result<Response, Response> {
        let Some(target) = Target::parse(&request.path) else {
            return Err(plain_error(404, "NOT_FOUND", "there is no such path"));
        };
        let method = if request.method == "HEAD" { "GET" } else { &*request.method };
        let Some(operation) = target.resource.operation(method) else {
            return Err(method_not_allowed(target.resource.allows()));
        };
        self.access.check(request, now)?;
        if percent_decode(target.project).as_deref() != Some(PROJECT_ID) {
            let message = "the credentials are not for this project";
            return Err(plain_error(403, "PERMISSION_DENIED", message));
        }
        self.faults.strike()?;
        let outcome = match operation {
            Operation::List => self.list(request, now),
            _ => percent_decode(target.number)
                .filter(|phone| is_e164(phone))
                .ok_or_else(|| {
                    Failure::invalid("phone_number", "the phone number has to be in E.164 format")
                })
                .and_then(|phone| self.perform(operation, &phone, request, now)),
        };
        Ok(outcome.unwrap_or_else(Response::from))
    }

    fn perform(
        &self,
        operation: Operation,
        phone: &str,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response, Failure> {
        match operation {
            Operation::List | Operation::Get => self.get(phone, now),
            Operation::Update => self.update(phone, &request.body, now),
            Operation::Release => self.release(phone, now),
            Operation::GetAddress => self.address(phone),
            Operation::Provision => self.provision(phone, &request.body),
            Operation::Deprovision => self.deprovision(phone),
            Operation::Validate => self.validate(phone, &request.body),
        }
    }

    fn list(&self, request: &Request, now: Timestamp) -> Result<Response, Failure> {
        let pairs = form_decode(&request.query)
            .ok_or_else(|| Failure::invalid("query", "the query is not percent-encoded UTF-8"))?;
        let query = ListQuery::parse(&pairs)?;
        let fleet = self.fleet();
        let page = fleet.list(&query, self.page_max, PROJECT_ID, now);
        // A number is written in about 530 bytes.
        Ok(sized_success(&page, 256 + page.active_numbers.len() * 640))
    }

    fn get(&self, phone: &str, now: Timestamp) -> Result<Response, Failure> {
        let fleet = self.fleet();
        let number = fleet.get(phone).ok_or_else(|| no_number(phone))?;
        Ok(success(&number.view(PROJECT_ID, now)))
    }

    fn update(&self, phone: &str, body: &[u8], now: Timestamp) -> Result<Response, Failure> {
        let mut fleet = self.fleet_mut();
        let number = fleet.get_mut(phone).ok_or_else(|| no_number(phone))?;
        let update = Update::parse(body)?;
        let schedule = Schedule { began: now, takes: self.provisioning };
        let us = number.region == "US";
        let toll_free = number.kind == NumberType::TollFree;
        // Both are tried before either is kept: an update is carried out whole or not at all.
        let sms = update.sms.map(|change| number.sms.change(&change, schedule, us, toll_free));
        let voice = update.voice.map(|change| number.voice.change(&change, schedule));
        let (sms, voice) = (sms.transpose()?, voice.transpose()?);
        if let Some(sms) = sms {
            number.sms = sms;
        }
        if let Some(voice) = voice {
            number.voice = voice;
        }
        if let Some(callback_url) = update.callback_url {
            number.callback_url = callback_url;
        }
        let renamed = update.display_name.is_some();
        if let Some(display_name) = update.display_name {
            number.display_name = display_name;
        }
        // The answer shows the new job waiting even if it takes no time at all.
        let just_before = now.minus(Duration::from_nanos(1));
        let response = success(&number.view(PROJECT_ID, just_before));
        if renamed {
            fleet.display_names_changed();
        }
        Ok(response)
    }

    /// Cancels at the end of the paid period. A number that is released already stays as it is: the
    /// specification names no error for that, and what is asked for is the case.
    fn release(&self, phone: &str, now: Timestamp) -> Result<Response, Failure> {
        let mut fleet = self.fleet_mut();
        let number = fleet.get_mut(phone).ok_or_else(|| no_number(phone))?;
        number.expires.get_or_insert(number.next_charge);
        Ok(success(&number.view(PROJECT_ID, now)))
    }

    fn address(&self, phone: &str) -> Result<Response, Failure> {
        let fleet = self.fleet();
        let number = fleet.get(phone).ok_or_else(|| no_number(phone))?;
        number.emergency.as_ref().map(success).ok_or_else(|| no_address(phone))
    }

    /// Sets the address, or puts it in the place of the one before.
    fn provision(&self, phone: &str, body: &[u8]) -> Result<Response, Failure> {
        let mut fleet = self.fleet_mut();
        let number = fleet.get_mut(phone).ok_or_else(|| no_number(phone))?;
        let request = AddressRequest::parse(body)?;
        let address = match look_up(&request.address) {
            Match::Exact => request.address,
            Match::Near { corrected, .. } => corrected,
            Match::None { message, .. } => return Err(Failure::invalid("address", message)),
        };
        Ok(success(number.emergency.insert(address)))
    }

    fn deprovision(&self, phone: &str) -> Result<Response, Failure> {
        #[derive(serde::Serialize)]
        struct Nothing {}
        let mut fleet = self.fleet_mut();
        let number = fleet.get_mut(phone).ok_or_else(|| no_number(phone))?;
        number.emergency.take().ok_or_else(|| no_address(phone))?;
        Ok(success(&Nothing {}))
    }

    fn validate(&self, phone: &str, body: &[u8]) -> Result<Response, Failure> {
        self.fleet().get(phone).ok_or_else(|| no_number(phone))?;
        let request = AddressRequest::parse(body)?;
        Ok(success(&Verdict::of(phone, &request)))
    }

    // A panic under the lock leaves no half-made number behind: every change is one assignment.
    fn fleet(&self) -> RwLockReadGuard<'_, Fleet> {
        self.fleet.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn fleet_mut(&self) -> RwLockWriteGuard<'_, Fleet> {
        self.fleet.write().unwrap_or_else(PoisonError::into_inner)
    }
}

const TOKEN_PATH: &str = "/oauth2/token";

fn method_not_allowed(allows: &'static str) -> Response {
    plain_error(405, "UNIMPLEMENTED", "the method is not allowed").with_header("allow", allows)
}

fn no_number(phone: &str) -> Failure {
    let message = "Active number not found";
    Failure::NotFound { resource: "ActiveNumber", name: phone.to_owned(), message }
}

fn no_address(phone: &str) -> Failure {
    let message = "Emergency address not found";
    Failure::NotFound { resource: "EmergencyAddress", name: phone.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::encoding::base64_encode;
    use super::super::{SandboxBuilder, time::Timestamp};
    use super::*;

    const START: Timestamp = Timestamp::from_nanoseconds(1_717_684_962_022_227_000);
    const ADDRESS: &str = r#"{"displayName":"Desk","address":{"streetNumber":"12345","streetInfo":"Main Street","city":"Springfield","state":"IL","postalCode":"62701"}}"#;

    fn service(builder: &SandboxBuilder) -> Service {
        builder.service(START, 1).unwrap()
    }

    fn request(line: &str, body: &str) -> Request {
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let credentials = base64_encode(b"sandbox-key:sandbox-secret");
        Request {
            method: method.to_owned(),
            path: path.replace("NUMBERS", "/v1/projects/sandbox-project/activeNumbers"),
            query: query.to_owned(),
            headers: vec![("Authorization".to_owned(), format!("Basic {credentials}"))],
            body: body.as_bytes().to_vec(),
            keep_alive: true,
        }
    }

    /// The status and the body of an answer, so many milliseconds after the start.
    fn call(service: &Service, line: &str, body: &str, milliseconds: u64) -> (u16, Value) {
        let now = START.plus(Duration::from_millis(milliseconds));
        let response = service.handle(&request(line, body), now);
        let value = serde_json::from_slice(&response.body).unwrap();
        assert!(response.headers.iter().any(|(name, _)| *name == "x-request-id"));
        (response.status, value)
    }

    #[test]
    fn operations_answer_as_specified() {
        let service = service(&SandboxBuilder::default());
        // In this order: each sees what the ones before it have done.
        for (line, body, status, pointer, expected) in [
            ("GET NUMBERS?pageSize=2", "", 200, "/totalSize", json!(12)),
            ("GET NUMBERS/+12025550134", "", 200, "/phoneNumber", json!("+12025550134")),
            ("GET NUMBERS/%2B12025550134", "", 200, "/voiceConfiguration/type", json!("RTC")),
            ("HEAD NUMBERS/+12025550134", "", 200, "/expireAt", Value::Null),
            (
                "PATCH NUMBERS/+12025550134",
                r#"{"displayName":"Desk","callbackUrl":"https://example.com/"}"#,
                200,
                "/displayName",
                json!("Desk"),
            ),
            ("GET NUMBERS/+12025550134", "", 200, "/callbackUrl", json!("https://example.com/")),
            (
                "POST NUMBERS/+12025550134:release",
                "",
                200,
                "/expireAt",
                json!("2024-06-17T14:42:42.022227Z"),
            ),
            (
                "POST NUMBERS/+12025550134:release",
                "",
                200,
                "/expireAt",
                json!("2024-06-17T14:42:42.022227Z"),
            ),
            (
                "GET NUMBERS/+12025550134",
                "",
                200,
                "/nextChargeDate",
                json!("2024-06-17T14:42:42.022227Z"),
            ),
            (
                "GET NUMBERS/+12025550134/emergencyAddress",
                "",
                404,
                "/error/details/0/resourceType",
                json!("EmergencyAddress"),
            ),
            (
                "POST NUMBERS/+12025550134/emergencyAddress:validate",
                ADDRESS,
                200,
                "/validationResult",
                json!("NEAR_MATCH"),
            ),
            (
                "GET NUMBERS/+12025550134/emergencyAddress",
                "",
                404,
                "/error/status",
                json!("NOT_FOUND"),
            ),
            (
                "POST NUMBERS/+12025550134/emergencyAddress:provision",
                ADDRESS,
                200,
                "/streetInfo",
                json!("Main St"),
            ),
            ("GET NUMBERS/+12025550134/emergencyAddress", "", 200, "/streetInfo", json!("Main St")),
            ("GET NUMBERS/+12025550101/emergencyAddress", "", 200, "/location", json!("Apt 5")),
            (
                "POST NUMBERS/+12025550134/emergencyAddress:provision",
                &ADDRESS.replace("Main", "Maine"),
                400,
                "/error/details/0/fieldViolations/0/field",
                json!("address"),
            ),
            ("POST NUMBERS/+12025550134/emergencyAddress:deprovision", "", 200, "", json!({})),
            (
                "POST NUMBERS/+12025550134/emergencyAddress:deprovision",
                "",
                404,
                "/error/code",
                json!(404),
            ),
        ] {
            let (seen, value) = call(&service, line, body, 0);
            assert_eq!(
                (seen, value.pointer(pointer)),
                (status, Some(&expected)),
                "{line}: {value}"
            );
        }
        assert_eq!(service.requests.load(Ordering::Relaxed), 18);
        assert_eq!(service.token_requests.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_cannot_be_done_is_said_with_a_status() {
        let service = service(&SandboxBuilder::default());
        let other = "/v1/projects/other/activeNumbers";
        for (line, body, status, pointer, expected) in [
            ("GET /", "", 404, "/error/status", "NOT_FOUND"),
            ("GET NUMBERS/+12025550134/emergency", "", 404, "/error/status", "NOT_FOUND"),
            ("PUT NUMBERS/+12025550134", "{}", 405, "/error/status", "UNIMPLEMENTED"),
            ("GET NUMBERS/+12025550134:release", "", 405, "/error/status", "UNIMPLEMENTED"),
            ("GET /oauth2/token", "", 405, "/error/status", "UNIMPLEMENTED"),
            (&format!("GET {other}"), "", 403, "/error/status", "PERMISSION_DENIED"),
            ("GET NUMBERS?orderBy=size", "", 400, "/error/status", "INVALID_ARGUMENT"),
            ("GET NUMBERS?orderBy=%ff", "", 400, "/error/status", "INVALID_ARGUMENT"),
            ("GET NUMBERS/+99999999", "", 404, "/error/details/0/resourceName", "+99999999"),
            (
                "PATCH NUMBERS/+99999999",
                "no JSON",
                404,
                "/error/details/0/resourceType",
                "ActiveNumber",
            ),
            ("POST NUMBERS/+99999999:release", "", 404, "/error/status", "NOT_FOUND"),
            (
                "POST NUMBERS/+99999999/emergencyAddress:validate",
                ADDRESS,
                404,
                "/error/message",
                "Active number not found",
            ),
            (
                "GET NUMBERS/12025550134",
                "",
                400,
                "/error/details/0/fieldViolations/0/field",
                "phone_number",
            ),
            (
                "GET NUMBERS/%252B12025550134",
                "",
                400,
                "/error/details/0/fieldViolations/0/field",
                "phone_number",
            ),
            (
                "PATCH NUMBERS/+12025550134",
                r#"{"money":{}}"#,
                400,
                "/error/details/0/fieldViolations/0/field",
                "money",
            ),
        ] {
            let (seen, value) = call(&service, line, body, 0);
            let expected = json!(expected);
            assert_eq!(
                (seen, value.pointer(pointer)),
                (status, Some(&expected)),
                "{line}: {value}"
            );
        }
        let refused = service.handle(&request("DELETE NUMBERS/+12025550134", ""), START);
        assert!(refused.headers.contains(&("allow", "GET, HEAD, PATCH".to_owned())));
    }

    #[test]
    fn an_update_is_carried_out_whole_or_not_at_all() {
        let service = service(&SandboxBuilder::default());
        let line = "PATCH NUMBERS/+12025550123";
        let before = call(&service, "GET NUMBERS/+12025550123", "", 0);
        for body in [
            r#"{"displayName":"New","smsConfiguration":{"servicePlanId":"other"}}"#,
            r#"{"voiceConfiguration":{"type":"RTC","appId":"A"},"smsConfiguration":{"servicePlanId":"other"}}"#,
            r#"{"displayName":"New","callbackUrl":7}"#,
        ] {
            assert_eq!(call(&service, line, body, 0).0, 400, "{body}");
            assert_eq!(call(&service, "GET NUMBERS/+12025550123", "", 0), before, "{body}");
        }
    }

    #[test]
    fn jobs_are_seen_to_move() {
        const BODY: &str = r#"{"smsConfiguration":{"servicePlanId":"P"},"voiceConfiguration":{"type":"FAX","serviceId":"S"}}"#;
        const SMS: &str = "/smsConfiguration/scheduledProvisioning/status";
        const VOICE: &str = "/voiceConfiguration/scheduledVoiceProvisioning/status";
        for (takes, states) in [
            (300, [Some("WAITING"), Some("WAITING"), Some("IN_PROGRESS"), None]),
            // Over at the next read, yet the answer to the update shows it.
            (0, [Some("WAITING"), None, None, None]),
        ] {
            let time = Duration::from_millis(takes);
            let service = service(&SandboxBuilder::default().provisioning(time));
            let (_, answer) = call(&service, "PATCH NUMBERS/+12025550134", BODY, 0);
            let later =
                [0, 150, 300].map(|at| call(&service, "GET NUMBERS/+12025550134", "", at).1);
            for (seen, expected) in [&answer].into_iter().chain(&later).zip(states) {
                for pointer in [SMS, VOICE] {
                    let status = seen.pointer(pointer).and_then(Value::as_str);
                    assert_eq!(status, expected, "{takes} {pointer}: {seen}");
                }
            }
            assert_eq!(later[2].pointer("/smsConfiguration/servicePlanId").unwrap(), "P");
            assert_eq!(later[2].pointer("/voiceConfiguration/serviceId").unwrap(), "S");
            assert_eq!(later[2].pointer("/voiceConfiguration/type").unwrap(), "FAX");
        }
    }

    #[test]
    fn a_number_is_written_as_the_service_writes_it() {
        let service = service(&SandboxBuilder::default());
        let body =
            |line| String::from_utf8(service.handle(&request(line, ""), START).body).unwrap();
        assert_eq!(
            body("GET NUMBERS/+12025550134"),
            r#"{"phoneNumber":"+12025550134","projectId":"sandbox-project","displayName":"MyPhoneNumber","regionCode":"US","type":"MOBILE","capability":["SMS","VOICE"],"money":{"currencyCode":"USD","amount":"2.00"},"paymentIntervalMonths":1,"nextChargeDate":"2024-06-17T14:42:42.022227Z","expireAt":null,"smsConfiguration":{"servicePlanId":"","scheduledProvisioning":null,"campaignId":""},"voiceConfiguration":{"appId":"","scheduledVoiceProvisioning":null,"lastUpdatedTime":null,"type":"RTC","trunkId":"","serviceId":""},"callbackUrl":""}"#
        );
        let failed: Value = serde_json::from_str(&body("GET NUMBERS/+12025550168")).unwrap();
        assert_eq!(
            failed.pointer("/smsConfiguration/scheduledProvisioning/errorCodes").unwrap(),
            &json!(["CAMPAIGN_NOT_AVAILABLE"])
        );
    }

    #[test]
    fn calls_can_be_turned_down() {
        let service = service(&SandboxBuilder::default().fail_429(0.5).fail_503(0.5));
        let mut statuses: Vec<u16> = (0..100)
            .map(|_| call(&service, "POST NUMBERS/+12025550134:release", "", 0).0)
            .collect();
        statuses.sort_unstable();
        statuses.dedup();
        assert_eq!(statuses, [429, 503]);
        // Nothing of it was carried out.
        assert!(service.fleet().get("+12025550134").unwrap().expires.is_none());
    }
}
