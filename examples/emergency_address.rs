//! Puts an emergency address on a number, in the form in which the emergency services know it:
//! `cargo run --example emergency_address -- +12025550134 3500 "Lenox Road NE" Atlanta GA 30326`, with an account in the
//! environment.

use sinch_numbers::{Address, Client, EmergencyAddressRequest, ValidationResult};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [number, street_number, street, city, state, code] = arguments.as_slice() else {
        return Err(
            "usage: emergency_address +1… STREET_NUMBER STREET CITY STATE POSTAL_CODE".into()
        );
    };
    let client = Client::from_env()?;
    let address = Address::new(street_number, street, city, state, code);
    let mut request = EmergencyAddressRequest::new("Office", address);

    let validation = client.validate_emergency_address(number, &request)?;
    match (&validation.validation_result, &validation.corrected_address) {
        (Some(ValidationResult::ExactMatch), _) => {}
        (Some(ValidationResult::NearMatch), Some(corrected)) => {
            println!("corrected: {}", serde_json::to_string(corrected)?);
            request = EmergencyAddressRequest::new("Office", corrected);
        }
        _ => {
            for candidate in &validation.candidate_addresses {
                println!("perhaps: {}", serde_json::to_string(candidate)?);
            }
            return Err("no such address: nothing was provisioned".into());
        }
    }
    let provisioned = client.provision_emergency_address(number, &request)?;
    println!("provisioned: {}", serde_json::to_string(&*provisioned)?);
    Ok(())
}
