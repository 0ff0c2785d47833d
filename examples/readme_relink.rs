//! The example of the README for relinking a number and ensuring its emergency address.

use sinch_numbers::{
    Address, Client, EmergencyAddressRequest, EnsureEmergencyAddress, NumberUpdate, Relink,
};

fn main() -> Result<(), sinch_numbers::Error> {
    let client = Client::from_env()?;

    let links = NumberUpdate::new().link_service_plan("YOUR_planId");
    let linked = client.relink("+12025550134", &Relink::to(links))?;
    println!("{:?}", linked.steps);

    let address = Address::new("3500", "Lenox Road NE", "Atlanta", "GA", "30326");
    let wanted = EnsureEmergencyAddress::new(EmergencyAddressRequest::new("Office", address));
    let ensured = client.ensure_emergency_address("+12025550134", &wanted.accept_corrected())?;
    println!("changed: {}", ensured.changed);
    Ok(())
}
