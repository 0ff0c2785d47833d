//! The cases through Rust.

use sinch_numbers::{
    Address, Client, ClientBuilder, Credentials, EmergencyAddressRequest, Error, ErrorKind,
    ListNumbers, NumberUpdate,
};

use super::input::{Emergency, Input, Number, Query, Setting, Update};
use crate::support::calls::NUMBER;

/// Calls through Rust; what was refused, by name.
pub(super) fn through_rust(
    client: &Client,
    input: Input,
    text: &str,
    url: &str,
) -> Result<(), Error> {
    match input {
        Query(_, set) => client.list(&set(ListNumbers::new(), text)).map(drop),
        Update(_, _, set) => client.update(NUMBER, &set(NumberUpdate::new(), text)).map(drop),
        Emergency(pointer, _) => {
            let (_, body) = input.call(text, url);
            let part = |name: &str| body["address"][name].as_str().unwrap_or("").to_owned();
            let mut address = Address::new(
                part("streetNumber"),
                part("streetInfo"),
                part("city"),
                part("state"),
                part("postalCode"),
            );
            match pointer {
                "/address/location" => address = address.location(text),
                "/address/postalCodePlusFour" => address = address.postal_code_plus_four(text),
                _ => {}
            }
            let name = body["displayName"].as_str().unwrap();
            let request = EmergencyAddressRequest::new(name, address);
            client.provision_emergency_address(NUMBER, &request).map(drop)
        }
        Number => client.get(text).map(drop),
        Setting(name) => {
            let or = |own: &str, usual: &str| if name == own { text } else { usual }.to_owned();
            let credentials =
                Credentials::basic(or("keyId", "key-id"), or("keySecret", "key-secret"));
            let builder = settings(Client::builder(or("projectId", "project-1"), credentials), url);
            let builder = match name {
                "userAgent" => builder.user_agent(text),
                "baseUrl" => builder.base_url(text),
                "authUrl" => builder.auth_url(text),
                "proxy" => builder.proxy(text),
                "caFile" => builder.ca_file(text),
                _ => builder,
            };
            builder.build()?.get(NUMBER).map(drop)
        }
    }
}

pub(super) fn settings(builder: ClientBuilder, url: &str) -> ClientBuilder {
    builder.base_url(url).auth_url(url).user_agent("agent")
}

/// The field that an error refuses.
pub(super) fn field(error: &Error) -> String {
    match error.kind() {
        ErrorKind::InvalidInput(input) => input.field.clone(),
        _ => format!("not refused: {error:?}"),
    }
}
