//! Emergency addresses.

use serde::Serialize;
use sinch_numbers::{
    Address, AddressValidation, EmergencyAddressRequest, EnsureEmergencyAddress, ErrorKind,
    ValidationResult,
};

use crate::Failure;
use crate::args::{Accept, AddressArgs, OutputArgs, SetArgs};
use crate::columns::{ADDRESSES, ENSURED, REQUESTS, VALIDATIONS};
use crate::exit::Exit;
use crate::output::Output;
use crate::session::{self, RequestPreview, check_input, progress, say};

impl AddressArgs {
    fn request(self) -> EmergencyAddressRequest {
        let mut address = Address::new(
            self.street_number,
            self.street_info,
            self.city,
            self.state,
            self.postal_code,
        );
        if let Some(location) = self.location {
            address = address.location(location);
        }
        if let Some(digits) = self.postal_code_plus_four {
            address = address.postal_code_plus_four(digits);
        }
        EmergencyAddressRequest::new(self.display_name, address)
    }
}

pub(crate) fn get(number: &str, output: &OutputArgs) -> Result<Exit, Failure> {
    let mut out = Output::of_one(output, ADDRESSES)?;
    let client = session::client()?;
    let address = client.emergency_address(number).map_err(|error| match error.missing() {
        // The service names the number if it does not know it.
        Some(kind) if kind == "ActiveNumber" => Failure::from(error),
        _ => Failure::from(error).advise_if(Exit::NotFound, "no emergency address is on file"),
    })?;
    out.item(address.json())?;
    out.finish()?;
    Ok(Exit::Done)
}

pub(crate) fn validate(
    number: &str,
    address: AddressArgs,
    output: &OutputArgs,
) -> Result<Exit, Failure> {
    let mut out = Output::of_one(output, VALIDATIONS)?;
    let validation = session::client()?.validate_emergency_address(number, &address.request())?;
    out.item(validation.json())?;
    out.finish()?;
    Ok(Exit::Done)
}

pub(crate) fn set(args: SetArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    let SetArgs { number, address, accept, force, timeout, dry_run } = args;
    let client = session::client()?;
    let request = address.request();
    let mut wanted = EnsureEmergencyAddress::new(request.clone()).timeout(timeout.get());
    if accept == Accept::Corrected {
        wanted = wanted.accept_corrected();
    }
    if force {
        wanted = wanted.force();
    }
    if dry_run {
        check_input(&client, |client| client.ensure_emergency_address(number.as_str(), &wanted))?;
        let place = (number.as_str(), "/emergencyAddress:provision");
        let shown = RequestPreview::new(&client, "POST", place, Some(&request));
        return show(output, &shown.json()?);
    }
    let mut out = Output::of_one(output, ENSURED)?;
    let bar = progress(format!("setting the emergency address of {number}"));
    let ensured = client.ensure_emergency_address(number.as_str(), &wanted);
    bar.finish_and_clear();
    match ensured {
        Ok(ensured) => {
            out.item(ensured.json())?;
            out.finish()?;
            Ok(Exit::Done)
        }
        Err(error) => {
            let refused = match error.kind() {
                ErrorKind::Address(refusal) => Some(refusal.validation()),
                _ => None,
            };
            let failure = Failure::from(error);
            let Some(validation) = refused else { return Err(failure) };
            // What the service suggests is data: an address of people does not belong into messages.
            let mut out = Output::of_one(output, VALIDATIONS)?;
            out.item(&document(&validation)?)?;
            out.finish()?;
            Err(if validation.corrected_address.is_some() {
                failure.advise(
                    "--accept corrected takes a correction of spelling, city or postal code",
                )
            } else {
                failure
            })
        }
    }
}

/// The validation as the service writes it.
fn document(validation: &AddressValidation) -> Result<String, Failure> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        validation_result: Option<&'a str>,
        validation_message: &'a Option<String>,
        corrected_address: Option<Address>,
        candidate_addresses: Vec<Address>,
    }
    let document = Document {
        validation_result: validation.validation_result.as_ref().map(ValidationResult::as_str),
        validation_message: &validation.validation_message,
        corrected_address: validation.corrected_address.as_ref().map(Address::from),
        candidate_addresses: validation.candidate_addresses.iter().map(Address::from).collect(),
    };
    serde_json::to_string(&document).map_err(|error| Failure::other(error.to_string()))
}

pub(crate) fn remove(number: &str, dry_run: bool, output: &OutputArgs) -> Result<Exit, Failure> {
    let client = session::client()?;
    if dry_run {
        check_input(&client, |client| client.deprovision_emergency_address(number))?;
        let place = (number, "/emergencyAddress:deprovision");
        return show(output, &RequestPreview::<()>::new(&client, "POST", place, None).json()?);
    }
    client.deprovision_emergency_address(number)?;
    say(format_args!("{number} has no emergency address now"));
    Ok(Exit::Done)
}

/// Writes a request that is not sent.
pub(crate) fn show(output: &OutputArgs, request: &str) -> Result<Exit, Failure> {
    let mut out = Output::of_one(output, REQUESTS)?;
    out.item(request)?;
    out.finish()?;
    say(format_args!("dry run: nothing was sent"));
    Ok(Exit::Done)
}
