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
        // A number is written in about 700 bytes.
        Ok(sized_success(&page, 256 + page.active_numbers.len() * 1024))
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
