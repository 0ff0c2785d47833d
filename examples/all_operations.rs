//! Calls each of the operations once, on one number, and prints what came back:
//! `cargo run --example all_operations -- +12025550134`, with an account in the environment.
//!
//! It changes the number and releases it: run it against a sandbox or a mock of the service.

use sinch_numbers::{
    Address, Capability, Client, EmergencyAddressRequest, Error, ListNumbers, NumberType,
    NumberUpdate, OrderBy,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = std::env::args().nth(1).ok_or("usage: all_operations +12025550134")?;
    let client = Client::from_env()?;
    let query = ListNumbers::new()
        .region_code("US")
        .number_type(NumberType::Local)
        .starts_with("+1202")
        .capability(Capability::Sms)
        .capability(Capability::Voice)
        .page_size(10)
        .order_by(OrderBy::PhoneNumber);
    show("list", client.list(&query).map(|page| page.active_numbers.len()))?;
    show("get", client.get(&number).map(|number| number.phone_number.clone()))?;
    let updates = [
        NumberUpdate::new().display_name("desk").callback_url("https://example.com/callback"),
        NumberUpdate::new().unlink_service_plan_and_campaign(),
        NumberUpdate::new().link_campaign("plan-1", "campaign-1"),
        NumberUpdate::new().unlink_campaign("plan-1"),
        NumberUpdate::new().assign_voice_application("app-1"),
        NumberUpdate::new().assign_trunk("trunk-1"),
        NumberUpdate::new().assign_fax_service("service-1"),
    ];
    for update in updates {
        show("update", client.update(&number, &update).map(|number| number.provisioning()))?;
    }
    let address = Address::new("12345", "Main St", "Springfield", "IL", "62701")
        .location("Apt 5")
        .postal_code_plus_four("1234");
    let request = EmergencyAddressRequest::new("Office", address);
    let validated = client.validate_emergency_address(&number, &request);
    show("validate", validated.map(|response| response.validation_result.clone()))?;
    let provisioned = client.provision_emergency_address(&number, &request);
    show("provision", provisioned.map(|response| response.city.clone()))?;
    show(
        "emergency address",
        client.emergency_address(&number).map(|response| response.city.clone()),
    )?;
    show("deprovision", client.deprovision_emergency_address(&number).map(|_| ()))?;
    show("release", client.release(&number).map(|number| number.expire_at.clone()))?;
    Ok(())
}

/// Prints a result. An error response of the service is a result too; other errors end the run.
fn show<T: std::fmt::Debug>(operation: &str, result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Ok(value) => println!("{operation}: {value:?}"),
        Err(error) if error.api_error().is_some() => println!("{operation}: refused: {error}"),
        Err(error) => return Err(error),
    }
    Ok(())
}
