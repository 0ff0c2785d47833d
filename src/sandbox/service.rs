//! The service without sockets and threads: checks a request, runs its operation, and makes the response.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::access::{Access, PROJECT_ID};
use super::emergency::{AddressRequest, Verdict};
use super::encoding::{form_decode, percent_decode};
use super::faults::Faults;
use super::http::{Request, Response};
use super::ledger::SandboxWrite;
use super::query::ListQuery;
use super::response::{Failure, Reply, plain_error, sized_success, success};
use super::routes::{Operation, Target};
use super::store::Store;
use super::time::Timestamp;
use super::write::Write;
use crate::api::phone_number::PhoneNumber;

/// The service: everything but sockets, threads and the clock.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) store: RwLock<Store>,
    pub(super) access: Access,
    pub(super) faults: Faults,
    pub(super) page_max: usize,
    pub(super) requests: AtomicU64,
    pub(super) token_requests: AtomicU64,
}

impl Service {
    /// Handles a request as of that moment.
    pub(super) fn handle(&self, request: &Request, now: Timestamp) -> Reply {
        let (kind, counter) = if request.path == TOKEN_PATH {
            ("token", &self.token_requests)
        } else {
            ("call", &self.requests)
        };
        let serial = counter.fetch_add(1, Ordering::Relaxed);
        let id = format!("sandbox-{kind}-{serial:08x}");
        let Reply { response, lost } = if request.path == TOKEN_PATH {
            self.handle_token(request, now).into()
        } else {
            self.handle_call(request, &id, now).unwrap_or_else(Reply::from)
        };
        Reply { response: response.with_header("x-request-id", id), lost }
    }

    /// The writes carried out and dropped by that moment, and then those that are still to come.
    pub(super) fn writes(&self, now: Timestamp) -> Vec<SandboxWrite> {
        self.store_mut().writes(now)
    }

    /// Carries out the late writes that are due.
    pub(super) fn catch_up(&self, now: Timestamp) {
        self.store_mut().catch_up(now);
    }

    /// The callback URL of a number at that moment; empty if there is none.
    pub(super) fn callback_url(&self, phone: &str, now: Timestamp) -> String {
        let store = self.store(now);
        store.fleet.get(phone).map_or_else(String::new, |number| number.callback_url.clone())
    }

    fn handle_token(&self, request: &Request, now: Timestamp) -> Response {
        if request.method == "POST" {
            self.access.token(request, now)
        } else {
            method_not_allowed("POST")
        }
    }

    /// Makes the checks of a gateway (path, method, credentials, project), then runs the operation.
    fn handle_call(&self, request: &Request, id: &str, now: Timestamp) -> Result<Reply, Response> {
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
        self.faults.next_call()?;
        let outcome = match operation {
            Operation::List => self.list(request, now).map(Reply::from),
            _ => percent_decode(target.number)
                .filter(|phone| PhoneNumber::try_from(phone).is_ok())
                .ok_or_else(|| {
                    Failure::invalid("phone_number", "the phone number has to be in E.164 format")
                })
                .and_then(|phone| self.perform(operation, &phone, &request.body, id, now)),
        };
        outcome.map_err(Response::from)
    }

    fn perform(
        &self,
        operation: Operation,
        phone: &str,
        body: &[u8],
        id: &str,
        now: Timestamp,
    ) -> Result<Reply, Failure> {
        let write = match operation {
            Operation::List | Operation::Get => return self.get(phone, now).map(Reply::from),
            Operation::GetAddress => return self.address(phone, now).map(Reply::from),
            Operation::Validate => return self.validate(phone, body, now).map(Reply::from),
            Operation::Update => Write::update(body),
            Operation::Release => Ok(Write::Release),
            Operation::Provision => Write::provision(body),
            Operation::Deprovision => Ok(Write::Deprovision),
        };
        self.store_mut().accept(phone, write, id, now, &self.faults)
    }

    fn list(&self, request: &Request, now: Timestamp) -> Result<Response, Failure> {
        let pairs = form_decode(&request.query)
            .ok_or_else(|| Failure::invalid("query", "the query is not percent-encoded UTF-8"))?;
        let query = ListQuery::parse(&pairs)?;
        let store = self.store(now);
        let page = store.fleet.list(&query, self.page_max, PROJECT_ID, now);
        // A number is written in about 530 bytes.
        Ok(sized_success(&page, 256 + page.active_numbers.len() * 640))
    }

    fn get(&self, phone: &str, now: Timestamp) -> Result<Response, Failure> {
        let store = self.store(now);
        let number = store.fleet.get(phone).ok_or_else(|| Failure::no_number(phone))?;
        Ok(success(&number.view(PROJECT_ID, now)))
    }

    fn address(&self, phone: &str, now: Timestamp) -> Result<Response, Failure> {
        let store = self.store(now);
        let number = store.fleet.get(phone).ok_or_else(|| Failure::no_number(phone))?;
        number.emergency.as_ref().map(success).ok_or_else(|| Failure::no_address(phone))
    }

