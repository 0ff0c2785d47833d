//! The operations against the sandbox, with both authentications: one life of a number.

use std::thread;
use std::time::Duration;

use sinch_numbers::{
    ActiveNumber, Address, Client, Credentials, EmergencyAddressRequest, Error, ListNumbers,
    NumberType, NumberUpdate, OrderBy, Provisioning, Sandbox, ValidationResult,
    VoiceApplicationType,
};

use crate::support::sandboxed::builder_with;

fn clients(sandbox: &Sandbox) -> [Client; 2] {
    let (id, secret) = (sandbox.key_id(), sandbox.key_secret());
    [Credentials::oauth2(id, secret), Credentials::basic(id, secret)]
        .map(|credentials| builder_with(sandbox, credentials).build().unwrap())
}

/// Reads the number until its jobs are over. It ends by what the sandbox says, not by a clock.
fn settle(client: &Client, number: &str) -> ActiveNumber {
    loop {
        let read = client.get(number).unwrap().into_inner();
        if read.provisioning() != Provisioning::Pending {
            return read;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_life_of_a_number() {
    for which in 0..2 {
        let sandbox = Sandbox::builder().provisioning(Duration::from_millis(20)).start().unwrap();
        let client = &clients(&sandbox)[which];

        let query = ListNumbers::new().region_code("US").order_by(OrderBy::PhoneNumber);
        let page = client.list(&query.clone().page_size(2)).unwrap();
        assert_eq!(page.active_numbers.len(), 2);
        let total = usize::try_from(page.total_size.unwrap()).unwrap();
        let fleet: Vec<_> = client.numbers(&query.page_size(2)).map(Result::unwrap).collect();
        assert_eq!(fleet.len(), total);
        assert!(fleet.windows(2).all(|pair| pair[0].phone_number < pair[1].phone_number));
        assert!(fleet.iter().all(|number| number.region_code.as_deref() == Some("US")));

        let free = fleet
            .iter()
            .find(|number| {
                number.provisioning() == Provisioning::Settled
                    && number.expire_at.is_none()
                    && number.voice_configuration.as_ref().is_none_or(|voice| {
                        voice.app_id.is_none()
                            && voice.trunk_id.is_none()
                            && voice.service_id.is_none()
                    })
                    && number
                        .sms_configuration
                        .as_ref()
                        .is_none_or(|sms| sms.service_plan_id.is_none())
            })
            .expect("the seeded fleet has an unlinked number");
        let number = free.phone_number.as_str();

        let update = NumberUpdate::new()
            .display_name("reception")
            .link_service_plan("plan-1")
            .assign_trunk("trunk-1")
            .callback_url("https://example.com/callback");
        let response = client.update(number, &update).unwrap();
        assert_eq!(response.display_name.as_deref(), Some("reception"));
        assert_eq!(response.provisioning(), Provisioning::Pending);
        assert_eq!(response.sms_job().unwrap().service_plan_id.as_deref(), Some("plan-1"));
        assert_eq!(response.voice_job().unwrap().trunk_id.as_deref(), Some("trunk-1"));
        let settled = settle(client, number);
        assert_eq!(settled.provisioning(), Provisioning::Settled);
        let sms = settled.sms_configuration.as_ref().unwrap();
        assert_eq!(sms.service_plan_id.as_deref(), Some("plan-1"));
        let voice = settled.voice_configuration.as_ref().unwrap();
        assert_eq!(voice.application_type(), &VoiceApplicationType::Est);
        assert_eq!(voice.trunk_id.as_deref(), Some("trunk-1"));
        assert_eq!(settled.callback_url.as_deref(), Some("https://example.com/callback"));

        let relink = NumberUpdate::new().link_service_plan("plan-2");
        let error = client.update(number, &relink).unwrap_err();
        assert_eq!(error.http_status(), Some(400), "unlink before link: {error:?}");
        client.update(number, &NumberUpdate::new().unlink_service_plan()).unwrap();
        let settled = settle(client, number);
        assert!(settled.sms_configuration.is_none_or(|sms| sms.service_plan_id.is_none()));
        client.update(number, &relink).unwrap();
        settle(client, number);

        assert_eq!(client.emergency_address(number).unwrap_err().http_status(), Some(404));
        let near = Address::new("3500", "Lenox Road NE", "Atlanta", "GA", "30326");
        let request = EmergencyAddressRequest::new("Office", near);
        let validation = client.validate_emergency_address(number, &request).unwrap();
        assert_eq!(validation.validation_result, Some(ValidationResult::NearMatch));
        let corrected = validation.corrected_address.as_ref().unwrap();
        let request = EmergencyAddressRequest::new("Office", corrected);
        let validation = client.validate_emergency_address(number, &request).unwrap();
        assert_eq!(validation.validation_result, Some(ValidationResult::ExactMatch));
        assert_eq!(validation.corrected_address, None);
        let provisioned = client.provision_emergency_address(number, &request).unwrap();
        assert_eq!(&*provisioned, corrected);
        assert_eq!(&*client.emergency_address(number).unwrap(), corrected);
        client.deprovision_emergency_address(number).unwrap();
        assert_eq!(client.emergency_address(number).unwrap_err().http_status(), Some(404));

        let released = client.release(number).unwrap();
        assert!(released.expire_at.is_some());
        assert_eq!(client.get(number).unwrap().expire_at, released.expire_at);

        assert_eq!(sandbox.token_requests(), u64::from(which == 0));
    }
}

#[test]
fn a_failed_job_says_why() {
    let sandbox = Sandbox::builder().provisioning(Duration::ZERO).start().unwrap();
    let [client, _] = clients(&sandbox);
    let query = ListNumbers::new().number_type(NumberType::Local);
    let number = client
        .numbers(&query)
        .map(Result::unwrap)
        .find(|n| n.sms_configuration.as_ref().is_none_or(|sms| sms.service_plan_id.is_none()))
        .unwrap()
        .phone_number;
    client.update(&number, &NumberUpdate::new().link_service_plan("fail-plan")).unwrap();
    let failed = settle(&client, &number);
    assert_eq!(failed.provisioning(), Provisioning::Failed);
    assert!(!failed.sms_job().unwrap().error_codes.is_empty());
}

#[test]
fn tokens_that_expire_are_replaced_unseen() {
    let sandbox = Sandbox::start().unwrap();
    let [client, _] = clients(&sandbox);
    let number = client.list(&ListNumbers::new()).unwrap().active_numbers[0].phone_number.clone();
    assert_eq!(client.get(&number).unwrap().attempts(), 1);
    sandbox.expire_tokens();
    assert_eq!(client.get(&number).unwrap().attempts(), 2);
    assert_eq!(client.get(&number).unwrap().attempts(), 1);
    assert_eq!(sandbox.token_requests(), 2);
}

#[test]
fn wrong_credentials_and_projects_are_refused() {
    let sandbox = Sandbox::start().unwrap();
    let at = |project: &str, credentials| {
        let builder = Client::builder(project, credentials);
        let builder = builder.base_url(sandbox.base_url()).auth_url(sandbox.base_url());
        builder.build().unwrap().list(&ListNumbers::new()).unwrap_err()
    };
    let (id, secret) = (sandbox.key_id(), sandbox.key_secret());
    for (project, credentials, status) in [
        (sandbox.project_id(), Credentials::oauth2(id, "wrong"), 401),
        (sandbox.project_id(), Credentials::basic(id, "wrong"), 401),
        ("another-project", Credentials::oauth2(id, secret), 403),
        ("another-project", Credentials::basic(id, secret), 403),
    ] {
        let error = at(project, credentials);
        assert_eq!(error.http_status(), Some(status), "{error:?}");
        assert!(matches!(error.kind(), sinch_numbers::ErrorKind::Authentication(_)));
    }
}

/// Does a write and drops its value.
type Run = fn(&Client) -> Result<(), Error>;

const WRITES: &[(&str, Run)] = &[
    ("active_update", |client| {
        client.update("+12025550134", &NumberUpdate::new().display_name("desk 7")).map(drop)
    }),
    ("active_release", |client| client.release("+12025550134").map(drop)),
    ("emergency_address_provision", |client| {
        let address = Address::new("7", "Main St", "Springfield", "IL", "62701");
        let request = EmergencyAddressRequest::new("Desk", address);
        client.provision_emergency_address("+12025550134", &request).map(drop)
    }),
    ("emergency_address_deprovision", |client| {
        client.deprovision_emergency_address("+12025550101").map(drop)
    }),
];

#[test]
fn what_is_told_of_a_write_agrees_with_the_ledger() {
    /// Far longer than the test takes.
    const LATER: Duration = Duration::from_secs(10_000_000);
    /// A write that is told to be in doubt may have been carried out or not.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Told {
        Success,
        SuccessOrDoubt,
        Doubt,
    }
    let builder = Sandbox::builder;
    thread::scope(|scope| {
        // Settings, the status in the ledger, whether it is carried out, and what may be told.
        for (builder, status, applied, told) in [
            (builder(), Some(200), true, Told::Success),
            (builder().lose(1.0), None, true, Told::SuccessOrDoubt),
            (builder().fail_503_after(1.0), Some(503), true, Told::SuccessOrDoubt),
            (builder().late(1.0, LATER), Some(200), false, Told::Success),
            (builder().late(1.0, LATER).lose(1.0), None, false, Told::Doubt),
            (builder().late(1.0, LATER).fail_503_after(1.0), Some(503), false, Told::Doubt),
        ] {
            for &(operation, run) in WRITES {
                let builder = builder.clone();
                scope.spawn(move || {
                    let sandbox = builder.start().unwrap();
                    let [_, client] = clients(&sandbox);
                    let result = run(&client);
                    match &result {
                        Ok(()) => assert_ne!(told, Told::Doubt, "{operation} {sandbox:?}"),
                        Err(error) => {
                            assert_ne!(told, Told::Success, "{operation} {error:?}");
                            assert!(error.may_have_been_applied(), "{operation} {error:?}");
                        }
                    }
                    let writes = sandbox.shutdown();
                    assert!(!writes.is_empty());
                    for write in &writes {
                        assert_eq!((write.operation, write.status), (operation, status));
                        assert_eq!((write.applied.is_some(), write.late), (applied, !applied));
                        assert_eq!(write.dropped, None);
                    }
                });
            }
        }
    });
}
