//! Ensures that a number has an emergency address.

use crate::api::emergency_address::{
    EmergencyAddressRequest, get_emergency_address, names_the_number, provision_emergency_address,
    validate_emergency_address,
};
use crate::api::ensure::EnsureEmergencyAddress;
use crate::api::models::{AddressValidation, EmergencyAddress};
use crate::api::phone_number::PhoneNumber;
use crate::client::converge::{DOUBLING, GROWING, Run, Service, Written};
use crate::client::provisioning::address_refused;
use crate::error::{Error, ErrorKind};
use crate::json::decode::Decode;

/// The result of ensuring an address.
pub(super) struct Ensured {
    /// Whether it was provisioned.
    pub(super) changed: bool,
    /// The JSON of the validation; `None` if none was needed.
    pub(super) validation: Option<String>,
}

/// Provisions the wanted address, once the service has validated it, unless the number has it already.
pub(super) fn ensure<S: Service>(
    run: &mut Run<'_, S>,
    phone_number: &PhoneNumber,
    wanted: &EnsureEmergencyAddress,
) -> Result<Ensured, Error> {
    /// The number of times that a provision of unknown outcome is sent again.
    const RESENDS: u32 = 2;
    let before = read_address(run, phone_number)?;
    let has = |wanted: &EmergencyAddressRequest, address: &Option<EmergencyAddress>| {
        address.as_ref().is_some_and(|address| wanted.is_same_as(address))
    };
    if !wanted.force && has(&wanted.request, &before) {
        return Ok(Ensured { changed: false, validation: None });
    }
    let validate = validate_emergency_address(phone_number, &wanted.request)?;
    let json = run.read(&validate.readable_as::<AddressValidation>())?.json;
    let validation = AddressValidation::decode(&json).unwrap_or_default();
    let Some(accepted) = wanted.accepted(&validation) else {
        return Err(address_refused(&json, &validation));
    };
    let had_before = has(&accepted, &before);
    if !wanted.force && had_before {
        return Ok(Ensured { changed: false, validation: Some(json) });
    }
    let provision = provision_emergency_address(phone_number, &accepted)?;
    let (mut unsent, mut unknown, mut resent) = (GROWING, DOUBLING, 0);
    loop {
        match run.write(&provision)? {
            Written::Accepted => break,
            Written::NotApplied(error) => run.pause_after(unsent.take(), error)?,
            Written::Unknown(error) => {
                run.pause_after(unknown.take(), error.clone())?;
                let now = read_address(run, phone_number)?;
                // If the address was the same before, it does not show whether the display name was set.
                if !had_before && has(&accepted, &now) {
                    run.reconciled = true;
                    return Ok(Ensured { changed: true, validation: Some(json) });
                }
                if resent == RESENDS {
                    return Err(error);
                }
                resent += 1;
            }
        }
    }
    let (mut pause, mut contradicted, mut contradictions) = (GROWING, DOUBLING, 0);
    loop {
        /// The number of reads of another address before it counts as a conflict.
        const MAX_CONTRADICTIONS: u32 = 4;
        let now = read_address(run, phone_number)?;
        match now {
            Some(address) if accepted.is_same_as(&address) => {
                return Ok(Ensured { changed: true, validation: Some(json) });
            }
            Some(_) if now != before && contradictions == MAX_CONTRADICTIONS => {
                let problem =
                    "the address is another one than was sent: somebody else changes it too";
                return Err(Error::new(ErrorKind::Conflict(problem.to_owned())));
            }
            Some(_) if now != before => {
                contradictions += 1;
                run.pause_whole(contradicted.take(), "the address is not the one that was sent")?;
            }
            _ => run.pause(&mut pause, "the address does not show yet")?,
        }
    }
}

/// Reads the address of a number; `None` if the service says that it has none.
fn read_address<S: Service>(
    run: &mut Run<'_, S>,
    phone_number: &PhoneNumber,
) -> Result<Option<EmergencyAddress>, Error> {
    let request = get_emergency_address(phone_number).readable_as::<EmergencyAddress>();
    match run.read(&request) {
        Ok(response) => {
            let address = EmergencyAddress::decode(&response.json).unwrap_or_default();
            let address = Some(address).filter(|address| *address != EmergencyAddress::default());
            run.found = address.is_some().then_some(response.json);
            Ok(address)
        }
        Err(error) if error.not_found().is_some_and(|e| !names_the_number(e)) => {
            run.found = None;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[path = "../../tests/model/ensure.rs"]
mod model;
