//! Odd content in successful responses: what is refused, what is taken as it came, and how its values read.
//!
//! A case is a body, or a spelling of a field, that no other case has. It runs through one operation that reads and one that
//! writes where only that differs, through all operations where each has its own response, and the essential ones through C as well.

mod documents;
mod errors_in_success;
mod fields;
mod flaws;
mod lists;
mod values;
mod wrappings;

use std::thread;

use serde_json::Value;
use sinch_numbers::{Address, Client, EmergencyAddressRequest, Error, ListNumbers, NumberUpdate};

use crate::support::calls::{Call, Failed, NUMBER};
use crate::support::drivers::{Outcome, c_driver, drive};
use crate::support::mismatches::Mismatches;
use crate::support::server::{Act, Server, response_bytes};

#[test]
fn odd_content_comes_to_what_it_says() {
    let groups: [fn(&mut Mismatches) -> usize; 6] = [
        documents::run,
        errors_in_success::run,
        fields::run,
        lists::run,
        values::run,
        wrappings::run,
    ];
    let (mut cases, mut all) = (0, Mismatches::default());
    thread::scope(|scope| {
        let running = groups.map(|group| {
            scope.spawn(move || {
                let mut found = Mismatches::default();
                let cases = group(&mut found);
                (cases, found)
            })
        });
        for group in running {
            let (ran, found) = group.join().unwrap();
            cases += ran;
            all.append(found);
        }
    });
    all.assert_none();
    assert!(cases >= 200, "{cases}");
}

/// A success as the service sends it.
fn success(body: impl AsRef<[u8]>) -> Act {
    response_bytes(200, "Content-Type: application/json\r\n", body.as_ref())
}

/// Makes a call of a server that gives the same response again and again; the value as it was understood, written again, and
/// the bytes as they came.
fn ask(call: Call, act: Act) -> Result<(Value, String), Error> {
    let server = Server::new([act]);
    read(call, &server.plain_client())
}

fn read(call: Call, client: &Client) -> Result<(Value, String), Error> {
    macro_rules! both {
        ($call:expr) => {{
            let response = $call?;
            Ok((serde_json::to_value(&*response).unwrap(), response.json().to_owned()))
        }};
    }
    let address = Address::new("1", "Main St", "Springfield", "IL", "62701");
    let address = EmergencyAddressRequest::new("Office", address);
    match call.name {
        "active_list" => both!(client.list(&ListNumbers::new())),
        "active_get" => both!(client.get(NUMBER)),
        "active_update" => both!(client.update(NUMBER, &NumberUpdate::new().display_name("desk"))),
        "active_release" => both!(client.release(NUMBER)),
        "emergency_address_get" => both!(client.emergency_address(NUMBER)),
        "emergency_address_provision" => {
            both!(client.provision_emergency_address(NUMBER, &address))
        }
        "emergency_address_deprovision" => both!(client.deprovision_emergency_address(NUMBER)),
        "emergency_address_validate" => both!(client.validate_emergency_address(NUMBER, &address)),
        other => panic!("{other}"),
    }
}

/// A body that is not what the service promises: the call is over, and a write may have taken effect.
fn refused(call: Call, status: u16) -> Failed {
    Failed {
        kind: "protocol".to_owned(),
        status: Some(status),
        attempts: 1,
        maybe_applied: call.writes,
        can_retry: false,
    }
}

/// Reads so many responses, one by one, through C.
fn through_c(call: Call, acts: Vec<Act>) -> Vec<Outcome> {
    let count = acts.len();
    let server = Server::new(acts);
    let lines = call.line().repeat(count);
    let outcomes = drive(c_driver(), &server.url, r#""auth": "basic", "maxAttempts": 1"#, lines);
    assert_eq!((outcomes.len(), server.requests().len()), (count, count));
    outcomes
}