    fn validate(&self, phone: &str, body: &[u8], now: Timestamp) -> Result<Response, Failure> {
        self.store(now).fleet.get(phone).ok_or_else(|| Failure::no_number(phone))?;
        let request = AddressRequest::parse(body)?;
        Ok(success(&Verdict::of(phone, &request)))
    }

    /// The state at that moment, to read.
    fn store(&self, now: Timestamp) -> RwLockReadGuard<'_, Store> {
        loop {
            let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
            if !store.is_due(now) {
                return store;
            }
            drop(store);
            self.store_mut().catch_up(now);
        }
    }

    // A panic under the lock leaves no half-made number behind: every change is one assignment.
    fn store_mut(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }
}

const TOKEN_PATH: &str = "/oauth2/token";

fn method_not_allowed(allows: &'static str) -> Response {
    plain_error(405, "UNIMPLEMENTED", "the method is not allowed").with_header("allow", allows)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    /// The status and the body of a response, so many milliseconds after the start.
    fn call(service: &Service, line: &str, body: &str, milliseconds: u64) -> (u16, Value) {
        let now = START.plus(Duration::from_millis(milliseconds));
        let response = service.handle(&request(line, body), now).response;
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
        assert!(refused.response.headers.contains(&("allow", "GET, HEAD, PATCH".to_owned())));
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
            // Over at the next read, yet the response to the update shows it.
            (0, [Some("WAITING"), None, None, None]),
        ] {
            let time = Duration::from_millis(takes);
            let service = service(&SandboxBuilder::default().provisioning(time));
            let (_, response) = call(&service, "PATCH NUMBERS/+12025550134", BODY, 0);
            let later =
                [0, 150, 300].map(|at| call(&service, "GET NUMBERS/+12025550134", "", at).1);
            for (seen, expected) in [&response].into_iter().chain(&later).zip(states) {
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
        let body = |line| {
            String::from_utf8(service.handle(&request(line, ""), START).response.body).unwrap()
        };
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
        assert!(service.store(START).fleet.get("+12025550134").unwrap().expires.is_none());
    }

    #[test]
    fn a_write_can_be_carried_out_and_told_otherwise() {
        let builder = SandboxBuilder::default;
        let line = "POST NUMBERS/+12025550134:release";
        // Settings, and then: whether the response is lost, its status, the status in the record.
        for (builder, lost, status, recorded) in [
            (builder(), false, 200, Some(200)),
            (builder().lose(1.0), true, 200, None),
            (builder().fail_503_after(1.0), false, 503, Some(503)),
            (builder().fail_503_after(1.0).lose(1.0), true, 503, None),
        ] {
            let service = service(&builder);
            let reply = service.handle(&request(line, ""), START);
            assert_eq!((reply.lost, reply.response.status), (lost, status), "{builder:?}");
            let writes = service.writes(START);
            assert_eq!(writes.len(), 1);
            assert_eq!((writes[0].status, writes[0].applied), (recorded, Some(Duration::ZERO)));
            assert_eq!(writes[0].request_id, "sandbox-call-00000000");
            // Reads, validations and refused writes meet none of it, and are not recorded.
            for (line, body, status) in [
                ("GET NUMBERS/+12025550134", "", 200),
                ("GET NUMBERS/+12025550101/emergencyAddress", "", 200),
                ("POST NUMBERS/+12025550134/emergencyAddress:validate", ADDRESS, 200),
                ("POST NUMBERS/+12025550134/emergencyAddress:deprovision", "", 404),
                ("POST NUMBERS/+99999999:release", "", 404),
                ("PATCH NUMBERS/+12025550134", "{}", 400),
            ] {
                let reply = service.handle(&request(line, body), START);
                assert_eq!((reply.lost, reply.response.status), (false, status), "{line}");
            }
            assert_eq!(service.writes(START), writes);
        }
    }

    #[test]
    fn every_read_sees_the_late_writes_that_are_due() {
        let by = Duration::from_secs(10);
        let latency = Duration::from_secs(5);
        for (read, pointer, before, after) in [
            ("GET NUMBERS/+12025550101", "/displayName", json!("Reception"), json!("Late")),
            (
                "GET NUMBERS?pageSize=1",
                "/activeNumbers/0/displayName",
                json!("Reception"),
                json!("Late"),
            ),
            ("GET NUMBERS/+12025550101/emergencyAddress", "/error/code", Value::Null, json!(404)),
        ] {
            let service = service(&SandboxBuilder::default().late(1.0, by).latency(latency));
            for (line, body) in [
                ("PATCH NUMBERS/+12025550101", r#"{"displayName":"Late"}"#),
                ("POST NUMBERS/+12025550101/emergencyAddress:deprovision", ""),
            ] {
                assert_eq!(call(&service, line, body, 0).0, 200, "{line}");
            }
            // The response leaves 5 s after the request came, and the delay counts from there.
            let seen = [0, 5_000, 15_000].map(|at| call(&service, read, "", at).1);
            let seen = seen.each_ref().map(|value| value.pointer(pointer).unwrap_or(&Value::Null));
            assert_eq!(seen, [&before, &before, &after], "{read}");
        }
    }
}
