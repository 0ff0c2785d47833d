//! The operations and types of the API, as plain data.

pub(crate) mod callback;
pub(crate) mod emergency_address;
pub(crate) mod ensure;
pub(crate) mod enums;
pub(crate) mod list;
pub(crate) mod models;
pub(crate) mod number_update;
pub(crate) mod numbers;
pub(crate) mod phone_number;
pub(crate) mod provisioning;
pub(crate) mod relink;
pub(crate) mod request;
mod text;
pub(crate) mod timestamp;
