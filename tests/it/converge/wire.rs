//! The operations that converge against scripted responses: which failures of a read pass, how they end, and what their errors
//! tell.

use std::thread;
use std::time::{Duration, Instant};

use sinch_numbers::{
    Address, CancelToken, Client, EmergencyAddressRequest, EnsureEmergencyAddress, Error,
    ErrorKind, NumberUpdate, Phase, Relink, Sandbox, Wait,
};

use crate::support::parallel::in_parallel;
use crate::support::sandboxed::client;
use crate::support::server::{Act, Server, ok, response, response_with};

const NUMBER: &str = "+12025550134";
const IDLE: &str = r#"{"phoneNumber":"+12025550134","smsConfiguration":{"servicePlanId":"p"}}"#;
const RUNNING: &str = r#"{"phoneNumber":"+12025550134","smsConfiguration":{"scheduledProvisioning":{"servicePlanId":"p","status":"WAITING"}}}"#;

fn expected() -> NumberUpdate {
    NumberUpdate::new().link_service_plan("p")
}

fn address() -> EmergencyAddressRequest {
    EmergencyAddressRequest::new(
        "Office",
        Address::new("12345", "Main St", "Springfield", "IL", "62701"),
    )
}

type Run = fn(&Client, Duration) -> Result<(), Error>;

const OPERATIONS: [(&str, Run); 3] = [
    ("active_wait", |client, time| {
        client.wait(NUMBER, &Wait::new().expect(expected()).timeout(time)).map(drop)
    }),
    ("active_relink", |client, time| {
        client.relink(NUMBER, &Relink::to(expected()).timeout(time)).map(drop)
    }),
    ("emergency_address_ensure", |client, time| {
        let wanted = EnsureEmergencyAddress::new(address()).timeout(time);
        client.ensure_emergency_address(NUMBER, &wanted).map(drop)
    }),
];

const LONG: Duration = Duration::from_secs(600);

