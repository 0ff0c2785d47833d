//! The operations as rows, for tests that treat them alike, and what a call came to in a form that rows can hold.

use std::time::Duration;

use sinch_numbers::{
    Address, Client, EmergencyAddressRequest, Error, ErrorKind, ListNumbers, NumberUpdate,
};

pub(crate) const NUMBER: &str = "+12025550134";

/// One operation: how it is called from Rust and from C, and what goes out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// As errors and the C library name it.
    pub(crate) name: &'static str,
    /// The method of the Rust client.
    pub(crate) rust: &'static str,
    /// Whether it changes something.
    pub(crate) writes: bool,
    pub(crate) method: &'static str,
    /// Below the project.
    pub(crate) target: &'static str,
    pub(crate) body: &'static str,
    run: fn(&Client) -> Result<Done, Error>,
}

/// What a successful call says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) json: String,
    pub(crate) attempts: u32,
    pub(crate) reconciled: bool,
}

macro_rules! run {
    ($client:ident => $call:expr) => {
        |$client| {
            $call.map(|response| Done {
                json: response.json().to_owned(),
                attempts: response.attempts(),
                reconciled: response.reconciled(),
            })
        }
    };
}

fn address() -> EmergencyAddressRequest {
    let address = Address::new("1", "Main St", "Springfield", "IL", "62701");
    EmergencyAddressRequest::new("Office", address)
}

const ADDRESS: &str = r#"{"displayName":"Office","address":{"streetNumber":"1","streetInfo":"Main St","city":"Springfield","state":"IL","postalCode":"62701"}}"#;

/// Reads first, then writes.
pub(crate) const CALLS: [Call; 8] = [
    Call {
        name: "active_list",
        rust: "list",
        writes: false,
        method: "GET",
        target: "activeNumbers",
        body: "",
        run: run!(c => c.list(&ListNumbers::new())),
    },
    Call {
        name: "active_get",
        rust: "get",
        writes: false,
        method: "GET",
        target: "activeNumbers/+12025550134",
        body: "",
        run: run!(c => c.get(NUMBER)),
    },
    Call {
        name: "emergency_address_get",
        rust: "emergency_address",
        writes: false,
        method: "GET",
        target: "activeNumbers/+12025550134/emergencyAddress",
        body: "",
        run: run!(c => c.emergency_address(NUMBER)),
    },
    Call {
        name: "emergency_address_validate",
        rust: "validate_emergency_address",
        writes: false,
        method: "POST",
        target: "activeNumbers/+12025550134/emergencyAddress:validate",
        body: ADDRESS,
        run: run!(c => c.validate_emergency_address(NUMBER, &address())),
    },
    Call {
        name: "active_update",
        rust: "update",
        writes: true,
        method: "PATCH",
        target: "activeNumbers/+12025550134",
        body: r#"{"displayName":"desk"}"#,
        run: run!(c => c.update(NUMBER, &NumberUpdate::new().display_name("desk"))),
    },
    Call {
        name: "active_release",
        rust: "release",
        writes: true,
        method: "POST",
        target: "activeNumbers/+12025550134:release",
        body: "",
        run: run!(c => c.release(NUMBER)),
    },
    Call {
        name: "emergency_address_provision",
        rust: "provision_emergency_address",
        writes: true,
        method: "POST",
        target: "activeNumbers/+12025550134/emergencyAddress:provision",
        body: ADDRESS,
        run: run!(c => c.provision_emergency_address(NUMBER, &address())),
    },
    Call {
        name: "emergency_address_deprovision",
        rust: "deprovision_emergency_address",
        writes: true,
        method: "POST",
        target: "activeNumbers/+12025550134/emergencyAddress:deprovision",
        body: "",
        run: run!(c => c.deprovision_emergency_address(NUMBER)),
    },
];

/// The operation of a name.
pub(crate) fn call(name: &str) -> Call {
    *CALLS.iter().find(|call| call.name == name).unwrap()
}

impl Call {
    pub(crate) fn run(&self, client: &Client) -> Result<Done, Error> {
        (self.run)(client)
    }

    /// A line for `tests/c/table.c`: operation, number and JSON.
    pub(crate) fn line(&self) -> String {
        let number = if self.name == "active_list" { "" } else { NUMBER };
        format!("{}\t{number}\t{}\n", self.name, self.body)
    }

    pub(crate) fn reads() -> impl Iterator<Item = Self> {
        CALLS.into_iter().filter(|call| !call.writes)
    }

    pub(crate) fn writes() -> impl Iterator<Item = Self> {
        CALLS.into_iter().filter(|call| call.writes)
    }
}

/// What kind of failure it is, as a word: `input`, `auth`, `rate`, `api`, `protocol`, `cancelled`; `timeout` and `transport`
/// with the phase, as in `timeout:wait` and `transport:connect`.
pub(crate) fn kind(error: &Error) -> String {
    match error.kind() {
        ErrorKind::InvalidInput(_) => "input".to_owned(),
        ErrorKind::Authentication(_) => "auth".to_owned(),
        ErrorKind::RateLimited(_) => "rate".to_owned(),
        ErrorKind::Api(_) => "api".to_owned(),
        ErrorKind::Timeout(phase) => format!("timeout:{}", phase.as_str()),
        ErrorKind::Transport(phase) => format!("transport:{}", phase.as_str()),
        ErrorKind::Protocol(_) => "protocol".to_owned(),
        ErrorKind::Cancelled => "cancelled".to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// The code that the C library gives an error.
pub(crate) fn code(error: &Error) -> i32 {
    match error.kind() {
        ErrorKind::InvalidInput(_) => 3,
        ErrorKind::Authentication(_) => 4,
        ErrorKind::RateLimited(_) | ErrorKind::Api(_) | ErrorKind::Conflict(_) => 5,
        ErrorKind::Transport(_) => 6,
        ErrorKind::Timeout(_) => 7,
        ErrorKind::Protocol(_) => 8,
        ErrorKind::Cancelled => 9,
        ErrorKind::Provisioning(_) => 11,
        ErrorKind::Address(_) => 12,
        _ => panic!("{error:?}"),
    }
}

/// The message with every cause below it, as the C library gives it.
pub(crate) fn whole_message(error: &Error) -> String {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(below) = cause {
        message += &format!(": {below}");
        cause = below.source();
    }
    message
}

/// A failed call in the form that rows can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    /// See [`kind`].
    pub(crate) kind: String,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) maybe_applied: bool,
    pub(crate) can_retry: bool,
}

impl From<&Error> for Failed {
    fn from(error: &Error) -> Self {
        Self {
            kind: kind(error),
            status: error.http_status(),
            attempts: error.attempts(),
            maybe_applied: error.may_have_been_applied(),
            can_retry: error.can_retry(),
        }
    }
}

/// Ten deadlines: how long a call may take at most before a test calls it endless. What it overshoots by is measured in
/// `benches/`, since machines are noisy.
pub(crate) fn bound(deadline: Duration) -> Duration {
    deadline * 10
}

/// How long a row of a table may take to connect whose error says this: only what is to run out of it gets little, so that a
/// slow machine does not take it from the others.
pub(crate) fn connect_timeout(piece: &str) -> Duration {
    Duration::from_secs(if piece == "timed out" { 2 } else { 20 })
}
