//! Makes sure that a number has an emergency address, in the form in which the emergency services know it:
//! `cargo run --example emergency_address -- +12025550134 3500 "Lenox Road NE" Atlanta GA 30326`, with an account in the
//! environment.

use sinch_numbers::{
    Address, Client, EmergencyAddressRequest, EnsureEmergencyAddress, ErrorKind, ValidationResult,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [number, street_number, street, city, state, code] = arguments.as_slice() else {
        return Err(
            "usage: emergency_address +1… STREET_NUMBER STREET CITY STATE POSTAL_CODE".into()
        );
    };
    let client = Client::from_env()?;
    let address = Address::new(street_number, street, city, state, code);
    let wanted = EnsureEmergencyAddress::new(EmergencyAddressRequest::new("Office", address));

    // A correction is taken only if it is still the same place: the spelling, the city or the postal code were wrong.
    match client.ensure_emergency_address(number, &wanted.accept_corrected()) {
        Ok(done) => {
            let validation = done.validation.as_ref();
            let corrected = validation
                .filter(|v| v.validation_result == Some(ValidationResult::NearMatch))
                .and_then(|v| v.corrected_address.as_ref());
            if let Some(corrected) = corrected {
                println!("corrected: {}", serde_json::to_string(corrected)?);
            }
            let what = if done.changed { "provisioned" } else { "stands already" };
            println!("{what}: {}", serde_json::to_string(&done.address)?);
            Ok(())
        }
        Err(error) => {
            if let ErrorKind::Address(refusal) = error.kind() {
                for candidate in &refusal.validation().candidate_addresses {
                    println!("perhaps: {}", serde_json::to_string(candidate)?);
                }
            }
            Err(error.into())
        }
    }
}