#[test]
fn a_read_that_cannot_help_ends_the_operation() {
    let missing = r#"{"error":{"code":404,"status":"NOT_FOUND","details":[{"type":"ResourceInfo","resourceType":"ActiveNumber"}]}}"#;
    let rows: [(Act, &str); 8] = [
        (response(404, missing), "Api"),
        (response(404, ""), "Api"),
        (response(400, "{}"), "Api"),
        (response(403, "{}"), "Authentication"),
        (response(401, "{}"), "Authentication"),
        (ok("[]"), "Protocol"),
        (ok(r#"{"error":{"code":400}}"#), "Api"),
        (response_with(301, "Location: /x\r\n", ""), "Protocol"),
    ];
    for (operation, run) in OPERATIONS {
        for (act, kind) in &rows {
            let server = Server::new([act.clone()]);
            let error = run(&server.client(), LONG).unwrap_err();
            let what = format!("{operation} {act:?} {error:?}");
            assert!(format!("{:?}", error.kind()).starts_with(kind), "{what}");
            assert_eq!(error.operation(), Some(operation), "{what}");
            assert_eq!(error.phone_number(), Some(NUMBER), "{what}");
            assert!(!error.may_have_been_applied(), "{what}");
            assert!(server.requests().len() <= 2, "{what}");
        }
    }
    let other = r#"{"phoneNumber":"+12025550199","smsConfiguration":{"servicePlanId":"p"}}"#;
    for (operation, run) in &OPERATIONS[..2] {
        let error = run(&Server::new([ok(other)]).client(), LONG).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{operation} {error:?}");
    }
}

#[test]
fn a_read_that_may_succeed_later_is_repeated() {
    let acts = [
        Act::RawThenClose(Vec::new()),
        response(500, ""),
        response(501, ""),
        response(408, ""),
        response_with(429, "Retry-After: 0\r\n", ""),
    ];
    for act in acts {
        // One attempt a call: what is repeated is repeated by the operation.
        let server = Server::new([act.clone(), act.clone(), ok(IDLE)]);
        let client = server.builder().max_attempts(1).max_idle_connections(0).build().unwrap();
        let found = client.wait(NUMBER, &Wait::new().expect(expected())).unwrap();
        assert_eq!((found.json(), found.attempts()), (IDLE, 3), "{act:?}");
    }
}

#[test]
fn when_the_time_is_up_the_error_tells_what_was_seen() {
    let rows: [(Act, Option<&str>, &str); 3] = [
        (ok(RUNNING), Some(RUNNING), "a provisioning job is under way"),
        (response(503, ""), None, "status 503"),
        (response_with(429, "Retry-After: 3600\r\n", ""), None, "status 429"),
    ];
    in_parallel(&rows, |(act, found, cause)| {
        let server = Server::new([act.clone()]);
        let client = server.builder().max_attempts(1).build().unwrap();
        for (operation, run) in &OPERATIONS[..2] {
            let error = run(&client, Duration::from_secs(5)).unwrap_err();
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert!(source.contains(cause), "{operation} {source}");
            assert!(matches!(error.kind(), ErrorKind::Timeout(Phase::Provisioning)), "{error:?}");
            assert_eq!(error.found(), *found, "{operation}");
            assert!(!error.may_have_been_applied() && error.can_retry(), "{operation}");
        }
        Ok(())
    });
}

#[test]
fn what_cannot_be_right_is_refused_before_anything_is_sent() {
    let server = Server::new([ok("{}")]);
    let client = server.client();
    let zero = Duration::ZERO;
    let long = Duration::from_secs(86_401);
    let name = NumberUpdate::new().display_name("desk");
    let rows: Vec<(Result<(), Error>, &str)> = vec![
        (client.wait("12", &Wait::new()).map(drop), "phoneNumber"),
        (client.wait(NUMBER, &Wait::new().timeout(zero)).map(drop), "timeoutMs"),
        (client.wait(NUMBER, &Wait::new().timeout(long)).map(drop), "timeoutMs"),
        (client.wait(NUMBER, &Wait::new().expect(NumberUpdate::new())).map(drop), "update"),
        (client.relink(NUMBER, &Relink::to(NumberUpdate::new())).map(drop), "update"),
        (client.relink(NUMBER, &Relink::to(name)).map(drop), "displayName"),
        (
            client.relink(NUMBER, &Relink::to(NumberUpdate::new().assign_trunk(""))).map(drop),
            "voiceConfiguration.trunkId",
        ),
        (client.relink(NUMBER, &Relink::to(expected()).timeout(long)).map(drop), "timeoutMs"),
        (
            client
                .ensure_emergency_address(
                    NUMBER,
                    &EnsureEmergencyAddress::new(EmergencyAddressRequest::new(
                        " ",
                        Address::new("1", "Main St", "Springfield", "IL", "62701"),
                    )),
                )
                .map(drop),
            "displayName",
        ),
    ];
    for (result, field) in rows {
        let error = result.unwrap_err();
        let ErrorKind::InvalidInput(input) = error.kind() else { panic!("{error:?}") };
        assert_eq!(input.field, field, "{error}");
        assert!(error.operation().is_some(), "{error:?}");
    }
    assert!(server.requests().is_empty() && server.token_requests().is_empty());
}

/// A job that never ends, or a response that never comes.
#[test]
fn a_cancel_ends_an_operation_wherever_it_waits() {
    for (operation, run) in OPERATIONS {
        for act in [ok(RUNNING), Act::Stall] {
            if operation == "emergency_address_ensure" && matches!(act, Act::Raw(_)) {
                continue;
            }
            for shut_down in [false, true] {
                let server = Server::new([act.clone()]);
                let token = CancelToken::new();
                let client = server.client().with_cancel(&token);
                thread::scope(|scope| {
                    let call = scope.spawn(|| run(&client, LONG));
                    while server.requests().is_empty() {
                        thread::sleep(Duration::from_millis(1));
                    }
                    if shut_down {
                        client.shutdown();
                    } else {
                        token.trigger();
                    }
                    let error = call.join().unwrap().unwrap_err();
                    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{operation} {error:?}");
                    assert!(!error.may_have_been_applied(), "{operation}");
                });
            }
        }
    }
}

#[test]
fn a_deadline_of_a_token_comes_before_that_of_the_operation() {
    let server = Server::new([ok(RUNNING)]);
    let client =
        server.client().with_cancel(&CancelToken::with_deadline(Duration::from_millis(300)));
    let began = Instant::now();
    let error = client.wait(NUMBER, &Wait::new()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(60));
}

/// Lost responses, gateways that give up, and writes that are carried out later than they are answered.
#[test]
fn an_unreliable_service_is_brought_to_the_same_end() {
    type Start = fn() -> Sandbox;
    let faults: [(&str, Start); 3] = [
        ("lost", || {
            Sandbox::builder().lose(0.5).provisioning(Duration::from_millis(50)).start().unwrap()
        }),
        ("503", || {
            let builder = Sandbox::builder().fail_503_after(0.5).fail_503(0.1);
            builder.provisioning(Duration::from_millis(50)).start().unwrap()
        }),
        ("late", || {
            let builder = Sandbox::builder().late(0.6, Duration::from_millis(700));
            builder.provisioning(Duration::from_millis(50)).start().unwrap()
        }),
    ];
    thread::scope(|scope| {
        for (name, start) in faults {
            scope.spawn(move || {
                let sandbox = start();
                let client = client(&sandbox);
                let number = "+12025550101";
                for (plan, campaign) in
                    [("plan-a", "camp-a"), ("plan-a", "camp-b"), ("plan-c", "camp-c")]
                {
                    let links =
                        NumberUpdate::new().link_campaign(plan, campaign).assign_trunk(plan);
                    let relinked = client.relink(number, &Relink::to(links)).unwrap();
                    let sms = relinked.number.sms_configuration.as_ref().unwrap();
                    assert_eq!(
                        (sms.service_plan_id.as_deref(), sms.campaign_id.as_deref()),
                        (Some(plan), Some(campaign)),
                        "{name}"
                    );
                }
                let wanted = EnsureEmergencyAddress::new(address());
                let ensured = client.ensure_emergency_address(number, &wanted).unwrap();
                assert_eq!(ensured.address.street_info.as_deref(), Some("Main St"), "{name}");
                drop(client);
                sandbox.shutdown();
            });
        }
    });
}
