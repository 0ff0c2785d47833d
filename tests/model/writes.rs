//! Runs writes against a model of the service, with a simulated clock: lost responses, writes that take effect
//! late, other writers, and reads of something else. The result of every call must be true of the model.

#[path = "writes_service.rs"]
mod service;

use std::time::Duration;

use serde_json::Value;

use super::run::run;
use crate::api::emergency_address::{
    Address, EmergencyAddressRequest, deprovision_emergency_address, provision_emergency_address,
};
use crate::api::number_update::NumberUpdate;
use crate::api::numbers::{release_number, update_number};
use crate::api::phone_number::PhoneNumber;
use crate::api::request::Request;
use crate::error::ErrorKind;
use service::{Model, NUMBER, Write};

const HISTORIES: u64 = 10_000;

/// Makes the request of the history's write; the fields of an update are drawn at random.
fn request(model: &mut Model) -> Request {
    let phone_number = PhoneNumber::try_from(NUMBER).unwrap();
    match model.write {
        Write::Release => Ok(release_number(&phone_number)),
        Write::Deprovision => Ok(deprovision_emergency_address(&phone_number)),
        Write::Provision => {
            let house = Address::new("2", "Main St", "Springfield", "IL", "62701");
            let address = EmergencyAddressRequest::new("Office", house);
            provision_emergency_address(&phone_number, &address)
        }
        Write::Update => {
            let body = model.update();
            let text = |pointer: &str| Some(body.pointer(pointer)?.as_str()?.to_owned());
            let mut update = NumberUpdate::new();
            if let Some(name) = text("/displayName") {
                update = update.display_name(name);
            }
            if let Some(plan) = text("/smsConfiguration/servicePlanId") {
                update = update.sms(plan, text("/smsConfiguration/campaignId"));
            }
            if let Some(id) = text("/voiceConfiguration/appId") {
                update = update.assign_voice_application(id);
            }
            if let Some(id) = text("/voiceConfiguration/trunkId") {
                update = update.assign_trunk(id);
            }
            if let Some(id) = text("/voiceConfiguration/serviceId") {
                update = update.assign_fax_service(id);
            }
            update_number(&phone_number, &update)
        }
    }
    .unwrap()
}

#[test]
fn whatever_a_write_says_is_true() {
    #[derive(Debug, Default)]
    struct Counts {
        done: u32,
        proved: u32,
        certain: u32,
        unknown: u32,
        found: u32,
        landed_after_all: u32,
    }
    let mut counts = Counts::default();
    for seed in 0..HISTORIES {
        let mut model = Model::new(seed);
        let request = request(&mut model);
        model.body = request
            .body
            .as_deref()
            .map_or(Value::Null, |body| serde_json::from_slice(body).unwrap());
        let result = run(&request, 3, &mut model);
        let (taken, landed) = (model.taken, model.landed);
        let name = format!("history {seed}: {:?} {}: {result:?}", model.write, model.body);
        match &result {
            Ok(reply) if reply.reconciled => {
                assert!(model.is_as_asked(), "{name}");
                counts.proved += 1;
            }
            Ok(_) => {
                assert_eq!((taken, landed), (1, 1), "{name}");
                counts.done += 1;
            }
            Err(error) => {
                assert_eq!(error.may_have_been_applied(), taken == 1, "{name}");
                let cancelled = matches!(error.kind(), ErrorKind::Cancelled);
                assert_eq!(cancelled, model.cancelled, "{name}");
                assert!(error.found().is_none() || taken == 1, "{name}");
                if let Some(found) = error.found() {
                    let found: Value = serde_json::from_str(found).unwrap();
                    let number = found.get("phoneNumber").is_some_and(|number| number == NUMBER);
                    assert!(number || found.get("streetNumber").is_some(), "{name}: {found}");
                    counts.found += 1;
                }
                // Lets everything happen that is still to come.
                model.pass(Duration::from_secs(60));
                if taken == 0 {
                    assert_eq!(model.landed, 0, "{name}");
                    counts.certain += 1;
                } else {
                    counts.unknown += 1;
                    counts.landed_after_all += u32::from(model.landed == 1);
                }
            }
        }
        assert!(model.landed <= 1, "{name}");
    }
    // Each outcome occurred often enough to mean something.
    let Counts { done, proved, certain, unknown, found, landed_after_all } = counts;
    for count in [done, proved, certain, unknown, found, landed_after_all] {
        assert!(count >= 500, "{counts:?}");
    }
}
